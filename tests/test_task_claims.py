"""A crowd at one task: many people, threads and processes want it at the same moment. The first one has it.

In SQLite the desk's one thread does one after the other. In PostgreSQL there are as many writers as there are
processes: what keeps them apart are the locks that the claims take, and the database's own constraints.
"""

import asyncio
import multiprocessing
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError

from bot.desk import Desk
from bot.worker import DeskWorker
from community import Community
from community.people import Person
from community.refused import Refused
from community.rules import CHINA, Rules
from community.tasks.fit import MOST_CLAIMS
from community.tasks.happened import Claimed, GivenBack, Rated, Tried
from community.tasks.outcomes import Claim, Task
from community.tasks.steps import Stage, Step
from community.tree import Tree
from storage import hours, tasks, tree
from storage.database import Database, Store
from storage.tables import TaskState, people, task_claims, task_events, volunteers
from tests.keys import KEYS

NOW = datetime(2026, 12, 1, 9, tzinfo=CHINA)
BEGINS = datetime(2026, 12, 5, 9, tzinfo=CHINA)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
CROWD = 100
THREADS, PROCESSES = 8, 4
PATIENCE = 60
"""Seconds after which those who wait for each other are said to wait for ever."""

ORDERER = Person("resident-3-501", "赵晓梅", "building-3")
RULES = Rules()

Act = Callable[[Community], Any]


# --- the crowd --------------------------------------------------------------------------------------------------


def somebody(number: int) -> Person:
    return Person(f"crowd-{number:03d}", f"志愿者{number}")


def gather(database: Database) -> None:
    """A hundred volunteers whom the community knows."""
    everybody = [somebody(number) for number in range(CROWD)]
    rows = [{"id": each.id, "name": each.name, "node_id": None, "created_at": NOW} for each in everybody]
    entry = {"node_id": "xingfu", "skills": [], "free": [], "since": NOW, "confirmed_at": NOW}
    entries = [entry | {"person_id": each.id, "name": each.name} for each in everybody]
    with database.begin() as store:
        store.connection.execute(insert(people), rows)
        store.connection.execute(insert(volunteers), entries)


def ordered(database: Database, takers: int = 1) -> int:
    """A new task. Gives its id."""
    with database.begin() as store:
        return tasks.add(
            store,
            {
                "node_id": "xingfu",
                "orderer_id": ORDERER.id,
                "ordered_by": ORDERER.id,
                "what": "上门理发",
                "words": "上门理发",
                "address": "3号楼2单元501",
                "phone": "13800138000",
                "at_home": True,
                "takers": takers,
                "from_at": BEGINS,
                "until_at": BEGINS + 3 * HOUR,
                "state": TaskState.ORDERED,
                "ordered_at": NOW,
                "changed_at": NOW,
                "next_at": NOW,
                "stage": Stage.NEXT_ROUND,
            },
        )


def community(store: Store) -> Community:
    grown = Tree.grow(tree.all_nodes(store), tree.all_roles(store), tree.all_groups(store))
    return Community.open(store, grown, RULES, {"pipe": "pipe"})


def tried(database: Database, act: Act) -> Any:
    """What comes of something, in a transaction of its own."""
    with database.begin() as store:
        try:
            return act(community(store))
        except Refused as refused:
            return refused.key


def claiming_by(number: int, task_id: int) -> Act:
    return lambda all_: all_.tasks.claiming.claim(task_id, somebody(number), NOW)


def claiming_all_by(number: int, task_ids: Sequence[int]) -> Act:
    return lambda all_: all_.tasks.claiming.claim_all(task_ids, somebody(number), NOW)


def giving_back_by(number: int, task_id: int) -> Act:
    return lambda all_: all_.tasks.claiming.give_back(task_id, somebody(number), "", NOW)


def claims_of(database: Database, task_id: int) -> list[Claim]:
    with database.begin() as store:
        return tasks.claims(store, [task_id])


def task_now(database: Database, task_id: int) -> Task:
    with database.begin() as store:
        found = tasks.by_id(store, task_id)
    assert found is not None
    return found


# --- who does it at the same moment -----------------------------------------------------------------------------


def in_threads(database: Database, acts: Sequence[Act]) -> list[Any]:
    """Each act in a thread with an engine of its own; all begin together."""
    together = threading.Barrier(len(acts))

    def run(act: Act) -> Any:
        with closing(Database(_url(database), KEYS)) as own:
            with own.begin():  # connected, so that nobody loses their time with that
                together.wait(PATIENCE)
            return tried(own, act)

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(run, acts, timeout=PATIENCE))


def claims_in_threads(database: Database, task_id: int, numbers: Sequence[int]) -> list[Any]:
    """Everybody claims it, shared among so many threads; each claim is a transaction of its own."""
    together = threading.Barrier(THREADS)

    def run(own_numbers: Sequence[int]) -> list[Any]:
        with closing(Database(_url(database), KEYS)) as own:
            together.wait(PATIENCE)
            return [tried(own, claiming_by(number, task_id)) for number in own_numbers]

    with ThreadPoolExecutor(THREADS) as threads:
        shares = [numbers[first::THREADS] for first in range(THREADS)]
        return [outcome for share in threads.map(run, shares, timeout=PATIENCE) for outcome in share]


_together: Any = None
"""In a process of `processes`: where they wait for each other."""


def _meet_at(barrier: Any) -> None:
    global _together  # a pool gives its processes nothing else to keep it in
    _together = barrier


def _claim_in_process(url: str, claims: Sequence[tuple[int, int]]) -> list[Any]:
    """Some of the crowd claim a task, each in a transaction of their own."""
    with closing(Database(url, KEYS)) as own:
        with own.begin():
            _together.wait(PATIENCE)
        return [tried(own, claiming_by(number, task_id)) for number, task_id in claims]


@pytest.fixture(scope="module")
def processes() -> Iterator[ProcessPoolExecutor]:
    """Four processes that have nothing of ours in memory, as the program's own would be."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(PROCESSES, context, _meet_at, (context.Barrier(PROCESSES),)) as pool:
        yield pool


def in_processes(
    pool: ProcessPoolExecutor, database: Database, shares: Sequence[Sequence[tuple[int, int]]]
) -> list[Any]:
    """Each share in a process; all begin together."""
    assert len(shares) == PROCESSES, "they wait for each other, so that none takes two shares"
    done = pool.map(partial(_claim_in_process, _url(database)), shares, timeout=PATIENCE)
    return [outcome for share in done for outcome in share]


def _url(database: Database) -> str:
    return database.url.render_as_string(hide_password=False)


@pytest.fixture
def crowd(postgresql_database: Database) -> Database:
    """The crowd, in PostgreSQL."""
    gather(postgresql_database)
    return postgresql_database


@pytest.fixture
def quiet(sqlite_database: Database) -> Database:
    """The crowd again, one after the other."""
    gather(sqlite_database)
    return sqlite_database


# --- what must hold ---------------------------------------------------------------------------------------------


def check_taken(database: Database, task_id: int, takers: int, outcomes: Sequence[Any]) -> None:
    """So many have it, and everybody else heard that somebody was faster."""
    won = [each for each in outcomes if isinstance(each, Claimed)]
    assert (len(won), len(outcomes)) == (takers, CROWD)
    late = [each for each in outcomes if not isinstance(each, Claimed)]
    assert set(late) <= {"tasks_dispatch.just_taken", "tasks_dispatch.just_taken_others"}
    kept = claims_of(database, task_id)
    assert [each.slot for each in kept] == list(range(1, takers + 1))
    assert {each.person_id for each in kept} == {each.claim.person_id for each in won}
    assert len({each.person_id for each in kept}) == takers
    assert sorted(each.full for each in won) == [False] * (takers - 1) + [True]
    task = task_now(database, task_id)
    assert (task.state, task.stage, task.claimed_at) == (TaskState.CLAIMED, Stage.BEFORE, NOW)
    with database.begin() as store:
        steps = [each.step for each in tasks.lines(store, task_id)]
    assert steps.count(Step.FILL) == 1


@pytest.mark.parametrize("takers", [1, 2])
async def test_one_of_a_hundred_has_it_at_the_desk(quiet: Database, takers: int) -> None:
    """Everybody asks at once; the desk's thread does one after the other, each in a transaction of its own."""
    identity = ordered(quiet, takers)
    worker = DeskWorker(Desk(quiet, RULES, {"pipe": "pipe"}), after_commit=lambda: None)
    worker.start()

    def claim(number: int, all_: Community) -> Any:
        try:
            return claiming_by(number, identity)(all_)
        except Refused as refused:
            return refused.key

    async def asks(number: int) -> Any:
        return await worker.call(lambda _, all_: claim(number, all_))

    outcomes = await asyncio.gather(*(asks(number) for number in range(CROWD)))
    await worker.stop()
    check_taken(quiet, identity, takers, outcomes)


@pytest.mark.postgresql
@pytest.mark.parametrize("takers", [1, 2])
def test_one_of_a_hundred_has_it_in_eight_threads(crowd: Database, takers: int) -> None:
    identity = ordered(crowd, takers)
    check_taken(crowd, identity, takers, claims_in_threads(crowd, identity, range(CROWD)))


@pytest.mark.postgresql
def test_one_of_a_hundred_has_it_in_four_processes(crowd: Database, processes: ProcessPoolExecutor) -> None:
    identity = ordered(crowd)
    shares = [[(number, identity) for number in range(first, CROWD, PROCESSES)] for first in range(PROCESSES)]
    check_taken(crowd, identity, 1, in_processes(processes, crowd, shares))


@pytest.mark.parametrize("double", ["slot", "person"])
def test_the_database_itself_refuses_a_double(database: Database, double: str) -> None:
    """Whoever writes past the service gets no slot a second time, and no second one for the same person."""
    gather(database)
    identity = ordered(database, takers=2)
    assert isinstance(tried(database, claiming_by(0, identity)), Claimed)
    taken: Mapping[str, tuple[int, int]] = {"slot": (1, 1), "person": (0, 2)}
    number, slot = taken[double]
    row = {"task_id": identity, "person_id": somebody(number).id, "slot": slot, "claimed_at": NOW}
    with pytest.raises(IntegrityError), database.begin() as store:
        tasks.add_claim(store, **row)
    assert isinstance(tried(database, giving_back_by(0, identity)), GivenBack)
    with database.begin() as store:
        tasks.add_claim(store, **row)  # what was given back may be had again
    assert [(each.person_id, each.slot) for each in claims_of(database, identity)] == [(somebody(number).id, slot)]


# --- one person, many tasks -------------------------------------------------------------------------------------


@pytest.mark.postgresql
def test_nobody_gets_more_than_they_may_have_however_fast_they_are(crowd: Database) -> None:
    identities = [ordered(crowd) for _ in range(THREADS)]
    outcomes = in_threads(crowd, [claiming_by(0, each) for each in identities])
    assert sum(isinstance(each, Claimed) for each in outcomes) == MOST_CLAIMS
    assert outcomes.count("tasks_dispatch.claim_busy") == THREADS - MOST_CLAIMS


@pytest.mark.postgresql
def test_two_who_take_the_same_ones_in_opposite_order_do_not_wait_for_each_other(crowd: Database) -> None:
    for _ in range(5):
        identities = [ordered(crowd) for _ in range(4)]
        first, second = in_threads(crowd, [claiming_all_by(1, identities), claiming_all_by(2, identities[::-1])])
        assert isinstance(first, Tried)
        assert isinstance(second, Tried)
        taken = [each.task.id for tried_ in (first, second) for each in tried_.taken]
        assert sorted(taken) == identities
        for number in (1, 2):
            for each in identities:
                tried(crowd, giving_back_by(number, each))


def test_five_at_once_are_as_many_as_are_allowed(quiet: Database) -> None:
    identities = [ordered(quiet) for _ in range(5)]
    outcome = tried(quiet, claiming_all_by(0, [*identities[::-1], identities[4], 999]))
    assert isinstance(outcome, Tried)
    assert [each.task.id for each in outcome.taken] == identities[::-1][:MOST_CLAIMS]
    assert [(number, key) for number, key, _ in outcome.refused] == [
        ("T002", "tasks_dispatch.claim_busy"),
        ("T001", "tasks_dispatch.claim_busy"),
        ("T999", "tasks.not_found"),
    ]


# --- giving back and what the scheduler does --------------------------------------------------------------------


@pytest.mark.postgresql
def test_whoever_claims_while_it_is_given_back_has_it_or_not(crowd: Database) -> None:
    for number in range(1, 11):
        identity = ordered(crowd)
        tried(crowd, claiming_by(0, identity))
        given, *claimed = in_threads(
            crowd, [giving_back_by(0, identity), *(claiming_by(number + 10 * each, identity) for each in range(4))]
        )
        assert isinstance(given, GivenBack)
        won = [each for each in claimed if isinstance(each, Claimed)]
        assert [each.claim.person_id for each in won] == [each.person_id for each in claims_of(crowd, identity)]
        assert len(won) <= 1
        task = task_now(crowd, identity)
        assert task.state is (TaskState.CLAIMED if won else TaskState.ORDERED)
        assert task.next_at is not None
        for each in won:
            person = each.claim.person_id
            tried(crowd, giving_back_by(int(person.removeprefix("crowd-")), identity))


@pytest.mark.postgresql
def test_each_round_is_once_however_many_processes_look(crowd: Database) -> None:
    identities = [ordered(crowd) for _ in range(10)]
    in_threads(crowd, [lambda all_: all_.tasks.looks.run(NOW)] * PROCESSES)
    with crowd.begin() as store:
        for each in identities:
            steps = [line.step for line in tasks.lines(store, each)]
            assert steps == [Step.PUSH]
            assert len(tasks.pushes(store, each)) == 3


@pytest.mark.postgresql
def test_hours_are_given_once_however_often_it_is_rated(crowd: Database) -> None:
    identity = ordered(crowd)
    tried(crowd, claiming_by(0, identity))
    tried(crowd, lambda all_: all_.tasks.doing.done(identity, somebody(0), 90, NOW))
    acts: list[Act] = [lambda all_: all_.tasks.doing.rate(identity, ORDERER, 1, "", NOW)] * 3
    acts += [lambda all_: str(all_.tasks.looks.run(NOW + timedelta(days=30)))] * 2
    outcomes = in_threads(crowd, acts)
    assert sum(isinstance(each, Rated) for each in outcomes) <= 1
    assert task_now(crowd, identity).state in (TaskState.RATED, TaskState.DONE)
    tried(crowd, lambda all_: str(all_.tasks.looks.run(NOW + timedelta(days=60))))
    with crowd.begin() as store:
        assert hours.total(store, somebody(0).id) == 90
        rated = select(func.count()).where(task_events.c.task_id == identity, task_events.c.step == Step.RATE)
        assert store.connection.execute(rated).scalar_one() == 1


def test_a_task_that_was_called_off_has_no_taker(quiet: Database) -> None:
    identity = ordered(quiet)
    tried(quiet, lambda all_: all_.tasks.ordering.cancel(identity, ORDERER, "", NOW))
    assert tried(quiet, claiming_by(0, identity)) == "tasks.is_cancelled"
    with quiet.begin() as store:
        assert store.connection.execute(select(func.count()).select_from(task_claims)).scalar_one() == 0
