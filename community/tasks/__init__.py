"""Tasks (点单·派单·接单·评单): neighbours order, the community dispatches, volunteers accept, neighbours rate."""

from dataclasses import dataclass

from community.grievances import Grievances
from community.rules import Rules
from community.tasks.claiming import Claiming
from community.tasks.dispatch import Dispatch
from community.tasks.doing import Doing
from community.tasks.figures import Figures
from community.tasks.ledger import Ledger
from community.tasks.lists import Lists
from community.tasks.looks import Looks
from community.tasks.ordering import Ordering
from community.tasks.safety import Safety
from community.tree import Tree
from community.volunteers import Volunteers
from storage.database import Store

__all__ = ["Tasks"]


@dataclass(frozen=True, slots=True)
class Tasks:
    """Everything that can be done with tasks within one transaction."""

    ledger: Ledger
    ordering: Ordering
    lists: Lists
    dispatch: Dispatch
    claiming: Claiming
    doing: Doing
    safety: Safety
    looks: Looks
    figures: Figures

    @classmethod
    def open(cls, store: Store, tree: Tree, rules: Rules, volunteers: Volunteers, grievances: Grievances) -> "Tasks":
        """The services, on the same rows."""
        ledger = Ledger(store, tree, rules, volunteers)
        dispatch = Dispatch(ledger)
        claiming = Claiming(ledger, dispatch)
        doing = Doing(ledger, claiming)
        return cls(
            ledger=ledger,
            ordering=Ordering(ledger, grievances, claiming),
            lists=Lists(ledger),
            dispatch=dispatch,
            claiming=claiming,
            doing=doing,
            safety=Safety(ledger, claiming),
            looks=Looks(ledger, dispatch, claiming, doing),
            figures=Figures(ledger),
        )
