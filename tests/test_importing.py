"""Importing a community: all of it or nothing, once or many times, and only what is the file's business."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from community import community_sheet, community_yaml
from community.community_file import CommunityFile, CommunityFileError, GroupEntry
from community.importing import Changes, Existing, import_community, load, plan
from storage import community_import, community_import_events, people, rota, schema, tree
from storage.database import Database
from storage.people import Address, Person
from storage.rota import Rota, Station
from storage.tables import (
    DeadlineClass,
    DutyKind,
    GrievanceState,
    ReceptionState,
    Role,
    addresses,
    grievances,
    roles,
    stations,
)
from storage.tree import Group
from tests.keys import KEYS
from tests.postgresql import Server

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
    database = Database("sqlite://", KEYS)
    schema.migrate(database)
    yield database
    database.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def either_database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """An empty database, once in each engine."""
    if request.param == "sqlite":
        yield request.getfixturevalue("database")
        return
    server: Server = request.getfixturevalue("postgresql_server")
    url = server.fresh_url("migrated")
    database = Database(url, KEYS)
    yield database
    database.close()
    server.drop(url)


def imported(database: Database, file: CommunityFile | str, now: datetime = NOW) -> Changes:
    file = community_yaml.parse(file) if isinstance(file, str) else file
    with database.begin() as store:
        return import_community(store, file, now)


def rows(database: Database) -> tuple[object, ...]:
    """All that an import may touch."""
    with database.begin() as store:
        return (
            tree.all_nodes(store),
            community_import.all_people(store),
            community_import.all_roles(store),
            community_import.all_addresses(store),
            tree.all_groups(store),
            community_import.all_stations(store),
            community_import.all_rotas(store, NOW),
            community_import_events.all_series(store),
            community_import_events.all_teams(store),
            community_import_events.all_members(store),
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
    changes = plan(replace(file, groups=(GroupEntry("群", "xingfu"),)), Existing(), NOW.date())
    assert [node.id for node in changes.nodes.added] == ["xingfu", "grid-1", "building-1"]
    assert {(group.channel, group.external_id) for group in changes.groups.added} == {
        ("chat_room", "群"),
        ("pipe", "群"),
    }


# --- stations and duties

LAWYER = (
    "  - {station: window, kind: 律师, name: 何正平, when: 每月第一个周六上午9点到11点, places: 4, bring: 有关材料}\n"
)
WITH_STATIONS = (
    SMALL
    + """\
stations:
  - {id: window, name: 工作站, node: xingfu, address: 幸福路12号, hours: 周一到周五}
  - {id: corner, name: 服务点, node: xingfu}
rota:
  - {station: window, kind: 社工, person: gridhead-1, when: 每周三下午2点到4点}
"""
    + LAWYER
)
WEDNESDAYS = "每周三下午2点到4点"
LATER = NOW + timedelta(days=40)


def duties(database: Database) -> dict[str, Rota]:
    """Those in force, by who is on duty."""
    with database.begin() as store:
        return {duty.person_name: duty for duty in rota.all_rotas(store)}


def planned(database: Database) -> None:
    """As if receptions had been made of every duty."""
    with database.begin() as store:
        for duty in rota.all_rotas(store):
            rota.note_planned(store, duty.id, date(2027, 1, 31))


def reception_of(database: Database, duty: Rota, state: ReceptionState) -> None:
    with database.begin() as store:
        rota.add(
            store,
            station_id=duty.station_id,
            rota_id=duty.id,
            planned_on=date(2026, 12, 9),
            kind=duty.kind,
            person_name=duty.person_name,
            begins_at=NOW + timedelta(days=8),
            ends_at=NOW + timedelta(days=8, hours=2),
            places=duty.places,
            state=state,
            changed_at=NOW,
            stage="",
        )


def chat_made(database: Database, **values: Any) -> int:
    """A duty that somebody planned in a chat."""
    row = {"kind": DutyKind.SOCIAL_WORKER, "person_name": "宋雨", "words": "每周五下午2点到5点", "places": 3}
    row |= {"station_id": "window", "on_holiday": "move", "starts_on": NOW.date()}
    with database.begin() as store:
        return rota.add_rota(store, **(row | values))


def test_stations_and_duties_arrive(either_database: Database) -> None:
    assert imported(either_database, WITH_STATIONS).lines()[-2:] == (
        "新增工作站 2:工作站(window)、服务点(corner)",
        f"新增值班 2:社工刘建国 {WEDNESDAYS}(window);律师何正平 每月第一个周六上午9点到11点(window)",
    )
    with either_database.begin() as store:
        assert rota.all_stations(store) == [
            Station("corner", "xingfu", "服务点", "", ""),
            Station("window", "xingfu", "工作站", "幸福路12号", "周一到周五"),
        ]
    of_grid_head = duties(either_database)["刘建国"]
    assert of_grid_head == Rota(
        of_grid_head.id,
        "window",
        DutyKind.SOCIAL_WORKER,
        "gridhead-1",
        "刘建国",
        WEDNESDAYS,
        6,
        "move",
        "",
        date(2026, 12, 1),
        None,
        from_file=True,
    )
    planned(either_database)
    before = rows(either_database)
    assert not imported(either_database, WITH_STATIONS, LATER).any
    assert rows(either_database) == before
    assert duties(either_database)["刘建国"].planned_to == date(2027, 1, 31), "what is planned stays planned"


def test_a_workbook_with_stations_changes_nothing_more(database: Database, tmp_path: Path) -> None:
    imported(database, WITH_STATIONS)
    community_sheet.write(tmp_path / "a.xlsx", community_yaml.parse(WITH_STATIONS))
    assert not imported(database, load(tmp_path / "a.xlsx")).any


def test_the_day_of_the_import_is_the_place_s(database: Database) -> None:
    imported(database, WITH_STATIONS, datetime(2026, 12, 1, 17, tzinfo=UTC))
    assert duties(database)["刘建国"].starts_on == date(2026, 12, 2)


def test_an_edited_duty_is_the_same_and_is_planned_anew(either_database: Database) -> None:
    imported(either_database, WITH_STATIONS)
    planned(either_database)
    before = duties(either_database)
    edited = (
        WITH_STATIONS.replace("places: 4, bring: 有关材料", "places: 5, on_holiday: 取消, start: 2026-12-15")
        .replace("hours: 周一到周五", "hours: 每天")
        .replace("id: corner, name: 服务点", "id: corner, name: 第二服务点")
    )
    assert imported(either_database, edited, LATER).lines() == (
        "改工作站 window:开放时间 周一到周五 → 每天",
        "改工作站 corner:名称 服务点 → 第二服务点",
        "改值班 律师何正平 每月第一个周六上午9点到11点(window):"
        "名额 4 → 5;要带 有关材料 → 无;遇节假日 顺延 → 取消;开始 2026-12-01 → 2026-12-15",
    )
    after = duties(either_database)
    assert after["何正平"] == replace(
        before["何正平"], places=5, bring="", on_holiday="skip", starts_on=date(2026, 12, 15), planned_to=None
    )
    assert after["刘建国"] == before["刘建国"]
    assert not imported(either_database, edited, LATER).any


@pytest.mark.parametrize(
    ("now", "start"), [(NOW, date(2026, 12, 1)), (datetime(2027, 6, 1, tzinfo=UTC), date(2027, 5, 1))]
)
def test_a_start_that_is_taken_back(now: datetime, start: date, database: Database) -> None:
    imported(database, WITH_STATIONS.replace("places: 4", "places: 4, start: 2027-05-01"))
    imported(database, WITH_STATIONS, now)
    assert duties(database)["何正平"].starts_on == start
    assert not imported(database, WITH_STATIONS, now + timedelta(days=1)).any


def test_a_corrected_name_keeps_the_duty(database: Database) -> None:
    imported(database, WITH_STATIONS)
    before = duties(database)["刘建国"]
    changes = imported(database, WITH_STATIONS.replace("刘建国", "刘建军"))
    assert changes.lines()[-1] == f"改值班 社工刘建国 {WEDNESDAYS}(window):姓名 刘建国 → 刘建军"
    assert duties(database)["刘建军"] == replace(before, person_name="刘建军")


def test_somebody_on_duty_becomes_one_of_the_people(database: Database) -> None:
    imported(database, WITH_STATIONS)
    before = duties(database)["何正平"]
    known = WITH_STATIONS.replace("groups:", "  - {id: lawyer, name: 何正平}\ngroups:").replace(
        "name: 何正平, when", "person: lawyer, when"
    )
    assert imported(database, known).lines()[-1].endswith("(window):人员 无 → lawyer")
    assert duties(database)["何正平"] == replace(before, person_id="lawyer")


def test_a_duty_gone_from_the_file_ends_and_can_go_on(either_database: Database) -> None:
    imported(either_database, WITH_STATIONS)
    planned(either_database)
    before = duties(either_database)["何正平"]
    reception_of(either_database, before, ReceptionState.PLANNED)
    without = WITH_STATIONS.replace(LAWYER, "")
    assert imported(either_database, without).lines() == ("结束值班 律师何正平 每月第一个周六上午9点到11点(window)",)
    assert set(duties(either_database)) == {"刘建国"}
    assert not imported(either_database, without).any
    assert imported(either_database, WITH_STATIONS).lines() == (
        "改值班 律师何正平 每月第一个周六上午9点到11点(window):状态 结束 → 在值",
    )
    assert duties(either_database)["何正平"] == replace(before, planned_to=None)


def test_a_duty_whose_receptions_were_closed_begins_anew(either_database: Database) -> None:
    imported(either_database, WITH_STATIONS)
    before = duties(either_database)["何正平"]
    imported(either_database, WITH_STATIONS.replace(LAWYER, ""))
    reception_of(either_database, before, ReceptionState.CLOSED)
    assert imported(either_database, WITH_STATIONS).lines()[0].startswith("新增值班 1:律师何正平")
    assert duties(either_database)["何正平"].id != before.id
    assert not imported(either_database, WITH_STATIONS).any


def test_other_words_are_another_duty(database: Database) -> None:
    imported(database, WITH_STATIONS)
    changes = imported(database, WITH_STATIONS.replace(WEDNESDAYS, "每周四下午2点到4点"))
    assert changes.lines() == (
        "新增值班 1:社工刘建国 每周四下午2点到4点(window)",
        f"结束值班 社工刘建国 {WEDNESDAYS}(window)",
    )
    assert duties(database)["刘建国"].words == "每周四下午2点到4点"


def test_a_station_that_closes_and_opens_again(either_database: Database) -> None:
    imported(either_database, WITH_STATIONS)
    made_in_chat = chat_made(either_database)
    planned(either_database)
    assert imported(either_database, SMALL).lines() == (
        "停办工作站 服务点(corner),以前的记录仍保留",
        "停办工作站 工作站(window),以前的记录仍保留",
        f"结束值班 社工刘建国 {WEDNESDAYS}(window)",
        "结束值班 律师何正平 每月第一个周六上午9点到11点(window)",
    )
    with either_database.begin() as store:
        assert (rota.all_stations(store), rota.all_rotas(store)) == ([], [])
        ended = store.connection.execute(select(stations.c.ended_at)).scalars().all()
    assert ended == [NOW, NOW]
    assert not imported(either_database, SMALL, LATER).any
    assert "改工作站 window:状态 停办 → 开办" in imported(either_database, WITH_STATIONS).lines()
    found = duties(either_database)
    assert set(found) == {"刘建国", "何正平", "宋雨"}
    assert (found["宋雨"].id, found["宋雨"].planned_to) == (made_in_chat, None), "its receptions had been taken back"


def test_duties_planned_in_chats_are_left_alone(either_database: Database) -> None:
    imported(either_database, WITH_STATIONS)
    chat_made(either_database)
    assert not imported(either_database, WITH_STATIONS).any
    assert set(duties(either_database)) == {"刘建国", "何正平", "宋雨"}


def test_a_duty_planned_in_a_chat_becomes_the_file_s_when_it_is_written_there(database: Database) -> None:
    imported(database, WITH_STATIONS)
    made_in_chat = chat_made(database)
    written = WITH_STATIONS + "  - {station: window, kind: 社工, name: 宋雨, when: 每周五下午2点到5点, places: 3}\n"
    assert imported(database, written).lines()[0].endswith("来源 不在文件里 → 社区文件")
    assert duties(database)["宋雨"].id == made_in_chat
    assert not imported(database, written).any


def test_the_node_of_a_station_that_was_given_up_is_kept(database: Database) -> None:
    two = WITH_STATIONS.replace("people:", "  - {id: heping, level: community, name: 和平社区}\npeople:").replace(
        "name: 服务点, node: xingfu", "name: 服务点, node: heping"
    )
    imported(database, two)
    without = two.replace("  - {id: corner, name: 服务点, node: heping}\n", "").replace(
        "  - {id: heping, level: community, name: 和平社区}\n", ""
    )
    assert [node.id for node in imported(database, without).kept] == ["heping"]
    assert not imported(database, without).any


def test_the_node_of_a_station_that_has_moved_goes(database: Database) -> None:
    two = WITH_STATIONS.replace("people:", "  - {id: heping, level: community, name: 和平社区}\npeople:").replace(
        "name: 服务点, node: xingfu", "name: 服务点, node: heping"
    )
    imported(database, two)
    assert imported(database, WITH_STATIONS).lines() == (
        "改工作站 corner:节点 heping → xingfu",
        "移除节点 和平社区(heping)",
    )
    assert not imported(database, WITH_STATIONS).any


def test_two_duties_at_the_same_time_import_nothing(database: Database) -> None:
    imported(database, WITH_STATIONS)
    before = rows(database)
    twice = WITH_STATIONS.replace("places: 4", "places: 5") + (
        "  - {station: corner, kind: 律师, name: 何正平, when: 每月第一个周六上午10点到12点}\n"
    )
    with pytest.raises(CommunityFileError, match=r"line 15.*何正平 2026-12-05\(周六\) 要值两个班,另一个在第 14 行"):
        imported(database, twice)
    assert rows(database) == before
