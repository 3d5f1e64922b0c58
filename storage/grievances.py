"""Grievances, their events and their photos."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update

from storage.database import Store
from storage.tables import DeadlineClass, GrievanceState, grievance_events, grievances, photos


@dataclass(frozen=True, slots=True)
class Grievance:
    """A grievance as it stands.

    `place_id` is the building's node, None while it is unknown; `place` is the resident's own wording of it.
    `level_id` is the node whose people must act now. `chase_at` is when somebody must be reminded, None when
    nobody need be. `photos` counts them. `group` is where it was said, by the channel's id.
    """

    number: int
    resident_id: str
    community_id: str
    place_id: str | None
    place: str
    words: str
    deadline_class: DeadlineClass
    state: GrievanceState
    level_id: str | None
    handler_id: str | None
    reported_at: datetime
    respond_by: datetime | None
    resolve_by: datetime | None
    chase_at: datetime | None
    chases: int
    photos: int
    group: str | None
    reopenings: int
    satisfaction: int | None


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a grievance's log: who did what, when, and in which words. No actor: the bot itself."""

    at: datetime
    actor_id: str | None
    step: str
    note: str


_COLUMNS = tuple(grievances.c)
_INSERT = insert(grievances).returning(grievances.c.number)
_BY_NUMBER = select(*_COLUMNS).where(grievances.c.number == bindparam("wanted"))
_LATEST_OF = (
    select(*_COLUMNS)
    .where(grievances.c.resident_id == bindparam("resident"), grievances.c.reported_at >= bindparam("since"))
    .order_by(grievances.c.reported_at.desc(), grievances.c.number.desc())
    .limit(bindparam("at_most"))
)
_TO_CHASE = (
    select(*_COLUMNS)
    .where(grievances.c.chase_at <= bindparam("now"))
    .order_by(grievances.c.chase_at, grievances.c.number)
    .limit(200)
)
_NEXT_CHASE = select(func.min(grievances.c.chase_at))
_UPDATE = update(grievances).where(grievances.c.number == bindparam("wanted"))
_INSERT_EVENT = insert(grievance_events)
_EVENTS = (
    select(grievance_events.c.at, grievance_events.c.actor_id, grievance_events.c.step, grievance_events.c.note)
    .where(grievance_events.c.grievance_number == bindparam("wanted"))
    .order_by(grievance_events.c.id)
)
_INSERT_PHOTO = insert(photos)
_LOOSE = select(photos.c.id).where(
    photos.c.person_id == bindparam("person"),
    photos.c.grievance_number.is_(None),
    photos.c.received_at >= bindparam("since"),
)
_ATTACH = update(photos).where(photos.c.id == bindparam("photo_id")).values(grievance_number=bindparam("to_number"))
_PHOTOS_OF = select(photos.c.digest).where(photos.c.grievance_number == bindparam("wanted")).order_by(photos.c.id)
_COUNT_PHOTOS = (
    update(grievances)
    .where(grievances.c.number == bindparam("wanted"))
    .values(photos=grievances.c.photos + bindparam("more"))
)


def add(store: Store, values: dict[str, Any]) -> int:
    """A new grievance. Gives its number."""
    number: int = store.connection.execute(_INSERT, values).scalar_one()
    return number


def by_number(store: Store, number: int) -> Grievance | None:
    """One grievance. Numbers that no database can hold are simply not there."""
    if not 0 < number < 2**31:
        return None
    row = store.connection.execute(_BY_NUMBER, {"wanted": number}).first()
    return Grievance(*row) if row else None


def latest_of(store: Store, resident_id: str, since: datetime, at_most: int = 10) -> list[Grievance]:
    """What a resident reported since then, the newest first."""
    values = {"resident": resident_id, "since": since, "at_most": at_most}
    return [Grievance(*row) for row in store.connection.execute(_LATEST_OF, values)]


def to_chase(store: Store, now: datetime) -> list[Grievance]:
    """Those of which somebody must be reminded by now. At most 200, the longest due first."""
    return [Grievance(*row) for row in store.connection.execute(_TO_CHASE, {"now": now})]


def next_chase(store: Store) -> datetime | None:
    """When the next reminder is due."""
    return store.connection.execute(_NEXT_CHASE).scalar_one_or_none()


def change(store: Store, number: int, **values: Any) -> None:
    """Writes new values of some columns. The log says why: see `log`."""
    store.connection.execute(_UPDATE, {"wanted": number, **values})


def log(store: Store, number: int, at: datetime, actor_id: str | None, step: str, note: str = "") -> None:
    """Appends to the log. Nothing in it is ever changed. Written at the end of the transaction."""
    store.collect(
        _INSERT_EVENT, {"grievance_number": number, "at": at, "actor_id": actor_id, "step": step, "note": note}
    )


def events(store: Store, number: int) -> list[Event]:
    """The log, oldest first."""
    store.flush()
    return [Event(*row) for row in store.connection.execute(_EVENTS, {"wanted": number})]


def add_photos(store: Store, number: int | None, digests: Sequence[str], person_id: str, now: datetime) -> None:
    """Keeps photos: with a grievance, or loose (None) until the words for them arrive."""
    rows = [
        {"digest": digest, "person_id": person_id, "received_at": now, "grievance_number": number} for digest in digests
    ]
    store.connection.execute(_INSERT_PHOTO, rows)
    if number is not None:
        store.connection.execute(_COUNT_PHOTOS, {"wanted": number, "more": len(rows)})


def take_loose_photos(store: Store, number: int, person_id: str, since: datetime) -> int:
    """Photos this person sent before the words now belong to the grievance. Gives how many."""
    loose = store.connection.execute(_LOOSE, {"person": person_id, "since": since}).scalars().all()
    if loose:
        store.connection.execute(_ATTACH, [{"photo_id": each, "to_number": number} for each in loose])
        store.connection.execute(_COUNT_PHOTOS, {"wanted": number, "more": len(loose)})
    return len(loose)


def photos_of(store: Store, number: int) -> list[str]:
    """Digests of a grievance's photos, in the order of arrival."""
    return list(store.connection.execute(_PHOTOS_OF, {"wanted": number}).scalars())
