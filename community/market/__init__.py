"""The market (集市) and any other event: stalls with helpers and visitors, from the call to the thanks."""

from dataclasses import dataclass

from community.rules import Rules
from community.tree import Tree
from community.volunteers import Volunteers
from storage.database import Store

__all__ = ["Market"]


@dataclass(frozen=True, slots=True)
class Market:
    """Everything that can be done with events within one transaction."""

    store: Store
    tree: Tree
    rules: Rules
    volunteers: Volunteers

    @classmethod
    def open(cls, store: Store, tree: Tree, rules: Rules, volunteers: Volunteers) -> "Market":
        """The services, on the same rows."""
        return cls(store, tree, rules, volunteers)
