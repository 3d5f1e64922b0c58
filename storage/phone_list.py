"""People to be phoned: those the bot cannot reach privately, and those who asked for a human."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, insert, select, update

from storage.database import Store
from storage.tables import people, phone_list


@dataclass(frozen=True, slots=True)
class Callback:
    """One person to be phoned, and why."""

    id: int
    person_id: str
    name: str
    node_id: str | None
    reason: str
    added_at: datetime


_INSERT = insert(phone_list)
_OPEN_FOR = select(phone_list.c.id).where(
    phone_list.c.person_id == bindparam("person_id"), phone_list.c.done_at.is_(None)
)
_OPEN = (
    select(
        phone_list.c.id,
        phone_list.c.person_id,
        people.c.name,
        people.c.node_id,
        phone_list.c.reason,
        phone_list.c.added_at,
    )
    .join_from(phone_list, people)
    .where(phone_list.c.done_at.is_(None))
    .order_by(phone_list.c.added_at)
    .limit(bindparam("at_most"))
)
_DONE = (
    update(phone_list)
    .where(phone_list.c.id == bindparam("callback_id"), phone_list.c.done_at.is_(None))
    .values(done_at=bindparam("now"), done_by=bindparam("by"))
)


def add(store: Store, person_id: str, reason: str, now: datetime) -> bool:
    """Puts a person on the list, once. Says whether they were not there yet."""
    if store.connection.execute(_OPEN_FOR, {"person_id": person_id}).first():
        return False
    store.connection.execute(_INSERT, {"person_id": person_id, "reason": reason, "added_at": now})
    return True


def waiting(store: Store, at_most: int = 20) -> list[Callback]:
    """Who is still to be phoned, longest waiting first."""
    return [Callback(*row) for row in store.connection.execute(_OPEN, {"at_most": at_most})]


def done(store: Store, callback_id: int, by: str, now: datetime) -> bool:
    """Somebody has phoned. False when the entry was not open."""
    return bool(store.connection.execute(_DONE, {"callback_id": callback_id, "by": by, "now": now}).rowcount)
