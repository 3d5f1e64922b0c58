"""What came of the wishes of a period, as the field prints it: posted, claimed, come true; crowd wishes by themselves.

A report is about what was wished for in its period, as it stands now: so its figures add up.
"""

from dataclasses import dataclass

from community.areas import area_of, communities_in
from community.parts.figures import Median, Period, Rate
from community.people import Person
from community.refused import Refused
from community.tree import Node
from community.wishes.ledger import Ledger
from storage import wish_figures
from storage.figures import Scope, Waits
from storage.wish_figures import Counted, OpenNow


@dataclass(frozen=True, slots=True)
class Report:
    """`single`: for one giver; `crowd`: for many. `reasons`: why some were not met, in the words of the staff."""

    area: Node
    period: Period
    single: Counted
    crowd: Counted
    reasons: tuple[tuple[str, int], ...]
    to_claim: Median
    to_fulfilment: Median
    open_now: OpenNow

    @property
    def asked(self) -> int:
        """All that was wished for."""
        return self.single.asked + self.crowd.asked

    @property
    def fulfilment(self) -> Rate:
        """What came true, of what everybody was told of."""
        return Rate(self.single.fulfilled, self.single.posted)

    @property
    def crowd_fulfilment(self) -> Rate:
        """The same of crowd wishes."""
        return Rate(self.crowd.fulfilled, self.crowd.posted)


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures within one transaction."""

    ledger: Ledger

    def report(self, person: Person, group_node: str | None, period: Period) -> Report:
        """The figures of the area in which this person works. Raises `Refused` for all others."""
        area = area_of(self.ledger.tree, person, group_node)
        if area is None:
            raise Refused("wishes_figures.staff_only")
        return self.of_area(area, period)

    def of_area(self, area: Node, period: Period) -> Report:
        """The figures of an area, for whoever may read them."""
        store, zone = self.ledger.store, self.ledger.rules.zone
        nodes = communities_in(self.ledger.tree, area)
        scope = Scope(nodes, period.begin(zone), period.end(zone))
        single, crowd = wish_figures.totals(store, scope)
        return Report(
            area,
            period,
            single,
            crowd,
            tuple(wish_figures.reasons(store, scope)) if single.unmet + crowd.unmet else (),
            _median(wish_figures.waits_for_claim(store, scope)),
            _median(wish_figures.waits_for_fulfilment(store, scope)),
            wish_figures.open_now(store, nodes),
        )


def _median(waits: Waits) -> Median:
    return Median(waits.middle, waits.count)
