"""The holidays that are written down are those that the package computes."""

from community.parts import statutory_days
from community.parts.statutory_days import WRITTEN, computed

FIRST_UNWRITTEN = 2051


def test_what_is_written_down_is_what_the_package_computes() -> None:
    assert {year: statutory_days.statutory_days(year) for year in WRITTEN} == {year: computed(year) for year in WRITTEN}


def test_a_year_beyond_is_computed() -> None:
    assert max(WRITTEN) == FIRST_UNWRITTEN - 1
    assert statutory_days.statutory_days(FIRST_UNWRITTEN) == computed(FIRST_UNWRITTEN)
