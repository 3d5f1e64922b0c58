"""Which of the settings' accounts this process runs: under leases that it renews, and that another takes over when it
dies. See docs/decisions/0018."""

import asyncio
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import structlog

from bot.process import is_gone
from storage import leases, wake
from storage.database import Database, DatabaseUnavailable

WORD = "leases"
"""What the others are told when a lease is free, or when somebody new wants a part."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Waits:
    """Seconds. A lease is `length` long and renewed every `renew`; what is begun has `finish` to come to its end."""

    length: float = 15
    renew: float = 5
    finish: float = 10


_WAITS = Waits()


class Part(Protocol):
    """What runs under a lease: an account with its delivery, or a server."""

    async def run(self) -> None:
        """Until cancelled, or until it comes to its own end."""

    async def finish(self) -> None:
        """Takes nothing new and lets what is begun come to its end; then `run` returns."""

    def be_sure(self, *, sure: bool) -> None:
        """Whether it is certain that nobody else runs the same."""


@dataclass(frozen=True, slots=True)
class Share:
    """What a process may take, and what it must give up."""

    take: tuple[str, ...]
    give_up: tuple[str, ...]


def share(names: Sequence[str], holders: Mapping[str, str], process: str, living: int) -> Share:
    """A fair part: nobody has more than the number of names divided by that of the processes, rounded up."""
    part = math.ceil(len(names) / max(1, living))
    mine = [name for name in names if holders.get(name) == process]
    free = [name for name in names if name not in holders]
    return Share(tuple(free[: max(0, part - len(mine))]), tuple(mine[part:]))


@dataclass(frozen=True, slots=True)
class Held:
    """What a process has for the length of a lease, and what of it is more than its part."""

    names: frozenset[str]
    give_up: tuple[str, ...]


class LeaseBook:
    """The leases in the database. Its functions wait for the database: not for the event loop's thread."""

    def __init__(self, database: Database, process: str, length: float = _WAITS.length) -> None:
        self._database = database
        self._process = process
        self._length = timedelta(seconds=length)
        self._is_new = True

    def renew(self, names: Sequence[str]) -> Held:
        """Keeps what is ours and takes what is free, as far as it is our part. Raises `DatabaseUnavailable`."""
        with self._database.begin() as store:
            if self._is_new:
                leases.gone(store, is_gone)
            leases.seen(store, self._process)
            standing = leases.standing(store, self._length)
            found = share(names, standing.holders, self._process, standing.living)
            mine = [name for name in names if standing.holders.get(name) == self._process]
            held = leases.take(store, [*mine, *found.take], self._process, self._length)
            if self._is_new:
                wake.tell(store, [WORD])
        self._is_new = False
        return Held(frozenset(held), found.give_up)

    def release(self, names: Collection[str]) -> None:
        """Lets others take these at once. Raises `DatabaseUnavailable`."""
        with self._database.begin() as store:
            leases.release(store, list(names), self._process)
            wake.tell(store, [WORD])

    def leave(self) -> None:
        """This process wants no part any more. Raises `DatabaseUnavailable`."""
        with self._database.begin() as store:
            leases.leave(store, self._process)
            wake.tell(store, [WORD])


class Keeper:
    """Runs the parts whose leases this process holds. Without a book it is alone, and runs them all.

    While the database is away nobody can take a lease, so a part goes on to listen, but is not sure of its place: it
    takes nothing from anybody who has come instead. What was lost is known, and stopped, when the database is back.
    """

    def __init__(self, book: LeaseBook | None, parts: Mapping[str, Part], waits: Waits = _WAITS) -> None:
        self._book = book
        self._parts = parts
        self._waits = waits
        self._running: dict[str, asyncio.Task[None]] = {}
        self._leaving: dict[str, asyncio.Task[None]] = {}
        self._renewing: asyncio.Task[Held] | None = None
        self._nudged = asyncio.Event()
        self._sure_until = 0.0
        self._stopping = False
        self._writing = asyncio.Lock()  # a lease that is being released must not come back with those renewed

    @property
    def held(self) -> frozenset[str]:
        """What runs here now."""
        return frozenset(self._running)

    def nudge(self) -> None:
        """Something may be free, or somebody new wants a part."""
        self._nudged.set()

    async def run(self) -> None:
        """Until a part comes to its own end, or until stopped. Raises what a part raises."""
        while not self._stopping:
            self._nudged.clear()
            async with self._writing:
                await self._look()
            nudged = asyncio.create_task(self._nudged.wait())
            timeout = None if self._book is None else self._waits.renew
            try:
                await asyncio.wait(
                    [*self._running.values(), nudged], timeout=timeout, return_when=asyncio.FIRST_COMPLETED
                )
            finally:
                nudged.cancel()
            if self._has_ended():
                return

    async def stop(self) -> None:
        """Lets all parts finish, and others take them at once."""
        self._stopping = True
        if self._renewing is not None:
            await asyncio.wait({self._renewing})
        for name in list(self._running):
            self._give_up(name)
        await asyncio.gather(*self._leaving.values(), return_exceptions=True)
        if self._book is not None:
            try:
                await asyncio.to_thread(self._book.leave)
            except DatabaseUnavailable as away:
                log.warning("not_released", reason=str(away))  # the leases lapse by themselves

    # --- inside ---------------------------------------------------------------------------------------------------

    def _has_ended(self) -> bool:
        """Whether a part came to its own end. Raises what it raised."""
        ended = [name for name, task in self._running.items() if task.done()]
        for name in ended:
            self._running.pop(name).result()
        return bool(ended)

    async def _look(self) -> None:
        """Renews, and starts and stops what follows from it."""
        if self._book is None:
            held = Held(frozenset(self._parts), ())
        else:
            began = _now()
            found = await self._renew(self._book)
            if found is None:
                self._note_unsure()
                return
            held, self._sure_until = found, began + self._waits.length
        if self._stopping:
            return
        for name in self._running.keys() - held.names:
            log.warning("lease_lost", channel=name)
            self._running.pop(name).cancel()
        for name in held.names - self._running.keys() - self._leaving.keys():
            self._start(name)
        for name in self._running:
            self._parts[name].be_sure(sure=True)
        for name in self._running.keys() & set(held.give_up):
            self._give_up(name)

    async def _renew(self, book: LeaseBook) -> Held | None:
        """None where the database does not answer, or not in time."""
        if self._renewing is None:
            self._renewing = asyncio.create_task(asyncio.to_thread(book.renew, list(self._parts)))
        done, _ = await asyncio.wait({self._renewing}, timeout=self._waits.renew)
        if not done:
            return None
        renewing, self._renewing = self._renewing, None
        try:
            return renewing.result()
        except DatabaseUnavailable as away:
            log.warning("leases_not_renewed", reason=str(away))
            return None

    def _note_unsure(self) -> None:
        if _now() + self._waits.renew >= self._sure_until:
            for name in self._running:
                self._parts[name].be_sure(sure=False)

    def _start(self, name: str) -> None:
        log.info("lease_taken", channel=name)
        self._running[name] = asyncio.create_task(self._parts[name].run(), name=name)

    def _give_up(self, name: str) -> None:
        self._leaving[name] = asyncio.create_task(self._leave(name, self._running.pop(name)))

    async def _leave(self, name: str, running: "asyncio.Task[None]") -> None:
        try:
            async with asyncio.timeout(self._waits.finish):
                await self._parts[name].finish()
                await asyncio.wait({running})
        except TimeoutError:
            log.warning("not_finished", channel=name)
        finally:
            running.cancel()
            await asyncio.wait({running})
        if not running.cancelled() and (error := running.exception()) is not None:
            log.error("part_failed", channel=name, kind=type(error).__name__)
        async with self._writing:
            if self._book is not None:
                await self._release(self._book, name)
            del self._leaving[name]

    async def _release(self, book: LeaseBook, name: str) -> None:
        try:
            await asyncio.to_thread(book.release, [name])
        except DatabaseUnavailable as away:
            log.warning("not_released", channel=name, reason=str(away))
        else:
            log.info("lease_released", channel=name)


def _now() -> float:
    return asyncio.get_running_loop().time()
