"""The day itself: 签到, 叫号, 未到, 记录, 转诉求; and the answer to whether it helped."""

from datetime import datetime, time, timedelta
from typing import Any

from community import Community
from community.bookings.outcomes import DutyList, Record, Visitor
from community.grievances import DeadlineClass
from community.grievances.intake import Told
from community.grievances.outcomes import Where
from community.parts.notice import Urgency
from community.parts.questions import Question
from community.refused import Refused
from handlers.bookings.wording import clock, hours, place_values, who
from handlers.hearing import categories
from handlers.hearing.normalise import normalise
from handlers.hearing.places import find_place
from handlers.hearing.times import find_when
from handlers.messages import Chat, Message, Replies, Reply, say, say_in_group
from handlers.routing import router
from handlers.speaking.texts import load, shorten

HELPED = ("helped", "partly", "no")
LONGEST_LINE = 30


@router.command("bookings.check_in")
def check_in(message: Message, community: Community, booking: str = "") -> Replies:
    """「签到」 by the resident, 「签到 B012」 by staff."""
    wanted = _id(booking) if booking else None
    day, now = community.bookings.day, message.received_at
    if wanted is not None and not community.bookings.booking.is_mine(wanted, message.person):
        there = day.came(wanted, message.person, now)
        return [say("bookings.marked_there", **place_values(there.place))]
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
    wanted = _id(booking) if booking else None
    called = community.bookings.day.call(message.person, number, wanted, message.received_at)
    place = called.place
    values: dict[str, Any] = {"number": place.booking.place, "name": called.name, "code": place.booking.code}
    reason = shorten(place.booking.reason, LONGEST_LINE) if _receives(message, community, place.booking.id) else ""
    said = [say("bookings.called_with_reason", reason=reason, **values) if reason else say("bookings.called", **values)]
    if called.after:
        said.append(say("bookings.still_there", after=called.after))
    resident, receiver = place.booking.resident_id, who(place.reception)
    return [*said, say("bookings.your_turn", to=resident, station=place.station.name, who=receiver)]


@router.command("bookings.missed")
def missed(message: Message, community: Community, booking: str) -> Replies:
    """「未到 B012」: marked by people, never by itself; the resident can object."""
    place = community.bookings.day.missed(_id(booking), message.person, message.received_at).place
    return [
        say("bookings.marked_missed", code=place.booking.code),
        say("bookings.you_missed", to=place.booking.resident_id, **place_values(place)),
    ]


@router.command("bookings.object")
def object_(message: Message, community: Community, booking: str = "") -> Replies:
    """「我去了」: people look at it."""
    wanted = _id(booking) if booking else None
    objected = community.bookings.day.object(message.person, wanted, message.received_at)
    code, name = objected.place.booking.code, message.person.name
    told = [
        say("bookings.objected", to=each, code=code, name=name, starts_at=objected.place.booking.starts_at)
        for each in objected.tell
    ]
    return [say("bookings.objection_taken", code=code), *told]


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
        return _read(community.bookings.day.read_record(_id(booking), message.person), community)
    place = community.bookings.day.record(_id(booking), message.person, said, message.received_at).place
    return say("bookings.recorded", code=place.booking.code)


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
        where=resident_place or day.home_of(_id(booking)),
        category=category,
        deadline_class=DeadlineClass(categories.deadline_class(text, category)),
        private=categories.is_private(text, category),
    )
    booked, outcome = day.to_grievance(_id(booking), message.person, told, message.received_at)
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
    booked, outcome = day.to_mediation(_id(booking), message.person, said, message.received_at)
    number, code = outcome.grievance.number, booked.booking.code
    return [
        say("bookings.became_mediation", code=code, number=number),
        say("bookings.your_mediation", to=booked.booking.resident_id, number=number),
        *router.words_of(outcome, community, message.received_at),
    ]


@router.answer("bookings.helped", *HELPED)
def helped(message: Message, community: Community, question: Question, choice: str) -> Reply:
    """The answer to whether it helped."""
    booking_id, mark = question.about["booking"], HELPED.index(choice) + 1
    community.bookings.day.helped(booking_id, message.person, mark, message.received_at)
    return say("bookings.thanks_no" if choice == "no" else "bookings.thanks")


def duty_list(listed: DutyList, community: Community, *, to: str | None = None) -> Reply:
    """Who is expected, for whoever is on duty: the reason is for that person alone."""
    reads_reasons = listed.reception.person_id is not None and to == listed.reception.person_id
    lines = "\n".join(_visitor(each, community, with_reason=reads_reasons) for each in listed.visitors)
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
    return say("bookings.duty_list", to=recipient, urgency=urgency, lines=lines, count=count, **values)


def _visitor(visitor: Visitor, community: Community, *, with_reason: bool) -> str:
    booking = visitor.booking
    name = f"{visitor.name}({booking.for_whom})" if booking.for_whom else visitor.name
    state = load()[f"bookings.state_{booking.state}"].format(ahead=0)
    reason = f":{shorten(booking.reason, LONGEST_LINE)}" if with_reason and booking.reason else ""
    at = booking.starts_at.astimezone(community.rules.zone)
    return f"{booking.place} {at:%H:%M} {name} {booking.code} {state}{reason}"


def _read(record: Record, community: Community) -> Reply:
    booking = record.place.booking
    return say(
        "bookings.record",
        code=booking.code,
        name=record.name,
        starts_at=clock(booking.starts_at, community),
        reason=booking.reason or load()["bookings.no_reason"],
        record=booking.record or load()["bookings.no_record"],
    )


def _receives(message: Message, community: Community, booking_id: int) -> bool:
    place = community.bookings.ledger.place(community.bookings.ledger.existing(booking_id))
    return message.person.id == place.reception.person_id


def _id(code: str) -> int:
    return int(code.lstrip("B"))
