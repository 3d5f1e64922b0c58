"""Calendars of the demo community, fetched over HTTP while receptions and bookings change; and who gets which link."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx
import icalendar
import pytest
import vobject
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import select

from bot import app, web
from bot.calendar_feeds import CalendarFeeds, Find
from bot.config import CalendarSettings, Channels, ChatRoomSettings, Settings
from bot.desk import Desk
from bot.worker import DeskWorker
from community import Community
from community.bookings.calendar import OnDuty
from community.bookings.outcomes import Booked
from community.people import Person
from community.refused import Refused
from community.rota import Reception
from community.rules import CHINA, Rules
from handlers.bookings import calendar
from handlers.messages import Incoming
from handlers.speaking.texts import in_words
from storage import calendar_feeds, rota
from storage.calendar_feeds import Feed
from storage.database import Database, Store
from storage.tables import ReceptionState, outbox
from tests.conftest import XINGFU
from tests.keys import KEYS, LINE

NOW = datetime(2026, 12, 1, 1, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
ADDRESS = "https://bot.example.cn/xiaoshan"
STATION, STREET_STATION = "xingfu-station", "heshun-station"
DEPUTY, OTHER_DEPUTY = OnDuty("deputy", "韩雪梅"), OnDuty("deputy-2", "沈光明")
MEDIATOR = OnDuty(None, "方静")
WORKER = Person("worker", "杨帆", "xingfu")
RESIDENTS = ("resident-1-201", "resident-3-501", "resident-5-101")
Result = TypeVar("Result")


@pytest.fixture
def desk(sqlite_database: Database) -> Desk:
    return desk_at(sqlite_database)


def desk_at(database: Database) -> Desk:
    """The demo community, its receptions planned."""
    made = Desk(database, Rules(calendar_address=ADDRESS), {"pipe": "pipe"})
    with made.transaction() as (_, community):
        community.rota.plan(NOW)
    return made


@dataclass(slots=True)
class Program:
    """The desk, the calendars' server and a calendar program, with a clock of its own."""

    worker: DeskWorker
    client: httpx.AsyncClient
    now: datetime = NOW

    async def do(self, function: Callable[[Community, datetime], Result]) -> Result:
        """Something happens, a minute after what happened last."""
        self.now += MINUTE
        return await self.worker.call(lambda _, community: function(community, self.now))

    async def fetch(self, token: str, known: str = "") -> httpx.Response:
        """What a calendar program gets that follows the link, and has the version of this tag."""
        return await self.client.get(f"/calendar/{token}.ics", headers={"If-None-Match": known} if known else {})


@pytest.fixture
async def program(desk: Desk) -> AsyncIterator[Program]:
    worker = DeskWorker(desk, after_commit=lambda: None)
    worker.start()
    clock: list[Program] = []

    async def find(token: str) -> bytes | None:
        return await worker.call(lambda _, community: calendar.file(token, community, clock[0].now))

    async with (
        serving(CalendarFeeds(find)) as feeds,
        httpx.AsyncClient(base_url=feeds.address, trust_env=False) as client,
    ):
        clock.append(Program(worker, client))
        yield clock[0]
    await worker.stop()


@asynccontextmanager
async def serving(feeds: CalendarFeeds) -> AsyncIterator[CalendarFeeds]:
    task = asyncio.create_task(feeds.run())
    await asyncio.wait_for(feeds.started.wait(), 5)
    try:
        yield feeds
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def person(community: Community, identity: str) -> Person:
    found = community.people.by_id(identity)
    assert found is not None
    return found


def receptions_of(community: Community, name: str) -> list[Reception]:
    """Planned ones of somebody on duty, in their order."""
    stations = [each.id for each in community.rota.all_stations()]
    store = community.bookings.ledger.store
    return [each for each in rota.between(store, stations, NOW, NOW + 60 * DAY) if each.person_name == name]


def book(community: Community, resident: str, reception: Reception, now: datetime, **values: Any) -> Booked:
    booked = community.bookings.booking.book(reception.id, person(community, resident), now, **values)
    assert isinstance(booked, Booked)
    return booked


def events(content: bytes) -> dict[str, Any]:
    """The events by their UID, after both parsers have read the file and found nothing wrong."""
    vobject.icalendar.registerTzid(CHINA.key, None)  # else it keeps the rules of the file that it read before
    second = vobject.readOne(content.decode())
    assert second.validate(raiseException=True)
    found = [each for each in icalendar.Calendar.from_ical(content).walk("VEVENT") if isinstance(each, icalendar.Event)]
    others = {each.uid.value: each for each in second.contents.get("vevent", [])}
    for event in found:
        other = others.pop(str(event["UID"]))
        assert (event["SUMMARY"], event["STATUS"]) == (other.summary.value, other.status.value)
        assert (event["SEQUENCE"], event.decoded("DTSTART")) == (int(other.sequence.value), other.dtstart.value)
    assert not others
    return {str(each["UID"]): each for each in found}


def only_event(answer: httpx.Response) -> Any:
    (event,) = events(answer.content).values()
    return event


# --- a station's feed -----------------------------------------------------------------------------------------


async def test_a_station_shows_what_is_planned_and_how_many_places_are_left(program: Program) -> None:
    token = await program.do(lambda community, now: community.bookings.calendar.link_of_station(STATION, now))
    first = await program.fetch(token)
    reception = (await program.do(lambda community, _: receptions_of(community, DEPUTY.name)))[0]
    event = events(first.content)[f"reception-{reception.id}@xiaoshan"]
    assert event["SUMMARY"] == "人大代表韩雪梅接待"
    assert event["LOCATION"] == "幸福社区工作站 幸福路12号社区服务中心一楼"
    assert (event.decoded("DTSTART"), event.decoded("DTEND")) == (reception.begins_at, reception.ends_at)
    assert event["DESCRIPTION"] == "一共6个号,还剩6个。要约请对小善说“预约”。请带身份证。"
    assert (event["STATUS"], event["SEQUENCE"]) == ("CONFIRMED", 0)
    assert (await program.fetch(token, first.headers["etag"])).status_code == 304

    await program.do(lambda community, now: book(community, RESIDENTS[0], reception, now))
    second = await program.fetch(token, first.headers["etag"])
    later = events(second.content)[f"reception-{reception.id}@xiaoshan"]
    assert "还剩5个" in later["DESCRIPTION"]
    assert later["SEQUENCE"] > event["SEQUENCE"]
    assert later.decoded("DTSTAMP") == program.now
    assert second.headers["etag"] != first.headers["etag"]


async def test_every_change_of_the_places_has_a_higher_sequence(program: Program) -> None:
    token = await program.do(lambda community, now: community.bookings.calendar.link_of_station(STATION, now))
    reception = (await program.do(lambda community, _: receptions_of(community, DEPUTY.name)))[0]
    booked = await program.do(lambda community, now: book(community, RESIDENTS[0], reception, now))
    seen: list[tuple[int, str]] = []

    async def look() -> None:
        event = events((await program.fetch(token)).content)[f"reception-{reception.id}@xiaoshan"]
        seen.append((event["SEQUENCE"], str(event["DESCRIPTION"])[:12]))

    await look()
    await program.do(lambda community, now: book(community, RESIDENTS[1], reception, now))
    await look()
    await program.do(
        lambda community, now: community.bookings.booking.cancel(
            booked.place.booking.id, person(community, RESIDENTS[0]), now
        )
    )
    await look()
    assert [words for _, words in seen] == ["一共6个号,还剩5个。要", "一共6个号,还剩4个。要", "一共6个号,还剩5个。要"]
    assert seen[0][0] < seen[1][0] < seen[2][0]


async def test_a_closed_reception_stays_as_a_cancelled_one(program: Program) -> None:
    token = await program.do(lambda community, now: community.bookings.calendar.link_of_station(STATION, now))
    first = await program.fetch(token)
    reception = (await program.do(lambda community, _: receptions_of(community, DEPUTY.name)))[0]
    day = reception.begins_at.astimezone(CHINA).date()
    await program.do(lambda community, now: community.rota.absent(WORKER, day, DEPUTY.name, now))

    second = await program.fetch(token, first.headers["etag"])
    before, after = events(first.content), events(second.content)
    uid = f"reception-{reception.id}@xiaoshan"
    assert (after[uid]["STATUS"], after[uid]["DESCRIPTION"]) == ("CANCELLED", "这次停接待。请带身份证。")
    assert after[uid]["SEQUENCE"] > before[uid]["SEQUENCE"]
    assert after[uid].decoded("DTSTAMP") > before[uid].decoded("DTSTAMP")
    assert before.keys() == after.keys()
    assert [name for name in before if before[name] != after[name]] == [uid]
    assert second.headers["etag"] != first.headers["etag"]


async def test_somebody_else_receives(program: Program) -> None:
    station = await program.do(lambda community, now: community.bookings.calendar.link_of_station(STATION, now))
    reception = (await program.do(lambda community, _: receptions_of(community, DEPUTY.name)))[0]
    booked = await program.do(lambda community, now: book(community, RESIDENTS[0], reception, now))
    own = await program.do(
        lambda community, now: community.bookings.calendar.link_of_booking(booked.place.booking, now)
    )
    before = [await program.fetch(token) for token in (station, own)]
    day = reception.begins_at.astimezone(CHINA).date()
    await program.do(lambda community, now: community.rota.swap(WORKER, day, DEPUTY.name, OTHER_DEPUTY.name, now))

    after = [await program.fetch(token) for token in (station, own)]
    for uid, old, new in zip(
        (f"reception-{reception.id}@xiaoshan", f"booking-{booked.place.booking.id}@xiaoshan"),
        before,
        after,
        strict=True,
    ):
        assert events(old.content)[uid]["SUMMARY"] == "人大代表韩雪梅接待"
        assert events(new.content)[uid]["SUMMARY"] == "政协委员沈光明接待"
        assert events(new.content)[uid]["SEQUENCE"] > events(old.content)[uid]["SEQUENCE"]
        assert new.headers["etag"] != old.headers["etag"]


async def test_what_was_long_ago_leaves_the_feed_and_what_is_new_comes(program: Program) -> None:
    token = await program.do(lambda community, now: community.bookings.calendar.link_of_station(STATION, now))
    first = events((await program.fetch(token)).content)
    assert len(first) > 3
    program.now = NOW + 45 * DAY
    await program.do(lambda community, now: community.rota.plan(now))
    begin = [event.decoded("DTSTART") for event in events((await program.fetch(token)).content).values()]
    assert min(begin) >= program.now - 30 * DAY
    assert min(begin) < program.now, "what was a few days ago stays"
    assert max(begin) > NOW + 60 * DAY


async def test_a_reception_that_is_over_says_so_once(program: Program, desk: Desk) -> None:
    token = await program.do(lambda community, now: community.bookings.calendar.link_of_station(STATION, now))
    reception = (await program.do(lambda community, _: receptions_of(community, DEPUTY.name)))[0]
    uid = f"reception-{reception.id}@xiaoshan"
    before = events((await program.fetch(token)).content)[uid]
    with desk.transaction() as (store, _):
        rota.change(store, reception.id, state=ReceptionState.OVER)
    after = events((await program.fetch(token)).content)[uid]
    assert (after["STATUS"], after["SEQUENCE"]) == ("CONFIRMED", before["SEQUENCE"] + 1)
    assert after["DESCRIPTION"].startswith("这次接待结束了。")
    assert after.decoded("DTSTAMP") == reception.ends_at


# --- a booking's file -----------------------------------------------------------------------------------------


async def test_a_booking_is_made_moved_and_cancelled(program: Program) -> None:
    receptions = await program.do(lambda community, _: receptions_of(community, DEPUTY.name))
    booked = await program.do(lambda community, now: book(community, RESIDENTS[0], receptions[0], now))
    first = booked.place.booking
    old = await program.do(lambda community, now: community.bookings.calendar.link_of_booking(first, now))
    made = await program.fetch(old)
    event = only_event(made)
    assert (event["UID"], event["STATUS"]) == (f"booking-{first.id}@xiaoshan", "CONFIRMED")
    assert event["SUMMARY"] == "人大代表韩雪梅接待"
    assert event["DESCRIPTION"].splitlines() == [
        f"预约编号{first.code},您是第1号。请带身份证。",
        f"来不了请对小善说“取消{first.code}”。",
    ]
    assert event.decoded("DTSTART") == first.starts_at
    assert event.decoded("DTEND") - event.decoded("DTSTART") == 20 * MINUTE
    (alarm,) = event.walk("VALARM")
    assert alarm.decoded("TRIGGER") == timedelta(hours=-2)

    moved = await program.do(
        lambda community, now: book(community, RESIDENTS[0], receptions[1], now, instead_of=first.id)
    )
    second = moved.place.booking
    gone = only_event(await program.fetch(old, made.headers["etag"]))
    assert (gone["UID"], gone["STATUS"]) == (event["UID"], "CANCELLED")
    assert gone["SEQUENCE"] > event["SEQUENCE"]
    assert gone["DESCRIPTION"] == f"预约编号{first.code},这次不用来了。"
    assert not gone.walk("VALARM")

    new = await program.do(lambda community, now: community.bookings.calendar.link_of_booking(second, now))
    held = only_event(await program.fetch(new))
    assert (held["UID"], held["STATUS"]) == (f"booking-{second.id}@xiaoshan", "CONFIRMED")
    assert held.decoded("DTSTART") == second.starts_at
    await program.do(
        lambda community, now: community.bookings.booking.cancel(second.id, person(community, RESIDENTS[0]), now)
    )
    cancelled = only_event(await program.fetch(new))
    assert (cancelled["STATUS"], cancelled["SEQUENCE"] > held["SEQUENCE"]) == ("CANCELLED", True)


async def test_a_booking_of_a_closed_reception_is_cancelled(program: Program) -> None:
    reception = (await program.do(lambda community, _: receptions_of(community, DEPUTY.name)))[0]
    booking = (await program.do(lambda community, now: book(community, RESIDENTS[0], reception, now))).place.booking
    token = await program.do(lambda community, now: community.bookings.calendar.link_of_booking(booking, now))
    day = reception.begins_at.astimezone(CHINA).date()
    await program.do(lambda community, now: community.rota.close(WORKER, None, day, STATION, now))
    assert only_event(await program.fetch(token))["STATUS"] == "CANCELLED"


async def test_a_turn_is_never_without_length(program: Program, desk: Desk) -> None:
    reception = (await program.do(lambda community, _: receptions_of(community, DEPUTY.name)))[0]
    with desk.transaction() as (store, _):
        rota.change(store, reception.id, places=500)
    booking = (await program.do(lambda community, now: book(community, RESIDENTS[0], reception, now))).place.booking
    token = await program.do(lambda community, now: community.bookings.calendar.link_of_booking(booking, now))
    event = only_event(await program.fetch(token))
    assert event.decoded("DTEND") - event.decoded("DTSTART") == MINUTE


# --- the feed of somebody on duty -----------------------------------------------------------------------------


async def test_somebody_on_duty_sees_how_many_come_until_somebody_else_receives(program: Program) -> None:
    tokens = await program.do(
        lambda community, now: [
            community.bookings.calendar.link_of_person(each, WORKER, now) for each in (DEPUTY, OTHER_DEPUTY)
        ]
    )
    reception = (await program.do(lambda community, _: receptions_of(community, DEPUTY.name)))[0]
    uid, day = f"duty-{reception.id}@xiaoshan", reception.begins_at.astimezone(CHINA).date()
    await program.do(lambda community, now: book(community, RESIDENTS[0], reception, now))
    before = [events((await program.fetch(token)).content) for token in tokens]
    assert (before[0][uid]["SUMMARY"], before[0][uid]["STATUS"]) == ("接待居民", "CONFIRMED")
    assert before[0][uid]["DESCRIPTION"] == "一共6个号,约了1人,候补0人。"
    assert uid not in before[1]

    await program.do(lambda community, now: community.rota.swap(WORKER, day, DEPUTY.name, OTHER_DEPUTY.name, now))
    after = [events((await program.fetch(token)).content) for token in tokens]
    assert (after[0][uid]["STATUS"], after[0][uid]["DESCRIPTION"]) == ("CANCELLED", "这次由别人接待。")
    assert after[0][uid]["SEQUENCE"] > before[0][uid]["SEQUENCE"]
    assert after[1][uid]["STATUS"] == "CONFIRMED"


async def test_somebody_known_by_name_alone_has_a_feed_too(program: Program) -> None:
    street = Person("admin", "罗静", "heshun-street")
    officer = await program.do(lambda community, _: person(community, "street"))
    token = await program.do(lambda community, now: community.bookings.calendar.link_of_person(MEDIATOR, officer, now))
    answer = await program.fetch(token)
    assert icalendar.Calendar.from_ical(answer.content)["X-WR-CALNAME"] == "方静的接待"
    planned = await program.do(lambda community, _: receptions_of(community, MEDIATOR.name))
    shown = {int(uid.removeprefix("duty-").removesuffix("@xiaoshan")) for uid in events(answer.content)}
    assert shown == {each.id for each in planned if each.begins_at < program.now + 60 * DAY}
    with pytest.raises(Refused):
        await program.do(lambda community, now: community.bookings.calendar.link_of_person(MEDIATOR, street, now))


# --- nothing of who booked ------------------------------------------------------------------------------------


class Undone(Exception):
    """Rolls a transaction back."""


@contextmanager
def undone(desk: Desk) -> Iterator[tuple[Store, Community]]:
    """A transaction of which nothing stays."""
    with suppress(Undone), desk.transaction() as opened:
        yield opened
        raise Undone


words = st.text("甲乙丙丁戊己庚辛壬癸", min_size=2, max_size=30)


@given(name=words, whom=words, reason=words, record=words)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nobody_reads_who_booked_or_why(desk: Desk, name: str, whom: str, reason: str, record: str) -> None:
    with undone(desk) as (_, community):
        resident = community.people.meet("pipe", f"wxid-{name}", name, NOW)
        reception = receptions_of(community, DEPUTY.name)[0]
        booked = community.bookings.booking.book(reception.id, resident, NOW, for_whom=whom)
        assert isinstance(booked, Booked)
        community.bookings.booking.give_reason(booked.place.booking.id, resident, reason, NOW)
        during = reception.begins_at + MINUTE
        community.bookings.day.record(booked.place.booking.id, person(community, "deputy"), record, during)
        calendars = community.bookings.calendar
        tokens = [
            calendars.link_of_station(STATION, NOW),
            calendars.link_of_person(DEPUTY, WORKER, NOW),
            calendars.link_of_booking(booked.place.booking, NOW),
        ]
        for token in tokens:
            content = calendar.file(token, community, during)
            assert content is not None
            shown = content.decode().replace("\r\n ", "")
            assert str(reception.id) in shown or str(booked.place.booking.id) in shown
            assert not [secret for secret in (name, whom, reason, record, resident.id) if secret in shown]


# --- tokens ---------------------------------------------------------------------------------------------------


async def test_tokens_are_long_different_and_stay_the_same(program: Program) -> None:
    def all_tokens(community: Community, now: datetime) -> list[str]:
        calendars = community.bookings.calendar
        stations = [calendars.link_of_station(each.id, now) for each in community.rota.all_stations()]
        on_duty = [calendars.link_of_person(each, WORKER, now) for each in calendars.on_duty_for(WORKER, now)]
        return stations + on_duty

    tokens = await program.do(all_tokens)
    assert len(tokens) > 5
    assert len(set(tokens)) == len(tokens)
    assert all(len(token) == 32 for token in tokens)
    assert not any(name in token for token in tokens for name in ("station", "deputy"))
    assert await program.do(all_tokens) == tokens
    assert {(await program.fetch(token)).status_code for token in tokens} == {200}


async def test_an_unknown_token_opens_nothing(program: Program) -> None:
    assert (await program.fetch("k" * 32)).status_code == 404


def test_the_token_that_was_there_first_counts(database: Database) -> None:
    feed, made = Feed("station", STATION), desk_at(database)
    with made.transaction() as (store, community):
        assert calendar_feeds.add(store, "a" * 32, feed, NOW) == "a" * 32
        assert calendar_feeds.add(store, "b" * 32, feed, NOW) == "a" * 32
        assert community.bookings.calendar.link_of_station(STATION, NOW) == "a" * 32
    with made.transaction() as (_, community):
        assert community.bookings.calendar.link_of_station(STATION, NOW) == "a" * 32


def test_both_databases_make_the_same_calendars(database: Database) -> None:
    with desk_at(database).transaction() as (_, community):
        reception = receptions_of(community, DEPUTY.name)[0]
        booked = book(community, RESIDENTS[0], reception, NOW + MINUTE).place.booking
        calendars = community.bookings.calendar
        made = {
            f"reception-{reception.id}@xiaoshan": calendars.link_of_station(STATION, NOW),
            f"duty-{reception.id}@xiaoshan": calendars.link_of_person(DEPUTY, WORKER, NOW),
            f"booking-{booked.id}@xiaoshan": calendars.link_of_booking(booked, NOW),
        }
        for uid, token in made.items():
            event = events(calendar.file(token, community, NOW) or b"")[uid]
            assert event.decoded("DTSTAMP") == NOW + MINUTE
            assert event["SEQUENCE"] == (0 if uid.startswith("booking") else 1)


def test_the_link_leads_to_where_calendars_are_served(desk: Desk) -> None:
    with desk.transaction() as (_, community):
        assert community.bookings.calendar.address("a" * 32) == f"{ADDRESS}/calendar/{'a' * 32}.ics"


# --- who gets which link --------------------------------------------------------------------------------------


@dataclass(slots=True)
class Talk:
    """What people say privately, and what they hear."""

    desk: Desk
    said: int = 0

    def __call__(self, who: str, text: str, group: str | None = None) -> list[str]:
        self.said += 1
        now = NOW + self.said * MINUTE
        incoming = Incoming(
            channel="pipe",
            account="pipe",
            external_id=f"m{self.said}",
            group=group,
            sender=who,
            sender_name=who,
            text=text,
            sent_at=now,
            received_at=now,
        )
        with self.desk.transaction() as (store, _):
            known = set(store.connection.execute(select(outbox.c.id)).scalars())
        self.desk.handle([incoming])
        with self.desk.transaction() as (store, _):
            rows = store.connection.execute(select(outbox.c.id, outbox.c.text).order_by(outbox.c.id))
            return [row.text for row in rows if row.id not in known]


@pytest.fixture
def talk(desk: Desk) -> Talk:
    return Talk(desk)


def address_in(words: str) -> str:
    """The token of the only link in an answer."""
    assert words.count(ADDRESS) == 1, words
    return words.split("/calendar/")[1].split(".ics")[0]


def kind_of(desk: Desk, token: str) -> Feed:
    with desk.transaction() as (store, _):
        found = calendar_feeds.find(store, token)
    assert found is not None
    return found


def test_a_resident_gets_the_links_of_their_own_bookings(talk: Talk, desk: Desk) -> None:
    with desk.transaction() as (_, community):
        receptions = receptions_of(community, DEPUTY.name)
        first = book(community, RESIDENTS[0], receptions[0], NOW).place.booking
        book(community, RESIDENTS[1], receptions[0], NOW)
    (said,) = talk(RESIDENTS[0], "加到日历")
    assert said.startswith(f"{first.code} 12月10日(周四)09:00人大代表韩雪梅:{ADDRESS}/calendar/")
    assert said.endswith("用手机浏览器打开,就加到日历里。链接是您自己的,别转发。")
    assert kind_of(desk, address_in(said)) == Feed("booking", str(first.id))
    (other,) = talk(RESIDENTS[1], "订阅日历")
    assert address_in(other) != address_in(said)
    assert talk(RESIDENTS[2], f"日历 {first.code}") == ["没有这个预约号,请再看一下。"]
    assert talk(RESIDENTS[0], f"日历 {first.code}") == [said]


def test_who_has_nothing_gets_the_stations(talk: Talk, desk: Desk) -> None:
    (said,) = talk(RESIDENTS[2], "订阅日历")
    *stations, how = said.splitlines()
    assert [line.split(":")[0] for line in stations] == ["第二网格服务点", "和顺街道工作站", "幸福社区工作站"]
    assert how == "在手机日历里添加“订阅日历”,粘贴链接,接待有变动会自动改。"
    (one,) = talk(RESIDENTS[2], "订阅日历 幸福社区工作站")
    assert kind_of(desk, address_in(one)) == Feed("station", STATION)
    (short,) = talk(RESIDENTS[2], "日历 和顺街道")
    assert kind_of(desk, address_in(short)) == Feed("station", STREET_STATION)


def test_who_only_waits_has_no_turn_to_keep(talk: Talk, desk: Desk) -> None:
    with desk.transaction() as (store, community):
        reception = receptions_of(community, DEPUTY.name)[0]
        rota.change(store, reception.id, places=1)
        book(community, RESIDENTS[0], reception, NOW)
        waits = community.bookings.booking.book(reception.id, person(community, RESIDENTS[1]), NOW).place
        assert calendar.link_to(waits, community, NOW) == []
    assert talk(RESIDENTS[1], f"日历 {waits.booking.code}") == [
        f"{waits.booking.code}现在没有号,加不了日历。回“我的预约”看看。"
    ]


def test_somebody_on_duty_gets_their_own(talk: Talk, desk: Desk) -> None:
    (said,) = talk("deputy", "日历")
    assert said.startswith(f"您的接待日历:{ADDRESS}/calendar/")
    assert kind_of(desk, address_in(said)) == Feed("person", "deputy")
    assert talk("deputy", "订阅日历 韩雪梅") == [said]


def test_only_the_workers_get_somebody_elses(talk: Talk, desk: Desk) -> None:
    (given,) = talk("worker", "日历 沈光明")
    assert given.startswith(f"沈光明的接待日历:{ADDRESS}/calendar/")
    assert kind_of(desk, address_in(given)) == Feed("person", "deputy-2")
    (by_title,) = talk("worker", "订阅日历 沈委员")
    assert by_title == given
    for nosy in (RESIDENTS[0], "deputy"):
        assert talk(nosy, "日历 沈光明") == ["沈光明的接待日历只给本人和工作站的人。想看什么时候接待,回“值班表”。"]


def test_in_a_group_the_link_comes_privately(talk: Talk, desk: Desk) -> None:
    group = next(each for each in desk.tree.groups.values() if each.channel == "pipe")
    private_last = talk(RESIDENTS[2], "小善 订阅日历 幸福社区工作站", group.external_id)
    assert [ADDRESS in words for words in private_last] == [False, True]
    with desk.transaction() as (store, _):
        rows = list(store.connection.execute(select(outbox.c.to_external_id, outbox.c.text)))
    assert {to for to, text in rows if ADDRESS in text} == {RESIDENTS[2]}


def test_without_an_address_it_says_so(talk: Talk, desk: Desk) -> None:
    desk.rules = Rules()
    assert talk(RESIDENTS[0], "加到日历") == ["日历还没有开通。约好的时间我会提前提醒您,随时回“我的预约”也能看。"]
    with desk.transaction() as (_, community):
        place = book(community, RESIDENTS[0], receptions_of(community, DEPUTY.name)[0], NOW).place
        assert calendar.link_to(place, community, NOW) == []


def test_a_confirmation_can_have_the_link(desk: Desk) -> None:
    with desk.transaction() as (_, community):
        place = book(community, RESIDENTS[0], receptions_of(community, DEPUTY.name)[0], NOW).place
        (reply,) = calendar.link_to(place, community, NOW)
        line = in_words(reply.key, community, **reply.values)
    assert line.startswith(f"加到日历:{ADDRESS}/calendar/")
    assert kind_of(desk, address_in(line)) == Feed("booking", str(place.booking.id))


# --- the running program --------------------------------------------------------------------------------------


def settings_of(folder: Path, port: int) -> Settings:
    return Settings(
        database=f"sqlite:///{folder / 'xingfu.db'}",
        data=folder,
        keys=SecretStr(LINE),
        community=XINGFU,
        channels=Channels(chat_room=ChatRoomSettings(port=0)),
        calendar=CalendarSettings(port=port, address=ADDRESS),
    )


async def test_the_program_serves_what_it_gives_links_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configured = settings_of(tmp_path, 0)
    database = app.open_database(configured.database, KEYS, configured.community, NOW)
    with Desk(database, app.rules_of(configured), {}).transaction() as (_, community):
        calendars = community.bookings.calendar
        address = calendars.address(calendars.link_of_station(STATION, NOW))
    database.close()
    made: asyncio.Queue[CalendarFeeds] = asyncio.Queue()

    def make(find: Find, *, host: str, port: int) -> CalendarFeeds:
        feeds = CalendarFeeds(find, host=host, port=port)
        made.put_nowait(feeds)
        return feeds

    monkeypatch.setattr(app, "CalendarFeeds", make)
    running = asyncio.create_task(app.run(configured, lambda _: None))
    feeds = await asyncio.wait_for(made.get(), 30)
    await asyncio.wait_for(feeds.started.wait(), 30)
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(address.replace(ADDRESS, feeds.address))
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    assert answer.status_code == 200
    assert icalendar.Calendar.from_ical(answer.content)["X-WR-CALNAME"] == "幸福社区工作站接待安排"


async def test_a_port_in_use_stops_the_start_with_plain_words(tmp_path: Path) -> None:
    with web.listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(app.StartRefused, match=f"日历打不开:http://127.0.0.1:{port} 不能用"):
            await asyncio.wait_for(app.run(settings_of(tmp_path, port), lambda _: None), 30)


def test_links_begin_with_the_address_of_the_settings(tmp_path: Path) -> None:
    configured = settings_of(tmp_path, 0)
    assert app.rules_of(configured).calendar_address == ADDRESS
    assert app.rules_of(configured.model_copy(update={"calendar": None})).calendar_address == ""
