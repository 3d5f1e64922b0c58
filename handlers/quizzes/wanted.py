"""What a quiz is to be like, from the words behind 「开始问答」. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from community.refused import Refused
from handlers.hearing.numerals import to_int
from handlers.hearing.times import find_when

QUESTIONS, WINNERS = 3, 3
"""How many, where nobody says."""

_NUMBER = r"(?P<number>-?\d{1,9}|[零一二两三四五六七八九十百]{1,5})"
_QUESTIONS = re.compile(rf"{_NUMBER}\s*(?:(?:道|个)\s*题目?|题目?|道)")
_WINNERS = re.compile(rf"(?:每题)?(?:取|有)?前?{_NUMBER}\s*(?:名|位|个人|人)(?:得奖|获奖|中奖|有奖)?")
_PRIZE = re.compile(r"(?:奖品|奖励|奖)\s*(?:是|为|:|发)?\s*(?P<prize>[^\s,;。]+)")
_MONEY = re.compile(r"[\d一二两三五十百千万]\s*(?:元|块)|红包|现金|人民币|发钱")
_BETWEEN = re.compile(r"[\s,;。.!~、:]+")
_ABOUT = re.compile(r"^(?:主题|关于|内容)?(?:是|为)?")
_IDLE = frozenset(
    {
        "",
        "在",
        "群",
        "群里",
        "本群",
        "开始",
        "有奖",
        "问答",
        "有奖问答",
        "现在",
        "马上",
        "立刻",
        "吧",
        "每题",
        "题",
        "奖品",
        "主题",
    }
)


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for. `topic` is what the words leave over, empty: anything."""

    questions: int
    winners: int
    prize: str
    topic: str
    starts_at: datetime | None


def read_request(words: str, now: datetime, group_names: Iterable[str], topics: Sequence[str]) -> Request:
    """A request from normalised words; `now` is in the community's zone. An empty `prize` is the usual one.

    Raises `Refused` for a day without its hour, and for money.
    """
    for name in sorted(group_names, key=len, reverse=True):
        words = words.replace(name, " ")
    questions, words = _take(_QUESTIONS, words, QUESTIONS)
    winners, words = _take(_WINNERS, words, WINNERS)
    if _MONEY.search(words):
        raise Refused("quizzes.no_money")
    prize = _PRIZE.search(words)
    words = words[: prize.start()] + " " + words[prize.end() :] if prize else words
    when = find_when(words, now)
    if when is not None and when.whole_day:
        raise Refused("quizzes.which_hour")
    if when is not None:
        words = words[: when.span[0]] + " " + words[when.span[1] :]
    starts_at = when.start if when is not None else None
    return Request(questions, winners, prize["prize"] if prize else "", _topic(words, topics), starts_at)


def _take(pattern: re.Pattern[str], words: str, otherwise: int) -> tuple[int, str]:
    """A number with what it counts, and the words without it."""
    found = pattern.search(words)
    if found is None:
        return otherwise, words
    said = found["number"]
    number = -(to_int(said[1:]) or 0) if said.startswith("-") else to_int(said) or 0
    return number, words[: found.start()] + " " + words[found.end() :]


def _topic(words: str, topics: Sequence[str]) -> str:
    """The topic that the words name; what they name instead, where there is none of that name."""
    rest = " ".join(_ABOUT.sub("", each) for each in _BETWEEN.split(words) if each not in _IDLE).strip()
    return next((each for each in sorted(topics, key=len, reverse=True) if each in rest), rest)
