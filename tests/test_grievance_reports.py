"""Reports on both engines: figures against a plain recount and against the log; who reads them; Monday mornings."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, select, text
from sqlalchemy.exc import IntegrityError

from bot.desk import Desk
from bot.jobs import JOBS
from community import Community
from community.grievances.intake import Told
from community.grievances.outcomes import Reported, Where
from community.grievances.reports import Figures, Report
from community.grievances.steps import Satisfaction, Step
from community.parts.figures import Period, Rate
from community.people import Person
from community.refused import Refused
from community.rules import Rules
from handlers.periods import read_period
from handlers.routing import Job
from storage import announcements, grievances, tree
from storage.database import Database, Store
from storage.grievances import Grievance
from storage.tables import DeadlineClass, GrievanceState, Outcome, outbox
from storage.tables import announcements as announcements_table
from storage.tree import Group

CHINA = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 11, 30, tzinfo=CHINA)
NEXT_MONDAY = MONDAY + timedelta(days=7)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WEEK = Period(date(2026, 11, 30), date(2026, 12, 6))
NOW = datetime(2026, 12, 5, 12, tzinfo=CHINA)

GRID_OF = {f"building-{number}": f"grid-{(number + 3) // 4}" for number in range(1, 13)}
HEADS = ("gridhead-1", "gridhead-2", "gridhead-3", "worker")
WEEKLY_JOBS = tuple(job for job in JOBS if job.name == "grievances.weekly")


def desk_of(database: Database, jobs: Sequence[Job] = WEEKLY_JOBS) -> Desk:
    return Desk(database, Rules(), {"pipe": "pipe"}, jobs)


def someone(person_id: str) -> Person:
    return Person(person_id, person_id)


def add(store: Store, at: datetime, **values: Any) -> int:
    """A grievance that has gone out, as columns."""
    row: dict[str, Any] = {
        "resident_id": "resident-3-501",
        "community_id": "xingfu",
        "place_id": "building-3",
        "place": "3号楼",
        "words": "灯不亮",
        "deadline_class": DeadlineClass.ORDINARY,
        "state": GrievanceState.REPORTED,
        "category": "lighting",
        "private": False,
        "reported_at": at,
        "respond_by": at + DAY,
        "resolve_by": at + 7 * DAY,
    }
    return grievances.add(store, row | values)


def report_for(database: Database, person: str, period: Period = WEEK, now: datetime = NOW) -> Report:
    with desk_of(database).transaction() as (_, community):
        return community.grievances.reports.report(someone(person), period, now)


# --- figures ------------------------------------------------------------------------------------------------


def random_case(random: Random) -> tuple[datetime, dict[str, Any]]:
    """Columns as they may stand somewhere between the report and the end."""
    at = MONDAY + timedelta(seconds=random.randrange(-3 * 86400, 10 * 86400))
    contacted = at + random.random() * 3 * DAY if random.random() < 0.8 else None
    handled = contacted + random.random() * 5 * DAY if contacted and random.random() < 0.7 else None
    values: dict[str, Any] = {
        "place_id": random.choice([*GRID_OF, "xingfu", "grid-2"]),
        "category": random.choice(["lighting", "water", "noise"]),
        "handler_id": random.choice(HEADS) if contacted else None,
        "private": random.random() < 0.15,
        "respond_by": at + DAY,
        "contacted_at": contacted,
        "handled_at": handled,
        "reopenings": random.choice([0, 0, 0, 1, 2]) if handled else 0,
        "state": GrievanceState.ACCEPTED if contacted else GrievanceState.REPORTED,
    }
    ends = (handled or contacted or at) + HOUR
    fate = random.random()
    if fate < 0.1:
        values |= {"state": GrievanceState.WITHDRAWN, "outcome": Outcome.WITHDRAWN, "ended_at": ends}
    elif fate < 0.15:
        values |= {"state": GrievanceState.MERGED, "outcome": Outcome.MERGED, "ended_at": ends, "merged_into": 1}
    elif fate < 0.2:
        values |= {"state": GrievanceState.DRAFT, "respond_by": None, "contacted_at": None, "handled_at": None}
        values |= {"handler_id": None, "reopenings": 0}
    elif handled and fate < 0.6:
        mark = random.choice([1, 1, 2, 3])
        values |= {"state": GrievanceState.CLOSED, "outcome": Outcome.SOLVED, "ended_at": ends, "satisfaction": mark}
    elif handled and fate < 0.7:
        values |= {"state": GrievanceState.CLOSED, "outcome": Outcome.UNANSWERED, "ended_at": ends}
    elif handled:
        values |= {"state": random.choice([GrievanceState.HANDLED, GrievanceState.CONFIRMED])}
    return at, values


def recounted(cases: Iterable[Grievance], now: datetime) -> Figures:
    """The same figures, the plain way, of public cases alone."""
    received = [case for case in cases if not case.private and case.respond_by is not None]
    whole = [case for case in received if case.merged_into is None]
    answered = [case for case in whole if case.handled_at]
    solved = [case for case in whole if case.outcome is Outcome.SOLVED or case.state is GrievanceState.CONFIRMED]
    due = [case for case in whole if case.respond_by and case.respond_by <= now and not gone_before(case)]
    in_time = [case for case in due if case.contacted_at and case.respond_by and case.contacted_at <= case.respond_by]
    rated = [case for case in whole if case.satisfaction]
    return Figures(
        received=len(received),
        answered=len(answered),
        solved=len(solved),
        unanswered=sum(case.outcome is Outcome.UNANSWERED for case in received),
        withdrawn=sum(case.outcome is Outcome.WITHDRAWN for case in received),
        merged=sum(case.outcome is Outcome.MERGED for case in received),
        reopened=sum(case.reopenings > 0 for case in whole),
        response=Rate(len(in_time), len(due)),
        resolution=Rate(len(solved), len(answered)),
        satisfaction=Rate(sum(case.satisfaction in (1, 2) for case in rated), len(rated)),
    )


def gone_before(case: Grievance) -> bool:
    """Withdrawn before anybody had to be in touch."""
    assert case.respond_by
    return case.contacted_at is None and case.ended_at is not None and case.ended_at <= case.respond_by


def in_week(cases: Iterable[Grievance]) -> list[Grievance]:
    return [case for case in cases if MONDAY <= case.reported_at < NEXT_MONDAY]


@pytest.mark.parametrize("seed", [1, 2])
def test_figures_are_those_of_a_plain_recount(database: Database, seed: int) -> None:
    random = Random(seed)
    with desk_of(database).transaction() as (store, community):
        numbers = [add(store, at, **values) for at, values in (random_case(random) for _ in range(300))]
        found = [grievances.by_number(store, number) for number in numbers]
        cases = in_week(case for case in found if case and not case.private)
        for number in numbers:  # without the private ones: they have tests of their own
            if (case := grievances.by_number(store, number)) and case.private:
                grievances.change(store, number, respond_by=None)
        report = community.grievances.reports.report(someone("worker"), WEEK, NOW)
        grid = community.grievances.reports.report(someone("gridhead-2"), WEEK, NOW)
    assert len(cases) > 100
    assert report.total == recounted(cases, NOW)
    by_grid = {row.key: row.figures for row in report.by_node}
    for key in ("grid-1", "grid-2", "grid-3", "xingfu"):
        there = [case for case in cases if GRID_OF.get(case.place_id or "", case.place_id) == key]
        assert by_grid[key] == recounted(there, NOW), key
    assert grid.total == by_grid["grid-2"]
    for handler in (*HEADS, ""):
        figures = next(row.figures for row in report.by_handler if row.key == handler)
        assert figures == recounted([case for case in cases if (case.handler_id or "") == handler], NOW), handler
    for rows in (report.by_node, report.by_handler, report.by_category):
        assert sum(row.figures.received for row in rows) == report.total.received
    assert_medians(report, cases)


def assert_medians(report: Report, cases: Sequence[Grievance]) -> None:
    whole = [case for case in cases if case.respond_by and case.merged_into is None]
    contacts = [(case.contacted_at - case.reported_at) / HOUR for case in whole if case.contacted_at]
    solved = [case for case in whole if case.outcome is Outcome.SOLVED or case.state is GrievanceState.CONFIRMED]
    solutions = [(case.handled_at - case.reported_at) / HOUR for case in solved if case.handled_at]
    assert (report.to_contact.count, report.to_solution.count) == (len(contacts), len(solutions))
    assert report.to_contact.hours == pytest.approx(median(contacts), abs=0.001)
    assert report.to_solution.hours == pytest.approx(median(solutions), abs=0.001)


def test_a_report_adds_up_with_the_log(database: Database) -> None:
    """Through the services, as residents and staff do it."""
    with desk_of(database).transaction() as (store, community):
        numbers = [told(community, number) for number in range(1, 9)]
        for number in numbers[:6]:
            play(community, number, MONDAY + 20 * HOUR)
        community.grievances.verdicts.withdraw(numbers[6], someone("resident-3-501"), MONDAY + 21 * HOUR)
        report = community.grievances.reports.report(someone("gridhead-1"), WEEK, NOW)
        steps = [[each.step for each in grievances.events(store, number)] for number in numbers]
    total = report.total
    assert total.received == sum(Step.REPORT in log for log in steps) == 8
    assert total.answered == sum(Step.FINISH in log for log in steps) == 6
    assert total.solved == sum(log[-1] in (Step.RATE, Step.SOLVED) for log in steps) == 5
    assert total.reopened == sum(Step.UNSOLVED in log for log in steps) == 2
    assert total.withdrawn == sum(Step.WITHDRAW in log for log in steps) == 1
    assert total.response == Rate(6, 7)
    assert total.resolution == Rate(5, 6)
    assert total.satisfaction == Rate(4, 5)


def told(community: Community, number: int) -> int:
    words = "一二三四五六七八九"[number] * 6
    grievance = Told(words, Where("3号楼", 3), f"category-{number}", DeadlineClass.ORDINARY)
    outcome = community.grievances.intake.report(someone("resident-3-501"), None, grievance, (), MONDAY + number * HOUR)
    assert isinstance(outcome, Reported)
    return outcome.grievance.number


def play(community: Community, number: int, at: datetime) -> None:
    """The second and third are not solved at first, the third not at all; the fourth is not to their liking."""
    resident, head = someone("resident-3-501"), someone("gridhead-1")
    handling, verdicts = community.grievances.handling, community.grievances.verdicts
    handling.accept(number, head, at)
    handling.finish(number, head, "修好了", at + HOUR)
    if number in (2, 3):
        verdicts.judge(number, resident, Step.UNSOLVED, at + 2 * HOUR)
    if number == 2:
        handling.accept(number, head, at + 3 * HOUR)
        handling.finish(number, head, "又修了", at + 4 * HOUR)
    if number != 3:
        verdicts.judge(number, resident, Step.SOLVED, at + 5 * HOUR)
        mark = Satisfaction.DISSATISFIED if number == 4 else Satisfaction.FAIRLY_SATISFIED
        verdicts.rate(number, resident, mark, at + 6 * HOUR)


def test_a_week_begins_and_ends_at_midnight_in_china(database: Database) -> None:
    with database.begin() as store:
        for at in (MONDAY, NEXT_MONDAY - timedelta(microseconds=1)):
            add(store, at.astimezone(UTC))
        for at in (MONDAY - timedelta(microseconds=1), NEXT_MONDAY):
            add(store, at)
    assert report_for(database, "worker").total.received == 2


def test_first_contact_at_the_deadline_is_in_time(database: Database) -> None:
    second = timedelta(seconds=1)
    with database.begin() as store:
        for late in (-second, 0 * second, second):
            add(store, MONDAY, contacted_at=MONDAY + DAY + late)
        add(store, NOW)  # not due yet
    assert report_for(database, "worker").total.response == Rate(2, 3)


def test_a_report_of_one_week_reads_that_week_alone(sqlite_database: Database) -> None:
    """Every figure is found by the index on community and time of reporting; overdue ones among the open ones."""
    asked: list[tuple[str, Any]] = []
    event.listen(sqlite_database.engine, "before_cursor_execute", lambda *given: asked.append((given[2], given[3])))
    report_for(sqlite_database, "worker")
    figures = [(words, values) for words, values in asked if "FROM grievances" in words]
    with sqlite_database.begin() as store:
        plans = [
            " ".join(row[-1] for row in store.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {words}", values))
            for words, values in figures
        ]
    assert len(plans) == 4
    assert all("ix_grievances_community_id_reported_at" in plan or "ix_grievances_near" in plan for plan in plans)
    assert not any("SCAN grievances" in plan for plan in plans)


# --- private and overdue ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("private", "shown"), [(0, 6), (1, 6), (4, 6), (5, 11)])
def test_private_cases_count_only_among_five(database: Database, private: int, shown: int) -> None:
    with database.begin() as store:
        for _ in range(6):
            add(store, MONDAY)
        for _ in range(private):
            add(store, MONDAY, private=True, category="mediation", handler_id="worker", contacted_at=MONDAY + HOUR)
    report = report_for(database, "worker")
    assert report.total.received == shown
    assert report.total.response == Rate(shown - 6, shown)
    assert {row.key: row.figures.received for row in report.by_category} == (
        {"lighting": 6, "mediation": 5} if shown > 6 else {"lighting": 6}
    )
    assert report.to_contact.count == 0
    with desk_of(database).transaction() as (_, community):
        assert community.grievances.reports.weekly_summary("xingfu", WEEK).received == shown


def test_a_few_private_cases_of_one_grid_are_not_told_from_the_total(database: Database) -> None:
    """Five are told in the total; the rows, where one is alone, are of public cases only."""
    with database.begin() as store:
        add(store, MONDAY)
        for place in ("building-1", "building-1", "building-1", "building-1", "building-9"):
            add(store, MONDAY, private=True, place_id=place)
    report = report_for(database, "worker")
    assert report.total.received == 6
    assert {row.key: row.figures.received for row in report.by_node} == {"grid-1": 1}
    assert report_for(database, "gridhead-1").total.received == 1


def test_a_single_private_withdrawal_is_not_told(database: Database) -> None:
    with database.begin() as store:
        for number in range(6):
            withdrawn = {"outcome": Outcome.WITHDRAWN, "ended_at": NOW} if number == 0 else {}
            add(store, MONDAY, private=True, **withdrawn)
    total = report_for(database, "worker").total
    assert (total.received, total.withdrawn) == (6, 0)


def test_what_is_overdue_is_named(database: Database) -> None:
    late = {"resolve_by": NOW - HOUR}
    accepted = {"state": GrievanceState.ACCEPTED, "handler_id": "gridhead-1"}
    with database.begin() as store:
        add(store, MONDAY, **late, **accepted)
        add(store, MONDAY - 30 * DAY, **late | {"resolve_by": NOW - DAY})
        add(store, MONDAY, **late, **accepted, private=True)
        add(store, MONDAY, **late, state=GrievanceState.HANDLED, handled_at=NOW)
        add(store, MONDAY, **late, state=GrievanceState.ASKED, handler_id="gridhead-1")
        add(store, MONDAY, **late, place_id="building-9")
        add(store, MONDAY, **accepted)
    named = [(each.number, each.handler) for each in report_for(database, "gridhead-1").overdue]
    assert named == [(2, ""), (1, "刘建国")]
    assert [each.number for each in report_for(database, "worker").overdue] == [2, 1, 6]


# --- who ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("person", "areas", "received"),
    [
        ("gridhead-1", ["第一网格"], 1),
        ("gridhead-3", ["第三网格"], 2),
        ("worker", ["幸福社区"], 3),
        ("secretary", ["幸福社区"], 3),
        ("admin", ["幸福社区"], 3),
        ("street", ["和顺街道"], 3),
        ("county", ["德源县"], 3),
    ],
)
def test_each_reads_about_their_part_of_the_tree(
    database: Database, person: str, areas: list[str], received: int
) -> None:
    with database.begin() as store:
        for place in ("building-1", "building-9", "building-12"):
            add(store, MONDAY, place_id=place)
    report = report_for(database, person)
    assert ([area.name for area in report.areas], report.total.received) == (areas, received)


@pytest.mark.parametrize(
    "person", ["resident-3-501", "volunteer-repair", "buildinghead-1", "property", "deputy", "lawyer", "unit", "nobody"]
)
def test_others_read_nothing(database: Database, person: str) -> None:
    with pytest.raises(Refused, match="staff_only"):
        report_for(database, person)


# --- Mondays ------------------------------------------------------------------------------------------------


def fill(database: Database, cases: int = 6) -> None:
    with database.begin() as store:
        for _ in range(cases):
            add(store, MONDAY + DAY)


def said(database: Database) -> list[tuple[str | None, str]]:
    with database.begin() as store:
        found = store.connection.execute(select(outbox.c.group_external_id, outbox.c.text).order_by(outbox.c.id))
        return [(row.group_external_id, row.text) for row in found]


NINE = NEXT_MONDAY + 9 * HOUR
SUMMARY = "上周收到6件,其中办好不足5件。"


def test_nothing_is_due_before_anything_was_reported(database: Database) -> None:
    assert desk_of(database).next_due() is None


def test_the_first_summary_is_due_on_the_monday_after_the_first_report(database: Database) -> None:
    fill(database)
    assert desk_of(database).next_due() == NINE


@pytest.mark.parametrize("minutes", [0, 1, 5 * 60, 11 * 60 + 59])
def test_the_summary_is_said_once_however_late_on_monday(database: Database, minutes: int) -> None:
    fill(database)
    desk_of(database).run_jobs(NINE + timedelta(minutes=minutes))
    assert said(database) == [("天天向善", SUMMARY)]
    again = desk_of(database)  # a restart
    again.run_jobs(NINE + timedelta(minutes=minutes + 1))
    assert len(said(database)) == 1
    assert again.next_due() == NINE + 7 * DAY


@pytest.mark.parametrize("hours", [12, 13, 15, 24, 6 * 24])
def test_after_monday_it_is_noted_as_missed(database: Database, hours: int) -> None:
    """From the quiet hours on: it would go out on Tuesday."""
    fill(database)
    desk = desk_of(database)
    desk.run_jobs(NINE + hours * HOUR)
    assert said(database) == []
    assert desk.next_due() == NINE + 7 * DAY
    with database.begin() as store:
        assert store.connection.execute(select(announcements_table.c.said_at)).scalars().all() == [None]


def test_of_several_missed_mondays_only_todays_is_said(database: Database) -> None:
    fill(database)
    with database.begin() as store:
        for _ in range(7):
            add(store, NINE + 8 * DAY)
    desk_of(database).run_jobs(NINE + 14 * DAY)
    assert said(database) == [("天天向善", "上周收到7件,其中办好不足5件。")]


@pytest.mark.parametrize("cases", [1, 4])
def test_a_week_of_few_cases_is_passed_over(database: Database, cases: int) -> None:
    fill(database, cases)
    desk = desk_of(database)
    desk.run_jobs(NINE)
    assert said(database) == []
    assert desk.next_due() == NINE + 7 * DAY


def test_every_group_of_residents_hears_it_where_the_bot_is(database: Database) -> None:
    fill(database)
    with database.begin() as store:
        tree.bind(store, Group("pipe", "一网格的群", "一网格的群", "grid-1"))
        tree.bind(store, Group("pipe", "街道的群", "街道的群", "heshun-street"))
        tree.bind(store, Group("elsewhere", "别处的群", "别处的群", "xingfu"))
    desk_of(database).run_jobs(NINE)
    assert {group for group, _ in said(database)} == {"天天向善", "一网格的群"}


def test_of_two_processes_one_says_it(database: Database) -> None:
    with database.begin() as store:
        announcements.note(store, "grievances.weekly", NINE, NINE)
    with pytest.raises(IntegrityError), database.begin() as store:
        announcements.note(store, "grievances.weekly", NINE, NINE)
    with database.begin() as store:
        assert store.connection.execute(text("SELECT count(*) FROM announcements")).scalar_one() == 1


# --- days in words ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "first", "last"),
    [
        ("本周", "2026-11-30", "2026-12-05"),
        ("上周", "2026-11-23", "2026-11-29"),
        ("本月", "2026-12-01", "2026-12-05"),
        ("上月", "2026-11-01", "2026-11-30"),
        ("今年", "2026-01-01", "2026-12-05"),
        ("去年", "2025-01-01", "2025-12-31"),
        ("2025年", "2025-01-01", "2025-12-31"),
        ("11月", "2026-11-01", "2026-11-30"),
        ("12月", "2026-12-01", "2026-12-05"),
        ("十一月份", "2026-11-01", "2026-11-30"),
        ("1月", "2026-01-01", "2026-01-31"),
        ("去年12月", "2025-12-01", "2025-12-31"),
        ("11月1日到15日", "2026-11-01", "2026-11-15"),
        ("11.1-11.15", "2026-11-01", "2026-11-15"),
        ("昨天", "2026-12-04", "2026-12-04"),
    ],
)
def test_which_days_are_meant(words: str, first: str, last: str) -> None:
    assert read_period(words, NOW, texts="grievance_reports") == Period(
        date.fromisoformat(first), date.fromisoformat(last)
    )


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("下周", "not_yet"),
        ("明天", "not_yet"),
        ("明年3月", "not_yet"),
        ("2027年11月", "not_yet"),
        ("2030年", "not_yet"),
        ("香蕉", "which_days"),
        ("下午三点", "which_days"),
        ("99月", "which_days"),
        ("?", "which_days"),
    ],
)
def test_which_days_are_refused(words: str, why: str) -> None:
    with pytest.raises(Refused, match=why):
        read_period(words, NOW, texts="grievance_reports")


@given(st.text(alphabet="上下本前去今明后年月日周号0123456789一二三十到-./ 三点网格", max_size=12))
def test_days_are_never_to_come(words: str) -> None:
    try:
        period = read_period(words, NOW, texts="grievance_reports")
    except Refused:
        return
    assert period.first <= period.last <= NOW.date()
