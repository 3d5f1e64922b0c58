"""Who somebody is: met in a chat, known from the community file, or introduced by an invitation."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime

from community.refused import Refused
from community.rules import Rules
from storage import people
from storage.database import Store
from storage.people import Address, Person

__all__ = ["Address", "People", "Person"]


@dataclass(frozen=True, slots=True)
class People:
    """Everything that can be done with people within one transaction."""

    store: Store
    rules: Rules

    def meet(self, channel: str, external_id: str, name: str, now: datetime) -> Person:
        """The person behind a channel's id. Somebody nobody knows yet becomes a resident."""
        known = people.at_address(self.store, channel, external_id)
        if known is not None:
            return known
        newcomer = Person(id=f"{channel}:{external_id}", name=name or external_id)
        people.add(self.store, newcomer, Address(channel, external_id), now)
        return newcomer

    def find(self, channel: str, external_id: str) -> Person | None:
        """The same, without getting to know anybody."""
        return people.at_address(self.store, channel, external_id)

    def by_id(self, person_id: str) -> Person | None:
        return people.by_id(self.store, person_id)

    def invite(self, person_id: str, now: datetime) -> str:
        """A code of eight digits with which this person says, once, who they are. Only its digest is kept."""
        if people.by_id(self.store, person_id) is None:
            raise Refused("people.unknown", person=person_id)
        code = f"{secrets.randbelow(10**8):08d}"
        people.add_invitation(self.store, _digest(code), person_id, now + self.rules.invitation_open)
        return code

    def introduce(self, address: Address, code: str, now: datetime) -> Person:
        """From now on this address means the person whom the code was made for. Raises `Refused`."""
        person_id = people.use_invitation(self.store, _digest(code), now)
        person = people.by_id(self.store, person_id) if person_id else None
        if person is None:
            raise Refused("people.no_such_code")
        people.move_address(self.store, address, person.id)
        return person


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
