"""Recurring days: what the staff write, the days on real calendars, and what always holds."""

from calendar import monthrange
from dataclasses import FrozenInstanceError
from datetime import date, time, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from community.parts.festivals import festival_days
from community.parts.recurrence import (
    Course,
    Dates,
    Day,
    Festivals,
    Hours,
    MonthDays,
    NotARule,
    NthWeekdays,
    NthWeekend,
    NthWorkingDay,
    OnHoliday,
    Recurrence,
    Rule,
    Weekly,
    WorkingDays,
    days,
    overlaps,
    read,
)
from community.parts.working_calendar import is_holiday, is_working_day, next_working_day
from handlers.hearing.times.lunar import lunar_day, solar_term

DAY = timedelta(days=1)
MOVE, SKIP, KEEP = OnHoliday
START = date(2026, 1, 1)
MORNING, AFTERNOON, EVENING = (
    Hours(time(9), time(11)),
    Hours(time(14), time(16)),
    Hours(time(18, 30), time(20)),
)


def day_of(words: str) -> date:
    return date.fromisoformat(words)


def listed(words: str, first: str, last: str, *, start: date = START, on_holiday: OnHoliday = MOVE) -> str:
    """The days as month-day; a moved one with the day that was planned: 10-08<10-01."""
    found = days(read(words), day_of(first), day_of(last), start=start, on_holiday=on_holiday)
    return " ".join(
        f"{one.day:%m-%d}" if one.day == one.planned else f"{one.day:%m-%d}<{one.planned:%m-%d}" for one in found
    )


# --- the calendar ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "is_off"),
    [
        ("2026-10-01", True),
        ("2026-10-03", True),  # a Saturday within the week off
        ("2026-10-06", True),
        ("2026-10-08", False),
        ("2026-10-10", False),  # a Saturday that is worked
        ("2026-10-17", False),  # a plain Saturday
        ("2026-02-15", True),
        ("2026-02-28", False),
        ("2027-01-01", True),  # no calendar of 2027 yet: the statutory day
        ("2027-01-02", False),
        ("2027-02-06", True),
    ],
)
def test_holidays_are_no_plain_weekends(day: str, *, is_off: bool) -> None:
    assert is_holiday(day_of(day)) is is_off


@pytest.mark.parametrize(
    ("day", "following"),
    [("2026-10-01", "2026-10-08"), ("2026-10-09", "2026-10-10"), ("2026-12-31", "2027-01-04")],
)
def test_the_next_working_day(day: str, following: str) -> None:
    assert next_working_day(day_of(day)) == day_of(following)


# --- words to days --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "first", "last", "expected"),
    [
        # by the day of the month: a day of the office
        ("每月10日、20日", "2026-03-01", "2026-05-31", "03-10 03-20 04-10 04-20 05-11<05-10 05-20"),
        ("每月10号和25号", "2026-09-01", "2026-10-31", "09-10 09-28<09-25 10-10 10-26<10-25"),
        ("每月1日", "2026-09-01", "2027-01-31", "09-01 10-08<10-01 11-02<11-01 12-01 01-04<01-01"),
        ("每月31日", "2026-01-01", "2026-06-30", "02-02<01-31 03-31 06-01<05-31"),
        ("每月最后一天", "2026-01-01", "2026-04-30", "02-02<01-31 02-28 03-31 04-30"),
        ("月底", "2028-02-01", "2028-02-29", "02-29"),
        ("每月15日和最后一天", "2026-06-02", "2026-06-30", "06-15 06-30"),
        ("每月倒数第二天", "2026-06-02", "2026-06-30", "06-29"),
        ("每月1日至3日", "2026-12-01", "2026-12-31", "12-01 12-02 12-03"),
        ("单月10日", "2026-01-01", "2026-04-30", "01-12<01-10 03-10"),
        ("每年3月5日", "2026-01-01", "2028-12-31", "03-05 03-05 03-06<03-05"),
        ("每年3月5日、10月1日", "2026-01-01", "2026-12-31", "03-05 10-08<10-01"),
        ("每年2月29日", "2026-01-01", "2033-12-31", "02-29 03-01<02-29"),  # 2028 and, a Sunday, 2032
        ("每季度第二个月10日", "2026-01-01", "2026-06-30", "02-10 05-11<05-10"),
        # by the weekday
        ("每周三", "2026-09-28", "2026-10-18", "09-30 10-08<10-07 10-14"),
        ("每周二、周四", "2026-12-01", "2026-12-12", "12-01 12-03 12-08 12-10"),
        ("每周四", "2026-12-24", "2027-01-15", "12-24 12-31 01-07 01-14"),
        ("每周五", "2026-12-24", "2027-01-15", "12-25 01-04<01-01 01-08 01-15"),
        ("周一至周五", "2026-09-28", "2026-10-11", "09-28 09-29 09-30 10-08 10-09"),
        ("每周末", "2026-10-03", "2026-10-18", "10-08<10-03 10-10 10-11 10-17 10-18"),
        ("每周六日", "2026-12-05", "2026-12-13", "12-05 12-06 12-12 12-13"),
        ("每天", "2026-09-30", "2026-10-12", "09-30 10-08 10-09 10-10 10-11 10-12"),
        ("每个工作日", "2026-09-19", "2026-10-11", "09-20 09-21 09-22 09-23 09-24 09-28 09-29 09-30 10-08 10-09 10-10"),
        ("每年3月每周六", "2026-03-05", "2027-03-07", "03-07 03-14 03-21 03-28 03-06"),
        ("每年三月的每个周末", "2026-03-02", "2026-12-31", "03-07 03-08 03-14 03-15 03-21 03-22 03-28 03-29"),
        ("每年3月、9月每周六、日", "2026-03-28", "2026-09-06", "03-28 03-29 09-05 09-06"),
        ("每年12月每天", "2026-11-20", "2026-12-03", "12-01 12-02 12-03"),
        # by the n-th weekday
        ("第一个周六", "2026-08-01", "2026-12-31", "08-01 09-05 10-08<10-03 11-07 12-05"),
        ("每月最后一个周五", "2026-09-01", "2026-11-30", "09-28<09-25 10-30 11-27"),
        ("每月第一、第三个周三", "2026-02-01", "2026-03-31", "02-04 02-24<02-18 03-04 03-18"),
        ("每月第一个和第三个周三", "2026-03-01", "2026-03-31", "03-04 03-18"),
        ("每月第一个周二、周四", "2026-12-01", "2026-12-31", "12-01 12-03"),
        ("每月第一个周三和第三个周五", "2026-12-01", "2026-12-31", "12-02 12-18"),
        ("每月第五个周三", "2026-06-01", "2026-12-31", "07-29 09-30 12-30"),
        ("每月倒数第二个周五", "2026-12-01", "2026-12-31", "12-18"),
        ("每月第一个周末", "2026-08-01", "2026-11-30", "08-01 08-02 09-05 09-06 10-08<10-03 11-07 11-08"),
        ("每月最后一个周末", "2026-01-01", "2026-02-10", "01-31 02-01"),  # the Sunday after, in the next month
        ("每月第一个周末", "2026-11-08", "2026-11-30", "11-08"),  # the range begins between the two
        ("每季度第一个周五", "2026-01-01", "2026-12-31", "01-04<01-02 04-03 07-03 10-08<10-02"),
        ("每季度最后一个周五", "2026-01-01", "2026-12-31", "03-27 06-26 09-28<09-25 12-25"),
        ("每年3月、9月第一个周六", "2026-01-01", "2026-12-31", "03-07 09-05"),
        ("每月第一个工作日", "2026-01-01", "2026-05-31", "01-04 02-02 03-02 04-01 05-06"),
        ("每月最后一个工作日", "2026-01-01", "2026-03-31", "01-30 02-28 03-31"),
        # by festivals: their days off are meant
        ("每年重阳节", "2026-01-01", "2027-12-31", "10-18 10-08"),
        ("每逢端午", "2026-01-01", "2027-12-31", "06-19 06-09"),
        ("每年国庆节、元旦", "2026-01-01", "2027-12-31", "01-01 10-01 01-01 10-01"),
        ("每年春节和每年元宵节", "2026-01-01", "2026-12-31", "02-17 03-03"),
        ("每年腊八节", "2039-01-01", "2042-12-31", "01-02 01-21 01-10 12-30"),  # twice in one year
        ("每年志愿者日", "2026-12-01", "2026-12-31", "12-05"),
        # single dates
        ("2026年12月9日", "2026-01-01", "2027-12-31", "12-09"),
        ("2026-12-09", "2026-12-09", "2026-12-09", "12-09"),
        ("2026年12月12日", "2026-12-01", "2026-12-31", "12-12"),  # a Saturday named by its date is meant
        ("2026年10月3日", "2026-10-01", "2026-10-31", "10-08<10-03"),
        ("12月9日、12月16日", "2026-01-01", "2027-12-31", "12-09 12-16"),
        ("12月9、16日", "2026-01-01", "2027-12-31", "12-09 12-16"),
        ("12月9日至11日", "2026-01-01", "2027-12-31", "12-09 12-10 12-11"),
        ("2026年12月30日、1月6日", "2026-01-01", "2027-12-31", "12-30 01-06"),
        ("2月29日", "2026-01-01", "2030-12-31", "02-29"),
    ],
)
def test_days_on_real_calendars(words: str, first: str, last: str, expected: str) -> None:
    assert listed(words, first, last) == expected


@pytest.mark.parametrize(
    ("words", "on_holiday", "expected"),
    [
        ("每月第一个周六", SKIP, "09-05 11-07"),
        ("每月第一个周六", KEEP, "09-05 10-03 11-07"),
        ("每月1日", SKIP, "09-01"),  # 11-01 is a Sunday: the office is closed
        ("每月1日", KEEP, "09-01 10-01 11-01"),
        ("每周四", SKIP, "09-03 09-10 09-17 09-24 10-08 10-15 10-22 10-29 11-05"),
        ("每月最后一个工作日", SKIP, "09-30 10-30"),
    ],
)
def test_on_a_holiday(words: str, on_holiday: OnHoliday, expected: str) -> None:
    assert listed(words, "2026-09-01", "2026-11-10", on_holiday=on_holiday) == expected


@pytest.mark.parametrize(
    ("words", "start", "expected"),
    [
        ("隔周周三", "2026-12-01", "12-02 12-16 12-30 01-13"),
        ("隔周三", "2026-12-02", "12-02 12-16 12-30 01-13"),
        ("每两周周三", "2026-12-03", "12-09 12-23 01-06"),  # the first Wednesday from the start on
        ("每隔一周周二、周四", "2026-12-02", "12-03 12-15 12-17 12-29 12-31 01-12 01-14"),
        ("每三周周五", "2026-12-01", "12-04 12-25 01-15"),
        ("隔周周三", "2006-12-06", "12-09 12-23 01-06"),  # twenty years are 1,043 weeks and a half
        ("每周三", "2026-12-10", "12-16 12-23 12-30 01-06 01-13"),  # nothing before the start
        ("每月第一个周末", "2026-12-06", "12-06 01-02 01-03"),
        ("12月9日", "2026-12-09", "12-09"),
        ("12月9日、12月16日", "2026-12-10", "12-16"),  # 12-09 is next year's
        ("1月5日", "2026-12-10", "01-05"),
    ],
)
def test_the_start_decides(words: str, start: str, expected: str) -> None:
    assert listed(words, "2026-12-01", "2027-01-15", start=day_of(start)) == expected


def test_the_year_of_a_date_without_one() -> None:
    (only,) = days(read("12月9日"), START, date(2030, 1, 1), start=date(2026, 12, 10))
    assert only.day == date(2027, 12, 9)


def test_what_was_planned_before_the_range_moves_into_it() -> None:
    assert listed("每月1日", "2026-10-08", "2026-10-08") == "10-08<10-01"
    assert listed("每月第一个周六", "2026-10-01", "2026-10-07") == ""
    longest_break = listed("每月24日", "2020-02-03", "2020-02-23", start=date(2020, 1, 1))
    assert longest_break == "02-03<01-24"


def test_several_days_moved_onto_one_give_one() -> None:
    assert listed("每月1日、2日", "2026-10-01", "2026-10-31") == "10-08<10-01"
    assert listed("每月1日、8日", "2026-10-01", "2026-10-31") == "10-08"  # planned for that day, not moved


# --- words ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "plain"),
    [
        ("每月１０日、２０日上午", "每月10日、20日上午"),
        ("每月十号,二十号上午", "每月10日、20日上午"),
        ("每月10、20日上午", "每月10日、20日上午"),
        ("每月10日及20日 上午。", "每月10日、20日上午"),
        ("每月10日和每月20日上午", "每月10日、20日上午"),
        (" 每个月的 10 号、20 号上午", "每月10日、20日上午"),
        ("每月廿三日", "每月23日"),
        ("每月卅日", "每月30日"),
        ("每月三十一日", "每月31日"),
        ("每月月底", "每月最后一天"),
        ("每月末", "每月最后一天"),
        ("礼拜三下午", "每周三下午"),
        ("每個星期三下午", "每周三下午"),
        ("每週三下午", "每周三下午"),
        ("每周周三下午", "每周三下午"),
        ("每逢周3下午", "每周三下午"),
        ("每周一、三、五", "每周一、周三、周五"),
        ("每周一三五", "每周一、周三、周五"),
        ("周一、每周三和每周五", "每周一、周三、周五"),
        ("从周一到周五", "每周一至周五"),
        ("每周1~5", "每周一至周五"),
        ("星期天", "每周日"),
        ("双休日", "每周末"),
        ("每个周末", "每周末"),
        ("周六周日", "每周末"),
        ("每日", "每天"),
        ("天天", "每天"),
        ("工作日", "每个工作日"),
        ("首个周六", "每月第一个周六"),
        ("第1个星期六", "每月第一个周六"),
        ("每月第1、3个周三", "每月第一、第三个周三"),
        ("每2个星期周五", "每两周周五"),
        ("每季第一个周五", "每季度第一个周五"),
        ("二〇二六年十二月九日", "2026-12-09"),
        ("2026/12/9", "2026-12-09"),
        ("2026年12月9日16日", "2026年12月9日、12月16日"),
        ("周三十点到十一点", "周三10:00-11:00"),
        ("周三、五 十点到十一点", "周三、周五10:00-11:00"),
    ],
)
def test_ways_of_writing_the_same(words: str, plain: str) -> None:
    one, other = read(words), read(plain)
    assert (one.rules, one.hours) == (other.rules, other.hours)
    assert one.words == words


@pytest.mark.parametrize(
    ("words", "hours"),
    [
        ("每周三", None),
        ("每周三上午", MORNING),
        ("每周三，下午", AFTERNOON),
        ("每周三晚上", EVENING),
        ("每周三晚", EVENING),
        ("每周三全天", Hours(time(9), time(16))),
        ("每周三9点-11点", MORNING),
        ("每周三9-11点", MORNING),
        ("每周三九点至十一点", MORNING),
        ("每周三9:00–11:30", Hours(time(9), time(11, 30))),
        ("每周三 9：00－11：30", Hours(time(9), time(11, 30))),
        ("每周三上午9点到11点半", Hours(time(9), time(11, 30))),
        ("每周三上午九点一刻到十一点三刻", Hours(time(9, 15), time(11, 45))),
        ("每周三9点零5分到9点45", Hours(time(9, 5), time(9, 45))),
        ("每周三下午2点至4点", AFTERNOON),
        ("每周三14:00-16:00", AFTERNOON),
        ("每周三下午2点-16:00", AFTERNOON),
        ("每周三上午9点到下午4点", Hours(time(9), time(16))),
        ("每周三中午12点到1点", Hours(time(12), time(13))),
        ("每周三晚7点到8点半", Hours(time(19), time(20, 30))),
        ("每周三傍晚6点到7点", Hours(time(18), time(19))),
        ("每周三早8点-晚8点", Hours(time(8), time(20))),
        ("每周三下午12点半到2点", Hours(time(12, 30), time(14))),
        ("2026-12-09 9:00-11:00", MORNING),
        ("2026-12-09上午", MORNING),
        ("每月10日9点-11点", MORNING),
    ],
)
def test_hours(words: str, hours: Hours | None) -> None:
    assert read(words).hours == hours


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("", "unclear"),
        ("你好", "unclear"),
        ("我想约代表", "unclear"),
        ("每月3个周五", "unclear"),  # three Fridays, or the third
        ("每周一次", "unclear"),
        ("双周周三", "unclear"),  # every second week, or the even ones
        ("每隔两周周三", "unclear"),  # every second week, or every third
        ("每月第一周周三", "unclear"),
        ("每月第一个周六日", "unclear"),
        ("每月10日和第一个周六", "unclear"),
        ("第一个周六、每周三", "unclear"),
        ("每两周周三、每周五", "unclear"),
        ("每季度10日", "unclear"),
        ("每年3月周六", "unclear"),  # all of them, or one
        ("每年3月隔周周六", "unclear"),
        ("每年春天", "unclear"),
        ("每月重阳节", "unclear"),
        ("每月上旬", "unclear"),
        ("每月逢五", "unclear"),
        ("周五至周一", "unclear"),
        ("每月10日、20", "unclear"),
        ("每月20日-10日", "unclear"),
        ("每月十二十四日", "unclear"),
        ("12月30日、2日", "unclear"),
        ("10日上午", "unclear"),
        ("每周二上午、下午", "unclear"),
        ("每周三2点-4点", "unclear"),  # at night, by the clock
        ("每周三四点到六点", "unclear"),
        ("周三、", "unclear"),
        ("0000年1月1日", "unclear"),
        ("每天" * 200, "unclear"),
        ("每年3月", "no_days"),
        ("3月", "no_days"),
        ("每月", "no_days"),
        ("每周下午", "no_days"),
        ("每两周", "no_days"),
        ("每季度", "no_days"),
        ("2月30日", "no_such_day"),
        ("2026年2月29日", "no_such_day"),
        ("13月", "no_such_day"),
        ("13月5日", "no_such_day"),
        ("0月5日", "no_such_day"),
        ("周八", "no_such_day"),
        ("每周八上午", "no_such_day"),
        ("每月32日", "no_such_day"),
        ("每月0日", "no_such_day"),
        ("每年2月30日", "no_such_day"),
        ("每年6月31日", "no_such_day"),
        ("每年13月5日", "no_such_day"),
        ("每月第六个周三", "no_such_day"),
        ("每周三25点-26点", "no_such_hour"),
        ("每周三9:70-11:00", "no_such_hour"),
        ("每周三上午14点到15点", "no_such_hour"),
        ("每周三晚上1点到2点", "no_such_hour"),
        ("每周三下午2点", "no_end"),
        ("每周三11点-9点", "end_before_begin"),
        ("每周三9点-9点", "end_before_begin"),
        ("每周三上午9点到2点", "end_before_begin"),
        ("每周三8:00-20:01", "too_long"),
    ],
)
def test_what_is_no_rule(words: str, reason: str) -> None:
    with pytest.raises(NotARule) as raised:
        read(words)
    assert raised.value.words == words
    assert raised.value.reason == reason


@pytest.mark.parametrize(
    ("words", "skips"),
    [
        ("每月31日", True),
        ("每月29日", True),
        ("每月28日", False),
        ("每月最后一天", False),
        ("每月1日、30日", True),
        ("每年3月31日", False),
        ("每年2月29日", True),
        ("每月第五个周三", True),
        ("每月第四个周三", False),
        ("每月最后一个周三", False),
        ("每周三", False),
        ("2月29日", False),
    ],
)
def test_rules_that_skip_say_so(words: str, *, skips: bool) -> None:
    assert read(words).skips is skips


@pytest.mark.parametrize(
    ("words", "needs_start"),
    [("隔周周三", True), ("每周三", False), ("12月9日", True), ("2026年12月9日", False), ("每月10日", False)],
)
def test_rules_that_need_a_start_say_so(words: str, *, needs_start: bool) -> None:
    assert read(words).needs_start is needs_start


def test_a_recurrence_is_a_value() -> None:
    recurrence = read("每周三")
    assert {recurrence, read("每周三")} == {recurrence}
    with pytest.raises(FrozenInstanceError):
        recurrence.words = ""  # type: ignore[misc]


# --- overlaps -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("每周三上午", "每月第一个周三10点-12点", ["2026-12-02"]),
        ("每周三上午", "每周三下午", []),
        ("每周三9点-11点", "每周三11点-13点", []),  # one ends as the other begins
        ("每周三", "每月10日", []),
        ("每周四", "每月10日下午", ["2026-12-10"]),  # without hours it is all day
        ("每月5日上午", "每周一上午", ["2026-12-07"]),  # a Saturday's day moves onto the Monday
        ("12月9日上午", "2026年12月9日上午", ["2026-12-09"]),
    ],
)
def test_overlaps(one: str, other: str, expected: list[str]) -> None:
    first, last = date(2026, 12, 1), date(2026, 12, 31)
    for pair in ((read(one), read(other)), (read(other), read(one))):
        first_course, second_course = (Course(each, START) for each in pair)
        assert overlaps(first_course, second_course, first, last) == [day_of(day) for day in expected]


def test_each_starts_for_itself_and_has_its_own_holidays() -> None:
    fortnights = Course(read("隔周周三上午"), date(2026, 12, 2))
    first, last = date(2026, 12, 1), date(2026, 12, 31)
    assert overlaps(fortnights, Course(read("隔周周三上午"), date(2026, 12, 9)), first, last) == []
    assert overlaps(fortnights, Course(read("每周三上午"), date(2026, 12, 20)), first, last) == [date(2026, 12, 30)]
    saturday, monday = read("每月5日上午"), Course(read("每周一上午"), START)
    assert overlaps(Course(saturday, START, KEEP), monday, first, last) == []


@pytest.mark.parametrize(
    ("words", "start", "over"),
    [
        ("2026年12月9日上午", date(2026, 12, 1), date(2026, 12, 10)),
        ("12月9日、12月16日上午", date(2026, 12, 1), date(2026, 12, 17)),
        ("2027年1月1日上午", date(2026, 12, 1), date(2027, 1, 5)),  # a holiday: it takes place on the 4th
        ("每周三上午", date(2026, 12, 1), None),
        ("每月第一个周六上午", date(2020, 12, 1), None),
    ],
)
def test_single_dates_are_over_when_none_is_left(words: str, start: date, over: date | None) -> None:
    course = Course(read(words), start)
    if over is None:
        assert not course.is_over(date(2030, 1, 1))
    else:
        assert course.is_over(over)
        assert not course.is_over(over - DAY)


@pytest.mark.parametrize(
    ("words", "at_night"),
    [
        ("每周三上午7点到9点", False),
        ("每周三晚上7点到9点", False),
        ("每周三晚上7点到9点半", True),
        ("每周三上午6点半到9点", True),
    ],
)
def test_hours_at_night(words: str, *, at_night: bool) -> None:
    hours = read(words).hours
    assert hours is not None
    assert hours.at_night is at_night


# --- what always holds ----------------------------------------------------------------------------------------

WEEKDAYS = "一二三四五六日"

weekday_rules = st.builds(
    lambda weeks, numbers: weeks + "、".join(f"周{WEEKDAYS[number]}" for number in numbers),
    st.sampled_from(["每周", "隔周", "每三周", ""]),
    st.lists(st.integers(0, 6), min_size=1, max_size=4),
)
month_rules = st.builds(
    lambda months, numbers: months + "、".join(f"{number}日" for number in numbers),
    st.sampled_from(["每月", "单月", "双月", "每年1月", "每年1月、7月", "每季度第一个月"]),
    st.lists(st.integers(1, 31), min_size=1, max_size=4),
)
nth_rules = st.builds(
    "{}{}个{}".format,
    st.sampled_from(["每月", "每季度", "", "每年3月"]),
    st.sampled_from(["第一", "第二", "第一、第三", "第五", "最后一", "倒数第二"]),
    st.sampled_from(["周一", "周三", "周五", "周六", "周日", "周末", "工作日", "周二、周四"]),
)
date_rules = st.builds(
    lambda dates: "、".join(f"{day.year}年{day.month}月{day.day}日" for day in dates),
    st.lists(st.dates(date(2025, 1, 1), date(2028, 12, 31)), min_size=1, max_size=4),
)
other_rules = st.sampled_from(
    ["每天", "每个工作日", "每月最后一天", "每月15日和最后一天", "2月29日", "12月9日、1月6日", "每年3月、9月每周末"]
)
rules = st.one_of(weekday_rules, month_rules, nth_rules, date_rules, other_rules).map(read)
some_day = st.dates(date(2024, 6, 1), date(2029, 12, 31))
a_while = st.integers(0, 400).map(timedelta)
any_start = st.dates(date(1990, 1, 1), date(2029, 12, 31))
on_holidays = st.sampled_from(OnHoliday)


@given(recurrence=rules, first=some_day, length=a_while, start=any_start, on_holiday=on_holidays)
def test_days_are_in_order_each_once_and_in_range(
    recurrence: Recurrence, first: date, length: timedelta, start: date, on_holiday: OnHoliday
) -> None:
    found = days(recurrence, first, first + length, start=start, on_holiday=on_holiday)
    only_days = [one.day for one in found]
    assert only_days == sorted(set(only_days))
    assert all(first <= one.day <= first + length and start <= one.planned <= one.day for one in found)


@given(recurrence=rules, first=some_day, length=a_while, start=any_start)
def test_only_holidays_move_and_onto_working_days(
    recurrence: Recurrence, first: date, length: timedelta, start: date
) -> None:
    for one in days(recurrence, first, first + length, start=start):
        if one.day == one.planned:
            assert not is_holiday(one.day)
        else:
            assert not is_working_day(one.planned)
            assert is_working_day(one.day)
            assert one.day == next_working_day(one.planned)


@given(recurrence=rules, first=some_day, length=a_while, cut=a_while, start=any_start, on_holiday=on_holidays)
def test_a_range_in_two_parts_gives_the_same_days(
    recurrence: Recurrence, first: date, length: timedelta, cut: timedelta, start: date, on_holiday: OnHoliday
) -> None:
    last, middle = first + length, first + min(cut, length)
    earlier = days(recurrence, first, middle, start=start, on_holiday=on_holiday)
    later = days(recurrence, middle + DAY, last, start=start, on_holiday=on_holiday)
    assert earlier + later == days(recurrence, first, last, start=start, on_holiday=on_holiday)


@given(recurrence=rules, first=some_day, length=a_while, start=any_start)
def test_the_days_are_those_that_the_calendar_on_the_wall_shows(
    recurrence: Recurrence, first: date, length: timedelta, start: date
) -> None:
    all_days = [first + DAY * offset for offset in range(length.days + 1)]
    expected = [
        day for day in all_days if day >= start and any(is_named(rule, day, start) for rule in recurrence.rules)
    ]
    found = days(recurrence, first, first + length, start=start, on_holiday=KEEP)
    assert found == [Day(day, day) for day in expected]


def is_named(rule: Rule, day: date, start: date) -> bool:
    """Whether the rule names the day, looked up day by day."""
    match rule:
        case Weekly(weekdays, every, months):
            first = next(one for offset in range(7) if (one := start + DAY * offset).weekday() in weekdays)
            return day.month in months and day.weekday() in weekdays and weeks_between(first, day) % every == 0
        case WorkingDays():
            return is_working_day(day)
        case MonthDays(numbers, months):
            return day.month in months and bool({day.day, day.day - month_length(day) - 1} & set(numbers))
        case NthWeekdays(nth, weekdays, months):
            return day.month in months and day.weekday() in weekdays and place_in_month(day, nth) == nth
        case NthWeekend(nth, months):
            return is_named(NthWeekdays(nth, (5,), months), day, start) or is_named(
                NthWeekdays(nth, (5,), months), day - DAY, start
            )
        case NthWorkingDay(nth, months):
            return day.month in months and working_days_of_month(day)[nth - (nth > 0)] == day
        case Festivals(names):
            return any(day in festival_days(name, day, day) for name in names)
        case Dates(dates):
            return any(
                named == day if isinstance(named, date) else is_next(named.month, named.day, day, start)
                for named in dates
            )


def weeks_between(one: date, other: date) -> int:
    return ((other - DAY * other.weekday()) - (one - DAY * one.weekday())).days // 7


def month_length(day: date) -> int:
    return monthrange(day.year, day.month)[1]


def place_in_month(day: date, nth: int) -> int:
    return (day.day - 1) // 7 + 1 if nth > 0 else -((month_length(day) - day.day) // 7 + 1)


def working_days_of_month(day: date) -> list[date]:
    return [one for number in range(1, month_length(day) + 1) if is_working_day(one := day.replace(day=number))]


def is_next(month: int, number: int, day: date, start: date) -> bool:
    earlier = (start + DAY * offset for offset in range((day - start).days))
    is_same = (day.month, day.day) == (month, number)
    return is_same and day >= start and all((one.month, one.day) != (month, number) for one in earlier)


PIECES = (
    *"每周月日年第个一二三十两末底天、,-:点半至到和的隔 周三上午下午晚上1230",
    "最后",
    "倒数",
    "工作日",
    "季度",
    "2026",
    "周末",
    "10日",
    "9点-11点",
)
anything = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(PIECES), max_size=16).map("".join))


@given(anything)
@example("²月")
@example("\x00每周三")
@example("周" * 200)
@example("每月٣日")
@example("𝟙𝟚月𝟛日")
def test_reading_raises_nothing_but_not_a_rule(words: str) -> None:
    try:
        recurrence = read(words)
    except NotARule as refused:
        assert refused.words == words
    else:
        assert recurrence.rules
        days(recurrence, START, date(2026, 12, 31), start=START)


@given(recurrence=rules, other=rules, first=some_day, length=a_while, start=any_start)
def test_overlaps_are_days_of_both(
    recurrence: Recurrence, other: Recurrence, first: date, length: timedelta, start: date
) -> None:
    last = first + length
    both = {day.day for day in days(recurrence, first, last, start=start)}
    both &= {day.day for day in days(other, first, last, start=start)}
    assert overlaps(Course(recurrence, start), Course(other, start), first, last) == sorted(both)


def test_festivals_of_the_moon_are_those_that_people_type() -> None:
    """`handlers.hearing` counts lunar days by itself; both must know the same."""
    by_the_moon = {"春节": (1, 1), "元宵节": (1, 15), "端午节": (5, 5), "七夕节": (7, 7), "中秋节": (8, 15)}
    by_the_moon |= {"重阳节": (9, 9), "腊八节": (12, 8)}
    for name, (month, day) in by_the_moon.items():
        found = list(festival_days(name, date(2025, 2, 1), date(2061, 1, 31)))
        assert found == [
            known
            for year in range(2025, 2061)
            if (known := lunar_day(year, month, day)) is not None and known >= date(2025, 2, 1)
        ], name
    found = list(festival_days("清明节", date(2025, 1, 1), date(2060, 12, 31)))
    assert found == [solar_term("清明", year) for year in range(2025, 2061)]
