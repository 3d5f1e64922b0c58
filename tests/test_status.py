"""`/metrics`, `/health` and `/ready`: what they say of a real desk, and what no scrape may ever show."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import insert, update

from bot.app import open_database, rules_of
from bot.channels import Receive
from bot.config import Settings
from bot.counts import Spread
from bot.desk import Desk
from bot.intake import Intake
from bot.pace import Budget
from bot.photos import Photos
from bot.spool import Spool
from bot.status import SILENT_SECONDS, Status, Watched
from bot.worker import DeskWorker
from handlers.messages import Incoming
from storage.database import Database, DatabaseUnavailable, Store
from storage.tables import accounts, inbox, outbox, sends
from tests.conftest import XINGFU
from tests.keys import KEYS, LINE

NOON = datetime(2026, 12, 1, 4, tzinfo=UTC)
MOBILE, NAME, WORDS = "13912345678", "居民甲", "3号楼2单元501漏水"


@dataclass(slots=True)
class Gateway:
    """A channel that is connected or not, as the test wants it."""

    name: str = "wechaty"
    ready: bool = True
    may_take_over: bool = False

    async def run(self, receive: Receive) -> None:
        await asyncio.Event().wait()

    async def send(self, outgoing: object) -> str | None:
        return None

    async def leave(self) -> None:
        return None


@dataclass(slots=True)
class Watching:
    """A status server over a real desk, with a clock that the test sets."""

    status: Status
    worker: DeskWorker
    gateway: Gateway
    intake: Intake
    now: datetime = NOON
    asked: list[str] = field(default_factory=list)

    async def get(self, path: str) -> httpx.Response:
        transport = httpx.ASGITransport(app=self.status.application())
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.get(path)

    async def values(self) -> dict[str, float]:
        """Each sample by its name and labels."""
        answer = await self.get("/metrics")
        assert answer.status_code == 200
        samples = (line.rpartition(" ") for line in answer.text.splitlines() if not line.startswith("#"))
        return {name: float(value) for name, _, value in samples}


@pytest.fixture
async def watching(sqlite_database: Database, tmp_path: Path) -> AsyncIterator[Watching]:
    gateway = Gateway()
    desk = Desk(sqlite_database, rules_of(Settings()), {"wechaty": "wechaty"})
    desk.refresh()
    worker = DeskWorker(desk, after_commit=lambda: None, spool=Spool(tmp_path / "spool", KEYS, "test"))
    budgets = {("wechaty", "wechaty"): Budget()}
    watched = Watched(worker, desk.counts, [gateway], budgets, lambda: frozenset({"wechaty"}), lambda: found.now)
    found = Watching(Status(watched), worker, gateway, Intake(worker, desk.rules, Photos(tmp_path), desk.counts))
    worker.start()
    yield found
    await worker.stop()


def message(text: str = f"反映 {WORDS},电话{MOBILE}", number: int = 1, group: str | None = None) -> Incoming:
    return Incoming("wechaty", "wechaty", f"m{number}", group, "contact-1", NAME, text, sent_at=NOON, received_at=NOON)


# --- health -------------------------------------------------------------------------------------------------------


async def test_a_desk_that_is_stuck_is_not_healthy(watching: Watching) -> None:
    await watching.worker.run(lambda: None)
    assert (await watching.get("/health")).status_code == 200
    watching.worker.desk.counts.desk_answered_at = time.monotonic() - SILENT_SECONDS - 1
    answer = await watching.get("/health")
    assert answer.status_code == 503
    assert answer.json()["alive"] is False


async def test_a_database_that_is_away_leaves_the_process_healthy_and_not_ready(watching: Watching) -> None:
    def away() -> None:
        raise DatabaseUnavailable("SQLITE_FULL")

    waiting = asyncio.ensure_future(watching.worker.run(away))
    with pytest.raises(DatabaseUnavailable):  # asked after it, and answered at once
        await watching.worker.ask(lambda _store, _community: away())
    assert (await watching.get("/health")).status_code == 200
    answer = await watching.get("/ready")
    assert answer.status_code == 503
    assert answer.json() == {"ready": False, "missing": ["database"]}
    assert (await watching.values())["xiaoshan_database_unavailable_total"] >= 1
    await watching.worker.stop()
    with pytest.raises(DatabaseUnavailable):
        await waiting


# --- ready --------------------------------------------------------------------------------------------------------


async def test_ready_when_nothing_is_missing(watching: Watching) -> None:
    answer = await watching.get("/ready")
    assert (answer.status_code, answer.json()) == (200, {"ready": True, "missing": []})


async def test_a_gateway_that_is_away_is_named(watching: Watching) -> None:
    watching.gateway.ready = False
    answer = await watching.get("/ready")
    assert (answer.status_code, answer.json()["missing"]) == (503, ["channel:wechaty"])
    values = await watching.values()
    assert values['xiaoshan_channel_connected{channel="wechaty"}'] == 0


async def test_an_account_that_another_process_runs_is_not_missed(watching: Watching) -> None:
    watching.gateway.ready = False
    watching.status._watched = replace(watching.status._watched, held=frozenset)
    assert (await watching.get("/ready")).status_code == 200
    assert (await watching.values())['xiaoshan_lease_held{name="wechaty"}'] == 0


async def test_a_program_without_a_community_is_not_ready(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/empty.db", KEYS, None, NOON)
    worker = DeskWorker(Desk(database, rules_of(Settings()), {}), after_commit=lambda: None)
    worker.start()
    watched = Watched(worker, worker.desk.counts, [], {}, frozenset, lambda: NOON)
    found = Watching(Status(watched), worker, Gateway(), Intake(worker, worker.desk.rules, Photos(tmp_path)))
    assert (await found.get("/ready")).json()["missing"] == ["community"]
    await worker.stop()
    database.close()


async def test_there_is_nothing_else_to_see(watching: Watching) -> None:
    assert (await watching.get("/")).status_code == 404
    assert (await watching.get("/metrics/")).status_code == 404
    assert (await watching.get("/health?person=1")).status_code == 200


# --- metrics ------------------------------------------------------------------------------------------------------


async def test_messages_are_counted(watching: Watching) -> None:
    await watching.intake.receive(message("今天天气真好", 1, group="room-1"))
    await watching.intake.receive(message(number=2))
    values = await watching.values()
    assert values["xiaoshan_messages_seen_total"] == 2
    assert values["xiaoshan_messages_for_us_total"] == 1
    assert values["xiaoshan_messages_handled_total"] == 1
    assert values["xiaoshan_messages_failed_total"] == 0
    assert values['xiaoshan_desk_batch_size_bucket{le="1"}'] == values["xiaoshan_desk_batch_size_count"] == 1
    assert values["process_resident_memory_bytes"] > 1_000_000


async def test_the_database_tells_what_waits_and_is_asked_once_a_minute(watching: Watching) -> None:
    await watching.worker.call(lambda store, _: _fill(store))
    values = await watching.values()
    assert values['xiaoshan_outbox_waiting{channel="wechaty",urgency="answer"}'] == 2
    assert values['xiaoshan_outbox_oldest_seconds{channel="wechaty",urgency="answer"}'] == 600
    assert values['xiaoshan_outbox_waiting{channel="wechaty",urgency="reminder"}'] == 0
    assert values["xiaoshan_undelivered"] == 1
    assert values["xiaoshan_messages_parked"] == 1
    assert values["xiaoshan_messages_to_retry"] == 1
    assert values['xiaoshan_account_paused{account="wechaty",channel="wechaty"}'] == 1
    of_account = 'account="wechaty",channel="wechaty"'
    left = {each: values[f'xiaoshan_budget_left{{{of_account},window="{each}"}}'] for each in ("minute", "hour", "day")}
    assert left == {"minute": 14, "hour": 298, "day": 1998}

    await watching.worker.call(lambda store, _: store.connection.execute(update(inbox).values(handled_at=NOON)))
    watching.now += timedelta(seconds=59)
    assert (await watching.values())["xiaoshan_messages_parked"] == 1
    watching.now += timedelta(seconds=2)
    assert (await watching.values())["xiaoshan_messages_parked"] == 0


def _fill(store: Store) -> None:
    words: dict[str, object] = {
        "channel": "wechaty",
        "account": "wechaty",
        "to_external_id": "a",
        "mentions": [],
        "text": WORDS,
    }
    words |= {"photos": [], "created_at": NOON - timedelta(minutes=10), "sent_at": None, "failed_at": None}
    drafts = (
        {"urgency": 1, "due_at": NOON - timedelta(minutes=10)},
        {"urgency": 1, "due_at": NOON + timedelta(hours=1)},  # was tried, and will be again
        {"urgency": 3, "due_at": NOON + timedelta(hours=1)},
        {"urgency": 1, "due_at": NOON, "sent_at": NOON},
        {"urgency": 1, "due_at": NOON, "failed_at": NOON},
    )
    store.connection.execute(insert(outbox), [words | draft for draft in drafts])
    letter: dict[str, object] = {
        "channel": "wechaty",
        "account": "wechaty",
        "kind": "message",
        "sender": "a",
        "sender_name": NAME,
    }
    letter |= {"text": WORDS, "photos": [], "sent_at": NOON, "received_at": NOON, "mentions_bot": False}
    letters = (
        {"external_id": "1", "parked_at": NOON, "try_at": None, "handled_at": None},
        {"external_id": "2", "parked_at": None, "try_at": NOON, "handled_at": None},
        {"external_id": "3", "parked_at": NOON, "try_at": None, "handled_at": NOON},
    )
    store.connection.execute(insert(inbox), [letter | each for each in letters])
    account = {"channel": "wechaty", "account": "wechaty"}
    store.connection.execute(insert(accounts), [account | {"paused_until": NOON + timedelta(minutes=5)}])
    moments = (NOON - timedelta(seconds=10), NOON - timedelta(minutes=10))
    store.connection.execute(insert(sends), [account | {"at": moment} for moment in moments])


async def test_metrics_come_also_while_the_desk_is_busy(watching: Watching, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.status.ANSWER_SECONDS", 0.01)
    go_on = threading.Event()
    busy = asyncio.ensure_future(watching.worker.run(lambda: go_on.wait(30)))
    values = await watching.values()
    assert "xiaoshan_messages_parked" not in values
    assert (await watching.get("/ready")).json()["missing"] == ["database"]
    go_on.set()
    await busy
    monkeypatch.setattr("bot.status.ANSWER_SECONDS", 10)
    assert (await watching.values())["xiaoshan_messages_parked"] == 0


async def test_nothing_that_people_wrote_and_nobody_is_in_the_metrics(watching: Watching) -> None:
    await watching.worker.call(lambda store, _: _fill(store))
    await watching.intake.receive(message(number=2))
    shown = "".join([(await watching.get(path)).text for path in ("/metrics", "/health", "/ready")])
    for secret in (MOBILE, NAME, WORDS, "漏水", "contact-1", "room-1", "resident-"):
        assert secret not in shown
    names = set(re.findall(r'(\w+)="', shown))
    assert names <= {"channel", "account", "urgency", "outcome", "window", "state", "name", "le", "schema", "python"}


def test_a_spread_counts_each_value_once() -> None:
    spread = Spread(1, 10)
    for value in (0, 1, 1.5, 10, 11):
        spread.note(value)
    assert spread.up_to() == [("1", 2), ("10", 4), ("+Inf", 5)]
    assert spread.sum == 23.5


# --- the real program ----------------------------------------------------------------------------------------------


def test_the_program_serves_its_status_where_the_settings_name_it(tmp_path: Path) -> None:
    port = _free_port()
    config = tmp_path / "config.yaml"
    lines = [f"database: sqlite:///{tmp_path}/x.db", f"data: {tmp_path}", f"community: {XINGFU}", "channels:"]
    lines += ["  chat_room: {port: 0}", f"status: {{port: {port}}}", f"backup: {{folder: {tmp_path}/backups}}"]
    config.write_text("\n".join(lines), encoding="utf-8")
    with _program(config) as program, httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        assert program.stderr is not None
        assert any('"status_served"' in line for line in program.stderr)
        assert program.stdout is not None
        assert "http://" in program.stdout.readline()  # the chat room is open
        ready = client.get("/ready")
        assert ready.json() == {"ready": True, "missing": []}
        assert client.get("/health").status_code == 200
        assert 'xiaoshan_lease_held{name="chat_room"} 1.0' in client.get("/metrics").text
        program.send_signal(signal.SIGTERM)
        assert program.wait(timeout=30) == 0


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def _program(config: Path) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", "bot", "run", "--config", str(config)]
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
        env=os.environ | {"XIAOSHAN_KEYS": LINE},
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()
