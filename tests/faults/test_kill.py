"""kill -9 at random moments under load: what was acknowledged is there once, and nothing is half done."""

import os
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import ColumnElement, select, text

from bot import app
from bot.clock import now
from bot.delivery import MOST_MERGED
from community import importing
from storage.database import Database, Store
from storage.tables import grievance_events, grievances, inbox, outbox
from tests.faults.load import GROUP, Life, Report, live, reports
from tests.keys import KEYS

ROUNDS = 300 if os.environ.get("XIAOSHAN_LONG") == "1" else 30
XINGFU = Path(__file__).parents[2] / "examples" / "xingfu" / "community.yaml"
WHOLE = ["draft", "report"]
"""The log of a report that went out."""

_NUMBER = re.compile(r"(?:编号|新诉求|^)(\d{4,})", re.MULTILINE)
_REPORT_ID = re.compile(r"第(m\d+)件")

Message = tuple[str, int]
"""To whom, and about which grievance."""


@dataclass(slots=True)
class Gateway:
    """What a gateway knows: what it was told was taken, and what it must send again."""

    chance: Random
    made: int = 0
    waiting: list[Report] = field(default_factory=list)
    acknowledged: dict[str, Report] = field(default_factory=dict)
    heard: Counter[Message] = field(default_factory=Counter)

    def next_load(self) -> list[Report]:
        """What was never acknowledged, some of what was, and new reports: mixed, and some of them twice."""
        new = reports(self.chance, self.made, self.chance.randint(10, 40))
        self.made += len(new)
        again = self._some(list(self.acknowledged.values()))
        load = [*self.waiting, *new, *again, *self._some(new)]
        self.chance.shuffle(load)
        self.waiting += new
        return load

    def note(self, life: Life) -> None:
        """Takes in what came of one life of the program."""
        self.acknowledged |= {report.id: report for report in life.acknowledged}
        self.waiting = [report for report in self.waiting if report.id not in self.acknowledged]
        self.heard.update(message for said in life.said for message in _messages(said))

    def _some(self, of: list[Report]) -> list[Report]:
        return self.chance.sample(of, min(5, len(of)))


@dataclass(frozen=True, slots=True)
class Place:
    """Where the program runs: its settings, and the address of its database."""

    config: Path
    url: str


def prepared(url: str, folder: Path) -> Place:
    """The settings for a program on this database, with its files in the folder."""
    lines = (
        f"database: {url.replace('+psycopg', '')}",
        f"data: {folder}",
        f"community: {XINGFU}",
        "answered_each: 1000",  # a few residents report hundreds: here it is the number of answers that counts
        "answered_a_minute: 100000",
        "channels:\n  pipe:",
    )
    config = folder / "config.yaml"
    config.write_text("\n".join(lines), encoding="utf-8")
    return Place(config, url)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return prepared(f"sqlite:///{tmp_path}/xingfu.db", tmp_path)


def test_kill_at_random_moments_under_load(place: Place) -> None:
    kill_at_random_moments(place)


def kill_at_random_moments(place: Place) -> None:
    """As many lives as there are rounds, each killed somewhere, and the last to its own end."""
    gateway = Gateway(Random(20261201))
    interrupted = 0
    for _ in range(ROUNDS):
        load = gateway.next_load()
        life = live(place.config, load, killed_after=gateway.chance.randint(0, len(load)))
        gateway.note(life)
        interrupted += bool(gateway.waiting)
        check(place, gateway)
    assert interrupted, "no kill fell into the work: the load is too light to show anything"

    last = live(place.config, gateway.next_load(), killed_after=None)
    gateway.note(last)

    assert last.exit_code == 0
    assert not gateway.waiting
    check(place, gateway)
    check_all_was_sent(place, gateway)


def test_the_end_of_the_input_sends_every_answer_once(place: Place) -> None:
    gateway = Gateway(Random(1))
    life = live(place.config, gateway.next_load(), killed_after=None)
    gateway.note(life)

    check_all_was_sent(place, gateway)
    assert {message: times for message, times in gateway.heard.items() if times > 1} == {}


def test_a_first_start_that_breaks_off_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the next start finds our tables, takes them for a community that runs, and nobody is in it."""
    url = f"sqlite:///{tmp_path}/xingfu.db"

    def break_off(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(importing, "import_community", break_off)
        app.open_database(url, KEYS, XINGFU, now())

    with closing(app.open_database(url, KEYS, XINGFU, now())) as database, database.begin() as store:
        assert store.connection.exec_driver_sql("SELECT count(*) FROM nodes").scalar_one() > 0


# --- what must hold after every kill --------------------------------------------------------------------------


def check(place: Place, gateway: Gateway) -> None:
    """Whatever happened: each report wholly or not at all, and each acknowledged one wholly."""
    with _opened(place) as database, database.begin() as store:
        _must_be_sound(store)
        kept = Counter(_column(store, inbox.c.external_id))
        unfinished = _column(
            store,
            inbox.c.external_id,
            inbox.c.handled_at.is_(None) | (inbox.c.attempts != 1) | inbox.c.error.is_not(None),
        )
        rows = store.connection.execute(select(grievances.c.number, grievances.c.words)).all()
        steps = _steps(store)
        drafts = _drafts(store)
    words_of = {row.number: row.words for row in rows}
    assert unfinished == []
    assert set(gateway.acknowledged) <= set(kept)
    assert {identity: times for identity, times in kept.items() if times > 1} == {}
    numbers = {_REPORT_ID.findall(words)[0]: number for number, words in words_of.items()}
    assert len(numbers) == len(words_of), "one report became two grievances"
    assert set(numbers) == set(kept), "a report without its grievance, or a grievance without its report"
    half_done = {words: steps.get(number) for number, words in words_of.items() if steps.get(number) != WHOLE}
    assert half_done == {}
    assert drafts == _expected(gateway, numbers)


def check_all_was_sent(place: Place, gateway: Gateway) -> None:
    """Every answer was sent at least once; twice only what was on its way at a kill. What was on its way at more than
    one, or for too long, is on the undelivered list, and not forgotten."""
    with _opened(place) as database, database.begin() as store:
        waiting = outbox.c.sent_at.is_(None) & (outbox.c.urgency < 3)
        assert _column(store, outbox.c.text, waiting & outbox.c.failed_at.is_(None)) == []
        undelivered = _drafts(store, outbox.c.failed_at.is_not(None) & outbox.c.uncertain_since.is_not(None))
        drafts = _drafts(store)
    assert set(gateway.heard) <= set(drafts)
    assert set(drafts) - set(gateway.heard) <= set(undelivered)
    twice = sum(times - 1 for times in gateway.heard.values())
    assert twice <= ROUNDS * MOST_MERGED


def _expected(gateway: Gateway, numbers: dict[str, int]) -> Counter[Message]:
    """Who must be told of what: the group in which it was said, the resident, the grid head."""
    known = {report.id: report for report in (*gateway.acknowledged.values(), *gateway.waiting)}
    found: Counter[Message] = Counter()
    for identity, number in numbers.items():
        report = known[identity]
        grid = (int(report.words[0]) + 3) // 4
        recipients = [report.resident, f"gridhead-{grid}", *([GROUP] if report.in_group else [])]
        found.update((recipient, number) for recipient in recipients)
    return found


def _messages(said: dict[str, Any]) -> Iterator[Message]:
    recipient = said["group"] or said["to"]
    return ((recipient, int(number)) for number in _NUMBER.findall(said["text"]))


def _drafts(store: Store, where: ColumnElement[bool] | None = None) -> Counter[Message]:
    query = select(outbox.c.group_external_id, outbox.c.to_external_id, outbox.c.text)
    rows = store.connection.execute(query if where is None else query.where(where))
    return Counter(
        message for group, to, words in rows for message in _messages({"group": group, "to": to, "text": words})
    )


def _steps(store: Store) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    events = select(grievance_events.c.grievance_number, grievance_events.c.step).order_by(grievance_events.c.id)
    for number, step in store.connection.execute(events):
        found.setdefault(number, []).append(step)
    return found


def _column(store: Store, column: ColumnElement[Any], where: ColumnElement[bool] | None = None) -> list[Any]:
    query = select(column)
    return list(store.connection.execute(query if where is None else query.where(where)).scalars())


def _must_be_sound(store: Store) -> None:
    """What the engine itself can check. PostgreSQL's foreign keys are checked as they are written."""
    if store.connection.dialect.name == "sqlite":
        for question, answer in (("integrity_check", ["ok"]), ("foreign_key_check", [])):
            assert list(store.connection.execute(text(f"PRAGMA {question}")).scalars()) == answer


def _opened(place: Place) -> "closing[Database]":
    """The database as the next start finds it, when the server has noticed that the process is gone."""
    database = app.open_database(place.url, KEYS, XINGFU, now())
    if not database.is_sqlite:
        with database.begin() as store:
            store.connection.execute(_END_OTHERS)
    return closing(database)


_END_OTHERS = text(
    "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = current_database() "
    "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
)
