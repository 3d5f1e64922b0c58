"""Statements made ready once for an engine, and then given straight to its driver: `docs/decisions/0022`.

SQLAlchemy writes the SQL and knows how each column's values are stored; but on its own way to the driver it makes
some forty objects a statement, which costs several times what the database does. Here only what it wrote is kept.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Dialect, Insert, Select, Update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler

Statement = Select[Any] | Insert | Update
Row = Sequence[Any]
Converter = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Prepared:
    """One statement for one engine.

    `given` are the parameters in the order of their places, `fixed` the values that stand in the statement itself or
    are a column's default; `written` and `read` convert what is not stored as it is, by parameter and by column.
    """

    sql: str
    by_place: bool
    given: tuple[str, ...]
    fixed: Mapping[str, Any]
    written: tuple[tuple[str, Converter], ...]
    read: tuple[tuple[int, Converter], ...]

    def values(self, given: Mapping[str, Any]) -> Any:
        """Parameters as the driver wants them. Raises `KeyError` for one that is missing."""
        values = {**self.fixed, **given}
        for name, write in self.written:
            values[name] = write(values[name])
        return [values[name] for name in self.given] if self.by_place else values

    def rows(self, fetched: Sequence[Row]) -> Sequence[Row]:
        """Rows as the program wants them."""
        if not self.read:
            return fetched
        found = []
        for row in fetched:
            values = list(row)
            for place, read in self.read:
                values[place] = read(values[place])
            found.append(values)
        return found


_Known = dict[tuple[Statement, tuple[str, ...]], Prepared]
_known: WeakKeyDictionary[Dialect, _Known] = WeakKeyDictionary()
"""By engine, statement and names of the parameters: these say which columns are written."""


def fetch(connection: Connection, statement: Statement, given: Mapping[str, Any]) -> Sequence[Row]:
    """The rows that a statement finds or gives back. Raises SQLAlchemy's `DBAPIError`, as its own way does."""
    prepared = _prepared(connection.dialect, statement, given)
    return prepared.rows(_run(connection, prepared.sql, prepared.values(given), many=False).fetchall())


def write(connection: Connection, statement: Statement, given: Mapping[str, Any]) -> int:
    """Runs a statement that gives nothing back: how many rows it concerned. Raises `DBAPIError`."""
    prepared = _prepared(connection.dialect, statement, given)
    return int(_run(connection, prepared.sql, prepared.values(given), many=False).rowcount)


def write_many(connection: Connection, statement: Statement, rows: Sequence[Mapping[str, Any]]) -> None:
    """The same for many rows, all with the same names. Raises `DBAPIError`."""
    prepared = _prepared(connection.dialect, statement, rows[0])
    _run(connection, prepared.sql, [prepared.values(row) for row in rows], many=True)


def _run(connection: Connection, sql: str, values: Any, *, many: bool) -> Any:
    """The driver's cursor after the statement."""
    cursor = connection.connection.cursor()
    try:
        (cursor.executemany if many else cursor.execute)(sql, values)
    except Exception as error:
        raise _as_sqlalchemy(error, connection, cursor, sql) from error
    return cursor


def _as_sqlalchemy(error: Exception, connection: Connection, cursor: Any, sql: str) -> Exception:
    """A driver's error as SQLAlchemy would have raised it, without the values; any other as it is."""
    driver = connection.dialect.loaded_dbapi
    if not isinstance(error, driver.Error):
        return error
    lost = connection.dialect.is_disconnect(error, connection.connection.dbapi_connection, cursor)
    known = DBAPIError.instance(
        sql, None, error, driver.Error, hide_parameters=True, connection_invalidated=lost, dialect=connection.dialect
    )
    if lost:
        connection.invalidate(error)
    return known


def _prepared(dialect: Dialect, statement: Statement, given: Mapping[str, Any]) -> Prepared:
    known = _known.get(dialect)
    if known is None:
        known = _known.setdefault(dialect, {})
    key = (statement, tuple(given))
    prepared = known.get(key)
    if prepared is None:
        prepared = known[key] = _prepare(dialect, statement, key[1])
    return prepared


def _prepare(dialect: Dialect, statement: Statement, names: Sequence[str]) -> Prepared:
    compiled = statement.compile(dialect=dialect, column_keys=None if isinstance(statement, Select) else list(names))
    assert isinstance(compiled, SQLCompiler)
    if wrong := [
        name for name, bind in compiled.binds.items() if bind.expanding or (bind.required and name not in names)
    ]:
        raise TypeError(f"{wrong}: a list, which cannot be made ready, or not given")
    fixed = {name: value for name, value in compiled.params.items() if name not in names}
    for column in () if isinstance(statement, Select) else compiled.insert_prefetch:
        fixed[column.key] = _default(column)
    written = ((name, _converter(bind.type, dialect, "bind_processor")) for name, bind in compiled.binds.items())
    columns = enumerate(statement.exported_columns)
    read = ((place, _converter(column.type, dialect, "result_processor", None)) for place, column in columns)
    return Prepared(
        sql=str(compiled),
        by_place=compiled.positional,
        given=tuple(compiled.positiontup or ()),
        fixed=fixed,
        written=tuple((name, convert) for name, convert in written if convert is not None),
        read=tuple((place, convert) for place, convert in read if convert is not None),
    )


def _converter(kind: Any, dialect: Dialect, which: str, *about: object) -> Converter | None:
    """How values of a column's type are written or read; None where they are stored as they are."""
    converter: Converter | None = getattr(kind.dialect_impl(dialect), which)(dialect, *about)
    return converter


def _default(column: Any) -> Any:
    """A column's default. Raises `TypeError` for one that the database or a function makes: there is none yet."""
    if not column.default.is_scalar:
        raise TypeError(f"{column}: not a plain default")
    return column.default.arg
