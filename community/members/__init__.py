"""In-service members of units who report in to the community (双报到), and what they report of it (双报告)."""

from dataclasses import dataclass

from community.members.figures import Figures
from community.members.outcomes import Member, Unit
from community.members.reporting import Reporting
from community.members.statements import Statements
from community.rules import Rules
from community.tree import Tree
from community.volunteers import Volunteers
from storage import members
from storage.database import Store

__all__ = ["Member", "Members", "Unit"]


@dataclass(frozen=True, slots=True)
class Members:
    """Everything that can be done with members within one transaction."""

    reporting: Reporting
    figures: Figures
    statements: Statements

    @classmethod
    def open(cls, store: Store, tree: Tree, rules: Rules, volunteers: Volunteers) -> "Members":
        """The services, on the same rows."""
        figures = Figures(store, tree, rules)
        return cls(Reporting(store, tree, rules, volunteers.register), figures, Statements(figures, volunteers.hours))

    def of(self, person_id: str) -> Member | None:
        """Somebody who has reported in, confirmed or not, with their unit's name; None for all others."""
        return members.of_person(self.reporting.store, person_id)
