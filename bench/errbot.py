"""Errbot beside us: its environment, made on first use, and a process of it that plays rounds when asked."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from bench.peer import NoPeer, python_of, requirements

HERE = Path(__file__).parent
DRIVER = HERE / "peers" / "errbot_chatter.py"
MARK = "errbot: "
VERSION = next(line for line in requirements("errbot").read_text().splitlines() if line.startswith("errbot=="))


@dataclass(frozen=True, slots=True)
class Round:
    """Seconds for the talk alone and for the whole corpus, and how many commands ran."""

    talk: float
    all: float
    hits: int


@dataclass(frozen=True, slots=True)
class Errbot:
    """A running process."""

    ask: IO[str]
    answers: IO[str]

    def play(self) -> Round:
        """One round. Raises `NoPeer` where the process has ended instead."""
        self.ask.write("\n")
        self.ask.flush()
        for line in self.answers:
            if line.startswith(MARK):
                return Round(**json.loads(line.removeprefix(MARK)))
        raise NoPeer("its process ended before the round did")


@contextmanager
def running(corpus: Path) -> Iterator[Errbot]:
    """Errbot with the corpus read. Raises `NoPeer`."""
    command = [str(python_of("errbot")), "-W", "ignore", str(DRIVER), str(corpus)]
    pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=nowhere, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield Errbot(process.stdin, process.stdout)
        finally:
            process.kill()
