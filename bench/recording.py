"""What the program said to its database, noted at the driver and said again without the program: the yardstick."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from sqlalchemy import event

from storage.database import Database

COMMIT = "COMMIT"


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement as the driver got it. `values`: of one, or of `many`."""

    sql: str
    values: Any
    many: bool


@dataclass(slots=True)
class Recording:
    """What was said, batch by batch. What comes before the first batch is not noted."""

    batches: list[list[Statement]] = field(default_factory=list)

    def attach(self, database: Database) -> None:
        """From the first connection on, which must not be there yet."""
        event.listen(database.engine, "do_connect", self._through_us)
        event.listen(database.engine, "commit", self._note_commit)

    def _through_us(self, dialect: Any, _record: Any, _arguments: Any, named: dict[str, Any]) -> None:
        if dialect.name == "sqlite":
            named["factory"] = _sqlite_connections(self)
        else:
            named["cursor_factory"] = _psycopg_cursors(self)

    def _note_commit(self, _connection: Any) -> None:
        self.note(COMMIT, (), many=False)

    def note(self, sql: str, values: Any, *, many: bool) -> None:
        """Notes a statement. One without words only asks whether the connection lives: nobody else would."""
        if self.batches and sql.strip(" ;"):
            self.batches[-1].append(Statement(sql, list(values) if many else values, many))

    def statements(self) -> int:
        """How many there were."""
        return sum(map(len, self.batches))


def say_again(batches: Iterable[Sequence[Statement]], connection: Any) -> None:
    """The same to a connection of the driver, and every row fetched."""
    cursor = connection.cursor()
    for batch in batches:
        for statement in batch:
            if statement.sql == COMMIT:
                connection.commit()
            elif statement.many:
                cursor.executemany(statement.sql, statement.values)
            else:
                cursor.execute(statement.sql, statement.values)
                if cursor.description is not None:
                    cursor.fetchall()


def _sqlite_connections(recording: Recording) -> type[sqlite3.Connection]:
    class Cursor(sqlite3.Cursor):
        def execute(self, sql: str, values: Any = (), /) -> Any:
            recording.note(sql, values, many=False)
            return super().execute(sql, values)

        def executemany(self, sql: str, rows: Any, /) -> Any:
            recording.note(sql, rows, many=True)
            return super().executemany(sql, rows)

    class Connection(sqlite3.Connection):
        def cursor(self, factory: Any = Cursor) -> Any:
            return super().cursor(factory)

    return Connection


def _psycopg_cursors(recording: Recording) -> type[psycopg.Cursor[Any]]:
    class Cursor(psycopg.Cursor[Any]):
        def execute(self, query: Any, params: Any = None, **how: Any) -> Any:
            recording.note(str(query), params, many=False)
            return super().execute(query, params, **how)

        def executemany(self, query: Any, params_seq: Iterable[Sequence[Any] | Mapping[str, Any]], **how: Any) -> None:
            rows = list(params_seq)
            recording.note(str(query), rows, many=True)
            super().executemany(query, rows, **how)

    return Cursor
