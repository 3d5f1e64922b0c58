"""Whom a task fits: skill, time, distance, load, how often they have been asked. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

MOST_CLAIMS = 3
"""Tasks that one person may have promised at once."""

MOST_ASKED = 3
"""How often in a week one person is asked at most."""

WEEK = timedelta(days=7)

PARTS = (("morning", 0, 12), ("noon", 11, 14), ("afternoon", 12, 18), ("evening", 17, 24))
"""The parts of the day of `handlers/hearing/free_times.py`, and their hours. They overlap, as people mean them."""

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ANY = "any"
_STEP = timedelta(hours=1)
_LONGEST = timedelta(days=14)
"""Beyond so long a span everybody has time at some hour of it."""


class Distance(IntEnum):
    """How far somebody lives from a task, in the tree."""

    BUILDING = 0
    GRID = 1
    COMMUNITY = 2


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who might do it. `free`: when they have time, nothing where they never said; `load`: what they have
    promised and not done; `asked`: how often in the last week. `confirmed`: the community knows them."""

    person_id: str
    distance: Distance
    free: tuple[str, ...] = ()
    confirmed: bool = True
    load: int = 0
    asked: int = 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted of them. Times are local; none: whenever they have time."""

    at_home: bool
    urgent: bool
    from_at: datetime | None = None
    until_at: datetime | None = None


def best(candidates: Iterable[Candidate], wanted: Wanted, count: int) -> list[Candidate]:
    """So many of those who may be asked, the best first."""
    return sorted((each for each in candidates if suits(each, wanted)), key=lambda each: rank(each, wanted))[:count]


def suits(candidate: Candidate, wanted: Wanted) -> bool:
    """Whether somebody may be asked at all. What is urgent is asked also of those who usually have no time then."""
    if wanted.at_home and not candidate.confirmed:
        return False
    if candidate.load >= MOST_CLAIMS or candidate.asked >= MOST_ASKED:
        return False
    return wanted.urgent or is_free(candidate.free, wanted.from_at, wanted.until_at)


def rank(candidate: Candidate, wanted: Wanted) -> tuple[int, str]:
    """The lowest is asked first: near, with little to do, not asked lately, and with time by their own word.

    Where it is urgent nearness is nearly all.
    """
    time = 0 if candidate.free and is_free(candidate.free, wanted.from_at, wanted.until_at) else 1
    busy = 2 * candidate.load + candidate.asked
    return nearest(candidate.distance, wanted) + busy + time, candidate.person_id


def nearest(distance: Distance, wanted: Wanted) -> int:
    """The rank of the best that somebody at a distance could be."""
    return (3 if wanted.urgent else 2) * distance


def is_free(free: Sequence[str], from_at: datetime | None, until_at: datetime | None) -> bool:
    """Whether somebody has time within a span. Who never said when has time; so has everybody at an open time."""
    begin, end = from_at or until_at, until_at or from_at
    if not free or ANY in free or begin is None or end is None or end - begin >= _LONGEST:
        return True
    return any(words in free for hour in _hours(begin, end) for words in _called(hour))


def _hours(begin: datetime, end: datetime) -> Iterator[datetime]:
    """Every hour of a span; at least the first."""
    yield begin
    hour = begin + _STEP
    while hour < end:
        yield hour
        hour += _STEP


def _called(hour: datetime) -> Iterator[str]:
    """What an hour is called in somebody's free times."""
    day = DAYS[hour.weekday()]
    yield day
    for part, begins, ends in PARTS:
        if begins <= hour.hour < ends:
            yield f"{day}-{part}"
            yield f"{ANY}-{part}"
