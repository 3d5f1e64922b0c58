"""Calendar files, read back by two parsers that know nothing of each other."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from unicodedata import category
from zoneinfo import ZoneInfo

import icalendar
import pytest
import vobject
from hypothesis import example, given
from hypothesis import strategies as st

from community.parts.calendar_entries import BEFORE_BOOKING, Entry
from community.parts.calendar_file import calendar

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
SANTIAGO = ZoneInfo("America/Santiago")
ZONES = (SHANGHAI, BERLIN, SANTIAGO, ZoneInfo("Asia/Urumqi"), ZoneInfo("Asia/Kathmandu"), ZoneInfo("UTC"))

BOOKED = Entry(
    uid="booking-17@xiaoshan",
    sequence=0,
    begins=datetime(2026, 12, 9, 9, 20, tzinfo=SHANGHAI),
    ends=datetime(2026, 12, 9, 9, 40, tzinfo=SHANGHAI),
    summary="代表接待:刘建国代表",
    place="幸福社区党群服务中心一楼,两代表一委员工作站",
    notes="您是第2号。\n请提前10分钟到;不来请说「取消预约」。",
    cancelled=False,
    changed_at=datetime(2026, 12, 1, 10, 30, tzinfo=SHANGHAI),
)

# No controls, no lone halves of a character, no byte order mark, and no U+2028 or U+2029, which become line breaks.
words = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"), exclude_characters="\ufeff"))
chinese = st.text("预约代表委员律师接待站,;:\\nN\"'、。👨‍👩‍👧", max_size=400)
moments = st.datetimes(datetime(2020, 1, 1), datetime(2036, 1, 1), timezones=st.just(UTC))


def event_in(content: bytes) -> icalendar.Event:
    (event,) = icalendar.Calendar.from_ical(content).walk("VEVENT")
    assert isinstance(event, icalendar.Event)
    return event


def second_opinion(content: bytes) -> Any:
    """The calendar as vobject reads it; it must also find nothing wrong."""
    for zone in ZONES:
        vobject.icalendar.registerTzid(zone.key, None)  # else it keeps the rules of the file that it read before
    read = vobject.readOne(content.decode())
    assert read.validate(raiseException=True)
    return read


def lines(content: bytes) -> list[str]:
    """The content lines, unfolded."""
    return content.decode().replace("\r\n ", "").split("\r\n")


# One booking


def test_a_booking_is_read_alike_by_both_parsers() -> None:
    content = calendar("我的预约", [BOOKED], SHANGHAI)
    event, other = event_in(content), second_opinion(content).vevent

    assert (event["UID"], other.uid.value) == (BOOKED.uid, BOOKED.uid)
    assert (event["SUMMARY"], other.summary.value) == (BOOKED.summary, BOOKED.summary)
    assert (event["LOCATION"], other.location.value) == (BOOKED.place, BOOKED.place)
    assert (event["DESCRIPTION"], other.description.value) == (BOOKED.notes, BOOKED.notes)
    assert (event.decoded("DTSTART"), other.dtstart.value) == (BOOKED.begins, BOOKED.begins)
    assert (event.decoded("DTEND"), other.dtend.value) == (BOOKED.ends, BOOKED.ends)
    assert (event["STATUS"], other.status.value) == ("CONFIRMED", "CONFIRMED")
    assert (event.decoded("DTSTAMP"), other.dtstamp.value) == (BOOKED.changed_at, BOOKED.changed_at)
    assert (event.decoded("LAST-MODIFIED"), other.last_modified.value) == (BOOKED.changed_at, BOOKED.changed_at)


def test_the_lines_that_programs_look_for() -> None:
    content = calendar("我的预约", [BOOKED], SHANGHAI)
    assert {
        "VERSION:2.0",
        "PRODID:-//Xiaoshan//Community calendar//ZH",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        "NAME:我的预约",
        "X-WR-CALNAME:我的预约",
        "X-WR-TIMEZONE:Asia/Shanghai",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
        "X-PUBLISHED-TTL:PT1H",
        "DTSTART;TZID=Asia/Shanghai:20261209T092000",
        "DTEND;TZID=Asia/Shanghai:20261209T094000",
        "DTSTAMP:20261201T023000Z",
        "LAST-MODIFIED:20261201T023000Z",
        "SEQUENCE:0",
    } <= set(lines(content))


def test_what_is_empty_is_left_out() -> None:
    event = event_in(calendar("", [replace(BOOKED, place="", notes="")], SHANGHAI))
    assert "LOCATION" not in event
    assert "DESCRIPTION" not in event


def test_a_reminder_rings_before_the_booking_and_not_in_a_feed() -> None:
    reminding = calendar("我的预约", [BOOKED], SHANGHAI, remind_before=BEFORE_BOOKING)
    (alarm,) = event_in(reminding).walk("VALARM")
    assert alarm.decoded("TRIGGER") == timedelta(hours=-2)
    assert (alarm["ACTION"], alarm["DESCRIPTION"]) == ("DISPLAY", BOOKED.summary)
    assert second_opinion(reminding).vevent.valarm.trigger.value == timedelta(hours=-2)
    assert b"VALARM" not in calendar("我的预约", [BOOKED], SHANGHAI)


# Changes


def test_a_change_has_the_same_uid_a_higher_sequence_and_the_new_time() -> None:
    moved = replace(
        BOOKED,
        sequence=1,
        begins=BOOKED.begins + timedelta(days=7),
        ends=BOOKED.ends + timedelta(days=7),
        changed_at=BOOKED.changed_at + timedelta(hours=1),
    )
    before, after = (event_in(calendar("我的预约", [entry], SHANGHAI)) for entry in (BOOKED, moved))
    assert before["UID"] == after["UID"]
    assert before.decoded("SEQUENCE") < after.decoded("SEQUENCE")
    assert before.decoded("LAST-MODIFIED") < after.decoded("LAST-MODIFIED")
    assert after.decoded("DTSTART") == moved.begins


def test_a_cancelled_booking_says_so_takes_no_time_and_does_not_ring() -> None:
    cancelled = replace(BOOKED, sequence=2, cancelled=True)
    content = calendar("我的预约", [cancelled], SHANGHAI, remind_before=BEFORE_BOOKING)
    event, other = event_in(content), second_opinion(content).vevent
    assert (event["UID"], event["SEQUENCE"]) == (BOOKED.uid, 2)
    assert (event["STATUS"], other.status.value) == ("CANCELLED", "CANCELLED")
    assert event["TRANSP"] == "TRANSPARENT"
    assert event.walk("VALARM") == []


def test_an_entry_needs_zones_and_an_end_after_its_beginning() -> None:
    with pytest.raises(ValueError, match="zone"):
        replace(BOOKED, begins=datetime(2026, 12, 9, 9, 20))
    with pytest.raises(ValueError, match="zone"):
        replace(BOOKED, changed_at=datetime(2026, 12, 9, 9, 20))
    with pytest.raises(ValueError, match="ends after"):
        replace(BOOKED, ends=BOOKED.begins)


# A feed


def test_a_feed_keeps_its_entries_in_order() -> None:
    entries = [replace(BOOKED, uid=f"booking-{number}@xiaoshan") for number in (3, 1, 2)]
    content = calendar("一号工作站", entries, SHANGHAI)
    assert [event["UID"] for event in icalendar.Calendar.from_ical(content).walk("VEVENT")] == [e.uid for e in entries]
    assert [event.uid.value for event in second_opinion(content).vevent_list] == [entry.uid for entry in entries]


@pytest.mark.parametrize("zone", ZONES, ids=str)
def test_a_feed_without_entries_is_a_valid_calendar(zone: ZoneInfo) -> None:
    content = calendar("一号工作站", [], zone)
    read = icalendar.Calendar.from_ical(content)
    assert read.errors == []
    assert [component.name for component in read.subcomponents] == ["VTIMEZONE"]
    assert second_opinion(content).x_wr_calname.value == "一号工作站"


# Clocks


def test_shanghai_has_one_rule() -> None:
    (zone,) = icalendar.Calendar.from_ical(calendar("站", [BOOKED], SHANGHAI)).walk("VTIMEZONE")
    (rule,) = zone.subcomponents
    assert zone["TZID"] == "Asia/Shanghai"
    assert (rule.decoded("TZOFFSETFROM"), rule.decoded("TZOFFSETTO")) == (timedelta(hours=8), timedelta(hours=8))
    assert rule.decoded("DTSTART") <= BOOKED.begins.replace(tzinfo=None)


@given(moments, st.integers(1, 400), st.sampled_from(ZONES))
@example(datetime(2026, 10, 25, 0, 30, tzinfo=UTC), 60, BERLIN)  # the hour before the clocks go back
@example(datetime(2026, 10, 25, 1, 30, tzinfo=UTC), 60, BERLIN)  # the same hour again
@example(datetime(2026, 3, 29, 0, 59, tzinfo=UTC), 2, BERLIN)  # over the hour that is left out
@example(datetime(2026, 12, 31, 15, 30, tzinfo=UTC), 60, SHANGHAI)  # over the end of the year
def test_every_moment_is_the_same_moment_to_both_parsers(begins: datetime, minutes: int, zone: ZoneInfo) -> None:
    begins = begins.replace(microsecond=0)
    ends = begins + timedelta(minutes=minutes)
    content = calendar("站", [replace(BOOKED, begins=begins, ends=ends)], zone)
    event, other = event_in(content), second_opinion(content).vevent
    assert (event.decoded("DTSTART").astimezone(UTC), event.decoded("DTEND").astimezone(UTC)) == (begins, ends)
    assert (other.dtstart.value.astimezone(UTC), other.dtend.value.astimezone(UTC)) == (begins, ends)


# Words


@given(words | chinese, words | chinese, words | chinese)
@example("接待" * 40, "\\", "\\n\\N\\\\,\\;")
@example(" ", ":;\"'^n", "\u200d\u00a0")
def test_any_words_come_back_as_they_were(summary: str, place: str, notes: str) -> None:
    content = calendar(summary, [replace(BOOKED, summary=summary, place=place, notes=notes)], SHANGHAI)
    event, read = event_in(content), second_opinion(content)
    assert (event["SUMMARY"], event.get("LOCATION", ""), event.get("DESCRIPTION", "")) == (summary, place, notes)
    assert read.vevent.summary.value == summary
    assert read.x_wr_calname.value == summary
    assert [part.value for part in read.vevent.contents.get("location", [])] == [place] * bool(place)
    assert [part.value for part in read.vevent.contents.get("description", [])] == [notes] * bool(notes)


@given(st.text() | chinese)
@example("一\r\n二\r三\n四\u2028五\x85六")
@example("\ud800\x00\x1b[31m\x7f\ufeff")
def test_whatever_is_typed_lines_stay_short_and_characters_whole(typed: str) -> None:
    content = calendar(typed, [replace(BOOKED, summary=typed, notes=typed)], SHANGHAI, remind_before=BEFORE_BOOKING)
    assert content.endswith(b"\r\n")
    folded = content.removesuffix(b"\r\n").split(b"\r\n")
    assert max(map(len, folded)) <= 75
    assert not [char for line in folded for char in line.decode() if category(char) == "Cc" and char != "\t"]
    assert event_in(content)["SUMMARY"] == second_opinion(content).vevent.summary.value


def test_every_kind_of_line_break_becomes_one() -> None:
    event = event_in(calendar("站", [replace(BOOKED, notes="一\r\n二\r三\u2028四\x00五")], SHANGHAI))
    assert event["DESCRIPTION"] == "一\n二\n三\n四五"


@given(st.lists(chinese, max_size=4))
def test_the_same_entries_give_the_same_bytes(summaries: list[str]) -> None:
    entries = [
        replace(BOOKED, uid=f"booking-{number}@xiaoshan", summary=summary) for number, summary in enumerate(summaries)
    ]
    assert calendar("站", entries, SHANGHAI) == calendar("站", entries, SHANGHAI)
    elsewhere = [replace(e, begins=e.begins.astimezone(BERLIN), ends=e.ends.astimezone(UTC)) for e in entries]
    assert calendar("站", entries, SHANGHAI) == calendar("站", elsewhere, SHANGHAI), "a moment is a moment"
