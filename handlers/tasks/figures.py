"""Figures of tasks in chat: 任务统计, 任务统计 11月; and on the first of a month what the last one brought."""

from collections.abc import Iterable

from community import Community
from community.parts.notice import Urgency
from community.refused import Refused
from community.tasks.figures import Report, Row
from handlers.answering import group_node, privately
from handlers.messages import Chat, Message, Replies, Reply, say
from handlers.periods import in_days, read_period
from handlers.routing import router
from handlers.speaking.rates import in_brackets, is_told
from handlers.speaking.texts import in_words

LINES = 3
"""Lines in a message."""

MOST_TEAMS = 12
"""Teams that a report names: those that took most."""


@router.command("tasks.figures")
@privately
def figures(message: Message, community: Community, words: str = "") -> Replies:
    """「任务统计 11月」: how many, how fast, how good, by which team; and what is open now."""
    now = message.received_at.astimezone(community.rules.zone)
    meant, otherwise = (words, "") if words else (message.text, "本月")
    period = read_period(meant, now, texts="tasks_figures", otherwise=otherwise)
    report = community.tasks.figures.report(message.person, group_node(message), period, now)
    days = in_days(period, now)
    if not report.total.ordered:
        raise Refused("tasks_figures.nothing", area=report.area.name, days=days)
    return [
        total(report, days, community),
        *_medians(report, community),
        *_teams(report.by_team, community),
        say(
            "tasks_figures.open_now",
            unclaimed=report.open_now.unclaimed,
            waiting_long=report.open_now.waiting_long,
            promised=report.open_now.promised,
            overdue=report.open_now.overdue,
        ),
    ]


# --- what is said -------------------------------------------------------------------------------------------


def total(report: Report, days: str, community: Community, to: Chat | str = Chat.PRIVATE) -> Reply:
    """To whoever asked, or to a worker of whom it is not an answer."""
    return say(
        "tasks_figures.report",
        to=to,
        urgency=None if to is Chat.PRIVATE else Urgency.REMINDER,
        area=report.area.name,
        days=days,
        ordered=report.total.ordered,
        claimed=report.total.claimed,
        done=report.total.done,
        fulfilment=in_brackets(report.fulfilment),
        rated=report.total.rated,
        satisfied=report.total.satisfied,
        satisfaction=in_brackets(report.satisfaction),
        withdrawn=report.total.withdrawn,
        unmet=sum(count for _, count in _unmet(report)),
        reasons=_reasons(report, community),
        open=report.total.open,
    )


def _unmet(report: Report) -> list[tuple[str, int]]:
    """Why some came to nothing, and how many; without those who do not need it any more."""
    total = report.total
    return [
        ("nobody", total.nobody),
        ("too_late", total.too_late),
        ("dropped", total.dropped),
        ("to_grievance", total.to_grievance),
    ]


def _reasons(report: Report, community: Community) -> str:
    found = [in_words(f"tasks_figures.reason_{why}", community, count=count) for why, count in _unmet(report) if count]
    return in_words("tasks_figures.reasons", community, reasons="\u3001".join(found)) if found else ""


def _medians(report: Report, community: Community) -> Replies:
    lines = []
    if is_told(report.to_claim):
        lines.append(in_words("tasks_figures.to_claim", community, hours=report.to_claim))
    if is_told(report.to_done):
        lines.append(in_words("tasks_figures.to_done", community, hours=report.to_done))
    return _in_lines(lines)


def _teams(rows: Iterable[Row], community: Community) -> Replies:
    nobody = in_words("tasks_figures.no_team", community)
    lines = [
        in_words(
            "tasks_figures.team",
            community,
            team=row.name or nobody,
            claimed=row.claimed,
            done=row.done,
            rated=row.satisfaction.denominator,
            satisfied=row.satisfaction.numerator,
            satisfaction=in_brackets(row.satisfaction),
        )
        for row in rows
    ]
    return _in_lines(lines[:MOST_TEAMS])


def _in_lines(lines: list[str]) -> Replies:
    parts = [lines[start : start + LINES] for start in range(0, len(lines), LINES)]
    return [say("tasks_figures.rows", lines="\n".join(part)) for part in parts]
