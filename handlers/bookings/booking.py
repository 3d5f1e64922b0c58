"""Booking a turn at a station: choosing, taking, waiting, moving, giving up, and what one has."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta

from community import Community
from community.bookings.outcomes import Booked, Cancelled, Found, Listed, Waits, Wish
from community.bookings.steps import OPEN
from community.parts.questions import Question
from community.refused import Refused
from community.rota import DutyKind
from handlers import phrasebook
from handlers.bookings.calendar import link_to
from handlers.bookings.wording import (
    REASON_WITHIN,
    ask_which,
    booked,
    listed,
    offers,
    place_values,
    waits,
)
from handlers.hearing.behalf import on_behalf_of
from handlers.hearing.choices import read_choice
from handlers.hearing.receptions import (
    AfterBooking,
    Wanted,
    hear_after_booking,
    hear_wish,
    impossible_day,
    names_no_day,
)
from handlers.messages import Message, Plain, Replies, Reply, ask, say, say_in_group
from handlers.routing import router
from handlers.speaking.texts import shorten

NUMBERS = ("1", "2", "3", "4", "5")

ABOUT_BOOKINGS = frozenset({"bookings.reason", "bookings.coming"})
"""Questions about a booking that need no answer any more once it is about to be changed or given up."""

LISTS = frozenset({"bookings.choose", "bookings.which", "bookings.reason"})
"""Questions that are over as soon as something new is begun: only the numbers shown last count."""

LONGEST_SHOWN = 30
"""Characters of a reason that are said back."""


@router.command("bookings.book")
def book(message: Message, community: Community, **_slots: object) -> Replies:
    """「约下周三下午的人大代表」: at once where only one fits, else by a number."""
    _begin(message, community)
    return [say_in_group("bookings.in_group"), *_choose(_find(message, community), message, community, {})]


def offered_choices(message: Message, community: Community) -> Replies:
    """「最近什么时候有代表」: the nearest with numbers; nothing is booked yet."""
    _begin(message, community)
    about: dict[str, Plain] = {"whom": on_behalf_of(message.text)}
    return [_ask(_find(message, community), _wanted(message, community), community, about)]


@router.command("bookings.wait")
def wait(message: Message, community: Community, **_slots: object) -> Replies:
    """「候补」: the same, among those that are full."""
    _begin(message, community)
    found = _find(message, community)
    full = tuple(each for each in found.choices if not each.left)
    if not full:
        return _choose(found, message, community, {})
    if len(full) == 1:
        whom = on_behalf_of(message.text)
        return [say_in_group("bookings.in_group"), *_take(full[0].reception.id, None, whom, message, community)]
    about: dict[str, Plain] = {"whom": on_behalf_of(message.text)}
    return [say_in_group("bookings.in_group"), ask_which("bookings.which_wait", full, community, about, pick="wait")]


@router.command("bookings.change")
def change(message: Message, community: Community, booking: str = "", **_slots: object) -> Replies:
    """「改到下周」: the old place is kept until the new one is sure."""
    mine = _mine(message, community, booking)
    _begin(message, community, mine)
    if len(mine) > 1:
        about: dict[str, Plain] = {"words": message.text}
        return [_ask_which_of_mine("bookings.which_change", "bookings.change", mine, community, about)]
    return _move(mine[0], message.text, message, community)


@router.command("bookings.cancel")
def cancel(message: Message, community: Community, booking: str = "", **_slots: object) -> Replies:
    """「取消」 「不去了」."""
    mine = _mine(message, community, booking)
    _begin(message, community, mine)
    return _cancel(mine, message, community)


@router.command("bookings.look_up")
def look_up(message: Message, community: Community, booking: str = "", **_slots: object) -> Replies:
    """「我的预约」 「B012」."""
    mine = _mine(message, community, booking)
    lines = "\n".join(listed(each, community) for each in mine)
    some_open = any(each.place.booking.state in OPEN for each in mine)
    return [say_in_group("bookings.in_group"), say("bookings.mine" if some_open else "bookings.mine_over", lines=lines)]


@router.command("bookings.reason")
def reason(message: Message, community: Community, booking: str, words: str) -> Reply:
    """「B012 想说 …」: for whoever receives them, and nobody else."""
    return _noted(_id(booking), words, message, community)


# --- answers ------------------------------------------------------------------------------------------------


@router.answer("bookings.choose", *NUMBERS, stays_open=True)
def chosen(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """One of the receptions that were shown."""
    about = question.about
    reception_id = about.get(f"reception{choice}")
    only_yes = read_choice(message.text, NUMBERS, {}) is None and "reception2" in about
    if reception_id is None or only_yes:
        return [_once_more(question)]
    hour = datetime.fromisoformat(str(about["hour"])) if about.get("hour") else None
    return _take(reception_id, hour, str(about.get("whom") or ""), message, community, about.get("instead_of"))


@router.answer("bookings.which", *NUMBERS, stays_open=True)
def which_of_mine(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """Which of one's own bookings was meant."""
    booking_id = question.about.get(f"booking{choice}")
    if booking_id is None:
        return [_once_more(question)]
    if question.about["then"] == "bookings.cancel":
        return _cancelled(community.bookings.booking.cancel(booking_id, message.person, message.received_at), community)
    mine = community.bookings.booking.one_of_mine(booking_id, message.person)
    return _move(mine, str(question.about["words"]), message, community)


@router.answer("bookings.offer", "yes", "no", stays_open=True)
def offer_answered(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """A place was kept for them."""
    booking_id = question.about["booking"]
    if choice == "yes":
        taken = community.bookings.booking.accept(booking_id, message.person, message.received_at)
        return _booked(taken, message, community)
    declined = community.bookings.booking.decline(booking_id, message.person, message.received_at)
    return [say("bookings.declined"), *offers(declined.offers, community)]


@router.answer("bookings.lapsed", "again")
def wanted_after_all(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """They were too late for the place that was kept for them: at once where there is one, else they wait again."""
    return _take(question.about["reception"], None, str(question.about["whom"]), message, community)


@router.answer("bookings.coming", "yes", "no")
def coming(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """The answer to the reminder: a no frees the place at once."""
    booking_id, now = question.about["booking"], message.received_at
    if choice == "no":
        return _cancelled(community.bookings.booking.cancel(booking_id, message.person, now), community)
    community.bookings.booking.say_coming(booking_id, message.person, now)
    return [say("bookings.coming")]


@router.answer("bookings.reason")
def reason_given(message: Message, community: Community, question: Question, words: str) -> Replies:
    """What it is about, said after the booking. Thanks are no reason, and 「在哪里」 is answered."""
    match hear_after_booking(message.text, phrasebook.load().words["nothing_to_add"]):
        case AfterBooking.COURTESY:
            return [say("bookings.welcome")]
        case AfterBooking.QUESTION:
            return [_once_more(question, REASON_WITHIN)]
        case AfterBooking.NOT_COMING:
            return _cancel(_mine(message, community, ""), message, community)
        case AfterBooking.REASON:
            return [_noted(question.about["booking"], words, message, community)]


@router.when_dropped("bookings.reason")
def dropped_after_booking(message: Message, community: Community, question: Question) -> Replies:
    """「取消」 after a booking means a booking; 「算啦」 that there is nothing to say."""
    courtesies = phrasebook.load().words["nothing_to_add"]
    if hear_after_booking(message.text, courtesies) is AfterBooking.COURTESY:
        return [say("bookings.welcome")]
    return _cancel(_mine(message, community, ""), message, community)


@router.when_dropped("bookings.coming")
def dropped(message: Message, community: Community, question: Question) -> Replies:
    """「取消」 to the reminder means the booking."""
    booking_id = question.about["booking"]
    return _cancelled(community.bookings.booking.cancel(booking_id, message.person, message.received_at), community)


@router.when_dropped("bookings.offer")
def offer_dropped(message: Message, community: Community, question: Question) -> Replies:
    """「取消」 to an offer: they do not want it."""
    return offer_answered(message, community, question, "no")


# --- inside -------------------------------------------------------------------------------------------------


def _once_more(question: Question, open_for: timedelta | None = None) -> Reply:
    """The same question in the same words: what was said does not answer it."""
    return ask(question.prompt_key, question.kind, question.about, open_for=open_for, **question.prompt_values)


def _begin(message: Message, community: Community, mine: Sequence[Listed] = ()) -> None:
    """Something new: lists that were shown before are over, and what was asked about the bookings at hand."""
    at_hand = {each.place.booking.id for each in mine}
    for question in community.questions.open_for(message.person.id, message.received_at):
        is_about = question.kind in ABOUT_BOOKINGS and question.about["booking"] in at_hand
        if question.kind in LISTS or is_about:
            community.questions.close(question, message.received_at)


def _find(message: Message, community: Community) -> Found:
    if impossible := impossible_day(message.text):
        raise Refused("bookings.no_such_day", day=impossible)
    wanted = _wanted(message, community)
    wish = Wish(tuple(DutyKind(each) for each in wanted.kinds), wanted.name, wanted.since, wanted.until, wanted.hour)
    return community.bookings.booking.find(message.person, _group_node(message), wish, message.received_at)


def _wanted(message: Message, community: Community) -> Wanted:
    now = message.received_at.astimezone(community.rules.zone)
    return hear_wish(message.text, community.rota.names(), now)


def _choose(found: Found, message: Message, community: Community, about: dict[str, Plain]) -> Replies:
    """Books at once where nothing is left to choose; else asks."""
    wanted = _wanted(message, community)
    whom = on_behalf_of(message.text)
    named = wanted.since is not None and (wanted.kinds or wanted.name)
    if named and found.exact and len(found.choices) == 1 and found.choices[0].left:
        return _take(found.choices[0].reception.id, wanted.hour, whom, message, community, about.get("instead_of"))
    about |= {"whom": whom, "hour": wanted.hour.isoformat() if wanted.hour else ""}
    return [_ask(found, wanted, community, about)]


def _ask(found: Found, wanted: Wanted, community: Community, about: dict[str, Plain]) -> Reply:
    """What there is, with numbers; and whether that is what was asked for."""
    if found.several_called:
        return ask_which("bookings.which_called", found.choices, community, about)
    if found.full and any(each.left for each in found.choices):
        return ask_which("bookings.which_full", found.choices, community, about)
    if found.full:
        return ask_which("bookings.which_wait", found.choices, community, about, pick="wait")
    if wanted.since is not None and not found.exact:
        return ask_which("bookings.which_near", found.choices, community, about)
    return ask_which("bookings.which_reception", found.choices, community, about)


def _take(
    reception_id: int,
    hour: datetime | None,
    whom: str,
    message: Message,
    community: Community,
    instead_of: object = None,
) -> Replies:
    outcome = community.bookings.booking.book(
        reception_id,
        message.person,
        message.received_at,
        hour=hour,
        for_whom=whom,
        group=message.incoming.group,
        instead_of=int(str(instead_of)) if instead_of else None,
    )
    if isinstance(outcome, Waits):
        return [waits(outcome)]
    return _booked(outcome, message, community, hour)


def _booked(outcome: Booked, message: Message, community: Community, hour: datetime | None = None) -> Replies:
    return [*booked(outcome, community, hour), *link_to(outcome.place, community, message.received_at)]


def _move(mine: Listed, words: str, message: Message, community: Community) -> Replies:
    """Where the new time is named and only one reception fits, at once; else the nearest to choose from."""
    reception, booking = mine.place.reception, mine.place.booking
    if booking.state not in OPEN:
        raise Refused(f"bookings.is_{booking.state}", code=booking.code)
    if impossible := impossible_day(words):
        raise Refused("bookings.no_such_day", day=impossible)
    wanted = hear_wish(words, community.rota.names(), _clock_of(mine, words, message, community))
    kinds = tuple(DutyKind(each) for each in wanted.kinds) or (reception.kind,)
    wish = Wish(kinds, wanted.name, wanted.since, wanted.until, wanted.hour)
    found = community.bookings.booking.find(message.person, _group_node(message), wish, message.received_at)
    others = tuple(each for each in found.choices if each.reception.id != reception.id or wanted.hour is not None)
    named = found.exact and wanted.since is not None
    if not others:
        raise Refused("bookings.same_reception" if named else "bookings.nothing_else", code=booking.code)
    if named and len(others) == 1 and others[0].left:
        return _take(others[0].reception.id, wanted.hour, "", message, community, booking.id)
    hour = wanted.hour.isoformat() if wanted.hour else ""
    about: dict[str, Plain] = {"instead_of": booking.id, "whom": "", "hour": hour}
    key = "bookings.which_instead" if found.exact else "bookings.which_instead_near"
    return [ask_which(key, others, community, about, pick="change", code=booking.code)]


def _clock_of(mine: Listed, words: str, message: Message, community: Community) -> datetime:
    """From when a new time is reckoned: 「改到10点」 without a day means that of the reception."""
    zone = community.rules.zone
    now = message.received_at.astimezone(zone)
    day = mine.place.reception.begins_at.astimezone(zone).date()
    if day == now.date() or not names_no_day(words, now):
        return now
    return datetime.combine(day, time(), zone)


def _cancel(mine: Sequence[Listed], message: Message, community: Community) -> Replies:
    """The only one at once, else by a number."""
    if len(mine) > 1:
        return [_ask_which_of_mine("bookings.which_cancel", "bookings.cancel", mine, community, {})]
    booking_id = mine[0].place.booking.id
    return _cancelled(community.bookings.booking.cancel(booking_id, message.person, message.received_at), community)


def _cancelled(outcome: Cancelled, community: Community) -> Replies:
    key = "bookings.cancelled_late" if outcome.late else "bookings.cancelled"
    return [say(key, **place_values(outcome.place)), *offers(outcome.offers, community)]


def _mine(message: Message, community: Community, code: str) -> Sequence[Listed]:
    if code:
        return [community.bookings.booking.one_of_mine(_id(code), message.person)]
    mine = community.bookings.booking.mine(message.person, message.received_at)
    if not mine:
        raise Refused("bookings.none_yet")
    return mine[: len(NUMBERS)]


def _ask_which_of_mine(
    key: str, then: str, mine: Sequence[Listed], community: Community, about: dict[str, Plain]
) -> Reply:
    lines = "\n".join(f"{number} {listed(each, community)}" for number, each in enumerate(mine, start=1))
    about |= {"then": then}
    about |= {f"booking{number}": each.place.booking.id for number, each in enumerate(mine, start=1)}
    return ask(key, "bookings.which", about, lines=lines)


def _noted(booking_id: int, words: str, message: Message, community: Community) -> Reply:
    place = community.bookings.booking.give_reason(booking_id, message.person, words, message.received_at)
    return say("bookings.reason_noted", code=place.booking.code, words=shorten(place.booking.reason, LONGEST_SHOWN))


def _group_node(message: Message) -> str | None:
    return message.group.node_id if message.group else None


def _id(code: str) -> int:
    return int(code.lstrip("B"))
