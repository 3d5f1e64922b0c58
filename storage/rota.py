"""Stations, who is on duty there by which rule, and the receptions that come of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, bindparam, delete, exists, func, insert, select, update

from storage.database import Store
from storage.tables import DutyKind, ReceptionState, bookings, receptions, rotas, stations


@dataclass(frozen=True, slots=True)
class Station:
    """A place where residents are received. `hours` and `address` are words for people."""

    id: str
    node_id: str
    name: str
    address: str
    hours: str


@dataclass(frozen=True, slots=True)
class Rota:
    """Somebody's duty: `words` is the rule. `on_holiday` is move, skip or keep. `person_id` None: not in our people.

    `planned_to` is the last day up to which receptions were made of it. `from_file`: the community file has it.
    """

    id: int
    station_id: str
    kind: DutyKind
    person_id: str | None
    person_name: str
    words: str
    places: int
    on_holiday: str
    bring: str
    starts_on: date
    planned_to: date | None
    from_file: bool


@dataclass(frozen=True, slots=True)
class Reception:
    """Somebody receives residents, once. `places` is how many. `planned_on` is the day that the rule named.

    `next_at` is when the scheduler has something to do about it, `stage` what. `sequence` rises with every change.
    """

    id: int
    station_id: str
    rota_id: int | None
    planned_on: date
    kind: DutyKind
    person_id: str | None
    person_name: str
    begins_at: datetime
    ends_at: datetime
    places: int
    bring: str
    state: ReceptionState
    sequence: int
    changed_at: datetime
    next_at: datetime | None
    stage: str


STATION = (stations.c.id, stations.c.node_id, stations.c.name, stations.c.address, stations.c.hours)
"""The columns of a `Station`."""

_STATIONS = select(*STATION).where(stations.c.ended_at.is_(None)).order_by(stations.c.id)
_STATION_BY_ID = select(*STATION).where(stations.c.id == bindparam("wanted"))
RULE = (
    rotas.c.id,
    rotas.c.station_id,
    rotas.c.kind,
    rotas.c.person_id,
    rotas.c.person_name,
    rotas.c.words,
    rotas.c.places,
    rotas.c.on_holiday,
    rotas.c.bring,
    rotas.c.starts_on,
)
"""The columns that say what a rule is: the first of a `Rota`."""

_ROTA = (*RULE, rotas.c.planned_to, rotas.c.from_file)
_ROTAS = (
    select(*_ROTA)
    .join_from(rotas, stations)
    .where(rotas.c.ended_at.is_(None), stations.c.ended_at.is_(None))
    .order_by(rotas.c.id)
)
_INSERT_ROTA = insert(rotas).returning(rotas.c.id)
_PLANNED_TO = update(rotas).where(rotas.c.id == bindparam("wanted")).values(planned_to=bindparam("day"))
_END = update(rotas).where(rotas.c.id == bindparam("wanted")).values(ended_at=bindparam("now"))
_LEAST_PLANNED = select(func.min(func.coalesce(rotas.c.planned_to, rotas.c.starts_on))).where(
    rotas.c.ended_at.is_(None), rotas.c.station_id.in_(select(stations.c.id).where(stations.c.ended_at.is_(None)))
)
_COLUMNS = tuple(receptions.c)
_PLANNED = receptions.c.state == ReceptionState.PLANNED
_ENDED = (
    select(rotas.c.id)
    .join_from(rotas, stations)
    .where(rotas.c.planned_to.is_not(None))
    .where(rotas.c.ended_at.is_not(None) | stations.c.ended_at.is_not(None))
    .order_by(rotas.c.id)
)
_TO_COME = (
    select(*_COLUMNS)
    .where(receptions.c.rota_id == bindparam("rota"), receptions.c.begins_at > bindparam("now"), _PLANNED)
    .order_by(receptions.c.begins_at, receptions.c.id)
)
_INSERT = insert(receptions).returning(receptions.c.id)
_BY_ID = select(*_COLUMNS).where(receptions.c.id == bindparam("wanted"))
_LOCKED = _BY_ID.with_for_update()
_UPDATE = update(receptions).where(receptions.c.id == bindparam("wanted"))
_BETWEEN = (
    select(*_COLUMNS)
    .where(
        receptions.c.station_id.in_(bindparam("stations", expanding=True)),
        receptions.c.begins_at >= bindparam("since"),
        receptions.c.begins_at < bindparam("until"),
        _PLANNED,
    )
    .order_by(receptions.c.begins_at, receptions.c.id)
)
_NOT_CLOSED_BETWEEN = (
    select(*_COLUMNS)
    .where(
        receptions.c.station_id.in_(bindparam("stations", expanding=True)),
        receptions.c.begins_at >= bindparam("since"),
        receptions.c.begins_at < bindparam("until"),
        receptions.c.state != ReceptionState.CLOSED,
    )
    .order_by(receptions.c.begins_at, receptions.c.id)
)
_OF_ROTA_SINCE = select(*_COLUMNS).where(
    receptions.c.rota_id == bindparam("rota"), receptions.c.planned_on >= bindparam("day")
)
_OF_ENDED_AT_THE_SAME_TIME = (
    select(*_COLUMNS)
    .join_from(receptions, rotas, receptions.c.rota_id == rotas.c.id)
    .where(
        receptions.c.station_id == bindparam("station"),
        receptions.c.begins_at == bindparam("begins_at"),
        receptions.c.person_name == bindparam("person_name"),
        rotas.c.ended_at.is_not(None),
        _PLANNED,
    )
)
_DUE = (
    select(*_COLUMNS)
    .where(receptions.c.next_at <= bindparam("now"))
    .order_by(receptions.c.next_at, receptions.c.id)
    .limit(200)
)
_NEXT_DUE = select(func.min(receptions.c.next_at)).where(receptions.c.next_at.is_not(None))
_DELETE_UNBOOKED = delete(receptions).where(
    receptions.c.id == bindparam("wanted"), ~exists().where(bookings.c.reception_id == receptions.c.id)
)


def all_stations(store: Store) -> list[Station]:
    """Those that are open for good."""
    return [Station(*row) for row in store.connection.execute(_STATIONS)]


def station(store: Store, station_id: str) -> Station:
    """One station, also one that was given up. Raises `LookupError`."""
    row = store.connection.execute(_STATION_BY_ID, {"wanted": station_id}).first()
    if row is None:
        raise LookupError(station_id)
    return Station(*row)


def all_rotas(store: Store) -> list[Rota]:
    """Every rule that is in force."""
    return [Rota(*tuple(row)) for row in store.connection.execute(_ROTAS)]


def add_rota(store: Store, **values: Any) -> int:
    """A new rule. Gives its id."""
    identity: int = store.connection.execute(_INSERT_ROTA, values).scalar_one()
    return identity


def end(store: Store, rota_id: int, now: datetime) -> None:
    """A rule is no longer in force. The row stays."""
    store.connection.execute(_END, {"wanted": rota_id, "now": now})


def note_planned(store: Store, rota_id: int, day: date | None) -> None:
    """Receptions have been made of a rule up to this day, or taken back."""
    store.connection.execute(_PLANNED_TO, {"wanted": rota_id, "day": day})


def least_planned(store: Store) -> date | None:
    """Up to which day all rules are planned, one that never was up to its start; None where there is no rule."""
    return store.connection.execute(_LEAST_PLANNED).scalar_one_or_none()


def ended(store: Store) -> list[int]:
    """Rules that are no longer in force, or whose station is not, and whose receptions nobody has taken back yet."""
    return list(store.connection.execute(_ENDED).scalars())


def to_come(store: Store, rota_id: int, now: datetime) -> list[Reception]:
    """Planned ones of a rule that have not begun."""
    return [_reception(row) for row in store.connection.execute(_TO_COME, {"rota": rota_id, "now": now})]


def add(store: Store, **values: Any) -> int:
    """A new reception. Gives its id."""
    identity: int = store.connection.execute(_INSERT, values).scalar_one()
    return identity


def by_id(store: Store, reception_id: int) -> Reception | None:
    """One reception."""
    row = store.connection.execute(_BY_ID, {"wanted": reception_id}).first()
    return _reception(row) if row else None


def locked(store: Store, reception_id: int) -> Reception | None:
    """One reception, and nobody else may give away its places until this transaction ends."""
    row = store.connection.execute(_LOCKED, {"wanted": reception_id}).first()
    return _reception(row) if row else None


def change(store: Store, reception_id: int, **values: Any) -> None:
    """Writes columns."""
    store.connection.execute(_UPDATE.values(**values), {"wanted": reception_id})


def between(store: Store, station_ids: Sequence[str], since: datetime, until: datetime) -> list[Reception]:
    """Planned ones of these stations, in their order of time."""
    if not station_ids:
        return []
    values = {"stations": list(station_ids), "since": since, "until": until}
    return [_reception(row) for row in store.connection.execute(_BETWEEN, values)]


def not_closed_between(store: Store, station_ids: Sequence[str], since: datetime, until: datetime) -> list[Reception]:
    """Planned ones of these stations and such as are over, in their order of time."""
    if not station_ids:
        return []
    values = {"stations": list(station_ids), "since": since, "until": until}
    return [_reception(row) for row in store.connection.execute(_NOT_CLOSED_BETWEEN, values)]


def of_rota_since(store: Store, rota_id: int, day: date) -> list[Reception]:
    """What was made of a rule for this day and those after it."""
    return [_reception(row) for row in store.connection.execute(_OF_ROTA_SINCE, {"rota": rota_id, "day": day})]


def of_ended_at_the_same_time(store: Store, station_id: str, begins_at: datetime, person_name: str) -> list[Reception]:
    """Planned ones of this person that begin then, of rules that are no longer in force."""
    values = {"station": station_id, "begins_at": begins_at, "person_name": person_name}
    return [_reception(row) for row in store.connection.execute(_OF_ENDED_AT_THE_SAME_TIME, values)]


def due(store: Store, now: datetime) -> list[Reception]:
    """Those about which something is to be done by now."""
    return [_reception(row) for row in store.connection.execute(_DUE, {"now": now})]


def next_due(store: Store) -> datetime | None:
    """When `due` has something next."""
    return store.connection.execute(_NEXT_DUE).scalar_one_or_none()


def delete_unbooked(store: Store, reception_id: int) -> bool:
    """Takes back one that nobody ever booked. Gives whether that was so."""
    return bool(store.connection.execute(_DELETE_UNBOOKED, {"wanted": reception_id}).rowcount)


def _reception(row: Row[Any]) -> Reception:
    return Reception(*tuple(row))
