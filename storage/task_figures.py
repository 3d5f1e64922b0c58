"""Figures of tasks: counted in the database, for what was ordered in a period at some communities.

Every statement reads one period by the index on node and time of ordering, or what is open by the index of open tasks;
why a task came to nothing is looked up in the log of that task alone.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, bindparam, exists, func, or_, select

from storage.database import Store
from storage.figures import Scope, Waits, count, middle, waits
from storage.tables import TaskState, task_claims, task_events, tasks


@dataclass(frozen=True, slots=True)
class Counted:
    """What became of the tasks that were ordered, as it stands now.

    `claimed` have all their takers, or had them until they were done. `satisfied`: fairly so or more. What is not done
    is either `open`, `withdrawn` by who ordered it, or not met: dropped by staff, made a grievance, not taken until
    its time was over, or never taken at all.
    """

    ordered: int
    claimed: int
    done: int
    rated: int
    satisfied: int
    open: int
    withdrawn: int
    dropped: int
    to_grievance: int
    too_late: int
    nobody: int


@dataclass(frozen=True, slots=True)
class OpenNow:
    """What is not done and not over: `unclaimed`, and of these `waiting_long`; `promised`; and of both `overdue`."""

    unclaimed: int
    waiting_long: int
    promised: int
    overdue: int


@dataclass(frozen=True, slots=True)
class Taken:
    """One taker of one task. `rating`: from 1, the best, to 3; None: not rated."""

    task_id: int
    person_id: str
    skill: str
    done: bool
    rating: int | None


_COLUMNS = tasks.c
_IS_DONE = _COLUMNS.state.in_((TaskState.DONE, TaskState.RATED))
_IS_CLAIMED = _COLUMNS.state.in_((TaskState.CLAIMED, TaskState.DONE, TaskState.RATED))
_IS_OPEN = _COLUMNS.state.in_((TaskState.ORDERED, TaskState.CLAIMED))
_AT_NODES = _COLUMNS.node_id.in_(bindparam("nodes", expanding=True))
_IN_PERIOD = and_(_AT_NODES, _COLUMNS.ordered_at >= bindparam("begin"), _COLUMNS.ordered_at < bindparam("end"))


def _stepped(step: str, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether the log of a task has such a line."""
    return (
        exists().where(task_events.c.task_id == _COLUMNS.id, task_events.c.step == step, *conditions).correlate(tasks)
    )


_CANCELLED = _COLUMNS.state == TaskState.CANCELLED
_BY_THEMSELVES = _stepped(
    "cancel", or_(task_events.c.actor_id == _COLUMNS.orderer_id, task_events.c.actor_id == _COLUMNS.ordered_by)
)
_TO_GRIEVANCE = _stepped("to_grievance")
_LAST_WORD = (
    select(task_events.c.note)
    .where(task_events.c.task_id == _COLUMNS.id, task_events.c.step == "to_worker")
    .order_by(task_events.c.id.desc())
    .limit(1)
    .correlate(tasks)
    .scalar_subquery()
)
"""What the workers were told last before it came to nothing: `time_over`, or that nobody takes it."""

_UNMET = _COLUMNS.state == TaskState.UNMET
_WHY_UNMET = select(_LAST_WORD).where(_IN_PERIOD, _UNMET)
_COUNT = select(
    func.count(),
    count(_IS_CLAIMED),
    count(_IS_DONE),
    count(_COLUMNS.rating.is_not(None)),
    count(_COLUMNS.rating <= 2),
    count(_IS_OPEN),
    count(_CANCELLED, ~_TO_GRIEVANCE, _BY_THEMSELVES),
    count(_CANCELLED, ~_TO_GRIEVANCE, ~_BY_THEMSELVES),
    count(_CANCELLED, _TO_GRIEVANCE),
).where(_IN_PERIOD)
_OPEN_NOW = select(
    count(_COLUMNS.state == TaskState.ORDERED),
    count(_COLUMNS.state == TaskState.ORDERED, _COLUMNS.ordered_at < bindparam("long_ago")),
    count(_COLUMNS.state == TaskState.CLAIMED),
    count(_COLUMNS.until_at < bindparam("now")),
).where(_AT_NODES, _IS_OPEN, _COLUMNS.ended_at.is_(None))
_TAKEN = (
    select(_COLUMNS.id, task_claims.c.person_id, _COLUMNS.skill, _COLUMNS.state, _COLUMNS.rating)
    .join_from(tasks, task_claims, task_claims.c.task_id == tasks.c.id)
    .where(_IN_PERIOD, _IS_CLAIMED, task_claims.c.given_back_at.is_(None))
    .order_by(_COLUMNS.id, task_claims.c.slot)
)
_TO_CLAIM = middle(_COLUMNS.ordered_at, _COLUMNS.claimed_at, _IN_PERIOD, _IS_CLAIMED)
_TO_DONE = middle(_COLUMNS.ordered_at, _COLUMNS.done_at, _IN_PERIOD, _IS_DONE)
_EARLIEST = select(_COLUMNS.ordered_at).order_by(_COLUMNS.id).limit(1)


def totals(store: Store, scope: Scope) -> Counted:
    """What was ordered, and what became of it."""
    counted = store.connection.execute(_COUNT, scope.values).one()
    why_unmet = store.connection.execute(_WHY_UNMET, scope.values).scalars().all()  # sealed: counted here
    too_late = why_unmet.count("time_over")
    return Counted(*counted, too_late=too_late, nobody=len(why_unmet) - too_late)


def open_now(store: Store, node_ids: Collection[str], now: datetime, long_ago: datetime) -> OpenNow:
    """What is open at these nodes, whenever it was ordered. `long_ago`: what nobody has taken since waits long."""
    values = {"nodes": list(node_ids), "now": now, "long_ago": long_ago}
    return OpenNow(*store.connection.execute(_OPEN_NOW, values).one())


def taken(store: Store, scope: Scope) -> list[Taken]:
    """Who took what was ordered, one row for each taker of a task that nobody is missing for."""
    rows = store.connection.execute(_TAKEN, scope.values)
    return [
        Taken(task_id, person_id, skill, state is not TaskState.CLAIMED, rating)
        for task_id, person_id, skill, state, rating in rows
    ]


def waits_for_claim(store: Store, scope: Scope) -> Waits:
    """From the order until nobody was missing any more, of those that are claimed or done."""
    return waits(store, _TO_CLAIM, scope)


def waits_for_done(store: Store, scope: Scope) -> Waits:
    """From the order until it was said to be done."""
    return waits(store, _TO_DONE, scope)


def earliest(store: Store) -> datetime | None:
    """When the first of all was ordered: the one with the lowest number."""
    return store.connection.execute(_EARLIEST).scalar_one_or_none()
