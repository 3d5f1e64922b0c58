"""Ways of saying a command, compiled from `phrases/*.yaml`: literal words with slots in them.

`接 {number}` is a phrase with one slot, in `催 {number?}` it may be left out. `(查|看) {number}`: one of these words.
`查[一下|下] {number}`: one of them or none. `~` in front: only when the bot is spoken to.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product

from handlers.hearing.normalise import EMOJI, variants
from handlers.hearing.numerals import to_int

LOOSE_MARK = "~"

_SPOKEN_DIGITS = "零〇幺一二三四五六七八九十百两"


def read_digits(said: str) -> int:
    """A number as typed or as spoken, 幺 for 一. What is no numeral at all becomes 0, a number that nothing has."""
    return int(said) if said.isdecimal() else to_int(said.replace("幺", "一")) or 0


SLOTS: Mapping[str, tuple[str, Callable[[str], object]]] = {
    "number": (
        rf"(?:第|编号|单号|号码|no\.?|#)?[\s:是]*(?P<number>\d{{1,40}}|[{_SPOKEN_DIGITS}]{{2,8}})(?!\d)\s*号?",
        read_digits,
    ),
    "into": (r"(?:编号|no\.?|#)?\s*(?P<into>\d{1,40})(?!\d)\s*号?", int),
    "task": (
        rf"t\s*-?\s*(?P<task>\d{{1,6}}|[{_SPOKEN_DIGITS}]{{1,6}})(?!\d)\s*号?",
        lambda said: f"T{read_digits(said):03d}",
    ),
    "wish": (
        rf"w\s*-?\s*(?P<wish>\d{{1,6}}|[{_SPOKEN_DIGITS}]{{1,6}})(?!\d)\s*号?",
        lambda said: f"W{read_digits(said):02d}",
    ),
    "booking": (
        rf"b\s*-?\s*(?P<booking>\d{{1,6}}|[{_SPOKEN_DIGITS}]{{1,6}})(?!\d)\s*号?",
        lambda said: f"B{read_digits(said):03d}",
    ),
    "event": (
        rf"e\s*-?\s*(?P<event>\d{{1,6}}|[{_SPOKEN_DIGITS}]{{1,6}})(?!\d)\s*号?",
        lambda said: f"E{read_digits(said):03d}",
    ),
    "amount": (r"(?P<amount>[\d零一二两三四五六七八九十百千.-]{1,12}\s*\S{0,12})", str.strip),
    "name": (r"(?P<name>[\u4e00-\u9fff]{2,6}?)", str),
    "code": (r"(?P<code>\d{4,12})", str),
    "words": (r"(?P<words>.+)", str.strip),
}
"""Each slot: what may stand in it, and what it becomes. Slots of listed words (stalls, whom) come beside these."""

_MAY_HAVE_WORDS = "{words?}"

LONGEST_BEFORE_COMMAND = 60
"""Characters of a message whose command stands at its end: 3号楼归谁管."""

NUMBER_IN_GROUP = r"(?:编号|no\.?|#)?[\s:]*(?P<number>\d{3,40})(?!\d)\s*号?"
"""In a group a case has its leading zeros or a mark before it: 「接 1」 is an answer to a neighbour."""

_TOKEN = re.compile(
    r"\{(?P<slot>\w+)(?P<may>\??)\}|\[(?P<optional>[^\]]+)\]|\((?P<one_of>[^)]+)\)|(?P<words>[^\s{\[(]+)"
)
_ONE_OF = re.compile(r"\(([^)]+)\)")
_MARKS = r"[\s,:、。.!~;]"
"""Always taken all (`*+`): two runs of them side by side would be tried in every division."""

_END = rf"(?:[\s,。.!~…]|{EMOJI})*+"
_END_SPOKEN_TO = rf"(?:[\s,。.!~…?]|{EMOJI})*+"
_BEFORE_WORDS = rf"(?:{_MARKS}++|(?!{_MARKS}|[过了的着完好满]))"
"""「约了律师」 and 「反映过的事」 tell of what was done: no order to do it."""

_NUMERALS_BEFORE_PLACE = "一二三四五六七八九十"
_OR_A_PLACE = rf"(?=(?:\d{{1,3}}|[{_NUMERALS_BEFORE_PLACE}]{{1,3}})\s*(?:号楼|栋|幢))"
"""In a group words must be set off from the command word (「反映过了没用」 is talk), unless a place comes first."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A command that was understood, with what stood in its slots."""

    command: str
    arguments: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class _Phrase:
    """One way of saying a command. Its patterns are compiled when first needed: a start would wait for them all."""

    command: str
    pattern: str
    in_group: str | None
    has_words: bool


class Phrasebook:
    """All phrases, found by their first character."""

    def __init__(
        self,
        phrases: Mapping[str, Iterable[str]],
        vocabulary: Mapping[str, Sequence[str]] | None = None,
        only_when_addressed: Iterable[str] = (),
    ) -> None:
        """`phrases`: for each command its ways of being said; `vocabulary`: the words of the listed slots.

        Raises `ValueError` for a slot that does not exist.
        """
        self._vocabulary = vocabulary or {}
        addressed_only = frozenset(only_when_addressed)
        self._by_head: dict[str, list[_Phrase]] = defaultdict(list)
        self.openings: set[str] = set()
        """The first two characters of what may be heard in a group unasked, where both are Chinese; one character
        alone: any may follow."""
        self.command_words: set[str] = set()
        for command, way in _most_literal_first(phrases):
            self._add(command, way, in_group=command not in addressed_only)
        in_group = (head for head, found in self._by_head.items() if any(phrase.in_group for phrase in found))
        self.heads = frozenset().union(*(variants(head) | {head.upper()} for head in in_group))
        """First characters, as typed, of what may be heard in a group unasked."""

    def match(self, text: str, *, spoken_to: bool, with_words: bool | None = None) -> Heard | None:
        """The command that a normalised text is, all of it; `with_words`: only ways with, or without, words in them."""
        for phrase in self._candidates(text):
            pattern = phrase.pattern if spoken_to else phrase.in_group
            wanted = with_words is None or phrase.has_words is with_words
            found = _compiled(pattern).fullmatch(text) if pattern and wanted else None
            if found:
                return Heard(
                    phrase.command, {name: self._value(name, said) for name, said in found.groupdict().items() if said}
                )
        return None

    def _candidates(self, text: str) -> Iterable[_Phrase]:
        by_head = self._by_head.get(text[:1].lower(), ())
        return by_head if len(text) > LONGEST_BEFORE_COMMAND else (*by_head, *self._by_head.get("", ()))

    def _add(self, command: str, way: str, *, in_group: bool) -> None:
        spoken = way.lstrip(LOOSE_MARK)
        loose = self._pattern(spoken, _BEFORE_WORDS, SLOTS["number"][0]) + _END_SPOKEN_TO
        strict = None
        if in_group and not way.startswith(LOOSE_MARK):
            before_words = f"(?:{_MARKS}++|{_OR_A_PLACE})"
            strict = self._pattern(spoken, before_words, NUMBER_IN_GROUP) + _END
            self.openings |= self._openings_of(spoken)
        for head in self._heads_of(spoken):
            self._by_head[head].append(_Phrase(command, loose, strict, "{words}" in spoken))
        for token in _TOKEN.finditer(spoken):
            if not token["slot"]:
                self.command_words.update(word for word in _may_say(token) if len(word) > 1)

    def _heads_of(self, way: str) -> set[str]:
        """What the first character may be; the empty string: anything."""
        heads: set[str] = set()
        for token in _TOKEN.finditer(way):
            if token["slot"]:
                return heads | self._heads_of_slot(token["slot"])
            heads |= {said[0].lower() for said in _may_say(token) if said}
            if not token["optional"]:
                break
        return heads

    def _openings_of(self, way: str) -> set[str]:
        """How a way of saying something in a group begins: up to two characters, fewer where any may follow."""
        found: set[str] = set()
        begun = {""}
        for token in _TOKEN.finditer(way):
            said = self._begins_slot(token["slot"]) if token["slot"] else _may_say(token)
            if token["slot"] and not all(said):
                return found | begun
            joined = {before + each for before in begun for each in said}
            found |= {each[:2] for each in joined if len(each) > 1}
            begun = {each for each in joined if len(each) < 2} | (begun if token["may"] else set())
            if not begun:
                break
        return found

    def _begins_slot(self, slot: str) -> Collection[str]:
        """How a slot may begin in a group, as far as that is Chinese; the empty string: anyhow."""
        known = {"words": _NUMERALS_BEFORE_PLACE, "number": ("编号",)}
        return known.get(slot) or self._vocabulary.get(slot) or self._heads_of_slot(slot)

    def _heads_of_slot(self, slot: str) -> set[str]:
        known = {
            "task": {"t"},
            "wish": {"w"},
            "booking": {"b"},
            "event": {"e"},
            "number": {*f"0123456789编单第号n#{_SPOKEN_DIGITS}"},
        }
        return known.get(slot, {word[0] for word in self._vocabulary.get(slot, ())} or {""})

    def _pattern(self, way: str, before_words: str, number: str) -> str:
        pattern = ""
        for token in _TOKEN.finditer(way):
            slot = token["slot"]
            between = before_words if slot == "words" else f"{_MARKS}*+" if "{" in way else r"\s*+"
            if slot:
                said = number if slot == "number" else self._slot(slot, way)
            else:
                said = "|".join(re.escape(each) for each in sorted(_may_say(token), key=len, reverse=True))
                said = f"(?:{said})"
            said = between + said if pattern else said
            pattern += f"(?:{said})?" if token["may"] else said
        return pattern

    def _slot(self, name: str, way: str) -> str:
        if name in SLOTS:
            return SLOTS[name][0]
        if name not in self._vocabulary:
            raise ValueError(f"no slot named {name!r} in {way!r}")
        listed = "|".join(map(re.escape, sorted(self._vocabulary[name], key=len, reverse=True)))
        return f"(?P<{name}>{listed})"

    def _value(self, name: str, said: str) -> object:
        return SLOTS[name][1](said) if name in SLOTS else said


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE | re.DOTALL)


def _may_say(token: re.Match[str]) -> tuple[str, ...]:
    """The words that a token stands for; an optional one may also be nothing."""
    if token["words"]:
        return (token["words"],)
    return (*token["optional"].split("|"), "") if token["optional"] else tuple(token["one_of"].split("|"))


def _most_literal_first(phrases: Mapping[str, Iterable[str]]) -> list[tuple[str, str]]:
    """The phrases with the most literal words first, so that 取消预约 is not 取消 {words}."""
    pairs = [(command, each) for command, ways in phrases.items() for way in ways for each in _spelled_out(way)]
    return sorted(pairs, key=lambda pair: ("{words}" in pair[1], -_precise_slots(pair[1]), -_literal(pair[1])))


def _spelled_out(way: str) -> Iterable[str]:
    """Without the words that may be left out, and with them."""
    if _MAY_HAVE_WORDS not in way:
        return _by_length(way)
    return way.replace(_MAY_HAVE_WORDS, ""), *_by_length(way.replace(_MAY_HAVE_WORDS, "{words}"))


def _by_length(way: str) -> Iterable[str]:
    """A way with words once for each length of what stands before them: 登记参加 {words} is not 登记 {words}."""
    if "{words}" not in way:
        return (way,)
    parts = _ONE_OF.split(way)  # every other part is one of some words
    lengths = [sorted({len(word) for word in part.split("|")}) for part in parts[1::2]]
    return [_of_lengths(parts, chosen) for chosen in product(*lengths)]


def _of_lengths(parts: Sequence[str], lengths: Sequence[int]) -> str:
    """The way with, in each place, only words of the length that is given for it."""
    found = parts[0]
    for said, rest, length in zip(parts[1::2], parts[2::2], lengths, strict=True):
        found += f"({'|'.join(word for word in said.split('|') if len(word) == length)}){rest}"
    return found


def _precise_slots(way: str) -> int:
    """Slots for numbers and codes: 改类 {number} {words} comes before 改 {words?}."""
    return sum(way.count(f"{{{name}") for name in SLOTS if name != "words")


def _literal(way: str) -> int:
    """Characters that are certainly said."""
    tokens = (token for token in _TOKEN.finditer(way.lstrip(LOOSE_MARK)) if not token["slot"])
    return sum(min(map(len, _may_say(token))) for token in tokens)
