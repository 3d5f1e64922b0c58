"""Grievances (诉求): reported, accepted, handled; closed by the resident's word and by nothing else."""

from dataclasses import dataclass

from community.grievances.cases import Cases
from community.grievances.chasing import Chasing
from community.grievances.handling import Handling
from community.grievances.intake import Intake
from community.grievances.lists import Lists
from community.grievances.reports import Reports
from community.grievances.verdicts import Verdicts
from community.rules import Rules
from community.tree import Tree
from storage.database import Store
from storage.grievances import Event, Grievance
from storage.tables import DeadlineClass, Outcome

__all__ = ["DeadlineClass", "Event", "Grievance", "Grievances", "Outcome"]


@dataclass(frozen=True, slots=True)
class Grievances:
    """Everything that can be done with grievances within one transaction."""

    intake: Intake
    handling: Handling
    verdicts: Verdicts
    chasing: Chasing
    lists: Lists
    reports: Reports

    @classmethod
    def open(cls, store: Store, tree: Tree, rules: Rules) -> "Grievances":
        """The services, on the same cases."""
        cases = Cases(store, tree, rules)
        intake, handling = Intake(cases), Handling(cases)
        chasing = Chasing(cases, intake, handling)
        return cls(intake, handling, Verdicts(cases), chasing, Lists(cases), Reports(cases))
