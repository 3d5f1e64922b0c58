"""Tasks: what is ordered, who was asked, who has claimed it, what came of it; and the menu of services."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, update

from storage.database import Store
from storage.tables import TaskState, as_read, blocked_pairs, services, task_claims, task_events, task_pushes, tasks


@dataclass(frozen=True, slots=True)
class Service:
    """A line of the menu. `takers`: two where nobody should go alone. `minutes`: what it usually takes."""

    id: str
    node_id: str
    position: int
    name: str
    skill: str
    at_home: bool
    takers: int
    minutes: int


@dataclass(frozen=True, slots=True)
class Task:
    """What somebody needs done. `address` and `phone` are for its takers and for nobody else.

    `orderer_id` is who it is for or who answers for them, `ordered_by` who typed it. `takers`: how many it needs.
    `from_at` and `until_at` bound when it is wanted; `round`: how often it has been pushed. `next_at` is when the
    scheduler has something to do about it, `stage` what.
    """

    id: int
    node_id: str
    orderer_id: str
    ordered_by: str
    service_id: str | None
    what: str
    words: str
    for_whom: str
    skill: str
    place_id: str | None
    address: str
    phone: str
    at_home: bool
    takers: int
    urgent: bool
    from_at: datetime | None
    until_at: datetime | None
    minutes: int
    state: TaskState
    round: int
    team_id: str | None
    grievance_number: int | None
    group: str | None
    ordered_at: datetime
    claimed_at: datetime | None
    done_at: datetime | None
    ended_at: datetime | None
    rating: int | None
    rated_words: str
    changed_at: datetime
    next_at: datetime | None
    stage: str

    @property
    def number(self) -> str:
        """What people call it: T045."""
        return f"T{self.id:03d}"


@dataclass(frozen=True, slots=True)
class Claim:
    """Somebody's promise to do a task. `slot` counts its takers from 1."""

    id: int
    task_id: int
    person_id: str
    slot: int
    claimed_at: datetime
    given_back_at: datetime | None
    reason: str
    done_at: datetime | None


@dataclass(frozen=True, slots=True)
class Push:
    """Somebody was asked whether they take a task."""

    task_id: int
    person_id: str
    round: int
    pushed_at: datetime
    declined_at: datetime | None


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a task's log. No actor: the bot itself."""

    at: datetime
    actor_id: str | None
    step: str
    subject: str
    note: str


_SERVICE = tuple(column for column in services.c if column.name != "ended_at")
_SERVICES = (
    select(*_SERVICE)
    .where(services.c.node_id.in_(bindparam("nodes", expanding=True)), services.c.ended_at.is_(None))
    .order_by(services.c.position, services.c.id)
)
_COLUMNS = as_read(tasks)
_INSERT = insert(tasks).returning(tasks.c.id)
_BY_ID = select(*_COLUMNS).where(tasks.c.id == bindparam("wanted"))
_LOCKED = _BY_ID.with_for_update()
_UPDATE = update(tasks).where(tasks.c.id == bindparam("wanted"))
_OPEN_AT = (
    select(*_COLUMNS)
    .where(
        tasks.c.node_id.in_(bindparam("nodes", expanding=True)),
        tasks.c.state.in_(bindparam("states", expanding=True)),
        tasks.c.ended_at.is_(None),
    )
    .order_by(tasks.c.urgent.desc(), tasks.c.ordered_at, tasks.c.id)
    .limit(bindparam("at_most"))
)
_ORDERED_BY = (
    select(*_COLUMNS)
    .where(tasks.c.orderer_id == bindparam("person"), tasks.c.ordered_at >= bindparam("since"))
    .order_by(tasks.c.ordered_at.desc(), tasks.c.id.desc())
    .limit(50)
)
_DUE = select(*_COLUMNS).where(tasks.c.next_at <= bindparam("now")).order_by(tasks.c.next_at, tasks.c.id).limit(200)
_NEXT_DUE = select(func.min(tasks.c.next_at)).where(tasks.c.next_at.is_not(None))
_INSERT_CLAIM = insert(task_claims).returning(task_claims.c.id)
_UPDATE_CLAIM = update(task_claims).where(task_claims.c.id == bindparam("wanted"))
_STANDING = task_claims.c.given_back_at.is_(None)
_CLAIMS = (
    select(*task_claims.c)
    .where(task_claims.c.task_id.in_(bindparam("tasks", expanding=True)), _STANDING)
    .order_by(task_claims.c.task_id, task_claims.c.slot)
)
_EVER_CLAIMED = select(*task_claims.c).where(task_claims.c.task_id == bindparam("task")).order_by(task_claims.c.id)
_CLAIMED_BY = (
    select(*_COLUMNS)
    .join_from(tasks, task_claims, task_claims.c.task_id == tasks.c.id)
    .where(task_claims.c.person_id == bindparam("person"), _STANDING, tasks.c.ended_at.is_(None))
    .order_by(tasks.c.until_at, tasks.c.id)
    .limit(50)
)
_INSERT_PUSH = insert(task_pushes)
_PUSHES = (
    select(*task_pushes.c)
    .where(task_pushes.c.task_id == bindparam("task"))
    .order_by(task_pushes.c.pushed_at, task_pushes.c.person_id)
)
_PUSHED_TO = (
    select(*_COLUMNS)
    .join_from(tasks, task_pushes, task_pushes.c.task_id == tasks.c.id)
    .where(
        task_pushes.c.person_id == bindparam("person"),
        task_pushes.c.pushed_at >= bindparam("since"),
        task_pushes.c.declined_at.is_(None),
        tasks.c.ended_at.is_(None),
    )
    .order_by(task_pushes.c.pushed_at.desc(), tasks.c.id.desc())
    .limit(20)
)
_DECLINE = update(task_pushes).where(
    task_pushes.c.task_id == bindparam("task"), task_pushes.c.person_id == bindparam("person")
)
_INSERT_LINE = insert(task_events)
_LOG = (
    select(task_events.c.at, task_events.c.actor_id, task_events.c.step, task_events.c.subject, task_events.c.note)
    .where(task_events.c.task_id == bindparam("wanted"))
    .order_by(task_events.c.id)
)
_BLOCKED = select(blocked_pairs.c.other_id).where(blocked_pairs.c.person_id == bindparam("person"))
_INSERT_BLOCKED = insert(blocked_pairs)
_DELETE_BLOCKED = delete(blocked_pairs).where(
    blocked_pairs.c.person_id == bindparam("person"), blocked_pairs.c.other_id == bindparam("other")
)


def menu(store: Store, node_ids: Collection[str]) -> list[Service]:
    """What can be ordered at these nodes, in the order of the menu."""
    if not node_ids:
        return []
    return [Service(*tuple(row)) for row in store.connection.execute(_SERVICES, {"nodes": list(node_ids)})]


def add(store: Store, values: Mapping[str, Any]) -> int:
    """A new task. Gives its id."""
    identity: int = store.connection.execute(_INSERT, values).scalar_one()
    return identity


def by_id(store: Store, task_id: int) -> Task | None:
    """One task."""
    row = store.connection.execute(_BY_ID, {"wanted": task_id}).first()
    return Task(*tuple(row)) if row else None


def locked(store: Store, task_id: int) -> Task | None:
    """One task, and nobody else may claim it until this transaction ends."""
    row = store.connection.execute(_LOCKED, {"wanted": task_id}).first()
    return Task(*tuple(row)) if row else None


def change(store: Store, task_id: int, **values: Any) -> None:
    """Writes columns."""
    store.connection.execute(_UPDATE.values(**values), {"wanted": task_id})


def open_at(store: Store, node_ids: Collection[str], states: Collection[TaskState], at_most: int) -> list[Task]:
    """What has not ended at these nodes: urgent ones first, then those that wait longest."""
    if not node_ids:
        return []
    values = {"nodes": list(node_ids), "states": list(states), "at_most": at_most}
    return _all(store, _OPEN_AT, values)


def ordered_by(store: Store, person_id: str, since: datetime) -> list[Task]:
    """What somebody ordered, whatever became of it, the latest first."""
    return _all(store, _ORDERED_BY, {"person": person_id, "since": since})


def due(store: Store, now: datetime) -> list[Task]:
    """Those about which something is to be done by now."""
    return _all(store, _DUE, {"now": now})


def next_due(store: Store) -> datetime | None:
    """When `due` has something next."""
    return store.connection.execute(_NEXT_DUE).scalar_one_or_none()


def add_claim(store: Store, **values: Any) -> int:
    """Somebody takes a slot. Gives the claim's id. Raises `IntegrityError` where it is taken."""
    identity: int = store.connection.execute(_INSERT_CLAIM, values).scalar_one()
    return identity


def change_claim(store: Store, claim_id: int, **values: Any) -> None:
    """Writes columns."""
    store.connection.execute(_UPDATE_CLAIM.values(**values), {"wanted": claim_id})


def claims(store: Store, task_ids: Collection[int]) -> list[Claim]:
    """Who has promised these tasks and has not given them back."""
    if not task_ids:
        return []
    return [Claim(*tuple(row)) for row in store.connection.execute(_CLAIMS, {"tasks": list(task_ids)})]


def ever_claimed(store: Store, task_id: int) -> list[Claim]:
    """Everybody who ever promised a task, given back or not."""
    return [Claim(*tuple(row)) for row in store.connection.execute(_EVER_CLAIMED, {"task": task_id})]


def claimed_by(store: Store, person_id: str) -> list[Task]:
    """What somebody has promised and is not ended, the most pressing first."""
    return _all(store, _CLAIMED_BY, {"person": person_id})


def add_pushes(store: Store, rows: Sequence[Mapping[str, Any]]) -> None:
    """These people are asked."""
    if rows:
        store.connection.execute(_INSERT_PUSH, rows)


def pushes(store: Store, task_id: int) -> list[Push]:
    """Who was asked about a task, in the order in which they were."""
    return [Push(*tuple(row)) for row in store.connection.execute(_PUSHES, {"task": task_id})]


def pushed_to(store: Store, person_id: str, since: datetime) -> list[Task]:
    """What somebody was asked about and has not declined, of what is not ended; the latest first."""
    return _all(store, _PUSHED_TO, {"person": person_id, "since": since})


def decline(store: Store, task_id: int, person_id: str, now: datetime) -> None:
    """Somebody who was asked does not want it."""
    store.connection.execute(_DECLINE.values(declined_at=now), {"task": task_id, "person": person_id})


def log(
    store: Store, task_id: int, at: datetime, actor_id: str | None, step: str, *, subject: str = "", note: str = ""
) -> None:
    """One line of a task's log. Nothing of it is ever changed."""
    row = {"task_id": task_id, "at": at, "actor_id": actor_id, "step": step, "subject": subject, "note": note}
    store.connection.execute(_INSERT_LINE, row)


def lines(store: Store, task_id: int) -> list[Line]:
    """A task's log."""
    return [Line(*row) for row in store.connection.execute(_LOG, {"wanted": task_id})]


def blocked_for(store: Store, person_id: str) -> frozenset[str]:
    """Who is never brought together with somebody."""
    return frozenset(store.connection.execute(_BLOCKED, {"person": person_id}).scalars())


def block(store: Store, person_id: str, other_id: str, by: str, reason: str, now: datetime) -> None:
    """These two are never brought together. Said twice it is still so."""
    if other_id in blocked_for(store, person_id):
        return
    row = {"blocked_by": by, "reason": reason, "blocked_at": now}
    pairs = ((person_id, other_id), (other_id, person_id))
    store.connection.execute(_INSERT_BLOCKED, [row | {"person_id": one, "other_id": other} for one, other in pairs])


def unblock(store: Store, person_id: str, other_id: str) -> None:
    """They may meet again."""
    for one, other in ((person_id, other_id), (other_id, person_id)):
        store.connection.execute(_DELETE_BLOCKED, {"person": one, "other": other})


def _all(store: Store, statement: Any, values: Mapping[str, Any]) -> list[Task]:
    return [Task(*tuple(row)) for row in store.connection.execute(statement, values)]
