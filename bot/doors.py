"""What runs under a lease: an account's channel together with its delivery, and the server of the calendars."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from bot.channels import Channel, ChannelStopped, Receive, Tended
from bot.delivery import Delivery

REST_SECONDS = 600.0
"""How long an account that was refused is left alone before it is tried again."""

log = structlog.get_logger()


class Door:
    """A channel and its delivery. `refused` is told when the channel cannot work; without it that ends everything."""

    def __init__(
        self,
        channel: Channel,
        delivery: Delivery,
        receive: Receive,
        refused: Callable[[str], Awaitable[None]] | None = None,
        *,
        rest: float = REST_SECONDS,
    ) -> None:
        self.channel = channel
        self.delivery = delivery
        self._receive = receive
        self._refused = refused
        self._rest = rest

    async def run(self) -> None:
        """Until cancelled or finished, or until the channel's input ends. Raises `ChannelStopped`."""
        while True:
            try:
                return await self._run_once()
            except ChannelStopped:
                if self._refused is None:
                    raise
                log.error("channel_stopped", channel=self.channel.name)
                await self._refused(self.channel.name)
                await asyncio.sleep(self._rest)

    async def finish(self) -> None:
        """Hands on what has come in, ends the message that is being sent, and leaves the rest to whoever comes next."""
        if isinstance(self.channel, Tended):
            await self.channel.leave()
        self.delivery.finish()

    def be_sure(self, *, sure: bool) -> None:
        if isinstance(self.channel, Tended):
            self.channel.may_take_over = sure

    async def _run_once(self) -> None:
        receiving = asyncio.create_task(self.channel.run(self._receive), name=self.channel.name)
        sending = asyncio.create_task(self.delivery.run())
        try:
            done, _ = await asyncio.wait({receiving, sending}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
            if sending not in done:  # the input has ended
                self.delivery.finish()
                await sending
        finally:
            receiving.cancel()
            sending.cancel()
            await asyncio.gather(receiving, sending, return_exceptions=True)


class Served:
    """A server that one process runs at a time."""

    def __init__(self, serve: Callable[[], Awaitable[None]]) -> None:
        self._serve = serve
        self._finished = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled or finished. Raises what the server raises."""
        self._finished.clear()
        serving = asyncio.ensure_future(self._serve())
        finished = asyncio.create_task(self._finished.wait())
        try:
            done, _ = await asyncio.wait({serving, finished}, return_when=asyncio.FIRST_COMPLETED)
            if serving in done:
                serving.result()
        finally:
            serving.cancel()
            finished.cancel()
            await asyncio.gather(serving, finished, return_exceptions=True)

    async def finish(self) -> None:
        self._finished.set()

    def be_sure(self, *, sure: bool) -> None:
        """A server takes nothing from anybody."""
