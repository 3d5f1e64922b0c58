"""Hours: given by a check-out, corrected by leaders with a reason, never by oneself; and what they add up to.

Minutes are counted as they were: 《志愿服务记录与证明出具办法(试行)》 (民政部令第67号) wants the hours that were really
given, without the way there and back. Everything is one row more; nothing that was written is ever changed.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from community.people import Person
from community.refused import Refused
from community.rules import Rules
from community.tree import Role, Tree
from community.volunteers.stars import Next, next_star, stars_for
from storage import hours, market
from storage.database import Store
from storage.hours import Entry, Named
from storage.market import Event

__all__ = [
    "Account",
    "Change",
    "Corrected",
    "Credited",
    "Entry",
    "Hours",
    "Named",
    "StarReached",
    "by_kind",
    "by_team",
    "by_year",
]

A_DAY = 24 * 60
"""Minutes: nobody gives more in one day."""

LED_SINCE = timedelta(days=60)
"""How long a leader may correct the hours of an event without naming it."""

GAVE_SINCE = timedelta(days=366)
"""Whoever is not in the register is found by name so long after they gave hours."""

FIRST_DAY, LAST_DAY = date(1, 1, 1), date(9999, 12, 31)


@dataclass(frozen=True, slots=True)
class StarReached:
    """Somebody has so many stars now. `tell`: the workers who look after the place."""

    person_id: str
    name: str
    stars: int
    total: int
    tell: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Credited:
    """What a check-out gave. `is_new` is false where it was given before."""

    minutes: int
    total: int
    is_new: bool
    star: StarReached | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What a leader wants: so many minutes more or less, or, `to_be`, so many in all for one event."""

    minutes: int
    to_be: bool = False


@dataclass(frozen=True, slots=True)
class Corrected:
    """Minutes that a leader added or took. `what`: the event, empty where none was meant."""

    person_id: str
    name: str
    minutes: int
    total: int
    what: str
    reason: str
    star: StarReached | None


@dataclass(frozen=True, slots=True)
class Account:
    """What somebody gave. `kinds` and `teams` are names with minutes, the most first, of the days that were asked for;
    what was given without any stands under the empty name."""

    total: int
    in_days: int
    kinds: tuple[tuple[str, int], ...]
    teams: tuple[tuple[str, int], ...]
    stars: int
    next: Next | None


def by_kind(entries: Iterable[Entry]) -> Mapping[str, int]:
    """Minutes by the kind of event."""
    return _summed((entry.kind, entry.minutes) for entry in entries)


def by_team(entries: Iterable[Entry]) -> Mapping[str, int]:
    """Minutes by the id of the team; the empty string: for none."""
    return _summed((entry.team_id or "", entry.minutes) for entry in entries)


def by_year(entries: Iterable[Entry]) -> Mapping[int, int]:
    """Minutes by the year in which they were given."""
    found: Counter[int] = Counter()
    for entry in entries:
        found[entry.on_day.year] += entry.minutes
    return dict(found)


def _summed(pairs: Iterable[tuple[str, int]]) -> Mapping[str, int]:
    found: Counter[str] = Counter()
    for name, minutes in pairs:
        found[name] += minutes
    return {name: minutes for name, minutes in found.most_common() if minutes}


@dataclass(frozen=True, slots=True)
class Hours:
    """Everything that can be done with hours within one transaction."""

    store: Store
    tree: Tree
    rules: Rules

    # --- given ------------------------------------------------------------------------------------------------

    def credit(
        self,
        sign_up_id: int,
        event: Event,
        person_id: str,
        minutes: int,
        day: date,
        kind: str,
        what: str,
        team_id: str | None,
        now: datetime,
    ) -> Credited:
        """What a check-out gives. Given once, however often this is called.

        `kind` is the name of the series, `what` that of the event. Raises `Refused` for less than a minute, or more
        than a day.
        """
        if not 0 < minutes <= A_DAY:
            raise Refused("hours.absurd")
        hours.lock(self.store, person_id)
        total = hours.total(self.store, person_id)
        given = hours.of_sign_up(self.store, sign_up_id)
        if given is not None:
            return Credited(given.minutes, total, is_new=False)
        row = {
            "person_id": person_id,
            "node_id": event.node_id,
            "on_day": day,
            "minutes": minutes,
            "kind": kind[:40],
            "what": what[:120],
            "team_id": team_id,
            "event_id": event.id,
            "sign_up_id": sign_up_id,
            "reason": "",
            "given_by": None,
            "at": now,
        }
        hours.add(self.store, row)
        star = self._star(person_id, total, total + minutes, event.node_id)
        return Credited(minutes, total + minutes, is_new=True, star=star)

    def give(
        self,
        person_id: str,
        node_id: str,
        minutes: int,
        day: date,
        kind: str,
        what: str,
        team_id: str | None,
        now: datetime,
    ) -> Credited:
        """What was done outside of events, as a task. Whoever calls this sees to it that it is once.

        `kind` is the sort of deed, `what` the deed. Raises `Refused` for less than a minute, or more than a day.
        """
        if not 0 < minutes <= A_DAY:
            raise Refused("hours.absurd")
        hours.lock(self.store, person_id)
        total = hours.total(self.store, person_id)
        row = {
            "person_id": person_id,
            "node_id": node_id,
            "on_day": day,
            "minutes": minutes,
            "kind": kind[:40],
            "what": what[:120],
            "team_id": team_id,
            "event_id": None,
            "sign_up_id": None,
            "reason": "",
            "given_by": None,
            "at": now,
        }
        hours.add(self.store, row)
        star = self._star(person_id, total, total + minutes, node_id)
        return Credited(minutes, total + minutes, is_new=True, star=star)

    # --- corrected --------------------------------------------------------------------------------------------

    def meant(self, actor: Person, called: str, event_id: int | None, now: datetime) -> tuple[Named, ...]:
        """Those of this name whose hours the person may correct, each with the event that is meant.

        Raises `Refused` where there is nobody, and where only oneself is meant.
        """
        found = self._at_event(actor, called, event_id) if event_id is not None else self._anywhere(actor, called, now)
        others = tuple(each for each in found if each.person_id != actor.id)
        if not others and (found or called in (actor.name, hours.name_of(self.store, actor.id))):
            raise Refused("hours.not_oneself")
        if not others:
            raise Refused("hours.nobody_called", name=called)
        return others

    def check(self, actor: Person, named: Named, change: Change, now: datetime) -> int:
        """The minutes that such a correction would add or take. Raises `Refused`."""
        event = self._event(named.event_id)
        self._may_correct(actor, named.person_id, event.node_id if event else named.node_id, event)
        if change.to_be and event is None:
            raise Refused("hours.more_or_less")
        day = self._day(event, now)
        entries = hours.of_person(self.store, named.person_id, FIRST_DAY, LAST_DAY)
        there = sum(each.minutes for each in entries if event is not None and each.event_id == event.id)
        minutes = change.minutes - there if change.to_be else change.minutes
        if change.minutes == 0 or abs(change.minutes) > A_DAY:
            raise Refused("hours.absurd")
        if minutes == 0:
            raise Refused("hours.as_it_is")
        that_day = sum(each.minutes for each in entries if each.on_day == day)
        if that_day + minutes > A_DAY:
            raise Refused("hours.absurd")
        if sum(each.minutes for each in entries) + minutes < 0 or (event is not None and there + minutes < 0):
            raise Refused("hours.below_zero")
        return minutes

    def correct(self, actor: Person, named: Named, change: Change, reason: str, now: datetime) -> Corrected:
        """Adds minutes to somebody's account, or takes some, for a reason. Raises `Refused`."""
        if not reason.strip():
            raise Refused("hours.no_reason")
        hours.lock(self.store, named.person_id)
        minutes = self.check(actor, named, change, now)
        event = self._event(named.event_id)
        total = hours.total(self.store, named.person_id)
        node_id = event.node_id if event else named.node_id
        row = {
            "person_id": named.person_id,
            "node_id": node_id,
            "on_day": self._day(event, now),
            "minutes": minutes,
            "kind": self._kind(event)[:40],
            "what": event.name if event else "",
            "team_id": None,
            "event_id": named.event_id,
            "sign_up_id": None,
            "reason": reason.strip()[:200],
            "given_by": actor.id,
            "at": now,
        }
        hours.add(self.store, row)
        return Corrected(
            named.person_id,
            named.name,
            minutes,
            total + minutes,
            event.name if event else "",
            reason.strip()[:200],
            self._star(named.person_id, total, total + minutes, node_id),
        )

    def _anywhere(self, actor: Person, called: str, now: datetime) -> list[Named]:
        """At the events somebody led lately, in their teams, and at the places they work for; each person once."""
        day = now.astimezone(self.rules.zone).date()
        found = hours.named_in_led_events(self.store, called, actor.id, now - LED_SINCE, now)
        found += hours.named_in_led_teams(self.store, called, actor.id)
        nodes = self._nodes_of(actor)
        found += hours.named_at_nodes(self.store, called, nodes, day - GAVE_SINCE)
        found += [
            Named(each.person_id, each.name, each.node_id)
            for each in self.tree.everyone(Role.VOLUNTEER)
            if each.name == called and each.node_id in nodes
        ]
        persons: dict[str, Named] = {}
        for each in found:
            persons.setdefault(each.person_id, each)
        return list(persons.values())

    def _at_event(self, actor: Person, called: str, event_id: int) -> list[Named]:
        event = self._event(event_id)
        if event is None or not self._may_act_for(actor, event):
            raise Refused("hours.no_such_event", event=f"E{event_id:03d}")
        return hours.named_at_event(self.store, called, event_id)

    def _may_act_for(self, actor: Person, event: Event) -> bool:
        return event.leader_id == actor.id or self.tree.works_at(actor.id, event.node_id)

    def _may_correct(self, actor: Person, person_id: str, node_id: str, event: Event | None) -> None:
        if actor.id == person_id:
            raise Refused("hours.not_oneself")
        if event is not None and self._may_act_for(actor, event):
            return
        if not self.tree.works_at(actor.id, node_id) and not hours.leads_team_of(self.store, actor.id, person_id):
            raise Refused("help.not_for_you")

    def _nodes_of(self, actor: Person) -> list[str]:
        """Everywhere the person works."""
        return [node_id for node_id in self.tree.nodes if self.tree.works_at(actor.id, node_id)]

    def _event(self, event_id: int | None) -> Event | None:
        return market.by_id(self.store, event_id) if event_id is not None else None

    def _day(self, event: Event | None, now: datetime) -> date:
        return (event.begins_at if event else now).astimezone(self.rules.zone).date()

    def _kind(self, event: Event | None) -> str:
        if event is None:
            return ""
        series = market.series(self.store, event.series_id) if event.series_id else None
        return series.name if series else event.name

    def _star(self, person_id: str, before: int, after: int, node_id: str) -> StarReached | None:
        stars = stars_for(after, self.rules.star_hours)
        if stars <= stars_for(before, self.rules.star_hours):
            return None
        workers = tuple(each for each in self.tree.workers_for(node_id) if each != person_id)
        return StarReached(person_id, hours.name_of(self.store, person_id), stars, after, workers)

    # --- added up ---------------------------------------------------------------------------------------------

    def of_event(self, event_id: int) -> list[Entry]:
        """Everything that was given at an event."""
        return hours.of_event(self.store, event_id)

    def of_person(self, person_id: str, first: date = FIRST_DAY, last: date = LAST_DAY) -> list[Entry]:
        """What somebody gave on these days."""
        return hours.of_person(self.store, person_id, first, last)

    def total(self, person_id: str) -> int:
        """Minutes that somebody gave in all."""
        return hours.total(self.store, person_id)

    def totals(self, person_ids: Collection[str]) -> Mapping[str, int]:
        """The same for many; whoever has none is not in it."""
        return hours.totals(self.store, person_ids)

    def account(self, person_id: str, first: date, last: date) -> Account:
        """What somebody gave, and of these days by kind and team."""
        entries = self.of_person(person_id, first, last)
        total = self.total(person_id)
        teams = by_team(entries)
        names = hours.team_names(self.store, [each for each in teams if each])
        return Account(
            total=total,
            in_days=sum(entry.minutes for entry in entries),
            kinds=tuple(by_kind(entries).items()),
            teams=tuple((names[each], minutes) for each, minutes in teams.items() if each),
            stars=stars_for(total, self.rules.star_hours),
            next=next_star(total, self.rules.star_hours),
        )

    def looked_after(self, actor: Person, called: str, now: datetime) -> Sequence[Named]:
        """Those of this name whose hours the person may see; empty for whoever looks after nobody of that name."""
        return [each for each in self._anywhere(actor, called, now) if each.person_id != actor.id]
