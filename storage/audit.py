"""The audit log: who was shown what that is somebody else's. Rows are added, in one chain, and never changed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, insert, select

from storage import locks
from storage.database import Store
from storage.tables import audit

LOCK = "audit"
"""What is held while one transaction appends, so that the next goes on from its last row."""

AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Line:
    """What happened: `actor_id` did `deed` with `field` of `subject`, such as `grievance:12`."""

    at: datetime
    actor_id: str
    deed: str
    subject: str
    field: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A line in its place of the chain."""

    id: int
    line: Line
    previous: str
    digest: str


_COLUMNS = (
    audit.c.id,
    audit.c.at,
    audit.c.actor_id,
    audit.c.deed,
    audit.c.subject,
    audit.c.field,
    audit.c.previous,
    audit.c.digest,
)
_INSERT = insert(audit)
_HEAD = select(audit.c.digest).order_by(audit.c.id.desc()).limit(1)
_IN_ORDER = select(*_COLUMNS).where(audit.c.id > bindparam("after")).order_by(audit.c.id).limit(AT_ONCE)
_ABOUT = select(*_COLUMNS).where(audit.c.subject == bindparam("wanted")).order_by(audit.c.at, audit.c.id)
_BY = select(*_COLUMNS).where(audit.c.actor_id == bindparam("actor")).order_by(audit.c.at, audit.c.id)
_BY_ABOUT = _BY.where(audit.c.subject == bindparam("wanted"))


def lock(store: Store) -> None:
    """Until this transaction ends nobody else appends. SQLite has one writer anyway."""
    locks.hold(store, [LOCK])


def head(store: Store) -> str:
    """The digest of the newest row; empty where there is none."""
    return store.connection.execute(_HEAD).scalar_one_or_none() or ""


def add(store: Store, links: Sequence[tuple[Line, str, str]]) -> None:
    """Appends lines, each with the digest before it and its own, in their order."""
    store.connection.execute(
        _INSERT,
        [
            {
                "at": line.at,
                "actor_id": line.actor_id,
                "deed": line.deed,
                "subject": line.subject,
                "field": line.field,
                "previous": previous,
                "digest": digest,
            }
            for line, previous, digest in links
        ],
    )


def in_order(store: Store) -> Iterator[Entry]:
    """All rows, the oldest first, read in steps."""
    after = 0
    while rows := store.connection.execute(_IN_ORDER, {"after": after}).all():
        for row in rows:
            yield _entry(tuple(row))
        after = rows[-1].id


def find(store: Store, actor_id: str | None, subject: str | None) -> list[Entry]:
    """What somebody was shown, or who was shown something, or both."""
    if actor_id is None and subject is None:
        return list(in_order(store))
    statement = _ABOUT if actor_id is None else _BY if subject is None else _BY_ABOUT
    values = {"actor": actor_id, "wanted": subject}
    wanted = {name: value for name, value in values.items() if value is not None}
    return [_entry(tuple(row)) for row in store.connection.execute(statement, wanted)]


def _entry(row: tuple[int, datetime, str, str, str, str, str, str]) -> Entry:
    identity, at, actor_id, deed, subject, field, previous, digest = row
    return Entry(identity, Line(at, actor_id, deed, subject, field), previous, digest)
