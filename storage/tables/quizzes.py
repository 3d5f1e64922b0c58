"""Quizzes with prizes: the bank of questions, quizzes, what was answered, and who has fetched what they won."""

from enum import StrEnum

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from storage.tables.columns import Moment, Number, checked, filled, metadata, still_open


class QuizState(StrEnum):
    """Where a quiz stands."""

    PLANNED = "planned"
    RUNNING = "running"
    OVER = "over"
    CANCELLED = "cancelled"


quiz_bank = Table(
    "quiz_bank",
    metadata,
    Column("id", Number, primary_key=True),
    Column("node_id", ForeignKey("nodes.id"), nullable=False),
    Column("topic", String(60), nullable=False, default=""),
    Column("words", Text, nullable=False),
    Column("options", JSON, nullable=False),
    Column("answer", Integer, nullable=False),
    Column("used_at", Moment),
    Column("ended_at", Moment),
    UniqueConstraint("node_id", "words"),
    CheckConstraint("answer >= 1", name="answer"),
)

quizzes = Table(
    "quizzes",
    metadata,
    Column("id", Number, primary_key=True),
    Column("node_id", ForeignKey("nodes.id"), nullable=False),
    Column("event_id", ForeignKey("events.id")),
    Column("topic", String(60), nullable=False, default=""),
    Column("channel", String(40), nullable=False),
    Column("group_external_id", String(160), nullable=False),
    Column("started_by", ForeignKey("people.id")),
    Column("prize", String(60), nullable=False),
    Column("winners", Integer, nullable=False),
    Column("state", checked(QuizState), nullable=False),
    Column("starts_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("next_at", Moment),
    Column("stage", String(24), nullable=False, default=""),
    Index("ix_quizzes_next_at", "next_at", **filled("next_at")),
    Index("ix_quizzes_node_id_starts_at", "node_id", "starts_at"),
    Index("ix_quizzes_ended_at", "ended_at", **filled("ended_at")),
    Index("uq_quizzes_running", "channel", "group_external_id", unique=True, **still_open("ended_at")),
)

quiz_questions = Table(
    "quiz_questions",
    metadata,
    Column("id", Number, primary_key=True),
    Column("quiz_id", ForeignKey("quizzes.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("words", Text, nullable=False),
    Column("options", JSON, nullable=False),
    Column("answer", Integer, nullable=False),
    Column("asked_at", Moment),
    Column("closed_at", Moment),
    UniqueConstraint("quiz_id", "position"),
)

quiz_answers = Table(
    "quiz_answers",
    metadata,
    Column("question_id", ForeignKey("quiz_questions.id"), primary_key=True),
    Column("person_id", ForeignKey("people.id"), primary_key=True),
    Column("choice", Integer, nullable=False),
    Column("at", Moment, nullable=False),
)

quiz_prizes = Table(
    "quiz_prizes",
    metadata,
    Column("quiz_id", ForeignKey("quizzes.id"), primary_key=True),
    Column("person_id", ForeignKey("people.id"), primary_key=True),
    Column("question_id", ForeignKey("quiz_questions.id"), nullable=False),
    Column("prize", String(60), nullable=False),
    Column("won_at", Moment, nullable=False),
    Column("fetched_at", Moment),
    Column("given_by", ForeignKey("people.id")),
    Index("ix_quiz_prizes_person_id", "person_id"),
    Index("ix_quiz_prizes_open", "quiz_id", **still_open("fetched_at")),
)

quiz_reminders = Table(
    "quiz_reminders",
    metadata,
    Column("quiz_id", ForeignKey("quizzes.id"), primary_key=True),
    Column("person_id", ForeignKey("people.id"), primary_key=True),
    Column("at", Moment, nullable=False),
)
