"""From the outbox to a channel: at the account's pace, merged, tried again, and listed when it cannot be done."""

import asyncio
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot import drawings
from bot.channels import Channel, Mention, NotConnected, Outgoing, SendFailed, Throttled, Uncertain, Unreachable
from bot.counts import Counts
from bot.desk import DeskAccess
from bot.pace import DAY, Budget, may_send_at
from bot.photos import MARK, Photos
from bot.posting import post, post_in_group
from community import Community
from community.parts.notice import UNASKED, GroupChat, Urgency, day_begins, is_quiet, next_morning, quiet_ends
from community.phone_list import Reason
from community.rules import Rules
from community.tree import Role
from handlers.messages import say
from storage import accounts, outbox
from storage.database import Store
from storage.outbox import Due, Front

WAITS = tuple(timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 3600))
"""After each failed try. After the last one the message is on the undelivered list."""

NO_CONNECTION_WAIT = timedelta(seconds=2)
SAFETY_POLL = 5.0
CLAIM_LASTS = timedelta(seconds=60)
"""After that a process that has not said what came of a message is taken for dead."""

UNCERTAIN_FOR = timedelta(minutes=5)
"""So long something is sent again that may have gone out: twice is better than never, but not hours later."""

UNCERTAIN = "uncertain"
LAST_SEND = 60.0
"""Seconds that a message which is being sent has, when the program stops."""

MOST_MERGED = 10
LONGEST_MERGED = 500
"""Characters: what one can read at a glance on a telephone."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Parcel:
    """Drafts for one recipient that go out as one message. `send_id`: what they cost of the account's budget."""

    dues: tuple[Due, ...]
    send_id: int | None = None

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
        return Outgoing(
            account=first.account,
            group=first.group,
            to=first.to,
            text="\n".join(dict.fromkeys(due.draft.text for due in self.dues)),
            mentions=tuple(Mention(external_id, name) for external_id, name in _mentions(self.dues)),
            photos=tuple(photos.path(picture) for picture in self.pictures),
        )


def first_parcel(dues: Sequence[Due]) -> Parcel:
    """What one recipient is owed, as far as it makes one message of readable length."""
    bundle: list[Due] = []
    for due in dues:
        if bundle and not _fits(bundle, due):
            break
        bundle.append(due)
    return Parcel(tuple(bundle))


def _fits(bundle: Sequence[Due], due: Due) -> bool:
    return len(bundle) < MOST_MERGED and not bundle[-1].draft.photos and _length([*bundle, due]) <= LONGEST_MERGED


def _length(dues: Sequence[Due]) -> int:
    """Characters, with the names that are put in front."""
    names = sum(len(name) + 2 for _, name in _mentions(dues))
    return names + sum(len(due.draft.text) + 1 for due in dues) - 1


def _mentions(dues: Iterable[Due]) -> Iterable[tuple[str, str]]:
    return dict.fromkeys(mention for due in dues for mention in due.draft.mentions)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to send now, or when to look again."""

    parcel: Parcel | None
    look_again: datetime | None


@dataclass(frozen=True, slots=True)
class Ledger:
    """What was sent and what was not, for one channel and its account: the part of delivery that needs the database.

    Without a budget everything goes out as soon as it is due. `process`: who claims what is sent here.
    """

    channel: str
    account: str
    budget: Budget | None
    process: str = "alone"

    def next_at(self, store: Store, now: datetime, chance: float) -> datetime | None:
        """When there is something to plan: `now`, or later. Nothing is claimed."""
        fronts = outbox.fronts(store, self.channel)
        if not any(front.due_at <= now for front in fronts):
            return min((front.due_at for front in fronts), default=None)
        return self._ready_at(store, now, chance)

    def plan(self, store: Store, community: Community, now: datetime, chance: float) -> Plan:
        """The next message to send. It is claimed: to be sent only once this is committed."""
        while (front := self._first(store, now)) is not None:
            ready = self._ready_at(store, now, chance)
            if ready > now:
                return Plan(None, ready)
            dues = self._sendable(front, store, community, now)
            if dues:
                return self._claim(first_parcel(dues), store, now)
        return Plan(None, min((front.due_at for front in outbox.fronts(store, self.channel)), default=None))

    def has_due(self, store: Store, moment: datetime) -> bool:
        """Whether something that fell due by then is still waiting for the account's pace."""
        return self._first(store, moment) is not None

    def take_over(self, store: Store, now: datetime) -> None:
        """Whoever sent for this channel before does so no more: what they had claimed is ours."""
        outbox.release(store, self.channel, now)

    def note_sent(self, parcel: Parcel, store: Store, now: datetime) -> None:
        """The channel has accepted it."""
        outbox.mark_sent(store, parcel.ids, now)
        if parcel.send_id is not None:
            accounts.spent_at(store, parcel.send_id, now)

    def note_failure(
        self, parcel: Parcel, failure: SendFailed, store: Store, community: Community, now: datetime
    ) -> None:
        """What a failure means for the drafts and for the budget, and who must hear of it."""
        self._note_cost(parcel, failure, store, now)
        reason = str(failure)[:200]
        attempts = max(due.attempts for due in parcel.dues)
        if isinstance(failure, NotConnected):
            outbox.postpone(store, parcel.dues, now, reason, count=False)
            self._wait_for_connection(store, now)
        elif isinstance(failure, Throttled):
            until = now + (self.budget.pause if self.budget else failure.pause)
            outbox.postpone(store, parcel.dues, until, reason, count=False)
            self._pause(until, store, community, now)
        elif isinstance(failure, Uncertain):
            again_at = now + min(WAITS[min(attempts, len(WAITS) - 1)], UNCERTAIN_FOR)
            outbox.postpone(store, parcel.dues, again_at, reason, count=True, uncertain=True)
        elif isinstance(failure, Unreachable) or attempts >= len(WAITS):
            self._give_up(parcel, reason, store, community, now)
        else:
            outbox.postpone(store, parcel.dues, now + WAITS[attempts], reason, count=True)

    def _first(self, store: Store, now: datetime) -> Front | None:
        """What is due and most urgent."""
        due = [front for front in outbox.fronts(store, self.channel) if front.due_at <= now]
        return min(due, key=lambda front: front.urgency, default=None)

    def _claim(self, parcel: Parcel, store: Store, now: datetime) -> Plan:
        claimed = outbox.claim(store, parcel.ids, self.process, now, now + CLAIM_LASTS)
        dues = tuple(due for due in parcel.dues if due.id in claimed)
        if not dues:  # another process was faster
            return Plan(None, now + NO_CONNECTION_WAIT)
        cost = accounts.spend(store, self.channel, self.account, now, DAY) if self.budget else None
        return Plan(Parcel(dues, cost), None)

    def _sendable(self, front: Front, store: Store, community: Community, now: datetime) -> list[Due]:
        """What the recipient of this draft may hear now. What they may not hear is held back, or never sent."""
        owed = outbox.owed(store, self.channel, front, now, MOST_MERGED)
        if owed.unreadable:
            outbox.mark_failed(store, owed.unreadable, now, outbox.UNREADABLE)
            log.error("draft_unreadable", channel=self.channel, drafts=owed.unreadable)
        dues = self._certain(owed.dues, store, community, now)
        dues = self._wanted(dues, store, community, now)
        if not any(due.draft.urgency in UNASKED for due in dues):
            return dues
        again_at = self._unasked_at(front, store, community.rules, now)
        if again_at == now:
            return dues
        group = None if is_quiet(now, community.rules) else front.group
        outbox.hold_unasked(store, self.channel, group, now, again_at)
        return [due for due in dues if due.draft.urgency not in UNASKED]

    def _certain(self, dues: Sequence[Due], store: Store, community: Community, now: datetime) -> list[Due]:
        """What may have gone out long ago is not sent again: people look into it."""
        doubtful = [due for due in dues if due.uncertain_since and now - due.uncertain_since > UNCERTAIN_FOR]
        if doubtful:
            self._list(doubtful, UNCERTAIN, store, community, now)
        return [due for due in dues if due not in doubtful]

    def _wanted(self, dues: Sequence[Due], store: Store, community: Community, now: datetime) -> list[Due]:
        """What is pointless by now is not sent, nor what somebody does not want to hear."""
        reasons = community.muting.withheld(dues, now)
        for why in dict.fromkeys(reasons.values()):
            outbox.withhold(store, [identity for identity, each in reasons.items() if each == why], now, why)
        return [due for due in dues if due.id not in reasons]

    def _unasked_at(self, front: Front, store: Store, rules: Rules, now: datetime) -> datetime:
        """When what nobody has asked for may be said to this recipient: `now`, or on some morning."""
        if is_quiet(now, rules) or front.group is None:
            return quiet_ends(now, rules)
        told = outbox.told_unasked(store, self.channel, front.group, day_begins(now, rules))
        return now if told < rules.unasked_per_day else next_morning(now, rules)

    def _give_up(self, parcel: Parcel, reason: str, store: Store, community: Community, now: datetime) -> None:
        if parcel.dues[0].draft.to is None:
            self._list(parcel.dues, reason, store, community, now)
            return
        outbox.mark_failed(store, parcel.ids, now, reason)
        _fall_back(parcel, community, now)

    def _list(self, dues: Sequence[Due], why: str, store: Store, community: Community, now: datetime) -> None:
        """Puts drafts on the undelivered list, and tells those who look after it."""
        draft = dues[0].draft
        tell = community.undelivered.to_be_told(draft.channel, draft.group, draft.person_id, now)
        outbox.mark_failed(store, [due.id for due in dues], now, why)
        log.warning("undelivered", channel=self.channel, drafts=[due.id for due in dues])
        for person_id in tell:
            post(say("undelivered.told", to=person_id), community, now)

    def _note_cost(self, parcel: Parcel, failure: SendFailed, store: Store, now: datetime) -> None:
        """What was not even tried costs nothing."""
        if parcel.send_id is None:
            return
        if isinstance(failure, NotConnected):
            accounts.not_spent(store, parcel.send_id)
        else:
            accounts.spent_at(store, parcel.send_id, now)

    def _wait_for_connection(self, store: Store, now: datetime) -> None:
        """The whole channel waits: else what came later would go out before."""
        until, paused = now + NO_CONNECTION_WAIT, accounts.paused_until(store, self.channel, self.account)
        if paused is None or paused < until:
            accounts.pause(store, self.channel, self.account, until)

    def _pause(self, until: datetime, store: Store, community: Community, now: datetime) -> None:
        accounts.pause(store, self.channel, self.account, until)
        for holder in community.tree.everyone(Role.ADMINISTRATOR):
            post(say("delivery.throttled", to=holder.person_id, until=until), community, now)

    def _ready_at(self, store: Store, now: datetime, chance: float) -> datetime:
        """When the account may send next. Nobody else plans for an account with a budget until this has ended."""
        if self.budget is None:
            paused = accounts.paused_until(store, self.channel, self.account)
            return max(now, paused) if paused else now
        account = accounts.lock(store, self.channel, self.account, now)
        ready = max(now, account.paused_until) if account.paused_until else now
        budget = self.budget.of(account.since, now)
        sent = accounts.newest_sends(store, self.channel, self.account, budget.counted)
        return max(ready, may_send_at(sent, now, budget, chance))


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
        self,
        channel: Channel,
        ledger: Ledger,
        desk: DeskAccess,
        photos: Photos,
        clock: Callable[[], datetime],
        counts: Counts | None = None,
    ) -> None:
        self._counts = counts or Counts()
        self._channel = channel
        self._ledger = ledger
        self._desk = desk
        self._photos = photos
        self._clock = clock
        self._wake = asyncio.Event()
        self._sending = asyncio.Lock()
        self._finishing = False

    def wake(self) -> None:
        """Something may be due."""
        self._wake.set()

    def finish(self) -> None:
        """Ends `run` after the message that is being sent."""
        self._finishing = True
        self._wake.set()

    async def run(self) -> None:
        """Sends until cancelled or finished."""
        self._finishing = False
        started = self._clock()
        await self._desk.call(lambda store, _community: self._ledger.take_over(store, started))
        while not self._finishing:
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
                await _finished(asyncio.ensure_future(self._send(plan.parcel)))
            return plan

    async def _plan(self) -> Plan:
        now, chance = self._clock(), random.random()
        return await self._desk.call(lambda store, community: self._ledger.plan(store, community, now, chance))

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
            self._count(parcel, now)
            await self._desk.call(lambda store, _community: self._ledger.note_sent(parcel, store, now))

    def _count(self, parcel: Parcel, now: datetime) -> None:
        self._counts.sends[self._ledger.channel, "sent"] += 1
        for due in parcel.dues:
            if due.draft.urgency is Urgency.REMINDER:
                self._counts.late.note((now - due.draft.due_at).total_seconds())

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
        self._counts.sends[self._ledger.channel, type(failure).__name__] += 1
        now = self._clock()
        await self._desk.call(
            lambda store, community: self._ledger.note_failure(parcel, failure, store, community, now)
        )


async def _finished(sending: "asyncio.Future[None]") -> None:
    """Waits for a message to be sent and noted, also when cancelled: what is half done would be sent again."""
    try:
        await asyncio.shield(sending)
    except asyncio.CancelledError:
        await asyncio.wait([sending], timeout=LAST_SEND)
        raise
