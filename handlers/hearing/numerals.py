"""Chinese numerals as people type them: 三, 十五, 廿三, 卅, 两百零五, 二〇二六, 壹, 3十, １２."""

import re

_DIGITS = {
    **{character: str(value) for value, character in enumerate("零一二三四五六七八九")},
    **{character: str(value) for value, character in enumerate("０１２３４５６７８９")},
    **{character: str(value) for value, character in enumerate("零壹贰叁肆伍陆柒捌玖")},
    **dict.fromkeys("〇○", "0"),
    **dict.fromkeys("两兩", "2"),
    "貳": "2",
    "叄": "3",
    "陸": "6",
}
_UNITS = {"拾": "十", "佰": "百", "仟": "千", "萬": "万", "廿": "2十", "卄": "2十", "卅": "3十", "卌": "4十"}
_TO_PLAIN = str.maketrans(_DIGITS | _UNITS)

# What a numeral may be made of; a run of these is not yet a number.
NUMERAL_CHARACTERS = frozenset("0123456789十百千万") | frozenset(_DIGITS) | frozenset(_UNITS)

_LONGEST = 20  # No count, date or room is longer, and int() of an endless run is slow.
_RUN = re.compile(f"[{''.join(sorted(NUMERAL_CHARACTERS))}]{{1,{_LONGEST}}}")
_BELOW_TEN_THOUSAND = re.compile(r"(?:([0-9]?)千)?(0?)(?:([0-9]?)百)?(0?)(?:([0-9]?)十)?([0-9]?)")
_HALVES = re.compile(r"(.{1,10}?)个半")
_DECIMAL = re.compile(r"([0-9]{1,6})[.点]([0-9])")


def to_int(text: str) -> int | None:
    """The whole number that `text`, all of it, stands for; None if it is no numeral.

    Digits without units are read one by one (五〇一 → 501), a last digit after 百 or 千 as people mean it
    (一百五 → 150), and a half-typed mix as it sounds (3十 → 30).
    """
    if not 0 < len(text) <= _LONGEST:
        return None
    plain = text.translate(_TO_PLAIN)
    if plain.isascii():
        return int(plain) if plain.isdigit() else None
    above, ten_thousand, below = plain.rpartition("万")
    if not ten_thousand:
        return _below_ten_thousand(plain)
    high = _below_ten_thousand(above)
    low = _below_ten_thousand(below) if below else 0
    if high is None or low is None:
        return None
    return high * 10_000 + (low * 1_000 if len(below) == 1 else low)


def _below_ten_thousand(plain: str) -> int | None:
    if plain.isascii() and plain.isdigit():
        return int(plain)
    match = _BELOW_TEN_THOUSAND.fullmatch(plain)
    if match is None or not plain:
        return None
    thousands, gap, hundreds, second_gap, tens, ones = match.groups()
    total = 0
    for digit, worth in ((thousands, 1000), (hundreds, 100), (tens, 10)):
        if digit is not None:
            total += worth * int(digit or 1)
    if ones and tens is None and not gap and not second_gap:  # 一百五 is 150, 一百零五 is 105
        return total + int(ones) * (10 if hundreds is not None else 100)
    return total + int(ones or 0)


def to_amount(text: str) -> float | None:
    """Like `to_int`, but for what can be halved: 半, 两个半, 1.5, 一点五."""
    if text == "半":
        return 0.5
    if halves := _HALVES.fullmatch(text):
        whole = to_int(halves[1])
        return None if whole is None else whole + 0.5
    if decimal := _DECIMAL.fullmatch(text.translate(_TO_PLAIN)):
        return int(decimal[1]) + int(decimal[2]) / 10
    return to_int(text)


def read_number(text: str, position: int = 0) -> tuple[int, int] | None:
    """The number that begins at `position`, with the position after it; None if there is none.

    Takes the longest run that is a numeral: from 3十号 it takes 30, from 十五六个 it takes 15.
    """
    run = _RUN.match(text, position)
    if run is None:
        return None
    for end in range(run.end(), position, -1):
        value = to_int(text[position:end])
        if value is not None:
            return value, end
    return None
