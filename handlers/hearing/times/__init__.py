"""The ear for dates and times: `find_when`.

A text is folded to one script and width (`folding`), scanned once for forms of words (`scanning`; the forms are
in `days`, `months`, `hours` and `occasions`, what only looks like them in `lookalikes`), pieces that stand
together are joined (`mentions`), and the best mention gets its meaning (`meaning`).
"""

import re
from dataclasses import replace
from datetime import datetime, timedelta

from handlers.hearing.times.folding import fold
from handlers.hearing.times.lookalikes import AFTER_HABIT, BEFORE_HABIT
from handlers.hearing.times.meaning import When, understand
from handlers.hearing.times.mentions import Mention, find_mentions
from handlers.hearing.times.pieces import Clearness, PartOfDay, any_of

__all__ = ["PartOfDay", "When", "find_when"]

LONGEST = 10_000
"""Characters that are looked at."""

# No time is told without one of these: most messages are let go here.
_HINTS = frozenset("天日儿周期拜末月号点时午早晚晨夜昏夕后前过:./-节旦春元清端中重腊冬国五六七八双圣立龙年秋")

_CHANGED_TO = re.compile(r"(?:[改换挪调推延][到成为至]?|提前到|推迟到|那就|还是)(?:了|在)?$")
_REFUSED = re.compile(r"[我们都就也,的]{0,3}(?:不行|不去|不能|不在|不方便|没空|没时间|有事|来不了|去不了|不来|不要|改)")
_HABIT_BEFORE = re.compile(f"{any_of(BEFORE_HABIT)}$")
_HABIT_AFTER = re.compile(any_of(AFTER_HABIT))
_SINCE_BEFORE = re.compile("(?:自从|从|自|打)$")
_SINCE_AFTER = re.compile("(?:开始|起)?(?:就|一直|以来|到现在|至今)")
_CONTEXT = 4  # characters before a mention that are looked at


def find_when(text: str, now: datetime) -> When | None:
    """The time that a text names, in the timezone of `now`, which is aware; None if it names none.

    Of several the clearest is taken: a day with its hour before a day, a day before a week or a month, and days
    that are asked for before 今天 and 昨天, which are said in passing; one that is refused (周三不行) after all
    others, one that is changed to (改到周四) before. Of equals the first. Only the first 10,000 characters count.
    Never raises on any text, and its time is bounded by the length.
    """
    folded = fold(text[:LONGEST])
    plain = folded.plain
    if _HINTS.isdisjoint(plain):
        return None
    mentions = [mention for mention in find_mentions(plain, now) if not _is_habit(mention, plain)]
    if not mentions:
        return None
    mention = _looking_back(max(mentions, key=lambda mention: _rank(mention, plain)), plain, now)
    return understand(mention, now, folded.original_span(mention.start, mention.end))


def _rank(mention: Mention, plain: str) -> tuple[bool, bool, Clearness]:
    """`max` keeps the first of equals."""
    refused = _REFUSED.match(plain, mention.end) is not None
    changed = _CHANGED_TO.search(_before(mention, plain)) is not None
    return not refused, changed, _clearness(mention)


def _clearness(mention: Mention) -> Clearness:
    if mention.moment or (mention.days and mention.clock):
        return Clearness.HOUR
    if mention.days:
        return Clearness.PART if mention.part else mention.days.clearness
    return Clearness.DAY if mention.clock else Clearness.BROAD


def _is_habit(mention: Mention, plain: str) -> bool:
    """A part of the day alone is today's, if it may stand alone and no habit is told: 每天下午, 晚上总有人."""
    if mention.days or mention.clock or mention.part is None:
        return False
    before = _HABIT_BEFORE.search(_before(mention, plain))
    return not mention.part.alone or before is not None or _HABIT_AFTER.match(plain, mention.end) is not None


def _looking_back(mention: Mention, plain: str, now: datetime) -> Mention:
    """从周五开始就: a report tells since when, so its bare day is the last one, not the next."""
    before, after = _SINCE_BEFORE.search(_before(mention, plain)), _SINCE_AFTER.match(plain, mention.end)
    if not (before and after and mention.days and mention.days.bare):
        return mention
    for days_back in (6, 30, 365):  # a weekday, a day of the month, a date
        days = mention.days_after(now.date() - timedelta(days=days_back))
        if days and days.last <= now.date():
            start = mention.start - len(before[0])
            return replace(mention, start=start, end=after.end(), days=replace(days, bare=False, recurs=False))
    return mention


def _before(mention: Mention, plain: str) -> str:
    return plain[max(0, mention.start - _CONTEXT) : mention.start]
