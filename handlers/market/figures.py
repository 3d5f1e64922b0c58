"""Figures of events in chat: 集市统计, 集市统计 11月, 集市统计 E012, 活动统计 3月到5月; and as a picture: 集市统计图.

Counts are told as they are, also small ones: there is nothing in them but how many came. Names are nowhere.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from community import Community
from community.market.figures import EventFigures, Heads, Report, StallFigures, Totals
from community.parts.figures import Period, Rate
from community.refused import Refused
from community.tree import Node
from handlers.answering import group_node, privately
from handlers.market.wording import event_day
from handlers.messages import Chat, Message, Replies, Reply, say
from handlers.periods import in_days, read_period
from handlers.routing import router
from handlers.speaking.amounts import in_hours
from handlers.speaking.texts import in_words

PICTURE = "market"
"""The kind of drawing that `bot/drawings.py` knows these figures by."""

MOMENT = "%Y%m%dT%H%M%SZ"
"""In the name of a picture: as of when it is drawn, in UTC."""

DAY = "%Y%m%d"
LINES = 3
"""Lines in a message."""

MOST_EVENTS = 12
"""Of more events only the last have a line each."""

MOST_STALLS = 12
"""Of more stalls those at which most people helped or were helped."""

_EVENT = re.compile(r"e\s*-?\s*0*(\d{1,6})", re.IGNORECASE)
_MONTHS = re.compile(r"(?<!\d)(\d{1,2})\s*(?:\u5230|\u81f3|-|~|\u2014)+\s*(?=\d{1,2}\s*\u6708)")
"""3到5月: both are months."""

_YEAR_AND_MONTH = re.compile(r"(20\d\d)\s*[-./]\s*(\d{1,2})(?!\s*[-./\d])")


_COMMAND = re.compile("\u7684?(?:\u96c6\u5e02|\u6d3b\u52a8)")
_NAMES_DAYS = re.compile("[\u5e74\u6708\u5468\u65e5\u5929]")


@dataclass(frozen=True, slots=True)
class _Asked:
    """The events of these days in an area; without an area, those that somebody leads."""

    area: Node | None
    period: Period


@router.command("market.figures")
@privately
def figures(message: Message, community: Community, words: str = "", event: str = "") -> Replies:
    """「集市统计 11月」: all events, each event, each stall. In a group only for those who work there."""
    asked, to = _asked(message, community, words, event), _place(message, community)
    if isinstance(asked, int):
        found = community.market.figures.event(message.person, asked, message.received_at)
        return [*_of_event(found, to, community), *_stalls(found.stalls, to, community)]
    report = _report(message, community, asked)
    if len(report.events) == 1 and not report.total.cancelled:
        return [*_of_event(report.events[0], to, community), *_stalls(report.stalls, to, community)]
    days = in_days(report.period, message.received_at.astimezone(community.rules.zone))
    return [*_of_report(report, days, to, community), *_stalls(report.stalls, to, community)]


@router.command("market.figures_picture")
@privately
def figures_picture(message: Message, community: Community, words: str = "", event: str = "") -> Replies:
    """「集市统计图 11月」: the same as a picture, which may be shown to everybody."""
    asked, to = _asked(message, community, words, event), _place(message, community)
    if isinstance(asked, int):
        found = community.market.figures.event(message.person, asked, message.received_at)
        return [_picture_of_event(found, message, to, community)]
    report = _report(message, community, asked)
    if len(report.events) == 1 and not report.total.cancelled:
        return [_picture_of_event(report.events[0], message, to, community)]
    if not report.events:
        raise _nothing(report, message, community)
    if report.area is None:
        raise Refused("market_figures.picture_of_which", example=report.events[-1].event.number)
    return [_picture_of_report(report, report.area, message, to, community)]


def read_days(words: str, now: datetime) -> Period:
    """The days of a report; this month where none are named. Raises `Refused`. `now` is in the community's zone."""
    words = _YEAR_AND_MONTH.sub("\\1\u5e74\\2\u6708", _MONTHS.sub("\\1\u6708\u5230", words))
    return read_period(words or "\u672c\u6708", now, texts="market_figures")


# --- what is wanted -----------------------------------------------------------------------------------------


def _asked(message: Message, community: Community, words: str, event: str) -> _Asked | int:
    """Days, or an event by its id. Raises `Refused` for what is no day, and for days to come."""
    number = _EVENT.fullmatch(event or words.strip())
    if number:
        return int(number[1])
    area, rest = _area(message, community, words)
    now = message.received_at.astimezone(community.rules.zone)
    meant = rest if words else _days_in(message.text)
    return _Asked(area, read_days(meant, now))


def _days_in(text: str) -> str:
    """The days that stand before the command itself: 上个月的集市统计. Empty where there are none: 看看集市统计."""
    before = _COMMAND.split(text, maxsplit=1)[0].strip()
    return before if _NAMES_DAYS.search(before) else ""


def _area(message: Message, community: Community, words: str) -> tuple[Node | None, str]:
    """The place that the words name, and what else is in them; else the usual one."""
    own = community.market.figures
    rest = words.split()
    for word in rest:
        node = own.named(message.person, word)
        if node is not None and not message.in_group:
            return node, " ".join(each for each in rest if each != word)
    return own.area(message.person, group_node(message)) or own.area(message.person, None), words


def _report(message: Message, community: Community, asked: _Asked) -> Report:
    """Raises `Refused`, also where nothing was to take place."""
    report = community.market.figures.report(message.person, asked.area, asked.period, message.received_at)
    if not report.total.held and not report.total.cancelled:
        raise _nothing(report, message, community)
    return report


def _nothing(report: Report, message: Message, community: Community) -> Refused:
    days = in_days(report.period, message.received_at.astimezone(community.rules.zone))
    return Refused("market_figures.nothing", area=report.area.name if report.area else "", days=days)


def _place(message: Message, community: Community) -> Chat:
    """In a group only where a worker of it asks; everybody else reads it alone."""
    if message.in_group and community.market.figures.area(message.person, group_node(message)) is not None:
        return Chat.GROUP
    return Chat.PRIVATE


# --- what is said -------------------------------------------------------------------------------------------


def _of_report(report: Report, days: str, to: Chat, community: Community) -> Replies:
    total = report.total
    if not total.held:
        return [say("market_figures.none_held", to=to, days=days, cancelled=total.cancelled)]
    off = in_words("market_figures.cancelled", community, cancelled=total.cancelled) if total.cancelled else ""
    heading = say(
        "market_figures.report",
        to=to,
        area=report.area.name if report.area else "",
        days=days,
        held=total.held,
        cancelled=off,
        helpers=_helpers(total.helpers, community),
        visitors=_visitors(total.visitors, community),
    )
    lines = [_event_line(each, community) for each in report.events[-MOST_EVENTS:]]
    more = []
    if len(report.events) > MOST_EVENTS:
        more = [say("market_figures.only_last", to=to, most=MOST_EVENTS)]
    return [heading, _outcome(total, to), *more, *_in_lines(lines, to)]


def _of_event(found: EventFigures, to: Chat, community: Community) -> Replies:
    heading = say(
        "market_figures.event",
        to=to,
        number=found.event.number,
        name=found.event.name,
        day=event_day(found.event, community),
        helpers=_helpers(found.total.helpers, community),
        visitors=_visitors(found.total.visitors, community),
    )
    return [heading, _outcome(found.total, to)]


def _outcome(total: Totals, to: Chat) -> Reply:
    return say(
        "market_figures.outcome",
        to=to,
        hours=in_hours(total.minutes),
        new=total.new_helpers,
        thanked=total.helpers.thanked,
        waited=total.helpers.waited_in_vain + total.visitors.waited_in_vain,
    )


def _helpers(heads: Heads, community: Community) -> str:
    if not heads.signed_up:
        return in_words("market_figures.no_helpers", community)
    return in_words("market_figures.helpers", community, signed_up=heads.signed_up, **_heads(heads, community))


def _visitors(heads: Heads, community: Community) -> str:
    if not heads.signed_up:
        return in_words("market_figures.no_visitors", community)
    return in_words("market_figures.visitors", community, taken=heads.signed_up, **_heads(heads, community))


def _heads(heads: Heads, community: Community) -> dict[str, object]:
    return {
        "came": heads.came,
        "rate": _rate(heads.attendance, community),
        "missed": heads.missed,
        "unmarked": heads.unmarked,
    }


def _rate(value: Rate, community: Community) -> str:
    """What stands behind the counts; of none, nothing."""
    return in_words("market_figures.rate", community, rate=rate_words(value)) if value.denominator else ""


def rate_words(rate: Rate) -> str:
    """90%(18/20); of none, nothing. Unlike elsewhere also of few: whether helpers came is no secret."""
    return f"{rate.percent}({rate.numerator}/{rate.denominator})" if rate.denominator else ""


def _event_line(each: EventFigures, community: Community) -> str:
    return in_words(
        "market_figures.event_line",
        community,
        number=each.event.number,
        day=event_day(each.event, community),
        name=each.event.name,
        helpers=of_signed_up(each.total.helpers),
        visitors=of_signed_up(each.total.visitors),
        hours=in_hours(each.total.minutes),
    )


def _stalls(stalls: Sequence[StallFigures], to: Chat, community: Community) -> Replies:
    if len(stalls) < 2:
        return []
    most = sorted(stalls, key=lambda each: -(each.helpers.signed_up + each.visitors.signed_up))[:MOST_STALLS]
    lines = [_stall_line(each, community) for each in stalls if each in most]
    return _in_lines(lines, to)


def _stall_line(each: StallFigures, community: Community) -> str:
    if not each.numbers and not each.visitors.signed_up:
        return in_words("market_figures.stall_helpers", community, stall=each.name, helpers=of_signed_up(each.helpers))
    return in_words(
        "market_figures.stall",
        community,
        stall=each.name,
        helpers=of_signed_up(each.helpers),
        visitors=of_signed_up(each.visitors),
    )


def of_signed_up(heads: Heads) -> str:
    """How many came, of how many who were to: 18/20; 0 where nobody was."""
    return f"{heads.came}/{heads.signed_up}" if heads.signed_up else "0"


def _picture_of_event(found: EventFigures, message: Message, to: Chat, community: Community) -> Reply:
    what = f"{found.event.number} {found.event.name}{event_day(found.event, community)}"
    return _picture(found.event.number, what, message, to)


def _picture_of_report(report: Report, area: Node, message: Message, to: Chat, community: Community) -> Reply:
    first, last = (each.strftime(DAY) for each in (report.period.first, report.period.last))
    days = in_days(report.period, message.received_at.astimezone(community.rules.zone))
    return _picture(f"{area.id}.{first}.{last}", f"{area.name}{days}", message, to)


def _picture(of: str, what: str, message: Message, to: Chat) -> Reply:
    """Drawn as of now, also when it is sent later."""
    at = message.received_at.astimezone(UTC).strftime(MOMENT)
    key = "market_figures.picture" if to is Chat.PRIVATE else "market_figures.picture_here"
    return say(key, to=to, pictures=(f"{PICTURE}:{of}.{at}",), what=what)


def _in_lines(lines: Sequence[str], to: Chat) -> Replies:
    parts = [lines[start : start + LINES] for start in range(0, len(lines), LINES)]
    return [say("market_figures.rows", to=to, lines="\n".join(part)) for part in parts]
