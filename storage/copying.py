"""A whole database into one file and back: SQLite's own way of copying, or PostgreSQL's programs."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import bindparam, delete, func, inspect, select, text, update

from storage.database import Database, Store
from storage.tables import leases, outbox, processes

PAGES_A_STEP = 256
"""A megabyte: between two steps the other threads have their turn."""

_DEBIAN = Path("/usr/lib/postgresql")
_OTHERS = text(
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
)
_UNSURE = (
    update(outbox)
    .where(outbox.c.sent_at.is_(None), outbox.c.failed_at.is_(None), outbox.c.due_at <= bindparam("now"))
    .values(uncertain_since=bindparam("since"))
)


class CopyFailed(Exception):
    """The copy could not be made, or is not sound. Says why in a few words, and nothing of what is in it."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a copy holds: the version of its tables, and how many rows each has."""

    version: str
    rows: Mapping[str, int]


def copy_out(database: Database, target: Path) -> Content:
    """Copies a database into a file as it is at one moment, while others go on writing. Raises `CopyFailed`."""
    if not database.is_sqlite:
        return _dump(database, target)
    if database.file is None or database.is_missing:
        raise CopyFailed("没有数据库文件 / there is no database file")
    try:
        _copy_sqlite(database.file, target)
    except sqlite3.Error as error:
        raise CopyFailed(_name(error)) from None
    return content_of_file(target)


def content_of_file(file: Path) -> Content:
    """What a copy of a SQLite database holds. Raises `CopyFailed` where it is not sound."""
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as copy:
            if copy.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
                raise CopyFailed("integrity_check")
            found = copy.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
            tables = [name for (name,) in found if not name.startswith("sqlite_")]
            rows = {name: copy.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in tables}  # noqa: S608  # names from the database itself
            version = copy.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as error:
        raise CopyFailed(_name(error)) from None
    return Content(str(version[0]) if version else "", rows)


def content_of(database: Database) -> Content:
    """What a database holds now; nothing at all: no tables."""
    with database.begin() as store:
        return _content(store)


def others_connected(database: Database) -> int:
    """How many others work with a PostgreSQL database now."""
    with database.begin() as store:
        return int(store.connection.execute(_OTHERS).scalar_one())


def forget_that_time(store: Store, since: datetime, now: datetime) -> None:
    """Makes a copy of that time fit for today: nobody runs on it yet, and what waited to be sent may have been sent
    since."""
    store.connection.execute(delete(leases))
    store.connection.execute(delete(processes))
    store.connection.execute(_UNSURE, {"since": since, "now": now})


def replace_file(copy: Path, file: Path, aside: Path | None) -> None:
    """Puts a SQLite database in the place of another in one step. What was there is at `aside` afterwards.

    A log that the old one left would be played into the new one: it is worked in first, or put aside too.
    """
    _settle(copy)
    if aside is not None:
        _settle(file)
        aside.hardlink_to(file)
        for left, kept in zip(beside(file), beside(aside), strict=True):
            if left.exists():
                left.replace(kept)
    with copy.open("rb") as copied:
        os.fsync(copied.fileno())
    copy.replace(file)
    sync_folder(file.parent)


def beside(file: Path) -> tuple[Path, Path]:
    """Where SQLite has the log of a database, and the index of it."""
    return file.with_name(f"{file.name}-wal"), file.with_name(f"{file.name}-shm")


def load_dump(database: Database, dump: Path, *, replace: bool) -> None:
    """Reads a dump into a PostgreSQL database: all of it or nothing. Raises `CopyFailed`."""
    clean = ("--clean", "--if-exists") if replace else ()
    options = ("--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", *clean)
    name = database.url.database or ""
    _run("pg_restore", (*options, "--dbname", name, str(dump)), database)


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder outlast a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _copy_sqlite(file: Path, target: Path) -> None:
    """One reading transaction from the first page to the last: else every write of others would begin it anew."""
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=10)) as source:
        source.isolation_level = None
        source.execute("BEGIN")
        source.execute("SELECT count(*) FROM sqlite_master").fetchone()
        with closing(sqlite3.connect(target)) as copy:
            source.backup(copy, pages=PAGES_A_STEP)
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
    with target.open("rb") as copied:
        os.fsync(copied.fileno())


def _settle(file: Path) -> None:
    """Works the log into the file. A file that is past this is put aside as it is."""
    try:
        with closing(sqlite3.connect(file, timeout=10)) as old:
            old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            old.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error:
        return


def _dump(database: Database, target: Path) -> Content:
    """The counts and the dump see one and the same moment."""
    with database.begin() as store:
        store.connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        snapshot = str(store.connection.execute(select(func.pg_export_snapshot())).scalar_one())
        content = _content(store)
        options = ("--format=custom", "--no-owner", "--no-privileges", "--snapshot", snapshot)
        _run("pg_dump", (*options, "--file", str(target)), database)
    with target.open("rb") as dumped:
        os.fsync(dumped.fileno())
    return content


def _content(store: Store) -> Content:
    connection = store.connection
    tables = sorted(inspect(connection).get_table_names())
    if "alembic_version" not in tables:
        return Content("", dict.fromkeys(tables, 0))
    quote = connection.dialect.identifier_preparer.quote
    rows = {name: connection.execute(text(f"SELECT count(*) FROM {quote(name)}")).scalar_one() for name in tables}  # noqa: S608  # names from the database itself
    return Content(connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one(), rows)


def _run(program: str, options: tuple[str, ...], database: Database) -> None:
    """Runs one of PostgreSQL's programs. What it needs to connect is in its environment: others see arguments."""
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", **_connection(database)}
    command = [str(_find(program)), "--no-password", *options]
    done = subprocess.run(  # noqa: S603  # a fixed program, no shell
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise CopyFailed(f"{program}: {_first_error(done.stderr)}")


def _connection(database: Database) -> dict[str, str]:
    """How to reach the database, as libpq's environment variables."""
    import psycopg  # here, for its 8 MB, which are of no use beside SQLite

    url = database.url
    wanted: dict[str, object] = {"host": url.host, "port": url.port, "user": url.username, "password": url.password}
    wanted |= {"dbname": url.database} | dict(url.query)
    variables = {
        option.keyword.decode(): option.envvar.decode()
        for option in psycopg.pq.Conninfo.get_defaults()
        if option.envvar is not None
    }
    unknown = [name for name, value in wanted.items() if value is not None and name not in variables]
    if unknown:
        raise CopyFailed(f"pg_dump: {', '.join(unknown)} 不能传给它 / cannot be handed on")
    return {variables[name]: _one(value) for name, value in wanted.items() if value is not None}


def _one(value: object) -> str:
    """Several hosts are one setting."""
    return ",".join(value) if isinstance(value, tuple) else str(value)


def _find(program: str) -> Path:
    """The newest that is installed: an older one refuses a newer server. Raises `CopyFailed`."""
    installed = [folder / program for folder in _DEBIAN.glob("*/bin") if (folder / program).exists()]
    if installed:
        return max(installed, key=lambda path: float(path.parents[1].name))
    on_path = shutil.which(program)
    if on_path is None:
        raise CopyFailed(f"没有 {program},请安装 postgresql-client / {program} is missing: install postgresql-client")
    return Path(on_path)


def _first_error(output: str) -> str:
    lines = [line for line in output.splitlines() if "error:" in line] or output.splitlines() or [""]
    return lines[0].partition("error:")[2].strip()[:200] or lines[0][:200]


def _name(error: sqlite3.Error) -> str:
    return getattr(error, "sqlite_errorname", None) or type(error).__name__
