"""Rates and medians as words."""

from community.parts.figures import SMALLEST_CELL, Median, Rate


def in_brackets(rate: Rate) -> str:
    """(94.2%,5870/6230), to stand behind a count; of fewer than five nothing, for that is no rate."""
    if rate.denominator < SMALLEST_CELL:
        return ""
    return f"({rate.percent},{rate.numerator}/{rate.denominator})"


def is_told(median: Median) -> bool:
    """Whether there are enough of them for a median."""
    return median.count >= SMALLEST_CELL
