"""The community file as a workbook (.xlsx): one sheet a section, one row an entry. Reading, writing, a template."""

import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile

from community.community_file import (
    DUTY_NAMES,
    EAR_NAMES,
    LEVEL_NAMES,
    MEMBERS_NAMES,
    ON_HOLIDAY_NAMES,
    ROLE_NAMES,
    SECTIONS,
    Atom,
    CommunityFile,
    Entry,
    EventEntry,
    Findings,
    GroupEntry,
    PersonEntry,
    RotaEntry,
    ServiceEntry,
    Shape,
    Spot,
    StallEntry,
    StationEntry,
    TeamEntry,
    UnitEntry,
    Word,
    check,
    fail,
)
from community.community_file_events import with_events
from community.community_file_services import with_services
from community.community_file_stations import with_stations
from community.community_file_units import with_units
from community.parts.recurrence import read as read_rule
from storage.people import Address
from storage.tables import DutyKind, Level, Role
from storage.tree import Node

if TYPE_CHECKING:
    from openpyxl import Workbook

HEADERS: Mapping[str, Mapping[str, str]] = {
    "nodes": {
        "id": "编号",
        "parent": "上级",
        "level": "级别",
        "name": "名称",
        "building": "楼号",
        "aliases": "别名",
    },
    "people": {"id": "编号", "name": "姓名", "home": "住处", "roles": "职务", "addresses": "地址"},
    "groups": {"name": "名称", "node": "节点", "members": "成员", "ear": "听法", "addresses": "地址"},
    "stations": {"id": "编号", "name": "名称", "node": "节点", "address": "地址", "hours": "开放时间"},
    "rota": {
        "station": "工作站",
        "kind": "类别",
        "person": "人员",
        "name": "姓名",
        "when": "时间",
        "places": "名额",
        "bring": "要带",
        "on_holiday": "遇节假日",
        "start": "开始",
    },
    "events": {
        "id": "编号",
        "name": "名称",
        "node": "节点",
        "when": "时间",
        "place": "地点",
        "bring": "携带",
        "leader": "负责人",
        "on_holiday": "遇节假日",
        "start": "开始",
    },
    "stalls": {
        "event": "活动",
        "name": "摊位",
        "helpers": "志愿者名额",
        "visitors": "取号名额",
        "item": "报东西",
        "skill": "技能",
    },
    "teams": {"id": "编号", "name": "名称", "node": "节点", "leader": "队长", "members": "成员", "group": "群"},
    "services": {
        "id": "编号",
        "name": "名称",
        "node": "节点",
        "skill": "技能",
        "at_home": "上门",
        "takers": "人数",
        "minutes": "分钟",
    },
    "units": {"id": "编号", "name": "名称", "node": "节点", "contact": "联系人", "headcount": "人数"},
}
"""What the columns are called. The keys of the YAML file are understood as well."""

NOTES = "说明"
"""A sheet for people, which is not read."""

PAIR_EXAMPLES: Mapping[str, str] = {"roles": "网格长:grid-1、志愿者:xingfu", "addresses": "wechaty:wxid_abc"}

_BETWEEN = re.compile("[、,;\uff0c\uff1b\n]+")
_WITHIN = re.compile("[:\uff1a]")
_SHEETS = {name: section for section, sheet in SECTIONS.items() for name in (section, sheet.title)}
_KEYS = {
    section: {name: key for key, header in headers.items() for name in (key, header)}
    for section, headers in HEADERS.items()
}
_NO_WORKBOOK = (BadZipFile, ParseError, zlib.error, EOFError, KeyError, TypeError, ValueError)
"""What openpyxl lets through when a file is no workbook, or half of one; beside an error of its own."""

Row = Sequence[object]


def read(path: Path) -> CommunityFile:
    """A workbook. Raises `CommunityFileError`; its problems name sheet, row and column."""
    findings = Findings()
    entries: dict[str, list[Entry]] = {section: [] for section in SECTIONS}
    for title, rows in sheets(path):
        section = _SHEETS.get(title.strip())
        if section is not None:
            entries[section] += _entries(section, title, rows, findings)
        elif title.strip() != NOTES:
            known = "、".join(sheet.title for sheet in SECTIONS.values())
            findings.add(Spot(None, f"工作表「{title}」"), Word.UNKNOWN_SHEET, given=title, known=known)
    file = with_stations(check(entries, findings), entries, findings)
    file = with_services(with_events(file, entries, findings), entries, findings)
    file = with_units(file, entries, findings)
    findings.raise_any()
    return file


def sheets(path: Path) -> list[tuple[str, list[Row]]]:
    """The sheets of a workbook with their rows. Raises `CommunityFileError` for what is none."""
    from openpyxl import load_workbook  # slow to load, and rarely needed
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with closing(load_workbook(path, read_only=True, data_only=True)) as workbook:
            return [(sheet.title, list(sheet.iter_rows(values_only=True))) for sheet in workbook.worksheets]
    except FileNotFoundError:
        raise fail(path.name, Word.MISSING_FILE, path=path) from None
    except OSError as error:
        raise fail(path.name, Word.UNREADABLE, path=path, why=error.strerror) from None
    except (InvalidFileException, *_NO_WORKBOOK):
        raise fail(path.name, Word.NOT_A_WORKBOOK) from None


def _entries(section: str, title: str, rows: Sequence[Row], findings: Findings) -> Iterator[Entry]:
    columns = _columns(section, title, rows[0] if rows else (), findings)
    lacking = _lacking(section, title, columns, findings)
    for number, row in enumerate(rows[1:] if columns else (), 2):
        if any(_text(value) != "" for value in row):
            yield _entry(section, title, number, row, columns, lacking, findings)


def _columns(section: str, title: str, header: Row, findings: Findings) -> dict[int, str]:
    """Which key each column holds."""
    known, found = "、".join(HEADERS[section].values()), dict[int, str]()
    names = {index: _text(value) for index, value in enumerate(header)}
    if header and not set(names.values()) & set(_KEYS[section]):
        findings.add(cell_spot(title, 1), Word.WRONG_HEADER, known=known)
        return found
    for index, name in names.items():
        key = _KEYS[section].get(name or "")
        if key is not None and key not in found.values():
            found[index] = key
        elif key is not None:
            before = _letter(min(at for at in found if found[at] == key) + 1) + " 列"
            findings.add(cell_spot(title, 1, index), Word.REPEATED_KEY, key=name, before=before)
        elif name != "":
            findings.add(cell_spot(title, 1, index), Word.UNKNOWN_KEY, key=name or header[index], known=known)
    return found


def _lacking(section: str, title: str, columns: Mapping[int, str], findings: Findings) -> tuple[str, ...]:
    """The keys that every entry must have and no column holds."""
    found = tuple(key for key in SECTIONS[section].columns if columns and key not in columns.values())
    for key in found:
        findings.add(cell_spot(title, 1), Word.MISSING_COLUMN, column=HEADERS[section][key], key=key)
    return found


def _entry(
    section: str,
    title: str,
    number: int,
    row: Row,
    columns: Mapping[int, str],
    lacking: Iterable[str],
    findings: Findings,
) -> Entry:
    values: dict[str, tuple[Atom, ...]] = dict.fromkeys(lacking, ())  # said of the column, not of each row again
    blanks = {}
    for index, key in columns.items():
        value, spot = row[index] if index < len(row) else None, cell_spot(title, number, index, HEADERS[section][key])
        if _text(value) != "":
            values[key] = tuple(_atoms(SECTIONS[section].shapes[key], key, value, spot, findings))
        else:
            blanks[key] = spot
    return Entry(cell_spot(title, number), values, blanks)


def cell_spot(title: str, row: int, column: int | None = None, header: str = "") -> Spot:
    """Where something stands: rows count from 1, columns from 0."""
    name = f"({header})" if header else ""
    place = "" if column is None else f" {_letter(column + 1)} 列{name}"
    return Spot(None, f"工作表「{title}」第 {row} 行{place}")


def _text(value: object) -> str | None:
    """What a cell says: "" for an empty one, None for what is neither a word nor a whole number."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # spreadsheets keep 3 as 3.0
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value).strip()


def _date_text(value: object) -> str | None:
    """What a cell says that should hold a date: spreadsheets keep one as its midnight."""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
    return value.isoformat() if isinstance(value, date) else _text(value)


def _flag_text(value: object) -> str | None:
    """What a cell says, which spreadsheets may keep as true or false."""
    return str(value).lower() if isinstance(value, bool) else _text(value)


_READERS: Mapping[Shape, Callable[[object], str | None]] = {Shape.DATE: _date_text, Shape.FLAG: _flag_text}
_SEVERAL = (Shape.TEXTS, Shape.PAIRS)


def _atoms(shape: Shape, key: str, value: object, spot: Spot, findings: Findings) -> Iterator[Atom]:
    text = _READERS.get(shape, _text)(value)
    if text is None:
        findings.add(spot, Word.NOT_TEXT, hint="")
        return
    for part in _BETWEEN.split(text) if shape in _SEVERAL else [text]:
        left, *right = (half.strip() for half in _WITHIN.split(part, maxsplit=1))
        if not part.strip():
            continue
        if shape is not Shape.PAIRS:
            yield Atom(part.strip(), spot)
        elif left and right and right[0]:
            yield Atom(right[0], spot, left)
        else:
            findings.add(spot, Word.NOT_PAIRS, example=PAIR_EXAMPLES[key], hint="")


# --- writing


def write(path: Path, file: CommunityFile) -> None:
    """A workbook that says what the file says."""
    from openpyxl import Workbook

    workbook = Workbook()
    workbook.remove(workbook.worksheets[0])
    _add_sheet(workbook, "nodes", map(_node_row, file.nodes))
    _add_sheet(workbook, "people", map(_person_row, file.people))
    _add_sheet(workbook, "groups", map(_group_row, file.groups))
    _add_sheet(workbook, "stations", map(_station_row, file.stations))
    _add_sheet(workbook, "rota", map(_rota_row, file.rota))
    _add_sheet(workbook, "events", map(_event_row, file.events))
    _add_sheet(workbook, "stalls", (_stall_row(event, stall) for event in file.events for stall in event.stalls))
    _add_sheet(workbook, "teams", map(_team_row, file.teams))
    _add_sheet(workbook, "services", map(_service_row, file.services))
    _add_sheet(workbook, "units", map(_unit_row, file.units))
    notes = workbook.create_sheet(NOTES)
    notes.column_dimensions["A"].width = 100
    for line in _NOTES:
        notes.append([line])
    workbook.save(path)


def write_template(path: Path) -> None:
    """A workbook to fill in: headers, a small example of every kind of row, and a sheet that explains."""
    write(path, _SAMPLE)


def _add_sheet(workbook: "Workbook", section: str, rows: Iterable[Row]) -> None:
    from openpyxl.styles import Font

    sheet = workbook.create_sheet(SECTIONS[section].title)
    sheet.append(list(HEADERS[section].values()))
    for row in rows:
        sheet.append(list(row))
    for column in range(1, len(HEADERS[section]) + 1):
        sheet.cell(1, column).font = Font(bold=True)
        sheet.column_dimensions[_letter(column)].width = 24
    sheet.freeze_panes = "A2"


def _node_row(node: Node) -> Row:
    level = LEVEL_NAMES[node.level]
    return node.id, node.parent_id, level, node.name, node.building_number, "、".join(node.aliases)


def _person_row(person: PersonEntry) -> Row:
    roles = "、".join(f"{ROLE_NAMES[role]}:{node}" for role, node in person.roles)
    return person.id, person.name, person.home, roles, _address_cell(person.addresses)


def _group_row(group: GroupEntry) -> Row:
    return group.name, group.node, MEMBERS_NAMES[group.members], EAR_NAMES[group.ear], _address_cell(group.addresses)


def _station_row(station: StationEntry) -> Row:
    return station.id, station.name, station.node, station.address, station.hours


def _rota_row(duty: RotaEntry) -> Row:
    return (
        duty.station,
        DUTY_NAMES[duty.kind],
        duty.person,
        None if duty.person else duty.name,
        duty.when.words,
        duty.places,
        duty.bring,
        ON_HOLIDAY_NAMES[duty.on_holiday],
        duty.start,
    )


def _event_row(event: EventEntry) -> Row:
    return (
        event.id,
        event.name,
        event.node,
        event.when.words if event.when else None,
        event.place,
        event.bring,
        event.leader,
        ON_HOLIDAY_NAMES[event.on_holiday],
        event.start,
    )


def _stall_row(event: EventEntry, stall: StallEntry) -> Row:
    return event.id, stall.name, stall.helpers, stall.visitors, "是" if stall.item else None, stall.skill


def _team_row(team: TeamEntry) -> Row:
    return team.id, team.name, team.node, team.leader, "、".join(team.members), team.group


def _service_row(service: ServiceEntry) -> Row:
    at_home = "是" if service.at_home else None
    return service.id, service.name, service.node, service.skill, at_home, service.takers, service.minutes


def _unit_row(unit: UnitEntry) -> Row:
    return unit.id, unit.name, unit.node, unit.contact, unit.headcount


def _address_cell(addresses: Iterable[Address]) -> str:
    return "、".join(f"{address.channel}:{address.external_id}" for address in addresses)


_SAMPLE = CommunityFile(
    nodes=(
        Node("street-1", None, Level.STREET, "示例街道"),
        Node("community-1", "street-1", Level.COMMUNITY, "示例社区"),
        Node("grid-1", "community-1", Level.GRID, "第一网格"),
        Node("building-1", "grid-1", Level.BUILDING, "1号楼", 1, ("一栋",)),
    ),
    people=(
        PersonEntry("worker-1", "王示例", roles=((Role.COMMUNITY_WORKER, "community-1"),)),
        PersonEntry(
            "gridhead-1",
            "李示例",
            "building-1",
            ((Role.GRID_HEAD, "grid-1"), (Role.VOLUNTEER, "community-1")),
            (Address("wechaty", "wxid_example"),),
        ),
    ),
    groups=(GroupEntry("示例群", "community-1"),),
    stations=(StationEntry("station-1", "示例工作站", "community-1", "示例路1号一楼", "周一到周五8点半到17点半"),),
    rota=(
        RotaEntry(
            "station-1",
            DutyKind.CONGRESS_DEPUTY,
            None,
            "赵示例",
            read_rule("每月10日、20日上午9点到11点"),
            places=6,
            bring="身份证",
        ),
        RotaEntry("station-1", DutyKind.SOCIAL_WORKER, "worker-1", "王示例", read_rule("每周五下午2点到5点"), places=8),
    ),
    events=(
        EventEntry(
            "market-1",
            "示例集市",
            "community-1",
            "示例广场",
            (StallEntry("量血压", 2, 20), StallEntry("修家电", 3, 15, item=True, skill="修家电")),
            read_rule("每月第一个周末上午9点到11点"),
            leader="worker-1",
        ),
        EventEntry("lecture-1", "示例讲座", "community-1", "示例活动室", (StallEntry("听讲", 2, 40),)),
    ),
    teams=(TeamEntry("team-1", "示例队", "community-1", "gridhead-1", ("gridhead-1",)),),
    services=(
        ServiceEntry("service-1", "上门理发", "community-1", "理发", at_home=True),
        ServiceEntry("service-2", "代买代取", "community-1", "跑腿", minutes=90),
    ),
    units=(UnitEntry("unit-1", "示例单位", "community-1", "worker-1", 35),),
)

_NOTES = (
    "每行一个节点、人员、群、工作站、活动、摊位、队伍、服务、共建单位或一条值班。",
    "编号只用汉字、字母、数字、- 和 _,定了就不要改。",
    "节点「上级」填上级的编号,最高一级不填。级别:" + "、".join(LEVEL_NAMES.values()) + "。",
    "楼栋填了楼号,名称可以不填(默认「3号楼」);别名用顿号分开。",
    f"人员「职务」写成 {PAIR_EXAMPLES['roles']},冒号后面是节点编号。职务:" + "、".join(ROLE_NAMES.values()) + "。",
    f"「地址」写成 {PAIR_EXAMPLES['addresses']},没有就不填。人员「住处」填节点编号,可以不填。",
    "群「成员」:" + "、".join(MEMBERS_NAMES.values()) + "。「听法」:点名(叫到小善才答)、口令(说口令也答)。",
    "工作站「节点」填社区、街道或县的编号;「地址」和「开放时间」写给人看。没有工作站,「工作站」「值班」两张表就空着。",
    "值班「工作站」填工作站编号。「类别」:" + "、".join(DUTY_NAMES.values()) + "。",
    "值班的人在「人员」表里就填「人员」(编号),不在就填「姓名」,只填一个。",
    "「时间」写哪天、几点到几点:每周三下午2点到4点,每月10日、20日上午9点到11点,每月第一个周六上午9点到11点,隔周周三上午。",
    "「名额」不填是 6 个。「遇节假日」:顺延(不填就是,改到下一个工作日)、取消、照常。「开始」填日期,隔周的必须填。",
    "「活动」是模板。写了「时间」就自己一次次办,写法和值班一样(还有每年3月每周六、每年重阳节);不写就等人在聊天里发起。",
    "活动「负责人」填人员编号。「遇节假日」不填是照常。没有活动和队伍,「活动」「摊位」「队伍」三张表就空着。",
    "「摊位」一行一个,「活动」填活动编号。「志愿者名额」0 到 500,「取号名额」0 到 2000,不填是 0,两个不能都是 0。",
    "「报东西」填是:取号的人要说拿什么来,例如修家电。「技能」:登记了这个技能的志愿者适合这个摊位。",
    "没有写摊位的活动,有一个「志愿者」摊位,10 个志愿者名额。",
    "队伍「队长」填人员编号,「成员」填人员编号,用顿号分开。「群」填「群」表里的名称,可以不填。",
    "「服务」是居民能点的单子,按表里的先后。「技能」是谁能做,不填就按名称。「上门」填是:要进居民家里,只派社区核实过的志愿者。",
    "「人数」填 1 或 2,不填是 1;2 就是两人同行。「分钟」是一般要多久,10 到 480,不填是 60。没有就空着。",
    "「共建单位」是在职党员来报到的单位。「联系人」填人员编号,由他确认本单位的人;「人数」是该报到的人数,算报到率用。都可以不填。",
    "填好后先用 python -m bot check 检查,再用 python -m bot import 导入;改了再导入一次就行,不会重复。",
)


def _letter(column: int) -> str:
    """What a spreadsheet calls a column, counted from 1: A, Z, AA."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
