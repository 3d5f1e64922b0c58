"""A quarter of the demo's tasks and wishes, replayed: each is done, ended with a reason, or plainly open at the end.

What must be so is worked out here anew, from the rows, the logs and the words that went out.
"""

import asyncio
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import Row, Table, select
from structlog.testing import capture_logs

from bot.app import open_database
from bot.channels import pipe
from bot.delivery import Ledger
from bot.desk import Desk
from bot.jobs import JOBS
from bot.photos import Photos
from bot.simulate import Simulation
from community.rules import CHINA, Rules
from community.tasks.doing import KIND
from community.tasks.steps import ENDED
from community.tasks.steps import LEGAL as TASK_STEPS
from community.tasks.steps import Step as TaskStep
from community.wishes.steps import LEGAL as WISH_STEPS
from community.wishes.steps import Step as WishStep
from examples.xingfu.make_wishes import RESIDENTS, contact
from storage import wishes as stored_wishes
from storage.tables import (
    TaskState,
    Urgency,
    WishState,
    hours,
    inbox,
    outbox,
    people,
    pledges,
    task_claims,
    task_events,
    tasks,
    wish_events,
    wishes,
)
from tests.conftest import LONG_AGO, XINGFU
from tests.keys import KEYS
from tests.unasked import disturbances, without_an_act

SCRIPT = XINGFU.with_name("wishes.jsonl")
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
WORKERS = {"worker", "worker-2"}
MOST_UNASKED = 6
"""Messages a day that nobody in the group asked for."""

OPEN_WISHES = {WishState.ASKED, WishState.POSTED, WishState.CLAIMED, WishState.DELIVERED}
NAMES = "|".join(sorted(RESIDENTS.values()))


@dataclass(slots=True)
class Quarter:
    """What became of the script: what was said, and what stands in the tables."""

    desk: Desk
    begin: datetime
    end: datetime
    said: list[dict[str, Any]] = field(default_factory=list)
    logged: Sequence[Mapping[str, Any]] = ()
    bad: int = 0
    outbox: Sequence[Row[Any]] = ()
    inbox: Sequence[Row[Any]] = ()
    tasks: Mapping[int, Row[Any]] = field(default_factory=dict)
    claims: Mapping[int, list[Row[Any]]] = field(default_factory=dict)
    task_log: Mapping[int, list[Row[Any]]] = field(default_factory=dict)
    wishes: Mapping[int, Row[Any]] = field(default_factory=dict)
    wish_log: Mapping[int, list[Row[Any]]] = field(default_factory=dict)
    pledges: Mapping[int, list[Row[Any]]] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)

    def rows(self, table: Table) -> list[Row[Any]]:
        """Everything in a table, in the order in which it came."""
        with self.desk.transaction() as (store, _):
            return list(store.connection.execute(select(table).order_by(*table.primary_key)).all())

    def by(self, table: Table, column: str) -> Mapping[int, list[Row[Any]]]:
        """The rows of a table by what they belong to."""
        found = defaultdict(list)
        for row in self.rows(table):
            found[getattr(row, column)].append(row)
        return found

    def read(self) -> None:
        """What the tests look at."""
        self.outbox, self.inbox = self.rows(outbox), self.rows(inbox)
        self.tasks = {row.id: row for row in self.rows(tasks)}
        self.wishes = {row.id: row for row in self.rows(wishes)}
        self.names = {row.id: row.name for row in self.rows(people)}
        self.claims, self.task_log = self.by(task_claims, "task_id"), self.by(task_events, "task_id")
        self.wish_log, self.pledges = self.by(wish_events, "wish_id"), self.by(pledges, "wish_id")

    def standing(self, task_id: int) -> list[Row[Any]]:
        """The promises of a task that were not given back."""
        return [row for row in self.claims[task_id] if row.given_back_at is None]

    def told(self, person_id: str, since: datetime, words: str) -> bool:
        """Whether somebody was told this, then or within a night."""
        return any(
            row.person_id == person_id and since - SECOND <= row.created_at <= since + 12 * HOUR and words in row.text
            for row in self.outbox
        )


@pytest.fixture(scope="module")
def quarter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Quarter]:
    """The whole script through the whole program, in SQLite."""
    database = open_database("sqlite://", KEYS, XINGFU, LONG_AGO)
    desk = Desk(database, Rules(), {pipe.NAME: pipe.NAME}, JOBS)
    lines = SCRIPT.read_text(encoding="utf-8").splitlines()
    begin, end = (datetime.fromisoformat(json.loads(lines[number])["at"]) for number in (0, -1))
    played = Quarter(desk, begin, end)
    photos = Photos(tmp_path_factory.mktemp("photos"))
    simulation = Simulation(desk, photos, Ledger(pipe.NAME, pipe.NAME, None), played.said.append)
    with capture_logs() as logged:
        played.bad = asyncio.run(simulation.run(enumerate(lines, start=1)))
    played.logged = logged
    played.read()
    yield played
    database.close()


# --- the script -------------------------------------------------------------------------------------------------


def test_the_script_is_in_order_and_nothing_went_wrong(quarter: Quarter) -> None:
    moments = [datetime.fromisoformat(json.loads(line)["at"]) for line in SCRIPT.read_text("utf-8").splitlines()]
    assert moments == sorted(moments)
    assert SCRIPT.stat().st_size < 400_000
    assert (quarter.begin.date(), quarter.end.date()) == (date(2027, 1, 1), date(2027, 3, 31))
    assert quarter.bad == 0
    assert not [row.text for row in quarter.inbox if row.error is not None or row.handled_at is None]
    assert not [each for each in quarter.logged if each["log_level"] in ("error", "critical")]


def test_everybody_is_understood(quarter: Quarter) -> None:
    assert not [row.text for row in quarter.outbox if "没太明白" in row.text or "您是要" in row.text]


def test_enough_happens(quarter: Quarter) -> None:
    """Otherwise the rest proves little."""
    assert len(quarter.tasks) >= 300
    assert len(quarter.wishes) >= 120
    task_states = Counter(row.state for row in quarter.tasks.values())
    wish_states = Counter(row.state for row in quarter.wishes.values())
    assert set(task_states) >= {TaskState.RATED, TaskState.CANCELLED, TaskState.UNMET}
    assert set(wish_states) >= set(WishState) - {WishState.ASKED, WishState.DELIVERED}
    assert task_states[TaskState.RATED] > 200
    assert wish_states[WishState.FULFILLED] > 60
    assert {row.rating for row in quarter.tasks.values()} == {None, 1, 2, 3}
    steps = {TaskStep(row.step) for log in quarter.task_log.values() for row in log}
    assert steps >= {TaskStep.PUSH, TaskStep.DECLINE, TaskStep.TO_TEAM, TaskStep.TO_WORKER, TaskStep.GIVE}
    assert steps >= {TaskStep.GIVE_BACK, TaskStep.TAKE_BACK, TaskStep.NOT_DONE, TaskStep.CHANGE}
    told = {WishStep(row.step) for log in quarter.wish_log.values() for row in log}
    assert told >= {WishStep.EXPIRE, WishStep.GIVE_BACK, WishStep.MISS, WishStep.PROLONG, WishStep.COMPLETE}


# --- tasks ------------------------------------------------------------------------------------------------------


def test_each_task_has_ended_or_is_open_and_looked_at(quarter: Quarter) -> None:
    """What has ended is looked at no more; what has not, the scheduler comes back to."""
    for row in quarter.tasks.values():
        ended = row.state in ENDED
        assert (row.ended_at is not None) == ended, row
        assert (row.next_at is None) == ended, row
        assert ended or row.next_at > quarter.end, row


def test_what_was_called_off_or_came_to_nothing_was_said_to_whoever_ordered_it(quarter: Quarter) -> None:
    for row in quarter.tasks.values():
        if row.state in (TaskState.CANCELLED, TaskState.UNMET):
            assert quarter.told(row.orderer_id, row.ended_at, f"T{row.id:03}"), row
        if row.state == TaskState.UNMET:
            assert [each for each in quarter.task_log[row.id] if each.step == TaskStep.TO_WORKER], row


def test_open_tasks_are_listed(quarter: Quarter) -> None:
    """未接任务 and 我的任务 leave nothing out."""
    with quarter.desk.transaction() as (_, community):
        for row in quarter.tasks.values():
            person = community.people.by_id(row.orderer_id)
            assert person is not None
            own = {each.id for each in community.tasks.ordering.open_of(person, quarter.end)}
            assert (row.id in own) == (row.state in (TaskState.ORDERED, TaskState.CLAIMED)), row


def test_each_step_of_a_task_was_legal(quarter: Quarter) -> None:
    for number, log in quarter.task_log.items():
        state = TaskState.ORDERED
        for row in log[1:]:
            step = TaskStep(row.step)
            if step in TASK_STEPS and not (step is TaskStep.RATE and state is TaskState.RATED):
                follows = step is TaskStep.NOT_DONE and state is TaskState.CLAIMED
                state = state if follows or step is TaskStep.REMIND else TASK_STEPS[step][state]
        assert state == quarter.tasks[number].state, number


def test_no_place_in_a_task_has_two_takers_at_once(quarter: Quarter) -> None:
    for number, rows in quarter.claims.items():
        for slot in {row.slot for row in rows}:
            kept = sorted((row.claimed_at, row.given_back_at) for row in rows if row.slot == slot)
            assert all(before[1] is not None and before[1] <= after[0] for before, after in pairwise(kept)), number
        standing = quarter.standing(number)
        assert len({row.person_id for row in standing}) == len(standing) <= quarter.tasks[number].takers
        assert quarter.tasks[number].orderer_id not in {row.person_id for row in rows}


def test_hours_are_those_of_the_tasks_that_were_done(quarter: Quarter) -> None:
    wanted = Counter(
        (claim.person_id, row.what, row.minutes, row.done_at.astimezone(CHINA).date())
        for row in quarter.tasks.values()
        if row.state == TaskState.RATED
        for claim in quarter.standing(row.id)
    )
    given = Counter(
        (row.person_id, row.what, row.minutes, row.on_day) for row in quarter.rows(hours) if row.kind == KIND
    )
    assert given == wanted
    assert given.total() > 200


# --- wishes -----------------------------------------------------------------------------------------------------


def test_each_wish_has_ended_or_is_open_and_looked_at(quarter: Quarter) -> None:
    for row in quarter.wishes.values():
        is_open = row.state in OPEN_WISHES
        assert (row.ended_at is None) == is_open, row
        assert (row.next_at is not None) == is_open, row
        assert not is_open or row.next_at > quarter.end, row


def test_what_was_not_posted_or_not_met_has_a_reason_that_the_wisher_heard(quarter: Quarter) -> None:
    for row in quarter.wishes.values():
        if row.state in (WishState.RETURNED, WishState.UNMET) and row.goal is None:
            assert row.reason, row
            assert quarter.told(row.wisher_id, row.ended_at, row.reason), row


def test_what_was_fulfilled_was_said_so_by_wisher_or_staff(quarter: Quarter) -> None:
    for row in quarter.wishes.values():
        if row.state == WishState.FULFILLED and row.goal is None:
            last = next(each for each in reversed(quarter.wish_log[row.id]) if each.step == WishStep.RECEIVE)
            assert last.actor_id in {row.wisher_id, *WORKERS}, row
            assert row.claimed_by is not None


def test_open_wishes_are_listed(quarter: Quarter) -> None:
    """On the wall, among those to be reviewed, or with whoever has claimed them."""
    with quarter.desk.transaction() as (store, _):
        listed = {
            each.id
            for state in (WishState.ASKED, WishState.POSTED)
            for each in stored_wishes.in_state(store, ["xingfu"], state)
        }
        claimers = {row.claimed_by for row in quarter.wishes.values() if row.claimed_by is not None}
        listed |= {each.id for who in claimers for each in stored_wishes.claimed_by(store, who)}
    assert listed == {row.id for row in quarter.wishes.values() if row.state in OPEN_WISHES}


def test_each_step_of_a_wish_was_legal(quarter: Quarter) -> None:
    for number, log in quarter.wish_log.items():
        state = WishState.ASKED
        for row in log:
            step = WishStep(row.step)
            if step in WISH_STEPS:
                state = WISH_STEPS[step][state]
        assert state == quarter.wishes[number].state, number


def test_pledges_add_up(quarter: Quarter) -> None:
    """Never more than was wanted; complete exactly when all of it is there."""
    crowds = [row for row in quarter.wishes.values() if row.goal is not None]
    assert len(crowds) == 5
    assert {row.state for row in crowds} >= {WishState.FULFILLED, WishState.UNMET}
    for row in crowds:
        rows = quarter.pledges[row.id]
        kept = sum(each.amount for each in rows if each.withdrawn_at is None)
        there = sum(each.amount for each in rows if each.delivered_at is not None)
        assert there <= kept <= row.goal, row
        assert not [each for each in rows if each.withdrawn_at is not None and each.delivered_at is not None]
        assert (row.state == WishState.FULFILLED) == (there == row.goal), row


def test_the_progress_that_the_groups_heard_fits_the_goal(quarter: Quarter) -> None:
    heard = 0
    for row in quarter.outbox:
        for found in re.finditer(r"(?m)^W(\d+)\W(\d+)\D+已认(\d+)", row.text):
            number, goal, pledged = (int(each) for each in found.groups())
            shrunk = any(each.step == WishStep.SHRINK for each in quarter.wish_log[number])
            assert goal == quarter.wishes[number].goal or shrunk, row.text
            assert 0 < pledged <= goal, row.text
            heard += 1
    assert heard >= 8


# --- what nobody may read ---------------------------------------------------------------------------------------


def test_address_and_phone_of_a_task_go_to_its_taker_alone(quarter: Quarter) -> None:
    """And to whoever ordered it. To a taker only from their promise on until it is given back."""
    shown = 0
    for who in {row.orderer_id for row in quarter.tasks.values()}:
        own = [row for row in quarter.tasks.values() if row.orderer_id == who]
        secrets = {secret for row in own for secret in (row.phone, row.address) if secret}
        for row in quarter.outbox:
            if row.person_id == who or not any(secret in row.text for secret in secrets if len(secret) > 6):
                continue
            for_task = {int(each) for each in re.findall(r"T(\d{3,})", row.text)} & {each.id for each in own}
            if not for_task and _is_wish_address(quarter, row, secrets):
                continue
            assert row.group_external_id is None, row.text
            assert any(_holds(quarter, row, each) for each in for_task), (row.person_id, row.text)
            shown += 1
    assert shown > 200


def _holds(quarter: Quarter, row: Row[Any], task_id: int) -> bool:
    """Whether a message went to somebody who had promised this task then."""
    return any(
        each.person_id == row.person_id
        and each.claimed_at - SECOND <= row.created_at
        and (each.given_back_at is None or row.created_at <= each.given_back_at)
        for each in quarter.claims[task_id]
    )


def _is_wish_address(quarter: Quarter, row: Row[Any], secrets: set[str]) -> bool:
    """Whether what was shown is where a wish is to be brought, to whoever claimed it."""
    codes = {int(each) for each in re.findall(r"W(\d{2,})", row.text)}
    claimed = {
        number
        for number in codes
        for each in quarter.wish_log[number]
        if each.step == WishStep.CLAIM and each.actor_id == row.person_id and each.at - SECOND <= row.created_at
    }
    return bool(codes) and codes <= claimed


def test_the_names_of_those_who_order_go_to_takers_and_staff_alone(quarter: Quarter) -> None:
    ids = {name: identity for identity, name in quarter.names.items()}
    shown = 0
    for row in quarter.outbox:
        for name in set(re.findall(NAMES, row.text)):
            assert row.group_external_id is None, row.text
            own = [each for each in quarter.tasks.values() if each.orderer_id == ids[name]]
            to_taker = any(_holds(quarter, row, each.id) for each in own if f"T{each.id:03}" in row.text)
            assert row.person_id in {ids[name], *WORKERS} or to_taker, (row.person_id, row.text)
            shown += 1
    assert shown > 200


def test_a_group_reads_no_phone_and_no_home(quarter: Quarter) -> None:
    told = [row.text for row in quarter.outbox if row.group_external_id]
    assert len(told) > 100
    homes = [each for who in RESIDENTS for each in contact(who)]
    assert not [text for text in told if re.search(r"1[3-9]\d{9}", text) or any(home in text for home in homes)]


# --- when it is quiet, and how often ------------------------------------------------------------------------------


def test_in_the_quiet_hours_nothing_begins_by_itself(quarter: Quarter) -> None:
    """What goes out then is an answer, or follows at once from what somebody has said; reminders and posts wait."""
    spoken = {row.received_at.replace(microsecond=0) for row in quarter.inbox}
    quiet = [row for row in quarter.outbox if not 8 <= row.sent_at.astimezone(CHINA).hour < 21]
    assert len(quiet) > 50
    for row in quiet:
        assert row.urgency <= Urgency.NOTICE, row.text
        sent = row.sent_at.replace(microsecond=0)
        assert {sent, sent - SECOND} & spoken, row.text


def test_nobody_is_disturbed_unasked_too_often_or_at_night(quarter: Quarter) -> None:
    assert disturbances(quarter.desk.database, quarter.desk.rules) == []
    assert without_an_act(quarter.desk.database, quarter.desk.rules) == []


def test_what_the_cap_held_back_was_said_on_another_day(quarter: Quarter) -> None:
    """Nothing that a group should hear is lost: it was merged, or said the next morning, unless pointless by then."""
    unasked = [row for row in quarter.outbox if row.group_external_id and row.urgency >= Urgency.REMINDER]
    held = [row for row in unasked if row.sent_at and row.sent_at - row.created_at > 12 * HOUR]
    assert held, "the cap was never reached: the script is too quiet to show anything"
    assert {row.error for row in unasked if row.sent_at is None} <= {"pointless", None}
    waiting = [row for row in unasked if row.sent_at is None and row.failed_at is None]
    assert all(row.due_at > quarter.end for row in waiting)
