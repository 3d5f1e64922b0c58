"""Wishing: a new wish, what became of it, taking it back; and what there is to claim."""

import re
from dataclasses import dataclass
from datetime import datetime

from community.people import Person
from community.refused import Refused
from community.wishes.ledger import Ledger
from community.wishes.outcomes import Asked, Page, Seen, Told, Wish, Withdrawn
from community.wishes.steps import OPEN, State, Step, next_look
from storage import wishes
from storage.tree import Group

__all__ = ["Asking"]

MOST_IN_REVIEW = 3
"""Wishes of one person that nobody has looked at yet. Staff may write down as many as there are."""

_BRACKETED = re.compile("[(\uff08].*")
"""The firm or unit behind a name."""

LINES = 8
"""Wishes on a page."""

HIDDEN = frozenset({State.ASKED, State.RETURNED, State.WITHDRAWN})
"""States in which a wish is nobody's business but the wisher's and the staff's."""


@dataclass(frozen=True, slots=True)
class Asking:
    """What wishers and everybody else can do."""

    ledger: Ledger

    def names(self) -> tuple[str, ...]:
        """The names of everybody with a part in the community: such names are masked."""
        return tuple({_BRACKETED.sub("", each.name) for each in self.ledger.tree.roles})

    def node(self, person: Person, group_node: str | None) -> str:
        """The community whose wishes are meant. Raises `Refused`."""
        return self.ledger.community_meant(person, group_node).id

    def ask(self, person: Person, group_node: str | None, told: Told, group: str | None, now: datetime) -> Asked:
        """A new wish, for staff to look at. Raises `Refused`."""
        node = self.ledger.community_meant(person, group_node)
        if not self.ledger.tree.works_at(person.id, node.id):
            wishes.lock_person(self.ledger.store, person.id)
            if wishes.in_review_of(self.ledger.store, person.id) >= MOST_IN_REVIEW:
                raise Refused("wishes.too_many_in_review", most=MOST_IN_REVIEW)
        wish_id = wishes.add(
            self.ledger.store,
            node_id=node.id,
            wisher_id=person.id,
            for_whom=told.for_whom,
            words=told.words,
            public_words=told.public_words,
            category=told.category,
            who=told.who,
            state=State.ASKED,
            group_external_id=group,
            asked_at=now,
            changed_at=now,
        )
        wish = self.ledger.existing(wish_id)
        next_at, stage = next_look(wish, now, self.ledger.rules)
        self.ledger.note(wish, Step.ASK, person.id, now, next_at=next_at, stage=stage)
        wish = self.ledger.existing(wish_id)
        return Asked(wish, tuple(each for each in self.ledger.staff(wish) if each != person.id))

    def withdraw(self, wish_id: int, person: Person, now: datetime) -> Withdrawn:
        """The wisher does not want it any more. Raises `Refused`."""
        wish = self.ledger.own(wish_id, person)
        tell = self.ledger.helpers(wish)
        changed = self.ledger.step(wish, Step.WITHDRAW, person.id, now)
        return Withdrawn(changed, tuple(each for each in tell if each != person.id))

    def look_up(self, wish_id: int, person: Person, group_node: str | None) -> Seen:
        """A wish as this person may see it. Raises `Refused`."""
        wish = self.ledger.existing(wish_id)
        is_wisher, is_staff = wish.wisher_id == person.id, self.ledger.works_for(person, wish)
        is_claimer = wish.claimed_by == person.id and wish.state in (State.CLAIMED, State.DELIVERED)
        if not (is_wisher or is_staff or is_claimer):
            if wish.state in HIDDEN:
                raise Refused("wishes.not_found")
            self.ledger.check_near(wish, person, group_node)
        return Seen(
            wish,
            self.ledger.crowd(wish) if wish.goal is not None else None,
            is_wisher,
            is_staff,
            is_claimer,
            self.ledger.name_of(wish.claimed_by or "") if is_staff else "",
            self.ledger.station(wish.node_id) if is_claimer else "",
        )

    def wall(self, person: Person, group_node: str | None, beginning: int = 0) -> Page:
        """What one can claim or pledge to, the oldest first."""
        node = self.ledger.community_meant(person, group_node)
        found = wishes.in_state(self.ledger.store, [node.id], State.POSTED, LINES + 1, beginning)
        shown = tuple(found[:LINES])
        pledged = wishes.pledged(self.ledger.store, [each.id for each in shown if each.goal is not None])
        return Page(shown, dict(pledged), beginning + LINES if len(found) > LINES else None)

    def mine(self, person: Person) -> list[Wish]:
        """What a person wished for, the latest first."""
        return wishes.of_wisher(self.ledger.store, person.id)

    def open_of(self, person: Person) -> list[Wish]:
        """What a wisher can still take back."""
        return [each for each in self.mine(person) if each.state in OPEN - {State.DELIVERED}]

    def claimed_by(self, person: Person) -> list[Wish]:
        """What a person has claimed and not brought yet."""
        return [each for each in wishes.claimed_by(self.ledger.store, person.id) if each.state is State.CLAIMED]

    def pledged_by(self, person: Person) -> list[Wish]:
        """Crowd wishes to which a person still owes something."""
        return wishes.pledged_to(self.ledger.store, person.id)

    def groups(self, wish: Wish) -> list[Group]:
        """The groups that hear of a wish: those at its node and below it."""
        tree = self.ledger.tree
        return [each for each in tree.groups.values() if tree.lies_in(each.node_id, wish.node_id)]
