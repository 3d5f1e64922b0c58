"""Figures of events as a workbook for the staff: months, events, stalls, and every helper by name."""

import io
import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta

from openpyxl import Workbook

from bot.operators import operator
from bot.workbooks import Row, add_sheet
from community import Community
from community.market.figures import CAME, Heads, HelperLine, Report, StallFigures, Totals
from community.market.outcomes import Event
from community.parts.figures import Period
from community.refused import Refused
from community.rules import Rules
from community.tree import Tree
from handlers.market.figures import rate_words
from handlers.periods import in_days
from handlers.speaking.texts import in_words
from storage import tree as tree_rows
from storage.database import Database

_MONTH = re.compile(r"20[0-9]{2}-(?:0[1-9]|1[0-2])")

MINUTES = 60


def read_months(first: str | None, last: str | None, today: date) -> Period:
    """Whole months, up to today: from one written 2026-11 to another. None: this one, that one alone.

    Raises `Refused` for what is no month, and for months to come.
    """
    begin = _month(first) if first else today.replace(day=1)
    end = _month(last) if last else begin
    if not begin <= end or begin > today:
        raise Refused("market_figures.no_such_month")
    after = (end + timedelta(days=31)).replace(day=1)
    return Period(begin, min(after - timedelta(days=1), today))


def report_file(database: Database, rules: Rules, place: str | None, period: Period, now: datetime) -> bytes:
    """The workbook of a place, which need not be named where there is only one.

    Raises `Refused` where there is no such place, and where nothing was to take place.
    """
    with database.begin() as store:
        tree = Tree.grow(tree_rows.all_nodes(store), (), ())
        community = Community.open(store, tree, rules, {})
        area = tree.node_called(place) if place else tree.only_community()
        if area is None:
            raise Refused("market_figures.no_such_place", place=place or "")
        report = community.market.figures.of_area(area, period, now)
        helpers = community.market.figures.helpers(report)
        community.audit.viewed(operator(), f"market-report:{area.id}", "names", now)
    if not report.months:
        days = in_days(period, now.astimezone(rules.zone))
        raise Refused("market_figures.nothing", area=area.name, days=days)
    return workbook(report, helpers, community)


def _month(written: str) -> date:
    if not _MONTH.fullmatch(written):
        raise Refused("market_figures.no_such_month")
    return date.fromisoformat(f"{written}-01")


def workbook(report: Report, helpers: Iterable[HelperLine], community: Community) -> bytes:
    """The file. It has names: it is for the staff alone."""
    book = Workbook()
    book.remove(book.worksheets[0])
    add_sheet(book, in_words("market_figures.sheet_events", community), _events(report, community))
    add_sheet(book, in_words("market_figures.sheet_stalls", community), _stalls(report, community))
    add_sheet(book, in_words("market_figures.sheet_helpers", community), _helpers(helpers, community))
    add_sheet(book, in_words("market_figures.sheet_months", community), _months(report, community))
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def _months(report: Report, community: Community) -> Iterator[Row]:
    totals = in_words("market_figures.columns_total", community).split()
    yield [*in_words("market_figures.columns_month", community).split(), *totals]
    for each in report.months:
        yield [f"{each.month:%Y-%m}", each.total.held, each.total.cancelled, *_total(each.total)]
    total = report.total
    yield [in_words("market_figures.sum", community), total.held, total.cancelled, *_total(total)]


def _events(report: Report, community: Community) -> Iterator[Row]:
    totals = in_words("market_figures.columns_total", community).split()
    yield [*in_words("market_figures.columns_event", community).split(), *totals]
    for each in report.events:
        yield [*_named(each.event, community), each.event.place, *_total(each.total)]


def _stalls(report: Report, community: Community) -> Iterator[Row]:
    yield in_words("market_figures.columns_stall", community).split()
    for each in report.events:
        for stall in each.stalls:
            yield [*_named(each.event, community), *_stall(stall)]


def _helpers(lines: Iterable[HelperLine], community: Community) -> Iterator[Row]:
    yield in_words("market_figures.columns_helper", community).split()
    yes = in_words("market_figures.yes", community)
    for each in lines:
        helper = each.helper
        came = helper.state in CAME
        yield [
            *_named(each.event, community),
            each.stall,
            helper.name,
            helper.companion or None,
            in_words(f"market_figures.state_{helper.state}", community),
            _local(helper.came_at, community) if came else None,
            _local(helper.left_at, community) if came else None,
            each.minutes / MINUTES,
            yes if helper.first_time else None,
            yes if helper.thanked else None,
        ]


def _named(event: Event, community: Community) -> Row:
    return event.number, _local(event.begins_at, community), event.name


def _local(moment: datetime | None, community: Community) -> datetime | None:
    """As the clock on the wall shows it: workbooks know no zones."""
    return moment.astimezone(community.rules.zone).replace(tzinfo=None) if moment else None


def _total(total: Totals) -> Row:
    return (
        *_heads(total.helpers),
        total.minutes / MINUTES,
        total.new_helpers,
        total.helpers.thanked,
        *_heads(total.visitors),
    )


def _stall(stall: StallFigures) -> Row:
    return stall.name, stall.helper_places, *_heads(stall.helpers), stall.numbers, *_heads(stall.visitors)


def _heads(heads: Heads) -> Row:
    return (
        heads.signed_up,
        heads.came,
        heads.missed,
        heads.unmarked,
        rate_words(heads.attendance),
        heads.waited_in_vain,
    )
