"""Whom a task may be pushed to: those with a skill, how near they live, how much they have to do already."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    bindparam,
    func,
    insert,
    literal,
    or_,
    select,
    true,
    update,
)

from storage.database import Store
from storage.tables import (
    TaskState,
    addresses,
    as_read,
    blocked_pairs,
    people,
    task_claims,
    task_events,
    task_pushes,
    tasks,
    team_members,
    teams,
    volunteer_skills,
    volunteers,
)
from storage.tasks import Task

PAGE = 250
"""Candidates that are looked at together."""


@dataclass(frozen=True, slots=True)
class Row:
    """A candidate as the tables know one. `home`: the node where they live; `confirmed_at`: empty also for those who
    have no entry in the register; `asked`: how often since the moment that was given."""

    person_id: str
    home: str | None
    free: tuple[str, ...]
    confirmed_at: datetime | None
    entered: bool
    asked: int


@dataclass(frozen=True, slots=True)
class Search:
    """Who is looked for: not asked `most` times since `since`, nobody that has a part in the task, or that is kept
    apart from its orderer."""

    task_id: int
    orderer_id: str
    node_id: str
    since: datetime
    most: int


# --- the skills of a community --------------------------------------------------------------------------------

# The different skills, one step of the index each: to read all rows for some forty words would cost more than all else.
_FIRST_SKILL = select(func.min(volunteer_skills.c.skill).label("skill")).where(
    volunteer_skills.c.node_id == bindparam("node")
)
_WALK = _FIRST_SKILL.cte("walk", recursive=True)
_NEXT_SKILL = (
    select(func.min(volunteer_skills.c.skill))
    .where(volunteer_skills.c.node_id == bindparam("node"), volunteer_skills.c.skill > _WALK.c.skill)
    .correlate(_WALK)
    .scalar_subquery()
)
_WALKED = _WALK.union_all(select(_NEXT_SKILL).select_from(_WALK).where(_WALK.c.skill.is_not(None)))
_SKILLS = select(_WALKED.c.skill).where(_WALKED.c.skill.is_not(None))

# --- candidates -----------------------------------------------------------------------------------------------

_ASKED = (
    select(func.count())
    .where(task_pushes.c.person_id == people.c.id, task_pushes.c.pushed_at >= bindparam("since"))
    .correlate(people)
    .scalar_subquery()
)


def _has_no(table: Any, *which: ColumnElement[bool]) -> ColumnElement[bool]:
    return ~select(literal(1)).select_from(table).where(*which).correlate(people).exists()


_FREE_OF_IT = (
    people.c.id != bindparam("orderer"),
    people.c.muted.is_not(true()),
    select(literal(1)).select_from(addresses).where(addresses.c.person_id == people.c.id).correlate(people).exists(),
    _has_no(task_pushes, task_pushes.c.task_id == bindparam("task"), task_pushes.c.person_id == people.c.id),
    _has_no(task_claims, task_claims.c.task_id == bindparam("task"), task_claims.c.person_id == people.c.id),
    _has_no(blocked_pairs, blocked_pairs.c.person_id == bindparam("orderer"), blocked_pairs.c.other_id == people.c.id),
    bindparam("most") > _ASKED,
)
_FOUND = (people.c.id, people.c.node_id, volunteers.c.free, volunteers.c.confirmed_at, volunteers.c.person_id, _ASKED)


_ACTIVE = volunteers.c.left_at.is_(None)
_AT_HOME = people.c.node_id.in_(bindparam("homes", expanding=True))
_ENTRIES = volunteers.join(people, people.c.id == volunteers.c.person_id)


def _page(query: Select[Any], order: ColumnElement[Any]) -> Select[Any]:
    """In the order of an index, so that it ends as soon as the page is full."""
    return query.where(*_FREE_OF_IT).order_by(order).limit(PAGE).offset(bindparam("skip"))


def _with_skill(*which: ColumnElement[bool]) -> Select[Any]:
    joined = volunteer_skills.join(_ENTRIES, volunteers.c.person_id == volunteer_skills.c.person_id)
    skilled = (volunteer_skills.c.node_id == bindparam("node"), volunteer_skills.c.skill == bindparam("skill"))
    return _page(select(*_FOUND).select_from(joined).where(*skilled, _ACTIVE, *which), volunteer_skills.c.person_id)


def _anybody(*which: ColumnElement[bool]) -> Select[Any]:
    here = (volunteers.c.node_id == bindparam("node"), _ACTIVE)
    return _page(select(*_FOUND).select_from(_ENTRIES).where(*here, *which), volunteers.c.person_id)


_WITH_SKILL, _WITH_SKILL_NEAR = _with_skill(), _with_skill(_AT_HOME)
_ANYBODY, _ANYBODY_NEAR = _anybody(), _anybody(_AT_HOME)
_OF_THESE = _page(
    select(*_FOUND)
    .select_from(people.outerjoin(volunteers, volunteers.c.person_id == people.c.id))
    .where(people.c.id.in_(bindparam("wanted", expanding=True)), or_(volunteers.c.person_id.is_(None), _ACTIVE)),
    people.c.id,
)
_IN_TEAMS = (
    select(team_members.c.person_id)
    .where(team_members.c.team_id.in_(bindparam("teams", expanding=True)), team_members.c.left_at.is_(None))
    .order_by(team_members.c.person_id)
    .limit(bindparam("at_most"))
)
_LOADS = (
    select(task_claims.c.person_id, func.count())
    .join_from(task_claims, tasks, tasks.c.id == task_claims.c.task_id)
    .where(
        task_claims.c.person_id.in_(bindparam("persons", expanding=True)),
        task_claims.c.given_back_at.is_(None),
        tasks.c.state.in_((TaskState.ORDERED, TaskState.CLAIMED)),
    )
    .group_by(task_claims.c.person_id)
)

# --- pushes, and what was told in groups ----------------------------------------------------------------------

_AGAIN = update(task_pushes).where(
    task_pushes.c.task_id == bindparam("of_task"), task_pushes.c.person_id == bindparam("of_person")
)
_INSERT_PUSH = insert(task_pushes)
_TOLD_IN = (
    select(*as_read(tasks))
    .join_from(tasks, task_events, task_events.c.task_id == tasks.c.id)
    .where(
        tasks.c.node_id.in_(bindparam("nodes", expanding=True)),
        tasks.c.state == TaskState.ORDERED,
        tasks.c.ended_at.is_(None),
        task_events.c.step == "to_team",
        task_events.c.subject == bindparam("group"),
        task_events.c.at >= bindparam("since"),
    )
    .order_by(task_events.c.id.desc())
    .limit(20)
)
_ORDERERS = (
    select(people.c.id)
    .join_from(tasks, people, people.c.id == tasks.c.orderer_id)
    .where(
        tasks.c.node_id.in_(bindparam("nodes", expanding=True)),
        tasks.c.ordered_at >= bindparam("since"),
        people.c.name == bindparam("called"),
    )
    .distinct()
    .order_by(people.c.id)
    .limit(10)
)
_TEAM_NAMES = (
    select(team_members.c.person_id, teams.c.id, teams.c.name)
    .join_from(team_members, teams, teams.c.id == team_members.c.team_id)
    .where(
        team_members.c.person_id.in_(bindparam("persons", expanding=True)),
        team_members.c.left_at.is_(None),
        teams.c.ended_at.is_(None),
    )
    .order_by(teams.c.name, teams.c.id)
)


def skills_at(store: Store, node_id: str) -> list[str]:
    """Every skill that a volunteer of a community has, once."""
    return list(store.connection.execute(_SKILLS, {"node": node_id}).scalars())


def with_skill(
    store: Store, search: Search, skill: str, homes: Collection[str] | None = None, skip: int = 0
) -> list[Row]:
    """Volunteers with a skill who live at these nodes, or anywhere: a page of them, behind those that are skipped."""
    values = _values(search, skip) | {"node": search.node_id, "skill": skill}
    if homes is None:
        return _rows(store, _WITH_SKILL, values)
    return _rows(store, _WITH_SKILL_NEAR, values | {"homes": list(homes)})


def anybody(store: Store, search: Search, homes: Collection[str] | None = None, skip: int = 0) -> list[Row]:
    """The same of all volunteers."""
    values = _values(search, skip) | {"node": search.node_id}
    if homes is None:
        return _rows(store, _ANYBODY, values)
    return _rows(store, _ANYBODY_NEAR, values | {"homes": list(homes)})


def of_these(store: Store, search: Search, person_ids: Collection[str]) -> list[Row]:
    """Of these people, who may have no entry in the register, those that are looked for: a page of them."""
    if not person_ids:
        return []
    return _rows(store, _OF_THESE, _values(search, 0) | {"wanted": list(person_ids)})


def in_teams(store: Store, team_ids: Collection[str]) -> list[str]:
    """Who is in these teams, by id; a page of them."""
    if not team_ids:
        return []
    return list(store.connection.execute(_IN_TEAMS, {"teams": list(team_ids), "at_most": PAGE}).scalars())


def loads(store: Store, person_ids: Collection[str]) -> Mapping[str, int]:
    """How many tasks these people have promised and not done; whoever has none is not in it."""
    if not person_ids:
        return {}
    return {row[0]: row[1] for row in store.connection.execute(_LOADS, {"persons": list(person_ids)})}


def team_of(store: Store, person_ids: Collection[str]) -> Mapping[str, Sequence[tuple[str, str]]]:
    """Id and name of the teams that each of these people is in."""
    found: dict[str, list[tuple[str, str]]] = {}
    rows = store.connection.execute(_TEAM_NAMES, {"persons": list(person_ids)}) if person_ids else ()
    for person_id, team_id, name in rows:
        found.setdefault(person_id, []).append((team_id, name))
    return found


def push_again(store: Store, task_id: int, person_id: str, round_: int, now: datetime) -> None:
    """Somebody is asked, who may have been asked about the same before."""
    values = {"round": round_, "pushed_at": now, "declined_at": None}
    again = store.connection.execute(_AGAIN.values(**values), {"of_task": task_id, "of_person": person_id})
    if not again.rowcount:
        store.connection.execute(_INSERT_PUSH, {"task_id": task_id, "person_id": person_id} | values)


def told_in(store: Store, group: str, node_ids: Collection[str], since: datetime) -> list[Task]:
    """What was told in a group and is open still, the latest first. `group`: as it stands in the log."""
    if not node_ids:
        return []
    rows = store.connection.execute(_TOLD_IN, {"nodes": list(node_ids), "group": group, "since": since})
    return list(dict.fromkeys(Task(*tuple(row)) for row in rows))


def orderers_called(store: Store, name: str, node_ids: Collection[str], since: datetime) -> list[str]:
    """Who ordered something at these nodes and has this name, by id."""
    values = {"nodes": list(node_ids), "since": since, "called": name}
    return list(store.connection.execute(_ORDERERS, values).scalars())


def _values(search: Search, skip: int) -> dict[str, Any]:
    return {
        "task": search.task_id,
        "orderer": search.orderer_id,
        "since": search.since,
        "most": search.most,
        "skip": skip,
    }


def _rows(store: Store, statement: Any, values: Mapping[str, Any]) -> list[Row]:
    return [
        Row(person_id, home, tuple(free or ()), confirmed_at, entry is not None, asked)
        for person_id, home, free, confirmed_at, entry, asked in store.connection.execute(statement, values)
    ]
