"""Places as people say them: 3号楼2单元501, 三号楼二单元, 3栋, 3-2-501."""

import re
from dataclasses import dataclass

_DIGITS = {sign: number for number, sign in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_NUMBER = r"(?:\d{1,3}|[零〇一二三四五六七八九十两]{1,4})"
_BUILDING = rf"(?P<building>{_NUMBER})\s*(?:号楼|栋|幢|座|#楼|#)"
_UNIT = rf"(?:\s*(?P<unit>{_NUMBER})\s*(?:单元|门洞|门(?![口卫禁])))?"
_ROOM = r"(?:\s*(?P<room>\d{3,4})\s*(?:室|号)?(?!\d))?"
_SPOKEN = re.compile(_BUILDING + _UNIT + _ROOM)
_DASHED = re.compile(r"(?<![\d-])(?P<building>\d{1,3})-(?P<unit>\d{1,2})-(?P<room>\d{3,4})(?![\d-])")


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is: a building's number, and unit and room where they were said. `words` as typed."""

    building: int
    unit: int | None
    room: str | None
    words: str


def find_place(text: str) -> Place | None:
    """The first place in a normalised text."""
    found = _SPOKEN.search(text) or _DASHED.search(text)
    if found is None:
        return None
    unit = found["unit"]
    return Place(_number(found["building"]), _number(unit) if unit else None, found["room"], found[0].strip())


def _number(text: str) -> int:
    """Digits or Chinese numerals below a hundred: 3, 三, 十二, 二十, 一二."""
    if text.isdigit():
        return int(text)
    tens, ten, ones = text.rpartition("十")
    if not ten:
        return int("".join(str(_DIGITS[sign]) for sign in text))
    return (_DIGITS[tens[-1]] if tens else 1) * 10 + (_DIGITS[ones[0]] if ones else 0)
