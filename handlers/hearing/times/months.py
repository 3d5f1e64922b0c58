"""Days told by number: 12月5日, 5号, 12/5, 月底, 下个月第一个周六."""

import calendar
import re
from dataclasses import replace
from datetime import date, datetime, timedelta

from handlers.hearing.numerals import to_int
from handlers.hearing.times.lookalikes import (
    AFTER_DAY_CHARACTER,
    AFTER_NUMBER,
    AFTER_SEPARATED_DATE,
    AFTER_SHARE,
    BEFORE_NUMBER,
    BEFORE_SEPARATED_DATE,
)
from handlers.hearing.times.pieces import (
    DIGITS,
    HANZI,
    NEXT,
    NUMBER,
    NUMERALS,
    PAST,
    THIS,
    THROUGH,
    WEEK,
    Clearness,
    Days,
    any_of,
    reader,
)

WEEKDAYS = {word: number for number, word in enumerate("一二三四五六日")} | {"天": 6}
WEEKDAYS |= {str(number + 1): number for number in range(7)}
_SATURDAY = 5

_FROM_THIS_YEAR = {"前年": -2, "去年": -1, "今年": 0, "明年": 1, "后年": 2}
_FROM_THIS_MONTH = {"上": -1, "这": 0, "本": 0, "当": 0, "下": 1, "下下": 2}
_LAST = -1
_ORDINALS = {"一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "头一": 1, "最后一": _LAST, "最后": _LAST}
_ORDINALS |= {str(number): number for number in range(1, 6)}

YEAR = f"(?P<year>20[0-9]{{2}}年|[23][0-9]年|[二两][〇零]{HANZI}{{2}}年|{any_of(_FROM_THIS_YEAR)})"
YEAR_STARTS = NUMERALS + "今明后去前"


def next_weekday(weekday: int, after: date) -> date:
    """The first such day on or after a date; Monday is 0."""
    return after + timedelta(days=(weekday - after.weekday()) % 7)


def add_months(day: date, months: int) -> date:
    """The same day so many months on, or the last of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, _length(year, month + 1)))


def year_said(text: str | None, now: datetime) -> int | None:
    """The year of 2026年, 26年, 二〇二六年 or 明年."""
    if not text:
        return None
    if text in _FROM_THIS_YEAR:
        return now.year + _FROM_THIS_YEAR[text]
    year = to_int(text.removesuffix("年"))
    return year + 2000 if year is not None and year < 100 else year


def valid_date(year: int, month: int, day: int) -> date | None:
    return date(year, month, day) if 1 <= month <= 12 and 1 <= day <= _length(year, month) else None


def next_month_day(month: int, day: int, after: date) -> date | None:
    """The first 5 December, say, on or after a date. The 29th of February may be eight years off."""
    for year in range(after.year, after.year + 9):
        found = valid_date(year, month, day)
        if found and found >= after:
            return found
    return None


def _read_full_date(match: re.Match[str], _now: datetime, _after: date) -> Days | None:
    return _one_day(valid_date(int(match["year"]), int(match["month"]), int(match["day"])))


def _read_separated(match: re.Match[str], _now: datetime, after: date) -> Days | None:
    return _one_day(next_month_day(int(match["month"]), int(match["day"]), after), bare=True)


def _read_bare_day(match: re.Match[str], _now: datetime, after: date) -> Days | None:
    day = to_int(match["day"])
    if day is None or not 1 <= day <= 31:
        return None
    month = after.replace(day=1)
    while not (found := valid_date(month.year, month.month, day)) or found < after:
        month = add_months(month, 1)
    return Days(found, found, bare=True, recurs=True)


def _read_beginning(match: re.Match[str], now: datetime, after: date) -> Days | None:
    days = _read_bare_day(match, now, after)
    return replace(days, unfinished=True) if days else None


def _read_in_month(match: re.Match[str], now: datetime, after: date) -> Days | None:
    """Words that begin with a month: which months they may mean is one question, which day of it another."""
    said = match.groupdict()
    whose, month = said.get("whose"), to_int(said["month"]) if said.get("month") else None
    if month is not None and not 1 <= month <= 12:
        return None
    year = year_said(said.get("year"), now)
    if whose and not whose.startswith("每"):
        months = [add_months(now.date().replace(day=1), _FROM_THIS_MONTH[whose])]
    elif month and year:
        months = [date(year, month, 1)]
    elif month:
        months = [date(year, month, 1) for year in range(after.year, after.year + 9)]
    else:
        months = [add_months(after.replace(day=1), more) for more in range(13)]
    found = (_days_in_month(first, said) for first in months)
    if len(months) == 1:
        return next(found)
    return next((replace(days, bare=True) for days in found if days and days.last >= after), None)


def _days_in_month(first: date, said: dict[str, str | None]) -> Days | None:
    """The days that the words after the month tell of, in the month that begins with `first`."""
    length = _length(first.year, first.month)
    if day := said.get("day"):
        return _one_day(valid_date(first.year, first.month, to_int(day) or 0))
    if ordinal := said.get("ordinal"):
        return _nth_weekday(first, _ORDINALS[ordinal.removeprefix("第").removesuffix("个")], said["weekday"] or "")
    match said.get("portion"):
        case "底" | "末":
            return _one_day(first.replace(day=length))
        case "初":
            return _one_day(first)
        case "上旬":
            return Days(first, first.replace(day=10))
        case "中旬":
            return Days(first.replace(day=11), first.replace(day=20))
        case "下旬":
            return Days(first.replace(day=21), first.replace(day=length))
        case _:
            return Days(first, first.replace(day=length), Clearness.BROAD)


def _nth_weekday(first: date, ordinal: int, weekday: str) -> Days | None:
    """第二个周六 of the month; a weekend is its Saturday and the Sunday after it, even of the next month."""
    number = _SATURDAY if weekday == "末" else WEEKDAYS[weekday]
    day = next_weekday(number, first) + timedelta(weeks=ordinal - 1)
    if ordinal == _LAST:
        day = next_weekday(number, first.replace(day=_length(first.year, first.month) - 6))
    if day.month != first.month:
        return None
    return Days(day, day + timedelta(days=1)) if weekday == "末" else Days(day, day)


def _read_year_end(match: re.Match[str], now: datetime, after: date) -> Days:
    year = year_said(match["year"], now) or after.year
    return Days(date(year, 12, 31), date(year, 12, 31))


def _one_day(day: date | None, *, bare: bool = False) -> Days | None:
    return Days(day, day, bare=bare) if day else None


def _length(year: int, month: int) -> int:
    return calendar.monthrange(year, month)[1]


# 3号2单元, 3号301: the rest of an address.
_NO_ADDRESS = f"(?!{any_of(AFTER_NUMBER)}|[0-9]{{3}}|-?{NUMBER}(?:单元|栋|幢|号楼|-[0-9])|[A-Za-z])"
_DAY_SIGN = f"(?:号{_NO_ADDRESS}|日(?!{any_of(AFTER_DAY_CHARACTER)}))"
_DAY_AHEAD = f"(?=(?:{THROUGH}|[、和]){NUMBER}{_DAY_SIGN})"  # the 5 of 5-7号
# After 12月5 without 号: what would make the 5 something else. Words as 二十五 are days by themselves.
_NO_COUNT = "(?![0-9点:元块%个人次万千百.年岁斤号日月户票份楼栋条时分米周小])"
_DAY = (
    f"(?:(?P<day>{NUMBER}(?={_DAY_SIGN}|{THROUGH}{NUMBER}{_DAY_SIGN})|[0-9]{{1,2}}{_NO_COUNT}"
    f"|(?:[二三]?十|廿|卅)[一二三四五六七八九]?(?!{HANZI}){_NO_COUNT})[号日]?)"
)
_WHICH_WEEKDAY = f"(?P<ordinal>第[一二三四五1-5]个?|头一个|最后一?个?){WEEK}(?P<weekday>[一二三四五六日天末])"
_PORTION = "(?P<portion>底|末|初(?![一二三四五六七八九十])|[上中下]旬)"
_WHOSE = f"(?P<whose>每|{NEXT}下?|{PAST}|{THIS}|当)个?"
_MONTH = f"(?<![0-9〇零一二三四五六七八九]年)(?:(?:{YEAR}的?)?(?P<month>{NUMBER})|{_WHOSE})月份?"

_SEPARATED = "(?P<month>1[0-2]|0?[1-9]){}(?P<day>3[01]|[12][0-9]|0?[1-9])"
_NO_SHARE = f"(?!的?{any_of(AFTER_SHARE)}|以[上下内]|左右|多|强)"
_DATE_ENDS = f"(?=$|[^\\w./%:+*=>&^°-]|{any_of(AFTER_SEPARATED_DATE)}|日|号{_NO_ADDRESS})"
_DATE_GOES_ON = f"(?=[-~][0-9]{{1,2}}(?:[./][0-9]{{1,2}}(?![0-9./])|{_DAY_SIGN}))"

READERS = (
    reader(
        "full_date",
        "2",
        "(?<![0-9A-Za-z])(?P<year>20[0-9]{2})[-/.](?P<month>[0-9]{1,2})[-/.](?P<day>[0-9]{1,2})(?![0-9])[号日]?",
        _read_full_date,
    ),
    reader(
        "separated_date",
        DIGITS,
        f"(?<![{BEFORE_SEPARATED_DATE}])(?:{_SEPARATED.format('[/.]')}(?:{_NO_SHARE}{_DATE_ENDS}|{_DATE_GOES_ON}))",
        _read_separated,
    ),
    reader(
        "dashed_date",
        DIGITS,
        f"(?<![{BEFORE_SEPARATED_DATE}-])(?:{_SEPARATED.format('-')}{_NO_SHARE}{_DATE_ENDS})(?!号)",
        _read_separated,
    ),
    reader(
        "in_month",
        YEAR_STARTS + "每下上这本当",
        f"{_MONTH}(?:的?(?:{_DAY}|{_WHICH_WEEKDAY}|{_PORTION}))?(?!怀胎|天|{NUMBER}号)",
        _read_in_month,
    ),
    reader("nth_weekday", "第头最", _WHICH_WEEKDAY, _read_in_month),
    reader(
        "month_portion", "月", "(?<![岁满包蜜每弥个])月(?P<portion>底|末|初(?![一二三四五六七八九十]))", _read_in_month
    ),
    reader("year_end", YEAR_STARTS + "年", f"(?:{YEAR})?年[底末]", _read_year_end),
    reader("day_of_month", NUMERALS, f"(?<![{BEFORE_NUMBER}])(?P<day>{NUMBER}){_DAY_SIGN}", _read_bare_day),
    reader("beginning_of_days", NUMERALS, f"(?<![{BEFORE_NUMBER}])(?P<day>{NUMBER}){_DAY_AHEAD}", _read_beginning),
)
