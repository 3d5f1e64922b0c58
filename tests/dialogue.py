"""Plays a dialogue from `tests/dialogues/*.yaml` against the whole program under the dialogue's clock.

A dialogue is a list of lines:

    赵 → 群: @小善 3号楼电梯坏了      somebody says something in the group
    刘: 接 0001                       … or to the bot alone
    bot → 群: 收到,编号0001…          what the bot says, in the order of sending; … stands for any words
    bot → 刘: 新诉求0001,…            … to a person alone
    赵 → 群: [撤回]                   … takes back what they said last
    赵 → 群: [照片]                   a photo; [不是照片] and [大照片] are none that can be kept
    + 24h                             time passes: s, m, h or d
    = 2026-12-02 09:00                it is then
    不识字: …                         a line of the chat room may also be quoted as YAML wants it

Every message of the bot must be in the dialogue, otherwise it fails: that nobody else was told is part of it.
The codes with which helpers check in at events are 4821, 4822 and so on, in the order in which the events are made.
"""

import io
import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

import yaml
from PIL import Image
from sqlalchemy import delete, update

from bot.channels import pipe
from bot.delivery import Ledger
from bot.desk import Desk
from bot.jobs import JOBS
from bot.photos import LARGEST, Photos
from bot.simulate import Simulation
from community import quiz_file
from community.quizzes.bank import Bank
from community.rules import Rules
from handlers.routing import Job
from storage.database import Database
from storage.tables import event_series, rotas
from tests.privacy.views import told_to_groups, unnoted_views

CHINA = ZoneInfo("Asia/Shanghai")
LONG_AGO = datetime(2000, 1, 1, tzinfo=CHINA)
FOLDER = Path(__file__).with_name("dialogues")
FIRST_CODE = 4821
BANK = Path(__file__).parents[1] / "examples" / "xingfu" / "quiz.yaml"
_LINE = re.compile(r"(?P<who>[^:→]+?)\s*(?:→\s*(?P<to>[^:]+?)\s*)?:\s?(?P<text>.*)", re.DOTALL)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True, slots=True)
class Dialogue:
    """One test: its name, when it begins, who is who, its lines, and rules that are not the usual ones.

    `stations`: whether the community has any; without, nobody is announced or listed while time passes.
    `market`: whether it has series and templates of events; without, nothing is announced and no helpers are called.
    `quiz`: whether there are questions for a quiz, those of the demo community.
    `dispatch`: whether volunteers are asked about tasks by themselves while time passes.
    """

    name: str
    at: datetime
    people: Mapping[str, str]
    groups: Mapping[str, str]
    lines: tuple[str, ...]
    rules: Rules
    stations: bool
    market: bool = False
    quiz: bool = False
    dispatch: bool = True


@dataclass(frozen=True, slots=True)
class Heard:
    """What the bot said: to whom (a short name, or 群), and the words on one line."""

    to: str
    text: str

    def __str__(self) -> str:
        return f"bot → {self.to}: {self.text}"


def read_all() -> list[Dialogue]:
    """Every dialogue of every file."""
    return [dialogue for file in sorted(FOLDER.glob("*.yaml")) for dialogue in read(file)]


def read(file: Path) -> Iterator[Dialogue]:
    """The dialogues of one file. Its first document names people and groups."""
    who, *_ = content = list(yaml.safe_load_all(file.read_text(encoding="utf-8")))
    for each in content[1]:
        begins = datetime.fromisoformat(str(each.get("at", "2026-12-01 09:00"))).replace(tzinfo=CHINA)
        name = f"{file.stem}: {each['name']}"
        lines = tuple(line if isinstance(line, str) else _rejoined(line) for line in each["dialogue"])
        rules, stations, market = Rules(**who.get("rules", {})), who.get("stations", False), who.get("market", False)
        quiz, dispatch = who.get("quiz", False), who.get("dispatch", True)
        yield Dialogue(name, begins, who["people"], who["groups"], lines, rules, stations, market, quiz, dispatch)


def _rejoined(line: Mapping[str, Any]) -> str:
    """YAML reads `赵: 你好` as a mapping of one."""
    ((who, text),) = line.items()
    return f"{who}: {text}"


@dataclass(slots=True)
class Player:
    """Plays one dialogue in a database that holds the demo community."""

    dialogue: Dialogue
    database: Database
    folder: Path
    _heard: list[Heard] = field(default_factory=list)
    _clock: datetime = LONG_AGO
    _last: dict[str, str] = field(default_factory=dict)

    async def play(self) -> None:
        """Raises `AssertionError` that quotes the dialogue where it and the bot part ways."""
        with known_codes():
            await self._play()

    async def _play(self) -> None:
        if not self.dialogue.stations:
            without_rota(self.database)
        if not self.dialogue.market:
            without_series(self.database)
        if self.dialogue.quiz:
            with_bank(self.database)
        desk = Desk(self.database, self.dialogue.rules, {pipe.NAME: pipe.NAME}, self._jobs())
        photos = Photos(self.folder / "photos")
        simulation = Simulation(desk, photos, Ledger(pipe.NAME, pipe.NAME, None), self._hear)
        self._clock = self.dialogue.at
        for number, line in enumerate(self.dialogue.lines, start=1):
            if line.startswith("bot"):
                self._expect(line)
                continue
            self._expect_silence(before=line)
            await simulation.play(self._said(line), number)
        self._expect_silence(before="the end")
        assert not (leaks := told_to_groups(self.database)), "a group was told " + "; ".join(leaks)
        assert not (views := unnoted_views(self.database)), "not in the audit log: " + "; ".join(views)

    def _jobs(self) -> tuple[Job, ...]:
        return tuple(each for each in JOBS if self.dialogue.dispatch or not each.name.startswith("tasks."))

    def _said(self, line: str) -> pipe.Line:
        if line[0] in "+=":
            self._clock = self._moved(line)
            return pipe.Line.model_validate({"at": self._clock})
        found = _LINE.fullmatch(line)
        assert found, f"not a line of a dialogue: {line!r}"
        self._clock += timedelta(seconds=1)
        values: dict[str, Any] = {"at": self._clock, "from": self.dialogue.people[found["who"]], "text": found["text"]}
        if found["to"]:
            values["group"] = self.dialogue.groups[found["to"]]
        if found["text"] == "[撤回]":
            return pipe.Line.model_validate(values | {"text": "", "recall": self._last[found["who"]]})
        self._last[found["who"]] = values["id"] = f"{self._clock:%Y-%m-%d %H:%M:%S} {found['who']}"
        return pipe.Line.model_validate(values | self._picture(found["text"]))

    def _moved(self, line: str) -> datetime:
        if line[0] == "=":
            return datetime.fromisoformat(line[1:].strip()).replace(tzinfo=CHINA)
        amount, unit = line[1:].strip()[:-1], line.strip()[-1]
        return self._clock + timedelta(**{_UNITS[unit]: float(amount)})

    def _picture(self, text: str) -> dict[str, Any]:
        pictures = {"[照片]": picture(), "[不是照片]": b"%PDF-1.4 no picture", "[大照片]": b"0" * (LARGEST + 1)}
        if text not in pictures:
            return {}
        path = self.folder / f"{text[1:-1]}.bin"
        path.write_bytes(pictures[text])
        return {"image": path, "text": ""}

    def _hear(self, value: dict[str, Any]) -> None:
        if "text" not in value:
            return
        names = {identity: name for name, identity in self.dialogue.people.items()}
        names |= {identity: name for name, identity in self.dialogue.groups.items()}
        recipient = value["group"] or value["to"]
        self._heard.append(Heard(names.get(recipient, recipient), value["text"].replace("\n", " ")))

    def _expect(self, line: str) -> None:
        assert self._heard, f"the bot said nothing; expected\n  {line}"
        said = self._heard.pop(0)
        assert _alike(line, str(said)), f"expected\n  {line}\nheard\n  {said}" + self._rest()

    def _expect_silence(self, before: str) -> None:
        assert not self._heard, f"before {before!r} the bot also said" + self._rest()

    def _rest(self) -> str:
        return "".join(f"\n  {said}" for said in self._heard)


def known_codes() -> Any:
    """Codes of events that a dialogue can name, instead of such as nobody can guess."""
    numbers = itertools.count(FIRST_CODE)
    return patch("community.market.opening.secrets", SimpleNamespace(randbelow=lambda _: next(numbers)))


def without_rota(database: Database) -> None:
    """Nobody is on duty: for what must not be disturbed by announcements and lists."""
    with database.begin() as store:
        store.connection.execute(delete(rotas))


def without_series(database: Database) -> None:
    """No event is made by itself: for what must not be disturbed by announcements and calls for helpers."""
    with database.begin() as store:
        store.connection.execute(update(event_series).values(ended_at=LONG_AGO))


def with_bank(database: Database, file: Path = BANK) -> None:
    """The community has questions for a quiz."""
    with database.begin() as store:
        Bank(store).take_over("xingfu", quiz_file.load(file), LONG_AGO)


def _alike(expected: str, said: str) -> bool:
    pattern = ".*".join(re.escape(part) for part in expected.strip().split("…"))
    return re.fullmatch(pattern, said) is not None


def picture(colour: str = "green") -> bytes:
    """A small photo."""
    target = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(target, "JPEG")
    return target.getvalue()
