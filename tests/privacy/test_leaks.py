"""Generated cases with phones, ID numbers, rooms and names, through every service: none of it leaves the private chats.

A hundred here, a thousand in the long run. Groups, logs, metrics, error pages and what is kept of errors are searched
for the very signs that were typed, and for the digits however they were written.
"""

import json
import logging
import os
import random
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import ahocorasick
import httpx
import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

import bot.desk
from bot.calendar_feeds import application
from bot.channels import pipe
from bot.delivery import Ledger
from bot.desk import Desk
from bot.jobs import JOBS
from bot.metrics import Metrics, Moment, read_figures
from bot.photos import Photos
from bot.simulate import Simulation
from community import Community
from community.rules import Rules
from handlers.conversation import Response, respond
from handlers.hearing.personal import find_personal
from handlers.messages import Incoming
from storage.database import Database
from storage.tables import inbox, outbox

CASES = 1_000 if os.environ.get("XIAOSHAN_LONG") == "1" else 100
START = datetime(2026, 12, 1, 1, tzinfo=UTC)
GROUP = "天天向善"
RESIDENTS = ("resident-3-501", "resident-1-201", "resident-5-101", "wxid_a", "wxid_b", "wxid_c", "wxid_d")
SURNAMES, GIVEN = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨", ("紫菡", "沐阳", "思齐", "若曦", "皓轩", "瑾瑜", "梓萱", "奕辰")
SPOKEN = str.maketrans("0123456789", "零幺二三四五六七八九")
WEIGHTS, CHECKS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2), "10X98765432"
_GAPS = re.compile(r"[\s\-.]")


@dataclass(frozen=True, slots=True)
class Somebody:
    """A made-up person: `signs` are what must not be told, however it was written."""

    name: str
    phone: str
    landline: str
    identity: str
    building: int
    unit: int
    room: str
    typed_phone: str
    typed_room: str
    secret: str

    @property
    def signs(self) -> tuple[str, ...]:
        return (
            self.name,
            self.phone,
            self.phone.translate(SPOKEN),
            self.landline,
            _GAPS.sub("", self.landline),
            self.identity,
            self.typed_room,
            f"{self.unit}单元{self.room}",
            f"{self.building}号楼{self.room}",
            f"{self.room}室",
            self.secret,
        )


def somebody(chance: random.Random, number: int) -> Somebody:
    phone = f"1{chance.choice('3578')}{chance.randrange(10**9):09}"
    building, unit, room = (
        chance.choice((1, 3, 5, 8)),
        chance.randrange(1, 4),
        f"{chance.randrange(1, 17)}0{chance.randrange(1, 5)}",
    )
    rooms = (
        f"{building}号楼{unit}单元{room}",
        f"{building}号楼{unit}单元{room}室",
        f"{building}栋{room}室",
        f"{building}-{unit}-{room}",
        f"{building}#{unit}-{room}",
    )
    phones = (phone, f"{phone[:3]} {phone[3:7]} {phone[7:]}", f"{phone[:3]}-{phone[3:7]}-{phone[7:]}", f"+86 {phone}")
    return Somebody(
        name=chance.choice(SURNAMES) + chance.choice(GIVEN),
        phone=phone,
        landline=f"0{chance.choice(('855', '758', '550'))}-{chance.randrange(2000000, 8999999)}",
        identity=identity(chance),
        building=building,
        unit=unit,
        room=room,
        typed_phone=chance.choice((*phones, phone.translate(SPOKEN))),
        typed_room=chance.choice(rooms),
        secret=f"密{number:04}语",
    )


def identity(chance: random.Random) -> str:
    """A number with the right check sign."""
    begin = f"{chance.choice(('441226', '522225', '220322'))}{chance.randrange(1940, 2005)}{chance.randrange(1, 13):02}"
    begin += f"{chance.randrange(1, 29):02}{chance.randrange(1000):03}"
    total = sum(int(digit) * weight for digit, weight in zip(begin, WEIGHTS, strict=True))
    return begin + CHECKS[total % 11]


Said = tuple[str, str | None, str]
"""Who, in which group if in any, what. 0000, T000, W00 and B000 stand for the number that was given last."""


def lines(chance: random.Random, who: str, one: Somebody) -> list[Said]:
    """What is said in one case, by the resident and by those who see to it."""
    place, phone, here = one.typed_room, one.typed_phone, chance.choice((GROUP, None))
    to_bot = "@小善 " if here else ""
    private = f"我老公打我,{one.secret}"
    stories: Sequence[list[Said]] = (
        [
            (who, here, f"{to_bot}反映 {place}漏水,我叫{one.name},电话{phone}"),
            (who, None, f"补充 0000 身份证{one.identity},家里电话{one.landline}"),
            ("gridhead-1", None, "接 0000"),
            ("gridhead-1", None, f"问 0000 {one.name}几点在家"),
            (who, None, f"下午,打{phone}"),
            ("gridhead-1", None, f"办结0000 给{one.name}打了{phone},在{place}换了阀门"),
            (who, None, f"没解决,{place}还漏,打{phone}"),
        ],
        [
            (who, here, f"{to_bot}反映 {place} {private},电话{phone}"),
            ("worker", None, "接 0000"),
            ("worker", None, f"办结0000 {one.secret} 已上门{place}"),
        ],
        [
            (who, here, f"{to_bot}匿名反映 {place}有人养鸡,{one.name}家,{phone}"),
            (who, GROUP, f"我家也是,{place},{phone}"),
            ("gridhead-1", None, f"退回 0000 找{one.name}的电话{phone}打不通 建议 社区"),
        ],
        [
            (who, here, f"{to_bot}点单 上门理发 明天上午,{place},电话{phone}"),
            (who, None, f"{place},{phone}"),
            ("volunteer-barber", None, "接单T000"),
            (who, None, f"取消T000 {one.name}不在家,{phone}"),
        ],
        [
            (who, here, f"{to_bot}许个愿 想要一台收音机,送到{place},我叫{one.name},电话{phone}"),
            ("worker", None, "通过 W00"),
            ("volunteer-hair", None, "认领 W00"),
            (who, None, "2"),
            (who, None, f"{place},{phone}"),
        ],
        [
            (who, here, f"{to_bot}约人大代表"),
            (who, None, "1"),
            (who, None, f"{private},{place},打{phone}"),
            ("deputy", None, "接待名单"),
        ],
        [
            (who, GROUP, f"#接龙\n雷锋集市\n\n1. {one.name} {phone}\n2. 老李 {place}"),
            (who, GROUP, f"@小善 报名 量血压 {one.name} {phone}"),
            (who, GROUP, f"@小善 更正 不是{place},是别的地方,{phone}"),
        ],
        [
            (who, GROUP, f"「小善:您的0000在办」\n- - - - - -\n还没来人,{place},打{phone}"),
            (who, GROUP, f"@小善 {place}的{one.name}身份证{one.identity}丢了怎么办"),
            (who, GROUP, f"{place}有快递,{phone},{one.name}收"),
            (who, None, f"我要当志愿者,我叫{one.name},电话{phone}"),
            (who, None, f"理发,{phone},住{place}"),
        ],
        [
            (who, GROUP, f"@小善 救命,{place}着火了,{phone}"),
            (who, None, f"{place},{one.name}"),
        ],
    )
    return list(stories[chance.randrange(len(stories))])


@dataclass(slots=True)
class Heard:
    """What went out, and the numbers that were given last."""

    groups: list[str] = field(default_factory=list)
    numbers: dict[str, str] = field(default_factory=lambda: {"0000": "0001", "T000": "T001", "W00": "W01"})

    def __call__(self, value: dict[str, Any]) -> None:
        text = value.get("text", "")
        if value.get("group"):
            self.groups.append(text)
            return
        for placeholder, form in (("0000", r"(?<!\d)0\d{3}(?=记下)"), ("T000", r"T\d{3}"), ("W00", r"W\d{2,}")):
            if found := re.findall(form, text):
                self.numbers[placeholder] = found[-1]


async def lived(database: Database, folder: Path, people: list[Somebody]) -> Heard:
    """All cases, half an hour after one another, in the order of a fixed chance."""
    chance, heard = random.Random(20261201), Heard()
    desk = Desk(database, Rules(), {pipe.NAME: pipe.NAME}, JOBS)
    simulation = Simulation(desk, Photos(folder / "photos"), Ledger(pipe.NAME, pipe.NAME, None), heard)
    number = 0
    for case in range(CASES):
        one = somebody(chance, case)
        people.append(one)
        who = chance.choice(RESIDENTS)
        at = START + timedelta(minutes=30 * case)
        for sender, group, text in lines(chance, who, one):
            number += 1
            for placeholder, given in heard.numbers.items():
                text = text.replace(placeholder, given)
            line: dict[str, Any] = {
                "at": (at + timedelta(seconds=10 * number % 1500)).isoformat(),
                "from": sender,
                "text": text,
            }
            line |= {"name": one.name if sender == who else "", "group": group}
            await simulation.play(pipe.parse(json.dumps(line)), number)
    return heard


def leaks(texts: Sequence[str], people: Sequence[Somebody]) -> Iterator[str]:
    """Every sign of somebody in any of these texts, as it is or with the gaps taken out."""
    signs = ahocorasick.Automaton()
    for one in people:
        for sign in one.signs:
            signs.add_word(sign, sign)
    signs.make_automaton()
    for text in texts:
        for form in (text, _GAPS.sub("", text)):
            for _, sign in signs.iter(form):
                yield f"{sign} in {text!r}"


_PRIVATE = select(outbox.c.text).where(outbox.c.group_external_id.is_(None))


async def test_nothing_personal_leaves(
    sqlite_database: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)

    def stumbling(incoming: Incoming, community: Community) -> Response:
        if zlib.crc32(incoming.text.encode()) % 17 == 0:
            raise ValueError(f"cannot do {incoming.text!r} of {incoming.sender_name}")
        return respond(incoming, community)

    monkeypatch.setattr(bot.desk, "respond", stumbling)
    people: list[Somebody] = []
    with capture_logs() as logged:
        heard = await lived(sqlite_database, tmp_path, people)
    assert heard.groups
    assert logged
    assert list(leaks(heard.groups, people)) == []
    assert list(leaks([json.dumps(each, ensure_ascii=False, default=str) for each in logged], people)) == []
    assert list(leaks([record.getMessage() for record in caplog.records], people)) == []
    with sqlite_database.begin() as store:
        errors = [each for each in store.connection.execute(select(inbox.c.error)).scalars() if each]
        said = store.connection.execute(select(outbox.c.text).where(outbox.c.group_external_id.is_not(None)))
        groups, figures = list(said.scalars()), read_figures(store, {(pipe.NAME, pipe.NAME): None}, START)
        reached = sum(bool(find_personal(text)) for text in store.connection.execute(_PRIVATE).scalars())
    assert errors
    assert reached > CASES  # they do reach those who may know
    assert list(leaks(errors, people)) == []
    assert [text for text in groups for each in find_personal(text) if each.kind in ("mobile", "id_card")] == []
    desk = Desk(sqlite_database, Rules(), {pipe.NAME: pipe.NAME}, ())
    moment = Moment(START, 0, 0, False, {}, {}, {}, figures)
    assert list(leaks([Metrics(desk.counts, lambda: moment).text().decode()], people)) == []


async def test_error_pages_repeat_nothing(caplog: pytest.LogCaptureFixture) -> None:
    one = somebody(random.Random(7), 7)

    async def find(token: str) -> bytes | None:
        raise ValueError(f"{one.name} {one.phone} {token}")

    caplog.set_level(logging.DEBUG)
    transport = httpx.ASGITransport(app=application(find), raise_app_exceptions=False)
    pages: list[str] = []
    with capture_logs() as logged:
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            for path in (f"/calendar/{one.phone}.ics", f"/{one.name}", f"/calendar/{'k' * 32}.ics?who={one.identity}"):
                answer = await client.get(path)
                assert answer.status_code >= 400
                pages += [answer.text, *(f"{name}: {value}" for name, value in answer.headers.items())]
    assert list(leaks(pages, [one])) == []
    assert list(leaks([json.dumps(each, ensure_ascii=False, default=str) for each in logged], [one])) == []
