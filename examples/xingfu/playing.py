"""What the makers of the demo's scripts share: made-up people who hear what the real program says, and answer it.

Nothing is drawn but from seeds, so a script that is played again takes the same course.
"""

import asyncio
import heapq
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bot import app
from bot.channels import pipe
from bot.delivery import Ledger
from bot.desk import Desk
from bot.jobs import JOBS
from bot.photos import Photos
from bot.simulate import Simulation
from community.parts.questions import Question
from community.rules import CHINA, Rules
from storage.sealing import Keys, new_key

HERE = Path(__file__).resolve().parent
GROUP = "天天向善"
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Line:
    """What somebody says now."""

    sender: str
    text: str
    group: bool = False
    name: str = ""


Act = Callable[[], Iterator[Line]]


@dataclass(order=True, slots=True)
class Planned:
    """Something that somebody means to do at some time."""

    at: datetime
    order: int
    act: Act = field(compare=False)


@dataclass(slots=True)
class Play:
    """Everybody, and the bot. `said` is the script so far; `asked` and `told` are what makes them people."""

    desk: Desk
    folder: Path
    now: datetime
    said: list[dict[str, Any]] = field(default_factory=list)
    heard: list[dict[str, Any]] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    _plan: list[Planned] = field(default_factory=list)
    _orders: int = 0
    _asked: set[int] = field(default_factory=set)
    _done: set[tuple[Any, ...]] = field(default_factory=set)

    def asked(self, who: str, question: Question, now: datetime) -> None:
        """Somebody was asked something; once for each question."""

    def told(self, who: str, text: str, now: datetime) -> None:
        """Somebody was told something in private."""

    async def live(self, last: datetime) -> None:
        """From the first thing that was planned to this moment."""
        simulation = Simulation(
            self.desk, Photos(self.folder), Ledger(pipe.NAME, pipe.NAME, None), lambda line: self._hear(line)
        )
        while self._plan and self._plan[0].at <= last:
            planned = heapq.heappop(self._plan)
            moment = max(planned.at, simulation.clock + timedelta(seconds=1))
            await simulation.play(pipe.Line.model_validate({"at": moment}), 0)
            self._listen(simulation.clock)
            for line in planned.act():
                await self._say(simulation, line)
        self.said.append({"at": max(last, simulation.clock).astimezone(CHINA).isoformat()})

    async def _say(self, simulation: Simulation, line: Line) -> None:
        moment = simulation.clock + timedelta(seconds=1)
        written: dict[str, Any] = {"at": moment.astimezone(CHINA).isoformat(), "from": line.sender, "text": line.text}
        if line.name:
            written["name"] = line.name
        if line.group:
            written["group"] = GROUP
        self.said.append(written)
        await simulation.play(pipe.Line.model_validate(written), len(self.said))
        self._listen(simulation.clock)

    def plan(self, moment: datetime, act: Act) -> None:
        """Somebody will do this then."""
        self._orders += 1
        heapq.heappush(self._plan, Planned(moment, self._orders, act))

    def plan_looks(self, first: datetime, last: datetime) -> None:
        """Everybody looks at their telephone at least once an hour."""
        for hour in range((last - first) // HOUR):
            self.plan(first + hour * HOUR, list[Line]().__iter__)

    def says(self, who: str, text: str, *, group: bool = False) -> Act:
        """What somebody will say."""

        def act() -> Iterator[Line]:
            yield Line(who, text, group, self.names.get(who, ""))

        return act

    def once(self, *what: Any) -> bool:
        """Whether this has not been done before. It has from now on."""
        fresh = what not in self._done
        self._done.add(what)
        return fresh

    def open_question(self, who: str, identity: int, now: datetime) -> tuple[Question, bool] | None:
        """A question that is still open, and whether a bare number would answer it."""
        listed = self._questions(who, now)
        found = next((each for each in listed if each.id == identity), None)
        return (found, found is listed[-1]) if found else None

    def _hear(self, line: dict[str, Any]) -> None:
        if line.get("to"):
            self.heard.append(line)

    def _listen(self, now: datetime) -> None:
        """Everybody reads what came for them, and means to do something about it."""
        self.now = now
        news, self.heard = self.heard, []
        for line in news:
            who = line["to"]
            for question in self._questions(who, now):
                if question.id not in self._asked:
                    self._asked.add(question.id)
                    self.asked(who, question, now)
            self.told(who, line["text"], now)

    def _questions(self, who: str, now: datetime) -> list[Question]:
        with self.desk.transaction() as (_, community):
            person = community.people.find(pipe.NAME, who)
            return community.questions.open_for(person.id, now)[::-1] if person else []


@contextmanager
def demo_desk(first: date) -> Iterator[tuple[Desk, Path]]:
    """The real program with the demo community, imported on that day, in memory; and a folder for its photos."""
    database = app.open_database("sqlite://", Keys.read([new_key()]), HERE / "community.yaml", at(first, 0))
    with TemporaryDirectory() as folder:
        yield Desk(database, Rules(), {pipe.NAME: pipe.NAME}, JOBS), Path(folder)
    database.close()


def write(play: Play, last: datetime, file: Path) -> None:
    """Lets them live until then, and writes down what everybody said."""
    asyncio.run(play.live(last))
    lines = (json.dumps(line, ensure_ascii=False) for line in play.said)
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """A moment here."""
    return datetime.combine(day, time(hour, minute), CHINA)


def awake(moment: datetime) -> datetime:
    """Residents answer between seven and half past ten."""
    local = moment.astimezone(CHINA)
    if local.time() < time(7):
        return at(local.date(), 7, local.minute)
    return at(local.date() + DAY, 7, local.minute) if local.time() > time(22, 30) else local


def days(first: date, last: date) -> Iterator[date]:
    """Each day from the first to the last."""
    yield from (first + offset * DAY for offset in range((last - first).days + 1))
