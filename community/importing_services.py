"""What importing a community file changes on the menu of services. Pure."""

from collections.abc import Iterator, Mapping

from community.community_file import CommunityFile
from community.differences import Difference, Facts, counted, difference, told
from storage.community_import_services import ServiceRow


def plan_services(file: CommunityFile, found: Mapping[str, ServiceRow]) -> Difference[ServiceRow]:
    """The menu is in the order of the file."""
    wanted = {
        each.id: ServiceRow(
            each.id, each.node, position, each.name, each.skill, each.at_home, each.takers, each.minutes
        )
        for position, each in enumerate(file.services, start=1)
    }
    return difference(wanted, found, [row.id for row in found.values() if not row.ended])


def added_lines(services: Difference[ServiceRow]) -> Iterator[str]:
    yield from counted("新增", "服务", [_service(row) for row in services.added])


def changed_lines(services: Difference[ServiceRow]) -> Iterator[str]:
    for row, changed in services.changed:
        yield f"改服务 {row.id}:{told(_facts(row), _facts(changed))}"


def removed_lines(services: Difference[ServiceRow]) -> Iterator[str]:
    yield from (f"停办服务 {_service(row)},以前的记录仍保留" for row in services.removed)


def _service(row: ServiceRow) -> str:
    return f"{row.name}({row.id})"


def _facts(row: ServiceRow) -> Facts:
    return {
        "名称": row.name,
        "节点": row.node_id,
        "第几项": str(row.position),
        "技能": row.skill,
        "上门": "是" if row.at_home else "否",
        "人数": str(row.takers),
        "分钟": str(row.minutes),
        "状态": "停办" if row.ended else "在办",
    }
