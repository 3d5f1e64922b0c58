"""Several real programs on one PostgreSQL, and the gateways of their accounts: fed in order, and everything recorded.

A gateway here sends a message again to whoever connects next, until it is acknowledged: so nothing may be lost.
"""

import asyncio
import json
import multiprocessing
import os
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from bot import __main__ as command_line
from bot.channels import NotConnected, Outgoing, Receive, wechaty
from handlers import phrasebook
from handlers.messages import Incoming
from handlers.speaking import texts
from tests.keys import LINE

IN_HAND = 20
"""How many messages of an account a program is given before it has acknowledged the first."""

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload([__name__])


class Feed:
    """The channel in the program: takes messages as they come, without waiting for the answer to the last."""

    def __init__(
        self, endpoint: str, token: str, account: str = "wechaty", *, clock: Callable[[], datetime], name: str
    ) -> None:
        self.name = name
        self.may_take_over = True
        self._account = account
        self._clock = clock
        self._writer: asyncio.StreamWriter | None = None
        self._left = False
        self._open = self._said = 0
        self._idle = asyncio.Event()
        self._accepted: dict[int, asyncio.Future[None]] = {}

    @property
    def ready(self) -> bool:
        return self._writer is not None

    async def run(self, receive: Receive) -> None:
        self._left = False
        async with asyncio.TaskGroup() as tasks:
            while True:
                reader, self._writer = await asyncio.open_unix_connection(os.environ["CITY"])
                try:
                    self._write({"account": self.name})
                    async for line in reader:
                        self._hear(json.loads(line), receive, tasks)
                finally:
                    self._hang_up()
                await asyncio.sleep(0.2)

    async def leave(self) -> None:
        self._left = True
        while self._open:
            self._idle.clear()
            await self._idle.wait()

    async def send(self, message: Outgoing) -> str | None:
        if self._writer is None:
            raise NotConnected("no gateway")
        self._said += 1
        number = self._said
        self._accepted[number] = asyncio.get_running_loop().create_future()
        self._write(
            {
                "say": number,
                "group": message.group,
                "to": message.to,
                "text": message.text,
                "mentions": [each.external_id for each in message.mentions],
            }
        )
        await self._accepted[number]
        return None

    def _hear(self, value: dict[str, Any], receive: Receive, tasks: asyncio.TaskGroup) -> None:
        if "accepted" in value:
            self._accepted.pop(value["accepted"]).set_result(None)
        elif not self._left:
            self._open += 1
            tasks.create_task(self._take(value, receive))

    def _hang_up(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._writer = None
        for accepted in self._accepted.values():
            accepted.set_exception(NotConnected("the gateway went away"))
        self._accepted.clear()

    async def _take(self, value: dict[str, Any], receive: Receive) -> None:
        now = self._clock()
        message = Incoming(
            channel=self.name,
            account=self._account,
            external_id=value["id"],
            group=value["group"],
            sender=value["from"],
            sender_name=value["from"],
            text=value["text"],
            sent_at=now,
            received_at=now,
            mentions_bot=True,
        )
        await receive(message)
        self._write({"handled": value["id"]})
        self._open -= 1
        self._idle.set()

    def _write(self, value: dict[str, Any]) -> None:
        if self._writer is not None:
            self._writer.write(json.dumps(value, ensure_ascii=False).encode() + b"\n")


@dataclass(slots=True)
class Account:
    """One account as its gateway sees it."""

    waiting: deque[dict[str, Any]]
    unacknowledged: dict[str, dict[str, Any]] = field(default_factory=dict)
    acknowledged: int = 0
    connections: int = 0
    writer: asyncio.StreamWriter | None = None
    said: list[dict[str, Any]] = field(default_factory=list)

    def feed(self) -> None:
        """Gives what may be given now."""
        while self.writer is not None and self.waiting and len(self.unacknowledged) < IN_HAND:
            message = self.waiting.popleft()
            self.unacknowledged[message["id"]] = message
            self.writer.write(json.dumps(message).encode() + b"\n")


class City:
    """The gateways of all accounts, behind one socket."""

    def __init__(self, accounts: dict[str, list[dict[str, Any]]]) -> None:
        self.accounts = {name: Account(deque(messages)) for name, messages in accounts.items()}
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def open(self, path: Path) -> AsyncIterator[None]:
        server = await asyncio.start_unix_server(self._serve, path)
        try:
            yield
        finally:
            server.close()

    async def until(self, condition: Callable[[], bool], seconds: float = 120) -> None:
        """Waits for something that messages bring about."""
        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(condition)

    @property
    def acknowledged(self) -> int:
        return sum(account.acknowledged for account in self.accounts.values())

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        account = self.accounts[json.loads(await reader.readline())["account"]]
        if account.writer is not None:  # as with a real gateway: one stream, and whoever comes last has it
            account.writer.close()
        account.writer, account.connections = writer, account.connections + 1
        account.waiting.extendleft(reversed(account.unacknowledged.values()))
        account.unacknowledged.clear()
        account.feed()
        with suppress(ConnectionError):
            async for line in reader:
                if account.writer is not writer:
                    break
                self._hear(account, json.loads(line))
                async with self._changed:
                    self._changed.notify_all()
        writer.close()
        if account.writer is writer:
            account.writer = None
        async with self._changed:
            self._changed.notify_all()

    def _hear(self, account: Account, value: dict[str, Any]) -> None:
        if "handled" in value:
            if account.unacknowledged.pop(value["handled"], None) is not None:
                account.acknowledged += 1
            account.feed()
        elif account.writer is not None:
            account.said.append(value)
            account.writer.write(json.dumps({"accepted": value["say"]}).encode() + b"\n")


def start(config: Path, gateways: Path) -> Any:
    """Starts the program: `python -m bot run --config …`, with our feed in place of the gateway's channel."""
    process = _processes.Process(target=_run, args=(config, gateways), daemon=True)
    process.start()
    return process


@contextmanager
def ended(processes: list[Any]) -> Iterator[None]:
    """Whatever happens, none of them outlives the test."""
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.join()


def _run(config: Path, gateways: Path) -> None:
    os.environ |= {"CITY": str(gateways), "XIAOSHAN_KEYS": LINE, "XIAOSHAN_WECHATY_TOKEN": "token"}
    wechaty.Wechaty = Feed  # type: ignore[assignment,misc]
    sys.argv = ["bot", "run", "--config", str(config)]
    command_line.main()


phrasebook.load()
texts.load()
