"""The desk: the one worker that answers messages, in batches, one transaction a batch."""

import asyncio
import hashlib
import queue
import threading
import traceback
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

import structlog

from bot.posting import post, post_answer
from community import Community
from community.phone_list import Reason
from community.rules import Rules
from community.tree import Tree
from handlers.conversation import respond
from handlers.hearing.normalise import LONGEST, clean
from handlers.messages import Incoming, say
from handlers.routing import Job
from storage import inbox
from storage import tree as tree_rows
from storage.database import Database, DatabaseUnavailable, Store
from storage.inbox import Letter

LARGEST_BATCH = 64
TRIES = 3
RETRY_AFTER = timedelta(seconds=5)
JOB_REST = timedelta(minutes=1)
"""How long a job that failed is left alone."""

LONGEST_ID, LONGEST_NAME = 110, 120
"""What the narrowest columns hold; a person's id has the channel in front."""

log = structlog.get_logger()
Result = TypeVar("Result")


class DeskAccess(Protocol):
    """How the edges reach the desk."""

    @property
    def tree(self) -> Tree:
        """The tree as the desk last saw it."""

    async def submit(self, incoming: Incoming) -> None:
        """Has a message answered. Returns when its effects are durable."""

    async def call(self, function: Callable[[Store, Community], Result]) -> Result:
        """Runs a function in a transaction of its own, between two batches."""


@dataclass(slots=True)
class Desk:
    """Answers batches of messages. Used by one thread at a time.

    `channels` maps the channels that run to their account: the ways on which words can go out.
    """

    database: Database
    rules: Rules
    channels: Mapping[str, str]
    jobs: Sequence[Job] = ()
    tree: Tree = field(default_factory=lambda: Tree.grow((), (), ()))
    _tree_version: int = -1
    _resting: dict[str, datetime] = field(default_factory=dict)

    def handle(self, batch: Sequence[Incoming]) -> None:
        """Answers messages that are for the bot: all in one transaction, or one by one where one of them fails.

        Raises `DatabaseUnavailable`; then nothing of the batch has happened.
        """
        batch = [_storable(incoming) for incoming in batch]
        try:
            with self.transaction() as (store, community):
                for incoming in _first_of_each(_unknown(store, batch)):
                    self._answer(incoming, store, community)
        except DatabaseUnavailable:
            raise
        except Exception as error:  # noqa: BLE001  # whatever a handler raises costs its own message only
            if len(batch) > 1:
                for incoming in batch:
                    self.handle([incoming])
            else:
                self._note_failure(batch[0], error)

    def retry(self, now: datetime) -> None:
        """Tries failed messages again; after three goes people take over."""
        with self.transaction() as (store, _):
            leftovers = inbox.leftovers(store, now)
        for letter_id, attempts, letter in leftovers:
            incoming = Incoming(**asdict(letter))
            try:
                with self.transaction() as (store, community):
                    self._say_all(incoming, community)
                    inbox.mark_handled(store, letter_id, now)
            except DatabaseUnavailable:
                raise
            except Exception as error:  # noqa: BLE001  # as above
                self._note_another_failure(letter_id, attempts + 1, incoming, error, now)

    def refresh(self) -> None:
        """Sees the tree as it is now: the ear must know the groups before the first message."""
        with self.transaction():
            return

    def next_due(self) -> datetime | None:
        """When the next job or failed message is due."""
        with self.transaction() as (store, community):
            moments = [self._due(job, community) for job in self.jobs] + [inbox.next_leftover(store)]
        return min((moment for moment in moments if moment is not None), default=None)

    def run_jobs(self, now: datetime) -> None:
        """Does what is due by now, each job in a transaction of its own."""
        for job in self.jobs:
            try:
                self._run_job(job, now)
            except DatabaseUnavailable:
                raise
            except Exception as error:  # noqa: BLE001  # the other jobs go on; this one rests a while
                self._resting[job.name] = now + JOB_REST
                log.error("job_failed", job=job.name, error=_where(error))
        self.retry(now)

    def _run_job(self, job: Job, now: datetime) -> None:
        with self.transaction() as (_, community):
            due = self._due(job, community)
            if due is not None and due <= now:
                for reply in job.run(community, now):
                    post(reply, community, now)

    def _due(self, job: Job, community: Community) -> datetime | None:
        due, rests = job.due(community), self._resting.get(job.name)
        return max(due, rests) if due is not None and rests is not None else due

    @contextmanager
    def transaction(self) -> Iterator[tuple[Store, Community]]:
        """One transaction, with the community as of now."""
        with self.database.begin() as store:
            self._refresh_tree(store)
            yield store, Community.open(store, self.tree, self.rules, self.channels)

    def _answer(self, incoming: Incoming, store: Store, community: Community) -> None:
        self._say_all(incoming, community)
        inbox.add_handled(store, _letter(incoming), incoming.received_at)

    def _say_all(self, incoming: Incoming, community: Community) -> None:
        response = respond(incoming, community)
        for reply in response.replies:
            post_answer(reply, incoming, response.person, community)

    def _note_failure(self, incoming: Incoming, error: Exception) -> None:
        """The first go failed: kept, to be tried again. A message that was kept before is left as it is."""
        with self.transaction() as (store, _):
            if not _unknown(store, [incoming]):
                return
            _log_failure(incoming, error, attempts=1)
            inbox.add_failed(store, _letter(incoming), incoming.received_at + RETRY_AFTER, _where(error))

    def _note_another_failure(
        self, letter_id: int, attempts: int, incoming: Incoming, error: Exception, now: datetime
    ) -> None:
        _log_failure(incoming, error, attempts=attempts)
        if attempts < TRIES:
            with self.transaction() as (store, _):
                again = now + RETRY_AFTER * 2**attempts
                inbox.mark_failed(store, letter_id, attempts, _where(error), try_at=again, parked_at=None)
            return
        try:
            with self.transaction() as (store, community):
                inbox.mark_failed(store, letter_id, attempts, _where(error), try_at=None, parked_at=now)
                self._hand_over(incoming, community, now)
        except DatabaseUnavailable:
            raise
        except Exception as trouble:  # noqa: BLE001  # nobody can be told; it must not come back for ever
            _log_failure(incoming, trouble, attempts=attempts)
            with self.transaction() as (store, _):
                inbox.mark_failed(store, letter_id, attempts, _where(error), try_at=None, parked_at=now)

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

    async def submit(self, incoming: Incoming) -> None:
        self.desk.handle([incoming])

    async def call(self, function: Callable[[Store, Community], Result]) -> Result:
        with self.desk.transaction() as (store, community):
            return function(store, community)


@dataclass(frozen=True, slots=True)
class _Work:
    """A message to answer, or a function to run, and who waits for it."""

    task: Incoming | Callable[[], Any]
    done: "asyncio.Future[Any]"


class DeskWorker:
    """The desk on its own thread. Takes whatever has arrived, so that under load many share one commit."""

    def __init__(self, desk: Desk, *, after_commit: Callable[[], None], retry_after: float = 1.0) -> None:
        self.desk = desk
        self._after_commit = after_commit
        self._retry_after = retry_after
        self._loop = asyncio.get_running_loop()
        self._waiting: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="desk", daemon=True)

    @property
    def tree(self) -> Tree:
        return self.desk.tree

    def start(self) -> None:
        self._thread.start()

    async def stop(self) -> None:
        """Finishes what has arrived, then ends."""
        self._stopping.set()
        self._waiting.put(None)
        await asyncio.to_thread(self._thread.join)

    async def submit(self, incoming: Incoming) -> None:
        await self._put(incoming)

    async def call(self, function: Callable[[Store, Community], Result]) -> Result:
        def run() -> Result:
            with self.desk.transaction() as (store, community):
                return function(store, community)

        return await self.run(run)

    async def run(self, function: Callable[[], Result]) -> Result:
        """Runs a function on the desk's thread; it sees to its own transactions."""
        result: Result = await self._put(function)
        return result

    def _put(self, task: Incoming | Callable[[], Any]) -> "Awaitable[Any]":
        done: asyncio.Future[Any] = self._loop.create_future()
        self._waiting.put(_Work(task, done))
        return done

    def _work(self) -> None:
        while (first := self._waiting.get()) is not None:
            batch, rest = self._arrived(first)
            if batch:
                self._finish(batch, lambda batch=batch: self.desk.handle([work.task for work in batch]))  # type: ignore[misc]
            for work in rest:
                self._finish([work], work.task)  # type: ignore[arg-type]  # _arrived puts only functions here
            self._loop.call_soon_threadsafe(self._after_commit)

    def _arrived(self, first: _Work) -> tuple[list[_Work], list[_Work]]:
        """What waits now: the messages up to the first function, and that function."""
        batch: list[_Work] = []
        work: _Work | None = first
        while work is not None:
            if not isinstance(work.task, Incoming):
                return batch, [work]
            batch.append(work)
            if len(batch) == LARGEST_BATCH:
                break
            try:
                work = self._waiting.get_nowait()
            except queue.Empty:
                break
            if work is None:
                self._waiting.put(None)
        return batch, []

    def _finish(self, works: Sequence[_Work], task: Callable[[], Any]) -> None:
        """Does a task and tells those who wait for it."""
        result: Any = None
        error: Exception | None = None
        try:
            result = self._persist(task)
        except Exception as failure:  # noqa: BLE001  # handed to the one who waits for it
            error = failure
        for work in works:
            self._loop.call_soon_threadsafe(_tell, work.done, result, error)

    def _persist(self, task: Callable[[], Any]) -> Any:
        """Does a task, again and again while the database is away."""
        while True:
            try:
                return task()
            except DatabaseUnavailable as away:
                log.error("database_unavailable", reason=str(away))
                if self._stopping.wait(self._retry_after):
                    raise


def _tell(done: "asyncio.Future[Any]", result: Any, error: Exception | None) -> None:
    if done.done():
        return
    if error is None:
        done.set_result(result)
    else:
        done.set_exception(error)


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
    return [each for each in batch if (each.channel, each.account, each.external_id) not in known]


def _first_of_each(batch: Iterable[Incoming]) -> list[Incoming]:
    found: dict[tuple[str, str, str], Incoming] = {}
    for incoming in batch:
        found.setdefault((incoming.channel, incoming.account, incoming.external_id), incoming)
    return list(found.values())


def _storable(incoming: Incoming) -> Incoming:
    """What every database can hold: no null bytes, no broken surrogates, nothing too long for its column.

    An id that none can hold becomes its digest, so that a repeat is still a repeat.
    """
    return replace(
        incoming,
        external_id=_storable_id(incoming.external_id),
        sender=_storable_id(incoming.sender),
        group=None if incoming.group is None else _storable_id(incoming.group),
        sender_name=clean(incoming.sender_name)[:LONGEST_NAME],
        group_name=clean(incoming.group_name)[:LONGEST_NAME],
        text=clean(incoming.text[: 2 * LONGEST]),  # enough to see that it is too long
    )


def _storable_id(identity: str) -> str:
    if len(identity) <= LONGEST_ID and clean(identity) == identity:
        return identity
    return "sha256:" + hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()


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


def _where(error: Exception) -> str:
    """What went wrong and in which line. Without the error's own words, which may hold what a person wrote."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else "?"
    return f"{type(error).__name__} {place}"


def _log_failure(incoming: Incoming, error: Exception, attempts: int) -> None:
    log.error(
        "message_failed", channel=incoming.channel, message=incoming.external_id, error=_where(error), attempts=attempts
    )
