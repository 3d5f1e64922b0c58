"""Whether two reports tell of the same thing, where place and category are the same already."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from community.parts.alike import alike

words = st.text(alphabet="电梯坏了灯不亮水管爆3号楼,。 ", max_size=30)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("3号楼2单元电梯坏了", "三号楼电梯又坏了,老人下不了楼"),
        ("电梯坏了", "电梯停了两天了"),
        ("楼道灯不亮", "3号楼楼道的灯一个都不亮"),
        ("水管爆了,满地是水", "水管爆了没人管"),
        ("半夜太吵", "半夜吵得睡不着"),
        ("垃圾没人清", "3号楼门口垃圾堆成山,没人清"),
        ("3号楼", "3号楼电梯坏了"),  # nothing but a place: rather asked than not
    ],
)
def test_the_same_thing(one: str, other: str) -> None:
    assert alike(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("楼上半夜打麻将", "一楼装修电钻声"),
        ("门口路灯不亮", "地下车库的灯一闪一闪"),
        ("热水器漏水", "厕所堵了往上返"),
        ("楼上半夜打麻将", "狗从早叫到晚"),
    ],
)
def test_another_thing(one: str, other: str) -> None:
    assert not alike(one, other)


@given(one=words, other=words)
def test_it_does_not_matter_which_came_first(one: str, other: str) -> None:
    assert alike(one, other) == alike(other, one)


@given(one=words)
def test_everything_is_like_itself(one: str) -> None:
    assert alike(one, one)


@given(one=words, more=words)
def test_more_words_make_it_no_less_alike(one: str, more: str) -> None:
    assert alike(one, f"{one},{more}")
