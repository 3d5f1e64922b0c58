"""What the scheduler says about events: calls, reminders, offers that have lapsed, thanks; and the answers to these."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from community import Community
from community.market.calling import (
    Called,
    Happened,
    NotOpened,
    OfferLapsed,
    Reminded,
    Short,
    Thanked,
    Thanks,
    Unmarked,
    WaitedInVain,
)
from community.market.outcomes import Board, Head, Offered, Published, SignUpPart, SignUpState
from community.market.signing_up import Wish
from community.parts.notice import Urgency
from community.parts.questions import Question
from community.tree import Members
from community.volunteers.hours import StarReached
from handlers.market import opening
from handlers.market.wording import (
    bring,
    clock,
    event_day,
    event_values,
    groups_for,
    missing_words,
    offers,
    signed_up,
    when,
)
from handlers.messages import Message, Plain, Replies, Reply, ask, say
from handlers.routing import router
from handlers.speaking.amounts import in_hours
from handlers.speaking.texts import day, in_words

MOST_NAMES = 12
"""Names in the question to the leader; there are more in the list that 「名单」 gives."""

LAPSED_WITHIN = timedelta(days=1)


def run(community: Community, now: datetime) -> Replies:
    """What is due about events."""
    return [reply for each in community.market.calling.run(now) for reply in _said(each, community, now)]


def remind(community: Community, now: datetime) -> Replies:
    """Reminders, and offers that nobody answered."""
    said: list[Reply] = []
    for each in community.market.calling.remind(now):
        match each:
            case Reminded():
                said.append(_reminder(each, community, now))
            case OfferLapsed():
                said.append(_lapsed(each, community))
            case Offered():
                said += offers([each], community)
    return said


# --- answers --------------------------------------------------------------------------------------------------


@router.answer("market.coming", "yes", "no", stays_open=True, optional=True)
def coming_answered(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """The answer to a reminder or to a new date: a no frees the places at once."""
    event_id, now = int(str(question.about["event"])), message.received_at
    if choice == "no":
        return _not_coming(event_id, message, community)
    heads = community.market.calling.say_coming(event_id, message.person, now)
    values = event_values(heads[0].event, community)
    if all(each.sign_up.state is SignUpState.WAITING for each in heads):
        return [say("market_calling.waits_on", event=values["event"])]
    return [say("market_calling.coming", when=values["when"], place=values["place"])]


@router.when_dropped("market.coming")
def coming_dropped(message: Message, community: Community, question: Question) -> Replies:
    """「取消」 to a reminder: they do not come."""
    return _not_coming(int(str(question.about["event"])), message, community)


@router.answer("market.short", "yes", "no", stays_open=True, optional=True)
def short_answered(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """Whether somebody helps out where helpers are missing."""
    if choice == "no":
        return [say("market_calling.not_this_time")]
    event_id, stall_id = int(str(question.about["event"])), int(str(question.about["stall"]))
    if not community.market.calling.still_short(event_id, stall_id):
        return [say("market_calling.filled_up")]
    wish = Wish(stall_id, SignUpPart.HELPER)
    outcome = community.market.signing_up.sign_up(event_id, message.person, wish, message.received_at)
    return signed_up(outcome, community)


@router.answer("market.lapsed", "again", stays_open=True, optional=True)
def wanted_after_all(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """They were too late for the place that was kept for them: at once where there is one, else they wait again."""
    about, group = question.about, question.about["group"]
    wish = Wish(
        int(str(about["stall"])),
        SignUpPart(str(about["part"])),
        int(str(about["heads"])),
        str(about["item"]),
        str(group) if group else None,
    )
    event_id = int(str(about["event"]))
    return signed_up(
        community.market.signing_up.sign_up(event_id, message.person, wish, message.received_at), community
    )


# --- inside -----------------------------------------------------------------------------------------------------


def _said(happened: Happened, community: Community, now: datetime) -> Replies:
    match happened:
        case Published():
            return opening.told(happened, community, now)
        case Called():
            return _called(happened, community, now)
        case Short():
            return [_ask_helper(happened, each, community, now) for each in happened.ask]
        case WaitedInVain():
            return [_waited_in_vain(happened.head)]
        case NotOpened(event, tell):
            values: dict[str, Any] = {"number": event.number, "event": event.name, "day": event_day(event, community)}
            return [say("market_calling.not_opened", to=each, **values) for each in tell]
        case Unmarked():
            return _unmarked(happened)
        case Thanked():
            return [*(_thanks(each, happened, community) for each in happened.thanks), *_figures(happened, community)]
        case StarReached():
            return router.words_of(happened, community, now)


def _called(called: Called, community: Community, now: datetime) -> Replies:
    """In the groups of residents and of volunteers for whom it is: what there is, what is missing, how to come."""
    board = called.board
    chats = groups_for(board.event, community, Members.RESIDENTS, Members.VOLUNTEERS)
    for chat in chats:
        community.market.rolling.told(board.event, chat.channel, chat.group, now)
    values: dict[str, Any] = {
        "stalls": _stalls(board, community),
        "bring": bring(board.event, community),
        "lines": _lines(board, community),
    }
    key = "market_calling.call_again" if called.again else "market_calling.call"
    return [
        say(
            key,
            to=chat,
            urgency=Urgency.ANNOUNCEMENT,
            good_until=board.event.begins_at,
            **values,
            **event_values(board.event, community),
        )
        for chat in chats
    ]


def _stalls(board: Board, community: Community) -> str:
    """What there is, as a sentence; of a lecture nothing need be said."""
    if _is_alone(board):
        return ""
    return in_words("market_calling.stalls", community, stalls="\u3001".join(each.stall.name for each in board.counts))


def _is_alone(board: Board) -> bool:
    """Whether all come to one and the same thing: a lecture, a course."""
    return len(board.counts) == 1 and board.counts[0].stall.visitors > 0


def _lines(board: Board, community: Community) -> str:
    """What is missing, and how to help and how to come; of what is full nothing is said."""
    if _is_alone(board):
        way = in_words("market.way_to_join", community, event=board.event.name)
        return f"\n{way}" if board.counts[0].visitors.left else ""
    missing = missing_words(board.missing, community)
    free = next((each.stall.name for each in board.counts if each.visitors.left), "")
    ways = [
        in_words("market.way_to_help", community, stall=board.missing[0].stall.name) if board.missing else "",
        in_words("market.way_to_visit", community, stall=free) if free else "",
    ]
    lines = [in_words("market.missing", community, missing=missing) if missing else "", "".join(ways)]
    return "".join(f"\n{each}" for each in lines if each)


def _ask_helper(short: Short, person_id: str, community: Community, now: datetime) -> Reply:
    event, stall = short.board.event, short.count.stall
    return ask(
        "market_calling.ask_helper",
        "market.short",
        {"event": event.id, "stall": stall.id},
        to=person_id,
        open_for=event.begins_at - now,
        urgency=Urgency.REMINDER,
        good_until=event.begins_at,
        stall=stall.name,
        missing=short.count.helpers.left,
        **event_values(event, community),
    )


def _waited_in_vain(head: Head) -> Reply:
    sign_up = head.sign_up
    return say(
        "market_calling.waited_in_vain",
        to=sign_up.person_id or "",
        fallback_group=sign_up.group,
        event=head.event.name,
        stall=head.stall.name,
    )


def _unmarked(unmarked: Unmarked) -> Replies:
    names = "\u3001".join(unmarked.names[:MOST_NAMES])
    rest = "\u2026" if len(unmarked.names) > MOST_NAMES else ""
    values: dict[str, Any] = {"event": unmarked.event.name, "count": len(unmarked.names), "names": names + rest}
    return [
        say("market_calling.unmarked", to=each, urgency=Urgency.REMINDER, first=unmarked.names[0], **values)
        for each in unmarked.tell
    ]


def _thanks(thanks: Thanks, thanked: Thanked, community: Community) -> Reply:
    event = thanked.event
    if not thanks.minutes:
        return say("market_calling.thanks", to=thanks.person_id, urgency=Urgency.REMINDER, event=event.name)
    return say(
        "market_calling.thanks_with_hours",
        to=thanks.person_id,
        urgency=Urgency.REMINDER,
        event=event.name,
        hours=in_hours(thanks.minutes),
        total=in_hours(thanks.total),
    )


def _figures(thanked: Thanked, community: Community) -> Replies:
    """How many came, for everybody to read: counts only."""
    counted = [
        in_words("market_calling.helpers_came", community, count=thanked.helpers) if thanked.helpers else "",
        in_words("market_calling.visitors_came", community, count=thanked.visitors) if thanked.visitors else "",
    ]
    came = ",".join(each for each in counted if each)
    event = thanked.event
    values: dict[str, Any] = {"event": event.name, "day": event_day(event, community), "came": came}
    chats = groups_for(event, community, Members.RESIDENTS, Members.VOLUNTEERS)
    return [say("market_calling.figures", to=chat, urgency=Urgency.ANNOUNCEMENT, **values) for chat in chats]


def _reminder(reminded: Reminded, community: Community, now: datetime) -> Reply:
    event, group = reminded.heads[0].event, reminded.heads[0].sign_up.group
    values: dict[str, Any] = {
        "stalls": head_words(reminded.heads, community),
        "bring": bring(event, community),
    }
    if reminded.said:
        return say(
            "market_calling.reminder_said",
            to=reminded.person_id,
            urgency=Urgency.REMINDER,
            good_until=event.ends_at,
            fallback_group=group,
            **values,
            **event_values(event, community),
        )
    return ask(
        "market_calling.reminder",
        "market.coming",
        coming_about(reminded.heads),
        to=reminded.person_id,
        open_for=event.ends_at - now,
        urgency=Urgency.REMINDER,
        good_until=event.ends_at,
        fallback_group=group,
        **values,
        **event_values(event, community),
    )


def coming_about(heads: Iterable[Head]) -> dict[str, Plain]:
    """What must be known when somebody says whether they come. The question is over with the first of their places."""
    first = next(iter(heads))
    return {"event": first.event.id, "sign_up": first.sign_up.id}


def head_words(heads: Iterable[Head], community: Community) -> str:
    """What somebody has at an event, as a sentence: 修家电、量血压第7号(9:30那组)、缝补候补第2位.

    Empty for a lecture, at which there is nothing but to be there.
    """
    heads = tuple(heads)
    alone = _is_alone(community.market.ledger.board(heads[0].event.id))
    if alone and all(each.sign_up.state is SignUpState.HELD for each in heads):
        return ""
    return in_words(
        "market_calling.heads", community, heads="\u3001".join(_head(each, community, alone=alone) for each in heads)
    )


def _head(head: Head, community: Community, *, alone: bool) -> str:
    sign_up = head.sign_up
    if sign_up.state is SignUpState.WAITING:
        return in_words("market_calling.head_waiting", community, stall=head.stall.name, turn=head.ahead + 1)
    if sign_up.state is SignUpState.OFFERED and sign_up.offered_until is not None:
        until = sign_up.offered_until.astimezone(community.rules.zone)
        said = f"{day(until)}{until:%H:%M}"
        return in_words("market_calling.head_offered", community, stall=head.stall.name, until=said)
    if sign_up.part is SignUpPart.VISITOR and not alone:
        window = clock(head.starts_at, community)
        return in_words(
            "market_calling.head_number", community, stall=head.stall.name, number=sign_up.place or 0, window=window
        )
    return head.stall.name


def _lapsed(lapsed: OfferLapsed, community: Community) -> Reply:
    """Who comes too late may still say that they want it."""
    head = lapsed.head
    sign_up = head.sign_up
    values: dict[str, Any] = {"stall": head.stall.name, "event": head.event.name, "when": when(head.event, community)}
    if not lapsed.open:
        return say(
            "market_calling.offer_over",
            to=sign_up.person_id or "",
            urgency=Urgency.REMINDER,
            fallback_group=sign_up.group,
            stall=values["stall"],
        )
    about: dict[str, Plain] = {
        "event": head.event.id,
        "stall": head.stall.id,
        "part": sign_up.part,
        "heads": lapsed.heads,
        "item": sign_up.item,
        "group": sign_up.group,
    }
    return ask(
        "market_calling.offer_lapsed",
        "market.lapsed",
        about,
        to=sign_up.person_id or "",
        open_for=LAPSED_WITHIN,
        urgency=Urgency.REMINDER,
        fallback_group=sign_up.group,
        **values,
    )


def _not_coming(event_id: int, message: Message, community: Community) -> Replies:
    """They give up all they have there; whoever waits gets it."""
    now = message.received_at
    mine = community.market.calling.of_person(event_id, message.person, now)
    left = [community.market.signing_up.leave(each.id, message.person, now) for each in mine]
    event = left[0].board.event
    stalls = "\u3001".join(dict.fromkeys(each.heads[0].stall.name for each in left))
    given = [offered for each in left for offered in each.offers]
    return [say("market_calling.not_coming", event=event.name, stalls=stalls), *offers(given, community)]
