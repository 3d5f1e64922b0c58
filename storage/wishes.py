"""Wishes, who claimed or pledged what of them, and everything that happened to each."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update

from storage.database import Store
from storage.tables import WishState, as_read, people, pledges, wish_events, wishes


@dataclass(frozen=True, slots=True)
class Wish:
    """Something that somebody wishes for. `words` are theirs with what is personal masked; the wisher and staff read
    them. `public_words` are what a group reads; empty until somebody has written them.

    `goal`, `unit`, `thing`, `closes_on`: of a crowd wish alone. `told_quarter`: up to which quarter of the goal the
    groups have been told, `told_at` when last, `tell_at` when next. `claimed_for`: the team or unit that claimed it.
    `address`: where to bring it, for the claimer alone; empty: to the station. `by_name`: whether the claimer wants to
    be thanked by name. `next_at` is when the scheduler has something to do about it, `stage` what.
    """

    id: int
    node_id: str
    wisher_id: str
    for_whom: str
    words: str
    public_words: str
    category: str
    who: str
    goal: int | None
    unit: str
    thing: str
    closes_on: date | None
    told_quarter: int
    told_at: datetime | None
    tell_at: datetime | None
    state: WishState
    group: str | None
    asked_at: datetime
    reviewed_by: str | None
    posted_at: datetime | None
    claimed_by: str | None
    claimed_for: str
    claimed_at: datetime | None
    address: str
    delivered_at: datetime | None
    ended_at: datetime | None
    reason: str
    by_name: bool | None
    changed_at: datetime
    next_at: datetime | None
    stage: str

    @property
    def code(self) -> str:
        """What people call it: W05."""
        return f"W{self.id:02d}"


@dataclass(frozen=True, slots=True)
class Pledge:
    """What somebody gives to a crowd wish, in its unit. A person may have several."""

    id: int
    wish_id: int
    person_id: str
    amount: int
    pledged_at: datetime
    withdrawn_at: datetime | None
    delivered_at: datetime | None
    delivered_to: str | None
    by_name: bool | None


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a wish's log. No actor: the bot itself."""

    at: datetime
    actor_id: str | None
    step: str
    note: str


_COLUMNS = as_read(wishes)
_OPEN = wishes.c.ended_at.is_(None)
_INSERT = insert(wishes).returning(wishes.c.id)
_BY_ID = select(*_COLUMNS).where(wishes.c.id == bindparam("wanted"))
_LOCKED = _BY_ID.with_for_update()
_UPDATE = update(wishes).where(wishes.c.id == bindparam("wanted"))
_OF_WISHER = (
    select(*_COLUMNS)
    .where(wishes.c.wisher_id == bindparam("person"))
    .order_by(wishes.c.asked_at.desc(), wishes.c.id.desc())
    .limit(bindparam("at_most"))
)
_IN_REVIEW_OF = (
    select(func.count())
    .select_from(wishes)
    .where(wishes.c.wisher_id == bindparam("person"), wishes.c.state == WishState.ASKED)
)
_CLAIMED_BY = (
    select(*_COLUMNS)
    .where(wishes.c.claimed_by == bindparam("person"), wishes.c.state.in_([WishState.CLAIMED, WishState.DELIVERED]))
    .order_by(wishes.c.claimed_at, wishes.c.id)
    .limit(50)
)
_IN_STATE = (
    select(*_COLUMNS)
    .where(wishes.c.node_id.in_(bindparam("nodes", expanding=True)), wishes.c.state == bindparam("in_state"), _OPEN)
    .order_by(wishes.c.asked_at, wishes.c.id)
    .limit(bindparam("at_most"))
    .offset(bindparam("beginning"))
)
_DUE = select(*_COLUMNS).where(wishes.c.next_at <= bindparam("now")).order_by(wishes.c.next_at, wishes.c.id).limit(200)
# Said although `min` leaves them out: only then does SQLite use the index, which holds no others.
_NEXT_DUE = select(func.min(wishes.c.next_at)).where(wishes.c.next_at.is_not(None))
_TO_TELL = (
    select(*_COLUMNS).where(wishes.c.tell_at <= bindparam("now")).order_by(wishes.c.tell_at, wishes.c.id).limit(200)
)
_NEXT_TELLING = select(func.min(wishes.c.tell_at)).where(wishes.c.tell_at.is_not(None))
_INSERT_EVENT = insert(wish_events)
_EVENTS = (
    select(wish_events.c.at, wish_events.c.actor_id, wish_events.c.step, wish_events.c.note)
    .where(wish_events.c.wish_id == bindparam("wanted"))
    .order_by(wish_events.c.id)
)
# key_share: rows that only name the person (a question, an address) need not wait.
_LOCK_PERSON = select(people.c.id).where(people.c.id == bindparam("person")).with_for_update(key_share=True)

_PLEDGE_COLUMNS = tuple(pledges.c)
_INSERT_PLEDGE = insert(pledges)
_UPDATE_PLEDGE = update(pledges).where(pledges.c.id == bindparam("wanted"))
_PLEDGES_OF = (
    select(*_PLEDGE_COLUMNS)
    .where(pledges.c.wish_id == bindparam("wish"), pledges.c.withdrawn_at.is_(None))
    .order_by(pledges.c.pledged_at, pledges.c.id)
)
_PLEDGED = (
    select(pledges.c.wish_id, func.sum(pledges.c.amount))
    .where(pledges.c.wish_id.in_(bindparam("wishes", expanding=True)), pledges.c.withdrawn_at.is_(None))
    .group_by(pledges.c.wish_id)
)
_PLEDGED_TO = (
    select(*_COLUMNS)
    .join_from(pledges, wishes, pledges.c.wish_id == wishes.c.id)
    .where(
        pledges.c.person_id == bindparam("person"),
        pledges.c.withdrawn_at.is_(None),
        pledges.c.delivered_at.is_(None),
        _OPEN,
    )
    .distinct()
    .limit(50)
)
_SET_BY_NAME = (
    update(pledges)
    .where(pledges.c.wish_id == bindparam("wish"), pledges.c.withdrawn_at.is_(None))
    .where(pledges.c.person_id == bindparam("person"))
    .values(by_name=bindparam("consents"))
)


def lock_person(store: Store, person_id: str) -> None:
    """Nobody else may claim for this person until this transaction ends: what they have claimed is counted."""
    store.connection.execute(_LOCK_PERSON, {"person": person_id})


def add(store: Store, **values: Any) -> int:
    """A new wish. Gives its id."""
    identity: int = store.connection.execute(_INSERT, values).scalar_one()
    return identity


def by_id(store: Store, wish_id: int) -> Wish | None:
    """One wish."""
    row = store.connection.execute(_BY_ID, {"wanted": wish_id}).first()
    return Wish(*row) if row else None


def locked(store: Store, wish_id: int) -> Wish | None:
    """One wish, and nobody else may claim it, or pledge to it, until this transaction ends."""
    row = store.connection.execute(_LOCKED, {"wanted": wish_id}).first()
    return Wish(*row) if row else None


def change(store: Store, wish_id: int, **values: Any) -> None:
    """Writes columns."""
    store.connection.execute(_UPDATE.values(**values), {"wanted": wish_id})


def of_wisher(store: Store, person_id: str, at_most: int = 10) -> list[Wish]:
    """What a person wished for, whatever became of it, the latest first."""
    return _all(store, _OF_WISHER, {"person": person_id, "at_most": at_most})


def in_review_of(store: Store, person_id: str) -> int:
    """How many of a person's wishes nobody has looked at yet."""
    count: int = store.connection.execute(_IN_REVIEW_OF, {"person": person_id}).scalar_one()
    return count


def claimed_by(store: Store, person_id: str) -> list[Wish]:
    """What a person has claimed, and the wisher has not confirmed yet."""
    return _all(store, _CLAIMED_BY, {"person": person_id})


def in_state(
    store: Store, node_ids: Collection[str], state: WishState, at_most: int = 200, beginning: int = 0
) -> list[Wish]:
    """Those of some nodes that are in a state in which a wish is open, the oldest first."""
    if not node_ids:
        return []
    values = {"nodes": list(node_ids), "in_state": state, "at_most": at_most, "beginning": beginning}
    return _all(store, _IN_STATE, values)


def due(store: Store, now: datetime) -> list[Wish]:
    """Those about which something is to be done by now."""
    return _all(store, _DUE, {"now": now})


def next_due(store: Store) -> datetime | None:
    """When `due` has something next."""
    return store.connection.execute(_NEXT_DUE).scalar_one_or_none()


def to_tell(store: Store, now: datetime) -> list[Wish]:
    """Crowd wishes of whose progress the groups are to be told by now."""
    return _all(store, _TO_TELL, {"now": now})


def next_telling(store: Store) -> datetime | None:
    """When `to_tell` has something next."""
    return store.connection.execute(_NEXT_TELLING).scalar_one_or_none()


def log(store: Store, wish_id: int, at: datetime, actor_id: str | None, step: str, note: str = "") -> None:
    """One line of a wish's log. Nothing of it is ever changed."""
    row = {"wish_id": wish_id, "at": at, "actor_id": actor_id, "step": step, "note": note}
    store.connection.execute(_INSERT_EVENT, row)


def events(store: Store, wish_id: int) -> list[Event]:
    """A wish's log."""
    return [Event(*row) for row in store.connection.execute(_EVENTS, {"wanted": wish_id})]


def add_pledge(store: Store, **values: Any) -> None:
    """A new pledge."""
    store.connection.execute(_INSERT_PLEDGE, values)


def change_pledge(store: Store, pledge_id: int, **values: Any) -> None:
    """Writes columns."""
    store.connection.execute(_UPDATE_PLEDGE.values(**values), {"wanted": pledge_id})


def pledges_of(store: Store, wish_id: int) -> list[Pledge]:
    """What is pledged to a wish and not withdrawn, in the order in which it came."""
    return [Pledge(*row) for row in store.connection.execute(_PLEDGES_OF, {"wish": wish_id})]


def pledged(store: Store, wish_ids: Collection[int]) -> Mapping[int, int]:
    """How much is pledged to each of these wishes; without those to which nothing is."""
    if not wish_ids:
        return {}
    rows = store.connection.execute(_PLEDGED, {"wishes": list(wish_ids)})
    return {row[0]: int(row[1]) for row in rows}


def pledged_to(store: Store, person_id: str) -> list[Wish]:
    """Open wishes to which a person still owes something."""
    return _all(store, _PLEDGED_TO, {"person": person_id})


def set_by_name(store: Store, wish_id: int, person_id: str, *, consents: bool) -> None:
    """Whether a giver wants to be thanked by name."""
    store.connection.execute(_SET_BY_NAME, {"wish": wish_id, "person": person_id, "consents": consents})


def _all(store: Store, statement: Any, values: Mapping[str, Any]) -> list[Wish]:
    return [Wish(*row) for row in store.connection.execute(statement, values)]
