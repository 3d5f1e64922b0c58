"""Tasks: what neighbours order, whom it was pushed to, who has claimed it, and what they say of it."""

from enum import StrEnum

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
)

from storage.sealing import Sealed
from storage.tables.columns import Moment, Number, checked, filled, metadata, still_open


class TaskState(StrEnum):
    """Where a task stands. See `community/tasks/steps.py` for the legal steps."""

    ORDERED = "ordered"
    CLAIMED = "claimed"
    DONE = "done"
    RATED = "rated"
    CANCELLED = "cancelled"
    UNMET = "unmet"


services = Table(
    "services",
    metadata,
    Column("id", String(80), primary_key=True),
    Column("node_id", ForeignKey("nodes.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("name", String(60), nullable=False),
    Column("skill", String(60), nullable=False),
    Column("at_home", Boolean, nullable=False, default=False),
    Column("takers", Integer, nullable=False, default=1),
    Column("minutes", Integer, nullable=False, default=60),
    Column("ended_at", Moment),
    CheckConstraint("takers BETWEEN 1 AND 2", name="takers"),
)

tasks = Table(
    "tasks",
    metadata,
    Column("id", Number, primary_key=True),
    Column("node_id", ForeignKey("nodes.id"), nullable=False),
    Column("orderer_id", ForeignKey("people.id"), nullable=False),
    Column("ordered_by", ForeignKey("people.id"), nullable=False),
    Column("service_id", ForeignKey("services.id")),
    Column("what", String(60), nullable=False),
    Column("words", Sealed("tasks.words"), nullable=False),
    Column("for_whom", String(60), nullable=False, default=""),
    Column("skill", String(60), nullable=False, default=""),
    Column("place_id", ForeignKey("nodes.id")),
    Column("address", Sealed("tasks.address", 200), nullable=False, default=""),
    Column("phone", Sealed("tasks.phone", 40), nullable=False, default=""),
    Column("at_home", Boolean, nullable=False, default=False),
    Column("takers", Integer, nullable=False, default=1),
    Column("urgent", Boolean, nullable=False, default=False),
    Column("from_at", Moment),
    Column("until_at", Moment),
    Column("minutes", Integer, nullable=False, default=60),
    Column("state", checked(TaskState), nullable=False),
    Column("round", Integer, nullable=False, default=0),
    Column("team_id", ForeignKey("teams.id")),
    Column("grievance_number", ForeignKey("grievances.number")),
    Column("group_external_id", String(160)),
    Column("ordered_at", Moment, nullable=False),
    Column("claimed_at", Moment),
    Column("done_at", Moment),
    Column("ended_at", Moment),
    Column("rating", Integer),
    Column("rated_words", Sealed("tasks.rated_words"), nullable=False, default=""),
    Column("changed_at", Moment, nullable=False),
    Column("next_at", Moment),
    Column("stage", String(24), nullable=False, default=""),
    Column("purged_at", Moment),
    CheckConstraint("takers BETWEEN 1 AND 2", name="takers"),
    CheckConstraint("rating BETWEEN 1 AND 3", name="rating"),
    CheckConstraint("until_at IS NULL OR from_at IS NULL OR until_at >= from_at", name="hours"),
    Index("ix_tasks_node_id_ordered_at", "node_id", "ordered_at"),
    Index("ix_tasks_open", "node_id", "state", **still_open("ended_at")),
    Index("ix_tasks_orderer_id", "orderer_id", "ordered_at"),
    Index("ix_tasks_next_at", "next_at", **filled("next_at")),
    Index("ix_tasks_unpurged", "ended_at", **still_open("purged_at")),
    sqlite_autoincrement=True,
)

task_claims = Table(
    "task_claims",
    metadata,
    Column("id", Number, primary_key=True),
    Column("task_id", ForeignKey("tasks.id"), nullable=False),
    Column("person_id", ForeignKey("people.id"), nullable=False),
    Column("slot", Integer, nullable=False),
    Column("claimed_at", Moment, nullable=False),
    Column("given_back_at", Moment),
    Column("reason", Sealed("task_claims.reason", 200), nullable=False, default=""),
    Column("done_at", Moment),
    Index("uq_task_claims_slot", "task_id", "slot", unique=True, **still_open("given_back_at")),
    Index("uq_task_claims_person", "task_id", "person_id", unique=True, **still_open("given_back_at")),
    Index("ix_task_claims_task_id", "task_id"),
    Index("ix_task_claims_person_id_claimed_at", "person_id", "claimed_at"),
)

task_pushes = Table(
    "task_pushes",
    metadata,
    Column("task_id", ForeignKey("tasks.id"), primary_key=True),
    Column("person_id", ForeignKey("people.id"), primary_key=True),
    Column("round", Integer, nullable=False),
    Column("pushed_at", Moment, nullable=False),
    Column("declined_at", Moment),
    Index("ix_task_pushes_person_id_pushed_at", "person_id", "pushed_at"),
)

task_events = Table(
    "task_events",
    metadata,
    Column("id", Number, primary_key=True),
    Column("task_id", ForeignKey("tasks.id"), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Column("actor_id", String(160)),
    Column("step", String(24), nullable=False),
    Column("subject", String(160), nullable=False, default=""),
    Column("note", Sealed("task_events.note"), nullable=False, default=""),
)

blocked_pairs = Table(
    "blocked_pairs",
    metadata,
    Column("person_id", ForeignKey("people.id"), primary_key=True),
    Column("other_id", ForeignKey("people.id"), primary_key=True),
    Column("blocked_by", ForeignKey("people.id"), nullable=False),
    Column("reason", Sealed("blocked_pairs.reason", 200), nullable=False, default=""),
    Column("blocked_at", Moment, nullable=False),
    CheckConstraint("person_id <> other_id", name="two_people"),
)
