"""The staff's commands: 接, 派, 协办, 退回, 问, 办结, 合并, 拆开."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from community import Community
from community.grievances import Grievance
from community.parts.notice import Urgency
from community.parts.questions import Question
from community.refused import Refused
from handlers.grievances.verdicts import solved
from handlers.grievances.wording import (
    QUOTE,
    as_typed,
    ask_verdict,
    case,
    case_in_full,
    dispatched,
    named,
    no_longer_asked,
    shows,
    to_each,
    to_resident,
)
from handlers.hearing.times import find_when
from handlers.messages import Message, Replies, Reply, ask, say
from handlers.routing import router
from handlers.speaking.texts import shorten

MOST_NUMBERS = 6
"""Numbers that are listed to choose from."""

_LINE_OF_RECORD = re.compile(r"\s*第?\s*(?P<line>\d{1,3})\s*条?[\s,,]*(?P<when>.+)", re.DOTALL)
_PROPOSAL = re.compile(
    r"^(?P<reason>.*?)[\s,，。;；]*建议(?:转给|转|派给|给|由|派)?\s*(?P<proposed>\S+?)(?:办理|来办|办)?[\s。.!]*$",
    re.DOTALL,
)


@router.command("grievances.accept")
def accept(message: Message, community: Community, number: int | None = None) -> Replies:
    """A responsible person takes it; without a number, the only one that waits for them."""
    if number is None:
        number = _only(community.grievances.lists.to_accept(message.person), "accept")
    outcome = community.grievances.handling.accept(number, message.person, message.received_at)
    grievance = outcome.grievance
    accepted = "grievances.accepted_unnamed" if grievance.anonymous else "grievances.accepted"
    return [
        say(
            "grievances.yours_now",
            pictures=outcome.photos,
            **case_in_full(grievance, community),
        ),
        *_to_followers(grievance, outcome.tell, accepted, handler=outcome.handler),
        *to_each([outcome.lead] if outcome.lead else (), "grievances.lead", number=number, handler=outcome.handler),
        *to_each(outcome.others, "grievances.accepted_for_others", number=number, handler=outcome.handler),
    ]


@router.command("grievances.assign")
def assign(message: Message, community: Community, number: int, words: str) -> Replies:
    """「派 0012 给 物业」."""
    wanted = words.strip()
    outcome = community.grievances.handling.assign(number, message.person, wanted, message.received_at)
    grievance = outcome.grievance
    to_handler = say(
        "grievances.assigned_to_you",
        to=outcome.handler.person_id,
        pictures=outcome.photos,
        **case_in_full(grievance, community),
    )
    told = [
        *_to_followers(grievance, outcome.tell, "grievances.assigned_resident", handler=outcome.handler),
        *to_each(outcome.others, "grievances.assigned_for_others", number=number, handler=outcome.handler),
    ]
    if outcome.handler.person_id == message.person.id:
        return [to_handler, *told]
    return [
        say("grievances.assigned", number=number, handler=outcome.handler, resolve_by=grievance.resolve_by),
        to_handler,
        *told,
    ]


@router.command("grievances.help")
def help_with(message: Message, community: Community, number: int, words: str) -> Replies:
    """「协办 0012 业委会」."""
    outcome = community.grievances.handling.help(number, message.person, words.strip(), message.received_at)
    return [
        say("grievances.helping", number=number, helper=outcome.helper),
        say("grievances.help_wanted", to=outcome.helper.person_id, **case(outcome.grievance)),
        *to_each(outcome.tell, "grievances.helped_by", number=number, helper=outcome.helper),
    ]


@router.command("grievances.give_back")
def give_back(message: Message, community: Community, number: int, words: str = "") -> Replies:
    """「退回 0012 原因… 建议 街道」."""
    said = as_typed(message, words)
    found = _PROPOSAL.match(said)
    reason, proposed = (found["reason"].strip(), found["proposed"]) if found else (said, "")
    outcome = community.grievances.handling.give_back(number, message.person, reason, proposed, message.received_at)
    holder = outcome.now_with.people[0]
    key = "grievances.passed_on" if outcome.by_proposal else "grievances.went_up"
    told = {*outcome.now_with.ids, message.person.id}
    lead = [outcome.lead] if outcome.lead and outcome.lead not in told else []
    return [
        say("grievances.given_back", number=number, holder=holder),
        *to_each(outcome.now_with.ids, key, reason=reason, **case(outcome.grievance)),
        *to_each(lead, "grievances.given_back_lead", number=number, holder=holder, reason=reason),
        *to_each(outcome.tell, "grievances.given_back_resident", number=number, holder=holder),
    ]


@router.command("grievances.move")
def move(message: Message, community: Community, number: int, words: str = "") -> Replies:
    """「移交 0012 到 和平社区 住在那边」."""
    wanted, _, reason = as_typed(message, words).partition(" ")
    outcome = community.grievances.handling.move(
        number, message.person, wanted.strip("，,、:\uff1a"), reason.strip(), message.received_at
    )
    no_longer_asked(outcome.grievance, community, message.received_at)
    holder, node = outcome.responsible.people[0], outcome.node.name
    return [
        say("grievances.moved", number=number, node=node, holder=holder),
        *dispatched(outcome.grievance, outcome.responsible.ids),
        *_to_followers(outcome.grievance, outcome.tell, "grievances.moved_resident", node=node, holder=holder),
    ]


@router.command("grievances.ask")
def ask_resident(message: Message, community: Community, number: int, words: str = "") -> Replies:
    """「问 0012 几点在家」: the clock stands still until the answer."""
    outcome = community.grievances.handling.ask(number, message.person, as_typed(message, words), message.received_at)
    return [
        say("grievances.asked", number=number),
        ask_for_handler(outcome.grievance, outcome.words, community, urgency=Urgency.NOTICE),
    ]


def ask_for_handler(grievance: Grievance, words: str, community: Community, *, urgency: Urgency) -> Reply:
    """What the handler wants to know from the resident."""
    return ask(
        "grievances.question",
        "grievances.answer",
        {"number": grievance.number},
        to=grievance.resident_id,
        open_for=community.rules.verdict_open,
        urgency=urgency,
        fallback_group=grievance.group,
        named=named(grievance),
        words=words,
    )


@router.answer("grievances.answer")
def answered(message: Message, community: Community, question: Question, words: str) -> Replies:
    """The resident's answer to the handler."""
    number = question.about["number"]
    outcome = community.grievances.verdicts.answer(number, message.person, words, message.received_at)
    return [
        say("grievances.answer_passed_on"),
        *to_each(
            outcome.tell,
            "grievances.answered",
            number=number,
            words=words,
            resolve_by=outcome.grievance.resolve_by,
            shows=shows(outcome.grievance, "words"),
        ),
    ]


@router.command("grievances.finish")
def finish(message: Message, community: Community, number: int | None = None, words: str = "") -> Replies:
    """The handler has done it; the resident is asked."""
    if number is None:
        number = _only(community.grievances.lists.to_finish(message.person), "finish")
    if community.grievances.verdicts.awaits_word_of(number, message.person):
        return solved(number, message, community)
    said = as_typed(message, words)
    outcome = community.grievances.handling.finish(number, message.person, said, message.received_at)
    no_longer_asked(outcome.grievance, community, message.received_at)
    return [
        say("grievances.finished", number=number),
        ask_verdict(outcome.grievance, community, said),
        *to_each(outcome.joined, "grievances.handled_for_joined", number=number),
        *to_each(
            outcome.others,
            "grievances.finished_for_others",
            number=number,
            handler=outcome.handler,
            note=shorten(said, QUOTE),
        ),
    ]


@router.command("grievances.merge")
def merge(message: Message, community: Community, number: int, into: int) -> Replies:
    """「合并 0130 到 0123」."""
    outcome = community.grievances.handling.merge(number, into, message.person, message.received_at)
    no_longer_asked(outcome.grievance, community, message.received_at)
    values: dict[str, Any] = {"number": number, "into": into, "households": outcome.into.households}
    return [
        say("grievances.merged", **values),
        *to_each(outcome.at_work, "grievances.merged", **values),
        *to_each(outcome.tell, "grievances.merged_resident", number=number, into=into),
    ]


@router.command("grievances.split")
def split(message: Message, community: Community, number: int) -> Replies:
    """「拆开 0130」."""
    outcome = community.grievances.handling.split(number, message.person, message.received_at)
    return [
        say("grievances.split", number=number),
        to_resident(outcome.grievance, "grievances.split_resident", number=number),
        *to_each(outcome.tell[1:], "grievances.split_resident", number=number),
        *dispatched(outcome.grievance, outcome.responsible.ids if outcome.responsible else ()),
    ]


@router.command("grievances.correct")
def correct(message: Message, community: Community, number: int, words: str = "") -> Replies:
    """「更正 0012 第3条 12月3日9点」: something happened at another time than the record says."""
    found = _LINE_OF_RECORD.match(words)
    when = _in_the_past(found["when"], message.received_at.astimezone(community.rules.zone)) if found else None
    if found is None or when is None:
        raise Refused("grievances.correct_how", number=number)
    line = int(found["line"])
    outcome = community.grievances.handling.correct(number, line, message.person, when, message.received_at)
    resolve_by = outcome.grievance.resolve_by or when
    return [
        say("grievances.corrected", number=number, line=line, moment=when, resolve_by=resolve_by),
        *to_each(outcome.tell, "grievances.deadline_moved", number=number, resolve_by=resolve_by),
    ]


def _only(waiting: Sequence[Grievance], deed: str) -> int:
    """The one that a command without a number means. Raises `Refused` where there is none, or more than one."""
    if not waiting:
        raise Refused(f"grievances.nothing_to_{deed}")
    if len(waiting) > 1:
        numbers = "\u3001".join(f"{each.number:04}" for each in waiting[:MOST_NUMBERS])
        raise Refused(f"grievances.several_to_{deed}", count=len(waiting), numbers=numbers)
    return waiting[0].number


def _in_the_past(text: str, now: datetime) -> datetime | None:
    """The hour that a text names, the last such one: a bare 周四 is not the next."""
    for before in (timedelta(), timedelta(days=7), timedelta(days=300)):
        found = find_when(text, now - before)
        if found is not None and not found.whole_day and found.start <= now:
            return found.start
    return None


def _to_followers(grievance: Grievance, people: tuple[str, ...], key: str, **values: Any) -> Replies:
    """The resident and all who joined hear of a step."""
    told: dict[str, Any] = {
        "number": grievance.number,
        "named": named(grievance),
        "resolve_by": grievance.resolve_by,
    }
    others = [each for each in people if each != grievance.resident_id]
    return [to_resident(grievance, key, **told, **values), *to_each(others, key, **told, **values)]
