"""What every part of the tasks needs: finding them, who may what, and writing steps down."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from community.people import Person
from community.refused import Refused
from community.rules import Rules
from community.tasks.outcomes import Public, Takers
from community.tasks.steps import ENDED, Step, after
from community.tree import Level, Tree
from community.volunteers import Volunteers
from storage import questions, tasks
from storage.database import Store
from storage.tasks import Claim, Service, Task


@dataclass(frozen=True, slots=True)
class Ledger:
    """Tasks within one transaction."""

    store: Store
    tree: Tree
    rules: Rules
    volunteers: Volunteers

    # --- finding ----------------------------------------------------------------------------------------------

    def existing(self, task_id: int) -> Task:
        """Raises `Refused` where there is none."""
        found = tasks.by_id(self.store, task_id)
        if found is None:
            raise Refused("tasks.not_found")
        return found

    def locked(self, task_id: int) -> Task:
        """A task that nobody else claims until the end. Raises `Refused`."""
        found = tasks.locked(self.store, task_id)
        if found is None:
            raise Refused("tasks.not_found")
        return found

    def menu(self, node_id: str) -> list[Service]:
        """What can be ordered at a place: what its nodes upwards offer."""
        return tasks.menu(self.store, [node.id for node in self.tree.upwards(node_id)])

    def claims(self, task: Task) -> tuple[Claim, ...]:
        """Who has promised a task and has not given it back."""
        return tuple(tasks.claims(self.store, [task.id]))

    def takers(self, task: Task) -> Takers:
        """A task with those who have promised it."""
        claims = self.claims(task)
        names = self.volunteers.register.names_of([each.person_id for each in claims])
        return Takers(task, claims, tuple(names[each.person_id] for each in claims))

    def public(self, task: Task) -> Public:
        """A task as those may read it who might take it."""
        missing = task.takers - len(self.claims(task))
        return Public(task, self.area(task), missing)

    def area(self, task: Task) -> str:
        """Where it is, as wide as anybody may know: the grid, else the community."""
        for node in self.tree.upwards(task.place_id or task.node_id):
            if node.level in (Level.GRID, Level.COMMUNITY):
                return node.name
        return ""

    # --- who --------------------------------------------------------------------------------------------------

    def works_for(self, person: Person, task: Task) -> bool:
        """Whether a person works for the community of a task."""
        return self.tree.works_at(person.id, task.node_id)

    def is_orderer(self, person: Person, task: Task) -> bool:
        """Whether it was ordered for or by this person."""
        return person.id in (task.orderer_id, task.ordered_by)

    def claim_of(self, person_id: str, task: Task) -> Claim | None:
        """A person's promise to do a task."""
        return next((each for each in self.claims(task) if each.person_id == person_id), None)

    # --- writing ----------------------------------------------------------------------------------------------

    def step(
        self,
        task: Task,
        step: Step,
        actor_id: str | None,
        now: datetime,
        *,
        subject: str = "",
        note: str = "",
        **values: Any,
    ) -> Task:
        """One step: into the log, and state and values into the columns. The caller says when to look next:
        `next_at` and `stage` are among the values, or stay as they were; what has ended is looked at no more.

        Raises `Refused` where it is not legal, or is not any more: it is looked at again under the lock.
        """
        task = self.locked(task.id)
        state = after(task, step)
        values |= {"state": state, "changed_at": now}
        if state in ENDED:
            values |= {"ended_at": now, "next_at": None, "stage": ""}
        tasks.change(self.store, task.id, **values)
        self.log(task, step, actor_id, now, subject=subject, note=note)
        if state is not task.state:
            self.close_questions(task, now)
        return replace(task, **values)

    def log(
        self, task: Task, step: Step, actor_id: str | None, now: datetime, *, subject: str = "", note: str = ""
    ) -> None:
        """One line of its log. No actor: the bot itself. `subject`: whom it is about, by id."""
        tasks.log(self.store, task.id, now, actor_id, step, subject=subject, note=note)

    def close_questions(self, task: Task, now: datetime) -> None:
        """What people were asked about it needs no answer any more: the orderer, those asked to take it, its takers."""
        concerned = {task.orderer_id, task.ordered_by}
        concerned |= {each.person_id for each in tasks.pushes(self.store, task.id)}
        concerned |= {each.person_id for each in tasks.ever_claimed(self.store, task.id)}
        self.close_questions_of(concerned, task, now)

    def close_questions_of(self, person_ids: Iterable[str], task: Task, now: datetime, kind: str = "tasks.") -> None:
        """What these were asked about a task needs no answer any more. `kind`: or only questions of this kind."""
        for person_id in sorted(person_ids):
            for each in questions.open_for(self.store, person_id, now):
                if each.kind.startswith(kind) and each.about.get("task") == task.id:
                    questions.close(self.store, each.id, now)
