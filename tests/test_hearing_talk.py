"""What the ear of a group lets pass and what it hears, unasked: `hearing/talk.yaml`."""

from pathlib import Path

import pytest
import yaml

from handlers import phrasebook
from handlers.hearing.addressing import is_for_bot
from handlers.hearing.alarms import hear_alarm

LINES = yaml.safe_load((Path(__file__).with_name("hearing") / "talk.yaml").read_text(encoding="utf-8"))
TALK: list[str] = LINES["talk"].splitlines()
COMMANDS: list[str] = LINES["commands"].splitlines()


def is_heard(text: str) -> bool:
    return is_for_bot(text, bot_name="小善", mentions_bot=False, listener=phrasebook.load().listener)


def test_talk_is_let_pass() -> None:
    assert len(set(TALK)) >= 200
    assert [line for line in TALK if is_heard(line)] == []


def test_talk_is_no_alarm() -> None:
    assert [line for line in TALK if hear_alarm(line)] == []


def test_commands_are_heard() -> None:
    assert len(set(COMMANDS)) >= 60
    assert [line for line in COMMANDS if not is_heard(line)] == []


@pytest.mark.parametrize("line", COMMANDS[:5])
def test_a_group_may_want_to_be_spoken_to(line: str) -> None:
    assert not is_for_bot(line, bot_name="小善", mentions_bot=False, listener=None)
