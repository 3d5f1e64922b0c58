"""The resident's side: solved or not, the mark, looking up, urging, withdrawing."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from community import Community
from community.grievances import Grievance, Outcome
from community.grievances.meant import Hint
from community.grievances.outcomes import Left, PlaceMissing, Progress, Reopened
from community.grievances.steps import UNHANDLED, Satisfaction, State, Step
from community.grievances.verdicts import awaits_word
from community.parts.notice import Urgency
from community.parts.questions import Question
from community.people import Person
from community.phone_list import Reason
from handlers import phrasebook
from handlers.grievances.intake import add, ask_confirm, ask_place, report_again
from handlers.grievances.which import CHOICES, chosen, forget, hint, let_choose, place_shown, read_name
from handlers.grievances.wording import (
    PLACE,
    QUOTE,
    ask_verdict,
    deadlines,
    mark,
    named,
    no_longer_asked,
    resident_name,
    shows,
    title,
    to_each,
)
from handlers.hearing.choices import read_choice
from handlers.hearing.openings import leaves_something
from handlers.messages import Message, Plain, Replies, Reply, ask, say, say_in_group
from handlers.routing import router
from handlers.speaking.texts import shorten

Deed = Callable[[int, Message, Community], Replies | Reply]
Find = Callable[[Person, Hint, datetime], Sequence[Grievance]]
"""Those of a person that can be meant, by what they named."""

VERDICTS = (Step.SOLVED, Step.PARTLY, Step.UNSOLVED)
MARKS = tuple(each.name.lower() for each in Satisfaction)

MAY_BE_LATE = frozenset({State.REPORTED, State.ACCEPTED, State.REOPENED})
"""Where the clock runs."""
_NUMBER_OF_CASE = re.compile(r"(?:编号|单号|第)?\s*\d{3,9}\s*号?")
_MARKS = " ,.:!~\u3001\u3002\uff0c\uff1a\uff01"
_IN_PART = re.compile("没有?(?:完全|完|全)(?!没)")
SHORTEST_MORE = 6
"""Characters of what was said, from which it says more than that it is not solved."""

_NUMBER_OF_ANSWER = re.compile(r"^[\d\s]+[,.\u3001\u3002\uff0c\s]*")


@router.answer("grievances.verdict", *VERDICTS, in_passing=True)
def verdict(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """The resident's word."""
    said = _beside_the_choice(message, question.kind, VERDICTS)
    step = Step.PARTLY if choice == Step.SOLVED and leaves_something(message.text) else Step(choice)
    return _judge(question.about["number"], step, said, message, community)


def _judge(number: int, step: Step, said: str, message: Message, community: Community) -> Replies:
    """What comes of the resident's word; what was `said` beside it goes along."""
    outcome = community.grievances.verdicts.judge(number, message.person, step, message.received_at, said)
    if not isinstance(outcome, Reopened):
        return [_ask_rating(outcome.grievance, community)]
    values: dict[str, Any] = {
        "number": number,
        "mark": mark(outcome.grievance),
        "place": outcome.grievance.place,
        "words": shorten(outcome.grievance.words, QUOTE),
        "shows": shows(outcome.grievance, "place,words"),
    }
    return [
        say("grievances.reopened", number=number),
        *to_each(outcome.tell, f"grievances.reopened_{step}", **values),
        *_added(outcome.grievance, said, outcome.tell),
        *to_each(outcome.joined, "grievances.reopened_joined", number=number),
    ]


def _beside_the_choice(message: Message, kind: str, options: Sequence[str]) -> str:
    """The words of an answer that says more than it chooses; of one that only chooses, nothing."""
    ways = phrasebook.load().answers[kind]
    return "" if read_choice(message.text, options, ways) is not None else _NUMBER_OF_ANSWER.sub("", message.words)


def _added(grievance: Grievance, said: str, people: Iterable[str]) -> Replies:
    if not said:
        return []
    values: dict[str, Any] = {"number": grievance.number, "words": shorten(said, QUOTE)}
    return to_each(people, "grievances.added_for_others", **values, shows=shows(grievance, "words"))


@router.answer("grievances.rating", *MARKS, in_passing=True)
def rating(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """The resident's mark closes it; those who joined are told and may rate too."""
    number, mark = question.about["number"], Satisfaction[choice.upper()]
    if question.about.get("joined"):
        return _rated_joined(number, mark, message, community)
    said = _beside_the_choice(message, question.kind, MARKS)
    outcome = community.grievances.verdicts.rate(number, message.person, mark, message.received_at, said)
    unnamed = bool(outcome.call_back) and outcome.grievance.anonymous
    replies = [
        say("grievances.closed_unnamed" if unnamed else "grievances.closed", number=number),
        *to_each(outcome.tell, f"grievances.closed_{choice}", number=number),
        *_added(outcome.grievance, said, outcome.tell),
        *(ask_rating_joined(outcome.grievance, each, community) for each in outcome.joined),
    ]
    if unnamed:  # nobody who could phone knows whom: the resident decides
        return [*replies, *to_each(outcome.call_back, "grievances.call_back_unnamed", number=number)]
    if outcome.call_back:
        community.phone_list.add(message.person, Reason.DISSATISFIED, message.received_at)
        resident = resident_name(outcome.grievance, community)
        known: dict[str, Any] = {"resident": resident, "shows": shows(outcome.grievance, "resident")}
        replies += to_each(outcome.call_back, "grievances.call_back", number=number, **known)
    return replies


def _rated_joined(number: int, mark: Satisfaction, message: Message, community: Community) -> Replies:
    """The mark of a neighbour who had joined: a bad one is asked about as well."""
    outcome = community.grievances.verdicts.rate_joined(number, message.person, mark, message.received_at)
    if not outcome.call_back:
        return [say("grievances.thanks")]
    community.phone_list.add(message.person, Reason.DISSATISFIED, message.received_at)
    known: dict[str, Any] = {"resident": message.person.name, "shows": shows(outcome.grievance, "joined")}
    called = to_each(outcome.call_back, "grievances.call_back", number=number, **known)
    return [say("grievances.thanks"), *called]


@router.when_back("grievances.rating")
def think_again(message: Message, community: Community, question: Question) -> Reply:
    """Back from the mark to the question before it."""
    grievance = community.grievances.verdicts.take_back(question.about["number"], message.person, message.received_at)
    return ask_verdict(grievance, community)


@router.command("grievances.look_up")
def look_up(message: Message, community: Community, number: int | None = None) -> Replies:
    """Who has it, at which step, until when; without a number, of what one told of or follows."""
    if number is not None:
        return _look_up(number, message, community)
    known = community.grievances.verdicts
    found = known.to_look_up(message.person, hint(message, community), message.received_at)
    if len(found) == 1:
        return _look_up(found[0].number, message, community)
    in_group = [] if all(each.private for each in found) else [say_in_group("grievances.look_up_in_group")]
    return [*in_group, let_choose("look_up", found, message, community)]


def _look_up(number: int, message: Message, community: Community) -> Replies:
    progress = community.grievances.verdicts.look_up(number, message.person)
    into = progress.grievance.number
    in_group = [] if progress.grievance.private else [say_in_group("grievances.look_up_in_group")]
    merged = [] if into == number else [say("grievances.progress_merged", number=number, into=into)]
    return [*in_group, *merged, *_progress(progress, community, message.received_at)]


@router.answer("grievances.which", *CHOICES, otherwise=read_name, optional=True)
def which(message: Message, community: Community, question: Question, choice: str) -> Replies | Reply:
    """The one that was meant."""
    deed, found = str(question.about["deed"]), chosen(question, choice, message, community)
    if len(found) > 1:
        return let_choose(deed, found, message, community)
    return _DEEDS[deed](found[0].number, message, community)


def _do(deed: str, number: int | None, find: Find, message: Message, community: Community) -> Replies | Reply:
    """Does something with the case of this number; without one, with the only one that can be meant."""
    if number is None:
        found = find(message.person, hint(message, community), message.received_at)
        if len(found) > 1:
            return let_choose(deed, found, message, community)
        number = found[0].number
    return _DEEDS[deed](number, message, community)


@router.command("grievances.urge")
def urge(message: Message, community: Community, number: int | None = None) -> Replies | Reply:
    """「催 0012」: once a day."""
    return _do("urge", number, community.grievances.verdicts.to_urge, message, community)


def _urge(number: int, message: Message, community: Community) -> Replies:
    known = community.grievances.verdicts.known(number, message.person)
    if known.resident_id == message.person.id and awaits_word(known):
        return _look_up(number, message, community)
    outcome = community.grievances.verdicts.urge(number, message.person, message.received_at)
    grievance = outcome.grievance
    values: dict[str, Any] = {
        "number": grievance.number,
        "place": grievance.place,
        "resolve_by": grievance.resolve_by,
        "shows": shows(grievance, "place"),
    }
    key = "grievances.urge_passed_up" if outcome.above else "grievances.urge_passed_on"
    return [
        say(key, number=grievance.number),
        *to_each(outcome.handlers, "grievances.urged", **values),
        *to_each(outcome.above, "grievances.urged_above", **values),
    ]


@router.command("grievances.unsolved")
def unsolved(message: Message, community: Community, number: int | None = None, words: str = "") -> Replies | Reply:
    """「没解决 0012」, also long after it was asked."""
    return _do("unsolved", number, community.grievances.verdicts.to_reopen, message, community)


def _unsolved(number: int, message: Message, community: Community) -> Replies | Reply:
    """Reopens what is handled; what is solved and closed begins anew; what is worked on is urged."""
    grievance = community.grievances.verdicts.known(number, message.person)
    said = _NUMBER_OF_CASE.sub("", message.words).strip(_MARKS)
    if grievance.state in UNHANDLED:
        return _urge(number, message, community)
    if grievance.resident_id != message.person.id and grievance.ended_at is None:
        return add(message, community, number, message.words)
    if awaits_word(grievance):
        return _reopen(grievance, said, message, community)
    if grievance.state is State.CLOSED and grievance.resident_id == message.person.id:
        about: dict[str, Plain] = {"number": number, "said": said}
        return ask("grievances.ask_anew", "grievances.anew", about, number=number)
    return _look_up(number, message, community)


def solved(number: int, message: Message, community: Community) -> Replies:
    """「0012 解决了」, said by its resident."""
    no_longer_asked(community.grievances.verdicts.known(number, message.person), community, message.received_at)
    return _judge(number, Step.SOLVED, "", message, community)


def _reopen(grievance: Grievance, said: str, message: Message, community: Community) -> Replies:
    """Not solved, or not all of it, whatever was said before the mark."""
    no_longer_asked(grievance, community, message.received_at)
    if grievance.state is State.CONFIRMED:
        community.grievances.verdicts.take_back(grievance.number, message.person, message.received_at)
    step = Step.PARTLY if _IN_PART.search(said) else Step.UNSOLVED
    more = said if len(said) > SHORTEST_MORE else ""
    return _judge(grievance.number, step, more, message, community)


@router.answer("grievances.anew", "yes", "no", optional=True)
def anew(message: Message, community: Community, question: Question, choice: str) -> Replies | Reply:
    """The same again, after it was solved: with the words of then and of now."""
    number, said = question.about["number"], str(question.about["said"])
    if choice == "no":
        return say("grievances.kept_closed")
    before = community.grievances.verdicts.known(number, message.person)
    return report_again(before, said, message, community)


@router.command("grievances.withdraw")
def withdraw(message: Message, community: Community, number: int | None = None) -> Replies:
    """「撤回 0012」; without a number it is asked which, or whether it is this one."""
    if number is not None:
        return _withdraw(number, message, community)
    found = community.grievances.verdicts.to_withdraw(message.person, hint(message, community), message.received_at)
    if len(found) > 1:
        return [let_choose("withdraw", found, message, community)]
    return _ask_sure(found[0], message, community)


def _ask_sure(grievance: Grievance, message: Message, community: Community) -> Replies:
    """Whether it is this one. Raises `Refused` where it cannot be withdrawn anyway."""
    if grievance.ended_at is not None:
        return _withdraw(grievance.number, message, community)
    forget(message, community)
    own = grievance.resident_id == message.person.id
    if own:
        community.grievances.verdicts.check_withdrawn(grievance)
    sure = ask(
        "grievances.sure_withdraw" if own else "grievances.sure_leave",
        "grievances.sure",
        {"number": grievance.number},
        number=grievance.number,
        category=title(grievance.category),
        place=shorten(place_shown(grievance, community, own=own), PLACE),
    )
    return [sure]


@router.answer("grievances.sure", "yes", "no", optional=True)
def sure(message: Message, community: Community, question: Question, choice: str) -> Replies | Reply:
    """Whether that one is to be withdrawn, or left."""
    number = question.about["number"]
    return _withdraw(number, message, community) if choice == "yes" else say("grievances.kept", number=number)


@router.command("grievances.leave")
def leave(message: Message, community: Community, number: int | None = None) -> Replies | Reply:
    """「不跟进了 0012」."""
    return _do("leave", number, community.grievances.verdicts.to_leave, message, community)


def _leave(number: int, message: Message, community: Community) -> Replies:
    community.grievances.verdicts.leave(number, message.person, message.received_at)
    return [say("grievances.left", number=number)]


def _withdraw(number: int, message: Message, community: Community) -> Replies:
    outcome = community.grievances.verdicts.withdraw(number, message.person, message.received_at)
    if isinstance(outcome, Left):
        return [say("grievances.left", number=number)]
    no_longer_asked(outcome.grievance, community, message.received_at)
    return [
        say("grievances.withdrawn", number=number),
        *to_each(outcome.tell, "grievances.withdrawn_for_staff", number=number),
        *to_each(outcome.joined, "grievances.draft_dropped_joined", number=number),
    ]


def ask_rating_joined(
    grievance: Grievance, person_id: str, community: Community, *, urgency: Urgency = Urgency.NOTICE
) -> Reply:
    """Somebody who joined may rate too, once it is closed."""
    return ask(
        "grievances.ask_rating_joined",
        "grievances.rating",
        {"number": grievance.number, "joined": True},
        to=person_id,
        open_for=community.rules.verdict_open,
        urgency=urgency,
        named=named(grievance),
    )


def _ask_rating(grievance: Grievance, community: Community) -> Reply:
    about: dict[str, Plain] = {"number": grievance.number}
    open_for = community.rules.verdict_open
    return ask("grievances.ask_rating", "grievances.rating", about, open_for=open_for, named=named(grievance))


def _progress(progress: Progress, community: Community, now: datetime) -> Replies:
    grievance = progress.grievance
    if progress.is_own and awaits_word(grievance) and grievance.state is not State.CONFIRMED:
        return [_ask_here(grievance, community)]
    if progress.is_own and grievance.state is State.DRAFT:
        return [ask_confirm(grievance)] if grievance.place_id else ask_place(PlaceMissing(grievance))
    place = place_shown(grievance, community, own=progress.knows_place)
    if grievance.outcome is Outcome.UNANSWERED:
        return [say("grievances.progress_unanswered", number=grievance.number, place=place)]
    if grievance.state is State.WITHDRAWN and grievance.level_id is None:
        return [say("grievances.progress_dropped", number=grievance.number)]
    runs = grievance.state in MAY_BE_LATE
    late = "_late" if runs and community.grievances.verdicts.cases.is_late(grievance, now) else ""
    return [
        say(
            f"grievances.progress_{grievance.state}{late}",
            number=grievance.number,
            place=place,
            holder=progress.holder or "社区",
            deadlines=deadlines(grievance, for_resident=progress.is_own),
            resolve_by=grievance.resolve_by,
            into=grievance.merged_into or 0,
        )
    ]


def _ask_here(grievance: Grievance, community: Community) -> Reply:
    return ask(
        "grievances.ask_verdict_again",
        "grievances.verdict",
        {"number": grievance.number},
        open_for=community.rules.verdict_open,
        named=named(grievance),
    )


_DEEDS: Mapping[str, Deed] = {
    "look_up": _look_up,
    "urge": _urge,
    "unsolved": _unsolved,
    "withdraw": _withdraw,
    "leave": _leave,
}
"""What can be asked for without a number."""
