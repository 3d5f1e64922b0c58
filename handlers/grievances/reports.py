"""Figures in chat: 本周报表, 网格报表 11月; and what the groups are told on Monday mornings."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from community import Community
from community.grievances.reports import Figures, Overdue, Report, Row, Weekly, WeeklySummary
from community.parts.figures import SMALLEST_CELL, published
from community.parts.notice import GroupChat, Urgency
from handlers.grievances.wording import title
from handlers.messages import Message, Replies, Reply, say
from handlers.periods import in_days, read_period
from handlers.routing import Job, router
from handlers.speaking.texts import in_words

LINES = 3
"""Lines in a message."""

MOST_NAMED = 12
"""Overdue cases that a report names; all of them are in 「超时」."""


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
    meant, otherwise = (words, "") if words else (message.text, "本月")
    period = read_period(meant, now, texts="grievance_reports", otherwise=otherwise)
    return community.grievances.reports.report(message.person, period, now)


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
    return {
        "area": "、".join(area.name for area in report.areas),
        "days": in_days(report.period, message.received_at.astimezone(community.rules.zone)),
    }


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
