"""What the parts of this service share in saying things."""

from collections.abc import Iterable

from community import Community
from community.volunteers.outcomes import Entry
from community.volunteers.register import Volunteer
from handlers.speaking.amounts import in_hours
from handlers.speaking.free_times import BETWEEN, free_words
from handlers.speaking.texts import day, in_words, shorten

CIRCLED = "\u2460\u2461\u2462\u2463\u2464\u2465\u2466\u2467\u2468"
"""Numbers that do not run into the name behind them."""

A_LINE = 60
"""Characters of a line in a list."""


def details(entry: Volunteer, community: Community, inviter: str = "") -> str:
    """Skills and free times in a line, and who brought them."""
    skills = BETWEEN.join(entry.skills)
    free = free_words(entry.free, community)
    parts = [
        in_words("volunteers.skills", community, skills=skills)
        if skills
        else in_words("volunteers.no_skills", community),
        in_words("volunteers.free", community, free=free) if free else in_words("volunteers.no_free", community),
    ]
    if inviter:
        parts.append(in_words("volunteers.brought_by", community, inviter=inviter))
    return ",".join(parts)


def since(entry: Volunteer, community: Community) -> str:
    """Since when they are volunteers, as a question may keep it."""
    local = entry.since.astimezone(community.rules.zone)
    return f"{local.year}\u5e74{day(local)}"


def numbered(names: Iterable[str]) -> str:
    """Lines to choose from by number."""
    return "\n".join(f"{sign}{name}" for sign, name in zip(CIRCLED, names, strict=False))


def people_lines(found: Iterable[Volunteer], community: Community) -> str:
    """Volunteers of one name, told apart by what they can do and since when."""
    return "\n".join(
        in_words(
            "volunteers.choice",
            community,
            number=sign,
            name=each.name,
            details=shorten(details(each, community), A_LINE),
            since=since(each, community),
        )
        for sign, each in zip(CIRCLED, found, strict=False)
    )


def entry_line(entry: Entry, minutes: int, community: Community) -> str:
    """One volunteer in the staff's list, with the minutes of service where there are any."""
    volunteer = entry.volunteer
    said = [details(volunteer, community), *entry.teams, *([in_hours(minutes)] if minutes else [])]
    mark = "" if volunteer.confirmed_at else in_words("volunteers.unconfirmed", community)
    return shorten(
        in_words("volunteers.entry", community, name=volunteer.name, mark=mark, details=",".join(said)), A_LINE
    )
