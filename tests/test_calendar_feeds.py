"""The calendars' server, asked over a real socket as a calendar program asks."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import httpx
import icalendar
import pytest

from bot.calendar_feeds import NO_CALENDAR, NOT_NOW, ONLY_READING, CalendarFeeds, Find
from bot.web import CannotListen
from community.parts.calendar_entries import Entry
from community.parts.calendar_file import calendar

TOKEN = "Zx0-_" + "k" * 27
UNKNOWN = "Zx0-_" + "u" * 27
ADDRESS = f"/calendar/{TOKEN}.ics"


def file(sequence: int) -> bytes:
    """The booking as it is after so many changes."""
    entry = Entry(
        uid="booking-17@xiaoshan",
        sequence=sequence,
        begins=datetime(2026, 12, 9, 1, 20 + sequence, tzinfo=UTC),
        ends=datetime(2026, 12, 9, 1, 50, tzinfo=UTC),
        summary="代表接待",
        place="一号工作站",
        notes="",
        cancelled=False,
        changed_at=datetime(2026, 12, 1, sequence, tzinfo=UTC),
    )
    return calendar("我的预约", [entry], ZoneInfo("Asia/Shanghai"))


class Calendars:
    """Stands for the database: remembers what it was asked for, and can fail or take its time."""

    def __init__(self) -> None:
        self.files = {TOKEN: file(0)}
        self.asked: list[str] = []
        self.arrived = asyncio.Semaphore(0)
        self.failure: BaseException | None = None
        self.open = asyncio.Event()
        self.open.set()

    async def find(self, token: str) -> bytes | None:
        self.asked.append(token)
        self.arrived.release()
        await self.open.wait()
        if self.failure:
            raise self.failure
        return self.files.get(token)


@asynccontextmanager
async def running(find: Find) -> AsyncIterator[CalendarFeeds]:
    feeds = CalendarFeeds(find)
    task = asyncio.create_task(feeds.run())
    await asyncio.wait_for(feeds.started.wait(), 5)
    try:
        yield feeds
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.fixture
async def calendars() -> Calendars:
    return Calendars()


@pytest.fixture
async def program(calendars: Calendars) -> AsyncIterator[httpx.AsyncClient]:
    """A calendar program."""
    async with (
        running(calendars.find) as feeds,
        httpx.AsyncClient(base_url=feeds.address, trust_env=False) as client,
    ):
        yield client


# What a program gets


async def test_a_known_address_gives_the_file(calendars: Calendars, program: httpx.AsyncClient) -> None:
    answer = await program.get(ADDRESS)
    assert (answer.status_code, answer.content) == (200, calendars.files[TOKEN])
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert answer.headers["cache-control"] == "private, max-age=300"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"] == 'inline; filename="calendar.ics"'
    assert "server" not in answer.headers
    assert calendars.asked == [TOKEN]
    (event,) = icalendar.Calendar.from_ical(answer.content).walk("VEVENT")
    assert event["SUMMARY"] == "代表接待"


async def test_a_program_that_has_the_file_is_told_so_until_it_changes(
    calendars: Calendars, program: httpx.AsyncClient
) -> None:
    first = await program.get(ADDRESS)
    again = await program.get(ADDRESS, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert again.headers["cache-control"] == first.headers["cache-control"]

    calendars.files[TOKEN] = file(1)
    changed = await program.get(ADDRESS, headers={"If-None-Match": first.headers["etag"]})
    assert (changed.status_code, changed.content) == (200, file(1))
    assert changed.headers["etag"] != first.headers["etag"]


@pytest.mark.parametrize(
    ("known", "status"),
    [("W/{tag}", 304), ('"other", {tag}', 304), ("*", 304), ('"other"', 200), ("", 200), ("{tag}x", 200)],
)
async def test_ways_to_say_what_one_has(program: httpx.AsyncClient, known: str, status: int) -> None:
    tag = (await program.get(ADDRESS)).headers["etag"]
    answer = await program.get(ADDRESS, headers={"If-None-Match": known.replace("{tag}", tag)})
    assert answer.status_code == status


async def test_head_gives_the_headers_alone(program: httpx.AsyncClient) -> None:
    head, whole = await program.head(ADDRESS), await program.get(ADDRESS)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("etag", "content-type", "content-length", "cache-control"):
        assert head.headers[name] == whole.headers[name]


# What nobody gets


async def test_an_unknown_token_is_refused_in_plain_words(calendars: Calendars, program: httpx.AsyncClient) -> None:
    answer = await program.get(f"/calendar/{UNKNOWN}.ics")
    assert (answer.status_code, answer.text) == (404, NO_CALENDAR)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store", "the token may be known a minute later"
    assert calendars.asked == [UNKNOWN]
    assert (await program.head(f"/calendar/{UNKNOWN}.ics")).status_code == 404


async def test_a_stopped_calendar_is_gone_for_who_has_its_tag_too(
    calendars: Calendars, program: httpx.AsyncClient
) -> None:
    tag = (await program.get(ADDRESS)).headers["etag"]
    calendars.files.clear()
    assert (await program.get(ADDRESS, headers={"If-None-Match": tag})).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/calendar",
        "/calendar/",
        "/calendar/.ics",
        "/calendar/short.ics",
        f"/calendar/{TOKEN}",
        f"/calendar/{TOKEN}.ics/",
        f"/calendar/{TOKEN}%0A.ics",
        f"/calendar/{TOKEN}.ICS",
        f"/calendar/{'a' * 65}.ics",
        f"/calendar/{'a' * 4000}.ics",
        f"/calendar/{TOKEN[:-1]}%00.ics",
        f"/calendar/{TOKEN[:-1]}字.ics",
        f"/calendar/{TOKEN[:-1]}%FF.ics",
        f"/calendar/..%2F{TOKEN}.ics",
        f"/calendar/%2e%2e/{TOKEN}.ics",
    ],
)
async def test_what_is_no_token_is_not_even_looked_up(
    calendars: Calendars, program: httpx.AsyncClient, path: str
) -> None:
    answer = await program.get(path)
    assert (answer.status_code, answer.text, calendars.asked) == (404, NO_CALENDAR, [])


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"])
async def test_one_can_only_read(calendars: Calendars, program: httpx.AsyncClient, method: str) -> None:
    answer = await program.request(method, ADDRESS)
    assert (answer.status_code, answer.text, calendars.asked) == (405, ONLY_READING, [])
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}


# Running it


async def test_a_failure_is_answered_and_logged_without_the_token(
    calendars: Calendars, program: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    calendars.failure = OSError(f"no such row: {TOKEN}")
    answer = await program.get(ADDRESS)
    assert (answer.status_code, answer.text, answer.headers["retry-after"]) == (503, NOT_NOW, "300")
    assert "OSError" in caplog.text
    assert "in find" in caplog.text
    assert TOKEN not in caplog.text
    calendars.failure = None
    assert (await program.get(ADDRESS)).status_code == 200


async def test_no_log_names_a_token(
    calendars: Calendars, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    async with (
        running(calendars.find) as feeds,
        httpx.AsyncClient(base_url=feeds.address, trust_env=False) as client,
    ):
        statuses = [
            (await client.request(method, path)).status_code
            for method in ("GET", "HEAD", "POST")
            for path in (ADDRESS, f"/calendar/{UNKNOWN}.ics", f"/calendar/{TOKEN}")
        ]
    assert statuses == [200, 404, 404, 200, 404, 404, 405, 405, 404]
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
    assert TOKEN not in "".join(ours)
    assert UNKNOWN not in "".join(ours)
    assert capfd.readouterr() == ("", "")


async def test_many_programs_at_once_are_all_answered(calendars: Calendars, program: httpx.AsyncClient) -> None:
    calendars.open.clear()
    asking = [asyncio.create_task(program.get(ADDRESS)) for _ in range(20)]
    for _ in asking:
        await asyncio.wait_for(calendars.arrived.acquire(), 5)
    calendars.open.set()
    assert {(await answer).status_code for answer in asking} == {200}


async def test_it_stops_when_cancelled_and_its_port_is_free_again(calendars: Calendars) -> None:
    feeds = CalendarFeeds(calendars.find)
    task = asyncio.create_task(feeds.run())
    await asyncio.wait_for(feeds.started.wait(), 5)
    async with httpx.AsyncClient(base_url=feeds.address, trust_env=False) as client:
        assert (await client.get(ADDRESS)).status_code == 200
        task.cancel()
        await asyncio.wait({task}, timeout=5)
        assert task.cancelled()
        assert not feeds.started.is_set()
        with pytest.raises(httpx.ConnectError):
            await client.get(ADDRESS)


async def test_a_port_in_use_is_told(program: httpx.AsyncClient, calendars: Calendars) -> None:
    port = program.base_url.port
    assert port is not None
    with pytest.raises(CannotListen, match="in use"):
        await CalendarFeeds(calendars.find, port=port).run()
