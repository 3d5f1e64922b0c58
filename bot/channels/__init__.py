"""What every channel is: a name, a way to run and a way to send."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Protocol, runtime_checkable

from handlers.messages import Incoming

Receive = Callable[[Incoming], Awaitable[bool]]
"""Hands a message to the program. Returns after the commit: True when it was for the bot and is now durable,
False when it was ordinary talk, of which nothing is kept."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A person named in a group message: the channel's id and the name to show after the @."""

    external_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to send. Exactly one of `group` and `to` is set, both the channel's own ids.

    `text` is without the mentions: each channel puts `@name` in front in its own way.
    `photos` are files to send after the text.
    """

    account: str
    group: str | None
    to: str | None
    text: str
    mentions: tuple[Mention, ...] = ()
    photos: tuple[Path, ...] = ()


class Channel(Protocol):
    """A door to people. `run` lasts until cancelled and survives its peer's faults."""

    name: str

    async def run(self, receive: Receive) -> None:
        """Receives until cancelled. Raises `ChannelStopped` when trying again cannot help."""

    async def send(self, outgoing: Outgoing) -> str | None:
        """Sends one message and returns the peer's id for it, where it has one.

        Raises `NotConnected` (nothing was sent, wait), `Unreachable` (this person cannot be reached here),
        `Throttled` (the account must rest), `Uncertain` (it may have been sent) or `SendFailed` (anything else; tried
        again with growing waits).
        """


@runtime_checkable
class Tended(Protocol):
    """A channel whose peer has to be connected to, may go away, and may be connected to by somebody else.

    `may_take_over`: whether the peer may be taken from whoever else has it.
    """

    may_take_over: bool

    @property
    def ready(self) -> bool:
        """Whether messages can come and go now."""

    async def leave(self) -> None:
        """Takes nothing more in. Returns when all that came has been handed on; sending goes on until cancelled."""


class ChannelStopped(Exception):
    """The channel cannot work until somebody changes its settings, such as a wrong token."""


class SendFailed(Exception):
    """The peer did not accept the message."""


class NotConnected(SendFailed):
    """There is no connection to the peer now."""


class Unreachable(SendFailed):
    """The peer cannot bring a message to this person at all, such as a contact who is no friend."""


class Uncertain(SendFailed):
    """The peer fell silent: whether it has sent the message is not known."""


class Throttled(SendFailed):
    """The peer asks for a pause."""

    def __init__(self, reason: str, pause: timedelta) -> None:
        super().__init__(reason)
        self.pause = pause
