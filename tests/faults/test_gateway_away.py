"""An account's gateway is away: the staff hear of it in time and by another way, and the other accounts go on.

What the channel itself does then is shown with a real gateway in `tests/gateway/test_channel.py`.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

import httpx
import pytest
import respx
from hypothesis import given
from hypothesis import strategies as some
from pydantic import SecretStr

from bot.channels import ChannelStopped, Outgoing, Receive
from bot.channels.webhook import Webhook
from bot.channels.wechaty import Waits
from bot.delivery import Delivery, Ledger
from bot.desk import Desk, InlineDesk
from bot.doors import Door
from bot.photos import Photos
from bot.staff_alarm import StaffAlarm
from bot.watch import AWAY_SECONDS, LOOK_SECONDS, STEADY_SECONDS, Away, Back, Watch
from community import Community
from community.rules import Rules
from community.tree import Tree
from handlers.messages import Incoming
from storage import people
from storage.database import Database, DatabaseUnavailable, Store

NOW = datetime(2026, 12, 1, 18, 30, tzinfo=UTC)  # half past two at night: alarms wait for nobody
ROBOT = "https://robot.example/send?key=geheim"
MOBILES = {"worker": "13800000000"}
Result = TypeVar("Result")


# --- when the staff are told ------------------------------------------------------------------------------------


def test_a_frozen_gateway_is_told_of_within_a_minute() -> None:
    waits = Waits()
    assert waits.heartbeat + waits.call + AWAY_SECONDS + LOOK_SECONDS <= 60


def test_a_short_absence_is_nobodys_business() -> None:
    watch = Watch()
    assert watch.look({"east": False}, 0) == []
    assert watch.look({"east": False}, AWAY_SECONDS - 1) == []
    assert watch.look({"east": True}, AWAY_SECONDS) == []
    assert watch.look({"east": True}, AWAY_SECONDS + STEADY_SECONDS) == []
    assert watch.look({"east": False}, AWAY_SECONDS + STEADY_SECONDS + 1) == []


def test_a_long_absence_is_told_once_and_its_end_once() -> None:
    watch = Watch()
    assert watch.look({"east": False, "west": True}, 100) == []
    assert watch.look({"east": False, "west": True}, 130) == [Away("east", 30)]
    assert watch.look({"east": False, "west": True}, 200) == []
    assert watch.look({"east": True, "west": True}, 705) == []
    assert watch.look({"east": True, "west": True}, 705 + STEADY_SECONDS) == [Back("east", 605)]
    assert watch.look({"east": True, "west": True}, 900) == []


def test_an_account_that_comes_and_goes_is_away() -> None:
    watch, told = Watch(), []
    for second in range(0, 120, 5):
        told += watch.look({"east": second % 10 == 0}, second)
    assert [type(each) for each in told] == [Away]


def test_an_account_that_another_process_runs_is_watched_there() -> None:
    watch = Watch()
    watch.look({"east": False}, 0)
    assert watch.look({}, 20) == []
    assert watch.look({"east": False}, 40) == []


@given(some.lists(some.booleans(), max_size=200))
def test_each_absence_is_told_before_its_end_and_once(ready: list[bool]) -> None:
    watch = Watch()
    told = [each for second, is_ready in enumerate(ready) for each in watch.look({"east": is_ready}, float(second))]
    assert [type(each) for each in told] == [Away, Back] * (len(told) // 2) + [Away] * (len(told) % 2)


# --- how they are told --------------------------------------------------------------------------------------------


class GoneDesk:
    """A desk whose database is away."""

    tree = Tree.grow((), (), ())

    async def submit(self, incoming: Incoming) -> bool:
        raise AssertionError("nothing comes in")

    async def call(self, function: Callable[[Store, Community], Result]) -> Result:
        raise AssertionError("this would wait for the database")

    async def ask(self, function: Callable[[Store, Community], Result]) -> Result:
        raise DatabaseUnavailable("08006")


@pytest.fixture
def robot() -> Iterator[respx.Route]:
    with respx.mock:
        yield respx.post(ROBOT).mock(return_value=httpx.Response(200, json={"errcode": 0}))


@asynccontextmanager
async def alarm_through(desk: InlineDesk | GoneDesk) -> AsyncIterator[StaffAlarm]:
    alarm = StaffAlarm(desk, ZoneInfo("Asia/Shanghai"), lambda: NOW, Webhook(SecretStr(ROBOT)), MOBILES)
    running = asyncio.create_task(alarm.run())
    await asyncio.sleep(0)
    try:
        yield alarm
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def tell(alarm: StaffAlarm) -> None:
    await alarm.tell("staff_alarms.away", without="east", channel="east", minutes=0, seconds=31)


async def test_the_robot_tells_also_while_the_database_is_away(robot: respx.Route) -> None:
    async with alarm_through(GoneDesk()) as alarm:
        await tell(alarm)
    [call] = robot.calls
    text = json.loads(call.request.content)["text"]
    assert text["mentioned_mobile_list"] == ["13800000000"]
    assert "east" in text["content"]
    assert "0分31秒" in text["content"]


async def test_a_robot_that_is_away_too_does_no_harm() -> None:
    with respx.mock:
        respx.post(ROBOT).mock(side_effect=httpx.ReadError("gone"))
        async with alarm_through(GoneDesk()) as alarm:
            await tell(alarm)


async def test_administrators_and_workers_are_told_by_another_account_at_once(
    sqlite_database: Database, robot: respx.Route
) -> None:
    desk = Desk(sqlite_database, Rules(), {"east": "east", "west": "west", "webhook": "webhook"})
    with desk.transaction() as (store, community):
        administrator = next(each.person_id for each in community.tree.roles if each.role == "administrator")
        people.replace_addresses(store, "east", {administrator: "e1"})
        people.replace_addresses(store, "west", {administrator: "w1"})
    async with alarm_through(InlineDesk(desk)) as alarm:
        await tell(alarm)
    with sqlite_database.begin() as store:
        rows = store.connection.exec_driver_sql("SELECT channel, to_external_id, urgency, due_at FROM outbox").all()
    assert [(row[0], row[1], row[2]) for row in rows] == [("west", "w1", 0)]
    assert rows[0][3].startswith("2026-12-01 18:30")


async def test_who_has_no_other_account_is_not_told_by_the_one_that_is_away(
    sqlite_database: Database, robot: respx.Route
) -> None:
    desk = Desk(sqlite_database, Rules(), {"east": "east"})
    with desk.transaction() as (store, community):
        administrator = next(each.person_id for each in community.tree.roles if each.role == "administrator")
        people.replace_addresses(store, "east", {administrator: "e1"})
    async with alarm_through(InlineDesk(desk)) as alarm:
        await tell(alarm)
    with sqlite_database.begin() as store:
        assert store.connection.exec_driver_sql("SELECT count(*) FROM outbox").scalar_one() == 0
    assert robot.call_count == 1


# --- one of several is refused --------------------------------------------------------------------------------------


class Refusing:
    """A channel whose gateway refuses the token so many times."""

    name = "east"

    def __init__(self, times: int) -> None:
        self.times = times
        self.works = asyncio.Event()

    async def run(self, receive: Receive) -> None:
        if self.times > 0:
            self.times -= 1
            raise ChannelStopped("wrong token")
        self.works.set()
        await asyncio.Event().wait()

    async def send(self, outgoing: Outgoing) -> str | None:
        return None


async def hear_nothing(incoming: Incoming) -> bool:
    return False


def delivery_of(channel: Refusing, database: Database, folder: Path) -> Delivery:
    desk = InlineDesk(Desk(database, Rules(), {"east": "east"}))
    return Delivery(channel, Ledger("east", "east", None), desk, Photos(folder), lambda: NOW)


async def test_a_refused_account_rests_and_is_told_of_and_tried_again(
    sqlite_database: Database, tmp_path: Path
) -> None:
    channel, told = Refusing(2), []

    async def refused(name: str) -> None:
        told.append(name)

    door = Door(channel, delivery_of(channel, sqlite_database, tmp_path), hear_nothing, refused, rest=0)
    running = asyncio.create_task(door.run())
    async with asyncio.timeout(10):
        await channel.works.wait()
    assert told == ["east", "east"]
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_the_only_account_that_is_refused_ends_the_program(sqlite_database: Database, tmp_path: Path) -> None:
    channel = Refusing(1)
    door = Door(channel, delivery_of(channel, sqlite_database, tmp_path), hear_nothing)
    with pytest.raises(ChannelStopped):
        await door.run()
