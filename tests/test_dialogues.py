"""Every dialogue of `dialogues/*.yaml`, through the whole program: all on SQLite, and a fifth of them on PostgreSQL.

A fresh PostgreSQL database has hundreds of files, which takes longer than most dialogues; `make test-long` plays all of
them there too. What differs between the engines (locks, races, plans) has tests of its own on both.
"""

import os
import zlib
from pathlib import Path

import pytest

from storage.database import Database
from tests.dialogue import Dialogue, Player, read_all

DIALOGUES = read_all()
EVERY = 1 if os.environ.get("XIAOSHAN_LONG") else 5
THESE = [each for each in DIALOGUES if zlib.crc32(each.name.encode()) % EVERY == 0]
"""Chosen by name, so that a new dialogue changes nothing for the others."""


@pytest.mark.parametrize("dialogue", DIALOGUES, ids=[f"sqlite-{each.name}" for each in DIALOGUES])
async def test_dialogue(dialogue: Dialogue, sqlite_database: Database, tmp_path: Path) -> None:
    await Player(dialogue, sqlite_database, tmp_path).play()


@pytest.mark.postgresql
@pytest.mark.parametrize("dialogue", THESE, ids=[f"postgresql-{each.name}" for each in THESE])
async def test_dialogue_on_postgresql(dialogue: Dialogue, postgresql_database: Database, tmp_path: Path) -> None:
    await Player(dialogue, postgresql_database, tmp_path).play()
