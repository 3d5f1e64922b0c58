"""The resident's word: asked, answered, rated, withdrawn, urged. Only this closes a grievance."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from community.grievances.cases import Cases, distinct
from community.grievances.meant import Hint, meant
from community.grievances.outcomes import (
    Added,
    Closed,
    Confirmed,
    Left,
    Progress,
    RatedJoined,
    Reopened,
    Urged,
    Withdrawn,
)
from community.grievances.steps import LEGAL, UNHANDLED, Satisfaction, State, Step, after, not_as_it_stands
from community.people import Person
from community.refused import Refused
from storage import grievances
from storage.grievances import Grievance
from storage.tables import Outcome, Part


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
                raise not_as_it_stands(grievance)
            self.cases.log(number, Step.ADD, resident.id, now, words)
            changed = grievance
        return Added(changed, words, self.cases.at_work(changed))

    def judge(
        self, number: int, resident: Person, verdict: Step, now: datetime, said: str = ""
    ) -> Confirmed | Reopened:
        """Solved, partly or unsolved, with what was said beside it. Only solved leads to the end."""
        grievance = self.cases.own(number, resident)
        if grievance.state is State.CLOSED and grievance.outcome is not Outcome.UNANSWERED:
            raise Refused("grievances.is_closed", number=number)
        if verdict is Step.SOLVED:
            lapses = now + self.cases.rules.verdict_open
            confirmed = self.cases.step(
                grievance, verdict, resident.id, now, said, chase_at=lapses, outcome=None, ended_at=None
            )
            return Confirmed(confirmed)
        changed = self.cases.step(
            grievance,
            verdict,
            resident.id,
            now,
            said,
            reopenings=grievance.reopenings + 1,
            outcome=None,
            ended_at=None,
        )
        changed = self.cases.wait_for_somebody(changed, now)
        above = self.cases.above(changed)
        tell = distinct([*self.cases.at_work(changed), *(above.ids if above else ())])
        joined = tuple(each for each in self.cases.followers(changed)[1:] if each not in tell)
        return Reopened(changed, tell, joined)

    def take_back(self, number: int, resident: Person, now: datetime) -> Grievance:
        """The resident thinks again before rating."""
        remind_at = now + self.cases.rules.verdict_reminder
        return self.cases.step(self.cases.own(number, resident), Step.TAKE_BACK, resident.id, now, chase_at=remind_at)

    def rate(self, number: int, resident: Person, satisfaction: Satisfaction, now: datetime, said: str = "") -> Closed:
        """The resident's mark, which closes it. A bad one makes a call for the level above."""
        grievance = self.cases.own(number, resident)
        changed = self.cases.step(
            grievance,
            Step.RATE,
            resident.id,
            now,
            said,
            subject=str(int(satisfaction)),
            satisfaction=int(satisfaction),
            outcome=Outcome.SOLVED,
            ended_at=now,
            chase_at=None,
        )
        above = self.cases.above(changed) if satisfaction is Satisfaction.DISSATISFIED else None
        tell = self.cases.at_work(changed)
        return Closed(changed, tell, above.ids if above else (), self.cases.raters(changed))

    def rate_joined(self, number: int, person: Person, satisfaction: Satisfaction, now: datetime) -> RatedJoined:
        """The mark of somebody who had joined, or whose own was merged into it. A bad one makes a call as well."""
        grievance = self.cases.existing(number)
        if person.id not in self.cases.followers(grievance)[1:]:
            raise self.cases.hidden(grievance)
        if person.id not in self.cases.raters(grievance):
            raise Refused("grievances.own_work", number=number)
        if grievance.state is not State.CLOSED:
            raise not_as_it_stands(grievance)
        self._mark(grievance, person.id, int(satisfaction))
        self.cases.log(number, Step.RATE, person.id, now, subject=str(int(satisfaction)))
        above = self.cases.above(grievance) if satisfaction is Satisfaction.DISSATISFIED else None
        return RatedJoined(grievance, above.ids if above else ())

    def _mark(self, grievance: Grievance, person_id: str, mark: int) -> None:
        """Keeps a mark where the person joined: with it, or with one that was merged into it."""
        if person_id in self.cases.joined(grievance):
            grievances.rate_part(self.cases.store, grievance.number, person_id, mark)
        for merged in grievances.merged_into(self.cases.store, grievance.number):
            if merged.resident_id == person_id:
                self.cases.change(merged, satisfaction=mark)
            self._mark(merged, person_id, mark)

    def withdraw(self, number: int, resident: Person, now: datetime) -> Withdrawn | Left:
        """The resident does not want it any more; somebody who joined leaves, and it goes on."""
        grievance = self.cases.existing(number)
        if grievance.resident_id != resident.id:
            return self.leave(number, resident, now)
        self.check_withdrawn(grievance)
        at_work = self.cases.at_work(grievance)
        changed = self.cases.step(
            grievance, Step.WITHDRAW, resident.id, now, outcome=Outcome.WITHDRAWN, ended_at=now, chase_at=None
        )
        return Withdrawn(changed, at_work, self.cases.followers(changed)[1:])

    def check_withdrawn(self, grievance: Grievance) -> None:
        """Raises `Refused` where its resident cannot withdraw it: others want it done."""
        after(grievance, Step.WITHDRAW)
        if grievance.state is not State.DRAFT and len(self.cases.followers(grievance)) > 1:
            raise Refused("grievances.others_follow", number=grievance.number, households=grievance.households)

    def leave(self, number: int, person: Person, now: datetime) -> Left:
        """Somebody who had joined does not want to hear of it any more. Who told of it themselves withdraws it."""
        grievance = self.cases.goes_on_in(self.cases.existing(number))
        family = list(self.cases.with_merged(grievance))
        own = next((each for each in family if each.resident_id == person.id), None)
        if own is grievance:
            raise Refused("grievances.withdraw_instead", number=own.number)
        if own is not None:
            raise not_as_it_stands(own)
        followed = [each for each in family if person.id in self.cases.joined(each)]
        if not followed:
            raise self.cases.hidden(grievance)
        if grievance.ended_at is not None:
            raise not_as_it_stands(grievance)
        for each in followed:
            grievances.remove_part(self.cases.store, each.number, person.id, Part.JOINED)
            self.cases.log(each.number, Step.LEAVE, person.id, now, subject=person.id)
            self.cases.count_households(each)
        return Left(self.cases.existing(grievance.number))

    def urge(self, number: int, person: Person, now: datetime) -> Urged:
        """Once a day: the handler hears that the resident waits, from the second time on the level above as well."""
        grievance = self.cases.goes_on_in(self.cases.existing(number))
        if person.id not in self.cases.followers(grievance):
            raise self.cases.hidden(grievance)
        if grievance.state is State.HANDLED:
            raise Refused("grievances.handled_already", number=grievance.number)
        if grievance.state not in UNHANDLED:
            raise not_as_it_stands(grievance)
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
        """Who has it, at which step, until when; of a merged one, of the one it went into."""
        return self.progress(self.cases.goes_on_in(self.known(number, person)), person)

    def awaits_word_of(self, number: int, person: Person) -> bool:
        """Whether this person has yet to say that it is solved."""
        grievance = self.cases.existing(number)
        own = grievance.resident_id == person.id
        return own and awaits_word(grievance) and grievance.state is not State.CONFIRMED

    def only_follows(self, number: int, person: Person) -> bool:
        """Whether this person told of it or joined, and has no part in the work."""
        grievance = self.cases.existing(number)
        return person.id in self.cases.followers(grievance) and not self.cases.may_read(person, grievance)

    def known(self, number: int, person: Person) -> Grievance:
        """One that this person may look up. Raises `Refused` for a stranger."""
        grievance = self.cases.existing(number)
        if not self.cases.may_read(person, grievance) and person.id not in self.cases.followers(grievance):
            raise self.cases.hidden(grievance)
        return grievance

    # --- which one, where no number was said --------------------------------------------------------------------

    def to_look_up(self, person: Person, hint: Hint, now: datetime) -> list[Grievance]:
        """Those that may be meant: what is not at its end, else the newest. Raises `Refused` where there is none."""
        known = self.cases.known_to(person, now)
        went_out = [each for each in known if each.level_id is not None or each.ended_at is None]
        return self._meant(went_out or known, hint, _goes_on)

    def to_urge(self, person: Person, hint: Hint, now: datetime) -> list[Grievance]:
        """The same, rather those that are worked on."""
        return self._meant(self.cases.known_to(person, now), hint, _is_worked_on, _goes_on)

    def to_withdraw(self, person: Person, hint: Hint, now: datetime) -> list[Grievance]:
        """The same, rather the person's own that can be withdrawn. Who has none may mean what they follow."""
        known = self.cases.known_to(person, now)
        own = [each for each in known if each.resident_id == person.id and each.state in LEGAL[Step.WITHDRAW]]
        return self._meant(own or known, hint, _goes_on)

    def to_reopen(self, person: Person, hint: Hint, now: datetime) -> list[Grievance]:
        """The same, rather the person's own that are handled and wait for their word."""
        known = self.cases.known_to(person, now)
        own = [each for each in known if each.resident_id == person.id]
        return self._meant(own or known, hint, awaits_word, _goes_on)

    def to_leave(self, person: Person, hint: Hint, now: datetime) -> list[Grievance]:
        """The same, rather what the person follows without having told of it."""
        known = self.cases.known_to(person, now)
        return self._meant([each for each in known if each.resident_id != person.id] or known, hint, _goes_on)

    def _meant(self, known: Sequence[Grievance], hint: Hint, *rather: Callable[[Grievance], bool]) -> list[Grievance]:
        fitting = meant(known, hint, self.cases.tree)
        for wanted in rather:
            if found := [each for each in fitting if wanted(each)]:
                return found
        return fitting[:1]

    def progress(self, grievance: Grievance, person: Person) -> Progress:
        """Who has one that this person may know of, at which step, until when."""
        is_own = grievance.resident_id == person.id
        knows_place = is_own or self.cases.may_read(person, grievance)
        return Progress(grievance, self.cases.current_holder(grievance), is_own, knows_place)


def awaits_word(grievance: Grievance) -> bool:
    """Whether its resident's word still counts: it is handled, or was closed without that word."""
    unanswered = grievance.state is State.CLOSED and grievance.outcome is Outcome.UNANSWERED
    return unanswered or grievance.state in (State.HANDLED, State.CONFIRMED)


def _goes_on(grievance: Grievance) -> bool:
    return grievance.ended_at is None


def _is_worked_on(grievance: Grievance) -> bool:
    return grievance.state in UNHANDLED
