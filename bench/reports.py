"""Durable reports a second: the desk's whole path, beside a plain loop over the same statements.

A recording run notes every statement with its values as the driver got it, batch by batch. Then, by turns and each on a
fresh copy of one prepared database (SQLite: WAL, synchronous=FULL; PostgreSQL: fsync; both on the project's disk), the
desk handles the messages, and the driver alone says again what was noted. What the second lacks is what the program
costs: understanding, deciding, wording, sealing, and SQLAlchemy. On PostgreSQL two processes share the work as well.
"""

import gc
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path
from statistics import median
from typing import Any, Protocol

from bench import postgresql
from bench.figures import ROOT, Figure, Rounds, Skipped, Yardstick, work_folder
from bench.keys import KEYS
from bench.recording import Recording, say_again
from bot import app
from bot.config import DEMO_COMMUNITY, load
from bot.desk import Desk
from community import importing
from community.tree import Ear, Group
from handlers.messages import Incoming
from storage import tree
from storage.database import Database, Store
from storage.tables import nodes
from tests.postgresql import Server

REPEATS = 5
REPORTS = {1: 256, 64: 1_280}
"""How many reports a round has, for each size of batch."""

PROCESSES = 2
RESIDENTS = 200
BUILDINGS = 600
"""So that every report of a round is a new one, each group has its own, and they are as quiet as buildings are."""

CHANNEL = "pipe"
GROUPS = tuple(f"天天向善{number}" for number in range(PROCESSES))
MORNING = datetime(2026, 12, 1, 1, tzinfo=UTC)
TROUBLES = ("电梯坏了,老人下不了楼", "楼道灯不亮", "三楼漏水,滴到二楼了", "垃圾两天没人收", "单元门打不开", "停水了")

Opened = Callable[[], Any]


class Engine(Protocol):
    """Where the prepared database is, and fresh copies of it."""

    @property
    def yardstick(self) -> str:
        """What the plain loop uses."""

    def fresh(self) -> Any:
        """A context with a fresh copy, opened as the program opens its own but for its first connection."""


@dataclass(frozen=True, slots=True)
class Files:
    """SQLite."""

    prepared: Path
    yardstick: str = "sqlite3 module, the same statements"

    @contextmanager
    def fresh(self) -> Iterator[Database]:
        file = self.prepared.with_name("copy.db")
        for old in file.parent.glob(f"{file.name}*"):
            old.unlink()
        shutil.copy(self.prepared, file)
        database = Database(f"sqlite:///{file}", KEYS)
        try:
            yield database
        finally:
            database.close()


@dataclass(frozen=True, slots=True)
class Postgresql:
    """A server with a template."""

    server: Server
    yardstick: str = "psycopg, the same statements"

    @contextmanager
    def fresh(self) -> Iterator[Database]:
        url = self.server.fresh_url("prepared")
        database = Database(url, KEYS)
        try:
            yield database
        finally:
            database.close()
            self.server.drop(url)


def measure() -> Iterator[Figure | Skipped]:
    """Reports a second with one commit each, and with 64 to a commit; on PostgreSQL with two processes as well."""
    with work_folder() as name:
        prepared = Path(name) / "prepared.db"
        _fill(app.open_database(f"sqlite:///{prepared}", KEYS, None, MORNING))
        for size in REPORTS:
            yield _compare("SQLite", Files(prepared), size)
    if postgresql.is_missing():
        yield Skipped("reports on PostgreSQL", postgresql.MISSING)
        return
    with postgresql.server() as server:
        server.add_template("prepared", lambda url: _fill(Database(url, KEYS)), base="migrated")
        for size in REPORTS:
            yield _compare("PostgreSQL", Postgresql(server), size)
        for size in REPORTS:
            yield _several(Postgresql(server), size)


def _compare(name: str, engine: Engine, size: int) -> Figure:
    batches = batches_of(size)
    recording = _record(engine, batches)
    count, rounds, worked = REPORTS[size], Rounds(), Rounds()
    for _ in range(REPEATS):
        for taken, busy, (seconds, processor) in (
            (rounds.ours, worked.ours, _handle(engine, batches)),
            (rounds.theirs, worked.theirs, _say_again(engine, recording, count)),
        ):
            taken.append(seconds)
            busy.append(processor)
    micros = 1e6 * median(worked.ours) / count
    return Figure(
        name=f"reports, {name}, {size} to a commit",
        value=count / median(rounds.ours),
        unit="reports/s",
        n=count,
        repeats=REPEATS,
        beside=Yardstick(engine.yardstick, count / median(rounds.theirs), rounds.times_as_fast),
        wanted="ratio ≥ 0.3",
        note=f"{recording.statements() / count:.1f} statements a report, durable;"
        f" processor's time in our process {micros:.0f} µs a report, ratio {worked.times_as_fast:.2f}",
    )


# --- what is reported -------------------------------------------------------------------------------------------


def _fill(database: Database) -> None:
    """The demo community with more buildings and groups, whose residents have all spoken before."""
    with database.begin() as store:
        importing.import_community(store, importing.load(ROOT / DEMO_COMMUNITY), MORNING)
        _build(store)
        for group in GROUPS:
            tree.bind(store, Group(CHANNEL, group, group, "xingfu", ear=Ear.COMMAND))
        tree.changed(store)
    with desk_of(database).transaction() as (_, community):
        for number in range(RESIDENTS):
            for group in GROUPS:
                community.people.meet(CHANNEL, f"{group}-{number}", f"居民{number}", MORNING)
    database.close()


def _build(store: Store) -> None:
    known = {node.building_number for node in tree.all_nodes(store)}
    rows = [
        {
            "id": f"building-{number}",
            "parent_id": f"grid-{number % 3 + 1}",
            "level": "building",
            "name": f"{number}号楼",
            "building_number": number,
            "aliases": [],
        }
        for number in range(1, BUILDINGS + 1)
        if number not in known
    ]
    store.connection.execute(nodes.insert(), rows)


def batches_of(size: int, group: str = GROUPS[0]) -> list[list[Incoming]]:
    """A round of messages in one group."""
    count = REPORTS[size]
    return [[_report(number, group) for number in range(first, first + size)] for first in range(0, count, size)]


def _report(number: int, group: str) -> Incoming:
    at = MORNING + timedelta(seconds=10 * number)
    own = BUILDINGS // len(GROUPS)
    building = GROUPS.index(group) * own + number % own + 1
    trouble = TROUBLES[(number + number // own) % len(TROUBLES)]
    return Incoming(
        channel=CHANNEL,
        account=CHANNEL,
        external_id=f"{group}-{number}",
        group=group,
        group_name=group,
        sender=f"{group}-{number % RESIDENTS}",
        sender_name=f"居民{number % RESIDENTS}",
        text=f"反映 {building}号楼{number % 3 + 1}单元{trouble}",
        sent_at=at,
        received_at=at,
    )


def desk_of(database: Database) -> Desk:
    """A desk that has read its tree."""
    desk = Desk(database, app.rules_of(load(None, {})), {CHANNEL: CHANNEL})
    desk.refresh()
    return desk


# --- one process ------------------------------------------------------------------------------------------------


def _record(engine: Engine, batches: Sequence[Sequence[Incoming]]) -> Recording:
    recording = Recording()
    with engine.fresh() as database:
        recording.attach(database)
        desk = desk_of(database)
        for batch in batches:
            recording.batches.append([])
            desk.handle(batch)
    return recording


def _handle(engine: Engine, batches: Sequence[Sequence[Incoming]]) -> tuple[float, float]:
    """Seconds by the clock, and of the processor: neighbours lengthen the first."""
    with engine.fresh() as database:
        desk = desk_of(database)
        gc.collect()
        began, worked = time.perf_counter(), time.process_time()
        for batch in batches:
            desk.handle(batch)
        seconds, processor = time.perf_counter() - began, time.process_time() - worked
        _must_hold(database, sum(map(len, batches)))
    return seconds, processor


def _say_again(engine: Engine, recording: Recording, count: int) -> tuple[float, float]:
    with engine.fresh() as database:
        connection = database.engine.raw_connection()
        gc.collect()
        began, worked = time.perf_counter(), time.process_time()
        say_again(recording.batches, connection.driver_connection)
        seconds, processor = time.perf_counter() - began, time.process_time() - worked
        connection.close()
        _must_hold(database, count)
    return seconds, processor


def _must_hold(database: Database, count: int) -> None:
    """Both sides must have done the work that is counted: every report is new and has gone out."""
    with database.begin() as store:
        for query in ("SELECT count(*) FROM inbox", "SELECT count(*) FROM grievances WHERE state = 'reported'"):
            found = store.connection.exec_driver_sql(query).scalar_one()
            if found != count:
                raise RuntimeError(f"{query}: {found}, not {count}; the figure would not mean what it says")


# --- several processes ------------------------------------------------------------------------------------------


def _several(engine: Postgresql, size: int) -> Figure:
    """One process and two by turns; each has its own group and as many reports."""
    rounds = Rounds()
    for _ in range(REPEATS):
        rounds.theirs.append(_share(engine, size, 1))
        rounds.ours.append(_share(engine, size, PROCESSES) / PROCESSES)
    count = REPORTS[size]
    return Figure(
        name=f"reports, PostgreSQL, {PROCESSES} processes, {size} to a commit",
        value=count / median(rounds.ours),
        unit="reports/s",
        n=count * PROCESSES,
        repeats=REPEATS,
        beside=Yardstick("one process", count / median(rounds.theirs), rounds.times_as_fast),
        wanted="ratio ≥ 1.3",
        note="each process a group of its own; the server shares the same cores",
    )


def _share(engine: Postgresql, size: int, processes: int) -> float:
    """Seconds from when all are ready until the last has done."""
    context = get_context("spawn")
    barrier = context.Barrier(processes + 1)
    with engine.fresh() as database:
        url = database.url.render_as_string(hide_password=False)
        workers = [context.Process(target=_work, args=(url, size, group, barrier)) for group in GROUPS[:processes]]
        for worker in workers:
            worker.start()
        barrier.wait()
        began = time.perf_counter()
        for worker in workers:
            worker.join()
        seconds = time.perf_counter() - began
        _must_hold(database, REPORTS[size] * processes)
    return seconds


def _work(url: str, size: int, group: str, barrier: Barrier) -> None:
    database = Database(url, KEYS)
    desk, batches = desk_of(database), batches_of(size, group)
    barrier.wait()
    for batch in batches:
        desk.handle(batch)
    database.close()
