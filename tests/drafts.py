"""What waits in the outbox, for tests that look at all of it at once. The program never does."""

from datetime import datetime

from sqlalchemy import func, select

from storage import outbox
from storage.database import Store
from storage.outbox import Due
from storage.tables import outbox as outbox_table

_OPEN = (outbox_table.c.sent_at.is_(None), outbox_table.c.failed_at.is_(None))
_ORDER = (outbox_table.c.urgency, outbox_table.c.due_at, outbox_table.c.id)


def due(store: Store, channel: str, now: datetime) -> list[Due]:
    """Everything that a channel may send by then, in its order."""
    wanted = select(outbox_table.c.group_external_id, outbox_table.c.to_external_id, *_ORDER)
    wanted = wanted.where(*_OPEN, outbox_table.c.channel == channel, outbox_table.c.due_at <= now).order_by(*_ORDER)
    found: dict[int, Due] = {}
    for group, to, urgency, due_at, identity in store.connection.execute(wanted).all():
        if identity not in found:
            front = outbox.Front(urgency, due_at, identity, group, to)
            found |= {each.id: each for each in outbox.owed(store, channel, front, now, 10_000).dues}
    return sorted(found.values(), key=lambda each: (each.draft.urgency, each.draft.due_at, each.id))


def next_due(store: Store, channel: str) -> datetime | None:
    """When the first of them falls due."""
    wanted = select(func.min(outbox_table.c.due_at)).where(*_OPEN, outbox_table.c.channel == channel)
    return store.connection.execute(wanted).scalar_one_or_none()
