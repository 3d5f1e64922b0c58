"""Whom a task fits: the pure rules, and the candidates that the tables give."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select, update

from community.rules import CHINA
from community.tasks.fit import DAYS, MOST_ASKED, MOST_CLAIMS, PARTS, Candidate, Distance, Wanted, best, is_free, suits
from storage import task_dispatch, tasks, volunteers
from storage.database import Database, Store
from storage.tables import TaskState, addresses, people, task_pushes, volunteer_skills
from storage.task_dispatch import Search
from storage.volunteers import Volunteer

NOW = datetime(2026, 12, 1, 9, tzinfo=CHINA)
THURSDAY = datetime(2026, 12, 3, tzinfo=CHINA)
ANY_TIME = Wanted(at_home=False, urgent=False)
AT_HOME = Wanted(at_home=True, urgent=False)
MORNING = Wanted(
    at_home=False,
    urgent=False,
    from_at=THURSDAY.replace(hour=8),
    until_at=THURSDAY.replace(hour=12),
)


def candidate(name: str, distance: Distance = Distance.COMMUNITY, *, load: int = 0, asked: int = 0) -> Candidate:
    return Candidate(name, distance, load=load, asked=asked)


# --- who may be asked at all ------------------------------------------------------------------------------------


def test_nobody_unconfirmed_goes_into_a_home() -> None:
    unknown = Candidate("wang", Distance.BUILDING, confirmed=False)
    assert not suits(unknown, AT_HOME)
    assert not suits(unknown, Wanted(at_home=True, urgent=True))
    assert suits(unknown, ANY_TIME)


def test_who_has_enough_to_do_or_was_asked_thrice_is_left_alone() -> None:
    assert suits(candidate("wang", load=MOST_CLAIMS - 1, asked=MOST_ASKED - 1), ANY_TIME)
    assert not suits(candidate("wang", load=MOST_CLAIMS), ANY_TIME)
    assert not suits(candidate("wang", asked=MOST_ASKED), ANY_TIME)


@pytest.mark.parametrize(
    ("free", "fits"),
    [
        ((), True),
        (("any",), True),
        (("thu",), True),
        (("thu-morning",), True),
        (("any-morning",), True),
        (("thu-afternoon",), False),
        (("wed-morning", "sat"), False),
        (("any-evening",), False),
        (("thu-noon",), True),
    ],
)
def test_free_times_cover_a_morning(free: tuple[str, ...], fits: bool) -> None:
    assert is_free(free, MORNING.from_at, MORNING.until_at) is fits


def test_what_is_urgent_is_asked_of_the_busy_too_but_after_the_others() -> None:
    busy = Candidate("busy", Distance.GRID, ("sat",))
    free = Candidate("free", Distance.GRID, ("thu",))
    urgent = Wanted(False, True, MORNING.from_at, MORNING.until_at)
    assert not suits(busy, MORNING)
    assert [each.person_id for each in best([busy, free], urgent, 3)] == ["free", "busy"]


# --- who is asked first -----------------------------------------------------------------------------------------


def test_the_near_come_before_the_far_and_the_idle_before_the_busy() -> None:
    far, near = candidate("a-far"), candidate("near", Distance.BUILDING)
    loaded = candidate("a-loaded", Distance.BUILDING, load=2)
    tired = candidate("a-tired", Distance.BUILDING, asked=1)
    assert [each.person_id for each in best([far, loaded, tired, near], ANY_TIME, 4)] == [
        "near",
        "a-tired",
        "a-far",
        "a-loaded",
    ]


def test_who_said_that_they_have_time_then_comes_before_who_never_said_when() -> None:
    said = Candidate("z", Distance.GRID, ("thu",))
    assert best([candidate("a", Distance.GRID), said], MORNING, 1) == [said]


free_times = st.lists(
    st.sampled_from(["any", *DAYS, *(f"{day}-{part}" for day in (*DAYS, "any") for part, _, _ in PARTS)]), max_size=3
).map(tuple)
candidates = st.lists(
    st.builds(
        Candidate,
        st.uuids().map(str),
        st.sampled_from(Distance),
        free_times,
        st.booleans(),
        st.integers(0, 4),
        st.integers(0, 4),
    ),
    max_size=12,
    unique_by=lambda each: each.person_id,
)
hours = st.integers(0, 21 * 24)


@st.composite
def wanted(draw: st.DrawFn) -> Wanted:
    from_at = draw(st.none() | hours.map(lambda hour: NOW + timedelta(hours=hour)))
    until_at = from_at + timedelta(hours=draw(st.integers(0, 30))) if from_at is not None else None
    return Wanted(draw(st.booleans()), draw(st.booleans()), from_at, until_at)


@given(candidates, wanted(), st.integers(0, 10))
def test_the_best_are_some_of_those_who_suit_and_nobody_better_is_left_out(
    found: list[Candidate], want: Wanted, count: int
) -> None:
    chosen = best(found, want, count)
    fitting = [each for each in found if suits(each, want)]
    assert len(chosen) == min(count, len(fitting))
    assert all(each in fitting for each in chosen)
    assert chosen == best(reversed(found), want, count), "the order in which they are known does not matter"
    assert chosen == best(found, want, count + 1)[: len(chosen)]


@given(free_times, wanted())
def test_who_has_more_time_is_not_less_free(free: tuple[str, ...], want: Wanted) -> None:
    if is_free(free, want.from_at, want.until_at):
        assert is_free((*free, "mon"), want.from_at, want.until_at) or not free
        assert is_free(("any",), want.from_at, want.until_at)


# --- who the tables give ----------------------------------------------------------------------------------------


def volunteer(
    store: Store, person_id: str, skills: tuple[str, ...], home: str = "building-9", *, reachable: bool = True
) -> None:
    row = {"id": person_id, "name": person_id, "node_id": home, "created_at": NOW}
    store.connection.execute(insert(people), row)
    if reachable:
        address = {"channel": "pipe", "external_id": person_id, "person_id": person_id}
        store.connection.execute(insert(addresses), address)
    entry = Volunteer(person_id, "xingfu", person_id, skills, (), NOW, None, NOW, None, False, None)
    volunteers.add(store, entry)


def task(store: Store) -> int:
    return tasks.add(
        store,
        {
            "node_id": "xingfu",
            "orderer_id": "resident-3-501",
            "ordered_by": "resident-3-501",
            "what": "理发",
            "words": "理发",
            "place_id": "building-3",
            "state": TaskState.ORDERED,
            "ordered_at": NOW,
            "changed_at": NOW,
        },
    )


def search(task_id: int) -> Search:
    return Search(task_id, "resident-3-501", "xingfu", NOW - timedelta(days=7), MOST_ASKED)


def test_candidates_have_the_skill_and_live_where_one_looks(database: Database) -> None:
    with database.begin() as store:
        volunteer(store, "a-far", ("理发",))
        volunteer(store, "b-grid", ("理发", "跑腿"), "building-1")
        volunteer(store, "c-here", ("理发",), "building-3")
        volunteer(store, "d-other", ("缝补",), "building-3")
        looked_for = search(task(store))
        assert [each.person_id for each in task_dispatch.with_skill(store, looked_for, "理发")] == [
            "a-far",
            "b-grid",
            "c-here",
        ]
        near = task_dispatch.with_skill(store, looked_for, "理发", ["building-3", "building-1"])
        assert [each.person_id for each in near] == ["b-grid", "c-here"]
        assert [each.person_id for each in task_dispatch.anybody(store, looked_for, ["building-3"])] == [
            "c-here",
            "d-other",
        ]
        assert [each.person_id for each in task_dispatch.with_skill(store, looked_for, "理发", skip=1)] == [
            "b-grid",
            "c-here",
        ]
        assert task_dispatch.skills_at(store, "xingfu") == sorted(["理发", "缝补", "跑腿"])
        assert task_dispatch.skills_at(store, "heshun-street") == []


def test_candidates_are_none_that_were_asked_muted_blocked_or_gone(database: Database) -> None:
    with database.begin() as store:
        for name in ("asked", "muted", "apart", "gone", "tired", "there"):
            volunteer(store, name, ("理发",))
        volunteer(store, "nowhere", ("理发",), reachable=False)
        number, others = task(store), [task(store) for _ in range(MOST_ASKED)]
        push = {"round": 1, "pushed_at": NOW}
        tasks.add_pushes(store, [{"task_id": number, "person_id": "asked"} | push])
        tasks.add_pushes(store, [{"task_id": each, "person_id": "tired"} | push for each in others])
        store.connection.execute(update(people).where(people.c.id == "muted").values(muted=True))
        tasks.block(store, "resident-3-501", "apart", "worker", "", NOW)
        volunteers.change(store, "gone", left_at=NOW)
        skilled = task_dispatch.with_skill(store, search(number), "理发")
        anybody = task_dispatch.anybody(store, search(number))
        assert [each.person_id for each in skilled] == [each.person_id for each in anybody] == ["there"]
        there = task_dispatch.of_these(store, search(number), ["asked", "there", "gone", "resident-3-501"])
        assert [(each.person_id, each.asked, each.entered) for each in there] == [("there", 0, True)]


def test_skills_follow_the_entry(database: Database) -> None:
    def rows(store: Store) -> list[str]:
        found = select(volunteer_skills.c.skill).where(volunteer_skills.c.person_id == "wang")
        return sorted(store.connection.execute(found).scalars())

    with database.begin() as store:
        volunteer(store, "wang", ("理发", "理发", "缝补"))
        assert rows(store) == sorted(["理发", "缝补"])
        volunteers.change(store, "wang", skills=["跑腿"])
        assert rows(store) == ["跑腿"]
        volunteers.change(store, "wang", left_at=NOW)
        assert rows(store) == []
        volunteers.change(store, "wang", left_at=None)
        assert rows(store) == ["跑腿"]


def test_who_is_asked_again_by_name_has_one_row(database: Database) -> None:
    with database.begin() as store:
        volunteer(store, "wang", ())
        number = task(store)
        task_dispatch.push_again(store, number, "wang", 0, NOW)
        tasks.decline(store, number, "wang", NOW)
        task_dispatch.push_again(store, number, "wang", 2, NOW + timedelta(hours=1))
        (push,) = tasks.pushes(store, number)
        assert (push.round, push.declined_at) == (2, None)
        assert len(store.connection.execute(select(task_pushes)).all()) == 1
