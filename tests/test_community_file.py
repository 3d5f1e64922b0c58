"""The community file: every mistake is found, at its line or cell, and all of them at once."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from community import community_sheet, community_yaml, importing
from community.community_file import CommunityFile, CommunityFileError, Problem, RotaEntry, StationEntry
from community.community_file_stations import check_overlaps
from community.parts.recurrence import OnHoliday
from community.parts.recurrence import read as read_rule
from storage.people import Address
from storage.tables import DutyKind, Ear, Level, Members, Role

DEMO = Path(__file__).parent.parent / "examples" / "xingfu" / "community.yaml"

TREE = """\
nodes:
  - {id: county, level: county, name: 县}
  - {id: street, level: street, name: 街道, parent: county}
  - {id: xingfu, level: community, name: 幸福社区, parent: street}
  - {id: grid-1, level: grid, name: 一, parent: xingfu}
  - {id: building-1, building: 1, parent: grid-1}
"""
"""Six lines, without mistakes; what the tests add begins at line 7."""


STATIONS = (
    TREE
    + """\
people:
  - {id: a, name: 甲}
stations:
  - {id: window, name: 工作站, node: xingfu}
rota:
"""
)
"""Eleven lines, without mistakes; what the tests add begins at line 12."""


def problems_of(text: str) -> tuple[Problem, ...]:
    with pytest.raises(CommunityFileError) as caught:
        community_yaml.parse(text)
    return caught.value.problems


def only_problem(text: str) -> Problem:
    (problem,) = problems_of(text)
    return problem


@pytest.mark.parametrize(
    ("added", "line", "said"),
    [
        ("  - {id: grid-1, level: grid, name: 二, parent: xingfu}", 7, "「grid-1」用了两次,上一次在第 5 行"),
        ("  - {id: grid-2, level: grid, name: 二, parent: nowhere}", 7, "unknown parent: nowhere"),
        ("  - {id: grid-2, level: grid, name: 二, parent: grid-2}", 7, "grid-2 → grid-2"),
        ("  - {id: grid-2, level: grid, name: 二, parent: building-1}", 7, "网格不能挂在楼栋「building-1」下面"),
        ("  - {id: grid-2, level: grid, name: 二, parent: grid-1}", 7, "level order broken"),
        ("  - {id: grid-2, level: grid, name: 二}", 7, "网格不在任何社区下面"),
        ("  - {id: building-2, building: 2, parent: street}", 7, "楼栋不在任何社区下面"),
        ("  - {id: block, building: 1, parent: xingfu}", 7, "两个 1 号楼,另一个在第 6 行"),
        ("  - {id: block, building: 三, parent: xingfu}", 7, "楼号「三」"),
        ("  - {id: block, building: 0, parent: xingfu}", 7, "楼号「0」"),
        ("  - {id: block, building: 99999999999999999999, parent: xingfu}", 7, "from 1 to 9999"),
        ("  - {id: block, building: [2], parent: xingfu}", 7, "wrong type"),
        ("  - {id: grid-2, level: grid, name: 二, building: 2, parent: xingfu}", 7, "只有楼栋才有楼号"),
        ("  - {id: grid-2, level: village, name: 二, parent: xingfu}", 7, "不认识「village」"),
        ("  - {id: grid-2, name: 二, parent: xingfu}", 7, "缺少「level」"),
        ("  - {id: grid-2, level: grid, parent: xingfu}", 7, "缺少「name」"),
        ("  - {level: grid, name: 二, parent: xingfu}", 7, "缺少「id」"),
        ("  - {id: 'grid 2', level: grid, name: 二, parent: xingfu}", 7, "编号「grid 2」只能用"),
        ("  - {id: 'grid:2', level: grid, name: 二, parent: xingfu}", 7, "编号「grid:2」只能用"),
        (f"  - {{id: {'x' * 81}, level: grid, name: 二, parent: xingfu}}", 7, "最多 80 个字"),
        (f"  - {{id: x, level: grid, name: {'x' * 121}, parent: xingfu}}", 7, "最多 120 个字"),
        ('  - {id: x, level: grid, name: "a\\0b", parent: xingfu}', 7, "control characters"),
        ("  - {id: grid-2, level: grid, nmae: 二, name: 二, parent: xingfu}", 7, "unknown key: nmae"),
        ("  - {id: grid-2, level: grid, name: 一, name: 二, parent: xingfu}", 7, "「name」写了两次"),
        ("  - {id: grid-2, level: grid, name: true, parent: xingfu}", 7, "wrong type"),
        ("  - {id: grid-2, level: grid, name: [二], parent: xingfu}", 7, "wrong type"),
        ("  - {id: grid-2, level: grid, name: 二, aliases: {a: b}, parent: xingfu}", 7, "wrong type"),
        ("  - {id: grid-2, level: grid, name: !!python/name:os.system x, parent: xingfu}", 7, "wrong type"),
        ("  - grid-2", 7, "应是「名称: 值」"),
        ("  - id\uff1agrid-2", 7, "冒号要用半角"),
        ("people: 3", 7, "应是一列条目"),
        ("nodes: []", 7, "「nodes」写了两次,上一次在第 1 行"),
        ("peple: []", 7, "unknown key: peple"),
        ("people:\n  - {id: a}", 8, "没有写姓名"),
        ("people:\n  - {id: a, name: ''}", 8, "没有写姓名"),
        ("people:\n  - {id: a, name: 甲}\n  - {id: a, name: 乙}", 9, "「a」用了两次,上一次在第 8 行"),
        ("people:\n  - {id: 'a:b', name: 甲}", 8, "编号「a:b」"),
        ("people:\n  - {id: a, name: 甲, home: nowhere}", 8, "unknown node: nowhere"),
        (
            "people:\n  - id: a\n    name: 甲\n    roles:\n      - {grid_head: grid-9}",
            11,
            "网格长的网格「grid-9」不存在",
        ),
        ("people:\n  - {id: a, name: 甲, roles: {grid_head: building-1}}", 8, "网格长不能设在楼栋「building-1」"),
        ("people:\n  - {id: a, name: 甲, roles: {building_head: grid-1}}", 8, "应设在:楼栋"),
        ("people:\n  - {id: a, name: 甲, roles: {community_worker: street}}", 8, "应设在:社区"),
        ("people:\n  - {id: a, name: 甲, roles: {emperor: county}}", 8, "unknown: emperor"),
        ("people:\n  - {id: a, name: 甲, roles: [grid_head]}", 8, "应写成「grid_head: grid-1」"),
        ("people:\n  - {id: a, name: 甲, roles: {grid_head: {grid-1: x}}}", 8, "wrong type"),
        ("people:\n  - {id: a, name: 甲, roles: {resident: xingfu, resident: grid-1}}", 8, "「resident」写了两次"),
        ("people:\n  - {id: a, name: 甲, addresses: {pipe: a}}", 8, "pipe 的地址由程序自动填"),
        ("people:\n  - {id: a, name: 甲, addresses: {微信: a}}", 8, "渠道「微信」"),
        (
            "people:\n  - {id: a, name: 甲, addresses: {wechaty: x}}\n  - {id: b, name: 乙, addresses: {wechaty: x}}",
            9,
            "地址「x」已给了a",
        ),
        ("groups:\n  - {name: 群}", 8, "缺少「node」"),
        ("groups:\n  - {node: xingfu}", 8, "缺少「name」"),
        ("groups:\n  - {name: 群, node: nowhere}", 8, "unknown node: nowhere"),
        ("groups:\n  - {name: 群, node: xingfu}\n  - {name: 群, node: street}", 9, "「群」用了两次"),
        ("groups:\n  - {name: 群, node: xingfu, members: cats}", 8, "unknown: cats"),
        ("groups:\n  - {name: 群, node: xingfu, ear: deaf}", 8, "unknown: deaf"),
    ],
)
def test_a_mistake_is_found_at_its_line(added: str, line: int, said: str) -> None:
    problem = only_problem(TREE + added)
    assert (problem.line, said in problem.message) == (line, True), problem
    assert " / " in problem.message, "Chinese, then English"


DUTY = "station: window, kind: 律师, person: a, when: 每周三下午2点到4点"


@pytest.mark.parametrize(
    ("added", "line", "said"),
    [
        ("  - {kind: 律师, person: a, when: 每周三下午}", 12, "缺少「station」"),
        ("  - {station: window, person: a, when: 每周三下午}", 12, "缺少「kind」"),
        ("  - {station: window, kind: 律师, person: a}", 12, "缺少「when」"),
        ("  - {station: door, kind: 律师, person: a, when: 每周三下午}", 12, "unknown station: door"),
        ("  - {station: window, kind: 厨师, person: a, when: 每周三下午}", 12, "不认识「厨师」"),
        ("  - {station: window, kind: 律师, person: b, when: 每周三下午}", 12, "unknown person: b"),
        ("  - {station: window, kind: 律师, when: 每周三下午}", 12, "either person or name"),
        (f"  - {{{DUTY}, name: 乙}}", 12, "either person or name"),
        ("  - {station: window, kind: 律师, person: a, when: 有空就来}", 12, "可能有几种意思"),
        ("  - {station: window, kind: 律师, person: a, when: 每周下午}", 12, "没有写哪一天 / not a rule: the days"),
        ("  - {station: window, kind: 律师, person: a, when: 每年2月30日上午}", 12, "there is no such day"),
        ("  - {station: window, kind: 律师, person: a, when: 每周三上午14点到15点}", 12, "没有这个钟点"),
        ("  - {station: window, kind: 律师, person: a, when: 每周三下午2点}", 12, "没有写到几点"),
        ("  - {station: window, kind: 律师, person: a, when: 每周三下午4点到2点}", 12, "结束早于开始"),
        ("  - {station: window, kind: 律师, person: a, when: 每周三8点到21点}", 12, "最多 12 小时"),
        (f"  - {{station: window, kind: 律师, person: a, when: {'每' * 201}}}", 12, "最多 200 个字"),
        ("  - {station: window, kind: 律师, person: a, when: 每周三}", 12, "没有写几点到几点"),
        ("  - {station: window, kind: 律师, person: a, when: 隔周周三下午}", 12, "this rule needs a start"),
        ("  - {station: window, kind: 律师, person: a, when: 12月9日下午}", 12, "this rule needs a start"),
        (f"  - {{{DUTY}, places: 0}}", 12, "名额「0」"),
        (f"  - {{{DUTY}, places: 101}}", 12, "from 1 to 100"),
        (f"  - {{{DUTY}, places: 六}}", 12, "名额「六」"),
        (f"  - {{{DUTY}, places: 1.5}}", 12, "wrong type"),
        (f"  - {{{DUTY}, bring: {'x' * 121}}}", 12, "最多 120 个字"),
        (f"  - {{{DUTY}, on_holiday: 再说}}", 12, "不认识「再说」"),
        (f"  - {{{DUTY}, start: 明天}}", 12, "「明天」应是一个日期"),
        (f"  - {{{DUTY}, start: 2026-02-30}}", 12, "「2026-02-30」应是一个日期"),
        (f"  - {{{DUTY}, start: 2026-12-01 09:00:00}}", 12, "应是一个日期"),
        (f"  - {{{DUTY}, start: 9999-12-31}}", 12, "应是一个日期"),
        (f"  - {{{DUTY}}}\n  - {{{DUTY}, places: 3}}", 13, "这条值班写了两次,上一次在第 12 行"),
        (f"  - {{{DUTY}}}\n  - {{{DUTY.replace('person: a', 'name: 甲')}}}", 13, "the same duty twice"),
        (f"  - {{{DUTY}, room: 3}}", 12, "unknown key: room"),
        ("  - window", 12, "应是「名称: 值」"),
    ],
)
def test_a_mistake_in_the_rota_is_found_at_its_line(added: str, line: int, said: str) -> None:
    problem = only_problem(STATIONS + added)
    assert (problem.line, said in problem.message) == (line, True), problem
    assert " / " in problem.message, "Chinese, then English"


@pytest.mark.parametrize(
    ("station", "said"),
    [
        ("{id: window, name: 二, node: xingfu}", "「window」用了两次,上一次在第 10 行"),
        ("{name: 二, node: xingfu}", "缺少「id」"),
        ("{id: two, node: xingfu}", "缺少「name」"),
        ("{id: two, name: 二}", "缺少「node」"),
        ("{id: two, name: 二, node: nowhere}", "unknown node: nowhere"),
        ("{id: two, name: 二, node: grid-1}", "工作站不能设在网格「grid-1」,应设在:县、街道、社区"),
        ("{id: two, name: 二, node: building-1}", "应设在:县、街道、社区"),
        ("{id: 'two:', name: 二, node: xingfu}", "编号「two:」"),
        (f"{{id: two, name: 二, node: xingfu, address: {'x' * 201}}}", "最多 200 个字"),
        (f"{{id: two, name: 二, node: xingfu, hours: {'x' * 121}}}", "最多 120 个字"),
        ("{id: two, name: 二, node: xingfu, hours: [早, 晚]}", "wrong type"),
    ],
)
def test_a_mistake_in_a_station_is_found_at_its_line(station: str, said: str) -> None:
    problem = only_problem(STATIONS.replace("rota:\n", f"  - {station}\n"))
    assert (problem.line, said in problem.message) == (11, True), problem


@pytest.mark.parametrize(
    ("first", "second", "day"),
    [
        ("when: 每周三下午2点到4点", "when: 每月第一个周三下午3点到5点", "2026-12-02(周三)"),
        ("when: 每月10日上午9点到11点", "when: 每月第二个周四上午10点到12点", "2026-12-10(周四)"),
        ("when: 每月12日上午9点到11点", "when: 2026-12-14 上午", "2026-12-14(周一)"),
        ("when: 隔周周三上午, start: 2026-12-02", "when: 2026-12-09上午", None),
        ("when: 隔周周三上午, start: 2026-12-02", "when: 2026-12-16上午", "2026-12-16(周三)"),
        ("when: 隔周周三上午, start: 2026-12-02", "when: 隔周周三上午10点到12点, start: 2026-12-09", None),
        ("when: 每月12日上午, on_holiday: 照常", "when: 2026-12-14上午", None),
        ("when: 每周三上午9点到11点", "when: 每周三上午11点到12点", None),
        ("when: 每周三上午", "when: 每周三上午10点到12点, start: 2028-06-01", None),
    ],
)
def test_nobody_is_on_duty_twice_at_the_same_time(first: str, second: str, day: str | None) -> None:
    duties = [f"  - {{station: window, kind: 律师, person: a, {when}}}\n" for when in (first, second)]
    file = community_yaml.parse(STATIONS + "".join(duties).replace("person: a", "name: 甲", 1))
    if day is None:
        check_overlaps(file, date(2026, 12, 1))
        return
    with pytest.raises(CommunityFileError) as caught:
        check_overlaps(file, date(2026, 12, 1))
    (problem,) = caught.value.problems
    assert (problem.line, problem.message) == (
        13,
        f"甲 {day} 要值两个班,另一个在第 12 行 / on duty twice at the same time, first on {day}",
    )


def test_two_people_of_one_name_may_be_on_duty_together() -> None:
    two = STATIONS.replace("stations:", "  - {id: b, name: 甲}\nstations:")
    duties = f"  - {{{DUTY}}}\n  - {{{DUTY.replace('person: a', 'person: b').replace('律师', '社工')}}}\n"
    check_overlaps(community_yaml.parse(two + duties), date(2026, 12, 1))


def test_a_longer_cycle_is_told_once() -> None:
    problem = only_problem(
        "nodes:\n"
        "  - {id: a, level: community, name: a, parent: c}\n"
        "  - {id: b, level: grid, name: b, parent: a}\n"
        "  - {id: c, level: building, name: c, parent: b}\n"
        "  - {id: d, level: building, name: d, parent: b}\n"
    )
    assert problem.line == 2
    assert "a → c → b → a" in problem.message


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", None, "the file is empty"),
        ("# 只有说明\n", None, "the file is empty"),
        ("people: []\n", None, "the file is empty"),
        ("你好\n", 1, "expected the sections"),
        ("- a\n", 1, "expected the sections"),
        ("nodes:\n\t- {id: a}\n", 2, "不能用制表符"),
        ("nodes:\n  - {id: a\n", 3, "YAML syntax error"),
        ("nodes:\n  - {id: @a}\n", 2, "要加引号"),
        ("nodes: []\n---\nnodes: []\n", 2, "YAML syntax error"),
        ("nodes:\n  - {id: *a}\n", 2, "YAML syntax error"),
        ("nodes:\n  - {id: a\0b}\n", 2, "control characters"),
        ("[" * 5000, None, "nested too deeply"),
    ],
)
def test_what_is_no_community_file(text: str, line: int | None, said: str) -> None:
    problem = only_problem(text)
    assert (problem.line, said in problem.message) == (line, True), problem


def test_a_missing_file(tmp_path: Path) -> None:
    for name in ("none.yaml", "none.xlsx"):
        with pytest.raises(CommunityFileError, match="找不到文件"):
            importing.load(tmp_path / name)


def test_a_folder(tmp_path: Path) -> None:
    for name in ("folder.yaml", "folder.xlsx"):
        (tmp_path / name).mkdir()
        with pytest.raises(CommunityFileError, match="读不了文件"):
            importing.load(tmp_path / name)


def test_a_file_that_is_not_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "gbk.yaml"
    path.write_bytes(TREE.encode("gb18030"))
    with pytest.raises(CommunityFileError, match="not UTF-8"):
        importing.load(path)


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    path = tmp_path / "bom.yaml"
    path.write_text(TREE, encoding="utf-8-sig")
    assert importing.load(path) == community_yaml.parse(TREE)


def test_all_mistakes_are_told_at_once_in_the_order_of_lines() -> None:
    problems = problems_of(
        TREE.replace("parent: street", "parent: nowhere")
        + "people:\n  - {id: a, nmae: 甲, roles: {grid_head: grid-9}}\n"
        "groups:\n  - {name: 群, node: nowhere}\n"
    )
    assert [problem.line for problem in problems] == [4, 8, 8, 8, 10]


def test_how_a_problem_reads() -> None:
    problem = only_problem(TREE + "people:\n  - {id: gridhead-9, name: 甲, roles: {grid_head: grid-9}}")
    assert str(problem) == (
        "第 8 行 (line 8) 人员 gridhead-9 · roles:网格长的网格「grid-9」不存在 / grid_head of an unknown node: grid-9"
    )


@given(st.text(alphabet="nodes:\n -{}[],ida&*!|>'\"#\t甲1", max_size=60))
def test_no_text_brings_the_reader_down(text: str) -> None:
    for given_text in (text, TREE + text):
        try:
            community_yaml.parse(given_text)
        except CommunityFileError as error:
            assert error.problems


# --- without mistakes


def test_a_building_may_be_in_no_grid() -> None:
    file = community_yaml.parse(TREE + "  - {id: building-3, building: 3, parent: xingfu}\n")
    assert file.nodes[-1].parent_id == "xingfu"


def test_the_same_building_number_in_another_community() -> None:
    community_yaml.parse(
        TREE + "  - {id: two, level: community, name: 二, parent: street}\n  - {id: b, building: 1, parent: two}\n"
    )


def test_ids_of_digits_stay_as_they_are_written() -> None:
    file = community_yaml.parse(TREE + "people:\n  - {id: 007, name: 甲, addresses: {wechaty: 0123}}\n")
    assert (file.people[0].id, file.people[0].addresses) == ("007", (Address("wechaty", "0123"),))


def test_chinese_words_are_understood_and_empty_values_are_none() -> None:
    file = community_yaml.parse(
        "nodes:\n  - {id: 社区, level: 社区, name: 幸福社区, aliases: }\n"
        "people:\n  - {id: 甲, name: 甲, home: , roles: {管理员: 社区, 志愿者: [社区, 社区]}}\n"
        "groups:\n  - {name: 群, node: 社区, members: 志愿者, ear: 点名}\n"
    )
    assert file.nodes[0].level is Level.COMMUNITY
    assert file.people[0].roles == ((Role.ADMINISTRATOR, "社区"), (Role.VOLUNTEER, "社区"))
    assert (file.groups[0].members, file.groups[0].ear) == (Members.VOLUNTEERS, Ear.MENTION)


def test_stations_and_rota_as_they_are_written() -> None:
    file = community_yaml.parse(
        STATIONS.replace("node: xingfu}", "node: xingfu, address: 幸福路12号, hours: 8:30-17:30}") + f"  - {{{DUTY}}}\n"
        "  - {station: window, kind: 书记接待, name: 乙, when: 隔周周四上午, places: 3, bring: 身份证,"
        " on_holiday: 取消, start: 2026-12-03}\n"
    )
    assert file.stations == (StationEntry("window", "工作站", "xingfu", "幸福路12号", "8:30-17:30"),)
    by_name = read_rule("隔周周四上午")
    assert file.rota == (
        RotaEntry("window", DutyKind.LAWYER, "a", "甲", read_rule("每周三下午2点到4点"), 6),
        RotaEntry(
            "window", DutyKind.SECRETARY, None, "乙", by_name, 3, "身份证", OnHoliday.SKIP, start=date(2026, 12, 3)
        ),
    )


def test_the_demo_community() -> None:
    file = importing.load(DEMO)
    levels = [node.level for node in file.nodes]
    assert {level: levels.count(level) for level in Level} == dict(zip(Level, (1, 1, 1, 3, 12), strict=True))
    assert [node.name for node in file.nodes if node.building_number] == [f"{number}号楼" for number in range(1, 13)]
    assert {role for person in file.people for role, _ in person.roles} == set(Role)
    assert 34 <= len(file.people) <= 40
    assert [(group.name, group.members) for group in file.groups] == [
        ("天天向善", Members.RESIDENTS),
        ("志愿者之家", Members.VOLUNTEERS),
    ]
    assert [station.node for station in file.stations] == ["xingfu", "xingfu", "heshun-street"]
    assert [(duty.kind.value, duty.person or duty.name, duty.places) for duty in file.rota] == [
        ("congress_deputy", "deputy", 6),
        ("cppcc_member", "deputy-2", 6),
        ("lawyer", "lawyer", 4),
        ("secretary", "secretary", 6),
        ("social_worker", "宋雨", 6),
        ("mediator", "方静", 6),
    ]
    check_overlaps(file, date(2026, 11, 1))
    promised = (
        "resident-3-501 resident-5-101 elder-5-102 gridhead-1 gridhead-2 gridhead-3 buildinghead-3 worker secretary "
        "street county property owners deputy lawyer volunteer-repair volunteer-medical unit admin"
    )
    assert set(promised.split()) <= {person.id for person in file.people}


# --- workbooks

TITLES = (("nodes", "节点"), ("people", "人员"), ("stations", "工作站"), ("rota", "值班"))
HEADERS: dict[str, list[object]] = {title: list(community_sheet.HEADERS[key].values()) for key, title in TITLES}


def workbook(path: Path, **sheets: Sequence[Sequence[object]]) -> Path:
    book = Workbook()
    book.remove(book.worksheets[0])
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    book.save(path)
    return path


NODES: list[list[object]] = [
    HEADERS["节点"],
    ["xingfu", None, "社区", "幸福社区"],
    [],
    ["grid-1", "xingfu", "网格", "一"],
]


@pytest.mark.parametrize(
    ("people", "where", "said"),
    [
        (["a", None, None, None, None], "工作表「人员」第 2 行", "没有写姓名"),
        (["a", "甲", "nowhere", None, None], "工作表「人员」第 2 行 C 列(住处)", "unknown node"),
        (["a", "甲", None, "网格长:grid-9", None], "工作表「人员」第 2 行 D 列(职务)", "网格长的网格「grid-9」不存在"),
        (["a", "甲", None, "网格长", None], "工作表「人员」第 2 行 D 列(职务)", "应写成「网格长:grid-1"),
        (["a", True, None, None, None], "工作表「人员」第 2 行 B 列(姓名)", "wrong type"),
        (["a", 1.5, None, None, None], "工作表「人员」第 2 行 B 列(姓名)", "wrong type"),
        (["a", "甲", None, None, "pipe:a"], "工作表「人员」第 2 行 E 列(地址)", "自动填"),
    ],
)
def test_a_mistake_is_found_at_its_cell(people: list[object], where: str, said: str, tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", 节点=NODES, 人员=[HEADERS["人员"], people])
    with pytest.raises(CommunityFileError) as caught:
        importing.load(path)
    (problem,) = caught.value.problems
    assert (problem.line, problem.where, said in problem.message) == (None, where, True), problem


WINDOW: list[list[object]] = [HEADERS["工作站"], ["window", "工作站", "xingfu", "幸福路12号", None]]
RULE = "每周三下午2点到4点"


@pytest.mark.parametrize(
    ("duty", "where", "said"),
    [
        ([None, "律师", None, "甲", RULE], " A 列(工作站)", "缺少「station」"),
        (["door", "律师", None, "甲", RULE], " A 列(工作站)", "unknown station: door"),
        (["window", None, None, "甲", RULE], " B 列(类别)", "缺少「kind」"),
        (["window", "厨师", None, "甲", RULE], " B 列(类别)", "unknown: 厨师"),
        (["window", "律师", "a", None, RULE], " C 列(人员)", "unknown person: a"),
        (["window", "律师", None, None, RULE], "", "either person or name"),
        (["window", "律师", None, "甲"], " E 列(时间)", "缺少「when」"),
        (["window", "律师", None, "甲", "每周三下午2点"], " E 列(时间)", "没有写到几点"),
        (["window", "律师", None, "甲", datetime(2026, 12, 9)], " E 列(时间)", "wrong type"),
        (["window", "律师", None, "甲", RULE, 0], " F 列(名额)", "名额「0」"),
        (["window", "律师", None, "甲", RULE, 2.5], " F 列(名额)", "wrong type"),
        (["window", "律师", None, "甲", RULE, 6, True], " G 列(要带)", "wrong type"),
        (["window", "律师", None, "甲", RULE, 6, None, "看情况"], " H 列(遇节假日)", "unknown: 看情况"),
        (["window", "律师", None, "甲", RULE, 6, None, None, "下个月"], " I 列(开始)", "应是一个日期"),
        (["window", "律师", None, "甲", RULE, 6, None, None, datetime(2026, 12, 9, 8)], " I 列(开始)", "应是一个日期"),
        (["window", "律师", None, "甲", "隔周周三下午"], " I 列(开始)", "this rule needs a start"),
    ],
)
def test_a_mistake_in_the_rota_is_found_at_its_cell(duty: list[object], where: str, said: str, tmp_path: Path) -> None:
    row = [*duty, *[None] * (9 - len(duty))]
    path = workbook(tmp_path / "a.xlsx", 节点=NODES, 工作站=WINDOW, 值班=[HEADERS["值班"], row])
    with pytest.raises(CommunityFileError) as caught:
        importing.load(path)
    (problem,) = caught.value.problems
    expected = (None, f"工作表「值班」第 2 行{where}", True)
    assert (problem.line, problem.where, said in problem.message) == expected, problem


def test_an_overlap_in_a_workbook_names_the_other_cell(tmp_path: Path) -> None:
    rules = (RULE, "每周三下午3点到5点")
    rows: list[list[object]] = [["window", "律师", None, "甲", rule, *[None] * 4] for rule in rules]
    path = workbook(tmp_path / "a.xlsx", 节点=NODES, 工作站=WINDOW, 值班=[HEADERS["值班"], *rows])
    with pytest.raises(CommunityFileError, match=r"第 3 行 E 列.*2026-12-02.*另一个在工作表「值班」第 2 行 E 列"):
        check_overlaps(importing.load(path), date(2026, 12, 1))


@pytest.mark.parametrize(
    ("title", "gone", "said"),
    [
        ("工作站", 0, "工作表「工作站」第 1 行:缺少「编号」这一列 / missing column: id"),
        ("工作站", 2, "工作表「工作站」第 1 行:缺少「节点」这一列 / missing column: node"),
        ("值班", 0, "工作表「值班」第 1 行:缺少「工作站」这一列 / missing column: station"),
        ("值班", 4, "工作表「值班」第 1 行:缺少「时间」这一列 / missing column: when"),
    ],
)
def test_a_missing_column_is_told_once(title: str, gone: int, said: str, tmp_path: Path) -> None:
    duties: list[list[object]] = [["window", "律师", None, name, RULE, *[None] * 4] for name in ("甲", "乙")]
    sheets: dict[str, list[list[object]]] = {"节点": NODES, "工作站": WINDOW, "值班": [HEADERS["值班"], *duties]}
    sheets[title] = [[*row[:gone], *row[gone + 1 :]] for row in sheets[title]]
    with pytest.raises(CommunityFileError) as caught:
        importing.load(workbook(tmp_path / "a.xlsx", **sheets))
    assert [str(problem) for problem in caught.value.problems] == [said]


def test_a_repeated_id_in_a_workbook_names_the_other_cell(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", 节点=[*NODES, NODES[-1]])
    with pytest.raises(CommunityFileError, match=r"第 5 行 A 列.*上一次在工作表「节点」第 4 行 A 列"):
        importing.load(path)


@pytest.mark.parametrize(
    ("sheets", "said"),
    [
        ({"节点": NODES, "楼长们": []}, "工作表「楼长们」:没有这种工作表"),
        ({"节点": [["编号", "级别", "名称", "楼长"], ["xingfu", "社区", "幸福"]]}, "第 1 行 D 列:没有「楼长」这一项"),
        ({"节点": [["编号", "级别", "名称", "编号"], ["xingfu", "社区", "幸福"]]}, "第 1 行 D 列:「编号」写了两次"),
        ({"节点": [["xingfu", "社区", "幸福"]]}, "第 1 行应是表头"),
        ({"节点": []}, "文件是空的"),
        ({"人员": []}, "文件是空的"),
    ],
)
def test_a_workbook_of_another_shape(sheets: dict[str, list[list[object]]], said: str, tmp_path: Path) -> None:
    with pytest.raises(CommunityFileError, match=said):
        importing.load(workbook(tmp_path / "a.xlsx", **sheets))


def test_what_is_no_workbook(tmp_path: Path) -> None:
    whole = workbook(tmp_path / "whole.xlsx", 节点=NODES).read_bytes()
    for content in (b"", b"PK\x03\x04", TREE.encode(), whole[: len(whole) // 2]):
        path = tmp_path / "broken.xlsx"
        path.write_bytes(content)
        with pytest.raises(CommunityFileError, match=r"not an \.xlsx workbook"):
            importing.load(path)


def test_a_workbook_says_the_same_as_the_yaml_file(tmp_path: Path) -> None:
    file = importing.load(DEMO)
    file = replace(
        file,
        people=(
            replace(file.people[0], addresses=(Address("wechaty", "@a:b"), Address("webhook", "7"))),
            *file.people[1:],
        ),
        groups=(
            replace(file.groups[0], ear=Ear.MENTION, addresses=(Address("wechaty", "1@chatroom"),)),
            file.groups[1],
        ),
        rota=(replace(file.rota[0], on_holiday=OnHoliday.SKIP, start=date(2026, 12, 9)), *file.rota[1:]),
    )
    community_sheet.write(tmp_path / "xingfu.xlsx", file)
    assert importing.load(tmp_path / "xingfu.xlsx") == file


def test_the_template_can_be_imported_as_it_is(tmp_path: Path) -> None:
    community_sheet.write_template(tmp_path / "template.xlsx")
    file: CommunityFile = importing.load(tmp_path / "template.xlsx")
    assert (len(file.nodes), len(file.people), len(file.groups)) == (4, 2, 1)
    assert (len(file.stations), len(file.rota)) == (1, 2)
    check_overlaps(file, date(2026, 12, 1))


def test_numbers_full_width_marks_and_english_headers_in_a_workbook(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "a.xlsx",
        nodes=[
            ["id", "parent", "level", "name", "building"],
            ["x", None, "community", "幸福"],
            ["b", "x", None, None, 3.0],
        ],
        people=[["id", "name", "roles"], [12, "甲", "楼长\uff1ab\uff0c志愿者\uff1ax"]],
        stations=[["id", "name", "node"], [1.0, "工作站", "x"]],
        rota=[
            ["station", "kind", "person", "when", "places", "on_holiday", "start"],
            [1, "lawyer", 12, "每周三14\uff1a00-16\uff1a00", 4.0, "keep", "2026-12-09"],
        ],
    )
    file = importing.load(path)
    assert (file.nodes[1].building_number, file.nodes[1].name) == (3, "3号楼")
    assert (file.people[0].id, file.people[0].roles) == ("12", ((Role.BUILDING_HEAD, "b"), (Role.VOLUNTEER, "x")))
    when = read_rule("每周三14\uff1a00-16\uff1a00")
    assert file.rota == (RotaEntry("1", DutyKind.LAWYER, "12", "甲", when, 4, "", OnHoliday.KEEP, date(2026, 12, 9)),)
