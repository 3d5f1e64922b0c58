"""Every table, and the kinds of values in them. Alembic compares its migrations with this file."""

from datetime import UTC, datetime
from enum import IntEnum, StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy import DateTime as SqlDateTime
from sqlalchemy import Enum as SqlEnum
from sqlalchemy.types import TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Number = BigInteger().with_variant(Integer, "sqlite")
"""A key that the database counts up by itself: SQLite does so only for INTEGER."""


class Moment(TypeDecorator[datetime]):
    """An aware time, stored in UTC. A naive one is a mistake of ours and refused."""

    impl = SqlDateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone cannot be stored: {value!r}")
        stored = value.astimezone(UTC)
        return stored.replace(tzinfo=None) if dialect.name == "sqlite" else stored

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Level(StrEnum):
    """The five levels of the tree, from the top. What they are called is a matter of the place."""

    COUNTY = "county"
    STREET = "street"
    COMMUNITY = "community"
    GRID = "grid"
    BUILDING = "building"


class Role(StrEnum):
    """Who does what; a person holds roles at nodes."""

    RESIDENT = "resident"
    VOLUNTEER = "volunteer"
    BUILDING_HEAD = "building_head"
    GRID_HEAD = "grid_head"
    COMMUNITY_WORKER = "community_worker"
    FIRST_SECRETARY = "first_secretary"
    STREET_OFFICER = "street_officer"
    COUNTY_OFFICER = "county_officer"
    DEPUTY = "deputy"
    LAWYER = "lawyer"
    PROPERTY_FIRM = "property_firm"
    OWNERS_COMMITTEE = "owners_committee"
    MEMBER_UNIT = "member_unit"
    ADMINISTRATOR = "administrator"


class Ear(StrEnum):
    """What makes the bot react in a group: only being spoken to, a command as well, or a cry for help on top."""

    MENTION = "mention"
    COMMAND = "command"
    ALARM = "alarm"


class Members(StrEnum):
    """Whose group it is."""

    RESIDENTS = "residents"
    VOLUNTEERS = "volunteers"


class Urgency(IntEnum):
    """Why a message goes out. The smaller goes first; quiet hours hold the last two."""

    ALARM = 0
    ANSWER = 1
    NOTICE = 2
    REMINDER = 3
    ANNOUNCEMENT = 4


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


def _checked(kind: type[StrEnum]) -> SqlEnum:
    """A text column that the database checks: portable, and readable in a dump."""
    return SqlEnum(
        kind,
        native_enum=False,
        create_constraint=True,
        length=24,
        name=kind.__name__.lower(),
        values_callable=lambda members: [member.value for member in members],
    )


def _still_open(*names: str) -> dict[str, Any]:
    """Makes an index partial: only the rows where all of `names` are still empty are in it."""
    condition = text(" AND ".join(f"{name} IS NULL" for name in names))
    return {"sqlite_where": condition, "postgresql_where": condition}


def _filled(name: str) -> dict[str, Any]:
    """Makes an index partial: only the rows where `name` holds something are in it, so that it is worth asking."""
    condition = text(f"{name} IS NOT NULL")
    return {"sqlite_where": condition, "postgresql_where": condition}


versions = Table(
    "versions",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", Integer, nullable=False),
)

nodes = Table(
    "nodes",
    metadata,
    Column("id", String(80), primary_key=True),
    Column("parent_id", ForeignKey("nodes.id"), index=True),
    Column("level", _checked(Level), nullable=False),
    Column("name", String(120), nullable=False),
    Column("building_number", Integer),
    Column("aliases", JSON, nullable=False, default=list),
)

people = Table(
    "people",
    metadata,
    Column("id", String(160), primary_key=True),
    Column("name", String(120), nullable=False),
    Column("node_id", ForeignKey("nodes.id")),
    Column("muted", Boolean, nullable=False, default=False),
    Column("from_file", Boolean, nullable=False, default=False),
    Column("created_at", Moment, nullable=False),
)

addresses = Table(
    "addresses",
    metadata,
    Column("channel", String(40), primary_key=True),
    Column("external_id", String(160), primary_key=True),
    Column("person_id", ForeignKey("people.id"), nullable=False, index=True),
    Column("seen_at", Moment),
)

roles = Table(
    "roles",
    metadata,
    Column("person_id", ForeignKey("people.id"), primary_key=True),
    Column("role", _checked(Role), primary_key=True),
    Column("node_id", ForeignKey("nodes.id"), primary_key=True),
)

groups = Table(
    "groups",
    metadata,
    Column("id", Number, primary_key=True),
    Column("channel", String(40), nullable=False),
    Column("external_id", String(160), nullable=False),
    Column("name", String(120), nullable=False),
    Column("node_id", ForeignKey("nodes.id"), nullable=False),
    Column("members", _checked(Members), nullable=False, default=Members.RESIDENTS),
    Column("ear", _checked(Ear), nullable=False, default=Ear.COMMAND),
    UniqueConstraint("channel", "external_id"),
)

invitations = Table(
    "invitations",
    metadata,
    Column("code_digest", String(64), primary_key=True),
    Column("person_id", ForeignKey("people.id"), nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("used_at", Moment),
)

inbox = Table(
    "inbox",
    metadata,
    Column("id", Number, primary_key=True),
    Column("channel", String(40), nullable=False),
    Column("account", String(80), nullable=False),
    Column("external_id", String(200), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("group_external_id", String(160)),
    Column("group_name", String(200), nullable=False, default=""),
    Column("sender", String(160), nullable=False),
    Column("sender_name", String(200), nullable=False),
    Column("text", Text, nullable=False),
    Column("mentions_bot", Boolean, nullable=False, default=False),
    Column("photos", JSON, nullable=False),
    Column("photo_problem", String(40)),
    Column("sent_at", Moment, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("handled_at", Moment),
    Column("attempts", Integer, nullable=False, default=0),
    Column("try_at", Moment),
    Column("parked_at", Moment),
    Column("error", Text),
    UniqueConstraint("channel", "account", "external_id"),
    Index("ix_inbox_leftover", "try_at", **_still_open("handled_at", "parked_at")),
)

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
    Column("mentions", JSON, nullable=False),
    Column("text", Text, nullable=False),
    Column("photos", JSON, nullable=False),
    Column("urgency", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("sent_at", Moment),
    Column("failed_at", Moment),
    Column("error", Text),
    CheckConstraint("(group_external_id IS NULL) <> (to_external_id IS NULL)", name="one_recipient"),
    Index("ix_outbox_due", "channel", "due_at", **_still_open("sent_at", "failed_at")),
    Index("ix_outbox_account_sent_at", "account", "sent_at"),
)

accounts = Table(
    "accounts",
    metadata,
    Column("channel", String(40), primary_key=True),
    Column("account", String(80), primary_key=True),
    Column("paused_until", Moment),
)

questions = Table(
    "questions",
    metadata,
    Column("id", Number, primary_key=True),
    Column("person_id", ForeignKey("people.id"), nullable=False),
    Column("kind", String(60), nullable=False),
    Column("about", JSON, nullable=False),
    Column("prompt_key", String(80), nullable=False),
    Column("prompt_values", JSON, nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("closed_at", Moment),
    Index("ix_questions_open", "person_id", **_still_open("closed_at")),
    Index("ix_questions_expiry", "expires_at", **_still_open("closed_at")),
)

grievances = Table(
    "grievances",
    metadata,
    Column("number", Number, primary_key=True),
    Column("resident_id", ForeignKey("people.id"), nullable=False),
    Column("community_id", ForeignKey("nodes.id"), nullable=False),
    Column("place_id", ForeignKey("nodes.id")),
    Column("place", String(200), nullable=False),
    Column("words", Text, nullable=False),
    Column("deadline_class", _checked(DeadlineClass), nullable=False),
    Column("state", _checked(GrievanceState), nullable=False),
    Column("level_id", ForeignKey("nodes.id")),
    Column("handler_id", ForeignKey("people.id")),
    Column("category", String(40), nullable=False, default="other"),
    Column("private", Boolean, nullable=False, default=False),
    Column("anonymous", Boolean, nullable=False, default=False),
    Column("on_behalf", String(60), nullable=False, default=""),
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
    Column("outcome", _checked(Outcome)),
    Column("satisfaction", Integer),
    Column("merged_into", ForeignKey("grievances.number")),
    Column("told_at", Moment),
    CheckConstraint("satisfaction BETWEEN 1 AND 3", name="satisfaction"),
    Index("ix_grievances_resident_id_reported_at", "resident_id", "reported_at"),
    Index("ix_grievances_chase_at", "chase_at"),
    Index("ix_grievances_group_external_id_told_at", "group_external_id", "told_at"),
    Index("ix_grievances_near", "place_id", "category", "reported_at", **_still_open("ended_at")),
    Index("ix_grievances_handler_id", "handler_id", **_still_open("ended_at")),
    Index("ix_grievances_level_id", "level_id", **_still_open("ended_at")),
    Index("ix_grievances_community_id_reported_at", "community_id", "reported_at"),
    Index("ix_grievances_merged_into", "merged_into", **_filled("merged_into")),
    sqlite_autoincrement=True,
)

grievance_people = Table(
    "grievance_people",
    metadata,
    Column("grievance_number", ForeignKey("grievances.number"), primary_key=True),
    Column("person_id", ForeignKey("people.id"), primary_key=True),
    Column("part", _checked(Part), primary_key=True),
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
    Column("note", Text, nullable=False, default=""),
    Column("corrects", Number),
)

photos = Table(
    "photos",
    metadata,
    Column("id", Number, primary_key=True),
    Column("digest", String(80), nullable=False),
    Column("person_id", ForeignKey("people.id"), nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("grievance_number", ForeignKey("grievances.number")),
    Index("ix_photos_grievance_number", "grievance_number", **_filled("grievance_number")),
    Index("ix_photos_loose", "person_id", "received_at", **_still_open("grievance_number")),
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
    Index("ix_phone_list_open", "person_id", **_still_open("done_at")),
)

announcements = Table(
    "announcements",
    metadata,
    Column("kind", String(40), primary_key=True),
    Column("due_at", Moment, primary_key=True),
    Column("said_at", Moment),
)

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
    Column("kind", _checked(DutyKind), nullable=False),
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
    Index("ix_rotas_station_id", "station_id", **_still_open("ended_at")),
)

receptions = Table(
    "receptions",
    metadata,
    Column("id", Number, primary_key=True),
    Column("station_id", ForeignKey("stations.id"), nullable=False),
    Column("rota_id", ForeignKey("rotas.id")),
    Column("planned_on", Date, nullable=False),
    Column("kind", _checked(DutyKind), nullable=False),
    Column("person_id", ForeignKey("people.id")),
    Column("person_name", String(120), nullable=False),
    Column("begins_at", Moment, nullable=False),
    Column("ends_at", Moment, nullable=False),
    Column("places", Integer, nullable=False),
    Column("bring", String(120), nullable=False, default=""),
    Column("state", _checked(ReceptionState), nullable=False),
    Column("sequence", Integer, nullable=False, default=0),
    Column("changed_at", Moment, nullable=False),
    Column("next_at", Moment),
    Column("stage", String(24), nullable=False),
    UniqueConstraint("rota_id", "planned_on"),
    CheckConstraint("places > 0", name="places"),
    CheckConstraint("ends_at > begins_at", name="hours"),
    Index("ix_receptions_station_id_begins_at", "station_id", "begins_at"),
    Index("ix_receptions_person_id_begins_at", "person_id", "begins_at"),
    Index("ix_receptions_next_at", "next_at", **_filled("next_at")),
)

bookings = Table(
    "bookings",
    metadata,
    Column("id", Number, primary_key=True),
    Column("reception_id", ForeignKey("receptions.id"), nullable=False, index=True),
    Column("resident_id", ForeignKey("people.id"), nullable=False),
    Column("place", Integer),
    Column("state", _checked(BookingState), nullable=False),
    Column("starts_at", Moment, nullable=False),
    Column("for_whom", String(60), nullable=False, default=""),
    Column("reason", Text, nullable=False, default=""),
    Column("group_external_id", String(160)),
    Column("booked_at", Moment, nullable=False),
    Column("offered_until", Moment),
    Column("released_at", Moment),
    Column("late", Boolean, nullable=False, default=False),
    Column("coming", Boolean),
    Column("came_at", Moment),
    Column("called_at", Moment),
    Column("objected_at", Moment),
    Column("record", Text, nullable=False, default=""),
    Column("grievance_number", ForeignKey("grievances.number")),
    Column("helped", Integer),
    Column("moved_from", ForeignKey("bookings.id")),
    Column("sequence", Integer, nullable=False, default=0),
    Column("changed_at", Moment, nullable=False),
    Column("next_at", Moment),
    Column("stage", String(24), nullable=False, default=""),
    CheckConstraint("helped BETWEEN 1 AND 3", name="helped"),
    Index("uq_bookings_place", "reception_id", "place", unique=True, **_still_open("released_at")),
    Index("uq_bookings_person", "reception_id", "resident_id", "for_whom", unique=True, **_still_open("released_at")),
    Index("ix_bookings_resident_id", "resident_id", "starts_at"),
    Index("ix_bookings_next_at", "next_at", **_filled("next_at")),
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
    Column("note", Text, nullable=False, default=""),
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
