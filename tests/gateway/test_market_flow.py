"""One market, whole, through a real gateway: from the leader's draft to the hours on a certificate; and a quiz."""

import io
import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image

from community import importing, quiz_file
from community.people import People
from community.quizzes.bank import Bank
from community.rules import CHINA, Rules
from storage import hours, market, sign_ups
from storage.database import Database
from storage.tables import EventState, SignUpState
from tests.conftest import XINGFU
from tests.gateway.gateway import BOT, Gateway, Sent, eventually
from tests.gateway.test_booking_flow import Clock, Program, running, said_to
from tests.gateway.test_flow import ROOM, heard, with_wechat_ids

pytestmark = pytest.mark.gateway

FRIDAY = datetime(2026, 12, 18, 10, tzinfo=CHINA)
"""The day before the leader is shown the draft."""

MARKET = datetime(2027, 1, 2, 9, tzinfo=CHINA)
QUIZ = datetime(2026, 12, 18, 15, tzinfo=CHINA)

LINKED = ("zhao", "admin", "worker")
"""Contacts whom the community file knows."""

INVITED = {
    "lin": "worker-2",
    "xu": "volunteer-repair",
    "deng": "volunteer-medical",
    "tang": "resident-1-201",
}
"""Contacts who first say who they are."""

NAMES = ("许大勇", "邓雅琴", "唐佳怡", "赵晓梅", "王姐")
TEXT, CHAIN = 7, 10
"""Message types as gateways number them: a chain of WeChat's own (53 within WeChat) comes as either."""

TOPIC = "#接龙\n1月2日雷锋集市志愿者\n例 张三 修家电\n"
ENTRIES = ("许大勇 修家电", "邓雅琴 量血压", "王姐 缝补 2人", "唐佳怡")


@pytest.fixture
def codes(sqlite_database: Database, tmp_path: Path) -> dict[str, str]:
    """The demo community with accounts of WeChat, and codes by contact for those who have none there."""
    with sqlite_database.begin() as store:
        importing.import_community(store, importing.load(with_wechat_ids(tmp_path / "c.yaml")), FRIDAY)
        Bank(store).take_over("xingfu", quiz_file.load(XINGFU.with_name("quiz.yaml")), FRIDAY)
        people = People(store, Rules())
        return {contact: people.invite(person, FRIDAY) for contact, person in INVITED.items()}


async def met(gateway: Gateway, codes: dict[str, str]) -> None:
    """A group that the bot is bound to, in which everybody is known."""
    gateway.say("admin", "@小善\u2005绑定", room=ROOM, mentions=[BOT])
    await heard(gateway, ROOM, "接到幸福社区了")
    for contact, code in codes.items():
        gateway.say(contact, f"我是 {code}")
        await heard(gateway, contact, "认识您了")


def people_and_room(gateway: Gateway) -> None:
    for contact in (*LINKED, *INVITED):
        gateway.contact(contact, f"微信{contact}")
    gateway.room(ROOM, "天天向善", [*LINKED, *INVITED])


async def answer(gateway: Gateway, contact: str, text: str, words: str) -> Sent:
    """What somebody hears who says this to the bot privately."""
    before = len(gateway.sent())
    gateway.say(contact, text)
    return await heard(gateway, contact, words, after=before)


async def answer_in_group(gateway: Gateway, contact: str, text: str, words: str) -> Sent:
    before = len(gateway.sent())
    gateway.say(contact, f"@小善\u2005{text}", room=ROOM, mentions=[BOT])
    return await heard(gateway, ROOM, words, after=before)


async def picture_for(gateway: Gateway, contact: str, before: int) -> None:
    """The picture that somebody is sent. It is a PNG that can be read."""

    def sent() -> list[bytes]:
        found = gateway.sent(since=before)
        return [each.picture for each in found if each.conversation == contact and each.picture is not None]

    (picture,) = await eventually(sent)
    with Image.open(io.BytesIO(picture)) as opened:
        opened.load()
        assert opened.format == "PNG"
        assert min(opened.size) >= 300


async def test_a_market_from_the_draft_to_the_certificate(
    gateway: Gateway, sqlite_database: Database, codes: dict[str, str], tmp_path: Path
) -> None:
    people_and_room(gateway)
    async with running(sqlite_database, gateway, tmp_path, Clock(FRIDAY)) as program:
        await met(gateway, codes)
        await publish(gateway, program)
        await sign_up_by_chain(gateway, program)
        await take_a_number(gateway)
        await remind(gateway, program)
        await help_out(gateway, program)
        await thank(gateway, program)
        await certify(gateway)
        assert_private(gateway.sent())
    assert_kept(sqlite_database)


async def publish(gateway: Gateway, program: Program) -> None:
    """The series makes drafts of both days of the weekend; the leader wants the first."""
    await program.wait_until(MARKET - timedelta(days=14))
    await heard(gateway, "lin", "E001 雷锋集市要到了:1月2日(周六)09:00")
    assert not said_to(gateway, ROOM, "雷锋集市")
    await answer(gateway, "lin", "1", "发布了,E001")
    call = await heard(gateway, ROOM, "雷锋集市:1月2日(周六)09:00")
    assert "修家电还缺5人" in call.text
    await program.wait_until(MARKET - timedelta(days=13))
    await answer(gateway, "lin", "2", "E002 雷锋集市不办了")
    await program.wait_until(MARKET - timedelta(days=10) + timedelta(minutes=10))


async def sign_up_by_chain(gateway: Gateway, program: Program) -> None:
    """Each posts the chain with their own line. The group hears one line of it, and no other in two minutes."""
    before = len(gateway.sent())
    post_chain(gateway, "xu", 1)
    line = await heard(gateway, ROOM, "接龙1人已记上,新加1人", after=before)
    assert "修家电1/5" in line.text
    post_chain(gateway, "deng", 2, kind=CHAIN)
    post_chain(gateway, "deng", 3, kind=CHAIN)
    post_chain(gateway, "tang", 4)
    await heard(gateway, "tang", "没看出是哪个摊", after=before)
    await answer(gateway, "tang", "1", "谢谢您来帮忙!量血压,雷锋集市")
    assert in_room(gateway, before) == [line.text]
    await program.wait_until(program.clock.now() + timedelta(minutes=2))
    rolled = await heard(gateway, ROOM, "量血压2/4,修家电1/5,缝补2/3", after=before)
    assert in_room(gateway, before) == [line.text, rolled.text]


def post_chain(gateway: Gateway, contact: str, entries: int, kind: int = TEXT) -> None:
    lines = "\n".join(f"{number}. {entry}" for number, entry in enumerate(ENTRIES[:entries], start=1))
    gateway.say(contact, f"{TOPIC}\n{lines}", room=ROOM, type=kind)


def in_room(gateway: Gateway, since: int) -> list[str]:
    return [sent.text for sent in gateway.sent(since=since) if sent.conversation == ROOM]


async def take_a_number(gateway: Gateway) -> None:
    """A resident wants something repaired."""
    before = len(gateway.sent())
    gateway.say("zhao", "@小善\u2005取号 修家电", room=ROOM, mentions=[BOT])
    await heard(gateway, "zhao", "要修什么", after=before)
    number = await answer(gateway, "zhao", "电饭锅", "修家电,09:00那组,第1号")
    assert "电饭锅" in number.text


async def remind(gateway: Gateway, program: Program) -> None:
    """Three days before, on the evening and in the morning; a no frees the place."""
    before = len(gateway.sent())
    await program.wait_until(MARKET - timedelta(days=3))
    again = await heard(gateway, ROOM, "快到了,雷锋集市", after=before)
    assert "修家电还缺4人" in again.text
    evening = MARKET.replace(day=1, hour=18)
    await program.wait_until(evening - timedelta(minutes=1))
    assert not reminded(gateway)
    await program.wait_until(evening)
    assert reminded(gateway) == ["deng", "tang", "xu", "zhao"]
    await answer(gateway, "xu", "1", "09:00–11:00,文化广场见")
    await answer(gateway, "tang", "2", "给您取消了:量血压")
    await answer(gateway, "zhao", "来", "09:00–11:00,文化广场见")
    await program.wait_until(MARKET - timedelta(hours=1))
    assert reminded(gateway) == ["deng", "deng", "tang", "xu", "xu", "zhao", "zhao"]


def reminded(gateway: Gateway) -> list[str]:
    """The contacts who were reminded, as often as they were."""
    found = [sent for sent in gateway.sent() if "雷锋集市:1月2日" in sent.text and "您报的是" in sent.text]
    return sorted(sent.conversation for sent in found)


async def help_out(gateway: Gateway, program: Program) -> None:
    """The leader has the code at the stall; who helps checks in with it and out again."""
    before = len(gateway.sent())
    said = await answer(gateway, "lin", "签到码", "雷锋集市的签到码")
    await picture_for(gateway, "lin", before)
    found = re.search(r"签到码:(\d{4})", said.text)
    assert found, said.text
    await program.wait_until(MARKET - timedelta(minutes=5))
    wrong = f"{(int(found[1]) + 1) % 10_000:04}"
    await answer(gateway, "deng", f"签到 {wrong}", "码不对")
    await answer(gateway, "deng", f"签到 {found[1]}", "签到08:55")
    before = len(gateway.sent())
    gateway.say("xu", f"@小善\u2005签到 {found[1]}", room=ROOM, mentions=[BOT])
    own = await heard(gateway, "xu", "签到08:55", after=before)
    assert "别发在群里" in own.text
    await answer(gateway, "lin", "全到", "签到2位")
    await answer(gateway, "lin", "到号 修家电 1", "修家电记了1位")
    await program.wait_until(MARKET + timedelta(hours=1, minutes=30))
    await answer(gateway, "xu", "签退", "今天1小时35分,今年1小时35分")
    await program.wait_until(MARKET + timedelta(hours=2, minutes=8))
    await answer(gateway, "deng", "收摊了", "您的时长记到1月2日(周六)11:00")


async def thank(gateway: Gateway, program: Program) -> None:
    before = len(gateway.sent())
    await program.wait_until(MARKET + timedelta(hours=4))
    await heard(gateway, "xu", "谢谢您来雷锋集市帮忙!这次1小时35分,一共1小时35分", after=before)
    await heard(gateway, "deng", "谢谢您来雷锋集市帮忙!这次2小时5分", after=before)
    assert not [sent for sent in gateway.sent(since=before) if sent.conversation == "tang"]
    await heard(gateway, ROOM, "雷锋集市1月2日(周六)办完了:来了4位志愿者,服务1位居民", after=before)
    before = len(gateway.sent())
    await answer(gateway, "lin", "集市统计图 E001", "的统计图")
    await picture_for(gateway, "lin", before)


async def certify(gateway: Gateway) -> None:
    """The hours are theirs; the community confirms before they are printed."""
    await answer(gateway, "xu", "我的时长", "共1小时35分,今年1小时35分")
    await answer(gateway, "xu", "开证明", "请社区确认")
    await heard(gateway, "lin", "许大勇要开志愿证明")
    before = len(gateway.sent())
    await answer(gateway, "lin", "发证明 1", "证明ZY2027-0001开了")
    await picture_for(gateway, "xu", before)
    await answer(gateway, "zhao", "核验 ZY2027-0001", "ZY2027-0001有效:许**")


def assert_private(everything: list[Sent]) -> None:
    """The group heard of counts, and of nobody who signed up, took a number or waits; nor of the code."""
    in_group = "\n".join(sent.text for sent in everything if sent.conversation == ROOM)
    assert not any(name in in_group for name in NAMES), in_group
    assert "电饭锅" not in in_group
    assert "签到" not in in_group
    assert not any(sent.picture for sent in everything if sent.conversation == ROOM)


def assert_kept(database: Database) -> None:
    """Hours are what was between check-in and check-out, for those who are known to the bot."""
    with database.begin() as store:
        event, other = market.by_id(store, 1), market.by_id(store, 2)
        rows = sign_ups.ever_of_events(store, [1])
        given = hours.of_event(store, 1)
    assert event is not None
    assert other is not None
    assert (event.state, other.state) == (EventState.OVER, EventState.CANCELLED)
    assert sorted((each.person_id or each.name, each.companion, each.state) for each in rows) == [
        ("resident-1-201", 0, SignUpState.CANCELLED),
        ("resident-3-501", 0, SignUpState.CAME),
        ("volunteer-medical", 0, SignUpState.LEFT),
        ("volunteer-repair", 0, SignUpState.LEFT),
        ("王姐", 0, SignUpState.LEFT),
        ("王姐", 1, SignUpState.LEFT),
    ]
    known = {each.id: each for each in rows if each.person_id and each.left_at}
    assert [(each.person_id, each.minutes) for each in given] == [("volunteer-repair", 95), ("volunteer-medical", 125)]
    for each in given:
        there = known[each.sign_up_id or 0]
        assert there.came_at is not None
        assert there.left_at is not None
        assert timedelta(minutes=each.minutes) == there.left_at - there.came_at


async def test_a_quiz_in_the_group_answered_privately(
    gateway: Gateway, sqlite_database: Database, codes: dict[str, str], tmp_path: Path
) -> None:
    people_and_room(gateway)
    async with running(sqlite_database, gateway, tmp_path, Clock(QUIZ)) as program:
        await met(gateway, codes)
        begun = len(gateway.sent())
        await answer_in_group(gateway, "worker", "开始问答 1题 奖品 洗衣液 2名", "第1题:接到哪个号码打来的电话")
        for contact, said in (("xu", "A"), ("zhao", "选B"), ("tang", "2"), ("deng", "96110")):
            await program.wait_until(program.clock.now() + timedelta(seconds=5))
            await answer(gateway, contact, said, "收到您第1题的答案")
        await answer(gateway, "xu", "B", "您答过了,第一次的算数")
        before = len(gateway.sent())
        gateway.say("lin", "B", room=ROOM)
        await heard(gateway, "lin", "群里的不算,请私下回我", after=before)
        assert len(in_room(gateway, begun)) == 1, "until the end nothing but the question"
        assert not any("答案B" in sent.text for sent in gateway.sent(since=begun))

        await program.wait_until(QUIZ + timedelta(minutes=2))
        result = await heard(gateway, ROOM, "第1题答案B(96110)", after=begun)
        assert "赵**、唐**" in result.text
        for contact in ("zhao", "tang"):
            assert len(said_to(gateway, contact, "得洗衣液")) == 1
        assert not said_to(gateway, "deng", "恭喜"), "the third"
        assert not said_to(gateway, "xu", "恭喜")
        await answer(gateway, "worker", "领奖 赵晓梅", "赵晓梅的洗衣液领走了")
        in_group = "\n".join(in_room(gateway, begun))
        assert not any(name in in_group for name in NAMES)
