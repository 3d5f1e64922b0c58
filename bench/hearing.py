"""What the ear costs: a time, a line of talk that is refused, and all that is understood of a message."""

import gc
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from zoneinfo import ZoneInfo

from bench import corpus, jionlp
from bench.figures import Figure, Rounds, Skipped, Yardstick, work_folder
from bench.jionlp import Jionlp
from bench.peer import NoPeer
from handlers import phrasebook
from handlers.hearing.addressing import is_for_bot
from handlers.hearing.normalise import normalise
from handlers.hearing.places import find_whereabouts
from handlers.hearing.times import find_when

REPEATS = 7
TIMES = 40
"""How often the phrases are read in one round of ours and of jionlp's."""

BOT = "小善"
NOW = datetime(2026, 3, 11, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))  # a Wednesday

PHRASES: Mapping[str, str] = {
    "明早9点": "2026-03-12 09:00",
    "明天下午三点半": "2026-03-12 15:30",
    "今晚八点": "2026-03-11 20:00",
    "大后天": "2026-03-14",
    "下周三下午3点": "2026-03-18 15:00",
    "周五上午十点": "2026-03-13 10:00",
    "礼拜天": "2026-03-15",
    "周末": "2026-03-14",
    "下周一": "2026-03-16",
    "12月5日": "2026-12-05",
    "3月20号上午9点": "2026-03-20 09:00",
    "下月5号": "2026-04-05",
    "月底": "2026-03-31",
    "三天后": "2026-03-14",
    "两个半小时后": "2026-03-11 12:30",
    "2026年5月1日": "2026-05-01",
    "后天三点": "2026-03-13 15:00",
    "下周一至周五": "2026-03-16",
    "明天9点到11点": "2026-03-12 09:00",
    "清明": "2026-04-05",
    "五月第一个周六": "2026-05-02",
    "腊月二十三": "2027-01-30",
    "下周三 下午 3点": "2026-03-18 15:00",
    "今天": "2026-03-11",
}
"""Typical phrases of bookings and reports, with where each begins."""

MESSAGES = (
    "反映 3号楼2单元电梯坏了,老人下不了楼",
    "查 0123",
    "我想约下周三下午的律师",
    "麻烦帮我查一下0123怎么样了,谢谢",
    "报名 修家电",
    "我那个电梯的事怎么样了",
    "抱名修家电",
    "三号楼二单元501昨天下午开始漏水,没人管",
    "W09 出2床",
    "你好呀今天天气不错",
)


def measure() -> Iterator[Figure | Skipped]:
    """Microseconds each."""
    yield from _times()
    yield _refusing()
    yield _understanding()


def _times() -> Iterator[Figure | Skipped]:
    rounds, starts = Rounds(), [_start_of(phrase) for phrase in PHRASES]
    beside: Yardstick | None = None
    note = f"{_right(starts)} of {len(PHRASES)} right"
    with work_folder() as folder:
        asked = Path(folder) / "phrases.json"
        asked.write_text(json.dumps({"base": NOW.timestamp(), "phrases": [*PHRASES] * TIMES}), encoding="utf-8")
        try:
            with jionlp.running(asked) as peer:
                theirs = _by_turns(rounds, peer)
            beside = Yardstick(f"{jionlp.VERSION}, parse_time", _micros(rounds.theirs), rounds.times_as_fast)
            note += f", jionlp {_right(theirs[: len(PHRASES)])}"
        except NoPeer as reason:
            yield Skipped("find_when beside jionlp", str(reason))
            rounds = Rounds()
            for _ in range(REPEATS):
                rounds.ours.append(_seconds(_read_all))
    yield Figure("find_when", _micros(rounds.ours), "µs/phrase", len(PHRASES) * TIMES, REPEATS, beside, "≤ 100", note)


def _by_turns(rounds: Rounds, peer: Jionlp) -> Sequence[str | None]:
    _read_all()
    starts = peer.read().starts
    for _ in range(REPEATS):
        rounds.ours.append(_seconds(_read_all))
        rounds.theirs.append(peer.read().seconds)
    return starts


def _read_all() -> None:
    for _ in range(TIMES):
        for phrase in PHRASES:
            find_when(phrase, NOW)


def _start_of(phrase: str) -> str | None:
    when = find_when(phrase, NOW)
    return when.start.strftime("%Y-%m-%d %H:%M") if when else None


def _right(starts: Sequence[str | None]) -> int:
    """How many begin when they should; to the day, where no hour was said."""
    pairs = zip(PHRASES.values(), starts, strict=True)
    return sum(start is not None and start.startswith(expected) for expected, start in pairs)


def _refusing() -> Figure:
    talk = [row["text"] for row in map(asdict, corpus.make()) if row["cmd"] is None]
    listener = phrasebook.load().listener

    def refuse() -> None:
        for text in talk:
            if is_for_bot(text, bot_name=BOT, mentions_bot=False, listener=listener):
                raise RuntimeError(f"heard, though it is talk: {text}")

    refuse()
    seconds = [_seconds(refuse) for _ in range(REPEATS)]
    return Figure("refuse talk", _micros(seconds, len(talk)), "µs/line", len(talk), REPEATS, wanted="a few")


def _understanding() -> Figure:
    """Address, command or guess, time and place."""
    listener = phrasebook.load().listener
    times = 100

    def understand() -> None:
        for message in MESSAGES * times:
            text = normalise(message)
            listener.command(text) or listener.guess(text)
            find_when(text, NOW)
            find_whereabouts(text)

    understand()
    seconds = [_seconds(understand) for _ in range(REPEATS)]
    count = len(MESSAGES) * times
    note = "normalised, then command or guess, time and place"
    return Figure("understand", _micros(seconds, count), "µs/message", count, REPEATS, wanted="≤ 5000", note=note)


def _seconds(work: Callable[[], None]) -> float:
    gc.collect()
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _micros(seconds: Sequence[float], n: int = len(PHRASES) * TIMES) -> float:
    return timedelta(seconds=median(seconds)) / timedelta(microseconds=1) / n
