"""Rates, medians, and what is not told of few: pure."""

from datetime import UTC, date, datetime, timedelta
from statistics import median
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from community.parts.figures import SMALLEST_CELL, TOO_FEW, Median, Period, Rate, published, with_private

CHINA = ZoneInfo("Asia/Shanghai")
COUNTS = st.integers(min_value=0, max_value=2000)
RATES = st.tuples(COUNTS, COUNTS).map(lambda pair: Rate(min(pair), max(pair)))


@pytest.mark.parametrize(
    ("rate", "words"),
    [
        (Rate(32, 35), "91.4%(32/35)"),
        (Rate(4, 5), "80%(4/5)"),
        (Rate(0, 12), "0%(0/12)"),
        (Rate(7, 7), "100%(7/7)"),
        (Rate(1999, 2000), "99.9%(1999/2000)"),
        (Rate(9999, 10000), "99.9%(9999/10000)"),
        (Rate(1, 10000), "0.1%(1/10000)"),
        (Rate(4, 4), TOO_FEW),
        (Rate(0, 0), TOO_FEW),
    ],
)
def test_a_rate_is_told_with_what_it_is_made_of(rate: Rate, words: str) -> None:
    assert str(rate) == words


@pytest.mark.parametrize(("numerator", "denominator"), [(1, 0), (3, 2), (-1, 5)])
def test_more_than_all_is_no_rate(numerator: int, denominator: int) -> None:
    with pytest.raises(ValueError, match="no rate"):
        Rate(numerator, denominator)


@given(RATES)
def test_all_and_none_are_only_said_of_all_and_none(rate: Rate) -> None:
    assert (rate.percent == "100%") == (rate.numerator == rate.denominator > 0)
    assert (rate.percent == "0%") == (rate.numerator == 0)
    if rate.denominator:
        assert abs(float(rate.percent[:-1]) - 100 * rate.numerator / rate.denominator) <= 0.1


@given(COUNTS)
def test_fewer_than_five_are_not_told(count: int) -> None:
    told = published(count)
    assert told == (f"{count}件" if count >= SMALLEST_CELL else "不足5件")


@given(COUNTS, COUNTS)
def test_a_few_private_cases_never_show_in_a_count(public: int, private: int) -> None:
    """Who knows how many public ones there are learns of none or of at least five."""
    hidden = with_private(public, private) - public
    assert hidden in (0, private)
    assert hidden == 0 or hidden >= SMALLEST_CELL


@given(RATES, RATES)
def test_a_few_private_cases_never_show_in_a_rate(public: Rate, private: Rate) -> None:
    """Neither among those of which it is true nor among the others."""
    both = public.with_private(private)
    good = both.numerator - public.numerator
    bad = both.denominator - public.denominator - good
    assert all(part == 0 or part >= SMALLEST_CELL for part in (good, bad))


@given(st.lists(st.integers(min_value=0, max_value=10**7), max_size=60))
def test_the_median_is_the_median(seconds: list[int]) -> None:
    found = Median.of([timedelta(seconds=each) for each in seconds])
    assert found.count == len(seconds)
    assert found.hours == (pytest.approx(median(seconds) / 3600) if seconds else None)


@pytest.mark.parametrize(
    ("hours", "words"),
    [([1, 2, 3, 4, 100], "3小时"), ([1, 2, 3, 4, 5, 6], "3.5小时"), ([1, 2, 3, 4], TOO_FEW), ([], TOO_FEW)],
)
def test_a_median_in_words(hours: list[int], words: str) -> None:
    assert str(Median.of([timedelta(hours=each) for each in hours])) == words


@given(st.dates(min_value=date(2000, 1, 1), max_value=date(2099, 12, 31)))
def test_a_week_is_from_monday_to_sunday(day: date) -> None:
    week = Period.week_of(day)
    assert week.first <= day <= week.last
    assert (week.first.weekday(), week.last.weekday()) == (0, 6)


def test_a_period_ends_where_the_next_begins() -> None:
    november = Period(date(2026, 11, 1), date(2026, 11, 30))
    assert november.begin(CHINA) == datetime(2026, 10, 31, 16, tzinfo=UTC)
    assert november.end(CHINA) == Period(date(2026, 12, 1), date(2026, 12, 1)).begin(CHINA)
