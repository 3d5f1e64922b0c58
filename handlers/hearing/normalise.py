"""From what people type to what can be compared: one script, one width, no stray marks."""

import re
import unicodedata
from functools import lru_cache

from opencc import OpenCC

LONGEST = 2_000
"""Characters that are read of a message. Nobody types more; what is longer is pasted or an attack."""

_NOT_TEXT = re.compile(r"[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060\ufeff\ud800-\udfff]")
EMOJI = r"[\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]|\[[\u4e00-\u9fffA-Za-z]{1,4}\]"
"""Pictures at the end of a message, WeChat's own among them: [玫瑰]."""

_DRESSING = {0xFE0E: "", 0xFE0F: "", 0x20E3: ""}
"""What makes a digit a key and a sign a picture."""

_SPACES = re.compile(r"[ \t\u00a0\u2005\u3000]+")
_CIRCLED = {ord(sign): str(number) for number, sign in enumerate("①②③④⑤⑥⑦⑧⑨", start=1)}
_PLAINER = _CIRCLED | _DRESSING


def clean(text: str) -> str:
    """The text as typed, without what is no text: control and zero-width characters, broken surrogates, null bytes."""
    return _NOT_TEXT.sub("", text).strip()


def normalise(text: str) -> str:
    """Simplified script, half-width letters and digits, single spaces. Characters such as ① become digits.

    Only the first `LONGEST` characters are looked at.
    """
    text = unicodedata.normalize("NFKC", clean(text[:LONGEST]).translate(_PLAINER))
    return _SPACES.sub(" ", _simplified(text)).strip()


def variants(character: str) -> frozenset[str]:
    """A simplified character with its traditional forms."""
    return frozenset({character, *_traditional_forms().get(character, ())})


def _simplified(text: str) -> str:
    return text if text.isascii() else str(_to_simplified().convert(text))


@lru_cache(maxsize=1)
def _to_simplified() -> OpenCC:
    return OpenCC("t2s")


@lru_cache(maxsize=1)
def _traditional_forms() -> dict[str, list[str]]:
    """Which characters become a simplified one: the conversion read backwards, since its own reverse takes 26 MB."""
    every = [chr(code) for code in range(0x4E00, 0xA000)]
    forms: dict[str, list[str]] = {}
    for traditional, simplified in zip(every, _simplified("\n".join(every)).split("\n"), strict=True):
        if traditional != simplified:
            forms.setdefault(simplified, []).append(traditional)
    return forms
