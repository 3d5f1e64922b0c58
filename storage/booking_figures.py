"""Figures of stations: counted in the database, for the receptions that began in a period.

Every statement reads one period by the index on station, or person on duty, and time, never the whole history.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, distinct, func, or_, select

from storage.database import Store
from storage.rota import STATION, Station
from storage.tables import BookingState, ReceptionState, bookings, receptions, stations


@dataclass(frozen=True, slots=True)
class Counts:
    """What came of the receptions of one person on duty at one station. What has not begun is left out.

    `held` and `closed` are receptions, the rest are bookings. `booked` had a place, and is the sum of `came`, `missed`,
    `unmarked` (over, and nobody has said which), `cancelled`, `called_off` (the reception was closed) and of whoever
    is still expected today. Who moved to another place is counted there. `late` are of the cancelled, `answered` and
    `helped` of those who came.
    """

    held: int
    closed: int
    booked: int
    came: int
    missed: int
    unmarked: int
    cancelled: int
    late: int
    called_off: int
    waited_in_vain: int
    grievances: int
    answered: int
    helped: int


@dataclass(frozen=True, slots=True)
class Counted:
    """The counts of one person on duty at one station."""

    station_id: str
    person_name: str
    counts: Counts


_CLOSED = receptions.c.state == ReceptionState.CLOSED
_HAD_PLACE = and_(
    bookings.c.place.is_not(None),
    bookings.c.offered_until.is_(None),  # else it was only offered, and never taken
    bookings.c.state.not_in([BookingState.MOVED, BookingState.LAPSED]),
)


def _in_state(state: BookingState, *conditions: ColumnElement[bool]) -> ColumnElement[int]:
    return _count(_HAD_PLACE, bookings.c.state == state, *conditions)


def _count(*conditions: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count(case((and_(*conditions), 1)))


def _receptions(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count(distinct(case((condition, receptions.c.id))))


_COUNT = (
    select(
        receptions.c.station_id,
        receptions.c.person_name,
        _receptions(~_CLOSED),
        _receptions(_CLOSED),
        _count(_HAD_PLACE),
        _in_state(BookingState.CAME),
        _in_state(BookingState.MISSED),
        _in_state(BookingState.HELD, receptions.c.ends_at <= bindparam("now")),
        _in_state(BookingState.CANCELLED),
        _in_state(BookingState.CANCELLED, bookings.c.late),
        _in_state(BookingState.CLOSED),
        _count(bookings.c.place.is_(None), bookings.c.state == BookingState.LAPSED),
        _count(bookings.c.grievance_number.is_not(None)),
        _count(bookings.c.helped.is_not(None)),
        _count(bookings.c.helped == 1),
    )
    .select_from(receptions.outerjoin(bookings, bookings.c.reception_id == receptions.c.id))
    .where(
        receptions.c.begins_at >= bindparam("begin"),
        receptions.c.begins_at < bindparam("end"),
        or_(receptions.c.begins_at <= bindparam("now"), _CLOSED),
    )
    .group_by(receptions.c.station_id, receptions.c.person_name)
    .order_by(receptions.c.station_id, receptions.c.person_name)
)
_AT_STATIONS = _COUNT.where(receptions.c.station_id.in_(bindparam("stations", expanding=True)))
_OF_PERSON = _COUNT.where(receptions.c.person_id == bindparam("person"))
_EVER_ON_DUTY = select(receptions.c.id).where(receptions.c.person_id == bindparam("person")).limit(1)
_STATIONS = select(*STATION).order_by(stations.c.id)


def at_stations(
    store: Store, station_ids: Sequence[str], begin: datetime, end: datetime, now: datetime
) -> list[Counted]:
    """The counts of receptions that begin from `begin` until before `end`, a row for each station and name."""
    return _counted(store, _AT_STATIONS, {"stations": list(station_ids), "begin": begin, "end": end, "now": now})


def of_person(store: Store, person_id: str, begin: datetime, end: datetime, now: datetime) -> list[Counted]:
    """The same for one person on duty, at whatever station."""
    return _counted(store, _OF_PERSON, {"person": person_id, "begin": begin, "end": end, "now": now})


def ever_on_duty(store: Store, person_id: str) -> bool:
    """Whether a person receives, or ever did."""
    return store.connection.execute(_EVER_ON_DUTY, {"person": person_id}).first() is not None


def stations_ever(store: Store) -> list[Station]:
    """Every station, also those that were given up: their receptions still count."""
    return [Station(*row) for row in store.connection.execute(_STATIONS)]


def _counted(store: Store, statement: Select[Any], values: dict[str, Any]) -> list[Counted]:
    rows = store.connection.execute(statement, values)
    return [Counted(station_id, name, Counts(*counts)) for station_id, name, *counts in rows]
