"""Reading and writing what a community file is compared with: the member units."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from storage.community_import import write
from storage.database import Store
from storage.tables import units


@dataclass(frozen=True, slots=True)
class UnitRow:
    """A unit. `headcount`: how many of its members should report in, None where nobody has said."""

    id: str
    node_id: str
    name: str
    contact_id: str | None
    headcount: int | None
    from_file: bool = True
    ended: bool = False


_UNITS = select(
    units.c.id,
    units.c.node_id,
    units.c.name,
    units.c.contact_id,
    units.c.headcount,
    units.c.from_file,
    units.c.ended_at.is_not(None),
).order_by(units.c.id)
_INSERT = insert(units)
_UPDATE = update(units).where(units.c.id == bindparam("at_id"))


def all_units(store: Store) -> list[UnitRow]:
    """Every unit, also those that have ended."""
    return [UnitRow(*row) for row in store.connection.execute(_UNITS)]


def add_units(store: Store, rows: Iterable[UnitRow]) -> None:
    write(store, _INSERT, [{"id": row.id, **_values(row)} for row in rows])


def change_units(store: Store, rows: Iterable[UnitRow]) -> None:
    """What is said of them; those that had ended are there again."""
    write(store, _UPDATE, [{"at_id": row.id, **_values(row)} for row in rows])


def end_units(store: Store, rows: Iterable[UnitRow], now: datetime) -> None:
    """Nobody reports in from them any more. The rows stay: members refer to them."""
    write(store, _UPDATE, [{"at_id": row.id, "ended_at": now} for row in rows])


def _values(row: UnitRow) -> dict[str, Any]:
    return {
        "node_id": row.node_id,
        "name": row.name,
        "contact_id": row.contact_id,
        "headcount": row.headcount,
        "from_file": row.from_file,
        "ended_at": None,
    }
