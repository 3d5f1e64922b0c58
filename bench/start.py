"""Seconds from the start of the process until the chat room's address is printed, beside a bare interpreter."""

from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from bench import program
from bench.figures import Figure, Yardstick, work_folder

REPEATS = 5
BARE = ("-c", "pass")
IMPORTS = ("-c", "import bot.__main__")
EMPTY_SCRIPT = ("-m", "bot", "simulate", "/dev/null")

Start = Callable[[], float]


def measure() -> Iterator[Figure]:
    """First start (database made, demo community loaded), a later one, an empty script, and the imports alone.

    "nothing compiled" is the very first start after the installation, when Python has yet to compile its modules.
    """
    with work_folder() as name:
        folder = Path(name)
        starts: dict[str, Start] = {
            "start, first, nothing compiled": lambda: _seconds_to_address(_new_folder(folder), compiled=False),
            "start, first": lambda: _seconds_to_address(_new_folder(folder)),
            "start, again": lambda: _seconds_to_address(folder),
            "simulate, empty script": lambda: program.python(*EMPTY_SCRIPT),
            "imports": lambda: program.python(*IMPORTS),
            "bare interpreter": lambda: program.python(*BARE),
        }
        seconds: dict[str, list[float]] = {kind: [] for kind in starts}
        for number in range(REPEATS + 1):
            for kind, start in starts.items():
                took = start()
                if number:  # the first round fills the caches
                    seconds[kind].append(took)
    bare = seconds.pop("bare interpreter")
    for kind, runs in seconds.items():
        beside = Yardstick("python -c pass", median(bare), median(bare) / median(runs))
        wanted = "≤ 1.5" if kind.startswith("start") else ""
        yield Figure(kind, median(runs), "s", 1, REPEATS, beside, wanted)


def _new_folder(folder: Path) -> Path:
    fresh = folder / f"{sum(1 for _ in folder.iterdir())}"
    fresh.mkdir()
    return fresh


def _seconds_to_address(folder: Path, *, compiled: bool = True) -> float:
    with program.started(folder, compiled=compiled) as running:
        return running.seconds
