"""Stations and the rota (值班): who receives when, by rules and by single dates; and what happens when that changes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from community.bookings import Bookings
from community.bookings.booking import MOST_SHOWN
from community.bookings.ledger import Ledger, place_time
from community.bookings.outcomes import (
    Affected,
    Choice,
    DutyList,
    Offered,
    ReceptionClosed,
    WaitedInVain,
)
from community.bookings.steps import KEEPS_PLACE, OPEN, State, Step
from community.parts import recurrence
from community.parts.places import kept_places
from community.parts.recurrence import Course, Hours, NotARule, OnHoliday, Recurrence
from community.people import Person
from community.refused import Refused
from community.tree import STAFF
from storage import bookings, rota
from storage.rota import Reception, Rota, Station
from storage.tables import DutyKind, ReceptionState

__all__ = ["Announced", "Duty", "DutyKind", "Ended", "Planned", "Reception", "Rotas", "Station", "Swapped"]

PLACES = 6
"""Places of a reception for which none were named."""

MOST_PLACES = 100

DAY = timedelta(days=1)
LONGEST_MOVE = timedelta(days=31)
"""What was planned longer ago has not been moved by holidays to a day that is still to come."""

LOOKED_AHEAD = timedelta(days=366)
"""How far ahead the first day of a new rule may be, and nobody may be on duty twice at the same time."""

WITHOUT_YEAR = timedelta(days=300)
"""A date without a year whose next one is farther off has just passed: it is not next year's that is meant."""

FIRST_SHOWN = 3
"""Receptions that are said of a new rule."""

AT_ONCE = datetime(2000, 1, 1, tzinfo=UTC)
"""Earlier than any clock of ours stands."""

SOON = timedelta(hours=2)
"""A reception that begins sooner is not announced any more."""


class Stage(StrEnum):
    """What the scheduler does next about a reception."""

    ANNOUNCE = "announce"
    LIST_EVENING = "list_evening"
    LIST_MORNING = "list_morning"
    BEGIN = "begin"
    END = "end"
    NOTHING = ""


@dataclass(frozen=True, slots=True)
class Duty:
    """What somebody wants to put on the rota: a rule, or dates. `places` None: the usual number."""

    person_name: str
    kind: DutyKind | None
    words: str
    places: int | None = None
    station: str = ""
    bring: str = ""


@dataclass(frozen=True, slots=True)
class Planned:
    """It is on the rota. `first`: its first receptions; `skips`: some months lack its day.

    `begins` is its first day, and `opens` the day from which that can be booked: none where it can be already.
    """

    station: Station
    kind: DutyKind
    person_name: str
    places: int
    first: tuple[Reception, ...]
    skips: bool
    begins: date
    opens: date | None


@dataclass(frozen=True, slots=True)
class Announced:
    """Receptions of one day at one station, and how many places are left at each."""

    station: Station
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Swapped:
    """Somebody else receives. `tell`: the residents who booked, and in which group; `on_duty`: who it is now, and who
    it was."""

    reception: Reception
    station: Station
    before: str
    tell: Mapping[str, str | None]
    on_duty: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ended:
    """Rules of one person are no longer in force. `closed`: what somebody had booked of it.

    `from_file`: the community file still has one of them, and would bring it back. `on_duty`: who it was.
    """

    rules: tuple[Rota, ...]
    closed: tuple[ReceptionClosed, ...]
    from_file: bool
    on_duty: tuple[str, ...]


Happened = Announced | DutyList | WaitedInVain | ReceptionClosed


@dataclass(frozen=True, slots=True)
class Rotas:
    """Everything that can be done with the rota within one transaction."""

    ledger: Ledger
    bookings: Bookings

    # --- by itself --------------------------------------------------------------------------------------------

    def next_plan(self) -> datetime | None:
        """When receptions must be made of the rules next: as soon as one reaches less far than it should."""
        least = rota.least_planned(self.ledger.store)
        if rota.ended(self.ledger.store):
            return AT_ONCE
        if least is None:
            return None
        day = least - self.ledger.rules.book_ahead + DAY
        return datetime.combine(day, time(), self.ledger.rules.zone)

    def plan(self, now: datetime) -> list[ReceptionClosed | Offered]:
        """Makes the receptions of every rule as far ahead as one can book, and takes back those whose rule is gone.

        Those that somebody has booked go on where a new rule has the same person at the same time; else they close.
        """
        happened: list[ReceptionClosed | Offered] = []
        for rule in rota.all_rotas(self.ledger.store):
            happened += self._plan(rule, now, announce=False)
        return happened + self._take_back(rota.ended(self.ledger.store), now)

    def run(self, now: datetime) -> list[Happened]:
        """Announcements, lists and beginnings that are due by now.

        Of several who do this at once one waits for the other, and finds it done.
        """
        due = [each.id for each in rota.due(self.ledger.store, now)]
        happened: list[Happened] = []
        announced: dict[tuple[str, date], list[Reception]] = {}
        for reception in self.ledger.locked(*due):
            if reception.next_at is None or reception.next_at > now:
                continue
            stage = self._move_on(reception, now)
            match stage:
                case Stage.ANNOUNCE:
                    announced.setdefault((reception.station_id, self._day(reception)), []).append(reception)
                case Stage.LIST_EVENING | Stage.LIST_MORNING:
                    listed = self.bookings.day.duty_list(reception)
                    if listed.visitors or (stage is Stage.LIST_EVENING and reception.person_id):
                        happened.append(listed)
                case Stage.BEGIN:
                    happened += self._waited_in_vain(reception, now)
                case Stage.END:
                    happened += self._waited_in_vain(reception, now)  # where nothing ran when it began
                    rota.change(self.ledger.store, reception.id, state=ReceptionState.OVER)
                case _:
                    pass
        for (station_id, _), receptions in announced.items():
            station = rota.station(self.ledger.store, station_id)
            in_order = sorted(receptions, key=lambda each: (each.begins_at, each.id))
            happened.append(Announced(station, self.ledger.choices(in_order)))
        return happened

    def next_due(self) -> datetime | None:
        """When `run` has something to do next."""
        return rota.next_due(self.ledger.store)

    # --- by staff ---------------------------------------------------------------------------------------------

    def add(self, person: Person, group_node: str | None, duty: Duty, now: datetime) -> Planned:
        """Puts somebody on the rota. Raises `Refused` for what is no rule, at night, or twice at the same time, and
        where nothing comes of it."""
        name = self._name_of(duty.person_name)
        known = [each for each in rota.all_rotas(self.ledger.store) if each.person_name == name]
        station = self._station_of(person, group_node, duty, known)
        rule, hours = self._rule(duty.words)
        kind = duty.kind or next((each.kind for each in known), None)
        if kind is None:
            raise Refused("rota.what_kind", name=name)
        places = PLACES if duty.places is None else duty.places
        if not 1 <= places <= MOST_PLACES:
            raise Refused("rota.bad_places", most=MOST_PLACES)
        today = now.astimezone(self.ledger.rules.zone).date()
        begins = self._first_day(rule, hours, now)
        self._check_overlap(rule, known, today)
        person_id = self._known_as(name, known)
        identity = rota.add_rota(
            self.ledger.store,
            station_id=station.id,
            kind=kind,
            person_id=person_id,
            person_name=name,
            words=duty.words,
            places=places,
            on_holiday=OnHoliday.MOVE.name.lower(),
            bring=duty.bring,
            starts_on=today,
            from_file=False,
            planned_to=None,
            ended_at=None,
        )
        made = next(each for each in rota.all_rotas(self.ledger.store) if each.id == identity)
        self._plan(made, now, announce=True)
        first = tuple(rota.to_come(self.ledger.store, identity, now)[:FIRST_SHOWN])
        opens = begins - self.ledger.rules.book_ahead
        return Planned(station, kind, name, places, first, rule.skips, begins, opens if opens > today else None)

    def swap(
        self, person: Person, day: date, old: str, new: str, now: datetime, kind: DutyKind | None = None
    ) -> list[Swapped]:
        """Somebody else receives on that day: same hours, same places, and everybody who booked is told.

        `kind`: what the other one was called. Raises `Refused` where either could be several people, and where the
        other one receives at that time already.
        """
        found = [each for each in self._of_days(person, day, day, now) if _called(old, each)]
        _check_one_person(found)
        if not found:
            raise Refused("rota.no_reception_then", day=day)
        full = self._name_of(new)
        theirs = [each for each in rota.all_rotas(self.ledger.store) if each.person_name == full]
        person_id = self._known_as(full, theirs)
        for each in found:
            self._check_receives_nowhere(full, each)
        kinds = [kind] if kind is not None else [each.kind for each in theirs]
        return [self._give_to(each, full, person_id, kinds, now) for each in self._still_planned(found)]

    def absent(
        self, person: Person, day: date, who: str, now: datetime, last: date | None = None
    ) -> list[ReceptionClosed]:
        """Somebody cannot come on that day, or up to a `last` one, themselves or as a worker says: their receptions
        do not take place. Raises `Refused` where several people could be meant."""
        found = self._of_days(person, day, last or day, now)
        if who:
            found = [each for each in found if _called(who, each)]
            _check_one_person(found)
        else:
            found = [each for each in found if each.person_id == person.id]
        if not found:
            raise _nothing_then(day, last or day)
        return self._close_all(self._still_planned(found), now)

    def close(
        self,
        person: Person,
        group_node: str | None,
        day: date,
        station: str,
        now: datetime,
        last: date | None = None,
    ) -> list[ReceptionClosed]:
        """A station is closed for a day, or up to a `last` one. Raises `Refused` where several could be meant."""
        found = self._of_days(person, day, last or day, now)
        if station:
            wanted = self._station(person, group_node, station)
            found = [each for each in found if each.station_id == wanted.id]
        if not found:
            raise _nothing_then(day, last or day)
        names = dict.fromkeys(rota.station(self.ledger.store, each.station_id).name for each in found)
        if len(names) > 1:
            raise Refused("rota.which_station", names="\u3001".join(names), first=next(iter(names)))
        return self._close_all(self._still_planned(found), now)

    def end(self, person: Person, who: str, words: str, now: datetime, *, all_: bool = False) -> Ended:
        """Rules of somebody are no longer in force: the one of these `words`, the only one, or with `all_` each.

        What nobody booked is gone; the others do not take place. Raises `Refused` where it is not clear which.
        """
        stations = {each.id for each in self._looked_after(person)}
        rules = [each for each in rota.all_rotas(self.ledger.store) if each.station_id in stations]
        rules = [each for each in rules if _called(who, each)]
        _check_one_person(rules)
        if not rules:
            raise Refused("rota.no_rule_of", name=self._name_of(who))
        named = [each for each in rules if words and _same_rule(words, each.words)]
        ending = rules if all_ or (len(rules) == 1 and not words) else named
        if not ending:
            known = "\u3001".join(each.words for each in rules)
            raise Refused("rota.which_rule", name=rules[0].person_name, rules=known, first=rules[0].words)
        for each in ending:
            rota.end(self.ledger.store, each.id, now)
        closed = self._take_back([each.id for each in ending], now)
        on_duty = dict.fromkeys(each.person_id for each in ending if each.person_id)
        return Ended(tuple(ending), tuple(closed), any(each.from_file for each in ending), tuple(on_duty))

    # --- making receptions ------------------------------------------------------------------------------------

    def _plan(self, each: Rota, now: datetime, *, announce: bool) -> list[ReceptionClosed | Offered]:
        """Makes what is missing up to the horizon; what is there follows the rule, and who waits gets new places.

        What the rule does not name any more does not take place.
        """
        today = now.astimezone(self.ledger.rules.zone).date()
        horizon = today + self.ledger.rules.book_ahead
        if each.planned_to is not None and each.planned_to >= horizon:
            return []
        rota.note_planned(self.ledger.store, each.id, horizon)
        try:
            rule, hours = self._rule(each.words)
        except Refused:  # it was accepted once: the others must not suffer
            return []
        course = _course(each, rule)
        if course.is_over(today) and not each.from_file:  # else the file would bring it back each time
            rota.end(self.ledger.store, each.id, now)
            return []
        wanted = {day.planned: self._moments(day.day, hours) for day in course.days(today, horizon)}
        made = rota.of_rota_since(self.ledger.store, each.id, today - LONGEST_MOVE)
        lost = [one for one in made if self._is_lost(one, wanted, horizon, now)]
        shut = self._shut(self._without_unbooked(lost), now, rota_id=None)  # its day may be needed again
        there = {one.planned_on: one for one in made if one not in lost}
        others = self._other_rules(each)
        offered: list[Offered] = []
        for planned_on, (begins_at, ends_at) in wanted.items():
            if planned_on in there:
                offered += self._follow(there[planned_on], each, now)
            elif begins_at > now and not (
                self._taken_over(each, planned_on, begins_at, now) or self._receives(others, begins_at, ends_at)
            ):
                self._add(each, planned_on, begins_at, ends_at, now, announce=announce)
        return [*(self._told(one, now) for one in shut), *offered]

    def _moments(self, day: date, hours: Hours) -> tuple[datetime, datetime]:
        zone = self.ledger.rules.zone
        return datetime.combine(day, hours.begin, zone), datetime.combine(day, hours.end, zone)

    def _is_lost(
        self, reception: Reception, wanted: Mapping[date, tuple[datetime, datetime]], horizon: date, now: datetime
    ) -> bool:
        """Whether a rule does not name a reception any more that was made of it: it starts later, or treats holidays
        otherwise."""
        if reception.state is not ReceptionState.PLANNED or reception.begins_at <= now:
            return False
        begins_at, _ = wanted.get(reception.planned_on, (None, None))
        return begins_at != reception.begins_at and self._day(reception) <= horizon

    def _add(
        self, each: Rota, planned_on: date, begins_at: datetime, ends_at: datetime, now: datetime, *, announce: bool
    ) -> None:
        next_at, stage = self._next_stage(begins_at, ends_at, now)
        if announce and stage is not Stage.ANNOUNCE and begins_at - now > SOON:
            next_at, stage = now, Stage.ANNOUNCE
        rota.add(
            self.ledger.store,
            station_id=each.station_id,
            rota_id=each.id,
            planned_on=planned_on,
            kind=each.kind,
            person_id=each.person_id,
            person_name=each.person_name,
            begins_at=begins_at,
            ends_at=ends_at,
            places=each.places,
            bring=each.bring,
            state=ReceptionState.PLANNED,
            sequence=0,
            changed_at=now,
            next_at=next_at,
            stage=stage,
        )

    def _follow(self, planned: Reception, each: Rota, now: datetime) -> tuple[Offered, ...]:
        """What is said of a rule may have changed: nobody who booked loses by it, and those who wait get new places."""
        (reception,) = self.ledger.locked(planned.id)
        if reception.state is not ReceptionState.PLANNED or reception.begins_at <= now:
            return ()
        wanted = replace(reception, bring=each.bring)
        if not _is_swapped(reception, each):
            wanted = replace(wanted, person_id=each.person_id, person_name=each.person_name)
        wanted = self._with_places(wanted, each.places)
        if wanted != reception:
            rota.change(
                self.ledger.store,
                reception.id,
                bring=wanted.bring,
                person_id=wanted.person_id,
                person_name=wanted.person_name,
                places=wanted.places,
                sequence=reception.sequence + 1,
                changed_at=now,
            )
        return self.ledger.offer(self.ledger.reception(reception.id), now)

    def _with_places(self, reception: Reception, places: int) -> Reception:
        """Another number of places, at least so many as are taken. Who has one keeps their time, and nobody else gets
        it: their place is now the one of that time."""
        kept = [each for each in bookings.of_reception(self.ledger.store, reception.id) if each.place is not None]
        changed = replace(reception, places=max(places, len(kept)))
        if changed.places == reception.places:
            return reception
        times = [place_time(changed, place) for place in range(1, changed.places + 1)]
        by_time = sorted(kept, key=lambda each: (each.starts_at, each.place))
        found = kept_places([sum(time <= each.starts_at for time in times) for each in by_time], changed.places)
        moves = [(each, place) for each, place in zip(by_time, found, strict=True) if each.place != place]
        later = [(each, place) for each, place in moves if each.place is not None and place > each.place]
        sooner = [(each, place) for each, place in moves if each.place is not None and place < each.place]
        for each, place in (*reversed(later), *sooner):  # so that nobody stands in another's way
            bookings.change(self.ledger.store, each.id, place=place)
        return changed

    def _taken_over(self, each: Rota, planned_on: date, begins_at: datetime, now: datetime) -> bool:
        """Whether a reception of a rule that has ended is the same one: it goes on under this rule."""
        same = rota.of_ended_at_the_same_time(self.ledger.store, each.station_id, begins_at, each.person_name)[:1]
        for reception in same:
            rota.change(self.ledger.store, reception.id, rota_id=each.id, planned_on=planned_on, changed_at=now)
        return bool(same)

    def _other_rules(self, each: Rota) -> frozenset[int]:
        """The other rules in force of the same person."""
        known = rota.all_rotas(self.ledger.store)
        return frozenset(one.id for one in known if one.person_name == each.person_name and one.id != each.id)

    def _receives(self, rules: frozenset[int], begins_at: datetime, ends_at: datetime) -> bool:
        """Whether somebody receives then by one of these rules: holidays may move two of them to one day."""
        if not rules:
            return False
        stations = [station.id for station in rota.all_stations(self.ledger.store)]
        near = rota.between(self.ledger.store, stations, begins_at - DAY, ends_at)
        return any(one.rota_id in rules and begins_at < one.ends_at for one in near)

    def _take_back(self, rota_ids: Sequence[int], now: datetime) -> list[ReceptionClosed]:
        """What was still to come of rules that have ended does not take place."""
        to_come = [each for rota_id in rota_ids for each in rota.to_come(self.ledger.store, rota_id, now)]
        closed = self._close_all(self._without_unbooked(to_come), now)
        for rota_id in rota_ids:
            rota.note_planned(self.ledger.store, rota_id, None)
        return closed

    def _without_unbooked(self, receptions: Sequence[Reception]) -> list[Reception]:
        """Locked, lest somebody books one in between; those that nobody ever booked are as if they had never been."""
        locked = self._still_planned(receptions)
        return [each for each in locked if not rota.delete_unbooked(self.ledger.store, each.id)]

    # --- the stages of a reception ----------------------------------------------------------------------------

    def _move_on(self, reception: Reception, now: datetime) -> Stage:
        """What is to be done now; the next stage is noted. What has lost its use while the program was away is
        passed over."""
        next_at, stage = self._next_stage(reception.begins_at, reception.ends_at, now)
        rota.change(self.ledger.store, reception.id, next_at=next_at, stage=stage)
        due = Stage(reception.stage)
        if reception.state is not ReceptionState.PLANNED:
            return Stage.NOTHING
        if due in (Stage.ANNOUNCE, Stage.LIST_EVENING, Stage.LIST_MORNING) and reception.begins_at <= now:
            return Stage.END if reception.ends_at <= now else Stage.BEGIN
        if due is Stage.BEGIN and reception.ends_at <= now:
            return Stage.END
        return due

    def _next_stage(self, begins_at: datetime, ends_at: datetime, now: datetime) -> tuple[datetime | None, Stage]:
        rules, local = self.ledger.rules, begins_at.astimezone(self.ledger.rules.zone)
        planned = (
            (datetime.combine((local - rules.announce_before).date(), rules.announce_at, rules.zone), Stage.ANNOUNCE),
            (
                datetime.combine((local - DAY).date(), rules.duty_list_evening, rules.zone),
                Stage.LIST_EVENING,
            ),
            (datetime.combine(local.date(), rules.duty_list_morning, rules.zone), Stage.LIST_MORNING),
            (begins_at, Stage.BEGIN),
            (ends_at, Stage.END),
        )
        return next(((moment, stage) for moment, stage in planned if moment > now), (None, Stage.NOTHING))

    def _waited_in_vain(self, reception: Reception, now: datetime) -> list[WaitedInVain]:
        found = []
        for booking in bookings.of_reception(self.ledger.store, reception.id):
            if booking.state in (State.WAITING, State.OFFERED):
                lapsed = self.ledger.step(booking, Step.LAPSE, None, now)
                found.append(WaitedInVain(self.ledger.place(lapsed), self._instead(reception, now)))
        return found

    # --- changes ----------------------------------------------------------------------------------------------

    def _still_planned(self, receptions: Sequence[Reception]) -> list[Reception]:
        """Locked, as they are now: somebody may have closed one in between."""
        locked = self.ledger.locked(*(each.id for each in receptions))
        return [each for each in locked if each.state is ReceptionState.PLANNED]

    def _close_all(self, receptions: Sequence[Reception], now: datetime) -> list[ReceptionClosed]:
        """They do not take place. All of them first: none is to be offered instead of another."""
        return [self._told(each, now) for each in self._shut(receptions, now)]

    def _shut(self, receptions: Iterable[Reception], now: datetime, **values: None) -> list[Reception]:
        """They do not take place. Their locks are held already."""
        shut = []
        for each in receptions:
            changed: dict[str, object] = {"state": ReceptionState.CLOSED, "next_at": None, "stage": Stage.NOTHING}
            rota.change(self.ledger.store, each.id, sequence=each.sequence + 1, changed_at=now, **changed, **values)
            shut.append(replace(each, state=ReceptionState.CLOSED))
        return shut

    def _told(self, closed: Reception, now: datetime) -> ReceptionClosed:
        """Whoever booked it is free, and hears of the next ones."""
        reception = closed
        station = rota.station(self.ledger.store, reception.station_id)
        affected = []
        for booking in bookings.of_reception(self.ledger.store, reception.id):
            if booking.state in OPEN:
                lost = self.ledger.step(booking, Step.CLOSE, None, now)
                affected.append(Affected(self.ledger.place(lost), self._instead(reception, now)))
        return ReceptionClosed(closed, station, tuple(affected))

    def _instead(self, reception: Reception, now: datetime) -> tuple[Choice, ...]:
        """The next receptions of the same kind with places left."""
        station = rota.station(self.ledger.store, reception.station_id)
        stations = [each.id for each in self.ledger.stations_for(station.node_id)]
        horizon = now + self.ledger.rules.book_ahead
        planned = rota.between(self.ledger.store, stations, max(now, reception.begins_at), horizon)
        alike = [each for each in planned if each.kind == reception.kind and each.id != reception.id]
        choices = self.ledger.choices(alike[: 2 * MOST_SHOWN])
        return tuple(each for each in choices if each.left)[: MOST_SHOWN - 1]

    def _give_to(
        self, reception: Reception, name: str, person_id: str | None, kinds: Sequence[DutyKind], now: datetime
    ) -> Swapped:
        """`kinds`: what the other one receives as; somebody new on the rota counts as the one before."""
        kind = reception.kind if reception.kind in kinds or not kinds else kinds[0]
        rota.change(
            self.ledger.store,
            reception.id,
            kind=kind,
            person_name=name,
            person_id=person_id,
            sequence=reception.sequence + 1,
            changed_at=now,
        )
        changed = replace(reception, kind=kind, person_name=name, person_id=person_id)
        station = rota.station(self.ledger.store, reception.station_id)
        booked = bookings.of_reception(self.ledger.store, reception.id)
        tell = {each.resident_id: each.group for each in booked if each.state in KEEPS_PLACE}
        on_duty = tuple(each for each in (person_id, reception.person_id) if each)
        return Swapped(changed, station, reception.person_name, tell, on_duty)

    # --- finding ----------------------------------------------------------------------------------------------

    def upcoming(
        self, person: Person, group_node: str | None, kinds: Sequence[DutyKind], since: datetime, until: datetime
    ) -> tuple[Choice, ...]:
        """The receptions between two moments, with what is left of each."""
        stations = self.ledger.stations_for(self.ledger.community_of(person, group_node).id)
        planned = rota.between(self.ledger.store, [each.id for each in stations], since, until)
        return self.ledger.choices([each for each in planned if not kinds or each.kind in kinds])

    def names(self) -> tuple[str, ...]:
        """Everybody who is on duty anywhere."""
        return tuple(dict.fromkeys(each.person_name for each in rota.all_rotas(self.ledger.store)))

    def names_known(self) -> tuple[str, ...]:
        """The same, and everybody else who could be: whoever holds a role beside living here."""
        staff = (holder.name for holder in self.ledger.tree.roles if holder.role in STAFF)
        return tuple(dict.fromkeys((*self.names(), *staff)))

    def all_stations(self) -> list[Station]:
        """Every station."""
        return rota.all_stations(self.ledger.store)

    def _of_days(self, person: Person, day: date, last: date, now: datetime) -> list[Reception]:
        """Receptions of these days that this person may change: their own, and those of stations they look after."""
        begin, end = (datetime.combine(each, time(), self.ledger.rules.zone) for each in (day, last + DAY))
        stations = rota.all_stations(self.ledger.store)
        looked_after = {each.id for each in stations if self.ledger.looks_after(person, each)}
        planned = rota.between(self.ledger.store, [each.id for each in stations], max(begin, now), end)
        found = [each for each in planned if each.station_id in looked_after or each.person_id == person.id]
        if not looked_after and not any(each.person_id == person.id for each in rota.all_rotas(self.ledger.store)):
            raise Refused("rota.staff_only")
        return found

    def _station(self, person: Person, group_node: str | None, wanted: str) -> Station:
        """The station that was named, of those that this person looks after; of several that of their community."""
        named = [each for each in self._looked_after(person) if wanted in each.name or wanted == each.id]
        if not named:
            raise Refused("rota.no_such_station", wanted=wanted)
        home = self.ledger.community_of(person, group_node).id
        return next((each for each in named if each.node_id == home), named[0])

    def _station_of(self, person: Person, group_node: str | None, duty: Duty, known: Sequence[Rota]) -> Station:
        """The station that was named; else where they receive already, else the only one of the community."""
        if duty.station:
            return self._station(person, group_node, duty.station)
        looked_after = self._looked_after(person)
        home = self.ledger.community_of(person, group_node).id
        usual = [each for each in looked_after if each.id in {one.station_id for one in known}]
        near = usual or [each for each in looked_after if each.node_id == home] or looked_after
        if len(near) > 1:
            names = "\u3001".join(each.name for each in near)
            raise Refused("rota.add_where", names=names, first=near[0].name)
        return near[0]

    def _looked_after(self, person: Person) -> list[Station]:
        """The stations that a person looks after. Raises `Refused` where there is none."""
        stations = [each for each in rota.all_stations(self.ledger.store) if self.ledger.looks_after(person, each)]
        if not stations:
            raise Refused("rota.staff_only")
        return stations

    def _rule(self, words: str) -> tuple[Recurrence, Hours]:
        try:
            rule = recurrence.read(words)
        except NotARule as wrong:
            raise Refused(f"rota.rule_{wrong.reason}", words=words) from None
        if rule.hours is None:
            raise Refused("rota.rule_without_hours", words=words)
        if rule.hours.at_night:
            raise Refused("rota.rule_at_night", words=words)
        return rule, rule.hours

    def _first_day(self, rule: Recurrence, hours: Hours, now: datetime) -> date:
        """The first day that is still to come. Raises `Refused` where there is none, or none within a year."""
        today = now.astimezone(self.ledger.rules.zone).date()
        course = Course(rule, today)
        days = (each.day for each in course.days(today, today + LOOKED_AHEAD))
        first = next((each for each in days if self._moments(each, hours)[0] > now), None)
        passed = first is not None and rule.needs_start and first - today > WITHOUT_YEAR
        if passed or (first is None and course.is_over(today + DAY)):
            raise Refused("rota.rule_is_past", words=rule.words)
        if first is None:
            raise Refused("rota.rule_too_far", words=rule.words)
        return first

    def _check_overlap(self, rule: Recurrence, known: Sequence[Rota], today: date) -> None:
        """By the days that are named: what holidays move to one day is sorted out when it is planned."""
        wanted = Course(rule, today, OnHoliday.KEEP)
        for each in known:
            course = _course(each, recurrence.read(each.words))
            if course.on_holiday is OnHoliday.MOVE:
                course = replace(course, on_holiday=OnHoliday.KEEP)
            if days := recurrence.overlaps(wanted, course, today, today + LOOKED_AHEAD):
                raise Refused("rota.overlaps", name=each.person_name, day=days[0], words=each.words)

    def _check_receives_nowhere(self, name: str, reception: Reception) -> None:
        """Raises `Refused` where somebody receives elsewhere at the time of a reception."""
        stations = [each.id for each in rota.all_stations(self.ledger.store)]
        near = rota.between(self.ledger.store, stations, reception.begins_at - DAY, reception.ends_at)
        for each in near:
            if each.id != reception.id and each.person_name == name and each.ends_at > reception.begins_at:
                raise Refused("rota.receives_then", name=name, begins_at=each.begins_at)

    def _name_of(self, wanted: str) -> str:
        """The full name of the one whom a name or a surname means. Raises `Refused` where a surname is nobody's, and
        where several people could be meant."""
        known = self.names_known()
        if wanted in known:
            return wanted
        on_rota = [each for each in self.names() if _fits(wanted, each)]
        fitting = on_rota or [each for each in known if _fits(wanted, each)]
        if len(fitting) > 1:
            raise Refused("rota.several_called", names="\u3001".join(fitting))
        if not fitting and len(wanted) == 1:
            raise Refused("rota.nobody_called", name=wanted)
        return fitting[0] if fitting else wanted

    def _known_as(self, name: str, known: Sequence[Rota]) -> str | None:
        """The id of somebody on duty: from the rota, else from the tree where the name is one person's alone."""
        on_rota = next((each.person_id for each in known if each.person_id), None)
        named = {holder.person_id for holder in self.ledger.tree.roles if holder.name == name}
        return on_rota or (named.pop() if len(named) == 1 else None)

    def _day(self, reception: Reception) -> date:
        return reception.begins_at.astimezone(self.ledger.rules.zone).date()


def _nothing_then(day: date, last: date) -> Refused:
    if day == last:
        return Refused("rota.no_reception_then", day=day)
    return Refused("rota.no_reception_between", day=day, last=last)


def _course(each: Rota, rule: Recurrence) -> Course:
    return Course(rule, each.starts_on, OnHoliday[each.on_holiday.upper()])


def _is_swapped(reception: Reception, each: Rota) -> bool:
    """Whether somebody else receives than the rule says; a corrected name is the same person's."""
    same_person = each.person_id is not None and reception.person_id == each.person_id
    return reception.person_name != each.person_name and not same_person


def _called(wanted: str, each: Reception | Rota) -> bool:
    return _fits(wanted, each.person_name)


def _fits(wanted: str, name: str) -> bool:
    """A surname alone is no part of a given name."""
    return name.startswith(wanted) if len(wanted) == 1 else wanted in name


def _check_one_person(found: Iterable[Reception | Rota]) -> None:
    """Raises `Refused` where they are of several people."""
    names = dict.fromkeys(each.person_name for each in found)
    if len(names) > 1:
        raise Refused("rota.several_called", names="\u3001".join(names))


def _same_rule(words: str, rule: str) -> bool:
    """Whether words, which may lack the hours, name a rule."""
    if "".join(words.split()) in "".join(rule.split()):
        return True
    try:
        said, known = recurrence.read(words), recurrence.read(rule)
    except NotARule:
        return False
    return said.rules == known.rules and said.hours in (None, known.hours)
