"""What came of something, for the handlers to put into words."""

from dataclasses import dataclass
from datetime import date, datetime

from community.refused import Refused
from storage.market import Event, Series, Stall
from storage.sign_ups import SignUp
from storage.tables import EventState, SignUpPart, SignUpState

__all__ = [
    "Board",
    "Count",
    "Drafted",
    "Event",
    "EventState",
    "Head",
    "Left",
    "Offered",
    "Published",
    "Series",
    "SignUp",
    "SignUpPart",
    "SignUpState",
    "SignedUp",
    "Stall",
    "Taken",
    "Upcoming",
]


@dataclass(frozen=True, slots=True)
class Taken:
    """How many places of one kind there are at a stall, how many are taken, and how many wait."""

    places: int
    taken: int
    waiting: int

    @property
    def left(self) -> int:
        return max(self.places - self.taken, 0)


@dataclass(frozen=True, slots=True)
class Count:
    """A stall with what is taken of it."""

    stall: Stall
    helpers: Taken
    visitors: Taken


@dataclass(frozen=True, slots=True)
class Board:
    """An event and how full it is: what a group may read."""

    event: Event
    counts: tuple[Count, ...]

    def count(self, stall_id: int) -> Count:
        """One stall of it. Raises `Refused` for one that was taken back."""
        found = next((each for each in self.counts if each.stall.id == stall_id), None)
        if found is None:
            raise Refused("market.no_such_stall_any_more")
        return found

    @property
    def missing(self) -> tuple[Count, ...]:
        """The stalls that still need helpers."""
        return tuple(each for each in self.counts if each.helpers.left)


@dataclass(frozen=True, slots=True)
class Head:
    """A sign-up with its event and stall. `ahead`: how many wait before it. `starts_at`: when a number's turn is."""

    sign_up: SignUp
    event: Event
    stall: Stall
    starts_at: datetime
    ahead: int = 0


@dataclass(frozen=True, slots=True)
class Offered:
    """A place is kept for somebody who waited, until then."""

    head: Head
    until: datetime


@dataclass(frozen=True, slots=True)
class SignedUp:
    """What somebody has now: heads with a place, and heads that wait. `offers`: what became free by a change.

    `instead_of`: where they were signed up before. `clash`: what else they have at that time, in words for them.
    """

    board: Board
    held: tuple[Head, ...]
    waiting: tuple[Head, ...]
    instead_of: Head | None = None
    offers: tuple[Offered, ...] = ()
    clash: datetime | None = None


@dataclass(frozen=True, slots=True)
class Left:
    """What somebody has given up, all heads of it, and who gets what became free."""

    heads: tuple[Head, ...]
    board: Board
    offers: tuple[Offered, ...]


@dataclass(frozen=True, slots=True)
class Drafted:
    """An event that nobody sees yet but its leader. `tell`: who is to look at it; it opens by itself at `opens_at`."""

    board: Board
    tell: tuple[str, ...]
    opens_at: datetime | None


@dataclass(frozen=True, slots=True)
class Published:
    """An event is open. `standing`: who helps each time, and at which stall; they are to be asked.

    `tell`: its leader and workers, but not whoever opened it.
    """

    board: Board
    standing: tuple[tuple[str, Stall], ...]
    tell: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Upcoming:
    """A day on which a series will take place, though there is no event of it yet."""

    series: Series
    day: date
