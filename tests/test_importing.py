"""Importing a community: all of it or nothing, once or many times, and only what is the file's business."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update

from community import community_yaml
from community.community_file import CommunityFile, CommunityFileError, GroupEntry
from community.importing import Changes, Existing, import_community, load, plan
from storage import community_import, people, schema, tree
from storage.database import Database
from storage.people import Address, Person
from storage.tables import DeadlineClass, GrievanceState, Role, addresses, grievances, roles
from storage.tree import Group

DEMO = Path(__file__).parent.parent / "examples" / "xingfu" / "community.yaml"
NOW = datetime(2026, 12, 1, 1, tzinfo=UTC)

SMALL = """\
nodes:
  - {id: xingfu, level: community, name: 幸福社区}
  - {id: grid-1, level: grid, name: 一, parent: xingfu}
  - {id: building-1, building: 1, parent: grid-1}
people:
  - {id: gridhead-1, name: 刘建国, home: building-1, roles: {grid_head: grid-1}, addresses: {wechaty: wx-1}}
groups:
  - {name: 天天向善, node: xingfu, addresses: {wechaty: 1@chatroom}}
"""


@pytest.fixture
def database() -> Iterator[Database]:
    database = Database("sqlite://")
    schema.migrate(database)
    yield database
    database.close()


def imported(database: Database, file: CommunityFile | str) -> Changes:
    file = community_yaml.parse(file) if isinstance(file, str) else file
    with database.begin() as store:
        return import_community(store, file, NOW)


def rows(database: Database) -> tuple[object, ...]:
    """All that an import may touch."""
    with database.begin() as store:
        return (
            tree.all_nodes(store),
            community_import.all_people(store),
            community_import.all_roles(store),
            community_import.all_addresses(store),
            tree.all_groups(store),
            tree.version(store),
        )


def report_grievance(database: Database, resident_id: str, place_id: str) -> None:
    with database.begin() as store:
        store.connection.execute(
            insert(grievances).values(
                resident_id=resident_id,
                community_id="xingfu",
                place_id=place_id,
                place="1号楼",
                words="电梯坏了",
                deadline_class=DeadlineClass.ORDINARY,
                state=GrievanceState.REPORTED,
                reported_at=NOW,
            )
        )


# --- nothing half-done


def test_a_file_with_a_mistake_imports_nothing(database: Database) -> None:
    imported(database, SMALL)
    before = rows(database)
    with pytest.raises(CommunityFileError):
        imported(database, SMALL.replace("刘建国", "刘建军").replace("grid_head: grid-1", "grid_head: grid-9"))
    assert rows(database) == before


def test_an_import_in_a_transaction_that_fails_leaves_nothing(database: Database) -> None:
    imported(database, SMALL)
    before = rows(database)
    with pytest.raises(ZeroDivisionError), database.begin() as store:
        import_community(store, load(DEMO), NOW)
        _ = 1 / 0
    assert rows(database) == before


# --- again and again


def test_the_demo_community_arrives_whole(database: Database) -> None:
    changes = imported(database, load(DEMO))
    assert changes.lines()[:2] == ("新增节点 18", f"新增人员 {len(load(DEMO).people)}")
    with database.begin() as store:
        found = people.at_address(store, "pipe", "resident-3-501")
        assert found == Person("resident-3-501", "赵晓梅", "building-3")
        assert people.at_address(store, "chat_room", "resident-3-501") == found
        assert {(group.channel, group.external_id) for group in tree.all_groups(store)} == {
            (channel, name) for channel in ("chat_room", "pipe") for name in ("天天向善", "志愿者之家")
        }
        assert {holder.role for holder in tree.all_roles(store)} == set(Role)
        assert tree.version(store) == 1


def test_importing_twice_changes_nothing(database: Database) -> None:
    imported(database, load(DEMO))
    before = rows(database)
    changes = imported(database, load(DEMO))
    assert not changes.any
    assert changes.lines() == ("没有变化 (nothing changed)",)
    assert rows(database) == before


def test_children_may_stand_before_their_parents(database: Database) -> None:
    lines = SMALL.splitlines()
    lines[1:4] = reversed(lines[1:4])
    imported(database, "\n".join(lines))
    assert not imported(database, SMALL).any


def test_what_changed_is_said(database: Database) -> None:
    imported(database, SMALL)
    changed = (
        SMALL.replace("刘建国", "刘建军")
        .replace("name: 一", "name: 第一网格")
        .replace("addresses: {wechaty: 1@chatroom}", "addresses: {wechaty: 1@chatroom}, ear: mention")
        .replace("groups:", "  - {id: worker, name: 杨帆, roles: {community_worker: xingfu}}\ngroups:")
    )
    assert imported(database, changed).lines() == (
        "新增人员 1:杨帆(worker)",
        "新增职务 1:worker 的社区工作者(xingfu)",
        "新增地址 2:worker 的 chat_room worker、worker 的 pipe worker",
        "改节点 grid-1:名称 一 → 第一网格",
        "改人员 gridhead-1:姓名 刘建国 → 刘建军",
        "改群 天天向善:听法 口令 → 点名",
    )
    assert not imported(database, changed).any
    with database.begin() as store:
        assert tree.version(store) == 2


# --- what the file no longer has


def test_a_person_gone_from_the_file_keeps_the_bare_row(database: Database) -> None:
    imported(database, SMALL)
    report_grievance(database, "gridhead-1", "building-1")
    without = SMALL.replace("people:\n", "").replace(SMALL.splitlines()[5] + "\n", "")
    assert imported(database, without).lines() == (
        "移出人员 刘建国(gridhead-1),办过的事仍保留",
        "移除职务 1:gridhead-1 的网格长(grid-1)",
        "移除地址 3:gridhead-1 的 chat_room gridhead-1、gridhead-1 的 pipe gridhead-1、gridhead-1 的 wechaty wx-1",
    )
    with database.begin() as store:
        assert people.by_id(store, "gridhead-1") == Person("gridhead-1", "刘建国")
        assert people.addresses_of(store, "gridhead-1") == []
    assert not imported(database, without).any


def test_a_person_who_comes_back_is_the_same(database: Database) -> None:
    imported(database, SMALL)
    before = rows(database)[:5]
    imported(database, SMALL.replace("people:\n", "").replace(SMALL.splitlines()[5] + "\n", ""))
    assert "来源 不在文件里 → 社区文件" in "".join(imported(database, SMALL).lines())
    assert rows(database)[:5] == before


def test_a_node_is_removed_when_nothing_refers_to_it(database: Database) -> None:
    two = SMALL.replace(
        "people:",
        "  - {id: grid-2, level: grid, name: 二, parent: xingfu}\n"
        "  - {id: building-2, building: 2, parent: grid-2}\npeople:",
    )
    imported(database, two)
    assert imported(database, SMALL).lines() == ("移除节点 2号楼(building-2)", "移除节点 二(grid-2)")
    assert not imported(database, SMALL).any


def test_a_node_that_a_case_refers_to_is_kept_with_those_above_it(database: Database) -> None:
    two = SMALL.replace(
        "people:",
        "  - {id: grid-2, level: grid, name: 二, parent: xingfu}\n"
        "  - {id: building-2, building: 2, parent: grid-2, aliases: [二栋]}\npeople:",
    )
    imported(database, two)
    report_grievance(database, "gridhead-1", "building-2")
    renumbered = SMALL.replace("people:", "  - {id: block-2, building: 2, parent: grid-1}\npeople:")
    changes = imported(database, renumbered)
    assert [node.id for node in changes.kept] == ["building-2", "grid-2"]
    assert changes.lines()[-2].startswith("保留节点 2号楼(building-2):文件里没有了")
    with database.begin() as store:
        numbers = {node.id: node.building_number for node in tree.all_nodes(store)}
    assert (numbers["building-2"], numbers["block-2"]) == (None, 2), "a number leads to one building only"
    again = imported(database, renumbered)
    assert (again.any, len(again.kept)) == (False, 2)


def test_a_group_gone_from_the_file_is_unbound(database: Database) -> None:
    two = SMALL + "  - {name: 志愿者之家, node: xingfu, members: volunteers}\n"
    imported(database, two)
    assert imported(database, SMALL).lines() == ("移除群 志愿者之家",)
    assert not imported(database, SMALL).any


# --- what is none of the file's business


def test_people_met_in_chats_are_left_alone(database: Database) -> None:
    imported(database, SMALL)
    with database.begin() as store:
        people.add(store, Person("wechaty:wx-2", "路人", "building-1"), Address("wechaty", "wx-2"), NOW)
        row = {"person_id": "wechaty:wx-2", "role": Role.VOLUNTEER, "node_id": "building-1"}
        store.connection.execute(insert(roles), row)
    assert not imported(database, SMALL).any
    without_building = SMALL.replace("  - {id: building-1, building: 1, parent: grid-1}\n", "").replace(
        "home: building-1, ", ""
    )
    assert [node.id for node in imported(database, without_building).kept] == ["building-1"]
    with database.begin() as store:
        assert people.at_address(store, "wechaty", "wx-2") == Person("wechaty:wx-2", "路人", "building-1")


def test_groups_bound_in_chats_are_left_alone(database: Database) -> None:
    imported(database, SMALL)
    bound = [Group("wechaty", "2@chatroom", "邻里群", "grid-1"), Group("chat_room", "新群", "新群", "grid-1")]
    with database.begin() as store:
        for group in bound:
            tree.bind(store, group)
    assert not imported(database, SMALL).any
    with database.begin() as store:
        assert {*bound} <= {*tree.all_groups(store)}


def test_an_introduced_address_stays(database: Database) -> None:
    imported(database, SMALL)
    with database.begin() as store:
        people.add(store, Person("wechaty:wx-3", "老刘"), Address("wechaty", "wx-3"), NOW)
        people.move_address(store, Address("wechaty", "wx-3"), "gridhead-1")
    assert not imported(database, SMALL).any
    with database.begin() as store:
        assert Address("wechaty", "wx-3") in people.addresses_of(store, "gridhead-1")


def test_a_corrected_address_replaces_one_that_nobody_has_written_from(database: Database) -> None:
    imported(database, SMALL)
    imported(database, SMALL.replace("wx-1", "wx-9"))
    with database.begin() as store:
        assert people.at_address(store, "wechaty", "wx-1") is None
        assert people.at_address(store, "wechaty", "wx-9") == Person("gridhead-1", "刘建国", "building-1")


def test_an_address_of_somebody_met_in_a_chat_goes_to_the_person_of_the_file(database: Database) -> None:
    with database.begin() as store:
        people.add(store, Person("wechaty:wx-1", "老刘"), Address("wechaty", "wx-1"), NOW)
    assert "改地址 wechaty:wx-1 的 wechaty wx-1 → gridhead-1" in imported(database, SMALL).lines()
    with database.begin() as store:
        assert people.at_address(store, "wechaty", "wx-1") == Person("gridhead-1", "刘建国", "building-1")
        seen = store.connection.execute(select(addresses.c.seen_at).where(addresses.c.external_id == "wx-1"))
        assert seen.scalar_one() == NOW, "when it was heard from is still known"
    assert not imported(database, SMALL).any


def test_being_heard_from_is_no_change(database: Database) -> None:
    imported(database, SMALL)
    with database.begin() as store:
        store.connection.execute(update(addresses).values(seen_at=NOW))
    assert not imported(database, SMALL).any


def test_planning_needs_no_database() -> None:
    file = community_yaml.parse(SMALL)
    changes = plan(replace(file, groups=(GroupEntry("群", "xingfu"),)), Existing())
    assert [node.id for node in changes.nodes.added] == ["xingfu", "grid-1", "building-1"]
    assert {(group.channel, group.external_id) for group in changes.groups.added} == {
        ("chat_room", "群"),
        ("pipe", "群"),
    }
