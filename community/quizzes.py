"""Quizzes with prizes (有奖问答): asked in the group, answered privately, the first right answers win."""

from dataclasses import dataclass

from community.rules import Rules
from community.tree import Tree
from storage.database import Store


@dataclass(frozen=True, slots=True)
class Quizzes:
    """Everything that can be done with quizzes within one transaction."""

    store: Store
    tree: Tree
    rules: Rules
