"""Hours as leaders type them: 「王芳 +1.5 忘了签到」 「E012 王芳 2小时 忘了签退」. Pure."""

import re
from dataclasses import dataclass
from decimal import Decimal

from handlers.hearing.numerals import to_int

MINUTES = 60

_EVENT = re.compile(r"e\s*-?\s*(\d{1,9})(?!\d)[\s,:、的]*", re.IGNORECASE)
_UNIT = r"(?:个?(?:小时|钟头)|h(?![a-z]))"
_DIGITS = r"\d{1,18}(?:\.\d{1,4})?"
_SPOKEN = "一二两三四五六七八九十"
_AMOUNT = (
    rf"(?:(?P<half>半)个?(?:小时|钟头)"
    rf"|(?P<minutes>{_DIGITS}|[{_SPOKEN}]{{1,3}})\s*分钟?"
    rf"|(?P<and_half>{_DIGITS}|[{_SPOKEN}]{{1,3}})\s*个半(?:小时|钟头)"
    rf"|(?P<hours>{_DIGITS}|[{_SPOKEN}]{{1,3}})\s*{_UNIT}(?:(?P<more_half>半)|\s*(?P<more>\d{{1,2}})\s*分钟?)?"
    rf"|(?P<bare>{_DIGITS})(?![\d.年月日号a-z]))"
)
_SIGN = r"(?P<sign>[+\-\u2212\u2013]|增加|减少|加|减|补|扣)"
_CHANGE = re.compile(
    rf"(?P<name>[^\s,:+\-\u2212\d]{{1,40}}?)(?:的?时长)?[\s,:]*(?:{_SIGN}[了上去掉]?\s*)?{_AMOUNT}[\s,。;:]*(?P<reason>.*)",
    re.IGNORECASE | re.DOTALL,
)
_LESS = frozenset({"-", "\u2212", "\u2013", "减", "减少", "扣"})


@dataclass(frozen=True, slots=True)
class HoursWanted:
    """Whose hours are to be changed. `minutes` have a sign where `to_be` is false: so many more, or less.

    `event`: the number of an event, from E012. `to_be`: without a sign, so many in all.
    """

    event: int | None
    name: str
    minutes: int
    to_be: bool
    reason: str


def read_hours(words: str) -> HoursWanted | None:
    """What a leader wants, from normalised words; None where no name and amount can be made out."""
    event = _EVENT.match(words)
    found = _CHANGE.fullmatch(words[event.end() :] if event else words)
    if found is None:
        return None
    sign, minutes = found["sign"], _minutes(found)
    return HoursWanted(
        event=int(event[1]) if event else None,
        name=found["name"].strip(),
        minutes=-minutes if sign in _LESS else minutes,
        to_be=sign is None,
        reason=found["reason"].strip(),
    )


def read_minutes(text: str) -> int | None:
    """How long something took, from words that say so with a unit: 1小时, 一个半小时, 40分钟; None where none do."""
    found = next((each for each in re.finditer(_AMOUNT, text, re.IGNORECASE) if each["bare"] is None), None)
    return _minutes(found) if found is not None else None


def _minutes(found: re.Match[str]) -> int:
    """Rounded to whole minutes."""
    if found["half"]:
        return MINUTES // 2
    if found["minutes"]:
        return round(_number(found["minutes"]))
    if found["and_half"]:
        return round(_number(found["and_half"]) * MINUTES) + MINUTES // 2
    hours = _number(found["hours"] or found["bare"])
    more = MINUTES // 2 if found["more_half"] else int(found["more"] or 0)
    return round(hours * MINUTES) + more


def _number(said: str) -> Decimal:
    return Decimal(said) if said[0].isascii() else Decimal(to_int(said) or 0)
