"""What every service about grievances needs: finding one, who may, who is told, and writing a step."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from community.grievances import log
from community.grievances.steps import OPEN, State, Step, after
from community.parts import clock
from community.people import Person
from community.refused import Refused
from community.rules import Rules
from community.tree import ANSWERS_FOR, STAFF, Group, Node, Responsible, Role, RoleHolder, Tree
from storage import grievances
from storage.database import Store
from storage.grievances import Grievance
from storage.tables import Part

BETWEEN = "\u3001"
"""Stands between names."""


@dataclass(frozen=True, slots=True)
class Cases:
    """Grievances within one transaction."""

    store: Store
    tree: Tree
    rules: Rules

    # --- finding ----------------------------------------------------------------------------------------------

    def existing(self, number: int) -> Grievance:
        """Raises `Refused` where there is none."""
        grievance = grievances.by_number(self.store, number)
        if grievance is None:
            raise Refused("grievances.not_found")
        return grievance

    def own(self, number: int, resident: Person) -> Grievance:
        """One of the resident's own. A private one does not even exist for others."""
        grievance = self.existing(number)
        if grievance.resident_id != resident.id:
            raise self.hidden(grievance)
        return grievance

    def hidden(self, grievance: Grievance) -> Refused:
        """What a stranger hears of it. Of a private one, nothing at all."""
        if grievance.private:
            return Refused("grievances.not_found")
        return Refused("grievances.not_yours", number=grievance.number)

    def in_charge(self, number: int, person: Person) -> Grievance:
        """One that this person may act upon as staff. Nobody acts upon their own."""
        grievance = self.existing(number)
        if not self.may_see(person, grievance) or grievance.resident_id == person.id:
            raise self._not_in_charge(grievance, person)
        return grievance

    def _not_in_charge(self, grievance: Grievance, person: Person) -> Refused:
        if grievance.resident_id == person.id:
            return Refused("grievances.own_case", number=grievance.number)
        if grievance.private:
            return Refused("grievances.not_found")
        return Refused("grievances.not_your_task", number=grievance.number)

    def known_to(self, person: Person, now: datetime) -> list[Grievance]:
        """What a person reported within a year or follows, the newest first; merged ones as what they went into.

        Raises `Refused` where there is none.
        """
        own = grievances.latest_of(self.store, person.id, now.replace(year=now.year - 1, day=1))
        listed = [self.goes_on_in(each) for each in (*own, *grievances.joined_by(self.store, person.id))]
        if not listed:
            raise Refused("grievances.none_yet")
        newest_first = sorted(listed, key=lambda each: (each.reported_at, each.number), reverse=True)
        return list({each.number: each for each in newest_first}.values())

    def recent(self, person_id: str, now: datetime) -> Grievance | None:
        """What a person reported or added to a moment ago, while photos of it may still come."""
        found = grievances.latest_of(self.store, person_id, now - self.rules.photo_window, 1)
        return found[0] if found and found[0].state in OPEN else None

    def group_of(self, grievance: Grievance) -> Group | None:
        """The group in which it was said."""
        return next((each for each in self.tree.groups.values() if each.external_id == grievance.group), None)

    def community_of(self, resident: Person, group: Group | None) -> Node:
        """Where a resident's word counts: the group's community, else their own, else the only one there is."""
        node = self.tree.community_of(group.node_id) if group else self.tree.community_of(resident.node_id)
        found = node or self.tree.only_community()
        if found is None:
            raise Refused("grievances.which_community")
        return found

    # --- who --------------------------------------------------------------------------------------------------

    def node_of(self, grievance: Grievance) -> str:
        """The nearest node of the tree to where it is."""
        return grievance.place_id or grievance.community_id

    def may_see(self, person: Person, grievance: Grievance) -> bool:
        """Those at work on it; for public ones also whoever is responsible for the place at any level."""
        if person.id in self._workers(grievance):
            return True
        if not grievance.private and self.tree.answers_for(person.id, self.node_of(grievance)):
            return True
        if self.handler(grievance) is not None:
            return False
        responsible = self.responsible(grievance)
        return responsible is not None and person.id in responsible.ids

    def may_read(self, person: Person, grievance: Grievance) -> bool:
        """Those who may act upon it; and, where it is public, the first secretaries of its part of the tree."""
        if self.may_see(person, grievance):
            return True
        if grievance.private:
            return False
        nodes = self.tree.upwards(self.node_of(grievance))
        leads = (each.person_id for node in nodes for each in self.tree.at(node.id, Role.FIRST_SECRETARY))
        return person.id in leads

    def handler(self, grievance: Grievance) -> str | None:
        """Who has it. Nobody, where the one who had it has left: their roles are gone from the tree."""
        return grievance.handler_id if self._is_staff(grievance.handler_id) else None

    def _workers(self, grievance: Grievance) -> list[str]:
        """Handler, lead and helpers, as far as they are still there."""
        parts = [each.person_id for each in self.parts(grievance) if each.part is not Part.JOINED]
        found = [grievance.handler_id, *parts]
        return [each for each in found if each is not None and self._is_staff(each)]

    def _is_staff(self, person_id: str | None) -> bool:
        return person_id is not None and self.tree.holds(person_id, STAFF)

    def responsible(self, grievance: Grievance) -> Responsible | None:
        """Whose turn it is while nobody has it. Nobody handles their own case."""
        if grievance.level_id is None:
            return None
        return self.responsible_at(grievance.level_id, self.node_of(grievance), grievance.resident_id)

    def responsible_at(self, level_id: str, place_id: str, resident_id: str) -> Responsible | None:
        """Who must act at a level: its own people, else those above, else, so that nothing is lost, an administrator
        of the place."""
        found = self.tree.responsible(level_id, but_not=resident_id)
        if found is not None:
            return found
        for node in self.tree.upwards(place_id):
            holders = self.tree.at(node.id, Role.ADMINISTRATOR)
            if others := tuple(each for each in holders if each.person_id != resident_id):
                return Responsible(node, others)
        return None

    def vacant(self, node_id: str) -> Node | None:
        """The level that should have somebody for what happens at a node, where it has nobody."""
        node = next((each for each in self.tree.upwards(node_id) if each.level in ANSWERS_FOR), None)
        return node if node is not None and not self.tree.at(node.id, ANSWERS_FOR[node.level]) else None

    def administrators(self, node_id: str) -> tuple[str, ...]:
        """Who keeps the tree that a node is in."""
        found = (each for node in self.tree.upwards(node_id) for each in self.tree.at(node.id, Role.ADMINISTRATOR))
        return distinct(each.person_id for each in found)

    def above(self, grievance: Grievance) -> Responsible | None:
        """The level above the one where it lies, and above its handler. None for private ones: they do not climb."""
        if grievance.private:
            return None
        node_id = self._parent(self._highest(grievance))
        while (found := self.tree.responsible(node_id, but_not=grievance.resident_id)) is not None:
            if others := tuple(each for each in found.people if each.person_id != grievance.handler_id):
                return Responsible(found.node, others)
            node_id = found.node.parent_id
        return None

    def _highest(self, grievance: Grievance) -> str | None:
        """The level where it lies, or where its handler answers for it, whichever is higher."""
        branch = [node.id for node in self.tree.upwards(grievance.level_id)]
        roles = self.tree.roles_of(grievance.handler_id or "")
        answering = [
            branch.index(role.node_id)
            for role in roles
            if role.node_id in branch and ANSWERS_FOR.get(self.tree.nodes[role.node_id].level) is role.role
        ]
        return branch[max(answering, default=0)] if branch else None

    def _parent(self, node_id: str | None) -> str | None:
        node = self.tree.nodes.get(node_id) if node_id else None
        return node.parent_id if node else None

    def holder(self, person_id: str, grievance: Grievance) -> RoleHolder:
        """A handler, who is staff, by the role in which they act: the one nearest to the place."""
        roles = [role for role in self.tree.roles_of(person_id) if role.role in STAFF]
        above = [node.id for node in self.tree.upwards(self.node_of(grievance))]
        near = [role for role in roles if role.node_id in above]
        return min(near, key=lambda role: above.index(role.node_id)) if near else roles[0]

    def current_holder(self, grievance: Grievance) -> RoleHolder | None:
        """Who has it, or whose turn it is."""
        handler = self.handler(grievance)
        if handler is not None:
            return self.holder(handler, grievance)
        responsible = self.responsible(grievance)
        return responsible.people[0] if responsible else None

    def at_work(self, grievance: Grievance) -> tuple[str, ...]:
        """Those who have it: handler, lead and helpers; while nobody has, those whose turn it is."""
        if grievance.state is State.DRAFT:
            return ()
        workers = self._workers(grievance)
        if self.handler(grievance) is not None:
            return distinct(workers)
        responsible = self.responsible(grievance)
        return distinct([*(responsible.ids if responsible else ()), *workers])

    def followers(self, grievance: Grievance) -> tuple[str, ...]:
        """The resident and all who joined, also those of grievances that were merged into it, however often."""
        family = self.with_merged(grievance)
        return distinct(person for each in family for person in (each.resident_id, *self.joined(each)))

    def with_merged(self, grievance: Grievance) -> Iterator[Grievance]:
        """It and all that were merged into it, however often."""
        yield grievance
        for merged in grievances.merged_into(self.store, grievance.number):
            yield from self.with_merged(merged)

    def concerned(self, grievance: Grievance, *but_not: str) -> tuple[str, ...]:
        """Everybody who should hear of a change, those who made it or hear of it otherwise left out."""
        everybody = distinct([*self.followers(grievance), *self.at_work(grievance)])
        return tuple(each for each in everybody if each not in but_not)

    def goes_on_in(self, grievance: Grievance) -> Grievance:
        """The one that it is worked on in: itself, unless it was merged into another."""
        while grievance.merged_into is not None:
            grievance = self.existing(grievance.merged_into)
        return grievance

    def raters(self, grievance: Grievance) -> tuple[str, ...]:
        """Those who joined and may rate: nobody rates their own handling."""
        workers = {grievance.handler_id, *self._workers(grievance)}
        return tuple(each for each in self.followers(grievance)[1:] if each not in workers)

    def joined(self, grievance: Grievance) -> list[str]:
        """Those who joined, without the resident."""
        return [each.person_id for each in self.parts(grievance) if each.part is Part.JOINED]

    def parts(self, grievance: Grievance) -> list[grievances.Participant]:
        """Everybody with a part."""
        return grievances.parts(self.store, grievance.number)

    # --- writing ----------------------------------------------------------------------------------------------

    def step(
        self,
        grievance: Grievance,
        step: Step,
        actor_id: str | None,
        now: datetime,
        note: str = "",
        subject: str = "",
        **values: Any,
    ) -> Grievance:
        """One step: into the log, and its state and these values into the columns. Raises `Refused` if not legal."""
        changed = self.change(grievance, state=after(grievance, step), **values)
        self.log(grievance.number, step, actor_id, now, note, subject)
        return changed

    def log(
        self, number: int, step: Step, actor_id: str | None, now: datetime, note: str = "", subject: str = ""
    ) -> None:
        """One line of the log that changes no state."""
        grievances.log(self.store, number, now, actor_id, step, note, subject)

    def log_climb(self, number: int, step: Step, above: Responsible, now: datetime) -> None:
        """That it is with a level above from now on, and who is there."""
        self.log(number, step, None, now, BETWEEN.join(each.name for each in above.people), above.node.id)

    def change(self, grievance: Grievance, **values: Any) -> Grievance:
        """Writes columns and gives the grievance as it is then."""
        grievances.change(self.store, grievance.number, **values)
        return replace(grievance, **values)

    def count_households(self, grievance: Grievance) -> None:
        """Counts those who follow it anew, and what it was merged into, up the chain."""
        self.change(grievance, households=len(self.followers(grievance)))
        if grievance.merged_into is not None:
            self.count_households(self.existing(grievance.merged_into))

    def read_clock(self, grievance: Grievance) -> Grievance:
        """Computes the deadlines anew from the log, and when somebody must next be reminded of them."""
        replayed = log.replay(grievances.events(self.store, grievance.number))
        found = log.deadlines(replayed, self.rules)
        return self.change(
            grievance,
            reported_at=replayed.reported_at,
            contacted_at=replayed.contacted_at,
            handled_at=replayed.handled_at,
            ended_at=replayed.ended_at,
            respond_by=found.respond_by,
            resolve_by=found.resolve_by,
        )

    def chase_handler(self, grievance: Grievance, now: datetime) -> Grievance:
        """With clocks as the log has them, and its handler reminded of them next when that is due."""
        grievance = self.read_clock(grievance)
        assert grievance.resolve_by is not None
        upcoming = clock.milestones(grievance.reported_at, grievance.resolve_by)
        return self.change(grievance, chase_at=next(moment for moment, _ in upcoming if moment > now))

    def first_deadlines(self, draft: Grievance, now: datetime) -> clock.Deadlines:
        """The deadlines of one that goes out for the first time. So far only the resident was asked."""
        allowance = log.allowance(draft.deadline_class, self.rules)
        return clock.read(draft.reported_at, (clock.Pause(draft.reported_at, now),), allowance, self.rules.zone)

    def wait_for_somebody(self, grievance: Grievance, now: datetime) -> Grievance:
        """With clocks as the log has them, and those whose turn it is reminded when that is due first."""
        grievance = self.read_clock(grievance)
        return self.change(grievance, chases=0, chase_at=self.remind_at(grievance, now))

    def remind_at(self, waiting: Grievance, now: datetime) -> datetime:
        """When those whose turn it is are reminded first: ahead of every deadline."""
        warnings = (moment - clock.warning_before(moment - now) for moment in self._ahead(waiting, now))
        return min((now + self.patience(waiting), *warnings))

    def climb_at(self, waiting: Grievance, now: datetime) -> datetime:
        """When it climbs if nobody accepts it: at a deadline, or when patience is over."""
        return min((now + self.patience(waiting), *self._ahead(waiting, now)))

    def is_late(self, waiting: Grievance, now: datetime) -> bool:
        """Whether it has passed a deadline while nobody had it."""
        return any(moment <= now for moment in self._awaited(waiting))

    def _ahead(self, waiting: Grievance, now: datetime) -> list[datetime]:
        return [moment for moment in self._awaited(waiting) if moment > now]

    def _awaited(self, waiting: Grievance) -> list[datetime]:
        """The deadlines that nobody has met: of first contact, of the end."""
        respond_by = waiting.respond_by if waiting.contacted_at is None else None
        return [moment for moment in (respond_by, waiting.resolve_by) if moment is not None]

    def patience(self, grievance: Grievance) -> timedelta:
        """How long those whose turn it is may let it lie: where hours count, half of them, so that it has climbed
        by the deadline."""
        allowed = log.allowance(grievance.deadline_class, self.rules)
        return min(self.rules.accept_within, allowed.hours / 2 if allowed.hours else self.rules.accept_within)


def distinct(people: Iterable[str | None]) -> tuple[str, ...]:
    """Each person once, in the order in which they came."""
    return tuple(dict.fromkeys(person for person in people if person))
