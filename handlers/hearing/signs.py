"""Signs of what is meant, anywhere in a message that is for the bot: 怎么样了, 取消…预约, {thing}…{broken}.

… stands for other words in between, (a|b) for one of these, `{list}` for any word of a list. The lists stand beside
the signs, under their name in braces. A sign beginning with ^ opens the message, one ending with $ closes it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from handlers.hearing.normalise import EMOJI

_DENIED = "别没甭未"
WIDEST_GAP = 15
"""Characters that … may stand for."""

AS_LIKELY = 1
"""Readings whose scores differ by no more than this are as likely as one another."""

_GAP = "…"
_TOKEN = re.compile(r"(?P<list>\{[^}]+\})|\((?P<one_of>[^)]+)\)|(?P<words>[^{(…]+)|(?P<gap>…)")
_ENDINGS = rf"(?:[\s,。.!?~…了吗呢啊呀吧嘛哦啦的]|谢谢|{EMOJI})*+"

Part = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """A command that a message may mean. The score is the number of characters that speak for it."""

    command: str
    score: int


@dataclass(frozen=True, slots=True)
class _Sign:
    """Parts of which each is one of some words, or a gap."""

    command: str
    parts: tuple[Part, ...]
    opens: bool
    closes: bool

    def score(self, text: str) -> int:
        """How many characters of the text it accounts for; 0 where it does not stand there."""
        for part in self.parts:
            if part != (_GAP,) and not any(word in text for word in part):
                return 0
        found = _compiled(self).search(text)
        return sum(map(len, found.groups())) if found else 0


class Signs:
    """All signs, in their parts."""

    def __init__(self, signs: Mapping[str, Iterable[str]]) -> None:
        """Raises `ValueError` for a list that does not exist."""
        lists = {name: tuple(words) for name, words in signs.items() if name.startswith("{")}
        self.commands = frozenset(signs) - frozenset(lists)
        self._signs = [_parsed(command, sign, lists) for command in self.commands for sign in signs[command]]
        self._signs.sort(key=lambda sign: sign.command)

    def readings(self, text: str) -> Sequence[Reading]:
        """What a normalised text may mean, the likeliest first. Denied ones (别提醒 is none of 提醒) do not count."""
        best: dict[str, int] = {}
        for sign in self._signs:
            score = sign.score(text)
            if score > best.get(sign.command, 0):
                best[sign.command] = score
        ranked = sorted(best.items(), key=lambda item: -item[1])
        return [Reading(command, score) for command, score in ranked]


def likely(readings: Sequence[Reading]) -> Sequence[Reading]:
    """The likeliest reading, with those that are as likely. At most three."""
    if not readings:
        return ()
    return [reading for reading in readings if reading.score >= readings[0].score - AS_LIKELY][:3]


def _parsed(command: str, sign: str, lists: Mapping[str, Part]) -> _Sign:
    parts = [_part(token, sign, lists) for token in _TOKEN.finditer(sign.removeprefix("^").removesuffix("$"))]
    return _Sign(command, tuple(parts), sign.startswith("^"), sign.endswith("$"))


def _part(token: re.Match[str], sign: str, lists: Mapping[str, Part]) -> Part:
    if token["one_of"]:
        return tuple(token["one_of"].split("|"))
    if token["list"] and token["list"] not in lists:
        raise ValueError(f"no list named {token['list']} in {sign!r}")
    return lists[token["list"]] if token["list"] else (token[0],)


@cache
def _compiled(sign: _Sign) -> re.Pattern[str]:
    """Compiled when all its words are in a text for the first time: few ever are."""
    pattern = rf"^{_ENDINGS}" if sign.opens else f"(?<![{_DENIED}])"
    for part in sign.parts:
        words = "|".join(re.escape(word) for word in sorted(part, key=len, reverse=True))
        pattern += f".{{0,{WIDEST_GAP}}}?" if part == (_GAP,) else f"({words})"
    return re.compile(pattern + (_ENDINGS + "$" if sign.closes else ""), re.DOTALL)
