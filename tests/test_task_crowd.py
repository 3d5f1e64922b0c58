"""A hundred threads, one each, want the same task of a SQLite file. (PostgreSQL and its processes: test_task_claims.)

SQLite has one writer. In the program that is the desk's thread, to which everybody else hands what they want; here
they also come with connections of their own, as a second program on the same file would.
"""

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest

from bot.desk import Desk
from bot.worker import DeskWorker
from community import Community
from community.refused import Refused
from storage.database import Database
from tests.keys import KEYS
from tests.test_task_claims import CROWD, PATIENCE, RULES, check_taken, claiming_by, gather, ordered, tried

WRITERS = 8
"""Threads with a connection of their own. Each waits up to ten seconds for the file, so they must not be too many."""


@pytest.fixture
def crowd(sqlite_database: Database) -> Database:
    gather(sqlite_database)
    return sqlite_database


def all_at_once(threads: int, run: Callable[[int], Any]) -> list[Any]:
    """What each of so many threads brings, which have begun together."""
    together = threading.Barrier(threads)

    def begin(number: int) -> Any:
        together.wait(PATIENCE)
        return run(number)

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(begin, range(threads), timeout=PATIENCE))


@pytest.mark.parametrize("takers", [1, 2])
async def test_of_a_hundred_threads_at_the_desk_one_has_it(crowd: Database, takers: int) -> None:
    identity = ordered(crowd, takers)
    loop = asyncio.get_running_loop()
    worker = DeskWorker(Desk(crowd, RULES, {"pipe": "pipe"}), after_commit=lambda: None)
    worker.start()

    def claim(number: int, all_: Community) -> Any:
        try:
            return claiming_by(number, identity)(all_)
        except Refused as refused:
            return refused.key

    def asks(number: int) -> Any:
        asked = asyncio.run_coroutine_threadsafe(worker.call(lambda _, all_: claim(number, all_)), loop)
        return asked.result(PATIENCE)

    outcomes = await asyncio.to_thread(all_at_once, CROWD, asks)
    await worker.stop()
    check_taken(crowd, identity, takers, outcomes)


@pytest.mark.parametrize("takers", [1, 2])
def test_of_a_hundred_in_threads_with_a_connection_each_one_has_it(crowd: Database, takers: int) -> None:
    identity = ordered(crowd, takers)
    url = crowd.url.render_as_string(hide_password=False)

    def claims(first: int) -> Sequence[Any]:
        with closing(Database(url, KEYS)) as own:
            return [tried(own, claiming_by(number, identity)) for number in range(first, CROWD, WRITERS)]

    outcomes = [each for share in all_at_once(WRITERS, claims) for each in share]
    check_taken(crowd, identity, takers, outcomes)
