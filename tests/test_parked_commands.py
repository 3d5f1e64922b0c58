"""`python -m bot parked`: what could not be handled, and once more; also while the program runs on the database."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner, Result

from bot.config import KEYS_VARIABLE
from bot.parked_commands import cli
from storage import inbox
from storage.database import Database
from storage.inbox import Letter
from storage.tables import inbox as rows
from tests.keys import LINE

NOW = datetime(2026, 12, 1, 1, tzinfo=UTC)
SECRET = "住在8号楼的老李,13800000000"


@pytest.fixture
def config(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(KEYS_VARIABLE, LINE)
    path = tmp_path / "config.yaml"
    address = database.url.render_as_string().replace("+psycopg", "")
    path.write_text(f"database: {address}\ndata: {tmp_path}\n", encoding="utf-8")
    return path


@pytest.fixture
def parked(database: Database) -> int:
    """The number of a message that has failed three times."""
    letter = Letter(
        channel="pipe",
        account="pipe",
        external_id="m1",
        kind="message",
        group=None,
        group_name="",
        sender="new",
        sender_name="居民",
        text=SECRET,
        mentions_bot=False,
        photos=(),
        photo_problem=None,
        sent_at=NOW,
        received_at=NOW,
    )
    with database.begin() as store:
        inbox.add_unanswered(store, letter, attempts=3, try_at=NOW, error="LookupError desk.py:1: 'place'")
    with database.begin() as store:
        number = store.connection.execute(select(rows.c.id)).scalar_one()
        inbox.mark_failed(store, number, 3, "LookupError desk.py:1: 'place'", try_at=None, parked_at=NOW)
    return int(number)


def run(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments or ["--config", str(config)])


def test_nothing_is_parked(config: Path) -> None:
    found = run(config)
    assert (found.exit_code, found.output) == (0, "没有出错的消息 / no message is parked\n")


def test_what_is_parked_is_listed_without_its_words(config: Path, parked: int) -> None:
    found = run(config)
    assert found.output == f"{parked}  2026-12-01T09:00:00+08:00  pipe  3  LookupError desk.py:1: 'place'\n"


@pytest.mark.parametrize("number", ["0", "-1", "99999", "99999999999999999999"])
def test_there_is_none_of_that_number(config: Path, parked: int, number: str) -> None:
    found = run(config, "retry", "--config", str(config), "--", number)
    assert found.exit_code == 1
    assert f"no message {number} is parked" in found.output


def test_once_more(config: Path, parked: int, database: Database) -> None:
    """It waits for the program, which finds it at its next look."""
    assert run(config, "retry", str(parked), "--config", str(config)).exit_code == 0
    with database.begin() as store:
        (leftover,) = inbox.leftovers(store, NOW + timedelta(days=365), 10)
    assert (leftover.id, leftover.attempts) == (parked, 3)
    assert run(config, "retry", str(parked), "--config", str(config)).exit_code == 1
