"""Talk is refused by its first two characters; no command may be."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opencc import OpenCC

from handlers import phrasebook
from handlers.hearing.normalise import normalise
from handlers.phrasebook import POLITE_IN_GROUP

HERE = Path(__file__).parent
LISTENER = phrasebook.load().listener
WORDS = sorted(LISTENER.commands.command_words)


def said_in_tests() -> Iterator[str]:
    """Whatever stands in our dialogues and lists, cut as people's words are cut there."""
    for file in HERE.rglob("*.yaml"):
        for line in file.read_text(encoding="utf-8").splitlines():
            yield from (part.strip().strip("\"'") for part in re.split(r"[:：→]|- ", line))


def is_heard_in_a_group(text: str) -> bool:
    return LISTENER.group_command(normalise(text)) is not None


@pytest.mark.parametrize("script", ["t2s", "s2t"])
def test_whatever_is_a_command_in_a_group_gets_past_its_first_characters(script: str) -> None:
    in_script = OpenCC(script).convert
    heard = [text for said in set(said_in_tests()) if said and is_heard_in_a_group(text := in_script(said))]
    assert len(heard) > 500
    assert [text for text in heard if not LISTENER.may_be_command(text)] == []


@given(
    before=st.sampled_from(("", *POLITE_IN_GROUP)),
    word=st.sampled_from(WORDS),
    behind=st.text(alphabet="一二三十0123 号楼栋单元的了:,。电梯", max_size=12),
)
def test_so_does_whatever_is_put_together_of_command_words(before: str, word: str, behind: str) -> None:
    text = f"{before}{word}{behind}"
    assert LISTENER.may_be_command(text) or not is_heard_in_a_group(text)


def test_most_talk_that_begins_like_a_command_is_refused() -> None:
    talk = ("修好了吗大家", "报告书写好了", "家里有人吗", "发快递的来了", "请大家安静", "人真多啊")
    assert [text for text in talk if LISTENER.may_be_command(text)] == []
