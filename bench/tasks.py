"""What a task costs among 10,000 volunteers: finding the three whom it is pushed to, with every word to them and the
commit; and a hundred who claim the same one in a group.

The volunteers live all over one community, have some forty skills between them, and have been asked before. 1,000 of
them are the yardstick; the rounds go by turns through both, so that a noisy neighbour hits both.
"""

import gc
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import func, insert, select, update

from bench.figures import ROOT, Figure, Rounds, Yardstick, work_folder
from bot import app
from bot.config import DEMO_COMMUNITY, load
from bot.desk import LARGEST_BATCH, Desk
from community.tasks.steps import Stage
from community.volunteers.skills import SAME
from handlers.messages import Incoming
from handlers.tasks import JOBS
from storage import tables, tasks
from storage.database import Database, Store

SIZES = (1_000, 10_000)
REPEATS = 5
DISPATCHES = 32
"""Tasks that a round dispatches, one after the other."""

RACES = 5
CROWD = 100
"""Volunteers who claim the same task."""

CHANNEL = "pipe"
GROUP = "志愿者之家"
COMMUNITY, ORDERER = "xingfu", "resident-3-501"
MORNING = datetime(2026, 12, 1, 1, tzinfo=UTC)
PUSHED = 3
"""How many the first round asks."""

BUILDINGS = 12
SEED = 20261201
FREE = ((), ("any",), ("sat", "sun"), ("morning",), ("evening",), ("mon", "wed", "fri"))


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of task. Without a skill anybody may do it."""

    name: str
    what: str
    skill: str
    at_home: bool


KINDS = (Kind("with a skill", "上门理发", "理发", at_home=True), Kind("for anybody", "遛狗", "", at_home=False))


@dataclass(slots=True)
class Stored:
    """A database with so many volunteers, and a desk that works on it. `moment`: its time, which only goes on."""

    size: int
    database: Database
    desk: Desk
    moment: datetime = MORNING


def measure() -> Iterator[Figure]:
    """Dispatching, then the race."""
    with work_folder() as name:
        stored = [_stored(Path(name) / f"{size}.db", size) for size in SIZES]
        for kind in KINDS:
            yield from _compared(kind, stored)
        yield from _races(stored[-1])
        for each in stored:
            each.database.close()


# --- dispatching ----------------------------------------------------------------------------------------------


def _compared(kind: Kind, stored: Sequence[Stored]) -> Iterator[Figure]:
    times: Mapping[int, list[float]] = {each.size: [] for each in stored}
    for _ in range(REPEATS + 1):
        for each in stored:
            gc.collect()
            times[each.size].append(_dispatch(each, kind) / DISPATCHES * 1_000)
    least = times[SIZES[0]][1:]  # the first round warms up
    for each in stored:
        rounds = Rounds(times[each.size][1:], least)
        beside = Yardstick(f"among {SIZES[0]:,}", median(least), rounds.times_as_fast)
        is_least = each.size == SIZES[0]
        name = f"dispatch of a task {kind.name} among {each.size:,} volunteers"
        note = f"pushed to {PUSHED}, with a commit"
        value, wanted = median(rounds.ours), "" if is_least else "< 20"
        yield Figure(name, value, "ms", DISPATCHES, REPEATS, None if is_least else beside, wanted, note)


def _dispatch(stored: Stored, kind: Kind) -> float:
    """Seconds for tasks that fall due one after the other, as the scheduler does them."""
    seconds, before = 0.0, _count(stored.database, tables.task_pushes)
    for _ in range(DISPATCHES):
        stored.moment += timedelta(seconds=1)
        with stored.database.begin() as store:
            _order(store, kind, stored.moment)
        began = time.perf_counter()
        stored.desk.run_jobs(stored.moment)
        seconds += time.perf_counter() - began
    if _count(stored.database, tables.task_pushes) != before + PUSHED * DISPATCHES:
        raise RuntimeError("not every task was pushed to three; the figure would not mean what it says")
    with stored.database.begin() as store:
        store.connection.execute(update(tables.tasks).values(next_at=None))  # no second round
    return seconds


def _order(store: Store, kind: Kind, moment: datetime) -> int:
    """A task that is due now. Gives its id."""
    begins = MORNING + timedelta(days=4)
    return tasks.add(
        store,
        {
            "node_id": COMMUNITY,
            "orderer_id": ORDERER,
            "ordered_by": ORDERER,
            "what": kind.what,
            "words": kind.what,
            "skill": kind.skill,
            "place_id": "building-3",
            "address": "3号楼2单元501",
            "phone": "13800138000",
            "at_home": kind.at_home,
            "from_at": begins,
            "until_at": begins + timedelta(hours=3),
            "state": tables.TaskState.ORDERED,
            "ordered_at": moment,
            "changed_at": moment,
            "next_at": moment,
            "stage": Stage.NEXT_ROUND,
        },
    )


# --- the race -------------------------------------------------------------------------------------------------


def _races(stored: Stored) -> Iterator[Figure]:
    """A hundred say 「接T001」 in the group before the first is answered: batches as the desk makes them, and single."""
    rounds = Rounds()
    for _ in range(RACES + 1):
        rounds.ours.append(_race(stored, LARGEST_BATCH) * 1_000)
        rounds.theirs.append(_race(stored, 1) * 1_000)
    rounds = Rounds(rounds.ours[1:], rounds.theirs[1:])
    beside = Yardstick("the same, one to a commit", median(rounds.theirs), rounds.times_as_fast)
    note = f"{CROWD} claims in the group, {LARGEST_BATCH} to a commit, until all have an answer; one has it"
    yield Figure("the group's claim race", median(rounds.ours), "ms", CROWD, RACES, beside, note=note)


def _race(stored: Stored, size: int) -> float:
    """Seconds until everybody has their answer."""
    stored.moment += timedelta(minutes=1)
    with stored.database.begin() as store:
        task_id = _order(store, KINDS[1], stored.moment)
        tasks.change(store, task_id, next_at=None)
    crowd = random.Random(task_id).sample(range(stored.size), CROWD)
    claims = [_claim(number, task_id, stored.moment) for number in crowd]
    before = _count(stored.database, tables.inbox)
    gc.collect()
    began = time.perf_counter()
    for first in range(0, CROWD, size):
        stored.desk.handle(claims[first : first + size])
    seconds = time.perf_counter() - began
    with stored.database.begin() as store:
        taken = [each.person_id for each in tasks.claims(store, [task_id])]
    answered = _count(stored.database, tables.inbox) - before
    if taken != [_person(crowd[0])] or answered != CROWD:
        raise RuntimeError("not the first one has it, or not everybody was answered")
    return seconds


def _claim(number: int, task_id: int, moment: datetime) -> Incoming:
    return Incoming(
        channel=CHANNEL,
        account=CHANNEL,
        external_id=f"claim-{task_id}-{number}",
        group=GROUP,
        group_name=GROUP,
        sender=_person(number),
        sender_name=f"志愿者{number}",
        text=f"接T{task_id:03d}",
        sent_at=moment,
        received_at=moment,
    )


# --- filling --------------------------------------------------------------------------------------------------


def _stored(file: Path, size: int) -> Stored:
    database = app.open_database(f"sqlite:///{file}", ROOT / DEMO_COMMUNITY, MORNING)
    with database.begin() as store:
        _fill(store, size)
        store.connection.exec_driver_sql("ANALYZE")
    return Stored(size, database, Desk(database, app.rules_of(load(None, {})), {CHANNEL: CHANNEL}, JOBS))


def _fill(store: Store, size: int) -> None:
    """So many volunteers, each with one to three skills, in every building; every other one has been asked lately."""
    draw = random.Random(SEED)
    skills = sorted(SAME)
    have = {number: draw.sample(skills, draw.randint(1, 3)) for number in range(size)}
    rows: Mapping[Any, list[dict[str, Any]]] = {
        tables.people: [
            {
                "id": _person(number),
                "name": f"志愿者{number}",
                "node_id": f"building-{number % BUILDINGS + 1}",
                "created_at": MORNING,
            }
            for number in have
        ],
        tables.addresses: [
            {"channel": CHANNEL, "external_id": _person(number), "person_id": _person(number)} for number in have
        ],
        tables.volunteers: [
            {
                "person_id": _person(number),
                "node_id": COMMUNITY,
                "name": f"志愿者{number}",
                "skills": own,
                "free": list(draw.choice(FREE)),
                "since": MORNING,
                "confirmed_at": None if number % 10 == 0 else MORNING,
            }
            for number, own in have.items()
        ],
        tables.volunteer_skills: [
            {"node_id": COMMUNITY, "skill": skill, "person_id": _person(number)}
            for number, own in have.items()
            for skill in own
        ],
    }
    for table, values in rows.items():
        store.connection.execute(insert(table), values)
    _ask_before(store, size)


def _ask_before(store: Store, size: int) -> None:
    """Older tasks, each of which was pushed to three."""
    for first in range(0, size, 2 * PUSHED):
        pushed_at = MORNING - timedelta(hours=1 + first % 400)
        task_id = _order(store, KINDS[0], pushed_at)
        ended = {"state": tables.TaskState.UNMET, "ended_at": MORNING, "next_at": None}
        tasks.change(store, task_id, **ended)
        asked = [_person(number) for number in range(first, min(size, first + PUSHED))]
        rows = [{"task_id": task_id, "person_id": each, "round": 1, "pushed_at": pushed_at} for each in asked]
        tasks.add_pushes(store, rows)


def _person(number: int) -> str:
    return f"stored-{number}"


def _count(database: Database, table: Any) -> int:
    with database.begin() as store:
        return int(store.connection.execute(select(func.count()).select_from(table)).scalar_one())
