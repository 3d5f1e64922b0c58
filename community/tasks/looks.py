"""What the scheduler does about tasks: rounds, reminders, questions, ends. Each once, however often it knocks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from community.tasks.claiming import Claiming
from community.tasks.dispatch import Dispatch
from community.tasks.doing import Doing
from community.tasks.happened import Due
from community.tasks.ledger import Ledger
from community.tasks.outcomes import Task, TaskState
from community.tasks.steps import Stage
from storage import tasks


@dataclass(frozen=True, slots=True)
class Looks:
    """Run by the scheduler: the rows say what is due."""

    ledger: Ledger
    dispatch: Dispatch
    claiming: Claiming
    doing: Doing

    def next_due(self) -> datetime | None:
        """When `run` has something to do next."""
        return tasks.next_due(self.ledger.store)

    def run(self, now: datetime) -> list[Due]:
        """What is due by now. Of several who do this at once one waits for the other, and finds it done."""
        found: list[Due] = []
        for task_id in sorted(each.id for each in tasks.due(self.ledger.store, now)):
            task = self.ledger.locked(task_id)
            if task.next_at is not None and task.next_at <= now:
                found += self._one(task, now)
        return found

    def _one(self, task: Task, now: datetime) -> Sequence[Due]:
        match task.state, task.stage:
            case TaskState.ORDERED, Stage.CLOSE:
                return [self.dispatch.give_up(task, now)]
            case TaskState.ORDERED, Stage.WORKER:
                return [self.dispatch.look_again(task, now)]
            case TaskState.ORDERED, _:
                pushed = self.dispatch.begin(task, now)
                return [pushed] if pushed is not None else []
            case TaskState.CLAIMED, Stage.BEFORE:
                reminded = self.claiming.remind(task, now)
                return [reminded] if reminded is not None else []
            case TaskState.CLAIMED, Stage.TAKE_BACK:
                return self.claiming.take_back(task, now)
            case TaskState.CLAIMED, _:
                return [self.claiming.ask_done(task, now)]
            case TaskState.DONE, Stage.ASK_RATING:
                return [self.doing.ask_again(task, now)]
            case TaskState.DONE, _:
                return [self.doing.close(task, now)]
        return []
