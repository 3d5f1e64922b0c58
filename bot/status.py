"""Figures and signs of life for those who keep the machine: `/metrics`, `/health`, `/ready`. No personal data.

`/health` is about this process alone: what restarts it must not do so because the database is away. `/ready` is about
what it needs, and says what is missing in short words.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot import web
from bot.channels import Channel, Tended
from bot.counts import Counts
from bot.metrics import CONTENT_TYPE, Account, Figures, Metrics, Moment, read_figures
from bot.pace import Budget
from community import Community
from community.tree import Tree
from storage.database import DatabaseUnavailable, Store

FIGURES_LAST = timedelta(minutes=1)
"""The database is asked at most so often, however many ask us."""

ANSWER_SECONDS = 3.0
"""How long we wait for the desk: who asks us waits some ten seconds at most."""

SILENT_SECONDS = 60.0
"""The desk looks up from its work every few seconds at the latest; after so long it is stuck."""

log = structlog.get_logger()
Result = TypeVar("Result")
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class WatchedDesk(Protocol):
    """What is asked of the desk's worker."""

    @property
    def tree(self) -> Tree: ...

    @property
    def is_away(self) -> bool: ...

    @property
    def spooled(self) -> int: ...

    @property
    def waiting(self) -> int: ...

    async def ask(self, function: Callable[[Store, Community], Result]) -> Result: ...


@dataclass(frozen=True, slots=True)
class Watched:
    """The program as it is seen from here. `held`: the channels that run in this process."""

    desk: WatchedDesk
    counts: Counts
    channels: Sequence[Channel]
    accounts: Mapping[Account, Budget | None]
    held: Callable[[], frozenset[str]]
    clock: Callable[[], datetime]


class Status:
    """The server. It runs as a task and stops when that is cancelled."""

    def __init__(self, watched: Watched, *, host: str = "127.0.0.1", port: int = 0) -> None:
        """Port 0 takes any free one."""
        self.started = asyncio.Event()
        self._watched, self._host, self._port = watched, host, port
        self._figures: Figures | None = None
        self._asking: asyncio.Task[Figures] | None = None
        self._away_since: dict[str, float] = {}
        self._metrics = Metrics(watched.counts, self._look)

    @property
    def address(self) -> str:
        """Where it answers on this machine; with port 0 known once `started` is set."""
        return web.address(self._host, self._port)

    async def run(self) -> None:
        """Serves until cancelled. Raises `web.CannotListen` when the port cannot be had."""
        listener = web.listen(self._host, self._port)
        self._port = listener.getsockname()[1]
        server = web.Server(self.application(), self._note_started, self.started.clear)
        await server.serve_until_cancelled(listener)

    def application(self) -> Starlette:
        """`GET /metrics`, `/health` and `/ready`, and nothing else."""
        app = Starlette(
            routes=[
                Route("/metrics", self._serve_metrics),
                Route("/health", self._serve_health),
                Route("/ready", self._serve_ready),
            ]
        )
        app.router.redirect_slashes = False
        return app

    def _note_started(self) -> None:
        log.info("status_served", address=self.address)
        self.started.set()

    async def _serve_metrics(self, _: Request) -> Response:
        await self._refresh()
        return Response(self._metrics.text(), media_type=CONTENT_TYPE, headers=_HEADERS)

    async def _serve_health(self, _: Request) -> Response:
        silent = time.monotonic() - self._watched.counts.desk_answered_at
        alive = silent < SILENT_SECONDS
        return _say(alive, {"alive": alive, "desk_silent_seconds": round(silent, 1)})

    async def _serve_ready(self, _: Request) -> Response:
        missing = await self._missing()
        return _say(not missing, {"ready": not missing, "missing": missing})

    async def _missing(self) -> list[str]:
        """What the program needs and has not, in short words."""
        watched = self._watched
        missing = [] if await self._database_answers() else ["database"]
        if not watched.desk.tree.nodes:
            missing.append("community")
        if watched.desk.spooled:
            missing.append("spool")
        return missing + [f"channel:{name}" for name, ready in sorted(self._connected().items()) if not ready]

    async def _database_answers(self) -> bool:
        if self._watched.desk.is_away:
            return False
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._watched.desk.ask(lambda _store, _community: None)
        except (TimeoutError, DatabaseUnavailable):
            return False
        return True

    def _connected(self) -> dict[str, bool]:
        held = self._watched.held()
        return {
            channel.name: channel.ready if isinstance(channel, Tended) else True
            for channel in self._watched.channels
            if channel.name in held
        }

    def _away(self, connected: Mapping[str, bool]) -> dict[str, float]:
        """For how long, as far as we have seen."""
        now = time.monotonic()
        self._away_since = {
            name: self._away_since.get(name, now) for name, is_connected in connected.items() if not is_connected
        }
        return {name: now - self._away_since[name] if name in self._away_since else 0.0 for name in connected}

    def _look(self) -> Moment:
        watched, connected, held = self._watched, self._connected(), self._watched.held()
        return Moment(
            now=watched.clock(),
            queue=watched.desk.waiting,
            spool=watched.desk.spooled,
            database_away=watched.desk.is_away,
            connected=connected,
            away=self._away(connected),
            held={channel.name: channel.name in held for channel in watched.channels},
            figures=self._figures,
        )

    async def _refresh(self) -> None:
        """Asks the database again when its figures are old. One question at a time; nobody waits long for it."""
        now = self._watched.clock()
        if self._figures is not None and now - self._figures.at < FIGURES_LAST:
            return
        if self._asking is None:
            self._asking = asyncio.create_task(
                self._watched.desk.ask(lambda store, _: read_figures(store, self._watched.accounts, now))
            )
        done, _ = await asyncio.wait({self._asking}, timeout=ANSWER_SECONDS)
        if not done:
            return
        asked, self._asking = self._asking, None
        try:
            self._figures = asked.result()
        except DatabaseUnavailable as away:
            log.info("no_figures", reason=str(away))


def _say(good: bool, found: Mapping[str, object]) -> Response:
    return JSONResponse(found, 200 if good else 503, headers=_HEADERS)
