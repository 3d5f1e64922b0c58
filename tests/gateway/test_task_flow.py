"""One task and one wish, whole, through a real gateway: from the order to the rating, from the group to the thanks."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from community import importing
from community.people import People
from community.rules import CHINA, Rules
from community.tasks.steps import Step
from storage import hours, tasks, wishes
from storage.database import Database
from storage.tables import TaskState, WishState
from tests.dialogue import picture
from tests.gateway.gateway import BOT, Gateway, eventually
from tests.gateway.test_booking_flow import Clock, running, said_to
from tests.gateway.test_flow import ROOM, heard, with_wechat_ids
from tests.gateway.test_market_flow import answer, in_room, met

pytestmark = pytest.mark.gateway

TUESDAY = datetime(2026, 12, 1, 9, tzinfo=CHINA)
SATURDAY = datetime(2026, 12, 5, 10, 30, tzinfo=CHINA)
"""When it is done: in the morning for which it was ordered."""

LINKED = ("zhao", "admin", "worker")
"""Contacts whom the community file knows."""

INVITED = {"cao": "volunteer-hair", "he": "volunteer-barber", "tang": "resident-1-201", "sun": "elder-5-102"}
"""Contacts who first say who they are."""

BARBERS = ("he", "cao", "tang")
"""Those whom a haircut is pushed to: two of the team, and one who has just been confirmed."""

ADDRESS, PHONE = "2单元501", "13800138000"
WISHERS_ADDRESS = "5号楼1单元102"
WISH, PUBLIC_WISH = "想要一台收音机", "一位老人想要一台收音机"
NAMES = ("赵晓梅", "贺三喜", "曹秀英", "孙桂兰")


@pytest.fixture
def codes(sqlite_database: Database, tmp_path: Path) -> dict[str, str]:
    """The demo community with accounts of WeChat, and codes by contact for those who have none there."""
    with sqlite_database.begin() as store:
        importing.import_community(store, importing.load(with_wechat_ids(tmp_path / "c.yaml")), TUESDAY)
        people = People(store, Rules())
        return {contact: people.invite(person, TUESDAY) for contact, person in INVITED.items()}


def people_and_room(gateway: Gateway) -> None:
    for contact in (*LINKED, *INVITED):
        gateway.contact(contact, f"微信{contact}")
    gateway.room(ROOM, "天天向善", [*LINKED, *INVITED])


# --- a task -----------------------------------------------------------------------------------------------------


async def test_a_task_from_the_order_to_the_rating(
    gateway: Gateway, sqlite_database: Database, codes: dict[str, str], tmp_path: Path
) -> None:
    """The program is started again between the push and the promise: nothing is lost, and nothing is said twice."""
    people_and_room(gateway)
    async with running(sqlite_database, gateway, tmp_path, Clock(TUESDAY)) as program:
        await met(gateway, codes)
        await become_a_volunteer(gateway)
        await order(gateway)
        await program.wait_until(TUESDAY + timedelta(minutes=1))
        for contact in BARBERS:
            await heard(gateway, contact, "能去吗")
        assert_nobody_knows_yet(gateway)
    async with running(sqlite_database, gateway, tmp_path, Clock(TUESDAY + timedelta(minutes=10))) as program:
        await accept(gateway)
        assert [len(said_to(gateway, each, "能去吗")) for each in BARBERS] == [1, 1, 1]
        await program.wait_until(SATURDAY.replace(day=4, hour=18, minute=0))
        assert PHONE in (await heard(gateway, "he", "提醒您,T001 上门理发")).text
        await program.wait_until(SATURDAY)
        await do_it(gateway)
        await rate(gateway)
        assert_private(gateway)
    assert_task_kept(sqlite_database)


async def become_a_volunteer(gateway: Gateway) -> None:
    """Who goes into homes is confirmed first."""
    await answer(gateway, "tang", "我要当志愿者,我叫唐佳怡,会理发,周末有空", "登记上了")
    await heard(gateway, "worker", "新志愿者唐佳怡")
    await answer(gateway, "worker", "确认志愿者 唐佳怡", "唐佳怡")


async def order(gateway: Gateway) -> None:
    """Asked for in the group, told privately."""
    before = len(gateway.sent())
    gateway.say("zhao", "@小善\u2005想请人上门理发", room=ROOM, mentions=[BOT])
    public = await heard(gateway, ROOM, "好,我私下跟您说", after=before)
    assert public.mentions == ("zhao",)
    await heard(gateway, "zhao", "是3号楼吧", after=before)
    await answer(gateway, "zhao", f"{ADDRESS},{PHONE}", "什么时候方便")
    told = await answer(gateway, "zhao", "周六上午", "记下了,T001:上门理发")
    assert ADDRESS in told.text
    assert PHONE in told.text


def assert_nobody_knows_yet(gateway: Gateway) -> None:
    """Until it is promised nobody but the orderer has read where, whose number, and for whom."""
    others = "\n".join(sent.text for sent in gateway.sent() if sent.conversation != "zhao")
    assert "T001" in others
    for words in (ADDRESS, PHONE, "赵晓梅"):
        assert words not in others


async def accept(gateway: Gateway) -> None:
    """Two say yes in the same moment: one has it, and the others hear so."""
    before = len(gateway.sent())
    gateway.say("he", "1")
    gateway.say("cao", "接T001")
    taken = await heard(gateway, "he", "T001归您了", after=before)
    for words in (ADDRESS, PHONE, "赵晓梅"):
        assert words in taken.text
    for contact in ("cao", "tang"):
        await heard(gateway, contact, "T001刚被接走了", after=before)
    await heard(gateway, "zhao", "找到人了:理发队的贺三喜", after=before)
    missed = await answer(gateway, "tang", "T001", "T001")
    assert ADDRESS not in missed.text


async def do_it(gateway: Gateway) -> None:
    """Done, with a photo behind it for the one who wanted it."""
    await answer(gateway, "he", "办好了 40分钟", "T001记下了,约40分钟")
    await heard(gateway, "zhao", "贺三喜说办好了")
    before = len(gateway.sent())
    gateway.send_photo("he", picture())
    await heard(gateway, "he", "照片收到了,T001的", after=before)
    await heard(gateway, "zhao", "这是办好以后的照片", after=before)
    shown = await eventually(lambda: [each for each in gateway.sent(since=before) if each.picture])
    assert {each.conversation for each in shown} == {"zhao"}


async def rate(gateway: Gateway) -> None:
    before = len(gateway.sent())
    await answer(gateway, "zhao", "1 手艺真好", "您的话带给贺三喜了")
    rated = await heard(gateway, "he", "居民说满意", after=before)
    assert "手艺真好" in rated.text
    assert "记时长40分钟" in rated.text
    await answer(gateway, "he", "我的时长", "您的志愿时长共40分钟")


def assert_private(gateway: Gateway) -> None:
    """Address and number went to whoever promised it, beside the orderer's own words; the group heard of none of it."""
    everything = gateway.sent()
    for words in (ADDRESS, PHONE):
        assert {sent.conversation for sent in everything if words in sent.text} == {"zhao", "he"}
    in_group = "\n".join(sent.text for sent in everything if sent.conversation == ROOM)
    assert "T001" not in in_group
    assert "理发" not in in_group
    assert not any(name in in_group for name in NAMES)


def assert_task_kept(database: Database) -> None:
    with database.begin() as store:
        task = tasks.by_id(store, 1)
        pushed = {each.person_id for each in tasks.pushes(store, 1)}
        (claim,) = tasks.ever_claimed(store, 1)
        steps = [each.step for each in tasks.lines(store, 1)]
        minutes = hours.total(store, INVITED["he"])
    assert task is not None
    assert (task.orderer_id, task.state, task.rating, task.rated_words) == (
        "resident-3-501",
        TaskState.RATED,
        1,
        "手艺真好",
    )
    assert pushed == {INVITED[contact] for contact in BARBERS}
    assert (claim.person_id, claim.claimed_at, minutes) == (INVITED["he"], TUESDAY + timedelta(minutes=10), 40)
    assert [each for each in steps if each != Step.REMIND] == [
        Step.ORDER,
        Step.PUSH,
        Step.FILL,
        Step.DONE,
        Step.RATE,
    ]


# --- a wish -----------------------------------------------------------------------------------------------------


async def test_a_wish_from_the_group_to_the_thanks(
    gateway: Gateway, sqlite_database: Database, codes: dict[str, str], tmp_path: Path
) -> None:
    people_and_room(gateway)
    async with running(sqlite_database, gateway, tmp_path, Clock(TUESDAY)) as program:
        await met(gateway, codes)
        begun = len(gateway.sent())
        await wish(gateway)
        await program.wait_until(TUESDAY + timedelta(hours=1))
        posted = await heard(gateway, ROOM, "心愿W01(家电)", after=begun)
        assert PUBLIC_WISH in posted.text
        await claim(gateway)
        await program.wait_until(TUESDAY + timedelta(days=1))
        await answer(gateway, "tang", "送到 W01", "W01记下了")
        await heard(gateway, "sun", "您的心愿W01送到了", after=begun)
        await answer(gateway, "sun", "1", "W01实现了")
        await heard(gateway, "tang", "W01实现了,对方说了", after=begun)
        await heard(gateway, ROOM, "W01实现了,谢谢唐佳怡", after=begun)
        assert_wisher_private(gateway, begun)
    with sqlite_database.begin() as store:
        kept = wishes.by_id(store, 1)
        assert wishes.by_id(store, 2) is None
    assert kept is not None
    assert (kept.wisher_id, kept.claimed_by, kept.by_name) == (INVITED["sun"], INVITED["tang"], True)
    assert (kept.state, kept.words) == (WishState.FULFILLED, WISH)
    assert kept.address == "", "nobody needs it any more"


async def wish(gateway: Gateway) -> None:
    """Wished in the group; what everybody reads is written by staff."""
    before = len(gateway.sent())
    gateway.say("sun", f"@小善\u2005许个愿 {WISH}", room=ROOM, mentions=[BOT])
    await heard(gateway, ROOM, "好,我私下跟您说", after=before)
    await heard(gateway, "sun", "记下了,W01", after=before)
    review = await heard(gateway, "worker", "新心愿W01", after=before)
    assert WISH in review.text
    await answer(gateway, "tang", "认领 W01", "社区还没看过")
    await answer(gateway, "worker", f"通过 W01 {PUBLIC_WISH}", "W01通过了")
    await heard(gateway, "sun", "您的心愿W01通过了", after=before)


async def claim(gateway: Gateway) -> None:
    """Two claim it in the group in the same moment. The first hears where it goes once the wisher has said so."""
    before = len(gateway.sent())
    gateway.say("tang", "认领W01", room=ROOM)
    gateway.say("cao", "认领W01", room=ROOM)
    await heard(gateway, "tang", "W01归您了", after=before)
    await heard(gateway, "cao", "认领了", after=before)
    assert not said_to(gateway, "cao", "归您了")
    await answer(gateway, "tang", "1", "感谢里写上")
    await heard(gateway, "sun", "东西怎么给您", after=before)
    await answer(gateway, "sun", "2", "送到哪里")
    await answer(gateway, "sun", WISHERS_ADDRESS, "地址只发给认领的人")
    await heard(gateway, "tang", WISHERS_ADDRESS, after=before)
    assert any("W01有人认领了" in text for text in in_room(gateway, before))


def assert_wisher_private(gateway: Gateway, begun: int) -> None:
    """The address went to the claimer alone, the wisher's name to nobody."""
    everything = gateway.sent(since=begun)
    assert {sent.conversation for sent in everything if WISHERS_ADDRESS in sent.text} == {"tang"}
    assert not [sent for sent in everything if "孙桂兰" in sent.text]
    in_group = [sent for sent in everything if WISH in sent.text and sent.conversation == ROOM]
    assert not [sent for sent in in_group if "老人" not in sent.text]
