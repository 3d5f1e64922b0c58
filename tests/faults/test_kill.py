"""kill -9 at random moments under load: what was acknowledged is there once, and nothing is half done."""

import os
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bot import app
from bot.clock import now
from bot.delivery import MOST_MERGED
from community import importing
from tests.faults.load import GROUP, Life, Report, live, reports

ROUNDS = 300 if os.environ.get("XIAOSHAN_LONG") == "1" else 30
XINGFU = Path(__file__).parents[2] / "examples" / "xingfu" / "community.yaml"
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


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    lines = (
        f"database: sqlite:///{tmp_path}/xingfu.db",
        f"data: {tmp_path}",
        f"community: {XINGFU}",
        "answered_each: 1000",  # a few residents report hundreds: here it is the number of answers that counts
        "channels:\n  pipe:",
    )
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_kill_at_random_moments_under_load(config: Path) -> None:
    gateway = Gateway(Random(20261201))
    interrupted = 0
    for _ in range(ROUNDS):
        load = gateway.next_load()
        life = live(config, load, killed_after=gateway.chance.randint(0, len(load)))
        gateway.note(life)
        interrupted += bool(gateway.waiting)
        check(config, gateway)
    assert interrupted, "no kill fell into the work: the load is too light to show anything"

    last = live(config, gateway.next_load(), killed_after=None)
    gateway.note(last)

    assert last.exit_code == 0
    assert not gateway.waiting
    check(config, gateway)
    check_all_was_sent(config, gateway)


def test_the_end_of_the_input_sends_every_answer_once(config: Path) -> None:
    gateway = Gateway(Random(1))
    life = live(config, gateway.next_load(), killed_after=None)
    gateway.note(life)

    check_all_was_sent(config, gateway)
    assert {message: times for message, times in gateway.heard.items() if times > 1} == {}


def test_a_first_start_that_breaks_off_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the next start finds our tables, takes them for a community that runs, and nobody is in it."""
    url = f"sqlite:///{tmp_path}/xingfu.db"

    def break_off(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(importing, "import_community", break_off)
        app.open_database(url, XINGFU, now())

    with closing(app.open_database(url, XINGFU, now())) as database, database.begin() as store:
        assert store.connection.exec_driver_sql("SELECT count(*) FROM nodes").scalar_one() > 0


# --- what must hold after every kill --------------------------------------------------------------------------


def check(config: Path, gateway: Gateway) -> None:
    """Whatever happened: each report wholly or not at all, and each acknowledged one wholly."""
    with _opened(config) as database:
        assert _column(database, "PRAGMA integrity_check") == ["ok"]
        assert _column(database, "PRAGMA foreign_key_check") == []
        kept = Counter(_column(database, "SELECT external_id FROM inbox"))
        unfinished = _column(
            database, "SELECT external_id FROM inbox WHERE handled_at IS NULL OR attempts <> 1 OR error IS NOT NULL"
        )
        grievances = dict(database.execute("SELECT number, words FROM grievances").fetchall())
        steps = _steps(database)
        drafts = _drafts(database)
    assert unfinished == []
    assert set(gateway.acknowledged) <= set(kept)
    assert {identity: times for identity, times in kept.items() if times > 1} == {}
    numbers = {_REPORT_ID.findall(words)[0]: number for number, words in grievances.items()}
    assert len(numbers) == len(grievances), "one report became two grievances"
    assert set(numbers) == set(kept), "a report without its grievance, or a grievance without its report"
    assert steps == {number: ["draft", "report"] for number in grievances}
    assert drafts == _expected(gateway, numbers)


def check_all_was_sent(config: Path, gateway: Gateway) -> None:
    """Every answer was sent at least once; twice only what was on its way at a kill."""
    with _opened(config) as database:
        assert _column(database, "SELECT text FROM outbox WHERE sent_at IS NULL AND urgency < 3") == []
        drafts = _drafts(database)
    assert set(gateway.heard) == set(drafts)
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


def _drafts(database: sqlite3.Connection) -> Counter[Message]:
    rows = database.execute("SELECT group_external_id, to_external_id, text FROM outbox")
    return Counter(
        message
        for group, to, text in rows.fetchall()
        for message in _messages({"group": group, "to": to, "text": text})
    )


def _steps(database: sqlite3.Connection) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for number, step in database.execute("SELECT grievance_number, step FROM grievance_events ORDER BY id"):
        found.setdefault(number, []).append(step)
    return found


def _column(database: sqlite3.Connection, query: str) -> list[Any]:
    return [row[0] for row in database.execute(query)]


@contextmanager
def _opened(config: Path) -> Iterator[sqlite3.Connection]:
    """The database as anybody would find it, read without the program. Empty when it was killed before the first."""
    app.open_database(f"sqlite:///{config.parent}/xingfu.db", XINGFU, now()).close()
    with closing(sqlite3.connect(config.parent / "xingfu.db")) as database:
        yield database
