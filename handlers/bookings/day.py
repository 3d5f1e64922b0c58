"""The day itself: 签到, 叫号, 未到, 记录, 转诉求; and the answer to whether it helped."""

from datetime import datetime, time, timedelta
from typing import Any

from community import Community
from community.bookings.outcomes import DutyList, Place, Record, Visitor
from community.grievances import DeadlineClass
from community.grievances.intake import Told
from community.grievances.outcomes import Where
from community.parts.notice import Urgency
from community.parts.questions import Question
from community.refused import Refused
from handlers.bookings.wording import clock, hours, id_of, place_values, shows, who
from handlers.hearing import categories
from handlers.hearing.behalf import relation
from handlers.hearing.normalise import normalise
from handlers.hearing.places import find_place
from handlers.hearing.times import find_when
from handlers.messages import Chat, Message, Replies, Reply, say, say_in_group
from handlers.routing import router
from handlers.speaking.texts import in_words, load, shorten

HELPED = ("helped", "partly", "no")
LONGEST_LINE = 30


@router.command("bookings.check_in")
def check_in(message: Message, community: Community, booking: str = "") -> Replies:
    """「签到」 by the resident, 「签到 B012」 by staff."""
    wanted = id_of(booking) if booking else None
    day, now = community.bookings.day, message.received_at
    if wanted is not None and not community.bookings.booking.is_mine(wanted, message.person):
        there = day.came(wanted, message.person, now)
        marked = say("bookings.marked_there", code=there.place.booking.code)
        return [marked, *(_put_right(there.place) if there.put_right else ())]
    there = day.check_in(message.person, wanted, now)
    key = "bookings.there" if there.ahead else "bookings.there_first"
    place = there.place
    return [
        say_in_group("bookings.there_in_group"),
        say(key, number=place.booking.place, ahead=there.ahead, **place_values(place)),
    ]


@router.command("bookings.call")
def call(message: Message, community: Community, number: int | None = None, booking: str = "") -> Replies:
    """「叫号」: the next of those who are there."""
    wanted = id_of(booking) if booking else None
    called = community.bookings.day.call(message.person, number, wanted, message.received_at)
    place = called.place
    name = _visitor_name(called.name, place.booking.for_whom, community)
    values: dict[str, Any] = {"number": place.booking.place, "name": name, "code": place.booking.code}
    reason = shorten(called.reason, LONGEST_LINE)
    key = "bookings.called" if called.records else "bookings.called_by_staff"
    values["shows"] = shows(place.booking.id, "name,reason" if reason else "name")
    said = [say("bookings.called_with_reason", reason=reason, **values) if reason else say(key, **values)]
    if called.after:
        said.append(say("bookings.still_there", after=called.after))
    return [*said, _to_visitor("bookings.your_turn", place, station=place.station.name, who=who(place.reception))]


@router.command("bookings.missed")
def missed(message: Message, community: Community, booking: str) -> Replies:
    """「未到 B012」: marked by people, never by itself; the resident can object."""
    place = community.bookings.day.missed(id_of(booking), message.person, message.received_at).place
    return [
        say("bookings.marked_missed", code=place.booking.code),
        _to_visitor("bookings.you_missed", place, **place_values(place)),
    ]


@router.command("bookings.object")
def object_(message: Message, community: Community, booking: str = "") -> Replies:
    """「我去了」: people look at it."""
    wanted = id_of(booking) if booking else None
    objected = community.bookings.day.object(message.person, wanted, message.received_at)
    code, name = objected.place.booking.code, message.person.name
    values: dict[str, Any] = {"code": code, "name": name, "starts_at": objected.place.booking.starts_at}
    seen = shows(objected.place.booking.id, "name")
    told = [say("bookings.objected", to=each, shows=seen, **values) for each in objected.tell]
    return [say("bookings.objection_taken" if objected.first else "bookings.objection_known", code=code), *told]


@router.command("bookings.list")
def duty_lists(message: Message, community: Community, words: str = "") -> Replies:
    """「接待名单」: today's, or of the day that was named."""
    local = message.received_at.astimezone(community.rules.zone)
    when = find_when(message.text, local)
    first = (when.start if when else local).date()
    begin = datetime.combine(first, time(), community.rules.zone)
    last = when.end if when is not None and when.end is not None else begin
    lists = community.bookings.day.list_for(message.person, begin, last + timedelta(days=1))
    if not lists:
        raise Refused("bookings.no_list", day=first)
    return [duty_list(each, community) for each in lists]


@router.command("bookings.record")
def record(message: Message, community: Community, booking: str, words: str = "") -> Replies | Reply:
    """「记录 B012 …」 writes down; without words it is read."""
    said = message.words[-len(words) :] if words and normalise(message.words[-len(words) :]) == words else words
    if not said:
        return _read(community.bookings.day.read_record(id_of(booking), message.person), community)
    noted = community.bookings.day.record(id_of(booking), message.person, said, message.received_at)
    key = "bookings.recorded_by_staff" if noted.shared else "bookings.recorded"
    return say(key, code=noted.place.booking.code)


@router.command("bookings.to_grievance")
def to_grievance(message: Message, community: Community, booking: str, words: str = "") -> Replies:
    """「转诉求 B012 电梯…」: the resident hears the number, and the grievances go on from there."""
    if not words:
        raise Refused("bookings.grievance_of_what", code=booking)
    text = normalise(words)
    category = categories.categories(text)[0].name
    place, day = find_place(text), community.bookings.day
    resident_place = Where(place.words, place.building) if place is not None and place.building is not None else None
    told = Told(
        words=words,
        where=resident_place or day.home_of(id_of(booking)),
        category=category,
        deadline_class=DeadlineClass(categories.deadline_class(text, category)),
        private=categories.is_private(text, category),
    )
    booked, outcome = day.to_grievance(id_of(booking), message.person, told, message.received_at)
    number, code = outcome.grievance.number, booked.booking.code
    return [
        say("bookings.became_grievance", code=code, number=number),
        say(
            "bookings.your_grievance", to=booked.booking.resident_id, number=number, words=shorten(words, LONGEST_LINE)
        ),
        *router.words_of(outcome, community, message.received_at),
    ]


@router.command("bookings.to_mediation")
def to_mediation(message: Message, community: Community, booking: str, words: str = "") -> Replies:
    """「转调解 B012」: the same in private."""
    said = words or load()["bookings.mediation_words"]
    day = community.bookings.day
    booked, outcome = day.to_mediation(id_of(booking), message.person, said, message.received_at)
    number, code = outcome.grievance.number, booked.booking.code
    return [
        say("bookings.became_mediation", code=code, number=number),
        say("bookings.your_mediation", to=booked.booking.resident_id, number=number),
        *router.words_of(outcome, community, message.received_at),
    ]


@router.answer("bookings.helped", *HELPED, optional=True)
def helped(message: Message, community: Community, question: Question, choice: str) -> Reply:
    """The answer to whether it helped."""
    booking_id, mark = question.about["booking"], HELPED.index(choice) + 1
    community.bookings.day.helped(booking_id, message.person, mark, message.received_at)
    return say("bookings.thanks_no" if choice == "no" else "bookings.thanks")


def duty_list(listed: DutyList, community: Community, *, to: str | None = None) -> Reply:
    """Who is expected, for whoever is on duty, or who asks for it."""
    lines = "\n".join(_visitor(each, community) for each in listed.visitors)
    recipient: Chat | str = Chat.PRIVATE if to is None else to
    urgency = None if to is None else Urgency.REMINDER
    values: dict[str, Any] = {
        "hours": hours(listed.reception, community),
        "who": who(listed.reception),
        "station": listed.station.name,
    }
    if not listed.visitors:
        return say("bookings.duty_list_empty", to=recipient, urgency=urgency, **values)
    count = len(listed.visitors)
    seen = [one for each in listed.visitors for one in shows(each.booking.id, "name,reason" if each.reason else "name")]
    return say("bookings.duty_list", to=recipient, urgency=urgency, lines=lines, count=count, shows=seen, **values)


def _visitor(visitor: Visitor, community: Community) -> str:
    booking = visitor.booking
    name = _visitor_name(visitor.name, booking.for_whom, community)
    state = load()[f"bookings.state_{booking.state}"].format(turn=1)
    reason = f":{shorten(visitor.reason, LONGEST_LINE)}" if visitor.reason else ""
    at = booking.starts_at.astimezone(community.rules.zone)
    return f"{booking.place} {at:%H:%M} {name} {booking.code} {state}{reason}"


def _read(record: Record, community: Community) -> Reply:
    booking = record.place.booking
    values: dict[str, Any] = {
        "code": booking.code,
        "name": record.name,
        "starts_at": clock(booking.starts_at, community),
        "record": booking.record or load()["bookings.no_record"],
    }
    if record.reason is None:
        return say("bookings.record_alone", shows=shows(booking.id, "name,record"), **values)
    values["shows"] = shows(booking.id, "name,reason,record")
    return say("bookings.record", reason=record.reason or load()["bookings.no_reason"], **values)


def _visitor_name(name: str, for_whom: str, community: Community) -> str:
    return in_words("bookings.visitor_for", community, name=name, whom=relation(for_whom)) if for_whom else name


def _put_right(place: Place) -> Replies:
    """They had been marked as missing: they hear that it is not so any more."""
    booking = place.booking
    values: dict[str, Any] = {"code": booking.code, "starts_at": booking.starts_at, "who": who(place.reception)}
    return [_to_visitor("bookings.put_right", place, **values)]


def _to_visitor(key: str, place: Place, **values: Any) -> Reply:
    return say(key, to=place.booking.resident_id, fallback_group=place.booking.group, **values)
