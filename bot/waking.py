"""Tells the other processes on a PostgreSQL what waits for them, and hears what waits here."""

import asyncio
import threading
from collections.abc import Callable, Iterable

import structlog

from storage import wake
from storage.database import Database, DatabaseUnavailable

RETRY_SECONDS = 1.0
AT_ONCE_SECONDS = 0.02
"""What is to be told within this time is told together."""

log = structlog.get_logger()


class Waker:
    """Runs beside the desk, on connections of its own. A word that is lost is made up for by everybody's slow look."""

    def __init__(self, database: Database, hear: Callable[[str], None]) -> None:
        self._database = database
        self._hear = hear
        self._waiting: set[str] = set()
        self._something = asyncio.Event()

    def tell(self, words: Iterable[str]) -> None:
        """Has the others told, soon."""
        self._waiting |= set(words)
        if self._waiting:
            self._something.set()

    async def run(self) -> None:
        """Listens and tells until cancelled."""
        loop, stopped = asyncio.get_running_loop(), threading.Event()

        def hear(word: str) -> None:
            loop.call_soon_threadsafe(self._hear, word)

        ear = threading.Thread(target=self._listen, args=(hear, stopped), name="ear", daemon=True)
        ear.start()
        try:
            while True:
                await self._something.wait()
                await asyncio.sleep(AT_ONCE_SECONDS)
                self._something.clear()
                words, self._waiting = self._waiting, set()
                await asyncio.to_thread(self._tell, words)
        finally:
            stopped.set()
            await asyncio.to_thread(ear.join)

    def _listen(self, hear: Callable[[str], None], stopped: threading.Event) -> None:
        while not stopped.is_set():
            try:
                wake.listen(self._database, hear, stopped)
            except DatabaseUnavailable as away:
                log.warning("not_listening", reason=str(away))
                stopped.wait(RETRY_SECONDS)

    def _tell(self, words: Iterable[str]) -> None:
        try:
            with self._database.begin() as store:
                wake.tell(store, words)
        except DatabaseUnavailable as away:
            log.warning("not_told", reason=str(away))
