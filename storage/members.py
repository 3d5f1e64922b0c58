"""Member units and their in-service members: who has reported in, who confirmed it, and what they gave since."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, bindparam, func, insert, select, update

from storage.database import Store
from storage.tables import hours, members, task_claims, tasks, units


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit whose members report in. `contact_id`: who confirms them; `headcount`: how many should."""

    id: str
    node_id: str
    name: str
    contact_id: str | None
    headcount: int | None


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody of a unit. `person_id`: who they are in the chats, None for a line of the unit's sheet that nobody has
    claimed yet; `nickname`: what that sheet says they are called there, which tells those of one name apart.

    `from_sheet`: the unit itself named them, so they have reported in; others only once they are confirmed.
    `remind_at`: when whoever is to confirm them is reminded.
    """

    id: str
    person_id: str | None
    unit_id: str
    unit: str
    node_id: str
    name: str
    nickname: str
    from_sheet: bool
    skills: tuple[str, ...]
    free: tuple[str, ...]
    since: datetime
    reported_at: datetime | None
    confirmed_at: datetime | None
    confirmed_by: str | None
    left_at: datetime | None
    remind_at: datetime | None

    @property
    def confirmed(self) -> bool:
        """Whether their unit, or the community, knows who it is that chats under this name."""
        return self.confirmed_at is not None

    @property
    def counts(self) -> bool:
        """Whether they have reported in."""
        return self.left_at is None and (self.from_sheet or self.confirmed)


@dataclass(frozen=True, slots=True)
class TaskCounts:
    """Tasks that somebody did: how many, how many of them were rated, and the sum of the ratings, 1 to 3."""

    done: int = 0
    rated: int = 0
    rating_sum: int = 0


_UNIT = (units.c.id, units.c.node_id, units.c.name, units.c.contact_id, units.c.headcount)
_MEMBER = (
    members.c.id,
    members.c.person_id,
    members.c.unit_id,
    units.c.name.label("unit"),
    members.c.node_id,
    members.c.name,
    members.c.nickname,
    members.c.from_sheet,
    members.c.skills,
    members.c.free,
    members.c.since,
    members.c.reported_at,
    members.c.confirmed_at,
    members.c.confirmed_by,
    members.c.left_at,
    members.c.remind_at,
)
_OPEN = members.c.left_at.is_(None)
_IN_UNITS = members.c.unit_id.in_(bindparam("units", expanding=True))
_ALL_UNITS = select(*_UNIT).where(units.c.ended_at.is_(None)).order_by(units.c.name, units.c.id)
_LOCK_UNIT = select(units.c.id).where(units.c.id == bindparam("wanted")).with_for_update()
_MEMBERS = select(*_MEMBER).join_from(members, units)
_BY_ID = _MEMBERS.where(members.c.id == bindparam("wanted"))
_OF_PERSON = _MEMBERS.where(members.c.person_id == bindparam("person"), _OPEN)
_OF_UNITS = _MEMBERS.where(_IN_UNITS, _OPEN).order_by(members.c.since, members.c.id)
_EVER_OF_UNIT = _MEMBERS.where(members.c.unit_id == bindparam("wanted")).order_by(members.c.since, members.c.id)
_COUNT = select(func.count()).where(members.c.unit_id == bindparam("wanted"))
_DUE = _MEMBERS.where(members.c.remind_at <= bindparam("now"), _OPEN).order_by(members.c.remind_at, members.c.id)
_NEXT_DUE = select(func.min(members.c.remind_at)).where(members.c.remind_at.is_not(None))
_FIRST_REPORTED = select(func.min(members.c.reported_at))
_INSERT = insert(members)
_UPDATE = update(members).where(members.c.id == bindparam("wanted"))
_HOURS = (
    select(members.c.id, func.sum(hours.c.minutes))
    .join_from(members, hours, hours.c.person_id == members.c.person_id)
    .where(_IN_UNITS, _OPEN, hours.c.on_day >= bindparam("first"), hours.c.on_day <= bindparam("last"))
    .group_by(members.c.id)
)
_TASKS = (
    select(members.c.id, func.count(), func.count(tasks.c.rating), func.coalesce(func.sum(tasks.c.rating), 0))
    .join_from(members, task_claims, task_claims.c.person_id == members.c.person_id)
    .join(tasks, tasks.c.id == task_claims.c.task_id)
    .where(
        _IN_UNITS,
        _OPEN,
        task_claims.c.given_back_at.is_(None),
        task_claims.c.done_at >= bindparam("begin"),
        task_claims.c.done_at < bindparam("end"),
    )
    .group_by(members.c.id)
)


# --- units ----------------------------------------------------------------------------------------------------


def all_units(store: Store) -> list[Unit]:
    """Every unit that has not ended, by name. There are tens of them."""
    return [Unit(*row) for row in store.connection.execute(_ALL_UNITS)]


def lock_unit(store: Store, unit_id: str) -> None:
    """Nobody else changes who is in this unit until this transaction ends."""
    store.connection.execute(_LOCK_UNIT, {"wanted": unit_id})


# --- members --------------------------------------------------------------------------------------------------


def by_id(store: Store, member_id: str) -> Member | None:
    """One member, also one who has left."""
    return next(_all(store, _BY_ID, {"wanted": member_id}), None)


def of_person(store: Store, person_id: str) -> Member | None:
    """The entry of somebody who has reported in and has not left."""
    return next(_all(store, _OF_PERSON, {"person": person_id}), None)


def of_units(store: Store, unit_ids: Collection[str]) -> list[Member]:
    """Everybody of these units who has not left, those who came first before the others."""
    return list(_all(store, _OF_UNITS, {"units": list(unit_ids)})) if unit_ids else []


def ever_of_unit(store: Store, unit_id: str) -> list[Member]:
    """Everybody who is or was of a unit."""
    return list(_all(store, _EVER_OF_UNIT, {"wanted": unit_id}))


def count(store: Store, unit_id: str) -> int:
    """How many rows a unit has, of those who left too."""
    found: int = store.connection.execute(_COUNT, {"wanted": unit_id}).scalar_one()
    return found


def add(store: Store, rows: Iterable[Member]) -> None:
    """New rows, in one statement."""
    if values := [_values(row) for row in rows]:
        store.connection.execute(_INSERT, values)


def change(store: Store, member_id: str, **values: Any) -> None:
    """Writes columns."""
    store.connection.execute(_UPDATE.values(**values), {"wanted": member_id})


def change_told(store: Store, rows: Iterable[Member]) -> None:
    """Writes what many members can do and when they have time, in one statement."""
    values = [{"wanted": row.id, "skills": list(row.skills), "free": list(row.free)} for row in rows]
    if values:
        store.connection.execute(_UPDATE, values)


def due(store: Store, now: datetime) -> list[Member]:
    """Whose confirmation somebody is to be reminded of."""
    return list(_all(store, _DUE, {"now": now}))


def next_due(store: Store) -> datetime | None:
    """When the next reminder falls due."""
    return store.connection.execute(_NEXT_DUE).scalar_one_or_none()


def first_reported(store: Store) -> datetime | None:
    """When the first of all members reported in; None while nobody has."""
    return store.connection.execute(_FIRST_REPORTED).scalar_one_or_none()


# --- figures --------------------------------------------------------------------------------------------------


def hours_of(store: Store, unit_ids: Collection[str], first: date, last: date) -> Mapping[str, int]:
    """Minutes that the members of these units gave on these days, by the id of the member."""
    values = {"units": list(unit_ids), "first": first, "last": last}
    return {row[0]: row[1] for row in store.connection.execute(_HOURS, values)}


def tasks_of(store: Store, unit_ids: Collection[str], begin: datetime, end: datetime) -> Mapping[str, TaskCounts]:
    """Tasks that the members of these units did from `begin` to before `end`, by the id of the member."""
    values = {"units": list(unit_ids), "begin": begin, "end": end}
    return {row[0]: TaskCounts(*row[1:]) for row in store.connection.execute(_TASKS, values)}


# --- inside ---------------------------------------------------------------------------------------------------


def _all(store: Store, statement: Any, values: Mapping[str, Any]) -> Iterator[Member]:
    return map(_member, store.connection.execute(statement, values))


def _member(row: Row[Any]) -> Member:
    values = row._asdict()
    return Member(**{**values, "skills": tuple(values["skills"]), "free": tuple(values["free"])})


def _values(row: Member) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in Member.__slots__ if name != "unit"}
    return values | {"skills": list(row.skills), "free": list(row.free)}
