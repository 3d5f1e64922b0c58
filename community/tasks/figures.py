"""What came of the tasks of a period: for staff when they ask, and once a month by itself.

A report is about what was ordered in its period, as it stands now: so its figures add up. What is open now is told
beside it, whenever it was ordered.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from community.areas import area_of, communities_in
from community.parts.figures import DAY, Median, Period, Rate
from community.people import Person
from community.refused import Refused
from community.tasks.ledger import Ledger
from community.tasks.lists import LONG_OPEN
from community.tree import Group, Level, Members, Node
from community.volunteers.skills import fits
from storage import announcements, task_dispatch, task_figures, wish_figures
from storage.figures import Scope, Waits
from storage.task_figures import Counted, OpenNow, Taken

MONTHLY = "tasks.monthly"
MONTHLY_AT = time(9, 30)
TOLD_WITHIN = timedelta(days=7)
"""How late the month before may still be told."""

SATISFIED = 2
"""The worst rating that is still good: fairly satisfied."""


@dataclass(frozen=True, slots=True)
class Row:
    """What the members of one team took. No `name`: those who are in none."""

    name: str
    claimed: int
    done: int
    satisfaction: Rate


@dataclass(frozen=True, slots=True)
class Report:
    """What was ordered in an area in a period. `by_team`: the team that took most first."""

    area: Node
    period: Period
    total: Counted
    to_claim: Median
    to_done: Median
    by_team: tuple[Row, ...]
    open_now: OpenNow

    @property
    def fulfilment(self) -> Rate:
        """What was done, of all that was ordered."""
        return Rate(self.total.done, self.total.ordered)

    @property
    def satisfaction(self) -> Rate:
        """Of those who said how it was."""
        return Rate(self.total.satisfied, self.total.rated)


@dataclass(frozen=True, slots=True)
class Month:
    """Who is told of the last month of a community: its workers, and the groups of its residents."""

    area: Node
    period: Period
    workers: tuple[str, ...]
    groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures within one transaction."""

    ledger: Ledger

    def report(self, person: Person, group_node: str | None, period: Period, now: datetime) -> Report:
        """The figures of the area in which this person works. Raises `Refused` for all others."""
        area = area_of(self.ledger.tree, person, group_node)
        if area is None:
            raise Refused("tasks_figures.staff_only")
        return self.of_area(area, period, now)

    def of_area(self, area: Node, period: Period, now: datetime) -> Report:
        """The figures of an area, for whoever may read them."""
        store, zone = self.ledger.store, self.ledger.rules.zone
        nodes = communities_in(self.ledger.tree, area)
        scope = Scope(nodes, period.begin(zone), period.end(zone))
        return Report(
            area,
            period,
            task_figures.totals(store, scope),
            _median(task_figures.waits_for_claim(store, scope)),
            _median(task_figures.waits_for_done(store, scope)),
            self._by_team(task_figures.taken(store, scope)),
            task_figures.open_now(store, nodes, now, now - LONG_OPEN),
        )

    # --- every month --------------------------------------------------------------------------------------------

    def next_monthly(self) -> datetime | None:
        """The first of a month that `monthly` has not seen to. None before anything was ever ordered or wished for."""
        store = self.ledger.store
        first = [each for each in (task_figures.earliest(store), wish_figures.earliest(store)) if each is not None]
        seen_to = announcements.last(store, MONTHLY) or min(first, default=None)
        return self._first_after(seen_to) if seen_to else None

    def monthly(self, now: datetime) -> list[Month]:
        """Who is to be told of last month, once. After a week it is too late for that, which is noted."""
        due = self._first_until(now)
        in_time = now - due < TOLD_WITHIN
        announcements.note(self.ledger.store, MONTHLY, due, now if in_time else None)
        if not in_time:
            return []
        last = due.date() - DAY
        period, tree = Period(last.replace(day=1), last), self.ledger.tree
        communities = [each for each in tree.nodes.values() if each.level is Level.COMMUNITY]
        return [Month(each, period, tree.workers_for(each.id), self._groups(each)) for each in communities]

    # --- inside -------------------------------------------------------------------------------------------------

    def _by_team(self, found: Iterable[Taken]) -> tuple[Row, ...]:
        """Each taker's task goes to one team of theirs: the one that has to do with it, else the first by name.

        Two of the same team who go together have taken one task.
        """
        rows = list(found)
        teams = task_dispatch.team_of(self.ledger.store, sorted({each.person_id for each in rows}))
        by_team: dict[tuple[str, str], dict[int, Taken]] = defaultdict(dict)
        for each in rows:
            own = teams.get(each.person_id, ())
            team = next((pair for pair in own if each.skill and fits(pair[1], each.skill)), next(iter(own), ("", "")))
            by_team[team][each.task_id] = each
        ordered = sorted(by_team.items(), key=lambda item: (-len(item[1]), item[0][1]))
        return tuple(_row(name, of_team.values()) for (_, name), of_team in ordered)

    def _groups(self, community: Node) -> tuple[Group, ...]:
        tree = self.ledger.tree
        return tuple(
            each
            for each in tree.groups.values()
            if each.members is Members.RESIDENTS and tree.community_of(each.node_id) == community
        )

    def _first_after(self, moment: datetime) -> datetime:
        day = moment.astimezone(self.ledger.rules.zone).date()
        this = self._morning(day.replace(day=1))
        return this if this > moment else self._morning((day.replace(day=28) + 4 * DAY).replace(day=1))

    def _first_until(self, moment: datetime) -> datetime:
        day = moment.astimezone(self.ledger.rules.zone).date().replace(day=1)
        this = self._morning(day)
        return this if this <= moment else self._morning((day - DAY).replace(day=1))

    def _morning(self, day: date) -> datetime:
        return datetime.combine(day, MONTHLY_AT, self.ledger.rules.zone)


def _row(name: str, taken: Iterable[Taken]) -> Row:
    rows = list(taken)
    ratings = [each.rating for each in rows if each.rating is not None]
    satisfied = sum(rating <= SATISFIED for rating in ratings)
    return Row(name, len(rows), sum(each.done for each in rows), Rate(satisfied, len(ratings)))


def _median(waits: Waits) -> Median:
    return Median(waits.middle, waits.count)
