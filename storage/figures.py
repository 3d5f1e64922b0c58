"""What figures of a period are counted with: where and when, how many of each kind, and how long half of them took."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, extract, func, select

from storage.database import Store


@dataclass(frozen=True, slots=True)
class Scope:
    """What is counted: begun at these nodes from `begin` until before `end`."""

    nodes: Sequence[str]
    begin: datetime
    end: datetime

    @property
    def values(self) -> Mapping[str, Any]:
        """For the parameters `nodes`, `begin` and `end` of a statement."""
        return {"nodes": list(self.nodes), "begin": self.begin, "end": self.end}


@dataclass(frozen=True, slots=True)
class Waits:
    """How many waited, and how long the one or two in the middle of them did."""

    count: int
    middle: tuple[timedelta, ...]


def count(*conditions: ColumnElement[bool]) -> ColumnElement[int]:
    """How many of the rows are such."""
    return func.count(case((and_(*conditions), 1)))


def middle(
    since: ColumnElement[datetime], until: ColumnElement[datetime], *conditions: ColumnElement[bool]
) -> Select[Any]:
    """Of the seconds between two moments, those in the middle, and how many there are: for `waits`."""
    seconds = (extract("epoch", until) - extract("epoch", since)).label("seconds")
    rows = (
        select(seconds, func.row_number().over(order_by=seconds).label("place"), func.count().over().label("of_all"))
        .where(since.is_not(None), until.is_not(None), *conditions)
        .subquery()
    )
    twice = rows.c.place * 2
    return select(rows.c.of_all, rows.c.seconds).where(twice >= rows.c.of_all, twice <= rows.c.of_all + 2)


def waits(store: Store, statement: Select[Any], scope: Scope) -> Waits:
    """What a statement of `middle` finds."""
    rows = store.connection.execute(statement, scope.values).all()
    return Waits(rows[0][0] if rows else 0, tuple(sorted(timedelta(seconds=float(seconds)) for _, seconds in rows)))
