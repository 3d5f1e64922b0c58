"""What came of something, for the handlers to put into words."""

from dataclasses import dataclass

from storage.members import Member, TaskCounts, Unit

__all__ = [
    "Confirmed",
    "LeftUnit",
    "Listed",
    "Member",
    "Moved",
    "NotOurs",
    "Reported",
    "SheetMember",
    "SheetTaken",
    "TaskCounts",
    "Unanswered",
    "Unit",
]


@dataclass(frozen=True, slots=True)
class Moved:
    """From which unit somebody went to another. `tell`: who looks after the old one's members."""

    unit: str
    tell: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reported:
    """Somebody has reported in. `contact`: who is to confirm it, None where `workers` are.

    `alike`: lines of the unit's sheet with the same name, where there are several: whoever confirms says which it is.
    """

    member: Member
    contact: str | None
    workers: tuple[str, ...]
    alike: tuple[Member, ...]
    moved: Moved | None


@dataclass(frozen=True, slots=True)
class Listed:
    """A member who waits to be confirmed, and the lines of the sheet that may be theirs, where there are several."""

    member: Member
    alike: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Their unit, or the community, knows them."""

    member: Member


@dataclass(frozen=True, slots=True)
class NotOurs:
    """Whoever was to confirm them does not know them. `person_id`: who is to hear so."""

    member: Member
    person_id: str


@dataclass(frozen=True, slots=True)
class LeftUnit:
    """Somebody does not take part any more. `tell`: who looks after the unit's members."""

    member: Member
    tell: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Members whom nobody has confirmed for days. Never empty. `contact`: who was to; None where `workers` were."""

    unit: str
    contact: str | None
    workers: tuple[str, ...]
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class SheetMember:
    """One member on a unit's list."""

    name: str
    nickname: str = ""
    skills: tuple[str, ...] = ()
    free: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SheetTaken:
    """What a unit's list changed. `left`: names on it that have left by themselves, and stay so."""

    added: int
    changed: int
    same: int
    left: tuple[str, ...]
