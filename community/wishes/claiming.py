"""Claiming: who brings it, giving it back, bringing it, and whether it has come."""

import re
from dataclasses import dataclass
from datetime import datetime

from community.people import Person
from community.refused import Refused
from community.tree import Role
from community.volunteers import Volunteers
from community.volunteers.teams import Team, longest_named
from community.wishes.ledger import Ledger
from community.wishes.outcomes import Claimed, Delivered, Fulfilled, GivenBack, Missed, Placed, Wish
from community.wishes.steps import State, Step, after
from storage import wishes

MOST_CLAIMS = 3
"""Wishes that one person may have claimed and not brought yet."""

_UNIT = re.compile("[(\uff08]([^)\uff09]+)")
"""A person with their unit: 彭亮(县供电所)."""

LONGEST_ADDRESS = 120
LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class Claiming:
    """What those who help can do, and the wisher with them."""

    ledger: Ledger
    volunteers: Volunteers

    def team_of(self, wish_id: int, person: Person, words: str) -> Team:
        """The team for which somebody claims: one that they lead. Raises `Refused`."""
        led = self.volunteers.teams.led_by(person)
        if not led:
            raise Refused("wishes.leads_no_team")
        named = led if len(led) == 1 else longest_named(words, led)
        if len(named) != 1:
            names = "\u3001".join(each.name for each in led)
            raise Refused("wishes.which_team", code=self.ledger.existing(wish_id).code, names=names, name=led[0].name)
        return named[0]

    def unit_of(self, person: Person) -> str:
        """The unit for which somebody speaks, as the community file has it; empty where it is not known."""
        held = [each for each in self.ledger.tree.roles_of(person.id) if each.role is Role.MEMBER_UNIT]
        found = _UNIT.search(held[0].name) if held else None
        return found[1] if found else ""

    def claim(self, wish_id: int, person: Person, group_node: str | None, claimed_for: str, now: datetime) -> Claimed:
        """It is theirs. The first one has it; a second is told so. Raises `Refused`."""
        wish = self.ledger.locked(wish_id)
        self._check_claimable(wish, person, group_node)
        wishes.lock_person(self.ledger.store, person.id)
        open_claims = [each for each in wishes.claimed_by(self.ledger.store, person.id) if each.state is State.CLAIMED]
        if len(open_claims) >= MOST_CLAIMS:
            codes = "\u3001".join(each.code for each in open_claims)
            raise Refused("wishes.too_many_claims", most=MOST_CLAIMS, codes=codes, first=open_claims[0].code)
        claimed = self.ledger.step(
            wish,
            Step.CLAIM,
            person.id,
            now,
            claimed_for,
            claimed_by=person.id,
            claimed_for=claimed_for,
            claimed_at=now,
            address="",
            by_name=None,
        )
        return Claimed(claimed, self.ledger.station(wish.node_id))

    def give_back(self, wish_id: int, person: Person, reason: str, now: datetime) -> GivenBack:
        """They cannot bring it. Nobody asks more than why. Raises `Refused`."""
        wish = self.ledger.locked(wish_id)
        if wish.claimed_by != person.id:
            raise Refused("wishes.not_yours", code=wish.code)
        return self.ledger.give_back(wish, Step.GIVE_BACK, person.id, reason[:LONGEST_REASON], now)

    def place(self, wish_id: int, person: Person, address: str, now: datetime) -> Placed:
        """The wisher says where they want it: at an address, or at the station. Raises `Refused`."""
        wish = self.ledger.own(wish_id, person)
        after(wish, Step.PLACE)
        changed = self.ledger.note(wish, Step.PLACE, person.id, now, address=address[:LONGEST_ADDRESS])
        return Placed(changed, wish.claimed_by or "", self.ledger.station(wish.node_id))

    def deliver(self, wish_id: int, person: Person, now: datetime) -> Delivered:
        """The claimer, or staff, say that it has been brought. Raises `Refused`."""
        wish = self.ledger.locked(wish_id)
        if wish.claimed_by != person.id and not self.ledger.works_for(person, wish):
            raise Refused("wishes.not_yours", code=wish.code)
        changed = self.ledger.step(wish, Step.DELIVER, person.id, now, delivered_at=now)
        return Delivered(changed, wish.claimed_by or "")

    def receive(self, wish_id: int, person: Person, now: datetime) -> Fulfilled:
        """The wisher has it; staff may say so for them. Raises `Refused`."""
        wish = self._of_wisher_or_staff(wish_id, person)
        claimer = wish.claimed_by or ""
        changed = self.ledger.step(wish, Step.RECEIVE, person.id, now)
        thanks = (wish.claimed_for or self.ledger.name_of(claimer),) if wish.by_name else ()
        return Fulfilled(changed, (claimer,), thanks, unnamed=1 - len(thanks))

    def miss(self, wish_id: int, person: Person, now: datetime) -> Missed:
        """The wisher has not got it. Raises `Refused`."""
        wish = self._of_wisher_or_staff(wish_id, person)
        changed = self.ledger.step(wish, Step.MISS, person.id, now, delivered_at=None)
        return Missed(changed, wish.claimed_by or "", self.ledger.staff(wish))

    def consent(self, wish_id: int, person: Person, *, by_name: bool, now: datetime) -> Wish:
        """Whether the claimer wants to be thanked by name. Raises `Refused`."""
        wish = self.ledger.locked(wish_id)
        if wish.claimed_by != person.id:
            raise Refused("wishes.not_yours", code=wish.code)
        return self.ledger.note(wish, Step.CONSENT, person.id, now, by_name=by_name)

    # --- inside -----------------------------------------------------------------------------------------------

    def _check_claimable(self, wish: Wish, person: Person, group_node: str | None) -> None:
        if wish.state in (State.RETURNED, State.WITHDRAWN) and wish.wisher_id != person.id:
            raise Refused("wishes.is_withdrawn", code=wish.code)
        self.ledger.check_near(wish, person, group_node)
        if wish.wisher_id == person.id:
            raise Refused("wishes.your_own", code=wish.code)
        if wish.claimed_by == person.id and wish.state is State.CLAIMED:
            raise Refused("wishes.yours_already", code=wish.code)
        if wish.state is State.CLAIMED:
            raise self._taken(wish)
        after(wish, Step.CLAIM)
        if wish.goal is not None:
            raise Refused("wishes.needs_many", code=wish.code, unit=wish.unit)

    def _taken(self, wish: Wish) -> Refused:
        """Somebody was faster; what else there is."""
        found = wishes.in_state(self.ledger.store, [wish.node_id], State.POSTED, MOST_CLAIMS)
        if not found:
            return Refused("wishes.taken_last", code=wish.code)
        return Refused("wishes.taken", code=wish.code, others="\u3001".join(each.code for each in found))

    def _of_wisher_or_staff(self, wish_id: int, person: Person) -> Wish:
        wish = self.ledger.locked(wish_id)
        if wish.wisher_id != person.id and not self.ledger.works_for(person, wish):
            raise Refused("wishes.not_found")
        return wish
