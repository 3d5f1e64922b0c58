"""Deadlines on the working calendar: examples from the official calendar of 2026, and what always holds."""

from datetime import date, datetime, time, timedelta
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from community.parts.clock import DAY, Allowance, Milestone, Pause, milestones, read, warning_before
from community.parts.working_calendar import add_working_days, is_published, is_working_day, unpublished_years
from community.rules import CHINA

HOUR = timedelta(hours=1)
LONG_AGO, FAR_AWAY = datetime.fromisoformat("2015-01-01"), datetime.fromisoformat("2032-01-01")
URGENT = Allowance(DAY, DAY)
ORDINARY = Allowance(DAY, None, 7)
HARD = Allowance(DAY, None, 15)


def at(words: str) -> datetime:
    return datetime.fromisoformat(words).replace(tzinfo=CHINA)


# --- the calendar ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "works"),
    [
        ("2026-09-20", True),  # a Sunday that is worked for the National Day week
        ("2026-09-25", False),  # Mid-Autumn
        ("2026-10-01", False),
        ("2026-10-07", False),
        ("2026-10-08", True),
        ("2026-10-10", True),  # a Saturday that is worked
        ("2026-10-11", False),
        ("2026-12-05", False),
        ("2027-01-01", False),  # no calendar of 2027 yet: the statutory day
        ("2027-01-02", False),  # a Saturday
        ("2027-01-04", True),
        ("2027-02-06", False),  # the first day of the Chinese year, a Saturday
    ],
)
def test_working_days(day: str, *, works: bool) -> None:
    assert is_working_day(date.fromisoformat(day)) is works


def test_years_without_a_calendar_are_named() -> None:
    assert is_published(2026)
    assert not is_published(2027)
    assert unpublished_years(at("2026-06-01T09:00")) == []
    assert unpublished_years(at("2026-12-01T09:00")) == [2027]
    assert unpublished_years(date(2027, 12, 15)) == [2027, 2028]


@given(start=st.datetimes(LONG_AGO, FAR_AWAY, timezones=st.just(CHINA)), days=st.integers(0, 40))
def test_adding_working_days_counts_each_once(start: datetime, days: int) -> None:
    end = add_working_days(start, days)
    between = (start.date() + DAY * offset for offset in range(1, (end.date() - start.date()).days + 1))
    assert sum(map(is_working_day, between)) == days
    assert end.timetz() == start.timetz()
    assert days == 0 or is_working_day(end.date())


# --- deadlines ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "allowance", "resolve_by"),
    [
        ("2026-12-01T09:00", ORDINARY, "2026-12-10T18:00"),  # one weekend
        ("2026-12-04T16:00", ORDINARY, "2026-12-15T18:00"),  # reported on a Friday
        ("2026-12-05T10:00", ORDINARY, "2026-12-15T18:00"),  # on a Saturday: Monday is the first day
        ("2026-09-30T10:00", ORDINARY, "2026-10-15T18:00"),  # the National Day week; Saturday 10 October is worked
        ("2026-09-30T10:00", HARD, "2026-10-27T18:00"),
        ("2026-12-29T10:00", ORDINARY, "2027-01-08T18:00"),  # the year's end
        ("2026-12-29T10:00", HARD, "2027-01-20T18:00"),
        ("2026-10-01T10:00", URGENT, "2026-10-02T10:00"),  # hours run on holidays too
        ("2026-12-31T23:30", URGENT, "2027-01-01T23:30"),
    ],
)
def test_deadlines(start: str, allowance: Allowance, resolve_by: str) -> None:
    assert read(at(start), (), allowance, CHINA).resolve_by == at(resolve_by)


def test_a_pause_gives_back_its_working_days() -> None:
    start = at("2026-12-01T09:00")
    for begin, end, resolve_by in (
        ("2026-12-01T10:00", "2026-12-01T17:00", "2026-12-10T18:00"),  # within a day: nothing was lost
        ("2026-12-01T10:00", "2026-12-03T10:00", "2026-12-14T18:00"),
        ("2026-12-04T10:00", "2026-12-06T10:00", "2026-12-10T18:00"),  # a weekend is no loss
    ):
        assert read(start, [Pause(at(begin), at(end))], ORDINARY, CHINA).resolve_by == at(resolve_by)


def test_a_pause_gives_back_its_hours_where_hours_count() -> None:
    start = at("2026-12-01T09:00")
    found = read(start, [Pause(start + HOUR, start + 3 * HOUR)], URGENT, CHINA)
    assert found.resolve_by == start + 26 * HOUR
    assert not found.paused


def test_a_pause_that_goes_on_moves_nothing_yet() -> None:
    start = at("2026-12-01T09:00")
    found = read(start, [Pause(start + HOUR, None)], ORDINARY, CHINA)
    assert found.paused
    assert found.resolve_by == read(start, [], ORDINARY, CHINA).resolve_by


def test_first_contact_is_put_off_only_by_what_came_before_it() -> None:
    start = at("2026-12-01T09:00")
    early, late = Pause(start, start + HOUR), Pause(start + 40 * HOUR, start + 50 * HOUR)
    assert read(start, [early, late], ORDINARY, CHINA).respond_by == start + 25 * HOUR


moments = st.datetimes(LONG_AGO, FAR_AWAY, timezones=st.just(CHINA))
allowances = st.sampled_from((Allowance(2 * HOUR, 2 * HOUR), URGENT, ORDINARY, HARD))
spans = st.lists(st.timedeltas(timedelta(), timedelta(days=20)), max_size=6)


def pauses_from(start: datetime, lengths: list[timedelta]) -> list[Pause]:
    """Lengths in turn of running and standing still; an odd one out goes on."""
    found, moment = [], start
    for index, length in enumerate(lengths):
        if index % 2:
            found.append(Pause(moment, moment + length))
        moment += length
    return found + ([Pause(moment, None)] if len(lengths) % 2 else [])


@given(start=moments, lengths=spans, allowance=allowances)
def test_what_always_holds(start: datetime, lengths: list[timedelta], allowance: Allowance) -> None:
    pauses = pauses_from(start, lengths)
    found = read(start, pauses, allowance, CHINA)
    plain = read(start, (), allowance, CHINA)
    assert start <= found.respond_by <= found.resolve_by
    assert found.resolve_by >= plain.resolve_by
    assert found.respond_by >= plain.respond_by
    assert found.paused == bool(pauses and pauses[-1].end is None)
    if allowance.hours is None:
        assert is_working_day(found.resolve_by.date())
        assert found.resolve_by.timetz() == time(18, tzinfo=CHINA)


@given(start=moments, hours=st.integers(2, 600))
def test_milestones_are_in_order_and_each_comes_once(start: datetime, hours: int) -> None:
    resolve_by = start + hours * HOUR
    found = list(islice(milestones(start, resolve_by), 8))
    assert [kind for _, kind in found] == [Milestone.HALF, Milestone.WARNING, *[Milestone.OVERDUE] * 6]
    assert all(earlier < later for (earlier, _), (later, _) in pairwise(found))
    assert found[2][0] == resolve_by
    assert all(later - earlier == DAY for (earlier, _), (later, _) in pairwise(found[2:]))


@given(hours=st.integers(1, 2000))
def test_the_warning_comes_in_the_last_quarter_and_the_last_day(hours: int) -> None:
    span = hours * HOUR
    assert timedelta() < warning_before(span) <= min(span / 4, DAY)
