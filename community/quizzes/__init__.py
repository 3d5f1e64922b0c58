"""Quizzes with prizes (有奖问答): asked in the group, answered privately, the first right answers win."""

from dataclasses import dataclass

from community.quizzes.answering import Answering
from community.quizzes.asking import Asking
from community.quizzes.bank import Bank
from community.quizzes.prizes import Prizes
from community.rules import Rules
from community.tree import Tree
from storage.database import Store

__all__ = ["Quizzes"]


@dataclass(frozen=True, slots=True)
class Quizzes:
    """Everything that can be done with quizzes within one transaction."""

    asking: Asking
    answering: Answering
    prizes: Prizes
    bank: Bank

    @classmethod
    def open(cls, store: Store, tree: Tree, rules: Rules) -> "Quizzes":
        """The services, on the same rows."""
        return cls(Asking(store, tree, rules), Answering(store, tree, rules), Prizes(store, tree), Bank(store))
