"""The register of volunteers: who can do what, in which team, for how many hours."""

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

from storage.sealing import Sealed
from storage.tables.columns import Moment, Number, checked, filled, metadata, still_open


class CertificateState(StrEnum):
    """Nobody has a certificate before the community has confirmed it."""

    ASKED = "asked"
    ISSUED = "issued"
    REFUSED = "refused"


volunteers = Table(
    "volunteers",
    metadata,
    Column("person_id", ForeignKey("people.id"), primary_key=True),
    Column("node_id", ForeignKey("nodes.id"), nullable=False),
    Column("name", String(120), nullable=False),
    Column("skills", JSON, nullable=False),
    Column("free", JSON, nullable=False),
    Column("since", Moment, nullable=False),
    Column("invited_by", ForeignKey("people.id")),
    Column("confirmed_at", Moment),
    Column("confirmed_by", ForeignKey("people.id")),
    Column("honour", Boolean, nullable=False, default=False),
    Column("honour_asked_at", Moment),
    Column("left_at", Moment),
    Index("ix_volunteers_node_id", "node_id", **still_open("left_at")),
    Index("ix_volunteers_active", "node_id", "person_id", **still_open("left_at")),
)

volunteer_skills = Table(
    "volunteer_skills",
    metadata,
    Column("node_id", ForeignKey("nodes.id"), primary_key=True),
    Column("skill", String(60), primary_key=True),
    Column("person_id", ForeignKey("people.id"), primary_key=True),
    Index("ix_volunteer_skills_person_id", "person_id"),
)
"""The skills of those who are volunteers now, one row each: whom a task fits is asked of many thousands."""

teams = Table(
    "teams",
    metadata,
    Column("id", String(80), primary_key=True),
    Column("node_id", ForeignKey("nodes.id"), nullable=False),
    Column("name", String(120), nullable=False),
    Column("leader_id", ForeignKey("people.id")),
    Column("channel", String(40)),
    Column("group_external_id", String(160)),
    Column("from_file", Boolean, nullable=False, default=False),
    Column("ended_at", Moment),
)

team_members = Table(
    "team_members",
    metadata,
    Column("team_id", ForeignKey("teams.id"), primary_key=True),
    Column("person_id", ForeignKey("people.id"), primary_key=True),
    Column("joined_at", Moment, nullable=False),
    Column("from_file", Boolean, nullable=False, default=False),
    Column("left_at", Moment),
    Index("ix_team_members_person_id", "person_id", **still_open("left_at")),
)

hours = Table(
    "hours",
    metadata,
    Column("id", Number, primary_key=True),
    Column("person_id", ForeignKey("people.id"), nullable=False),
    Column("node_id", ForeignKey("nodes.id"), nullable=False),
    Column("on_day", Date, nullable=False),
    Column("minutes", Integer, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("what", String(120), nullable=False),
    Column("team_id", ForeignKey("teams.id")),
    Column("event_id", ForeignKey("events.id")),
    Column("sign_up_id", ForeignKey("sign_ups.id")),
    Column("reason", Sealed("hours.reason", 200), nullable=False, default=""),
    Column("given_by", ForeignKey("people.id")),
    Column("at", Moment, nullable=False),
    CheckConstraint("given_by IS NULL OR given_by <> person_id", name="not_by_oneself"),
    CheckConstraint("given_by IS NULL OR reason <> ''", name="corrected_with_a_reason"),
    Index("uq_hours_sign_up", "sign_up_id", unique=True, **still_open("given_by")),
    Index("ix_hours_person_id_on_day", "person_id", "on_day"),
    Index("ix_hours_node_id_on_day", "node_id", "on_day"),
    Index("ix_hours_event_id", "event_id", **filled("event_id")),
)

certificates = Table(
    "certificates",
    metadata,
    Column("id", Number, primary_key=True),
    Column("number", String(20)),
    Column("person_id", ForeignKey("people.id"), nullable=False),
    Column("node_id", ForeignKey("nodes.id"), nullable=False),
    Column("name", String(120), nullable=False),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    Column("minutes", Integer, nullable=False),
    Column("lines", JSON, nullable=False),
    Column("state", checked(CertificateState), nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("decided_at", Moment),
    Column("decided_by", ForeignKey("people.id")),
    UniqueConstraint("number"),
    Index("ix_certificates_person_id", "person_id"),
    Index("ix_certificates_open", "node_id", **still_open("decided_at")),
)
