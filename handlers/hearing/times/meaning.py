"""What a mention means on the day it was said: `When`."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from handlers.hearing.times.hours import ENDS, minutes_after, minutes_into_day
from handlers.hearing.times.mentions import Mention
from handlers.hearing.times.pieces import Days, PartOfDay

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class When:
    """A time that was named, in the timezone of the message.

    A whole day starts at 00:00; its `end` is None, or the last day of several at 00:00. `part` narrows a whole
    day to the morning, the afternoon or the evening; with an hour it is None. `span` is where the words stand
    in the text as it was given.
    """

    start: datetime
    end: datetime | None
    whole_day: bool
    part: PartOfDay | None
    span: tuple[int, int]


def understand(mention: Mention, now: datetime, span: tuple[int, int]) -> When:
    if mention.moment:
        return When(mention.moment.at, None, whole_day=False, part=None, span=span)
    if mention.clock:
        start, end = _hours(mention, now)
        return When(start, end, whole_day=False, part=None, span=span)
    days = _days(mention, now)
    end = _at(days.last, now) if days.last > days.first else None
    return When(_at(days.first, now), end, whole_day=True, part=mention.part.name if mention.part else None, span=span)


def _days(mention: Mention, now: datetime) -> Days:
    """The days of a mention without an hour. A part of today that is over means the next such day."""
    days = mention.days or Days(now.date(), now.date())
    is_over = mention.part is not None and now.hour >= ENDS[mention.part.name]
    if is_over and days.first == now.date():
        return _next_time(mention, now)
    return days


def _hours(mention: Mention, now: datetime) -> tuple[datetime, datetime | None]:
    day = (mention.days or Days(now.date(), now.date())).first
    assert mention.clock
    minutes = minutes_into_day(mention.clock, mention.part)
    if day == now.date() and _at(day, now, minutes) < now:
        day = _next_time(mention, now).first
    return _at(day, now, minutes), _end(mention.until, day, minutes, now) if mention.until else None


def _next_time(mention: Mention, now: datetime) -> Days:
    """After today, for what comes again without being named anew: an hour, a weekday, a day of the month."""
    tomorrow = now.date() + _DAY
    if mention.days is None:
        return Days(tomorrow, tomorrow)
    again = mention.days_after(tomorrow) if mention.days.recurs else None
    return again or mention.days


def _end(until: Mention, day: date, minutes: int, now: datetime) -> datetime | None:
    assert until.clock
    if until.days:
        days = until.days_after(day) or until.days
        end = _at(days.first, now, minutes_into_day(until.clock, until.part))
        return end if end > _at(day, now, minutes) else None
    if until.part is None:
        return _at(day, now, minutes_after(until.clock, minutes))
    end_minutes = minutes_into_day(until.clock, until.part)
    return _at(day if end_minutes > minutes else day + _DAY, now, end_minutes)


def _at(day: date, now: datetime, minutes: int = 0) -> datetime:
    return datetime.combine(day, time(tzinfo=now.tzinfo)) + timedelta(minutes=minutes)
