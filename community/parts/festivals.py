"""Festivals by which people name days, and when they are."""

from collections.abc import Iterator, Mapping
from datetime import date

_FIRST_YEAR, _LAST_YEAR = 2025, 2060

_BY_THE_SUN: Mapping[str, tuple[int, int]] = {
    "元旦": (1, 1),
    "学雷锋日": (3, 5),
    "学雷锋纪念日": (3, 5),
    "妇女节": (3, 8),
    "植树节": (3, 12),
    "劳动节": (5, 1),
    "青年节": (5, 4),
    "儿童节": (6, 1),
    "建党节": (7, 1),
    "建军节": (8, 1),
    "教师节": (9, 10),
    "国庆节": (10, 1),
    "宪法日": (12, 4),
    "志愿者日": (12, 5),
}
_BY_THE_MOON: Mapping[str, str] = {
    "春节": "0129 0217 0206 0126 0213 0203 0123 0211 0131 0219 0208 0128 0215 0204 0124 0212 0201 0122 0210 "
    "0130 0217 0206 0126 0214 0202 0123 0211 0201 0219 0208 0128 0215 0204 0124 0212 0202",
    "元宵节": "0212 0303 0220 0209 0227 0217 0206 0225 0214 0305 0222 0211 0301 0218 0207 0226 0215 0205 0224 "
    "0213 0303 0220 0209 0228 0216 0206 0225 0215 0305 0222 0211 0229 0218 0207 0226 0216",
    "端午节": "0531 0619 0609 0528 0616 0605 0624 0612 0601 0620 0610 0530 0618 0607 0527 0614 0603 0622 0611 "
    "0531 0619 0608 0529 0615 0604 0623 0613 0601 0620 0610 0530 0617 0606 0625 0614 0603",
    "七夕节": "0829 0819 0808 0826 0816 0805 0824 0812 0801 0820 0810 0828 0817 0807 0826 0814 0803 0822 0811 "
    "0731 0819 0808 0827 0816 0805 0823 0812 0801 0820 0810 0829 0817 0806 0825 0814 0802",
    "中秋节": "1006 0925 0915 1003 0922 0912 1001 0919 0908 0927 0916 1004 0924 0913 1002 0920 0910 0928 0917 "
    "1005 0925 0915 1004 0922 0911 0930 0919 0907 0926 0916 1005 0924 0913 1002 0921 0909",
    "重阳节": "1029 1018 1008 1026 1016 1005 1024 1012 1001 1020 1009 1027 1017 1007 1026 1014 1003 1022 1011 "
    "1029 1018 1008 1027 1016 1005 1024 1013 1030 1020 1009 1028 1017 1007 1025 1014 1002",
    "腊八节": "0126 0115 0104 0122 0111 0101 0120 0108 0127 0116 0105 0123 0112 0102 0121 0110 1230 0118 0107 "
    "0125 0114 0103 0122 0111 0101 0120 0109 0127 0116 0105 0124 0112 0102 0121 0111 1230",
}
"""Month and day in each lunar year from the first on, after the Hong Kong Observatory's tables. What would come before
March at the end of a lunar year (腊八节) is mostly in the next year of the sun."""

FESTIVALS = frozenset({*_BY_THE_SUN, *_BY_THE_MOON, "清明节"})
"""Their full names; most are also called so without the last word."""


def festival_days(name: str, first: date, last: date) -> Iterator[date]:
    """The days of one of the `FESTIVALS` from `first` to `last`, both included. Those of the moon: none after 2060."""
    for year in range(first.year - 1, last.year + 1):
        day = _in_year(name, year)
        if day is not None and first <= day <= last:
            yield day


def _in_year(name: str, year: int) -> date | None:
    """In a year of the sun or of the moon, by which the festival is named."""
    if name in _BY_THE_SUN:
        return date(year, *_BY_THE_SUN[name])
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        return None
    if name == "清明节":  # the sun at 15 degrees; the usual formula, right in this century
        return date(year, 4, int((year - 2000) * 0.2422 + 4.81) - (year - 2000) // 4)
    written = _BY_THE_MOON[name].split()[year - _FIRST_YEAR]
    month, day = int(written[:2]), int(written[2:])
    return date(year + (name == "腊八节" and month == 1), month, day)
