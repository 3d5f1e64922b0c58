"""Booking a turn at a station: choosing, taking, waiting, moving, giving up, and what one has."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta

from community import Community
from community.bookings.outcomes import Booked, Cancelled, Found, Listed, Waits, Wish
from community.bookings.steps import OPEN
from community.parts.questions import Question
from community.refused import Refused
from community.rota import DutyKind, Reception
from handlers import affairs, phrasebook
from handlers.answering import group_node, privately
from handlers.bookings.calendar import link_to
from handlers.bookings.wording import (
    CIRCLED,
    REASON_WITHIN,
    ask_which,
    booked,
    id_of,
    listed,
    offers,
    place_values,
    waits,
)
from handlers.hearing.behalf import on_behalf_of
from handlers.hearing.choices import read_choice
from handlers.hearing.listening import REPORT
from handlers.hearing.normalise import normalise
from handlers.hearing.phrases import Heard
from handlers.hearing.receptions import (
    AfterBooking,
    Wanted,
    begins_as_report,
    hear_after_booking,
    hear_wish,
    impossible_day,
    is_like_a_report,
    names_no_day,
)
from handlers.messages import Message, Plain, Replies, Reply, ask, say
from handlers.routing import Affair, Affairs, router
from handlers.speaking.texts import shorten

NUMBERS = ("1", "2", "3", "4", "5")

ABOUT_BOOKINGS = frozenset({"bookings.reason", "bookings.coming"})
"""Questions about a booking that need no answer any more once it is about to be changed or given up."""

LISTS = frozenset({"bookings.choose", "bookings.which", "bookings.reason", "bookings.meant"})
"""Questions that are over as soon as something new is begun: only the numbers shown last count."""

LONGEST_SHOWN = 30
"""Characters of a reason that are said back."""


@router.command("bookings.book")
@privately
def book(message: Message, community: Community, **_slots: object) -> Replies:
    """「约下周三下午的人大代表」: at once where only one fits, else by a number."""
    _begin(message, community)
    wanted = _hear(message.text, community, message.received_at)
    return _choose(_find(wanted, message, community), wanted, message, community)


def offered_choices(message: Message, community: Community) -> Replies:
    """「最近什么时候有代表」: the nearest with numbers; nothing is booked yet."""
    _begin(message, community)
    wanted = _hear(message.text, community, message.received_at)
    return [_ask(_find(wanted, message, community), wanted, community, _about(message))]


@router.command("bookings.wait")
@privately
def wait(message: Message, community: Community, **_slots: object) -> Replies:
    """「候补」: the same, among those that are full. Where the day that is named has none, nothing is done unasked."""
    _begin(message, community)
    wanted = _hear(message.text, community, message.received_at)
    found = _find(wanted, message, community, to_wait=True)
    if not found.full:
        return _choose(found, wanted, message, community)
    if len(found.choices) == 1:
        return _take(found.choices[0].reception.id, None, on_behalf_of(message.text), message, community)
    return [ask_which("bookings.which_wait", found.choices, community, _about(message), pick="wait")]


@router.command("bookings.change")
@privately
def change(message: Message, community: Community, booking: str = "", **_slots: object) -> Replies:
    """「改到下周」: the old place is kept until the new one is sure."""
    mine = _mine(message, community, booking)
    if len(mine) > 1:
        heard = hear_wish(message.text, community.rota.names(), message.received_at.astimezone(community.rules.zone))
        whose = Wish(tuple(DutyKind(each) for each in heard.kinds), heard.name)
        mine = community.bookings.booking.meant(mine, whose) or mine
    _begin(message, community, mine)
    if len(mine) > 1:
        about: dict[str, Plain] = {"words": message.text}
        return [_ask_which_of_mine("bookings.which_change", "bookings.change", mine, community, about)]
    return _move(mine[0], message.text, message, community)


@router.command("bookings.cancel")
@privately
def cancel(message: Message, community: Community, booking: str = "", **_slots: object) -> Replies:
    """「取消」 「不去了」 「取消律师的预约」; which one, where none is as they say."""
    wanted = hear_wish(message.text, community.rota.names(), message.received_at.astimezone(community.rules.zone))
    says_which = booking or wanted.kinds or wanted.name or wanted.since is not None or "约" in message.text
    if not says_which and affairs.has_others("bookings", message, community):
        return affairs.cancel(message, community)
    mine = _mine(message, community, booking)
    _begin(message, community, mine)
    if booking:
        return _cancel(mine, message, community)
    if meant := community.bookings.booking.meant(mine, _wish(wanted)):
        return _cancel(meant, message, community)
    return [_ask_which_of_mine("bookings.which_cancel", "bookings.cancel", mine, community, {})]


@router.command("bookings.look_up")
@privately
def look_up(message: Message, community: Community, booking: str = "", **_slots: object) -> Replies:
    """「我的预约」 「B012」; 「我的号」 of somebody who has something else only."""
    if not booking and not _affairs(message, community) and affairs.has_others("bookings", message, community):
        return affairs.listed(message, community)
    mine = _mine(message, community, booking)
    lines = "\n".join(listed(each, community) for each in mine)
    some_open = any(each.place.booking.state in OPEN for each in mine)
    return [say("bookings.mine" if some_open else "bookings.mine_over", lines=lines)]


@router.command("bookings.reason")
@privately
def reason(message: Message, community: Community, booking: str, words: str) -> Reply:
    """「B012 想说 …」: for whoever receives them, and nobody else."""
    return _noted(id_of(booking), words, message, community)


# --- answers ------------------------------------------------------------------------------------------------


@router.answer("bookings.choose", *NUMBERS, stays_open=True, optional=True)
def chosen(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """One of the receptions that were shown."""
    about = question.about
    reception_id = about.get(f"reception{choice}")
    only_yes = read_choice(message.text, NUMBERS, {}) is None and "reception2" in about
    if reception_id is None or only_yes:
        return [_once_more(question)]
    hour = datetime.fromisoformat(str(about["hour"])) if about.get("hour") else None
    return _take_again(reception_id, hour, question, message, community)


@router.answer("bookings.which", *NUMBERS, stays_open=True, optional=True)
def which_of_mine(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """Which of one's own bookings was meant."""
    booking_id = question.about.get(f"booking{choice}")
    if booking_id is None:
        return [_once_more(question)]
    if question.about["then"] == "bookings.cancel":
        return _cancelled(community.bookings.booking.cancel(booking_id, message.person, message.received_at), community)
    mine = community.bookings.booking.one_of_mine(booking_id, message.person)
    return _move(mine, str(question.about["words"]), message, community)


@router.answer("bookings.offer", "yes", "no", stays_open=True, optional=True)
def offer_answered(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """A place was kept for them."""
    booking_id = question.about["booking"]
    if choice == "yes":
        taken = community.bookings.booking.accept(booking_id, message.person, message.received_at)
        return _booked(taken, message, community)
    declined = community.bookings.booking.decline(booking_id, message.person, message.received_at)
    return [say("bookings.declined"), *offers(declined.offers, community)]


@router.answer("bookings.lapsed", "again", optional=True)
def wanted_after_all(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """They were too late for the place that was kept for them: at once where there is one, else they wait again."""
    return _take_again(question.about["reception"], None, question, message, community)


@router.answer("bookings.coming", "yes", "no")
def coming(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """The answer to the reminder: a no frees the place at once."""
    booking_id, now = question.about["booking"], message.received_at
    if choice == "no":
        return _cancelled(community.bookings.booking.cancel(booking_id, message.person, now), community)
    community.bookings.booking.say_coming(booking_id, message.person, now)
    return [say("bookings.coming")]


def _said_of_the_booking(message: Message, community: Community) -> str | None:
    """「想提个建议,…」 after a booking answers what was asked just now; only 「反映」 and the like begin a report."""
    heard = phrasebook.load().listener.command(message.text)
    reports = heard is not None and heard.command == REPORT and not begins_as_report(message.text)
    return message.words if reports else None


@router.answer("bookings.reason", optional=True, otherwise=_said_of_the_booking)
def reason_given(message: Message, community: Community, question: Question, words: str) -> Replies:
    """What it is about, said after the booking. Thanks are no reason, and 「在哪里」 is answered."""
    match hear_after_booking(message.text, phrasebook.load().words["nothing_to_add"]):
        case AfterBooking.COURTESY:
            return [say("bookings.welcome")]
        case AfterBooking.QUESTION:
            return [_once_more(question, REASON_WITHIN)]
        case AfterBooking.NOT_COMING:
            return _cancel(_mine(message, community, ""), message, community)
        case AfterBooking.REASON if is_like_a_report(message.text):
            return [_ask_what_is_meant(question.about["booking"], words, message, community)]
        case AfterBooking.REASON:
            return [_noted(question.about["booking"], words, message, community)]


@router.answer("bookings.meant", "reason", "report", stays_open=True, optional=True)
def meant(message: Message, community: Community, question: Question, choice: str) -> Replies | Reply:
    """What words after a booking were: why they come, or something to be taken care of."""
    words = str(question.about["words"])
    if choice == "reason":
        return _noted(question.about["booking"], words, message, community)
    before = replace(message, text=normalise(words), words=words)
    return router.run(Heard(REPORT, {"words": words}), before, community)


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


def _affairs(message: Message, community: Community) -> list[Affair]:
    mine = community.bookings.booking.mine(message.person, message.received_at)
    return [Affair(each.place.booking.id, listed(each, community)) for each in mine]


def _drop(message: Message, community: Community, booking_id: int) -> Replies:
    return _cancelled(community.bookings.booking.cancel(booking_id, message.person, message.received_at), community)


router.affairs["bookings"] = Affairs(_affairs, _drop)


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


def _hear(words: str, community: Community, clock: datetime) -> Wanted:
    """What is asked for, reckoned from a clock. Raises `Refused` for a day that no year has."""
    if impossible := impossible_day(words):
        raise Refused("bookings.no_such_day", day=impossible)
    return hear_wish(words, community.rota.names(), clock.astimezone(community.rules.zone))


def _wish(wanted: Wanted, kind: DutyKind | None = None) -> Wish:
    """The same for the community; `kind` where none was named."""
    kinds = tuple(DutyKind(each) for each in wanted.kinds) or ((kind,) if kind else ())
    return Wish(kinds, wanted.name, wanted.since, wanted.until, wanted.hour)


def _find(
    wanted: Wanted, message: Message, community: Community, kind: DutyKind | None = None, *, to_wait: bool = False
) -> Found:
    wish, now = _wish(wanted, kind), message.received_at
    return community.bookings.booking.find(message.person, group_node(message), wish, now, to_wait=to_wait)


def _about(message: Message) -> dict[str, Plain]:
    """What a list of receptions remembers of whoever asked for it: for whom, and in which group."""
    return {"whom": on_behalf_of(message.text), "group": message.incoming.group}


def _choose(found: Found, wanted: Wanted, message: Message, community: Community) -> Replies:
    """Books at once where nothing is left to choose; else asks."""
    named = wanted.since is not None and (wanted.kinds or wanted.name)
    if named and found.exact and len(found.choices) == 1 and found.choices[0].left:
        whom = on_behalf_of(message.text)
        return _take(found.choices[0].reception.id, wanted.hour, whom, message, community)
    about = _about(message) | {"hour": wanted.hour.isoformat() if wanted.hour else ""}
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
    *,
    group: str | None = None,
    instead_of: int | None = None,
) -> Replies:
    outcome = community.bookings.booking.book(
        reception_id,
        message.person,
        message.received_at,
        hour=hour,
        for_whom=whom,
        group=message.incoming.group or group,
        instead_of=instead_of,
    )
    if isinstance(outcome, Waits):
        return [waits(outcome)]
    return _booked(outcome, message, community, hour)


def _take_again(
    reception_id: int, hour: datetime | None, question: Question, message: Message, community: Community
) -> Replies:
    """The same for what a question remembers. `moved_from` is given up for it only while they have it."""
    about = question.about
    instead_of, before = about.get("instead_of"), about.get("moved_from")
    if before and community.bookings.booking.one_of_mine(before, message.person).place.booking.state in OPEN:
        instead_of = before
    whom = str(about.get("whom") or "")
    return _take(reception_id, hour, whom, message, community, group=about.get("group"), instead_of=instead_of)


def _booked(outcome: Booked, message: Message, community: Community, hour: datetime | None = None) -> Replies:
    return [*booked(outcome, community, hour), *link_to(outcome.place, community, message.received_at)]


def _move(mine: Listed, words: str, message: Message, community: Community) -> Replies:
    """At once where the new time is named and one reception fits, of the same person or of whom they named; else the
    nearest to choose from."""
    reception, booking = mine.place.reception, mine.place.booking
    community.bookings.booking.check_movable(booking.id, message.person, message.received_at)
    wanted = _hear(words, community, _clock_of(mine, words, message, community))
    found = _find(wanted, message, community, reception.kind)
    others = tuple(each for each in found.choices if each.reception.id != reception.id or wanted.hour is not None)
    named = found.exact and wanted.since is not None
    if not others:
        raise Refused("bookings.same_reception" if named else "bookings.nothing_else", code=booking.code)
    as_said = wanted.kinds or wanted.name or (others and _is_alike(others[0].reception, reception))
    if named and as_said and len(others) == 1 and others[0].left:
        return _take(others[0].reception.id, wanted.hour, "", message, community, instead_of=booking.id)
    hour = wanted.hour.isoformat() if wanted.hour else ""
    about: dict[str, Plain] = {"instead_of": booking.id, "whom": "", "hour": hour}
    key = "bookings.which_instead" if found.exact else "bookings.which_instead_near"
    return [ask_which(key, others, community, about, pick="change", code=booking.code)]


def _is_alike(one: Reception, other: Reception) -> bool:
    """Whether the same person receives at the same station."""
    return (one.person_name, one.station_id) == (other.person_name, other.station_id)


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
        return [community.bookings.booking.one_of_mine(id_of(code), message.person)]
    mine = community.bookings.booking.mine(message.person, message.received_at)
    if not mine:
        raise Refused("bookings.none_yet")
    return mine[: len(NUMBERS)]


def _ask_which_of_mine(
    key: str, then: str, mine: Sequence[Listed], community: Community, about: dict[str, Plain]
) -> Reply:
    lines = "\n".join(f"{sign} {listed(each, community)}" for sign, each in zip(CIRCLED, mine, strict=False))
    about |= {"then": then}
    about |= {f"booking{number}": each.place.booking.id for number, each in enumerate(mine, start=1)}
    return ask(key, "bookings.which", about, lines=lines)


def _ask_what_is_meant(booking_id: int, words: str, message: Message, community: Community) -> Reply:
    code = community.bookings.booking.one_of_mine(booking_id, message.person).place.booking.code
    about: dict[str, Plain] = {"booking": booking_id, "words": words}
    said = shorten(words, LONGEST_SHOWN)
    return ask("bookings.which_meant", "bookings.meant", about, open_for=REASON_WITHIN, code=code, words=said)


def _noted(booking_id: int, words: str, message: Message, community: Community) -> Reply:
    place = community.bookings.booking.give_reason(booking_id, message.person, words, message.received_at)
    return say("bookings.reason_noted", code=place.booking.code, words=shorten(place.booking.reason, LONGEST_SHOWN))
