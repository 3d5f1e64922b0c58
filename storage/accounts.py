"""The accounts through which messages go out: whether they rest, and when they have sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from storage.database import Store
from storage.tables import accounts, sends


@dataclass(frozen=True, slots=True)
class Account:
    """What is known of an account. `since`: when it first had something to send; None: long ago."""

    paused_until: datetime | None
    since: datetime | None


_AT = (accounts.c.channel == bindparam("at_channel"), accounts.c.account == bindparam("at_account"))
_LOCK = select(accounts.c.paused_until, accounts.c.since).where(*_AT).with_for_update()
_NEW = {
    "sqlite": sqlite.insert(accounts).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(accounts).on_conflict_do_nothing(),
}
_PAUSE = update(accounts).where(*_AT).values(paused_until=bindparam("until"))
_OF_ACCOUNT = (sends.c.channel == bindparam("channel"), sends.c.account == bindparam("account"))
_NTH_NEWEST = select(sends.c.at).where(*_OF_ACCOUNT).order_by(sends.c.at.desc()).limit(1).offset(bindparam("newer"))
_SPEND = insert(sends).returning(sends.c.id)
_SPENT_AT = update(sends).where(sends.c.id == bindparam("send_id")).values(at=bindparam("now"))
_NOT_SPENT = delete(sends).where(sends.c.id == bindparam("send_id"))
_FORGET = delete(sends).where(*_OF_ACCOUNT, sends.c.at < bindparam("before"))


def lock(store: Store, channel: str, account: str, now: datetime) -> Account:
    """An account, which nobody else may plan for until this transaction ends. It is known from then on."""
    where = {"at_channel": channel, "at_account": account}
    row = store.connection.execute(_LOCK, where).first()
    if row is None:
        new = {"channel": channel, "account": account, "since": now}
        store.connection.execute(_NEW[store.connection.dialect.name], new)
        row = store.connection.execute(_LOCK, where).one()
    return Account(*row)


def paused_until(store: Store, channel: str, account: str) -> datetime | None:
    """Until when the account rests, if it was told to."""
    row = store.connection.execute(_LOCK, {"at_channel": channel, "at_account": account}).first()
    return row[0] if row else None


def pause(store: Store, channel: str, account: str, until: datetime) -> None:
    """The account sends nothing until then."""
    lock(store, channel, account, until)
    store.connection.execute(_PAUSE, {"at_channel": channel, "at_account": account, "until": until})


def newest_sends(store: Store, channel: str, account: str, numbers: Sequence[int]) -> dict[int, datetime]:
    """When an account has sent its newest message (1), the one before (2) and so on, of these, where there are such."""
    found = {}
    for number in numbers:
        values = {"channel": channel, "account": account, "newer": number - 1}
        moment = store.connection.execute(_NTH_NEWEST, values).scalar_one_or_none()
        if moment is None:
            break
        found[number] = moment
    return found


def spend(store: Store, channel: str, account: str, now: datetime, window: timedelta) -> int:
    """A message is about to go out. Forgets what is older than the longest window. Gives the number of this one."""
    of_account = {"channel": channel, "account": account}
    store.connection.execute(_FORGET, of_account | {"before": now - window})
    return int(store.connection.execute(_SPEND, of_account | {"at": now}).scalar_one())


def spent_at(store: Store, send_id: int, now: datetime) -> None:
    """It was accepted then."""
    store.connection.execute(_SPENT_AT, {"send_id": send_id, "now": now})


def not_spent(store: Store, send_id: int) -> None:
    """It did not go out."""
    store.connection.execute(_NOT_SPENT, {"send_id": send_id})
