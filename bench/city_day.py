"""A day of a city at 1/100: 30 communities, 200 groups, 2 accounts, 100,000 lines, under the script's clock.

The whole program at its real pace: every line passes the ear, what is for the bot goes through the desk, the jobs
knock, and each account sends within its real budget, all in simulated time. The talk is that of `bench/corpus.py`;
one line in twenty is a command, as there, or one in fifty: groups differ. On PostgreSQL (fsync) and on SQLite, on
the project's disk.
"""

import asyncio
import random
import resource
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import event, func, select

from bench import corpus, postgresql
from bench.figures import Figure, Skipped, work_folder
from bench.keys import KEYS
from bot import app
from bot.config import load
from bot.delivery import Ledger
from bot.desk import Desk, InlineDesk
from bot.intake import Intake
from bot.jobs import JOBS
from bot.pace import Budget
from bot.photos import Photos
from community import importing
from community.tree import Ear, Group
from handlers.messages import Incoming
from storage import schema, tree
from storage.database import Database, Store
from storage.tables import grievances, inbox, metadata, outbox

COMMUNITIES, GROUPS, LINES = 30, 200, 100_000
ACCOUNTS = ("wechat_1", "wechat_2")
GRIDS, BUILDINGS, RESIDENTS = 3, 12, 3_000
MORNING = datetime(2026, 11, 30, 23, tzinfo=UTC)
"""Seven o'clock in China, a Tuesday."""

DAY = timedelta(days=1)
SHARES = (0.048, 0.02)
PER_CASE = 6
"""Commands that a case is made of: reported, accepted, looked up, finished, confirmed, rated."""

SEED = 20261201
TROUBLES = ("电梯坏了", "楼道灯不亮", "漏水了", "垃圾两天没人收", "单元门打不开", "路灯坏了", "下水道堵了")
TICK = timedelta(minutes=5)
"""How often the jobs are asked what is due."""

SOON = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Line:
    """Somebody says something, in a group or alone."""

    at: datetime
    account: str
    group: str | None
    sender: str
    text: str


@dataclass(frozen=True, slots=True)
class Day:
    """What a day cost.

    `busy` is the time of our processor; on PostgreSQL the server's comes on top. `bytes` is what the database grew by,
    `log` what PostgreSQL wrote ahead.
    """

    seconds: float
    busy: float
    commits: int
    bytes: int
    log: int


def measure() -> Iterator[Figure | Skipped]:
    """The same day on SQLite and PostgreSQL, and a quieter one."""
    with work_folder() as name:
        folder = Path(name)
        file = folder / "city.yaml"
        file.write_text(community_file(), encoding="utf-8")
        yield from _on_sqlite(folder, file)
        if postgresql.is_missing():
            yield Skipped("a city's day on PostgreSQL", postgresql.MISSING)
            return
        for share in SHARES:
            yield from _on_postgresql(file, share)


def _on_sqlite(folder: Path, file: Path) -> Iterator[Figure]:
    def size() -> tuple[int, int]:
        return sum(each.stat().st_size for each in folder.glob("city.db*")), 0

    database = Database(f"sqlite:///{folder}/city.db", KEYS)
    schema.migrate(database)
    yield from _a_day(database, "SQLite", file, SHARES[0], size)
    database.close()


def _on_postgresql(file: Path, share: float) -> Iterator[Figure]:
    def size() -> tuple[int, int]:
        with database.begin() as store:
            row = store.connection.exec_driver_sql(
                "SELECT pg_database_size(current_database()), pg_current_wal_insert_lsn() - '0/0'"
            ).one()
            return int(row[0]), int(row[1])

    with postgresql.server() as server:
        database = Database(server.fresh_url(), KEYS)
        yield from _a_day(database, "PostgreSQL", file, share, size)
        database.close()


# --- the day ----------------------------------------------------------------------------------------------------


class Commits:
    """Counts them."""

    def __init__(self, database: Database) -> None:
        self.counted = 0
        event.listen(database.engine, "commit", self._count)

    def _count(self, _connection: object) -> None:
        self.counted += 1


class City:
    """All of it in one process, without threads: lines in, words out at the accounts' pace."""

    def __init__(self, database: Database, photos: Photos) -> None:
        rules = app.rules_of(load(None, {}))
        self.desk = Desk(database, rules, {account: account for account in ACCOUNTS}, JOBS)
        self.desk.refresh()
        self._intake = Intake(InlineDesk(self.desk), rules, photos)
        self._ledgers = [Ledger(account, account, Budget()) for account in ACCOUNTS]
        self._look_at: dict[str, datetime | None] = dict.fromkeys(ACCOUNTS)
        self._next_tick = MORNING
        self.heard = 0

    async def play(self, lines: list[Line]) -> None:
        """From the first line until a day after it: what was late goes out in the night, or stays."""
        for number, line in enumerate(lines):
            self._until(line.at)
            if await self._intake.receive(_incoming(line, number)):
                self.heard += 1
                self._send(line.at, anew=True)
        self._until(MORNING + DAY)

    def _until(self, moment: datetime) -> None:
        """Does what falls due on the way, each at its time."""
        while True:
            sends = [each for each in self._look_at.values() if each is not None]
            due = min([self._next_tick, *sends])
            if due > moment:
                return
            ticks = due == self._next_tick
            if ticks:
                self.desk.run_jobs(due)
                self._next_tick += TICK
            self._send(due, anew=ticks)

    def _send(self, now: datetime, *, anew: bool) -> None:
        """Sends what is due; `anew`: something may have been said, so that all accounts are looked at."""
        for ledger in self._ledgers:
            waits = self._look_at[ledger.account]
            if anew or (waits is not None and waits <= now):
                self._look_at[ledger.account] = self._send_for(ledger, now)

    def _send_for(self, ledger: Ledger, now: datetime) -> datetime | None:
        """Sends what the account may. When to look again, if ever."""
        while True:
            with self.desk.transaction() as (store, community):
                plan = ledger.plan(store, community, now, chance=0.5)
            if plan.parcel is None:
                return max(plan.look_again, now + SOON) if plan.look_again else None
            with self.desk.transaction() as (store, _):
                ledger.note_sent(plan.parcel, store, now)


def _a_day(
    database: Database, engine: str, file: Path, share: float, size: Callable[[], tuple[int, int]]
) -> Iterator[Figure]:
    _settle(database, file)
    lines = _lines(share)
    commits = Commits(database)
    city, before = City(database, Photos(file.parent / "photos")), size()
    began, worked = time.perf_counter(), time.process_time()
    asyncio.run(city.play(lines))
    seconds, busy, after = time.perf_counter() - began, time.process_time() - worked, size()
    day = Day(seconds, busy, commits.counted, after[0] - before[0], after[1] - before[1])
    yield from _figures(f"a city's day, {engine}, {share:.1%} commands", day, city, database)


def _figures(name: str, day: Day, city: City, database: Database) -> Iterator[Figure]:
    yield Figure(name, day.seconds, "s", LINES, 1, None, "", f"{city.heard} lines were for the bot, the rest was talk")
    yield Figure(f"{name}, processor", 1e6 * day.busy / LINES, "µs/line", LINES, 1)
    yield Figure(f"{name}, commits", day.commits, "commits", LINES, 1)
    yield Figure(f"{name}, growth", day.bytes / 1e6, "MB", LINES, 1, None, "", _rows(database))
    if not database.is_sqlite:
        yield Figure(f"{name}, written ahead (WAL)", day.log / 1e6, "MB", LINES, 1)
    yield Figure(
        f"{name}, memory", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "MB", 1, 1, None, "≤ 300"
    )
    yield Figure(f"{name}, lost", _lost(database, city.heard), "messages", city.heard, 1, None, "0")
    for account in ACCOUNTS:
        yield from _of_account(f"{name}, {account}", account, database)


def _of_account(name: str, account: str, database: Database) -> Iterator[Figure]:
    """How late what was owed went out, and what had not by the next morning."""
    with database.begin() as store:
        rows = store.connection.execute(
            select(outbox.c.created_at, outbox.c.sent_at).where(outbox.c.account == account)
        ).all()
    lags = sorted((sent - said).total_seconds() for said, sent in rows if sent is not None)
    sends = len({sent for _, sent in rows if sent is not None})
    left = sum(sent is None for _, sent in rows)
    note = (
        f"{len(rows)} drafts in {sends} sends, {left} not sent by the next morning; median {lags[len(lags) // 2]:.0f} s"
    )
    yield Figure(f"{name}, longest lag", lags[-1], "s", len(rows), 1, None, "", note)


def _rows(database: Database) -> str:
    """The tables with the most rows."""
    with database.begin() as store:
        counted = {
            table.name: store.connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
        }
        most = sorted(counted.items(), key=lambda item: -item[1])[:8]
        sizes = {} if database.is_sqlite else {name: _bytes(store, name) for name, _ in most}
    return ", ".join(f"{name} {count}" + (f" ({sizes[name] / 1e6:.1f} MB)" if sizes else "") for name, count in most)


def _bytes(store: Store, table: str) -> int:
    """With its indexes."""
    return int(store.connection.execute(select(func.pg_total_relation_size(table))).scalar_one())


def _lost(database: Database, heard: int) -> int:
    """Messages that were for the bot and are not in the inbox as handled."""
    with database.begin() as store:
        done = select(func.count()).select_from(inbox).where(inbox.c.handled_at.is_not(None))
        handled = int(store.connection.execute(done).scalar_one())
        made = int(store.connection.execute(select(func.count()).select_from(grievances)).scalar_one())
    if not made:
        raise RuntimeError("nothing was reported; the figures would not mean what they say")
    return heard - handled


# --- who lives there and what they say --------------------------------------------------------------------------


def community_file() -> str:
    """Communities of a street each ten, with grids, buildings and those who answer for them."""
    nodes = ["nodes:", "  - {id: county, level: county, name: 德源县}"]
    people = ["people:", "  - {id: admin, name: 管理员, roles: {administrator: county}}"]
    for number in range(COMMUNITIES):
        name, account = f"c{number}", ACCOUNTS[number % len(ACCOUNTS)]
        if number % 10 == 0:
            nodes.append(
                f"  - {{id: street-{number // 10}, level: street, name: 第{number // 10 + 1}街道, parent: county}}"
            )
        nodes.append(f"  - {{id: {name}, level: community, name: 第{number + 1}社区, parent: street-{number // 10}}}")
        people.append(_official(f"{name}-worker", "社工", "community_worker", name, account))
        people.append(_official(f"{name}-secretary", "书记", "first_secretary", name, account))
        for grid in range(GRIDS):
            nodes.append(f"  - {{id: {name}-grid-{grid}, level: grid, name: 第{grid + 1}网格, parent: {name}}}")
            people.append(_official(f"{name}-head-{grid}", "网格长", "grid_head", f"{name}-grid-{grid}", account))
        nodes += (
            f"  - {{id: {name}-b{building}, building: {building + 1}, parent: {name}-grid-{building % GRIDS}}}"
            for building in range(BUILDINGS)
        )
    return "\n".join([*nodes, *people, ""])


def _official(identity: str, name: str, role: str, node: str, account: str) -> str:
    known = f"roles: {{{role}: {node}}}, addresses: {{{account}: {identity}}}"
    return f"  - {{id: {identity}, name: {name}{identity}, {known}}}"


def _settle(database: Database, file: Path) -> None:
    with database.begin() as store:
        importing.import_community(store, importing.load(file), MORNING)
        for number in range(GROUPS):
            account = ACCOUNTS[number % COMMUNITIES % len(ACCOUNTS)]
            tree.bind(
                store, Group(account, f"group-{number}", f"群{number}", f"c{number % COMMUNITIES}", ear=Ear.COMMAND)
            )
        tree.changed(store)


def _lines(share: float) -> list[Line]:
    """The day in its order. Cases get their numbers in the order in which they are told, so they are known before."""
    draw = random.Random(SEED)
    cases = round(LINES * share / PER_CASE)
    told = sorted(_moment(draw, 10) for _ in range(cases))
    lines = [line for number, at in enumerate(told, start=1) for line in _case(number, at, draw)]
    talk = [row.text for row in corpus.make() if row.cmd is None]
    for number in range(LINES - len(lines)):
        group = draw.randrange(GROUPS)
        community = group % COMMUNITIES
        sender = f"c{community}-r{draw.randrange(RESIDENTS // COMMUNITIES)}"
        lines.append(Line(_moment(draw, 15), _account(community), f"group-{group}", sender, talk[number % len(talk)]))
    return sorted(lines, key=lambda line: line.at)


def _case(number: int, at: datetime, draw: random.Random) -> Iterator[Line]:
    group, building = draw.randrange(GROUPS), draw.randrange(BUILDINGS)
    community, case = group % COMMUNITIES, f"{number:04d}"
    account, resident = _account(community), f"c{community}-r{draw.randrange(RESIDENTS // COMMUNITIES)}"
    head = f"c{community}-head-{building % GRIDS}"
    words = f"反映 {building + 1}号楼{draw.randrange(1, 5)}单元{draw.choice(TROUBLES)}"
    yield Line(at, account, f"group-{group}", resident, words)
    yield Line(at + timedelta(minutes=40), account, None, head, f"接 {case}")
    yield Line(at + timedelta(minutes=90), account, None, resident, f"查 {case}")
    yield Line(at + timedelta(minutes=200), account, None, head, f"办结 {case} 已修好")
    yield Line(at + timedelta(minutes=230), account, None, resident, "1")
    yield Line(at + timedelta(minutes=231), account, None, resident, "1")


def _account(community: int) -> str:
    return ACCOUNTS[community % len(ACCOUNTS)]


def _moment(draw: random.Random, hours: float) -> datetime:
    """Within the first hours of the day, more of it around its middle."""
    return MORNING + timedelta(hours=draw.triangular(0, hours))


def _incoming(line: Line, number: int) -> Incoming:
    return Incoming(
        channel=line.account,
        account=line.account,
        external_id=f"line-{number}",
        group=line.group,
        sender=line.sender,
        sender_name=line.sender,
        text=line.text,
        sent_at=line.at,
        received_at=line.at,
    )
