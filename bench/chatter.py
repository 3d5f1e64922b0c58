"""What it costs to send a message away: wire dict → `Incoming` → `Intake.receive` → "not for us", beside errbot.

The groups are bound and listen for commands, so that every line is looked at. Whatever is for the bot is understood
(address off, normalised, matched to its command) and then counted, not carried out: the peers' handlers only
count, too. Nothing here waits for anything, so it is the processor's time that is measured, on both sides: a neighbour
who takes the processor away does not count.
"""

import asyncio
import gc
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

from bench import corpus, errbot
from bench.errbot import Errbot
from bench.figures import Figure, Rounds, Skipped, Yardstick, work_folder
from bench.peer import NoPeer
from bot.app import rules_of
from bot.clock import now
from bot.config import load
from bot.intake import Intake
from bot.photos import Photos
from community import Community
from community.tree import Group, Tree
from handlers import phrasebook
from handlers.hearing.addressing import without_address
from handlers.hearing.normalise import normalise
from handlers.messages import Incoming
from storage.database import Store

REPEATS = 5
CHANNEL = "bench"
Result = TypeVar("Result")
Wire = Mapping[str, Any]

OURS: Mapping[str, str] = {
    "new": "反映 {words}",
    "list": "查 0123",
    "show": "查 0001",
    "take": "接 0001",
    "done": "办结 0001 {words}",
    "remind": "报修 {words}",
    "close": "补充 0001 {words}",
    "stats": "查一下 0001",
    "find": "查询 0001",
    "help": "投诉 {words}",
}
"""The corpus' ten commands as ours."""


@dataclass(slots=True)
class CountingDesk:
    """Stands where the desk stands: understands what arrives, and counts it."""

    tree: Tree
    bot_name: str
    counted: int = 0
    not_understood: list[str] = field(default_factory=list)

    async def submit(self, incoming: Incoming) -> bool:
        if incoming.overheard:
            raise NotImplementedError("talk never reaches the database")
        heard = phrasebook.load().listener.command(normalise(without_address(incoming.text, self.bot_name)))
        if heard is None:
            self.not_understood.append(incoming.text)
        self.counted += 1
        return True

    async def call(self, function: Callable[[Store, Community], Result]) -> Result:
        raise NotImplementedError("talk never reaches the database")

    ask = call


@dataclass(slots=True)
class Ours:
    """Our side of the comparison."""

    rows: Sequence[Wire]
    desk: CountingDesk
    intake: Intake
    talk: Rounds = field(default_factory=Rounds)
    all: Rounds = field(default_factory=Rounds)

    async def play(self) -> None:
        """One round over the talk, one over everything."""
        expected = sum(row["cmd"] is not None for row in self.rows)
        self.talk.ours.append(await self._seconds([row for row in self.rows if row["cmd"] is None]))
        _must_be(self.desk.counted, 0, "talk taken for commands")
        self.all.ours.append(await self._seconds(self.rows))
        _must_be(self.desk.counted, expected, "commands heard")
        _must_be(len(self.desk.not_understood), 0, "commands not understood")

    async def _seconds(self, rows: Sequence[Wire]) -> float:
        self.desk.counted = 0
        receive = self.intake.receive
        gc.collect()
        began = time.process_time()
        for row in rows:
            await receive(_incoming(row))
        return time.process_time() - began


def measure() -> Iterator[Figure | Skipped]:
    """Microseconds a message, for the talk alone and for the whole corpus."""
    rows = corpus.make()
    with work_folder() as folder:
        file = Path(folder) / "corpus.jsonl"
        file.write_text(corpus.as_json_lines(rows), encoding="utf-8")
        ours = _ours([_in_our_words(asdict(row)) for row in rows], Path(folder))
        try:
            with errbot.running(file) as peer:
                asyncio.run(_by_turns(ours, peer))
        except NoPeer as reason:
            yield Skipped("chatter beside errbot", str(reason))
            asyncio.run(_by_turns(ours, None))
    talk = sum(row.cmd is None for row in rows)
    yield _figure("chatter", ours.talk, talk, "≤ 5; ratio ≥ 3", "Incoming made and sent away as not for us")
    note = "the same with the corpus' 4.8 % of commands, understood and counted"
    yield _figure("chatter and commands", ours.all, len(rows), "", note)


async def _by_turns(ours: Ours, peer: Errbot | None) -> None:
    """One round each to warm up, then round by round in turn."""
    for number in range(REPEATS + 1):
        if number == 1:
            ours.talk, ours.all = Rounds(), Rounds()
        await ours.play()
        if peer is not None:
            theirs = peer.play()
            _must_be(theirs.hits, ours.desk.counted, "commands that errbot ran")
            ours.talk.theirs.append(theirs.talk)
            ours.all.theirs.append(theirs.all)


def _ours(rows: Sequence[Wire], folder: Path) -> Ours:
    rules = rules_of(load(None, {}))
    groups = {str(row["group"]) for row in rows}
    tree = Tree.grow((), (), [Group(CHANNEL, group, f"{group}", "xingfu") for group in groups])
    desk = CountingDesk(tree, rules.bot_name)
    return Ours(rows, desk, Intake(desk, rules, Photos(folder / "photos")))


def _in_our_words(row: dict[str, Any]) -> Wire:
    if row["cmd"] is None:
        return row
    words = row["text"].partition(" ")[2]
    return row | {"text": OURS[row["cmd"]].format(words=words)}


def _incoming(row: Wire) -> Incoming:
    return Incoming(
        channel=CHANNEL,
        account=CHANNEL,
        external_id=str(row["id"]),
        group=str(row["group"]),
        sender=str(row["user"]),
        sender_name=row["name"],
        text=row["text"],
        sent_at=datetime.fromtimestamp(row["ts"], UTC),
        received_at=now(),
    )


def _figure(name: str, rounds: Rounds, n: int, wanted: str, note: str) -> Figure:
    beside = None
    if rounds.theirs:
        beside = Yardstick(f"{errbot.VERSION}, BOT_ASYNC off", _micros(rounds.theirs, n), rounds.times_as_fast)
    return Figure(name, _micros(rounds.ours, n), "µs/message", n, REPEATS, beside, wanted, note)


def _micros(seconds: Sequence[float], n: int) -> float:
    return timedelta(seconds=median(seconds)) / timedelta(microseconds=1) / n


def _must_be(found: int, expected: int, what: str) -> None:
    if found != expected:
        raise RuntimeError(f"{what}: {found}, not {expected}; the figure would not mean what it says")
