"""The day itself: minutes, names, codes; and in whatever order people come and go, hours are what was between."""

import io
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from PIL import Image
from sqlalchemy import select

from bot import codes, drawings
from bot.app import open_database
from bot.photos import Photos
from community import Community
from community.market.day import (
    EARLIEST,
    MARKED_WITHIN,
    MOST_TRIES,
    TRIES_WITHIN,
    CheckedIn,
    Deed,
    NotSignedUp,
    WrongCode,
    minutes_there,
)
from community.market.opening import Proposal
from community.market.signing_up import Wish
from community.people import Person
from community.refused import Refused
from community.rules import CHINA, Rules
from community.tree import Tree
from community.volunteers.hours import Change, Named
from handlers.conversation import respond
from handlers.hearing.roll_calls import hear_names, hear_numbers, split_event
from handlers.messages import Chat, Incoming
from storage import market, sign_ups, tree
from storage.database import Database
from storage.market import Event
from storage.sign_ups import SignUp
from storage.tables import SignUpPart, SignUpState, hours
from storage.tables import sign_ups as sign_ups_table
from tests.conftest import LONG_AGO
from tests.keys import KEYS

BEGINS = datetime(2026, 12, 12, 9, tzinfo=CHINA)
ENDS = BEGINS + timedelta(hours=2)
NOW = BEGINS - timedelta(minutes=55)
MINUTE = timedelta(minutes=1)
LEADER, OTHER_LEADER = Person("worker-2", "林小燕"), Person("worker", "杨帆")
HELPERS = ("volunteer-repair", "volunteer-medical", "volunteer-hair", "resident-1-201")
RULES = Rules()
EXAMPLES = 200 if os.environ.get("XIAOSHAN_LONG") else 25


@contextmanager
def opened(database: Database) -> Iterator[Community]:
    """The community within one transaction."""
    with database.begin() as store:
        grown = Tree.grow(tree.all_nodes(store), tree.all_roles(store), tree.all_groups(store))
        yield Community.open(store, grown, RULES, {"pipe": "pipe"})


def open_market(community: Community) -> Event:
    """The Lei Feng market, open since a moment."""
    proposal = Proposal("雷锋集市", BEGINS, ENDS, "文化广场")
    drafted = community.market.opening.propose(LEADER, None, proposal, NOW)
    return community.market.opening.publish(drafted.board.event.id, LEADER, NOW).board.event


def help_at(community: Community, event: Event, person: Person, stall: str, heads: int = 1) -> int:
    """Signs somebody up to help. Gives the id of their own sign-up."""
    found = next(each for each in community.market.ledger.stalls(event.id) if each.name == stall)
    outcome = community.market.signing_up.sign_up(event.id, person, Wish(found.id, SignUpPart.HELPER, heads), NOW)
    return (outcome.held or outcome.waiting)[0].sign_up.id


def person(community: Community, person_id: str) -> Person:
    found = community.people.by_id(person_id)
    assert found is not None
    return found


def wrong(code: str, by: int = 1) -> str:
    """Another code."""
    return f"{(int(code) + by) % 10_000:04d}"


# --- pure ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("came", "left", "minutes"),
    [
        (BEGINS, ENDS, 120),
        (BEGINS - EARLIEST, ENDS, 180),
        (BEGINS, BEGINS + timedelta(seconds=59), 0),
        (BEGINS, BEGINS + timedelta(seconds=119), 1),
        (BEGINS, BEGINS - MINUTE, 0),
        (BEGINS - timedelta(days=2), ENDS, 180),
    ],
)
def test_minutes_there(came: datetime, left: datetime, minutes: int, sqlite_database: Database) -> None:
    with opened(sqlite_database) as community:
        assert minutes_there(came, left, open_market(community)) == minutes


ROLL = ("许大勇", "许大勇的同伴", "邓雅琴", "曹秀英", "王芳", "王芳芳", "李和平", "Tom")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("许大勇 邓雅琴", {"许大勇": ("许大勇",), "邓雅琴": ("邓雅琴",)}),
        ("许大勇、邓雅琴和曹师傅", {"许大勇": ("许大勇",), "邓雅琴": ("邓雅琴",), "曹师傅": ("曹秀英",)}),
        ("许大勇邓雅琴都", {"许大勇": ("许大勇",), "邓雅琴": ("邓雅琴",)}),
        ("许大勇的同伴", {"许大勇的同伴": ("许大勇的同伴",)}),
        ("大勇", {"大勇": ("许大勇",)}),
        ("王芳芳,王芳", {"王芳芳": ("王芳芳",), "王芳": ("王芳",)}),
        ("小王", {"小王": ("王芳", "王芳芳")}),
        ("李和平和王芳", {"李和平": ("李和平",), "王芳": ("王芳",)}),
        ("王芳 王芳", {"王芳": ("王芳",)}),
        ("芳", {"芳": ()}),
        ("张三 Tom", {"张三": (), "Tom": ("Tom",)}),
        (" 、,", {}),
    ],
)
def test_names_are_heard(words: str, expected: dict[str, tuple[str, ...]]) -> None:
    assert {each.said: each.names for each in hear_names(words, ROLL)} == expected


def test_an_event_may_stand_before_the_names() -> None:
    assert split_event("E012 王芳") == (12, "王芳")
    assert split_event("e 7号 王芳") == (7, "王芳")
    assert split_event("王芳") == (None, "王芳")


@pytest.mark.parametrize(
    ("words", "numbers"),
    [("1-3", [1, 2, 3]), ("3号 5号,7", [3, 5, 7]), ("9到11", [9, 10, 11]), ("3-1", []), ("0 5000", []), ("", [])],
)
def test_numbers_are_heard(words: str, numbers: list[int]) -> None:
    assert hear_numbers(words) == numbers


def test_the_picture_is_the_code_with_its_digits_below() -> None:
    import qrcode
    from qrcode.constants import ERROR_CORRECT_Q

    made = qrcode.QRCode(error_correction=ERROR_CORRECT_Q, border=codes.BORDER)
    made.add_data("签到 4821".encode())
    matrix = made.get_matrix()
    with Image.open(io.BytesIO(codes.picture("签到 4821", "4821"))) as page:
        size = len(matrix) * codes.BOX
        half = codes.BOX // 2
        dark = [
            [page.getpixel((x * codes.BOX + half, y * codes.BOX + half)) == 0 for x in range(len(matrix))]
            for y in range(len(matrix))
        ]
        below = page.crop((0, size, page.width, page.height)).getextrema()
    assert dark == matrix
    assert below == (0, 255)


# --- codes --------------------------------------------------------------------------------------------------


def test_the_code_goes_out_as_a_drawing(sqlite_database: Database, tmp_path: Path) -> None:
    photos = Photos(tmp_path)
    with opened(sqlite_database) as community:
        event = open_market(community)
        reference = f"check_in:{event.id}"
        drawings.draw(drawings.prepare([reference, "check_in:999", "0" * 64], community), photos)
    with Image.open(photos.path(reference)) as drawn:
        assert drawn.format == "PNG"
    assert not photos.path("check_in:999").exists()


def test_only_so_many_codes_may_be_tried(database: Database) -> None:
    with opened(database) as community:
        event = open_market(community)
        helper = person(community, HELPERS[0])
        help_at(community, event, helper, "修家电")
        day = community.market.day
        for number in range(1, MOST_TRIES + 1):
            assert day.check_in(helper, None, wrong(event.code, number), NOW) == WrongCode(None)
        with pytest.raises(Refused, match="too_many_tries"):
            day.check_in(helper, None, event.code, NOW)
        assert isinstance(day.check_in(person(community, HELPERS[1]), None, event.code, NOW), NotSignedUp)
        assert isinstance(day.check_in(helper, None, event.code, NOW + TRIES_WITHIN), CheckedIn)


def test_a_right_code_forgets_the_wrong_ones(sqlite_database: Database) -> None:
    with opened(sqlite_database) as community:
        event = open_market(community)
        helper = person(community, HELPERS[0])
        help_at(community, event, helper, "修家电")
        day = community.market.day
        for number in range(1, MOST_TRIES):
            day.check_in(helper, None, wrong(event.code, number), NOW)
        assert isinstance(day.check_in(helper, None, event.code, NOW), CheckedIn)
        for number in range(1, MOST_TRIES + 1):
            assert isinstance(day.check_in(helper, None, wrong(event.code, number), NOW), WrongCode)


def test_digits_alone_are_the_code_only_for_those_who_help_there(sqlite_database: Database) -> None:
    with opened(sqlite_database) as community:
        event = open_market(community)
        helper, visitor = person(community, HELPERS[0]), person(community, HELPERS[3])
        help_at(community, event, helper, "修家电")
        blood = next(each for each in community.market.ledger.stalls(event.id) if each.visitors)
        community.market.signing_up.sign_up(event.id, visitor, Wish(blood.id, SignUpPart.VISITOR), NOW)
        assert community.market.day.is_code_for(helper, event.code, NOW)
        assert not community.market.day.is_code_for(helper, wrong(event.code), NOW)
        assert not community.market.day.is_code_for(visitor, event.code, NOW)
        assert not community.market.day.is_code_for(helper, event.code, ENDS + MINUTE)


# --- leaders ------------------------------------------------------------------------------------------------


def said(community: Community, sender: str, text: str, now: datetime) -> list[str]:
    """The keys and lines of what comes back privately."""
    incoming = Incoming("pipe", "pipe", f"{sender} {text}", None, sender, sender, text, now, now)
    address = community.people.find("pipe", sender)
    assert address is not None
    response = respond(incoming, community)
    for each in response.replies:
        if each.question is not None:
            asked = each.question
            community.questions.ask(address.id, asked.kind, asked.about, each.key, each.values, now, asked.open_for)
    private = [each for each in response.replies if each.to is Chat.PRIVATE]
    return [f"{each.key} {each.values.get('lines', '')}".strip() for each in private]


def test_two_of_one_name_are_asked_about_one_after_the_other(sqlite_database: Database) -> None:
    with opened(sqlite_database) as community:
        event = open_market(community)
        stalls = {each.name: each for each in community.market.ledger.stalls(event.id)}
        for name, stall in (
            ("王芳", "修家电"),
            ("王芳", "缝补"),
            ("李梅", "缝补"),
            ("李梅", "量血压"),
            ("周洋", "缝补"),
        ):
            wish = Wish(stalls[stall].id, SignUpPart.HELPER, name=name)
            community.market.signing_up.sign_up_name(event.id, wish, NOW)
        assert said(community, LEADER.id, "签到 王芳 周洋 李梅 赵六", NOW) == [
            "market_day.marked 签到1位:周洋。\n没有找到赵六。全部名字回“活动名单”。",
            "market_day.which_helper ① 王芳,修家电\n② 王芳,缝补",
        ]
        first = said(community, LEADER.id, "2", NOW + MINUTE)
        assert first[0] == "market_day.marked 签到1位:王芳。"
        assert first[1].startswith("market_day.which_helper ① 李梅")
        assert said(community, LEADER.id, "2", NOW + MINUTE) == ["market_day.marked 签到1位:李梅。"]
        came = [each for each in rows(community, event) if each.state is SignUpState.CAME]
        assert sorted((each.name, each.stall_id) for each in came) == sorted(
            [("周洋", stalls["缝补"].id), ("王芳", stalls["缝补"].id), ("李梅", stalls["缝补"].id)]
        )


def test_nothing_is_marked_by_those_who_lead_nothing_or_at_the_wrong_time(sqlite_database: Database) -> None:
    with opened(sqlite_database) as community:
        event = open_market(community)
        helper = person(community, HELPERS[0])
        one = help_at(community, event, helper, "修家电")
        day = community.market.day
        with pytest.raises(Refused, match="staff_only"):
            day.mark(helper, event.id, Deed.IN, {one}, BEGINS)
        with pytest.raises(Refused, match="too_early"):
            day.mark(LEADER, event.id, Deed.IN, {one}, BEGINS - EARLIEST - MINUTE)
        with pytest.raises(Refused, match="not_begun"):
            day.mark(LEADER, event.id, Deed.MISS, {one}, BEGINS - MINUTE)
        with pytest.raises(Refused, match="too_late"):
            day.mark(LEADER, event.id, Deed.IN, {one}, ENDS + MARKED_WITHIN + MINUTE)
        assert community.market.ledger.existing(one).state is SignUpState.HELD


def test_a_hundred_are_counted_and_not_named(sqlite_database: Database) -> None:
    with opened(sqlite_database) as community:
        event = open_market(community)
        stall = community.market.ledger.stalls(event.id)[0]
        market.change_stall(community.market.ledger.store, stall.id, helpers=100)
        for number in range(100):
            wish = Wish(stall.id, SignUpPart.HELPER, name=f"邻居{number}")
            community.market.signing_up.sign_up_name(event.id, wish, NOW)
        assert said(community, LEADER.id, "全到", NOW) == ["market_day.marked 签到100位。"]


# --- the end ------------------------------------------------------------------------------------------------


def test_the_end_checks_out_everybody_once(database: Database) -> None:
    with opened(database) as community:
        event = open_market(community)
        helper, other = person(community, HELPERS[0]), person(community, HELPERS[1])
        help_at(community, event, helper, "修家电", heads=2)
        help_at(community, event, other, "量血压")
        day = community.market.day
        assert isinstance(day.check_in(helper, None, event.code, BEGINS), CheckedIn)
        out = day.check_out_all(event, ENDS + timedelta(hours=9))
        assert [(each.minutes, each.credited is not None) for each in out] == [(120, True), (120, False)]
        assert day.check_out_all(event, ENDS + timedelta(hours=10)) == ()
        assert community.volunteers.hours.total(helper.id) == 120
        assert community.volunteers.hours.total(other.id) == 0
        with pytest.raises(Refused, match="left_already"):
            day.check_out(helper, ENDS + timedelta(hours=1))
        assert [each.state for each in rows(community, event) if each.person_id == other.id] == [SignUpState.HELD]


def rows(community: Community, event: Event) -> list[SignUp]:
    return sign_ups.of_event(community.market.ledger.store, event.id)


# --- any order ----------------------------------------------------------------------------------------------

who = st.sampled_from(HELPERS)
any_head = st.integers(0, 7)


class MarketDay(RuleBasedStateMachine):
    """A market at which people come and go, leaders say so, and nobody keeps to any order."""

    template: Path
    folder: Path
    runs = 0

    def __init__(self) -> None:
        super().__init__()
        type(self).runs += 1
        path = self.folder / f"{self.runs}.db"
        shutil.copy(self.template, path)
        self.database: Database = open_database(f"sqlite:///{path}", KEYS, None, LONG_AGO)
        self.now = NOW
        self.corrected: dict[str, int] = {}

    def teardown(self) -> None:
        self.database.close()

    @initialize(begins_in=st.sampled_from((0, 40, 60, 170)))
    def begin(self, begins_in: int) -> None:
        with opened(self.database) as community:
            self.event = open_market(community)
            help_at(community, self.event, person(community, HELPERS[0]), "修家电", heads=3)
            help_at(community, self.event, person(community, HELPERS[1]), "有奖问答")
            stall = community.market.ledger.stalls(self.event.id)[0]
            community.market.signing_up.sign_up_name(
                self.event.id, Wish(stall.id, SignUpPart.HELPER, 2, name="王芳"), NOW
            )
        self.now += begins_in * MINUTE

    @rule(seconds=st.sampled_from((1, 59, 60, 600, 1800, 3600)))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(who=who, by=st.sampled_from((0, 0, 0, 1)))
    def check_in(self, who: str, by: int) -> None:
        with opened(self.database) as community, tried():
            community.market.day.check_in(person(community, who), None, wrong(self.event.code, by), self.now)

    @rule(who=who, stall=st.integers(0, 4))
    def come_along(self, who: str, stall: int) -> None:
        with opened(self.database) as community, tried():
            stall_id = community.market.ledger.stalls(self.event.id)[stall].id
            community.market.day.come_along(self.event.id, stall_id, person(community, who), self.now)

    @rule(who=who)
    def check_out(self, who: str) -> None:
        with opened(self.database) as community, tried():
            community.market.day.check_out(person(community, who), self.now)

    @rule(head=any_head, deed=st.sampled_from(Deed), leader=st.sampled_from((LEADER, OTHER_LEADER)))
    def mark(self, head: int, deed: Deed, leader: Person) -> None:
        with opened(self.database) as community, tried():
            heads = community.market.day.roll(self.event).called
            community.market.day.mark(leader, self.event.id, deed, {heads[head % len(heads)].sign_up.id}, self.now)

    @rule(deed=st.sampled_from(Deed))
    def mark_all(self, deed: Deed) -> None:
        with opened(self.database) as community, tried():
            community.market.day.mark(LEADER, self.event.id, deed, None, self.now)

    @rule()
    def end(self) -> None:
        if self.now >= ENDS:
            with opened(self.database) as community:
                community.market.day.check_out_all(self.event, self.now)

    @rule(who=who, minutes=st.sampled_from((-30, 30, 90)))
    def correct(self, who: str, minutes: int) -> None:
        with opened(self.database) as community, tried():
            named = Named(who, "", "xingfu", self.event.id)
            community.volunteers.hours.correct(LEADER, named, Change(minutes), "忘了签退", self.now)
            self.corrected[who] = self.corrected.get(who, 0) + minutes

    @rule(who=who)
    def leave(self, who: str) -> None:
        with opened(self.database) as community, tried():
            own = next((each for each in rows(community, self.event) if each.person_id == who), None)
            if own is not None:
                community.market.signing_up.leave(own.id, person(community, who), self.now)

    @invariant()
    def hours_are_what_was_between(self) -> None:
        with opened(self.database) as community:
            store = community.market.ledger.store
            every = [SignUp(*row) for row in store.connection.execute(select(sign_ups_table))]
            given = list(store.connection.execute(select(hours.c.sign_up_id, hours.c.minutes, hours.c.person_id)))
            totals = {each: community.volunteers.hours.total(each) for each in HELPERS}
        credited = {row.sign_up_id: row.minutes for row in given if row.sign_up_id is not None}
        assert len(credited) == sum(row.sign_up_id is not None for row in given), "once a sign-up"
        expected = {
            each.id: (each.left_at - each.came_at) // MINUTE
            for each in every
            if each.left_at is not None and each.came_at is not None and each.person_id and not each.companion
        }
        assert credited == {sign_up_id: minutes for sign_up_id, minutes in expected.items() if minutes}
        assert all(minutes > 0 for minutes in credited.values())
        assert all(total >= 0 for total in totals.values())
        for who, total in totals.items():
            assert total == self.corrected.get(who, 0) + sum(
                credited.get(each.id, 0) for each in every if each.person_id == who
            )

    @invariant()
    def rows_agree_with_their_states(self) -> None:
        with opened(self.database) as community:
            every = rows(community, self.event)
        for each in every:
            assert (each.came_at is not None) == (each.state in (SignUpState.CAME, SignUpState.LEFT))
            assert (each.left_at is not None) == (each.state is SignUpState.LEFT)
            assert each.came_at is None or BEGINS - EARLIEST <= each.came_at <= ENDS
            assert each.left_at is None or each.left_at <= ENDS
        own = [each.person_id for each in every if each.person_id and not each.companion]
        assert len(own) == len(set(own)), "nobody helps at two stalls"
        places = [(each.stall_id, each.place) for each in every if each.place is not None]
        assert len(places) == len(set(places))


@contextmanager
def tried() -> Iterator[None]:
    """A no is an answer too; nothing was written before it."""
    try:
        yield
    except Refused:
        return


def test_in_any_order_hours_are_what_was_between(sqlite_template: Path, tmp_path: Path) -> None:
    class Here(MarketDay):
        template, folder = sqlite_template, tmp_path

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
