"""A crowd with bookings whose reminders fall due, and a process that does nothing but what is due."""

import multiprocessing
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert

from bot.desk import Desk
from bot.jobs import JOBS
from community.bookings.steps import Stage
from community.rules import CHINA, Rules
from storage import rota
from storage.database import Database, Store
from storage.tables import BookingState, DutyKind, ReceptionState, addresses, bookings, people, stations
from tests.keys import KEYS

CHANNEL = "pipe"
LONG_AGO = datetime(2026, 1, 1, tzinfo=CHINA)

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload([__name__])


def open_station(store: Store, begins_at: datetime, places: int) -> int:
    """A station with one reception. Gives its id."""
    store.connection.execute(
        insert(stations), {"id": "crowd", "node_id": "xingfu", "name": "幸福社区工作站", "address": "", "hours": ""}
    )
    return open_reception(store, begins_at, places)


def open_reception(store: Store, begins_at: datetime, places: int = 1) -> int:
    """One more reception at the station. Gives its id."""
    return rota.add(
        store,
        station_id="crowd",
        rota_id=None,
        planned_on=begins_at.date(),
        kind=DutyKind.CONGRESS_DEPUTY,
        person_id=None,
        person_name="王建华",
        begins_at=begins_at,
        ends_at=begins_at + timedelta(hours=2),
        places=places,
        bring="",
        state=ReceptionState.PLANNED,
        sequence=0,
        changed_at=LONG_AGO,
        next_at=None,
        stage="",
    )


def book(store: Store, reception_id: int, starts_at: datetime, dues: Sequence[datetime]) -> None:
    """Somebody's booking for each of these moments, at which they are to be reminded."""
    names = [f"r{reception_id}-{number}" for number in range(len(dues))]
    store.connection.execute(
        insert(people), [{"id": each, "name": each, "node_id": None, "created_at": LONG_AGO} for each in names]
    )
    store.connection.execute(
        insert(addresses),
        [{"channel": CHANNEL, "external_id": each, "person_id": each, "seen_at": LONG_AGO} for each in names],
    )
    rows = [
        {
            "reception_id": reception_id,
            "resident_id": name,
            "place": number,
            "state": BookingState.HELD,
            "starts_at": starts_at,
            "for_whom": "",
            "reason": "",
            "booked_at": LONG_AGO,
            "late": False,
            "record": "",
            "sequence": 0,
            "changed_at": LONG_AGO,
            "next_at": due,
            "stage": Stage.EVENING,
        }
        for number, (name, due) in enumerate(zip(names, dues, strict=True), start=1)
    ]
    store.connection.execute(insert(bookings), rows)


def remind_until_done(url: str, now: datetime) -> None:
    """Does what is due, again and again until nothing is: as a program's ticker would."""
    database = Database(url, KEYS)
    desk = Desk(database, Rules(), {CHANNEL: CHANNEL}, [job for job in JOBS if job.name == "bookings.remind"])
    while (due := desk.next_due()) is not None and due <= now:
        desk.run_jobs(now)
    database.close()


def in_processes(count: int, url: str, now: datetime) -> None:
    """The same by several processes at once."""
    started: list[Any] = [_processes.Process(target=remind_until_done, args=(url, now)) for _ in range(count)]
    for process in started:
        process.start()
    for process in started:
        process.join(120)
    assert [process.exitcode for process in started] == [0] * count
