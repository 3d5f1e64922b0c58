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
    answered each; the others share one answer at its end. `answered_a_minute`: so many messages of one person are
    answered at once within a minute; the others when nobody else waits. `most_bookings`: that one person has open
    at one station. `offer_open`: how long a free place is kept for the first who waits, in waking hours.
    `calendar_address`: what the links of calendars begin with, without a slash at its end; empty where none are
    served. `event_drafted`, `event_called`: how long before an event that recurs its leader gets the draft, and the
    groups the call for helpers. `rolling_every`: how often a group is told at most how full an event is.
    `quiz_open`: how long one may answer a question of a quiz, `quiz_pause`: from its answer to the next question.
    `star_hours`: from how many hours on a volunteer has one star, two, and so on; see
    `community/volunteers/stars.py`. `forgotten_after`: how long somebody who wants to be forgotten may think it
    over. `keep_…`: how long what is personal stays after its end. `unasked_per_day`: so many messages a group hears
    of the bot's own accord on one day.
    """

    zone: ZoneInfo = CHINA
    bot_name: str = "小善"
    calendar_address: str = ""
    accept_within: timedelta = timedelta(hours=24)
    life_within: timedelta = timedelta(hours=2)
    utility_within: timedelta = timedelta(hours=24)
    ordinary_days: int = 7
    hard_days: int = 15
    photo_window: timedelta = timedelta(minutes=5)
    answered_each: int = 2
    answered_a_minute: int = 30
    involve_trade: bool = False
    question_open: timedelta = timedelta(hours=24)
    verdict_reminder: timedelta = timedelta(days=3)
    verdict_open: timedelta = timedelta(days=7)
    invitation_open: timedelta = timedelta(days=7)
    office_closes: time = time(18)
    book_ahead: timedelta = timedelta(days=60)
    most_bookings: int = 2
    offer_open: timedelta = timedelta(hours=2)
    late_cancel: timedelta = timedelta(hours=2)
    announce_before: timedelta = timedelta(days=3)
    announce_at: time = time(9)
    remind_evening: time = time(18)
    remind_before: timedelta = timedelta(hours=2)
    duty_list_evening: time = time(18, 30)
    duty_list_morning: time = time(8)
    follow_up_at: time = time(10)
    event_drafted: timedelta = timedelta(days=14)
    event_called: timedelta = timedelta(days=10)
    event_thanked: timedelta = timedelta(hours=2)
    most_companions: int = 5
    rolling_every: timedelta = timedelta(minutes=2)
    quiz_open: timedelta = timedelta(minutes=2)
    quiz_pause: timedelta = timedelta(seconds=20)
    star_hours: tuple[int, ...] = (100, 300, 600, 1000, 1500)
    unasked_per_day: int = 6
    exported_within: timedelta = timedelta(days=1)
    forgotten_after: timedelta = timedelta(hours=10)
    keep_grievances: timedelta = timedelta(days=730)
    keep_bookings: timedelta = timedelta(days=365)
    keep_tasks: timedelta = timedelta(days=365)
    keep_wishes: timedelta = timedelta(days=730)
    keep_events: timedelta = timedelta(days=365)
    keep_messages: timedelta = timedelta(days=90)
    quiet_from: time = time(21)
    quiet_to: time = time(8)
