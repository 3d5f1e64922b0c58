"""Ordering, changing, calling off and the lists of tasks, on both databases; and who sees what of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from community import Community, community_sheet, community_yaml, importing
from community.community_file import CommunityFileError
from community.grievances import DeadlineClass
from community.grievances.intake import Told
from community.grievances.outcomes import Where
from community.people import Person
from community.refused import Refused
from community.rules import Rules
from community.tasks.ordering import MOST_OPEN, Order
from community.tasks.outcomes import Claimed, Paired, Public, Seen, Task, TaskState
from community.tasks.steps import Stage
from community.tree import Tree
from handlers.tasks.menu import ask_service
from handlers.tasks.wording import contact, own_line, public_line
from storage import tasks
from storage import tree as tree_rows
from storage.database import Database, Store
from tests.conftest import XINGFU

NOW = datetime(2026, 12, 1, 2, 0, tzinfo=UTC)  # ten in the morning, a Tuesday
NIGHT = datetime(2026, 12, 1, 14, 0, tzinfo=UTC)
HAIRCUT = Order(
    "xingfu",
    "上门理发",
    "想请人上门理发",
    for_whom="我妈",
    service_id="haircut",
    skill="理发",
    place_id="building-3",
    address="3号楼2单元501",
    phone="13800138000",
    from_at=datetime(2026, 12, 3, 0, 0, tzinfo=UTC),
    until_at=datetime(2026, 12, 3, 4, 0, tzinfo=UTC),
)
SECRETS = ("2单元", "501", "13800138000", "赵晓梅", "我妈")
RESIDENT, NEIGHBOUR, BARBER, OTHER, WORKER = (
    "resident-3-501",
    "resident-8-301",
    "volunteer-hair",
    "volunteer-barber",
    "worker",
)


@contextmanager
def opened(database: Database) -> Iterator[tuple[Store, Community]]:
    with database.begin() as store:
        grown = Tree.grow(tree_rows.all_nodes(store), tree_rows.all_roles(store), tree_rows.all_groups(store))
        yield store, Community.open(store, grown, Rules(), {})


def person(community: Community, person_id: str) -> Person:
    found = community.people.by_id(person_id)
    assert found is not None
    return found


def ordered(community: Community, order: Order = HAIRCUT, by: str = RESIDENT, now: datetime = NOW) -> Task:
    who = person(community, by)
    return community.tasks.ordering.order(order, who, who, now).public.task


def claim(store: Store, task: Task, person_id: str, slot: int = 1) -> None:
    tasks.add_claim(store, task_id=task.id, person_id=person_id, slot=slot, claimed_at=NOW)
    if slot == task.takers:
        tasks.change(store, task.id, state=TaskState.CLAIMED, claimed_at=NOW)


def test_an_order_is_looked_at_at_once_and_at_night_in_the_morning(database: Database) -> None:
    with opened(database) as (_, community):
        by_day, by_night = ordered(community), ordered(community, replace(HAIRCUT, what="买药"), now=NIGHT)
        urgent = ordered(community, replace(HAIRCUT, what="送饭", urgent=True), now=NIGHT)
        assert (by_day.next_at, by_day.stage) == (NOW, Stage.NEXT_ROUND)
        assert by_night.next_at == NIGHT + timedelta(hours=10)
        assert urgent.next_at == NIGHT
        assert by_day.number == "T001"


def test_nobody_orders_more_than_a_few_at_once_but_staff_do(database: Database) -> None:
    with opened(database) as (_, community):
        for number in range(MOST_OPEN):
            ordered(community, replace(HAIRCUT, what=f"第{number}件"))
        with pytest.raises(Refused, match="too_many"):
            ordered(community, replace(HAIRCUT, what="再一件"))
        with pytest.raises(Refused, match="too_many"):
            community.tasks.ordering.check_room(person(community, RESIDENT), "xingfu", NOW)
        for number in range(MOST_OPEN + 1):
            ordered(community, replace(HAIRCUT, what=f"第{number}件"), by=WORKER)


def test_the_same_twice_is_one(database: Database) -> None:
    with opened(database) as (_, community):
        task = ordered(community)
        with pytest.raises(Refused, match="same_already"):
            ordered(community)
        community.tasks.ordering.cancel(task.id, person(community, RESIDENT), "", NOW)
        assert ordered(community).id != task.id


@pytest.mark.parametrize(
    ("reader", "seen"),
    [
        (NEIGHBOUR, Seen.PUBLIC),
        (OTHER, Seen.PUBLIC),
        (WORKER, Seen.STAFF),
        (RESIDENT, Seen.ORDERER),
        (BARBER, Seen.TAKER),
    ],
)
def test_only_whoever_has_claimed_it_is_told_where(database: Database, reader: str, seen: Seen) -> None:
    with opened(database) as (store, community):
        task = ordered(community)
        claim(store, task, BARBER)
        standing = community.tasks.lists.one(task.id, person(community, reader))
        assert standing.seen is seen
        assert standing.contact is (reader == BARBER)
        assert standing.orderer == ("赵晓梅" if reader == BARBER else "")
        said = public_line(standing.public, community)
        assert not [secret for secret in SECRETS if secret in said]
        assert contact(standing.public.task, community) == "地址3号楼2单元501,电话13800138000"


def test_where_two_go_the_first_is_not_told_before_the_second_has_come(database: Database) -> None:
    with opened(database) as (store, community):
        task = ordered(community, replace(HAIRCUT, takers=2))
        claim(store, task, BARBER)
        barber = person(community, BARBER)
        assert not community.tasks.lists.one(task.id, barber).contact
        assert not community.tasks.lists.mine(barber, NOW).promised[0].contact
        claim(store, task, OTHER, slot=2)
        assert community.tasks.lists.one(task.id, barber).contact
        assert community.tasks.lists.mine(barber, NOW).promised[0].contact


def test_staff_make_it_two_and_one_again(database: Database) -> None:
    with opened(database) as (store, community):
        ordering, worker = community.tasks.ordering, person(community, WORKER)
        task = ordered(community)
        claim(store, task, BARBER)
        paired = ordering.pair(task.id, worker, NOW)
        assert paired.takers == (BARBER,)
        assert (paired.task.state, paired.task.stage) == (TaskState.ORDERED, Stage.NEXT_ROUND)
        with pytest.raises(Refused, match="is_pair"):
            ordering.pair(task.id, worker, NOW)
        alone = ordering.alone(task.id, worker, NOW)
        assert isinstance(alone, Claimed)
        assert alone.task.state is TaskState.CLAIMED
        assert alone.together_with == (BARBER,)
        with pytest.raises(Refused, match="is_alone"):
            ordering.alone(task.id, worker, NOW)
        unclaimed = ordered(community, replace(HAIRCUT, what="搬东西", takers=2))
        assert isinstance(ordering.alone(unclaimed.id, worker, NOW), Paired)
        with pytest.raises(Refused, match="not_for_you"):
            ordering.pair(task.id, person(community, NEIGHBOUR), NOW)


def test_two_who_have_it_go_together(database: Database) -> None:
    with opened(database) as (store, community):
        task = ordered(community, replace(HAIRCUT, takers=2))
        claim(store, task, BARBER)
        claim(store, task, OTHER, slot=2)
        with pytest.raises(Refused, match="is_pair_taken"):
            community.tasks.ordering.alone(task.id, person(community, WORKER), NOW)


def test_takers_hear_that_it_is_cancelled_or_otherwise(database: Database) -> None:
    with opened(database) as (store, community):
        ordering, resident = community.tasks.ordering, person(community, RESIDENT)
        task = ordered(community)
        claim(store, task, BARBER)
        window = (NOW + timedelta(days=4), NOW + timedelta(days=4, hours=2))
        changed = ordering.change(task.id, resident, NOW, window=window, phone="13900139000")
        assert (changed.takers, changed.orderers) == ((BARBER,), ())
        assert (changed.public.task.from_at, changed.public.task.phone) == (window[0], "13900139000")
        assert changed.public.task.stage == Stage.BEFORE
        with pytest.raises(Refused, match="not_yours"):
            ordering.change(task.id, person(community, NEIGHBOUR), NOW, phone="1")
        cancelled = ordering.cancel(task.id, person(community, WORKER), "住院了", NOW)
        assert (cancelled.takers, cancelled.orderers) == ((BARBER,), (RESIDENT,))
        assert (cancelled.task.state, cancelled.task.next_at) == (TaskState.CANCELLED, None)
        with pytest.raises(Refused, match="is_cancelled"):
            ordering.change(task.id, resident, NOW, window=window)


def test_a_volunteer_sees_what_they_may_take(database: Database) -> None:
    with opened(database) as (store, community):
        lists, register = community.tasks.lists, community.volunteers.register
        task = ordered(community)
        errand = ordered(community, replace(HAIRCUT, what="代买代取", at_home=False))
        newcomer = person(community, NEIGHBOUR)
        register.ensure(newcomer, NOW)
        assert [each.public.task.id for each in lists.open_for(newcomer, None)] == [errand.id]
        barber = person(community, BARBER)
        assert [each.public.task.id for each in lists.open_for(barber, None)] == [task.id, errand.id]
        tasks.block(store, BARBER, RESIDENT, WORKER, "吵过架", NOW)
        assert lists.open_for(barber, None) == []
        with pytest.raises(Refused, match="volunteers_only"):
            lists.open_for(person(community, RESIDENT), None)
        assert len(lists.open_for(person(community, WORKER), None)) == 2


def test_staff_see_who_was_asked(database: Database) -> None:
    with opened(database) as (store, community):
        task = ordered(community)
        tasks.add_pushes(
            store,
            [
                {"task_id": task.id, "person_id": each, "round": 1, "pushed_at": NOW, "declined_at": None}
                for each in (BARBER, OTHER)
            ],
        )
        (standing,) = community.tasks.lists.open_for(person(community, WORKER), None)
        assert set(standing.asked) == {"曹秀英", "贺三喜"}
        assert standing.orderer == ""


def test_what_a_team_has_at_hand(database: Database) -> None:
    with opened(database) as (store, community):
        lists, leader = community.tasks.lists, person(community, BARBER)
        task, other = ordered(community), ordered(community, replace(HAIRCUT, what="买药"))
        claim(store, task, OTHER)
        team, found = lists.of_team("理发队", leader, None)
        assert (team.name, [each.public.task.id for each in found]) == ("理发队", [task.id])
        tasks.change(store, other.id, team_id=team.id)
        assert len(lists.of_team("理发队", leader, None)[1]) == 2
        with pytest.raises(Refused, match="not_for_you"):
            lists.of_team("理发队", person(community, NEIGHBOUR), None)


def test_of_another_community_there_is_nothing_to_see(database: Database) -> None:
    with opened(database) as (store, community):
        task = ordered(community)
        tasks.change(store, task.id, node_id="heshun-street", place_id=None)
        with pytest.raises(Refused, match="not_found"):
            community.tasks.lists.one(task.id, person(community, NEIGHBOUR))
        with pytest.raises(Refused, match="not_found"):
            community.tasks.lists.one(task.id + 1, person(community, NEIGHBOUR))


def test_a_private_grievance_is_nothing_for_volunteers(database: Database) -> None:
    told = Told("家里的事", Where("3号楼", 3), "mediation", DeadlineClass.HARD, private=True)
    with opened(database) as (_, community):
        outcome = community.grievances.intake.report(person(community, RESIDENT), None, told, (), NOW)
        with pytest.raises(Refused, match="case_is_private"):
            community.tasks.ordering.case(outcome.grievance.number, person(community, WORKER), NOW)


def test_the_handler_of_a_case_hears_of_its_task(database: Database) -> None:
    told = Told("楼道灯不亮", Where("3号楼", 3), "lighting", DeadlineClass.ORDINARY)
    with opened(database) as (_, community):
        ordering, head = community.tasks.ordering, person(community, "gridhead-1")
        number = community.grievances.intake.report(person(community, RESIDENT), None, told, (), NOW).grievance.number
        community.grievances.handling.accept(number, head, NOW)
        order = replace(HAIRCUT, what="楼道灯不亮", grievance_number=number)
        task = ordering.from_grievance(order, head, NOW).public.task
        assert (task.orderer_id, task.ordered_by) == (RESIDENT, "gridhead-1")
        assert ordering.handler_of(task) == "gridhead-1"
        with pytest.raises(Refused, match="case_has_task"):
            ordering.from_grievance(order, head, NOW)
        back = ordering.to_grievance(task.id, head, told, NOW)
        assert (back.number, back.outcome) == (number, None)
        assert ordering.handler_of(back.task) is None


def test_the_menu_has_twelve_lines_and_then_more(database: Database) -> None:
    with opened(database) as (_, community):
        (first, *_) = menu = community.tasks.ordering.menu("xingfu")
        assert [each.position for each in menu] == list(range(1, 11))
        many = [replace(first, id=f"service-{number}", name=f"服务{number}") for number in range(1, 15)]
        page = ask_service({}, many, 0, community)
        assert page.key == "tasks.which_service_more"
        assert page.question is not None
        assert (page.question.about["service12"], "service13" in page.question.about) == ("service-12", False)
        rest = ask_service({}, many, 1, community)
        assert rest.question is not None
        assert [rest.question.about.get(f"service{each}") for each in (1, 2, 3)] == ["service-13", "service-14", None]
        again = ask_service({}, many, 2, community)
        assert again.question is not None
        assert again.question.about["page"] == 0
        assert ask_service({}, [], 0, community).key == "tasks.ask_what"


@pytest.mark.parametrize(
    ("since", "until", "words"),
    [
        ("2026-12-03T00:00", "2026-12-03T04:00", "12月3日(周四)上午"),
        ("2026-12-03T04:00", "2026-12-03T10:00", "12月3日(周四)下午"),
        ("2026-12-03T10:00", "2026-12-03T13:00", "12月3日(周四)晚上"),
        ("2026-12-03T00:00", "2026-12-03T13:00", "12月3日(周四)"),
        ("2026-12-05T00:00", "2026-12-06T13:00", "12月5日(周六)到12月6日(周日)"),
        ("2026-12-03T07:00", "2026-12-03T08:30", "12月3日(周四)15:00–16:30"),
    ],
)
def test_when_in_words(database: Database, since: str, until: str, words: str) -> None:
    from_at, until_at = (datetime.fromisoformat(each).replace(tzinfo=UTC) for each in (since, until))
    with opened(database) as (_, community):
        task = ordered(community, replace(HAIRCUT, from_at=from_at, until_at=until_at))
        public = Public(task, "第一网格", 1)
        assert public_line(public, community) == f"上门理发,第一网格,{words}"
        assert own_line(public, community).endswith("替我妈")


# --- the menu of the community file ----------------------------------------------------------------------------

BASE = "nodes:\n  - {id: xingfu, level: community, name: 幸福社区}\n"


@pytest.mark.parametrize(
    ("service", "english"),
    [
        ("id: a, name: 理发", "missing: node"),
        ("id: a, node: xingfu", "missing: name"),
        ("name: 理发, node: xingfu", "missing: id"),
        ("id: a, name: 理发, node: nowhere", "unknown node: nowhere"),
        ("id: a, name: 理发, node: xingfu, takers: 3", "takers are 1 or 2"),
        ("id: a, name: 理发, node: xingfu, takers: 0", "takers are 1 or 2"),
        ("id: a, name: 理发, node: xingfu, minutes: 5", "minutes are a whole number from 10 to 480"),
        ("id: a, name: 理发, node: xingfu, at_home: 也许", "expected true or false"),
        ("id: a, name: 理发, node: xingfu, price: 5", "unknown key: price"),
        ("id: a, name: 理发, node: xingfu}\n  - {id: a, name: 买药, node: xingfu", "used twice: a"),
        ("id: a, name: 理发, node: xingfu}\n  - {id: b, name: 理发, node: xingfu", "name used twice"),
    ],
)
def test_a_mistake_in_the_menu_is_named(service: str, english: str) -> None:
    with pytest.raises(CommunityFileError) as raised:
        community_yaml.parse(f"{BASE}services:\n  - {{{service}}}\n")
    assert english in str(raised.value)


def test_the_menu_is_imported_changed_and_ended(database: Database, tmp_path: Path) -> None:
    text = XINGFU.read_text(encoding="utf-8")
    line = "  - {id: haircut, name: 上门理发, node: xingfu, skill: 理发, at_home: true}\n"
    assert line in text
    later = {
        "changed.yaml": (text.replace("minutes: 180", "minutes: 120"), ("改服务 doctor:分钟 180 → 120",)),
        "ended.yaml": (text.replace(line, ""), ("停办服务 上门理发(haircut),以前的记录仍保留",)),
    }
    with opened(database) as (store, community):
        task_id = ordered(community).id
        assert not importing.import_community(store, importing.load(XINGFU), NOW).any
        for name, (content, lines) in later.items():
            (tmp_path / name).write_text(content, encoding="utf-8")
            said = importing.import_community(store, importing.load(tmp_path / name), NOW).lines()
            assert set(lines) <= set(said)
        assert "haircut" not in [each.id for each in tasks.menu(store, ["xingfu"])]
        assert tasks.by_id(store, task_id) is not None
        back = importing.import_community(store, importing.load(XINGFU), NOW).lines()
        assert any("改服务 haircut" in each for each in back)
        assert tasks.menu(store, ["xingfu"])[0].id == "haircut"


def test_the_menu_survives_a_workbook(tmp_path: Path) -> None:
    file = importing.load(XINGFU)
    community_sheet.write(tmp_path / "a.xlsx", file)
    assert importing.load(tmp_path / "a.xlsx").services == file.services
