"""What can happen to a grievance, and which step is legal when."""

from collections.abc import Mapping
from enum import IntEnum, StrEnum

from community.refused import Refused
from storage.grievances import Grievance
from storage.tables import GrievanceState as State
from storage.tables import Outcome

__all__ = ["LEGAL", "OPEN", "Satisfaction", "State", "Step", "after", "not_as_it_stands"]


class Step(StrEnum):
    """The words of the log."""

    DRAFT = "draft"
    REPORT = "report"
    LOCATE = "locate"
    PHOTO = "photo"
    ADD = "add"
    REWORD = "reword"
    CLASSIFY = "classify"
    ANONYMOUS = "anonymous"
    ACCEPT = "accept"
    ASSIGN = "assign"
    HELP = "help"
    GIVE_BACK = "give_back"
    VACATE = "vacate"
    ASK = "ask"
    ANSWER = "answer"
    GO_ON = "go_on"
    FINISH = "finish"
    SOLVED = "solved"
    PARTLY = "partly"
    UNSOLVED = "unsolved"
    TAKE_BACK = "take_back"
    RATE = "rate"
    REMIND = "remind"
    ESCALATE = "escalate"
    HALF = "half"
    WARNING = "warning"
    OVERDUE = "overdue"
    ASK_AGAIN = "ask_again"
    LAPSE = "lapse"
    URGE = "urge"
    JOIN = "join"
    MERGE = "merge"
    ABSORB = "absorb"
    SPLIT = "split"
    RELEASE = "release"
    LEAVE = "leave"
    MOVE = "move"
    WITHDRAW = "withdraw"
    CORRECT = "correct"


class Satisfaction(IntEnum):
    """The resident's mark, as typed."""

    SATISFIED = 1
    FAIRLY_SATISFIED = 2
    DISSATISFIED = 3


UNHANDLED = (State.REPORTED, State.ACCEPTED, State.ASKED, State.REOPENED)
OPEN = frozenset({State.DRAFT, *UNHANDLED})
"""Where work is still to be done."""

ENDED = frozenset({State.CLOSED, State.WITHDRAWN, State.MERGED})

LEGAL: Mapping[Step, Mapping[State, State]] = {
    Step.REPORT: {State.DRAFT: State.REPORTED},
    Step.LOCATE: {State.DRAFT: State.REPORTED},
    Step.ACCEPT: {State.REPORTED: State.ACCEPTED, State.REOPENED: State.ACCEPTED},
    Step.ASSIGN: dict.fromkeys(UNHANDLED, State.ACCEPTED),
    Step.GIVE_BACK: dict.fromkeys((State.ACCEPTED, State.ASKED, State.REOPENED), State.REPORTED),
    Step.VACATE: dict.fromkeys((State.ACCEPTED, State.ASKED, State.REOPENED), State.REPORTED),
    Step.ASK: {State.ACCEPTED: State.ASKED},
    Step.ANSWER: {State.ASKED: State.ACCEPTED},
    Step.GO_ON: {State.ASKED: State.ACCEPTED},
    Step.FINISH: dict.fromkeys(UNHANDLED, State.HANDLED),
    Step.SOLVED: dict.fromkeys((State.HANDLED, State.CLOSED), State.CONFIRMED),
    Step.PARTLY: dict.fromkeys((State.HANDLED, State.CLOSED), State.REOPENED),
    Step.UNSOLVED: dict.fromkeys((State.HANDLED, State.CLOSED), State.REOPENED),
    Step.TAKE_BACK: {State.CONFIRMED: State.HANDLED},
    Step.RATE: {State.CONFIRMED: State.CLOSED},
    Step.LAPSE: {State.HANDLED: State.CLOSED, State.CONFIRMED: State.CLOSED},
    Step.MERGE: dict.fromkeys(UNHANDLED, State.MERGED),
    Step.SPLIT: {State.MERGED: State.REPORTED},
    Step.MOVE: dict.fromkeys(UNHANDLED, State.REPORTED),
    Step.WITHDRAW: dict.fromkeys((State.DRAFT, *UNHANDLED, State.HANDLED), State.WITHDRAWN),
}
"""Every step that changes the state: from which, to which. What is not here is refused.

One that was closed without the resident's word, and only such a one, still takes it: see `Verdicts.judge`.
"""

PAUSES = frozenset({Step.DRAFT, Step.ASK, Step.FINISH, Step.TAKE_BACK})
RESUMES = frozenset(
    {
        Step.LOCATE,
        Step.ANSWER,
        Step.GO_ON,
        Step.PARTLY,
        Step.UNSOLVED,
        Step.ASSIGN,
        Step.GIVE_BACK,
        Step.VACATE,
        Step.SPLIT,
        Step.MOVE,
    }
)
"""The clock stands still while the resident is asked."""


def after(grievance: Grievance, step: Step) -> State:
    """The state that a step leads to. Raises `Refused`, with the reason in the state, where the step is not legal."""
    found = LEGAL[step].get(grievance.state)
    if found is None:
        raise not_as_it_stands(grievance)
    return found


def not_as_it_stands(grievance: Grievance) -> Refused:
    """Why something cannot be done: the reason is in the state. Of a merged one, where it goes on; of one closed
    without its resident's word, how that word still counts."""
    if grievance.merged_into is not None:
        return Refused("grievances.merged_elsewhere", number=grievance.number, into=grievance.merged_into)
    if grievance.outcome is Outcome.UNANSWERED:
        return Refused("grievances.is_unanswered", number=grievance.number)
    return Refused(f"grievances.is_{grievance.state}", number=grievance.number)
