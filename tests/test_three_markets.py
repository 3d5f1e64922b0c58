"""Three months of the demo's markets, replayed: a hundred helpers in March, rain in April, and the figures add up.

What must be so is worked out here anew: from the logs of the sign-ups alone, from what the leader said, and from the
numbers in what the bot said.
"""

import asyncio
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
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
from community.market.steps import Step
from community.rules import CHINA, Rules
from handlers.speaking.amounts import in_hours
from handlers.speaking.names import masked
from handlers.speaking.texts import load
from storage.tables import (
    EventState,
    SignUpPart,
    SignUpState,
    Urgency,
    certificates,
    chains,
    events,
    hours,
    inbox,
    outbox,
    people,
    quiz_prizes,
    sign_up_events,
    sign_ups,
    stalls,
    volunteers,
)
from tests.conftest import LONG_AGO, XINGFU
from tests.dialogue import known_codes, with_bank
from tests.keys import KEYS
from tests.test_two_months import shape

SCRIPT = XINGFU.with_name("market.jsonl")
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
HELD_ON = (date(2027, 3, 6), date(2027, 4, 10), date(2027, 5, 2))
RAIN = datetime(2027, 4, 2, 14, 20, tzinfo=CHINA)
NEW_DATE = datetime(2027, 4, 4, 10, 5, tzinfo=CHINA)
GROUPS = {"天天向善", "志愿者之家"}

LEADS_TO = {
    Step.SIGN_UP: SignUpState.HELD,
    Step.WAIT: SignUpState.WAITING,
    Step.OFFER: SignUpState.OFFERED,
    Step.ACCEPT: SignUpState.HELD,
    Step.DECLINE: SignUpState.CANCELLED,
    Step.LAPSE: SignUpState.LAPSED,
    Step.LEAVE: SignUpState.CANCELLED,
    Step.SWITCH: SignUpState.CANCELLED,
    Step.CLOSE: SignUpState.CANCELLED,
    Step.CHECK_IN: SignUpState.CAME,
    Step.CHECK_OUT: SignUpState.LEFT,
    Step.MISS: SignUpState.MISSED,
}
THERE = {SignUpState.CAME, SignUpState.LEFT}
HAD_PLACE = {SignUpState.HELD, SignUpState.MISSED} | THERE
HAS_PLACE = HAD_PLACE | {SignUpState.OFFERED}
STILL_OPEN = {SignUpState.WAITING, SignUpState.OFFERED, SignUpState.HELD}

STALLS = re.compile(r"(?P<stall>[^\d、。:]+)(?P<helpers>\d+)人(?:、(?P<visitors>\d+)个号)?")
"""In a draft: 量血压4人、40个号、修家电5人."""

ROLLING = re.compile(r"(?m)^(?:雷锋集市|清洁日)(?P<month>\d+)月(?P<day>\d+)日\(周.\):(?P<line>\S*\d/\d.*)。$")
"""雷锋集市3月6日(周六):量血压4/4候补1,修家电3/5。已取号:量血压7/40。"""


CORRECTED = re.compile(
    r"(?P<name>.+?)(?:在雷锋集市)?(?P<way>[加减])了(?P<amount>.+?),现在共(?P<total>.+?)。已告诉本人。"
)
"""王芳在雷锋集市加了0.5小时,现在共2小时。已告诉本人。"""


@dataclass(frozen=True, slots=True)
class Report:
    """A report as it was sent: to a group, or to somebody alone."""

    text: str
    group: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Figures:
    """The numbers of a report, of one event or of many; `stalls`: came and signed up, of helpers and visitors."""

    helpers: tuple[int, ...]
    visitors: tuple[int, ...]
    hours: str
    new: int
    thanked: int
    waited: int
    stalls: Mapping[str, tuple[int, ...]]


@dataclass(slots=True)
class Months:
    """What became of the script: what was said, and what stands in the tables."""

    desk: Desk
    begin: datetime
    end: datetime
    said: list[dict[str, Any]] = field(default_factory=list)
    logged: Sequence[Mapping[str, Any]] = ()
    bad: int = 0
    outbox: Sequence[Row[Any]] = ()
    inbox: Sequence[Row[Any]] = ()
    events: Mapping[int, Row[Any]] = field(default_factory=dict)
    stalls: Mapping[int, Row[Any]] = field(default_factory=dict)
    sign_ups: Mapping[int, Row[Any]] = field(default_factory=dict)
    log: Mapping[int, list[Row[Any]]] = field(default_factory=dict)
    hours: Sequence[Row[Any]] = ()
    names: Mapping[str, str] = field(default_factory=dict)

    def rows(self, table: Table) -> list[Row[Any]]:
        """Everything in a table, in the order in which it came."""
        with self.desk.transaction() as (store, _):
            return list(store.connection.execute(select(table).order_by(*table.primary_key)).all())

    def read(self) -> None:
        """What the tests look at."""
        self.outbox, self.inbox, self.hours = self.rows(outbox), self.rows(inbox), self.rows(hours)
        self.events = {row.id: row for row in self.rows(events)}
        self.stalls = {row.id: row for row in self.rows(stalls)}
        self.sign_ups = {row.id: row for row in self.rows(sign_ups)}
        self.names = {row.id: row.name for row in self.rows(people)}
        log = defaultdict(list)
        for row in self.rows(sign_up_events):
            log[row.sign_up_id].append(row)
        self.log = log

    @property
    def reports(self) -> list[Report]:
        """What was answered to 集市统计, its parts put together as they are sent."""
        parts: dict[tuple[datetime, str | None, str | None], list[str]] = defaultdict(list)
        for row in self.outbox:
            parts[row.created_at, row.group_external_id, row.person_id].append(row.text)
        whole = [Report("\n".join(texts), group, at) for (at, group, _), texts in parts.items()]
        return [each for each in whole if "志愿者报名" in each.text]

    @property
    def markets(self) -> list[Row[Any]]:
        """The markets that took place, in their order."""
        found = [row for row in self.events.values() if row.state == EventState.OVER]
        return sorted(found, key=lambda row: row.begins_at)

    def of(self, event: Row[Any], part: SignUpPart | None = None) -> list[Row[Any]]:
        """Everything that was ever signed up for an event."""
        return [row for row in self.sign_ups.values() if row.event_id == event.id and part in (None, row.part)]

    def steps(self, sign_up: Row[Any], moment: datetime) -> list[Step]:
        """The steps of a sign-up until a moment."""
        return [Step(row.step) for row in self.log[sign_up.id] if row.at <= moment]

    def state(self, sign_up: Row[Any], moment: datetime) -> SignUpState | None:
        """Where a sign-up stood at a moment, as its log alone has it. None: there was none yet."""
        steps = self.steps(sign_up, moment)
        return next((LEADS_TO[step] for step in reversed(steps) if step in LEADS_TO), None)

    def told(self, key: str, **known: str) -> list[tuple[Row[Any], re.Match[str]]]:
        """Messages in which this text stands, alone or with others; its other values are what was found."""
        wanted = shape(load()[key], known)
        pattern = re.compile(rf"(?:^|\n){wanted.pattern}(?=$|\n)")
        found = ((row, pattern.search(row.text)) for row in self.outbox)
        return [(row, match) for row, match in found if match]


@pytest.fixture(scope="module")
def months(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Months]:
    """The whole script through the whole program, in SQLite."""
    database = open_database("sqlite://", KEYS, XINGFU, LONG_AGO)
    with_bank(database)
    rules = Rules(keep_messages=timedelta(days=365))  # what was said in the first month is looked at too
    desk = Desk(database, rules, {pipe.NAME: pipe.NAME}, JOBS)
    lines = SCRIPT.read_text(encoding="utf-8").splitlines()
    begin, end = (datetime.fromisoformat(json.loads(lines[number])["at"]) for number in (0, -1))
    played = Months(desk, begin, end)
    photos = Photos(tmp_path_factory.mktemp("photos"))
    simulation = Simulation(desk, photos, Ledger(pipe.NAME, pipe.NAME, None), played.said.append)
    with known_codes(), capture_logs() as logged:
        played.bad = asyncio.run(simulation.run(enumerate(lines, start=1)))
    played.logged = logged
    played.read()
    yield played
    database.close()


# --- the script -------------------------------------------------------------------------------------------------


def test_the_script_is_in_order_and_nothing_went_wrong(months: Months) -> None:
    lines = [json.loads(line) for line in SCRIPT.read_text(encoding="utf-8").splitlines()]
    moments = [datetime.fromisoformat(line["at"]) for line in lines]
    assert moments == sorted(moments)
    assert 1500 <= len(lines) <= 2500
    assert SCRIPT.stat().st_size < 300_000
    assert (months.begin.date(), months.end.date()) == (date(2027, 2, 20), date(2027, 6, 1))
    assert months.bad == 0
    assert not [row.text for row in months.inbox if row.error is not None or row.handled_at is None]
    assert not [each for each in months.logged if each["log_level"] in ("error", "critical")]


def test_enough_happens(months: Months) -> None:
    """Otherwise the rest proves little."""
    steps = Counter(Step(row.step) for log in months.log.values() for row in log)
    assert set(steps) >= set(LEADS_TO) - {Step.SWITCH} | {Step.MOVE, Step.REMIND, Step.COMING, Step.THANK}
    assert min(steps[step] for step in (Step.WAIT, Step.OFFER, Step.LAPSE)) > 10
    states = {(row.part, row.state) for row in months.sign_ups.values()}
    assert states >= {(SignUpPart.HELPER, state) for state in (SignUpState.LEFT, SignUpState.MISSED)}
    assert any(row.chain_id and row.person_id is None for row in months.sign_ups.values())
    assert any(row.companion for row in months.sign_ups.values())
    assert any(row.item for row in months.sign_ups.values())
    assert len(months.rows(chains)) == len(HELD_ON)
    for key in ("ask_standing", "switch", "offer", "waits", "which_stall_helper", "too_many_heads", "staff_only"):
        assert months.told(f"market.{key}"), key
    for key in ("ask_helper", "reminder_said", "offer_lapsed", "waited_in_vain", "unmarked"):
        assert months.told(f"market_calling.{key}"), key
    assert months.told("market_day.which_helper")


def test_there_is_a_market_a_month(months: Months) -> None:
    assert tuple(row.begins_at.astimezone(CHINA).date() for row in months.markets) == HELD_ON
    dropped = [row for row in months.events.values() if row.opened_at is None]
    assert len(dropped) == 4
    assert not [row for each in dropped for row in months.of(each)]
    days = [f"{row.begins_at.astimezone(CHINA):%-m月%-d日}" for row in dropped]
    assert not [row.text for row in months.outbox if row.group_external_id and any(day in row.text for day in days[:1])]


def test_a_hundred_help_in_march(months: Months) -> None:
    helpers = months.of(months.markets[0], SignUpPart.HELPER)
    with_place = [row for row in helpers if months.state(row, months.end) in HAD_PLACE]
    assert len(with_place) >= 100
    assert sum(row.state == SignUpState.LEFT for row in helpers) >= 100


# --- places -----------------------------------------------------------------------------------------------------


def test_no_stall_ever_has_more_heads_than_places(months: Months) -> None:
    places = _places(months)
    for stall in months.stalls.values():
        for part in SignUpPart:
            rows = [row for row in months.sign_ups.values() if (row.stall_id, row.part) == (stall.id, part)]
            for moment in sorted({each.at for row in rows for each in months.log[row.id]}):
                taken = sum(months.state(row, moment) in HAS_PLACE for row in rows)
                assert taken <= _places_then(places[stall.event_id, stall.name], moment, part), (stall, part, moment)


def _places(months: Months) -> dict[tuple[int, str], list[tuple[datetime, int, int]]]:
    """How many places each stall had from when on, for helpers and visitors, as the leader was told."""
    found: dict[tuple[int, str], list[tuple[datetime, int, int]]] = defaultdict(list)
    for key in ("market.draft_of_series", "market.draft"):
        for row, match in months.told(key):
            for each in STALLS.finditer(match["stalls"]):
                values = (row.created_at, int(each["helpers"]), int(each["visitors"] or 0))
                found[int(match["number"][1:]), each["stall"]].append(values)
    for key in ("market_changing.places_added", "market_changing.places_changed"):
        for row, match in months.told(key):
            number = int(match["number"][1:])
            found[number, match["stall"]].append((row.created_at, int(match["helpers"]), int(match["visitors"])))
    return found


def _places_then(changes: Sequence[tuple[datetime, int, int]], moment: datetime, part: SignUpPart) -> int:
    helpers, visitors = [each[1:] for each in sorted(changes) if each[0] <= moment][-1]
    return helpers if part is SignUpPart.HELPER else visitors


def test_nobody_has_anothers_place(months: Months) -> None:
    taken = Counter(
        (row.stall_id, row.part, row.place)
        for row in months.sign_ups.values()
        if row.released_at is None and row.place is not None
    )
    assert set(taken.values()) == {1}
    assert not [row for row in months.sign_ups.values() if row.state == SignUpState.WAITING and row.place is not None]


def test_whoever_waits_longest_is_offered_a_place_first(months: Months) -> None:
    for row in months.sign_ups.values():
        for offered in (each for each in months.log[row.id] if each.step == Step.OFFER):
            same = [
                other
                for other in months.sign_ups.values()
                if (other.stall_id, other.part) == (row.stall_id, row.part) and other.id != row.id
            ]
            waiting = [other for other in same if months.state(other, offered.at) is SignUpState.WAITING]
            assert all((row.signed_at, row.id) < (other.signed_at, other.id) for other in waiting)


def test_each_number_that_was_said_is_somebodys(months: Months) -> None:
    for row, match in months.told("market.number"):
        mine = [
            months.stalls[each.stall_id].name
            for each in months.sign_ups.values()
            if each.person_id == row.person_id
            and each.part == SignUpPart.VISITOR
            and str(each.place) == match["number"]
            and each.signed_at <= row.created_at
        ]
        assert match["stall"] in mine


# --- what the groups hear ---------------------------------------------------------------------------------------


def test_the_rolling_line_comes_at_most_once_in_two_minutes_and_is_true(months: Months) -> None:
    said = defaultdict(list)
    for row in months.outbox:
        for match in ROLLING.finditer(row.text):
            assert row.group_external_id
            said[row.group_external_id].append(row.created_at)
            assert _counts_in(match["line"]) == _counts_then(months, match, row.created_at), row.text
    assert sum(map(len, said.values())) > 50
    for moments in said.values():
        assert all(after - before >= 2 * MINUTE for before, after in pairwise(moments))


def _counts_in(line: str) -> Mapping[tuple[str, SignUpPart], tuple[int, int]]:
    helpers, _, numbers = line.partition("已取号:")
    found = {}
    for text, part in ((helpers, SignUpPart.HELPER), (numbers, SignUpPart.VISITOR)):
        for name, taken, waiting in re.findall(r"([^\d,。]+)(\d+)/\d+(?:候补(\d+))?", text):
            found[name, part] = (int(taken), int(waiting or 0))
    return {key: counts for key, counts in found.items() if any(counts)}


def _counts_then(
    months: Months, said: re.Match[str], moment: datetime
) -> Mapping[tuple[str, SignUpPart], tuple[int, int]]:
    found: dict[tuple[str, SignUpPart], list[int]] = defaultdict(lambda: [0, 0])
    for row in months.sign_ups.values():
        begins = months.events[row.event_id].begins_at.astimezone(CHINA)
        planned = months.events[row.event_id].planned_on if moment < NEW_DATE else begins.date()
        if (planned.month, planned.day) != (int(said["month"]), int(said["day"])):
            continue
        state = months.state(row, moment)
        counts = found[months.stalls[row.stall_id].name, SignUpPart(row.part)]
        counts[0] += state in HAS_PLACE
        counts[1] += state is SignUpState.WAITING
    numbered = {key for key, counts in found.items() if key[1] is SignUpPart.HELPER or counts[0]}
    return {key: (counts[0], counts[1]) for key, counts in found.items() if any(counts) and key in numbered}


def test_a_group_hears_at_most_six_times_a_day_what_nobody_asked_for(months: Months) -> None:
    unasked = Counter(
        (row.group_external_id, row.sent_at.astimezone(CHINA).date())
        for row in months.outbox
        if row.group_external_id and row.urgency >= Urgency.NOTICE
    )
    assert {group for group, _ in unasked} == GROUPS
    assert max(unasked.values()) <= 6


def test_nobody_is_disturbed_in_the_quiet_hours(months: Months) -> None:
    for row in months.outbox:
        if row.urgency >= Urgency.REMINDER:
            assert time(8) <= row.sent_at.astimezone(CHINA).time() < time(21), row.text


def test_no_name_is_said_in_a_group_but_of_whoever_agreed(months: Months) -> None:
    agreed = {row.person_id for row in months.rows(volunteers) if row.honour}
    secret = {name for identity, name in months.names.items() if re.search("jumin|volunteer-|elder|resident", identity)}
    secret |= {row.name for row in months.sign_ups.values() if row.name} - {""}
    secret -= {months.names[identity] for identity in agreed if identity in months.names}
    in_groups = [row.text for row in months.outbox if row.group_external_id]
    assert not [(text, name) for text in in_groups for name in secret if name in text]


# --- rain -------------------------------------------------------------------------------------------------------


def test_everybody_concerned_hears_of_the_rain_once_and_of_the_new_date_once(months: Months) -> None:
    april = months.markets[1]
    for key, moment in (("postponed", RAIN), ("moved", NEW_DATE)):
        until = moment + MINUTE
        concerned = {
            row.person_id
            for row in months.of(april)
            if row.person_id and not row.companion and months.state(row, until) in STILL_OPEN
        }
        told = Counter(row.person_id for row, _ in months.told(f"market_changing.{key}"))
        assert len(concerned) > 40
        assert told == dict.fromkeys(concerned, 1)
        groups = Counter(row.group_external_id for row, _ in months.told(f"market_changing.group_{key}"))
        assert groups == dict.fromkeys(GROUPS, 1)


def test_between_the_rain_and_the_new_date_nobody_is_reminded(months: Months) -> None:
    assert not [
        row.text
        for key in ("reminder", "reminder_said", "call_again")
        for row, _ in months.told(f"market_calling.{key}")
        if RAIN < row.created_at < NEW_DATE
    ]


def test_a_cancelled_clean_up_is_over_for_everybody(months: Months) -> None:
    (cleaning,) = (row for row in months.events.values() if row.name == "清洁日")
    assert cleaning.state == EventState.CANCELLED
    rows = months.of(cleaning)
    assert rows
    assert {row.state for row in rows} == {SignUpState.CANCELLED}
    told = Counter(row.person_id for row, _ in months.told("market_changing.cancelled", event="清洁日"))
    closed = [row for row in rows if any(each.step == Step.CLOSE for each in months.log[row.id])]
    assert told == dict.fromkeys({row.person_id for row in closed}, 1)


# --- the day ----------------------------------------------------------------------------------------------------


def test_whoever_has_a_place_is_reminded_in_the_evening_and_in_the_morning(months: Months) -> None:
    for event in months.markets:
        begins = event.begins_at.astimezone(CHINA)
        for moment in (_at(begins - DAY, time(18)), _at(begins, time(8))):
            wanted = {
                row.person_id
                for row in months.of(event)
                if row.person_id and not row.companion and months.state(row, moment - MINUTE) is SignUpState.HELD
            }
            heard = Counter(
                row.person_id
                for key in ("reminder", "reminder_said")
                for row, _ in months.told(f"market_calling.{key}")
                if abs(row.created_at - moment) < MINUTE
            )
            assert heard == dict.fromkeys(wanted, 1)


def test_those_who_came_are_those_of_whom_it_was_said(months: Months) -> None:
    """By themselves with the code, or by the leader; 「连您2位」 are two."""
    for event in months.markets:
        day = event.begins_at.astimezone(CHINA).date()
        mine = 0
        for row, match in months.told("market_day.checked_in"):
            if row.created_at.astimezone(CHINA).date() == day:
                heads = re.search(r"连您(\d+)位", match["details"])
                mine += int(heads[1]) if heads else 1
        marked = 0
        for row in months.outbox:
            if row.created_at.astimezone(CHINA).date() == day and not row.group_external_id:
                marked += sum(map(int, re.findall(r"(?m)^(?:签到|补签)(\d+)位", row.text)))
        came = [row for row in months.of(event, SignUpPart.HELPER) if row.state in THERE]
        assert mine > 0
        assert marked > 0
        assert mine + marked == len(came)
        said = [int(match["count"]) for row, match in months.told("market_day.done_miss") if _on(row, day)]
        missed = [row for row in months.of(event, SignUpPart.HELPER) if row.state == SignUpState.MISSED]
        assert sum(said) == len(missed)


def test_visitors_came_by_the_numbers_that_were_called(months: Months) -> None:
    for event in months.markets:
        day = event.begins_at.astimezone(CHINA).date()
        said = {
            match["stall"]: int(match["total"])
            for row, match in months.told("market_day.numbers_came")
            if _on(row, day)
        }
        came = Counter(
            months.stalls[row.stall_id].name for row in months.of(event, SignUpPart.VISITOR) if row.state in THERE
        )
        assert {name: count for name, count in said.items() if count} == came


def _on(row: Row[Any], day: date) -> bool:
    return bool(row.created_at.astimezone(CHINA).date() == day)


def _at(moment: datetime, hour: time) -> datetime:
    return datetime.combine(moment.astimezone(CHINA).date(), hour, CHINA)


# --- hours ------------------------------------------------------------------------------------------------------


def test_hours_are_check_outs_less_check_ins(months: Months) -> None:
    given = {row.sign_up_id: row for row in months.hours if row.given_by is None}
    helpers = [row for row in months.sign_ups.values() if row.part == SignUpPart.HELPER and row.came_at]
    credited = {row.id: row for row in helpers if row.person_id and not row.companion and row.left_at}
    minutes = {identity: (row.left_at - row.came_at) // MINUTE for identity, row in credited.items()}
    assert {identity: row.minutes for identity, row in given.items()} == {
        identity: each for identity, each in minutes.items() if each
    }
    assert all(given[identity].person_id == row.person_id for identity, row in credited.items() if identity in given)


def test_the_times_are_those_of_the_log(months: Months) -> None:
    """But of whoever is marked when it is over: they count from its begin to its end."""
    whole = 0
    for row in months.sign_ups.values():
        at = {Step(each.step): each.at for each in months.log[row.id]}
        event = months.events[row.event_id]
        if row.part != SignUpPart.HELPER or row.state != SignUpState.LEFT:
            continue
        if at[Step.CHECK_IN] > event.ends_at:
            assert (row.came_at, row.left_at) == (event.begins_at, event.ends_at)
            whole += 1
        else:
            assert (row.came_at, row.left_at) == (at[Step.CHECK_IN], at[Step.CHECK_OUT])
    assert whole > 0


def test_corrections_are_those_that_were_said_each_with_a_reason(months: Months) -> None:
    said = []
    for row in months.outbox:
        match = CORRECTED.fullmatch(row.text)
        if match:
            sign = {"加": 1, "减": -1}[match["way"]]
            said.append((row.person_id, match["name"], sign * _minutes(match["amount"]), match["total"]))
    rows = [row for row in months.hours if row.given_by is not None]
    assert len(rows) == 4 * len(HELD_ON)
    assert all(row.reason and row.given_by != row.person_id for row in rows)
    totals = [
        in_hours(sum(each.minutes for each in months.hours if each.person_id == row.person_id and each.id <= row.id))
        for row in rows
    ]
    wanted = [
        (row.given_by, months.names[row.person_id], row.minutes, total) for row, total in zip(rows, totals, strict=True)
    ]
    assert said == wanted


def test_everybody_who_came_is_thanked_once_with_what_they_gave(months: Months) -> None:
    for event in months.markets:
        thanked_at = event.ends_at + 2 * HOUR
        came = {
            row.person_id
            for row in months.of(event, SignUpPart.HELPER)
            if row.person_id and not row.companion and row.state in THERE
        }
        heard = [
            (row, match)
            for row, match in months.told("market_calling.thanks_with_hours")
            if abs(row.created_at - thanked_at) < MINUTE
        ]
        assert Counter(row.person_id for row, _ in heard) == dict.fromkeys(came, 1)
        for row, match in heard:
            until = [each for each in months.hours if each.person_id == row.person_id and each.at <= thanked_at]
            now = sum(each.minutes for each in until if each.event_id == event.id)
            assert (match["hours"], match["total"]) == (in_hours(now), in_hours(sum(each.minutes for each in until)))


def test_the_certificate_says_what_is_on_the_account(months: Months) -> None:
    (issued,) = months.rows(certificates)
    until = [row for row in months.hours if row.person_id == issued.person_id and row.on_day <= issued.last_day]
    assert (issued.number, issued.minutes) == ("ZY2027-0001", sum(row.minutes for row in until))
    assert issued.minutes > 0
    ((row, match),) = months.told("certificates.valid")
    assert (match["name"], match["hours"]) == (masked(issued.name), in_hours(issued.minutes))
    assert issued.name not in row.text


def _minutes(said: str) -> int:
    """The minutes of 1小时35分, 2.5小时, 40分钟."""
    hours_, rest = re.fullmatch(r"(?:([\d.]+)小时)?(?:(\d+)分钟?)?", said).groups()  # type: ignore[union-attr]
    return int(float(hours_ or 0) * 60) + int(rest or 0)


# --- figures ----------------------------------------------------------------------------------------------------


def test_every_report_is_what_the_logs_say(months: Months) -> None:
    assert len(months.reports) >= 7
    assert {each.group for each in months.reports} == {None, "天天向善"}
    for each in months.reports:
        assert _read(each.text) == _recounted(months, _meant(months, each.text), each.at), each.text


def test_the_stalls_of_a_report_add_up_to_its_totals(months: Months) -> None:
    for report in months.reports:
        found = _read(report.text)
        sums = [sum(counts) for counts in zip(*found.stalls.values(), strict=True)]
        assert sums == [found.helpers[1], found.helpers[0], found.visitors[1], found.visitors[0]]
        signed_up, came, missed, unmarked = found.helpers
        assert signed_up == came + missed + unmarked
        lines = re.findall(r"(?m)^E\d+ .*:志愿者来了(\d+)/(\d+),取号来了(\d+)/(\d+),", report.text)
        if lines:
            assert [sum(map(int, each)) for each in zip(*lines, strict=True)] == sums


def test_the_three_months_are_the_sum_of_each(months: Months) -> None:
    reports = [_read(each.text) for each in months.reports if each.at.astimezone(CHINA).day >= 30]
    single = {each.helpers: each for each in reports}
    largest = max(reports, key=lambda each: each.helpers)
    del single[largest.helpers]
    months_ = list(single.values())
    assert len(months_) == 3
    assert largest.helpers == tuple(map(sum, zip(*(each.helpers for each in months_), strict=True)))
    assert largest.visitors == tuple(map(sum, zip(*(each.visitors for each in months_), strict=True)))
    assert _minutes(largest.hours) == sum(_minutes(each.hours) for each in months_)
    for name in ("new", "thanked", "waited"):
        assert getattr(largest, name) == sum(getattr(each, name) for each in months_)


def test_the_group_hears_how_many_came(months: Months) -> None:
    said = {
        (match["day"], match["came"].replace("\uff0c", ","), row.group_external_id)
        for row, match in months.told("market_calling.figures", event="雷锋集市")
    }
    wanted = set()
    for event in months.markets:
        begins = event.begins_at.astimezone(CHINA)
        helpers, visitors = (
            sum(row.state in THERE for row in months.of(event, part))
            for part in (SignUpPart.HELPER, SignUpPart.VISITOR)
        )
        day = f"{begins.month}月{begins.day}日(周{'一二三四五六日'[begins.weekday()]})"
        wanted |= {(day, f"来了{helpers}位志愿者,服务{visitors}位居民", group) for group in GROUPS}
    assert said == wanted


def _meant(months: Months, report: str) -> list[Row[Any]]:
    """The markets that a report is about: the one that it names, else those of its days."""
    named = re.match(r"E(\d+) ", report)
    if named:
        return [months.events[int(named[1])]]
    first, last = (
        date(2027, int(month), int(day)) for month, day in re.findall(r"(\d+)月(\d+)日", report.splitlines()[0])[:2]
    )
    return [each for each in months.markets if first <= each.begins_at.astimezone(CHINA).date() <= last]


def _read(text: str) -> Figures:
    """The numbers in a report."""

    def numbers(pattern: str) -> tuple[int, ...]:
        found = re.search(pattern, text)
        return tuple(map(int, found.groups())) if found else (0, 0, 0, 0)

    outcome = re.search(r"志愿时长(.+?),第一次来的志愿者(\d+)位。\n已道谢(\d+)人次,候补没排上(\d+)人次", text)
    assert outcome
    of_stalls = {}
    for line in text.splitlines():
        found = re.fullmatch(r"(\S+?):志愿者来了(\d+)(?:/(\d+))?(?:,取号来了(\d+)(?:/(\d+))?)?", line)
        if found:
            of_stalls[found[1]] = tuple(int(each or 0) for each in found.groups()[1:])
    return Figures(
        numbers(r"志愿者报名(\d+)人次:来了(\d+),没来(\d+),没记(\d+)"),
        numbers(r"取号(\d+)个:来了(\d+),没来(\d+),没记(\d+)"),
        outcome[1],
        int(outcome[2]),
        int(outcome[3]),
        int(outcome[4]),
        of_stalls,
    )


def _recounted(months: Months, meant: Sequence[Row[Any]], moment: datetime) -> Figures:
    """The same, from the logs."""
    rows = [row for event in meant for row in months.of(event)]
    state = {row.id: months.state(row, moment) for row in rows}

    def heads(part: SignUpPart, stall: str | None = None) -> tuple[int, ...]:
        mine = [
            state[row.id]
            for row in rows
            if row.part == part and stall in (None, months.stalls[row.stall_id].name) and state[row.id] in HAD_PLACE
        ]
        there = sum(each in THERE for each in mine)
        missed, unmarked = mine.count(SignUpState.MISSED), mine.count(SignUpState.HELD)
        return len(mine), there, missed, unmarked

    stall_names = dict.fromkeys(row.name for row in months.stalls.values() if row.event_id in {e.id for e in meant})
    of_stalls = {
        name: (*heads(SignUpPart.HELPER, name)[1::-1], *heads(SignUpPart.VISITOR, name)[1::-1]) for name in stall_names
    }
    return Figures(
        heads(SignUpPart.HELPER),
        heads(SignUpPart.VISITOR),
        in_hours(
            sum(row.minutes for row in months.hours if row.event_id in {e.id for e in meant} and row.at <= moment)
        ),
        len(_new(months, meant)),
        sum(Step.THANK in months.steps(row, moment) for row in rows if state[row.id] in THERE),
        sum(state[row.id] is SignUpState.LAPSED and Step.OFFER not in months.steps(row, moment) for row in rows),
        of_stalls,
    )


def _new(months: Months, meant: Sequence[Row[Any]]) -> set[str]:
    """Those who came to help for the first time at one of these."""
    first: dict[str, int] = {}
    for event in months.markets:
        for row in months.of(event, SignUpPart.HELPER):
            if row.person_id and not row.companion and row.state in THERE:
                first.setdefault(row.person_id, event.id)
    return {person for person, event_id in first.items() if event_id in {event.id for event in meant}}


# --- the quiz ---------------------------------------------------------------------------------------------------


def test_nobody_wins_twice_in_a_quiz_and_each_winner_hears_of_it(months: Months) -> None:
    won = months.rows(quiz_prizes)
    assert len(won) >= 6
    assert len({(row.quiz_id, row.person_id) for row in won}) == len(won)
    assert Counter(row.person_id for row, _ in months.told("quizzes.you_won")) == Counter(row.person_id for row in won)
    shown = [match["names"].split("、") for _, match in months.told("quizzes.result")]
    assert Counter(name for each in shown for name in each) == Counter(masked(months.names[r.person_id]) for r in won)
