"""Teams (队伍): volunteers who work together, with a leader and perhaps a chat group of their own."""

import re
from dataclasses import dataclass, replace
from datetime import datetime

from community.people import Person
from community.refused import Refused
from community.volunteers.outcomes import Formed, MyTeam, TeamChanged
from community.volunteers.register import Register
from storage import volunteers
from storage.volunteers import Team, Volunteer

__all__ = ["Team", "Teams", "longest_named"]

LONGEST_NAME = 15
"""Characters of a team's name."""

_KIND = re.compile("(?:志愿服务|志愿者|志愿|服务)?(?:队伍|小队|小组|队|组)$")
_LONGEST_NODE = 60
"""Characters of a community's id in the id of a team."""


@dataclass(frozen=True, slots=True)
class Teams:
    """Teams within one transaction."""

    register: Register

    # --- finding ------------------------------------------------------------------------------------------------

    def of(self, person_id: str) -> list[Team]:
        """The teams a person is in."""
        return volunteers.teams_of(self.register.store, person_id)

    def at(self, node_id: str) -> list[Team]:
        """The teams of a community."""
        return volunteers.teams_at(self.register.store, node_id)

    def by_id(self, team_id: str) -> Team:
        """Raises `Refused` where there is none, or not any more."""
        team = volunteers.team(self.register.store, team_id)
        if team is None:
            raise Refused("volunteers.team_gone")
        return team

    def team_of_group(self, channel: str, external_id: str) -> Team | None:
        """Whose chat group it is."""
        return volunteers.team_of_group(self.register.store, channel, external_id)

    def members(self, team_id: str) -> list[str]:
        """Who is in a team, by id, those who came first before the others."""
        return volunteers.members(self.register.store, team_id)

    def named_in(self, text: str, node_id: str) -> list[Team]:
        """The teams of a community that a text names, 「理发队」 or only 「理发」: those with the longest name."""
        return longest_named(text, self.at(node_id))

    def mine(self, person: Person) -> list[MyTeam]:
        """The teams a person is in or leads. Raises `Refused` where there is none."""
        led = volunteers.teams_led_by(self.register.store, person.id)
        found = list({each.id: each for each in [*led, *self.of(person.id)]}.values())
        if not found:
            raise Refused("volunteers.no_team_yet")
        names = self.register.names_of([each.leader_id for each in found if each.leader_id])
        return [
            MyTeam(
                each, names.get(each.leader_id or "", ""), len(self.members(each.id)), leads=each.leader_id == person.id
            )
            for each in found
        ]

    def crew(self, team_id: str, person: Person) -> list[tuple[str, tuple[str, ...]]]:
        """Who is in a team, the leader first, by name with skills: for its leader and for staff. Raises `Refused`."""
        team = self.by_id(team_id)
        self.check_leads(person, team)
        ids = sorted(self.members(team_id), key=lambda each: each != team.leader_id)
        names, entries = self.register.names_of(ids), self.register.of(ids)
        return [(names[each], entries[each].skills if each in entries else ()) for each in ids]

    def led_by(self, person: Person) -> list[Team]:
        """The teams a person leads."""
        return volunteers.teams_led_by(self.register.store, person.id)

    def check_leads(self, person: Person, team: Team) -> None:
        """Its leader, and who works for its community. Raises `Refused`."""
        if team.leader_id != person.id:
            self.register.check_staff(person, team.node_id)

    # --- being in one -------------------------------------------------------------------------------------------

    def join(self, team_id: str, person: Person, now: datetime) -> TeamChanged:
        """Goes into a team. Raises `Refused` for who is no volunteer, or in it already."""
        if self.register.known(person.id) is None:
            raise Refused("volunteers.join_first")
        entry = self.register.ensure(person, now)
        return self._add(self.by_id(team_id), entry, person, now)

    def add(self, team_id: str, person_id: str, actor: Person, now: datetime) -> TeamChanged:
        """The leader, or staff, put somebody into it. Raises `Refused`."""
        team = self.by_id(team_id)
        self.check_leads(actor, team)
        entry = self.register.known(person_id)
        if entry is None:
            raise Refused("volunteers.gone")
        return self._add(team, entry, actor, now)

    def leave(self, team_id: str, person: Person, now: datetime) -> TeamChanged:
        """Goes out of a team. Raises `Refused` for who is not in it."""
        team = self.by_id(team_id)
        volunteers.lock_team(self.register.store, team_id)
        if not volunteers.remove_member(self.register.store, team_id, person.id, now):
            raise Refused("volunteers.not_in_team", team=team.name)
        if team.leader_id == person.id:
            volunteers.change_team(self.register.store, team_id, leader_id=None)
        return self._changed(team, person.id, person)

    def _add(self, team: Team, entry: Volunteer, actor: Person, now: datetime) -> TeamChanged:
        volunteers.lock_team(self.register.store, team.id)
        if entry.person_id in self.members(team.id):
            key = "volunteers.in_team_already" if entry.person_id == actor.id else "volunteers.is_in_team_already"
            raise Refused(key, team=team.name, name=entry.name)
        volunteers.add_member(self.register.store, team.id, entry.person_id, now)
        return self._changed(team, entry.person_id, actor)

    def _changed(self, team: Team, person_id: str, actor: Person) -> TeamChanged:
        leader = team.leader_id
        ids = [person_id, *([leader] if leader else [])]
        names = self.register.names_of(ids)
        if leader == person_id:
            tell = tuple(each for each in self.register.tree.workers_for(team.node_id) if each != actor.id)
        else:
            tell = (leader,) if leader and leader != actor.id else ()
        count = len(self.members(team.id))
        return TeamChanged(team, person_id, names.get(person_id, ""), count, names.get(leader or "", ""), tell)

    # --- for staff ----------------------------------------------------------------------------------------------

    def form(self, staff: Person, group_node: str | None, name: str, leader: Volunteer | None, now: datetime) -> Formed:
        """A new team; its leader is in it. Raises `Refused`."""
        node = self.register.staffed(staff, group_node)
        if not name or len(name) > LONGEST_NAME:
            raise Refused("volunteers.form_how")
        if any(each.name == name for each in self.at(node.id)):
            raise Refused("volunteers.team_exists", team=name)
        leader_id = leader.person_id if leader is not None else None
        team = Team(f"{node.id[:_LONGEST_NODE]}:{name}", node.id, name, leader_id, None, None)
        volunteers.add_team(self.register.store, team)
        if leader is not None:
            volunteers.add_member(self.register.store, team.id, leader.person_id, now)
        return Formed(team, leader.name if leader is not None else "")

    def bind(self, staff: Person, team_id: str, channel: str, external_id: str) -> Team:
        """The group is this team's. Raises `Refused`."""
        team = self.by_id(team_id)
        self.register.check_staff(staff, team.node_id)
        volunteers.bind_team(self.register.store, team_id, channel, external_id)
        return replace(team, channel=channel, group_external_id=external_id)


def longest_named(text: str, teams: list[Team]) -> list[Team]:
    """Of these teams those that a text names, by the whole name before part of it, and the longest."""
    for shown in (lambda team: team.name, lambda team: _KIND.sub("", team.name)):
        named = [each for each in teams if shown(each) and shown(each) in text]
        if named:
            most = max(len(each.name) for each in named)
            return [each for each in named if len(each.name) == most]
    return []
