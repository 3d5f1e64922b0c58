"""Three weeks of the demo community, replayed: what the bot ends up with must be what its log says happened."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Row, text

from bot.app import open_database
from bot.channels import pipe
from bot.delivery import Ledger
from bot.desk import Desk
from bot.jobs import JOBS
from bot.photos import Photos
from bot.simulate import Simulation
from community.grievances import log
from community.grievances.steps import LEGAL, OPEN, PAUSES, RESUMES, State, Step
from community.parts.figures import Period, with_private
from community.rules import CHINA, Rules
from storage import grievances
from storage.grievances import Event, Grievance
from storage.tables import Outcome, Role
from tests.conftest import LONG_AGO, XINGFU
from tests.dialogue import without_series
from tests.keys import KEYS

SCRIPT = XINGFU.with_name("grievances.jsonl")
TELEPHONE = re.compile(r"(?<!\d)1\d{10}(?!\d)")
ROOM = re.compile(r"单元\d{3}|\d-\d-\d{3}|\d{3,4}室")
MILESTONES = (Step.HALF, Step.WARNING)
HAPPENS = {
    Step.REPORT,
    Step.LOCATE,
    Step.ADD,
    Step.ACCEPT,
    Step.ASSIGN,
    Step.HELP,
    Step.GIVE_BACK,
    Step.ASK,
    Step.ANSWER,
}
HAPPENS |= {
    Step.FINISH,
    Step.SOLVED,
    Step.PARTLY,
    Step.UNSOLVED,
    Step.RATE,
    Step.URGE,
    Step.JOIN,
    Step.MERGE,
    Step.SPLIT,
}
HAPPENS |= {
    Step.REMIND,
    Step.HALF,
    Step.WARNING,
    Step.OVERDUE,
    Step.ASK_AGAIN,
    Step.LAPSE,
    Step.WITHDRAW,
    Step.CLASSIFY,
}
MOVES_THE_CLOCK = {*PAUSES, *RESUMES, Step.CLASSIFY, Step.CORRECT, Step.SPLIT}


@dataclass(frozen=True, slots=True)
class Told:
    """What the log alone says of one."""

    state: State
    private: bool
    at: datetime
    went_out: bool
    handled: bool
    solved: bool
    reopened: bool
    outcome: Outcome | None
    mark: int | None


@dataclass(slots=True)
class Weeks:
    """What became of the script: what was said, and what stands in the tables."""

    desk: Desk
    end: datetime
    said: list[dict[str, Any]] = field(default_factory=list)
    bad: int = 0
    cases: Mapping[int, Grievance] = field(default_factory=dict)
    logs: Mapping[int, Sequence[Event]] = field(default_factory=dict)

    def read(self) -> None:
        """Every grievance with its log."""
        with self.desk.transaction() as (store, _):
            numbers = [row.number for row in store.connection.execute(text("SELECT number FROM grievances"))]
            found = {number: grievances.by_number(store, number) for number in numbers}
            self.cases = {number: grievance for number, grievance in found.items() if grievance}
            self.logs = {number: grievances.events(store, number) for number in numbers}

    def told(self) -> list[Told]:
        """Every grievance as its log alone has it."""
        return [_told(events, self.cases[number]) for number, events in self.logs.items()]

    def rows(self, sql: str) -> list[Row[Any]]:
        """What a query finds."""
        with self.desk.transaction() as (store, _):
            return list(store.connection.execute(text(sql)).all())


def _told(events: Sequence[Event], grievance: Grievance) -> Told:
    """Whether it is private and whose it is are no steps; everything else is."""
    state = log.replay(events).state
    own = [event for event in events if not _is_a_mark_of_one_who_joined(event, grievance)]
    steps = [event.step for event in own]
    went_out = Step.REPORT in steps or Step.LOCATE in steps
    confirmed = bool({Step.RATE, Step.SOLVED} & set(steps)) and steps[::-1].index(Step.FINISH) > min(
        steps[::-1].index(step) for step in (Step.RATE, Step.SOLVED) if step in steps
    )
    outcomes = {
        State.CLOSED: Outcome.SOLVED if confirmed else Outcome.UNANSWERED,
        State.MERGED: Outcome.MERGED,
        State.WITHDRAWN: Outcome.WITHDRAWN if went_out else None,
    }
    mark = next((int(event.subject) for event in own if event.step == Step.RATE), None)
    return Told(
        state=state,
        private=grievance.private,
        at=events[0].at,
        went_out=went_out,
        handled=Step.FINISH in steps,
        solved=confirmed and state in (State.CLOSED, State.CONFIRMED),
        reopened=Step.PARTLY in steps or Step.UNSOLVED in steps,
        outcome=outcomes.get(state),
        mark=mark,
    )


@pytest.fixture(scope="module")
def weeks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Weeks]:
    """The whole script through the whole program, in SQLite."""
    database = open_database("sqlite://", KEYS, XINGFU, LONG_AGO)
    without_series(database)
    desk = Desk(database, Rules(), {pipe.NAME: pipe.NAME}, JOBS)
    lines = SCRIPT.read_text(encoding="utf-8").splitlines()
    played = Weeks(desk, datetime.fromisoformat(json.loads(lines[-1])["at"]))
    photos = Photos(tmp_path_factory.mktemp("photos"))
    simulation = Simulation(desk, photos, Ledger(pipe.NAME, pipe.NAME, None), played.said.append)
    played.bad = asyncio.run(simulation.run(enumerate(lines, start=1)))
    played.read()
    yield played
    database.close()


def test_the_script_is_in_order_and_was_understood_as_a_script(weeks: Weeks) -> None:
    moments = [json.loads(line)["at"] for line in SCRIPT.read_text(encoding="utf-8").splitlines()]
    assert moments == sorted(moments)
    assert weeks.bad == 0
    assert not weeks.rows("SELECT text, error FROM inbox WHERE error IS NOT NULL OR handled_at IS NULL")


def test_enough_happens(weeks: Weeks) -> None:
    """Otherwise the rest proves little."""
    steps = Counter(event.step for events in weeks.logs.values() for event in events)
    assert len(weeks.cases) >= 190
    assert {step for step in HAPPENS if not steps[step]} == set()
    assert set(Outcome) == {grievance.outcome for grievance in weeks.cases.values() if grievance.outcome}
    assert any(grievance.private for grievance in weeks.cases.values())
    assert any(grievance.anonymous for grievance in weeks.cases.values())
    assert any(grievance.on_behalf for grievance in weeks.cases.values())


def test_numbers_have_no_gaps_and_nothing_is_lost(weeks: Weeks) -> None:
    assert sorted(weeks.cases) == list(range(1, len(weeks.cases) + 1))
    assert all(weeks.logs[number] for number in weeks.cases)


def test_every_log_replays_to_its_columns(weeks: Weeks) -> None:
    for number, grievance in weeks.cases.items():
        replayed = log.replay(weeks.logs[number])
        told = (replayed.state, replayed.reported_at, replayed.deadline_class)
        assert told == (grievance.state, grievance.reported_at, grievance.deadline_class), number
        if grievance.state not in (State.DRAFT, State.WITHDRAWN, State.MERGED):
            assert replayed.handler_id == grievance.handler_id, number
        if grievance.resolve_by is not None and not any(each.end is None for each in replayed.pauses):
            clocks = log.deadlines(replayed, weeks.desk.rules)
            assert (clocks.respond_by, clocks.resolve_by) == (grievance.respond_by, grievance.resolve_by), number


def test_every_step_was_legal_when_it_was_taken(weeks: Weeks) -> None:
    for number, events in weeks.logs.items():
        state = State.DRAFT
        assert [event.step for event in events].count(Step.DRAFT) == 1
        for event in events:
            step = Step(event.step)
            if step in LEGAL and not _is_a_mark_of_one_who_joined(event, weeks.cases[number]):
                assert state in LEGAL[step], (number, step, state)
                state = LEGAL[step][state]
        assert [event.at for event in events] == sorted(event.at for event in events), number


def _is_a_mark_of_one_who_joined(event: Event, grievance: Grievance) -> bool:
    return event.step == Step.RATE and event.actor_id != grievance.resident_id


def test_the_columns_count_what_the_log_tells(weeks: Weeks) -> None:
    cases = weeks.cases.values()
    assert Counter(each.state for each in cases) == Counter(told.state for told in weeks.told())
    assert Counter(each.outcome for each in cases if each.outcome) == Counter(
        told.outcome for told in weeks.told() if told.outcome
    )
    alone = [number for number, each in weeks.cases.items() if each.merged_into is None]  # else: in the other's log
    marks = Counter(_told(weeks.logs[number], weeks.cases[number]).mark for number in alone)
    assert Counter(weeks.cases[number].satisfaction for number in alone) == marks
    for column, steps in (("reopenings", (Step.PARTLY, Step.UNSOLVED)), ("returns", (Step.GIVE_BACK,))):
        for number, grievance in weeks.cases.items():
            assert getattr(grievance, column) == _times(weeks.logs[number], *steps), (number, column)


@pytest.mark.parametrize("period", [Period(date(2026, 9, 21), date(2026, 10, 11)), Period.week_of(date(2026, 9, 30))])
def test_the_report_adds_up_with_the_log(weeks: Weeks, period: Period) -> None:
    """「报表」 counts in the database; here the same is counted from nothing but events."""
    with weeks.desk.transaction() as (_, community):
        worker = community.people.by_id("worker")
        assert worker is not None
        report = community.grievances.reports.report(worker, period, weeks.end)
    zone = weeks.desk.rules.zone
    told = [each for each in weeks.told() if each.went_out and period.begin(zone) <= each.at < period.end(zone)]
    stands = [each for each in told if each.state is not State.MERGED]
    assert report.total.received == _shown(told)
    assert report.total.merged == _shown([each for each in told if each.outcome is Outcome.MERGED])
    assert report.total.withdrawn == _shown([each for each in told if each.outcome is Outcome.WITHDRAWN])
    assert report.total.unanswered == _shown([each for each in told if each.outcome is Outcome.UNANSWERED])
    assert report.total.answered == _shown([each for each in stands if each.handled])
    assert report.total.solved == _shown([each for each in stands if each.solved])
    assert report.total.reopened == _shown([each for each in stands if each.reopened])
    assert report.total.satisfaction.denominator <= len([each for each in stands if each.mark])
    assert report.total.received >= 50
    for rows in (report.by_node, report.by_handler, report.by_category):
        public = [each for each in told if not each.private]
        assert sum(row.figures.received for row in rows) in (len(public), len(told))


def _shown(told: Sequence[Told]) -> int:
    private = sum(each.private for each in told)
    return with_private(len(told) - private, private)


def _times(events: Sequence[Event], *steps: Step) -> int:
    """How many of a log's events are one of these."""
    return sum(event.step in steps for event in events)


def test_households_are_those_who_follow(weeks: Weeks) -> None:
    with weeks.desk.transaction() as (_, community):
        cases = community.grievances.intake.cases
        for number, grievance in weeks.cases.items():
            if grievance.outcome not in (Outcome.WITHDRAWN, Outcome.MERGED) and grievance.ended_at is None:
                assert grievance.households == len(cases.followers(grievance)), number


def test_nobody_is_reminded_twice_of_the_same(weeks: Weeks) -> None:
    """Of a deadline that has passed one hears once a day; of anything else once."""
    told = weeks.rows("SELECT person_id, text, created_at FROM outbox WHERE urgency IN (0, 3)")
    days = Counter((row.person_id, row.text, str(row.created_at)[:10]) for row in told)
    assert not [each for each, times in days.items() if times > 1]
    for number, events in weeks.logs.items():
        for milestone in MILESTONES:
            assert _once_a_clock(events, milestone), (number, milestone)
        overdue = [event.at.date() for event in events if event.step == Step.OVERDUE]
        assert len(overdue) == len(set(overdue)), number


def _once_a_clock(events: Sequence[Event], milestone: Step) -> bool:
    reached = False
    for event in events:
        if event.step == milestone:
            if reached:
                return False
            reached = True
        elif event.step in MOVES_THE_CLOCK:
            reached = False
    return True


def test_no_reminder_is_sent_at_night(weeks: Weeks) -> None:
    rows = weeks.rows("SELECT sent_at FROM outbox WHERE urgency >= 3 AND sent_at IS NOT NULL")
    sent = [datetime.fromisoformat(f"{row.sent_at}+00:00").astimezone(CHINA).time() for row in rows]
    assert sent
    assert all(weeks.desk.rules.quiet_to <= moment < weeks.desk.rules.quiet_from for moment in sent)
    assert min(sent) < time(8, 1), "nothing was held for the morning, so this proved nothing"


def test_a_group_learns_nothing_about_anybody(weeks: Weeks) -> None:
    told = [line["text"] for line in weeks.said if line.get("group")]
    names = [row.name for row in weeks.rows("SELECT name FROM people") if row.name not in _staff(weeks)]
    private = [f"{number:04}" for number, grievance in weeks.cases.items() if grievance.private]
    assert len(told) > 50
    for words in told:
        assert not TELEPHONE.search(words)
        assert not ROOM.search(words)
        assert not [name for name in names if name in words], words
        assert not [number for number in private if number in words], words
        assert not [each.words for each in weeks.cases.values() if _quotes(words, each.words)], words


def _staff(weeks: Weeks) -> set[str]:
    return {holder.name for holder in weeks.desk.tree.roles if holder.role not in (Role.RESIDENT, Role.VOLUNTEER)}


def _quotes(told: str, words: str, length: int = 6) -> bool:
    """Whether as much as this of somebody's words is in what was told."""
    return any(words[start : start + length] in told for start in range(max(1, len(words) - length + 1)))


def test_nothing_open_is_forgotten(weeks: Weeks) -> None:
    """Somebody's turn, and a next reminder: unless it lies at the very top already."""
    with weeks.desk.transaction() as (_, community):
        cases = community.grievances.intake.cases
        lost: list[tuple[int, str, str]] = []
        for number, grievance in weeks.cases.items():
            if grievance.ended_at is not None:
                continue
            if grievance.state is not State.DRAFT and cases.current_holder(grievance) is None:
                lost.append((number, grievance.state, "nobody"))
            at_the_top = grievance.state in OPEN and grievance.handler_id is None and cases.above(grievance) is None
            if grievance.chase_at is None and not at_the_top:
                lost.append((number, grievance.state, "no next reminder"))
            if grievance.chase_at is not None and grievance.chase_at < weeks.end:
                lost.append((number, grievance.state, "overslept"))
    assert not lost


def test_private_matters_are_told_to_few(weeks: Weeks) -> None:
    for number, grievance in weeks.cases.items():
        if grievance.private:
            heard = {row.person_id for row in weeks.rows("SELECT person_id, text FROM outbox") if _names(row, number)}
            assert heard <= {grievance.resident_id, *_workers(weeks)}, number


def _names(row: Row[Any], number: int) -> bool:
    return f"{number:04}" in row.text and row.person_id is not None


def _workers(weeks: Weeks) -> Iterator[str]:
    return (holder.person_id for holder in weeks.desk.tree.roles if holder.role is Role.COMMUNITY_WORKER)


def test_the_script_is_small() -> None:
    assert SCRIPT.stat().st_size < 400_000
    assert Path(SCRIPT).with_name("make_grievances.py").exists()
