"""Places as people say: 3号楼2单元501, 三号楼二单元, 3栋, 3-2-501; 三单元门口 and 小区东门, without a building."""

import re
from dataclasses import dataclass

from handlers.hearing.numerals import to_int

_SIGNS = "零〇一二三四五六七八九十百两廿卅"
_NUMBER = rf"(?:\d{{1,3}}|[{_SIGNS}]{{1,5}})"
_ALONE = rf"(?<![\dA-Za-z{_SIGNS}-])"
"""A number is read whole: 13号楼 and 二十三号楼 are not 3号楼, B3栋 is not 3栋."""

_COUNTED = "(?<![这那哪每另整几])"
"""这两栋 counts buildings."""

_BUILDING_WORD = rf"(?:号\s*(?:楼|栋|幢|座)|栋|幢|(?<=\d)座|#\s*楼|#(?![\dA-Za-z])|#(?=\s*{_NUMBER}))"
_BUILDING = rf"{_ALONE}{_COUNTED}(?!两)(?P<building>{_NUMBER})\s*{_BUILDING_WORD}"
_UNIT_WORD = r"(?:单元|门洞|门栋|门(?![口卫禁诊市牌]))"
_UNIT = rf"(?:[\s,-]*(?P<unit>{_NUMBER})\s*{_UNIT_WORD})?"
_ROOM = (
    r"(?:[\s,-]*(?P<room>\d{3,4}|[零〇一二三四五六七八九幺]{3,4})\s*(?:室|号(?!楼|线)|房)?(?![\d年月元块户人度多平-]))?"
)
_UNIT_AND_ROOM = r"[\s,-]*(?P<unit>\d{1,2})-(?P<room>\d{3,4})(?![\d-])"
_SPOKEN = (re.compile(_BUILDING + _UNIT_AND_ROOM), re.compile(_BUILDING + _UNIT + _ROOM))
_DASHED = re.compile(r"(?<![\dA-Za-z-])(?P<building>\d{1,3})-(?P<unit>\d{1,2})-(?P<room>\d{3,4})(?![\dA-Za-z-])")

_SIDE = r"(?:口|旁边?|边上|门口|对面|附近|里面?|前面?|后面?|外面?|入口|出口|那边|那儿|拐角)?"
_UNIT_ALONE = re.compile(rf"{_ALONE}(?P<unit>{_NUMBER})\s*单元{_ROOM}{_SIDE}")
_ROOM_ALONE = re.compile(r"(?<![\dA-Za-z-])(?P<room>\d{3,4})\s*室")
_LETTERED = re.compile(rf"(?<![A-Za-z])[A-Za-z]\s*-?\d{{0,3}}\s*(?:号楼|栋|幢|座){_SIDE}")
_SPOT = re.compile(
    r"(?:小区|社区|院子?|咱?们?小区)?的?(?:[东南西北]{1,2}|正|大|后|侧|偏)门" + _SIDE + r"|"
    r"(?:小区|社区|院子?)?的?(?:(?:文化|中心|健身|小|休闲)?广场|地下(?:车库|室|停车场)|停车场|车库|车棚|凉亭|花园|幼儿园|门卫室?|保安亭|岗亭"
    r"|快递柜|驿站|垃圾(?:站|房|投放点|桶)|物业(?:办公室|中心)?|居委会|活动(?:室|中心)|卫生站|配电房|水泵房|篮球场|游乐场|小公园|菜市场|公交站)"
    + _SIDE
)


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where something is, as far as it was said: unit and room may be known, or only the words, as typed."""

    building: int | None
    unit: int | None
    room: str | None
    words: str


@dataclass(frozen=True, slots=True)
class Place(Whereabouts):
    """Whereabouts with the number of a building."""

    building: int


def find_place(text: str) -> Place | None:
    """The first place in a normalised text that names a building by its number."""
    for pattern in (*_SPOKEN, _DASHED):
        for found in pattern.finditer(text):
            building = to_int(found["building"])
            if building:
                return Place(building, _unit(found["unit"]), _room(found["room"]), found[0].strip(" ,-"))
    return None


def find_whereabouts(text: str) -> Whereabouts | None:
    """The place of a normalised text; without a building also a unit, a room, or a spot that everybody knows."""
    place = find_place(text)
    if place is not None:
        return place
    if found := _UNIT_ALONE.search(text):
        return Whereabouts(None, _unit(found["unit"]), _room(found["room"]), found[0].strip())
    if found := _ROOM_ALONE.search(text):
        return Whereabouts(None, None, found["room"], found[0])
    found = _LETTERED.search(text) or _SPOT.search(text)
    return Whereabouts(None, None, None, found[0].strip()) if found else None


def _unit(said: str | None) -> int | None:
    return to_int(said) if said else None


def _room(said: str | None) -> str | None:
    if said is None or said.isdecimal():
        return said
    return str(to_int(said.replace("幺", "一")))
