"""Ways of saying a command, compiled from `phrases/*.yaml`: literal words with slots in them.

`接 {number}` is a phrase with one slot. `~` in front: only when the bot is spoken to.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from handlers.hearing.normalise import variants

LOOSE_MARK = "~"

SLOTS: Mapping[str, tuple[str, Callable[[str], object]]] = {
    "number": (r"(?:编号|no\.?|#)?\s*(?P<number>\d{1,40})(?!\d)\s*号?", int),
    "task": (r"t\s*-?(?P<task>\d{1,6})(?!\d)\s*号?", lambda digits: f"T{int(digits):03d}"),
    "wish": (r"w\s*-?(?P<wish>\d{1,6})(?!\d)\s*号?", lambda digits: f"W{int(digits):02d}"),
    "booking": (r"b\s*-?(?P<booking>\d{1,6})(?!\d)\s*号?", lambda digits: f"B{int(digits):03d}"),
    "amount": (r"(?P<amount>[\d零一二两三四五六七八九十百千.-]{1,12}\s*\S{0,12})", str.strip),
    "code": (r"(?P<code>\d{4,12})", str),
    "words": (r"(?P<words>.+)", str.strip),
}
"""Each slot: what may stand in it, and what it becomes. Slots of listed words (stalls, whom) come beside these."""

_PIECE = re.compile(r"\{(\w+)\}")
_MARKS = r"[\s,:、。.!~;]"
_END = r"[\s。.!~…]*"
_END_SPOKEN_TO = r"[\s。.!~…?]*"
_OR_A_PLACE = r"(?=(?:\d{1,3}|[一二三四五六七八九十]{1,3})\s*(?:号楼|栋|幢))"
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
        self.command_words: set[str] = set()
        for command, way in _most_literal_first(phrases):
            self._add(command, way, in_group=command not in addressed_only)
        in_group = (head for head, found in self._by_head.items() if any(phrase.in_group for phrase in found))
        self.heads = frozenset().union(*(variants(head) | {head.upper()} for head in in_group))
        """First characters, as typed, of what may be heard in a group unasked."""

    def match(self, text: str, *, spoken_to: bool) -> Heard | None:
        """The command that a normalised text is, all of it."""
        for phrase in self._candidates(text):
            pattern = phrase.pattern if spoken_to else phrase.in_group
            found = _compiled(pattern).fullmatch(text) if pattern else None
            if found:
                return Heard(
                    phrase.command, {name: self._value(name, said) for name, said in found.groupdict().items()}
                )
        return None

    def _candidates(self, text: str) -> Iterable[_Phrase]:
        return (*self._by_head.get(text[:1].lower(), ()), *self._by_head.get("", ()))

    def _add(self, command: str, way: str, *, in_group: bool) -> None:
        spoken = way.lstrip(LOOSE_MARK)
        loose = self._pattern(spoken, f"{_MARKS}*") + _END_SPOKEN_TO
        strict = None
        if in_group and not way.startswith(LOOSE_MARK):
            before_words = f"(?:{_MARKS}+|{_OR_A_PLACE})"
            strict = self._pattern(spoken, before_words) + _END
        for head in self._heads_of(spoken):
            self._by_head[head].append(_Phrase(command, loose, strict))
        word = spoken.partition(" ")[0]
        if len(word) > 1 and "{" not in word:
            self.command_words.add(word)

    def _heads_of(self, way: str) -> set[str]:
        """What the first character may be; the empty string: anything."""
        if not way.startswith("{"):
            return {way[0].lower()}
        slot = way[1 : way.index("}")]
        known = {"task": {"t"}, "wish": {"w"}, "booking": {"b"}, "number": {*"0123456789编n#"}}
        return known.get(slot, {word[0] for word in self._vocabulary.get(slot, ())} or {""})

    def _pattern(self, way: str, before_words: str) -> str:
        pattern = ""
        for index, piece in enumerate(_PIECE.split(way)):
            if index % 2 == 0:
                pattern += r"\s*".join(map(re.escape, piece.split()))
                continue
            between = before_words if piece == "words" else r"\s*"
            pattern += (between if pattern else "") + self._slot(piece, way)
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


def _most_literal_first(phrases: Mapping[str, Iterable[str]]) -> list[tuple[str, str]]:
    """The phrases with the most literal words first, so that 取消预约 is not 取消 {words}."""
    pairs = [(command, way) for command, ways in phrases.items() for way in ways]
    return sorted(pairs, key=lambda pair: (_PIECE.findall(pair[1]).count("words"), -len(_PIECE.sub("", pair[1]))))
