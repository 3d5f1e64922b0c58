"""Prizes: who has won what, and who has fetched it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from community.people import Person
from community.quizzes.outcomes import Fetched, WhichPrize
from community.refused import Refused
from community.tree import Tree
from storage import quizzes
from storage.database import Store
from storage.quizzes import Prize

LISTED = timedelta(days=60)
"""For how long after a quiz its prizes are on the list."""

MOST_TO_CHOOSE = 9


@dataclass(frozen=True, slots=True)
class Prizes:
    """Handing out prizes, within one transaction."""

    store: Store
    tree: Tree

    def hand_out(self, name: str, person: Person, now: datetime) -> Fetched | WhichPrize:
        """Somebody of that name has fetched a prize. Raises `Refused`."""
        mine = [each for each in quizzes.to_fetch(self.store) if self._may_give(each, person)]
        found = [each for each in mine if each.name == name] or [each for each in mine if name in each.name]
        if not found:
            raise self._nothing_for(name, person, now)
        if len(found) > 1:
            return WhichPrize(tuple(found[:MOST_TO_CHOOSE]))
        return self._give(found[0], person, now)

    def hand_out_one(self, quiz_id: int, winner_id: str, person: Person, now: datetime) -> Fetched:
        """This prize has been fetched. Raises `Refused`."""
        prize = quizzes.prize_of(self.store, quiz_id, winner_id)
        if prize is None or not self._may_give(prize, person):
            raise Refused("help.not_for_you")
        return self._give(prize, person, now)

    def listed(self, person: Person, now: datetime) -> list[Prize]:
        """What was won lately in the quizzes that a person looks after, the oldest first. Raises `Refused`."""
        nodes = [node_id for node_id in self.tree.nodes if self.tree.works_at(person.id, node_id)]
        found = quizzes.prizes_since(self.store, nodes or list(self.tree.nodes), now - LISTED)
        listed = [each for each in found if self._may_give(each, person)]
        if not nodes and not listed:
            raise Refused("help.not_for_you")
        return listed

    def of(self, person: Person) -> list[Prize]:
        """What a person has won, the latest first."""
        return quizzes.prizes_of(self.store, person.id)[::-1]

    def gives_any(self, person: Person) -> bool:
        """Whether a person hands out prizes anywhere."""
        works = any(self.tree.works_at(person.id, node_id) for node_id in self.tree.nodes)
        return works or any(each.started_by == person.id for each in quizzes.to_fetch(self.store))

    def _give(self, prize: Prize, person: Person, now: datetime) -> Fetched:
        if prize.person_id == person.id:
            raise Refused("quizzes.own_prize")
        if not quizzes.note_fetched(self.store, prize.quiz_id, prize.person_id, person.id, now):
            raise Refused("quizzes.fetched_before", name=prize.name, prize=prize.prize)
        return Fetched(prize)

    def _may_give(self, prize: Prize, person: Person) -> bool:
        """Workers of the node, and whoever ran the quiz."""
        return prize.started_by == person.id or self.tree.works_at(person.id, prize.node_id)

    def _nothing_for(self, name: str, person: Person, now: datetime) -> Refused:
        before = [each for each in self.listed(person, now) if name in each.name and each.fetched_at is not None]
        if before:
            return Refused("quizzes.fetched_before", name=before[-1].name, prize=before[-1].prize)
        return Refused("quizzes.no_winner", name=name)
