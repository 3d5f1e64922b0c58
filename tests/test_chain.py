"""Chain sign-ups: real-looking ones in `tests/chains`, and what must hold for any of them."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from handlers.hearing.chain import LONGEST, MOST_ENTRIES, Chain, Changes, Entry, compare, read_chain, with_posters

CHAINS = Path(__file__).parent / "chains"
EXPECTED: Mapping[str, Any] = yaml.safe_load((CHAINS / "expected.yaml").read_text(encoding="utf-8"))
TEXTS = {path.stem: path.read_text(encoding="utf-8") for path in CHAINS.glob("*.txt")}


def read(text: str, posters: Mapping[int, str] | None = None) -> Chain:
    chain = read_chain(text, posters)
    assert chain is not None, text
    return chain


def wechat(*entries: str, topic: str = "义诊") -> str:
    return f"#接龙\n{topic}\n\n" + "\n".join(f"{number}. {entry}" for number, entry in enumerate(entries, start=1))


def brief(entry: Entry) -> str:
    return f"{entry.number} | {entry.name} | {entry.count} | {entry.rest}".strip()


def names(entries: tuple[Entry, ...]) -> list[str]:
    return [entry.name for entry in entries]


def pairs(changes: Changes) -> list[tuple[str, str]]:
    return [(before.text, after.text) for before, after in changes.changed]


def test_every_chain_has_its_answer() -> None:
    assert TEXTS.keys() == EXPECTED.keys()


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_chain(name: str) -> None:
    expected = EXPECTED[name]
    chain = read_chain(TEXTS[name])
    if expected is None:
        assert chain is None
        return
    assert chain is not None
    assert list(map(brief, chain.entries)) == expected["entries"]
    assert chain.topic.replace("\n", " / ") == expected["topic"]
    assert chain.example == expected.get("example")
    assert chain.cut_off == expected.get("cut_off", False)


def test_posters_are_taken_by_number() -> None:
    chain = read("#接龙\n\n1. 张阿姨\n2. 老李\n2. 王姐\n3. 赵敏", {1: "zhang", 2: "li", 3: "zhao", 9: "nobody"})
    assert [entry.posted_by for entry in chain.entries] == ["zhang", None, None, "zhao"]


def test_five_hundred_entries_and_no_more() -> None:
    assert len(read(wechat(*["张阿姨"] * 500)).entries) == 500
    assert not read(wechat(*["张阿姨"] * 500)).cut_off
    more = read(wechat(*["张阿姨"] * 501))
    assert (len(more.entries), more.cut_off) == (MOST_ENTRIES, True)


def test_what_is_too_long_is_cut_off() -> None:
    chain = read(wechat(*["张阿姨" + "修" * 200] * 300))
    assert chain.cut_off
    assert sum(len(entry.text) for entry in chain.entries) < LONGEST


def test_a_first_version_is_all_joined() -> None:
    chain = read(wechat("张阿姨", "老李"))
    assert compare(None, chain) == Changes(chain.entries, (), (), (), ())


def test_one_joins() -> None:
    changes = compare(read(wechat("张阿姨", "老李")), read(wechat("张阿姨", "老李", "王姐 2人")))
    assert (names(changes.joined), changes.left, changes.changed) == (["王姐"], (), ())


def test_one_leaves_and_the_others_move_up() -> None:
    changes = compare(read(wechat("张阿姨", "老李", "王姐")), read(wechat("张阿姨", "王姐")))
    assert (changes.joined, names(changes.left), changes.changed) == ((), ["老李"], ())


def test_an_emptied_entry_has_left() -> None:
    changes = compare(read(wechat("张阿姨", "老李", "王姐")), read(wechat("张阿姨", "", "王姐")))
    assert names(changes.left) == ["老李"]


def test_more_people_are_a_change() -> None:
    changes = compare(read(wechat("张阿姨", "老李 2人")), read(wechat("张阿姨", "老李 3人")))
    assert pairs(changes) == [("老李 2人", "老李 3人")]
    assert not changes.joined
    assert not changes.left


@pytest.mark.parametrize(
    ("before", "after"),
    [("章阿姨 修家电", "张阿姨 修家电"), ("张三", "张山"), ("王建国", "王健国 2人"), ("小陈", "小陈(陈静)")],
)
def test_a_mended_entry_is_a_change(before: str, after: str) -> None:
    changes = compare(read(wechat("老李", before, "王姐")), read(wechat("老李", after, "王姐")))
    assert pairs(changes) == [(before, after)]
    assert not changes.joined
    assert not changes.left


def test_one_mended_while_another_leaves() -> None:
    changes = compare(read(wechat("老李", "王姐", "章小红 缝补")), read(wechat("王姐", "张小红 缝补")))
    assert pairs(changes) == [("章小红 缝补", "张小红 缝补")]
    assert names(changes.left) == ["老李"]


def test_another_person_in_the_same_place() -> None:
    changes = compare(read(wechat("老李", "张阿姨 缝补")), read(wechat("老李", "陈师傅 磨刀")))
    assert (names(changes.joined), names(changes.left)) == (["陈师傅"], ["张阿姨"])


def test_the_same_person_writes_something_else() -> None:
    before = read(wechat("老李", "阳光"), {1: "li", 2: "zhang"})
    after = read(wechat("老李", "张秀英 缝补"), {1: "li", 2: "zhang"})
    assert pairs(compare(before, after)) == [("阳光", "张秀英 缝补")]


def test_two_people_of_one_name() -> None:
    before = read(wechat("王芳", "王芳"), {1: "one", 2: "other"})
    after = read(wechat("王芳"), {1: "other"})
    changes = compare(before, after)
    assert [entry.posted_by for entry in changes.left] == ["one"]
    assert changes.doubled == ()
    assert [names(same) for same in compare(None, before).doubled] == [["王芳", "王芳"]]


def test_a_poster_may_enter_a_neighbour() -> None:
    before = read(wechat("张阿姨"), {1: "zhang"})
    after = read(wechat("张阿姨", "周奶奶"), {1: "zhang", 2: "zhang"})
    assert names(compare(before, after).joined) == ["周奶奶"]


def test_width_case_and_spaces_are_no_change() -> None:
    before, after = read(wechat("Tom 2人", "张阿姨　修家电")), read(wechat("tom２人", "张阿姨 修家电 "))
    assert compare(before, after).nobody_moved


def test_numbers_out_of_order() -> None:
    changes = compare(None, read("#接龙\n\n1. 张阿姨\n3. 老李\n2. 王姐\n2. 赵敏\n9. 小陈"))
    assert names(changes.out_of_order) == ["王姐", "赵敏"]


class TestCutOff:
    before = read(wechat("张阿姨", "老李 缝补", "王姐", "赵敏"))

    def test_what_is_no_longer_shown_has_not_left(self) -> None:
        assert compare(self.before, read(wechat("张阿姨", "老李 缝…"))).nobody_moved

    def test_it_is_seen_without_dots(self) -> None:
        assert compare(self.before, read(wechat("张阿姨", "老李 缝"))).nobody_moved

    def test_who_is_missing_before_the_cut_has_left(self) -> None:
        assert names(compare(self.before, read(wechat("老李 缝补", "王姐…"))).left) == ["张阿姨"]

    def test_the_whole_text_comes_later(self) -> None:
        changes = compare(read(wechat("张阿姨", "老李 缝…")), self.before)
        assert (names(changes.joined), pairs(changes)) == (["王姐", "赵敏"], [("老李 缝", "老李 缝补")])


class TestPosters:
    def test_the_one_new_entry_is_the_posters(self) -> None:
        first = with_posters(None, read(wechat("张阿姨")), "zhang")
        second = with_posters(first, read(wechat("张阿姨", "老李")), "li")
        assert [entry.posted_by for entry in second.entries] == ["zhang", "li"]

    def test_several_new_entries_are_nobodys(self) -> None:
        pasted = with_posters(None, read(wechat("张阿姨", "老李")), "staff")
        assert [entry.posted_by for entry in pasted.entries] == [None, None]

    def test_an_entry_written_anew_by_its_poster_is_a_change(self) -> None:
        before = read(wechat("老李", "阳光"), {1: "li", 2: "zhang"})
        after = with_posters(before, read(wechat("老李", "张秀英 缝补")), "zhang")
        assert pairs(compare(before, after)) == [("阳光", "张秀英 缝补")]

    def test_what_the_gateway_says_stands(self) -> None:
        after = with_posters(None, read(wechat("张阿姨"), {1: "zhang"}), "li")
        assert after.entries[0].posted_by == "zhang"


SURNAMES, GIVEN = "王李张刘陈杨赵黄周吴", "芳伟秀英敏静丽强磊军"
people = st.builds("{}{}{}".format, st.sampled_from(SURNAMES), st.sampled_from(GIVEN), st.sampled_from(GIVEN))
extras = st.sampled_from(["", " 2人", " 带孩子", " 修家电", " 下午3点", "，缝补", "（理发）", " 13812345678", " +1"])
rows = st.lists(st.tuples(people, extras), unique_by=lambda row: row[0], max_size=12)
FORMS = ("{}. {}", "{}.{}", "{}、{}", "{}) {}", "（{}）{}", "【{}】{}")
chains = st.sampled_from([text for name, text in TEXTS.items() if EXPECTED[name] is not None])
scraps = st.text(alphabet="#接龙例\n 1234567890.、)（）①一二两张阿姨李人位带+x×:：-…号楼室单元", max_size=120)


@given(rows, st.sampled_from(FORMS))
def test_every_person_is_read(rows: list[tuple[str, str]], form: str) -> None:
    text = "接龙 义诊\n" + "\n".join(form.format(at, "".join(row)) for at, row in enumerate(rows, start=1))
    chain = read_chain(text)
    assert [name for name, _ in rows] == (names(chain.entries) if chain else [])


@given(rows, people, extras, st.data())
def test_joining_is_one_joined_wherever_it_stands(
    rows: list[tuple[str, str]], person: str, extra: str, data: st.DataObject
) -> None:
    rows = [row for row in rows if row[0] != person]
    place = data.draw(st.integers(0, len(rows)))
    more = [*rows[:place], (person, extra), *rows[place:]]
    before, after = read(wechat(*map("".join, rows))), read(wechat(*map("".join, more)))
    assert compare(before, after) == Changes((after.entries[place],), (), (), (), ())
    assert compare(after, before) == Changes((), (after.entries[place],), (), (), ())


@given(rows, st.randoms())
def test_other_places_and_numbers_change_nobody(rows: list[tuple[str, str]], random: Any) -> None:
    before = read(wechat(*map("".join, rows)))
    shuffled = random.sample(rows, len(rows))
    numbers = [random.randint(1, 99) for _ in rows]
    after = read(
        "#接龙\n义诊\n\n"
        + "\n".join(f"{number}. {''.join(row)}" for number, row in zip(numbers, shuffled, strict=True))
    )
    assert compare(before, after).nobody_moved


@given(chains)
def test_a_chain_is_its_own_equal(text: str) -> None:
    chain = read(text)
    assert compare(chain, chain).nobody_moved
    assert compare(chain, with_posters(None, chain, "zhang")).nobody_moved


@given(chains, st.data())
def test_mutilated_chains_are_read_and_compared(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    mutilated = read_chain(text[:start] + data.draw(scraps) + text[end:])
    chain = read(text)
    if mutilated is not None:
        changes = compare(chain, mutilated)
        assert {*changes.joined} <= {*mutilated.entries}
        assert {*changes.left} <= {*chain.entries}
        assert compare(mutilated, mutilated).nobody_moved


@given(st.one_of(st.text(), scraps, scraps.map("#接龙\n".__add__), scraps.map("接龙 ".__add__)))
def test_any_text_is_a_chain_or_none(text: str) -> None:
    chain = read_chain(text)
    if chain is not None:
        assert all(entry.count >= 1 and entry.text for entry in chain.entries)
        anonymous = replace(chain, entries=tuple(replace(entry, posted_by=None) for entry in chain.entries))
        assert compare(chain, anonymous).nobody_moved


@given(chains, st.integers(0, 400))
def test_cut_anywhere_it_holds_no_more_people(text: str, end: int) -> None:
    chain, cut = read(text), read_chain(text[:end])
    if cut is not None and "1. " not in chain.topic:  # cut behind the rules in a topic, the rules look like the list
        assert len(cut.entries) <= len(chain.entries)
