"""Grievances where the tree changes under them: somebody leaves, nobody is there, another community; and corrections.

What is said, in words, is in `dialogues/grievances_*.yaml`.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert

from bot.posting import post
from community import Community
from community.grievances import DeadlineClass, Grievance
from community.grievances.intake import Told
from community.grievances.outcomes import Joined, PhotosAdded, PlaceMissing, Reported, SameAs, Vacated, Where
from community.grievances.steps import State, Step
from community.parts.notice import Urgency
from community.people import Person
from community.refused import Refused
from community.rules import CHINA, Rules
from community.tree import ROLE_WORDS, STAFF, Level, Node, Role, RoleHolder, Tree
from handlers.grievances.chasing import chase
from handlers.speaking.texts import load
from storage import grievances, tree
from storage.database import Database
from storage.tables import nodes
from tests import drafts

NOW = datetime(2026, 12, 1, 9, tzinfo=CHINA)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass
class Place:
    """The demo community, some of whose people have left, perhaps with another community beside it."""

    database: Database
    gone: Collection[str] = field(default_factory=set)
    more_nodes: tuple[Node, ...] = ()
    more_roles: tuple[RoleHolder, ...] = ()

    @contextmanager
    def community(self) -> Iterator[Community]:
        with self.database.begin() as store:
            roles = [each for each in tree.all_roles(store) if each.person_id not in self.gone]
            grown = Tree.grow(
                (*tree.all_nodes(store), *self.more_nodes), (*roles, *self.more_roles), tree.all_groups(store)
            )
            yield Community.open(store, grown, Rules(), {"pipe": "pipe"})

    def really_there(self) -> None:
        """The other community is in the database too."""
        with self.database.begin() as store:
            for node in self.more_nodes:
                row: dict[str, object] = {
                    "id": node.id,
                    "parent_id": node.parent_id,
                    "level": node.level,
                    "name": node.name,
                    "aliases": [],
                }
                store.connection.execute(insert(nodes), row)
        self.more_nodes = ()

    def report(self, told: Told, who: str = "resident-3-501") -> Reported | PlaceMissing | SameAs:
        with self.community() as community:
            return community.grievances.intake.report(at_home(who), None, told, (), NOW)

    def case(self, number: int = 1) -> Grievance:
        with self.database.begin() as store:
            found = grievances.by_number(store, number)
        assert found is not None
        return found

    def steps(self, number: int = 1) -> list[str]:
        with self.database.begin() as store:
            return [event.step for event in grievances.events(store, number)]

    def said(self, moment: datetime) -> list[tuple[str | None, str]]:
        """What the scheduler says at a moment: to whom, in which words."""
        with self.community() as community:
            for reply in chase(community, moment):
                post(reply, community, moment)
        with self.database.begin() as store:
            return [
                (each.draft.person_id, each.draft.text)
                for each in drafts.due(store, "pipe", moment + DAY)
                if each.draft.created_at == moment
            ]


@pytest.fixture
def place(sqlite_database: Database) -> Place:
    return Place(sqlite_database)


def at_home(who: str) -> Person:
    return Person(who, who, "building-3")


LIFT = Told("电梯坏了", Where("3号楼", 3), "lift", DeadlineClass.ORDINARY)
QUARREL = replace(LIFT, words="欠债不还", category="mediation", private=True)


# --- somebody has left ----------------------------------------------------------------------------------------


def accept(place: Place, who: str, at: datetime = NOW + HOUR) -> None:
    with place.community() as community:
        community.grievances.handling.accept(1, at_home(who), at)


@pytest.mark.parametrize("asked", [False, True])
def test_what_somebody_had_who_has_left_goes_back_to_those_responsible(place: Place, *, asked: bool) -> None:
    place.report(LIFT)
    accept(place, "worker")
    if asked:
        with place.community() as community:
            community.grievances.handling.ask(1, at_home("worker"), "几点在家", NOW + 2 * HOUR)
    place.gone = {"worker"}
    with place.community() as community:
        (vacated,) = community.grievances.handling.vacate(NOW + 3 * HOUR)
        assert isinstance(vacated, Vacated)
        assert vacated.tell == ("gridhead-1",)
        assert community.grievances.handling.vacate(NOW + 3 * HOUR) == []
    case = place.case()
    assert (case.state, case.handler_id) == (State.REPORTED, None)
    assert case.chase_at == NOW + 3 * HOUR + DAY
    assert Step.VACATE in place.steps()


def test_the_scheduler_notices_it_and_tells_those_responsible(place: Place) -> None:
    place.report(LIFT)
    place.report(replace(LIFT, words="灯不亮", category="lighting"), "resident-1-201")
    accept(place, "worker")
    place.gone = {"worker"}
    said = place.said(NOW + DAY)
    assert any(to == "gridhead-1" and "0001经办人不在岗了" in text for to, text in said)
    assert all(to != "worker" for to, _ in said)


def test_whoever_is_responsible_may_take_it_at_once(place: Place) -> None:
    place.report(LIFT)
    accept(place, "worker")
    place.gone = {"worker"}
    accept(place, "gridhead-1", NOW + 2 * HOUR)
    assert place.case().handler_id == "gridhead-1"


@pytest.mark.parametrize("told", [LIFT, QUARREL], ids=["public", "private"])
def test_who_has_left_sees_it_no_more(place: Place, told: Told) -> None:
    place.report(told)
    accept(place, "worker")
    place.gone = {"worker"}
    with place.community() as community:
        for act in (
            lambda: community.grievances.handling.finish(1, at_home("worker"), "好了", NOW + 2 * HOUR),
            lambda: community.grievances.verdicts.look_up(1, at_home("worker")),
            lambda: community.grievances.lists.record(1, at_home("worker")),
        ):
            with pytest.raises(Refused):
                act()
        assert community.grievances.lists.mine(at_home("worker")) == []


def test_a_private_one_goes_back_to_the_other_worker(place: Place) -> None:
    place.report(QUARREL)
    accept(place, "worker")
    place.gone = {"worker"}
    accept(place, "worker-2", NOW + 2 * HOUR)
    assert place.case().handler_id == "worker-2"


# --- nobody is there ------------------------------------------------------------------------------------------


def test_a_grid_without_a_head_goes_up_and_the_administrator_hears_of_it(place: Place) -> None:
    place.gone = {"gridhead-1"}
    outcome = place.report(LIFT)
    assert isinstance(outcome, Reported)
    assert outcome.responsible is not None
    assert outcome.responsible.ids == ("worker", "worker-2")
    assert outcome.vacant is not None
    assert (outcome.vacant.id, outcome.administrators) == ("grid-1", ("admin",))


def test_where_somebody_is_there_the_administrator_hears_nothing(place: Place) -> None:
    outcome = place.report(LIFT)
    assert isinstance(outcome, Reported)
    assert (outcome.vacant, outcome.administrators) == (None, ())


def test_where_nobody_is_there_at_all_it_is_the_administrators(place: Place) -> None:
    place.gone = {"gridhead-1", "worker", "worker-2", "street", "county"}
    outcome = place.report(LIFT)
    assert isinstance(outcome, Reported)
    assert outcome.responsible is not None
    assert outcome.responsible.ids == ("admin",)
    with place.community() as community:
        community.grievances.handling.assign(1, at_home("admin"), "物业", NOW + HOUR)
    assert place.case().handler_id == "property"


def test_with_nobody_in_the_whole_tree_it_is_kept_and_waits(place: Place) -> None:
    place.gone = {"gridhead-1", "worker", "worker-2", "street", "county", "admin"}
    outcome = place.report(LIFT)
    assert isinstance(outcome, Reported)
    assert outcome.responsible is None
    for days in range(1, 5):
        place.said(NOW + days * DAY)
    place.gone = set()
    assert any(to == "gridhead-1" for to, _ in place.said(NOW + 6 * DAY))


# --- another community ----------------------------------------------------------------------------------------

BESIDE = Node("guangming", "heshun-street", Level.COMMUNITY, "光明社区", None, ())
THERE = RoleHolder("lawyer", "何正平", Role.COMMUNITY_WORKER, "guangming")


@pytest.fixture
def two(place: Place) -> Place:
    place.more_nodes, place.more_roles = (BESIDE,), (THERE,)
    return place


def test_nobody_joins_or_lists_what_is_in_another_community(two: Place) -> None:
    two.report(LIFT)
    neighbour = Person("resident-5-101", "钱", "guangming")
    with two.community() as community:
        with pytest.raises(Refused) as refused:
            community.grievances.intake.join(1, neighbour, NOW)
        assert refused.value.key == "grievances.not_found"
        assert community.grievances.lists.in_area(Person("lawyer", "何", "guangming")) == []
        assert community.grievances.lists.search(Person("lawyer", "何", "guangming"), "电梯") == []
        assert len(community.grievances.lists.in_area(at_home("street"))) == 1


def test_one_given_to_another_community_is_still_somebodys_here(two: Place) -> None:
    two.report(LIFT)
    with two.community() as community:
        community.grievances.handling.assign(1, at_home("gridhead-1"), "何正平", NOW + HOUR)
        assert "gridhead-1" in community.grievances.intake.cases.at_work(two_case := _now(community))
        assert two_case.community_id == "xingfu"
        community.grievances.handling.finish(1, at_home("lawyer"), "好了", NOW + 2 * HOUR)


def test_one_moved_to_another_community_keeps_its_number_and_clock_and_somebody_has_it_there(two: Place) -> None:
    two.report(LIFT)
    two.really_there()
    with two.community() as community:
        community.grievances.handling.accept(1, at_home("gridhead-1"), NOW + HOUR)
        before = _now(community)
        moved = community.grievances.handling.move(1, at_home("worker"), "光明社区", "电梯在那边", NOW + 2 * HOUR)
        assert moved.responsible.ids == ("lawyer",)
        assert moved.tell == ("resident-3-501",)
        after = _now(community)
        assert (after.community_id, after.state, after.handler_id) == ("guangming", State.REPORTED, None)
        assert (after.reported_at, after.resolve_by) == (before.reported_at, before.resolve_by)
        assert "lawyer" in community.grievances.intake.cases.at_work(after)
        assert "gridhead-1" in community.grievances.intake.cases.at_work(after), "who took it first stays answerable"
        community.grievances.handling.accept(1, at_home("lawyer"), NOW + 3 * HOUR)


@pytest.mark.parametrize(
    ("who", "wanted", "reason", "key"),
    [
        ("worker", "光明社区", "", "grievances.move_how"),
        ("worker", "哪里", "不是我们的", "grievances.move_how"),
        ("worker", "幸福社区", "不是我们的", "grievances.moved_within"),
        ("worker", "第二网格", "不是我们的", "grievances.moved_within"),
        ("gridhead-1", "光明社区", "不是我们的", "grievances.move_by_community"),
        ("resident-1-201", "光明社区", "不是我们的", "grievances.not_your_task"),
        ("lawyer", "光明社区", "是我们的", "grievances.not_your_task"),
    ],
)
def test_a_move_that_cannot_be(two: Place, who: str, wanted: str, reason: str, key: str) -> None:
    two.report(LIFT)
    two.really_there()
    with two.community() as community:
        before = _now(community)
        with pytest.raises(Refused) as refused:
            community.grievances.handling.move(1, at_home(who), wanted, reason, NOW + HOUR)
        assert refused.value.key == key
        assert _now(community) == before


def _now(community: Community) -> Grievance:
    return community.grievances.intake.cases.existing(1)


# --- joining --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("days", "offered"), [(13, True), (15, False)])
def test_one_of_more_than_fourteen_days_ago_is_not_offered(place: Place, days: int, *, offered: bool) -> None:
    place.report(LIFT)
    with place.community() as community:
        someone = at_home("resident-1-201")
        outcome = community.grievances.intake.report(someone, None, LIFT, (), NOW + days * DAY)
    assert isinstance(outcome, SameAs) is offered


def test_merged_twice_everybody_is_still_told_and_counted(place: Place) -> None:
    people = ("resident-3-501", "resident-1-201", "resident-5-101")
    for number, who in enumerate(people, start=1):
        place.report(replace(LIFT, words=f"第{number}件", category=("lift", "water", "noise")[number - 1]), who)
    boss = at_home("gridhead-1")
    with place.community() as community:
        handling = community.grievances.handling
        handling.merge(3, 2, boss, NOW + HOUR)
        handling.merge(2, 1, boss, NOW + HOUR)
        cases = community.grievances.intake.cases
        assert cases.followers(cases.existing(1)) == people
        assert cases.existing(1).households == 3
        joined = community.grievances.intake.join(3, at_home("elder-5-102"), NOW + HOUR)
        assert isinstance(joined, Joined)
        assert (joined.grievance.number, joined.grievance.households) == (1, 4)
        handling.split(2, boss, NOW + 2 * HOUR)
        assert cases.existing(1).households == 2
        assert cases.followers(cases.existing(2)) == people[1:]
        assert (cases.existing(3).state, cases.existing(3).merged_into) == (State.MERGED, 2)


# --- a photo --------------------------------------------------------------------------------------------------


def test_a_photo_goes_to_what_its_sender_was_asked_about_only_where_it_is_theirs(place: Place) -> None:
    place.report(LIFT)
    with place.community() as community:
        intake = community.grievances.intake
        assert isinstance(intake.add_photos(at_home("resident-3-501"), ["a"], NOW + DAY, 1), PhotosAdded)
        assert not isinstance(intake.add_photos(at_home("resident-1-201"), ["b"], NOW + DAY, 1), PhotosAdded)


# --- a corrected event corrects the clock ---------------------------------------------------------------------


def test_a_corrected_report_moves_the_deadlines_and_the_reminders(place: Place) -> None:
    place.report(LIFT)
    accept(place, "gridhead-1")
    before = place.case()
    with place.community() as community:
        community.grievances.handling.correct(1, 1, at_home("worker"), NOW - 4 * DAY, NOW + DAY)
    after = place.case()
    assert (before.reported_at, after.reported_at) == (NOW, NOW - 4 * DAY)
    assert (before.respond_by, after.respond_by) == (NOW + DAY, NOW - 3 * DAY)
    assert (before.resolve_by, after.resolve_by) == (
        datetime(2026, 12, 10, 18, tzinfo=CHINA),
        datetime(2026, 12, 8, 18, tzinfo=CHINA),
    )
    assert after.chase_at is not None
    assert before.chase_at is not None
    assert after.chase_at < before.chase_at


def test_a_corrected_acceptance_is_the_first_contact(place: Place) -> None:
    place.report(LIFT)
    accept(place, "gridhead-1", NOW + 30 * HOUR)
    with place.community() as community:
        community.grievances.handling.correct(1, 3, at_home("worker"), NOW + 2 * HOUR, NOW + 2 * DAY)
    assert place.case().contacted_at == NOW + 2 * HOUR
    with place.database.begin() as store:
        events = grievances.events(store, 1)
    assert [event.at for event in events[:3]] == [NOW, NOW, NOW + 30 * HOUR]  # nothing is overwritten


def test_a_corrected_answer_gives_the_days_back(place: Place) -> None:
    place.report(LIFT)
    accept(place, "gridhead-1")
    with place.community() as community:
        community.grievances.handling.ask(1, at_home("gridhead-1"), "几点在家", NOW + 2 * HOUR)
        community.grievances.verdicts.answer(1, at_home("resident-3-501"), "六点", NOW + 3 * DAY)
    assert place.case().resolve_by == datetime(2026, 12, 15, 18, tzinfo=CHINA)
    with place.community() as community:
        community.grievances.handling.correct(1, 5, at_home("worker"), NOW + DAY, NOW + 4 * DAY)
    assert place.case().resolve_by == datetime(2026, 12, 11, 18, tzinfo=CHINA)


# --- by name --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", sorted(STAFF))
def test_every_title_that_the_bot_uses_names_its_role(role: Role) -> None:
    assert role in ROLE_WORDS[load()[f"roles.{role}"]]


def test_a_name_within_the_branch_comes_before_the_same_name_elsewhere() -> None:
    places = [Node("a", None, Level.COMMUNITY, "甲社区"), Node("b", None, Level.COMMUNITY, "乙社区")]
    firms = [
        RoleHolder("far", "王芳(乙物业)", Role.PROPERTY_FIRM, "b"),
        RoleHolder("near", "王芳(甲物业)", Role.PROPERTY_FIRM, "a"),
    ]
    grown = Tree.grow(places, firms, [])
    assert [each.person_id for each in grown.find_holder("王芳", "a")] == ["near"]
    assert [each.person_id for each in grown.find_holder("乙物业", "a")] == ["far"]
    assert [each.person_id for each in grown.find_holder("物业王芳", "b")] == ["far"]
    assert [each.person_id for each in grown.find_holder("物业", "b")] == ["far"]
    assert grown.find_holder("芳", "a") == []


# --- at night -------------------------------------------------------------------------------------------------


def test_only_what_is_about_life_is_looked_after_at_night(place: Place) -> None:
    place.report(LIFT)
    place.report(replace(LIFT, deadline_class=DeadlineClass.LIFE, words="有人困在电梯里"), "resident-1-201")
    night = NOW + DAY + timedelta(hours=14)
    with place.community() as community:
        replies = chase(community, night)
    about = {reply.values.get("number", reply.values.get("named")) for reply in replies}
    assert about <= {2, "0002 电梯"}
    assert {reply.urgency for reply in replies} == {Urgency.ALARM}
    assert any("0001没有人接,转到您这里" in text for _, text in place.said(night + timedelta(hours=9)))
