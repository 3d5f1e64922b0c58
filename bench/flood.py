"""A flood: ten times the usual for a minute, and in the middle of it one person who sends 1,000 commands at once.

The real ear, desk and ticker, on SQLite on the project's disk, in a process of their own. The channel hands on as the
WeChat channel does: so many messages in hand, and those of one conversation one after the other. How long somebody
waits is counted from the arrival of a command until its answer is durable; the pace of an account comes after that.
"""

import asyncio
import multiprocessing
import resource
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from statistics import quantiles

from sqlalchemy import func, select

from bench import corpus
from bench.chatter import OURS
from bench.corpus import Row
from bench.figures import ROOT, Figure, work_folder
from bench.keys import KEYS
from bot.app import open_database
from bot.clock import now
from bot.config import DEMO_COMMUNITY
from bot.desk import Desk
from bot.intake import Intake
from bot.jobs import JOBS, Ticker
from bot.photos import Photos
from bot.spool import Spool
from bot.worker import DeskWorker
from community.rules import Rules
from handlers.messages import Incoming
from storage import inbox, tables
from storage.database import Database

USUAL, TIMES, SECONDS = 20, 10, 60
"""Lines a second of a busy community, how many times as many come, and for how long."""

FLOOD, FLOOD_AT = 1_000, 20
"""How many commands one person sends at once, and in which second."""

IN_HAND = 256
"""Messages that the WeChat channel hands on at a time; past that the gateway waits."""

CHANNEL, GROUP, FLOODER = "pipe", "天天向善", "flooder"


@dataclass(slots=True)
class Outcome:
    """Seconds that others waited, seconds until the last answer of the flooder, and the most memory held."""

    waited: list[float] = field(default_factory=list)
    flood_over: float = 0.0
    megabytes: float = 0.0


def measure() -> Iterator[Figure]:
    """The waits of all others, memory, and how long the one who sent too much has to wait for the last answer."""
    with work_folder() as name, multiprocessing.get_context("spawn").Pool(1) as pool:
        outcome = pool.apply(_flood, (Path(name),))
    lines, count = USUAL * TIMES * SECONDS, len(outcome.waited)
    note = f"{lines} lines in {SECONDS} s, 4.8 % of them commands, and {FLOOD} commands of one person at once; 0 lost"
    p99 = quantiles(outcome.waited, n=100)[-1]
    yield Figure("flood, a command of others, p99", p99, "s", count, 1, None, "≤ 2", note)
    yield Figure("flood, most memory", outcome.megabytes, "MB", lines, 1, None, "≤ 300", note)
    note = "from the first command until the last answer is stored; they are told once that it takes a while"
    yield Figure("flood, all commands of one person", outcome.flood_over, "s", FLOOD, 1, None, "", note)


def _flood(folder: Path) -> Outcome:
    return asyncio.run(_play(folder))


async def _play(folder: Path) -> Outcome:
    database = open_database(f"sqlite:///{folder}/flood.db", KEYS, ROOT / DEMO_COMMUNITY, now())
    desk = Desk(database, Rules(), {CHANNEL: CHANNEL}, JOBS)
    desk.refresh()
    worker = DeskWorker(desk, after_commit=lambda: None, spool=Spool(folder / "spool", KEYS, "flood"))
    channel = _Channel(Intake(worker, desk.rules, Photos(folder / "photos")))

    async def tick() -> datetime | None:
        await worker.run(lambda: desk.run_jobs(now()))
        return await worker.run(desk.next_due)

    worker.start()
    ticking = asyncio.create_task(Ticker(tick, now).run())
    await _come(channel)
    while await worker.call(lambda store, _: bool(inbox.held_back(store))):  # noqa: ASYNC110  # nobody tells of it
        await asyncio.sleep(0.1)
    over = asyncio.get_running_loop().time() - channel.flooded_at
    ticking.cancel()
    await worker.stop()
    _must_have_all(database, channel.commands + FLOOD)
    database.close()
    return Outcome(channel.waited, over, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


async def _come(channel: "_Channel") -> None:
    """Everything at its time, however far behind the program is."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with asyncio.TaskGroup() as tasks:
        for number, row in enumerate(corpus.make()[: USUAL * TIMES * SECONDS]):
            if number == FLOOD_AT * USUAL * TIMES:
                channel.flooded_at = loop.time()
                for each in range(FLOOD):
                    await channel.take(FLOODER, _flooding(each), tasks)
            await asyncio.sleep(max(0.0, began + number / (USUAL * TIMES) - loop.time()))
            await channel.take(str(row.group), _said(row), tasks)


class _Channel:
    """Hands on what comes as the WeChat channel does, and notes how long others wait."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._places = asyncio.Semaphore(IN_HAND)
        self._waiting: dict[str, deque[tuple[Incoming, float]]] = {}
        self.waited: list[float] = []
        self.commands = 0
        self.flooded_at = 0.0

    async def take(self, conversation: str, message: Incoming, tasks: asyncio.TaskGroup) -> None:
        """Waits for a place. The message came when this was called."""
        came = asyncio.get_running_loop().time()
        await self._places.acquire()
        if conversation in self._waiting:
            self._waiting[conversation].append((message, came))
            return
        self._waiting[conversation] = deque([(message, came)])
        tasks.create_task(self._work_off(conversation, tasks))

    async def _work_off(self, conversation: str, tasks: asyncio.TaskGroup) -> None:
        waiting = self._waiting[conversation]
        while waiting:
            message, came = waiting.popleft()
            if message.group is None:
                tasks.create_task(self._hand_on(message, came))
            else:
                await self._hand_on(message, came)
        del self._waiting[conversation]

    async def _hand_on(self, message: Incoming, came: float) -> None:
        if await self._intake.receive(message) and message.sender != FLOODER:
            self.commands += 1
            self.waited.append(asyncio.get_running_loop().time() - came)
        self._places.release()


def _said(row: Row) -> Incoming:
    """A line of the corpus; its commands in our words."""
    at, sender = now(), str(row.user)
    text = row.text if row.cmd is None else OURS[row.cmd].format(words=row.text.partition(" ")[2])
    return Incoming(CHANNEL, CHANNEL, str(row.id), GROUP, sender, row.name, text, at, at, group_name=GROUP)


def _flooding(number: int) -> Incoming:
    at = now()
    return Incoming(CHANNEL, CHANNEL, f"flood-{number}", None, FLOODER, "急性子", f"查 {number:04d}", at, at)


def _must_have_all(database: Database, count: int) -> None:
    """Otherwise the figures mean nothing."""
    with database.begin() as store:
        handled = store.connection.execute(select(func.count(tables.inbox.c.handled_at))).scalar_one()
    if handled != count:
        raise RuntimeError(f"{handled} messages were handled, not {count}")
