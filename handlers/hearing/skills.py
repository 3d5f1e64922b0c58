"""What somebody says that they can do: 「会理发,也会修家电」. Words are left as said; `known` are those of a table."""

import re
from collections.abc import Collection

LONGEST = 20
"""Characters of a skill. What is longer tells something."""

_BETWEEN = re.compile(r"[、,;。/+&|\s]+|(?:还|也)(?:会|能|可以|懂)|以及|和|跟|及|与|或者?")
_BEFORE = re.compile(
    "(?:我|俺|本人|平时|以前|原来|退休前|自己|就|只|也|都|还|主要|一般|略|稍微|那个|嗯|呃|有)*"
    "(?:会|能|可以|擅长|拿手|懂|做过|学过|干过|当过|是|喜欢|愿意|想|帮忙|帮人|帮老人|帮|给人|给老人|给大家|来|做)*"
    "(?:一点儿?|一些|点儿?|个|做)?"
)
_AFTER = re.compile(
    "(?:[吧啊呀呢哦哈的了]|都(?:行|会|可以|能)|什么的|等等?|也(?:行|会|可以)|还(?:行|可以)|一点|一些|这些|之类的?)+$"
)
_NONE = re.compile(
    "(?:我|也|都)*(?:不会|不懂|不能|没什么|没啥|没有|什么都?不|什么也不|什么都没|啥都?不|啥也不|没(?:有)?特长|无)|随便|不知道|都行|看安排|听安排"
)
_ASKS = re.compile("[?吗么呢]$|什么|怎么|怎样|多少|几点|哪里|哪儿|在哪|为什么|能不能|有没有|要不要")
_EMPTY = re.compile(r"(?:谢谢|你好|您好|好的?|可以|嗯|哦|啊|行|是|对|ok|[^\w])*")


def hear_skills(text: str, known: Collection[str]) -> tuple[str, ...]:
    """The skills in a normalised text, each once; of a run of known words each."""
    found: list[str] = []
    for piece in _BETWEEN.split(text):
        if not piece or _NONE.match(piece):
            continue
        words = _known_in(piece, known)
        found += words or [said for said in [_bare(piece)] if _is_skill(said)]
    return tuple(dict.fromkeys(found))


def names_skill(text: str, known: Collection[str]) -> bool:
    """Whether a normalised text has one of the known words in it."""
    return bool(_known_in(text, known))


def can_do_nothing(text: str) -> bool:
    """「什么都不会」, 「没啥特长」, 「随便」: no skill, and nothing misheard either."""
    return _NONE.match(text) is not None


def _bare(piece: str) -> str:
    before = _BEFORE.match(piece)
    return _AFTER.sub("", piece[before.end() :] if before else piece)


def _is_skill(said: str) -> bool:
    if not 1 < len(said) <= LONGEST or said.isdecimal():
        return False
    return _EMPTY.fullmatch(said) is None and _ASKS.search(said) is None


def _known_in(piece: str, known: Collection[str]) -> list[str]:
    """Known words of a piece in their order, the longest of those that overlap."""
    rest, found = piece, []
    for word in sorted(known, key=len, reverse=True):
        at = rest.find(word)
        if at >= 0:
            found.append((at, word))
            rest = rest[:at] + "*" * len(word) + rest[at + len(word) :]
    return [word for _, word in sorted(found)]
