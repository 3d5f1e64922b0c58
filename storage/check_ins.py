"""What checking in asks of the tables beside the sign-ups: wrong codes, and who leads what in these days."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import bindparam, delete, func, insert, select

from storage.database import Store
from storage.market import Event
from storage.tables import EventState, check_in_tries, events

_INSERT_TRY = insert(check_in_tries)
_TRIES = (
    select(func.count())
    .select_from(check_in_tries)
    .where(check_in_tries.c.person_id == bindparam("person"), check_in_tries.c.at > bindparam("since"))
)
_FORGET_TRIES = delete(check_in_tries).where(
    check_in_tries.c.person_id == bindparam("person"), check_in_tries.c.at <= bindparam("until")
)
_LED = (
    select(*events.c)
    .where(
        events.c.leader_id == bindparam("person"),
        events.c.begins_at >= bindparam("since"),
        events.c.begins_at < bindparam("until"),
        events.c.state.in_(bindparam("states", expanding=True)),
    )
    .order_by(events.c.begins_at, events.c.id)
    .limit(50)
)


def note_try(store: Store, person_id: str, now: datetime) -> None:
    """Somebody typed a code that is none."""
    store.connection.execute(_INSERT_TRY, {"person_id": person_id, "at": now})


def tries(store: Store, person_id: str, since: datetime) -> int:
    """How often they did since then."""
    return int(store.connection.execute(_TRIES, {"person": person_id, "since": since}).scalar_one())


def forget_tries(store: Store, person_id: str, until: datetime) -> None:
    """What they typed until then counts no more."""
    store.connection.execute(_FORGET_TRIES, {"person": person_id, "until": until})


def led(store: Store, person_id: str, since: datetime, until: datetime, states: Collection[EventState]) -> list[Event]:
    """The events that somebody leads and that begin then, in their order of time; fifty at most."""
    values = {"person": person_id, "since": since, "until": until, "states": list(states)}
    return [Event(*tuple(row)) for row in store.connection.execute(_LED, values)]
