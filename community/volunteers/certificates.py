"""Certificates of hours (志愿服务证明): asked for by a volunteer, issued by the community, checked by anybody.

《志愿服务记录与证明出具办法(试行)》 (民政部令第67号, in force since 2021-02-01): whoever organised the service and
recorded it certifies it, truly and free of charge, with the volunteer's name, what was done when and for how long, a
number and the seal. So a certificate has the hours of one community, as they stand when that community confirms them.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from community.parts.figures import Period
from community.people import Person
from community.refused import Refused
from community.rules import Rules
from community.tree import Tree
from storage import certificates, hours
from storage.certificates import Certificate
from storage.database import Store
from storage.hours import Entry
from storage.tables import CertificateState

__all__ = ["Asked", "Certificate", "CertificateState", "Certificates", "Issued", "NotIssued", "lines_of", "read_number"]

_NUMBER = re.compile(r"zy\s*(?P<year>20\d\d)\s*[-\u2013\u2014_\s]?\s*(?P<running>\d{4,6})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Asked:
    """The community is to confirm it. `tell`: its workers; `is_new` is false for one that was open already."""

    certificate: Certificate
    tell: tuple[str, ...]
    is_new: bool


@dataclass(frozen=True, slots=True)
class Issued:
    """It has a number. `community`: the name of the place that confirmed it."""

    certificate: Certificate
    community: str


@dataclass(frozen=True, slots=True)
class NotIssued:
    """The community did not confirm it."""

    certificate: Certificate
    reason: str


def read_number(words: str) -> str | None:
    """A certificate's number as it was issued, from how somebody types it: ZY2026-0001 from zy2026 0001."""
    found = _NUMBER.search(words)
    return f"ZY{found['year']}-{int(found['running']):04}" if found else None


def lines_of(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """What is certified: a line for each event, with its corrections in it, and one for each other correction.

    Whatever adds up to nothing has no line.
    """
    found: dict[object, dict[str, Any]] = {}
    for entry in entries:
        key = ("event", entry.event_id) if entry.event_id is not None else ("entry", entry.id)
        line = found.setdefault(key, {"day": entry.on_day.isoformat(), "what": entry.what, "minutes": 0})
        line["minutes"] += entry.minutes
    return [line for line in found.values() if line["minutes"]]


@dataclass(frozen=True, slots=True)
class Certificates:
    """Everything that can be done with certificates within one transaction."""

    store: Store
    tree: Tree
    rules: Rules

    def ask(self, person: Person, period: Period, now: datetime) -> Asked | Issued:
        """Asks the community to confirm somebody's hours. One at a time; the same again is the one that is there.

        Raises `Refused` where there are no hours.
        """
        hours.lock(self.store, person.id)
        before = certificates.of_person(self.store, person.id)
        waiting = next((each for each in before if each.state is CertificateState.ASKED), None)
        if waiting is not None:
            return Asked(waiting, self._workers(waiting), is_new=False)
        node_id = self._node(person)
        lines = self._lines(person.id, node_id, period)
        minutes = _sum(lines)
        if minutes <= 0:
            raise Refused("certificates.no_hours")
        same = next((each for each in before if _certifies(each, node_id, period, lines)), None)
        if same is not None:
            return Issued(same, self.tree.nodes[node_id].name)
        row: dict[str, Any] = {
            "number": None,
            "person_id": person.id,
            "node_id": node_id,
            "name": hours.name_of(self.store, person.id),
            "first_day": period.first,
            "last_day": period.last,
            "minutes": minutes,
            "lines": [],
            "state": CertificateState.ASKED,
            "asked_at": now,
        }
        made = self._by_id(certificates.add(self.store, row))
        return Asked(made, self._workers(made), is_new=True)

    def waiting(self, actor: Person) -> list[Certificate]:
        """Those that somebody may decide on, the oldest first. Raises `Refused` for those who decide on none."""
        nodes = [node_id for node_id in self.tree.nodes if self.tree.works_at(actor.id, node_id)]
        if not nodes:
            raise Refused("help.not_for_you")
        return [each for each in certificates.waiting(self.store, nodes) if each.person_id != actor.id]

    def issue(self, actor: Person, certificate_id: int, now: datetime) -> Issued:
        """The community confirms it: it gets a number, and the hours as they are now. Raises `Refused`."""
        certificate = self._to_decide(actor, certificate_id)
        period = Period(certificate.first_day, certificate.last_day)
        lines = self._lines(certificate.person_id, certificate.node_id, period)
        if _sum(lines) <= 0:
            raise Refused("certificates.no_hours_left", number=certificate.id)
        certificates.lock_node(self.store, self._top(certificate.node_id))
        beginning = f"ZY{now.astimezone(self.rules.zone).year}-"
        running = certificates.highest(self.store, beginning) + 1
        certificates.change(
            self.store,
            certificate.id,
            number=f"{beginning}{running:04}",
            name=hours.name_of(self.store, certificate.person_id),
            minutes=_sum(lines),
            lines=lines,
            state=CertificateState.ISSUED,
            decided_at=now,
            decided_by=actor.id,
        )
        return Issued(self._by_id(certificate.id), self.tree.nodes[certificate.node_id].name)

    def refuse(self, actor: Person, certificate_id: int, reason: str, now: datetime) -> NotIssued:
        """The community does not confirm it, and says why. Raises `Refused`."""
        certificate = self._to_decide(actor, certificate_id)
        if not reason.strip():
            raise Refused("certificates.no_reason", number=certificate.id)
        values = {"state": CertificateState.REFUSED, "decided_at": now, "decided_by": actor.id}
        certificates.change(self.store, certificate.id, **values)
        return NotIssued(self._by_id(certificate.id), reason.strip())

    def by_number(self, number: str) -> Certificate:
        """The one that was issued under a number. Raises `Refused` where none was."""
        certificate = certificates.by_number(self.store, number)
        if certificate is None or certificate.state is not CertificateState.ISSUED:
            raise Refused("certificates.not_valid", number=number)
        return certificate

    # --- inside -----------------------------------------------------------------------------------------------

    def _node(self, person: Person) -> str:
        """The community where somebody last gave hours. Raises `Refused` where they never gave any."""
        latest = hours.latest_node(self.store, person.id)
        if latest is None:
            raise Refused("certificates.no_hours")
        node = self.tree.community_of(latest)
        return node.id if node else latest

    def _lines(self, person_id: str, node_id: str, period: Period) -> list[dict[str, Any]]:
        entries = hours.of_person(self.store, person_id, period.first, period.last)
        return lines_of(entry for entry in entries if self.tree.lies_in(entry.node_id, node_id))

    def _to_decide(self, actor: Person, certificate_id: int) -> Certificate:
        certificate = certificates.locked(self.store, certificate_id)
        if certificate is None or not self.tree.works_at(actor.id, certificate.node_id):
            raise Refused("certificates.no_such", number=certificate_id)
        if certificate.person_id == actor.id:
            raise Refused("certificates.not_oneself")
        if certificate.state is CertificateState.ISSUED:
            raise Refused("certificates.issued_already", number=certificate.number)
        if certificate.state is CertificateState.REFUSED:
            raise Refused("certificates.refused_already", number=certificate.id)
        return certificate

    def _by_id(self, certificate_id: int) -> Certificate:
        found = certificates.by_id(self.store, certificate_id)
        if found is None:
            raise LookupError(f"no certificate {certificate_id}")
        return found

    def _workers(self, certificate: Certificate) -> tuple[str, ...]:
        workers = self.tree.workers_for(certificate.node_id)
        return tuple(each for each in workers if each != certificate.person_id)

    def _top(self, node_id: str) -> str:
        """Numbers run through everything that hangs on one node."""
        return [node.id for node in self.tree.upwards(node_id)][-1]


def _sum(lines: Sequence[dict[str, Any]]) -> int:
    return sum(line["minutes"] for line in lines)


def _certifies(certificate: Certificate, node_id: str, period: Period, lines: Sequence[dict[str, Any]]) -> bool:
    """Whether it was issued for the same: nothing has come to it since."""
    return (
        certificate.state is CertificateState.ISSUED
        and certificate.node_id == node_id
        and certificate.first_day == period.first
        and list(certificate.lines) == list(lines)
    )
