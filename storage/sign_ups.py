"""Sign-ups: who helps at which stall, who has a number there, who waits; and everything that happened to each."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, update

from storage.database import Store
from storage.tables import SignUpPart, SignUpState, events, people, sign_up_events, sign_ups, standing_helpers

Place = tuple[int, SignUpPart]
"""A stall, and whether to help or to be helped there."""


@dataclass(frozen=True, slots=True)
class SignUp:
    """One head at one stall, or the wish for a place there. `place` counts from 1; None while waiting.

    `person_id` is who signed up, None where a chain names somebody the bot does not know by `name`. `companion`
    counts those whom a person brings along; 0 is the person. `released_at` is when the place became somebody else's
    to have. `came_at` and `left_at` are check-in and check-out.
    """

    id: int
    event_id: int
    stall_id: int
    part: SignUpPart
    person_id: str | None
    name: str
    companion: int
    place: int | None
    state: SignUpState
    item: str
    chain_id: int | None
    group: str | None
    signed_at: datetime
    offered_until: datetime | None
    released_at: datetime | None
    coming: bool | None
    came_at: datetime | None
    left_at: datetime | None
    sequence: int
    changed_at: datetime
    next_at: datetime | None
    stage: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a sign-up's log. No actor: the bot itself."""

    at: datetime
    actor_id: str | None
    step: str
    note: str


_COLUMNS = tuple(sign_ups.c)
_OPEN = sign_ups.c.released_at.is_(None)
_INSERT = insert(sign_ups).returning(sign_ups.c.id)
_BY_ID = select(*_COLUMNS).where(sign_ups.c.id == bindparam("wanted"))
_UPDATE = update(sign_ups).where(sign_ups.c.id == bindparam("wanted"))
_TAKEN = select(sign_ups.c.stall_id, sign_ups.c.part, sign_ups.c.place).where(
    sign_ups.c.event_id.in_(bindparam("events", expanding=True)), sign_ups.c.place.is_not(None), _OPEN
)
_WAITING = (
    select(sign_ups.c.stall_id, sign_ups.c.part, func.count())
    .where(sign_ups.c.event_id.in_(bindparam("events", expanding=True)), sign_ups.c.state == SignUpState.WAITING, _OPEN)
    .group_by(sign_ups.c.stall_id, sign_ups.c.part)
)
_IN_ORDER = (
    sign_ups.c.stall_id,
    sign_ups.c.part,
    sign_ups.c.place.is_(None),
    sign_ups.c.place,
    sign_ups.c.signed_at,
    sign_ups.c.id,
)
_OF_EVENT = select(*_COLUMNS).where(sign_ups.c.event_id == bindparam("event"), _OPEN).order_by(*_IN_ORDER)
_EVER_OF_EVENTS = (
    select(*_COLUMNS)
    .where(sign_ups.c.event_id.in_(bindparam("events", expanding=True)))
    .order_by(sign_ups.c.event_id, *_IN_ORDER)
)
_NAMES = (
    select(sign_ups.c.id, people.c.name)
    .join_from(sign_ups, people, sign_ups.c.person_id == people.c.id)
    .where(sign_ups.c.event_id == bindparam("event"))
)
_FIRST_WAITING = (
    select(*_COLUMNS)
    .where(
        sign_ups.c.event_id == bindparam("event"),
        sign_ups.c.stall_id == bindparam("stall"),
        sign_ups.c.part == bindparam("as_part"),
        sign_ups.c.state == SignUpState.WAITING,
        _OPEN,
    )
    .order_by(sign_ups.c.signed_at, sign_ups.c.id)
    .limit(1)
)
_STANDING_OF = (
    select(*_COLUMNS)
    .join_from(sign_ups, events, sign_ups.c.event_id == events.c.id)
    .where(sign_ups.c.person_id == bindparam("person"), events.c.ends_at > bindparam("since"), _OPEN)
    .order_by(events.c.begins_at, sign_ups.c.id)
    .limit(200)
)
_LATEST_OF = (
    select(*_COLUMNS)
    .where(sign_ups.c.person_id == bindparam("person"))
    .order_by(sign_ups.c.changed_at.desc(), sign_ups.c.id.desc())
    .limit(bindparam("at_most"))
)
_OF_CHAIN = select(*_COLUMNS).where(sign_ups.c.chain_id == bindparam("chain"), _OPEN).order_by(sign_ups.c.id)
_DUE = (
    select(*_COLUMNS)
    .where(sign_ups.c.next_at <= bindparam("now"))
    .order_by(sign_ups.c.next_at, sign_ups.c.id)
    .limit(200)
)
_NEXT_DUE = select(func.min(sign_ups.c.next_at)).where(sign_ups.c.next_at.is_not(None))
_INSERT_LINE = insert(sign_up_events)
_LOG = (
    select(sign_up_events.c.at, sign_up_events.c.actor_id, sign_up_events.c.step, sign_up_events.c.note)
    .where(sign_up_events.c.sign_up_id == bindparam("wanted"))
    .order_by(sign_up_events.c.id)
)
_STANDING = select(standing_helpers.c.person_id, standing_helpers.c.stall).where(
    standing_helpers.c.series_id == bindparam("series")
)
_INSERT_STANDING = insert(standing_helpers)
_END_STANDING = delete(standing_helpers).where(
    standing_helpers.c.person_id == bindparam("person"), standing_helpers.c.series_id == bindparam("series")
)


def add(store: Store, values: Mapping[str, Any]) -> int:
    """A new sign-up. Gives its id. Raises `IntegrityError` where the place is taken."""
    identity: int = store.connection.execute(_INSERT, values).scalar_one()
    return identity


def by_id(store: Store, sign_up_id: int) -> SignUp | None:
    """One sign-up."""
    row = store.connection.execute(_BY_ID, {"wanted": sign_up_id}).first()
    return SignUp(*row) if row else None


def change(store: Store, sign_up_id: int, **values: Any) -> None:
    """Writes columns. Raises `IntegrityError` where the place is taken."""
    store.connection.execute(_UPDATE.values(**values), {"wanted": sign_up_id})


def taken(store: Store, event_ids: Collection[int]) -> Mapping[Place, frozenset[int]]:
    """The places that are nobody's to have, for each stall and part that has any."""
    found: dict[Place, set[int]] = defaultdict(set)
    if event_ids:
        for stall_id, part, place in store.connection.execute(_TAKEN, {"events": list(event_ids)}):
            found[stall_id, part].add(place)
    return {key: frozenset(places) for key, places in found.items()}


def waiting(store: Store, event_ids: Collection[int]) -> Mapping[Place, int]:
    """How many wait, for each stall and part where anybody does."""
    if not event_ids:
        return {}
    rows = store.connection.execute(_WAITING, {"events": list(event_ids)})
    return {(row[0], row[1]): row[2] for row in rows}


def of_event(store: Store, event_id: int) -> list[SignUp]:
    """What is not given up: by stall, those with a place first, then those who wait, in their order."""
    return _all(store, _OF_EVENT, {"event": event_id})


def ever_of_events(store: Store, event_ids: Collection[int]) -> list[SignUp]:
    """Everything that was ever signed up for these, given up or not."""
    return _all(store, _EVER_OF_EVENTS, {"events": list(event_ids)}) if event_ids else []


def names_at(store: Store, event_id: int) -> Mapping[int, str]:
    """The names of those the bot knows, by sign-up."""
    return {row[0]: row[1] for row in store.connection.execute(_NAMES, {"event": event_id})}


def first_waiting(store: Store, event_id: int, stall_id: int, part: SignUpPart) -> SignUp | None:
    """Whose turn it is when a place becomes free."""
    values = {"event": event_id, "stall": stall_id, "as_part": part}
    row = store.connection.execute(_FIRST_WAITING, values).first()
    return SignUp(*row) if row else None


def standing_of(store: Store, person_id: str, since: datetime) -> list[SignUp]:
    """What a person has not given up of events that end after this, the next first, companions among it."""
    return _all(store, _STANDING_OF, {"person": person_id, "since": since})


def latest_of(store: Store, person_id: str, at_most: int = 10) -> list[SignUp]:
    """What a person signed up for, whatever became of it, the latest first."""
    return _all(store, _LATEST_OF, {"person": person_id, "at_most": at_most})


def of_chain(store: Store, chain_id: int) -> list[SignUp]:
    """What a chain has brought in and is not given up."""
    return _all(store, _OF_CHAIN, {"chain": chain_id})


def due(store: Store, now: datetime) -> list[SignUp]:
    """Those about which something is to be done by now."""
    return _all(store, _DUE, {"now": now})


def next_due(store: Store) -> datetime | None:
    """When `due` has something next."""
    return store.connection.execute(_NEXT_DUE).scalar_one_or_none()


def log(store: Store, sign_up_id: int, at: datetime, actor_id: str | None, step: str, note: str = "") -> None:
    """One line of a sign-up's log. Nothing of it is ever changed."""
    row = {"sign_up_id": sign_up_id, "at": at, "actor_id": actor_id, "step": step, "note": note}
    store.connection.execute(_INSERT_LINE, row)


def lines(store: Store, sign_up_id: int) -> list[Line]:
    """A sign-up's log."""
    return [Line(*row) for row in store.connection.execute(_LOG, {"wanted": sign_up_id})]


def standing(store: Store, series_id: str) -> Mapping[str, str]:
    """Who helps each time, with their stall."""
    return {row[0]: row[1] for row in store.connection.execute(_STANDING, {"series": series_id})}


def begin_standing(store: Store, series_id: str, person_id: str, stall: str, since: datetime) -> None:
    """From now on somebody helps each time, at this stall and no other."""
    end_standing(store, series_id, person_id)
    row = {"series_id": series_id, "person_id": person_id, "stall": stall, "since": since}
    store.connection.execute(_INSERT_STANDING, row)


def end_standing(store: Store, series_id: str, person_id: str) -> bool:
    """They help no more each time. Gives whether they did."""
    values = {"series": series_id, "person": person_id}
    return bool(store.connection.execute(_END_STANDING, values).rowcount)


def _all(store: Store, statement: Any, values: Mapping[str, Any]) -> list[SignUp]:
    return [SignUp(*row) for row in store.connection.execute(statement, values)]
