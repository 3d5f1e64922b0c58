"""Working days: the official calendar with its holidays and shifted working days.

`chinesecalendar` knows the State Council's yearly notice. For years without one yet (it comes each November)
the statutory days and plain weekends stand in.
"""

from datetime import date, datetime, timedelta
from functools import lru_cache

import chinese_calendar

from community.parts.statutory_days import statutory_days


@lru_cache(maxsize=4096)
def is_working_day(day: date) -> bool:
    """Whether offices work on this day."""
    if is_published(day.year):
        return bool(chinese_calendar.is_workday(day))
    return day.weekday() < 5 and day not in statutory_days(day.year)


@lru_cache(maxsize=4096)
def is_holiday(day: date) -> bool:
    """Whether the day is a statutory holiday or one of the days off around it. A plain weekend is none."""
    if is_published(day.year):
        is_off, name = chinese_calendar.get_holiday_detail(day)
        return bool(is_off and name)
    return day in statutory_days(day.year)


def next_working_day(day: date) -> date:
    """The first working day after `day`."""
    day += timedelta(days=1)
    while not is_working_day(day):
        day += timedelta(days=1)
    return day


def unpublished_years(now: date, ahead: timedelta = timedelta(days=60)) -> list[int]:
    """Years that deadlines set today may reach into and whose official calendar is not known yet. Best none.

    Sixty days: fifteen working days across the longest holidays, and a pause on the way.
    """
    return [year for year in range(now.year, (now + ahead).year + 1) if not is_published(year)]


@lru_cache(maxsize=128)
def is_published(year: int) -> bool:
    """Whether the year's official calendar is known, shifted working days included."""
    try:
        chinese_calendar.is_workday(date(year, 1, 1))
    except NotImplementedError:
        return False
    return True


def add_working_days(start: datetime, days: int) -> datetime:
    """The same hour on the `days`-th working day after `start`, in the zone of `start`."""
    day = start
    while days > 0:
        day += timedelta(days=1)
        if is_working_day(day.date()):
            days -= 1
    return day
