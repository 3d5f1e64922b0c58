"""Signs of what is meant, anywhere in a message that is for the bot: 怎么样了, 取消…预约."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

_DENIED = frozenset("别没甭")
_GAP = ".{0,15}"
AS_LIKELY = 1
"""Readings whose scores differ by no more than this are as likely as one another."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A command that a message may mean. The score is the number of characters that speak for it."""

    command: str
    score: int


class Signs:
    """All signs, compiled."""

    def __init__(self, signs: Mapping[str, Iterable[str]]) -> None:
        self.commands = frozenset(signs)
        self._signs = [
            (command, re.compile(_GAP.join(map(re.escape, sign.split("…"))), re.DOTALL), len(sign.replace("…", "")))
            for command, listed in signs.items()
            for sign in listed
        ]

    def readings(self, text: str) -> Sequence[Reading]:
        """What a normalised text may mean, the likeliest first. Denied ones (别提醒 is none of 提醒) do not count."""
        best: dict[str, int] = {}
        for command, pattern, score in self._signs:
            if score > best.get(command, 0):
                found = pattern.search(text)
                if found and text[found.start() - 1 : found.start()] not in _DENIED:
                    best[command] = score
        ranked = sorted(best.items(), key=lambda item: -item[1])
        return [Reading(command, score) for command, score in ranked]


def likely(readings: Sequence[Reading]) -> Sequence[Reading]:
    """The likeliest reading, with those that are as likely. At most three."""
    if not readings:
        return ()
    return [reading for reading in readings if reading.score >= readings[0].score - AS_LIKELY][:3]
