"""What the bot announces at fixed times: which of them are done, so that none goes out twice."""

from datetime import datetime

from sqlalchemy import bindparam, func, insert, select

from storage.database import Store
from storage.tables import announcements

_LAST = select(func.max(announcements.c.due_at)).where(announcements.c.kind == bindparam("wanted"))
_INSERT = insert(announcements)


def last(store: Store, kind: str) -> datetime | None:
    """The latest one that is done, by the time at which it was due."""
    return store.connection.execute(_LAST, {"wanted": kind}).scalar_one_or_none()


def note(store: Store, kind: str, due_at: datetime, said_at: datetime | None) -> None:
    """This one is done. No `said_at`: it was too late to say it.

    Raises `IntegrityError` where another process was faster: then it all happened there.
    """
    store.connection.execute(_INSERT, {"kind": kind, "due_at": due_at, "said_at": said_at})
