"""The figures that a community may set otherwise. Defaults and their source: "Rules taken from practice"."""

from dataclasses import dataclass
from datetime import time, timedelta
from zoneinfo import ZoneInfo

CHINA = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Rules:
    """How fast, how long, how late. Days of deadlines are working days of the official calendar.

    `involve_trade`: those whose trade a category is (the property firm for a lift) hear of a new case too; without
    it the grid head alone does, and hands on. `answered_each`: so many reports of one person within a minute are
    answered each; the others share one answer at its end.
    """

    zone: ZoneInfo = CHINA
    bot_name: str = "小善"
    accept_within: timedelta = timedelta(hours=24)
    life_within: timedelta = timedelta(hours=2)
    utility_within: timedelta = timedelta(hours=24)
    ordinary_days: int = 7
    hard_days: int = 15
    photo_window: timedelta = timedelta(minutes=5)
    answered_each: int = 2
    involve_trade: bool = False
    question_open: timedelta = timedelta(hours=24)
    verdict_reminder: timedelta = timedelta(days=3)
    verdict_open: timedelta = timedelta(days=7)
    invitation_open: timedelta = timedelta(days=7)
    office_closes: time = time(18)
    quiet_from: time = time(21)
    quiet_to: time = time(8)
