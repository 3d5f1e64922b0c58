"""The short way to the driver: it must write and read what SQLAlchemy's own way does, and fail as that does."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from storage import grievances, people, prepared, questions
from storage.database import Database
from storage.people import Address, Person
from storage.tables import DeadlineClass, GrievanceState
from storage.tables import grievances as grievance_rows
from storage.tables import questions as question_rows

NOW = datetime(2026, 12, 1, 9, 30, 0, 123456, tzinfo=timezone(timedelta(hours=8)))
SOMEBODY = "resident-3-501"
VALUES = {
    "resident_id": SOMEBODY,
    "community_id": "xingfu",
    "place": "3号楼2单元",
    "words": "电梯坏了 100%",
    "deadline_class": DeadlineClass.ORDINARY,
    "state": GrievanceState.DRAFT,
    "reported_at": NOW,
}
_BY_NUMBER = select(grievance_rows).where(grievance_rows.c.number == bindparam("wanted"))


def test_what_is_written_shortly_is_read_the_long_way(database: Database) -> None:
    with database.begin() as store:
        number = grievances.add(store, VALUES)
        long_way = store.connection.execute(_BY_NUMBER, {"wanted": number}).one()
    assert long_way.words == "电梯坏了 100%"
    assert long_way.state is GrievanceState.DRAFT
    assert long_way.reported_at == NOW
    assert long_way.reported_at.tzinfo is UTC
    assert (long_way.category, long_way.private, long_way.households) == ("other", False, 1)  # the columns' defaults


def test_what_is_written_the_long_way_is_read_shortly(database: Database) -> None:
    with database.begin() as store:
        number = store.connection.execute(
            insert(grievance_rows).returning(grievance_rows.c.number), VALUES
        ).scalar_one()
        (short_way,) = store.fetch(_BY_NUMBER, {"wanted": number})
        assert tuple(short_way) == tuple(store.connection.execute(_BY_NUMBER, {"wanted": number}).one())


def test_a_structure_comes_back_as_it_was(database: Database) -> None:
    about = {"number": 12, "again": None, "place": "3号楼"}
    with database.begin() as store:
        questions.add(
            store,
            person_id=SOMEBODY,
            kind="grievances.place",
            about=about,
            prompt_key="grievances.ask_place",
            prompt_values={},
            now=NOW,
            expires_at=NOW + timedelta(days=1),
        )
        (asked,) = questions.open_for(store, SOMEBODY, NOW)
        questions.close(store, asked.id, NOW)
        assert questions.open_for(store, SOMEBODY, NOW) == []
    assert asked.about == about


def test_how_many_rows_were_written_is_told(database: Database) -> None:
    close = update(question_rows).where(question_rows.c.person_id == bindparam("who")).values(closed_at=bindparam("at"))
    with database.begin() as store:
        assert store.write(close, {"who": "nobody", "at": NOW}) == 0


def test_a_naive_time_is_refused(database: Database) -> None:
    with pytest.raises(ValueError, match="without a zone"), database.begin() as store:
        grievances.add(store, VALUES | {"reported_at": NOW.replace(tzinfo=None)})


def test_a_list_and_a_missing_value_are_refused(database: Database) -> None:
    several = select(grievance_rows.c.number).where(grievance_rows.c.number.in_(bindparam("wanted", expanding=True)))
    with database.begin() as store:
        with pytest.raises(TypeError):
            store.fetch(several, {"wanted": [1, 2]})
        with pytest.raises(TypeError):
            store.fetch(_BY_NUMBER, {})


def test_an_error_of_the_driver_is_sqlalchemy_s_and_shows_no_values(database: Database) -> None:
    secret = "王小明 13812345678"
    with database.engine.connect() as connection:
        with pytest.raises(IntegrityError) as raised:
            prepared.write(connection, people._INSERT_PERSON, {"id": SOMEBODY, "name": secret, "created_at": NOW})
        connection.rollback()
    assert secret not in str(raised.value)


def test_a_savepoint_holds_for_the_short_way_too(database: Database) -> None:
    """What is rolled back to a savepoint is gone, and the transaction goes on."""
    somebody = Person("newcomer", "新来的")
    with database.begin() as store:
        savepoint = store.connection.begin_nested()
        people.add(store, somebody, Address("pipe", "newcomer"), NOW)
        savepoint.rollback()
        assert people.at_address(store, "pipe", "newcomer") is None
        people.add(store, replace(somebody, name="又来了"), Address("pipe", "newcomer"), NOW)
        assert people.at_address(store, "pipe", "newcomer") == replace(somebody, name="又来了")


def test_a_statement_is_made_ready_once_for_an_engine(database: Database) -> None:
    with database.begin() as store:
        dialect = store.connection.dialect
        first = prepared._prepared(dialect, _BY_NUMBER, {"wanted": 1})
        assert prepared._prepared(dialect, _BY_NUMBER, {"wanted": 2}) is first
