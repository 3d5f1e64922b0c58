"""Figures that people read: rates with what they are made of, medians, and nothing told of fewer than five."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

SMALLEST_CELL = 5
"""What is counted must be so many, or those behind a figure could be guessed. Domain: "Rules taken from practice"."""

TOO_FEW = f"不足{SMALLEST_CELL}件"
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def published(count: int, unit: str = "件") -> str:
    """A count as everybody may read it: 12件, or 不足5件. `unit` is the measure word of what is counted."""
    return f"{count}{unit}" if count >= SMALLEST_CELL else f"不足{SMALLEST_CELL}{unit}"


def with_private(public: int, private: int) -> int:
    """A count in which private cases stand only where they are enough to hide one another.

    What matters is how many private ones there are: who knows the public ones can subtract them.
    """
    return public + private if private >= SMALLEST_CELL else public


@dataclass(frozen=True, slots=True)
class Rate:
    """So many of so many. Raises `ValueError` for more than all of them."""

    numerator: int
    denominator: int

    def __post_init__(self) -> None:
        if not 0 <= self.numerator <= self.denominator:
            raise ValueError(f"no rate: {self.numerator} of {self.denominator}")

    @property
    def percent(self) -> str:
        """To a tenth. 100% is only what is all, 0% only what is none."""
        if self.numerator in (0, self.denominator):
            return "100%" if self.numerator else "0%"
        tenths = (2000 * self.numerator + self.denominator) // (2 * self.denominator)
        whole, tenth = divmod(min(max(tenths, 1), 999), 10)
        return f"{whole}.{tenth}%" if tenth else f"{whole}%"

    def with_private(self, private: "Rate") -> "Rate":
        """The rate of public and private cases, or of the public ones alone where the private ones show through."""
        rest = private.denominator - private.numerator
        if any(0 < part < SMALLEST_CELL for part in (private.numerator, rest)):
            return self
        return Rate(self.numerator + private.numerator, self.denominator + private.denominator)

    def __str__(self) -> str:
        """91.4%(32/35), or 不足5件."""
        if self.denominator < SMALLEST_CELL:
            return TOO_FEW
        return f"{self.percent}({self.numerator}/{self.denominator})"


@dataclass(frozen=True, slots=True)
class Median:
    """How long half of them waited at most. `middle`: the one or two waits in the middle of `count`."""

    middle: tuple[timedelta, ...]
    count: int

    @classmethod
    def of(cls, waits: Sequence[timedelta]) -> "Median":
        """The median of waits in any order."""
        ordered, count = sorted(waits), len(waits)
        return cls(tuple(ordered[(count - 1) // 2 : count // 2 + 1]), count)

    @property
    def hours(self) -> float | None:
        """None where nobody has waited."""
        return sum(self.middle, timedelta()) / len(self.middle) / HOUR if self.middle else None

    def __str__(self) -> str:
        """3.5小时, or 不足5件."""
        if self.hours is None or self.count < SMALLEST_CELL:
            return TOO_FEW
        return f"{round(self.hours, 1):g}小时"


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days, from the first to the last."""

    first: date
    last: date

    @classmethod
    def week_of(cls, day: date) -> "Period":
        """Monday to Sunday."""
        monday = day - day.weekday() * DAY
        return cls(monday, monday + 6 * DAY)

    def begin(self, zone: tzinfo) -> datetime:
        """The first moment."""
        return datetime.combine(self.first, time(), zone)

    def end(self, zone: tzinfo) -> datetime:
        """The first moment that is no longer in it."""
        return datetime.combine(self.last + DAY, time(), zone)
