"""What every table is made of: times, checked words, partial indexes."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Dialect, Integer, MetaData, text
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

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone cannot be stored: {value!r}")
        stored = value.astimezone(UTC)
        return stored.replace(tzinfo=None) if dialect.name == "sqlite" else stored

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


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
