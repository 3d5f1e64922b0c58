"""What a grievance costs among 1,000, 100,000 and 1,000,000 stored ones: the whole path of a report, and the search for
others that tell of the same.

Each size has a database of its own on the project's disk, filled by raw inserts with every index in place. The rounds
go by turns through all sizes, so that a noisy neighbour hits all of them; the smallest is the yardstick.
"""

import gc
import random
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from statistics import median
from typing import Any

from bench.figures import ROOT, Figure, Rounds, Yardstick, work_folder
from bench.keys import KEYS
from bot import app
from bot.config import DEMO_COMMUNITY, load
from bot.desk import Desk
from handlers.hearing import categories
from handlers.messages import Incoming
from storage import grievances
from storage.database import Database

SIZES = (1_000, 100_000, 1_000_000)
REPEATS = 5
REPORTS, SEARCHES = 64, 200
"""How many of each a round has."""

CHANNEL = "pipe"
MORNING = datetime(2026, 12, 1, 1, tzinfo=UTC)
DAYS = 3 * 365
"""How far back the stored ones reach."""

SPEAKERS = 200
"""Residents who report while it is measured."""

PER_BUILDING, PER_RESIDENT = 80, 20
"""Stored cases for each building and each resident, so that a place stays as busy as it is while a city grows."""

CROWD = 20
"""Every such case is at one building: the busiest place there could be."""

CROWDED, USUAL = "building-1", "building-2"
SEED = 20261201
WORDS = (
    "电梯停在三楼不动",
    "楼道灯不亮",
    "垃圾没人清",
    "水管漏水",
    "单元门锁坏了",
    "装修吵得睡不着",
    "车堵着消防通道",
    "井盖松了",
    "下水道返味",
    "树枝挡了窗户",
)
UNLIKE = "窨井里有青蛙叫"
"""Words like none that are stored: a search has to look at everything that is near."""


@dataclass(slots=True)
class Stored:
    """A database with so many cases, and a desk that works on it."""

    size: int
    database: Database
    desk: Desk
    filled_in: float
    bytes: int
    said: int = 0


def measure() -> Iterator[Figure]:
    """A report, and the search at a usual and at a crowded building, each beside the same among 1,000."""
    with work_folder() as name:
        stored = [_stored(Path(name) / f"{size}.db", size) for size in SIZES]
        for each in stored:
            note = f"{each.bytes / 1e6:.0f} MB, every index in place"
            wanted = "< 40" if each.size == SIZES[-1] else ""
            yield Figure(f"filled with {each.size:,} cases", each.filled_in, "s", each.size, 1, None, wanted, note)
        yield from _compared("a report", _reports, stored, REPORTS)
        yield from _compared("a duplicate search", _searches(USUAL), stored, SEARCHES)
        yield from _compared("a duplicate search, crowded building", _searches(CROWDED), stored, SEARCHES)
        for each in stored:
            each.database.close()


Run = Callable[[Stored, int], float]
"""Does something so many times and gives the seconds for all of them."""


def _compared(name: str, run: Run, stored: Sequence[Stored], count: int) -> Iterator[Figure]:
    """Milliseconds for one; of each round all sizes by turns."""
    times: Mapping[int, list[float]] = {each.size: [] for each in stored}
    for _ in range(REPEATS + 1):
        for each in stored:
            gc.collect()
            times[each.size].append(run(each, count) / count * 1_000)
    least = times[SIZES[0]][1:]  # the first round warms up
    for each in stored:
        rounds = Rounds(times[each.size][1:], least)
        beside = Yardstick(f"among {SIZES[0]:,}", median(least), rounds.times_as_fast)
        wanted = "< 20 ms among 100,000" if "search" in name and each.size == 100_000 else ""
        shown = None if each.size == SIZES[0] else beside
        yield Figure(f"{name} among {each.size:,}", median(rounds.ours), "ms", count, REPEATS, shown, wanted)


def _reports(stored: Stored, count: int) -> float:
    """Seconds for reports, each with a commit of its own and nothing to ask back."""
    batch = [_report(stored.said + number) for number in range(count)]
    stored.said += count
    before = _reported(stored.database)
    began = time.perf_counter()
    for incoming in batch:
        stored.desk.handle([incoming])
    seconds = time.perf_counter() - began
    if _reported(stored.database) != before + count:
        raise RuntimeError("not every report went out; the figure would not mean what it says")
    return seconds


def _searches(place_id: str) -> Run:
    def run(stored: Stored, count: int) -> float:
        """Seconds for searches, each within a transaction that is open already, as in the middle of a report."""
        with stored.desk.transaction() as (store, community):
            intake = community.grievances.intake
            near = grievances.near(store, place_id, "lift", MORNING - timedelta(days=14))
            one = grievances.by_number(store, 1)
            assert one is not None
            draft = replace(one, category="lift", words=UNLIKE, resident_id="nobody", number=0)
            place, found = community.tree.nodes[place_id], None
            began = time.perf_counter()
            for _ in range(count):
                found = intake._same(draft, place, "", MORNING)
            seconds = time.perf_counter() - began
            if found is not None or (place_id == CROWDED and stored.size >= 100_000 and not near):
                raise RuntimeError("the search did not look at what it should")
        return seconds

    return run


def _report(number: int) -> Incoming:
    at = MORNING + timedelta(seconds=10 * number)
    return Incoming(
        channel=CHANNEL,
        account=CHANNEL,
        external_id=f"message-{number}",
        group=None,
        group_name="",
        sender=f"resident-{number % SPEAKERS}",
        sender_name=f"居民{number % SPEAKERS}",
        text=f"反映 {number % 11 + 2}号楼{number % 3 + 1}单元{_unheard_of(number)}",
        sent_at=at,
        received_at=at,
    )


def _unheard_of(number: int) -> str:
    """Words that nobody has used before: nothing has to be asked back."""
    draw = random.Random(number)
    return "".join(chr(draw.randrange(0x8278, 0x8FFF)) for _ in range(8))


def _reported(database: Database) -> int:
    """How many have gone out to those who must act since the measuring began."""
    with database.begin() as store:
        counted = store.connection.exec_driver_sql(
            "SELECT count(*) FROM grievances WHERE state = 'reported' AND resident_id LIKE 'pipe:%'"
        )
        return int(counted.scalar_one())


# --- filling ------------------------------------------------------------------------------------------------


def _stored(file: Path, size: int) -> Stored:
    database = app.open_database(f"sqlite:///{file}", KEYS, ROOT / DEMO_COMMUNITY, MORNING)
    desk = Desk(database, app.rules_of(load(None, {})), {CHANNEL: CHANNEL})
    with desk.transaction() as (_, community):
        for number in range(SPEAKERS):
            community.people.meet(CHANNEL, f"resident-{number}", f"居民{number}", MORNING)
    database.engine.dispose()
    began = time.perf_counter()
    with closing(sqlite3.connect(file)) as connection:
        fill(connection, size)
    seconds = time.perf_counter() - began
    return Stored(size, database, desk, seconds, file.stat().st_size)


def fill(connection: sqlite3.Connection, size: int) -> None:
    """So many cases with their first events, over buildings, categories, states and three years; then ANALYZE."""
    for pragma in ("synchronous=OFF", "cache_size=-200000", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}")
    buildings, residents = max(12, size // PER_BUILDING), max(SPEAKERS, size // PER_RESIDENT)
    moment = _text(MORNING)
    connection.executemany(
        "INSERT OR IGNORE INTO nodes (id, parent_id, level, name, aliases) VALUES (?, 'grid-1', 'building', ?, '[]')",
        ((f"building-{number}", f"{number}号楼") for number in range(13, buildings + 1)),
    )
    connection.executemany(
        "INSERT INTO people (id, name, node_id, muted, from_file, created_at) VALUES (?, ?, NULL, 0, 0, ?)",
        ((f"stored-{number}", f"居民{number}", moment) for number in range(residents)),
    )
    columns = ", ".join(COLUMNS)
    marks = ", ".join("?" for _ in COLUMNS)
    connection.executemany(f"INSERT INTO grievances ({columns}) VALUES ({marks})", _cases(size, buildings, residents))
    connection.execute(
        "INSERT INTO grievance_events (grievance_number, at, actor_id, step, subject, note)"
        " SELECT number, reported_at, resident_id, 'draft', deadline_class, '' FROM grievances"
    )
    connection.commit()
    connection.execute("ANALYZE")
    connection.commit()


COLUMNS = (
    "resident_id",
    "community_id",
    "place_id",
    "place",
    "words",
    "deadline_class",
    "state",
    "level_id",
    "handler_id",
    "category",
    "private",
    "anonymous",
    "on_behalf",
    "reported_at",
    "respond_by",
    "resolve_by",
    "contacted_at",
    "handled_at",
    "ended_at",
    "chase_at",
    "chases",
    "photos",
    "group_external_id",
    "reopenings",
    "returns",
    "households",
    "urges",
    "outcome",
    "satisfaction",
)
_FACTS = (("closed", "solved"), ("closed", "solved"), ("closed", "unanswered"), ("withdrawn", "withdrawn"))


def _cases(size: int, buildings: int, residents: int) -> Iterator[tuple[Any, ...]]:
    """Rows in the order of their time. Of what is older than two weeks nearly all has ended, of the rest half."""
    draw = random.Random(SEED)
    names = list(categories.listed())
    handlers = ("gridhead-1", "gridhead-2", "gridhead-3", "property", "worker")
    hours = [_text(MORNING + timedelta(hours=hour)) for hour in range(-24 * DAYS, 24 * 60)]
    for number in range(size):
        hour = 24 * DAYS * number // size
        building = 1 if number % CROWD == 0 else draw.randint(1, buildings)
        is_open = draw.random() < (0.5 if hour > 24 * (DAYS - 14) else 0.01)
        state, outcome = draw.choice((("accepted", None), ("reported", None), ("handled", None)))
        if not is_open:
            state, outcome = draw.choice(_FACTS)
        yield (
            f"stored-{draw.randrange(residents)}",
            "xingfu",
            f"building-{building}",
            _sealed(f"{building}号楼", "grievances.place"),
            _sealed(draw.choice(WORDS), "grievances.words"),
            "ordinary",
            state,
            f"grid-{min(3, (building + 3) // 4)}",
            None if state == "reported" else draw.choice(handlers),
            draw.choice(names) if draw.random() < 0.7 else "lift",
            False,
            False,
            "",
            hours[hour],
            hours[hour + 24],
            hours[hour + 168],
            None if state == "reported" else hours[hour + 3],
            None if state in ("reported", "accepted") else hours[hour + 90],
            None if is_open else hours[hour + 120],
            hours[24 * (DAYS + 30) + number % 24] if is_open else None,
            0,
            0,
            "天天向善" if draw.random() < 0.5 else None,
            0,
            0,
            1,
            0,
            outcome,
            1 if outcome == "solved" else None,
        )


@lru_cache(maxsize=100_000)
def _sealed(text: str, column: str) -> str:
    """As it is stored. The same for the same words, which only the bench may do: a million would take a minute."""
    return KEYS.seal(text, column)


def _text(moment: datetime) -> str:
    """A time as the program's SQLite holds it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
