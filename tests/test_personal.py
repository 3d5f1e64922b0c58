"""What is personal is found in every form that people write it in, masked for good, and nothing else is."""

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.hearing.personal import Kind, find_personal, mask


def cases(table: str) -> list[tuple[str, str]]:
    """Lines of `text = answer`."""
    rows = (line.split(" = ") for line in table.strip().splitlines())
    return [(text.strip(), answer.strip()) for text, answer in rows]


def found(text: str) -> list[tuple[Kind, str]]:
    return [(one.kind, text[slice(*one.span)]) for one in find_personal(text)]


MOBILES = """
13812345678 = 138****5678
我的电话13812345678，晚上打 = 我的电话138****5678，晚上打
138 1234 5678 = 138****5678
138-1234-5678 = 138****5678
138.1234.5678 = 138****5678
138·1234·5678 = 138****5678
138 12345678 = 138****5678
1381234 5678 = 138****5678
138 12 34 56 78 = 138****5678
1 3 8 1 2 3 4 5 6 7 8 = 138****5678
+8613812345678 = 138****5678
+86 138 1234 5678 = 138****5678
(+86)13812345678 = 138****5678
0086-13812345678 = 138****5678
8613812345678 = 138****5678
１３８１２３４５６７８ = 138****5678
１３８－１２３４－５６７８ = 138****5678
幺三八一二三四五六七八 = 138****5678
一三八一二三四五六七八 = 138****5678
幺三八 一二三四 五六七八 = 138****5678
一三八，一二三四，五六七八 = 138****5678
么三八一二三四五六七八 = 138****5678
幺三八洞洞幺幺五六拐八 = 138****5678
138一二三四5678 = 138****5678
一三八一二三四五六七八一会儿打给我 = 138****5678一会儿打给我
打13812345678或13987654321 = 打138****5678或139****4321
13812345678 9点 = 138****5678 9点
微信同号13812345678x = 微信同号138****5678x
"""

LANDLINES = """
0758-1234567 = 0758-****567
0758-2234567 = 0758-****567
0758 223 4567 = 0758-****567
(0758)1234567 = 0758-****567
（0758）2234567 = 0758-****567
07582234567 = 0758-****567
010-12345678 = 010-****678
020 8765 4321 = 020-****321
+86 758 2234567 = 0758-****567
０７５８－２２３４５６７ = 0758-****567
零七五八二二三四五六七 = 0758-****567
家里电话2234567 = 家里电话****567
座机：2234 567没人接 = 座机：****567没人接
"""

ID_CARDS = """
11010519491231002X = 110***********002X
11010519491231002x = 110***********002X
身份证11010519491231002Ｘ要复印吗 = 身份证110***********002X要复印吗
110105 19491231 002X = 110***********002X
440524188001010014 = 440***********0014
440106900101123 = 440********1123
"""

BANK_CARDS = """
6222021234567894 = 6222****7894
卡号 6222 0212 3456 7894 = 卡号 6222****7894
6222-0212-3456-7894 = 6222****7894
4111111111111111 = 4111****1111
"""

PLATES = """
粤H12345 = 粤H***45
粤H·12345 = 粤H***45
粤H 12345挡路了 = 粤H***45挡路了
粤 H 12345 = 粤H***45
粤H 123 45 = 粤H***45
粤h8a2b3 = 粤H***B3
粤ＨＤ１２３４５ = 粤H****45
粤HD12345 = 粤H****45
粤H12345D = 粤H****5D
京A1234警 = 京A***4警
粵B12345 = 粤B***45
"""

ADDRESSES = """
3号楼2单元501 = 3号楼****
三号楼二单元五零一 = 三号楼****
我家3号楼2单元501漏水 = 我家3号楼****漏水
３号楼２单元５０１ = ３号楼****
3号楼 2单元 501室 = 3号楼****
3号楼，2单元，501 = 3号楼****
3號樓2單元501 = 3號樓****
3-2-501 = 3-****
3-2-501室 = 3-****
三杠二杠五零一 = 三杠****
3#2-501 = 3#****
3#501 = 3#****
3栋501室 = 3栋****
3栋501 = 3栋****
3号楼501、502都漏 = 3号楼****都漏
十二号楼五百零一 = 十二号楼****
A座1203 = A座****
3号楼5-101 = 3号楼****
3号楼5楼东户 = 3号楼****
3号楼2单元5楼西户 = 3号楼****
住5-101 = 住5-****
我家在5-101 = 我家在5-****
房号501室 = 房号****
5-101室 = 5-****
2单元501 = ****
二单元五零一 = ****
12号501室 = 12号****
12弄3号楼501室 = 12弄3号楼****
3号院2号楼3单元101 = 3号院2号楼****
3号楼101户水管爆了 = 3号楼****水管爆了
"""

PERSONAL: dict[Kind, str] = {
    "mobile": MOBILES,
    "landline": LANDLINES,
    "id_card": ID_CARDS,
    "bank_card": BANK_CARDS,
    "plate": PLATES,
    "address": ADDRESSES,
}


@pytest.mark.parametrize(
    ("kind", "text", "masked"), [(kind, *case) for kind, table in PERSONAL.items() for case in cases(table)]
)
def test_personal(kind: Kind, text: str, masked: str) -> None:
    assert mask(text) == masked
    assert {one.kind for one in find_personal(text)} == {kind}
    assert find_personal(masked) == ()


NOT_PERSONAL = """
查 0123
我那个0001怎么样了
签到 4821
请打110 119 120
12345热线没人接
银行95588
400-123-4567
客服电话4008123456
电话：400 8123456
2026-12-05
2026.12.05 9:30
20261205
12月5日9:00–11:00
9:30-11:00
0930-1130
3-11-2026
2026-3-11
第3号
3号楼
三号楼
3号楼电梯坏了
3号楼2单元
3号楼三单元门口
3号楼5楼
3号楼100多人
3号楼120户居民
3号楼一百多户
3号楼2026年装的电梯
3号楼1000元
3号楼 0123
3号楼3.5米
五栋三百多人
3.5元
13800元
100块钱两个
订单202612051234567890
快递单号73123456789012345678
单号6222021234567890
440101199013010019
440101199001010018
990101900101123
12 13 14 15 16 17 18
1 3 5 7 9 11 13 15 17 19
一二三四五六七八九十
12345678901
138123456789
1381234567
02812
2/3的人 +1
五一路
三点意见
101会议室
比分5-101
3-2
京A股
云南的A12345
报名 修家电 2人
初三家长群
"""


@pytest.mark.parametrize("text", NOT_PERSONAL.strip().splitlines())
def test_not_personal(text: str) -> None:
    assert found(text) == []
    assert mask(text) == text


def test_spans_are_of_the_original_text() -> None:
    text = "👋王姐 １３８ １２３４ ５６７８，住三號樓２單元５０１，车粤Ｈ·１２３４５"
    assert found(text) == [
        ("mobile", "１３８ １２３４ ５６７８"),
        ("address", "三號樓２單元５０１"),
        ("plate", "粤Ｈ·１２３４５"),
    ]
    assert mask(text) == "👋王姐 138****5678，住三號樓****，车粤H***45"


def test_several_of_a_kind() -> None:
    assert [kind for kind, _ in found("13812345678、13987654321，家里0758-2234567")] == ["mobile", "mobile", "landline"]


# Every number in every form, inside ordinary talk.

digits = "0123456789"
SPOKEN = str.maketrans(digits, "零幺二三四五六七八九")
HANZI = str.maketrans(digits, "零一二三四五六七八九")
FULL_WIDTH = str.maketrans(digits, "０１２３４５６７８９")
before = st.sampled_from(["", "我的是", "麻烦打", "联系我：", "师傅好，", "周三下午3点 ", "3号楼的，", "@小善 反映 "])
after = st.sampled_from(
    ["", "。谢谢", "，晚上在家", " 2人", "（张阿姨）", "\n下午三点前", " 3号楼", "一会儿联系", "啊"]
)
numbers = st.text(digits, min_size=8, max_size=8)


def grouped(number: str, *lengths: int, by: str) -> str:
    groups, begin = [], 0
    for length in lengths:
        groups.append(number[begin : begin + length])
        begin += length
    return by.join([*groups, number[begin:]]) if begin < len(number) else by.join(groups)


def luhn(number: str) -> str:
    """The number with its check digit."""
    return next(number + check for check in digits if _luhn_sum(number + check) % 10 == 0)


def _luhn_sum(number: str) -> int:
    doubled = [int(digit) * (1 + at % 2) for at, digit in enumerate(reversed(number))]
    return sum(value - 9 if value > 9 else value for value in doubled)


def id_check(number: str) -> str:
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return "10X98765432"[sum(int(digit) * weight for digit, weight in zip(number, weights, strict=True)) % 11]


mobiles = st.builds("1{}{}".format, st.sampled_from("3456789"), st.text(digits, min_size=9, max_size=9))
mobile_forms = st.sampled_from(
    [
        lambda number: number,
        lambda number: grouped(number, 3, 4, by=" "),
        lambda number: grouped(number, 3, 4, by="-"),
        lambda number: grouped(number, 3, 4, by="."),
        lambda number: grouped(number, 3, by=" "),
        lambda number: grouped(number, 7, by=" "),
        lambda number: grouped(number, 3, 3, by="—"),
        lambda number: " ".join(number),
        lambda number: f"+86{number}",
        lambda number: f"+86 {grouped(number, 3, 4, by=' ')}",
        lambda number: f"0086-{number}",
        lambda number: number.translate(FULL_WIDTH),
        lambda number: number.translate(SPOKEN),
        lambda number: number.translate(HANZI),
        lambda number: grouped(number.translate(SPOKEN), 3, 4, by=" "),
        lambda number: grouped(number.translate(HANZI), 3, 4, by="，"),
    ]
)
landlines = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["0758", "（0758）", "0751", "+86 758"]),
    st.sampled_from(["-", " ", ""]),
    st.sampled_from("2345678"),
    st.text(digits, min_size=6, max_size=6),
)
births = st.dates(date(1900, 1, 1), date(2025, 12, 31)).map(lambda day: f"{day:%Y%m%d}")
id_cards = st.builds(
    "4412{}{}{}".format, st.sampled_from(["02", "03", "23"]), births, st.text(digits, min_size=3, max_size=3)
)
id_forms = st.sampled_from(
    [str, str.lower, lambda number: grouped(number, 6, 8, by=" "), lambda number: number.translate(FULL_WIDTH)]
)
bank_cards = st.text(digits, min_size=11, max_size=14).map(lambda middle: luhn(f"6222{middle}"))
bank_forms = st.sampled_from(
    [str, lambda number: grouped(number, 4, 4, 4, 4, by=" "), lambda number: number.translate(FULL_WIDTH)]
)
rooms = st.builds(lambda floor, door: f"{floor}0{door}", st.integers(1, 9), st.integers(1, 9))
room_forms = st.sampled_from(
    [
        "{b}号楼{u}单元{r}",
        "{b}号楼{u}单元{r}室",
        "{b}号楼 {u}单元 {r}",
        "{b}栋{u}单元{r}",
        "{b}-{u}-{r}",
        "{b}栋{r}室",
        "{b}号楼{r}室",
        "{b}座{u}门{r}",
        "{b}#{u}-{r}",
        "{b}号楼{u}-{r}",
    ]
)


def assert_hidden(talk: tuple[str, str], words: str, secret: str) -> None:
    text = f"{talk[0]}{words}{talk[1]}"
    spans = [one.span for one in find_personal(text)]
    assert (len(talk[0]), len(talk[0]) + len(words)) in spans, found(text)
    masked = mask(text)
    assert find_personal(masked) == (), masked
    plain = masked.translate({ord(wide): digit for wide, digit in zip("０１２３４５６７８９", digits, strict=True)})
    assert secret not in plain
    assert len(masked) <= len(text) + 8


talks = st.tuples(before, after)


@given(talks, mobiles, mobile_forms)
def test_mobiles_are_hidden(talk: tuple[str, str], number: str, form: object) -> None:
    assert callable(form)
    assert_hidden(talk, form(number), number[3:])


@given(talks, landlines)
def test_landlines_are_hidden(talk: tuple[str, str], number: str) -> None:
    assert_hidden(talk, number, number[-7:])


@given(talks, id_cards, id_forms)
def test_id_cards_are_hidden(talk: tuple[str, str], number: str, form: object) -> None:
    assert callable(form)
    assert_hidden(talk, form(number + id_check(number)), number[3:14])


@given(talks, bank_cards, bank_forms)
def test_bank_cards_are_hidden(talk: tuple[str, str], number: str, form: object) -> None:
    assert callable(form)
    words = form(number)
    text = f"{talk[0]}{words}{talk[1]}"
    assert find_personal(text)
    assert find_personal(mask(text)) == ()
    assert number[4:-4] not in mask(text)


@given(talks, st.integers(1, 30), st.integers(1, 9), rooms, room_forms, st.sampled_from([{}, HANZI, FULL_WIDTH]))
def test_rooms_are_hidden(
    talk: tuple[str, str], building: int, unit: int, room: str, form: str, writing: dict[int, int]
) -> None:
    words = form.format(b=building, u=unit, r=room)
    if len(str(building)) == 1:  # 一二号楼 is nobody's way to say 12
        words = words.translate(writing)
    assert_hidden(talk, words, room)


@given(st.one_of(st.text(), st.text(alphabet="1234567890 -.+()（）Xx粤HD号楼单元室栋一二三幺零住电话*，", max_size=80)))
def test_any_text_is_searched_and_masked(text: str) -> None:
    spans = [one.span for one in find_personal(text)]
    assert spans == sorted(spans)
    assert all(start < end <= len(text) for start, end in spans)
    assert all(one[1] <= other[0] for one, other in pairwise(spans))
    assert isinstance(mask(text), str)


@given(st.text(alphabet="的了我你他们今天社区大家好不是在有去来说要就也都很这那和吗吧啊，。！？ ", max_size=60))
def test_talk_without_numbers_is_left_alone(text: str) -> None:
    assert mask(text) == text
