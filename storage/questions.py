"""Open questions: what was asked of whom, about what, until when."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, insert, literal_column, select, update

from storage.database import Store
from storage.tables import questions


@dataclass(frozen=True, slots=True)
class Question:
    """One question. `kind` names the handler for its answer, `about` is what that handler needs to know."""

    id: int
    person_id: str
    kind: str
    about: Mapping[str, Any]
    prompt_key: str
    prompt_values: Mapping[str, Any]
    asked_at: datetime
    expires_at: datetime


_QUESTION = (
    questions.c.id,
    questions.c.person_id,
    questions.c.kind,
    questions.c.about,
    questions.c.prompt_key,
    questions.c.prompt_values,
    questions.c.asked_at,
    questions.c.expires_at,
)
_INSERT = insert(questions)
_OPEN_FOR = (
    select(*_QUESTION)
    .where(
        questions.c.person_id == bindparam("person_id"),
        questions.c.closed_at.is_(None),
        questions.c.expires_at > bindparam("now"),
    )
    .order_by(questions.c.id.desc())
    .limit(20)
)
_EXPIRED = (
    select(*_QUESTION)
    .where(questions.c.closed_at.is_(None), questions.c.expires_at <= bindparam("now"))
    .order_by(questions.c.expires_at)
    .limit(200)
)
_NEXT_EXPIRY = select(func.min(questions.c.expires_at)).where(questions.c.closed_at.is_(None))
_LAST_ASKED = (
    select(questions.c.person_id, func.max(questions.c.asked_at))
    .where(
        questions.c.kind == literal_column("'market.short'"),
        questions.c.person_id.in_(bindparam("people", expanding=True)),
    )
    .group_by(questions.c.person_id)
)
_CLOSE = update(questions).where(questions.c.id == bindparam("question_id")).values(closed_at=bindparam("now"))


def open_for(store: Store, person_id: str, now: datetime) -> list[Question]:
    """What this person still owes an answer to, the newest first. At most 20."""
    return [Question(*row) for row in store.fetch(_OPEN_FOR, {"person_id": person_id, "now": now})]


def add(
    store: Store,
    *,
    person_id: str,
    kind: str,
    about: Mapping[str, Any],
    prompt_key: str,
    prompt_values: Mapping[str, Any],
    now: datetime,
    expires_at: datetime,
) -> None:
    """Asks."""
    store.write(
        _INSERT,
        {
            "person_id": person_id,
            "kind": kind,
            "about": dict(about),
            "prompt_key": prompt_key,
            "prompt_values": dict(prompt_values),
            "asked_at": now,
            "expires_at": expires_at,
        },
    )


def close(store: Store, question_id: int, now: datetime) -> None:
    """It was answered, dropped or has expired."""
    store.write(_CLOSE, {"question_id": question_id, "now": now})


def expired(store: Store, now: datetime) -> list[Question]:
    """Questions whose time is over and that nobody has closed, oldest first. At most 200."""
    return [Question(*row) for row in store.connection.execute(_EXPIRED, {"now": now})]


def last_asked_for_help(store: Store, person_ids: Collection[str]) -> Mapping[str, datetime]:
    """When each of these people was last asked to help out; whoever never was is not in it."""
    if not person_ids:
        return {}
    rows = store.connection.execute(_LAST_ASKED, {"people": list(person_ids)})
    return {row[0]: row[1] for row in rows}


def next_expiry(store: Store) -> datetime | None:
    """When the next question runs out."""
    return store.connection.execute(_NEXT_EXPIRY).scalar_one_or_none()
