"""From a channel to the desk: what is for the bot goes on, everything else ends here without a trace."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.counts import Counts
from bot.desk import DeskAccess
from bot.photos import PhotoRefused, Photos
from community.rules import Rules
from community.tree import Ear
from handlers import phrasebook
from handlers.conversation import takes_photos
from handlers.hearing.addressing import is_for_bot
from handlers.hearing.alarms import hear_alarm
from handlers.hearing.normalise import normalise
from handlers.hearing.quotes import without_quotation
from handlers.messages import Incoming
from handlers.overhearing import is_awaited_photo, may_concern
from storage.database import DatabaseUnavailable

MOST_REMEMBERED = 1_000
"""Photos in groups of which it is remembered, in memory only, that they were sent: a few minutes of a busy city."""


class Intake:
    """Every message passes here. It must cost next to nothing to send one away."""

    def __init__(self, desk: DeskAccess, rules: Rules, photos: Photos, counts: Counts | None = None) -> None:
        self._desk = desk
        self._counts = counts or Counts()
        self._rules = rules
        self._photos = photos
        self._listener = phrasebook.load().listener
        self._shown: OrderedDict[tuple[str, str, str | None], list[Incoming]] = OrderedDict()

    async def receive(self, incoming: Incoming) -> bool:
        """Has a message answered if it is for the bot. Returns when it is durable: whether it was."""
        self._counts.seen += 1
        if incoming.kind == "recall":
            return await self._desk.submit(replace(incoming, overheard=True))
        if incoming.group is not None and not self.hears(incoming):
            if incoming.fetch_photo is None and not may_concern(incoming.text):
                return False  # nearly everything ends here
            overheard = await self._overheard(incoming)
            if overheard is None:
                return False
            incoming = overheard
        if incoming.fetch_photo is not None:
            incoming = await self._with_photos(incoming, [incoming])
        elif incoming.group is not None and self._shown:
            incoming = await self._with_photos(incoming, self._shown_before(incoming))
        self._counts.for_us += 1
        return await self._desk.submit(incoming)

    def hears(self, incoming: Incoming) -> bool:
        """Whether a group message is for the bot."""
        group = self._desk.tree.groups.get((incoming.channel, incoming.group or ""))
        listens = group is not None and group.ear is not Ear.MENTION
        if group is not None and group.ear is Ear.ALARM and _cries_for_help(incoming.text):
            return True
        return is_for_bot(
            incoming.text,
            bot_name=self._rules.bot_name,
            mentions_bot=incoming.mentions_bot,
            listener=self._listener if listens else None,
        )

    async def _overheard(self, incoming: Incoming) -> Incoming | None:
        """What was said to nobody and may yet concern the bot; None for a photo that does not, as far as is known."""
        if incoming.fetch_photo is not None:
            return await self._overheard_photo(incoming)
        return replace(incoming, overheard=True)

    async def _overheard_photo(self, photo: Incoming) -> Incoming | None:
        """A photo that belongs to what its sender has just reported; else it is remembered for a while.

        While that cannot be found out the photo is put where it can be removed from again, and decided upon later.
        """
        try:
            awaited = await self._desk.ask(lambda _store, community: is_awaited_photo(photo, community))
        except DatabaseUnavailable:
            waiting = await self._with_photos(photo, [photo], self._photos.undecided())
            return replace(waiting, fetch_photo=None, overheard=True) if waiting.photos else None
        if not awaited:
            self._remember(photo)
            return None
        return photo

    def _remember(self, photo: Incoming) -> None:
        """A report may follow. Only where the picture can be had is remembered, not the picture, and not on disk."""
        key = (photo.channel, photo.sender, photo.group)
        self._shown.setdefault(key, []).append(photo)
        self._shown.move_to_end(key)
        self._forget_before(photo.received_at - self._rules.photo_window)

    def _forget_before(self, moment: datetime) -> None:
        while self._shown:
            key, photos = next(iter(self._shown.items()))
            if photos[-1].received_at >= moment and len(self._shown) <= MOST_REMEMBERED:
                return
            del self._shown[key]

    def _shown_before(self, incoming: Incoming) -> list[Incoming]:
        """Photos that the sender showed in this group a moment ago, where the text is one that takes photos."""
        if not takes_photos(incoming.text, self._rules.bot_name, mentions_bot=incoming.mentions_bot):
            return []
        since = incoming.received_at - self._rules.photo_window
        shown = self._shown.pop((incoming.channel, incoming.sender, incoming.group), [])
        return [photo for photo in shown if photo.received_at >= since]

    async def _with_photos(
        self, incoming: Incoming, carriers: Sequence[Incoming], photos: Photos | None = None
    ) -> Incoming:
        """The message with its pictures kept. What is wrong with one is only said where there are no words."""
        digests: list[str] = []
        problem: str | None = None
        for carrier in carriers:
            try:
                digests.append(await _kept(carrier, photos or self._photos))
            except (PhotoRefused, OSError) as fault:
                problem = fault.problem if isinstance(fault, PhotoRefused) else "lost"
        if incoming.text.strip():
            problem = None
        return replace(incoming, photos=tuple(digests), photo_problem=problem)


async def _kept(carrier: Incoming, photos: Photos) -> str:
    assert carrier.fetch_photo is not None
    return await asyncio.to_thread(photos.keep, await carrier.fetch_photo())


def _cries_for_help(text: str) -> bool:
    """Normalising costs more than all the rest: only where a group has cries for help heard."""
    return hear_alarm(normalise(without_quotation(text))) is not None
