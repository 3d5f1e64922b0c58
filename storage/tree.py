"""The community's tree as rows: nodes, roles at nodes, groups. Small, read whole, cached by its version."""

from dataclasses import dataclass

from sqlalchemy import bindparam, insert, select, update

from storage.database import Store
from storage.tables import Ear, Level, Members, Role, groups, nodes, people, roles, versions


@dataclass(frozen=True, slots=True)
class Node:
    """A place in the tree. `building_number` only where the node is a numbered building."""

    id: str
    parent_id: str | None
    level: Level
    name: str
    building_number: int | None = None
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RoleHolder:
    """One role of one person at one node."""

    person_id: str
    name: str
    role: Role
    node_id: str


@dataclass(frozen=True, slots=True)
class Group:
    """A chat group and the node it hangs on. `external_id` is the channel's id for it."""

    channel: str
    external_id: str
    name: str
    node_id: str
    members: Members = Members.RESIDENTS
    ear: Ear = Ear.COMMAND


_VERSION = select(versions.c.value).where(versions.c.name == "tree")
_BUMP = update(versions).where(versions.c.name == "tree").values(value=versions.c.value + 1)
_NODES = select(
    nodes.c.id, nodes.c.parent_id, nodes.c.level, nodes.c.name, nodes.c.building_number, nodes.c.aliases
).order_by(nodes.c.id)
_ROLES = (
    select(roles.c.person_id, people.c.name, roles.c.role, roles.c.node_id)
    .join_from(roles, people)
    .order_by(roles.c.person_id, roles.c.role)
)
_GROUPS = select(
    groups.c.channel, groups.c.external_id, groups.c.name, groups.c.node_id, groups.c.members, groups.c.ear
).order_by(groups.c.id)
_REBIND = (
    update(groups)
    .where(groups.c.channel == bindparam("at_channel"), groups.c.external_id == bindparam("at_id"))
    .values(node_id=bindparam("to_node"), name=bindparam("to_name"), ear=bindparam("to_ear"))
)
_INSERT_GROUP = insert(groups)


def version(store: Store) -> int:
    """Rises with every change of nodes, roles or groups. 0 before the first."""
    row = store.fetch_one(_VERSION, {})
    return int(row[0]) if row else 0


def changed(store: Store) -> None:
    """Says that nodes, roles or groups are no longer what a reader may have cached."""
    if not store.connection.execute(_BUMP).rowcount:
        store.connection.execute(insert(versions), {"name": "tree", "value": 1})


def all_nodes(store: Store) -> list[Node]:
    """Every node."""
    return [
        Node(identity, parent, level, name, number, tuple(aliases))
        for identity, parent, level, name, number, aliases in store.connection.execute(_NODES)
    ]


def all_roles(store: Store) -> list[RoleHolder]:
    """Every role with its holder."""
    return [RoleHolder(*row) for row in store.connection.execute(_ROLES)]


def all_groups(store: Store) -> list[Group]:
    """Every bound group."""
    return [Group(*row) for row in store.connection.execute(_GROUPS)]


def bind(store: Store, group: Group) -> None:
    """Hangs a group on a node, or moves it there."""
    values = {
        "to_node": group.node_id,
        "to_name": group.name,
        "to_ear": group.ear,
        "at_channel": group.channel,
        "at_id": group.external_id,
    }
    if not store.connection.execute(_REBIND, values).rowcount:
        store.connection.execute(
            _INSERT_GROUP,
            {
                "channel": group.channel,
                "external_id": group.external_id,
                "name": group.name,
                "node_id": group.node_id,
                "members": group.members,
                "ear": group.ear,
            },
        )
    changed(store)
