"""Which chat group hangs on which node."""

from dataclasses import dataclass, replace

from community.people import Person
from community.refused import Refused
from community.tree import Ear, Group, Node, Role, Tree
from storage import tree as tree_rows
from storage.database import Store

MAY_BIND = frozenset({Role.ADMINISTRATOR, Role.COMMUNITY_WORKER, Role.FIRST_SECRETARY})


@dataclass(frozen=True, slots=True)
class Groups:
    """Everything that can be done with groups within one transaction."""

    store: Store
    tree: Tree

    def find(self, channel: str, external_id: str) -> Group | None:
        """A bound group."""
        return self.tree.groups.get((channel, external_id))

    def bind(self, person: Person, group: Group, wanted: str) -> Node:
        """Hangs a group on the node of that name, or on the one community there is. Raises `Refused`."""
        if not self.tree.holds(person.id, MAY_BIND):
            raise Refused("groups.staff_only")
        node = self.tree.node_called(wanted) if wanted else self.tree.only_community()
        if node is None:
            raise Refused("groups.no_such_node", wanted=wanted or "?")
        if group.external_id in {bound.external_id for bound in self._bound_to(node, group.channel)}:
            raise Refused("groups.already_bound", node=node.name)
        tree_rows.bind(self.store, replace(group, node_id=node.id))
        return node

    def listen(self, person: Person, group: Group, ear: Ear) -> None:
        """Sets what makes the bot react in a group. Raises `Refused`."""
        if not self.tree.holds(person.id, MAY_BIND):
            raise Refused("groups.staff_only")
        tree_rows.bind(self.store, replace(group, ear=ear))

    def _bound_to(self, node: Node, channel: str) -> list[Group]:
        return [group for group in self.tree.groups.values() if group.node_id == node.id and group.channel == channel]
