"""Figures of stations on both engines: against a plain recount and through the services; who reads what; in words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event, text, update

from bot.desk import Desk
from community import Community
from community.bookings.figures import Counts, StationFigures
from community.bookings.outcomes import Booked, Waits
from community.parts.figures import Period, Rate
from community.people import Person
from community.refused import Refused
from community.rules import Rules
from handlers.bookings.figures import figures
from handlers.messages import Incoming, Message, Reply
from handlers.speaking.texts import Texts
from storage import bookings, rota
from storage.bookings import Booking
from storage.database import Database, Store
from storage.rota import Reception
from storage.tables import BookingState, DutyKind, ReceptionState, stations

CHINA = ZoneInfo("Asia/Shanghai")
NOVEMBER = Period(date(2026, 11, 1), date(2026, 11, 30))
FIRST = datetime(2026, 11, 1, tzinfo=CHINA)
DECEMBER = datetime(2026, 12, 1, tzinfo=CHINA)
NOW = datetime(2026, 12, 5, 12, tzinfo=CHINA)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

RECEIVERS = (("deputy", "王代表"), ("deputy-2", "李委员"), (None, "宋雨"))
GIVEN_UP = {BookingState.CANCELLED, BookingState.MOVED, BookingState.LAPSED, BookingState.CLOSED}
PLACES = 40
"""More than any of these receptions has bookings."""


def receive(store: Store, begins_at: datetime, **values: Any) -> int:
    """A reception of two hours that took place, as columns."""
    row: dict[str, Any] = {
        "station_id": "xingfu-station",
        "planned_on": begins_at.date(),
        "kind": DutyKind.CONGRESS_DEPUTY,
        "person_id": "deputy",
        "person_name": "王代表",
        "begins_at": begins_at,
        "ends_at": begins_at + 2 * HOUR,
        "places": PLACES,
        "state": ReceptionState.OVER,
        "changed_at": begins_at,
        "stage": "",
    }
    return rota.add(store, **(row | values))


def book(store: Store, reception_id: int, state: BookingState, **values: Any) -> int:
    """A booking, as columns; for somebody else each, so that one resident may have all."""
    number = len(bookings.of_receptions(store, [reception_id])) + 1
    row: dict[str, Any] = {
        "reception_id": reception_id,
        "resident_id": "resident-3-501",
        "for_whom": str(number),
        "place": number,
        "state": state,
        "starts_at": FIRST,
        "booked_at": FIRST - 7 * DAY,
        "released_at": FIRST if state in GIVEN_UP else None,
        "changed_at": FIRST,
    }
    return bookings.add(store, row | values)


def desk_of(database: Database, **rules: Any) -> Desk:
    return Desk(database, Rules(**rules), {"pipe": "pipe"}, ())


def someone(person_id: str) -> Person:
    return Person(person_id, person_id)


def report_for(
    database: Database, person: str, period: Period = NOVEMBER, now: datetime = NOW
) -> tuple[StationFigures, ...]:
    with desk_of(database).transaction() as (_, community):
        return community.bookings.figures.report(someone(person), period, now)


def only(found: Sequence[StationFigures]) -> Counts:
    (station,) = found
    return station.total


def filled(database: Database, came: int, **others: int) -> None:
    """A reception in November with so many bookings in each state."""
    with database.begin() as store:
        reception = receive(store, FIRST + 9 * HOUR)
        for state, count in {"came": came, **others}.items():
            place = {"place": None} if state == BookingState.LAPSED else {}
            for _ in range(count):
                book(store, reception, BookingState(state), **place)


# --- figures ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """A booking with its reception."""

    booking: Booking
    reception: Reception


def random_month(store: Store, random: Random) -> tuple[list[Reception], list[Row]]:
    """Receptions around November with what may have become of their bookings."""
    ids = []
    for _ in range(40):
        person_id, name = random.choice(RECEIVERS)
        closed = random.random() < 0.2
        reception = receive(
            store,
            FIRST + timedelta(minutes=random.randrange(-5 * 1440, 36 * 1440)),
            station_id=random.choice(["xingfu-station", "grid-2-station"]),
            person_id=person_id,
            person_name=name,
            state=ReceptionState.CLOSED if closed else ReceptionState.PLANNED,
        )
        ids.append(reception)
        for _ in range(random.randrange(12)):
            book(store, reception, **random_booking(random, closed=closed))
    received = [each for each in (rota.by_id(store, identity) for identity in ids) if each]
    rows = [Row(each, one) for one in received for each in bookings.of_receptions(store, [one.id])]
    return received, rows


def random_booking(random: Random, *, closed: bool) -> dict[str, Any]:
    """Columns as they may stand in the end."""
    state = random.choice(sorted(GIVEN_UP) if closed else sorted(set(BookingState) - {BookingState.CLOSED}))
    values: dict[str, Any] = {"state": state}
    if state is BookingState.WAITING or (state in GIVEN_UP and random.random() < 0.3):
        values |= {"place": None}
    elif state is BookingState.OFFERED or (state in GIVEN_UP and random.random() < 0.3):
        values |= {"offered_until": FIRST}
    elif state is BookingState.CANCELLED:
        values |= {"late": random.random() < 0.5}
    elif state is BookingState.CAME:
        values |= {"helped": random.choice([None, 1, 1, 2, 3])}
    return values


def recounted(received: Iterable[Reception], rows: Iterable[Row], now: datetime) -> Counts:
    """The same figures, the plain way."""
    received = [each for each in received if each.begins_at <= now or each.state is ReceptionState.CLOSED]
    ids = {each.id for each in received}
    rows = [each for each in rows if each.reception.id in ids]
    placed = [each for each in rows if each.booking.place and each.booking.offered_until is None]
    booked = [each for each in placed if each.booking.state not in (BookingState.MOVED, BookingState.LAPSED)]

    def of(state: BookingState) -> list[Row]:
        return [each for each in booked if each.booking.state is state]

    vain = [each for each in rows if each.booking.state is BookingState.LAPSED and each.booking.place is None]
    closed = [each for each in received if each.state is ReceptionState.CLOSED]
    return Counts(
        held=len(received) - len(closed),
        closed=len(closed),
        booked=len(booked),
        came=len(of(BookingState.CAME)),
        missed=len(of(BookingState.MISSED)),
        unmarked=sum(each.reception.ends_at <= now for each in of(BookingState.HELD)),
        cancelled=len(of(BookingState.CANCELLED)),
        late=sum(each.booking.late for each in of(BookingState.CANCELLED)),
        called_off=len(of(BookingState.CLOSED)),
        waited_in_vain=len(vain),
        grievances=sum(each.booking.grievance_number is not None for each in rows),
        answered=sum(each.booking.helped is not None for each in rows),
        helped=sum(each.booking.helped == 1 for each in rows),
    )


@pytest.mark.parametrize("seed", [1, 2])
def test_figures_are_those_of_a_plain_recount(database: Database, seed: int) -> None:
    with database.begin() as store:
        received, rows = random_month(store, Random(seed))
    in_month = [each for each in received if FIRST <= each.begins_at < DECEMBER]
    assert 20 < len(in_month) < len(received)
    found = {each.station.id: each for each in report_for(database, "worker")}
    assert set(found) == {"xingfu-station", "grid-2-station"}
    for station_id, station in found.items():
        there = [each for each in in_month if each.station_id == station_id]
        assert station.total == recounted(there, rows, NOW)
        assert station.total.booked > station.total.came > 0
        for person in station.by_person:
            assert person.counts == recounted([each for each in there if each.person_name == person.name], rows, NOW)
    own = [each for station in report_for(database, "deputy") for each in station.by_person]
    assert [each.counts for each in own] == [
        each.counts for station in found.values() for each in station.by_person if each.name == "王代表"
    ]


def test_a_month_that_is_over_adds_up(database: Database) -> None:
    filled(database, came=7, missed=3, held=2, cancelled=4, moved=1)
    with database.begin() as store:
        closed = receive(store, FIRST + 2 * DAY, state=ReceptionState.CLOSED)
        book(store, closed, BookingState.CLOSED)
    counts = only(report_for(database, "worker"))
    assert (counts.held, counts.closed, counts.booked) == (1, 1, 17)
    assert counts.booked == counts.came + counts.missed + counts.unmarked + counts.cancelled + counts.called_off
    assert counts.attendance == Rate(7, 12)


def test_figures_add_up_with_what_people_did(database: Database) -> None:
    """Through the services: a place that was offered counts only for whoever took it."""
    morning = FIRST + 9 * DAY + 9 * HOUR
    residents = ["resident-1-201", "resident-3-501", "resident-5-101", "resident-9-302", "resident-12-401"]
    with desk_of(database).transaction() as (store, community):
        small = receive(store, morning, places=2, state=ReceptionState.PLANNED)
        ids = [take(community, small, each, FIRST) for each in residents]
        booking = community.bookings.booking
        booking.cancel(ids[0], someone(residents[0]), FIRST + HOUR)  # offered to the third, who does not want it
        booking.decline(ids[2], someone(residents[2]), FIRST + 2 * HOUR)  # offered to the fourth, who does
        booking.accept(ids[3], someone(residents[3]), FIRST + 3 * HOUR)
        booking.cancel(ids[1], someone(residents[1]), morning - HOUR / 2)  # offered to the fifth, who says nothing
        community.bookings.reminders.run(morning)
        community.bookings.day.came(ids[3], someone("deputy"), morning)
        community.bookings.day.helped(ids[3], someone(residents[3]), 1, morning + DAY)
        steps = [[each.step for each in bookings.events(store, identity)] for identity in ids]
    assert [log[-1] for log in steps] == ["cancel", "cancel", "decline", "helped", "lapse"]
    counts = only(report_for(database, "worker"))
    assert (counts.booked, counts.came, counts.cancelled, counts.late) == (3, 1, 2, 1)
    assert (counts.waited_in_vain, counts.missed, counts.unmarked) == (0, 0, 0)
    assert counts.help == Rate(1, 1)


def take(community: Community, reception_id: int, resident: str, now: datetime) -> int:
    outcome = community.bookings.booking.book(reception_id, someone(resident), now)
    assert isinstance(outcome, Booked | Waits)
    return outcome.place.booking.id


def test_a_month_begins_and_ends_at_midnight_in_china(database: Database) -> None:
    moment = timedelta(microseconds=1)
    with database.begin() as store:
        for begins_at in (FIRST - moment, FIRST, DECEMBER - moment, DECEMBER):
            receive(store, begins_at)
    assert only(report_for(database, "worker")).held == 2


def test_of_today_only_what_has_begun_counts(database: Database) -> None:
    today = Period(NOW.date(), NOW.date())
    with database.begin() as store:
        now = receive(store, NOW - HOUR, state=ReceptionState.PLANNED)
        later = receive(store, NOW + HOUR, state=ReceptionState.PLANNED)
        called_off = receive(store, NOW + 2 * HOUR, state=ReceptionState.CLOSED)
        book(store, now, BookingState.HELD)
        book(store, later, BookingState.HELD)
        book(store, called_off, BookingState.CLOSED)
    counts = only(report_for(database, "worker", today))
    assert (counts.held, counts.closed) == (1, 1)
    assert (counts.booked, counts.unmarked, counts.called_off) == (2, 0, 1)
    assert counts.attendance == Rate(0, 0), "whose reception goes on may still come"
    assert only(report_for(database, "worker", today, NOW + 4 * HOUR)).unmarked == 2


def test_a_station_that_was_given_up_keeps_its_figures(database: Database) -> None:
    filled(database, came=1)
    with database.begin() as store:
        given_up = update(stations).where(stations.c.id == "xingfu-station").values(ended_at=DECEMBER)
        store.connection.execute(given_up)
    assert only(report_for(database, "worker")).came == 1


def test_a_report_of_one_month_reads_that_month_alone(sqlite_database: Database) -> None:
    """Receptions by station or person, and time; their bookings by reception."""
    asked: list[tuple[str, Any]] = []
    event.listen(sqlite_database.engine, "before_cursor_execute", lambda *given: asked.append((given[2], given[3])))
    report_for(sqlite_database, "worker")
    counting = [(words, values) for words, values in asked if "bookings" in words]
    with sqlite_database.begin() as store:
        plans = [
            " ".join(row[-1] for row in store.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {words}", values))
            for words, values in counting
        ]
    assert [plan.split("INDEX ")[1].split()[0] for plan in plans] == [
        "ix_receptions_station_id_begins_at",
        "ix_receptions_person_id_begins_at",
    ]
    assert all("ix_bookings_reception_id" in plan and "SCAN receptions" not in plan for plan in plans)


# --- who ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("person", "whole", "own"),
    [
        ("worker", {"xingfu-station", "grid-2-station"}, set()),
        ("secretary", {"xingfu-station", "grid-2-station"}, set()),
        ("admin", {"xingfu-station", "grid-2-station"}, set()),
        ("street", {"xingfu-station", "grid-2-station", "heshun-station"}, set()),
        ("deputy", set(), {"xingfu-station"}),
        ("worker-2", {"xingfu-station", "grid-2-station"}, {"heshun-station"}),
    ],
)
def test_each_reads_about_their_stations(database: Database, person: str, whole: set[str], own: set[str]) -> None:
    with database.begin() as store:
        receive(store, FIRST + DAY)
        receive(store, FIRST + DAY, person_id="deputy-2", person_name="李委员")
        receive(store, FIRST + DAY, station_id="grid-2-station", person_id=None, person_name="宋雨")
        receive(store, FIRST + DAY, station_id="heshun-station", person_id="worker-2", person_name="周岚")
    found = report_for(database, person)
    assert {each.station.id for each in found if not each.own} == whole
    assert {each.station.id for each in found if each.own} == own
    assert all(len(each.by_person) == 1 for each in found if each.own)


def test_on_duty_but_not_in_this_month(database: Database) -> None:
    with database.begin() as store:
        receive(store, FIRST - 40 * DAY)
    assert report_for(database, "deputy") == ()


@pytest.mark.parametrize("person", ["resident-3-501", "gridhead-1", "volunteer-repair", "lawyer", "nobody"])
def test_others_read_nothing(database: Database, person: str) -> None:
    filled(database, came=6)
    with pytest.raises(Refused, match=r"rota\.staff_only"):
        report_for(database, person)


# --- in words -----------------------------------------------------------------------------------------------


def said(database: Database, person: str, typed: str, words: str = "") -> list[str]:
    incoming = Incoming("pipe", "pipe", "1", None, person, person, typed, NOW, NOW)
    message = Message(incoming, someone(person), None, typed, typed)
    with desk_of(database).transaction() as (_, community):
        return [worded(each) for each in figures(message, community, words)]


def worded(reply: Reply) -> str:
    return Texts(CHINA).render(reply.key, reply.values)


def test_a_station_is_told_in_full(database: Database) -> None:
    filled(database, came=15, missed=5, cancelled=5, held=5, lapsed=2)
    assert said(database, "worker", "11月站点报表") == [
        "幸福社区工作站,11月1日(周日)到11月30日(周一):接待1次,停0次。\n"
        "预约30人次:来了15人次,没来5人次,没记5人次。\n"
        "取消5人次(临时取消不足5人次),停接待取消不足5人次。",
        "到场率60%(15/25),有帮助不足5人次。\n转诉求不足5人次,候补没排上不足5人次。",
        "王代表:接待1次,停0次;预约30人次,到场60%(15/25),有帮助不足5人次",
    ]


def test_whoever_is_on_duty_is_told_of_their_own(database: Database) -> None:
    filled(database, came=20)
    with database.begin() as store:
        receive(store, FIRST + DAY, person_id="deputy-2", person_name="李委员")
    told = said(database, "deputy", "11月站点报表")
    assert told[0].startswith("幸福社区工作站王代表,11月1日(周日)到11月30日(周一):接待1次,停0次。")
    assert "到场率100%(20/20)" in told[1]
    assert len(told) == 2
    assert said(database, "deputy-2", "11月站点报表") == [
        "幸福社区工作站李委员,11月1日(周日)到11月30日(周一):接待1次,停0次。\n预约不足5人次,不细说。"
    ]


@pytest.mark.parametrize("came", range(5))
def test_fewer_than_five_all_sound_alike(database: Database, came: int) -> None:
    filled(database, came=came, missed=8)
    told = "\n".join(said(database, "worker", "11月站点报表"))
    assert "来了不足5人次" in told
    assert "到场率不足5人次" in told
    assert "到场不足5人次" in told
    filled_few = "\n".join(said(database, "worker", "10月站点报表"))
    assert filled_few == "10月1日(周四)到10月31日(周六):没有接待。"


@pytest.mark.parametrize("booked", range(5))
def test_of_fewer_than_five_bookings_nothing_is_told(database: Database, booked: int) -> None:
    filled(database, came=booked)
    assert said(database, "worker", "11月站点报表") == [
        "幸福社区工作站,11月1日(周日)到11月30日(周一):接待1次,停0次。\n预约不足5人次,不细说。",
        "王代表:接待1次,停0次;预约不足5人次",
    ]


def test_no_message_has_more_than_three_lines(database: Database) -> None:
    with database.begin() as store:
        for number in range(8):
            receive(store, FIRST + DAY, person_id=None, person_name=f"代表{number}")
    told = said(database, "worker", "站点报表", "11月")
    assert all(words.count("\n") < 3 for words in told)
    assert sum(words.count("代表") for words in told) == 8


def test_of_many_stations_each_has_a_line_until_one_is_named(database: Database) -> None:
    insert_station = text(
        "INSERT INTO stations (id, node_id, name, address, hours) VALUES (:id, 'xingfu', :id, '', '')"
    )
    with database.begin() as store:
        for name in ("东门站", "西门站", "南门站", "北门站"):
            store.connection.execute(insert_station, {"id": name})
            receive(store, FIRST + DAY, station_id=name)
    told = said(database, "worker", "站点报表 11月", "11月")
    assert told[0].startswith("11月1日(周日)到11月30日(周一),4个站点:")
    assert sorted("\n".join(told[1:]).split("\n")) == sorted(
        f"{name}站:接待1次,停0次;预约不足5人次" for name in ("东门", "西门", "南门", "北门")
    )
    of_one = said(database, "worker", "站点报表 南门 11月", "南门 11月")
    assert [words.split("门")[0] for words in of_one] == ["南", "王代表:接待1次,停0次;预约不足5人次"]
    assert said(database, "worker", "站点报表 南门站", "南门站") == ["12月1日(周二)到12月5日(周六):没有接待。"]


@pytest.mark.parametrize(
    ("words", "why"), [("香蕉", "which_days"), ("明年3月", "days_not_yet"), ("幸福 下周", "days_not_yet")]
)
def test_which_days_are_refused(database: Database, words: str, why: str) -> None:
    with pytest.raises(Refused, match=rf"booking_figures\.{why}"):
        said(database, "worker", f"站点报表 {words}", words)
