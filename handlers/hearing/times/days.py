"""Days told from today: 明天, 下周三, 周末, 三天后."""

import re
from datetime import date, datetime, timedelta

from handlers.hearing.numerals import to_amount
from handlers.hearing.times.hours import PARTS
from handlers.hearing.times.lookalikes import (
    AFTER_MONDAY,
    AFTER_WEEK,
    AFTER_WEEKDAY,
    AFTER_WEEKDAY_SHOP,
    AFTER_WEEKEND,
)
from handlers.hearing.times.months import WEEKDAYS, add_months, next_weekday
from handlers.hearing.times.pieces import NEXT, NUMERALS, PAST, THIS, THROUGH, WEEK, Clearness, Days, any_of, reader

_FROM_TODAY = {"大前": -3, "前": -2, "昨": -1, "今": 0, "明": 1, "后": 2, "大后": 3}
_FROM_THIS_WEEK = {"上上": -2, "上": -1, "这": 0, "本": 0, "下": 1, "下下": 2, "下下下": 3}
_SUNDAY = 6


def _read_relative(match: re.Match[str], now: datetime, _after: date) -> Days:
    day = now.date() + timedelta(days=_FROM_TODAY[match["day"] or match["today"]])
    return Days(day, day, Clearness.DAY if day > now.date() else Clearness.PASSING)


def _read_two_days(match: re.Match[str], now: datetime, _after: date) -> Days:
    first = now.date() + timedelta(days=_FROM_TODAY[match["day"]])
    return Days(first, first + timedelta(days=1))


def _read_near_part(match: re.Match[str], now: datetime, _after: date) -> Days:
    day = now.date() + timedelta(days=_FROM_TODAY[match["day"]])
    return Days(day, day, part=PARTS[match["part"]])


def _read_weekday(match: re.Match[str], now: datetime, after: date) -> Days:
    weekday = WEEKDAYS[match["weekday"]]
    if match["which"]:
        first = _this_monday(now) + timedelta(weeks=_FROM_THIS_WEEK[match["which"]], days=weekday)
        return Days(first, first)
    first = next_weekday(weekday, after)
    return Days(first, first, bare=True, recurs=True)


def _read_weekday_range(match: re.Match[str], now: datetime, after: date) -> Days:
    first = _read_weekday(match, now, after)
    return Days(first.first, next_weekday(WEEKDAYS[match["last"]], first.first), bare=first.bare)


def _read_weekend(match: re.Match[str], now: datetime, after: date) -> Days:
    if which := match["which"]:
        sunday = _this_monday(now) + timedelta(weeks=_FROM_THIS_WEEK[which], days=_SUNDAY)
    else:
        sunday = next_weekday(_SUNDAY, after)
    return Days(sunday - timedelta(days=1), sunday, bare=not which)


def _read_week(match: re.Match[str], now: datetime, _after: date) -> Days:
    monday = _this_monday(now) + timedelta(weeks=_FROM_THIS_WEEK[match["which"]])
    return Days(monday, monday + timedelta(days=6), Clearness.BROAD)


def _read_offset(match: re.Match[str], now: datetime, _after: date) -> Days | None:
    if not match["ahead"] and not match["way"]:
        return None  # 三天, 一周: how long, not when
    amount = to_amount(match["amount"])
    if amount is None:
        return None
    if "前" in (match["way"] or ""):
        amount = -amount
    match match["unit"]:
        case "月":
            day = add_months(now.date(), int(amount)) + timedelta(days=round(30 * (amount - int(amount))))
        case "周" | "星期" | "礼拜":
            day = now.date() + timedelta(days=round(7 * amount))
        case _:
            day = now.date() + timedelta(days=int(amount))
    return Days(day, day)


def _this_monday(now: datetime) -> date:
    return now.date() - timedelta(days=now.weekday())


# 以后天天, 然后天黑了, 说明天花板, 文明天天讲: there is no day in these.
_TODAY = "昨|今|(?<![说声光文透表证])明"
_RELATIVE = (
    "(?:(?P<day>大前|大后|(?<![以之目从提先课饭])前|(?<![以之今然最午课饭先随往落])后)(?:天(?![天气黑亮空性])|儿(?!子))"
    f"|(?P<today>{_TODAY})(?:天(?![花地鹅])|日(?!头条|新闻|报|说法|推荐|子)|儿个?(?!子)))"
)

_WHICH = f"(?P<which>{NEXT}下{{0,2}}|{PAST}上?|{THIS})"
_THIS_WEEK = f"{_WHICH}(?:一(?=周))?个?{WEEK}"
_WEEKDAY = (
    f"(?:{_WHICH}个?|每个?)?(?:周|(?:星期|礼拜)(?!.{any_of(AFTER_WEEKDAY_SHOP)}))"
    f"(?P<weekday>一(?!{any_of(AFTER_MONDAY)})|[二三四五六日]|天(?![气天])|[1-7](?![0-9点:号日月个./时楼%次天岁]))"
    f"(?!{any_of(AFTER_WEEKDAY)})"
)
_COUNT = "(?P<amount>半(?=个月)|[0-9]{1,3}|[一两二三四五六七八九十]{1,3})"
_WAY = "(?P<way>(?:之|以)?(?:后(?![面边院门座备勤])|前(?![面台后])))?"

_WEEK_STARTS = "周星礼每下上这本"

READERS = (
    reader(
        "near_part",
        "昨今明",
        f"(?P<day>{_TODAY})(?P<part>早上|晚上|夜里|上午|下午|中午|傍晚|凌晨|早晨|一早|夜|晨|早(?!已|就)|晚(?!辈))",
        _read_near_part,
    ),
    reader("two_days", "昨今明", "(?P<day>昨(?=今)|今(?=明)|明(?=后)).(?:两天|天)", _read_two_days),
    reader("relative", "大前后昨今明", _RELATIVE, _read_relative),
    reader("monday_on", "从", f"从(?:{_WHICH}个?)?{WEEK}(?P<weekday>一)起", _read_weekday),
    reader(
        "weekday_range",
        _WEEK_STARTS,
        f"{_WEEKDAY}(?:{THROUGH}|(?<=六)[、和]?(?=[日天]))"
        "(?P<last>[二三四五六日]|天(?!气))(?![0-9点十月号个楼天常]|[一二三四五六七八九]点)",
        _read_weekday_range,
    ),
    reader("weekday", _WEEK_STARTS, _WEEKDAY, _read_weekday),
    reader(
        "weekend",
        _WEEK_STARTS + "双",
        f"(?:(?:{_WHICH}个?|每个?)?{WEEK}末|双休日)(?!{any_of(AFTER_WEEKEND)})",
        _read_weekend,
    ),
    reader("week", _WEEK_STARTS, f"{_THIS_WEEK}(?!{any_of(AFTER_WEEK)})", _read_week),
    reader(
        "days_from_now",
        "过再半" + NUMERALS,
        f"(?P<ahead>(?<![不超经难通路透度])再?过)?{_COUNT}"
        f"个?(?P<unit>天|日(?=[之以]?[后前])|周(?!末)|星期(?![天日])|礼拜(?![天日])|(?<=个)月){_WAY}",
        _read_offset,
    ),
)
