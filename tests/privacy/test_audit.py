"""The audit log: one chain that nobody can change unseen. That all views are in it, the dialogues prove: `views.py`."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, text, update
from sqlalchemy.exc import DBAPIError
from typer.testing import CliRunner

from bot.__main__ import cli
from bot.posting import post
from community import Community
from community.parts.notice import GroupChat
from community.privacy import Audit, Shown
from community.rules import Rules
from community.tree import Tree
from handlers.messages import say
from storage.database import Database
from storage.tables import audit, secrets
from tests.keys import LINE

NOW = datetime(2026, 12, 1, 1, tzinfo=UTC)
THREADS, EACH = 8, 12


def look(database: Database, *subjects: str, actor: str = "gridhead-1") -> None:
    with database.begin() as store:
        log = Audit(store)
        for subject in subjects:
            log.viewed(actor, subject, "words", NOW)


def broken(database: Database) -> int | None:
    with database.begin() as store:
        return Audit(store).verify().broken


def tamper(database: Database, *statements: object) -> None:
    """As somebody does who may do everything in the database, and has not the keys."""
    with database.begin() as store:
        if database.is_sqlite:
            for deed in ("update", "delete"):
                store.connection.execute(text(f"DROP TRIGGER audit_no_{deed}"))
        else:
            store.connection.execute(text("ALTER TABLE audit DISABLE TRIGGER audit_no_change"))
        for statement in statements:
            store.connection.execute(statement)  # type: ignore[call-overload]


def test_an_empty_log_is_whole(database: Database) -> None:
    with database.begin() as store:
        found = Audit(store).verify()
    assert (found.is_sound, found.rows, found.head) == (True, 0, "")


def test_what_is_noted_is_found_again_in_one_chain(database: Database) -> None:
    look(database, "grievance:1", "grievance:2", "grievance:1")
    look(database, "grievance:1", actor="worker")
    with database.begin() as store:
        log = Audit(store)
        found = log.verify()
        assert (found.is_sound, found.rows, found.head) == (True, 3, log.head())
        assert [each.line.actor_id for each in log.find(None, "grievance:1")] == ["gridhead-1", "worker"]
        assert [each.line.subject for each in log.find("gridhead-1", None)] == ["grievance:1", "grievance:2"]
        assert [each.line.at for each in log.find("worker", "grievance:1")] == [NOW]
        assert log.find("worker", "grievance:2") == []


def test_a_view_that_was_rolled_back_was_none(database: Database) -> None:
    look(database, "grievance:1")
    with pytest.raises(ZeroDivisionError), database.begin() as store:
        Audit(store).viewed("worker", "grievance:2", "words", NOW)
        raise ZeroDivisionError
    look(database, "grievance:3")
    with database.begin() as store:
        assert Audit(store).verify().rows == 2


@pytest.mark.parametrize("statement", [update(audit).values(subject="grievance:9"), delete(audit)])
def test_the_database_refuses_changes(database: Database, statement: object) -> None:
    look(database, "grievance:1")
    with pytest.raises(DBAPIError, match="not to be changed"), database.begin() as store:
        store.connection.execute(statement)  # type: ignore[call-overload]


@pytest.mark.postgresql
def test_the_database_refuses_to_empty_it(postgresql_database: Database) -> None:
    with pytest.raises(DBAPIError, match="not to be changed"), postgresql_database.begin() as store:
        store.connection.execute(text("TRUNCATE audit"))


@pytest.mark.parametrize(
    "values",
    [
        {"subject": "grievance:9"},
        {"actor_id": "worker"},
        {"field": "place"},
        {"deed": "export"},
        {"at": NOW + timedelta(seconds=1)},
        {"previous": "0" * 64},
        {"digest": "0" * 64},
    ],
    ids=lambda values: next(iter(values)),
)
def test_any_change_is_seen(sqlite_database: Database, values: dict[str, object]) -> None:
    look(sqlite_database, *(f"grievance:{number}" for number in range(1, 6)))
    tamper(sqlite_database, update(audit).where(audit.c.id == 3).values(**values))
    assert broken(sqlite_database) == 3


def test_a_change_is_seen_on_either_engine(database: Database) -> None:
    look(database, *(f"grievance:{number}" for number in range(1, 6)))
    tamper(database, update(audit).where(audit.c.id == 3).values(subject="grievance:9"))
    assert broken(database) == 3


def test_a_row_taken_out_is_seen(database: Database) -> None:
    look(database, *(f"grievance:{number}" for number in range(1, 6)))
    tamper(database, delete(audit).where(audit.c.id == 3))
    assert broken(database) == 4


def test_another_order_is_seen(database: Database) -> None:
    look(database, *(f"grievance:{number}" for number in range(1, 6)))
    moves = [update(audit).where(audit.c.id == old).values(id=new) for old, new in ((2, 99), (3, 2), (99, 3))]
    tamper(database, *moves)
    assert broken(database) == 2


def test_what_is_cut_off_at_the_end_is_seen_by_whoever_kept_the_digest(database: Database) -> None:
    look(database, *(f"grievance:{number}" for number in range(1, 6)))
    with database.begin() as store:
        kept = Audit(store).head()
    look(database, "grievance:6")
    with database.begin() as store:
        assert Audit(store).verify(kept).is_sound
    tamper(database, delete(audit).where(audit.c.id >= 5))
    with database.begin() as store:
        found = Audit(store).verify(kept)
    assert (found.broken, found.expected, found.is_sound) == (None, False, False)


def test_a_new_chain_of_ones_own_does_not_fit(database: Database) -> None:
    """Without the keys the secret cannot be read; another one in its place makes all rows wrong."""
    look(database, "grievance:1")
    with database.begin() as store:
        store.connection.execute(update(secrets).where(secrets.c.name == "audit").values(value="00" * 32))
    assert broken(database) == 1


@pytest.mark.postgresql
def test_many_append_to_one_chain(postgresql_database: Database) -> None:
    failures: list[Exception] = []
    start = threading.Barrier(THREADS)

    def work(number: int) -> None:
        start.wait(timeout=30)
        for turn in range(EACH):
            look(postgresql_database, f"task:{turn}", f"task:{turn + 100}", actor=f"worker-{number}")

    threads = [threading.Thread(target=_noting(failures, work), args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not failures
    with postgresql_database.begin() as store:
        found = Audit(store).verify()
    assert (found.is_sound, found.rows) == (True, 2 * THREADS * EACH)


def _noting(failures: list[Exception], work: Callable[[int], None]) -> Callable[[int], None]:
    def run(number: int) -> None:
        try:
            work(number)
        except Exception as error:  # noqa: BLE001  # a thread's failure is the test's
            failures.append(error)

    return run


def test_what_one_person_may_read_never_goes_to_a_group(sqlite_database: Database) -> None:
    chat = GroupChat("pipe", "pipe", "大家庭")
    with sqlite_database.begin() as store:
        community = Community.open(store, Tree.grow((), (), ()), Rules(), {"pipe": "pipe"})
        with pytest.raises(ValueError, match="not for a group"):
            post(say("help.dropped", to=chat, shows=[Shown("task:1", "phone")]), community, NOW)


def test_the_command_line(sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XIAOSHAN_KEYS", LINE)
    settings = tmp_path / "config.yaml"
    settings.write_text(f"database: sqlite:///{sqlite_database.file}\nchannels:\n  chat_room: {{}}\n")
    run, where = CliRunner(), ["--config", str(settings)]
    look(sqlite_database, "grievance:1", "grievance:2")
    whole = run.invoke(cli, ["audit", "verify", *where])
    assert whole.exit_code == 0, whole.output
    assert "2" in whole.output.splitlines()[0]
    digest = whole.output.split()[-1]
    assert run.invoke(cli, ["audit", "verify", "--expect", digest, *where]).exit_code == 0
    shown = run.invoke(cli, ["audit", "show", "--person", "gridhead-1", "--subject", "grievance:2", *where])
    assert shown.output.endswith("gridhead-1 view grievance:2 words\n")
    assert run.invoke(cli, ["audit", "verify", "--expect", "f" * 64, *where]).exit_code == 1
    tamper(sqlite_database, update(audit).where(audit.c.id == 1).values(field="place"))
    changed = run.invoke(cli, ["audit", "verify", *where])
    assert changed.exit_code == 1
    assert "第 1 条" in changed.output
