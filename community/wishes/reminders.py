"""What happens to wishes by itself: the rows say what is due."""

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime

from community.wishes.ledger import Ledger
from community.wishes.outcomes import (
    AskStaff,
    GivenBack,
    Progress,
    RemindClaimer,
    RemindWisher,
    ReviewWaits,
    Wish,
)
from community.wishes.steps import Stage, State, Step, quarter
from storage import wishes

Due = ReviewWaits | RemindClaimer | RemindWisher | AskStaff | GivenBack
"""What somebody is to hear."""


@dataclass(frozen=True, slots=True)
class Reminders:
    """Run by the scheduler."""

    ledger: Ledger

    def next_due(self) -> datetime | None:
        """When `run` has something to do next."""
        return wishes.next_due(self.ledger.store)

    def next_telling(self) -> datetime | None:
        """When `tell` has something to do next."""
        return wishes.next_telling(self.ledger.store)

    def run(self, now: datetime) -> list[Due]:
        """What is due by now. Of several who do this at once one waits for the other, and finds it done."""
        found: list[Due] = []
        waiting: dict[str, list[Wish]] = defaultdict(list)
        for identity in sorted(each.id for each in wishes.due(self.ledger.store, now)):
            wish = self.ledger.locked(identity)
            if wish.next_at is None or wish.next_at > now:
                continue
            if wish.stage == Stage.REVIEW:
                waiting[wish.node_id].append(self.ledger.look_again(wish, now, Stage.REVIEW))
                self.ledger.log(wish, Step.REMIND, None, now)
                continue
            found += self._one(wish, now)
        return [*(ReviewWaits(tuple(each), self.ledger.staff(each[0])) for each in waiting.values()), *found]

    def tell(self, now: datetime) -> list[Progress]:
        """The crowd wishes of which the groups hear now how far they are: each quarter once."""
        found = []
        for identity in sorted(each.id for each in wishes.to_tell(self.ledger.store, now)):
            wish = self.ledger.locked(identity)
            if wish.tell_at is None or wish.tell_at > now:
                continue
            crowd = self.ledger.crowd(wish)
            reached = quarter(crowd.pledged, crowd.goal) if crowd.goal else 0
            if wish.state is not State.POSTED or reached <= wish.told_quarter:
                wishes.change(self.ledger.store, wish.id, tell_at=None)  # somebody has withdrawn meanwhile
                continue
            told = self.ledger.note(
                wish, Step.TELL, None, now, str(reached), told_quarter=reached, told_at=now, tell_at=None
            )
            found.append(Progress(replace(crowd, wish=told)))
        return found

    def _one(self, wish: Wish, now: datetime) -> list[Due]:
        match wish.stage:
            case Stage.REMIND_CLAIMER:
                looked = self._reminded(wish, Stage.REMIND_CLAIMER, now)
                return [RemindClaimer(looked, wish.claimed_by or "", self.ledger.station(wish.node_id))]
            case Stage.END_CLAIM:
                claimer = wish.claimed_by or ""
                ended = self.ledger.give_back(wish, Step.EXPIRE, None, "", now)
                return [replace(ended, claimer_id=claimer)]
            case Stage.REMIND_WISHER:
                return [RemindWisher(self._reminded(wish, Stage.REMIND_WISHER, now))]
            case Stage.CLOSING:
                return [self._ask_staff(wish, Stage.CLOSING, now)]
            case _:
                return [self._ask_staff(wish, Stage(wish.stage), now)]

    def _reminded(self, wish: Wish, stage: Stage, now: datetime) -> Wish:
        self.ledger.log(wish, Step.REMIND, None, now)
        return self.ledger.look_again(wish, now, stage)

    def _ask_staff(self, wish: Wish, stage: Stage, now: datetime) -> AskStaff:
        log = wishes.events(self.ledger.store, wish.id)
        asked_before = any(each.step == Step.ASK_STAFF and each.note == stage for each in log)
        self.ledger.log(wish, Step.ASK_STAFF, None, now, stage)
        looked = self.ledger.look_again(wish, now, stage)
        givers = () if stage is not Stage.CLOSING or asked_before else self.ledger.helpers(wish)
        return self.ledger.ask_staff(looked, givers)
