"""What every part of the market needs: finding, counting, giving a place to whoever waits, and writing."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from community.market.outcomes import Board, Count, Head, Offered, Taken
from community.market.steps import KEEPS_PLACE, OPEN, Step, after, next_look, next_stage
from community.parts.notice import quiet_ends
from community.parts.places import free_places, offered_until
from community.people import Person
from community.refused import Refused
from community.rules import Rules
from community.tree import Node, Tree
from storage import market, questions, sign_ups
from storage.database import Store
from storage.market import Event, Stall
from storage.sign_ups import SignUp
from storage.tables import EventState, SignUpPart, SignUpState

WINDOW = timedelta(minutes=30)
"""Numbers are called in groups: those of one window come together."""

LOOKED_AHEAD = timedelta(days=120)


@dataclass(frozen=True, slots=True)
class Ledger:
    """Events, stalls and sign-ups within one transaction."""

    store: Store
    tree: Tree
    rules: Rules

    # --- finding ----------------------------------------------------------------------------------------------

    def event(self, event_id: int) -> Event:
        """Raises `Refused` where there is none."""
        found = market.by_id(self.store, event_id)
        if found is None:
            raise Refused("market.not_found")
        return found

    def locked(self, event_id: int) -> Event:
        """An event at whose stalls nobody else gives away places until the end. Raises `Refused`."""
        found = market.locked(self.store, event_id)
        if found is None:
            raise Refused("market.not_found")
        return found

    def existing(self, sign_up_id: int) -> SignUp:
        """Raises `Refused` where there is none."""
        found = sign_ups.by_id(self.store, sign_up_id)
        if found is None:
            raise Refused("market.not_signed_up")
        return found

    def stalls(self, event_id: int) -> tuple[Stall, ...]:
        """The stalls of an event, in their order."""
        return market.stalls_of(self.store, [event_id]).get(event_id, ())

    def events_for(
        self,
        node_id: str,
        since: datetime,
        states: Collection[EventState] = (EventState.OPEN,),
    ) -> list[Event]:
        """Events at a node, above it and below it, that begin after this, the next first."""
        return market.between(self.store, self.nodes_around(node_id), since, since + LOOKED_AHEAD, states)

    def nodes_around(self, node_id: str) -> list[str]:
        """Where what concerns the people of a node may take place: at it, above it and, for a community, within it."""
        above = [node.id for node in self.tree.upwards(node_id)]
        community = self.tree.community_of(node_id)
        if community is None or community.id != node_id:
            return above
        return above + [each for each in self.tree.nodes if each != node_id and self.tree.lies_in(each, node_id)]

    def community_meant(self, person: Person, group_node: str | None) -> Node:
        """Whose events are meant. Raises `Refused` where that is not known."""
        node = self.tree.community_meant(group_node, person.node_id)
        if node is None:
            raise Refused("grievances.which_community")
        return node

    def boards(self, events: Sequence[Event]) -> tuple[Board, ...]:
        """Events with how full they are."""
        ids = [each.id for each in events]
        stalls, taken = market.stalls_of(self.store, ids), sign_ups.taken(self.store, ids)
        waiting = sign_ups.waiting(self.store, ids)

        def count(stall: Stall, part: SignUpPart, places: int) -> Taken:
            key = (stall.id, part)
            return Taken(places, len(taken.get(key, ())), waiting.get(key, 0))

        return tuple(
            Board(
                event,
                tuple(
                    Count(
                        stall,
                        count(stall, SignUpPart.HELPER, stall.helpers),
                        count(stall, SignUpPart.VISITOR, stall.visitors),
                    )
                    for stall in stalls.get(event.id, ())
                    if stall.helpers or stall.visitors  # else it was taken back
                ),
            )
            for event in events
        )

    def board(self, event_id: int) -> Board:
        """One event with how full it is."""
        return self.boards([self.event(event_id)])[0]

    def head(self, sign_up: SignUp) -> Head:
        """A sign-up with its event and stall, and how many wait before it."""
        event = self.event(sign_up.event_id)
        stalls = self.stalls(event.id)
        stall = next(each for each in stalls if each.id == sign_up.stall_id)
        ahead = 0
        if sign_up.state is SignUpState.WAITING:
            waiting = [each.id for each in self.of_stall(stall, sign_up.part) if each.state is SignUpState.WAITING]
            ahead = waiting.index(sign_up.id)
        return Head(sign_up, event, stall, turn_of(event, stall, sign_up.place, alone=len(stalls) == 1), ahead)

    def of_stall(self, stall: Stall, part: SignUpPart) -> list[SignUp]:
        """What is not given up at a stall: those with a place, then those who wait, in their order."""
        return [
            each
            for each in sign_ups.of_event(self.store, stall.event_id)
            if each.stall_id == stall.id and each.part is part
        ]

    def open_of(self, person: Person, now: datetime) -> list[SignUp]:
        """What somebody could still give up, the next first, companions among it."""
        return [each for each in sign_ups.standing_of(self.store, person.id, now) if each.state in OPEN]

    # --- who --------------------------------------------------------------------------------------------------

    def runs(self, person: Person, event: Event) -> bool:
        """Whether a person may act for an event: its leader, and the workers of its node."""
        return person.id == event.leader_id or self.tree.works_at(person.id, event.node_id)

    def check_runs(self, person: Person, event: Event) -> None:
        """Raises `Refused` for anybody else."""
        if not self.runs(person, event):
            raise Refused("market.staff_only")

    def runners(self, event: Event) -> tuple[str, ...]:
        """Who is told about an event: its leader, else the workers of its node."""
        return (event.leader_id,) if event.leader_id else self.tree.workers_for(event.node_id)

    # --- places -----------------------------------------------------------------------------------------------

    def free(self, stall: Stall, part: SignUpPart) -> tuple[int, ...]:
        """The places of a stall that nobody has."""
        taken = sign_ups.taken(self.store, [stall.event_id]).get((stall.id, part), ())
        return free_places(places_of(stall, part), taken)

    def offer(self, event: Event, now: datetime) -> tuple[Offered, ...]:
        """Keeps what is free at every stall for those who wait there, in the order in which they came."""
        if event.state is not EventState.OPEN or event.begins_at <= now:
            return ()
        waiting = sign_ups.waiting(self.store, [event.id])
        stalls = {each.id: each for each in self.stalls(event.id)}
        found: list[Offered] = []
        for stall_id, part in sorted(waiting):
            found += self._offer_at(stalls[stall_id], part, event, now)
        return tuple(found)

    def _offer_at(self, stall: Stall, part: SignUpPart, event: Event, now: datetime) -> Iterable[Offered]:
        until = offered_until(now, event.begins_at, self.rules)
        if quiet_ends(now, self.rules) >= until:
            return  # nobody would hear of it in time
        for free in self.free(stall, part):
            first = sign_ups.first_waiting(self.store, event.id, stall.id, part)
            if first is None:
                return
            if first.person_id is None:  # nobody could be asked: a name in a chain moves up at once
                self.step(self.step(first, Step.OFFER, None, now, place=free), Step.ACCEPT, None, now)
                continue
            kept = self.step(first, Step.OFFER, None, now, place=free, offered_until=until)
            yield Offered(self.head(kept), until)

    # --- writing ----------------------------------------------------------------------------------------------

    def step(
        self, sign_up: SignUp, step: Step, actor_id: str | None, now: datetime, note: str = "", **values: Any
    ) -> SignUp:
        """One step: into the log, and state, values and the scheduler's next look into the columns.

        Raises `Refused` where it is not legal, or is not any more: it is looked at again under the lock.
        """
        event = self.locked(sign_up.event_id)
        sign_up = self.existing(sign_up.id)
        state = after(sign_up, step)
        if state not in KEEPS_PLACE | OPEN:
            values["released_at"] = now
        values |= {"state": state, "sequence": sign_up.sequence + 1, "changed_at": now}
        changed = replace(sign_up, **values)
        next_at, stage = next_look(changed, event, now, self.rules)
        values |= {"next_at": next_at, "stage": stage}
        sign_ups.change(self.store, sign_up.id, **values)
        self.log(sign_up, step, actor_id, now, note)
        if state is not sign_up.state:
            self.close_questions(sign_up, now)
        return replace(sign_up, **values)

    def close_questions(self, sign_up: SignUp, now: datetime) -> None:
        """What somebody was asked about it needs no answer any more."""
        if sign_up.person_id is None:
            return
        for each in questions.open_for(self.store, sign_up.person_id, now):
            if each.kind.startswith("market.") and each.about.get("sign_up") == sign_up.id:
                questions.close(self.store, each.id, now)

    def look_again(self, sign_up: SignUp, event: Event, now: datetime) -> SignUp:
        """Notes when the scheduler has something to do about a sign-up next."""
        next_at, stage = next_look(sign_up, event, now, self.rules)
        sign_ups.change(self.store, sign_up.id, next_at=next_at, stage=stage)
        return replace(sign_up, next_at=next_at, stage=stage)

    def note(
        self, sign_up: SignUp, step: Step, actor_id: str | None, now: datetime, note: str = "", **values: Any
    ) -> SignUp:
        """Something that changes no state: into the log, and these values into the columns."""
        if values:
            sign_ups.change(self.store, sign_up.id, **values)
        self.log(sign_up, step, actor_id, now, note)
        return replace(sign_up, **values)

    def log(self, sign_up: SignUp, step: Step, actor_id: str | None, now: datetime, note: str = "") -> None:
        """One line of its log. No actor: the bot itself."""
        sign_ups.log(self.store, sign_up.id, now, actor_id, step, note)

    def change_event(self, event: Event, now: datetime, **values: Any) -> Event:
        """Writes what has changed of an event, and when the scheduler looks at it next."""
        values |= {"sequence": event.sequence + 1, "changed_at": now}
        changed = replace(event, **values)
        next_at, stage = next_stage(changed, now, self.rules)
        values |= {"next_at": next_at, "stage": stage}
        market.change(self.store, event.id, **values)
        return replace(event, **values)


def places_of(stall: Stall, part: SignUpPart) -> int:
    """How many places a stall has for helpers, or for visitors."""
    return stall.helpers if part is SignUpPart.HELPER else stall.visitors


def turn_of(event: Event, stall: Stall, place: int | None, *, alone: bool) -> datetime:
    """When a visitor's turn is: the hours divided by the numbers, told in windows of half an hour.

    `alone`: where it is the only stall (a lecture, a course), all come at the beginning.
    """
    if place is None or not stall.visitors or alone:
        return event.begins_at
    length = event.ends_at - event.begins_at
    last = max((length - timedelta(minutes=1)) // WINDOW, 0)
    return event.begins_at + min(length * (place - 1) // stall.visitors // WINDOW, last) * WINDOW
