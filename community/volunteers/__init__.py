"""Volunteers (志愿者): who can do what, in which team, and the hours they have given."""

from dataclasses import dataclass

from community.rules import Rules
from community.tree import Tree
from storage.database import Store

__all__ = ["Volunteers"]


@dataclass(frozen=True, slots=True)
class Volunteers:
    """Everything that can be done with volunteers within one transaction."""

    store: Store
    tree: Tree
    rules: Rules

    @classmethod
    def open(cls, store: Store, tree: Tree, rules: Rules) -> "Volunteers":
        """The services, on the same rows."""
        return cls(store, tree, rules)
