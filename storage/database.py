"""The engine, one transaction at a time, and the guards around a database file."""

import fcntl
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from sqlalchemy import Connection, Engine, Insert, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.pool import StaticPool

from storage import prepared
from storage.sealing import Keys, give_keys

LOCK_SECONDS = 2
"""How long a file is waited for that another program has locked. After that messages go into the spool."""


class DatabaseInUse(Exception):
    """Another process has this SQLite file. SQLite takes one writer; past that the engine is PostgreSQL."""


class DatabaseUnavailable(Exception):
    """The database is away, full or locked. Nothing has happened; the same can be done again later."""


class GaveWay(DatabaseUnavailable):
    """Two transactions were in each other's way, and the database ended ours. The same can be done again at once."""


class DatabaseFull(DatabaseUnavailable):
    """Nothing can be written, as on a full disk. What only reads still works."""


def lost_a_race(error: Exception) -> bool:
    """Whether the same, done again at once, may find what another process has just written."""
    return isinstance(error, GaveWay | IntegrityError)


@dataclass(slots=True)
class Store:
    """One transaction: its connection, and the rows that are written together at its end.

    Rows that nothing reads back within the transaction (answers, events, the inbox) are collected and written
    by one statement a table, which is what makes a shared commit cheap.
    """

    connection: Connection
    _collected: dict[Insert, list[Mapping[str, Any]]] = field(default_factory=dict)
    _endings: list[Callable[[], None]] = field(default_factory=list)

    def fetch(self, statement: prepared.Statement, values: Mapping[str, Any]) -> Sequence[prepared.Row]:
        """Rows, on the short way: see `storage/prepared.py`. No list among the values."""
        return prepared.fetch(self.connection, statement, values)

    def fetch_one(self, statement: prepared.Statement, values: Mapping[str, Any]) -> prepared.Row | None:
        """The first row, on the short way."""
        found = prepared.fetch(self.connection, statement, values)
        return found[0] if found else None

    def write(self, statement: prepared.Statement, values: Mapping[str, Any]) -> int:
        """Writes on the short way. How many rows it concerned."""
        return prepared.write(self.connection, statement, values)

    def collect(self, statement: Insert, row: Mapping[str, Any]) -> None:
        """Keeps a row for the end of the transaction. All rows of one statement have the same keys."""
        self._collected.setdefault(statement, []).append(row)

    def collected(self, statement: Insert) -> list[Mapping[str, Any]]:
        """The rows of a statement that are kept for the end."""
        return self._collected.get(statement, [])

    def at_end(self, ending: Callable[[], None]) -> None:
        """Has something done last, just before the commit: what takes a lock that others wait for."""
        self._endings.append(ending)

    def flush(self) -> None:
        """Writes what was collected, in the order in which the tables were first used; then what comes last."""
        collected, self._collected = self._collected, {}
        for statement, rows in collected.items():
            prepared.write_many(self.connection, statement, rows)
        endings, self._endings = self._endings, []
        for ending in endings:
            ending()


class Database:
    """A database that the program may use: SQLite file, SQLite in memory, or PostgreSQL.

    `keys` open what is sealed in it. Without them everything else can be read, such as the version.
    """

    def __init__(self, url: str, keys: Keys | None) -> None:
        self.url = make_url(url)
        self.engine = _create_engine(url)
        self.use_keys(keys)
        self._lock: TextIO | None = None

    def use_keys(self, keys: Keys | None) -> None:
        """From now on these seal and open: see `storage/sealing.py`."""
        give_keys(self.engine.dialect, keys)

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @property
    def file(self) -> Path | None:
        """The SQLite file, or None where there is none."""
        name = self.url.database
        return Path(name) if self.is_sqlite and name and name != ":memory:" else None

    @property
    def is_missing(self) -> bool:
        """Whether this is a file that is not there yet."""
        return self.file is not None and not self.file.exists()

    def claim(self) -> None:
        """Makes this process the only user of the file. Raises `DatabaseInUse`. PostgreSQL needs no such claim."""
        if self.file is None or self._lock is not None:
            return
        self.file.parent.mkdir(parents=True, exist_ok=True)
        lock = self.file.with_name(self.file.name + ".lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise DatabaseInUse(str(self.file)) from None
        self._lock = lock

    @contextmanager
    def begin(self) -> Iterator[Store]:
        """One transaction: committed at the end, rolled back when anything raises.

        Raises `DatabaseUnavailable` where the fault is the database's and not the caller's, `GaveWay` where
        two transactions were in each other's way.
        """
        try:
            with self.engine.begin() as connection:
                store = Store(connection)
                yield store
                store.flush()
        except NoConnectionFree as error:
            raise DatabaseUnavailable("no connection is free") from error
        except DBAPIError as error:
            fault = _fault(error)
            if fault is None:
                raise
            raise fault from error

    def close(self) -> None:
        self.engine.dispose()
        if self._lock is not None:
            self._lock.close()
            self._lock = None


_SQLITE_FULL = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY})
_SQLITE_AWAY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_LOCKED})
_POSTGRESQL_FULL = ("53100", "25006", "58030")
"""Disk full; only to be read, as a stand-by is; an error of input or output."""
_POSTGRESQL_AWAY = ("08", "53", "55P03", "57", "58")
"""What SQLSTATEs begin with: connection, resources, a lock not had in time, an administrator, system."""
_POSTGRESQL_GAVE_WAY = "40"
"""A transaction that gave way to another."""


def _fault(error: DBAPIError) -> DatabaseUnavailable | None:
    """What an error of the database means; None where our statement is wrong."""
    reason = _reason(error)
    if isinstance(error.orig, sqlite3.Error):
        code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
        if code in _SQLITE_FULL:
            return DatabaseFull(reason)
        return DatabaseUnavailable(reason) if code in _SQLITE_AWAY else None
    state = getattr(error.orig, "sqlstate", None)
    if state is None:  # no answer came: the connection is gone, or could not be made
        lost = error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)
        return DatabaseUnavailable(reason) if lost else None
    if state.startswith(_POSTGRESQL_GAVE_WAY):
        return GaveWay(reason)
    if state.startswith(_POSTGRESQL_FULL):
        return DatabaseFull(reason)
    away = error.connection_invalidated or state.startswith(_POSTGRESQL_AWAY)
    return DatabaseUnavailable(reason) if away else None


def _has_given_way(error: DBAPIError) -> bool:
    """Whether it is PostgreSQL's word for a deadlock or a transaction that gave way to another."""
    return (getattr(error.orig, "sqlstate", None) or "").startswith("40")


def _reason(error: DBAPIError) -> str:
    """A name for the fault, without the statement and its values."""
    code = getattr(error.orig, "sqlite_errorname", None) or getattr(error.orig, "sqlstate", None)
    return str(code or type(error.orig).__name__)


_POSTGRESQL_CONNECTION: Mapping[str, Any] = {
    "connect_timeout": 3,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,  # milliseconds
    "options": "-c lock_timeout=10s",
}
"""How soon a server that does not answer is given up: messages must get into the spool meanwhile. Seconds."""


def _create_engine(url: str) -> Engine:
    address = make_url(url)
    if address.get_backend_name() != "sqlite":
        ours = {name: value for name, value in _POSTGRESQL_CONNECTION.items() if name not in address.query}
        return create_engine(url, pool_pre_ping=True, pool_timeout=5, connect_args=ours, hide_parameters=True)
    # One connection: the desk is the only one who writes, and a second reader is never needed.
    arguments = {"check_same_thread": False, "timeout": LOCK_SECONDS}
    engine = create_engine(url, poolclass=StaticPool, connect_args=arguments, hide_parameters=True)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_immediate)
    return engine


_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    f"busy_timeout={LOCK_SECONDS * 1000}",
    "secure_delete=ON",
)
"""The last one: what is deleted or changed is overwritten, so that a copy of the file does not have it any more."""


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves: the module's own moment for it is too late
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
