"""Messages that failed three times: seen by those who run the place, and tried again when they say so."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from community.people import Person
from community.refused import Refused
from community.tree import Role, Tree
from storage import inbox
from storage.database import Store
from storage.inbox import Parked

__all__ = ["MAY_SEE", "Parked", "ParkedMessages"]

MAY_SEE = frozenset({Role.COMMUNITY_WORKER, Role.ADMINISTRATOR})
MOST_SHOWN = 10


@dataclass(frozen=True, slots=True)
class ParkedMessages:
    """What is parked, within one transaction."""

    store: Store
    tree: Tree

    def newest(self) -> Sequence[Parked]:
        """Those parked last, without what was said in them."""
        return inbox.parked(self.store, MOST_SHOWN)

    def try_again(self, number: int, now: datetime) -> None:
        """Has one handled again, soon. Raises `Refused` where it is not parked."""
        if not inbox.unpark(self.store, number, now):
            raise Refused("parked.not_there", number=number)

    def staff_of(self, person: Person) -> tuple[str, ...]:
        """Who hears what became of this person's message."""
        community = self.tree.community_of(person.node_id) or self.tree.only_community()
        responsible = self.tree.responsible(community.id) if community else None
        return responsible.ids if responsible else ()
