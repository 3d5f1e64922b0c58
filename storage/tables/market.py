"""The Lei Feng market and any other event: series, events, stalls, and who signed up for what."""

from enum import StrEnum

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
)

from storage.sealing import Sealed, SealedJson
from storage.tables.columns import Moment, Number, checked, filled, metadata, still_open


class EventState(StrEnum):
    """Whether an event takes place. A postponed one waits for its new date."""

    DRAFT = "draft"
    OPEN = "open"
    POSTPONED = "postponed"
    CANCELLED = "cancelled"
    OVER = "over"


class SignUpPart(StrEnum):
    """What somebody comes for: to help at a stall, or with a number to be helped there."""

    HELPER = "helper"
    VISITOR = "visitor"


class SignUpState(StrEnum):
    """Where a sign-up stands. The first three are open: see `community/market/steps.py`."""

    WAITING = "waiting"
    OFFERED = "offered"
    HELD = "held"
    CAME = "came"
    MISSED = "missed"
    LEFT = "left"
    LAPSED = "lapsed"
    CANCELLED = "cancelled"


event_series = Table(
    "event_series",
    metadata,
    Column("id", String(80), primary_key=True),
    Column("node_id", ForeignKey("nodes.id"), nullable=False),
    Column("name", String(120), nullable=False),
    Column("place", String(200), nullable=False, default=""),
    Column("words", String(200), nullable=False, default=""),
    Column("on_holiday", String(10), nullable=False, default="keep"),
    Column("stalls", JSON, nullable=False),
    Column("bring", String(120), nullable=False, default=""),
    Column("leader_id", ForeignKey("people.id")),
    Column("starts_on", Date, nullable=False),
    Column("from_file", Boolean, nullable=False, default=False),
    Column("planned_to", Date),
    Column("ended_at", Moment),
)

events = Table(
    "events",
    metadata,
    Column("id", Number, primary_key=True),
    Column("series_id", ForeignKey("event_series.id")),
    Column("planned_on", Date, nullable=False),
    Column("node_id", ForeignKey("nodes.id"), nullable=False),
    Column("name", String(120), nullable=False),
    Column("place", String(200), nullable=False),
    Column("begins_at", Moment, nullable=False),
    Column("ends_at", Moment, nullable=False),
    Column("bring", String(120), nullable=False, default=""),
    Column("leader_id", ForeignKey("people.id")),
    Column("state", checked(EventState), nullable=False),
    Column("code", String(4), nullable=False),
    Column("opened_at", Moment),
    Column("sequence", Integer, nullable=False, default=0),
    Column("changed_at", Moment, nullable=False),
    Column("next_at", Moment),
    Column("stage", String(24), nullable=False, default=""),
    UniqueConstraint("series_id", "planned_on"),
    CheckConstraint("ends_at > begins_at", name="hours"),
    Index("ix_events_node_id_begins_at", "node_id", "begins_at"),
    Index("ix_events_leader_id_begins_at", "leader_id", "begins_at"),
    Index("ix_events_next_at", "next_at", **filled("next_at")),
    sqlite_autoincrement=True,
)

stalls = Table(
    "stalls",
    metadata,
    Column("id", Number, primary_key=True),
    Column("event_id", ForeignKey("events.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("name", String(60), nullable=False),
    Column("helpers", Integer, nullable=False),
    Column("visitors", Integer, nullable=False, default=0),
    Column("item", Boolean, nullable=False, default=False),
    Column("skill", String(60), nullable=False, default=""),
    UniqueConstraint("event_id", "name"),
    CheckConstraint("helpers >= 0", name="helpers"),
    CheckConstraint("visitors >= 0", name="visitors"),
)

sign_ups = Table(
    "sign_ups",
    metadata,
    Column("id", Number, primary_key=True),
    Column("event_id", ForeignKey("events.id"), nullable=False, index=True),
    Column("stall_id", ForeignKey("stalls.id"), nullable=False),
    Column("part", checked(SignUpPart), nullable=False),
    Column("person_id", ForeignKey("people.id")),
    Column("name", Sealed("sign_ups.name", 120), nullable=False, default=""),
    Column("companion", Integer, nullable=False, default=0),
    Column("place", Integer),
    Column("state", checked(SignUpState), nullable=False),
    Column("item", Sealed("sign_ups.item", 60), nullable=False, default=""),
    Column("chain_id", ForeignKey("chains.id")),
    Column("group_external_id", String(160)),
    Column("signed_at", Moment, nullable=False),
    Column("offered_until", Moment),
    Column("released_at", Moment),
    Column("coming", Boolean),
    Column("came_at", Moment),
    Column("left_at", Moment),
    Column("sequence", Integer, nullable=False, default=0),
    Column("changed_at", Moment, nullable=False),
    Column("next_at", Moment),
    Column("stage", String(24), nullable=False, default=""),
    CheckConstraint("person_id IS NOT NULL OR name <> ''", name="somebody"),
    CheckConstraint("left_at IS NULL OR left_at >= came_at", name="out_after_in"),
    Index("uq_sign_ups_place", "stall_id", "part", "place", unique=True, **still_open("released_at")),
    Index("uq_sign_ups_person", "stall_id", "part", "person_id", "companion", unique=True, **still_open("released_at")),
    Index("ix_sign_ups_person_id_changed_at", "person_id", "changed_at"),
    Index("ix_sign_ups_chain_id", "chain_id", **filled("chain_id")),
    Index("ix_sign_ups_next_at", "next_at", **filled("next_at")),
    sqlite_autoincrement=True,
)

sign_up_events = Table(
    "sign_up_events",
    metadata,
    Column("id", Number, primary_key=True),
    Column("sign_up_id", ForeignKey("sign_ups.id"), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Column("actor_id", String(160)),
    Column("step", String(24), nullable=False),
    Column("note", Sealed("sign_up_events.note"), nullable=False, default=""),
)

chains = Table(
    "chains",
    metadata,
    Column("id", Number, primary_key=True),
    Column("event_id", ForeignKey("events.id"), nullable=False),
    Column("channel", String(40), nullable=False),
    Column("group_external_id", String(160), nullable=False),
    Column("topic", Sealed("chains.topic", 200), nullable=False),
    Column("entries", SealedJson("chains.entries"), nullable=False),
    Column("read_at", Moment, nullable=False),
    Column("told_on", Date),
    UniqueConstraint("event_id", "channel", "group_external_id", "topic"),
)
"""The constraint is from before topics were sealed. It keeps nothing apart any more; its index still serves."""

event_groups = Table(
    "event_groups",
    metadata,
    Column("event_id", ForeignKey("events.id"), primary_key=True),
    Column("channel", String(40), primary_key=True),
    Column("group_external_id", String(160), primary_key=True),
    Column("said_at", Moment),
    Column("next_at", Moment),
    Index("ix_event_groups_next_at", "next_at", **filled("next_at")),
    Index("ix_event_groups_said_at", "channel", "group_external_id", "said_at"),
)

standing_helpers = Table(
    "standing_helpers",
    metadata,
    Column("series_id", ForeignKey("event_series.id"), primary_key=True),
    Column("person_id", ForeignKey("people.id"), primary_key=True),
    Column("stall", String(60), nullable=False),
    Column("since", Moment, nullable=False),
)

check_in_tries = Table(
    "check_in_tries",
    metadata,
    Column("id", Number, primary_key=True),
    Column("person_id", ForeignKey("people.id"), nullable=False),
    Column("at", Moment, nullable=False),
    Index("ix_check_in_tries_person_id_at", "person_id", "at"),
)
