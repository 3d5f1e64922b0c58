"""What happens by itself when time passes: reminding, going up a level, asking again, lapsing. Nothing twice."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from community.grievances import log
from community.grievances.cases import Cases
from community.grievances.handling import Handling
from community.grievances.intake import Intake
from community.grievances.outcomes import AskedAgain, Chased, Escalated, Lapsed, Pressed, Reminded, WentOn
from community.grievances.steps import State, Step
from community.parts.clock import DAY, Milestone, milestones
from community.parts.notice import Urgency, may_go_out_at
from storage import grievances
from storage.grievances import Event, Grievance
from storage.tables import DeadlineClass, Outcome

_STEPS: Mapping[Milestone, Step] = {Milestone.HALF: Step.HALF, Milestone.WARNING: Step.WARNING}


@dataclass(frozen=True, slots=True)
class Chasing:
    """Run by the scheduler: each reminder once, however late it is called."""

    cases: Cases
    intake: Intake
    handling: Handling

    def chase(self, now: datetime) -> list[Chased]:
        """What is due by now; and what somebody who has left would have kept."""
        vacated = self.handling.vacate(now)
        found = (self._chase(grievance, now) for grievance in grievances.to_chase(self.cases.store, now))
        return [*vacated, *(chased for chased in found if chased is not None)]

    def next_chase(self) -> datetime | None:
        """When `chase` has something to do next."""
        return grievances.next_chase(self.cases.store)

    def _chase(self, grievance: Grievance, now: datetime) -> Chased | None:
        """Nobody is chased at night but for the first class: in the morning it is looked at as it stands then."""
        awake = may_go_out_at(now, Urgency.REMINDER, self.cases.rules)
        if awake > now and grievance.deadline_class is not DeadlineClass.LIFE:
            self.cases.change(grievance, chase_at=awake)
            return None
        match grievance.state:
            case State.DRAFT:
                return self.intake.dispatch_unfinished(grievance, now)
            case State.REPORTED | State.REOPENED:
                return self._nobody_accepted(grievance, now)
            case State.ACCEPTED:
                return self._on_the_way(grievance, now)
            case State.ASKED:
                return self._no_answer(grievance, now)
            case State.HANDLED | State.CONFIRMED:
                return self._no_word(grievance, now)
            case _:
                self.cases.change(grievance, chase_at=None)
                return None

    def _nobody_accepted(self, grievance: Grievance, now: datetime) -> Reminded | Escalated:
        """First those whose turn it is are reminded, then it climbs, level by level, and at each deadline.

        At the top they hear it each day again; where life is in danger, each time that patience is over.
        """
        here = self.cases.at_work(grievance)
        above = self.cases.above(grievance)
        at_top = above is None and grievance.deadline_class is not DeadlineClass.LIFE
        again = now + self.cases.rules.accept_within if at_top else self.cases.climb_at(grievance, now)
        changed = self.cases.change(grievance, chases=grievance.chases + 1, chase_at=again)
        if above is None or not (grievance.chases or self.cases.is_late(grievance, now)):
            self.cases.log(grievance.number, Step.REMIND, None, now)
            return Reminded(changed, here)
        changed = self.cases.change(changed, level_id=above.node.id)
        self.cases.log_climb(grievance.number, Step.ESCALATE, above, now)
        return Escalated(changed, here, above, self.cases.followers(changed))

    def _on_the_way(self, grievance: Grievance, now: datetime) -> Pressed | Escalated:
        """Half-time, a warning, and from the deadline on the level above, again each further day."""
        assert grievance.resolve_by is not None
        reached = Milestone.HALF
        upcoming = None
        for moment, milestone in milestones(grievance.reported_at, grievance.resolve_by):
            if moment > now:
                upcoming = moment
                break
            reached = milestone
        changed = self.cases.change(grievance, chase_at=upcoming)
        if reached is not Milestone.OVERDUE:
            self.cases.log(grievance.number, _STEPS[reached], None, now)
            return Pressed(changed, self.cases.at_work(changed), reached)
        return self._overdue(changed, now)

    def _overdue(self, grievance: Grievance, now: datetime) -> Escalated | Pressed:
        above = self.cases.above(grievance)
        top = None if grievance.private else above or self.cases.responsible(grievance)
        if top is None:
            self.cases.log(grievance.number, Step.OVERDUE, None, now)
            return Pressed(grievance, self.cases.at_work(grievance), Milestone.OVERDUE)
        self.cases.log_climb(grievance.number, Step.OVERDUE, top, now)
        changed = self.cases.change(grievance, level_id=top.node.id)
        followers = self.cases.followers(changed) if above is not None else ()
        return Escalated(changed, self.cases.at_work(changed), top, followers)

    def _no_answer(self, grievance: Grievance, now: datetime) -> AskedAgain | WentOn:
        """What the handler wanted to know is asked once more; after a week the clock goes on without it."""
        asked, reminded = self._asked(grievance)
        if not reminded:
            return AskedAgain(self._ask_again(grievance, asked, now), asked.note)
        changed = self.cases.step(grievance, Step.GO_ON, None, now)
        changed = self.cases.chase_handler(changed, now)
        return WentOn(changed, self.cases.at_work(changed))

    def _no_word(self, grievance: Grievance, now: datetime) -> AskedAgain | Lapsed:
        """The resident is asked once more after three days; after a week it ends without their word."""
        asked, reminded = self._asked(grievance)
        if grievance.state is State.HANDLED and not reminded:
            return AskedAgain(self._ask_again(grievance, asked, now))
        outcome = Outcome.SOLVED if grievance.state is State.CONFIRMED else Outcome.UNANSWERED
        changed = self.cases.step(grievance, Step.LAPSE, None, now, outcome=outcome, ended_at=now, chase_at=None)
        return Lapsed(changed, self.cases.at_work(changed), self.cases.raters(changed))

    def _asked(self, grievance: Grievance) -> tuple[Event, bool]:
        """When the resident was last asked, and whether they have been reminded of it since."""
        reminded = False
        for event in reversed(log.corrected(grievances.events(self.cases.store, grievance.number))):
            if event.step in (Step.ASK, Step.FINISH, Step.TAKE_BACK):
                return event, reminded
            reminded = reminded or event.step == Step.ASK_AGAIN
        raise LookupError(grievance.number)

    def _ask_again(self, grievance: Grievance, asked: Event, now: datetime) -> Grievance:
        """Once. However late that is, the resident has a day to answer."""
        self.cases.log(grievance.number, Step.ASK_AGAIN, None, now)
        return self.cases.change(grievance, chase_at=max(asked.at + self.cases.rules.verdict_open, now + DAY))
