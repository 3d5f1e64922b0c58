"""Whom a leader names: 「许大勇、邓雅琴和曹师傅」, 「E012 王芳的同伴」; and which numbers: 「1-35」, 「3 5 7」."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

MOST_NAMES = 200
LARGEST_NUMBER = 2_000
SHORTEST_PART = 2
"""Characters from which part of a name may stand for it."""

_EVENT = re.compile(r"\s*e\s*-?\s*(?P<event>\d{1,6})\s*号?\s*", re.IGNORECASE)
_BETWEEN = re.compile(r"[\s,、;:。.!~/+&()]+")
_JOINING = re.compile(r"^(?:[和跟与及同]|还有|以及)+|(?:[和跟与及同]|还有|以及|都|也|了|的)+$")
_TITLE = re.compile(
    r"(?P<surname>[\u4e00-\u9fff]{1,2})(?:师傅|老师|阿姨|大姐|大哥|医生|大夫|护士|叔叔|奶奶|爷爷|姐|哥|叔|姨|工)"
)
_FAMILIAR = re.compile(r"(?:小|老|阿)(?P<surname>[\u4e00-\u9fff])")
_RANGE = re.compile(r"(?P<first>\d{1,4})\s*号?\s*(?:-|~|—|–|到|至)\s*(?P<last>\d{1,4})|(?P<one>\d{1,4})")


@dataclass(frozen=True, slots=True)
class Called:
    """What was said, and the names on the roll that may be meant by it: none, one, or several."""

    said: str
    names: tuple[str, ...]


def split_event(words: str) -> tuple[int | None, str]:
    """The event that is named first, 「E012」, and the rest."""
    found = _EVENT.match(words)
    return (int(found["event"]), words[found.end() :]) if found else (None, words.strip())


def hear_names(words: str, roll: Iterable[str]) -> list[Called]:
    """Everybody who is named, each once, in the order in which they were said. `roll`: who may be."""
    names = sorted(set(roll), key=len, reverse=True)
    found: dict[str, Called] = {}
    for part in _BETWEEN.split(words):
        for called in _in_part(part, names):
            found.setdefault(called.said, called)
    return list(found.values())[:MOST_NAMES]


def _in_part(part: str, names: list[str]) -> Iterable[Called]:
    """Names in words without a mark between them: 许大勇和邓雅琴, 许大勇邓雅琴."""
    rest = part
    while rest:
        places = [(rest.index(name), -len(name), name) for name in names if name and name in rest]
        if not places:
            break
        at, _, name = min(places)
        yield from _unlisted(rest[:at], names)
        yield Called(name, (name,))
        rest = rest[at + len(name) :]
    yield from _unlisted(rest, names)


def _unlisted(words: str, names: list[str]) -> Iterable[Called]:
    """A name that is not on the roll as it was said: part of one, or a surname with a title."""
    said = _JOINING.sub("", words)
    if not said:
        return
    if titled := _TITLE.fullmatch(said) or _FAMILIAR.fullmatch(said):
        found = [name for name in names if name.startswith(titled["surname"])]
    else:
        found = [name for name in names if len(said) >= SHORTEST_PART and said in name]
    yield Called(said, tuple(sorted(name for name in found if not _belongs_to_one(name, found))))


def _belongs_to_one(name: str, others: Iterable[str]) -> bool:
    """Whether a name is that of a companion of one of the others: 许大勇的同伴."""
    return any(name.startswith(f"{each}的") for each in others)


def hear_numbers(words: str) -> list[int]:
    """The numbers that are named, each once: 「1-35」, 「3号 5号」. One that cannot be is left out."""
    found: set[int] = set()
    for each in _RANGE.finditer(words):
        if each["one"]:
            found.add(int(each["one"]))
        elif int(each["first"]) <= int(each["last"]) <= LARGEST_NUMBER:
            found.update(range(int(each["first"]), int(each["last"]) + 1))
    return sorted(number for number in found if 1 <= number <= LARGEST_NUMBER)
