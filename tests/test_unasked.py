"""Whatever the program can say: quiet hours, the daily cap of a group and 「别提醒我」 hold.

Every dialogue is played again, which together say every text there is (`test_texts.py`), with all people muted
and two unasked messages a day for a group, and nothing is looked at but when and to whom it was sent.
"""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from storage.database import Database
from storage.tables import people
from tests.dialogue import Dialogue, Player, read_all
from tests.unasked import disturbances, everybody, without_an_act

LONG = os.environ.get("XIAOSHAN_LONG") == "1"
DIALOGUES = [each for number, each in enumerate(read_all()) if LONG or number % 30 == 0]


class Deaf(Player):
    """Plays a dialogue without caring for what is said."""

    def _expect(self, line: str) -> None:
        return

    def _expect_silence(self, before: str) -> None:
        return


@pytest.mark.parametrize("dialogue", DIALOGUES, ids=[each.name for each in DIALOGUES])
async def test_nobody_is_disturbed(dialogue: Dialogue, sqlite_database: Database, tmp_path: Path) -> None:
    with sqlite_database.begin() as store:
        store.connection.execute(people.update().values(muted=True))
    muted = everybody(sqlite_database)
    rules = replace(dialogue.rules, unasked_per_day=2)
    await Deaf(replace(dialogue, rules=rules), sqlite_database, tmp_path).play()
    assert disturbances(sqlite_database, rules, muted=muted) == []
    assert without_an_act(sqlite_database, rules) == []
