"""Reading and writing what a community file is compared with: series of events, teams and who is in them."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from storage.community_import import write
from storage.database import Store
from storage.tables import event_series, team_members, teams


@dataclass(frozen=True, slots=True)
class StallValues:
    """A stall as a series keeps it."""

    name: str
    helpers: int
    visitors: int
    item: bool
    skill: str


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """A template of events, or with `words`, which are a rule, a series. `on_holiday` is move, skip or keep."""

    id: str
    node_id: str
    name: str
    place: str
    words: str
    on_holiday: str
    stalls: tuple[StallValues, ...]
    bring: str
    leader_id: str | None
    starts_on: date
    from_file: bool = True
    ended: bool = False


@dataclass(frozen=True, slots=True)
class TeamRow:
    """A team. `channel` and `group` say where its own group is."""

    id: str
    node_id: str
    name: str
    leader_id: str | None
    channel: str | None = None
    group: str | None = None
    from_file: bool = True
    ended: bool = False


@dataclass(frozen=True, slots=True)
class MemberRow:
    """Who is in a team. `from_file` and `left`: the file has put them there, and they have left by themselves."""

    team_id: str
    person_id: str
    from_file: bool = True
    left: bool = False


_SERIES = select(
    event_series.c.id,
    event_series.c.node_id,
    event_series.c.name,
    event_series.c.place,
    event_series.c.words,
    event_series.c.on_holiday,
    event_series.c.stalls,
    event_series.c.bring,
    event_series.c.leader_id,
    event_series.c.starts_on,
    event_series.c.from_file,
    event_series.c.ended_at.is_not(None).label("ended"),
).order_by(event_series.c.id)
_TEAMS = select(
    teams.c.id,
    teams.c.node_id,
    teams.c.name,
    teams.c.leader_id,
    teams.c.channel,
    teams.c.group_external_id,
    teams.c.from_file,
    teams.c.ended_at.is_not(None),
).order_by(teams.c.id)
_MEMBERS = select(
    team_members.c.team_id,
    team_members.c.person_id,
    team_members.c.from_file,
    team_members.c.left_at.is_not(None),
).order_by(*team_members.primary_key)

_INSERT_SERIES = insert(event_series)
_UPDATE_SERIES = update(event_series).where(event_series.c.id == bindparam("at_id"))
_INSERT_TEAM = insert(teams)
_UPDATE_TEAM = update(teams).where(teams.c.id == bindparam("at_id"))
_INSERT_MEMBER = insert(team_members)
_UPDATE_MEMBER = update(team_members).where(
    team_members.c.team_id == bindparam("at_team"), team_members.c.person_id == bindparam("at_person")
)


def all_series(store: Store) -> list[SeriesRow]:
    """Every template and series, also those that have ended."""
    return [_series(dict(row)) for row in store.connection.execute(_SERIES).mappings()]


def all_teams(store: Store) -> list[TeamRow]:
    """Every team, also those that have ended."""
    return [TeamRow(*row) for row in store.connection.execute(_TEAMS)]


def all_members(store: Store) -> list[MemberRow]:
    """Everybody who is or was in a team."""
    return [MemberRow(*row) for row in store.connection.execute(_MEMBERS)]


def add_series(store: Store, rows: Iterable[SeriesRow]) -> None:
    write(store, _INSERT_SERIES, [{"id": row.id, **_series_values(row)} for row in rows])


def change_series(store: Store, rows: Iterable[SeriesRow]) -> None:
    """They are in force, and their events are to be planned anew."""
    write(store, _UPDATE_SERIES, [{"at_id": row.id, **_series_values(row)} for row in rows])


def end_series(store: Store, rows: Iterable[SeriesRow], now: datetime) -> None:
    """They are no longer in force. The rows stay."""
    write(store, _UPDATE_SERIES, [{"at_id": row.id, "ended_at": now} for row in rows])


def add_teams(store: Store, rows: Iterable[TeamRow]) -> None:
    write(store, _INSERT_TEAM, [{"id": row.id, **_team_values(row)} for row in rows])


def change_teams(store: Store, rows: Iterable[TeamRow]) -> None:
    """What is said of them; those that had ended are there again."""
    write(store, _UPDATE_TEAM, [{"at_id": row.id, **_team_values(row)} for row in rows])


def end_teams(store: Store, rows: Iterable[TeamRow], now: datetime) -> None:
    """They are no longer there. The rows stay."""
    write(store, _UPDATE_TEAM, [{"at_id": row.id, "ended_at": now} for row in rows])


def add_members(store: Store, rows: Iterable[MemberRow], now: datetime) -> None:
    values = [{"team_id": row.team_id, "person_id": row.person_id, "joined_at": now, "from_file": True} for row in rows]
    write(store, _INSERT_MEMBER, values)


def change_members(store: Store, rows: Iterable[MemberRow]) -> None:
    """They are in the team by the file, those who had left it again."""
    values = [{**_member_key(row), "from_file": True, "left_at": None} for row in rows]
    write(store, _UPDATE_MEMBER, values)


def remove_members(store: Store, rows: Iterable[MemberRow], now: datetime) -> None:
    """They have left, and not by themselves: the file can have them again."""
    write(store, _UPDATE_MEMBER, [{**_member_key(row), "from_file": False, "left_at": now} for row in rows])


def _series(values: dict[str, Any]) -> SeriesRow:
    """A row, whoever wrote its stalls."""
    stalls = tuple(
        StallValues(
            stall["name"],
            stall.get("helpers", 0),
            stall.get("visitors", 0),
            stall.get("item", False),
            stall.get("skill", ""),
        )
        for stall in values["stalls"]
    )
    return SeriesRow(**{**values, "stalls": stalls})


def _series_values(row: SeriesRow) -> dict[str, Any]:
    return {
        "node_id": row.node_id,
        "name": row.name,
        "place": row.place,
        "words": row.words,
        "on_holiday": row.on_holiday,
        "stalls": [asdict(stall) for stall in row.stalls],
        "bring": row.bring,
        "leader_id": row.leader_id,
        "starts_on": row.starts_on,
        "from_file": row.from_file,
        "planned_to": None,
        "ended_at": None,
    }


def _team_values(row: TeamRow) -> dict[str, Any]:
    return {
        "node_id": row.node_id,
        "name": row.name,
        "leader_id": row.leader_id,
        "channel": row.channel,
        "group_external_id": row.group,
        "from_file": row.from_file,
        "ended_at": None,
    }


def _member_key(row: MemberRow) -> dict[str, Any]:
    return {"at_team": row.team_id, "at_person": row.person_id}
