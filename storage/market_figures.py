"""Figures of events: counted in the database, for the events that began in a period.

Every statement reads the events of one period by the index on node, or leader, and time, and of these what belongs to
them; only whether a helper came for the first time is looked up among all that this person ever signed up for.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, distinct, exists, func, or_, select

from storage.database import Store
from storage.market import Event
from storage.tables import SignUpPart, SignUpState, events, hours, people, sign_up_events, sign_ups, volunteers


@dataclass(frozen=True, slots=True)
class Heads:
    """What came of the sign-ups of one kind at one stall, or at many.

    `signed_up` had a place until the event, and is the sum of `came`, `missed`, `unmarked` (over, and nobody has said
    which) and of those who are still expected. `thanked` are of those who came. `waited_in_vain` never had a place.
    """

    signed_up: int = 0
    came: int = 0
    missed: int = 0
    unmarked: int = 0
    thanked: int = 0
    waited_in_vain: int = 0


@dataclass(frozen=True, slots=True)
class Counted:
    """The heads of one kind at one stall."""

    event_id: int
    stall_id: int
    part: SignUpPart
    heads: Heads


@dataclass(frozen=True, slots=True)
class Helper:
    """One helper's sign-up, whatever became of it. `first_time`: they came, and never had before in this community.

    `companion` counts those whom the person of this name brought along; 0 is the person.
    """

    event_id: int
    stall_id: int
    person_id: str | None
    name: str
    companion: int
    state: SignUpState
    came_at: datetime | None
    left_at: datetime | None
    thanked: bool
    first_time: bool


_CAME = (SignUpState.CAME, SignUpState.LEFT)
_THANKED = (
    exists().where(sign_up_events.c.sign_up_id == sign_ups.c.id, sign_up_events.c.step == "thank").correlate(sign_ups)
)
_HAS_PLACE = and_(
    sign_ups.c.place.is_not(None),
    sign_ups.c.state.in_([SignUpState.HELD, *_CAME, SignUpState.MISSED]),
)


def _count(*conditions: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count(case((and_(*conditions), 1)))


def _in_events() -> ColumnElement[bool]:
    return sign_ups.c.event_id.in_(bindparam("events", expanding=True))


_BEGAN = (events.c.begins_at >= bindparam("begin"), events.c.begins_at < bindparam("end"))
_MINUTES = select(func.coalesce(func.sum(hours.c.minutes), 0)).where(hours.c.event_id == events.c.id).scalar_subquery()
_EVENTS = select(*events.c, _MINUTES).order_by(events.c.begins_at, events.c.id)
_AT_NODES = _EVENTS.where(events.c.node_id.in_(bindparam("nodes", expanding=True)), *_BEGAN)
_LED_BY = _EVENTS.where(events.c.leader_id == bindparam("leader"), *_BEGAN)
_ONE = _EVENTS.where(events.c.id == bindparam("wanted"))
_EVER_LED = select(events.c.id).where(events.c.leader_id == bindparam("leader")).limit(1)
_HEADS = (
    select(
        sign_ups.c.event_id,
        sign_ups.c.stall_id,
        sign_ups.c.part,
        _count(_HAS_PLACE),
        _count(sign_ups.c.state.in_(_CAME)),
        _count(sign_ups.c.state == SignUpState.MISSED),
        _count(_HAS_PLACE, sign_ups.c.state == SignUpState.HELD, events.c.ends_at <= bindparam("now")),
        _count(sign_ups.c.state.in_(_CAME), _THANKED),
        _count(
            sign_ups.c.place.is_(None),
            or_(
                sign_ups.c.state == SignUpState.LAPSED,
                and_(sign_ups.c.state == SignUpState.WAITING, events.c.ends_at <= bindparam("now")),
            ),
        ),
    )
    .join_from(sign_ups, events, sign_ups.c.event_id == events.c.id)
    .where(_in_events())
    .group_by(sign_ups.c.event_id, sign_ups.c.stall_id, sign_ups.c.part)
)
_EARLIER, _THEN = events.alias("earlier"), sign_ups.alias("then")
_CAME_BEFORE = (
    exists()
    .where(
        _THEN.c.person_id == sign_ups.c.person_id,
        _THEN.c.companion == 0,
        _THEN.c.part == SignUpPart.HELPER,
        _THEN.c.state.in_(_CAME),
        _EARLIER.c.id == _THEN.c.event_id,
        _EARLIER.c.node_id.in_(bindparam("nodes", expanding=True)),
        or_(
            _EARLIER.c.begins_at < events.c.begins_at,
            and_(_EARLIER.c.begins_at == events.c.begins_at, _EARLIER.c.id < events.c.id),
        ),
    )
    .correlate(sign_ups, events)
)
_IS_FIRST = and_(
    sign_ups.c.part == SignUpPart.HELPER,
    sign_ups.c.person_id.is_not(None),
    sign_ups.c.companion == 0,
    sign_ups.c.state.in_(_CAME),
    ~_CAME_BEFORE,
)
_NEW = (
    select(sign_ups.c.event_id, func.count(distinct(sign_ups.c.person_id)))
    .join_from(sign_ups, events, sign_ups.c.event_id == events.c.id)
    .where(_in_events(), _IS_FIRST)
    .group_by(sign_ups.c.event_id)
)
_HELPERS = (
    select(
        sign_ups.c.event_id,
        sign_ups.c.stall_id,
        sign_ups.c.person_id,
        func.coalesce(volunteers.c.name, people.c.name),
        sign_ups.c.name,
        sign_ups.c.companion,
        sign_ups.c.state,
        sign_ups.c.came_at,
        sign_ups.c.left_at,
        _THANKED,
        _IS_FIRST,
    )
    .select_from(
        sign_ups.join(events, sign_ups.c.event_id == events.c.id)
        .outerjoin(people, people.c.id == sign_ups.c.person_id)
        .outerjoin(volunteers, volunteers.c.person_id == people.c.id)
    )
    .where(_in_events(), sign_ups.c.part == SignUpPart.HELPER)
    .order_by(sign_ups.c.event_id, sign_ups.c.stall_id, sign_ups.c.signed_at, sign_ups.c.id)
)
_MINUTES_OF = (
    select(hours.c.event_id, hours.c.person_id, func.sum(hours.c.minutes))
    .where(hours.c.event_id.in_(bindparam("events", expanding=True)))
    .group_by(hours.c.event_id, hours.c.person_id)
)


def at_nodes(store: Store, node_ids: Collection[str], begin: datetime, end: datetime) -> list[tuple[Event, int]]:
    """Events at these nodes that begin from `begin` until before `end`, in their order, with the minutes given."""
    return _events(store, _AT_NODES, {"nodes": list(node_ids), "begin": begin, "end": end})


def led_by(store: Store, leader_id: str, begin: datetime, end: datetime) -> list[tuple[Event, int]]:
    """The same for the events that one person leads."""
    return _events(store, _LED_BY, {"leader": leader_id, "begin": begin, "end": end})


def one(store: Store, event_id: int) -> tuple[Event, int] | None:
    """One event with the minutes given there."""
    return next(iter(_events(store, _ONE, {"wanted": event_id})), None)


def ever_led(store: Store, person_id: str) -> bool:
    """Whether a person leads an event, or ever did."""
    return store.connection.execute(_EVER_LED, {"leader": person_id}).first() is not None


def heads(store: Store, event_ids: Collection[int], now: datetime) -> list[Counted]:
    """What came of the sign-ups, a row for each stall and kind that anybody signed up for."""
    rows = store.connection.execute(_HEADS, {"events": list(event_ids), "now": now})
    return [Counted(event_id, stall_id, part, Heads(*counts)) for event_id, stall_id, part, *counts in rows]


def new_helpers(store: Store, event_ids: Collection[int], node_ids: Collection[str]) -> Mapping[int, int]:
    """How many people came to help for the first time at any of these nodes, for each event at which anybody did."""
    rows = store.connection.execute(_NEW, {"events": list(event_ids), "nodes": list(node_ids)})
    return {row[0]: row[1] for row in rows}


def helpers(store: Store, event_ids: Collection[int], node_ids: Collection[str]) -> list[Helper]:
    """Everybody who ever signed up to help at these events. `node_ids`: where else they may have come before."""
    rows: Any = store.connection.execute(_HELPERS, {"events": list(event_ids), "nodes": list(node_ids)})
    return [_helper(*row) for row in rows]


def minutes_of(store: Store, event_ids: Collection[int]) -> Mapping[tuple[int, str], int]:
    """The minutes that each person gave at each of these events, corrections among them."""
    rows = store.connection.execute(_MINUTES_OF, {"events": list(event_ids)})
    return {(row[0], row[1]): int(row[2]) for row in rows}


def _helper(
    event_id: int, stall_id: int, person_id: str | None, known_as: str | None, called: str, *rest: Any
) -> Helper:
    """Who is nobody that we know has the name that they were signed up with, which the database cannot read."""
    companion, state, came_at, left_at, thanked, first = rest
    name = known_as or called
    return Helper(event_id, stall_id, person_id, name, companion, state, came_at, left_at, bool(thanked), bool(first))


def _events(store: Store, statement: Select[Any], values: Mapping[str, Any]) -> list[tuple[Event, int]]:
    rows: Sequence[Any] = store.connection.execute(statement, values).all()
    return [(Event(*row[:-1]), int(row[-1])) for row in rows]
