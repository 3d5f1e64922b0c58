"""What a mention of time is made of: days, parts of the day, hours, moments; and how words are read into them."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import IntEnum
from typing import Literal, NamedTuple

PartOfDay = Literal["am", "pm", "eve"]


class Clearness(IntEnum):
    """How surely the speaker means this time: where a text names several, the clearest wins."""

    BROAD = 1  # 下周, 十二月, 晚上
    PASSING = 2  # 今天, 昨天: said of everything
    OCCASION = 3  # 中秋: often the name of an event that has a date of its own
    DAY = 4  # 周六, 5号; an hour without a day
    PART = 5  # 周六下午
    HOUR = 6  # 周六9点, 半小时后


@dataclass(frozen=True, slots=True)
class Days:
    """A day, or the days from `first` to `last`."""

    first: date
    last: date
    clearness: Clearness = Clearness.DAY
    part: "Part | None" = None  # of words that hold both: 今晚, 明早
    bare: bool = False  # 周三 or 5号 without which: can be read anew, as the next after another day
    unfinished: bool = False  # the 5 of 5-7号: a day only as the beginning of a range
    recurs: bool = False  # bare and soon back: 周三, 5号. 周三9点 said on Wednesday at ten is next week's


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the day. Its hours are told on a clock of twelve: the first reading from `opens` on is meant."""

    name: PartOfDay
    opens: int
    alone: bool = False  # enough to mean today without a day or an hour beside it
    unfinished: bool = False  # the 早 of 早8点: only before an hour


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day as it was said. `exact`: of 24 hours, so that 15:00 or 03:00 is not moved by half a day."""

    hour: int
    minute: int = 0  # below zero in 差十分三点
    exact: bool = False
    doubtful: bool = False  # 一点: an hour only right after a day or a part of the day
    unfinished: bool = False  # the 2 of 2-4点: an hour only as the beginning of a range
    until: "Clock | None" = None  # of words that hold both ends: 三四点


@dataclass(frozen=True, slots=True)
class Moment:
    """A point of time counted from now."""

    at: datetime


Piece = Days | Part | Clock | Moment


class Reader(NamedTuple):
    """A form of words. `read(match, now, after)`: a bare form means its first day on or after `after`.

    It answers None where the words have the form but not the sense, as 13月 or 三十点.
    """

    name: str
    starts: frozenset[str]  # the characters that the form may begin with: all others are not even tried
    pattern: re.Pattern[str]
    leans: bool  # read so only because of the word before: the 晚 of 周五晚
    read: Callable[[re.Match[str], datetime, date], Piece | None]


def reader(
    name: str,
    starts: str,
    pattern: str,
    read: Callable[[re.Match[str], datetime, date], Piece | None],
    *,
    leans: bool = False,
) -> Reader:
    return Reader(name, frozenset(starts), re.compile(pattern), leans, read)


def any_of(words: Iterable[str]) -> str:
    """A pattern for one of the words, the longest that fits."""
    return "(?:" + "|".join(sorted(map(re.escape, words), key=len, reverse=True)) + ")"


# Fragments that several forms share.
HANZI = "[〇零一二两三四五六七八九十廿卅]"
DIGITS = "0123456789"
NUMERALS = DIGITS + HANZI[1:-1]
NUMBER = f"(?:[0-9]{{1,2}}|{HANZI}{{1,3}})"
THROUGH = "(?:-{1,2}|~{1,2}|到|至)"
WEEK = "(?:周|星期|礼拜)"
# 约一下周三, 马上周末了, 根本: the 下, 上 and 本 before belong to another word.
NEXT, PAST, THIS = "(?<!一)下", "(?<![早晚马网以路身])上", "(?<![根书原基])本|这"
