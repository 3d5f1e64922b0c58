"""Who is of a unit and who is not, said by its contact or the community; and reminders of those still waiting."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from community import Community
from community.members.outcomes import Listed, Member, NotOurs, Unanswered
from community.members.reporting import REMIND_AFTER
from community.parts.notice import Urgency
from community.parts.questions import Question
from community.privacy import Shown
from community.refused import Refused
from handlers.answering import privately
from handlers.hearing.introductions import bare_name
from handlers.hearing.normalise import normalise
from handlers.members.reporting import ask_row
from handlers.members.wording import NUMBERS, member_lines
from handlers.messages import Message, Plain, Replies, Reply, ask, say
from handlers.routing import Job, router

ALL = frozenset({"全部", "所有", "都确认", "全确认", "都是", "全都", "所有人", "全体"})


@router.command("members.confirm")
@privately
def confirm(message: Message, community: Community, words: str = "") -> Replies:
    """「确认报到 张伟」, 「确认报到 全部」; without a name those who wait for it."""
    name = normalise(words)
    if name in ALL:
        return _confirm_all(message, community)
    return _chosen_or_asked("confirm", bare_name(name), message, community)


@router.command("members.refuse")
@privately
def refuse(message: Message, community: Community, words: str = "") -> Replies:
    """「退回报到 张伟」: they are not of the unit."""
    return _chosen_or_asked("refuse", bare_name(normalise(words)), message, community)


def _chosen_or_asked(act: str, name: str, message: Message, community: Community) -> Replies:
    found = community.members.reporting.waiting(message.person, name)
    if not found:
        raise Refused("members.nobody_waiting")
    if name and len(found) == 1:
        return _act(act, found[0], message, community)
    return [_ask_which(act, [each.member for each in found], community)]


def _ask_which(act: str, found: Sequence[Member], community: Community) -> Reply:
    key = "members.which_to_confirm" if act == "confirm" else "members.which_to_refuse"
    return ask(key, "members.which", _choices(act, found), count=len(found), lines=member_lines(found, community))


def _choices(act: str, found: Sequence[Member]) -> dict[str, Plain]:
    choices: dict[str, Plain] = {f"choice{number}": each.id for number, each in zip(NUMBERS, found, strict=False)}
    return choices | {"act": act}


@router.answer("members.which", *NUMBERS, stays_open=True, optional=True)
def this_one(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """Which of those that were listed."""
    member_id = question.about.get(f"choice{choice}")
    if member_id is None:
        return [_again(question)]
    found = [each for each in community.members.reporting.waiting(message.person) if each.member.id == member_id]
    if not found:  # confirmed by somebody else, or gone: the refusal says which
        return _confirm(str(member_id), message, community)
    return _act(str(question.about["act"]), found[0], message, community)


@router.answer("members.confirm", "yes", "no", stays_open=True, optional=True)
def whether(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """What a contact says of one who has just reported in."""
    member_id = str(question.about["member"])
    return _confirm(member_id, message, community) if choice == "yes" else _refuse(member_id, message, community)


@router.answer("members.row", *NUMBERS, stays_open=True, optional=True)
def which_row(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """Which line of the unit's sheet somebody is."""
    member_id, row = str(question.about["member"]), question.about.get(f"choice{choice}")
    if row is None:
        return [_again(question)]
    if row == "refuse":
        return _refuse(member_id, message, community)
    return _confirm(member_id, message, community, None if row == "none" else str(row))


def _act(act: str, listed: Listed, message: Message, community: Community) -> Replies:
    if act == "refuse":
        return _refuse(listed.member.id, message, community)
    if listed.alike:
        return [ask_row(listed.member, listed.alike, community, to=message.person.id)]
    return _confirm(listed.member.id, message, community)


def _confirm_all(message: Message, community: Community) -> Replies:
    """Everybody at once, but those who may be one of several on the sheet."""
    reporting = community.members.reporting
    found = [each.member for each in reporting.waiting(message.person) if not each.alike]
    if not found:
        raise Refused("members.nobody_waiting")
    for each in found:
        reporting.confirm(each.id, message.person, message.received_at)
    told = [reply for each in found for reply in _told_them(each)]
    return [say("members.all_confirmed", count=len(found)), *told]


def _confirm(member_id: str, message: Message, community: Community, row_id: str | None = None) -> Replies:
    done = community.members.reporting.confirm(member_id, message.person, message.received_at, row_id)
    return [say("members.confirmed", name=done.member.name, unit=done.member.unit), *_told_them(done.member)]


def _told_them(member: Member) -> Replies:
    to = str(member.person_id)
    return [say("members.confirmed_for_them", to=to, urgency=Urgency.NOTICE, name=member.name, unit=member.unit)]


def _refuse(member_id: str, message: Message, community: Community) -> Replies:
    refused: NotOurs = community.members.reporting.refuse(member_id, message.person, message.received_at)
    name, unit = refused.member.name, refused.member.unit
    return [
        say("members.refused", name=name, unit=unit),
        say("members.refused_for_them", to=refused.person_id, urgency=Urgency.NOTICE, name=name, unit=unit),
    ]


def _again(question: Question) -> Reply:
    """The same question in the same words: what was said does not answer it."""
    return ask(question.prompt_key, question.kind, question.about, **question.prompt_values)


# --- reminders ------------------------------------------------------------------------------------------------


def remind(community: Community, now: datetime) -> Replies:
    """Contacts are reminded once of those whom they have not confirmed; the community hears of it."""
    return [reply for each in community.members.reporting.remind(now) for reply in _unanswered(each, community)]


def _unanswered(each: Unanswered, community: Community) -> Replies:
    count, seen = len(each.members), tuple(Shown(f"member:{one.id}", "name") for one in each.members)
    values: dict[str, Any] = {"count": count, "lines": member_lines(each.members, community), "shows": seen}
    told = [
        say("members.unanswered", to=worker, urgency=Urgency.REMINDER, unit=each.unit, **values)
        for worker in each.workers
        if worker != each.contact
    ]
    if each.contact is None:
        return told
    asked = ask(
        "members.remind_contact",
        "members.which",
        _choices("confirm", each.members),
        to=each.contact,
        open_for=REMIND_AFTER,
        urgency=Urgency.REMINDER,
        **values,
    )
    return [asked, *told]


JOBS = (
    Job("members.remind", due=lambda community: community.members.reporting.next_reminder(), run=remind, reminds=True),
)
