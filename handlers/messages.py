"""The words that channels, desk and services share: what came in, and what is to be said."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Literal

from community.parts.notice import GroupChat, Urgency
from community.people import Person
from community.privacy import Shown
from community.tree import Group


@dataclass(slots=True)  # one is made of every line of talk, and frozen ones take three times as long to make
class Incoming:
    """One message as a channel received it, before anybody knows whether it is for the bot. Not to be changed.

    `group` and `sender` are the channel's own ids; a person is a channel id, never a name.
    `external_id` is the channel's message id: the same id is the same message.
    A `kind` of recall takes back the message whose id is in `text`.
    `fetch_photo` reads the picture that the message carries; nothing is fetched unless it is wanted.
    `photos` are the digests of pictures already kept, `photo_problem` says why one could not be: see `bot/photos.py`.
    `overheard`: said to nobody; it is answered only if it belongs to something that goes on: see `overhearing.py`.
    """

    channel: str
    account: str
    external_id: str
    group: str | None
    sender: str
    sender_name: str
    text: str
    sent_at: datetime
    received_at: datetime
    mentions_bot: bool = False
    kind: Literal["message", "friend", "recall"] = "message"
    group_name: str = ""
    fetch_photo: Callable[[], Awaitable[bytes]] | None = field(default=None, compare=False, repr=False)
    photos: tuple[str, ...] = ()
    photo_problem: str | None = None
    overheard: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """A message for the bot, with the person and the group behind its ids.

    `text` is normalised for matching and has no mention in it; `words` is the same as the person typed it,
    which is what is kept and quoted.
    """

    incoming: Incoming
    person: Person
    group: Group | None
    text: str
    words: str

    @property
    def in_group(self) -> bool:
        return self.incoming.group is not None

    @property
    def photos(self) -> tuple[str, ...]:
        return self.incoming.photos

    @property
    def received_at(self) -> datetime:
        return self.incoming.received_at


class Chat(Enum):
    """Where an answer goes: to the sender alone, or to the group the message came from."""

    PRIVATE = auto()
    GROUP = auto()


Plain = str | int | bool | None
"""What a question may remember: it is kept as JSON."""


@dataclass(frozen=True, slots=True)
class Question:
    """An answer is expected: `kind` names who reads it, `about` is what they need to know then."""

    kind: str
    about: Mapping[str, Plain]
    open_for: timedelta | None


@dataclass(frozen=True, slots=True)
class Reply:
    """Something to say, as data: the words are in `texts/*.yaml` under `key`.

    `to` is a chat of the message at hand, a person's id, or any group. `fallback_group` is the group, by the
    channel's id, in which a person is told how to be reached when the private way fails; the words themselves
    never go there.
    `pictures` are digests of photos to send along. `not_before`: it waits so long, and what waits with it is merged.
    `shows`: what of somebody else's is told unmasked, which is noted with whoever reads it. Never to a group.
    `late`: it should have come long ago, and says so. `until`: later it is pointless, and is not sent.
    """

    key: str
    values: Mapping[str, object]
    to: Chat | GroupChat | str = Chat.PRIVATE
    urgency: Urgency | None = None
    fallback_group: str | None = None
    pictures: tuple[str, ...] = ()
    question: Question | None = None
    not_before: datetime | None = None
    shows: tuple[Shown, ...] = ()
    late: bool = False
    until: datetime | None = None


Replies = Sequence[Reply]


def say(
    key: str,
    *,
    to: Chat | GroupChat | str = Chat.PRIVATE,
    urgency: Urgency | None = None,
    fallback_group: str | None = None,
    pictures: Sequence[str] = (),
    not_before: datetime | None = None,
    good_until: datetime | None = None,
    shows: Sequence[Shown] = (),
    **values: object,
) -> Reply:
    """An answer to the sender alone, or words to another person by id, or in a group."""
    return Reply(
        key,
        values,
        to,
        urgency,
        fallback_group,
        tuple(pictures),
        not_before=not_before,
        shows=tuple(shows),
        until=good_until,
    )


def say_in_group(key: str, *, not_before: datetime | None = None, **values: object) -> Reply:
    """An answer in the group the message came from; nothing when it came privately."""
    return Reply(key, values, Chat.GROUP, not_before=not_before)


def ask(
    key: str,
    kind: str,
    about: Mapping[str, Plain],
    *,
    to: Chat | str = Chat.PRIVATE,
    open_for: timedelta | None = None,
    urgency: Urgency | None = None,
    fallback_group: str | None = None,
    good_until: datetime | None = None,
    shows: Sequence[Shown] = (),
    **values: Plain,
) -> Reply:
    """A question to one person, always private. Open for a day unless said otherwise."""
    question = Question(kind, about, open_for)
    return Reply(key, values, to, urgency, fallback_group, (), question, shows=tuple(shows), until=good_until)
