"""Figures of events on both engines: against a plain recount; alike as text, workbook and picture; who reads what."""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from openpyxl import load_workbook
from PIL import Image
from sqlalchemy import event as events_of_engine
from typer.testing import CliRunner

from bot import app, drawings, market_chart, market_report
from bot.__main__ import cli
from bot.clock import now as read_clock
from bot.desk import Desk
from bot.photos import Photos
from community import Community
from community.market.figures import Heads, Report, Totals
from community.parts.figures import Period, Rate
from community.people import Person
from community.refused import Refused
from community.rules import Rules
from handlers.market.figures import figures, figures_picture, of_signed_up, rate_words, read_days
from handlers.messages import Chat, Incoming, Message, Reply
from handlers.routing import as_replies
from handlers.speaking.amounts import in_hours
from handlers.speaking.texts import Texts
from storage import hours, market, sign_ups
from storage.database import Database, Store
from storage.market import Event
from storage.sign_ups import SignUp
from storage.tables import EventState, SignUpPart, SignUpState
from storage.tree import Group
from tests.keys import KEYS

CHINA = ZoneInfo("Asia/Shanghai")
NOVEMBER = Period(date(2026, 11, 1), date(2026, 11, 30))
FIRST = datetime(2026, 11, 1, tzinfo=CHINA)
DECEMBER = datetime(2026, 12, 1, tzinfo=CHINA)
NOW = datetime(2026, 12, 5, 12, tzinfo=CHINA)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

PEOPLE = ("volunteer-repair", "volunteer-medical", "volunteer-hair", "volunteer-sewing", "volunteer-nurse", "worker-2")
CAME = (SignUpState.CAME, SignUpState.LEFT)
OVER = (SignUpState.LAPSED, SignUpState.CANCELLED)


def hold(store: Store, begins_at: datetime, stalls: Sequence[str] = ("量血压", "修家电"), **values: Any) -> Event:
    """An event of two hours that took place, with its stalls."""
    row: dict[str, Any] = {
        "series_id": None,
        "planned_on": begins_at.date(),
        "node_id": "xingfu",
        "name": "雷锋集市",
        "place": "文化广场",
        "begins_at": begins_at,
        "ends_at": begins_at + 2 * HOUR,
        "bring": "",
        "leader_id": "worker-2",
        "state": EventState.OVER,
        "code": "4821",
        "opened_at": begins_at - 10 * DAY,
        "sequence": 0,
        "changed_at": begins_at,
        "next_at": None,
        "stage": "",
    }
    event_id = market.add(store, **(row | values))
    for position, name in enumerate(stalls):
        places = {"helpers": 5, "visitors": 0 if name == "有奖问答" else 40, "item": False, "skill": ""}
        market.add_stall(store, event_id=event_id, position=position, name=name, **places)
    found = market.by_id(store, event_id)
    assert found
    return found


def sign_up(store: Store, event: Event, stall: int, state: SignUpState, person: str | None, **values: Any) -> int:
    """A sign-up, as columns: a place of its own unless another is given."""
    part = values.get("part", SignUpPart.HELPER)
    there = sign_ups.ever_of_events(store, [event.id])
    same = [each for each in there if each.person_id == person and each.part is part]
    row: dict[str, Any] = {
        "event_id": event.id,
        "stall_id": market.stalls_of(store, [event.id])[event.id][stall].id,
        "part": part,
        "person_id": person,
        "name": "" if person else f"接龙{len(there)}",
        "companion": len(same) if person else 0,
        "place": len(there) + 1,
        "state": state,
        "item": "",
        "signed_at": event.begins_at - DAY,
        "offered_until": None,
        "released_at": event.begins_at if state in OVER else None,
        "coming": None,
        "came_at": event.begins_at if state in CAME else None,
        "left_at": event.ends_at if state is SignUpState.LEFT else None,
        "sequence": 0,
        "changed_at": event.begins_at,
        "next_at": None,
        "stage": "",
    }
    return sign_ups.add(store, row | values)


def give(store: Store, event: Event, person: str, minutes: int, sign_up_id: int | None = None) -> None:
    """Hours: of a check-out, or corrected."""
    row = {
        "person_id": person,
        "node_id": event.node_id,
        "on_day": event.begins_at.date(),
        "minutes": minutes,
        "kind": event.name,
        "what": event.name,
        "team_id": None,
        "event_id": event.id,
        "sign_up_id": sign_up_id,
        "reason": "" if sign_up_id else "忘了签到",
        "given_by": None if sign_up_id else "worker",
        "at": NOW,
    }
    hours.add(store, row)


def desk_of(database: Database) -> Desk:
    return Desk(database, Rules(), {"pipe": "pipe"}, ())


def someone(person_id: str) -> Person:
    return Person(person_id, person_id)


def report_for(database: Database, person: str, period: Period = NOVEMBER, now: datetime = NOW) -> Report:
    with desk_of(database).transaction() as (_, community):
        own = community.market.figures
        return own.report(someone(person), own.area(someone(person), None), period, now)


@pytest.fixture
def a_market(database: Database) -> Event:
    """One market in November: who came, who did not, who waited."""
    with database.begin() as store:
        earlier = hold(store, FIRST - 5 * DAY)
        sign_up(store, earlier, 0, SignUpState.LEFT, "volunteer-medical")
        event = hold(store, FIRST + 6 * DAY + 9 * HOUR, ("量血压", "修家电", "有奖问答"))
        medical = sign_up(store, event, 0, SignUpState.LEFT, "volunteer-medical")
        nurse = sign_up(store, event, 0, SignUpState.LEFT, "volunteer-nurse")
        sign_up(store, event, 0, SignUpState.CAME, "volunteer-nurse")  # somebody whom she brought along
        sign_up(store, event, 1, SignUpState.MISSED, "volunteer-repair")
        sign_up(store, event, 1, SignUpState.HELD, "volunteer-student")
        sign_up(store, event, 1, SignUpState.LEFT, None)
        sign_up(store, event, 1, SignUpState.LAPSED, "volunteer-patrol", place=None)
        sign_up(store, event, 2, SignUpState.CANCELLED, "volunteer-hair")
        for number in range(10):
            state = SignUpState.CAME if number < 8 else SignUpState.HELD
            sign_up(store, event, number % 2, state, "resident-3-501", part=SignUpPart.VISITOR)
        give(store, event, "volunteer-medical", 120, medical)
        give(store, event, "volunteer-nurse", 100, nurse)
        give(store, event, "volunteer-nurse", 20)
        sign_ups.log(store, medical, NOW, None, "thank")
        return event


# --- figures ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class World:
    """Events with everything that belongs to them, as read row by row."""

    events: tuple[Event, ...]
    rows: tuple[SignUp, ...]
    thanked: frozenset[int]
    minutes: dict[int, int]


def random_world(database: Database, seed: int) -> World:
    """Events around November with what may have become of their sign-ups."""
    random = Random(seed)
    with database.begin() as store:
        ids = []
        for _ in range(40):
            event = hold(
                store,
                FIRST + timedelta(minutes=30 * random.randrange(-20 * 48, 36 * 48)),
                random.sample(["量血压", "修家电", "缝补", "有奖问答"], random.randrange(1, 4)),
                node_id=random.choice(["xingfu", "xingfu", "grid-1", "heshun-street"]),
                state=random.choice([EventState.OVER, EventState.OPEN, EventState.CANCELLED, EventState.DRAFT]),
                opened_at=random.choice([None, FIRST]),
                leader_id=random.choice([None, "volunteer-hair"]),
            )
            ids.append(event.id)
            for _ in range(random.randrange(24)):
                _random_sign_up(store, event, random)
        return read(store, ids)


def _random_sign_up(store: Store, event: Event, random: Random) -> None:
    state = random.choice(list(SignUpState))
    part, person = random.choice(list(SignUpPart)), random.choice([*PEOPLE, None])
    values: dict[str, Any] = {"part": part}
    if state is SignUpState.WAITING or (state in OVER and random.random() < 0.5):
        values |= {"place": None}
    stall = random.randrange(len(market.stalls_of(store, [event.id])[event.id]))
    made = sign_up(store, event, stall, state, person, **values)
    if state in CAME and random.random() < 0.5:
        sign_ups.log(store, made, NOW, None, "thank")
    sign_ups.log(store, made, NOW, None, "remind")
    if state is SignUpState.LEFT and part is SignUpPart.HELPER and person:
        give(store, event, person, random.randrange(1, 120), made)
        if random.random() < 0.3 and person != "worker":
            give(store, event, person, random.choice([-1, 30]))


def read(store: Store, ids: Iterable[int]) -> World:
    """The plain way: everything, row by row."""
    found = [each for each in (market.by_id(store, identity) for identity in ids) if each]
    found.sort(key=lambda each: (each.begins_at, each.id))
    rows = sign_ups.ever_of_events(store, [each.id for each in found])
    thanked = {each.id for each in rows if any(line.step == "thank" for line in sign_ups.lines(store, each.id))}
    minutes = {each.id: sum(entry.minutes for entry in hours.of_event(store, each.id)) for each in found}
    return World(tuple(found), tuple(rows), frozenset(thanked), minutes)


def recounted(world: World, wanted: Sequence[Event], cancelled: int, now: datetime) -> Totals:
    """The same figures, the plain way."""
    ids = {each.id for each in wanted}
    return Totals(
        held=len(wanted),
        cancelled=cancelled,
        helpers=heads(world, [each for each in world.rows if each.event_id in ids], SignUpPart.HELPER, now),
        visitors=heads(world, [each for each in world.rows if each.event_id in ids], SignUpPart.VISITOR, now),
        minutes=sum(world.minutes[each] for each in ids),
        new_helpers=sum(len(new_at(world, each)) for each in wanted),
    )


def heads(world: World, rows: Iterable[SignUp], part: SignUpPart, now: datetime) -> Heads:
    rows = [each for each in rows if each.part is part]
    over = {each.id for each in world.events if each.ends_at <= now}
    held = [each for each in rows if each.state is SignUpState.HELD]
    came = [each for each in rows if each.state in CAME]
    missed = [each for each in rows if each.state is SignUpState.MISSED]
    vain = [
        each
        for each in rows
        if each.place is None
        and (each.state is SignUpState.LAPSED or (each.state is SignUpState.WAITING and each.event_id in over))
    ]
    return Heads(
        signed_up=len(held) + len(came) + len(missed),
        came=len(came),
        missed=len(missed),
        unmarked=sum(each.event_id in over for each in held),
        thanked=sum(each.id in world.thanked for each in came),
        waited_in_vain=len(vain),
    )


def new_at(world: World, event: Event) -> set[str]:
    """Who came to help for the first time in this community, going through the events in their order."""
    came_before: set[str] = set()
    for each in world.events:
        if (each.node_id == "heshun-street") != (event.node_id == "heshun-street"):
            continue
        came = {
            row.person_id
            for row in world.rows
            if row.event_id == each.id and row.state in CAME and row.part is SignUpPart.HELPER and not row.companion
        } - {None}
        if each.id == event.id:
            return {person for person in came if person} - came_before
        came_before |= {person for person in came if person}
    raise AssertionError


@pytest.mark.parametrize("seed", range(3))
def test_figures_are_those_of_a_plain_recount(database: Database, seed: int) -> None:
    world = random_world(database, seed)
    here = [each for each in world.events if each.node_id != "heshun-street"]
    in_month = [each for each in here if FIRST <= each.begins_at < DECEMBER]
    held = [each for each in in_month if each.state in (EventState.OPEN, EventState.OVER)]
    off = [each for each in in_month if each.state is EventState.CANCELLED and each.opened_at]
    report = report_for(database, "worker")
    assert 3 < len(held) < len(here)
    assert [each.event for each in report.events] == held
    assert report.total == recounted(world, held, len(off), NOW)
    assert report.total.helpers.signed_up > report.total.helpers.came > report.total.helpers.thanked > 0
    for each in report.events:
        assert each.total == recounted(world, [each.event], 0, NOW)
        assert sum(stall.helpers.came for stall in each.stalls) == each.total.helpers.came
    for name in {stall.name for each in report.events for stall in each.stalls}:
        same = [stall for each in report.events for stall in each.stalls if stall.name == name]
        (merged,) = (stall for stall in report.stalls if stall.name == name)
        assert merged.helpers == Heads.of(stall.helpers for stall in same)
        assert merged.visitors == Heads.of(stall.visitors for stall in same)
    whole = report_for(database, "worker", Period(date(2026, 10, 1), date(2026, 12, 31)))
    assert [each.total for each in whole.months if each.month == NOVEMBER.first] == [report.total]
    assert sum(each.total.minutes for each in whole.months) == whole.total.minutes
    assert sum(each.total.new_helpers for each in whole.months) == whole.total.new_helpers
    led = [each for each in world.events if each.leader_id == "volunteer-hair"]
    of_leader = report_for(database, "volunteer-hair")
    assert [each.event for each in of_leader.events] == [
        each for each in led if FIRST <= each.begins_at < DECEMBER and each.state in (EventState.OPEN, EventState.OVER)
    ]


@pytest.mark.parametrize("seed", range(3))
def test_the_names_add_up_to_the_counts(database: Database, seed: int) -> None:
    random_world(database, seed)
    with desk_of(database).transaction() as (_, community):
        report = community.market.figures.of_area(community.tree.nodes["xingfu"], NOVEMBER, NOW)
        lines = community.market.figures.helpers(report)
    assert sum(each.helper.state in CAME for each in lines) == report.total.helpers.came
    assert sum(each.helper.thanked and each.helper.state in CAME for each in lines) == report.total.helpers.thanked
    assert sum(each.minutes for each in lines) == report.total.minutes
    new = {(each.event.id, each.helper.person_id) for each in lines if each.helper.first_time}
    assert len(new) == report.total.new_helpers


def test_a_market_that_is_over(database: Database, a_market: Event) -> None:
    report = report_for(database, "worker")
    total = report.total
    assert (total.held, total.minutes, total.new_helpers) == (1, 240, 1)
    assert total.helpers == Heads(signed_up=6, came=4, missed=1, unmarked=1, thanked=1, waited_in_vain=1)
    assert total.helpers.attendance == Rate(4, 6)
    assert total.visitors == Heads(signed_up=10, came=8, unmarked=2)
    assert [(each.name, each.helpers.came, each.visitors.came) for each in report.stalls] == [
        ("量血压", 3, 4),
        ("修家电", 1, 4),
        ("有奖问答", 0, 0),
    ]


def test_while_it_goes_on_nobody_is_unmarked(database: Database, a_market: Event) -> None:
    total = report_for(database, "worker", now=a_market.begins_at).total
    assert (total.helpers.signed_up, total.helpers.unmarked, total.helpers.attendance) == (6, 0, Rate(4, 5))
    assert report_for(database, "worker", now=a_market.begins_at - HOUR).total.held == 0


def test_a_month_begins_and_ends_at_midnight_in_china(database: Database) -> None:
    moment = timedelta(microseconds=1)
    with database.begin() as store:
        for begins_at in (FIRST - moment, FIRST, DECEMBER - moment, DECEMBER):
            hold(store, begins_at)
    assert report_for(database, "worker").total.held == 2


def test_a_report_of_one_month_reads_that_month_alone(sqlite_database: Database) -> None:
    """Two statements for the counts, one for first times; all by indexes."""
    with sqlite_database.begin() as store:
        for number in range(3):
            event = hold(store, FIRST + number * DAY)
            sign_up(store, event, 0, SignUpState.LEFT, "volunteer-nurse")
    asked: list[tuple[str, Any]] = []
    events_of_engine.listen(
        sqlite_database.engine, "before_cursor_execute", lambda *given: asked.append((given[2], given[3]))
    )
    report_for(sqlite_database, "worker")
    counting = [(words, values) for words, values in asked if "events" in words or "sign_ups" in words]
    assert len(counting) == 3
    with sqlite_database.begin() as store:
        plans = [
            row[-1]
            for words, values in counting
            for row in store.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {words}", values)
        ]
    assert not [line for line in plans if line.startswith("SCAN")]
    assert any("ix_events_node_id_begins_at" in line for line in plans)
    assert any("ix_sign_ups_event_id" in line for line in plans)
    assert any("ix_sign_ups_person_id_changed_at" in line for line in plans)
    assert any("ix_hours_event_id" in line for line in plans)


# --- who ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("person", ["worker", "worker-2", "secretary", "admin", "street", "county"])
def test_workers_read_everything(database: Database, a_market: Event, person: str) -> None:
    assert [each.event.id for each in report_for(database, person).events] == [a_market.id]


@pytest.mark.parametrize("person", ["resident-3-501", "volunteer-repair", "lawyer", "nobody", "buildinghead-1"])
def test_others_read_nothing(database: Database, a_market: Event, person: str) -> None:
    with pytest.raises(Refused, match=r"market_figures\.staff_only"):
        report_for(database, person)
    with pytest.raises(Refused, match=r"market_figures\.staff_only"):
        said(database, person, f"集市统计 {a_market.number}", a_market.number)


def test_a_grid_head_reads_of_their_grid(database: Database, a_market: Event) -> None:
    with database.begin() as store:
        own = hold(store, FIRST + DAY, node_id="grid-1")
    assert [each.event.id for each in report_for(database, "gridhead-1").events] == [own.id]
    with pytest.raises(Refused, match=r"market_figures\.staff_only"):
        said(database, "gridhead-1", "集市统计", a_market.number)


# --- in words -----------------------------------------------------------------------------------------------


def message_of(person: str, typed: str, group: Group | None = None) -> Message:
    external_id = group.external_id if group else None
    incoming = Incoming("pipe", "pipe", "1", external_id, person, person, typed, NOW, NOW)
    return Message(incoming, someone(person), group, typed, typed)


def said(database: Database, person: str, typed: str, words: str = "") -> list[str]:
    with desk_of(database).transaction() as (_, community):
        return [
            worded(each) for each in privately(as_replies(figures(message_of(person, typed), community, words=words)))
        ]


def privately(replies: Iterable[Reply]) -> list[Reply]:
    """Without what a group would hear, where there is none."""
    return [each for each in replies if each.to is not Chat.GROUP]


def worded(reply: Reply) -> str:
    return Texts(CHINA).render(reply.key, reply.values)


def test_one_event_is_told_in_full(database: Database, a_market: Event) -> None:
    told = [
        "E002 雷锋集市,11月7日(周六):\n"
        "志愿者报名6人次:来了4,没来1,没记1,到场66.7%(4/6)。\n"
        "取号10个:来了8,没来0,没记2,到场80%(8/10)。",
        "志愿时长4小时,第一次来的志愿者1位。\n已道谢1人次,候补没排上1人次。",
        "量血压:志愿者来了3/3,取号来了4/5\n修家电:志愿者来了1/3,取号来了4/5\n有奖问答:志愿者来了0",
    ]
    assert said(database, "worker", "集市统计", "E002") == told
    assert said(database, "worker", "集市统计 11月", "11月") == told
    assert said(database, "worker", "11月的集市统计") == told
    assert said(database, "worker-2", "集市统计", "e2") == told


def test_several_events_have_a_line_each(database: Database, a_market: Event) -> None:
    with database.begin() as store:
        hold(store, FIRST + 20 * DAY + 9 * HOUR, ("听讲",), name="讲座")
        hold(store, FIRST + 21 * DAY, state=EventState.CANCELLED)
    told = said(database, "worker", "活动统计 11月", "11月")
    assert told[0].startswith("幸福社区11月1日(周日)到11月30日(周一)办了2次活动,取消1次。\n志愿者报名6人次:来了4,")
    assert told[2] == (
        "E002 11月7日(周六)雷锋集市:志愿者来了4/6,取号来了8/10,4小时\n"
        "E003 11月21日(周六)讲座:志愿者来了0,取号来了0,0小时"
    )
    assert all(words.count("\n") < 3 for words in told)
    with database.begin() as store:
        for number in range(15):
            hold(store, FIRST + number * DAY)
    many = said(database, "worker", "活动统计 11月", "11月")
    assert "最近12次:" in many
    assert sum("E0" in line for words in many for line in words.split("\n")) == 12


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("香蕉", "market_figures.which_days"),
        ("13月", "market_figures.which_days"),
        ("明年3月", "market_figures.days_not_yet"),
        ("10月", "market_figures.nothing"),
        ("E099", "market.not_found"),
        ("E001", "market.event_cancelled"),
        ("E002", "market_figures.not_yet"),
        ("E003", "market_figures.not_yet"),
        ("德源县 11月", "market_figures.staff_only"),
    ],
)
def test_what_there_are_no_figures_of(database: Database, words: str, why: str) -> None:
    with database.begin() as store:
        hold(store, FIRST, state=EventState.CANCELLED)
        hold(store, NOW + DAY, state=EventState.OPEN)
        hold(store, FIRST, state=EventState.POSTPONED)
    with pytest.raises(Refused, match=rf"^{why}") as refused:
        said(database, "worker", f"集市统计 {words}", words)
    assert Texts(CHINA).render(refused.value.key, refused.value.values)


@pytest.mark.parametrize(
    ("words", "first", "last"),
    [
        ("3到5月", date(2026, 3, 1), date(2026, 5, 31)),
        ("3月到5月", date(2026, 3, 1), date(2026, 5, 31)),
        ("2025-3", date(2025, 3, 1), date(2025, 3, 31)),
        ("", date(2026, 12, 1), date(2026, 12, 5)),
        ("去年", date(2025, 1, 1), date(2025, 12, 31)),
    ],
)
def test_days_as_people_write_them(words: str, first: date, last: date) -> None:
    assert read_days(words, NOW) == Period(first, last)


def group_of(database: Database) -> Group:
    with desk_of(database).transaction() as (_, community):
        return next(each for each in community.tree.groups.values() if each.node_id == "xingfu")


def in_group(database: Database, person: str, handler: Any, words: str) -> list[Reply]:
    message = message_of(person, "集市统计", group_of(database))
    with desk_of(database).transaction() as (_, community):
        return list(handler(message, community, words=words))


def test_in_a_group_only_workers_are_answered_aloud(database: Database, a_market: Event) -> None:
    assert {each.to for each in in_group(database, "worker", figures, "11月")} == {Chat.GROUP}
    with database.begin() as store:
        market.change(store, a_market.id, leader_id="volunteer-hair")
    of_leader = in_group(database, "volunteer-hair", figures, "11月")
    assert [each.key for each in of_leader if each.to is Chat.GROUP] == ["help.in_private"]
    assert of_leader[1].key == "market_figures.event"
    of_resident = in_group(database, "resident-3-501", figures, "11月")
    assert [(each.key, each.to) for each in of_resident] == [
        ("help.in_private", Chat.GROUP),
        ("market_figures.staff_only", Chat.PRIVATE),
    ]


# --- the picture --------------------------------------------------------------------------------------------


def drawn(database: Database, person: str, words: str, folder: Path) -> tuple[Reply, Path]:
    photos = Photos(folder)
    with desk_of(database).transaction() as (_, community):
        (reply,) = privately(as_replies(figures_picture(message_of(person, "集市统计图"), community, words=words)))
        wanted = drawings.prepare(reply.pictures, community)
    drawings.draw(wanted, photos)
    return reply, photos.path(reply.pictures[0])


@pytest.mark.parametrize("words", ["11月", "E002", "10月到11月"])
def test_the_picture_is_drawn_when_it_is_sent(
    sqlite_database: Database, tmp_path: Path, request: pytest.FixtureRequest, words: str
) -> None:
    with sqlite_database.begin() as store:
        hold(store, FIRST - 5 * DAY)
        hold(store, FIRST + 6 * DAY + 9 * HOUR)
    reply, path = drawn(sqlite_database, "worker", words, tmp_path)
    assert "统计图" in worded(reply)
    with Image.open(path) as picture:
        assert picture.width == market_chart.WIDTH
        assert picture.height > picture.width


def test_a_leader_has_a_picture_of_one_event(sqlite_database: Database, tmp_path: Path) -> None:
    with sqlite_database.begin() as store:
        hold(store, FIRST + DAY, leader_id="volunteer-hair")
        hold(store, FIRST + 2 * DAY)
    assert drawn(sqlite_database, "volunteer-hair", "11月", tmp_path)[1].exists()
    with sqlite_database.begin() as store:
        hold(store, FIRST + 3 * DAY, leader_id="volunteer-hair")
    with pytest.raises(Refused, match=r"market_figures\.picture_of_which"):
        drawn(sqlite_database, "volunteer-hair", "11月", tmp_path)
    with pytest.raises(Refused, match=r"market_figures\.staff_only"):
        drawn(sqlite_database, "volunteer-hair", "E002", tmp_path)
    with pytest.raises(Refused, match=r"market_figures\.nothing"):
        drawn(sqlite_database, "volunteer-hair", "10月", tmp_path)


def bars(count: int, name: str, came: int, of: int) -> market_chart.Chart:
    row = market_chart.Row(name, market_chart.Bar(came, of, f"{came}/{of}"), market_chart.Bar(came, of, f"{came}/{of}"))
    section = market_chart.Section("各摊位", (row,) * count)
    return market_chart.Chart(name, name, ((f"{came}/{of}", name),) * 4, ("志愿者", "取号的人"), (section,), name)


@pytest.mark.parametrize("length", range(1, 24))
def test_a_name_of_any_length_can_be_drawn(length: int) -> None:
    assert market_chart.render(bars(1, "量" * length, 3, 5))


@pytest.mark.parametrize("count", [0, 1, 5, 12])
@pytest.mark.parametrize("name", ["量血压", "量血压" * 20, "$x_1$ \\frac{", "𠮷䶮喆", "", "\n\t"])
def test_any_name_can_be_drawn(count: int, name: str) -> None:
    data = market_chart.render(bars(count, name, 0, 0 if count == 5 else 100_000))
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.width == market_chart.WIDTH
        assert picture.height >= market_chart.LEAST_HEIGHT
    if count == 1:
        assert data == market_chart.render(bars(count, name, 0, 100_000))


@pytest.mark.filterwarnings("error")
def test_every_character_has_a_glyph() -> None:
    """The library warns of those that its font lacks."""
    market_chart.render(bars(2, "龚喆䶮、统计:雷锋集市", 3, 4))


# --- the workbook -------------------------------------------------------------------------------------------


def sheets(report: Report, community: Community) -> dict[str, list[tuple[Any, ...]]]:
    data = market_report.workbook(report, community.market.figures.helpers(report), community)
    book = load_workbook(io.BytesIO(data))
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book.worksheets}


@pytest.mark.parametrize("seed", range(2))
def test_text_workbook_and_picture_tell_the_same(sqlite_database: Database, seed: int) -> None:
    random_world(sqlite_database, seed)
    with desk_of(sqlite_database).transaction() as (_, community):
        area = community.tree.nodes["xingfu"]
        report = community.market.figures.of_area(area, NOVEMBER, NOW)
        found = sheets(report, community)
        chart = market_chart.of_report(report, community, NOW)
    told = "\n".join(said(sqlite_database, "worker", "集市统计", "11月"))
    total, helpers = report.total, report.total.helpers
    counts = f"志愿者报名{helpers.signed_up}人次:来了{helpers.came},没来{helpers.missed},没记{helpers.unmarked}"
    assert f"{counts},到场{rate_words(helpers.attendance)}" in told
    assert f"志愿时长{in_hours(total.minutes)},第一次来的志愿者{total.new_helpers}位" in told
    assert [number for number, _ in chart.cards] == [
        of_signed_up(helpers),
        of_signed_up(total.visitors),
        in_hours(total.minutes),
        str(total.new_helpers),
    ]
    months = as_mappings(found["月份"])
    assert [each["月份"] for each in months] == ["2026-11", "合计"]
    for each in months:
        assert (each["办了(次)"], each["取消(次)"]) == (total.held, total.cancelled)
        assert_same(each, total)
    events = as_mappings(found["活动"])
    assert [each["编号"] for each in events] == [each.event.number for each in report.events]
    for row, shown in zip(events, report.events, strict=True):
        assert_same(row, shown.total)
        assert f"{shown.event.number} " in told
        assert f"志愿者来了{of_signed_up(shown.total.helpers)},取号来了{of_signed_up(shown.total.visitors)}" in told
    assert [bar.helpers.words for bar in chart.sections[0].rows] == [
        of_signed_up(each.total.helpers) for each in report.events
    ]
    stalls = as_mappings(found["摊位"])
    assert sum(each["志愿者来了"] for each in stalls) == helpers.came
    assert sum(each["取号来了"] for each in stalls) == sum(
        row.visitors.came for row in chart.sections[1].rows if row.visitors
    )
    people = as_mappings(found["志愿者"])
    assert sum(each["状态"] in ("已签到", "已签退") for each in people) == helpers.came
    assert round(60 * sum(each["时长(小时)"] for each in people)) == total.minutes


def as_mappings(rows: Sequence[tuple[Any, ...]]) -> list[dict[str, Any]]:
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


def assert_same(row: dict[str, Any], total: Totals) -> None:
    helpers, visitors = total.helpers, total.visitors
    assert row["志愿者报名(人次)"] == helpers.signed_up
    assert (row["志愿者来了"], row["志愿者没来"], row["志愿者没记"]) == (helpers.came, helpers.missed, helpers.unmarked)
    assert (row["志愿者到场率"] or "") == rate_words(helpers.attendance)
    assert (row["志愿者候补没排上"], row["已道谢(人次)"]) == (helpers.waited_in_vain, helpers.thanked)
    assert (row["取号(个)"], row["取号来了"], row["取号没记"]) == (visitors.signed_up, visitors.came, visitors.unmarked)
    assert row["第一次来的志愿者(位)"] == total.new_helpers
    assert round(60 * row["志愿时长(小时)"]) == total.minutes


def test_names_are_words_and_no_formulas(sqlite_database: Database, tmp_path: Path) -> None:
    with sqlite_database.begin() as store:
        event = hold(store, FIRST + DAY, name="=1+1")
        sign_up(store, event, 0, SignUpState.CAME, None, name='=HYPERLINK("x")\x07')
    with desk_of(sqlite_database).transaction() as (_, community):
        report = community.market.figures.of_area(community.tree.nodes["xingfu"], NOVEMBER, NOW)
        data = market_report.workbook(report, community.market.figures.helpers(report), community)
    book = load_workbook(io.BytesIO(data))
    cells = [cell for row in book["志愿者"].iter_rows() for cell in row]
    assert [cell.value for cell in cells if str(cell.value).startswith("=")] == ["=1+1", '=HYPERLINK("x")']
    assert all(cell.data_type != "f" for cell in cells)


def test_the_report_is_written_while_the_program_runs(sqlite_database: Database) -> None:
    with sqlite_database.begin() as store:
        hold(store, FIRST + DAY)
    reader = app.read_database(f"sqlite:///{sqlite_database.file}", KEYS)
    data = market_report.report_file(reader, Rules(), None, NOVEMBER, NOW)
    assert load_workbook(io.BytesIO(data)).sheetnames == ["活动", "摊位", "志愿者", "月份"]
    with pytest.raises(Refused, match=r"market_figures\.nothing"):
        market_report.report_file(reader, Rules(), "幸福社区", Period(date(2025, 1, 1), date(2025, 1, 31)), NOW)
    with pytest.raises(Refused, match=r"market_figures\.no_such_place"):
        market_report.report_file(reader, Rules(), "无此社区", NOVEMBER, NOW)
    reader.close()


def test_nothing_is_read_where_there_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(app.StartRefused):
        app.read_database(f"sqlite:///{tmp_path}/none.db", KEYS)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("first", "last", "period"),
    [
        ("2026-11", None, NOVEMBER),
        ("2026-10", "2026-11", Period(date(2026, 10, 1), date(2026, 11, 30))),
        (None, None, Period(date(2026, 12, 1), date(2026, 12, 5))),
        ("2026-02", None, Period(date(2026, 2, 1), date(2026, 2, 28))),
        ("2026-12", "2027-03", Period(date(2026, 12, 1), date(2026, 12, 5))),
    ],
)
def test_months_of_the_command_line(first: str | None, last: str | None, period: Period) -> None:
    assert market_report.read_months(first, last, NOW.date()) == period


@pytest.mark.parametrize(
    ("first", "last"), [("2026-13", None), ("11", None), ("2027-01", None), ("2026-11", "2026-10"), ("x", None)]
)
def test_months_that_are_none(first: str, last: str | None) -> None:
    with pytest.raises(Refused, match=r"market_figures\.no_such_month"):
        market_report.read_months(first, last, NOW.date())


def test_the_command_line_writes_a_workbook(sqlite_database: Database, tmp_path: Path) -> None:
    settings, output = tmp_path / "config.yaml", tmp_path / "report.xlsx"
    settings.write_text(f"database: sqlite:///{sqlite_database.file}\ndata: {tmp_path}\n", encoding="utf-8")
    an_hour_ago = read_clock().astimezone(CHINA) - HOUR
    asked = ["market-report", "--month", f"{an_hour_ago:%Y-%m}", "-o", str(output), "--config", str(settings)]
    nothing = CliRunner().invoke(cli, asked)
    assert (nothing.exit_code, output.exists()) == (1, False)
    assert "没有办活动" in nothing.output
    with sqlite_database.begin() as store:
        hold(store, an_hour_ago)
    written = CliRunner().invoke(cli, asked)
    assert written.exit_code == 0, written.output
    assert load_workbook(output)["活动"].max_row == 2
    nonsense = CliRunner().invoke(cli, [*asked, "--until", "2026-13"])
    assert nonsense.exit_code == 1
    assert "2026-11" in nonsense.output
