"""Who was shown what that is somebody else's: a log that those who are in it cannot change.

Each row's digest covers the row and the digest before it, with a secret that lies sealed in the database: who can
write into the tables and has not the keys can make no row that fits. What is cut off at the end is seen by whoever
has kept the newest digest elsewhere.
"""

import hashlib
import hmac
import json
import secrets as random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from storage import audit, secrets
from storage.audit import Entry, Line
from storage.database import Store

SECRET = "audit"  # noqa: S105  # the name under which it is kept
VIEW, EXPORT, CORRECT, DELETE, RECALL = "view", "export", "correct", "delete", "recall"
LONGEST_FIELD, LONGEST_SUBJECT = 60, 160


@dataclass(frozen=True, slots=True)
class Shown:
    """Something of somebody's that a reply tells another unmasked: `grievance:12` and which of its fields."""

    subject: str
    field: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What a walk along the chain found: how many rows, the newest digest, and the first row that does not fit.

    `expected`: whether the digest that somebody had kept was met on the way; None where none was given.
    """

    rows: int
    head: str
    broken: int | None
    expected: bool | None

    @property
    def is_sound(self) -> bool:
        return self.broken is None and self.expected is not False


@dataclass(frozen=True, slots=True)
class Audit:
    """The log, within one transaction. What is noted is written at its very end, when little waits any more."""

    store: Store
    _noted: dict[Line, None] = field(default_factory=dict)

    def viewed(self, actor_id: str, subject: str, field: str, now: datetime) -> None:
        """Somebody was shown this."""
        self.note(Line(now, actor_id, VIEW, subject[:LONGEST_SUBJECT], field[:LONGEST_FIELD]))

    def shown(self, actor_id: str, all_shown: Iterable[Shown], now: datetime) -> None:
        """Somebody was shown all this."""
        for each in all_shown:
            self.viewed(actor_id, each.subject, each.field, now)

    def note(self, line: Line) -> None:
        """Any line. The same one twice in a transaction is one."""
        if not self._noted:
            self.store.at_end(self._append)
        self._noted[line] = None

    def verify(self, expect: str | None = None) -> Verified:
        """Walks the chain in its order, as far as it fits."""
        secret = secrets.find(self.store, SECRET)
        head, rows, met = "", 0, expect == ""
        for entry in audit.in_order(self.store):
            if secret is None or entry.previous != head or not _fits(entry, secret):
                return Verified(rows, head, entry.id, _asked(expect, met))
            head, rows, met = entry.digest, rows + 1, met or entry.digest == expect
        return Verified(rows, head, None, _asked(expect, met))

    def find(self, actor_id: str | None, subject: str | None) -> list[Entry]:
        """What somebody was shown, or who was shown something."""
        return audit.find(self.store, actor_id, subject)

    def head(self) -> str:
        """The newest digest, to be kept elsewhere."""
        return audit.head(self.store)

    def _append(self) -> None:
        lines = list(self._noted)
        self._noted.clear()
        audit.lock(self.store)
        audit.add(self.store, chained(lines, audit.head(self.store), self._secret()))

    def _secret(self) -> str:
        found = secrets.find(self.store, SECRET)
        if found is None:
            found = random.token_hex(32)
            secrets.add(self.store, SECRET, found)
        return found


def chained(lines: Sequence[Line], head: str, secret: str) -> list[tuple[Line, str, str]]:
    """Lines with the digest before each and its own."""
    found: list[tuple[Line, str, str]] = []
    for line in lines:
        digest = digest_of(line, head, secret)
        found.append((line, head, digest))
        head = digest
    return found


def digest_of(line: Line, previous: str, secret: str) -> str:
    """The digest of a line in its place: HMAC-SHA256, in hexadecimal."""
    at = line.at.astimezone(UTC).isoformat()
    words = json.dumps([previous, at, line.actor_id, line.deed, line.subject, line.field], ensure_ascii=False)
    return hmac.new(bytes.fromhex(secret), words.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def _asked(expect: str | None, met: bool) -> bool | None:
    return None if expect is None else met


def _fits(entry: Entry, secret: str) -> bool:
    return hmac.compare_digest(entry.digest, digest_of(entry.line, entry.previous, secret))
