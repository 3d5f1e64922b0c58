"""What is to be otherwise at an event: 「地点 文化广场」, 「时间 10点到12点」, 「理发 3人 20个号」. Pure."""

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Literal

from handlers.hearing.numerals import to_int
from handlers.hearing.times import find_when
from handlers.hearing.times.pieces import PartOfDay

Field = Literal["place", "time", "bring", "leader"]

_FIELDS: tuple[tuple[Field, str], ...] = (
    ("place", "地点|地方|地址|场地"),
    ("time", "时间|日期|日子"),
    ("bring", "携带|要带|自带|带上|带什么|带"),
    ("leader", "负责人|带队人?|组长"),
)
_MARKS = " \t\u3000,\uff0c\u3002.、;\uff1b:\uff1a"
_TO = r"(?:改到|改成|改为|换到|换成|是|为|到|至)?"
_FIELD = {field: re.compile(rf"^[的{_MARKS}]*(?:{words})[{_MARKS}]*{_TO}[{_MARKS}]*") for field, words in _FIELDS}
_NUMERAL = r"\d{1,9}|[零一二两三四五六七八九十百千]{1,7}"
_HELPERS = re.compile(rf"(?:志愿者|帮忙的?|要|招)?\s*(?P<count>{_NUMERAL})\s*(?:个?人|位|个?志愿者|名)")
_VISITORS = re.compile(rf"(?:取号|放号|号)?\s*(?P<count>{_NUMERAL})\s*(?:个?号|个?名额)")
_DAY_NAMED = re.compile(r"[月日号周末]|星期|礼拜|[今明后]天|今晚|明[早晚]|\d[-/.]\d")
_SAID_WITH_A_DATE = re.compile(
    r"延期|延|改期|改|顺延|推迟|推|到|至|在|那就|就|定|[，,。.!！ 的吧了啊呢]|活动|集市|时间|日子|新|日期"
)
LONGEST_REST = 2
NOON, EVENING = 12, 18


@dataclass(frozen=True, slots=True)
class StallSaid:
    """A stall's name and how many places; None: not said."""

    name: str
    helpers: int | None
    visitors: int | None


@dataclass(frozen=True, slots=True)
class NewTime:
    """Another time of an event. `ends_at` None: as long as it was."""

    begins_at: datetime
    ends_at: datetime | None


def hear_field(words: str) -> tuple[Field, str] | None:
    """What is to be changed and what it becomes; None where that is not said."""
    for field, pattern in _FIELD.items():
        found = pattern.match(words)
        if found:
            return field, words[found.end() :].strip(_MARKS)
    return None


def hear_stall(words: str) -> StallSaid:
    """「理发 3人 20个号」."""
    rest, visitors = _counted(_VISITORS, words)
    rest, helpers = _counted(_HELPERS, rest)
    return StallSaid("".join(rest.split()).strip(_MARKS), helpers, visitors)


def hear_new_time(words: str, begins_at: datetime, now: datetime) -> NewTime | None:
    """The time that is named for an event which begins at `begins_at`: a day keeps its hour, an hour its day.

    Both moments are in the local zone. None where no time is named.
    """
    if not _DAY_NAMED.search(words):
        when = find_when(words, begins_at.replace(hour=0, minute=0))
        if when is None or when.whole_day:
            return None
        moved = datetime.combine(begins_at.date(), when.start.timetz())
        return NewTime(moved, _end(moved, when.end))
    when = find_when(words, now)
    if when is None:
        return None
    if when.whole_day:
        if when.part is not None and when.part != _part_of(begins_at):
            return None  # 「12月12日下午」 for what begins in the morning: at which hour?
        return NewTime(datetime.combine(when.start.date(), begins_at.timetz()), None)
    return NewTime(when.start, _end(when.start, when.end))


def is_date_alone(words: str, now: datetime) -> bool:
    """Whether words are nothing but a day, with an hour perhaps: 「改到12月12日9点吧」."""
    when = find_when(words, now)
    if when is None or not _DAY_NAMED.search(words):
        return False
    rest = words[: when.span[0]] + words[when.span[1] :]
    return len(_SAID_WITH_A_DATE.sub("", rest)) <= LONGEST_REST


def without_time(words: str, now: datetime) -> str:
    """Words without the time that they name: a reason, 「下雨」."""
    when = find_when(words, now)
    rest = words if when is None else words[: when.span[0]] + words[when.span[1] :]
    return rest.strip(_MARKS + "到至因为由于了")


def _part_of(moment: datetime) -> PartOfDay:
    return "am" if moment.hour < NOON else "pm" if moment.hour < EVENING else "eve"


def _end(begins_at: datetime, end: datetime | None) -> datetime | None:
    """The end on the same day; 「9点到11点」 read on its own may name one on another."""
    if end is None:
        return None
    found = datetime.combine(begins_at.date(), end.timetz())
    return found if found > begins_at or end.time() != time() else found + timedelta(days=1)


def _counted(pattern: re.Pattern[str], words: str) -> tuple[str, int | None]:
    found = pattern.search(words)
    if found is None:
        return words, None
    said = found["count"]
    count = int(said) if said.isdecimal() else to_int(said) or 0
    return words[: found.start()] + " " + words[found.end() :], count
