"""Signing up: to help at a stall or for a number there; waiting, changing, giving up, and what one has."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from community.market.ledger import Ledger
from community.market.outcomes import Board, Head, Left, Offered, SignedUp
from community.market.steps import OPEN, Stage, Step, after
from community.people import Person
from community.refused import Refused
from storage import bookings, market, sign_ups
from storage.market import Event, Stall
from storage.sign_ups import SignUp
from storage.tables import BookingState, EventState, SignUpPart, SignUpState

LONGEST_EVENT = timedelta(hours=12)
LONGEST_POSTPONED = timedelta(days=60)
"""How long after its date what has no new one is still spoken of."""

THEIRS = frozenset({SignUpState.HELD, SignUpState.CAME, SignUpState.OFFERED, SignUpState.WAITING})


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants: to help or to be helped, at which stall, with how many heads, and with what.

    `chain_id`: the chain in which they wrote it; `name`: as they are called there. `group`: where they said so.
    `for_whom`: a parent or a neighbour who is to have the number, as the speaker calls them.
    """

    stall_id: int
    part: SignUpPart
    heads: int = 1
    item: str = ""
    group: str | None = None
    chain_id: int | None = None
    name: str = ""
    for_whom: str = ""


@dataclass(frozen=True, slots=True)
class SigningUp:
    """Everything that people do with events themselves, within one transaction."""

    ledger: Ledger

    def boards(
        self, person: Person, group_node: str | None, now: datetime, *, begun: bool = False
    ) -> tuple[Board, ...]:
        """The open events that concern somebody, the next first. `begun`: also those that go on now."""
        node = group_node or person.node_id or self.ledger.community_meant(person, group_node).id
        since = now - LONGEST_EVENT if begun else now
        events = [each for each in self.ledger.events_for(node, since) if each.ends_at > now]
        return self.ledger.boards(events)

    def postponed(self, person: Person, group_node: str | None, now: datetime) -> list[Event]:
        """What waits for its new date, by the date that it had."""
        node = group_node or person.node_id or self.ledger.community_meant(person, group_node).id
        return self.ledger.events_for(node, now - LONGEST_POSTPONED, (EventState.POSTPONED,))

    def sign_up(
        self, event_id: int, person: Person, wish: Wish, now: datetime, *, instead_of: int | None = None
    ) -> SignedUp:
        """Places for a person and those they bring along; who finds none waits.

        With `instead_of` they give that up as soon as they have the new one, or wait for it. Raises `Refused`.
        """
        event = self.ledger.locked(event_id)
        stall = self._stall(event, wish.stall_id)
        old = self.own(instead_of, person) if instead_of is not None else None
        self._check_open(event, stall, wish, now)
        bookings.lock_person(self.ledger.store, person.id)
        mine = [each for each in sign_ups.standing_of(self.ledger.store, person.id, now) if each.state in THEIRS]
        self._check_person(event, stall, wish, mine, old)
        clash = self._clash(event, wish, person, now)
        left = self._drop(mine, old, person.id, now) if old is not None else ()
        rows = self._add(event, stall, person.id, wish, now)
        offers = self._offered_instead(old, rows, person.id, now) if old is not None else ()
        heads = [self.ledger.head(self.ledger.existing(each.id)) for each in rows]
        return SignedUp(
            self.ledger.board(event.id),
            tuple(each for each in heads if each.sign_up.state is SignUpState.HELD),
            tuple(each for each in heads if each.sign_up.state is SignUpState.WAITING),
            left[0] if left else None,
            offers,
            clash,
        )

    def sign_up_name(self, event_id: int, wish: Wish, now: datetime) -> SignedUp:
        """The same for a name in a chain of whom the bot knows no more. Raises `Refused`."""
        event = self.ledger.locked(event_id)
        stall = self._stall(event, wish.stall_id)
        self._check_open(event, stall, wish, now)
        heads = [self.ledger.head(each) for each in self._add(event, stall, None, wish, now)]
        held = tuple(each for each in heads if each.sign_up.state is SignUpState.HELD)
        return SignedUp(self.ledger.board(event.id), held, tuple(each for each in heads if each not in held))

    def come_along(self, event: Event, stall_id: int, person: Person, now: datetime) -> SignUp:
        """Somebody who has not signed up is there and helps, also after the beginning. What they waited for is over.

        The event is locked. Raises `Refused` where there is no room.
        """
        stall = self._stall(event, stall_id)
        free = self.ledger.free(stall, SignUpPart.HELPER)
        if not free:
            raise Refused("market_day.stall_full", stall=stall.name)
        for each in sign_ups.standing_of(self.ledger.store, person.id, now):
            waits = each.part is SignUpPart.HELPER and each.state is SignUpState.WAITING
            if each.event_id == event.id and waits:
                self.ledger.step(each, Step.SWITCH, person.id, now)
        return self._row(event, stall, person.id, Wish(stall_id, SignUpPart.HELPER), 0, free[0], now)

    def accept(self, sign_up_id: int, person: Person, now: datetime) -> Head:
        """The place that was kept for them is theirs. Raises `Refused` where it is too late."""
        sign_up = self.own(sign_up_id, person)
        after(sign_up, Step.ACCEPT)
        if sign_up.offered_until is not None and now > sign_up.offered_until:
            raise Refused("market.offer_over")
        return self.ledger.head(self.ledger.step(sign_up, Step.ACCEPT, person.id, now, offered_until=None))

    def decline(self, sign_up_id: int, person: Person, now: datetime) -> Left:
        """They do not want the place that was kept for them: the next one has it."""
        sign_up = self.own(sign_up_id, person)
        dropped = self.ledger.head(self.ledger.step(sign_up, Step.DECLINE, person.id, now))
        return self._left((dropped,), now)

    def leave(self, sign_up_id: int, person: Person, now: datetime) -> Left:
        """They will not come, nor will those they bring along. Raises `Refused` where there is nothing to give up."""
        sign_up = self.own(sign_up_id, person)
        event = self.ledger.locked(sign_up.event_id)
        after(self.own(sign_up_id, person), Step.LEAVE)
        if event.ends_at <= now:
            raise Refused("market.is_over")
        mine = [each for each in sign_ups.standing_of(self.ledger.store, person.id, now) if each.state in OPEN]
        return self._left(self._drop(mine, sign_up, person.id, now), now)

    def leave_all(self, person: Person, now: datetime) -> list[Left]:
        """They help nowhere any more: for somebody who is no volunteer any longer. Their numbers stay."""
        found: list[Left] = []
        for each in self.ledger.open_of(person, now):
            current = self.ledger.existing(each.id)
            if current.part is SignUpPart.HELPER and current.state in OPEN and not current.companion:
                found.append(self.leave(each.id, person, now))
        return found

    def say_coming(self, sign_up_id: int, person: Person, now: datetime) -> Head:
        """They have said that they come."""
        sign_up = self.own(sign_up_id, person)
        after(sign_up, Step.COMING)
        return self.ledger.head(self.ledger.note(sign_up, Step.COMING, person.id, now, coming=True))

    def lapse(self, sign_up: SignUp, now: datetime) -> tuple[Head, tuple[Offered, ...]]:
        """They did not answer in time: the next one has it."""
        lapsed = self.ledger.head(self.ledger.step(sign_up, Step.LAPSE, None, now))
        return lapsed, self.ledger.offer(lapsed.event, now)

    def mine(self, person: Person, now: datetime) -> list[Head]:
        """What somebody has or waits for, one line a stall: those they bring along stand with them."""
        heads = [self.ledger.head(each) for each in sign_ups.standing_of(self.ledger.store, person.id, now)]
        mine = [each for each in heads if each.sign_up.state in THEIRS]
        return [each for each in mine if not each.sign_up.companion or whose(each.sign_up)]

    def heads_of(self, head: Head, now: datetime) -> int:
        """How many come with somebody to a stall, they themselves included."""
        person = head.sign_up.person_id
        rows = sign_ups.standing_of(self.ledger.store, person, now) if person else []
        return max(1, sum(each.stall_id == head.stall.id and each.part is head.sign_up.part for each in rows))

    def last_stall(self, person: Person) -> str | None:
        """The name of the stall at which somebody helped last; None where they never did."""
        for each in sign_ups.latest_of(self.ledger.store, person.id, at_most=20):
            if each.part is SignUpPart.HELPER and each.state in (SignUpState.LEFT, SignUpState.CAME, SignUpState.HELD):
                return self.ledger.head(each).stall.name
        return None

    def stand(self, event_id: int, person: Person, stall: str, now: datetime) -> bool:
        """They help each time. False where the event does not recur."""
        event = self.ledger.event(event_id)
        series = market.series(self.ledger.store, event.series_id) if event.series_id else None
        if series is None or not series.words:
            return False
        sign_ups.begin_standing(self.ledger.store, series.id, person.id, stall, now)
        return True

    def stand_no_more(self, person: Person) -> bool:
        """They are not asked each time any more. Gives whether they were."""
        found = [
            sign_ups.end_standing(self.ledger.store, each.id, person.id)
            for each in market.all_series(self.ledger.store)
        ]
        return any(found)

    def own(self, sign_up_id: int, person: Person) -> SignUp:
        """One of somebody's own. Others' do not even exist."""
        found = self.ledger.existing(sign_up_id)
        if found.person_id != person.id:
            raise Refused("market.not_signed_up")
        return found

    # --- inside -----------------------------------------------------------------------------------------------

    def _stall(self, event: Event, stall_id: int) -> Stall:
        found = next((each for each in self.ledger.stalls(event.id) if each.id == stall_id), None)
        if found is None:
            raise Refused("market.no_such_stall_any_more")
        return found

    def _check_open(self, event: Event, stall: Stall, wish: Wish, now: datetime) -> None:
        if event.state is not EventState.OPEN:
            raise Refused(f"market.event_{event.state}", name=event.name, begins_at=event.begins_at)
        if event.ends_at <= now:
            raise Refused("market.is_over")
        if wish.part is SignUpPart.HELPER and event.begins_at <= now:
            raise Refused("market.has_begun", name=event.name, place=event.place)
        if wish.part is SignUpPart.VISITOR and not stall.visitors:
            raise Refused("market.no_numbers", stall=stall.name)
        if wish.part is SignUpPart.HELPER and not stall.helpers:
            raise Refused("market.no_helpers", stall=stall.name)
        if not 1 <= wish.heads <= 1 + self.ledger.rules.most_companions:
            raise Refused("market.too_many_heads", most=1 + self.ledger.rules.most_companions)

    def _check_person(self, event: Event, stall: Stall, wish: Wish, mine: Sequence[SignUp], old: SignUp | None) -> None:
        """Not twice the same; nobody helps at two stalls at once, or at two events at the same time."""
        for each in mine:
            if old is not None and each.stall_id == old.stall_id and each.part is old.part:
                continue
            if each.stall_id == stall.id and each.part is wish.part and whose(each) == wish.for_whom:
                alone = len(self.ledger.stalls(event.id)) == 1
                raise Refused(
                    "market.already_helper" if alone else f"market.already_{wish.part}",
                    stall=stall.name,
                    begins_at=event.begins_at,
                )
            if wish.part is SignUpPart.VISITOR or each.part is SignUpPart.VISITOR:
                continue
            other = self.ledger.event(each.event_id)
            if other.id == event.id:
                raise Refused("market.helps_here", stall=self.ledger.head(each).stall.name)
            if other.begins_at < event.ends_at and other.ends_at > event.begins_at:
                raise Refused("market.helps_elsewhere", name=other.name, begins_at=other.begins_at)

    def other_stall(self, event_id: int, stall_id: int, person: Person, now: datetime) -> Head | None:
        """Where somebody helps already at the same event, at another stall than this."""
        return next(
            (
                each
                for each in self.mine(person, now)
                if each.event.id == event_id
                and each.sign_up.part is SignUpPart.HELPER
                and each.stall.id != stall_id
                and each.sign_up.state in OPEN
            ),
            None,
        )

    def _clash(self, event: Event, wish: Wish, person: Person, now: datetime) -> datetime | None:
        """When somebody has a turn at a station during an event at which they mean to help."""
        if wish.part is SignUpPart.VISITOR:
            return None
        for each in bookings.open_of(self.ledger.store, person.id, now):
            if each.state is BookingState.HELD and event.begins_at <= each.starts_at < event.ends_at:
                return each.starts_at
        return None

    def _add(self, event: Event, stall: Stall, person_id: str | None, wish: Wish, now: datetime) -> list[SignUp]:
        """A row a head: the first free places, then the waiting list behind those who wait already."""
        waiting = sign_ups.waiting(self.ledger.store, [event.id]).get((stall.id, wish.part), 0)
        free = list(self.ledger.free(stall, wish.part)) if not waiting else []
        rows = []
        first = self._first_companion(stall, person_id, now) if wish.for_whom else 0
        for number in range(wish.heads):
            place = free[number] if number < len(free) else None
            rows.append(self._row(event, stall, person_id, wish, first + number, place, now))
        return rows

    def _first_companion(self, stall: Stall, person_id: str | None, now: datetime) -> int:
        """Whoever a number is for is not the speaker, who is 0."""
        rows = sign_ups.standing_of(self.ledger.store, person_id, now) if person_id else []
        return 1 + max((each.companion for each in rows if each.stall_id == stall.id), default=0)

    def _row(
        self,
        event: Event,
        stall: Stall,
        person_id: str | None,
        wish: Wish,
        companion: int,
        place: int | None,
        now: datetime,
    ) -> SignUp:
        values = first_values(event, stall, person_id, wish, companion, place, now)
        row = self.ledger.existing(sign_ups.add(self.ledger.store, values))
        self.ledger.log(row, Step.SIGN_UP if place else Step.WAIT, person_id, now)
        return self.ledger.look_again(row, event, now)

    def _offered_instead(
        self, old: SignUp, rows: Sequence[SignUp], person_id: str, now: datetime
    ) -> tuple[Offered, ...]:
        """Who gets what became free by a change; where it is whoever changed, they have it and need not be asked."""
        new = {each.id for each in rows}
        offers = self.ledger.offer(self.ledger.event(old.event_id), now)
        for each in offers:
            if each.head.sign_up.id in new:
                self.ledger.step(each.head.sign_up, Step.ACCEPT, person_id, now, offered_until=None)
        return tuple(each for each in offers if each.head.sign_up.id not in new)

    def _drop(self, mine: Sequence[SignUp], dropped: SignUp, actor_id: str, now: datetime) -> tuple[Head, ...]:
        """Gives up what somebody has at one stall, with all heads."""
        same = [each for each in mine if each.stall_id == dropped.stall_id and each.part is dropped.part]
        steps = [self.ledger.step(each, Step.LEAVE, actor_id, now) for each in same if each.state in OPEN]
        return tuple(self.ledger.head(each) for each in steps)

    def _left(self, heads: tuple[Head, ...], now: datetime) -> Left:
        event = self.ledger.event(heads[0].event.id)
        offers = self.ledger.offer(event, now)
        return Left(heads, self.ledger.board(event.id), offers)


def first_values(
    event: Event, stall: Stall, person_id: str | None, wish: Wish, companion: int, place: int | None, now: datetime
) -> dict[str, Any]:
    """The columns of a new sign-up: with a place it is held, without one it waits."""
    return {
        "event_id": event.id,
        "stall_id": stall.id,
        "part": wish.part,
        "person_id": person_id,
        "name": wish.for_whom or wish.name,
        "companion": companion,
        "place": place,
        "state": SignUpState.WAITING if place is None else SignUpState.HELD,
        "item": wish.item,
        "chain_id": wish.chain_id,
        "group_external_id": wish.group,
        "signed_at": now,
        "offered_until": None,
        "released_at": None,
        "coming": None,
        "came_at": None,
        "left_at": None,
        "sequence": 0,
        "changed_at": now,
        "next_at": None,
        "stage": Stage.NOTHING,
    }


def whose(sign_up: SignUp) -> str:
    """For whom somebody has taken a number, as they call them; empty: for themselves."""
    of_family = sign_up.companion and sign_up.part is SignUpPart.VISITOR and sign_up.chain_id is None
    return sign_up.name if of_family else ""
