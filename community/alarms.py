"""A cry for help: who must hear of it at once. The ladder of people until one answers is a later service."""

from dataclasses import dataclass
from datetime import datetime

from community.people import Person
from community.phone_list import PhoneList, Reason
from community.tree import Role, RoleHolder, Tree


@dataclass(frozen=True, slots=True)
class Raised:
    """`people` are told now: building head, grid head, the community's workers. Empty: nobody is known."""

    people: tuple[RoleHolder, ...]


@dataclass(frozen=True, slots=True)
class Alarms:
    """Cries for help, within one transaction."""

    tree: Tree
    phone_list: PhoneList

    def raise_at(self, person: Person, node_id: str | None, now: datetime) -> Raised:
        """Everybody near the place who answers for it, and the list of people to be phoned."""
        self.phone_list.add(person, Reason.ALARM, now)
        community = self.tree.community_of(node_id) or self.tree.only_community()
        start = node_id or (community.id if community else None)
        roles = (Role.BUILDING_HEAD, Role.GRID_HEAD, Role.COMMUNITY_WORKER)
        near = [holder for node in self.tree.upwards(start) for role in roles for holder in self.tree.at(node.id, role)]
        once = {holder.person_id: holder for holder in near if holder.person_id != person.id}
        return Raised(tuple(once.values()))
