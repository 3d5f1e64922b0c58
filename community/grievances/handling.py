"""The staff's side: accepting, giving to others, asking, giving back, finishing. Nobody can lose a case."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from community.grievances import log
from community.grievances.cases import BETWEEN, Cases, distinct
from community.grievances.outcomes import (
    Accepted,
    Asked,
    Assigned,
    Corrected,
    GivenBack,
    Handled,
    Helping,
    Merged,
    Moved,
    Split,
    Vacated,
)
from community.grievances.steps import LEGAL, UNHANDLED, State, Step, after, not_as_it_stands
from community.people import Person
from community.refused import Refused
from community.tree import ANSWERS_FOR, ROLE_WORDS, STAFF, Responsible, Role, RoleHolder
from storage import grievances
from storage.grievances import Event, Grievance
from storage.tables import Outcome, Part

MOST_NAMES = 4
"""Of several whom a word may mean."""

LONGEST_SUBJECT = 160
"""Characters of a proposed owner; the log's column holds no more."""


@dataclass(frozen=True, slots=True)
class Handling:
    """What those who are responsible can do."""

    cases: Cases

    def accept(self, number: int, person: Person, now: datetime) -> Accepted:
        """A responsible person takes it. The first one has it; a second is told who that was."""
        grievance = self._unless_vacant(self.cases.in_charge(number, person), now)
        if grievance.state in (State.ACCEPTED, State.ASKED):
            raise self._taken(grievance, person)
        after(grievance, Step.ACCEPT)
        lead = self._keep_lead(grievance, person.id, now)
        others = tuple(each for each in self.cases.at_work(grievance) if each not in (person.id, lead))
        changed = self._given_to(grievance, Step.ACCEPT, person.id, person.id, now)
        photos = tuple(grievances.photos_of(self.cases.store, number))
        holder = self.cases.holder(person.id, changed)
        tell = tuple(each for each in self.cases.followers(changed) if each != person.id)
        return Accepted(changed, holder, photos, tell, lead, others)

    def involve(self, grievance: Grievance, role: Role, now: datetime) -> tuple[str, ...]:
        """Those whose trade it is, by its category, join in from the beginning; the grid head leads.

        Nobody is guessed at: of several firms or units, none. Gives who is new to it.
        """
        if not self.cases.rules.involve_trade:
            return ()
        new = tuple(each.person_id for each in self.trade(grievance, role))
        for person_id in new:
            self._add_part(grievance, person_id, Part.HELPER, now)
            self.cases.log(grievance.number, Step.HELP, None, now, subject=person_id)
        return new

    def trade(self, grievance: Grievance, role: Role) -> tuple[RoleHolder, ...]:
        """Those whose trade a public one is and who have no part in it yet, the nearest to its place."""
        if grievance.private:
            return ()
        nodes = self.cases.tree.upwards(self.cases.node_of(grievance))
        holders = next((found for node in nodes if (found := self.cases.tree.at(node.id, role))), ())
        if len(holders) > 1 and role not in ANSWERS_FOR.values():
            return ()
        known = {grievance.resident_id, *self.cases.at_work(grievance)}
        return tuple(each for each in holders if each.person_id not in known)

    def assign(self, number: int, person: Person, wanted: str, now: datetime) -> Assigned:
        """Gives it to somebody by name or role. Whoever had it first stays answerable as its lead."""
        grievance = self.cases.in_charge(number, person)
        after(grievance, Step.ASSIGN)
        handler = self.cases.handler(grievance)
        if handler not in (None, person.id):
            self._check_lead(grievance, person)
        target = self._wanted(wanted, grievance)
        if target.person_id == handler and grievance.state is not State.REOPENED:
            raise Refused("grievances.has_it_already", number=number, holder=target)
        before = self.cases.at_work(grievance)
        self._keep_answerable(grievance, target.person_id, now)
        if handler is None and target.person_id != person.id:
            self._add_part(grievance, person.id, Part.LEAD, now)
        changed = self._given_to(grievance, Step.ASSIGN, person.id, target.person_id, now)
        photos = tuple(grievances.photos_of(self.cases.store, number))
        tell = tuple(each for each in self.cases.followers(changed) if each not in (person.id, target.person_id))
        others = tuple(each for each in before if each not in (person.id, target.person_id, *tell))
        return Assigned(changed, target, photos, tell, others)

    def help(self, number: int, person: Person, wanted: str, now: datetime) -> Helping:
        """Somebody else joins in the work; the handler keeps it."""
        grievance = self.cases.in_charge(number, person)
        if grievance.ended_at is not None or grievance.state is State.DRAFT:
            raise not_as_it_stands(grievance)
        target = self._wanted(wanted, grievance)
        if target.person_id in self.cases.at_work(grievance) and self.cases.handler(grievance) is not None:
            raise Refused("grievances.has_it_already", number=number, holder=target)
        self._add_part(grievance, target.person_id, Part.HELPER, now)
        self.cases.log(number, Step.HELP, person.id, now, subject=target.person_id)
        return Helping(grievance, target, self.cases.concerned(grievance, person.id, target.person_id))

    def give_back(self, number: int, person: Person, reason: str, proposed: str, now: datetime) -> GivenBack:
        """Returns it with a reason and a proposed owner, who gets it. The second time it goes up a level instead."""
        grievance = self._handled_by(number, person)
        if not reason or not proposed:
            raise Refused("grievances.give_back_how", number=number)
        after(grievance, Step.GIVE_BACK)
        target = None if grievance.returns else self._wanted(proposed, grievance, but_not=person.id)
        above = None if target else self.cases.above(grievance) or self.cases.responsible(grievance)
        if target is None and above is None:
            raise Refused("grievances.nobody_above", number=number)
        back = self.cases.step(
            grievance,
            Step.GIVE_BACK,
            person.id,
            now,
            reason,
            subject=target.person_id if target else proposed[:LONGEST_SUBJECT],
            handler_id=None,
            returns=grievance.returns + 1,
        )
        lead = next((each.person_id for each in self.cases.parts(back) if each.part is Part.LEAD), None)
        if target is not None:
            given = self._given_to(back, Step.ASSIGN, person.id, target.person_id, now)
            now_with = Responsible(self.cases.tree.nodes[target.node_id], (target,))
            return GivenBack(given, reason, now_with, True, lead, self.cases.followers(given))
        assert above is not None
        raised = self.cases.wait_for_somebody(self.cases.change(back, level_id=above.node.id), now)
        self.cases.log_climb(number, Step.ESCALATE, above, now)
        return GivenBack(raised, reason, above, False, lead, self.cases.followers(raised))

    def move(self, number: int, person: Person, wanted: str, reason: str, now: datetime) -> Moved:
        """It belongs to another part of the tree, mostly another community: whoever answers there has it from now on.

        By those who answer for its community, with a reason. Number, log and clock go along.
        """
        grievance = self.cases.in_charge(number, person)
        if not self.cases.tree.answers_for(person.id, grievance.community_id):
            raise Refused("grievances.move_by_community", number=number)
        node = self.cases.tree.node_called(wanted)
        if node is None or not reason:
            raise Refused("grievances.move_how", number=number)
        if self.cases.tree.lies_in(node.id, grievance.community_id):
            raise Refused("grievances.moved_within", number=number)
        after(grievance, Step.MOVE)
        responsible = self.cases.responsible_at(node.id, node.id, grievance.resident_id)
        community = self.cases.tree.community_of(node.id)
        if responsible is None or community is None:
            raise Refused("grievances.move_how", number=number)
        self._keep_answerable(grievance, "", now)
        changed = self.cases.step(
            grievance,
            Step.MOVE,
            person.id,
            now,
            reason,
            subject=node.id,
            community_id=community.id,
            place_id=node.id,
            level_id=responsible.node.id,
            handler_id=None,
        )
        changed = self.cases.wait_for_somebody(changed, now)
        return Moved(changed, node, responsible, self.cases.followers(changed))

    def ask(self, number: int, person: Person, words: str, now: datetime) -> Asked:
        """The handler needs to know something from the resident; until the answer the clock stands still."""
        grievance = self._handled_by(number, person)
        if not words:
            raise Refused("grievances.ask_what", number=number)
        remind_at = now + self.cases.rules.verdict_reminder
        return Asked(self.cases.step(grievance, Step.ASK, person.id, now, words, chase_at=remind_at), words)

    def finish(self, number: int, person: Person, note: str, now: datetime) -> Handled:
        """The handler has done it, and says how. Whoever took it first stays answerable: nobody else can finish it."""
        grievance = self.cases.in_charge(number, person)
        after(grievance, Step.FINISH)
        if not note:
            raise Refused("grievances.say_how", number=number)
        grievance = self._unless_vacant(grievance, now)
        if grievance.state in (State.ACCEPTED, State.ASKED) and grievance.handler_id != person.id:
            raise self._taken(grievance, person)
        self._keep_answerable(grievance, person.id, now)
        changed = self.cases.step(
            grievance,
            Step.FINISH,
            person.id,
            now,
            note,
            handler_id=person.id,
            handled_at=now,
            contacted_at=grievance.contacted_at or now,
            chase_at=now + self.cases.rules.verdict_reminder,
        )
        joined = tuple(each for each in self.cases.followers(changed)[1:] if each != person.id)
        others = tuple(each for each in self.cases.at_work(changed) if each not in (person.id, *joined))
        return Handled(changed, self.cases.holder(person.id, changed), note, joined, others)

    def merge(self, number: int, into: int, person: Person, now: datetime) -> Merged:
        """One goes on within another; its people are told with the other's. Public matters only."""
        grievance, target = self.cases.in_charge(number, person), self.cases.in_charge(into, person)
        if grievance.private or target.private:
            raise Refused("grievances.private_alone")
        if number == into or target.ended_at is not None or target.state is State.DRAFT:
            raise Refused("grievances.merge_into_what", into=into)
        after(grievance, Step.MERGE)
        tell = self.cases.followers(grievance)
        at_work = distinct([*self.cases.at_work(grievance), *self.cases.at_work(target)])
        changed = self.cases.step(
            grievance,
            Step.MERGE,
            person.id,
            now,
            subject=str(into),
            merged_into=into,
            outcome=Outcome.MERGED,
            ended_at=now,
            chase_at=None,
        )
        self.cases.log(into, Step.ABSORB, person.id, now, subject=str(number))
        target = self.cases.change(target, households=len(self.cases.followers(target)))
        return Merged(changed, target, tell, tuple(each for each in at_work if each != person.id))

    def split(self, number: int, person: Person, now: datetime) -> Split:
        """A merged one stands alone again, with its own number and clock, and waits for somebody."""
        grievance = self.cases.in_charge(number, person)
        after(grievance, Step.SPLIT)
        into = self.cases.existing(grievance.merged_into or 0)
        self.cases.log(into.number, Step.RELEASE, person.id, now, subject=str(number))
        changed = self.cases.step(
            grievance,
            Step.SPLIT,
            person.id,
            now,
            handler_id=None,
            merged_into=None,
            outcome=None,
            ended_at=None,
        )
        self.cases.count_households(into)
        alone = self.cases.wait_for_somebody(changed, now)
        return Split(alone, self.cases.responsible(alone), self.cases.followers(alone))

    def correct(self, number: int, line: int, person: Person, moment: datetime, now: datetime) -> Corrected:
        """What stands in a line of the record happened at another time: the log keeps both, the clocks follow.

        Lines are counted from 1. Not by the handler, whose clock it is, nor to a time at which it cannot have been.
        """
        grievance = self.cases.in_charge(number, person)
        events = grievances.events(self.cases.store, number)
        if not 0 < line <= len(events) or events[line - 1].corrects is not None:
            raise Refused("grievances.no_such_event", number=number)
        if grievance.handler_id == person.id or not self.cases.tree.answers_for(person.id, grievance.level_id):
            raise Refused("grievances.correct_by_above", number=number)
        if not self._can_have_been(events, line, moment, now):
            raise Refused("grievances.cannot_have_been", number=number)
        wrong = events[line - 1]
        grievances.log(
            self.cases.store, number, now, person.id, Step.CORRECT, subject=moment.isoformat(), corrects=wrong.id
        )
        if grievance.state is State.DRAFT:
            return Corrected(grievance, wrong)
        changed = self._chased_anew(grievance, now)
        moved = changed.resolve_by != grievance.resolve_by and changed.state in UNHANDLED
        return Corrected(changed, wrong, self.cases.concerned(changed, person.id) if moved else ())

    def _chased_anew(self, grievance: Grievance, now: datetime) -> Grievance:
        """With clocks as the log has them; the reminders follow."""
        if grievance.state is State.ACCEPTED:
            return self.cases.chase_handler(grievance, now)
        changed = self.cases.read_clock(grievance)
        if changed.state not in (State.REPORTED, State.REOPENED) or changed.chase_at is None:
            return changed
        return self.cases.change(changed, chase_at=min(changed.chase_at, self.cases.climb_at(changed, now)))

    def _can_have_been(self, events: Sequence[Event], line: int, moment: datetime, now: datetime) -> bool:
        """Not yet to come; and nothing happens before the report."""
        begin, *later = log.corrected(events)
        if line == 1:
            return moment <= min((event.at for event in later), default=now)
        return begin.at <= moment <= now

    def vacate(self, now: datetime) -> list[Vacated]:
        """Those whose handler has left go back to those who are responsible. Nobody can lose a case."""
        listed = grievances.handlers(self.cases.store)
        left = [person_id for person_id in listed if not self.cases.tree.holds(person_id, STAFF)]
        held = (grievance for person_id in left for grievance in grievances.handled_by(self.cases.store, person_id))
        found = [self._unless_vacant(grievance, now) for grievance in held if grievance.state in LEGAL[Step.VACATE]]
        return [self._vacated(grievance) for grievance in found]

    def _vacated(self, grievance: Grievance) -> Vacated:
        at_work, followers = self.cases.at_work(grievance), self.cases.followers(grievance)
        return Vacated(grievance, at_work, self.cases.current_holder(grievance), followers)

    # --- inside -------------------------------------------------------------------------------------------------

    def _given_to(self, grievance: Grievance, step: Step, actor_id: str, handler_id: str, now: datetime) -> Grievance:
        changed = self.cases.step(
            grievance,
            step,
            actor_id,
            now,
            subject=handler_id,
            handler_id=handler_id,
            contacted_at=grievance.contacted_at or now,
        )
        return self.cases.chase_handler(changed, now)

    def _unless_vacant(self, grievance: Grievance, now: datetime) -> Grievance:
        """As it is; but one whose handler has left waits for somebody again."""
        if grievance.state not in LEGAL[Step.VACATE] or self.cases.handler(grievance) is not None:
            return grievance
        left = grievance.handler_id or ""
        changed = self.cases.step(
            grievance,
            Step.VACATE,
            None,
            now,
            subject=left,
            handler_id=None,
        )
        return self.cases.wait_for_somebody(changed, now)

    def _keep_lead(self, grievance: Grievance, handler_id: str, now: datetime) -> str | None:
        """Whoever takes it over from the one person whose turn it was, or who had it: that one leads."""
        self._keep_answerable(grievance, handler_id, now)
        if self.cases.handler(grievance) is not None:
            return None
        responsible = self.cases.responsible(grievance)
        helps = any(each.person_id == handler_id for each in self.cases.parts(grievance) if each.part is Part.HELPER)
        if responsible is None or len(responsible.people) > 1 or handler_id in responsible.ids or not helps:
            return None
        (lead,) = responsible.ids
        self._add_part(grievance, lead, Part.LEAD, now)
        return lead

    def _keep_answerable(self, grievance: Grievance, handler_id: str, now: datetime) -> None:
        """Whoever had it first stays its lead when somebody else gets it."""
        before = self.cases.handler(grievance)
        if before is not None and before != handler_id and not self._leads(grievance):
            self._add_part(grievance, before, Part.LEAD, now)

    def _leads(self, grievance: Grievance) -> set[str]:
        return {each.person_id for each in self.cases.parts(grievance) if each.part is Part.LEAD}

    def _handled_by(self, number: int, person: Person) -> Grievance:
        """One that this person has in hand."""
        grievance = self.cases.in_charge(number, person)
        if self.cases.handler(grievance) is None and grievance.state in LEGAL[Step.ACCEPT]:
            raise Refused("grievances.accept_first", number=number)
        if grievance.handler_id != person.id:
            holder = self.cases.current_holder(grievance)
            raise Refused("grievances.only_handler", number=number, holder=holder or "社区")
        return grievance

    def _check_lead(self, grievance: Grievance, person: Person) -> None:
        """A case that somebody has can be given away by its lead, or by somebody above the handler."""
        leads = self._leads(grievance)
        handler_nodes = {role.node_id for role in self.cases.tree.roles_of(grievance.handler_id or "")}
        above = any(
            self.cases.tree.answers_for(person.id, self.cases.tree.nodes[node].parent_id) for node in handler_nodes
        )
        if person.id not in leads and not above:
            raise self._taken(grievance, person)

    def _wanted(self, wanted: str, grievance: Grievance, but_not: str | None = None) -> RoleHolder:
        """Somebody by role word, name or id, nearest to the place. Raises `Refused` where nobody or several fit."""
        found = self.cases.tree.find_holder(wanted, self.cases.node_of(grievance))
        found = [each for each in found if each.person_id not in (but_not, grievance.resident_id)]
        if not found:
            raise Refused("grievances.nobody_called", wanted=wanted)
        colleagues = wanted in ROLE_WORDS and found[0].role in ANSWERS_FOR.values()  # any one stands for all
        if len(found) > 1 and not colleagues:
            names = BETWEEN.join(each.name for each in found[:MOST_NAMES])
            raise Refused("grievances.several_called", wanted=wanted, names=names)
        return found[0]

    def _add_part(self, grievance: Grievance, person_id: str, part: Part, now: datetime) -> None:
        held = {(each.person_id, each.part) for each in self.cases.parts(grievance)}
        if (person_id, part) not in held:
            grievances.add_part(self.cases.store, grievance.number, person_id, part, now)

    def _taken(self, grievance: Grievance, person: Person) -> Refused:
        if grievance.handler_id == person.id:
            return Refused("grievances.already_yours", number=grievance.number)
        holder = self.cases.current_holder(grievance)
        return Refused("grievances.taken_by_other", number=grievance.number, holder=holder or "别人")
