"""The resident's word: asked, answered, rated, withdrawn, urged. Only this closes a grievance."""

from dataclasses import dataclass
from datetime import datetime

from community.grievances.cases import Cases, distinct
from community.grievances.outcomes import Added, Closed, Confirmed, Progress, Reopened, Urged, Withdrawn
from community.grievances.steps import UNHANDLED, Satisfaction, State, Step, after
from community.people import Person
from community.refused import Refused
from storage import grievances
from storage.grievances import Grievance
from storage.tables import Outcome


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What residents can do with what they reported, and those who joined."""

    cases: Cases

    def answer(self, number: int, resident: Person, words: str, now: datetime) -> Added:
        """The answer to what the handler asked; the clock goes on. One that comes late is passed on all the same."""
        grievance = self.cases.own(number, resident)
        if grievance.state is State.ASKED:
            changed = self.cases.step(grievance, Step.ANSWER, resident.id, now, words)
            changed = self.cases.chase_handler(changed, now)
        else:
            if grievance.ended_at is not None:
                raise Refused(f"grievances.is_{grievance.state}", number=grievance.number)
            self.cases.log(number, Step.ADD, resident.id, now, words)
            changed = grievance
        return Added(changed, words, self.cases.at_work(changed))

    def judge(self, number: int, resident: Person, verdict: Step, now: datetime) -> Confirmed | Reopened:
        """Solved, partly or unsolved. Only solved leads to the end."""
        grievance = self.cases.own(number, resident)
        if grievance.state is State.CLOSED and grievance.outcome is not Outcome.UNANSWERED:
            raise Refused("grievances.is_closed", number=number)
        if verdict is Step.SOLVED:
            lapses = now + self.cases.rules.verdict_open
            return Confirmed(self.cases.step(grievance, verdict, resident.id, now, chase_at=lapses))
        changed = self.cases.step(
            grievance,
            verdict,
            resident.id,
            now,
            reopenings=grievance.reopenings + 1,
            chases=0,
            chase_at=now + self.cases.patience(grievance),
            outcome=None,
            ended_at=None,
        )
        changed = self.cases.read_clock(changed)
        above = self.cases.above(changed)
        tell = distinct([*self.cases.at_work(changed), *(above.ids if above else ())])
        joined = tuple(each for each in self.cases.followers(changed)[1:] if each not in tell)
        return Reopened(changed, tell, joined)

    def take_back(self, number: int, resident: Person, now: datetime) -> Grievance:
        """The resident thinks again before rating."""
        remind_at = now + self.cases.rules.verdict_reminder
        return self.cases.step(self.cases.own(number, resident), Step.TAKE_BACK, resident.id, now, chase_at=remind_at)

    def rate(self, number: int, resident: Person, satisfaction: Satisfaction, now: datetime) -> Closed:
        """The resident's mark, which closes it. A bad one makes a call for the level above."""
        grievance = self.cases.own(number, resident)
        changed = self.cases.step(
            grievance,
            Step.RATE,
            resident.id,
            now,
            subject=str(int(satisfaction)),
            satisfaction=int(satisfaction),
            outcome=Outcome.SOLVED,
            ended_at=now,
            chase_at=None,
        )
        above = self.cases.above(changed) if satisfaction is Satisfaction.DISSATISFIED else None
        tell = distinct([self.cases.handler(changed)])
        return Closed(changed, tell, above.ids if above else (), self.cases.raters(changed))

    def rate_joined(self, number: int, person: Person, satisfaction: Satisfaction, now: datetime) -> Grievance:
        """The mark of somebody who had joined, or whose own was merged into it."""
        grievance = self.cases.existing(number)
        if person.id not in self.cases.followers(grievance)[1:]:
            raise self.cases.hidden(grievance)
        if person.id not in self.cases.raters(grievance):
            raise Refused("grievances.own_work", number=number)
        if grievance.state is not State.CLOSED:
            raise Refused(f"grievances.is_{grievance.state}", number=grievance.number)
        self._mark(grievance, person.id, int(satisfaction))
        self.cases.log(number, Step.RATE, person.id, now, subject=str(int(satisfaction)))
        return grievance

    def _mark(self, grievance: Grievance, person_id: str, mark: int) -> None:
        """Keeps a mark where the person joined: with it, or with one that was merged into it."""
        if person_id in self.cases.joined(grievance):
            grievances.rate_part(self.cases.store, grievance.number, person_id, mark)
        for merged in grievances.merged_into(self.cases.store, grievance.number):
            if merged.resident_id == person_id:
                self.cases.change(merged, satisfaction=mark)
            self._mark(merged, person_id, mark)

    def withdraw(self, number: int | None, resident: Person, now: datetime) -> Withdrawn:
        """The resident does not want it any more."""
        grievance = self.cases.latest_open(resident, now) if number is None else self.cases.own(number, resident)
        if grievance.resident_id != resident.id:
            raise self.cases.hidden(grievance)
        after(grievance.state, Step.WITHDRAW, grievance.number)
        if len(self.cases.followers(grievance)) > 1:
            raise Refused("grievances.others_follow", number=grievance.number, households=grievance.households)
        at_work = self.cases.at_work(grievance)
        changed = self.cases.step(
            grievance, Step.WITHDRAW, resident.id, now, outcome=Outcome.WITHDRAWN, ended_at=now, chase_at=None
        )
        return Withdrawn(changed, at_work)

    def urge(self, number: int | None, person: Person, now: datetime) -> Urged:
        """Once a day: the handler hears that the resident waits, from the second time on the level above as well."""
        grievance = self.cases.latest_open(person, now) if number is None else self.cases.existing(number)
        if person.id not in self.cases.followers(grievance):
            raise self.cases.hidden(grievance)
        grievance = self.cases.goes_on_in(grievance)
        if grievance.state is State.HANDLED:
            raise Refused("grievances.handled_already", number=grievance.number)
        if grievance.state not in UNHANDLED:
            raise Refused(f"grievances.is_{grievance.state}", number=grievance.number)
        today = now.astimezone(self.cases.rules.zone).date()
        if grievance.urged_on == today:
            raise Refused("grievances.urged_today", number=grievance.number)
        self.cases.log(grievance.number, Step.URGE, person.id, now)
        changed = self.cases.change(grievance, urged_on=today, urges=grievance.urges + 1)
        above = self.cases.above(changed) if changed.urges > 1 else None
        handlers = self.cases.at_work(changed)
        passed_up = tuple(each for each in above.ids if each not in handlers) if above else ()
        return Urged(changed, handlers, passed_up)

    def look_up(self, number: int, person: Person) -> Progress:
        """Who has it, at which step, until when. Raises `Refused` for a stranger."""
        grievance = self.cases.existing(number)
        if not self.cases.may_see(person, grievance) and person.id not in self.cases.followers(grievance):
            raise self.cases.hidden(grievance)
        return self._progress(grievance, person)

    def latest(self, person: Person, now: datetime) -> Progress:
        """The newest of a resident, for those who ask without a number. Raises `Refused` where there is none."""
        return self._progress(self.cases.latest_own(person, now), person)

    def _progress(self, grievance: Grievance, person: Person) -> Progress:
        is_own = grievance.resident_id == person.id
        knows_place = is_own or self.cases.may_see(person, grievance)
        return Progress(grievance, self.cases.current_holder(grievance), is_own, knows_place)
