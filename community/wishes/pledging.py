"""Crowd wishes (众筹): things or hours from many, never money; safe when many pledge at once.

Whoever changes what is pledged holds the lock of the wish.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from community.people import Person
from community.refused import Refused
from community.wishes.ledger import Ledger
from community.wishes.outcomes import (
    Crowd,
    Ended,
    Fulfilled,
    Giver,
    Pledge,
    Pledged,
    TickedOff,
    Wanted,
    WhichGiver,
    Wish,
)
from community.wishes.steps import LONGEST_OPEN, State, Step, after, quarter
from storage import wishes

__all__ = ["Pledging"]

BIGGEST_GOAL = 100_000


@dataclass(frozen=True, slots=True)
class Pledging:
    """What givers can do, and staff with a crowd wish."""

    ledger: Ledger

    # --- for staff --------------------------------------------------------------------------------------------

    def check_wanted(self, wanted: Wanted, now: datetime) -> None:
        """Raises `Refused` for a goal or a date that cannot be."""
        self._check_date(wanted.closes_on, now)
        if not 0 < wanted.goal <= BIGGEST_GOAL:
            raise Refused("wishes.which_goal")

    def open(self, wish_id: int, person: Person, wanted: Wanted, now: datetime) -> Wish:
        """A wish becomes one for many. Raises `Refused` where somebody has claimed it, or it is one already."""
        wish = self.ledger.staffed(wish_id, person)
        self.check_wanted(wanted, now)
        after(wish, Step.CROWD)
        if wish.goal is not None and wish.state is State.POSTED:
            raise Refused("wishes.crowd_already", code=wish.code)
        note = f"{wanted.goal}{wanted.unit} {wanted.closes_on}"
        return self.ledger.step(
            wish,
            Step.CROWD,
            person.id,
            now,
            note,
            goal=wanted.goal,
            unit=wanted.unit,
            thing=wanted.thing,
            closes_on=wanted.closes_on,
        )

    def givers(self, wish_id: int, person: Person) -> tuple[Crowd, tuple[Giver, ...]]:
        """Who gives how much: for staff alone. Raises `Refused`."""
        wish = self._crowd_wish(self.ledger.staffed(wish_id, person))
        return self.ledger.crowd(wish), self._givers(wish)

    def giver(self, wish_id: int, person: Person, name: str) -> Giver | WhichGiver:
        """The giver of this name, or with this number of the list. Raises `Refused` where there is none."""
        wish = self._crowd_wish(self.ledger.staffed(wish_id, person))
        givers = self._givers(wish)
        found = [each for each in givers if each.name == name]
        if not found and name.isdecimal() and 0 < int(name) <= len(givers):
            found = [givers[int(name) - 1]]
        if not found:
            raise Refused("wishes.no_such_giver", code=wish.code, name=name)
        return found[0] if len(found) == 1 else WhichGiver(wish, tuple(found))

    def tick_off(self, wish_id: int, person: Person, giver_id: str, amount: int | None, now: datetime) -> TickedOff:
        """Something is there; without an amount all that this giver still owes. Raises `Refused`."""
        wish = self._crowd_wish(self.ledger.staffed(wish_id, person))
        after(wish, Step.TICK_OFF)
        rows = [each for each in wishes.pledges_of(self.ledger.store, wish.id) if each.person_id == giver_id]
        owed = [each for each in rows if each.delivered_at is None]
        missing = sum(each.amount for each in owed)
        wanted = missing if amount is None else amount
        name = self.ledger.name_of(giver_id)
        if not owed:
            raise Refused("wishes.all_there", name=name)
        if not 0 < wanted <= missing:
            raise Refused("wishes.not_so_much", code=wish.code, name=name, missing=missing, unit=wish.unit)
        self._deliver(owed, wanted, person, now)
        wish = self.ledger.step(wish, Step.TICK_OFF, person.id, now, f"{giver_id} {wanted}")
        giver = next(each for each in self._givers(wish) if each.person_id == giver_id)
        crowd = self.ledger.crowd(wish)
        done = self._complete(crowd, person, now)
        return TickedOff(replace(crowd, wish=done.wish) if done else crowd, giver, wanted, done)

    def prolong(self, wish_id: int, person: Person, until: date, now: datetime) -> Crowd:
        """It stays open until another day. Raises `Refused`."""
        wish = self._crowd_wish(self.ledger.staffed(wish_id, person))
        self._check_date(until, now)
        return self.ledger.crowd(self.ledger.step(wish, Step.PROLONG, person.id, now, str(until), closes_on=until))

    def shrink(self, wish_id: int, person: Person, goal: int, now: datetime) -> TickedOff | Crowd:
        """Less will do, but not less than is pledged. Raises `Refused`."""
        wish = self._crowd_wish(self.ledger.staffed(wish_id, person))
        crowd = self.ledger.crowd(wish)
        after(wish, Step.SHRINK)
        if not 0 < goal < crowd.goal:
            raise Refused("wishes.shrink_to_what", code=wish.code, goal=crowd.goal, unit=wish.unit)
        if goal < crowd.pledged:
            raise Refused("wishes.more_is_pledged", code=wish.code, pledged=crowd.pledged, unit=wish.unit)
        wish = self.ledger.step(wish, Step.SHRINK, person.id, now, str(goal), goal=goal)
        crowd = replace(crowd, wish=wish)
        done = self._complete(crowd, person, now)
        if done is None:
            return replace(crowd, wish=self._tell_in_time(crowd, now))
        last = self._givers(wish)[-1]
        return TickedOff(replace(crowd, wish=done.wish), last, 0, done)

    def end(self, wish_id: int, person: Person, now: datetime) -> Ended:
        """It does not get there. Raises `Refused`."""
        wish = self._crowd_wish(self.ledger.staffed(wish_id, person))
        after(wish, Step.GIVE_UP)
        return self.ledger.end(wish, person.id, "", now)

    # --- for givers -------------------------------------------------------------------------------------------

    def crowd(self, wish_id: int, person: Person, group_node: str | None, now: datetime) -> Crowd:
        """A crowd wish to which this person may pledge, locked. Raises `Refused`."""
        wish = self.ledger.locked(wish_id)
        if wish.state in (State.RETURNED, State.WITHDRAWN):
            raise Refused("wishes.is_withdrawn", code=wish.code)
        self.ledger.check_near(wish, person, group_node)
        after(wish, Step.PLEDGE)
        if wish.goal is None:
            raise Refused("wishes.for_one", code=wish.code)
        if wish.wisher_id == person.id and not self.ledger.works_for(person, wish):
            raise Refused("wishes.your_own", code=wish.code)
        if wish.closes_on is not None and now.astimezone(self.ledger.rules.zone).date() > wish.closes_on:
            raise Refused("wishes.date_over", code=wish.code, closes_on=wish.closes_on)
        return self.ledger.crowd(wish)

    def pledge(self, wish_id: int, person: Person, group_node: str | None, amount: int, now: datetime) -> Pledged:
        """So much more from this person; never more than is missing. Raises `Refused`."""
        crowd = self.crowd(wish_id, person, group_node, now)
        own = self._owned(crowd.wish, person)
        self._check_amount(crowd, amount, crowd.left)
        by_name = own[0].by_name if own else None
        self._add(crowd.wish, person, amount, by_name, now)
        changed = self._changed(crowd.wish, Step.PLEDGE, person, str(amount), now)
        return Pledged(changed, sum(each.amount for each in own) + amount, asks_name=not own)

    def change(self, wish_id: int, person: Person, group_node: str | None, amount: int, now: datetime) -> Pledged:
        """So much in all from this person; 0: nothing. What is there already stays. Raises `Refused`."""
        crowd = self.crowd(wish_id, person, group_node, now)
        own = self._owned(crowd.wish, person)
        if not own:
            raise Refused("wishes.nothing_pledged", code=crowd.wish.code)
        pledged = sum(each.amount for each in own)
        there = sum(each.amount for each in own if each.delivered_at is not None)
        if amount < there:
            raise Refused("wishes.there_already", code=crowd.wish.code, there=there, unit=crowd.wish.unit)
        if amount:
            self._check_amount(crowd, amount, crowd.left + pledged)
        for each in own:
            if each.delivered_at is None:
                wishes.change_pledge(self.ledger.store, each.id, withdrawn_at=now)
        if amount > there:
            self._add(crowd.wish, person, amount - there, own[0].by_name, now)
        return Pledged(self._changed(crowd.wish, Step.CHANGE_PLEDGE, person, str(amount), now), amount, asks_name=False)

    def withdraw(self, wish_id: int, person: Person, now: datetime) -> Pledged:
        """They give nothing after all; what is there stays. Works also after the date. Raises `Refused`."""
        wish = self._crowd_wish(self.ledger.locked(wish_id))
        own = self._owned(wish, person)
        owed = [each for each in own if each.delivered_at is None]
        if not owed:
            raise Refused("wishes.nothing_pledged", code=wish.code)
        after(wish, Step.CHANGE_PLEDGE)
        for each in owed:
            wishes.change_pledge(self.ledger.store, each.id, withdrawn_at=now)
        there = sum(each.amount for each in own) - sum(each.amount for each in owed)
        return Pledged(self._changed(wish, Step.CHANGE_PLEDGE, person, str(there), now), there, asks_name=False)

    def consent(self, wish_id: int, person: Person, *, by_name: bool, now: datetime) -> Wish:
        """Whether a giver wants to be thanked by name. Raises `Refused`."""
        wish = self.ledger.locked(wish_id)
        if not self._owned(wish, person):
            raise Refused("wishes.nothing_pledged", code=wish.code)
        wishes.set_by_name(self.ledger.store, wish_id, person.id, consents=by_name)
        self.ledger.log(wish, Step.CONSENT, person.id, now)
        return wish

    def own(self, wish_id: int, person: Person) -> int:
        """How much a person gives to a wish."""
        return sum(each.amount for each in self._owned(self.ledger.existing(wish_id), person))

    def gives(self, wish_id: int, person: Person) -> bool:
        """Whether a person gives to a wish."""
        return bool(self._owned(self.ledger.existing(wish_id), person))

    # --- inside -----------------------------------------------------------------------------------------------

    def _crowd_wish(self, wish: Wish) -> Wish:
        if wish.goal is None:
            raise Refused("wishes.for_one", code=wish.code)
        return wish

    def _check_date(self, closes_on: date, now: datetime) -> None:
        today = now.astimezone(self.ledger.rules.zone).date()
        if not today < closes_on <= today + LONGEST_OPEN:
            raise Refused("wishes.which_date", days=LONGEST_OPEN.days)

    def _check_amount(self, crowd: Crowd, amount: int, left: int) -> None:
        code, unit = crowd.wish.code, crowd.wish.unit
        if amount <= 0:
            raise Refused("wishes.at_least_one", code=code, unit=unit)
        if amount > crowd.goal:
            raise Refused("wishes.far_too_much", code=code, goal=crowd.goal, left=left, unit=unit)
        if left == 0:
            raise Refused("wishes.enough", code=code, goal=crowd.goal, unit=unit)
        if amount > left:
            raise Refused("wishes.only_left", code=code, left=left, unit=unit)

    def _owned(self, wish: Wish, person: Person) -> list[Pledge]:
        return [each for each in wishes.pledges_of(self.ledger.store, wish.id) if each.person_id == person.id]

    def _add(self, wish: Wish, person: Person, amount: int, by_name: bool | None, now: datetime) -> None:
        wishes.add_pledge(
            self.ledger.store,
            wish_id=wish.id,
            person_id=person.id,
            amount=amount,
            pledged_at=now,
            by_name=by_name,
        )

    def _changed(self, wish: Wish, step: Step, person: Person, note: str, now: datetime) -> Crowd:
        crowd = self.ledger.crowd(self.ledger.note(wish, step, person.id, now, note))
        return replace(crowd, wish=self._tell_in_time(crowd, now))

    def _tell_in_time(self, crowd: Crowd, now: datetime) -> Wish:
        """A new quarter is told: at once, or as soon as the groups may hear of this wish again."""
        wish = crowd.wish
        if wish.tell_at is not None or quarter(crowd.pledged, crowd.goal) <= wish.told_quarter:
            return wish
        free_at = wish.told_at + self.ledger.rules.rolling_every if wish.told_at else now
        tell_at = max(free_at, now)
        wishes.change(self.ledger.store, wish.id, tell_at=tell_at)
        return replace(wish, tell_at=tell_at)

    def _deliver(self, owed: Sequence[Pledge], wanted: int, person: Person, now: datetime) -> None:
        """Ticks off so much, the earliest first; of the last perhaps only a part."""
        for each in owed:
            if wanted <= 0:
                return
            part = min(each.amount, wanted)
            wanted -= part
            there = {"amount": part, "delivered_at": now, "delivered_to": person.id}
            wishes.change_pledge(self.ledger.store, each.id, **there)
            if part < each.amount:
                wishes.add_pledge(
                    self.ledger.store,
                    wish_id=each.wish_id,
                    person_id=each.person_id,
                    amount=each.amount - part,
                    pledged_at=each.pledged_at,
                    by_name=each.by_name,
                )

    def _complete(self, crowd: Crowd, person: Person, now: datetime) -> Fulfilled | None:
        """All of it is there: everybody who gave is thanked, by name who wants to be."""
        if crowd.delivered < crowd.goal:
            return None
        rows = wishes.pledges_of(self.ledger.store, crowd.wish.id)
        wish = self.ledger.step(crowd.wish, Step.COMPLETE, person.id, now)
        givers = tuple(dict.fromkeys(each.person_id for each in rows))
        named = tuple(dict.fromkeys(each.person_id for each in rows if each.by_name))
        thanks = tuple(self.ledger.name_of(each) for each in named)
        return Fulfilled(wish, givers, thanks, unnamed=len(givers) - len(named))

    def _givers(self, wish: Wish) -> tuple[Giver, ...]:
        """In the order in which they came."""
        rows = wishes.pledges_of(self.ledger.store, wish.id)
        found = []
        for person_id in dict.fromkeys(each.person_id for each in rows):
            own = [each for each in rows if each.person_id == person_id]
            there = sum(each.amount for each in own if each.delivered_at is not None)
            found.append(Giver(person_id, self.ledger.name_of(person_id), sum(each.amount for each in own), there))
        return tuple(found)
