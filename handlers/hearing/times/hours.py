"""Parts of the day and hours of the clock: 下午, 三点半, 15:30, 差十分三点; hours from now: 半小时后."""

import re
from dataclasses import replace
from datetime import date, datetime, timedelta

from handlers.hearing.numerals import to_amount, to_int
from handlers.hearing.times.lookalikes import (
    AFTER_HOUR_CHARACTER,
    AFTER_ONE_POINT,
    AFTER_PART,
    AFTER_POINT,
    AFTER_SHORT_PART,
    BEFORE_POINT,
)
from handlers.hearing.times.pieces import DIGITS, HANZI, NUMBER, NUMERALS, THROUGH, Clock, Moment, Part, any_of, reader

_SMALL_HOURS = Part("am", opens=0)
_MORNING = Part("am", opens=1)
_FORENOON = Part("am", opens=1, alone=True)
_NOON = Part("pm", opens=10, alone=True)
_AFTERNOON = Part("pm", opens=12, alone=True)
_DUSK = Part("eve", opens=15, alone=True)
_EVENING = Part("eve", opens=17, alone=True)
_LATE = Part("eve", opens=17)
_NIGHT = Part("eve", opens=20)

PARTS = {
    **dict.fromkeys(("凌晨", "拂晓"), _SMALL_HOURS),
    **dict.fromkeys(("清晨", "清早", "大清早", "一大早", "一早", "大早上", "早晨", "早上", "早", "晨"), _MORNING),
    "上午": _FORENOON,
    **dict.fromkeys(("中午", "正午", "晌午"), _NOON),
    **dict.fromkeys(("下午", "午后"), _AFTERNOON),
    **dict.fromkeys(("傍晚", "黄昏"), _DUSK),
    "晚上": _EVENING,
    **dict.fromkeys(("晚", "晚间"), _LATE),
    **dict.fromkeys(("夜里", "夜间", "夜晚", "半夜", "深夜", "午夜", "夜"), _NIGHT),
}
ENDS = {"am": 12, "pm": 18, "eve": 24}  # the hour at which a part of the day is over

_OPENS_WITHOUT_PART = 7  # 7 to 12 are as said, 1 to 6 are the afternoon
_DAY = 24 * 60
_QUARTERS = {"一": 15, "1": 15, "两": 30, "二": 30, "2": 30, "三": 45, "3": 45}


def minutes_into_day(clock: Clock, part: Part | None) -> int:
    """Minutes after midnight; 1440 and more lie in the next day, as in 晚上12点."""
    hour = clock.hour
    if not clock.exact:
        opens = part.opens if part else _OPENS_WITHOUT_PART
        hour %= 12
        while hour < opens:
            hour += 12
    elif part and hour == 0 and part.opens >= _EVENING.opens:
        hour = 24
    return hour * 60 + clock.minute


def minutes_after(clock: Clock, start: int) -> int:
    """The first reading after `start` minutes: how the end of a range is meant that names no part of the day."""
    step = _DAY if clock.exact else _DAY // 2
    minutes = (clock.hour if clock.exact else clock.hour % 12) * 60 + clock.minute
    while minutes <= start:
        minutes += step
    return minutes


def _read_part(match: re.Match[str], _now: datetime, _after: date) -> Part:
    return PARTS[match["word"]]


def _read_part_before_hour(match: re.Match[str], _now: datetime, _after: date) -> Part:
    return replace(PARTS[match["word"]], unfinished=True)


def _read_digital(match: re.Match[str], _now: datetime, _after: date) -> Clock | None:
    return _clock(match["hour"], int(match["minute"]))


def _read_spoken(match: re.Match[str], _now: datetime, _after: date) -> Clock | None:
    minute = 0
    if match["quarter"]:
        minute = _QUARTERS[match["quarter"]]
    elif match["half"]:
        minute = 30
    elif match["lack"]:
        minute = -_minutes(match["lack"])
    elif match["minute"]:
        minute = _minutes(match["minute"])
    doubtful = match["hour"] == "一" and match[0] in ("一点", "一时")
    return _clock(match["hour"], minute, doubtful=doubtful)


def _read_lacking(match: re.Match[str], _now: datetime, _after: date) -> Clock | None:
    return _clock(match["hour"], -_minutes(match["lack"]))


def _read_beginning(match: re.Match[str], _now: datetime, _after: date) -> Clock | None:
    clock = _clock(match["hour"], 0)
    return replace(clock, unfinished=True) if clock else None


def _read_neighbours(match: re.Match[str], _now: datetime, _after: date) -> Clock | None:
    first, last = to_int(match["first"]), to_int(match["last"])
    return Clock(first, until=Clock(last)) if first and last == first + 1 else None


def _read_moment(match: re.Match[str], now: datetime, _after: date) -> Moment | None:
    said = match.groupdict()
    if not said["ahead"] and not said["way"]:
        return None  # 24小时热线, 半小时: how long, not when
    minutes = 30.0 if said.get("and_half") else 0.0
    for unit, worth in (("hours", 60), ("quarters", 15), ("minutes", 1)):
        amount = to_amount(said[unit]) if said.get(unit) else 0
        if amount is None:
            return None
        minutes += amount * worth
    if "前" in (said["way"] or ""):
        minutes = -minutes
    return Moment((now + timedelta(minutes=minutes)).replace(second=0, microsecond=0))


def _clock(hour: str, minute: int, *, doubtful: bool = False) -> Clock | None:
    value = to_int(hour)
    if value is None or value > 24 or abs(minute) >= 60 or (value == 24 and minute > 0):
        return None
    exact = value == 0 or value > 12 or (len(hour) == 2 and hour[0] == "0")
    return Clock(value, minute, exact, doubtful)


def _minutes(text: str) -> int:
    return _QUARTERS[text[0]] if text.endswith("刻") else to_int(text.lstrip("0零〇") or "0") or 0


_HOUR = f"(?<![{BEFORE_POINT}A-Za-z$¥])(?P<hour>{NUMBER})"
# 一点 is "a bit" more often than one o'clock, and 三点意见 is no hour either.
_POINT = (
    f"(?:点钟?|时(?!{any_of(AFTER_HOUR_CHARACTER)}))(?!半?点|{any_of(AFTER_POINT)})"
    f"(?:(?<!一点)|(?<=十一点)|(?!{any_of(AFTER_ONE_POINT)}))"
)
# What is counted after an hour: in 9点3号楼 and 三点三个人 the second number is no minute.
_COUNTED = "[0-9点:.个人号楼栋单元米块度平名位户来几多岁组周月]"
_MINUTE = (
    f"零?{NUMBER}(?=分(?!之|钟))|[零〇][一二三四五六七八九]|[0-5][0-9](?!{_COUNTED})"
    f"|[二三四五]?十[一二三四五六七八九]?(?!{_COUNTED})"
)
_NEW_WORD = f"[个人位名号楼栋单户周月点分刻十到至]|{HANZI}"
_LACK = f"(?:[一三]刻|{NUMBER}(?=分))"
# A single digit after 点 is a decimal (三点五元) unless it begins something else (三点 三个人).
_DECIMAL_AHEAD = f"[一二两三四五六七八九0-9](?!{_NEW_WORD}|[0-9./-])"
_TAIL = (
    f"(?:整|(?P<half>半)(?![个天年价])|过?(?P<quarter>[一二两三123])刻|还?差(?P<lack>{_LACK})分?"
    f"|过?(?P<minute>{_MINUTE})分?|(?!{_DECIMAL_AHEAD}))"
)
_CLOCK_AHEAD = f"(?:{NUMBER}[点时](?!{any_of(AFTER_POINT)})|[0-9]{{1,2}}:[0-5][0-9])"
_AMOUNT = "(?:[0-9]{1,3}(?:[.][0-9])?|[一二两三四五六七八九十]{1,3}(?:点五)?)"
_AHEAD = "(?P<ahead>(?<![不超经难通路透度])再?过)?"
_WAY = "(?P<way>(?:之|以)?(?:后(?![面边院门座])|前(?![面台])))?"
_AFTER_PART = f"(?!{any_of(AFTER_PART)}(?!吗|不|像|多))"

_FROM_NOW_STARTS = "过再半" + NUMERALS

READERS = (
    reader(
        "hours_from_now",
        _FROM_NOW_STARTS,
        f"{_AHEAD}(?P<hours>半|{_AMOUNT}(?:个半)?)个?(?:小时|钟头)"
        f"(?P<and_half>半)?(?:零?(?P<minutes>{_AMOUNT})分钟?)?{_WAY}",
        _read_moment,
    ),
    reader(
        "minutes_from_now",
        _FROM_NOW_STARTS,
        f"{_AHEAD}(?:(?P<quarters>[一两三123])刻钟|(?P<minutes>{_AMOUNT})分钟){_WAY}",
        _read_moment,
    ),
    reader("digital", DIGITS, "(?P<hour>[0-9]{1,2}):(?P<minute>[0-5][0-9])(?::[0-5][0-9])?(?![0-9:])", _read_digital),
    reader(
        "dotted",
        DIGITS,  # 上午9.30; without the part of the day 9.30 is a date
        "(?:(?<=[上下中]午|[早晚]上)|(?<=午[0-9][.][0-9]{2}[-~到至])|(?<=午[0-9]{2}[.][0-9]{2}[-~到至]))"
        "(?P<hour>[0-9]{1,2})[.](?P<minute>[0-5][0-9])(?![0-9.])",
        _read_digital,
        leans=True,
    ),
    reader("lacking", "差", f"差(?P<lack>{_LACK})分?钟?到?(?P<hour>{NUMBER})点钟?", _read_lacking),
    reader(
        "neighbours",
        NUMERALS,
        "(?P<first>[一二三四五六七八九])(?P<last>[二三四五六七八九]|(?<=九)十)点钟?",
        _read_neighbours,
    ),
    reader("spoken", NUMERALS, f"{_HOUR}{_POINT}{_TAIL}", _read_spoken),
    reader("beginning_of_hours", NUMERALS, f"{_HOUR}(?={THROUGH}{_CLOCK_AHEAD})", _read_beginning),
    reader(
        "part",
        "".join(PARTS),
        f"(?:(?<![一整])|(?<=[周期拜十初]一))(?P<word>{any_of(w for w in PARTS if len(w) > 1)}){_AFTER_PART}",
        _read_part,
    ),
    reader(
        "leaning_part",
        "早晚",
        f"(?<=[天日号儿末一二三四五六夕旦秋午节])(?P<word>[早晚])(?!{any_of(AFTER_SHORT_PART)})",
        _read_part,
        leans=True,
    ),
    reader("short_part", "早晚", f"(?P<word>[早晚])(?=(?!一点){NUMBER}(?:[点:时]|{THROUGH}))", _read_part_before_hour),
)
