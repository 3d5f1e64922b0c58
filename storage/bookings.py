"""Bookings: who has, waits for, or had a place at a reception; and everything that happened to each."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update

from storage.database import Store
from storage.tables import BookingState, as_read, booking_events, bookings, people


@dataclass(frozen=True, slots=True)
class Booking:
    """A place at a reception, or the wish for one. `place` counts from 1; None while waiting.

    `released_at` is when its place became somebody else's to have; those who came, or should have, keep theirs.
    `reason` and `record` are for whoever receives the resident, and for nobody else. `coming` is what was answered to
    the reminder. `next_at` is when the scheduler has something to do about it, `stage` what.
    """

    id: int
    reception_id: int
    resident_id: str
    place: int | None
    state: BookingState
    starts_at: datetime
    for_whom: str
    reason: str
    group: str | None
    booked_at: datetime
    offered_until: datetime | None
    released_at: datetime | None
    late: bool
    coming: bool | None
    came_at: datetime | None
    called_at: datetime | None
    objected_at: datetime | None
    record: str
    grievance_number: int | None
    helped: int | None
    moved_from: int | None
    sequence: int
    changed_at: datetime
    next_at: datetime | None
    stage: str

    @property
    def code(self) -> str:
        """What people call it: B012."""
        return f"B{self.id:03d}"


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a booking's log. No actor: the bot itself."""

    at: datetime
    actor_id: str | None
    step: str
    note: str


_COLUMNS = as_read(bookings)
_OPEN = bookings.c.released_at.is_(None)
_INSERT = insert(bookings).returning(bookings.c.id)
_BY_ID = select(*_COLUMNS).where(bookings.c.id == bindparam("wanted"))
_UPDATE = update(bookings).where(bookings.c.id == bindparam("wanted"))
_TAKEN = select(bookings.c.reception_id, bookings.c.place).where(
    bookings.c.reception_id.in_(bindparam("receptions", expanding=True)), bookings.c.place.is_not(None), _OPEN
)
_WAITING = (
    select(bookings.c.reception_id, func.count())
    .where(
        bookings.c.reception_id.in_(bindparam("receptions", expanding=True)),
        bookings.c.state == BookingState.WAITING,
        _OPEN,
    )
    .group_by(bookings.c.reception_id)
)
_FIRST_WAITING = (
    select(*_COLUMNS)
    .where(bookings.c.reception_id == bindparam("reception"), bookings.c.state == BookingState.WAITING, _OPEN)
    .order_by(bookings.c.booked_at, bookings.c.id)
    .limit(1)
)
_OPEN_OF = (
    select(*_COLUMNS)
    .where(bookings.c.resident_id == bindparam("resident"), bookings.c.starts_at >= bindparam("since"), _OPEN)
    .order_by(bookings.c.starts_at, bookings.c.id)
    .limit(50)
)
_LATEST_OF = (
    select(*_COLUMNS)
    .where(bookings.c.resident_id == bindparam("resident"), bookings.c.starts_at >= bindparam("since"))
    .order_by(bookings.c.starts_at.desc(), bookings.c.id.desc())
    .limit(bindparam("at_most"))
)
_OF_RECEPTION = (
    select(*_COLUMNS)
    .where(bookings.c.reception_id == bindparam("reception"), _OPEN)
    .order_by(bookings.c.place.is_(None), bookings.c.place, bookings.c.booked_at, bookings.c.id)
)
_NAMED = (
    select(bookings.c.id, people.c.name)
    .join_from(bookings, people, bookings.c.resident_id == people.c.id)
    .where(bookings.c.reception_id == bindparam("reception"), _OPEN)
)
_OF_RECEPTIONS = (
    select(*_COLUMNS)
    .where(bookings.c.reception_id.in_(bindparam("receptions", expanding=True)))
    .order_by(bookings.c.starts_at, bookings.c.id)
)
_DUE = (
    select(*_COLUMNS)
    .where(bookings.c.next_at <= bindparam("now"))
    .order_by(bookings.c.next_at, bookings.c.id)
    .limit(200)
)
# Said although `min` leaves them out: only then does SQLite use the index, which holds no others.
_NEXT_DUE = select(func.min(bookings.c.next_at)).where(bookings.c.next_at.is_not(None))
_INSERT_EVENT = insert(booking_events)
_EVENTS = (
    select(booking_events.c.at, booking_events.c.actor_id, booking_events.c.step, booking_events.c.note)
    .where(booking_events.c.booking_id == bindparam("wanted"))
    .order_by(booking_events.c.id)
)
# key_share: rows that only name the person (a question, an address) need not wait.
_LOCK_PERSON = select(people.c.id).where(people.c.id == bindparam("person")).with_for_update(key_share=True)


def lock_person(store: Store, person_id: str) -> None:
    """Nobody else may book for this person until this transaction ends: their bookings are counted."""
    store.connection.execute(_LOCK_PERSON, {"person": person_id})


def add(store: Store, values: Mapping[str, Any]) -> int:
    """A new booking. Gives its id. Raises `IntegrityError` where the place is taken."""
    identity: int = store.connection.execute(_INSERT, values).scalar_one()
    return identity


def by_id(store: Store, booking_id: int) -> Booking | None:
    """One booking."""
    row = store.connection.execute(_BY_ID, {"wanted": booking_id}).first()
    return Booking(*row) if row else None


def change(store: Store, booking_id: int, **values: Any) -> None:
    """Writes columns. Raises `IntegrityError` where the place is taken."""
    store.connection.execute(_UPDATE.values(**values), {"wanted": booking_id})


def taken(store: Store, reception_ids: Collection[int]) -> Mapping[int, frozenset[int]]:
    """The places that are nobody's to have, for each reception that has any."""
    if not reception_ids:
        return {}
    found: dict[int, set[int]] = defaultdict(set)
    for reception_id, place in store.connection.execute(_TAKEN, {"receptions": list(reception_ids)}):
        found[reception_id].add(place)
    return {reception_id: frozenset(places) for reception_id, places in found.items()}


def waiting(store: Store, reception_ids: Collection[int]) -> Mapping[int, int]:
    """How many wait, for each reception where anybody does."""
    if not reception_ids:
        return {}
    rows = store.connection.execute(_WAITING, {"receptions": list(reception_ids)})
    return {row[0]: row[1] for row in rows}


def first_waiting(store: Store, reception_id: int) -> Booking | None:
    """Whose turn it is when a place becomes free."""
    row = store.connection.execute(_FIRST_WAITING, {"reception": reception_id}).first()
    return Booking(*row) if row else None


def open_of(store: Store, resident_id: str, since: datetime) -> list[Booking]:
    """What a person has not given up, from this moment on, the next first."""
    return _all(store, _OPEN_OF, {"resident": resident_id, "since": since})


def latest_of(store: Store, resident_id: str, since: datetime, at_most: int = 10) -> list[Booking]:
    """What a person booked, whatever became of it, the latest first."""
    return _all(store, _LATEST_OF, {"resident": resident_id, "since": since, "at_most": at_most})


def of_reception(store: Store, reception_id: int) -> list[Booking]:
    """Those with a place, in its order, then those who wait."""
    return _all(store, _OF_RECEPTION, {"reception": reception_id})


def names_at(store: Store, reception_id: int) -> Mapping[int, str]:
    """Who booked, by booking."""
    return {row[0]: row[1] for row in store.connection.execute(_NAMED, {"reception": reception_id})}


def of_receptions(store: Store, reception_ids: Sequence[int]) -> list[Booking]:
    """Everything that was ever booked at these, given up or not."""
    return _all(store, _OF_RECEPTIONS, {"receptions": list(reception_ids)}) if reception_ids else []


def due(store: Store, now: datetime) -> list[Booking]:
    """Those about which something is to be done by now."""
    return _all(store, _DUE, {"now": now})


def next_due(store: Store) -> datetime | None:
    """When `due` has something next."""
    return store.connection.execute(_NEXT_DUE).scalar_one_or_none()


def log(store: Store, booking_id: int, at: datetime, actor_id: str | None, step: str, note: str = "") -> None:
    """One line of a booking's log. Nothing of it is ever changed."""
    row = {"booking_id": booking_id, "at": at, "actor_id": actor_id, "step": step, "note": note}
    store.connection.execute(_INSERT_EVENT, row)


def events(store: Store, booking_id: int) -> list[Event]:
    """A booking's log."""
    return [Event(*row) for row in store.connection.execute(_EVENTS, {"wanted": booking_id})]


def _all(store: Store, statement: Any, values: Mapping[str, Any]) -> list[Booking]:
    return [Booking(*row) for row in store.connection.execute(statement, values)]
