"""What somebody may ask about themselves: what is known of them, all of it in a file, a correction, to be forgotten."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from community.people import Person
from community.privacy.audit import CORRECT, DELETE, EXPORT, Audit
from community.refused import Refused
from community.rules import Rules
from community.tree import Role, Tree
from storage import people, privacy
from storage import tree as tree_rows
from storage.audit import Line
from storage.database import Store
from storage.privacy import OpenAffair, Request
from storage.tables import RequestKind

__all__ = ["OpenAffair", "RequestKind", "Requests"]

ALIAS = "erased:"
"""What the id begins with under which the numbers of somebody stay who was forgotten."""

NEIGHBOURS = frozenset({Role.RESIDENT, Role.VOLUNTEER})
"""Roles that nobody need be relieved of."""

BY_THEMSELVES, NOT_YET = "themselves", "still-open"


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of somebody, in short: `counts` by table, of all that is theirs."""

    name: str
    home: str
    channels: tuple[str, ...]
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Asked:
    """A wish is noted. `is_new`: it was not there before. `tell`: the workers who hear of it."""

    due_at: datetime
    is_new: bool
    tell: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Somebody was forgotten. `tell`: the workers, who hear the new id and nothing else."""

    alias: str
    photos: tuple[str, ...]
    tell: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StillOpen:
    """Somebody wanted to be forgotten, and is still needed for something."""

    person_id: str
    affairs: tuple[OpenAffair, ...]


@dataclass(frozen=True, slots=True)
class Exported:
    """All that is known of somebody: rows by table, and the digests of their photos."""

    tables: Mapping[str, Sequence[Mapping[str, Any]]]
    photos: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Requests:
    """What people ask about themselves, within one transaction."""

    store: Store
    tree: Tree
    rules: Rules
    audit: Audit

    # --- said in chat -----------------------------------------------------------------------------------------

    def known(self, person: Person) -> Known:
        """What there is of somebody."""
        rows = privacy.everything_of(self.store, person.id)
        home = self.tree.nodes.get(person.node_id or "")
        channels = tuple(dict.fromkeys(str(each["channel"]) for each in rows.get("addresses", ())))
        return Known(
            person.name, home.name if home else "", channels, {table: len(found) for table, found in rows.items()}
        )

    def waits(self, person: Person, kind: RequestKind) -> Request | None:
        """What they have asked for and is not done yet."""
        found = privacy.requests_of(self.store, person.id)
        return next((each for each in found if each.kind is kind), None)

    def ask(self, person: Person, kind: RequestKind, now: datetime) -> Asked:
        """Notes that somebody wants a file of all, or to be forgotten; the workers of their community hear of it."""
        before = self.waits(person, kind)
        if before is not None:
            return Asked(before.due_at, is_new=False, tell=())
        due_at = now + (self.rules.forgotten_after if kind is RequestKind.DELETE else self.rules.exported_within)
        privacy.add_request(self.store, person.id, kind, now, due_at)
        return Asked(due_at, is_new=True, tell=self._workers(person))

    def keep(self, person: Person, now: datetime) -> None:
        """They want to be remembered after all. Raises `Refused` where nothing was to be forgotten."""
        request = self.waits(person, RequestKind.DELETE)
        if request is None:
            raise Refused("privacy.nothing_to_keep")
        privacy.close_request(self.store, request.id, BY_THEMSELVES, now)

    def going_on(self, person_id: str) -> tuple[OpenAffair, ...]:
        """What somebody still has, does or is: as long as that is so nobody is forgotten."""
        roles = [OpenAffair("role", each.role) for each in self.tree.roles_of(person_id) if each.role not in NEIGHBOURS]
        return (*roles, *privacy.going_on(self.store, person_id))

    # --- done by the scheduler --------------------------------------------------------------------------------

    def next_due(self) -> datetime | None:
        """When the next one is to be forgotten."""
        return privacy.next_deletion(self.store)

    def forget_due(self, now: datetime) -> list[Forgotten | StillOpen]:
        """Forgets those whose time has come; who is still needed is not, and hears of it."""
        return [self._forget(request, now) for request in privacy.due_deletions(self.store, now)]

    def _forget(self, request: Request, now: datetime) -> Forgotten | StillOpen:
        affairs = self.going_on(request.person_id)
        if affairs:
            privacy.close_request(self.store, request.id, NOT_YET, now)
            return StillOpen(request.person_id, affairs)
        return self.erase(request.person_id, request.person_id, now)

    # --- done by staff ----------------------------------------------------------------------------------------

    def waiting(self) -> list[Request]:
        """What people wait for, the most pressing first."""
        return privacy.requests(self.store)

    def existing(self, person_id: str) -> Person:
        """Raises `Refused` where there is nobody of this id."""
        person = people.by_id(self.store, person_id)
        if person is None or privacy.is_erased(self.store, person_id):
            raise Refused("people.unknown", person=person_id)
        return person

    def export(self, person_id: str, actor_id: str, now: datetime) -> Exported:
        """All that is known of somebody. Raises `Refused`."""
        person = self.existing(person_id)
        found = privacy.everything_of(self.store, person_id)
        self._close(person, RequestKind.EXPORT, actor_id, now)
        self.audit.note(Line(now, actor_id, EXPORT, f"person:{person_id}", "everything"))
        return Exported(found, tuple(privacy.photos_of(self.store, person_id)))

    def correct(self, person_id: str, actor_id: str, now: datetime, *, name: str | None, node_id: str | None) -> None:
        """Writes the right name, the right home, or both. Raises `Refused`."""
        self.existing(person_id)
        if node_id is not None and node_id not in self.tree.nodes:
            raise Refused("groups.no_such_node", wanted=node_id)
        values = {"name": name, "node_id": node_id}
        wanted = {field: value for field, value in values.items() if value is not None}
        if wanted:
            privacy.correct(self.store, person_id, **wanted)
            self.audit.note(Line(now, actor_id, CORRECT, f"person:{person_id}", ",".join(wanted)))

    def correct_address(self, person_id: str, actor_id: str, now: datetime, channel: str, external_id: str) -> None:
        """Writes under which id a channel knows them. Raises `Refused` where it knows them not."""
        self.existing(person_id)
        if not privacy.correct_address(self.store, person_id, channel, external_id):
            raise Refused("privacy.no_such_address", channel=channel)
        self.audit.note(Line(now, actor_id, CORRECT, f"person:{person_id}", "address"))

    def delete(self, person_id: str, actor_id: str, now: datetime) -> Forgotten | StillOpen:
        """Forgets somebody at once, unless they are still needed for something. Raises `Refused`."""
        self.existing(person_id)
        affairs = self.going_on(person_id)
        return StillOpen(person_id, affairs) if affairs else self.erase(person_id, actor_id, now)

    def erase(self, person_id: str, actor_id: str, now: datetime) -> Forgotten:
        """What they wrote and what tells who they are goes; numbers, hours and the steps of logs stay, under an id
        that says nothing. In the audit log the old id stays: it says that there was somebody, and what was done."""
        person = self.existing(person_id)
        alias = ALIAS + secrets.token_hex(8)
        for request in privacy.requests_of(self.store, person_id):
            privacy.close_request(self.store, request.id, actor_id, now)
        pictures = privacy.photos_of(self.store, person_id)
        privacy.erase(self.store, person_id, alias, self._known_by(person), now)
        tree_rows.changed(self.store)
        self.audit.note(Line(now, actor_id, DELETE, f"person:{person_id}", alias))
        orphans = tuple(each for each in pictures if not privacy.still_needed(self.store, each))
        return Forgotten(alias, orphans, self._workers(person))

    def _known_by(self, person: Person) -> list[str]:
        """By what one knows that words are about them: their name, and the numbers of their cases."""
        names = privacy.names_of(self.store, person.id)
        return [*names, *privacy.codes_of(self.store, person.id)]

    def _close(self, person: Person, kind: RequestKind, actor_id: str, now: datetime) -> None:
        request = self.waits(person, kind)
        if request is not None:
            privacy.close_request(self.store, request.id, actor_id, now)

    def _workers(self, person: Person) -> tuple[str, ...]:
        community = self.tree.community_of(person.node_id) or self.tree.only_community()
        responsible = self.tree.responsible(community.id) if community else None
        return tuple(each for each in responsible.ids if each != person.id) if responsible else ()
