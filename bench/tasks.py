"""What it costs to find whom a task fits among 10,000 volunteers, and a group's race for one task.

Both run on a fresh copy of one prepared database (WAL, synchronous=FULL, on the project's disk). The yardstick of the
first reads all volunteers with the `sqlite3` module and sorts them in memory, as one would without statements of its
own; that of the second runs the same statements as the desk, noted in a run before, without the program around them.
"""

import gc
import json
import random
import shutil
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from sqlalchemy import insert

from bench.figures import ROOT, Figure, Rounds, Yardstick, work_folder
from bench.keys import KEYS
from bench.recording import Recording, say_again
from bot import app
from bot.config import DEMO_COMMUNITY, load
from bot.desk import Desk
from community.tasks.fit import MOST_ASKED, WEEK
from community.tasks.outcomes import TaskState
from community.tasks.steps import Stage
from handlers.messages import Incoming
from storage import tasks
from storage.database import Database, Store
from storage.tables import addresses, people, task_pushes, volunteer_skills, volunteers

REPEATS = 7
VOLUNTEERS, TASKS, CROWD = 10_000, 5_000, 100
SEED = 20261201
CHANNEL = "pipe"
MORNING = datetime(2026, 12, 1, 1, tzinfo=UTC)
ORDERER = "resident-3-501"
SKILLS = ("理发", "量血压", "修家电", "缝补", "跑腿", "陪老人", "教手机", "水电维修", "打扫卫生", "辅导作业")
FREE = ((), ("any",), ("sat", "sun"), ("thu-morning", "any-evening"))
ALL = (
    "SELECT v.person_id, v.skills, v.free, v.confirmed_at, p.node_id,"
    " (SELECT count(*) FROM task_pushes a WHERE a.person_id = p.id AND a.pushed_at >= ?)"
    " FROM volunteers v JOIN people p ON p.id = v.person_id"
    " WHERE v.node_id = 'xingfu' AND v.left_at IS NULL AND NOT p.muted"
)
"""Everybody, as the yardstick reads them."""


def measure() -> Iterator[Figure]:
    """The first round of a task with a skill, of one that anybody can do, and a hundred claims of one task."""
    with work_folder() as name:
        folder = Path(name)
        prepared = _prepare(folder / "prepared.db")
        yield _dispatch(prepared, folder, "理发")
        yield _dispatch(prepared, folder, "")
        yield _race(prepared, folder)


# --- whom it fits -----------------------------------------------------------------------------------------------


def _dispatch(prepared: Path, folder: Path, skill: str) -> Figure:
    rounds = Rounds()
    for _ in range(REPEATS):
        rounds.ours.append(_push(prepared, folder, skill))
        rounds.theirs.append(_read_all(prepared, folder, skill))
    return Figure(
        name=f"dispatch of one task, {'a skill' if skill else 'anybody'}, {VOLUNTEERS} volunteers",
        value=1_000 * median(rounds.ours),
        unit="ms",
        n=1,
        repeats=REPEATS,
        beside=Yardstick(
            "sqlite3 module, all rows, chosen in memory", 1_000 * median(rounds.theirs), rounds.times_as_fast
        ),
        wanted="< 20 ms",
        note=f"{TASKS} pushes of the last month; chosen, logged and written, without the commit",
    )


def _push(prepared: Path, folder: Path, skill: str) -> float:
    """Seconds for the first round, the first in its transaction."""
    with _copy(prepared, folder / "ours.db") as database:
        desk = _desk(database)
        with desk.transaction() as (store, community):
            community.tasks.dispatch.begin(community.tasks.ledger.existing(_order(store, skill)), MORNING)  # compiled
            task = community.tasks.ledger.existing(_order(store, skill))
            gc.collect()
            began = time.perf_counter()
            community.tasks.dispatch.begin(task, MORNING)
            seconds = time.perf_counter() - began
            if len(tasks.pushes(store, task.id)) != 3:
                raise RuntimeError("not three were asked; the figure would not mean what it says")
    return seconds


def _read_all(prepared: Path, folder: Path, skill: str) -> float:
    """Seconds for the same choice from all rows."""
    with _copy(prepared, folder / "theirs.db") as database:
        connection = _plain(database)
        since = (MORNING - WEEK).strftime("%Y-%m-%d %H:%M:%S.%f")
        connection.execute(ALL, (since,)).fetchall()
        gc.collect()
        began = time.perf_counter()
        rows = connection.execute(ALL, (since,)).fetchall()
        fitting = [row for row in rows if not skill or skill in json.loads(row[1])]
        chosen = sorted((row for row in fitting if row[5] < MOST_ASKED), key=_rank)[:3]
        seconds = time.perf_counter() - began
    if len(chosen) != 3:
        raise RuntimeError("the yardstick found too few")
    return seconds


def _rank(row: Sequence[str]) -> tuple[bool, int, str]:
    return row[4] != "building-3", int(row[5]), row[0]


# --- a group's race ---------------------------------------------------------------------------------------------


def _race(prepared: Path, folder: Path) -> Figure:
    """A hundred who were told in their group all say 接."""
    recording = Recording()
    with _copy(prepared, folder / "recorded.db") as database:
        recording.attach(database)
        messages, desk = _race_begins(database), _desk(database)
        recording.batches.append([])
        desk.handle(messages)
    rounds = Rounds()
    for _ in range(REPEATS):
        rounds.ours.append(_claim_all(prepared, folder))
        rounds.theirs.append(_replay(prepared, folder, recording))
    return Figure(
        name="a group's race for one task",
        value=CROWD / median(rounds.ours),
        unit="claims/s",
        n=CROWD,
        repeats=REPEATS,
        beside=Yardstick("sqlite3 module, the same statements", CROWD / median(rounds.theirs), rounds.times_as_fast),
        note="one has it, 99 hear who was faster; one commit",
    )


def _race_begins(database: Database) -> list[Incoming]:
    with database.begin() as store:
        number = _order(store, "理发")
    return [_claim(each, number) for each in range(CROWD)]


def _claim_all(prepared: Path, folder: Path) -> float:
    with _copy(prepared, folder / "ours.db") as database:
        messages = _race_begins(database)
        desk = _desk(database)
        gc.collect()
        began = time.perf_counter()
        desk.handle(messages)
        seconds = time.perf_counter() - began
        _one_has_it(database)
    return seconds


def _replay(prepared: Path, folder: Path, recording: Recording) -> float:
    with _copy(prepared, folder / "replayed.db") as database:
        _race_begins(database)
        connection = _plain(database)
        gc.collect()
        began = time.perf_counter()
        say_again(recording.batches, connection)
        seconds = time.perf_counter() - began
        _one_has_it(database)
    return seconds


def _one_has_it(database: Database) -> None:
    (found,) = _plain(database).execute("SELECT count(*) FROM task_claims").fetchone()
    if found != 1:
        raise RuntimeError(f"{found} have it, not one; the figure would not mean what it says")


def _claim(number: int, task_id: int) -> Incoming:
    return Incoming(
        channel=CHANNEL,
        account=CHANNEL,
        external_id=f"claim-{number}",
        group=None,
        sender=_name(number),
        sender_name=_name(number),
        text=f"接T{task_id:03d}",
        sent_at=MORNING,
        received_at=MORNING,
    )


# --- the database -----------------------------------------------------------------------------------------------


def _prepare(file: Path) -> Path:
    """The demo community with its many volunteers, and what they were asked before."""
    chance = random.Random(SEED)
    database = app.open_database(f"sqlite:///{file}", KEYS, ROOT / DEMO_COMMUNITY, MORNING)
    with database.begin() as store:
        _add_volunteers(store, chance)
        done = [_order(store, chance.choice(SKILLS), state=TaskState.RATED) for _ in range(TASKS)]
        pushes = [
            {
                "task_id": each,
                "person_id": _name(chance.randrange(VOLUNTEERS)),
                "round": 1,
                "pushed_at": MORNING - timedelta(hours=chance.randrange(1, 30 * 24)),
            }
            for each in done
        ]
        store.connection.execute(insert(task_pushes), pushes)
        store.connection.exec_driver_sql("ANALYZE")
    database.close()
    return file


def _add_volunteers(store: Store, chance: random.Random) -> None:
    names = [_name(number) for number in range(VOLUNTEERS)]
    skills = {each: chance.sample(SKILLS, 2) for each in names}
    homes = [
        {"id": each, "name": each, "node_id": f"building-{chance.randrange(1, 13)}", "created_at": MORNING}
        for each in names
    ]
    store.connection.execute(insert(people), homes)
    reached = [{"channel": CHANNEL, "external_id": each, "person_id": each} for each in names]
    store.connection.execute(insert(addresses), reached)
    entry = {"node_id": "xingfu", "since": MORNING, "confirmed_at": MORNING}
    entries = [
        entry | {"person_id": each, "name": each, "skills": skills[each], "free": list(chance.choice(FREE))}
        for each in names
    ]
    store.connection.execute(insert(volunteers), entries)
    rows = [{"node_id": "xingfu", "skill": skill, "person_id": each} for each in names for skill in skills[each]]
    store.connection.execute(insert(volunteer_skills), rows)


def _order(store: Store, skill: str, state: TaskState = TaskState.ORDERED) -> int:
    over = state is not TaskState.ORDERED
    return tasks.add(
        store,
        {
            "node_id": "xingfu",
            "orderer_id": ORDERER,
            "ordered_by": ORDERER,
            "what": "上门理发",
            "words": "上门理发",
            "skill": skill,
            "place_id": "building-3",
            "address": "3号楼2单元501",
            "phone": "13800138000",
            "at_home": True,
            "from_at": MORNING + timedelta(days=2),
            "until_at": MORNING + timedelta(days=2, hours=3),
            "state": state,
            "ordered_at": MORNING,
            "changed_at": MORNING,
            "ended_at": MORNING if over else None,
            "next_at": None if over else MORNING,
            "stage": Stage.NOTHING if over else Stage.NEXT_ROUND,
        },
    )


def _name(number: int) -> str:
    return f"volunteer-{number:05d}"


def _desk(database: Database) -> Desk:
    """A desk that has read its tree."""
    desk = Desk(database, app.rules_of(load(None, {})), {CHANNEL: CHANNEL})
    desk.refresh()
    return desk


@contextmanager
def _copy(prepared: Path, file: Path) -> Iterator[Database]:
    """A fresh copy of the prepared database, opened as the program opens its own."""
    for old in file.parent.glob(f"{file.name}*"):
        old.unlink()
    shutil.copy(prepared, file)
    with closing(Database(f"sqlite:///{file}", KEYS)) as database:
        yield database


def _plain(database: Database) -> sqlite3.Connection:
    """The driver's own connection, prepared by the program: the same pragmas."""
    connection = database.engine.raw_connection().driver_connection
    assert isinstance(connection, sqlite3.Connection)
    return connection
