"""The hours that volunteers have given: one row for each check-out, and one for each correction. None is changed."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, insert, or_, select, union, update

from storage.database import Store
from storage.tables import SignUpPart, events, hours, people, sign_ups, team_members, teams, volunteers


@dataclass(frozen=True, slots=True)
class Entry:
    """Minutes on somebody's account. `given_by` is the leader who corrected it, None for what a check-out gave.

    `kind` is the name of the series, `what` that of the event; both are empty for a correction of no event.
    """

    id: int
    person_id: str
    node_id: str
    on_day: date
    minutes: int
    kind: str
    what: str
    team_id: str | None
    event_id: int | None
    sign_up_id: int | None
    reason: str
    given_by: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody who may be meant by a name, and where: `event_id` is the latest event they have a part in."""

    person_id: str
    name: str
    node_id: str
    event_id: int | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """What one volunteer gave in some days. `honour`: may be named for it; `asked`: has been asked, or has decided."""

    person_id: str
    name: str
    minutes: int
    honour: bool
    asked: bool


_COLUMNS = tuple(hours.c)
_ORDER = (hours.c.on_day, hours.c.id)
_INSERT = insert(hours).returning(hours.c.id)
_LOCK = select(people.c.id).where(people.c.id == bindparam("person")).with_for_update()
_OF_SIGN_UP = select(*_COLUMNS).where(hours.c.sign_up_id == bindparam("sign_up"), hours.c.given_by.is_(None))
_OF_EVENT = select(*_COLUMNS).where(hours.c.event_id == bindparam("event")).order_by(*_ORDER)
_TOTAL = select(func.coalesce(func.sum(hours.c.minutes), 0)).where(hours.c.person_id == bindparam("person"))
_TOTALS = (
    select(hours.c.person_id, func.sum(hours.c.minutes))
    .where(hours.c.person_id.in_(bindparam("persons", expanding=True)))
    .group_by(hours.c.person_id)
)
_OF_PERSON = (
    select(*_COLUMNS)
    .where(
        hours.c.person_id == bindparam("person"),
        hours.c.on_day >= bindparam("first"),
        hours.c.on_day <= bindparam("last"),
    )
    .order_by(*_ORDER)
)
_LATEST_NODE = (
    select(hours.c.node_id)
    .where(hours.c.person_id == bindparam("person"))
    .order_by(hours.c.on_day.desc(), hours.c.id.desc())
    .limit(1)
)
_SHOWN_NAME = func.coalesce(volunteers.c.name, people.c.name)
_NAME_OF = (
    select(_SHOWN_NAME)
    .select_from(people.outerjoin(volunteers, volunteers.c.person_id == people.c.id))
    .where(people.c.id == bindparam("person"))
)
_IS_NAMED = or_(people.c.name == bindparam("called"), volunteers.c.name == bindparam("called"))


def _with_register(joined: Any, key: Any) -> Any:
    """Rows with the person behind them, and their row in the register where they have one."""
    return joined.join(people, people.c.id == key).outerjoin(volunteers, volunteers.c.person_id == people.c.id)


def _helpers(*which: ColumnElement[bool]) -> Select[Any]:
    """Helpers with this name of the events that are meant, those of the latest first."""
    return (
        select(people.c.id, _SHOWN_NAME, events.c.node_id, events.c.id)
        .select_from(_with_register(sign_ups.join(events), sign_ups.c.person_id))
        .where(*which, sign_ups.c.part == SignUpPart.HELPER, _IS_NAMED)
        .order_by(events.c.begins_at.desc(), sign_ups.c.id)
    )


_AT_EVENT = _helpers(sign_ups.c.event_id == bindparam("event"))
_LED_EVENTS = _helpers(
    events.c.leader_id == bindparam("leader"),
    events.c.begins_at >= bindparam("since"),
    events.c.begins_at <= bindparam("now"),
)
_LED_TEAMS = (
    select(people.c.id, _SHOWN_NAME, teams.c.node_id)
    .select_from(_with_register(team_members.join(teams), team_members.c.person_id))
    .where(
        teams.c.leader_id == bindparam("leader"),
        teams.c.ended_at.is_(None),
        team_members.c.left_at.is_(None),
        _IS_NAMED,
    )
    .order_by(people.c.id)
)
_REGISTERED = (
    select(people.c.id, _SHOWN_NAME, volunteers.c.node_id)
    .select_from(volunteers.join(people, people.c.id == volunteers.c.person_id))
    .where(volunteers.c.node_id.in_(bindparam("nodes", expanding=True)), volunteers.c.left_at.is_(None), _IS_NAMED)
)
_GIVERS = (
    select(people.c.id, _SHOWN_NAME, hours.c.node_id)
    .select_from(_with_register(hours, hours.c.person_id))
    .where(hours.c.node_id.in_(bindparam("nodes", expanding=True)), hours.c.on_day >= bindparam("day"), _IS_NAMED)
)
_AT_NODES = union(_REGISTERED, _GIVERS)
_LEADS_TEAM_OF = (
    select(func.count())
    .select_from(team_members.join(teams))
    .where(
        team_members.c.person_id == bindparam("person"),
        team_members.c.left_at.is_(None),
        teams.c.leader_id == bindparam("leader"),
        teams.c.ended_at.is_(None),
    )
)
_TEAM_NAMES = select(teams.c.id, teams.c.name).where(teams.c.id.in_(bindparam("wanted", expanding=True)))
_SUM = func.sum(hours.c.minutes)
_MOST = (
    select(
        people.c.id,
        _SHOWN_NAME,
        _SUM,
        func.coalesce(volunteers.c.honour, False),
        and_(volunteers.c.person_id.is_not(None), volunteers.c.honour_asked_at.is_not(None)),
    )
    .select_from(_with_register(hours, hours.c.person_id))
    .where(
        hours.c.node_id.in_(bindparam("nodes", expanding=True)),
        hours.c.on_day >= bindparam("first"),
        hours.c.on_day <= bindparam("last"),
        volunteers.c.left_at.is_(None),
    )
    .group_by(
        people.c.id,
        people.c.name,
        volunteers.c.person_id,
        volunteers.c.name,
        volunteers.c.honour,
        volunteers.c.honour_asked_at,
    )
    .having(_SUM > 0)
    .order_by(_SUM.desc(), people.c.id)
    .limit(1000)
)
_FIRST_AT = select(hours.c.at).order_by(hours.c.id).limit(1)
_SET_HONOUR = (
    update(volunteers)
    .where(volunteers.c.person_id == bindparam("person"))
    .values(honour=bindparam("wanted"), honour_asked_at=bindparam("now"))
)
_NOTE_ASKED = (
    update(volunteers).where(volunteers.c.person_id == bindparam("person")).values(honour_asked_at=bindparam("now"))
)
_HONOUR = select(volunteers.c.honour, volunteers.c.honour_asked_at).where(volunteers.c.person_id == bindparam("person"))


def lock(store: Store, person_id: str) -> None:
    """Nobody else writes to this person's account until this transaction ends."""
    store.connection.execute(_LOCK, {"person": person_id})


def add(store: Store, values: Mapping[str, Any]) -> int:
    """A new row. Gives its id. Raises `IntegrityError` where the sign-up has its hours already."""
    identity: int = store.connection.execute(_INSERT, values).scalar_one()
    return identity


def of_sign_up(store: Store, sign_up_id: int) -> Entry | None:
    """What a check-out gave."""
    row = store.connection.execute(_OF_SIGN_UP, {"sign_up": sign_up_id}).first()
    return Entry(*row) if row else None


def of_event(store: Store, event_id: int) -> list[Entry]:
    """Everything that was given at an event, corrections among it."""
    return [Entry(*row) for row in store.connection.execute(_OF_EVENT, {"event": event_id})]


def of_person(store: Store, person_id: str, first: date, last: date) -> list[Entry]:
    """What somebody gave on these days, in their order."""
    values = {"person": person_id, "first": first, "last": last}
    return [Entry(*row) for row in store.connection.execute(_OF_PERSON, values)]


def total(store: Store, person_id: str) -> int:
    """Minutes on somebody's account."""
    return int(store.connection.execute(_TOTAL, {"person": person_id}).scalar_one())


def totals(store: Store, person_ids: Collection[str]) -> Mapping[str, int]:
    """The same for many; whoever has none is not in it."""
    if not person_ids:
        return {}
    return {row[0]: int(row[1]) for row in store.connection.execute(_TOTALS, {"persons": list(person_ids)})}


def latest_node(store: Store, person_id: str) -> str | None:
    """Where somebody last gave hours."""
    return store.connection.execute(_LATEST_NODE, {"person": person_id}).scalar_one_or_none()


def name_of(store: Store, person_id: str) -> str:
    """What somebody is called: their name in the register, else the one the chat knows. Empty for nobody."""
    return store.connection.execute(_NAME_OF, {"person": person_id}).scalar_one_or_none() or ""


def team_names(store: Store, team_ids: Collection[str]) -> Mapping[str, str]:
    """Teams by their id, those that have ended among them."""
    if not team_ids:
        return {}
    return {row[0]: row[1] for row in store.connection.execute(_TEAM_NAMES, {"wanted": list(team_ids)})}


def named_at_event(store: Store, called: str, event_id: int) -> list[Named]:
    """Helpers of an event who are called so."""
    return _named(store, _AT_EVENT, {"called": called, "event": event_id})


def named_in_led_events(store: Store, called: str, leader_id: str, since: datetime, now: datetime) -> list[Named]:
    """Helpers who are called so at the events that somebody led, the latest first."""
    return _named(store, _LED_EVENTS, {"called": called, "leader": leader_id, "since": since, "now": now})


def named_in_led_teams(store: Store, called: str, leader_id: str) -> list[Named]:
    """Members who are called so of the teams that somebody leads."""
    return _named(store, _LED_TEAMS, {"called": called, "leader": leader_id})


def named_at_nodes(store: Store, called: str, node_ids: Collection[str], since: date) -> list[Named]:
    """Volunteers of these nodes who are called so, and whoever gave hours there since a day."""
    if not node_ids:
        return []
    return _named(store, _AT_NODES, {"called": called, "nodes": list(node_ids), "day": since})


def leads_team_of(store: Store, leader_id: str, person_id: str) -> bool:
    """Whether somebody leads a team that the other is in."""
    return bool(store.connection.execute(_LEADS_TEAM_OF, {"leader": leader_id, "person": person_id}).scalar_one())


def most(store: Store, node_ids: Collection[str], first: date, last: date) -> list[Given]:
    """Who gave anything at these nodes on these days, the most first, without those who have left the register."""
    if not node_ids:
        return []
    values = {"nodes": list(node_ids), "first": first, "last": last}
    return [
        Given(row[0], row[1], int(row[2]), bool(row[3]), bool(row[4]))
        for row in store.connection.execute(_MOST, values)
    ]


def first_at(store: Store) -> datetime | None:
    """When hours were written down for the first time."""
    return store.connection.execute(_FIRST_AT).scalar_one_or_none()


def set_honour(store: Store, person_id: str, wanted: bool, now: datetime) -> None:
    """Whether somebody of the register may be named among those who gave most."""
    store.connection.execute(_SET_HONOUR, {"person": person_id, "wanted": wanted, "now": now})


def note_asked(store: Store, person_id: str, now: datetime) -> None:
    """They were asked whether they may be named."""
    store.connection.execute(_NOTE_ASKED, {"person": person_id, "now": now})


def honour(store: Store, person_id: str) -> bool | None:
    """What somebody of the register has decided; None: nothing yet."""
    row = store.connection.execute(_HONOUR, {"person": person_id}).first()
    return bool(row[0]) if row and row[1] is not None else None


def _named(store: Store, statement: Any, values: Mapping[str, Any]) -> list[Named]:
    """Each person once, as first found."""
    found: dict[str, Named] = {}
    for row in store.connection.execute(statement, values):
        found.setdefault(row[0], Named(*row))
    return list(found.values())
