"""Reminders come once: however many processes there are, whenever the program was off, whatever the clock does."""

import os
from collections import Counter
from datetime import datetime, timedelta

import pytest
import time_machine

from bot import jobs
from bot.clock import now
from bot.delivery import Ledger
from bot.desk import Desk
from bot.jobs import JOBS, LEAST_SECONDS, MOST_SECONDS, Ticker, rest_until
from community.rules import CHINA, Rules
from storage.database import Database
from tests.faults.reminding import CHANNEL, book, in_processes, open_reception, open_station

BEGINS = datetime(2026, 12, 5, 9, tzinfo=CHINA)
EVENING = datetime(2026, 12, 4, 18, tzinfo=CHINA)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
CROWD = 1_000 if os.environ.get("XIAOSHAN_LONG") == "1" else 300
LATE = "(这条来晚了)"


def put(database: Database, dues: list[datetime], begins_at: datetime = BEGINS) -> None:
    with database.begin() as store:
        book(store, open_station(store, begins_at, len(dues)), begins_at, dues)


def desk_of(database: Database) -> Desk:
    return Desk(database, Rules(), {CHANNEL: CHANNEL}, [job for job in JOBS if job.name == "bookings.remind"])


def sent(desk: Desk, now: datetime) -> list[tuple[str, str]]:
    """What goes out by now, as recipient and words."""
    ledger = Ledger(CHANNEL, CHANNEL, None)
    found: list[tuple[str, str]] = []
    while True:
        with desk.transaction() as (store, community):
            parcel = ledger.plan(store, community, now, chance=0).parcel
            if parcel is None:
                return found
            ledger.note_sent(parcel, store, now)
            found += [(due.draft.to or "", due.draft.text) for due in parcel.dues]


def steps(database: Database) -> Counter[str]:
    with database.begin() as store:
        rows = store.connection.exec_driver_sql("SELECT step, count(*) FROM booking_events GROUP BY step").all()
    return Counter({row[0]: row[1] for row in rows})


@pytest.mark.postgresql
def test_many_at_once_over_three_processes_each_once(postgresql_database: Database) -> None:
    put(postgresql_database, [EVENING] * CROWD)
    in_processes(3, postgresql_database.engine.url.render_as_string(hide_password=False), EVENING)
    with postgresql_database.begin() as store:
        found = Counter(store.connection.exec_driver_sql("SELECT person_id FROM outbox").scalars())
    assert len(found) == CROWD
    assert set(found.values()) == {1}
    assert steps(postgresql_database) == {"remind": CROWD}


def test_what_fell_due_while_the_program_was_off_comes_once_and_says_so(database: Database) -> None:
    put(database, [EVENING] * 210)
    desk = desk_of(database)
    start = EVENING + 2 * HOUR
    ticks = 0
    while (due := desk.next_due()) is not None and due <= start:
        desk.run_jobs(start)
        ticks += 1
    assert ticks <= 2, "a tick is a tenth of a second: 1,000 take less than one"
    said = sent(desk, start)
    assert len({to for to, _ in said}) == len(said) == 210
    assert all(words.startswith(LATE) and "12月5日(周六)09:00" in words for _, words in said)
    desk.run_jobs(start + MINUTE)
    assert sent(desk, start + MINUTE) == []


def test_what_comes_in_time_says_nothing_of_being_late(sqlite_database: Database) -> None:
    put(sqlite_database, [EVENING])
    desk = desk_of(sqlite_database)
    desk.run_jobs(EVENING + 9 * MINUTE)
    assert [LATE in words for _, words in sent(desk, EVENING + 9 * MINUTE)] == [False]


def test_what_is_pointless_by_then_is_recorded_and_not_sent(database: Database) -> None:
    """The program was off until the reception had begun."""
    put(database, [EVENING] * 3)
    desk = desk_of(database)
    desk.run_jobs(BEGINS + MINUTE)
    assert sent(desk, BEGINS + MINUTE) == []
    assert steps(database) == {"too_late": 3}
    assert desk.next_due() is None


def test_what_could_not_be_sent_in_time_is_recorded_and_not_sent(sqlite_database: Database) -> None:
    """The account was away until the reception had begun."""
    put(sqlite_database, [EVENING] * 3)
    desk = desk_of(sqlite_database)
    desk.run_jobs(EVENING)
    assert sent(desk, BEGINS + MINUTE) == []
    with sqlite_database.begin() as store:
        rows = store.connection.exec_driver_sql("SELECT failed_at IS NOT NULL, error FROM outbox").all()
    assert len(rows) == 3
    assert all(failed and error for failed, error in rows)


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_a_clock_that_jumps_misses_none_and_sends_none_twice(sqlite_database: Database, jump: timedelta) -> None:
    put(sqlite_database, [EVENING + number * MINUTE for number in range(150)])
    desk, said = desk_of(sqlite_database), []
    now, minutes = EVENING, 0
    while now < EVENING + 170 * MINUTE:
        now, minutes = now + (jump if minutes == 80 else MINUTE), minutes + 1
        desk.run_jobs(now)
        said += sent(desk, now)
    assert len({to for to, _ in said}) == len(said) == 150


def test_a_leap_day_is_a_day(sqlite_database: Database) -> None:
    """Reminded on the 29th of February, and of what is on it."""
    first, second = datetime(2028, 2, 29, 9, tzinfo=CHINA), datetime(2028, 3, 1, 9, tzinfo=CHINA)
    desk = Desk(sqlite_database, Rules(), {CHANNEL: CHANNEL}, JOBS)
    with sqlite_database.begin() as store:
        reception = open_station(store, first, 1)
        book(store, reception, first, [first.replace(day=28, hour=18)])
        later = open_reception(store, second)
        book(store, later, second, [datetime(2028, 2, 29, 18, tzinfo=CHINA)])
    said, now = [], datetime(2028, 2, 27, tzinfo=CHINA)
    while now < datetime(2028, 3, 3, tzinfo=CHINA):
        now += 10 * MINUTE
        desk.run_jobs(now)
        said += [(now, words) for to, words in sent(desk, now) if to.startswith("r") and "提醒您" in words]
    moments = [(at.strftime("%m-%d %H:%M"), words) for at, words in said]
    assert [(at, "2月29日(周二)09:00" in words, "3月1日(周三)09:00" in words) for at, words in moments] == [
        ("02-28 18:00", True, False),
        ("02-29 08:00", True, False),
        ("02-29 18:00", False, True),
        ("03-01 08:00", False, True),
    ]


# --- when the ticker looks ----------------------------------------------------------------------------------------


def test_the_ticker_rests_until_something_is_due() -> None:
    assert rest_until(None, EVENING) == MOST_SECONDS
    assert rest_until(EVENING + HOUR, EVENING) == MOST_SECONDS
    assert rest_until(EVENING + timedelta(seconds=0.7), EVENING) == 0.7
    assert rest_until(EVENING - HOUR, EVENING) == LEAST_SECONDS


class Enough(Exception):
    """Ends a ticker."""


async def test_the_ticker_looks_again_when_something_was_stored() -> None:
    looked: list[int] = []

    async def tick() -> datetime | None:
        looked.append(1)
        if len(looked) == 1:
            ticker.note_stored()
        if len(looked) == 2:
            raise Enough
        return EVENING + HOUR

    ticker = Ticker(tick, lambda: EVENING)
    with pytest.raises(Enough):
        await ticker.run()
    assert len(looked) == 2


async def test_a_clock_that_is_set_back_does_not_keep_the_ticker_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "MOST_SECONDS", 0.05)
    looked: list[datetime] = []

    async def tick() -> datetime | None:
        looked.append(now())
        if len(looked) == 1:
            clock.shift(-HOUR)
        if len(looked) == 3:
            raise Enough
        return None

    with time_machine.travel(EVENING, tick=True) as clock, pytest.raises(Enough):
        await Ticker(tick, now).run()
    assert looked[1] < looked[0]
