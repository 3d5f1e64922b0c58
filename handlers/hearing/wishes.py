"""Wishes as people say them: what, for whom, and how much. Pure. What is personal is hidden, prices are left out."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from handlers.hearing.numerals import to_amount
from handlers.hearing.personal import find_personal, mask
from handlers.hearing.times import find_when

LONGEST = 200
"""Characters of a wish."""

LONGEST_PUBLIC = 60
MOST_UNIT = 4

_OPENING = re.compile(
    r".{0,24}?(?:(?:许|发|提|报|登记|申请|申报|填|写|发布)(?:个|一个|一下|了个)?(?:小|微)?(?:心愿|愿望|愿)|微心愿|心愿登记|心愿申请"
    r"|(?:心愿|愿望)(?:就)?(?:是|:|,)|^(?:心愿|愿望)(?=\W))[\s,:、。.!~]*"
)
"""The words with which a wish begins: 「帮5号楼的李奶奶许个愿,」."""

_PRICE = re.compile(
    r"(?:价值|大概|大约|差不多|最多|不超过|¥|\uffe5)?\s*"
    r"(?:(?:[\d.,]+|[一二两三四五六七八九十百千万几]+)(?:多|来)?\s*(?:元|万元|人民币|块钱|圆)"
    r"|(?:¥|\uffe5)\s*[\d.,]+|(?:\d{2,}|[一二两三四五六七八九]?[十百千万][一二三四五六七八九十百千]*)块(?=的|左右|以内|以下|$|[,。\s]))"
    r"(?:左右|以内|以下|上下|的样子)?的?"
)
_MONEY_UNIT = re.compile(r"^(?:元|块钱|块(?!$)|毛|角|万元|人民币|rmb)", re.IGNORECASE)
_NOTHING_LEFT = re.compile(
    r"[\s,。.!:;、]*(?:我|就|只|很|最|还)*(?:想要|希望有|希望|想|要|给我|给|有|求|需要)?(?:点|些)?[\s,。.!:;、]*"
)
_MARKS = " \t,\uff0c\u3002.!\uff01;\uff1b:\uff1a\u3001~?\uff1f"

_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白"
    "邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤常温康施牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳欧管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项连芦麦褚娄窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师和仇栾隋商刁沙荣巫寇桑郎甄丛仲虞敖巩明佘池查麻苑迟邝"
)
_CALLED = re.compile(
    f"[{_SURNAMES}](?=(?:大爷|大妈|阿姨|叔叔|奶奶|爷爷|婆婆|伯伯|老师|师傅|姐|哥|老太太|老爷子|先生|女士|大姐|大哥|姨|婶|伯|叔))"
)
"""A surname before how somebody is called: 李奶奶."""

_NAMED = re.compile(f"(?P<before>(?:我叫|名叫|姓名[是:]?|名字[是:叫]?|叫做)\\s*)[{_SURNAMES}][\u4e00-\u9fff]{{1,2}}")
_BUILDING = re.compile(r"(?:住在?|在)?(?:\d{1,3}|[一二三四五六七八九十]{1,3})\s*(?:号楼|栋|幢|号院)(?:\S{0,2}单元)?的?")
HIDDEN = "*"

_OLD = re.compile(
    "老人|奶奶|爷爷|大爷|大妈|我妈|我爸|爸爸|妈妈|父母|老伴|姥姥|姥爷|外婆|外公|老太太|老爷子|婆婆|公公|老年|孤寡|长辈"
)
_CHILD = re.compile("孩子|小孩|儿子|女儿|孙子|孙女|学生|娃|小朋友|儿童|宝宝")
_FAMILY = re.compile("一家|全家|我家|我们家|家庭|低保户|困难户|贫困户")
_SELF_AND_KIN = re.compile(
    "(?:我的?|咱|俺)(妈妈?|爸爸?|奶奶|爷爷|老伴|姥姥|姥爷|外婆|外公|孩子|父母|儿子|女儿|孙子|孙女|家老人|家孩子|家)"
)
_WHOSE = re.compile("(?:我妈|我爸|我家老人|我奶奶|我爷爷|我家孩子|老人|孩子|邻居)(?=.{0,4}(?:心愿|愿望))")
_WANTS = re.compile(r"^(?:想|希望|要|盼|求|需要|缺)")
_SUBJECT = re.compile(
    r"^(?:(?:帮|替|给|为)\S{0,12}?(?:老人|奶奶|爷爷|大爷|大妈|阿姨|叔叔|邻居|孩子|妈妈?|爸爸?|家人)(?:的|,)?"
    r"|(?:我|他|她|它|老人|孩子|老人家|老太太|老爷子|奶奶|爷爷|我妈|我爸|邻居)(?:家)?(?:的)?(?=想|希望|要|盼|求|需要|缺|有))"
)

_AMOUNT = re.compile(
    r"(?P<sign>[-\u2212\u2013]|负)?\s*(?P<number>(?:半(?=个?\S)|\d[\d.,]{0,14}|[零〇一二两三四五六七八九十百千万亿]{1,12})[万亿]?)"
    r"\s*(?P<half>个半(?=小时|钟头))?(?P<rest>[^\d,。]{0,12})"
)
_HOURS = re.compile(r"^个?(?:小时|钟头|h(?![a-z]))", re.IGNORECASE)
_CHANGED = re.compile(r"(?:改成|改为|改到|改|变成|换成|减到|加到|只出|只能出)")
_UNIT = re.compile(r"^(?:个?小时|个?钟头|[\u4e00-\u9fff])")
_UNTIL = re.compile(r"(?:到|截至|截止到?|延到|至|,|\s)+$")
_GENERIC = ("个", "份")
_SEPARATE = re.compile(r"[,\uff0c\u3002;\uff1b!\uff01?\uff1f\s]+")


@dataclass(frozen=True, slots=True)
class Wished:
    """A wish. Empty `words`: nothing was said. `is_money`: it is for money, or for nothing else beside its price.

    `public` is what a group may read of it; empty where only somebody's own words would do.
    """

    words: str
    for_whom: str
    who: str
    category: str
    public: str
    is_money: bool


@dataclass(frozen=True, slots=True)
class Amount:
    """How much. `whole` None: no number; `halved`: not a whole one. `rest`: what stands behind, unit and thing."""

    whole: int | None
    halved: bool
    rest: str
    is_money: bool


@dataclass(frozen=True, slots=True)
class CrowdWanted:
    """What a crowd wish needs. What was not said is None or empty."""

    purpose: str
    goal: int | None
    unit: str
    thing: str
    closes_on: date | None
    is_money: bool


def said_of(text: str, words: str) -> str:
    """What stands behind the opening of a normalised text; else the words of the phrase."""
    found = _OPENING.match(text)
    rest = text[found.end() :] if found else words
    return rest.strip(_MARKS)


def whose(text: str) -> str:
    """Who has the wish, where it is not the one who speaks: 老人 of 「老人有个心愿」; empty where it is."""
    found = _WHOSE.match(text)
    return found[0] if found else ""


def hear_wish(
    words: str, for_whom: str, names: Iterable[str], money: Sequence[str], categories: Sequence[str]
) -> Wished:
    """What is wished for. `names` are masked; `money` are words of cash; `categories`: `家电=收音机 电视`."""
    known = tuple(names)
    bare = _PRICE.sub("", words)
    is_money = names_money(bare, money) or (bare != words and _NOTHING_LEFT.fullmatch(bare) is not None)
    masked = hide_names(mask(bare), known).strip(_MARKS)[:LONGEST]
    about = f"{for_whom} {bare}"
    who = "老人" if _OLD.search(about) else "孩子" if _CHILD.search(about) else "家庭" if _FAMILY.search(about) else ""
    shown = public_words(bare, known)
    return Wished(
        words=masked,
        for_whom=hide_names(mask(for_whom), known)[:LONGEST],
        who=_WHO[who],
        category=category_of(bare, categories),
        public=f"{_WHO[who]}{shown}"[:LONGEST_PUBLIC] if shown else "",
        is_money=is_money,
    )


_WHO: Mapping[str, str] = {"老人": "一位老人", "孩子": "一个孩子", "家庭": "一户家庭", "": "一位居民"}


def names_money(words: str, money: Sequence[str]) -> bool:
    """Whether words are about cash, a transfer, a bill, a loan."""
    return any(each in words for each in money)


def without_price(words: str) -> str:
    """The words without what it costs."""
    return _PRICE.sub("", words)


def category_of(words: str, categories: Sequence[str]) -> str:
    """The category of which a word stands in the text; else the last, which is for all others."""
    pairs = [each.partition("=") for each in categories]
    found = (name for name, _, listed in pairs if any(word in words for word in listed.split()))
    return next(found, pairs[-1][0] if pairs else "")


def hide_names(words: str, names: Iterable[str]) -> str:
    """The words with names hidden: those that are known, 我叫…, and surnames before how somebody is called."""
    for name in sorted((each for each in names if len(each) > 1), key=len, reverse=True):
        words = words.replace(name, HIDDEN * 2)
    words = _NAMED.sub(rf"\g<before>{HIDDEN * 2}", words)
    return _CALLED.sub(HIDDEN, words)


def is_telling(words: str, names: Iterable[str]) -> bool:
    """Whether words name a person, a phone, a room, or a price: no group may read them."""
    return bool(find_personal(words)) or hide_names(words, names) != words or _PRICE.search(words) is not None


def public_words(words: str, names: Iterable[str]) -> str:
    """What everybody may read of a wish: without whatever tells whose it is. Empty where nothing is left."""
    known = tuple(names)
    parts = [part for part in _SEPARATE.split(_in_one_piece(words)) if part and not is_telling(part, known)]
    kept = [_BUILDING.sub("", part) for part in parts]
    shown = "\uff0c".join(each for each in kept if each)
    shown = _SUBJECT.sub("", shown).strip(_MARKS)
    shown = _SELF_AND_KIN.sub("家里人", shown)
    shown = _SUBJECT.sub("", shown.replace("我", "自己") if not shown.startswith("我") else shown[1:]).strip(_MARKS)
    if not shown or _NOTHING_LEFT.fullmatch(shown):
        return ""
    return shown if _WANTS.match(shown) else f"想要{shown}"


def _in_one_piece(words: str) -> str:
    """Words whose numbers and addresses have no gaps, at which they would be taken apart: 138 1234 5678."""
    pieces, begin = [], 0
    for found in find_personal(words):
        pieces += [words[begin : found.span[0]], _SEPARATE.sub("", words[slice(*found.span)])]
        begin = found.span[1]
    return "".join([*pieces, words[begin:]])


def read_amount(words: str) -> Amount:
    """How much normalised words say: 2床, 两床被子, 半床, -1床, 40个小时, 100元."""
    found = _AMOUNT.search(words)
    if found is None:
        return Amount(None, halved=False, rest=words.strip(_MARKS), is_money=False)
    rest = found["rest"].strip()
    number = to_amount(found["number"].replace(",", ""))
    if number is None:
        number = _ten_thousands(found["number"])
    if number is not None and found["half"]:
        number += 0.5
    is_money = _MONEY_UNIT.match(rest) is not None or (rest == "块")
    if number is None:
        return Amount(None, halved=False, rest=rest, is_money=is_money)
    signed = -number if found["sign"] else number
    return Amount(int(signed), halved=signed != int(signed), rest=rest, is_money=is_money)


def fits_unit(rest: str, unit: str) -> bool:
    """Whether what stands behind a number is in this unit: 床被子 is in 床; 个 is in all but hours."""
    if unit == "小时":
        return not rest or _HOURS.match(rest) is not None
    if not rest or rest.startswith(unit):
        return True
    return rest.startswith(_GENERIC) and _HOURS.match(rest) is None


def is_change(text: str) -> bool:
    """Whether a pledge is put in the place of the one before: 改成1床."""
    return _CHANGED.search(text) is not None


def hear_crowd(words: str, now: datetime) -> CrowdWanted:
    """「给孤寡老人过冬 20床被子 到12月20日」: what for, how much of what, until when."""
    words = _BUILDING.sub("", words)
    when = find_when(words, now)
    closes_on = None
    rest = words
    if when is not None:
        closes_on = (when.end or when.start).date()
        rest = (
            f"{_UNTIL.sub('', words[: when.span[0]])} {words[when.span[1] :].removeprefix('为止').removeprefix('前')}"
        )
    found = _AMOUNT.search(rest)
    if found is None:
        return CrowdWanted(rest.strip(_MARKS), None, "", "", closes_on, is_money=False)
    amount = read_amount(found[0])
    unit_said = _UNIT.match(found["rest"].strip())
    unit = "" if unit_said is None else "小时" if _HOURS.match(unit_said[0]) else unit_said[0]
    behind = (found["rest"].strip()[len(unit_said[0]) :] if unit_said else found["rest"]) + rest[found.end() :]
    goal = amount.whole if not amount.halved else None
    purpose = rest[: found.start()].strip(_MARKS).removesuffix("需要").removesuffix("要").strip(_MARKS)
    thing = behind.strip(_MARKS)
    return CrowdWanted(purpose, goal, unit[:MOST_UNIT], thing, closes_on, amount.is_money)


def last_day(words: str, now: datetime) -> date | None:
    """The day that words name, the last of several."""
    when = find_when(words, now)
    return (when.end or when.start).date() if when is not None else None


def _ten_thousands(said: str) -> float | None:
    """3万, 一百万, 1.5万: what `to_amount` does not read."""
    factor = {"万": 10_000, "亿": 100_000_000}.get(said[-1:])
    number = to_amount(said[:-1]) if factor else None
    return number * factor if number is not None and factor else None
