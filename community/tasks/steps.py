"""What can happen to a task, and what is legal when. Every step is a line of its log."""

from collections.abc import Mapping
from enum import StrEnum

from community.refused import Refused
from storage.tables import TaskState
from storage.tasks import Task


class Step(StrEnum):
    """The words of the log."""

    ORDER = "order"
    CHANGE = "change"
    PUSH = "push"
    TO_TEAM = "to_team"
    TO_WORKER = "to_worker"
    GIVE = "give"
    DECLINE = "decline"
    CLAIM = "claim"
    FILL = "fill"
    SECOND = "second"
    GIVE_BACK = "give_back"
    TAKE_BACK = "take_back"
    REMIND = "remind"
    DONE = "done"
    NOT_DONE = "not_done"
    RATE = "rate"
    CANCEL = "cancel"
    GIVE_UP = "give_up"
    TO_GRIEVANCE = "to_grievance"


class Stage(StrEnum):
    """What the scheduler does next about a task."""

    NEXT_ROUND = "next_round"
    WORKER = "worker"
    BEFORE = "before"
    OVERDUE = "overdue"
    TAKE_BACK = "take_back"
    ASK_RATING = "ask_rating"
    CLOSE = "close"
    NOTHING = ""


OPEN = frozenset({TaskState.ORDERED, TaskState.CLAIMED})
"""What its orderer can still cancel, and its takers give back."""

LEGAL: Mapping[Step, Mapping[TaskState, TaskState]] = {
    Step.CHANGE: {state: state for state in OPEN},
    Step.PUSH: {TaskState.ORDERED: TaskState.ORDERED},
    Step.TO_TEAM: {TaskState.ORDERED: TaskState.ORDERED},
    Step.TO_WORKER: {TaskState.ORDERED: TaskState.ORDERED},
    Step.CLAIM: {TaskState.ORDERED: TaskState.ORDERED},
    Step.FILL: {TaskState.ORDERED: TaskState.CLAIMED},
    Step.SECOND: dict.fromkeys(OPEN, TaskState.ORDERED),
    Step.GIVE_BACK: dict.fromkeys(OPEN, TaskState.ORDERED),
    Step.TAKE_BACK: dict.fromkeys(OPEN, TaskState.ORDERED),
    Step.REMIND: {state: state for state in OPEN},
    Step.DONE: {TaskState.CLAIMED: TaskState.DONE},
    Step.NOT_DONE: {TaskState.DONE: TaskState.CLAIMED},
    Step.RATE: {TaskState.DONE: TaskState.RATED},
    Step.CANCEL: dict.fromkeys(OPEN, TaskState.CANCELLED),
    Step.GIVE_UP: dict.fromkeys(OPEN, TaskState.UNMET),
    Step.TO_GRIEVANCE: dict.fromkeys(OPEN, TaskState.CANCELLED),
}
"""Every step after the first: from which state, to which. A claim that fills the last slot is a `FILL`.

`SECOND`: nobody may go there alone, so that one more is needed.
"""

ENDED = frozenset({TaskState.RATED, TaskState.CANCELLED, TaskState.UNMET})


def after(task: Task, step: Step) -> TaskState:
    """The state that a step leads to. Raises `Refused`, with the reason in the state, where it is not legal."""
    found = LEGAL[step].get(task.state)
    if found is None:
        raise Refused(f"tasks.is_{task.state}", number=task.number)
    return found
