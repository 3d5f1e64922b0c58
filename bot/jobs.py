"""What happens by itself: how often the tables are asked what is due. No rules here.

The same table runs under APScheduler in life and under a script's clock in `simulate`.
"""

from collections.abc import Awaitable, Callable

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from handlers.services import JOBS

TICK_SECONDS = 2
"""How late something may be at most when nothing else wakes the desk."""

__all__ = ["JOBS", "start_ticking"]


def start_ticking(tick: Callable[[], Awaitable[None]]) -> AsyncIOScheduler:
    """Calls `tick` again and again; a tick that takes long is not overtaken by the next. Stop it with `shutdown`."""
    scheduler = AsyncIOScheduler(timezone="UTC")
    scheduler.add_job(tick, "interval", seconds=TICK_SECONDS, max_instances=1, coalesce=True, misfire_grace_time=None)
    scheduler.start()
    return scheduler
