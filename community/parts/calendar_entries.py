"""What stands in a calendar: turns and spells of duty. Apart from the file, whose library is slow to load."""

from dataclasses import dataclass
from datetime import datetime, timedelta

BEFORE_BOOKING = timedelta(hours=2)
"""How long before a booked turn its owner's phone reminds."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One turn or one spell of duty.

    The `uid` stays the same for ever; each change, the cancellation too, comes with a higher `sequence` and a later
    `changed_at`. A cancelled entry stays in its feed for a while: one that is merely gone may remain on a phone.
    Raises `ValueError` for a time without a zone, or an end that is not after the beginning.
    """

    uid: str
    sequence: int
    begins: datetime
    ends: datetime
    summary: str
    place: str
    notes: str
    cancelled: bool
    changed_at: datetime

    def __post_init__(self) -> None:
        if any(moment.utcoffset() is None for moment in (self.begins, self.ends, self.changed_at)):
            raise ValueError("an entry's times have a zone")
        if self.ends <= self.begins:
            raise ValueError("an entry ends after it begins")
