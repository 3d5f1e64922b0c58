"""The stations of a community file, and who is on duty there by which rule. Pure."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from itertools import combinations

from community.community_file import (
    DUTY_NAMES,
    LEVEL_NAMES,
    MOST_OF_NAME,
    OFFICES,
    ON_HOLIDAY_NAMES,
    ORDER,
    Atom,
    CommunityFile,
    Entries,
    Entry,
    Findings,
    RotaEntry,
    Spot,
    StationEntry,
    Word,
    checked_id,
    choice,
    plain,
    spot_of,
)
from community.parts.recurrence import Course, NotARule, OnHoliday, Reason, Recurrence, overlaps, read
from storage.tables import DutyKind
from storage.tree import Node

USUAL_PLACES = 6
LOOKED_AHEAD = timedelta(days=366)
"""How far ahead nobody may be on duty twice at the same time: a year, so that every holiday is in it."""

_MOST_PLACES = 100
_MOST_OF_ADDRESS = 200
_MOST_OF_RULE = 200
_WEEKDAYS = "一二三四五六日"
_DATE = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)

_DUTY_CHOICES = {name: kind for kind in DutyKind for name in (kind.value, DUTY_NAMES[kind])} | {
    "书记接待": DutyKind.SECRETARY
}
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


def with_stations(file: CommunityFile, entries: Entries, findings: Findings) -> CommunityFile:
    """The file with its stations and its rota. Worth something only if nothing was found; notes all that is wrong."""
    stations = _stations(entries["stations"], {node.id: node for node in file.nodes}, findings)
    names = {person.id: person.name for person in file.people}
    rota = _rota(entries["rota"], {station.id for station in stations}, names, findings)
    return replace(file, stations=stations, rota=rota)


def check_overlaps(file: CommunityFile, today: date) -> None:
    """Nobody is on duty twice at the same time in the year from `today` on. Raises `CommunityFileError`.

    Apart from the other checks, because only this one depends on the day and on the holidays that follow.
    """
    findings = Findings()
    for one, other in combinations(file.rota, 2):
        if not _same_person(one, other):
            continue
        if both := overlaps(_course(one, today), _course(other, today), today, today + LOOKED_AHEAD):
            findings.add(other.spot, Word.OVERLAP, name=other.name, day=_told(both[0]), before=one.spot)
    findings.raise_any()


def _course(entry: RotaEntry, today: date) -> Course:
    return Course(entry.when, entry.start or today, entry.on_holiday)


def _same_person(one: RotaEntry, other: RotaEntry) -> bool:
    """Of whom there is only the name is taken to be whoever is called so."""
    if one.person and other.person:
        return one.person == other.person
    return one.name == other.name


def _told(day: date) -> str:
    return f"{day.isoformat()}(周{_WEEKDAYS[day.weekday()]})"


# --- stations


def _stations(entries: Iterable[Entry], places: Mapping[str, Node], findings: Findings) -> tuple[StationEntry, ...]:
    taken: dict[str, Spot] = {}
    return tuple(_station(entry, taken, places, findings) for entry in entries)


def _station(entry: Entry, taken: dict[str, Spot], places: Mapping[str, Node], findings: Findings) -> StationEntry:
    identity = entry.first("id")
    if identity is None:
        _required(entry, "id", findings)
    else:
        checked_id(entry, taken, findings)
    name, node = _required(entry, "name", findings), _required(entry, "node", findings)
    if node is not None:
        _check_node(node, places, findings)
    return StationEntry(
        identity.text if identity else "",
        plain(name, MOST_OF_NAME, findings) if name else "",
        node.text if node else "",
        _words(entry, "address", _MOST_OF_ADDRESS, findings),
        _words(entry, "hours", MOST_OF_NAME, findings),
    )


def _check_node(atom: Atom, places: Mapping[str, Node], findings: Findings) -> None:
    node = places.get(atom.text)
    if node is None:
        findings.add(atom.spot, Word.UNKNOWN_NODE, id=atom.text)
    elif node.level not in OFFICES:
        allowed = "、".join(LEVEL_NAMES[level] for level in ORDER if level in OFFICES)
        findings.add(atom.spot, Word.STATION_MISPLACED, level=LEVEL_NAMES[node.level], id=atom.text, allowed=allowed)


def _required(entry: Entry, key: str, findings: Findings) -> Atom | None:
    atom = entry.first(key)
    if atom is None and key not in entry.values:  # else what stands there was no text, which has been said
        findings.add(entry.blanks.get(key, entry.spot), Word.MISSING, key=key)
    return atom


def _words(entry: Entry, key: str, most: int, findings: Findings) -> str:
    atom = entry.first(key)
    return plain(atom, most, findings) if atom else ""


# --- the rota


def _rota(
    entries: Iterable[Entry], stations: Collection[str], names: Mapping[str, str], findings: Findings
) -> tuple[RotaEntry, ...]:
    found = tuple(_readable(entries, stations, names, findings))
    _check_repeated(found, findings)
    return found


def _readable(
    entries: Iterable[Entry], stations: Collection[str], names: Mapping[str, str], findings: Findings
) -> Iterator[RotaEntry]:
    for entry in entries:
        rule = _rule(entry, stations, names, findings)
        if rule is not None:
            yield rule


def _rule(entry: Entry, stations: Collection[str], names: Mapping[str, str], findings: Findings) -> RotaEntry | None:
    """One duty; None if the words that make it this one are missing or make no sense."""
    station, kind_atom = _required(entry, "station", findings), _required(entry, "kind", findings)
    if station is not None and station.text not in stations and "" not in stations:
        findings.add(station.spot, Word.UNKNOWN_STATION, id=station.text)
    kind = choice(kind_atom, kind_atom.text, _DUTY_CHOICES, findings) if kind_atom else None
    person, name = _person(entry, names, findings)
    start = _start(entry, findings)
    when = _when(entry, findings)
    places, bring = _places(entry, findings), _words(entry, "bring", MOST_OF_NAME, findings)
    holiday = entry.first("on_holiday")
    on_holiday = choice(holiday, holiday.text, _ON_HOLIDAY_CHOICES, findings) if holiday else None
    if station is None or kind is None or when is None:
        return None
    spot = spot_of(entry, "when")
    return RotaEntry(station.text, kind, person, name, when, places, bring, on_holiday or OnHoliday.MOVE, start, spot)


def _person(entry: Entry, names: Mapping[str, str], findings: Findings) -> tuple[str | None, str]:
    """The id of somebody of the file, and the name."""
    person, name = entry.first("person"), entry.first("name")
    given = {"person", "name"} & set(entry.values)
    if len(given) != 1:
        findings.add(person.spot if person else entry.spot, Word.PERSON_OR_NAME)
    elif person is not None and person.text not in names:
        findings.add(person.spot, Word.UNKNOWN_PERSON, id=person.text)
    if person is not None:
        return person.text, names.get(person.text, "")
    return None, plain(name, MOST_OF_NAME, findings) if name else ""


def _when(entry: Entry, findings: Findings) -> Recurrence | None:
    atom = _required(entry, "when", findings)
    if atom is None:
        return None
    if len(plain(atom, _MOST_OF_RULE, findings)) > _MOST_OF_RULE:
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


def _places(entry: Entry, findings: Findings) -> int:
    atom = entry.first("places")
    if atom is None:
        return USUAL_PLACES
    if not _NUMBER.fullmatch(atom.text) or not 1 <= int(atom.text) <= _MOST_PLACES:
        findings.add(atom.spot, Word.BAD_PLACES, given=atom.text)
        return USUAL_PLACES
    return int(atom.text)


def _start(entry: Entry, findings: Findings) -> date | None:
    atom = entry.first("start")
    if atom is None:
        return None
    try:
        return date.fromisoformat(atom.text if _DATE.fullmatch(atom.text) else "")
    except ValueError:
        findings.add(atom.spot, Word.BAD_DATE, given=atom.text)
        return None


def _check_repeated(rota: Iterable[RotaEntry], findings: Findings) -> None:
    before: dict[tuple[str, DutyKind, str, str], Spot] = {}
    for entry in rota:
        first = before.setdefault((entry.station, entry.kind, entry.name, entry.when.words), entry.spot)
        if first is not entry.spot and entry.name:
            findings.add(entry.spot, Word.REPEATED_RULE, before=first)
