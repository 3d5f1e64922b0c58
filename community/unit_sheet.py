"""A unit's list of its members as a workbook: names, what they can do, when they have time. Pure.

Every mistake that is found is named with its sheet, row and column; a list with any is not taken at all. Columns that
are not asked for, phone numbers before all, are not kept; the notes say so.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from community.community_file import Atom, Findings, Problem, Spot, plain
from community.community_sheet import NOTES, Row, cell_spot, sheets
from community.members.outcomes import SheetMember

MOST_ROWS = 5_000
LONGEST_NAME, LONGEST_WORDS = 20, 200
HEADER_WITHIN = 5
"""Rows among which the header is looked for: lists often have a title above it."""

HEADERS: Mapping[str, tuple[str, ...]] = {
    "name": ("姓名", "名字", "党员姓名"),
    "skills": ("特长", "技能", "专长", "服务特长"),
    "free": ("空闲时间", "空闲", "服务时间", "有空时间"),
    "nickname": ("微信", "微信名", "微信昵称", "昵称"),
}
"""What each column may be called. Only the first is needed."""

_KEYS = {name: key for key, names in HEADERS.items() for name in names}
_SPACES = re.compile(r"(?<=[\u3400-\u9fff])\s+(?=[\u3400-\u9fff])")
_NAME = re.compile(rf"[^\W\d_][^\d_=+@<>{{}}|\\/]{{1,{LONGEST_NAME - 1}}}")


class Fault(Enum):
    """What can be wrong with a unit's list, in Chinese and English."""

    EMPTY = "名单是空的 / the list is empty"
    TOO_MANY = "一次最多 {most} 人,请分开导入 / more than {most} people at once"
    NO_HEADER = "前 {rows} 行里没有「姓名」这一列 / missing column: 姓名"
    SAME_COLUMN = "「{name}」这一列写了两次 / the same column twice"
    NO_NAME = "没有写姓名 / a row without a name"
    BAD_NAME = "「{name}」不像姓名 / not a name"
    REPEATED = (
        "「{name}」写了两次,上一次在{before};是同名的两个人,就在「微信」一列写上各自的微信名 / the same name twice"
    )


@dataclass(frozen=True, slots=True)
class Hearing:
    """How words become skills and free times; the ear is above us. `is_no_time`: they say that it depends."""

    skills: Callable[[str], tuple[str, ...]]
    free: Callable[[str], tuple[str, ...]]
    is_no_time: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class UnitSheet:
    """A list without mistakes. `notes`: what was not kept or not understood, for whoever imports it."""

    members: tuple[SheetMember, ...]
    notes: tuple[str, ...]


@dataclass(slots=True)
class _Reading:
    """What has been read so far. `seen`: where each name stands, by its nickname."""

    hearing: Hearing
    findings: Findings = field(default_factory=Findings)
    notes: list[str] = field(default_factory=list)
    seen: dict[str, dict[str, Spot]] = field(default_factory=dict)


def load(path: Path, hearing: Hearing) -> UnitSheet:
    """The members on a list. Raises `CommunityFileError` with everything that is wrong."""
    reading = _Reading(hearing)
    members: list[SheetMember] = []
    for title, rows in sheets(path):
        if title.strip() != NOTES and any(_cell(value) for row in rows for value in row):
            members += _members(title, rows, reading)
    findings = reading.findings
    if not members and not findings.problems:
        _note(findings, Spot(None, "名单"), Fault.EMPTY)
    if len(members) > MOST_ROWS:
        findings.problems.clear()
        _note(findings, Spot(None, "名单"), Fault.TOO_MANY, most=MOST_ROWS)
    findings.raise_any()
    return UnitSheet(tuple(members), tuple(reading.notes))


def _members(title: str, rows: Sequence[Row], reading: _Reading) -> Iterator[SheetMember]:
    at = next((number for number, row in enumerate(rows[:HEADER_WITHIN]) if _has_names(row)), None)
    if at is None:
        _note(reading.findings, cell_spot(title, 1), Fault.NO_HEADER, rows=HEADER_WITHIN)
        return
    columns = _columns(title, at + 1, rows[at], reading)
    for number, row in enumerate(rows[at + 1 :], start=at + 2):
        said = {key: _cell(row[index]) if index < len(row) else "" for key, index in columns.items()}
        if any(said.values()):
            yield _member(
                said, {key: cell_spot(title, number, index, _header(key)) for key, index in columns.items()}, reading
            )


def _has_names(row: Row) -> bool:
    return any(_KEYS.get(_header_name(value)) == "name" for value in row)


def _columns(title: str, number: int, header: Row, reading: _Reading) -> dict[str, int]:
    """In which column each key stands; what else there is, is noted."""
    found: dict[str, int] = {}
    others: list[str] = []
    for index, value in enumerate(header):
        name = _header_name(value)
        key = _KEYS.get(name)
        if key is not None and key in found:
            _note(reading.findings, cell_spot(title, number, index), Fault.SAME_COLUMN, name=name)
        elif key is not None:
            found[key] = index
        elif name:
            others.append(name)
    if others:
        listed = "\u3001".join(f"\u300c{name}\u300d" for name in others)
        reading.notes.append(f"工作表「{title}」里的{listed}用不着,没有存 / these columns are not kept")
    return found


def _member(said: Mapping[str, str], spots: Mapping[str, Spot], reading: _Reading) -> SheetMember:
    findings, spot = reading.findings, spots["name"]
    name = _SPACES.sub("", said["name"])
    nickname = said.get("nickname", "")
    if not name:
        _note(findings, spot, Fault.NO_NAME)
    elif not _NAME.fullmatch(name):
        _note(findings, spot, Fault.BAD_NAME, name=name[:LONGEST_NAME])
    else:
        _check_double(name, nickname, spot, reading)
    for key, words in said.items():
        if key != "name":
            plain(Atom(words, spots[key]), LONGEST_WORDS, findings)
    free_words = said.get("free", "")
    free = reading.hearing.free(free_words)
    if free_words and not free and not reading.hearing.is_no_time(free_words):
        reading.notes.append(f"{spots['free'].where}:没看懂什么时候有空,先空着 / free times not understood")
    return SheetMember(name, nickname, reading.hearing.skills(said.get("skills", "")), free)


def _check_double(name: str, nickname: str, spot: Spot, reading: _Reading) -> None:
    """Two of one name are two people only where each has a nickname of their own."""
    before = reading.seen.setdefault(name, {})
    same = before.get(nickname) or before.get("") or (next(iter(before.values()), None) if not nickname else None)
    if same is not None:
        _note(reading.findings, spot, Fault.REPEATED, name=name, before=same)
    before.setdefault(nickname, spot)


def _header(key: str) -> str:
    return HEADERS[key][0]


def _header_name(value: object) -> str:
    """What a column is called, without 「(必填)」 behind it."""
    text = unicodedata.normalize("NFKC", _cell(value))
    return re.sub(r"\s|\(.*?\)|[*:]", "", text)


def _cell(value: object) -> str:
    """What a cell says."""
    if value is None or isinstance(value, bool):
        return ""
    if isinstance(value, float):
        return f"{value:g}"
    return unicodedata.normalize("NFKC", str(value)).strip()


def _note(findings: Findings, spot: Spot, fault: Fault, **values: object) -> None:
    findings.problems.append(Problem(spot.line, spot.where, fault.value.format(**values)))


__all__ = ["MOST_ROWS", "Hearing", "SheetMember", "UnitSheet", "load"]
