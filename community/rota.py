"""Stations and the rota (值班): who receives when, by rules and by single dates; and what happens when that changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from community.bookings import Bookings
from community.bookings.booking import MOST_SHOWN
from community.bookings.ledger import Ledger
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
from community.parts.recurrence import NotARule, OnHoliday, Recurrence
from community.people import Person
from community.refused import Refused
from community.tree import STAFF
from storage import bookings, rota
from storage.rota import Reception, Rota, Station
from storage.tables import DutyKind, ReceptionState

__all__ = ["Announced", "Duty", "DutyKind", "Planned", "Reception", "Rotas", "Station", "Swapped"]

PLACES = 6
"""Places of a reception for which none were named."""

DAY = timedelta(days=1)
LONGEST_MOVE = timedelta(days=31)
"""What was planned longer ago has not been moved by holidays to a day that is still to come."""

AT_NIGHT = time(7), time(21)
"""Nobody is received before the first or after the second."""

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
    """What somebody wants to put on the rota: a rule, or dates. `places` 0: the usual number."""

    person_name: str
    kind: DutyKind | None
    words: str
    places: int = 0
    station: str = ""
    bring: str = ""


@dataclass(frozen=True, slots=True)
class Planned:
    """It is on the rota. `first`: its first receptions."""

    station: Station
    kind: DutyKind
    person_name: str
    first: tuple[Reception, ...]


@dataclass(frozen=True, slots=True)
class Announced:
    """Receptions of one day at one station, and how many places are left at each."""

    station: Station
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Swapped:
    """Somebody else receives. `tell`: the residents who booked, each once; `on_duty`: who it is now, and who it was."""

    reception: Reception
    station: Station
    before: str
    tell: tuple[str, ...]
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
        for rota_id in rota.ended(self.ledger.store):
            without = (self._without_rule(each, now) for each in rota.to_come(self.ledger.store, rota_id, now))
            happened += [each for each in without if each is not None]
            rota.note_planned(self.ledger.store, rota_id, None)
        return happened

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
                    rota.change(self.ledger.store, reception.id, state=ReceptionState.OVER)
                case _:
                    pass
        for (station_id, _), receptions in announced.items():
            station = rota.station(self.ledger.store, station_id)
            happened.append(Announced(station, self.ledger.choices(receptions)))
        return happened

    def next_due(self) -> datetime | None:
        """When `run` has something to do next."""
        return rota.next_due(self.ledger.store)

    # --- by staff ---------------------------------------------------------------------------------------------

    def add(self, person: Person, group_node: str | None, duty: Duty, now: datetime) -> Planned:
        """Puts somebody on the rota. Raises `Refused` for what is no rule, at night, or twice at the same time."""
        station = self._station(person, group_node, duty.station)
        rule = self._rule(duty.words)
        known = [each for each in rota.all_rotas(self.ledger.store) if each.person_name == duty.person_name]
        kind = duty.kind or next((each.kind for each in known), None)
        if kind is None:
            raise Refused("rota.what_kind", name=duty.person_name)
        today = now.astimezone(self.ledger.rules.zone).date()
        self._check_overlap(rule, known, today)
        person_id = self._known_as(duty.person_name, known)
        identity = rota.add_rota(
            self.ledger.store,
            station_id=station.id,
            kind=kind,
            person_id=person_id,
            person_name=duty.person_name,
            words=duty.words,
            places=duty.places or PLACES,
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
        return Planned(station, kind, duty.person_name, first)

    def swap(self, person: Person, day: date, old: str, new: str, now: datetime) -> list[Swapped]:
        """Somebody else receives on that day: same hours, same places, and everybody who booked is told."""
        found = [each for each in self._of_day(person, day, now) if _called(old, each)]
        if not found:
            raise Refused("rota.no_reception_then", day=day)
        known = rota.all_rotas(self.ledger.store)
        full = next((each.person_name for each in known if new in each.person_name or _surname(new, each)), new)
        person_id = self._known_as(full, [each for each in known if each.person_name == full])
        return [self._give_to(each, full, person_id, now) for each in found]

    def absent(self, person: Person, day: date, who: str, now: datetime) -> list[ReceptionClosed]:
        """Somebody cannot come on that day, themselves or as a worker says: their receptions do not take place."""
        found = [each for each in self._of_day(person, day, now) if not who or _called(who, each)]
        own = [each for each in found if each.person_id == person.id]
        found = found if who else own
        if not found:
            raise Refused("rota.no_reception_then", day=day)
        return [self._close(each, now) for each in self._still_planned(found)]

    def close(
        self, person: Person, group_node: str | None, day: date, station: str, now: datetime
    ) -> list[ReceptionClosed]:
        """A station is closed for a day. Raises `Refused` where several could be meant."""
        found = self._of_day(person, day, now)
        if station:
            wanted = self._station(person, group_node, station)
            found = [each for each in found if each.station_id == wanted.id]
        if not found:
            raise Refused("rota.no_reception_then", day=day)
        names = dict.fromkeys(rota.station(self.ledger.store, each.station_id).name for each in found)
        if len(names) > 1:
            raise Refused("rota.which_station", names="\u3001".join(names))
        return [self._close(each, now) for each in self._still_planned(found)]

    # --- making receptions ------------------------------------------------------------------------------------

    def _plan(self, each: Rota, now: datetime, *, announce: bool) -> list[Offered]:
        """Makes what is missing up to the horizon; what is there follows the rule's places, and who waits gets them."""
        today = now.astimezone(self.ledger.rules.zone).date()
        horizon = today + self.ledger.rules.book_ahead
        if each.planned_to is not None and each.planned_to >= horizon:
            return []
        rule = self._rule(each.words)
        assert rule.hours is not None
        offered: list[Offered] = []
        made = rota.of_rota_since(self.ledger.store, each.id, today - LONGEST_MOVE)
        there = {one.planned_on: one for one in made}
        wanted = recurrence.days(
            rule, today, horizon, start=each.starts_on, on_holiday=OnHoliday[each.on_holiday.upper()]
        )
        for day in wanted:
            begins_at = datetime.combine(day.day, rule.hours.begin, self.ledger.rules.zone)
            ends_at = datetime.combine(day.day, rule.hours.end, self.ledger.rules.zone)
            if day.planned in there:
                offered += self._follow(there[day.planned], each, now)
            elif begins_at > now and not self._taken_over(each, begins_at, there, now):
                self._add(each, day.planned, begins_at, ends_at, now, announce=announce)
        rota.note_planned(self.ledger.store, each.id, horizon)
        return offered

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
        """A rule's places may have changed: nobody who booked loses theirs by it, and those who wait get new ones."""
        (reception,) = self.ledger.locked(planned.id)
        if reception.state is not ReceptionState.PLANNED or reception.begins_at <= now:
            return ()
        highest = max(bookings.taken(self.ledger.store, [reception.id]).get(reception.id, ()), default=0)
        wanted = {"places": max(each.places, highest), "bring": each.bring}
        if (reception.places, reception.bring) != (wanted["places"], wanted["bring"]):
            rota.change(self.ledger.store, reception.id, **wanted, sequence=reception.sequence + 1, changed_at=now)
        return self.ledger.offer(self.ledger.reception(reception.id), now)

    def _taken_over(self, each: Rota, begins_at: datetime, there: Mapping[date, Reception], now: datetime) -> bool:
        """Whether a reception of a rule that has ended is the same one: it goes on under this rule."""
        found = rota.of_ended_at_the_same_time(self.ledger.store, each.station_id, begins_at, each.person_name)
        same = [reception for reception in found if reception.planned_on not in there][:1]
        for reception in same:
            rota.change(self.ledger.store, reception.id, rota_id=each.id, changed_at=now)
        return bool(same)

    def _without_rule(self, reception: Reception, now: datetime) -> ReceptionClosed | None:
        self.ledger.locked(reception.id)  # lest somebody books it in between
        if rota.delete_unbooked(self.ledger.store, reception.id):
            return None
        return self._close(reception, now)

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

    def _close(self, reception: Reception, now: datetime) -> ReceptionClosed:
        """It does not take place: whoever booked is free, and hears of the next ones. Its lock is held already."""
        rota.change(
            self.ledger.store,
            reception.id,
            state=ReceptionState.CLOSED,
            sequence=reception.sequence + 1,
            changed_at=now,
            next_at=None,
            stage=Stage.NOTHING,
        )
        station = rota.station(self.ledger.store, reception.station_id)
        closed = replace(reception, state=ReceptionState.CLOSED)
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

    def _give_to(self, reception: Reception, name: str, person_id: str | None, now: datetime) -> Swapped:
        rota.change(
            self.ledger.store,
            reception.id,
            person_name=name,
            person_id=person_id,
            sequence=reception.sequence + 1,
            changed_at=now,
        )
        changed = replace(reception, person_name=name, person_id=person_id)
        station = rota.station(self.ledger.store, reception.station_id)
        booked = bookings.of_reception(self.ledger.store, reception.id)
        tell = tuple(dict.fromkeys(each.resident_id for each in booked if each.state in KEEPS_PLACE))
        on_duty = tuple(each for each in (person_id, reception.person_id) if each)
        return Swapped(changed, station, reception.person_name, tell, on_duty)

    # --- finding ----------------------------------------------------------------------------------------------

    def upcoming(
        self, person: Person, group_node: str | None, kinds: Sequence[DutyKind], days: int, now: datetime
    ) -> tuple[Choice, ...]:
        """The receptions of the next days, with what is left of each."""
        stations = self.ledger.stations_for(self.ledger.community_of(person, group_node).id)
        planned = rota.between(self.ledger.store, [each.id for each in stations], now, now + timedelta(days=days))
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

    def _of_day(self, person: Person, day: date, now: datetime) -> list[Reception]:
        """Receptions of a day that this person may change: their own, and those of stations they look after."""
        begin = datetime.combine(day, time(), self.ledger.rules.zone)
        stations = rota.all_stations(self.ledger.store)
        looked_after = {each.id for each in stations if self.ledger.looks_after(person, each)}
        planned = rota.between(
            self.ledger.store, [each.id for each in stations], max(begin, now), begin + timedelta(days=1)
        )
        found = [each for each in planned if each.station_id in looked_after or each.person_id == person.id]
        if not looked_after and not any(each.person_id == person.id for each in rota.all_rotas(self.ledger.store)):
            raise Refused("rota.staff_only")
        return found

    def _station(self, person: Person, group_node: str | None, wanted: str) -> Station:
        """The station that is meant, of those that this person looks after."""
        stations = [each for each in rota.all_stations(self.ledger.store) if self.ledger.looks_after(person, each)]
        if not stations:
            raise Refused("rota.staff_only")
        named = [each for each in stations if wanted and (wanted in each.name or wanted == each.id)]
        if wanted and not named:
            raise Refused("rota.no_such_station", wanted=wanted)
        home = self.ledger.community_of(person, group_node).id
        near = named or [each for each in stations if each.node_id == home] or stations
        return near[0]

    def _rule(self, words: str) -> Recurrence:
        try:
            rule = recurrence.read(words)
        except NotARule as wrong:
            raise Refused(f"rota.rule_{wrong.reason}", words=words) from None
        if rule.hours is None:
            raise Refused("rota.rule_without_hours", words=words)
        if rule.hours.begin < AT_NIGHT[0] or rule.hours.end > AT_NIGHT[1]:
            raise Refused("rota.rule_at_night", words=words)
        return rule

    def _check_overlap(self, rule: Recurrence, known: Sequence[Rota], today: date) -> None:
        for each in known:
            days = recurrence.overlaps(
                rule, recurrence.read(each.words), today, today + timedelta(days=366), start=today
            )
            if days:
                raise Refused("rota.overlaps", name=each.person_name, day=days[0], words=each.words)

    def _known_as(self, name: str, known: Sequence[Rota]) -> str | None:
        """The id of somebody on duty: from the rota, else from the tree where the name is one person's alone."""
        on_rota = next((each.person_id for each in known if each.person_id), None)
        named = {holder.person_id for holder in self.ledger.tree.roles if holder.name == name}
        return on_rota or (named.pop() if len(named) == 1 else None)

    def _day(self, reception: Reception) -> date:
        return reception.begins_at.astimezone(self.ledger.rules.zone).date()


def _called(wanted: str, reception: Reception) -> bool:
    return wanted in reception.person_name or (len(wanted) == 1 and reception.person_name.startswith(wanted))


def _surname(wanted: str, each: Rota) -> bool:
    return len(wanted) == 1 and each.person_name.startswith(wanted)
