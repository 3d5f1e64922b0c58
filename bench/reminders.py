"""Reminders: how late they are with 100,000 pending, and how soon those are out that fell due while nothing ran.

The real ticker, desk, outbox and delivery, on the project's disk; the channel only notes when it was handed a message.
Late is counted from the moment at which a reminder is due until the channel has it. No pace of an account: 1,000 people
reminded by one account at its pace take more than three hours, whatever the program does.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from pathlib import Path
from statistics import median, quantiles

from bench import postgresql
from bench.figures import Figure, Skipped, work_folder
from bench.keys import KEYS
from bot.app import open_database
from bot.channels import Outgoing, Receive
from bot.clock import now
from bot.delivery import Delivery, Ledger
from bot.desk import Desk
from bot.jobs import JOBS, Ticker
from bot.photos import Photos
from bot.worker import DeskWorker
from community.rules import Rules
from storage.database import Database
from tests.conftest import XINGFU
from tests.faults.reminding import CHANNEL, book, open_reception, open_station

PENDING, TIMED, OVERDUE = 100_000, 200, 1_000
ROUNDS = 5
RULES = replace(Rules(), quiet_from=time(0), quiet_to=time(0))
LEAD, APART = timedelta(seconds=2), timedelta(milliseconds=50)


class Noted:
    """A channel that accepts everything at once and notes when."""

    name = CHANNEL

    def __init__(self) -> None:
        self.at: dict[str, datetime] = {}
        self.prefix = ""
        self.wanted = 0
        self.all = asyncio.Event()

    async def run(self, receive: Receive) -> None:
        """Nothing comes in."""

    async def send(self, outgoing: Outgoing) -> str | None:
        to = outgoing.to or ""
        if to.startswith(self.prefix):  # what else falls due goes to people of the file
            self.at[to] = now()
        if len(self.at) == self.wanted:
            self.all.set()
        return None


def measure() -> Iterator[Figure | Skipped]:
    """Seconds, on both engines."""
    with work_folder() as folder:
        yield from _measured("SQLite", open_database(f"sqlite:///{folder}/bench.db", KEYS, XINGFU, now()))
    if postgresql.is_missing():
        yield Skipped("reminders on PostgreSQL", postgresql.MISSING)
        return
    with postgresql.server() as server:
        yield from _measured("PostgreSQL", open_database(server.url("postgres"), KEYS, XINGFU, now()))


def _measured(engine: str, database: Database) -> Iterator[Figure]:
    far = now() + timedelta(days=30)
    with database.begin() as store:
        station = open_station(store, far, PENDING)
        book(store, station, far, [far - timedelta(days=1)] * PENDING)
        if not database.is_sqlite:
            store.connection.exec_driver_sql("ANALYZE")  # which the server does by itself a minute later
    asyncio.run(_overdue(database))  # a new community's first receptions and events are made, and plans cached
    late: list[float] = []
    soon: list[float] = []
    for _ in range(ROUNDS):
        late += asyncio.run(_timed(database))
        soon.append(asyncio.run(_overdue(database)))
    database.close()
    note = f"{PENDING} pending, 20 due a second; from due to handed to the channel"
    yield Figure(f"reminder late, {engine}, p50", median(late), "s", TIMED, ROUNDS, None, "", note)
    yield Figure(f"reminder late, {engine}, p99", quantiles(late, n=100)[-1], "s", TIMED, ROUNDS, None, "≤ 1", note)
    note = f"{OVERDUE} that fell due while nothing ran, from the start until the last is handed over"
    yield Figure(f"overdue reminders, {engine}", median(soon), "s", OVERDUE, ROUNDS, None, "≤ 60", note)


async def _timed(database: Database) -> list[float]:
    """Seconds that each is late."""
    first = now() + LEAD
    dues = [first + number * APART for number in range(TIMED)]
    handed, reception = await _run(database, dues, first + timedelta(days=2))
    return [(handed.at[f"r{reception}-{number}"] - due).total_seconds() for number, due in enumerate(dues)]


async def _overdue(database: Database) -> float:
    """Seconds until all are out."""
    began = now()
    handed, _ = await _run(database, [began - timedelta(hours=1)] * OVERDUE, began + timedelta(days=2))
    return (max(handed.at.values()) - began).total_seconds()


async def _run(database: Database, dues: Sequence[datetime], starts_at: datetime) -> tuple[Noted, int]:
    with database.begin() as store:
        reception = open_reception(store, starts_at, len(dues))
        book(store, reception, starts_at, dues)
    channel = Noted()
    channel.prefix, channel.wanted = f"r{reception}-", len(dues)
    desk = Desk(database, RULES, {CHANNEL: CHANNEL}, JOBS)

    def note_stored() -> None:
        delivery.wake()
        if desk.take_spoken():
            ticker.note_stored()

    worker = DeskWorker(desk, after_commit=note_stored)

    async def tick() -> datetime | None:
        await worker.run(lambda: desk.run_jobs(now()))
        return await worker.run(desk.next_due)

    ticker = Ticker(tick, now)
    with work_folder() as folder:
        delivery = Delivery(channel, Ledger(CHANNEL, CHANNEL, None), worker, Photos(Path(folder)), now)
        worker.start()
        running = [asyncio.create_task(ticker.run()), asyncio.create_task(delivery.run())]
        async with asyncio.timeout(300):
            await channel.all.wait()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await worker.stop()
    return channel, reception
