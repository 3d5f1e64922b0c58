"""The desk on its own thread: whatever has arrived shares a commit, and what cannot be stored now waits its turn."""

import asyncio
import queue
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog

from bot.desk import LARGEST_BATCH, Desk, once_more
from bot.failures import place_of
from bot.spool import Spool
from community import Community
from community.tree import Tree
from handlers.messages import Incoming
from storage.database import DatabaseFull, DatabaseUnavailable, Store

MOST_WAITING = 1_000
"""Messages in memory that are not answered yet. Whoever brings more has to wait, and so has the channel."""

log = structlog.get_logger()
Result = TypeVar("Result")


class _Again:
    """Stands in the queue for: try the database now."""


@dataclass(frozen=True, slots=True)
class _Work:
    """A message to answer, or a function to run, and who waits for it. `patient`: it may wait for the database."""

    task: Incoming | Callable[[], Any]
    done: "asyncio.Future[Any]"
    patient: bool = True


class DeskWorker:
    """Takes whatever has arrived, so that under load many share one commit.

    While the database is away messages go into the spool, and their senders are told that they are durable. They
    come before all that arrives later. Where the spool cannot be written either they wait in memory, and nobody is
    told anything. Functions wait too, and messages do not wait for them.
    """

    def __init__(
        self,
        desk: Desk,
        *,
        after_commit: Callable[[], None],
        retry_after: float = 1.0,
        spool: Spool | None = None,
        in_trouble: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """`retry_after`: seconds between two tries while the database is away.

        `in_trouble` is called, once each time, when messages can be kept neither in the database nor in the spool.
        """
        self.desk = desk
        self._after_commit = after_commit
        self._retry_after = retry_after
        self._spool = spool
        self._in_trouble = in_trouble
        self._loop = asyncio.get_running_loop()
        self._places = asyncio.Semaphore(MOST_WAITING)
        self._arrived: queue.SimpleQueue[_Work | _Again | None] = queue.SimpleQueue()
        self._unkept: deque[_Work] = deque()  # messages that could be put nowhere, the oldest first
        self._put_off: deque[_Work] = deque()  # functions that wait for the database
        self._away: DatabaseUnavailable | None = None
        self._again_at = 0.0
        self._is_troubled = False
        self._stopping = False
        self._thread = threading.Thread(target=self._work, name="desk", daemon=True)

    @property
    def tree(self) -> Tree:
        return self.desk.tree

    @property
    def is_away(self) -> bool:
        """Whether the database was away when it was last tried."""
        return self._away is not None

    @property
    def spooled(self) -> int:
        """How many messages wait in the spool."""
        return len(self._spool) if self._spool is not None else 0

    @property
    def waiting(self) -> int:
        """How many messages and functions wait in memory."""
        return self._arrived.qsize() + len(self._unkept) + len(self._put_off)

    def start(self) -> None:
        if self._spool is not None:
            self._spool.take_over()
        self._thread.start()

    async def stop(self) -> None:
        """Finishes what has arrived, then ends. What waits for the database is left to the next start, or refused."""
        self._arrived.put(None)
        await asyncio.to_thread(self._thread.join)
        if self._spool is not None:
            self._spool.close()

    def try_again(self) -> None:
        """Tries the database now, if it is away, and not only after the usual while."""
        self._arrived.put(_Again())

    async def submit(self, incoming: Incoming) -> bool:
        async with self._places:
            return bool(await self._put(incoming))

    async def call(self, function: Callable[[Store, Community], Result]) -> Result:
        return await self.run(lambda: self.desk.do(function))

    async def ask(self, function: Callable[[Store, Community], Result]) -> Result:
        result: Result = await self._put(lambda: self.desk.do(function), patient=False)
        return result

    async def run(self, function: Callable[[], Result]) -> Result:
        """Runs a function on the desk's thread; it sees to its own transactions. It is repeated while the database
        is away."""
        result: Result = await self._put(function)
        return result

    def _put(self, task: Incoming | Callable[[], Any], *, patient: bool = True) -> "asyncio.Future[Any]":
        done: asyncio.Future[Any] = self._loop.create_future()
        self._arrived.put(_Work(task, done, patient))
        return done

    # --- the thread ---------------------------------------------------------------------------------------------

    def _work(self) -> None:
        while not self._stopping:
            self.desk.counts.desk_answered_at = time.monotonic()
            arrived, is_time = self._take()
            if is_time:
                self._catch_up()
            messages = [work for work in arrived if isinstance(work.task, Incoming)]
            if messages:
                self._answer(messages)
            for work in arrived[len(messages) :]:
                self._run(work)
            if arrived or is_time:
                self._loop.call_soon_threadsafe(self._after_commit)
        self._give_up()

    def _take(self) -> tuple[list[_Work], bool]:
        """What has arrived: messages up to the first function, and that function; and whether to catch up first.

        Waits for something, but not past the moment at which what waits for the database is tried again.
        """
        arrived: list[_Work] = []
        wait: float | None = self._rest()
        try:
            while len(arrived) < LARGEST_BATCH:
                work = self._arrived.get(timeout=wait)
                wait = 0
                if work is None:
                    self._stopping = True
                    break
                if isinstance(work, _Again):
                    return arrived, True
                arrived.append(work)
                if not isinstance(work.task, Incoming):
                    break
        except queue.Empty:
            pass
        return arrived, self._rest() == 0

    def _rest(self) -> float | None:
        """Seconds until what waits for the database is tried again; None where nothing waits for it."""
        if self._away is not None:
            return max(0.0, self._again_at - time.monotonic())
        return 0 if self._unkept or self._put_off or self.spooled else None

    def _answer(self, works: Sequence[_Work]) -> None:
        """Has messages answered; where older ones wait for the database, or it is away, they wait behind them."""
        if self._away is None and not self.spooled and not self._unkept and self._handle(works):
            return
        self._unkept.extend(works)
        self._keep()

    def _handle(self, works: Sequence[_Work]) -> bool:
        """Answers messages. False where the database is away."""
        messages = [work.task for work in works if isinstance(work.task, Incoming)]
        counts, began = self.desk.counts, time.monotonic()
        try:
            for_bot = self.desk.handle(messages)
        except DatabaseUnavailable as away:
            self._note_away(away)
            return False
        except Exception as error:  # noqa: BLE001  # handed to those who wait for it
            self._tell(works, None, error)
            return True
        counts.batch.note(len(messages))
        counts.desk.note(time.monotonic() - began)
        for work, was_for_bot in zip(works, for_bot, strict=True):
            self._tell([work], was_for_bot, None)
        return True

    def _keep(self) -> None:
        """Puts messages that have no other place into the spool."""
        if self._spool is None or not self._unkept:
            return
        works = list(self._unkept)
        try:
            self._spool.append(work.task for work in works if isinstance(work.task, Incoming))
        except OSError as error:
            if not self._is_troubled:
                log.error("spool_not_written", error=type(error).__name__, waiting=len(works))
                if self._in_trouble is not None:
                    asyncio.run_coroutine_threadsafe(_await(self._in_trouble), self._loop)
            self._is_troubled = True
            return
        self._is_troubled = False
        self._unkept.clear()
        self._tell(works, True, None)

    def _run(self, work: _Work) -> None:
        """Runs a function, or puts it off. On a full disk those that only read are still of use."""
        if self._away is None or isinstance(self._away, DatabaseFull):
            if not self._try(work):
                self._put_off.append(work)
        elif work.patient:
            self._put_off.append(work)
        else:
            self._tell([work], None, self._away)

    def _try(self, work: _Work) -> bool:
        """Runs a function. False where the database is away and it may wait."""
        assert not isinstance(work.task, Incoming)
        try:
            result = once_more(work.task)
        except DatabaseUnavailable as away:
            self._note_away(away)
            if work.patient:
                return False
            self._tell([work], None, away)
        except Exception as error:  # noqa: BLE001  # handed to the one who waits for it
            self._tell([work], None, error)
        else:
            self._tell([work], result, None)
        return True

    def _catch_up(self) -> None:
        """Does some of what waits for the database, the oldest first: one batch, then one round of functions."""
        was_away, self._away = self._away, None
        if not self._drain() or not self._answer_unkept() or not self._run_put_off():
            return
        if was_away is not None and self._away is None:
            log.info("database_back", spooled=self.spooled)

    def _drain(self) -> bool:
        """Answers the oldest messages in the spool. False where the database, or the spool, is still away."""
        if self._spool is None or not self._spool:
            return True
        try:
            messages = self._spool.first(LARGEST_BATCH)
            if not self._is_settled(messages):
                self._spool.keep_aside()
            self._spool.drop(LARGEST_BATCH)
        except DatabaseUnavailable as away:
            self._note_away(away)
            return False
        except OSError as error:
            log.error("spool_not_read", error=type(error).__name__)
            self._note_away(DatabaseUnavailable("the spool cannot be read"))
            return False
        return True

    def _is_settled(self, messages: Sequence[Incoming]) -> bool:
        """Answers messages. False where one could not even be noted as failed: the others are answered all the same.

        Raises `DatabaseUnavailable`.
        """
        try:
            self.desk.handle(messages)
        except DatabaseUnavailable:
            raise
        except Exception as error:  # noqa: BLE001  # nobody waits for it any more, and the thread must live
            log.error("message_not_kept", error=place_of(error))
            singly = [self._is_settled([message]) for message in messages] if len(messages) > 1 else [False]
            return all(singly)
        return True

    def _answer_unkept(self) -> bool:
        """Answers messages that wait in memory, or finds a place for them at last. False: the database is away."""
        works = [self._unkept[number] for number in range(min(len(self._unkept), LARGEST_BATCH))]
        if not works:
            return True
        if self.spooled:
            self._keep()
            return True
        if not self._handle(works):
            self._keep()
            return False
        for _ in works:
            self._unkept.popleft()
        return True

    def _run_put_off(self) -> bool:
        """Runs the functions that wait. One that fails goes behind the others, and ends the round."""
        for _ in range(len(self._put_off)):
            work = self._put_off.popleft()
            if not self._try(work):
                self._put_off.append(work)
                return False
        return True

    def _note_away(self, away: DatabaseUnavailable) -> None:
        if self._away is None:
            log.error("database_unavailable", reason=str(away))
            self.desk.counts.database_away += 1
        self._away = away
        self._again_at = time.monotonic() + self._retry_after

    def _give_up(self) -> None:
        """At the end: what waits in memory gets one more chance, and then its caller is told that it was not done."""
        self._keep()
        while not self.spooled and self._unkept and self._answer_unkept():
            pass
        self._run_put_off()
        away = self._away or DatabaseUnavailable("stopped")
        self._tell([*self._unkept, *self._put_off], None, away)
        self._loop.call_soon_threadsafe(self._after_commit)

    def _tell(self, works: Sequence[_Work], result: Any, error: Exception | None) -> None:
        for work in works:
            self._loop.call_soon_threadsafe(_tell, work.done, result, error)


async def _await(task: Callable[[], Awaitable[None]]) -> None:
    await task()


def _tell(done: "asyncio.Future[Any]", result: Any, error: Exception | None) -> None:
    if done.done():
        return
    if error is None:
        done.set_result(result)
    else:
        done.set_exception(error)
