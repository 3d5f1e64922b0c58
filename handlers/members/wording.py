"""What the parts of this service share in saying things."""

from collections.abc import Iterable, Sequence
from typing import Any

from community import Community
from community.members import Member
from community.members.figures import Share, UnitFigures, average, shared
from community.members.outcomes import TaskCounts
from handlers.speaking.amounts import in_hours
from handlers.speaking.free_times import BETWEEN, free_words
from handlers.speaking.texts import in_words, shorten

NUMBERS = tuple("123456789")
CIRCLED = "\u2460\u2461\u2462\u2463\u2464\u2465\u2466\u2467\u2468"
"""Numbers that do not run into the name behind them."""

A_LINE = 60
"""Characters of a line in a list."""


def details(member: Member, community: Community) -> str:
    """Skills and free times in a line."""
    skills, free = BETWEEN.join(member.skills), free_words(member.free, community)
    return ",".join(
        [
            in_words("members.skills", community, skills=skills)
            if skills
            else in_words("members.no_skills", community),
            in_words("members.free", community, free=free) if free else in_words("members.no_free", community),
        ]
    )


def numbered(lines: Iterable[str]) -> str:
    """Lines to choose from by number."""
    return "\n".join(f"{sign}{line}" for sign, line in zip(CIRCLED, lines, strict=False))


def member_lines(found: Sequence[Member], community: Community) -> str:
    """Members to choose from: name, unit, and what tells those of one name apart."""
    return numbered(
        shorten(
            in_words("members.choice", community, name=each.name, unit=each.unit, details=details(each, community)),
            A_LINE,
        )
        for each in found
    )


def share_words(share: Share, community: Community) -> str:
    """32/35人,91.43 %; only the heads where there is no headcount, or one that cannot be."""
    if share.of is None:
        return in_words("members.share_unknown", community, count=share.count)
    if share.percent is None:
        return in_words("members.share_odd", community, count=share.count, of=share.of)
    return in_words("members.share", community, count=share.count, of=share.of, percent=share.percent)


def rating_words(tasks: TaskCounts, community: Community) -> str:
    """The mean rating behind the number of tasks; nothing where nobody has rated."""
    mean = average(tasks)
    return in_words("members.rating", community, mean=mean) if mean is not None else ""


def unit_values(figures: UnitFigures, community: Community) -> dict[str, Any]:
    """What is told of a unit's year."""
    waiting = in_words("members.still_waiting", community, count=figures.waiting) if figures.waiting else ""
    return {
        "unit": figures.unit.name,
        "share": share_words(figures.share, community),
        "tasks": figures.tasks.done,
        "rating": rating_words(figures.tasks, community),
        "hours": in_hours(figures.minutes),
        "waiting": waiting,
    }


def rate_lines(found: Sequence[UnitFigures], at_most: int, community: Community) -> str:
    """A line for each unit, and the sum of those whose headcount is known below."""
    lines = [f"{each.unit.name} {share_words(each.share, community)}" for each in found[:at_most]]
    if len(found) > 1:
        lines.append(in_words("members.sum", community, share=share_words(shared(found), community)))
    return "\n".join(lines)
