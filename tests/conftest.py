"""Databases for the tests: a real SQLite file and a real PostgreSQL, each with the demo community."""

import logging
import os
import shutil
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog

from bot.app import open_database
from bot.logs import QUIET, Relay
from community import importing
from storage.database import Database
from tests.keys import KEYS, LINE
from tests.postgresql import Server, postgresql_server

XINGFU = Path(__file__).parents[1] / "examples" / "xingfu" / "community.yaml"
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)

os.environ.setdefault("XIAOSHAN_KEYS", LINE)  # of the programs that tests start

__all__ = ["postgresql_server"]


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """A command that a test runs in this process sets up the logs for good, on a stream that is closed afterwards."""
    root = logging.getLogger()
    levels = {name: logging.getLogger(name).level for name in (None, *QUIET)}
    hooks = sys.excepthook, threading.excepthook
    yield
    if not structlog.is_configured():
        return
    structlog.reset_defaults()
    root.handlers = [each for each in root.handlers if not isinstance(each, Relay)]
    sys.excepthook, threading.excepthook = hooks
    logging.captureWarnings(False)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the demo community, to be copied."""
    path = tmp_path_factory.mktemp("template") / "xingfu.db"
    open_database(f"sqlite:///{path}", KEYS, XINGFU, LONG_AGO).close()
    return path


@pytest.fixture
def sqlite_database(sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    """The demo community in a SQLite file of its own."""
    path = tmp_path / "xingfu.db"
    shutil.copy(sqlite_template, path)
    database = open_database(f"sqlite:///{path}", KEYS, None, LONG_AGO)
    yield database
    database.close()


@pytest.fixture(scope="session")
def xingfu_server(postgresql_server: Server) -> Server:
    """A PostgreSQL server with a template that holds the demo community."""
    postgresql_server.add_template("xingfu", fill_with_xingfu, base="migrated")
    return postgresql_server


def fill_with_xingfu(url: str) -> None:
    """Puts the demo community into a database that has our tables."""
    database = Database(url, KEYS)
    with database.begin() as store:
        importing.import_community(store, importing.load(XINGFU), LONG_AGO)
    database.close()


@pytest.fixture
def postgresql_database(xingfu_server: Server) -> Iterator[Database]:
    """The demo community in a PostgreSQL database of its own."""
    url = xingfu_server.fresh_url("xingfu")
    database = Database(url, KEYS)
    yield database
    database.close()
    xingfu_server.drop(url)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database(request: pytest.FixtureRequest) -> Database:
    """The demo community, once in each engine."""
    found: Database = request.getfixturevalue(f"{request.param}_database")
    return found
