"""The first grievance, whole, through a real gateway: from a group message to the resident's last word."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from bot.channels.wechaty import Wechaty
from bot.clock import now
from bot.delivery import Delivery, Ledger
from bot.desk import Desk
from bot.intake import Intake
from bot.jobs import JOBS
from bot.photos import Photos
from bot.worker import DeskWorker
from community import importing
from community.rules import Rules
from storage import grievances
from storage.database import Database
from tests.conftest import XINGFU
from tests.dialogue import picture
from tests.gateway.gateway import BOT, Gateway, Sent, eventually

pytestmark = pytest.mark.gateway

ROOM = "xingfu@chatroom"
PEOPLE = {"zhao": "resident-3-501", "liu": "gridhead-1", "wang": "gridhead-2", "admin": "admin", "worker": "worker"}


@asynccontextmanager
async def running(database: Database, gateway: Gateway, folder: Path) -> AsyncIterator[Desk]:
    """The program with the WeChat channel alone, as `bot.app` wires it, without an account's slow pace."""
    desk = Desk(database, Rules(), {"wechaty": "wechaty"}, JOBS)
    channel = Wechaty(gateway.endpoint, gateway.token, clock=now)
    deliveries: list[Delivery] = []
    worker = DeskWorker(desk, after_commit=lambda: deliveries[0].wake())
    photos = Photos(folder / "photos")
    deliveries.append(Delivery(channel, Ledger("wechaty", "wechaty", None), worker, photos, now))
    desk.refresh()
    worker.start()
    tasks = [
        asyncio.create_task(channel.run(Intake(worker, desk.rules, photos).receive)),
        asyncio.create_task(deliveries[0].run()),
    ]
    await eventually(lambda: channel.ready)
    try:
        yield desk
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task
        await worker.stop()


def with_wechat_ids(path: Path) -> Path:
    """The demo community in which some people have an account of WeChat."""
    text = XINGFU.read_text(encoding="utf-8")
    for contact, person in PEOPLE.items():
        entry = rf"^( +)- id: {person}(?=\s)"
        text = re.sub(entry, rf"\g<0>\n\1  addresses: {{wechaty: {contact}}}", text, count=1, flags=re.MULTILINE)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def linked_database(sqlite_database: Database, tmp_path: Path) -> Database:
    with sqlite_database.begin() as store:
        importing.import_community(store, importing.load(with_wechat_ids(tmp_path / "c.yaml")), now())
    return sqlite_database


async def heard(gateway: Gateway, conversation: str, words: str, after: int = 0) -> Sent:
    """What the bot said there, once it has."""

    def said() -> list[Sent]:
        return [sent for sent in gateway.sent(since=after) if sent.conversation == conversation and words in sent.text]

    return (await eventually(said))[-1]


async def test_a_grievance_from_the_group_to_the_resident_s_word(
    gateway: Gateway, linked_database: Database, tmp_path: Path
) -> None:
    for contact in PEOPLE:
        gateway.contact(contact, f"微信{contact}")
    gateway.contact("hua", "买菜的花姐")
    gateway.room(ROOM, "天天向善", [*PEOPLE, "hua"])
    async with running(linked_database, gateway, tmp_path):
        gateway.say("admin", "@小善\u2005绑定", room=ROOM, mentions=[BOT])
        await heard(gateway, ROOM, "接到幸福社区了")

        gateway.say("hua", "今天的菜真新鲜,3号楼的快来", room=ROOM)
        gateway.say("zhao", "@小善\u20053号楼2单元电梯坏了,老人下不了楼", room=ROOM, mentions=[BOT])
        public = await heard(gateway, ROOM, "0001")
        assert public.mentions == ("zhao",)
        assert "电梯" not in public.text
        assert "3号楼" not in public.text
        assert "3号楼2单元" in (await heard(gateway, "zhao", "0001记下了")).text
        notice = await heard(gateway, "liu", "新诉求0001")
        assert "老人下不了楼" in notice.text

        gateway.send_photo("zhao", picture(), room=ROOM)
        await heard(gateway, "liu", "一共1张")

        gateway.say("liu", "接 0001")
        await heard(gateway, "zhao", "网格长刘建国接了")
        assert (await eventually(lambda: [sent for sent in gateway.sent(since=0) if sent.picture]))[
            0
        ].conversation == "liu"
        gateway.say("liu", "办结 0001 电梯公司已修好")
        await heard(gateway, "zhao", "0001 电梯办好了吗")
        gateway.say("wang", "查 0001")
        await heard(gateway, "wang", "只有本人和经办人能查")
        gateway.say("zhao", "1")
        await heard(gateway, "zhao", "您满意吗")
        gateway.say("zhao", "1")
        await heard(gateway, "zhao", "0001结了")
        everything = gateway.sent(since=0)
        assert {sent.conversation for sent in everything} == {ROOM, "zhao", "liu", "wang"}
    with linked_database.begin() as store:
        found = grievances.by_number(store, 1)
        steps = [event.step for event in grievances.events(store, 1)]
    assert found is not None
    assert (found.state, found.satisfaction, found.photos) == ("closed", 1, 1)
    assert steps == ["draft", "report", "photo", "accept", "finish", "solved", "rate"]


async def test_a_resident_who_cannot_be_reached_privately_is_told_how_and_put_on_the_list(
    gateway: Gateway, linked_database: Database, tmp_path: Path
) -> None:
    for contact in PEOPLE:
        gateway.contact(contact, contact)
    gateway.contact("qian", "钱伯伯")
    gateway.room(ROOM, "天天向善", [*PEOPLE, "qian"])
    gateway.fail("qian", "qian is not friend")
    async with running(linked_database, gateway, tmp_path):
        gateway.say("admin", "@小善\u2005绑定", room=ROOM, mentions=[BOT])
        await heard(gateway, ROOM, "接到幸福社区了")
        gateway.say("qian", "@小善\u20053号楼2单元我家漏水", room=ROOM, mentions=[BOT])
        hint = await heard(gateway, ROOM, "请加我为好友")
        assert hint.mentions == ("qian",)
        await heard(gateway, "worker", "我私下联系不上钱伯伯")
        assert not any("漏水" in sent.text for sent in gateway.sent(since=0) if sent.conversation == ROOM)

        gateway.fail("qian", None)
        gateway.ask_friendship("qian", "friendship-1")
        await heard(gateway, "qian", "我是小善")
        gateway.say("qian", "查")
        await heard(gateway, "qian", "0001")
