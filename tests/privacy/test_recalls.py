"""A message that its sender took back says nothing any more, wherever it was kept or quoted."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.channels import pipe
from bot.delivery import Ledger
from bot.desk import Desk
from bot.photos import Photos
from bot.simulate import Simulation
from community.rules import Rules
from storage.database import Database
from storage.tables import grievances, inbox, metadata

START = datetime(2026, 12, 1, 1, tzinfo=UTC)
PERSON, GROUP = "resident-3-501", "天天向善"
SECRET, ROOM = "紫藤花架", "3号楼2单元501"
Line = dict[str, Any]


def told(identity: str, text: str, sender: str = PERSON, group: str | None = GROUP) -> Line:
    return {"id": identity, "from": sender, "group": group, "text": text}


def taken_back(identity: str, sender: str = PERSON, group: str | None = GROUP) -> Line:
    return {"from": sender, "group": group, "recall": identity}


async def play(database: Database, folder: Path, lines: Sequence[Line]) -> list[str]:
    """What the bot says, all of it."""
    said: list[str] = []
    desk = Desk(database, Rules(), {pipe.NAME: pipe.NAME}, ())
    ledger = Ledger(pipe.NAME, pipe.NAME, None)
    simulation = Simulation(desk, Photos(folder / "photos"), ledger, lambda value: said.append(value.get("text", "")))
    for number, line in enumerate(lines):
        at = (START + timedelta(seconds=10 * number)).isoformat()
        await simulation.play(pipe.parse(json.dumps(line | {"at": at})), number)
    return said


def dump(database: Database) -> str:
    """Everything in all tables, opened."""
    with database.begin() as store:
        return "\n".join(
            str(tuple(row)) for table in metadata.sorted_tables for row in store.connection.execute(select(table))
        )


@pytest.mark.parametrize(
    "text",
    [
        f"@小善 反映 {ROOM}的{SECRET}倒了,电话13800138000",
        f"@小善 许个愿 想要一个{SECRET}",
        f"@小善 点单 上门修{SECRET} 明天上午",
        f"@小善 你好{SECRET}",
    ],
)
@pytest.mark.parametrize("group", [GROUP, None])
async def test_nothing_of_it_is_left(sqlite_database: Database, tmp_path: Path, text: str, group: str | None) -> None:
    await play(sqlite_database, tmp_path, [told("m1", text, group=group), taken_back("m1", group=group)])
    left = dump(sqlite_database)
    assert [sign for sign in (SECRET, "13800138000", ROOM) if sign in left] == []


async def test_what_was_added_goes_too(database: Database, tmp_path: Path) -> None:
    lines = [told("m1", "反映 3号楼电梯坏了", group=None), told("m2", f"补充 0001 {SECRET}也倒了", group=None)]
    await play(database, tmp_path, [*lines, taken_back("m2", group=None)])
    assert SECRET not in dump(database)
    with database.begin() as store:
        assert store.connection.execute(select(grievances.c.words)).scalars().all() == ["3号楼电梯坏了"]


async def test_nobody_takes_back_what_others_said(sqlite_database: Database, tmp_path: Path) -> None:
    lines = [told("m1", f"@小善 反映 3号楼的{SECRET}倒了"), taken_back("m1", sender="resident-1-201"), taken_back("m2")]
    said = await play(sqlite_database, tmp_path, lines)
    assert not any("撤回的" in each for each in said)
    with sqlite_database.begin() as store:
        assert SECRET in store.connection.execute(select(grievances.c.words)).scalar_one()
        assert store.connection.execute(select(inbox.c.kind)).scalars().all() == ["message"]


async def test_talk_that_was_taken_back_leaves_no_trace(sqlite_database: Database, tmp_path: Path) -> None:
    assert await play(sqlite_database, tmp_path, [told("m1", "今天天气真好"), taken_back("m1")]) == []
    with sqlite_database.begin() as store:
        assert store.connection.execute(select(inbox.c.id)).all() == []


async def test_it_is_told_once(sqlite_database: Database, tmp_path: Path) -> None:
    lines = [told("m1", f"@小善 反映 3号楼的{SECRET}倒了"), taken_back("m1"), taken_back("m1") | {"id": "r2"}]
    said = await play(sqlite_database, tmp_path, lines)
    assert sum("原话也清掉了" in each for each in said) == 1


def test_message_and_recall_in_one_batch(database: Database) -> None:
    """As they come after a time when the desk was busy."""
    desk = Desk(database, Rules(), {pipe.NAME: pipe.NAME}, ())
    lines = (told("m1", f"@小善 反映 {ROOM}的{SECRET}倒了"), taken_back("m1"))
    batch = [pipe.incoming(pipe.parse(json.dumps(line)), number, START, "小善") for number, line in enumerate(lines)]
    desk.handle([each for each in batch if each is not None])
    assert SECRET not in dump(database)
