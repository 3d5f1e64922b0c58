"""Wires everything once; the only file that knows every part."""

import asyncio
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from bot.calendar_feeds import CalendarFeeds
from bot.channels import Channel
from bot.channels.chat_room import ChatGroup, ChatRoom, Persona
from bot.clock import now as read_clock
from bot.config import Settings
from bot.delivery import Delivery, Ledger
from bot.desk import Desk, DeskWorker
from bot.intake import Intake
from bot.jobs import JOBS, start_ticking
from bot.pace import Budget
from bot.photos import Photos
from bot.web import CannotListen
from community import importing
from community.parts.notice import ROBOT
from community.parts.working_calendar import unpublished_years
from community.rules import Rules
from community.tree import Tree
from handlers.bookings import calendar
from handlers.speaking.texts import load as load_texts
from storage import people, schema
from storage.database import Database
from storage.schema import Version

MOST_PERSONAS = 300
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
        photo_window=timedelta(minutes=settings.photo_minutes),
        question_open=timedelta(hours=settings.question_hours),
        quiz_open=timedelta(minutes=settings.quiz_minutes),
        quiz_pause=timedelta(seconds=settings.quiz_pause_seconds),
        star_hours=settings.star_hours,
        quiet_from=settings.quiet_hours.begin,
        quiet_to=settings.quiet_hours.end,
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
    )


def open_database(url: str, community: Path | None, now: datetime) -> Database:
    """A database of our version. A new one is made, with the community of the file.

    Raises `DatabaseInUse`, `StartRefused`, and `CommunityFileError` before anything is written.
    """
    database = Database(url)
    try:
        database.claim()
        _prepare_tables(database, community, now)
    except BaseException:
        database.close()
        raise
    return database


def read_database(url: str) -> Database:
    """A database that is only to be read, also while the program runs on it. Raises `StartRefused`."""
    database = Database(url)
    try:
        if database.file is not None and not database.file.exists():
            raise StartRefused(f"没有数据库 {database.file} / there is no database {database.file}")
        version = schema.version_of(database)
        if version is Version.EMPTY:
            raise StartRefused("数据库还是空的 / the database is still empty")
        _check_age(version)
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
    if version is Version.EMPTY:
        file = importing.load(community) if community else None
        with database.begin() as store:  # one transaction: a start that breaks off leaves an empty database
            schema.migrate_within(store)
            if file is not None:
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
    database = open_database(settings.database, settings.community, read_clock())
    try:
        await _run(settings, database, announce)
    finally:
        database.close()


async def _run(settings: Settings, database: Database, announce: Callable[[str], None]) -> None:
    residents = Residents(database)
    channels = _channels(settings, residents, announce)
    accounts = {channel.name: account for channel, account, _ in channels}
    for year in unpublished_years(read_clock().astimezone(settings.zone).date()):
        log.warning("calendar_unpublished", year=year)
    desk = Desk(database, rules_of(settings), accounts, JOBS)
    _prepare(settings, desk, residents)
    photos = Photos(settings.data / "photos")
    deliveries: list[Delivery] = []
    worker = DeskWorker(desk, after_commit=lambda: _wake(deliveries))
    deliveries += [
        Delivery(channel, Ledger(channel.name, account, budget), worker, photos, read_clock)
        for channel, account, budget in channels
    ]
    intake = Intake(worker, desk.rules, photos)

    async def tick() -> None:
        await worker.run(lambda: desk.run_jobs(read_clock()))
        await worker.run(lambda: residents.refresh(desk))

    worker.start()
    await tick()  # what is due already, and the receptions that one can book, before anybody asks
    scheduler = start_ticking(tick)
    try:
        await _until_stopped([channel for channel, _, _ in channels], deliveries, intake, _feeds(settings, worker))
    finally:
        scheduler.shutdown(wait=False)
        await worker.stop()


def _wake(deliveries: Sequence[Delivery]) -> None:
    for delivery in deliveries:
        delivery.wake()


def _prepare(settings: Settings, desk: Desk, residents: Residents) -> None:
    """What must be known before the first message: the tree, the chat room's people, the robot's readers."""
    webhook = settings.channels.webhook
    with desk.transaction() as (store, _):
        people.replace_addresses(store, ROBOT, dict(webhook.staff) if webhook else {})
    residents.refresh(desk)


async def _until_stopped(
    channels: Sequence[Channel], deliveries: Sequence[Delivery], intake: Intake, feeds: CalendarFeeds | None
) -> None:
    """Runs channels, deliveries and calendars until a signal comes, or until one of them cannot go on."""
    running = [asyncio.create_task(channel.run(intake.receive), name=channel.name) for channel in channels]
    running += [asyncio.create_task(delivery.run()) for delivery in deliveries]
    if feeds is not None:
        running.append(asyncio.create_task(_serve(feeds)))
    stop = asyncio.create_task(_signal())
    try:
        done, _ = await asyncio.wait([*running, stop], return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
        piped = next((task for task in running if task in done and task.get_name() == "pipe"), None)
        if piped is not None:
            await _drain(deliveries)
    finally:
        for task in [*running, stop]:
            task.cancel()
        await asyncio.gather(*running, stop, return_exceptions=True)


def _feeds(settings: Settings, worker: DeskWorker) -> CalendarFeeds | None:
    """The server of the calendars, where the settings name it."""
    if settings.calendar is None:
        return None

    async def find(token: str) -> bytes | None:
        return await worker.call(lambda _, community: calendar.file(token, community, read_clock()))

    return CalendarFeeds(find, host=settings.calendar.host, port=settings.calendar.port)


async def _serve(feeds: CalendarFeeds) -> None:
    """Serves calendars. Raises `StartRefused` when the port cannot be had."""
    try:
        await feeds.run()
    except CannotListen as problem:
        raise StartRefused(
            f"日历打不开:{feeds.address} 不能用({problem}),可能已有程序占用,请换一个端口 / "
            f"calendars cannot be served at {feeds.address} ({problem}): choose another port"
        ) from problem


async def _drain(deliveries: Sequence[Delivery]) -> None:
    """The end of the input is not the end of the answers."""
    for delivery in deliveries:
        await delivery.send_what_is_due()


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
    if wanted.wechaty is not None:
        from bot.channels.wechaty import Wechaty

        token = wanted.wechaty.token.get_secret_value()
        wechaty = Wechaty(wanted.wechaty.endpoint, token, wanted.wechaty.account, clock=read_clock)
        found.append((wechaty, wanted.wechaty.account, budget_of(settings)))
    if wanted.webhook is not None:
        from bot.channels.webhook import Webhook

        found.append((Webhook(wanted.webhook.url), "webhook", None))
    if wanted.pipe is not None:
        from bot.channels.pipe import Pipe

        found.append((Pipe(clock=read_clock, zone=settings.zone, bot_name=settings.bot_name), "pipe", None))
    return found
