"""What came of something: small facts for the conversation to word."""

from dataclasses import dataclass
from datetime import datetime

from storage.bookings import Booking
from storage.rota import Reception, Station
from storage.tables import DutyKind


@dataclass(frozen=True, slots=True)
class Wish:
    """What a resident asks for. Of no `kinds` any will do; `name` is whom they want, as they said it.

    `since` and `until` bound the days or hours that were named, None where none were; `hour` is the one they named.
    """

    kinds: tuple[DutyKind, ...] = ()
    name: str = ""
    since: datetime | None = None
    until: datetime | None = None
    hour: datetime | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """A reception that one could have. `starts_at` is the place nearest to the wish; with `left` 0 its beginning."""

    reception: Reception
    station: Station
    left: int
    waiting: int
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """The receptions nearest to a wish, in their order of time. `exact`: they are what was asked for.

    `several_called`: people on duty whom the wished name fits equally. `full`: what was asked for is taken; it
    comes first, and after it the nearest others with places.
    """

    choices: tuple[Choice, ...]
    exact: bool
    several_called: tuple[str, ...] = ()
    full: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """A booking with its reception and station."""

    booking: Booking
    reception: Reception
    station: Station


@dataclass(frozen=True, slots=True)
class Offered:
    """A place that has become free is kept for somebody who waited. `instead_of`: what they then give up for it."""

    place: Place
    until: datetime
    instead_of: Booking | None = None


@dataclass(frozen=True, slots=True)
class Booked:
    """The place is theirs. `offers`: what the place they gave up for it leads to; `instead_of`: that one."""

    place: Place
    instead_of: Place | None = None
    offers: tuple[Offered, ...] = ()


@dataclass(frozen=True, slots=True)
class Waits:
    """All places are taken; `ahead` others wait already. `instead_of`: what they keep until they have a place."""

    place: Place
    ahead: int
    instead_of: Booking | None = None


@dataclass(frozen=True, slots=True)
class Cancelled:
    """It is given up. `late`: shortly before the time."""

    place: Place
    late: bool
    offers: tuple[Offered, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """One of a resident's bookings; `ahead` only for those who wait."""

    place: Place
    ahead: int


@dataclass(frozen=True, slots=True)
class CheckedIn:
    """They are there. `first`: they were not before; `ahead` others who are there have an earlier place.

    `put_right`: they had been marked as missing.
    """

    place: Place
    first: bool
    ahead: int
    put_right: bool = False


@dataclass(frozen=True, slots=True)
class Called:
    """Whose turn it is; `after` is how many more are there. `reason`: empty for those who may not read it.

    `records`: whether who calls may also write down what is said.
    """

    place: Place
    name: str
    after: int
    reason: str
    records: bool


@dataclass(frozen=True, slots=True)
class Missed:
    """Somebody has marked that they did not come."""

    place: Place


@dataclass(frozen=True, slots=True)
class Objected:
    """They say that they were there. `tell`: who can put it right; nobody is told twice.

    `first`: they had not said so before.
    """

    place: Place
    tell: tuple[str, ...]
    first: bool


@dataclass(frozen=True, slots=True)
class Noted:
    """What was talked about is written down. `shared`: by those who stand in for whoever received them, and can all
    read it."""

    place: Place
    shared: bool


@dataclass(frozen=True, slots=True)
class Record:
    """What was written down, with what the resident had said. `reason` None: not for whoever reads this."""

    place: Place
    name: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class Visitor:
    """One line of the list for whoever is on duty. `reason`: empty for those who may not read it."""

    booking: Booking
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class DutyList:
    """Who is expected at a reception. `tell`: who is on duty, or the workers where nobody can be reached."""

    reception: Reception
    station: Station
    visitors: tuple[Visitor, ...]
    waiting: int
    tell: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Affected:
    """Somebody whose reception does not take place, and the next ones that they could have instead."""

    place: Place
    instead: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class ReceptionClosed:
    """A reception does not take place."""

    reception: Reception
    station: Station
    affected: tuple[Affected, ...]


# --- what the scheduler does ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reminded:
    """The evening before, or shortly before."""

    place: Place


@dataclass(frozen=True, slots=True)
class OfferLapsed:
    """They did not answer in time; the next who waits has it now."""

    place: Place
    offers: tuple[Offered, ...]


@dataclass(frozen=True, slots=True)
class AskHelped:
    """It was yesterday: did it help?"""

    place: Place


@dataclass(frozen=True, slots=True)
class WaitedInVain:
    """The reception has begun and no place became free. `instead`: the next ones."""

    place: Place
    instead: tuple[Choice, ...]


Due = Reminded | OfferLapsed | AskHelped
