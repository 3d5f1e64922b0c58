"""Whom and what day somebody wants at a station: 「约下周三下午的人大代表」, 「找王律师」, 「12月9日」."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from handlers.hearing.chain import SURNAMES
from handlers.hearing.times import PartOfDay, find_when

KINDS: Mapping[str, tuple[str, ...]] = {
    "人大代表": ("congress_deputy",),
    "党代表": ("party_delegate",),
    "政协委员": ("cppcc_member",),
    "第一书记": ("secretary",),
    "书记": ("secretary",),
    "律师": ("lawyer",),
    "法律": ("lawyer",),
    "打官司": ("lawyer",),
    "社工": ("social_worker",),
    "调解员": ("mediator",),
    "调解": ("mediator",),
    "委员": ("cppcc_member",),
    "代表": ("congress_deputy", "party_delegate", "cppcc_member"),
}
"""What residents call those who receive them. The first that is in a text counts: 人大代表 is no mere 代表."""

TITLES = ("代表", "委员", "律师", "社工", "书记", "调解员")
_PARTS: Mapping[PartOfDay, tuple[int, int]] = {"am": (0, 12), "pm": (12, 18), "eve": (18, 24)}
_DATE = re.compile(r"(?P<month>\d{1,2})\s*月\s*(?P<day>\d{1,2})\s*[日号]?")
_LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_TITLED = re.compile(f"(?P<surname>[{SURNAMES}])(?:{'|'.join(TITLES)})")
_PLACES = re.compile(r"(?P<places>\d{1,3})\s*(?:个号|个名额|个位|名额|个人|人次|号源)")
_BRING = re.compile(r"(?:请?带上?|携带)(?P<bring>[^\s,\uff0c\u3002]{2,20})")
_STATION = re.compile(r"在?(?P<station>[\u4e00-\u9fff\d]{2,12}(?:工作站|服务点|接待点))")
_STRANGER = re.compile(f"(?:^|\\s)[{SURNAMES}][\u4e00-\u9fff]{{1,2}}(?=\\s)")
QUARTER = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was heard. `kinds` are those of `storage.tables.DutyKind`; `name` is a full name, or a surname alone.

    `since` and `until` bound what was named, `hour` is set where that was an hour.
    """

    kinds: tuple[str, ...]
    name: str
    since: datetime | None
    until: datetime | None
    hour: datetime | None


def hear_wish(text: str, names: Sequence[str], now: datetime) -> Wanted:
    """What a normalised text asks for; `names` are those on duty, `now` is in the local zone."""
    since, until, hour = _when(text, now)
    return Wanted(find_kinds(text), find_name(text, names), since, until, hour)


def find_kinds(text: str) -> tuple[str, ...]:
    """Which kinds of people receive: none where nobody was named."""
    return next((kinds for words, kinds in KINDS.items() if words in text), ())


def find_name(text: str, names: Sequence[str]) -> str:
    """Somebody on duty, by their name or by 「王律师」. A surname that nobody has is given too."""
    full = next((name for name in names if len(name) > 1 and name in text), "")
    if full:
        return full
    titled = _TITLED.search(text)
    return titled["surname"] if titled else ""


@dataclass(frozen=True, slots=True)
class HeardDuty:
    """What staff want on the rota. `rule` are the words that say when; `places` 0: none named."""

    name: str
    kinds: tuple[str, ...]
    rule: str
    places: int
    bring: str
    station: str


def hear_duty(words: str, names: Sequence[str]) -> HeardDuty:
    """「王建华 人大代表 每周三下午2点到4点 6个号 带身份证」: each piece is taken out, what is left says when."""
    places, bring, station = _PLACES.search(words), _BRING.search(words), _STATION.search(words)
    rest = words
    for found in (places, bring, station):
        rest = rest.replace(found[0], " ", 1) if found else rest
    kinds = find_kinds(rest)
    listed = find_names(rest, names)
    name = listed[0] if listed else ""
    for word in (name, *(title for title in KINDS if title in rest)):
        rest = rest.replace(word, " ", 1) if word else rest
    if not name:
        stranger = _STRANGER.search(rest)
        name = stranger[0].strip() if stranger else ""
        rest = rest.replace(name, " ", 1) if name else rest
    return HeardDuty(
        name=name,
        kinds=kinds,
        rule=" ".join(rest.split()).strip(",\uff0c\u3002 "),
        places=int(places["places"]) if places else 0,
        bring=bring["bring"] if bring else "",
        station=station["station"] if station else "",
    )


def find_names(text: str, names: Sequence[str]) -> list[str]:
    """The people on duty who are named, in the order in which they stand: in full, or as 「王代表」."""
    found = {text.index(name): name for name in names if len(name) > 1 and name in text}
    for titled in _TITLED.finditer(text):
        called = next((name for name in names if name.startswith(titled["surname"])), titled["surname"])
        if called not in found.values():
            found[titled.start()] = called
    return [name for _, name in sorted(found.items())]


def impossible_day(text: str) -> str:
    """A date that no year has, as it was said: 2月30日, 4月31号, 13月1日. Empty where there is none."""
    for found in _DATE.finditer(text):
        month, day = int(found["month"]), int(found["day"])
        if not 1 <= month <= 12 or not 1 <= day <= _LONGEST[month - 1]:
            return found[0].strip()
    return ""


def _when(text: str, now: datetime) -> tuple[datetime | None, datetime | None, datetime | None]:
    when = find_when(text, now)
    if when is None:
        return None, None, None
    if not when.whole_day:
        return when.start, (when.end or when.start) + QUARTER, when.start
    last = (when.end or when.start) + timedelta(days=1)
    if when.part is None or when.end is not None:
        return when.start, last, None
    begin, end = _PARTS[when.part]
    return when.start + timedelta(hours=begin), when.start + timedelta(hours=end), None
