"""A flood, and one person who says far too much at once: the others come first, and nothing is lost."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from bot.desk import LARGEST_REST, Desk
from bot.turns import WINDOW, Turns
from bot.worker import MOST_WAITING, DeskWorker
from community.rules import Rules
from handlers.messages import Incoming
from storage.database import Database
from storage.tables import grievances, inbox, outbox
from tests.dialogue import without_rota

NOW = datetime(2026, 12, 1, 1, tzinfo=UTC)
CHANNELS = {"pipe": "pipe"}
RULES = Rules()
FLOODER = "flooder"
FLOOD = 1_000
TOLD = "您说得太快了,我先记着,一条条慢慢办,都会回您。急的请打电话。"


def said(words: str, number: int, *, sender: str = FLOODER, at: datetime = NOW) -> Incoming:
    return Incoming("pipe", "pipe", f"m{number}", None, sender, sender, words, at, at)


def flood(count: int = FLOOD) -> list[Incoming]:
    """A thousand commands of one person within half a minute."""
    return [said(f"查 {number:04d}", number, at=NOW + timedelta(milliseconds=30 * number)) for number in range(count)]


@pytest.fixture
def desk(sqlite_database: Database) -> Desk:
    without_rota(sqlite_database)
    found = Desk(sqlite_database, RULES, CHANNELS)
    found.refresh()
    return found


def answers(desk: Desk, to: str) -> list[str]:
    with desk.database.begin() as store:
        rows = select(outbox.c.text).where(outbox.c.to_external_id == to).order_by(outbox.c.id)
        return list(store.connection.execute(rows).scalars())


def kept(desk: Desk, *, handled: bool) -> list[str]:
    """The ids of messages that are handled, in that order, or that wait."""
    condition = inbox.c.handled_at.is_not(None) if handled else inbox.c.handled_at.is_(None)
    with desk.database.begin() as store:
        rows = select(inbox.c.external_id).where(condition).order_by(inbox.c.handled_at, inbox.c.id)
        return list(store.connection.execute(rows).scalars())


def work_off(desk: Desk, at: datetime) -> int:
    """Lets the desk do what it put off. Gives in how many goes."""
    goes = 0
    while kept(desk, handled=False):
        desk.retry(at)
        goes += 1
        assert goes <= FLOOD
    return goes


# --- one person ---------------------------------------------------------------------------------------------------


def test_a_thousand_commands_of_one_person(desk: Desk) -> None:
    """Some are answered at once, the rest is kept; the person hears of it once, and gets every answer in the end."""
    for message in flood():
        desk.handle([message])
    assert len(kept(desk, handled=True)) == RULES.answered_a_minute
    assert len(kept(desk, handled=False)) == FLOOD - RULES.answered_a_minute
    assert answers(desk, FLOODER).count(TOLD) == 1

    goes = work_off(desk, NOW + timedelta(minutes=2))
    assert goes == -(-(FLOOD - RULES.answered_a_minute) // LARGEST_REST)
    assert kept(desk, handled=True) == [f"m{number}" for number in range(FLOOD)]
    assert answers(desk, FLOODER).count(TOLD) == 1
    assert len(answers(desk, FLOODER)) == FLOOD + 1


def test_the_others_are_answered_before_what_one_person_says_too_much(desk: Desk) -> None:
    """In every batch, the one in which everything came included."""
    others = [said("反映 3号楼灯不亮", 5_000 + number, sender=f"near-{number}") for number in range(20)]
    batch = [*flood(44), *others]
    desk.handle(batch[:64])
    assert {f"m{5_000 + number}" for number in range(20)} <= set(kept(desk, handled=True))
    assert all(answers(desk, f"near-{number}") for number in range(20))
    assert kept(desk, handled=False) == [f"m{number}" for number in range(RULES.answered_a_minute, 44)]


def test_what_the_person_says_next_waits_behind_what_is_kept(desk: Desk) -> None:
    """Also when the minute is over, and after a restart."""
    desk.handle(flood(RULES.answered_a_minute + 5))
    later = NOW + timedelta(minutes=5)
    desk.handle([said("反映 3号楼灯不亮", 900, at=later)])
    assert kept(desk, handled=False)[-1] == "m900"

    again = Desk(desk.database, RULES, CHANNELS)
    again.refresh()
    again.handle([said("反映 3号楼灯不亮", 901, at=later)])
    assert kept(desk, handled=False)[-2:] == ["m900", "m901"]
    work_off(again, later)
    assert kept(desk, handled=True)[-2:] == ["m900", "m901"]
    again.handle([said("反映 3号楼灯不亮", 902, at=later)])
    assert kept(desk, handled=False) == []


@pytest.mark.parametrize("words", ["救命", "着火了,快来人", "@小善 煤气漏了"])
def test_a_cry_for_help_never_waits(desk: Desk, words: str) -> None:
    desk.handle(flood(100))
    desk.handle([said(words, 900)])
    assert "m900" in kept(desk, handled=True)


def test_the_answer_to_whether_it_is_an_alarm_never_waits(desk: Desk) -> None:
    desk.handle(flood(100))
    desk.handle([said("好像有煤气味", 900)])
    desk.handle([said("1", 901)])
    assert {"m900", "m901"} <= set(kept(desk, handled=True))


def test_a_repeat_is_not_counted_twice(desk: Desk) -> None:
    one = said("反映 3号楼灯不亮", 1)
    for _ in range(RULES.answered_a_minute * 2):
        desk.handle([one])
    desk.handle([said("反映 5号楼灯不亮", 2)])
    assert kept(desk, handled=False) == []


def test_one_that_fails_among_those_kept_costs_the_others_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.handle(flood(RULES.answered_a_minute + 10))
    say_all, bad = Desk._say_all, f"m{RULES.answered_a_minute + 3}"

    def fails(self: Desk, incoming: Incoming, community: object) -> None:
        if incoming.external_id == bad:
            raise LookupError
        say_all(self, incoming, community)  # type: ignore[arg-type]

    monkeypatch.setattr(Desk, "_say_all", fails)
    desk.retry(NOW + timedelta(minutes=1))
    assert kept(desk, handled=False) == [bad]


# --- everybody ----------------------------------------------------------------------------------------------------


@contextmanager
def ended(worker: DeskWorker) -> Iterator[None]:
    try:
        yield
    finally:
        worker._stopping = True
        worker._arrived.put(None)


async def test_no_more_wait_in_memory_than_there_are_places(desk: Desk) -> None:
    """Whoever brings more waits until there is a place, and so does the channel."""
    worker = DeskWorker(desk, after_commit=lambda: None)
    count = 2 * MOST_WAITING + 1
    with ended(worker):
        coming = [
            asyncio.ensure_future(worker.submit(said("反映 3号楼灯不亮", number, sender=f"near-{number}")))
            for number in range(count)
        ]
        await asyncio.sleep(0)
        assert worker.waiting == MOST_WAITING
        worker.start()
        assert all(await asyncio.gather(*coming))
        await worker.stop()
    with desk.database.begin() as store:
        assert store.connection.execute(select(func.count()).select_from(grievances)).scalar_one() == count


# --- whose turn it is ---------------------------------------------------------------------------------------------

moments = st.lists(st.integers(0, 600), min_size=1, max_size=200).map(sorted)


@given(moments, st.integers(1, 10))
def test_nobody_is_answered_more_often_in_a_minute_than_allowed(seconds: list[int], at_most: int) -> None:
    turns = Turns(at_most)
    taken = [
        second
        for number, second in enumerate(seconds)
        if not turns.is_over(said("", number, at=NOW + timedelta(seconds=second)))
    ]
    for first, beyond in zip(taken, taken[at_most:], strict=False):
        assert beyond - first >= WINDOW.total_seconds()


@given(moments)
def test_asked_again_about_the_same_message_it_says_the_same(seconds: list[int]) -> None:
    turns, other = Turns(3), Turns(3)
    messages = [said("", number, at=NOW + timedelta(seconds=second)) for number, second in enumerate(seconds)]
    once = [turns.is_over(message) for message in messages]
    twice = [[other.is_over(message) for _ in range(2)] for message in messages]
    assert twice == [[over, over] for over in once]


@given(moments)
def test_the_person_hears_of_it_at_most_every_ten_minutes(seconds: list[int]) -> None:
    turns = Turns(1)
    messages = [said("", number, at=NOW + timedelta(seconds=second)) for number, second in enumerate(seconds)]
    told = [message.received_at for message in messages if turns.is_to_be_told(message)]
    assert all(later - before >= timedelta(minutes=10) for before, later in pairwise(told))


def test_one_person_never_keeps_another_waiting() -> None:
    turns = Turns(1)
    assert not turns.is_over(said("", 1))
    assert turns.is_over(said("", 2))
    assert not turns.is_over(said("", 3, sender="other"))
    assert not turns.is_over(replace(said("", 4), channel="wechaty"))
