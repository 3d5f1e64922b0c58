"""Signs of what is meant, anywhere in a message that is for the bot: 怎么样了, 取消…预约."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

_DENIED = frozenset("别没甭")
WIDEST_GAP = 15
"""Characters that … may stand for."""

AS_LIKELY = 1
"""Readings whose scores differ by no more than this are as likely as one another."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A command that a message may mean. The score is the number of characters that speak for it."""

    command: str
    score: int


class Signs:
    """All signs, in their parts."""

    def __init__(self, signs: Mapping[str, Iterable[str]]) -> None:
        self.commands = frozenset(signs)
        self._signs = [
            (command, tuple(sign.split("…")), len(sign.replace("…", "")))
            for command, listed in signs.items()
            for sign in listed
        ]

    def readings(self, text: str) -> Sequence[Reading]:
        """What a normalised text may mean, the likeliest first. Denied ones (别提醒 is none of 提醒) do not count."""
        best: dict[str, int] = {}
        for command, parts, score in self._signs:
            if score > best.get(command, 0) and _stands_in(text, parts):
                best[command] = score
        ranked = sorted(best.items(), key=lambda item: -item[1])
        return [Reading(command, score) for command, score in ranked]


def _stands_in(text: str, parts: Sequence[str]) -> bool:
    """Whether the parts follow one another in the text, none far from the one before."""
    start = text.find(parts[0])
    if start < 0 or text[start - 1 : start] in _DENIED:
        return False
    end = start + len(parts[0])
    for part in parts[1:]:
        found = text.find(part, end, end + WIDEST_GAP + len(part))
        if found < 0:
            return False
        end = found + len(part)
    return True


def likely(readings: Sequence[Reading]) -> Sequence[Reading]:
    """The likeliest reading, with those that are as likely. At most three."""
    if not readings:
        return ()
    return [reading for reading in readings if reading.score >= readings[0].score - AS_LIKELY][:3]
