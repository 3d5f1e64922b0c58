"""Reading and writing what a community file is compared with: tree, people, roles, addresses, groups."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, delete, insert, select, update

from storage.database import Store
from storage.people import Address
from storage.tables import Role, addresses, groups, metadata, nodes, people, roles
from storage.tree import Group, Node


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person as the importer sees one. `from_file`: the file, not a chat, says who this is."""

    id: str
    name: str
    node_id: str | None
    from_file: bool = True


@dataclass(frozen=True, slots=True)
class RoleRow:
    """One role of one person at one node."""

    person_id: str
    role: Role
    node_id: str


@dataclass(frozen=True, slots=True)
class AddressRow:
    """Whom an address means. `heard`: somebody has written from it, so it is no mere word of the file."""

    address: Address
    person_id: str
    heard: bool = False


_PEOPLE = select(people.c.id, people.c.name, people.c.node_id, people.c.from_file).order_by(people.c.id)
_ROLES = select(roles.c.person_id, roles.c.role, roles.c.node_id).order_by(*roles.primary_key)
_ADDRESSES = select(
    addresses.c.channel, addresses.c.external_id, addresses.c.person_id, addresses.c.seen_at.is_not(None)
).order_by(*addresses.primary_key)

_IMPORTED = (nodes, people, roles, groups)
_REFERENCES = tuple(
    select(key.parent).where(key.parent.in_(bindparam("wanted", expanding=True))).distinct()
    for table in metadata.sorted_tables
    if table not in _IMPORTED
    for key in table.foreign_keys
    if key.column is nodes.c.id
)
"""One question for each column that refers to a node: those of tables to come are among them by themselves."""

_INSERT_NODE = insert(nodes)
_UPDATE_NODE = update(nodes).where(nodes.c.id == bindparam("at_id"))
_DELETE_NODE = delete(nodes).where(nodes.c.id == bindparam("at_id"))
_INSERT_PERSON = insert(people)
_UPDATE_PERSON = update(people).where(people.c.id == bindparam("at_id"))
_INSERT_ROLE = insert(roles)
_DELETE_ROLE = delete(roles).where(and_(*(column == bindparam(f"at_{column.name}") for column in roles.primary_key)))
_INSERT_ADDRESS = insert(addresses)
_AT_ADDRESS = (
    addresses.c.channel == bindparam("at_channel"),
    addresses.c.external_id == bindparam("at_external_id"),
)
_MOVE_ADDRESS = update(addresses).where(*_AT_ADDRESS)
_DELETE_ADDRESS = delete(addresses).where(*_AT_ADDRESS)
_INSERT_GROUP = insert(groups)
_AT_GROUP = (groups.c.channel == bindparam("at_channel"), groups.c.external_id == bindparam("at_external_id"))
_UPDATE_GROUP = update(groups).where(*_AT_GROUP)
_DELETE_GROUP = delete(groups).where(*_AT_GROUP)


def all_people(store: Store) -> list[PersonRow]:
    """Everybody, whether the file knows them or not."""
    return [PersonRow(*row) for row in store.connection.execute(_PEOPLE)]


def all_roles(store: Store) -> list[RoleRow]:
    """Every role."""
    return [RoleRow(*row) for row in store.connection.execute(_ROLES)]


def all_addresses(store: Store) -> list[AddressRow]:
    """Every address."""
    return [
        AddressRow(Address(channel, external_id), person_id, heard)
        for channel, external_id, person_id, heard in store.connection.execute(_ADDRESSES)
    ]


def referred_to(store: Store, node_ids: Iterable[str]) -> frozenset[str]:
    """Those of the nodes that cases and the like refer to, so that they cannot be deleted."""
    wanted = {"wanted": list(node_ids)}
    return frozenset(
        node_id for question in _REFERENCES for node_id in store.connection.execute(question, wanted).scalars()
    )


def add_nodes(store: Store, rows: Iterable[Node]) -> None:
    """New nodes, parents before their children."""
    _write(store, _INSERT_NODE, [{"id": node.id, **_node_values(node)} for node in rows])


def change_nodes(store: Store, rows: Iterable[Node]) -> None:
    _write(store, _UPDATE_NODE, [{"at_id": node.id, **_node_values(node)} for node in rows])


def remove_nodes(store: Store, rows: Iterable[Node]) -> None:
    """Nodes that nothing refers to any more, children before their parents."""
    _write(store, _DELETE_NODE, [{"at_id": node.id} for node in rows])


def add_people(store: Store, rows: Iterable[PersonRow], now: datetime) -> None:
    """New people, known from the file."""
    _write(store, _INSERT_PERSON, [{"id": person.id, "created_at": now, **_person_values(person)} for person in rows])


def change_people(store: Store, rows: Iterable[PersonRow]) -> None:
    _write(store, _UPDATE_PERSON, [{"at_id": person.id, **_person_values(person)} for person in rows])


def add_roles(store: Store, rows: Iterable[RoleRow]) -> None:
    values = [{"person_id": row.person_id, "role": row.role, "node_id": row.node_id} for row in rows]
    _write(store, _INSERT_ROLE, values)


def remove_roles(store: Store, rows: Iterable[RoleRow]) -> None:
    values = [{"at_person_id": row.person_id, "at_role": row.role, "at_node_id": row.node_id} for row in rows]
    _write(store, _DELETE_ROLE, values)


def add_addresses(store: Store, rows: Iterable[AddressRow]) -> None:
    values = [
        {"channel": row.address.channel, "external_id": row.address.external_id, "person_id": row.person_id}
        for row in rows
    ]
    _write(store, _INSERT_ADDRESS, values)


def move_addresses(store: Store, rows: Iterable[AddressRow]) -> None:
    """From now on these addresses mean these people."""
    _write(store, _MOVE_ADDRESS, [{**_address_key(row.address), "person_id": row.person_id} for row in rows])


def remove_addresses(store: Store, rows: Iterable[AddressRow]) -> None:
    _write(store, _DELETE_ADDRESS, [_address_key(row.address) for row in rows])


def add_groups(store: Store, rows: Iterable[Group]) -> None:
    values = [{"channel": group.channel, "external_id": group.external_id, **_group_values(group)} for group in rows]
    _write(store, _INSERT_GROUP, values)


def change_groups(store: Store, rows: Iterable[Group]) -> None:
    _write(store, _UPDATE_GROUP, [{**_address_key(group), **_group_values(group)} for group in rows])


def remove_groups(store: Store, rows: Iterable[Group]) -> None:
    _write(store, _DELETE_GROUP, [_address_key(group) for group in rows])


def _write(store: Store, statement: Any, values: Sequence[Mapping[str, Any]]) -> None:
    if values:
        store.connection.execute(statement, values)


def _node_values(node: Node) -> dict[str, Any]:
    return {
        "parent_id": node.parent_id,
        "level": node.level,
        "name": node.name,
        "building_number": node.building_number,
        "aliases": list(node.aliases),
    }


def _person_values(person: PersonRow) -> dict[str, Any]:
    return {"name": person.name, "node_id": person.node_id, "from_file": person.from_file}


def _group_values(group: Group) -> dict[str, Any]:
    return {"name": group.name, "node_id": group.node_id, "members": group.members, "ear": group.ear}


def _address_key(row: Address | Group) -> dict[str, Any]:
    return {"at_channel": row.channel, "at_external_id": row.external_id}
