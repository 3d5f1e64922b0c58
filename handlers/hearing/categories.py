"""What a grievance is about: words of `phrases/categories.yaml` found in one pass, weighed, best guess first."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

import ahocorasick
import yaml

from handlers.hearing.normalise import normalise

Deadline: TypeAlias = Literal["life", "utility", "ordinary", "hard"]

FILE = Path(__file__).parents[1] / "phrases" / "categories.yaml"
OTHER = "other"
MOST = 3
"""Guesses that are offered."""

LONGEST = 500
"""Characters that are read. Nobody needs more to say what is broken."""

GAP = 8
"""Characters that may stand in a "…" of a word."""

OFTEN = 3
"""How often a word is looked at in one text: enough for talk, and it bounds what a pasted heap of words costs."""

WEIGHTS: Mapping[str, int] = {"strong": 6, "medium": 3, "weak": 1, "not": 0}
"""What a word counts. A word without weight is a look-alike: it takes away what it touches."""

_FULL_STOP = re.compile(r"[。.!?\n]")
_STOP = re.compile(r"[。.!?\n,;:、]")
_ELLIPSIS = re.compile(r"…+|\.{3,}")
_LIST = re.compile("<(.+)>")

Span: TypeAlias = tuple[int, int]
Lists: TypeAlias = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Guess:
    """A category and its points: 6 and more is sure, below 3 is hardly more than a hint, 0 knows nothing."""

    name: str
    score: int


@dataclass(frozen=True, slots=True)
class Category:
    """`handler`: a role as in the community file; None: the grid head leads. `private`: unless the words are public."""

    name: str
    title: str
    deadline: Deadline
    handler: str | None
    private: bool


@dataclass(frozen=True, slots=True)
class Word:
    """A word as written in a file, and what it stands for. A look-alike without topic is one for every topic."""

    text: str
    topic: str
    weight: int


@dataclass(frozen=True, slots=True)
class Found:
    """A word in a text, and where its parts are."""

    word: Word
    spans: tuple[Span, ...]

    @property
    def size(self) -> int:
        """Characters that were matched, without the gaps."""
        return sum(end - start for start, end in self.spans)

    def is_part_of(self, other: "Found") -> bool:
        """Whether the other word is longer and holds this one."""
        return self.size < other.size and all(any(c <= a and b <= d for c, d in other.spans) for a, b in self.spans)

    def cancels(self, other: "Found") -> bool:
        """Whether this is a look-alike that the other word shares characters with, and is no longer than."""
        return (
            self.word.topic in ("", other.word.topic)
            and any(a < d and c < b for a, b in self.spans for c, d in other.spans)
            and not self.is_part_of(other)
        )


class WordFinder:
    """Finds all words of a lexicon in one pass. `灯…不亮` has a gap; `<坏>` is any word of that list."""

    def __init__(self, words: Iterable[Word], lists: Lists) -> None:
        """Raises `ValueError` for an empty word and for a list that does not exist."""
        self._by_last_part: dict[str, list[tuple[tuple[str, ...], Word]]] = {}
        surfaces: dict[str, set[str]] = {}
        for word in words:
            parts = tuple(part.strip() for part in _ELLIPSIS.split(word.text))
            for part in parts:
                for surface in _surfaces(part, word.text, lists):
                    surfaces.setdefault(surface, set()).add(part)
            self._by_last_part.setdefault(parts[-1], []).append((parts[:-1], word))
        self._automaton = ahocorasick.Automaton()
        for surface, parts_of_it in surfaces.items():
            self._automaton.add_word(surface, (len(surface), tuple(sorted(parts_of_it))))
        self._automaton.make_automaton()

    def find(self, text: str) -> list[Found]:
        """The words in a normalised text, in the order of their ends, without look-alikes. Spaces do not matter."""
        found = self._all(text[:LONGEST].replace(" ", "").lower())
        alike = [hit for hit in found if not hit.word.weight]
        return [hit for hit in found if hit.word.weight and not any(no.cancels(hit) for no in alike)]

    def _all(self, text: str) -> list[Found]:
        places: dict[str, list[Span]] = {}
        times: Counter[Word] = Counter()
        found: list[Found] = []
        for last, (length, parts) in self._automaton.iter(text) if len(self._automaton) else ():
            span = (last + 1 - length, last + 1)
            for part in parts:
                for earlier, word in self._by_last_part.get(part, ()):
                    if times[word] < OFTEN and (spans := _backwards(text, word, earlier, span, places)):
                        times[word] += 1
                        found.append(Found(word, spans))
                places.setdefault(part, []).append(span)
        return found


SURE = 6
"""Points from which words are surely about a category, though nobody calls them a report."""


def categories(text: str) -> tuple[Guess, ...]:
    """The likeliest categories of a normalised text: best first, at most three, no two the same.

    Where fewer are likely, `other` ends the list, so that there always is one to choose.
    """
    lexicon = _load()
    points = _points(lexicon.words.find(text))
    order = list(lexicon.categories)
    ranked = sorted(points, key=lambda name: (-points[name][0], -points[name][1], order.index(name)))
    guesses = [Guess(name, points[name][0]) for name in ranked[:MOST]]
    if len(guesses) < MOST and OTHER not in points:
        guesses.append(Guess(OTHER, 0))
    return tuple(guesses)


def deadline_class(text: str, category: str) -> Deadline:
    """How fast it must be solved: danger to life goes before everything; then the words; the category.

    A bill is no outage: 「水费」 is ordinary, unless the water is off as well. An unknown category is `other`.
    """
    lexicon = _load()
    usual = _category(category).deadline
    said = {hit.word.topic for hit in lexicon.deadlines.find(text)}
    if "life" in said:
        return "life"
    if usual == "utility" and "utility" in said:
        return "utility"
    if "hard" in said:
        return "hard"
    return "ordinary" if "ordinary" in said and usual == "utility" else usual


def is_private(text: str, category: str) -> bool:
    """Whether only the named handlers may see it: quarrels, family, debts, illness; in whatever category it was put."""
    said = {hit.word.topic for hit in _load().private.find(text)}
    return "words" in said or (_category(category).private and "public" not in said)


def listed() -> Mapping[str, Category]:
    """Every category by its name, in the order of the file."""
    return _load().categories


# --- points -------------------------------------------------------------------------------------------------------


def _points(found: Sequence[Found]) -> dict[str, tuple[int, int]]:
    """For each category its points and how many characters earned them. A word counts once."""
    points: dict[str, tuple[int, int]] = {}
    seen: set[Word] = set()
    for hit in found:
        name = hit.word.topic
        holders = {other.word.topic for other in found if hit.is_part_of(other)}
        if name in holders or hit.word in seen:
            continue
        seen.add(hit.word)
        earned, size = points.get(name, (0, 0))
        points[name] = (earned + (WEIGHTS["weak"] if holders else hit.word.weight), size + hit.size)
    return points


# --- words --------------------------------------------------------------------------------------------------------


def _surfaces(part: str, word: str, lists: Lists) -> Sequence[str]:
    named = _LIST.fullmatch(part)
    if named is None:
        surfaces: Sequence[str] = (part,)
    elif named[1] in lists:
        surfaces = lists[named[1]]
    else:
        raise ValueError(f"「{word}」: lists 里没有「{named[1]}」 / no list of that name")
    plain = [normalise(surface).replace(" ", "").lower() for surface in surfaces]
    if not all(plain) or any("<" in surface for surface in plain):
        raise ValueError(f"「{word}」: 有一段是空的,或者 <> 没有单独占一段 / an empty part, or a list within a part")
    return plain


def _backwards(
    text: str, word: Word, parts: tuple[str, ...], last: Span, places: Mapping[str, list[Span]]
) -> tuple[Span, ...]:
    """Where the earlier parts of a word stand, each near before the next in the same sentence; () if they do not.

    A look-alike must not reach over a comma: 「太可怕了,着火了」 is no fear of a fire.
    """
    stop = _FULL_STOP if word.weight else _STOP
    spans = [last]
    for part in reversed(parts):
        start = spans[0][0]
        for before in reversed(places.get(part, ())):
            if start - before[1] > GAP:
                return ()
            if before[1] <= start:
                break
        else:
            return ()
        if stop.search(text, before[1], start):
            return ()
        spans.insert(0, before)
    return tuple(spans)


# --- file ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The file, compiled."""

    categories: Mapping[str, Category]
    words: WordFinder
    deadlines: WordFinder
    private: WordFinder


@cache
def _load() -> Lexicon:
    return compile_lexicon(FILE.read_text(encoding="utf-8"))


def compile_lexicon(content: str) -> Lexicon:
    """A lexicon from YAML. Raises `ValueError` that says what is wrong where."""
    data = yaml.safe_load(content)
    lists = word_lists(data)
    by_name = {name: _read_category(name, given) for name, given in data["categories"].items()}
    if OTHER not in by_name:
        raise ValueError("categories: 少了 other / other is missing")
    words = [
        Word(text, name, weight)
        for name, given in data["categories"].items()
        for kind, weight in WEIGHTS.items()
        for text in flat(given.get(kind))
    ]
    return Lexicon(
        by_name,
        WordFinder(words, lists),
        WordFinder(_by_key(data["deadlines"]), lists),
        WordFinder(_by_key(data["private"]), lists),
    )


def word_lists(data: Mapping[str, Any]) -> Lists:
    """The named lists of a file, for `{name}` in its words."""
    return {name: flat(words) for name, words in data.get("lists", {}).items()}


def flat(words: Any) -> list[str]:
    """The words of a list of words, or of a list of such lists. Numbers such as 120 are words too."""
    if isinstance(words, list):
        return [word for item in words for word in flat(item)]
    return [] if words is None else [str(words)]


def _by_key(data: Mapping[str, Any]) -> list[Word]:
    """Words whose topic is the key under which they stand; those under `not` are look-alikes for every topic."""
    return [
        Word(text, "", 0) if key == "not" else Word(text, key, 1) for key, words in data.items() for text in flat(words)
    ]


def _read_category(name: str, given: Mapping[str, Any]) -> Category:
    unknown = given.keys() - WEIGHTS.keys() - {"title", "deadline", "handler", "private"}
    if unknown:
        raise ValueError(f"categories.{name}: 不认识 {', '.join(map(str, unknown))} / unknown keys")
    if given.get("deadline") not in get_args(Deadline):
        raise ValueError(f"categories.{name}.deadline: 只能是 {' '.join(get_args(Deadline))} / one of these")
    return Category(name, str(given["title"]), given["deadline"], given.get("handler"), bool(given.get("private")))


def _category(name: str) -> Category:
    every = _load().categories
    return every.get(name, every[OTHER])
