"""Who wants to be left alone: what the bot says of its own accord does not reach them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from community.parts.notice import UNASKED, Urgency
from community.people import Person
from community.tree import STAFF, Tree
from storage import people
from storage.database import Store
from storage.outbox import Draft, Due


class Withheld(StrEnum):
    """Why words were not sent, and nobody need look into it."""

    POINTLESS = "pointless"
    MUTED = "muted"


@dataclass(frozen=True, slots=True)
class Muted:
    """They are left alone, or no more. `on_duty`: they hold an office, so what it asks of them still comes."""

    on_duty: bool


@dataclass(frozen=True, slots=True)
class Muting:
    """Peace and its end, within one transaction."""

    store: Store
    tree: Tree

    def mute(self, person: Person) -> Muted:
        """From now on only answers, alarms and what follows from somebody's act reach them."""
        people.set_muted(self.store, person.id, muted=True)
        return Muted(self._is_on_duty(person.id))

    def unmute(self, person: Person) -> None:
        """Everything reaches them again."""
        people.set_muted(self.store, person.id, muted=False)

    def withheld(self, dues: Sequence[Due], now: datetime) -> dict[int, Withheld]:
        """Which of the drafts for one recipient are not to go out, and why."""
        found = {due.id: Withheld.POINTLESS for due in dues if due.draft.until is not None and due.draft.until < now}
        for due in dues:
            if due.id not in found and self._is_spared(due.draft):
                found[due.id] = Withheld.MUTED
        return found

    def _is_spared(self, draft: Draft) -> bool:
        """Whether somebody is not to hear this. Reminders of an office's duties are not theirs to turn off."""
        if draft.group is not None or draft.person_id is None or draft.urgency not in UNASKED:
            return False
        person = people.by_id(self.store, draft.person_id)
        if person is None or not person.muted:
            return False
        return draft.urgency is Urgency.ANNOUNCEMENT or not self._is_on_duty(person.id)

    def _is_on_duty(self, person_id: str) -> bool:
        return self.tree.holds(person_id, STAFF)
