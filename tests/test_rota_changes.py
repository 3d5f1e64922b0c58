"""Rules that change after people booked: who keeps what, what closes, and what is offered instead."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, update

from community.bookings import Bookings
from community.bookings.outcomes import Booked, Offered, ReceptionClosed, WaitedInVain, Waits
from community.bookings.steps import State
from community.grievances import Grievances
from community.parts.places import kept_places
from community.people import Person
from community.refused import Refused
from community.rota import Duty, Happened, Rotas
from community.rules import CHINA, Rules
from community.tree import Tree
from storage import bookings, people, rota, tree
from storage.bookings import Booking
from storage.database import Database
from storage.rota import Reception
from storage.tables import DutyKind, ReceptionState, receptions, rotas, stations

NOW = datetime(2026, 12, 1, 9, tzinfo=CHINA)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
DEPUTY, WORKER = "deputy", "worker"
RESIDENTS = ("resident-3-501", "resident-5-101", "resident-1-201")
WEDNESDAYS = "每周三上午9点到11点"
RULES = Rules(book_ahead=timedelta(days=15))


class Office:
    """One station of the demo community, and the rota that a test gives it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        with database.begin() as store:
            for table in (rotas, stations):
                store.connection.execute(delete(table))
            station = {"id": "near", "node_id": "xingfu", "name": "近工作站", "address": "", "hours": ""}
            store.connection.execute(insert(stations), station)
            self._tree = Tree.grow(tree.all_nodes(store), tree.all_roles(store), tree.all_groups(store))
            self._people = {each: people.by_id(store, each) for each in (*RESIDENTS, WORKER)}

    @contextmanager
    def open(self) -> Iterator[Rotas]:
        """The services within one transaction."""
        with self.database.begin() as store:
            services = Bookings.open(store, self._tree, RULES, Grievances.open(store, self._tree, RULES))
            yield Rotas(services.ledger, services)

    def rule(self, words: str, **changed: Any) -> int:
        """A new rule of the deputy's. Gives its id."""
        values = {
            "station_id": "near",
            "kind": DutyKind.CONGRESS_DEPUTY,
            "person_id": DEPUTY,
            "person_name": "韩雪梅",
            "words": words,
            "places": 4,
            "on_holiday": "move",
            "bring": "",
            "starts_on": NOW.date(),
            "from_file": True,
            "planned_to": None,
            "ended_at": None,
        }
        with self.database.begin() as store:
            return rota.add_rota(store, **(values | changed))

    def edit(self, identity: int, **values: Any) -> None:
        """As when the community file is read anew."""
        with self.database.begin() as store:
            changed = update(rotas).where(rotas.c.id == identity).values(planned_to=None, **values)
            store.connection.execute(changed)

    def plan(self, now: datetime = NOW) -> list[ReceptionClosed | Offered]:
        with self.open() as services:
            return services.plan(now)

    def run(self, now: datetime) -> list[Happened]:
        with self.open() as services:
            return services.run(now)

    def receptions(self, state: ReceptionState = ReceptionState.PLANNED) -> list[Reception]:
        with self.database.begin() as store:
            found = store.connection.execute(select(receptions).order_by(receptions.c.begins_at))
            return [each for row in found if (each := Reception(*tuple(row))).state is state]

    def days(self) -> list[date]:
        return [each.begins_at.astimezone(CHINA).date() for each in self.receptions()]

    def book(self, reception: Reception, who: int = 0, hour: datetime | None = None, now: datetime = NOW) -> Booking:
        with self.open() as services:
            outcome = services.bookings.booking.book(reception.id, self.person(RESIDENTS[who]), now, hour=hour)
            assert isinstance(outcome, Booked | Waits)
            return outcome.place.booking

    def cancel(self, booking: Booking, now: datetime) -> tuple[Offered, ...]:
        with self.open() as services:
            person = self.person(booking.resident_id)
            return services.bookings.booking.cancel(booking.id, person, now).offers

    def kept(self, reception: Reception) -> list[Booking]:
        with self.database.begin() as store:
            return bookings.of_reception(store, reception.id)

    def person(self, identity: str) -> Person:
        found = self._people[identity]
        assert found is not None
        return found


@pytest.fixture
def office(database: Database) -> Office:
    return Office(database)


def on(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=CHINA)


# --- what makes no receptions -----------------------------------------------------------------------------------


def test_a_rule_that_cannot_be_read_costs_the_others_nothing(office: Office) -> None:
    office.rule("每周五晚上7点到9点半")
    office.rule("看情况", person_name="宋雨", person_id=None)
    office.rule(WEDNESDAYS)
    assert office.plan() == []
    assert office.days() == [date(2026, 12, 2), date(2026, 12, 9), date(2026, 12, 16)]
    with office.open() as services:
        following = services.next_plan()
    assert following is not None
    assert following > NOW


def test_single_dates_end_when_all_have_passed(office: Office) -> None:
    office.rule("12月2日上午9点到11点", from_file=False)
    office.rule("12月3日、12月9日上午9点到11点", from_file=False, person_name="宋雨", person_id=None)
    office.rule("12月2日下午2点到4点", person_name="沈光明", person_id="deputy-2")
    office.plan()
    assert len(office.receptions()) == 4
    office.plan(on(date(2026, 12, 3), 0))
    with office.open() as services:
        assert services.names() == ("宋雨", "沈光明")  # the file's go with the file
        assert services.next_plan() is not None
    assert len(office.receptions()) == 4


# --- what is taken back -----------------------------------------------------------------------------------------


def test_what_ends_is_not_offered_instead_of_itself(office: Office) -> None:
    rule = office.rule(WEDNESDAYS)
    office.plan()
    for who, reception in enumerate(office.receptions()):
        office.book(reception, who)
    with office.database.begin() as store:
        rota.end(store, rule, NOW)
    closed = office.plan()
    assert len(closed) == 3
    assert all(isinstance(each, ReceptionClosed) and each.affected for each in closed)
    assert not any(one.instead for each in closed if isinstance(each, ReceptionClosed) for one in each.affected)


def test_a_closed_day_is_not_offered_instead_of_itself(office: Office) -> None:
    for words in ("12月2日上午9点到11点", "12月2日下午2点到4点", "12月9日上午9点到11点"):
        office.rule(words)
    office.plan()
    morning, _, later = office.receptions()
    office.book(morning)
    with office.open() as services:
        closed = services.close(office.person(WORKER), None, date(2026, 12, 2), "", NOW)
    (affected,) = closed[0].affected
    assert [each.reception.id for each in affected.instead] == [later.id]


@pytest.mark.parametrize("act", ["absent", "close"])
def test_a_span_of_days_is_closed_whole(office: Office, act: str) -> None:
    office.rule("12月2日、12月3日、12月4日、12月8日上午9点到11点")
    office.plan()
    worker, first, last = office.person(WORKER), date(2026, 12, 2), date(2026, 12, 4)
    with office.open() as services:
        if act == "absent":
            closed = services.absent(worker, first, "韩", NOW, last)
        else:
            closed = services.close(worker, None, first, "", NOW, last)
    assert len(closed) == 3
    assert office.days() == [date(2026, 12, 8)]


def test_a_rule_is_ended_in_chat(office: Office) -> None:
    office.rule(WEDNESDAYS)
    office.rule("每周四上午9点到11点")
    office.plan()
    booked = office.book(office.receptions()[0])
    worker = office.person(WORKER)
    with office.open() as services:
        with pytest.raises(Refused) as caught:
            services.end(worker, "韩", "", NOW)
        assert caught.value.key == "rota.which_rule"
        ended = services.end(worker, "韩", "每周三", NOW)
        assert [each.words for each in ended.rules] == [WEDNESDAYS]
        assert ended.on_duty == (DEPUTY,)
        assert [one.place.booking.id for each in ended.closed for one in each.affected] == [booked.id]
        assert services.plan(NOW) == []
    assert {each.weekday() for each in office.days()} == {3}


# --- what follows a rule ------------------------------------------------------------------------------------------


def test_a_corrected_name_reaches_what_was_made(office: Office) -> None:
    rule = office.rule(WEDNESDAYS, person_id=None, person_name="韩雪梅")
    office.plan()
    office.edit(rule, person_id=DEPUTY)
    office.plan()
    assert {each.person_id for each in office.receptions()} == {DEPUTY}
    office.edit(rule, person_name="韩雪莓")
    office.plan()
    assert {each.person_name for each in office.receptions()} == {"韩雪莓"}


def test_who_stands_in_stays_when_the_rule_changes(office: Office) -> None:
    rule = office.rule(WEDNESDAYS)
    office.plan()
    with office.open() as services:
        services.swap(office.person(WORKER), date(2026, 12, 9), "韩雪梅", "沈光明", NOW)
    office.edit(rule, bring="身份证")
    office.plan()
    assert [each.person_name for each in office.receptions()] == ["韩雪梅", "沈光明", "韩雪梅"]
    assert {each.bring for each in office.receptions()} == {"身份证"}


def test_a_later_start_closes_what_lies_before_it(office: Office) -> None:
    rule = office.rule(WEDNESDAYS)
    office.plan()
    booked = office.book(office.receptions()[0])
    office.edit(rule, starts_on=date(2026, 12, 10))
    (closed,) = office.plan()
    assert isinstance(closed, ReceptionClosed)
    assert [each.place.booking.id for each in closed.affected] == [booked.id]
    assert office.days() == [date(2026, 12, 16)]
    office.edit(rule, starts_on=NOW.date())
    office.plan()
    assert office.days() == [date(2026, 12, 2), date(2026, 12, 9), date(2026, 12, 16)]


@pytest.mark.parametrize(("on_holiday", "day"), [("skip", None), ("keep", date(2026, 12, 5))])
def test_another_rule_for_holidays_moves_what_was_made(office: Office, on_holiday: str, day: date | None) -> None:
    rule = office.rule("每月5日上午9点到11点")  # a Saturday: it moves to Monday
    office.plan()
    (moved,) = office.receptions()
    assert office.days() == [date(2026, 12, 7)]
    booked = office.book(moved)
    office.edit(rule, on_holiday=on_holiday)
    (closed,) = office.plan()
    assert isinstance(closed, ReceptionClosed)
    (affected,) = closed.affected
    assert affected.place.booking.id == booked.id
    assert office.days() == ([day] if day else [])
    assert office.plan(NOW + DAY) == []


# --- places -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("before", "after"), [(4, 8), (4, 6), (8, 4), (6, 7), (3, 1)])
def test_another_number_of_places_gives_nobody_the_time_of_another(office: Office, before: int, after: int) -> None:
    rule = office.rule(WEDNESDAYS, places=before)
    office.plan()
    reception = office.receptions()[0]
    taken = [office.book(reception, 0), office.book(reception, 1), office.book(reception, 2)]
    times = [each.starts_at for each in taken]
    office.edit(rule, places=after)
    office.plan()
    assert [each.starts_at for each in office.kept(reception)] == times
    with office.open() as services:
        changed = services.ledger.reception(reception.id)
        free = services.ledger.free(changed)
        assert changed.places == max(after, 3)
        assert len(free) == changed.places - 3
        if free:
            assert services.ledger.choices([changed])[0].starts_at not in times


@given(wanted=st.lists(st.integers(1, 12), max_size=12).map(sorted), spare=st.integers(0, 12))
def test_kept_places_are_different_and_in_order(wanted: list[int], spare: int) -> None:
    total = max([len(wanted), *wanted]) + spare
    found = kept_places(wanted, total)
    assert list(found) == sorted(set(found))
    assert len(found) == len(wanted)
    assert all(1 <= place <= total for place in found)
    assert set(wanted) <= set(found)


def test_no_offer_that_cannot_be_read_in_time(office: Office) -> None:
    office.rule("12月2日上午7点半到9点", places=1)
    office.plan()
    (reception,) = office.receptions()
    first, second = office.book(reception), office.book(reception, 1)
    assert office.cancel(first, on(date(2026, 12, 1), 22)) == ()
    (waiting,) = office.kept(reception)
    assert (waiting.id, waiting.state) == (second.id, State.WAITING)


def test_who_waits_hears_of_it_also_where_nothing_ran_at_the_beginning(office: Office) -> None:
    office.rule("12月2日上午9点到11点", places=1)
    office.plan()
    (reception,) = office.receptions()
    office.book(reception)
    second = office.book(reception, 1)
    happened = office.run(on(date(2026, 12, 2), 12))
    lapsed = [each.place.booking for each in happened if isinstance(each, WaitedInVain)]
    assert [(each.id, each.state) for each in lapsed] == [(second.id, State.LAPSED)]


# --- what is refused ----------------------------------------------------------------------------------------------


def test_each_rule_counts_from_its_own_start(office: Office) -> None:
    office.rule("隔周周三上午9点到11点", starts_on=date(2026, 11, 25))
    every_other = Duty("韩雪梅", None, "隔周周三上午9点到11点")  # from the 2nd on: in the weeks between
    with office.open() as services:
        planned = services.add(office.person(WORKER), None, every_other, NOW)
    assert planned.first[0].begins_at == on(date(2026, 12, 2), 9)


@pytest.mark.parametrize(
    ("words", "places", "key"),
    [
        ("2026年11月30日上午", None, "rota.rule_is_past"),
        ("11月30日上午", None, "rota.rule_is_past"),
        ("2029年3月1日上午", None, "rota.rule_too_far"),
        ("每周三上午", 0, "rota.bad_places"),
        ("每周三上午", 101, "rota.bad_places"),
    ],
)
def test_what_makes_no_receptions_is_refused(office: Office, words: str, places: int | None, key: str) -> None:
    duty = Duty("李明华", DutyKind.LAWYER, words, places)
    with office.open() as services, pytest.raises(Refused) as caught:
        services.add(office.person(WORKER), None, duty, NOW)
    assert caught.value.key == key


def test_a_far_date_says_from_when_it_can_be_booked(office: Office) -> None:
    duty = Duty("李明华", DutyKind.LAWYER, "6月1日上午")
    with office.open() as services:
        planned = services.add(office.person(WORKER), None, duty, NOW)
    assert (planned.begins, planned.opens) == (date(2027, 6, 1), date(2027, 6, 1) - RULES.book_ahead)
    office.plan(on(date(2027, 5, 16), 0))
    assert office.days() == []
    office.plan(on(date(2027, 5, 17), 0))
    assert office.days() == [date(2027, 6, 1)]


@pytest.mark.parametrize(
    ("new", "key"),
    [("李", "rota.nobody_called"), ("沈", "rota.receives_then"), ("何", "rota.several_called")],
)
def test_a_swap_is_refused_where_nobody_is_meant(office: Office, new: str, key: str) -> None:
    office.rule(WEDNESDAYS)
    office.rule(WEDNESDAYS, person_id="deputy-2", person_name="沈光明", kind=DutyKind.CPPCC_MEMBER)
    for name in ("何正平", "何小雨"):
        office.rule("每周五上午9点到11点", person_id=None, person_name=name, kind=DutyKind.LAWYER)
    office.plan()
    with office.open() as services, pytest.raises(Refused) as caught:
        services.swap(office.person(WORKER), date(2026, 12, 9), "韩", new, NOW)
    assert caught.value.key == key


def test_who_stands_in_keeps_their_own_kind(office: Office) -> None:
    office.rule(WEDNESDAYS)
    office.rule("每周五上午9点到11点", person_id="lawyer", person_name="何正平", kind=DutyKind.LAWYER)
    office.plan()
    with office.open() as services:
        (swapped,) = services.swap(office.person(WORKER), date(2026, 12, 9), "韩", "何", NOW)
    assert (swapped.reception.kind, swapped.reception.person_name) == (DutyKind.LAWYER, "何正平")
