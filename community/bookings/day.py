"""The day itself: who is there, whose turn it is, who did not come, and what came of the talk."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from community.bookings.ledger import Ledger
from community.bookings.outcomes import Called, CheckedIn, DutyList, Missed, Noted, Objected, Place, Record, Visitor
from community.bookings.steps import State, Step, after
from community.grievances import DeadlineClass, Grievances
from community.grievances.intake import Told
from community.grievances.outcomes import PlaceMissing, Reported, SameAs, Where
from community.people import Person
from community.refused import Refused
from storage import bookings, people, rota
from storage.bookings import Booking
from storage.rota import Reception
from storage.tables import ReceptionState

EARLY = timedelta(hours=3)
"""How long before the beginning one can check in."""

LATE = timedelta(hours=12)
"""How long after its beginning a reception is still the one of today."""

AFTERWARDS = timedelta(hours=2)
"""How long after its end residents may still check in at a reception, and be called."""

OBJECTS_WITHIN = timedelta(days=7)

PUT_RIGHT_WITHIN = timedelta(days=14)
"""How long after a reception, or after an objection, staff may still say that somebody was there."""

THEIRS = frozenset({State.HELD, State.CAME})
"""Whose turn is still to come, or who is there."""


@dataclass(frozen=True, slots=True)
class Day:
    """Checking in, calling, marking, writing down."""

    ledger: Ledger
    grievances: Grievances

    def check_in(self, resident: Person, booking_id: int | None, now: datetime) -> CheckedIn:
        """A resident says that they are there. Raises `Refused` where there is nothing today."""
        if booking_id is not None:
            booking = self.ledger.own(booking_id, resident)
        else:
            today = [each for each in self.ledger.standing_of(resident, now) if self._is_now(each, now)]
            if not today:
                raise Refused("bookings.nothing_today")
            booking = min(today, key=lambda each: (each.state is State.CAME, self._is_over(each, now), each.starts_at))
        if booking.state is State.MISSED:
            raise Refused("bookings.is_missed", code=booking.code)
        if self._is_over(booking, now):
            raise Refused("bookings.checked_in_late", code=booking.code, starts_at=booking.starts_at)
        return self._there(booking, resident, now)

    def came(self, booking_id: int, person: Person, now: datetime) -> CheckedIn:
        """Staff say that somebody is there, or was. Raises `Refused` where that is long ago."""
        place = self.ledger.place(self.ledger.existing(booking_id))
        self.ledger.check_staff(person, place)
        if max(place.reception.ends_at, place.booking.objected_at or place.reception.ends_at) + PUT_RIGHT_WITHIN < now:
            raise Refused("bookings.too_long_ago", code=place.booking.code, days=PUT_RIGHT_WITHIN.days)
        return self._there(place.booking, person, now)

    def missed(self, booking_id: int, person: Person, now: datetime) -> Missed:
        """Staff say that somebody did not come. Nothing marks that by itself."""
        place = self.ledger.place(self.ledger.existing(booking_id))
        self.ledger.check_staff(person, place)
        if place.booking.starts_at > now:
            raise Refused("bookings.not_yet_time", code=place.booking.code, starts_at=place.booking.starts_at)
        return Missed(self.ledger.place(self.ledger.step(place.booking, Step.MISS, person.id, now)))

    def object(self, resident: Person, booking_id: int | None, now: datetime) -> Objected:
        """A resident who was marked as missing says that they were there: people look at it."""
        found = (
            [self.ledger.own(booking_id, resident)]
            if booking_id is not None
            else bookings.latest_of(self.ledger.store, resident.id, now - OBJECTS_WITHIN)
        )
        missed = next((each for each in found if each.state is State.MISSED), None)
        if missed is None:
            raise Refused("bookings.nothing_to_object")
        if missed.objected_at is not None:
            return Objected(self.ledger.place(missed), (), first=False)
        changed = self.ledger.note(missed, Step.OBJECT, resident.id, now, objected_at=now)
        place = self.ledger.place(changed)
        tell = {*self.ledger.on_duty(place.reception, place.station), *self.ledger.workers(place.station)}
        return Objected(place, tuple(sorted(tell - {resident.id})), first=True)

    def call(self, person: Person, number: int | None, booking_id: int | None, now: datetime) -> Called:
        """The next of those who are there, or the one of this place or booking.

        Raises `Refused`, also where somebody is there at several receptions and it is not said who is meant.
        """
        near = self._received_now(person, now) if booking_id is None else [self._reception_of(booking_id, person, now)]
        receptions = self.ledger.locked(*(each.id for each in near))  # lest another calls the same person
        found = [self._to_call(each, number, booking_id) for each in receptions]
        first = [each[0] for each in found if each]
        if not first:
            raise Refused("bookings.nobody_there")
        if len(first) > 1:
            raise Refused("bookings.call_whom", codes="\u3001".join(each.code for each in first), first=first[0].code)
        return self._called(first[0], person, now)

    def list_for(self, person: Person, since: datetime, until: datetime) -> list[DutyList]:
        """The lists of the receptions between two moments: of one's own, for workers of their stations."""
        return [self.duty_list(each, person) for each in self._receptions(person, since, until)]

    def duty_list(self, reception: Reception, reader: Person | None = None) -> DutyList:
        """Who is expected, as `reader` may read it; without one as it goes to those it is for."""
        station = rota.station(self.ledger.store, reception.station_id)
        names = bookings.names_at(self.ledger.store, reception.id)
        all_ = bookings.of_reception(self.ledger.store, reception.id)
        reasons = self.ledger.reads_reasons(reader, reception) if reader else reception.person_id is not None
        visitors = tuple(
            Visitor(each, names[each.id], each.reason if reasons else "") for each in all_ if each.place is not None
        )
        waiting = sum(each.state is State.WAITING for each in all_)
        return DutyList(reception, station, visitors, waiting, self.ledger.on_duty(reception, station))

    def record(self, booking_id: int, person: Person, words: str, now: datetime) -> Noted:
        """What was talked about. Only whoever received them; that they came is thereby known."""
        place = self._received_by(booking_id, person)
        booking = self._came(place.booking, person, now)
        words = f"{booking.record}\n{words}" if booking.record else words
        noted = self.ledger.place(self.ledger.step(booking, Step.RECORD, person.id, now, record=words))
        return Noted(noted, shared=place.reception.person_id is None)

    def read_record(self, booking_id: int, person: Person) -> Record:
        """What was written down; and why they came, for whoever received them alone."""
        place = self._received_by(booking_id, person)
        reads = self.ledger.reads_reasons(person, place.reception)
        return Record(place, self._name(place.booking), place.booking.reason if reads else None)

    def to_grievance(
        self, booking_id: int, person: Person, told: Told, now: datetime
    ) -> tuple[Place, Reported | PlaceMissing | SameAs]:
        """The talk becomes a grievance of the resident's, whose number they hear. Once."""
        place = self._received_by(booking_id, person)
        booking = place.booking
        if booking.grievance_number is not None:
            raise Refused("bookings.grievance_already", code=booking.code, number=booking.grievance_number)
        resident = people.by_id(self.ledger.store, booking.resident_id)
        assert resident is not None
        after(booking, Step.TO_GRIEVANCE)
        self.grievances.intake.cases.community_of(resident, None)  # refused before anything is written
        booking = self._came(booking, person, now)
        outcome = self.grievances.intake.report(resident, None, told, (), now)
        number = outcome.grievance.number
        changed = self.ledger.step(booking, Step.TO_GRIEVANCE, person.id, now, str(number), grievance_number=number)
        return self.ledger.place(changed), outcome

    def home_of(self, booking_id: int) -> Where:
        """Where a grievance is whose place was not told: where the resident lives, else where the station is."""
        booking = self.ledger.existing(booking_id)
        resident = people.by_id(self.ledger.store, booking.resident_id)
        station = self.ledger.place(booking).station
        return Where(node_id=(resident.node_id if resident else None) or station.node_id)

    def to_mediation(self, booking_id: int, person: Person, words: str, now: datetime) -> tuple[Place, Reported]:
        """The same as a private mediation: only its handlers see it."""
        told = Told(words, self.home_of(booking_id), "mediation", DeadlineClass.HARD, private=True)
        place, outcome = self.to_grievance(booking_id, person, told, now)
        assert isinstance(outcome, Reported)  # a private one asks nothing
        return place, outcome

    def helped(self, booking_id: int, resident: Person, answer: int, now: datetime) -> Place:
        """Whether it helped: 1 yes, 2 a little, 3 no."""
        booking = self.ledger.own(booking_id, resident)
        after(booking, Step.HELPED)
        return self.ledger.place(self.ledger.note(booking, Step.HELPED, resident.id, now, str(answer), helped=answer))

    # --- inside -----------------------------------------------------------------------------------------------

    def _there(self, booking: Booking, actor: Person, now: datetime) -> CheckedIn:
        if booking.state is State.CAME:
            return CheckedIn(self.ledger.place(booking), first=False, ahead=self._ahead(booking))
        reception = self.ledger.reception(booking.reception_id)
        if reception.state is ReceptionState.CLOSED:
            raise Refused("bookings.reception_closed")
        if reception.begins_at - EARLY > now:
            raise Refused("bookings.not_yet_time", code=booking.code, starts_at=booking.starts_at)
        put_right = booking.state is State.MISSED
        changed = self.ledger.step(booking, Step.CHECK_IN, actor.id, now, came_at=now)
        return CheckedIn(self.ledger.place(changed), first=True, ahead=self._ahead(changed), put_right=put_right)

    def _ahead(self, booking: Booking) -> int:
        others = bookings.of_reception(self.ledger.store, booking.reception_id)
        there = [each for each in others if each.state is State.CAME and each.called_at is None]
        return sum((each.place or 0) < (booking.place or 0) for each in there)

    def _came(self, booking: Booking, person: Person, now: datetime) -> Booking:
        if booking.state is not State.HELD or booking.came_at is not None:
            return booking
        return self._there(booking, person, now).place.booking

    def _received_by(self, booking_id: int, person: Person) -> Place:
        """A booking as it stays until the end of this transaction. Raises `Refused` for who did not receive it."""
        place = self.ledger.place(self.ledger.existing(booking_id))
        self.ledger.check_receives(person, place)
        self.ledger.locked(place.reception.id)
        return self.ledger.place(self.ledger.existing(booking_id))

    def _receptions(self, person: Person, since: datetime, until: datetime) -> list[Reception]:
        """What somebody receives between two moments, or looks after."""
        stations = rota.all_stations(self.ledger.store)
        looked_after = {each.id for each in stations if self.ledger.looks_after(person, each)}
        between = rota.not_closed_between(self.ledger.store, [each.id for each in stations], since, until)
        return [each for each in between if each.station_id in looked_after or each.person_id == person.id]

    def _received_now(self, person: Person, now: datetime) -> list[Reception]:
        """The receptions that a person has now, or is about to have; else those that they look after."""
        near = self._receptions(person, now - LATE, now + EARLY)
        open_now = [each for each in near if each.ends_at + AFTERWARDS > now]
        if not open_now:
            raise Refused("bookings.no_reception_now")
        return [each for each in open_now if each.person_id == person.id] or open_now

    def _reception_of(self, booking_id: int, person: Person, now: datetime) -> Reception:
        """The reception of a booking, where somebody may be called now."""
        place = self.ledger.place(self.ledger.existing(booking_id))
        self.ledger.check_staff(person, place)
        if place.reception.begins_at - EARLY > now:
            raise Refused("bookings.not_yet_time", code=place.booking.code, starts_at=place.booking.starts_at)
        if self._is_over(place.booking, now):
            raise Refused("bookings.is_over", code=place.booking.code)
        return place.reception

    def _to_call(self, reception: Reception, number: int | None, booking_id: int | None) -> list[Booking]:
        """Those who could be called: of this place or booking, else who is there, the lowest place first."""
        visitors = bookings.of_reception(self.ledger.store, reception.id)
        if booking_id is not None:
            return [each for each in visitors if each.id == booking_id]
        if number is not None:
            return [each for each in visitors if each.place == number]
        return [each for each in visitors if each.state is State.CAME and each.called_at is None]

    def _called(self, booking: Booking, person: Person, now: datetime) -> Called:
        if booking.state is State.HELD:
            booking = self.ledger.step(booking, Step.CHECK_IN, person.id, now, came_at=now)
        after(booking, Step.CALL)
        place = self.ledger.place(self.ledger.note(booking, Step.CALL, person.id, now, called_at=now))
        others = [each for each in self._to_call(place.reception, None, None) if each.id != booking.id]
        reason = booking.reason if self.ledger.reads_reasons(person, place.reception) else ""
        records = person.id in self.ledger.on_duty(place.reception, place.station)
        return Called(place, self._name(booking), len(others), reason, records)

    def _is_over(self, booking: Booking, now: datetime) -> bool:
        return self.ledger.reception(booking.reception_id).ends_at + AFTERWARDS <= now

    def _is_now(self, booking: Booking, now: datetime) -> bool:
        return booking.state in THEIRS and booking.starts_at - EARLY <= now <= booking.starts_at + LATE

    def _name(self, booking: Booking) -> str:
        person = people.by_id(self.ledger.store, booking.resident_id)
        return person.name if person else booking.resident_id
