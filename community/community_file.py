"""The community file: who lives and works where, written by people who don't code. Pure.

Reading has two steps. A reader (`community_yaml`, `community_sheet`) turns its format into entries of atoms, each
with the spot it was written at; `check`, and for stations, events, services and units
`community_file_stations`, `community_file_events`, `community_file_services` and `community_file_units`, turn entries
into a `CommunityFile`. All note every problem they find and go on, so that the writer hears of all mistakes at once.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import Enum, auto
from typing import TypeVar

from community.parts.recurrence import OnHoliday, Recurrence
from storage.people import Address
from storage.tables import DutyKind, Ear, Level, Members, Role
from storage.tree import Node

EMBEDDED_CHANNELS = ("chat_room", "pipe")
"""Channels of our own, which need no ids of somebody else's: a person's address is their id, a group's its name."""

LEVEL_NAMES: Mapping[Level, str] = {
    Level.COUNTY: "县",
    Level.STREET: "街道",
    Level.COMMUNITY: "社区",
    Level.GRID: "网格",
    Level.BUILDING: "楼栋",
}
ROLE_NAMES: Mapping[Role, str] = {
    Role.RESIDENT: "居民",
    Role.VOLUNTEER: "志愿者",
    Role.BUILDING_HEAD: "楼长",
    Role.GRID_HEAD: "网格长",
    Role.COMMUNITY_WORKER: "社区工作者",
    Role.FIRST_SECRETARY: "第一书记",
    Role.STREET_OFFICER: "街道干部",
    Role.COUNTY_OFFICER: "县干部",
    Role.DEPUTY: "两代表一委员",
    Role.LAWYER: "律师",
    Role.PROPERTY_FIRM: "物业",
    Role.OWNERS_COMMITTEE: "业委会",
    Role.MEMBER_UNIT: "共建单位",
    Role.ADMINISTRATOR: "管理员",
}
MEMBERS_NAMES: Mapping[Members, str] = {Members.RESIDENTS: "居民", Members.VOLUNTEERS: "志愿者"}
EAR_NAMES: Mapping[Ear, str] = {Ear.MENTION: "点名", Ear.COMMAND: "口令", Ear.ALARM: "口令和呼救"}
DUTY_NAMES: Mapping[DutyKind, str] = {
    DutyKind.PARTY_DELEGATE: "党代表",
    DutyKind.CONGRESS_DEPUTY: "人大代表",
    DutyKind.CPPCC_MEMBER: "政协委员",
    DutyKind.SECRETARY: "第一书记",
    DutyKind.LAWYER: "律师",
    DutyKind.SOCIAL_WORKER: "社工",
    DutyKind.MEDIATOR: "调解员",
}
ON_HOLIDAY_NAMES: Mapping[OnHoliday, str] = {OnHoliday.MOVE: "顺延", OnHoliday.SKIP: "取消", OnHoliday.KEEP: "照常"}

OFFICES = frozenset({Level.COMMUNITY, Level.STREET, Level.COUNTY})
"""Levels with a house that has a door: these can have a station."""
_NEIGHBOURHOOD = frozenset({Level.BUILDING, Level.GRID, Level.COMMUNITY})
ROLE_LEVELS: Mapping[Role, frozenset[Level]] = {
    Role.RESIDENT: _NEIGHBOURHOOD,
    Role.VOLUNTEER: _NEIGHBOURHOOD | {Level.STREET},
    Role.BUILDING_HEAD: frozenset({Level.BUILDING}),
    Role.GRID_HEAD: frozenset({Level.GRID}),
    Role.COMMUNITY_WORKER: frozenset({Level.COMMUNITY}),
    Role.FIRST_SECRETARY: frozenset({Level.COMMUNITY}),
    Role.STREET_OFFICER: frozenset({Level.STREET}),
    Role.COUNTY_OFFICER: frozenset({Level.COUNTY}),
    Role.DEPUTY: OFFICES,
    Role.LAWYER: OFFICES,
    Role.PROPERTY_FIRM: _NEIGHBOURHOOD,
    Role.OWNERS_COMMITTEE: _NEIGHBOURHOOD,
    Role.MEMBER_UNIT: _NEIGHBOURHOOD | {Level.STREET},
    Role.ADMINISTRATOR: OFFICES,
}
"""At which levels a role can be held."""


class Word(Enum):
    """What can be wrong with a file, in Chinese and English."""

    MISSING_FILE = "找不到文件 {path} / no such file"
    UNREADABLE = "读不了文件 {path}:{why} / cannot read the file"
    NOT_UTF8 = "文件不是 UTF-8 编码,请用 UTF-8 另存 / the file is not UTF-8"
    EMPTY = "文件是空的,至少要有一个节点 / the file is empty: it needs at least one node"
    SYNTAX = "YAML 写法有误:{problem}{hint} / YAML syntax error"
    TOO_DEEP = "括号或缩进嵌套太深 / nested too deeply"
    NOT_SECTIONS = "文件应分 nodes、people、groups 等部分{hint} / expected the sections nodes, people, groups…"
    NOT_A_LIST = "应是一列条目,每条以「- 」开头{hint} / expected a list"
    NOT_AN_ENTRY = "应是「名称: 值」{hint} / expected keys and values"
    UNKNOWN_KEY = "没有「{key}」这一项,可用的有:{known} / unknown key: {key}"
    REPEATED_KEY = "「{key}」写了两次,上一次在{before} / key given twice: {key}"
    NOT_TEXT = "应是一个词{hint} / wrong type: expected text"
    NOT_TEXTS = "应是一个词或一列词{hint} / wrong type: expected text or a list of texts"
    NOT_PAIRS = "应写成「{example}」{hint} / wrong type: expected pairs such as {example}"
    MISSING = "缺少「{key}」 / missing: {key}"
    NO_NAME = "没有写姓名 / a person without a name"
    BAD_TEXT = "有看不见的控制字符 / control characters"
    TOO_LONG = "太长,最多 {most} 个字 / longer than {most} characters"
    BAD_ID = "编号「{id}」只能用汉字、字母、数字、- 和 _ / an id has only letters, digits, - and _: {id}"
    REPEATED_ID = "「{id}」用了两次,上一次在{before} / used twice: {id}"
    UNKNOWN_CHOICE = "不认识「{given}」,可用的有:{known} / unknown: {given}"
    BAD_NUMBER = "楼号「{given}」应是 1 到 9999 的整数 / a building's number is a whole number from 1 to 9999"
    NUMBER_OF_NO_BUILDING = "只有楼栋才有楼号 / only a building has a building number"
    REPEATED_NUMBER = "同一社区里有两个 {number} 号楼,另一个在{before} / building {number} twice in one community"
    UNKNOWN_PARENT = "上级「{id}」不存在 / unknown parent: {id}"
    CYCLE = "节点绕成了圈:{path} / the nodes form a cycle"
    WRONGORDER = "{level}不能挂在{parent_level}「{parent}」下面 / level order broken: {parent} is not above it"
    OUTSIDE = "{level}不在任何社区下面 / it lies in no community"
    UNKNOWN_NODE = "节点「{id}」不存在 / unknown node: {id}"
    ROLE_OF_NOWHERE = "{role}的{place}「{id}」不存在 / {english} of an unknown node: {id}"
    ROLE_MISPLACED = "{role}不能设在{level}「{id}」,应设在:{allowed} / {english} does not fit the level of {id}"
    EMBEDDED_ADDRESS = "{channel} 的地址由程序自动填,请删去 / {channel} needs no address here"
    BAD_CHANNEL = "渠道「{given}」应是小写英文,如 wechaty / a channel is in lower-case letters, such as wechaty"
    REPEATED_ADDRESS = "地址「{id}」已给了{owner} / address used twice: {id}"
    NOT_A_WORKBOOK = "不是 .xlsx 表格,或文件已损坏 / not an .xlsx workbook, or damaged"
    UNKNOWN_SHEET = "没有这种工作表,可用的有:{known} / unknown sheet: {given}"
    WRONG_HEADER = "第 1 行应是表头,可用的有:{known} / row 1 must be the header"
    MISSING_COLUMN = "缺少「{column}」这一列 / missing column: {key}"
    STATION_MISPLACED = "工作站不能设在{level}「{id}」,应设在:{allowed} / a station does not fit the level of {id}"
    UNKNOWN_STATION = "工作站「{id}」不存在 / unknown station: {id}"
    UNKNOWN_PERSON = "人员「{id}」不存在 / unknown person: {id}"
    PERSON_OR_NAME = "人员(person)和姓名(name)要写一个,也只写一个 / give either person or name, and only one of them"
    NOT_A_RULE = "看不懂时间「{words}」:{why} / not a rule: {english}"
    NO_HOURS = "「{words}」没有写几点到几点,例如「每周三上午9点到11点」 / no hours"
    AT_NIGHT = "「{words}」在夜里,要排在 7 点到 21 点之间 / at night, not between 7:00 and 21:00"
    NEEDS_START = "「{words}」要写开始(start)的日期,才知道从哪天算起 / this rule needs a start"
    BAD_PLACES = "名额「{given}」应是 1 到 100 的整数 / places are a whole number from 1 to 100"
    BAD_DATE = "「{given}」应是一个日期,例如 2026-12-09 / a date is written as 2026-12-09"
    REPEATED_RULE = "这条值班写了两次,上一次在{before} / the same duty twice"
    UNKNOWN_GROUP = "「群」里没有「{id}」 / unknown group: {id}"
    REPEATED_GROUP = "群「{id}」已是另一支队伍的,在{before} / group of two teams: {id}"
    UNKNOWN_EVENT = "活动「{id}」不存在 / unknown event: {id}"
    REPEATED_NAME = "同一个节点有两个「{name}」,另一个在{before} / name used twice at one node: {name}"
    REPEATED_STALL = "这个活动有两个「{name}」摊位,另一个在{before} / stall given twice: {name}"
    TOO_MANY_STALLS = "一个活动最多 {most} 个摊位 / more than {most} stalls"
    BAD_HELPERS = "志愿者名额「{given}」应是 0 到 {most} 的整数 / helpers are a whole number from 0 to {most}"
    BAD_VISITORS = "取号名额「{given}」应是 0 到 {most} 的整数 / visitors are a whole number from 0 to {most}"
    NO_PLACES = "「{name}」志愿者和取号都没有名额 / a stall without places for helpers or visitors"
    YES_OR_NO = "应写「是」或「否」{hint} / expected true or false"
    BAD_TAKERS = "人数「{given}」应是 {least} 或 {most} / takers are {least} or {most}"
    BAD_MINUTES = "分钟「{given}」应是 {least} 到 {most} 的整数 / minutes are a whole number from {least} to {most}"
    BAD_HEADCOUNT = "人数「{given}」应是 1 到 {most} 的整数 / a headcount is a whole number from 1 to {most}"
    OVERLAP = "{name} {day} 要值两个班,另一个在{before} / on duty twice at the same time, first on {day}"


@dataclass(frozen=True, slots=True)
class Spot:
    """Where something is written: a line (YAML), and in words of the file's own."""

    line: int | None
    where: str

    def __str__(self) -> str:
        return f"第 {self.line} 行" if self.line else self.where


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a file. `line` only for YAML; `where` names the entry, or sheet, row and column."""

    line: int | None
    where: str
    message: str

    def __str__(self) -> str:
        line = f"第 {self.line} 行 (line {self.line}) " if self.line else ""
        return f"{line}{self.where}:{self.message}"


class CommunityFileError(Exception):
    """A file that cannot be imported, with everything that is wrong with it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass(slots=True)
class Findings:
    """The problems found so far."""

    problems: list[Problem] = field(default_factory=list)

    def add(self, spot: Spot, word: Word, **values: object) -> None:
        """Notes a problem and goes on."""
        self.problems.append(Problem(spot.line, spot.where, word.value.format(**values)))

    def raise_any(self) -> None:
        """Raises `CommunityFileError` if anything was found, in the order of the lines."""
        if self.problems:
            # In a workbook all lines are None and the sort, being stable, keeps the order in which it was read.
            raise CommunityFileError(sorted(dict.fromkeys(self.problems), key=lambda problem: problem.line or 0))


def fail(where: str, word: Word, **values: object) -> CommunityFileError:
    """The error for a file that cannot be read at all."""
    findings = Findings()
    findings.add(Spot(None, where), word, **values)
    return CommunityFileError(findings.problems)


@dataclass(frozen=True, slots=True)
class PersonEntry:
    """A person of the file. `addresses` are those of outside channels only."""

    id: str
    name: str
    home: str | None = None
    roles: tuple[tuple[Role, str], ...] = ()
    addresses: tuple[Address, ...] = ()


@dataclass(frozen=True, slots=True)
class GroupEntry:
    """A group of the file. `addresses` are those of outside channels only."""

    name: str
    node: str
    members: Members = Members.RESIDENTS
    ear: Ear = Ear.COMMAND
    addresses: tuple[Address, ...] = ()


@dataclass(frozen=True, slots=True)
class StationEntry:
    """A station of the file. `address` and `hours` are words for people."""

    id: str
    name: str
    node: str
    address: str = ""
    hours: str = ""


@dataclass(frozen=True, slots=True)
class RotaEntry:
    """Somebody's duty. `person` None: somebody who is not among the file's people, of whom there is but the `name`.

    `start` None: from the day of the import on.
    """

    station: str
    kind: DutyKind
    person: str | None
    name: str
    when: Recurrence
    places: int
    bring: str = ""
    on_holiday: OnHoliday = OnHoliday.MOVE
    start: date | None = None
    spot: Spot = field(default=Spot(None, "值班"), compare=False)


@dataclass(frozen=True, slots=True)
class StallEntry:
    """A stall: places for helpers and for visitors. `item`: visitors say what they bring. `skill`: what helps there."""

    name: str
    helpers: int = 0
    visitors: int = 0
    item: bool = False
    skill: str = ""


@dataclass(frozen=True, slots=True)
class EventEntry:
    """A template of events. With `when` it makes them by itself; `start` None: from the day of the import on."""

    id: str
    name: str
    node: str
    place: str
    stalls: tuple[StallEntry, ...]
    when: Recurrence | None = None
    bring: str = ""
    leader: str | None = None
    on_holiday: OnHoliday = OnHoliday.KEEP
    start: date | None = None


@dataclass(frozen=True, slots=True)
class TeamEntry:
    """A team of volunteers. `members` has the leader too. `group`: the name of a group of the file."""

    id: str
    name: str
    node: str
    leader: str | None = None
    members: tuple[str, ...] = ()
    group: str | None = None


@dataclass(frozen=True, slots=True)
class ServiceEntry:
    """A line of the menu of what neighbours may order. `takers`: two where nobody should go alone."""

    id: str
    name: str
    node: str
    skill: str
    at_home: bool = False
    takers: int = 1
    minutes: int = 60


@dataclass(frozen=True, slots=True)
class UnitEntry:
    """A unit whose members report in. `contact` confirms them; `headcount`: how many they should be."""

    id: str
    name: str
    node: str
    contact: str | None = None
    headcount: int | None = None


@dataclass(frozen=True, slots=True)
class CommunityFile:
    """A file without mistakes."""

    nodes: tuple[Node, ...]
    people: tuple[PersonEntry, ...] = ()
    groups: tuple[GroupEntry, ...] = ()
    stations: tuple[StationEntry, ...] = ()
    rota: tuple[RotaEntry, ...] = ()
    events: tuple[EventEntry, ...] = ()
    teams: tuple[TeamEntry, ...] = ()
    services: tuple[ServiceEntry, ...] = ()
    units: tuple[UnitEntry, ...] = ()


class Shape(Enum):
    """How a value is written: one word, a date, yes or no, several words, pairs, or entries of another section."""

    TEXT = auto()
    DATE = auto()
    FLAG = auto()
    TEXTS = auto()
    PAIRS = auto()
    ENTRIES = auto()


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the file: what it is called, and the shape of each key. A workbook must have the `columns`.

    `owner`: the key by which a workbook, where these stand apart, names the entry that holds them.
    """

    title: str
    shapes: Mapping[str, Shape]
    label: str
    columns: tuple[str, ...] = ()
    owner: str = ""


SECTIONS: Mapping[str, Section] = {
    "nodes": Section(
        "节点",
        {
            "id": Shape.TEXT,
            "parent": Shape.TEXT,
            "level": Shape.TEXT,
            "name": Shape.TEXT,
            "building": Shape.TEXT,
            "aliases": Shape.TEXTS,
        },
        label="id",
    ),
    "people": Section(
        "人员",
        {"id": Shape.TEXT, "name": Shape.TEXT, "home": Shape.TEXT, "roles": Shape.PAIRS, "addresses": Shape.PAIRS},
        label="id",
    ),
    "groups": Section(
        "群",
        {"name": Shape.TEXT, "node": Shape.TEXT, "members": Shape.TEXT, "ear": Shape.TEXT, "addresses": Shape.PAIRS},
        label="name",
    ),
    "stations": Section(
        "工作站",
        dict.fromkeys(("id", "name", "node", "address", "hours"), Shape.TEXT),
        label="id",
        columns=("id", "name", "node"),
    ),
    "rota": Section(
        "值班",
        dict.fromkeys(("station", "kind", "person", "name", "when", "places", "bring", "on_holiday"), Shape.TEXT)
        | {"start": Shape.DATE},
        label="when",
        columns=("station", "kind", "when"),
    ),
    "events": Section(
        "活动",
        dict.fromkeys(("id", "name", "node", "when", "place", "bring", "leader", "on_holiday"), Shape.TEXT)
        | {"start": Shape.DATE, "stalls": Shape.ENTRIES},
        label="id",
        columns=("id", "name", "node", "place"),
    ),
    "stalls": Section(
        "摊位",
        dict.fromkeys(("event", "name", "helpers", "visitors", "skill"), Shape.TEXT) | {"item": Shape.FLAG},
        label="name",
        columns=("event", "name"),
        owner="event",
    ),
    "teams": Section(
        "队伍",
        dict.fromkeys(("id", "name", "node", "leader", "group"), Shape.TEXT) | {"members": Shape.TEXTS},
        label="id",
        columns=("id", "name", "node"),
    ),
    "services": Section(
        "服务",
        dict.fromkeys(("id", "name", "node", "skill", "takers", "minutes"), Shape.TEXT) | {"at_home": Shape.FLAG},
        label="id",
        columns=("id", "name", "node"),
    ),
    "units": Section(
        "共建单位",
        dict.fromkeys(("id", "name", "node", "contact", "headcount"), Shape.TEXT),
        label="id",
        columns=("id", "name", "node"),
    ),
}

PAIR_EXAMPLES: Mapping[str, str] = {"roles": "grid_head: grid-1", "addresses": "wechaty: wxid_abc"}


@dataclass(frozen=True, slots=True)
class Atom:
    """One word of a value; `key` where it is half of a pair."""

    text: str
    spot: Spot
    key: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One node, person or the like as it was written. A key without atoms is one whose value made no sense.

    `blanks`: where values would stand that are not there. `inside`: the entries of other sections that it holds.
    """

    spot: Spot
    values: Mapping[str, tuple[Atom, ...]]
    blanks: Mapping[str, Spot] = field(default_factory=dict)
    inside: Mapping[str, "tuple[Entry, ...]"] = field(default_factory=dict)

    def first(self, key: str) -> Atom | None:
        """The value of a key that takes one word."""
        return next(iter(self.values.get(key, ())), None)

    def all(self, key: str) -> tuple[Atom, ...]:
        return self.values.get(key, ())


Entries = Mapping[str, Sequence[Entry]]


_ID = re.compile(r"[A-Za-z0-9_\-\u3400-\u4dbf\u4e00-\u9fff]+")
_CHANNEL = re.compile(r"[a-z][a-z0-9_]{0,39}")
_NOT_TEXT = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_NUMBER = re.compile(r"0*[1-9][0-9]{0,3}", re.ASCII)
_MOST_OF_ID = 80
MOST_OF_NAME = 120
_MOST_OF_ADDRESS = 160

ORDER = tuple(Level)
"""The levels from the top."""
_INSIDE = frozenset({Level.GRID, Level.BUILDING})
"""Levels that exist only within a community."""
_ROLE_CHOICES = {name: role for role in Role for name in (role.value, ROLE_NAMES[role])}
_LEVEL_CHOICES = {name: level for level in Level for name in (level.value, LEVEL_NAMES[level])}
_MEMBERS_CHOICES = {name: members for members in Members for name in (members.value, MEMBERS_NAMES[members])}
_EAR_CHOICES = {name: ear for ear in Ear for name in (ear.value, EAR_NAMES[ear])}


def check(entries: Entries, findings: Findings) -> CommunityFile:
    """What the entries say. Worth something only if nothing was found; notes all that is wrong."""
    nodes = _nodes(entries["nodes"], findings)
    if not entries["nodes"] and not findings.problems:
        findings.add(Spot(None, "nodes 节点"), Word.EMPTY)
    places = {node.id: node for node, _ in nodes}
    _check_tree(nodes, places, findings)
    return CommunityFile(
        tuple(places.values()),
        _people(entries["people"], places, findings),
        _groups(entries["groups"], places, findings),
    )


def plain(atom: Atom, most: int, findings: Findings) -> str:
    """What an atom says; a problem if that is too long or no text."""
    if _NOT_TEXT.search(atom.text):
        findings.add(atom.spot, Word.BAD_TEXT)
    if len(atom.text) > most:
        findings.add(atom.spot, Word.TOO_LONG, most=most)
    return atom.text


Choice = TypeVar("Choice", bound=Enum)


def choice(atom: Atom, given: str, choices: Mapping[str, Choice], findings: Findings) -> Choice | None:
    """What is meant by `given`; None, and a problem, if nothing is."""
    if given not in choices:
        findings.add(atom.spot, Word.UNKNOWN_CHOICE, given=given, known="、".join(choices))
    return choices.get(given)


def _identity(entry: Entry, key: str, taken: dict[str, Spot], findings: Findings) -> str | None:
    """The entry's own id; None, and a problem, if it has none or another entry's."""
    atom = entry.first(key)
    if atom is None:
        if key not in entry.values:  # else what stands there was no text, which has been said
            findings.add(entry.spot, Word.MISSING, key=key)
        return None
    if atom.text in taken:
        findings.add(atom.spot, Word.REPEATED_ID, id=atom.text, before=taken[atom.text])
        return None
    taken[atom.text] = atom.spot
    return atom.text


def checked_id(entry: Entry, taken: dict[str, Spot], findings: Findings) -> str | None:
    """The entry's own id; None, and a problem, if it has none or another entry's."""
    identity, atom = _identity(entry, "id", taken, findings), entry.first("id")
    if identity and atom and not _ID.fullmatch(identity):
        findings.add(atom.spot, Word.BAD_ID, id=identity)
    elif identity and atom:
        plain(atom, _MOST_OF_ID, findings)
    return identity


def _nodes(entries: Iterable[Entry], findings: Findings) -> list[tuple[Node, Entry]]:
    """The nodes with an id and a level. A node of a wrong level is kept, lest its children be blamed."""
    found = []
    taken: dict[str, Spot] = {}
    for entry in entries:
        identity = checked_id(entry, taken, findings)
        node = _node(identity, entry, findings)
        if node is not None:
            found.append((node, entry))
    return found


def _node(identity: str | None, entry: Entry, findings: Findings) -> Node | None:
    level, number = _level(entry, findings), _building_number(entry, findings)
    name_atom, parent = entry.first("name"), entry.first("parent")
    name = plain(name_atom, MOST_OF_NAME, findings) if name_atom else f"{number}号楼" if number else None
    if name is None and not {"name", "building"} & set(entry.values):
        findings.add(entry.spot, Word.MISSING, key="name")
    if number and level is not Level.BUILDING:
        findings.add(entry.spot, Word.NUMBER_OF_NO_BUILDING)
    aliases = tuple(plain(alias, MOST_OF_NAME, findings) for alias in entry.all("aliases"))
    if identity is None:
        return None
    return Node(identity, parent.text if parent else None, level or Level.BUILDING, name or identity, number, aliases)


def _level(entry: Entry, findings: Findings) -> Level | None:
    """A numbered building need not say that it is one."""
    atom = entry.first("level")
    if atom is not None:
        return choice(atom, atom.text, _LEVEL_CHOICES, findings)
    if "building" in entry.values:
        return Level.BUILDING
    if "level" not in entry.values:
        findings.add(entry.spot, Word.MISSING, key="level")
    return None


def _building_number(entry: Entry, findings: Findings) -> int | None:
    atom = entry.first("building")
    if atom is None:
        return None
    if not _NUMBER.fullmatch(atom.text):
        findings.add(atom.spot, Word.BAD_NUMBER, given=atom.text)
        return None
    return int(atom.text)


def _check_tree(nodes: Sequence[tuple[Node, Entry]], places: Mapping[str, Node], findings: Findings) -> None:
    in_cycles = _check_cycles(nodes, places, findings)
    numbers: dict[tuple[str, int], Spot] = {}
    for node, entry in nodes:
        if node.parent_id is not None and node.parent_id not in places:
            findings.add(spot_of(entry, "parent"), Word.UNKNOWN_PARENT, id=node.parent_id)
        elif not in_cycles & {above.id for above in _upwards(node, places)}:
            _check_place(node, entry, places, findings)
            _check_number(node, entry, places, numbers, findings)


def spot_of(entry: Entry, key: str) -> Spot:
    """Where a value stands, or else the entry."""
    atom = entry.first(key)
    return atom.spot if atom else entry.spot


def _upwards(node: Node | None, places: Mapping[str, Node]) -> list[Node]:
    """The node and those above it; stops where a cycle closes."""
    found: list[Node] = []
    while node is not None and node not in found:
        found.append(node)
        node = places.get(node.parent_id or "")
    return found


def _check_cycles(nodes: Iterable[tuple[Node, Entry]], places: Mapping[str, Node], findings: Findings) -> set[str]:
    """Each cycle once, at the first of its nodes. Gives the ids of all nodes in cycles."""
    known: set[str] = set()
    for node, entry in nodes:
        above = [place.id for place in _upwards(node, places)]
        if node.id not in known and places[above[-1]].parent_id == node.id:
            findings.add(spot_of(entry, "parent"), Word.CYCLE, path=" → ".join([*above, node.id]))
            known.update(above)
    return known


def _readable_level(entry: Entry) -> bool:
    atom = entry.first("level")
    return atom.text in _LEVEL_CHOICES if atom else "building" in entry.values


def _check_place(node: Node, entry: Entry, places: Mapping[str, Node], findings: Findings) -> None:
    if not _readable_level(entry):
        return
    parent = places.get(node.parent_id or "")
    if parent is not None and ORDER.index(parent.level) >= ORDER.index(node.level):
        findings.add(
            spot_of(entry, "parent"),
            Word.WRONGORDER,
            level=LEVEL_NAMES[node.level],
            parent_level=LEVEL_NAMES[parent.level],
            parent=parent.id,
        )
    elif node.level in _INSIDE and (parent is None or parent.level not in _INSIDE) and not _community(node, places):
        # Said of the topmost only: what hangs on it is in a community as soon as that is.
        findings.add(entry.spot, Word.OUTSIDE, level=LEVEL_NAMES[node.level])


def _community(node: Node, places: Mapping[str, Node]) -> Node | None:
    return next((above for above in _upwards(node, places) if above.level is Level.COMMUNITY), None)


def _check_number(
    node: Node, entry: Entry, places: Mapping[str, Node], numbers: dict[tuple[str, int], Spot], findings: Findings
) -> None:
    community = _community(node, places)
    if node.building_number is None or community is None:
        return
    spot = spot_of(entry, "building")
    before = numbers.setdefault((community.id, node.building_number), spot)
    if before is not spot:
        findings.add(spot, Word.REPEATED_NUMBER, number=node.building_number, before=before)


def _people(entries: Iterable[Entry], places: Mapping[str, Node], findings: Findings) -> tuple[PersonEntry, ...]:
    found = []
    taken: dict[str, Spot] = {}
    owners: dict[Address, str] = {}
    for entry in entries:
        identity, name, home = checked_id(entry, taken, findings), entry.first("name"), entry.first("home")
        if "name" not in entry.values:
            findings.add(entry.spot, Word.NO_NAME)
        if home is not None and home.text not in places:
            findings.add(home.spot, Word.UNKNOWN_NODE, id=home.text)
        found.append(
            PersonEntry(
                identity or "",
                plain(name, MOST_OF_NAME, findings) if name else "",
                home.text if home else None,
                _roles(entry, places, findings),
                _addresses(entry, identity or "", owners, findings),
            )
        )
    return tuple(found)


def _roles(entry: Entry, places: Mapping[str, Node], findings: Findings) -> tuple[tuple[Role, str], ...]:
    found = []
    for atom in entry.all("roles"):
        role = choice(atom, atom.key, _ROLE_CHOICES, findings)
        if role is not None:
            _check_role(role, atom, places, findings)
            found.append((role, atom.text))
    return tuple(dict.fromkeys(found))


def _check_role(role: Role, atom: Atom, places: Mapping[str, Node], findings: Findings) -> None:
    levels = sorted(ROLE_LEVELS[role], key=ORDER.index)
    names = [LEVEL_NAMES[level] for level in levels]
    words = {"role": ROLE_NAMES[role], "english": role.value, "id": atom.text}
    node = places.get(atom.text)
    if node is None:
        findings.add(atom.spot, Word.ROLE_OF_NOWHERE, place=names[0] if len(names) == 1 else "节点", **words)
    elif node.level not in levels:
        findings.add(atom.spot, Word.ROLE_MISPLACED, level=LEVEL_NAMES[node.level], allowed="、".join(names), **words)


def _addresses(entry: Entry, owner: str, owners: dict[Address, str], findings: Findings) -> tuple[Address, ...]:
    found = []
    for atom in entry.all("addresses"):
        address = Address(atom.key, plain(atom, _MOST_OF_ADDRESS, findings))
        if atom.key in EMBEDDED_CHANNELS:
            findings.add(atom.spot, Word.EMBEDDED_ADDRESS, channel=atom.key)
        elif not _CHANNEL.fullmatch(atom.key):
            findings.add(atom.spot, Word.BAD_CHANNEL, given=atom.key)
        elif address in owners:
            findings.add(atom.spot, Word.REPEATED_ADDRESS, id=atom.text, owner=owners[address])
        else:
            owners[address] = owner
            found.append(address)
    return tuple(found)


def _groups(entries: Iterable[Entry], places: Mapping[str, Node], findings: Findings) -> tuple[GroupEntry, ...]:
    found = []
    taken: dict[str, Spot] = {}
    owners: dict[Address, str] = {}
    for entry in entries:
        name, name_atom, node = _identity(entry, "name", taken, findings), entry.first("name"), entry.first("node")
        if name_atom:
            plain(name_atom, MOST_OF_NAME, findings)
        if node is None and "node" not in entry.values:
            findings.add(entry.spot, Word.MISSING, key="node")
        elif node is not None and node.text not in places:
            findings.add(node.spot, Word.UNKNOWN_NODE, id=node.text)
        members, ear = entry.first("members"), entry.first("ear")
        found.append(
            GroupEntry(
                name or "",
                node.text if node else "",
                (members and choice(members, members.text, _MEMBERS_CHOICES, findings)) or Members.RESIDENTS,
                (ear and choice(ear, ear.text, _EAR_CHOICES, findings)) or Ear.COMMAND,
                _addresses(entry, name or "", owners, findings),
            )
        )
    return tuple(found)
