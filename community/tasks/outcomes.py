"""What came of something, for the handlers to put into words."""

from dataclasses import dataclass
from enum import Enum, auto

from community.grievances.outcomes import PlaceMissing, Reported, SameAs
from storage.tables import TaskState
from storage.tasks import Claim, Service, Task

__all__ = [
    "BackToGrievance",
    "Cancelled",
    "Changed",
    "Claim",
    "Claimed",
    "Mine",
    "Ordered",
    "Paired",
    "Public",
    "Seen",
    "Service",
    "Standing",
    "Takers",
    "Task",
    "TaskState",
]


@dataclass(frozen=True, slots=True)
class Public:
    """A task as anybody may read it who might take it: no name, no address, no phone. `area`: the grid or community."""

    task: Task
    area: str
    takers_missing: int


@dataclass(frozen=True, slots=True)
class Takers:
    """A task with those who have promised it, and what they are called."""

    task: Task
    claims: tuple[Claim, ...]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ordered:
    """A task was ordered. `at_once`: volunteers are asked now, not after the quiet hours."""

    public: Public
    at_once: bool


@dataclass(frozen=True, slots=True)
class Claimed:
    """Somebody has it. `full`: nobody else is needed. `others`: who was asked as well and is to hear so.

    `teams`: for each claim the name of its taker's team, or nothing; `groups`: where it was told, by channel and id;
    `givers`: staff who had named them.
    """

    task: Task
    claim: Claim
    full: bool
    others: tuple[str, ...]
    together_with: tuple[str, ...]
    teams: tuple[str, ...] = ()
    groups: tuple[tuple[str, str], ...] = ()
    givers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cancelled:
    """It is not needed any more. `takers` and `orderers`: who else is to hear so, by id."""

    task: Task
    takers: tuple[str, ...]
    orderers: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Changed:
    """Something of it is otherwise. `takers` and `orderers`: who else is to hear so, by id."""

    public: Public
    takers: tuple[str, ...]
    orderers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Paired:
    """How many it needs is otherwise. `takers`: who has promised it already, by id."""

    task: Task
    takers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BackToGrievance:
    """It is a grievance from now on. `outcome`: of a new one; None where it came from that grievance."""

    task: Task
    number: int
    outcome: Reported | PlaceMissing | SameAs | None
    takers: tuple[str, ...]


class Seen(Enum):
    """As whom somebody sees a task."""

    PUBLIC = auto()
    ORDERER = auto()
    TAKER = auto()
    STAFF = auto()


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a task stands. `takers`, `asked`: names. `orderer`: the name, and `contact`: whether address and phone may
    be told: only to whoever has claimed it, when nobody is missing."""

    public: Public
    seen: Seen
    takers: tuple[str, ...]
    asked: tuple[str, ...]
    orderer: str
    contact: bool


@dataclass(frozen=True, slots=True)
class Mine:
    """What somebody ordered, and what they have promised to do."""

    ordered: tuple[Standing, ...]
    promised: tuple[Standing, ...]
