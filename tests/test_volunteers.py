"""The register of volunteers: what is heard of an introduction, which skills are the same, joining, teams, leaving."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select

from community import Community
from community.people import Person
from community.refused import Refused
from community.rules import CHINA, Rules
from community.tree import Tree
from community.volunteers import Volunteers
from community.volunteers.outcomes import Told
from community.volunteers.skills import SAME, WORDS, canonical, canonical_all, fits
from community.volunteers.teams import longest_named
from handlers.hearing.free_times import ANY, DAYS, PARTS, hear_free_times, without_free_times
from handlers.hearing.introductions import (
    Asked,
    Introduction,
    hear_introduction,
    is_possible_name,
    is_real_name,
    name_in_nickname,
)
from handlers.hearing.normalise import normalise
from handlers.hearing.skills import hear_skills
from handlers.speaking.free_times import free_words
from storage import people, tree
from storage.database import Database, Store
from storage.tables import standing_helpers
from storage.volunteers import Team

NOW = datetime(2026, 12, 1, 9, tzinfo=CHINA)
LATER = NOW + timedelta(days=30)
TIMES = frozenset({ANY, *DAYS, *(f"{day}-{part}" for day in (ANY, *DAYS) for part in PARTS)})


# --- what is heard ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("周末", "sat sun"),
        ("双休日都行", "sat sun"),
        ("周三上午", "wed-morning"),
        ("礼拜三上午、下午", "wed-morning wed-afternoon"),
        ("星期六和星期天", "sat sun"),
        ("周一三五晚上", "mon-evening wed-evening fri-evening"),
        ("周二、四下午", "tue-afternoon thu-afternoon"),
        ("周一到周三", "mon tue wed"),
        ("周五至周一", "mon fri sat sun"),
        ("晚上", "any-evening"),
        ("每天下班后", "any-evening"),
        ("周末,晚上也行", "any-evening sat sun"),
        ("平时上班,周末有空", "sat sun"),
        ("周三没空,周四可以", "thu"),
        ("周末上午和周三下午都可以", "wed-afternoon sat-morning sun-morning"),
        ("周六下午3点到5点", "sat-afternoon"),
        ("工作日中午", "mon-noon tue-noon wed-noon thu-noon fri-noon"),
        ("随时", "any"),
        ("什么时候都行", "any"),
        ("天天有空", "any"),
        ("不一定", ""),
        ("香蕉", ""),
        ("", ""),
    ],
)
def test_free_times_are_heard(said: str, heard: str) -> None:
    assert hear_free_times(said) == tuple(heard.split())


@given(st.text(alphabet="周星期礼拜一二三四五六日天末上下午早晚中每天随时都行有空没到、和,。1 ", max_size=40))
def test_whatever_is_said_the_times_are_canonical(said: str) -> None:
    heard = hear_free_times(said)
    assert set(heard) <= TIMES
    assert len(set(heard)) == len(heard)
    assert ANY not in heard or heard == (ANY,)


@pytest.mark.parametrize(
    ("clause", "rest"), [("周末有空", ""), ("会理发", "会理发"), ("会理发周末有空", "会理发有空"), ("随时都可以", "")]
)
def test_free_times_are_taken_out_of_a_clause(clause: str, rest: str) -> None:
    assert without_free_times(clause) == rest


@pytest.mark.parametrize(
    ("free", "words"),
    [
        (("any",), "随时"),
        (("any-evening",), "晚上"),
        (("sat", "sun"), "周末"),
        (("wed-morning", "sat", "sun"), "周三上午、周末"),
        (tuple(DAYS), "每天"),
        (DAYS[:5], "工作日"),
        (("mon-morning", "mon-afternoon", "fri-morning", "fri-afternoon"), "周一周五白天"),
        ((), ""),
    ],
)
def test_free_times_as_people_say_them(free: tuple[str, ...], words: str, sqlite_database: Database) -> None:
    with sqlite_database.begin() as store:
        community = Community.open(store, _tree(store), Rules(), {})
        assert free_words(free, community) == words


@pytest.mark.parametrize(
    ("said", "skills"),
    [
        ("理发", ("理发",)),
        ("会理发,也会修家电", ("理发", "修家电")),
        ("我会量血压和缝补", ("量血压", "缝补")),
        ("理发修家电都会", ("理发", "修家电")),
        ("会一点电脑", ("电脑",)),
        ("打太极拳", ("打太极拳",)),
        ("以前是护士", ("护士",)),
        ("什么都不会", ()),
        ("不会理发", ()),
        ("随便", ()),
        ("谢谢", ()),
        ("要什么条件", ()),
        ("有工资吗", ()),
        ("123", ()),
    ],
)
def test_skills_are_heard(said: str, skills: tuple[str, ...]) -> None:
    assert hear_skills(said, WORDS) == skills


@pytest.mark.parametrize(
    ("said", "asked", "heard"),
    [
        ("我要当志愿者,我叫王芳,会理发,周末有空", "", Introduction("王芳", ("理发",), ("sat", "sun"))),
        ("当志愿者 我叫王芳 会理发 周末有空", "", Introduction("王芳", ("理发",), ("sat", "sun"))),
        ("王芳,会理发,李梅介绍的", "name", Introduction("王芳", ("理发",), (), "李梅")),
        ("我是李梅介绍的,会剪头发", "skills", Introduction("", ("剪头发",), (), "李梅")),
        ("李梅阿姨叫我来的,我叫王小明", "name", Introduction("王小明", (), (), "李梅")),
        ("介绍人:李梅", "", Introduction(inviter="李梅")),
        ("叫我王芳就行", "name", Introduction("王芳")),
        ("我姓王,叫王芳", "name", Introduction("王芳")),
        ("我是电工", "skills", Introduction("", ("电工",))),
        ("王阿姨", "name", Introduction()),
        ("我退休了,想当个志愿者", "", Introduction()),
        ("志愿者还要人吗", "", Introduction()),
    ],
)
def test_introductions_are_heard(said: str, asked: Asked, heard: Introduction) -> None:
    assert hear_introduction(normalise(said), WORDS, asked) == heard


@given(st.text(max_size=200), st.sampled_from(["", "name", "skills", "free"]))
def test_anything_can_be_an_answer(said: str, asked: Asked) -> None:
    heard = hear_introduction(normalise(said), WORDS, asked)
    assert not heard.name or is_possible_name(heard.name)
    assert not heard.inviter or is_real_name(heard.inviter)
    assert set(heard.free) <= TIMES


@pytest.mark.parametrize("name", ["王芳", "欧阳修文", "司马光", "李小明"])
def test_real_names(name: str) -> None:
    assert is_real_name(name)


@pytest.mark.parametrize(
    "name", ["", "王", "😀", "3-501", "13812345678", "王阿姨", "张师傅", "王" * 99, "没有", "不告诉你"]
)
def test_no_names(name: str) -> None:
    assert not is_possible_name(name)
    assert not is_real_name(name)


@pytest.mark.parametrize("name", ["阿依古丽·买买提", "扎西", "John Smith"])
def test_names_that_are_asked_for_twice(name: str) -> None:
    assert is_possible_name(name)
    assert not is_real_name(name)


@pytest.mark.parametrize(
    ("nickname", "name"),
    [
        ("3栋王芳", "王芳"),
        ("3-501赵晓梅🌸", "赵晓梅"),
        ("阳光🌞", ""),
        ("老李", ""),
        ("A建材小王", ""),
        ("王芳", "王芳"),
    ],
)
def test_the_name_in_a_nickname(nickname: str, name: str) -> None:
    assert name_in_nickname(normalise(nickname)) == name


# --- skills ---------------------------------------------------------------------------------------------------


def test_no_word_stands_for_two_skills() -> None:
    words = [word for skill, others in SAME.items() for word in (skill, *others)]
    assert sorted(words) == sorted(set(words))


@pytest.mark.parametrize("skill", SAME)
def test_a_canonical_skill_stays_itself(skill: str) -> None:
    assert canonical(skill) == skill


@pytest.mark.parametrize(
    ("said", "skill"),
    [
        ("测血压", "量血压"),
        ("给老人量量血压", "量血压"),
        ("修理家电", "修家电"),
        ("家电维修", "修家电"),
        ("打太极", "打太极"),
    ],
)
def test_words_for_one_skill(said: str, skill: str) -> None:
    assert canonical(said) == skill


def test_skills_are_kept_once_and_not_without_end() -> None:
    assert canonical_all(["测血压", "量血压", "", "长" * 21, "理发"]) == ("量血压", "理发")
    assert len(canonical_all([f"技能{number}" for number in range(30)])) == 10


@pytest.mark.parametrize(
    ("own", "stall", "does"),
    [
        ("测血压", "量血压", True),
        ("理发", "义务理发摊", True),
        ("修电器", "家电维修", True),
        ("理发", "缝补", False),
        ("", "缝补", False),
    ],
)
def test_a_skill_fits_a_stall(own: str, stall: str, does: bool) -> None:
    assert fits(own, stall) is does


def test_a_team_is_named_by_its_longest_name() -> None:
    teams = [Team(each, "xingfu", each, None, None, None) for each in ("医疗队", "流动医疗队", "理发队")]
    assert [each.name for each in longest_named("加入流动医疗队", teams)] == ["流动医疗队"]
    assert [each.name for each in longest_named("加入理发", teams)] == ["理发队"]
    assert longest_named("加入磨刀队", teams) == []


# --- the register ---------------------------------------------------------------------------------------------


def _tree(store: Store) -> Tree:
    return Tree.grow(tree.all_nodes(store), tree.all_roles(store), tree.all_groups(store))


@contextmanager
def opened(database: Database) -> Iterator[Volunteers]:
    """The services within one transaction."""
    with database.begin() as store:
        yield Volunteers.open(store, _tree(store), Rules())


def someone(database: Database, person_id: str) -> Person:
    with database.begin() as store:
        person = people.by_id(store, person_id)
    assert person is not None
    return person


def test_joining_confirming_leaving_and_coming_back(database: Database) -> None:
    resident, worker = someone(database, "resident-3-501"), someone(database, "worker")
    with opened(database) as services:
        told = Told("赵晓梅", ("测血压", "剪头发"), ("sat",), "曹秀英")
        joined = services.register.join(resident, None, told, NOW)
        assert joined.volunteer.skills == ("量血压", "理发")
        assert joined.inviter == "曹秀英"
        assert services.register.invited_by(resident.id) == "volunteer-hair"
        assert joined.tell == ("worker", "worker-2")
        assert not joined.back
    with opened(database) as services:
        found = services.register.to_confirm(worker, None, "赵晓梅")
        services.register.confirm(found[0].person_id, worker, NOW)
        with pytest.raises(Refused) as refused:
            services.register.confirm(resident.id, worker, NOW)
        assert refused.value.key == "volunteers.confirmed_already"
        assert [each.person_id for each in services.register.with_skill("xingfu", "义务理发")] == [resident.id]
    with opened(database) as services:
        services.teams.join("hair", resident, NOW)
        left = services.register.leave(resident, NOW)
        assert [each.name for each in left.teams] == ["理发队"]
        assert left.tell[0][0] == "volunteer-hair"
        assert services.register.known(resident.id) is None
        assert services.register.skills_of(resident.id) == ()
        assert services.register.with_skill("xingfu", "理发") == []
        assert services.register.ensure(resident, LATER).left_at == NOW
        assert resident.id not in services.teams.members("hair")
        with pytest.raises(Refused):
            services.register.leave(resident, NOW)
    with opened(database) as services:
        back = services.register.join(resident, None, Told("赵晓梅"), LATER)
        assert back.back
        assert back.volunteer.since == NOW
        assert back.volunteer.skills == ("量血压", "理发")
        assert back.volunteer.confirmed_at == NOW
        assert back.tell == ()


def test_volunteers_of_the_file_are_known_before_they_have_a_row(database: Database) -> None:
    barber = someone(database, "volunteer-barber")
    with opened(database) as services:
        before = services.register.known(barber.id)
        assert before is not None
        assert before.confirmed_at is not None
        assert services.register.ensure(barber, NOW) == before
        assert services.register.known(barber.id) == before
        assert before in services.register.at("xingfu")
        services.register.leave(barber, NOW)
        assert services.register.known(barber.id) is None
        assert barber.id not in {each.person_id for each in services.register.at("xingfu")}


def test_nobody_else_confirms(database: Database) -> None:
    resident, neighbour = someone(database, "resident-3-501"), someone(database, "volunteer-hair")
    with opened(database) as services:
        services.register.join(resident, None, Told("赵晓梅"), NOW)
        for person in (resident, neighbour):
            with pytest.raises(Refused) as refused:
                services.register.confirm(resident.id, person, NOW)
            assert refused.value.key == "help.not_for_you"


def test_standing_offers_end_with_leaving(database: Database) -> None:
    barber = someone(database, "volunteer-barber")
    with database.begin() as store:
        row = {"series_id": "leifeng", "person_id": barber.id, "stall": "理发", "since": NOW}
        store.connection.execute(insert(standing_helpers), row)
    with opened(database) as services:
        services.register.leave(barber, NOW)
    with database.begin() as store:
        assert not store.connection.execute(select(standing_helpers)).all()


def test_a_group_belongs_to_one_team(database: Database) -> None:
    worker = someone(database, "worker")
    with opened(database) as services:
        services.teams.bind(worker, "hair", "pipe", "g1")
        services.teams.bind(worker, "medical", "pipe", "g1")
        team = services.teams.team_of_group("pipe", "g1")
        assert team is not None
        assert team.id == "medical"
        assert services.teams.by_id("hair").group_external_id is None


@pytest.mark.postgresql
def test_many_at_once_are_in_the_register_and_the_team_once(postgresql_database: Database) -> None:
    resident = someone(postgresql_database, "resident-3-501")

    def join(_: int) -> str:
        try:
            with opened(postgresql_database) as services:
                services.register.join(resident, None, Told("赵晓梅", ("理发",)), NOW)
                services.teams.join("hair", resident, NOW)
        except Refused as refused:
            return refused.key
        return "joined"

    with ThreadPoolExecutor(8) as pool:
        outcomes = sorted(pool.map(join, range(16)))
    assert outcomes == ["joined", *["volunteers.in_team_already"] * 15]
    with opened(postgresql_database) as services:
        assert services.teams.members("hair").count(resident.id) == 1
        assert len(services.register.called("xingfu", "赵晓梅")) == 1
