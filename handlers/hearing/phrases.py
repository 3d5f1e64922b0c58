"""Ways of saying a command, compiled from `phrases/*.yaml`: literal words with slots in them.

`接 {number}` is a phrase with one slot. Where a phrase ends in `{words}`, the rest of the message goes there.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from handlers.hearing.normalise import variants

SLOTS: Mapping[str, tuple[str, Callable[[str], object]]] = {
    "number": (r"(?:编号|no\.?|#)?\s*(?P<number>\d{1,40})(?!\d)\s*号?", int),
    "code": (r"(?P<code>\d{4,12})", str),
    "words": (r"(?P<words>.+)", str.strip),
}
"""Each slot: what may stand in it, and what it becomes."""

_PIECE = re.compile(r"\{(\w+)\}")
_MARKS = r"[\s,,::、。.!!~]"
_END = r"[\s。.!!~??]*"


@dataclass(frozen=True, slots=True)
class Heard:
    """A command that was understood, with what stood in its slots."""

    command: str
    arguments: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class _Phrase:
    command: str
    loose: re.Pattern[str]
    strict: re.Pattern[str]


class Phrasebook:
    """All phrases, found by their first character."""

    def __init__(self, phrases: Mapping[str, Iterable[str]]) -> None:
        """`phrases`: for each command its ways of being said. Raises `ValueError` for a slot that does not exist."""
        self._by_head: dict[str, list[_Phrase]] = defaultdict(list)
        for command, ways in phrases.items():
            for way in sorted(ways, key=len, reverse=True):
                self._by_head[way[0].lower()].append(_compile(command, way))
        self.heads = frozenset().union(*(variants(head) for head in self._by_head))

    def match(self, text: str, *, strict: bool) -> Heard | None:
        """The command that a normalised text is.

        `strict` is for groups, where nobody spoke to the bot: there the words after a command word must be set
        off from it, since 「反映过了没用」 is talk.
        """
        for phrase in self._by_head.get(text[:1].lower(), ()):
            found = (phrase.strict if strict else phrase.loose).fullmatch(text)
            if found:
                return Heard(phrase.command, {name: SLOTS[name][1](value) for name, value in found.groupdict().items()})
        return None


def _compile(command: str, way: str) -> _Phrase:
    return _Phrase(command, _pattern(way, f"{_MARKS}*"), _pattern(way, f"{_MARKS}+"))


def _pattern(way: str, before_words: str) -> re.Pattern[str]:
    parts = []
    for index, piece in enumerate(_PIECE.split(way)):
        if index % 2 == 0:
            parts.append(r"\s*".join(map(re.escape, piece.split())))
        elif piece not in SLOTS:
            raise ValueError(f"no slot named {piece!r} in {way!r}")
        else:
            parts.append((before_words if piece == "words" else r"\s*") + SLOTS[piece][0])
    return re.compile("".join(parts) + _END, re.IGNORECASE | re.DOTALL)
