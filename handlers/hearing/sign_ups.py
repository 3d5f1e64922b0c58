"""What somebody wants at an event: 「报名 修家电」, 「我和邻居一起,缝补」, 「还是上次那个摊」, 「12月5日集市我来」."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from handlers.hearing.numerals import to_int
from handlers.hearing.times import find_when

_NUMERAL = r"\d{1,4}|[一二两俩三仨四五六七八九十百]{1,4}"
_HEADS = re.compile(rf"(?<![第\d])(?P<heads>{_NUMERAL})\s*(?:个人|口人|口|人|位|个名额|名)(?!队)")
_US = re.compile(rf"(?:我们|咱们|我俩|我仨|我家)\s*(?P<heads>{_NUMERAL})")
_BRING = re.compile(
    rf"(?:带|多带|再带|加)\s*(?P<heads>{_NUMERAL})?\s*(?:个|名|位)?\s*(?:人|朋友|同事|邻居|家人|同学|孩子)"
)
_WITH = re.compile(
    r"(?:我?(?:和|跟|同|与|还有|带上?|连)\s*(?:我?的?)?|一起.{0,3})(?:邻居|老伴|老公|老婆|爱人|朋友|同事|同学|女儿|儿子|孩子|妹妹|姐姐|哥哥|弟弟|妈妈?|爸爸?|家人"
    r"|[\u4e00-\u9fff]{1,3}(?:姐|哥|阿姨|叔|嫂|姨|老师|师傅)|[\u4e00-\u9fff]{2,3}(?=一起|两个|俩))"
)
_ALSO_FOR = re.compile(r"[号压电补报].{0,4}[给帮替]我?(?:老伴|妈妈?|爸爸?|爱人|老公|老婆|邻居|奶奶|爷爷|孩子)也")
_PLUS = re.compile(r"\+\s*(?P<heads>\d{1,3})(?!\d)")
_AGAIN = re.compile(
    r"(?:还是|跟|和|照|同)?(?:上次|上回|上个月|老)(?:那个|的|那|那样|一样)?(?:摊位?|活|地方|样子|岗位|一样)"
)
_ALWAYS = re.compile("每个月都|每月都|每次都|每期都|以后都|次次都|每回都|月月都")
_BIG = {"俩": 2, "仨": 3}
_NO_ITEM = re.compile(
    r"取个?号|[拿取领排]一?个|拿个?号|领个?号|排个?号|挂个?号|要个?号|取票|报名|取一个号|给我|帮我|我要|我想|我家|家里|有个|有一个|有台|一台|一个|一把|一件|要修|想修|修一下|修修|坏了"
    r"|摊位?|集市|活动|号码?|谢谢|麻烦|可以吗|行吗|吗|请|的|了|吧|呢|要|想|去|来|[\s,\uff0c.\u3002!\uff01?\uff1f:\uff1a]"
)
LONGEST_ITEM = 12


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was heard. `stall` and `event` are names that exist; `heads` counts the speaker.

    `again`: where they were last time. `always`: each time. `since` and `until` bound the day that was named.
    """

    stall: str
    event: str
    heads: int
    again: bool
    always: bool
    item: str
    since: datetime | None
    until: datetime | None


def hear_wanted(text: str, stalls: Iterable[str], events: Iterable[str], alike: Sequence[str], now: datetime) -> Wanted:
    """What a normalised text asks for. `alike`: each a line of words for one stall; `now` is in the local zone."""
    stall, said = find_stall(text, stalls, alike)
    always = _ALWAYS.search(text) is not None
    since, until = (None, None) if always else _day(text, now)
    return Wanted(
        stall,
        find_event(text, events),
        find_heads(text),
        _AGAIN.search(text) is not None,
        always,
        find_item(text, said),
        since,
        until,
    )


def find_stall(text: str, names: Iterable[str], alike: Sequence[str]) -> tuple[str, str]:
    """The stall that a text names, and the words by which; empty where it names none. The longest words count."""
    found = [(len(word), name, word) for name in names for word in _words_for(name, alike) if word in text]
    if not found:
        return "", ""
    _, name, word = max(found, key=lambda each: each[0])
    return name, word


def _words_for(name: str, alike: Sequence[str]) -> set[str]:
    same = next((line.split() for line in alike if name in line.split()), [])
    return {name, *same}


def find_event(text: str, names: Iterable[str]) -> str:
    """The event that a text names, by its whole name or by the end of it: 集市 is the 雷锋集市. Empty: none."""
    found = [(len(part), name) for name in names for part in (name, name[-2:]) if part in text]
    return max(found)[1] if found else ""


def find_heads(text: str) -> int:
    """How many come, the speaker included."""
    if found := _US.search(text) or _HEADS.search(text):
        return max(_count(found["heads"]), 1)
    if found := _PLUS.search(text):
        return 1 + int(found["heads"]) if "我" in text else max(int(found["heads"]), 1)
    if found := _BRING.search(text):
        return 1 + (_count(found["heads"]) if found["heads"] else 1)
    if "我俩" in text or _WITH.search(text) or _ALSO_FOR.search(text):
        return 2
    return 3 if "我仨" in text else 1


def find_item(text: str, stall_words: str) -> str:
    """What somebody brings to a stall: the words behind its name, without those that are said anyway."""
    if not stall_words:
        return ""
    before, _, behind = text.partition(stall_words)
    for part in (behind, before):
        item = _NO_ITEM.sub("", part)
        if 2 <= len(item) <= LONGEST_ITEM and find_heads(item) == 1 and not re.search(r"[\d点月日周]", item):
            return item
    return ""


def _count(numeral: str) -> int:
    return _BIG.get(numeral) or to_int(numeral) or 0


def _day(text: str, now: datetime) -> tuple[datetime | None, datetime | None]:
    """The days that were named. A month alone, 「这个月」, is as wide as it is."""
    when = find_when(text, now)
    if when is None or when.start is None:
        return None, None
    since = when.start.replace(hour=0, minute=0)
    last = when.end if when.whole_day and when.end else when.start
    return since, last.replace(hour=0, minute=0) + timedelta(days=1)
