"""Which processes live, and which of them has what: leases that lapse when their holder does not renew them.

Times are the database's own, so that the clocks of the machines need not agree. PostgreSQL only: SQLite has one
process.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Interval, bindparam, case, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from storage.database import Store
from storage.tables import leases, processes

FORGOTTEN_AFTER = timedelta(days=1)
"""How long a process that was not seen any more is kept in the table, for people to look at."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Who has what just now: holder by name, of leases that have not lapsed; and how many processes live."""

    holders: Mapping[str, str]
    living: int


_NOW = func.clock_timestamp()
_LENGTH = bindparam("length", type_=Interval)
_SEEN = (
    insert(processes)
    .values(id=bindparam("process"), started_at=_NOW, seen_at=_NOW)
    .on_conflict_do_update(index_elements=[processes.c.id], set_={"seen_at": _NOW})
)
_LIVING = select(func.count()).select_from(processes).where(processes.c.seen_at > _NOW - _LENGTH)
_FORGET = delete(processes).where(processes.c.seen_at < _NOW - bindparam("kept", type_=Interval))
_LET_GO = delete(leases).where(leases.c.holder == bindparam("process"))
_LEAVE = delete(processes).where(processes.c.id == bindparam("process"))
_HOLDERS = select(leases.c.name, leases.c.holder).where(leases.c.until > _NOW)
_NEW = insert(leases).values(name=bindparam("lease"), holder=bindparam("process"), since=_NOW, until=_NOW + _LENGTH)
_IS_MINE = leases.c.holder == _NEW.excluded.holder
_TAKE = _NEW.on_conflict_do_update(
    index_elements=[leases.c.name],
    set_={
        "holder": _NEW.excluded.holder,
        "until": _NEW.excluded.until,
        "since": case((_IS_MINE, leases.c.since), else_=_NEW.excluded.since),
    },
    where=_IS_MINE | (leases.c.until < _NOW),
).returning(leases.c.name)
_RELEASE = delete(leases).where(
    leases.c.name.in_(bindparam("names", expanding=True)), leases.c.holder == bindparam("process")
)


_EVERYBODY = select(processes.c.id).union(select(leases.c.holder))
_RELEASE_ALL = delete(leases).where(leases.c.holder == bindparam("process"))


def seen(store: Store, process: str) -> None:
    """The process lives. What has not lived for long is forgotten."""
    store.connection.execute(_FORGET, {"kept": FORGOTTEN_AFTER})
    store.connection.execute(_SEEN, {"process": process})


def standing(store: Store, length: timedelta) -> Standing:
    """Who has what. A process lives that was seen within `length`."""
    holders = {row.name: row.holder for row in store.connection.execute(_HOLDERS)}
    return Standing(holders, store.connection.execute(_LIVING, {"length": length}).scalar_one())


def take(store: Store, names: Sequence[str], process: str, length: timedelta) -> list[str]:
    """Takes or renews these until `length` from now. Gives those that were free, lapsed, or ours."""
    values = {"process": process, "length": length}
    wanted = sorted(names)  # everybody in one order, or two would wait for each other
    return [name for name in wanted if store.connection.execute(_TAKE, values | {"lease": name}).first() is not None]


def release(store: Store, names: Sequence[str], process: str) -> None:
    """Others may take these at once, where they are ours."""
    store.connection.execute(_RELEASE, {"names": list(names), "process": process})


def gone(store: Store, is_gone: Callable[[str], bool]) -> None:
    """Frees what processes hold of which one knows that they live no more: nobody has to wait until it lapses."""
    for holder in store.connection.execute(_EVERYBODY).scalars().all():
        if is_gone(holder):
            store.connection.execute(_RELEASE_ALL, {"process": holder})
            store.connection.execute(_LEAVE, {"process": holder})


def leave(store: Store, process: str) -> None:
    """The process lives no more, and has nothing: also not what came to its own end."""
    store.connection.execute(_LET_GO, {"process": process})
    store.connection.execute(_LEAVE, {"process": process})
