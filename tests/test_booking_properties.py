"""Any order of valid and invalid steps by several people leaves every place with one person, and all of it in order.

The services run on a real database; the clock only goes forward, over nights, weekends and the National Day week,
and the scheduler's work is done when it falls due. Beside it: what the pure rules about places promise.
"""

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import delete, func, insert, select, update

from bot.app import open_database
from community import Community
from community.bookings.ledger import nearest, place_time
from community.bookings.outcomes import AskHelped, Offered, OfferLapsed, ReceptionClosed, Reminded, WaitedInVain
from community.bookings.steps import KEEPS_PLACE, LEGAL, OPEN, State, Step
from community.grievances import DeadlineClass
from community.grievances.intake import Told
from community.grievances.outcomes import Where
from community.parts.notice import quiet_ends
from community.parts.places import free_places, offered_until, waking_end
from community.people import Person
from community.refused import Refused
from community.rota import Duty
from community.rules import CHINA, Rules
from community.tree import Tree
from storage import bookings, rota, tree
from storage.bookings import Booking
from storage.database import Database
from storage.rota import Reception
from storage.tables import (
    DutyKind,
    ReceptionState,
    as_read,
    booking_events,
    grievances,
    people,
    receptions,
    rotas,
    stations,
)
from storage.tables import bookings as bookings_table
from tests.conftest import LONG_AGO
from tests.keys import KEYS

RESIDENTS = ("resident-3-501", "resident-1-201", "resident-5-101", "resident-8-301", "lawyer")
STAFF_IDS = ("deputy", "lawyer", "secretary", "worker", "admin")
ON_DUTY = "whoever receives"
RESIDENT = "whose booking it is"
FOR_WHOM = ("", "妈妈")
DUTIES = (
    ("near", DutyKind.CONGRESS_DEPUTY, "deputy", "每周三下午2点到4点", 2),
    ("near", DutyKind.LAWYER, "lawyer", "每周二、周四上午9点到11点", 1),
    ("near", DutyKind.SECRETARY, "secretary", "每月8日、20日上午9点到10点", 2),
    ("far", DutyKind.SOCIAL_WORKER, None, "每周三下午2点到5点", 1),
)
"""Station, kind, person, rule, places. Two at the same hour; holidays move some; one receives whom nobody knows."""

NEW_DUTIES = (
    Duty("宋雨", None, "每周一上午9点到11点", places=1),
    Duty("宋雨", None, "每周日上午9点到11点", station="远"),
    Duty("孟洁", DutyKind.CPPCC_MEMBER, "10月10日下午3点到4点", places=3),
    Duty("宋雨", None, "每周三下午4点到5点"),
    Duty("孟洁", DutyKind.CPPCC_MEMBER, "每天晚上10点到11点"),
    Duty("孟洁", DutyKind.CPPCC_MEMBER, "看情况"),
    Duty("没有这个人", None, "每周五上午9点到11点"),
)
WAITS = tuple(timedelta(hours=hours) for hours in (0.1, 1, 3, 12, 26, 80, 200))
HORIZON = timedelta(days=15)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SAME_TIME = timedelta(minutes=15)
EXAMPLES = 300 if os.environ.get("XIAOSHAN_LONG") else 40

resident = st.sampled_from(RESIDENTS)
owner = st.sampled_from((*[RESIDENT] * 12, *RESIDENTS))
staff = st.sampled_from((*[ON_DUTY] * 12, *STAFF_IDS, RESIDENTS[0]))
any_booking = st.integers(0, 9)
"""Which of those that fit, the one nearest to now first; then two of all, the last one that there is not."""

any_reception = st.integers(0, 4)
"""Which of the next receptions; the last has just been or is on today."""

minutes = st.sampled_from((None, None, 0, 30, 60))


@dataclass(frozen=True, slots=True)
class Picture:
    """Every row as it is at one moment."""

    bookings: tuple[Booking, ...]
    receptions: tuple[Reception, ...]
    rest: tuple[object, ...]

    def by_id(self) -> dict[int, Booking]:
        return {each.id: each for each in self.bookings}

    def of(self, reception: Reception) -> list[Booking]:
        """Those who have a place or wait."""
        return [each for each in self.bookings if each.reception_id == reception.id and each.released_at is None]


class Stations(RuleBasedStateMachine):
    """Two stations, a few who receive, some residents, and whatever they do."""

    template: Path
    folder: Path
    runs = 0

    def __init__(self) -> None:
        super().__init__()
        type(self).runs += 1
        self.path = self.folder / f"{self.runs}.db"
        shutil.copy(self.template, self.path)
        self.database: Database = open_database(f"sqlite:///{self.path}", KEYS, None, LONG_AGO)
        self.rules_ = Rules(book_ahead=HORIZON)
        self.now = datetime(2026, 9, 28, 9, 30, tzinfo=CHINA)  # before the National Day week
        self.reminded: set[tuple[int, bool]] = set()
        self.asked: set[int] = set()
        with self.database.begin() as store:
            self.tree = Tree.grow(tree.all_nodes(store), tree.all_roles(store), tree.all_groups(store))
            named = store.connection.execute(select(people.c.id, people.c.name)).all()
        self.names: dict[str, str] = dict(named)

    def teardown(self) -> None:
        self.database.close()
        self.path.unlink()

    # --- what happens -----------------------------------------------------------------------------------------

    @initialize(crowded=st.booleans(), given_up=st.integers(0, 3), at_the_door=st.booleans())
    def begin(self, *, crowded: bool, given_up: int, at_the_door: bool) -> None:
        """As on any day; or everybody has booked the next few, some have given theirs up, and it is about to begin."""
        with self.database.begin() as store:
            for table in (rotas, stations):
                store.connection.execute(delete(table))
            for identity, node, name in (("near", "xingfu", "近工作站"), ("far", "heshun-street", "远工作站")):
                row = {"id": identity, "node_id": node, "name": name, "address": "", "hours": ""}
                store.connection.execute(insert(stations), row)
            for station, kind, person, words, places in DUTIES:
                self.add_rule(store, station, kind, person, self.names.get(person or "", "宋雨"), words, places)
        self.knock()
        if not crowded:
            return
        for who in RESIDENTS:
            for which in range(3):
                self.book(which, who, None, "", None)
        if at_the_door:
            self.wait_for(0, 150)
        for _ in range(given_up):
            self.cancel(0, RESIDENT, State.HELD)

    def add_rule(
        self, store: Any, station: str, kind: DutyKind, person: str | None, name: str, words: str, places: int
    ) -> None:
        rota.add_rota(
            store,
            station_id=station,
            kind=kind,
            person_id=person,
            person_name=name,
            words=words,
            places=places,
            on_holiday="move",
            bring="",
            starts_on=self.now.date(),
            from_file=True,
            planned_to=None,
            ended_at=None,
        )

    @rule(
        which=any_reception,
        who=resident,
        after=minutes,
        for_whom=st.sampled_from(FOR_WHOM),
        instead_of=st.none() | any_booking,
    )
    def book(self, which: int, who: str, after: int | None, for_whom: str, instead_of: int | None) -> None:
        reception = self.reception(which)
        hour = None if after is None else reception.begins_at + after * MINUTE
        old_id = None if instead_of is None else self.fitting(instead_of, *OPEN)
        someone = self.person(who) if old_id is None else self.who(old_id, RESIDENT)
        self.try_(
            lambda all_: all_.bookings.booking.book(
                reception.id, someone, self.now, hour=hour, for_whom=for_whom, instead_of=old_id
            )
        )

    @rule(which=any_booking, who=owner)
    def accept(self, which: int, who: str) -> None:
        number = self.fitting(which, State.OFFERED)
        before = self.picture()
        booking = before.by_id().get(number)
        done = self.try_on(number, who, lambda all_, one: all_.bookings.booking.accept(number, one, self.now))
        if booking is not None and who == RESIDENT and booking.state is State.OFFERED:
            assert booking.offered_until is not None
            theirs = [each for each in before.bookings if each.state in (State.HELD, State.CAME)]
            elsewhere = any(_rivals(each, booking) and _together(each, booking) for each in theirs)
            assert done == (self.now <= booking.offered_until and not elsewhere)

    @rule(which=any_booking, who=owner)
    def decline(self, which: int, who: str) -> None:
        number = self.fitting(which, State.OFFERED)
        self.try_on(number, who, lambda all_, one: all_.bookings.booking.decline(number, one, self.now))

    @rule(which=any_booking, who=owner, state=st.sampled_from((State.HELD, State.HELD, State.OFFERED, State.WAITING)))
    def cancel(self, which: int, who: str, state: State) -> None:
        number = self.fitting(which, state)
        self.try_on(number, who, lambda all_, one: all_.bookings.booking.cancel(number, one, self.now))

    @rule(which=any_booking, who=owner, words=st.sampled_from(("养老金", "")))
    def give_reason(self, which: int, who: str, words: str) -> None:
        number = self.fitting(which, *OPEN)
        self.try_on(number, who, lambda all_, one: all_.bookings.booking.give_reason(number, one, words, self.now))

    @rule(which=any_booking, who=owner)
    def say_coming(self, which: int, who: str) -> None:
        number = self.fitting(which, State.HELD)
        self.try_on(number, who, lambda all_, one: all_.bookings.booking.say_coming(number, one, self.now))

    @rule(which=any_booking, who=owner, named=st.booleans())
    def check_in(self, which: int, who: str, *, named: bool) -> None:
        number = self.fitting(which, State.HELD)
        wanted = number if named else None
        self.try_on(number, who, lambda all_, one: all_.bookings.day.check_in(one, wanted, self.now))

    @rule(which=any_booking, who=staff)
    def came(self, which: int, who: str) -> None:
        number = self.fitting(which, State.HELD, State.MISSED)
        self.try_on(number, who, lambda all_, one: all_.bookings.day.came(number, one, self.now))

    @rule(which=any_booking, who=staff)
    def missed(self, which: int, who: str) -> None:
        number = self.fitting(which, State.HELD)
        self.try_on(number, who, lambda all_, one: all_.bookings.day.missed(number, one, self.now))

    @rule(which=any_booking, who=owner, named=st.booleans())
    def objects(self, which: int, who: str, *, named: bool) -> None:
        number = self.fitting(which, State.MISSED)
        wanted = number if named else None
        self.try_on(number, who, lambda all_, one: all_.bookings.day.object(one, wanted, self.now))

    @rule(which=any_booking, who=staff, place=st.none() | st.integers(1, 3), named=st.booleans())
    def call(self, which: int, who: str, place: int | None, *, named: bool) -> None:
        number = self.fitting(which, State.CAME, State.HELD)
        wanted = number if named else None
        self.try_on(number, who, lambda all_, one: all_.bookings.day.call(one, place, wanted, self.now))

    @rule(which=any_booking, who=staff)
    def record(self, which: int, who: str) -> None:
        number = self.fitting(which, State.CAME, State.HELD)
        self.try_on(number, who, lambda all_, one: all_.bookings.day.record(number, one, "谈了养老金", self.now))

    @rule(which=any_booking, who=staff, private=st.booleans())
    def to_grievance(self, which: int, who: str, *, private: bool) -> None:
        number = self.fitting(which, State.CAME, State.HELD, State.MISSED)

        def act(all_: Community, someone: Person) -> object:
            if private:
                return all_.bookings.day.to_mediation(number, someone, "邻里纠纷", self.now)
            told = Told("电梯坏了", Where("3号楼", 3), "lift", DeadlineClass.ORDINARY)
            return all_.bookings.day.to_grievance(number, someone, told, self.now)

        self.try_on(number, who, act)

    @rule(which=any_booking, who=owner, answer=st.integers(1, 3))
    def helped(self, which: int, who: str, answer: int) -> None:
        number = self.fitting(which, State.CAME)
        self.try_on(number, who, lambda all_, one: all_.bookings.day.helped(number, one, answer, self.now))

    @rule(which=any_reception, who=staff, station=st.sampled_from(("", "近", "远", "没有")))
    def close(self, which: int, who: str, station: str) -> None:
        reception = self.reception(which)
        someone = self.receiving(reception, who)
        self.try_(lambda all_: all_.rota.close(someone, None, _day(reception), station, self.now))

    @rule(which=any_reception, who=staff, named=st.booleans())
    def absent(self, which: int, who: str, *, named: bool) -> None:
        reception = self.reception(which)
        someone, name = self.receiving(reception, who), reception.person_name if named else ""
        self.try_(lambda all_: all_.rota.absent(someone, _day(reception), name, self.now))

    @rule(which=any_reception, who=staff, new=st.sampled_from(("宋雨", "新代表", "韩")))
    def swap(self, which: int, who: str, new: str) -> None:
        reception = self.reception(which)
        someone, name = self.receiving(reception, who), reception.person_name
        self.try_(lambda all_: all_.rota.swap(someone, _day(reception), name, new, self.now))

    @rule(who=st.sampled_from((*["worker"] * 6, "deputy", *RESIDENTS)), duty=st.sampled_from(NEW_DUTIES))
    def add(self, who: str, duty: Duty) -> None:
        self.try_(lambda all_: all_.rota.add(self.person(who), None, duty, self.now))

    @rule(which=st.integers(0, 5), places=st.integers(1, 3))
    def edit_places(self, which: int, places: int) -> None:
        """As when the community file is read anew."""
        with self.database.begin() as store:
            found = rota.all_rotas(store)
            edited = found[which % len(found)]
            changed = update(rotas).where(rotas.c.id == edited.id).values(places=places, planned_to=None)
            store.connection.execute(changed)
        self.knock()

    @rule(which=st.integers(0, 5), again=st.booleans())
    def end_rule(self, which: int, *, again: bool) -> None:
        """It is gone from the file, or stands there under another kind."""
        with self.database.begin() as store:
            found = rota.all_rotas(store)
            if len(found) <= len(DUTIES) and not again:
                return
            ended = found[which % len(found)]
            store.connection.execute(update(rotas).where(rotas.c.id == ended.id).values(ended_at=self.now))
            if again:
                self.add_rule(
                    store,
                    ended.station_id,
                    DutyKind.MEDIATOR,
                    ended.person_id,
                    ended.person_name,
                    ended.words,
                    ended.places,
                )
        self.knock()

    @rule(wait=st.sampled_from(WAITS))
    def wait(self, wait: timedelta) -> None:
        """The scheduler does what falls due on the way, each at its time."""
        until = self.now + wait
        times = 0
        while (due := self.next_due()) is not None and due <= until:
            self.now = max(self.now, due)
            self.knock()
            times += 1
            assert times < 300, f"{due} stays due"
        self.now = until

    @rule(which=any_booking, before=st.sampled_from((-20, -5, 0, 10, 60, 150)))
    def wait_for(self, which: int, before: int) -> None:
        """Until so many minutes before somebody's place."""
        booking = self.picture().by_id().get(self.fitting(which, State.HELD, State.OFFERED))
        if booking is not None and (wait := booking.starts_at - before * MINUTE - self.now) > timedelta():
            self.wait(wait)

    # --- the scheduler ----------------------------------------------------------------------------------------

    def next_due(self) -> datetime | None:
        with self.community() as all_:
            moments = (all_.rota.next_plan(), all_.rota.next_due(), all_.bookings.reminders.next_due())
        return min((each for each in moments if each is not None), default=None)

    def knock(self) -> None:
        """What is due by now, each job in a transaction of its own, as the desk does it."""
        before = self.picture()
        with self.community() as all_:
            planned = all_.rota.plan(self.now)
            following = all_.rota.next_plan()
            assert following is None or following > self.now, "what was planned is planned"
        self._nothing_is_lost(before)
        self._closed_are_told([each for each in planned if isinstance(each, ReceptionClosed)])
        for offered in (each for each in planned if isinstance(each, Offered)):
            assert offered.place.booking.state is State.OFFERED
            assert offered.until > self.now
        before = self.picture()
        with self.community() as all_:
            for each in all_.rota.run(self.now):
                if isinstance(each, WaitedInVain):
                    assert each.place.booking.state is State.LAPSED
                    assert each.place.reception.begins_at <= self.now
                elif isinstance(each, ReceptionClosed):
                    self._closed_are_told([each])
            following = all_.rota.next_due()
            assert following is None or following > self.now, "what was done is due no more"
        self._nothing_is_lost(before)
        before = self.picture()
        with self.community() as all_:
            for due in all_.bookings.reminders.run(self.now):
                self._is_in_order(due)
            following = all_.bookings.reminders.next_due()
            assert following is None or following > self.now, "what was done is due no more"
        self._nothing_is_lost(before)

    def _is_in_order(self, due: Reminded | OfferLapsed | AskHelped) -> None:
        booking = due.place.booking
        match due:
            case Reminded():
                assert booking.state is State.HELD
                assert booking.starts_at > self.now
                assert due.place.reception.state is ReceptionState.PLANNED
                evening = self.now.astimezone(CHINA).date() < booking.starts_at.astimezone(CHINA).date()
                assert (booking.id, evening) not in self.reminded, "once"
                assert quiet_ends(self.now, self.rules_) == self.now
                self.reminded.add((booking.id, evening))
            case OfferLapsed():
                assert booking.state is State.LAPSED
                assert booking.offered_until is not None
                assert booking.offered_until <= self.now
                assert len(due.offers) <= 1
            case AskHelped():
                assert booking.state is State.CAME
                assert booking.id not in self.asked, "once"
                self.asked.add(booking.id)

    def _closed_are_told(self, closed: Sequence[ReceptionClosed]) -> None:
        for each in closed:
            assert each.reception.state is ReceptionState.CLOSED
            affected = [one.place.booking for one in each.affected]
            assert all(booking.state is State.CLOSED for booking in affected)
            assert all(choice.left > 0 for one in each.affected for choice in one.instead)
            assert all(choice.reception.begins_at > self.now for one in each.affected for choice in one.instead)

    # --- what always holds ------------------------------------------------------------------------------------

    @invariant()
    def everything_is_in_order(self) -> None:
        picture = self.picture()
        planned = {each.id: each for each in picture.receptions}
        for reception in picture.receptions:
            self._places_are_in_order(reception, picture.of(reception))
        for booking in picture.bookings:
            self._columns_fit(booking, planned[booking.reception_id])
        for who in RESIDENTS:
            self._nobody_has_too_much([each for each in picture.bookings if each.resident_id == who], planned)
        self._logs_tell_the_same(picture)

    def _places_are_in_order(self, reception: Reception, kept: Sequence[Booking]) -> None:
        taken = [each.place for each in kept if each.place is not None]
        assert len(set(taken)) == len(taken), "no place twice"
        assert all(1 <= place <= reception.places for place in taken)
        whose = [(each.resident_id, each.for_whom) for each in kept]
        assert len(set(whose)) == len(whose), "nobody twice"
        if reception.state is ReceptionState.PLANNED and reception.begins_at > self.now:
            waiting = [each for each in kept if each.state is State.WAITING]
            assert not waiting or not free_places(reception.places, taken), "nobody waits while a place is free"
        if reception.state is ReceptionState.CLOSED:
            assert not any(each.state in OPEN for each in kept)

    def _columns_fit(self, booking: Booking, reception: Reception) -> None:
        kept = booking.state in KEEPS_PLACE | OPEN
        assert (booking.released_at is None) == kept
        if kept:
            assert (booking.place is None) == (booking.state is State.WAITING)
        assert reception.begins_at <= booking.starts_at < reception.ends_at
        assert (booking.came_at is not None) or booking.state is not State.CAME
        if booking.state is State.OFFERED:
            self._may_be_answered(booking, reception)
        if booking.next_at is not None:
            assert booking.state in (State.OFFERED, State.HELD, State.CAME)
            assert booking.next_at > self.now or booking.state is State.OFFERED

    def _may_be_answered(self, booking: Booking, reception: Reception) -> None:
        until = booking.offered_until
        assert until is not None
        assert until <= reception.begins_at
        assert booking.next_at == until
        if until < reception.begins_at:
            local = until.astimezone(CHINA).time()
            assert self.rules_.quiet_to <= local <= self.rules_.quiet_from

    def _nobody_has_too_much(self, own: Sequence[Booking], planned: dict[int, Reception]) -> None:
        recent = [each for each in own if each.state in OPEN and each.starts_at >= self.now - 12 * HOUR]
        stations_of = Counter(planned[each.reception_id].station_id for each in recent)
        assert all(count <= self.rules_.most_bookings for count in stations_of.values())
        theirs = [each for each in own if each.state in (State.HELD, State.CAME)]
        for one, other in combinations(theirs, 2):
            assert one.for_whom != other.for_whom or not _together(one, other), "at two places at the same time"

    def _logs_tell_the_same(self, picture: Picture) -> None:
        with self.database.begin() as store:
            for booking in picture.bookings:
                assert _told(bookings.events(store, booking.id)) is booking.state

    def _nothing_is_lost(self, before: Picture) -> None:
        """What changed since then changed by a legal step, and whoever is offered a place had waited longest."""
        after = self.picture()
        now = after.by_id()
        for earlier in before.bookings:
            later = now[earlier.id]
            if later.state is not earlier.state:
                assert any(moves.get(earlier.state) is later.state for moves in LEGAL.values())
            if (earlier.state, later.state) == (State.WAITING, State.OFFERED):
                rivals = (each for each in after.bookings if each.reception_id == earlier.reception_id)
                still = [each for each in rivals if each.state is State.WAITING]
                assert all((earlier.booked_at, earlier.id) < (each.booked_at, each.id) for each in still)

    # --- help -------------------------------------------------------------------------------------------------

    @contextmanager
    def community(self) -> Iterator[Community]:
        with self.database.begin() as store:
            yield Community.open(store, self.tree, self.rules_, {})

    def try_(self, act: Callable[[Community], object]) -> bool:
        """Does something that may be refused, and only that. Whatever was refused has changed nothing."""
        before = self.picture()
        with self.community() as all_:
            try:
                act(all_)
            except Refused:
                done = False
            else:
                done = True
        if done:
            self._nothing_is_lost(before)
        else:
            assert self.picture() == before
        return done

    def try_on(self, number: int, who: str, act: Callable[[Community, Person], object]) -> bool:
        """The same for a person who may be meant by what they have to do with a booking."""
        someone = self.who(number, who)
        return self.try_(lambda all_: act(all_, someone))

    def picture(self) -> Picture:
        with self.database.begin() as store:
            execute = store.connection.execute
            return Picture(
                tuple(Booking(*row) for row in execute(select(*as_read(bookings_table)).order_by(bookings_table.c.id))),
                tuple(Reception(*row) for row in execute(select(receptions).order_by(receptions.c.id))),
                (
                    tuple(execute(select(rotas).order_by(rotas.c.id))),
                    execute(select(func.count()).select_from(booking_events)).scalar_one(),
                    execute(select(func.count()).select_from(grievances)).scalar_one(),
                ),
            )

    def fitting(self, which: int, *states: State) -> int:
        """The number of a booking, mostly of one in these states."""
        latest = self.picture().bookings[::-1]
        fits = sorted((each for each in latest if each.state in states), key=self._how_far)
        found = fits if fits and which < 7 else latest
        return found[which % min(4, len(found))].id if found and which < 9 else 9999

    def _how_far(self, booking: Booking) -> tuple[timedelta, int]:
        return abs(booking.starts_at - self.now), booking.id

    def reception(self, which: int) -> Reception:
        """One of the next, or of the last day; also closed ones."""
        found = sorted(self.picture().receptions, key=lambda each: (each.begins_at, each.id))
        next_ = [each for each in found if each.begins_at > self.now]
        last = [each for each in found if each.begins_at <= self.now]
        chosen = last[-1:] if which == 4 and last else next_ or last
        return chosen[which % min(4, len(chosen))]

    def who(self, number: int, who: str) -> Person:
        """A person by name, or by what they have to do with a booking."""
        picture = self.picture()
        booking = picture.by_id().get(number)
        if booking is None:
            return self.person(RESIDENTS[0] if who == RESIDENT else "worker" if who == ON_DUTY else who)
        reception = next(each for each in picture.receptions if each.id == booking.reception_id)
        return self.person(booking.resident_id) if who == RESIDENT else self.receiving(reception, who)

    def receiving(self, reception: Reception, who: str) -> Person:
        """Whoever receives, or this person."""
        return self.person((reception.person_id or "worker") if who == ON_DUTY else who)

    def person(self, who: str) -> Person:
        return Person(id=who, name=self.names[who], node_id="xingfu")


def _told(events: Sequence[bookings.Event]) -> State:
    """The state that a log leads to."""
    first, *others = events
    state = {Step.BOOK: State.HELD, Step.WAIT: State.WAITING}[Step(first.step)]
    for event in others:
        state = LEGAL.get(Step(event.step), {}).get(state, state)
    return state


def _rivals(one: Booking, other: Booking) -> bool:
    """Two bookings of one person for the same visitor."""
    return one.id != other.id and (one.resident_id, one.for_whom) == (other.resident_id, other.for_whom)


def _together(one: Booking, other: Booking) -> bool:
    return abs(one.starts_at - other.starts_at) < SAME_TIME


def _day(reception: Reception) -> date:
    return reception.begins_at.astimezone(CHINA).date()


@pytest.fixture(scope="module")
def played(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> type[Stations]:
    """The machine with a place for its databases."""
    Stations.template, Stations.folder = sqlite_template, tmp_path_factory.mktemp("stations")
    return Stations


def test_any_order_of_steps_leaves_every_place_with_one_person(played: type[Stations]) -> None:
    run_state_machine_as_test(
        played,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


# --- until when a place is kept -------------------------------------------------------------------------------

moments = st.datetimes(datetime(2026, 9, 1), datetime(2027, 3, 1), timezones=st.just(CHINA)).map(
    lambda moment: moment.replace(second=0, microsecond=0)
)
spans = st.integers(1, 30 * 60).map(lambda count: count * MINUTE)
quiet_hours = st.sampled_from((time(21), time(22, 30), time(0), time(8), time(13), time(23, 59))).flatmap(
    lambda begin: st.tuples(st.just(begin), st.sampled_from((time(8), time(6, 15), time(14), time(0), begin)))
)


def _rules(quiet: tuple[time, time]) -> Rules:
    return Rules(quiet_from=quiet[0], quiet_to=quiet[1])


def _awake_minutes(begin: datetime, end: datetime, rules: Rules) -> int:
    """Counted one by one."""
    count = (end - begin) // MINUTE
    return sum(quiet_ends(minute, rules) == minute for minute in (begin + number * MINUTE for number in range(count)))


@settings(max_examples=60, deadline=None)
@given(now=moments, span=spans, quiet=quiet_hours)
def test_a_span_has_exactly_its_waking_minutes(now: datetime, span: timedelta, quiet: tuple[time, time]) -> None:
    rules = _rules(quiet)
    end = waking_end(now, span, rules)
    assert _awake_minutes(now, end, rules) == span // MINUTE
    assert quiet_ends(end - MINUTE, rules) == end - MINUTE, "its last minute is a waking one"


@given(now=moments, span=spans, more=spans, quiet=quiet_hours)
def test_a_longer_span_ends_later_and_a_later_one_not_earlier(
    now: datetime, span: timedelta, more: timedelta, quiet: tuple[time, time]
) -> None:
    rules = _rules(quiet)
    assert waking_end(now, span + more, rules) > waking_end(now, span, rules)
    assert waking_end(now + more, span, rules) >= waking_end(now, span, rules)


@given(now=moments, before=spans, quiet=quiet_hours)
def test_a_place_is_never_kept_beyond_the_beginning(now: datetime, before: timedelta, quiet: tuple[time, time]) -> None:
    rules = _rules(quiet)
    until = offered_until(now, now + before, rules)
    assert now < until <= now + before
    assert until == now + before or _awake_minutes(now, until, rules) == rules.offer_open // MINUTE


# --- when a place's turn is -----------------------------------------------------------------------------------


def _reception(begins_at: datetime, length: int, places: int) -> Reception:
    return Reception(
        id=1,
        station_id="near",
        rota_id=None,
        planned_on=begins_at.date(),
        kind=DutyKind.LAWYER,
        person_id=None,
        person_name="宋雨",
        begins_at=begins_at,
        ends_at=begins_at + length * MINUTE,
        places=places,
        bring="",
        state=ReceptionState.PLANNED,
        sequence=0,
        changed_at=begins_at,
        next_at=None,
        stage="",
    )


some_reception = st.builds(_reception, moments, st.integers(1, 12 * 60), st.integers(1, 100))


@given(reception=some_reception)
def test_the_places_turns_lie_within_the_hours_one_after_the_other(reception: Reception) -> None:
    turns = [place_time(reception, place) for place in range(1, reception.places + 1)]
    assert turns[0] == reception.begins_at
    assert turns[-1] < reception.ends_at
    assert all(turn.second == 0 for turn in turns)
    enough = reception.ends_at - reception.begins_at >= reception.places * MINUTE
    assert all(one < other if enough else one <= other for one, other in pairwise(turns))
    lengths = [other - one for one, other in pairwise([*turns, reception.ends_at])]
    assert max(lengths) - min(lengths) <= MINUTE, "nobody has more time than others"


@given(reception=some_reception, data=st.data())
def test_the_nearest_place_is_free_and_none_is_nearer(reception: Reception, data: st.DataObject) -> None:
    every = range(1, reception.places + 1)
    taken = data.draw(st.sets(st.sampled_from(every), max_size=reception.places - 1))
    free = free_places(reception.places, taken)
    assert sorted({*free, *taken}) == list(every)
    assert not taken & set(free)
    after = data.draw(st.none() | st.integers(-60, 13 * 60))
    if after is None:
        assert nearest(reception, free, None) == free[0]
        return
    hour = reception.begins_at + after * MINUTE
    chosen = nearest(reception, free, hour)
    assert chosen in free
    least = min(abs(place_time(reception, place) - hour) for place in free)
    assert abs(place_time(reception, chosen) - hour) == least
