"""An event that the staff open in one line: 「发起 雷锋集市 12月5日9点 文化广场」."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from handlers.hearing.times import find_when

_PLACES = re.compile(r"(?P<places>\d{1,4})\s*(?:个?人|个?名额|位|个位子)")
_MARKS = " \t\u3000,\uff0c\u3002.、;\uff1b:\uff1a"
_AT = re.compile(r"^(?:在|地点是?|地址是?)[:\uff1a\s]*")
LONGEST_NAME = 30
LONGEST_PLACE = 60


@dataclass(frozen=True, slots=True)
class Proposed:
    """What was heard. Without an hour there is no `begins_at`; `day_alone` says that a day was named."""

    name: str
    begins_at: datetime | None
    ends_at: datetime | None
    day_alone: bool
    place: str
    visitors: int | None


def hear_proposal(words: str, names: Sequence[str], now: datetime) -> Proposed:
    """The words behind 发起: a name, a day with its hours, a place. `names` are those of templates."""
    when = find_when(words, now)
    rest = words if when is None else f"{words[: when.span[0]]} \n {words[when.span[1] :]}"
    rest, visitors = _without_places(rest)
    name = max((each for each in names if each in rest), key=len, default="")
    before, _, behind = rest.replace(name, " \n ", 1).partition("\n") if name else rest.partition("\n")
    if not name:
        name, *others = before.split() or [""]
        before = " ".join(others)
    place = _AT.sub("", " ".join(f"{before} {behind}".replace("\n", " ").split()).strip(_MARKS))
    hour = when is not None and not when.whole_day
    return Proposed(
        name.strip(_MARKS)[:LONGEST_NAME],
        when.start if when and hour else None,
        when.end if when and hour else None,
        when is not None and not hour,
        place[:LONGEST_PLACE],
        visitors,
    )


def _without_places(words: str) -> tuple[str, int | None]:
    found = _PLACES.search(words)
    if found is None:
        return words, None
    return words[: found.start()] + " " + words[found.end() :], int(found["places"])
