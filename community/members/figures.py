"""How many of each unit have reported in, and what they did since: for their contacts and the community."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from community.members.outcomes import Member, TaskCounts, Unit
from community.parts.figures import Period
from community.people import Person
from community.refused import Refused
from community.rules import Rules
from community.tree import Tree
from storage import members
from storage.database import Store


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many who should. `of` is None where nobody has said how many these are."""

    count: int
    of: int | None

    @property
    def percent(self) -> str | None:
        """To a hundredth, as the reports of the field print it: 91.43. None where there is no such share: of nobody,
        or more than all, which says that the headcount is out of date."""
        if not self.of or self.count > self.of:
            return None
        hundredths = (20_000 * self.count + self.of) // (2 * self.of)
        return f"{hundredths // 100}.{hundredths % 100:02d}"


@dataclass(frozen=True, slots=True)
class MemberFigures:
    """What one member did in a year."""

    member: Member
    tasks: TaskCounts
    minutes: int


@dataclass(frozen=True, slots=True)
class UnitFigures:
    """What a unit's members did in a year, and how many have reported in as it stands now.

    `waiting`: who has reported in by chat and is not confirmed; they are not counted yet.
    """

    unit: Unit
    share: Share
    waiting: int
    tasks: TaskCounts
    minutes: int
    members: tuple[MemberFigures, ...]


def total(counts: Iterable[TaskCounts]) -> TaskCounts:
    """The sums."""
    found = list(counts)
    return TaskCounts(
        sum(each.done for each in found),
        sum(each.rated for each in found),
        sum(each.rating_sum for each in found),
    )


def average(counts: TaskCounts) -> str | None:
    """The mean rating to a hundredth, from 1 to 3; None where nobody has rated."""
    if not counts.rated:
        return None
    hundredths = (200 * counts.rating_sum + counts.rated) // (2 * counts.rated)
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def shared(found: Iterable[UnitFigures]) -> Share:
    """The sum of the units whose headcount is known."""
    known = [each.share for each in found if each.share.of is not None]
    return Share(sum(each.count for each in known), sum(each.of or 0 for each in known))


@dataclass(frozen=True, slots=True)
class Figures:
    """What units and the community read, within one transaction."""

    store: Store
    tree: Tree
    rules: Rules

    def year(self, year: int, now: datetime) -> Period:
        """A year up to today. Raises `Refused` for one to come."""
        today = now.astimezone(self.rules.zone).date()
        if not 2000 <= year <= today.year:
            raise Refused("members.no_such_year")
        return Period(date(year, 1, 1), min(date(year, 12, 31), today))

    def looked_after(self, actor: Person) -> list[Unit]:
        """The units for which somebody is the contact, or a worker."""
        return [
            each
            for each in members.all_units(self.store)
            if each.contact_id == actor.id or self.tree.works_at(actor.id, each.node_id)
        ]

    def of_units(self, units: Sequence[Unit], period: Period) -> list[UnitFigures]:
        """The figures of these units."""
        ids = [each.id for each in units]
        if not ids:
            return []
        minutes = members.hours_of(self.store, ids, period.first, period.last)
        tasks = members.tasks_of(self.store, ids, period.begin(self.rules.zone), period.end(self.rules.zone))
        by_unit: dict[str, list[MemberFigures]] = defaultdict(list)
        for each in members.of_units(self.store, ids):
            by_unit[each.unit_id].append(MemberFigures(each, tasks.get(each.id, TaskCounts()), minutes.get(each.id, 0)))
        return [_of_unit(unit, by_unit[unit.id]) for unit in units]

    def everywhere(self, period: Period) -> list[UnitFigures]:
        """The figures of every unit there is."""
        return self.of_units(members.all_units(self.store), period)

    def tasks_of(self, member: Member, period: Period) -> TaskCounts:
        """The tasks that one member did."""
        begin, end = period.begin(self.rules.zone), period.end(self.rules.zone)
        return members.tasks_of(self.store, [member.unit_id], begin, end).get(member.id, TaskCounts())


def _of_unit(unit: Unit, found: Sequence[MemberFigures]) -> UnitFigures:
    """Who is not confirmed may be anybody: they are left out, with all they did."""
    counted = tuple(each for each in found if each.member.counts)
    return UnitFigures(
        unit,
        Share(len(counted), unit.headcount),
        sum(not each.member.confirmed for each in found if each.member.person_id is not None),
        total(each.tasks for each in counted),
        sum(each.minutes for each in counted),
        counted,
    )
