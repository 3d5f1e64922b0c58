"""The WeChat channel: speaks the Wechaty Puppet Service protocol to the gateway that holds the WeChat account.

Built on the protocol's generated stubs. They have no types, so what the gateway answers is `Any` here and becomes
one of our own types before it leaves this file. Nothing that people wrote, and no name or id, is ever logged.
"""

import asyncio
import base64
import json
import random
import re
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from functools import partial
from pathlib import Path
from typing import Any, Literal

import structlog
from grpclib.client import Channel as Connection
from grpclib.config import Configuration
from grpclib.const import Status
from grpclib.exceptions import GRPCError, ProtocolError, StreamTerminatedError
from wechaty_grpc.wechaty import PuppetStub

from bot.channels import (
    ChannelStopped,
    Mention,
    NotConnected,
    Outgoing,
    Receive,
    SendFailed,
    Throttled,
    Uncertain,
    Unreachable,
)
from handlers.messages import Incoming

log = structlog.get_logger()

_LOST = (StreamTerminatedError, ProtocolError, OSError)  # OSError includes TimeoutError and a refused connection
_TOO_OFTEN = re.compile(r"过于频繁|too frequent", re.IGNORECASE)
_NO_FRIEND = re.compile(r"not (a |your )?friend|不是.{0,8}(朋友|好友)|朋友验证|好友验证|拒收", re.IGNORECASE)
_AFTER_TOO_OFTEN = timedelta(minutes=30)
_IN_HAND = 256  # messages read and not yet handed on; past that the gateway has to wait
_LARGEST_PHOTO = 30 * 1024 * 1024
_MENTION_END = "\u2005"  # the thin space that WeChat itself puts after a mention


class _Event(IntEnum):
    """What the gateway announces, as numbered on the wire. The rest is of no use here."""

    MESSAGE = 2
    ERROR = 16
    FRIENDSHIP = 17
    ROOM_JOIN = 19
    ROOM_LEAVE = 20
    ROOM_TOPIC = 21
    SCAN = 22
    LOGIN = 25
    LOGOUT = 26
    DIRTY = 27


class _Message(IntEnum):
    """Message types as gateways send them: TypeScript's numbers, not those of the Python enum of the same name."""

    PHOTO = 6
    VIDEO = 15
    TEXT = 7
    RECALLED = 13  # its text is the id of the message that was taken back
    CHAIN_SIGN_UP = 10  # WeChat's own type 53; many gateways deliver it as TEXT


_FRIENDSHIP_WANTED = 2
_Ask = Callable[[Any], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Waits:
    """How long the channel waits for what, in seconds."""

    call: float = 10
    start: float = 20  # a gateway gives its puppet 15
    photo: float = 30  # a gateway that does not have the picture says nothing at all
    heartbeat: float = 10  # between two of ours; a gateway is given up `call` seconds after one is due
    patience: float = 1  # how long a message whose payload is late may hold up those of other groups
    retry: float = 0.5  # before the first new attempt to connect; doubles
    retry_cap: float = 5
    reconnect: float = 60  # how long a message announced just before the connection was lost waits for the next


_WAITS = Waits()


@dataclass(frozen=True, slots=True)
class _Arrival:
    """A message or a friend request that the gateway announced; what is in it comes with `payload`."""

    kind: Literal["message", "friend"]
    external_id: str
    received_at: datetime
    patience_until: float
    payload: asyncio.Task[Any]


class Wechaty:
    """A channel to one WeChat account, behind one gateway."""

    def __init__(
        self,
        endpoint: str,
        token: str,
        account: str = "wechaty",
        *,
        clock: Callable[[], datetime],
        name: str = "wechaty",
        waits: Waits = _WAITS,
    ) -> None:
        """`endpoint` is "host:port"; `clock` gives the time now, aware, in UTC."""
        self.name = name
        self.may_take_over = True
        self._account = account
        self._host, _, port = endpoint.rpartition(":")
        self._port = int(port)
        self._token = token
        self._clock = clock
        self._waits = waits
        self._gateway: Any = None
        self._connected = asyncio.Event()
        self._away_since: float | None = None
        self._refused = 0
        self._own_id = ""
        self._logged_in = False
        self._names = _Names()
        self._places = asyncio.Semaphore(_IN_HAND)

    @property
    def ready(self) -> bool:
        """Whether messages can come and go now: connected, and the account logged in."""
        return self._gateway is not None and self._logged_in

    async def run(self, receive: Receive) -> None:
        self._receive = receive
        self._arrivals: asyncio.Queue[_Arrival] = asyncio.Queue()
        self._places = asyncio.Semaphore(_IN_HAND)
        self._waiting: dict[str, deque[_Arrival]] = {}
        stopped: BaseException | None = None
        try:
            async with asyncio.TaskGroup() as self._tasks:
                self._tasks.create_task(self._sort_arrivals())
                await self._stay_connected()
        except* ChannelStopped as group:
            stopped = group.exceptions[0]
        if stopped:
            raise stopped

    async def send(self, outgoing: Outgoing) -> str | None:
        """Sends the text, then the photos; the id is that of the first. See `Channel.send` for the errors.

        Raises `Uncertain` where the gateway fell silent: whether it had sent the message is then unknown.
        """
        pictures = [await _file_box(photo) for photo in outgoing.photos]
        conversation = outgoing.group or outgoing.to or ""
        asks: list[_Ask] = [partial(_send_file, conversation=conversation, file_box=box) for box in pictures]
        if outgoing.text or outgoing.mentions:
            asks.insert(0, partial(_send_text, conversation=conversation, outgoing=outgoing))
        ids = [await self._send_one(ask, private=outgoing.group is None) for ask in asks]
        return next(iter(ids), None)

    async def _send_one(self, ask: _Ask, *, private: bool) -> str | None:
        if not self.ready:
            raise NotConnected("the gateway is away or logged out")
        try:
            answer = await self._call(ask)
        except GRPCError as error:
            raise _why_not_sent(error, private=private) from error
        except (TimeoutError, StreamTerminatedError, ProtocolError) as error:
            raise Uncertain(f"no answer from the gateway: {type(error).__name__}") from error
        except OSError as error:
            raise NotConnected(type(error).__name__) from error
        return answer.id or None

    async def leave(self) -> None:
        """See `Tended.leave`: what is announced from now on finds no place, and waits for whoever comes next."""
        for _ in range(_IN_HAND):
            await self._places.acquire()

    # ── staying connected ──

    async def _stay_connected(self) -> None:
        """Connects and listens, again and again. Raises `ChannelStopped` when the gateway refuses the token."""
        self._away_since = _now()
        retry = self._waits.retry
        while True:
            reason = await _apart(self._listen())
            if self._away_since is None:
                retry = self._waits.retry
                self._away_since = _now()
                log.warning("wechaty.lost", account=self._account, reason=reason)
            await asyncio.sleep(retry * random.uniform(0.5, 1))
            retry = min(2 * retry, self._waits.retry_cap)

    async def _listen(self) -> str:
        """One connection from its beginning to its end; why it ended."""
        try:
            async with self._open() as connection:
                gateway = PuppetStub(connection)
                await self._within(self._waits.start, gateway.start())
                await self._read_events(gateway)
        except GRPCError as error:
            if error.status is Status.UNAUTHENTICATED:
                raise ChannelStopped(
                    "微信网关不认这个口令(token),请改好设置再启动。"
                    "The WeChat gateway refuses the token: correct it in the settings and start again."
                ) from None
            return str(error.status.name)
        except _LOST as error:
            return type(error).__name__
        return "stream ended"

    def _open(self) -> Any:
        keepalive = Configuration(_keepalive_time=20, _keepalive_timeout=10, _keepalive_permit_without_calls=True)
        connection = Connection(self._host, self._port, config=keepalive)
        connection._authority = self._token  # where gateways without TLS look for it; see the pin of grpclib
        return connection

    async def _read_events(self, gateway: Any) -> None:
        limit = self._waits.heartbeat + self._waits.call
        async with asyncio.timeout(limit) as silence:
            heart = self._tasks.create_task(self._beat(gateway, silence))
            try:
                async for event in gateway.event():
                    await self._hear(gateway, event, self._clock())
            except GRPCError as error:
                if error.status is Status.ALREADY_EXISTS:
                    await self._take_over(gateway)
                raise
            finally:  # before the connection is closed, or a call under way would open it again
                heart.cancel()
                self._gateway, self._logged_in = None, False
                self._connected.clear()

    async def _beat(self, gateway: Any, silence: asyncio.Timeout) -> None:
        """Puts off the end of the connection for as long as the gateway answers.

        A frozen gateway's kernel keeps the connection open, and HTTP/2's pings stop after two without data.
        """
        with suppress(GRPCError, *_LOST):
            while True:
                await asyncio.sleep(self._waits.heartbeat)
                await self._within(self._waits.call, gateway.version())
                if silence.expired():
                    return
                silence.reschedule(_now() + self._waits.heartbeat + self._waits.call)

    async def _take_over(self, gateway: Any) -> None:
        """Ends the event stream of another client, which may be our own last one.

        Stopping restarts the gateway's WeChat, so a stream that is about to be seen as dead gets one more chance.
        """
        self._refused += 1
        if self._refused > 1 and self.may_take_over:
            log.warning("wechaty.took_over", account=self._account)
            await self._within(self._waits.start, gateway.stop())

    def _note_connected(self, gateway: Any) -> None:
        if self._gateway is gateway:
            return
        self._gateway = gateway
        self._refused = 0
        self._connected.set()
        self._names.forget_all()  # what was renamed while we were away was not announced to us
        away = _now() - (self._away_since or _now())
        log.info("wechaty.connected", account=self._account, away_seconds=round(away, 1))
        self._away_since = None

    # ── calling the gateway ──

    async def _within(self, seconds: float, answer: Awaitable[Any]) -> Any:
        async with asyncio.timeout(seconds):
            try:
                return await _apart(answer)
            except AssertionError:  # betterproto's, where a call ends without an answer
                raise ProtocolError("empty answer") from None

    async def _call(self, ask: _Ask) -> Any:
        if self._gateway is None:
            raise ConnectionError("not connected")
        return await self._within(self._waits.call, ask(self._gateway))

    async def _insist(self, ask: _Ask) -> Any:
        """Asks the gateway, also across lost connections. None when it does not know or stays away."""
        for _attempt in range(3):
            try:
                async with asyncio.timeout(self._waits.reconnect):
                    await self._connected.wait()
                return await self._call(ask)
            except GRPCError as error:
                log.warning("wechaty.refused", account=self._account, status=error.status.name)
                return None
            except _LOST:
                await asyncio.sleep(self._waits.retry)
        log.warning("wechaty.unanswered", account=self._account)
        return None

    # ── what comes in ──

    async def _hear(self, gateway: Any, event: Any, received_at: datetime) -> None:
        self._note_connected(gateway)
        try:
            payload = json.loads(event.payload or "{}")
        except ValueError:
            payload = {}
        match int(event.type):
            case _Event.MESSAGE:
                await self._announce("message", payload.get("messageId", ""), received_at)
            case _Event.FRIENDSHIP:
                await self._announce("friend", payload.get("friendshipId", ""), received_at)
            case _Event.LOGIN:
                self._own_id, self._logged_in = payload.get("contactId", ""), True
                log.info("wechaty.logged_in", account=self._account)
            case _Event.LOGOUT:
                self._logged_in = False
                log.warning("wechaty.logged_out", account=self._account)
            case _Event.ROOM_TOPIC | _Event.ROOM_JOIN | _Event.ROOM_LEAVE:
                self._names.forget(payload.get("roomId", ""))
            case _Event.DIRTY:
                self._names.forget(payload.get("payloadId", ""))
            case _Event.ERROR:
                log.warning("wechaty.gateway_error", account=self._account)
            case _Event.SCAN:
                log.warning("wechaty.scan_wanted", account=self._account)

    async def _announce(self, kind: Literal["message", "friend"], external_id: str, received_at: datetime) -> None:
        if not external_id:
            return
        ask = _message_payload if kind == "message" else _friendship_payload
        patience_until = _now() + self._waits.patience
        await self._places.acquire()
        payload = self._tasks.create_task(self._insist(lambda gateway: ask(gateway, external_id)))
        self._arrivals.put_nowait(_Arrival(kind, external_id, received_at, patience_until, payload))

    async def _sort_arrivals(self) -> None:
        """Puts arrivals into their conversations in the order in which they were announced.

        Which conversation a message belongs to is known only with its payload. One that is late holds up the others
        for `waits.patience` at most, and then takes its place when it comes.
        """
        while True:
            arrival = await self._arrivals.get()
            await asyncio.wait({arrival.payload}, timeout=max(0, arrival.patience_until - _now()))
            if arrival.payload.done():
                self._queue(arrival)
            else:
                self._tasks.create_task(self._queue_late(arrival))

    async def _queue_late(self, arrival: _Arrival) -> None:
        await arrival.payload
        self._queue(arrival)

    def _queue(self, arrival: _Arrival) -> None:
        conversation = self._conversation(arrival.kind, arrival.payload.result())
        if conversation is None:
            self._places.release()
        elif conversation in self._waiting:
            self._waiting[conversation].append(arrival)
        else:
            self._waiting[conversation] = deque([arrival])
            self._tasks.create_task(self._work_off(conversation))

    def _conversation(self, kind: str, payload: Any) -> str | None:
        """The id of the group or of the person; None for what nobody wants to read."""
        if payload is None:
            return None
        if kind == "friend":
            return str(payload.contact_id) if int(payload.type) == _FRIENDSHIP_WANTED else None
        readable = int(payload.type) in set(_Message)
        if not readable or payload.from_id in ("", self._own_id):
            return None
        return str(payload.room_id or payload.from_id)

    async def _work_off(self, conversation: str) -> None:
        """Hands on what is said in one conversation, in its order.

        Private words do not wait for the answer to those before them: the desk keeps the order in which it gets them.
        So one person who says a great deal at once shares commits, and keeps nobody else out for long.
        """
        waiting = self._waiting[conversation]
        while waiting:
            arrival = waiting.popleft()
            make = self._message if arrival.kind == "message" else self._befriend
            incoming = await make(arrival, arrival.payload.result())
            if incoming is None:
                self._places.release()
            elif incoming.group is None and incoming.fetch_photo is None:
                self._tasks.create_task(self._hand_on(incoming))
            else:
                await self._hand_on(incoming)
        del self._waiting[conversation]

    async def _hand_on(self, incoming: Incoming) -> None:
        await self._receive(incoming)
        self._places.release()

    async def _message(self, arrival: _Arrival, payload: Any) -> Incoming:
        is_photo = int(payload.type) in (_Message.PHOTO, _Message.VIDEO)
        text = "" if is_photo else payload.text
        return Incoming(
            channel=self.name,
            account=self._account,
            external_id=arrival.external_id,
            group=payload.room_id or None,
            sender=payload.from_id,
            sender_name=await self._contact_name(payload.from_id),
            text=text,
            kind="recall" if int(payload.type) == _Message.RECALLED else "message",
            sent_at=_sent_at(payload.timestamp, arrival.received_at),
            received_at=arrival.received_at,
            mentions_bot=await self._mentions_bot(text, payload.mention_ids),
            group_name=await self._room_topic(payload.room_id) if payload.room_id else "",
            fetch_photo=self._photo_of(arrival.external_id) if is_photo else None,
        )

    async def _befriend(self, arrival: _Arrival, payload: Any) -> Incoming | None:
        """Accepts a friend request. What to say to the new friend is not the channel's business."""
        accepted = await self._insist(lambda gateway: gateway.friendship_accept(id=arrival.external_id))
        if accepted is None:
            return None
        return Incoming(
            channel=self.name,
            account=self._account,
            external_id=arrival.external_id,
            group=None,
            sender=payload.contact_id,
            sender_name=await self._contact_name(payload.contact_id),
            text="",
            sent_at=arrival.received_at,
            received_at=arrival.received_at,
            kind="friend",
        )

    async def _mentions_bot(self, text: str, mention_ids: list[str]) -> bool:
        if self._own_id in mention_ids:
            return True
        if not text.lstrip().startswith("@") or not self._own_id:
            return False
        own_name = await self._contact_name(self._own_id)
        return bool(own_name and re.match(rf"\s*@{re.escape(own_name)}(?!\w)", text))

    def _photo_of(self, message_id: str) -> Callable[[], Awaitable[bytes]]:
        async def fetch() -> bytes:
            """Raises `OSError` when the gateway doesn't bring the picture."""
            if self._gateway is None:
                raise ConnectionError("not connected to the gateway")
            try:
                return bytes(await self._within(self._waits.photo, _read_file(self._gateway, message_id)))
            except (GRPCError, StreamTerminatedError, ProtocolError) as error:
                raise ConnectionError(f"the gateway did not bring the picture: {type(error).__name__}") from error

        return fetch

    async def _contact_name(self, contact: str) -> str:
        return await self._name(contact, lambda gateway: gateway.contact_payload(id=contact), "name")

    async def _room_topic(self, room: str) -> str:
        return await self._name(room, lambda gateway: gateway.room_payload(id=room), "topic")

    async def _name(self, external_id: str, ask: _Ask, field: str) -> str:
        known = self._names.get(external_id)
        if known is None:
            payload = await self._insist(ask)
            if payload is None:
                return ""
            known = str(getattr(payload, field))
            self._names.put(external_id, known)
        return known


class _Names:
    """Names of people and groups by id: bounded, and kept for an hour, since not every change is announced."""

    def __init__(self, size: int = 5000, seconds: float = 3600) -> None:
        self._size = size
        self._seconds = seconds
        self._known: dict[str, tuple[str, float]] = {}

    def get(self, external_id: str) -> str | None:
        name, until = self._known.get(external_id, ("", 0.0))
        return name if _now() < until else None

    def put(self, external_id: str, name: str) -> None:
        self._known.pop(external_id, None)
        if len(self._known) >= self._size:
            del self._known[next(iter(self._known))]
        self._known[external_id] = (name, _now() + self._seconds)

    def forget(self, external_id: str) -> None:
        self._known.pop(external_id, None)

    def forget_all(self) -> None:
        self._known.clear()


async def _apart(work: Awaitable[Any]) -> Any:
    """Waits for `work` in a task of its own, so that cancelling the caller is never lost.

    grpclib ends a call by cancelling its task and then raises its own error: where the connection is lost at the moment
    in which somebody else cancels the task too, that one would wait for ever.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task})
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # looked at, or asyncio complains that nobody did
    return task.result()


def _now() -> float:
    """Seconds on the event loop's clock, which nobody sets back."""
    return asyncio.get_running_loop().time()


def _message_payload(gateway: Any, external_id: str) -> Awaitable[Any]:
    answer: Awaitable[Any] = gateway.message_payload(id=external_id)
    return answer


def _friendship_payload(gateway: Any, external_id: str) -> Awaitable[Any]:
    answer: Awaitable[Any] = gateway.friendship_payload(id=external_id)
    return answer


def _send_text(gateway: Any, conversation: str, outgoing: Outgoing) -> Awaitable[Any]:
    answer: Awaitable[Any] = gateway.message_send_text(
        conversation_id=conversation,
        text=_mention_prefix(outgoing.mentions) + outgoing.text,
        mentonal_ids=[mention.external_id for mention in outgoing.mentions],
    )
    return answer


def _send_file(gateway: Any, conversation: str, file_box: str) -> Awaitable[Any]:
    answer: Awaitable[Any] = gateway.message_send_file(conversation_id=conversation, filebox=file_box)
    return answer


def _mention_prefix(mentions: tuple[Mention, ...]) -> str:
    return "".join(f"@{mention.name}{_MENTION_END}" for mention in mentions)


async def _file_box(photo: Path) -> str:
    """A picture as the JSON of a file-box of the base64 kind."""
    try:
        picture = await asyncio.to_thread(photo.read_bytes)
    except OSError as error:
        raise SendFailed(f"the picture cannot be read: {type(error).__name__}") from error
    box = {"type": 1, "boxType": 1, "name": photo.name, "metadata": {}, "size": len(picture)}
    return json.dumps(box | {"base64": base64.b64encode(picture).decode()})


async def _read_file(gateway: Any, message_id: str) -> bytes:
    picture = bytearray()
    async for part in gateway.message_file_stream(id=message_id):
        picture += part.file_box_chunk.data  # empty in the first part, which has the name
        if len(picture) > _LARGEST_PHOTO:
            raise OSError("the picture is too large")
    return bytes(picture)


def _sent_at(timestamp: int, received_at: datetime) -> datetime:
    """Gateways give milliseconds; some give seconds, and some nothing."""
    if not timestamp:
        return received_at
    return datetime.fromtimestamp(timestamp / 1000 if timestamp > 100_000_000_000 else timestamp, UTC)


def _why_not_sent(error: GRPCError, *, private: bool) -> SendFailed:
    reason = (error.message or "").partition("\n")[0][:120]
    if _TOO_OFTEN.search(reason):
        return Throttled(reason, _AFTER_TOO_OFTEN)
    if private and _NO_FRIEND.search(reason):
        return Unreachable(reason)
    if error.status is Status.UNAVAILABLE:
        return NotConnected(reason)
    return SendFailed(f"{error.status.name}: {reason}")
