"""Chain sign-ups (接龙): each chain in which people signed up for an event, as it was when it was read last."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from storage.database import Store
from storage.tables import chains, sign_up_events, sign_ups


@dataclass(frozen=True, slots=True)
class Entered:
    """One entry of a chain, and what became of it.

    `key` stays the same through all versions. `posted_by` and `person_id` are people: who wrote the entry, and who is
    meant by it, where that is known. `sign_ups` are the rows of a name of whom no more is known, a head each; what a
    person has is found by the person. `unclear` says why nobody was signed up; empty where somebody was. `missing`:
    it went all at once with many others, and nobody takes that for leaving.
    """

    key: int
    number: int
    text: str
    name: str
    count: int
    rest: str
    posted_by: str | None
    person_id: str | None
    sign_ups: tuple[int, ...]
    unclear: str
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain about an event in a group. `told_on`: the day on which the group heard last that it is not taken."""

    id: int
    event_id: int
    channel: str
    group: str
    topic: str
    entries: tuple[Entered, ...]
    read_at: datetime
    told_on: date | None


_COLUMNS = (
    chains.c.id,
    chains.c.event_id,
    chains.c.channel,
    chains.c.group_external_id,
    chains.c.topic,
    chains.c.entries,
    chains.c.read_at,
    chains.c.told_on,
)
_INSERT = insert(chains).returning(chains.c.id)
_UPDATE = update(chains).where(chains.c.id == bindparam("wanted"))
_BY_ID = select(*_COLUMNS).where(chains.c.id == bindparam("wanted"))
_OF_EVENTS = (
    select(*_COLUMNS).where(chains.c.event_id.in_(bindparam("events", expanding=True))).order_by(chains.c.id.desc())
)
_IN_GROUP = _OF_EVENTS.where(
    chains.c.channel == bindparam("for_channel"), chains.c.group_external_id == bindparam("group")
)
_INSERT_ROWS = insert(sign_ups).returning(sign_ups.c.id, sort_by_parameter_order=True)
_INSERT_LINES = insert(sign_up_events)


def by_id(store: Store, chain_id: int) -> Chain | None:
    """One chain."""
    row = store.connection.execute(_BY_ID, {"wanted": chain_id}).first()
    return _chain(row) if row else None


def of_event(store: Store, event_id: int) -> list[Chain]:
    """Every chain about an event, the latest first."""
    return [_chain(row) for row in store.connection.execute(_OF_EVENTS, {"events": [event_id]})]


def in_group(store: Store, event_ids: Collection[int], channel: str, group: str) -> list[Chain]:
    """The chains about any of these events in one group, the latest first."""
    if not event_ids:
        return []
    values = {"events": list(event_ids), "for_channel": channel, "group": group}
    return [_chain(row) for row in store.connection.execute(_IN_GROUP, values)]


def add(store: Store, event_id: int, channel: str, group: str, topic: str, now: datetime) -> Chain:
    """A chain of which nothing was read yet."""
    row = {"event_id": event_id, "channel": channel, "group_external_id": group, "topic": topic}
    identity = store.connection.execute(_INSERT, row | {"entries": [], "read_at": now, "told_on": None}).scalar_one()
    return Chain(identity, event_id, channel, group, topic, (), now, None)


def write(store: Store, chain_id: int, entries: Sequence[Entered], now: datetime) -> None:
    """The chain as it is now."""
    rows = [asdict(each) for each in entries]
    store.connection.execute(_UPDATE.values(entries=rows, read_at=now), {"wanted": chain_id})


def note_told(store: Store, chain_id: int, day: date) -> None:
    """The group has heard today that the chain is not taken."""
    store.connection.execute(_UPDATE.values(told_on=day), {"wanted": chain_id})


def add_sign_ups(store: Store, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """New sign-ups, many at once. Gives their ids in order. Raises `IntegrityError` where a place is taken."""
    return list(store.connection.execute(_INSERT_ROWS, list(rows)).scalars()) if rows else []


def log_all(store: Store, sign_up_ids: Sequence[int], at: datetime, actor_id: str | None, steps: Sequence[str]) -> None:
    """The first line of the log of each of these."""
    rows = [
        {"sign_up_id": sign_up_id, "at": at, "actor_id": actor_id, "step": step, "note": ""}
        for sign_up_id, step in zip(sign_up_ids, steps, strict=True)
    ]
    if rows:
        store.connection.execute(_INSERT_LINES, rows)


def _chain(row: Any) -> Chain:
    identity, event_id, channel, group, topic, entries, read_at, told_on = row
    read = tuple(Entered(**{**each, "sign_ups": tuple(each["sign_ups"])}) for each in entries)
    return Chain(identity, event_id, channel, group, topic, read, read_at, told_on)
