"""What is to be sent, what was, and what could not be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    bindparam,
    func,
    insert,
    literal,
    null,
    select,
    union_all,
    update,
)

from storage.database import Store
from storage.sealing import CannotOpen
from storage.tables import Urgency, outbox

UNREADABLE = "unreadable"
"""Why a draft was not sent whose words cannot be opened."""


@dataclass(frozen=True, slots=True)
class Draft:
    """Words on their way to a group or a person, both by the channel's ids. Exactly one of the two is set.

    `mentions` are pairs of id and name. `fallback_group` is where to say that a private message did not arrive.
    `photos` are digests. `until`: later it is pointless.
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
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """A draft that may be sent now, with the id and the tries it has had.

    `uncertain_since`: when it may have gone out already, without our knowing.
    """

    id: int
    attempts: int
    draft: Draft
    uncertain_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Front:
    """The first draft of a channel and an urgency: who is next, or when. Its words stay closed."""

    urgency: Urgency
    due_at: datetime
    id: int
    group: str | None
    to: str | None


@dataclass(frozen=True, slots=True)
class Owed:
    """What one recipient is owed now. `unreadable`: the ids of drafts that cannot be opened."""

    dues: tuple[Due, ...]
    unreadable: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A draft that did not go out, for those who look into it: without its words."""

    id: int
    failed_at: datetime
    channel: str
    group: str | None
    person_id: str | None
    why: str


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
    outbox.c.until,
)
_FIELDS = tuple(field.name for field in fields(Draft))
_INSERT = insert(outbox)
_OPEN = (outbox.c.sent_at.is_(None), outbox.c.failed_at.is_(None))
_OF_CHANNEL = outbox.c.channel == bindparam("of_channel")


def _number(value: int) -> ColumnElement[int]:
    """Written into the statement: SQLite takes a partial index only for what it can read there."""
    return literal(int(value), Integer, literal_execute=True)


def _front(urgency: Urgency) -> Select[Any]:
    first = (
        select(outbox.c.urgency, outbox.c.due_at, outbox.c.id, outbox.c.group_external_id, outbox.c.to_external_id)
        .where(*_OPEN, _OF_CHANNEL, outbox.c.urgency == _number(urgency))
        .order_by(outbox.c.due_at, outbox.c.id)
        .limit(_number(1))
        .subquery()
    )
    return select(*first.c)


_FRONTS = union_all(*(_front(urgency) for urgency in Urgency))
_READ = (outbox.c.id, outbox.c.attempts, func.coalesce(outbox.c.uncertain_since, outbox.c.claimed_at), *_DRAFT)


def _owed(*recipient: ColumnElement[bool]) -> Select[Any]:
    return (
        select(*_READ)
        .where(*_OPEN, _OF_CHANNEL, *recipient, outbox.c.due_at <= bindparam("now"))
        .order_by(outbox.c.urgency, outbox.c.id)  # what was put off once must not be overtaken by what came later
        .limit(bindparam("at_most"))
    )


_OWED_IN_GROUP = _owed(outbox.c.group_external_id == bindparam("recipient"))
_OWED_TO_ONE = _owed(outbox.c.group_external_id.is_(None), outbox.c.to_external_id == bindparam("recipient"))
_WITHOUT_WORDS = {statement: statement.with_only_columns(outbox.c.id) for statement in (_OWED_IN_GROUP, _OWED_TO_ONE)}
_READ_ONE = select(*_READ).where(outbox.c.id == bindparam("draft_id"))
_CLAIM = (
    update(outbox)
    .where(
        outbox.c.id.in_(
            select(outbox.c.id)
            .where(outbox.c.id.in_(bindparam("ids", expanding=True)), *_OPEN, outbox.c.due_at <= bindparam("now"))
            .with_for_update(skip_locked=True)
        )
    )
    .values(
        claimed_at=bindparam("now"),
        claimed_by=bindparam("by"),
        due_at=bindparam("lapses_at"),
        uncertain_since=func.coalesce(outbox.c.uncertain_since, outbox.c.claimed_at),
    )
    .returning(outbox.c.id)
)
_RELEASE = update(outbox).where(*_OPEN, _OF_CHANNEL, outbox.c.claimed_at.is_not(None)).values(due_at=bindparam("now"))
_SENT = update(outbox).where(outbox.c.id == bindparam("draft_id")).values(sent_at=bindparam("now"))
_FREE: Mapping[str, Any] = {"claimed_at": null(), "claimed_by": null()}
_LATER = (
    update(outbox)
    .where(outbox.c.id == bindparam("draft_id"))
    .values(due_at=bindparam("again_at"), attempts=bindparam("tried"), error=bindparam("why"), **_FREE)
)
_UNCERTAIN = (
    update(outbox)
    .where(outbox.c.id == bindparam("draft_id"))
    .values(
        due_at=bindparam("again_at"),
        attempts=bindparam("tried"),
        error=bindparam("why"),
        uncertain_since=func.coalesce(outbox.c.uncertain_since, outbox.c.claimed_at),
        **_FREE,
    )
)
_FAILED = (
    update(outbox)
    .where(outbox.c.id == bindparam("draft_id"))
    .values(failed_at=bindparam("now"), attempts=outbox.c.attempts + 1, error=bindparam("why"), **_FREE)
)
_WITHHELD = (
    update(outbox)
    .where(outbox.c.id == bindparam("draft_id"))
    .values(failed_at=bindparam("now"), settled_at=bindparam("now"), error=bindparam("why"), **_FREE)
)
_UNASKED = outbox.c.urgency >= _number(Urgency.REMINDER)
_IN_GROUPS = outbox.c.group_external_id.is_not(None)
_HOLD = (
    update(outbox)
    .where(*_OPEN, _OF_CHANNEL, outbox.c.due_at <= bindparam("now"))
    .values(due_at=bindparam("wait_until"))
)
_HOLD_CHANNEL = _HOLD.where(outbox.c.urgency.in_([_number(Urgency.REMINDER), _number(Urgency.ANNOUNCEMENT)]))
_HOLD_GROUP = _HOLD.where(_UNASKED, outbox.c.group_external_id == bindparam("group"))
_TOLD_UNASKED = select(func.count(outbox.c.sent_at.distinct())).where(
    _UNASKED,
    _IN_GROUPS,
    _OF_CHANNEL,
    outbox.c.group_external_id == bindparam("group"),
    outbox.c.sent_at >= bindparam("since"),
)
_LISTED = (outbox.c.failed_at.is_not(None), outbox.c.settled_at.is_(None))
_UNDELIVERED = (
    select(
        outbox.c.id,
        outbox.c.failed_at,
        outbox.c.channel,
        outbox.c.group_external_id,
        outbox.c.person_id,
        func.coalesce(outbox.c.error, ""),
    )
    .where(*_LISTED)
    .order_by(outbox.c.failed_at.desc(), outbox.c.id.desc())
    .limit(bindparam("at_most"))
)
_COUNT_UNDELIVERED = select(func.count()).select_from(outbox).where(*_LISTED)
_RESEND = (
    update(outbox)
    .where(*_LISTED, outbox.c.id == bindparam("draft_id"))
    .values(failed_at=null(), attempts=0, due_at=bindparam("now"), uncertain_since=null(), until=null(), **_FREE)
)
_DROP = update(outbox).where(*_LISTED, outbox.c.id == bindparam("draft_id")).values(settled_at=bindparam("now"))


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
            "until": draft.until,
        },
    )


def channels_of_new(store: Store) -> set[str]:
    """The channels for which this transaction puts words on their way."""
    return {row["channel"] for row in store.collected(_INSERT)}


def fronts(store: Store, channel: str) -> list[Front]:
    """The first draft of each urgency that a channel has, due or not. However many wait, it costs the same."""
    rows = store.connection.execute(_FRONTS, {"of_channel": channel})
    return [Front(Urgency(urgency), *rest) for urgency, *rest in rows]


def owed(store: Store, channel: str, front: Front, now: datetime, at_most: int) -> Owed:
    """What the recipient of this draft may be sent now, the most urgent first, then as it was said."""
    statement = _OWED_TO_ONE if front.group is None else _OWED_IN_GROUP
    values = {"of_channel": channel, "recipient": front.group or front.to, "now": now, "at_most": at_most}
    try:
        return Owed(tuple(_due(tuple(row)) for row in store.connection.execute(statement, values)))
    except CannotOpen:
        ids = list(store.connection.execute(_WITHOUT_WORDS[statement], values).scalars())
    opened = {identity: _opened(store, identity) for identity in ids}
    return Owed(
        tuple(due for due in opened.values() if due is not None),
        tuple(identity for identity, due in opened.items() if due is None),
    )


def claim(store: Store, ids: Sequence[int], by: str, now: datetime, lapses_at: datetime) -> list[int]:
    """From now on these are being sent by one process, until the claim lapses. Gives those that nobody else has.

    One that was claimed before and never marked may have gone out: it is uncertain from then on.
    """
    values = {"ids": list(ids), "by": by, "now": now, "lapses_at": lapses_at}
    return list(store.connection.execute(_CLAIM, values).scalars())


def release(store: Store, channel: str, now: datetime) -> None:
    """All claims of a channel have lapsed: whoever had them sends no more."""
    store.connection.execute(_RELEASE, {"of_channel": channel, "now": now})


def mark_sent(store: Store, ids: Sequence[int], now: datetime) -> None:
    """The channel has accepted these; those merged into one message carry the same time."""
    store.connection.execute(_SENT, [{"draft_id": identity, "now": now} for identity in ids])


def postpone(
    store: Store, drafts: Sequence[Due], again_at: datetime, error: str, *, count: bool, uncertain: bool = False
) -> None:
    """These did not go out and are tried again. `count`: whether it was a try, or only no connection.

    `uncertain`: they may have gone out.
    """
    store.connection.execute(
        _UNCERTAIN if uncertain else _LATER,
        [
            {"draft_id": each.id, "again_at": again_at, "tried": each.attempts + int(count), "why": error}
            for each in drafts
        ],
    )


def mark_failed(store: Store, ids: Sequence[int], now: datetime, error: str) -> None:
    """These will not go out: they are on the undelivered list."""
    store.connection.execute(_FAILED, [{"draft_id": each, "now": now, "why": error} for each in ids])


def withhold(store: Store, ids: Sequence[int], now: datetime, why: str) -> None:
    """These are not to go out, and nobody need look into it."""
    store.connection.execute(_WITHHELD, [{"draft_id": each, "now": now, "why": why} for each in ids])


def hold_unasked(store: Store, channel: str, group: str | None, now: datetime, until: datetime) -> None:
    """What is due and unasked waits: what this group is owed, or the whole channel."""
    values = {"of_channel": channel, "now": now, "wait_until": until}
    if group is None:
        store.connection.execute(_HOLD_CHANNEL, values)
    else:
        store.connection.execute(_HOLD_GROUP, values | {"group": group})


def told_unasked(store: Store, channel: str, group: str, since: datetime) -> int:
    """How many messages a group was sent since then that hold something unasked."""
    values = {"of_channel": channel, "group": group, "since": since}
    return store.connection.execute(_TOLD_UNASKED, values).scalar_one()


def undelivered(store: Store, at_most: int = 20) -> list[Undelivered]:
    """What could not be sent and nobody has settled, newest first."""
    return [Undelivered(*row) for row in store.connection.execute(_UNDELIVERED, {"at_most": at_most})]


def count_undelivered(store: Store) -> int:
    """How many drafts are on the undelivered list."""
    return store.connection.execute(_COUNT_UNDELIVERED).scalar_one()


def resend(store: Store, draft_id: int, now: datetime) -> bool:
    """A draft of the undelivered list is on its way again, as if new. False when it is not on the list."""
    return bool(store.connection.execute(_RESEND, {"draft_id": draft_id, "now": now}).rowcount)


def drop(store: Store, draft_id: int, now: datetime) -> bool:
    """A draft of the undelivered list is settled otherwise. False when it is not on the list."""
    return bool(store.connection.execute(_DROP, {"draft_id": draft_id, "now": now}).rowcount)


def _opened(store: Store, draft_id: int) -> Due | None:
    try:
        return _due(tuple(store.connection.execute(_READ_ONE, {"draft_id": draft_id}).one()))
    except CannotOpen:
        return None


def _due(row: Sequence[Any]) -> Due:
    identity, attempts, uncertain_since, *columns = row
    values = dict(zip(_FIELDS, columns, strict=True))
    values["mentions"] = tuple((external_id, name) for external_id, name in values["mentions"])
    values["photos"] = tuple(values["photos"])
    values["urgency"] = Urgency(values["urgency"])
    return Due(identity, attempts, Draft(**values), uncertain_since)
