"""Who has looked at what, what people asked to be done with what we know of them, and what only the program knows."""

from enum import StrEnum

from sqlalchemy import Column, ForeignKey, Index, String, Table

from storage.sealing import Sealed
from storage.tables.columns import Moment, Number, checked, metadata, still_open


class RequestKind(StrEnum):
    """What somebody may ask about themselves."""

    EXPORT = "export"
    DELETE = "delete"


audit = Table(
    "audit",
    metadata,
    Column("id", Number, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("actor_id", String(160), nullable=False),
    Column("deed", String(40), nullable=False),
    Column("subject", String(160), nullable=False),
    Column("field", String(60), nullable=False, default=""),
    Column("previous", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
    Index("ix_audit_subject", "subject", "at"),
    Index("ix_audit_actor_id", "actor_id", "at"),
    sqlite_autoincrement=True,
)
"""Each row's digest covers the row and the digest before it. Triggers refuse changes: see migration 0006."""


person_requests = Table(
    "person_requests",
    metadata,
    Column("id", Number, primary_key=True),
    Column("person_id", ForeignKey("people.id"), nullable=False),
    Column("kind", checked(RequestKind), nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("done_at", Moment),
    Column("done_by", String(160)),
    Index("ix_person_requests_open", "due_at", **still_open("done_at")),
    Index("ix_person_requests_person_id", "person_id"),
)


secrets = Table(
    "secrets",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", Sealed("secrets.value"), nullable=False),
)
