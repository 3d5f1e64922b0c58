"""Free times that come again every week, from words: 周末, 周三上午, 工作日晚上, 随时.

What is heard is a list of canonical strings, in the order of the week:

    any             whenever
    any-evening     every day, in the evening
    sat             all of Saturday
    wed-morning     Wednesday morning

Days are mon tue wed thu fri sat sun, parts of the day morning noon afternoon evening.
"""

import re
from collections.abc import Iterator, Mapping

ANY = "any"
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
PARTS = ("morning", "noon", "afternoon", "evening")
WORKDAYS, WEEKEND = DAYS[:5], DAYS[5:]

_DAY_SIGNS = dict(zip("一二三四五六日天1234567", (*DAYS, "sun", *DAYS), strict=True))
_PART_WORDS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("上午", "早上", "早晨", "清早", "一早", "早间"), ("morning",)),
    **dict.fromkeys(("中午", "午间", "午休"), ("noon",)),
    **dict.fromkeys(("下午", "午后"), ("afternoon",)),
    **dict.fromkeys(("晚上", "晚间", "夜里", "傍晚", "夜晚", "下班后", "下班以后", "下了班", "下班"), ("evening",)),
    "白天": ("morning", "afternoon"),
    "早晚": ("morning", "evening"),
}
_WEEK = "(?:周|星期|礼拜)"
_SIGN = "[一二三四五六日天1-7]"
_DAYS = (
    rf"{_WEEK}(?:末|(?P<from>{_SIGN})(?:到|至|-|~){_WEEK}?(?P<to>{_SIGN})"
    rf"|(?P<listed>{_SIGN}(?:[、和]?{_SIGN}(?![点月号日时个]))*))"
)
_TOKEN = re.compile(
    rf"(?P<days>{_DAYS})|(?P<weekend>双休日?|休息日|礼拜天和礼拜六)|(?P<workdays>工作日|平日|平时|平常)"
    rf"|(?P<daily>每天|天天|每日|整天|全天)|(?P<part>{'|'.join(sorted(_PART_WORDS, key=len, reverse=True))})"
)
_WHENEVER = re.compile(
    "随时|随叫随到|(?:什么|啥|任何|哪个)时[候间]都|(?:都|全|整天|天天)(?:有空|有时间|行|可以|在家|方便)"
    "|(?:每天|天天)都|时间多|退休了?都?在家|不限"
)
_BUSY = re.compile("没空|没时间|没有(?:空|时间)|不行|不方便|来不了|不能来|(?<!下)上班|要上学|除外|不可以|不得空")
_CLAUSE = re.compile(r"[,;。!?\n]|但是?|不过|就是")
_FILLER = re.compile(
    "都?(?:有空|有时间|有功夫|得空|空闲|闲着|空着|没事|方便|也?行|也?可以|能来|休息|在家)|的?(?:时候|时间|时段)|随时"
    "|我|一般|基本上?|大概|主要|比较|通常|每个?|都|也|有|可|会"
)


def hear_free_times(text: str) -> tuple[str, ...]:
    """The free times in a normalised text; nothing where none are said."""
    found: set[str] = set()
    for clause in _CLAUSE.split(text):
        if _BUSY.search(clause):
            continue
        times = set(_times_in(clause))
        found |= times or ({ANY} if _WHENEVER.search(clause) else set())
    return (ANY,) if ANY in found else tuple(sorted(found, key=_order))


def without_free_times(clause: str) -> str:
    """What a clause says besides free times; all of it where it says none."""
    if _TOKEN.search(clause) is None and _WHENEVER.search(clause) is None and _BUSY.search(clause) is None:
        return clause
    rest = _BUSY.sub("", _WHENEVER.sub("", _TOKEN.sub("", clause)))
    return "" if not _FILLER.sub("", rest).strip(" 、的了呢吧啊和") else rest


def is_no_time(text: str) -> bool:
    """Whether somebody says that they have none, or cannot say: 不一定, 看情况."""
    return re.search("不一定|不固定|看情况|说不准|说不好|不好说|没空|没时间|不确定|再说|到时候", text) is not None


def _times_in(clause: str) -> Iterator[str]:
    """Days share the parts of the day behind them: 周一周三晚上. A day behind a part begins anew."""
    days: list[str] = []
    closed = False
    tokens = list(_TOKEN.finditer(clause))
    for at, token in enumerate(tokens):
        if token["part"]:
            yield from (f"{day}-{part}" for day in days or [ANY] for part in _PART_WORDS[token["part"]])
            closed = True
            continue
        days = _days_of(token) if closed else [*days, *_days_of(token)]
        closed = False
        if not any(later["part"] for later in tokens[at + 1 :]):
            yield from days
            days = []


def _days_of(token: re.Match[str]) -> list[str]:
    if token["daily"]:
        return [ANY]
    if token["workdays"]:
        return list(WORKDAYS)
    if token["from"]:
        first, last = DAYS.index(_DAY_SIGNS[token["from"]]), DAYS.index(_DAY_SIGNS[token["to"]])
        return list(DAYS[first : last + 1] if first <= last else (*DAYS[first:], *DAYS[: last + 1]))
    if token["listed"]:
        return [_DAY_SIGNS[sign] for sign in token["listed"] if sign in _DAY_SIGNS]
    return list(WEEKEND)


def _order(time: str) -> tuple[int, int]:
    day, _, part = time.partition("-")
    return (DAYS.index(day) if day in DAYS else -1, PARTS.index(part) if part else -1)
