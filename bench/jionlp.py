"""Jionlp beside us: a process of it that reads times when asked."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import peer

VERSION = peer.version_of("jionlp")
ZONE = {"TZ": "Asia/Shanghai"}
"""It reads its base in the machine's zone."""


@dataclass(frozen=True, slots=True)
class Round:
    """Seconds for all phrases, and where each begins: `2026-03-12 09:00:00`, or None."""

    seconds: float
    starts: Sequence[str | None]


@dataclass(frozen=True, slots=True)
class Jionlp:
    """A running process."""

    process: peer.Peer

    def read(self) -> Round:
        """One round. Raises `NoPeer` where the process has ended instead."""
        return Round(**self.process.round())


@contextmanager
def running(phrases: Path) -> Iterator[Jionlp]:
    """Jionlp with the phrases read. Raises `NoPeer`."""
    with peer.running("jionlp", "jionlp_times.py", phrases, ZONE) as process:
        yield Jionlp(process)
