"""One measurement as one JSON line."""

import json
import os
import platform
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parent.parent
WORK = Path(__file__).with_name(".work")
"""Databases are measured on the project's own disk: where `/tmp` is memory, a commit there costs nothing."""


@dataclass(frozen=True, slots=True)
class Yardstick:
    """What the same work costs elsewhere, measured in the same run and in the same unit.

    `ratio` is always speed by speed: 2 means that ours is twice as fast as the yardstick.
    """

    name: str
    value: float
    ratio: float


@dataclass(frozen=True, slots=True)
class Figure:
    """The median of `repeats` runs over `n` things each. `wanted`: what the issues ask for."""

    name: str
    value: float
    unit: str
    n: int
    repeats: int
    beside: Yardstick | None = None
    wanted: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A measurement or yardstick that cannot be made here, and why."""

    name: str
    reason: str


Measurement = Callable[[], Iterator[Figure | Skipped]]


@dataclass(slots=True)
class Rounds:
    """Paired runs, ours and the yardstick's by turns, so that a noisy neighbour hits both."""

    ours: list[float] = field(default_factory=list)
    theirs: list[float] = field(default_factory=list)

    @property
    def times_as_fast(self) -> float:
        """How much less time ours takes: the median of the pairs."""
        return median(theirs / ours for ours, theirs in zip(self.ours, self.theirs, strict=True))


def as_line(result: Figure | Skipped) -> str:
    """The JSON of a result, with what it was measured on."""
    if isinstance(result, Skipped):
        return json.dumps({"name": result.name, "skipped": result.reason}, ensure_ascii=False)
    values: dict[str, object] = {"name": result.name, "value": _short(result.value), "unit": result.unit}
    if result.beside is not None:
        values["beside"] = {"name": result.beside.name, "value": _short(result.beside.value)}
        values["ratio"] = _short(result.beside.ratio)
    if result.wanted:
        values["wanted"] = result.wanted
    values |= {"n": result.n, "repeats": result.repeats, "versions": versions()}
    if result.note:
        values["note"] = result.note
    return json.dumps(values, ensure_ascii=False)


def versions() -> Mapping[str, str]:
    """What a figure depends on."""
    return {
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "sqlalchemy": version("sqlalchemy"),
        "cores": str(os.cpu_count()),
    }


def work_folder() -> TemporaryDirectory[str]:
    """A folder for one measurement's files, on the project's disk."""
    WORK.mkdir(exist_ok=True)
    return TemporaryDirectory(dir=WORK)


def _short(value: float) -> float:
    """Three digits that count; noise begins there."""
    return float(f"{value:.3g}") if abs(value) < 1_000 else round(value)
