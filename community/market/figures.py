"""What came of the events of a period: helpers, visitors, hours, for each event, each stall and each month.

A report is about the events that began in its period, as they stand now. Heads are counted, those that somebody
brought along among them; hours are those of the events, with their corrections: see `storage/market_figures.py`.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import TypeVar

from community.market.ledger import Ledger
from community.parts.figures import Period, Rate
from community.people import Person
from community.refused import Refused
from community.tree import Node
from storage import market, market_figures
from storage.market import Event, Stall
from storage.market_figures import Counted, Helper
from storage.tables import EventState, SignUpPart, SignUpState

TAKES_PLACE = frozenset({EventState.OPEN, EventState.OVER})
CAME = frozenset({SignUpState.CAME, SignUpState.LEFT})

Each = TypeVar("Each")
Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Heads(market_figures.Heads):
    """One cell of a report: the sums of what was counted, and the rate of them."""

    @classmethod
    def of(cls, counted: Iterable[market_figures.Heads]) -> "Heads":
        """The sums."""
        rows = list(counted)
        return cls(*(sum(getattr(each, field.name) for each in rows) for field in fields(cls)))

    @property
    def attendance(self) -> Rate:
        """Who came, of those who were expected until the end: also of those of whom nobody said whether they came."""
        return Rate(self.came, self.came + self.missed + self.unmarked)


@dataclass(frozen=True, slots=True)
class StallFigures:
    """One stall, or all of the same name. `helper_places`, `numbers`: how many could have come."""

    name: str
    helper_places: int
    numbers: int
    helpers: Heads
    visitors: Heads


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums of some events. `cancelled` are events that were called off, and are in nothing else."""

    held: int
    cancelled: int
    helpers: Heads
    visitors: Heads
    minutes: int
    new_helpers: int


@dataclass(frozen=True, slots=True)
class EventFigures:
    """One event."""

    event: Event
    total: Totals
    stalls: tuple[StallFigures, ...]


@dataclass(frozen=True, slots=True)
class MonthFigures:
    """One month, by its first day."""

    month: date
    total: Totals


@dataclass(frozen=True, slots=True)
class Report:
    """The events of a period, in their order. No `area`: those that one person leads."""

    area: Node | None
    period: Period
    total: Totals
    events: tuple[EventFigures, ...]
    stalls: tuple[StallFigures, ...]
    months: tuple[MonthFigures, ...]


@dataclass(frozen=True, slots=True)
class HelperLine:
    """One helper's sign-up for the staff's own file. `minutes`: all that they gave at this event."""

    event: Event
    stall: str
    helper: Helper
    minutes: int


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures within one transaction."""

    ledger: Ledger

    # --- who --------------------------------------------------------------------------------------------------

    def area(self, person: Person, group_node: str | None) -> Node | None:
        """Whose figures a worker wants: those of the group's community, else of where they live or work.

        None for whoever works nowhere, or not there.
        """
        tree = self.ledger.tree
        if group_node is not None:
            wanted = [group_node]
        else:
            wanted = [person.node_id or "", *(each.node_id for each in tree.roles_of(person.id))]
        found = (tree.community_of(each) or tree.nodes.get(each) for each in wanted)
        communities = [each for each in found if each is not None]
        own = [tree.nodes[each.node_id] for each in tree.roles_of(person.id)] if group_node is None else []
        return next((each for each in [*communities, *own] if tree.works_at(person.id, each.id)), None)

    def named(self, person: Person, wanted: str) -> Node | None:
        """The place of this name, if there is one. Raises `Refused` for whoever does not work there."""
        node = self.ledger.tree.node_called(wanted)
        if node is not None and not self.ledger.tree.works_at(person.id, node.id):
            raise Refused("market_figures.staff_only")
        return node

    # --- reports ----------------------------------------------------------------------------------------------

    def report(self, person: Person, area: Node | None, period: Period, now: datetime) -> Report:
        """The events of an area at which the person works; without one, those that they lead.

        Raises `Refused` for whoever neither works there nor ever led an event.
        """
        if area is not None:
            if not self.ledger.tree.works_at(person.id, area.id):
                raise Refused("market_figures.staff_only")
            return self.of_area(area, period, now)
        if not market_figures.ever_led(self.ledger.store, person.id):
            raise Refused("market_figures.staff_only")
        return self._report(None, period, market_figures.led_by(self.ledger.store, person.id, *self._span(period)), now)

    def of_area(self, area: Node, period: Period, now: datetime) -> Report:
        """The events of an area, for whoever may read them."""
        nodes = self._nodes_in(area.id)
        return self._report(area, period, market_figures.at_nodes(self.ledger.store, nodes, *self._span(period)), now)

    def event(self, person: Person, event_id: int, now: datetime) -> EventFigures:
        """One event, for whoever runs it. Raises `Refused`, also for one that has not begun."""
        if not self.ledger.runs(person, self.ledger.event(event_id)):
            raise Refused("market_figures.staff_only")
        return self.of_event(event_id, now)

    def of_event(self, event_id: int, now: datetime) -> EventFigures:
        """One event, for whoever may read it. Raises `Refused`."""
        found = market_figures.one(self.ledger.store, event_id)
        if found is None:
            raise Refused("market.not_found")
        event = found[0]
        if event.state is EventState.CANCELLED:
            raise Refused("market.event_cancelled", name=event.name, begins_at=event.begins_at)
        if not _was_held(event, now):
            raise Refused("market_figures.not_yet", number=event.number, name=event.name, begins_at=event.begins_at)
        return self._events([found], now)[0]

    def helpers(self, report: Report) -> list[HelperLine]:
        """Everybody who signed up to help at the events of a report, by event and stall: for staff alone."""
        events = {each.event.id: each.event for each in report.events}
        stalls = {
            stall.id: stall.name
            for of_event in market.stalls_of(self.ledger.store, list(events)).values()
            for stall in of_event
        }
        found = [
            each
            for nodes, ids in self._by_community(list(events.values()))
            for each in market_figures.helpers(self.ledger.store, ids, nodes)
        ]
        found.sort(key=lambda each: list(events).index(each.event_id))
        minutes = _shared_out(market_figures.minutes_of(self.ledger.store, list(events)), found) if found else {}
        return [
            HelperLine(events[each.event_id], stalls[each.stall_id], each, minutes.get(order, 0))
            for order, each in enumerate(found)
        ]

    # --- inside -----------------------------------------------------------------------------------------------

    def _span(self, period: Period) -> tuple[datetime, datetime]:
        zone = self.ledger.rules.zone
        return period.begin(zone), period.end(zone)

    def _nodes_in(self, area_id: str) -> list[str]:
        return [each for each in self.ledger.tree.nodes if self.ledger.tree.lies_in(each, area_id)]

    def _report(self, area: Node | None, period: Period, found: Sequence[tuple[Event, int]], now: datetime) -> Report:
        called_off = [event for event, _ in found if event.state is EventState.CANCELLED and event.opened_at]
        events = self._events([each for each in found if _was_held(each[0], now)], now)
        return Report(
            area,
            period,
            _summed(events, called_off),
            events,
            tuple(_merged([stall for each in events for stall in each.stalls])),
            tuple(self._months(events, called_off)),
        )

    def _months(self, events: Sequence[EventFigures], called_off: Sequence[Event]) -> Iterable[MonthFigures]:
        held, dropped = _by(events, lambda each: self._month(each.event)), _by(called_off, self._month)
        for month in sorted({*held, *dropped}):
            yield MonthFigures(month, _summed(held.get(month, ()), dropped.get(month, ())))

    def _month(self, event: Event) -> date:
        return event.begins_at.astimezone(self.ledger.rules.zone).date().replace(day=1)

    def _events(self, found: Sequence[tuple[Event, int]], now: datetime) -> tuple[EventFigures, ...]:
        if not found:
            return ()
        ids = [event.id for event, _ in found]
        stalls = market.stalls_of(self.ledger.store, ids)
        counted = {(each.stall_id, each.part): each for each in market_figures.heads(self.ledger.store, ids, now)}
        new: dict[int, int] = {}
        for nodes, of_community in self._by_community([event for event, _ in found]):
            new |= market_figures.new_helpers(self.ledger.store, of_community, nodes)
        return tuple(
            _event(event, minutes, new.get(event.id, 0), [_stall(each, counted) for each in stalls.get(event.id, ())])
            for event, minutes in found
        )

    def _by_community(self, events: Sequence[Event]) -> list[tuple[list[str], list[int]]]:
        """The events of each community, with the nodes at which somebody may have come before."""
        homes: dict[str, list[int]] = defaultdict(list)
        for event in events:
            community = self.ledger.tree.community_of(event.node_id)
            homes[community.id if community else event.node_id].append(event.id)
        return [(self._nodes_in(home), ids) for home, ids in homes.items()]


def _was_held(event: Event, now: datetime) -> bool:
    return event.state in TAKES_PLACE and event.begins_at <= now


def _event(event: Event, minutes: int, new: int, stalls: Sequence[StallFigures]) -> EventFigures:
    helpers, visitors = (Heads.of(heads) for heads in ([s.helpers for s in stalls], [s.visitors for s in stalls]))
    return EventFigures(event, Totals(1, 0, helpers, visitors, minutes, new), tuple(stalls))


def _stall(stall: Stall, counted: Mapping[tuple[int, SignUpPart], Counted]) -> StallFigures:
    helpers, visitors = (
        Heads.of([counted[stall.id, part].heads] if (stall.id, part) in counted else [])
        for part in (SignUpPart.HELPER, SignUpPart.VISITOR)
    )
    return StallFigures(stall.name, stall.helpers, stall.visitors, helpers, visitors)


def _summed(events: Sequence[EventFigures], called_off: Sequence[Event]) -> Totals:
    return Totals(
        len(events),
        len(called_off),
        Heads.of(each.total.helpers for each in events),
        Heads.of(each.total.visitors for each in events),
        sum(each.total.minutes for each in events),
        sum(each.total.new_helpers for each in events),
    )


def _merged(stalls: Sequence[StallFigures]) -> Iterable[StallFigures]:
    """Those of one name as one, in the order in which they first stand."""
    for name, same in _by(stalls, lambda each: each.name).items():
        yield StallFigures(
            name,
            sum(each.helper_places for each in same),
            sum(each.numbers for each in same),
            Heads.of(each.helpers for each in same),
            Heads.of(each.visitors for each in same),
        )


def _by(items: Iterable[Each], key: Callable[[Each], Key]) -> dict[Key, list[Each]]:
    found: dict[Key, list[Each]] = defaultdict(list)
    for each in items:
        found[key(each)].append(each)
    return dict(found)


def _shared_out(minutes: Mapping[tuple[int, str], int], found: Sequence[Helper]) -> Mapping[int, int]:
    """What each person gave at an event, at one of their lines: where they came, else the first."""
    lines: dict[tuple[int, str], int] = {}
    for order, each in sorted(enumerate(found), key=lambda pair: pair[1].state not in CAME):
        if each.person_id is not None and each.companion == 0:
            lines.setdefault((each.event_id, each.person_id), order)
    return {lines[key]: given for key, given in minutes.items() if key in lines}
