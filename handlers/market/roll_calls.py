"""The day itself, for those who lead: the code for the stalls, who is there, who has left, who did not come."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from community import Community
from community.market.day import THERE, Deed, Helper, Marked, Roll, opens_at
from community.market.outcomes import Event, SignUpState, Stall
from community.parts.questions import Question
from community.privacy import Shown
from community.refused import Refused
from handlers import phrasebook
from handlers.answering import privately
from handlers.hearing.categories import SURE, categories
from handlers.hearing.normalise import normalise
from handlers.hearing.phrases import Heard
from handlers.hearing.roll_calls import Called, hear_names, hear_numbers, split_event
from handlers.hearing.sign_ups import find_stall
from handlers.market.day import stars, without_code
from handlers.market.wording import CIRCLED, NUMBERS, clock, event_day, event_values
from handlers.messages import Message, Plain, Replies, Reply, ask, say
from handlers.routing import as_replies, router
from handlers.speaking.texts import in_words

PICTURE = "check_in"
"""The kind of drawing that `bot/drawings.py` knows a code by."""

MOST_NAMED = 10
"""Names that are said back. Of more, how many."""

REPORT = "grievances.report"
COMING = frozenset({"code", "roll"})
"""What may also be asked about an event that is still to come."""


# --- said ---------------------------------------------------------------------------------------------------


@router.command("market.mark_in")
@privately
def mark_in(message: Message, community: Community, words: str = "") -> Replies:
    """「签到 许大勇 邓雅琴」; from those who lead nothing it is their own 「签到」."""
    if not _leads(message, community) and words in (message.person.name, "我", "自己"):
        return without_code(message, community)
    if not _leads(message, community) and any(each.isdigit() for each in words):
        raise Refused("market_day.four_digits")
    return _begin("in", words, message, community)


@router.command("market.mark_out")
@privately
def mark_out(message: Message, community: Community, words: str = "") -> Replies:
    """「签退 许大勇」."""
    return _begin("out", words, message, community)


@router.command("market.mark_missed")
def mark_missed(message: Message, community: Community, words: str = "") -> Replies:
    """「没来 许大勇」; 「没来 电」 is a trouble."""
    if not _leads(message, community) and categories(message.text)[0].score >= SURE:
        return as_replies(router.run(Heard(REPORT, {"words": message.text}), message, community))
    return as_replies(_missed(message, community, words=words))


@privately
def _missed(message: Message, community: Community, words: str) -> Replies:
    return _begin("miss", words, message, community)


@router.command("market.all_in")
@privately
def all_in(message: Message, community: Community, event: str = "") -> Replies:
    """「全到」."""
    return _begin("all_in", event, message, community)


@router.command("market.all_out")
@privately
def all_out(message: Message, community: Community, event: str = "") -> Replies:
    """「全退」 「都走了」."""
    return _begin("all_out", event, message, community)


@router.command("market.roll")
@privately
def roll(message: Message, community: Community, event: str = "") -> Replies:
    """「活动名单」 「名单 E012」."""
    return _begin("roll", event, message, community)


@router.command("market.show_code")
@privately
def show_code(message: Message, community: Community, event: str = "") -> Replies:
    """「签到码」 「签到码 E012」."""
    return _begin("code", event, message, community)


@router.command("market.count_numbers")
@privately
def count_numbers(message: Message, community: Community, words: str = "") -> Replies:
    """「到号 量血压 1-35」: numbers that were served at a stall."""
    return _begin("numbers", words, message, community)


# --- which event --------------------------------------------------------------------------------------------


def _leads(message: Message, community: Community) -> bool:
    try:
        return bool(community.market.day.meant(message.person, None, message.received_at, coming=True))
    except Refused:
        return False


def _begin(deed: str, words: str, message: Message, community: Community) -> Replies:
    """Of the one event that may be meant; else it is asked which."""
    event_id, rest = split_event(words)
    found = community.market.day.meant(message.person, event_id, message.received_at, coming=deed in COMING)
    if len(found) == 1:
        return _DEEDS[deed](found[0], rest, message, community)
    lines = [
        f"{sign} {each.name},{clock(each.begins_at, community)}" for sign, each in zip(CIRCLED, found, strict=False)
    ]
    about: dict[str, Plain] = {"deed": deed, "words": rest}
    about |= {f"event{number}": each.id for number, each in enumerate(found[: len(NUMBERS)], start=1)}
    return [ask("market_day.which_event", "market.which_roll", about, lines="\n".join(lines))]


@router.answer("market.which_roll", *NUMBERS, stays_open=True, optional=True)
def event_chosen(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """Which event was meant."""
    event_id = question.about.get(f"event{choice}")
    if event_id is None:
        return [_once_more(question)]
    return _begin(str(question.about["deed"]), f"E{event_id} {question.about['words']}", message, community)


# --- whom ---------------------------------------------------------------------------------------------------


def _mark(deed: Deed, event: Event, words: str, message: Message, community: Community) -> Replies:
    """Those who are known are marked at once; of those who are not it is said; of two alike it is asked which."""
    helpers = community.market.day.roll(event).called
    by_name = _by_name(helpers, community)
    called = hear_names(words, by_name)
    if not called:
        raise Refused(f"market_day.whom_{deed}")
    clear, unclear, unknown = _sorted_out(called, by_name)
    ids = {each.sign_up.id for each in clear}
    marked = community.market.day.mark(message.person, event.id, deed, ids, message.received_at)
    replies = _marked(deed, marked, unknown, message, community)
    return [*replies, *_ask_which(deed, event, unclear, by_name, community)]


def _by_name(helpers: Iterable[Helper], community: Community) -> Mapping[str, list[Helper]]:
    """Helpers by what they are called, as messages are compared."""
    found: dict[str, list[Helper]] = {}
    for each in helpers:
        found.setdefault(normalise(_called(each, community)), []).append(each)
    return found


def _called(helper: Helper, community: Community) -> str:
    if not helper.sign_up.companion:
        return helper.name
    return in_words("market_day.companion_of", community, name=helper.name)


def _sorted_out(
    called: Iterable[Called], by_name: Mapping[str, list[Helper]]
) -> tuple[list[Helper], list[Called], list[str]]:
    """Whose names are clear, which may be several people's, and which are nobody's.

    Companions of one person are alike: all of them are meant.
    """
    clear: list[Helper] = []
    unclear: list[Called] = []
    unknown: list[str] = []
    for each in called:
        meant = [helper for name in each.names for helper in by_name[name]]
        if not meant:
            unknown.append(each.said)
        elif len(meant) == 1 or all(helper.sign_up.companion for helper in meant):
            clear += meant
        else:
            unclear.append(each)
    return clear, unclear, unknown


def _ask_which(
    deed: Deed,
    event: Event,
    unclear: Sequence[Called],
    by_name: Mapping[str, list[Helper]],
    community: Community,
) -> Replies:
    if not unclear:
        return []
    first, *rest = unclear
    meant = [helper for name in first.names for helper in by_name[name]][: len(NUMBERS)]
    lines = [_choice(sign, each, community) for sign, each in zip(CIRCLED, meant, strict=False)]
    about: dict[str, Plain] = {"deed": deed, "event": event.id, "rest": " ".join(each.said for each in rest)}
    about |= {f"helper{number}": each.sign_up.id for number, each in enumerate(meant, start=1)}
    return [ask("market_day.which_helper", "market.which_helper", about, name=first.said, lines="\n".join(lines))]


def _choice(sign: str, helper: Helper, community: Community) -> str:
    person = community.people.by_id(helper.sign_up.person_id) if helper.sign_up.person_id else None
    node = community.tree.nodes.get(person.node_id or "") if person else None
    home = in_words("market_day.home", community, home=node.name) if node else ""
    name = _called(helper, community)
    return in_words("market_day.helper_choice", community, number=sign, name=name, home=home, stall=helper.stall.name)


@router.answer("market.which_helper", *NUMBERS, stays_open=True, optional=True)
def helper_chosen(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """Which of those with the same name; then the next such name."""
    about = question.about
    sign_up_id = about.get(f"helper{choice}")
    if sign_up_id is None:
        return [_once_more(question)]
    deed, event_id = Deed(str(about["deed"])), int(str(about["event"]))
    marked = community.market.day.mark(message.person, event_id, deed, {int(sign_up_id)}, message.received_at)
    replies = _marked(deed, marked, [], message, community)
    rest = str(about["rest"])
    return [*replies, *_mark(deed, marked.event, rest, message, community)] if rest else replies


# --- said back ----------------------------------------------------------------------------------------------


def _marked(deed: Deed, marked: Marked, unknown: Sequence[str], message: Message, community: Community) -> Replies:
    lines = [
        _done(deed, marked, community),
        ";".join(_others(marked.others, community)) + "\u3002" if marked.others else "",
        in_words("market_day.unknown", community, names="\u3001".join(unknown[:MOST_NAMED])) if unknown else "",
    ]
    said = "\n".join(line for line in lines if line)
    return [*([say("market_day.marked", lines=said)] if said else []), *stars(marked.out, message, community)]


def _done(deed: Deed, marked: Marked, community: Community) -> str:
    if not marked.done:
        return ""
    key = f"market_day.done_{deed}_whole" if marked.whole else f"market_day.done_{deed}"
    return in_words(key, community, count=len(marked.done), names=_names(marked.done, community))


def _names(helpers: Sequence[Helper], community: Community) -> str:
    """Who, in short; empty for many."""
    if len(helpers) > MOST_NAMED:
        return ""
    return in_words("market_day.names", community, names=_listed(helpers, community))


def _listed(helpers: Iterable[Helper], community: Community) -> str:
    return "\u3001".join(_called(each, community) for each in helpers)


def _others(helpers: Sequence[Helper], community: Community) -> list[str]:
    """Who was not marked, by what they are already."""
    states = dict.fromkeys(each.sign_up.state for each in helpers)
    return [
        in_words(
            f"market_day.is_{state}",
            community,
            names=_listed([each for each in helpers if each.sign_up.state is state][:MOST_NAMED], community),
        )
        for state in states
    ]


def _mark_all(deed: Deed, event: Event, words: str, message: Message, community: Community) -> Replies:
    marked = community.market.day.mark(message.person, event.id, deed, None, message.received_at)
    if not marked.done:
        raise Refused(f"market_day.nobody_{deed}", event=event.name)
    return _marked(deed, marked, [], message, community)


def _show_code(event: Event, words: str, message: Message, community: Community) -> Replies:
    opens = clock(opens_at(event), community)
    return [
        say(
            "market_day.code",
            pictures=(f"{PICTURE}:{event.id}",),
            event=event.name,
            day=event_day(event, community),
            code=event.code,
            opens=opens,
        )
    ]


def _show_roll(event: Event, words: str, message: Message, community: Community) -> Replies:
    """Names are for those who lead: a message for the helpers, and one for the numbers of each stall."""
    found = community.market.day.roll(event)
    lines = [_stall_line(stall, found, community) for stall in found.stalls if stall.helpers]
    head = say(
        "market_day.roll",
        number=event.number,
        lines="\n".join(lines) or in_words("market_day.roll_nobody_helps", community),
        shows=[Shown(f"event:{event.id}", "names")],
        **event_values(event, community),
    )
    numbers = [_numbers_line(stall, found, community) for stall in found.stalls]
    return [head, *(say("market_day.roll_of_visitors", line=line) for line in numbers if line)]


def _stall_line(stall: Stall, found: Roll, community: Community) -> str:
    here = [each for each in found.helpers if each.stall.id == stall.id]
    states = dict.fromkeys(sorted((each.sign_up.state for each in here), key=list(SignUpState).index))
    parts = [
        in_words(
            f"market_day.state_{state}",
            community,
            names=_listed([each for each in here if each.sign_up.state is state], community),
        )
        for state in states
    ]
    kept = sum(each.sign_up.state is not SignUpState.WAITING for each in here)
    who = ";".join(parts) or in_words("market_day.roll_nobody", community)
    return in_words("market_day.roll_stall", community, stall=stall.name, kept=kept, places=stall.helpers, who=who)


def _numbers_line(stall: Stall, found: Roll, community: Community) -> str:
    here = [each for each in found.visitors if each.stall.id == stall.id and each.sign_up.place]
    here.sort(key=lambda each: each.sign_up.place or 0)
    if not here:
        return ""
    who = "\u3001".join(_numbered(each, community) for each in here)
    values = {"stall": stall.name, "count": len(here), "who": who}
    if len(found.stalls) == 1:
        return in_words("market_day.roll_attending", community, **values)
    return in_words("market_day.roll_numbers", community, **values)


def _numbered(helper: Helper, community: Community) -> str:
    sign_up = helper.sign_up
    item = in_words("market_day.with_item", community, item=sign_up.item) if sign_up.item else ""
    came = in_words("market_day.number_came", community) if sign_up.state in THERE else ""
    return f"{sign_up.place} {_called(helper, community)}{item}{came}"


def _count(event: Event, words: str, message: Message, community: Community) -> Replies:
    stalls = [each for each in community.market.day.roll(event).stalls if each.visitors]
    name, said = find_stall(words, [each.name for each in stalls], phrasebook.load().words["stalls_alike"])
    stall = next((each for each in stalls if each.name == name), stalls[0] if len(stalls) == 1 else None)
    if stall is None:
        raise Refused("market_day.numbers_of_which", stalls="\u3001".join(each.name for each in stalls))
    numbers = hear_numbers(words.replace(said, " ") if said else words)
    if not numbers:
        raise Refused("market_day.which_numbers", stall=stall.name)
    came, total = community.market.day.count_numbers(message.person, event.id, stall.id, numbers, message.received_at)
    return [say("market_day.numbers_came", stall=stall.name, count=came, total=total)]


def _once_more(question: Question) -> Reply:
    return ask(question.prompt_key, question.kind, question.about, **question.prompt_values)


def _marks(deed: Deed) -> "_Deed":
    return lambda event, words, message, community: _mark(deed, event, words, message, community)


def _marks_all(deed: Deed) -> "_Deed":
    return lambda event, words, message, community: _mark_all(deed, event, words, message, community)


_Deed = Callable[[Event, str, Message, Community], Replies]

_DEEDS: Mapping[str, _Deed] = {
    "in": _marks(Deed.IN),
    "out": _marks(Deed.OUT),
    "miss": _marks(Deed.MISS),
    "all_in": _marks_all(Deed.IN),
    "all_out": _marks_all(Deed.OUT),
    "roll": _show_roll,
    "code": _show_code,
    "numbers": _count,
}
