"""How long what kind of thing is kept: at night, some rows at a time, it is forgotten who said what. Figures stay."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from community.rules import Rules
from storage import announcements, retention
from storage.database import Store

KIND = "retention"
AT = time(2, 40)
"""When the night is quietest."""

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Retention:
    """Forgetting, within one transaction."""

    store: Store
    rules: Rules

    def next_due(self) -> datetime:
        """The night after the last one that is done; at once where there was none yet."""
        last = announcements.last(self.store, KIND)
        return LONG_AGO if last is None else self._night_before(last) + timedelta(days=1)

    def forget(self, now: datetime) -> int:
        """Forgets some rows of each kind that are old enough; once there are none, this night is done."""
        rules, store = self.rules, self.store
        forgotten = (
            retention.grievances_ended(store, now - rules.keep_grievances, now)
            + retention.bookings_over(store, now - rules.keep_bookings, now)
            + retention.tasks_ended(store, now - rules.keep_tasks, now)
            + retention.wishes_ended(store, now - rules.keep_wishes, now)
            + retention.events_over(store, now - rules.keep_events)
            + retention.messages(store, now - rules.keep_messages)
        )
        if not forgotten:
            announcements.note(store, KIND, self._night_before(now), now)
        return forgotten

    def _night_before(self, now: datetime) -> datetime:
        """The last time of night up to now."""
        local = now.astimezone(self.rules.zone)
        tonight = local.replace(hour=AT.hour, minute=AT.minute, second=0, microsecond=0)
        return tonight if tonight <= local else tonight - timedelta(days=1)
