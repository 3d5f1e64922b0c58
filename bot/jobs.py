"""What happens by itself: when the tables are asked what is due. No rules here.

The same table runs by the ticker in life and under a script's clock in `simulate`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

from handlers.services import JOBS

MOST_SECONDS = 2.0
"""How long the ticker rests at most: the clock may be set, and other processes store what is due."""

SOON_SECONDS = 0.5
"""How soon it looks again after something was stored, which may be due before all else."""

LEAST_SECONDS = 0.1
"""How long it rests at least: what is due and not done another process is doing."""

__all__ = ["JOBS", "Ticker"]


class Ticker:
    """Runs what is due when it is due. `tick` does it and gives the moment of what is due next."""

    def __init__(self, tick: Callable[[], Awaitable[datetime | None]], clock: Callable[[], datetime]) -> None:
        self._tick = tick
        self._clock = clock
        self._stored = asyncio.Event()

    def note_stored(self) -> None:
        """Something was stored that may be due sooner than all that was known."""
        self._stored.set()

    async def run(self) -> None:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            self._stored.clear()
            due = await self._tick()
            began = loop.time()
            await self._rest(rest_until(due, self._clock()))
            if self._stored.is_set():
                await asyncio.sleep(max(0.0, began + min(SOON_SECONDS, rest_until(due, self._clock())) - loop.time()))

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stored.wait()
        except TimeoutError:
            return


def rest_until(due: datetime | None, now: datetime) -> float:
    """Seconds to rest until something is due."""
    if due is None:
        return MOST_SECONDS
    return min(MOST_SECONDS, max(LEAST_SECONDS, (due - now).total_seconds()))
