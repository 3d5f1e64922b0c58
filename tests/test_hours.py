"""Hours: credited once, corrected with a reason and never below zero; stars; how leaders type what they want."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError

from bot.app import rules_of
from bot.config import SettingsError, load
from community import Community
from community.people import Person
from community.refused import Refused
from community.rules import CHINA, Rules
from community.tree import Tree
from community.volunteers.hours import A_DAY, Change, Named, by_kind, by_team, by_year
from community.volunteers.stars import next_star, stars_for
from handlers.hearing.amounts import HoursWanted, read_hours
from handlers.speaking.amounts import in_hours
from handlers.speaking.names import masked
from storage import hours, market, sign_ups, tree
from storage.database import Database, Store
from storage.market import Event
from storage.tables import EventState, SignUpPart, SignUpState, people, team_members, teams, volunteers
from storage.tables import hours as hours_table

NOW = datetime(2026, 12, 6, 12, tzinfo=CHINA)
DAY = date(2026, 12, 5)
STAR_HOURS = Rules().star_hours
WORKER = Person("worker", "杨静")
LEADER = Person("resident-1-201", "唐佳怡")
RESIDENT = Person("resident-3-501", "赵晓梅")
VOLUNTEER = Named("volunteer-repair", "许大勇", "xingfu")


@contextmanager
def opened(database: Database) -> Iterator[Community]:
    with database.begin() as store:
        grown = Tree.grow(tree.all_nodes(store), tree.all_roles(store), tree.all_groups(store))
        yield Community.open(store, grown, Rules(), {})


def store_of(community: Community) -> Store:
    return community.volunteers.hours.store


def an_event(store: Store, leader_id: str | None = LEADER.id, begins: datetime | None = None) -> Event:
    begins = begins or datetime(2026, 12, 5, 9, tzinfo=CHINA)
    identity = market.add(
        store,
        series_id=None,
        planned_on=begins.date(),
        node_id="xingfu",
        name="雷锋集市",
        place="文化广场",
        begins_at=begins,
        ends_at=begins + timedelta(hours=2),
        bring="",
        leader_id=leader_id,
        state=EventState.OPEN,
        code="4821",
        changed_at=NOW,
    )
    market.add_stall(store, event_id=identity, position=1, name="修家电", helpers=50)
    found = market.by_id(store, identity)
    assert found is not None
    return found


def a_helper(store: Store, event: Event, person_id: str, place: int = 1) -> int:
    ((stall,),) = market.stalls_of(store, [event.id]).values()
    row = {"event_id": event.id, "stall_id": stall.id, "part": SignUpPart.HELPER, "person_id": person_id}
    row |= {"place": place, "state": SignUpState.LEFT, "signed_at": NOW, "changed_at": NOW}
    return sign_ups.add(store, row)


def credit(community: Community, sign_up: int, event: Event, minutes: int, person: str = VOLUNTEER.person_id) -> Any:
    return community.volunteers.hours.credit(sign_up, event, person, minutes, DAY, "雷锋集市", event.name, None, NOW)


def correct(community: Community, minutes: int, *, actor: Person = WORKER, named: Named = VOLUNTEER) -> Any:
    return community.volunteers.hours.correct(actor, named, Change(minutes), "忘了签到", NOW)


# --- credited -----------------------------------------------------------------------------------------------


def test_a_sign_up_is_credited_once(database: Database) -> None:
    with opened(database) as community:
        event = an_event(store_of(community))
        sign_up = a_helper(store_of(community), event, VOLUNTEER.person_id)
        first, second = (credit(community, sign_up, event, minutes) for minutes in (120, 150))
        assert (first.minutes, first.total, first.is_new) == (120, 120, True)
        assert (second.minutes, second.total, second.is_new) == (120, 120, False)
        assert [entry.minutes for entry in community.volunteers.hours.of_event(event.id)] == [120]


def test_the_database_keeps_a_second_credit_out(database: Database) -> None:
    with pytest.raises(IntegrityError), opened(database) as community:
        store = store_of(community)
        event = an_event(store)
        sign_up = a_helper(store, event, VOLUNTEER.person_id)
        credit(community, sign_up, event, 120)
        given = hours.of_sign_up(store, sign_up)
        assert given is not None
        row = {name: getattr(given, name) for name in given.__slots__ if name != "id"}
        hours.add(store, row)


@pytest.mark.parametrize("minutes", [0, -5, A_DAY + 1])
def test_no_time_and_more_than_a_day_are_not_credited(database: Database, minutes: int) -> None:
    with opened(database) as community:
        event = an_event(store_of(community))
        with pytest.raises(Refused, match="absurd"):
            credit(community, 1, event, minutes)


# --- corrected ----------------------------------------------------------------------------------------------


def test_a_correction_of_an_event_is_so_many_in_all(database: Database) -> None:
    with opened(database) as community:
        store = store_of(community)
        event = an_event(store)
        credit(community, a_helper(store, event, VOLUNTEER.person_id), event, 300)
        named = Named(VOLUNTEER.person_id, VOLUNTEER.name, "xingfu", event.id)
        outcome = community.volunteers.hours.correct(LEADER, named, Change(120, to_be=True), "忘了签退", NOW)
        assert (outcome.minutes, outcome.total, outcome.what) == (-180, 120, "雷锋集市")
        with pytest.raises(Refused, match="as_it_is"):
            community.volunteers.hours.check(LEADER, named, Change(120, to_be=True), NOW)
        with pytest.raises(Refused, match="below_zero"):
            community.volunteers.hours.check(LEADER, named, Change(-121), NOW)


def test_whoever_leads_an_event_or_a_team_corrects_those_in_it_and_nobody_else(database: Database) -> None:
    with opened(database) as community:
        store, account = store_of(community), community.volunteers.hours
        with pytest.raises(Refused, match="nobody_called"):
            account.meant(LEADER, VOLUNTEER.name, None, NOW)
        with pytest.raises(Refused, match="not_for_you"):
            correct(community, 60, actor=LEADER)
        event = an_event(store)
        a_helper(store, event, VOLUNTEER.person_id)
        assert [each.event_id for each in account.meant(LEADER, VOLUNTEER.name, None, NOW)] == [event.id]
        assert account.meant(LEADER, VOLUNTEER.name, event.id, NOW)
        with pytest.raises(Refused, match="no_such_event"):
            account.meant(RESIDENT, VOLUNTEER.name, event.id, NOW)
        team = {"id": "hours-team", "node_id": "xingfu", "name": "试试队", "leader_id": RESIDENT.id, "from_file": False}
        store.connection.execute(insert(teams), team)
        member = {"team_id": "hours-team", "person_id": VOLUNTEER.person_id, "joined_at": NOW}
        store.connection.execute(insert(team_members), member)
        (found,) = account.meant(RESIDENT, VOLUNTEER.name, None, NOW)
        assert correct(community, 60, actor=RESIDENT, named=found).total == 60


def test_an_event_of_long_ago_is_not_meant_without_its_number(database: Database) -> None:
    with opened(database) as community:
        store = store_of(community)
        event = an_event(store, begins=NOW - timedelta(days=100))
        a_helper(store, event, VOLUNTEER.person_id)
        with pytest.raises(Refused, match="nobody_called"):
            community.volunteers.hours.meant(LEADER, VOLUNTEER.name, None, NOW)
        assert community.volunteers.hours.meant(LEADER, VOLUNTEER.name, event.id, NOW)


def test_several_of_one_name_are_told_apart(database: Database) -> None:
    with opened(database) as community:
        store = store_of(community)
        for number in (1, 2):
            person = {"id": f"wang-{number}", "name": "王芳", "node_id": f"building-{number}", "created_at": NOW}
            entry = {"person_id": f"wang-{number}", "node_id": "xingfu", "name": "王芳", "skills": [], "free": []}
            store.connection.execute(insert(people), person)
            store.connection.execute(insert(volunteers), entry | {"since": NOW})
        found = community.volunteers.hours.meant(WORKER, "王芳", None, NOW)
        assert {each.person_id for each in found} == {"wang-1", "wang-2"}


def test_a_leader_does_not_correct_their_own(database: Database) -> None:
    with opened(database) as community:
        event = an_event(store_of(community))
        a_helper(store_of(community), event, LEADER.id)
        with pytest.raises(Refused, match="not_oneself"):
            community.volunteers.hours.meant(LEADER, LEADER.name, event.id, NOW)
        oneself = Named(LEADER.id, LEADER.name, "xingfu", event.id)
        with pytest.raises(Refused, match="not_oneself"):
            correct(community, 60, actor=LEADER, named=oneself)
        with pytest.raises(Refused, match="no_reason"):
            community.volunteers.hours.correct(WORKER, VOLUNTEER, Change(60), " ", NOW)


@pytest.mark.parametrize("wrong", [{"given_by": VOLUNTEER.person_id, "reason": "x"}, {"given_by": "worker"}])
def test_the_database_keeps_corrections_by_oneself_and_without_a_reason_out(
    database: Database, wrong: dict[str, str]
) -> None:
    row = {"person_id": VOLUNTEER.person_id, "node_id": "xingfu", "on_day": DAY, "minutes": 60, "kind": "", "what": ""}
    row |= {"team_id": None, "event_id": None, "sign_up_id": None, "reason": "", "given_by": None, "at": NOW}
    with pytest.raises(IntegrityError), database.begin() as store:
        hours.add(store, row | wrong)


class Undone(Exception):
    """Ends a transaction without leaving anything behind."""


step = st.tuples(st.sampled_from(["credit", "again", "correct"]), st.integers(-200, 400))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(step, max_size=12))
def test_whatever_is_done_the_rows_are_the_total_and_never_below_zero(
    database: Database, steps: list[tuple[str, int]]
) -> None:
    with pytest.raises(Undone), opened(database) as community:
        store, credited = store_of(community), list[tuple[int, Event]]()
        for place, (what, minutes) in enumerate(steps, start=1):
            before = community.volunteers.hours.total(VOLUNTEER.person_id)
            try:
                if what == "again" and credited:
                    credit(community, *credited[-1], minutes)
                elif what == "correct":
                    correct(community, minutes)
                else:
                    event = an_event(store)
                    sign_up = a_helper(store, event, VOLUNTEER.person_id, place)
                    credit(community, sign_up, event, minutes)
                    credited.append((sign_up, event))
            except Refused:
                assert community.volunteers.hours.total(VOLUNTEER.person_id) == before
            _check(community, store)
        raise Undone


def _check(community: Community, store: Store) -> None:
    entries = community.volunteers.hours.of_person(VOLUNTEER.person_id)
    total = community.volunteers.hours.total(VOLUNTEER.person_id)
    assert total == sum(entry.minutes for entry in entries) >= 0
    assert sum(by_kind(entries).values()) == sum(by_team(entries).values()) == sum(by_year(entries).values()) == total
    given = [entry.sign_up_id for entry in entries if entry.given_by is None]
    assert len(given) == len(set(given))
    assert store.connection.execute(select(func.count()).select_from(hours_table)).scalar_one() == len(entries)


@pytest.mark.postgresql
def test_many_who_take_hours_at_once_take_no_more_than_there_are(postgresql_database: Database) -> None:
    with opened(postgresql_database) as community:
        correct(community, 60)
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(partial(_take, postgresql_database), [-40] * 4))
    with opened(postgresql_database) as community:
        assert done.count(True) == 1
        assert community.volunteers.hours.total(VOLUNTEER.person_id) == 20


def _take(database: Database, minutes: int) -> bool:
    with opened(database) as community:
        try:
            correct(community, minutes)
        except Refused:
            return False
    return True


# --- stars --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("in_all", "stars"), [(0, 0), (99.9, 0), (100, 1), (299, 1), (300, 2), (600, 3), (1000, 4), (1500, 5), (9999, 5)]
)
def test_stars_are_those_of_the_national_rule(in_all: float, stars: int) -> None:
    assert stars_for(round(in_all * 60), STAR_HOURS) == stars


@given(st.integers(0, 100_000))
def test_what_is_missing_to_the_next_star_gives_it(minutes: int) -> None:
    following = next_star(minutes, STAR_HOURS)
    if following is None:
        assert stars_for(minutes, STAR_HOURS) == len(STAR_HOURS)
    else:
        assert following.missing > 0
        assert stars_for(minutes + following.missing, STAR_HOURS) == following.stars
        assert stars_for(minutes + following.missing - 1, STAR_HOURS) == following.stars - 1


def test_a_star_is_told_once_when_it_is_reached(database: Database) -> None:
    with opened(database) as community:
        store = store_of(community)
        told = []
        for number in range(6):
            event = an_event(store, begins=NOW - timedelta(days=number + 1))
            sign_up = a_helper(store, event, VOLUNTEER.person_id, number + 1)
            given = community.volunteers.hours.credit(
                sign_up, event, VOLUNTEER.person_id, 1200, event.planned_on, "雷锋集市", event.name, None, NOW
            )
            told.append(given.star)
        (star,) = [each for each in told if each is not None]
        assert (star.stars, star.total) == (1, 100 * 60)
        assert told.index(star) == 4
        assert WORKER.id in star.tell


# --- words --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("王芳 +1.5 忘了签到", HoursWanted(None, "王芳", 90, False, "忘了签到")),
        ("王芳 -0.5 早走", HoursWanted(None, "王芳", -30, False, "早走")),
        ("E012 王芳 2小时 忘了签退", HoursWanted(12, "王芳", 120, True, "忘了签退")),
        ("王芳+2忘了签到", HoursWanted(None, "王芳", 120, False, "忘了签到")),
        ("王芳减半小时", HoursWanted(None, "王芳", -30, False, "")),
        ("王加 +1", HoursWanted(None, "王加", 60, False, "")),
        ("王芳 加一个半小时 守夜", HoursWanted(None, "王芳", 90, False, "守夜")),
        ("王芳的时长加两小时", HoursWanted(None, "王芳", 120, False, "")),
        ("王一 +90分钟 x", HoursWanted(None, "王一", 90, False, "x")),
        ("e12王芳 1小时20分", HoursWanted(12, "王芳", 80, True, "")),
    ],
)
def test_what_a_leader_types(words: str, wanted: HoursWanted) -> None:
    assert read_hours(words) == wanted


@pytest.mark.parametrize("words", ["", "王芳", "王芳 很多", "+1", "王芳 +1e5", "王芳 1.5.5", "王芳 12月5日"])
def test_what_has_no_name_or_no_amount_is_not_guessed_at(words: str) -> None:
    assert read_hours(words) is None


@given(st.text(max_size=200))
def test_no_words_break_it(words: str) -> None:
    wanted = read_hours(words)
    assert wanted is None or wanted.name


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (0, "0小时"),
        (30, "0.5小时"),
        (35, "35分钟"),
        (60, "1小时"),
        (95, "1小时35分"),
        (750, "12.5小时"),
        (-30, "-0.5小时"),
    ],
)
def test_hours_as_they_are_read(minutes: int, words: str) -> None:
    assert in_hours(minutes) == words


def test_a_masked_name_does_not_show_its_length() -> None:
    assert {masked("王芳"), masked("王小二三"), masked("王")} == {"王**"}


# --- settings -----------------------------------------------------------------------------------------------


def test_a_place_may_have_stars_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("star_hours: [50, 200]\n", encoding="utf-8")
    assert rules_of(load(file, {})).star_hours == (50, 200)
    assert rules_of(load(None, {})).star_hours == STAR_HOURS


@pytest.mark.parametrize("wrong", ["[]", "[300, 100]", "[100, 100]", "[0, 100]", "[100, x]", "100", "[1.5]", "[true]"])
def test_stars_that_do_not_rise_are_told_with_their_line(tmp_path: Path, wrong: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(f"bot_name: 小善\nstar_hours: {wrong}\n", encoding="utf-8")
    with pytest.raises(SettingsError) as problem:
        load(file, {})
    (line,) = problem.value.lines()
    assert line.startswith(f"{file}:2: star_hours: ")
