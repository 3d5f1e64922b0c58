"""What staff look through: what they have to do, what is late, what lies in their grid, what contains a word."""

from dataclasses import dataclass
from datetime import datetime

from community.grievances.cases import Cases, distinct
from community.grievances.outcomes import Record
from community.grievances.steps import LEGAL, UNHANDLED, State, Step
from community.people import Person
from community.refused import Refused
from community.tree import ANSWERS_FOR, STAFF, Role
from storage import grievances
from storage.grievances import Grievance


@dataclass(frozen=True, slots=True)
class Lists:
    """Lists for those at work. Private cases are only in the lists of those who have them."""

    cases: Cases

    def mine(self, person: Person) -> list[Grievance]:
        """What this person has in hand, helps with, or should accept, the most pressing first."""
        found = {each.number: each for each in self._in_hand(person)}
        for grievance in grievances.at_levels(self.cases.store, self._levels(person)):
            waits = grievance.state in (State.REPORTED, State.REOPENED) and self.cases.handler(grievance) is None
            if waits and grievance.resident_id != person.id and self.cases.may_see(person, grievance):
                found.setdefault(grievance.number, grievance)
        return sorted(found.values(), key=_pressing)

    def to_accept(self, person: Person) -> list[Grievance]:
        """What waits to be accepted by this person, the most pressing first."""
        return [each for each in self.mine(person) if each.state in LEGAL[Step.ACCEPT]]

    def to_finish(self, person: Person) -> list[Grievance]:
        """What this person has in hand and may report as done, the most pressing first."""
        return [each for each in self._in_hand(person) if each.handler_id == person.id and each.state in UNHANDLED]

    def overdue(self, person: Person, now: datetime) -> list[Grievance]:
        """What is past its deadline, in one's own hand and below."""
        in_hand = self._in_hand(person)
        has_none = not self._areas(person) and (in_hand or self.cases.tree.holds(person.id, STAFF))
        area = [] if has_none else self.in_area(person)
        listed = {each.number: each for each in (*in_hand, *area)}
        late = [each for each in listed.values() if each.resolve_by is not None and each.resolve_by < now]
        return sorted((each for each in late if each.state in UNHANDLED), key=_pressing)

    def in_area(self, person: Person) -> list[Grievance]:
        """Everything open in the part of the tree that this person answers for. Raises `Refused` for others."""
        return grievances.at_places(self.cases.store, self._places(person))

    def search(self, person: Person, words: str) -> list[Grievance]:
        """Public ones of one's part of the tree whose words or place contain these, the newest first; for staff without
        such a part, of those in their hand.

        Raises `Refused` for those who are no staff.
        """
        if not self._areas(person) and self.cases.tree.holds(person.id, STAFF):
            in_hand = (each for each in self._in_hand(person) if not each.private)
            return [each for each in in_hand if words in each.words or words in each.place]
        places = self._places(person)
        communities = {node.id for place in places if (node := self.cases.tree.community_of(place)) is not None}
        return grievances.search(self.cases.store, list(communities), places, words)

    def record(self, number: int, person: Person) -> Record:
        """The whole log. For those at work on it or above it; the resident asks with 「查」."""
        grievance = self.cases.existing(number)
        if not self.cases.may_read(person, grievance):
            raise self.cases.hidden(grievance)
        events = tuple(grievances.events(self.cases.store, number))
        once = (event.subject for event in events if event.step == Step.LEAVE)
        return Record(grievance, events, distinct([*self.cases.followers(grievance), *once]))

    def _in_hand(self, person: Person) -> list[Grievance]:
        """Handled or helped with. Those who have left see nothing any more."""
        store = self.cases.store
        found = [*grievances.handled_by(store, person.id), *grievances.helped_by(store, person.id)]
        return [each for each in found if self.cases.may_see(person, each)]

    def _levels(self, person: Person) -> list[str]:
        """The nodes at which it is this person's turn."""
        return [area for area in self._areas(person) if self.cases.tree.answers_for(person.id, area)]

    def _places(self, person: Person) -> list[str]:
        """The nodes that this person looks after, and all below. Raises `Refused` where there are none."""
        areas = self._areas(person)
        if not areas:
            raise Refused("grievances.staff_only")
        return list({node for area in areas for node in self._below(area)})

    def _areas(self, person: Person) -> list[str]:
        """The nodes that this person answers for, or leads as their first secretary."""
        answering = {*ANSWERS_FOR.values(), Role.FIRST_SECRETARY}
        return [role.node_id for role in self.cases.tree.roles_of(person.id) if role.role in answering]

    def _below(self, node_id: str) -> list[str]:
        return [node.id for node in self.cases.tree.nodes.values() if self.cases.tree.lies_in(node.id, node_id)]


def _pressing(grievance: Grievance) -> tuple[datetime, int]:
    return (grievance.resolve_by or grievance.reported_at, grievance.number)
