"""Wishes: what is heard, who is first, pages, names that double, and what nobody else may see."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import insert, select, update

from community.people import Person
from community.refused import Refused
from community.rules import CHINA, Rules
from community.tree import Tree
from community.volunteers import Volunteers
from community.wishes import Wishes
from community.wishes.asking import LINES
from community.wishes.outcomes import Claimed, Pledged, Told, Wanted, WhichGiver
from community.wishes.pledging import BIGGEST_GOAL
from community.wishes.steps import LEGAL, OPEN, Stage, State, Step, next_look, quarter
from handlers import phrasebook
from handlers.hearing.behalf import on_behalf_of
from handlers.hearing.normalise import normalise
from handlers.hearing.wishes import fits_unit, hear_crowd, hear_wish, is_telling, read_amount, said_of, whose
from storage import tree, wishes
from storage.database import Database, Store
from storage.tables import nodes, people, pledges
from tests.keys import KEYS

NOW = datetime(2026, 12, 1, 9, tzinfo=CHINA)
CROWD = 50
THREADS = 25
"""The tests' server has fewer connections than the crowd has people."""

PATIENCE = 60
STAFF = Person("worker", "杨帆")
ELDER = Person("elder-5-102", "孙桂兰", "building-5")
NEIGHBOUR = Person("resident-3-501", "赵晓梅", "building-3")
RADIO = Told("想要一台收音机", "", "一位老人", "家电", "一位老人想要一台收音机")
Act = Callable[[Wishes, Person], Claimed | Pledged]
QUILTS = Wanted(10, "床", "被子", date(2026, 12, 20))


# --- what is heard --------------------------------------------------------------------------------------------


def heard(text: str) -> tuple[str, str, str, str, bool]:
    """Words, for whom, category, what everybody reads, and whether it is money."""
    plain, words = normalise(text), phrasebook.load().words
    for_whom = on_behalf_of(plain) or whose(plain)
    said = said_of(plain, plain)
    found = hear_wish(said, for_whom, ("孙桂兰", "王芳"), words["wish_money"], words["wish_categories"])
    return found.words, found.for_whom, found.category, found.public, found.is_money


@pytest.mark.parametrize(
    ("text", "words", "for_whom", "category", "public"),
    [
        ("许个愿 想要一台收音机", "想要一台收音机", "", "家电", "一位居民想要一台收音机"),
        ("许愿想要个轮椅", "想要个轮椅", "", "助老用品", "一位居民想要个轮椅"),
        ("帮5号楼的李奶奶许个愿,想要台灯", "想要台灯", "5号楼的*奶奶", "家电", "一位老人想要台灯"),
        ("我妈的心愿是想要个按摩椅", "想要个按摩椅", "我妈", "生活用品", "一位老人想要个按摩椅"),
        ("微心愿:一双棉鞋", "一双棉鞋", "", "衣物", "一位居民想要一双棉鞋"),
        ("许愿 想有人陪我说说话", "想有人陪我说说话", "", "陪伴", "一位居民想有人陪自己说说话"),
        ("许愿 给孩子买个书包", "给孩子买个书包", "", "学习用品", "一个孩子想要买个书包"),
        ("许愿 想要一台200元左右的收音机", "想要一台收音机", "", "家电", "一位居民想要一台收音机"),
        ("许愿 想要两百块钱的收音机", "想要收音机", "", "家电", "一位居民想要收音机"),
        ("許願 想要一塊手表", "想要一块手表", "", "生活用品", "一位居民想要一块手表"),
        (
            "许愿 我叫孙桂兰,住5号楼1单元102,想要轮椅,电话13812345678",
            "我叫**,住5号楼****,想要轮椅,电话138****5678",
            "",
            "助老用品",
            "一位居民想要轮椅",
        ),
        ("许愿 王芳想要轮椅", "**想要轮椅", "", "助老用品", ""),
        ("许愿 电话13812345678", "电话138****5678", "", "其他", ""),
    ],
)
def test_a_wish_is_heard_without_what_is_personal(
    text: str, words: str, for_whom: str, category: str, public: str
) -> None:
    assert heard(text) == (words, for_whom, category, public, False)


@pytest.mark.parametrize(
    "text",
    [
        "许愿 给点钱",
        "许愿 想要500块钱",
        "许愿 发个红包",
        "许愿 借钱看病",
        "许愿 帮我交电费",
        "许愿 转账200元",
        "许愿 一千元",
    ],
)
def test_money_is_no_wish(text: str) -> None:
    assert heard(text)[-1]


@pytest.mark.parametrize("text", ["许愿 想要一个钱包", "许愿 想要一块手表", "许愿 想要存钱罐"])
def test_not_everything_with_money_in_its_name_is_money(text: str) -> None:
    assert not heard(text)[-1]


@pytest.mark.parametrize(
    "words", ["孙桂兰想要轮椅", "李奶奶想要轮椅", "住5号楼1单元102", "电话13812345678", "200元的收音机", "我叫周立波"]
)
def test_words_for_everybody_may_not_tell_whose_it_is(words: str) -> None:
    assert is_telling(words, ("孙桂兰",))


def test_plain_words_for_everybody_may_be_said() -> None:
    assert not is_telling("一位老人想要一台收音机", ("孙桂兰",))


@pytest.mark.parametrize(
    ("words", "whole", "halved", "fits"),
    [
        ("2床", 2, False, True),
        ("两床被子", 2, False, True),
        ("2", 2, False, True),
        ("2个", 2, False, True),
        ("半床", 0, True, True),
        ("1.5床", 1, True, True),
        ("-1床", -1, False, True),
        ("0床", 0, False, True),
        ("100万床", 1_000_000, False, True),
        ("3件", 3, False, False),
        ("3小时", 3, False, False),
        ("很多", None, False, False),
    ],
)
def test_amounts(words: str, whole: int | None, *, halved: bool, fits: bool) -> None:
    amount = read_amount(normalise(words))
    assert (amount.whole, amount.halved) == (whole, halved)
    assert fits_unit(amount.rest, "床") is fits


@pytest.mark.parametrize("words", ["100元", "50块钱", "200块"])
def test_amounts_of_money(words: str) -> None:
    assert read_amount(words).is_money


@pytest.mark.parametrize("words", ["3小时", "3个小时", "3 个钟头", "3h", "3"])
def test_hours_are_hours(words: str) -> None:
    amount = read_amount(words)
    assert amount.whole == 3
    assert fits_unit(amount.rest, "小时")


@pytest.mark.parametrize(
    ("words", "purpose", "goal", "unit", "thing", "closes_on"),
    [
        ("20床被子 到12月20日", "", 20, "床", "被子", date(2026, 12, 20)),
        ("给5号楼孤寡老人过冬 20床被子 到12月20日", "给孤寡老人过冬", 20, "床", "被子", date(2026, 12, 20)),
        ("30个书包到1月10号", "", 30, "个", "书包", date(2027, 1, 10)),
        ("陪老人说话 40小时 到12月20日", "陪老人说话", 40, "小时", "", date(2026, 12, 20)),
        ("20床被子", "", 20, "床", "被子", None),
        ("被子 到12月20日", "被子", None, "", "", date(2026, 12, 20)),
    ],
)
def test_crowd_wishes_are_heard(
    words: str, purpose: str, goal: int | None, unit: str, thing: str, closes_on: date | None
) -> None:
    found = hear_crowd(words, NOW)
    assert (found.purpose, found.goal, found.unit, found.thing, found.closes_on) == (
        purpose,
        goal,
        unit,
        thing,
        closes_on,
    )


# --- steps ----------------------------------------------------------------------------------------------------


def test_every_open_wish_is_looked_at_again(sqlite_database: Database) -> None:
    with sqlite_database.begin() as store:
        asked = opened(store).asking.ask(ELDER, None, RADIO, None, NOW).wish
    for state in State:
        found = wishes.Wish(**{name: getattr(asked, name) for name in asked.__slots__} | {"state": state})
        for done in Stage:
            looked_at, stage = next_look(found, NOW, Rules(), done)
            assert (looked_at is not None and looked_at > NOW and bool(stage)) == (state in OPEN)


def test_what_has_ended_has_no_next_step() -> None:
    assert all(moves.keys() <= OPEN for moves in LEGAL.values())


def test_quarters() -> None:
    assert [quarter(pledged, 20) for pledged in (0, 4, 5, 10, 14, 15, 19, 20)] == [0, 0, 1, 2, 2, 3, 3, 4]


# --- who may ---------------------------------------------------------------------------------------------------


def opened(store: Store) -> Wishes:
    grown = Tree.grow(tree.all_nodes(store), tree.all_roles(store), tree.all_groups(store))
    return Wishes.open(store, grown, Rules(), Volunteers.open(store, grown, Rules()))


def posted(store: Store) -> int:
    """A wish of the elder's that everybody may read."""
    all_ = opened(store)
    wish = all_.asking.ask(ELDER, None, RADIO, None, NOW).wish
    return all_.reviewing.post(wish.id, STAFF, "", NOW).id


def crowd_wish(store: Store) -> int:
    all_ = opened(store)
    wish = all_.asking.ask(STAFF, "xingfu", RADIO, None, NOW).wish
    all_.pledging.open(wish.id, STAFF, QUILTS, NOW)
    return all_.reviewing.post(wish.id, STAFF, "", NOW).id


def test_another_communitys_wish_is_not_claimed(database: Database) -> None:
    with database.begin() as store:
        row = {"id": "other", "level": "community", "name": "和平社区", "parent_id": "heshun-street"}
        known = {column.name for column in nodes.columns}
        store.connection.execute(insert(nodes), {name: value for name, value in row.items() if name in known})
        wish_id = posted(store)
        stranger = Person("resident-8-301", "魏国栋", "other")
        all_ = opened(store)
        with pytest.raises(Refused, match="elsewhere"):
            all_.claiming.claim(wish_id, stranger, None, "", NOW)
        with pytest.raises(Refused, match="elsewhere"):
            all_.asking.look_up(wish_id, stranger, None)
        assert all_.claiming.claim(wish_id, stranger, "xingfu", "", NOW).wish.claimed_by == stranger.id


def test_the_address_is_forgotten_when_it_is_given_back(database: Database) -> None:
    with database.begin() as store:
        wish_id, all_ = posted(store), opened(store)
        all_.claiming.claim(wish_id, NEIGHBOUR, None, "", NOW)
        all_.claiming.place(wish_id, ELDER, "5号楼1单元102", NOW)
        assert not all_.claiming.give_back(wish_id, NEIGHBOUR, "出差", NOW).wish.address
        with pytest.raises(Refused, match="is_posted"):
            all_.claiming.place(wish_id, ELDER, "5号楼1单元102", NOW)


def test_the_wall_has_pages(database: Database) -> None:
    with database.begin() as store:
        ids = [posted(store) if number % 2 else crowd_wish(store) for number in range(LINES + 2)]
        all_ = opened(store)
        first = all_.asking.wall(NEIGHBOUR, None)
        assert first.next is not None
        second = all_.asking.wall(NEIGHBOUR, None, first.next)
        assert second.next is None
        assert [each.id for each in (*first.wishes, *second.wishes)] == ids


def test_givers_of_one_name_are_told_apart_by_number(database: Database) -> None:
    with database.begin() as store:
        store.connection.execute(update(people).where(people.c.id == "resident-1-201").values(name="赵晓梅"))
        wish_id, all_ = crowd_wish(store), opened(store)
        namesake = Person("resident-1-201", "赵晓梅", "building-1")
        all_.pledging.pledge(wish_id, NEIGHBOUR, None, 2, NOW)
        all_.pledging.pledge(wish_id, namesake, None, 3, NOW)
        which = all_.pledging.giver(wish_id, STAFF, "赵晓梅")
        assert isinstance(which, WhichGiver)
        assert [each.pledged for each in which.givers] == [2, 3]
        second = all_.pledging.giver(wish_id, STAFF, "2")
        assert not isinstance(second, WhichGiver)
        assert second.person_id == namesake.id
        ticked = all_.pledging.tick_off(wish_id, STAFF, second.person_id, 1, NOW)
        assert (ticked.crowd.delivered, ticked.crowd.pledged, ticked.giver.delivered) == (1, 5, 1)


@pytest.mark.parametrize(("goal", "days"), [(0, 5), (-3, 5), (BIGGEST_GOAL + 1, 5), (10, 0), (10, -4), (10, 91)])
def test_a_goal_or_a_date_that_cannot_be(database: Database, goal: int, days: int) -> None:
    with database.begin() as store:
        wish_id, all_ = posted(store), opened(store)
        wanted = Wanted(goal, "床", "被子", NOW.date() + timedelta(days=days))
        with pytest.raises(Refused):
            all_.pledging.open(wish_id, STAFF, wanted, NOW)


def test_only_staff_see_who_gives(database: Database) -> None:
    with database.begin() as store:
        wish_id, all_ = crowd_wish(store), opened(store)
        all_.pledging.pledge(wish_id, NEIGHBOUR, None, 2, NOW)
        with pytest.raises(Refused, match="staff_only"):
            all_.pledging.givers(wish_id, NEIGHBOUR)
        with pytest.raises(Refused, match="staff_only"):
            all_.pledging.end(wish_id, NEIGHBOUR, NOW)


# --- many at once ---------------------------------------------------------------------------------------------


def somebody(number: int) -> Person:
    return Person(f"crowd-{number:03d}", f"居民{number}", "building-3")


def gathered(database: Database) -> None:
    rows = [{"id": each.id, "name": each.name, "created_at": NOW} for each in map(somebody, range(CROWD))]
    with database.begin() as store:
        store.connection.execute(insert(people), rows)


def in_threads(database: Database, act: Act) -> list[Claimed | Pledged | str]:
    """Everybody at once, shared among threads with an engine of their own each; of a refusal its key."""
    together = threading.Barrier(THREADS)
    url = database.url.render_as_string(hide_password=False)

    def tried(own: Database, number: int) -> Claimed | Pledged | str:
        with own.begin() as store:
            try:
                return act(opened(store), somebody(number))
            except Refused as refused:
                return refused.key

    def run(numbers: range) -> list[Claimed | Pledged | str]:
        with closing(Database(url, KEYS)) as own:
            with own.begin():  # connected, so that nobody loses their time with that
                together.wait(PATIENCE)
            return [tried(own, number) for number in numbers]

    with ThreadPoolExecutor(THREADS) as threads:
        shares = [range(first, CROWD, THREADS) for first in range(THREADS)]
        return [outcome for share in threads.map(run, shares, timeout=PATIENCE) for outcome in share]


@pytest.mark.postgresql
def test_of_fifty_who_claim_at_once_one_has_it(postgresql_database: Database) -> None:
    gathered(postgresql_database)
    with postgresql_database.begin() as store:
        wish_id = posted(store)
    outcomes = in_threads(postgresql_database, lambda all_, who: all_.claiming.claim(wish_id, who, None, "", NOW))
    claimed = [each for each in outcomes if isinstance(each, Claimed)]
    assert len(claimed) == 1
    assert [each for each in outcomes if each is not claimed[0]] == ["wishes.taken_last"] * (CROWD - 1)
    with postgresql_database.begin() as store:
        log = wishes.events(store, wish_id)
        assert [each.actor_id for each in log if each.step == Step.CLAIM] == [claimed[0].wish.claimed_by]


@pytest.mark.postgresql
def test_of_fifty_who_pledge_at_once_as_many_give_as_are_needed(postgresql_database: Database) -> None:
    gathered(postgresql_database)
    with postgresql_database.begin() as store:
        wish_id = crowd_wish(store)
    outcomes = in_threads(postgresql_database, lambda all_, who: all_.pledging.pledge(wish_id, who, None, 1, NOW))
    assert outcomes.count("wishes.enough") == CROWD - QUILTS.goal
    with postgresql_database.begin() as store:
        amounts = store.connection.execute(select(pledges.c.amount).where(pledges.c.wish_id == wish_id)).scalars().all()
    assert sum(amounts) == QUILTS.goal
