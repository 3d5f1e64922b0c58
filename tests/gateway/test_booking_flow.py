"""One booking, whole, through a real gateway: from the question in the group to whether it helped."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from bot.channels.wechaty import Wechaty
from bot.delivery import Delivery, Ledger
from bot.desk import Desk
from bot.intake import Intake
from bot.jobs import JOBS
from bot.photos import Photos
from bot.worker import DeskWorker
from community import importing
from community.people import People
from community.rules import CHINA, Rules
from storage import bookings
from storage.bookings import Booking, Event
from storage.database import Database
from storage.tables import BookingState
from tests.gateway.gateway import BOT, Gateway, Sent, eventually
from tests.gateway.test_flow import ROOM, heard, with_wechat_ids

pytestmark = pytest.mark.gateway

FRIDAY = datetime(2026, 12, 4, 10, tzinfo=CHINA)
"""When the resident asks. The reception is on the Wednesday after it."""

RECEPTION = datetime(2026, 12, 9, 14, tzinfo=CHINA)
RECEIVES = "政协委员沈光明"
REASON = "楼上总漏水\uff0c跟邻居吵了几次\uff0c想请您帮着说说"
RECORD = "两家都愿意\uff0c周末一起看水管"
PRIVATE_WORDS = ("漏水", "吵", "水管")
"""Some of them are in whatever gives away why the resident came or what was said."""


@dataclass(slots=True)
class Clock:
    """The time as the program under test reads it: it stands still until it is moved."""

    moment: datetime

    def now(self) -> datetime:
        return self.moment


@dataclass(frozen=True, slots=True)
class Program:
    """The running program, and its clock."""

    worker: DeskWorker
    delivery: Delivery
    clock: Clock

    async def wait_until(self, moment: datetime) -> None:
        """Time passes. What falls due on the way is done and sent at its own minute, as if the scheduler knocked."""
        while (due := await self.worker.run(self.worker.desk.next_due)) is not None and due <= moment:
            self.clock.moment = max(self.clock.moment, due)
            await self.worker.run(partial(self.worker.desk.run_jobs, self.clock.moment))
            await self.delivery.send_what_is_due()
        self.clock.moment = moment
        await self.delivery.send_what_is_due()


@asynccontextmanager
async def running(database: Database, gateway: Gateway, folder: Path, clock: Clock) -> AsyncIterator[Program]:
    """The program with the WeChat channel alone, as `bot.app` wires it, under a clock of our own."""
    desk = Desk(database, Rules(), {"wechaty": "wechaty"}, JOBS)
    channel = Wechaty(gateway.endpoint, gateway.token, clock=clock.now)
    deliveries: list[Delivery] = []
    worker = DeskWorker(desk, after_commit=lambda: deliveries[0].wake())
    photos = Photos(folder / "photos")
    deliveries.append(Delivery(channel, Ledger("wechaty", "wechaty", None), worker, photos, clock.now))
    desk.refresh()
    worker.start()
    tasks = [
        asyncio.create_task(channel.run(Intake(worker, desk.rules, photos).receive)),
        asyncio.create_task(deliveries[0].run()),
    ]
    program = Program(worker, deliveries[0], clock)
    try:
        await eventually(lambda: channel.ready)
        await program.wait_until(clock.moment)  # what a start does first: the receptions are planned
        yield program
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await worker.stop()


@pytest.fixture
def invitation(sqlite_database: Database, tmp_path: Path) -> str:
    """The demo community with accounts of WeChat, and a code with which the deputy, who has none, says who he is."""
    with sqlite_database.begin() as store:
        importing.import_community(store, importing.load(with_wechat_ids(tmp_path / "c.yaml")), FRIDAY)
        return People(store, Rules()).invite("deputy-2", FRIDAY)


def people_and_room(gateway: Gateway) -> None:
    for contact in ("zhao", "worker", "admin", "shen"):
        gateway.contact(contact, f"微信{contact}")
    gateway.contact("hua", "买菜的花姐")
    gateway.room(ROOM, "天天向善", ["zhao", "worker", "admin", "hua"])


def number_of(choices: str) -> str:
    """What to answer for the reception that the resident wants."""
    found = re.search(rf"^([\u2460-\u2464]) 12月9日\(周三\)14:00 {RECEIVES}", choices, re.MULTILINE)
    assert found, choices
    return found[1]


async def book(gateway: Gateway) -> None:
    """From the question in the group to the confirmation and the reason."""
    gateway.say("zhao", "@小善\u2005我想约代表", room=ROOM, mentions=[BOT])
    public = await heard(gateway, ROOM, "好,我私下跟您说")
    assert public.mentions == ("zhao",)
    choices = await heard(gateway, "zhao", "约哪个?回数字")
    gateway.say("zhao", number_of(choices.text))
    confirmed = await heard(gateway, "zhao", "约好了,B001")
    for part in ("12月9日(周三)14:00", "幸福社区工作站", RECEIVES, "幸福路12号", "来不了回“取消”"):
        assert part in confirmed.text
    gateway.say("zhao", REASON)
    await heard(gateway, "zhao", "B001记下了“")


async def test_a_booking_from_the_question_to_whether_it_helped(
    gateway: Gateway, sqlite_database: Database, invitation: str, tmp_path: Path
) -> None:
    people_and_room(gateway)
    async with running(sqlite_database, gateway, tmp_path, Clock(FRIDAY)) as program:
        gateway.say("admin", "@小善\u2005绑定", room=ROOM, mentions=[BOT])
        await heard(gateway, ROOM, "接到幸福社区了")
        gateway.say("shen", f"我是 {invitation}")
        await heard(gateway, "shen", "认识您了")
        await book(gateway)

        await program.wait_until(RECEPTION - timedelta(days=3))
        assert "剩5个" in (await heard(gateway, ROOM, RECEIVES)).text
        await program.wait_until(RECEPTION.replace(day=8, hour=17, minute=59))
        assert not said_to(gateway, "zhao", "提醒您")
        await program.wait_until(RECEPTION.replace(day=8, hour=18))
        assert len(said_to(gateway, "zhao", "提醒您,B001:12月9日(周三)14:00")) == 1
        await program.wait_until(RECEPTION.replace(hour=11, minute=59))
        assert len(said_to(gateway, "zhao", "提醒您")) == 1
        assert len(said_to(gateway, "shen", REASON)) == 2, "the list of the evening and of the morning"
        await program.wait_until(RECEPTION - timedelta(hours=2))
        assert len(said_to(gateway, "zhao", "提醒您,B001:12月9日(周三)14:00")) == 2
        gateway.say("zhao", "1")
        await heard(gateway, "zhao", "好,到时候见")

        await program.wait_until(RECEPTION - timedelta(minutes=10))
        gateway.say("zhao", "签到")
        await heard(gateway, "zhao", "B001签到了,第1号")
        await program.wait_until(RECEPTION)
        gateway.say("shen", "叫号")
        assert REASON in (await heard(gateway, "shen", "请1号")).text
        await heard(gateway, "zhao", "轮到您了")
        gateway.say("shen", f"记录 B001 {RECORD}")
        await heard(gateway, "shen", "B001记下了,只有您看得到")
        await nobody_else_may_read(gateway)

        await program.wait_until(RECEPTION.replace(day=10, hour=9, minute=59))
        assert not said_to(gateway, "zhao", "有帮助吗")
        await program.wait_until(RECEPTION.replace(day=10, hour=10))
        await heard(gateway, "zhao", f"您12月9日(周三)见了{RECEIVES},有帮助吗")
        gateway.say("zhao", "1")
        await heard(gateway, "zhao", "谢谢您告诉我们")
        await program.wait_until(RECEPTION.replace(day=11, hour=12))
        assert len(said_to(gateway, "zhao", "有帮助吗")) == 1
        assert_private(gateway.sent())
    assert_kept(sqlite_database)


async def nobody_else_may_read(gateway: Gateway) -> None:
    """A worker of the station sees that somebody came; the deputy alone sees why."""
    gateway.say("worker", "记录 B001")
    await heard(gateway, "worker", "没有这个预约号")
    gateway.say("worker", "接待名单")
    assert "B001" in (await heard(gateway, "worker", RECEIVES)).text
    gateway.say("shen", "记录 B001")
    assert RECORD in (await heard(gateway, "shen", f"事由:{REASON}")).text


def said_to(gateway: Gateway, contact: str, words: str) -> list[Sent]:
    return [sent for sent in gateway.sent() if sent.conversation == contact and words in sent.text]


def assert_private(everything: list[Sent]) -> None:
    """Why the resident came, and what was said, went to the deputy alone, beside the resident's own words back to them;
    the group never heard of the booking."""
    told = {sent.conversation for sent in everything if any(word in sent.text for word in PRIVATE_WORDS)}
    assert told == {"shen", "zhao"}
    to_resident = [sent.text for sent in everything if sent.conversation == "zhao"]
    assert sum(REASON in text for text in to_resident) == 1
    assert not any(RECORD in text for text in to_resident)
    in_group = "\n".join(sent.text for sent in everything if sent.conversation == ROOM)
    assert "B001" not in in_group
    assert "赵" not in in_group
    assert {sent.conversation for sent in everything} <= {ROOM, "zhao", "shen", "worker"}


def assert_kept(database: Database) -> None:
    with database.begin() as store:
        booking, log = bookings.by_id(store, 1), bookings.events(store, 1)
        assert bookings.by_id(store, 2) is None
    assert booking is not None
    assert_row(booking)
    assert_log(log)


def assert_row(booking: Booking) -> None:
    assert (booking.resident_id, booking.place, booking.starts_at) == ("resident-3-501", 1, RECEPTION)
    assert (booking.state, booking.coming, booking.helped) == (BookingState.CAME, True, 1)
    assert (booking.came_at, booking.called_at) == (RECEPTION - timedelta(minutes=10), RECEPTION)
    assert (booking.reason, booking.record) == (REASON, RECORD)
    assert (booking.next_at, booking.released_at) == (None, None)


def assert_log(log: list[Event]) -> None:
    """What happened, when, and who did it; nobody: the bot."""
    zhao, shen = "resident-3-501", "deputy-2"
    assert [(f"{event.at.astimezone(CHINA):%d %H:%M}", event.step, event.actor_id) for event in log] == [
        ("04 10:00", "book", zhao),
        ("04 10:00", "reason", zhao),
        ("08 18:00", "remind", None),
        ("09 12:00", "remind", None),
        ("09 12:00", "coming", zhao),
        ("09 13:50", "check_in", zhao),
        ("09 14:00", "call", shen),
        ("09 14:00", "record", shen),
        ("10 10:00", "ask_helped", None),
        ("10 10:00", "helped", zhao),
    ]
    assert not any(word in event.note for event in log for word in PRIVATE_WORDS)
