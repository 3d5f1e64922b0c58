"""A PostgreSQL server of the bench's own, with fsync, on the project's disk."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.figures import WORK
from tests import postgresql

MISSING = postgresql.MISSING


def is_missing() -> bool:
    """Whether PostgreSQL's server programs are not installed here."""
    return postgresql.find_programs() is None


@contextmanager
def server() -> Iterator[postgresql.Server]:
    """Starts one, with the template `migrated`, and stops it. Its commits wait for the disk, as in life."""
    WORK.mkdir(exist_ok=True)
    before, tempfile.tempdir = tempfile.tempdir, str(WORK)
    try:
        with postgresql.server(fsync=True) as started:
            yield started
    finally:
        tempfile.tempdir = before


def bytes_of(server_folder: Path) -> int:
    """How much a server's data take on the disk, its log of changes (WAL) included."""
    return sum(file.stat().st_size for file in (server_folder / "data").rglob("*") if file.is_file())
