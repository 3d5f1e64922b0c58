"""A month of a busy group, 10,000 lines, through `python -m bot simulate`: seconds for the whole of it.

180 grievances take their usual way (reported, accepted, finished, confirmed, rated, looked up); every sixth is left
lying, so that the scheduler reminds and escalates. The rest is talk.
"""

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from statistics import median

from bench import corpus
from bench.figures import ROOT, Figure, work_folder
from bench.program import environment

REPEATS = 3
LINES = 10_000
DAYS = 30
GRIEVANCES = 180
GROUP = "天天向善"
GRIDHEAD = ("gridhead-1", "gridhead-2")
BEGIN = datetime(2026, 12, 1, tzinfo=timezone(timedelta(hours=8)))
SEED = 20261201

Moment = tuple[datetime, dict[str, str]]
"""When somebody says something, and the line without its time."""


def measure() -> Iterator[Figure]:
    """Start of the process included."""
    with work_folder() as folder:
        script = Path(folder) / "month.jsonl"
        script.write_text(_script(), encoding="utf-8")
        runs = [_run(script) for _ in range(REPEATS)]
    seconds, said = [run[0] for run in runs], runs[0][1]
    note = f"{GRIEVANCES} grievances on their way, the bot says {said} things; start of the process included"
    yield Figure("simulated month", median(seconds), "s", LINES, REPEATS, None, "< 30", note)


def _run(script: Path) -> tuple[float, int]:
    """Seconds, and how many messages the bot sent."""
    command = [sys.executable, "-m", "bot", "simulate", str(script)]
    began = time.perf_counter()
    done = subprocess.run(
        command, cwd=ROOT, env=environment(), check=True, capture_output=True, text=True, encoding="utf-8"
    )
    seconds = time.perf_counter() - began
    written = [json.loads(line) for line in done.stdout.splitlines()]
    handled = sum("handled" in line for line in written)
    if handled != LINES:
        raise RuntimeError(f"{handled} lines handled, not {LINES}; the figure would not mean what it says")
    return seconds, len(written) - handled


def _script() -> str:
    draw = random.Random(SEED)
    moments = [moment for number in range(1, GRIEVANCES + 1) for moment in _grievance(number)]
    talk = [row.text for row in corpus.make() if row.cmd is None][: LINES - len(moments)]
    moments += [(_waking_hour(draw), _said(f"neighbour-{draw.randrange(300)}", text, GROUP)) for text in talk]
    moments.sort(key=lambda moment: moment[0])
    lines = ({"at": at.isoformat()} | line for at, line in moments)
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


def _grievance(number: int) -> Iterator[Moment]:
    """Six a day, an hour and a half apart, so that their numbers are known beforehand."""
    begun = BEGIN + timedelta(days=(number - 1) // 6, hours=9, minutes=90 * ((number - 1) % 6))
    resident, building, case = f"resident-{number}", number % 8 + 1, f"{number:04d}"
    gridhead = GRIDHEAD[(building - 1) // 4]
    yield begun, _said(resident, f"@小善 反映 {building}号楼2单元电梯坏了", GROUP)
    yield begun + timedelta(minutes=7), _said(resident, f"查 {case}")
    if number % 6 == 0:
        return
    yield begun + timedelta(minutes=40), _said(gridhead, f"接 {case}")
    yield begun + timedelta(minutes=200), _said(gridhead, f"办结 {case} 电梯公司已修好")
    yield begun + timedelta(minutes=230), _said(resident, "1")
    yield begun + timedelta(minutes=231), _said(resident, "1")


def _waking_hour(draw: random.Random) -> datetime:
    return BEGIN + timedelta(days=draw.randrange(DAYS), minutes=draw.randrange(7 * 60, 22 * 60))


def _said(sender: str, text: str, group: str | None = None) -> dict[str, str]:
    return {"from": sender, "text": text} | ({"group": group} if group else {})
