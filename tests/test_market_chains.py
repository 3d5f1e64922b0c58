"""Which chains are about an event, how long ones are taken over, and what talk about them costs."""

from datetime import datetime
from pathlib import Path

import pytest

from bot.desk import Desk, InlineDesk
from bot.intake import Intake
from bot.jobs import JOBS
from bot.photos import Photos
from community import Community
from community.market.outcomes import SignUpState
from community.rules import CHINA, Rules
from community.tree import Tree
from handlers import phrasebook
from handlers.conversation import Response, respond
from handlers.hearing.chain import is_another_name, may_be_chain, read_chain
from handlers.hearing.chain_topics import About, choose
from handlers.messages import Incoming
from storage import chains, sign_ups, tree
from storage.database import Database

NOW = datetime(2026, 12, 7, 9, 30, tzinfo=CHINA)
GROUP = "天天向善"
STALLS = ("量血压", "修家电", "缝补")
MARKET = About("雷锋集市", "文化广场", STALLS, datetime(2026, 12, 12, 9, tzinfo=CHINA))
LATER = About("雷锋集市", "文化广场", STALLS, datetime(2027, 1, 2, 9, tzinfo=CHINA))
LECTURE = About("讲座", "活动室", ("听讲",), datetime(2026, 12, 12, 14, tzinfo=CHINA))


def about(topic: str, *entries: str, events: tuple[About, ...] = (MARKET,)) -> int | None:
    lines = [f"{number}. {each}" for number, each in enumerate(entries or ("王姐", "老李"), start=1)]
    chain = read_chain("\n".join(["#接龙", topic, "", *lines]))
    assert chain is not None
    alone = len(events) == 1
    return choose(chain, events, phrasebook.load().words, NOW, alone=alone, home="幸福社区")


@pytest.mark.parametrize(
    "topic",
    [
        "12月12日雷锋集市志愿者",
        "集市来帮忙的接一下",
        "这周六的集市，截止12月10日",
        "幸福社区志愿者报名",
        "周六文化广场活动报名",
        "修家电还差两个人",
        "雷锋集市，顺便团购水果",
    ],
)
def test_a_chain_about_the_event(topic: str) -> None:
    assert about(topic) == 0


@pytest.mark.parametrize(
    "topic",
    [
        "团购鸡蛋",
        "春游报名",
        "12月13日雷锋集市",
        "11月7日集市志愿者",
        "广场舞活动报名",
        "血压计团购",
        "三号楼晚上聚餐",
        "",
    ],
)
def test_a_chain_about_something_else(topic: str) -> None:
    assert about(topic) is None


def test_entries_tell_where_the_topic_says_nothing_else() -> None:
    assert about("", "王姐 缝补", "老李 修电器") == 0
    assert about("旧衣服", "王姐 缝补", "老李 修电器") is None
    assert about("", "王姐 缝补", "老李", "小何", "钱姨") is None


def test_of_several_the_day_or_the_name_decides() -> None:
    assert about("1月2日雷锋集市", events=(MARKET, LATER, LECTURE)) == 1
    assert about("雷锋集市志愿者", events=(MARKET, LATER, LECTURE)) == 0
    assert about("12月12日讲座", events=(MARKET, LATER, LECTURE)) == 2
    assert about("志愿者报名", events=(MARKET, LECTURE)) is None


@pytest.mark.parametrize(
    ("name", "other", "different"),
    [
        ("老李", "赵晓梅", True),
        ("刘姐", "王建国", True),
        ("梅姐", "赵晓梅", False),
        ("静水流深", "赵晓梅", False),
        ("王秀英", "清荷", False),
        ("", "赵晓梅", False),
    ],
)
def test_who_writes_another_name_writes_somebody_else_in(name: str, other: str, different: bool) -> None:
    assert is_another_name(name, other) is different


def test_talk_is_no_chain_before_it_is_read() -> None:
    assert not may_be_chain("今天的菜真新鲜,谁一起拼车去市场看看" * 40)
    assert may_be_chain("#接龙\n集市")
    assert may_be_chain("#Group Note\nmarket")


@pytest.fixture
def grown(database: Database) -> Tree:
    with database.begin() as store:
        return Tree.grow(tree.all_nodes(store), tree.all_roles(store), tree.all_groups(store))


@pytest.fixture
def market(database: Database, grown: Tree) -> Database:
    """The demo community with a market on 12 December."""
    say(database, grown, "发起 雷锋集市 12月12日9点 文化广场", "worker")
    with database.begin() as store:
        community = Community.open(store, grown, Rules(), {"pipe": "pipe"})
        person = community.people.by_id("worker")
        assert person is not None
        community.market.opening.publish(1, person, NOW)
    return database


def say(database: Database, grown: Tree, text: str, person: str, group: str | None = None) -> Response:
    with database.begin() as store:
        community = Community.open(store, grown, Rules(), {"pipe": "pipe"})
        return respond(Incoming("pipe", "pipe", "m", group, person, person, text, NOW, NOW), community)


def long_chain(entries: int) -> str:
    names = [f"{number}. 王{chr(0x4E00 + number)} 缝补" for number in range(1, entries + 1)]
    return "\n".join(["#接龙\n12月12日雷锋集市\n", *names])


def test_five_hundred_entries_are_taken_over_and_one_more_is_said(market: Database, grown: Tree) -> None:
    response = say(market, grown, long_chain(500), "resident-1-201", GROUP)
    assert [each.key for each in response.replies] == ["market_chains.taken"]
    with market.begin() as store:
        rows = sign_ups.of_event(store, 1)
    assert [each.state for each in rows].count(SignUpState.HELD) == 3
    assert [each.place for each in rows][:4] == [1, 2, 3, None]
    assert len(rows) == 500
    response = say(market, grown, long_chain(501), "resident-1-201", GROUP)
    assert [each.key for each in response.replies] == ["market_chains.too_long"]
    with market.begin() as store:
        assert len(sign_ups.of_event(store, 1)) == 500


def test_a_chain_that_is_taken_over_keeps_its_keys(market: Database, grown: Tree) -> None:
    say(market, grown, long_chain(3), "resident-1-201", GROUP)
    with market.begin() as store:
        before = {each.text: each.key for each in chains.of_event(store, 1)[0].entries}
    say(market, grown, long_chain(4).replace("1. 王丁 缝补\n", ""), "resident-1-201", GROUP)
    with market.begin() as store:
        after = {each.text: each.key for each in chains.of_event(store, 1)[0].entries}
    assert {text: after.get(text) for text in before if text in after}.items() <= before.items()
    assert len(set(after.values())) == len(after)


@pytest.mark.parametrize(
    ("text", "group", "heard"),
    [
        ("#接龙\n12月12日雷锋集市\n\n1. 王姐 缝补", GROUP, True),
        ("#接龙\n团购鸡蛋\n\n1. 王姐 2份", GROUP, False),
        ("大家别忘了接龙", GROUP, False),
        ("#接龙\n12月12日雷锋集市\n\n1. 王姐 缝补", "没有绑定的群", False),
    ],
)
async def test_only_a_chain_about_an_event_is_heard_unasked(
    market: Database, tmp_path: Path, text: str, group: str, heard: bool
) -> None:
    desk = Desk(market, Rules(), {"pipe": "pipe"}, JOBS)
    desk.refresh()
    ear = Intake(InlineDesk(desk), desk.rules, Photos(tmp_path))
    incoming = Incoming("pipe", "pipe", "m1", group, "resident-3-501", "赵", text, NOW, NOW)
    assert await ear.receive(incoming) is heard
