"""Wishes: asked, reviewed, posted without a name, claimed or pledged for, delivered, confirmed."""

from enum import StrEnum

from sqlalchemy import Boolean, CheckConstraint, Column, Date, ForeignKey, Index, Integer, String, Table

from storage.sealing import Sealed
from storage.tables.columns import Moment, Number, checked, filled, metadata, still_open


class WishState(StrEnum):
    """Where a wish stands. See `community/wishes/steps.py` for the legal steps."""

    ASKED = "asked"
    POSTED = "posted"
    CLAIMED = "claimed"
    DELIVERED = "delivered"
    FULFILLED = "fulfilled"
    RETURNED = "returned"
    UNMET = "unmet"
    WITHDRAWN = "withdrawn"


wishes = Table(
    "wishes",
    metadata,
    Column("id", Number, primary_key=True),
    Column("node_id", ForeignKey("nodes.id"), nullable=False),
    Column("wisher_id", ForeignKey("people.id"), nullable=False),
    Column("for_whom", String(60), nullable=False, default=""),
    Column("words", Sealed("wishes.words"), nullable=False),
    Column("public_words", Sealed("wishes.public_words", 120), nullable=False, default=""),
    Column("category", String(40), nullable=False, default=""),
    Column("who", String(40), nullable=False, default=""),
    Column("goal", Integer),
    Column("unit", String(20), nullable=False, default=""),
    Column("thing", String(40), nullable=False, default=""),
    Column("closes_on", Date),
    Column("told_quarter", Integer, nullable=False, default=0),
    Column("told_at", Moment),
    Column("tell_at", Moment),
    Column("state", checked(WishState), nullable=False),
    Column("group_external_id", String(160)),
    Column("asked_at", Moment, nullable=False),
    Column("reviewed_by", ForeignKey("people.id")),
    Column("posted_at", Moment),
    Column("claimed_by", ForeignKey("people.id")),
    Column("claimed_for", String(120), nullable=False, default=""),
    Column("claimed_at", Moment),
    Column("address", Sealed("wishes.address", 200), nullable=False, default=""),
    Column("delivered_at", Moment),
    Column("ended_at", Moment),
    Column("reason", Sealed("wishes.reason", 200), nullable=False, default=""),
    Column("by_name", Boolean),
    Column("changed_at", Moment, nullable=False),
    Column("next_at", Moment),
    Column("stage", String(24), nullable=False, default=""),
    Column("purged_at", Moment),
    CheckConstraint("goal IS NULL OR goal > 0", name="goal"),
    Index("ix_wishes_node_id_asked_at", "node_id", "asked_at"),
    Index("ix_wishes_open", "node_id", "state", **still_open("ended_at")),
    Index("ix_wishes_wisher_id", "wisher_id", "asked_at"),
    Index("ix_wishes_claimed_by", "claimed_by", **filled("claimed_by")),
    Index("ix_wishes_next_at", "next_at", **filled("next_at")),
    Index("ix_wishes_tell_at", "tell_at", **filled("tell_at")),
    Index("ix_wishes_unpurged", "ended_at", **still_open("purged_at")),
    sqlite_autoincrement=True,
)

pledges = Table(
    "pledges",
    metadata,
    Column("id", Number, primary_key=True),
    Column("wish_id", ForeignKey("wishes.id"), nullable=False),
    Column("person_id", ForeignKey("people.id"), nullable=False),
    Column("amount", Integer, nullable=False),
    Column("pledged_at", Moment, nullable=False),
    Column("withdrawn_at", Moment),
    Column("delivered_at", Moment),
    Column("delivered_to", ForeignKey("people.id")),
    Column("by_name", Boolean),
    CheckConstraint("amount > 0", name="amount"),
    Index("ix_pledges_wish_id", "wish_id", **still_open("withdrawn_at")),
    Index("ix_pledges_person_id", "person_id", "pledged_at"),
)

wish_events = Table(
    "wish_events",
    metadata,
    Column("id", Number, primary_key=True),
    Column("wish_id", ForeignKey("wishes.id"), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Column("actor_id", String(160)),
    Column("step", String(24), nullable=False),
    Column("note", Sealed("wish_events.note"), nullable=False, default=""),
)
