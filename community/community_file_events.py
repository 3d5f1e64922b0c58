"""The templates and series of events of a community file, their stalls, and the teams of volunteers. Pure."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from community.community_file import (
    MOST_OF_NAME,
    Atom,
    CommunityFile,
    Entries,
    Entry,
    EventEntry,
    Findings,
    GroupEntry,
    Spot,
    StallEntry,
    TeamEntry,
    Word,
    spot_of,
)
from community.community_file_values import (
    check_names,
    number,
    on_holiday,
    required,
    required_id,
    required_words,
    rule,
    start,
    words,
)
from community.parts.recurrence import OnHoliday

USUAL_STALL = StallEntry("志愿者", helpers=10)
"""What an event has of which the file names no stalls."""

_MOST_OF_PLACE = 200
_MOST_OF_STALL = 60
_MOST_STALLS = 50
_MOST_HELPERS, _MOST_VISITORS = 500, 2000
_FLAGS: Mapping[str, bool] = {"是": True, "true": True, "yes": True, "否": False, "false": False, "no": False}


def with_events(file: CommunityFile, entries: Entries, findings: Findings) -> CommunityFile:
    """The file with its events and teams. Worth something only if nothing was found; notes all that is wrong."""
    nodes, people = {node.id for node in file.nodes}, {person.id for person in file.people}
    events = _events(entries, nodes, people, findings)
    return replace(file, events=events, teams=_teams(entries["teams"], file, nodes, people, findings))


# --- events


def _events(
    entries: Entries, nodes: Collection[str], people: Collection[str], findings: Findings
) -> tuple[EventEntry, ...]:
    loose = _by_event(entries["stalls"], entries["events"], findings)
    taken: dict[str, Spot] = {}
    found = []
    for entry in entries["events"]:
        identity = entry.first("id")
        own = loose.pop(identity.text, []) if identity else []
        stalls = (*entry.inside.get("stalls", ()), *own)
        found.append(_event(entry, stalls, taken, nodes, people, findings))
    check_names(zip(entries["events"], (event.node for event in found), strict=True), findings)
    return tuple(found)


def _by_event(stalls: Iterable[Entry], events: Iterable[Entry], findings: Findings) -> defaultdict[str, list[Entry]]:
    """The stalls that stand apart, as in a workbook, by the event that they name."""
    known = {atom.text for event in events for atom in event.all("id")}
    found = defaultdict[str, list[Entry]](list)
    for stall in stalls:
        event = required(stall, "event", findings)
        if event is not None and event.text not in known:
            findings.add(event.spot, Word.UNKNOWN_EVENT, id=event.text)
        found[event.text if event else ""].append(stall)
    return found


def _event(
    entry: Entry,
    stalls: Sequence[Entry],
    taken: dict[str, Spot],
    nodes: Collection[str],
    people: Collection[str],
    findings: Findings,
) -> EventEntry:
    return EventEntry(
        required_id(entry, taken, findings),
        required_words(entry, "name", MOST_OF_NAME, findings),
        _node(entry, nodes, findings),
        required_words(entry, "place", _MOST_OF_PLACE, findings),
        _stalls(entry, stalls, findings),
        rule(entry, findings),
        words(entry, "bring", MOST_OF_NAME, findings),
        _person(entry.first("leader"), people, findings),
        on_holiday(entry, OnHoliday.KEEP, findings),
        start(entry, findings),
    )


def _node(entry: Entry, nodes: Collection[str], findings: Findings) -> str:
    atom = required(entry, "node", findings)
    if atom is not None and atom.text not in nodes:
        findings.add(atom.spot, Word.UNKNOWN_NODE, id=atom.text)
    return atom.text if atom else ""


def _person(atom: Atom | None, people: Collection[str], findings: Findings) -> str | None:
    if atom is not None and atom.text not in people:
        findings.add(atom.spot, Word.UNKNOWN_PERSON, id=atom.text)
    return atom.text if atom else None


def _stalls(event: Entry, entries: Sequence[Entry], findings: Findings) -> tuple[StallEntry, ...]:
    if len(entries) > _MOST_STALLS:
        findings.add(event.spot, Word.TOO_MANY_STALLS, most=_MOST_STALLS)
    before: dict[str, Spot] = {}
    for entry in entries:
        name = entry.first("name")
        if name is not None and before.setdefault(name.text, name.spot) is not name.spot:
            findings.add(name.spot, Word.REPEATED_STALL, name=name.text, before=before[name.text])
    found = tuple(_stall(entry, findings) for entry in entries)
    return found or (USUAL_STALL,)


def _stall(entry: Entry, findings: Findings) -> StallEntry:
    name = required_words(entry, "name", _MOST_OF_STALL, findings)
    helpers = _places(entry, "helpers", _MOST_HELPERS, Word.BAD_HELPERS, findings)
    visitors = _places(entry, "visitors", _MOST_VISITORS, Word.BAD_VISITORS, findings)
    if helpers == visitors == 0:
        findings.add(spot_of(entry, "name"), Word.NO_PLACES, name=name)
    return StallEntry(
        name,
        helpers or 0,
        visitors or 0,
        _flag(entry, "item", findings),
        words(entry, "skill", _MOST_OF_STALL, findings),
    )


def _places(entry: Entry, key: str, most: int, word: Word, findings: Findings) -> int | None:
    """How many there are, none if nothing is said; None, and a problem, if it is no such number."""
    atom = entry.first(key)
    if atom is None:
        return None if key in entry.values else 0
    places = number(atom, range(most + 1))
    if places is None:
        findings.add(atom.spot, word, given=atom.text, most=most)
    return places


def _flag(entry: Entry, key: str, findings: Findings) -> bool:
    atom = entry.first(key)
    if atom is not None and atom.text.lower() not in _FLAGS:
        findings.add(atom.spot, Word.YES_OR_NO, hint="")
    return atom is not None and _FLAGS.get(atom.text.lower(), False)


# --- teams


def _teams(
    entries: Sequence[Entry],
    file: CommunityFile,
    nodes: Collection[str],
    people: Collection[str],
    findings: Findings,
) -> tuple[TeamEntry, ...]:
    taken: dict[str, Spot] = {}
    groups = {name: group.name for group in file.groups for name in _names_of(group)}
    found = tuple(_team(entry, taken, nodes, people, groups, findings) for entry in entries)
    check_names(zip(entries, (team.node for team in found), strict=True), findings)
    _check_groups(zip(entries, found, strict=True), findings)
    return found


def _names_of(group: GroupEntry) -> Iterable[str]:
    return group.name, *(address.external_id for address in group.addresses)


def _check_groups(teams: Iterable[tuple[Entry, TeamEntry]], findings: Findings) -> None:
    """A group is one team's."""
    before: dict[str, Spot] = {}
    for entry, team in teams:
        spot = spot_of(entry, "group")
        if team.group is not None and before.setdefault(team.group, spot) is not spot:
            findings.add(spot, Word.REPEATED_GROUP, id=team.group, before=before[team.group])


def _team(
    entry: Entry,
    taken: dict[str, Spot],
    nodes: Collection[str],
    people: Collection[str],
    groups: Mapping[str, str],
    findings: Findings,
) -> TeamEntry:
    leader, group = _person(entry.first("leader"), people, findings), entry.first("group")
    if group is not None and group.text not in groups:
        findings.add(group.spot, Word.UNKNOWN_GROUP, id=group.text)
    members = [person for atom in entry.all("members") if (person := _person(atom, people, findings))]
    return TeamEntry(
        required_id(entry, taken, findings),
        required_words(entry, "name", MOST_OF_NAME, findings),
        _node(entry, nodes, findings),
        leader,
        tuple(dict.fromkeys([leader, *members] if leader else members)),
        groups.get(group.text) if group else None,
    )
