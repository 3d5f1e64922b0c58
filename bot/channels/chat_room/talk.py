"""What has been said: kept in memory only, the last lines of each chat, so that ordinary talk leaves no trace."""

import asyncio
import secrets
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any, Literal

from bot.channels.chat_room.people import Persona

LINES_KEPT = 200
PICTURE_MEMORY = 64 * 1024 * 1024

_WEEKDAYS = "一二三四五六日"
_PICTURE_TYPES = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)


@dataclass(slots=True)
class Line:
    """One bubble. `state` says how far the program is with it; `is_file` stands for a photo that is none."""

    id: str
    sender: Persona
    by_bot: bool
    text: str
    said_at: datetime
    picture: str | None = None
    is_file: bool = False
    mentions: tuple[tuple[str, str], ...] = ()
    state: Literal["new", "waiting", "kept", "failed"] = "new"

    def shown(self, zone: tzinfo) -> dict[str, Any]:
        """What the page needs to draw the bubble; days carry their weekday."""
        local = self.said_at.astimezone(zone)
        return {
            "id": self.id,
            "sender": self.sender.id,
            "name": self.sender.name,
            "role": self.sender.role,
            "initial": self.sender.initial,
            "tone": "bot" if self.by_bot else str(self.sender.tone),
            "bot": self.by_bot,
            "text": self.text,
            "picture": self.picture,
            "file": self.is_file,
            "mentions": [{"id": person, "name": name} for person, name in self.mentions],
            "state": self.state,
            "day": f"{local.month}月{local.day}日(周{_WEEKDAYS[local.weekday()]})",
            "time": f"{local.hour}:{local.minute:02}",
        }


@dataclass(slots=True)
class Chat:
    """The last lines of a group, or of one person's private chat (`person`). `turn` keeps its messages in order."""

    shown_as: str
    person: str | None = None
    lines: deque[Line] = field(default_factory=deque)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def find(self, line_id: str) -> Line | None:
        """The line with this id, if it is still kept."""
        return next((line for line in reversed(self.lines) if line.id == line_id), None)

    def add(self, line: Line) -> Line | None:
        """Adds the line and returns the one that fell off the other end."""
        self.lines.append(line)
        return self.lines.popleft() if len(self.lines) > LINES_KEPT else None


class Pictures:
    """Pictures that the page may show, under names nobody can guess; the oldest go when memory is used up."""

    def __init__(self, memory: int = PICTURE_MEMORY) -> None:
        self._memory = memory
        self._used = 0
        self._kept: OrderedDict[str, tuple[str, bytes]] = OrderedDict()

    def keep(self, content: bytes) -> str | None:
        """The picture's name, or None when a browser could not be trusted to show it as a picture."""
        media_type = picture_type(content)
        if media_type is None:
            return None
        name = secrets.token_urlsafe(18)
        self._kept[name] = (media_type, content)
        self._used += len(content)
        while self._used > self._memory:
            self.drop(next(iter(self._kept)))
        return name

    def get(self, name: str) -> tuple[str, bytes] | None:
        """The picture's media type and bytes, while they are kept."""
        return self._kept.get(name)

    def drop(self, name: str) -> None:
        """Forgets the picture."""
        if dropped := self._kept.pop(name, None):
            self._used -= len(dropped[1])


def picture_type(content: bytes) -> str | None:
    """The media type by the first bytes; what the browser claimed is not asked."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    if content[4:8] == b"ftyp":
        return "video/mp4"
    return next((media_type for start, media_type in _PICTURE_TYPES if content.startswith(start)), None)
