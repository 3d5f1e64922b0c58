"""Who there is and where: the tree, people, their roles and addresses, and the groups."""

from enum import StrEnum

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint

from storage.tables.columns import Moment, Number, checked, metadata


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
    Column("level", checked(Level), nullable=False),
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
    Column("erased_at", Moment),
    Index("ix_people_node_id", "node_id", "id"),
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
    Column("role", checked(Role), primary_key=True),
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
    Column("members", checked(Members), nullable=False, default=Members.RESIDENTS),
    Column("ear", checked(Ear), nullable=False, default=Ear.COMMAND),
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
