"""Stations, who is on duty there, and the bookings."""

from enum import StrEnum

from sqlalchemy import (
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

from storage.sealing import Sealed
from storage.tables.columns import Moment, Number, checked, filled, metadata, still_open


class DutyKind(StrEnum):
    """Who receives residents at a station."""

    PARTY_DELEGATE = "party_delegate"
    CONGRESS_DEPUTY = "congress_deputy"
    CPPCC_MEMBER = "cppcc_member"
    SECRETARY = "secretary"
    LAWYER = "lawyer"
    SOCIAL_WORKER = "social_worker"
    MEDIATOR = "mediator"


class ReceptionState(StrEnum):
    """Whether a reception takes place."""

    PLANNED = "planned"
    OVER = "over"
    CLOSED = "closed"


class BookingState(StrEnum):
    """Where a booking stands. The first four are open: see `community/bookings/steps.py`."""

    WAITING = "waiting"
    OFFERED = "offered"
    HELD = "held"
    CAME = "came"
    MISSED = "missed"
    CANCELLED = "cancelled"
    MOVED = "moved"
    LAPSED = "lapsed"
    CLOSED = "closed"


stations = Table(
    "stations",
    metadata,
    Column("id", String(80), primary_key=True),
    Column("node_id", ForeignKey("nodes.id"), nullable=False),
    Column("name", String(120), nullable=False),
    Column("address", String(200), nullable=False, default=""),
    Column("hours", String(120), nullable=False, default=""),
    Column("ended_at", Moment),
)


rotas = Table(
    "rotas",
    metadata,
    Column("id", Number, primary_key=True),
    Column("station_id", ForeignKey("stations.id"), nullable=False),
    Column("kind", checked(DutyKind), nullable=False),
    Column("person_id", ForeignKey("people.id")),
    Column("person_name", String(120), nullable=False),
    Column("words", String(200), nullable=False),
    Column("places", Integer, nullable=False),
    Column("on_holiday", String(10), nullable=False),
    Column("bring", String(120), nullable=False, default=""),
    Column("starts_on", Date, nullable=False),
    Column("from_file", Boolean, nullable=False, default=False),
    Column("planned_to", Date),
    Column("ended_at", Moment),
    CheckConstraint("places > 0", name="places"),
    Index("ix_rotas_station_id", "station_id", **still_open("ended_at")),
)


receptions = Table(
    "receptions",
    metadata,
    Column("id", Number, primary_key=True),
    Column("station_id", ForeignKey("stations.id"), nullable=False),
    Column("rota_id", ForeignKey("rotas.id")),
    Column("planned_on", Date, nullable=False),
    Column("kind", checked(DutyKind), nullable=False),
    Column("person_id", ForeignKey("people.id")),
    Column("person_name", String(120), nullable=False),
    Column("begins_at", Moment, nullable=False),
    Column("ends_at", Moment, nullable=False),
    Column("places", Integer, nullable=False),
    Column("bring", String(120), nullable=False, default=""),
    Column("state", checked(ReceptionState), nullable=False),
    Column("sequence", Integer, nullable=False, default=0),
    Column("changed_at", Moment, nullable=False),
    Column("next_at", Moment),
    Column("stage", String(24), nullable=False),
    UniqueConstraint("rota_id", "planned_on"),
    CheckConstraint("places > 0", name="places"),
    CheckConstraint("ends_at > begins_at", name="hours"),
    Index("ix_receptions_station_id_begins_at", "station_id", "begins_at"),
    Index("ix_receptions_person_id_begins_at", "person_id", "begins_at"),
    Index("ix_receptions_next_at", "next_at", **filled("next_at")),
)


bookings = Table(
    "bookings",
    metadata,
    Column("id", Number, primary_key=True),
    Column("reception_id", ForeignKey("receptions.id"), nullable=False, index=True),
    Column("resident_id", ForeignKey("people.id"), nullable=False),
    Column("place", Integer),
    Column("state", checked(BookingState), nullable=False),
    Column("starts_at", Moment, nullable=False),
    Column("for_whom", String(60), nullable=False, default=""),
    Column("reason", Sealed("bookings.reason"), nullable=False, default=""),
    Column("group_external_id", String(160)),
    Column("booked_at", Moment, nullable=False),
    Column("offered_until", Moment),
    Column("released_at", Moment),
    Column("late", Boolean, nullable=False, default=False),
    Column("coming", Boolean),
    Column("came_at", Moment),
    Column("called_at", Moment),
    Column("objected_at", Moment),
    Column("record", Sealed("bookings.record"), nullable=False, default=""),
    Column("grievance_number", ForeignKey("grievances.number")),
    Column("helped", Integer),
    Column("moved_from", ForeignKey("bookings.id")),
    Column("sequence", Integer, nullable=False, default=0),
    Column("changed_at", Moment, nullable=False),
    Column("next_at", Moment),
    Column("stage", String(24), nullable=False, default=""),
    Column("purged_at", Moment),
    CheckConstraint("helped BETWEEN 1 AND 3", name="helped"),
    Index("uq_bookings_place", "reception_id", "place", unique=True, **still_open("released_at")),
    Index("uq_bookings_person", "reception_id", "resident_id", "for_whom", unique=True, **still_open("released_at")),
    Index("ix_bookings_resident_id", "resident_id", "starts_at"),
    Index("ix_bookings_next_at", "next_at", **filled("next_at")),
    Index("ix_bookings_unpurged", "starts_at", **still_open("purged_at")),
    sqlite_autoincrement=True,
)


booking_events = Table(
    "booking_events",
    metadata,
    Column("id", Number, primary_key=True),
    Column("booking_id", ForeignKey("bookings.id"), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Column("actor_id", String(160)),
    Column("step", String(24), nullable=False),
    Column("note", Sealed("booking_events.note"), nullable=False, default=""),
)


calendar_feeds = Table(
    "calendar_feeds",
    metadata,
    Column("token", String(64), primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("subject", String(160), nullable=False),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("kind", "subject"),
)
