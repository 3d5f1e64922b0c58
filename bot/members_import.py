"""A unit's list of its members, from a workbook into the database."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from bot.app import StartRefused
from community import Community
from community.members import Unit
from community.rules import Rules
from community.tree import Tree
from community.unit_sheet import Hearing, load
from community.volunteers.skills import WORDS
from handlers.hearing.free_times import hear_free_times, is_no_time
from handlers.hearing.normalise import normalise
from handlers.hearing.skills import hear_skills
from storage import members
from storage import tree as tree_rows
from storage.database import Database

HEARING = Hearing(
    skills=lambda words: hear_skills(normalise(words), WORDS),
    free=lambda words: hear_free_times(normalise(words)),
    is_no_time=is_no_time,
)
_NAMED = 5
"""Names that are said one by one."""


def import_list(database: Database, rules: Rules, path: Path, wanted: str, now: datetime) -> tuple[str, ...]:
    """Takes a list over, all of it or nothing; gives what is to be said of it.

    `wanted`: the unit's id or name. Raises `CommunityFileError`, and `StartRefused` for an unknown unit.
    """
    sheet = load(path, HEARING)
    with database.begin() as store:
        unit = _unit(wanted, members.all_units(store))
        tree = Tree.grow(tree_rows.all_nodes(store), (), ())
        taken = Community.open(store, tree, rules, {}).members.reporting.take_over(unit.id, sheet.members, now)
    lines = [
        f"{unit.name}的名单:新增 {taken.added} 人,改了 {taken.changed} 人,没变 {taken.same} 人"
        " / added, changed, unchanged"
    ]
    if taken.left:
        names = f":{'、'.join(taken.left)}" if len(taken.left) <= _NAMED else ""
        lines.append(f"自己退出过的 {len(taken.left)} 人没有再加{names} / left by themselves, not added again")
    return (*lines, *sheet.notes)


def _unit(wanted: str, units: Sequence[Unit]) -> Unit:
    found = [each for each in units if wanted in (each.id, each.name)]
    if len(found) != 1:
        known = "、".join(f"{each.id}({each.name})" for each in units) or "还没有"
        raise StartRefused(f"没有共建单位「{wanted}」,现有:{known} / no such unit")
    return found[0]
