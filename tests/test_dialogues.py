"""Every dialogue of `dialogues/*.yaml`, through the whole program, on SQLite and on PostgreSQL."""

from pathlib import Path

import pytest

from storage.database import Database
from tests.dialogue import Dialogue, Player, read_all


@pytest.mark.parametrize("dialogue", read_all(), ids=lambda dialogue: dialogue.name)
async def test_dialogue(dialogue: Dialogue, database: Database, tmp_path: Path) -> None:
    await Player(dialogue, database, tmp_path).play()
