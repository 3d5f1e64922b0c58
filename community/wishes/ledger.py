"""What every part of the wishes needs: finding, who may, and writing."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from community.people import Person
from community.refused import Refused
from community.rules import Rules
from community.tree import Node, Tree
from community.wishes.outcomes import AskStaff, Crowd, Ended, GivenBack, Wish
from community.wishes.steps import OPEN, Stage, State, Step, after, next_look
from storage import questions, rota, volunteers, wishes
from storage.database import Store

BIGGEST_ID = 10**9
"""No wish has such a number; what is typed may be any."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """Wishes within one transaction."""

    store: Store
    tree: Tree
    rules: Rules

    # --- finding ----------------------------------------------------------------------------------------------

    def existing(self, wish_id: int) -> Wish:
        """Raises `Refused` where there is none."""
        found = wishes.by_id(self.store, wish_id) if wish_id < BIGGEST_ID else None
        if found is None:
            raise Refused("wishes.not_found")
        return found

    def locked(self, wish_id: int) -> Wish:
        """A wish that nobody else changes until the end. Raises `Refused`."""
        found = wishes.locked(self.store, wish_id) if wish_id < BIGGEST_ID else None
        if found is None:
            raise Refused("wishes.not_found")
        return found

    def own(self, wish_id: int, person: Person) -> Wish:
        """One of the person's own, locked. Others' do not even exist."""
        wish = self.locked(wish_id)
        if wish.wisher_id != person.id:
            raise Refused("wishes.not_found")
        return wish

    def community_meant(self, person: Person, group_node: str | None) -> Node:
        """Whose wishes are meant. Raises `Refused` where that is not known."""
        node = self.tree.community_meant(group_node, person.node_id)
        if node is None:
            raise Refused("grievances.which_community")
        return node

    def check_near(self, wish: Wish, person: Person, group_node: str | None) -> None:
        """Whoever helps belongs to the same community, or speaks in its group. Raises `Refused`."""
        if self.works_for(person, wish):
            return
        near = {self.tree.community_of(each) for each in (group_node, person.node_id) if each}
        node = self.tree.nodes.get(wish.node_id)
        strangers = near - {None}
        if strangers and node not in near:
            raise Refused("wishes.elsewhere", code=wish.code)

    def crowd(self, wish: Wish) -> Crowd:
        """How far a crowd wish is."""
        rows = wishes.pledges_of(self.store, wish.id)
        there = sum(each.amount for each in rows if each.delivered_at is not None)
        return Crowd(wish, sum(each.amount for each in rows), there)

    def name_of(self, person_id: str) -> str:
        """What somebody is called: in the register of volunteers, else in the chat."""
        return volunteers.names_of(self.store, [person_id]).get(person_id, "")

    def station(self, node_id: str) -> str:
        """Where things are brought: the community's station with its address; without one its name alone."""
        stations = [each for each in rota.all_stations(self.store) if each.node_id == node_id]
        if stations:
            station = max(stations, key=lambda each: bool(each.hours))  # one that is open every day, if there is one
            return f"{station.name}({station.address})" if station.address else station.name
        node = self.tree.nodes.get(node_id)
        return node.name if node else ""

    # --- who --------------------------------------------------------------------------------------------------

    def works_for(self, person: Person, wish: Wish) -> bool:
        """Whether a person looks after the community of a wish."""
        return self.tree.works_at(person.id, wish.node_id)

    def staffed(self, wish_id: int, person: Person) -> Wish:
        """A wish of a community that the person looks after, locked. Raises `Refused`."""
        wish = self.locked(wish_id)
        if not self.works_for(person, wish):
            raise Refused("wishes.staff_only")
        return wish

    def staff(self, wish: Wish) -> tuple[str, ...]:
        """Who decides about a wish."""
        return self.tree.workers_for(wish.node_id)

    def helpers(self, wish: Wish) -> tuple[str, ...]:
        """Who has claimed it, or still owes something to it."""
        givers = (each.person_id for each in wishes.pledges_of(self.store, wish.id) if wish.goal is not None)
        claimer = [wish.claimed_by] if wish.claimed_by and wish.state in (State.CLAIMED, State.DELIVERED) else []
        return tuple(dict.fromkeys([*claimer, *givers]))

    # --- writing ----------------------------------------------------------------------------------------------

    def step(self, wish: Wish, step: Step, actor_id: str | None, now: datetime, note: str = "", **values: Any) -> Wish:
        """One step: into the log, and state, values and the scheduler's next look into the columns.

        Raises `Refused` where it is not legal, or is not any more: it is looked at again under the lock.
        """
        wish = self.locked(wish.id)
        state = after(wish, step)
        if state not in OPEN:
            values |= {"ended_at": now, "tell_at": None, "address": ""}  # nobody needs to know any more
        values |= {"state": state, "changed_at": now}
        changed = replace(wish, **values)
        next_at, stage = next_look(changed, now, self.rules)
        values |= {"next_at": next_at, "stage": stage}
        wishes.change(self.store, wish.id, **values)
        self.log(wish, step, actor_id, now, note)
        if state is not wish.state:
            self.close_questions(wish, state, now)
        return replace(wish, **values)

    def look_again(self, wish: Wish, now: datetime, done: Stage) -> Wish:
        """Notes when the scheduler has something to do about it next."""
        next_at, stage = next_look(wish, now, self.rules, done)
        wishes.change(self.store, wish.id, next_at=next_at, stage=stage)
        return replace(wish, next_at=next_at, stage=stage)

    def note(self, wish: Wish, step: Step, actor_id: str | None, now: datetime, note: str = "", **values: Any) -> Wish:
        """Something that changes no state: into the log, and these values into the columns."""
        if values:
            wishes.change(self.store, wish.id, **values)
        self.log(wish, step, actor_id, now, note)
        return replace(wish, **values)

    def log(self, wish: Wish, step: Step, actor_id: str | None, now: datetime, note: str = "") -> None:
        """One line of its log. No actor: the bot itself."""
        wishes.log(self.store, wish.id, now, actor_id, step, note)

    def close_questions(self, wish: Wish, state: State, now: datetime) -> None:
        """What the wisher and the claimer were asked needs no answer any more; but who is thanked, while it goes on."""
        goes_on = state in (State.CLAIMED, State.DELIVERED)
        for person_id in {wish.wisher_id, *([wish.claimed_by] if wish.claimed_by else [])}:
            for each in questions.open_for(self.store, person_id, now):
                about_thanks = each.kind == "wishes.thanks" and goes_on
                if each.kind.startswith("wishes.") and each.about.get("wish") == wish.id and not about_thanks:
                    questions.close(self.store, each.id, now)

    def give_back(self, wish: Wish, step: Step, actor_id: str | None, reason: str, now: datetime) -> GivenBack:
        """It is up again, as if nobody had claimed it."""
        freed = self.step(
            wish,
            step,
            actor_id,
            now,
            reason,
            claimed_by=None,
            claimed_for="",
            claimed_at=None,
            address="",
            by_name=None,
        )
        return GivenBack(freed, reason, self.staff(wish))

    def end(self, wish: Wish, actor_id: str, reason: str, now: datetime) -> Ended:
        """It cannot be met, and why."""
        crowd = self.crowd(wish) if wish.goal is not None else None
        tell = tuple(each for each in self.helpers(wish) if each != actor_id)
        ended = self.step(wish, Step.GIVE_UP, actor_id, now, reason, reason=reason)
        return Ended(ended, crowd, tell)

    def ask_staff(self, wish: Wish, givers: tuple[str, ...] = ()) -> AskStaff:
        """What staff must decide about."""
        return AskStaff(wish, self.crowd(wish) if wish.goal is not None else None, self.staff(wish), givers)
