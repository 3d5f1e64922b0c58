"""The day itself, for those who help: checking in with the code, checking out, and what they hear of their hours."""

import re
from collections.abc import Iterable, Sequence

from community import Community
from community.market.day import CheckedIn, CheckedOut, NotSignedUp, WrongCode
from community.market.outcomes import Board, EventState
from community.parts.questions import Question
from community.refused import Refused
from handlers import phrasebook
from handlers.answering import group_node
from handlers.hearing.sign_ups import find_stall
from handlers.market.wording import CIRCLED, NUMBERS, clock, event_day
from handlers.messages import Message, Plain, Replies, Reply, ask, say, say_in_group
from handlers.routing import router
from handlers.speaking.amounts import in_hours
from handlers.speaking.texts import in_words

LONGEST_STALL_SAID = 12
"""Characters of an answer that names a stall. What is longer says something else."""

_CODE = re.compile(r"\D{0,6}(?<!\d)(?P<code>\d{4})(?!\d)\D{0,4}")
_MARKS = " 。.,、!~啦吧哦"
_BARE_CODE = re.compile(r"\s*\d{4}[\s。.!~]*")


@router.command("market.check_in")
def check_in(message: Message, community: Community, code: str = "", **_slots: object) -> Replies:
    """「签到 4821」; without the code it is asked for. In a group only the person themselves hears the answer."""
    try:
        return _quietly(_with_code(message, community, code) if code else without_code(message, community), message)
    except Refused as refused:
        return _quietly([say(refused.key, **refused.values)], message)


@router.command("market.check_out")
def check_out(message: Message, community: Community) -> Replies:
    """「签退」 「走了」."""
    try:
        out = community.market.day.check_out(message.person, message.received_at)
    except Refused as refused:
        return _quietly([say(refused.key, **refused.values)], message)
    own = [each for each in out if not each.helper.sign_up.companion]
    return _quietly([*map(_checked_out, own), *stars(out, message, community)], message)


def without_code(message: Message, community: Community) -> Replies:
    """They say that they are there: the code is asked for, where there is anything to check in to."""
    there = community.market.day.there_already(message.person, message.received_at)
    if there is not None:
        return [_checked_in(there, community)]
    boards = community.market.day.awaited(message.person, group_node(message), message.received_at)
    return [ask("market_day.ask_code", "market.code", {}, open_for=boards[0].event.ends_at - message.received_at)]


def _code_said(message: Message, community: Community) -> str | None:
    found = _CODE.fullmatch(message.text)
    return found["code"] if found else None


@router.answer("market.code", "unknown", stays_open=True, optional=True, otherwise=_code_said)
def code_given(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """The four digits, or that they find none."""
    if choice == "unknown":
        return [say("market_day.no_code")]
    return _with_code(message, community, choice)


def _stall_said(message: Message, community: Community) -> str | None:
    """A stall's name instead of its number."""
    if len(message.text) > LONGEST_STALL_SAID:
        return None
    boards = community.market.day.awaited(message.person, None, message.received_at)
    names = [count.stall.name for board in boards for count in board.counts]
    return find_stall(message.text, names, phrasebook.load().words["stalls_alike"])[0] or None


@router.answer("market.late_stall", *NUMBERS, stays_open=True, optional=True, otherwise=_stall_said)
def stall_given(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """At which stall somebody helps who has not signed up."""
    about = question.about
    event_id = int(str(about["event"]))
    board = community.market.ledger.board(event_id)
    stall_id = about.get(f"stall{choice}") or next((e.stall.id for e in board.counts if e.stall.name == choice), None)
    if stall_id is None:
        return [ask(question.prompt_key, question.kind, about, **question.prompt_values)]
    arrived = community.market.day.come_along(event_id, int(str(stall_id)), message.person, message.received_at)
    return [_checked_in(arrived, community)]


def _may_be(text: str) -> bool:
    said = text.rstrip(_MARKS)
    return said in _words("arriving") or said in _words("leaving") or _BARE_CODE.fullmatch(text) is not None


@router.bare_words(may_be=_may_be, goes_on=None)
def bare_words(message: Message, community: Community, owed: Sequence[Question]) -> Replies | None:
    """What means checking in or out from those who help now, and from others something else.

    Four digits are else the number of a case, 「签到」 is for a turn at a station, 「走了」 for anything.
    """
    said = message.text.rstrip(_MARKS)
    if message.in_group or not _may_be(message.text):
        return None
    if said in _words("leaving"):
        there = community.market.day.there_already(message.person, message.received_at)
        return check_out(message, community) if there is not None else None
    if said in _words("arriving"):
        return without_code(message, community) if _means_event(message, community) else None
    known = community.market.day.is_code_for(message.person, said, message.received_at)
    return _with_code(message, community, said) if known else None


def _means_event(message: Message, community: Community) -> bool:
    """Whether somebody who says that they are there means an event: where they help, or where one is on and they have
    no turn at a station that day."""
    day = community.market.day
    if day.helps_now(message.person, message.received_at):
        return True
    today = message.received_at.astimezone(community.rules.zone).date()
    turns = community.bookings.booking.mine(message.person, message.received_at)
    if any(each.place.booking.starts_at.astimezone(community.rules.zone).date() == today for each in turns):
        return False
    return day.is_anything_on(message.person, message.received_at)


def _words(name: str) -> Sequence[str]:
    return phrasebook.load().words[name]


def stars(out: Iterable[CheckedOut], message: Message, community: Community) -> Replies:
    """Whoever has reached a star by it hears so."""
    reached = [each.credited.star for each in out if each.credited is not None and each.credited.star is not None]
    return [reply for each in reached for reply in router.words_of(each, community, message.received_at)]


def _with_code(message: Message, community: Community, code: str) -> Replies:
    outcome = community.market.day.check_in(message.person, group_node(message), code, message.received_at)
    match outcome:
        case CheckedIn():
            return [_checked_in(outcome, community)]
        case NotSignedUp():
            return [_which_stall(outcome.board, message, community)]
        case WrongCode():
            return [_wrong(outcome, message, community)]


def _checked_in(outcome: CheckedIn, community: Community) -> Reply:
    at, year = clock(outcome.at, community), outcome.year
    details = in_words("market_day.with_companions", community, heads=outcome.heads) if outcome.heads > 1 else ""
    if year and outcome.helps:
        details += in_words("market_day.this_year", community, hours=in_hours(year))
    if not outcome.helps:
        return say("market_day.attends", at=at, event=outcome.event.name, details=details)
    key = "market_day.checked_in" if outcome.is_new else "market_day.in_already"
    return say(key, at=at, stall=outcome.stall.name, details=details)


def _checked_out(outcome: CheckedOut) -> Reply:
    if outcome.credited is None:
        return say("market_day.checked_out_at_once")
    return say("market_day.checked_out", hours=in_hours(outcome.minutes), year=in_hours(outcome.year))


def _which_stall(board: Board, message: Message, community: Community) -> Reply:
    """They have no place: where there is room."""
    event, room = board.event, board.missing[: len(NUMBERS)]
    if not room:
        return say("market_day.no_room", event=event.name)
    lines = [
        in_words("market_day.late_choice", community, number=sign, stall=each.stall.name, left=each.helpers.left)
        for sign, each in zip(CIRCLED, room, strict=False)
    ]
    about: dict[str, Plain] = {"event": event.id}
    about |= {f"stall{number}": each.stall.id for number, each in enumerate(room, start=1)}
    return ask(
        "market_day.which_stall",
        "market.late_stall",
        about,
        open_for=max(event.ends_at - message.received_at, community.rules.photo_window),
        lines="\n".join(lines),
    )


def _wrong(outcome: WrongCode, message: Message, community: Community) -> Reply:
    """Of an old code it is said whose it was. Another try is what a question stays open for."""
    event, zone = outcome.event, community.rules.zone
    if event is None:
        return ask("market_day.wrong_code", "market.code", {})
    if event.state is EventState.CANCELLED:
        return say("market.event_cancelled", name=event.name, begins_at=event.begins_at)
    days = (message.received_at.astimezone(zone).date() - event.begins_at.astimezone(zone).date()).days
    if days == 0:
        return say("market_day.over_today", event=event.name, at=clock(event.ends_at, community))
    if days == 1:
        return ask("market_day.code_of_yesterday", "market.code", {}, event=event.name)
    return ask("market_day.old_code", "market.code", {}, event=event.name, day=event_day(event, community))


def _quietly(replies: Replies, message: Message) -> Replies:
    """What was said in a group is answered privately; the group hears so only from a bot that was spoken to.

    On the day a hundred people may check in there. The code has no place in it.
    """
    if not message.in_group:
        return replies
    hint = [say("market_day.not_in_group")] if _CODE.search(message.text) else []
    heard = [say_in_group("help.in_private")] if message.incoming.mentions_bot else []
    return [*heard, *replies, *hint]
