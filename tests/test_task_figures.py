"""Figures of tasks and wishes on both engines: against a plain recount, bounded by indexes, and told once a month."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import event as events_of_engine
from sqlalchemy import insert, select

from bot.desk import Desk
from community.parts.figures import Median, Period, Rate
from community.people import Person
from community.refused import Refused
from community.rules import CHINA, Rules
from community.tasks.figures import Report
from community.wishes.figures import Report as WishReport
from handlers.months import tell_month
from handlers.speaking.rates import in_brackets
from handlers.speaking.texts import Texts
from storage import tasks, wishes
from storage.database import Database, Store
from storage.tables import TaskState, WishState, as_read, nodes, team_members, teams
from storage.tables import tasks as tasks_table
from storage.tables import wishes as wishes_table
from storage.task_figures import Counted as TasksCounted
from storage.task_figures import OpenNow
from storage.tasks import Task
from storage.wish_figures import Counted as WishesCounted
from storage.wishes import Wish

NOVEMBER = Period(date(2026, 11, 1), date(2026, 11, 30))
FIRST = datetime(2026, 11, 1, tzinfo=CHINA)
DECEMBER = datetime(2026, 12, 1, tzinfo=CHINA)
NOW = datetime(2026, 12, 1, 9, 30, tzinfo=CHINA)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

ORDERER, WORKER = "resident-3-501", "worker"
TAKERS = ("volunteer-hair", "volunteer-barber", "volunteer-repair", "resident-9-302")
FINISHED = (TaskState.DONE, TaskState.RATED)
CLAIMED = (TaskState.CLAIMED, *FINISHED)
HAD = (WishState.CLAIMED, WishState.DELIVERED, WishState.FULFILLED)
ENDED = (WishState.FULFILLED, WishState.RETURNED, WishState.UNMET, WishState.WITHDRAWN)


# --- what there is ------------------------------------------------------------------------------------------


def order(store: Store, at: datetime, state: TaskState, takers: Sequence[str] = (), **values: Any) -> int:
    """A task as it stands, with those who have promised it, and no log."""
    finished = state in FINISHED
    row: dict[str, Any] = {
        "node_id": "xingfu",
        "orderer_id": ORDERER,
        "ordered_by": ORDERER,
        "what": "上门理发",
        "words": "上门理发",
        "skill": "理发",
        "takers": max(len(takers), 1),
        "state": state,
        "ordered_at": at,
        "claimed_at": at + 2 * HOUR if state in CLAIMED else None,
        "done_at": at + 5 * HOUR if finished else None,
        "ended_at": at + 9 * HOUR if state not in (*CLAIMED[:2], TaskState.ORDERED) else None,
        "changed_at": at,
    }
    found = tasks.add(store, row | values)
    for slot, person in enumerate(takers, start=1):
        tasks.add_claim(store, task_id=found, person_id=person, slot=slot, claimed_at=at)
    return found


def wish(store: Store, at: datetime, state: WishState, **values: Any) -> int:
    """A wish as it stands."""
    posted = state not in (WishState.ASKED, WishState.RETURNED)
    row: dict[str, Any] = {
        "node_id": "xingfu",
        "wisher_id": ORDERER,
        "words": "想要收音机",
        "state": state,
        "asked_at": at,
        "posted_at": at + DAY if posted else None,
        "claimed_at": at + DAY + 3 * HOUR if state in HAD else None,
        "ended_at": at + 3 * DAY if state in ENDED else None,
        "changed_at": at,
    }
    return wishes.add(store, **(row | values))


def desk_of(database: Database) -> Desk:
    return Desk(database, Rules(), {"pipe": "pipe"}, ())


def someone(person_id: str) -> Person:
    return Person(person_id, person_id)


def tasks_for(database: Database, person: str = WORKER, group: str | None = None) -> Report:
    with desk_of(database).transaction() as (_, community):
        return community.tasks.figures.report(someone(person), group, NOVEMBER, NOW)


def wishes_for(database: Database, person: str = WORKER) -> WishReport:
    with desk_of(database).transaction() as (_, community):
        return community.wishes.figures.report(someone(person), None, NOVEMBER)


# --- against a plain recount --------------------------------------------------------------------------------


def some_time(random: Random) -> datetime:
    """Around November, mostly in it."""
    return FIRST + random.randrange(-10 * 24 * 60, 40 * 24 * 60) * MINUTE


def random_tasks(store: Store, random: Random) -> None:
    """Tasks with all that may have become of them, by legal logs."""
    for _ in range(150):
        state, at = random.choice(list(TaskState)), some_time(random)
        chosen = random.sample(TAKERS, random.randrange(1, 3)) if state in CLAIMED else []
        found = order(
            store,
            at,
            state,
            chosen,
            node_id=random.choice(["xingfu", "xingfu", "xingfu", "heping"]),
            ordered_by=random.choice([ORDERER, "resident-9-302"]),
            skill=random.choice(["理发", "家电维修", ""]),
            claimed_at=at + random.randrange(1, 900) * MINUTE if state in CLAIMED else None,
            done_at=at + random.randrange(900, 9000) * MINUTE if state in FINISHED else None,
            until_at=random.choice([None, at + DAY, NOW + DAY]),
            rating=random.choice([None, 1, 2, 3]) if state is TaskState.RATED else None,
        )
        _gave_back(store, found, at, random)
        _log(store, found, state, random)


def _gave_back(store: Store, task_id: int, at: datetime, random: Random) -> None:
    if random.random() < 0.3:
        claim = tasks.add_claim(store, task_id=task_id, person_id="volunteer-sewing", slot=9, claimed_at=at)
        tasks.change_claim(store, claim, given_back_at=at + HOUR)


def _log(store: Store, task_id: int, state: TaskState, random: Random) -> None:
    if state is TaskState.CANCELLED:
        step, actor = random.choice([("cancel", ORDERER), ("cancel", WORKER), ("to_grievance", WORKER)])
        tasks.log(store, task_id, NOW, actor, step)
    if state is TaskState.UNMET:
        for note in random.sample(["", "time_over"], random.randrange(3)):
            tasks.log(store, task_id, NOW, None, "to_worker", note=note)
        tasks.log(store, task_id, NOW, None, "give_up")


def plain_tasks(store: Store) -> list[Task]:
    rows = store.connection.execute(select(*as_read(tasks_table)).where(tasks_table.c.node_id == "xingfu"))
    return [Task(*row) for row in rows]


def outcome(store: Store, task: Task) -> str:
    """What a task that came to nothing counts as, by reading its whole log."""
    log = tasks.lines(store, task.id)
    if task.state is TaskState.CANCELLED:
        last = log[-1]
        if last.step == "to_grievance":
            return "to_grievance"
        return "withdrawn" if last.actor_id in (task.orderer_id, task.ordered_by) else "dropped"
    if task.state is TaskState.UNMET:
        told = [each.note for each in log if each.step == "to_worker"]
        return "too_late" if told and told[-1] == "time_over" else "nobody"
    return "open" if task.state in (TaskState.ORDERED, TaskState.CLAIMED) else "done"


def recounted(store: Store, found: Sequence[Task]) -> TasksCounted:
    kinds = Counter(outcome(store, each) for each in found)
    ratings = [each.rating for each in found if each.rating is not None]
    return TasksCounted(
        ordered=len(found),
        claimed=sum(each.state in CLAIMED for each in found),
        rated=len(ratings),
        satisfied=sum(each < 3 for each in ratings),
        **{
            name: kinds[name] for name in ("done", "open", "withdrawn", "dropped", "to_grievance", "too_late", "nobody")
        },
    )


def median(pairs: Iterable[tuple[datetime, datetime | None]]) -> Median:
    return Median.of([until - since for since, until in pairs if until is not None])


def alike(counted: Median, plain: Median) -> bool:
    """To a second: a database counts in floating seconds."""
    both = zip(counted.middle, plain.middle, strict=True)
    return counted.count == plain.count and all(abs(one - other) < timedelta(seconds=1) for one, other in both)


@pytest.mark.parametrize("seed", range(3))
def test_figures_of_tasks_are_those_of_a_plain_recount(database: Database, seed: int) -> None:
    with database.begin() as store:
        _another_community(store)
        random_tasks(store, Random(seed))
        everything = plain_tasks(store)
        found = [each for each in everything if FIRST <= each.ordered_at < DECEMBER]
        expected = recounted(store, found)
    report = tasks_for(database)
    total = report.total
    assert 50 < len(found) < len(everything) < 150
    assert total == expected
    assert min(total.withdrawn, total.dropped, total.to_grievance, total.too_late, total.nobody) > 0
    lost = total.withdrawn + total.dropped + total.to_grievance + total.too_late + total.nobody
    assert total.ordered == total.done + total.open + lost
    assert alike(report.to_claim, median((each.ordered_at, each.claimed_at) for each in found))
    assert alike(report.to_done, median((each.ordered_at, each.done_at) for each in found))
    assert report.open_now == open_now(everything)
    assert max(each.claimed for each in report.by_team) <= total.claimed <= sum(each.claimed for each in report.by_team)


def open_now(everything: Sequence[Task]) -> OpenNow:
    unclaimed = [each for each in everything if each.state is TaskState.ORDERED]
    promised = [each for each in everything if each.state is TaskState.CLAIMED]
    late = [each for each in (*unclaimed, *promised) if each.until_at is not None and each.until_at < NOW]
    waiting_long = sum(each.ordered_at < NOW - DAY for each in unclaimed)
    return OpenNow(len(unclaimed), waiting_long, len(promised), len(late))


@pytest.mark.parametrize("seed", range(3))
def test_figures_of_wishes_are_those_of_a_plain_recount(database: Database, seed: int) -> None:
    random = Random(seed)
    with database.begin() as store:
        _another_community(store)
        for _ in range(150):
            state, at = random.choice(list(WishState)), some_time(random)
            wish(
                store,
                at,
                state,
                node_id=random.choice(["xingfu", "xingfu", "heping"]),
                goal=random.choice([None, None, 20]),
                reason=random.choice(["太贵", "太远", "买不到"]) if state is WishState.UNMET else "",
                claimed_at=at + DAY + random.randrange(1, 900) * MINUTE if state in HAD else None,
                ended_at=at + DAY + random.randrange(900, 9000) * MINUTE if state in ENDED else None,
            )
        rows = store.connection.execute(select(*as_read(wishes_table)).where(wishes_table.c.node_id == "xingfu"))
        everything = [Wish(*row) for row in rows]
    found = [each for each in everything if FIRST <= each.asked_at < DECEMBER]
    single = [each for each in found if each.goal is None]
    report = wishes_for(database)
    assert report.single == recounted_wishes(single)
    assert report.crowd == recounted_wishes([each for each in found if each.goal is not None])
    assert report.asked == len(found) < len(everything)
    had = [each for each in single if each.state in HAD]
    met = [each for each in had if each.state is WishState.FULFILLED]
    assert alike(report.to_claim, median((each.posted_at or NOW, each.claimed_at) for each in had))
    assert alike(report.to_fulfilment, median((each.posted_at or NOW, each.ended_at) for each in met))
    assert dict(report.reasons) == Counter(each.reason for each in found if each.state is WishState.UNMET)
    now = Counter(each.state for each in everything)
    states = (WishState.ASKED, WishState.POSTED, WishState.CLAIMED, WishState.DELIVERED)
    told = report.open_now
    assert (told.in_review, told.posted, told.claimed, told.delivered) == tuple(now[each] for each in states)


def recounted_wishes(found: Sequence[Wish]) -> WishesCounted:
    states = Counter(each.state for each in found)
    return WishesCounted(
        asked=len(found),
        in_review=states[WishState.ASKED],
        returned=states[WishState.RETURNED],
        posted=sum(each.posted_at is not None for each in found),
        claimed=sum(states[each] for each in HAD),
        fulfilled=states[WishState.FULFILLED],
        unmet=states[WishState.UNMET],
        withdrawn=states[WishState.WITHDRAWN],
    )


def _another_community(store: Store) -> None:
    values = {"id": "heping", "parent_id": "heshun-street", "level": "community", "name": "和平社区", "aliases": []}
    store.connection.execute(insert(nodes).values(**values))


def test_a_month_begins_and_ends_at_midnight_in_china(database: Database) -> None:
    moment = timedelta(microseconds=1)
    with database.begin() as store:
        for at in (FIRST - moment, FIRST, DECEMBER - moment, DECEMBER):
            order(store, at, TaskState.ORDERED)
            wish(store, at, WishState.ASKED)
    assert tasks_for(database).total.ordered == 2
    assert wishes_for(database).asked == 2


def test_two_of_one_team_have_taken_one_task_and_who_is_in_none_has_a_line_too(database: Database) -> None:
    with database.begin() as store:
        _team(store, "编织队", TAKERS[:2])
        _team(store, "爱心队", TAKERS[:2])
        knitting = {"skill": "编织"}
        order(store, FIRST, TaskState.RATED, TAKERS[:2], rating=1, **knitting)
        order(store, FIRST, TaskState.RATED, TAKERS[1:2], rating=3, **knitting)
        order(store, FIRST, TaskState.CLAIMED, ["resident-9-302"])
    rows = [(each.name, each.claimed, each.done, each.satisfaction) for each in tasks_for(database).by_team]
    assert rows == [("编织队", 2, 2, Rate(1, 2)), ("", 1, 0, Rate(0, 0))]


def _team(store: Store, name: str, members: Sequence[str]) -> None:
    store.connection.execute(insert(teams).values(id=name, node_id="xingfu", name=name))
    rows = [{"team_id": name, "person_id": each, "joined_at": FIRST} for each in members]
    store.connection.execute(insert(team_members), rows)


def test_a_report_of_one_month_reads_that_month_alone(sqlite_database: Database) -> None:
    """Of a long history nothing: what is open, and what began in the month, by indexes."""
    with sqlite_database.begin() as store:
        for number in range(60):
            order(store, FIRST - number * DAY, TaskState.RATED, TAKERS[:1], rating=1)
            wish(store, FIRST - number * DAY, WishState.FULFILLED)
    asked: list[tuple[str, Any]] = []
    events_of_engine.listen(
        sqlite_database.engine, "before_cursor_execute", lambda *given: asked.append((given[2], given[3]))
    )
    tasks_for(sqlite_database)
    wishes_for(sqlite_database)
    counting = [each for each in asked if "FROM tasks" in each[0] or "FROM wishes" in each[0]]
    assert len(counting) == 10, "six for the tasks, four for the wishes"
    with sqlite_database.begin() as store:
        plans = [
            row[-1]
            for words, values in counting
            for row in store.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {words}", values)
        ]
    tables = ("tasks", "wishes", "task_claims", "task_events")
    assert not [line for line in plans if line in {f"SCAN {table}" for table in tables}]
    for index in ("node_id_ordered_at", "tasks_open", "node_id_asked_at", "wishes_open", "uq_task_claims"):
        assert any(index in line for line in plans), index


# --- who ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("person", ["worker", "worker-2", "secretary", "admin", "street", "county"])
def test_workers_read_everything(database: Database, person: str) -> None:
    with database.begin() as store:
        order(store, FIRST, TaskState.ORDERED)
        wish(store, FIRST, WishState.ASKED)
    assert tasks_for(database, person).total.ordered == 1
    assert wishes_for(database, person).asked == 1


@pytest.mark.parametrize("person", ["resident-3-501", "volunteer-hair", "lawyer", "gridhead-1", "buildinghead-1"])
def test_others_read_nothing(database: Database, person: str) -> None:
    for group in (None, "xingfu"):
        with pytest.raises(Refused, match=r"tasks_figures\.staff_only"):
            tasks_for(database, person, group)
    with pytest.raises(Refused, match=r"wishes_figures\.staff_only"):
        wishes_for(database, person)


# --- every month --------------------------------------------------------------------------------------------


def due(database: Database) -> datetime | None:
    with desk_of(database).transaction() as (_, community):
        return community.tasks.figures.next_monthly()


def told(database: Database, now: datetime) -> list[tuple[Any, str]]:
    with desk_of(database).transaction() as (_, community):
        return [(each.to, Texts(CHINA).render(each.key, each.values)) for each in tell_month(community, now)]


def test_a_month_is_told_once_on_the_first(database: Database) -> None:
    assert due(database) is None
    with database.begin() as store:
        for number in range(17):
            order(store, FIRST + 10 * HOUR + number * DAY, TaskState.DONE if number else TaskState.ORDERED)
        for number in range(4):
            wish(store, FIRST + 10 * HOUR + number * DAY, WishState.FULFILLED)
    assert due(database) == NOW
    said = told(database, NOW)
    assert {to for to, _ in said if isinstance(to, str)} == {"worker", "worker-2"}
    workers = [text for to, text in said if to == "worker"]
    assert workers[0].startswith("幸福社区11月点单17个,有人接16个,办成16个(94.1%,16/17)。")
    assert workers[1].startswith("幸福社区11月心愿发布4个,认领4个,实现4个。")
    groups = [text for to, text in said if not isinstance(to, str)]
    assert groups
    assert set(groups) == {"11月邻里互助:点单17个,办成16个。"}  # of four wishes a group hears nothing
    assert due(database) == NOW.replace(year=2027, month=1)
    assert not told(database, NOW.replace(year=2027, month=1)), "nothing happened in December"


def test_what_is_a_week_late_is_not_told(database: Database) -> None:
    with database.begin() as store:
        for _ in range(9):
            order(store, FIRST, TaskState.DONE)
    assert not told(database, NOW + 7 * DAY)
    assert due(database) == NOW.replace(year=2027, month=1)


def test_the_rates_are_printed_as_the_field_prints_them() -> None:
    assert in_brackets(Rate(5870, 6230)) == "(94.2%,5870/6230)"
    assert in_brackets(Rate(4, 4)) == ""
