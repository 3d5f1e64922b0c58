"""Values that entries of several sections have: words, numbers, days and rules. Pure."""

import re
from collections.abc import Iterable, Mapping
from datetime import date

from community.community_file import ON_HOLIDAY_NAMES, Atom, Entry, Findings, Spot, Word, checked_id, choice, plain
from community.parts.recurrence import NotARule, OnHoliday, Reason, Recurrence, read

_MOST_OF_RULE = 200
_DATE = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)
_ON_HOLIDAY_CHOICES = {name: kind for kind in OnHoliday for name in (kind.name.lower(), ON_HOLIDAY_NAMES[kind])}

_REASONS: Mapping[Reason, tuple[str, str]] = {
    "unclear": ("可能有几种意思,请换个写法,例如「每月第一个周六上午9点到11点」", "it is unclear"),
    "no_days": ("没有写哪一天", "the days are missing"),
    "no_such_day": ("没有这一天", "there is no such day"),
    "no_such_hour": ("没有这个钟点", "there is no such hour"),
    "no_end": ("没有写到几点", "the end is missing"),
    "end_before_begin": ("结束早于开始", "it ends before it begins"),
    "too_long": ("一次最多 12 小时", "longer than 12 hours"),
}
"""Why words are no rule, in Chinese and English."""


def required(entry: Entry, key: str, findings: Findings) -> Atom | None:
    """What must be there; a problem if it is not."""
    atom = entry.first(key)
    if atom is None and key not in entry.values:  # else what stands there was no text, which has been said
        findings.add(entry.blanks.get(key, entry.spot), Word.MISSING, key=key)
    return atom


def required_id(entry: Entry, taken: dict[str, Spot], findings: Findings) -> str:
    """The entry's own id, also where it is another's too; "" if it has none."""
    atom = required(entry, "id", findings)
    if atom is None:
        return ""
    checked_id(entry, taken, findings)
    return atom.text


def required_words(entry: Entry, key: str, most: int, findings: Findings) -> str:
    atom = required(entry, key, findings)
    return plain(atom, most, findings) if atom else ""


def words(entry: Entry, key: str, most: int, findings: Findings) -> str:
    atom = entry.first(key)
    return plain(atom, most, findings) if atom else ""


def number(atom: Atom | None, possible: range) -> int | None:
    """The whole number that is written; None if there is none, or not one of the possible."""
    if atom is None or not _NUMBER.fullmatch(atom.text) or int(atom.text) not in possible:
        return None
    return int(atom.text)


def rule(entry: Entry, findings: Findings) -> Recurrence | None:
    """What `when` says, with hours by day and a start where it needs one."""
    atom = entry.first("when")
    if atom is None or len(plain(atom, _MOST_OF_RULE, findings)) > _MOST_OF_RULE:
        return None
    try:
        when = read(atom.text)
    except NotARule as error:
        why, english = _REASONS[error.reason]
        findings.add(atom.spot, Word.NOT_A_RULE, words=atom.text, why=why, english=english)
        return None
    if when.hours is None:
        findings.add(atom.spot, Word.NO_HOURS, words=atom.text)
    elif when.hours.at_night:
        findings.add(atom.spot, Word.AT_NIGHT, words=atom.text)
    if when.needs_start and "start" not in entry.values:
        findings.add(entry.blanks.get("start", atom.spot), Word.NEEDS_START, words=atom.text)
    return when


def start(entry: Entry, findings: Findings) -> date | None:
    atom = entry.first("start")
    if atom is None:
        return None
    try:
        return date.fromisoformat(atom.text if _DATE.fullmatch(atom.text) else "")
    except ValueError:
        findings.add(atom.spot, Word.BAD_DATE, given=atom.text)
        return None


def on_holiday(entry: Entry, usual: OnHoliday, findings: Findings) -> OnHoliday:
    atom = entry.first("on_holiday")
    given = choice(atom, atom.text, _ON_HOLIDAY_CHOICES, findings) if atom else None
    return given or usual


def check_names(named: Iterable[tuple[Entry, str]], findings: Findings) -> None:
    """No two entries of a section may have one name at one node: people call them by it. `named`: with their node."""
    before: dict[tuple[str, str], Spot] = {}
    for entry, node in named:
        name = entry.first("name")
        if name is None or not node:
            continue
        first = before.setdefault((node, name.text), name.spot)
        if first is not name.spot:
            findings.add(name.spot, Word.REPEATED_NAME, name=name.text, before=first)
