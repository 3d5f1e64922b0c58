"""What every peer has: an environment of its own, made on first use, and a process of it that plays rounds."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

HERE = Path(__file__).parent
PATIENCE = 600
"""Seconds that an installation may take."""


class NoPeer(Exception):
    """The peer cannot be had here; the words say why."""


def requirements(name: str) -> Path:
    """The pinned list of a peer."""
    return HERE / "peers" / f"requirements-{name}.txt"


@dataclass(frozen=True, slots=True)
class Peer:
    """A running process, which answers each line with a round as JSON behind its mark."""

    name: str
    ask: IO[str]
    answers: IO[str]

    def round(self) -> dict[str, Any]:
        """One round. Raises `NoPeer` where the process has ended instead."""
        self.ask.write("\n")
        self.ask.flush()
        mark = f"{self.name}: "
        for line in self.answers:
            if line.startswith(mark):
                return dict(json.loads(line.removeprefix(mark)))
        raise NoPeer("its process ended before the round did")


@contextmanager
def running(name: str, driver: str, asked: Path, environment: Mapping[str, str] | None = None) -> Iterator[Peer]:
    """A peer's driver, of `peers/`, with what it is asked. Raises `NoPeer`."""
    command = [str(python_of(name)), "-W", "ignore", str(HERE / "peers" / driver), str(asked)]
    pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
    around = os.environ | dict(environment or {})
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=nowhere, text=True, env=around) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield Peer(name, process.stdin, process.stdout)
        finally:
            process.kill()


def version_of(name: str) -> str:
    """The peer as its pinned list has it: errbot==6.2.0."""
    return next(line for line in requirements(name).read_text().splitlines() if line.startswith(f"{name}=="))


def python_of(name: str) -> Path:
    """The interpreter of a peer's environment, made anew where its list has changed. Raises `NoPeer`."""
    environment = HERE / ".venvs" / name
    python, ready, wanted = environment / "bin" / "python", environment / ".ready", requirements(name)
    if not ready.exists() or ready.read_text() != wanted.read_text():
        _run(sys.executable, "-m", "venv", "--clear", str(environment))
        _run(str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", str(wanted))
        ready.write_text(wanted.read_text())
    return python


def _run(*command: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoPeer(f"its environment cannot be made: {type(error).__name__}") from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["?"])[-1]
        raise NoPeer(f"its environment cannot be made: {last[:200]}")
