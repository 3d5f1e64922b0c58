"""What came in, what goes out, what was asked, and who is to be phoned."""

from enum import IntEnum
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from storage.sealing import Sealed, SealedJson
from storage.tables.columns import Moment, Number, filled, metadata, still_open


class Urgency(IntEnum):
    """Why a message goes out. The smaller goes first; quiet hours hold the last two."""

    ALARM = 0
    ANSWER = 1
    NOTICE = 2
    REMINDER = 3
    ANNOUNCEMENT = 4


inbox = Table(
    "inbox",
    metadata,
    Column("id", Number, primary_key=True),
    Column("channel", String(40), nullable=False),
    Column("account", String(80), nullable=False),
    Column("external_id", String(200), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("group_external_id", String(160)),
    Column("group_name", Sealed("inbox.group_name", 200), nullable=False, default=""),
    Column("sender", String(160), nullable=False),
    Column("sender_name", Sealed("inbox.sender_name", 200), nullable=False),
    Column("text", Sealed("inbox.text"), nullable=False),
    Column("mentions_bot", Boolean, nullable=False, default=False),
    Column("photos", JSON, nullable=False),
    Column("photo_problem", String(40)),
    Column("sent_at", Moment, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("handled_at", Moment),
    Column("attempts", Integer, nullable=False, default=0),
    Column("try_at", Moment),
    Column("parked_at", Moment),
    Column("error", Sealed("inbox.error")),
    UniqueConstraint("channel", "account", "external_id"),
    Index("ix_inbox_leftover", "try_at", **still_open("handled_at", "parked_at")),
    Index("ix_inbox_parked", "parked_at", **filled("parked_at")),
)


_unasked_in_groups: dict[str, Any] = {
    "sqlite_where": text("urgency >= 3 AND group_external_id IS NOT NULL"),
    "postgresql_where": text("urgency >= 3 AND group_external_id IS NOT NULL"),
}
"""What groups are told unasked: counted, so that it is not too much a day."""

_undelivered: dict[str, Any] = {
    "sqlite_where": text("failed_at IS NOT NULL AND settled_at IS NULL"),
    "postgresql_where": text("failed_at IS NOT NULL AND settled_at IS NULL"),
}
"""What did not go out and somebody should look at."""

outbox = Table(
    "outbox",
    metadata,
    Column("id", Number, primary_key=True),
    Column("channel", String(40), nullable=False),
    Column("account", String(80), nullable=False),
    Column("group_external_id", String(160)),
    Column("to_external_id", String(160)),
    Column("person_id", String(160)),
    Column("fallback_group", String(160)),
    Column("mentions", SealedJson("outbox.mentions"), nullable=False),
    Column("text", Sealed("outbox.text"), nullable=False),
    Column("photos", JSON, nullable=False),
    Column("urgency", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("sent_at", Moment),
    Column("failed_at", Moment),
    Column("error", Text),
    Column("claimed_at", Moment),
    Column("claimed_by", String(80)),
    Column("uncertain_since", Moment),
    Column("until", Moment),
    Column("settled_at", Moment),
    CheckConstraint("(group_external_id IS NULL) <> (to_external_id IS NULL)", name="one_recipient"),
    Index("ix_outbox_due", "channel", "urgency", "due_at", **still_open("sent_at", "failed_at")),
    Index(
        "ix_outbox_owed",
        "channel",
        "group_external_id",
        "to_external_id",
        "urgency",
        "id",
        **still_open("sent_at", "failed_at"),
    ),
    Index("ix_outbox_unasked", "channel", "group_external_id", "sent_at", **_unasked_in_groups),
    Index("ix_outbox_undelivered", "failed_at", **_undelivered),
)
"""`claimed_at`, `claimed_by`: which process is sending it, since when; its `due_at` is then the end of the claim.
`uncertain_since`: it may have gone out already. `until`: later it is pointless. `settled_at`: it did not go out, and
nobody need look at it."""


accounts = Table(
    "accounts",
    metadata,
    Column("channel", String(40), primary_key=True),
    Column("account", String(80), primary_key=True),
    Column("paused_until", Moment),
    Column("since", Moment),
)
"""`since`: when the account began to speak here; None: long ago."""


sends = Table(
    "sends",
    metadata,
    Column("id", Number, primary_key=True),
    Column("channel", String(40), nullable=False),
    Column("account", String(80), nullable=False),
    Column("at", Moment, nullable=False),
    Index("ix_sends_newest", "channel", "account", "at"),
)
"""One row a message that an account has sent within the last day, or is sending: what its budget is counted from."""


_asks_for_helpers: dict[str, Any] = {
    "sqlite_where": text("kind = 'market.short'"),
    "postgresql_where": text("kind = 'market.short'"),
}
"""Only the questions by which volunteers are asked to help out: who was asked last is asked last again."""

questions = Table(
    "questions",
    metadata,
    Column("id", Number, primary_key=True),
    Column("person_id", ForeignKey("people.id"), nullable=False),
    Column("kind", String(60), nullable=False),
    Column("about", SealedJson("questions.about"), nullable=False),
    Column("prompt_key", String(80), nullable=False),
    Column("prompt_values", SealedJson("questions.prompt_values"), nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("closed_at", Moment),
    Index("ix_questions_open", "person_id", **still_open("closed_at")),
    Index("ix_questions_expiry", "expires_at", **still_open("closed_at")),
    Index("ix_questions_helpers", "person_id", "asked_at", **_asks_for_helpers),
)


photos = Table(
    "photos",
    metadata,
    Column("id", Number, primary_key=True),
    Column("digest", String(80), nullable=False),
    Column("person_id", ForeignKey("people.id"), nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("grievance_number", ForeignKey("grievances.number")),
    Index("ix_photos_grievance_number", "grievance_number", **filled("grievance_number")),
    Index("ix_photos_person_id", "person_id"),
    Index("ix_photos_loose", "person_id", "received_at", **still_open("grievance_number")),
)


phone_list = Table(
    "phone_list",
    metadata,
    Column("id", Number, primary_key=True),
    Column("person_id", ForeignKey("people.id"), nullable=False),
    Column("reason", String(40), nullable=False),
    Column("added_at", Moment, nullable=False),
    Column("done_at", Moment),
    Column("done_by", String(160)),
    Index("ix_phone_list_open", "person_id", **still_open("done_at")),
)


announcements = Table(
    "announcements",
    metadata,
    Column("kind", String(40), primary_key=True),
    Column("due_at", Moment, primary_key=True),
    Column("said_at", Moment),
)
