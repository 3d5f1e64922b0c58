"""Two months of the demo's three stations, replayed: everything that happens by itself, at its minute.

What must have been said is worked out here anew: the days by hand from the official calendar of 2026, the rest from the
bookings' logs alone.
"""

import asyncio
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
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
from community.bookings.steps import Step
from community.parts.figures import Period, Rate
from community.rules import CHINA, Rules
from handlers.periods import in_days
from handlers.speaking.texts import load
from storage.tables import BookingState as State
from storage.tables import (
    ReceptionState,
    Role,
    Urgency,
    booking_events,
    bookings,
    grievances,
    inbox,
    outbox,
    people,
    receptions,
)
from tests.conftest import LONG_AGO, XINGFU
from tests.dialogue import without_series
from tests.keys import KEYS

SCRIPT = XINGFU.with_name("stations.jsonl")
GROUP = "天天向善"
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)

STATIONS = {
    "xingfu-station": "幸福社区工作站",
    "grid-2-station": "第二网格服务点",
    "heshun-station": "和顺街道工作站",
}
WORKERS = {
    "xingfu-station": {"worker", "worker-2"},
    "grid-2-station": {"worker", "worker-2"},
    "heshun-station": {"street"},
}

# The Mid-Autumn Festival is off on Friday 25 September, the National Day from Thursday 1 to Wednesday 7 October;
# Sunday 20 September and Saturday 10 October are worked for it. These are all days up to the last that is announced.
ROTA = (
    # each 10th and 20th: a Sunday and a Saturday that are worked, then a Tuesday each
    ("xingfu-station", "人大代表", "韩雪梅", (9, 11), 6, ("9-20", "10-10", "10-20", "11-10")),
    # Wednesdays: 7 October moves to Thursday the 8th
    (
        "xingfu-station",
        "政协委员",
        "沈光明",
        (14, 16),
        6,
        ("9-16", "9-23", "9-30", "10-8", "10-14", "10-21", "10-28", "11-4", "11-11"),
    ),
    # first Saturdays: 3 October moves to the 8th
    ("xingfu-station", "律师", "何正平", (9, 11), 4, ("10-8", "11-7")),
    # each 15th: 15 November is a Sunday
    ("xingfu-station", "书记", "黄卫东", (9, 11), 6, ("9-15", "10-15", "11-16")),
    # Fridays: 25 September moves over the weekend to the 28th, 2 October to the 8th
    (
        "grid-2-station",
        "社工",
        "宋雨",
        (14, 17),
        6,
        ("9-18", "9-28", "10-8", "10-9", "10-16", "10-23", "10-30", "11-6", "11-13"),
    ),
    # Tuesdays and Thursdays: 1 and 6 October fall together with the 8th
    (
        "heshun-station",
        "调解员",
        "方静",
        (9, 11),
        6,
        (
            *("9-15", "9-17", "9-22", "9-24", "9-29", "10-8", "10-13", "10-15", "10-20", "10-22", "10-27", "10-29"),
            *("11-3", "11-5", "11-10", "11-12"),
        ),
    ),
    # added by staff: Thursdays from 24 September, 1 October falls together with the 8th; and a single date
    (
        "xingfu-station",
        "党代表",
        "梁玉珍",
        (14, 16),
        3,
        ("9-24", "10-8", "10-15", "10-22", "10-29", "11-5", "11-12"),
    ),
    ("xingfu-station", "律师", "何正平", (14, 16), 2, ("11-2",)),
)
CLOSED = {("xingfu-station", "韩雪梅", date(2026, 10, 20)), ("grid-2-station", "宋雨", date(2026, 10, 23))}
"""One is absent, one station is closed for the day."""

SWAPPED = {("xingfu-station", "沈光明", date(2026, 9, 30)): ("人大代表", "韩雪梅")}
"""Two days before: it was announced with the first and listed for the second."""

ADDED_LATE = {
    ("xingfu-station", "梁玉珍", date(2026, 9, 24)): datetime(2026, 9, 22, 10, 5, tzinfo=CHINA),
    ("xingfu-station", "何正平", date(2026, 11, 2)): datetime(2026, 10, 31, 10, 5, tzinfo=CHINA),
}
"""Less than three days before: announced at once."""

LEADS_TO = {
    Step.BOOK: State.HELD,
    Step.WAIT: State.WAITING,
    Step.OFFER: State.OFFERED,
    Step.ACCEPT: State.HELD,
    Step.DECLINE: State.CANCELLED,
    Step.LAPSE: State.LAPSED,
    Step.MOVE: State.MOVED,
    Step.CANCEL: State.CANCELLED,
    Step.CLOSE: State.CLOSED,
    Step.CHECK_IN: State.CAME,
    Step.MISS: State.MISSED,
    Step.RECORD: State.CAME,
    Step.TO_GRIEVANCE: State.CAME,
}
HAS_PLACE = {State.OFFERED, State.HELD, State.CAME, State.MISSED}
REPORTED = (
    (datetime(2026, 9, 30, 19, 5, tzinfo=CHINA), "worker", Period(date(2026, 9, 1), date(2026, 9, 30))),
    (datetime(2026, 10, 31, 19, 5, tzinfo=CHINA), "worker", Period(date(2026, 10, 1), date(2026, 10, 31))),
    (datetime(2026, 10, 31, 20, 5, tzinfo=CHINA), "street", Period(date(2026, 10, 1), date(2026, 10, 31))),
    (datetime(2026, 11, 13, 19, 5, tzinfo=CHINA), "worker", Period(date(2026, 9, 1), date(2026, 9, 30))),
    (datetime(2026, 11, 13, 19, 5, tzinfo=CHINA), "worker", Period(date(2026, 10, 1), date(2026, 10, 31))),
    (datetime(2026, 11, 13, 20, 5, tzinfo=CHINA), "street", Period(date(2026, 11, 1), date(2026, 11, 13))),
)
"""When 站点报表 was asked for, by whom, and for which days."""

OF_WHOM = {"worker": ("grid-2-station", "xingfu-station"), "street": tuple(STATIONS)}


@dataclass(frozen=True, slots=True)
class Reception:
    """A reception as the rota and the calendar have it."""

    station: str
    kind: str
    name: str
    begins: datetime
    ends: datetime
    places: int

    @property
    def key(self) -> tuple[str, str, date]:
        return self.station, self.name, self.begins.date()

    @property
    def hours(self) -> str:
        return f"{said_day(self.begins)}{self.begins:%H:%M}–{self.ends:%H:%M}"


def receives(reception: Reception) -> tuple[str, str]:
    """Who was there in the end."""
    return SWAPPED.get(reception.key, (reception.kind, reception.name))


def said_day(moment: datetime) -> str:
    """12月9日(周三)."""
    return f"{moment.month}月{moment.day}日(周{'一二三四五六日'[moment.weekday()]})"


def _planned() -> list[Reception]:
    found = []
    for station, kind, name, (begin, end), places, days in ROTA:
        for month, day in (each.split("-") for each in days):
            midnight = datetime(2026, int(month), int(day), tzinfo=CHINA)
            found.append(Reception(station, kind, name, midnight + begin * HOUR, midnight + end * HOUR, places))
    return found


PLANNED = _planned()


@dataclass(slots=True)
class Months:
    """What became of the script: what was said, and what stands in the tables."""

    desk: Desk
    begin: datetime
    end: datetime
    said: list[dict[str, Any]] = field(default_factory=list)
    logged: Sequence[Mapping[str, Any]] = ()
    bad: int = 0
    bookings: Mapping[int, Row[Any]] = field(default_factory=dict)
    receptions: Mapping[int, Row[Any]] = field(default_factory=dict)
    events: Mapping[int, list[Row[Any]]] = field(default_factory=dict)
    outbox: Sequence[Row[Any]] = ()

    def rows(self, table: Table) -> list[Row[Any]]:
        """Everything in a table, in the order in which it came."""
        with self.desk.transaction() as (store, _):
            return list(store.connection.execute(select(table).order_by(*table.primary_key)).all())

    def read(self) -> None:
        """What the tests look at."""
        self.bookings = {row.id: row for row in self.rows(bookings)}
        self.receptions = {row.id: row for row in self.rows(receptions)}
        self.outbox = self.rows(outbox)
        events = defaultdict(list)
        for row in self.rows(booking_events):
            events[row.booking_id].append(row)
        self.events = events

    def state(self, booking_id: int, moment: datetime) -> State | None:
        """Where a booking stood just before a moment, as its log alone has it. None: there was none yet."""
        steps = [Step(event.step) for event in self.events[booking_id] if event.at < moment]
        return next((LEADS_TO[step] for step in reversed(steps) if step in LEADS_TO), None)

    def row_of(self, reception: Reception) -> Row[Any]:
        """The row of a reception."""
        (found,) = (
            row
            for row in self.receptions.values()
            if (row.station_id, row.begins_at) == (reception.station, reception.begins)
            and row.person_name == receives(reception)[1]
        )
        return found

    def of(self, reception: Reception) -> list[Row[Any]]:
        """Everything that was ever booked there."""
        identity = self.row_of(reception).id
        return [each for each in self.bookings.values() if each.reception_id == identity]

    def with_place(self, reception: Reception, moment: datetime) -> list[Row[Any]]:
        """Those who had a place there, or were offered one, at a moment."""
        return [each for each in self.of(reception) if self.state(each.id, moment) in HAS_PLACE]

    def told(self, key: str, **known: str) -> list[tuple[Row[Any], re.Match[str]]]:
        """Messages that are this text; its other values are what was found."""
        wanted = shape(load()[key], known)
        found = ((row, wanted.fullmatch(row.text)) for row in self.outbox)
        return [(row, match) for row, match in found if match]

    def of_itself(self, key: str, **known: str) -> list[tuple[Row[Any], re.Match[str]]]:
        """The same, of what the bot said without having been spoken to."""
        return [(row, match) for row, match in self.told(key, **known) if row.urgency == Urgency.REMINDER]


def shape(template: str, known: Mapping[str, str]) -> re.Pattern[str]:
    """What texts that are made of a template look like."""
    parts = re.split(r"\{(\w+)[^}]*\}", template.rstrip("\n"))
    seen: set[str] = set()
    pattern = ""
    for order, part in enumerate(parts):
        if order % 2 == 0:
            pattern += re.escape(part)
        elif part in known:
            pattern += re.escape(known[part])
        else:
            value = "(?s:.*)" if part == "lines" else ".*?"
            pattern += f"(?P={part})" if part in seen else f"(?P<{part}>{value})"
            seen.add(part)
    return re.compile(pattern)


@pytest.fixture(scope="module")
def months(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Months]:
    """The whole script through the whole program, in SQLite."""
    database = open_database("sqlite://", KEYS, XINGFU, LONG_AGO)
    without_series(database)
    desk = Desk(database, Rules(), {pipe.NAME: pipe.NAME}, JOBS)
    lines = SCRIPT.read_text(encoding="utf-8").splitlines()
    begin, end = (datetime.fromisoformat(json.loads(lines[number])["at"]) for number in (0, -1))
    played = Months(desk, begin, end)
    photos = Photos(tmp_path_factory.mktemp("photos"))
    simulation = Simulation(desk, photos, Ledger(pipe.NAME, pipe.NAME, None), played.said.append)
    with capture_logs() as logged:
        played.bad = asyncio.run(simulation.run(enumerate(lines, start=1)))
    played.logged = logged
    played.read()
    yield played
    database.close()


# --- the script -------------------------------------------------------------------------------------------------


def test_the_script_is_in_order_and_nothing_went_wrong(months: Months) -> None:
    moments = [json.loads(line)["at"] for line in SCRIPT.read_text(encoding="utf-8").splitlines()]
    assert moments == sorted(moments)
    assert months.begin < datetime(2026, 9, 14, 9, tzinfo=CHINA)
    assert months.bad == 0
    assert not [row.text for row in months.rows(inbox) if row.error is not None or row.handled_at is None]
    assert not [each for each in months.logged if each["log_level"] in ("error", "critical")]


def test_enough_happens(months: Months) -> None:
    """Otherwise the rest proves little."""
    steps = Counter(Step(event.step) for events in months.events.values() for event in events)
    assert set(Step) - {Step.TOO_LATE} == set(steps), "the program was never off"
    assert {each.state for each in months.bookings.values()} >= {State.HELD, State.CAME, State.MISSED, State.CANCELLED}
    assert {each.helped for each in months.bookings.values()} == {None, 1, 2, 3}
    assert any(each.late for each in months.bookings.values())
    assert any(each.reason for each in months.bookings.values())
    said = [json.loads(line) for line in SCRIPT.read_text(encoding="utf-8").splitlines()]
    assert 100 <= sum(line.get("from", "").startswith("jumin") for line in said) <= 300


def test_everybody_is_understood(months: Months) -> None:
    """They say what the bot told them to say, and what people say at a counter."""
    assert not [row.person_id for row in months.outbox if row.text.startswith("没太明白")]
    assert not [row.person_id for row in months.outbox if row.urgency == Urgency.ALARM or "120" in row.text]


def test_each_place_is_said_back_once(months: Months) -> None:
    """Not again in place of an answer to what they said it was about."""
    said = Counter(match["code"] for key in ("bookings.booked", "bookings.moved") for _, match in months.told(key))
    got = Counter(code(identity) for step in (Step.BOOK, Step.ACCEPT) for identity, _ in _all(months, step))
    assert said == got


def test_whoever_calls_while_somebody_is_there_finds_them(months: Months) -> None:
    """Also at the street, which looks after three stations at the same hour."""
    assert not [row.person_id for row, _ in months.told("bookings.nobody_there")]
    assert len(_all(months, Step.CALL)) > 10


def test_who_books_for_a_parent_books_for_a_parent(months: Months) -> None:
    asked = [row.text for row in months.rows(inbox) if re.match("[替帮]我[妈爸]约", row.text)]
    assert len([each for each in months.bookings.values() if each.for_whom]) >= len(asked) > 0


def test_only_those_on_duty_make_grievances_of_talks(months: Months) -> None:
    """What somebody said in confidence after a booking went nowhere else."""
    assert len(months.rows(grievances)) == len(_all(months, Step.TO_GRIEVANCE))


# --- the rota ---------------------------------------------------------------------------------------------------


def test_every_reception_is_on_its_day(months: Months) -> None:
    last = max(each.begins for each in PLANNED)
    there = Counter(
        (row.station_id, row.person_name, row.begins_at.astimezone(CHINA), row.ends_at.astimezone(CHINA), row.places)
        for row in months.receptions.values()
        if row.begins_at <= last
    )
    wanted = Counter((each.station, receives(each)[1], each.begins, each.ends, each.places) for each in PLANNED)
    assert there == wanted


def test_a_reception_is_closed_only_where_staff_closed_it(months: Months) -> None:
    closed = {each.key for each in PLANNED if months.row_of(each).state == ReceptionState.CLOSED}
    over = {each.key for each in PLANNED if months.row_of(each).state == ReceptionState.OVER}
    assert closed == CLOSED
    assert over == {each.key for each in PLANNED if each.ends <= months.end} - CLOSED


def test_each_is_announced_once_three_days_before_with_what_is_left(months: Months) -> None:
    wanted = Counter(
        (STATIONS[each.station], _line(each, months, moment), moment)
        for each in PLANNED
        if (moment := _announced_at(each)) is not None and months.begin < moment <= months.end
    )
    heard = Counter(
        (match["station"], line, row.sent_at.astimezone(CHINA).replace(second=0))
        for row, match in months.told("rota.announced")
        if row.group_external_id == GROUP
        for line in match["lines"].splitlines()
    )
    assert heard == wanted
    assert all(row.group_external_id == GROUP for row, _ in months.told("rota.announced"))


def _announced_at(reception: Reception) -> datetime | None:
    """Three days before at nine, unless it was closed by then."""
    if reception.key in ADDED_LATE:
        return ADDED_LATE[reception.key]
    moment = at(reception.begins - 3 * DAY, time(9))
    return None if reception.key == ("xingfu-station", "韩雪梅", date(2026, 10, 20)) else moment


def _line(reception: Reception, months: Months, moment: datetime) -> str:
    left = reception.places - len(months.with_place(reception, moment))
    waiting = sum(months.state(each.id, moment) is State.WAITING for each in months.of(reception))
    words = load()["bookings.left"].format(left=left) if left else load()["bookings.full"].format(waiting=waiting)
    return load()["rota.line"].format(hours=reception.hours, who=reception.kind + reception.name, left=words)


def test_what_is_timed_goes_out_at_its_second(months: Months) -> None:
    """Announcements at nine, reminders at six and so on: neither before nor a second after."""
    keys = ("bookings.reminder", "bookings.duty_list", "bookings.duty_list_empty", "bookings.ask_helped")
    timed = [row for key in keys for row, _ in months.of_itself(key)]
    announced = [row for row, _ in months.told("rota.announced") if row.sent_at.astimezone(CHINA).time() < time(10)]
    assert all(row.sent_at == row.created_at for row in (*timed, *announced))
    assert all(row.sent_at.second == 0 for row in (*timed, *announced))
    assert len(timed) > 100


# --- reminders, lists and the question afterwards ---------------------------------------------------------------


def test_each_held_booking_is_reminded_of_twice_and_no_other_ever(months: Months) -> None:
    wanted = Counter(
        (each.resident_id, code(each.id), moment)
        for each in months.bookings.values()
        for moment in _reminders(each.starts_at)
        if moment <= months.end and months.state(each.id, moment) is State.HELD
    )
    logged = Counter(
        (months.bookings[identity].resident_id, code(identity), event.at.astimezone(CHINA))
        for identity, event in _all(months, Step.REMIND)
    )
    heard = Counter(
        (row.person_id, match["code"], row.sent_at.astimezone(CHINA))
        for row, match in months.of_itself("bookings.reminder")
    )
    assert heard == wanted
    assert logged == wanted
    assert {moment.time() for _, _, moment in wanted} >= {time(8), time(12), time(18)}


def _reminders(starts_at: datetime) -> Iterator[datetime]:
    """The evening before; two hours before, or at eight where it is still quiet then."""
    yield at(starts_at - DAY, time(18))
    before = (starts_at - 2 * HOUR).astimezone(CHINA)
    yield max(before, at(before, time(8)))


def test_who_is_on_duty_has_the_list_in_the_evening_and_in_the_morning(months: Months) -> None:
    wanted: Counter[tuple[str, str, frozenset[str], datetime]] = Counter()
    for each in PLANNED:
        row = months.row_of(each)
        hours, name = each.hours, "".join(receives(each))
        tell = {row.person_id} if row.person_id else WORKERS[each.station]
        for moment in (at(each.begins - DAY, time(18, 30)), at(each.begins, time(8))):
            codes = frozenset(code(booking.id) for booking in months.with_place(each, moment))
            is_evening = moment.time() > time(12)
            is_due = months.begin < moment <= months.end and each.key not in CLOSED
            if is_due and (codes or (is_evening and row.person_id)):
                wanted.update((person, f"{hours} {name}", codes, moment) for person in tell)
    heard = Counter(
        (
            row.person_id,
            f"{match['hours']} {match['who']}",
            frozenset(codes_in(row.text)),
            row.sent_at.astimezone(CHINA),
        )
        for key in ("bookings.duty_list", "bookings.duty_list_empty")
        for row, match in months.of_itself(key)
    )
    assert heard == wanted


def test_whoever_came_is_asked_once_on_the_next_day_at_ten(months: Months) -> None:
    wanted = Counter(
        (each.resident_id, moment)
        for each in months.bookings.values()
        if (moment := at(each.starts_at + DAY, time(10))) <= months.end and months.state(each.id, moment) is State.CAME
    )
    asked = months.of_itself("bookings.ask_helped")
    heard = Counter((row.person_id, row.sent_at.astimezone(CHINA)) for row, _ in asked)
    assert heard == wanted
    logged = Counter(identity for identity, _ in _all(months, Step.ASK_HELPED))
    assert set(logged.values()) == {1}


def test_whether_it_helped_is_asked_once_in_all(months: Months) -> None:
    """Not again days later because they have answered something else: it is not about yesterday any more then."""
    asked = Counter(row.person_id for row, _ in months.told("bookings.ask_helped"))
    logged = Counter(months.bookings[identity].resident_id for identity, _ in _all(months, Step.ASK_HELPED))
    assert asked == logged


# --- places -----------------------------------------------------------------------------------------------------


def test_a_place_is_one_persons_at_a_time(months: Months) -> None:
    """Whether they hold it or it is kept for them."""
    kept = defaultdict(list)
    for identity, booking in months.bookings.items():
        if booking.place is not None:
            kept[booking.reception_id, booking.place].append(_kept(months.events[identity]))
    for spans in kept.values():
        spans.sort()
        assert all(earlier[1] <= later[0] for earlier, later in pairwise(spans)), spans
    assert max(len(spans) for spans in kept.values()) >= 3


def _kept(events: Iterable[Row[Any]]) -> tuple[datetime, datetime]:
    """From when to when a booking kept its place."""
    states = [(event.at, LEADS_TO[Step(event.step)]) for event in events if Step(event.step) in LEADS_TO]
    since = next(moment for moment, state in states if state in HAS_PLACE)
    return since, states[-1][0] if states[-1][1] not in HAS_PLACE else datetime.max.replace(tzinfo=CHINA)


def test_a_free_place_goes_to_whoever_waited_longest(months: Months) -> None:
    for identity, event in _all(months, Step.OFFER):
        booking = months.bookings[identity]
        for other in months.bookings.values():
            if other.reception_id == booking.reception_id and other.booked_at < booking.booked_at:
                assert months.state(other.id, event.at) is not State.WAITING, (identity, other.id)


def test_an_offer_stands_for_two_waking_hours(months: Months) -> None:
    ends = Counter[Step]()
    for identity, event in _all(months, Step.OFFER):
        booking = months.bookings[identity]
        until = min(waking_hours_after(event.at, 2 * HOUR), months.receptions[booking.reception_id].begins_at)
        after = next(each for each in months.events[identity] if each.id > event.id and Step(each.step) in LEADS_TO)
        assert after.at <= until, code(identity)
        assert (after.at == until) == (after.step == Step.LAPSE), code(identity)
        local = until.astimezone(CHINA)
        told = months.of_itself("bookings.offer", code=code(identity), until=f"{said_day(local)}{local:%H:%M}")
        assert [row.person_id for row, _ in told] == [booking.resident_id]
        ends[Step(after.step)] += 1
    assert {Step.ACCEPT, Step.DECLINE, Step.LAPSE} <= set(ends)


def test_some_offer_lasts_over_night(months: Months) -> None:
    spans = [waking_hours_after(event.at, 2 * HOUR) - event.at for _, event in _all(months, Step.OFFER)]
    assert min(spans) == 2 * HOUR
    assert max(spans) == 13 * HOUR


def waking_hours_after(moment: datetime, span: timedelta) -> datetime:
    """So long after, leaving out the time from nine in the evening to eight in the morning."""
    local = max(moment.astimezone(CHINA), at(moment, time(8)))
    evening = at(moment, time(21))
    if local + span <= evening:
        return local + span
    rest = span - max(evening - local, timedelta())
    return at(moment + DAY, time(8)) + rest


def _all(months: Months, step: Step) -> list[tuple[int, Row[Any]]]:
    """Each event of a kind, with its booking."""
    return [(event.booking_id, event) for events in months.events.values() for event in events if event.step == step]


def test_whoever_lost_their_reception_heard_of_it_at_once(months: Months) -> None:
    closed = {(months.bookings[identity].resident_id, event.at) for identity, event in _all(months, Step.CLOSE)}
    told = {
        (row.person_id, row.sent_at)
        for key in ("bookings.closed", "bookings.closed_for_good")
        for row, _ in months.told(key)
    }
    assert told == closed
    assert len(closed) >= 4


# --- what nobody may read ---------------------------------------------------------------------------------------


def test_a_group_learns_nothing_about_anybody(months: Months) -> None:
    told = [line["text"] for line in months.said if line.get("group")]
    staff = {holder.name for holder in months.desk.tree.roles if holder.role not in (Role.RESIDENT, Role.VOLUNTEER)}
    names = {row.name for row in months.rows(people)} - staff
    private = {words for each in months.bookings.values() for words in (each.reason, each.record) if len(words) > 4}
    assert len(told) > 30
    assert len(private) > 8
    for words in told:
        assert not [name for name in names if name in words], words
        assert not [each for each in private if each in words], words
        assert not codes_in(words), words


def test_a_reason_is_read_by_whoever_receives_and_nobody_else(months: Months) -> None:
    """But for those who said it."""
    may: defaultdict[str, set[str | None]] = defaultdict(set)
    for each in months.bookings.values():
        may[each.reason] |= {each.resident_id, months.receptions[each.reception_id].person_id}
    for reason, readers in may.items():
        if len(reason) > 4:
            assert {row.person_id for row in months.outbox if reason in row.text} <= readers, reason


# --- figures ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "who", "period"), REPORTED, ids=[f"{each[1]}-{each[0]:%m%d%H}" for each in REPORTED]
)
def test_the_reports_say_what_the_log_tells(months: Months, moment: datetime, who: str, period: Period) -> None:
    answered = [
        row.text
        for row in months.outbox
        if row.person_id == who
        and MINUTE > row.created_at - moment >= timedelta()
        and in_days(period, moment) in row.text
    ]
    told = [row.text for row in months.outbox if row.person_id == who and abs(row.created_at - moment) < MINUTE]
    assert len(answered) == len(OF_WHOM[who])
    for station in OF_WHOM[who]:
        counts = _counts(months, station, period, moment + MINUTE)
        assert {text.rstrip("\n") for text in _report(station, counts, in_days(period, moment))} <= set(told), station


@pytest.mark.parametrize("period", [REPORTED[3][2], REPORTED[4][2], REPORTED[5][2]], ids=["9", "10", "11"])
def test_the_figures_add_up_with_the_log(months: Months, period: Period) -> None:
    with months.desk.transaction() as (_, community):
        person = community.people.by_id("street")
        assert person is not None
        report = community.bookings.figures.report(person, period, months.end)
    assert {each.station.id for each in report} == set(STATIONS)
    for each in report:
        counts = _counts(months, each.station.id, period, months.end)
        assert {name: getattr(each.total, name) for name in counts} == counts, each.station.id
        for name in counts:
            assert sum(getattr(row.counts, name) for row in each.by_person) == counts[name], (each.station.id, name)


def _counts(months: Months, station: str, period: Period, moment: datetime) -> dict[str, int]:
    """The figures of a station at a moment, from nothing but receptions and events."""
    here = [
        row
        for row in months.receptions.values()
        if row.station_id == station and period.begin(CHINA) <= row.begins_at < period.end(CHINA)
    ]
    closed = {row.id for row in here if row.state == ReceptionState.CLOSED and row.changed_at < moment}
    counted = {row.id for row in here if row.begins_at <= moment} | closed
    found = Counter({"held": len(counted - closed), "closed": len(closed)})
    for booking in months.bookings.values():
        if booking.reception_id in counted:
            found.update(_counted(months, booking, moment))
    names = ("held", "closed", "booked", "came", "missed", "unmarked", "cancelled", "late", "called_off")
    return {name: found[name] for name in (*names, "waited_in_vain", "grievances", "answered", "helped")}


def _counted(months: Months, booking: Row[Any], moment: datetime) -> Iterator[str]:
    """What a booking counts as."""
    events = [event for event in months.events[booking.id] if event.at < moment]
    state, steps = months.state(booking.id, moment), {Step(event.step) for event in events}
    was_held = bool(steps & {Step.BOOK, Step.ACCEPT})
    if state is State.LAPSED and Step.OFFER not in steps:
        yield "waited_in_vain"
    if not was_held or state in (State.MOVED, State.LAPSED):
        return
    yield "booked"
    kinds = {State.CAME: "came", State.MISSED: "missed", State.CANCELLED: "cancelled", State.CLOSED: "called_off"}
    if state in kinds:
        yield kinds[state]
    elif months.receptions[booking.reception_id].ends_at <= moment:
        yield "unmarked"
    if any(event.step == Step.CANCEL and booking.starts_at - event.at < 2 * HOUR for event in events):
        yield "late"
    if Step.TO_GRIEVANCE in steps:
        yield "grievances"
    marks = [event.note for event in events if event.step == Step.HELPED]
    if marks:
        yield "answered"
        if marks[-1] == "1":
            yield "helped"


def _report(station: str, counts: Mapping[str, int], days: str) -> Iterator[str]:
    """What is said of a station: nothing of fewer than five."""
    shown = {name: f"{count}人次" if count >= 5 else "不足5人次" for name, count in counts.items()}
    known = {"name": STATIONS[station], "days": days, "held": counts["held"], "closed": counts["closed"]}
    if counts["booked"] < 5:
        yield load()["booking_figures.too_few"].format(**known)
        return
    expected = counts["came"] + counts["missed"] + counts["unmarked"]
    attendance, help_ = Rate(counts["came"], expected), Rate(counts["helped"], counts["answered"])
    yield load()["booking_figures.total"].format(**shown | known)
    yield load()["booking_figures.outcomes"].format(
        attendance=attendance if counts["came"] >= 5 else shown["came"],
        help=help_ if counts["helped"] >= 5 else shown["helped"],
        grievances=shown["grievances"],
        waited=shown["waited_in_vain"],
    )


# --- words ------------------------------------------------------------------------------------------------------


def at(day: datetime, hour: time) -> datetime:
    """An hour of a day, here."""
    return datetime.combine(day.astimezone(CHINA).date(), hour, CHINA)


def code(booking_id: int) -> str:
    """What people call a booking."""
    return f"B{booking_id:03}"


def codes_in(text: str) -> list[str]:
    """The bookings that are named."""
    return re.findall(r"B\d{3,}", text)


def test_the_script_is_small() -> None:
    assert SCRIPT.stat().st_size < 100_000
    assert SCRIPT.with_name("make_stations.py").exists()
