"""What becomes of an event once it is announced: another day, another place, other stalls, or it does not take place.

Whoever that concerns is told once: everybody once however many sign-ups they have, and not whoever did it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from community.market.ledger import Ledger
from community.market.opening import FURTHEST, Opening
from community.market.outcomes import Board, Head, Offered
from community.market.steps import OPEN, EventStage, Step
from community.parts import recurrence
from community.parts.places import offered_until
from community.parts.recurrence import Course, Hours, NotARule, OnHoliday, Recurrence
from community.people import Person
from community.refused import Refused
from community.volunteers.register import Register
from community.volunteers.skills import canonical
from storage import market, questions, sign_ups
from storage.market import Event, Series, Stall
from storage.sign_ups import SignUp
from storage.tables import EventState, SignUpPart, SignUpState

DAY = timedelta(days=1)
SINCE = timedelta(days=60)
"""A postponed event is found by its name so long after the day on which it should have been."""

NEAR = timedelta(days=21)
"""A day of a new rule that is farther from that of the old one is another occurrence."""

LOOKED_AHEAD = timedelta(days=366)
WITHOUT_YEAR = timedelta(days=300)
"""A date without a year whose next one is farther off has just passed: it is not next year's that is meant."""

MOST_STALLS = 12
MOST_HELPERS = 500
MOST_VISITORS = 2000
LONGEST_STALL = 12
CAN_CHANGE = (EventState.DRAFT, EventState.OPEN, EventState.POSTPONED)


@dataclass(frozen=True, slots=True)
class Concerned:
    """Somebody who is to hear of a change, with what they have signed up for, companions left out. Never empty."""

    person_id: str
    heads: tuple[Head, ...]


@dataclass(frozen=True, slots=True)
class Changed:
    """An event is otherwise. `standing`: who helps each time and has signed up for nothing, with their stall.

    `nameless`: so many stand in a chain only, and nobody can tell them. `tell`: who else looks after it.
    """

    event: Event
    before: Event
    concerned: tuple[Concerned, ...] = ()
    standing: tuple[tuple[str, Stall], ...] = ()
    nameless: int = 0
    tell: tuple[str, ...] = ()
    offers: tuple[Offered, ...] = ()


@dataclass(frozen=True, slots=True)
class Extent:
    """How many a cancellation would concern."""

    event: Event
    helpers: int
    visitors: int


@dataclass(frozen=True, slots=True)
class StallChanged:
    """A stall is otherwise. `kept`: so many have a place there, more than there are now; they keep it."""

    event: Event
    stall: Stall
    kept: int = 0
    offers: tuple[Offered, ...] = ()


@dataclass(frozen=True, slots=True)
class StallGone:
    """A stall is taken back. `board`: what else there is for those who were there."""

    board: Board
    stall: Stall
    concerned: tuple[Concerned, ...]


@dataclass(frozen=True, slots=True)
class SeriesChanged:
    """A series is otherwise. `changed`: events to come that are too; `kept`: those that stay as they were.

    `dropped`: drafts that nobody saw, whose day the rule does not name any more.
    """

    series: Series
    changed: tuple[Changed, ...] = ()
    kept: tuple[Event, ...] = ()
    dropped: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class Changing:
    """Everything that leaders and workers change of events, within one transaction."""

    ledger: Ledger
    opening: Opening
    register: Register

    # --- which ------------------------------------------------------------------------------------------------------

    def run_by(self, person: Person, group_node: str | None, now: datetime) -> list[Event]:
        """The events to come that somebody may act for, the next first; also such as wait for a new date."""
        node = self.ledger.community_meant(person, group_node)
        found = self.ledger.events_for(node.id, now)
        found += self.ledger.events_for(node.id, now - SINCE, (EventState.POSTPONED,))
        return [each for each in found if self.ledger.runs(person, each)]

    def is_worker(self, person: Person, group_node: str | None) -> bool:
        """Whether somebody works for the community that is meant."""
        node = self.ledger.community_meant(person, group_node)
        return self.ledger.tree.works_at(person.id, node.id)

    def mine(self, event_id: int, person: Person) -> Event:
        """An event that somebody may change. Raises `Refused`."""
        event = self.ledger.event(event_id)
        self.ledger.check_runs(person, event)
        if event.state not in CAN_CHANGE:
            raise Refused(f"market.event_{event.state}", name=event.name, begins_at=event.begins_at)
        return event

    # --- another day, or none ---------------------------------------------------------------------------------------

    def move(
        self, event_id: int, person: Person, begins_at: datetime, ends_at: datetime | None, now: datetime
    ) -> Changed:
        """Another time; without an end it is as long as it was. Those who signed up keep their places.

        Raises `Refused` for times that cannot be, and once it has begun.
        """
        event = self._to_change(event_id, person, now)
        ends_at = ends_at or begins_at + (event.ends_at - event.begins_at)
        self._check_time(event, begins_at, ends_at, now)
        return self._moved(event, person, begins_at, ends_at, now)

    def postpone(self, event_id: int, person: Person, now: datetime) -> Changed:
        """It does not take place then, and nobody knows yet when it does. Raises `Refused`."""
        event = self._to_change(event_id, person, now)
        if event.state is EventState.DRAFT:
            raise Refused("market_changing.draft_needs_date", name=event.name, number=event.number)
        if event.state is EventState.POSTPONED:
            raise Refused("market_changing.postponed_already", name=event.name, number=event.number)
        changed = self.ledger.change_event(event, now, state=EventState.POSTPONED)
        for each in self._open(event):
            self.ledger.close_questions(each, now)
            self.ledger.step(each, Step.MOVE, person.id, now, offered_until=None, coming=None)
        return self._told(event, changed, person, now)

    def extent(self, event_id: int, person: Person, now: datetime) -> Extent:
        """Whom it would concern if an event were cancelled. Raises `Refused` where it cannot be any more."""
        event = self._to_change(event_id, person, now)
        found = self._open(event)
        helpers = sum(each.part is SignUpPart.HELPER for each in found)
        return Extent(event, helpers, len(found) - helpers)

    def cancel(self, event_id: int, person: Person, now: datetime) -> Changed:
        """It does not take place, and everybody's sign-up is closed. Raises `Refused`."""
        event = self._to_change(event_id, person, now)
        told = self._told(event, event, person, now)
        changed = self.ledger.change_event(event, now, state=EventState.CANCELLED)
        for each in self._open(event):
            self.ledger.step(each, Step.CLOSE, person.id, now)
        return replace(told, event=changed)

    # --- what is said of it -----------------------------------------------------------------------------------------

    def set_place(self, event_id: int, person: Person, place: str, now: datetime) -> Changed:
        """It is elsewhere. Raises `Refused`."""
        event = self._to_change(event_id, person, now)
        if event.place == place:
            raise Refused("market_changing.same_place", name=event.name, place=place)
        return self._told(event, self._write(event, now, place=place), person, now)

    def set_bring(self, event_id: int, person: Person, things: str, now: datetime) -> Changed:
        """What to bring; the reminders say it."""
        event = self._to_change(event_id, person, now)
        return Changed(self._write(event, now, bring=things), event)

    def set_leader(self, event_id: int, person: Person, name: str, now: datetime) -> Changed:
        """Somebody else leads it. Raises `Refused` where no one person of the community has that name."""
        event = self._to_change(event_id, person, now)
        leader_id = self._called(event, name)
        if leader_id == event.leader_id:
            raise Refused("market_changing.same_leader", leader=name, name=event.name)
        changed = self._write(event, now, leader_id=leader_id)
        tell = {each for each in (leader_id, event.leader_id) if each} - {person.id}
        return Changed(changed, event, tell=tuple(sorted(tell)))

    # --- stalls -----------------------------------------------------------------------------------------------------

    def add_stall(
        self, event_id: int, person: Person, name: str, helpers: int, visitors: int, now: datetime
    ) -> StallChanged:
        """One more stall; one that was taken back is there again. Raises `Refused`."""
        event = self._to_change(event_id, person, now)
        stalls = self.ledger.stalls(event.id)
        in_use = [each for each in stalls if each.helpers or each.visitors]
        known = next((each for each in stalls if each.name == name), None)
        if known in in_use:
            raise Refused("market_changing.stall_there", stall=name, number=event.number)
        _check_stall(name, helpers, visitors)
        if len(in_use) >= MOST_STALLS:
            raise Refused("market_changing.too_many_stalls", most=MOST_STALLS)
        if known is not None:
            market.change_stall(self.ledger.store, known.id, helpers=helpers, visitors=visitors)
        else:
            values = {"helpers": helpers, "visitors": visitors, "item": False, "skill": canonical(name)}
            position = max((each.position for each in stalls), default=0) + 1
            market.add_stall(self.ledger.store, event_id=event.id, position=position, name=name, **values)
        return StallChanged(event, self._stall(event, name))

    def change_stall(
        self, event_id: int, person: Person, name: str, helpers: int | None, visitors: int | None, now: datetime
    ) -> StallChanged:
        """More places, which those who wait are offered, or less: nobody is sent away. None: as before.

        Raises `Refused`.
        """
        event = self._to_change(event_id, person, now)
        stall = self._stall(event, name)
        helpers = stall.helpers if helpers is None else helpers
        visitors = stall.visitors if visitors is None else visitors
        _check_stall(name, helpers, visitors)
        market.change_stall(self.ledger.store, stall.id, helpers=helpers, visitors=visitors)
        taken = sign_ups.taken(self.ledger.store, [event.id])
        here = len(taken.get((stall.id, SignUpPart.HELPER), ()))
        numbers = len(taken.get((stall.id, SignUpPart.VISITOR), ()))
        kept = here if here > helpers else numbers if numbers > visitors else 0
        return StallChanged(event, self._stall(event, name), kept, self.ledger.offer(event, now))

    def remove_stall(self, event_id: int, person: Person, name: str, now: datetime) -> StallGone:
        """A stall is taken back; whoever signed up there is free. Raises `Refused`, also for the last one."""
        event = self._to_change(event_id, person, now)
        stall = self._stall(event, name)
        others = [each for each in self.ledger.stalls(event.id) if each.id != stall.id]
        if not any(each.helpers or each.visitors for each in others):
            raise Refused("market_changing.last_stall", stall=name, number=event.number)
        there = [each for each in self._open(event) if each.stall_id == stall.id]
        concerned = self._by_person(there, person)
        for each in there:
            self.ledger.step(each, Step.CLOSE, person.id, now)
        if any(each.stall_id == stall.id for each in sign_ups.ever_of_events(self.ledger.store, [event.id])):
            market.change_stall(self.ledger.store, stall.id, helpers=0, visitors=0)  # its sign-ups still name it
        else:
            market.remove_stall(self.ledger.store, stall.id)
        return StallGone(self.ledger.board(event.id), stall, concerned)

    # --- a whole series ---------------------------------------------------------------------------------------------

    def series_called(self, person: Person, words: str) -> Series:
        """The series or template that words begin with, and that somebody may change. Raises `Refused`."""
        every = market.all_series(self.ledger.store)
        named = [each for each in every if each.name in words]
        if not named:
            names = "\u3001".join(each.name for each in every)
            raise Refused("market_changing.no_such_series" if names else "market_changing.no_series", names=names)
        longest = max(len(each.name) for each in named)
        may = [each for each in named if len(each.name) == longest and self._may_change(person, each)]
        if not may:
            raise Refused("market.staff_only")
        return may[0]

    def series_place(self, series: Series, person: Person, place: str, now: datetime) -> SeriesChanged:
        """Elsewhere from now on; also the events to come that are where the series was."""
        market.change_series(self.ledger.store, series.id, place=place)
        changed, kept = [], []
        for event in self._to_come(series, now):
            if event.place == series.place:
                changed.append(self._told(event, self._write(event, now, place=place), person, now))
            elif event.place != place:
                kept.append(event)
        return SeriesChanged(replace(series, place=place), tuple(changed), tuple(kept))

    def series_bring(self, series: Series, things: str, now: datetime) -> SeriesChanged:
        """What to bring from now on."""
        market.change_series(self.ledger.store, series.id, bring=things)
        changed = [
            Changed(self._write(event, now, bring=things), event)
            for event in self._to_come(series, now)
            if event.bring == series.bring
        ]
        return SeriesChanged(replace(series, bring=things), tuple(changed))

    def series_leader(self, series: Series, person: Person, name: str, now: datetime) -> SeriesChanged:
        """Somebody else leads it from now on. Raises `Refused`."""
        leader_id = self._person_called(series.node_id, name)
        market.change_series(self.ledger.store, series.id, leader_id=leader_id)
        changed = [
            Changed(self._write(event, now, leader_id=leader_id), event)
            for event in self._to_come(series, now)
            if event.leader_id == series.leader_id
        ]
        tell = tuple(sorted({each for each in (leader_id, series.leader_id) if each} - {person.id}))
        if changed:
            changed[0] = replace(changed[0], tell=tell)
        return SeriesChanged(replace(series, leader_id=leader_id), tuple(changed))

    def series_time(self, series: Series, person: Person, words: str, now: datetime) -> SeriesChanged:
        """Another rule from now on. What was made of the old one moves to the nearest day of the new one.

        What was moved by hand stays on its day and stands for that occurrence. Raises `Refused` for what is no rule.
        """
        rule, hours = _rule(words)
        today = now.astimezone(self.ledger.rules.zone).date()
        start = today if rule.needs_start else min(series.starts_on, today)
        course = Course(rule, start, OnHoliday[series.on_holiday.upper()])
        if not course.days(today + DAY, today + LOOKED_AHEAD):
            raise Refused("market_changing.rule_without_days", words=words)
        to_come = self._to_come(series, now)
        by_hand = {each.id for each in to_come if not self._is_as_planned(each, series)}
        pairs = self._paired(series, to_come, course, now)
        self._plan_anew(series, to_come, pairs)
        values = {"words": words, "starts_on": start, "planned_to": None}
        market.change_series(self.ledger.store, series.id, **values)
        changed: list[Changed] = []
        kept: list[Event] = []
        dropped: list[Event] = []
        for event in to_come:
            day = pairs.get(event.id)
            if day is None and event.state is EventState.DRAFT:
                dropped.append(self.ledger.change_event(event, now, state=EventState.CANCELLED))
            elif day is None or event.id in by_hand:
                kept.append(event)
            elif (moments := self._moments(day.day, hours)) != (event.begins_at, event.ends_at):
                changed.append(self._moved(event, person, *moments, now))
        return SeriesChanged(replace(series, words=words, starts_on=start), tuple(changed), tuple(kept), tuple(dropped))

    def end_series(self, series: Series, now: datetime) -> SeriesChanged:
        """It makes no events any more. Drafts are gone; what is open takes place."""
        market.change_series(self.ledger.store, series.id, ended_at=now)
        to_come = self._to_come(series, now)
        dropped = [
            self.ledger.change_event(each, now, state=EventState.CANCELLED)
            for each in to_come
            if each.state is EventState.DRAFT
        ]
        kept = tuple(each for each in to_come if each.state is not EventState.DRAFT)
        return SeriesChanged(series, kept=kept, dropped=tuple(dropped))

    # --- inside: who hears of it ------------------------------------------------------------------------------------

    def _told(self, before: Event, event: Event, person: Person, now: datetime) -> Changed:
        """Whom a change concerns. A draft concerns nobody."""
        if before.state is EventState.DRAFT:
            return Changed(event, before)
        rows = self._open(event)
        concerned = self._by_person(rows, person)
        heard = {each.person_id for each in concerned} | {person.id}
        standing = tuple((each, stall) for each, stall in self._standing(event) if each not in heard)
        for each, _ in standing:
            self._close_standing(event, each, now)
        heard |= {each for each, _ in standing}
        runners = {*self.ledger.runners(event), *self.ledger.tree.workers_for(event.node_id)}
        nameless = sum(each.person_id is None for each in rows)
        return Changed(event, before, concerned, standing, nameless, tuple(sorted(runners - heard)))

    def _by_person(self, rows: Sequence[SignUp], but_not: Person) -> tuple[Concerned, ...]:
        found: dict[str, list[Head]] = {}
        for each in rows:
            if each.person_id is not None and each.person_id != but_not.id and not each.companion:
                found.setdefault(each.person_id, []).append(self.ledger.head(each))
        return tuple(Concerned(person_id, tuple(heads)) for person_id, heads in found.items())

    def _open(self, event: Event) -> list[SignUp]:
        return [each for each in sign_ups.of_event(self.ledger.store, event.id) if each.state in OPEN]

    def _standing(self, event: Event) -> list[tuple[str, Stall]]:
        """Who helps each time at a stall that this event has."""
        if event.series_id is None:
            return []
        stalls = {each.name: each for each in self.ledger.stalls(event.id) if each.helpers}
        standing = sign_ups.standing(self.ledger.store, event.series_id)
        return [(person_id, stalls[name]) for person_id, name in sorted(standing.items()) if name in stalls]

    def _close_standing(self, event: Event, person_id: str, now: datetime) -> None:
        """What they were asked of the event as it was needs no answer any more."""
        for each in questions.open_for(self.ledger.store, person_id, now):
            if each.kind == "market.standing" and each.about.get("event") == event.id:
                questions.close(self.ledger.store, each.id, now)

    # --- inside: events ---------------------------------------------------------------------------------------------

    def _to_change(self, event_id: int, person: Person, now: datetime) -> Event:
        """Locked. Raises `Refused` for those who may not, and for what has begun."""
        self.ledger.locked(event_id)
        event = self.mine(event_id, person)
        if event.begins_at <= now and event.state is EventState.OPEN:
            raise Refused("market_changing.has_begun", name=event.name)
        return event

    def _write(self, event: Event, now: datetime, **values: Any) -> Event:
        changed = self.ledger.change_event(event, now, **values)
        if changed.state is EventState.DRAFT and event.stage == EventStage.BEGIN:  # it opens with a yes only
            market.change(self.ledger.store, event.id, next_at=changed.begins_at, stage=EventStage.BEGIN)
            return replace(changed, next_at=changed.begins_at, stage=EventStage.BEGIN)
        return changed

    def _moved(self, event: Event, person: Person, begins_at: datetime, ends_at: datetime, now: datetime) -> Changed:
        times = {"begins_at": begins_at, "ends_at": ends_at}
        if event.state is EventState.DRAFT:
            return Changed(self._write(event, now, **times), event)
        changed = self._write(event, now, **times, state=EventState.OPEN, opened_at=now)
        for each in self._open(changed):
            until = offered_until(now, begins_at, self.ledger.rules) if each.state is SignUpState.OFFERED else None
            self.ledger.close_questions(each, now)
            self.ledger.step(each, Step.MOVE, person.id, now, offered_until=until, coming=None)
        told = self._told(event, changed, person, now)
        return replace(told, offers=self.ledger.offer(changed, now))

    def _check_time(self, event: Event, begins_at: datetime, ends_at: datetime, now: datetime) -> None:
        same = (begins_at, ends_at) == (event.begins_at, event.ends_at)
        if same and event.state is not EventState.POSTPONED:
            raise Refused("market_changing.same_time", name=event.name, begins_at=begins_at)
        if begins_at <= now:
            raise Refused("market.in_the_past")
        if begins_at > now + WITHOUT_YEAR:
            raise Refused("market.in_the_past")
        if begins_at > now + FURTHEST:
            raise Refused("market_changing.too_far", days=FURTHEST.days)
        begins, ends = (each.astimezone(self.ledger.rules.zone) for each in (begins_at, ends_at))
        hours = Hours(begins.time(), ends.time())
        if begins.date() != ends.date() or hours.at_night or ends - begins > recurrence.LONGEST_HOURS:
            raise Refused("market.no_such_hours")
        near = market.between(self.ledger.store, [event.node_id], begins_at, begins_at + DAY, CAN_CHANGE)
        if any(each.id != event.id and each.name == event.name and each.begins_at == begins_at for each in near):
            number = next(each.number for each in near if each.begins_at == begins_at and each.id != event.id)
            raise Refused("market.there_already", number=number, name=event.name, begins_at=begins_at)

    def _stall(self, event: Event, name: str) -> Stall:
        stalls = [each for each in self.ledger.stalls(event.id) if each.helpers or each.visitors]
        found = next((each for each in stalls if each.name == name), None)
        if found is None:
            names = "\u3001".join(each.name for each in stalls)
            raise Refused("market_changing.no_such_stall", stall=name, number=event.number, names=names)
        return found

    def _called(self, event: Event, name: str) -> str:
        return self._person_called(event.node_id, name)

    def _person_called(self, node_id: str, name: str) -> str:
        """The one person of a community who has this name. Raises `Refused`."""
        community = self.ledger.tree.community_of(node_id)
        home = community.id if community else node_id
        found = {each.person_id for each in self.register.called(home, name)}
        found |= {
            each.person_id
            for each in self.ledger.tree.roles
            if each.name == name and self.ledger.tree.lies_in(each.node_id, home)
        }
        if len(found) != 1:
            raise Refused("market_changing.several_called" if found else "market_changing.nobody_called", leader=name)
        return found.pop()

    # --- inside: series ---------------------------------------------------------------------------------------------

    def _may_change(self, person: Person, series: Series) -> bool:
        return person.id == series.leader_id or self.ledger.tree.works_at(person.id, series.node_id)

    def _to_come(self, series: Series, now: datetime) -> list[Event]:
        """What was made of a series and has not begun, or waits for a new date. Locked."""
        made = market.of_series(self.ledger.store, series.id, now.date() - SINCE)
        found = [self.ledger.locked(each.id) for each in made if each.state in CAN_CHANGE]
        return [each for each in found if each.begins_at > now or each.state is EventState.POSTPONED]

    def _is_as_planned(self, event: Event, series: Series) -> bool:
        """Whether it is at the time that the rule gave it."""
        if event.state is EventState.POSTPONED or not series.words:
            return False
        rule, hours = _rule(series.words)
        course = Course(rule, series.starts_on, OnHoliday[series.on_holiday.upper()])
        days = course.days(event.planned_on, event.planned_on + NEAR)
        planned = (self._moments(each.day, hours) for each in days if each.planned == event.planned_on)
        return (event.begins_at, event.ends_at) in planned

    def _paired(
        self, series: Series, to_come: Sequence[Event], course: Course, now: datetime
    ) -> Mapping[int, recurrence.Day]:
        """Which day of a new rule each event has: its own where that is named still, else the next that is near."""
        today = now.astimezone(self.ledger.rules.zone).date()
        ids = {each.id for each in to_come}
        made = market.of_series(self.ledger.store, series.id, today - SINCE)
        used = {each.planned_on for each in made if each.id not in ids}
        last = max((each.planned_on for each in to_come), default=today) + NEAR
        free = {day.planned: day for day in course.days(today + DAY, last) if day.planned not in used}
        found = {each.id: free.pop(each.planned_on) for each in to_come if each.planned_on in free}
        for event in to_come:
            near = [each for each in free if event.id not in found and abs(each - event.planned_on) <= NEAR]
            if near:
                found[event.id] = free.pop(_nearest(near, event.planned_on))
        return found

    def _plan_anew(self, series: Series, to_come: Sequence[Event], pairs: Mapping[int, recurrence.Day]) -> None:
        """Notes for which day of the rule each event stands. All leave the old ones first: each day has but one."""
        again = [each for each in to_come if each.id in pairs and pairs[each.id].planned != each.planned_on]
        for event in again:
            market.change(self.ledger.store, event.id, series_id=None)
        for event in again:
            planned = pairs[event.id].planned
            market.change(self.ledger.store, event.id, series_id=series.id, planned_on=planned)

    def _moments(self, day: date, hours: Hours) -> tuple[datetime, datetime]:
        zone = self.ledger.rules.zone
        return datetime.combine(day, hours.begin, zone), datetime.combine(day, hours.end, zone)


def _nearest(days: Iterable[date], wanted: date) -> date:
    return min(days, key=lambda day: abs(day - wanted))


def _rule(words: str) -> tuple[Recurrence, Hours]:
    """Raises `Refused` for what is no rule with hours."""
    try:
        rule = recurrence.read(words)
    except NotARule:
        raise Refused("market_changing.no_rule", words=words) from None
    if rule.hours is None or rule.hours.at_night:
        raise Refused("market_changing.no_rule", words=words)
    return rule, rule.hours


def _check_stall(name: str, helpers: int, visitors: int) -> None:
    """Raises `Refused`."""
    if not name or len(name) > LONGEST_STALL:
        raise Refused("market_changing.no_stall_name", most=LONGEST_STALL)
    if not 0 <= helpers <= MOST_HELPERS or not 0 <= visitors <= MOST_VISITORS or not helpers + visitors:
        raise Refused("market_changing.bad_places", helpers=MOST_HELPERS, visitors=MOST_VISITORS)
