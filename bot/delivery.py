"""From the outbox to a channel: at the account's pace, merged, tried again, and listed when it cannot be done."""

import asyncio
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot import drawings
from bot.channels import Channel, Mention, NotConnected, Outgoing, SendFailed, Throttled, Unreachable
from bot.desk import DeskAccess
from bot.pace import DAY, Budget, may_send_at
from bot.photos import MARK, Photos
from bot.posting import post, post_in_group
from community import Community
from community.parts.notice import GroupChat
from community.phone_list import Reason
from community.tree import Role
from handlers.messages import say
from storage import outbox
from storage.database import Store
from storage.outbox import Due

WAITS = tuple(timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 3600))
"""After each failed try. After the last one the message is on the undelivered list."""

NO_CONNECTION_WAIT = timedelta(seconds=2)
SAFETY_POLL = 5.0
MOST_MERGED = 10
LONGEST_MERGED = 500
"""Characters: what one can read at a glance on a telephone."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Parcel:
    """Drafts for one recipient that go out as one message."""

    dues: tuple[Due, ...]

    @property
    def ids(self) -> list[int]:
        return [due.id for due in self.dues]

    @property
    def pictures(self) -> list[str]:
        """Digests of photos, and names of drawings."""
        return [picture for due in self.dues for picture in due.draft.photos]

    def outgoing(self, photos: Photos) -> Outgoing:
        """The message to send."""
        first = self.dues[0].draft
        mentions = dict.fromkeys(mention for due in self.dues for mention in due.draft.mentions)
        return Outgoing(
            account=first.account,
            group=first.group,
            to=first.to,
            text="\n".join(dict.fromkeys(due.draft.text for due in self.dues)),
            mentions=tuple(Mention(external_id, name) for external_id, name in mentions),
            photos=tuple(photos.path(picture) for picture in self.pictures),
        )


def parcels(dues: Iterable[Due]) -> list[Parcel]:
    """What is due, merged for each recipient into messages of readable length, the most urgent first."""
    waiting: dict[tuple[str, str | None, str | None], list[list[Due]]] = {}
    for due in dues:
        bundles = waiting.setdefault((due.draft.account, due.draft.group, due.draft.to), [[]])
        if bundles[-1] and not _fits(bundles[-1], due):
            bundles.append([])
        bundles[-1].append(due)
    found = [Parcel(tuple(bundle)) for bundles in waiting.values() for bundle in bundles]
    return sorted(found, key=lambda parcel: min((due.draft.urgency, due.draft.due_at, due.id) for due in parcel.dues))


def _fits(bundle: Sequence[Due], due: Due) -> bool:
    length = sum(len(each.draft.text) for each in bundle) + len(due.draft.text)
    return len(bundle) < MOST_MERGED and length <= LONGEST_MERGED and not bundle[-1].draft.photos


@dataclass(frozen=True, slots=True)
class Plan:
    """What to send now, or when to look again."""

    parcel: Parcel | None
    look_again: datetime | None


@dataclass(frozen=True, slots=True)
class Ledger:
    """What was sent and what was not, for one channel and its account: the part of delivery that needs the database.

    Without a budget everything goes out as soon as it is due.
    """

    channel: str
    account: str
    budget: Budget | None

    def plan(self, store: Store, now: datetime, chance: float) -> Plan:
        """The next message to send."""
        dues = outbox.due(store, self.channel, now)
        if not dues:
            return Plan(None, outbox.next_due(store, self.channel))
        ready = self._ready_at(store, now, chance)
        if ready > now:
            return Plan(None, ready)
        return Plan(parcels(dues)[0], None)

    def has_due(self, store: Store, moment: datetime) -> bool:
        """Whether something that fell due by then is still waiting for the account's pace."""
        return bool(outbox.due(store, self.channel, moment, at_most=1))

    def note_sent(self, parcel: Parcel, store: Store, now: datetime) -> None:
        """The channel has accepted it."""
        outbox.mark_sent(store, parcel.ids, now)

    def note_failure(
        self, parcel: Parcel, failure: SendFailed, store: Store, community: Community, now: datetime
    ) -> None:
        """What a failure means for the drafts, and who must hear of it."""
        reason = str(failure)[:200]
        attempts = max(due.attempts for due in parcel.dues)
        if isinstance(failure, NotConnected):
            outbox.postpone(store, parcel.dues, now + NO_CONNECTION_WAIT, reason, count=False)
        elif isinstance(failure, Throttled):
            until = now + (self.budget.pause if self.budget else failure.pause)
            outbox.postpone(store, parcel.dues, until, reason, count=False)
            self._pause(until, store, community, now)
        elif isinstance(failure, Unreachable) or attempts >= len(WAITS):
            outbox.mark_failed(store, parcel.dues, now, reason)
            _fall_back(parcel, community, now)
        else:
            outbox.postpone(store, parcel.dues, now + WAITS[attempts], reason, count=True)

    def _pause(self, until: datetime, store: Store, community: Community, now: datetime) -> None:
        outbox.pause(store, self.channel, self.account, until)
        for holder in community.tree.everyone(Role.ADMINISTRATOR):
            post(say("delivery.throttled", to=holder.person_id, until=until), community, now)

    def _ready_at(self, store: Store, now: datetime, chance: float) -> datetime:
        paused = outbox.paused_until(store, self.channel, self.account)
        ready = max(now, paused) if paused else now
        if self.budget is None:
            return ready
        sent = outbox.sent_since(store, self.account, now - DAY, self.budget.per_day)
        return max(ready, may_send_at(sent, now, self.budget, chance))


def _fall_back(parcel: Parcel, community: Community, now: datetime) -> None:
    """A person who cannot be reached privately is to be phoned, and is told in the group how to be reached.

    The words themselves never go to the group. Said once, until somebody has phoned.
    """
    draft = parcel.dues[-1].draft
    person = community.people.by_id(draft.person_id) if draft.person_id else None
    if person is None or draft.to is None:
        return
    waiting = community.phone_list.add(person, Reason.UNREACHABLE, now)
    for each in waiting.tell:
        post(say("phone_list.new_unreachable", to=each, name=person.name), community, now)
    groups = [due.draft.fallback_group for due in parcel.dues if due.draft.fallback_group]
    if waiting.is_new and groups:
        chat = GroupChat(draft.channel, draft.account, groups[-1], ((draft.to, person.name),))
        post_in_group(say("help.unreachable"), chat, community, now)


class Delivery:
    """Sends for one channel as long as the program runs."""

    def __init__(
        self, channel: Channel, ledger: Ledger, desk: DeskAccess, photos: Photos, clock: Callable[[], datetime]
    ) -> None:
        self._channel = channel
        self._ledger = ledger
        self._desk = desk
        self._photos = photos
        self._clock = clock
        self._wake = asyncio.Event()
        self._sending = asyncio.Lock()

    def wake(self) -> None:
        """Something may be due."""
        self._wake.set()

    async def run(self) -> None:
        """Sends until cancelled."""
        while True:
            self._wake.clear()
            plan = await self._send_next()
            if plan.parcel is None:
                await self._rest(plan.look_again)

    async def send_what_is_due(self) -> None:
        """Sends what waits now, and returns."""
        while (await self._send_next()).parcel is not None:
            pass

    async def _send_next(self) -> Plan:
        """Sends one message, if one is due. One caller at a time: between plan and note a draft is nobody else's."""
        async with self._sending:
            plan = await self._plan()
            if plan.parcel is not None:
                await self._send(plan.parcel)
            return plan

    async def _plan(self) -> Plan:
        now, chance = self._clock(), random.random()
        return await self._desk.call(lambda store, _community: self._ledger.plan(store, now, chance))

    async def _rest(self, until: datetime | None) -> None:
        wait = SAFETY_POLL if until is None else min(SAFETY_POLL, max(0.01, (until - self._clock()).total_seconds()))
        try:
            async with asyncio.timeout(wait):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _send(self, parcel: Parcel) -> None:
        await self._draw(parcel)
        try:
            await self._channel.send(parcel.outgoing(self._photos))
        except SendFailed as failure:
            await self._note_failure(parcel, failure)
        else:
            now = self._clock()
            await self._desk.call(lambda store, _community: self._ledger.note_sent(parcel, store, now))

    async def _draw(self, parcel: Parcel) -> None:
        """What cannot be drawn is missing when the channel looks for it, and is tried again as any failure is."""
        if not any(MARK in picture for picture in parcel.pictures):
            return
        wanted = await self._desk.call(lambda _store, community: drawings.prepare(parcel.pictures, community))
        try:
            await asyncio.to_thread(drawings.draw, wanted, self._photos)
        except OSError as error:
            log.warning("not_drawn", channel=self._ledger.channel, drafts=parcel.ids, kind=type(error).__name__)

    async def _note_failure(self, parcel: Parcel, failure: SendFailed) -> None:
        log.warning("not_sent", channel=self._ledger.channel, drafts=parcel.ids, kind=type(failure).__name__)
        now = self._clock()
        await self._desk.call(
            lambda store, community: self._ledger.note_failure(parcel, failure, store, community, now)
        )
