"""The stations of a community file, and who is on duty there by which rule. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from itertools import combinations

from community.community_file import (
    DUTY_NAMES,
    LEVEL_NAMES,
    MOST_OF_NAME,
    OFFICES,
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
    choice,
    plain,
    spot_of,
)
from community.community_file_values import (
    number,
    on_holiday,
    required,
    required_id,
    required_words,
    rule,
    start,
    words,
)
from community.parts.recurrence import Course, OnHoliday, overlaps
from storage.tables import DutyKind
from storage.tree import Node

USUAL_PLACES = 6
LOOKED_AHEAD = timedelta(days=366)
"""How far ahead nobody may be on duty twice at the same time: a year, so that every holiday is in it."""

_MOST_PLACES = 100
_MOST_OF_ADDRESS = 200
_WEEKDAYS = "一二三四五六日"
_DUTY_CHOICES = {name: kind for kind in DutyKind for name in (kind.value, DUTY_NAMES[kind])} | {
    "书记接待": DutyKind.SECRETARY
}


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
    identity, name = required_id(entry, taken, findings), required_words(entry, "name", MOST_OF_NAME, findings)
    node = required(entry, "node", findings)
    if node is not None:
        _check_node(node, places, findings)
    return StationEntry(
        identity,
        name,
        node.text if node else "",
        words(entry, "address", _MOST_OF_ADDRESS, findings),
        words(entry, "hours", MOST_OF_NAME, findings),
    )


def _check_node(atom: Atom, places: Mapping[str, Node], findings: Findings) -> None:
    node = places.get(atom.text)
    if node is None:
        findings.add(atom.spot, Word.UNKNOWN_NODE, id=atom.text)
    elif node.level not in OFFICES:
        allowed = "、".join(LEVEL_NAMES[level] for level in ORDER if level in OFFICES)
        findings.add(atom.spot, Word.STATION_MISPLACED, level=LEVEL_NAMES[node.level], id=atom.text, allowed=allowed)


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
        duty = _duty(entry, stations, names, findings)
        if duty is not None:
            yield duty


def _duty(entry: Entry, stations: Collection[str], names: Mapping[str, str], findings: Findings) -> RotaEntry | None:
    """One duty; None if the words that make it this one are missing or make no sense."""
    station, kind_atom = required(entry, "station", findings), required(entry, "kind", findings)
    if station is not None and station.text not in stations and "" not in stations:
        findings.add(station.spot, Word.UNKNOWN_STATION, id=station.text)
    kind = choice(kind_atom, kind_atom.text, _DUTY_CHOICES, findings) if kind_atom else None
    person, name = _person(entry, names, findings)
    begins = start(entry, findings)
    when = rule(entry, findings) if required(entry, "when", findings) else None
    places, bring = _places(entry, findings), words(entry, "bring", MOST_OF_NAME, findings)
    holidays = on_holiday(entry, OnHoliday.MOVE, findings)
    if station is None or kind is None or when is None:
        return None
    spot = spot_of(entry, "when")
    return RotaEntry(station.text, kind, person, name, when, places, bring, holidays, begins, spot)


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


def _places(entry: Entry, findings: Findings) -> int:
    atom = entry.first("places")
    places = number(atom, range(1, _MOST_PLACES + 1))
    if atom is not None and places is None:
        findings.add(atom.spot, Word.BAD_PLACES, given=atom.text)
    return places or USUAL_PLACES


def _check_repeated(rota: Iterable[RotaEntry], findings: Findings) -> None:
    before: dict[tuple[str, DutyKind, str, str], Spot] = {}
    for entry in rota:
        first = before.setdefault((entry.station, entry.kind, entry.name, entry.when.words), entry.spot)
        if first is not entry.spot and entry.name:
            findings.add(entry.spot, Word.REPEATED_RULE, before=first)
