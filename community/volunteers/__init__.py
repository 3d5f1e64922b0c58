"""Volunteers (志愿者): who can do what, in which team, and the hours they have given."""

from dataclasses import dataclass

from community.rules import Rules
from community.tree import Tree
from community.volunteers.certificates import Certificates
from community.volunteers.honours import Honours
from community.volunteers.hours import Hours
from community.volunteers.register import Register
from community.volunteers.teams import Teams
from storage.database import Store

__all__ = ["Volunteers"]


@dataclass(frozen=True, slots=True)
class Volunteers:
    """Everything that can be done with volunteers within one transaction."""

    register: Register
    teams: Teams
    hours: Hours
    certificates: Certificates
    honours: Honours

    @classmethod
    def open(cls, store: Store, tree: Tree, rules: Rules) -> "Volunteers":
        """The services, on the same rows."""
        register = Register(store, tree, rules)
        return cls(
            register=register,
            teams=Teams(register),
            hours=Hours(store, tree, rules),
            certificates=Certificates(store, tree, rules),
            honours=Honours(register),
        )
