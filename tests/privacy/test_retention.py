"""What has been kept long enough is forgotten by itself, under a script's clock; numbers and figures stay."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from bot.channels import pipe
from bot.clock import now as read_clock
from bot.delivery import Ledger
from bot.desk import Desk, InlineDesk
from bot.jobs import JOBS
from bot.photos import Photos
from bot.simulate import Simulation
from bot.tidying import Tidying
from community import Community
from community.parts.figures import Period
from community.rules import Rules
from handlers import privacy
from storage import retention
from storage.database import Database
from storage.personal import ERASED
from storage.tables import (
    bookings,
    grievance_events,
    grievances,
    inbox,
    outbox,
    photos,
    questions,
    sign_ups,
    task_events,
    tasks,
    wish_events,
    wishes,
)
from tests.conftest import XINGFU
from tests.dialogue import picture

LONG = os.environ.get("XIAOSHAN_LONG") == "1"
LINES = 10_000 if LONG else 70
SCRIPTS = ("grievances.jsonl", "wishes.jsonl")
DAY = timedelta(days=1)


async def played(database: Database, folder: Path, script: str) -> tuple[Simulation, datetime, datetime]:
    """A part of the demo's quarter; the whole of it in the long run. Gives its beginning and its end too."""
    desk = Desk(database, Rules(), {pipe.NAME: pipe.NAME}, JOBS)
    simulation = Simulation(desk, Photos(folder / "photos"), Ledger(pipe.NAME, pipe.NAME, None), lambda _: None)
    with XINGFU.with_name(script).open(encoding="utf-8") as file:
        lines = list(islice(pipe.numbered(file), LINES))
    begin = pipe.parse(lines[0][1]).at
    await simulation.run(lines)
    assert begin is not None
    return simulation, begin, simulation.clock


async def wait_until(database: Database, moment: datetime, folder: Path) -> None:
    """Time passes, with nothing but forgetting to do."""
    desk = Desk(database, Rules(), {pipe.NAME: pipe.NAME}, privacy.JOBS)
    simulation = Simulation(desk, Photos(folder / "photos"), Ledger(pipe.NAME, pipe.NAME, None), lambda _: None)
    simulation.clock = moment - DAY
    await simulation.play(pipe.parse(json.dumps({"at": moment.isoformat()})), 1)


@contextmanager
def opened(database: Database) -> Iterator[Community]:
    with Desk(database, Rules(), {pipe.NAME: pipe.NAME}, ()).transaction() as (_, community):
        yield community


def read_figures(database: Database, begin: datetime, end: datetime) -> list[Any]:
    """Every report on those days."""
    with opened(database) as community:
        area, worker = community.tree.only_community(), community.people.by_id("worker")
        assert area is not None
        assert worker is not None
        period = Period((begin - DAY).date(), (end + DAY).date())
        return [
            community.tasks.figures.of_area(area, period, end),
            community.wishes.figures.of_area(area, period),
            community.grievances.reports.report(worker, period, end),
        ]


def column(database: Database, wanted: Any, *conditions: Any) -> set[Any]:
    with database.begin() as store:
        return set(store.connection.execute(select(wanted).where(*conditions)).scalars())


@pytest.mark.parametrize("script", SCRIPTS)
async def test_figures_stay_when_words_go(sqlite_database: Database, tmp_path: Path, script: str) -> None:
    _, begin, end = await played(sqlite_database, tmp_path, script)
    before = read_figures(sqlite_database, begin, end)
    await wait_until(sqlite_database, end + 800 * DAY, tmp_path)
    assert read_figures(sqlite_database, begin, end) == before
    ended = {
        grievances.c.words: grievances.c.ended_at,
        tasks.c.words: tasks.c.ended_at,
        wishes.c.words: wishes.c.ended_at,
    }
    for words, ended_at in ended.items():
        assert column(sqlite_database, words, ended_at.is_not(None)) <= {ERASED}
    for nothing in (grievances.c.place, grievances.c.on_behalf):
        assert column(sqlite_database, nothing, grievances.c.ended_at.is_not(None)) <= {""}
    assert column(sqlite_database, tasks.c.address, tasks.c.ended_at.is_not(None)) <= {""}
    assert column(sqlite_database, tasks.c.phone, tasks.c.ended_at.is_not(None)) <= {""}
    assert column(sqlite_database, wishes.c.public_words, wishes.c.ended_at.is_not(None)) <= {""}
    assert column(sqlite_database, bookings.c.reason) <= {""}
    for empty in (inbox.c.id, outbox.c.id, questions.c.id):
        assert column(sqlite_database, empty) == set()
    kept, told = {"classify", "draft"}, {"remind", "to_worker"}
    of_ended = grievance_events.c.grievance_number.in_(
        select(grievances.c.number).where(grievances.c.ended_at.is_not(None))
    )
    assert column(sqlite_database, grievance_events.c.note, of_ended, grievance_events.c.step.not_in(kept)) <= {""}
    of_done = task_events.c.task_id.in_(select(tasks.c.id).where(tasks.c.ended_at.is_not(None)))
    assert column(sqlite_database, task_events.c.note, of_done, task_events.c.step.not_in(told)) <= {""}
    of_wishes = wish_events.c.wish_id.in_(select(wishes.c.id).where(wishes.c.ended_at.is_not(None)))
    assert column(sqlite_database, wish_events.c.note, of_wishes, wish_events.c.step != "ask_staff") <= {""}
    assert column(sqlite_database, sign_ups.c.name) <= {"", ERASED}
    assert column(sqlite_database, photos.c.id, photos.c.grievance_number.is_(None)) == set()


def case_ended(reported_at: datetime, ended_at: datetime) -> dict[str, Any]:
    return {
        "resident_id": "resident-3-501",
        "community_id": "xingfu",
        "place": "3号楼",
        "words": "电梯坏了",
        "deadline_class": "ordinary",
        "state": "closed",
        "category": "elevator",
        "reported_at": reported_at,
        "ended_at": ended_at,
    }


async def test_files_that_nothing_means_go(sqlite_database: Database, tmp_path: Path) -> None:
    kept = Photos(tmp_path / "photos")
    digests = [kept.keep(picture(colour)) for colour in ("red", "green", "blue")]
    stranger = kept.folder / "undecided.txt"
    stranger.write_text("not ours")
    with sqlite_database.begin() as store:
        values = {"digest": digests[0], "person_id": "resident-3-501", "received_at": read_clock()}
        store.connection.execute(insert(photos), values)
    os.utime(kept.path(digests[0]), (0, 0))
    os.utime(kept.path(digests[1]), (0, 0))
    desk = InlineDesk(Desk(sqlite_database, Rules(), {pipe.NAME: pipe.NAME}, ()))
    assert await Tidying(desk, kept, read_clock).tidy() == 1
    assert [kept.path(digest).is_file() for digest in digests] == [True, False, True]
    assert stranger.is_file()


async def test_nothing_goes_before_its_time(database: Database, tmp_path: Path) -> None:
    end = datetime(2026, 3, 1, tzinfo=UTC)
    with database.begin() as store:
        run = store.connection.execute
        for ended_at in (end, end + 2 * DAY):
            run(insert(grievances), case_ended(end, ended_at))
    day = end + 730 * DAY
    await wait_until(database, day - DAY, tmp_path)
    assert column(database, grievances.c.words) == {"电梯坏了"}
    await wait_until(database, day + 2 * DAY, tmp_path)
    assert column(database, grievances.c.words) == {"电梯坏了", ERASED}
    await wait_until(database, day + 4 * DAY, tmp_path)
    assert column(database, grievances.c.words) == {ERASED}


async def test_some_rows_a_transaction(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    end, many = datetime(2024, 3, 1, tzinfo=UTC), retention.AT_ONCE + 20
    row = case_ended(end, end)
    with database.begin() as store:
        store.connection.execute(insert(grievances), [row] * many)
    now = end + 1000 * DAY
    forgotten = []
    for _ in range(4):
        with opened(database) as community:
            due = community.retention.next_due()
            if due <= now:
                forgotten.append(community.retention.forget(now))
    assert forgotten == [retention.AT_ONCE, 20, 0]
    with opened(database) as community:
        assert now < community.retention.next_due() <= now + DAY
    with database.begin() as store:
        left = select(func.count()).where(grievances.c.purged_at.is_(None))
        assert store.connection.execute(left).scalar_one() == 0
