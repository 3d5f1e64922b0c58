"""The database restarted, away, full or locked: nothing is lost, the order is kept, each effect is there once."""

import asyncio
import io
import itertools
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic import command
from PIL import Image
from sqlalchemy import Engine, event, func, select, text

from bot import __main__ as command_line
from bot import app
from bot.config import KEYS_VARIABLE
from bot.desk import Desk
from bot.intake import Intake
from bot.photos import Photos
from bot.spool import SUFFIX, Spool
from bot.worker import DeskWorker
from community import Community
from community.rules import Rules
from handlers.messages import Incoming
from storage import schema
from storage.database import Database, DatabaseFull, DatabaseUnavailable, Store
from storage.schema import Version
from storage.tables import grievance_events, grievances, inbox
from storage.tables import photos as photo_rows
from tests.conftest import fill_with_xingfu
from tests.dialogue import without_rota
from tests.faults.load import processes
from tests.keys import KEYS, LINE
from tests.postgresql import Server, server

NOW = datetime(2026, 12, 1, 1, tzinfo=UTC)
CHANNELS = {"pipe": "pipe"}
GROUP = "天天向善"
RULES = Rules(answered_a_minute=100_000)
NEVER = 3600.0
"""Seconds between two tries: longer than any test, so that the test itself says when."""

_REPORT = re.compile(r"第(\d+)件")


def report(number: int, *, sender: int = 0, at: datetime = NOW) -> Incoming:
    """A resident's report, numbered in its words."""
    return Incoming(
        channel="pipe",
        account="pipe",
        external_id=f"m{number}",
        group=None,
        sender=f"new-{sender}",
        sender_name=f"居民{sender}",
        text=f"反映 3号楼灯不亮,第{number}件",
        sent_at=at,
        received_at=at,
    )


def said(words: str, identity: str, *, sender: str = "resident-3-501", at: datetime = NOW) -> Incoming:
    """Something said in the group."""
    return Incoming("pipe", "pipe", identity, GROUP, sender, "赵", words, at, at, group_name=GROUP)


def reported(database: Database) -> list[int]:
    """The numbers of the reports, in the order in which they became grievances."""
    with database.begin() as store:
        words = store.connection.execute(select(grievances.c.words).order_by(grievances.c.number)).scalars()
        return [int(_REPORT.findall(each)[0]) for each in words]


def kept(database: Database) -> list[str]:
    """The ids of the messages that were handled."""
    with database.begin() as store:
        return list(store.connection.execute(select(inbox.c.external_id).order_by(inbox.c.id)).scalars())


class Watched(DeskWorker):
    """A worker with its spool, of which one can wait for what it does."""

    def __init__(self, database: Database, folder: Path, name: str = "one", photos: Photos | None = None) -> None:
        self.stirred = asyncio.Event()
        self.troubles = 0
        super().__init__(
            Desk(database, RULES, CHANNELS, photos=photos),
            after_commit=self.stirred.set,
            retry_after=NEVER,
            spool=Spool(folder, KEYS, name),
            in_trouble=self._note_trouble,
        )

    async def _note_trouble(self) -> None:
        self.troubles += 1
        self.stirred.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Waits until the thread has brought something about."""
        async with asyncio.timeout(60):
            while not condition():
                self.stirred.clear()
                if not condition():
                    await self.stirred.wait()

    async def caught_up(self) -> None:
        """Tries the database again, which is back, and waits until nothing waits for it."""
        self.try_again()
        await self.until(lambda: not self.is_away and self.spooled == 0)


@contextmanager
def ended(worker: DeskWorker) -> Iterator[None]:
    """Whatever happens in the test, the worker's thread ends."""
    try:
        yield
    finally:
        worker._stopping = True
        worker._arrived.put(None)


class Gone(Database):
    """A database that is away for as long as `away` says so, and counts how often it was tried."""

    away: DatabaseUnavailable | None = None
    tries: int = 0

    @contextmanager
    def begin(self) -> Iterator[Store]:
        self.tries += 1
        if self.away is not None:
            raise self.away
        with super().begin() as store:
            yield store


@pytest.fixture
def gone(sqlite_database: Database) -> Iterator[Gone]:
    with closing(Gone(sqlite_database.url.render_as_string(), KEYS)) as database:
        without_rota(database)
        yield database


# --- away for long ----------------------------------------------------------------------------------------------


async def test_ten_minutes_without_a_database(gone: Gone, tmp_path: Path) -> None:
    """A message a second, every tenth of them a neighbour's 「+1」 that is decided upon only afterwards."""
    worker = Watched(gone, tmp_path / "spool")
    intake = Intake(worker, RULES, Photos(tmp_path / "photos"))
    worker.desk.refresh()
    worker.start()
    with ended(worker):
        gone.away, gone.tries = DatabaseUnavailable("test"), 0
        for second in range(600):
            at = NOW + timedelta(seconds=second)
            message = said("+1", f"m{second}", sender=f"near-{second}", at=at)
            if second % 10:
                message = said(
                    f"@小善 反映 {second % 12 + 1}号楼灯不亮,第{second}件", f"m{second}", sender="far", at=at
                )
            assert await intake.receive(message)
            worker.try_again()
        tries, files = gone.tries, list((tmp_path / "spool").iterdir())
        assert tries <= 1 + 600 + 1
        assert len(files) == 1
        assert "灯不亮" not in files[0].read_text(encoding="ascii")

        gone.away = None
        await worker.caught_up()
        await worker.stop()
    assert reported(gone) == [second for second in range(600) if second % 10]
    assert sorted(kept(gone), key=lambda each: int(each[1:])) == [f"m{second}" for second in range(1, 600)]
    assert list((tmp_path / "spool").iterdir()) == []


async def test_new_messages_wait_behind_those_in_the_spool(gone: Gone, tmp_path: Path) -> None:
    worker = Watched(gone, tmp_path)
    worker.start()
    with ended(worker):
        gone.away = DatabaseUnavailable("test")
        for number in range(200):
            assert await worker.submit(report(number))
        gone.away = None
        later = [asyncio.ensure_future(worker.submit(report(number))) for number in range(200, 400)]
        await worker.caught_up()
        assert all(await asyncio.gather(*later))
        await worker.stop()
    assert reported(gone) == list(range(400))


async def test_what_is_in_the_spool_comes_first_after_a_start(gone: Gone, tmp_path: Path) -> None:
    """Also where the process died in the middle of writing, and after some of it was in the database."""
    folder = tmp_path / "spool"
    first = Watched(gone, folder, "first")
    first.start()
    with ended(first):
        gone.away = DatabaseUnavailable("test")
        for number in range(100):
            await first.submit(report(number))
        await first.stop()
    (file,) = folder.glob(f"*{SUFFIX}")
    file.write_bytes(file.read_bytes() + b"~tests~torn")
    gone.away = None
    Desk(gone, RULES, CHANNELS).handle([report(number) for number in range(30)])

    second = Watched(gone, folder, "second")
    with ended(second):
        newer = asyncio.ensure_future(second.submit(report(100)))
        await asyncio.sleep(0)
        second.start()
        await second.until(lambda: second.spooled == 0)
        assert await newer
        await second.stop()
    assert reported(gone) == list(range(101))
    assert list(folder.iterdir()) == []


def test_two_processes_do_not_take_each_others_spool(tmp_path: Path) -> None:
    living, dead, other = (Spool(tmp_path, KEYS, name) for name in ("living", "dead", "other"))
    living.append([report(1)])
    dead.append([report(2)])
    dead.close()
    other.take_over()
    assert [message.external_id for message in other.first(10)] == ["m2"]
    other.append([report(3)])
    other.drop(10)
    assert [message.external_id for message in other.first(10)] == ["m3"]
    assert [message.external_id for message in living.first(10)] == ["m1"]
    living.close()
    other.close()


def test_a_line_that_nobody_can_read_is_kept_aside_and_stops_nothing(tmp_path: Path) -> None:
    spool = Spool(tmp_path, KEYS, "dead")
    spool.append([report(1), report(2), report(3)])
    spool.close()
    (file,) = tmp_path.iterdir()
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(lines[0] + lines[1][:30] + b"x" + lines[1][31:] + b"\xff\xfe\n" + lines[2])
    spool = Spool(tmp_path, KEYS, "new")
    spool.take_over()
    assert [message.external_id for message in spool.first(10)] == ["m1", "m3"]
    spool.drop(10)
    assert len(spool) == 0
    assert [path.suffix for path in tmp_path.iterdir()] == [".damaged"]


@pytest.mark.parametrize("content", [b"", b"torn", b"\n\n\n"], ids=["empty", "torn", "blank lines"])
def test_a_spool_without_a_message(tmp_path: Path, content: bytes) -> None:
    (tmp_path / f"dead-0{SUFFIX}").write_bytes(content)
    spool = Spool(tmp_path, KEYS, "new")
    spool.take_over()
    assert not (len(spool) and spool.first(10))
    if len(spool):
        spool.drop(10)
    assert len(spool) == 0


async def test_functions_wait_for_the_database_and_are_done_once(gone: Gone, tmp_path: Path) -> None:
    """What was sent must be noted, however long it takes; and messages do not wait for that."""
    done: list[str] = []
    worker = Watched(gone, tmp_path)
    worker.start()
    with ended(worker):
        gone.away = DatabaseUnavailable("test")
        noting = asyncio.ensure_future(worker.call(lambda _store, _community: done.append("noted")))
        assert await worker.submit(report(1))
        with pytest.raises(DatabaseUnavailable):
            await worker.ask(lambda _store, _community: done.append("asked"))
        for _ in range(3):
            worker.try_again()
        assert await worker.submit(report(2))
        assert not noting.done()
        gone.away = None
        await worker.caught_up()
        await noting
        await worker.stop()
    assert done == ["noted"]
    assert reported(gone) == [1, 2]


# --- overheard while it is away -----------------------------------------------------------------------------------


async def test_what_concerns_nothing_leaves_no_trace(gone: Gone, tmp_path: Path) -> None:
    photos = Photos(tmp_path / "photos")
    worker = Watched(gone, tmp_path / "spool", photos=photos)
    intake = Intake(worker, RULES, photos)
    worker.desk.refresh()
    worker.start()
    with ended(worker):
        gone.away = DatabaseUnavailable("test")
        assert await intake.receive(said("+1", "m1"))
        assert await intake.receive(showing("m2", "resident-3-501"))
        assert not await intake.receive(said("今天天气真好", "m3"))
        gone.away = None
        await worker.caught_up()
        assert not await worker.submit(overheard("m4"))
        await worker.stop()
    assert kept(gone) == []
    assert [path for path in (tmp_path / "photos").rglob("*") if path.is_file()] == []


async def test_a_photo_behind_a_report_is_kept_for_it(gone: Gone, tmp_path: Path) -> None:
    photos = Photos(tmp_path / "photos")
    worker = Watched(gone, tmp_path / "spool", photos=photos)
    intake = Intake(worker, RULES, photos)
    worker.desk.refresh()
    worker.start()
    with ended(worker):
        gone.away = DatabaseUnavailable("test")
        assert await intake.receive(said("@小善 反映 3号楼灯不亮,第1件", "m1"))
        assert await intake.receive(showing("m2", "resident-3-501"))
        gone.away = None
        await worker.caught_up()
        await worker.stop()
    with gone.begin() as store:
        row = store.connection.execute(select(photo_rows)).one()
    assert row.grievance_number is not None
    assert photos.path(row.digest).is_file()
    assert not any((tmp_path / "photos" / "undecided").rglob("*.jpg"))


def overheard(identity: str) -> Incoming:
    message = said("+1", identity)
    message.overheard = True
    return message


def showing(identity: str, sender: str) -> Incoming:
    """A photo in the group, without words."""
    message = said("", identity, sender=sender)
    message.fetch_photo = _picture
    return message


async def _picture() -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (40, 30), "navy").save(target, "JPEG")
    return target.getvalue()


# --- PostgreSQL restarted -----------------------------------------------------------------------------------------


@pytest.fixture
def own_server() -> Iterator[Server]:
    """A server that the test stops."""
    with server(fsync=True) as started:
        yield started


@pytest.mark.postgresql
async def test_postgresql_restarted_under_load(own_server: Server, tmp_path: Path) -> None:
    """Stopped in good order, and as if the power had failed; messages come all the time."""
    own_server.add_template("xingfu", fill_with_xingfu, base="migrated")
    with closing(Database(own_server.fresh_url("xingfu"), KEYS)) as database:
        without_rota(database)
        worker = Watched(database, tmp_path)
        worker.start()
        with ended(worker):
            numbers = iter(range(10_000))
            for how in (signal.SIGINT, signal.SIGQUIT):
                coming = [asyncio.ensure_future(worker.submit(report(next(numbers)))) for _ in range(150)]
                await coming[10]
                await asyncio.to_thread(own_server.stop, how)
                coming += [asyncio.ensure_future(worker.submit(report(next(numbers)))) for _ in range(150)]
                assert all(await asyncio.gather(*coming))
                worker.try_again()
                await asyncio.to_thread(own_server.start)
                await worker.caught_up()
            await worker.stop()
        count = next(numbers)
        assert reported(database) == list(range(count))
        assert_once_each(database, count)


def assert_once_each(database: Database, count: int) -> None:
    """Each message is kept once, and had its effect once."""
    with database.begin() as store:
        steps = select(func.count()).select_from(grievance_events)
        assert store.connection.execute(steps).scalar_one() == 2 * count
    assert len(set(kept(database))) == len(kept(database)) == count


# --- SQLite locked, and full --------------------------------------------------------------------------------------


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Another process has the file to itself."""
    words = (
        "import sqlite3, sys; connection = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "connection.execute('BEGIN EXCLUSIVE'); print('locked', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", words, str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        yield
        process.stdin.close()


async def test_a_file_that_another_program_has_locked(sqlite_database: Database, tmp_path: Path) -> None:
    without_rota(sqlite_database)
    _wait_for_no_lock(sqlite_database)
    worker = Watched(sqlite_database, tmp_path / "spool")
    worker.start()
    assert sqlite_database.file is not None
    with ended(worker):
        await worker.submit(report(0))
        with locked(sqlite_database.file):
            for number in range(1, 50):
                assert await worker.submit(report(number))
            worker.try_again()
            await worker.until(lambda: worker.is_away)
            assert worker.spooled == 49
        await worker.caught_up()
        await worker.submit(report(50))
        await worker.stop()
    assert reported(sqlite_database) == list(range(51))


def _wait_for_no_lock(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("PRAGMA busy_timeout=0"))


async def test_a_database_that_may_not_grow(sqlite_database: Database, tmp_path: Path) -> None:
    """SQLite's own "full": reading works, writing waits, and goes on when there is room."""
    without_rota(sqlite_database)
    worker = Watched(sqlite_database, tmp_path / "spool")
    worker.start()
    with ended(worker):
        await worker.submit(report(0))
        _limit(sqlite_database, 1)
        for number in range(1, 200):
            assert await worker.submit(report(number))
        assert worker.is_away
        assert isinstance(worker._away, DatabaseFull)
        assert await worker.ask(_count) >= 1
        assert await worker.call(_count) >= 1
        _limit(sqlite_database, 1_000_000)
        await worker.caught_up()
        await worker.stop()
    assert reported(sqlite_database) == list(range(200))


def _count(store: Store, _community: Community) -> int:
    return store.connection.execute(select(func.count()).select_from(grievances)).scalar_one()


def _limit(database: Database, pages: int) -> None:
    with database.engine.begin() as connection:
        connection.execute(text(f"PRAGMA max_page_count={pages}"))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 8 MB, where one may be made."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)], capture_output=True)
    if made.returncode != 0:
        pytest.skip("only root can make a small disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


async def test_a_full_disk(sqlite_template: Path, small_disk: Path) -> None:
    """Neither the database nor the spool can be written: said aloud once, nobody is told anything, and nothing lost."""
    file = small_disk / "xingfu.db"
    file.write_bytes(sqlite_template.read_bytes())
    with closing(Database(f"sqlite:///{file}", KEYS)) as database:
        without_rota(database)
        worker = Watched(database, small_disk / "spool")
        worker.start()
        with ended(worker):
            await worker.submit(report(0))
            _fill_up(small_disk / "ballast")
            coming = [asyncio.ensure_future(worker.submit(report(number))) for number in range(1, 300)]
            await worker.until(lambda: worker.troubles > 0)
            worker.try_again()
            assert await worker.ask(_count) >= 1
            told = sum(each.done() for each in coming)
            assert told < len(coming), "the disk was not full"
            (small_disk / "ballast").unlink()
            await worker.caught_up()
            worker.try_again()
            assert all(await asyncio.gather(*coming))
            await worker.stop()
        assert reported(database) == list(range(300))
        assert worker.troubles == 1
        assert list((small_disk / "spool").iterdir()) == []


def _fill_up(file: Path) -> None:
    with file.open("wb", buffering=0) as ballast:
        size = 1 << 20
        while size:
            try:
                ballast.write(os.urandom(size))
            except OSError:
                size //= 2


# --- a migration that breaks off -----------------------------------------------------------------------------------


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def older(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database of the version before, with messages in it."""
    url = f"sqlite:///{tmp_path}/older.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgresql_server").fresh_url("template1")
    with closing(Database(url, KEYS)) as database, database.begin() as store:
        command.upgrade(schema.configuration(store.connection), BEFORE)
        for number in range(MESSAGES):
            store.connection.execute(_OLD, {"external_id": f"m{number}", "text": f"反映 3号楼灯不亮,第{number}件"})
    return url


def test_a_migration_that_is_killed_has_not_happened(older: str, tmp_path: Path) -> None:
    """Before each of some of its statements in turn, the last one included; then it is done, and all is there."""
    config = tmp_path / "config.yaml"
    config.write_text(f"database: {older.replace('+psycopg', '')}\ndata: {tmp_path}\n", encoding="utf-8")
    killed, statement = 0, 1
    while _migrate(config, statement) == -signal.SIGKILL:
        killed += 1
        with closing(Database(older, KEYS)) as database:
            assert schema.version_of(database) in (Version.OLDER, Version.CURRENT)
            with database.begin() as store:
                assert store.connection.execute(_COUNT).scalar_one() == MESSAGES
        statement += STEP
    assert killed > 3
    with closing(app.open_database(older, KEYS, None, NOW)) as database, database.begin() as store:
        texts = store.connection.execute(select(inbox.c.text).order_by(inbox.c.id)).scalars().all()
    assert [int(_REPORT.findall(each)[0]) for each in texts] == list(range(MESSAGES))


def _migrate(config: Path, killed_at: int) -> int | None:
    """Runs `python -m bot migrate`, killed before the statement of this number. Gives its exit code."""
    process = processes.Process(target=_migrate_until, args=(config, killed_at), daemon=True)
    process.start()
    process.join(60)
    return process.exitcode


def _migrate_until(config: Path, killed_at: int) -> None:
    statements = itertools.count(1)

    def note(*_: object) -> None:
        if next(statements) == killed_at:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", note)
    event.listen(Engine, "commit", note)
    os.environ[KEYS_VARIABLE] = LINE
    sys.stdout = io.StringIO()
    sys.argv = ["bot", "migrate", "--config", str(config)]
    command_line.main()


BEFORE = "0005"
MESSAGES = 700
STEP = 4 if os.environ.get("XIAOSHAN_LONG") == "1" else 12
_COUNT = text("SELECT count(*) FROM inbox")
_OLD = text(
    "INSERT INTO inbox (channel, account, external_id, kind, group_name, sender, sender_name, text, mentions_bot, "
    "photos, sent_at, received_at, attempts) VALUES ('pipe', 'pipe', :external_id, 'message', '', 'new', '新', :text, "
    "false, '[]', '2026-11-01 01:00:00', '2026-11-01 01:00:00', 1)"
)
