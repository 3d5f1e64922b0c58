"""What came of dispatching, promising and doing, for the handlers to put into words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from community.tasks.outcomes import Claimed, Public, Takers, Task
from community.volunteers.hours import StarReached

__all__ = [
    "Asked",
    "Blocked",
    "Claimed",
    "Declined",
    "DoneSaid",
    "Due",
    "GaveUp",
    "GivenBack",
    "GivenTo",
    "Hindrance",
    "NotCome",
    "Overdue",
    "Pushed",
    "Rated",
    "Reminded",
    "TimePassed",
    "Tried",
]


class Hindrance(StrEnum):
    """Why somebody cannot have a task."""

    OWN = "own"
    FOREIGN = "foreign"
    NOT_ONE = "not_one"
    BLOCKED = "blocked"
    NOT_CONFIRMED = "not_confirmed"
    BUSY = "busy"
    HAS_IT = "has_it"
    TIME_OVER = "time_over"


@dataclass(frozen=True, slots=True)
class Pushed:
    """Who is asked now: people by id, or groups by channel and id, or the workers. `given`: staff wanted this one.
    `again`: the workers have been told before. `ear`: who is to hear that nobody has been found yet; mostly empty."""

    public: Public
    people: tuple[str, ...] = ()
    groups: tuple[tuple[str, str], ...] = ()
    workers: tuple[str, ...] = ()
    given: bool = False
    again: bool = False
    ear: str = ""


@dataclass(frozen=True, slots=True)
class GivenTo:
    """Staff wanted this one to be asked: they are."""

    pushed: Pushed
    name: str


@dataclass(frozen=True, slots=True)
class Declined:
    """Somebody does not want it. `pushed`: who is asked instead, at once. `tell`: staff who had named them."""

    task: Task
    name: str
    tell: tuple[str, ...]
    pushed: "Pushed | TimePassed | None"


@dataclass(frozen=True, slots=True)
class TimePassed:
    """Nobody, or not all of them, had it when its time was over. `ear`: who is asked for another time; `partners`:
    who had promised it and waited for a second."""

    public: Public
    ear: str
    workers: tuple[str, ...]
    partners: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GaveUp:
    """It has come to nothing, and that is said."""

    public: Public
    ear: str
    workers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of claiming several at once. `refused`: which not, the key of the text that says why, its values."""

    taken: tuple[Claimed, ...]
    refused: tuple[tuple[str, str, Mapping[str, object]], ...]


@dataclass(frozen=True, slots=True)
class GivenBack:
    """A promise that is none any more: given back, or (`silent`) taken back because nobody answered, or (`away`) taken
    away by staff.

    `ear`: who had heard that they would come, else empty; `partners`: who goes with them; `workers`: told only where
    it is late. `pushed`: who is asked at once.
    """

    public: Public
    person_id: str
    name: str
    reason: str
    ear: str
    partners: tuple[str, ...]
    workers: tuple[str, ...]
    pushed: Pushed | TimePassed | None = None
    silent: bool = False
    away: bool = False


@dataclass(frozen=True, slots=True)
class Reminded:
    """It is soon: each of its takers is reminded."""

    takers: Takers


@dataclass(frozen=True, slots=True)
class Overdue:
    """Its time is over: each of its takers is asked whether it is done."""

    takers: Takers


@dataclass(frozen=True, slots=True)
class DoneSaid:
    """Somebody says that it is done. `ear`: who is asked how it was; `partners`: who was there as well."""

    takers: Takers
    ear: str
    partners: tuple[str, ...]
    minutes: int


@dataclass(frozen=True, slots=True)
class Asked:
    """The orderer is asked once more how it was."""

    takers: Takers
    ear: str


@dataclass(frozen=True, slots=True)
class Rated:
    """It is over. `minutes`: what each taker has been given; `rating`: none where nobody answered; `workers`: told
    only of a bad one."""

    takers: Takers
    rating: int | None
    words: str
    minutes: int
    workers: tuple[str, ...]
    stars: tuple[StarReached, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class NotCome:
    """The orderer says that nobody came."""

    takers: Takers
    orderer: str
    workers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Blocked:
    """These two are never brought together again. `given_back`: what one had promised the other."""

    names: tuple[str, str]
    given_back: tuple[GivenBack, ...]


Due = Pushed | TimePassed | GaveUp | GivenBack | Reminded | Overdue | Asked | Rated
"""What the scheduler may have done about a task."""
