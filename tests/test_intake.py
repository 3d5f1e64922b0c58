"""What talk costs: most of it is let go by its first character."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot import intake
from bot.desk import Desk, InlineDesk
from bot.intake import Intake
from bot.jobs import JOBS
from bot.photos import Photos
from community.rules import Rules
from handlers import overhearing
from handlers.hearing import addressing
from handlers.messages import Incoming
from storage.database import Database

NOW = datetime(2026, 12, 1, 1, tzinfo=UTC)


TALK = "今天的菜真新鲜,谁一起拼车去市场看看"
REPLY = f"「老李:晚上打牌吗」\n- - - - - -\n{TALK}"


@pytest.mark.parametrize("text", [TALK, REPLY], ids=["talk", "a reply to a neighbour"])
async def test_most_talk_is_let_go_without_being_normalised(
    sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    desk = Desk(sqlite_database, Rules(), {"pipe": "pipe"}, JOBS)
    desk.refresh()
    ear = Intake(InlineDesk(desk), desk.rules, Photos(tmp_path))

    def must_not_be(_: str) -> str:
        raise AssertionError("normalising costs more than all the rest")

    monkeypatch.setattr(intake, "normalise", must_not_be)
    monkeypatch.setattr(addressing, "normalise", must_not_be)
    monkeypatch.setattr(overhearing, "normalise", must_not_be)
    talk = Incoming("pipe", "pipe", "m1", "天天向善", "resident-3-501", "赵", text, NOW, NOW)
    assert not await ear.receive(talk)
