"""A backup is what the database was at one moment, whatever was written meanwhile; a damaged one changes nothing."""

import os
import re
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from bot import app, backups
from bot.backups import BackupFailed, Backups
from bot.counts import Counts
from bot.nightly import NightlyBackup, last_night, maker
from storage import copying
from storage.copying import CopyFailed
from storage.database import Database, DatabaseInUse
from storage.sealing import Keys, new_key
from storage.tables import grievance_events, grievances, inbox, metadata, outbox, people
from tests.faults.load import Life, Report, live, reports
from tests.keys import KEYS, LINE
from tests.postgresql import Server

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 12, 1, 4, tzinfo=UTC)
LOAD = 2000 if os.environ.get("XIAOSHAN_LONG") == "1" else 80
ROOT = Path(__file__).parents[2]
XINGFU = ROOT / "examples" / "xingfu" / "community.yaml"
_NUMBER = re.compile(r"(?:编号|新诉求|^)(\d{4,})", re.MULTILINE)
_REPORT_ID = re.compile(r"第(m\d+)件")


@dataclass(slots=True)
class Place:
    """A database with what belongs to it, and another, empty, to restore into."""

    url: str
    empty_url: str
    folder: Path
    opened: list[Database] = field(default_factory=list)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def elsewhere(self) -> Path:
        return self.folder / "elsewhere"

    @property
    def kept(self) -> Backups:
        return Backups(self.folder / "backups")

    def open(self, url: str) -> Database:
        database = Database(url, KEYS)
        self.opened.append(database)
        return database

    def make(self, now: datetime = NOON) -> backups.Backup:
        with closing(Database(self.url, KEYS)) as database:
            return self.kept.make(database, KEYS, self.data, now)

    def restore(self, backup: backups.Backup, *, force: bool = False, keys: Keys = KEYS) -> Database:
        """Restores into the empty place, and opens it."""
        with closing(Database(self.empty_url, KEYS)) as database:
            backups.restore(backups.read(backup.folder, keys), database, keys, self.elsewhere, NOON, force=force)
        return self.open(self.empty_url)

    def config(self, url: str, data: Path) -> Path:
        path = data / "config.yaml"
        data.mkdir(parents=True, exist_ok=True)
        lines = (f"database: {url}", f"data: {data}", "answered_each: 100000", "channels:\n  pipe:")
        path.write_text("\n".join(lines), encoding="utf-8")
        return path


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("XIAOSHAN_KEYS", LINE)
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        (tmp_path / "elsewhere").mkdir()
        shutil.copy(template, tmp_path / "xingfu.db")
        found = Place(f"sqlite:///{tmp_path}/xingfu.db", f"sqlite:///{tmp_path}/elsewhere/new.db", tmp_path)
        yield found
        _close(found)
        return
    server: Server = request.getfixturevalue("xingfu_server")
    found = Place(server.fresh_url("xingfu"), server.fresh_url("template1"), tmp_path)
    yield found
    _close(found)
    server.drop(found.url)
    server.drop(found.empty_url)


@pytest.fixture
def sqlite_place(tmp_path: Path, sqlite_template: Path) -> Iterator[Place]:
    shutil.copy(sqlite_template, tmp_path / "xingfu.db")
    (tmp_path / "elsewhere").mkdir()
    found = Place(f"sqlite:///{tmp_path}/xingfu.db", f"sqlite:///{tmp_path}/elsewhere/new.db", tmp_path)
    yield found
    _close(found)


def _close(place: Place) -> None:
    for database in place.opened:
        database.close()


# --- bad input first ------------------------------------------------------------------------------------------


def _tear_manifest(folder: Path) -> None:
    path = folder / backups.MANIFEST
    path.write_bytes(path.read_bytes()[:-10])


def _change_count(folder: Path) -> None:
    path = folder / backups.MANIFEST
    path.write_text(re.sub(r'"people": \d+', '"people": 7', path.read_text()))


def _flip_a_byte(folder: Path) -> None:
    path = folder / "database.sqlite"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _cut_database(folder: Path) -> None:
    path = folder / "database.sqlite"
    path.write_bytes(path.read_bytes()[:-4096])


def _lose_photo(folder: Path) -> None:
    next((folder.parent / "photos").glob("*/*")).unlink()


def _change_photo(folder: Path) -> None:
    next((folder.parent / "photos").glob("*/*")).write_bytes(b"another picture")


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        pytest.param(lambda folder: (folder / backups.MANIFEST).unlink(), "is no whole backup", id="no manifest"),
        pytest.param(lambda folder: (folder / backups.SEAL).unlink(), "is no whole backup", id="no seal"),
        pytest.param(lambda folder: (folder / backups.SEAL).write_text("~x~"), "sealed with other keys", id="seal"),
        pytest.param(lambda folder: (folder / backups.SEAL).write_bytes(b"\xff"), "no whole backup", id="seal bytes"),
        pytest.param(_tear_manifest, "was changed", id="torn manifest"),
        pytest.param(_change_count, "was changed", id="changed manifest"),
        pytest.param(_flip_a_byte, "is damaged or was changed", id="flipped byte"),
        pytest.param(_cut_database, "is damaged or was changed", id="cut short"),
        pytest.param(lambda folder: (folder / "database.sqlite").unlink(), "is missing", id="no database"),
        pytest.param(_lose_photo, "is missing", id="lost photo"),
        pytest.param(_change_photo, "is damaged or was changed", id="changed photo"),
    ],
)
def test_a_damaged_backup_is_refused_and_nothing_is_touched(
    sqlite_place: Place, damage: Callable[[Path], object], words: str
) -> None:
    _show(sqlite_place, b"a picture")
    made = sqlite_place.make()
    damage(made.folder)
    existing = sqlite_place.elsewhere / "new.db"
    existing.write_bytes(b"what was there before")

    with pytest.raises(BackupFailed, match=words):
        sqlite_place.restore(made, force=True)

    assert existing.read_bytes() == b"what was there before"
    assert {path.name for path in sqlite_place.elsewhere.iterdir()} <= {"new.db", "new.db.lock"}


def test_other_keys_do_not_open_a_backup(sqlite_place: Place) -> None:
    made = sqlite_place.make()
    with pytest.raises(BackupFailed, match=r"用密钥 tests 封的.*put back the keys of that time"):
        sqlite_place.restore(made, keys=Keys.read([new_key()]))


def test_a_folder_that_is_none_is_no_backup(tmp_path: Path) -> None:
    with pytest.raises(BackupFailed, match="is no whole backup"):
        backups.read(tmp_path / "nowhere", KEYS)


def test_a_database_that_is_not_there_cannot_be_backed_up(tmp_path: Path) -> None:
    with closing(Database(f"sqlite:///{tmp_path}/none.db", KEYS)) as database, pytest.raises(BackupFailed):
        Backups(tmp_path / "backups").make(database, KEYS, tmp_path, NOON)
    assert not (tmp_path / "none.db").exists()
    assert Backups(tmp_path / "backups").latest() is None


def test_a_damaged_database_is_no_good_backup(sqlite_place: Place) -> None:
    file = sqlite_place.folder / "xingfu.db"
    content = bytearray(file.read_bytes())
    content[8192:] = os.urandom(len(content) - 8192)
    file.write_bytes(content)
    with pytest.raises(BackupFailed, match="could not be copied"):
        sqlite_place.make()
    assert sqlite_place.kept.latest() is None


def test_an_existing_database_is_replaced_only_by_force_and_kept(place: Place) -> None:
    made = place.make()
    place.restore(made).close()
    with pytest.raises(BackupFailed, match="--force"):
        place.restore(made)
    with place.open(place.empty_url).begin() as store:
        store.connection.execute(update(people).values(name="已改"))
    _close(place)

    with place.restore(made, force=True).begin() as store:
        assert "已改" not in store.connection.execute(select(people.c.name)).scalars().all()
    if place.url.startswith("sqlite"):
        kept = place.elsewhere / f"new.db.{NOON:%Y%m%dT%H%M%SZ}"
        with closing(Database(f"sqlite:///{kept}", KEYS)) as database, database.begin() as store:
            assert set(store.connection.execute(select(people.c.name)).scalars()) == {"已改"}


def test_a_program_that_runs_keeps_its_database(place: Place) -> None:
    made = place.make()
    running = place.restore(made)
    running.claim()
    with running.begin(), pytest.raises((DatabaseInUse, BackupFailed), match=r"new\.db|other programs"):
        place.restore(made, force=True)


@pytest.mark.postgresql
def test_a_backup_of_the_other_kind_or_of_a_newer_program_is_refused(
    sqlite_place: Place, postgresql_database: Database
) -> None:
    made = sqlite_place.make()
    with pytest.raises(BackupFailed, match="the other kind of database"):
        backups.restore(made, postgresql_database, KEYS, sqlite_place.elsewhere, NOON, force=True)
    newer = backups.Backup(made.folder, made.manifest.model_copy(update={"version": "9999"}))
    with pytest.raises(BackupFailed, match="update it first"):
        backups.restore(
            newer, sqlite_place.open(sqlite_place.empty_url), KEYS, sqlite_place.elsewhere, NOON, force=True
        )


@pytest.mark.postgresql
def test_what_postgresql_refuses_is_said_without_the_password(xingfu_server: Server, tmp_path: Path) -> None:
    url = xingfu_server.url("nowhere").replace("postgres@", "postgres:geheim@")
    with closing(Database(url, KEYS)) as database, pytest.raises(CopyFailed) as raised:
        copying.load_dump(database, tmp_path / "none", replace=False)
    assert "geheim" not in str(raised.value)


# --- photos, waiting messages, old backups ----------------------------------------------------------------------


def test_photos_are_kept_once_however_many_backups_there_are(sqlite_place: Place) -> None:
    first, second = _show(sqlite_place, b"a picture"), _show(sqlite_place, b"another")
    drawn = sqlite_place.data / "photos" / "drawn" / "certificate-1.png"
    drawn.parent.mkdir(parents=True)
    drawn.write_bytes(b"drawn")
    (sqlite_place.data / "photos" / "ab.jpg.1.part").write_bytes(b"half a pict")
    nights = [sqlite_place.make(NOON + timedelta(days=day)) for day in range(3)]

    kept = list((sqlite_place.folder / "backups" / "photos").rglob("*"))
    assert sorted(path.read_bytes() for path in kept if path.is_file()) == [b"a picture", b"another", b"drawn"]
    shutil.rmtree(sqlite_place.data)
    sqlite_place.restore(nights[0])
    assert (sqlite_place.elsewhere / "photos" / first).read_bytes() == b"a picture"
    assert (sqlite_place.elsewhere / "photos" / second).read_bytes() == b"another"
    assert (sqlite_place.elsewhere / "photos" / "drawn" / drawn.name).read_bytes() == b"drawn"


def test_messages_that_wait_for_the_database_are_in_the_backup(sqlite_place: Place) -> None:
    waiting = sqlite_place.data / "spool" / "0a-1-2b-0.spool"
    waiting.parent.mkdir(parents=True)
    waiting.write_bytes(b"~tests~sealed\n")
    sqlite_place.restore(sqlite_place.make())
    assert (sqlite_place.elsewhere / "spool" / waiting.name).read_bytes() == b"~tests~sealed\n"


def test_old_backups_go_and_the_last_one_stays(sqlite_place: Place) -> None:
    gone = sqlite_place.data / "photos" / _show(sqlite_place, b"of a case long closed")
    sqlite_place.make(NOON)
    gone.unlink()
    stays = sqlite_place.data / "photos" / _show(sqlite_place, b"a picture")
    for days in (1, 20, 31):
        sqlite_place.make(NOON + timedelta(days=days))
    keep = timedelta(days=30)

    assert sqlite_place.kept.remove_old(NOON + timedelta(days=31), keep) == ["20261201T040000Z"]
    assert sqlite_place.kept.remove_old(NOON + timedelta(days=31), keep) == ["20261202T040000Z"][:0]
    pool = [path for path in (sqlite_place.folder / "backups" / "photos").rglob("*") if path.is_file()]
    assert [path.name for path in pool] == [stays.stem]
    assert len(sqlite_place.kept.remove_old(NOON + timedelta(days=1000), keep)) == 2
    assert sqlite_place.kept.latest() == NOON + timedelta(days=31)


def test_two_backups_at_once_do_not_meet_and_a_half_one_is_none(sqlite_place: Place) -> None:
    folder = sqlite_place.folder / "backups"
    (folder / ".20261130T033000Z.part").mkdir(parents=True)
    (folder / "20261130T033000Z").mkdir()
    assert sqlite_place.kept.latest() is None
    with sqlite_place.kept._alone(), pytest.raises(BackupFailed, match="another backup is being made"):
        sqlite_place.make()
    sqlite_place.make()
    assert not list(folder.glob(".*.part"))


def test_only_its_owner_reads_a_backup(sqlite_place: Place) -> None:
    made = sqlite_place.make()
    assert made.folder.parent.stat().st_mode & 0o077 == 0


# --- what waits to be sent ---------------------------------------------------------------------------------------


def test_what_may_have_been_sent_since_is_marked_as_unsure(place: Place) -> None:
    """It is not sent again by itself after five minutes: see docs/decisions/0016."""
    row: dict[str, Any] = {
        "channel": "pipe",
        "account": "pipe",
        "to_external_id": "a",
        "mentions": [],
        "text": "您好",
        "photos": [],
    }
    row |= {"urgency": 1, "created_at": NOON - timedelta(hours=8)}
    moments: dict[str, dict[str, Any]] = {
        "due": {"due_at": NOON - timedelta(hours=8), "sent_at": None},
        "later": {"due_at": NOON + timedelta(hours=8), "sent_at": None},
        "sent": {"due_at": NOON - timedelta(hours=8), "sent_at": NOON - timedelta(hours=8)},
    }
    with place.open(place.url).begin() as store:
        store.connection.execute(outbox.insert(), [row | more | {"person_id": name} for name, more in moments.items()])
    made = place.make(NOON - timedelta(hours=7))
    with place.restore(made).begin() as store:
        found = dict(store.connection.execute(select(outbox.c.person_id, outbox.c.uncertain_since)).all())
    assert found == {"due": NOON - timedelta(hours=7), "later": None, "sent": None}


# --- every night ------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Nights:
    """The nightly backup of a place, under a clock that the test sets."""

    place: Place
    now: datetime
    told: list[datetime] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)

    def start(self) -> NightlyBackup:
        return NightlyBackup(
            self.place.kept,
            maker(self.place.kept, self.place.url, KEYS, self.place.data),
            at=time(3, 30),
            zone=SHANGHAI,
            keep=timedelta(days=30),
            clock=lambda: self.now,
            failed=self._tell,
            counts=self.counts,
        )

    async def _tell(self) -> None:
        self.told.append(self.now)


@pytest.mark.parametrize(
    ("now", "night"),
    [
        (datetime(2026, 12, 1, 3, 30, tzinfo=SHANGHAI), datetime(2026, 12, 1, 3, 30, tzinfo=SHANGHAI)),
        (datetime(2026, 12, 1, 3, 29, 59, tzinfo=SHANGHAI), datetime(2026, 11, 30, 3, 30, tzinfo=SHANGHAI)),
        (datetime(2026, 12, 31, 20, 0, tzinfo=UTC), datetime(2027, 1, 1, 3, 30, tzinfo=SHANGHAI)),
        (datetime(2028, 2, 29, 3, 0, tzinfo=SHANGHAI), datetime(2028, 2, 28, 3, 30, tzinfo=SHANGHAI)),
    ],
)
def test_a_night_ends_at_its_hour_in_the_place(now: datetime, night: datetime) -> None:
    assert last_night(time(3, 30), SHANGHAI, now) == night


async def test_a_month_of_nights_leaves_thirty_backups(sqlite_place: Place) -> None:
    _show(sqlite_place, b"a picture")
    nights = Nights(sqlite_place, datetime(2026, 12, 1, 12, tzinfo=SHANGHAI))
    nightly = nights.start()
    assert not await nightly.look(), "it has just begun: the first is for the night"
    made = 0
    for _ in range(36 * 4):
        nights.now += timedelta(hours=6)
        made += await nightly.look()
    assert made == nights.counts.backups_made == 36
    folders = sorted(path.name for path in (sqlite_place.folder / "backups").glob("*Z"))
    assert len(folders) == 31  # those of the last thirty days, and the one that ends them
    assert nights.counts.backup_at == backups_at(folders[-1])
    backups.verify(backups.read(sqlite_place.folder / "backups" / folders[0], KEYS))
    assert nights.told == []


async def test_a_night_when_the_program_was_down_is_made_up_for_once(sqlite_place: Place) -> None:
    sqlite_place.make(datetime(2026, 12, 1, 3, 30, tzinfo=SHANGHAI))
    nights = Nights(sqlite_place, datetime(2026, 12, 3, 9, 0, tzinfo=SHANGHAI))
    nightly = nights.start()
    assert [await nightly.look(), await nightly.look(), await nights.start().look()] == [True, False, False]


async def test_a_failure_is_told_once_and_tried_again_an_hour_later(sqlite_place: Place) -> None:
    sqlite_place.make(datetime(2026, 12, 1, 3, 30, tzinfo=SHANGHAI))
    file, away = sqlite_place.folder / "xingfu.db", sqlite_place.folder / "away.db"
    file.rename(away)
    began = datetime(2026, 12, 2, 3, 30, tzinfo=SHANGHAI)
    nights = Nights(sqlite_place, began)
    nightly = nights.start()
    for minutes in range(0, 180, 10):
        nights.now = began + timedelta(minutes=minutes)
        assert not await nightly.look()
    assert nights.counts.backups_failed == 3
    assert nights.told == [began]

    away.rename(file)
    nights.now = began + timedelta(hours=3)
    assert await nightly.look()


async def test_a_disk_without_room_is_a_failure_and_no_crash(sqlite_place: Place) -> None:
    (sqlite_place.folder / "backups").write_text("no folder at all")
    nights = Nights(sqlite_place, datetime(2026, 12, 1, 12, tzinfo=SHANGHAI))
    nightly = nights.start()
    nights.now += timedelta(days=1)
    assert not await nightly.look()
    assert nights.told == [nights.now]


def backups_at(stamp: str) -> float:
    return datetime.strptime(stamp, backups.STAMP).replace(tzinfo=UTC).timestamp()


# --- under load ----------------------------------------------------------------------------------------------------


def test_a_backup_under_load_is_one_moment_and_the_rest_can_follow(place: Place) -> None:
    """Every message is in it wholly or not at all; given everything again, the restored one misses nothing."""
    load: list[Report] = []
    made: list[backups.Backup] = []
    while not (partial := [each for each in made if _is_partial(each)]):
        assert len(load) < 10 * LOAD, "no backup fell into the work: the load is too light to show anything"
        new = reports(Random(8), len(load), LOAD)
        load += new
        made += _backups_during(place, new, NOON + timedelta(hours=len(load)))
    for number, each in enumerate((partial[0], partial[-1])):
        database = place.restore(each, force=number > 0)
        known = _check_whole(database, load)
        assert len(known) == each.manifest.rows["inbox"]
        database.close()

    again = live(place.config(place.empty_url, place.elsewhere), load, killed_after=None)

    assert again.exit_code == 0
    assert len(_check_whole(place.open(place.empty_url), load)) == len(load)


def test_a_restored_database_is_the_same_table_by_table(place: Place) -> None:
    live(place.config(place.url, place.folder), reports(Random(9), 0, 30), killed_after=None)
    made = place.make()
    restored = place.restore(made)
    wanted, found = _tables(place.open(place.url)), _tables(restored)
    assert {name: len(rows) for name, rows in wanted.items()} == {name: made.manifest.rows[name] for name in wanted}
    assert len(wanted["grievances"]) == 30
    assert found == wanted
    if restored.is_sqlite:
        with restored.begin() as store:
            assert store.connection.exec_driver_sql("PRAGMA integrity_check").scalars().all() == ["ok"]
            assert store.connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
            assert store.connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"


def _backups_during(place: Place, load: list[Report], begin: datetime) -> list[backups.Backup]:
    config, lives, made = place.config(place.url, place.folder), list[Life](), list[backups.Backup]()
    program = threading.Thread(target=lambda: lives.append(live(config, load, killed_after=None)), daemon=True)
    program.start()
    while program.is_alive() and sum(map(_is_partial, made)) < 3:
        made.append(place.make(begin + timedelta(seconds=len(made))))
    program.join()
    assert lives[0].exit_code == 0
    return made


def _is_partial(made: backups.Backup) -> bool:
    """Whether it was made in the middle of the work."""
    return made.manifest.rows["inbox"] % LOAD != 0


def _check_whole(database: Database, load: list[Report]) -> set[str]:
    """Each message with all that came of it, or nothing of it. Gives those that are there."""
    by_id = {report.id: report for report in load}
    with database.begin() as store:
        connection = store.connection
        kept = Counter(connection.execute(select(inbox.c.external_id)).scalars())
        words = connection.execute(select(grievances.c.number, grievances.c.words)).all()
        steps = Counter(connection.execute(select(grievance_events.c.grievance_number)).scalars())
        texts = connection.execute(select(outbox.c.text)).scalars().all()
    numbers = {_REPORT_ID.findall(said)[0]: number for number, said in words}
    assert set(kept.values()) <= {1}
    assert set(numbers) == set(kept)
    assert len(numbers) == len(words)
    assert steps == dict.fromkeys(numbers.values(), 2)
    told = Counter(
        int(number) for text in texts for number in re.findall(r"(?:编号|新诉求|^)(\d{4,})", text, re.MULTILINE)
    )
    assert told == {number: 2 + by_id[identity].in_group for identity, number in numbers.items()}
    return set(kept)


def _tables(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, but for the mark that a restore makes."""
    with database.begin() as store:
        return {
            table.name: sorted(
                (
                    tuple(row)
                    for row in store.connection.execute(
                        select(*(column for column in table.columns if column.name != "uncertain_since"))
                    )
                ),
                key=repr,
            )
            for table in metadata.sorted_tables
        }


# --- the command line ------------------------------------------------------------------------------------------------


def _bot(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bot", *arguments]
    environment = os.environ | {"XIAOSHAN_KEYS": LINE}
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, timeout=60, check=False)


def test_the_commands_back_up_a_running_program_and_restore_it(sqlite_place: Place) -> None:
    config = sqlite_place.config(sqlite_place.url, sqlite_place.folder)
    to, into = sqlite_place.folder / "backups", sqlite_place.folder / "looked at"
    with closing(app.open_database(sqlite_place.url, KEYS, None, NOON)):  # as the running program has it
        made = _bot("backup", "--config", str(config), "--to", str(to))
    assert made.returncode == 0, made.stderr
    assert "the keys are NOT in the backup" in made.stdout
    (folder,) = to.glob("*Z")
    restored = _bot("restore", str(folder), "--into", str(into), "--config", str(config))
    assert restored.returncode == 0, restored.stderr
    with closing(sqlite3.connect(into / "xiaoshan.db")) as database:
        assert database.execute("SELECT count(*) FROM people").fetchone()[0] > 0


def _show(place: Place, content: bytes) -> str:
    """A photo as it is kept; its path below the photos."""
    digest = sha256(content).hexdigest()
    path = place.data / "photos" / digest[:2] / f"{digest}.jpg"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return f"{digest[:2]}/{digest}.jpg"
