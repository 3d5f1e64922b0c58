"""What must hold for the ear whatever is typed, and what must not change a meaning."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opencc import OpenCC

from handlers import phrasebook
from handlers.hearing.addressing import is_for_bot, without_address
from handlers.hearing.choices import read_choice
from handlers.hearing.listening import Unclear
from handlers.hearing.normalise import normalise
from handlers.hearing.phrases import Heard
from handlers.hearing.places import find_place, find_whereabouts
from handlers.hearing.times import find_when
from handlers.questions import find_choice
from handlers.routing import AnswerRoute
from tests.test_hearing_ways import WAYS

NOW = datetime(2026, 3, 11, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
TO_TRADITIONAL = OpenCC("s2t")
FULL_WIDTH = {ord(digit): ord(digit) + 0xFEE0 for digit in "0123456789"}
FORCED = (
    "小善",
    "@小善\u2005",
    "反映 ",
    "查",
    "3号楼",
    "T045",
    "一",
    "!",
    "?",
    "😀",
    "1.",
    "第",
    "[玫瑰]",
    "报名",
    "\u202e",
)

anything = st.one_of(
    st.text(max_size=300),
    st.lists(st.sampled_from(FORCED), max_size=40).map("".join),
    st.tuples(st.sampled_from(FORCED), st.text(max_size=40), st.integers(1, 50)).map(lambda p: (p[0] + p[1]) * p[2]),
)

PLAIN = [
    (command, text)
    for command, ways in WAYS.items()
    for text, _ in ways[::5]
    if text.isascii() or (text[-1] > "\u4e00" and not text.endswith("]"))
]
"""Every fifth way that ends in a character, so that something can be added to it."""


def meaning(text: str) -> str | None:
    """The command; of several the first."""
    listener = phrasebook.load().listener
    heard = listener.command(normalise(text)) or listener.guess(normalise(text))
    first = heard.readings[0] if isinstance(heard, Unclear) else heard
    return first.command if isinstance(first, Heard) else None


@given(anything)
@settings(max_examples=300, deadline=None)
def test_nothing_raises(text: str) -> None:
    listener = phrasebook.load().listener
    is_for_bot(text, bot_name="小善", mentions_bot=False, listener=listener)
    told = normalise(without_address(text, "小善"))
    listener.command(told)
    listener.group_command(told)
    listener.guess(told)
    listener.sounds_like_grievance(told)
    find_place(told)
    find_whereabouts(told)
    find_when(told, NOW)
    find_choice(told, [], {"q": AnswerRoute(lambda *_: (), ("yes", "no"))}, {})
    for options in ((), ("yes", "no"), ("a", "b", "c")):
        chosen = read_choice(told, options, {"a": ("甲",)})
        assert chosen is None or chosen in options


@pytest.mark.parametrize(
    "around",
    ["麻烦{}", "请{}", "你好,{}", "小善 {}", "{},谢谢", "{}谢谢啦", "麻烦{}吧,谢谢🙏", " {} ", "{}。", "{}!", "{}😀"],
)
def test_politeness_changes_nothing(around: str) -> None:
    changed = [
        (text, meaning(around.format(text))) for command, text in PLAIN if meaning(around.format(text)) != meaning(text)
    ]
    assert changed == []


def test_script_and_width_change_nothing() -> None:
    texts = [text for _, text in PLAIN]
    assert [text for text in texts if meaning(str(TO_TRADITIONAL.convert(text))) != meaning(text)] == []
    assert [text for text in texts if meaning(text.translate(FULL_WIDTH)) != meaning(text)] == []


@pytest.mark.parametrize(
    ("said", "position"),
    [
        ("1", 1),
        ("２", 2),
        ("①", 1),
        ("②", 2),
        ("2️⃣", 2),
        ("(2)", 2),
        ("2.", 2),
        ("2、", 2),
        ("二", 2),
        ("第二个", 2),
        ("第2个", 2),
        ("第二項", 2),
        ("选2", 2),
        ("我选2", 2),
        ("我要第二个", 2),
        ("就第一个吧", 1),
        ("那就2", 2),
        ("2吧", 2),
        ("2 谢谢", 2),
        ("2号", 2),
        ("2🙏", 2),
        ("最后一个", 3),
        ("最下面那个", 3),
        ("最上面那个", 1),
        ("中间那个", 2),
        ("4", None),
        ("0", None),
        ("12", None),
        ("两个", None),
        ("上面那个", None),
        ("二单元", None),
        ("2号楼", None),
        ("收到", None),
        ("好的", None),
        ("", None),
    ],
)
def test_one_of_three(said: str, position: int | None) -> None:
    options = ("a", "b", "c")
    assert read_choice(normalise(said), options, {}) == (options[position - 1] if position else None)


@pytest.mark.parametrize(
    ("said", "chosen"),
    [("上面那个", "a"), ("下面那个", "b"), ("前面那个", "a"), ("后面的", "b"), ("最后一个", "b"), ("上边的吧", "a")],
)
def test_one_of_two(said: str, chosen: str) -> None:
    assert read_choice(said, ("a", "b"), {}) == chosen


@pytest.mark.parametrize(
    "said", ["好的", "行", "可以", "嗯", "是", "是的", "对", "好", "好吧", "要", "行啊", "没问题", "OK", "好的👌", "1"]
)
def test_yes(said: str) -> None:
    assert read_choice(normalise(said), ("yes", "no"), {}) == "yes"


@pytest.mark.parametrize(
    "said", ["不用了", "算了", "不", "不要", "不行", "不用", "不是", "不用了谢谢", "算了吧", "no", "2"]
)
def test_no(said: str) -> None:
    assert read_choice(normalise(said), ("yes", "no"), {}) == "no"


def test_words_choose_where_numbers_do_not_count() -> None:
    assert read_choice("2", ("a", "b"), {}, numbers=False) is None
    assert read_choice("好的", ("yes", "no"), {}, numbers=False) == "yes"
    assert read_choice("好了", ("solved", "unsolved"), {"solved": ("好了",)}) == "solved"
    assert read_choice("好的", ("solved", "unsolved"), {"solved": ("解决了",)}) is None
