"""The rota in conversation: who is on duty when, and the staff's changes: 加接待, 换班, 请假, 停接待."""

from datetime import date
from typing import Any

from community import Community
from community.bookings.outcomes import ReceptionClosed
from community.refused import Refused
from community.rota import Duty, DutyKind, Swapped
from handlers.bookings.booking import offered_choices
from handlers.bookings.reminders import announced_line, closed
from handlers.bookings.wording import hours, who, who_of
from handlers.hearing.receptions import find_kinds, find_names, hear_duty, impossible_day
from handlers.hearing.times import find_when
from handlers.messages import Message, Replies, Reply, say, say_in_group
from handlers.routing import router

IN_GROUP, ALONE = 4, 10
"""Receptions that are listed in a group, and privately."""

NEXT_DAYS = 21


@router.command("bookings.rota")
def upcoming(message: Message, community: Community, **_slots: object) -> Replies | Reply:
    """「值班表」, 「最近什么时候有代表」: with numbers to book by where a kind was named."""
    kinds = tuple(DutyKind(each) for each in find_kinds(message.text))
    if kinds and not message.in_group:
        return offered_choices(message, community)
    group_node = message.group.node_id if message.group else None
    choices = community.rota.upcoming(message.person, group_node, kinds, NEXT_DAYS, message.received_at)
    if not choices:
        raise Refused("rota.nothing_soon", days=NEXT_DAYS)
    shown = choices[: IN_GROUP if message.in_group else ALONE]
    lines = "\n".join(announced_line(each, community) for each in shown)
    if message.in_group:
        return say_in_group("rota.list", lines=lines)
    return say("rota.list", lines=lines)


@router.command("rota.add")
def add(message: Message, community: Community, words: str = "") -> Reply:
    """「加接待 王代表 每周三下午 6个号」."""
    heard = hear_duty(words, community.rota.names_known())
    if not heard.name or not heard.rule:
        raise Refused("rota.add_how")
    kind = DutyKind(heard.kinds[0]) if len(heard.kinds) == 1 else None
    duty = Duty(heard.name, kind, heard.rule, heard.places, heard.station, heard.bring)
    planned = community.rota.add(message.person, _group_node(message), duty, message.received_at)
    first = "\u3001".join(hours(each, community) for each in planned.first)
    return say("rota.added", who=who_of(planned.kind, planned.person_name), station=planned.station.name, first=first)


@router.command("rota.swap")
def swap(message: Message, community: Community, words: str = "") -> Replies:
    """「换班 12月9日 王代表 换 李代表」."""
    day, names = _day(message, community), find_names(message.text, community.rota.names_known())
    if day is None or not names:
        raise Refused("rota.swap_how")
    before, after = (message.person.name, names[0]) if len(names) == 1 else (names[0], names[1])
    swapped = community.rota.swap(message.person, day, before, after, message.received_at)
    return [reply for each in swapped for reply in _swapped(each, message, community)]


@router.command("rota.absent")
def absent(message: Message, community: Community, words: str = "") -> Replies:
    """「请假 12月9日」 by whoever is on duty, 「王代表12月9日请假」 by a worker."""
    day = _day(message, community)
    if day is None:
        raise Refused("rota.absent_how")
    names = find_names(message.text, community.rota.names_known())
    found = community.rota.absent(message.person, day, names[0] if names else "", message.received_at)
    return _closed(found, community)


@router.command("rota.close")
def close(message: Message, community: Community, words: str = "") -> Replies:
    """「停接待 12月9日」: the station is closed for that day."""
    day = _day(message, community)
    if day is None:
        raise Refused("rota.close_how")
    station = next((each.name for each in community.rota.all_stations() if each.name in message.text), "")
    found = community.rota.close(message.person, _group_node(message), day, station, message.received_at)
    return _closed(found, community)


def _swapped(swapped: Swapped, message: Message, community: Community) -> Replies:
    values: dict[str, Any] = {
        "hours": hours(swapped.reception, community),
        "who": who(swapped.reception),
        "before": swapped.before,
    }
    others = [each for each in (*swapped.tell, *swapped.on_duty) if each != message.person.id]
    told = [say("rota.swapped_for_others", to=each, station=swapped.station.name, **values) for each in others]
    return [say("rota.swapped", count=len(swapped.tell), **values), *told]


def _closed(found: list[ReceptionClosed], community: Community) -> Replies:
    said: list[Reply] = []
    for each in found:
        values: dict[str, Any] = {"hours": hours(each.reception, community), "who": who(each.reception)}
        said += [say("rota.closed", count=len(each.affected), **values), *closed(each, community)]
    return said


def _day(message: Message, community: Community) -> date | None:
    if impossible := impossible_day(message.text):
        raise Refused("bookings.no_such_day", day=impossible)
    when = find_when(message.text, message.received_at.astimezone(community.rules.zone))
    return when.start.date() if when is not None else None


def _group_node(message: Message) -> str | None:
    return message.group.node_id if message.group else None
