"""Jionlp beside us: its environment, made on first use, and a process of it that reads times when asked."""

import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from bench.peer import NoPeer, python_of, requirements

HERE = Path(__file__).parent
DRIVER = HERE / "peers" / "jionlp_times.py"
MARK = "jionlp: "
VERSION = next(line for line in requirements("jionlp").read_text().splitlines() if line.startswith("jionlp=="))


@dataclass(frozen=True, slots=True)
class Round:
    """Seconds for all phrases, and where each begins: `2026-03-12 09:00:00`, or None."""

    seconds: float
    starts: Sequence[str | None]


@dataclass(frozen=True, slots=True)
class Jionlp:
    """A running process."""

    ask: IO[str]
    answers: IO[str]

    def read(self) -> Round:
        """One round. Raises `NoPeer` where the process has ended instead."""
        self.ask.write("\n")
        self.ask.flush()
        for line in self.answers:
            if line.startswith(MARK):
                return Round(**json.loads(line.removeprefix(MARK)))
        raise NoPeer("its process ended before the round did")


@contextmanager
def running(phrases: Path) -> Iterator[Jionlp]:
    """Jionlp with the phrases read. Raises `NoPeer`."""
    command = [str(python_of("jionlp")), "-W", "ignore", str(DRIVER), str(phrases)]
    pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
    environment = os.environ | {"TZ": "Asia/Shanghai"}  # it reads its base in the machine's zone
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=nowhere, text=True, env=environment) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield Jionlp(process.stdin, process.stdout)
        finally:
            process.kill()
