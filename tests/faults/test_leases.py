"""Several processes on one PostgreSQL: who runs which account, who takes it over, and that no two do the same."""

import asyncio
import math
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing, suppress

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as some
from psycopg.sql import SQL, Identifier

from bot.app import open_database
from bot.leases import WORD, Held, Keeper, LeaseBook, Waits, share
from bot.waking import Waker
from storage import leases, locks
from storage.database import Database, GaveWay
from tests.conftest import LONG_AGO, XINGFU
from tests.keys import KEYS
from tests.postgresql import OWNER, Server

PATIENCE = 20.0
NAMES = ["east", "north", "south", "west"]
QUICK = Waits(length=15, renew=0.05, finish=5)


# --- who gets what ----------------------------------------------------------------------------------------------


def test_one_alone_takes_everything() -> None:
    assert share(NAMES, {}, "a", 1).take == tuple(NAMES)


def test_whoever_has_more_than_a_part_gives_up_the_rest() -> None:
    holders = dict.fromkeys(NAMES, "a")
    assert share(NAMES, holders, "a", 2).give_up == ("south", "west")
    assert share(NAMES, holders, "b", 2).take == ()


def test_what_is_no_longer_in_the_settings_counts_for_nothing() -> None:
    assert share(["east"], {"gone": "a"}, "a", 1).take == ("east",)


@given(some.integers(0, 30), some.integers(1, 8), some.randoms(use_true_random=False))
def test_all_is_held_soon_and_nobody_has_more_than_a_part(count: int, processes: int, chance: object) -> None:
    names, holders = [f"n{number}" for number in range(count)], {f"n{number}": "p0" for number in range(count)}
    for _ in range(2):
        for process in (f"p{number}" for number in range(processes)):
            found = share(names, holders, process, processes)
            for name in found.give_up:
                del holders[name]
            holders |= dict.fromkeys(found.take, process)
    assert set(holders) == set(names)
    most = max((list(holders.values()).count(process) for process in holders.values()), default=0)
    assert most <= math.ceil(count / processes)


def test_a_dead_process_is_replaced_within_half_a_minute() -> None:
    """As soon as its leases have lapsed and the others have looked."""
    assert Waits().length + Waits().renew <= 30
    assert Waits().finish < Waits().length, "what is given up is finished while it is still ours"


# --- in the database ----------------------------------------------------------------------------------------------


@pytest.mark.postgresql
def test_a_new_process_gets_its_part_and_a_dead_ones_is_taken_over(postgresql_database: Database) -> None:
    a, b = LeaseBook(postgresql_database, "a"), LeaseBook(postgresql_database, "b")
    assert a.renew(NAMES) == Held(frozenset(NAMES), ())
    assert b.renew(NAMES) == Held(frozenset(), ())
    held = a.renew(NAMES)
    assert (held.names, held.give_up) == (frozenset(NAMES), ("south", "west"))
    a.release(held.give_up)
    assert b.renew(NAMES).names == {"south", "west"}
    lapse(postgresql_database, "a")
    assert b.renew(NAMES).names == set(NAMES)
    assert a.renew(NAMES) == Held(frozenset(), ()), "it was taken for dead, and finds that it has nothing"
    b.leave()
    assert a.renew(NAMES).names == set(NAMES), "whoever says goodbye leaves nothing behind"


@pytest.mark.postgresql
def test_of_several_at_once_one_gets_a_lease(postgresql_database: Database) -> None:
    got: list[str] = []
    together = threading.Barrier(4)

    def take(process: str) -> None:
        together.wait(PATIENCE)
        with postgresql_database.begin() as store:
            got.extend(leases.take(store, ["east"], process, leases.FORGOTTEN_AFTER))

    in_threads([lambda number=number: take(f"p{number}") for number in range(4)])  # type: ignore[misc]
    assert got == ["east"]


@pytest.mark.postgresql
def test_locks_keep_others_waiting_and_end_with_the_transaction(postgresql_database: Database) -> None:
    with postgresql_database.begin() as store:
        locks.hold(store, ["b", "a", "a"])
        with postgresql_database.begin() as other:
            assert not locks.try_hold(other, "a")
            assert locks.try_hold(other, "c")
    with postgresql_database.begin() as store:
        assert locks.try_hold(store, "a")


@pytest.mark.postgresql
def test_two_in_each_others_way_are_told_apart_from_a_database_that_is_away(postgresql_database: Database) -> None:
    """One of them gives way; done again at once it succeeds."""
    together, given_way = threading.Barrier(2), []

    def take(first: str, second: str) -> None:
        try:
            with postgresql_database.begin() as store:
                locks.hold(store, [first])
                together.wait(PATIENCE)
                locks.hold(store, [second])
        except GaveWay:
            given_way.append(first)
            with postgresql_database.begin() as store:
                locks.hold(store, [first, second])

    in_threads([lambda: take("a", "b"), lambda: take("b", "a")])
    assert len(given_way) == 1


@pytest.mark.postgresql
def test_first_starts_at_once_make_one_community(postgresql_server: Server) -> None:
    url = postgresql_server.fresh_url("template1")
    together = threading.Barrier(3)

    def start() -> None:
        together.wait(PATIENCE)
        open_database(url, KEYS, XINGFU, LONG_AGO).close()

    in_threads([start] * 3)
    with closing(Database(url, KEYS)) as database, database.begin() as store:
        assert store.connection.exec_driver_sql("SELECT count(*) FROM nodes WHERE level = 'community'").scalar_one()
    postgresql_server.drop(url)


# --- in the program -----------------------------------------------------------------------------------------------


class Recorded:
    """A part that says what becomes of it."""

    def __init__(self) -> None:
        self.began, self.ended, self.finished = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.sure = asyncio.Queue[bool]()
        self._enough = asyncio.Event()

    async def run(self) -> None:
        self.ended.clear()
        self.began.set()
        try:
            await self._enough.wait()
        finally:
            self.began.clear()
            self.ended.set()

    async def finish(self) -> None:
        self.finished.set()
        self._enough.set()

    def be_sure(self, *, sure: bool) -> None:
        self.sure.put_nowait(sure)


@asynccontextmanager
async def kept(book: LeaseBook | None, parts: dict[str, Recorded], waits: Waits = QUICK) -> AsyncIterator[Keeper]:
    keeper = Keeper(book, parts, waits)
    running = asyncio.create_task(keeper.run())
    try:
        async with asyncio.timeout(PATIENCE):
            yield keeper
    finally:
        await keeper.stop()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def test_one_without_others_runs_everything_and_lets_it_finish() -> None:
    parts = {name: Recorded() for name in NAMES}
    async with kept(None, parts) as keeper:
        await asyncio.gather(*(part.began.wait() for part in parts.values()))
        assert keeper.held == set(NAMES)
    assert all(part.finished.is_set() and part.ended.is_set() for part in parts.values())


async def test_what_a_part_raises_ends_the_program() -> None:
    class Broken(Recorded):
        async def run(self) -> None:
            raise LookupError

    with pytest.raises(LookupError):
        await Keeper(None, {"east": Broken()}, QUICK).run()


@pytest.mark.postgresql
async def test_a_new_process_gets_its_part_at_once(postgresql_database: Database) -> None:
    """Handed over in good order: the old one finishes, then the new one begins."""
    old, new = ({name: Recorded() for name in NAMES} for _ in range(2))
    async with kept(LeaseBook(postgresql_database, "a"), old):
        await asyncio.gather(*(part.began.wait() for part in old.values()))
        async with kept(LeaseBook(postgresql_database, "b"), new):
            for name in ("south", "west"):
                await new[name].began.wait()
                assert old[name].finished.is_set()
                assert old[name].ended.is_set()
            assert not old["east"].finished.is_set()
            assert not new["east"].began.is_set()
        assert not leased(postgresql_database, "b")


@pytest.mark.postgresql
async def test_a_process_that_was_taken_for_dead_stops_what_others_have_taken(postgresql_database: Database) -> None:
    """As after a machine has slept: it does not go on as if nothing had been."""
    part = Recorded()
    async with kept(LeaseBook(postgresql_database, "a"), {"east": part}):
        await part.began.wait()
        await asyncio.to_thread(take_from, postgresql_database, "east", "b")
        await part.ended.wait()
        assert not part.finished.is_set()


@pytest.mark.postgresql
async def test_while_the_database_is_away_a_part_goes_on_but_is_not_sure(
    postgresql_database: Database, xingfu_server: Server
) -> None:
    part = Recorded()
    async with kept(LeaseBook(postgresql_database, "a", 0.1), {"east": part}, Waits(0.1, 0.05, 5)):
        await part.began.wait()
        with shut(xingfu_server, postgresql_database):
            while await part.sure.get():
                pass
            assert part.began.is_set()
        while not await part.sure.get():
            pass
        assert not part.ended.is_set()


@pytest.mark.postgresql
async def test_what_one_process_tells_the_others_hear(postgresql_database: Database) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    waker = Waker(postgresql_database, heard.put_nowait)
    running = asyncio.create_task(waker.run())
    async with asyncio.timeout(PATIENCE):
        while True:  # until it listens
            waker.tell(["hello"])
            with suppress(TimeoutError):
                assert await asyncio.wait_for(heard.get(), 0.2) == "hello"
                break
        await asyncio.to_thread(LeaseBook(postgresql_database, "b").release, [])
        while (word := await heard.get()) == "hello":
            pass
        assert word == WORD
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


# --- helpers ------------------------------------------------------------------------------------------------------


def lapse(database: Database, process: str) -> None:
    """As if it had not been heard of for a minute."""
    with database.begin() as store:
        execute = store.connection.exec_driver_sql
        execute(f"UPDATE leases SET until = until - interval '1 minute' WHERE holder = '{process}'")
        execute(f"UPDATE processes SET seen_at = seen_at - interval '1 minute' WHERE id = '{process}'")


def take_from(database: Database, name: str, process: str) -> None:
    with database.begin() as store:
        store.connection.exec_driver_sql(
            f"UPDATE leases SET holder = '{process}', until = now() + interval '1 hour' WHERE name = '{name}'"
        )


def leased(database: Database, process: str) -> list[str]:
    with database.begin() as store:
        rows = store.connection.exec_driver_sql(f"SELECT name FROM leases WHERE holder = '{process}'")
        return list(rows.scalars())


class shut:  # noqa: N801  # reads as a word
    """Nobody can use this database."""

    def __init__(self, server: Server, database: Database) -> None:
        self._server, self._name = server, str(database.url.database)

    def __enter__(self) -> None:
        self._execute(SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(Identifier(self._name)))
        self._execute(
            SQL("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {}").format(self._name)
        )

    def __exit__(self, *_: object) -> None:
        self._execute(SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(Identifier(self._name)))

    def _execute(self, statement: object) -> None:
        with psycopg.connect(host=str(self._server.folder), user=OWNER, dbname="postgres", autocommit=True) as admin:
            admin.execute(statement)  # type: ignore[call-overload]


def in_threads(functions: list[Callable[[], None]]) -> None:
    """Runs these at once. Raises what one of them raises."""
    failed: list[BaseException] = []

    def run(function: Callable[[], None]) -> None:
        try:
            function()
        except BaseException as error:  # noqa: BLE001  # handed on below
            failed.append(error)

    threads = [threading.Thread(target=run, args=(function,)) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    if failed:
        raise failed[0]
