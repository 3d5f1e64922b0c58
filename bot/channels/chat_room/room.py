"""The chat room as a channel: people's tabs on one side, the program on the other."""

import asyncio
import json
import logging
import socket
import traceback
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import jinja2
from pydantic import BaseModel, Field, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from bot import web
from bot.channels import ChannelStopped, NotConnected, Outgoing, Receive, SendFailed
from bot.channels.chat_room import people, upload
from bot.channels.chat_room.people import ChatGroup, Persona
from bot.channels.chat_room.serving import Guard
from bot.channels.chat_room.talk import Chat, Line, Pictures
from handlers.messages import Incoming

TEXT_LIMIT = 200_000
SOCKET_LIMIT = 4 * 1024 * 1024
"""Bytes of one message on the socket: the longest text that is accepted, however it is escaped."""

PRIVATE = "private"
NOT_KEPT = "没有送到,请再发一次。"

_LINE_ID = r"^[0-9A-Za-z-]{8,64}$"
_NOBODY = 4404
"""The socket's closing code for a person who is no longer here; the page goes back to its start."""

_HERE = Path(__file__).parent
_FILES = {"chat_room.css": "text/css", "chat_room.js": "text/javascript", "icon.svg": "image/svg+xml"}
_PAGES = jinja2.Environment(loader=jinja2.FileSystemLoader(_HERE), autoescape=True, undefined=jinja2.StrictUndefined)

_log = logging.getLogger(__name__)


class Said(BaseModel):
    """What a tab sends over the socket. The id is the tab's own: the same id is the same message."""

    id: str = Field(pattern=_LINE_ID)
    chat: str
    text: str


class NotTaken(Exception):
    """Words for the person whose message is not taken."""


class Tab:
    """One open page. What it is told waits in a queue, so that a slow browser holds up nobody."""

    def __init__(self, person: Persona) -> None:
        self.person = person
        self._waiting: asyncio.Queue[str] = asyncio.Queue()

    def tell(self, what: str) -> None:
        """Puts the words in the queue."""
        self._waiting.put_nowait(what)

    async def write_to(self, websocket: WebSocket) -> None:
        """Writes the queue to the browser until it is gone."""
        # RuntimeError is how starlette and uvicorn say that the socket closed between two writes
        with suppress(WebSocketDisconnect, RuntimeError):
            while True:
                await websocket.send_text(await self._waiting.get())


class ChatRoom:
    """The channel. Every person is in every group; a private chat is seen by its person only."""

    name = "chat_room"

    def __init__(
        self,
        *,
        host: str,
        port: int,
        personas: Callable[[], Sequence[Persona]],
        groups: Callable[[], Sequence[ChatGroup]],
        clock: Callable[[], datetime],
        bot_name: str = "小善",
        account: str = "chat_room",
        announce: Callable[[str], None] = _log.info,
        zone: tzinfo = ZoneInfo("Asia/Shanghai"),  # noqa: B008 — immutable
    ) -> None:
        """`announce` is told where the room is once it is open; `zone` is what times are shown in."""
        self.started = asyncio.Event()
        self._host, self._port = host, port
        self._personas, self._groups, self._clock = personas, groups, clock
        self._bot = Persona("bot", bot_name, "")
        self._account, self._announce, self._zone = account, announce, zone
        self._receive: Receive | None = None
        self._tabs: set[Tab] = set()
        self._chats: dict[str, Chat] = {}
        self._pictures = Pictures()
        self._being_handed_on: set[asyncio.Task[None]] = set()

    @property
    def address(self) -> str:
        """Where to open the room; with port 0 it is known once `started` is set."""
        return web.address(self._host, self._port)

    async def run(self, receive: Receive) -> None:
        """Serves the page until cancelled. Raises `ChannelStopped` when the port cannot be had."""
        listener = self._listen()
        self._port = listener.getsockname()[1]
        self._receive = receive
        guarded = Guard(self._application(), self._host)
        server = web.Server(guarded, self._open, self._close, socket_limit=SOCKET_LIMIT)
        try:
            await server.serve_until_cancelled(listener)
        finally:
            self._close()
            await asyncio.gather(*self._being_handed_on, return_exceptions=True)

    def _listen(self) -> socket.socket:
        """The room's socket. Raises `ChannelStopped` with one line that says what to change."""
        place = f"{self._host}:{self._port}"
        try:
            return web.listen(self._host, self._port)
        except web.CannotListen as problem:
            raise ChannelStopped(
                f"聊天室打不开:{place} 不能用({problem}),可能已有程序占用,请换一个端口。"
                f"The chat room cannot listen on {place} ({problem}): choose another port."
            ) from problem

    async def send(self, outgoing: Outgoing) -> str | None:
        """Shows the bot's words, then its photos. Raises `NotConnected` and `SendFailed`."""
        if not self.started.is_set():
            raise NotConnected("the chat room is not open")
        try:
            photos = [await asyncio.to_thread(path.read_bytes) for path in outgoing.photos]
        except OSError as error:
            raise SendFailed(f"a photo cannot be read: {error.strerror}") from error
        chat = self._chat_for(outgoing)
        mentions = tuple((mention.external_id, mention.name) for mention in outgoing.mentions)
        text = " ".join([*(f"@{name}" for _, name in mentions), outgoing.text])
        lines = [self._line(self._bot, text=text, mentions=mentions)] if text else []
        lines += [self._photo_line(self._bot, photo) for photo in photos]
        for line in lines:
            self._show(chat, line)
        return lines[0].id if lines else None

    # The pages

    def _application(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/", self._page),
                Route("/new", self._new_resident),
                Route("/health", self._health),
                Route("/photos", self._take_photo, methods=["POST"]),
                Route("/photos/{name}", self._photo),
                Route("/{file}", self._file),
                WebSocketRoute("/socket", self._socket),
            ]
        )

    async def _page(self, request: Request) -> Response:
        """The chat for the person that the address names, and the choice of persons without one."""
        asked = request.query_params.get("as", "")
        person = self._person(asked, request.query_params.get("name", ""))
        if person:
            return self._render("chat.html", me=person, bot=self._bot, text_limit=TEXT_LIMIT)
        roles = people.by_role(self._personas())
        page = self._render("start.html", roles=roles, bot=self._bot, not_found=bool(asked))
        page.status_code = 404 if asked else 200
        return page

    @staticmethod
    def _render(template: str, **values: object) -> HTMLResponse:
        limits = {"photo_limit": upload.PHOTO_LIMIT, "nickname_length": people.NICKNAME_LENGTH}
        html = _PAGES.get_template(template).render(**values, **limits)
        return HTMLResponse(html, headers={"Cache-Control": "no-store"})

    async def _new_resident(self, request: Request) -> Response:
        """Gives a newcomer an id; it stays in the address, so that a reload is the same person."""
        nickname = people.plain(request.query_params.get("name", ""))
        return RedirectResponse("./?" + urlencode({"as": people.new_resident_id(), "name": nickname}), 303)

    @staticmethod
    async def _health(_: Request) -> Response:
        return PlainTextResponse("ok")

    @staticmethod
    async def _file(request: Request) -> Response:
        name = request.path_params["file"]
        if name not in _FILES:
            return PlainTextResponse("没有这个页面", status_code=404)
        content = await asyncio.to_thread((_HERE / name).read_bytes)
        return Response(content, media_type=_FILES[name], headers={"Cache-Control": "no-cache"})

    async def _photo(self, request: Request) -> Response:
        found = self._pictures.get(request.path_params["name"])
        if found is None:
            return PlainTextResponse("照片已经不在了", status_code=404)
        media_type, content = found
        return Response(content, media_type=media_type, headers={"Cache-Control": "private, no-store"})

    # What people say

    async def _socket(self, websocket: WebSocket) -> None:
        person = self._person(websocket.query_params.get("as", ""), websocket.query_params.get("name", ""))
        await websocket.accept()
        if person is None:
            await websocket.close(_NOBODY)
            return
        tab = Tab(person)
        tab.tell(self._welcome(person))
        self._tabs.add(tab)
        writing = asyncio.create_task(tab.write_to(websocket))
        try:
            while (message := await websocket.receive())["type"] == "websocket.receive":
                self._hear(tab, message.get("text") or "")
        finally:
            self._tabs.discard(tab)
            writing.cancel()
            await asyncio.wait({writing})

    def _welcome(self, person: Persona) -> str:
        chats = [self._chat_shown(f"group:{group.id}", group.name, group.about) for group in self._groups()]
        private = self._chat_shown(f"{PRIVATE}:{person.id}", self._bot.name, "私聊,只有您和小善看得到")
        names = [persona.name for persona in self._personas()]
        return _as_json("welcome", chats=[*chats, {**private, "key": PRIVATE}], names=names)

    def _chat_shown(self, key: str, name: str, about: str) -> dict[str, Any]:
        chat = self._chats.get(key)
        lines = [line.shown(self._zone) for line in chat.lines] if chat else []
        return {"key": key, "name": name, "about": about, "lines": lines}

    def _hear(self, tab: Tab, raw: str) -> None:
        """Takes one message from the socket; everything is stamped here, before anybody waits."""
        try:
            said = Said.model_validate_json(raw)
        except ValidationError:
            tab.tell(_as_json("refused", id=None, reason="这条消息没看懂,请再发一次。"))
            return
        try:
            self._say(tab.person, said)
        except NotTaken as refused:
            tab.tell(_as_json("refused", id=said.id, reason=str(refused)))

    def _say(self, person: Persona, said: Said) -> None:
        text = people.plain(said.text).strip()
        if not text:
            raise NotTaken("没有内容。")
        if len(text) > TEXT_LIMIT:
            raise NotTaken("这条太长了,最多20万字,请分几次发。")
        chat, group = self._chat_of(person, said.chat)
        line = self._earlier(chat, person, said.id)
        if line is None:
            line = self._line(person, text=text, line_id=said.id)
            self._show(chat, line)
        self._hand_on(chat, line, self._incoming(line, group))

    async def _take_photo(self, request: Request) -> Response:
        """Takes a photo and answers when the program has it."""
        try:
            uploaded = await upload.read_upload(request)
            handing_on = self._say_photo(uploaded)
        except upload.TooLarge:
            return _problem(413, "照片太大了,最多20MB,请换一张小一点的。")
        except (upload.NotAPhotoForm, ValidationError):
            return _problem(400, "没有收到照片,请再发一次。")
        except NotTaken as refused:
            return _problem(400, str(refused))
        if handing_on:
            await asyncio.wait({handing_on})
            if handing_on.cancelled() or handing_on.exception():
                return _problem(503, NOT_KEPT)
        return JSONResponse({"ok": True})

    def _say_photo(self, uploaded: upload.Upload) -> asyncio.Task[None] | None:
        fields = uploaded.fields
        said = Said(id=fields.get("id", ""), chat=fields.get("chat", ""), text="")
        person = self._person(fields.get("as", ""), fields.get("name", ""))
        if person is None:
            raise NotTaken("没有找到您,请重新选择您是谁。")
        if not uploaded.photo:
            raise NotTaken("照片是空的,请再选一次。")
        chat, group = self._chat_of(person, said.chat)
        line = self._earlier(chat, person, said.id)
        if line is None:
            line = self._photo_line(person, uploaded.photo, line_id=said.id)
            self._show(chat, line)
        return self._hand_on(chat, line, self._incoming(line, group, uploaded.photo))

    @staticmethod
    def _earlier(chat: Chat, person: Persona, line_id: str) -> Line | None:
        """The line that was said under this id before: a tab repeats what it has no answer for."""
        line = chat.find(line_id)
        if line and line.sender.id != person.id:
            raise NotTaken("这条消息的编号已经有人用了,请再发一次。")
        return line

    # To the program

    def _hand_on(self, chat: Chat, line: Line, incoming: Incoming) -> asyncio.Task[None] | None:
        """Hands a message on in its chat's order, unless that is done or under way; then tells its sender."""
        if line.state == "kept":
            self._tell(line.sender.id, _as_json("kept", id=line.id))
        if line.state in ("waiting", "kept"):
            return None
        line.state = "waiting"
        task = asyncio.create_task(self._receive_in_turn(chat, line, incoming))
        self._being_handed_on.add(task)
        task.add_done_callback(lambda done: self._handed_on(line, done))
        return task

    async def _receive_in_turn(self, chat: Chat, line: Line, incoming: Incoming) -> None:
        assert self._receive is not None
        async with chat.turn:
            await self._receive(incoming)
        line.state = "kept"
        self._tell(line.sender.id, _as_json("kept", id=line.id))

    def _handed_on(self, line: Line, task: asyncio.Task[None]) -> None:
        """Where the program failed, its sender hears so and the log says where, but not what was said."""
        self._being_handed_on.discard(task)
        if task.cancelled():
            line.state = "failed"
            return
        if (error := task.exception()) is None:
            return
        line.state = "failed"
        self._tell(line.sender.id, _as_json("refused", id=line.id, reason=NOT_KEPT))
        where = "".join(traceback.format_tb(error.__traceback__))
        _log.error("the program did not take a message: %s\n%s", type(error).__name__, where)

    def _incoming(self, line: Line, group: ChatGroup | None, photo: bytes | None = None) -> Incoming:
        async def fetch_photo() -> bytes:
            assert photo is not None
            return photo

        return Incoming(
            channel=self.name,
            account=self._account,
            external_id=line.id,
            group=group.id if group else None,
            group_name=group.name if group else "",
            sender=line.sender.id,
            sender_name=line.sender.name,
            text=line.text,
            sent_at=line.said_at,
            received_at=line.said_at,
            mentions_bot=f"@{self._bot.name}" in line.text,
            fetch_photo=None if photo is None else fetch_photo,
        )

    # To the tabs

    def _show(self, chat: Chat, line: Line) -> None:
        """Keeps the line and shows it to everybody who may see it."""
        if (fallen := chat.add(line)) and fallen.picture:
            self._pictures.drop(fallen.picture)
        shown = _as_json("line", chat=chat.shown_as, line=line.shown(self._zone))
        for tab in self._tabs:
            if chat.person in (None, tab.person.id):
                tab.tell(shown)

    def _tell(self, person: str, what: str) -> None:
        for tab in self._tabs:
            if tab.person.id == person:
                tab.tell(what)

    def _line(
        self, sender: Persona, *, text: str, line_id: str = "", mentions: tuple[tuple[str, str], ...] = ()
    ) -> Line:
        by_bot = sender is self._bot
        return Line(
            id=line_id or str(uuid.uuid4()),
            sender=sender,
            by_bot=by_bot,
            text=text,
            said_at=self._clock(),
            mentions=mentions,
            state="kept" if by_bot else "new",
        )

    def _photo_line(self, sender: Persona, photo: bytes, *, line_id: str = "") -> Line:
        line = self._line(sender, text="", line_id=line_id)
        line.picture = self._pictures.keep(photo)
        line.is_file = line.picture is None
        return line

    # Who and where

    def _person(self, asked: str, nickname: str) -> Persona | None:
        return people.find(self._personas(), asked, nickname)

    def _group(self, group_id: str) -> ChatGroup | None:
        return next((group for group in self._groups() if group.id == group_id), None)

    def _chat_of(self, person: Persona, key: str) -> tuple[Chat, ChatGroup | None]:
        """The chat that a tab means: its own private one, or a group."""
        if key == PRIVATE:
            return self._private_chat(person.id), None
        group = self._group(key.removeprefix("group:"))
        if group is None:
            raise NotTaken("这个群已经不在了。")
        return self._group_chat(group), group

    def _chat_for(self, outgoing: Outgoing) -> Chat:
        """The chat that the bot means."""
        if outgoing.to is not None:
            return self._private_chat(outgoing.to)
        group = self._group(outgoing.group or "")
        if group is None:
            raise SendFailed("the chat room has no such group")
        return self._group_chat(group)

    def _private_chat(self, person: str) -> Chat:
        return self._chats.setdefault(f"{PRIVATE}:{person}", Chat(PRIVATE, person))

    def _group_chat(self, group: ChatGroup) -> Chat:
        return self._chats.setdefault(f"group:{group.id}", Chat(f"group:{group.id}"))

    def _open(self) -> None:
        self.started.set()
        self._announce(f"聊天室已打开:{self.address}")

    def _close(self) -> None:
        """What is still being handed on has no tick yet: its tab says it again, under the same id."""
        self.started.clear()
        for task in self._being_handed_on:
            task.cancel()


def _as_json(kind: str, **values: object) -> str:
    return json.dumps({"type": kind, **values})


def _problem(status: int, words: str) -> Response:
    return JSONResponse({"problem": words}, status_code=status)
