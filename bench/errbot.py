"""Errbot beside us: its environment, made on first use, and a process of it that plays rounds when asked."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

HERE = Path(__file__).parent
ENVIRONMENT = HERE / ".venvs" / "errbot"
REQUIREMENTS = HERE / "peers" / "requirements-errbot.txt"
DRIVER = HERE / "peers" / "errbot_chatter.py"
MARK = "errbot: "
VERSION = next(line for line in REQUIREMENTS.read_text().splitlines() if line.startswith("errbot=="))
PATIENCE = 600


class NoErrbot(Exception):
    """Errbot cannot be had here; the words say why."""


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
        """One round. Raises `NoErrbot` where the process has ended instead."""
        self.ask.write("\n")
        self.ask.flush()
        for line in self.answers:
            if line.startswith(MARK):
                return Round(**json.loads(line.removeprefix(MARK)))
        raise NoErrbot("its process ended before the round did")


@contextmanager
def running(corpus: Path) -> Iterator[Errbot]:
    """Errbot with the corpus read. Raises `NoErrbot`."""
    command = [str(_python()), "-W", "ignore", str(DRIVER), str(corpus)]
    pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=nowhere, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield Errbot(process.stdin, process.stdout)
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
        raise NoErrbot(f"its environment cannot be made: {type(error).__name__}") from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["?"])[-1]
        raise NoErrbot(f"its environment cannot be made: {last[:200]}")
