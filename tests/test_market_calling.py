"""What happens by itself around an event and what its leaders change: once each, in order, however late and in whatever
order it comes. Beside it: what the words of a change are heard as."""

import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.app import open_database
from community import Community
from community.market.calling import (
    Called,
    Due,
    Happened,
    NotOpened,
    OfferLapsed,
    Reminded,
    Thanked,
    Unmarked,
    WaitedInVain,
)
from community.market.changing import Changed
from community.market.day import Deed
from community.market.opening import Proposal
from community.market.outcomes import EventState, Published, SignUpPart, SignUpState
from community.market.signing_up import Wish
from community.people import Person
from community.refused import Refused
from community.rules import CHINA, Rules
from community.tree import Tree
from handlers.hearing.event_changes import NewTime, StallSaid, hear_field, hear_new_time, hear_stall, is_date_alone
from storage import market, sign_ups, tree
from storage.database import Database
from tests.conftest import LONG_AGO
from tests.keys import KEYS

LEADER = "worker-2"
RESIDENTS = ("resident-3-501", "resident-1-201", "resident-8-301", "resident-9-302")
BEGINS = datetime(2026, 12, 18, 9, tzinfo=CHINA)
NOW = datetime(2026, 12, 9, 10, tzinfo=CHINA)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LATEST = datetime(2027, 1, 10, tzinfo=CHINA)


@contextmanager
def opened(database: Database) -> Iterator[Community]:
    """The community, within one transaction."""
    with database.begin() as store:
        grown = Tree.grow(tree.all_nodes(store), tree.all_roles(store), tree.all_groups(store))
        yield Community.open(store, grown, Rules(), {})


def person(community: Community, person_id: str) -> Person:
    found = community.people.by_id(person_id)
    assert found is not None
    return found


def clinic(community: Community, now: datetime = NOW) -> int:
    """An open event with three stalls, the last of them with two places for helpers."""
    leader = person(community, LEADER)
    drafted = community.market.opening.propose(leader, None, Proposal("义诊", BEGINS, None, ""), now)
    event_id = drafted.board.event.id
    community.market.opening.publish(event_id, leader, now)
    return event_id


def stall(community: Community, event_id: int, name: str) -> int:
    return next(each.id for each in community.market.ledger.stalls(event_id) if each.name == name)


def sign_up(
    community: Community, event_id: int, person_id: str, name: str, part: SignUpPart, now: datetime = NOW
) -> None:
    wish = Wish(stall(community, event_id, name), part)
    community.market.signing_up.sign_up(event_id, person(community, person_id), wish, now)


# --- late -----------------------------------------------------------------------------------------------------------


def test_who_was_away_over_the_evening_reminds_once_in_the_morning(database: Database) -> None:
    with opened(database) as community:
        event_id = clinic(community)
        sign_up(community, event_id, RESIDENTS[0], "引导", SignUpPart.HELPER)
        sign_up(community, event_id, RESIDENTS[0], "问诊", SignUpPart.VISITOR)
        night = BEGINS - 11 * HOUR
        assert community.market.calling.remind(night) == []
        assert community.market.calling.next_sign_up() == BEGINS - HOUR
        (reminded,) = community.market.calling.remind(BEGINS - HOUR)
        assert isinstance(reminded, Reminded)
        assert {each.stall.name for each in reminded.heads} == {"引导", "问诊"}
        assert not reminded.said
        assert community.market.calling.remind(BEGINS - HOUR) == []
        assert community.market.calling.next_sign_up() is None


def test_who_said_yes_in_the_evening_is_not_asked_in_the_morning(sqlite_database: Database) -> None:
    with opened(sqlite_database) as community:
        event_id = clinic(community)
        sign_up(community, event_id, RESIDENTS[0], "引导", SignUpPart.HELPER)
        evening, morning = BEGINS - 15 * HOUR, BEGINS - HOUR
        (asked,) = community.market.calling.remind(evening)
        community.market.calling.say_coming(event_id, person(community, RESIDENTS[0]), evening)
        (told,) = community.market.calling.remind(morning)
        assert isinstance(asked, Reminded) and isinstance(told, Reminded)
        assert (asked.said, told.said) == (False, True)


def test_who_was_away_for_a_week_reminds_of_nothing_and_ends_what_is_over(database: Database) -> None:
    with opened(database) as community:
        event_id = clinic(community)
        for each in RESIDENTS[:3]:
            sign_up(community, event_id, each, "引导", SignUpPart.HELPER)
        late = BEGINS + 7 * DAY
        assert community.market.calling.remind(late) == []
        happened = community.market.calling.run(late)
        assert [type(each) for each in happened] == [Unmarked]
        assert community.market.ledger.event(event_id).state is EventState.OVER
        assert community.market.calling.next_event() is None
        states = Counter(each.state for each in sign_ups.ever_of_events(community.market.ledger.store, [event_id]))
        assert states == {SignUpState.HELD: 2, SignUpState.LAPSED: 1}


def test_the_stages_come_in_their_order(database: Database) -> None:
    with opened(database) as community:
        event_id = clinic(community, BEGINS - 14 * DAY)
        for each in RESIDENTS[:3]:
            sign_up(community, event_id, each, "引导", SignUpPart.HELPER, BEGINS - 13 * DAY)
        happened: list[Happened] = []
        while (due := community.market.calling.next_event()) is not None:
            if due == BEGINS:
                (mine,) = community.market.calling.of_person(event_id, person(community, RESIDENTS[0]), due)
                community.market.day.mark(person(community, LEADER), event_id, Deed.IN, [mine.id], BEGINS)
            happened += community.market.calling.run(due)
        assert [type(each) for each in happened] == [Called, Called, WaitedInVain, Unmarked, Thanked]
        thanked = happened[-1]
        assert isinstance(thanked, Thanked)
        assert (thanked.helpers, thanked.visitors) == (1, 0)
        assert [(each.person_id, each.minutes) for each in thanked.thanks] == [(RESIDENTS[0], 120)]


def test_a_draft_of_the_staff_never_opens_by_itself_even_after_a_change(sqlite_database: Database) -> None:
    with opened(sqlite_database) as community:
        leader = person(community, LEADER)
        drafted = community.market.opening.propose(leader, None, Proposal("义诊", BEGINS, None, ""), NOW)
        event_id = drafted.board.event.id
        community.market.changing.set_place(event_id, leader, "活动室", NOW)
        community.market.changing.move(event_id, leader, BEGINS + DAY, None, NOW)
        assert community.market.calling.run(BEGINS) == []
        (dropped,) = community.market.calling.run(BEGINS + DAY)
        assert isinstance(dropped, NotOpened)
        assert dropped.event.state is EventState.CANCELLED


# --- series ---------------------------------------------------------------------------------------------------------


def test_a_new_rule_of_a_series_doubles_no_event(database: Database) -> None:
    first = datetime(2026, 12, 21, 10, tzinfo=CHINA)
    with opened(database) as community:
        leader, market_ = person(community, LEADER), community.market
        market_.opening.plan(first)
        series = market_.changing.series_called(leader, "雷锋集市")
        saturday, _ = market.of_series(market_.ledger.store, series.id, date(2026, 12, 21))
        market_.opening.publish(saturday.id, leader, first)
        outcome = market_.changing.series_time(series, leader, "每月第二个周六上午10点到12点", first)
        assert [each.event.begins_at for each in outcome.changed] == [datetime(2027, 1, 9, 10, tzinfo=CHINA)]
        assert [each.state for each in outcome.dropped] == [EventState.CANCELLED]
        assert market_.opening.plan(first) == []
        assert market_.opening.plan(first + 10 * DAY) == []
        made = market.of_series(market_.ledger.store, series.id, date(2026, 12, 21))
        still = [each for each in made if each.state is not EventState.CANCELLED]
        assert [(each.id, each.planned_on) for each in still] == [(saturday.id, date(2027, 1, 9))]


def test_what_was_moved_by_hand_stays_and_stands_for_its_day(sqlite_database: Database) -> None:
    first = datetime(2026, 12, 21, 10, tzinfo=CHINA)
    with opened(sqlite_database) as community:
        leader, market_ = person(community, LEADER), community.market
        market_.opening.plan(first)
        series = market_.changing.series_called(leader, "雷锋集市")
        saturday, sunday = market.of_series(market_.ledger.store, series.id, date(2026, 12, 21))
        market_.opening.drop(sunday.id, leader, first)
        by_hand = datetime(2027, 1, 6, 9, tzinfo=CHINA)
        market_.changing.move(saturday.id, leader, by_hand, None, first)
        outcome = market_.changing.series_time(series, leader, "每月第二个周六上午9点到11点", first)
        assert [each.id for each in outcome.kept] == [saturday.id]
        assert market_.ledger.event(saturday.id).begins_at == by_hand
        assert market_.opening.plan(first + 10 * DAY) == []


# --- in any order -----------------------------------------------------------------------------------------------------

step = st.tuples(
    st.sampled_from(
        (
            "move",
            "move",
            "postpone",
            "cancel",
            "place",
            "places",
            "remove",
            "sign_up",
            "sign_up",
            "leave",
            "yes",
            "wait",
        )
    ),
    st.sampled_from(RESIDENTS),
    st.integers(0, 3),
    st.sampled_from((0, 1, 5, 14, 30, 80)),
)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with an open event, to be copied."""
    path = tmp_path_factory.mktemp("calling") / "clinic.db"
    database = open_database(
        f"sqlite:///{path}", KEYS, Path(__file__).parents[1] / "examples/xingfu/community.yaml", LONG_AGO
    )
    with opened(database) as community:
        clinic(community)
    database.close()
    return path


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(step, min_size=3, max_size=25))
def test_nobody_is_told_twice_of_the_same(
    template: Path, tmp_path: Path, steps: Sequence[tuple[str, str, int, int]]
) -> None:
    path = tmp_path / "copy.db"
    shutil.copy(template, path)
    database = open_database(f"sqlite:///{path}", KEYS, None, LONG_AGO)
    with opened(database) as community:
        story = Story(community)
        for what, person_id, number, hours in steps:
            story.pass_time(hours)
            story.take(what, person_id, number)
        story.pass_time(24 * 60)
        event = community.market.ledger.event(story.event_id)
        assert event.state in (EventState.OVER, EventState.CANCELLED, EventState.POSTPONED)
    database.close()


class Story:
    """One event, and whatever happens to it."""

    def __init__(self, community: Community) -> None:
        self.community, self.now, self.event_id = community, NOW, 1
        self.reminded: Counter[tuple[str, datetime, date]] = Counter()

    def pass_time(self, hours: int) -> None:
        """Does what falls due on the way, or, after a long time, all of it late."""
        until = self.now + hours * HOUR
        calling = self.community.market.calling
        while True:
            moments = [each for each in (calling.next_event(), calling.next_sign_up()) if each is not None]
            if not moments or min(moments) > until:
                break
            self.now = until if hours == 30 else max(self.now, min(moments))
            self._note(calling.run(self.now), calling.remind(self.now))
        self.now = until
        self._check_places()

    def take(self, what: str, person_id: str, number: int) -> None:
        """One step, which may also be refused."""
        try:
            self._take(what, person(self.community, person_id), number)
        except Refused as refused:
            assert refused.key.startswith("market"), refused.key

    def _take(self, what: str, who: Person, number: int) -> None:
        market_, leader, now = self.community.market, person(self.community, LEADER), self.now
        stalls = market_.ledger.stalls(self.event_id)
        one = stalls[number % len(stalls)]
        match what:
            case "move":
                day = (now + (1 + number) * DAY).astimezone(CHINA).replace(hour=9 + number, minute=0, second=0)
                self._check_told(market_.changing.move(self.event_id, leader, day, None, now))
            case "postpone":
                self._check_told(market_.changing.postpone(self.event_id, leader, now))
            case "cancel" if number == 0:
                self._check_told(market_.changing.cancel(self.event_id, leader, now))
            case "place":
                self._check_told(market_.changing.set_place(self.event_id, leader, f"{number}号楼", now))
            case "places":
                market_.changing.change_stall(self.event_id, leader, one.name, number, None, now)
            case "remove":
                gone = market_.changing.remove_stall(self.event_id, leader, one.name, now)
                told = [each.person_id for each in gone.concerned]
                assert len(told) == len(set(told))
            case _:
                self._take_part(what, who, number, one.id)

    def _take_part(self, what: str, who: Person, number: int, stall_id: int) -> None:
        market_, now = self.community.market, self.now
        match what:
            case "sign_up":
                part = SignUpPart.VISITOR if number == 3 else SignUpPart.HELPER
                market_.signing_up.sign_up(self.event_id, who, Wish(stall_id, part, heads=1 + number % 2), now)
            case "leave":
                for each in market_.calling.of_person(self.event_id, who, now):
                    market_.signing_up.leave(each.id, who, now)
            case "yes":
                market_.calling.say_coming(self.event_id, who, now)
            case _:
                pass

    def _check_told(self, changed: Changed) -> None:
        told = [each.person_id for each in changed.concerned]
        told += [each for each, _ in changed.standing] + list(changed.tell)
        assert len(told) == len(set(told))
        assert LEADER not in told

    def _note(self, happened: Sequence[Happened], due: Sequence[Due]) -> None:
        event = self.community.market.ledger.event(self.event_id)
        for each in due:
            if isinstance(each, Reminded):
                assert event.state is EventState.OPEN
                assert self.now < event.begins_at
                self.reminded[each.person_id, event.begins_at, self.now.astimezone(CHINA).date()] += 1
        assert all(count == 1 for count in self.reminded.values())
        lapsed = [(each.head.sign_up.person_id, each.head.stall.id) for each in due if isinstance(each, OfferLapsed)]
        lapsed += [(one.head.sign_up.person_id, one.head.stall.id) for one in happened if isinstance(one, WaitedInVain)]
        assert not any(isinstance(each, Published) for each in happened)
        assert len(lapsed) == len(set(lapsed))

    def _check_places(self) -> None:
        rows = sign_ups.of_event(self.community.market.ledger.store, self.event_id)
        taken = Counter((each.stall_id, each.part, each.place) for each in rows if each.place is not None)
        assert all(count == 1 for count in taken.values())
        assert all((each.state is SignUpState.WAITING) == (each.place is None) for each in rows)


# --- hearing ----------------------------------------------------------------------------------------------------------

BEFORE = datetime(2026, 12, 4, 10, tzinfo=CHINA)
MARKET = datetime(2026, 12, 5, 9, tzinfo=CHINA)


@pytest.mark.parametrize(
    ("words", "begins", "ends"),
    [
        ("12月12日9点", "2026-12-12 09:00", None),
        ("到12月12日", "2026-12-12 09:00", None),
        ("下周六", "2026-12-12 09:00", None),
        ("10点到12点", "2026-12-05 10:00", "2026-12-05 12:00"),
        ("下午2点", "2026-12-05 14:00", None),
        ("12月12日9点到10点半", "2026-12-12 09:00", "2026-12-12 10:30"),
        ("12月12日上午", "2026-12-12 09:00", None),
    ],
)
def test_a_new_time_keeps_what_is_not_said(words: str, begins: str, ends: str | None) -> None:
    def moment(text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=CHINA)

    assert hear_new_time(words, MARKET, BEFORE) == NewTime(moment(begins), moment(ends) if ends else None)


@pytest.mark.parametrize("words", ["", "下雨", "雨太大了", "12月12日下午", "改天"])
def test_no_time_is_made_up(words: str) -> None:
    assert hear_new_time(words, MARKET, BEFORE) is None


@pytest.mark.parametrize("words", ["12月12日9点", "改到12月12日9点吧", "那就下周六吧", "下周六上午9点"])
def test_a_date_alone_answers(words: str) -> None:
    assert is_date_alone(words, BEFORE)


@pytest.mark.parametrize(
    "words", ["约下周三下午律师", "e013延期到12月12日", "楼道灯12月3日就坏了", "没定", "10点到12点"]
)
def test_what_says_more_than_a_date_is_no_answer(words: str) -> None:
    assert not is_date_alone(words, BEFORE)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("理发 3人 20个号", StallSaid("理发", 3, 20)),
        ("理发3人20个号", StallSaid("理发", 3, 20)),
        ("磨刀 两人", StallSaid("磨刀", 2, None)),
        ("写春联 30个名额", StallSaid("写春联", None, 30)),
        ("理发", StallSaid("理发", None, None)),
        ("0人", StallSaid("", 0, None)),
    ],
)
def test_a_stall_is_heard(words: str, said: StallSaid) -> None:
    assert hear_stall(words) == said


@pytest.mark.parametrize(
    ("words", "heard"),
    [
        ("地点 文化广场", ("place", "文化广场")),
        ("地点改到活动室", ("place", "活动室")),
        ("时间 10点到12点", ("time", "10点到12点")),
        ("携带 手套", ("bring", "手套")),
        ("负责人 许大勇", ("leader", "许大勇")),
        ("地点", ("place", "")),
        ("颜色 红", None),
    ],
)
def test_a_field_is_heard(words: str, heard: tuple[str, str] | None) -> None:
    assert hear_field(words) == heard
