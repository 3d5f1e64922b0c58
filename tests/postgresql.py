"""A private PostgreSQL server for the tests, on a Unix socket in a temporary folder, and databases in it.

One server a session and xdist worker; a fresh database is a copy of a template, which takes some 50 ms.
"""

import grp
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from storage import schema
from storage.database import Database
from tests.keys import KEYS

MIGRATED = "migrated"
"""The template with our tables and nothing in them."""

OWNER = "postgres"
READY = "ready to accept connections"
MISSING = "PostgreSQL's server programs are not installed (Debian: apt-get install postgresql)"
PROGRAMS = ("initdb", "postgres")
DEBIAN = Path("/usr/lib/postgresql")


@dataclass(slots=True)
class Server:
    """A server that runs, and can be stopped and started again. `folder` holds its socket and its data."""

    folder: Path
    _command: Sequence[str]
    _account: tuple[str, str] | None
    _process: "subprocess.Popen[str] | None" = None
    _reader: threading.Thread | None = None
    _serial: Iterator[int] = field(default_factory=itertools.count)

    def start(self) -> None:
        """Starts it. Returns when it takes connections."""
        self._process = subprocess.Popen(
            self._command, stderr=subprocess.PIPE, text=True, **_as(self._account, self.folder)
        )
        assert self._process.stderr is not None
        self._reader = _wait_until_ready(self._process.stderr)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Ends all sessions and stops. SIGINT: in good order; SIGQUIT: as if the power had failed."""
        if self._process is None:
            return
        self._process.send_signal(how)
        self._process.wait(timeout=60)
        if self._reader is not None:
            self._reader.join()
        if self._process.stderr is not None:
            self._process.stderr.close()
        self._process, self._reader = None, None

    def url(self, database: str) -> str:
        """The address of one of its databases, as `storage.Database` wants it."""
        return f"postgresql+psycopg://{OWNER}@/{database}?host={self.folder}"

    def add_template(self, name: str, fill: Callable[[str], None], *, base: str = "template1") -> None:
        """Makes a database to be copied. `fill` gets its url and leaves no connection open."""
        self._create(name, base)
        fill(self.url(name))

    def fresh_url(self, template: str = MIGRATED) -> str:
        """A new database, a copy of the template."""
        name = f"{template}_{next(self._serial)}"
        self._create(name, template)
        return self.url(name)

    def drop(self, url: str) -> None:
        """Removes a database, whoever is still connected."""
        name = url.partition("@/")[2].partition("?")[0]
        self._execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))

    def _create(self, name: str, template: str) -> None:
        self._execute(SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(name), Identifier(template)))

    def _execute(self, statement: Any) -> None:
        with psycopg.connect(host=str(self.folder), user=OWNER, dbname="postgres", autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def server(*, fsync: bool = False) -> Iterator[Server]:
    """Starts a server with the migrated template, and stops it. `fsync` only where a crash is part of the test."""
    programs = find_programs()
    assert programs is not None, MISSING
    account = _account()
    folder = Path(tempfile.mkdtemp(prefix="xiaoshan-pg-"))
    try:
        if account:
            shutil.chown(folder, *account)
        _make_cluster(programs, folder, account)
        started = Server(folder, _command(programs, folder, fsync=fsync), account)
        try:
            started.start()
            started.add_template(MIGRATED, _migrate)
            yield started
        finally:
            started.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def find_programs() -> Path | None:
    """The folder with the server programs of the newest version: Debian keeps them off the PATH."""
    on_path = [Path(found).resolve().parent for found in (shutil.which("postgres"),) if found]
    installed = sorted(DEBIAN.glob("*/bin"), key=lambda folder: float(folder.parent.name), reverse=True)
    for folder in (*on_path, *installed):
        if all((folder / program).exists() for program in PROGRAMS):
            return folder
    return None


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Server]:
    """The server of this session. Without its programs the test is skipped, except in CI."""
    if find_programs() is None:
        if os.environ.get("CI") == "true":
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    with server() as started:
        yield started


def fresh_postgresql_url(server: Server) -> str:
    """A fresh database with our tables. It lasts as long as the server."""
    return server.fresh_url()


def _migrate(url: str) -> None:
    database = Database(url, KEYS)
    schema.migrate(database)
    database.close()


def _account() -> tuple[str, str] | None:
    """As whom to run the server when we are root, whom it refuses: user and group."""
    if os.geteuid() != 0:
        return None
    entries = {entry.pw_name: entry for entry in pwd.getpwall()}
    chosen = entries.get("postgres") or entries["nobody"]
    return chosen.pw_name, grp.getgrgid(chosen.pw_gid).gr_name


def _make_cluster(programs: Path, folder: Path, account: tuple[str, str] | None) -> None:
    command = [str(programs / "initdb"), "-D", str(folder / "data"), "-U", OWNER, "--auth=trust", "-E", "UTF8"]
    command += ["--locale=C", "--no-sync", "--no-instructions"]
    made = subprocess.run(command, capture_output=True, text=True, check=False, **_as(account, folder))
    assert made.returncode == 0, made.stderr


def _command(programs: Path, folder: Path, *, fsync: bool) -> list[str]:
    settings = {
        "unix_socket_directories": str(folder),
        "listen_addresses": "",
        "fsync": "on" if fsync else "off",
        "max_connections": "50",
        "shared_buffers": "32MB",
    }
    command = [str(programs / "postgres"), "-D", str(folder / "data")]
    return command + [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]


def _wait_until_ready(log: IO[str]) -> threading.Thread:
    """Reads the server's log until it is ready; a thread goes on reading, so that the server never waits for us."""
    last: deque[str] = deque(maxlen=20)
    for line in log:
        last.append(line)
        if READY in line:
            break
    else:
        raise AssertionError("PostgreSQL did not start:\n" + "".join(last))
    reader = threading.Thread(target=deque, args=(log, 0), daemon=True)
    reader.start()
    return reader


def _as(account: tuple[str, str] | None, folder: Path) -> dict[str, Any]:
    """Arguments of `subprocess` for the account, in a folder that it may enter."""
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "HOME": str(folder)}
    common: dict[str, Any] = {"cwd": folder, "env": environment, "stdin": subprocess.DEVNULL}
    if account is None:
        return common
    return common | {"user": account[0], "group": account[1], "extra_groups": []}
