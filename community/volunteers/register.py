"""The register (一库): who is a volunteer, with what skills and free times; joining, being confirmed, leaving."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from community.people import Person
from community.refused import Refused
from community.rules import Rules
from community.tree import Node, Role, RoleHolder, Tree
from community.volunteers.outcomes import Confirmed, Entry, Joined, Left, Told
from community.volunteers.skills import canonical_all, fits
from storage import volunteers
from storage.database import Store
from storage.volunteers import Team, Volunteer

__all__ = ["Register", "Volunteer"]


@dataclass(frozen=True, slots=True)
class Register:
    """Volunteers within one transaction.

    Those to whom the community file gives the role are in it from then on, confirmed, also before they have a row.
    """

    store: Store
    tree: Tree
    rules: Rules

    # --- who --------------------------------------------------------------------------------------------------

    def known(self, person_id: str) -> Volunteer | None:
        """A volunteer; None for those who are none, or not any more."""
        return self.of([person_id]).get(person_id)

    def of(self, person_ids: Collection[str]) -> Mapping[str, Volunteer]:
        """The volunteers among these people."""
        entries = volunteers.by_ids(self.store, person_ids)
        by_role = [
            each
            for person_id in person_ids
            if person_id not in entries
            for each in self.tree.roles_of(person_id)
            if each.role is Role.VOLUNTEER
        ]
        active = {each.person_id: each for each in entries.values() if each.left_at is None}
        return active | {each.person_id: each for each in self._from_file(by_role)}

    def at(self, node_id: str) -> list[Volunteer]:
        """The volunteers of a community, those who came first before the others."""
        holders = [each for each in self.tree.everyone(Role.VOLUNTEER) if self._home(each) == node_id]
        entries = volunteers.by_ids(self.store, [each.person_id for each in holders])
        new = self._from_file([each for each in holders if each.person_id not in entries])
        return sorted([*volunteers.at_node(self.store, node_id), *new], key=lambda each: (each.since, each.person_id))

    def called(self, node_id: str, name: str) -> list[Volunteer]:
        """The volunteers of a community who have this name."""
        return [each for each in self.at(node_id) if each.name == name]

    def with_skill(self, node_id: str, skill: str) -> list[Volunteer]:
        """The volunteers of a community who can do this, which may also be the name of a stall."""
        return [each for each in self.at(node_id) if any(fits(own, skill) for own in each.skills)]

    def skills_of(self, person_id: str) -> tuple[str, ...]:
        """What a volunteer can do; nothing for those who are none."""
        entry = self.known(person_id)
        return entry.skills if entry is not None else ()

    def invited_by(self, person_id: str) -> str | None:
        """Who brought them, by id."""
        entry = self.known(person_id)
        return entry.invited_by if entry is not None else None

    def names_of(self, person_ids: Collection[str]) -> Mapping[str, str]:
        """What these people are called: in the register, else elsewhere."""
        return volunteers.names_of(self.store, person_ids)

    def community_of(self, person: Person, group_node: str | None) -> Node:
        """The group's community, else that of the home, of what they do, or the only one. Raises `Refused`."""
        places = (group_node, person.node_id, *(each.node_id for each in self.tree.roles_of(person.id)))
        found = next((node for place in places if (node := self.tree.community_of(place)) is not None), None)
        node = found or self.tree.only_community()
        if node is None:
            raise Refused("grievances.which_community")
        return node

    # --- their own entry ----------------------------------------------------------------------------------------

    def ensure(self, person: Person, now: datetime, group_node: str | None = None) -> Volunteer:
        """The entry of somebody who does what volunteers do; a new one where there is none.

        Nobody comes back by this: the entry of one who has left is given as it is.
        """
        volunteers.lock_person(self.store, person.id)
        entry = volunteers.by_id(self.store, person.id)
        if entry is not None:
            return entry
        known = self.known(person.id)
        return self._add(known or self._new(person, Told(person.name), now, group_node))

    def join(self, person: Person, group_node: str | None, told: Told, now: datetime) -> Joined:
        """Puts somebody into the register. Those who come back find what they had. Raises `Refused`."""
        volunteers.lock_person(self.store, person.id)
        before = volunteers.by_id(self.store, person.id) or self.known(person.id)
        entry = before or self._new(person, told, now, group_node)
        inviter = self._inviter(entry.node_id, told.inviter, person)
        entry = replace(
            entry,
            name=told.name,
            skills=canonical_all(told.skills) or entry.skills,
            free=told.free or entry.free,
            invited_by=entry.invited_by or (inviter.person_id if inviter else None),
            left_at=None,
        )
        self._write(entry)
        tell = () if entry.confirmed_at is not None else self._others(entry.node_id, person.id)
        back = before is not None and before.left_at is not None
        return Joined(entry, back, inviter.name if inviter else "", tell)

    def change(
        self,
        person: Person,
        now: datetime,
        *,
        name: str | None = None,
        skills: Sequence[str] | None = None,
        free: Sequence[str] | None = None,
    ) -> Volunteer:
        """Something of one's own entry is otherwise. Raises `Refused` for who is no volunteer."""
        self._own(person)
        entry = self.ensure(person, now)
        entry = replace(
            entry,
            name=entry.name if name is None else name,
            skills=entry.skills if skills is None else canonical_all(skills),
            free=entry.free if free is None else tuple(free),
        )
        self._write(entry)
        return entry

    def leave(self, person: Person, now: datetime) -> Left:
        """Out of everything, without a question; the hours stay. Raises `Refused` for who is nothing of it."""
        teams = volunteers.teams_of(self.store, person.id)
        led = volunteers.teams_led_by(self.store, person.id)
        if not teams and not led:
            self._own(person)
        entry = self.ensure(person, now)
        volunteers.leave_all_teams(self.store, person.id, now)
        volunteers.forget_standing(self.store, person.id)
        volunteers.change(self.store, person.id, left_at=now)
        return Left(person.id, entry.name, tuple(teams), tuple(led), self._bereft(entry, teams, led))

    # --- for staff ----------------------------------------------------------------------------------------------

    def to_confirm(self, staff: Person, group_node: str | None, name: str = "") -> list[Volunteer]:
        """Those whom the community does not know yet: all, or those of this name. Raises `Refused`."""
        node = self.staffed(staff, group_node)
        if not name:
            return [each for each in self.at(node.id) if each.confirmed_at is None]
        found = self.called(node.id, name)
        if not found:
            raise Refused("volunteers.nobody_called", name=name)
        waiting = [each for each in found if each.confirmed_at is None]
        if not waiting:
            raise Refused("volunteers.confirmed_already", name=name)
        return waiting

    def confirm(self, person_id: str, staff: Person, now: datetime) -> Confirmed:
        """The community knows them from now on. Raises `Refused`."""
        volunteers.lock_person(self.store, person_id)
        entry = self.known(person_id)
        if entry is None:
            raise Refused("volunteers.gone")
        self.check_staff(staff, entry.node_id)
        if entry.confirmed_at is not None:
            raise Refused("volunteers.confirmed_already", name=entry.name)
        volunteers.change(self.store, person_id, confirmed_at=now, confirmed_by=staff.id)
        return Confirmed(replace(entry, confirmed_at=now, confirmed_by=staff.id))

    def listed(self, staff: Person, group_node: str | None, words: str = "") -> list[Entry]:
        """The volunteers of a community: all, or those with this name, skill or team. Raises `Refused`."""
        node = self.staffed(staff, group_node)
        teams = volunteers.memberships(self.store, node.id)
        entries = [Entry(each, teams.get(each.person_id, ())) for each in self.at(node.id)]
        if not words:
            return entries
        return [
            each
            for each in entries
            if words in each.volunteer.name
            or any(words in team for team in each.teams)
            or any(fits(skill, words) for skill in each.volunteer.skills)
        ]

    def staffed(self, staff: Person, group_node: str | None) -> Node:
        """The community for which somebody acts. Raises `Refused` for those who do not work for it."""
        node = self.community_of(staff, group_node)
        self.check_staff(staff, node.id)
        return node

    def check_staff(self, staff: Person, node_id: str) -> None:
        """Raises `Refused` for those who do not work for a node."""
        if not self.tree.works_at(staff.id, node_id):
            raise Refused("help.not_for_you")

    # --- inside -------------------------------------------------------------------------------------------------

    def _own(self, person: Person) -> Volunteer:
        entry = self.known(person.id)
        if entry is None:
            raise Refused("volunteers.not_one")
        return entry

    def _new(self, person: Person, told: Told, now: datetime, group_node: str | None) -> Volunteer:
        node = self.community_of(person, group_node)
        works = self.tree.works_at(person.id, node.id)
        return Volunteer(
            person_id=person.id,
            node_id=node.id,
            name=told.name,
            skills=canonical_all(told.skills),
            free=told.free,
            since=now,
            invited_by=None,
            confirmed_at=now if works else None,
            confirmed_by=None,
            honour=False,
            left_at=None,
        )

    def _add(self, entry: Volunteer) -> Volunteer:
        volunteers.add(self.store, entry)
        return entry

    def _write(self, entry: Volunteer) -> None:
        if volunteers.by_id(self.store, entry.person_id) is None:
            self._add(entry)
            return
        volunteers.change(
            self.store,
            entry.person_id,
            name=entry.name,
            skills=list(entry.skills),
            free=list(entry.free),
            invited_by=entry.invited_by,
            left_at=entry.left_at,
        )

    def _inviter(self, node_id: str, name: str, person: Person) -> Volunteer | None:
        """Whoever brought them, where exactly one volunteer has that name."""
        found = [each for each in self.called(node_id, name) if each.person_id != person.id] if name else []
        return found[0] if len(found) == 1 else None

    def _others(self, node_id: str, person_id: str) -> tuple[str, ...]:
        return tuple(each for each in self.tree.workers_for(node_id) if each != person_id)

    def _bereft(self, entry: Volunteer, teams: Sequence[Team], led: Sequence[Team]) -> tuple[tuple[str, Team], ...]:
        """Who is to hear that somebody has left: leaders of their teams, and the workers of those they led."""
        leaders = [(each.leader_id, each) for each in teams if each.leader_id not in (None, entry.person_id)]
        workers = [(worker, each) for each in led for worker in self._others(each.node_id, entry.person_id)]
        return tuple((str(person_id), team) for person_id, team in [*leaders, *workers])

    def _home(self, holder: RoleHolder) -> str:
        community = self.tree.community_of(holder.node_id)
        return community.id if community is not None else holder.node_id

    def _from_file(self, holders: Sequence[RoleHolder]) -> list[Volunteer]:
        """What the community file makes of people without an entry: confirmed since they are known."""
        first = {each.person_id: each for each in reversed(holders)}
        known = volunteers.people_known(self.store, first)
        return [
            Volunteer(
                person_id=person.person_id,
                node_id=self._home(first[person.person_id]),
                name=person.name,
                skills=(),
                free=(),
                since=person.created_at,
                invited_by=None,
                confirmed_at=person.created_at,
                confirmed_by=None,
                honour=False,
                left_at=None,
            )
            for person in known.values()
        ]
