"""What can happen to a sign-up and to an event, what is legal when, and when the scheduler looks again."""

from collections.abc import Iterator, Mapping
from datetime import datetime, time, timedelta
from enum import StrEnum

from community.parts.notice import quiet_ends
from community.refused import Refused
from community.rules import Rules
from storage.market import Event
from storage.sign_ups import SignUp
from storage.tables import EventState, SignUpState

DAY = timedelta(days=1)


class Step(StrEnum):
    """The words of a sign-up's log."""

    SIGN_UP = "sign_up"
    WAIT = "wait"
    OFFER = "offer"
    ACCEPT = "accept"
    DECLINE = "decline"
    LAPSE = "lapse"
    LEAVE = "leave"
    SWITCH = "switch"
    CLOSE = "close"
    MOVE = "move"
    NAME = "name"
    REMIND = "remind"
    TOO_LATE = "too_late"  # to be reminded: the program was off until it was over
    COMING = "coming"
    CHECK_IN = "check_in"
    CHECK_OUT = "check_out"
    MISS = "miss"
    THANK = "thank"


class Stage(StrEnum):
    """What the scheduler does next about a sign-up."""

    OFFER = "offer"
    EVENING = "evening"
    MORNING = "morning"
    NOTHING = ""


class EventStage(StrEnum):
    """What the scheduler does next about an event."""

    PUBLISH = "publish"
    CALL = "call"
    CALL_AGAIN = "call_again"
    SHORT = "short"
    BEGIN = "begin"
    END = "end"
    THANK = "thank"
    NOTHING = ""


OPEN = frozenset({SignUpState.WAITING, SignUpState.OFFERED, SignUpState.HELD})
"""What can still be given up."""

KEEPS_PLACE = frozenset({SignUpState.OFFERED, SignUpState.HELD, SignUpState.CAME, SignUpState.LEFT, SignUpState.MISSED})

LEGAL: Mapping[Step, Mapping[SignUpState, SignUpState]] = {
    Step.OFFER: {SignUpState.WAITING: SignUpState.OFFERED},
    Step.ACCEPT: {SignUpState.OFFERED: SignUpState.HELD},
    Step.DECLINE: {SignUpState.OFFERED: SignUpState.CANCELLED},
    Step.LAPSE: dict.fromkeys((SignUpState.OFFERED, SignUpState.WAITING), SignUpState.LAPSED),
    Step.LEAVE: dict.fromkeys(OPEN, SignUpState.CANCELLED),
    Step.SWITCH: dict.fromkeys(OPEN, SignUpState.CANCELLED),
    Step.CLOSE: dict.fromkeys(OPEN, SignUpState.CANCELLED),
    Step.MOVE: {state: state for state in OPEN},
    Step.COMING: {SignUpState.HELD: SignUpState.HELD},
    Step.CHECK_IN: {SignUpState.HELD: SignUpState.CAME, SignUpState.MISSED: SignUpState.CAME},
    Step.CHECK_OUT: {SignUpState.CAME: SignUpState.LEFT},
    Step.MISS: {SignUpState.HELD: SignUpState.MISSED, SignUpState.CAME: SignUpState.MISSED},
    Step.THANK: {state: state for state in (SignUpState.CAME, SignUpState.LEFT)},
}
"""Every step after the first: from which state, to which. What is not here is refused."""

STILL_TO_COME = frozenset({EventState.DRAFT, EventState.OPEN, EventState.POSTPONED})


def after(sign_up: SignUp, step: Step) -> SignUpState:
    """The state that a step leads to. Raises `Refused`, with the reason in the state, where it is not legal."""
    found = LEGAL[step].get(sign_up.state)
    if found is None:
        raise Refused(f"market.is_{sign_up.state}")
    return found


def next_look(sign_up: SignUp, event: Event, now: datetime, rules: Rules) -> tuple[datetime | None, Stage]:
    """When the scheduler looks at a sign-up next, after `now`, and why. Companions hear through whoever brings them."""
    match sign_up.state:
        case SignUpState.OFFERED:
            return sign_up.offered_until, Stage.OFFER
        case SignUpState.HELD if event.state is EventState.OPEN and sign_up.person_id and not sign_up.companion:
            return _next_reminder(event, now, rules)
        case _:
            return None, Stage.NOTHING


def _next_reminder(event: Event, now: datetime, rules: Rules) -> tuple[datetime | None, Stage]:
    """The evening before and the morning of the day, never in the quiet hours, and only while it is of use."""
    planned = (
        (at(event.begins_at - DAY, rules.remind_evening, rules), Stage.EVENING),
        (quiet_ends(event.begins_at - rules.remind_before, rules), Stage.MORNING),
    )
    found = (each for each in planned if now < each[0] < event.begins_at)
    return next(found, (None, Stage.NOTHING))


def next_stage(event: Event, now: datetime, rules: Rules) -> tuple[datetime | None, EventStage]:
    """When the scheduler looks at an event next, after `now`, and why."""
    if event.state is EventState.DRAFT:
        opens_at = max(event.begins_at - rules.event_called, now + DAY)  # a day is left to look at it
        return min(at(opens_at, rules.announce_at, rules), event.begins_at), EventStage.PUBLISH
    if event.state not in (EventState.OPEN, EventState.OVER):
        return None, EventStage.NOTHING
    return next(
        ((moment, stage) for moment, stage in _planned(event, rules) if moment > now), (None, EventStage.NOTHING)
    )


def _planned(event: Event, rules: Rules) -> Iterator[tuple[datetime, EventStage]]:
    yield at(event.begins_at - rules.event_called, rules.announce_at, rules), EventStage.CALL
    yield at(event.begins_at - rules.announce_before, rules.announce_at, rules), EventStage.CALL_AGAIN
    yield at(event.begins_at - DAY, rules.announce_at, rules), EventStage.SHORT
    yield event.begins_at, EventStage.BEGIN
    yield event.ends_at, EventStage.END
    yield quiet_ends(event.ends_at + rules.event_thanked, rules), EventStage.THANK


def at(moment: datetime, hour: time, rules: Rules) -> datetime:
    """An hour of the day in which a moment lies."""
    return datetime.combine(moment.astimezone(rules.zone).date(), hour, rules.zone)
