"""The whole program under a script's clock: for trying a community's settings, and for tests that span months."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from bot import drawings
from bot.channels import pipe
from bot.delivery import Ledger
from bot.desk import Desk, InlineDesk
from bot.intake import Intake
from bot.photos import Photos

START = datetime(2000, 1, 1, tzinfo=UTC)
"""Where a clock stands that nobody has set: a script says the time with its first line."""

Write = Callable[[dict[str, Any]], None]


class Simulation:
    """Lines in, the bot's words out. `ledger` with a budget sends at an account's pace, in simulated time."""

    def __init__(self, desk: Desk, photos: Photos, ledger: Ledger, write: Write) -> None:
        self.desk = desk
        self.photos = photos
        self.ledger = ledger
        self.write = write
        self.clock = START
        self._intake = Intake(InlineDesk(desk), desk.rules, photos)
        self._next: datetime | None = None
        self._stale = True
        desk.refresh()

    async def run(self, lines: Iterable[tuple[int, str]]) -> int:
        """Plays a script. Gives the number of lines that could not be read."""
        bad = 0
        for number, text in lines:
            try:
                await self.play(pipe.parse(text), number)
                self.write({"handled": number})
            except pipe.BadLine as problem:
                bad += 1
                self.write({"handled": number, "error": str(problem)})
        self._send_the_rest()
        return bad

    async def play(self, line: pipe.Line, number: int) -> None:
        """Plays one line: what falls due before it, then its message."""
        if line.at is not None:
            self._advance(line.at)
        message = pipe.incoming(line, number, self.clock, self.desk.rules.bot_name)
        if message is not None and await self._intake.receive(message):
            self._stale = True
            self._send_due()

    def _advance(self, moment: datetime) -> None:
        """Moves the clock, never back, and does what falls due on the way, each at its time.

        What was due before the script began is done at its beginning, as after a time when the program was off.
        """
        if self.clock == START:
            self.clock = moment
        while (due := self._next_due()) is not None and due <= moment:
            self.clock = max(self.clock, due)
            self._stale = True
            self.desk.run_jobs(self.clock)
            self._send_due()
        self.clock = max(self.clock, moment)

    def _next_due(self) -> datetime | None:
        if self._stale:
            with self.desk.transaction() as (store, _):
                waiting = self.ledger.next_at(store, self.clock, chance=0)
            moments = [moment for moment in (self.desk.next_due(), waiting) if moment is not None]
            self._next, self._stale = min(moments, default=None), False
        return self._next

    def _send_due(self) -> None:
        while self._send_one():
            self._stale = True

    def _send_one(self) -> bool:
        with self.desk.transaction() as (store, community):
            parcel = self.ledger.plan(store, community, self.clock, chance=0).parcel
            if parcel is None:
                return False
            drawings.draw(drawings.prepare(parcel.pictures, community), self.photos)
            self.write(pipe.outgoing(parcel.outgoing(self.photos), self.clock, self.desk.rules.zone))
            self.ledger.note_sent(parcel, store, self.clock)
        return True

    def _send_the_rest(self) -> None:
        """At the end of a paced script: what was said before its last line still goes out, at its pace."""
        end = self.clock
        while True:
            with self.desk.transaction() as (store, _):
                ready = self.ledger.next_at(store, self.clock, chance=0)
                waiting = self.ledger.has_due(store, end)
            if not waiting or ready is None:
                return
            self.clock = max(self.clock, ready)
            self._send_due()
