"""Events, stalls and teams of the community file: every mistake at its place, and what an import makes of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from sqlalchemy import insert, select, update

from community import community_sheet, community_yaml, importing
from community.community_file import CommunityFileError, EventEntry, Problem, StallEntry, TeamEntry
from community.community_file_events import USUAL_STALL
from community.importing import Changes, import_community
from community.parts.recurrence import OnHoliday
from community.parts.recurrence import read as read_rule
from storage import community_import_events as event_rows
from storage import schema
from storage.community_import_events import MemberRow, SeriesRow, StallValues, TeamRow
from storage.database import Database
from storage.tables import event_series, team_members, teams
from tests.keys import KEYS
from tests.postgresql import Server

DEMO = Path(__file__).parent.parent / "examples" / "xingfu" / "community.yaml"
NOW = datetime(2026, 12, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(days=40)

BASE = """\
nodes:
  - {id: xingfu, level: community, name: 幸福社区}
  - {id: heping, level: community, name: 和平社区}
people:
  - {id: a, name: 甲}
  - {id: b, name: 乙}
groups:
  - {name: 理发群, node: xingfu, addresses: {wechaty: 1@chatroom}}
"""
"""Eight lines, without mistakes; a section that the tests add has its first entry at line 10."""

MARKET = "id: market, name: 集市, node: xingfu, place: 广场"
STALL = "{name: 量血压, helpers: 4, visitors: 40}"
TEAM = "id: hair, name: 理发队, node: xingfu"


def problems_of(text: str) -> tuple[Problem, ...]:
    with pytest.raises(CommunityFileError) as caught:
        community_yaml.parse(text)
    return caught.value.problems


# --- mistakes in YAML


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ("name: 集市, node: xingfu, place: 广场", "缺少「id」"),
        ("id: market, node: xingfu, place: 广场", "缺少「name」"),
        ("id: market, name: 集市, place: 广场", "缺少「node」"),
        ("id: market, name: 集市, node: xingfu", "缺少「place」"),
        ("id: market, name: 集市, node: nowhere, place: 广场", "unknown node: nowhere"),
        ("id: 'a b', name: 集市, node: xingfu, place: 广场", "编号「a b」"),
        (f"id: market, name: {'x' * 121}, node: xingfu, place: 广场", "最多 120 个字"),
        (f"id: market, name: 集市, node: xingfu, place: {'x' * 201}", "最多 200 个字"),
        (f"{MARKET}, bring: {'x' * 121}", "最多 120 个字"),
        (f"{MARKET}, leader: nobody", "unknown person: nobody"),
        (f"{MARKET}, leader: [a, b]", "wrong type"),
        (f"{MARKET}, when: 有空就办", "可能有几种意思"),
        (f"{MARKET}, when: 每月第一个周末", "没有写几点到几点"),
        (f"{MARKET}, when: 每年3月上午", "the days are missing"),
        (f"{MARKET}, when: 每周六21点到23点", "at night"),
        (f"{MARKET}, when: 隔周周六上午", "this rule needs a start"),
        (f"{MARKET}, when: {'每' * 201}", "最多 200 个字"),
        (f"{MARKET}, on_holiday: 再说", "不认识「再说」"),
        (f"{MARKET}, start: 明天", "「明天」应是一个日期"),
        (f"{MARKET}, date: 明天", "unknown key: date"),
        (f"{MARKET}, stalls: 3", "应是一列条目"),
        (f"{MARKET}, stalls: {{量血压: 3}}", "应是一列条目"),
        (f"{MARKET}, stalls: [量血压]", "应是「名称: 值」"),
        (f"{MARKET}, stalls: [{STALL}, {STALL}]", "这个活动有两个「量血压」摊位,另一个在第 10 行"),
        (f"{MARKET}, stalls: [{{helpers: 4}}]", "缺少「name」"),
        (f"{MARKET}, stalls: [{{name: 量血压}}]", "「量血压」志愿者和取号都没有名额"),
        (f"{MARKET}, stalls: [{{name: 量血压, helpers: 0, visitors: 0}}]", "without places"),
        (f"{MARKET}, stalls: [{{name: 量血压, helpers: 501}}]", "志愿者名额「501」应是 0 到 500 的整数"),
        (f"{MARKET}, stalls: [{{name: 量血压, helpers: -1}}]", "志愿者名额「-1」"),
        (f"{MARKET}, stalls: [{{name: 量血压, helpers: 四}}]", "志愿者名额「四」"),
        (f"{MARKET}, stalls: [{{name: 量血压, helpers: 1.5}}]", "wrong type"),
        (f"{MARKET}, stalls: [{{name: 量血压, helpers: 4, visitors: 2001}}]", "from 0 to 2000"),
        (f"{MARKET}, stalls: [{{name: 量血压, helpers: 4, item: 也许}}]", "应写「是」或「否」"),
        (f"{MARKET}, stalls: [{{name: 量血压, helpers: 4, item: 1.5}}]", "expected true or false"),
        (f"{MARKET}, stalls: [{{name: {'x' * 61}, helpers: 4}}]", "最多 60 个字"),
        (f"{MARKET}, stalls: [{{name: 量血压, helpers: 4, skill: {'x' * 61}}}]", "最多 60 个字"),
        (f"{MARKET}, stalls: [{{name: 量血压, helpers: 4, event: market}}]", "unknown key: event"),
        (f"{MARKET}, stalls: [{', '.join(f'{{name: s{n}, helpers: 1}}' for n in range(51))}]", "more than 50 stalls"),
    ],
)
def test_a_mistake_in_an_event_is_found_at_its_line(event: str, said: str) -> None:
    (problem,) = problems_of(f"{BASE}events:\n  - {{{event}}}\n")
    assert (problem.line, said in problem.message) == (10, True), problem
    assert " / " in problem.message, "Chinese, then English"


@pytest.mark.parametrize(
    ("second", "said"),
    [
        ("id: market, name: 二, node: xingfu, place: 广场", "「market」用了两次,上一次在第 10 行"),
        ("id: two, name: 集市, node: xingfu, place: 广场", "同一个节点有两个「集市」,另一个在第 10 行"),
    ],
)
def test_events_that_are_taken_for_one_another(second: str, said: str) -> None:
    (problem,) = problems_of(f"{BASE}events:\n  - {{{MARKET}}}\n  - {{{second}}}\n")
    assert (problem.line, said in problem.message) == (11, True), problem
    community_yaml.parse(f"{BASE}events:\n  - {{{MARKET}}}\n  - {{id: two, name: 集市, node: heping, place: 广场}}\n")


def test_a_mistake_in_a_stall_is_found_at_its_own_line() -> None:
    market = MARKET.replace(", ", "\n    ")
    stalls = f"      - {STALL}\n      - {{name: 缝补, helpers: 三}}\n"
    (problem,) = problems_of(f"{BASE}events:\n  - {market}\n    stalls:\n{stalls}")
    assert str(problem) == (
        "第 16 行 (line 16) 活动 market · 摊位 缝补 · helpers:志愿者名额「三」应是 0 到 500 的整数"
        " / helpers are a whole number from 0 to 500"
    )


@pytest.mark.parametrize(
    ("team", "said"),
    [
        ("name: 理发队, node: xingfu", "缺少「id」"),
        ("id: hair, node: xingfu", "缺少「name」"),
        ("id: hair, name: 理发队", "缺少「node」"),
        ("id: hair, name: 理发队, node: nowhere", "unknown node: nowhere"),
        (f"{TEAM}, leader: nobody", "unknown person: nobody"),
        (f"{TEAM}, members: [a, nobody]", "unknown person: nobody"),
        (f"{TEAM}, members: {{a: b}}", "wrong type"),
        (f"{TEAM}, group: 缝补群", "「群」里没有「缝补群」"),
        (f"{TEAM}, captain: a", "unknown key: captain"),
        (f"id: hair, name: {'x' * 121}, node: xingfu", "最多 120 个字"),
        (f"{TEAM}}}\n  - {{{TEAM.replace('理发队', '二队')}", "「hair」用了两次"),
        (f"{TEAM}}}\n  - {{id: two, name: 理发队, node: xingfu", "name used twice at one node"),
        (f"{TEAM}, group: 理发群}}\n  - {{id: two, name: 二队, node: xingfu, group: 1@chatroom", "group of two teams"),
    ],
)
def test_a_mistake_in_a_team_is_found_at_its_line(team: str, said: str) -> None:
    (problem,) = problems_of(f"{BASE}teams:\n  - {{{team}}}\n")
    assert (problem.line, said in problem.message) == (10 + team.count("\n"), True), problem
    assert " / " in problem.message, "Chinese, then English"


def test_all_mistakes_are_told_at_once() -> None:
    found = problems_of(
        f"{BASE}events:\n"
        "  - {id: market, node: nowhere, when: 每周六, stalls: [{name: 量血压, helpers: x}]}\n"
        "teams:\n"
        "  - {id: hair, name: 理发队, members: [x, y]}\n"
    )
    assert [problem.line for problem in found] == [10] * 5 + [12] * 3


@pytest.mark.parametrize("section", ["events:", "events: []", "teams:", "teams: []", "events: []\nteams:"])
def test_empty_sections_are_none(section: str) -> None:
    file = community_yaml.parse(f"{BASE}{section}\n")
    assert (file.events, file.teams) == ((), ())


def test_stalls_are_no_section_of_their_own_in_yaml() -> None:
    (problem,) = problems_of(f"{BASE}stalls: []\n")
    assert "unknown key: stalls" in problem.message


# --- without mistakes


def test_events_and_teams_as_they_are_written() -> None:
    file = community_yaml.parse(
        f"{BASE}events:\n"
        f"  - {{{MARKET}, when: 每月第一个周末上午9点到11点, bring: 水杯, leader: a, on_holiday: 取消,\n"
        f"     start: 2027-01-01, stalls: [{STALL},\n"
        "     {name: 修家电, helpers: 5, visitors: 20, item: true, skill: 修家电},\n"
        "     {name: 问答, helpers: 2, item: 否}]}\n"
        "  - {id: lecture, name: 讲座, node: heping, place: 活动室}\n"
        "teams:\n"
        "  - {id: hair, name: 理发队, node: xingfu, leader: b, members: [a, b, a], group: 1@chatroom}\n"
        "  - {id: two, name: 二队, node: xingfu, members: a}\n"
    )
    assert file.events == (
        EventEntry(
            "market",
            "集市",
            "xingfu",
            "广场",
            (
                StallEntry("量血压", 4, 40),
                StallEntry("修家电", 5, 20, item=True, skill="修家电"),
                StallEntry("问答", 2),
            ),
            read_rule("每月第一个周末上午9点到11点"),
            "水杯",
            "a",
            OnHoliday.SKIP,
            date(2027, 1, 1),
        ),
        EventEntry("lecture", "讲座", "heping", "活动室", (USUAL_STALL,)),
    )
    assert file.teams == (
        TeamEntry("hair", "理发队", "xingfu", "b", ("b", "a"), "理发群"),
        TeamEntry("two", "二队", "xingfu", None, ("a",)),
    )


def test_the_demo_community() -> None:
    file = importing.load(DEMO)
    assert [(event.name, bool(event.when)) for event in file.events] == [
        ("雷锋集市", True),
        ("义诊", False),
        ("培训", False),
        ("讲座", False),
        ("清洁日", False),
    ]
    assert [(stall.name, stall.helpers, stall.visitors, stall.item) for stall in file.events[0].stalls] == [
        ("量血压", 4, 40, False),
        ("修家电", 5, 20, True),
        ("缝补", 3, 20, False),
        ("政策咨询", 2, 20, False),
        ("有奖问答", 2, 0, False),
    ]
    assert [team.name for team in file.teams] == ["理发队", "家电维修队", "医疗队", "文明劝导队"]
    assert all(team.leader in team.members and len(team.members) > 1 for team in file.teams)


# --- workbooks

TITLES = {"nodes": "节点", "people": "人员", "groups": "群", "events": "活动", "stalls": "摊位", "teams": "队伍"}
Rows = Sequence[Sequence[object]]
SHEETS: dict[str, Rows] = {
    "nodes": [["xingfu", None, "社区", "幸福社区"]],
    "people": [["a", "甲"], ["b", "乙"]],
    "groups": [["理发群", "xingfu"]],
    "events": [["market", "集市", "xingfu", "每月第一个周末上午9点到11点", "广场", None, "a", None, None]],
    "stalls": [["market", "量血压", 4, 40, None, None], ["market", "修家电", 5.0, 20, True, "修家电"]],
    "teams": [["hair", "理发队", "xingfu", "a", "a、b", "理发群"]],
}
HEADERS = {section: list(community_sheet.HEADERS[section].values()) for section in SHEETS}


def workbook(path: Path, changed: Mapping[str, Rows] = SHEETS, headers: Mapping[str, Sequence[str]] = HEADERS) -> Path:
    """The sheets above, some of them changed, some with headers of their own."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for section, rows in {**SHEETS, **changed}.items():
        sheet = book.create_sheet(TITLES[section])
        sheet.append({**HEADERS, **headers}[section])
        for row in rows:
            sheet.append(list(row))
    book.save(path)
    return path


def test_a_workbook_with_events(tmp_path: Path) -> None:
    file = importing.load(workbook(tmp_path / "a.xlsx"))
    (market,), (team,) = file.events, file.teams
    assert market.stalls == (StallEntry("量血压", 4, 40), StallEntry("修家电", 5, 20, item=True, skill="修家电"))
    assert (market.when and market.when.words, market.leader) == ("每月第一个周末上午9点到11点", "a")
    assert team == TeamEntry("hair", "理发队", "xingfu", "a", ("a", "b"), "理发群")


@pytest.mark.parametrize(
    ("section", "row", "where", "said"),
    [
        ("events", ["two", "二", "xingfu", None, None], " E 列(地点)", "缺少「place」"),
        ("events", ["two", "二", "nowhere", None, "广场"], " C 列(节点)", "unknown node"),
        ("events", ["two", "二", "xingfu", "每周六", "广场"], " D 列(时间)", "没有写几点到几点"),
        ("events", ["two", "二", "xingfu", None, "广场", None, "c"], " G 列(负责人)", "unknown person: c"),
        ("events", ["market", "二", "xingfu", None, "广场"], " A 列(编号)", "上一次在工作表「活动」第 2 行 A 列"),
        ("stalls", ["market", "量血压", 1], " B 列(摊位)", "另一个在工作表「摊位」第 2 行 B 列"),
        ("stalls", ["fair", "缝补", 1], " A 列(活动)", "活动「fair」不存在"),
        ("stalls", [None, "缝补", 1], " A 列(活动)", "缺少「event」"),
        ("stalls", ["market", None, 1], " B 列(摊位)", "缺少「name」"),
        ("stalls", ["market", "缝补"], " B 列(摊位)", "没有名额"),
        ("stalls", ["market", "缝补", 501], " C 列(志愿者名额)", "0 到 500"),
        ("stalls", ["market", "缝补", 1, 2.5], " D 列(取号名额)", "wrong type"),
        ("stalls", ["market", "缝补", 1, 2, "也许"], " E 列(报东西)", "是"),
        ("teams", ["two", "二队", "nowhere"], " C 列(节点)", "unknown node"),
        ("teams", ["two", "二队", "xingfu", None, "a、c"], " E 列(成员)", "unknown person: c"),
        ("teams", ["two", "二队", "xingfu", None, None, "别的群"], " F 列(群)", "unknown group"),
    ],
)
def test_a_mistake_is_found_at_its_cell(
    section: str, row: Sequence[object], where: str, said: str, tmp_path: Path
) -> None:
    rows = [*SHEETS[section], row]
    with pytest.raises(CommunityFileError) as caught:
        importing.load(workbook(tmp_path / "a.xlsx", {section: rows}))
    (problem,) = caught.value.problems
    expected = (None, f"工作表「{TITLES[section]}」第 {len(rows) + 1} 行{where}", True)
    assert (problem.line, problem.where, said in problem.message) == expected, problem


@pytest.mark.parametrize(
    ("section", "gone", "said"),
    [
        ("events", "place", "工作表「活动」第 1 行:缺少「地点」这一列 / missing column: place"),
        ("stalls", "event", "工作表「摊位」第 1 行:缺少「活动」这一列 / missing column: event"),
        ("stalls", "name", "工作表「摊位」第 1 行:缺少「摊位」这一列 / missing column: name"),
        ("teams", "node", "工作表「队伍」第 1 行:缺少「节点」这一列 / missing column: node"),
    ],
)
def test_a_missing_column_is_told_once(section: str, gone: str, said: str, tmp_path: Path) -> None:
    keys = list(community_sheet.HEADERS[section])
    at = keys.index(gone)
    headers = {section: [key for key in keys if key != gone]}
    rows = [[*row[:at], *row[at + 1 :]] for row in SHEETS[section]]
    with pytest.raises(CommunityFileError) as caught:
        importing.load(workbook(tmp_path / "a.xlsx", {section: rows}, headers))
    assert [str(problem) for problem in caught.value.problems] == [said]


def test_empty_sheets_are_no_events(tmp_path: Path) -> None:
    file = importing.load(workbook(tmp_path / "a.xlsx", {"events": [], "stalls": [], "teams": []}))
    assert (file.events, file.teams) == ((), ())


def test_a_workbook_says_the_same_as_the_yaml_file(tmp_path: Path) -> None:
    file = importing.load(DEMO)
    first = replace(file.events[0], on_holiday=OnHoliday.SKIP, start=date(2026, 12, 9), bring="水杯")
    file = replace(file, events=(first, *file.events[1:]), teams=(replace(file.teams[0], group="志愿者之家"),))
    community_sheet.write(tmp_path / "xingfu.xlsx", file)
    assert importing.load(tmp_path / "xingfu.xlsx") == file


def test_the_template_has_examples(tmp_path: Path) -> None:
    community_sheet.write_template(tmp_path / "template.xlsx")
    file = importing.load(tmp_path / "template.xlsx")
    assert (len(file.events), len(file.teams)) == (2, 1)


# --- importing

WHOLE = f"""\
{BASE}events:
  - {{{MARKET}, when: 每月第一个周末上午9点到11点, leader: a, stalls: [{STALL}]}}
  - {{id: lecture, name: 讲座, node: xingfu, place: 活动室}}
teams:
  - {{{TEAM}, leader: a, members: [b], group: 理发群}}
"""
SERIES = SeriesRow(
    "market",
    "xingfu",
    "集市",
    "广场",
    "每月第一个周末上午9点到11点",
    "keep",
    (StallValues("量血压", 4, 40, item=False, skill=""),),
    "",
    "a",
    date(2026, 12, 1),
)


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


def imported(database: Database, text: str, now: datetime = NOW) -> Changes:
    with database.begin() as store:
        return import_community(store, community_yaml.parse(text), now)


def series(database: Database) -> dict[str, SeriesRow]:
    with database.begin() as store:
        return {row.id: row for row in event_rows.all_series(store)}


def members(database: Database) -> dict[str, MemberRow]:
    with database.begin() as store:
        return {row.person_id: row for row in event_rows.all_members(store)}


def team(database: Database) -> TeamRow:
    with database.begin() as store:
        return event_rows.all_teams(store)[0]


def planned_to(database: Database, series_id: str) -> date | None:
    with database.begin() as store:
        found: date | None = store.connection.execute(
            select(event_series.c.planned_to).where(event_series.c.id == series_id)
        ).scalar_one()
        return found


def planned(database: Database) -> None:
    """As if events had been made of every series."""
    with database.begin() as store:
        store.connection.execute(update(event_series).values(planned_to=date(2027, 1, 31)))


def leave(database: Database, person_id: str) -> None:
    with database.begin() as store:
        gone = update(team_members).where(team_members.c.person_id == person_id).values(left_at=NOW)
        store.connection.execute(gone)


def test_events_and_teams_arrive(either_database: Database) -> None:
    assert imported(either_database, WHOLE).lines()[-3:] == (
        "新增活动 2:集市 每月第一个周末上午9点到11点(market)、讲座(lecture)",
        "新增队伍 1:理发队(hair)",
        "新增队员 2:hair 的 a、hair 的 b",
    )
    assert series(either_database)["market"] == SERIES
    assert series(either_database)["lecture"].stalls == (StallValues("志愿者", 10, 0, item=False, skill=""),)
    assert team(either_database) == TeamRow("hair", "xingfu", "理发队", "a", "wechaty", "1@chatroom")
    assert set(members(either_database)) == {"a", "b"}
    with either_database.begin() as store:
        written = store.connection.execute(select(event_series.c.stalls).where(event_series.c.id == "market"))
        assert written.scalar_one() == [{"name": "量血压", "helpers": 4, "visitors": 40, "item": False, "skill": ""}], (
            "as the planner reads them"
        )
    planned(either_database)
    assert not imported(either_database, WHOLE, LATER).any
    assert planned_to(either_database, "market") == date(2027, 1, 31), "what is planned stays planned"


def test_a_group_without_an_outside_address_is_the_chat_room_s(database: Database) -> None:
    imported(database, WHOLE.replace(", addresses: {wechaty: 1@chatroom}", ""))
    assert (team(database).channel, team(database).group) == ("chat_room", "理发群")


def test_an_edited_series_is_the_same_and_is_planned_anew(either_database: Database) -> None:
    imported(either_database, WHOLE)
    planned(either_database)
    edited = WHOLE.replace("第一个周末", "第二个周六").replace(
        STALL, "{name: 量血压, helpers: 4, item: 是, skill: 护理}"
    )
    assert imported(either_database, edited, LATER).lines() == (
        "改活动 market:时间 每月第一个周末上午9点到11点 → 每月第二个周六上午9点到11点;"
        "摊位 量血压 4/40 → 量血压 4/0 报东西 护理",
    )
    assert series(either_database)["market"] == replace(
        SERIES,
        words="每月第二个周六上午9点到11点",
        stalls=(StallValues("量血压", 4, 0, item=True, skill="护理"),),
    )
    assert planned_to(either_database, "market") is None
    assert planned_to(either_database, "lecture") == date(2027, 1, 31)
    assert not imported(either_database, edited, LATER).any


def test_what_is_gone_from_the_file_ends_and_comes_back(either_database: Database) -> None:
    imported(either_database, WHOLE)
    assert imported(either_database, BASE, LATER).lines() == (
        "停办活动 讲座(lecture),以前的记录仍保留",
        "停办活动 集市 每月第一个周末上午9点到11点(market),以前的记录仍保留",
        "解散队伍 理发队(hair),以前的记录仍保留",
        "移出队员 2:hair 的 a、hair 的 b",
    )
    assert all(row.ended for row in series(either_database).values())
    assert team(either_database).ended
    assert all(row.left for row in members(either_database).values())
    assert not imported(either_database, BASE, LATER).any
    assert "改活动 market:状态 停办 → 在办" in imported(either_database, WHOLE, LATER).lines()
    assert series(either_database)["market"] == SERIES
    assert not team(either_database).ended
    assert not any(row.left for row in members(either_database).values())
    assert not imported(either_database, WHOLE, LATER).any


def test_what_was_made_in_chats_is_left_alone(database: Database) -> None:
    imported(database, BASE)
    made: dict[str, Any] = {"id": "made", "node_id": "xingfu", "name": "二"}
    own = {"words": "", "place": "", "stalls": [{"name": "帮忙"}], "starts_on": NOW.date()}
    with database.begin() as store:
        store.connection.execute(insert(event_series), {**made, **own})
        store.connection.execute(insert(teams), made)
        store.connection.execute(insert(team_members), {"team_id": "made", "person_id": "a", "joined_at": NOW})
    assert not imported(database, BASE).any
    assert not series(database)["made"].ended
    assert not team(database).ended
    assert not members(database)["a"].left


def test_who_joined_in_a_chat_stays_and_who_left_stays_away(either_database: Database) -> None:
    imported(either_database, WHOLE.replace("members: [b], ", ""))
    with either_database.begin() as store:
        store.connection.execute(insert(team_members), {"team_id": "hair", "person_id": "b", "joined_at": NOW})
    assert not imported(either_database, WHOLE.replace("members: [b], ", "")).any
    assert imported(either_database, WHOLE).lines() == ("新增队员 1:hair 的 b",)
    leave(either_database, "b")
    assert not imported(either_database, WHOLE).any
    assert members(either_database)["b"].left, "whoever left does not come back because the file is older"


def test_a_leader_who_left_leads_no_more(database: Database) -> None:
    imported(database, WHOLE)
    leave(database, "a")
    with database.begin() as store:
        store.connection.execute(update(teams).values(leader_id=None))
    assert not imported(database, WHOLE).any
    assert team(database).leader_id is None


def test_a_group_bound_in_a_chat_stays(database: Database) -> None:
    without = WHOLE.replace(", group: 理发群", "")
    imported(database, without)
    with database.begin() as store:
        store.connection.execute(update(teams).values(channel="wechaty", group_external_id="2@chatroom"))
    assert not imported(database, without).any
    assert imported(database, WHOLE).lines() == ("改队伍 hair:群 2@chatroom → 1@chatroom",)


def test_the_nodes_of_ended_events_and_teams_are_kept(database: Database) -> None:
    there = WHOLE.replace("讲座, node: xingfu", "讲座, node: heping")
    imported(database, there)
    without = BASE.replace("  - {id: heping, level: community, name: 和平社区}\n", "")
    assert [node.id for node in imported(database, without).kept] == ["heping"]
    assert not imported(database, without).any


def test_the_node_of_an_event_that_has_moved_goes(database: Database) -> None:
    imported(database, WHOLE.replace("讲座, node: xingfu", "讲座, node: heping"))
    moved = WHOLE.replace("  - {id: heping, level: community, name: 和平社区}\n", "")
    assert imported(database, moved).lines() == (
        "改活动 lecture:节点 heping → xingfu",
        "移除节点 和平社区(heping)",
    )
    assert not imported(database, moved).any


def test_a_file_with_a_mistake_imports_nothing(database: Database) -> None:
    imported(database, WHOLE)
    before = series(database), team(database), members(database)
    with pytest.raises(CommunityFileError):
        imported(database, WHOLE.replace("name: 讲座", "name: 讲堂").replace("members: [b]", "members: [c]"))
    assert (series(database), team(database), members(database)) == before
