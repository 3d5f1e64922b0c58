"""Who is never brought together: said by staff, and to staff only."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from community.people import Person
from community.refused import Refused
from community.tasks.claiming import Claiming
from community.tasks.happened import Blocked, GivenBack
from community.tasks.ledger import Ledger
from community.tasks.outcomes import Task
from community.tasks.steps import OPEN
from storage import task_dispatch, tasks

KNOWN_FOR = timedelta(days=366)
"""Whoever ordered something in this time is known by name."""

LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class Safety:
    """Pairs that are kept apart, within one transaction."""

    ledger: Ledger
    claiming: Claiming

    def block_at(self, task_id: int, name: str, staff: Person, reason: str, now: datetime) -> Blocked:
        """Whoever ordered a task never meets this one again. Raises `Refused`."""
        task = self.ledger.existing(task_id)
        if not self.ledger.works_for(staff, task):
            raise Refused("help.not_for_you")
        takers = [each.person_id for each in tasks.ever_claimed(self.ledger.store, task.id)]
        names = self.ledger.volunteers.register.names_of(takers)
        named = {each for each in takers if names.get(each) == name}
        other = next(iter(named)) if len(named) == 1 else self._one_called(name, task.node_id, now)
        return self._block(task.orderer_id, other, staff, reason, now)

    def block(self, one: str, other: str, staff: Person, group_node: str | None, reason: str, now: datetime) -> Blocked:
        """These two, by name. Raises `Refused`."""
        node = self.ledger.volunteers.register.staffed(staff, group_node)
        first, second = (self._one_called(name, node.id, now) for name in (one, other))
        return self._block(first, second, staff, reason, now)

    def _block(self, one: str, other: str, staff: Person, reason: str, now: datetime) -> Blocked:
        if one == other:
            raise Refused("tasks_dispatch.block_how")
        tasks.block(self.ledger.store, one, other, staff.id, reason[:LONGEST_REASON], now)
        names = self.ledger.volunteers.register.names_of([one, other])
        given_back = [*self._taken_from(one, other, staff, now), *self._taken_from(other, one, staff, now)]
        return Blocked((names.get(one, ""), names.get(other, "")), tuple(given_back))

    def _taken_from(self, taker: str, orderer: str, staff: Person, now: datetime) -> list[GivenBack]:
        """What one has promised the other goes to others."""
        found: list[GivenBack] = []
        for each in sorted(tasks.claimed_by(self.ledger.store, taker), key=lambda task: task.id):
            if each.orderer_id == orderer and each.state in OPEN:
                found += self.claiming.take_from(self._locked(each), taker, staff, now)
        return found

    def _locked(self, task: Task) -> Task:
        return self.ledger.locked(task.id)

    def _one_called(self, name: str, node_id: str, now: datetime) -> str:
        """The one person of this name: a volunteer, somebody who ordered something, or who is in the community file."""
        tree = self.ledger.tree
        found = {each.person_id for each in self.ledger.volunteers.register.called(node_id, name)}
        found |= set(task_dispatch.orderers_called(self.ledger.store, name, [node_id], now - KNOWN_FOR))
        found |= {each.person_id for each in tree.roles if each.name == name and tree.lies_in(each.node_id, node_id)}
        if not found:
            raise Refused("tasks_dispatch.nobody_called", name=name)
        if len(found) > 1:
            raise Refused("tasks_dispatch.several_called", name=name)
        return found.pop()
