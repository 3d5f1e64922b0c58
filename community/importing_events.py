"""What importing a community file changes among the series of events and the teams of volunteers. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date

from community.community_file import EMBEDDED_CHANNELS, ON_HOLIDAY_NAMES, CommunityFile, EventEntry, TeamEntry
from community.differences import Difference, Facts, counted, difference, told
from community.parts.recurrence import OnHoliday
from storage.community_import_events import MemberRow, SeriesRow, StallValues, TeamRow
from storage.people import Address

MemberKey = tuple[str, str]
"""Team and person."""


def plan_series(file: CommunityFile, found: Mapping[str, SeriesRow], today: date) -> Difference[SeriesRow]:
    """Those without a day to start on start `today`, or when they started."""
    wanted = {event.id: _series_row(event, found.get(event.id), today) for event in file.events}
    return difference(wanted, found, [row.id for row in found.values() if row.from_file and not row.ended])


def _series_row(event: EventEntry, before: SeriesRow | None, today: date) -> SeriesRow:
    first = min(before.starts_on, today) if before else today
    return SeriesRow(
        event.id,
        event.node,
        event.name,
        event.place,
        event.when.words if event.when else "",
        event.on_holiday.name.lower(),
        tuple(
            StallValues(stall.name, stall.helpers, stall.visitors, stall.item, stall.skill) for stall in event.stalls
        ),
        event.bring,
        event.leader,
        event.start or first,
    )


def plan_teams(
    file: CommunityFile, found: Mapping[str, TeamRow], members: Mapping[MemberKey, MemberRow]
) -> Difference[TeamRow]:
    """A team of which the file names no group keeps the one that was bound in a chat."""
    wanted = {}
    for team in file.teams:
        leader = None if _has_left(members.get((team.id, team.leader or ""))) else team.leader
        row = TeamRow(team.id, team.node, team.name, leader)
        if team.id in found:
            row = replace(row, channel=found[team.id].channel, group=found[team.id].group)
        if address := _address_of(team, file):
            row = replace(row, channel=address.channel, group=address.external_id)
        wanted[team.id] = row
    return difference(wanted, found, [row.id for row in found.values() if row.from_file and not row.ended])


def _address_of(team: TeamEntry, file: CommunityFile) -> Address | None:
    """Where the team's group is: a table has room for one channel, best one outside."""
    group = next((group for group in file.groups if group.name == team.group), None)
    if group is None:
        return None
    return next(iter(group.addresses), Address(EMBEDDED_CHANNELS[0], group.name))


def plan_members(file: CommunityFile, found: Mapping[MemberKey, MemberRow]) -> Difference[MemberRow]:
    """Who was in a team by the file and has left it in a chat stays out of it, whatever the file still says."""
    wanted = {(team.id, person): MemberRow(team.id, person) for team in file.teams for person in team.members}
    in_force = {key: found[key] if _has_left(found.get(key)) else row for key, row in wanted.items()}
    return difference(in_force, found, [key for key, row in found.items() if row.from_file and not row.left])


def _has_left(row: MemberRow | None) -> bool:
    return row is not None and row.from_file and row.left


# --- saying


def added_lines(
    series: Difference[SeriesRow], teams: Difference[TeamRow], members: Difference[MemberRow]
) -> Iterator[str]:
    yield from counted("新增", "活动", [_series(row) for row in series.added])
    yield from counted("新增", "队伍", [_team(row) for row in teams.added])
    yield from counted("新增", "队员", [_member(row) for row in (*members.added, *members.changed_to)])


def changed_lines(series: Difference[SeriesRow], teams: Difference[TeamRow]) -> Iterator[str]:
    for row, changed in series.changed:
        yield f"改活动 {row.id}:{told(_series_facts(row), _series_facts(changed))}"
    for team, changed_team in teams.changed:
        yield f"改队伍 {team.id}:{told(_team_facts(team), _team_facts(changed_team))}"


def removed_lines(
    series: Difference[SeriesRow], teams: Difference[TeamRow], members: Difference[MemberRow]
) -> Iterator[str]:
    yield from (f"停办活动 {_series(row)},以前的记录仍保留" for row in series.removed)
    yield from (f"解散队伍 {_team(row)},以前的记录仍保留" for row in teams.removed)
    yield from counted("移出", "队员", [_member(row) for row in members.removed])


def _series(row: SeriesRow) -> str:
    return f"{row.name}{' ' + row.words if row.words else ''}({row.id})"


def _team(row: TeamRow) -> str:
    return f"{row.name}({row.id})"


def _member(row: MemberRow) -> str:
    return f"{row.team_id} 的 {row.person_id}"


def _series_facts(row: SeriesRow) -> Facts:
    return {
        "名称": row.name,
        "节点": row.node_id,
        "时间": row.words,
        "地点": row.place,
        "携带": row.bring,
        "负责人": row.leader_id or "",
        "遇节假日": ON_HOLIDAY_NAMES[OnHoliday[row.on_holiday.upper()]],
        "开始": row.starts_on.isoformat(),
        "摊位": "、".join(map(_stall, row.stalls)),
        "来源": "社区文件" if row.from_file else "不在文件里",
        "状态": "停办" if row.ended else "在办",
    }


def _stall(stall: StallValues) -> str:
    """量血压 4/40: places for helpers and for visitors, and what else there is to say."""
    more = "".join(f" {word}" for word in ("报东西" if stall.item else "", stall.skill) if word)
    return f"{stall.name} {stall.helpers}/{stall.visitors}{more}"


def _team_facts(row: TeamRow) -> Facts:
    return {
        "名称": row.name,
        "节点": row.node_id,
        "队长": row.leader_id or "",
        "群": row.group or "",
        "渠道": row.channel or "",
        "来源": "社区文件" if row.from_file else "不在文件里",
        "状态": "解散" if row.ended else "在",
    }
