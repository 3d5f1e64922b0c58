"""The web server under the chat room and the calendars: quiet, and stopped by cancelling."""

import asyncio
import ipaddress
import logging
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp


class CannotListen(Exception):
    """The address cannot be had. Says the system's reason in a few words."""


class Server(uvicorn.Server):
    """uvicorn as a guest in somebody else's program: signals are the program's business, and addresses, which may
    hold what only their owner should know, are in no log.

    `socket_limit` is how many bytes one message on a web socket may have; 0: there are no web sockets.
    """

    def __init__(
        self,
        app: ASGIApp,
        on_started: Callable[[], None],
        on_stopping: Callable[[], None],
        *,
        socket_limit: int = 0,
    ) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http="h11",
                ws="websockets-sansio" if socket_limit else "none",
                ws_max_size=socket_limit,
                lifespan="off",
                log_config=None,
                log_level=logging.WARNING,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=2,
            )
        )
        self._on_started, self._on_stopping = on_started, on_stopping

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Says that the server answers."""
        await super().startup(sockets)
        self._on_started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Lets the program end what it has under way, so that no answer has to wait for it."""
        self._on_stopping()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leaves the signals alone."""
        yield

    async def serve_until_cancelled(self, listener: socket.socket) -> None:
        """Serves; when cancelled, closes what is open and then returns to the canceller."""
        serving = asyncio.create_task(self.serve(sockets=[listener]))
        try:
            await asyncio.shield(serving)
        finally:
            self.should_exit = True
            await serving


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes any free one. Raises `CannotListen`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as error:
        raise CannotListen(getattr(error, "strerror", None) or str(error)) from error


def address(host: str, port: int) -> str:
    """Where a program on this machine finds what listens there."""
    reachable = _this_machine(host) if _is_everywhere(host) else host
    return f"http://[{reachable}]:{port}/" if ":" in reachable else f"http://{reachable}:{port}/"


def _is_everywhere(host: str) -> bool:
    """Whether it listens at every address of this machine."""
    try:
        return not host or ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False


def _this_machine(host: str) -> str:
    return "::1" if ":" in host else "127.0.0.1"


def is_loopback(host: str) -> bool:
    """Whether this name or address is this machine's own."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
