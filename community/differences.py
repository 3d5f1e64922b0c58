"""What becomes of the rows of a table when a file says how they should be, and how that is told. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

Row = TypeVar("Row")
Key = TypeVar("Key")
Facts = Mapping[str, str]
"""What is told of a row, by the name of each fact."""

NAMED_AT_MOST = 5
"""So many new entries are named one by one; of more, only the number is said."""


@dataclass(frozen=True, slots=True)
class Difference(Generic[Row]):
    """What becomes of the rows of one table. `changed`: before and after."""

    added: tuple[Row, ...] = ()
    changed: tuple[tuple[Row, Row], ...] = ()
    removed: tuple[Row, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)

    @property
    def changed_to(self) -> tuple[Row, ...]:
        return tuple(after for _, after in self.changed)


NOTHING: Difference[Any] = Difference()
"""What becomes of rows that stay as they are."""


def difference(wanted: Mapping[Key, Row], found: Mapping[Key, Row], of_file: Iterable[Key]) -> Difference[Row]:
    """`of_file`: the keys of those found rows that go when they are not wanted."""
    return Difference(
        added=tuple(row for key, row in wanted.items() if key not in found),
        changed=tuple((found[key], row) for key, row in wanted.items() if key in found and found[key] != row),
        removed=tuple(found[key] for key in of_file if key not in wanted),
    )


def counted(verb: str, kind: str, names: Sequence[str], between: str = "、") -> Iterator[str]:
    """新增节点 2:…; nothing of none."""
    if names:
        listed = f":{between.join(names)}" if len(names) <= NAMED_AT_MOST else ""
        yield f"{verb}{kind} {len(names)}{listed}"


def told(before: Facts, after: Facts) -> str:
    """The facts that differ: 姓名 王小明 → 王晓明."""
    return ";".join(
        f"{name} {before[name] or '无'} → {value or '无'}" for name, value in after.items() if before[name] != value
    )
