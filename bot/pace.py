"""How fast an account may speak without being banned. Pure: from what was sent to when the next may go."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NEW_SHARE = 3
"""A new account may send a third of what an old one may."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What an account may send. Defaults: "Sending without being banned" in the design.

    `new_for`: how long an account is new, and is given a third of it.
    """

    at_least_between: timedelta = timedelta(seconds=3)
    jitter: timedelta = timedelta(seconds=1.5)
    per_minute: int = 15
    per_hour: int = 300
    per_day: int = 2_000
    pause: timedelta = timedelta(minutes=30)
    new_for: timedelta = timedelta(0)

    @property
    def windows(self) -> tuple[tuple[int, timedelta], ...]:
        """So many messages within so long."""
        return ((self.per_minute, MINUTE), (self.per_hour, HOUR), (self.per_day, DAY))

    @property
    def counted(self) -> tuple[int, ...]:
        """Of which of the last messages one must know when they went out: 1 is the newest."""
        return tuple(sorted({1, *(limit for limit, _ in self.windows)}))

    def of(self, since: datetime | None, now: datetime) -> "Budget":
        """The budget of an account that began to speak then; None: long ago."""
        if since is None or now - since >= self.new_for:
            return self
        return replace(
            self,
            per_minute=max(1, self.per_minute // NEW_SHARE),
            per_hour=max(1, self.per_hour // NEW_SHARE),
            per_day=max(1, self.per_day // NEW_SHARE),
        )


def may_send_at(sent: Mapping[int, datetime], now: datetime, budget: Budget, chance: float) -> datetime:
    """When the next message may go out: now, after a rest, or later.

    `sent`: when the last messages went out, of those that the budget counts and the account has: 1 is the newest.
    `chance` from 0 to 1 spreads the gaps.
    """
    if 1 not in sent:
        return now
    earliest = sent[1] + budget.at_least_between + budget.jitter * chance
    for limit, window in budget.windows:
        if limit in sent:
            earliest = max(earliest, sent[limit] + window)
    return max(now, earliest)
