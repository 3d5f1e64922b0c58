"""The chat room's server side: what one tab says, who else hears it, and what is refused."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets

from bot.channels import ChannelStopped, Mention, NotConnected, Outgoing, SendFailed
from bot.channels.chat_room import ChatGroup, ChatRoom, Persona
from bot.channels.chat_room.people import by_role, initial
from bot.channels.chat_room.talk import LINES_KEPT, Pictures
from bot.channels.chat_room.upload import PHOTO_LIMIT
from handlers.messages import Incoming

PEOPLE = (
    Persona("wang", "王秀英", "居民"),
    Persona("li", "老李", "居民"),
    Persona("gridhead-1", "刘建国", "网格长(1–4号楼)"),
)
GROUP = "group:g1"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64
NOON = datetime(2026, 12, 2, 4, tzinfo=UTC)


class Program:
    """Stands for the program behind the channel: remembers what it received, and can be held up."""

    def __init__(self) -> None:
        self.received: list[Incoming] = []
        self.open = asyncio.Event()
        self.open.set()
        self.failure: BaseException | None = None

    async def receive(self, incoming: Incoming) -> bool:
        self.received.append(incoming)
        await self.open.wait()
        if self.failure:
            raise self.failure
        return True


class Tab:
    """One open page, without a browser."""

    def __init__(self, connection: websockets.ClientConnection) -> None:
        self._connection = connection

    async def next(self, kind: str) -> dict[str, Any]:
        """The next thing of this kind that the tab is told."""
        while True:
            told: dict[str, Any] = json.loads(await asyncio.wait_for(self._connection.recv(), 5))
            if told["type"] == kind:
                return told

    async def send(self, what: str | bytes) -> None:
        await self._connection.send(what)

    async def say(self, chat: str, text: str, line_id: str | None = None) -> str:
        line_id = line_id or str(uuid.uuid4())
        await self.send(json.dumps({"id": line_id, "chat": chat, "text": text}))
        return line_id

    async def closed(self) -> int | None:
        await asyncio.wait_for(self._connection.wait_closed(), 5)
        return self._connection.close_code


def chat_room(port: int = 0) -> ChatRoom:
    groups = (ChatGroup("g1", "天天向善", "幸福社区"),)
    return ChatRoom(host="127.0.0.1", port=port, personas=lambda: PEOPLE, groups=lambda: groups, clock=lambda: NOON)


@asynccontextmanager
async def running(room: ChatRoom, receive: Callable[[Incoming], Awaitable[bool]]) -> AsyncIterator[ChatRoom]:
    task = asyncio.create_task(room.run(receive))
    started = asyncio.create_task(room.started.wait())
    await asyncio.wait({task, started}, return_when=asyncio.FIRST_COMPLETED, timeout=5)
    try:
        yield room
    finally:
        started.cancel()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.fixture
async def program() -> Program:
    return Program()


@pytest.fixture
async def room(program: Program) -> AsyncIterator[ChatRoom]:
    async with running(chat_room(), program.receive) as running_room:
        yield running_room


@asynccontextmanager
async def tab(room: ChatRoom, who: str, origin: str | None = None) -> AsyncIterator[Tab]:
    address = room.address.replace("http", "ws") + f"socket?as={who}"
    async with websockets.connect(
        address, origin=websockets.Origin(origin or room.address[:-1]), proxy=None, max_size=None
    ) as opened:
        yield Tab(opened)


@asynccontextmanager
async def browser(room: ChatRoom) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Origin": room.address[:-1]}
    async with httpx.AsyncClient(base_url=room.address, headers=headers, trust_env=False) as client:
        yield client


def photo_form(who: str = "wang", chat: str = GROUP) -> dict[str, str]:
    return {"as": who, "name": "", "chat": chat, "id": str(uuid.uuid4())}


async def test_a_group_message_reaches_the_program_and_the_others(room: ChatRoom, program: Program) -> None:
    async with tab(room, "wang") as wang, tab(room, "li") as li:
        await li.next("welcome")
        line_id = await wang.say(GROUP, "@小善 电梯坏了\n老人下不了楼")
        heard = (await li.next("line"))["line"]
        await wang.next("kept")

    assert (heard["name"], heard["text"], heard["bot"]) == ("王秀英", "@小善 电梯坏了\n老人下不了楼", False)
    assert (heard["day"], heard["time"]) == ("12月2日(周三)", "12:00")
    assert program.received == [
        Incoming(
            channel="chat_room",
            account="chat_room",
            external_id=line_id,
            group="g1",
            group_name="天天向善",
            sender="wang",
            sender_name="王秀英",
            text="@小善 电梯坏了\n老人下不了楼",
            sent_at=NOON,
            received_at=NOON,
            mentions_bot=True,
        )
    ]


async def test_a_private_message_and_its_answer_stay_private(room: ChatRoom, program: Program) -> None:
    async with tab(room, "wang") as wang, tab(room, "li") as li:
        await li.next("welcome")
        await wang.say("private", "查 0001")
        await wang.next("kept")
        await room.send(Outgoing("chat_room", None, "wang", "0001 物业维修中"))
        assert (await wang.next("line"))["line"]["text"] == "0001 物业维修中"
        await room.send(Outgoing("chat_room", "g1", None, "大家好"))
        assert (await li.next("line"))["line"]["text"] == "大家好", "the first that Li hears"

    assert (program.received[0].group, program.received[0].mentions_bot) == (None, False)


async def test_who_joins_later_reads_what_was_said(room: ChatRoom) -> None:
    await room.send(Outgoing("chat_room", "g1", None, "本周六集市", (Mention("li", "老李"),)))
    await room.send(Outgoing("chat_room", None, "li", "约好了"))
    async with tab(room, "li") as li, tab(room, "wang") as wang:
        group, private = (await li.next("welcome"))["chats"]
        wangs_private = (await wang.next("welcome"))["chats"][1]

    assert [(line["text"], line["mentions"]) for line in group["lines"]] == [
        ("@老李 本周六集市", [{"id": "li", "name": "老李"}])
    ]
    assert [line["text"] for line in private["lines"]] == ["约好了"]
    assert wangs_private["lines"] == []


async def test_only_the_last_lines_are_kept(room: ChatRoom) -> None:
    for number in range(LINES_KEPT + 3):
        await room.send(Outgoing("chat_room", "g1", None, str(number)))
    async with tab(room, "li") as li:
        lines = (await li.next("welcome"))["chats"][0]["lines"]
    assert (len(lines), lines[0]["text"]) == (LINES_KEPT, "3")


async def test_the_tick_comes_after_the_program_has_the_message(room: ChatRoom, program: Program) -> None:
    program.open.clear()
    async with tab(room, "wang") as wang:
        first = await wang.say(GROUP, "一")
        second = await wang.say(GROUP, "二")
        assert (await wang.next("line"))["line"]["state"] == "new"
        assert (await wang.next("line"))["line"]["text"] == "二"
        assert [message.text for message in program.received] == ["一"], "one chat's messages go one by one"
        program.open.set()
        assert [(await wang.next("kept"))["id"] for _ in range(2)] == [first, second]


async def test_the_same_id_is_the_same_message(room: ChatRoom, program: Program) -> None:
    async with tab(room, "wang") as wang, tab(room, "li") as li:
        line_id = await wang.say(GROUP, "我家也是")
        await wang.next("kept")
        await wang.say(GROUP, "我家也是", line_id)
        await wang.next("kept")
        await li.say(GROUP, "冒充", line_id)
        assert "编号" in (await li.next("refused"))["reason"]
    assert [message.text for message in program.received] == ["我家也是"]


async def test_when_the_program_fails_the_sender_hears_so_and_may_try_again(
    room: ChatRoom, program: Program, caplog: pytest.LogCaptureFixture
) -> None:
    program.failure = OSError("disk full while writing 电话13800000000")
    async with tab(room, "wang") as wang:
        line_id = await wang.say(GROUP, "反映 电话13800000000")
        assert (await wang.next("refused"))["id"] == line_id
        program.failure = None
        await wang.say(GROUP, "反映 电话13800000000", line_id)
        await wang.next("kept")
    assert len(program.received) == 2
    assert "OSError" in caplog.text
    assert "13800000000" not in caplog.text


async def test_odd_characters_and_odd_frames_break_nothing(room: ChatRoom, program: Program) -> None:
    async with tab(room, "wang") as wang:
        for odd in ("", "{}", "[" * 10_000, b"\x00\xff", '{"id":"12345678","chat":"private","text":"\\ud800"}'):
            await wang.send(odd)
            assert (await wang.next("refused"))["id"] is None
        await wang.say(GROUP, "\x00 \x07\r")
        assert (await wang.next("refused"))["reason"] == "没有内容。"
        await wang.say(GROUP, "电梯\x00坏了\r\n\x1b[31m快来\u0085👍🏽\x7f")
        await wang.next("kept")
    assert [message.text for message in program.received] == ["电梯坏了\n[31m快来👍🏽"]


async def test_the_longest_text_is_taken_and_a_longer_one_refused(room: ChatRoom, program: Program) -> None:
    async with tab(room, "wang") as wang:
        await wang.say(GROUP, "字" * 200_000)
        await wang.next("kept")
        await wang.say(GROUP, "字" * 200_001)
        assert "太长" in (await wang.next("refused"))["reason"]
        await wang.say("group:other", "有人吗")
        assert "群" in (await wang.next("refused"))["reason"]
    assert len(program.received) == 1


async def test_a_photo_is_a_message_of_its_own(room: ChatRoom, program: Program) -> None:
    async with tab(room, "li") as li, browser(room) as wang:
        await li.next("welcome")
        answer = await wang.post("photos", data=photo_form(), files={"photo": ("x.png", PNG, "text/html")})
        heard = (await li.next("line"))["line"]
        shown = await wang.get(f"photos/{heard['picture']}")

    assert answer.status_code == 200
    (incoming,) = program.received
    assert incoming.text == ""
    assert incoming.fetch_photo is not None
    assert await incoming.fetch_photo() == PNG
    assert (shown.content, shown.headers["content-type"]) == (PNG, "image/png")
    assert shown.headers["x-content-type-options"] == "nosniff"


async def test_what_is_no_picture_goes_to_the_program_but_is_not_served(room: ChatRoom, program: Program) -> None:
    async with tab(room, "li") as li, browser(room) as wang:
        await wang.post("photos", data=photo_form(), files={"photo": ("x.png", b"<svg onload=alert(1)>", "image/png")})
        heard = (await li.next("line"))["line"]
    assert (heard["picture"], heard["file"], len(program.received)) == (None, True, 1)


async def test_a_photo_may_weigh_20_megabytes_and_not_more(room: ChatRoom, program: Program) -> None:
    async with browser(room) as wang:
        fits = PNG + b"\0" * (PHOTO_LIMIT - len(PNG))
        taken = await wang.post("photos", data=photo_form(), files={"photo": fits})
        one_more = await wang.post("photos", data=photo_form(), files={"photo": fits + b"\0"})
        far_more = await wang.post("photos", data=photo_form(), files={"photo": fits * 2})
    assert [answer.status_code for answer in (taken, one_more, far_more)] == [200, 413, 413]
    assert "20MB" in far_more.json()["problem"]
    assert len(program.received) == 1


async def test_a_form_without_a_photo_or_a_known_person_is_refused(room: ChatRoom, program: Program) -> None:
    async with browser(room) as client:
        answers = [
            await client.post("photos", data=photo_form()),
            await client.post("photos", files={"other": PNG}, data=photo_form()),
            await client.post("photos", files={"photo": b""}, data=photo_form()),
            await client.post("photos", files={"photo": PNG}, data=photo_form(who="nobody")),
            await client.post("photos", files={"photo": PNG}, data=photo_form(chat="group:other")),
            await client.post("photos", files={"photo": PNG}, data={**photo_form(), "id": "../x"}),
        ]
    assert {answer.status_code for answer in answers} == {400}
    assert program.received == []


async def test_the_bot_sends_photos_after_its_text(room: ChatRoom, tmp_path: Path) -> None:
    picture = tmp_path / "duty.png"
    picture.write_bytes(PNG)
    async with tab(room, "li") as li:
        await room.send(Outgoing("chat_room", "g1", None, "值班表", photos=(picture,)))
        assert (await li.next("line"))["line"]["text"] == "值班表"
        assert (await li.next("line"))["line"]["picture"]
    with pytest.raises(SendFailed):
        await room.send(Outgoing("chat_room", "g1", None, "值班表", photos=(tmp_path / "none.png",)))


async def test_an_unknown_group_is_refused_and_an_unknown_person_is_not(room: ChatRoom) -> None:
    with pytest.raises(SendFailed):
        await room.send(Outgoing("chat_room", "other", None, "大家好"))
    assert await room.send(Outgoing("chat_room", None, "new-resident-0001", "您好"))


async def test_pages_of_other_sites_are_kept_out(room: ChatRoom, program: Program) -> None:
    with pytest.raises(websockets.InvalidStatus):
        async with tab(room, "wang", origin="http://evil.example"):
            pass
    async with browser(room) as client:
        foreign = await client.post(
            "photos", data=photo_form(), files={"photo": PNG}, headers={"Origin": "http://evil.example"}
        )
        renamed = await client.get("/", headers={"Host": "evil.example"})
        page = await client.get("/?as=wang")
    assert (foreign.status_code, renamed.status_code) == (403, 403)
    assert page.headers["content-security-policy"].startswith("default-src 'self'")
    assert program.received == []


async def test_the_pages_without_a_script(room: ChatRoom) -> None:
    async with browser(room) as client:
        start = await client.get("/")
        unknown = await client.get("/?as=nobody")
        newcomer = await client.get("/new", params={"name": "  <b>小张 &\x00 "})
        welcomed = await client.get(newcomer.headers["location"])
        health = await client.get("/health")
        source = await client.get("/room.py")
    assert "刘建国" in start.text
    assert (unknown.status_code, source.status_code, health.text) == (404, 404, "ok")
    assert newcomer.headers["location"].startswith("./?as=new-resident-")
    assert "&lt;b&gt;小张 &amp;" in welcomed.text


async def test_somebody_who_is_gone_is_sent_back_to_the_start(room: ChatRoom) -> None:
    async with tab(room, "nobody") as nobody:
        assert await nobody.closed() == 4404


async def test_a_port_in_use_stops_the_channel_with_one_clear_line(room: ChatRoom, program: Program) -> None:
    port = httpx.URL(room.address).port
    assert port is not None
    with pytest.raises(ChannelStopped) as stopped:
        await chat_room(port).run(program.receive)
    assert "\n" not in str(stopped.value)
    assert str(port) in str(stopped.value)
    assert "换一个端口" in str(stopped.value)


async def test_it_stops_cleanly_with_tabs_open_and_a_message_under_way(
    program: Program, caplog: pytest.LogCaptureFixture
) -> None:
    program.open.clear()
    room = chat_room()
    running_room = asyncio.create_task(room.run(program.receive))
    await asyncio.wait_for(room.started.wait(), 5)
    async with tab(room, "wang") as wang, browser(room) as client:
        await wang.say(GROUP, "有人吗")
        photo = asyncio.create_task(client.post("photos", data=photo_form(), files={"photo": PNG}))
        for _ in range(2):
            await wang.next("line")
        running_room.cancel()
        assert await wang.closed() == 1012
        assert (await photo).status_code == 503
    await asyncio.wait({running_room}, timeout=5)
    assert running_room.cancelled()
    assert caplog.text == ""
    with pytest.raises(NotConnected):
        await room.send(Outgoing("chat_room", "g1", None, "大家好"))


async def test_what_was_under_way_at_a_stop_is_handed_on_when_the_room_runs_again(program: Program) -> None:
    program.open.clear()
    room = chat_room()
    async with running(room, program.receive), tab(room, "wang") as wang:
        line_id = await wang.say(GROUP, "有人吗")
        await wang.next("line")
    program.open.set()
    async with running(room, program.receive), tab(room, "wang") as wang:
        await wang.say(GROUP, "有人吗", line_id)
        assert (await wang.next("kept"))["id"] == line_id
    assert [message.external_id for message in program.received] == [line_id, line_id]


def test_pictures_are_forgotten_when_memory_is_used_up() -> None:
    pictures = Pictures(memory=len(PNG) * 2)
    first, second, third = (pictures.keep(PNG) for _ in range(3))
    assert first and second and third
    assert [pictures.get(name) is not None for name in (first, second, third)] == [False, True, True]
    pictures.drop(second)
    pictures.drop(second)
    assert pictures.keep(PNG)
    assert pictures.get(third)


def test_people_stand_under_their_role() -> None:
    other = Persona("sun", "孙丽", "网格长\uff085–9号楼\uff09")
    assert {word: len(personas) for word, personas in by_role([*PEOPLE, other]).items()} == {"居民": 2, "网格长": 2}


@pytest.mark.parametrize(("name", "shown"), [("王秀英", "王"), ("老李", "李"), ("小", "小"), ("", "?")])
def test_the_circle_shows_the_surname(name: str, shown: str) -> None:
    assert initial(name) == shown
