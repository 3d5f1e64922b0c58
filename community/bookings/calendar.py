"""Calendars (日历): bookings and spells of duty as phones keep them, each under an address that is the only key to it.

Whoever has a booking gets its file, whoever receives residents their duties, everybody the receptions of a station.
The words are made elsewhere; nobody who booked is named in any of it.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from community.bookings.ledger import Ledger
from community.bookings.outcomes import Place
from community.bookings.steps import State
from community.people import Person
from community.refused import Refused
from storage import bookings, calendar_feeds, people, rota
from storage.bookings import Booking
from storage.calendar_feeds import Activity, Feed
from storage.rota import Reception, Station
from storage.tables import ReceptionState

KEPT = timedelta(days=30)
"""How long what is over, or was closed, stays in a feed."""

TOKEN_BYTES = 24

SHORTEST_TURN = timedelta(minutes=1)
"""Of a turn at a reception with more places than minutes."""

STANDS = frozenset({State.HELD, State.CAME, State.MISSED})
"""The states of a booking that a calendar shows; in every other it is cancelled there."""


class FeedKind(StrEnum):
    """Whose calendar it is: `name` is somebody on duty of whom there is no more than that."""

    STATION = "station"
    PERSON = "person"
    NAME = "name"
    BOOKING = "booking"


@dataclass(frozen=True, slots=True)
class OnDuty:
    """Somebody who receives residents. No `person_id`: known by their name alone."""

    person_id: str | None
    name: str


@dataclass(frozen=True, slots=True)
class Turn:
    """One booking, for its resident. `sequence` and `changed_at` rise with every change."""

    place: Place
    ends_at: datetime
    cancelled: bool
    sequence: int
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Spell:
    """One reception. `elsewhere`: it takes place, but somebody else receives than the one whose calendar it is."""

    reception: Reception
    station: Station
    booked: int
    waiting: int
    elsewhere: bool
    sequence: int
    changed_at: datetime

    @property
    def left(self) -> int:
        """Places that nobody has."""
        return max(0, self.reception.places - self.booked)

    @property
    def closed(self) -> bool:
        return self.reception.state is ReceptionState.CLOSED

    @property
    def over(self) -> bool:
        return self.reception.state is ReceptionState.OVER


@dataclass(frozen=True, slots=True)
class StationCalendar:
    """What everybody may see of a station."""

    station: Station
    spells: tuple[Spell, ...]


@dataclass(frozen=True, slots=True)
class DutyCalendar:
    """What one person who receives has before them."""

    name: str
    spells: tuple[Spell, ...]


Found = Turn | StationCalendar | DutyCalendar


@dataclass(frozen=True, slots=True)
class Calendars:
    """Their addresses, and what is in them."""

    ledger: Ledger

    # --- addresses --------------------------------------------------------------------------------------------

    @property
    def served(self) -> bool:
        """Whether calendars can be had at all."""
        return bool(self.ledger.rules.calendar_address)

    def address(self, token: str) -> str:
        """Where a calendar program finds what a token opens."""
        return f"{self.ledger.rules.calendar_address}/calendar/{token}.ics"

    def link_of_booking(self, booking: Booking, now: datetime) -> str:
        """The token of one's own booking; whoever calls has seen to it that it is. Raises `Refused` without a turn."""
        if booking.state is not State.HELD:
            raise Refused("calendars.no_turn", code=booking.code)
        return self._token(FeedKind.BOOKING, str(booking.id), now)

    def link_of_station(self, station_id: str, now: datetime) -> str:
        """The token of a station's receptions, for everybody."""
        return self._token(FeedKind.STATION, station_id, now)

    def link_of_person(self, wanted: OnDuty, asker: Person, now: datetime) -> str:
        """The token of somebody's duties. Raises `Refused` unless for themselves or for the workers of a station of
        theirs."""
        if wanted not in self.on_duty_for(asker, now):
            raise Refused("calendars.not_yours", name=wanted.name)
        if wanted.person_id is not None:
            return self._token(FeedKind.PERSON, wanted.person_id, now)
        return self._token(FeedKind.NAME, wanted.name, now)

    def stations(self, asker: Person, group_node: str | None) -> list[Station]:
        """Those that a person's wishes are about. Raises `Refused` where it is unclear which community is meant."""
        return self.ledger.stations_for(self.ledger.community_of(asker, group_node).id)

    def on_duty(self, now: datetime) -> tuple[OnDuty, ...]:
        """Everybody who receives residents in these weeks."""
        duties = calendar_feeds.duties(self.ledger.store, *self._window(now))
        return tuple(dict.fromkeys(OnDuty(each.person_id, each.person_name) for each in duties))

    def on_duty_for(self, asker: Person, now: datetime) -> tuple[OnDuty, ...]:
        """Those whose calendar a person may have: oneself, and who receives at the stations that one looks after."""
        duties = calendar_feeds.duties(self.ledger.store, *self._window(now))
        stations = {each.station_id for each in duties}
        looked_after = {
            station_id
            for station_id in stations
            if self.ledger.looks_after(asker, rota.station(self.ledger.store, station_id))
        }
        allowed = (each for each in duties if each.person_id == asker.id or each.station_id in looked_after)
        return tuple(dict.fromkeys(OnDuty(each.person_id, each.person_name) for each in allowed))

    # --- what is in them --------------------------------------------------------------------------------------

    def find(self, token: str, now: datetime) -> Found | None:
        """What a token opens, as it is now; None: nothing."""
        feed = calendar_feeds.find(self.ledger.store, token)
        if feed is None:
            return None
        since, until = self._window(now)
        store, subject = self.ledger.store, feed.subject
        match FeedKind(feed.kind):
            case FeedKind.BOOKING:
                return self._turn(int(subject))
            case FeedKind.STATION:
                receptions = calendar_feeds.at_station(store, subject, since, until)
                return StationCalendar(rota.station(store, subject), self._spells(receptions, None))
            case FeedKind.PERSON:
                receptions = calendar_feeds.of_person(store, subject, since, until)
                person = people.by_id(store, subject)
                name = person.name if person else ""
                return DutyCalendar(name, self._spells(receptions, OnDuty(subject, name)))
            case FeedKind.NAME:
                receptions = calendar_feeds.of_name(store, subject, since, until)
                return DutyCalendar(subject, self._spells(receptions, OnDuty(None, subject)))

    # --- inside -----------------------------------------------------------------------------------------------

    def _token(self, kind: FeedKind, subject: str, now: datetime) -> str:
        feed = Feed(kind, subject)
        known = calendar_feeds.token_of(self.ledger.store, feed)
        return known or calendar_feeds.add(self.ledger.store, secrets.token_urlsafe(TOKEN_BYTES), feed, now)

    def _window(self, now: datetime) -> tuple[datetime, datetime]:
        return now - KEPT, now + self.ledger.rules.book_ahead

    def _turn(self, booking_id: int) -> Turn | None:
        booking = bookings.by_id(self.ledger.store, booking_id)
        if booking is None:
            return None
        place = self.ledger.place(booking)
        reception = place.reception
        length = (reception.ends_at - reception.begins_at) // reception.places
        return Turn(
            place,
            booking.starts_at + max(length, SHORTEST_TURN),
            cancelled=booking.state not in STANDS,
            # Somebody else receives: a change of the reception, not of the booking.
            sequence=booking.sequence + reception.sequence,
            changed_at=max(booking.changed_at, reception.changed_at),
        )

    def _spells(self, receptions: Sequence[Reception], whose: OnDuty | None) -> tuple[Spell, ...]:
        store, ids = self.ledger.store, [each.id for each in receptions]
        taken, waiting = bookings.taken(store, ids), bookings.waiting(store, ids)
        activity = calendar_feeds.activity(store, ids)
        stations = {identity: rota.station(store, identity) for identity in {each.station_id for each in receptions}}
        return tuple(
            _spell(
                each,
                stations[each.station_id],
                len(taken.get(each.id, ())),
                waiting.get(each.id, 0),
                activity.get(each.id, Activity(0, each.changed_at)),
                elsewhere=whose is not None and not _receives(whose, each),
            )
            for each in receptions
        )


def _receives(whose: OnDuty, reception: Reception) -> bool:
    if whose.person_id is not None:
        return reception.person_id == whose.person_id
    return reception.person_name == whose.name


def _spell(
    reception: Reception, station: Station, booked: int, waiting: int, activity: Activity, *, elsewhere: bool
) -> Spell:
    """A reception with what has been done at it: that places are left is a change of what is shown, too."""
    over = reception.state is ReceptionState.OVER
    changed_at = max(reception.changed_at, activity.changed_at)
    return Spell(
        reception,
        station,
        booked,
        waiting,
        elsewhere,
        # That it is over shows as well, and the scheduler's note of it counts nothing.
        sequence=reception.sequence + activity.changes + over,
        changed_at=max(changed_at, reception.ends_at) if over else changed_at,
    )
