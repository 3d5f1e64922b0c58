"""From a channel to the desk: what is for the bot goes on, everything else ends here without a trace."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.desk import DeskAccess
from bot.photos import PhotoRefused, Photos
from community import Community
from community.rules import Rules
from community.tree import Ear
from handlers import phrasebook
from handlers.conversation import takes_photos
from handlers.hearing.addressing import is_for_bot
from handlers.hearing.alarms import hear_alarm
from handlers.hearing.normalise import normalise
from handlers.hearing.quotes import OPENS_QUOTATION, number_quoted, quotation, without_quotation
from handlers.messages import Incoming
from handlers.routing import router
from storage.database import Store

LONGEST_ME_TOO = 12
"""Characters of 「我们单元也是」 and the like. Whatever is longer is not looked at."""

LONGEST_BARE_WORDS = 8
"""Characters of 「我选B」 and the like."""

MOST_REMEMBERED = 1_000
"""Photos in groups of which it is remembered, in memory only, that they were sent: a few minutes of a busy city."""


class Intake:
    """Every message passes here. It must cost next to nothing to send one away."""

    def __init__(self, desk: DeskAccess, rules: Rules, photos: Photos) -> None:
        self._desk = desk
        self._rules = rules
        self._photos = photos
        self._listener = phrasebook.load().listener
        self._me_too = phrasebook.load().me_too
        self._shown: OrderedDict[tuple[str, str, str | None], list[Incoming]] = OrderedDict()

    async def receive(self, incoming: Incoming) -> bool:
        """Has a message answered if it is for the bot. Returns after the commit: whether it was."""
        if incoming.group is not None and not self.hears(incoming):
            if incoming.fetch_photo is None:
                if not await self._is_wanted(incoming):
                    return False
            elif not await self._is_awaited(incoming):
                self._remember(incoming)
                return False
        if incoming.fetch_photo is not None:
            incoming = await self._with_photos(incoming, [incoming])
        elif incoming.group is not None and self._shown:
            incoming = await self._with_photos(incoming, self._shown_before(incoming))
        await self._desk.submit(incoming)
        return True

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

    async def _is_wanted(self, incoming: Incoming) -> bool:
        """Whether words that are not said to the bot belong to something that goes on in the group."""
        return await self._is_list(incoming) or await self._is_me_too(incoming) or await self._are_bare_words(incoming)

    async def _is_list(self, incoming: Incoming) -> bool:
        """Whether this is a chain sign-up for something that the bot knows of, where it may listen."""
        lists = router.lists
        if lists is None or not lists.may_be(incoming.text):
            return False
        group = self._desk.tree.groups.get((incoming.channel, incoming.group or ""))
        if group is None or group.ear is Ear.MENTION:
            return False
        return await self._desk.call(lambda _store, community: lists.concerns(incoming, community))

    async def _is_me_too(self, incoming: Incoming) -> bool:
        """Whether 「+1」 or 「我家也是」 is said of a grievance that was told in the group a moment ago, or in reply
        to the bot's words about one; in reply to a neighbour it may mean anything."""
        if len(incoming.text) > LONGEST_ME_TOO and not incoming.text.startswith(OPENS_QUOTATION):
            return False
        said = without_quotation(incoming.text)
        if len(said) > LONGEST_ME_TOO or normalise(said) not in self._me_too:
            return False
        if quotation(incoming.text) is not None:
            return number_quoted(incoming.text, self._rules.bot_name) is not None

        def ask(_store: Store, community: Community) -> bool:
            group = community.groups.find(incoming.channel, incoming.group or "")
            return group is not None and community.grievances.intake.told_in(group, incoming.received_at) is not None

        return await self._desk.call(ask)

    async def _are_bare_words(self, incoming: Incoming) -> bool:
        """Whether these are words for something that goes on in the group: somebody answers a quiz aloud."""
        if len(incoming.text) > LONGEST_BARE_WORDS:
            return False
        text = normalise(incoming.text)
        going_on = [each.goes_on for each in router.listening if each.goes_on is not None and each.may_be(text)]
        if not going_on:
            return False

        def ask(_store: Store, community: Community) -> bool:
            channel, group, now = incoming.channel, incoming.group or "", incoming.received_at
            return any(goes_on(community, channel, group, now) for goes_on in going_on)

        return await self._desk.call(ask)

    async def _is_awaited(self, incoming: Incoming) -> bool:
        """Whether a photo in a group belongs to what its sender has just reported there."""

        def ask(_store: Store, community: Community) -> bool:
            person = community.people.find(incoming.channel, incoming.sender)
            group = community.groups.find(incoming.channel, incoming.group or "")
            return person is not None and community.grievances.intake.awaits_photo(person, group, incoming.received_at)

        return await self._desk.call(ask)

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

    async def _with_photos(self, incoming: Incoming, carriers: Sequence[Incoming]) -> Incoming:
        """The message with its pictures kept. What is wrong with one is only said where there are no words."""
        digests: list[str] = []
        problem: str | None = None
        for carrier in carriers:
            try:
                digests.append(await self._kept(carrier))
            except (PhotoRefused, OSError) as fault:
                problem = fault.problem if isinstance(fault, PhotoRefused) else "lost"
        if incoming.text.strip():
            problem = None
        return replace(incoming, photos=tuple(digests), photo_problem=problem)

    async def _kept(self, carrier: Incoming) -> str:
        assert carrier.fetch_photo is not None
        return await asyncio.to_thread(self._photos.keep, await carrier.fetch_photo())


def _cries_for_help(text: str) -> bool:
    """Normalising costs more than all the rest: only where a group has cries for help heard."""
    return hear_alarm(normalise(without_quotation(text))) is not None
