"""Which days a report is about: from what was said to a period, and back to words."""

import re
from datetime import date, datetime, timedelta

from community.parts.figures import Period
from community.refused import Refused
from handlers.hearing.times import find_when
from handlers.speaking.texts import day

A_YEAR = timedelta(days=365)

_YEAR = re.compile(r"今年|本年|去年|前年|20\d\d年")
_YEARS_BACK = {"今年": 0, "本年": 0, "去年": 1, "前年": 2}
_NAMED_DAY = re.compile(r"[\d一二三四五六七八九十]\s*(?:月|[./-]\s*\d)")
"""A month or date without a year: in a report it is the last one, not the next."""


def read_period(words: str, now: datetime, *, texts: str, otherwise: str = "") -> Period:
    """The days that are meant, up to today. `otherwise`: what is meant where the words name none.

    `now` is in the community's zone. Raises `Refused` for days to come, and for what is no day, with that text of
    the report's own file of `texts`.
    """
    named = _named(words, now) or (_named(otherwise, now) if otherwise else None)
    if named is None:
        raise Refused(f"{texts}.which_days")
    today = now.date()
    if named.first > today:
        raise Refused(f"{texts}.days_not_yet")
    return Period(named.first, min(named.last, today))


def in_days(period: Period, now: datetime) -> str:
    """A period in words, with the year where it is not this one. `now` is in the community's zone."""
    first, last = (_day(each, now.year) for each in (period.first, period.last))
    return first if first == last else f"{first}到{last}"


def _day(value: date, this_year: int) -> str:
    return day(value) if value.year == this_year else f"{value.year}年{day(value)}"


def _named(words: str, now: datetime) -> Period | None:
    found = find_when(words, now)
    if found is not None and found.start > now and _NAMED_DAY.search(words) and not re.search("[年明下]", words):
        found = find_when(words, now - A_YEAR)
    if found is None:
        return _year(words, now)
    return Period(found.start.date(), (found.end or found.start).date()) if found.whole_day else None


def _year(words: str, now: datetime) -> Period | None:
    found = _YEAR.search(words)
    if found is None:
        return None
    year = now.year - _YEARS_BACK[found[0]] if found[0] in _YEARS_BACK else int(found[0][:4])
    return Period(date(year, 1, 1), date(year, 12, 31))
