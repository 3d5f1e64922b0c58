"""The web server under the chat room: quiet, guarded against other sites' pages, and stopped by cancelling."""

import asyncio
import ipaddress
import logging
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager
from urllib.parse import urlsplit

import uvicorn
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from bot.channels import ChannelStopped

SOCKET_LIMIT = 4 * 1024 * 1024
"""Bytes of one message on the socket: the longest text that is accepted, however it is escaped."""

_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob:; media-src 'self' blob:; "
    "frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class Guard:
    """Lets only the room's own pages speak to it, and adds the headers that keep them from loading anything else.

    The room has no passwords, so a page of another site in the same browser must not be able to act in it. While
    the room listens on this machine only, it answers to this machine's names only: another site could otherwise
    point its own name here (DNS rebinding).
    """

    def __init__(self, app: ASGIApp, host: str) -> None:
        self._app = app
        self._local_only = is_loopback(host)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if problem := self._problem(scope):
            await self._refuse(problem, scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        await self._app(scope, receive, send_guarded)

    def _problem(self, scope: Scope) -> str | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if self._local_only and not is_loopback(urlsplit(f"//{host}").hostname or ""):
            return "请用 127.0.0.1 或 localhost 打开聊天室。Open the chat room as 127.0.0.1 or localhost."
        acts = scope["type"] == "websocket" or scope["method"] not in ("GET", "HEAD")
        if acts and urlsplit(headers.get("origin", "")).netloc != host:
            return "这个请求来自别的网站。This request comes from another site."
        return None

    @staticmethod
    async def _refuse(problem: str, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await WebSocket(scope, receive, send).close()
        else:
            await PlainTextResponse(problem, status_code=403)(scope, receive, send)


class Server(uvicorn.Server):
    """uvicorn as a guest in somebody else's program: signals are the program's business."""

    def __init__(self, app: ASGIApp, on_started: Callable[[], None], on_stopping: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http="h11",
                ws="websockets-sansio",
                ws_max_size=SOCKET_LIMIT,
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
    """A listening socket. Raises `ChannelStopped` with one line that says what to change."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ChannelStopped(
            f"聊天室打不开:{host}:{port} 不能用({reason}),可能已有程序占用,请换一个端口。"
            f"The chat room cannot listen on {host}:{port} ({reason}): choose another port."
        ) from error


def address(host: str, port: int) -> str:
    """Where a browser on this machine finds the room."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104 — shown, not bound
    return f"http://[{reachable}]:{port}/" if ":" in reachable else f"http://{reachable}:{port}/"


def is_loopback(host: str) -> bool:
    """Whether this name or address is this machine's own."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
