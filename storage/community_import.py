"""Reading and writing what a community file is compared with: tree, people, roles, addresses, groups, stations."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, bindparam, delete, exists, insert, select, update

from storage.database import Store
from storage.people import Address
from storage.rota import RULE, STATION
from storage.tables import (
    DutyKind,
    ReceptionState,
    Role,
    addresses,
    event_series,
    groups,
    metadata,
    nodes,
    people,
    receptions,
    roles,
    rotas,
    services,
    stations,
    teams,
    units,
)
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


@dataclass(frozen=True, slots=True)
class StationRow:
    """A station. `ended`: it was given up, and its row stays for the history."""

    id: str
    node_id: str
    name: str
    address: str
    hours: str
    ended: bool = False


@dataclass(frozen=True, slots=True)
class RotaRow:
    """A rule of the rota; `id` None: one that has no row yet. `on_holiday` is move, skip or keep.

    `resumable`: no reception of it that is still to come has been closed, so that it can go on as if it had never
    ended.
    """

    id: int | None
    station_id: str
    kind: DutyKind
    person_id: str | None
    person_name: str
    words: str
    places: int
    on_holiday: str
    bring: str
    starts_on: date
    from_file: bool = True
    ended: bool = False
    resumable: bool = True


_PEOPLE = select(people.c.id, people.c.name, people.c.node_id, people.c.from_file).order_by(people.c.id)
_ROLES = select(roles.c.person_id, roles.c.role, roles.c.node_id).order_by(*roles.primary_key)
_ADDRESSES = select(
    addresses.c.channel, addresses.c.external_id, addresses.c.person_id, addresses.c.seen_at.is_not(None)
).order_by(*addresses.primary_key)

_STATIONS = select(*STATION, stations.c.ended_at.is_not(None)).order_by(stations.c.id)
_CLOSED_AHEAD = exists().where(
    receptions.c.rota_id == rotas.c.id,
    receptions.c.state == ReceptionState.CLOSED,
    receptions.c.begins_at > bindparam("now"),
)
_ROTAS = select(
    *RULE,
    rotas.c.from_file,
    rotas.c.ended_at.is_not(None),
    ~_CLOSED_AHEAD,
).order_by(rotas.c.id)

_IMPORTED = (nodes, people, roles, groups, stations, event_series, teams, services, units)
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
_INSERT_STATION = insert(stations)
_UPDATE_STATION = update(stations).where(stations.c.id == bindparam("at_id"))
_PLAN_ANEW = update(rotas).where(rotas.c.station_id == bindparam("at_id"), rotas.c.ended_at.is_(None))
_INSERT_ROTA = insert(rotas)
_UPDATE_ROTA = update(rotas).where(rotas.c.id == bindparam("at_id"))


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


def all_stations(store: Store) -> list[StationRow]:
    """Every station, also those that were given up."""
    return [StationRow(*row) for row in store.connection.execute(_STATIONS)]


def all_rotas(store: Store, now: datetime) -> list[RotaRow]:
    """Every rule, also those that have ended, in the order in which they were made."""
    return [RotaRow(*row) for row in store.connection.execute(_ROTAS, {"now": now})]


def referred_to(store: Store, node_ids: Iterable[str]) -> frozenset[str]:
    """Those of the nodes that cases and the like refer to, so that they cannot be deleted."""
    wanted = {"wanted": list(node_ids)}
    return frozenset(
        node_id for question in _REFERENCES for node_id in store.connection.execute(question, wanted).scalars()
    )


def add_nodes(store: Store, rows: Iterable[Node]) -> None:
    """New nodes, parents before their children."""
    write(store, _INSERT_NODE, [{"id": node.id, **_node_values(node)} for node in rows])


def change_nodes(store: Store, rows: Iterable[Node]) -> None:
    write(store, _UPDATE_NODE, [{"at_id": node.id, **_node_values(node)} for node in rows])


def remove_nodes(store: Store, rows: Iterable[Node]) -> None:
    """Nodes that nothing refers to any more, children before their parents."""
    write(store, _DELETE_NODE, [{"at_id": node.id} for node in rows])


def add_people(store: Store, rows: Iterable[PersonRow], now: datetime) -> None:
    """New people, known from the file."""
    write(store, _INSERT_PERSON, [{"id": person.id, "created_at": now, **_person_values(person)} for person in rows])


def change_people(store: Store, rows: Iterable[PersonRow]) -> None:
    write(store, _UPDATE_PERSON, [{"at_id": person.id, **_person_values(person)} for person in rows])


def add_roles(store: Store, rows: Iterable[RoleRow]) -> None:
    values = [{"person_id": row.person_id, "role": row.role, "node_id": row.node_id} for row in rows]
    write(store, _INSERT_ROLE, values)


def remove_roles(store: Store, rows: Iterable[RoleRow]) -> None:
    values = [{"at_person_id": row.person_id, "at_role": row.role, "at_node_id": row.node_id} for row in rows]
    write(store, _DELETE_ROLE, values)


def add_addresses(store: Store, rows: Iterable[AddressRow]) -> None:
    values = [
        {"channel": row.address.channel, "external_id": row.address.external_id, "person_id": row.person_id}
        for row in rows
    ]
    write(store, _INSERT_ADDRESS, values)


def move_addresses(store: Store, rows: Iterable[AddressRow]) -> None:
    """From now on these addresses mean these people."""
    write(store, _MOVE_ADDRESS, [{**_address_key(row.address), "person_id": row.person_id} for row in rows])


def remove_addresses(store: Store, rows: Iterable[AddressRow]) -> None:
    write(store, _DELETE_ADDRESS, [_address_key(row.address) for row in rows])


def add_groups(store: Store, rows: Iterable[Group]) -> None:
    values = [{"channel": group.channel, "external_id": group.external_id, **_group_values(group)} for group in rows]
    write(store, _INSERT_GROUP, values)


def change_groups(store: Store, rows: Iterable[Group]) -> None:
    write(store, _UPDATE_GROUP, [{**_address_key(group), **_group_values(group)} for group in rows])


def remove_groups(store: Store, rows: Iterable[Group]) -> None:
    write(store, _DELETE_GROUP, [_address_key(group) for group in rows])


def add_stations(store: Store, rows: Iterable[StationRow]) -> None:
    write(store, _INSERT_STATION, [{"id": row.id, **_station_values(row)} for row in rows])


def change_stations(store: Store, rows: Iterable[StationRow]) -> None:
    """What is said of them; those that were given up are open again."""
    write(store, _UPDATE_STATION, [{"at_id": row.id, **_station_values(row)} for row in rows])


def end_stations(store: Store, rows: Iterable[StationRow], now: datetime) -> None:
    """They are given up. The rows stay."""
    write(store, _UPDATE_STATION, [{"at_id": row.id, "ended_at": now} for row in rows])


def plan_anew(store: Store, rows: Iterable[StationRow]) -> None:
    """Makes every rule of these stations that is in force count as one of which no reception was made yet."""
    write(store, _PLAN_ANEW, [{"at_id": row.id, "planned_to": None} for row in rows])


def add_rotas(store: Store, rows: Iterable[RotaRow]) -> None:
    write(store, _INSERT_ROTA, [_rota_values(row) for row in rows])


def change_rotas(store: Store, rows: Iterable[RotaRow]) -> None:
    """They are in force, and their receptions are to be made anew."""
    write(store, _UPDATE_ROTA, [{"at_id": row.id, **_rota_values(row)} for row in rows])


def end_rotas(store: Store, rows: Iterable[RotaRow], now: datetime) -> None:
    """They are no longer in force. The rows stay."""
    write(store, _UPDATE_ROTA, [{"at_id": row.id, "ended_at": now} for row in rows])


def write(store: Store, statement: Any, values: Sequence[Mapping[str, Any]]) -> None:
    """One statement for all rows, none for no rows. All have the same keys."""
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


def _station_values(row: StationRow) -> dict[str, Any]:
    return {
        "node_id": row.node_id,
        "name": row.name,
        "address": row.address,
        "hours": row.hours,
        "ended_at": None,
    }


def _rota_values(row: RotaRow) -> dict[str, Any]:
    return {
        "station_id": row.station_id,
        "kind": row.kind,
        "person_id": row.person_id,
        "person_name": row.person_name,
        "words": row.words,
        "places": row.places,
        "on_holiday": row.on_holiday,
        "bring": row.bring,
        "starts_on": row.starts_on,
        "from_file": row.from_file,
        "planned_to": None,
        "ended_at": None,
    }


def _address_key(row: Address | Group) -> dict[str, Any]:
    return {"at_channel": row.channel, "at_external_id": row.external_id}
