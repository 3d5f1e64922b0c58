"""Importing a community file: what it changes, decided from what there is, and then written.

The file is the truth for what came from it, and silent about everything else: people met in chats, groups bound
in chats, addresses that somebody introduced, duties planned and teams made in chats. What disappears from the file
loses what the file gave it; its rows stay as long as the history refers to them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, tzinfo
from pathlib import Path

from community import community_yaml, importing_events, importing_services, importing_units
from community.community_file import (
    DUTY_NAMES,
    EAR_NAMES,
    EMBEDDED_CHANNELS,
    LEVEL_NAMES,
    MEMBERS_NAMES,
    ON_HOLIDAY_NAMES,
    ROLE_NAMES,
    CommunityFile,
    GroupEntry,
    PersonEntry,
    RotaEntry,
)
from community.community_file_stations import check_overlaps
from community.differences import NOTHING, Difference, Facts, counted, difference, told
from community.parts.recurrence import OnHoliday
from community.rules import CHINA
from storage import community_import as rows
from storage import community_import_events as event_rows
from storage import community_import_services as service_rows
from storage import community_import_units as unit_rows
from storage import tree
from storage.community_import import AddressRow, PersonRow, RoleRow, RotaRow, StationRow
from storage.community_import_events import MemberRow, SeriesRow, TeamRow
from storage.community_import_services import ServiceRow
from storage.community_import_units import UnitRow
from storage.database import Store
from storage.people import Address
from storage.tables import DutyKind
from storage.tree import Group, Node

__all__ = ["Changes", "Difference", "Existing", "apply", "import_community", "load", "plan"]

GroupKey = tuple[str, str]
RotaKey = tuple[str, DutyKind, str, str]
"""Station, kind, the person's name and the words of the rule: what makes a duty the same one as before."""


@dataclass(frozen=True, slots=True)
class Existing:
    """What the database holds. `referred`: nodes that cases and the like refer to."""

    nodes: Mapping[str, Node] = field(default_factory=dict)
    people: Mapping[str, PersonRow] = field(default_factory=dict)
    roles: frozenset[RoleRow] = frozenset()
    addresses: Mapping[Address, AddressRow] = field(default_factory=dict)
    groups: Mapping[GroupKey, Group] = field(default_factory=dict)
    stations: Mapping[str, StationRow] = field(default_factory=dict)
    rota: tuple[RotaRow, ...] = ()
    series: Mapping[str, SeriesRow] = field(default_factory=dict)
    teams: Mapping[str, TeamRow] = field(default_factory=dict)
    members: Mapping[tuple[str, str], MemberRow] = field(default_factory=dict)
    services: Mapping[str, ServiceRow] = field(default_factory=dict)
    units: Mapping[str, UnitRow] = field(default_factory=dict)
    referred: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Changes:
    """What an import changes. `kept`: nodes that the file no longer has but something still refers to.

    A person removed from the file keeps the bare row: `people.removed` is how it was. Stations, duties, series,
    teams, services and units that are removed have ended, and members have left; they keep their rows too.
    """

    nodes: Difference[Node] = NOTHING
    people: Difference[PersonRow] = NOTHING
    roles: Difference[RoleRow] = NOTHING
    addresses: Difference[AddressRow] = NOTHING
    groups: Difference[Group] = NOTHING
    stations: Difference[StationRow] = NOTHING
    rota: Difference[RotaRow] = NOTHING
    series: Difference[SeriesRow] = NOTHING
    teams: Difference[TeamRow] = NOTHING
    members: Difference[MemberRow] = NOTHING
    services: Difference[ServiceRow] = NOTHING
    units: Difference[UnitRow] = NOTHING
    kept: tuple[Node, ...] = ()

    @property
    def any(self) -> bool:
        """Whether anything is written."""
        of_people = self.people or self.roles or self.addresses
        of_events = self.series or self.teams or self.members or self.services or self.units
        return bool(self.nodes or of_people or self.groups or self.stations or self.rota or of_events)

    def lines(self) -> tuple[str, ...]:
        """What changed, for whoever imported the file."""
        return tuple(_lines(self)) or ("没有变化 (nothing changed)",)


def load(path: Path) -> CommunityFile:
    """Reads a community file, .xlsx or YAML. Raises `CommunityFileError`."""
    if path.suffix.lower() == ".xlsx":
        # Here, because openpyxl costs a start a third of a second that only workbooks are worth.
        from community import community_sheet

        return community_sheet.read(path)
    return community_yaml.read(path)


def import_community(store: Store, file: CommunityFile, now: datetime, zone: tzinfo = CHINA) -> Changes:
    """Makes the database say what the file says, within the caller's transaction. Doing it again changes nothing.

    Raises `CommunityFileError` before anything is written where somebody would be on duty twice at the same time.
    """
    today = now.astimezone(zone).date()
    check_overlaps(file, today)
    changes = plan(file, _existing(store, file, now), today)
    if changes.any:
        apply(store, changes, now)
    return changes


def _existing(store: Store, file: CommunityFile, now: datetime) -> Existing:
    nodes = {node.id: node for node in tree.all_nodes(store)}
    return Existing(
        nodes=nodes,
        people={person.id: person for person in rows.all_people(store)},
        roles=frozenset(rows.all_roles(store)),
        addresses={row.address: row for row in rows.all_addresses(store)},
        groups={(group.channel, group.external_id): group for group in tree.all_groups(store)},
        stations={station.id: station for station in rows.all_stations(store)},
        rota=tuple(rows.all_rotas(store, now)),
        series={series.id: series for series in event_rows.all_series(store)},
        teams={team.id: team for team in event_rows.all_teams(store)},
        members={(member.team_id, member.person_id): member for member in event_rows.all_members(store)},
        services={service.id: service for service in service_rows.all_services(store)},
        units={unit.id: unit for unit in unit_rows.all_units(store)},
        referred=rows.referred_to(store, nodes.keys() - {node.id for node in file.nodes}),
    )


def apply(store: Store, changes: Changes, now: datetime) -> None:
    """Writes the changes, in an order in which nothing refers to a row that is not there."""
    rows.add_nodes(store, changes.nodes.added)
    rows.change_nodes(store, changes.nodes.changed_to)
    rows.add_people(store, changes.people.added, now)
    rows.change_people(store, changes.people.changed_to)
    rows.change_people(store, [_bare(person) for person in changes.people.removed])
    rows.remove_roles(store, changes.roles.removed)
    rows.add_roles(store, changes.roles.added)
    rows.remove_addresses(store, changes.addresses.removed)
    rows.move_addresses(store, changes.addresses.changed_to)
    rows.add_addresses(store, changes.addresses.added)
    rows.remove_groups(store, changes.groups.removed)
    rows.change_groups(store, changes.groups.changed_to)
    rows.add_groups(store, changes.groups.added)
    _apply_stations(store, changes, now)
    _apply_events(store, changes, now)
    service_rows.add_services(store, changes.services.added)
    service_rows.change_services(store, changes.services.changed_to)
    service_rows.end_services(store, changes.services.removed, now)
    unit_rows.add_units(store, changes.units.added)
    unit_rows.change_units(store, changes.units.changed_to)
    unit_rows.end_units(store, changes.units.removed, now)
    rows.remove_nodes(store, changes.nodes.removed)
    tree.changed(store)


def _apply_stations(store: Store, changes: Changes, now: datetime) -> None:
    rows.add_stations(store, changes.stations.added)
    rows.change_stations(store, changes.stations.changed_to)
    rows.plan_anew(store, [after for before, after in changes.stations.changed if before.ended])
    rows.end_stations(store, changes.stations.removed, now)
    rows.add_rotas(store, changes.rota.added)
    rows.change_rotas(store, changes.rota.changed_to)
    rows.end_rotas(store, changes.rota.removed, now)


def _apply_events(store: Store, changes: Changes, now: datetime) -> None:
    event_rows.add_series(store, changes.series.added)
    event_rows.change_series(store, changes.series.changed_to)
    event_rows.end_series(store, changes.series.removed, now)
    event_rows.add_teams(store, changes.teams.added)
    event_rows.change_teams(store, changes.teams.changed_to)
    event_rows.end_teams(store, changes.teams.removed, now)
    event_rows.add_members(store, changes.members.added, now)
    event_rows.change_members(store, changes.members.changed_to)
    event_rows.remove_members(store, changes.members.removed, now)


# --- deciding


def plan(file: CommunityFile, existing: Existing, today: date) -> Changes:
    """What has to change. Pure. Duties and series without a day to start on start `today`."""
    people = _people(file, existing)
    groups = difference(_wanted_groups(file), existing.groups, _groups_from_file(existing))
    kept = _kept_nodes(file, existing, people, groups)
    return Changes(
        nodes=_nodes(file, existing, kept),
        people=people,
        roles=_roles(file, existing),
        addresses=_addresses(file, existing),
        groups=groups,
        stations=_stations(file, existing),
        rota=_rota(file, existing, today),
        series=importing_events.plan_series(file, existing.series, today),
        teams=importing_events.plan_teams(file, existing.teams, existing.members),
        members=importing_events.plan_members(file, existing.members),
        services=importing_services.plan_services(file, existing.services),
        units=importing_units.plan_units(file, existing.units),
        kept=kept,
    )


def _people(file: CommunityFile, existing: Existing) -> Difference[PersonRow]:
    wanted = {person.id: PersonRow(person.id, person.name, person.home) for person in file.people}
    return difference(wanted, existing.people, _people_from_file(existing))


def _people_from_file(existing: Existing) -> list[str]:
    return [person.id for person in existing.people.values() if person.from_file]


def _bare(person: PersonRow) -> PersonRow:
    """What is left of a person whom the file no longer has."""
    return replace(person, node_id=None, from_file=False)


def _roles(file: CommunityFile, existing: Existing) -> Difference[RoleRow]:
    wanted = {row: row for person in file.people for row in _role_rows(person)}
    governed = {person.id for person in file.people} | set(_people_from_file(existing))
    found = {row: row for row in existing.roles}
    of_file = sorted((row for row in found if row.person_id in governed), key=lambda row: (row.person_id, row.role))
    return difference(wanted, found, of_file)


def _role_rows(person: PersonEntry) -> Iterator[RoleRow]:
    for role, node_id in person.roles:
        yield RoleRow(person.id, role, node_id)


def _addresses(file: CommunityFile, existing: Existing) -> Difference[AddressRow]:
    wanted = {row.address: row for person in file.people for row in _address_rows(person)}
    governed = {person.id for person in file.people} | set(_people_from_file(existing))
    # Whether somebody has written from an address is none of the file's business, so it makes no difference.
    heard = {address: row.heard for address, row in existing.addresses.items()}
    wanted = {address: replace(row, heard=heard.get(address, False)) for address, row in wanted.items()}
    of_file = [row.address for row in existing.addresses.values() if row.person_id in governed and _is_of_file(row)]
    return difference(wanted, existing.addresses, of_file)


def _address_rows(person: PersonEntry) -> Iterator[AddressRow]:
    embedded = (Address(channel, person.id) for channel in EMBEDDED_CHANNELS)
    for address in (*embedded, *person.addresses):
        yield AddressRow(address, person.id)


def _is_of_file(row: AddressRow) -> bool:
    """Addresses don't say where they came from. One that has been heard from may be a person's own introduction."""
    own = row.address.channel in EMBEDDED_CHANNELS and row.address.external_id == row.person_id
    return own or not row.heard


def _wanted_groups(file: CommunityFile) -> dict[GroupKey, Group]:
    return {(row.channel, row.external_id): row for group in file.groups for row in _group_rows(group)}


def _group_rows(group: GroupEntry) -> Iterator[Group]:
    embedded = (Address(channel, group.name) for channel in EMBEDDED_CHANNELS)
    for address in (*embedded, *group.addresses):
        yield Group(address.channel, address.external_id, group.name, group.node, group.members, group.ear)


def _groups_from_file(existing: Existing) -> list[GroupKey]:
    """Groups don't say where they came from. One that is in every embedded channel at once was bound by a file."""
    names = {name for _, name in existing.groups}
    imported = [name for name in names if all((channel, name) in existing.groups for channel in EMBEDDED_CHANNELS)]
    return [(channel, name) for name in sorted(imported) for channel in EMBEDDED_CHANNELS]


def _stations(file: CommunityFile, existing: Existing) -> Difference[StationRow]:
    wanted = {
        station.id: StationRow(station.id, station.node, station.name, station.address, station.hours)
        for station in file.stations
    }
    in_force = [station.id for station in existing.stations.values() if not station.ended]
    return difference(wanted, existing.stations, in_force)


def _rota(file: CommunityFile, existing: Existing, today: date) -> Difference[RotaRow]:
    found = _comparable_duties(file, existing)
    pairs = [(before := found.get(_duty_key(duty)), _duty_row(duty, before, today)) for duty in file.rota]
    kept = {before.id for before, _ in pairs if before}
    return Difference(
        added=tuple(row for before, row in pairs if before is None),
        changed=tuple((before, row) for before, row in pairs if before is not None and before != row),
        removed=tuple(row for row in existing.rota if row.from_file and not row.ended and row.id not in kept),
    )


def _comparable_duties(file: CommunityFile, existing: Existing) -> dict[RotaKey, RotaRow]:
    """The duties that can become the file's: those in force, or else the last of the file's that can go on.

    Somebody whose name the file has corrected is found under the new one.
    """
    names = {person.id: person.name for person in file.people}
    usable = [row for row in existing.rota if not row.ended or (row.from_file and row.resumable)]
    in_order = sorted(usable, key=lambda row: (not row.ended, row.from_file))
    return {
        (row.station_id, row.kind, names.get(row.person_id or "", row.person_name), row.words): row for row in in_order
    }


def _duty_key(duty: RotaEntry) -> RotaKey:
    return duty.station, duty.kind, duty.name, duty.when.words


def _duty_row(duty: RotaEntry, before: RotaRow | None, today: date) -> RotaRow:
    """The row of a duty, in the place of the one `before`."""
    first = min(before.starts_on, today) if before else today
    return RotaRow(
        before.id if before else None,
        duty.station,
        duty.kind,
        duty.person,
        duty.name,
        duty.when.words,
        duty.places,
        duty.on_holiday.name.lower(),
        duty.bring,
        duty.start or first,
        resumable=before.resumable if before else True,
    )


def _nodes(file: CommunityFile, existing: Existing, kept: Sequence[Node]) -> Difference[Node]:
    """A kept node is found under its name only: its number may be another building's by now."""
    wanted = {node.id: node for node in file.nodes}
    wanted |= {node.id: replace(node, building_number=None, aliases=()) for node in kept}
    parents = {node_id: node.parent_id for node_id, node in {**existing.nodes, **wanted}.items()}
    found = difference(wanted, existing.nodes, existing.nodes)
    return replace(
        found,
        added=tuple(sorted(found.added, key=lambda node: _depth(node.id, parents))),
        removed=tuple(sorted(found.removed, key=lambda node: -_depth(node.id, parents))),
    )


def _depth(node_id: str, parents: Mapping[str, str | None]) -> int:
    return len(_upwards(node_id, parents))


def _upwards(node_id: str | None, parents: Mapping[str, str | None]) -> list[str]:
    found = []
    while node_id is not None:
        found.append(node_id)
        node_id = parents.get(node_id)
    return found


def _kept_nodes(
    file: CommunityFile, existing: Existing, people: Difference[PersonRow], groups: Difference[Group]
) -> tuple[Node, ...]:
    """Nodes gone from the file that something still refers to, and what these hang on."""
    gone = existing.nodes.keys() - {node.id for node in file.nodes}
    parents = {node_id: node.parent_id for node_id, node in existing.nodes.items()}
    referred = existing.referred | _referred_by_others(existing, people, groups) | _nodes_of_ended(file, existing)
    kept = {above for node_id in gone & referred for above in _upwards(node_id, parents)}
    return tuple(existing.nodes[node_id] for node_id in sorted(gone & kept))


def _referred_by_others(
    existing: Existing, people: Difference[PersonRow], groups: Difference[Group]
) -> set[str | None]:
    """Nodes that rows which the file does not govern refer to: strangers' homes and roles, groups bound in chats."""
    governed = {*_people_from_file(existing), *(after.id for after in people.changed_to)}
    rewritten = {*groups.removed, *(before for before, _ in groups.changed)}
    return {
        *(person.node_id for person in existing.people.values() if person.id not in governed),
        *(role.node_id for role in existing.roles if role.person_id not in governed),
        *(group.node_id for group in existing.groups.values() if group not in rewritten),
    }


def _nodes_of_ended(file: CommunityFile, existing: Existing) -> set[str]:
    """Nodes of stations, series, teams, services and units that the file does not have: their rows stay."""
    stations, series, teams = ({entry.id for entry in entries} for entries in (file.stations, file.events, file.teams))
    services, units = {entry.id for entry in file.services}, {entry.id for entry in file.units}
    return {
        *(row.node_id for row in existing.stations.values() if row.id not in stations),
        *(row.node_id for row in existing.series.values() if row.id not in series),
        *(row.node_id for row in existing.teams.values() if row.id not in teams),
        *(row.node_id for row in existing.services.values() if row.id not in services),
        *(row.node_id for row in existing.units.values() if row.id not in units),
    }


# --- saying


def _lines(changes: Changes) -> Iterator[str]:
    yield from counted("新增", "节点", [_node(node) for node in changes.nodes.added])
    yield from counted("新增", "人员", [_person(person) for person in changes.people.added])
    yield from counted("新增", "职务", [_role(role) for role in changes.roles.added])
    yield from counted("新增", "地址", [_address(row) for row in changes.addresses.added])
    yield from counted("新增", "群", _merged_groups(changes.groups.added))
    yield from counted("新增", "工作站", [_station(station) for station in changes.stations.added])
    yield from counted("新增", "值班", [_duty(duty) for duty in changes.rota.added], ";")
    yield from importing_events.added_lines(changes.series, changes.teams, changes.members)
    yield from importing_services.added_lines(changes.services)
    yield from importing_units.added_lines(changes.units)
    for node, changed_node in changes.nodes.changed:
        if node not in changes.kept:
            yield f"改节点 {node.id}:{told(_node_facts(node), _node_facts(changed_node))}"
    for person, changed_person in changes.people.changed:
        yield f"改人员 {person.id}:{told(_person_facts(person), _person_facts(changed_person))}"
    for address, changed_address in changes.addresses.changed:
        yield f"改地址 {_address(address)} → {changed_address.person_id}"
    for group, changed_group in _merged_changes(changes.groups.changed):
        yield f"改群 {group.name}:{told(_group_facts(group), _group_facts(changed_group))}"
    for station, changed_station in changes.stations.changed:
        yield f"改工作站 {station.id}:{told(_station_facts(station), _station_facts(changed_station))}"
    for duty, changed_duty in changes.rota.changed:
        yield f"改值班 {_duty(duty)}:{told(_duty_facts(duty), _duty_facts(changed_duty))}"
    yield from importing_events.changed_lines(changes.series, changes.teams)
    yield from importing_services.changed_lines(changes.services)
    yield from importing_units.changed_lines(changes.units)
    yield from (f"移除节点 {_node(node)}" for node in changes.nodes.removed)
    yield from (f"移出人员 {_person(person)},办过的事仍保留" for person in changes.people.removed)
    yield from counted("移除", "职务", [_role(role) for role in changes.roles.removed])
    yield from counted("移除", "地址", [_address(row) for row in changes.addresses.removed])
    yield from (f"移除群 {name}" for name in _merged_groups(changes.groups.removed))
    yield from (f"停办工作站 {_station(station)},以前的记录仍保留" for station in changes.stations.removed)
    yield from (f"结束值班 {_duty(duty)}" for duty in changes.rota.removed)
    yield from importing_events.removed_lines(changes.series, changes.teams, changes.members)
    yield from importing_services.removed_lines(changes.services)
    yield from importing_units.removed_lines(changes.units)
    yield from (
        f"保留节点 {_node(node)}:文件里没有了,但还有诉求、人员、群、工作站或活动用着它" for node in changes.kept
    )


def _node(node: Node) -> str:
    return f"{node.name}({node.id})"


def _person(person: PersonRow) -> str:
    return f"{person.name}({person.id})"


def _role(row: RoleRow) -> str:
    return f"{row.person_id} 的{ROLE_NAMES[row.role]}({row.node_id})"


def _address(row: AddressRow) -> str:
    return f"{row.person_id} 的 {row.address.channel} {row.address.external_id}"


def _station(station: StationRow) -> str:
    return f"{station.name}({station.id})"


def _duty(duty: RotaRow) -> str:
    return f"{DUTY_NAMES[duty.kind]}{duty.person_name} {duty.words}({duty.station_id})"


def _merged_groups(groups: Iterable[Group]) -> list[str]:
    """Each group once, in however many channels it is."""
    return list(dict.fromkeys(group.name for group in groups))


def _merged_changes(changed: Iterable[tuple[Group, Group]]) -> list[tuple[Group, Group]]:
    """Changes that read alike once, in however many channels they happen."""
    told = {(tuple(_group_facts(old).values()), new.name): (old, new) for old, new in changed}
    return list(told.values())


def _node_facts(node: Node) -> Facts:
    return {
        "名称": node.name,
        "上级": node.parent_id or "",
        "级别": LEVEL_NAMES[node.level],
        "楼号": str(node.building_number or ""),
        "别名": "、".join(node.aliases),
    }


def _person_facts(person: PersonRow) -> Facts:
    return {
        "姓名": person.name,
        "住处": person.node_id or "",
        "来源": "社区文件" if person.from_file else "不在文件里",
    }


def _group_facts(group: Group) -> Facts:
    return {
        "名称": group.name,
        "节点": group.node_id,
        "成员": MEMBERS_NAMES[group.members],
        "听法": EAR_NAMES[group.ear],
    }


def _station_facts(station: StationRow) -> Facts:
    return {
        "名称": station.name,
        "节点": station.node_id,
        "地址": station.address,
        "开放时间": station.hours,
        "状态": "停办" if station.ended else "开办",
    }


def _duty_facts(duty: RotaRow) -> Facts:
    return {
        "姓名": duty.person_name,
        "人员": duty.person_id or "",
        "名额": str(duty.places),
        "要带": duty.bring,
        "遇节假日": ON_HOLIDAY_NAMES[OnHoliday[duty.on_holiday.upper()]],
        "开始": duty.starts_on.isoformat(),
        "来源": "社区文件" if duty.from_file else "不在文件里",
        "状态": "结束" if duty.ended else "在值",
    }
