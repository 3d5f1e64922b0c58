"""Logs: one JSON object a line on standard error, with ids and numbers, and never with words that people wrote.

Every line has `timestamp`, `level` and `event`, and `process` while the program runs. What libraries log comes by the
same way, but only where it was said and of what kind it is: their words may hold ours. Of an exception there is its
type and the way to it, for its own words may be what somebody wrote.
"""

import logging
import re
import sys
import threading
import traceback
from collections.abc import Callable, MutableMapping
from types import TracebackType
from typing import Any, Literal, TextIO

import structlog
from structlog.typing import EventDict, WrappedLogger

Level = Literal["debug", "info", "warning", "error"]
HIDDEN = "***"
IDS = frozenset({"message", "external_id", "process", "holder"})
"""Fields with ids of messages and processes, which may be long numbers."""

NAMES = frozenset({"account", "channel", "key"})
"""Fields with names from the settings, which may be in Chinese."""

QUIET = ("httpx", "httpcore", "apscheduler", "alembic", "asyncio", "uvicorn.access", "PIL", "fontTools", "websockets")
"""Libraries of which only warnings are of use."""

LONGEST_WAY = 12
_LONGEST = 300
_PRINTABLE = re.compile(r"[\x20-\x7e]*")
_NUMBER_OF_PERSON = re.compile(r"(?<!\d)(?:1[3-9]\d{9}|0\d{2,3}-?\d{7,8}|\d{17}[\dXx])(?!\d)")
_FRAME = re.compile(r'File "(?:[^"]*/)?([^"/]+)", line (\d+), in (\S+)')
_OURS = ("bot.", "handlers.", "community.", "storage.")


def configure(level: Level = "info", process: str | None = None, stream: TextIO | None = None) -> None:
    """From now on everything that is logged goes this way, and so does what nobody has caught."""
    number = getattr(logging, level.upper())
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            _named(process),
            _without_words,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(stream or sys.stderr),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers = [each for each in root.handlers if not isinstance(each, Relay)] + [Relay()]
    root.setLevel(number)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(number, logging.WARNING))
    logging.captureWarnings(True)
    sys.excepthook = _crashed
    threading.excepthook = _thread_crashed


class Relay(logging.Handler):
    """Takes what is logged by the standard library's way to ours."""

    def emit(self, record: logging.LogRecord) -> None:
        """One line for a record."""
        values: dict[str, Any] = {"logger": record.name, "place": f"{record.filename}:{record.lineno}"}
        event = "library"
        if record.name.startswith(_OURS):
            first, *rest = record.getMessage().splitlines() or [""]
            event, way = first, _frames("\n".join(rest))
            values |= {"way": way} if way else {}
        if record.exc_info and record.exc_info[1] is not None:
            values |= of_exception(record.exc_info[1])
        structlog.get_logger().log(record.levelno, event, **values)


def of_exception(error: BaseException) -> dict[str, Any]:
    """Its type, and the way to it, innermost last. Never its words."""
    frames = traceback.extract_tb(error.__traceback__)[-LONGEST_WAY:]
    way = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames]
    return {"error": type(error).__name__, "way": way}


def _frames(text: str) -> list[str]:
    return [f"{file}:{line} {function}" for file, line, function in _FRAME.findall(text)][-LONGEST_WAY:]


def _named(process: str | None) -> Callable[[WrappedLogger, str, EventDict], EventDict]:
    def add(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        if process is not None:
            event["process"] = process
        return event

    return add


def _without_words(_logger: WrappedLogger, _method: str, event: EventDict) -> MutableMapping[str, Any]:
    """The last gate: whatever a caller gives, only what cannot be somebody's words comes through."""
    error = event.pop("exc_info", None)
    if isinstance(error, BaseException):
        event.update(of_exception(error))
    elif error:
        caught = sys.exc_info()[1]
        event.update(of_exception(caught) if caught is not None else {})
    event.pop("exception", None)
    return {name: _plain(value, name) for name, value in event.items()}


def _plain(value: Any, name: str) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(each, name) for each in value]
    text = value if isinstance(value, str) else type(value).__name__
    if name in NAMES:
        return text[:_LONGEST]
    if _PRINTABLE.fullmatch(text) is None or len(text) > _LONGEST:
        return HIDDEN
    return text if name in IDS else _NUMBER_OF_PERSON.sub(HIDDEN, text)


def _crashed(kind: type[BaseException], error: BaseException, way: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, way)
        return
    structlog.get_logger().critical("crashed", **of_exception(error.with_traceback(way)))


def _thread_crashed(crash: threading.ExceptHookArgs) -> None:
    if crash.exc_value is not None:
        structlog.get_logger().critical("thread_crashed", **of_exception(crash.exc_value))
