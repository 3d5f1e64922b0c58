"""Dispatch (派单): whom a task is pushed to, round by round, until somebody takes it or people look after it.

The three best have half an hour, then ten more; then it is told in the team's group, without name and address; then
the community's workers hear of it. All of it stands in the task's row: a restart loses nothing, and nothing is twice.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from community.parts.notice import quiet_ends
from community.parts.places import waking_end
from community.people import Person
from community.refused import Refused
from community.tasks.fit import MOST_ASKED, MOST_CLAIMS, WEEK, Candidate, Distance, Wanted, best, nearest, rank
from community.tasks.happened import Declined, GaveUp, GivenTo, Hindrance, Pushed, TimePassed
from community.tasks.ledger import Ledger
from community.tasks.outcomes import Task, TaskState
from community.tasks.steps import Stage, Step, after
from community.tree import Level, Members, Role
from community.volunteers.register import Volunteer
from community.volunteers.skills import fits
from community.volunteers.teams import Team
from storage import people, task_dispatch, tasks
from storage.task_dispatch import PAGE, Row, Search

ROUNDS = (3, 10)
"""How many are asked at once, round by round."""

ROUND = timedelta(minutes=30)
"""Waking minutes before the next round."""

GROUP_ROUND = timedelta(hours=1)
"""The same after it was told in a group."""

NAMED_ROUND = timedelta(hours=1)
"""The same for somebody whom staff named."""

WORKERS_AGAIN, WORKERS_LATER = timedelta(days=1), timedelta(days=3)
"""How long until the workers hear once more that it is open: at first, and from then on."""

OPEN_FOR = timedelta(days=14)
"""How long after the workers heard of it first a task without a time is given up, and everybody told so."""

ANOTHER_TIME_WITHIN = timedelta(days=3)
"""How long the orderer has to name another time when the first is over."""

PAGES = 4
"""Pages of candidates that are looked at."""

TO_GROUP, TO_WORKERS = len(ROUNDS) + 1, len(ROUNDS) + 2
"""The rounds after those: the numbers that the row has then."""

BETWEEN = " "
"""Between channel and id of a group in the log."""


@dataclass(frozen=True, slots=True)
class Dispatch:
    """Bringing tasks to people, within one transaction."""

    ledger: Ledger

    # --- rounds -------------------------------------------------------------------------------------------------

    def begin(self, task: Task, now: datetime) -> Pushed | TimePassed | None:
        """The next round now; None: at the end of the quiet hours, which only urgent ones do not wait for."""
        starts = self.awake(task, now)
        if starts > now:
            tasks.change(self.ledger.store, task.id, next_at=starts, stage=Stage.NEXT_ROUND)
            return None
        return self.advance(task, now)

    def advance(self, task: Task, now: datetime) -> Pushed | TimePassed:
        """One round: the first that reaches anybody. At the latest the workers hear of it."""
        if is_over(task, now):
            return self._time_passed(task, now)
        # Whoever is given a task back, or another time for it, asks others again before people are told.
        done = task.round if task.round < TO_WORKERS else 1
        for number in range(done + 1, TO_GROUP):
            if chosen := self._chosen(task, ROUNDS[number - 1], now):
                return self._push(task, number, chosen, now)
        if done < TO_GROUP and (groups := self._groups(task)):
            return self._tell_groups(task, groups, now)
        return self.tell_workers(task, now)

    def awake(self, task: Task, now: datetime) -> datetime:
        """`now`, or the end of the quiet hours for what is not urgent."""
        return now if task.urgent else quiet_ends(now, self.ledger.rules)

    def later(self, task: Task, now: datetime, span: timedelta) -> datetime:
        """So many waking minutes later; for what is urgent so many minutes."""
        return now + span if task.urgent else waking_end(now, span, self.ledger.rules)

    def _push(self, task: Task, number: int, chosen: Sequence[str], now: datetime) -> Pushed:
        look = self._before_it_is_over(task, self.later(task, now, ROUND))
        note = str(len(chosen))
        changed = self.ledger.step(
            task, Step.PUSH, None, now, note=note, round=number, next_at=look, stage=Stage.NEXT_ROUND
        )
        rows = [{"task_id": task.id, "person_id": each, "round": number, "pushed_at": now} for each in chosen]
        tasks.add_pushes(self.ledger.store, rows)
        return Pushed(self.ledger.public(changed), people=tuple(chosen))

    def _tell_groups(self, task: Task, groups: Sequence[tuple[str, str]], now: datetime) -> Pushed:
        look = self._before_it_is_over(task, self.later(task, now, GROUP_ROUND))
        subject = BETWEEN.join(groups[0])
        changed = self.ledger.step(
            task, Step.TO_TEAM, None, now, subject=subject, round=TO_GROUP, next_at=look, stage=Stage.NEXT_ROUND
        )
        for each in groups[1:]:
            self.ledger.log(changed, Step.TO_TEAM, None, now, subject=BETWEEN.join(each))
        return Pushed(self.ledger.public(changed), groups=tuple(groups))

    def tell_workers(self, task: Task, now: datetime) -> Pushed:
        """Nobody was found: people look after it. They hear of it again as long as it is open."""
        told = [each for each in tasks.lines(self.ledger.store, task.id) if each.step == Step.TO_WORKER]
        span = WORKERS_LATER if told else WORKERS_AGAIN
        look = self._before_it_is_over(task, quiet_ends(now + span, self.ledger.rules))
        again = bool(told) and task.stage == Stage.WORKER
        changed = self.ledger.step(task, Step.TO_WORKER, None, now, round=TO_WORKERS, next_at=look, stage=Stage.WORKER)
        ear = "" if told else self.ear(task)
        return Pushed(self.ledger.public(changed), workers=self.workers(task), again=again, ear=ear)

    def look_again(self, task: Task, now: datetime) -> Pushed | TimePassed | GaveUp:
        """The workers have known for a while that nobody has it."""
        if is_over(task, now):
            return self._time_passed(task, now)
        told = [each.at for each in tasks.lines(self.ledger.store, task.id) if each.step == Step.TO_WORKER]
        if told and told[0] + OPEN_FOR <= now:
            return self.give_up(task, now)
        return self.tell_workers(task, now)

    def give_up(self, task: Task, now: datetime) -> GaveUp:
        """It has come to nothing: said to whoever ordered it and to the workers."""
        changed = self.ledger.step(task, Step.GIVE_UP, None, now)
        return GaveUp(self.ledger.public(changed), self.ear(task), self.workers(task))

    def _time_passed(self, task: Task, now: datetime) -> TimePassed:
        partners = tuple(each.person_id for each in self.ledger.claims(task))
        for each in self.ledger.claims(task):
            tasks.change_claim(self.ledger.store, each.id, given_back_at=now)
            self.ledger.log(task, Step.TAKE_BACK, None, now, subject=each.person_id)
        look = quiet_ends(now + ANOTHER_TIME_WITHIN, self.ledger.rules)
        self.ledger.close_questions(task, now)
        changed = self.ledger.step(
            task, Step.TO_WORKER, None, now, note="time_over", round=TO_WORKERS, next_at=look, stage=Stage.CLOSE
        )
        return TimePassed(self.ledger.public(changed), self.ear(task), self.workers(task), partners)

    def _before_it_is_over(self, task: Task, look: datetime) -> datetime:
        over = over_at(task)
        return look if over is None else min(look, over)

    # --- by name ------------------------------------------------------------------------------------------------

    def named(self, task_id: int, name: str, staff: Person) -> list[Volunteer]:
        """The volunteers of this name that staff may mean. Raises `Refused`."""
        task = self._staffed(task_id, staff)
        after(task, Step.PUSH)
        found = self.ledger.volunteers.register.called(task.node_id, name)
        if not found:
            raise Refused("tasks_dispatch.nobody_called", name=name)
        return found

    def give(self, task_id: int, person_id: str, staff: Person, now: datetime) -> GivenTo:
        """This one is asked, and nobody else for an hour. Raises `Refused` where they may not have it."""
        task = self.ledger.locked(self._staffed(task_id, staff).id)
        after(task, Step.PUSH)
        name = self.ledger.volunteers.register.names_of([person_id]).get(person_id, "")
        hindrance = self.hindrance(person_id, task, now)
        if hindrance is not None:
            raise Refused(f"tasks_dispatch.give_{hindrance}", number=task.number, name=name)
        look = self._before_it_is_over(task, self.later(task, now, NAMED_ROUND))
        changed = self.ledger.step(
            task, Step.PUSH, staff.id, now, subject=person_id, note="1", next_at=look, stage=Stage.NEXT_ROUND
        )
        self.ledger.log(changed, Step.GIVE, staff.id, now, subject=person_id)
        task_dispatch.push_again(self.ledger.store, task.id, person_id, task.round, now)
        return GivenTo(Pushed(self.ledger.public(changed), people=(person_id,), given=True), name)

    def givers(self, task: Task, person_id: str) -> tuple[str, ...]:
        """Staff who had named somebody for a task."""
        lines = tasks.lines(self.ledger.store, task.id)
        found = [each.actor_id for each in lines if each.step == Step.GIVE and each.subject == person_id]
        return tuple(dict.fromkeys(each for each in found if each is not None and each != person_id))

    # --- no ----------------------------------------------------------------------------------------------------

    def decline(self, task_id: int, person: Person, now: datetime) -> Declined:
        """Somebody who was asked does not want it. When all of a round have said so the next are asked at once.

        Raises `Refused` for who was not asked.
        """
        task = self.ledger.locked(task_id)
        asked = tasks.pushes(self.ledger.store, task.id)
        own = next((each for each in asked if each.person_id == person.id), None)
        if own is None:
            raise Refused("tasks_dispatch.not_asked", number=task.number)
        first = own.declined_at is None
        if first:
            tasks.decline(self.ledger.store, task.id, person.id, now)
            self.ledger.log(task, Step.DECLINE, person.id, now)
        name = self.ledger.volunteers.register.names_of([person.id]).get(person.id, person.name)
        rest = [each for each in asked if each.round == task.round and each.person_id != person.id]
        all_said_no = own.round == task.round and all(each.declined_at is not None for each in rest)
        goes_on = task.state is TaskState.ORDERED and task.stage == Stage.NEXT_ROUND
        pushed = self.begin(task, now) if first and goes_on and all_said_no else None
        return Declined(task, name, self.givers(task, person.id), pushed)

    # --- who ---------------------------------------------------------------------------------------------------

    def hindrance(self, person_id: str, task: Task, now: datetime) -> Hindrance | None:
        """Why somebody cannot have a task; None where they can."""
        if person_id == task.orderer_id:
            return Hindrance.OWN
        known = self.known_for(person_id, task)
        if known is None:
            belongs = self.ledger.volunteers.register.known(person_id) is not None
            return Hindrance.FOREIGN if belongs else Hindrance.NOT_ONE
        if person_id in tasks.blocked_for(self.ledger.store, task.orderer_id):
            return Hindrance.BLOCKED
        if task.at_home and not known:
            return Hindrance.NOT_CONFIRMED
        if self.ledger.claim_of(person_id, task) is not None:
            return Hindrance.HAS_IT
        if is_over(task, now):
            return Hindrance.TIME_OVER
        if self.load(person_id) >= MOST_CLAIMS:
            return Hindrance.BUSY
        return None

    def known_for(self, person_id: str, task: Task) -> bool | None:
        """Whether the community of a task has confirmed a volunteer; None: they are none, or not of this one.

        Whoever works there may lend a hand as well, and so may those in its teams.
        """
        tree = self.ledger.tree
        here = [each for each in tree.roles_of(person_id) if tree.lies_in(each.node_id, task.node_id)]
        serves = any(each.role not in (Role.RESIDENT, Role.VOLUNTEER) for each in here)
        if serves or tree.works_at(person_id, task.node_id):
            return True
        entry = self.ledger.volunteers.register.known(person_id)
        if entry is not None:
            return entry.confirmed_at is not None if entry.node_id == task.node_id else None
        return False if any(each.node_id == task.node_id for each in self._teams_of(person_id)) else None

    def load(self, person_id: str) -> int:
        """How many tasks somebody has promised and not done."""
        return task_dispatch.loads(self.ledger.store, [person_id]).get(person_id, 0)

    def workers(self, task: Task) -> tuple[str, ...]:
        """Who looks after the community of a task."""
        return self.ledger.tree.workers_for(task.node_id)

    def ear(self, task: Task) -> str:
        """Who hears how it goes, by id: the orderer, or whoever ordered for somebody that no channel reaches."""
        reached = bool(people.addresses_of(self.ledger.store, task.orderer_id))
        return task.orderer_id if reached else task.ordered_by

    def told_in(self, channel: str, group: str, node_id: str, since: datetime) -> list[Task]:
        """What was told in a group since then and is open still, the latest first."""
        nodes = [node.id for node in self.ledger.tree.upwards(node_id)]
        return task_dispatch.told_in(self.ledger.store, BETWEEN.join((channel, group)), nodes, since)

    def asked_count(self, task: Task) -> int:
        """How many have been asked about a task."""
        return len(tasks.pushes(self.ledger.store, task.id))

    def groups_told(self, task: Task) -> tuple[tuple[str, str], ...]:
        """The groups in which a task was told, by channel and id."""
        lines = tasks.lines(self.ledger.store, task.id)
        told = dict.fromkeys(each.subject for each in lines if each.step == Step.TO_TEAM and each.subject)
        pairs = (each.split(BETWEEN, 1) for each in told)
        return tuple((channel, group) for channel, group in pairs)

    def instead(self, person_id: str, task: Task, now: datetime) -> tuple[str, ...]:
        """The numbers of others that somebody could take, at most three: what they were asked about comes first."""
        asked = tasks.pushed_to(self.ledger.store, person_id, now - WEEK)
        there = tasks.open_at(self.ledger.store, [task.node_id], [TaskState.ORDERED], PAGE)
        found = {each.id: each for each in [*asked, *there] if each.state is TaskState.ORDERED and each.id != task.id}
        free = (each for each in found.values() if self.hindrance(person_id, each, now) is None)
        return tuple(each.number for each, _ in zip(free, range(3), strict=False))

    # --- inside -------------------------------------------------------------------------------------------------

    def _chosen(self, task: Task, count: int, now: datetime) -> list[str]:
        """The best for a task, by id: from the house, from the grid, from the community. What is farther is read only
        where it could be better."""
        wanted, search = self._wanted(task, now), self._search(task, now)
        mates = task_dispatch.of_these(self.ledger.store, search, self._team_mates(task))
        found = {each.person_id: each for each in self._candidates(task, mates)}
        chosen = best(found.values(), wanted, count)
        for distance, homes in self._tiers(task):
            if len(chosen) >= count and rank(chosen[-1], wanted)[0] <= nearest(distance, wanted):
                break
            for page in range(PAGES):
                rows = self._rows(task, search, homes, page * PAGE)
                found |= {each.person_id: each for each in self._candidates(task, rows)}
                chosen = best(found.values(), wanted, count)
                if len(chosen) >= count or len(rows) < PAGE:
                    break
        return [each.person_id for each in chosen]

    def _tiers(self, task: Task) -> Iterator[tuple[Distance, tuple[str, ...] | None]]:
        """The nodes whose people come first, then the others. None: wherever they live."""
        if near := self._near(task):
            yield Distance.BUILDING, near
        if around := self._around(task):
            yield Distance.GRID, around
        yield Distance.COMMUNITY, None

    def _rows(self, task: Task, search: Search, homes: tuple[str, ...] | None, skip: int) -> list[Row]:
        """A page of each skill that fits."""
        if not task.skill:
            return task_dispatch.anybody(self.ledger.store, search, homes, skip)
        there = task_dispatch.skills_at(self.ledger.store, task.node_id)
        fitting = [each for each in there if fits(each, task.skill)]
        pages = (task_dispatch.with_skill(self.ledger.store, search, each, homes, skip) for each in fitting)
        return [row for page in pages for row in page]

    def _team_mates(self, task: Task) -> list[str]:
        """Those who may have no entry with a skill: in a team whose name fits; without a skill whoever is known."""
        if task.skill:
            teams = [each.id for each in self._fitting_teams(task)]
            return task_dispatch.in_teams(self.ledger.store, teams)
        tree = self.ledger.tree
        holders = [each for each in tree.everyone(Role.VOLUNTEER) if self._community(each.node_id) == task.node_id]
        return [each.person_id for each in holders][:PAGE]

    def _candidates(self, task: Task, rows: Sequence[Row]) -> list[Candidate]:
        loads = task_dispatch.loads(self.ledger.store, [each.person_id for each in rows])
        near, around = self._near(task), self._around(task)
        found = []
        for each in rows:
            confirmed = each.confirmed_at is not None or (not each.entered and self.known_for(each.person_id, task))
            distance = Distance.COMMUNITY
            if each.home in near:
                distance = Distance.BUILDING
            elif each.home in around:
                distance = Distance.GRID
            load = loads.get(each.person_id, 0)
            found.append(Candidate(each.person_id, distance, each.free, bool(confirmed), load, each.asked))
        return found

    def _search(self, task: Task, now: datetime) -> Search:
        return Search(task.id, task.orderer_id, task.node_id, now - WEEK, MOST_ASKED)

    def _wanted(self, task: Task, now: datetime) -> Wanted:
        zone = self.ledger.rules.zone
        begin = task.from_at or (now if task.urgent else None)
        return Wanted(
            at_home=task.at_home,
            urgent=task.urgent,
            from_at=begin.astimezone(zone) if begin else None,
            until_at=task.until_at.astimezone(zone) if task.until_at else None,
        )

    def _near(self, task: Task) -> tuple[str, ...]:
        node = self.ledger.tree.nodes.get(task.place_id or "")
        return (node.id,) if node is not None and node.level is Level.BUILDING else ()

    def _around(self, task: Task) -> tuple[str, ...]:
        """The nodes of the grid in which a task is."""
        tree = self.ledger.tree
        grid = next((node for node in tree.upwards(task.place_id) if node.level is Level.GRID), None)
        if grid is None:
            return ()
        return (grid.id, *(node.id for node in tree.nodes.values() if node.parent_id == grid.id))

    def _fitting_teams(self, task: Task) -> list[Team]:
        return [each for each in self.ledger.volunteers.teams.at(task.node_id) if fits(each.name, task.skill)]

    def _groups(self, task: Task) -> list[tuple[str, str]]:
        """Groups in which it may be told: of the teams that fit, else those of the community's volunteers."""
        of_teams = [
            (each.channel, each.group_external_id)
            for each in (self._fitting_teams(task) if task.skill else ())
            if each.channel and each.group_external_id
        ]
        tree = self.ledger.tree
        of_volunteers = [
            (group.channel, group.external_id)
            for group in tree.groups.values()
            if group.members is Members.VOLUNTEERS and tree.lies_in(group.node_id, task.node_id)
        ]
        return of_teams or of_volunteers

    def _teams_of(self, person_id: str) -> list[Team]:
        return self.ledger.volunteers.teams.of(person_id)

    def _community(self, node_id: str) -> str:
        node = self.ledger.tree.community_of(node_id)
        return node.id if node is not None else node_id

    def _staffed(self, task_id: int, staff: Person) -> Task:
        task = self.ledger.existing(task_id)
        if not self.ledger.works_for(staff, task):
            raise Refused("help.not_for_you")
        return task


def over_at(task: Task) -> datetime | None:
    """When it is too late for a task; None: never."""
    return task.until_at or task.from_at


def is_over(task: Task, now: datetime) -> bool:
    """Whether it is too late for a task."""
    over = over_at(task)
    return over is not None and over <= now
