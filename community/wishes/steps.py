"""What can happen to a wish, which step is legal when, and when the scheduler looks at it again."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from community.parts.working_calendar import add_working_days, is_working_day
from community.refused import Refused
from community.rules import Rules
from storage.tables import WishState as State
from storage.wishes import Wish

__all__ = ["LEGAL", "OPEN", "Stage", "State", "Step", "after", "next_look", "quarter"]

LOOKED_AT = time(9, 30)
"""When staff hear of what waits for them."""

REVIEWED_WITHIN = 2
"""Working days."""

CLAIM_REMINDED = timedelta(days=7)
"""From a claim to the reminder, and from the reminder to its end."""

CONFIRMED_WITHIN = timedelta(days=3)
"""From the delivery to the reminder, and from the reminder to the question to the staff."""

UNCLAIMED = timedelta(days=30)
ASKED_AGAIN = timedelta(days=7)
LONGEST_OPEN = timedelta(days=90)
"""How far off the date of a crowd wish may be."""

DAY = timedelta(days=1)


class Step(StrEnum):
    """The words of the log."""

    ASK = "ask"
    POST = "post"
    RETURN = "return"
    WITHDRAW = "withdraw"
    CLAIM = "claim"
    GIVE_BACK = "give_back"
    EXPIRE = "expire"
    DELIVER = "deliver"
    RECEIVE = "receive"
    MISS = "miss"
    COMPLETE = "complete"
    GIVE_UP = "give_up"
    PLACE = "place"
    CONSENT = "consent"
    CROWD = "crowd"
    PLEDGE = "pledge"
    CHANGE_PLEDGE = "change_pledge"
    TICK_OFF = "tick_off"
    PROLONG = "prolong"
    SHRINK = "shrink"
    REMIND = "remind"
    ASK_STAFF = "ask_staff"
    TELL = "tell"


class Stage(StrEnum):
    """What the scheduler does next about a wish."""

    REVIEW = "review"
    UNCLAIMED = "unclaimed"
    CLOSING = "closing"
    REMIND_CLAIMER = "remind_claimer"
    END_CLAIM = "end_claim"
    REMIND_WISHER = "remind_wisher"
    ASK_STAFF = "ask_staff"
    NOTHING = ""


OPEN = frozenset({State.ASKED, State.POSTED, State.CLAIMED, State.DELIVERED})

LEGAL: Mapping[Step, Mapping[State, State]] = {
    Step.POST: {State.ASKED: State.POSTED},
    Step.RETURN: {State.ASKED: State.RETURNED},
    Step.WITHDRAW: dict.fromkeys((State.ASKED, State.POSTED, State.CLAIMED), State.WITHDRAWN),
    Step.CLAIM: {State.POSTED: State.CLAIMED},
    Step.GIVE_BACK: {State.CLAIMED: State.POSTED},
    Step.EXPIRE: {State.CLAIMED: State.POSTED},
    Step.DELIVER: {State.CLAIMED: State.DELIVERED},
    Step.RECEIVE: dict.fromkeys((State.CLAIMED, State.DELIVERED), State.FULFILLED),
    Step.MISS: {State.DELIVERED: State.CLAIMED},
    Step.COMPLETE: {State.POSTED: State.FULFILLED},
    Step.GIVE_UP: dict.fromkeys((State.POSTED, State.CLAIMED, State.DELIVERED), State.UNMET),
    Step.CROWD: {State.ASKED: State.ASKED, State.POSTED: State.POSTED},
    Step.PLACE: {State.CLAIMED: State.CLAIMED},
    Step.PLEDGE: {State.POSTED: State.POSTED},
    Step.CHANGE_PLEDGE: {State.POSTED: State.POSTED},
    Step.TICK_OFF: {State.POSTED: State.POSTED},
    Step.PROLONG: {State.POSTED: State.POSTED},
    Step.SHRINK: {State.POSTED: State.POSTED},
}
"""Every step after the first: from which state, to which. What is not here is refused."""


def after(wish: Wish, step: Step) -> State:
    """The state that a step leads to. Raises `Refused`, with the reason in the state, where it is not legal."""
    found = LEGAL[step].get(wish.state)
    if found is None:
        raise Refused(f"wishes.is_{wish.state}", code=wish.code)
    return found


def next_look(wish: Wish, now: datetime, rules: Rules, done: Stage = Stage.NOTHING) -> tuple[datetime | None, Stage]:
    """When the scheduler looks at a wish next, after `now`, and why. `done`: what it has done just now."""
    match wish.state:
        case State.ASKED:
            return _review_at(wish, now, rules), Stage.REVIEW
        case State.POSTED if wish.closes_on is not None:
            closing = _morning(wish.closes_on + DAY, rules)
            return (closing if closing > now else now + CONFIRMED_WITHIN), Stage.CLOSING
        case State.POSTED:
            return now + (ASKED_AGAIN if done is Stage.UNCLAIMED else UNCLAIMED), Stage.UNCLAIMED
        case State.CLAIMED:
            reminded = done is Stage.REMIND_CLAIMER
            return now + CLAIM_REMINDED, Stage.END_CLAIM if reminded else Stage.REMIND_CLAIMER
        case State.DELIVERED if done is Stage.ASK_STAFF:
            return now + ASKED_AGAIN, Stage.ASK_STAFF
        case State.DELIVERED:
            reminded = done is Stage.REMIND_WISHER
            return now + CONFIRMED_WITHIN, Stage.ASK_STAFF if reminded else Stage.REMIND_WISHER
        case _:
            return None, Stage.NOTHING


def quarter(pledged: int, goal: int) -> int:
    """How many quarters of a goal are reached."""
    return min(4 * pledged // goal, 4)


def _review_at(wish: Wish, now: datetime, rules: Rules) -> datetime:
    """Once every working day, from the second one after it was asked."""
    first = _morning(add_working_days(wish.asked_at.astimezone(rules.zone), REVIEWED_WITHIN).date(), rules)
    looked_at = max(first, _morning(now.astimezone(rules.zone).date(), rules))
    while looked_at <= now or not is_working_day(looked_at.date()):
        looked_at += DAY
    return looked_at


def _morning(day: date, rules: Rules) -> datetime:
    return datetime.combine(day, LOOKED_AT, rules.zone)
