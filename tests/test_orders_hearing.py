"""What is heard of an order: which service, for whom, where, when, how urgent; and what nobody may order."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.hearing.normalise import normalise
from handlers.hearing.orders import (
    Offered,
    Turned,
    Wanted,
    find_offered,
    hear_contact,
    hear_haste,
    hear_order,
    hear_window,
    rest_of_contact,
)
from handlers.tasks.menu import words

CHINA = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 12, 1, 9, 0, tzinfo=CHINA)  # a Tuesday
MENU = [
    Offered("上门理发", ("理发", "剪头发")),
    Offered("代买代取", ("跑腿", "买菜", "买药")),
    Offered("教用手机", ("教手机",)),
    Offered("陪同就医", ("陪老人", "陪诊", "陪聊")),
    Offered("水电小修", ("水电维修", "换灯泡")),
    Offered("搬东西", ("搬运",)),
    Offered("陪聊读报", ("陪老人", "陪诊", "陪聊")),
]


def heard(text: str) -> Wanted:
    return hear_order(normalise(text), MENU, words(), NOW)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("想请人上门理发", "上门理发"),
        ("能上门给我爸剪头发吗", "上门理发"),
        ("帮老人买药", "代买代取(买药)"),
        ("帮我取个快递,谢谢", "代买代取"),
        ("教我用手机", "教用手机"),
        ("教教老人视频通话", "教用手机(视频通话)"),
        ("陪我妈去医院周四上午", "陪同就医"),
        ("有人能陪我看病吗", "陪同就医"),
        ("想找人陪老人聊聊天", "陪聊读报"),
        ("幫我換個燈泡", "水电小修"),
        ("谁能帮我搬一下柜子", "搬东西"),
        ("帮我遛狗,明天下午", "遛狗"),
        ("请志愿者帮忙浇花,3号楼2单元501,13800138000", "浇花"),
        ("服务", ""),
        ("点单", ""),
        ("需要帮忙", ""),
        ("请人帮忙", ""),
    ],
)
def test_what(text: str, what: str) -> None:
    assert heard(text).what == what


@pytest.mark.parametrize(
    ("text", "whom"),
    [
        ("陪我妈去医院", "我妈"),
        ("帮老人买药", "老人"),
        ("教我爸用微信", "我爸"),
        ("替邻居买菜", "邻居"),
        ("想请人上门理发", ""),
        ("教我用手机", ""),
    ],
)
def test_for_whom(text: str, whom: str) -> None:
    assert heard(text).whom == whom


@pytest.mark.parametrize(
    ("text", "turned"),
    [
        ("借我点钱", Turned.MONEY),
        ("借我五百块", Turned.MONEY),
        ("帮我代付水费", Turned.MONEY),
        ("帮我还一下钱", Turned.MONEY),
        ("请人上门打针", Turned.DANGEROUS),
        ("来家里给老人输液", Turned.DANGEROUS),
        ("修一下煤气灶", Turned.DANGEROUS),
        ("擦外窗", Turned.DANGEROUS),
        ("陪我去医院打针", None),
        ("借我一把梯子", None),
        ("帮我买药", None),
        ("教我用手机付水费", None),
    ],
)
def test_what_nobody_may_order(text: str, turned: Turned | None) -> None:
    assert heard(text).turned is turned


@pytest.mark.parametrize(
    ("text", "two"), [("接送孩子放学", True), ("陪独居老人聊天", True), ("老人坐轮椅,想理发", True), ("理发", False)]
)
def test_nobody_goes_alone_to_who_is_frail(text: str, two: bool) -> None:
    assert heard(text).two is two


@pytest.mark.parametrize(
    ("text", "building", "address", "phone"),
    [
        ("3号楼2单元501,13800138000", 3, "3号楼2单元501", "13800138000"),
        ("3栋2-501 电话 138 0013 8000", 3, "3栋2-501", "138 0013 8000"),
        ("2单元501,0875-2123456", None, "2单元501", "0875-2123456"),
        ("5号楼", 5, "5号楼", ""),
        ("13800138000", None, "", "13800138000"),
        ("无", None, "", ""),
    ],
)
def test_where(text: str, building: int | None, address: str, phone: str) -> None:
    said = hear_contact(normalise(text))
    assert (said.building, said.address, said.phone, said.elsewhere) == (building, address, phone, "")


@pytest.mark.parametrize(
    ("text", "elsewhere"),
    [
        ("送到阳光社区3号楼501", "阳光社区"),
        ("我在阳光社区,想理发", "阳光社区"),
        ("我们社区3号楼", ""),
        ("陪我去社区医院", ""),
        ("送到社区服务中心", ""),
    ],
)
def test_other_communities(text: str, elsewhere: str) -> None:
    assert hear_contact(normalise(text)).elsewhere == elsewhere


@pytest.mark.parametrize(
    ("text", "rest"),
    [("幸福路12号院,电话13800138000", "幸福路12号院"), ("我的电话是13800138000", ""), ("501 13800138000", "501")],
)
def test_an_answer_without_its_phones_is_the_address(text: str, rest: str) -> None:
    assert rest_of_contact(normalise(text)) == rest


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("周四上午", "2026-12-03T08:00", "2026-12-03T12:00"),
        ("明天下午", "2026-12-02T12:00", "2026-12-02T18:00"),
        ("12月5日", "2026-12-05T08:00", "2026-12-05T21:00"),
        ("周末", "2026-12-05T08:00", "2026-12-06T21:00"),
        ("明天下午2点到4点", "2026-12-02T14:00", "2026-12-02T16:00"),
        ("明天下午3点", "2026-12-02T15:00", None),
    ],
)
def test_when(text: str, since: str, until: str | None) -> None:
    window = hear_window(normalise(text), NOW)
    assert window is not None
    found = [each.strftime("%Y-%m-%dT%H:%M") if each else None for each in window]
    assert found == [since, until]


def test_today_said_at_night_is_until_midnight() -> None:
    night = NOW.replace(hour=22)
    assert hear_window("今天", night) == (night, datetime(2026, 12, 2, tzinfo=CHINA))


@pytest.mark.parametrize(
    ("text", "haste"),
    [
        ("帮我买药,急", (True, False)),
        ("马上来人帮忙", (True, False)),
        ("帮我买药,不着急", (False, True)),
        ("随时都行", (False, True)),
        ("帮我买药", (False, False)),
    ],
)
def test_haste(text: str, haste: tuple[bool, bool]) -> None:
    assert hear_haste(normalise(text), words()) == haste


def test_an_empty_menu_offers_nothing() -> None:
    assert find_offered("理发", [], words().alike) is None


@given(st.text(max_size=200))
def test_any_text_is_heard_without_harm(text: str) -> None:
    wanted = heard(text)
    assert len(wanted.what) <= 60
    assert wanted.offered is None or 0 <= wanted.offered < len(MENU)


@given(st.from_regex(r"(想请人|帮我)?(理发|遛狗|买药),?1[3-9][0-9]{9}(,3号楼2单元501)?", fullmatch=True))
def test_what_is_ordered_never_has_a_phone_or_a_room_in_it(text: str) -> None:
    what = heard(text).what
    assert not any(sign.isdigit() for sign in what)
