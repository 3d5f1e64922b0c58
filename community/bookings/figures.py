"""What came of the receptions of a period: for each station and whoever is on duty there.

A report is about the receptions that began in its period, as they stand now, and about the bookings of these. So its
figures are of the same bookings, and add up: see `storage/booking_figures.py`.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from community.bookings.ledger import Ledger
from community.parts.figures import Period, Rate
from community.people import Person
from community.refused import Refused
from storage import booking_figures
from storage.booking_figures import Counted
from storage.rota import Station


@dataclass(frozen=True, slots=True)
class Counts(booking_figures.Counts):
    """One cell of a report: the sums of what was counted, and the rates of them."""

    @classmethod
    def of(cls, counted: Sequence[Counted]) -> "Counts":
        """The sums."""
        return cls(*(sum(getattr(each.counts, field.name) for each in counted) for field in fields(cls)))

    @property
    def attendance(self) -> Rate:
        """Who came, of those who were expected until the end: also of those of whom nobody said whether they came."""
        return Rate(self.came, self.came + self.missed + self.unmarked)

    @property
    def help(self) -> Rate:
        """Whom it helped, of those who answered."""
        return Rate(self.helped, self.answered)


@dataclass(frozen=True, slots=True)
class PersonFigures:
    """The counts of everybody of one name on duty at a station."""

    name: str
    counts: Counts


@dataclass(frozen=True, slots=True)
class StationFigures:
    """The counts of one station. `own`: only the part of the person who asks, who does not work for the station."""

    station: Station
    total: Counts
    by_person: tuple[PersonFigures, ...]
    own: bool


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures within one transaction."""

    ledger: Ledger

    def looked_after(self, person: Person) -> list[Station]:
        """The stations of which a person reads everything, also those that were given up."""
        known = booking_figures.stations_ever(self.ledger.store)
        return [each for each in known if self.ledger.looks_after(person, each)]

    def report(
        self, person: Person, period: Period, now: datetime, only: Collection[str] = ()
    ) -> tuple[StationFigures, ...]:
        """Each station with receptions in the period: whole for its workers, for others what they did there.

        `only`: the ids of the stations that are wanted. Raises `Refused` for whoever is neither a worker nor on duty.
        """
        stations = {each.id: each for each in booking_figures.stations_ever(self.ledger.store)}
        whole = [each.id for each in stations.values() if self.ledger.looks_after(person, each)]
        if not whole and not booking_figures.ever_on_duty(self.ledger.store, person.id):
            raise Refused("rota.staff_only")
        days = period.begin(self.ledger.rules.zone), period.end(self.ledger.rules.zone)
        counted = booking_figures.at_stations(self.ledger.store, whole, *days, now) if whole else []
        of_own = booking_figures.of_person(self.ledger.store, person.id, *days, now)
        elsewhere = [each for each in of_own if each.station_id not in whole]
        found = [*_by_station(counted, stations, own=False), *_by_station(elsewhere, stations, own=True)]
        return tuple(each for each in found if not only or each.station.id in only)


def _by_station(counted: Iterable[Counted], stations: dict[str, Station], *, own: bool) -> Iterable[StationFigures]:
    """The rows of each station, which come together, the most bookings first; and their sum."""
    for station_id, rows in groupby(counted, attrgetter("station_id")):
        of_station = list(rows)
        by_person = (PersonFigures(each.person_name, Counts.of([each])) for each in of_station)
        in_order = sorted(by_person, key=lambda each: (-each.counts.booked, each.name))
        yield StationFigures(stations[station_id], Counts.of(of_station), tuple(in_order), own)
