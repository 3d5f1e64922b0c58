"""No statement that a message or a job runs reads a whole table that grows."""

import importlib
import pkgutil
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import BindParameter, Boolean, Date, Delete, Enum, Executable, Integer, Select, Update, literal, select
from sqlalchemy.sql import visitors
from sqlalchemy.types import NullType

import storage
from bench.grievances import fill
from storage.database import Database
from storage.tables import Moment

GROWS = frozenset({"grievances", "grievance_events", "grievance_people", "outbox", "inbox"})
GROWS |= {"sends", "questions", "photos", "phone_list", "people", "addresses"}
GROWS |= {"receptions", "bookings", "booking_events", "calendar_feeds"}
GROWS |= {"hours", "certificates"}
GROWS |= {"volunteers", "events", "sign_ups", "sign_up_events"}
GROWS |= {"tasks", "task_claims", "task_pushes", "task_events"}
GROWS |= {"wishes", "pledges", "wish_events"}
GROWS |= {"quizzes", "quiz_questions", "quiz_answers", "quiz_prizes", "quiz_reminders"}
NOT_FOR_MESSAGES = frozenset({"storage.community_import", "storage.community_import_events"})
NOT_FOR_MESSAGES |= {"storage.schema", "storage.tables", "storage.database"}
NOT_FOR_MESSAGES |= {"storage.leases", "storage.locks", "storage.wake"}
"""Modules whose statements run when a file is imported or the program starts, or read tables of a few rows."""

MAY_SCAN: Mapping[str, str] = {
    "storage.grievance_figures._EARLIEST": "goes by the key and stops at the first row",
    "storage.grievances._SEARCH": "a word may be anywhere; asked for by staff, and rarely",
    "storage.hours._FIRST_AT": "goes by the key and stops at the first row",
    "storage.people._FROM_FILE": "the chat room's page, of people in the community file, at most so many",
    "storage.people._FORGET_ADDRESSES": "only where a member list of a whole channel is read",
    "storage.market_figures._EVENTS": "never run as it is: what is made of it names a place, a leader or an event",
    "storage.phone_list._OPEN": "the list itself: only what is still to be phoned",
    "storage.privacy._OTHERS_PHOTO": "only where somebody is forgotten",
    "storage.recalls._SENT": "goes by the key, backwards, and stops after so many rows",
    "storage.retention._LOOSE_PHOTOS": "goes by the index of photos without a case; at night",
    "storage.quizzes._NOT_YET_ASKED": "goes by the index of quizzes that are not over; when a bank is imported",
    "storage.quizzes._TO_FETCH": "goes by the index of what is still to be fetched",
    "storage.quizzes._WORDS_IN_USE": "goes by the index of quizzes that are not over",
    "storage.vitals._FAILING": "goes by the index of what waits, once a minute",
    "storage.wish_figures._EARLIEST": "goes by the key and stops at the first row",
    "storage.task_figures._EARLIEST": "goes by the key and stops at the first row",
    "storage.tree._ROLES": "the tree, read whole when it has changed",
}
"""Statements that may, and why."""

SAMPLES: tuple[tuple[type, Any], ...] = (
    (Moment, datetime(2026, 12, 1, tzinfo=UTC)),
    (Date, date(2026, 12, 1)),
    (Boolean, True),
    (Integer, 1),
)
ROWS = 3_000
MANY = f"WITH RECURSIVE many(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM many WHERE n < {ROWS}) "
MOMENT = "'2026-11-' || printf('%02d', n % 28 + 1) || ' 08:00:00.000000'"
FILLINGS = (
    "INSERT INTO addresses (channel, external_id, person_id)"
    " SELECT 'pipe', id, id FROM people WHERE id LIKE 'stored-%'",
    "UPDATE grievances SET merged_into = number - 1 WHERE number % 20 = 0",
    MANY + "INSERT INTO grievance_people (grievance_number, person_id, part, added_at)"
    f" SELECT n, 'stored-' || (n % 150), 'joined', {MOMENT} FROM many",
    MANY + "INSERT INTO outbox (channel, account, to_external_id, person_id, mentions, text, photos, urgency, attempts,"
    f" created_at, due_at, sent_at) SELECT 'pipe', 'pipe', 'x', 'x', '[]', '', '[]', 2, 0, {MOMENT}, {MOMENT},"
    f" CASE WHEN n % 50 THEN {MOMENT} END FROM many",
    MANY
    + "INSERT INTO inbox (channel, account, external_id, kind, group_name, sender, sender_name, text, mentions_bot,"
    " photos, sent_at, received_at, handled_at, attempts) SELECT 'pipe', 'pipe', n, 'message', '', 'x', '', '', 0,"
    f" '[]', {MOMENT}, {MOMENT}, {MOMENT}, 1 FROM many",
    MANY + "INSERT INTO questions (person_id, kind, about, prompt_key, prompt_values, asked_at, expires_at, closed_at)"
    f" SELECT 'stored-' || (n % 150), 'k', '{{}}', 'k', '{{}}', {MOMENT}, {MOMENT},"
    f" CASE WHEN n % 20 THEN {MOMENT} END FROM many",
    MANY + "INSERT INTO photos (digest, person_id, received_at, grievance_number)"
    f" SELECT n, 'stored-' || (n % 150), {MOMENT}, CASE WHEN n % 20 THEN n END FROM many",
    MANY + "INSERT INTO phone_list (person_id, reason, added_at, done_at)"
    f" SELECT 'stored-' || (n % 150), 'r', {MOMENT}, CASE WHEN n % 50 THEN {MOMENT} END FROM many",
    MANY + "INSERT INTO stations (id, node_id, name, address, hours)"
    " SELECT 'stored-' || n, 'xingfu', 'x', '', '' FROM many WHERE n <= 20",
    MANY + "INSERT INTO rotas (station_id, kind, person_name, words, places, on_holiday, bring, starts_on, from_file)"
    " SELECT 'stored-' || n, 'lawyer', 'x', 'x', 6, 'move', '', '2026-01-01', 0 FROM many WHERE n <= 20",
    MANY + "INSERT INTO receptions (station_id, rota_id, planned_on, kind, person_id, person_name, begins_at, ends_at,"
    " places, bring, state, sequence, changed_at, next_at, stage)"
    " SELECT 'stored-' || (n % 20 + 1), (SELECT max(id) FROM rotas) - n % 20, date('2020-01-01', n || ' days'),"
    " 'lawyer', 'stored-' || (n % 150), 'x', datetime('2020-01-01', n || ' days') || '.000000',"
    " datetime('2020-01-01', n || ' days', '2 hours') || '.000000', 6, '',"
    f" CASE WHEN n % 50 THEN 'over' ELSE 'planned' END, 0, {MOMENT}, CASE WHEN n % 50 = 0 THEN {MOMENT} END, ''"
    " FROM many",
    MANY + "INSERT INTO bookings (reception_id, resident_id, place, state, starts_at, for_whom, reason, booked_at,"
    " released_at, late, record, sequence, changed_at, next_at, stage)"
    " SELECT (SELECT max(id) FROM receptions) - n / 3, 'stored-' || (n % 150), n % 3 + 1,"
    " CASE WHEN n % 4 THEN 'came' ELSE 'cancelled' END, datetime('2020-01-01', (n / 3) || ' days') || '.000000', '',"
    f" '', {MOMENT}, CASE WHEN n % 4 = 0 THEN {MOMENT} END, 0, '', 0, {MOMENT}, CASE WHEN n % 50 = 0 THEN {MOMENT} END,"
    " '' FROM many",
    MANY + "INSERT INTO booking_events (booking_id, at, step, note)"
    f" SELECT (SELECT max(id) FROM bookings) - n / 2, {MOMENT}, 'book', '' FROM many WHERE n < {ROWS}",
    MANY + "INSERT INTO quiz_bank (node_id, topic, words, options, answer) SELECT 'xingfu', '', n, '[]', 1 FROM many",
    MANY
    + "INSERT INTO quizzes (node_id, topic, channel, group_external_id, prize, winners, state, starts_at, ended_at,"
    " next_at, stage) SELECT 'xingfu', '', 'pipe', 'stored-' || n, 'x', 3, CASE WHEN n % 100 THEN 'over' ELSE 'running'"
    f" END, {MOMENT}, CASE WHEN n % 100 THEN {MOMENT} END, CASE WHEN n % 100 = 0 THEN {MOMENT} END, '' FROM many",
    MANY + "INSERT INTO quiz_questions (quiz_id, position, words, options, answer, asked_at)"
    f" SELECT (SELECT max(id) FROM quizzes) - n + 1, 1, n, '[]', 1, {MOMENT} FROM many",
    MANY + "INSERT INTO quiz_answers (question_id, person_id, choice, at)"
    f" SELECT (SELECT max(id) FROM quiz_questions) - n + 1, 'stored-' || (n % 150), 1, {MOMENT} FROM many",
    "INSERT INTO quiz_prizes (quiz_id, person_id, question_id, prize, won_at, fetched_at)"
    " SELECT quiz_id, person_id, question_id, 'x', at, CASE WHEN question_id % 100 THEN at END"
    " FROM quiz_answers JOIN quiz_questions ON id = question_id",
    "INSERT INTO quiz_reminders (quiz_id, person_id, at) SELECT quiz_id, person_id, won_at FROM quiz_prizes",
    MANY + "INSERT INTO calendar_feeds (token, kind, subject, created_at)"
    f" SELECT 'token-' || n, 'person', 'stored-' || n, {MOMENT} FROM many",
)


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a module of `storage/`."""

    name: str
    statement: Executable

    def sql(self, database: Database) -> str:
        """The text with a sample for every value, as this engine takes it."""
        return str(_filled(_finding(self.statement)).compile(database.engine, compile_kwargs={"literal_binds": True}))


def _finding(statement: Any) -> Select[Any]:
    """The query itself; of a change, the query for the rows that it changes."""
    if isinstance(statement, Select):
        return statement
    found = select(statement.table.c[0])
    return found if statement.whereclause is None else found.where(statement.whereclause)


def _filled(query: Select[Any]) -> Any:
    """With a literal in the place of every value."""
    in_place_of: Any = lambda each, **_: _sample(each)  # noqa: E731  # a protocol that mypy cannot match
    return visitors.replacement_traverse(query, {}, in_place_of)


def _sample(bind: Any) -> Any:
    if not isinstance(bind, BindParameter) or bind.value is not None:
        return None  # a constant of the statement itself
    if isinstance(bind.type, NullType):
        return literal(1, Integer())  # a limit
    if isinstance(bind.type, Enum):
        sample: Any = next(iter(bind.type.enum_class or ("x",)))
    else:
        sample = next((value for kind, value in SAMPLES if isinstance(bind.type, kind)), "x")
    given = [sample, sample] if bind.expanding else sample
    return BindParameter(bind.key, given, bind.type, expanding=bind.expanding)


def statements() -> Iterator[Statement]:
    """Every statement of every module, also those in tuples."""
    for module in pkgutil.iter_modules(storage.__path__, "storage."):
        if module.name in NOT_FOR_MESSAGES or module.ispkg:
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            for order, each in enumerate(value if isinstance(value, tuple) else (value,)):
                if isinstance(each, Select | Update | Delete):
                    yield Statement(f"{module.name}.{name}" + (f"[{order}]" if isinstance(value, tuple) else ""), each)


@pytest.fixture(scope="module")
def _plans_are_many() -> None:
    assert len(list(statements())) > 40, "the statements were not found; the rest proves nothing"


@pytest.mark.usefixtures("_plans_are_many")
def test_sqlite_reads_no_whole_table(sqlite_database: Database) -> None:
    assert sqlite_database.file is not None
    sqlite_database.engine.dispose()
    with closing(sqlite3.connect(sqlite_database.file)) as connection:
        fill(connection, ROWS)
        for filling in FILLINGS:
            connection.execute(filling)
        connection.execute("ANALYZE")
        connection.commit()
        found: dict[str, list[str]] = {}
        for each in statements():
            plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {each.sql(sqlite_database)}")]
            # A smallest value without an index is said to be searched for; every row is read all the same.
            scans = (re.match(r"SCAN (\w+)|SEARCH (\w+)$", line) for line in plan)
            scanned = [scan.string for scan in scans if scan and GROWS & set(scan.groups())]
            if scanned and each.name not in MAY_SCAN:
                found[each.name] = scanned
    assert not found


@pytest.mark.postgresql
@pytest.mark.usefixtures("_plans_are_many")
def test_postgresql_could_always_use_an_index(postgresql_database: Database) -> None:
    """On little data it rightly reads whole tables; forbidden to, it must not need to."""
    found: dict[str, list[str]] = {}
    with postgresql_database.engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        for each in statements():
            sql = each.sql(postgresql_database).replace("%", "%%")
            plan = [row[0] for row in connection.exec_driver_sql(f"EXPLAIN {sql}")]
            scanned = [
                line.strip() for line in plan if (scan := re.search(r"Seq Scan on (\w+)", line)) and scan[1] in GROWS
            ]
            if scanned and each.name not in MAY_SCAN:
                found[each.name] = scanned
    assert not found
