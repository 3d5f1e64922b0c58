"""Wires everything once; the only file that knows every part."""

import asyncio
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import structlog

from bot import process
from bot.calendar_feeds import CalendarFeeds
from bot.channels import Channel, Tended
from bot.channels.chat_room import ChatGroup, ChatRoom, Persona
from bot.clock import now as read_clock
from bot.config import CalendarSettings, Settings
from bot.counts import Counts
from bot.delivery import Delivery, Ledger
from bot.desk import Desk
from bot.doors import Door, Served
from bot.intake import Intake
from bot.jobs import JOBS, Ticker
from bot.keys import check_keys, keys_of
from bot.leases import WORD as LEASES
from bot.leases import Keeper, LeaseBook, Part
from bot.leases import Waits as LeaseWaits
from bot.pace import Budget
from bot.photos import Photos
from bot.spool import Spool
from bot.staff_alarm import StaffAlarm
from bot.tidying import Tidying
from bot.waking import Waker
from bot.watch import keep_watch
from bot.web import CannotListen
from bot.worker import DeskWorker
from community import importing
from community.parts.notice import ROBOT
from community.parts.working_calendar import unpublished_years
from community.rules import Rules
from community.tree import Tree
from handlers.bookings import calendar
from handlers.speaking.texts import load as load_texts
from storage import locks, people, schema
from storage.database import Database
from storage.schema import Version
from storage.sealing import Keys

if TYPE_CHECKING:
    from bot.nightly import NightlyBackup
    from bot.status import Status

MOST_PERSONAS = 300
STARTING = "start"
"""What processes that start at once do one after the other."""

log = structlog.get_logger()


class StartRefused(Exception):
    """The program cannot start; the words say what to do."""


def rules_of(settings: Settings) -> Rules:
    """The community's figures from the settings."""
    deadlines = settings.deadlines
    return Rules(
        zone=settings.zone,
        bot_name=settings.bot_name,
        calendar_address=settings.calendar.address if settings.calendar else "",
        accept_within=timedelta(hours=deadlines.accept_hours),
        life_within=timedelta(hours=deadlines.life_hours),
        utility_within=timedelta(hours=deadlines.utility_hours),
        ordinary_days=deadlines.ordinary_days,
        hard_days=deadlines.hard_days,
        involve_trade=settings.involve_trade,
        answered_each=settings.answered_each,
        answered_a_minute=settings.answered_a_minute,
        photo_window=timedelta(minutes=settings.photo_minutes),
        question_open=timedelta(hours=settings.question_hours),
        quiz_open=timedelta(minutes=settings.quiz_minutes),
        quiz_pause=timedelta(seconds=settings.quiz_pause_seconds),
        star_hours=settings.star_hours,
        unasked_per_day=settings.unasked_per_day,
        quiet_from=settings.quiet_hours.begin,
        quiet_to=settings.quiet_hours.end,
        keep_grievances=timedelta(days=settings.retention.grievances),
        keep_bookings=timedelta(days=settings.retention.bookings),
        keep_tasks=timedelta(days=settings.retention.tasks),
        keep_wishes=timedelta(days=settings.retention.wishes),
        keep_events=timedelta(days=settings.retention.events),
        keep_messages=timedelta(days=settings.retention.messages),
    )


def budget_of(settings: Settings) -> Budget:
    """What an ordinary account may send."""
    sending = settings.sending
    return Budget(
        at_least_between=timedelta(seconds=sending.seconds_between),
        jitter=timedelta(seconds=sending.jitter_seconds),
        per_minute=sending.per_minute,
        per_hour=sending.per_hour,
        per_day=sending.per_day,
        pause=timedelta(minutes=sending.pause_minutes),
        new_for=timedelta(days=sending.new_account_days),
    )


def open_database(url: str, keys: Keys, community: Path | None, now: datetime) -> Database:
    """A database of our version. A new one is made, with the community of the file.

    Raises `DatabaseInUse`, `StartRefused`, and `CommunityFileError` before anything is written.
    """
    database = Database(url, keys)
    try:
        database.claim()
        _prepare_tables(database, community, now)
    except BaseException:
        database.close()
        raise
    return database


def read_database(url: str, keys: Keys) -> Database:
    """A database that is only to be read, also while the program runs on it. Raises `StartRefused`."""
    database = Database(url, keys)
    try:
        if database.is_missing:
            raise StartRefused(f"没有数据库 {database.file} / there is no database {database.file}")
        version = schema.version_of(database)
        if version is Version.EMPTY:
            raise StartRefused("数据库还是空的 / the database is still empty")
        _check_age(version)
        with database.begin() as store:
            check_keys(store)
    except BaseException:
        database.close()
        raise
    return database


def _check_age(version: Version) -> None:
    if version is Version.OLDER:
        raise StartRefused(
            "数据库是旧版本,请先运行 python -m bot migrate / the database is of an older version: "
            "run python -m bot migrate"
        )
    if version is Version.NEWER:
        raise StartRefused("数据库比程序新,请更新程序 / the database is newer than this program: update the program")


def _prepare_tables(database: Database, community: Path | None, now: datetime) -> None:
    version = schema.version_of(database)
    _check_age(version)
    file = importing.load(community) if community and version is Version.EMPTY else None
    with database.begin() as store:  # one transaction: a start that breaks off leaves an empty database
        locks.hold(store, [STARTING])
        is_first = version is Version.EMPTY and schema.version_within(store) is Version.EMPTY
        if is_first:
            schema.migrate_within(store)
        check_keys(store)
        if file is not None and is_first:
            importing.import_community(store, file, now)


@dataclass(slots=True)
class Residents:
    """Whom one can be in the chat room: read at the start and again whenever the tree has changed."""

    database: Database
    tree: Tree | None = None
    personas: Sequence[Persona] = ()
    groups: Sequence[ChatGroup] = ()

    def refresh(self, desk: Desk) -> None:
        """Reads them again, on the desk's thread."""
        if desk.tree is self.tree:
            return
        with self.database.begin() as store:
            known = people.from_file(store, MOST_PERSONAS)
        self.tree = desk.tree
        self.personas = [Persona(person.id, person.name, _role_words(person.id, desk.tree)) for person in known]
        self.groups = [
            ChatGroup(group.external_id, group.name, desk.tree.nodes[group.node_id].name)
            for group in desk.tree.groups.values()
            if group.channel == ChatRoom.name
        ]


def _role_words(person_id: str, tree: Tree) -> str:
    roles = tree.roles_of(person_id)
    if not roles:
        return load_texts()["roles.resident"]
    words = load_texts()[f"roles.{roles[0].role}"]
    return f"{words}({tree.nodes[roles[0].node_id].name})"


async def run(settings: Settings, announce: Callable[[str], None]) -> None:
    """Runs until Ctrl-C or SIGTERM. Raises what keeps the program from starting, and `ChannelStopped`."""
    keys = keys_of(settings)
    database = open_database(settings.database, keys, settings.community, read_clock())
    try:
        await _run(settings, database, keys, announce)
    finally:
        database.close()


async def _run(settings: Settings, database: Database, keys: Keys, announce: Callable[[str], None]) -> None:
    residents = Residents(database)
    channels = _channels(settings, residents, announce)
    accounts = {channel.name: account for channel, account, _ in channels}
    for year in unpublished_years(read_clock().astimezone(settings.zone).date()):
        log.warning("calendar_unpublished", year=year)
    desk = Desk(database, rules_of(settings), accounts, JOBS, Photos(settings.data / "photos"))
    _prepare(settings, desk, residents)
    spool = Spool(settings.data / "spool", keys, process.name())
    worker = DeskWorker(
        desk,
        after_commit=lambda: runtime.note_stored(),
        spool=spool,
        in_trouble=lambda: alarm.tell("staff_alarms.nothing_can_be_kept"),
    )
    alarm = _staff_alarm(settings, worker)
    doors = _doors(settings, channels, worker, alarm)
    status = _status(settings, worker, channels, lambda: runtime.keeper.held)
    nightly = _nightly(settings, keys, alarm, desk.counts)
    runtime = Runtime(settings, database, desk, worker, doors, alarm, residents, status, nightly)
    worker.start()
    await runtime.tick()  # what is due already, and the receptions that one can book, before anybody asks
    try:
        await _until_stopped(runtime)
    finally:
        await worker.stop()


def _doors(
    settings: Settings,
    channels: Sequence[tuple[Channel, str, Budget | None]],
    worker: DeskWorker,
    alarm: StaffAlarm,
) -> dict[str, Door]:
    """Each channel with its delivery. Of several accounts one may be refused without ending everything."""
    photos = Photos(settings.data / "photos")
    counts = worker.desk.counts
    intake = Intake(worker, worker.desk.rules, photos, counts)

    async def refused(name: str) -> None:
        await alarm.tell("staff_alarms.refused", without=name, channel=name)

    found = {}
    for channel, account, budget in channels:
        delivery = Delivery(
            channel, Ledger(channel.name, account, budget, process.name()), worker, photos, read_clock, counts
        )
        found[channel.name] = Door(channel, delivery, intake.receive, refused if len(channels) > 1 else None)
    return found


def _staff_alarm(settings: Settings, worker: DeskWorker) -> StaffAlarm:
    webhook = settings.channels.webhook
    if webhook is None:
        return StaffAlarm(worker, settings.zone, read_clock, None, {})
    from bot.channels.webhook import Webhook

    return StaffAlarm(worker, settings.zone, read_clock, Webhook(webhook.url), webhook.staff)


class Runtime:
    """What runs until the program ends: the parts that are held, the ticker, the watch, the ear for other processes."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        desk: Desk,
        worker: DeskWorker,
        doors: Mapping[str, Door],
        alarm: StaffAlarm,
        residents: Residents,
        status: "Status | None" = None,
        nightly: "NightlyBackup | None" = None,
    ) -> None:
        parts: dict[str, Part] = dict(doors)
        if settings.calendar is not None:
            feeds = _feeds(settings.calendar, worker)
            parts["calendar"] = Served(lambda: _serve(feeds, "日历", "calendars"))
        if nightly is not None:
            parts["backup"] = Served(nightly.run)
        shared = not database.is_sqlite
        waits = LeaseWaits(settings.lease_seconds, settings.lease_seconds / 3)
        book = LeaseBook(database, process.name(), settings.lease_seconds) if shared else None
        self.keeper = Keeper(book, parts, waits)
        self.doors = doors
        self._desk = desk
        self._worker = worker
        self._residents = residents
        self._alarm = alarm
        self._ticker = Ticker(self.tick, read_clock)
        self._tidying = Tidying(worker, Photos(settings.data / "photos"), read_clock)
        self._waker = Waker(database, self._hear) if shared else None
        self._status = status

    async def tick(self) -> datetime | None:
        """Does what is due. Gives when something is due next."""
        await self._worker.run(lambda: self._desk.run_jobs(read_clock()))
        await self._worker.run(lambda: self._residents.refresh(self._desk))
        return await self._worker.run(self._desk.next_due)

    def note_stored(self) -> None:
        """Something was committed: words may wait to be sent, here or by another process, and a job may be due."""
        held, spoken = self.keeper.held, self._desk.take_spoken()
        for name in spoken & held & self.doors.keys():  # all, and looking would itself be a reason to look again
            self.doors[name].delivery.wake()
        if self._waker is not None:
            self._waker.tell(spoken - held)
        if spoken:
            self._ticker.note_stored()

    def tasks(self) -> list["asyncio.Task[None]"]:
        """Starts everything."""
        running = [self.keeper.run(), self._ticker.run(), self._alarm.run(), keep_watch(self._ready, self._alarm)]
        running.append(self._tidying.run())
        if self._waker is not None:
            running.append(self._waker.run())
        if self._status is not None:
            running.append(_serve(self._status, "运行状况", "the status"))
        return [asyncio.create_task(each) for each in running]

    async def drain(self) -> None:
        """The end of the input is not the end of the answers."""
        for door in self.doors.values():
            await door.delivery.send_what_is_due()

    def _ready(self) -> dict[str, bool]:
        channels = {name: self.doors[name].channel for name in self.keeper.held & self.doors.keys()}
        return {name: channel.ready for name, channel in channels.items() if isinstance(channel, Tended)}

    def _hear(self, word: str) -> None:
        if word == LEASES:
            self.keeper.nudge()
        elif word in self.keeper.held:
            self.doors[word].delivery.wake()


def _prepare(settings: Settings, desk: Desk, residents: Residents) -> None:
    """What must be known before the first message: the tree, the chat room's people, the robot's readers."""
    webhook = settings.channels.webhook
    with desk.transaction() as (store, _):
        locks.hold(store, [STARTING])
        people.replace_addresses(store, ROBOT, dict(webhook.staff) if webhook else {})
    residents.refresh(desk)


async def _until_stopped(runtime: Runtime) -> None:
    """Runs until a signal comes, or until a part cannot go on, or the pipe's input ends."""
    running = runtime.tasks()
    stop = asyncio.create_task(_signal())
    try:
        done, _ = await asyncio.wait([*running, stop], return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
        if stop not in done:
            await runtime.drain()
        await runtime.keeper.stop()
    finally:
        for task in [*running, stop]:
            task.cancel()
        await asyncio.gather(*running, stop, return_exceptions=True)
        await runtime.keeper.stop()


def _feeds(calendar_settings: CalendarSettings, worker: DeskWorker) -> CalendarFeeds:
    """The server of the calendars."""

    async def find(token: str) -> bytes | None:
        return await worker.call(lambda _, community: calendar.file(token, community, read_clock()))

    return CalendarFeeds(find, host=calendar_settings.host, port=calendar_settings.port)


def _status(
    settings: Settings,
    worker: DeskWorker,
    channels: Sequence[tuple[Channel, str, Budget | None]],
    held: Callable[[], frozenset[str]],
) -> "Status | None":
    """The server of figures and signs of life, whose libraries load only where the settings name it."""
    if settings.status is None:
        return None
    from bot.status import Status, Watched

    budgets = {(channel.name, account): budget for channel, account, budget in channels}
    doors = [channel for channel, _, _ in channels]
    watched = Watched(worker, worker.desk.counts, doors, budgets, held, read_clock)
    return Status(watched, host=settings.status.host, port=settings.status.port)


def _nightly(settings: Settings, keys: Keys, alarm: StaffAlarm, counts: Counts) -> "NightlyBackup | None":
    """Makes backups by itself, where the settings do not say that the place sees to it."""
    if not settings.backup.nightly:
        return None
    from bot.backups import Backups
    from bot.nightly import NightlyBackup, maker

    backups = Backups(settings.backup.folder)
    return NightlyBackup(
        backups,
        maker(backups, settings.database, keys, settings.data),
        at=settings.backup.at,
        zone=settings.zone,
        keep=timedelta(days=settings.backup.keep_days),
        clock=read_clock,
        failed=lambda: alarm.tell("staff_alarms.backup_failed"),
        counts=counts,
    )


class Serving(Protocol):
    """A server at an address."""

    @property
    def address(self) -> str: ...

    async def run(self) -> None: ...


async def _serve(server: Serving, chinese: str, english: str) -> None:
    """Serves. Raises `StartRefused` when the port cannot be had."""
    try:
        await server.run()
    except CannotListen as problem:
        raise StartRefused(
            f"{chinese}打不开:{server.address} 不能用({problem}),可能已有程序占用,请换一个端口 / "
            f"{english} cannot be served at {server.address} ({problem}): choose another port"
        ) from problem


async def _signal() -> None:
    """Returns when somebody wants the program to stop."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for wanted in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(wanted, stopped.set)
    await stopped.wait()


def _channels(
    settings: Settings, residents: Residents, announce: Callable[[str], None]
) -> list[tuple[Channel, str, Budget | None]]:
    """The channels that are set, each with its account and the budget of it. A channel's libraries load with it."""
    found: list[tuple[Channel, str, Budget | None]] = []
    wanted = settings.channels
    if wanted.chat_room is not None:
        room = ChatRoom(
            host=wanted.chat_room.host,
            port=wanted.chat_room.port,
            personas=lambda: residents.personas,
            groups=lambda: residents.groups,
            clock=read_clock,
            bot_name=settings.bot_name,
            announce=announce,
            zone=settings.zone,
        )
        found.append((room, room.name, None))
    if wanted.gateways:
        from bot.channels.wechaty import Wechaty

        for gateway in wanted.gateways:
            token = gateway.token.get_secret_value()
            wechaty = Wechaty(gateway.endpoint, token, gateway.account, clock=read_clock, name=gateway.name)
            found.append((wechaty, gateway.account, budget_of(settings)))
    if wanted.webhook is not None:
        from bot.channels.webhook import Webhook

        found.append((Webhook(wanted.webhook.url), "webhook", None))
    if wanted.pipe is not None:
        from bot.channels.pipe import Pipe

        found.append((Pipe(clock=read_clock, zone=settings.zone, bot_name=settings.bot_name), "pipe", None))
    return found
