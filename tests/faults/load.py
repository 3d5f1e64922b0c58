"""The real program under load, in a process of its own that can be killed, and what its gateway sees of it.

The process is forked from a server that has imported everything already: 0.1 s a life instead of 1.5 s.
"""

import asyncio
import json
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import Any, Self

from bot import __main__ as command_line
from bot import app
from bot.channels import Receive, pipe
from bot.clock import now
from bot.config import KEYS_VARIABLE
from community.grievances import intake
from handlers import phrasebook
from handlers.speaking import texts
from tests.keys import LINE

GROUP = "天天向善"
TROUBLES = {
    "resident-1-201": "1号楼1单元没水了",
    "resident-3-501": "3号楼2单元电梯坏了",
    "resident-5-101": "5号楼1单元灯不亮",
    "elder-5-102": "6号楼门口太吵",
    "resident-9-302": "9号楼楼道有垃圾",
    "new-neighbour": "8号楼前乱停车",
}
"""Each resident with a building of their own: the same from a neighbour would be asked about, not sent out."""

processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload([__name__])


class Busy(pipe.Pipe):
    """A pipe that takes the next line before the last one is answered, so that messages share a commit."""

    async def run(self, receive: Receive) -> None:
        async with asyncio.TaskGroup() as tasks:
            lines = enumerate(self.source, start=1)
            while (numbered := await asyncio.to_thread(next, lines, None)) is not None:
                tasks.create_task(self._take(*numbered, receive))


@dataclass(frozen=True, slots=True)
class Report:
    """A report of a resident, as the gateway sends it, again and again until it is acknowledged."""

    id: str
    resident: str
    words: str
    in_group: bool

    def line(self) -> dict[str, Any]:
        """The line for the pipe."""
        if self.in_group:
            return {"id": self.id, "from": self.resident, "group": GROUP, "text": f"@小善 {self.words}"}
        return {"id": self.id, "from": self.resident, "text": f"反映 {self.words}"}


def reports(chance: Random, first: int, count: int) -> list[Report]:
    """New reports. Each has its id in its words, so that what came of it can be found."""
    residents = chance.choices(tuple(TROUBLES), k=count)
    return [
        Report(f"m{number}", resident, f"{TROUBLES[resident]},第m{number}件", chance.random() < 0.7)
        for number, resident in enumerate(residents, start=first)
    ]


@dataclass(slots=True)
class Life:
    """One life of the program, from its start to its death, with the reports it was given and what it wrote."""

    given: list[Report]
    acknowledged: list[Report] = field(default_factory=list)
    said: list[dict[str, Any]] = field(default_factory=list)
    exit_code: int | None = None

    def hear(self, line: str) -> None:
        """Takes in a line that the program wrote. One that the kill has cut short counts for nothing."""
        if not line.endswith("\n"):
            return
        value = json.loads(line)
        assert "error" not in value, value
        if "handled" in value:
            self.acknowledged.append(self.given[value["handled"] - 1])
        else:
            self.said.append(value)


def live(
    config: Path,
    given: Iterable[Report],
    *,
    killed_after: int | None,
    door: Callable[..., Busy] = Busy,
    later: timedelta = timedelta(0),
) -> Life:
    """Starts the program and gives it all reports at once.

    It is killed as soon as it has written so many lines; None lets it come to its own end.
    `door`: the channel that it has in place of the pipe. `later`: so much its clock is ahead of ours.
    """
    life = Life(list(given))
    with _Program(config, door, later) as program:
        program.say(report.line() for report in life.given)
        if killed_after is None:
            program.hang_up()
        for line in program.lines() if killed_after is None else program.lines_until_killed(killed_after):
            life.hear(line)
    life.exit_code = program.process.exitcode
    return life


class _Program:
    """The process, and the ends of its pipes that are ours."""

    def __init__(self, config: Path, door: Callable[..., Busy], later: timedelta) -> None:
        source, self._input = processes.Pipe(duplex=False)
        self._output, target = processes.Pipe(duplex=False)
        self.process = processes.Process(target=_run, args=(config, source, target, door, later), daemon=True)
        self.process.start()
        source.close()
        target.close()
        self._written = open(self._output.fileno(), encoding="utf-8", closefd=False)  # noqa: SIM115

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if sys.exc_info()[0] is not None:
            self.process.kill()
        self.process.join()
        self._written.close()
        self._output.close()
        self._input.close()

    def say(self, lines: Iterable[dict[str, Any]]) -> None:
        with open(self._input.fileno(), "w", encoding="utf-8", closefd=False) as source:
            source.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)

    def hang_up(self) -> None:
        """The end of the input."""
        self._input.close()

    def lines(self) -> Iterator[str]:
        """What it writes, until it ends."""
        return iter(self._written)

    def lines_until_killed(self, count: int) -> Iterator[str]:
        """The same; it is killed after so many lines, and what it had written until then is read to the end."""
        yield from islice(self._written, count)
        self.process.kill()
        yield from self._written


def _run(config: Path, source: Connection, target: Connection, door: Callable[..., Busy], later: timedelta) -> None:
    """The program: `python -m bot run --config …`, with our pipe in place of its own."""
    os.environ[KEYS_VARIABLE] = LINE
    intake.BURST = timedelta(days=1)  # a few residents report the same for hours, and none of it is to be asked about
    reader = open(source.fileno(), encoding="utf-8", closefd=False)  # noqa: SIM115
    writer = open(target.fileno(), "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    app.read_clock = lambda: now() + later  # type: ignore[attr-defined]
    pipe.Pipe = partial(door, source=reader, target=writer)  # type: ignore[assignment,misc]
    sys.argv = ["bot", "run", "--config", str(config)]
    command_line.main()


phrasebook.load()
texts.load()
