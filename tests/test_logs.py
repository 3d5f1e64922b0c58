"""Logs: whatever happens, and whoever logs it, lines of JSON with ids and without words."""

import asyncio
import io
import json
import logging
import re
import sys
import threading
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog

from bot import logs
from bot.app import rules_of
from bot.channels import Outgoing, Receive, SendFailed, Unreachable
from bot.config import Settings
from bot.delivery import Delivery, Ledger
from bot.desk import Desk, InlineDesk
from bot.intake import Intake
from bot.photos import Photos
from handlers.messages import Incoming
from storage.database import Database

NOON = datetime(2026, 12, 1, 4, tzinfo=UTC)
MOBILE, IDENTITY, NAME, ROOM = "13912345678", "110101199003077475", "欧阳锋", "3号楼2单元501"
WORDS = f"反映 {ROOM}漏水,电话{MOBILE},身份证{IDENTITY}"
FIELDS = {"timestamp", "level", "event"}
ALLOWED = FIELDS | {
    *("process", "logger", "place", "error", "way", "channel", "account", "message", "attempts", "drafts", "kind"),
    *("job", "reason", "key", "number", "count", "signal"),
}


@pytest.fixture
def lines() -> io.StringIO:
    """What is logged, from everywhere."""
    stream = io.StringIO()
    logs.configure("debug", "0a1b-7-2c", stream)
    return stream


def read(lines: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines.getvalue().splitlines()]


def only(lines: io.StringIO) -> dict[str, Any]:
    (line,) = read(lines)
    assert line.keys() >= FIELDS
    return line


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        pytest.param(WORDS, "***", id="words"),
        pytest.param(f"call {MOBILE} now", "call *** now", id="mobile in plain text"),
        pytest.param(f"id {IDENTITY}", "id ***", id="identity number"),
        pytest.param("0758-1234567", "***", id="landline"),
        pytest.param("OperationalError", "OperationalError", id="a type"),
        pytest.param("x" * 301, "***", id="long"),
        pytest.param("a\nb", "***", id="two lines"),
        pytest.param("\x1b[31m", "***", id="terminal codes"),
        pytest.param([1, NAME, None], [1, "***", None], id="list"),
        pytest.param({"name": NAME}, "dict", id="mapping"),
        pytest.param(ValueError(WORDS), "ValueError", id="exception"),
        pytest.param(4.5, 4.5, id="number"),
        pytest.param(True, True, id="truth"),
    ],
)
def test_only_what_cannot_be_words_comes_through(lines: io.StringIO, given: object, shown: object) -> None:
    structlog.get_logger().warning("tested", reason=given)
    assert only(lines)["reason"] == shown


def test_ids_and_names_of_the_settings_are_shown(lines: io.StringIO) -> None:
    structlog.get_logger().warning("tested", message="13912345678901", account="微信一号")
    line = only(lines)
    assert (line["message"], line["account"], line["process"]) == ("13912345678901", "微信一号", "0a1b-7-2c")


def test_an_exception_is_its_type_and_the_way_to_it(lines: io.StringIO) -> None:
    try:
        raise ValueError(WORDS)
    except ValueError:
        structlog.get_logger().exception("tested")
    line = only(lines)
    assert line["error"] == "ValueError"
    assert re.fullmatch(r"test_logs\.py:\d+ test_an_exception_is_its_type_and_the_way_to_it", line["way"][-1])


def test_what_libraries_log_is_only_where_and_of_what_kind(lines: io.StringIO) -> None:
    try:
        raise KeyError(WORDS)
    except KeyError:
        logging.getLogger("uvicorn.error").exception("Exception in %s", WORDS)
    line = only(lines)
    assert (line["event"], line["logger"], line["level"], line["error"]) == (
        "library",
        "uvicorn.error",
        "error",
        "KeyError",
    )
    assert line["place"].startswith("test_logs.py:")


def test_requests_with_keys_in_their_addresses_are_not_logged(lines: io.StringIO) -> None:
    logging.getLogger("httpx").info("HTTP Request: POST https://robot.example/send?key=geheim")
    assert lines.getvalue() == ""


def test_warnings_come_the_same_way(lines: io.StringIO) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(False)
        logging.captureWarnings(True)
        warnings.warn(WORDS, stacklevel=1)
    assert only(lines)["logger"] == "py.warnings"


def test_levels_hold_for_both_ways(lines: io.StringIO) -> None:
    logs.configure("error", None, lines)
    structlog.get_logger().info("quiet")
    structlog.get_logger().warning("quiet")
    logging.getLogger("alembic").warning("quiet")
    assert lines.getvalue() == ""
    structlog.get_logger().error("loud")
    assert "process" not in only(lines)


def test_a_crash_shows_no_words(lines: io.StringIO) -> None:
    try:
        raise RuntimeError(WORDS)
    except RuntimeError as error:
        sys.excepthook(RuntimeError, error, error.__traceback__)
    line = only(lines)
    assert (line["event"], line["level"], line["error"]) == ("crashed", "critical", "RuntimeError")


def test_a_thread_that_crashes_shows_no_words(lines: io.StringIO) -> None:
    def crash() -> None:
        raise RuntimeError(WORDS)

    thread = threading.Thread(target=crash)
    thread.start()
    thread.join()
    assert (only(lines)["event"], only(lines)["error"]) == ("thread_crashed", "RuntimeError")


async def test_a_task_that_nobody_waits_for_shows_no_words(lines: io.StringIO) -> None:
    asyncio.get_running_loop().call_exception_handler({"message": WORDS, "exception": ValueError(WORDS)})
    line = only(lines)
    assert (line["logger"], line["error"]) == ("asyncio", "ValueError")


# --- the program at work ----------------------------------------------------------------------------------------------


class Refusing:
    """A channel that cannot send."""

    name = "wechaty"

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)

    async def run(self, receive: Receive) -> None:
        await asyncio.Event().wait()

    async def send(self, outgoing: Outgoing) -> str | None:
        raise self.failures.pop(0) if self.failures else SendFailed(outgoing.text)


async def test_a_flow_with_everything_personal_and_every_failure(
    sqlite_database: Database, lines: io.StringIO, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(sqlite_database, rules_of(Settings()), {"wechaty": "wechaty"})
    desk.refresh()
    access, photos = InlineDesk(desk), Photos(tmp_path)
    intake = Intake(access, desk.rules, photos)
    channel = Refusing(Unreachable(WORDS), SendFailed(WORDS))
    delivery = Delivery(channel, Ledger("wechaty", "wechaty", None), access, photos, lambda: NOON)

    await intake.receive(_message(1, WORDS))
    await intake.receive(_message(2, f"@小善 {WORDS}", group="room-77"))
    await intake.receive(_message(3, f"我的电话是{MOBILE},{NAME}", group="room-77"))
    await delivery.send_what_is_due()
    with monkeypatch.context() as patched:
        patched.setattr("bot.desk.respond", _fail)
        await intake.receive(_message(4, WORDS))
        for minutes in range(0, 300, 5):
            desk.retry(NOON + timedelta(minutes=minutes))

    found = read(lines)
    assert {line["event"] for line in found} >= {"message_failed", "not_sent"}
    for line in found:
        assert FIELDS <= line.keys() <= ALLOWED, line
        assert {"channel", "message"} <= line.keys() or line["event"] != "message_failed"
    for secret in (MOBILE, IDENTITY, NAME, ROOM, "漏水", "contact-9", "room-77"):
        assert secret not in lines.getvalue()


def _fail(*_: object, **__: object) -> object:
    raise ValueError(WORDS)


def _message(number: int, text: str, group: str | None = None) -> Incoming:
    return Incoming("wechaty", "wechaty", f"m{number}", group, "contact-9", NAME, text, sent_at=NOON, received_at=NOON)
