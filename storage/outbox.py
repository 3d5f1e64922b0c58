"""What is to be sent, what was, and what could not be."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update

from storage.database import Store
from storage.tables import Urgency, accounts, outbox


@dataclass(frozen=True, slots=True)
class Draft:
    """Words on their way to a group or a person, both by the channel's ids. Exactly one of the two is set.

    `mentions` are pairs of id and name. `fallback_group` is where to say that a private message did not arrive.
    `photos` are digests.
    """

    channel: str
    account: str
    group: str | None
    to: str | None
    person_id: str | None
    fallback_group: str | None
    mentions: tuple[tuple[str, str], ...]
    text: str
    photos: tuple[str, ...]
    urgency: Urgency
    created_at: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Due:
    """A draft that may be sent now, with the id and the tries it has had."""

    id: int
    attempts: int
    draft: Draft


_DRAFT = (
    outbox.c.channel,
    outbox.c.account,
    outbox.c.group_external_id,
    outbox.c.to_external_id,
    outbox.c.person_id,
    outbox.c.fallback_group,
    outbox.c.mentions,
    outbox.c.text,
    outbox.c.photos,
    outbox.c.urgency,
    outbox.c.created_at,
    outbox.c.due_at,
)
_FIELDS = tuple(field.name for field in fields(Draft))
_INSERT = insert(outbox)
_OPEN = (outbox.c.sent_at.is_(None), outbox.c.failed_at.is_(None))
_DUE = (
    select(outbox.c.id, outbox.c.attempts, *_DRAFT)
    .where(*_OPEN, outbox.c.channel == bindparam("channel"), outbox.c.due_at <= bindparam("now"))
    .order_by(outbox.c.urgency, outbox.c.due_at, outbox.c.id)
    .limit(bindparam("at_most"))
)
_NEXT_DUE = select(func.min(outbox.c.due_at)).where(*_OPEN, outbox.c.channel == bindparam("channel"))
_SENT = update(outbox).where(outbox.c.id == bindparam("draft_id")).values(sent_at=bindparam("now"))
_LATER = (
    update(outbox)
    .where(outbox.c.id == bindparam("draft_id"))
    .values(due_at=bindparam("again_at"), attempts=bindparam("tried"), error=bindparam("why"))
)
_FAILED = (
    update(outbox)
    .where(outbox.c.id == bindparam("draft_id"))
    .values(failed_at=bindparam("now"), attempts=bindparam("tried"), error=bindparam("why"))
)
_SENT_SINCE = (
    select(outbox.c.sent_at)
    .where(outbox.c.account == bindparam("account"), outbox.c.sent_at > bindparam("since"))
    .distinct()
    .order_by(outbox.c.sent_at.desc())
    .limit(bindparam("at_most"))
)
_UNDELIVERED = (
    select(outbox.c.id, outbox.c.attempts, *_DRAFT)
    .where(outbox.c.failed_at.is_not(None))
    .order_by(outbox.c.failed_at.desc())
    .limit(bindparam("at_most"))
)
_PAUSED = select(accounts.c.paused_until).where(
    accounts.c.channel == bindparam("channel"), accounts.c.account == bindparam("account")
)
_PAUSE = (
    update(accounts)
    .where(accounts.c.channel == bindparam("at_channel"), accounts.c.account == bindparam("at_account"))
    .values(paused_until=bindparam("until"))
)


def add(store: Store, draft: Draft) -> None:
    """Puts words on their way. Written at the end of the transaction."""
    store.collect(
        _INSERT,
        {
            "channel": draft.channel,
            "account": draft.account,
            "group_external_id": draft.group,
            "to_external_id": draft.to,
            "person_id": draft.person_id,
            "fallback_group": draft.fallback_group,
            "mentions": [list(mention) for mention in draft.mentions],
            "text": draft.text,
            "photos": list(draft.photos),
            "urgency": int(draft.urgency),
            "created_at": draft.created_at,
            "due_at": draft.due_at,
        },
    )


def due(store: Store, channel: str, now: datetime, at_most: int = 500) -> list[Due]:
    """What a channel may send now, in the order in which it fell due."""
    values = {"channel": channel, "now": now, "at_most": at_most}
    return [_due(tuple(row)) for row in store.connection.execute(_DUE, values)]


def next_due(store: Store, channel: str) -> datetime | None:
    """When a channel's next message falls due; in the past while one is waiting."""
    return store.connection.execute(_NEXT_DUE, {"channel": channel}).scalar_one_or_none()


def mark_sent(store: Store, ids: Sequence[int], now: datetime) -> None:
    """The channel has accepted these; those merged into one message carry the same time."""
    store.connection.execute(_SENT, [{"draft_id": identity, "now": now} for identity in ids])


def postpone(store: Store, drafts: Sequence[Due], again_at: datetime, error: str, *, count: bool) -> None:
    """These did not go out and are tried again. `count`: whether it was a try, or only no connection."""
    store.connection.execute(
        _LATER,
        [
            {"draft_id": each.id, "again_at": again_at, "tried": each.attempts + int(count), "why": error}
            for each in drafts
        ],
    )


def mark_failed(store: Store, drafts: Sequence[Due], now: datetime, error: str) -> None:
    """These will not go out: they are on the undelivered list."""
    store.connection.execute(
        _FAILED, [{"draft_id": each.id, "now": now, "tried": each.attempts + 1, "why": error} for each in drafts]
    )


def undelivered(store: Store, at_most: int = 20) -> list[Due]:
    """What could not be sent, newest first."""
    return [_due(tuple(row)) for row in store.connection.execute(_UNDELIVERED, {"at_most": at_most})]


def sent_since(store: Store, account: str, since: datetime, at_most: int) -> list[datetime]:
    """When an account has sent, newest first, each message once however many drafts it merged."""
    values = {"account": account, "since": since, "at_most": at_most}
    return list(store.connection.execute(_SENT_SINCE, values).scalars())


def paused_until(store: Store, channel: str, account: str) -> datetime | None:
    """Until when the account rests, if it was told to."""
    return store.connection.execute(_PAUSED, {"channel": channel, "account": account}).scalar_one_or_none()


def pause(store: Store, channel: str, account: str, until: datetime) -> None:
    """The account sends nothing until then."""
    values = {"at_channel": channel, "at_account": account, "until": until}
    if not store.connection.execute(_PAUSE, values).rowcount:
        store.connection.execute(insert(accounts), {"channel": channel, "account": account, "paused_until": until})


def _due(row: Sequence[Any]) -> Due:
    identity, attempts, *columns = row
    values = dict(zip(_FIELDS, columns, strict=True))
    values["mentions"] = tuple((external_id, name) for external_id, name in values["mentions"])
    values["photos"] = tuple(values["photos"])
    values["urgency"] = Urgency(values["urgency"])
    return Due(identity, attempts, Draft(**values))
