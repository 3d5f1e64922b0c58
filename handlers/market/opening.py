"""Opening an event: a line of the staff or a draft by itself, looked at, then told to everybody."""

from datetime import datetime, timedelta
from typing import Any

from community import Community
from community.market.opening import Proposal
from community.market.outcomes import Board, Drafted, Published
from community.parts.notice import Urgency
from community.parts.questions import Question
from community.refused import Refused
from handlers.answering import group_node, privately
from handlers.hearing.proposals import hear_proposal
from handlers.market.wording import bring, event_values, groups_for, missing_words
from handlers.messages import Message, Plain, Replies, Reply, ask, say
from handlers.routing import router
from handlers.speaking.texts import day, in_words

MOST_PLACES = 2000
LONGEST_WAIT = timedelta(days=270)
"""What is named without a year and further off than this was meant to be a day that has passed."""


@router.command("market.open")
@privately
def open_event(message: Message, community: Community, words: str = "") -> Replies:
    """「发起 雷锋集市 12月5日9点 文化广场」: said back whole; it opens with a yes."""
    names = community.market.opening.names()
    heard = hear_proposal(words, names, message.received_at.astimezone(community.rules.zone))
    if not heard.name:
        raise Refused("market.which_kind", names="\u3001".join(names))
    if heard.begins_at is None:
        raise Refused("market.no_hour" if heard.day_alone else "market.no_day", name=heard.name)
    if heard.visitors is not None and not 1 <= heard.visitors <= MOST_PLACES:
        raise Refused("market.bad_places", most=MOST_PLACES)
    _check_not_past(heard.begins_at, message.received_at)
    proposal = Proposal(heard.name, heard.begins_at, heard.ends_at, heard.place, heard.visitors)
    drafted = community.market.opening.propose(message.person, group_node(message), proposal, message.received_at)
    return [draft(drafted, community, None)]


def _check_not_past(begins_at: datetime, now: datetime) -> None:
    """A day without a year that has just passed is heard as next year's. Raises `Refused`."""
    if begins_at - now > LONGEST_WAIT:
        raise Refused("market.in_the_past")


@router.command("market.publish")
@privately
def publish(message: Message, community: Community, event: str) -> Replies:
    """「发布 E012」."""
    return _published(int(event.lstrip("E")), message, community)


@router.command("market.drop")
@privately
def drop(message: Message, community: Community, event: str) -> Replies:
    """「不办 E012」: a draft that nobody has seen."""
    return _dropped(int(event.lstrip("E")), message, community)


@router.answer("market.draft", "publish", "drop", stays_open=True)
def draft_answered(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """What becomes of a draft."""
    event_id = int(str(question.about["event"]))
    return (_published if choice == "publish" else _dropped)(event_id, message, community)


@router.when_dropped("market.draft")
def draft_dropped(message: Message, community: Community, question: Question) -> Replies:
    """「取消」 to a draft: it does not take place."""
    return _dropped(int(str(question.about["event"])), message, community)


def plan(community: Community, now: datetime) -> Replies:
    """Drafts of what comes near, to those who lead."""
    return [draft(each, community, person_id) for each in community.market.opening.plan(now) for person_id in each.tell]


def draft(drafted: Drafted, community: Community, to: str | None) -> Reply:
    """What an event would be like; to somebody by id, or to the sender."""
    board = drafted.board
    stalls = "\u3001".join(
        _stall_line(each.stall.name, each.helpers.places, each.visitors.places, community) for each in board.counts
    )
    values: dict[str, Any] = {
        "number": board.event.number,
        "stalls": stalls,
        "bring": bring(board.event, community),
        **event_values(board.event, community),
    }
    about: dict[str, Plain] = {"event": board.event.id}
    if to is None:
        return ask("market.draft", "market.draft", about, **values)
    opens = drafted.opens_at.astimezone(community.rules.zone) if drafted.opens_at else None
    values["opens"] = in_words("market.opens_by_itself", community, at=f"{day(opens)}{opens:%H:%M}") if opens else ""
    open_for = opens - board.event.changed_at if opens else None
    return ask(
        "market.draft_of_series", "market.draft", about, to=to, open_for=open_for, urgency=Urgency.REMINDER, **values
    )


def _stall_line(name: str, helpers: int, visitors: int, community: Community) -> str:
    if not visitors:
        return in_words("market.stall_helpers", community, stall=name, helpers=helpers)
    if not helpers:
        return in_words("market.stall_visitors", community, stall=name, visitors=visitors)
    return in_words("market.stall_both", community, stall=name, helpers=helpers, visitors=visitors)


def _published(event_id: int, message: Message, community: Community) -> Replies:
    outcome = community.market.opening.publish(event_id, message.person, message.received_at)
    event = outcome.board.event
    return [
        say("market.published", number=event.number, **event_values(event, community)),
        *told(outcome, community, message.received_at),
    ]


def _dropped(event_id: int, message: Message, community: Community) -> Replies:
    event = community.market.opening.drop(event_id, message.person, message.received_at)
    return [say("market.draft_dropped", number=event.number, event=event.name)]


def told(outcome: Published, community: Community, now: datetime) -> Replies:
    """Everybody hears that an event is open; those who help each time are asked."""
    return [
        *call(outcome, community, now),
        *(_ask_standing(person_id, stall.id, stall.name, outcome, community) for person_id, stall in outcome.standing),
        *(
            say(
                "market.opened",
                to=each,
                number=outcome.board.event.number,
                **event_values(outcome.board.event, community),
            )
            for each in outcome.tell
        ),
    ]


def call(outcome: Published, community: Community, now: datetime) -> Replies:
    """The call for helpers and visitors, in the groups for whom it is."""
    board = outcome.board
    missing = missing_words(board.missing, community)
    lines = [in_words("market.missing", community, missing=missing) if missing else "", _ways(board, community)]
    values = {
        **event_values(board.event, community),
        "bring": bring(board.event, community),
        "lines": "\n".join(each for each in lines if each),
    }
    chats = groups_for(board.event, community)
    for chat in chats:
        community.market.rolling.told(board.event, chat.channel, chat.group, now)
    begins_at = board.event.begins_at
    return [say("market.call", to=chat, urgency=Urgency.ANNOUNCEMENT, good_until=begins_at, **values) for chat in chats]


def _ways(board: Board, community: Community) -> str:
    """How to help, and how to come."""
    if len(board.counts) == 1 and board.counts[0].stall.visitors:
        return in_words("market.way_to_join", community, event=board.event.name)
    visitor = next((each.stall.name for each in board.counts if each.stall.visitors), "")
    return "".join(
        [
            in_words("market.way_to_help", community, stall=board.missing[0].stall.name) if board.missing else "",
            in_words("market.way_to_visit", community, stall=visitor) if visitor else "",
        ]
    )


def _ask_standing(person_id: str, stall_id: int, stall: str, outcome: Published, community: Community) -> Reply:
    event = outcome.board.event
    return ask(
        "market.ask_standing",
        "market.standing",
        {"event": event.id, "stall": stall_id},
        to=person_id,
        open_for=max(event.begins_at - event.changed_at, community.rules.question_open),
        urgency=Urgency.REMINDER,
        stall=stall,
        **event_values(event, community),
    )
