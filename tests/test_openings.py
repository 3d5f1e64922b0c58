"""Answers that say more than they choose, quotations, and what is put right."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers import phrasebook
from handlers.hearing.corrections import said_instead
from handlers.hearing.normalise import normalise
from handlers.hearing.openings import leaves_something, read_opening
from handlers.hearing.quotes import number_quoted, quotation, without_quotation

VERDICTS = ("solved", "partly", "unsolved")
LINE = "- - - - - - - - - - - - - - -"


def verdict(text: str, *, numbers: bool = True, names_its_thing: bool = True) -> str | None:
    ways = phrasebook.load().answers["grievances.verdict"]
    return read_opening(normalise(text), VERDICTS, ways, numbers=numbers, names_its_thing=names_its_thing)


@pytest.mark.parametrize(
    ("text", "option"),
    [
        ("修好了,谢谢你们", "solved"),
        ("谢谢,修好了", "solved"),
        ("好了好了", "solved"),
        ("已经修好了,辛苦了", "solved"),
        ("电梯修好了", "solved"),
        ("1、没事了", "solved"),
        ("没解决,还在漏水", "unsolved"),
        ("没有,还是漏", "unsolved"),
        ("3,还在漏", "unsolved"),
        ("3没解决", "unsolved"),
        ("还没修", "unsolved"),
        ("没人来过", "unsolved"),
        ("电梯还是没修好", "unsolved"),
        ("还差一点,门关不上", "partly"),
        ("3号楼停水了", None),
        ("1 号楼电梯坏了", None),
        ("修好了吗", None),
        ("没人来吗?", None),
        ("0001没解决", None),
        ("听说修好了", None),
        ("楼道没人扫地", None),
        ("今天天气真好", None),
    ],
)
def test_first_words_of_an_answer(text: str, option: str | None) -> None:
    assert verdict(text) == option


def test_a_number_counts_for_the_newest_question_alone() -> None:
    assert verdict("3,还在漏", numbers=False) is None


def test_what_it_is_about_counts_where_only_one_is_asked() -> None:
    assert verdict("电梯修好了", names_its_thing=False) is None


@pytest.mark.parametrize("text", ["好了,但是还有点漏", "修好了,不过关不上", "好了,又漏了"])
def test_well_but_not_quite(text: str) -> None:
    assert leaves_something(normalise(text))


@pytest.mark.parametrize("text", ["修好了,谢谢", "没事了", "好了,没问题了", "都好了,辛苦了"])
def test_well(text: str) -> None:
    assert not leaves_something(normalise(text))


@given(st.text(max_size=60))
def test_any_text_is_read(text: str) -> None:
    assert verdict(text) in (None, *VERDICTS)


def test_a_quotation_is_cut() -> None:
    text = f"「小善:收到,编号0001。」\n{LINE}\n+1"
    assert without_quotation(text) == "+1"
    assert number_quoted(text, "小善") == 1


def test_of_others_and_of_several_no_number_is_taken() -> None:
    assert number_quoted(f"「赵晓梅:编号0001」\n{LINE}\n+1", "小善") is None
    assert number_quoted(f"「小善:0001和0002」\n{LINE}\n+1", "小善") is None


@pytest.mark.parametrize("text", ["「小善」说得好", "+1", "", f"{LINE}\n+1", "「小善:收到」"])
def test_what_is_no_quotation_stays(text: str) -> None:
    assert without_quotation(text) == text
    assert quotation(text) is None


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        ("改成2号楼", "2号楼"),
        ("不是3号楼,是2号楼", "2号楼"),
        ("错了,应该是2号楼2单元", "2号楼2单元"),
        ("是下水道的", "下水道"),
        ("不对,噪音", "噪音"),
    ],
)
def test_what_is_said_instead(text: str, instead: str) -> None:
    assert said_instead(normalise(text)) == (instead, True)


def test_what_corrects_nothing() -> None:
    assert said_instead("3号楼电梯坏了") == ("3号楼电梯坏了", False)
