"""Grievances (诉求): reported, accepted, handled; closed by the resident's word and by nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any

from community.parts.working_calendar import add_working_days
from community.people import Person
from community.refused import Refused
from community.rules import Rules
from community.tree import Group, Node, Responsible, RoleHolder, Tree
from storage import grievances
from storage.database import Store
from storage.grievances import Event, Grievance
from storage.tables import DeadlineClass
from storage.tables import GrievanceState as State

__all__ = ["DeadlineClass", "Event", "Grievance", "Grievances", "State"]


class Step(StrEnum):
    """What can happen to a grievance: the words of its log."""

    REPORT = "report"
    DRAFT = "draft"
    LOCATE = "locate"
    PHOTO = "photo"
    ACCEPT = "accept"
    FINISH = "finish"
    SOLVED = "solved"
    PARTLY = "partly"
    UNSOLVED = "unsolved"
    TAKE_BACK = "take_back"
    RATE = "rate"
    REMIND = "remind"
    ESCALATE = "escalate"
    WITHDRAW = "withdraw"


class Satisfaction(IntEnum):
    """The resident's mark, as typed."""

    SATISFIED = 1
    FAIRLY_SATISFIED = 2
    DISSATISFIED = 3


LEGAL: Mapping[Step, Mapping[State, State]] = {
    Step.LOCATE: {State.DRAFT: State.REPORTED},
    Step.WITHDRAW: {State.DRAFT: State.WITHDRAWN},
    Step.ACCEPT: {State.REPORTED: State.ACCEPTED, State.REOPENED: State.ACCEPTED},
    Step.FINISH: {
        State.REPORTED: State.HANDLED,
        State.ACCEPTED: State.HANDLED,
        State.REOPENED: State.HANDLED,
    },
    Step.SOLVED: {State.HANDLED: State.CONFIRMED},
    Step.PARTLY: {State.HANDLED: State.REOPENED},
    Step.UNSOLVED: {State.HANDLED: State.REOPENED},
    Step.TAKE_BACK: {State.CONFIRMED: State.HANDLED},
    Step.RATE: {State.CONFIRMED: State.CLOSED},
}
"""Every step that changes the state: from which, to which. What is not here is refused."""

OPEN = frozenset({State.DRAFT, State.REPORTED, State.ACCEPTED, State.REOPENED})


@dataclass(frozen=True, slots=True)
class Where:
    """A place as the resident said it. `building` only where a number was named."""

    words: str = ""
    building: int | None = None


@dataclass(frozen=True, slots=True)
class Reported:
    """It has a number and people who must act."""

    grievance: Grievance
    responsible: Responsible | None


@dataclass(frozen=True, slots=True)
class PlaceMissing:
    """It has a number, but the place must be asked for. `unknown_building` was named and does not exist."""

    grievance: Grievance
    unknown_building: int | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """Somebody has it now."""

    grievance: Grievance
    handler: RoleHolder
    photos: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Handled:
    """The handler says it is done; the resident is to be asked."""

    grievance: Grievance
    handler: RoleHolder
    note: str


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The resident says it is solved; the mark is to be asked for."""

    grievance: Grievance


@dataclass(frozen=True, slots=True)
class Reopened:
    """The resident says it is not, or not all, solved. `tell`: the handler and the level above."""

    grievance: Grievance
    tell: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Closed:
    """Solved and rated."""

    grievance: Grievance


@dataclass(frozen=True, slots=True)
class Progress:
    """What somebody who may know is told. `holder`: who has it now, or whose turn it is; None: nobody is there."""

    grievance: Grievance
    holder: RoleHolder | None
    is_own: bool


@dataclass(frozen=True, slots=True)
class PhotosAdded:
    """Photos are with the grievance. `tell`: who is at work on it."""

    grievance: Grievance
    tell: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PhotosKept:
    """Photos wait for the words that belong to them."""

    count: int


@dataclass(frozen=True, slots=True)
class Reminded:
    """Nobody accepted in time: its people are reminded."""

    grievance: Grievance
    responsible: Responsible


@dataclass(frozen=True, slots=True)
class Escalated:
    """Still nobody: it is with the level above now."""

    grievance: Grievance
    late: Responsible | None
    responsible: Responsible


@dataclass(frozen=True, slots=True)
class Grievances:
    """Everything that can be done with grievances within one transaction."""

    store: Store
    tree: Tree
    rules: Rules

    def report(
        self,
        resident: Person,
        group: Group | None,
        words: str,
        where: Where,
        deadline_class: DeadlineClass,
        photos: Sequence[str],
        now: datetime,
    ) -> Reported | PlaceMissing:
        """Takes a grievance in. It has a number from the first moment, so that nothing said is lost.

        Raises `Refused` when it is unclear which community the resident belongs to.
        """
        community = self._community_of(resident, group)
        place = self.tree.building(community.id, where.building) if where.building is not None else None
        grievance = self._open(resident, group, community, words, deadline_class, now)
        grievance = self._with_photos(grievance, resident.id, photos, now)
        if place is None:
            return PlaceMissing(grievance, where.building)
        return self._dispatch(grievance, Step.REPORT, resident.id, place, where.words, now)

    def locate(
        self, number: int, resident: Person, where: Where, now: datetime, *, more: str = "", insist: bool = False
    ) -> Reported | PlaceMissing:
        """The resident has said where it is, and perhaps `more` about what.

        A building that does not exist is asked about once more; with `insist` the words are taken as they are
        and the community's workers find out.
        """
        grievance = self._own(number, resident)
        after(grievance.state, Step.LOCATE)
        community = self.tree.nodes[grievance.community_id]
        place = self.tree.building(community.id, where.building) if where.building is not None else None
        if place is None and where.building is not None and not insist:
            return PlaceMissing(grievance, where.building)
        if more:
            grievance = self._change(grievance, words=f"{grievance.words};{more}")
        return self._dispatch(grievance, Step.LOCATE, resident.id, place or community, where.words, now)

    def accept(self, number: int, person: Person, now: datetime) -> Accepted:
        """A responsible person takes it. The first one has it; a second is told who that was."""
        grievance = self._responsible_for(number, person)
        if grievance.state is State.ACCEPTED:
            raise self._taken(grievance, person)
        changed = self._step(grievance, Step.ACCEPT, person.id, now, handler_id=person.id, chase_at=None)
        return Accepted(changed, self._holder(person.id, changed), tuple(grievances.photos_of(self.store, number)))

    def finish(self, number: int, person: Person, note: str, now: datetime) -> Handled:
        """The handler has done it, and says how. Whoever took it first stays answerable: nobody else can finish it."""
        grievance = self._responsible_for(number, person)
        if grievance.state is State.ACCEPTED and grievance.handler_id != person.id:
            raise self._taken(grievance, person)
        after(grievance.state, Step.FINISH)
        if not note:
            raise Refused("grievances.say_how", number=number)
        changed = self._step(grievance, Step.FINISH, person.id, now, note, handler_id=person.id, chase_at=None)
        return Handled(changed, self._holder(person.id, changed), note)

    def judge(self, number: int, resident: Person, verdict: Step, now: datetime) -> Confirmed | Reopened:
        """The resident's word: solved, partly or unsolved. Only solved leads to the end."""
        grievance = self._own(number, resident)
        if verdict is Step.SOLVED:
            return Confirmed(self._step(grievance, verdict, resident.id, now))
        changed = self._step(
            grievance,
            verdict,
            resident.id,
            now,
            reopenings=grievance.reopenings + 1,
            chases=0,
            chase_at=now + self.rules.accept_within,
        )
        above = self.tree.responsible_above(changed.level_id, but_not=resident.id)
        tell = (changed.handler_id, *(above.ids if above else ()))
        return Reopened(changed, tuple(dict.fromkeys(person for person in tell if person)))

    def take_back(self, number: int, resident: Person, now: datetime) -> Grievance:
        """The resident thinks again before rating."""
        return self._step(self._own(number, resident), Step.TAKE_BACK, resident.id, now)

    def rate(self, number: int, resident: Person, satisfaction: Satisfaction, now: datetime) -> Closed:
        """The resident's mark, which closes it."""
        grievance = self._own(number, resident)
        changed = self._step(
            grievance, Step.RATE, resident.id, now, str(int(satisfaction)), satisfaction=int(satisfaction)
        )
        return Closed(changed)

    def withdraw_draft(self, number: int, resident: Person, now: datetime) -> Grievance:
        """The resident does not want to go on with a report that is not complete yet."""
        return self._step(self._own(number, resident), Step.WITHDRAW, resident.id, now, chase_at=None)

    def look_up(self, number: int, person: Person) -> Progress:
        """Who has it, at which step, until when. Raises `Refused` for a stranger."""
        grievance = self._existing(number)
        is_own = grievance.resident_id == person.id
        if not is_own and not self._is_at_work_on(person, grievance):
            raise Refused("grievances.not_yours", number=number)
        return Progress(grievance, self._current_holder(grievance), is_own)

    def latest(self, person: Person, now: datetime) -> Progress | None:
        """The newest grievance of a resident within a year, for those who ask without a number."""
        found = grievances.latest_of(self.store, person.id, now.replace(year=now.year - 1, day=1), 1)
        return Progress(found[0], self._current_holder(found[0]), is_own=True) if found else None

    def awaits_photo(self, person: Person, group: Group | None, now: datetime) -> bool:
        """Whether a photo in a group belongs to what this person reported there a moment ago."""
        recent = self._recent(person.id, now)
        return recent is not None and (group is None or recent.group == group.external_id)

    def add_photos(self, person: Person, digests: Sequence[str], now: datetime) -> PhotosAdded | PhotosKept:
        """Photos without words: they go to what the person reported in the last minutes, or wait for words."""
        recent = self._recent(person.id, now)
        if recent is None:
            grievances.add_photos(self.store, None, digests, person.id, now)
            return PhotosKept(len(digests))
        changed = self._with_photos(recent, person.id, digests, now)
        return PhotosAdded(changed, self._at_work(changed))

    def chase(self, now: datetime) -> list[Reported | Reminded | Escalated]:
        """What has waited too long: reminds, then goes up level by level. Each once, however late it is called."""
        return [self._chase(grievance, now) for grievance in grievances.to_chase(self.store, now)]

    def next_chase(self) -> datetime | None:
        """When `chase` has something to do next."""
        return grievances.next_chase(self.store)

    def log_of(self, number: int) -> list[Event]:
        """Everything that happened to a grievance."""
        return grievances.events(self.store, number)

    # --- load -------------------------------------------------------------------------------------------------

    def _existing(self, number: int) -> Grievance:
        grievance = grievances.by_number(self.store, number)
        if grievance is None:
            raise Refused("grievances.not_found")
        return grievance

    def _own(self, number: int, resident: Person) -> Grievance:
        grievance = self._existing(number)
        if grievance.resident_id != resident.id:
            raise Refused("grievances.not_yours", number=number)
        return grievance

    def _responsible_for(self, number: int, person: Person) -> Grievance:
        grievance = self._existing(number)
        if not self._is_at_work_on(person, grievance):
            raise Refused("grievances.not_your_task", number=number)
        if grievance.resident_id == person.id:
            raise Refused("grievances.own_case", number=number)
        return grievance

    def _is_at_work_on(self, person: Person, grievance: Grievance) -> bool:
        node_id = grievance.place_id or grievance.community_id
        return grievance.handler_id == person.id or self.tree.answers_for(person.id, node_id)

    def _recent(self, person_id: str, now: datetime) -> Grievance | None:
        found = grievances.latest_of(self.store, person_id, now - self.rules.photo_window, 1)
        return found[0] if found and found[0].state in OPEN else None

    def _community_of(self, resident: Person, group: Group | None) -> Node:
        node = self.tree.community_of(group.node_id) if group else self.tree.community_of(resident.node_id)
        found = node or self.tree.only_community()
        if found is None:
            raise Refused("grievances.which_community")
        return found

    # --- who --------------------------------------------------------------------------------------------------

    def _holder(self, person_id: str, grievance: Grievance) -> RoleHolder:
        """A handler by the role in which they act: the one nearest to the place."""
        roles = self.tree.roles_of(person_id)
        above = [node.id for node in self.tree.upwards(grievance.place_id or grievance.community_id)]
        near = [role for role in roles if role.node_id in above]
        return min(near, key=lambda role: above.index(role.node_id)) if near else roles[0]

    def _current_holder(self, grievance: Grievance) -> RoleHolder | None:
        if grievance.handler_id and self.tree.roles_of(grievance.handler_id):
            return self._holder(grievance.handler_id, grievance)
        responsible = self.tree.responsible(grievance.level_id, but_not=grievance.resident_id)
        return responsible.people[0] if responsible else None

    def _at_work(self, grievance: Grievance) -> tuple[str, ...]:
        if grievance.state is State.DRAFT:
            return ()
        if grievance.handler_id:
            return (grievance.handler_id,)
        responsible = self.tree.responsible(grievance.level_id, but_not=grievance.resident_id)
        return responsible.ids if responsible else ()

    def _taken(self, grievance: Grievance, person: Person) -> Refused:
        if grievance.handler_id == person.id:
            return Refused("grievances.already_yours", number=grievance.number)
        return Refused("grievances.taken_by_other", number=grievance.number, holder=self._current_holder(grievance))

    # --- store ------------------------------------------------------------------------------------------------

    def _open(
        self,
        resident: Person,
        group: Group | None,
        community: Node,
        words: str,
        deadline_class: DeadlineClass,
        now: datetime,
    ) -> Grievance:
        values: dict[str, Any] = {
            "resident_id": resident.id,
            "community_id": community.id,
            "place_id": None,
            "place": "",
            "words": words,
            "deadline_class": deadline_class,
            "state": State.DRAFT,
            "level_id": None,
            "handler_id": None,
            "reported_at": now,
            "respond_by": None,
            "resolve_by": None,
            "chase_at": now + self.rules.question_open,
            "chases": 0,
            "photos": 0,
            "group_external_id": group.external_id if group else None,
            "reopenings": 0,
            "satisfaction": None,
        }
        number = grievances.add(self.store, values)
        grievances.log(self.store, number, now, resident.id, Step.DRAFT)
        values["group"] = values.pop("group_external_id")
        return Grievance(number=number, **values)

    def _dispatch(
        self, grievance: Grievance, step: Step, actor_id: str | None, place: Node, place_words: str, now: datetime
    ) -> Reported:
        respond_by, resolve_by = deadlines(grievance.deadline_class, grievance.reported_at, self.rules)
        responsible = self.tree.responsible(place.id, but_not=grievance.resident_id)
        changed = self._change(
            grievance,
            state=State.REPORTED,
            place_id=place.id,
            place=place_words or place.name,
            level_id=responsible.node.id if responsible else place.id,
            respond_by=respond_by,
            resolve_by=resolve_by,
            chase_at=now + (respond_by - grievance.reported_at),
        )
        grievances.log(self.store, grievance.number, now, actor_id, step, place_words)
        return Reported(changed, responsible)

    def _with_photos(self, grievance: Grievance, person_id: str, digests: Sequence[str], now: datetime) -> Grievance:
        loose = grievances.take_loose_photos(self.store, grievance.number, person_id, now - self.rules.photo_window)
        if digests:
            grievances.add_photos(self.store, grievance.number, digests, person_id, now)
        more = loose + len(digests)
        if more:
            grievances.log(self.store, grievance.number, now, person_id, Step.PHOTO, str(more))
        return replace(grievance, photos=grievance.photos + more)

    def _chase(self, grievance: Grievance, now: datetime) -> Reported | Reminded | Escalated:
        if grievance.state is State.DRAFT:  # nobody answered where it is: the community's workers find out
            community = self.tree.nodes[grievance.community_id]
            return self._dispatch(grievance, Step.LOCATE, None, community, "", now)
        here = self.tree.responsible(grievance.level_id, but_not=grievance.resident_id)
        above = self.tree.responsible_above(grievance.level_id, but_not=grievance.resident_id)
        again = now + self.rules.accept_within
        if grievance.chases == 0 and here is not None:
            changed = self._change(grievance, chases=1, chase_at=again)
            grievances.log(self.store, grievance.number, now, None, Step.REMIND)
            return Reminded(changed, here)
        if above is None:
            changed = self._change(grievance, chases=grievance.chases + 1, chase_at=None)
            grievances.log(self.store, grievance.number, now, None, Step.REMIND)
            return Reminded(changed, here) if here else Reported(changed, None)
        changed = self._change(grievance, chases=grievance.chases + 1, chase_at=again, level_id=above.node.id)
        grievances.log(self.store, grievance.number, now, None, Step.ESCALATE, above.node.id)
        return Escalated(changed, here, above)

    def _step(
        self, grievance: Grievance, step: Step, actor_id: str, now: datetime, note: str = "", **values: Any
    ) -> Grievance:
        changed = self._change(grievance, state=after(grievance.state, step), **values)
        grievances.log(self.store, grievance.number, now, actor_id, step, note)
        return changed

    def _change(self, grievance: Grievance, **values: Any) -> Grievance:
        grievances.change(self.store, grievance.number, **values)
        return replace(grievance, **values)


def after(state: State, step: Step) -> State:
    """The state that a step leads to. Raises `Refused`, with the reason in the state, where the step is not legal."""
    found = LEGAL[step].get(state)
    if found is None:
        raise Refused(f"grievances.is_{state}")
    return found


def deadlines(deadline_class: DeadlineClass, reported_at: datetime, rules: Rules) -> tuple[datetime, datetime]:
    """First contact and resolution. Only ordinary and hard cases count working days, to the end of the last."""
    if deadline_class is DeadlineClass.LIFE:
        resolve_by = reported_at + rules.life_within
    elif deadline_class is DeadlineClass.UTILITY:
        resolve_by = reported_at + rules.utility_within
    else:
        days = rules.hard_days if deadline_class is DeadlineClass.HARD else rules.ordinary_days
        last_day = add_working_days(reported_at.astimezone(rules.zone), days)
        resolve_by = datetime.combine(last_day.date(), rules.office_closes, rules.zone)
    return min(reported_at + rules.accept_within, resolve_by), resolve_by
