"""What stands between the chat room and other sites' pages."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from bot.web import is_loopback

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
