"""JSON lines on stdin and stdout: a few lines of script bridge any other chat system. Also the shape of `simulate`.

In: `{"at", "group", "from", "name", "text", "mentions_bot", "image", "id"}`; without `group` it is private; with
`recall` the sender takes back the message of that id; a line with only `at` has no message.
Out: `{"at", "group", "to", "mentions", "text"}` and `{"handled": ‹line number›}`.
"""

import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TextIO

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from bot.channels import Outgoing, Receive
from handlers.messages import Incoming

NAME = "pipe"
Id = Annotated[str, StringConstraints(min_length=1, max_length=110)]


class Line(BaseModel):
    """One line of input."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: AwareDatetime | None = None
    group: Id | None = None
    sender: Id | None = Field(None, alias="from")
    name: str = ""
    text: str = ""
    mentions_bot: bool | None = None
    image: Path | None = None
    id: Id | None = None
    recall: Id | None = None


class BadLine(Exception):
    """A line that is no message; the words say why."""


def parse(text: str) -> Line:
    """Reads one line. Raises `BadLine`."""
    try:
        line = Line.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise BadLine(f"{place}: {first['msg']}" if place else first["msg"]) from None
    if line.sender is None and (line.text or line.image or line.group or line.recall):
        raise BadLine("from: 缺少 / missing")
    return line


def incoming(line: Line, number: int, now: datetime, bot_name: str) -> Incoming | None:
    """The message of a line, or None for one that only tells the time."""
    if line.sender is None:
        return None
    mentioned = f"@{bot_name}" in line.text if line.mentions_bot is None else line.mentions_bot
    return Incoming(
        channel=NAME,
        account=NAME,
        external_id=line.id or f"{now.isoformat()}#{number}",
        group=line.group,
        group_name=line.group or "",
        sender=line.sender,
        sender_name=line.name,
        text=line.recall or line.text,
        kind="recall" if line.recall else "message",
        mentions_bot=mentioned,
        sent_at=line.at or now,
        received_at=now,
        fetch_photo=partial(_read, line.image) if line.image else None,
    )


def outgoing(message: Outgoing, now: datetime, zone: tzinfo) -> dict[str, Any]:
    """What is written for a message of the bot."""
    written: dict[str, Any] = {
        "at": now.astimezone(zone).isoformat(timespec="seconds"),
        "group": message.group,
        "to": message.to,
        "mentions": [mention.external_id for mention in message.mentions],
        "text": message.text,
    }
    return written | ({"images": [str(path) for path in message.photos]} if message.photos else {})


@dataclass(slots=True)
class Pipe:
    """The channel in life: lines are taken as they come."""

    clock: Callable[[], datetime]
    zone: tzinfo
    bot_name: str = "小善"
    source: TextIO = sys.stdin
    target: TextIO = sys.stdout
    name: str = NAME

    async def run(self, receive: Receive) -> None:
        """Takes lines until the input ends."""
        lines = enumerate(self.source, start=1)
        while (numbered := await asyncio.to_thread(next, lines, None)) is not None:
            number, text = numbered
            if text.strip():
                await self._take(number, text, receive)

    async def send(self, message: Outgoing) -> str | None:
        """Writes one line."""
        self._write(outgoing(message, self.clock(), self.zone))
        return None

    async def _take(self, number: int, text: str, receive: Receive) -> None:
        try:
            line = parse(text)
            message = incoming(line, number, self.clock(), self.bot_name)
        except BadLine as bad:
            self._write({"handled": number, "error": str(bad)})
            return
        if message is not None:
            await receive(_without_number(message, line))
        self._write({"handled": number})

    def _write(self, value: dict[str, Any]) -> None:
        print(json.dumps(value, ensure_ascii=False), file=self.target, flush=True)  # stdout is the wire


def numbered(source: TextIO) -> Iterator[tuple[int, str]]:
    """Lines that are not empty, with their number in the file."""
    return ((number, text) for number, text in enumerate(source, start=1) if text.strip())


def _without_number(message: Incoming, line: Line) -> Incoming:
    """A line that tells its time and has no id may come again under another number: the desk makes it an id."""
    return replace(message, external_id="") if line.id is None and line.at is not None else message


async def _read(path: Path) -> bytes:
    return await asyncio.to_thread(path.read_bytes)
