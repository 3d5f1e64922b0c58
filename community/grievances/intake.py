"""Taking a grievance in: its number from the first moment, its place, what it is about, its photos."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from community.grievances.cases import Cases, distinct
from community.grievances.outcomes import (
    Added,
    Classified,
    Joined,
    NameHidden,
    PhotosAdded,
    PhotosKept,
    PlaceMissing,
    Reported,
    SameAs,
    ToConfirm,
    Where,
    Withdrawn,
)
from community.grievances.steps import OPEN, UNHANDLED, State, Step, after, not_as_it_stands
from community.parts.alike import alike
from community.people import Person
from community.refused import Refused
from community.tree import Group, Level, Node, Responsible
from storage import grievances
from storage.grievances import Grievance
from storage.tables import DeadlineClass, Part

NEAR_WITHIN = timedelta(days=14)
PUBLIC_LINE_FOR = timedelta(minutes=30)
"""How long 「+1」 in a group means what was last told there."""

BURST = timedelta(minutes=1)
MOST_IN_A_BURST = 50
"""Of one person within a minute; more than that nobody types."""

_WHOLE = re.compile("全部?|整个?|我们|咱们?|这个|小区|社区|院子|里面?|都")

LONGEST_PLACE = 200
"""Characters of a place; its column holds no more."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the ear made of a report."""

    words: str
    where: Where
    category: str
    deadline_class: DeadlineClass
    private: bool = False
    anonymous: bool = False
    on_behalf: str = ""


@dataclass(frozen=True, slots=True)
class Intake:
    """From a resident's first words to the people who must act."""

    cases: Cases

    def report(
        self, resident: Person, group: Group | None, told: Told, photos: Sequence[str], now: datetime
    ) -> Reported | PlaceMissing | SameAs:
        """Takes a grievance in. A full sentence needs no question at all.

        Raises `Refused` when it is unclear which community the resident belongs to.
        """
        community = self.cases.community_of(resident, group)
        place, said = self._place(community, told.where), told.where.words
        draft = _unsaved(resident, group, community, told, now + self.cases.rules.question_open, now)
        if told.private or told.deadline_class is DeadlineClass.LIFE:  # nobody in danger is kept waiting by a question
            return self._send_out(draft, place or community, said, photos, now)
        if place is None:
            return PlaceMissing(self._save(draft, photos, now), told.where.building)
        same = self._same(draft, place, said, now)
        if same is None:
            return self._send_out(draft, place, said, photos, now)
        return replace(same, grievance=self._save(replace(draft, **_at(place, said)), photos, now))

    def locate(
        self, number: int, resident: Person, where: Where, now: datetime, *, more: str = "", insist: bool = False
    ) -> ToConfirm | PlaceMissing | SameAs:
        """The resident has said where it is, and perhaps `more` about what; it is read back before it goes out.

        A building that does not exist is asked about once more; with `insist` the words are taken as they are
        and the community's workers find out.
        """
        draft = self._draft(number, resident)
        community = self.cases.tree.nodes[draft.community_id]
        place = self._place(community, where)
        if place is None and where.building is not None and not insist:
            return PlaceMissing(draft, where.building)
        if more:
            self.cases.log(number, Step.ADD, resident.id, now, more)
            draft = self.cases.change(draft, words=f"{draft.words};{more}")
        same = self._same(draft, place or community, where.words, now)
        placed = self.cases.change(draft, **_at(place or community, where.words))
        return replace(same, grievance=placed) if same is not None else ToConfirm(placed)

    def reword(self, number: int, resident: Person, words: str, now: datetime) -> ToConfirm:
        """What it is about, said again before it goes out. The log keeps what was said at first."""
        draft = self._draft(number, resident)
        self.cases.log(number, Step.REWORD, resident.id, now, draft.words)
        return ToConfirm(self.cases.change(draft, words=words))

    def draft(self, number: int, resident: Person) -> Grievance:
        """One that has not gone out yet. Raises `Refused` where it has."""
        return self._draft(number, resident)

    def confirm(self, number: int, resident: Person, now: datetime) -> Reported:
        """It is right so: now it goes to the people who must act."""
        draft = self._draft(number, resident)
        place = self.cases.tree.nodes[self.cases.node_of(draft)]
        return self._dispatch(draft, Step.LOCATE, resident.id, place, draft.place, now)

    def withdraw_draft(self, number: int, resident: Person, now: datetime) -> Withdrawn:
        """The resident does not want to go on."""
        draft = self._draft(number, resident)
        changed = self.cases.step(draft, Step.WITHDRAW, resident.id, now, chase_at=None, ended_at=now)
        return Withdrawn(changed, (), tuple(self.cases.joined(changed)))

    def dispatch_unfinished(self, draft: Grievance, now: datetime) -> Reported:
        """Nobody has finished it within a day: it goes out as far as it is known, and people find out the rest."""
        place = self.cases.tree.nodes[self.cases.node_of(draft)]
        return self._dispatch(draft, Step.LOCATE, None, place, draft.place, now)

    def classify(
        self,
        number: int,
        person: Person,
        category: str,
        deadline_class: DeadlineClass,
        now: datetime,
        *,
        private: bool = False,
    ) -> Classified:
        """It is about something else. The clock follows. By the resident, or by those at work on it.

        One that turns out to be `private` is from now on for its handlers alone; one that is stays so. One that
        neighbours have joined is known already and stays public.
        """
        grievance = self.cases.existing(number)
        if grievance.resident_id != person.id and not self.cases.may_see(person, grievance):
            raise self.cases.hidden(grievance)
        if grievance.ended_at is not None:
            raise not_as_it_stands(grievance)
        self.cases.log(number, Step.CLASSIFY, person.id, now, deadline_class, category)
        hidden = private and not grievance.private and grievance.households == 1
        changed = self.cases.change(
            grievance, category=category, deadline_class=deadline_class, private=grievance.private or hidden
        )
        if changed.state is State.DRAFT:
            return Classified(changed)
        if changed.state is State.ACCEPTED:
            return Classified(self.cases.chase_handler(changed, now), self.cases.concerned(changed, person.id))
        changed = self.cases.read_clock(changed)
        if changed.state not in (State.REPORTED, State.REOPENED):
            return Classified(changed, self.cases.concerned(changed, person.id))
        return self._sorted_anew(changed, person, now, hidden=hidden)

    def _sorted_anew(self, grievance: Grievance, person: Person, now: datetime, *, hidden: bool) -> Classified:
        """Nobody has it yet: it may be more urgent now, or a matter for others."""
        soon = self.cases.remind_at(grievance, now)
        grievance = self.cases.change(grievance, chase_at=min(grievance.chase_at or soon, soon))
        if not hidden or self.cases.handler(grievance) is not None:
            return Classified(grievance, self.cases.concerned(grievance, person.id))
        responsible = self._responsible(grievance, self.cases.tree.nodes[self.cases.node_of(grievance)])
        if responsible is None:
            return Classified(grievance, self.cases.concerned(grievance, person.id))
        grievance = self.cases.change(grievance, level_id=responsible.node.id)
        tell = self.cases.concerned(grievance, person.id, *responsible.ids)
        return Classified(grievance, tell, responsible)

    def hide_name(self, number: int, resident: Person, now: datetime) -> NameHidden:
        """The handler does not see the resident's name from now on."""
        grievance = self.cases.own(number, resident)
        if grievance.ended_at is not None:
            raise not_as_it_stands(grievance)
        self.cases.log(number, Step.ANONYMOUS, resident.id, now)
        seen = grievance.contacted_at is not None and not grievance.anonymous
        return NameHidden(self.cases.change(grievance, anonymous=True), seen)

    # --- others with the same -----------------------------------------------------------------------------------

    def join(self, number: int, person: Person, now: datetime, group: Group | None = None) -> Joined:
        """One more household follows it, is told of everything and may rate at the end.

        Public matters only, and only those of one's own community.
        """
        grievance = self.cases.existing(number)
        if grievance.private or self.cases.community_of(person, group).id != grievance.community_id:
            raise Refused("grievances.not_found")
        grievance = self.cases.goes_on_in(grievance)
        unheard_of = grievance.state is State.DRAFT and grievance.group is None
        if grievance.ended_at is not None or unheard_of:
            raise not_as_it_stands(grievance)
        joined = self._join(grievance, person.id, now)
        if joined.first and group is not None and group.external_id == grievance.group:
            return replace(joined, grievance=self.cases.change(joined.grievance, told_at=now))
        return joined

    def _join(self, grievance: Grievance, person_id: str, now: datetime) -> Joined:
        if person_id in self.cases.followers(grievance):
            return Joined(grievance, first=False)
        grievances.add_part(self.cases.store, grievance.number, person_id, Part.JOINED, now)
        self.cases.log(grievance.number, Step.JOIN, person_id, now, subject=person_id)
        return Joined(self.cases.change(grievance, households=grievance.households + 1), first=True)

    def join_instead(self, draft_number: int, number: int, resident: Person, now: datetime) -> Joined | Reported:
        """The resident follows the neighbours' instead of having a number of their own; photos and words go along.

        Where the neighbours' has ended in the meantime, their own goes out after all.
        """
        draft = self._draft(draft_number, resident)
        earlier = self.cases.goes_on_in(self.cases.existing(number))
        if earlier.ended_at is not None or earlier.private:
            return self.confirm(draft_number, resident, now)
        first = self.join(number, resident, now, self.cases.group_of(draft)).first
        moved = tuple(self.cases.joined(draft))
        for person_id in moved:
            earlier = self._join(self.cases.existing(earlier.number), person_id, now).grievance
        followed = self.cases.existing(earlier.number)
        self.cases.log(followed.number, Step.ADD, resident.id, now, draft.words)
        if draft.photos:
            grievances.move_photos(self.cases.store, draft.number, followed.number, draft.photos)
            self.cases.log(followed.number, Step.PHOTO, resident.id, now, subject=str(draft.photos))
            followed = replace(followed, photos=followed.photos + draft.photos)
        self.cases.step(
            draft, Step.WITHDRAW, resident.id, now, subject=str(number), chase_at=None, ended_at=now, photos=0
        )
        return Joined(followed, first, draft.words, moved)

    def told_in(self, group: Group, now: datetime) -> Grievance | None:
        """The grievance that 「+1」 in a group means: the one that was last told there."""
        return grievances.latest_in_group(self.cases.store, group.external_id, now - PUBLIC_LINE_FOR)

    # --- photos and additions -----------------------------------------------------------------------------------

    def awaits_photo(self, person: Person, group: Group | None, now: datetime) -> bool:
        """Whether a photo in a group belongs to what this person reported there a moment ago."""
        recent = self.cases.recent(person.id, now)
        return recent is not None and (group is None or recent.group == group.external_id)

    def add_photos(
        self, person: Person, digests: Sequence[str], now: datetime, asked: int | None = None
    ) -> PhotosAdded | PhotosKept:
        """Photos without words: they go to what the person was `asked` about, or reported in the last minutes.

        Otherwise they wait for words.
        """
        about = grievances.by_number(self.cases.store, asked) if asked is not None else None
        about = self.cases.goes_on_in(about) if about is not None else None
        if about is not None and about.ended_at is None and self._may_add(person, about):
            recent: Grievance | None = about
        else:
            recent = self.cases.recent(person.id, now)
        if recent is None:
            grievances.add_photos(self.cases.store, None, digests, person.id, now)
            return PhotosKept(len(digests))
        changed = self._with_photos(recent, person.id, digests, now)
        return PhotosAdded(changed, self._hear_of_additions(changed, person))

    def add(self, number: int, person: Person, words: str, photos: Sequence[str], now: datetime) -> Added:
        """The resident, somebody who joined, or somebody at work on it adds words or photos."""
        grievance = self.cases.goes_on_in(self.cases.existing(number))
        if not self._may_add(person, grievance):
            raise self.cases.hidden(grievance)
        if grievance.ended_at is not None:
            raise not_as_it_stands(grievance)
        if not words and not photos:
            raise Refused("grievances.add_what", number=number)
        if words:
            self.cases.log(grievance.number, Step.ADD, person.id, now, words)
        grievance = self._with_photos(grievance, person.id, photos, now)
        by_staff = person.id not in self.cases.followers(grievance)
        return Added(grievance, words, self._hear_of_additions(grievance, person), by_staff)

    def _may_add(self, person: Person, grievance: Grievance) -> bool:
        return person.id in self.cases.followers(grievance) or self.cases.may_see(person, grievance)

    def _hear_of_additions(self, grievance: Grievance, person: Person) -> tuple[str, ...]:
        """Those at work hear what residents add; what staff add residents hear as well."""
        followers = self.cases.followers(grievance)
        told = () if person.id in followers else followers
        return tuple(each for each in distinct([*told, *self.cases.at_work(grievance)]) if each != person.id)

    # --- inside -------------------------------------------------------------------------------------------------

    def _draft(self, number: int, resident: Person) -> Grievance:
        draft = self.cases.own(number, resident)
        after(draft, Step.LOCATE)
        return draft

    def _place(self, community: Node, where: Where) -> Node | None:
        if where.node_id is not None:
            return self.cases.tree.nodes.get(where.node_id)
        return self.cases.tree.building(community.id, where.building) if where.building is not None else None

    def _same(self, draft: Grievance, place: Node, place_words: str, now: datetime) -> SameAs | None:
        """An open one at the same place, about the same thing, in alike words: rather the resident's own.

        Not what they told of within a minute: many at once get one answer and no questions.
        """
        if place.level not in (Level.BUILDING, Level.GRID, Level.COMMUNITY):
            return None
        near = grievances.near(self.cases.store, place.id, draft.category, now - NEAR_WITHIN)
        worked_on = [each for each in near if each.state in UNHANDLED and alike(each.words, draft.words)]
        if place.level is Level.COMMUNITY:  # its node is the place of everything that has no nearer one
            worked_on = [each for each in worked_on if alike(_spot(each.place), _spot(place_words))]
        others = [each for each in worked_on if each.resident_id != draft.resident_id]
        own = [each for each in worked_on if each not in others and each.reported_at <= now - BURST]
        if not own and not others:
            return None
        (earlier, *_) = own or others
        known = draft.resident_id in self.cases.followers(earlier)
        return SameAs(draft, earlier, known)

    def _save(self, draft: Grievance, photos: Sequence[str], now: datetime, **values: Any) -> Grievance:
        """Gives it its number, with whatever else is known of it already: a report is written once, not twice."""
        number = grievances.add(self.cases.store, grievances.row_of(draft) | values)
        self.cases.log(number, Step.DRAFT, draft.resident_id, now, draft.category, draft.deadline_class)
        return self._with_photos(replace(draft, number=number, **values), draft.resident_id, photos, now)

    def _send_out(
        self, draft: Grievance, place: Node, place_words: str, photos: Sequence[str], now: datetime
    ) -> Reported:
        """One that needs no question goes to the people who must act as soon as it has a number."""
        responsible = self._responsible(draft, place)
        values = self._going_out(draft, place, place_words, responsible, now)
        saved = self._save(draft, photos, now, state=after(draft, Step.REPORT), **values)
        self.cases.log(saved.number, Step.REPORT, draft.resident_id, now, place_words, place.id)
        return self._reported(saved, place, responsible, now)

    def _dispatch(
        self, draft: Grievance, step: Step, actor_id: str | None, place: Node, place_words: str, now: datetime
    ) -> Reported:
        responsible = self._responsible(draft, place)
        values = self._going_out(draft, place, place_words, responsible, now)
        changed = self.cases.step(draft, step, actor_id, now, place_words, subject=place.id, **values)
        return self._reported(changed, place, responsible, now)

    def _going_out(
        self, draft: Grievance, place: Node, place_words: str, responsible: Responsible | None, now: datetime
    ) -> dict[str, Any]:
        """What changes in one that goes out, beside its state."""
        deadlines = self.cases.first_deadlines(draft, now)
        due = replace(draft, respond_by=deadlines.respond_by, resolve_by=deadlines.resolve_by)
        return {
            **_at(place, place_words),
            "level_id": responsible.node.id if responsible else place.id,
            "respond_by": deadlines.respond_by,
            "resolve_by": deadlines.resolve_by,
            "chase_at": self.cases.remind_at(due, now),
            "chases": 0,
        }

    def _reported(self, sent: Grievance, place: Node, responsible: Responsible | None, now: datetime) -> Reported:
        vacant = self.cases.vacant(self._level(sent, place))
        administrators = self.cases.administrators(vacant.id) if vacant else ()
        return Reported(sent, responsible, vacant, administrators, self._end_of_burst(sent, now))

    def _end_of_burst(self, draft: Grievance, now: datetime) -> datetime | None:
        """When the one answer to many reports within a minute is due; None while each gets its own."""
        if draft.deadline_class is DeadlineClass.LIFE:
            return None
        burst = grievances.told_since(self.cases.store, draft.resident_id, now - BURST, MOST_IN_A_BURST)
        return burst[-1] + BURST if len(burst) > self.cases.rules.answered_each else None

    def _responsible(self, draft: Grievance, place: Node) -> Responsible | None:
        return self.cases.responsible_at(self._level(draft, place), place.id, draft.resident_id)

    def _level(self, draft: Grievance, place: Node) -> str:
        """Private matters go to the community's workers; everything else to whoever answers for the place."""
        return draft.community_id if draft.private else place.id

    def _with_photos(self, grievance: Grievance, person_id: str, digests: Sequence[str], now: datetime) -> Grievance:
        since = now - self.cases.rules.photo_window
        loose = grievances.take_loose_photos(self.cases.store, grievance.number, person_id, since)
        if digests:
            grievances.add_photos(self.cases.store, grievance.number, digests, person_id, now)
        more = loose + len(digests)
        if more:
            self.cases.log(grievance.number, Step.PHOTO, person_id, now, subject=str(more))
        return replace(grievance, photos=grievance.photos + more)


def _spot(place: str) -> str:
    """What a place is called beside the whole of the neighbourhood."""
    return _WHOLE.sub("", place)


def _at(place: Node, words: str) -> dict[str, Any]:
    """Where it is: the node, and the resident's own wording of it."""
    return {"place_id": place.id, "place": (words or place.name)[:LONGEST_PLACE]}


def _unsaved(
    resident: Person, group: Group | None, community: Node, told: Told, chase_at: datetime, now: datetime
) -> Grievance:
    """A draft that has no number yet."""
    return Grievance(
        number=0,
        resident_id=resident.id,
        community_id=community.id,
        place_id=None,
        place=told.where.words[:LONGEST_PLACE],
        words=told.words,
        deadline_class=told.deadline_class,
        state=State.DRAFT,
        level_id=None,
        handler_id=None,
        category=told.category,
        private=told.private,
        anonymous=told.anonymous,
        on_behalf=told.on_behalf,
        reported_at=now,
        respond_by=None,
        resolve_by=None,
        contacted_at=None,
        handled_at=None,
        ended_at=None,
        chase_at=chase_at,
        chases=0,
        photos=0,
        group=group.external_id if group else None,
        reopenings=0,
        returns=0,
        households=1,
        urged_on=None,
        urges=0,
        outcome=None,
        satisfaction=None,
        merged_into=None,
        told_at=now if group else None,
    )


__all__ = ["OPEN", "Intake", "Told"]
