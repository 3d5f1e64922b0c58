"""What is sealed, row by row and as it is stored: counted by key, and sealed again with the newest one.

Rows are taken by their key, some at a time and each time in a transaction of their own, so that a process which dies
on the way loses nothing: doing it again passes over what is done.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    RowMapping,
    Select,
    TableClause,
    Update,
    and_,
    bindparam,
    column,
    select,
    table,
    tuple_,
    update,
)

from storage.database import Database, Store
from storage.sealing import CannotOpen, Keys, Sealed, SealedJson, key_named_in
from storage.tables import metadata

AT_ONCE = 500
"""Rows to a transaction: short enough for others who wait for them."""


@dataclass(frozen=True, slots=True)
class SealedTable:
    """A table with sealed columns. `columns` gives the name under which each is sealed."""

    name: str
    key: tuple[str, ...]
    columns: Mapping[str, str]
    rows: TableClause

    def after(self, last: Sequence[Any] | None) -> Select[Any]:
        """The next rows by their key."""
        order = [self.rows.c[name] for name in self.key]
        query = select(self.rows).order_by(*order).limit(AT_ONCE)
        return query if last is None else query.where(tuple_(*order) > tuple_(*last))

    def change(self) -> Update:
        """Writes the sealed columns of one row: `key_…` are its key, `new_…` the texts."""
        where = and_(*(self.rows.c[name] == bindparam(f"key_{name}") for name in self.key))
        return update(self.rows).where(where).values({name: bindparam(f"new_{name}") for name in self.columns})


@dataclass(frozen=True, slots=True)
class Tally:
    """How many texts are sealed with which key, and in which columns there are some that none of ours opens."""

    by_key: Counter[str] = field(default_factory=Counter)
    unopened: Counter[str] = field(default_factory=Counter)


def _sealed_tables() -> Iterator[SealedTable]:
    for each in metadata.sorted_tables:
        sealed = {found.name: found.type.column for found in each.c if isinstance(found.type, Sealed | SealedJson)}
        if sealed:
            key = tuple(found.name for found in each.primary_key)
            yield SealedTable(each.name, key, sealed, table(each.name, *(column(name) for name in (*key, *sealed))))


TABLES = tuple(_sealed_tables())


def tally(database: Database, keys: Keys) -> Tally:
    """Looks at everything that is sealed. Changes nothing."""
    found = Tally()
    for each in TABLES:
        for _, rows in _batches(database, each, hold=False):
            for row in rows:
                _count(row, each, keys, found)
    return found


def seal_again(database: Database, keys: Keys) -> int:
    """Seals with the newest key whatever is not. Gives how many rows that were; what no key opens stays as it is.

    Raises `DatabaseUnavailable`; what is done by then stays done.
    """
    done = 0
    for each in TABLES:
        change = each.change()
        for store, rows in _batches(database, each, hold=True):
            changes = [values for row in rows if (values := _sealed_newly(row, each, keys))]
            if changes:
                store.connection.execute(change, changes)
            done += len(changes)
    return done


def _batches(database: Database, each: SealedTable, *, hold: bool) -> Iterator[tuple[Store, Sequence[RowMapping]]]:
    """All rows of a table, each batch within a transaction; `hold`: nobody else changes them meanwhile."""
    last: tuple[Any, ...] | None = None
    while True:
        with database.begin() as store:
            query = each.after(last)
            rows = store.connection.execute(query.with_for_update() if hold else query).mappings().all()
            yield store, rows
        if len(rows) < AT_ONCE:
            return
        last = tuple(rows[-1][name] for name in each.key)


def _texts(row: RowMapping, each: SealedTable) -> Iterator[tuple[str, str, str]]:
    """Column, the name that it is sealed under, and the stored text; without the empty ones."""
    for name, sealed_as in each.columns.items():
        if row[name]:
            yield name, sealed_as, row[name]


def _count(row: RowMapping, each: SealedTable, keys: Keys, found: Tally) -> None:
    for _, sealed_as, stored in _texts(row, each):
        try:
            keys.open(stored, sealed_as)
        except CannotOpen:
            found.unopened[sealed_as] += 1
        else:
            found.by_key[key_named_in(stored)] += 1


def _sealed_newly(row: RowMapping, each: SealedTable, keys: Keys) -> dict[str, Any] | None:
    """What `SealedTable.change` needs, or None where there is nothing to do."""
    changed = {}
    for name, sealed_as, stored in _texts(row, each):
        if not keys.is_sealed_newly(stored):
            try:
                changed[name] = keys.seal(keys.open(stored, sealed_as), sealed_as)
            except CannotOpen:
                continue
    if not changed:
        return None
    return {f"key_{name}": row[name] for name in each.key} | {
        f"new_{name}": changed.get(name, row[name]) for name in each.columns
    }
