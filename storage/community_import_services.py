"""Reading and writing what a community file is compared with: the menu of services."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from storage.community_import import write
from storage.database import Store
from storage.tables import services


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """A line of the menu. `position`: where it stands there."""

    id: str
    node_id: str
    position: int
    name: str
    skill: str
    at_home: bool
    takers: int
    minutes: int
    ended: bool = False


_SERVICES = select(
    services.c.id,
    services.c.node_id,
    services.c.position,
    services.c.name,
    services.c.skill,
    services.c.at_home,
    services.c.takers,
    services.c.minutes,
    services.c.ended_at.is_not(None),
).order_by(services.c.id)
_INSERT = insert(services)
_UPDATE = update(services).where(services.c.id == bindparam("at_id"))


def all_services(store: Store) -> list[ServiceRow]:
    """Every line that is or was on the menu."""
    return [ServiceRow(*row) for row in store.connection.execute(_SERVICES)]


def add_services(store: Store, rows: Iterable[ServiceRow]) -> None:
    write(store, _INSERT, [{"id": row.id, **_values(row)} for row in rows])


def change_services(store: Store, rows: Iterable[ServiceRow]) -> None:
    """What is said of them; those that had ended can be ordered again."""
    write(store, _UPDATE, [{"at_id": row.id, **_values(row)} for row in rows])


def end_services(store: Store, rows: Iterable[ServiceRow], now: datetime) -> None:
    """They can be ordered no more. The rows stay: tasks refer to them."""
    write(store, _UPDATE, [{"at_id": row.id, "ended_at": now} for row in rows])


def _values(row: ServiceRow) -> dict[str, Any]:
    return {
        "node_id": row.node_id,
        "position": row.position,
        "name": row.name,
        "skill": row.skill,
        "at_home": row.at_home,
        "takers": row.takers,
        "minutes": row.minutes,
        "ended_at": None,
    }
