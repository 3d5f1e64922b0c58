"""Booking a place: what there is, taking it, waiting for one, moving, giving up. Safe under any crowd.

Whoever gives away a place holds the lock of its reception; a unique index of the table is the second guard.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from community.bookings.ledger import Ledger, nearest, place_time
from community.bookings.outcomes import (
    Booked,
    Cancelled,
    Choice,
    Found,
    Listed,
    Place,
    Waits,
    Wish,
)
from community.bookings.steps import OPEN, Stage, State, Step, after
from community.people import Person
from community.refused import Refused
from storage import bookings, rota
from storage.bookings import Booking as BookingRow
from storage.rota import Reception
from storage.tables import ReceptionState

MOST_SHOWN = 4
"""Receptions to choose from: more nobody reads."""

MOST_FULL = 2
"""Of these such as are full, where others have places."""

MOST_LOOKED_AT = 30
"""Receptions among which those with places are looked for."""

LONGEST_REASON = 500

THEIRS = frozenset({State.HELD, State.CAME})
"""Where somebody is at that time. Of two places that are kept for them at once they may take either."""


@dataclass(frozen=True, slots=True)
class Booking:
    """What residents can do."""

    ledger: Ledger

    def find(
        self, resident: Person, group_node: str | None, wish: Wish, now: datetime, *, to_wait: bool = False
    ) -> Found:
        """The receptions nearest to a wish; `to_wait`: of those that are what was asked for such as are full.

        Raises `Refused` for the past, for what is too far ahead, and where nobody of the kind ever comes.
        """
        horizon = self.ledger.horizon(now)
        if wish.until is not None and wish.until <= now:
            raise Refused("bookings.in_the_past")
        if wish.since is not None and wish.since >= horizon:
            raise Refused("bookings.too_far", days=self.ledger.rules.book_ahead.days)
        stations = self.ledger.stations_for(self.ledger.community_of(resident, group_node).id)
        planned = rota.between(self.ledger.store, [each.id for each in stations], now, horizon)
        fitting = [each for each in planned if _fits(each, wish)]
        if not fitting and wish.name and not any(_is_called(each.person_name, wish.name) for each in planned):
            raise Refused("bookings.nobody_called", name=wish.name)
        if not fitting:
            raise Refused("bookings.nobody_of_the_kind")
        called = tuple(dict.fromkeys(each.person_name for each in fitting)) if wish.name else ()
        several = called if len(called) > 1 else ()
        exact = [each for each in fitting if _within(each, wish)]
        around = wish.since or now
        if not exact:
            near = self.ledger.choices(_nearest(fitting, around), wish.hour)
            return Found(_in_time([each for each in near if each.left] or near), False, several)
        choices = self.ledger.choices(exact[:MOST_LOOKED_AT], wish.hour)
        full = tuple(each for each in choices if not each.left)
        if to_wait and full:
            return Found(full[:MOST_SHOWN], True, several, full=True)
        if len(full) == len(choices):
            return Found(self._beside(full[:MOST_FULL], fitting, around), True, several, full=True)
        return Found(_first(choices), True, several)

    def choice(self, reception_id: int, hour: datetime | None = None) -> Choice:
        """One reception with what is left of it."""
        return self.ledger.choices([self.ledger.reception(reception_id)], hour)[0]

    def book(
        self,
        reception_id: int,
        resident: Person,
        now: datetime,
        *,
        hour: datetime | None = None,
        for_whom: str = "",
        group: str | None = None,
        instead_of: int | None = None,
    ) -> Booked | Waits:
        """The place nearest to `hour`, or one on the waiting list.

        With `instead_of` that booking is given up as soon as this one is sure; who only gets to wait keeps it.
        Raises `Refused`.
        """
        old = self.ledger.own(instead_of, resident) if instead_of is not None else None
        reception = self.ledger.locked(reception_id, *([old.reception_id] if old else []))[0]
        self._check_bookable(reception, now)
        if old is not None:
            old = self.ledger.own(old.id, resident)  # as it is now that nobody else can change it
            self._check_open(old, Step.MOVE, now)
            for_whom = old.for_whom
        bookings.lock_person(self.ledger.store, resident.id)
        self._check_person(reception, resident, for_whom, old, now, to_another_hour=hour is not None)
        free = self.ledger.free(reception)
        if not free:
            if old is not None:  # it is kept, and counts
                self._check_person(reception, resident, for_whom, None, now, to_another_hour=hour is not None)
            return self._wait(reception, resident, for_whom, group, now, old)
        place = nearest(reception, free, hour)
        if old is not None and hour is not None and _as_near(old, reception, place, hour):
            raise Refused("bookings.no_nearer", code=old.code, starts_at=old.starts_at)
        self._check_free(resident, place_time(reception, place), for_whom, old, now)
        if old is not None:
            self.ledger.step(old, Step.MOVE, resident.id, now)
        row = self._add(reception, resident, place, State.HELD, for_whom, group, now, old)
        self.ledger.log(row, Step.BOOK, resident.id, now)
        # Only now: the place that was chosen must not be among those that are offered.
        offers = self.ledger.offer(self.ledger.reception(old.reception_id), now) if old else ()
        taken = self.ledger.place(row)
        return Booked(taken, self.ledger.place(old) if old else None, offers)

    def accept(self, booking_id: int, resident: Person, now: datetime) -> Booked:
        """The place that was kept for them is theirs, instead of the one from which they wanted to move to it.

        Raises `Refused` where it is too late.
        """
        booking = self.ledger.own(booking_id, resident)
        old = self.ledger.given_up_for(booking, now)
        self.ledger.locked(booking.reception_id, *([old.reception_id] if old else []))
        booking = self.ledger.own(booking_id, resident)
        old = self.ledger.given_up_for(booking, now)
        after(booking, Step.ACCEPT)
        if booking.offered_until is not None and now > booking.offered_until:
            raise Refused("bookings.offer_over", code=booking.code)
        bookings.lock_person(self.ledger.store, resident.id)
        self._check_free(resident, booking.starts_at, booking.for_whom, old, now, theirs=THEIRS)
        changed = self.ledger.step(booking, Step.ACCEPT, resident.id, now, offered_until=None)
        if old is None:
            return Booked(self.ledger.place(changed))
        moved = self.ledger.step(old, Step.MOVE, resident.id, now)
        offers = self.ledger.offer(self.ledger.reception(old.reception_id), now)
        return Booked(self.ledger.place(changed), self.ledger.place(moved), offers)

    def decline(self, booking_id: int, resident: Person, now: datetime) -> Cancelled:
        """They do not want the place that was kept for them: the next one has it."""
        return self._release(booking_id, resident, Step.DECLINE, now)

    def cancel(self, booking_id: int, resident: Person, now: datetime) -> Cancelled:
        """They will not come. Raises `Refused` where there is nothing to give up any more."""
        return self._release(booking_id, resident, Step.CANCEL, now)

    def give_reason(self, booking_id: int, resident: Person, words: str, now: datetime) -> Place:
        """What it is about, for whoever receives them and for nobody else."""
        booking = self.ledger.own(booking_id, resident)
        if booking.state not in OPEN:
            raise Refused(f"bookings.is_{booking.state}", code=booking.code)
        changed = self.ledger.note(booking, Step.REASON, resident.id, now, reason=words[:LONGEST_REASON])
        return self.ledger.place(changed)

    def say_coming(self, booking_id: int, resident: Person, now: datetime) -> Place:
        """They have said that they come."""
        booking = self.ledger.own(booking_id, resident)
        after(booking, Step.COMING)
        return self.ledger.place(self.ledger.note(booking, Step.COMING, resident.id, now, coming=True))

    def mine(self, resident: Person, now: datetime) -> list[Listed]:
        """What they have open."""
        return [self._listed(each) for each in self.ledger.open_of(resident, now)]

    def meant(self, mine: Sequence[Listed], wish: Wish) -> list[Listed]:
        """Those of somebody's own that are as they said."""
        return [each for each in mine if _fits(each.place.reception, wish) and _within(each.place.reception, wish)]

    def check_movable(self, booking_id: int, resident: Person, now: datetime) -> None:
        """Raises `Refused` where there is nothing to move any more."""
        self._check_open(self.ledger.own(booking_id, resident), Step.MOVE, now)

    def is_mine(self, booking_id: int, person: Person) -> bool:
        """Whether it is this person's own booking. Raises `Refused` where there is none."""
        return self.ledger.existing(booking_id).resident_id == person.id

    def one_of_mine(self, booking_id: int, resident: Person) -> Listed:
        """One of them, whatever became of it."""
        return self._listed(self.ledger.own(booking_id, resident))

    # --- inside -----------------------------------------------------------------------------------------------

    def _beside(self, full: Sequence[Choice], fitting: Sequence[Reception], moment: datetime) -> tuple[Choice, ...]:
        """Those that are full, and after them the nearest to a moment that have places, in their order of time."""
        known = {each.reception.id for each in full}
        others = [each for each in fitting if each.id not in known]
        near = sorted(others, key=lambda each: abs(each.begins_at - moment))[:MOST_LOOKED_AT]
        free = [each for each in self.ledger.choices(near) if each.left][: MOST_SHOWN - len(full)]
        return (*full, *sorted(free, key=lambda each: (each.reception.begins_at, each.reception.id)))

    def _listed(self, booking: BookingRow) -> Listed:
        return Listed(self.ledger.place(booking), self._ahead(booking))

    def _ahead(self, booking: BookingRow) -> int:
        if booking.state is not State.WAITING:
            return 0
        others = bookings.of_reception(self.ledger.store, booking.reception_id)
        waiting = [each.id for each in others if each.state is State.WAITING]
        return waiting.index(booking.id)

    def _check_open(self, booking: BookingRow, step: Step, now: datetime) -> None:
        after(booking, step)
        if self.ledger.is_over(booking, now):
            raise Refused("bookings.is_over", code=booking.code)

    def _check_bookable(self, reception: Reception, now: datetime) -> None:
        if reception.state is not ReceptionState.PLANNED:
            raise Refused("bookings.reception_closed")
        if reception.begins_at <= now:
            raise Refused("bookings.in_the_past")
        if reception.begins_at >= self.ledger.horizon(now):
            raise Refused("bookings.too_far", days=self.ledger.rules.book_ahead.days)

    def _check_person(
        self,
        reception: Reception,
        resident: Person,
        for_whom: str,
        old: BookingRow | None,
        now: datetime,
        *,
        to_another_hour: bool,
    ) -> None:
        """Not twice the same, not more than so many at one station."""
        standing = [each for each in self.ledger.standing_of(resident, now) if old is None or each.id != old.id]
        others = [each for each in standing if each.state in OPEN and not self.ledger.is_over(each, now)]
        twice = [each for each in standing if each.reception_id == reception.id and each.for_whom == for_whom]
        if old is not None and old.reception_id == reception.id and not to_another_hour:
            raise Refused("bookings.same_reception", code=old.code)
        if twice:
            raise Refused("bookings.booked_already", code=twice[0].code, starts_at=twice[0].starts_at)
        here = [each for each in others if self.ledger.reception(each.reception_id).station_id == reception.station_id]
        if len(here) >= self.ledger.rules.most_bookings:
            codes = "\u3001".join(each.code for each in here)
            raise Refused("bookings.too_many", most=self.ledger.rules.most_bookings, codes=codes, first=here[0].code)

    def _check_free(
        self,
        resident: Person,
        starts_at: datetime,
        for_whom: str,
        but_not: BookingRow | None,
        now: datetime,
        *,
        theirs: Collection[State] = THEIRS | {State.OFFERED},
    ) -> None:
        """Nobody is at two places at the same time. `theirs`: the states that count."""
        for each in self.ledger.standing_of(resident, now):
            same = but_not is not None and each.id == but_not.id
            if same or each.state not in theirs or each.for_whom != for_whom:
                continue
            if abs(each.starts_at - starts_at) < timedelta(minutes=15):
                raise Refused("bookings.same_time", code=each.code, starts_at=each.starts_at)

    def _wait(
        self,
        reception: Reception,
        resident: Person,
        for_whom: str,
        group: str | None,
        now: datetime,
        old: BookingRow | None,
    ) -> Waits:
        row = self._add(reception, resident, None, State.WAITING, for_whom, group, now, old)
        self.ledger.log(row, Step.WAIT, resident.id, now)
        return Waits(self.ledger.place(row), self._ahead(row), old)

    def _add(
        self,
        reception: Reception,
        resident: Person,
        place: int | None,
        state: State,
        for_whom: str,
        group: str | None,
        now: datetime,
        old: BookingRow | None,
    ) -> BookingRow:
        values = {
            "reception_id": reception.id,
            "resident_id": resident.id,
            "place": place,
            "state": state,
            "starts_at": place_time(reception, place) if place else reception.begins_at,
            "for_whom": for_whom,
            "reason": old.reason if old else "",
            "group_external_id": group or (old.group if old else None),
            "booked_at": now,
            "offered_until": None,
            "released_at": None,
            "late": False,
            "coming": None,
            "came_at": None,
            "called_at": None,
            "objected_at": None,
            "record": "",
            "grievance_number": None,
            "helped": None,
            "moved_from": old.id if old else None,
            "sequence": 0,
            "changed_at": now,
            "next_at": None,
            "stage": Stage.NOTHING,
        }
        row = self.ledger.existing(bookings.add(self.ledger.store, values))
        return self.ledger.look_again(row, now)

    def _release(self, booking_id: int, resident: Person, step: Step, now: datetime) -> Cancelled:
        booking = self.ledger.own(booking_id, resident)
        (reception,) = self.ledger.locked(booking.reception_id)
        booking = self.ledger.own(booking_id, resident)
        self._check_open(booking, step, now)
        late = booking.state is State.HELD and booking.starts_at - now < self.ledger.rules.late_cancel
        changed = self.ledger.step(booking, step, resident.id, now, late=late)
        return Cancelled(self.ledger.place(changed), late, self.ledger.offer(reception, now))


def _fits(reception: Reception, wish: Wish) -> bool:
    if wish.kinds and reception.kind not in wish.kinds:
        return False
    return not wish.name or _is_called(reception.person_name, wish.name)


def _is_called(name: str, wanted: str) -> bool:
    """By the full name, or by the surname alone: 「王代表」."""
    return name.startswith(wanted) or (len(wanted) > 1 and wanted in name)


def _within(reception: Reception, wish: Wish) -> bool:
    """Whether a reception lies in what was named: its hours touch it."""
    since, until = wish.since, wish.until
    if since is None or until is None:
        return since is None
    return reception.begins_at < until and reception.ends_at > since


def _as_near(old: BookingRow, reception: Reception, place: int, hour: datetime) -> bool:
    """Whether what somebody has in the same reception is as near to an hour as this place."""
    same = old.reception_id == reception.id and old.place is not None
    return same and abs(old.starts_at - hour) <= abs(place_time(reception, place) - hour)


def _nearest(receptions: Sequence[Reception], moment: datetime) -> list[Reception]:
    """The receptions nearest to a moment, the nearest first."""
    return sorted(receptions, key=lambda each: (abs(each.begins_at - moment), each.id))[:MOST_LOOKED_AT]


def _in_time(choices: Sequence[Choice]) -> tuple[Choice, ...]:
    """The first few, in their order of time."""
    return tuple(sorted(choices[:MOST_SHOWN], key=lambda each: (each.reception.begins_at, each.reception.id)))


def _first(choices: Sequence[Choice]) -> tuple[Choice, ...]:
    """The first few; where all of these are full, some of them and the first that are not."""
    if any(each.left for each in choices[:MOST_SHOWN]):
        return tuple(choices[:MOST_SHOWN])
    free = [each for each in choices if each.left]
    return (*choices[:MOST_FULL], *free[: MOST_SHOWN - MOST_FULL])
