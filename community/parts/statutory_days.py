"""Statutory holidays of years that have no official calendar yet.

What follows the moon and the sun is written down here as the `holidays` package computes it, which a test compares:
the package takes 19 MB and a third of a second, and every autumn the next year is asked for at the start.
"""

from datetime import date
from functools import lru_cache

_EVERY_YEAR = "0101 0501 0502 1001 1002 1003"
_OF_YEAR = {
    2027: "0205 0206 0207 0208 0209 0210 0405 0503 0504 0609 0915 1004 1005",
    2028: "0103 0125 0126 0127 0128 0404 0528 0529 1004",
    2029: "0212 0213 0214 0215 0404 0616 0618 0922 0924",
    2030: "0202 0203 0204 0205 0206 0207 0405 0605 0912",
    2031: "0122 0123 0124 0125 0127 0405 0407 0624",
    2032: "0210 0211 0212 0213 0404 0405 0503 0504 0612 0614 0919 0920 1004 1005",
    2033: "0103 0130 0131 0201 0202 0203 0404 0503 0601 0908 1004 1005",
    2034: "0102 0218 0219 0220 0221 0222 0223 0405 0620 0927 1004",
    2035: "0207 0208 0209 0210 0212 0405 0610 0611 0916 0917",
    2036: "0127 0128 0129 0130 0131 0404 0530 1004 1006",
    2037: "0214 0215 0216 0217 0218 0219 0404 0406 0504 0618 0924 1005",
    2038: "0203 0204 0205 0206 0208 0405 0503 0504 0607 0913 1004 1005",
    2039: "0103 0123 0124 0125 0126 0127 0405 0503 0527 1004 1005 1006",
    2040: "0102 0211 0212 0213 0214 0215 0216 0404 0614 0920",
    2041: "0131 0201 0202 0203 0204 0205 0404 0603 0910",
    2042: "0121 0122 0123 0124 0404 0622 0623 0928 0929",
    2043: "0209 0210 0211 0212 0405 0406 0504 0611 0917 1005",
    2044: "0129 0130 0131 0201 0202 0203 0404 0503 0531 1004 1005 1006",
    2045: "0102 0216 0217 0218 0219 0220 0221 0404 0619 0925 1004",
    2046: "0205 0206 0207 0208 0404 0608 0915 0917",
    2047: "0125 0126 0127 0128 0129 0130 0405 0529 1004",
    2048: "0213 0214 0215 0216 0217 0218 0404 0406 0504 0615 0922 1005",
    2049: "0201 0202 0203 0204 0404 0405 0503 0504 0604 0911 0913 1004 1005",
    2050: "0103 0122 0123 0124 0125 0126 0127 0404 0503 0623 0930 1004 1005",
}
"""Month and day: the Spring Festival, Qingming, Dragon Boat, Mid-Autumn, and days given for those on a weekend."""

WRITTEN = tuple(_OF_YEAR)
"""The years that are written down."""


@lru_cache(maxsize=128)
def statutory_days(year: int) -> frozenset[date]:
    """The days, also of years that are not written down."""
    known = _OF_YEAR.get(year)
    if known is None:
        return computed(year)
    listed = f"{_EVERY_YEAR} {known}".split()
    return frozenset(date(year, int(day[:2]), int(day[2:])) for day in listed)


def computed(year: int) -> frozenset[date]:
    """The same by the package."""
    import holidays  # here, for what it costs

    return frozenset(holidays.country_holidays("CN", years=year))
