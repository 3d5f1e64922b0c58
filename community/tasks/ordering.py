"""Ordering: what somebody needs done, for themselves or for somebody else; changing it, calling it off."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from community.grievances import Grievance, Grievances
from community.grievances.intake import Told
from community.grievances.outcomes import Where
from community.grievances.steps import OPEN as OPEN_CASE
from community.grievances.steps import Step as CaseStep
from community.parts.notice import quiet_ends
from community.people import Person
from community.refused import Refused
from community.tasks.claiming import Claiming
from community.tasks.ledger import Ledger
from community.tasks.outcomes import BackToGrievance, Cancelled, Changed, Claimed, Ordered, Paired
from community.tasks.steps import OPEN, Stage, Step, after
from community.tree import Node
from storage import people, tasks
from storage.tables import TaskState
from storage.tasks import Service, Task

__all__ = ["MOST_OPEN", "Order", "Ordering"]

MOST_OPEN = 5
"""Tasks that one person has open at once."""

LOOKED_AT = timedelta(days=90)
"""How far back one's own tasks are looked at."""

LONGEST_WHAT, LONGEST_WHOM, LONGEST_ADDRESS, LONGEST_PHONE = 60, 60, 200, 40


@dataclass(frozen=True, slots=True)
class Order:
    """What is wanted. `place_id`: the nearest node that is known; `at_home`: whoever comes goes into a home."""

    node_id: str
    what: str
    words: str
    for_whom: str = ""
    service_id: str | None = None
    skill: str = ""
    place_id: str | None = None
    address: str = ""
    phone: str = ""
    at_home: bool = True
    takers: int = 1
    urgent: bool = False
    from_at: datetime | None = None
    until_at: datetime | None = None
    minutes: int = 60
    group: str | None = None
    grievance_number: int | None = None


@dataclass(frozen=True, slots=True)
class Ordering:
    """From what somebody wants to a task that volunteers are asked about."""

    ledger: Ledger
    grievances: Grievances
    claiming: Claiming

    # --- what there is ------------------------------------------------------------------------------------------

    def community_of(self, person: Person, group_node: str | None) -> Node:
        """Where an order counts. Raises `Refused` where that is unclear."""
        return self.ledger.volunteers.register.community_of(person, group_node)

    def menu(self, node_id: str) -> list[Service]:
        """What can be ordered at a community."""
        return self.ledger.menu(node_id)

    def people_called(self, name: str, node_id: str) -> list[Person]:
        """Those of a community who have this name: in the community file, or in the register of volunteers."""
        tree = self.ledger.tree
        held = [each.person_id for each in tree.roles if each.name == name and tree.lies_in(each.node_id, node_id)]
        listed = [each.person_id for each in self.ledger.volunteers.register.called(node_id, name)]
        found = (people.by_id(self.ledger.store, each) for each in dict.fromkeys([*held, *listed]))
        return [each for each in found if each is not None]

    def open_of(self, person: Person, now: datetime) -> list[Task]:
        """What somebody ordered and is not done, the latest first."""
        found = tasks.ordered_by(self.ledger.store, person.id, now - LOOKED_AT)
        return [each for each in found if each.state in OPEN]

    # --- ordering -----------------------------------------------------------------------------------------------

    def order(self, order: Order, orderer: Person, actor: Person, now: datetime) -> Ordered:
        """A new task. Raises `Refused` for the same again, and for too many at once."""
        standing = self.open_of(orderer, now)
        same = next((each for each in standing if _is_same(each, order)), None)
        if same is not None:
            raise Refused("tasks.same_already", number=same.number)
        if len(standing) >= MOST_OPEN and not self.ledger.tree.works_at(actor.id, order.node_id):
            raise Refused("tasks.too_many", most=MOST_OPEN)  # staff order for many who have no phone
        begins = now if order.urgent else quiet_ends(now, self.ledger.rules)
        identity = tasks.add(self.ledger.store, _values(order, orderer, actor, now) | {"next_at": begins})
        task = self.ledger.existing(identity)
        self.ledger.log(task, Step.ORDER, actor.id, now, note=order.what)
        return Ordered(self.ledger.public(task), at_once=begins <= now)

    def check_room(self, person: Person, node_id: str, now: datetime) -> None:
        """Raises `Refused` for who has too many at once, before they are asked anything."""
        if len(self.open_of(person, now)) >= MOST_OPEN and not self.ledger.tree.works_at(person.id, node_id):
            raise Refused("tasks.too_many", most=MOST_OPEN)

    def cancel(self, task_id: int, person: Person, reason: str, now: datetime) -> Cancelled:
        """Nobody needs it any more. Raises `Refused` for who may not say so."""
        task = self._own(task_id, person)
        takers = self._takers(task)
        changed = self.ledger.step(task, Step.CANCEL, person.id, now, note=reason)
        return Cancelled(changed, _without(takers, person), self._orderers(task, person), reason)

    def change(
        self,
        task_id: int,
        person: Person,
        now: datetime,
        *,
        window: tuple[datetime, datetime] | None = None,
        place_id: str | None = None,
        address: str = "",
        phone: str = "",
    ) -> Changed:
        """Another time, place or phone. Raises `Refused` for who may not, and for a time that is over."""
        task = self._own(task_id, person)
        after(task, Step.CHANGE)
        values: dict[str, Any] = {}
        if window is not None:
            begins, ends = window
            values |= {"from_at": begins, "until_at": ends}
            values |= self._look_again(replace(task, from_at=begins, until_at=ends), now)
        if place_id:
            values["place_id"] = place_id
        if address:
            values["address"] = address[:LONGEST_ADDRESS]
        if phone:
            values["phone"] = phone[:LONGEST_PHONE]
        changed = self.ledger.step(task, Step.CHANGE, person.id, now, note=" ".join(sorted(values)), **values)
        return Changed(self.ledger.public(changed), _without(self._takers(task), person), self._orderers(task, person))

    def pair(self, task_id: int, staff: Person, now: datetime) -> Paired:
        """Nobody goes there alone. Whoever has it already waits for the second. Raises `Refused`."""
        task = self._staffed(self.ledger.locked(task_id).id, staff)
        if task.takers > 1:
            raise Refused("tasks.is_pair", number=task.number)
        begins = now if task.urgent else quiet_ends(now, self.ledger.rules)
        look: dict[str, Any] = {"next_at": begins, "stage": Stage.NEXT_ROUND}
        changed = self.ledger.step(task, Step.SECOND, staff.id, now, takers=2, **look)
        return Paired(changed, self._takers(task))

    def alone(self, task_id: int, staff: Person, now: datetime) -> Paired | Claimed:
        """One is enough. Whoever has it already goes alone. Raises `Refused`."""
        task = self._staffed(self.ledger.locked(task_id).id, staff)
        if task.takers == 1:
            raise Refused("tasks.is_alone", number=task.number)
        claims = self.ledger.claims(task)
        if len(claims) > 1:
            raise Refused("tasks.is_pair_taken", number=task.number)
        if not claims:
            return Paired(self.ledger.step(task, Step.CHANGE, staff.id, now, note="takers", takers=1), ())
        look_at, stage = self.claiming.next_look(task, now)
        look: dict[str, Any] = {"claimed_at": now, "next_at": look_at, "stage": stage}
        changed = self.ledger.step(task, Step.FILL, staff.id, now, takers=1, **look)
        asked = (each.person_id for each in tasks.pushes(self.ledger.store, task.id) if each.declined_at is None)
        others = tuple(each for each in asked if each != claims[0].person_id)
        return Claimed(
            changed,
            claims[0],
            full=True,
            others=others,
            together_with=(claims[0].person_id,),
            teams=self.claiming.teams(changed),
            groups=self.claiming.dispatch.groups_told(task),
        )

    # --- from grievances and back -----------------------------------------------------------------------------------

    def case(self, number: int, staff: Person, now: datetime) -> Grievance:
        """A grievance that staff may make a task of. Raises `Refused`."""
        case = self.grievances.intake.cases.in_charge(number, staff)
        if case.private:
            raise Refused("tasks.case_is_private", number=number)
        if case.state not in OPEN_CASE:
            raise Refused("tasks.case_is_over", number=number)
        resident = self._person(case.resident_id)
        made = next((each for each in self.open_of(resident, now) if each.grievance_number == number), None)
        if made is not None:
            raise Refused("tasks.case_has_task", number=number, task=made.number)
        return case

    def from_grievance(self, order: Order, staff: Person, now: datetime) -> Ordered:
        """Volunteers are asked about a grievance of somebody's; the case goes on, and its log says so."""
        assert order.grievance_number is not None
        case = self.case(order.grievance_number, staff, now)
        ordered = self.order(order, self._person(case.resident_id), staff, now)
        number = ordered.public.task.number
        self.grievances.intake.cases.log(case.number, CaseStep.ADD, staff.id, now, f"转任务{number}", subject=number)
        return ordered

    def to_grievance(self, task_id: int, staff: Person, told: Told, now: datetime) -> BackToGrievance:
        """It is nothing for volunteers: a grievance of the orderer's, or again the one that it came from."""
        task = self._staffed(task_id, staff)
        after(task, Step.TO_GRIEVANCE)
        takers = self._takers(task)
        orderer = self._person(task.orderer_id)
        if task.grievance_number is not None:
            number, outcome = task.grievance_number, None
        else:
            outcome = self.grievances.intake.report(orderer, None, told, (), now)
            number = outcome.grievance.number
        note = f"{number:04}"
        changed = self.ledger.step(task, Step.TO_GRIEVANCE, staff.id, now, note=note, grievance_number=number)
        return BackToGrievance(changed, number, outcome, _without(takers, staff))

    def handler_of(self, task: Task) -> str | None:
        """Who has the grievance that a task came from, by id; else who made the task of it. None: it came from none."""
        if task.grievance_number is None or task.state is TaskState.CANCELLED:
            return None
        cases = self.grievances.intake.cases
        return cases.handler(cases.existing(task.grievance_number)) or task.ordered_by

    def home_of(self, task_id: int) -> Where:
        """Where a grievance is that comes from a task."""
        task = self.ledger.existing(task_id)
        return Where(node_id=task.place_id or self._person(task.orderer_id).node_id or task.node_id)

    # --- inside -------------------------------------------------------------------------------------------------

    def _own(self, task_id: int, person: Person) -> Task:
        """A task of one's own, or for staff any of their community's. Others' one cannot change."""
        task = self.ledger.existing(task_id)
        if not self.ledger.is_orderer(person, task) and not self.ledger.works_for(person, task):
            raise Refused("tasks.not_yours", number=task.number)
        return task

    def _staffed(self, task_id: int, staff: Person) -> Task:
        task = self.ledger.existing(task_id)
        place = task.place_id or task.node_id
        if not self.ledger.works_for(staff, task) and not self.ledger.tree.answers_for(staff.id, place):
            raise Refused("help.not_for_you")
        return task

    def _person(self, person_id: str) -> Person:
        found = people.by_id(self.ledger.store, person_id)
        assert found is not None
        return found

    def _takers(self, task: Task) -> tuple[str, ...]:
        return tuple(each.person_id for each in self.ledger.claims(task))

    def _orderers(self, task: Task, actor: Person) -> tuple[str, ...]:
        """Who else is to hear what staff did to a task: whom it is for."""
        return () if actor.id == task.orderer_id else (task.orderer_id,)

    def _look_again(self, task: Task, now: datetime) -> dict[str, Any]:
        """When the scheduler looks next: it is offered anew, or whoever has it is reminded before the new time."""
        if task.state is TaskState.CLAIMED:
            look_at, stage = self.claiming.next_look(task, now)
            return {"next_at": look_at, "stage": stage}
        offered = now if task.urgent else quiet_ends(now, self.ledger.rules)
        return {"next_at": offered, "stage": Stage.NEXT_ROUND}


def _is_same(task: Task, order: Order) -> bool:
    """Said twice, it is the same: what, for whom and when."""
    said = (task.what, task.for_whom, task.from_at, task.words)
    return said == (order.what, order.for_whom, order.from_at, order.words)


def _without(found: tuple[str, ...], actor: Person) -> tuple[str, ...]:
    return tuple(each for each in found if each != actor.id)


def _values(order: Order, orderer: Person, actor: Person, now: datetime) -> dict[str, Any]:
    return {
        "node_id": order.node_id,
        "orderer_id": orderer.id,
        "ordered_by": actor.id,
        "service_id": order.service_id,
        "what": order.what[:LONGEST_WHAT],
        "words": order.words,
        "for_whom": order.for_whom[:LONGEST_WHOM],
        "skill": order.skill[:LONGEST_WHAT],
        "place_id": order.place_id,
        "address": order.address[:LONGEST_ADDRESS],
        "phone": order.phone[:LONGEST_PHONE],
        "at_home": order.at_home,
        "takers": order.takers,
        "urgent": order.urgent,
        "from_at": order.from_at,
        "until_at": order.until_at,
        "minutes": order.minutes,
        "state": TaskState.ORDERED,
        "grievance_number": order.grievance_number,
        "group_external_id": order.group,
        "ordered_at": now,
        "changed_at": now,
        "stage": Stage.NEXT_ROUND,
    }
