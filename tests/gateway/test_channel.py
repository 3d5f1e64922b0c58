"""The WeChat channel against a real gateway: what comes in, what goes out, and every fault that it survives."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from grpclib.client import Channel as Connection
from structlog.testing import capture_logs
from wechaty_grpc.wechaty import PuppetStub

from bot.channels import ChannelStopped, Mention, NotConnected, Outgoing, SendFailed, Throttled, Unreachable
from bot.channels.wechaty import Waits, Wechaty
from bot.delivery import Delivery, Ledger
from bot.desk import Desk, InlineDesk
from bot.doors import Door
from bot.leases import Keeper
from bot.photos import Photos
from community.rules import Rules
from handlers.messages import Incoming
from storage.database import Database
from tests.gateway.gateway import BOT, Gateway, eventually

pytestmark = pytest.mark.gateway

ROOM, OTHER_ROOM = "xingfu@chatroom", "heping@chatroom"
QUICK = Waits(call=1, start=3, photo=2, heartbeat=0.3, patience=0.3, retry=0.1, retry_cap=0.3)
RETURN = 30
"""Seconds in which the channel has to answer again when the gateway is back."""


class Ear:
    """Keeps what a channel hands on."""

    def __init__(self) -> None:
        self.heard: list[Incoming] = []

    async def receive(self, incoming: Incoming) -> bool:
        self.heard.append(incoming)
        return True

    def texts(self) -> list[str]:
        return [incoming.text for incoming in self.heard]


def now() -> datetime:
    return datetime.fromtimestamp(time.time(), UTC)


def channel_to(gateway: Gateway, token: str | None = None, waits: Waits = QUICK) -> Wechaty:
    return Wechaty(gateway.endpoint, token or gateway.token, clock=now, waits=waits)


def settle(gateway: Gateway) -> None:
    gateway.contact("zhang", "张阿姨")
    gateway.contact("li", "老李")
    gateway.room(ROOM, "天天向善", ["zhang", "li"])
    gateway.room(OTHER_ROOM, "和平里", ["zhang", "li"])


@asynccontextmanager
async def running(channel: Wechaty, ear: Ear) -> AsyncIterator[None]:
    task = asyncio.create_task(channel.run(ear.receive))
    try:
        yield
    finally:
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=5)
        assert done, "the channel did not end when it was cancelled"
        with suppress(asyncio.CancelledError):
            task.result()


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
async def channel(gateway: Gateway, ear: Ear) -> AsyncIterator[Wechaty]:
    """A channel that is ready, to a gateway with two people and two groups."""
    settle(gateway)
    channel = channel_to(gateway)
    async with running(channel, ear):
        await eventually(lambda: channel.ready)
        yield channel
    await eventually(lambda: not gateway.listening())


async def hears_again(gateway: Gateway, channel: Wechaty, ear: Ear) -> None:
    await eventually(lambda: channel.ready, RETURN)
    await eventually(gateway.listening, RETURN)
    gateway.say("zhang", "回来了吗", room=ROOM)
    await eventually(lambda: "回来了吗" in ear.texts(), RETURN)
    await channel.send(Outgoing("wechaty", ROOM, None, "回来了"))
    assert gateway.sent()[-1].text == "回来了"


# ── what comes in ──


async def test_a_group_message_with_a_mention(gateway: Gateway, channel: Wechaty, ear: Ear) -> None:
    before = now()
    message = gateway.say("zhang", "@小善\u2005反映 3号楼电梯坏了", room=ROOM, mentions=[BOT])
    [incoming] = await eventually(lambda: ear.heard)
    assert (incoming.channel, incoming.account, incoming.external_id) == ("wechaty", "wechaty", message)
    assert (incoming.group, incoming.group_name) == (ROOM, "天天向善")
    assert (incoming.sender, incoming.sender_name) == ("zhang", "张阿姨")
    assert incoming.text == "@小善\u2005反映 3号楼电梯坏了"
    assert incoming.mentions_bot
    assert incoming.fetch_photo is None
    assert before - timedelta(seconds=1) <= incoming.sent_at <= incoming.received_at + timedelta(seconds=1)
    assert before <= incoming.received_at <= now()


@pytest.mark.parametrize(
    ("text", "mentions", "for_bot"),
    [
        ("今天天气不错", [], False),
        ("@老李\u2005来一下", ["li"], False),
        ("@小善 帮助", [], True),
        ("@小善良 你好", [], False),
        ("@老李\u2005@小善\u2005来一下", ["li", BOT], True),
    ],
)
async def test_who_is_mentioned(
    gateway: Gateway, channel: Wechaty, ear: Ear, text: str, mentions: list[str], for_bot: bool
) -> None:
    gateway.say("zhang", text, room=ROOM, mentions=mentions)
    [incoming] = await eventually(lambda: ear.heard)
    assert (incoming.text, incoming.mentions_bot) == (text, for_bot)


async def test_a_private_message(gateway: Gateway, channel: Wechaty, ear: Ear) -> None:
    gateway.say("li", "我的预约")
    [incoming] = await eventually(lambda: ear.heard)
    assert (incoming.group, incoming.group_name) == (None, "")
    assert (incoming.sender, incoming.sender_name, incoming.text) == ("li", "老李", "我的预约")


async def test_a_photo_comes_byte_for_byte(gateway: Gateway, channel: Wechaty, ear: Ear) -> None:
    picture = os.urandom(300_000)
    gateway.send_photo("zhang", picture, room=ROOM)
    [incoming] = await eventually(lambda: ear.heard)
    assert (incoming.text, incoming.group) == ("", ROOM)
    assert incoming.fetch_photo is not None
    assert await incoming.fetch_photo() == picture


async def test_a_photo_that_the_gateway_cannot_bring(gateway: Gateway, channel: Wechaty, ear: Ear) -> None:
    gateway.say("zhang", "", room=ROOM, type=6)
    [incoming] = await eventually(lambda: ear.heard)
    assert incoming.fetch_photo is not None
    with pytest.raises(OSError):
        await incoming.fetch_photo()


async def test_what_nobody_can_read_is_passed_over(gateway: Gateway, channel: Wechaty, ear: Ear) -> None:
    await channel.send(Outgoing("wechaty", ROOM, None, "小善自己的话"))
    gateway.say("zhang", "", room=ROOM, type=5)
    gateway.say("zhang", "#接龙\n春游\n\n1. 张阿姨", room=ROOM, type=10)
    await eventually(lambda: ear.heard)
    assert ear.texts() == ["#接龙\n春游\n\n1. 张阿姨"]


async def test_times_in_seconds_are_understood(gateway: Gateway, channel: Wechaty, ear: Ear) -> None:
    gateway.say("zhang", "毫秒", room=ROOM, timestamp=1_780_000_000_000)
    gateway.say("zhang", "秒", room=ROOM, timestamp=1_780_000_000)
    await eventually(lambda: len(ear.heard) == 2)
    assert {incoming.sent_at for incoming in ear.heard} == {datetime.fromtimestamp(1_780_000_000, UTC)}


async def test_one_group_is_heard_in_order(gateway: Gateway, channel: Wechaty, ear: Ear) -> None:
    said = [str(number) for number in range(40)]
    for text in said:
        gateway.say("zhang", text, room=ROOM)
    await eventually(lambda: len(ear.heard) == len(said))
    assert ear.texts() == said
    assert [i.received_at for i in ear.heard] == sorted(i.received_at for i in ear.heard)


@pytest.mark.parametrize("late", ["room", "message"])
async def test_a_slow_group_does_not_hold_up_the_others(
    gateway: Gateway, channel: Wechaty, ear: Ear, late: str
) -> None:
    slow_room, slow_message = f"slow-{late}@chatroom", f"slow-{late}"
    gateway.room(slow_room, "慢", ["zhang"])
    gateway.delay(slow_room if late == "room" else slow_message, 0.8)
    gateway.say("zhang", "慢", room=slow_room, id=slow_message)
    gateway.say("zhang", "快", room=ROOM)
    await eventually(lambda: len(ear.heard) == 2)
    assert ear.texts() == ["快", "慢"]


async def test_new_names_are_noticed(gateway: Gateway, channel: Wechaty, ear: Ear) -> None:
    gateway.contact("wang", "小王")
    gateway.room("names@chatroom", "旧名", ["wang"])
    gateway.say("wang", "一", room="names@chatroom")
    await eventually(lambda: ear.heard)
    gateway.change_topic("names@chatroom", "新名", by="wang")
    gateway.rename("wang", "老王")
    gateway.say("wang", "二", room="names@chatroom")
    await eventually(lambda: len(ear.heard) == 2)
    assert [(i.sender_name, i.group_name) for i in ear.heard] == [("小王", "旧名"), ("老王", "新名")]


async def test_a_friend_request_is_accepted_and_handed_on(gateway: Gateway, channel: Wechaty, ear: Ear) -> None:
    gateway.ask_friendship("li", "request-1", hello="我是老李")
    [incoming] = await eventually(lambda: ear.heard)
    assert gateway.accepted() == ["request-1"]
    assert (incoming.kind, incoming.external_id, incoming.text) == ("friend", "request-1", "")
    assert (incoming.group, incoming.sender, incoming.sender_name) == (None, "li", "老李")


async def test_a_message_that_was_taken_back(gateway: Gateway, channel: Wechaty, ear: Ear) -> None:
    """Type 13 in TypeScript's enum; its text is the id of the message that is meant."""
    said = gateway.say("zhang", "@小善 反映 3号楼电梯坏了", room=ROOM)
    gateway.say("zhang", said, room=ROOM, type=13)
    first, second = await eventually(lambda: ear.heard if len(ear.heard) == 2 else [])
    assert (first.kind, second.kind) == ("message", "recall")
    assert (second.text, second.sender, second.group) == (first.external_id, "zhang", ROOM)


# ── what goes out ──


async def test_a_text_with_mentions(gateway: Gateway, channel: Wechaty) -> None:
    mentions = (Mention("zhang", "张阿姨"), Mention("li", "老李"))
    sent_id = await channel.send(Outgoing("wechaty", ROOM, None, "明天见", mentions))
    [sent] = gateway.sent()
    assert (sent.id, sent.conversation) == (sent_id, ROOM)
    assert sent.text == "@张阿姨\u2005@老李\u2005明天见"
    assert sent.mentions == ("zhang", "li")


async def test_a_private_text(gateway: Gateway, channel: Wechaty) -> None:
    await channel.send(Outgoing("wechaty", None, "li", "您的诉求 0123 有人接了"))
    [sent] = gateway.sent()
    assert (sent.conversation, sent.text, sent.mentions) == ("li", "您的诉求 0123 有人接了", ())


async def test_photos_after_the_text(gateway: Gateway, channel: Wechaty, tmp_path: Path) -> None:
    photo = tmp_path / "电梯.jpg"
    photo.write_bytes(os.urandom(200_000))
    sent_id = await channel.send(Outgoing("wechaty", ROOM, None, "修好了", photos=(photo,)))
    text, picture = gateway.sent()
    assert (text.id, text.text) == (sent_id, "修好了")
    assert (picture.conversation, picture.picture_name, picture.picture) == (ROOM, "电梯.jpg", photo.read_bytes())


async def test_why_a_message_was_not_sent(gateway: Gateway, channel: Wechaty, tmp_path: Path) -> None:
    private, public = Outgoing("wechaty", None, "li", "您好"), Outgoing("wechaty", ROOM, None, "大家好")
    gateway.fail("li", "li is not friend of the bot")
    with pytest.raises(Unreachable):
        await channel.send(private)
    gateway.fail("li", "对方开启了朋友验证,你还不是他(她)朋友")
    with pytest.raises(Unreachable):
        await channel.send(private)
    gateway.fail(ROOM, "操作过于频繁,请稍后再试")
    with pytest.raises(Throttled) as throttled:
        await channel.send(public)
    assert throttled.value.pause == timedelta(minutes=30)
    gateway.fail(ROOM, "something else")
    with pytest.raises(SendFailed) as failed:
        await channel.send(public)
    assert type(failed.value) is SendFailed
    gateway.fail(ROOM, None)
    with pytest.raises(SendFailed):
        await channel.send(Outgoing("wechaty", ROOM, None, "照片", photos=(tmp_path / "missing.jpg",)))
    assert gateway.sent() == []
    await channel.send(public)
    assert len(gateway.sent()) == 1


async def test_nothing_is_sent_before_there_is_a_connection(gateway: Gateway) -> None:
    with pytest.raises(NotConnected):
        await channel_to(gateway).send(Outgoing("wechaty", ROOM, None, "喂"))


# ── faults ──


async def test_a_gateway_that_comes_late(gateway: Gateway, ear: Ear) -> None:
    gateway.kill()
    channel = channel_to(gateway)
    with capture_logs() as logs:
        async with running(channel, ear):
            await asyncio.to_thread(gateway.start)
            settle(gateway)
            await hears_again(gateway, channel, ear)
    assert [entry["event"] for entry in logs].count("wechaty.connected") == 1


async def test_a_gateway_that_is_killed_and_comes_back(gateway: Gateway, channel: Wechaty, ear: Ear) -> None:
    with capture_logs() as logs:
        gateway.kill()
        await eventually(lambda: not channel.ready)
        with pytest.raises(NotConnected):
            await channel.send(Outgoing("wechaty", ROOM, None, "喂"))
        await asyncio.to_thread(gateway.start)
        settle(gateway)
        await hears_again(gateway, channel, ear)
    lost, back, *_ = logs
    assert (lost["event"], back["event"]) == ("wechaty.lost", "wechaty.connected")
    assert back["away_seconds"] > 0
    assert not any(word in str(logs) for word in ("张阿姨", "zhang", "天天向善", "回来"))


async def test_a_gateway_that_freezes(gateway: Gateway, channel: Wechaty, ear: Ear) -> None:
    gateway.freeze()
    try:
        sending = asyncio.create_task(channel.send(Outgoing("wechaty", ROOM, None, "有人吗")))
        with pytest.raises(SendFailed):
            await sending
        await eventually(lambda: not channel.ready)
    finally:
        gateway.thaw()
    await hears_again(gateway, channel, ear)


async def test_an_event_stream_that_ends(gateway: Gateway, channel: Wechaty, ear: Ear) -> None:
    gateway.end_stream()
    await eventually(lambda: not channel.ready)
    await hears_again(gateway, channel, ear)


async def test_a_message_whose_connection_ends_before_it_is_read(gateway: Gateway, channel: Wechaty, ear: Ear) -> None:
    gateway.delay("interrupted", 0.5)
    gateway.say("zhang", "还在", room=ROOM, id="interrupted")
    gateway.end_stream()
    await eventually(lambda: ear.texts() == ["还在"])


async def test_an_error_of_the_puppet(gateway: Gateway, channel: Wechaty, ear: Ear) -> None:
    gateway.emit_error()
    await hears_again(gateway, channel, ear)


async def test_another_client_has_the_event_stream(gateway: Gateway, ear: Ear) -> None:
    settle(gateway)
    host, _, port = gateway.endpoint.rpartition(":")
    async with Connection(host, int(port)) as connection:
        connection._authority = gateway.token
        events = PuppetStub(connection).event()
        await anext(events)
        other = asyncio.create_task(_read_to_the_end(events))
        channel = channel_to(gateway)
        async with running(channel, ear):
            await hears_again(gateway, channel, ear)
        await other


async def test_a_channel_that_is_not_sure_of_its_lease_takes_nothing_over(gateway: Gateway, ear: Ear) -> None:
    settle(gateway)
    host, _, port = gateway.endpoint.rpartition(":")
    channel = channel_to(gateway)
    channel.may_take_over = False
    async with Connection(host, int(port)) as connection:
        connection._authority = gateway.token
        events = PuppetStub(connection).event()
        await anext(events)
        async with running(channel, ear):
            await eventually(lambda: channel._refused >= 3)
            assert gateway.listening()
            other = asyncio.create_task(anext(events))
            gateway.say("zhang", "给别人的", room=ROOM)
            await other
            channel.may_take_over = True
            rest = asyncio.create_task(_read_to_the_end(events))
            await hears_again(gateway, channel, ear)
            await rest
    assert "给别人的" not in ear.texts()


async def test_a_gateway_that_flaps(gateway: Gateway, channel: Wechaty, ear: Ear) -> None:
    for _ in range(3):
        gateway.kill()
        await eventually(lambda: not channel.ready)
        await asyncio.to_thread(gateway.start)
        settle(gateway)
        await eventually(lambda: channel.ready, RETURN)
    await hears_again(gateway, channel, ear)


async def test_leaving_hands_on_what_came_and_takes_nothing_more(gateway: Gateway, channel: Wechaty, ear: Ear) -> None:
    """So that a program that is stopped for an update loses nothing that the gateway has handed out."""
    gateway.delay("slow", 0.5)
    gateway.say("zhang", "慢的", room=ROOM, id="slow")
    for number in range(20):
        gateway.say("li", str(number), room=OTHER_ROOM)
    await eventually(lambda: "19" in ear.texts())
    async with asyncio.timeout(10):
        await channel.leave()
    assert "慢的" in ear.texts()
    await channel.send(Outgoing("wechaty", ROOM, None, "还能发"))
    assert gateway.sent()[-1].text == "还能发"
    gateway.say("zhang", "晚到的", room=ROOM)
    await channel.send(Outgoing("wechaty", ROOM, None, "再发"))
    assert "晚到的" not in ear.texts()


async def test_one_of_two_accounts_with_a_wrong_token(
    gateway: Gateway, ear: Ear, sqlite_database: Database, tmp_path: Path
) -> None:
    """The staff are told which, and the other one goes on."""
    settle(gateway)
    told: asyncio.Queue[str] = asyncio.Queue()
    wrong, right = channel_to(gateway, token="wrong"), channel_to(gateway)
    wrong.name = "east"
    desk = InlineDesk(Desk(sqlite_database, Rules(), {"east": "east", "wechaty": "wechaty"}))
    doors = {
        each.name: Door(
            each,
            Delivery(each, Ledger(each.name, each.name, None), desk, Photos(tmp_path), now),
            ear.receive,
            told.put,
        )
        for each in (wrong, right)
    }
    keeper = Keeper(None, doors)
    keeping = asyncio.create_task(keeper.run())
    async with asyncio.timeout(20):
        assert await told.get() == "east"
    await hears_again(gateway, right, ear)
    await keeper.stop()
    keeping.cancel()
    with suppress(asyncio.CancelledError):
        await keeping


async def _read_to_the_end(events: AsyncIterator[object]) -> None:
    async for _event in events:
        pass


async def test_logging_out_and_in_again(gateway: Gateway, channel: Wechaty, ear: Ear) -> None:
    gateway.logout()
    await eventually(lambda: not channel.ready)
    with pytest.raises(NotConnected):
        await channel.send(Outgoing("wechaty", ROOM, None, "喂"))
    gateway.login()
    await hears_again(gateway, channel, ear)


async def test_a_wrong_token_stops_the_channel(gateway: Gateway, ear: Ear) -> None:
    channel = channel_to(gateway, token="wrong")
    with pytest.raises(ChannelStopped, match=r"口令.*refuses the token"):
        await channel.run(ear.receive)
