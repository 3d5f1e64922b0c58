"""The yearly report on units and their members (双报告) as a workbook for the staff."""

import io
from collections.abc import Iterator, Sequence
from datetime import datetime

from openpyxl import Workbook

from bot.operators import operator
from bot.workbooks import Cell, Row, add_sheet
from community import Community
from community.members.figures import Share, UnitFigures, average, shared, total
from community.members.outcomes import Member, TaskCounts
from community.refused import Refused
from community.rules import Rules
from community.tree import Tree
from handlers.speaking.texts import in_words
from storage import tree as tree_rows
from storage.database import Database

MINUTES = 60


def report_file(database: Database, rules: Rules, year: int | None, now: datetime) -> bytes:
    """The workbook of a year, this one if none is named. Raises `Refused` for a year to come, and without units."""
    with database.begin() as store:
        tree = Tree.grow(tree_rows.all_nodes(store), (), ())
        community = Community.open(store, tree, rules, {})
        figures = community.members.figures
        found = figures.everywhere(figures.year(year or now.astimezone(rules.zone).year, now))
        community.audit.viewed(operator(), "members-report", "names", now)
    if not found:
        raise Refused("members.no_units")
    return workbook(found, community)


def workbook(found: Sequence[UnitFigures], community: Community) -> bytes:
    """The file. It has names: it is for the staff alone."""
    book = Workbook()
    book.remove(book.worksheets[0])
    add_sheet(book, in_words("members.sheet_units", community), _units(found, community))
    add_sheet(book, in_words("members.sheet_members", community), _members(found, community))
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def _units(found: Sequence[UnitFigures], community: Community) -> Iterator[Row]:
    """The rate of all is that of the units whose headcount is known; the heads are those of all."""
    yield in_words("members.columns_units", community).split()
    for each in found:
        yield [each.unit.name, *_share(each.share), each.waiting, *_done(each.tasks, each.minutes)]
    known = shared(found)
    yield [
        in_words("members.total", community),
        sum(each.share.count for each in found),
        known.of,
        _number(known.percent),
        sum(each.waiting for each in found),
        *_done(total(each.tasks for each in found), sum(each.minutes for each in found)),
    ]


def _members(found: Sequence[UnitFigures], community: Community) -> Iterator[Row]:
    yield in_words("members.columns_members", community).split()
    for unit in found:
        for each in unit.members:
            member = each.member
            reported = (member.reported_at or member.since).astimezone(community.rules.zone).date()
            done = _done(each.tasks, each.minutes)
            yield [unit.unit.name, member.name, reported, _state(member, community), *done]


def _share(share: Share) -> Row:
    return share.count, share.of, _number(share.percent)


def _done(tasks: TaskCounts, minutes: int) -> tuple[Cell, ...]:
    return tasks.done, tasks.rated, _number(average(tasks)), minutes / MINUTES


def _number(written: str | None) -> float | None:
    return float(written) if written is not None else None


def _state(member: Member, community: Community) -> str:
    key = "members.state_confirmed" if member.confirmed else "members.state_sheet"
    return in_words(key, community)
