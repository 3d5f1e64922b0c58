"""Pushes to a WeCom group robot (企业微信群机器人), for staff who read there. A robot hears nothing.

The robot's address holds its key, so nothing raised or logged here may carry the address: httpx puts it into its
exceptions and its log.
"""

import asyncio
import logging
import re
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

import httpx
import stamina
from pydantic import SecretStr

from bot.channels import NotConnected, Outgoing, Receive, SendFailed, Throttled, Uncertain, Unreachable

TEXT_BYTES = 2048
"""The longest text of one message, in bytes of UTF-8."""

PER_MINUTE = 20
"""What one robot may send in any sixty seconds."""

MINUTE = timedelta(minutes=1)
TIMEOUT_SECONDS = 10.0
CONNECT_ATTEMPTS = 3

TOO_OFTEN = {45009, 45033}
"""errcode: too many calls in a minute, too many at once."""

FAULTS: Mapping[int, str] = {
    93000: "机器人的地址不对，或机器人已被移出群，请换新地址 / wrong robot address, or the robot left its group",
    93004: "机器人被停用了 / the robot is disabled",
    93008: "机器人不在群里 / the robot is not in the group",
    40001: "机器人的密钥不对 / wrong robot key",
    40008: "企业微信不认这种消息 / WeCom does not know this kind of message",
    40058: "企业微信不认这条消息的内容，例如手机号 / WeCom does not take what it holds, such as the number",
    40063: "消息缺了内容 / the message lacks something",
    44004: "消息是空的 / the message is empty",
    45002: "消息太长 / the message is too long",
}
"""errcode: what stays wrong however often the same message is sent."""


class Rejected(Unreachable):
    """The robot will not bring this message, now or later: its words say what somebody must change."""


class Webhook:
    """A Channel to one robot. Sends only while `run` runs, which holds the connections.

    `Outgoing.to` and the ids of its mentions are mobile numbers; they are mentioned, and see the message in the group.
    """

    name = "webhook"

    def __init__(self, url: SecretStr, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._clock = clock
        self._client: httpx.AsyncClient | None = None
        self._sent: deque[float] = deque(maxlen=PER_MINUTE)
        logging.getLogger("httpx").addFilter(_hide_key)

    async def run(self, receive: Receive) -> None:
        async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS) as client:
            self._client = client
            try:
                await asyncio.Event().wait()
            finally:
                self._client = None

    async def send(self, outgoing: Outgoing) -> str | None:
        """Sends one message. The robot gives no message id. Raises as every channel, and `Rejected`."""
        message = _message(outgoing)
        client = self._client
        if client is None:
            raise NotConnected("webhook 还没有启动，或已经停了 / the webhook is not running")
        self._take_turn()
        answer = await self._post(client, message)
        # Raised here, and not where httpx failed, so that its exception with the address is left behind.
        if isinstance(answer, SendFailed):
            raise answer
        if fault := _fault(answer):
            raise fault
        return None

    def _take_turn(self) -> None:
        now = self._clock()
        if len(self._sent) == PER_MINUTE:
            rest = timedelta(seconds=self._sent[0] - now) + MINUTE
            if rest > timedelta():
                raise Throttled("群机器人一分钟最多 20 条 / a group robot sends at most 20 a minute", rest)
        self._sent.append(now)

    async def _post(self, client: httpx.AsyncClient, message: Mapping[str, Any]) -> httpx.Response | SendFailed:
        refused = (httpx.ConnectError, httpx.ConnectTimeout)  # certainly not accepted, so trying again doubles nothing
        try:
            # A context and not a decorator: stamina logs a decorated function's arguments.
            async for attempt in stamina.retry_context(on=refused, attempts=CONNECT_ATTEMPTS, wait_initial=0.2):
                with attempt:
                    return await client.post(self._url.get_secret_value(), json=message)
        except refused:
            return NotConnected("连不上企业微信 / WeCom cannot be reached")
        except httpx.InvalidURL:
            return Rejected(FAULTS[93000])
        except httpx.HTTPError as error:
            kind = type(error).__name__
            return Uncertain(f"发给企业微信时断了，不知道收到没有 / lost on the way, perhaps it arrived: {kind}")
        raise AssertionError("stamina tries at least once")


def _message(outgoing: Outgoing) -> dict[str, Any]:
    if outgoing.group is not None or outgoing.to is None:
        raise Rejected("webhook 只发给个人的手机号 / the webhook sends to a person's mobile number only")
    # Pictures stay where they are: a robot takes each as a message of its own, which could fail alone.
    photos = f"\n[照片 {len(outgoing.photos)} 张]" if outgoing.photos else ""
    mobiles = dict.fromkeys((outgoing.to, *(mention.external_id for mention in outgoing.mentions)))
    content = cut(outgoing.text, TEXT_BYTES - len(photos.encode())) + photos
    return {"msgtype": "text", "text": {"content": content.strip(), "mentioned_mobile_list": list(mobiles)}}


def cut(text: str, limit: int) -> str:
    """The text within `limit` bytes of UTF-8, cut after its last whole line that fits, with … where something went."""
    if len(text.encode()) <= limit:
        return text
    kept = text.encode()[: limit - len("\n…".encode())].decode(errors="ignore")
    lines, _, _ = kept.rpartition("\n")
    # A line so long that most would be lost is cut within.
    return f"{lines}\n…" if len(lines) * 2 > len(kept) else f"{kept}…"


def _fault(response: httpx.Response) -> SendFailed | None:
    """What is wrong by the robot's answer, whose errmsg is left out: it may change, says Tencent, or hold the key."""
    status = response.status_code
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return Throttled("企业微信说太频繁 / WeCom says too often", MINUTE)
    if httpx.codes.is_client_error(status):
        return Rejected(f"企业微信不收，请看机器人的地址 / WeCom refuses, look at the robot's address: HTTP {status}")
    if status != httpx.codes.OK:
        return SendFailed(f"企业微信出错了 / WeCom is in trouble: HTTP {status}")
    code = _errcode(response)
    if code is None:
        return SendFailed("企业微信的回答看不懂 / WeCom's answer makes no sense")
    if code in TOO_OFTEN:
        return Throttled(f"企业微信说太频繁 / WeCom says too often: {code}", MINUTE)
    if code in FAULTS:
        return Rejected(f"{FAULTS[code]}: {code}")
    return SendFailed(f"企业微信没有收下 / WeCom did not take it: {code}") if code else None


def _errcode(response: httpx.Response) -> int | None:
    with suppress(ValueError):
        answer = response.json()
        code = answer.get("errcode") if isinstance(answer, dict) else None
        return code if isinstance(code, int) else None
    return None


def _hide_key(record: logging.LogRecord) -> bool:
    """httpx logs each request with its whole address."""
    record.msg, record.args = re.sub(r"key=[^&\s\"]+", "key=***", record.getMessage()), ()
    return True
