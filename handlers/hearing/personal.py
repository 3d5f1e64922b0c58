"""What must not be repeated in a group: phones, ID and card numbers, plates, addresses to the room.

Better one hidden number too many than one told: a number that may be a phone is taken for one.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["mobile", "landline", "id_card", "bank_card", "plate", "address"]


@dataclass(frozen=True, slots=True)
class Personal:
    kind: Kind
    span: tuple[int, int]


# Everything here maps one character to one, so that a place in the folded text is the same place in the original.
_ZERO_WIDTH = "".join(map(chr, [*range(0x2000, 0x2010), *range(0x2028, 0x2030), 0x202F, 0x2060, 0xFEFF, 0xA0, 0x3000]))
_WIDTH: dict[int, int | str] = {
    **{code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)},
    **dict.fromkeys(map(ord, "‐‑‒–—―−－﹣─_杠"), "-"),
    **dict.fromkeys(map(ord, "·•・‧∙⋅．。"), "."),
    **dict.fromkeys(map(ord, _ZERO_WIDTH), " "),
    **dict(
        zip(
            map(ord, "樓號棟單層粵滬魯蘇贛遼陝閩貴寧瓊雲戶東門"),
            "楼号栋单层粤沪鲁苏赣辽陕闽贵宁琼云户东门",
            strict=True,
        )
    ),
    **{ord(letter): letter.upper() for letter in "abcdefghijklmnopqrstuvwxyz"},
    **{code: code - 0xFEE0 - 32 for code in range(0xFF41, 0xFF5B)},
    **dict.fromkeys(map(ord, "×✕"), "X"),
}
_SPOKEN: dict[int, str] = {
    **{ord(sign): str(value) for value, sign in enumerate("零一二三四五六七八九")},
    **{ord(sign): str(value) for value, sign in enumerate("零壹贰叁肆伍陆柒捌玖")},
    **dict.fromkeys(map(ord, "〇○洞"), "0"),
    **dict.fromkeys(map(ord, "幺么"), "1"),
    **dict.fromkeys(map(ord, "两兩貳"), "2"),
    ord("叄"): "3",
    ord("陸"): "6",
    ord("拐"): "7",
    ord("勾"): "9",
    **dict.fromkeys(map(ord, "，、,"), " "),
}


# Numbers. The forms of a kind are tried in their order, each where none before it has found something.
_GAP = "[ .-]{0,3}"
_COUNTRY = r"(?:\(?(?:\+|00)? ?86\)?[ .-]{0,3})?"
_AREA = r"(?:\(?0(?:10|2[0-9]|[3-9][0-9]{2})\)?|\(?(?:\+|00)86\)?[ -]?\(?0?(?:10|2[0-9]|[3-9][0-9]{2})\)?)[ .-]{0,3}"
_EXTENSION = "(?:(?:-| ?转 ?)[0-9]{1,4})?"
_FOUR = "(?:[ .-]{1,3}[0-9]{4})"
_NUMBERS: Sequence[tuple[Kind, str]] = (
    ("id_card", f"[1-9](?:{_GAP}[0-9]){{16}}{_GAP}[0-9X]"),
    ("id_card", "[1-9][0-9]{14}|[1-9][0-9]{5} [0-9]{6} [0-9]{3}"),
    ("bank_card", "[3-69][0-9]{15,18}"),
    ("bank_card", f"[3-69][0-9]{{3}}{_FOUR}{{3}}[ .-]{{1,3}}[0-9]{{1,3}}"),
    ("bank_card", f"[3-69][0-9]{{3}}{_FOUR}{{3}}|[3-69][0-9]{{5}}[ .-]{{1,3}}[0-9]{{10,13}}"),
    ("mobile", f"{_COUNTRY}(?P<number>1{_GAP}[3-9](?:{_GAP}[0-9]){{9}})"),
    ("landline", f"{_AREA}(?:[1-9][0-9]{{6,7}}|[1-9][0-9]{{2,3}}{_FOUR}|[1-9][0-9]{{3}}[ .-][0-9]{{3}}){_EXTENSION}"),
)
_START, _END = "(?<![0-9*])", "(?![0-9])"
# A spoken number may run into a word that begins like a digit: 五六七八一会儿打给我.
_AFTER_ONE = "[下会起定直个样般些]"
_SPOKEN_END = f"(?:(?![0-9])|(?=1{_AFTER_ONE}))"
_AS_WRITTEN = [(kind, re.compile(f"{_START}(?:{form}){_END}")) for kind, form in _NUMBERS]
_AS_SPOKEN = [(kind, re.compile(f"{_START}(?:{form}){_SPOKEN_END}")) for kind, form in _NUMBERS]
# How people break a mobile number. 1 3 5 7 9 11 13 15 17 is none.
_MOBILE_GROUPS = frozenset(
    {(11,), (3, 4, 4), (3, 8), (7, 4), (3, 3, 5), (3, 5, 3), (4, 4, 3), (4, 3, 4), (5, 6), (6, 5), (2, 9), (1, 10)}
    | {(4, 7), (8, 3), (9, 2), (10, 1), (3, 2, 2, 2, 2), (3, 2, 2, 4), (3, 4, 2, 2), (2, 3, 3, 3), (3, 3, 3, 2)}
    | {(5, 3, 3), (3, 6, 2), (3, 2, 3, 3), (3, 3, 2, 3), (3, 2, 6), (1,) * 11, (3, *(1,) * 8)}
)
_PROVINCES = re.compile("1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]")
_ID_DATE = re.compile("(?:18|19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])")
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS = "10X98765432"
_FEWEST_DIGITS = 2  # different ones in a card's number; 8888 8888 8888 8888 is a cheer
_AREA_NUMBER = re.compile("(?:(?:00)?86)?0?(?P<area>10|2[0-9]|[3-9][0-9]{2})(?=[0-9]{7})")
_RUN = re.compile("[0-9]+")
_NO_DIGITS = re.compile("[^0-9X]+")


def _is_id_card(words: str) -> bool:
    number = _NO_DIGITS.sub("", words)
    if not _PROVINCES.match(number):
        return False
    if len(number) == 15:
        return _ID_DATE.fullmatch(f"19{number[6:12]}") is not None
    total = sum(int(digit) * weight for digit, weight in zip(number[:17], _ID_WEIGHTS, strict=True))
    return _ID_DATE.fullmatch(number[6:14]) is not None and _ID_CHECKS[total % 11] == number[17]


def _is_bank_card(words: str) -> bool:
    """Luhn's check, which one number in ten passes by chance."""
    number = _NO_DIGITS.sub("", words)
    doubled = [int(digit) * (1 + at % 2) for at, digit in enumerate(reversed(number))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0 and len(set(number)) >= _FEWEST_DIGITS


def _is_mobile(words: str) -> bool:
    return tuple(map(len, _RUN.findall(words))) in _MOBILE_GROUPS


_CHECKS: Mapping[Kind, Callable[[str], bool]] = {
    "id_card": _is_id_card,
    "bank_card": _is_bank_card,
    "mobile": _is_mobile,
}

# Plates: the province, a letter, five signs, or six where the car is electric.
_PROVINCE = "[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼]"
_SIGN = "[A-HJ-NP-Z0-9]"
_ELECTRIC = f"(?:[A-HJK]{_SIGN}[0-9]{{4}}|[0-9]{{5}}[A-HJK])"
_PLATE = re.compile(
    rf"{_PROVINCE} ?[A-HJ-NP-Z][ .-]{{0,3}}(?=[A-Z .-]{{0,4}}[0-9])"
    rf"(?:{_ELECTRIC}|{_SIGN}{{5}}|{_SIGN}{{4}}[学警港澳挂]"
    rf"|{_SIGN}{{2,3}}[ .-]{_SIGN}{{2,3}}|{_SIGN}(?:[ .-]{_SIGN}){{4,5}})"
    r"(?![A-Z0-9])"
)

# Addresses down to the room.
_HANZI = "[零〇一二三四五六七八九十百两]"
_NUMBER = f"(?:(?<![0-9])[0-9]{{1,3}}|(?<!{_HANZI}){_HANZI}{{1,4}})"
_BETWEEN = "(?:[ ,，、的-]{0,2})"
_HOUSE = rf"(?:{_NUMBER}|(?<![A-Z])[A-Z]|[东南西北中]) ?(?:号楼|[栋幢座弄]|#楼?|号院)"
_BUILDING = rf"(?P<building>{_HOUSE}(?: ?{_HOUSE}){{0,2}}){_BETWEEN}"
_UNIT = f"{_NUMBER} ?(?:单元|门洞|梯|门(?![口卫禁诊]))"
_FLOOR = f"{_NUMBER} ?[层楼]"
# What makes 3号楼120户 a quantity and no room.
_QUANTITY = (
    "(?! ?(?:[*人个多余年月块元米平天度斤次位名辆户家点分层楼栋期吨万千毫公%:/十百]|单元|号楼|号线|小时|[.-][0-9]))"
)
_MARKED = "号?(?:室|房(?![间东产子]))"
_ROOM_DIGITS = "(?:[1-9][0-9]{2,3}|0[1-9][0-9]{2})(?![0-9*])"
_ONE_TO_NINE = "[一二三四五六七八九]"
_DIGIT_HANZI = f"(?:(?!一{_AFTER_ONE})[零〇幺一二三四五六七八九])"
_ROOM_HANZI = (
    f"(?:{_ONE_TO_NINE}{_DIGIT_HANZI}{{2,3}}|{_ONE_TO_NINE}百零?{_ONE_TO_NINE}十?{_ONE_TO_NINE}?)(?!{_DIGIT_HANZI})"
)
_ROOM = (
    f"(?:(?:{_ROOM_DIGITS}|{_ROOM_HANZI}) ?{_MARKED}|[1-9][0-9]?(?:0[1-9]|1[0-2])户(?![人居])"
    f"|[1-9][0-9]{{2,3}}(?![0-9]){_QUANTITY}|{_ROOM_HANZI}{_QUANTITY})"
    "(?: ?[、,/和] ?[1-9][0-9]{2,3}(?![0-9*]))?"
)
_DOOR = rf"(?:[东南西北中左右]边?户|[0-9]{{1,2}} ?{_MARKED}|0[1-9](?![0-9:.点]))"
_INNER = rf"(?:{_UNIT}{_BETWEEN}(?:{_FLOOR}{_BETWEEN})?(?:{_ROOM}|{_DOOR})|{_FLOOR}{_BETWEEN}(?:{_ROOM}|{_DOOR}))"
_SHORT_NUMBER = f"(?:[0-9]{{1,2}}|1[0-9]{{2}}|{_HANZI}{{1,3}})"
_AT_HOME = "(?:住|住在|家在|我家|我家在|地址|住址|房号|门牌|门牌号|楼号|号楼|业主|房间号)(?:是|在|:|：)? {0,2}"
_ADDRESSES = tuple(
    re.compile(form)
    for form in (
        rf"{_BUILDING}(?:{_INNER}|{_SHORT_NUMBER} ?- ?{_ROOM}|{_ROOM})",
        rf"{_INNER}",
        rf"(?<![0-9*-])(?<![0-9]\.)(?P<building>{_SHORT_NUMBER} ?#? ?- ?){_SHORT_NUMBER} ?- ?"
        rf"(?!(?:19|20)[0-9]{{2}}(?![0-9]))(?:{_ROOM_DIGITS}|{_ROOM_HANZI})(?![-0-9*])(?: ?{_MARKED})?",
        rf"{_AT_HOME}(?P<itself>(?P<building>[0-9A-Z]{{1,2}}-){_ROOM})",
        rf"{_AT_HOME}(?P<itself>{_ROOM_DIGITS} ?{_MARKED})",
        rf"(?<![0-9A-Z-])(?P<building>[0-9A-Z]{{1,3}}-){_ROOM_DIGITS} ?{_MARKED}",
        rf"(?<![0-9])(?P<building>[0-9]{{1,4}}号 ?){_ROOM_DIGITS} ?{_MARKED}",
    )
)

# Seven or eight digits without an area code are a phone only after a word that says so.
_LOCAL_LANDLINE = re.compile(
    "(?:电话|座机|固话|号码|家电|致电|拨打|联系)[^0-9*]{0,4}"
    "(?P<itself>(?![48]00)[2-8](?:[0-9]{2,3}[ -]?[0-9]{4}|[0-9]{3}[ -][0-9]{3}))(?![0-9-])"
)

_Form = tuple[Kind, re.Pattern[str]]
_WORDS: Sequence[_Form] = (
    ("landline", _LOCAL_LANDLINE),
    ("plate", _PLATE),
    *(("address", form) for form in _ADDRESSES),
)
_PLATE_GAPS = re.compile("[ .-]")

# One of these is in every text that holds something personal: most messages are let go here.
_HINT = re.compile(r"\d|[零〇一二三四五六七八九幺].*[零〇一二三四五六七八九幺户室]|[栋幢座楼单层]")
_SPOKEN_HINT = re.compile("[零〇○一二三四五六七八九幺么壹贰叁肆伍陆柒捌玖洞拐]")


@dataclass(frozen=True, slots=True)
class _Found:
    """Something personal, with what of it may be said: the building of an address."""

    kind: Kind
    start: int
    end: int
    kept: int = 0


def find_personal(text: str) -> tuple[Personal, ...]:
    """What is personal in a text, in its order, without overlaps. Never raises; its time grows with the length."""
    return tuple(Personal(found.kind, (found.start, found.end)) for found in _find(text))


def mask(text: str) -> str:
    """The text with what is personal hidden, but for what lets its owner know it: 138****5678, 3号楼****."""
    pieces, begin = [], 0
    for found in _find(text):
        words = text[found.start : found.end]
        pieces += [text[begin : found.start], _MASKS[found.kind](words, found.kept)]
        begin = found.end
    return "".join([*pieces, text[begin:]])


def _find(text: str) -> list[_Found]:
    if not _HINT.search(text):
        return []
    free = text.translate(_WIDTH)
    found = _search(free, _AS_WRITTEN)
    if _SPOKEN_HINT.search(free):
        found += _search(_without(free, found).translate(_SPOKEN), _AS_SPOKEN)
    found += _search(_without(free, found), _WORDS)
    return sorted(found, key=lambda one: one.start)


def _search(free: str, forms: Sequence[_Form]) -> list[_Found]:
    found: list[_Found] = []
    for kind, pattern in forms:
        hits = list(_hits(kind, pattern, free))
        free = _without(free, hits)
        found += hits
    return found


def _hits(kind: Kind, pattern: re.Pattern[str], free: str) -> Iterator[_Found]:
    groups = pattern.groupindex
    checked, itself = groups.get("number", 0), groups.get("itself", 0)
    check = _CHECKS.get(kind)
    for hit in pattern.finditer(free):
        if check is None or check(hit[checked]):
            start, end = hit.span(itself)
            yield _Found(kind, start, end, hit.end("building") - start if "building" in groups else 0)


def _without(free: str, found: Sequence[_Found]) -> str:
    """The text with a star for each character that is taken."""
    pieces, begin = [], 0
    for one in sorted(found, key=lambda one: one.start):
        pieces += [free[begin : one.start], "*" * (one.end - one.start)]
        begin = one.end
    return "".join([*pieces, free[begin:]])


def _digits(words: str) -> str:
    return _NO_DIGITS.sub("", words.translate(_WIDTH).translate(_SPOKEN))


def _mask_mobile(words: str, _: int) -> str:
    digits = _digits(words)
    return f"{digits[-11:-8]}****{digits[-4:]}"


def _mask_landline(words: str, _: int) -> str:
    digits = _digits(words)
    area = _AREA_NUMBER.match(digits)
    return f"0{area['area']}-****{digits[-3:]}" if area else f"****{digits[-3:]}"


def _mask_id_card(words: str, _: int) -> str:
    digits = _digits(words)
    return f"{digits[:3]}{'*' * (len(digits) - 7)}{digits[-4:]}"


def _mask_bank_card(words: str, _: int) -> str:
    digits = _digits(words)
    return f"{digits[:4]}****{digits[-4:]}"


def _mask_plate(words: str, _: int) -> str:
    signs = _PLATE_GAPS.sub("", words.translate(_WIDTH))
    return f"{signs[:2]}{'*' * (len(signs) - 4)}{signs[-2:]}"


def _mask_address(words: str, kept: int) -> str:
    return f"{words[:kept].rstrip()}****"


_MASKS: Mapping[Kind, Callable[[str, int], str]] = {
    "mobile": _mask_mobile,
    "landline": _mask_landline,
    "id_card": _mask_id_card,
    "bank_card": _mask_bank_card,
    "plate": _mask_plate,
    "address": _mask_address,
}
