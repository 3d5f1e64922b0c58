"""Answers to a numbered question: 2, ②, 第二个, 选2, or the words of an option."""

import re
from collections.abc import Mapping, Sequence

_NUMBERS = {sign: number for number, sign in enumerate("一二三四五六七八九", start=1)} | {"两": 2}
_NUMBERED = re.compile(
    r"(?:我?选|回|第)?\s*(?P<number>\d{1,2}|[一二三四五六七八九两])\s*(?:个|号|项|吧|的)*[\s.。、,!~]*"
)
_END = " .。,、!~吧啊呀哦了"


def read_choice(
    text: str, options: Sequence[str], ways: Mapping[str, Sequence[str]], *, numbers: bool = True
) -> str | None:
    """The option a normalised text chooses. `ways` are words for each; `numbers`: whether a bare number counts."""
    if len(text) > 20:
        return None
    number = _number(text) if numbers else None
    if number is not None:
        return options[number - 1] if 1 <= number <= len(options) else None
    said = text.strip(_END)
    for option in options:
        if any(said == way.strip(_END) for way in ways.get(option, ())):
            return option
    return None


def _number(text: str) -> int | None:
    found = _NUMBERED.fullmatch(text)
    if found is None:
        return None
    number = found["number"]
    return int(number) if number.isdigit() else _NUMBERS[number]
