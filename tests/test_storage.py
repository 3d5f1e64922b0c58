"""Storage on both engines alike: times, constraints, versions, and what each module of rows promises."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError

from storage import accounts, grievances, inbox, outbox, people, phone_list, questions, schema, tree
from storage.database import Database, DatabaseInUse, DatabaseUnavailable, Store
from storage.inbox import Letter
from storage.outbox import Draft, Due
from storage.people import Address, Person
from storage.schema import Version
from storage.tables import DeadlineClass, GrievanceState, Level, Urgency, metadata, nodes
from storage.tables import accounts as accounts_table
from storage.tables import inbox as inbox_table
from storage.tables import outbox as outbox_table
from storage.tables import people as people_table
from storage.tables import questions as questions_table
from storage.tree import Group
from tests import drafts
from tests.keys import KEYS
from tests.postgresql import Server, fresh_postgresql_url

CHINA = timezone(timedelta(hours=8))
NOW = datetime(2026, 12, 1, 1, tzinfo=UTC)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)

ZHAO = Person("zhao", "赵晓梅")
QIAN = Person("qian", "钱文斌")

LETTER = Letter(
    channel="pipe",
    account="pipe",
    external_id="m1",
    kind="message",
    group="天天向善",
    group_name="天天向善",
    sender="wx-zhao",
    sender_name="赵晓梅",
    text="3号楼电梯坏了 😀",
    mentions_bot=True,
    photos=("a" * 64,),
    photo_problem=None,
    sent_at=NOW - SECOND,
    received_at=NOW,
)

DRAFT = Draft(
    channel="pipe",
    account="pipe",
    group=None,
    to="wx-zhao",
    person_id="zhao",
    fallback_group="天天向善",
    mentions=(("wx-zhao", "赵晓梅"),),
    text="0001记下了",
    photos=("b" * 64,),
    urgency=Urgency.ANSWER,
    created_at=NOW,
    due_at=NOW,
)


# --- databases ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "migrated.db"
    with closing(Database(f"sqlite:///{path}", KEYS)) as database:
        schema.migrate(database)
    return path


@pytest.fixture
def postgresql_url(postgresql_server: Server) -> Iterator[str]:
    url = fresh_postgresql_url(postgresql_server)
    yield url
    postgresql_server.drop(url)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def url(request: pytest.FixtureRequest, migrated_file: Path, tmp_path: Path) -> str:
    """A database with our tables and nothing in them."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgresql_url"))
    path = tmp_path / "xiaoshan.db"
    shutil.copy(migrated_file, path)
    return f"sqlite:///{path}"


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    with closing(Database(url, KEYS)) as database:
        yield database


@pytest.fixture
def two_people(database: Database) -> Database:
    with database.begin() as store:
        people.add(store, ZHAO, Address("pipe", "wx-zhao"), NOW)
        people.add(store, QIAN, Address("pipe", "wx-qian"), NOW)
    return database


def person_row(**values: Any) -> dict[str, Any]:
    return {"id": "sun", "name": "孙桂兰", "node_id": None, "created_at": NOW} | values


def grievance_values(**values: Any) -> dict[str, Any]:
    return {
        "resident_id": "zhao",
        "community_id": "xingfu",
        "place_id": None,
        "place": "",
        "words": "电梯坏了",
        "deadline_class": DeadlineClass.ORDINARY,
        "state": GrievanceState.DRAFT,
        "reported_at": NOW,
        "chase_at": NOW + HOUR,
    } | values


@pytest.fixture
def community(two_people: Database) -> Database:
    """Two people and a community's node."""
    with two_people.begin() as store:
        row = {"id": "xingfu", "parent_id": None, "level": Level.COMMUNITY, "name": "幸福社区"}
        store.connection.execute(insert(nodes), row)
    return two_people


# --- times ----------------------------------------------------------------------------------------------------


def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    naive = NOW.replace(tzinfo=None)
    with pytest.raises(StatementError, match="without a zone"), database.begin() as store:
        store.connection.execute(insert(people_table), person_row(created_at=naive))
    with pytest.raises(StatementError, match="without a zone"), database.begin() as store:
        drafts.due(store, "pipe", naive)


def test_a_time_comes_back_as_the_same_moment_in_utc(database: Database) -> None:
    moment = datetime(2026, 12, 1, 9, 30, 15, 123456, tzinfo=CHINA)
    with database.begin() as store:
        store.connection.execute(insert(people_table), person_row(created_at=moment))
    with database.begin() as store:
        found = store.connection.execute(select(people_table.c.created_at)).scalar_one()
    assert found == moment
    assert found.utcoffset() == timedelta(0)


def test_times_of_other_zones_are_compared_as_moments(database: Database) -> None:
    with database.begin() as store:
        outbox.add(store, replace(DRAFT, due_at=datetime(2026, 12, 1, 9, tzinfo=CHINA)))
    with database.begin() as store:
        assert drafts.due(store, "pipe", NOW - SECOND) == []
        assert len(drafts.due(store, "pipe", NOW)) == 1


# --- constraints ----------------------------------------------------------------------------------------------


def test_what_is_referred_to_must_exist(database: Database) -> None:
    with pytest.raises(IntegrityError), database.begin() as store:
        store.connection.execute(insert(people_table), person_row(node_id="nowhere"))
    with pytest.raises(IntegrityError), database.begin() as store:
        questions.add(store, **asked("nobody"))


@pytest.mark.parametrize("column", ["state", "deadline_class"])
def test_a_value_that_is_not_in_the_list_is_refused_by_the_database(community: Database, column: str) -> None:
    with community.begin() as store:
        grievances.add(store, grievance_values())
    with pytest.raises(IntegrityError), community.begin() as store:
        store.connection.execute(text(f"UPDATE grievances SET {column} = 'forgotten'"))


def test_satisfaction_is_one_to_three(community: Database) -> None:
    with pytest.raises(IntegrityError), community.begin() as store:
        grievances.add(store, grievance_values(satisfaction=4))


@pytest.mark.parametrize(("group", "to"), [(None, None), ("天天向善", "wx-zhao")])
def test_a_draft_goes_to_a_group_or_to_a_person(database: Database, group: str | None, to: str | None) -> None:
    with pytest.raises(IntegrityError), database.begin() as store:
        outbox.add(store, replace(DRAFT, group=group, to=to))


# --- transactions ---------------------------------------------------------------------------------------------


def test_a_transaction_that_is_rolled_back_leaves_nothing(database: Database) -> None:
    with pytest.raises(LookupError), database.begin() as store:
        people.add(store, ZHAO, Address("pipe", "wx-zhao"), NOW)
        outbox.add(store, DRAFT)
        store.flush()
        inbox.add_handled(store, LETTER, NOW)
        raise LookupError
    with database.begin() as store:
        assert people.by_id(store, "zhao") is None
        assert drafts.next_due(store, "pipe") is None
        assert inbox.known(store, "pipe", "pipe", ["m1"]) == set()


def test_collected_rows_are_written_at_the_end_in_order(database: Database) -> None:
    with database.begin() as store:
        for number in range(5):
            outbox.add(store, replace(DRAFT, text=str(number)))
        assert drafts.due(store, "pipe", NOW) == []
    with database.begin() as store:
        assert [due.draft.text for due in drafts.due(store, "pipe", NOW)] == ["0", "1", "2", "3", "4"]


def test_a_wrong_statement_is_not_taken_for_a_database_that_is_away(database: Database) -> None:
    with pytest.raises(DBAPIError), database.begin() as store:
        store.connection.execute(text("SELECT nothing FROM nowhere"))


def test_an_error_has_none_of_a_persons_words_in_it(database: Database) -> None:
    """It may end in the log."""
    with pytest.raises(IntegrityError) as caught, database.begin() as store:
        inbox.add_handled(store, LETTER, NOW)
        inbox.add_handled(store, LETTER, NOW)
    assert LETTER.text not in str(caught.value)


def test_a_database_file_that_cannot_be_opened_is_away(tmp_path: Path) -> None:
    missing = Database(f"sqlite:///{tmp_path}/no/such/folder/xiaoshan.db", KEYS)
    with pytest.raises(DatabaseUnavailable, match="SQLITE_CANTOPEN"), missing.begin():
        raise AssertionError("it opened")


def test_a_sqlite_that_another_writer_holds_is_away(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/xiaoshan.db"
    first, second = Database(url, KEYS), Database(url, KEYS)
    with second.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=1")
    with first.begin(), pytest.raises(DatabaseUnavailable, match="SQLITE_BUSY"), second.begin():
        raise AssertionError("two writers")
    first.close()
    second.close()


@pytest.mark.postgresql
def test_a_postgresql_that_ends_our_session_is_away(postgresql_url: str) -> None:
    with closing(Database(postgresql_url, KEYS)) as database:
        with pytest.raises(DatabaseUnavailable), database.begin() as store:
            store.connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")
        with database.begin() as store:
            assert drafts.next_due(store, "pipe") is None


@pytest.mark.postgresql
def test_a_postgresql_that_is_not_there_is_away(tmp_path: Path) -> None:
    nowhere = Database(f"postgresql+psycopg://nobody@/nothing?host={tmp_path}", KEYS)
    with pytest.raises(DatabaseUnavailable), nowhere.begin():
        raise AssertionError("it answered")


# --- versions and migrations ----------------------------------------------------------------------------------


def test_migrations_and_tables_agree(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_a_migrated_database_is_current_and_stays_so(database: Database) -> None:
    assert schema.version_of(database) is Version.CURRENT
    schema.migrate(database)
    assert schema.version_of(database) is Version.CURRENT


@pytest.mark.parametrize(("revision", "version"), [("0000", Version.OLDER), ("9999", Version.NEWER)])
def test_versions_are_told_apart(database: Database, revision: str, version: Version) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})
    assert schema.version_of(database) is version


def test_a_database_without_tables_is_empty(tmp_path: Path) -> None:
    with closing(Database(f"sqlite:///{tmp_path}/new.db", KEYS)) as database:
        assert schema.version_of(database) is Version.EMPTY


def test_a_migration_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from alembic import op

    def fail(*_: object, **__: object) -> None:
        raise LookupError

    with closing(Database(f"sqlite:///{tmp_path}/new.db", KEYS)) as database:
        with monkeypatch.context() as patched, pytest.raises(LookupError):
            patched.setattr(op, "batch_alter_table", fail)
            schema.migrate(database)
        with database.engine.connect() as connection:
            assert connection.execute(text("SELECT name FROM sqlite_master")).scalars().all() == []


# --- the SQLite file ------------------------------------------------------------------------------------------


def test_sqlite_writes_ahead_and_waits_for_the_disk(migrated_file: Path) -> None:
    with closing(Database(f"sqlite:///{migrated_file}", KEYS)) as database, database.engine.connect() as connection:
        found = {
            pragma: connection.exec_driver_sql(f"PRAGMA {pragma}").scalar_one()
            for pragma in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_a_second_process_is_refused_the_file(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/xiaoshan.db"
    claim = (
        "import sys; from storage.database import *; database = Database(sys.argv[1], None)\n"
        "try: database.claim()\n"
        "except DatabaseInUse: sys.exit(3)"
    )
    other_process = (sys.executable, "-c", claim, url)
    first = Database(url, KEYS)
    first.claim()
    first.claim()
    with pytest.raises(DatabaseInUse):
        Database(url, KEYS).claim()
    assert subprocess.run(other_process, check=False).returncode == 3
    first.close()
    assert subprocess.run(other_process, check=False).returncode == 0


# --- inbox ----------------------------------------------------------------------------------------------------


def test_a_message_is_kept_once_for_each_account(database: Database) -> None:
    others = [replace(LETTER, account="second"), replace(LETTER, channel="wechaty"), replace(LETTER, external_id="m2")]
    with database.begin() as store:
        for letter in (LETTER, *others):
            inbox.add_handled(store, letter, NOW)
    with pytest.raises(IntegrityError), database.begin() as store:
        inbox.add_handled(store, LETTER, NOW)
    with database.begin() as store:
        assert inbox.known(store, "pipe", "pipe", ["m1", "m2", "m3"]) == {"m1", "m2"}
        assert inbox.known(store, "pipe", "second", ["m1", "m2", "m3"]) == {"m1"}
        assert inbox.known(store, "pipe", "pipe", []) == set()


def test_a_failed_message_waits_until_its_time(database: Database) -> None:
    with database.begin() as store:
        inbox.add_unanswered(store, LETTER, attempts=1, try_at=NOW + SECOND, error="ValueError x.py:1")
        inbox.add_handled(store, replace(LETTER, external_id="m2"), NOW)
    with database.begin() as store:
        assert inbox.next_leftover(store) == NOW + SECOND
        assert inbox.leftovers(store, NOW, 64) == []
        (waiting,) = inbox.leftovers(store, NOW + SECOND, 64)
        assert (waiting.attempts, waiting.letter) == (1, LETTER)
        inbox.mark_failed(store, waiting.id, 2, "again", try_at=NOW + HOUR, parked_at=None)
        assert inbox.leftovers(store, NOW + SECOND, 64) == []
        assert inbox.next_leftover(store) == NOW + HOUR


@pytest.mark.parametrize("parked", [True, False])
def test_a_message_that_was_handled_or_parked_is_no_leftover(database: Database, parked: bool) -> None:
    with database.begin() as store:
        inbox.add_unanswered(store, LETTER, attempts=1, try_at=NOW, error="ValueError x.py:1")
    with database.begin() as store:
        (waiting,) = inbox.leftovers(store, NOW, 64)
        if parked:
            inbox.mark_failed(store, waiting.id, 3, "the last time", try_at=None, parked_at=NOW)
        else:
            inbox.mark_handled(store, waiting.id, NOW)
        assert inbox.leftovers(store, NOW + HOUR, 64) == []
        assert inbox.next_leftover(store) is None
        row = store.connection.execute(select(inbox_table)).one()
    assert (row.parked_at, row.handled_at) == ((NOW, None) if parked else (None, NOW))
    assert row.error == ("the last time" if parked else None)


# --- outbox ---------------------------------------------------------------------------------------------------


def put(database: Database, *wanted: Draft) -> list[Due]:
    """Puts drafts on their way, and gives them as they are due at the end of time."""
    with database.begin() as store:
        for draft in wanted:
            outbox.add(store, draft)
    with database.begin() as store:
        return drafts.due(store, "pipe", NOW + 1000 * HOUR)


def test_drafts_come_back_as_they_were_in_the_order_in_which_they_fall_due(database: Database) -> None:
    late, early = replace(DRAFT, due_at=NOW + HOUR), replace(DRAFT, due_at=NOW - HOUR, text="early")
    elsewhere = replace(DRAFT, channel="wechaty")
    dues = put(database, late, DRAFT, early, elsewhere, DRAFT)
    assert [due.draft for due in dues] == [early, DRAFT, DRAFT, late]
    assert dues[1].id < dues[2].id
    with database.begin() as store:
        assert [due.draft for due in drafts.due(store, "pipe", NOW)] == [early, DRAFT, DRAFT]
        assert [front.due_at for front in outbox.fronts(store, "pipe")] == [early.due_at]
        front = outbox.fronts(store, "pipe")[0]
        assert [due.draft for due in outbox.owed(store, "pipe", front, NOW, 2).dues] == [DRAFT, early]
        assert drafts.next_due(store, "pipe") == NOW - HOUR
        assert drafts.next_due(store, "webhook") is None


def test_a_postponed_draft_is_due_again_later(database: Database) -> None:
    dues = put(database, DRAFT, DRAFT)
    with database.begin() as store:
        outbox.postpone(store, dues[:1], NOW + HOUR, "refused", count=True)
        outbox.postpone(store, dues[1:], NOW + 2 * HOUR, "no connection", count=False)
        assert drafts.due(store, "pipe", NOW) == []
        assert drafts.next_due(store, "pipe") == NOW + HOUR
        assert [due.attempts for due in drafts.due(store, "pipe", NOW + 2 * HOUR)] == [1, 0]


def test_a_failed_draft_is_on_the_undelivered_list_only(database: Database) -> None:
    first, second = put(database, DRAFT, replace(DRAFT, text="second"))
    with database.begin() as store:
        outbox.mark_failed(store, [first.id], NOW, "no friend")
        outbox.mark_failed(store, [second.id], NOW + SECOND, "no friend")
        assert drafts.next_due(store, "pipe") is None
        found = outbox.undelivered(store)
        assert [(each.id, each.failed_at, each.why) for each in found] == [
            (second.id, NOW + SECOND, "no friend"),
            (first.id, NOW, "no friend"),
        ]
        assert outbox.undelivered(store, at_most=1) == found[:1]


def test_what_was_sent_is_due_no_more(database: Database) -> None:
    dues = put(database, *[DRAFT] * 3)
    with database.begin() as store:
        outbox.mark_sent(store, [due.id for due in dues[:2]], NOW)
        assert [due.id for due in drafts.due(store, "pipe", NOW)] == [dues[2].id]


def test_a_draft_that_is_being_sent_is_nobody_elses_until_the_claim_lapses(database: Database) -> None:
    (due,) = put(database, DRAFT)
    with database.begin() as store:
        assert outbox.claim(store, [due.id], "one", NOW, NOW + HOUR) == [due.id]
        assert outbox.claim(store, [due.id], "two", NOW, NOW + HOUR) == []
        assert drafts.due(store, "pipe", NOW) == []
        (again,) = drafts.due(store, "pipe", NOW + HOUR)
        assert again.uncertain_since == NOW
        assert outbox.claim(store, [due.id], "two", NOW + HOUR, NOW + 2 * HOUR) == [due.id]
        (once_more,) = drafts.due(store, "pipe", NOW + 2 * HOUR)
        assert once_more.uncertain_since == NOW


def test_released_claims_are_due_at_once(database: Database) -> None:
    claimed, waiting = put(database, DRAFT, replace(DRAFT, due_at=NOW + HOUR))
    with database.begin() as store:
        outbox.claim(store, [claimed.id], "one", NOW, NOW + HOUR)
        outbox.release(store, "webhook", NOW)
        assert drafts.due(store, "pipe", NOW) == []
        outbox.release(store, "pipe", NOW)
        assert [(due.id, due.uncertain_since) for due in drafts.due(store, "pipe", NOW)] == [(claimed.id, NOW)]
        assert drafts.due(store, "pipe", NOW + HOUR)[-1].id == waiting.id


def test_the_newest_sends_are_numbered(database: Database) -> None:
    with database.begin() as store:
        for minute in range(5):
            accounts.spend(store, "pipe", "pipe", NOW + minute * SECOND, HOUR)
        accounts.spend(store, "pipe", "second", NOW + HOUR, HOUR)
        assert accounts.newest_sends(store, "pipe", "pipe", (1, 3, 6)) == {1: NOW + 4 * SECOND, 3: NOW + 2 * SECOND}
        last = accounts.spend(store, "pipe", "pipe", NOW + HOUR + SECOND, HOUR)
        assert accounts.newest_sends(store, "pipe", "pipe", (1, 5, 6)) == {1: NOW + HOUR + SECOND, 5: NOW + SECOND}
        accounts.not_spent(store, last)
        assert accounts.newest_sends(store, "pipe", "pipe", (1,)) == {1: NOW + 4 * SECOND}


def test_an_account_rests_until_it_was_told_last(database: Database) -> None:
    with database.begin() as store:
        assert accounts.paused_until(store, "pipe", "pipe") is None
        accounts.pause(store, "pipe", "pipe", NOW)
        accounts.pause(store, "pipe", "pipe", NOW + HOUR)
        assert accounts.paused_until(store, "pipe", "pipe") == NOW + HOUR
        assert accounts.paused_until(store, "pipe", "second") is None
        assert len(store.connection.execute(select(accounts_table)).all()) == 1


def test_every_urgency_comes_back(database: Database) -> None:
    dues = put(database, *[replace(DRAFT, urgency=urgency) for urgency in Urgency])
    assert [due.draft.urgency for due in dues] == list(Urgency)


# --- questions ------------------------------------------------------------------------------------------------


def asked(person_id: str, **values: Any) -> dict[str, Any]:
    return {
        "person_id": person_id,
        "kind": "grievances.place",
        "about": {"number": 1, "again": False},
        "prompt_key": "grievances.ask_place",
        "prompt_values": {"number": 1},
        "now": NOW,
        "expires_at": NOW + HOUR,
    } | values


def test_questions_are_open_until_closed_or_expired_the_newest_first(two_people: Database) -> None:
    with two_people.begin() as store:
        questions.add(store, **asked("zhao"))
        questions.add(store, **asked("zhao", kind="second", expires_at=NOW + 2 * HOUR))
        questions.add(store, **asked("qian"))
        first, second = reversed(questions.open_for(store, "zhao", NOW))
        assert (first.kind, second.kind) == ("grievances.place", "second")
        assert (first.about, first.prompt_values) == ({"number": 1, "again": False}, {"number": 1})
        assert (first.asked_at, first.expires_at) == (NOW, NOW + HOUR)
        assert questions.open_for(store, "zhao", NOW + HOUR) == [second]
        assert questions.next_expiry(store) == NOW + HOUR
        assert {each.person_id for each in questions.expired(store, NOW + HOUR)} == {"zhao", "qian"}
        questions.close(store, first.id, NOW)
        assert questions.open_for(store, "zhao", NOW) == [second]
        assert {each.person_id for each in questions.expired(store, NOW + HOUR)} == {"qian"}
        closed = select(questions_table.c.closed_at).where(questions_table.c.id == first.id)
        assert store.connection.execute(closed).scalar_one() == NOW


# --- phone list -----------------------------------------------------------------------------------------------


def test_a_person_is_on_the_phone_list_once_until_phoned(two_people: Database) -> None:
    with two_people.begin() as store:
        assert phone_list.add(store, "zhao", "asked", NOW)
        assert not phone_list.add(store, "zhao", "unreachable", NOW + SECOND)
        assert phone_list.add(store, "qian", "unreachable", NOW - SECOND)
        first, second = phone_list.waiting(store)
        assert [(each.person_id, each.name, each.reason) for each in (first, second)] == [
            ("qian", "钱文斌", "unreachable"),
            ("zhao", "赵晓梅", "asked"),
        ]
        assert phone_list.waiting(store, at_most=1) == [first]
        assert phone_list.done(store, first.id, "worker", NOW)
        assert not phone_list.done(store, first.id, "worker", NOW)
        assert not phone_list.done(store, 10**6, "worker", NOW)
        assert phone_list.waiting(store) == [second]
        assert phone_list.add(store, "qian", "asked", NOW)


# --- people ---------------------------------------------------------------------------------------------------


def test_an_address_moves_to_another_person(two_people: Database) -> None:
    with two_people.begin() as store:
        people.move_address(store, Address("pipe", "wx-zhao"), "qian")
        assert people.at_address(store, "pipe", "wx-zhao") == QIAN
        assert people.addresses_of(store, "zhao") == []
        assert set(people.addresses_of(store, "qian")) == {Address("pipe", "wx-zhao"), Address("pipe", "wx-qian")}
        assert people.at_address(store, "wechaty", "wx-zhao") is None


def test_an_address_means_one_person(two_people: Database) -> None:
    with pytest.raises(IntegrityError), two_people.begin() as store:
        people.add(store, Person("sun", "孙桂兰"), Address("pipe", "wx-zhao"), NOW)
    with two_people.begin() as store:
        assert people.by_id(store, "sun") is None


def test_the_channel_last_heard_from_comes_first(two_people: Database) -> None:
    with two_people.begin() as store:
        people.replace_addresses(store, "webhook", {"zhao": "138", "nobody": "139"})
        people.add(store, Person("sun", "孙桂兰"), Address("wechaty", "wx-sun"), NOW + HOUR)
        people.move_address(store, Address("wechaty", "wx-sun"), "zhao")
        found = [address.channel for address in people.addresses_of(store, "zhao")]
        assert found == ["wechaty", "pipe", "webhook"]
        people.replace_addresses(store, "webhook", {})
        assert [address.channel for address in people.addresses_of(store, "zhao")] == ["wechaty", "pipe"]


def test_an_invitation_is_good_once_and_not_for_ever(two_people: Database) -> None:
    with two_people.begin() as store:
        people.add_invitation(store, "digest", "zhao", NOW + HOUR)
        assert people.use_invitation(store, "digest", NOW + HOUR) is None
        assert people.use_invitation(store, "another", NOW) is None
        assert people.use_invitation(store, "digest", NOW) == "zhao"
        assert people.use_invitation(store, "digest", NOW) is None


# --- tree and grievances --------------------------------------------------------------------------------------


def test_a_group_is_bound_once_and_moves(community: Database) -> None:
    with community.begin() as store:
        before = tree.version(store)
        tree.bind(store, Group("pipe", "天天向善", "天天向善", "xingfu"))
        tree.bind(store, Group("pipe", "天天向善", "改了名", "xingfu"))
        assert [group.name for group in tree.all_groups(store)] == ["改了名"]
        assert tree.version(store) == before + 2


def test_a_number_is_never_given_twice(community: Database) -> None:
    with community.begin() as store:
        first = grievances.add(store, grievance_values())
        store.connection.execute(text("DELETE FROM grievances"))
        assert grievances.add(store, grievance_values()) > first


@pytest.mark.parametrize("number", [-1, 0, 2, 2**31, 99999999999999999999])
def test_a_number_that_no_grievance_has_is_not_there(community: Database, number: int) -> None:
    with community.begin() as store:
        assert grievances.add(store, grievance_values()) == 1
        assert grievances.by_number(store, number) is None


def test_the_log_is_in_order_and_photos_are_counted(community: Database) -> None:
    with community.begin() as store:
        number = grievances.add(store, grievance_values())
        grievances.log(store, number, NOW, "zhao", "draft")
        grievances.log(store, number, NOW, None, "remind", "24小时没人接")
        assert [(event.step, event.actor_id) for event in grievances.events(store, number)] == [
            ("draft", "zhao"),
            ("remind", None),
        ]
        grievances.add_photos(store, None, ["early", "old"], "zhao", NOW)
        grievances.add_photos(store, number, ["now"], "zhao", NOW)
        assert grievances.take_loose_photos(store, number, "zhao", NOW) == 2
        assert grievances.take_loose_photos(store, number, "zhao", NOW) == 0
        assert grievances.photos_of(store, number) == ["early", "old", "now"]
        assert photo_count(store, number) == 3


def photo_count(store: Store, number: int) -> int:
    found = grievances.by_number(store, number)
    assert found is not None
    return found.photos


def test_the_longest_due_is_chased_first(community: Database) -> None:
    with community.begin() as store:
        late = grievances.add(store, grievance_values(chase_at=NOW + HOUR))
        early = grievances.add(store, grievance_values(chase_at=NOW))
        grievances.add(store, grievance_values(chase_at=None))
        assert [each.number for each in grievances.to_chase(store, NOW + HOUR)] == [early, late]
        assert [each.number for each in grievances.to_chase(store, NOW)] == [early]
        assert grievances.next_chase(store) == NOW
        grievances.change(store, early, chase_at=None, state=GrievanceState.ACCEPTED)
        assert grievances.next_chase(store) == NOW + HOUR


def test_an_outbox_row_cannot_lose_its_recipient(database: Database) -> None:
    put(database, DRAFT)
    with pytest.raises(IntegrityError), database.begin() as store:
        store.connection.execute(update(outbox_table).values(to_external_id=None))
