"""The menu of a community file: what neighbours may order. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from community.community_file import CommunityFile, Entries, Entry, Findings, ServiceEntry, Spot, Word
from community.community_file_values import check_names, number, required, required_id, required_words, words

_MOST_OF_SERVICE = 60
_FLAGS: Mapping[str, bool] = {"是": True, "true": True, "yes": True, "否": False, "false": False, "no": False}
_TAKERS = range(1, 3)
_MINUTES = range(10, 481)
USUAL_MINUTES = 60


def with_services(file: CommunityFile, entries: Entries, findings: Findings) -> CommunityFile:
    """The file with its menu. Worth something only if nothing was found; notes all that is wrong."""
    nodes = {node.id for node in file.nodes}
    taken: dict[str, Spot] = {}
    found = tuple(_service(entry, taken, nodes, findings) for entry in entries["services"])
    check_names(zip(entries["services"], (service.node for service in found), strict=True), findings)
    return replace(file, services=found)


def _service(entry: Entry, taken: dict[str, Spot], nodes: Collection[str], findings: Findings) -> ServiceEntry:
    node = required(entry, "node", findings)
    if node is not None and node.text not in nodes:
        findings.add(node.spot, Word.UNKNOWN_NODE, id=node.text)
    name = required_words(entry, "name", _MOST_OF_SERVICE, findings)
    return ServiceEntry(
        required_id(entry, taken, findings),
        name,
        node.text if node else "",
        words(entry, "skill", _MOST_OF_SERVICE, findings) or name,
        _flag(entry, "at_home", findings),
        _number(entry, "takers", _TAKERS, 1, Word.BAD_TAKERS, findings),
        _number(entry, "minutes", _MINUTES, USUAL_MINUTES, Word.BAD_MINUTES, findings),
    )


def _number(entry: Entry, key: str, possible: range, usual: int, word: Word, findings: Findings) -> int:
    """The usual one if nothing is said; a problem if it is none of the possible."""
    atom = entry.first(key)
    if atom is None:
        return usual
    found = number(atom, possible)
    if found is None:
        findings.add(atom.spot, word, given=atom.text, least=possible.start, most=possible.stop - 1)
    return found or usual


def _flag(entry: Entry, key: str, findings: Findings) -> bool:
    atom = entry.first(key)
    if atom is not None and atom.text.lower() not in _FLAGS:
        findings.add(atom.spot, Word.YES_OR_NO, hint="")
    return atom is not None and _FLAGS.get(atom.text.lower(), False)
