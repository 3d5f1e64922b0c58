"""The register of volunteers: who can do what, when they have time, and the teams they are in."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, update

from storage.database import Store
from storage.tables import people, standing_helpers, team_members, teams, volunteer_skills, volunteers


@dataclass(frozen=True, slots=True)
class Volunteer:
    """One person's entry. `skills` are canonical words, `free` the strings of `handlers/hearing/free_times.py`.

    `confirmed_at`: since when the community knows them as one; None: not yet. `left_at`: they do not want to be one
    any more; the entry stays for their hours.
    """

    person_id: str
    node_id: str
    name: str
    skills: tuple[str, ...]
    free: tuple[str, ...]
    since: datetime
    invited_by: str | None
    confirmed_at: datetime | None
    confirmed_by: str | None
    honour: bool
    left_at: datetime | None


@dataclass(frozen=True, slots=True)
class Team:
    """Volunteers who work together. `group_external_id`: their own chat group, where they have one."""

    id: str
    node_id: str
    name: str
    leader_id: str | None
    channel: str | None
    group_external_id: str | None


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a person without an entry: the name, and since when."""

    person_id: str
    name: str
    created_at: datetime


_COLUMNS = tuple(each for each in volunteers.c if each.name != "honour_asked_at")
_ACTIVE = volunteers.c.left_at.is_(None)
_BY_ID = select(*_COLUMNS).where(volunteers.c.person_id == bindparam("wanted"))
_BY_IDS = select(*_COLUMNS).where(volunteers.c.person_id.in_(bindparam("wanted", expanding=True)))
_AT = (
    select(*_COLUMNS)
    .where(volunteers.c.node_id == bindparam("node"), _ACTIVE)
    .order_by(volunteers.c.since, volunteers.c.person_id)
)
_CALLED = _AT.where(volunteers.c.name == bindparam("called"))
_INSERT = insert(volunteers)
_UPDATE = update(volunteers).where(volunteers.c.person_id == bindparam("wanted"))
_FORGET_SKILLS = delete(volunteer_skills).where(volunteer_skills.c.person_id == bindparam("wanted"))
_INSERT_SKILL = insert(volunteer_skills)
_SHOWS_IN_SKILLS = frozenset({"skills", "left_at", "node_id"})
"""Columns of an entry that `volunteer_skills` follows."""

_NAMES_OF = (
    select(people.c.id, func.coalesce(volunteers.c.name, people.c.name))
    .select_from(people.outerjoin(volunteers, volunteers.c.person_id == people.c.id))
    .where(people.c.id.in_(bindparam("wanted", expanding=True)))
)
_KNOWN = select(people.c.id, people.c.name, people.c.created_at).where(
    people.c.id.in_(bindparam("wanted", expanding=True))
)
# key_share: rows that only name the person (a question, an address) need not wait.
_LOCK_PERSON = select(people.c.id).where(people.c.id == bindparam("wanted")).with_for_update(key_share=True)
_FORGET_STANDING = delete(standing_helpers).where(standing_helpers.c.person_id == bindparam("wanted"))

_TEAM = (
    teams.c.id,
    teams.c.node_id,
    teams.c.name,
    teams.c.leader_id,
    teams.c.channel,
    teams.c.group_external_id,
)
_RUNNING = teams.c.ended_at.is_(None)
_TEAM_BY_ID = select(*_TEAM).where(teams.c.id == bindparam("wanted"), _RUNNING)
_TEAMS_AT = select(*_TEAM).where(teams.c.node_id == bindparam("node"), _RUNNING).order_by(teams.c.name, teams.c.id)
_TEAMS_LED = select(*_TEAM).where(teams.c.leader_id == bindparam("leader"), _RUNNING).order_by(teams.c.name)
_TEAM_OF_GROUP = select(*_TEAM).where(
    teams.c.channel == bindparam("at_channel"), teams.c.group_external_id == bindparam("group"), _RUNNING
)
_LOCK_TEAM = select(teams.c.id).where(teams.c.id == bindparam("wanted")).with_for_update()
_INSERT_TEAM = insert(teams)
_UPDATE_TEAM = update(teams).where(teams.c.id == bindparam("wanted"))
_UNBIND = (
    update(teams)
    .where(teams.c.channel == bindparam("at_channel"), teams.c.group_external_id == bindparam("group"))
    .values(channel=None, group_external_id=None)
)
_WITHOUT_LEADER = update(teams).where(teams.c.leader_id == bindparam("leader")).values(leader_id=None)
_IN_TEAM = team_members.c.left_at.is_(None)
_TEAMS_OF = (
    select(*_TEAM)
    .join_from(team_members, teams)
    .where(team_members.c.person_id == bindparam("person"), _IN_TEAM, _RUNNING)
    .order_by(teams.c.name, teams.c.id)
)
_MEMBERS = (
    select(team_members.c.person_id)
    .where(team_members.c.team_id == bindparam("team"), _IN_TEAM)
    .order_by(team_members.c.joined_at, team_members.c.person_id)
)
_MEMBERSHIPS = (
    select(team_members.c.person_id, teams.c.name)
    .join_from(team_members, teams)
    .where(teams.c.node_id == bindparam("node"), _IN_TEAM, _RUNNING)
    .order_by(teams.c.name)
)
_INSERT_MEMBER = insert(team_members)
_REJOIN = (
    update(team_members)
    .where(team_members.c.team_id == bindparam("team"), team_members.c.person_id == bindparam("person"))
    .values(joined_at=bindparam("now"), left_at=None)
)
_LEAVE = (
    update(team_members)
    .where(team_members.c.team_id == bindparam("team"), team_members.c.person_id == bindparam("person"), _IN_TEAM)
    .values(left_at=bindparam("now"))
)
_LEAVE_ALL = (
    update(team_members)
    .where(team_members.c.person_id == bindparam("person"), _IN_TEAM)
    .values(left_at=bindparam("now"))
)


def lock_person(store: Store, person_id: str) -> None:
    """Nobody else changes this person's entry until this transaction ends; also where there is none yet."""
    store.connection.execute(_LOCK_PERSON, {"wanted": person_id})


def by_id(store: Store, person_id: str) -> Volunteer | None:
    """A person's entry, also of one who has left."""
    row = store.connection.execute(_BY_ID, {"wanted": person_id}).first()
    return _volunteer(row) if row else None


def by_ids(store: Store, person_ids: Collection[str]) -> dict[str, Volunteer]:
    """The entries of these people, also of those who have left."""
    rows = store.connection.execute(_BY_IDS, {"wanted": list(person_ids)}) if person_ids else ()
    return {each.person_id: each for each in map(_volunteer, rows)}


def at_node(store: Store, node_id: str) -> list[Volunteer]:
    """The volunteers of a community, those who came first before the others."""
    return [_volunteer(row) for row in store.connection.execute(_AT, {"node": node_id})]


def called(store: Store, node_id: str, name: str) -> list[Volunteer]:
    """The volunteers of a community who have this name."""
    return [_volunteer(row) for row in store.connection.execute(_CALLED, {"node": node_id, "called": name})]


def add(store: Store, entry: Volunteer) -> None:
    """A new entry. Raises `IntegrityError` where the person has one."""
    values = {name: getattr(entry, name) for name in Volunteer.__slots__}
    store.connection.execute(_INSERT, values | {"skills": list(entry.skills), "free": list(entry.free)})
    _write_skills(store, entry)


def change(store: Store, person_id: str, **values: Any) -> None:
    """Writes columns."""
    store.connection.execute(_UPDATE.values(**values), {"wanted": person_id})
    if _SHOWS_IN_SKILLS & values.keys() and (entry := by_id(store, person_id)) is not None:
        _write_skills(store, entry)


def names_of(store: Store, person_ids: Collection[str]) -> Mapping[str, str]:
    """What these people are called: in the register, else elsewhere."""
    rows = store.connection.execute(_NAMES_OF, {"wanted": list(person_ids)}) if person_ids else ()
    return {row[0]: row[1] for row in rows}


def people_known(store: Store, person_ids: Collection[str]) -> dict[str, Known]:
    """What is known of these people without the register."""
    rows = store.connection.execute(_KNOWN, {"wanted": list(person_ids)}) if person_ids else ()
    return {row[0]: Known(*row) for row in rows}


def forget_standing(store: Store, person_id: str) -> None:
    """They are not asked to help again each time."""
    store.connection.execute(_FORGET_STANDING, {"wanted": person_id})


# --- teams ----------------------------------------------------------------------------------------------------


def team(store: Store, team_id: str) -> Team | None:
    """One team that has not ended."""
    row = store.connection.execute(_TEAM_BY_ID, {"wanted": team_id}).first()
    return Team(*row) if row else None


def teams_at(store: Store, node_id: str) -> list[Team]:
    """The teams of a community."""
    return [Team(*row) for row in store.connection.execute(_TEAMS_AT, {"node": node_id})]


def teams_of(store: Store, person_id: str) -> list[Team]:
    """The teams a person is in."""
    return [Team(*row) for row in store.connection.execute(_TEAMS_OF, {"person": person_id})]


def teams_led_by(store: Store, person_id: str) -> list[Team]:
    """The teams a person leads."""
    return [Team(*row) for row in store.connection.execute(_TEAMS_LED, {"leader": person_id})]


def team_of_group(store: Store, channel: str, external_id: str) -> Team | None:
    """Whose chat group it is."""
    row = store.connection.execute(_TEAM_OF_GROUP, {"at_channel": channel, "group": external_id}).first()
    return Team(*row) if row else None


def add_team(store: Store, new: Team) -> None:
    """A new team, or one of this id that had ended, begun again with nobody in it."""
    values = {name: getattr(new, name) for name in Team.__slots__ if name != "id"} | {"ended_at": None}
    if not store.connection.execute(_UPDATE_TEAM.values(**values), {"wanted": new.id}).rowcount:
        store.connection.execute(_INSERT_TEAM, values | {"id": new.id, "from_file": False})


def change_team(store: Store, team_id: str, **values: Any) -> None:
    """Writes columns."""
    store.connection.execute(_UPDATE_TEAM.values(**values), {"wanted": team_id})


def lock_team(store: Store, team_id: str) -> None:
    """Nobody else changes who is in this team until this transaction ends."""
    store.connection.execute(_LOCK_TEAM, {"wanted": team_id})


def bind_team(store: Store, team_id: str, channel: str, external_id: str) -> None:
    """The group is this team's, and no other's any more."""
    store.connection.execute(_UNBIND, {"at_channel": channel, "group": external_id})
    change_team(store, team_id, channel=channel, group_external_id=external_id)


def members(store: Store, team_id: str) -> list[str]:
    """Who is in a team, by id, those who came first before the others."""
    return list(store.connection.execute(_MEMBERS, {"team": team_id}).scalars())


def memberships(store: Store, node_id: str) -> Mapping[str, tuple[str, ...]]:
    """The names of the teams that each person of a community is in."""
    found: dict[str, tuple[str, ...]] = {}
    for person_id, name in store.connection.execute(_MEMBERSHIPS, {"node": node_id}):
        found[person_id] = (*found.get(person_id, ()), name)
    return found


def add_member(store: Store, team_id: str, person_id: str, now: datetime) -> None:
    """From now on they are in it."""
    row = {"team": team_id, "person": person_id, "now": now}
    if not store.connection.execute(_REJOIN, row).rowcount:
        store.connection.execute(_INSERT_MEMBER, {"team_id": team_id, "person_id": person_id, "joined_at": now})


def remove_member(store: Store, team_id: str, person_id: str, now: datetime) -> bool:
    """They are not in it any more. False: they were not."""
    row = {"team": team_id, "person": person_id, "now": now}
    return store.connection.execute(_LEAVE, row).rowcount > 0


def leave_all_teams(store: Store, person_id: str, now: datetime) -> None:
    """They are in no team any more, and lead none."""
    store.connection.execute(_LEAVE_ALL, {"person": person_id, "now": now})
    store.connection.execute(_WITHOUT_LEADER, {"leader": person_id})


def _write_skills(store: Store, entry: Volunteer) -> None:
    """One row a skill; none of those who have left."""
    store.connection.execute(_FORGET_SKILLS, {"wanted": entry.person_id})
    skills = dict.fromkeys(entry.skills) if entry.left_at is None else ()
    rows = [{"node_id": entry.node_id, "skill": each, "person_id": entry.person_id} for each in skills]
    if rows:
        store.connection.execute(_INSERT_SKILL, rows)


def _volunteer(row: Sequence[Any]) -> Volunteer:
    person_id, node_id, name, skills, free, *rest = row
    return Volunteer(person_id, node_id, name, tuple(skills), tuple(free), *rest)
