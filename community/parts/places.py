"""Places that are limited, and those who wait for one: which are free, whose turn it is, and until when."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from community.parts.notice import quiet_ends, quiet_from
from community.rules import Rules


def free_places(total: int, taken: Collection[int]) -> tuple[int, ...]:
    """The places, counted from 1, that nobody has."""
    return tuple(place for place in range(1, total + 1) if place not in taken)


def kept_places(wanted: Sequence[int], total: int) -> tuple[int, ...]:
    """Places for those who have one already, when their number changes: all different, in the same order.

    Each has the one that is wanted for them, or the nearest that there is. `wanted` ascends, and is no longer than
    `total`.
    """
    found: list[int] = []
    for place in wanted:
        found.append(max(place, found[-1] + 1 if found else 1))
    return tuple(min(place, total - len(found) + number) for number, place in enumerate(found, start=1))


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
