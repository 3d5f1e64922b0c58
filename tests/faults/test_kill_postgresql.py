"""kill -9 at random moments on PostgreSQL: see `test_kill.py`. In a file of its own: both engines run side by side."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.test_kill import Place, kill_at_random_moments, prepared
from tests.postgresql import Server, server

pytestmark = pytest.mark.postgresql


@pytest.fixture
def careful_server(postgresql_server: Server) -> Iterator[Server]:
    """A server that writes to disk when it says so."""
    with server(fsync=True) as started:
        yield started


@pytest.fixture
def place(careful_server: Server, tmp_path: Path) -> Place:
    return prepared(careful_server.fresh_url("template1"), tmp_path)


def test_kill_at_random_moments_under_load(place: Place) -> None:
    kill_at_random_moments(place)
