"""The engine, one transaction at a time, and the guards around a database file."""

import fcntl
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from sqlalchemy import Connection, Engine, Insert, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.pool import StaticPool


class DatabaseInUse(Exception):
    """Another process has this SQLite file. SQLite takes one writer; past that the engine is PostgreSQL."""


class DatabaseUnavailable(Exception):
    """The database is away, full or locked. Nothing has happened; the same can be done again later."""


@dataclass(slots=True)
class Store:
    """One transaction: its connection, and the rows that are written together at its end.

    Rows that nothing reads back within the transaction (answers, events, the inbox) are collected and written
    by one statement a table, which is what makes a shared commit cheap.
    """

    connection: Connection
    _collected: dict[Insert, list[Mapping[str, Any]]] = field(default_factory=dict)

    def collect(self, statement: Insert, row: Mapping[str, Any]) -> None:
        """Keeps a row for the end of the transaction. All rows of one statement have the same keys."""
        self._collected.setdefault(statement, []).append(row)

    def flush(self) -> None:
        """Writes what was collected, in the order in which the tables were first used."""
        collected, self._collected = self._collected, {}
        for statement, rows in collected.items():
            self.connection.execute(statement, rows)


class Database:
    """A database that the program may use: SQLite file, SQLite in memory, or PostgreSQL."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.engine = _create_engine(url)
        self._lock: TextIO | None = None

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @property
    def file(self) -> Path | None:
        """The SQLite file, or None where there is none."""
        name = self.url.database
        return Path(name) if self.is_sqlite and name and name != ":memory:" else None

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

        Raises `DatabaseUnavailable` where the fault is the database's and not the caller's.
        """
        try:
            with self.engine.begin() as connection:
                store = Store(connection)
                yield store
                store.flush()
        except (OperationalError, InterfaceError) as error:
            if _is_away(error):
                raise DatabaseUnavailable(_reason(error)) from error
            raise

    def close(self) -> None:
        self.engine.dispose()
        if self._lock is not None:
            self._lock.close()
            self._lock = None


_SQLITE_AWAY = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_READONLY,
    }
)
_POSTGRESQL_AWAY = ("08", "40", "53", "57", "58")
"""Classes of SQLSTATE: connection, a transaction that gave way to another, resources, an administrator, system."""


def _is_away(error: DBAPIError) -> bool:
    """Whether it is the database that is away, and not our statement that is wrong."""
    if error.connection_invalidated:
        return True
    if isinstance(error.orig, sqlite3.Error):
        return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in _SQLITE_AWAY
    state = getattr(error.orig, "sqlstate", None)
    return state is None or state.startswith(_POSTGRESQL_AWAY)


def _reason(error: DBAPIError) -> str:
    """A name for the fault, without the statement and its values."""
    code = getattr(error.orig, "sqlite_errorname", None) or getattr(error.orig, "sqlstate", None)
    return str(code or type(error.orig).__name__)


def _create_engine(url: str) -> Engine:
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True, hide_parameters=True)
    # One connection: the desk is the only one who writes, and a second reader is never needed.
    arguments = {"check_same_thread": False, "timeout": 10}
    engine = create_engine(url, poolclass=StaticPool, connect_args=arguments, hide_parameters=True)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves: the module's own moment for it is too late
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=10000"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
