"""How soon it goes on: after kill -9, after the database is back, and for the others when a message fails.

The program is started as its users start it, with the pipe for a channel and its data on the project's disk.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from bench import postgresql, program
from bench.figures import ROOT, Figure, Rounds, Skipped, Yardstick, work_folder
from bench.keys import KEYS
from bot.app import open_database
from bot.clock import now
from bot.config import DEMO_COMMUNITY
from bot.desk import LARGEST_BATCH, Desk
from bot.spool import Spool
from bot.worker import DeskWorker
from community.rules import Rules
from handlers.messages import Incoming
from handlers.routing import router
from storage.database import Database
from tests.postgresql import Server

REPEATS = 5
LOAD, KILLED_AFTER = 200, 20
"""Reports given at once, and after how many of them the program is killed."""

AWAY_MESSAGES = 600
"""Ten minutes of a busy city's commands, one a second."""

CHANNEL, POISON = "pipe", "毒"
RULES = Rules(answered_a_minute=100_000)


def measure() -> Iterator[Figure | Skipped]:
    """Seconds and milliseconds, on both engines where there are two."""
    with work_folder() as name:
        folder = Path(name)
        yield _killed("SQLite", folder, f"sqlite:///{folder}/bench.db")
        yield _poisoned(folder)
        if postgresql.is_missing():
            yield Skipped("recovery on PostgreSQL", postgresql.MISSING)
            return
        with postgresql.server() as server:
            yield _killed("PostgreSQL", folder, server.fresh_url("template1"))
            yield from _database_back(server, folder)


# --- kill -9 ------------------------------------------------------------------------------------------------------


def _killed(engine: str, folder: Path, url: str) -> Figure:
    config = folder / f"{engine}.yaml"
    config.write_text(
        f"database: {url.replace('+psycopg', '')}\ndata: {folder}/{engine}\nkey_file: {folder}/keys\n"
        f"community: {ROOT / DEMO_COMMUNITY}\nanswered_a_minute: 100000\nchannels:\n  pipe:\n",
        encoding="utf-8",
    )
    rounds = Rounds()
    for life in range(REPEATS + 1):
        seconds = _live(config, life)
        if life:  # the first one made the database
            rounds.ours.append(seconds)
            rounds.theirs.append(program.python("-c", "import bot.__main__"))
    imports = Yardstick("our imports alone", median(rounds.theirs), rounds.times_as_fast)
    note = "from the start after kill -9 under load until the first message is answered and durable"
    return Figure(f"back after kill -9, {engine}", median(rounds.ours), "s", LOAD, REPEATS, imports, "< 2", note)


def _live(config: Path, life: int) -> float:
    """Starts the program under load and kills it. Seconds until it had handled its first message."""
    command = [sys.executable, "-m", "bot", "run", "--config", str(config)]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    lines = "".join(json.dumps(_line(life, number), ensure_ascii=False) + "\n" for number in range(LOAD))
    began = time.perf_counter()
    with subprocess.Popen(command, cwd=ROOT, env=program.environment(), text=True, **pipes) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(lines)
        process.stdin.flush()
        handled = (line for line in process.stdout if "handled" in line)
        next(handled)
        seconds = time.perf_counter() - began
        for _ in range(KILLED_AFTER):
            next(handled)
        process.kill()
        process.stdin.close()
    return seconds


def _line(life: int, number: int) -> dict[str, str]:
    return {"id": f"m{life}-{number}", "from": f"new-{number}", "text": f"反映 3号楼灯不亮,第{number}件"}


# --- a message that fails -----------------------------------------------------------------------------------------


def _poisoned(folder: Path) -> Figure:
    """What it costs all others of a full batch that one in it fails: they are done once more, one by one."""
    route = router.commands["grievances.report"]

    def handler(message: Any, community: Any, **slots: Any) -> Any:
        if POISON in message.words:
            raise LookupError
        return route.handler(message, community, **slots)

    delays = []
    with closing(open_database(f"sqlite:///{folder}/poison.db", KEYS, ROOT / DEMO_COMMUNITY, now())) as database:
        desk = Desk(database, RULES, {CHANNEL: CHANNEL})
        desk.refresh()
        router.commands["grievances.report"] = replace(route, handler=handler)
        for round_ in range(REPEATS + 1):
            sound = _seconds(desk, [_report(round_ * 1_000 + number) for number in range(LARGEST_BATCH)])
            bad = [_report(round_ * 1_000 + 500 + number) for number in range(LARGEST_BATCH)]
            bad[LARGEST_BATCH // 2] = replace(bad[LARGEST_BATCH // 2], text=f"反映 3号楼{POISON}")
            poisoned = _seconds(desk, bad)
            delays.append(1_000 * (poisoned - sound))
        router.commands["grievances.report"] = route
    note = f"a batch of {LARGEST_BATCH} with one that fails, less one without; {LARGEST_BATCH} commits in place of one"
    value = median(delays[1:])
    return Figure("others wait for a poison message", value, "ms", LARGEST_BATCH, REPEATS, None, "≤ 1000", note)


def _seconds(desk: Desk, batch: Sequence[Incoming]) -> float:
    began = time.perf_counter()
    desk.handle(batch)
    return time.perf_counter() - began


def _report(number: int) -> Incoming:
    at = now()
    return Incoming(CHANNEL, CHANNEL, f"m{number}", None, f"new-{number}", "居民", "反映 3号楼灯不亮", at, at)


# --- the database back --------------------------------------------------------------------------------------------


def _database_back(server: Server, folder: Path) -> Iterator[Figure]:
    """Seconds from the moment at which PostgreSQL takes connections again."""
    firsts, alls = [], []
    url = server.fresh_url("template1")
    with closing(open_database(url, KEYS, ROOT / DEMO_COMMUNITY, now())) as database:
        for round_ in range(REPEATS):
            first, last = asyncio.run(_away(database, server, folder / "spool", round_))
            firsts.append(first)
            alls.append(last)
    note = f"{AWAY_MESSAGES} messages in the spool; the database is tried every second"
    yield Figure("PostgreSQL back, first message", median(firsts), "s", AWAY_MESSAGES, REPEATS, None, "≤ 10", note)
    yield Figure("PostgreSQL back, spool drained", median(alls), "s", AWAY_MESSAGES, REPEATS, None, "", note)


async def _away(database: Database, server: Server, folder: Path, round_: int) -> tuple[float, float]:
    stirred = asyncio.Event()
    desk = Desk(database, RULES, {CHANNEL: CHANNEL})
    worker = DeskWorker(desk, after_commit=stirred.set, spool=Spool(folder, KEYS, f"bench-{round_}"))
    worker.start()
    await worker.submit(_report(round_ * 10_000))
    await asyncio.to_thread(server.stop)
    for number in range(AWAY_MESSAGES):
        await worker.submit(_report(round_ * 10_000 + number + 1))
    await asyncio.to_thread(server.start)
    began = time.perf_counter()
    first = 0.0
    while worker.spooled:
        await stirred.wait()
        stirred.clear()
        if not first and worker.spooled < AWAY_MESSAGES:
            first = time.perf_counter() - began
    last = time.perf_counter() - began
    await worker.stop()
    return first, last
