"""Grievances, the people with a part in them, their events and their photos."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, fields
from datetime import date, datetime
from itertools import islice
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, update

from storage.database import Store
from storage.tables import (
    DeadlineClass,
    GrievanceState,
    Outcome,
    Part,
    as_read,
    grievance_events,
    grievance_people,
    grievances,
    people,
    photos,
)


@dataclass(frozen=True, slots=True)
class Grievance:
    """A grievance as it stands.

    `place_id` is the building's node, None while it is unknown; `place` is the resident's own wording of it.
    `level_id` is the node whose people must act while nobody has it. `chase_at` is when somebody must be reminded,
    None when nobody need be. `photos` and `households` count. `group` is where it was said, by the channel's id.
    `told_at` is when that group last read of it.
    `contacted_at` is the first acceptance, `handled_at` the last handling, `ended_at` closing, withdrawal or merging.
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
    category: str
    private: bool
    anonymous: bool
    on_behalf: str
    reported_at: datetime
    respond_by: datetime | None
    resolve_by: datetime | None
    contacted_at: datetime | None
    handled_at: datetime | None
    ended_at: datetime | None
    chase_at: datetime | None
    chases: int
    photos: int
    group: str | None
    reopenings: int
    returns: int
    households: int
    urged_on: date | None
    urges: int
    outcome: Outcome | None
    satisfaction: int | None
    merged_into: int | None
    told_at: datetime | None


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a grievance's log: who did what, when, and in which words. No actor: the bot itself.

    `subject` is whom or what it concerns: a person's or node's id, a number, a category. `corrects` is the id of an
    earlier event, which counts as having happened at the time that stands in this one's `subject`.
    """

    id: int
    at: datetime
    actor_id: str | None
    step: str
    subject: str
    note: str
    corrects: int | None


@dataclass(frozen=True, slots=True)
class Participant:
    """A person with a part in a grievance."""

    person_id: str
    name: str
    part: Part


MOST_SEARCHED = 20_000
"""A busy community has some three thousand cases a year: years of them, opened in a quarter of a second."""

_COLUMNS = as_read(grievances)
_FIELD_OF = {column.name: field.name for column, field in zip(_COLUMNS[1:], fields(Grievance)[1:], strict=True)}
"""Names of columns and fields, but for the number, which the database gives."""

_INSERT = insert(grievances).returning(grievances.c.number)
_BY_NUMBER = select(*_COLUMNS).where(grievances.c.number == bindparam("wanted"))
_LATEST_OF = (
    select(*_COLUMNS)
    .where(grievances.c.resident_id == bindparam("resident"), grievances.c.reported_at >= bindparam("since"))
    .order_by(grievances.c.reported_at.desc(), grievances.c.number.desc())
    .limit(bindparam("at_most"))
)
_TOLD_SINCE = (
    select(grievances.c.reported_at)
    .where(grievances.c.resident_id == bindparam("resident"), grievances.c.reported_at >= bindparam("since"))
    .order_by(grievances.c.reported_at.desc(), grievances.c.number.desc())
    .limit(bindparam("at_most"))
)
_LATEST_IN_GROUP = (
    select(*_COLUMNS)
    .where(
        grievances.c.group_external_id == bindparam("group"),
        grievances.c.told_at >= bindparam("since"),
        grievances.c.ended_at.is_(None),
        grievances.c.private.is_(False),
    )
    .order_by(grievances.c.told_at.desc(), grievances.c.number.desc())
    .limit(1)
)
_NEAR = (
    select(*_COLUMNS)
    .where(
        grievances.c.place_id == bindparam("place"),
        grievances.c.category == bindparam("category"),
        grievances.c.reported_at >= bindparam("since"),
        grievances.c.ended_at.is_(None),
        grievances.c.private.is_(False),
    )
    .order_by(grievances.c.reported_at.desc())
    .limit(50)
)
_MERGED_INTO = select(*_COLUMNS).where(grievances.c.merged_into == bindparam("target"))
_TO_CHASE = (
    select(*_COLUMNS)
    .where(grievances.c.chase_at <= bindparam("now"))
    .order_by(grievances.c.chase_at, grievances.c.number)
    .limit(200)
)
_NEXT_CHASE = select(func.min(grievances.c.chase_at))
_HANDLED_BY = (
    select(*_COLUMNS)
    .where(grievances.c.handler_id == bindparam("person"), grievances.c.ended_at.is_(None))
    .order_by(grievances.c.resolve_by, grievances.c.number)
)
_AT_LEVELS = (
    select(*_COLUMNS)
    .where(
        grievances.c.level_id.in_(bindparam("levels", expanding=True)),
        grievances.c.ended_at.is_(None),
    )
    .order_by(grievances.c.resolve_by, grievances.c.number)
    .limit(bindparam("at_most"))
)
_AT_PLACES = (
    select(*_COLUMNS)
    .where(
        grievances.c.place_id.in_(bindparam("places", expanding=True)),
        grievances.c.level_id.is_not(None),
        grievances.c.ended_at.is_(None),
        grievances.c.private.is_(False),
    )
    .order_by(grievances.c.resolve_by, grievances.c.number)
    .limit(bindparam("at_most"))
)
_HANDLERS = (
    select(grievances.c.handler_id)
    .where(grievances.c.handler_id.is_not(None), grievances.c.ended_at.is_(None))
    .distinct()
)
_SEARCH = (
    select(*_COLUMNS)
    .where(
        grievances.c.community_id.in_(bindparam("communities", expanding=True)),
        grievances.c.place_id.in_(bindparam("places", expanding=True)),
        grievances.c.level_id.is_not(None),
        grievances.c.private.is_(False),
    )
    .order_by(grievances.c.reported_at.desc())
    .limit(MOST_SEARCHED)
    .execution_options(yield_per=200)
)
_UPDATE = update(grievances).where(grievances.c.number == bindparam("wanted"))
_INSERT_EVENT = insert(grievance_events)
_EVENTS = (
    select(
        grievance_events.c.id,
        grievance_events.c.at,
        grievance_events.c.actor_id,
        grievance_events.c.step,
        grievance_events.c.subject,
        grievance_events.c.note,
        grievance_events.c.corrects,
    )
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
_MOVE_PHOTOS = (
    update(photos)
    .where(photos.c.grievance_number == bindparam("from_number"))
    .values(grievance_number=bindparam("to_number"))
)
_COUNT_PHOTOS = (
    update(grievances)
    .where(grievances.c.number == bindparam("wanted"))
    .values(photos=grievances.c.photos + bindparam("more"))
)
_INSERT_PART = insert(grievance_people)
_PARTS = (
    select(grievance_people.c.person_id, people.c.name, grievance_people.c.part)
    .join_from(grievance_people, people)
    .where(grievance_people.c.grievance_number == bindparam("wanted"))
    .order_by(grievance_people.c.added_at, grievance_people.c.person_id)
)
_REMOVE_PART = delete(grievance_people).where(
    grievance_people.c.grievance_number == bindparam("wanted"),
    grievance_people.c.person_id == bindparam("person"),
    grievance_people.c.part == bindparam("which_part"),
)
_HELPED_BY = (
    select(*_COLUMNS)
    .join_from(grievances, grievance_people)
    .where(
        grievance_people.c.person_id == bindparam("person"),
        grievance_people.c.part.in_([Part.LEAD, Part.HELPER]),
        grievances.c.ended_at.is_(None),
    )
    .order_by(grievances.c.resolve_by, grievances.c.number)
)
_JOINED_BY = (
    select(*_COLUMNS)
    .join_from(grievances, grievance_people)
    .where(grievance_people.c.person_id == bindparam("person"), grievance_people.c.part == Part.JOINED)
    .order_by(grievances.c.reported_at.desc())
    .limit(bindparam("at_most"))
)
_RATE_PART = (
    update(grievance_people)
    .where(
        grievance_people.c.grievance_number == bindparam("wanted"),
        grievance_people.c.person_id == bindparam("person"),
        grievance_people.c.part == Part.JOINED,
    )
    .values(satisfaction=bindparam("mark"))
)


def row_of(new: Grievance) -> dict[str, Any]:
    """The columns of a grievance that has no number yet; what is empty is left out."""
    row = ((name, getattr(new, field)) for name, field in _FIELD_OF.items())
    return {name: value for name, value in row if value is not None}


def add(store: Store, values: Mapping[str, Any]) -> int:
    """A new grievance. Gives its number."""
    (row,) = store.fetch(_INSERT, values)
    return int(row[0])


def by_number(store: Store, number: int) -> Grievance | None:
    """One grievance. Numbers that no database can hold are simply not there."""
    if not 0 < number < 2**31:
        return None
    row = store.fetch_one(_BY_NUMBER, {"wanted": number})
    return Grievance(*row) if row else None


def latest_of(store: Store, resident_id: str, since: datetime, at_most: int = 10) -> list[Grievance]:
    """What a resident reported since then, the newest first."""
    return _read(store, _LATEST_OF, {"resident": resident_id, "since": since, "at_most": at_most})


def told_since(store: Store, resident_id: str, since: datetime, at_most: int) -> list[datetime]:
    """When a resident reported since then, the newest first."""
    rows = store.fetch(_TOLD_SINCE, {"resident": resident_id, "since": since, "at_most": at_most})
    return [row[0] for row in rows]


def latest_in_group(store: Store, group: str, since: datetime) -> Grievance | None:
    """The open public grievance that a group last read of, since then."""
    found = _read(store, _LATEST_IN_GROUP, {"group": group, "since": since})
    return found[0] if found else None


def near(store: Store, place_id: str, category: str, since: datetime) -> list[Grievance]:
    """Open public ones at the same place about the same thing, the newest first. At most 50."""
    return _read(store, _NEAR, {"place": place_id, "category": category, "since": since})


def merged_into(store: Store, number: int) -> list[Grievance]:
    """Those that were merged into this one."""
    return _read(store, _MERGED_INTO, {"target": number})


def to_chase(store: Store, now: datetime) -> list[Grievance]:
    """Those of which somebody must be reminded by now. At most 200, the longest due first."""
    return _read(store, _TO_CHASE, {"now": now})


def next_chase(store: Store) -> datetime | None:
    """When the next reminder is due."""
    return store.connection.execute(_NEXT_CHASE).scalar_one_or_none()


def handled_by(store: Store, person_id: str) -> list[Grievance]:
    """What a person has in hand, the most pressing first."""
    return _all(store, _HANDLED_BY, {"person": person_id})


def helped_by(store: Store, person_id: str) -> list[Grievance]:
    """Open ones in which a person leads or helps without being the handler."""
    return _all(store, _HELPED_BY, {"person": person_id})


def joined_by(store: Store, person_id: str, at_most: int = 10) -> list[Grievance]:
    """Those that a person follows, the newest first."""
    return _all(store, _JOINED_BY, {"person": person_id, "at_most": at_most})


def at_levels(store: Store, levels: Sequence[str], at_most: int = 500) -> list[Grievance]:
    """Open public ones for which it is the turn of these nodes, the most pressing first."""
    return _all(store, _AT_LEVELS, {"levels": list(levels), "at_most": at_most}) if levels else []


def at_places(store: Store, places: Sequence[str], at_most: int = 500) -> list[Grievance]:
    """Open public ones that are about these nodes, however far they have climbed, the most pressing first."""
    return _all(store, _AT_PLACES, {"places": list(places), "at_most": at_most}) if places else []


def handlers(store: Store) -> list[str]:
    """Everybody who has an open one in hand."""
    return list(store.connection.execute(_HANDLERS).scalars())


def search(
    store: Store, communities: Sequence[str], places: Sequence[str], words: str, at_most: int = 100
) -> list[Grievance]:
    """Public ones about these nodes of these communities whose words or place contain these, the newest first.

    What is sealed cannot be searched by the database: the newest `MOST_SEARCHED` are opened, until enough are found.
    """
    if not communities or not words:
        return []
    rows = store.connection.execute(_SEARCH, {"communities": list(communities), "places": list(places)})
    wanted = words.casefold()
    opened = (Grievance(*row) for row in rows)
    found = (each for each in opened if wanted in each.words.casefold() or wanted in each.place.casefold())
    with closing(rows):
        return list(islice(found, at_most))


def change(store: Store, number: int, **values: Any) -> None:
    """Writes new values of some columns. The log says why: see `log`."""
    store.write(_UPDATE, {"wanted": number, **values})


def log(
    store: Store,
    number: int,
    at: datetime,
    actor_id: str | None,
    step: str,
    note: str = "",
    subject: str = "",
    corrects: int | None = None,
) -> None:
    """Appends to the log. Nothing in it is ever changed. Written at the end of the transaction."""
    row: Mapping[str, Any] = {
        "grievance_number": number,
        "at": at,
        "actor_id": actor_id,
        "step": step,
        "subject": subject,
        "note": note,
        "corrects": corrects,
    }
    store.collect(_INSERT_EVENT, row)


def events(store: Store, number: int) -> list[Event]:
    """The log, oldest first."""
    store.flush()
    return [Event(*row) for row in store.fetch(_EVENTS, {"wanted": number})]


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
    loose = [row[0] for row in store.fetch(_LOOSE, {"person": person_id, "since": since})]
    if loose:
        store.connection.execute(_ATTACH, [{"photo_id": each, "to_number": number} for each in loose])
        store.connection.execute(_COUNT_PHOTOS, {"wanted": number, "more": len(loose)})
    return len(loose)


def move_photos(store: Store, number: int, to_number: int, count: int) -> None:
    """All photos of one grievance go to another."""
    if count:
        store.connection.execute(_MOVE_PHOTOS, {"from_number": number, "to_number": to_number})
        store.connection.execute(_COUNT_PHOTOS, {"wanted": to_number, "more": count})


def photos_of(store: Store, number: int) -> list[str]:
    """Digests of a grievance's photos, in the order of arrival."""
    return list(store.connection.execute(_PHOTOS_OF, {"wanted": number}).scalars())


def add_part(store: Store, number: int, person_id: str, part: Part, now: datetime) -> None:
    """Gives a person a part in a grievance. Once: see `parts`."""
    values = {"grievance_number": number, "person_id": person_id, "part": part, "added_at": now}
    store.connection.execute(_INSERT_PART, values)


def remove_part(store: Store, number: int, person_id: str, part: Part) -> None:
    """Takes the part away."""
    store.connection.execute(_REMOVE_PART, {"wanted": number, "person": person_id, "which_part": part})


def parts(store: Store, number: int) -> list[Participant]:
    """Everybody with a part, in the order in which they came."""
    return [Participant(*row) for row in store.fetch(_PARTS, {"wanted": number})]


def rate_part(store: Store, number: int, person_id: str, satisfaction: int) -> None:
    """The mark of somebody who had joined."""
    store.connection.execute(_RATE_PART, {"wanted": number, "person": person_id, "mark": satisfaction})


def _all(store: Store, statement: Any, values: Mapping[str, Any]) -> list[Grievance]:
    return [Grievance(*row) for row in store.connection.execute(statement, values)]


def _read(store: Store, statement: Any, values: Mapping[str, Any]) -> list[Grievance]:
    """The same on the short way, for what messages ask all the time."""
    return [Grievance(*row) for row in store.fetch(statement, values)]
