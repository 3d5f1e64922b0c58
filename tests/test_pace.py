"""An account's budget over a day, over restarts and over processes; and many answers in one group as few messages."""

import os
import threading
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import bindparam, func, insert, select

from bot.channels import NotConnected, SendFailed, Throttled
from bot.delivery import CLAIM_LASTS, LONGEST_MERGED, Ledger, Parcel
from bot.desk import Desk
from bot.pace import DAY, HOUR, MINUTE, Budget
from bot.photos import Photos
from community.rules import Rules
from handlers.messages import Incoming
from storage import outbox
from storage.database import Database
from storage.tables import Urgency, sends
from storage.tables import outbox as outbox_table
from tests.keys import KEYS
from tests.test_delivery import DRAFT, NOW, SECOND

LONG = os.environ.get("XIAOSHAN_LONG") == "1"
BUDGET = Budget() if LONG else Budget(per_minute=5, per_hour=20, per_day=60)
DRAFTS = 6_000 if LONG else 250
BURST = 25
THROTTLED = frozenset({20, 45})
"""Tries at which the gateway says that it was too often."""
CHANNELS = {"wechaty": "wechaty"}
_MOST_URGENT = select(func.min(outbox_table.c.urgency)).where(
    outbox_table.c.sent_at.is_(None),
    outbox_table.c.failed_at.is_(None),
    outbox_table.c.claimed_at.is_(None),
    outbox_table.c.due_at <= bindparam("now"),
)
"""Without what may have gone out already, which is perhaps not sent again."""


@dataclass(slots=True)
class Sender:
    """One process: its ledger, when it looks again, and what it is sending."""

    ledger: Ledger
    at: datetime = NOW
    parcel: Parcel | None = None
    dies_at: datetime | None = None


@dataclass(slots=True)
class Day:
    """A day in which some processes send through one account, and die now and then, by a script's clock.

    `accepted`: when the gateway took a message, in its order. `pauses`: when it said that this was too often.
    """

    desk: Desk
    chance: Random
    senders: list[Sender]
    alone: bool
    accepted: list[datetime] = field(default_factory=list)
    pauses: list[datetime] = field(default_factory=list)
    deaths: int = 0
    tries: int = 0

    def play(self) -> None:
        """Until the day is over."""
        due = sorted(NOW + self.chance.random() ** 2 * DAY for _ in range(DRAFTS // BURST))
        while (sender := min(self.senders, key=lambda each: each.at)).at < NOW + DAY:
            while due and due[0] <= sender.at:
                self._put(due.pop(0))
            self._act(sender)

    def _put(self, now: datetime) -> None:
        """A burst: each for somebody else."""
        with self.desk.transaction() as (store, _):
            for _ in range(BURST):
                to, urgency = f"wx-{self.chance.random()}", self.chance.choice([*Urgency][:3])
                draft = replace(DRAFT, to=to, person_id=None, urgency=urgency, due_at=now, created_at=now)
                outbox.add(store, draft)
        for sender in self.senders:
            sender.at = min(sender.at, now) if sender.parcel is None and sender.at > now else sender.at

    def _act(self, sender: Sender) -> None:
        if sender.parcel is None:
            self._plan(sender)
        else:
            self._send(sender, sender.parcel)

    def _plan(self, sender: Sender) -> None:
        now = sender.at
        with self.desk.transaction() as (store, community):
            most_urgent = store.connection.execute(_MOST_URGENT, {"now": now}).scalar_one()
            plan = sender.ledger.plan(store, community, now, self.chance.random())
        assert plan.parcel is None or most_urgent is None or plan.parcel.dues[0].draft.urgency <= most_urgent
        if plan.parcel is None:
            sender.at = min(plan.look_again or now + MINUTE, now + 10 * MINUTE) + SECOND / 1000
            return
        sender.parcel = plan.parcel
        if self.chance.random() < 0.03:
            self._die(sender)
            return
        sender.at += self.chance.random() * 2 * SECOND

    def _die(self, sender: Sender) -> None:
        """Before the gateway has it or after; a minute later, or at once where it is alone, there is a new one."""
        if self.chance.random() < 0.5:
            self.accepted.append(sender.at)
        self.deaths += 1
        sender.parcel = None
        sender.at += SECOND
        sender.ledger = replace(sender.ledger, process=f"{sender.ledger.process}+")
        if self.alone:
            with self.desk.transaction() as (store, _):
                sender.ledger.take_over(store, sender.at)

    def _send(self, sender: Sender, parcel: Parcel) -> None:
        now, failure = sender.at, self._failure()
        with self.desk.transaction() as (store, community):
            if failure is None:
                self.accepted.append(now)
                sender.ledger.note_sent(parcel, store, now)
            else:
                sender.ledger.note_failure(parcel, failure, store, community, now)
        if isinstance(failure, Throttled):
            self.pauses.append(now)
        sender.parcel = None

    def _failure(self) -> SendFailed | None:
        self.tries += 1
        if self.tries in THROTTLED:
            return Throttled("过于频繁", BUDGET.pause)
        return NotConnected("gone") if self.chance.random() < 0.02 else None


@pytest.mark.parametrize(
    ("engine", "senders"), [("sqlite", 1), pytest.param("postgresql", 3, marks=pytest.mark.postgresql)]
)
def test_a_day_holds_no_more_than_the_budget(request: pytest.FixtureRequest, engine: str, senders: int) -> None:
    database: Database = request.getfixturevalue(f"{engine}_database")
    ledgers = [Ledger("wechaty", "wechaty", BUDGET, f"p{number}") for number in range(senders)]
    day = Day(Desk(database, Rules(), CHANNELS), Random(1), [Sender(each) for each in ledgers], alone=senders == 1)
    day.play()

    accepted = sorted(day.accepted)
    assert len(accepted) > BUDGET.per_day * 0.9, "the load is too light to show anything"
    assert day.deaths
    assert day.pauses
    for limit, window in BUDGET.windows:
        for first, later in zip(accepted, accepted[limit:], strict=False):
            assert later - first >= window, (limit, first, later)
    assert all(later - first >= BUDGET.at_least_between for first, later in pairwise(accepted))
    for pause in day.pauses:
        assert not [moment for moment in accepted if pause + CLAIM_LASTS < moment < pause + BUDGET.pause]


@pytest.mark.postgresql
def test_two_processes_never_spend_the_same_slot(postgresql_database: Database) -> None:
    """All plan at the same moment, each with a connection of its own: one of them may send."""
    others = [Database(postgresql_database.url.render_as_string(hide_password=False), KEYS) for _ in range(3)]
    desks = [Desk(each, Rules(), CHANNELS) for each in others]
    with postgresql_database.begin() as store:
        for number in range(60):
            outbox.add(store, replace(DRAFT, to=f"wx-{number}", person_id=None))
    rounds = [NOW + number * Budget().at_least_between for number in range(10)]
    found: list[list[Parcel]] = [[] for _ in rounds]
    barrier = threading.Barrier(len(desks))

    def plan(desk: Desk, process: str) -> None:
        ledger = Ledger("wechaty", "wechaty", Budget(), process)
        for number, now in enumerate(rounds):
            barrier.wait(timeout=60)
            with desk.transaction() as (store, community):
                parcel = ledger.plan(store, community, now, chance=0).parcel
            found[number] += [parcel] if parcel else []

    threads = [threading.Thread(target=plan, args=(desk, f"p{number}")) for number, desk in enumerate(desks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    for each in others:
        each.close()
    assert [len(parcels) for parcels in found] == [1] * len(rounds)
    claimed = [identity for parcels in found for parcel in parcels for identity in parcel.ids]
    assert len(claimed) == len(set(claimed)) == len(rounds)


@pytest.mark.postgresql
def test_two_processes_without_a_budget_send_nothing_twice(postgresql_database: Database) -> None:
    with postgresql_database.begin() as store:
        for number in range(120):
            outbox.add(store, replace(DRAFT, to=f"wx-{number}", person_id=None))
    url = postgresql_database.url.render_as_string(hide_password=False)
    taken: list[list[int]] = [[], [], []]

    def take(process: int) -> None:
        with closing(Database(url, KEYS)) as database:
            desk = Desk(database, Rules(), CHANNELS)
            ledger = Ledger("wechaty", "wechaty", None, f"p{process}")
            while len([identity for each in taken for identity in each]) < 120:
                with desk.transaction() as (store, community):
                    plan = ledger.plan(store, community, NOW, chance=0)
                taken[process] += plan.parcel.ids if plan.parcel else []

    threads = [threading.Thread(target=take, args=(number,), daemon=True) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert sorted(identity for each in taken for identity in each) == list(range(1, 121))


def test_what_a_message_costs_does_not_grow_with_what_waits(sqlite_database: Database) -> None:
    """As much with 10,000 waiting as with none, after a day at the end of its budget."""
    desk = Desk(sqlite_database, Rules(), CHANNELS)
    ledger = Ledger("wechaty", "wechaty", Budget())
    with desk.transaction() as (store, _):
        moments = [NOW - DAY / 2 + number * SECOND for number in range(Budget().per_day - 10)]
        values = [{"channel": "wechaty", "account": "wechaty", "at": moment} for moment in moments]
        store.connection.execute(insert(sends), values)
    few = work(desk, ledger, NOW)
    with desk.transaction() as (store, _):
        for number in range(10_000 if LONG else 2_000):
            outbox.add(store, replace(DRAFT, to=f"wx-{number}", person_id=None))
    many = work(desk, ledger, NOW + HOUR)
    assert many <= few * 1.2, (few, many)


def work(desk: Desk, ledger: Ledger, now: datetime) -> int:
    """SQLite's own count of steps for planning and noting one message, in hundreds."""
    with desk.transaction() as (store, _):
        outbox.add(store, replace(DRAFT, to="wx-first", urgency=Urgency.ALARM, person_id=None))
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1

    with desk.transaction() as (store, community):
        raw = store.connection.connection.driver_connection
        assert raw is not None
        raw.set_progress_handler(step, 100)
        parcel = ledger.plan(store, community, now, chance=0).parcel
        assert parcel is not None
        ledger.note_sent(parcel, store, now)
        raw.set_progress_handler(None, 0)
    return steps


# --- many answers in one group ----------------------------------------------------------------------------------


def test_fifty_answers_in_one_group_are_few_readable_messages(sqlite_database: Database) -> None:
    desk = Desk(sqlite_database, Rules(), {"pipe": "pipe"})
    desk.handle([asked(number) for number in range(50)])
    ledger = Ledger("pipe", "pipe", Budget())
    messages = in_group(desk, ledger)
    assert 1 < len(messages) <= 6, [len(text) for text, _ in messages]
    assert all(len(text) + sum(len(name) + 2 for name in names) <= LONGEST_MERGED for text, names in messages)
    assert sorted(name for _, names in messages for name in names) == sorted(f"邻居{number}" for number in range(50))


def asked(number: int) -> Incoming:
    return Incoming(
        channel="pipe",
        account="pipe",
        external_id=f"m{number}",
        group="天天向善",
        sender=f"wx-{number}",
        sender_name=f"邻居{number}",
        text=f"@小善 {number % 12 + 1}号楼门口的第{number}盏灯不亮",
        mentions_bot=True,
        sent_at=NOW,
        received_at=NOW,
    )


def in_group(desk: Desk, ledger: Ledger) -> list[tuple[str, list[str]]]:
    """What the group reads, message by message, with the names in front."""
    found: list[tuple[str, list[str]]] = []
    now = NOW
    while now < NOW + HOUR:
        with desk.transaction() as (store, community):
            plan = ledger.plan(store, community, now, chance=0)
            if plan.parcel is None and plan.look_again is None:
                return found
            if plan.parcel is not None:
                ledger.note_sent(plan.parcel, store, now)
                message = plan.parcel.outgoing(Photos(Path("nowhere")))
                if message.group is not None:
                    found.append((message.text, [mention.name for mention in message.mentions]))
        now = max(now + SECOND, plan.look_again or now)
    return found
