"""20,000 lines of 200 groups: 95.2 % talk, 4.8 % commands. The same on every machine, and the same as `bench_peers`'.

`bench_peers` is the harness in which the dispatch cost of other bot frameworks was measured; its corpus is made
again here, character by character, so that figures can be compared. The digest proves it.
"""

import hashlib
import json
import random
from dataclasses import asdict, dataclass

COMMANDS = ("new", "list", "show", "take", "done", "remind", "close", "stats", "find", "help")
LINES = 20_000
SEED = 20261122
DIGEST = "ef419ff11eadbd1b"
_TALK = (
    "大家早上好今天下午三点村委会开会请各位组长按时参加收到谢谢明天有雨注意防汛"
    "老人体检名单已经发群里了请核对电话号码是否正确垃圾清运车几点到路灯坏了两天没人修"
)


@dataclass(frozen=True, slots=True)
class Row:
    """One message as the wire has it. `cmd` is the command that it is, None for talk."""

    id: int
    group: int
    user: int
    name: str
    ts: int
    text: str
    cmd: str | None


def make() -> list[Row]:
    """All rows. Raises `AssertionError` where this Python draws other random numbers."""
    random_numbers = random.Random(SEED)
    rows = [_row(index, random_numbers) for index in range(LINES)]
    digest = hashlib.sha256(as_json_lines(rows).encode()).hexdigest()
    assert digest.startswith(DIGEST), "not the corpus that the peers were measured with"
    return rows


def as_json_lines(rows: list[Row]) -> str:
    """The corpus as a file."""
    return "".join(json.dumps(asdict(row), ensure_ascii=False) + "\n" for row in rows)


def _row(index: int, draw: random.Random) -> Row:
    group, user = draw.randrange(200), draw.randrange(3000)
    command, text = _command(draw) if draw.random() < 0.05 else (None, _talk(index, draw))
    return Row(index + 1, 10_000_000 + group, 20_000_000 + user, f"居民{user}", 1_790_000_000 + index, text, command)


def _command(draw: random.Random) -> tuple[str, str]:
    command = COMMANDS[draw.randrange(len(COMMANDS))]
    return command, f"/{command} {_words(draw, 4, 24)}"


def _talk(index: int, draw: random.Random) -> str:
    text, kind = _words(draw, 3, 60), draw.random()
    if kind < 0.1:
        return "@张三 " + text
    if kind < 0.15:
        return f"{text} https://example.org/{index}"
    return f"[{text[:2]}]" if kind < 0.18 else text


def _words(draw: random.Random, shortest: int, longest: int) -> str:
    return "".join(draw.choices(_TALK, k=draw.randrange(shortest, longest)))
