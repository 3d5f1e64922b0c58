"""Answers that say more than they choose: 「没解决,还在漏水」, 「修好了,谢谢你们」, 「3,还在漏」, 「电梯修好了」."""

import re
from collections.abc import Iterable, Mapping, Sequence

BEGINS_WITH = "…"
"""At the end of a way: whatever begins with it."""

LONGEST_THING = 6
"""Characters of what may be named before a way: 电梯修好了."""

SHORTEST_AFTER_THING = 3
"""Characters of a way that may follow it: 「天气好了」 is no answer."""

_ASKS = re.compile(r"(?:\?|吗|么|没有|呢)[\s。.!~?]*$")
_OTHER_CASE = re.compile(r"\d{3}")
_CLAUSE = re.compile(r"[^\s,。.、!?;:~…]+")
_NUMBERED = re.compile(r"(?P<number>[1-9])(?P<marks>[\s,。.、!;:]*)(?P<rest>.+)", re.DOTALL)
_COUNTS = re.compile(r"\d|号|栋|幢|座|单元|楼|户|天|个|次|点|月|日|年|人|米|[-.]")
"""After a number: it counts or names something and chooses nothing."""

_COURTESY = re.compile(r"(?:谢谢|多谢|感谢|你好|您好|嗯|哦|噢|唉|哎|那个|小善|师傅|你们|您|啊)+")
_SURELY = re.compile(
    r"(?:已经|已|都|全部|全|终于|总算|现在|真的|确实|彻底|一直|根本|就是|到现在|今天|昨天|家里|我们?家|我们这里?|这边)+"
)
_PARTICLES = "吧啊呀哦呢哈的嘛"
_NOT_A_THING = re.compile(r"[不没未非说谁哪什怎问要想等\d]")
_LEFT_OVER = re.compile(
    r"还[在是有没不漏渗堵吵臭]|又[漏渗坏堵吵停不没]|没(?:好|修|全|完|弄|解决|人)"
    r"|(?:但|不过|可是|只是|就是).*[不没慢差]"
)


def read_opening(
    text: str,
    options: Sequence[str],
    ways: Mapping[str, Sequence[str]],
    *,
    numbers: bool,
    names_its_thing: bool,
) -> str | None:
    """The option that a normalised text chooses with its first words, or None. What names a case or asks is no answer.

    `numbers`: whether a number in front counts; `names_its_thing`: whether what it is about may stand in front.
    """
    if _OTHER_CASE.search(text) or _ASKS.search(text):
        return None
    numbered = _NUMBERED.fullmatch(text)
    if numbered is not None:
        return _numbered(numbered, options, ways) if numbers else None
    clauses = [found for found in _CLAUSE.findall(text)[:3] if _COURTESY.fullmatch(found) is None]
    return _chosen(clauses[0], options, ways, names_its_thing=names_its_thing) if clauses else None


def leaves_something(text: str) -> bool:
    """Whether a word that all is well is taken back in part: 「好了,但是还有点漏」."""
    return _LEFT_OVER.search(text) is not None


def _numbered(found: re.Match[str], options: Sequence[str], ways: Mapping[str, Sequence[str]]) -> str | None:
    """「3,还在漏」 and 「3没解决」, not 「3号楼停水」."""
    position = int(found["number"])
    if position > len(options) or _COUNTS.match(found["rest"]):
        return None
    option = options[position - 1]
    first = _CLAUSE.search(found["rest"])
    named = _chosen(first[0], options, ways, names_its_thing=False) if first else None
    return option if found["marks"] or named == option else None


def _chosen(
    clause: str, options: Sequence[str], ways: Mapping[str, Sequence[str]], *, names_its_thing: bool
) -> str | None:
    said = _once(clause).rstrip(_PARTICLES).replace("啦", "了")
    forms = [form for form in (said, _SURELY.sub("", said, count=1) if _SURELY.match(said) else "") if form]
    pairs = [(way, option) for option in options for way in ways.get(option, ())]
    for form in forms:
        if (option := _exactly(form, pairs) or _beginning(form, pairs)) is not None:
            return option
    return _after_its_thing(said, pairs) if names_its_thing else None


def _exactly(said: str, pairs: Iterable[tuple[str, str]]) -> str | None:
    return next((option for way, option in pairs if said in (way, _without_end(way))), None)


def _beginning(said: str, pairs: Iterable[tuple[str, str]]) -> str | None:
    begun = [(way, option) for way, option in pairs if way.endswith(BEGINS_WITH) and said.startswith(way[:-1])]
    return max(begun, key=lambda pair: len(pair[0]))[1] if begun else None


def _after_its_thing(said: str, pairs: Iterable[tuple[str, str]]) -> str | None:
    """「电梯修好了」: the longest way at the end, with a short name before it."""
    ends = [(way, option) for way, option in pairs if len(way) >= SHORTEST_AFTER_THING and said.endswith(way)]
    if not ends:
        return None
    way, option = max(ends, key=lambda pair: len(pair[0]))
    thing = said.removesuffix(way)
    return option if len(thing) <= LONGEST_THING and _NOT_A_THING.search(thing) is None else None


def _once(clause: str) -> str:
    """「好了好了」 said once."""
    twice = re.fullmatch(r"(?P<once>.{2,6}?)(?P=once)+", clause)
    return twice["once"] if twice else clause


def _without_end(way: str) -> str:
    """「修好」 is 「修好了」; 「好」 may be anything."""
    return way.removesuffix("了") if len(way) > len("好了") else way
