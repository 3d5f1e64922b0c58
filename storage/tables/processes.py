"""Which processes run, and which of them has what: see docs/decisions/0015."""

from sqlalchemy import Column, String, Table

from storage.tables.columns import Moment, metadata

processes = Table(
    "processes",
    metadata,
    Column("id", String(80), primary_key=True),
    Column("started_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
)


leases = Table(
    "leases",
    metadata,
    Column("name", String(120), primary_key=True),
    Column("holder", String(80), nullable=False),
    Column("since", Moment, nullable=False),
    Column("until", Moment, nullable=False),
)
