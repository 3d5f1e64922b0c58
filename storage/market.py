"""Events: the series they come from, when and where they are, and their stalls."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, update

from storage.database import Store
from storage.tables import EventState, event_groups, event_series, events, stalls


@dataclass(frozen=True, slots=True)
class Series:
    """What events of one kind have in common. With `words`, which are a rule, it makes them by itself.

    `stalls` are mappings with name, helpers, visitors, item and skill. `planned_to`: up to which day events were made.
    """

    id: str
    node_id: str
    name: str
    place: str
    words: str
    on_holiday: str
    stalls: Sequence[Mapping[str, Any]]
    bring: str
    leader_id: str | None
    starts_on: date
    from_file: bool
    planned_to: date | None


@dataclass(frozen=True, slots=True)
class Event:
    """A market, a clinic, a lecture: once. `code` is shown at its stalls and typed to check in.

    `planned_on` is the day that the rule named. `next_at` is when the scheduler has something to do about it, `stage`
    what. `sequence` rises with every change.
    """

    id: int
    series_id: str | None
    planned_on: date
    node_id: str
    name: str
    place: str
    begins_at: datetime
    ends_at: datetime
    bring: str
    leader_id: str | None
    state: EventState
    code: str
    opened_at: datetime | None
    sequence: int
    changed_at: datetime
    next_at: datetime | None
    stage: str

    @property
    def number(self) -> str:
        """What people call it: E012."""
        return f"E{self.id:03d}"


@dataclass(frozen=True, slots=True)
class Stall:
    """A stall of one event. `helpers` and `visitors` are how many places there are; without visitors no numbers are
    given out. `item`: whoever takes a number says what they bring. `skill`: what its helpers should know to do."""

    id: int
    event_id: int
    position: int
    name: str
    helpers: int
    visitors: int
    item: bool
    skill: str


@dataclass(frozen=True, slots=True)
class EventGroup:
    """What a group was told about the sign-ups for an event: when last, and when it is to be told next."""

    event_id: int
    channel: str
    group: str
    said_at: datetime | None
    next_at: datetime | None


_SERIES = (
    event_series.c.id,
    event_series.c.node_id,
    event_series.c.name,
    event_series.c.place,
    event_series.c.words,
    event_series.c.on_holiday,
    event_series.c.stalls,
    event_series.c.bring,
    event_series.c.leader_id,
    event_series.c.starts_on,
    event_series.c.from_file,
    event_series.c.planned_to,
)
_ALL_SERIES = select(*_SERIES).where(event_series.c.ended_at.is_(None)).order_by(event_series.c.id)
_SERIES_BY_ID = select(*_SERIES).where(event_series.c.id == bindparam("wanted"))
_UPDATE_SERIES = update(event_series).where(event_series.c.id == bindparam("wanted"))
_LEAST_PLANNED = select(func.min(func.coalesce(event_series.c.planned_to, event_series.c.starts_on))).where(
    event_series.c.ended_at.is_(None), event_series.c.words != ""
)
_COLUMNS = tuple(events.c)
_INSERT = insert(events).returning(events.c.id)
_BY_ID = select(*_COLUMNS).where(events.c.id == bindparam("wanted"))
_LOCKED = _BY_ID.with_for_update()
_UPDATE = update(events).where(events.c.id == bindparam("wanted"))
_BETWEEN = (
    select(*_COLUMNS)
    .where(
        events.c.node_id.in_(bindparam("nodes", expanding=True)),
        events.c.begins_at >= bindparam("since"),
        events.c.begins_at < bindparam("until"),
        events.c.state.in_(bindparam("states", expanding=True)),
    )
    .order_by(events.c.begins_at, events.c.id)
    .limit(50)
)
_OF_SERIES = (
    select(*_COLUMNS)
    .where(events.c.series_id == bindparam("series"), events.c.planned_on >= bindparam("day"))
    .order_by(events.c.planned_on, events.c.id)
)
_DUE = select(*_COLUMNS).where(events.c.next_at <= bindparam("now")).order_by(events.c.next_at, events.c.id).limit(200)
_NEXT_DUE = select(func.min(events.c.next_at)).where(events.c.next_at.is_not(None))
_INSERT_STALL = insert(stalls).returning(stalls.c.id)
_UPDATE_STALL = update(stalls).where(stalls.c.id == bindparam("wanted"))
_DELETE_STALL = delete(stalls).where(stalls.c.id == bindparam("wanted"))
_STALLS = (
    select(*stalls.c)
    .where(stalls.c.event_id.in_(bindparam("events", expanding=True)))
    .order_by(stalls.c.event_id, stalls.c.position, stalls.c.id)
)
_IS_GROUP = (
    (event_groups.c.event_id == bindparam("event"))
    & (event_groups.c.channel == bindparam("for_channel"))
    & (event_groups.c.group_external_id == bindparam("group"))
)
_GROUP = select(*event_groups.c).where(_IS_GROUP)
_GROUPS_OF = select(*event_groups.c).where(event_groups.c.event_id == bindparam("event"))
_INSERT_GROUP = insert(event_groups)
_UPDATE_GROUP = update(event_groups).where(_IS_GROUP)
_TOLD_SINCE = (
    select(event_groups.c.event_id)
    .join_from(event_groups, events, event_groups.c.event_id == events.c.id)
    .where(
        event_groups.c.channel == bindparam("for_channel"),
        event_groups.c.group_external_id == bindparam("group"),
        event_groups.c.said_at >= bindparam("since"),
        events.c.state == EventState.OPEN,
    )
    .limit(1)
)
_DUE_GROUPS = (
    select(*event_groups.c)
    .where(event_groups.c.next_at <= bindparam("now"))
    .order_by(event_groups.c.next_at, event_groups.c.event_id)
    .limit(200)
)
_NEXT_GROUP = select(func.min(event_groups.c.next_at)).where(event_groups.c.next_at.is_not(None))


def all_series(store: Store) -> list[Series]:
    """Those that are in force, also such as are mere templates."""
    return [Series(*tuple(row)) for row in store.connection.execute(_ALL_SERIES)]


def series(store: Store, series_id: str) -> Series | None:
    """One series, also one that was given up."""
    row = store.connection.execute(_SERIES_BY_ID, {"wanted": series_id}).first()
    return Series(*tuple(row)) if row else None


def change_series(store: Store, series_id: str, **values: Any) -> None:
    """Writes columns."""
    store.connection.execute(_UPDATE_SERIES.values(**values), {"wanted": series_id})


def least_planned(store: Store) -> date | None:
    """Up to which day all series with a rule have events, one that never had any up to its start; None: no rule."""
    return store.connection.execute(_LEAST_PLANNED).scalar_one_or_none()


def add(store: Store, **values: Any) -> int:
    """A new event. Gives its id."""
    identity: int = store.connection.execute(_INSERT, values).scalar_one()
    return identity


def by_id(store: Store, event_id: int) -> Event | None:
    """One event."""
    row = store.connection.execute(_BY_ID, {"wanted": event_id}).first()
    return Event(*tuple(row)) if row else None


def locked(store: Store, event_id: int) -> Event | None:
    """One event, and nobody else may give away places at its stalls until this transaction ends."""
    row = store.connection.execute(_LOCKED, {"wanted": event_id}).first()
    return Event(*tuple(row)) if row else None


def change(store: Store, event_id: int, **values: Any) -> None:
    """Writes columns."""
    store.connection.execute(_UPDATE.values(**values), {"wanted": event_id})


def between(
    store: Store, node_ids: Collection[str], since: datetime, until: datetime, states: Collection[EventState]
) -> list[Event]:
    """Events at these nodes that begin then, in their order of time; fifty at most."""
    if not node_ids:
        return []
    values = {"nodes": list(node_ids), "since": since, "until": until, "states": list(states)}
    return _all(store, _BETWEEN, values)


def of_series(store: Store, series_id: str, day: date) -> list[Event]:
    """What was made of a series for this day and those after it."""
    return _all(store, _OF_SERIES, {"series": series_id, "day": day})


def due(store: Store, now: datetime) -> list[Event]:
    """Those about which something is to be done by now."""
    return _all(store, _DUE, {"now": now})


def next_due(store: Store) -> datetime | None:
    """When `due` has something next."""
    return store.connection.execute(_NEXT_DUE).scalar_one_or_none()


def add_stall(store: Store, **values: Any) -> int:
    """A new stall. Gives its id."""
    identity: int = store.connection.execute(_INSERT_STALL, values).scalar_one()
    return identity


def change_stall(store: Store, stall_id: int, **values: Any) -> None:
    """Writes columns."""
    store.connection.execute(_UPDATE_STALL.values(**values), {"wanted": stall_id})


def remove_stall(store: Store, stall_id: int) -> None:
    """A stall at which nobody ever signed up. Raises `IntegrityError` where somebody did."""
    store.connection.execute(_DELETE_STALL, {"wanted": stall_id})


def stalls_of(store: Store, event_ids: Collection[int]) -> Mapping[int, tuple[Stall, ...]]:
    """The stalls of each of these events, in their order."""
    found: dict[int, list[Stall]] = defaultdict(list)
    if event_ids:
        for row in store.connection.execute(_STALLS, {"events": list(event_ids)}):
            found[row.event_id].append(Stall(*tuple(row)))
    return {event_id: tuple(each) for event_id, each in found.items()}


def group(store: Store, event_id: int, channel: str, external_id: str) -> EventGroup | None:
    """What a group was told about an event."""
    values = {"event": event_id, "for_channel": channel, "group": external_id}
    row = store.connection.execute(_GROUP, values).first()
    return EventGroup(*tuple(row)) if row else None


def groups_of(store: Store, event_id: int) -> list[EventGroup]:
    """The groups in which somebody signed up for an event."""
    return [EventGroup(*tuple(row)) for row in store.connection.execute(_GROUPS_OF, {"event": event_id})]


def note_group(store: Store, found: EventGroup, *, known: bool) -> None:
    """Writes what a group was told. `known`: whether there is a row of it already."""
    if not known:
        row = {"event_id": found.event_id, "channel": found.channel, "group_external_id": found.group}
        store.connection.execute(_INSERT_GROUP, row | {"said_at": found.said_at, "next_at": found.next_at})
        return
    values = {"event": found.event_id, "for_channel": found.channel, "group": found.group}
    store.connection.execute(_UPDATE_GROUP.values(said_at=found.said_at, next_at=found.next_at), values)


def told_since(store: Store, channel: str, external_id: str, since: datetime) -> bool:
    """Whether a group was told of an event that is open."""
    values = {"for_channel": channel, "group": external_id, "since": since}
    return store.connection.execute(_TOLD_SINCE, values).first() is not None


def due_groups(store: Store, now: datetime) -> list[EventGroup]:
    """Groups that are to be told by now."""
    return [EventGroup(*tuple(row)) for row in store.connection.execute(_DUE_GROUPS, {"now": now})]


def next_group(store: Store) -> datetime | None:
    """When `due_groups` has something next."""
    return store.connection.execute(_NEXT_GROUP).scalar_one_or_none()


def _all(store: Store, statement: Any, values: Mapping[str, Any]) -> list[Event]:
    return [Event(*tuple(row)) for row in store.connection.execute(statement, values)]
