"""What members and units did (双报告), and how many have reported in (报到率), asked for and once a year by itself."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from community import Community
from community.members import Unit
from community.members.figures import UnitFigures
from community.members.reporting import units_named
from community.members.statements import Statement, UnitStatement
from community.parts.notice import Urgency
from community.parts.questions import Question
from community.refused import Refused
from handlers.answering import privately
from handlers.hearing.normalise import normalise
from handlers.members.wording import NUMBERS, numbered, rate_lines, rating_words, unit_values
from handlers.messages import Message, Plain, Replies, Reply, ask, say
from handlers.routing import Job, router
from handlers.speaking.amounts import in_hours
from handlers.speaking.texts import day, in_words

IN_A_LIST = 20
"""Units that are listed at once."""

KINDS_SHOWN = 2
_YEAR = re.compile(r"今年|本年|去年|前年|(?<!\d)20\d\d(?!\d)年?")
_YEARS_BACK = {"今年": 0, "本年": 0, "去年": 1, "前年": 2}


@router.command("members.statement")
@privately
def statement(message: Message, community: Community, words: str = "") -> Replies:
    """「双报告」, 「去年的双报告」: one's own; for contacts also their units'."""
    year, _ = _year(normalise(words) or message.text, message, community)
    own = community.members.of(message.person.id)
    units = [
        each for each in community.members.figures.looked_after(message.person) if each.contact_id == message.person.id
    ]
    if own is None and not units:
        raise Refused("members.not_one")
    now = message.received_at
    mine = [_statement(community.members.statements.of(message.person, year, now), community)] if own else []
    return [*mine, *_units(units, year, message, community)]


@router.command("members.unit_report")
@privately
def unit_report(message: Message, community: Community, words: str = "") -> Replies:
    """「单位报告 县医院」, for its contact and the community."""
    year, rest = _year(normalise(words), message, community)
    units = _looked_after(message, community)
    named = units_named(rest, units) if rest else units
    if not named:
        raise Refused("members.no_such_unit", unit=rest)
    if len(named) == 1:
        return _units(named, year, message, community)
    about: dict[str, Plain] = {f"choice{number}": each.id for number, each in zip(NUMBERS, named, strict=False)}
    lines = numbered(each.name for each in named)
    return [ask("members.which_unit", "members.which_unit", about | {"year": year}, lines=lines)]


@router.answer("members.which_unit", *NUMBERS, stays_open=True, optional=True)
def this_unit(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """Which of the units that were listed."""
    wanted = question.about.get(f"choice{choice}")
    chosen = [each for each in _looked_after(message, community) if each.id == wanted]
    if not chosen:
        return [ask(question.prompt_key, question.kind, question.about, **question.prompt_values)]
    return _units(chosen, int(question.about["year"]), message, community)


@router.command("members.rate")
@privately
def rate(message: Message, community: Community, **_slots: Any) -> Replies:
    """「报到率」: how many of each unit have reported in, and of all."""
    found = _figures(_looked_after(message, community), _this_year(message.received_at, community), message, community)
    lines = rate_lines(found, IN_A_LIST, community)
    if len(found) > IN_A_LIST:
        return [say("members.rates_more", count=len(found), shown=IN_A_LIST, lines=lines)]
    return [say("members.rates", lines=lines)]


def _looked_after(message: Message, community: Community) -> list[Unit]:
    """The units whose figures somebody may read. Raises `Refused` where there are none."""
    units = community.members.figures.looked_after(message.person)
    if not units:
        raise Refused("help.not_for_you")
    return units


def _year(words: str, message: Message, community: Community) -> tuple[int, str]:
    """The year that is named, else this one; and the other words."""
    this_year = _this_year(message.received_at, community)
    found = _YEAR.search(words)
    if found is None:
        return this_year, words.strip()
    named = found[0].rstrip("年") if found[0] not in _YEARS_BACK else found[0]
    year = this_year - _YEARS_BACK[named] if named in _YEARS_BACK else int(named)
    community.members.figures.year(year, message.received_at)
    return year, (words[: found.start()] + words[found.end() :]).strip()


def _this_year(now: datetime, community: Community) -> int:
    return now.astimezone(community.rules.zone).year


def _figures(units: Sequence[Unit], year: int, message: Message, community: Community) -> list[UnitFigures]:
    figures = community.members.figures
    return figures.of_units(units, figures.year(year, message.received_at))


def _units(units: Sequence[Unit], year: int, message: Message, community: Community) -> Replies:
    return [
        say("members.unit_statement", year=year, **unit_values(each, community))
        for each in _figures(units, year, message, community)
    ]


def _statement(found: Statement, community: Community, to: str | None = None) -> Reply:
    if to is None:
        return say("members.statement", **_statement_values(found, community))
    return say("members.statement", to=to, urgency=Urgency.REMINDER, **_statement_values(found, community))


def _statement_values(found: Statement, community: Community) -> dict[str, Any]:
    member = found.member
    reported = member.reported_at or member.since
    local = reported.astimezone(community.rules.zone)
    state = in_words("members.state_confirmed" if member.confirmed else "members.state_waiting", community)
    kinds = [(name, minutes) for name, minutes in found.account.kinds if name][:KINDS_SHOWN]
    listed = "\u3001".join(f"{name}{in_hours(minutes)}" for name, minutes in kinds)
    return {
        "name": member.name,
        "unit": member.unit,
        "year": found.year,
        "reported": f"{local.year}\u5e74{day(local)}",
        "state": state,
        "tasks": found.tasks.done,
        "rating": rating_words(found.tasks, community),
        "hours": in_hours(found.account.in_days),
        "kinds": in_words("members.of_which", community, kinds=listed) if listed else "",
    }


def yearly(community: Community, now: datetime) -> Replies:
    """On the first of December: to each member theirs, to each contact their unit's."""
    said: list[Reply] = []
    for each in community.members.statements.run(now):
        match each:
            case Statement():
                said.append(_statement(each, community, to=str(each.member.person_id)))
            case UnitStatement(contact, year, figures):
                said.append(_yearly_of_unit(contact, year, figures, community))
    return said


def _yearly_of_unit(contact: str, year: int, figures: UnitFigures, community: Community) -> Reply:
    return say(
        "members.unit_statement",
        to=contact,
        urgency=Urgency.REMINDER,
        year=year,
        **unit_values(figures, community),
    )


JOBS = (Job("members.statements", due=lambda community: community.members.statements.next_due(), run=yearly),)
