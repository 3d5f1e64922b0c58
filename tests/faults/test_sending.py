"""kill -9 at the two worst moments of sending: just before, and between the gateway's yes and our note of it."""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.channels import Outgoing
from bot.delivery import UNCERTAIN_FOR
from storage.database import Database
from storage.tables import Urgency, outbox
from tests.faults.load import TROUBLES, Busy, Life, Report, live
from tests.keys import KEYS
from tests.postgresql import Server

XINGFU = Path(__file__).parents[2] / "examples" / "xingfu" / "community.yaml"
LONG = os.environ.get("XIAOSHAN_LONG") == "1"
DEATHS = range(1, 10) if LONG else (4,)
"""At which message of its life the program dies."""

LOAD = [
    Report(f"m{number}", resident, f"{words},第m{number}件", in_group=bool(number % 2))
    for number, (resident, words) in enumerate(TROUBLES.items())
]


@dataclass(slots=True)
class Mortal(Busy):
    """A pipe whose program is killed at one of the messages that it sends."""

    dies_at: int = 0
    accepted: bool = False
    sending: int = 0

    async def send(self, message: Outgoing) -> str | None:
        self.sending += 1
        if self.sending == self.dies_at and not self.accepted:
            os.kill(os.getpid(), signal.SIGKILL)
        await Busy.send(self, message)
        if self.sending == self.dies_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return None


@dataclass(frozen=True, slots=True)
class Place:
    """Where the program runs: its settings, and the address of its database."""

    config: Path
    url: str


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    server: Server | None = request.getfixturevalue("xingfu_server") if request.param == "postgresql" else None
    url = server.fresh_url("xingfu") if server else f"sqlite:///{tmp_path}/xingfu.db"
    lines = (f"database: {url}", f"data: {tmp_path}", f"community: {XINGFU}", "channels:\n  pipe:")
    path = tmp_path / "config.yaml"
    path.write_text("\n".join(lines), encoding="utf-8")
    yield Place(path, url)
    if server:
        server.drop(url)


@pytest.mark.parametrize("dies_at", DEATHS)
@pytest.mark.parametrize("accepted", [False, True])
def test_nothing_is_lost_and_at_most_one_message_is_doubled(place: Place, accepted: bool, dies_at: int) -> None:
    first = live(place.config, LOAD, killed_after=None, door=partial(Mortal, dies_at=dies_at, accepted=accepted))
    assert first.exit_code == -signal.SIGKILL
    second = live(place.config, LOAD, killed_after=None)
    assert second.exit_code == 0

    drafts = [row for row in rows(place) if row.urgency <= Urgency.NOTICE]
    assert len(drafts) >= 2 * len(LOAD)
    assert [row for row in drafts if row.sent_at is None] == []
    assert [row for row in drafts if not said_in(row, told(first) + told(second))] == []
    twice = [row for row in drafts if said_in(row, told(first)) and said_in(row, told(second))]
    assert sum(any(said_in(row, Counter([message])) for row in twice) for message in told(first)) == accepted


@pytest.mark.parametrize("accepted", [False, True])
def test_what_is_uncertain_for_long_is_listed_and_not_sent_again(place: Place, accepted: bool) -> None:
    first = live(place.config, LOAD, killed_after=None, door=partial(Mortal, dies_at=3, accepted=accepted))
    second = live(place.config, LOAD, killed_after=None, later=UNCERTAIN_FOR + timedelta(minutes=1))
    assert second.exit_code == 0

    listed = [row for row in rows(place) if row.failed_at is not None]
    assert listed
    assert {(row.error, row.settled_at) for row in listed} == {("uncertain", None)}
    assert not [row for row in listed if said_in(row, told(second))]
    assert [row for row in listed if said_in(row, told(first))] == (listed if accepted else [])
    assert [row for row in rows(place) if "没送到" in row.text], "staff were not told"
    assert not told(first) & told(second)


Message = tuple[str, str]
"""To whom, and what."""


def told(life: Life) -> Counter[Message]:
    """What the gateway accepted in one life."""
    return Counter((said["group"] or said["to"], said["text"]) for said in life.said)


def said_in(row: Any, heard: Counter[Message]) -> bool:
    """Whether a draft is part of a message that the gateway accepted."""
    return any(to == (row.group_external_id or row.to_external_id) and row.text in words for to, words in heard)


def rows(place: Place) -> list[Any]:
    """The outbox, as the next start would find it."""
    with closing(Database(place.url, KEYS)) as database, database.begin() as store:
        return list(store.connection.execute(select(outbox).order_by(outbox.c.id)))
