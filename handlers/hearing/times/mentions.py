"""Pieces that stand together become one mention: 下周三 + 下午 + 3点, 周六 … 9点 + 到 + 11点."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from handlers.hearing.times.pieces import THROUGH, Clearness, Clock, Days, Moment, Part
from handlers.hearing.times.scanning import Found, scan


@dataclass(frozen=True, slots=True)
class Mention:
    """What one time in a text was said to be. `until` is the end of a range of hours."""

    start: int
    end: int
    days: Days | None = None
    part: Part | None = None
    clock: Clock | None = None
    moment: Moment | None = None
    until: "Mention | None" = None
    words_of_days: Found | None = None
    leans: bool = False  # begins with a word that means a time only after the one before it

    @property
    def is_days_only(self) -> bool:
        return self.days is not None and self.clock is None and self.part is None

    @property
    def is_hours_only(self) -> bool:
        return self.days is None and self.moment is None

    def days_after(self, after: date) -> Days | None:
        """The first such days on or after a date, if the words leave open which; else the days as said."""
        if self.days and self.days.bare and self.words_of_days:
            return self.words_of_days.days_after(after)
        return self.days


# What people put between a day and its hour: 周六的9点, 12月5日(周六)上午, 明天大概3点.
_JOINT = re.compile(r"[\s,、的()是在]{0,3}(?:大概|大约|约|差不多|左右|那天|当天|这天)?")
_THROUGH = re.compile(rf"\)?\s?(?:(?:一?直)?{THROUGH}|起?到)\s?")
_AND = re.compile(r"\)?[\s、,]?(?:和|跟|与|及|还有)?")
# 周六我带孩子去,大概下午3点到: the hour may follow in the same sentence.
_SAME_SENTENCE = re.compile(r"[^。!?;！？；]{1,16}")


def find_mentions(plain: str, now: datetime) -> list[Mention]:
    """The times that the text names, in its order."""
    touching = _join_touching(plain, map(_mention, scan(plain, now)))
    certain = [mention for mention in touching if not _is_only_a_bit(mention)]
    ranges = [mention for mention in _join_ranges(plain, certain) if not _is_fragment(mention)]
    return _join_in_sentence(plain, ranges)


def _mention(found: Found) -> Mention:
    leans = found.reader.leans
    match found.piece:
        case Days() as days:
            return Mention(found.start, found.end, days=days, part=days.part, words_of_days=found, leans=leans)
        case Part() as part:
            return Mention(found.start, found.end, part=part, leans=leans)
        case Clock() as clock:
            until = Mention(found.end, found.end, clock=clock.until) if clock.until else None
            return Mention(found.start, found.end, clock=clock, until=until, leans=leans)
        case Moment() as moment:
            return Mention(found.start, found.end, moment=moment)


def _is_only_a_bit(mention: Mention) -> bool:
    return mention.clock is not None and mention.clock.doubtful and not mention.days and not mention.part


def _is_fragment(mention: Mention) -> bool:
    if mention.leans or (mention.part and mention.part.unfinished and not mention.clock):
        return True
    if mention.clock and mention.clock.unfinished and not mention.until:
        return True
    return mention.days is not None and mention.days.unfinished


def _join_touching(plain: str, mentions: Iterable[Mention]) -> list[Mention]:
    joined: list[Mention] = []
    for mention in mentions:
        whole = _touching(joined[-1], mention, plain[joined[-1].end : mention.start]) if joined else None
        if whole:
            joined[-1] = whole
        else:
            joined.append(mention)
    return joined


def _touching(left: Mention, right: Mention, gap: str) -> Mention | None:
    if left.moment or right.moment or not _JOINT.fullmatch(gap):
        return None
    if right.days:
        return _add_days(left, right, gap) if left.is_days_only else None
    if left.clock or (right.part and left.part) or (right.clock and right.clock.doubtful and gap):
        return None
    return replace(left, end=right.end, part=right.part or left.part, clock=right.clock, until=right.until)


def _add_days(left: Mention, right: Mention, gap: str) -> Mention | None:
    if not left.days:
        return None
    again = right.days_after(left.days.first)
    if again and (left.days.first, left.days.last) == (again.first, again.last):
        return replace(left, end=right.end, part=right.part)  # 12月5日周六
    if "(" in gap and right.days and right.days.recurs:
        return replace(left, end=right.end)  # 12月5日(周日), a slip: the date is what was looked up
    return _narrow(left, right)


def _narrow(left: Mention, right: Mention) -> Mention | None:
    """下周 … 周三, 12月 … 第一个周六: the second names a day within the first."""
    if not (left.is_days_only and left.days and left.days.clearness is Clearness.BROAD):
        return None
    days = right.days_after(left.days.first) if right.days and right.days.bare else None
    if not days or days.last > left.days.last:
        return None
    return replace(right, start=left.start, days=replace(days, bare=False, recurs=False), leans=left.leans)


def _join_ranges(plain: str, mentions: list[Mention]) -> list[Mention]:
    """From the right, so that in 5日到7日9点到11点 the hours are a range before the days are."""
    joined: list[Mention] = []
    for mention in reversed(mentions):
        whole = _range(mention, joined[-1], plain[mention.end : joined[-1].start]) if joined else None
        if whole:
            joined[-1] = whole
        else:
            joined.append(mention)
    joined.reverse()
    return joined


def _range(left: Mention, right: Mention, gap: str) -> Mention | None:
    if left.moment or right.moment or left.until:
        return None
    through = _THROUGH.fullmatch(gap)
    if left.clock and right.clock and not right.until:
        return replace(left, end=right.end, until=right) if through else None
    if left.days and right.days and not left.clock and (through or _AND.fullmatch(gap)):
        return _range_of_days(left, right, next_day_only=not through)
    return None


def _range_of_days(left: Mention, right: Mention, *, next_day_only: bool) -> Mention | None:
    """周一到周五, or days in a row as 周六和周日. Hours that follow are those of the first day."""
    if not left.days:
        return None
    last = right.days_after(left.days.first)
    if not last or last.last <= left.days.last:
        return None
    if next_day_only and (last.first != left.days.last + timedelta(days=1) or left.part):
        return None
    days = replace(left.days, last=last.last, bare=False, recurs=False, unfinished=False)
    part = right.part if left.part in (None, right.part) else None
    return replace(right, start=left.start, days=days, part=part, leans=left.leans)


def _join_in_sentence(plain: str, mentions: list[Mention]) -> list[Mention]:
    joined: list[Mention] = []
    for mention in mentions:
        whole = _in_sentence(joined[-1], mention, plain[joined[-1].end : mention.start]) if joined else None
        if whole:
            joined[-1] = whole
        else:
            joined.append(mention)
    return joined


def _in_sentence(left: Mention, right: Mention, gap: str) -> Mention | None:
    if left.is_hours_only and left.clock and right.is_days_only and _JOINT.fullmatch(gap):
        return replace(left, end=right.end, days=right.days, words_of_days=right.words_of_days)  # 9点到11点,周六
    if not left.days or left.clock or not _SAME_SENTENCE.fullmatch(gap) or _THROUGH.fullmatch(gap):
        return None
    if right.days:
        return _narrow(left, right)
    if not right.is_hours_only or left.days.clearness is Clearness.BROAD or (left.part and right.part):
        return None
    return replace(left, end=right.end, part=left.part or right.part, clock=right.clock, until=right.until)
