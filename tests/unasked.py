"""What must hold of all that the program has sent, whatever it was: nobody is disturbed unasked, or too often."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row, select

from community.parts.notice import is_quiet
from community.rules import Rules
from community.tree import STAFF
from storage.database import Database
from storage.tables import DeadlineClass, Urgency, grievances, inbox, outbox, people, roles, tasks

AT_ONCE = timedelta(seconds=2)


def disturbances(database: Database, rules: Rules, *, muted: frozenset[str] = frozenset()) -> list[str]:
    """What was sent that should not have been, each with the rule that it breaks."""
    with database.begin() as store:
        rows = store.connection.execute(select(outbox).order_by(outbox.c.sent_at)).all()
    sent = [row for row in rows if row.sent_at is not None]
    return [*_at_night(sent, rules), *_too_many(sent, rules), *_to_muted(sent, muted, database), *_vanished(rows)]


def everybody(database: Database) -> frozenset[str]:
    """The ids of all people that are known."""
    with database.begin() as store:
        return frozenset(store.connection.execute(select(people.c.id)).scalars())


def without_an_act(database: Database, rules: Rules) -> list[str]:
    """What was said at night of the bot's own accord, though it was about nothing that is urgent."""
    with database.begin() as store:
        rows = store.connection.execute(select(outbox).where(outbox.c.sent_at.is_not(None))).all()
        moments = list(store.connection.execute(select(inbox.c.received_at)).scalars())
        life = select(grievances.c.number).where(grievances.c.deadline_class == DeadlineClass.LIFE)
        urgent = {f"{number:04}" for number in store.connection.execute(life).scalars()}
        hurried = select(tasks.c.id).where(tasks.c.urgent.is_(True))
        urgent |= {f"T{number:03}" for number in store.connection.execute(hurried).scalars()}
    return [
        f"{row.urgency} {row.text}"
        for row in rows
        if is_quiet(row.sent_at, rules)
        and Urgency.ALARM < row.urgency <= Urgency.NOTICE
        and not any(timedelta(0) <= row.created_at - moment <= AT_ONCE for moment in moments)
        and not any(number in row.text for number in urgent)
    ]


def _at_night(sent: list[Row[Any]], rules: Rules) -> Iterator[str]:
    for row in sent:
        if row.urgency >= Urgency.REMINDER and is_quiet(row.sent_at, rules):
            yield f"in the quiet hours: {row.text}"


def _too_many(sent: list[Row[Any]], rules: Rules) -> Iterator[str]:
    told: dict[tuple[str, str, date], set[datetime]] = defaultdict(set)
    for row in sent:
        if row.urgency >= Urgency.REMINDER and row.group_external_id is not None:
            day = row.sent_at.astimezone(rules.zone).date()
            told[row.channel, row.group_external_id, day].add(row.sent_at)
    for (_, group, day), moments in told.items():
        if len(moments) > rules.unasked_per_day:
            yield f"{len(moments)} unasked messages on {day} in {group}"


def _to_muted(sent: list[Row[Any]], muted: frozenset[str], database: Database) -> Iterator[str]:
    with database.begin() as store:
        on_duty = set(store.connection.execute(select(roles.c.person_id).where(roles.c.role.in_(STAFF))).scalars())
    for row in sent:
        duty = row.person_id in on_duty and row.urgency == Urgency.REMINDER
        if row.person_id in muted and row.group_external_id is None and row.urgency >= Urgency.REMINDER and not duty:
            yield f"to {row.person_id}, who wants peace: {row.text}"


def _vanished(rows: Any) -> Iterator[str]:
    """What is not sent waits, or is recorded with a reason."""
    for row in rows:
        if row.failed_at is not None and not row.error:
            yield f"not sent, without a reason: {row.text}"
