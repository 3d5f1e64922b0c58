"""Accepting (接单): the first has it, in one transaction; giving it back without blame; and being reminded of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from community.parts.notice import quiet_ends
from community.people import Person
from community.refused import Refused
from community.tasks.dispatch import Dispatch
from community.tasks.happened import Claimed, GivenBack, Hindrance, Overdue, Reminded, Tried
from community.tasks.ledger import Ledger
from community.tasks.outcomes import Claim, Task, TaskState
from community.tasks.steps import OPEN, Stage, Step, after
from community.volunteers.skills import fits
from storage import task_dispatch, tasks, volunteers
from storage.tasks import Push

OVERDUE_AFTER = timedelta(hours=2)
"""How long after its time whoever promised it is asked."""

DONE_WITHIN, URGENT_DONE_WITHIN = timedelta(days=1), timedelta(hours=2)
"""How long somebody has for a task without a time, and to answer whether it is done."""

MOST_DELAYS = 3
"""How often somebody may say that they have not done it yet; then others are asked."""

LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class Claiming:
    """Promising tasks and what becomes of promises, within one transaction."""

    ledger: Ledger
    dispatch: Dispatch

    # --- promising ----------------------------------------------------------------------------------------------

    def claim(self, task_id: int, person: Person, now: datetime) -> Claimed:
        """It is theirs, unless somebody was faster. Raises `Refused` with the reason, and with what else there is."""
        task = self.ledger.locked(task_id)
        volunteers.lock_person(self.ledger.store, person.id)  # who takes several at once gets no more than allowed
        return self._claim(task, person, now)

    def claim_all(self, task_ids: Sequence[int], person: Person, now: datetime) -> Tried:
        """Several at once: what is allowed, and of the rest why not."""
        numbers = tuple(dict.fromkeys(task_ids))
        there = {each: tasks.locked(self.ledger.store, each) for each in sorted(numbers)}
        volunteers.lock_person(self.ledger.store, person.id)
        taken: list[Claimed] = []
        refused: list[tuple[str, str, Mapping[str, object]]] = []
        for each in numbers:
            task = there[each]
            if task is None:
                refused.append((f"T{each:03d}", "tasks.not_found", {}))
                continue
            try:
                taken.append(self._claim(task, person, now))
            except Refused as no:
                refused.append((task.number, no.key, no.values))
        return Tried(tuple(taken), tuple(refused))

    def _claim(self, task: Task, person: Person, now: datetime) -> Claimed:
        self._check(task, person, now)
        standing = self.ledger.claims(task)
        slot = next(each for each in range(1, task.takers + 1) if each not in {claim.slot for claim in standing})
        values = {"task_id": task.id, "person_id": person.id, "slot": slot, "claimed_at": now}
        claim_id = tasks.add_claim(self.ledger.store, **values)
        claim = Claim(claim_id, task.id, person.id, slot, now, None, "", None)
        full = len(standing) + 1 == task.takers
        asked = self._still_asked(task)
        self.ledger.close_questions_of([person.id], task, now, "tasks.push")
        if full:
            look_at, stage = self.next_look(task, now)
            changed = self.ledger.step(task, Step.FILL, person.id, now, claimed_at=now, next_at=look_at, stage=stage)
        else:
            changed = self.ledger.step(task, Step.CLAIM, person.id, now)
        takers = {person.id, *(each.person_id for each in standing)}
        others = [each.person_id for each in asked if each.person_id not in takers] if full else []
        return Claimed(
            changed,
            claim,
            full,
            others=tuple(others),
            together_with=tuple(each.person_id for each in standing),
            teams=self.teams(changed),
            groups=self.dispatch.groups_told(task) if full else (),
            givers=self.dispatch.givers(task, person.id),
        )

    def _still_asked(self, task: Task) -> list[Push]:
        """Who was asked since it is open, and has not said no."""
        ever = tasks.ever_claimed(self.ledger.store, task.id)
        since = max((each.given_back_at for each in ever if each.given_back_at is not None), default=task.ordered_at)
        asked = tasks.pushes(self.ledger.store, task.id)
        return [each for each in asked if each.declined_at is None and each.pushed_at >= since]

    def _check(self, task: Task, person: Person, now: datetime) -> None:
        """Raises `Refused` where it cannot be theirs."""
        hindrance = self.dispatch.hindrance(person.id, task, now)
        if hindrance in (Hindrance.FOREIGN, Hindrance.NOT_ONE, Hindrance.OWN):
            raise Refused(f"tasks_dispatch.claim_{hindrance}", number=task.number)
        if task.state is TaskState.CLAIMED and hindrance is not Hindrance.HAS_IT:
            instead = self.dispatch.instead(person.id, task, now)
            key = "tasks_dispatch.just_taken_others" if instead else "tasks_dispatch.just_taken"
            raise Refused(key, number=task.number, others="\u3001".join(instead))
        if task.state not in OPEN:
            after(task, Step.CLAIM)
        if hindrance is not None:
            raise Refused(f"tasks_dispatch.claim_{hindrance}", number=task.number)

    def teams(self, task: Task) -> tuple[str, ...]:
        """For each of its takers the name of their team, the one that fits before others; empty for none."""
        ids = [each.person_id for each in self.ledger.claims(task)]
        teams = task_dispatch.team_of(self.ledger.store, ids)
        return tuple(_team_name([name for _, name in teams.get(each, ())], task.skill) for each in ids)

    def asked(self, person: Person, since: datetime) -> list[Task]:
        """What somebody was asked about since then and that is open still, the newest first."""
        found = tasks.pushed_to(self.ledger.store, person.id, since)
        mine = {each.id for each in self.promised(person)}
        return [each for each in found if each.state is TaskState.ORDERED and each.id not in mine]

    def only_asked(self, task_id: int, person: Person) -> bool:
        """Whether somebody was asked about a task and has not promised it. Raises `Refused` where there is none."""
        task = self.ledger.existing(task_id)
        asked = any(each.person_id == person.id for each in tasks.pushes(self.ledger.store, task_id))
        return asked and task.state is TaskState.ORDERED and self.ledger.claim_of(person.id, task) is None

    # --- giving back --------------------------------------------------------------------------------------------

    def promised(self, person: Person) -> list[Task]:
        """What somebody has promised and not done, the most pressing first."""
        return [each for each in tasks.claimed_by(self.ledger.store, person.id) if each.state in OPEN]

    def give_back(self, task_id: int, person: Person, reason: str, now: datetime) -> GivenBack:
        """They cannot. Others are asked at once. Raises `Refused` for who has not promised it, and when it is done."""
        task = self.ledger.locked(task_id)
        claim = self.ledger.claim_of(person.id, task)
        if claim is None:
            raise Refused("tasks_dispatch.not_promised", number=task.number)
        after(task, Step.GIVE_BACK)
        return self._return(task, [claim], Step.GIVE_BACK, person.id, reason, now)[0]

    def leave_all(self, person: Person, now: datetime) -> list[GivenBack]:
        """Somebody is no volunteer any more: what they promised goes to others, and nothing is asked of them."""
        for each in tasks.pushed_to(self.ledger.store, person.id, now - timedelta(days=7)):
            tasks.decline(self.ledger.store, each.id, person.id, now)
        ids = sorted(each.id for each in self.promised(person))
        return [self.give_back(each, person, "", now) for each in ids]

    def take_back(self, task: Task, now: datetime) -> list[GivenBack]:
        """Nobody says whether it is done: it goes to others, and the workers hear of it."""
        return self._return(task, self.ledger.claims(task), Step.TAKE_BACK, None, "", now)

    def take_from(self, task: Task, person_id: str, staff: Person, now: datetime) -> list[GivenBack]:
        """Staff do not want this one to go there."""
        claims = [each for each in self.ledger.claims(task) if each.person_id == person_id]
        return self._return(task, claims, Step.TAKE_BACK, staff.id, "", now) if claims else []

    def _return(
        self, task: Task, claims: Sequence[Claim], step: Step, actor_id: str | None, reason: str, now: datetime
    ) -> list[GivenBack]:
        """Promises that are none any more. The first tells who is asked now."""
        was_full = task.state is TaskState.CLAIMED
        late = task.from_at is not None and task.from_at <= now
        silent, away = step is Step.TAKE_BACK and actor_id is None, step is Step.TAKE_BACK and actor_id is not None
        everybody = self.ledger.claims(task)
        names = self.ledger.volunteers.register.names_of([each.person_id for each in claims])
        for each in claims:
            reason = reason[:LONGEST_REASON]
            tasks.change_claim(self.ledger.store, each.id, given_back_at=now, reason=reason)
            task = self.ledger.step(
                task,
                step,
                actor_id,
                now,
                subject=each.person_id,
                note=reason,
                claimed_at=None,
                round=min(task.round, 1),
                next_at=self.dispatch.awake(task, now),
                stage=Stage.NEXT_ROUND,
            )
        gone = {each.person_id for each in claims}
        self.ledger.close_questions_of(gone, task, now)
        rest = tuple(each.person_id for each in everybody if each.person_id not in gone)
        pushed = self.dispatch.begin(task, now)
        found = [
            GivenBack(
                public=self.ledger.public(task),
                person_id=each.person_id,
                name=names.get(each.person_id, ""),
                reason=reason,
                ear=self.dispatch.ear(task) if was_full else "",
                partners=rest,
                workers=self.dispatch.workers(task) if (late or silent) and not away else (),
                silent=silent,
                away=away,
            )
            for each in claims
        ]
        return [replace(found[0], pushed=pushed), *found[1:]] if found else []

    # --- reminded -----------------------------------------------------------------------------------------------

    def next_look(self, task: Task, now: datetime) -> tuple[datetime, Stage]:
        """When whoever has promised it hears of it next: the evening before, two hours before, after its time."""
        rules = self.ledger.rules
        if task.from_at is not None:
            begins = task.from_at.astimezone(rules.zone)
            evening = (begins - timedelta(days=1)).replace(
                hour=rules.remind_evening.hour, minute=rules.remind_evening.minute, second=0, microsecond=0
            )
            moments = [evening, begins - rules.remind_before]
            if soon := [each for each in moments if each > now and quiet_ends(each, rules) == each]:
                return min(soon), Stage.BEFORE
        return self._overdue_at(task, now), Stage.OVERDUE

    def _overdue_at(self, task: Task, now: datetime) -> datetime:
        ends = task.until_at or (task.from_at + timedelta(minutes=task.minutes) if task.from_at else None)
        within = URGENT_DONE_WITHIN if task.urgent else DONE_WITHIN
        asked_at = max(ends, now) + OVERDUE_AFTER if ends is not None else now + within
        return self.dispatch.awake(task, asked_at)

    def remind(self, task: Task, now: datetime) -> Reminded | None:
        """It is soon. What has begun already is not reminded of."""
        look_at, stage = self.next_look(task, now)
        tasks.change(self.ledger.store, task.id, next_at=look_at, stage=stage)
        if task.from_at is not None and task.from_at <= now:
            return None
        self.ledger.log(task, Step.REMIND, None, now)
        return Reminded(self.ledger.takers(task))

    def ask_done(self, task: Task, now: datetime) -> Overdue:
        """Its time is over: is it done? Nobody answers in a day, or in two hours where it is urgent: others go."""
        self.ledger.log(task, Step.REMIND, None, now, note="overdue")
        look = self.dispatch.awake(task, now + (URGENT_DONE_WITHIN if task.urgent else DONE_WITHIN))
        tasks.change(self.ledger.store, task.id, next_at=look, stage=Stage.TAKE_BACK)
        return Overdue(self.ledger.takers(task))

    def not_yet(self, task_id: int, person: Person, now: datetime) -> Task | list[GivenBack]:
        """They will do it later, and are asked again. Whoever says so too often has it no more. Raises `Refused`."""
        task = self.ledger.locked(task_id)
        if self.ledger.claim_of(person.id, task) is None:
            raise Refused("tasks_dispatch.not_promised", number=task.number)
        after(task, Step.DONE)
        lines = tasks.lines(self.ledger.store, task.id)
        delays = sum(each.step == Step.REMIND and each.note == "overdue" for each in lines)
        if delays >= MOST_DELAYS:
            return self.take_back(task, now)
        look = self.dispatch.awake(task, now + (URGENT_DONE_WITHIN if task.urgent else DONE_WITHIN))
        tasks.change(self.ledger.store, task.id, next_at=look, stage=Stage.OVERDUE)
        self.ledger.close_questions_of([person.id], task, now)
        return task


def _team_name(names: Sequence[str], skill: str) -> str:
    """Of somebody's teams the one that has to do with it."""
    fitting = [each for each in names if skill and fits(each, skill)]
    return next(iter(fitting or names), "")
