"""The line that tells a group how full an event is: one that rolls on, not one for everybody who signs up."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from community.market.ledger import Ledger
from community.market.outcomes import Board, Event, EventState
from storage import market
from storage.market import EventGroup

STILL_MEANT = timedelta(hours=1)
"""How long what a group was told of an event is what 「我也去」 is about."""

__all__ = ["EventGroup", "Rolling"]


@dataclass(frozen=True, slots=True)
class Rolling:
    """When a group is told, within one transaction."""

    ledger: Ledger

    def touch(self, event: Event, channel: str, group: str, now: datetime) -> bool:
        """Something has changed that a group may want to know. Whether to say it now; else it is said in time."""
        self.ledger.locked(event.id)
        known = market.group(self.ledger.store, event.id, channel, group)
        found = known or EventGroup(event.id, channel, group, None, None)
        free_at = found.said_at + self.ledger.rules.rolling_every if found.said_at else now
        if now >= free_at:
            market.note_group(self.ledger.store, replace(found, said_at=now, next_at=None), known=known is not None)
            return True
        if found.next_at is None:
            market.note_group(self.ledger.store, replace(found, next_at=free_at), known=True)
        return False

    def told(self, event: Event, channel: str, group: str, now: datetime) -> None:
        """A group was told of an event in other words: the line can wait."""
        known = market.group(self.ledger.store, event.id, channel, group) is not None
        market.note_group(self.ledger.store, EventGroup(event.id, channel, group, now, None), known=known)

    def told_lately(self, channel: str, group: str, now: datetime) -> bool:
        """Whether a group was told of an open event a moment ago, so that 「我也去」 there means it."""
        return market.told_since(self.ledger.store, channel, group, now - STILL_MEANT)

    def next_due(self) -> datetime | None:
        """When a group is to be told next."""
        return market.next_group(self.ledger.store)

    def run(self, now: datetime) -> list[tuple[EventGroup, Board]]:
        """The groups that are to be told by now, and what."""
        found = []
        for each in market.due_groups(self.ledger.store, now):
            event = self.ledger.locked(each.event_id)
            current = market.group(self.ledger.store, event.id, each.channel, each.group)
            if current is None or current.next_at is None or current.next_at > now:
                continue  # another process has told them meanwhile
            market.note_group(self.ledger.store, replace(current, said_at=now, next_at=None), known=True)
            if event.state is EventState.OPEN and event.ends_at > now:
                found.append((current, self.ledger.board(event.id)))
        return found
