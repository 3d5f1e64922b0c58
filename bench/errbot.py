"""Errbot beside us: a process of it that plays rounds when asked."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import peer

VERSION = peer.version_of("errbot")


@dataclass(frozen=True, slots=True)
class Round:
    """Seconds for the talk alone and for the whole corpus, and how many commands ran."""

    talk: float
    all: float
    hits: int


@dataclass(frozen=True, slots=True)
class Errbot:
    """A running process."""

    process: peer.Peer

    def play(self) -> Round:
        """One round. Raises `NoPeer` where the process has ended instead."""
        return Round(**self.process.round())


@contextmanager
def running(corpus: Path) -> Iterator[Errbot]:
    """Errbot with the corpus read. Raises `NoPeer`."""
    with peer.running("errbot", "errbot_chatter.py", corpus) as process:
        yield Errbot(process)
