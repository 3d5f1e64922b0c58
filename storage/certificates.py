"""Certificates of the hours that somebody gave: asked for, and issued under a number or refused."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Integer, String, bindparam, cast, func, insert, select, update

from storage.database import Store
from storage.tables import CertificateState, certificates, nodes


@dataclass(frozen=True, slots=True)
class Certificate:
    """Hours of a person at a community between two days.

    `lines` are what it certifies, as of when it was issued: mappings with day (ISO), what and minutes. `number` is
    None before that.
    """

    id: int
    number: str | None
    person_id: str
    node_id: str
    name: str
    first_day: date
    last_day: date
    minutes: int
    lines: Sequence[Mapping[str, Any]]
    state: CertificateState
    asked_at: datetime
    decided_at: datetime | None
    decided_by: str | None


_COLUMNS = tuple(certificates.c)
_INSERT = insert(certificates).returning(certificates.c.id)
_BY_ID = select(*_COLUMNS).where(certificates.c.id == bindparam("wanted"))
_LOCKED = _BY_ID.with_for_update()
_BY_NUMBER = select(*_COLUMNS).where(certificates.c.number == bindparam("wanted"))
_UPDATE = update(certificates).where(certificates.c.id == bindparam("wanted"))
_OF_PERSON = (
    select(*_COLUMNS)
    .where(certificates.c.person_id == bindparam("person"))
    .order_by(certificates.c.id.desc())
    .limit(bindparam("at_most"))
)
_HIGHEST = select(
    func.coalesce(func.max(cast(func.substr(certificates.c.number, bindparam("at", type_=Integer)), Integer)), 0)
).where(certificates.c.number.startswith(bindparam("beginning", type_=String)))
_WAITING = (
    select(*_COLUMNS)
    .where(certificates.c.node_id.in_(bindparam("nodes", expanding=True)), certificates.c.decided_at.is_(None))
    .order_by(certificates.c.id)
    .limit(50)
)
_LOCK_NODE = select(nodes.c.id).where(nodes.c.id == bindparam("node")).with_for_update()


def lock_node(store: Store, node_id: str) -> None:
    """Nobody else gives out numbers under this node until this transaction ends."""
    store.connection.execute(_LOCK_NODE, {"node": node_id})


def add(store: Store, values: Mapping[str, Any]) -> int:
    """A new one. Gives its id."""
    identity: int = store.connection.execute(_INSERT, values).scalar_one()
    return identity


def change(store: Store, certificate_id: int, **values: Any) -> None:
    """Writes columns. Raises `IntegrityError` where the number is taken."""
    store.connection.execute(_UPDATE.values(**values), {"wanted": certificate_id})


def by_id(store: Store, certificate_id: int) -> Certificate | None:
    """One certificate."""
    return _one(store, _BY_ID, {"wanted": certificate_id})


def locked(store: Store, certificate_id: int) -> Certificate | None:
    """One certificate, and nobody else may decide on it until this transaction ends."""
    return _one(store, _LOCKED, {"wanted": certificate_id})


def by_number(store: Store, number: str) -> Certificate | None:
    """The one issued under a number."""
    return _one(store, _BY_NUMBER, {"wanted": number})


def of_person(store: Store, person_id: str, at_most: int = 20) -> list[Certificate]:
    """What somebody asked for, the latest first."""
    values = {"person": person_id, "at_most": at_most}
    return [Certificate(*row) for row in store.connection.execute(_OF_PERSON, values)]


def waiting(store: Store, node_ids: Collection[str]) -> list[Certificate]:
    """What was asked for at these nodes and nobody has decided on, the oldest first; fifty at most."""
    if not node_ids:
        return []
    return [Certificate(*row) for row in store.connection.execute(_WAITING, {"nodes": list(node_ids)})]


def highest(store: Store, beginning: str) -> int:
    """The highest running number among those that begin so; 0 where there is none yet."""
    values = {"at": len(beginning) + 1, "beginning": beginning}
    return int(store.connection.execute(_HIGHEST, values).scalar_one())


def _one(store: Store, statement: Any, values: Mapping[str, Any]) -> Certificate | None:
    row = store.connection.execute(statement, values).first()
    return Certificate(*row) if row else None
