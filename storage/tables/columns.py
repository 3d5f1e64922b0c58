"""What every table is made of: times, checked words, partial indexes."""

from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Column, Dialect, Integer, MetaData, Table, text
from sqlalchemy import DateTime as SqlDateTime
from sqlalchemy import Enum as SqlEnum
from sqlalchemy.types import TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


Number = BigInteger().with_variant(Integer, "sqlite")
"""A key that the database counts up by itself: SQLite does so only for INTEGER."""


class Moment(TypeDecorator[datetime]):
    """An aware time, stored in UTC. A naive one is a mistake of ours and refused."""

    impl = SqlDateTime(timezone=True)
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], datetime | str | None]:
        """One function a value, not four: a report writes thirty times."""
        return _as_text if dialect.name == "sqlite" else _in_utc

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None]:
        return _from_text if dialect.name == "sqlite" else _in_utc


def _in_utc(value: datetime | None) -> datetime | None:
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError(f"a time without a zone cannot be stored: {value!r}")
    return value.astimezone(UTC)


def _as_text(value: datetime | None) -> str | None:
    """As SQLite's columns hold times: 2026-12-01 01:00:00.000000, in UTC, which sorts by time."""
    stored = _in_utc(value)
    return stored.replace(tzinfo=None).isoformat(" ", "microseconds") if stored else None


def _from_text(value: str | None) -> datetime | None:
    return datetime.fromisoformat(f"{value}+00:00") if value else None


def checked(kind: type[StrEnum]) -> SqlEnum:
    """A text column that the database checks: portable, and readable in a dump."""
    return SqlEnum(
        kind,
        native_enum=False,
        create_constraint=True,
        length=24,
        name=kind.__name__.lower(),
        values_callable=lambda members: [member.value for member in members],
    )


def still_open(*names: str) -> dict[str, Any]:
    """Makes an index partial: only the rows where all of `names` are still empty are in it."""
    condition = text(" AND ".join(f"{name} IS NULL" for name in names))
    return {"sqlite_where": condition, "postgresql_where": condition}


def filled(name: str) -> dict[str, Any]:
    """Makes an index partial: only the rows where `name` holds something are in it, so that it is worth asking."""
    condition = text(f"{name} IS NOT NULL")
    return {"sqlite_where": condition, "postgresql_where": condition}


def as_read(table: Table) -> tuple[Column[Any], ...]:
    """The columns of a row as it is reasoned about: all but the moment of its purging, which is the purge's own."""
    return tuple(column for column in table.c if column.name != "purged_at")
