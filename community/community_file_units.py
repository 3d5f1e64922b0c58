"""The member units of a community file, whose members report in to the community. Pure."""

from collections.abc import Collection
from dataclasses import replace

from community.community_file import MOST_OF_NAME, CommunityFile, Entries, Entry, Findings, Spot, UnitEntry, Word
from community.community_file_values import check_names, number, required, required_id, required_words

_HEADCOUNT = range(1, 100_001)


def with_units(file: CommunityFile, entries: Entries, findings: Findings) -> CommunityFile:
    """The file with its units. Worth something only if nothing was found; notes all that is wrong."""
    nodes, people = {node.id for node in file.nodes}, {person.id for person in file.people}
    taken: dict[str, Spot] = {}
    found = tuple(_unit(entry, taken, nodes, people, findings) for entry in entries["units"])
    check_names(zip(entries["units"], (unit.node for unit in found), strict=True), findings)
    return replace(file, units=found)


def _unit(
    entry: Entry, taken: dict[str, Spot], nodes: Collection[str], people: Collection[str], findings: Findings
) -> UnitEntry:
    node, contact = required(entry, "node", findings), entry.first("contact")
    if node is not None and node.text not in nodes:
        findings.add(node.spot, Word.UNKNOWN_NODE, id=node.text)
    if contact is not None and contact.text not in people:
        findings.add(contact.spot, Word.UNKNOWN_PERSON, id=contact.text)
    return UnitEntry(
        required_id(entry, taken, findings),
        required_words(entry, "name", MOST_OF_NAME, findings),
        node.text if node else "",
        contact.text if contact else None,
        _headcount(entry, findings),
    )


def _headcount(entry: Entry, findings: Findings) -> int | None:
    """None where the file does not say how many there are."""
    atom = entry.first("headcount")
    if atom is None:
        return None
    found = number(atom, _HEADCOUNT)
    if found is None:
        findings.add(atom.spot, Word.BAD_HEADCOUNT, given=atom.text, most=_HEADCOUNT.stop - 1)
    return found
