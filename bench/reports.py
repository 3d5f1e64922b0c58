"""Durable reports a second: the desk's whole path, beside a plain loop over the same statements.

A recording run notes every statement with its values, batch by batch. Then, by turns and each on a fresh copy of one
prepared database (WAL, synchronous=FULL, on the project's disk), the desk handles the messages, and the `sqlite3`
module runs what was noted. What the second lacks is what the program costs: understanding, deciding, wording,
and SQLAlchemy.
"""

import gc
import shutil
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import event

from bench.figures import ROOT, Figure, Rounds, Yardstick, work_folder
from bot import app
from bot.config import DEMO_COMMUNITY, load
from bot.desk import Desk
from handlers.messages import Incoming
from storage.database import Database

REPEATS = 5
REPORTS = {1: 256, 64: 1_280}
"""How many reports a round has, for each size of batch."""

RESIDENTS = 200
CHANNEL = "pipe"
GROUP = "天天向善"
MORNING = datetime(2026, 12, 1, 1, tzinfo=UTC)
TROUBLES = ("电梯坏了,老人下不了楼", "楼道灯不亮", "三楼漏水,滴到二楼了", "垃圾两天没人收", "单元门打不开", "停水了")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement as the driver got it."""

    sql: str
    values: Any
    many: bool


@dataclass(slots=True)
class Recording:
    """What the desk said to the database, batch by batch."""

    batches: list[list[Statement]] = field(default_factory=list)

    def note(self, _connection: Any, _cursor: Any, sql: str, values: Any, _context: Any, many: bool) -> None:
        self.batches[-1].append(Statement(sql, values, many))

    def note_commit(self, _connection: Any) -> None:
        self.batches[-1].append(Statement("COMMIT", (), many=False))


def measure() -> Iterator[Figure]:
    """Reports a second with one commit each, and with 64 to a commit."""
    with work_folder() as name:
        folder = Path(name)
        prepared = _prepare(folder / "prepared.db")
        for size in REPORTS:
            yield _compare(prepared, folder, size)


def _compare(prepared: Path, folder: Path, size: int) -> Figure:
    batches = _batches(size)
    recording = _record(prepared, folder, batches)
    count, rounds = REPORTS[size], Rounds()
    for _ in range(REPEATS):
        rounds.ours.append(_handle(prepared, folder, batches))
        rounds.theirs.append(_replay(prepared, folder, recording, count))
    statements = sum(len(batch) for batch in recording.batches) / count
    return Figure(
        name=f"reports, {size} to a commit",
        value=count / median(rounds.ours),
        unit="reports/s",
        n=count,
        repeats=REPEATS,
        beside=Yardstick("sqlite3 module, the same statements", count / median(rounds.theirs), rounds.times_as_fast),
        wanted="ratio ≥ 0.3",
        note=f"{statements:.1f} statements a report, synchronous=FULL",
    )


def _prepare(file: Path) -> Path:
    """The demo community, whose residents have all spoken before."""
    database = app.open_database(f"sqlite:///{file}", ROOT / DEMO_COMMUNITY, MORNING)
    with _desk(database).transaction() as (_, community):
        for number in range(RESIDENTS):
            community.people.meet(CHANNEL, f"resident-{number}", f"居民{number}", MORNING)
    database.close()
    return file


def _batches(size: int) -> list[list[Incoming]]:
    count = REPORTS[size]
    return [[_report(number) for number in range(first, first + size)] for first in range(0, count, size)]


def _report(number: int) -> Incoming:
    at = MORNING + timedelta(seconds=10 * number)
    return Incoming(
        channel=CHANNEL,
        account=CHANNEL,
        external_id=f"message-{number}",
        group=GROUP,
        group_name=GROUP,
        sender=f"resident-{number % RESIDENTS}",
        sender_name=f"居民{number % RESIDENTS}",
        text=f"反映 {number % 12 + 1}号楼{number % 3 + 1}单元{TROUBLES[number % len(TROUBLES)]}",
        sent_at=at,
        received_at=at,
    )


def _record(prepared: Path, folder: Path, batches: Sequence[Sequence[Incoming]]) -> Recording:
    recording = Recording()
    with _copy(prepared, folder / "recorded.db") as database:
        desk = _desk(database)
        event.listen(database.engine, "before_cursor_execute", recording.note)
        event.listen(database.engine, "commit", recording.note_commit)
        for batch in batches:
            recording.batches.append([])
            desk.handle(batch)
    return recording


def _handle(prepared: Path, folder: Path, batches: Sequence[Sequence[Incoming]]) -> float:
    with _copy(prepared, folder / "ours.db") as database:
        desk = _desk(database)
        gc.collect()
        began = time.perf_counter()
        for batch in batches:
            desk.handle(batch)
        seconds = time.perf_counter() - began
        _must_hold(_plain(database), sum(map(len, batches)))
    return seconds


def _replay(prepared: Path, folder: Path, recording: Recording, count: int) -> float:
    with _copy(prepared, folder / "replayed.db") as database:
        connection = _plain(database)
        gc.collect()
        began = time.perf_counter()
        for batch in recording.batches:
            for statement in batch:
                if statement.many:
                    connection.executemany(statement.sql, statement.values)
                else:
                    connection.execute(statement.sql, statement.values).fetchall()
        seconds = time.perf_counter() - began
        _must_hold(connection, count)
    return seconds


def _desk(database: Database) -> Desk:
    """A desk that has read its tree."""
    desk = Desk(database, app.rules_of(load(None, {})), {CHANNEL: CHANNEL})
    with desk.transaction():
        pass
    return desk


@contextmanager
def _copy(prepared: Path, file: Path) -> Iterator[Database]:
    """A fresh copy of the prepared database, opened as the program opens its own."""
    for old in file.parent.glob(f"{file.name}*"):
        old.unlink()
    shutil.copy(prepared, file)
    database = Database(f"sqlite:///{file}")
    try:
        yield database
    finally:
        database.close()


def _plain(database: Database) -> sqlite3.Connection:
    """The driver's own connection, prepared by the program: the same pragmas."""
    connection = database.engine.raw_connection().driver_connection
    assert isinstance(connection, sqlite3.Connection)
    return connection


def _must_hold(connection: sqlite3.Connection, count: int) -> None:
    """Both sides must have done the work that is counted."""
    for table in ("inbox", "grievances"):
        (found,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
        if found != count:
            raise RuntimeError(f"{table}: {found} rows, not {count}; the figure would not mean what it says")
