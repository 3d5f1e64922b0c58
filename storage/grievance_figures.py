"""Figures of grievances: counted in the database, for what was reported in a period in a part of the tree.

Every statement reads one period by the index on community and time of reporting, never the whole history.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, extract, func, or_, select

from storage.database import Store
from storage.grievances import Grievance
from storage.tables import GrievanceState, Outcome, as_read, grievances


@dataclass(frozen=True, slots=True)
class Scope:
    """What is counted: reported from `begin` until before `end`. No `places`: all of these communities."""

    communities: Sequence[str]
    places: Sequence[str] | None
    begin: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Counted:
    """What stands at one place with one handler in one category, private cases apart from public ones.

    `answered` was handled at least once. `due`: the deadline of first contact has passed. Of both, and of
    `solved`, `rated` and `reopened`, cases that were merged into others are left out: those stand for them.
    `solved` is by the resident's word, `unanswered` closed without it, `satisfied` fairly so or more.
    """

    place_id: str | None
    handler_id: str | None
    category: str
    private: bool
    received: int
    answered: int
    solved: int
    unanswered: int
    withdrawn: int
    merged: int
    reopened: int
    due: int
    in_time: int
    rated: int
    satisfied: int


@dataclass(frozen=True, slots=True)
class Waits:
    """How many waited, and how long the one or two in the middle of them did."""

    count: int
    middle: tuple[timedelta, ...]


_COLUMNS = grievances.c
_STANDS_ALONE = _COLUMNS.merged_into.is_(None)
_WAS_SOLVED = or_(_COLUMNS.outcome == Outcome.SOLVED, _COLUMNS.state == GrievanceState.CONFIRMED)
_IS_DUE = and_(
    _STANDS_ALONE,
    _COLUMNS.respond_by <= bindparam("now"),
    or_(_COLUMNS.contacted_at.is_not(None), _COLUMNS.ended_at.is_(None), _COLUMNS.ended_at > _COLUMNS.respond_by),
)
_WORK_IS_LEFT = _COLUMNS.state.in_([GrievanceState.REPORTED, GrievanceState.ACCEPTED, GrievanceState.REOPENED])
_IN_PERIOD = and_(
    _COLUMNS.community_id.in_(bindparam("communities", expanding=True)),
    _COLUMNS.reported_at >= bindparam("begin"),
    _COLUMNS.reported_at < bindparam("end"),
    _COLUMNS.respond_by.is_not(None),  # what never went out was never received
)
_AT_PLACES = _COLUMNS.place_id.in_(bindparam("places", expanding=True))


def _count(*conditions: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count(case((and_(*conditions), 1)))


_TELLING_APART = (_COLUMNS.place_id, _COLUMNS.handler_id, _COLUMNS.category, _COLUMNS.private)
_COUNT = (
    select(
        *_TELLING_APART,
        func.count(),
        _count(_STANDS_ALONE, _COLUMNS.handled_at.is_not(None)),
        _count(_STANDS_ALONE, _WAS_SOLVED),
        _count(_COLUMNS.outcome == Outcome.UNANSWERED),
        _count(_COLUMNS.outcome == Outcome.WITHDRAWN),
        _count(_COLUMNS.outcome == Outcome.MERGED),
        _count(_STANDS_ALONE, _COLUMNS.reopenings > 0),
        _count(_IS_DUE),
        _count(_IS_DUE, _COLUMNS.contacted_at <= _COLUMNS.respond_by),
        _count(_STANDS_ALONE, _COLUMNS.satisfaction.is_not(None)),
        _count(_STANDS_ALONE, _COLUMNS.satisfaction <= 2),
    )
    .where(_IN_PERIOD)
    .group_by(*_TELLING_APART)
)


def _middle(until: ColumnElement[datetime], *conditions: ColumnElement[bool]) -> Select[Any]:
    """Of the seconds from the report until something, those in the middle, and how many there are."""
    seconds = (extract("epoch", until) - extract("epoch", _COLUMNS.reported_at)).label("seconds")
    waits = (
        select(seconds, func.row_number().over(order_by=seconds).label("place"), func.count().over().label("of_all"))
        .where(_IN_PERIOD, _STANDS_ALONE, _COLUMNS.private.is_(False), until.is_not(None), *conditions)
        .subquery()
    )
    twice = waits.c.place * 2
    return select(waits.c.of_all, waits.c.seconds).where(twice >= waits.c.of_all, twice <= waits.c.of_all + 2)


_COUNTS = (_COUNT, _COUNT.where(_AT_PLACES))
_CONTACTS = (_middle(_COLUMNS.contacted_at), _middle(_COLUMNS.contacted_at, _AT_PLACES))
_SOLUTIONS = (_middle(_COLUMNS.handled_at, _WAS_SOLVED), _middle(_COLUMNS.handled_at, _WAS_SOLVED, _AT_PLACES))
_OVERDUE = (
    select(*as_read(grievances))
    .where(
        _AT_PLACES,
        _COLUMNS.ended_at.is_(None),
        _COLUMNS.private.is_(False),
        _COLUMNS.reported_at < bindparam("end"),
        _COLUMNS.resolve_by < bindparam("now"),
        _WORK_IS_LEFT,
    )
    .order_by(_COLUMNS.resolve_by, _COLUMNS.number)
    .limit(bindparam("at_most"))
)
_EARLIEST = select(_COLUMNS.reported_at).order_by(_COLUMNS.number).limit(1)


def count(store: Store, scope: Scope, now: datetime) -> list[Counted]:
    """The counts, a row for each place, handler and category in which there is anything."""
    found = store.connection.execute(_for(_COUNTS, scope), {**_values(scope), "now": now})
    return [Counted(*row) for row in found]


def waits_for_contact(store: Store, scope: Scope) -> Waits:
    """From the report to the first contact, of public cases."""
    return _waits(store, _CONTACTS, scope)


def waits_for_solution(store: Store, scope: Scope) -> Waits:
    """From the report to the handling that the resident found good, of public cases."""
    return _waits(store, _SOLUTIONS, scope)


def overdue(store: Store, scope: Scope, now: datetime, at_most: int = 200) -> list[Grievance]:
    """Public ones at the scope's places, reported before its end, that should be handled by now and are not.

    The latest first. Read from the open ones, however long ago they were reported.
    """
    values = {"places": list(scope.places or ()), "end": scope.end, "now": now, "at_most": at_most}
    return [Grievance(*row) for row in store.connection.execute(_OVERDUE, values)]


def earliest(store: Store) -> datetime | None:
    """When the first of all was reported: the one with the lowest number."""
    return store.connection.execute(_EARLIEST).scalar_one_or_none()


def _waits(store: Store, statements: tuple[Select[Any], Select[Any]], scope: Scope) -> Waits:
    rows = store.connection.execute(_for(statements, scope), _values(scope)).all()
    middle = sorted(timedelta(seconds=float(seconds)) for _, seconds in rows)
    return Waits(rows[0][0] if rows else 0, tuple(middle))


def _for(statements: tuple[Select[Any], Select[Any]], scope: Scope) -> Select[Any]:
    return statements[0] if scope.places is None else statements[1]


def _values(scope: Scope) -> dict[str, Any]:
    values: dict[str, Any] = {"communities": list(scope.communities), "begin": scope.begin, "end": scope.end}
    return values if scope.places is None else values | {"places": list(scope.places)}
