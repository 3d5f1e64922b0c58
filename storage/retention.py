"""What is forgotten once it has been kept long enough: some rows at a time, so that nobody waits. Figures stay."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Table, bindparam, case, delete, insert, select, update

from storage.database import Store
from storage.personal import ERASED, of
from storage.tables import (
    booking_events,
    bookings,
    chains,
    events,
    grievance_events,
    grievances,
    inbox,
    outbox,
    photos,
    questions,
    sign_up_events,
    sign_ups,
    task_claims,
    task_events,
    tasks,
    versions,
    wish_events,
    wishes,
)

AT_ONCE = 500
EVENTS_AT_ONCE = 20
FORGOTTEN_EVENTS = "forgotten_events"
"""Under this name stands the id of the last event whose names are forgotten."""


def _due(key: Column[Any], ended: Column[Any]) -> Any:
    return (
        select(key).where(key.table.c.purged_at.is_(None), ended < bindparam("before")).order_by(ended).limit(AT_ONCE)
    )


_GRIEVANCES = _due(grievances.c.number, grievances.c.ended_at)
_BOOKINGS = _due(bookings.c.id, bookings.c.starts_at)
_TASKS = _due(tasks.c.id, tasks.c.ended_at)
_WISHES = _due(wishes.c.id, wishes.c.ended_at)
_OLDEST = {
    table.name: select(table.c.id, when).order_by(table.c.id).limit(AT_ONCE)
    for table, when in ((inbox, inbox.c.received_at), (outbox, outbox.c.due_at), (questions, questions.c.expires_at))
}
_LOOSE_PHOTOS = (
    select(photos.c.id)
    .where(photos.c.grievance_number.is_(None), photos.c.received_at < bindparam("before"))
    .limit(AT_ONCE)
)
_EVENTS = (select(events.c.id, events.c.ends_at).where(events.c.id > bindparam("after")).order_by(events.c.id)).limit(
    EVENTS_AT_ONCE
)
_MARK = select(versions.c.value).where(versions.c.name == FORGOTTEN_EVENTS)


def grievances_ended(store: Store, before: datetime, now: datetime) -> int:
    """Forgets words, places and photos of grievances that ended before then. Gives how many."""
    numbers = _blank(store, _GRIEVANCES, grievances.c.number, before, now)
    if numbers:
        _blank_log(store, grievance_events, "grievance_number", numbers)
        store.connection.execute(delete(photos).where(photos.c.grievance_number.in_(numbers)))
    return len(numbers)


def bookings_over(store: Store, before: datetime, now: datetime) -> int:
    """Forgets reasons and records of bookings whose day was before then."""
    return _blank_with_log(store, _BOOKINGS, bookings.c.id, booking_events, "booking_id", before, now)


def tasks_ended(store: Store, before: datetime, now: datetime) -> int:
    """Forgets words, addresses and phones of tasks that ended before then."""
    numbers = _blank(store, _TASKS, tasks.c.id, before, now)
    if numbers:
        _blank_log(store, task_events, "task_id", numbers)
        store.connection.execute(update(task_claims).where(task_claims.c.task_id.in_(numbers)).values(reason=""))
    return len(numbers)


def wishes_ended(store: Store, before: datetime, now: datetime) -> int:
    """Forgets words and addresses of wishes that ended before then."""
    return _blank_with_log(store, _WISHES, wishes.c.id, wish_events, "wish_id", before, now)


def messages(store: Store, before: datetime) -> int:
    """Takes out what was said and asked before then, and photos that belong to nothing."""
    loose = list(store.connection.execute(_LOOSE_PHOTOS, {"before": before}).scalars())
    if loose:
        store.connection.execute(delete(photos).where(photos.c.id.in_(loose)))
    return len(loose) + sum(_take_out(store, table, before) for table in (inbox, outbox, questions))


def events_over(store: Store, before: datetime) -> int:
    """Forgets the names in lists, and what was brought to be repaired, of events that were over before then."""
    after = store.connection.execute(_MARK).scalar_one_or_none()
    rows = store.connection.execute(_EVENTS, {"after": after or 0}).all()
    ids: list[int] = []
    for identity, ends_at in rows:
        if ends_at >= before:
            break
        ids.append(identity)
    if ids:
        _forget_events(store, ids)
        changed = update(versions).where(versions.c.name == FORGOTTEN_EVENTS).values(value=ids[-1])
        if not store.connection.execute(changed).rowcount:
            store.connection.execute(insert(versions), {"name": FORGOTTEN_EVENTS, "value": ids[-1]})
    return len(ids)


def _forget_events(store: Store, ids: Sequence[int]) -> None:
    run = store.connection.execute
    theirs = sign_ups.c.event_id.in_(ids)
    unknown = case((sign_ups.c.person_id.is_(None), ERASED), else_="")
    run(update(chains).where(chains.c.event_id.in_(ids)).values(entries=[]))
    run(
        update(sign_up_events)
        .where(sign_up_events.c.sign_up_id.in_(select(sign_ups.c.id).where(theirs)))
        .values(**of(sign_up_events).blank)
    )
    run(update(sign_ups).where(theirs).values(name=unknown, item=""))


def _blank_with_log(
    store: Store, due: Any, key: Column[Any], log: Table, of_row: str, before: datetime, now: datetime
) -> int:
    numbers = _blank(store, due, key, before, now)
    if numbers:
        _blank_log(store, log, of_row, numbers)
    return len(numbers)


def _blank(store: Store, due: Any, key: Column[Any], before: datetime, now: datetime) -> list[int]:
    numbers = list(store.connection.execute(due, {"before": before}).scalars())
    if numbers:
        change = update(key.table).where(key.in_(numbers)).values(**of(key.table).blank, purged_at=now)
        store.connection.execute(change)
    return numbers


def _blank_log(store: Store, log: Table, of_row: str, numbers: Sequence[int]) -> None:
    store.connection.execute(update(log).where(log.c[of_row].in_(numbers)).values(**of(log).blank))


def _take_out(store: Store, table: Table, before: datetime) -> int:
    """The oldest rows, as far as they are old enough: ids rise with time."""
    rows = store.connection.execute(_OLDEST[table.name]).all()
    ids = [identity for identity, when in rows if when < before]
    if ids:
        store.connection.execute(delete(table).where(table.c.id.in_(ids)))
    return len(ids)
