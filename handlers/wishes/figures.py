"""Figures of wishes in chat: 心愿统计, 心愿统计 11月. Counts alone, as the field prints them."""

from community import Community
from community.parts.notice import Urgency
from community.refused import Refused
from community.wishes.figures import Report
from handlers.answering import group_node, privately
from handlers.messages import Chat, Message, Replies, Reply, say
from handlers.periods import in_days, read_period
from handlers.routing import router
from handlers.speaking.rates import in_brackets, is_told
from handlers.speaking.texts import in_words


@router.command("wishes.figures")
@privately
def figures(message: Message, community: Community, words: str = "") -> Replies:
    """「心愿统计 11月」: posted, claimed, come true; crowd wishes by themselves; and what is open now."""
    now = message.received_at.astimezone(community.rules.zone)
    meant, otherwise = (words, "") if words else (message.text, "本月")
    period = read_period(meant, now, texts="wishes_figures", otherwise=otherwise)
    report = community.wishes.figures.report(message.person, group_node(message), period)
    days = in_days(period, now)
    if not report.asked:
        raise Refused("wishes_figures.nothing", area=report.area.name, days=days)
    return [
        total(report, days, community),
        *_more(report, community),
        say(
            "wishes_figures.open_now",
            in_review=report.open_now.in_review,
            posted=report.open_now.posted,
            claimed=report.open_now.claimed,
            delivered=report.open_now.delivered,
        ),
    ]


def total(report: Report, days: str, community: Community, to: Chat | str = Chat.PRIVATE) -> Reply:
    """What a report begins with: to whoever asked, or to a worker of whom it is not an answer."""
    single, crowd = report.single, report.crowd
    return say(
        "wishes_figures.report",
        to=to,
        urgency=None if to is Chat.PRIVATE else Urgency.REMINDER,
        area=report.area.name,
        days=days,
        posted=single.posted,
        claimed=single.claimed,
        fulfilled=single.fulfilled,
        fulfilment=in_brackets(report.fulfilment),
        crowd=_crowd(report, community),
        returned=single.returned + crowd.returned,
        withdrawn=single.withdrawn + crowd.withdrawn,
        unmet=single.unmet + crowd.unmet,
        reasons=_reasons(report, community),
    )


def _crowd(report: Report, community: Community) -> str:
    if not report.crowd.posted:
        return ""
    return in_words(
        "wishes_figures.crowd",
        community,
        posted=report.crowd.posted,
        met=report.crowd.fulfilled,
        fulfilment=in_brackets(report.crowd_fulfilment),
    )


def _reasons(report: Report, community: Community) -> str:
    """The most frequent ones, in the words that the wishers were told."""
    lines = [
        in_words("wishes_figures.reason", community, reason=reason, count=count)
        for reason, count in report.reasons
        if reason
    ]
    return in_words("wishes_figures.reasons", community, reasons="\u3001".join(lines)) if lines else ""


def _more(report: Report, community: Community) -> Replies:
    """How long it took, where there are enough of them."""
    lines = []
    if is_told(report.to_claim):
        lines.append(in_words("wishes_figures.to_claim", community, hours=report.to_claim))
    if is_told(report.to_fulfilment):
        lines.append(in_words("wishes_figures.to_fulfilment", community, hours=report.to_fulfilment))
    return [say("wishes_figures.rows", lines="\n".join(lines))] if lines else []
