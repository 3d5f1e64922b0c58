"""Stars (星级) for hours: how many somebody has, and what is missing to the next. Pure.

The thresholds are those of the Ministry of Civil Affairs' 《志愿服务记录办法》 (民函〔2012〕340号): 100, 300, 600,
1,000 and 1,500 hours for one to five stars. `Rules.star_hours` has them, so that a place with its own can set its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

MINUTES = 60


@dataclass(frozen=True, slots=True)
class Next:
    """The star that comes next, and the minutes that are missing to it."""

    stars: int
    missing: int


def stars_for(minutes: int, star_hours: Sequence[int]) -> int:
    """How many stars so many minutes give."""
    return sum(minutes >= hours * MINUTES for hours in star_hours)


def next_star(minutes: int, star_hours: Sequence[int]) -> Next | None:
    """What comes next; None for whoever has them all."""
    stars = stars_for(minutes, star_hours)
    if stars == len(star_hours):
        return None
    return Next(stars + 1, sorted(star_hours)[stars] * MINUTES - minutes)
