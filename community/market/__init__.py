"""The market (集市) and any other event: stalls with helpers and visitors, from the call to the thanks."""

from dataclasses import dataclass

from community.market.calling import Calling
from community.market.chains import Chains
from community.market.changing import Changing
from community.market.day import Day
from community.market.figures import Figures
from community.market.ledger import Ledger
from community.market.opening import Opening
from community.market.rolling import Rolling
from community.market.signing_up import SigningUp
from community.rules import Rules
from community.tree import Tree
from community.volunteers import Volunteers
from storage.database import Store

__all__ = ["Market"]


@dataclass(frozen=True, slots=True)
class Market:
    """Everything that can be done with events within one transaction."""

    ledger: Ledger
    opening: Opening
    signing_up: SigningUp
    rolling: Rolling
    volunteers: Volunteers
    figures: Figures
    day: Day
    calling: Calling
    changing: Changing
    chains: Chains

    @classmethod
    def open(cls, store: Store, tree: Tree, rules: Rules, volunteers: Volunteers) -> "Market":
        """The services, on the same rows."""
        ledger = Ledger(store, tree, rules)
        signing_up, opening = SigningUp(ledger), Opening(ledger)
        day = Day(ledger, signing_up, volunteers)
        return cls(
            ledger=ledger,
            opening=opening,
            signing_up=signing_up,
            rolling=Rolling(ledger),
            volunteers=volunteers,
            figures=Figures(ledger),
            day=day,
            calling=Calling(ledger, opening, signing_up, day, volunteers),
            changing=Changing(ledger, opening, volunteers.register),
            chains=Chains(ledger, signing_up, volunteers.register),
        )
