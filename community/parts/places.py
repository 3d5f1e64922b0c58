"""Places that are limited, and those who wait for one: which are free, whose turn it is, and until when."""

from collections.abc import Collection
from datetime import datetime, timedelta

from community.parts.notice import quiet_ends, quiet_from
from community.rules import Rules


def free_places(total: int, taken: Collection[int]) -> tuple[int, ...]:
    """The places, counted from 1, that nobody has."""
    return tuple(place for place in range(1, total + 1) if place not in taken)


def waking_end(now: datetime, span: timedelta, rules: Rules) -> datetime:
    """When a span is over that only runs outside the quiet hours."""
    moment = quiet_ends(now, rules)
    while (night := quiet_from(moment, rules)) is not None and moment + span > night:
        span -= night - moment
        moment = quiet_ends(night, rules)
    return moment + span


def offered_until(now: datetime, begins_at: datetime, rules: Rules) -> datetime:
    """Until when a place is kept for somebody who waited: some waking hours, and not beyond the beginning."""
    return min(waking_end(now, rules.offer_open, rules), begins_at)
