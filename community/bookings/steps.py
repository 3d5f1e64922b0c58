"""What can happen to a booking, which step is legal when, and when the scheduler looks at it again."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from enum import StrEnum

from community.parts.notice import quiet_ends
from community.refused import Refused
from community.rules import Rules
from storage.bookings import Booking
from storage.tables import BookingState as State

__all__ = ["LEGAL", "OPEN", "Stage", "State", "Step", "after", "next_look"]

DAY = timedelta(days=1)


class Step(StrEnum):
    """The words of the log."""

    BOOK = "book"
    WAIT = "wait"
    OFFER = "offer"
    ACCEPT = "accept"
    DECLINE = "decline"
    LAPSE = "lapse"
    MOVE = "move"
    CANCEL = "cancel"
    CLOSE = "close"
    REASON = "reason"
    REMIND = "remind"
    TOO_LATE = "too_late"  # to be reminded: the program was off until it was over
    COMING = "coming"
    CHECK_IN = "check_in"
    CALL = "call"
    MISS = "miss"
    OBJECT = "object"
    RECORD = "record"
    TO_GRIEVANCE = "to_grievance"
    ASK_HELPED = "ask_helped"
    HELPED = "helped"


class Stage(StrEnum):
    """What the scheduler does next about a booking."""

    EVENING = "evening"
    BEFORE = "before"
    OFFER = "offer"
    FOLLOW_UP = "follow_up"
    NOTHING = ""


OPEN = frozenset({State.WAITING, State.OFFERED, State.HELD})
"""What a resident can still give up."""

KEEPS_PLACE = frozenset({State.OFFERED, State.HELD, State.CAME, State.MISSED})

LEGAL: Mapping[Step, Mapping[State, State]] = {
    Step.OFFER: {State.WAITING: State.OFFERED},
    Step.ACCEPT: {State.OFFERED: State.HELD},
    Step.DECLINE: {State.OFFERED: State.CANCELLED},
    Step.LAPSE: dict.fromkeys((State.OFFERED, State.WAITING), State.LAPSED),
    Step.MOVE: dict.fromkeys(OPEN, State.MOVED),
    Step.CANCEL: dict.fromkeys(OPEN, State.CANCELLED),
    Step.CLOSE: dict.fromkeys(OPEN, State.CLOSED),
    Step.COMING: {State.HELD: State.HELD},
    Step.CHECK_IN: {State.HELD: State.CAME, State.MISSED: State.CAME},
    Step.CALL: {State.CAME: State.CAME},
    Step.MISS: {State.HELD: State.MISSED},
    Step.OBJECT: {State.MISSED: State.MISSED},
    Step.RECORD: dict.fromkeys((State.HELD, State.CAME), State.CAME),
    Step.TO_GRIEVANCE: dict.fromkeys((State.HELD, State.CAME), State.CAME),
    Step.HELPED: {State.CAME: State.CAME},
}
"""Every step after the first: from which state, to which. What is not here is refused."""


def after(booking: Booking, step: Step) -> State:
    """The state that a step leads to. Raises `Refused`, with the reason in the state, where it is not legal."""
    found = LEGAL[step].get(booking.state)
    if found is None:
        raise Refused(f"bookings.is_{booking.state}", code=booking.code)
    return found


def next_look(booking: Booking, now: datetime, rules: Rules) -> tuple[datetime | None, Stage]:
    """When the scheduler looks at a booking next, after `now`, and why."""
    match booking.state:
        case State.OFFERED:
            return booking.offered_until, Stage.OFFER
        case State.HELD:
            return _next_reminder(booking, now, rules)
        case State.CAME:
            follow_up = _local(booking.starts_at + DAY, rules.follow_up_at, rules)
            return (follow_up, Stage.FOLLOW_UP) if follow_up > now else (None, Stage.NOTHING)
        case _:
            return None, Stage.NOTHING


def _next_reminder(booking: Booking, now: datetime, rules: Rules) -> tuple[datetime | None, Stage]:
    """The evening before and some hours before, never in the quiet hours, and only while it is of use."""
    planned = (
        (_local(booking.starts_at - DAY, rules.remind_evening, rules), Stage.EVENING),
        (quiet_ends(booking.starts_at - rules.remind_before, rules), Stage.BEFORE),
    )
    found = (each for each in planned if now < each[0] < booking.starts_at)
    return next(found, (None, Stage.NOTHING))


def _local(moment: datetime, at: time, rules: Rules) -> datetime:
    return datetime.combine(moment.astimezone(rules.zone).date(), at, rules.zone)
