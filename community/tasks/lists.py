"""Lists of tasks, each as whoever reads it may know it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from community.people import Person
from community.refused import Refused
from community.tasks.ledger import Ledger
from community.tasks.outcomes import Mine, Public, Seen, Standing
from community.tasks.steps import OPEN
from community.volunteers.register import Volunteer
from community.volunteers.teams import Team
from storage import task_lists, tasks
from storage.tables import TaskState
from storage.tasks import Claim, Task

IN_A_LIST = 12
"""Tasks that are listed at once."""

LOOKED_AT_MOST = 500
"""Open tasks of one community: more than that no list reads."""

LONG_OPEN = timedelta(days=1)
"""Since when a task that nobody has taken is worth a word to the community."""

LOOKED_AT_ORDERS = timedelta(days=90)
"""How far back one's own tasks are looked at."""

JUST_ENDED = timedelta(days=7)
"""How long a task that has ended is still among one's own."""


@dataclass(frozen=True, slots=True)
class Lists:
    """What is open, what is mine, and how one task stands."""

    ledger: Ledger

    def one(self, task_id: int, person: Person) -> Standing:
        """A task as this person may see it. Raises `Refused` for those of other communities."""
        task = self.ledger.existing(task_id)
        seen = self._seen(task, person)
        if seen is Seen.PUBLIC and not self._belongs(person, task):
            raise Refused("tasks.not_found")
        return self._standings([task], person, seen)[0]

    def open_for(self, person: Person, group_node: str | None) -> list[Standing]:
        """What a volunteer may take, or for staff whatever nobody has yet. Raises `Refused` for everybody else."""
        node = self.ledger.volunteers.register.community_of(person, group_node)
        found = self._open(node.id, TaskState.ORDERED)
        if self.ledger.tree.works_at(person.id, node.id):
            return self._standings(found, person, Seen.STAFF)
        entry = self.ledger.volunteers.register.known(person.id)
        if entry is None:
            raise Refused("tasks.volunteers_only")
        blocked = tasks.blocked_for(self.ledger.store, person.id)
        fit = [each for each in found if _may_take(entry, each) and not {each.orderer_id, each.ordered_by} & blocked]
        mine = {each.id for each in tasks.claimed_by(self.ledger.store, person.id)}
        return self._standings([each for each in fit if each.id not in mine], person, Seen.PUBLIC)

    def is_staff(self, person: Person, group_node: str | None) -> bool:
        """Whether somebody works for the community that is meant."""
        node = self.ledger.volunteers.register.community_of(person, group_node)
        return self.ledger.tree.works_at(person.id, node.id)

    def mine(self, person: Person, now: datetime) -> Mine:
        """What somebody ordered lately, and what they have promised to do."""
        ordered = tasks.ordered_by(self.ledger.store, person.id, now - LOOKED_AT_ORDERS)
        recent = [each for each in ordered if each.ended_at is None or each.ended_at > now - JUST_ENDED]
        promised = [each for each in tasks.claimed_by(self.ledger.store, person.id) if each.state in OPEN]
        return Mine(
            tuple(self._standings(recent, person, Seen.ORDERER)), tuple(self._standings(promised, person, Seen.TAKER))
        )

    def unclaimed(self, staff: Person, group_node: str | None, now: datetime) -> list[Standing]:
        """What nobody has taken for more than a day. Raises `Refused` for who is no staff."""
        node = self.ledger.volunteers.register.staffed(staff, group_node)
        found = [each for each in self._open(node.id, TaskState.ORDERED) if each.ordered_at < now - LONG_OPEN]
        return self._standings(found, staff, Seen.STAFF)

    def overdue(self, staff: Person, group_node: str | None, now: datetime) -> list[Standing]:
        """What is not done though its time is over. Raises `Refused` for who is no staff."""
        node = self.ledger.volunteers.register.staffed(staff, group_node)
        found = self._open(node.id, *OPEN)
        late = [each for each in found if each.until_at is not None and each.until_at < now]
        return self._standings(late, staff, Seen.STAFF)

    def of_team(self, words: str, staff: Person, group_node: str | None) -> tuple[Team, list[Standing]]:
        """What a team was asked about, or its members have promised. Raises `Refused`."""
        register, teams = self.ledger.volunteers.register, self.ledger.volunteers.teams
        node = register.community_of(staff, group_node)
        named = teams.named_in(words, node.id)
        if len(named) != 1:
            raise Refused("tasks.which_team")
        (team,) = named
        teams.check_leads(staff, team)
        found = self._open(node.id, *OPEN)
        members = set(teams.members(team.id))
        claims = self._claims(found)
        theirs = [
            each
            for each in found
            if each.team_id == team.id or any(claim.person_id in members for claim in claims.get(each.id, ()))
        ]
        return team, self._standings(theirs, staff, Seen.STAFF)

    # --- inside -------------------------------------------------------------------------------------------------

    def _open(self, node_id: str, *states: TaskState) -> list[Task]:
        return tasks.open_at(self.ledger.store, [node_id], states, LOOKED_AT_MOST)

    def _seen(self, task: Task, person: Person) -> Seen:
        if self.ledger.claim_of(person.id, task) is not None:
            return Seen.TAKER
        if self.ledger.is_orderer(person, task):
            return Seen.ORDERER
        return Seen.STAFF if self.ledger.works_for(person, task) else Seen.PUBLIC

    def _belongs(self, person: Person, task: Task) -> bool:
        """Whether somebody has to do with the community of a task at all."""
        node = self.ledger.volunteers.register.community_of(person, None)
        return node.id == task.node_id

    def _claims(self, found: Sequence[Task]) -> dict[int, list[Claim]]:
        by_task: dict[int, list[Claim]] = {}
        for each in tasks.claims(self.ledger.store, [task.id for task in found]):
            by_task.setdefault(each.task_id, []).append(each)
        return by_task

    def _standings(self, found: Sequence[Task], person: Person, seen: Seen) -> list[Standing]:
        """In a few statements for all of them. `contact` is there only for whoever may have it."""
        claims = self._claims(found)
        asked: dict[int, list[str]] = {}
        if seen is Seen.STAFF:
            for task_id, person_id in task_lists.asked(self.ledger.store, [each.id for each in found]):
                asked.setdefault(task_id, []).append(person_id)
        ids = {claim.person_id for each in claims.values() for claim in each}
        ids |= {each for people in asked.values() for each in people} | {each.orderer_id for each in found}
        names = self.ledger.volunteers.register.names_of(sorted(ids))
        return [
            self._standing(each, claims.get(each.id, []), asked.get(each.id, []), names, person, seen) for each in found
        ]

    def _standing(
        self,
        task: Task,
        claims: Sequence[Claim],
        asked: Sequence[str],
        names: Mapping[str, str],
        person: Person,
        seen: Seen,
    ) -> Standing:
        missing = task.takers - len(claims)
        knows = seen is Seen.TAKER and missing <= 0 and any(each.person_id == person.id for each in claims)
        return Standing(
            Public(task, self.ledger.area(task), missing),
            seen,
            tuple(names.get(each.person_id, "") for each in claims),
            tuple(names.get(each, "") for each in asked),
            names.get(task.orderer_id, "") if knows else "",
            knows,
        )


def _may_take(entry: Volunteer, task: Task) -> bool:
    """Whether a task may be shown to a volunteer: none of their own, none in a home before they are confirmed."""
    own = entry.person_id in (task.orderer_id, task.ordered_by)
    return not own and (entry.confirmed_at is not None or not task.at_home)
