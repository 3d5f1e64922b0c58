"""The community's tree: who answers for a place, and who is above them. Pure: built from rows, asks nothing."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from storage.tables import Ear, Level, Members, Role
from storage.tree import Group, Node, RoleHolder

__all__ = ["Ear", "Group", "Level", "Members", "Node", "Responsible", "Role", "RoleHolder", "Tree"]

ANSWERS_FOR: Mapping[Level, Role] = {
    Level.GRID: Role.GRID_HEAD,
    Level.COMMUNITY: Role.COMMUNITY_WORKER,
    Level.STREET: Role.STREET_OFFICER,
    Level.COUNTY: Role.COUNTY_OFFICER,
}
"""Which role takes what is reported at a level. A building head is a first contact, not an owner of cases."""

STAFF = frozenset(Role) - {Role.RESIDENT, Role.VOLUNTEER}

WORKERS = frozenset({Role.COMMUNITY_WORKER, Role.FIRST_SECRETARY, Role.ADMINISTRATOR})
"""Who looks after the stations and the events of their community, and of what lies below."""


ROLE_WORDS: Mapping[str, tuple[Role, ...]] = {
    "物业": (Role.PROPERTY_FIRM,),
    "物业公司": (Role.PROPERTY_FIRM,),
    "业委会": (Role.OWNERS_COMMITTEE,),
    "业主委员会": (Role.OWNERS_COMMITTEE,),
    "网格长": (Role.GRID_HEAD,),
    "网格员": (Role.GRID_HEAD,),
    "网格": (Role.GRID_HEAD,),
    "楼长": (Role.BUILDING_HEAD,),
    "社区": (Role.COMMUNITY_WORKER,),
    "社区工作者": (Role.COMMUNITY_WORKER,),
    "居委会": (Role.COMMUNITY_WORKER,),
    "书记": (Role.FIRST_SECRETARY,),
    "第一书记": (Role.FIRST_SECRETARY,),
    "街道": (Role.STREET_OFFICER,),
    "街道办": (Role.STREET_OFFICER,),
    "街道干部": (Role.STREET_OFFICER,),
    "县": (Role.COUNTY_OFFICER,),
    "县里": (Role.COUNTY_OFFICER,),
    "县里干部": (Role.COUNTY_OFFICER,),
    "律师": (Role.LAWYER,),
    "代表": (Role.DEPUTY,),
    "共建单位": (Role.MEMBER_UNIT,),
    "单位": (Role.MEMBER_UNIT,),
    "管理员": (Role.ADMINISTRATOR,),
}
"""How staff name those whom they give a case to: among others by every title of `texts/roles.yaml`."""

_BRACKETED = re.compile(r"(?P<name>[^(\uff08]+)[(\uff08](?P<unit>[^)\uff09]+)[)\uff09]")
"""A person with their firm or unit: 冯志远(幸福物业)."""

SHORTEST_PART = 2
"""Characters from which part of a name may stand for it."""


def _names(holder: RoleHolder) -> set[str]:
    """What a person may be called: by id, by the name with the firm or without, and with their title before it."""
    bracketed = _BRACKETED.fullmatch(holder.name)
    names = {holder.name, bracketed["name"] if bracketed else holder.name}
    titles = ("", *(word for word, roles in ROLE_WORDS.items() if holder.role in roles))
    return {holder.person_id, *(title + name for name in names for title in titles)}


def _unit(holder: RoleHolder) -> str:
    """A person's firm or unit; empty where none stands behind the name."""
    bracketed = _BRACKETED.fullmatch(holder.name)
    return bracketed["unit"] if bracketed else ""


@dataclass(frozen=True, slots=True)
class Responsible:
    """A node and its people who must act. Never empty."""

    node: Node
    people: tuple[RoleHolder, ...]

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(holder.person_id for holder in self.people)


@dataclass(frozen=True)
class Tree:
    """Nodes, roles and groups of everybody the program serves."""

    nodes: Mapping[str, Node]
    roles: tuple[RoleHolder, ...]
    groups: Mapping[tuple[str, str], Group]

    @classmethod
    def grow(cls, nodes: Iterable[Node], roles: Iterable[RoleHolder], groups: Iterable[Group]) -> "Tree":
        """A tree from its rows."""
        by_key = {(group.channel, group.external_id): group for group in groups}
        return cls({node.id: node for node in nodes}, tuple(roles), by_key)

    def upwards(self, node_id: str | None) -> Iterator[Node]:
        """The node itself, then what it hangs on, up to the top."""
        while node_id is not None and (node := self.nodes.get(node_id)) is not None:
            yield node
            node_id = node.parent_id

    def community_of(self, node_id: str | None) -> Node | None:
        """The community a node lies in, or None above the communities."""
        return next((node for node in self.upwards(node_id) if node.level is Level.COMMUNITY), None)

    def only_community(self) -> Node | None:
        """The community, where the program serves exactly one."""
        communities = [node for node in self.nodes.values() if node.level is Level.COMMUNITY]
        return communities[0] if len(communities) == 1 else None

    def building(self, community_id: str, number: int) -> Node | None:
        """A community's building by its number."""
        return self._buildings.get((community_id, number))

    def responsible(self, node_id: str | None, *, but_not: str | None = None) -> Responsible | None:
        """Who must act on what happens at a node: the nearest level upwards that has somebody.

        `but_not`: a person who is not counted, since nobody handles their own case.
        """
        for node in self.upwards(node_id):
            holders = self._holders.get((node.id, ANSWERS_FOR.get(node.level)), ())
            if others := tuple(holder for holder in holders if holder.person_id != but_not):
                return Responsible(node, others)
        return None

    def responsible_above(self, node_id: str | None, *, but_not: str | None = None) -> Responsible | None:
        """The same, beginning one level above the node."""
        node = self.nodes.get(node_id) if node_id else None
        return self.responsible(node.parent_id, but_not=but_not) if node else None

    def answers_for(self, person_id: str, node_id: str | None) -> bool:
        """Whether a person is responsible for a node, at its own level or at one above."""
        above = {(node.id, ANSWERS_FOR.get(node.level)) for node in self.upwards(node_id)}
        return any((holder.node_id, holder.role) in above for holder in self.roles_of(person_id))

    def works_at(self, person_id: str, node_id: str) -> bool:
        """Whether a person is a worker at a node or above it, or answers for it."""
        above = {node.id for node in self.upwards(node_id)}
        works = any(each.node_id in above and each.role in WORKERS for each in self.roles_of(person_id))
        return works or self.answers_for(person_id, node_id)

    def workers_for(self, node_id: str) -> tuple[str, ...]:
        """Who looks after a node: its workers, else those above, else whoever answers for it."""
        for node in self.upwards(node_id):
            for role in (Role.COMMUNITY_WORKER, Role.ADMINISTRATOR):
                if found := self.at(node.id, role):
                    return tuple(each.person_id for each in found)
        answering = self.responsible(node_id)
        return answering.ids if answering else ()

    def community_meant(self, group_node: str | None, home: str | None) -> Node | None:
        """The community of the group in which somebody speaks, else of their home, else the only one there is."""
        return self.community_of(group_node or home) or self.community_of(home) or self.only_community()

    def named_in(self, text: str, community_id: str) -> tuple[str, Node] | None:
        """The longest name or alias of a place in a community that stands in a text, and its node."""
        found = [(name, node) for name, node in self._names.get(community_id, ()) if name in text]
        return max(found, key=lambda pair: len(pair[0]), default=None)

    def lies_in(self, node_id: str, area_id: str) -> bool:
        """Whether a node is another, or lies somewhere below it."""
        return any(node.id == area_id for node in self.upwards(node_id))

    def find_holder(self, wanted: str, node_id: str) -> list[RoleHolder]:
        """Staff by id, name, role word, firm or part of a name: those whom the first of these finds, each person once.

        Those of the node's own branch come before all others; by role there are no others, and only those of the
        nearest node that has any.
        """
        staff = [holder for holder in self.roles if holder.role in STAFF]
        if named := [holder for holder in staff if wanted in _names(holder)]:
            return self._nearest(named, node_id)
        if roles := ROLE_WORDS.get(wanted):
            held = (self.at(node.id, role) for node in self.upwards(node_id) for role in roles)
            return list(next((holders for holders in held if holders), ()))
        parts = [holder for holder in staff if len(wanted) >= SHORTEST_PART and wanted in holder.name]
        return self._nearest([each for each in parts if wanted == _unit(each)] or parts, node_id)

    def _nearest(self, holders: Iterable[RoleHolder], node_id: str) -> list[RoleHolder]:
        """Each person once: those of a node's own branch, the nearest first; where there are none, all."""
        branch = [node.id for node in self.upwards(node_id)]
        persons = {holder.person_id: holder for holder in holders}
        near = {holder.person_id: holder for holder in holders if holder.node_id in branch}
        return sorted(near.values(), key=lambda each: branch.index(each.node_id)) or list(persons.values())

    def node_called(self, wanted: str) -> Node | None:
        """The node of this id, name or alias; of several the highest. Buildings go by their id alone."""
        named = [
            node
            for node in self.nodes.values()
            if wanted == node.id or (node.building_number is None and wanted in (node.name, *node.aliases))
        ]
        return min(named, key=lambda node: len(list(self.upwards(node.id))), default=None)

    def at(self, node_id: str, role: Role) -> tuple[RoleHolder, ...]:
        """Everybody who holds this role at this node."""
        return tuple(self._holders.get((node_id, role), ()))

    def everyone(self, role: Role) -> tuple[RoleHolder, ...]:
        """Everybody who holds this role anywhere."""
        return tuple(holder for holder in self.roles if holder.role is role)

    def roles_of(self, person_id: str) -> tuple[RoleHolder, ...]:
        """What a person holds, everywhere."""
        return tuple(self._roles_by_person.get(person_id, ()))

    def holds(self, person_id: str, wanted: Iterable[Role]) -> bool:
        """Whether a person holds one of these roles anywhere."""
        wanted = frozenset(wanted)
        return any(holder.role in wanted for holder in self.roles_of(person_id))

    @cached_property
    def _buildings(self) -> dict[tuple[str, int], Node]:
        found = {}
        for node in self.nodes.values():
            community = self.community_of(node.id)
            if node.building_number is not None and community is not None:
                found[community.id, node.building_number] = node
        return found

    @cached_property
    def _names(self) -> dict[str, list[tuple[str, Node]]]:
        """Names below each community. Buildings go by number, so that 3号楼 is not found in 13号楼."""
        found: dict[str, list[tuple[str, Node]]] = defaultdict(list)
        for node in self.nodes.values():
            community = self.community_of(node.id)
            if community is not None and node is not community:
                names = node.aliases if node.building_number is not None else (node.name, *node.aliases)
                found[community.id] += [(name, node) for name in names if len(name) > 1]
        return dict(found)

    @cached_property
    def _holders(self) -> dict[tuple[str, Role | None], list[RoleHolder]]:
        found: dict[tuple[str, Role | None], list[RoleHolder]] = defaultdict(list)
        for holder in self.roles:
            found[holder.node_id, holder.role].append(holder)
        return dict(found)

    @cached_property
    def _roles_by_person(self) -> dict[str, list[RoleHolder]]:
        found: dict[str, list[RoleHolder]] = defaultdict(list)
        for holder in self.roles:
            found[holder.person_id].append(holder)
        return dict(found)
