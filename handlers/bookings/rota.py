"""The rota in conversation: who is on duty when, and the staff's changes: 加接待, 换班, 请假, 停接待, 撤班."""

import re
from datetime import date, datetime, timedelta
from typing import Any

from community import Community
from community.bookings.outcomes import Choice, ReceptionClosed
from community.refused import Refused
from community.rota import Duty, DutyKind, Ended, Swapped
from handlers.answering import group_node
from handlers.bookings.booking import offered_choices
from handlers.bookings.reminders import closed
from handlers.bookings.wording import hours, left, who, who_of
from handlers.hearing.receptions import HeardDuty, find_kinds, find_names, hear_duty, impossible_day
from handlers.hearing.times import find_when
from handlers.messages import Message, Replies, Reply, say, say_in_group
from handlers.routing import router
from handlers.speaking.texts import in_words

IN_GROUP, ALONE = 4, 10
"""Receptions that are listed in a group, and privately."""

NEXT_DAYS = 21
_ALL = re.compile("全部|所有的?|都撤|全撤")


@router.command("bookings.rota")
def upcoming(message: Message, community: Community, **_slots: object) -> Replies | Reply:
    """「值班表」, 「明天谁值班」, 「最近什么时候有代表」: with numbers to book by where a kind was named."""
    kinds = tuple(DutyKind(each) for each in find_kinds(message.text))
    if kinds and not message.in_group:
        return offered_choices(message, community)
    choices = _of_days_named(message, community, kinds)
    key = "rota.list_near" if choices == () else "rota.list"
    if not choices:
        until = message.received_at + timedelta(days=NEXT_DAYS)
        choices = community.rota.upcoming(message.person, group_node(message), kinds, message.received_at, until)
    if not choices:
        raise Refused("rota.nothing_soon", days=NEXT_DAYS)
    shown = choices[: IN_GROUP if message.in_group else ALONE]
    lines = "\n".join(_line(each, community) for each in shown)
    if message.in_group:
        return say_in_group(key, lines=lines)
    return say(key, lines=lines)


@router.command("rota.add")
def add(message: Message, community: Community, words: str = "") -> Reply:
    """「加接待 王代表 每周三下午 6个号」."""
    heard = _hear_duty(words, community)
    if not heard.name or not heard.rule:
        raise Refused("rota.add_how")
    kind = DutyKind(heard.kinds[0]) if len(heard.kinds) == 1 else None
    duty = Duty(heard.name, kind, heard.rule, heard.places, heard.station, heard.bring)
    planned = community.rota.add(message.person, group_node(message), duty, message.received_at)
    values: dict[str, Any] = {
        "who": who_of(planned.kind, planned.person_name),
        "station": planned.station.name,
        "places": planned.places,
    }
    if planned.opens is not None:
        return say("rota.added_far", begins=planned.begins, opens=planned.opens, **values)
    first = "\u3001".join(hours(each, community) for each in planned.first)
    return say("rota.added_skips" if planned.skips else "rota.added", first=first, **values)


@router.command("rota.swap")
def swap(message: Message, community: Community, words: str = "") -> Replies:
    """「换班 12月9日 王代表 换 李代表」."""
    day, names = _day(message, community), find_names(message.text, community.rota.names_known(), strangers=True)
    if day is None or not names:
        raise Refused("rota.swap_how")
    before, after = (message.person.name, names[0]) if len(names) == 1 else (names[0], names[1])
    kinds = find_kinds(message.text[message.text.rfind(after) :])
    kind = DutyKind(kinds[0]) if len(kinds) == 1 and after in message.text else None
    swapped = community.rota.swap(message.person, day, before, after, message.received_at, kind)
    return [reply for each in swapped for reply in _swapped(each, message, community)]


@router.command("rota.absent")
def absent(message: Message, community: Community, words: str = "") -> Replies:
    """「请假 12月9日」 by whoever is on duty, 「王代表12月9日请假」 by a worker; 「12月9日到12月11日」."""
    days = _days(message, community)
    if days is None:
        raise Refused("rota.absent_how")
    names = find_names(message.text, community.rota.names_known())
    who_ = names[0] if names else ""
    found = community.rota.absent(message.person, days[0], who_, message.received_at, days[1])
    return _closed(found, community)


@router.command("rota.close")
def close(message: Message, community: Community, words: str = "") -> Replies:
    """「停接待 12月9日」: the station is closed for that day, or for those days."""
    days = _days(message, community)
    if days is None:
        raise Refused("rota.close_how")
    station = next((each.name for each in community.rota.all_stations() if each.name in message.text), "")
    found = community.rota.close(message.person, group_node(message), days[0], station, message.received_at, days[1])
    return _closed(found, community)


@router.command("rota.end")
def end(message: Message, community: Community, words: str = "") -> Replies:
    """「撤班 王代表」: they are not on duty any more, by the rule that is named or by all."""
    heard = _hear_duty(_ALL.sub(" ", words), community)
    if not heard.name:
        raise Refused("rota.end_how")
    all_ = _ALL.search(words) is not None
    ended = community.rota.end(message.person, heard.name, heard.rule, message.received_at, all_=all_)
    return _ended(ended, message, community)


def _hear_duty(words: str, community: Community) -> HeardDuty:
    stations = [each.name for each in community.rota.all_stations()]
    return hear_duty(words, community.rota.names_known(), stations)


def _swapped(swapped: Swapped, message: Message, community: Community) -> Replies:
    values: dict[str, Any] = {
        "hours": hours(swapped.reception, community),
        "who": who(swapped.reception),
        "before": swapped.before,
    }
    station, myself = swapped.station.name, message.person.id
    residents = [
        say("rota.swapped_for_residents", to=each, fallback_group=group, station=station, **values)
        for each, group in swapped.tell.items()
        if each != myself
    ]
    on_duty = [
        say("rota.swapped_for_others", to=each, station=station, **values)
        for each in swapped.on_duty
        if each not in (myself, *swapped.tell)
    ]
    if not swapped.tell:
        return [say("rota.swapped_none", **values), *on_duty]
    return [say("rota.swapped", count=len(swapped.tell), **values), *residents, *on_duty]


def _ended(ended: Ended, message: Message, community: Community) -> Replies:
    first = ended.rules[0]
    rules = "\u3001".join(each.words for each in ended.rules)
    count = sum(len(each.affected) for each in ended.closed)
    values: dict[str, Any] = {"who": who_of(first.kind, first.person_name), "rules": rules}
    said = [say("rota.ended", count=count, **values) if count else say("rota.ended_none", **values)]
    if ended.from_file:
        said.append(say("rota.ended_from_file"))
    said += [say("rota.ended_for_them", to=each, rules=rules) for each in ended.on_duty if each != message.person.id]
    return [*said, *(reply for each in ended.closed for reply in closed(each, community))]


def _closed(found: list[ReceptionClosed], community: Community) -> Replies:
    said: list[Reply] = []
    for each in found:
        values: dict[str, Any] = {"hours": hours(each.reception, community), "who": who(each.reception)}
        count = len(each.affected)
        said.append(say("rota.closed", count=count, **values) if count else say("rota.closed_none", **values))
        said += closed(each, community)
    return said


def _of_days_named(message: Message, community: Community, kinds: tuple[DutyKind, ...]) -> tuple[Choice, ...] | None:
    """The receptions of the days that were named, 「明天」 or 「下周」; None where none were."""
    now = message.received_at.astimezone(community.rules.zone)
    when = find_when(message.text, now)
    if when is None:
        return None
    day = when.start.replace(hour=0, minute=0)
    last = when.end if when.end is not None and when.whole_day else day
    since: datetime = max(day, now)
    return community.rota.upcoming(message.person, group_node(message), kinds, since, last + timedelta(days=1))


def _line(choice: Choice, community: Community) -> str:
    """One reception: when, who, where, and what is left."""
    reception = choice.reception
    return in_words(
        "rota.line_at",
        community,
        hours=hours(reception, community),
        who=who(reception),
        station=choice.station.name,
        left=left(choice),
    )


def _day(message: Message, community: Community) -> date | None:
    days = _days(message, community)
    return days[0] if days is not None else None


def _days(message: Message, community: Community) -> tuple[date, date] | None:
    """The first and the last day that are named: 「12月8日到12月11日」, 「下周」."""
    if impossible := impossible_day(message.text):
        raise Refused("bookings.no_such_day", day=impossible)
    when = find_when(message.text, message.received_at.astimezone(community.rules.zone))
    return (when.start.date(), (when.end or when.start).date()) if when is not None else None
