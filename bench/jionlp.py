"""Jionlp beside us: its environment, made on first use, and a process of it that reads times when asked."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

HERE = Path(__file__).parent
ENVIRONMENT = HERE / ".venvs" / "jionlp"
REQUIREMENTS = HERE / "peers" / "requirements-jionlp.txt"
DRIVER = HERE / "peers" / "jionlp_times.py"
MARK = "jionlp: "
VERSION = next(line for line in REQUIREMENTS.read_text().splitlines() if line.startswith("jionlp=="))
PATIENCE = 600


class NoJionlp(Exception):
    """Jionlp cannot be had here; the words say why."""


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
        """One round. Raises `NoJionlp` where the process has ended instead."""
        self.ask.write("\n")
        self.ask.flush()
        for line in self.answers:
            if line.startswith(MARK):
                return Round(**json.loads(line.removeprefix(MARK)))
        raise NoJionlp("its process ended before the round did")


@contextmanager
def running(phrases: Path) -> Iterator[Jionlp]:
    """Jionlp with the phrases read. Raises `NoJionlp`."""
    command = [str(_python()), "-W", "ignore", str(DRIVER), str(phrases)]
    pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
    environment = os.environ | {"TZ": "Asia/Shanghai"}  # it reads its base in the machine's zone
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=nowhere, text=True, env=environment) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield Jionlp(process.stdin, process.stdout)
        finally:
            process.kill()


def _python() -> Path:
    python = ENVIRONMENT / "bin" / "python"
    ready = ENVIRONMENT / ".ready"
    if not ready.exists() or ready.read_text() != REQUIREMENTS.read_text():
        _run(sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT))
        _run(str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", str(REQUIREMENTS))
        ready.write_text(REQUIREMENTS.read_text())
    return python


def _run(*command: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoJionlp(f"its environment cannot be made: {type(error).__name__}") from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["?"])[-1]
        raise NoJionlp(f"its environment cannot be made: {last[:200]}")
