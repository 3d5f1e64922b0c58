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
    .limit(64)
)
_NEXT_LEFTOVER = select(func.min(inbox.c.try_at)).where(inbox.c.handled_at.is_(None), inbox.c.parked_at.is_(None))
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


def add_failed(store: Store, letter: Letter, try_at: datetime, error: str) -> None:
    """Keeps a message whose handling failed for the first time, to be tried again."""
    store.collect(_INSERT, _row(letter) | {"handled_at": None, "attempts": 1, "try_at": try_at, "error": error})


def leftovers(store: Store, now: datetime) -> list[tuple[int, int, Letter]]:
    """Failed messages that are due again: id, attempts so far, message. At most 64, oldest first."""
    rows = store.connection.execute(_LEFTOVERS, {"now": now}).all()
    return [(identity, attempts, _letter(rest)) for identity, attempts, *rest in rows]


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
