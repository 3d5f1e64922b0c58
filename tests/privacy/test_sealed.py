"""What people entrust to us is nowhere on the disk as they said it: database, its log, photos, and what older versions
had written."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml
from alembic import command
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Date,
    Enum,
    MetaData,
    String,
    Table,
    create_engine,
    select,
    text,
)

from bot.backups import Backups
from bot.channels import pipe
from bot.delivery import Ledger
from bot.desk import Desk
from bot.jobs import JOBS
from bot.photos import Photos
from bot.simulate import Simulation
from bot.spool import Spool
from community.rules import Rules
from handlers.messages import Incoming
from storage import resealing, schema
from storage.database import Database
from storage.resealing import SealedTable
from storage.schema import Version
from storage.sealing import SealedJson
from storage.tables import Moment, metadata
from tests.dialogue import CHINA, picture
from tests.keys import KEYS
from tests.postgresql import MISSING, find_programs, server
from tests.privacy.distinctive import Distinctive, distinctive, found_in

NOW = datetime(2026, 12, 1, 9)
_VALUES = {JSON: [], Boolean: False, Date: date(2026, 12, 1), Moment: NOW}
SELDOM = {"booking_events.note", "inbox.error", "sign_up_events.note", "tasks.rated_words", "wishes.address"}
"""Columns that this script need not reach; that they are sealed is seen in what is brought over from older versions."""

Written = tuple[Distinctive, Mapping[str, Any]]
ENTRUSTED = Path(__file__).with_name("entrusted.yaml")
BEFORE = "0005"
ROWS = 3
MANY = 2 * 500 + 7
"""More than are sealed at once."""


def files(folder: Path) -> Iterator[Path]:
    """Every file below a folder."""
    return (path for path in folder.rglob("*") if path.is_file())


# --- what older versions wrote --------------------------------------------------------------------------------


@pytest.fixture
def old_sqlite(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/old.db"


def test_an_older_sqlite_keeps_nothing_in_the_open(old_sqlite: str, tmp_path: Path) -> None:
    people = _migrated(old_sqlite)
    assert people
    assert found_in(files(tmp_path), people) == []


@pytest.mark.postgresql
@pytest.mark.skipif(find_programs() is None, reason=MISSING)
def test_an_older_postgresql_keeps_nothing_in_its_tables() -> None:
    """Its write-ahead log is not ours to rewrite: it goes with its next segments. So this server is nobody else's."""
    with server() as own:
        url = own.fresh_url("template1")
        with closing(Database(url, None)) as database, database.begin() as store:
            name = store.connection.execute(text("SELECT current_database()")).scalar_one()
            store.connection.execute(text(f"ALTER DATABASE {name} SET session_replication_role = replica"))
        people = _migrated(url)
        with closing(Database(url, KEYS)) as database:
            assert found_in(files(checkpointed(database) / "base"), people) == []


def _migrated(url: str) -> list[Distinctive]:
    """Writes rows into a database of the version before, as that version wrote them, and brings it to ours."""
    chance = Random(5)
    with closing(Database(url, KEYS)) as database:
        with database.begin() as store:
            command.upgrade(schema.configuration(store.connection), BEFORE)
        written = dict(_fill_all(url, chance))
        assert schema.version_of(database) is Version.OLDER
        schema.migrate(database)
        with database.begin() as store:
            for name, rows in written.items():
                table = metadata.tables[name]
                wanted = [table.c[column] for column in rows[0][1]]
                read = store.connection.execute(select(*wanted).order_by(*table.primary_key)).mappings().all()
                assert [dict(row) for row in read] == [values for _, values in rows], name
    return [person for rows in written.values() for person, _ in rows]


def _fill_all(url: str, chance: Random) -> Iterator[tuple[str, list[Written]]]:
    """Rows in every table that is sealed today. What they refer to is not there, which is no business of theirs."""
    engine = create_engine(url)
    with engine.begin() as connection:
        there = MetaData()
        there.reflect(connection)
        for each in resealing.TABLES:
            if each.name in there.tables:
                count = MANY if each.name == "inbox" else ROWS
                yield each.name, [_write(connection, there.tables[each.name], each, n, chance) for n in range(1, count)]
    engine.dispose()


def _write(connection: Connection, old: Table, sealed: SealedTable, number: int, chance: Random) -> Written:
    """A row as the version before wrote it."""
    person = distinctive(chance)
    row = {column.name: _value(sealed, column, number, person) for column in old.c}
    stored = {key: json.dumps(value) if isinstance(value, list) else value for key, value in row.items()}
    places = ", ".join(f":{key}" for key in stored)
    connection.execute(text(f"INSERT INTO {old.name} ({', '.join(stored)}) VALUES ({places})"), stored)
    return person, {key: row[key] for key in sealed.columns if key in row}


def _value(sealed: SealedTable, old: Column[Any], number: int, person: Distinctive) -> Any:
    """Something that the column takes; personal data where it is sealed today."""
    name, column = old.name, metadata.tables[sealed.name].c[old.name]
    if name in sealed.columns:
        return (
            [[person.words, number], person.room]
            if isinstance(column.type, SealedJson)
            else person.words[: getattr(old.type, "length", None)]
        )
    if (sealed.name, name) == ("outbox", "to_external_id"):
        return "somebody"  # a message has one recipient
    if column.nullable and not column.primary_key:
        return None
    for kind, value in _VALUES.items():
        if isinstance(column.type, kind):
            return value
    if isinstance(column.type, Enum):
        return column.type.enums[0]
    return f"{number} {name}"[:20] if isinstance(column.type, String) else number


# --- what people say today ------------------------------------------------------------------------------------


@dataclass(slots=True)
class Telling:
    """Tells every service what people entrust to it, through the whole program."""

    database: Database
    folder: Path
    chance: Random
    people: list[Distinctive] = field(default_factory=list)

    async def tell_all(self) -> None:
        """Plays `entrusted.yaml`, everybody with personal data of their own."""
        said = yaml.safe_load(ENTRUSTED.read_text(encoding="utf-8"))
        desk = Desk(self.database, Rules(), {pipe.NAME: pipe.NAME}, JOBS)
        simulation = Simulation(desk, Photos(self.folder / "photos"), Ledger(pipe.NAME, pipe.NAME, None), _ignore)
        clock = datetime.fromisoformat(said["at"]).replace(tzinfo=CHINA)
        for number, line in enumerate(said["lines"]):
            clock += timedelta(seconds=1)
            if line.startswith("="):
                clock = datetime.fromisoformat(line[2:]).replace(tzinfo=CHINA)
                continue
            await simulation.play(pipe.Line.model_validate({"at": clock} | self._line(said, line)), number)
        later = pipe.Line.model_validate({"at": clock + timedelta(days=3)})
        await simulation.play(later, len(said["lines"]))

    def _line(self, said: Mapping[str, Any], line: str) -> dict[str, Any]:
        """A line for the pipe, from `who → where: words`."""
        speaker, _, words = line.partition(": ")
        who, _, group = speaker.partition(" → ")
        values = {"from": said["people"][who], "name": f"{who}晓梅", "text": self._made_up(words)}
        if group:
            values["group"] = said["groups"][group]
        if words == "[照片]":
            path = self.folder / "sent" / "photo.jpg"
            path.parent.mkdir()
            path.write_bytes(picture())
            values |= {"image": path, "text": ""}
        return values

    def _made_up(self, line: str) -> str:
        person = distinctive(self.chance)
        self.people.append(person)
        values = {name: getattr(person, name) for name in ("words", "mobile", "landline", "identity", "room", "reason")}
        return line.format(**values)


def _ignore(_said: dict[str, Any]) -> None:
    """What it says does not matter here."""


@pytest.mark.parametrize("seed", range(20 if os.environ.get("XIAOSHAN_LONG") == "1" else 1))
async def test_a_sqlite_has_nothing_in_the_open(seed: int, sqlite_database: Database, tmp_path: Path) -> None:
    telling = Telling(sqlite_database, tmp_path, Random(seed))
    await telling.tell_all()
    assert found_in(files(tmp_path), telling.people) == []
    _assert_that_all_was_reached(sqlite_database)
    _keep_elsewhere(sqlite_database, tmp_path, telling.people)
    sqlite_database.close()
    assert found_in(files(tmp_path), telling.people) == []


@pytest.mark.postgresql
async def test_a_postgresql_has_nothing_in_the_open(postgresql_database: Database, tmp_path: Path) -> None:
    telling = Telling(postgresql_database, tmp_path, Random(99))
    await telling.tell_all()
    _assert_that_all_was_reached(postgresql_database)
    folder = checkpointed(postgresql_database)
    assert found_in([*files(folder), *files(tmp_path)], telling.people) == []


def _keep_elsewhere(database: Database, folder: Path, people: list[Distinctive]) -> None:
    """What waits for the database while it is away, and a backup."""
    now = NOW.replace(tzinfo=CHINA)
    spool = Spool(folder / "spool", KEYS, "tests")
    spool.append(
        Incoming(
            channel="pipe",
            account="pipe",
            external_id=f"m{number}",
            group=None,
            group_name="",
            sender="resident-3-501",
            sender_name="赵晓梅",
            text=person.words,
            sent_at=now,
            received_at=now,
        )
        for number, person in enumerate(people)
    )
    spool.close()
    (folder / "backups").mkdir()
    assert Backups(folder / "backups").make(database, KEYS, folder, now).bytes


def _assert_that_all_was_reached(database: Database) -> None:
    """Every sealed column holds something, or the search has looked at nothing."""
    with database.begin() as store:
        held = {
            f"{each.name}.{name}"
            for each in resealing.TABLES
            for row in store.connection.execute(each.after(None)).mappings()
            for name in each.columns
            if row[name]
        }
    wanted = {f"{each.name}.{name}" for each in resealing.TABLES for name in each.columns}
    assert wanted - held <= SELDOM


def checkpointed(database: Database) -> Path:
    """The folder of PostgreSQL's data, with everything written out."""
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("CHECKPOINT"))
        return Path(connection.execute(text("SELECT current_setting('data_directory')")).scalar_one())
