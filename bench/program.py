"""The program as its users start it: `python -m bot …` in a process of its own, measured from outside."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.figures import ROOT, WORK

PATIENCE = 60
_CACHE = "PYTHONPYCACHEPREFIX"
_NO_CACHE = "PYTHONDONTWRITEBYTECODE"


@dataclass(frozen=True, slots=True)
class Running:
    """`python -m bot run`, and the seconds from its start until it had said where the chat room is."""

    process: "subprocess.Popen[str]"
    seconds: float


def environment(*, compiled: bool = True) -> dict[str, str]:
    """Ours, but with Python's compiled files kept from run to run as usual, or nowhere: as on a very first start.

    Some machines switch them off for all programs; what is measured should not depend on that.
    """
    inherited = {name: value for name, value in os.environ.items() if name not in (_CACHE, _NO_CACHE)}
    own = {_CACHE: str(WORK / "compiled")} if compiled else {_CACHE: str(WORK / "nothing"), _NO_CACHE: "1"}
    return inherited | own


def python(*arguments: str) -> float:
    """Runs Python to its end. The seconds it took. Raises `CalledProcessError`."""
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment(),
        check=True,
        timeout=PATIENCE,
        stdout=subprocess.DEVNULL,
    )
    return time.perf_counter() - began


@contextmanager
def started(folder: Path, *, compiled: bool = True) -> Iterator[Running]:
    """The program with its chat room on any free port and its data in `folder`. Stopped at the end."""
    config = folder / "config.yaml"
    config.write_text(
        f"database: sqlite:///{folder}/bench.db\ndata: {folder}\ncommunity: {ROOT}/examples/xingfu/community.yaml\n"
        "channels:\n  chat_room:\n    port: 0\n"
    )
    command = [sys.executable, "-m", "bot", "run", "--config", str(config)]
    began = time.perf_counter()
    surroundings, pipe = environment(compiled=compiled), subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, env=surroundings, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        try:
            if not any("http://" in line for line in process.stdout):
                raise RuntimeError("the program ended without saying where its chat room is")
            yield Running(process, time.perf_counter() - began)
        finally:
            process.terminate()


def resident_megabytes(process: "subprocess.Popen[str]") -> float:
    """Memory that a process holds now (Linux)."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024
