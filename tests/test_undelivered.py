"""What was not delivered: who sees it, in the chat and at the command line, and what they can do about it."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from bot.__main__ import cli
from bot.config import KEYS_VARIABLE
from bot.desk import Desk
from community.rules import Rules
from handlers.messages import Incoming
from storage import outbox
from storage.database import Database
from storage.tables import outbox as outbox_table
from tests.keys import LINE
from tests.test_delivery import DRAFT, NOW

SECRET = "3号楼2单元501"


def fail_three(database: Database) -> None:
    """Three that failed, each for another reason: to a person, to a group, to somebody nobody knows."""
    with database.begin() as store:
        failing: tuple[dict[str, Any], ...] = (
            {"person_id": "resident-3-501"},
            {"group": "天天向善", "to": None, "person_id": None},
            {"person_id": "somebody"},
        )
        for values in failing:
            outbox.add(store, replace(DRAFT, channel="pipe", text=SECRET, **values))
    with database.begin() as store:
        for identity, why in enumerate(("uncertain", "refused: no", "unreadable"), start=1):
            outbox.mark_failed(store, [identity], NOW, why)


def heard(desk: Desk, words: str, number: int) -> str:
    """What the worker hears."""
    incoming = Incoming("pipe", "pipe", f"m{number}", None, "worker", "吴", words, NOW, NOW)
    desk.handle([incoming])
    with desk.database.begin() as store:
        newest = select(outbox_table.c.text).where(outbox_table.c.person_id == "worker")
        return str(store.connection.execute(newest.order_by(outbox_table.c.id.desc())).scalars().first())


def is_open(database: Database, identity: int) -> datetime | None:
    """When it is sent again; None when it is not."""
    with database.begin() as store:
        wanted = select(outbox_table.c.due_at).where(outbox_table.c.id == identity, outbox_table.c.failed_at.is_(None))
        return store.connection.execute(wanted).scalar_one_or_none()


def test_a_worker_sees_what_was_not_delivered_and_has_it_sent_again(database: Database) -> None:
    fail_three(database)
    desk = Desk(database, Rules(), {"pipe": "pipe"})
    shown = heard(desk, "没送到", 1)
    assert SECRET not in shown
    assert shown.splitlines()[0] == "3条没送到:"
    assert [line.rpartition(":")[2] for line in shown.splitlines()[1:4]] == [
        "内容打不开",
        "发不出去",
        "不知道送到没有",
    ]
    assert heard(desk, "重发 1", 2) == "1号这就再发一次。"
    assert is_open(database, 1) == NOW
    assert heard(desk, "重发 1", 3) == "1号不在名单上。回“没送到”看名单。"
    assert heard(desk, "不发 2", 4) == "2号不再发了。"
    assert is_open(database, 2) is None
    assert heard(desk, "没送到", 5).splitlines()[0] == "1条没送到:"


def test_at_the_command_line(sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_three(sqlite_database)
    assert sqlite_database.file is not None
    url = f"sqlite:///{sqlite_database.file}"
    sqlite_database.close()
    monkeypatch.setenv(KEYS_VARIABLE, LINE)
    config = tmp_path / "config.yaml"
    config.write_text(f"database: {url}\ndata: {tmp_path}\n", encoding="utf-8")

    def run(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(cli, ["undelivered", *arguments, "--config", str(config)])
        return result.exit_code, result.output

    code, listed = run()
    assert code == 0
    assert SECRET not in listed
    assert [line.split(" ")[0] for line in listed.splitlines()] == ["3", "2", "1"]
    assert "pipe resident-3-501: uncertain" in listed
    assert "pipe group 天天向善: refused: no" in listed
    assert run("resend", "1")[0] == 0
    assert run("resend", "1") == (1, "1 号不在名单上 / number 1 is not on the list\n")
    assert run("drop", "2")[0] == 0
    assert run("drop", "3")[0] == 0
    assert run() == (0, "没有没送到的消息 / everything was delivered\n")
