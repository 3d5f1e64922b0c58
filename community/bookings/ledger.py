"""What every part of the booking of places needs: finding, counting, giving a place to whoever waits, and writing."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any

from community.bookings.outcomes import Choice, Offered, Place
from community.bookings.steps import KEEPS_PLACE, OPEN, Step, after, next_look
from community.parts.notice import quiet_ends
from community.parts.places import free_places, offered_until
from community.people import Person
from community.refused import Refused
from community.rules import Rules
from community.tree import Node, Tree
from storage import bookings, questions, rota
from storage.bookings import Booking
from storage.database import Store
from storage.rota import Reception, Station
from storage.tables import ReceptionState

STILL_TODAY = timedelta(hours=12)
"""A booking of today is still one's own for so long."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """Receptions and bookings within one transaction."""

    store: Store
    tree: Tree
    rules: Rules

    # --- finding ----------------------------------------------------------------------------------------------

    def existing(self, booking_id: int) -> Booking:
        """Raises `Refused` where there is none."""
        booking = bookings.by_id(self.store, booking_id)
        if booking is None:
            raise Refused("bookings.not_found")
        return booking

    def own(self, booking_id: int, resident: Person) -> Booking:
        """One of the resident's own. Others' do not even exist."""
        booking = self.existing(booking_id)
        if booking.resident_id != resident.id:
            raise Refused("bookings.not_found")
        return booking

    def standing_of(self, resident: Person, now: datetime) -> list[Booking]:
        """What a resident has not given up, also where they have come already; the next first."""
        return bookings.open_of(self.store, resident.id, now - STILL_TODAY)

    def open_of(self, resident: Person, now: datetime) -> list[Booking]:
        """What a resident could still give up, the next first."""
        return [each for each in self.standing_of(resident, now) if each.state in OPEN and not self.is_over(each, now)]

    def is_over(self, booking: Booking, now: datetime) -> bool:
        """Whether the reception has ended: what nobody marked stays as it is for the figures."""
        return self.reception(booking.reception_id).ends_at <= now

    def given_up_for(self, booking: Booking, now: datetime) -> Booking | None:
        """What a resident who waits gives up as soon as they have this place, while they still have it."""
        old = bookings.by_id(self.store, booking.moved_from) if booking.moved_from is not None else None
        return old if old is not None and old.state in OPEN and not self.is_over(old, now) else None

    def horizon(self, now: datetime) -> datetime:
        """Before when a reception begins that one can book. The last day counts whole, whatever hour it is now."""
        last = now.astimezone(self.rules.zone).date() + self.rules.book_ahead
        return datetime.combine(last + timedelta(days=1), time(), self.rules.zone)

    def place(self, booking: Booking) -> Place:
        """A booking with its reception and station."""
        reception = self.reception(booking.reception_id)
        return Place(booking, reception, rota.station(self.store, reception.station_id))

    def reception(self, reception_id: int) -> Reception:
        """Raises `Refused` where there is none."""
        reception = rota.by_id(self.store, reception_id)
        if reception is None:
            raise Refused("bookings.no_reception")
        return reception

    def community_of(self, resident: Person, group_node: str | None) -> Node:
        """Whose stations are meant: those of the group's community, of one's own, of the only one there is."""
        node = self.tree.community_meant(group_node, resident.node_id)
        if node is None:
            raise Refused("grievances.which_community")
        return node

    def stations_for(self, node_id: str) -> list[Station]:
        """The stations at a node and at those above it: the street's are for everybody in the street."""
        above = {node.id for node in self.tree.upwards(node_id)}
        return [each for each in rota.all_stations(self.store) if each.node_id in above]

    # --- who --------------------------------------------------------------------------------------------------

    def looks_after(self, person: Person, station: Station) -> bool:
        """Whether a person works for the place of a station, at its level or above."""
        return self.tree.works_at(person.id, station.node_id)

    def workers(self, station: Station) -> tuple[str, ...]:
        """Who looks after a station."""
        return self.tree.workers_for(station.node_id)

    def on_duty(self, reception: Reception, station: Station) -> tuple[str, ...]:
        """Who receives; the station's workers where that is somebody whom the bot does not know."""
        return (reception.person_id,) if reception.person_id else self.workers(station)

    def reads_reasons(self, person: Person, reception: Reception) -> bool:
        """Only whoever receives may know why somebody comes: not those who stand in for somebody unknown to the bot."""
        return reception.person_id == person.id

    def check_receives(self, person: Person, place: Place) -> None:
        """Only whoever receives writes down what was said, or those who stand in for them. Raises `Refused`."""
        if person.id not in self.on_duty(place.reception, place.station):
            raise Refused("bookings.not_found")
        if person.id == place.booking.resident_id:
            raise Refused("bookings.own_booking", code=place.booking.code)

    def check_staff(self, person: Person, place: Place) -> None:
        """Whoever receives, and the station's workers. Raises `Refused`."""
        if person.id not in self.on_duty(place.reception, place.station) and not self.looks_after(
            person, place.station
        ):
            raise Refused("bookings.not_found")

    # --- places -----------------------------------------------------------------------------------------------

    def choices(self, receptions: Sequence[Reception], hour: datetime | None = None) -> tuple[Choice, ...]:
        """Each reception with the places that are left, and of these the one nearest to an hour."""
        ids = [each.id for each in receptions]
        taken, waiting = bookings.taken(self.store, ids), bookings.waiting(self.store, ids)
        stations = {each.station_id for each in receptions}
        names = {station_id: rota.station(self.store, station_id) for station_id in stations}
        found = []
        for each in receptions:
            free = free_places(each.places, taken.get(each.id, ()))
            starts_at = place_time(each, nearest(each, free, hour)) if free else each.begins_at
            found.append(Choice(each, names[each.station_id], len(free), waiting.get(each.id, 0), starts_at))
        return tuple(found)

    def free(self, reception: Reception) -> tuple[int, ...]:
        """The places of a reception that nobody has."""
        return free_places(reception.places, bookings.taken(self.store, [reception.id]).get(reception.id, ()))

    def locked(self, *reception_ids: int) -> list[Reception]:
        """Receptions of which nobody else gives away places until the end; always in one order, lest two wait for
        each other. Raises `Refused` for one that there is not."""
        found = {identity: rota.locked(self.store, identity) for identity in sorted(set(reception_ids))}
        if any(each is None for each in found.values()):
            raise Refused("bookings.no_reception")
        return [each for identity in reception_ids if (each := found[identity]) is not None]

    def offer(self, reception: Reception, now: datetime) -> tuple[Offered, ...]:
        """Keeps what is free for those who wait, in the order in which they came."""
        if reception.state is not ReceptionState.PLANNED or reception.begins_at <= now:
            return ()
        found = []
        for free in self.free(reception):
            first = bookings.first_waiting(self.store, reception.id)
            if first is None:
                break
            until = offered_until(now, reception.begins_at, self.rules)
            if quiet_ends(now, self.rules) >= until:
                break  # nobody would hear of it in time
            starts_at = place_time(reception, free)
            kept = self.step(first, Step.OFFER, None, now, place=free, offered_until=until, starts_at=starts_at)
            found.append(Offered(self.place(kept), until, self.given_up_for(kept, now)))
        return tuple(found)

    # --- writing ----------------------------------------------------------------------------------------------

    def step(
        self, booking: Booking, step: Step, actor_id: str | None, now: datetime, note: str = "", **values: Any
    ) -> Booking:
        """One step: into the log, and state, values and the scheduler's next look into the columns.

        Raises `Refused` where it is not legal, or is not any more: it is looked at again under the lock.
        """
        self.locked(booking.reception_id)
        booking = self.existing(booking.id)
        state = after(booking, step)
        if booking.state in KEEPS_PLACE | OPEN and state not in KEEPS_PLACE | OPEN:
            values["released_at"] = now
        values |= {"state": state, "sequence": booking.sequence + 1, "changed_at": now}
        changed = replace(booking, **values)
        next_at, stage = next_look(changed, now, self.rules)
        values |= {"next_at": next_at, "stage": stage}
        bookings.change(self.store, booking.id, **values)
        self.log(booking, step, actor_id, now, note)
        if state is not booking.state:
            self.close_questions(booking, now)
        return replace(booking, **values)

    def close_questions(self, booking: Booking, now: datetime) -> None:
        """What the resident was asked about it needs no answer any more: it is not to be asked again."""
        for each in questions.open_for(self.store, booking.resident_id, now):
            if each.kind.startswith("bookings.") and each.about.get("booking") == booking.id:
                questions.close(self.store, each.id, now)

    def look_again(self, booking: Booking, now: datetime) -> Booking:
        """Notes when the scheduler has something to do about it next."""
        next_at, stage = next_look(booking, now, self.rules)
        bookings.change(self.store, booking.id, next_at=next_at, stage=stage)
        return replace(booking, next_at=next_at, stage=stage)

    def note(
        self, booking: Booking, step: Step, actor_id: str | None, now: datetime, note: str = "", **values: Any
    ) -> Booking:
        """Something that changes no state: into the log, and these values into the columns."""
        if values:
            bookings.change(self.store, booking.id, **values)
        self.log(booking, step, actor_id, now, note)
        return replace(booking, **values)

    def log(self, booking: Booking, step: Step, actor_id: str | None, now: datetime, note: str = "") -> None:
        """One line of its log. No actor: the bot itself."""
        bookings.log(self.store, booking.id, now, actor_id, step, note)


def place_time(reception: Reception, place: int) -> datetime:
    """When a place's turn is: the hours divided by the places, to the minute."""
    minutes = (reception.ends_at - reception.begins_at) // timedelta(minutes=1)
    return reception.begins_at + timedelta(minutes=minutes * (place - 1) // reception.places)


def nearest(reception: Reception, free: Collection[int], hour: datetime | None) -> int:
    """The free place nearest to an hour, without one the earliest."""
    if hour is None:
        return min(free)
    return min(free, key=lambda place: (abs(place_time(reception, place) - hour), place))
