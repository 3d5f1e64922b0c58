"""Grievances, who has a part in them, and their log."""

from enum import StrEnum

from sqlalchemy import Boolean, CheckConstraint, Column, Date, ForeignKey, Index, Integer, String, Table

from storage.sealing import Sealed
from storage.tables.columns import Moment, Number, checked, filled, metadata, still_open


class GrievanceState(StrEnum):
    """Where a grievance stands. See `community/grievances.py` for the legal steps."""

    DRAFT = "draft"
    REPORTED = "reported"
    ACCEPTED = "accepted"
    ASKED = "asked"
    HANDLED = "handled"
    CONFIRMED = "confirmed"
    REOPENED = "reopened"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"
    MERGED = "merged"


class Outcome(StrEnum):
    """How a grievance came to its end."""

    SOLVED = "solved"
    UNANSWERED = "unanswered"
    WITHDRAWN = "withdrawn"
    MERGED = "merged"


class Part(StrEnum):
    """What a person has to do with a grievance, beside its resident and its handler."""

    LEAD = "lead"
    HELPER = "helper"
    JOINED = "joined"


class DeadlineClass(StrEnum):
    """How fast a grievance must be solved."""

    LIFE = "life"
    UTILITY = "utility"
    ORDINARY = "ordinary"
    HARD = "hard"


grievances = Table(
    "grievances",
    metadata,
    Column("number", Number, primary_key=True),
    Column("resident_id", ForeignKey("people.id"), nullable=False),
    Column("community_id", ForeignKey("nodes.id"), nullable=False),
    Column("place_id", ForeignKey("nodes.id")),
    Column("place", Sealed("grievances.place", 200), nullable=False),
    Column("words", Sealed("grievances.words"), nullable=False),
    Column("deadline_class", checked(DeadlineClass), nullable=False),
    Column("state", checked(GrievanceState), nullable=False),
    Column("level_id", ForeignKey("nodes.id")),
    Column("handler_id", ForeignKey("people.id")),
    Column("category", String(40), nullable=False, default="other"),
    Column("private", Boolean, nullable=False, default=False),
    Column("anonymous", Boolean, nullable=False, default=False),
    Column("on_behalf", Sealed("grievances.on_behalf", 60), nullable=False, default=""),
    Column("reported_at", Moment, nullable=False),
    Column("respond_by", Moment),
    Column("resolve_by", Moment),
    Column("contacted_at", Moment),
    Column("handled_at", Moment),
    Column("ended_at", Moment),
    Column("chase_at", Moment),
    Column("chases", Integer, nullable=False, default=0),
    Column("photos", Integer, nullable=False, default=0),
    Column("group_external_id", String(160)),
    Column("reopenings", Integer, nullable=False, default=0),
    Column("returns", Integer, nullable=False, default=0),
    Column("households", Integer, nullable=False, default=1),
    Column("urged_on", Date),
    Column("urges", Integer, nullable=False, default=0),
    Column("outcome", checked(Outcome)),
    Column("satisfaction", Integer),
    Column("merged_into", ForeignKey("grievances.number")),
    Column("told_at", Moment),
    Column("purged_at", Moment),
    CheckConstraint("satisfaction BETWEEN 1 AND 3", name="satisfaction"),
    Index("ix_grievances_resident_id_reported_at", "resident_id", "reported_at"),
    Index("ix_grievances_chase_at", "chase_at"),
    Index("ix_grievances_group_external_id_told_at", "group_external_id", "told_at"),
    Index("ix_grievances_near", "place_id", "category", "reported_at", **still_open("ended_at")),
    Index("ix_grievances_handler_id", "handler_id", **still_open("ended_at")),
    Index("ix_grievances_level_id", "level_id", **still_open("ended_at")),
    Index("ix_grievances_community_id_reported_at", "community_id", "reported_at"),
    Index("ix_grievances_merged_into", "merged_into", **filled("merged_into")),
    Index("ix_grievances_unpurged", "ended_at", **still_open("purged_at")),
    sqlite_autoincrement=True,
)


grievance_people = Table(
    "grievance_people",
    metadata,
    Column("grievance_number", ForeignKey("grievances.number"), primary_key=True),
    Column("person_id", ForeignKey("people.id"), primary_key=True),
    Column("part", checked(Part), primary_key=True),
    Column("added_at", Moment, nullable=False),
    Column("satisfaction", Integer),
    CheckConstraint("satisfaction BETWEEN 1 AND 3", name="satisfaction"),
    Index("ix_grievance_people_person_id", "person_id"),
)


grievance_events = Table(
    "grievance_events",
    metadata,
    Column("id", Number, primary_key=True),
    Column("grievance_number", ForeignKey("grievances.number"), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Column("actor_id", String(160)),
    Column("step", String(24), nullable=False),
    Column("subject", String(160), nullable=False, default=""),
    Column("note", Sealed("grievance_events.note"), nullable=False, default=""),
    Column("corrects", Number),
)
