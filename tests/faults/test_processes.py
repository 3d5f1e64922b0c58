"""Four real programs on one PostgreSQL: every group is answered in order, whoever dies or is started anew."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from storage.database import Database
from tests.faults.city import City, ended, start
from tests.keys import KEYS
from tests.postgresql import Server

pytestmark = pytest.mark.postgresql

MESSAGES = 20_000 if os.environ.get("XIAOSHAN_LONG") == "1" else 1_000
PROCESSES, ACCOUNTS, GROUPS = 4, 8, 40
SETTINGS = """
database: "{url}"
data: "{folder}"
lease_seconds: 2.0
quiet_hours: {{from: "00:00", to: "00:00"}}
sending: {{seconds_between: 0.001, jitter_seconds: 0.0, per_minute: 100000, per_hour: 100000, per_day: 100000}}
channels:
  wechaty:
"""


@pytest.fixture
def url(xingfu_server: Server) -> Iterator[str]:
    found = xingfu_server.fresh_url("xingfu")
    yield found
    xingfu_server.drop(found)


def written(url: str, folder: Path) -> Path:
    """The settings, the same for all."""
    config = folder / "config.yaml"
    accounts = "".join(f'    - {{name: account_{number}, endpoint: "gateway:1"}}\n' for number in range(ACCOUNTS))
    config.write_text(SETTINGS.format(url=url, folder=folder) + accounts, encoding="utf-8")
    return config


def conversation(account: int) -> list[dict[str, Any]]:
    """What is said in the groups of an account: each by somebody else, whom the answer names."""
    groups = [number for number in range(GROUPS) if number % ACCOUNTS == account]
    turns = MESSAGES // GROUPS
    return [
        {"id": f"m{group}-{turn}", "group": f"g{group}", "from": f"p{group}-{turn}", "text": "@小善 楼下有人吗"}
        for turn in range(turns)
        for group in groups
    ]


async def test_every_group_is_answered_in_order_whoever_dies(url: str, tmp_path: Path) -> None:
    config, socket = written(url, tmp_path), tmp_path / "gateways"
    city = City({f"account_{number}": conversation(number) for number in range(ACCOUNTS)})
    processes = [start(config, socket) for _ in range(PROCESSES)]
    with ended(processes):
        async with city.open(socket):
            await city.until(lambda: city.acknowledged > MESSAGES // 5)
            processes[0].kill()
            processes.append(start(config, socket))
            await city.until(lambda: city.acknowledged > MESSAGES // 2)
            for number in range(1, PROCESSES):
                processes[number].terminate()
                await asyncio.to_thread(processes[number].join, 60)
                processes.append(start(config, socket))
            await city.until(lambda: city.acknowledged == MESSAGES)
            await city.until(lambda: len(answered(city)) == MESSAGES)
            for process in processes[PROCESSES:]:
                process.terminate()
            for process in processes[PROCESSES:]:
                await asyncio.to_thread(process.join, 60)
    codes = [process.exitcode for process in processes]
    assert codes[:PROCESSES] == [-signal.SIGKILL, *[0] * (PROCESSES - 1)]
    assert set(codes[PROCESSES:]) <= {0, -signal.SIGTERM}, "as it ends that is told to before it is up"
    check(city, url)


def check(city: City, url: str) -> None:
    """Each message has one effect and its answer, and no answer overtook another."""
    violations = [pair for account in city.accounts.values() for pair in out_of_order(account.said)]
    assert violations == []
    doubled = sum(times - 1 for times in answered(city).values())
    assert doubled <= ACCOUNTS * 10, "more was said twice than a kill can explain"
    database = Database(url, KEYS)
    with database.begin() as store:
        kept = store.connection.exec_driver_sql("SELECT count(*), count(DISTINCT external_id) FROM inbox").one()
        unsent = store.connection.exec_driver_sql(
            "SELECT count(*) FROM outbox WHERE sent_at IS NULL AND urgency < 2"
        ).scalar_one()
        held = store.connection.exec_driver_sql("SELECT count(*) FROM leases").scalar_one()
    database.close()
    assert tuple(kept) == (MESSAGES, MESSAGES)
    assert (unsent, held) == (0, 0)


def answered(city: City) -> Counter[str]:
    return Counter(sender for account in city.accounts.values() for said in account.said for sender in said["mentions"])


def out_of_order(said: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Answers that came after one that should have come later. What is said once more counts where it first was."""
    last: dict[str, int] = {}
    seen: set[str] = set()
    for sender in (sender for each in said if each["group"] for sender in each["mentions"]):
        group, _, turn = sender.partition("-")
        if sender not in seen and int(turn) < last.get(group, -1):
            yield sender, f"{group}-{last[group]}"
        seen.add(sender)
        last[group] = max(last.get(group, -1), int(turn))
