"""One pass over the folded text: the forms of words that are known, in their order."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache

from handlers.hearing.times import days, hours, months, occasions
from handlers.hearing.times.pieces import HANZI, NUMERALS, Days, Piece, Reader

# The first form that fits at a place is taken, so the more particular ones stand first.
_READERS = (*occasions.READERS, *hours.READERS, *days.READERS, *months.READERS)
_BY_NAME = {reader.name: reader for reader in _READERS}
_STARTS = frozenset[str]().union(*(reader.starts for reader in _READERS)) | set("百")
_START = re.compile(f"[{''.join(sorted(_STARTS))}]")

# A number that begins no time is passed over whole: no hour hides in the middle of 3-2-501 or 一百二十三.
_OTHER_NUMBER = f"[0-9]+(?:[-./:][0-9]+)*|(?:{HANZI}|[百千万])+|百分之(?:{HANZI}|[0-9百.点])+"

# These bound the time that a text of nothing but numbers and weekdays can take. 10,000 characters of ordinary
# talk have some 900 places where a time could begin.
_MOST_TRIES = 1500
_MOST_FOUND = 100


@dataclass(frozen=True, slots=True)
class Found:
    """A form of words in the text and what it means, read on the day of the message."""

    start: int
    end: int
    piece: Piece
    reader: Reader
    match: re.Match[str]
    now: datetime

    def days_after(self, after: date) -> Days | None:
        """The same words once more, as the first such day on or after a date."""
        piece = self.reader.read(self.match, self.now, after)
        return piece if isinstance(piece, Days) else None


def _without_groups(pattern: str) -> str:
    """The inner names occur in many forms, and a pattern takes each name once."""
    return re.sub(r"\(\?P<\w+>", "(?:", pattern)


@cache
def _one_of(names: tuple[str, ...], *, with_numbers: bool) -> re.Pattern[str]:
    forms = [f"(?P<{name}>{_without_groups(_BY_NAME[name].pattern.pattern)})" for name in names]
    return re.compile("|".join([*forms, _OTHER_NUMBER] if with_numbers else forms))


def _forms_beginning_with(character: str) -> re.Pattern[str]:
    names = tuple(reader.name for reader in _READERS if character in reader.starts)
    return _one_of(names, with_numbers=character in NUMERALS or character == "百")


# By first character, because trying every form at every place costs ten times as much. Compiled at import: a
# tenth of a second that the first message should not wait for.
_FORMS = {character: _forms_beginning_with(character) for character in _STARTS}


def scan(plain: str, now: datetime) -> Iterator[Found]:
    today = now.date()
    position = found = 0
    for _ in range(_MOST_TRIES):
        start = _START.search(plain, position)
        if start is None or found == _MOST_FOUND:
            return
        position = start.start()
        hit = _FORMS[start[0]].match(plain, position)
        if hit is None:
            position += 1
            continue
        if hit.lastgroup:
            reader = _BY_NAME[hit.lastgroup]
            match = reader.pattern.match(plain, position)
            piece = reader.read(match, now, today) if match else None
            if match and piece:
                found += 1
                yield Found(position, match.end(), piece, reader, match, now)
        position = hit.end()
