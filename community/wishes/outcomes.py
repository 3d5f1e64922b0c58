"""What comes of what is done with wishes."""

from dataclasses import dataclass
from datetime import date

from storage.tables import WishState
from storage.wishes import Pledge, Wish

__all__ = [
    "AskStaff",
    "Asked",
    "Claimed",
    "Crowd",
    "Delivered",
    "Ended",
    "Fulfilled",
    "GivenBack",
    "Giver",
    "Missed",
    "Page",
    "Placed",
    "Pledge",
    "Pledged",
    "Progress",
    "RemindClaimer",
    "RemindWisher",
    "ReviewWaits",
    "Seen",
    "TickedOff",
    "Told",
    "Wanted",
    "WhichGiver",
    "Wish",
    "WishState",
    "Withdrawn",
]


@dataclass(frozen=True, slots=True)
class Told:
    """What was understood of a wish. All of it is masked: nothing personal goes further than this."""

    words: str
    for_whom: str
    who: str
    category: str
    public_words: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a crowd wish needs."""

    goal: int
    unit: str
    thing: str
    closes_on: date


@dataclass(frozen=True, slots=True)
class Asked:
    """A wish that staff must look at. `tell`: who they are."""

    wish: Wish
    tell: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Crowd:
    """A crowd wish: how much is pledged, and how much of it is there."""

    wish: Wish
    pledged: int
    delivered: int

    @property
    def goal(self) -> int:
        return self.wish.goal or 0

    @property
    def left(self) -> int:
        """What nobody has pledged yet."""
        return max(self.goal - self.pledged, 0)


@dataclass(frozen=True, slots=True)
class Claimed:
    """Whose it is now: a person, for themselves or for a team or unit."""

    wish: Wish
    station: str


@dataclass(frozen=True, slots=True)
class GivenBack:
    """It is up again. `tell`: the staff, who hear why. `claimer_id`: whose time for it was over."""

    wish: Wish
    reason: str
    tell: tuple[str, ...]
    claimer_id: str = ""


@dataclass(frozen=True, slots=True)
class Placed:
    """Where to bring it: the claimer alone hears. `address` empty: to the station."""

    wish: Wish
    claimer_id: str
    station: str


@dataclass(frozen=True, slots=True)
class Delivered:
    """It is on its way into the wisher's hands: they are asked."""

    wish: Wish
    claimer_id: str


@dataclass(frozen=True, slots=True)
class Missed:
    """The wisher has not got it: the claimer hears, and the staff."""

    wish: Wish
    claimer_id: str
    tell: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fulfilled:
    """It came true. `thanks`: those whom the groups may name. `givers`: who is thanked privately."""

    wish: Wish
    givers: tuple[str, ...]
    thanks: tuple[str, ...]
    unnamed: int


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The wisher does not want it any more. `tell`: who has claimed or pledged."""

    wish: Wish
    tell: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ended:
    """It cannot be met. `tell`: who has claimed or pledged."""

    wish: Wish
    crowd: Crowd | None
    tell: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """A wish as somebody may see it. `claimer`: its name, for staff."""

    wish: Wish
    crowd: Crowd | None
    is_wisher: bool
    is_staff: bool
    is_claimer: bool
    claimer: str
    station: str


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the open wishes, and whether there are more."""

    wishes: tuple[Wish, ...]
    pledged: dict[int, int]
    next: int | None


@dataclass(frozen=True, slots=True)
class Pledged:
    """It was taken down. `own`: what this person gives in all; `asks_name`: whether to ask about the thanks."""

    crowd: Crowd
    own: int
    asks_name: bool


@dataclass(frozen=True, slots=True)
class Giver:
    """Who gives to a crowd wish: so much, of which so much is there."""

    person_id: str
    name: str
    pledged: int
    delivered: int


@dataclass(frozen=True, slots=True)
class TickedOff:
    """Some of it is there. `fulfilled`: it was the last."""

    crowd: Crowd
    giver: Giver
    amount: int
    fulfilled: Fulfilled | None


@dataclass(frozen=True, slots=True)
class WhichGiver:
    """Several givers have this name."""

    wish: Wish
    givers: tuple[Giver, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """The groups hear how far a crowd wish is."""

    crowd: Crowd


@dataclass(frozen=True, slots=True)
class ReviewWaits:
    """Wishes that nobody has looked at for too long. `tell`: whose they are to look at."""

    wishes: tuple[Wish, ...]
    tell: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RemindClaimer:
    """It was claimed long ago, and is not there yet."""

    wish: Wish
    claimer_id: str
    station: str


@dataclass(frozen=True, slots=True)
class RemindWisher:
    """It should be there; the wisher has not said so."""

    wish: Wish


@dataclass(frozen=True, slots=True)
class AskStaff:
    """Staff must decide. What about, the wish's state says. `givers`: who hears that a crowd wish is late."""

    wish: Wish
    crowd: Crowd | None
    tell: tuple[str, ...]
    givers: tuple[str, ...] = ()
