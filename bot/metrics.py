"""What is counted, as Prometheus reads it. Loaded only where the settings have `status`: its library is large.

Labels are channels and accounts by our own names, and words of the program; never a person, a group or a number.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from platform import python_version

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from bot.counts import Counts, Spread
from bot.pace import DAY, HOUR, MINUTE, Budget
from storage import schema, vitals
from storage.database import Store
from storage.vitals import Waiting

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
Account = tuple[str, str]
"""A channel, and our name for the account behind it."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What the database tells, as of `at`."""

    at: datetime
    waiting: tuple[Waiting, ...] = ()
    undelivered: int = 0
    parked: int = 0
    failing: int = 0
    cases: Mapping[str, int] = field(default_factory=dict)
    paused: frozenset[Account] = frozenset()
    left: Mapping[tuple[str, str, str], int] = field(default_factory=dict)


def read_figures(store: Store, accounts: Mapping[Account, Budget | None], now: datetime) -> Figures:
    """Asks the database: some milliseconds, however much is in it."""
    return Figures(
        at=now,
        waiting=tuple(vitals.waiting(store, sorted({channel for channel, _ in accounts}), now)),
        undelivered=vitals.undelivered(store),
        parked=vitals.parked(store),
        failing=vitals.failing(store),
        cases=vitals.cases_by_state(store),
        paused=frozenset(vitals.paused(store, now)),
        left=dict(_left(store, accounts, now)),
    )


def _left(
    store: Store, accounts: Mapping[Account, Budget | None], now: datetime
) -> Iterator[tuple[tuple[str, str, str], int]]:
    for (channel, account), budget in accounts.items():
        if budget is None:
            continue
        for name, window, limit in _windows(budget):
            used = vitals.sent_since(store, channel, account, now - window)
            yield (channel, account, name), max(0, limit - used)


def _windows(budget: Budget) -> tuple[tuple[str, timedelta, int], ...]:
    return (
        ("minute", MINUTE, budget.per_minute),
        ("hour", HOUR, budget.per_hour),
        ("day", DAY, budget.per_day),
    )


@dataclass(frozen=True, slots=True)
class Moment:
    """How the program is now. `away`: for how many seconds a channel has been away; `held`: what runs here."""

    now: datetime
    queue: int
    spool: int
    database_away: bool
    connected: Mapping[str, bool]
    away: Mapping[str, float]
    held: Mapping[str, bool]
    figures: Figures | None


class Metrics(Collector):
    """Makes metrics of what is counted and of how the program is, each time it is asked."""

    def __init__(self, counts: Counts, look: Callable[[], Moment]) -> None:
        self._counts = counts
        self._look = look
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    def text(self) -> bytes:
        """In Prometheus's text format."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """As the library asks for it."""
        moment = self._look()
        yield _labelled(
            "build_info", "版本 / Versions", ("schema", "python"), {(schema.newest(), python_version()): 1}.items()
        )
        yield from self._counted()
        yield from _seen_now(moment)
        if moment.figures is not None:
            yield from _told_by_database(moment.figures, moment.now)

    def _counted(self) -> Iterator[Metric]:
        counts = self._counts
        yield _count("messages_seen", "渠道送来的消息,包括闲聊 / Messages that came in, talk too", counts.seen)
        yield _count("messages_for_us", "对小善说的消息 / Messages for the bot", counts.for_us)
        yield _count("messages_handled", "办完的消息 / Messages handled", counts.handled)
        yield _count("messages_failed", "出错的次数 / Failed goes at a message", counts.failed)
        yield _count("jobs_failed", "定时工作出错的次数 / Failed jobs", counts.jobs_failed)
        yield _count("database_unavailable", "数据库连不上的次数 / Times the database was away", counts.database_away)
        sends = CounterMetricFamily(
            "xiaoshan_sends", "发送,按渠道和结果 / Sends by channel and outcome", labels=("channel", "outcome")
        )
        for (channel, outcome), count in sorted(counts.sends.items()):
            sends.add_metric((channel, outcome), count)
        yield sends
        backups = CounterMetricFamily("xiaoshan_backups", "备份,按结果 / Backups by outcome", labels=("outcome",))
        backups.add_metric(("made",), counts.backups_made)
        backups.add_metric(("failed",), counts.backups_failed)
        yield backups
        yield _value("last_backup_timestamp_seconds", "最近一次备份 / The last backup", counts.backup_at)
        yield _spread("desk_batch_size", "一批几条消息 / Messages in a batch", counts.batch)
        yield _spread("desk_batch_seconds", "一批办多久 / Seconds a batch takes", counts.desk)
        yield _spread("reminder_lateness_seconds", "提醒晚了多久 / How late reminders went out", counts.late)


def _seen_now(moment: Moment) -> Iterator[Metric]:
    yield _value("queue_length", "内存里等着办的 / What waits in memory", moment.queue)
    yield _value("spool_length", "存在盘上、等数据库的消息 / Messages on disk for now", moment.spool)
    yield _value("database_away", "数据库现在是否连不上 / Whether the database is away now", moment.database_away)
    connected = {(name,): value for name, value in moment.connected.items()}
    yield _labelled(
        "channel_connected", "渠道是否连着 / Whether a channel is connected", ("channel",), connected.items()
    )
    away = {(name,): seconds for name, seconds in moment.away.items()}
    yield _labelled("channel_away_seconds", "渠道断了多久 / How long it has been away", ("channel",), away.items())
    held = {(name,): value for name, value in moment.held.items()}
    yield _labelled("lease_held", "由这个进程负责 / Whether this process runs it", ("name",), held.items())


def _told_by_database(figures: Figures, now: datetime) -> Iterator[Metric]:
    yield _value("figures_age_seconds", "以下数字有多旧 / Age of the figures below", (now - figures.at).total_seconds())
    counts = {(each.channel, each.urgency.name.lower()): each.count for each in figures.waiting}
    yield _labelled("outbox_waiting", "等着发的 / What waits to be sent", ("channel", "urgency"), counts.items())
    ages = {
        (each.channel, each.urgency.name.lower()): max(0.0, (now - each.oldest).total_seconds()) if each.oldest else 0
        for each in figures.waiting
    }
    yield _labelled("outbox_oldest_seconds", "最早的等了多久 / Age of the oldest", ("channel", "urgency"), ages.items())
    yield _value("undelivered", "没送到、还没人看的 / What did not go out", figures.undelivered)
    yield _value("messages_parked", "要人看的出错消息 / Messages that people must look at", figures.parked)
    yield _value("messages_to_retry", "会再试的消息 / Messages that will be tried again", figures.failing)
    cases = {(state,): count for state, count in figures.cases.items()}
    yield _labelled("cases_open", "没办结的诉求 / Open grievances", ("state",), cases.items())
    paused = dict.fromkeys(figures.paused, 1)
    accounts = {(channel, account): 0 for channel, account, _ in figures.left} | paused
    yield _labelled("account_paused", "账号在休息 / Whether an account rests", ("channel", "account"), accounts.items())
    yield _labelled(
        "budget_left",
        "还能发几条 / What an account may still send",
        ("channel", "account", "window"),
        figures.left.items(),
    )


def _count(name: str, words: str, value: float) -> Metric:
    return CounterMetricFamily(f"xiaoshan_{name}", words, value)


def _value(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(f"xiaoshan_{name}", words, value)


def _labelled(
    name: str, words: str, labels: tuple[str, ...], values: Iterable[tuple[tuple[str, ...], float]]
) -> Metric:
    family = GaugeMetricFamily(f"xiaoshan_{name}", words, labels=labels)
    for key, value in sorted(values):
        family.add_metric(key, value)
    return family


def _spread(name: str, words: str, spread: Spread) -> Metric:
    return HistogramMetricFamily(f"xiaoshan_{name}", words, spread.up_to(), spread.sum)
