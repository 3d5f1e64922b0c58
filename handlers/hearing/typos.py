"""Slips of voice and pinyin input in command words: 抱名, 预月, 茶询.

A word that sounds like a command word, and is none itself, becomes it. Tones and the pairs that people mix up
(zh/z, ch/c, sh/s, l/n, -ng/-n) do not count. Look-alikes that sound otherwise (报各) are listed in YAML.
"""

import os
import re
from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache

os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")  # its dictionary of phrases: 0.1 s and 40 MB, of no use here
os.environ.setdefault("PYPINYIN_NO_DICT_COPY", "true")

_MIXED_UP = ((re.compile("^zh"), "z"), (re.compile("^ch"), "c"), (re.compile("^sh"), "s"), (re.compile("^l"), "n"))
_NASAL = re.compile("ng$")


class Typos:
    """The command words by their sound."""

    def __init__(self, command_words: Iterable[str], listed: Mapping[str, str]) -> None:
        words = frozenset(word for word in command_words if 2 <= len(word) <= 4)
        self._words = words
        self._listed = listed
        self.listed_slips = frozenset(listed)
        self._any_listed = re.compile("|".join(map(re.escape, sorted(listed, key=len, reverse=True))))

    @cached_property
    def _by_sound(self) -> Mapping[tuple[str, ...], str]:
        return {sound(word): word for word in sorted(self._words, reverse=True)}

    def listed(self, text: str) -> str:
        """The text with the listed slips put right at its beginning. Cheap enough for every message."""
        found = self._any_listed.match(text)
        return self._listed[found[0]] + text[found.end() :] if found else text

    def first_by_sound(self, text: str) -> str:
        """The text with its first word put right where that sounds like a command word. It keeps its length."""
        first = self._meant(text, 0) if text else ""
        return first + text[len(first) :]

    def by_sound(self, text: str) -> str:
        """The text with every word put right that sounds like a command word. It keeps its length.

        Only for what must then be a command as a whole: in ordinary talk many a word sounds like another.
        """
        corrected, position = "", 0
        while position < len(text):
            word = self._meant(text, position)
            corrected += word
            position += len(word)
        return corrected

    def _meant(self, text: str, position: int) -> str:
        for length in (4, 3, 2):
            said = text[position : position + length]
            if said in self._words:
                return said
            if len(said) == length and _is_chinese(said) and (meant := self._by_sound.get(sound(said))):
                return meant
        return text[position]


@lru_cache(maxsize=4096)
def sound(word: str) -> tuple[str, ...]:
    """How a word sounds, as far as people can tell it apart when typing."""
    from pypinyin import lazy_pinyin  # here, for its 9 MB: asked for only by what is no command outright

    return tuple(_folded(syllable) for syllable in lazy_pinyin(word))


def _folded(syllable: str) -> str:
    for pattern, plain in _MIXED_UP:
        syllable = pattern.sub(plain, syllable)
    return _NASAL.sub("n", syllable)


def _is_chinese(word: str) -> bool:
    return all("\u4e00" <= character <= "\u9fff" for character in word)
