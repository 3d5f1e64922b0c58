"""What every peer has: an environment of its own, made on first use from a pinned list."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
PATIENCE = 600
"""Seconds that an installation may take."""


class NoPeer(Exception):
    """The peer cannot be had here; the words say why."""


def requirements(name: str) -> Path:
    """The pinned list of a peer."""
    return HERE / "peers" / f"requirements-{name}.txt"


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
