"""Figures of the stations in chat: 站点报表, 站点报表 11月, 站点报表 幸福社区工作站 上周.

Bookings are told as `community/parts/figures.py` has it: none of fewer than five, and no rate whose parts say as much.
"""

from collections.abc import Sequence

from community import Community
from community.bookings.figures import Counts, StationFigures
from community.parts.figures import SMALLEST_CELL, Rate, published
from handlers.messages import Message, Replies, Reply, say
from handlers.periods import in_days, read_period
from handlers.routing import router
from handlers.speaking.texts import in_words

LINES = 3
"""Lines in a message."""

MOST_IN_FULL = 3
"""Of more stations each has one line; whoever wants more names one."""

UNIT = "人次"


@router.command("bookings.figures")
def figures(message: Message, community: Community, words: str = "") -> Replies:
    """「站点报表」 「11月站点报表」: each station, and everybody on duty there."""
    now = message.received_at.astimezone(community.rules.zone)
    only, rest = _named(message, community, words)
    meant, otherwise = (rest, "") if rest else (message.text if not words else "", "本月")
    period = read_period(meant, now, texts="booking_figures", otherwise=otherwise)
    found = community.bookings.figures.report(message.person, period, now, only)
    days = in_days(period, now)
    if not found:
        return [say("booking_figures.nothing", days=days)]
    if len(found) > MOST_IN_FULL:
        return _in_lines(found, days, community)
    return [reply for each in found for reply in _in_full(each, days, community)]


def _named(message: Message, community: Community, words: str) -> tuple[frozenset[str], str]:
    """The stations of this person's that are named in the words, and what else is in them."""
    stations = community.bookings.figures.looked_after(message.person)
    only, rest = set[str](), []
    for word in words.split():
        named = {each.id for each in stations if word == each.id or (len(word) > 1 and word in each.name)}
        only |= named
        rest += [] if named else [word]
    return frozenset(only), " ".join(rest)


# --- what is said -------------------------------------------------------------------------------------------


def _in_full(each: StationFigures, days: str, community: Community) -> Replies:
    """Everything of a station; of somebody's own part only that."""
    if each.own:
        return [reply for row in each.by_person for reply in _total(each.station.name + row.name, row.counts, days)]
    total = _total(each.station.name, each.total, days)
    lines = [_line(row.name, row.counts, community) for row in each.by_person]
    return [*total, *_lines(lines)]


def _in_lines(found: Sequence[StationFigures], days: str, community: Community) -> Replies:
    """A line for each of many stations."""
    lines = [_line(each.station.name, each.total, community) for each in found]
    return [say("booking_figures.stations", days=days, count=len(found), example=found[0].station.name), *_lines(lines)]


def _lines(lines: Sequence[str]) -> Replies:
    parts = [lines[start : start + LINES] for start in range(0, len(lines), LINES)]
    return [say("booking_figures.rows", lines="\n".join(part)) for part in parts]


def _total(name: str, counts: Counts, days: str) -> Replies:
    if counts.booked < SMALLEST_CELL:
        return [say("booking_figures.too_few", name=name, days=days, held=counts.held, closed=counts.closed)]
    told = say(
        "booking_figures.total",
        name=name,
        days=days,
        held=counts.held,
        closed=counts.closed,
        booked=_count(counts.booked),
        came=_count(counts.came),
        missed=_count(counts.missed),
        unmarked=_count(counts.unmarked),
        cancelled=_count(counts.cancelled),
        late=_count(counts.late),
        called_off=_count(counts.called_off),
    )
    return [told, _outcomes(counts)]


def _outcomes(counts: Counts) -> Reply:
    return say(
        "booking_figures.outcomes",
        attendance=_rate(counts.attendance),
        help=_rate(counts.help),
        grievances=_count(counts.grievances),
        waited=_count(counts.waited_in_vain),
    )


def _line(name: str, counts: Counts, community: Community) -> str:
    if counts.booked < SMALLEST_CELL:
        return in_words("booking_figures.row_too_few", community, name=name, held=counts.held, closed=counts.closed)
    return in_words(
        "booking_figures.row",
        community,
        name=name,
        held=counts.held,
        closed=counts.closed,
        booked=_count(counts.booked),
        attendance=_rate(counts.attendance),
        help=_rate(counts.help),
    )


def _count(count: int) -> str:
    return published(count, UNIT)


def _rate(rate: Rate) -> str:
    """A rate tells its numerator too, so it is hidden with it."""
    return str(rate) if rate.numerator >= SMALLEST_CELL else _count(rate.numerator)
