"""What importing a community file changes among the member units. Pure."""

from collections.abc import Iterator, Mapping

from community.community_file import CommunityFile
from community.differences import Difference, Facts, counted, difference, told
from storage.community_import_units import UnitRow


def plan_units(file: CommunityFile, found: Mapping[str, UnitRow]) -> Difference[UnitRow]:
    """A unit that the file no longer has has ended; those who reported in from it stay."""
    wanted = {each.id: UnitRow(each.id, each.node, each.name, each.contact, each.headcount) for each in file.units}
    return difference(wanted, found, [row.id for row in found.values() if row.from_file and not row.ended])


def added_lines(units: Difference[UnitRow]) -> Iterator[str]:
    yield from counted("新增", "共建单位", [_unit(row) for row in units.added])


def changed_lines(units: Difference[UnitRow]) -> Iterator[str]:
    for row, changed in units.changed:
        yield f"改共建单位 {row.id}:{told(_facts(row), _facts(changed))}"


def removed_lines(units: Difference[UnitRow]) -> Iterator[str]:
    yield from (f"停用共建单位 {_unit(row)},以前的记录仍保留" for row in units.removed)


def _unit(row: UnitRow) -> str:
    return f"{row.name}({row.id})"


def _facts(row: UnitRow) -> Facts:
    return {
        "名称": row.name,
        "节点": row.node_id,
        "联系人": row.contact_id or "",
        "人数": str(row.headcount or ""),
        "来源": "社区文件" if row.from_file else "不在文件里",
        "状态": "停用" if row.ended else "在用",
    }
