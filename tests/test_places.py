"""Places as people say them."""

import pytest

from handlers.hearing.normalise import normalise
from handlers.hearing.places import Whereabouts, find_place, find_whereabouts

# said = building unit room words; - for what was not said
WITH_BUILDING = """
3号楼 = 3 - - 3号楼
3号楼2单元 = 3 2 - 3号楼2单元
3号楼2单元501 = 3 2 501 3号楼2单元501
3号楼2单元501室 = 3 2 501 3号楼2单元501室
3 号楼 2 单元 501 = 3 2 501 3 号楼 2 单元 501
３号楼２单元５０１ = 3 2 501 3号楼2单元501
三号楼 = 3 - - 三号楼
三号楼二单元 = 3 2 - 三号楼二单元
三號樓二單元 = 3 2 - 三号楼二单元
五号楼五零一 = 5 - 501 五号楼五零一
五号楼五〇一 = 5 - 501 五号楼五〇一
五号楼幺零一 = 5 - 101 五号楼幺零一
5号楼501 = 5 - 501 5号楼501
5号楼1201室 = 5 - 1201 5号楼1201室
3-2-501 = 3 2 501 3-2-501
我家3-2-501,漏水 = 3 2 501 3-2-501
3号楼2-501 = 3 2 501 3号楼2-501
3栋2-501 = 3 2 501 3栋2-501
3栋 = 3 - - 3栋
12幢 = 12 - - 12幢
3座 = 3 - - 3座
5# = 5 - - 5#
5#楼 = 5 - - 5#楼
5# 3单元 = 5 3 - 5# 3单元
5号栋 = 5 - - 5号栋
13号楼 = 13 - - 13号楼
十三号楼 = 13 - - 十三号楼
二十三号楼 = 23 - - 二十三号楼
一百零二号楼 = 102 - - 一百零二号楼
廿三号楼 = 23 - - 廿三号楼
十二栋一单元三零二 = 12 1 302 十二栋一单元三零二
反映3号楼电梯坏了 = 3 - - 3号楼
我住在三号楼的二单元 = 3 - - 三号楼
3号楼门口 = 3 - - 3号楼
3号楼2门 = 3 2 - 3号楼2门
3号楼2门口 = 3 - - 3号楼
3号楼2单元,501 = 3 2 501 3号楼2单元,501
3号楼和5号楼都停水 = 3 - - 3号楼
99号楼 = 99 - - 99号楼
3号楼2单元 2026年装的 = 3 2 - 3号楼2单元
"""
WITHOUT_BUILDING = """
三单元门口 = - 3 - 三单元门口
2单元 = - 2 - 2单元
2单元501 = - 2 501 2单元501
501室 = - - 501 501室
小区东门 = - - - 小区东门
反映 小区东门的路灯不亮 = - - - 小区东门
东门 = - - - 东门
西北门外面 = - - - 西北门外面
大门口 = - - - 大门口
文化广场 = - - - 文化广场
地下车库入口 = - - - 地下车库入口
垃圾站旁边 = - - - 垃圾站旁边
B3栋 = - - - B3栋
A座 = - - - A座
"""
NOWHERE = """
3号线
坐3号线去
1号
12月3号
3号那天
3号院
3楼
三楼
3门
010-123-4567
2026-12-05
3-2
1-2-3
0123
501
第3号
0号楼
1234号楼
三四
一座难求
这两栋楼
两栋都停水
那一栋楼
5#a
#5
好的
"""


def _told(place: Whereabouts | None) -> str:
    if place is None:
        return "nowhere"
    parts = (place.building, place.unit, place.room, place.words)
    return " ".join("-" if part is None else str(part) for part in parts)


def _rows(table: str) -> list[tuple[str, str]]:
    pairs = (line.split(" = ") for line in table.strip().splitlines())
    return [(said, expected) for said, expected in pairs]


@pytest.mark.parametrize(("said", "expected"), _rows(WITH_BUILDING))
def test_with_a_building(said: str, expected: str) -> None:
    assert _told(find_place(normalise(said))) == expected
    assert _told(find_whereabouts(normalise(said))) == expected


@pytest.mark.parametrize(("said", "expected"), _rows(WITHOUT_BUILDING))
def test_without_a_building(said: str, expected: str) -> None:
    assert find_place(normalise(said)) is None
    assert _told(find_whereabouts(normalise(said))) == expected


@pytest.mark.parametrize("said", NOWHERE.strip().splitlines())
def test_nowhere(said: str) -> None:
    assert _told(find_place(normalise(said))) == "nowhere"
