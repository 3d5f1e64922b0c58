"""What did not go out, for those who look into it: it is sent again, or settled otherwise."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from community.people import Person
from community.refused import Refused
from community.tree import Role, Tree
from storage import outbox, people
from storage.database import Store
from storage.outbox import Undelivered

__all__ = ["Undelivered", "UndeliveredList"]

TOLD_EVERY = timedelta(minutes=10)
"""While more and more goes wrong, those who look into it are told this often at most."""


@dataclass(frozen=True, slots=True)
class UndeliveredList:
    """The list, within one transaction."""

    store: Store
    tree: Tree

    def show(self, worker: Person) -> list[Undelivered]:
        """What did not go out, the newest first, at most 20. Raises `Refused` for those who do not look into it."""
        self._check(worker)
        return outbox.undelivered(self.store)

    def resend(self, worker: Person, draft_id: int, now: datetime) -> None:
        """It goes out once more. Raises `Refused`."""
        self._check(worker)
        if not outbox.resend(self.store, draft_id, now):
            raise Refused("undelivered.not_there", number=draft_id)

    def drop(self, worker: Person, draft_id: int, now: datetime) -> None:
        """It is settled without the bot. Raises `Refused`."""
        self._check(worker)
        if not outbox.drop(self.store, draft_id, now):
            raise Refused("undelivered.not_there", number=draft_id)

    def to_be_told(self, channel: str, group: str | None, person_id: str | None, now: datetime) -> tuple[str, ...]:
        """Who hears that words to this group or person were not sent: workers of their community, or administrators.

        Nobody, where they have just heard so of others, or where it is they whom it did not reach.
        """
        newest = outbox.undelivered(self.store, at_most=1)
        if newest and now - newest[0].failed_at < TOLD_EVERY:
            return ()
        community = self.tree.community_of(self._home(channel, group, person_id)) or self.tree.only_community()
        responsible = self.tree.responsible(community.id) if community else None
        administrators = tuple(holder.person_id for holder in self.tree.everyone(Role.ADMINISTRATOR))
        told = tuple(dict.fromkeys((*(responsible.ids if responsible else ()), *administrators)))
        return () if person_id in told else told

    def _home(self, channel: str, group: str | None, person_id: str | None) -> str | None:
        if group is not None:
            known = self.tree.groups.get((channel, group))
            return known.node_id if known else None
        person = people.by_id(self.store, person_id) if person_id else None
        return person.node_id if person else None

    def _check(self, worker: Person) -> None:
        if not self.tree.holds(worker.id, (Role.COMMUNITY_WORKER, Role.ADMINISTRATOR)):
            raise Refused("undelivered.workers_only")
