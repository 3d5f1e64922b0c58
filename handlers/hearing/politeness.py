"""What people say around what they mean: 麻烦帮我…一下,谢谢."""

import re
from collections.abc import Iterable

from handlers.hearing.normalise import EMOJI, variants

_MARKS = rf"(?:[\s,:、。.!~;?…]|{EMOJI})*+"

_NOT_TORN = r"(?!(?<=\u95ee)\u7b54)"
"""请问答开始 is 请 and 问答, not 请问 and the rest."""

MOST_WORDS = 6
"""Polite words that are taken off either end. Who says more of them says nothing else."""

LONGEST_ENDING = 20
"""Characters at the end among which the last polite word is looked for."""


class Politeness:
    """Takes the politeness off both ends of a text. The words are in `phrases/common.yaml`."""

    def __init__(self, before: Iterable[str], after: Iterable[str]) -> None:
        before = tuple(before)
        self.heads = frozenset().union(*(variants(word[0]) for word in before))
        """First characters, as typed, of what may stand before a command."""
        self.openings = frozenset(word[:2] for word in before)
        self._before = re.compile(f"(?:{_any_of(before)}){_NOT_TORN}{_MARKS}")
        self._after = re.compile(f"(?:{_any_of(after)}){_MARKS}$")

    def forms(self, text: str) -> Iterable[str]:
        """The text with less and less around it, the text itself first. The last form may be empty."""
        yield text
        endings = [text, *self._shorter(text)]
        yield from endings[1:]
        for ending in endings:
            position = 0
            for _ in range(MOST_WORDS):
                found = self._before.match(ending, position)
                if found is None:
                    break
                position = found.end()
                yield ending[position:]

    def _shorter(self, text: str) -> Iterable[str]:
        for _ in range(MOST_WORDS):
            found = self._after.search(text, max(0, len(text) - LONGEST_ENDING))
            if found is None:
                break
            text = text[: found.start()]
            yield text


def _any_of(words: Iterable[str]) -> str:
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True))) or r"(?!)"  # nothing matches no words
