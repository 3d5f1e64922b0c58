"""Staff look at wishes: pass them on in words for everybody, send them back, or say that they cannot be met."""

from dataclasses import dataclass
from datetime import datetime

from community.people import Person
from community.refused import Refused
from community.wishes.ledger import Ledger
from community.wishes.outcomes import Ended, Wish
from community.wishes.steps import State, Step, after
from storage import wishes

LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class Reviewing:
    """What staff can do."""

    ledger: Ledger

    def waiting(self, person: Person) -> list[Wish]:
        """What nobody has looked at yet, in the communities that this person looks after. Raises `Refused`."""
        tree = self.ledger.tree
        nodes = [each for each in tree.nodes if tree.works_at(person.id, each)]
        if not nodes:
            raise Refused("wishes.staff_only")
        return wishes.in_state(self.ledger.store, nodes, State.ASKED)

    def check(self, wish_id: int, person: Person, step: Step) -> Wish:
        """A wish with which this person may do this now. Raises `Refused`."""
        wish = self.ledger.staffed(wish_id, person)
        after(wish, step)
        return wish

    def post(self, wish_id: int, person: Person, words: str, now: datetime) -> Wish:
        """It may be told to everybody, in these words or the proposed ones. Raises `Refused`."""
        wish = self.check(wish_id, person, Step.POST)
        public = words or wish.public_words
        if not public:
            raise Refused("wishes.say_publicly", code=wish.code)
        return self.ledger.step(
            wish, Step.POST, person.id, now, public, public_words=public, reviewed_by=person.id, posted_at=now
        )

    def send_back(self, wish_id: int, person: Person, reason: str, now: datetime) -> Wish:
        """It cannot be told like this, and why. Raises `Refused`."""
        wish = self.check(wish_id, person, Step.RETURN)
        reason = reason[:LONGEST_REASON]
        return self.ledger.step(wish, Step.RETURN, person.id, now, reason, reason=reason, reviewed_by=person.id)

    def give_up(self, wish_id: int, person: Person, reason: str, now: datetime) -> Ended:
        """It cannot be met, and why. Raises `Refused`."""
        wish = self.check(wish_id, person, Step.GIVE_UP)
        return self.ledger.end(wish, person.id, reason[:LONGEST_REASON], now)

    def prolong(self, wish_id: int, person: Person, now: datetime) -> Wish:
        """It stays up for another while. Raises `Refused`."""
        wish = self.ledger.staffed(wish_id, person)
        if wish.goal is not None:
            raise Refused("wishes.until_when", code=wish.code)
        return self.ledger.step(wish, Step.PROLONG, person.id, now)
