"""Whom and what day somebody wants at a station: 「约下周三下午的人大代表」, 「找王律师」, 「12月9日」."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from handlers.hearing.categories import SURE, categories
from handlers.hearing.chain import SURNAMES
from handlers.hearing.normalise import EMOJI
from handlers.hearing.numerals import to_int
from handlers.hearing.places import find_place
from handlers.hearing.times import PartOfDay, find_when

KINDS: Mapping[str, tuple[str, ...]] = {
    "人大代表": ("congress_deputy",),
    "党代表": ("party_delegate",),
    "政协委员": ("cppcc_member",),
    "第一书记": ("secretary",),
    "书记": ("secretary",),
    "律师": ("lawyer",),
    "社工": ("social_worker",),
    "调解员": ("mediator",),
    "委员": ("cppcc_member",),
    "代表": ("congress_deputy", "party_delegate", "cppcc_member"),
}
"""What residents call those who receive them. The first that is in a text counts: 人大代表 is no mere 代表."""

TOPICS: Mapping[str, tuple[str, ...]] = {
    "法律": ("lawyer",),
    "打官司": ("lawyer",),
    "调解": ("mediator",),
}
"""What people come for. It says who is wanted only where nobody is called by a title."""

_TITLE = re.compile("|".join(sorted(KINDS, key=len, reverse=True)))
_NO_SURNAMES = frozenset("位向任单时都高全党于成万")
"""Surnames that, in front of a title, are more often another word: 「向代表反映」, 「单位书记」."""

_BEFORE_A_NAME = re.compile(
    r"(?:^|[^\u4e00-\u9fff]|[约见找问请教系询访的跟和给对由让叫是个下为\d日号天午晚周一二三四五六末点半])$"
)
"""What stands in front of a surname that is one."""

TITLES = ("代表", "委员", "律师", "社工", "书记", "调解员")
_PARTS: Mapping[PartOfDay, tuple[int, int]] = {"am": (0, 12), "pm": (12, 18), "eve": (18, 24)}
_DATE = re.compile(
    r"(?P<month>\d{1,2})\s*月\s*(?P<day>\d{1,2})\s*[日号]?"
    r"|(?P<said_month>[一二三四五六七八九十]{1,3})月(?P<said_day>[一二三四五六七八九十廿卅]{1,4})[日号]"
)
_LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_TITLED = re.compile(f"(?P<surname>欧阳|司徒|上官|诸葛|[{SURNAMES}])(?:人大|党|政协|第一)?(?:{'|'.join(TITLES)})")
_PLACES = re.compile(r"(?P<places>\d{1,3})\s*(?:个号|个名额|个位|名额|个人|人次|号源)")
_BRING = re.compile(r"(?:请?带上?|携带)(?P<bring>[^\s,\uff0c\u3002]{2,20})")
_STATION_END = re.compile("工作站|服务点|接待点")
_STATION = re.compile(r"(?:^|\s|在)(?P<station>(?:(?!在)[\u4e00-\u9fff\d]){2,12}(?:工作站|服务点|接待点))")
_BEFORE_A_STATION = re.compile(r"(?:^|[^\u4e00-\u9fff]|[在到午日号天晚间点半钟末一二三四五六])$")
LONGEST_STATION = 20
"""Characters of a station's name in front of what stations are."""

_WEEKDAY = "周[一二三四五六日天末]"
_STRANGER = re.compile(
    f"(?:^|\\s)(?!{_WEEKDAY})(?P<name>[{SURNAMES}](?!{'|'.join(TITLES)})[\u4e00-\u9fff]{{1,2}}?)"
    f"(?=\\s|$|人大代表|党代表|政协委员|第一书记|{'|'.join(TITLES)})"
)
QUARTER = timedelta(minutes=15)

_HOUR_ALONE = re.compile(r"(?=.*[点时午早晚:])[上下中午早晚间傍点钟半刻时分整到至\d零一二两三四五六七八九十:.~\-\s]+")
_NOT_COMING = re.compile(
    r"(?:我|那天|那时候?|今天|明天|后天|临时|突然|有事情?|有点事|没空|没时间|实在|真的|可能|恐怕|太?对不起|很?抱歉|不好意思|就|还是"
    r"|好的?|那|谢谢您?|[\s,\u3001\u3002.!~])*+"
    r"(?:不想?[去来约]|[去来]不了|[去来]不成|不能[去来]|[过赶]不[去来]|赶不上|取消)(?:了|啦|吧|呀|啊|预约|[\s,\u3002.!~])*+"
)
_ASKS = re.compile(
    "在哪|哪里|哪儿|地址|怎么走|几点|什么时候|啥时候|哪天|几号|周几|带什么|带啥|要带|几楼|谁接待|是谁|哪位"
)
_REPORTS = re.compile("(?:我?[想要]?|请)?(?:反映|报修|投诉|举报|上报)")
_TO_SOMEBODY = re.compile("想[请问找跟和说谈聊咨]|请您|您帮|咨询|请教|谈谈|聊聊|说说|问问|帮我看|帮忙看")
"""Words for whoever receives."""

_MARKS = " ,\u3001\u3002.!~?"
_PARTICLES = "啊呀哦吧了的呢哈嘛啦哟嗯"
LONGEST_QUESTION = 8
"""Characters of a question about the booking: 「小区那条路什么时候修」 is a matter of its own."""

SHORT = 16
"""Characters of an answer that may be mere courtesy, a question about the booking, or a refusal."""


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
    return Wanted(find_kinds(text, names), find_name(text, names), since, until, hour)


def find_kinds(text: str, names: Sequence[str] = ()) -> tuple[str, ...]:
    """Which kinds of people receive: none where nobody was named. The title of one of the `names` comes first."""
    titles = list(_TITLE.finditer(text))
    of_somebody = next((each[0] for each in titles if _is_of_somebody(each, text, names)), None)
    if of_somebody is not None:
        return KINDS[of_somebody]
    called = next((kinds for words, kinds in KINDS.items() if words in text), None)
    return called or next((kinds for words, kinds in TOPICS.items() if words in text), ())


def find_name(text: str, names: Sequence[str]) -> str:
    """Somebody on duty, by their name or by 「王律师」. A surname that nobody has is given where it surely is one."""
    full = next((name for name in names if len(name) > 1 and name in text), "")
    if full:
        return full
    titled = list(_TITLED.finditer(text))
    known = next((each["surname"] for each in titled if any(name.startswith(each["surname"]) for name in names)), "")
    return known or next((each["surname"] for each in titled if _is_surname(each, text)), "")


def _is_of_somebody(title: re.Match[str], text: str, names: Sequence[str]) -> bool:
    """Whether a title stands next to the name of somebody, in front of it or behind."""
    before, behind = text[: title.start()].rstrip(), text[title.end() :].lstrip()
    return any(before.endswith((name, name[:1])) or behind.startswith(name) for name in names if name)


def _is_surname(titled: re.Match[str], text: str) -> bool:
    """Whether it is a surname, and no other word, that stands in front of a title."""
    before = _BEFORE_A_NAME.search(text[: titled.start()])
    return titled["surname"] not in _NO_SURNAMES and before is not None


def _said(date: re.Match[str]) -> tuple[int, int]:
    """A date in Chinese numerals; the first of the month where they are none."""
    return to_int(date["said_month"]) or 1, to_int(date["said_day"]) or 1


@dataclass(frozen=True, slots=True)
class HeardDuty:
    """What staff want on the rota. `rule` are the words that say when; `places` None: none named."""

    name: str
    kinds: tuple[str, ...]
    rule: str
    places: int | None
    bring: str
    station: str


def hear_duty(words: str, names: Sequence[str], stations: Sequence[str] = ()) -> HeardDuty:
    """「王建华 人大代表 每周三下午2点到4点 6个号 带身份证」: each piece is taken out, what is left says when."""
    places, bring, station = _PLACES.search(words), _BRING.search(words), find_station(words, stations)
    rest = words
    for found in (places, bring):
        rest = rest.replace(found[0], " ", 1) if found else rest
    for said in (f"在{station}", station) if station else ():
        rest = rest.replace(said, " ", 1)
    kinds = find_kinds(rest, names)
    listed = find_names(rest, names)
    name = listed[0] if listed else ""
    if not name:
        stranger = _STRANGER.search(rest)
        name = stranger["name"] if stranger else ""
    for word in (name, *(titled[0] for titled in _TITLED.finditer(rest) if titled["surname"] == name[:1])):
        rest = rest.replace(word, " ", 1) if word else rest
    for title in (title for title in (*KINDS, *TOPICS) if title in rest):
        rest = rest.replace(title, " ", 1)
    if not name:
        stranger = _STRANGER.search(rest)
        name = stranger["name"] if stranger else ""
        rest = rest.replace(name, " ", 1) if name else rest
    return HeardDuty(
        name=name,
        kinds=kinds,
        rule=" ".join(rest.split()).strip(",\uff0c\u3002 "),
        places=int(places["places"]) if places else None,
        bring=bring["bring"] if bring else "",
        station=station,
    )


def find_station(text: str, stations: Sequence[str]) -> str:
    """The station that is named, as it was said: one of these, or a part of the name of one, or one that is not known.
    Empty where there is none."""
    whole = max((name for name in stations if name in text), key=len, default="")
    if whole:
        return whole
    for end in _STATION_END.finditer(text):
        starts = range(max(0, end.start() - LONGEST_STATION), end.start())
        said = (text[start : end.end()] for start in starts if _BEFORE_A_STATION.search(text[:start]))
        part = next((each for each in said if any(each in name for name in stations)), "")
        if part:
            return part
    unknown = _STATION.search(text)
    return unknown["station"] if unknown else ""


def find_names(text: str, names: Sequence[str], *, strangers: bool = False) -> list[str]:
    """The people on duty who are named, in the order in which they stand: in full, or as 「王代表」; of a surname that
    nobody has, or several, the surname alone. With `strangers` also full names that nobody on duty has."""
    found = {text.index(name): name for name in names if len(name) > 1 and name in text}
    unknown = {each.start("name"): each["name"] for each in _STRANGER.finditer(text) if each["name"] not in names}
    in_full = [range(start, start + len(name)) for start, name in (*found.items(), *unknown.items())]
    for titled in _TITLED.finditer(text):
        called = [name for name in names if name.startswith(titled["surname"])]
        name = called[0] if len(called) == 1 else titled["surname"]
        if name not in found.values() and not any(titled.start() in span for span in in_full):
            found[titled.start()] = name
    if strangers:
        found |= unknown
    return [name for _, name in sorted(found.items())]


def impossible_day(text: str) -> str:
    """A date that no year has, as it was said: 2月30日, 4月31号, 13月1日. Empty where there is none."""
    for found in _DATE.finditer(text):
        month, day = (int(found["month"]), int(found["day"])) if found["month"] else _said(found)
        if not 1 <= month <= 12 or not 1 <= day <= _LONGEST[month - 1]:
            return found[0].strip()
    return ""


class AfterBooking(Enum):
    """What is said when the bot has asked, without need, what it is about."""

    COURTESY = auto()
    QUESTION = auto()
    NOT_COMING = auto()
    REASON = auto()


def hear_after_booking(text: str, courtesies: Sequence[str]) -> AfterBooking:
    """Thanks are no reason, nor is 「在哪里」 or a number that nobody asked for. What is longer is always one."""
    if len(text) > SHORT:
        return AfterBooking.REASON
    rest = re.sub(EMOJI, "", text)
    if _without(rest, courtesies) == "":
        return AfterBooking.COURTESY
    if _NOT_COMING.fullmatch(rest):
        return AfterBooking.NOT_COMING
    meant = [sign for sign in rest if "\u4e00" <= sign <= "\u9fff"]
    if (
        len(meant) < 2
        or (len(meant) <= LONGEST_QUESTION and _ASKS.search(rest))
        or re.fullmatch("第?[一二三四五\\d]个", rest)
    ):
        return AfterBooking.QUESTION
    return AfterBooking.REASON


def begins_as_report(text: str) -> bool:
    """Whether words say outright that they are a report: 反映, 报修, 投诉."""
    return _REPORTS.match(text) is not None


def is_like_a_report(text: str) -> bool:
    """Whether words after a booking may also be something to be taken care of: sure of a category, long or with a
    place, and said to nobody."""
    sure = categories(text)[0].score >= SURE and not _TO_SOMEBODY.search(text)
    return sure and (len(text) > SHORT or find_place(text) is not None)


def names_no_day(text: str, now: datetime) -> bool:
    """Whether an hour or a part of the day is named and no day: 「改到10点」, 「改到下午」."""
    when = find_when(text, now)
    return when is not None and _HOUR_ALONE.fullmatch(text[when.span[0] : when.span[1]]) is not None


def _without(text: str, courtesies: Sequence[str]) -> str:
    """What is left when courtesies are taken off the front until none is there."""
    rest = text
    while (shorter := _without_first(rest, courtesies)) != rest:
        rest = shorter
    return rest


def _without_first(text: str, courtesies: Sequence[str]) -> str:
    """The longest courtesy off the front, with the marks and particles around it. 「算了」 ends in one of its own."""
    text = text.strip(_MARKS).casefold()
    first = max((each for each in courtesies if text.startswith(each)), key=len, default="")
    return text[len(first) :].strip(_MARKS + _PARTICLES)


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
