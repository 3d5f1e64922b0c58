"""Calendars under addresses that cannot be guessed, and the receptions that stand in them, closed ones too."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, func, insert, or_, select
from sqlalchemy.exc import IntegrityError

from storage.database import Store
from storage.rota import Reception
from storage.tables import bookings, calendar_feeds, receptions, rotas, stations


@dataclass(frozen=True, slots=True)
class Feed:
    """What a token opens: `subject` is the id or name that `kind` says."""

    kind: str
    subject: str


@dataclass(frozen=True, slots=True)
class Activity:
    """What has been done at a reception: a number that rises with each change of its bookings, and the latest."""

    changes: int
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Duty:
    """Somebody receives at a station. No `person_id`: not in our people."""

    station_id: str
    person_id: str | None
    person_name: str


_INSERT = insert(calendar_feeds)
_FEED = select(calendar_feeds.c.kind, calendar_feeds.c.subject).where(calendar_feeds.c.token == bindparam("wanted"))
_TOKEN = select(calendar_feeds.c.token).where(
    calendar_feeds.c.kind == bindparam("wanted_kind"), calendar_feeds.c.subject == bindparam("wanted_subject")
)
# Every station, said for the index: it begins with the station.
_BETWEEN = (
    receptions.c.station_id.in_(select(stations.c.id)),
    receptions.c.begins_at >= bindparam("since"),
    receptions.c.begins_at < bindparam("until"),
)


def _receptions(whose: ColumnElement[bool]) -> Select[Any]:
    found = select(*receptions.c).where(*_BETWEEN, whose)
    return found.order_by(receptions.c.begins_at, receptions.c.id)


_AT_STATION = _receptions(receptions.c.station_id == bindparam("subject"))
# Those that the rule names them for, too: somebody else may have taken them over.
_OF_PERSON = _receptions(
    or_(
        receptions.c.person_id == bindparam("subject"),
        receptions.c.rota_id.in_(select(rotas.c.id).where(rotas.c.person_id == bindparam("subject"))),
    )
)
_OF_NAME = _receptions(
    or_(
        receptions.c.person_name == bindparam("subject"),
        receptions.c.rota_id.in_(select(rotas.c.id).where(rotas.c.person_name == bindparam("subject"))),
    )
)
_DUTIES = (
    select(receptions.c.station_id, receptions.c.person_id, receptions.c.person_name)
    .where(*_BETWEEN)
    .distinct()
    .order_by(receptions.c.person_name, receptions.c.station_id)
)
_ACTIVITY = (
    select(
        bookings.c.reception_id,
        func.count() + func.sum(bookings.c.sequence),
        func.max(bookings.c.changed_at),
    )
    .where(bookings.c.reception_id.in_(bindparam("receptions", expanding=True)))
    .group_by(bookings.c.reception_id)
)


def find(store: Store, token: str) -> Feed | None:
    """What this token opens, if there is such a one."""
    row = store.connection.execute(_FEED, {"wanted": token}).first()
    return Feed(*row) if row else None


def token_of(store: Store, feed: Feed) -> str | None:
    """The token that opens a calendar, once somebody had asked for it."""
    values = {"wanted_kind": feed.kind, "wanted_subject": feed.subject}
    return store.connection.execute(_TOKEN, values).scalar_one_or_none()


def add(store: Store, token: str, feed: Feed, now: datetime) -> str:
    """From now on the token opens this calendar. Gives the token: another one where another process was faster."""
    row = {"token": token, "kind": feed.kind, "subject": feed.subject, "created_at": now}
    try:
        with store.connection.begin_nested():
            store.connection.execute(_INSERT, row)
    except IntegrityError:
        known = token_of(store, feed)
        if known is None:
            raise
        return known
    return token


def at_station(store: Store, station_id: str, since: datetime, until: datetime) -> list[Reception]:
    """The receptions of a station, closed ones too, in their order of time."""
    return _found(store, _AT_STATION, station_id, since, until)


def of_person(store: Store, person_id: str, since: datetime, until: datetime) -> list[Reception]:
    """The receptions that are a person's, or were by the rule."""
    return _found(store, _OF_PERSON, person_id, since, until)


def of_name(store: Store, name: str, since: datetime, until: datetime) -> list[Reception]:
    """The same of everybody who is called so."""
    return _found(store, _OF_NAME, name, since, until)


def duties(store: Store, since: datetime, until: datetime) -> list[Duty]:
    """Who receives where, each once."""
    return [Duty(*row) for row in store.connection.execute(_DUTIES, {"since": since, "until": until})]


def activity(store: Store, reception_ids: Collection[int]) -> Mapping[int, Activity]:
    """What has been done at each reception at which anything has been booked."""
    if not reception_ids:
        return {}
    rows = store.connection.execute(_ACTIVITY, {"receptions": list(reception_ids)})
    return {reception_id: Activity(changes, changed_at) for reception_id, changes, changed_at in rows}


def _found(store: Store, statement: Select[Any], subject: str, since: datetime, until: datetime) -> list[Reception]:
    values = {"subject": subject, "since": since, "until": until}
    return [Reception(*tuple(row)) for row in store.connection.execute(statement, values)]
