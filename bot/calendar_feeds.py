"""Calendar files over the web, each at an address that cannot be guessed and is the only key to it."""

import asyncio
import hashlib
import logging
import re
import traceback
from collections.abc import Awaitable, Callable, Mapping

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot import web

Find = Callable[[str], Awaitable[bytes | None]]
"""From a token to its calendar file as it is now; None: there is no such token (any more)."""

FRESH_SECONDS = 300
"""How long a program may show what it has before it asks again."""

NO_CALENDAR = "没有这个日历。链接可能抄错了，或者已经停用；请向小善再要一次。"
NOT_NOW = "日历暂时打不开，请过几分钟再试。"
ONLY_READING = "这里只能读取日历。"

# As `secrets.token_urlsafe` makes them: 22 characters hold 128 bits.
_TOKEN = re.compile(r"[0-9A-Za-z_-]{22,64}")
_RETRY_SECONDS = 300

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
    "Referrer-Policy": "no-referrer",
}

_log = logging.getLogger(__name__)


class CalendarFeeds:
    """The server of the calendars. It runs as a task and stops when that is cancelled."""

    def __init__(self, find: Find, *, host: str = "127.0.0.1", port: int = 0) -> None:
        """Port 0 takes any free one."""
        self.started = asyncio.Event()
        self._find, self._host, self._port = find, host, port

    @property
    def address(self) -> str:
        """Where it answers on this machine, in the form of the settings; with port 0 known once `started` is set."""
        return web.address(self._host, self._port).removesuffix("/")

    async def run(self) -> None:
        """Serves until cancelled. Raises `web.CannotListen` when the port cannot be had."""
        listener = web.listen(self._host, self._port)
        self._port = listener.getsockname()[1]
        server = web.Server(application(self._find), self.started.set, self.started.clear)
        await server.serve_until_cancelled(listener)


def application(find: Find) -> Starlette:
    """`GET /calendar/{token}.ics`, and nothing else."""

    async def serve(request: Request) -> Response:
        token = request.path_params["token"]
        if not _TOKEN.fullmatch(token):
            raise HTTPException(404)
        # Taken as a value: raised, it would come into the log with its words, which may hold the token.
        (found,) = await asyncio.gather(find(token), return_exceptions=True)
        if isinstance(found, BaseException):
            return _failed(found)
        if found is None:
            raise HTTPException(404)
        return _answer(found, request.headers.get("if-none-match", ""))

    app = Starlette(
        routes=[Route("/calendar/{token}.ics", serve)],
        exception_handlers={404: _refuse(NO_CALENDAR), 405: _refuse(ONLY_READING)},
    )
    # An address with one slash too many is simply not there; a redirect would spell it out once more.
    app.router.redirect_slashes = False
    return app


def _answer(content: bytes, known: str) -> Response:
    """The file, or that it is still what the program has."""
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {**_HEADERS, "ETag": tag, "Cache-Control": f"private, max-age={FRESH_SECONDS}"}
    if _is_among(tag, known):
        return Response(status_code=304, headers=headers)
    # A browser that saves the file would else name it after the token.
    headers["Content-Disposition"] = 'inline; filename="calendar.ics"'
    return Response(content, media_type="text/calendar; charset=utf-8", headers=headers)


def _is_among(tag: str, known: str) -> bool:
    """Whether an If-None-Match names this tag; a proxy that packs the answer marks it as weak (RFC 9110, 13.1.2)."""
    return known.strip() == "*" or tag in (each.strip().removeprefix("W/") for each in known.split(","))


def _failed(error: BaseException) -> Response:
    where = "".join(traceback.format_tb(error.__traceback__))
    _log.error("a calendar could not be made: %s\n%s", type(error).__name__, where)
    return _words(503, NOT_NOW, {"Retry-After": str(_RETRY_SECONDS)})


def _refuse(words: str) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def answer(_: Request, refused: Exception) -> Response:
        assert isinstance(refused, HTTPException)
        return _words(refused.status_code, words, refused.headers or {})

    return answer


def _words(status: int, words: str, headers: Mapping[str, str]) -> Response:
    return PlainTextResponse(words, status, {**_HEADERS, "Cache-Control": "no-store", **headers})
