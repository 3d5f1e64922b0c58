"""What a chain sign-up is about: an event that the bot knows of, or something that is none of its business."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from handlers.hearing.chain import Chain
from handlers.hearing.normalise import normalise
from handlers.hearing.sign_ups import find_stall
from handlers.hearing.times import find_when

_DEADLINE = re.compile(r"截止|截至|之前|以前|为止")
_NO_WORDS = re.compile(r"[^\u3400-\u9fff]+")
_MOST_LINES = 12
_ENTRIES_LOOKED_AT = 40


@dataclass(frozen=True, slots=True)
class About:
    """An event that a chain may be about. `stalls` are the names of its stalls, `begins_at` is in the local zone."""

    name: str
    place: str
    stalls: Sequence[str]
    begins_at: datetime


def choose(
    chain: Chain,
    events: Sequence[About],
    words: Mapping[str, Sequence[str]],
    now: datetime,
    *,
    alone: bool,
    home: str = "",
) -> int | None:
    """Which of these events a chain is about, by position; None: none of them. Of equal ones the first.

    `alone`: where there is one open event only, for which words such as 「志愿者报名」 are enough. `home` is the name
    of the community. Words: `chain_other` for what is no event of ours, `chain_calls` for what calls for helpers,
    `chain_filler` for what says nothing of the subject, `stalls_alike`.
    """
    topic = normalise(f"{chain.topic}\n{chain.example or ''}")
    days = named_days(chain.topic, now)
    scores = [_score(each, chain, topic, days, words, alone=alone, home=home) for each in events]
    best = max(scores, default=0)
    return scores.index(best) if best else None


def named_days(topic: str, now: datetime) -> frozenset[date]:
    """The days that a topic names, without those by which one has to sign up."""
    found: set[date] = set()
    for line in topic.split("\n")[:_MOST_LINES]:
        for part in re.split(r"[,\uff0c;\uff1b\u3002]", line):
            when = find_when(part, now) if part and not _DEADLINE.search(part) else None
            if when is not None and when.start is not None:
                found |= _days(when.start.date(), when.end.date() if when.whole_day and when.end else None)
    return frozenset(found)


def _days(first: date, last: date | None) -> set[date]:
    """A day, or all days of a span that is no longer than a month."""
    length = min((last - first).days, 31) if last is not None else 0
    return {first + timedelta(days=number) for number in range(length + 1)}


def _score(
    event: About,
    chain: Chain,
    topic: str,
    days: frozenset[date],
    words: Mapping[str, Sequence[str]],
    *,
    alone: bool,
    home: str,
) -> int:
    if days and event.begins_at.date() not in days:
        return 0
    if event.name in topic:
        return 8
    if any(word in topic for word in words["chain_other"]):
        return 0
    if event.name[-2:] in topic:
        return 6
    if find_stall(topic, event.stalls, words["stalls_alike"])[0]:
        return 4
    if not _says_nothing_else(topic, (event.place, home), words["chain_filler"]):
        return 0
    calls = any(word in topic for word in words["chain_calls"])
    if _entries_name_stalls(chain, event, words["stalls_alike"]):
        return 3
    if days and calls:
        return 2
    return 1 if alone and calls else 0


def _says_nothing_else(topic: str, names: Sequence[str], filler: Sequence[str]) -> bool:
    """Whether a topic names no subject that is not the event's."""
    for word in (*names, *sorted(filler, key=len, reverse=True)):
        topic = topic.replace(word, " ") if word else topic
    return len(_NO_WORDS.sub("", topic)) <= 1


def _entries_name_stalls(chain: Chain, event: About, alike: Sequence[str]) -> bool:
    looked_at = chain.entries[:_ENTRIES_LOOKED_AT]
    naming = sum(bool(find_stall(normalise(each.rest), event.stalls, alike)[0]) for each in looked_at)
    return naming > 0 and 2 * naming >= len(looked_at)
