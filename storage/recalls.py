"""A message that its sender took back: what it said goes, wherever it was kept."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, select, update

from storage.database import Store
from storage.tables import (
    GrievanceState,
    TaskState,
    WishState,
    booking_events,
    bookings,
    grievance_events,
    grievances,
    inbox,
    outbox,
    photos,
    questions,
    tasks,
    wishes,
)

NEWEST = 1_000
"""So many of the last messages are looked through. Chats allow to take back what is minutes old."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """What was taken back, as it was kept."""

    id: int
    text: str
    photos: tuple[str, ...]
    received_at: datetime


_FIND = select(inbox.c.id, inbox.c.text, inbox.c.photos, inbox.c.received_at).where(
    inbox.c.channel == bindparam("channel"),
    inbox.c.account == bindparam("account"),
    inbox.c.external_id == bindparam("external_id"),
    inbox.c.sender == bindparam("sender"),
    inbox.c.kind == "message",
)
_BLANK = update(inbox).where(inbox.c.id == bindparam("letter_id")).values(text="", photos=[], error=None)
_NOT_BEGUN = (GrievanceState.DRAFT, GrievanceState.REPORTED)
_CASES = select(grievances.c.number, grievances.c.words, grievances.c.place, grievances.c.state).where(
    grievances.c.resident_id == bindparam("person"), grievances.c.reported_at == bindparam("moment")
)
_CASE = (
    update(grievances)
    .where(grievances.c.number == bindparam("wanted"))
    .values(words=bindparam("instead"), place=bindparam("new_place"), on_behalf="")
)
_NOTES = (
    update(grievance_events)
    .where(
        grievance_events.c.grievance_number == bindparam("wanted"),
        grievance_events.c.at == bindparam("moment"),
        grievance_events.c.actor_id == bindparam("person"),
        grievance_events.c.step.not_in(("classify", "draft")),
    )
    .values(note="")
)
_ADDED = (
    select(grievance_events.c.grievance_number)
    .join_from(grievance_events, grievances)
    .where(
        grievances.c.resident_id == bindparam("person"),
        grievances.c.ended_at.is_(None),
        grievance_events.c.at == bindparam("moment"),
        grievance_events.c.actor_id == bindparam("person"),
    )
    .distinct()
)
_PHOTOS = delete(photos).where(
    photos.c.person_id == bindparam("person"), photos.c.digest.in_(bindparam("digests", expanding=True))
)
_TASKS = (
    update(tasks)
    .where(
        tasks.c.orderer_id == bindparam("person"),
        tasks.c.ordered_at == bindparam("moment"),
        tasks.c.state == TaskState.ORDERED,
    )
    .values(words=bindparam("instead"), what=bindparam("instead"))
)
_WISHES = (
    update(wishes)
    .where(
        wishes.c.wisher_id == bindparam("person"),
        wishes.c.asked_at == bindparam("moment"),
        wishes.c.state == WishState.ASKED,
    )
    .values(words=bindparam("instead"), public_words="", thing="")
)
_BOOKED = (
    select(booking_events.c.booking_id)
    .join_from(booking_events, bookings)
    .where(
        bookings.c.resident_id == bindparam("person"),
        booking_events.c.at == bindparam("moment"),
        booking_events.c.step == "reason",
    )
)
_BOOKINGS = update(bookings).where(bookings.c.id.in_(_BOOKED)).values(reason="")
_SENT = select(outbox.c.id, outbox.c.text, outbox.c.created_at).order_by(outbox.c.id.desc()).limit(NEWEST)
_SAY = update(outbox).where(outbox.c.id == bindparam("draft_id")).values(text=bindparam("instead"))


_ASKED = select(questions.c.id, questions.c.about, questions.c.prompt_values).where(
    questions.c.person_id == bindparam("person"),
    questions.c.closed_at.is_(None),
    questions.c.asked_at == bindparam("moment"),
)
_UNASK = delete(questions).where(questions.c.id == bindparam("question"))


@dataclass(frozen=True, slots=True)
class Said:
    """Words of the program's, sent or not."""

    id: int
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Case:
    """A grievance that was made of it. `is_begun`: somebody has it, and has read the words."""

    number: int
    words: str
    place: str
    is_begun: bool


def find(store: Store, channel: str, account: str, external_id: str, sender: str) -> Recalled | None:
    """What somebody said in this message, if it was for the bot. Also one of the same transaction."""
    store.flush()
    values = {"channel": channel, "account": account, "external_id": external_id, "sender": sender}
    row = store.connection.execute(_FIND, values).first()
    if row is None or not (row.text or row.photos):  # nothing, or taken back before
        return None
    return Recalled(row.id, row.text, tuple(row.photos), row.received_at)


def blank(store: Store, recalled: Recalled, person_id: str, instead: str) -> None:
    """The message says nothing any more; nor do pictures, orders, wishes and reasons that came of it alone."""
    run, who = store.connection.execute, {"person": person_id, "moment": recalled.received_at}
    run(_BLANK, {"letter_id": recalled.id})
    run(_TASKS, who | {"instead": instead})
    run(_WISHES, who | {"instead": instead})
    run(_BOOKINGS, who)
    if recalled.photos:
        run(_PHOTOS, {"person": person_id, "digests": list(recalled.photos)})


def cases(store: Store, recalled: Recalled, person_id: str) -> list[Case]:
    """The grievances that were made of it."""
    rows = store.connection.execute(_CASES, {"person": person_id, "moment": recalled.received_at})
    return [Case(row.number, row.words, row.place, row.state not in _NOT_BEGUN) for row in rows]


def added_to(store: Store, recalled: Recalled, person_id: str) -> list[int]:
    """The open grievances of theirs whose log has something of it."""
    return list(store.connection.execute(_ADDED, {"person": person_id, "moment": recalled.received_at}).scalars())


def blank_case(store: Store, number: int, instead: str, place: str) -> None:
    """A grievance without the resident's words; where it is, is known by the tree alone."""
    store.connection.execute(_CASE, {"wanted": number, "instead": instead, "new_place": place})


def blank_notes(store: Store, number: int, recalled: Recalled, person_id: str) -> None:
    """What it added to a grievance's log."""
    values: dict[str, Any] = {"wanted": number, "moment": recalled.received_at, "person": person_id}
    store.connection.execute(_NOTES, values)


def said_since(store: Store, recalled: Recalled) -> list[Said]:
    """What the program has said since then, or is about to say, among its newest words."""
    rows = store.connection.execute(_SENT).all()
    return [Said(row.id, row.text, row.created_at) for row in rows if row.created_at >= recalled.received_at]


def say_instead(store: Store, said: Said, text: str) -> None:
    """From now on it has said that."""
    store.connection.execute(_SAY, {"draft_id": said.id, "instead": text})


def asked_then(store: Store, recalled: Recalled, person_id: str) -> list[tuple[int, str]]:
    """The questions that followed from it: their ids, and all that they remember."""
    rows = store.connection.execute(_ASKED, {"person": person_id, "moment": recalled.received_at})
    return [(row.id, f"{row.about}{row.prompt_values}") for row in rows]


def unask(store: Store, question_id: int) -> None:
    """It was never asked."""
    store.connection.execute(_UNASK, {"question": question_id})
