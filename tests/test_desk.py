"""The desk: shared commits, a failing message that costs nobody else anything, repeats, a database that is away."""

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from typing import Any

import pytest
from sqlalchemy import func, select

from bot import jobs
from bot.desk import LARGEST_BATCH, TRIES, Desk
from bot.failures import last_line
from bot.worker import DeskWorker
from community import Community
from community.rules import Rules
from handlers.messages import Incoming, Message, Replies
from handlers.routing import Job, Route, router
from storage.database import Database, DatabaseUnavailable, Store
from storage.tables import grievance_events, grievances, inbox, outbox, phone_list
from tests.dialogue import without_rota, without_series
from tests.keys import KEYS

NOW = datetime(2026, 12, 1, 1, tzinfo=UTC)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
CHANNELS = {"pipe": "pipe"}
JOBS = [job for job in jobs.JOBS if job.name != "privacy.retention"]  # due from the very beginning, once a night
POISON = "毒"
SECRET = "住在8号楼的老李"


def report(number: int, words: str = "灯不亮", **values: Any) -> Incoming:
    """A resident's private report; every resident has their own number."""
    incoming = Incoming(
        channel="pipe",
        account="pipe",
        external_id=f"m{number}",
        group=None,
        sender=f"new-{number}",
        sender_name=f"居民{number}",
        text=f"反映 3号楼{words},第{number}件",
        sent_at=NOW,
        received_at=NOW,
    )
    return replace(incoming, **values)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database(request: pytest.FixtureRequest) -> Database:
    """The demo community on both engines, where nobody is on duty and nothing is held."""
    found: Database = request.getfixturevalue(f"{request.param}_database")
    without_rota(found)
    without_series(found)
    return found


@pytest.fixture
def desk(database: Database) -> Desk:
    return desk_at(database)


def desk_at(database: Database, jobs: Sequence[Job] = JOBS, rules: Rules | None = None) -> Desk:
    return Desk(database, rules or Rules(), CHANNELS, jobs)


Poison = Callable[[int], list[str]]


@pytest.fixture
def poison(monkeypatch: pytest.MonkeyPatch) -> Poison:
    """Makes reports with 毒 in them fail so many times, after their first rows are written. Gives the tries."""
    route = router.commands["grievances.report"]

    def poisoned(times: int) -> list[str]:
        tried: list[str] = []

        def handler(message: Message, community: Community, **slots: Any) -> Replies:
            replies = route.handler(message, community, **slots)
            assert not isinstance(replies, Mapping)
            if POISON in message.words:
                tried.append(message.incoming.external_id)
                if len(tried) <= times:
                    raise LookupError(message.words)
            return replies  # type: ignore[return-value]

        monkeypatch.setitem(router.commands, route.command, Route(route.command, handler, route.allowed, False))
        return tried

    return poisoned


def count(database: Database, table: Any) -> int:
    with database.begin() as store:
        return store.connection.execute(select(func.count()).select_from(table)).scalar_one()


def kept(database: Database) -> dict[str, Any]:
    """The inbox, by the channel's id."""
    with database.begin() as store:
        return {row.external_id: row for row in store.connection.execute(select(inbox))}


def reported(database: Database) -> list[str]:
    """The words of all grievances, in the order of their numbers."""
    with database.begin() as store:
        return list(store.connection.execute(select(grievances.c.words).order_by(grievances.c.number)).scalars())


def told(database: Database, to: str) -> list[str]:
    """What somebody is told."""
    with database.begin() as store:
        rows = select(outbox.c.text).where(outbox.c.to_external_id == to).order_by(outbox.c.id)
        return list(store.connection.execute(rows).scalars())


def effects(database: Database) -> tuple[int, ...]:
    """How many rows of each kind there are."""
    return tuple(count(database, table) for table in (inbox, grievances, grievance_events, outbox, phone_list))


def run_all_that_falls_due(desk: Desk, until: datetime) -> int:
    """Runs jobs and retries, each at its time. Gives how many times something was due."""
    times = 0
    while (due := desk.next_due()) is not None and due <= until:
        desk.run_jobs(due)
        times += 1
        assert times < 100, f"{due} stays due"
    return times


# --- a message that fails -------------------------------------------------------------------------------------


def test_a_failing_message_costs_its_batch_nothing(desk: Desk, poison: Poison) -> None:
    tried = poison(1000)
    desk.handle([report(1), report(2, POISON), report(3), report(4)])
    assert [words[-3:] for words in reported(desk.database)] == ["第1件", "第3件", "第4件"]
    found = kept(desk.database)
    assert [identity for identity, row in found.items() if row.handled_at is None] == ["m2"]
    assert (found["m2"].attempts, found["m2"].try_at > NOW, found["m2"].parked_at) == (1, True, None)
    assert told(desk.database, "new-2") == []
    assert [len(told(desk.database, f"new-{number}")) for number in (1, 3, 4)] == [1, 1, 1]
    assert set(tried) == {"m2"}


def test_after_three_tries_people_take_over(desk: Desk, poison: Poison) -> None:
    tried = poison(1000)
    desk.handle([report(1, POISON)])
    assert tried == ["m1"]
    assert run_all_that_falls_due(desk, NOW + 10 * HOUR) == TRIES - 1
    assert tried == ["m1"] * TRIES
    row = kept(desk.database)["m1"]
    assert (row.attempts, row.handled_at, row.try_at) == (TRIES, None, None)
    assert row.parked_at is not None
    assert reported(desk.database) == []
    assert told(desk.database, "new-1") == ["对不起,这条我没办好。已经记下,会有人来看。"]
    assert any("居民1" in words for words in told(desk.database, "worker"))
    assert count(desk.database, phone_list) == 1


def test_the_waits_between_tries_grow(desk: Desk, poison: Poison) -> None:
    poison(1000)
    desk.handle([report(1, POISON)])
    first = desk.next_due()
    assert first is not None
    desk.run_jobs(first)
    second = desk.next_due()
    assert second is not None
    assert second - first > first - NOW > timedelta(0)


def test_a_message_that_fails_once_has_its_effect_once(desk: Desk, poison: Poison) -> None:
    poison(1)
    desk.handle([report(1, POISON)])
    assert run_all_that_falls_due(desk, NOW + HOUR) == 1
    assert len(reported(desk.database)) == 1
    assert len(told(desk.database, "new-1")) == 1
    assert kept(desk.database)["m1"].handled_at is not None


def test_the_note_of_a_failure_has_none_of_the_persons_words(desk: Desk, poison: Poison) -> None:
    poison(1000)
    desk.handle([report(1, POISON + SECRET)])
    run_all_that_falls_due(desk, NOW + HOUR)
    error = kept(desk.database)["m1"].error
    assert error.startswith("LookupError test_desk.py:")
    assert SECRET not in error


UNKEEPABLE: Mapping[str, Mapping[str, str]] = {
    "null byte in the text": {"text": "反映 3号楼\x00灯不亮"},
    "broken surrogate in the text": {"text": "反映 3号楼\ud800灯不亮"},
    "long text": {"text": "反映 " + "长" * 100_000},
    "null byte in the name": {"sender_name": "居\x00民"},
    "broken surrogate in the name": {"sender_name": "居\ud800民"},
    "long name": {"sender_name": "居" * 1000},
    "null byte in the sender": {"sender": "new\x00"},
    "long sender": {"sender": "new" * 1000},
    "sender as long as the pipe allows": {"sender": "n" * 160},
    "null byte in the id": {"external_id": "m2\x00"},
    "long id": {"external_id": "m2" * 1000},
    "long group": {"group": "群" * 1000, "group_name": "群\x00" * 1000},
}


@pytest.mark.parametrize("values", UNKEEPABLE.values(), ids=UNKEEPABLE)
def test_what_a_database_cannot_hold_costs_nobody_else_anything(desk: Desk, values: Mapping[str, str]) -> None:
    """PostgreSQL refuses null bytes and long names, both refuse broken surrogates."""
    desk.handle([report(1), report(2, **values), report(3)])
    run_all_that_falls_due(desk, NOW + HOUR)
    assert {"第1件", "第3件"} <= {words[-3:] for words in reported(desk.database)}
    desk.handle([report(4)])
    assert "第4件" in {words[-3:] for words in reported(desk.database)}


def test_a_failed_message_of_a_channel_that_runs_no_more_is_parked(database: Database, poison: Poison) -> None:
    poison(1000)
    before = Desk(database, Rules(), {"wechaty": "wechaty", "pipe": "pipe"})
    before.handle([report(1, POISON, channel="wechaty", account="wechaty"), report(2, POISON)])
    run_all_that_falls_due(desk_at(database), NOW + HOUR)
    assert all(row.parked_at is not None for row in kept(database).values())


# --- what staff see of it -----------------------------------------------------------------------------------------


def from_worker(words: str, identity: str) -> Incoming:
    """A worker says something to the bot."""
    return report(0, external_id=identity, sender="worker", sender_name="杨", text=words)


def parked_id(database: Database) -> int:
    with database.begin() as store:
        found = store.connection.execute(select(inbox.c.id).where(inbox.c.parked_at.is_not(None)))
        return int(found.scalar_one())


def test_staff_see_what_is_parked_and_why_but_not_what_was_said(desk: Desk, poison: Poison) -> None:
    poison(1000)
    desk.handle([report(1, POISON + SECRET)])
    run_all_that_falls_due(desk, NOW + HOUR)
    desk.handle([from_worker("出错的消息", "w1")])
    (listed,) = (words for words in told(desk.database, "worker") if "LookupError" in words)
    assert f"{parked_id(desk.database)} " in listed
    assert "test_desk.py:" in listed
    assert "居民1" in listed
    assert POISON not in listed
    assert SECRET not in listed


@pytest.mark.parametrize("words", ["出错的消息", "重试 1", "重试 0", "重试 99999999999999999999"])
def test_residents_neither_see_nor_retry(desk: Desk, poison: Poison, words: str) -> None:
    poison(1000)
    desk.handle([report(1, POISON)])
    run_all_that_falls_due(desk, NOW + HOUR)
    desk.handle([report(2, text=words)])
    assert told(desk.database, "new-2") == ["这个要工作人员来办。您有事直接跟我说就行。"]
    assert kept(desk.database)["m1"].parked_at is not None


@pytest.mark.parametrize("words", ["重试 99999", "重试 0", "重试 99999999999999999999"])
def test_there_is_nothing_to_retry(desk: Desk, words: str) -> None:
    desk.handle([report(1), from_worker(words, "w1")])
    assert any("没有" in said and "出错的消息" in said for said in told(desk.database, "worker"))
    run_all_that_falls_due(desk, NOW + SECOND)
    assert len(reported(desk.database)) == 1


def test_once_more_with_success_answers_the_person_and_tells_staff(desk: Desk, poison: Poison) -> None:
    tried = poison(TRIES)
    desk.handle([report(1, POISON)])
    run_all_that_falls_due(desk, NOW + HOUR)
    number = parked_id(desk.database)
    desk.handle([from_worker(f"重试 {number}", "w1")])
    run_all_that_falls_due(desk, NOW + HOUR)
    assert len(tried) == TRIES + 1
    assert len(reported(desk.database)) == 1
    assert len(told(desk.database, "new-1")) == 2
    assert f"{number}号(居民1的消息)这次办好了,已经回复本人。" in told(desk.database, "worker")
    row = kept(desk.database)["m1"]
    assert (row.parked_at, row.handled_at is not None) == (None, True)


def test_once_more_without_success_is_parked_again_and_staff_hear_of_it(desk: Desk, poison: Poison) -> None:
    tried = poison(1000)
    desk.handle([report(1, POISON)])
    run_all_that_falls_due(desk, NOW + HOUR)
    number = parked_id(desk.database)
    for again in range(2):
        desk.handle([from_worker(f"重试 {number}", f"w{again}")])
        run_all_that_falls_due(desk, NOW + HOUR)
    assert len(tried) == TRIES + 2
    assert parked_id(desk.database) == number
    assert told(desk.database, "new-1") == ["对不起,这条我没办好。已经记下,会有人来看。"]
    assert told(desk.database, "worker").count(f"{number}号(居民1的消息)还是没办成。回“出错的消息”看原因。") == 2


def test_one_that_fails_keeps_nobody_else_waiting(desk: Desk, poison: Poison) -> None:
    """The others are handled in the same go, each once more at most."""
    poison(1000)
    batch = [report(number, POISON) if number == 30 else report(number) for number in range(LARGEST_BATCH)]
    desk.handle(batch)
    assert len(reported(desk.database)) == LARGEST_BATCH - 1
    assert {row.attempts for row in kept(desk.database).values()} == {1}


# --- what an error may say ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    ["3号楼2单元501漏水", "电话13800000000", "我是老李,身份证11010519491231002X", "abc 501 abc", "短", "", "a\nb"],
)
def test_an_error_never_says_what_a_person_said(said: str) -> None:
    incoming = report(1, text=said, sender_name="王小明", group_name="天天向善")
    error = ValueError(f"cannot read {said!r} of 王小明 in {said[1:]}: 13900000000\nDETAIL: {said}")
    line = last_line(error, incoming)
    assert line.startswith("ValueError ?")
    assert "\n" not in line
    assert "王小明" not in line
    assert "13900000000" not in line
    pieces = [said[at : at + 2] for at in range(len(said) - 1)]
    assert not [piece for piece in pieces if not piece.isascii() and piece in line]
    assert not [number for number in re.findall(r"\d{3,}", said) if number in line]


def test_an_error_of_ours_says_what_it_says() -> None:
    assert last_line(KeyError("place"), report(1)) == "KeyError ?: 'place'"
    assert last_line(KeyError(), report(1)) == "KeyError ?"


# --- repeats --------------------------------------------------------------------------------------------------


def test_a_repeat_has_one_effect(desk: Desk) -> None:
    desk.handle([report(1), report(2)])
    once = effects(desk.database)
    desk.handle([report(2), report(1)])
    desk.handle([report(1, "别的话")])
    assert effects(desk.database) == once


def test_two_equal_ids_in_one_batch_have_one_effect(desk: Desk) -> None:
    desk.handle([report(1), report(2), report(1), report(1, "别的话")])
    assert len(reported(desk.database)) == 2
    assert sorted(kept(desk.database)) == ["m1", "m2"]


def test_the_same_id_of_another_account_is_another_message(desk: Desk) -> None:
    desk.handle([report(1), report(1, account="second")])
    assert len(reported(desk.database)) == 2


def test_a_repeat_of_a_failed_message_is_not_another_try(desk: Desk, poison: Poison) -> None:
    tried = poison(1000)
    desk.handle([report(1, POISON), report(1, POISON)])
    desk.handle([report(1, POISON), report(2)])
    assert (len(tried), kept(desk.database)["m1"].attempts) == (len(tried), 1)
    run_all_that_falls_due(desk, NOW + HOUR)
    parked = effects(desk.database)
    desk.handle([report(1, POISON)])
    assert effects(desk.database) == parked
    assert len(reported(desk.database)) == 1


# --- jobs -----------------------------------------------------------------------------------------------------


def test_what_is_due_is_done_once_however_late(desk: Desk) -> None:
    desk.handle([report(1)])
    before = len(told(desk.database, "gridhead-1"))
    desk.run_jobs(NOW + 23 * HOUR - SECOND)  # still night, or a second before its end
    assert len(told(desk.database, "gridhead-1")) == before
    desk.run_jobs(NOW + 24 * HOUR - SECOND)
    desk.run_jobs(NOW + 24 * HOUR - SECOND)
    assert len(told(desk.database, "gridhead-1")) == before + 1


def test_a_job_runs_only_when_it_is_due(database: Database) -> None:
    ran: list[datetime] = []
    dues = {"due": NOW + HOUR}

    def run(_community: Community, now: datetime) -> Replies:
        ran.append(now)
        del dues["due"]
        return []

    desk = desk_at(database, [Job("test.once", lambda _community: dues.get("due"), run)])
    assert desk.next_due() == NOW + HOUR
    for moment in (NOW, NOW + 2 * HOUR, NOW + 3 * HOUR):
        desk.run_jobs(moment)
    assert ran == [NOW + 2 * HOUR]
    assert desk.next_due() is None


def test_a_job_that_fails_keeps_neither_other_jobs_nor_retries_from_their_work(
    database: Database, poison: Poison
) -> None:
    ran: list[datetime] = []

    def fail(_community: Community, _now: datetime) -> Replies:
        raise LookupError

    def run(_community: Community, now: datetime) -> Replies:
        ran.append(now)
        return []

    poison(1)
    desk = desk_at(database, [Job("test.fails", lambda _: NOW, fail), Job("test.works", lambda _: NOW, run)])
    desk.handle([report(1, POISON)])
    desk.run_jobs(NOW + HOUR)
    assert ran == [NOW + HOUR]
    assert len(reported(database)) == 1


# --- a database that is away ----------------------------------------------------------------------------------


class Moment(Enum):
    """When a transaction loses its database."""

    BEFORE = auto()
    AT_ITS_END = auto()
    AFTER_THE_COMMIT = auto()


class Flaky(Database):
    """A database that can be made to fail, and that counts its transactions."""

    failures: int = 0
    moment: Moment = Moment.BEFORE
    transactions: int = 0

    @contextmanager
    def begin(self) -> Iterator[Store]:
        failing = self.failures > 0
        self.failures -= failing
        if failing and self.moment is Moment.BEFORE:
            raise DatabaseUnavailable("test")
        with super().begin() as store:
            yield store
            if failing and self.moment is Moment.AT_ITS_END:
                raise DatabaseUnavailable("test")
        self.transactions += 1
        if failing:
            raise DatabaseUnavailable("test")


@pytest.fixture
def flaky(sqlite_database: Database) -> Iterator[Flaky]:
    with closing(Flaky(sqlite_database.url.render_as_string(), KEYS)) as database:
        yield database


@contextmanager
def watched(worker: DeskWorker) -> Iterator[DeskWorker]:
    """Whatever happens in the test, the worker's thread ends."""
    try:
        yield worker
    finally:
        worker._stopping = True
        worker._arrived.put(None)


@pytest.mark.parametrize("moment", Moment)
def test_a_batch_waits_for_the_database_and_has_its_effect_once(flaky: Flaky, moment: Moment) -> None:
    desk = desk_at(flaky)
    flaky.failures, flaky.moment = 1, moment
    with pytest.raises(DatabaseUnavailable):
        desk.handle([report(1), report(2)])
    desk.handle([report(1), report(2)])
    assert effects(flaky)[:2] == (2, 2)
    assert {row.attempts for row in kept(flaky).values()} == {1}


@pytest.mark.parametrize("moment", Moment)
async def test_the_worker_goes_on_when_the_database_is_back(flaky: Flaky, moment: Moment) -> None:
    woken = asyncio.Event()
    worker = DeskWorker(desk_at(flaky), after_commit=woken.set, retry_after=0)
    flaky.failures, flaky.moment = 5, moment
    with watched(worker):
        waiting = [asyncio.ensure_future(worker.submit(report(number))) for number in range(10)]
        worker.start()
        await asyncio.gather(*waiting)
        await woken.wait()
        await worker.stop()
    assert flaky.failures == 0
    assert effects(flaky)[:2] == (10, 10)


async def test_a_worker_that_stops_while_the_database_is_away_says_so(flaky: Flaky) -> None:
    worker = DeskWorker(desk_at(flaky), after_commit=lambda: None, retry_after=3600)
    flaky.failures = 1000
    with watched(worker):
        waiting = asyncio.ensure_future(worker.submit(report(1)))
        worker.start()
        await asyncio.sleep(0)
        await worker.stop()
        with pytest.raises(DatabaseUnavailable):
            await waiting
    flaky.failures = 0
    assert effects(flaky)[:2] == (0, 0)


# --- the worker -----------------------------------------------------------------------------------------------


async def test_messages_that_wait_share_a_commit_in_their_order(flaky: Flaky) -> None:
    worker = DeskWorker(desk_at(flaky, rules=Rules(answered_a_minute=1_000)), after_commit=lambda: None)
    numbers = range(LARGEST_BATCH * 3 + 1)
    with watched(worker):
        waiting = [asyncio.ensure_future(worker.submit(report(n, sender="new", sender_name="新"))) for n in numbers]
        await asyncio.sleep(0)
        worker.start()
        await asyncio.gather(*waiting)
        await worker.stop()
    assert flaky.transactions == 4
    assert [words.rpartition("第")[2] for words in reported(flaky)] == [f"{number}件" for number in numbers]
    answers = told(flaky, "new")
    assert [int(answer[:4]) for answer in answers] == sorted(int(answer[:4]) for answer in answers)
    assert len(answers) == len(numbers)


async def test_a_function_sees_what_was_said_before_it_and_nothing_after(flaky: Flaky) -> None:
    def seen(store: Store, _community: Community) -> int:
        return store.connection.execute(select(func.count()).select_from(grievances)).scalar_one()

    worker = DeskWorker(desk_at(flaky), after_commit=lambda: None)
    with watched(worker):
        first = asyncio.ensure_future(worker.submit(report(1)))
        asking = asyncio.ensure_future(worker.call(seen))
        second = asyncio.ensure_future(worker.submit(report(2)))
        await asyncio.sleep(0)
        worker.start()
        _, found, _ = await asyncio.gather(first, asking, second)
        await worker.stop()
    assert found == 1
    assert len(reported(flaky)) == 2


async def test_a_function_that_fails_fails_for_its_caller_only(flaky: Flaky) -> None:
    def fail(_store: Store, _community: Community) -> None:
        raise LookupError

    worker = DeskWorker(desk_at(flaky), after_commit=lambda: None)
    worker.start()
    with watched(worker):
        with pytest.raises(LookupError):
            await worker.call(fail)
        await worker.submit(report(1))
        await worker.stop()
    assert len(reported(flaky)) == 1


async def test_a_caller_that_gave_up_stops_nothing(flaky: Flaky) -> None:
    worker = DeskWorker(desk_at(flaky), after_commit=lambda: None)
    with watched(worker):
        given_up = asyncio.ensure_future(worker.submit(report(1)))
        waiting = asyncio.ensure_future(worker.submit(report(2)))
        await asyncio.sleep(0)
        given_up.cancel()
        worker.start()
        await waiting
        await worker.stop()
    assert len(reported(flaky)) == 2


async def test_stopping_finishes_what_has_arrived(flaky: Flaky) -> None:
    worker = DeskWorker(desk_at(flaky), after_commit=lambda: None)
    with watched(worker):
        waiting = [asyncio.ensure_future(worker.submit(report(number))) for number in range(100)]
        await asyncio.sleep(0)
        worker.start()
        await worker.stop()
        await asyncio.gather(*waiting)
    assert len(reported(flaky)) == 100
