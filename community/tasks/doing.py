"""Done and rated (办结、评单): whoever did it says so, the orderer says how it was, and the hours are written down."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from community.parts.notice import quiet_ends
from community.people import Person
from community.refused import Refused
from community.tasks.claiming import Claiming
from community.tasks.happened import Asked, DoneSaid, NotCome, Rated
from community.tasks.ledger import Ledger
from community.tasks.outcomes import Task, TaskState
from community.tasks.steps import Stage, Step, after
from community.volunteers.hours import StarReached
from community.volunteers.skills import fits
from storage import task_dispatch, tasks

KIND = "点单"
"""Of the hours that a task gives."""

LONGEST_MINUTES = 8 * 60
"""Minutes that one task gives at most."""

ASKED_AGAIN = timedelta(days=1)
"""How long until the orderer is asked once more how it was."""

CLOSED_AFTER = timedelta(days=3)
"""How long until it is over without an answer."""

LOOKED_AT = timedelta(days=30)
"""How far back an orderer's tasks are looked at for what 「没来」 may mean."""

BAD = 3
"""The worst rating, which people look after."""

LONGEST_WORDS = 500


@dataclass(frozen=True, slots=True)
class Doing:
    """What becomes of tasks that have been promised, within one transaction."""

    ledger: Ledger
    claiming: Claiming

    # --- done ---------------------------------------------------------------------------------------------------

    def done(self, task_id: int, person: Person, minutes: int | None, now: datetime) -> DoneSaid:
        """One of those who promised it says that it is done, or the orderer does.

        `minutes`: how long it took; None: as long as it usually does. Raises `Refused`.
        """
        task = self.ledger.locked(task_id)
        claim = self.ledger.claim_of(person.id, task)
        if claim is None and not self.ledger.is_orderer(person, task):
            raise Refused("tasks_dispatch.not_promised", number=task.number)
        if task.state is TaskState.ORDERED and claim is not None:
            raise Refused("tasks_dispatch.second_missing", number=task.number)
        after(task, Step.DONE)
        if minutes is not None and not 0 < minutes <= LONGEST_MINUTES:
            raise Refused("tasks_dispatch.too_long", hours=LONGEST_MINUTES // 60)
        look = quiet_ends(now + ASKED_AGAIN, self.ledger.rules)
        taken = minutes or task.minutes
        changed = self.ledger.step(
            task,
            Step.DONE,
            person.id,
            now,
            note=str(taken),
            done_at=now,
            minutes=taken,
            next_at=look,
            stage=Stage.ASK_RATING,
        )
        if claim is not None:
            tasks.change_claim(self.ledger.store, claim.id, done_at=now)
        takers = self.ledger.takers(changed)
        partners = tuple(each.person_id for each in takers.claims if each.person_id != person.id)
        return DoneSaid(takers, self.claiming.dispatch.ear(task), partners, taken)

    def just_done(self, person: Person, now: datetime) -> DoneSaid | None:
        """What somebody said just before that it is done: a photo that follows belongs to it."""
        done = [each for each in tasks.claimed_by(self.ledger.store, person.id) if each.state is TaskState.DONE]
        since = now - self.ledger.rules.photo_window
        latest = max(
            (each for each in done if (each.done_at or since) > since), key=lambda each: each.changed_at, default=None
        )
        if latest is None:
            return None
        return DoneSaid(self.ledger.takers(latest), self.claiming.dispatch.ear(latest), (), latest.minutes)

    # --- rated --------------------------------------------------------------------------------------------------

    def rate(self, task_id: int, person: Person, rating: int, words: str, now: datetime) -> Rated:
        """How it was: 1 good, 2 fair, 3 not good. It is over, and the hours are given. Raises `Refused`."""
        task = self._own(task_id, person)
        return self._end(task, person.id, rating, words[:LONGEST_WORDS], now)

    def add_words(self, task_id: int, person: Person, words: str, now: datetime) -> Rated:
        """What they have to say about it besides: for the workers where it was not good. Raises `Refused`."""
        task = self._own(task_id, person)
        if task.state is not TaskState.RATED:
            raise Refused(f"tasks.is_{task.state}", number=task.number)
        said = "\n".join(filter(None, (task.rated_words, words)))[:LONGEST_WORDS]
        tasks.change(self.ledger.store, task.id, rated_words=said)
        self.ledger.log(task, Step.RATE, person.id, now, note=words[:LONGEST_WORDS])
        return Rated(self.ledger.takers(task), task.rating, words, task.minutes, self._told(task, task.rating))

    def ask_again(self, task: Task, now: datetime) -> Asked:
        """Nobody has said how it was. After this it is over some time."""
        self.ledger.log(task, Step.REMIND, None, now, note="rating")
        look = quiet_ends((task.done_at or now) + CLOSED_AFTER, self.ledger.rules)
        tasks.change(self.ledger.store, task.id, next_at=max(look, now + ASKED_AGAIN), stage=Stage.CLOSE)
        return Asked(self.ledger.takers(task), self.claiming.dispatch.ear(task))

    def close(self, task: Task, now: datetime) -> Rated:
        """Nobody ever said how it was: the hours are given all the same."""
        return self._end(task, None, None, "", now)

    def _end(self, task: Task, actor_id: str | None, rating: int | None, words: str, now: datetime) -> Rated:
        changed = self.ledger.step(
            task, Step.RATE, actor_id, now, note=str(rating or ""), rating=rating, rated_words=words
        )
        stars = self._credit(changed, now)
        return Rated(self.ledger.takers(changed), rating, words, task.minutes, self._told(task, rating), tuple(stars))

    def _told(self, task: Task, rating: int | None) -> tuple[str, ...]:
        return self.claiming.dispatch.workers(task) if rating == BAD else ()

    def _credit(self, task: Task, now: datetime) -> Sequence[StarReached]:
        """Hours for each who was there: once, because a task ends once."""
        claims = self.ledger.claims(task)
        teams = task_dispatch.team_of(self.ledger.store, [each.person_id for each in claims])
        day = (task.done_at or now).astimezone(self.ledger.rules.zone).date()
        given = [
            self.ledger.volunteers.hours.give(
                each.person_id,
                task.node_id,
                task.minutes,
                day,
                KIND,
                task.what,
                _team(teams.get(each.person_id, ()), task.skill),
                now,
            )
            for each in sorted(claims, key=lambda claim: claim.person_id)
        ]
        return [each.star for each in given if each.star is not None]

    # --- nobody came --------------------------------------------------------------------------------------------

    def not_come(self, task_id: int | None, person: Person, now: datetime) -> NotCome:
        """The orderer says that nobody was there, though somebody says so, or its time is over.

        People look at it; without another word it goes to others in a day. Raises `Refused`.
        """
        task = self._own(task_id if task_id is not None else self._expected(person, now), person)
        if task.state is TaskState.CLAIMED and task.from_at is not None and task.from_at > now:
            raise Refused("tasks_dispatch.not_begun", number=task.number)
        takers = self.ledger.takers(task)
        look = quiet_ends(now + ASKED_AGAIN, self.ledger.rules)
        if task.state is TaskState.CLAIMED:
            self.ledger.log(task, Step.NOT_DONE, person.id, now)
            tasks.change(self.ledger.store, task.id, next_at=look, stage=Stage.TAKE_BACK)
        else:
            after(task, Step.NOT_DONE)
            for each in takers.claims:
                tasks.change_claim(self.ledger.store, each.id, done_at=None)
            self.ledger.step(task, Step.NOT_DONE, person.id, now, done_at=None, next_at=look, stage=Stage.TAKE_BACK)
        name = self.ledger.volunteers.register.names_of([task.orderer_id]).get(task.orderer_id, "")
        return NotCome(self.ledger.takers(task), name, self.claiming.dispatch.workers(task))

    def expected(self, person: Person, now: datetime) -> list[Task]:
        """What somebody ordered and others have promised, or say that they have done."""
        found = tasks.ordered_by(self.ledger.store, person.id, now - LOOKED_AT)
        return [each for each in found if each.state in (TaskState.CLAIMED, TaskState.DONE)]

    def _expected(self, person: Person, now: datetime) -> int:
        found = self.expected(person, now)
        if not found:
            raise Refused("tasks_dispatch.nothing_expected")
        return min(found, key=lambda each: (each.state is not TaskState.DONE, each.from_at or each.ordered_at)).id

    def _own(self, task_id: int, person: Person) -> Task:
        task = self.ledger.locked(task_id)
        if not self.ledger.is_orderer(person, task):
            raise Refused("tasks.not_yours", number=task.number)
        return task


def _team(teams: Sequence[tuple[str, str]], skill: str) -> str | None:
    """Of somebody's teams the one for which they did it: the one that fits, by id."""
    return next((identity for identity, name in teams if skill and fits(name, skill)), None)
