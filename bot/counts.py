"""What happens, counted: plain numbers that the parts write, and that `bot/metrics.py` reads when it is asked.

Counting must cost next to nothing, also on the way of talk that is sent away at once: nothing is imported here.
Each number is written by one thread.
"""

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field


class Spread:
    """How often a value was up to which bound, and the sum of all."""

    __slots__ = ("bounds", "buckets", "sum")

    def __init__(self, *bounds: float) -> None:
        self.bounds = bounds
        self.buckets = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def note(self, value: float) -> None:
        """One more."""
        self.buckets[bisect_left(self.bounds, value)] += 1
        self.sum += value

    def up_to(self) -> list[tuple[str, int]]:
        """How many were up to each bound; the last is all of them."""
        found, total = [], 0
        for bound, count in zip((*map(str, self.bounds), "+Inf"), self.buckets, strict=True):
            total += count
            found.append((bound, total))
        return found


@dataclass(slots=True)
class Counts:
    """Since this process began. Moments are seconds since 1970.

    `sends` is by channel and what became of it: sent, or the kind of failure. `late` is how long after its time a
    reminder went out, `desk` how long the desk had a batch, both in seconds; `desk_answered_at` is by a clock that is
    never set.
    """

    seen: int = 0
    for_us: int = 0
    handled: int = 0
    failed: int = 0
    parked: int = 0
    jobs_failed: int = 0
    database_away: int = 0
    backups_made: int = 0
    backups_failed: int = 0
    backup_at: float = 0
    desk_answered_at: float = 0
    sends: Counter[tuple[str, str]] = field(default_factory=Counter)
    batch: Spread = field(default_factory=lambda: Spread(1, 2, 4, 8, 16, 32, 64))
    desk: Spread = field(default_factory=lambda: Spread(0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10))
    late: Spread = field(default_factory=lambda: Spread(0.1, 0.3, 1, 3, 10, 60, 600, 3600))
