"""The gateway as a fixture. One process a module, set back before every test."""

import os
from collections.abc import Iterator

import pytest

from tests.gateway.gateway import Gateway, install_server, why_no_node


@pytest.fixture(scope="session")
def gateway_server() -> None:
    """The Node program, ready to run. Without Node its tests are skipped, except in CI."""
    if missing := why_no_node():
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    install_server()


@pytest.fixture(scope="module")
def gateway_process(gateway_server: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    gateway = Gateway(tmp_path_factory.mktemp("gateway") / "gateway.log")
    gateway.start()
    yield gateway
    gateway.close()


@pytest.fixture
def gateway(gateway_process: Gateway) -> Gateway:
    """A gateway that runs, is logged in and has forgotten the last test; contacts and rooms of other tests may be."""
    gateway_process.start()
    gateway_process.reset()
    return gateway_process
