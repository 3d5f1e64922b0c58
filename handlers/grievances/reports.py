"""Figures in chat: 本周报表, 网格报表 11月; and what the groups are told on Monday mornings."""

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from community import Community
from community.grievances.reports import Figures, Overdue, Report, Row, Weekly, WeeklySummary
from community.parts.figures import SMALLEST_CELL, Period, published
from community.parts.notice import GroupChat, Urgency
from community.refused import Refused
from handlers.grievances.wording import title
from handlers.hearing.times import find_when
from handlers.messages import Message, Replies, Reply, say
from handlers.routing import Job, router
from handlers.speaking.texts import Texts, day

LINES = 3
"""Lines in a message."""

MOST_NAMED = 12
"""Overdue cases that a report names; all of them are in 「超时」."""

A_YEAR = timedelta(days=365)

_YEAR = re.compile(r"今年|本年|去年|前年|20\d\d年")
_YEARS_BACK = {"今年": 0, "本年": 0, "去年": 1, "前年": 2}
_NAMED_DAY = re.compile(r"[\d一二三四五六七八九十]\s*(?:月|[./-]\s*\d)")
"""A month or date without a year: in a report it is the last one, not the next."""


@router.command("grievances.report_figures")
def report_figures(message: Message, community: Community, words: str = "") -> Replies:
    """「本周报表」 「报表 11月」: everything together."""
    report = _report(message, community, words)
    return [*_total(report, message, community), *_overdue(report.overdue)]


@router.command("grievances.report_by_node")
def report_by_node(message: Message, community: Community, words: str = "") -> Replies:
    """「网格报表 11月」: each grid, or above a community each community."""
    report = _report(message, community, words)
    heading = "community" if report.by_communities else "grid"
    return _rows(heading, report.by_node, report, message, community)


@router.command("grievances.report_by_category")
def report_by_category(message: Message, community: Community, words: str = "") -> Replies:
    """「分类报表」."""
    report = _report(message, community, words)
    return _rows("category", report.by_category, report, message, community)


@router.command("grievances.report_by_handler")
def report_by_handler(message: Message, community: Community, words: str = "") -> Replies:
    """「经办报表」."""
    report = _report(message, community, words)
    return _rows("handler", report.by_handler, report, message, community)


# --- which days ---------------------------------------------------------------------------------------------


def _report(message: Message, community: Community, words: str) -> Report:
    now = message.received_at.astimezone(community.rules.zone)
    period = read_period(words, now) if words else read_period(message.text, now, otherwise="本月")
    return community.grievances.reports.report(message.person, period, now)


def read_period(words: str, now: datetime, otherwise: str = "") -> Period:
    """The days that are meant, up to today. `otherwise`: what is meant where the words name none.

    `now` is in the community's zone. Raises `Refused` for days to come, and for what is no day.
    """
    named = _named(words, now) or (_named(otherwise, now) if otherwise else None)
    if named is None:
        raise Refused("grievance_reports.which_days")
    today = now.date()
    if named.first > today:
        raise Refused("grievance_reports.not_yet")
    return Period(named.first, min(named.last, today))


def _named(words: str, now: datetime) -> Period | None:
    found = find_when(words, now)
    if found is not None and found.start > now and _NAMED_DAY.search(words) and not re.search("[年明下]", words):
        found = find_when(words, now - A_YEAR)
    if found is None:
        return _year(words, now)
    return Period(found.start.date(), (found.end or found.start).date()) if found.whole_day else None


def _year(words: str, now: datetime) -> Period | None:
    found = _YEAR.search(words)
    if found is None:
        return None
    year = now.year - _YEARS_BACK[found[0]] if found[0] in _YEARS_BACK else int(found[0][:4])
    return Period(date(year, 1, 1), date(year, 12, 31))


# --- what is said -------------------------------------------------------------------------------------------


def _total(report: Report, message: Message, community: Community) -> Replies:
    total = report.total
    if not total.received:
        return [say("grievance_reports.nothing", **_heading(report, message, community))]
    counts = say(
        "grievance_reports.counts",
        **_heading(report, message, community),
        received=total.received,
        answered=total.answered,
        solved=total.solved,
    )
    return [counts, *_more_counts(total), _rates(report)]


def _more_counts(total: Figures) -> Replies:
    """What there is not in most weeks."""
    if not any((total.reopened, total.unanswered, total.withdrawn, total.merged)):
        return []
    return [
        say(
            "grievance_reports.more_counts",
            reopened=total.reopened,
            unanswered=total.unanswered,
            withdrawn=total.withdrawn,
            merged=total.merged,
        )
    ]


def _rates(report: Report) -> Reply:
    if report.total.received < SMALLEST_CELL:
        return say("grievance_reports.too_few")
    return say(
        "grievance_reports.rates",
        response=report.total.response,
        resolution=report.total.resolution,
        satisfaction=report.total.satisfaction,
        to_contact=report.to_contact,
        to_solution=report.to_solution,
    )


def _overdue(overdue: Sequence[Overdue]) -> Replies:
    """By number and name: for staff only, as the whole report is."""
    if not overdue:
        return []
    named = [f"{each.number:04}({each.handler})" if each.handler else f"{each.number:04}" for each in overdue]
    cases = "、".join(named[:MOST_NAMED])
    key = "grievance_reports.overdue" if len(named) <= MOST_NAMED else "grievance_reports.overdue_more"
    return [say(key, count=len(named), cases=cases)]


def _rows(heading: str, rows: Sequence[Row], report: Report, message: Message, community: Community) -> Replies:
    if not rows:
        return [say("grievance_reports.nothing", **_heading(report, message, community))]
    lines = [_line(row, heading, community) for row in rows]
    parts = [lines[start : start + LINES] for start in range(0, len(lines), LINES)]
    return [
        say(f"grievance_reports.by_{heading}", **_heading(report, message, community)),
        *(say("grievance_reports.rows", lines="\n".join(part)) for part in parts),
    ]


def _line(row: Row, heading: str, community: Community) -> str:
    nobody = in_words("grievance_reports.nobody", community)
    name = title(row.key) if heading == "category" else row.name or nobody
    received, answered = row.figures.received, row.figures.answered
    if received < SMALLEST_CELL:
        return in_words("grievance_reports.row_too_few", community, name=name, received=received, answered=answered)
    return in_words(
        "grievance_reports.row",
        community,
        name=name,
        received=received,
        answered=answered,
        response=row.figures.response,
        resolution=row.figures.resolution,
        satisfaction=row.figures.satisfaction,
    )


def _heading(report: Report, message: Message, community: Community) -> dict[str, Any]:
    """Where and when: what every report begins with."""
    this_year = message.received_at.astimezone(community.rules.zone).year
    first, last = (_day(each, this_year) for each in (report.period.first, report.period.last))
    return {
        "area": "、".join(area.name for area in report.areas),
        "days": first if first == last else f"{first}到{last}",
    }


def _day(value: date, this_year: int) -> str:
    return day(value) if value.year == this_year else f"{value.year}年{day(value)}"


def in_words(key: str, community: Community, **values: object) -> str:
    """A piece of what is said."""
    return Texts(community.rules.zone).render(key, values)


# --- every Monday -------------------------------------------------------------------------------------------


def tell_week(community: Community, now: datetime) -> Replies:
    """Last week in numbers, in every group of residents."""
    return [reply for weekly in community.grievances.reports.weekly(now) for reply in _to_groups(weekly, community)]


def _to_groups(weekly: Weekly, community: Community) -> Replies:
    accounts = community.notices.channels
    chats = [
        GroupChat(group.channel, accounts[group.channel], group.external_id)
        for group in weekly.groups
        if group.channel in accounts
    ]
    return [_week(weekly.summary, chat) for chat in chats]


def _week(summary: WeeklySummary, chat: GroupChat) -> Reply:
    received, solved = published(summary.received or 0), published(summary.solved or 0)
    if summary.rated is None:
        return say(
            "grievance_reports.week_unrated", to=chat, urgency=Urgency.ANNOUNCEMENT, received=received, solved=solved
        )
    return say(
        "grievance_reports.week",
        to=chat,
        urgency=Urgency.ANNOUNCEMENT,
        received=received,
        solved=solved,
        rated=published(summary.rated),
        satisfied=published(summary.satisfied or 0),
    )


JOBS = (Job("grievances.weekly", due=lambda community: community.grievances.reports.next_weekly(), run=tell_week),)
