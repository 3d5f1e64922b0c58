"""Bookings (预约): a place at a reception, without queueing; reminded of, and what came of it."""

from dataclasses import dataclass

from community.bookings.booking import Booking
from community.bookings.calendar import Calendars
from community.bookings.day import Day
from community.bookings.figures import Figures
from community.bookings.ledger import Ledger
from community.bookings.reminders import Reminders
from community.grievances import Grievances
from community.rules import Rules
from community.tree import Tree
from storage.database import Store

__all__ = ["Bookings"]


@dataclass(frozen=True, slots=True)
class Bookings:
    """Everything that can be done with bookings within one transaction."""

    ledger: Ledger
    booking: Booking
    day: Day
    reminders: Reminders
    figures: Figures
    calendar: Calendars

    @classmethod
    def open(cls, store: Store, tree: Tree, rules: Rules, grievances: Grievances) -> "Bookings":
        """The services, on the same rows."""
        ledger = Ledger(store, tree, rules)
        return cls(
            ledger, Booking(ledger), Day(ledger, grievances), Reminders(ledger), Figures(ledger), Calendars(ledger)
        )
