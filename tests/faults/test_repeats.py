"""The same message again: replayed by the gateway, after a restart, by two processes, or without an id: one effect."""

import io
import multiprocessing
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from bot.channels import pipe
from bot.desk import Desk, key_of
from community.rules import Rules
from handlers.messages import Incoming
from storage.database import Database
from storage.tables import grievance_events, grievances, inbox, outbox
from tests.dialogue import without_rota
from tests.faults.load import processes
from tests.keys import KEYS
from tests.postgresql import Server

NOW = datetime(2026, 12, 1, 1, tzinfo=UTC)
CHANNELS = {"pipe": "pipe"}
RULES = Rules(answered_a_minute=100_000)
MESSAGES = 120


def report(number: int, **values: Any) -> Incoming:
    incoming = Incoming(
        channel="pipe",
        account="pipe",
        external_id=f"m{number}",
        group=None,
        sender=f"new-{number}",
        sender_name="居民",
        text=f"反映 3号楼灯不亮,第{number}件",
        sent_at=NOW,
        received_at=NOW,
    )
    return replace(incoming, **values)


def effects(database: Database) -> tuple[int, ...]:
    """How many rows of each kind there are."""
    with database.begin() as store:
        return tuple(
            store.connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (inbox, grievances, grievance_events, outbox)
        )


# --- two processes ------------------------------------------------------------------------------------------------


@pytest.mark.postgresql
def test_two_processes_that_get_the_same_messages_at_once(xingfu_server: Server, tmp_path: Path) -> None:
    """As when one takes an account over that the other still has. Each goes through them in an order of its own."""
    url = xingfu_server.fresh_url("xingfu")
    with closing(Database(url, KEYS)) as database:
        without_rota(database)
    gate = processes.Barrier(2)
    both = [processes.Process(target=_handle_all, args=(url, seed, gate), daemon=True) for seed in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join(60)
    assert [process.exitcode for process in both] == [0, 0]
    with closing(Database(url, KEYS)) as database:
        kept, cases, *_ = effects(database)
        with database.begin() as store:
            steps = store.connection.execute(select(grievance_events.c.grievance_number, grievance_events.c.step)).all()
            tries = store.connection.execute(select(inbox.c.attempts, inbox.c.handled_at.is_(None))).all()
    assert (kept, cases) == (MESSAGES, MESSAGES)
    assert len(set(steps)) == len(steps)
    assert {(attempts, waits) for attempts, waits in tries} == {(1, False)}
    xingfu_server.drop(url)


def _handle_all(url: str, seed: int, gate: "multiprocessing.synchronize.Barrier") -> None:
    """A process with a desk, which gets everything in batches, and some of it twice."""
    with closing(Database(url, KEYS)) as database:
        desk = Desk(database, RULES, CHANNELS)
        desk.refresh()
        numbers = [*range(MESSAGES), *range(0, MESSAGES, 5)]
        Random(seed).shuffle(numbers)
        gate.wait(30)
        for at in range(0, len(numbers), 8):
            assert all(desk.handle([report(number) for number in numbers[at : at + 8]]))


def test_a_message_again_after_a_restart(database: Database) -> None:
    without_rota(database)
    Desk(database, RULES, CHANNELS).handle([report(number) for number in range(5)])
    before = effects(database)
    Desk(database, RULES, CHANNELS).handle([report(number) for number in range(4, -1, -1)])
    assert effects(database) == before


# --- a gateway that gives no id -----------------------------------------------------------------------------------

words = st.text(max_size=40)
messages = st.builds(
    report,
    number=st.just(0),
    external_id=st.just(""),
    account=st.sampled_from(["pipe", "second"]),
    group=st.sampled_from([None, "", "天天向善", "g", "gp"]),
    sender=st.sampled_from(["p", "pp", "", "天天向善"]),
    text=words | st.sampled_from(["+1", "好", '","', "反映 3号楼灯不亮"]),
    sent_at=st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),
)


def _what(message: Incoming) -> tuple[object, ...]:
    return message.account, message.group, message.sender, message.text, message.sent_at


@given(messages, messages)
def test_the_key_is_the_same_for_the_same_and_only_for_it(one: Incoming, other: Incoming) -> None:
    assert (key_of(one) == key_of(other)) == (_what(one) == _what(other))


@given(messages, st.integers(1, 10**9))
def test_the_key_does_not_change_with_what_a_replay_changes(message: Incoming, later: int) -> None:
    """When it reached us, how the sender is called by now, and in which time zone the gateway tells the time."""
    arrived = message.received_at + timedelta(microseconds=later)
    at = message.sent_at.astimezone(Rules().zone)
    again = replace(message, received_at=arrived, sender_name="改了名", group_name="改了名", sent_at=at)
    assert key_of(again) == key_of(message)


@given(messages, st.integers(1, 10**9))
def test_equal_words_at_different_times_are_two_messages(message: Incoming, later: int) -> None:
    assert key_of(replace(message, sent_at=message.sent_at + timedelta(milliseconds=later))) != key_of(message)


def test_messages_without_an_id_have_one_effect_each(database: Database) -> None:
    without_rota(database)
    desk = Desk(database, RULES, CHANNELS)
    first, second = report(1, external_id=""), report(1, external_id="", sent_at=NOW + timedelta(seconds=1))
    desk.handle([first, second, first])
    desk.handle([replace(second, received_at=NOW + timedelta(hours=1)), first])
    assert effects(database)[:2] == (2, 2)


async def test_lines_of_the_pipe_that_tell_their_time_and_no_id_are_the_same_when_they_come_again() -> None:
    """Also under another number. Lines without a time are messages of their own, as in a script."""
    line = '{"from": "new", "text": "反映 3号楼灯不亮", "at": "2026-12-01T09:00:00+08:00"}\n'
    untimed = '{"from": "new", "text": "反映 3号楼灯不亮"}\n'
    heard: list[Incoming] = []

    async def receive(incoming: Incoming) -> bool:
        heard.append(incoming)
        return True

    source = io.StringIO("\n".join((line, line, untimed, untimed)))
    await pipe.Pipe(lambda: NOW, RULES.zone, source=source, target=io.StringIO()).run(receive)
    made = [each.external_id or key_of(each) for each in heard]
    assert made[0] == made[1]
    assert len(set(made)) == 3
