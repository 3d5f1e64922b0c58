"""Deadlines on the working calendar, with pauses: computed from marks in a log, never kept as the truth."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from enum import Enum, auto
from itertools import count

from community.parts.working_calendar import add_working_days, is_working_day

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Allowance:
    """How long a thing may take: either hours of the clock, or working days to the end of the last one."""

    first_contact: timedelta
    hours: timedelta | None
    working_days: int = 0
    office_closes: time = time(18)


@dataclass(frozen=True, slots=True)
class Pause:
    """While the clock stood still. `end` None: it still does."""

    begin: datetime
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Deadlines:
    """By when there must be first contact, and by when it must be solved."""

    respond_by: datetime
    resolve_by: datetime
    paused: bool


class Milestone(Enum):
    """What happens on the way to a deadline."""

    HALF = auto()
    WARNING = auto()
    OVERDUE = auto()


def read(start: datetime, pauses: Sequence[Pause], allowance: Allowance, zone: tzinfo) -> Deadlines:
    """The deadlines of something that began at `start`. A pause that has not ended moves nothing yet.

    The pauses are in order and do not overlap. First contact is only put off by those that began before it was due.
    """
    ended = [(pause.begin, pause.end) for pause in pauses if pause.end is not None]
    if allowance.hours is not None:
        stood_still = sum((end - begin for begin, end in ended), timedelta())
        resolve_by = start + allowance.hours + stood_still
    else:
        days = allowance.working_days + sum(_working_days_between(begin, end, zone) for begin, end in ended)
        last_day = add_working_days(start.astimezone(zone), days)
        resolve_by = datetime.combine(last_day.date(), allowance.office_closes, zone)
    respond_by = start + allowance.first_contact
    for begin, end in ended:
        respond_by += end - begin if begin < respond_by else timedelta()
    return Deadlines(min(respond_by, resolve_by), resolve_by, len(ended) < len(pauses))


def milestones(start: datetime, resolve_by: datetime) -> Iterator[tuple[datetime, Milestone]]:
    """Half the time, a warning before the end, the end, and each further day. Without end; in order."""
    span = resolve_by - start
    yield start + span / 2, Milestone.HALF
    yield resolve_by - warning_before(span), Milestone.WARNING
    for days in count():
        yield resolve_by + days * DAY, Milestone.OVERDUE


def warning_before(span: timedelta) -> timedelta:
    """How long before the end one is warned: a quarter of the time, at most a day."""
    return min(span / 4, DAY)


def _working_days_between(begin: datetime, end: datetime, zone: tzinfo) -> int:
    """Working days that begin within the pause: one that ends on the day it began costs none."""
    first, last = begin.astimezone(zone).date(), end.astimezone(zone).date()
    days = (first + DAY * offset for offset in range(1, (last - first).days + 1))
    return sum(map(is_working_day, days))
