"""Member units and their in-service members, who report in to a community (双报到)."""

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, String, Table

from storage.tables.columns import Moment, filled, metadata, still_open

units = Table(
    "units",
    metadata,
    Column("id", String(80), primary_key=True),
    Column("node_id", ForeignKey("nodes.id"), nullable=False),
    Column("name", String(120), nullable=False),
    Column("contact_id", ForeignKey("people.id")),
    Column("headcount", Integer),
    Column("from_file", Boolean, nullable=False, default=False),
    Column("ended_at", Moment),
)

members = Table(
    "members",
    metadata,
    Column("id", String(160), primary_key=True),
    Column("person_id", ForeignKey("people.id")),
    Column("unit_id", ForeignKey("units.id"), nullable=False),
    Column("node_id", ForeignKey("nodes.id"), nullable=False),
    Column("name", String(120), nullable=False),
    Column("nickname", String(120), nullable=False, default=""),
    Column("from_sheet", Boolean, nullable=False, default=False),
    Column("skills", JSON, nullable=False),
    Column("free", JSON, nullable=False),
    Column("since", Moment, nullable=False),
    Column("reported_at", Moment),
    Column("confirmed_at", Moment),
    Column("confirmed_by", ForeignKey("people.id")),
    Column("left_at", Moment),
    Column("remind_at", Moment),
    Index("ix_members_reported_at", "reported_at"),
    Index("ix_members_remind_at", "remind_at", **filled("remind_at")),
    Index("ix_members_unit_id", "unit_id", **still_open("left_at")),
    Index("uq_members_person_id", "person_id", unique=True, **still_open("left_at")),
)
