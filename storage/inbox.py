"""Messages that were for the bot: each once, with what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update

from storage.database import Store
from storage.tables import inbox


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as it is kept. `group` and `sender` are the channel's ids."""

    channel: str
    account: str
    external_id: str
    kind: str
    group: str | None
    group_name: str
    sender: str
    sender_name: str
    text: str
    mentions_bot: bool
    photos: tuple[str, ...]
    photo_problem: str | None
    sent_at: datetime
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Leftover:
    """A message that waits to be answered: for the first time where it was held back, else after a failure."""

    id: int
    attempts: int
    letter: Letter


@dataclass(frozen=True, slots=True)
class Parked:
    """A message that failed three times, without its words. `error`: the last line of its traceback."""

    id: int
    channel: str
    sender: str
    sender_name: str
    in_group: bool
    received_at: datetime
    attempts: int
    error: str | None


_LETTER = (
    inbox.c.channel,
    inbox.c.account,
    inbox.c.external_id,
    inbox.c.kind,
    inbox.c.group_external_id,
    inbox.c.group_name,
    inbox.c.sender,
    inbox.c.sender_name,
    inbox.c.text,
    inbox.c.mentions_bot,
    inbox.c.photos,
    inbox.c.photo_problem,
    inbox.c.sent_at,
    inbox.c.received_at,
)
_FIELDS = tuple(field.name for field in fields(Letter))
_INSERT = insert(inbox)
_KNOWN = select(inbox.c.external_id).where(
    inbox.c.channel == bindparam("channel"),
    inbox.c.account == bindparam("account"),
    inbox.c.external_id.in_(bindparam("external_ids", expanding=True)),
)
_LEFTOVERS = (
    select(inbox.c.id, inbox.c.attempts, *_LETTER)
    .where(inbox.c.handled_at.is_(None), inbox.c.parked_at.is_(None), inbox.c.try_at <= bindparam("now"))
    .order_by(inbox.c.try_at, inbox.c.id)
    .limit(bindparam("at_most"))
)
_HELD_BACK = (
    select(inbox.c.channel, inbox.c.sender)
    .where(inbox.c.handled_at.is_(None), inbox.c.parked_at.is_(None), inbox.c.try_at.is_not(None))
    .where(inbox.c.attempts == 0)
    .distinct()
)
_PARKED = (
    select(
        inbox.c.id,
        inbox.c.channel,
        inbox.c.sender,
        inbox.c.sender_name,
        inbox.c.group_external_id.is_not(None),
        inbox.c.received_at,
        inbox.c.attempts,
        inbox.c.error,
    )
    .where(inbox.c.parked_at.is_not(None))
    .order_by(inbox.c.parked_at.desc(), inbox.c.id.desc())
    .limit(bindparam("at_most"))
)
_UNPARK = (
    update(inbox)
    .where(inbox.c.id == bindparam("letter_id"), inbox.c.parked_at.is_not(None))
    .values(parked_at=None, try_at=bindparam("now"))
)
_NEXT_LEFTOVER = select(func.min(inbox.c.try_at)).where(inbox.c.handled_at.is_(None), inbox.c.parked_at.is_(None))
_CLAIM = (
    select(inbox.c.id)
    .where(
        inbox.c.id == bindparam("letter_id"),
        inbox.c.attempts == bindparam("tried"),
        inbox.c.handled_at.is_(None),
        inbox.c.parked_at.is_(None),
    )
    .with_for_update(skip_locked=True)
)
_HANDLED = update(inbox).where(inbox.c.id == bindparam("letter_id")).values(handled_at=bindparam("now"), error=None)
_FAILED = (
    update(inbox)
    .where(inbox.c.id == bindparam("letter_id"))
    .values(
        attempts=bindparam("tried"), try_at=bindparam("again_at"), parked_at=bindparam("parked"), error=bindparam("why")
    )
)


def known(store: Store, channel: str, account: str, external_ids: Sequence[str]) -> set[str]:
    """Which of these messages were kept before."""
    values = {"channel": channel, "account": account, "external_ids": list(external_ids)}
    return set(store.connection.execute(_KNOWN, values).scalars())


def add_handled(store: Store, letter: Letter, now: datetime) -> None:
    """Keeps a message together with its effects. Written at the end of the transaction."""
    store.collect(_INSERT, _row(letter) | {"handled_at": now, "attempts": 1, "try_at": None, "error": None})


def add_unanswered(store: Store, letter: Letter, *, attempts: int, try_at: datetime, error: str | None) -> None:
    """Keeps a message that is not answered yet: held back, or failed for the first time."""
    store.collect(_INSERT, _row(letter) | {"handled_at": None, "attempts": attempts, "try_at": try_at, "error": error})


def leftovers(store: Store, now: datetime, at_most: int) -> list[Leftover]:
    """Messages that were not answered and are due again, the longest waiting first."""
    rows = store.connection.execute(_LEFTOVERS, {"now": now, "at_most": at_most}).all()
    return [Leftover(identity, attempts, _letter(rest)) for identity, attempts, *rest in rows]


def held_back(store: Store) -> set[tuple[str, str]]:
    """Of whom something was held back and waits still: channel, and the channel's id of the person."""
    return {(channel, sender) for channel, sender in store.connection.execute(_HELD_BACK)}


def parked(store: Store, at_most: int) -> list[Parked]:
    """Messages that wait for somebody to see what is wrong, the newest first."""
    return [Parked(*row) for row in store.connection.execute(_PARKED, {"at_most": at_most})]


def unpark(store: Store, letter_id: int, now: datetime) -> bool:
    """A parked message is tried again. False where it is not parked."""
    if not 0 < letter_id < 2**63:
        return False
    return bool(store.connection.execute(_UNPARK, {"letter_id": letter_id, "now": now}).rowcount)


def claim_leftover(store: Store, letter_id: int, attempts: int) -> bool:
    """Whether a message still waits after so many tries, and no other process is at it; it stays ours until the end."""
    return store.connection.execute(_CLAIM, {"letter_id": letter_id, "tried": attempts}).first() is not None


def next_leftover(store: Store) -> datetime | None:
    """When the next failed message is due."""
    return store.connection.execute(_NEXT_LEFTOVER).scalar_one_or_none()


def mark_handled(store: Store, letter_id: int, now: datetime) -> None:
    """A failed message was handled after all."""
    store.connection.execute(_HANDLED, {"letter_id": letter_id, "now": now})


def mark_failed(
    store: Store, letter_id: int, attempts: int, error: str, *, try_at: datetime | None, parked_at: datetime | None
) -> None:
    """It failed once more: either it is tried at `try_at`, or it is parked for good."""
    values = {"letter_id": letter_id, "tried": attempts, "again_at": try_at, "parked": parked_at, "why": error}
    store.connection.execute(_FAILED, values)


def _row(letter: Letter) -> dict[str, object]:
    return {
        "channel": letter.channel,
        "account": letter.account,
        "external_id": letter.external_id,
        "kind": letter.kind,
        "group_external_id": letter.group,
        "group_name": letter.group_name,
        "sender": letter.sender,
        "sender_name": letter.sender_name,
        "text": letter.text,
        "mentions_bot": letter.mentions_bot,
        "photos": list(letter.photos),
        "photo_problem": letter.photo_problem,
        "sent_at": letter.sent_at,
        "received_at": letter.received_at,
    }


def _letter(columns: Sequence[Any]) -> Letter:
    values = dict(zip(_FIELDS, columns, strict=True))
    return Letter(**values | {"photos": tuple(values["photos"])})
