"""Signing up for an event: which one, which stall, to help or for a number; giving up; what one has."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from community import Community
from community.market.outcomes import Board, Count, Head, Left, SignUpPart, SignUpState
from community.market.signing_up import Wish
from community.parts.questions import Question
from community.refused import Refused
from community.volunteers.skills import fits
from handlers import phrasebook
from handlers.answering import group_node, privately, refused_privately
from handlers.hearing.behalf import on_behalf_of
from handlers.hearing.sign_ups import Wanted, find_stall, hear_wanted
from handlers.market.wording import (
    CIRCLED,
    NUMBERS,
    board_line,
    clock,
    event_day,
    event_values,
    left,
    offers,
    rolling,
    signed_up,
    what,
    when,
)
from handlers.messages import Message, Plain, Replies, Reply, ask, say, say_in_group
from handlers.routing import Affair, Affairs, as_replies, router
from handlers.speaking.texts import day, in_words, shorten

MONTH = timedelta(days=28)
"""「这个月集市」 is as wide as this at least: said in the last days of a month it means the next market."""

ITEM_WITHIN = timedelta(hours=2)
NOTHING_NAMED = Wanted("", "", 1, again=False, always=False, item="", since=None, until=None)
_HELPING = ("帮忙", "志愿", "服务", "出力", "搭把手")
_MARKS = " ,.!~\u3002"

LISTS = frozenset(
    {
        "market.which_part",
        "market.which_event",
        "market.which_stall",
        "market.which_leave",
        "market.switch",
        "market.item",
    }
)
"""Questions that are over as soon as something new is begun."""


@dataclass(frozen=True, slots=True)
class _Start:
    """What somebody wants, as far as it is known: for which of these events, to help or for a number.

    `unknown`: what they named is no stall and no event.
    """

    wanted: Wanted
    part: SignUpPart
    words: str
    unknown: str = ""


@router.command("market.sign_up")
@refused_privately
def sign_up(message: Message, community: Community, **slots: object) -> Replies:
    """「报名 修家电」 「我和邻居一起,缝补」 「还是上次那个摊」: at once where only one fits, else by a number."""
    return _begin(message, community, SignUpPart.HELPER, str(slots.get("words") or slots.get("stall") or ""))


def _said_of_an_event(text: str) -> bool:
    return text.rstrip(_MARKS) in phrasebook.load().words["me_to_an_event"]


def _told_of_an_event(community: Community, channel: str, group: str, now: datetime) -> bool:
    return community.market.rolling.told_lately(channel, group, now)


@router.bare_words(may_be=_said_of_an_event, goes_on=_told_of_an_event)
def me_too(message: Message, community: Community, _owed: Sequence[Question]) -> Replies | None:
    """「我也去」 in a group that was told of an event a moment ago."""
    channel, group = message.incoming.channel, message.incoming.group
    if group is None or not _said_of_an_event(message.text):
        return None
    if not _told_of_an_event(community, channel, group, message.received_at):
        return None  # it may be said of something else that was told here
    return as_replies(sign_up(message, community))


@router.command("market.take_number")
@refused_privately
def take_number(message: Message, community: Community, stall: str = "", **_slots: object) -> Replies:
    """「取号 量血压」 「取号 修家电 电饭锅」; 「报名量血压」 by a volunteer may mean to help there."""
    if message.text.startswith("报名") and community.volunteers.register.known(message.person.id) is not None:
        about: dict[str, Plain] = {"words": message.text}
        return _privately([ask("market.which_part", "market.which_part", about)], message)
    return _begin(message, community, SignUpPart.VISITOR)


@router.command("market.leave")
@privately
def leave(message: Message, community: Community, stall: str = "", **_slots: object) -> Replies:
    """「取消报名」 「缝补不去了」: which one, where there are several."""
    mine = _open(message, community)
    if not mine:
        raise Refused("market.nothing_to_leave")
    named, _ = find_stall(message.text, [each.stall.name for each in mine], _alike())
    meant = [each for each in mine if each.stall.name == named] if named else mine
    if len(meant) == 1:
        return leave_one(meant[0], message, community)
    _close_lists(message, community)
    about: dict[str, Plain] = {f"sign_up{number}": each.sign_up.id for number, each in enumerate(meant[:12], start=1)}
    return [ask("market.which_leave", "market.which_leave", about, lines=_numbered(meant, community))]


@router.command("market.look_up")
def look_up(message: Message, community: Community, **_slots: object) -> Replies:
    """「集市什么时候」, to everybody; 「我的报名」, privately."""
    words = phrasebook.load().words["mine"]
    if any(each in message.text for each in words):
        return _mine(message, community)
    boards = community.market.signing_up.boards(message.person, group_node(message), message.received_at, begun=True)
    said = _shown(boards, message, community)
    return [say_in_group("market.boards", lines=said)] if message.in_group else [say("market.boards", lines=said)]


@router.command("market.stand_no_more")
@privately
def stand_no_more(message: Message, community: Community) -> Reply:
    """「以后不用每次问我」: what they have signed up for stays."""
    if community.market.signing_up.stand_no_more(message.person):
        return say("market.stands_no_more")
    return say("market.stood_never")


@router.answer("market.which_part", "helper", "visitor", stays_open=True, optional=True)
def part_chosen(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """Whether a volunteer comes to help or to be helped."""
    return _begin(replace(message, text=str(question.about["words"])), community, SignUpPart(choice))


def _affairs(message: Message, community: Community) -> list[Affair]:
    """Those who waited and those who have a place, a line each."""
    mine = _open(message, community)
    return [Affair(each.sign_up.id, line) for each, line in zip(mine, _lines(mine, community), strict=True)]


def _drop(message: Message, community: Community, sign_up_id: int) -> Replies:
    outcome = community.market.signing_up.leave(sign_up_id, message.person, message.received_at)
    return left(outcome, community)


@router.words_for(Left)
def given_up(outcome: Left, community: Community, now: datetime) -> Replies:
    """What somebody hears, and whoever waited, when another service ends a sign-up."""
    return left(outcome, community)


router.affairs["market"] = Affairs(_affairs, _drop)


# --- answers ------------------------------------------------------------------------------------------------


@router.answer("market.which_event", *NUMBERS, stays_open=True, optional=True)
def event_chosen(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """Which event was meant, where several have what they want."""
    event_id = question.about.get(f"event{choice}")
    if event_id is None:
        return [_once_more(question)]
    board = community.market.ledger.board(int(event_id))
    text, part = str(question.about["words"]), SignUpPart(str(question.about["part"]))
    wanted = _hear(text, [board], message.received_at, community)
    return _at(board, _Start(wanted, part, text), message, community, question.about.get("group"))


def _stall_said(message: Message, community: Community) -> str | None:
    """A stall's name instead of its number."""
    boards = community.market.signing_up.boards(message.person, None, message.received_at, begun=True)
    name, said = find_stall(message.text, _stall_names(boards), _alike())
    alone = message.text.replace(said, "").strip(_MARKS + "我去来报想要帮那个的摊位吧")
    return name if name and not alone else None


@router.answer("market.which_stall", *NUMBERS, stays_open=True, optional=True, otherwise=_stall_said)
def stall_chosen(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """Which stall, by number or by name."""
    about = question.about
    board = community.market.ledger.board(int(str(about["event"])))
    wanted_id = about.get(f"stall{choice}")
    found = next((each for each in board.counts if wanted_id == each.stall.id or each.stall.name == choice), None)
    if found is None:
        return [_once_more(question)]
    return _take(board, found, _wish_of(question, found), message, community)


@router.answer("market.switch", "yes", "no", stays_open=True, optional=True)
def switch(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """They help at another stall of the same event already."""
    if choice == "no":
        return [say("market.stays", stall=question.about["before"])]
    board = community.market.ledger.board(int(str(question.about["event"])))
    count = board.count(int(str(question.about["stall"])))
    instead_of = int(str(question.about["sign_up"]))
    return _sign_up(board, _wish_of(question, count), message, community, instead_of=instead_of)


@router.answer("market.item", stays_open=True, optional=True)
def item_given(message: Message, community: Community, question: Question, words: str) -> Replies:
    """What they bring to have it repaired."""
    board = community.market.ledger.board(int(str(question.about["event"])))
    count = board.count(int(str(question.about["stall"])))
    item = " ".join(words.split())[:LONGEST_ITEM]
    return _sign_up(board, _wish_of(question, count, item), message, community)


@router.answer("market.which_leave", *NUMBERS, stays_open=True, optional=True)
def leave_chosen(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """Which of what they have they give up."""
    sign_up_id = question.about.get(f"sign_up{choice}")
    if sign_up_id is None:
        return [_once_more(question)]
    return left(community.market.signing_up.leave(int(sign_up_id), message.person, message.received_at), community)


@router.answer("market.offer", "yes", "no", stays_open=True, optional=True)
def offer_answered(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """A place was kept for them."""
    sign_up_id, now = int(str(question.about["sign_up"])), message.received_at
    if choice == "no":
        declined = community.market.signing_up.decline(sign_up_id, message.person, now)
        return [say("market.declined"), *offers(declined.offers, community)]
    head = community.market.signing_up.accept(sign_up_id, message.person, now)
    return [
        say(
            "market.accepted",
            what=what(head, community),
            when=when(head.event, community),
            place=head.event.place,
        )
    ]


@router.answer("market.standing", "yes", "no", stays_open=True, optional=True)
def standing_answered(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """Whether somebody who helps each time comes this time."""
    if choice == "no":
        return [say("market.not_this_time")]
    board = community.market.ledger.board(int(str(question.about["event"])))
    count = board.count(int(str(question.about["stall"])))
    return _take(board, count, Wish(count.stall.id, SignUpPart.HELPER), message, community)


# --- inside -------------------------------------------------------------------------------------------------

LONGEST_ITEM = 20
"""Characters of what somebody brings."""


def _begin(message: Message, community: Community, part: SignUpPart, said: str = "") -> Replies:
    """`said`: words that should name a stall or an event."""
    _close_lists(message, community)
    now = message.received_at
    boards = community.market.signing_up.boards(
        message.person, group_node(message), now, begun=part is SignUpPart.VISITOR
    )
    if not boards:
        raise _nothing_open(message, community)
    wanted = _hear(message.text, boards, now, community)
    most = 1 + community.rules.most_companions
    if wanted.heads > most:
        raise Refused("market.too_many_heads", most=most)
    nothing_known = wanted == NOTHING_NAMED
    start = _Start(wanted, part, message.text, said if said and nothing_known else "")
    fitting = _fitting(boards, start)
    if len(fitting) > 1:
        return _privately([_ask_event(fitting, start, message, community)], message)
    return _at(fitting[0], start, message, community, message.incoming.group)


def _hear(text: str, boards: Sequence[Board], now: datetime, community: Community) -> Wanted:
    events = {each.event.name for each in boards}
    return hear_wanted(text, _stall_names(boards), events, _alike(), now.astimezone(community.rules.zone))


def _alike() -> Sequence[str]:
    return phrasebook.load().words["stalls_alike"]


def _stall_names(boards: Sequence[Board]) -> list[str]:
    return list(dict.fromkeys(count.stall.name for each in boards for count in each.counts))


def _fitting(boards: Sequence[Board], start: _Start) -> list[Board]:
    """The events that may be meant: of each name the next one. Raises `Refused` where a day is named that has none."""
    wanted = start.wanted
    if wanted.event:
        boards = [each for each in boards if each.event.name == wanted.event]
    if wanted.since is not None and wanted.until is not None:
        named = [each for each in boards if wanted.since <= each.event.begins_at < wanted.until]
        if not named and wanted.until - wanted.since < MONTH:
            raise Refused(
                "market.none_then", day=wanted.since.date(), next=boards[0].event.begins_at, event=boards[0].event.name
            )
        boards = named or boards
    if wanted.stall:
        boards = [each for each in boards if any(count.stall.name == wanted.stall for count in each.counts)]
    next_of_each = {each.event.name: each for each in reversed(boards)}
    return sorted(next_of_each.values(), key=lambda each: each.event.begins_at)


def _at(board: Board, start: _Start, message: Message, community: Community, group: Plain) -> Replies:
    """At one event: which stall."""
    wanted, part = start.wanted, start.part
    counts = _stalls_with(board, part)
    if not counts and part is SignUpPart.HELPER:
        part, counts = SignUpPart.VISITOR, _stalls_with(board, SignUpPart.VISITOR)
    name = wanted.stall or (_last_stall(message, community) if wanted.again else "")
    found = next((each for each in board.counts if each.stall.name == name), None)
    if found is None and len(counts) == 1:
        found = counts[0]
    group = str(group) if group else None
    if found is not None:
        if part is SignUpPart.HELPER and (not found.stall.helpers or _comes_to_listen(board, start)):
            part = SignUpPart.VISITOR
        item = wanted.item if part is SignUpPart.VISITOR and found.stall.item else ""
        whom = on_behalf_of(start.words) if part is SignUpPart.VISITOR and wanted.heads == 1 else ""
        wish = Wish(found.stall.id, part, wanted.heads, item, group, for_whom=whom)
        stands = _stands(board, found, message, community) if wanted.always else []
        if stands and _helps_there(found, message, community):
            return stands
        return [*_take(board, found, wish, message, community), *stands]
    about: dict[str, Plain] = {"heads": wanted.heads, "group": group, "part": part, "item": wanted.item}
    about["whom"] = on_behalf_of(start.words) if part is SignUpPart.VISITOR and wanted.heads == 1 else ""
    return _privately([_ask_stall(board, counts, about, message, community, start.unknown)], message)


def _comes_to_listen(board: Board, start: _Start) -> bool:
    """「报名 讲座」 is said by those who want to hear it; whoever helps there says so."""
    alone = board.counts[0].stall if len(board.counts) == 1 else None
    return alone is not None and alone.visitors > 0 and not any(each in start.words for each in _HELPING)


def _stalls_with(board: Board, part: SignUpPart) -> list[Count]:
    if part is SignUpPart.HELPER:
        return [each for each in board.counts if each.stall.helpers]
    return [each for each in board.counts if each.stall.visitors]


def _last_stall(message: Message, community: Community) -> str:
    last = community.market.signing_up.last_stall(message.person)
    if last is None:
        raise Refused("market.no_last_stall")
    return last


def _helps_there(count: Count, message: Message, community: Community) -> bool:
    mine = community.market.signing_up.mine(message.person, message.received_at)
    return any(each.stall.id == count.stall.id and each.sign_up.part is SignUpPart.HELPER for each in mine)


def _stands(board: Board, count: Count, message: Message, community: Community) -> Replies:
    stands = community.market.signing_up.stand(board.event.id, message.person, count.stall.name, message.received_at)
    return [say("market.stands", stall=count.stall.name, event=board.event.name)] if stands else []


def _take(board: Board, count: Count, wish: Wish, message: Message, community: Community) -> Replies:
    """What is still to be asked before it is done, or doing it."""
    if wish.part is SignUpPart.HELPER:
        before = community.market.signing_up.other_stall(
            board.event.id, count.stall.id, message.person, message.received_at
        )
        if before is not None:
            return _privately([_ask_switch(board, count, before, wish)], message)
    if wish.part is SignUpPart.VISITOR and count.stall.item and not wish.item:
        about = _about(board, count, wish)
        return _privately([ask("market.item", "market.item", about, open_for=ITEM_WITHIN)], message)
    return _sign_up(board, wish, message, community)


def _sign_up(
    board: Board, wish: Wish, message: Message, community: Community, *, instead_of: int | None = None
) -> Replies:
    outcome = community.market.signing_up.sign_up(
        board.event.id, message.person, wish, message.received_at, instead_of=instead_of
    )
    resident = community.volunteers.register.known(message.person.id) is None
    return [*rolling(message, community, outcome.board), *signed_up(outcome, community, resident=resident)]


def _about(board: Board, count: Count, wish: Wish) -> dict[str, Plain]:
    return {
        "event": board.event.id,
        "stall": count.stall.id,
        "part": wish.part,
        "heads": wish.heads,
        "item": wish.item,
        "group": wish.group,
        "whom": wish.for_whom,
    }


def _wish_of(question: Question, count: Count, item: str = "") -> Wish:
    about = question.about
    group = about.get("group")
    return Wish(
        count.stall.id,
        SignUpPart(str(about["part"])),
        int(str(about["heads"])),
        item or str(about.get("item") or ""),
        str(group) if group else None,
        for_whom=str(about.get("whom") or ""),
    )


def _ask_switch(board: Board, count: Count, before: Head, wish: Wish) -> Reply:
    about = _about(board, count, wish) | {"sign_up": before.sign_up.id, "before": before.stall.name}
    return ask("market.switch", "market.switch", about, before=before.stall.name, stall=count.stall.name)


def _ask_event(boards: Sequence[Board], start: _Start, message: Message, community: Community) -> Reply:
    lines = [
        f"{sign} {each.event.name},{when(each.event, community)}" for sign, each in zip(CIRCLED, boards, strict=False)
    ]
    about: dict[str, Plain] = {f"event{number}": each.event.id for number, each in enumerate(boards[:12], start=1)}
    about |= {"words": start.words, "part": start.part, "group": message.incoming.group}
    return ask("market.which_event", "market.which_event", about, lines="\n".join(lines))


def _ask_stall(
    board: Board,
    counts: Sequence[Count],
    about: dict[str, Plain],
    message: Message,
    community: Community,
    unknown: str,
) -> Reply:
    """The stalls with what is missing; first of all those that fit somebody's skills."""
    part = SignUpPart(str(about["part"]))
    counts = (
        sorted(counts, key=lambda each: not _fits(each, message, community)) if part is SignUpPart.HELPER else counts
    )
    lines = [
        in_words(
            f"market.choice_{part}",
            community,
            number=sign,
            stall=each.stall.name,
            state=_state(each, part, community),
        )
        for sign, each in zip(CIRCLED, counts, strict=False)
    ]
    about |= {"event": board.event.id}
    about |= {f"stall{number}": each.stall.id for number, each in enumerate(counts[:12], start=1)}
    return ask(
        f"market.which_stall_{part}",
        "market.which_stall",
        about,
        lines="\n".join(lines),
        unknown=in_words("market.no_such_stall", community, said=shorten(unknown, LONGEST_ITEM)) if unknown else "",
        event=board.event.name,
        when=when(board.event, community),
    )


def _fits(count: Count, message: Message, community: Community) -> bool:
    wanted = count.stall.skill or count.stall.name
    return any(fits(own, wanted) for own in community.volunteers.register.skills_of(message.person.id))


def _state(count: Count, part: SignUpPart, community: Community) -> str:
    taken = count.helpers if part is SignUpPart.HELPER else count.visitors
    if taken.left:
        return in_words(f"market.left_{part}", community, left=taken.left)
    return in_words("market.full", community)


def _nothing_open(message: Message, community: Community) -> Refused:
    """When the next event is, where there is none that one could sign up for now."""
    coming = community.market.opening.upcoming(message.person, group_node(message), message.received_at)
    if not coming:
        return Refused("market.none_open")
    opens = coming[0].day - community.rules.event_called
    return Refused("market.not_open_yet", event=coming[0].series.name, day=coming[0].day, opens=opens)


def _shown(boards: Sequence[Board], message: Message, community: Community) -> str:
    """What takes place, for everybody to read."""
    lines = [
        in_words(
            "market.board",
            community,
            **event_values(each.event, community),
            line=board_line(each, community),
        )
        for each in boards[:3]
    ]
    postponed = community.market.signing_up.postponed(message.person, group_node(message), message.received_at)
    lines += [
        in_words("market.postponed", community, event=each.name, day=event_day(each, community)) for each in postponed
    ]
    open_names = {each.event.name for each in boards} | {each.name for each in postponed}
    coming = community.market.opening.upcoming(message.person, group_node(message), message.received_at)
    lines += [
        in_words("market.later", community, event=each.series.name, day=day(each.day))
        for each in coming
        if each.series.name not in open_names
    ]
    if not lines:
        raise Refused("market.none_open")
    return "\n".join(lines)


def _mine(message: Message, community: Community) -> Replies:
    mine = community.market.signing_up.mine(message.person, message.received_at)
    if not mine:
        raise Refused("market.nothing_mine")
    lines = "\n".join(_mine_line(each, message, community) for each in mine)
    return _privately([say("market.mine", lines=lines)], message)


def _mine_line(head: Head, message: Message, community: Community) -> str:
    heads = community.market.signing_up.heads_of(head, message.received_at)
    sign_up = head.sign_up
    joined = sign_up.part is SignUpPart.VISITOR and head.stall.name == head.event.name
    held = "joined" if joined else sign_up.part
    key = f"market.mine_{held if sign_up.state is SignUpState.HELD else sign_up.state}"
    state = in_words(
        key,
        community,
        heads=heads,
        number=sign_up.place or 0,
        window=clock(head.starts_at, community),
        turn=head.ahead + 1,
    )
    return in_words(
        "market.own_line",
        community,
        what=what(head, community),
        when=when(head.event, community),
        place=head.event.place,
        state=state,
    )


def _open(message: Message, community: Community) -> list[Head]:
    """What somebody can still give up."""
    states = (SignUpState.WAITING, SignUpState.OFFERED, SignUpState.HELD)
    mine = community.market.signing_up.mine(message.person, message.received_at)
    return [each for each in mine if each.sign_up.state in states]


def leave_one(head: Head, message: Message, community: Community) -> Replies:
    """Gives one of them up."""
    outcome = community.market.signing_up.leave(head.sign_up.id, message.person, message.received_at)
    return [*rolling(message, community, outcome.board), *left(outcome, community)]


def _numbered(heads: Sequence[Head], community: Community) -> str:
    return "\n".join(f"{sign} {line}" for sign, line in zip(CIRCLED, _lines(heads, community), strict=False))


def _lines(heads: Sequence[Head], community: Community) -> list[str]:
    return [_short_line(each, community) for each in heads]


def _short_line(head: Head, community: Community) -> str:
    """What it is and when; whoever asks for their number finds it here too."""
    line = f"{what(head, community)},{event_day(head.event, community)}"
    sign_up = head.sign_up
    if sign_up.part is not SignUpPart.VISITOR or sign_up.place is None or head.stall.name == head.event.name:
        return line
    window = clock(head.starts_at, community)
    return f"{line},{in_words('market.mine_visitor', community, number=sign_up.place, window=window)}"


def _privately(replies: Replies, message: Message) -> Replies:
    return [say_in_group("help.in_private"), *replies] if message.in_group else replies


def _once_more(question: Question) -> Reply:
    return ask(question.prompt_key, question.kind, question.about, **question.prompt_values)


def _close_lists(message: Message, community: Community) -> None:
    for question in community.questions.open_for(message.person.id, message.received_at):
        if question.kind in LISTS:
            community.questions.close(question, message.received_at)
