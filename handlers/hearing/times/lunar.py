"""The Chinese calendar in numbers: lunar days and the solar terms that people make dates by.

Facts, not code, of the Hong Kong Observatory's conversion tables. `lunardate`, the usual library, is GPL; a
hundred numbers that will not change are no reason for another dependency. Compared day by day with `borax`
and with `lunar_python` (which calculates): both agree, but for months of 2089 and 2097 on which they differ.
"""

from datetime import date, timedelta
from functools import lru_cache

FIRST_YEAR = 2000
LAST_YEAR = 2099

# One word a lunar year. Bits 15 to 4: months 1 to 12, set for 30 days, else 29.
# Bits 3 to 0: the month that comes twice, or 0; bit 16: its second coming has 30 days.
# fmt: off
_YEARS = (
    0x0C960, 0x0D954, 0x0D4A0, 0x0DA50, 0x07552, 0x056A0, 0x0ABB7, 0x025D0, 0x092D0, 0x0CAB5,  # 2000
    0x0A950, 0x0B4A0, 0x0BAA4, 0x0AD50, 0x055D9, 0x04BA0, 0x0A5B0, 0x15176, 0x052B0, 0x0A930,  # 2010
    0x07954, 0x06AA0, 0x0AD50, 0x05B52, 0x04B60, 0x0A6E6, 0x0A4E0, 0x0D260, 0x0EA65, 0x0D530,  # 2020
    0x05AA0, 0x076A3, 0x096D0, 0x04AFB, 0x04AD0, 0x0A4D0, 0x1D0B6, 0x0D250, 0x0D520, 0x0DD45,  # 2030
    0x0B5A0, 0x056D0, 0x055B2, 0x049B0, 0x0A577, 0x0A4B0, 0x0AA50, 0x1B255, 0x06D20, 0x0ADA0,  # 2040
    0x14B63, 0x09370, 0x049F8, 0x04970, 0x064B0, 0x168A6, 0x0EA50, 0x06B20, 0x1A6C4, 0x0AAE0,  # 2050
    0x092E0, 0x0D2E3, 0x0C960, 0x0D557, 0x0D4A0, 0x0DA50, 0x05D55, 0x056A0, 0x0A6D0, 0x055D4,  # 2060
    0x052D0, 0x0A9B8, 0x0A950, 0x0B4A0, 0x0B6A6, 0x0AD50, 0x055A0, 0x0ABA4, 0x0A5B0, 0x052B0,  # 2070
    0x0B273, 0x06930, 0x07337, 0x06AA0, 0x0AD50, 0x14B55, 0x04B60, 0x0A570, 0x054E4, 0x0D160,  # 2080
    0x0E968, 0x0D520, 0x0DAA0, 0x16AA6, 0x056D0, 0x04AE0, 0x0A9D4, 0x0A2D0, 0x0D150, 0x0F252,  # 2090
)
# fmt: on
_NEW_YEAR_2000 = date(2000, 2, 5)

# Month, and the constant of the 21st century's formula for the day: floor(0.2422 y + c) - floor(y / 4).
_TERMS = {
    "立春": (2, 3.87),
    "春分": (3, 20.646),
    "清明": (4, 4.81),
    "立夏": (5, 5.52),
    "夏至": (6, 21.37),
    "立秋": (8, 7.5),
    "秋分": (9, 23.042),
    "立冬": (11, 7.438),
    "冬至": (12, 21.94),
}
_TERM_CORRECTIONS = {("立秋", 2002): 1, ("冬至", 2021): -1, ("立冬", 2089): 1}  # where the formula is a day off

SOLAR_TERMS = tuple(_TERMS)


def lunar_day(year: int, month: int, day: int, *, leap: bool = False) -> date | None:
    """The date of a lunar day; None if there is no such day or the year is outside 2000 to 2099.

    `leap` asks for the month's second coming. Day 30 of a month of 29 days does not exist.
    """
    starts = _month_starts(year)
    if starts is None or not 1 <= month <= 12:
        return None
    start, length = starts.get((month, leap), (None, 0))
    return start + timedelta(days=day - 1) if start and 1 <= day <= length else None


def last_day_of_lunar_year(year: int) -> date | None:
    """除夕, the eve of the next lunar year: the 29th or the 30th of the twelfth month."""
    next_year = lunar_day(year + 1, 1, 1)
    return next_year - timedelta(days=1) if next_year else None


def next_lunar_day(day: int, after: date) -> date | None:
    """The first such day of any lunar month on or after a date."""
    for year in (after.year - 1, after.year):
        for start, length in (_month_starts(year) or {}).values():
            found = start + timedelta(days=day - 1)
            if 1 <= day <= length and found >= after:
                return found
    return None


def solar_term(name: str, year: int) -> date | None:
    """The date of one of `SOLAR_TERMS` in a year of 2001 to 2099, else None."""
    if not FIRST_YEAR < year <= LAST_YEAR:
        return None
    month, constant = _TERMS[name]
    years = year - 2000
    leap_days = (years - 1 if month == 2 else years) // 4
    return date(year, month, int(0.2422 * years + constant) - leap_days + _TERM_CORRECTIONS.get((name, year), 0))


@lru_cache(maxsize=16)
def _month_starts(year: int) -> dict[tuple[int, bool], tuple[date, int]] | None:
    """First day and length of each month of a lunar year, by (month, its second coming?)."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return None
    start = _NEW_YEAR_2000 + timedelta(days=sum(_days_in(word) for word in _YEARS[: year - FIRST_YEAR]))
    starts: dict[tuple[int, bool], tuple[date, int]] = {}
    for month, leap, length in _months(_YEARS[year - FIRST_YEAR]):
        starts[month, leap] = (start, length)
        start += timedelta(days=length)
    return starts


def _months(word: int) -> list[tuple[int, bool, int]]:
    months = [(month, False, 29 + (word >> (16 - month) & 1)) for month in range(1, 13)]
    if leap := word & 0xF:
        months.insert(leap, (leap, True, 29 + (word >> 16 & 1)))
    return months


def _days_in(word: int) -> int:
    return sum(length for _, _, length in _months(word))
