"""People to be phoned: those whom the bot cannot reach, and those who want a human."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from community.people import Person
from community.refused import Refused
from community.tree import Role, Tree
from storage import phone_list
from storage.database import Store
from storage.phone_list import Callback

__all__ = ["Callback", "PhoneList", "Reason"]


class Reason(StrEnum):
    """Why somebody is to be phoned."""

    UNREACHABLE = "unreachable"
    ASKED = "asked"
    NOT_UNDERSTOOD = "not_understood"
    TROUBLE = "trouble"
    DISSATISFIED = "dissatisfied"
    ALARM = "alarm"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A person is on the list. `tell`: the workers who phone; empty when the person was on it already."""

    is_new: bool
    tell: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PhoneList:
    """The list, within one transaction."""

    store: Store
    tree: Tree

    def add(self, person: Person, reason: Reason, now: datetime) -> Waiting:
        """Puts a person on the list, once, for the workers of their community."""
        if not phone_list.add(self.store, person.id, reason, now):
            return Waiting(is_new=False)
        community = self.tree.community_of(person.node_id) or self.tree.only_community()
        responsible = self.tree.responsible(community.id) if community else None
        return Waiting(is_new=True, tell=responsible.ids if responsible else ())

    def show(self, worker: Person) -> list[Callback]:
        """Who waits for a call, the longest first, at most 20. Raises `Refused` for those who do not phone."""
        self._check(worker)
        return phone_list.waiting(self.store)

    def phoned(self, worker: Person, callback_id: int, now: datetime) -> None:
        """The worker has spoken with them."""
        self._check(worker)
        if not phone_list.done(self.store, callback_id, worker.id, now):
            raise Refused("phone_list.not_there", number=callback_id)

    def _check(self, worker: Person) -> None:
        if not self.tree.holds(worker.id, (Role.COMMUNITY_WORKER, Role.ADMINISTRATOR)):
            raise Refused("phone_list.workers_only")
