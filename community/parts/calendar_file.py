"""Entries → an iCalendar file (RFC 5545, RFC 7986), as phones and desktop calendars take it, alone or as a feed.

Times are written on the zone's own clock, with its IANA name and a VTIMEZONE that spells it out. In UTC they would be
right too, but Outlook then shows them as "Coordinated Universal Time" and Google gives a whole feed the zone GMT.
Phones that read no VTIMEZONE know the IANA name, the others have the rules at hand.
"""

import unicodedata
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from icalendar import Alarm, Calendar, Component, Event, Timezone, vDuration, vText

from community.parts.calendar_entries import Entry

PRODUCT = "-//Xiaoshan//Community calendar//ZH"
REFRESH_EVERY = timedelta(hours=1)
"""How often a program that follows a feed is asked to look again."""

_NO_ENTRY = datetime(2026, 1, 1, tzinfo=UTC)
_ESCAPES = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})


def calendar(name: str, entries: Sequence[Entry], zone: ZoneInfo, *, remind_before: timedelta | None = None) -> bytes:
    """The file, ready to be sent. The same arguments give the same bytes.

    `remind_before` makes phones ring that long before each entry that is not cancelled: for a file with one
    booking `BEFORE_BOOKING`, for a feed nothing. Times are kept to the second. Control characters are left out of all
    words.
    """
    file = Calendar()
    file.add("VERSION", "2.0")
    file.add("PRODID", PRODUCT)
    file.add("CALSCALE", "GREGORIAN")
    file.add("METHOD", "PUBLISH")
    # NAME and REFRESH-INTERVAL are the standard's words, the others those that programs knew before it.
    _add_words(file, "NAME", name)
    _add_words(file, "X-WR-CALNAME", name)
    file.add("X-WR-TIMEZONE", zone.key)
    file.add("REFRESH-INTERVAL", REFRESH_EVERY, parameters={"VALUE": "DURATION"})
    file.add("X-PUBLISHED-TTL", vDuration(REFRESH_EVERY))
    file.add_component(_timezone(entries, zone))
    for entry in entries:
        file.add_component(_event(entry, zone, remind_before))
    content: bytes = file.to_ical()
    return content


class _Words(vText):
    r"""Text of any kind. The library's own takes a typed `\N` for a line break."""

    def to_ical(self) -> bytes:
        return self.translate(_ESCAPES).encode()


def _add_words(component: Component, name: str, words: str) -> None:
    component.add(name, _Words(_plain(words)))


def _plain(words: str) -> str:
    """The words without what the format forbids: every kind of line break becomes the plain one."""
    lines = "\n".join(words.splitlines())
    return "".join(char for char in lines if char in "\n\t" or not _is_unwanted(char))


def _is_unwanted(char: str) -> bool:
    # A byte order mark within a text is taken for the one of a file by some readers.
    return char == "\ufeff" or unicodedata.category(char) in ("Cc", "Cs")


def _timezone(entries: Sequence[Entry], zone: ZoneInfo) -> Timezone:
    """The zone's rules for the years of the entries. Without entries too: a calendar must have something in it."""
    first = min((entry.begins for entry in entries), default=_NO_ENTRY).astimezone(zone)
    last = max((entry.ends for entry in entries), default=_NO_ENTRY).astimezone(zone)
    rules = Timezone.from_tzinfo(zone, zone.key, date(first.year, 1, 1), date(last.year + 1, 1, 1))
    del rules["COMMENT"]
    return rules


def _event(entry: Entry, zone: ZoneInfo, remind_before: timedelta | None) -> Event:
    event = Event()
    _add_words(event, "UID", entry.uid)
    event.add("SEQUENCE", entry.sequence)
    # When the file was made would belong here, and would make each fetch look like news.
    event.add("DTSTAMP", entry.changed_at.astimezone(UTC))
    event.add("LAST-MODIFIED", entry.changed_at.astimezone(UTC))
    event.add("DTSTART", _on_the_clock(entry.begins, zone))
    event.add("DTEND", _on_the_clock(entry.ends, zone))
    event.add("STATUS", "CANCELLED" if entry.cancelled else "CONFIRMED")
    event.add("TRANSP", "TRANSPARENT" if entry.cancelled else "OPAQUE")
    _add_words(event, "SUMMARY", entry.summary)
    if entry.place:
        _add_words(event, "LOCATION", entry.place)
    if entry.notes:
        _add_words(event, "DESCRIPTION", entry.notes)
    if remind_before is not None and not entry.cancelled:
        event.add_component(_alarm(entry.summary, remind_before))
    return event


def _on_the_clock(moment: datetime, zone: ZoneInfo) -> datetime:
    local = moment.astimezone(zone)
    # Of an hour that the clocks show twice the format can name the first one only.
    return moment.astimezone(UTC) if local.fold else local


def _alarm(words: str, before: timedelta) -> Alarm:
    alarm = Alarm()
    alarm.add("ACTION", "DISPLAY")
    alarm.add("TRIGGER", -before)
    _add_words(alarm, "DESCRIPTION", words)
    return alarm
