"""Members who report in: who is counted, who may confirm, lists of units, moving, statements and rates."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook
from sqlalchemy import insert

from bot.members_import import import_list
from bot.members_report import report_file
from community import Community
from community.community_file import CommunityFileError
from community.members.figures import Share, average, shared
from community.members.outcomes import Reported, SheetMember, TaskCounts, Unit
from community.members.reporting import units_named
from community.members.statements import Statement, UnitStatement
from community.people import Person
from community.refused import Refused
from community.rules import CHINA, Rules
from community.tree import Tree
from community.volunteers.outcomes import Told
from storage import people, tree
from storage.database import Database, Store
from storage.tables import TaskState, hours, task_claims, tasks

NOW = datetime(2026, 11, 2, 9, tzinfo=CHINA)
LATER = NOW + timedelta(days=1)


@contextmanager
def opened(database: Database) -> Iterator[Community]:
    """Everything, within one transaction."""
    with database.begin() as store:
        grown = Tree.grow(tree.all_nodes(store), tree.all_roles(store), tree.all_groups(store))
        yield Community.open(store, grown, Rules(), {})


def someone(store: Store, person_id: str) -> Person:
    person = people.by_id(store, person_id)
    assert person is not None
    return person


def reports(community: Community, person_id: str, unit_id: str, name: str = "赵晓梅") -> Reported:
    reporting = community.members.reporting
    person = someone(reporting.store, person_id)
    return reporting.report(person, "xingfu", unit_id, Told(name, ("理发",), ("sat",)), NOW)


def takes(community: Community, unit_id: str, *lines: SheetMember) -> tuple[int, int, int, tuple[str, ...]]:
    taken = community.members.reporting.take_over(unit_id, lines, NOW)
    return taken.added, taken.changed, taken.same, taken.left


def share(community: Community, unit_id: str) -> Share:
    figures = community.members.figures
    (found,) = figures.of_units([community.members.reporting.unit(unit_id)], figures.year(2026, LATER))
    return found.share


# --- rates ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "of", "percent"),
    [(32, 35, "91.43"), (0, 35, "0.00"), (35, 35, "100.00"), (1, 3, "33.33"), (2, 3, "66.67"), (1, 100_000, "0.00")],
)
def test_a_share_is_told_to_a_hundredth(count: int, of: int, percent: str) -> None:
    assert Share(count, of).percent == percent


@pytest.mark.parametrize("odd", [Share(3, None), Share(36, 35), Share(0, 0)])
def test_no_percent_of_what_is_no_share(odd: Share) -> None:
    assert odd.percent is None


@given(st.integers(0, 5_000), st.integers(1, 5_000))
def test_a_percent_is_the_nearest_hundredth(count: int, of: int) -> None:
    percent = Share(min(count, of), of).percent
    assert percent is not None
    assert abs(float(percent) - 100 * min(count, of) / of) <= 0.005 + 1e-9


def test_a_mean_rating_is_none_where_nobody_has_rated() -> None:
    assert average(TaskCounts(4, 0, 0)) is None
    assert average(TaskCounts(4, 3, 4)) == "1.33"


# --- units ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ("县医院", ["县医院"]),
        ("我是县中医院的", ["县中医院"]),
        ("医院", ["县医院", "县中医院"]),
        ("县医院分院", ["县医院分院"]),
        ("院", []),
        ("税务局", []),
    ],
)
def test_a_unit_is_found_by_its_name(said: str, named: list[str]) -> None:
    names = ("县医院", "县中医院", "县医院分院")
    units = [Unit(name, "xingfu", name, None, None) for name in names]
    found = [each.name for each in units_named(said, units)]
    assert set(named) <= set(found)
    assert len(named) != 1 or found == named


# --- reporting and confirming -----------------------------------------------------------------------------------


def test_whoever_is_confirmed_is_counted_and_known_to_the_register(database: Database) -> None:
    with opened(database) as community:
        reported = reports(community, "resident-3-501", "hospital")
        assert reported.contact == "unit-2"
        assert share(community, "hospital") == Share(0, 60)
        member = community.members.of("resident-3-501")
        assert member is not None
        assert (member.unit, member.confirmed) == ("县医院", False)
        contact = someone(community.members.reporting.store, "unit-2")
        community.members.reporting.confirm(member.id, contact, LATER)
        confirmed = community.members.of("resident-3-501")
        assert confirmed is not None
        assert confirmed.confirmed
        assert share(community, "hospital") == Share(1, 60)
        entry = community.volunteers.register.known("resident-3-501")
        assert entry is not None
        assert (entry.confirmed_at, entry.confirmed_by) == (LATER, "unit-2")


def test_only_the_contact_and_the_community_confirm(database: Database) -> None:
    with opened(database) as community:
        member = reports(community, "resident-3-501", "hospital").member
        store = community.members.reporting.store
        for other in ("unit", "resident-5-101", "gridhead-2", "resident-3-501"):
            with pytest.raises(Refused):
                community.members.reporting.confirm(member.id, someone(store, other), LATER)
        assert community.members.reporting.confirm(member.id, someone(store, "worker"), LATER).member.confirmed
        with pytest.raises(Refused) as refused:
            community.members.reporting.confirm(member.id, someone(store, "unit-2"), LATER)
        assert refused.value.key == "members.confirmed_already"


def test_nobody_is_of_one_unit_twice_and_of_two_at_once(database: Database) -> None:
    with opened(database) as community:
        reports(community, "resident-3-501", "hospital")
        with pytest.raises(Refused):
            reports(community, "resident-3-501", "hospital")
        moved = reports(community, "resident-3-501", "power").moved
        assert moved is not None
        assert (moved.unit, moved.tell) == ("县医院", ("unit-2",))
        member = community.members.of("resident-3-501")
        assert member is not None
        assert member.unit_id == "power"
        back = reports(community, "resident-3-501", "hospital")
        assert back.member.id != member.id


def test_a_refusal_ends_it_and_frees_the_line_of_the_sheet(database: Database) -> None:
    with opened(database) as community:
        takes(community, "hospital", SheetMember("赵晓梅"))
        claimed = reports(community, "resident-3-501", "hospital").member
        assert claimed.from_sheet
        contact = someone(community.members.reporting.store, "unit-2")
        community.members.reporting.refuse(claimed.id, contact, LATER)
        assert community.members.of("resident-3-501") is None
        assert share(community, "hospital") == Share(1, 60)
        other = reports(community, "resident-5-101", "hospital").member
        assert other.id == claimed.id


# --- lists of units -------------------------------------------------------------------------------------------


def test_a_list_may_be_taken_over_again(database: Database) -> None:
    first = (SheetMember("赵晓梅", "", ("剪头发",), ("sat",)), SheetMember("钱文斌"))
    with opened(database) as community:
        assert takes(community, "hospital", *first) == (2, 0, 0, ())
        assert takes(community, "hospital", *first) == (0, 0, 2, ())
        assert takes(community, "hospital", SheetMember("钱文斌", "", ("开车",))) == (0, 1, 0, ())
        assert share(community, "hospital") == Share(2, 60)
        reported = reports(community, "resident-3-501", "hospital")
        assert (reported.member.from_sheet, reported.alike) == (True, ())
        assert takes(community, "hospital", *first) == (0, 0, 2, ())
        store = community.members.reporting.store
        community.members.reporting.leave(someone(store, "resident-3-501"), LATER)
        assert takes(community, "hospital", *first) == (0, 0, 1, ("赵晓梅",))
        assert share(community, "hospital") == Share(1, 60)


def test_of_several_with_one_name_the_contact_decides(database: Database) -> None:
    with opened(database) as community:
        takes(community, "hospital", SheetMember("赵晓梅", "梅姐"), SheetMember("赵晓梅", "小赵", ("开车",)))
        reported = reports(community, "resident-5-101", "hospital")
        assert [each.nickname for each in reported.alike] == ["梅姐", "小赵"]
        reporting = community.members.reporting
        contact = someone(reporting.store, "unit-2")
        (waiting,) = reporting.waiting(contact, "赵晓梅")
        reporting.confirm(waiting.member.id, contact, LATER, waiting.alike[1].id)
        member = community.members.of("resident-5-101")
        assert member is not None
        assert (member.id, member.nickname, member.confirmed) == (reported.alike[1].id, "小赵", True)
        assert share(community, "hospital") == Share(2, 60)


def test_the_nickname_tells_those_of_one_name_apart(database: Database) -> None:
    with opened(database) as community:
        nickname = someone(community.members.reporting.store, "resident-5-101").name
        takes(community, "hospital", SheetMember("赵晓梅", "梅姐"), SheetMember("赵晓梅", nickname))
        reported = reports(community, "resident-5-101", "hospital")
        assert reported.alike == ()
        assert reported.member.from_sheet


def test_a_list_with_a_mistake_changes_nothing(database: Database, tmp_path: Path) -> None:
    book = Workbook()
    for row in (["姓名", "特长"], ["张伟", "理发"], ["张伟", "开车"]):
        book.worksheets[0].append(row)
    book.save(tmp_path / "list.xlsx")
    with pytest.raises(CommunityFileError):
        import_list(database, Rules(), tmp_path / "list.xlsx", "hospital", NOW)
    with opened(database) as community:
        assert share(community, "hospital") == Share(0, 60)
    book.worksheets[0].delete_rows(3)
    book.save(tmp_path / "list.xlsx")
    assert "新增 1 人" in import_list(database, Rules(), tmp_path / "list.xlsx", "县医院", NOW)[0]


# --- figures --------------------------------------------------------------------------------------------------


def did(store: Store, person_id: str, minutes: int, rating: int | None) -> None:
    """Hours at a market, and a task that was done."""
    store.connection.execute(
        insert(hours).values(
            person_id=person_id,
            node_id="xingfu",
            on_day=LATER.date(),
            minutes=minutes,
            kind="雷锋集市",
            what="x",
            at=LATER,
        )
    )
    task = {
        "node_id": "xingfu",
        "orderer_id": "elder-5-102",
        "ordered_by": "elder-5-102",
        "what": "理发",
        "words": "",
        "for_whom": "",
        "skill": "",
        "address": "",
        "phone": "",
        "at_home": False,
        "takers": 1,
        "urgent": False,
        "minutes": 60,
        "state": TaskState.RATED,
        "round": 0,
        "rated_words": "",
        "stage": "",
        "ordered_at": NOW,
        "changed_at": LATER,
        "done_at": LATER,
        "ended_at": LATER,
        "rating": rating,
    }
    (task_id,) = store.connection.execute(insert(tasks).values(task).returning(tasks.c.id)).one()
    claim = {"task_id": task_id, "person_id": person_id, "slot": 1, "claimed_at": NOW, "reason": "", "done_at": LATER}
    store.connection.execute(insert(task_claims).values(claim))


def confirmed_with_deeds(community: Community) -> None:
    store = community.members.reporting.store
    for person_id, name in (("resident-3-501", "赵晓梅"), ("resident-5-101", "钱文斌")):
        member = reports(community, person_id, "hospital", name).member
        community.members.reporting.confirm(member.id, someone(store, "worker"), NOW)
    did(store, "resident-3-501", 90, 1)
    did(store, "resident-3-501", 30, None)
    did(store, "resident-5-101", 60, 2)
    reports(community, "resident-8-301", "hospital", "魏国栋")
    did(store, "resident-8-301", 600, 3)


def test_a_unit_is_told_what_its_confirmed_members_did(database: Database) -> None:
    with opened(database) as community:
        confirmed_with_deeds(community)
        figures = community.members.figures
        found = figures.everywhere(figures.year(2026, LATER))
        hospital = next(each for each in found if each.unit.id == "hospital")
        assert (hospital.share, hospital.waiting) == (Share(2, 60), 1)
        assert (hospital.tasks, hospital.minutes) == (TaskCounts(3, 2, 3), 180)
        assert shared(found) == Share(2, 143)
        assert all(not each.minutes for each in figures.everywhere(figures.year(2025, LATER)))
        with pytest.raises(Refused):
            figures.year(2027, LATER)


def test_statements_go_out_once_a_year(database: Database) -> None:
    december = datetime(2026, 12, 1, 10, tzinfo=CHINA)
    with opened(database) as community:
        statements = community.members.statements
        assert statements.next_due() is None
        confirmed_with_deeds(community)
        assert statements.next_due() == december
        assert statements.run(december - timedelta(hours=1)) == []
        sent = statements.run(december)
        assert [type(each) for each in sent] == [Statement, Statement, UnitStatement]
        assert sent[0].member.name == "赵晓梅" if isinstance(sent[0], Statement) else False
        assert statements.run(december) == []
        assert statements.next_due() == december.replace(year=2027)


def test_statements_of_a_year_that_is_over_are_not_sent(database: Database) -> None:
    with opened(database) as community:
        confirmed_with_deeds(community)
        assert community.members.statements.run(datetime(2027, 1, 5, tzinfo=CHINA)) == []
        assert community.members.statements.next_due() == datetime(2027, 12, 1, 10, tzinfo=CHINA)


def test_the_report_is_a_workbook_that_adds_up(database: Database) -> None:
    with opened(database) as community:
        confirmed_with_deeds(community)
    book = load_workbook(io.BytesIO(report_file(database, Rules(), None, LATER)))
    units, members = (list(sheet.iter_rows(min_row=2, values_only=True)) for sheet in book.worksheets)
    assert units[-1][:5] == ("合计", 2, 143, 1.4, 1)
    assert ("县医院", 2, 60, 3.33, 1, 3, 2, 1.5, 3) in units
    assert [row[:2] for row in members] == [("县医院", "赵晓梅"), ("县医院", "钱文斌")]
    assert members[0][2] == datetime.combine(date(2026, 11, 2), datetime.min.time())
