"""Whose turn it is: one person who says a great deal at once waits behind all others, and loses nothing."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from handlers.messages import Incoming

WINDOW = timedelta(minutes=1)
TOLD_AGAIN = timedelta(minutes=10)
"""How long nobody is told once more that it takes a while."""

MOST_REMEMBERED = 10_000
"""People of whom it is remembered what they have just said. Past that, those are forgotten who have been silent."""

Sender = tuple[str, str]
"""A channel and the channel's id of a person."""


def sender_of(incoming: Incoming) -> Sender:
    return incoming.channel, incoming.sender


@dataclass(slots=True)
class Turns:
    """How much everybody has said within the last minute, in memory. The same message counts once.

    `waiting`: those of whom something is kept for later, so that what they say next comes after it.
    """

    at_most: int
    waiting: set[Sender] = field(default_factory=set)
    _said: dict[Sender, dict[str, datetime]] = field(default_factory=dict)
    _told: dict[Sender, tuple[str, datetime]] = field(default_factory=dict)

    def is_over(self, incoming: Incoming) -> bool:
        """Whether a message is one too many, or has to wait behind one that was."""
        sender, now = sender_of(incoming), incoming.received_at
        said = self._said.setdefault(sender, {})
        if incoming.external_id in said:
            return False
        for old in [identity for identity, at in said.items() if abs(now - at) >= WINDOW]:
            del said[old]
        if sender in self.waiting or len(said) >= self.at_most:
            return True
        said[incoming.external_id] = now
        self._forget(now)
        return False

    def is_to_be_told(self, incoming: Incoming) -> bool:
        """Whether this is the message to which the person hears that it takes a while; the same for the same one."""
        sender, now = sender_of(incoming), incoming.received_at
        identity, at = self._told.get(sender, ("", now - TOLD_AGAIN))
        if identity != incoming.external_id and abs(now - at) < TOLD_AGAIN:
            return False
        self._told[sender] = incoming.external_id, now
        return True

    def _forget(self, now: datetime) -> None:
        if len(self._said) <= MOST_REMEMBERED:
            return
        recent = {sender: said for sender, said in self._said.items() if any(now - at < WINDOW for at in said.values())}
        self._said = recent
        self._told = {sender: told for sender, told in self._told.items() if now - told[1] < TOLD_AGAIN}
