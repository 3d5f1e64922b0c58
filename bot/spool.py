"""Where messages wait while the database is away: sealed lines in a file of this process, on disk before it is said so.

A file is done with when everything in it is in the database, and is removed then. What a process left behind that is
gone is taken over by the next one, and comes first. Doing a line twice is harmless: a message stops at its key.
"""

import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from io import FileIO
from itertools import islice
from pathlib import Path
from typing import Any

import structlog

from handlers.messages import Incoming
from storage.sealing import CannotOpen, Keys

SUFFIX, DAMAGED = ".spool", ".damaged"
COLUMN = "spool"
"""What a line is sealed as, so that it is nothing else."""

log = structlog.get_logger()
_NAMES = tuple(field.name for field in fields(Incoming) if field.name != "fetch_photo")
_MOMENTS = ("sent_at", "received_at")


@dataclass(slots=True)
class _File:
    """A file, locked by this process for as long as it is open. `at`: up to where it is in the database.

    `full`: nothing more is written to it, since its last writing failed. `damaged`: it has lines that nobody can read.
    """

    path: Path
    handle: FileIO
    waiting: int = 0
    at: int = 0
    full: bool = False
    damaged: bool = False


class Spool:
    """The messages that wait, the oldest first. Used by one thread at a time."""

    def __init__(self, folder: Path, keys: Keys, name: str) -> None:
        """`name` is this process's own, unlike that of any other that uses the folder."""
        self._folder = folder
        self._keys = keys
        self._name = name
        self._files: list[_File] = []

    def __len__(self) -> int:
        return sum(file.waiting for file in self._files)

    def take_over(self) -> None:
        """Takes what processes left behind that are gone, the oldest file first."""
        left = sorted(self._folder.glob(f"*{SUFFIX}"), key=lambda path: (path.stat().st_mtime_ns, path.name))
        for path in left:
            file = _locked(path)
            if file is None:
                continue
            file.waiting = sum(1 for _ in _lines(file))
            log.warning("spool_taken_over", messages=file.waiting)
            self._files.append(file)
        self._remove_done()

    def append(self, messages: Iterable[Incoming]) -> None:
        """Keeps messages behind all others; on disk when it returns. Raises `OSError`: then none of them is kept."""
        lines = [self._keys.seal(_written(message), COLUMN).encode("ascii") + b"\n" for message in messages]
        file = self._own()
        end = file.handle.seek(0, os.SEEK_END)
        try:
            _write_all(file.handle, b"".join(lines))
            os.fsync(file.handle.fileno())
        except OSError:
            file.full = True
            file.handle.truncate(end)
            self._remove_done()
            raise
        file.waiting += len(lines)

    def first(self, count: int) -> Sequence[Incoming]:
        """The messages that have waited longest, of one file. A line that cannot be read is logged, and kept aside."""
        file = self._files[0]
        found: list[Incoming] = []
        for line in islice(_lines(file), count):
            try:
                found.append(_read(self._keys.open(line.decode("ascii"), COLUMN)))
            except (CannotOpen, ValueError, KeyError, TypeError) as error:
                file.damaged = True
                log.error("spool_line_unreadable", error=type(error).__name__)
        return found

    def drop(self, count: int) -> None:
        """The first so many lines, readable or not, are in the database."""
        file = self._files[0]
        for line in islice(_lines(file), count):
            file.at += len(line) + 1
            file.waiting -= 1
        self._remove_done()

    def keep_aside(self) -> None:
        """The oldest file has something that could not be dealt with: it is not removed in the end, but renamed."""
        self._files[0].damaged = True

    def close(self) -> None:
        """Leaves what waits to the next process."""
        for file in self._files:
            file.handle.close()
        self._files = []

    def _own(self) -> _File:
        """The file that is written to: the last one, and never one of another process."""
        if self._files and self._files[-1].path.stem.startswith(self._name) and not self._files[-1].full:
            return self._files[-1]
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = next(path for number in range(1_000_000) if not (path := self._path(number)).exists())
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        handle = FileIO(descriptor, "r+")
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _sync_folder(self._folder)
        self._files.append(_File(path, handle))
        return self._files[-1]

    def _path(self, number: int) -> Path:
        return self._folder / f"{self._name}-{number}{SUFFIX}"

    def _remove_done(self) -> None:
        while self._files and self._files[0].waiting <= 0:
            file = self._files.pop(0)
            if file.damaged:
                file.path.rename(file.path.with_suffix(DAMAGED))
            else:
                file.path.unlink()
            file.handle.close()


def _locked(path: Path) -> _File | None:
    """The file, if no living process has it."""
    try:
        handle = FileIO(path, "r+")
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        handle.close()
        return None
    if os.fstat(handle.fileno()).st_nlink == 0:  # done with and removed by the one who had it until now
        handle.close()
        return None
    return _File(path, handle)


def _write_all(handle: FileIO, data: bytes) -> None:
    written = 0
    while written < len(data):
        written += handle.write(data[written:])


def _lines(file: _File) -> Iterator[bytes]:
    """The whole lines from `at` on. One without an end was never promised to anybody."""
    with file.path.open("rb") as reader:
        reader.seek(file.at)
        for line in reader:
            if line.endswith(b"\n"):
                yield line[:-1]


def _written(message: Incoming) -> str:
    values = {name: getattr(message, name) for name in _NAMES}
    return json.dumps(values | {name: values[name].isoformat() for name in _MOMENTS}, separators=(",", ":"))


def _read(text: str) -> Incoming:
    values: dict[str, Any] = json.loads(text)
    moments = {name: datetime.fromisoformat(values[name]) for name in _MOMENTS}
    message = Incoming(**(values | moments))
    return replace(message, photos=tuple(message.photos))


def _sync_folder(folder: Path) -> None:
    """A new file's name is on disk only with its folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
