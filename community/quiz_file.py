"""The bank of questions as a file, YAML or a workbook, written by people who don't code. Pure.

Every mistake that is found is named with its line, or sheet, row and column; a file with any is not taken at all.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

import yaml

from community.community_file import (
    Atom,
    CommunityFileError,
    Findings,
    Problem,
    Spot,
    Word,
    fail,
    plain,
)
from community.community_sheet import NOTES, Row, cell_spot, sheets
from community.community_yaml import compose, pairs, read_text

LETTERS = "ABCDEF"
FEWEST_OPTIONS = 2
LONGEST_TOPIC, LONGEST_QUESTION, LONGEST_OPTION = 20, 200, 60
MOST_QUESTIONS = 2_000

KEYS = ("topic", "question", "options", "answer")
HEADERS: Mapping[str, str] = {"topic": "主题", "question": "题目", "answer": "答案"}
"""What the columns of a workbook are called, beside the letters of the options. The keys are understood as well."""

NEEDED = ("question", "A", "B", "answer")
"""The columns that a workbook must have."""

_COLUMNS = {name: key for key, header in HEADERS.items() for name in (key, header)}
_COLUMNS |= {name: letter for letter in LETTERS for name in (letter, letter.lower(), f"选项{letter}")}
_IDLE = re.compile(r"[\W_]+")
_LETTER_BEFORE = re.compile(r"选?项?\s*([A-Z])\s*[.、。:)]?")


class Fault(Enum):
    """What can be wrong with a bank of questions, in Chinese and English."""

    EMPTY = "没有题目 / there are no questions"
    TOO_MANY = "最多 {most} 道题 / more than {most} questions"
    NO_TEXT = "这里要写文字 / expected text"
    NO_QUESTION = "缺少题目 / a question is missing"
    NO_ANSWER = "缺少答案 / the answer is missing"
    FEW_OPTIONS = "至少要有 {fewest} 个选项 / fewer than {fewest} options"
    MANY_OPTIONS = "最多 {most} 个选项 / more than {most} options"
    GAP = "选项中间空了一格 / an option is missing between others"
    SAME_OPTION = "选项「{option}」写了两次 / the same option twice"
    BAD_ANSWER = "答案「{answer}」不在选项里,请写字母 {letters} / the answer is none of the options"
    TWO_ANSWERS = "答案只能有一个,请写一个字母 / only one answer"
    REPEATED = "这道题写了两次,上一次在{before} / the same question twice"


@dataclass(frozen=True, slots=True)
class QuizEntry:
    """One question. `answer` counts the options from 1."""

    topic: str
    words: str
    options: tuple[str, ...]
    answer: int


@dataclass(slots=True)
class _Written:
    """A question as it was written. `said`: keys whose values were no text, which has been said already."""

    spot: Spot
    topic: Atom | None = None
    question: Atom | None = None
    options: list[Atom | None] = field(default_factory=list)
    answer: Atom | None = None
    said: set[str] = field(default_factory=set)


def load(path: Path) -> tuple[QuizEntry, ...]:
    """The questions of a file. Raises `CommunityFileError` with everything that is wrong."""
    return read_sheet(path) if path.suffix.lower() in (".xlsx", ".xlsm") else parse(read_text(path))


def parse(text: str) -> tuple[QuizEntry, ...]:
    """The questions of a text in YAML. Raises `CommunityFileError`."""
    findings = Findings()
    if not re.sub(r"(?m)^\s*(?:#.*|-{3}\s*)?$", "", text).strip():
        _note(findings, Spot(None, "YAML"), Fault.EMPTY)
        findings.raise_any()
    root = compose(text)
    if not isinstance(root, yaml.SequenceNode):
        raise fail("YAML", Word.NOT_A_LIST, hint="")
    written = [_from_yaml(number, node, findings) for number, node in enumerate(root.value, start=1)]
    return _checked([each for each in written if each is not None], findings)


def read_sheet(path: Path) -> tuple[QuizEntry, ...]:
    """The questions of a workbook: those of every sheet but the one for people. Raises `CommunityFileError`."""
    findings = Findings()
    written: list[_Written] = []
    for title, rows in sheets(path):
        if title.strip() != NOTES and any(_cell(value) for row in rows for value in row):
            written += _from_rows(title, rows, findings)
    return _checked(written, findings)


# --- YAML ---------------------------------------------------------------------------------------------------------


def _from_yaml(number: int, node: yaml.Node, findings: Findings) -> _Written | None:
    where = f"第 {number} 题"
    written = _Written(Spot(node.start_mark.line + 1, where))
    if not isinstance(node, yaml.MappingNode):
        findings.add(written.spot, Word.NOT_AN_ENTRY, hint="")
        return None
    for key, value in pairs(node, where, KEYS, findings):
        named = f"{where} · {key}"
        if key == "options":
            written.options = _options_of(value, named, written, findings)
            continue
        atom = _scalar(value, named, findings)
        if atom is None:
            written.said.add(key)
        elif atom.text:
            setattr(written, key, atom)
    return written


def _options_of(node: yaml.Node, where: str, written: _Written, findings: Findings) -> list[Atom | None]:
    if not isinstance(node, yaml.SequenceNode):
        findings.add(Spot(node.start_mark.line + 1, where), Word.NOT_A_LIST, hint="")
        written.said.add("options")
        return []
    found = [_scalar(each, where, findings) for each in node.value]
    if None in found:
        written.said.add("options")
    return [atom if atom is not None and atom.text else None for atom in found]


def _scalar(node: yaml.Node, where: str, findings: Findings) -> Atom | None:
    """A word as it was written, numbers and 是 included; None, and a problem, for what is no word."""
    spot = Spot(node.start_mark.line + 1, where)
    if isinstance(node, yaml.ScalarNode):
        empty = node.tag == "tag:yaml.org,2002:null"
        return Atom("" if empty else str(node.value).strip(), spot)
    _note(findings, spot, Fault.NO_TEXT)
    return None


# --- a workbook ---------------------------------------------------------------------------------------------------


def _from_rows(title: str, rows: Sequence[Row], findings: Findings) -> Iterator[_Written]:
    columns = _columns_of(title, rows[0], findings)
    if columns is None:
        return
    for number, row in enumerate(rows[1:], start=2):
        if any(_cell(value) != "" for value in row):
            yield _from_row(title, number, row, columns, findings)


def _columns_of(title: str, header: Row, findings: Findings) -> dict[str, int] | None:
    """In which column each key stands; None, and problems, where one is missing."""
    found: dict[str, int] = {}
    known = "\u3001".join([*HEADERS.values(), *LETTERS])
    for index, value in enumerate(header):
        name = _cell(value)
        key = _COLUMNS.get(unicodedata.normalize("NFKC", name or ""))
        if key is not None and key in found:
            findings.add(cell_spot(title, 1, index), Word.REPEATED_KEY, key=name, before="同一行")
        elif key is not None:
            found[key] = index
        elif name != "":
            findings.add(cell_spot(title, 1, index), Word.UNKNOWN_KEY, key=name or value, known=known)
    if not found:
        findings.add(cell_spot(title, 1), Word.WRONG_HEADER, known=known)
        return None
    missing = [key for key in NEEDED if key not in found]
    for key in missing:
        findings.add(cell_spot(title, 1), Word.MISSING_COLUMN, column=HEADERS.get(key, key), key=key)
    return None if missing else found


def _from_row(title: str, number: int, row: Row, columns: Mapping[str, int], findings: Findings) -> _Written:
    written = _Written(cell_spot(title, number))
    atoms: dict[str, Atom | None] = {}
    for key, index in columns.items():
        spot = cell_spot(title, number, index, HEADERS.get(key, key))
        text = _cell(row[index] if index < len(row) else None)
        atoms[key] = Atom(text, spot) if text else None
        if text is None:
            _note(findings, spot, Fault.NO_TEXT)
            written.said.add("options" if key in LETTERS else key)
    written.topic, written.question, written.answer = (atoms.get(key) for key in ("topic", "question", "answer"))
    written.options = [atoms.get(letter) for letter in LETTERS]
    while written.options and written.options[-1] is None:
        written.options.pop()
    return written


def _cell(value: object) -> str | None:
    """What a cell says: "" for an empty one, None for what is neither a word nor a number."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return f"{value:g}" if isinstance(value, float) else str(value).strip()


# --- what it says -------------------------------------------------------------------------------------------------


def _checked(written: Sequence[_Written], findings: Findings) -> tuple[QuizEntry, ...]:
    if not written and not findings.problems:
        _note(findings, Spot(None, "题库"), Fault.EMPTY)
    if len(written) > MOST_QUESTIONS:
        _note(findings, Spot(None, "题库"), Fault.TOO_MANY, most=MOST_QUESTIONS)
    seen: dict[str, Spot] = {}
    entries = [_entry(each, seen, findings) for each in written]
    findings.raise_any()
    return tuple(each for each in entries if each is not None)


def _entry(written: _Written, seen: dict[str, Spot], findings: Findings) -> QuizEntry | None:
    words = _words(written, seen, findings)
    options = _options(written, findings)
    answer = _answer(written, options, findings)
    topic = plain(written.topic, LONGEST_TOPIC, findings) if written.topic else ""
    if words is None or options is None or answer is None:
        return None
    return QuizEntry(topic, words, options, answer)


def _words(written: _Written, seen: dict[str, Spot], findings: Findings) -> str | None:
    atom = written.question
    if atom is None:
        if "question" not in written.said:
            _note(findings, written.spot, Fault.NO_QUESTION)
        return None
    same = _IDLE.sub("", unicodedata.normalize("NFKC", atom.text)).casefold() or atom.text
    if same in seen:
        _note(findings, atom.spot, Fault.REPEATED, before=seen[same])
    seen.setdefault(same, atom.spot)
    return plain(atom, LONGEST_QUESTION, findings)


def _options(written: _Written, findings: Findings) -> tuple[str, ...] | None:
    """The options in their order; None, and a problem, where they are too few, too many, or one twice."""
    if "options" in written.said:
        return None
    found = [each for each in written.options if each is not None]
    spot = found[0].spot if found else written.spot
    before = len(findings.problems)
    if len(found) < len(written.options):
        _note(findings, spot, Fault.GAP)
    if len(found) < FEWEST_OPTIONS:
        _note(findings, spot, Fault.FEW_OPTIONS, fewest=FEWEST_OPTIONS)
    if len(found) > len(LETTERS):
        _note(findings, spot, Fault.MANY_OPTIONS, most=len(LETTERS))
    texts: list[str] = []
    for atom in found:
        text = plain(atom, LONGEST_OPTION, findings)
        if text.casefold() in texts:
            _note(findings, atom.spot, Fault.SAME_OPTION, option=text)
        texts.append(text.casefold())
    return tuple(atom.text for atom in found) if len(findings.problems) == before else None


def _answer(written: _Written, options: tuple[str, ...] | None, findings: Findings) -> int | None:
    """Which option is right: by its letter, or by its very words. A bare number could mean either, and is none."""
    atom = written.answer
    if atom is None:
        if "answer" not in written.said:
            _note(findings, written.spot, Fault.NO_ANSWER)
        return None
    if options is None:
        return None
    if atom.text in options:
        return options.index(atom.text) + 1
    text = unicodedata.normalize("NFKC", atom.text).upper()
    letter = _LETTER_BEFORE.fullmatch(text)
    if letter and letter[1] in LETTERS[: len(options)]:
        return LETTERS.index(letter[1]) + 1
    if len(text) > 1 and set(_IDLE.sub("", text)) <= set(LETTERS[: len(options)]):
        _note(findings, atom.spot, Fault.TWO_ANSWERS)
    else:
        letters = f"{LETTERS[0]}\u2013{LETTERS[len(options) - 1]}"
        _note(findings, atom.spot, Fault.BAD_ANSWER, answer=_shown(atom.text), letters=letters)
    return None


def _shown(text: str) -> str:
    return text if len(text) <= LONGEST_OPTION else text[:LONGEST_OPTION] + "\u2026"


def _note(findings: Findings, spot: Spot, fault: Fault, **values: object) -> None:
    findings.problems.append(Problem(spot.line, spot.where, fault.value.format(**values)))


__all__ = ["HEADERS", "LETTERS", "CommunityFileError", "QuizEntry", "load", "parse", "read_sheet"]
