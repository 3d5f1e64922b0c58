"""Wishes (微心愿) and crowd wishes: asked, looked at, told to everybody without a name, met by neighbours."""

from dataclasses import dataclass

from community.rules import Rules
from community.tree import Tree
from community.volunteers import Volunteers
from community.wishes.asking import Asking
from community.wishes.claiming import Claiming
from community.wishes.figures import Figures
from community.wishes.ledger import Ledger
from community.wishes.pledging import Pledging
from community.wishes.reminders import Reminders
from community.wishes.reviewing import Reviewing
from storage.database import Store

__all__ = ["Wishes"]


@dataclass(frozen=True, slots=True)
class Wishes:
    """Everything that can be done with wishes within one transaction."""

    ledger: Ledger
    asking: Asking
    reviewing: Reviewing
    claiming: Claiming
    pledging: Pledging
    reminders: Reminders
    figures: Figures

    @classmethod
    def open(cls, store: Store, tree: Tree, rules: Rules, volunteers: Volunteers) -> "Wishes":
        """The services, on the same rows."""
        ledger = Ledger(store, tree, rules)
        return cls(
            ledger,
            Asking(ledger),
            Reviewing(ledger),
            Claiming(ledger, volunteers),
            Pledging(ledger),
            Reminders(ledger),
            Figures(ledger),
        )
