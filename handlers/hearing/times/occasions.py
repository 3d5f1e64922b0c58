"""Holidays and lunar days: 元旦, 春节, 清明, 腊月二十三, 大年初三."""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta

from handlers.hearing.numerals import to_int
from handlers.hearing.times.lookalikes import (
    AFTER_GREETED_HOLIDAY,
    AFTER_HOLIDAY,
    AFTER_NUMBER_HOLIDAY,
    SURNAMES,
)
from handlers.hearing.times.lunar import SOLAR_TERMS, last_day_of_lunar_year, lunar_day, next_lunar_day, solar_term
from handlers.hearing.times.months import YEAR, YEAR_STARTS, next_weekday, valid_date, year_said
from handlers.hearing.times.pieces import HANZI, NUMBER, NUMERALS, Clearness, Days, any_of, reader

# Names with the same month and day every year.
_SOLAR = {
    ("元旦", "元旦节"): (1, 1),
    ("情人节",): (2, 14),
    ("学雷锋日", "学雷锋纪念日", "雷锋日"): (3, 5),
    ("三八节", "三八妇女节", "妇女节", "三八国际妇女节", "三八国际劳动妇女节"): (3, 8),
    ("植树节",): (3, 12),
    ("消费者权益日", "消费者日"): (3, 15),
    ("愚人节",): (4, 1),
    ("世界读书日", "读书日"): (4, 23),
    ("劳动节", "五一劳动节", "五一国际劳动节", "五一节"): (5, 1),
    ("青年节", "五四青年节"): (5, 4),
    ("护士节",): (5, 12),
    ("儿童节", "六一儿童节", "六一国际儿童节", "六一节"): (6, 1),
    ("建党节", "七一建党节", "建党日"): (7, 1),
    ("建军节", "八一建军节"): (8, 1),
    ("全民健身日",): (8, 8),
    ("教师节",): (9, 10),
    ("烈士纪念日",): (9, 30),
    ("国庆", "国庆节", "十一国庆", "十一国庆节", "十一假期", "十一长假", "十一黄金周", "十一期间"): (10, 1),
    ("双十一",): (11, 11),
    ("国际志愿者日", "志愿者日"): (12, 5),
    ("双十二",): (12, 12),
    ("国家公祭日", "公祭日"): (12, 13),
    ("平安夜",): (12, 24),
    ("圣诞", "圣诞节"): (12, 25),
}
# Names that are numbers, and so the beginning of many other words.
_NUMBERS = {"五一": (5, 1), "六一": (6, 1), "七一": (7, 1), "八一": (8, 1)}
_LUNAR = {
    ("春节",): (1, 1),
    ("元宵", "元宵节", "上元节"): (1, 15),
    ("龙抬头",): (2, 2),
    ("端午", "端午节", "端阳节"): (5, 5),
    ("七夕", "七夕节"): (7, 7),
    ("中元节",): (7, 15),
    ("中秋", "中秋节"): (8, 15),
    ("重阳", "重阳节", "敬老节", "老人节", "老年节"): (9, 9),
    ("寒衣节",): (10, 1),
    ("下元节",): (10, 15),
    ("腊八", "腊八节"): (12, 8),
    ("小年", "小年夜"): (12, 23),
}
# Month, which one, weekday.
_NTH = {("母亲节",): (5, 2, 6), ("父亲节",): (6, 3, 6), ("感恩节",): (11, 4, 3)}
_EVE = ("除夕", "除夕夜", "大年三十", "年三十", "大年夜", "年三十晚上")

# Lunar days that people name by two numbers alone; other such pairs are of the solar calendar.
_FESTIVE = ("二月二", "三月三", "六月六", "七月七", "七月十五", "七月半", "八月十五", "九月九")
_LUNAR_MONTHS = {"正": 1, "冬": 11, "腊": 12, "大年": 1, "年": 1}

_Occurrence = Callable[[int], date | None]  # of a year: when it falls in it


def _solar(month: int, day: int) -> _Occurrence:
    return lambda year: valid_date(year, month, day)


def _lunar(month: int, day: int) -> _Occurrence:
    return lambda year: lunar_day(year, month, day)


def _term(name: str) -> _Occurrence:
    return lambda year: solar_term(name, year)


def _nth(month: int, ordinal: int, weekday: int) -> _Occurrence:
    return lambda year: next_weekday(weekday, date(year, month, 1)) + timedelta(weeks=ordinal - 1)


def _by_name() -> dict[str, _Occurrence]:
    tables: tuple[tuple[tuple[str, ...], _Occurrence], ...] = (
        *((names, _solar(*when)) for names, when in _SOLAR.items()),
        *(((name,), _solar(*when)) for name, when in _NUMBERS.items()),
        *((names, _lunar(*when)) for names, when in _LUNAR.items()),
        *((names, _nth(*when)) for names, when in _NTH.items()),
        *(((name, name + "节"), _term(name)) for name in SOLAR_TERMS),
        (_EVE, last_day_of_lunar_year),
    )
    return {name: occurrence for names, occurrence in tables for name in names}


_HOLIDAYS = _by_name()


def _read_holiday(match: re.Match[str], now: datetime, after: date) -> Days | None:
    return _find(_HOLIDAYS[match["name"]], year_said(match["year"], now), after, Clearness.OCCASION)


def _read_lunar(match: re.Match[str], now: datetime, after: date) -> Days | None:
    said = match.groupdict()
    month_said = said["month"] or said.get("new_year") or ""
    month = _LUNAR_MONTHS.get(month_said) or to_int(month_said)
    day = 15 if said["day"] == "半" else to_int((said["day"] or "").removeprefix("初"))
    if month is None or day is None:
        return None
    occurrence = _lunar_occurrence(month, day, leap=bool(said.get("leap")))
    return _find(occurrence, year_said(said.get("year"), now), after, Clearness.DAY)


def _read_lunar_end(match: re.Match[str], _now: datetime, after: date) -> Days | None:
    day = next_lunar_day(to_int(match["day"]) or 0, after)
    return Days(day, day, bare=True) if day else None


def _lunar_occurrence(month: int, day: int, *, leap: bool) -> _Occurrence:
    if (month, day) == (12, 30):  # people say 腊月三十 for the eve, in years without a 30th too
        return last_day_of_lunar_year
    return lambda year: lunar_day(year, month, day, leap=leap)


def _find(occurrence: _Occurrence, year: int | None, after: date, clearness: Clearness) -> Days | None:
    """The occurrence in a year that was named, else the next. A lunar year ends in the next solar one."""
    if year is not None:
        days = (day for lunar_year in (year - 1, year) if (day := occurrence(lunar_year)) and day.year == year)
        day = next(days, None)
        return Days(day, day, clearness) if day else None
    for candidate in range(after.year - 1, after.year + 20):  # a month that comes twice is rare
        day = occurrence(candidate)
        if day and day >= after:
            return Days(day, day, clearness, bare=True)
    return None


_YEAR = f"(?:{YEAR}的?)?"
_NAME_STARTS = YEAR_STARTS + "".join(name[0] for name in _HOLIDAYS if name not in _NUMBERS)
_NUMBER_STARTS = YEAR_STARTS + "五六七八"
_NAMES = [name for name in _HOLIDAYS if name not in _NUMBERS]
_NUMBER_NAMES = any_of(_NUMBERS)
_NO_PLACE = f"(?!节?{any_of(AFTER_HOLIDAY)}|节?{any_of(AFTER_GREETED_HOLIDAY)})"
_LUNAR_DAY = (
    "初[一二三四五六七八九十]|二十[一二三四五六七八九]?|廿[一二三四五六七八九]?|十[一二三四五六七八九]?|三十|卅"
)
_NO_HOUR = f"(?!{HANZI}|[点月个.0-9])"
_CALENDAR = "(?:农历|阴历|旧历|老历|夏历)"

READERS = (
    reader("holiday", _NAME_STARTS, f"{_YEAR}(?<![{SURNAMES}])(?P<name>{any_of(_NAMES)}){_NO_PLACE}", _read_holiday),
    reader(
        "number_holiday",
        _NUMBER_STARTS,
        f"{_YEAR}(?P<name>{_NUMBER_NAMES}){_NO_PLACE}(?!{any_of(AFTER_NUMBER_HOLIDAY)})(?!{HANZI}(?!{HANZI}?点))",
        _read_holiday,
    ),
    reader(
        "lunar_calendar",
        "农阴旧老夏",
        f"{_CALENDAR}{_YEAR}的?(?P<leap>闰)?(?P<month>[正冬腊]|{NUMBER})[月.]"
        f"(?P<day>{_LUNAR_DAY}|[0-9]{{1,2}}|[一二三四五六七八九]){_NO_HOUR}[日号]?",
        _read_lunar,
    ),
    reader(
        "lunar_month",
        YEAR_STARTS + "正冬腊大年",
        f"{_YEAR}(?:(?P<month>[正冬腊])月|(?<![今明去后前每本半新学0-9])(?P<new_year>大?年)(?=初))"
        f"(?P<day>{_LUNAR_DAY}|[0-9]{{1,2}}){_NO_HOUR}[日号]?",
        _read_lunar,
    ),
    reader(
        "lunar_first_days",
        "闰" + NUMERALS,
        f"(?P<leap>闰)?(?P<month>{HANZI}{{1,2}})月(?P<day>初[一二三四五六七八九十])",
        _read_lunar,
    ),
    # 正月初一到初五; 初五 by itself could be a school grade, as 初三 is
    reader(
        "lunar_end",
        "初",
        "(?<=[月年]初[一二三四五六七八九十][到至~-])初(?P<day>[一二三四五六七八九十])",
        _read_lunar_end,
        leans=True,
    ),
    reader(
        "festive",
        NUMERALS,
        f"(?={any_of(_FESTIVE)}(?![日号0-9]|{HANZI}))(?P<month>{HANZI})月(?P<day>十五|半|{HANZI})",
        _read_lunar,
    ),
)
