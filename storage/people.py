"""People, the ids under which channels know them, and invitations to say who one is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select, update

from storage.database import Store
from storage.tables import addresses, invitations, people


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody the bot knows. `node_id` is home, None for a person met in a chat only."""

    id: str
    name: str
    node_id: str | None = None
    muted: bool = False


@dataclass(frozen=True, slots=True)
class Address:
    """Where a channel reaches a person."""

    channel: str
    external_id: str


_PERSON = (people.c.id, people.c.name, people.c.node_id, people.c.muted)

_AT_ADDRESS = (
    select(*_PERSON)
    .join_from(addresses, people)
    .where(addresses.c.channel == bindparam("channel"), addresses.c.external_id == bindparam("external_id"))
)
_BY_ID = select(*_PERSON).where(people.c.id == bindparam("person_id"))
_ADDRESSES = (
    select(addresses.c.channel, addresses.c.external_id)
    .where(addresses.c.person_id == bindparam("person_id"))
    .order_by(addresses.c.seen_at.desc().nulls_last(), addresses.c.channel)
)
_FROM_FILE = select(*_PERSON).where(people.c.from_file.is_(True)).order_by(people.c.id).limit(bindparam("at_most"))
_FORGET_ADDRESSES = delete(addresses).where(addresses.c.channel == bindparam("at_channel"))
_INSERT_PERSON = insert(people)
_INSERT_ADDRESS = insert(addresses)
_INSERT_INVITATION = insert(invitations)
_USE_INVITATION = (
    update(invitations)
    .where(
        invitations.c.code_digest == bindparam("digest"),
        invitations.c.used_at.is_(None),
        invitations.c.expires_at > bindparam("now"),
    )
    .values(used_at=bindparam("now"))
    .returning(invitations.c.person_id)
)
_MOVE_ADDRESS = (
    update(addresses)
    .where(addresses.c.channel == bindparam("at_channel"), addresses.c.external_id == bindparam("at_id"))
    .values(person_id=bindparam("owner"))
)
_SET_MUTED = update(people).where(people.c.id == bindparam("muted_id")).values(muted=bindparam("is_muted"))


def at_address(store: Store, channel: str, external_id: str) -> Person | None:
    """Whom a channel means by an id."""
    row = store.fetch_one(_AT_ADDRESS, {"channel": channel, "external_id": external_id})
    return Person(*row) if row else None


def by_id(store: Store, person_id: str) -> Person | None:
    """One person."""
    row = store.fetch_one(_BY_ID, {"person_id": person_id})
    return Person(*row) if row else None


def addresses_of(store: Store, person_id: str) -> list[Address]:
    """Every way to a person, the one last heard from first."""
    return [Address(*row) for row in store.fetch(_ADDRESSES, {"person_id": person_id})]


def add(store: Store, person: Person, address: Address, now: datetime) -> None:
    """A new person at a new address."""
    store.connection.execute(
        _INSERT_PERSON,
        {"id": person.id, "name": person.name, "node_id": person.node_id, "created_at": now},
    )
    store.connection.execute(
        _INSERT_ADDRESS,
        {"channel": address.channel, "external_id": address.external_id, "person_id": person.id, "seen_at": now},
    )


def move_address(store: Store, address: Address, person_id: str) -> None:
    """From now on the address means this person."""
    store.connection.execute(
        _MOVE_ADDRESS, {"at_channel": address.channel, "at_id": address.external_id, "owner": person_id}
    )


def set_muted(store: Store, person_id: str, *, muted: bool) -> None:
    """Whether a person wants to be left alone."""
    store.connection.execute(_SET_MUTED, {"muted_id": person_id, "is_muted": muted})


def add_invitation(store: Store, code_digest: str, person_id: str, expires_at: datetime) -> None:
    """Keeps the digest of a code with which this person can say who they are."""
    store.connection.execute(
        _INSERT_INVITATION, {"code_digest": code_digest, "person_id": person_id, "expires_at": expires_at}
    )


def use_invitation(store: Store, code_digest: str, now: datetime) -> str | None:
    """Uses a code up. The person it was for, or None when there is no such code that is still good."""
    return store.connection.execute(_USE_INVITATION, {"digest": code_digest, "now": now}).scalar_one_or_none()


def from_file(store: Store, at_most: int) -> list[Person]:
    """People whom the community file names, in its order of ids."""
    return [Person(*row) for row in store.connection.execute(_FROM_FILE, {"at_most": at_most})]


def replace_addresses(store: Store, channel: str, external_ids: Mapping[str, str]) -> None:
    """A channel's addresses are these and no others: external id by person. Unknown people are left out."""
    store.connection.execute(_FORGET_ADDRESSES, {"at_channel": channel})
    for person_id, external_id in external_ids.items():
        if by_id(store, person_id) is not None:
            store.connection.execute(
                _INSERT_ADDRESS,
                {"channel": channel, "external_id": external_id, "person_id": person_id, "seen_at": None},
            )
