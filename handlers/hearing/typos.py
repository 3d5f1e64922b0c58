"""Slips of voice and pinyin input in command words: 抱名, 预月, 茶询.

A word that sounds like a command word, and is none itself, becomes it. Tones and the pairs that people mix up
(zh/z, ch/c, sh/s, l/n, -ng/-n) do not count. Look-alikes that sound otherwise (报各) are listed in YAML.
"""

import os
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")  # its dictionary of phrases: 0.1 s and 40 MB, of no use here
os.environ.setdefault("PYPINYIN_NO_DICT_COPY", "true")

from pypinyin import lazy_pinyin  # reads the two settings when it is imported

_MIXED_UP = ((re.compile("^zh"), "z"), (re.compile("^ch"), "c"), (re.compile("^sh"), "s"), (re.compile("^l"), "n"))
_NASAL = re.compile("ng$")


class Typos:
    """The command words by their sound."""

    def __init__(self, command_words: Iterable[str], listed: Mapping[str, str]) -> None:
        words = frozenset(word for word in command_words if 2 <= len(word) <= 4)
        self._words = words
        self._by_sound = {sound(word): word for word in sorted(words, reverse=True)}
        self._listed = listed
        self.listed_slips = frozenset(listed)
        self._any_listed = re.compile("|".join(map(re.escape, sorted(listed, key=len, reverse=True))))

    def listed(self, text: str) -> str:
        """The text with the listed slips put right at its beginning. Cheap enough for every message."""
        found = self._any_listed.match(text)
        return self._listed[found[0]] + text[found.end() :] if found else text

    def by_sound(self, text: str) -> str:
        """The text with its first word put right where that sounds like a command word."""
        for length in (4, 3, 2):
            head = text[:length]
            if len(head) == length and head not in self._words and _is_chinese(head):
                meant = self._by_sound.get(sound(head))
                if meant is not None:
                    return meant + text[length:]
        return text


@lru_cache(maxsize=4096)
def sound(word: str) -> tuple[str, ...]:
    """How a word sounds, as far as people can tell it apart when typing."""
    return tuple(_folded(syllable) for syllable in lazy_pinyin(word))


def _folded(syllable: str) -> str:
    for pattern, plain in _MIXED_UP:
        syllable = pattern.sub(plain, syllable)
    return _NASAL.sub("n", syllable)


def _is_chinese(word: str) -> bool:
    return all("\u4e00" <= character <= "\u9fff" for character in word)
