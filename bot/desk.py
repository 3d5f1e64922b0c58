"""The desk: the one worker that answers messages, in batches, one transaction a batch."""

import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar

import structlog

from bot.counts import Counts
from bot.failures import last_line, place_of
from bot.photos import Photos
from bot.posting import post, post_answer
from bot.turns import Turns, sender_of
from community import Community
from community.phone_list import Reason
from community.rules import Rules
from community.tree import Tree
from handlers.alarms import may_be_about_alarm
from handlers.conversation import respond
from handlers.hearing.normalise import LONGEST, clean
from handlers.messages import Incoming, say
from handlers.overhearing import concerns
from handlers.routing import Job
from storage import inbox, locks, outbox
from storage import tree as tree_rows
from storage.database import Database, DatabaseUnavailable, Store, lost_a_race
from storage.inbox import Leftover, Letter

LARGEST_BATCH = 64
TRIES = 3
RACES = 3
"""How often something is done again at once where another process was faster."""

RETRY_AFTER = timedelta(seconds=5)
JOB_REST = timedelta(minutes=1)
"""How long a job that failed is left alone."""

LATE_AFTER = timedelta(minutes=10)
"""From then on a reminder says that it comes late: the program was off when it was due, and what fell due meanwhile
comes late with it."""

LONGEST_ID, LONGEST_NAME = 110, 120
"""What the narrowest columns hold; a person's id has the channel in front."""

Key = tuple[str, str, str]
"""Channel, account and the channel's id: the same key is the same message."""

LARGEST_REST = 32
"""How many messages that were kept are answered in one go: others wait that long."""

log = structlog.get_logger()
Result = TypeVar("Result")


class DeskAccess(Protocol):
    """How the edges reach the desk."""

    @property
    def tree(self) -> Tree:
        """The tree as the desk last saw it."""

    async def submit(self, incoming: Incoming) -> bool:
        """Has a message answered. Returns when it is durable: False where it was overheard and concerns nothing."""

    async def call(self, function: Callable[[Store, Community], Result]) -> Result:
        """Runs a function in a transaction of its own, between two batches; once the database is there."""

    async def ask(self, function: Callable[[Store, Community], Result]) -> Result:
        """The same now or not at all. Raises `DatabaseUnavailable`."""


@dataclass(slots=True)
class Desk:
    """Answers batches of messages. Used by one thread at a time.

    `channels` maps the channels that run to their account: the ways on which words can go out. `photos`: where
    pictures lie of which it is not decided yet whether they are for the bot.
    """

    database: Database
    rules: Rules
    channels: Mapping[str, str]
    jobs: Sequence[Job] = ()
    photos: Photos | None = None
    counts: Counts = field(default_factory=Counts)
    tree: Tree = field(default_factory=lambda: Tree.grow((), (), ()))
    _tree_version: int = -1
    _resting: dict[str, datetime] = field(default_factory=dict)
    _spoken: deque[str] = field(default_factory=lambda: deque(maxlen=1_000))
    _turns: Turns = field(init=False)

    def __post_init__(self) -> None:
        self._turns = Turns(self.rules.answered_a_minute)

    def handle(self, batch: Sequence[Incoming]) -> Sequence[bool]:
        """Answers messages that are for the bot: all in one transaction, or one by one where one of them fails.

        Says of each whether it was; what was overheard may concern nothing, and then nothing of it is kept.
        Raises `DatabaseUnavailable`; then nothing of the batch has happened.
        """
        storable = [_storable(incoming) for incoming in batch]
        try:
            found = once_more(lambda: self._handle_together(storable))
            self.counts.handled += len(found)
            return found
        except DatabaseUnavailable:
            raise
        except Exception as error:  # noqa: BLE001  # whatever a handler raises costs its own message only
            if len(storable) > 1:
                return [for_bot for incoming in storable for for_bot in self.handle([incoming])]
            return [self._note_failure(storable[0], error)]

    def _handle_together(self, batch: Sequence[Incoming]) -> Sequence[bool]:
        let_go: set[Key] = set()
        with self.transaction() as (store, community):
            locks.hold(store, map(_conversation, batch))  # what another process does there must be seen first
            for incoming in _first_of_each(_unknown(store, batch)):
                if incoming.overheard and not self._concerns(incoming, community):
                    let_go.add(_key(incoming))
                elif self._must_wait(incoming, community):
                    self._hold_back(incoming, store, community)
                else:
                    self._answer(incoming, store, community)
        return [_key(incoming) not in let_go for incoming in batch]

    def retry(self, now: datetime) -> None:
        """Does some of what was held back, together, and tries failed messages again; after three goes people take
        over."""
        with self.transaction() as (store, _):
            leftovers = inbox.leftovers(store, now, LARGEST_REST)
        held = [leftover for leftover in leftovers if leftover.attempts == 0]
        try:
            once_more(lambda: self._answer_leftovers(held, now))
        except DatabaseUnavailable:
            raise
        except Exception:  # noqa: BLE001  # then each on its own
            self._retry_each(held, now)
        self._retry_each([leftover for leftover in leftovers if leftover.attempts > 0], now)
        if self._turns.waiting:
            self.refresh()

    def _retry_each(self, leftovers: Sequence[Leftover], now: datetime) -> None:
        for leftover in leftovers:
            try:
                self._answer_leftovers([leftover], now)
            except DatabaseUnavailable:
                raise
            except Exception as error:  # noqa: BLE001  # as above
                self._note_another_failure(leftover, error, now)

    def _answer_leftovers(self, leftovers: Sequence[Leftover], now: datetime) -> None:
        """Answers messages that were kept unanswered, unless another process is at them."""
        if not leftovers:
            return
        with self.transaction() as (store, community):
            locks.hold(store, [_conversation(_incoming(leftover.letter)) for leftover in leftovers])
            for leftover in leftovers:
                if inbox.claim_leftover(store, leftover.id, leftover.attempts):
                    incoming = _incoming(leftover.letter)
                    self._say_all(incoming, community)
                    inbox.mark_handled(store, leftover.id, now)
                    if leftover.attempts >= TRIES:
                        self._tell_staff(leftover, incoming, community, now, done=True)

    def refresh(self) -> None:
        """Sees the tree as it is now, whose groups the ear must know before the first message, and who has to wait."""
        with self.transaction() as (store, _):
            self._turns.waiting = inbox.held_back(store)

    def next_due(self) -> datetime | None:
        """When the next job or failed message is due."""
        with self.transaction() as (store, community):
            moments = [self._due(job, community) for job in self.jobs] + [inbox.next_leftover(store)]
        return min((moment for moment in moments if moment is not None), default=None)

    def run_jobs(self, now: datetime) -> None:
        """Does what is due by now, each job in transactions of its own."""
        for job in self._due_jobs(now):
            try:
                self._run_job(job, now)
            except DatabaseUnavailable:
                raise
            except Exception as error:  # noqa: BLE001  # the other jobs go on; this one rests a while
                self._resting[job.name] = now + JOB_REST
                self.counts.jobs_failed += 1
                log.error("job_failed", job=job.name, error=place_of(error))
        self.retry(now)

    def _due_jobs(self, now: datetime) -> list[Job]:
        with self.transaction() as (_, community):
            dues = [(job, self._due(job, community)) for job in self.jobs]
        return [job for job, due in dues if due is not None and due <= now]

    def _run_job(self, job: Job, now: datetime) -> None:
        """Runs a job, unless another process is running it just now: then it is looked at again soon."""
        with self.transaction() as (store, community):
            if not locks.try_hold(store, f"job {job.name}"):
                return
            due = job.due(community)
            if due is not None and due <= now:
                for reply in job.run(community, now):
                    post(reply, community, now, late=job.reminds and now - due > LATE_AFTER)

    def _due(self, job: Job, community: Community) -> datetime | None:
        due, rests = job.due(community), self._resting.get(job.name)
        return max(due, rests) if due is not None and rests is not None else due

    def do(self, function: Callable[[Store, Community], Result]) -> Result:
        """Runs a function in a transaction of its own."""

        def run() -> Result:
            with self.transaction() as (store, community):
                return function(store, community)

        return once_more(run)

    @contextmanager
    def transaction(self) -> Iterator[tuple[Store, Community]]:
        """One transaction, with the community as of now."""
        with self.database.begin() as store:
            self._refresh_tree(store)
            yield store, Community.open(store, self.tree, self.rules, self.channels)
            spoken = outbox.channels_of_new(store)
        self._spoken.extend(spoken)

    def take_spoken(self) -> set[str]:
        """The channels for which words were stored since this was last asked. From any thread."""
        found: set[str] = set()
        with suppress(IndexError):
            while True:
                found.add(self._spoken.popleft())
        return found

    def _answer(self, incoming: Incoming, store: Store, community: Community) -> None:
        self._say_all(incoming, community)
        inbox.add_handled(store, _letter(incoming), incoming.received_at)

    def _say_all(self, incoming: Incoming, community: Community) -> None:
        response = respond(incoming, community)
        for reply in response.replies:
            post_answer(reply, incoming, response.person, community)

    def _concerns(self, incoming: Incoming, community: Community) -> bool:
        """Whether something overheard belongs to what goes on. Its photos are kept for good, or removed."""
        wanted = concerns(incoming, community)
        if self.photos is not None:
            for digest in incoming.photos:
                self.photos.settle(digest, wanted=wanted)
        return wanted

    def _surely_concerns(self, incoming: Incoming) -> bool:
        """The same, of what has just failed. Where that cannot be found out it is talk, and none of ours."""
        try:
            with self.transaction() as (_, community):
                return self._concerns(incoming, community)
        except DatabaseUnavailable:
            raise
        except Exception:  # noqa: BLE001  # this is what failed, and is logged
            return False

    def _must_wait(self, incoming: Incoming, community: Community) -> bool:
        """Whether the person has said so much that others come first. A cry for help never waits."""
        return self._turns.is_over(incoming) and not may_be_about_alarm(incoming, community)

    def _hold_back(self, incoming: Incoming, store: Store, community: Community) -> None:
        """Keeps a message for when there is time. The person hears of it once."""
        if self._turns.is_to_be_told(incoming):
            now = incoming.received_at
            person = community.people.meet(incoming.channel, incoming.sender, incoming.sender_name, now)
            post_answer(say("help.takes_a_while"), incoming, person, community)
        inbox.add_unanswered(store, _letter(incoming), attempts=0, try_at=incoming.received_at, error=None)
        self._turns.waiting.add(sender_of(incoming))

    def _note_failure(self, incoming: Incoming, error: Exception) -> bool:
        """The first go failed: kept, to be tried again. A message that was kept before is left as it is.

        False where it was overheard and is none of ours.
        """
        self.counts.failed += 1
        if incoming.overheard and not self._surely_concerns(incoming):
            _log_failure(incoming, error, attempts=1)
            return False
        with self.transaction() as (store, _):
            if _unknown(store, [incoming]):
                _log_failure(incoming, error, attempts=1)
                try_at, why = incoming.received_at + RETRY_AFTER, last_line(error, incoming)
                inbox.add_unanswered(store, _letter(incoming), attempts=1, try_at=try_at, error=why)
        return True

    def _note_another_failure(self, leftover: Leftover, error: Exception, now: datetime) -> None:
        incoming, attempts = _incoming(leftover.letter), leftover.attempts + 1
        why = last_line(error, incoming)
        self.counts.failed += 1
        _log_failure(incoming, error, attempts=attempts)
        if attempts < TRIES:
            with self.transaction() as (store, _):
                again = now + RETRY_AFTER * 2**attempts
                inbox.mark_failed(store, leftover.id, attempts, why, try_at=again, parked_at=None)
            return
        try:
            with self.transaction() as (store, community):
                inbox.mark_failed(store, leftover.id, attempts, why, try_at=None, parked_at=now)
                if attempts > TRIES:
                    self._tell_staff(leftover, incoming, community, now, done=False)
                else:
                    self._hand_over(incoming, community, now)
        except DatabaseUnavailable:
            raise
        except Exception as trouble:  # noqa: BLE001  # nobody can be told; it must not come back for ever
            _log_failure(incoming, trouble, attempts=attempts)
            with self.transaction() as (store, _):
                inbox.mark_failed(store, leftover.id, attempts, why, try_at=None, parked_at=now)

    def _tell_staff(
        self, leftover: Leftover, incoming: Incoming, community: Community, now: datetime, *, done: bool
    ) -> None:
        """What became of a message that somebody of the staff had tried again."""
        person = community.people.meet(incoming.channel, incoming.sender, incoming.sender_name, now)
        for each in community.parked.staff_of(person):
            if done:
                post(say("parked.done", to=each, number=leftover.id, name=person.name), community, now)
            else:
                post(say("parked.failed_again", to=each, number=leftover.id, name=person.name), community, now)

    def _hand_over(self, incoming: Incoming, community: Community, now: datetime) -> None:
        person = community.people.meet(incoming.channel, incoming.sender, incoming.sender_name, now)
        waiting = community.phone_list.add(person, Reason.TROUBLE, now)
        post_answer(say("help.trouble"), incoming, person, community)
        for each in waiting.tell:
            post(say("phone_list.new_trouble", to=each, name=person.name), community, now)

    def _refresh_tree(self, store: Store) -> None:
        version = tree_rows.version(store)
        if version != self._tree_version:
            self.tree = Tree.grow(tree_rows.all_nodes(store), tree_rows.all_roles(store), tree_rows.all_groups(store))
            self._tree_version = version


class InlineDesk:
    """The desk without a thread of its own, for `simulate` and the bench: answers at once."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    @property
    def tree(self) -> Tree:
        return self.desk.tree

    async def submit(self, incoming: Incoming) -> bool:
        return self.desk.handle([incoming])[0]

    async def call(self, function: Callable[[Store, Community], Result]) -> Result:
        return self.desk.do(function)

    async def ask(self, function: Callable[[Store, Community], Result]) -> Result:
        return self.desk.do(function)


def once_more(task: Callable[[], Result]) -> Result:
    """Does something; where another process was faster, again at once, and sees what that one did."""
    for _ in range(RACES - 1):
        try:
            return task()
        except Exception as error:
            if not lost_a_race(error):
                raise
    return task()


def _unknown(store: Store, batch: Sequence[Incoming]) -> list[Incoming]:
    """The messages that were not kept before. A repeat stops here."""
    by_account: dict[tuple[str, str], list[str]] = {}
    for incoming in batch:
        by_account.setdefault((incoming.channel, incoming.account), []).append(incoming.external_id)
    known = {
        (channel, account, external_id)
        for (channel, account), ids in by_account.items()
        for external_id in inbox.known(store, channel, account, ids)
    }
    return [each for each in batch if _key(each) not in known]


def _first_of_each(batch: Iterable[Incoming]) -> list[Incoming]:
    found: dict[Key, Incoming] = {}
    for incoming in batch:
        found.setdefault(_key(incoming), incoming)
    return list(found.values())


def _storable(incoming: Incoming) -> Incoming:
    """What every database can hold: no null bytes, no broken surrogates, nothing too long for its column.

    An id that none can hold becomes its digest, so that a repeat is still a repeat; a message without one gets one.
    """
    return replace(
        incoming,
        external_id=_storable_id(incoming.external_id or key_of(incoming)),
        sender=_storable_id(incoming.sender),
        group=None if incoming.group is None else _storable_id(incoming.group),
        sender_name=clean(incoming.sender_name)[:LONGEST_NAME],
        group_name=clean(incoming.group_name)[:LONGEST_NAME],
        text=clean(incoming.text[: 2 * LONGEST]),  # enough to see that it is too long
    )


def _conversation(incoming: Incoming) -> str:
    """What is said there is answered in order: a group, or somebody's private chat."""
    return f"{incoming.channel} {incoming.group or incoming.sender}"


def _storable_id(identity: str) -> str:
    if len(identity) <= LONGEST_ID and clean(identity) == identity:
        return identity
    return "sha256:" + hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()


def _key(incoming: Incoming) -> Key:
    return incoming.channel, incoming.account, incoming.external_id


def key_of(incoming: Incoming) -> str:
    """An id for a message to which the gateway gives none: the same for the same words of the same person in the
    same place at the same time."""
    what = (incoming.account, incoming.group, incoming.sender, incoming.text, *incoming.photos)
    made = json.dumps([incoming.sent_at.astimezone(UTC).isoformat(), *what])
    return "made:" + hashlib.sha256(made.encode("ascii")).hexdigest()


def _incoming(letter: Letter) -> Incoming:
    return Incoming(**asdict(letter))


def _letter(incoming: Incoming) -> Letter:
    return Letter(
        channel=incoming.channel,
        account=incoming.account,
        external_id=incoming.external_id,
        kind=incoming.kind,
        group=incoming.group,
        group_name=incoming.group_name,
        sender=incoming.sender,
        sender_name=incoming.sender_name,
        text=incoming.text,
        mentions_bot=incoming.mentions_bot,
        photos=incoming.photos,
        photo_problem=incoming.photo_problem,
        sent_at=incoming.sent_at,
        received_at=incoming.received_at,
    )


def _log_failure(incoming: Incoming, error: BaseException, attempts: int) -> None:
    message, place = incoming.external_id, place_of(error)
    log.error("message_failed", channel=incoming.channel, message=message, error=place, attempts=attempts)
