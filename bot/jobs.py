"""What happens by itself: when the tables are asked what is due. No rules here.

The same table runs by the ticker in life and under a script's clock in `simulate`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.clock import now as read_clock
from handlers.services import JOBS

MOST_SECONDS = 2.0
"""How long the ticker rests at most: the clock may be set, and other processes store what is due."""

SOON_SECONDS = 0.5
"""How soon it looks again after something was stored, which may be due before all else."""

LEAST_SECONDS = 0.1
"""How long it rests at least: what is due and not done another process is doing."""

__all__ = ["JOBS", "Ticker"]


class Ticker:
    """Runs what is due when it is due. `tick` does it and gives the moment of what is due next.

    The scheduler has one job, whose next time is moved: it knocks, and the tables know what is due.
    """

    def __init__(self, tick: Callable[[], Awaitable[datetime | None]], clock: Callable[[], datetime]) -> None:
        self._tick = tick
        self._clock = clock
        self._scheduler = AsyncIOScheduler(timezone=UTC)
        self._job = self._scheduler.add_job(
            self._knock, "interval", seconds=MOST_SECONDS, max_instances=1, coalesce=True, misfire_grace_time=None
        )
        self._due: datetime | None = None
        self._ticking = True
        self._stored = False
        self._ticked_at = read_clock()

    def note_stored(self) -> None:
        """Something was stored that may be due sooner than all that was known."""
        if self._stored:
            return
        self._stored = True
        if not self._ticking:
            self._knock_next()

    async def run(self) -> None:
        """Until cancelled. Raises what `tick` raises."""
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._job.modify(next_run_time=read_clock())
        self._scheduler.start()
        watch = asyncio.create_task(self._notice_clock_set_back())
        try:
            await self._ended
        finally:
            watch.cancel()
            self._scheduler.shutdown(wait=False)

    async def _knock(self) -> None:
        self._stored, self._ticking = False, True
        try:
            self._due = await self._tick()
        except Exception as problem:  # noqa: BLE001  # a scheduler would only log it
            self._ended.set_exception(problem)
            return
        self._ticking, self._ticked_at = False, read_clock()
        self._knock_next()

    async def _notice_clock_set_back(self) -> None:
        """The scheduler waits for a time of day: set back by an hour, it would come an hour too late."""
        while True:
            await asyncio.sleep(MOST_SECONDS)
            if not self._ticking and self._job.next_run_time > read_clock() + timedelta(seconds=MOST_SECONDS):
                self._knock_next()

    def _knock_next(self) -> None:
        rest = timedelta(seconds=rest_until(self._due, self._clock()))
        next_time = read_clock() + rest
        if self._stored:
            next_time = min(next_time, max(read_clock(), self._ticked_at + timedelta(seconds=SOON_SECONDS)))
        self._job.modify(next_run_time=next_time)


def rest_until(due: datetime | None, now: datetime) -> float:
    """Seconds to rest until something is due."""
    if due is None:
        return MOST_SECONDS
    return min(MOST_SECONDS, max(LEAST_SECONDS, (due - now).total_seconds()))
