"""How an event comes about: by its series or by one line of the staff, as a draft first, then open to everybody."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from community.market.ledger import Ledger
from community.market.outcomes import Drafted, Published, Upcoming
from community.market.steps import EventStage
from community.parts import recurrence
from community.parts.recurrence import Course, Hours, NotARule, OnHoliday
from community.people import Person
from community.refused import Refused
from storage import market, questions, sign_ups
from storage.market import Event, Series, Stall
from storage.tables import EventState

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
USUAL_LENGTH = timedelta(hours=2)
LOOKED_AHEAD = timedelta(days=366)
LONGEST_MOVE = timedelta(days=31)
FURTHEST = timedelta(days=120)

USUAL_PLACES = 30
"""Places of an event that no template knows: a course, a tea party."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a member of staff wants to open. `ends_at` None: as long as usual. `visitors`: for how many, where said."""

    name: str
    begins_at: datetime
    ends_at: datetime | None
    place: str
    visitors: int | None = None


@dataclass(frozen=True, slots=True)
class Opening:
    """Drafts and events that open, within one transaction."""

    ledger: Ledger

    # --- by itself --------------------------------------------------------------------------------------------

    def next_plan(self) -> datetime | None:
        """When drafts must be made next. In the morning: a draft wants to be read."""
        least = market.least_planned(self.ledger.store)
        if least is None:
            return None
        rules = self.ledger.rules
        return datetime.combine(least - rules.event_drafted + DAY, rules.announce_at, rules.zone)

    def plan(self, now: datetime) -> list[Drafted]:
        """Makes a draft of every event that comes near, for its leader to look at."""
        return [draft for each in market.all_series(self.ledger.store) if each.words for draft in self._plan(each, now)]

    def _plan(self, each: Series, now: datetime) -> list[Drafted]:
        today = now.astimezone(self.ledger.rules.zone).date()
        horizon = today + self.ledger.rules.event_drafted
        if each.planned_to is not None and each.planned_to >= horizon:
            return []
        market.change_series(self.ledger.store, each.id, planned_to=horizon)
        course, hours = self._course(each)
        there = {one.planned_on for one in market.of_series(self.ledger.store, each.id, today - LONGEST_MOVE)}
        found = []
        for day in course.days(today, horizon):
            begins_at, ends_at = self._moments(day.day, hours)
            if day.planned not in there and begins_at > now:
                found.append(self._draft(each, each.place, day.planned, begins_at, ends_at, each.stalls, now))
        return found

    def upcoming(self, person: Person, group_node: str | None, now: datetime) -> list[Upcoming]:
        """The next day of each series that recurs, whether or not there is an event of it yet."""
        node = self.ledger.community_meant(person, group_node)
        around = set(self.ledger.nodes_around(node.id))
        today = now.astimezone(self.ledger.rules.zone).date()
        found = []
        for each in market.all_series(self.ledger.store):
            if each.words and each.node_id in around:
                days = self._course(each)[0].days(today + DAY, today + LOOKED_AHEAD)
                found += [Upcoming(each, day.day) for day in days[:1]]
        return sorted(found, key=lambda each: each.day)

    # --- by staff ---------------------------------------------------------------------------------------------

    def names(self) -> tuple[str, ...]:
        """What the templates are called."""
        return tuple(each.name for each in market.all_series(self.ledger.store))

    def propose(self, person: Person, group_node: str | None, proposal: Proposal, now: datetime) -> Drafted:
        """A draft out of one line. Raises `Refused` for those who may not, and for times that cannot be."""
        node = self.ledger.community_meant(person, group_node)
        template = self._template(proposal.name, node.id)
        node_id = template.node_id if template else node.id
        if not self.ledger.tree.works_at(person.id, node_id) and not (template and template.leader_id == person.id):
            raise Refused("market.staff_only")
        begins_at = proposal.begins_at
        ends_at = proposal.ends_at or begins_at + self._length(template)
        place = proposal.place or (template.place if template else "")
        self._check(proposal.name, begins_at, ends_at, place, now)
        stalls = template.stalls if template else _places_for(proposal)
        planned_on = begins_at.astimezone(self.ledger.rules.zone).date()
        there = self._there_already(proposal.name, node_id, begins_at)
        if there is not None:
            return Drafted(self.ledger.board(there.id), (person.id,), None)
        base = template or _without_template(proposal.name, node_id, person.id, planned_on)
        return self._draft(base, place, planned_on, begins_at, ends_at, stalls, now, by=person.id)

    def publish(self, event_id: int, person: Person | None, now: datetime) -> Published:
        """It is open to everybody. No person: nobody objected to the draft. Raises `Refused`."""
        event = self.ledger.locked(event_id)
        if person is not None:
            self.ledger.check_runs(person, event)
        if event.state is not EventState.DRAFT:
            raise Refused(f"market.event_{event.state}", name=event.name, begins_at=event.begins_at)
        if event.begins_at <= now:
            raise Refused("market.has_begun", name=event.name, place=event.place)
        opened = self.ledger.change_event(event, now, state=EventState.OPEN, opened_at=now)
        self._close_questions(opened, now)
        tell = {*self.ledger.runners(opened), *self.ledger.tree.workers_for(opened.node_id)}
        by = person.id if person else None
        return Published(self.ledger.board(event_id), self._standing(opened), tuple(sorted(tell - {by})))

    def drop(self, event_id: int, person: Person, now: datetime) -> Event:
        """A draft that is not wanted. Raises `Refused`."""
        event = self.ledger.locked(event_id)
        self.ledger.check_runs(person, event)
        if event.state is not EventState.DRAFT:
            raise Refused("market.published_already", name=event.name, number=event.number)
        self._close_questions(event, now)
        return self.ledger.change_event(event, now, state=EventState.CANCELLED)

    # --- inside -----------------------------------------------------------------------------------------------

    def _draft(
        self,
        base: Series,
        place: str,
        planned_on: date,
        begins_at: datetime,
        ends_at: datetime,
        stalls: Sequence[Mapping[str, Any]],
        now: datetime,
        *,
        by: str | None = None,
    ) -> Drafted:
        known = market.series(self.ledger.store, base.id) is not None
        made = {one.planned_on for one in market.of_series(self.ledger.store, base.id, planned_on)} if known else set()
        event_id = market.add(
            self.ledger.store,
            series_id=base.id if known and planned_on not in made else None,
            planned_on=planned_on,
            node_id=base.node_id,
            name=base.name,
            place=place,
            begins_at=begins_at,
            ends_at=ends_at,
            bring=base.bring,
            leader_id=base.leader_id,
            state=EventState.DRAFT,
            code=f"{secrets.randbelow(10**4):04d}",
            opened_at=None,
            sequence=0,
            changed_at=now,
            next_at=None,
            stage="",
        )
        for position, stall in enumerate(stalls, start=1):
            market.add_stall(self.ledger.store, event_id=event_id, position=position, **stall)
        event = self.ledger.event(event_id)
        if by is not None:  # whoever proposes it also says whether it opens
            market.change(self.ledger.store, event_id, next_at=begins_at, stage=EventStage.BEGIN)
            return Drafted(self.ledger.board(event_id), (by,), None)
        opens_at = self.ledger.change_event(event, now).next_at
        return Drafted(self.ledger.board(event_id), self.ledger.runners(event), opens_at)

    def _close_questions(self, event: Event, now: datetime) -> None:
        """What its leaders were asked about a draft is decided, whoever decided it."""
        for person_id in {*self.ledger.runners(event), *self.ledger.tree.workers_for(event.node_id)}:
            for each in questions.open_for(self.ledger.store, person_id, now):
                if each.kind == "market.draft" and each.about.get("event") == event.id:
                    questions.close(self.ledger.store, each.id, now)

    def _standing(self, event: Event) -> tuple[tuple[str, Stall], ...]:
        """Who helps each time, and at which stall of this event; who has no such stall any more is asked for none."""
        if event.series_id is None:
            return ()
        stalls = {each.name: each for each in self.ledger.stalls(event.id)}
        standing = sign_ups.standing(self.ledger.store, event.series_id)
        return tuple((person_id, stalls[name]) for person_id, name in sorted(standing.items()) if name in stalls)

    def _template(self, name: str, node_id: str) -> Series | None:
        around = set(self.ledger.nodes_around(node_id))
        fitting = [
            each for each in market.all_series(self.ledger.store) if each.name == name and each.node_id in around
        ]
        return fitting[0] if fitting else None

    def _length(self, template: Series | None) -> timedelta:
        """As long as the template's rule says."""
        if template is None or not template.words:
            return USUAL_LENGTH
        _, hours = self._course(template)
        begins_at, ends_at = self._moments(template.starts_on, hours)
        return ends_at - begins_at

    def _course(self, each: Series) -> tuple[Course, Hours]:
        """Raises `ValueError` for words that are no rule with hours: nobody may write such."""
        rule = recurrence.read(each.words)
        if rule.hours is None:
            raise NotARule(each.words, "no_such_hour")
        return Course(rule, each.starts_on, OnHoliday[each.on_holiday.upper()]), rule.hours

    def _moments(self, day: date, hours: Hours) -> tuple[datetime, datetime]:
        zone = self.ledger.rules.zone
        return datetime.combine(day, hours.begin, zone), datetime.combine(day, hours.end, zone)

    def _check(self, name: str, begins_at: datetime, ends_at: datetime, place: str, now: datetime) -> None:
        if not name:
            raise Refused("market.which_kind", names="\u3001".join(self.names()))
        if not place:
            raise Refused("market.no_place", name=name)
        if begins_at <= now:
            raise Refused("market.in_the_past")
        if begins_at > now + FURTHEST:
            raise Refused("market.too_far", days=FURTHEST.days)
        local = begins_at.astimezone(self.ledger.rules.zone).time()
        if not time(6) <= local < time(21) or not timedelta() < ends_at - begins_at <= recurrence.LONGEST_HOURS:
            raise Refused("market.no_such_hours")

    def _there_already(self, name: str, node_id: str, begins_at: datetime) -> Event | None:
        """The draft of the same, which need not be made again. Raises `Refused` where it is open already."""
        states = (EventState.DRAFT, EventState.OPEN)
        for each in market.between(self.ledger.store, [node_id], begins_at, begins_at + MINUTE, states):
            if each.name == name and each.state is EventState.DRAFT:
                return each
            if each.name == name:
                raise Refused("market.there_already", number=each.number, name=name, begins_at=begins_at)
        return None


def _without_template(name: str, node_id: str, leader_id: str, day: date) -> Series:
    """What an event needs that no template knows: whoever opens it leads it."""
    return Series("", node_id, name, "", "", "keep", (), "", leader_id, day, False, None)


def _places_for(proposal: Proposal) -> Sequence[Mapping[str, Any]]:
    """One stall, called as the event is, for all who want to come."""
    visitors = USUAL_PLACES if proposal.visitors is None else proposal.visitors
    return ({"name": proposal.name, "helpers": 0, "visitors": visitors, "item": False, "skill": ""},)
