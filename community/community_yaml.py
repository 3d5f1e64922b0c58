"""The community file in YAML: text → entries, each with its line. Nothing is constructed but plain words."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import yaml

from community.community_file import (
    PAIR_EXAMPLES,
    SECTIONS,
    Atom,
    CommunityFile,
    CommunityFileError,
    Entries,
    Entry,
    Findings,
    Problem,
    Section,
    Shape,
    Spot,
    Word,
    check,
    fail,
)
from community.community_file_events import with_events
from community.community_file_services import with_services
from community.community_file_stations import with_stations
from community.community_file_units import with_units

_SLIPS = (
    (re.compile(r"\t"), "(缩进要用空格,不能用制表符 Tab)"),
    (re.compile("\uff1a|:(?=\\S)"), "(冒号要用半角 : ,后面空一格)"),
    (re.compile(r"[:-]\s+[@&*%`]"), "(以 @ 之类的符号开头的,要加引号)"),
)
_PARTS = [name for name, section in SECTIONS.items() if not section.owner]


def read(path: Path) -> CommunityFile:
    """A YAML file. Raises `CommunityFileError`."""
    return parse(read_text(path))


def read_text(path: Path) -> str:
    """What stands in a file. Raises `CommunityFileError` where it cannot be read."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise fail(path.name, Word.MISSING_FILE, path=path) from None
    except UnicodeDecodeError:
        raise fail(path.name, Word.NOT_UTF8) from None
    except OSError as error:
        raise fail(path.name, Word.UNREADABLE, path=path, why=error.strerror) from None


def parse(text: str) -> CommunityFile:
    """The text of a YAML file. Raises `CommunityFileError`."""
    root = compose(text)
    findings = Findings()
    entries = _sections(root, findings)
    file = with_stations(check(entries, findings), entries, findings)
    file = with_services(with_events(file, entries, findings), entries, findings)
    file = with_units(file, entries, findings)
    findings.raise_any()
    return file


def compose(text: str) -> yaml.Node:
    """The file as nodes, which know their lines. Raises `CommunityFileError` for what is no YAML, and for nothing."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        raise CommunityFileError([_syntax_problem(error, text)]) from None
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        raise CommunityFileError([Problem(line, "YAML", Word.BAD_TEXT.value)]) from None
    except RecursionError:
        raise fail("YAML", Word.TOO_DEEP) from None
    if root is None or _is_null(root):
        raise fail("YAML", Word.EMPTY)
    return root


def _syntax_problem(error: yaml.MarkedYAMLError, text: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    line = mark.line if mark else 0
    written = "".join(text.splitlines()[line : line + 1])
    message = Word.SYNTAX.value.format(problem=error.problem or error.context, hint=_hint(written))
    return Problem(line + 1, "YAML", message)


def _hint(written: str) -> str:
    """The usual slips of somebody who types Chinese."""
    return next((hint for slip, hint in _SLIPS if slip.search(written)), "")


def _spot(node: yaml.Node, where: str) -> Spot:
    return Spot(node.start_mark.line + 1, where)


def _is_null(node: yaml.Node) -> bool:
    return node.tag == "tag:yaml.org,2002:null"


def _text(node: yaml.Node) -> str | None:
    """What a scalar says, as it was written: ids of digits keep their zeros. None for anything but a word."""
    if node.tag in ("tag:yaml.org,2002:str", "tag:yaml.org,2002:int"):
        return str(node.value).strip()
    return None


def _date(node: yaml.Node) -> str | None:
    """A word that may be a date without quotes, as it was written."""
    return str(node.value).strip() if node.tag == "tag:yaml.org,2002:timestamp" else _text(node)


def _flag(node: yaml.Node) -> str | None:
    """A word, or one of those that YAML takes for yes and no."""
    if node.tag == "tag:yaml.org,2002:bool":
        return str(yaml.SafeLoader.bool_values[node.value.lower()]).lower()
    return _text(node)


def _written(node: yaml.Node) -> str:
    return str(node.value) if isinstance(node, yaml.ScalarNode) else ""


def pairs(
    node: yaml.MappingNode, where: str, known: Iterable[str], findings: Findings
) -> Iterator[tuple[str, yaml.Node]]:
    """The keys and values of a mapping that are known and not yet given; empty values are as good as none."""
    seen: dict[str, Spot] = {}
    for key_node, value in node.value:
        spot = _spot(key_node, where)
        key = _text(key_node)
        if key is None or key not in known:
            findings.add(spot, Word.UNKNOWN_KEY, key=_written(key_node), known="、".join(known))
        elif key in seen:
            findings.add(spot, Word.REPEATED_KEY, key=key, before=seen[key])
        else:
            seen[key] = spot
            if not _is_null(value):
                yield key, value


def _sections(root: yaml.Node, findings: Findings) -> Entries:
    entries: dict[str, list[Entry]] = {name: [] for name in SECTIONS}
    if not isinstance(root, yaml.MappingNode):
        findings.add(_spot(root, "YAML"), Word.NOT_SECTIONS, hint=_hint(_written(root)))
        return entries
    for name, value in pairs(root, "YAML", _PARTS, findings):
        entries[name] = list(_entries(name, value, name, findings))
    return entries


def _entries(name: str, value: yaml.Node, where: str, findings: Findings, within: str = "") -> Iterator[Entry]:
    """The entries of a list, `within` another entry or not."""
    if not isinstance(value, yaml.SequenceNode):
        findings.add(_spot(value, where), Word.NOT_A_LIST, hint=_hint(_written(value)))
        return
    for number, node in enumerate(value.value, 1):
        section = SECTIONS[name]
        entry_at = f"{within}{section.title} {_label(node, section.label) or f'第 {number} 条'}"
        entry = _entry(section, entry_at, node, findings)
        if entry is not None:
            yield entry


def _entry(section: Section, where: str, node: yaml.Node, findings: Findings) -> Entry | None:
    if not isinstance(node, yaml.MappingNode):
        findings.add(_spot(node, where), Word.NOT_AN_ENTRY, hint=_hint(_written(node)))
        return None
    values: dict[str, tuple[Atom, ...]] = {}
    inside: dict[str, tuple[Entry, ...]] = {}
    known = [key for key in section.shapes if key != section.owner]
    for key, value in pairs(node, where, known, findings):
        if section.shapes[key] is Shape.ENTRIES:
            inside[key] = tuple(_entries(key, value, f"{where} · {key}", findings, f"{where} · "))
            continue
        found_before = len(findings.problems)
        atoms = tuple(_atoms(section.shapes[key], key, value, f"{where} · {key}", findings))
        if atoms or len(findings.problems) > found_before:
            values[key] = atoms
    return Entry(_spot(node, where), values, inside=inside)


def _label(node: yaml.Node, label: str) -> str | None:
    """By which word people recognise an entry, however wrong the rest of it is."""
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((_text(value) for key, value in node.value if _text(key) == label), None)


_READERS: Mapping[Shape, Callable[[yaml.Node], str | None]] = {Shape.DATE: _date, Shape.FLAG: _flag}
_WRONG_SHAPE: Mapping[Shape, Word] = {Shape.TEXTS: Word.NOT_TEXTS, Shape.FLAG: Word.YES_OR_NO}


def _atoms(shape: Shape, key: str, node: yaml.Node, where: str, findings: Findings) -> Iterator[Atom]:
    if shape is Shape.PAIRS:
        yield from _paired_atoms(key, node, where, findings)
        return
    many = shape is Shape.TEXTS and isinstance(node, yaml.SequenceNode)
    for item in node.value if many else [node]:
        text = _READERS.get(shape, _text)(item)
        if text is None:
            findings.add(_spot(item, where), _WRONG_SHAPE.get(shape, Word.NOT_TEXT), hint=_hint(_written(item)))
        elif text:
            yield Atom(text, _spot(item, where))


def _paired_atoms(key: str, node: yaml.Node, where: str, findings: Findings) -> Iterator[Atom]:
    """`{role: node}`, `{role: [node, node]}`, or a list of such."""
    for mapping in node.value if isinstance(node, yaml.SequenceNode) else [node]:
        if not isinstance(mapping, yaml.MappingNode):
            findings.add(
                _spot(mapping, where), Word.NOT_PAIRS, example=PAIR_EXAMPLES[key], hint=_hint(_written(mapping))
            )
            continue
        seen: dict[str, Spot] = {}
        for key_node, value in mapping.value:
            yield from _pair_atoms(key, key_node, value, where, seen, findings)


def _pair_atoms(
    key: str, key_node: yaml.Node, value: yaml.Node, where: str, seen: dict[str, Spot], findings: Findings
) -> Iterator[Atom]:
    left, spot = _text(key_node), _spot(key_node, where)
    if left in seen:
        findings.add(spot, Word.REPEATED_KEY, key=left, before=seen[left])
        return
    for item in value.value if isinstance(value, yaml.SequenceNode) else [value]:
        right = _text(item)
        if not left or not right:
            findings.add(_spot(item, where), Word.NOT_PAIRS, example=PAIR_EXAMPLES[key], hint="")
        else:
            seen[left] = spot
            yield Atom(right, _spot(item, where), left)
