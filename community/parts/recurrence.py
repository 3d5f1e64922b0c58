"""Recurring days as the staff write them (每月第一个周六上午), and the days that they give on the working calendar.

`read` understands the words once; `days` then answers for any range, at a cost that depends on the range only.
What could be meant in two ways is refused: a wrong day on a rota sends people to a closed door.
"""

import re
import unicodedata
from calendar import monthrange
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import MAXYEAR, date, datetime, time, timedelta
from enum import Enum, auto
from typing import Literal

from dateutil.rrule import MO, MONTHLY, WEEKLY, rrule, weekday

from community.parts.festivals import FESTIVALS, festival_days
from community.parts.working_calendar import is_holiday, is_working_day, next_working_day

Reason = Literal[
    "unclear",  # no rule, or one that can be meant in two ways
    "no_days",  # 每年3月: the days are missing
    "no_such_day",  # 2月30日, 13月, 周八
    "no_such_hour",  # 25点, 上午14点
    "no_end",  # 下午2点: until when?
    "end_before_begin",
    "too_long",  # more than LONGEST_HOURS
]

DAY = timedelta(days=1)
LONGEST_HOURS = timedelta(hours=12)
DAYTIME = time(7), time(21)
EVERY_MONTH = tuple(range(1, 13))
EVERY_WEEKDAY = tuple(range(7))
SATURDAY, SUNDAY = 5, 6


class NotARule(ValueError):
    """These words are no rule; `reason` is the key of why."""

    def __init__(self, words: str, reason: Reason = "unclear") -> None:
        super().__init__(f"{reason}: {words}")
        self.words = words
        self.reason = reason


class OnHoliday(Enum):
    """What becomes of a day that falls on a holiday."""

    MOVE = auto()
    SKIP = auto()
    KEEP = auto()


@dataclass(frozen=True, slots=True)
class Hours:
    """From when to when, on one day."""

    begin: time
    end: time

    @property
    def at_night(self) -> bool:
        """Whether they reach out of the day, in which people may be asked to come."""
        return self.begin < DAYTIME[0] or self.end > DAYTIME[1]


# --- the rules. Weekdays count from Monday, 0; a negative number counts from the end of the month --------------


@dataclass(frozen=True, slots=True)
class Weekly:
    """每周二、周四, 每年3月每周六. With `every` above 1 (隔周) the first of its weekdays from the start on is in the
    first week."""

    weekdays: tuple[int, ...]
    every: int = 1
    months: tuple[int, ...] = EVERY_MONTH


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """每个工作日, worked weekends included."""


@dataclass(frozen=True, slots=True)
class MonthDays:
    """每月10日、20日. Days of the month mean days of the office."""

    days: tuple[int, ...]
    months: tuple[int, ...] = EVERY_MONTH


@dataclass(frozen=True, slots=True)
class NthWeekdays:
    """每月第一个周六."""

    nth: int
    weekdays: tuple[int, ...]
    months: tuple[int, ...] = EVERY_MONTH


@dataclass(frozen=True, slots=True)
class NthWeekend:
    """每月第一个周末: the month's n-th Saturday and the Sunday after it."""

    nth: int
    months: tuple[int, ...] = EVERY_MONTH


@dataclass(frozen=True, slots=True)
class NthWorkingDay:
    """每月第一个工作日."""

    nth: int
    months: tuple[int, ...] = EVERY_MONTH


@dataclass(frozen=True, slots=True)
class Festivals:
    """每年重阳节, 每年端午节、中秋节. These days off are meant."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DayOfYear:
    """12月9日 without a year: the next one on or after the start."""

    month: int
    day: int


@dataclass(frozen=True, slots=True)
class Dates:
    """Single days, each named by its date: a weekend among them is meant."""

    dates: tuple[date | DayOfYear, ...]


Rule = Weekly | WorkingDays | MonthDays | NthWeekdays | NthWeekend | NthWorkingDay | Festivals | Dates


@dataclass(frozen=True, slots=True)
class Recurrence:
    """What was read of `words`: the days of all its `rules`. `hours` None: the words name none."""

    words: str
    rules: tuple[Rule, ...]
    hours: Hours | None

    @property
    def skips(self) -> bool:
        """Whether some of its months or years lack the day: 每月31日, 每月第五个周三, 每年2月29日."""
        return any(_skips(rule) for rule in self.rules)

    @property
    def needs_start(self) -> bool:
        """Whether the start decides which days are meant: 隔周周三, or a date without a year."""
        return any(_needs_start(rule) for rule in self.rules)


@dataclass(frozen=True, slots=True)
class Course:
    """A recurrence from a day on, and what becomes of it on holidays."""

    recurrence: Recurrence
    start: date
    on_holiday: OnHoliday = OnHoliday.MOVE

    def days(self, first: date, last: date) -> "list[Day]":
        """See `days`."""
        return days(self.recurrence, first, last, start=self.start, on_holiday=self.on_holiday)

    def is_over(self, today: date) -> bool:
        """Whether there are only single dates, and none of them is left."""
        named = [rule for rule in self.recurrence.rules if isinstance(rule, Dates)]
        if len(named) < len(self.recurrence.rules):
            return False
        last = max(day for rule in named for day in _named(rule, self.start, self.start, self.start))
        return last < today and not self.days(today, last + _LONGEST_MOVE)


@dataclass(frozen=True, slots=True)
class Day:
    """A day on which it takes place, and the day that the rule names."""

    day: date
    planned: date


# --- from rules to days ---------------------------------------------------------------------------------------

# The longest holiday so far is ten days (Spring Festival 2020); what was planned earlier cannot move into a range.
_LONGEST_MOVE = timedelta(days=21)
_LEAP_YEAR = 2000


def days(
    recurrence: Recurrence, first: date, last: date, *, start: date, on_holiday: OnHoliday = OnHoliday.MOVE
) -> list[Day]:
    """The days from `first` to `last`, both included, in order, each once.

    Nothing is planned before `start`. What gives way to holidays: a statutory day off for every rule, and for days
    of the month (每月10日) an ordinary weekend too. Of several on one day the one planned for it is kept, or else the
    earliest planned: who hears that a day has moved can rely on it.
    """
    begin = max(start, first - _LONGEST_MOVE)
    found = {
        Day(day, planned)
        for rule in recurrence.rules
        for planned in _planned(rule, begin, last, start)
        if (day := _takes_place(rule, planned, on_holiday)) is not None and first <= day <= last
    }
    by_day: dict[date, Day] = {}
    for one in sorted(found, key=lambda one: (one.day, one.day != one.planned, one.planned)):
        by_day.setdefault(one.day, one)
    return list(by_day.values())


def overlaps(one: Course, other: Course, first: date, last: date) -> list[date]:
    """The days from `first` to `last` on which both take place at the same time; without hours it is all day."""
    if not _meet(one.recurrence.hours, other.recurrence.hours):
        return []
    days_of_one = {day.day for day in one.days(first, last)}
    return [day.day for day in other.days(first, last) if day.day in days_of_one]


def _meet(one: Hours | None, other: Hours | None) -> bool:
    return one is None or other is None or (one.begin < other.end and other.begin < one.end)


def _takes_place(rule: Rule, planned: date, on_holiday: OnHoliday) -> date | None:
    """The day on which what was planned takes place; None if it does not."""
    if on_holiday is OnHoliday.KEEP or not _gives_way(rule, planned):
        return planned
    return next_working_day(planned) if on_holiday is OnHoliday.MOVE else None


def _gives_way(rule: Rule, day: date) -> bool:
    match rule:
        case MonthDays():
            return not is_working_day(day)
        case WorkingDays() | NthWorkingDay() | Festivals():
            return False
        case _:
            return is_holiday(day)


def _planned(rule: Rule, begin: date, last: date, start: date) -> Iterator[date]:
    """The days that the rule names from `begin` to `last`. `begin` is not before `start`."""
    for day in _named(rule, begin, last, start):
        if begin <= day <= last:
            yield day


def _named(rule: Rule, begin: date, last: date, start: date) -> Iterable[date]:
    """At least the days that the rule names from `begin` to `last`."""
    match rule:
        case Weekly():
            return _weekly(rule, begin, last, start)
        case WorkingDays():
            return filter(is_working_day, (begin + DAY * offset for offset in range((last - begin).days + 1)))
        case MonthDays(numbers, months):
            return _dates(rrule(MONTHLY, _midnight(begin), bymonthday=numbers, bymonth=months, until=_midnight(last)))
        case NthWeekdays(nth, weekdays, months):
            return _nth_weekdays(nth, weekdays, months, begin, last)
        case NthWeekend(nth, months):
            saturdays = _nth_weekdays(nth, (SATURDAY,), months, begin - DAY, last)
            return (saturday + DAY * offset for saturday in saturdays for offset in range(2))
        case NthWorkingDay(nth, months):
            return _nth_working_days(nth, months, begin, last)
        case Festivals(names):
            return (day for name in names for day in festival_days(name, begin, last))
        case Dates(named):
            return (day if isinstance(day, date) else _next(day, start) for day in named)


def _weekly(rule: Weekly, begin: date, last: date, start: date) -> Iterator[date]:
    monday, months = _midnight(_first_monday(rule, begin, start)), rule.months
    return _dates(
        rrule(WEEKLY, monday, rule.every, wkst=MO, byweekday=rule.weekdays, bymonth=months, until=_midnight(last))
    )


def _first_monday(rule: Weekly, begin: date, start: date) -> date:
    """The Monday of the last week before `begin` that counts, or of the very first one."""
    first = min(start + DAY * ((number - start.weekday()) % 7) for number in rule.weekdays)
    monday = first - DAY * first.weekday()
    weeks = max(0, (begin - monday).days // 7)
    return monday + timedelta(weeks=weeks - weeks % rule.every)


def _nth_weekdays(
    nth: int, weekdays: tuple[int, ...], months: tuple[int, ...], begin: date, last: date
) -> Iterator[date]:
    wanted = [weekday(number, nth) for number in weekdays]
    return _dates(rrule(MONTHLY, _midnight(begin), byweekday=wanted, bymonth=months, until=_midnight(last)))


def _nth_working_days(nth: int, months: tuple[int, ...], begin: date, last: date) -> Iterator[date]:
    first_days = rrule(MONTHLY, _midnight(begin.replace(day=1)), bymonthday=1, bymonth=months, until=_midnight(last))
    for first in _dates(first_days):
        working = [day for number in range(_length(first)) if is_working_day(day := first + DAY * number)]
        yield working[nth if nth < 0 else nth - 1]


def _next(wanted: DayOfYear, start: date) -> date:
    """Eight years without a 29th of February are possible (1897 to 1903), more are not."""
    for year in range(start.year, min(start.year + 9, MAXYEAR + 1)):
        if wanted.day <= monthrange(year, wanted.month)[1]:
            day = date(year, wanted.month, wanted.day)
            if day >= start:
                return day
    raise OverflowError(wanted)


def _dates(moments: Iterable[datetime]) -> Iterator[date]:
    return (moment.date() for moment in moments)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())


def _length(month: date) -> int:
    return monthrange(month.year, month.month)[1]


def _skips(rule: Rule) -> bool:
    match rule:
        case MonthDays(numbers, months):
            shortest = min(28 if month == 2 else monthrange(_LEAP_YEAR, month)[1] for month in months)
            return max(numbers) > shortest
        case NthWeekdays(nth) | NthWeekend(nth):
            return abs(nth) == _MOST_WEEKDAYS
        case _:
            return False


def _needs_start(rule: Rule) -> bool:
    match rule:
        case Weekly(every=every):
            return every > 1
        case Dates(named):
            return any(isinstance(day, DayOfYear) for day in named)
        case _:
            return False


# --- from words to rules --------------------------------------------------------------------------------------


class _Wrong(Exception):
    """Reads like a rule and cannot be one."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


_LONGEST_WORDS = 200


def read(words: str) -> Recurrence:
    """The rule in these words. Raises `NotARule`, whose `reason` says what is wrong with them."""
    if len(words) > _LONGEST_WORDS:
        raise NotARule(words)
    try:
        day_words, hours = _split_hours(_plain(words))
        return Recurrence(words, _read_rules(day_words), hours)
    except _Wrong as wrong:
        raise NotARule(words, wrong.reason) from None


# --- one way of writing ---------------------------------------------------------------------------------------

_SIMPLIFIED = str.maketrans("週禮個號點兩後時鐘從與間單雙頭", "周礼个号点两后时钟从与间单双头")
_NUMERALS = "零〇一二三四五六七八九十两廿卅"
_WEEKDAYS = "一二三四五六日"

_SPACE_BETWEEN_NUMBERS = re.compile(rf"(?<=[0-9{_NUMERALS}])\s+(?=[0-9{_NUMERALS}])")
# In 周三十点 the 三 is the weekday's. In 周一三五 all are; in 周三四点 the 四 may be the hour's.
_WEEKDAY_OR_NUMERAL = re.compile(
    rf"周(?:末|[{_WEEKDAYS}天](?:[{_WEEKDAYS}天](?![{_NUMERALS}]*[点时:]))*)|[{_NUMERALS}]+"
)
_TENS = re.compile(r"([1-9]?)十([1-9]?)")

_REWRITES = tuple(
    (re.compile(pattern), better)
    for pattern, better in (
        (r"(?<=[0-9])号", "日"),
        (r"(?<=[0-9])时", "点"),
        (r"[的从钟]", ""),
        (r"以及|[和及与跟&]", "、"),
        (r";", ","),
        (r"[至到~\u2010-\u2015\u2212]+", "-"),
        (r"每?逢", "每"),
        (r"每日|天天", "每天"),
        (r"双休日", "周末"),
        (r"晚间|(?<!傍)晚(?!上)", "晚上"),
        (r"整天", "全天"),
        (r"月月?[底末]", "月最后1天"),
    )
)


def _plain(words: str) -> str:
    """Half width, simplified, digits for numerals, one word for each thing, no spaces but between two numbers."""
    text = unicodedata.normalize("NFKC", words).translate(_SIMPLIFIED).strip().rstrip("。.!,;")
    text = re.sub("星期|礼拜", "周", text)
    text = " ".join("".join(part.split()) for part in _SPACE_BETWEEN_NUMBERS.split(text))
    text = _WEEKDAY_OR_NUMERAL.sub(_weekday_or_digits, text)
    for pattern, better in _REWRITES:
        text = pattern.sub(better, text)
    return text


def _weekday_or_digits(found: re.Match[str]) -> str:
    return found[0].replace("天", "日") if found[0].startswith("周") else _digits(found[0])


def _digits(numeral: str) -> str:
    """三十一 → 31, 二〇二六 → 2026; what is no single number below 100 or a year stays as it is."""
    text = numeral.replace("廿", "二十").replace("卅", "三十").replace("两", "二").replace("〇", "零")
    text = text.translate({ord(sign): str(value) for value, sign in enumerate("零一二三四五六七八九")})
    if tens := _TENS.fullmatch(text):
        return f"{tens[1] or 1}{tens[2] or 0}"
    return text if text.isascii() and (len(text) in (1, 4) or text[0] == "0") else numeral


# --- the hours at the end -------------------------------------------------------------------------------------

_DEFAULT_HOURS = {
    "上午": Hours(time(9), time(11)),
    "下午": Hours(time(14), time(16)),
    "晚上": Hours(time(18, 30), time(20)),
    "全天": Hours(time(9), time(16)),  # from the morning's begin to the afternoon's end
}
_PERIOD = "上午|早上|早晨|早|中午|下午|傍晚|晚上"
_MINUTES = r":[0-9]{2}|点(?:半|整|[13]刻|[0-9]{1,2}分?)?"
_AT_END = re.compile(
    rf"(?P<days>.*?)"
    rf"(?:(?P<period>{_PERIOD})?(?<![0-9])(?P<hour>[0-9]{{1,2}})(?P<minutes>{_MINUTES})?"
    rf"(?:-(?P<end_period>{_PERIOD})?(?P<end_hour>[0-9]{{1,2}})(?P<end_minutes>{_MINUTES}))?"
    rf"|(?P<whole>{'|'.join(_DEFAULT_HOURS)}))"
)
_QUARTERS = {"": 0, "整": 0, "半": 30, "1刻": 15, "3刻": 45}


def _split_hours(text: str) -> tuple[str, Hours | None]:
    """The words for the days, and the hours that stand after them."""
    found = _AT_END.fullmatch(text)
    if found is None or not (found["whole"] or found["minutes"] or found["end_minutes"]):
        return text, None
    if found["whole"]:
        hours = _DEFAULT_HOURS[found["whole"]]
    elif found["end_hour"] is None:
        raise _Wrong("no_end")
    else:
        hours = _hours(found)
    return found["days"].rstrip(" ,"), hours


def _hours(found: re.Match[str]) -> Hours:
    """9-11点, 上午9点-11点半, 14:00-16:00. The end takes the begin's part of the day unless it has its own."""
    begin_hour, end_hour = int(found["hour"]), int(found["end_hour"])
    if not found["period"] and 1 <= begin_hour <= 6 and not found["hour"].startswith("0"):
        raise _Wrong("unclear")  # 2点-4点: in the afternoon, surely, or at night
    end_period = found["end_period"] or (found["period"] if end_hour <= 12 else None)
    begin = _time(found["period"], begin_hour, found["minutes"])
    end = _time(end_period, end_hour, found["end_minutes"])
    if end <= begin:
        raise _Wrong("end_before_begin")
    if _since_midnight(end) - _since_midnight(begin) > LONGEST_HOURS:
        raise _Wrong("too_long")
    return Hours(begin, end)


def _time(period: str | None, hour: int, minutes: str | None) -> time:
    words = (minutes or "")[1:].rstrip("分")
    minute = _QUARTERS[words] if words in _QUARTERS else int(words)
    hour = _hour_of_day(period, hour)
    if hour > 23 or minute > 59:
        raise _Wrong("no_such_hour")
    return time(hour, minute)


def _hour_of_day(period: str | None, hour: int) -> int:
    """By the clock of 24 hours. Raises where the part of the day has no such hour: 上午14点, 晚上1点."""
    match period:
        case None:
            return hour
        case "上午" | "早上" | "早晨" | "早":
            possible, read_as = range(13), hour
        case "中午":
            possible, read_as = range(11, 15), hour + 12 if hour < 3 else hour
        case "下午":
            possible, read_as = range(12, 24), hour + 12 if 1 <= hour < 12 else hour
        case _:
            possible, read_as = range(17, 24), hour + 12 if 1 <= hour < 12 else hour
    if read_as not in possible:
        raise _Wrong("no_such_hour")
    return read_as


def _since_midnight(moment: time) -> timedelta:
    return timedelta(hours=moment.hour, minutes=moment.minute)


# --- the days -------------------------------------------------------------------------------------------------

_WITHOUT_DAYS = re.compile(r"(?:每[0-9]?个?|隔)(?:周|月|季度?|年)|(?:每年)?(?P<months>(?:[0-9]{1,2}月、?)+)")
_DAYS_TOGETHER = re.compile(r"(?<=日)(?=[0-9第最])")


def _read_rules(text: str) -> tuple[Rule, ...]:
    text = _DAYS_TOGETHER.sub("、", text.replace(",", "、"))
    if found := _WITHOUT_DAYS.fullmatch(text):
        _month_numbers(found["months"] or "")
        raise _Wrong("no_days")
    for reader in (_read_every_day, _read_dates, _read_weekly, _read_festivals, _read_yearly, _read_monthly):
        if rules := reader(text):
            return rules
    raise _Wrong("unclear")


def _read_every_day(text: str) -> tuple[Rule, ...]:
    if text == "每天":
        return (Weekly(EVERY_WEEKDAY),)
    return (WorkingDays(),) if re.fullmatch("(?:每个?|每周)?工作日", text) else ()


_DATE = re.compile(
    r"(?P<iso_year>2[01][0-9]{2})[-/.](?P<iso_month>[0-9]{1,2})[-/.](?P<iso_day>[0-9]{1,2})日?"
    r"|(?:(?:(?P<year>2[01][0-9]{2})年)?(?P<month>[0-9]{1,2})月)?(?P<day>[0-9]{1,2})日?(?:-(?P<end>[0-9]{1,2})日)?"
)
_FIRST_DATE = re.compile(r"[0-9]{4}[-/.年]|[0-9]{1,2}月[0-9]")


def _read_dates(text: str) -> tuple[Rule, ...]:
    """2026年12月9日、16日, 2026-12-09, 12月9日-11日. A day without a month is in the month before it."""
    if not _FIRST_DATE.match(text):
        return ()
    dates: list[date | DayOfYear] = []
    for item in _items(text):
        found = _DATE.fullmatch(item)
        if found is None:
            return ()
        month, year = _month_of(found, dates[-1] if dates else None)
        numbers = _span(found["iso_day"] or found["day"], found["end"])
        dates.extend(_date(year, month, number) for number in numbers)
    return (Dates(tuple(dict.fromkeys(dates))),)


def _month_of(found: re.Match[str], previous: date | DayOfYear | None) -> tuple[int, int | None]:
    """The month and the year of a date, with what it takes from the date before it."""
    day = int(found["iso_day"] or found["day"])
    month = int(found["iso_month"] or found["month"] or (previous.month if previous else 0))
    year = int(found["iso_year"] or found["year"] or 0)
    if month == 0:
        raise _Wrong("no_such_day")
    if previous and not (found["iso_month"] or found["month"]) and day <= previous.day:
        raise _Wrong("unclear")  # 12月30日、2日
    if year or not isinstance(previous, date):
        return month, year or None
    turned = bool(found["month"]) and (month, day) < (previous.month, previous.day)  # 2026年12月30日、1月6日
    return month, previous.year + turned


def _date(year: int | None, month: int, number: int) -> date | DayOfYear:
    try:
        day = date(year or _LEAP_YEAR, month, number)
    except ValueError:
        raise _Wrong("no_such_day") from None
    return day if year else DayOfYear(month, number)


_WEEKS = re.compile(r"(?:(?P<other>每?隔1?个?周?)|每(?P<every>[2-9])个?周|每个?周|每个?)?(?=周)")
_WEEKDAY = re.compile(
    rf"(?P<weekend>周末)|周?(?P<days>[{_WEEKDAYS}]+|[0-9]{{1,2}})(?:-周?(?P<end>[{_WEEKDAYS}]|[0-9]{{1,2}}))?"
)
_NEXT_WEEKDAY = re.compile(r"(?<=[^、-])周")


def _read_weekly(text: str) -> tuple[Rule, ...]:
    """每周三, 每周二、四, 周一-周五, 每周末, 隔周周三, 每2周周五."""
    weeks = _WEEKS.match(text)
    if weeks is None:
        return ()
    every = 2 if weeks["other"] else int(weeks["every"] or 1)
    listed = text[weeks.end() :]
    weekdays = _weekdays(listed.replace("、每周", "、周") if every == 1 else listed)
    return (Weekly(weekdays, every),) if weekdays else ()


def _weekdays(text: str) -> tuple[int, ...]:
    """The weekdays in a list of them that begins with 周; none if it is no such list."""
    numbers: set[int] = set()
    for item in _NEXT_WEEKDAY.sub("、周", text).split("、"):
        found = _WEEKDAY.fullmatch(item)
        if found is None:
            return ()
        numbers.update(_weekdays_of(found))
    return tuple(sorted(numbers))


def _weekdays_of(found: re.Match[str]) -> Iterable[int]:
    if found["weekend"]:
        return SATURDAY, SUNDAY
    begins = [_weekday(found["days"])] if found["days"].isdigit() else [_weekday(sign) for sign in found["days"]]
    if not found["end"]:
        return begins
    end = _weekday(found["end"])
    if len(begins) > 1 or end <= begins[0]:
        raise _Wrong("unclear")  # 周五至周一
    return range(begins[0], end + 1)


def _weekday(sign: str) -> int:
    number = _WEEKDAYS.index(sign) if sign in _WEEKDAYS else int(sign) - 1
    if number not in EVERY_WEEKDAY:
        raise _Wrong("no_such_day")
    return number


_FESTIVALS = {
    _plain(name): festival
    for festival in FESTIVALS
    for name in (festival, festival.removesuffix("节"))
    if len(name) > 1
}


def _read_festivals(text: str) -> tuple[Rule, ...]:
    """每年重阳节, 每年端午、中秋."""
    names = re.sub("^每年?", "", text).replace("、每年", "、").split("、")
    if not text.startswith("每") or not set(names) <= _FESTIVALS.keys():
        return ()
    return (Festivals(tuple(_FESTIVALS[name] for name in names)),)


_MONTHS_OF_YEAR = re.compile(r"(?P<months>[0-9]{1,2}月(?:、?[0-9]{1,2}月)*)(?P<days>[^月]+?)(?:、(?=[0-9]{1,2}月)|$)")


def _read_yearly(text: str) -> tuple[Rule, ...]:
    """每年3月5日、10月1日, 每年3月、9月第1个周六, 每年3月每周末."""
    if not text.startswith("每年"):
        return ()
    rules: list[Rule] = []
    for found in _groups(_MONTHS_OF_YEAR, text.removeprefix("每年").replace("、每年", "、")):
        months = _month_numbers(found["months"])
        read_of_months = _read_month(found["days"], _Months(months, months)) or _read_weeks(found["days"], months)
        if not read_of_months:
            return ()
        rules.extend(read_of_months)
    return tuple(rules)


def _read_weeks(text: str, months: tuple[int, ...]) -> tuple[Rule, ...]:
    """每周六, 每个周末, 每天, in some months of the year."""
    if text == "每天":
        return (Weekly(EVERY_WEEKDAY, months=months),)
    rules = _read_weekly(text) if text.startswith("每") else ()
    return tuple(replace(rule, months=months) for rule in rules if isinstance(rule, Weekly) and rule.every == 1)


def _month_numbers(text: str) -> tuple[int, ...]:
    months = tuple(int(number) for number in re.findall("[0-9]+", text))
    if not set(months) <= set(EVERY_MONTH):
        raise _Wrong("no_such_day")
    return months


def _groups(pattern: re.Pattern[str], text: str) -> list[re.Match[str]]:
    """The parts that `text` is made of; none if anything is left between them."""
    groups = list(pattern.finditer(text))
    return groups if "".join(found[0] for found in groups) == text else []


@dataclass(frozen=True, slots=True)
class _Months:
    """The months in which days are counted from the begin, and those in which they are counted from the end."""

    forward: tuple[int, ...]
    backward: tuple[int, ...]
    has_dates: bool = True  # 每季度10日 says nothing


_MONTHS = re.compile(
    r"每季度?第(?P<of_quarter>[123])个月|(?P<quarter>每季度?)|每?(?P<odd_or_even>[单双])月"
    r"|(?P<every>每个?月)|月?(?=最后)|(?=第|倒数第|首个|头1个)"
)


def _read_monthly(text: str) -> tuple[Rule, ...]:
    """每月10日, 第1个周六, 每季度第1个周五, 月最后1天."""
    found = _MONTHS.match(text)
    if found is None:
        return ()
    listed = text[found.end() :]
    if found["every"]:
        listed = re.sub("、每个?月", "、", listed)
    return _read_month(listed, _months(found))


def _months(found: re.Match[str]) -> _Months:
    if found["quarter"]:
        return _Months(EVERY_MONTH[0::3], EVERY_MONTH[2::3], has_dates=False)
    if found["of_quarter"]:
        months = EVERY_MONTH[int(found["of_quarter"]) - 1 :: 3]
    elif found["odd_or_even"]:
        months = EVERY_MONTH["单双".index(found["odd_or_even"]) :: 2]
    else:
        months = EVERY_MONTH
    return _Months(months, months)


def _read_month(text: str, months: _Months) -> tuple[Rule, ...]:
    return _read_month_days(text, months) or _read_nths(text, months)


_MONTH_DAY = re.compile(
    r"(?P<day>[0-9]{1,2})日?(?:-(?P<end>[0-9]{1,2})日)?|月?(?:最后(?P<last>1)|倒数第(?P<from_end>[1-9])|第(?P<first>1))天"
)


def _read_month_days(text: str, months: _Months) -> tuple[Rule, ...]:
    """10日, 10、20日, 1日-5日, 最后1天, 倒数第2天, 第1天, and lists of them."""
    numbers: set[int] = set()
    for item in _items(text):
        found = _MONTH_DAY.fullmatch(item)
        if found is None or (found["day"] and not months.has_dates):
            return ()
        numbers.update(_numbers_of(found))
    forward = tuple(sorted(number for number in numbers if number > 0))
    backward = tuple(sorted(number for number in numbers if number < 0))
    longest = max(monthrange(_LEAP_YEAR, month)[1] for month in months.forward)
    if 0 in numbers or max(numbers, default=0) > longest:
        raise _Wrong("no_such_day")
    rules = (MonthDays(forward, months.forward), MonthDays(backward, months.backward))
    return tuple(rule for rule in rules if rule.days)


def _numbers_of(found: re.Match[str]) -> Iterable[int]:
    if found["day"]:
        return _span(found["day"], found["end"])
    return [1] if found["first"] else [-int(found["last"] or found["from_end"])]


def _items(text: str) -> list[str]:
    """The parts of a list of days; none where the last is a bare number: 10日、20."""
    items = text.split("、")
    return [] if items[-1].isdigit() else items


def _span(begin: str, end: str | None) -> range:
    span = range(int(begin), int(end or begin) + 1)
    if not span or int(end or 0) > 31:
        raise _Wrong("no_such_day" if span else "unclear")
    return span


_NTH = r"(?:第[0-9]{1,2}|最后1|倒数第[0-9]{1,2}|首|头1)个?"
_NTHS = re.compile(
    rf"(?P<nths>{_NTH}(?:、(?:{_NTH}|[0-9]{{1,2}}个?))*)(?<=个)(?P<what>周[^第最倒首头]+?|工作日)(?:、(?=[第最倒首头])|$)"
)
_MOST_WEEKDAYS, _MOST_WORKING_DAYS = 5, 10  # a month may have of one weekday, and has surely of working days


def _read_nths(text: str, months: _Months) -> tuple[Rule, ...]:
    """第1、第3个周三, 第1个周二、周四, 最后1个周五, 第2个周末, 第1个工作日, and lists of them."""
    return tuple(
        _nth_rule(_nth(words), found["what"], months)
        for found in _groups(_NTHS, text)
        for words in found["nths"].split("、")
    )


def _nth(words: str) -> int:
    number = int(re.sub("[^0-9]", "", words) or 1)
    return -number if words.startswith(("最后", "倒数")) else number


def _nth_rule(nth: int, what: str, months: _Months) -> Rule:
    if not 1 <= abs(nth) <= (_MOST_WORKING_DAYS if what == "工作日" else _MOST_WEEKDAYS):
        raise _Wrong("no_such_day")
    counted = months.forward if nth > 0 else months.backward
    if what == "工作日":
        return NthWorkingDay(nth, counted)
    if what == "周末":
        return NthWeekend(nth, counted)
    weekdays = _weekdays(what)
    # 第一个周六日 can be the first weekend, or a Sunday six days before that Saturday.
    if not weekdays or "-" in what or {SATURDAY, SUNDAY} <= set(weekdays):
        raise _Wrong("unclear")
    return NthWeekdays(nth, weekdays, counted)
