"""Megabytes that the program holds: at rest with the chat room open, and after a busy stretch in `simulate`."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import IO

from bench import corpus, program
from bench.figures import ROOT, Figure, Yardstick, work_folder

REPEATS = 3
REST = 3.0
"""Seconds after which whatever loads late has loaded and the scheduler has ticked."""

REPORTS = 1_000
GROUP = "天天向善"
MORNING = datetime(2026, 12, 1, 1, tzinfo=UTC)


def measure() -> Iterator[Figure]:
    """Resident memory of the process, by `/proc`."""
    bare = _of_bare_interpreter()
    starts = [_at_rest() for _ in range(REPEATS)]
    first, later = median(each[0] for each in starts), median(each[1] for each in starts)
    beside = Yardstick("python -c pass", bare, bare / later)
    note = f"python -m bot run, database there; {first:.3g} MB after the very first start, which makes the tables"
    yield Figure("memory at rest", later, "MB", 1, REPEATS, beside, "≤ 120", note)
    before, after = _while_simulating(_script())
    note = f"simulate; {before:.3g} MB before the first of {corpus.LINES} lines of talk and {REPORTS} reports"
    yield Figure("memory after a busy stretch", after, "MB", corpus.LINES + REPORTS, 1, None, "≤ 300", note)


def _at_rest() -> tuple[float, float]:
    """After the very first start, and after the next one."""
    with work_folder() as folder:
        return _started(Path(folder)), _started(Path(folder))


def _started(folder: Path) -> float:
    with program.started(folder) as running:
        time.sleep(REST)
        return program.resident_megabytes(running.process)


def _of_bare_interpreter() -> float:
    command = [sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()"]
    with _piped(command) as process:
        _output(process).readline()
        found = program.resident_megabytes(process)
        _input(process).close()
    return found


def _while_simulating(script: list[str]) -> tuple[float, float]:
    """Memory after the first line and after the last, while the process waits for more."""
    with _piped([sys.executable, "-m", "bot", "simulate"]) as process:
        before = _play(process, script[:1], last=1)
        after = _play(process, script[1:], last=len(script))
        _input(process).close()
        _output(process).read()
    return before, after


def _play(process: "subprocess.Popen[str]", lines: Iterable[str], last: int) -> float:
    def write() -> None:
        for line in lines:
            _input(process).write(line + "\n")
        _input(process).flush()

    writer = threading.Thread(target=write)  # both pipes fill up: one must read while the other writes
    writer.start()
    for line in _output(process):
        if json.loads(line).get("handled") == last:
            break
    writer.join()
    return program.resident_megabytes(process)


def _script() -> list[str]:
    """The corpus' talk, and among it reports of 200 residents, at one line every two seconds."""
    rows = corpus.make()
    every = len(rows) // REPORTS
    lines: list[str] = []
    for number, row in enumerate(rows):
        at = (MORNING + timedelta(seconds=2 * number)).isoformat()
        text = row.text.removeprefix("/")
        lines.append(_line(at, f"user-{row.user}", text))
        if number % every == 0:
            report = number // every
            lines.append(_line(at, f"resident-{report % 200}", f"反映 {report % 12 + 1}号楼电梯坏了"))
    return lines


def _line(at: str, sender: str, text: str) -> str:
    return json.dumps({"at": at, "group": GROUP, "from": sender, "text": text}, ensure_ascii=False)


def _piped(command: list[str]) -> "subprocess.Popen[str]":
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command, cwd=ROOT, env=program.environment(), stdin=pipe, stdout=pipe, text=True, encoding="utf-8"
    )


def _input(process: "subprocess.Popen[str]") -> IO[str]:
    assert process.stdin is not None
    return process.stdin


def _output(process: "subprocess.Popen[str]") -> IO[str]:
    assert process.stdout is not None
    return process.stdout
