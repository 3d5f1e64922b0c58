"""Free times as people say them."""

from collections import defaultdict
from collections.abc import Sequence

from community import Community
from handlers.hearing.free_times import ANY, DAYS, PARTS, WEEKEND, WORKDAYS
from handlers.speaking.texts import in_words

BETWEEN = "\u3001"


def free_words(free: Sequence[str], community: Community) -> str:
    """Free times as people say them: 周末、周三上午."""
    if ANY in free:
        return in_words("volunteers.free_any", community)
    parts_of: dict[str, list[str]] = defaultdict(list)
    for time in free:
        named, _, part = time.partition("-")
        parts_of[named].append(part)
    days_with: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for named, parts in parts_of.items():
        days_with[tuple(parts)].append(named)
    return BETWEEN.join(
        _days(days, community, alone=parts == ("",)) + _parts(parts, community) for parts, days in days_with.items()
    )


def _days(days: Sequence[str], community: Community, *, alone: bool) -> str:
    """工作日, 周末, 周一周三; 每天 only where no part of the day stands behind it."""
    if set(days) >= set(DAYS) or ANY in days:
        return in_words("volunteers.free_every_day", community) if alone else ""
    rest = [each for each in days if each in DAYS]
    named = ""
    workdays, weekend = in_words("volunteers.free_workdays", community), in_words("volunteers.free_weekend", community)
    for group, words in ((WORKDAYS, workdays), (WEEKEND, weekend)):
        if set(group) <= set(rest):
            named += words
            rest = [each for each in rest if each not in group]
    return "".join(in_words(f"volunteers.day_{each}", community) for each in rest) + named


def _parts(parts: Sequence[str], community: Community) -> str:
    if {"morning", "afternoon"} <= set(parts):
        after = [each for each in parts if each not in ("morning", "afternoon")]
        return in_words("volunteers.free_daytime", community) + _parts(after, community)
    return "".join(in_words(f"volunteers.part_{each}", community) for each in parts if each in PARTS)
