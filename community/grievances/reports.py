"""Rates and counts: for staff of what lies in their part of the tree, for everybody once a week.

A report is about what was reported in its period, as it stands now. So its figures are of the same cases, and add up:
what is neither solved nor closed otherwise is still open. Who was asked and never answered counts as answered by the
handler, not as solved, and is told apart. Private cases stand in no list, and in a figure only where
there are enough of them that none can be told from the others: see `community/parts/figures.py`.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from operator import attrgetter

from community.grievances.cases import Cases
from community.parts.figures import SMALLEST_CELL, Median, Period, Rate, with_private
from community.parts.notice import Urgency, may_go_out_at
from community.people import Person
from community.refused import Refused
from community.tree import ANSWERS_FOR, Group, Level, Members, Node, Role
from storage import announcements, grievance_figures, people
from storage.grievance_figures import Counted, Scope, Waits
from storage.grievances import Grievance

WEEKLY = "grievances.weekly"
WEEKLY_AT = time(9)
WEEK = timedelta(days=7)
MAY_READ = frozenset({*ANSWERS_FOR.values(), Role.FIRST_SECRETARY, Role.ADMINISTRATOR})
ABOVE_COMMUNITIES = frozenset({Level.COUNTY, Level.STREET})


@dataclass(frozen=True, slots=True)
class Figures:
    """One cell of a report. `answered` was handled at least once; `unanswered` ended without the resident's word.

    Merged cases count as received and merged, and in nothing else.
    """

    received: int
    answered: int
    solved: int
    unanswered: int
    withdrawn: int
    merged: int
    reopened: int
    response: Rate
    resolution: Rate
    satisfaction: Rate


@dataclass(frozen=True, slots=True)
class Row:
    """The figures of one node, handler or category. `name` is empty for what is nobody's, and for categories."""

    key: str
    name: str
    figures: Figures


@dataclass(frozen=True, slots=True)
class Overdue:
    """Past its deadline, and who has it. No name: nobody."""

    number: int
    handler: str


@dataclass(frozen=True, slots=True)
class Report:
    """What was reported in a period in these areas.

    `by_node` is by grids, or above a community (`by_communities`) by communities. `overdue` is as of now.
    """

    areas: tuple[Node, ...]
    period: Period
    total: Figures
    to_contact: Median
    to_solution: Median
    by_node: tuple[Row, ...]
    by_handler: tuple[Row, ...]
    by_category: tuple[Row, ...]
    by_communities: bool
    overdue: tuple[Overdue, ...]


@dataclass(frozen=True, slots=True)
class WeeklySummary:
    """Counts for everybody; None: fewer than five, which is not told."""

    received: int | None
    solved: int | None
    rated: int | None
    satisfied: int | None


@dataclass(frozen=True, slots=True)
class Weekly:
    """What the groups of residents of one community are told on Monday."""

    groups: tuple[Group, ...]
    summary: WeeklySummary


@dataclass(frozen=True, slots=True)
class Reports:
    """Figures within one transaction."""

    cases: Cases

    def report(self, person: Person, period: Period, now: datetime) -> Report:
        """The figures of the areas that this person answers for. Raises `Refused` for all others."""
        areas = self._areas(person)
        if not areas:
            raise Refused("grievance_reports.staff_only")
        scope = self._scope(areas, period)
        counted = grievance_figures.count(self.cases.store, scope, now)
        by_communities = any(area.level in ABOVE_COMMUNITIES for area in areas)
        level = Level.COMMUNITY if by_communities else Level.GRID
        return Report(
            areas=areas,
            period=period,
            total=figures_of(counted),
            to_contact=_median(grievance_figures.waits_for_contact(self.cases.store, scope)),
            to_solution=_median(grievance_figures.waits_for_solution(self.cases.store, scope)),
            by_node=_rows(counted, lambda each: self._node_at(each.place_id, level), self._node_name),
            by_handler=_rows(counted, lambda each: each.handler_id or "", self._person_name),
            by_category=_rows(counted, attrgetter("category"), lambda _: ""),
            by_communities=by_communities,
            overdue=tuple(
                map(self._overdue, grievance_figures.overdue(self.cases.store, self._places(scope, areas), now))
            ),
        )

    def weekly_summary(self, community_id: str, week: Period) -> WeeklySummary:
        """What everybody may know of a community's week."""
        zone = self.cases.rules.zone
        scope = Scope([community_id], None, week.begin(zone), week.end(zone))
        counted = grievance_figures.count(self.cases.store, scope, scope.end)
        numbers = (_number(counted, name) for name in ("received", "solved", "rated", "satisfied"))
        return WeeklySummary(*(number if number >= SMALLEST_CELL else None for number in numbers))

    def next_weekly(self) -> datetime | None:
        """The first Monday morning that `weekly` has not seen to. None before anything was ever reported."""
        seen_to = announcements.last(self.cases.store, WEEKLY) or grievance_figures.earliest(self.cases.store)
        return self._monday_after(seen_to) if seen_to else None

    def weekly(self, now: datetime) -> list[Weekly]:
        """What is to be told of last week, once, and only on Monday; later it is noted as missed.

        A week of which nothing may be told is passed over in silence: that says the same of none and of four.
        """
        due = self._monday_after(now) - WEEK
        goes_out = may_go_out_at(now, Urgency.ANNOUNCEMENT, self.cases.rules).astimezone(self.cases.rules.zone)
        is_monday = goes_out.date() == due.date()
        announcements.note(self.cases.store, WEEKLY, due, now if is_monday else None)
        if not is_monday:
            return []
        week = Period.week_of((due - WEEK).date())
        told = (Weekly(groups, self.weekly_summary(node, week)) for node, groups in self._groups().items())
        return [each for each in told if each.summary.received is not None]

    # --- where --------------------------------------------------------------------------------------------------

    def _areas(self, person: Person) -> tuple[Node, ...]:
        """The nodes that a person may read about, without those that lie in another of them."""
        tree = self.cases.tree
        held = {role.node_id for role in tree.roles_of(person.id) if role.role in MAY_READ}
        highest = [each for each in held if not any(tree.lies_in(each, other) for other in held - {each})]
        return tuple(tree.nodes[each] for each in sorted(highest))

    def _scope(self, areas: Sequence[Node], period: Period) -> Scope:
        """By community alone where all of it is meant: that needs no list of places."""
        zone, tree = self.cases.rules.zone, self.cases.tree
        above = {community.id for area in areas if (community := tree.community_of(area.id))}
        below = {each for each in self._below(areas) if tree.nodes[each].level is Level.COMMUNITY}
        scope = Scope(sorted(above | below), None, period.begin(zone), period.end(zone))
        whole = all(area.level in {*ABOVE_COMMUNITIES, Level.COMMUNITY} for area in areas)
        return scope if whole else self._places(scope, areas)

    def _places(self, scope: Scope, areas: Sequence[Node]) -> Scope:
        return Scope(scope.communities, self._below(areas), scope.begin, scope.end)

    def _below(self, areas: Sequence[Node]) -> list[str]:
        tree = self.cases.tree
        return [node for node in tree.nodes if any(tree.lies_in(node, area.id) for area in areas)]

    def _node_at(self, place_id: str | None, level: Level) -> str:
        """The grid or community of a place; what lies in no grid is its community's."""
        above = {node.level: node.id for node in self.cases.tree.upwards(place_id)}
        return above.get(level) or above.get(Level.COMMUNITY, "")

    def _groups(self) -> Mapping[str, tuple[Group, ...]]:
        """The groups of residents of each community."""
        found: dict[str, tuple[Group, ...]] = {}
        for group in self.cases.tree.groups.values():
            community = self.cases.tree.community_of(group.node_id)
            if community is not None and group.members is Members.RESIDENTS:
                found[community.id] = (*found.get(community.id, ()), group)
        return found

    # --- inside -------------------------------------------------------------------------------------------------

    def _overdue(self, grievance: Grievance) -> Overdue:
        return Overdue(grievance.number, self._person_name(grievance.handler_id or ""))

    def _node_name(self, node_id: str) -> str:
        node = self.cases.tree.nodes.get(node_id)
        return node.name if node else ""

    def _person_name(self, person_id: str) -> str:
        """Also of somebody who holds no role any more."""
        roles = self.cases.tree.roles_of(person_id)
        if roles or not person_id:
            return roles[0].name if roles else ""
        person = people.by_id(self.cases.store, person_id)
        return person.name if person else ""

    def _monday_after(self, moment: datetime) -> datetime:
        zone = self.cases.rules.zone
        monday = datetime.combine(Period.week_of(moment.astimezone(zone).date()).first, WEEKLY_AT, zone)
        return monday if monday > moment else monday + WEEK


def figures_of(counted: Sequence[Counted], *, private_too: bool = True) -> Figures:
    """The figures of one cell. Private cases stand in each only where they hide one another there."""
    if not private_too:
        counted = [each for each in counted if not each.private]
    return Figures(
        received=_number(counted, "received"),
        answered=_number(counted, "answered"),
        solved=_number(counted, "solved"),
        unanswered=_number(counted, "unanswered"),
        withdrawn=_number(counted, "withdrawn"),
        merged=_number(counted, "merged"),
        reopened=_number(counted, "reopened"),
        response=_rate(counted, "in_time", "due"),
        resolution=_rate(counted, "solved", "answered"),
        satisfaction=_rate(counted, "satisfied", "rated"),
    )


def _rows(counted: Iterable[Counted], key: Callable[[Counted], str], name: Callable[[str], str]) -> tuple[Row, ...]:
    """The figures of each, the most cases first.

    Private cases are in all rows or in none: a row without its few could be told from the total.
    """
    cells: dict[str, list[Counted]] = defaultdict(list)
    for each in counted:
        cells[key(each)].append(each)
    hidden = [sum(each.received for each in cell if each.private) for cell in cells.values()]
    private_too = not any(0 < number < SMALLEST_CELL for number in hidden)
    rows = [Row(each, name(each), figures_of(cell, private_too=private_too)) for each, cell in cells.items()]
    shown = [row for row in rows if row.figures.received]
    return tuple(sorted(shown, key=lambda row: (-row.figures.received, row.key)))


def _number(counted: Iterable[Counted], name: str) -> int:
    public, private = _sums(counted, name)
    return with_private(public, private)


def _rate(counted: Sequence[Counted], numerator: str, denominator: str) -> Rate:
    (public, private), (of_public, of_private) = _sums(counted, numerator), _sums(counted, denominator)
    return Rate(public, of_public).with_private(Rate(private, of_private))


def _sums(counted: Iterable[Counted], name: str) -> tuple[int, int]:
    sums = [0, 0]
    for each in counted:
        sums[each.private] += getattr(each, name)
    return sums[0], sums[1]


def _median(waits: Waits) -> Median:
    return Median(waits.middle, waits.count)
