"""Calendars in conversation: who gets which link, and the words of what the link opens."""

import re
from collections.abc import Sequence
from datetime import datetime

from community import Community
from community.bookings.calendar import DutyCalendar, OnDuty, Spell, StationCalendar, Turn
from community.bookings.outcomes import Place
from community.bookings.steps import State
from community.parts.calendar_entries import BEFORE_BOOKING, Entry
from community.refused import Refused
from community.rota import Station
from handlers.answering import group_node
from handlers.bookings.wording import who
from handlers.hearing.receptions import find_name
from handlers.messages import Message, Replies, Reply, say, say_in_group
from handlers.routing import router
from handlers.speaking.texts import in_words

MOST_LINES = 3
"""Links in one answer."""

_CODE = re.compile(r"[Bb](\d{1,9})")


@router.command("bookings.calendar")
def give_links(message: Message, community: Community, words: str = "", **_slots: object) -> Replies:
    """「加到日历」, 「订阅日历 二号工作站」, for workers 「日历 王建华」."""
    if not community.bookings.calendar.served:
        return [say("calendars.not_set_up")]
    return [say_in_group("calendars.in_group"), *_links(message, community, words.strip())]


def link_to(place: Place, community: Community, now: datetime) -> Replies:
    """What a resident's own booking is confirmed with; nothing where there is no turn or no calendar."""
    if not community.bookings.calendar.served or place.booking.state is not State.HELD:
        return []
    return [say("calendars.link", link=_booking_link(place, community, now))]


def file(token: str, community: Community, now: datetime) -> bytes | None:
    """The calendar file that a token opens, as it is now; None: nothing."""
    from community.parts.calendar_file import calendar  # where no calendar is served its library need not be loaded

    match community.bookings.calendar.find(token, now):
        case Turn() as turn:
            name = in_words("calendars.name_booking", community, code=turn.place.booking.code)
            entry = _turn_entry(turn, community)
            return calendar(name, [entry], community.rules.zone, remind_before=BEFORE_BOOKING)
        case StationCalendar(station, spells):
            name = in_words("calendars.name_station", community, station=station.name)
            return calendar(name, [_spell_entry(each, community) for each in spells], community.rules.zone)
        case DutyCalendar(name, spells):
            title = in_words("calendars.name_duty", community, name=name)
            return calendar(title, [_duty_entry(each, community) for each in spells], community.rules.zone)
        case None:
            return None


# --- who gets which link ------------------------------------------------------------------------------------


def _links(message: Message, community: Community, words: str) -> Replies:
    """What the words name: a booking, a station, somebody on duty; else what is the person's own."""
    if code := _CODE.search(words):
        booking = community.bookings.booking.one_of_mine(int(code[1]), message.person)
        return [_to_bookings([booking.place], message, community)]
    if stations := _stations_named(words, message, community):
        return [_to_stations(stations, message, community)]
    if on_duty := _named(words, message, community):
        return [_to_duties(on_duty, message, community)]
    return _own_links(message, community)


def _own_links(message: Message, community: Community) -> Replies:
    """The links of one's bookings and of one's duties; of the stations for those who have neither."""
    now = message.received_at
    mine = community.bookings.booking.mine(message.person, now)
    held = [each.place for each in mine if each.place.booking.state is State.HELD]
    replies = [_to_bookings(held, message, community)] if held else []
    allowed = community.bookings.calendar.on_duty_for(message.person, now)
    own = next((each for each in allowed if each.person_id == message.person.id), None)
    if own is not None:
        replies.append(_to_duties(own, message, community))
    return replies or [_to_stations(_stations(message, community), message, community)]


def _to_bookings(places: Sequence[Place], message: Message, community: Community) -> Reply:
    lines = [
        in_words(
            "calendars.booking_line",
            community,
            code=each.booking.code,
            starts_at=each.booking.starts_at,
            who=who(each.reception),
            link=_booking_link(each, community, message.received_at),
        )
        for each in places[:MOST_LINES]
    ]
    return say("calendars.bookings", lines="\n".join(lines))


def _to_duties(on_duty: OnDuty, message: Message, community: Community) -> Reply:
    calendars = community.bookings.calendar
    link = calendars.address(calendars.link_of_person(on_duty, message.person, message.received_at))
    if on_duty.person_id == message.person.id:
        return say("calendars.own_duty", link=link)
    return say("calendars.duty_of", name=on_duty.name, link=link)


def _to_stations(stations: Sequence[Station], message: Message, community: Community) -> Reply:
    if not stations:
        raise Refused("calendars.no_station")
    calendars = community.bookings.calendar
    lines = [
        in_words(
            "calendars.station_line",
            community,
            station=each.name,
            link=calendars.address(calendars.link_of_station(each.id, message.received_at)),
        )
        for each in stations[:MOST_LINES]
    ]
    return say("calendars.stations", lines="\n".join(lines))


def _booking_link(place: Place, community: Community, now: datetime) -> str:
    calendars = community.bookings.calendar
    return calendars.address(calendars.link_of_booking(place.booking, now))


def _stations_named(words: str, message: Message, community: Community) -> list[Station]:
    if len(words) < 2:
        return []
    return [each for each in _stations(message, community) if each.name in words or words in each.name]


def _stations(message: Message, community: Community) -> list[Station]:
    return community.bookings.calendar.stations(message.person, group_node(message))


def _named(words: str, message: Message, community: Community) -> OnDuty | None:
    """Somebody on duty, first among those whose calendar the person may have."""
    calendars, now = community.bookings.calendar, message.received_at
    known = (*calendars.on_duty_for(message.person, now), *calendars.on_duty(now))
    name = find_name(words, [each.name for each in known])
    return next((each for each in known if name and each.name.startswith(name)), None)


# --- the words of the files ---------------------------------------------------------------------------------


def _turn_entry(turn: Turn, community: Community) -> Entry:
    booking, reception, station = turn.place.booking, turn.place.reception, turn.place.station
    return Entry(
        uid=f"booking-{booking.id}@xiaoshan",
        sequence=turn.sequence,
        begins=booking.starts_at,
        ends=turn.ends_at,
        summary=in_words("calendars.booking", community, who=who(reception)),
        place=_where(station),
        notes=_turn_notes(turn, community),
        cancelled=turn.cancelled,
        changed_at=turn.changed_at,
    )


def _turn_notes(turn: Turn, community: Community) -> str:
    booking, reception = turn.place.booking, turn.place.reception
    if turn.cancelled:
        return in_words("calendars.notes_booking_off", community, code=booking.code)
    return in_words(
        "calendars.notes_booking",
        community,
        code=booking.code,
        place=booking.place,
        bring=_bring(reception.bring, community),
        bot=community.rules.bot_name,
    )


def _spell_entry(spell: Spell, community: Community) -> Entry:
    """A reception for everybody: who, where, and how many places are left."""
    return _reception_entry(
        spell,
        uid="reception",
        summary=in_words("calendars.spell", community, who=who(spell.reception)),
        notes=_spell_notes(spell, community) + _bring(spell.reception.bring, community),
        cancelled=spell.closed,
    )


def _spell_notes(spell: Spell, community: Community) -> str:
    if spell.closed:
        return in_words("calendars.notes_closed", community)
    if spell.over:
        return in_words("calendars.notes_over", community)
    if not spell.left:
        return in_words("calendars.notes_full", community, places=spell.reception.places, waiting=spell.waiting)
    bot = community.rules.bot_name
    return in_words("calendars.notes_left", community, places=spell.reception.places, left=spell.left, bot=bot)


def _duty_entry(spell: Spell, community: Community) -> Entry:
    """A reception for whoever receives: how many come, and no names."""
    return _reception_entry(
        spell,
        uid="duty",
        summary=in_words("calendars.duty", community),
        notes=_duty_notes(spell, community),
        cancelled=spell.closed or spell.elsewhere,
    )


def _duty_notes(spell: Spell, community: Community) -> str:
    if spell.closed:
        return in_words("calendars.notes_closed", community)
    if spell.elsewhere:
        return in_words("calendars.notes_elsewhere", community)
    return in_words(
        "calendars.notes_booked",
        community,
        places=spell.reception.places,
        booked=spell.booked,
        waiting=spell.waiting,
    )


def _where(station: Station) -> str:
    return f"{station.name} {station.address}".strip()


def _bring(bring: str, community: Community) -> str:
    return in_words("calendars.bring", community, bring=bring) if bring else ""


def _reception_entry(spell: Spell, *, uid: str, summary: str, notes: str, cancelled: bool) -> Entry:
    return Entry(
        uid=f"{uid}-{spell.reception.id}@xiaoshan",
        sequence=spell.sequence,
        begins=spell.reception.begins_at,
        ends=spell.reception.ends_at,
        summary=summary,
        place=_where(spell.station),
        notes=notes,
        cancelled=cancelled,
        changed_at=spell.changed_at,
    )
