"""What those who keep the program want to know of the database: numbers only. Asked at most once a minute."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, select

from storage.database import Store
from storage.tables import Urgency, accounts, grievances, inbox, outbox, sends

_OPEN = (
    outbox.c.sent_at.is_(None),
    outbox.c.failed_at.is_(None),
    outbox.c.channel == bindparam("channel"),
    outbox.c.urgency == bindparam("urgency"),
)
_OWED = select(func.count(), func.min(outbox.c.created_at)).where(*_OPEN)
_DUE = select(func.count(), func.min(outbox.c.due_at)).where(*_OPEN, outbox.c.due_at <= bindparam("now"))
_UNDELIVERED = (
    select(func.count()).select_from(outbox).where(outbox.c.failed_at.is_not(None), outbox.c.settled_at.is_(None))
)
_PARKED = select(func.count()).select_from(inbox).where(inbox.c.parked_at.is_not(None), inbox.c.handled_at.is_(None))
_FAILING = select(func.count()).select_from(inbox).where(inbox.c.handled_at.is_(None), inbox.c.parked_at.is_(None))
_CASES = (
    select(grievances.c.state, func.count())
    .where(grievances.c.ended_at.is_(None), grievances.c.purged_at.is_(None))
    .group_by(grievances.c.state)
)
_PAUSED = select(accounts.c.channel, accounts.c.account).where(accounts.c.paused_until > bindparam("now"))
_SENDS = (
    select(func.count())
    .select_from(sends)
    .where(
        sends.c.channel == bindparam("channel"),
        sends.c.account == bindparam("account"),
        sends.c.at > bindparam("since"),
    )
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much a channel still has to send of one urgency, and since when the oldest has waited."""

    channel: str
    urgency: Urgency
    count: int
    oldest: datetime | None


def waiting(store: Store, channels: Sequence[str], now: datetime) -> list[Waiting]:
    """What could go out now. An answer waits since it was given, whatever has kept it; the others since their time."""
    found = []
    for channel in channels:
        for urgency in Urgency:
            statement = _OWED if urgency <= Urgency.ANSWER else _DUE
            values = {"channel": channel, "urgency": int(urgency), "now": now}
            count, oldest = store.connection.execute(statement, values).one()
            found.append(Waiting(channel, urgency, count, oldest))
    return found


def undelivered(store: Store) -> int:
    """How much did not go out and somebody should look at."""
    return int(store.connection.execute(_UNDELIVERED).scalar_one())


def parked(store: Store) -> int:
    """How many messages people must look at, for the program could not handle them."""
    return int(store.connection.execute(_PARKED).scalar_one())


def failing(store: Store) -> int:
    """How many messages will be tried again."""
    return int(store.connection.execute(_FAILING).scalar_one())


def cases_by_state(store: Store) -> dict[str, int]:
    """How many grievances are open."""
    return {str(state): count for state, count in store.connection.execute(_CASES)}


def paused(store: Store, now: datetime) -> set[tuple[str, str]]:
    """Channels and accounts that rest because they were told to."""
    return {(channel, account) for channel, account in store.connection.execute(_PAUSED, {"now": now})}


def sent_since(store: Store, channel: str, account: str, since: datetime) -> int:
    """How many messages an account has sent since then; within the last day."""
    values = {"channel": channel, "account": account, "since": since}
    return int(store.connection.execute(_SENDS, values).scalar_one())
