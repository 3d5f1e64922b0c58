"""How fast an account may speak without being banned. Pure: from what was sent to when the next may go."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Budget:
    """What an account may send. Defaults: "Sending without being banned" in the design."""

    at_least_between: timedelta = timedelta(seconds=3)
    jitter: timedelta = timedelta(seconds=1.5)
    per_minute: int = 15
    per_hour: int = 300
    per_day: int = 2_000
    pause: timedelta = timedelta(minutes=30)


def may_send_at(sent: Sequence[datetime], now: datetime, budget: Budget, chance: float) -> datetime:
    """When the next message may go out: now, after a rest, or later.

    `sent`: when the account has sent within the last day, newest first. `chance` from 0 to 1 spreads the gaps.
    """
    if not sent:
        return now
    earliest = sent[0] + budget.at_least_between + budget.jitter * chance
    for limit, window in ((budget.per_minute, MINUTE), (budget.per_hour, HOUR), (budget.per_day, DAY)):
        if len(sent) >= limit:
            earliest = max(earliest, sent[limit - 1] + window)
    return max(now, earliest)
