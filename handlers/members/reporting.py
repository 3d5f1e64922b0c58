"""Reporting in, in conversation: 「我要报到」, from which unit, name, skills and free times; and leaving."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from community import Community
from community.members import Member, Unit
from community.members.outcomes import Moved, Reported
from community.members.reporting import REMIND_AFTER, units_named
from community.parts.notice import Urgency
from community.parts.questions import Question
from community.refused import Refused
from community.volunteers.outcomes import Told
from community.volunteers.skills import WORDS
from handlers.answering import group_node, privately
from handlers.hearing.free_times import is_no_time
from handlers.hearing.introductions import (
    Asked,
    Introduction,
    hear_introduction,
    is_real_name,
    name_in_nickname,
)
from handlers.hearing.normalise import normalise
from handlers.hearing.personal import mask
from handlers.hearing.skills import can_do_nothing
from handlers.introducing import any_words, without_personal
from handlers.members.wording import NUMBERS, details, member_lines, numbered
from handlers.messages import Message, Plain, Replies, Reply, ask, say
from handlers.routing import router
from handlers.speaking.texts import in_words, shorten

STEPS: tuple[Asked, ...] = ("name", "skills", "free")
"""What is asked once the unit is known, in this order; what is known already is not."""

ASKED = frozenset(f"members.{kind}" for kind in ("unit", "move", *STEPS))
"""Questions that are over as soon as somebody begins anew."""

LONGEST_UNIT = 30
"""Characters of a unit's name that the staff are told."""

_UNIT_BEFORE = re.compile(r"(?:我|们|是|在|的|单位|工作|上班|来自|党员|叫|[:, ])+")
_IS_A_UNIT = re.compile("[局所院校中学司厂站心委办行社部队团店馆会公处园台厅]$|中心$|银行$|小学$|单位$")


@dataclass(frozen=True, slots=True)
class Draft:
    """What has been said so far. `offer`: a name to say 1 to; `unit_id`: empty where it is not known yet."""

    told: Told
    unit_id: str
    offer: str
    node_id: str

    @classmethod
    def of(cls, question: Question) -> Self:
        """What a question has kept."""
        about = question.about
        skills, free = (tuple(filter(None, str(about[each]).split("\n"))) for each in ("skills", "free"))
        return cls(Told(str(about["name"]), skills, free), str(about["unit"]), str(about["offer"]), str(about["node"]))

    def about(self) -> dict[str, Plain]:
        """The same for the next question to keep."""
        return {
            "name": self.told.name,
            "skills": "\n".join(self.told.skills),
            "free": "\n".join(self.told.free),
            "unit": self.unit_id,
            "offer": self.offer,
            "node": self.node_id,
        }

    def with_(self, heard: Introduction) -> Self:
        """With what was said now: skills are added, the rest replaces."""
        told = self.told
        skills = tuple(dict.fromkeys([*told.skills, *heard.skills]))
        return replace(self, told=Told(heard.name or told.name, skills, heard.free or told.free))

    def asks(self, step: Asked) -> bool:
        """Whether a step has not been answered yet."""
        return not {"name": self.told.name, "skills": self.told.skills, "free": self.told.free}.get(step, "")


@router.command("members.report_in")
@privately
def report_in(message: Message, community: Community, words: str = "") -> Replies:
    """「我要报到」: a short conversation, shorter where much is said at once or is known from the register."""
    node = community.volunteers.register.community_of(message.person, group_node(message))
    units = community.members.reporting.units(node.id)
    if not units:
        raise Refused("members.no_units")
    _begin(message, community)
    text, noted = without_personal(message, words)
    draft = _known(message, node.id, community)
    named = units_named(text, units) if text else []
    if len(named) == 1:
        rest = text.replace(named[0].name, ",") if named[0].name in text else ""
        draft = replace(draft, unit_id=named[0].id).with_(_introduced(rest))
    here = community.members.of(message.person.id)
    if here is not None:
        return [*noted, _is_here(here, draft, named, community)]
    if len(named) == 1:
        return [*noted, *_next(draft, message, community)]
    if not named and (unit := _unit_in(text)):
        return [*noted, *_unknown_unit(unit, message, community)]
    return [*noted, _ask_unit(draft, named or units, community)]


def _known(message: Message, node_id: str, community: Community) -> Draft:
    """What the register knows of somebody is not asked again."""
    entry = community.volunteers.register.known(message.person.id)
    offer = name_in_nickname(normalise(message.person.name))
    if entry is None:
        return Draft(Told(""), "", offer, node_id)
    name = entry.name if is_real_name(entry.name) else ""
    return Draft(Told(name, entry.skills, entry.free), "", offer, node_id)


def _introduced(rest: str) -> Introduction:
    """What else is said with the unit: 「县医院 王丽」, 「县医院,我叫王丽,会理发」."""
    return hear_introduction(rest.strip(" ,:的"), WORDS, "name") if rest.strip(" ,:的") else Introduction()


def _unit_in(text: str) -> str:
    """What in a text is called as units are; empty where nothing is."""
    words = (_UNIT_BEFORE.sub("", word, count=1) for word in re.split(r"[,;:\s]+", text))
    return next((word for word in words if len(word) > 1 and _IS_A_UNIT.search(word)), "")


def _is_here(here: Member, draft: Draft, named: Sequence[Unit], community: Community) -> Reply:
    """Somebody who has reported in already may only move to another unit, and is asked."""
    if len(named) != 1 or named[0].id == here.unit_id:
        state = in_words("members.state_confirmed" if here.confirmed else "members.state_waiting", community)
        return say("members.is_here", name=here.name, unit=here.unit, state=state, details=details(here, community))
    told = Told(here.name, here.skills, here.free)
    moving = replace(draft, told=told)
    return ask("members.ask_move", "members.move", moving.about(), here=here.unit, there=named[0].name)


@router.answer("members.move", "yes", "no", stays_open=True, optional=True)
def move(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """Whether somebody goes from one unit to another."""
    here = community.members.of(message.person.id)
    if choice == "no" and here is not None:
        return [say("members.stays", unit=here.unit)]
    return _report(Draft.of(question), message, community)


# --- step by step ---------------------------------------------------------------------------------------------


def _unit_words(message: Message, community: Community) -> str | None:
    """A unit's name answers, also one that sounds like something else; and other words, unless they are that."""
    node = community.volunteers.register.community_of(message.person, group_node(message))
    if units_named(message.text, community.members.reporting.units(node.id)):
        return message.words
    return any_words(message, community)


@router.answer("members.unit", *NUMBERS, stays_open=True, otherwise=_unit_words)
def unit_given(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """From which unit: a number of those shown, or a name."""
    draft = Draft.of(question)
    units = community.members.reporting.units(draft.node_id)
    shown = {f"unit{each.id}": each for each in units}
    if choice in NUMBERS:
        chosen = shown.get(f"unit{question.about.get(f'choice{choice}')}")
        if chosen is None:
            raise Refused("members.unit_how")
        return _next(replace(draft, unit_id=chosen.id), message, community)
    text, noted = without_personal(message)
    named = units_named(text, units)
    if len(named) == 1:
        rest = text.replace(named[0].name, ",") if named[0].name in text else ""
        return [*noted, *_next(replace(draft, unit_id=named[0].id).with_(_introduced(rest)), message, community)]
    if named:
        return [*noted, _ask_unit(draft, named, community)]
    unit = _unit_in(text)
    if not unit:
        raise Refused("members.unit_how")
    return [*noted, *_unknown_unit(unit, message, community)]


@router.answer("members.name", "offer", stays_open=True, otherwise=any_words)
def name_given(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """What they are called. Their unit confirms it, so it must be the real name."""
    draft = Draft.of(question)
    if choice == "offer" and draft.offer:
        return _next(replace(draft, told=replace(draft.told, name=draft.offer)), message, community)
    text, noted = without_personal(message)
    heard = hear_introduction(text, WORDS, "name")
    if not heard.name:
        raise Refused("members.name_how")
    return [*noted, *_next(draft.with_(heard), message, community)]


@router.answer("members.skills", "skip", stays_open=True, otherwise=any_words)
def skills_given(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """What they can do, several at once, also what is on no list."""
    draft = Draft.of(question)
    if choice == "skip":
        return _next(draft, message, community, after="skills")
    text, noted = without_personal(message)
    heard = hear_introduction(text, WORDS, "skills")
    if not heard.skills and not can_do_nothing(text):
        raise Refused("members.skills_how")
    return [*noted, *_next(draft.with_(heard), message, community, after="skills")]


@router.answer("members.free", "skip", stays_open=True, otherwise=any_words)
def free_given(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """When they have time."""
    draft = Draft.of(question)
    if choice == "skip":
        return _next(draft, message, community, after="free")
    text, noted = without_personal(message)
    heard = hear_introduction(text, WORDS, "free")
    if not heard.free and not is_no_time(text):
        raise Refused("members.free_how")
    return [*noted, *_next(draft.with_(heard), message, community, after="free")]


@router.when_back("members.name")
def back_to_unit(message: Message, community: Community, question: Question) -> Replies:
    """The unit once more."""
    draft = replace(Draft.of(question), unit_id="")
    return [_ask_unit(draft, community.members.reporting.units(draft.node_id), community)]


@router.when_back("members.skills")
def back_to_name(message: Message, community: Community, question: Question) -> Replies:
    """The name once more."""
    draft = Draft.of(question)
    return [_ask("name", replace(draft, told=replace(draft.told, name="")), community)]


@router.when_back("members.free")
def back_to_skills(message: Message, community: Community, question: Question) -> Replies:
    """The skills once more."""
    draft = Draft.of(question)
    return [_ask("skills", replace(draft, told=replace(draft.told, skills=())), community)]


def _next(draft: Draft, message: Message, community: Community, after: Asked = "") -> Replies:
    """The next that has not been said; at the end they have reported in."""
    later = STEPS[STEPS.index(after) + 1 :] if after else STEPS
    step = next((each for each in later if draft.asks(each)), None)
    if step is not None:
        return [_ask(step, draft, community)]
    return _report(draft, message, community)


def _ask(step: Asked, draft: Draft, community: Community) -> Reply:
    about = draft.about()
    if step == "skills":
        return ask("members.ask_skills", "members.skills", about)
    if step == "free":
        return ask("members.ask_free", "members.free", about)
    unit = community.members.reporting.unit(draft.unit_id).name
    if draft.offer:
        return ask("members.ask_name_or", "members.name", about, unit=unit, offer=draft.offer)
    return ask("members.ask_name", "members.name", about, unit=unit)


def _ask_unit(draft: Draft, units: Sequence[Unit], community: Community) -> Reply:
    shown = units[: len(NUMBERS)]
    about = draft.about() | {f"choice{number}": each.id for number, each in zip(NUMBERS, shown, strict=False)}
    more = in_words("members.more_units", community, count=len(units)) if len(units) > len(shown) else ""
    return ask("members.ask_unit", "members.unit", about, lines=numbered(each.name for each in shown), more=more)


def _unknown_unit(unit: str, message: Message, community: Community) -> Replies:
    """Nobody can report in from a unit that the community does not know; it hears of it."""
    shown = shorten(mask(unit), LONGEST_UNIT)
    node = community.volunteers.register.community_of(message.person, group_node(message))
    workers = [each for each in community.tree.workers_for(node.id) if each != message.person.id]
    name = mask(message.person.name)
    return [
        say("members.unit_unknown", unit=shown),
        *(
            say("members.unit_unknown_for_staff", to=each, urgency=Urgency.NOTICE, unit=shown, name=name)
            for each in workers
        ),
    ]


# --- reported -------------------------------------------------------------------------------------------------


def _report(draft: Draft, message: Message, community: Community) -> Replies:
    reported = community.members.reporting.report(
        message.person, draft.node_id, draft.unit_id, draft.told, message.received_at
    )
    member = reported.member
    who = in_words("members.by_unit" if reported.contact else "members.by_community", community)
    values: dict[str, Any] = {"name": member.name, "unit": member.unit, "details": details(member, community)}
    moved = _moved(reported.moved, member) if reported.moved else []
    return [say("members.reported", who=who, **values), *_to_confirm(reported, community), *moved]


def _to_confirm(reported: Reported, community: Community) -> Replies:
    """Their unit's contact is asked; where there is none, the workers are told how to confirm."""
    member, what = reported.member, details(reported.member, community)
    if reported.contact is None:
        return [
            say(
                "members.new_for_staff",
                to=each,
                urgency=Urgency.NOTICE,
                name=member.name,
                unit=member.unit,
                details=what,
            )
            for each in reported.workers
        ]
    if reported.alike:
        return [ask_row(member, reported.alike, community, to=reported.contact)]
    return [
        ask(
            "members.ask_confirm",
            "members.confirm",
            {"member": member.id},
            to=reported.contact,
            open_for=REMIND_AFTER,
            urgency=Urgency.NOTICE,
            name=member.name,
            unit=member.unit,
            details=what,
        )
    ]


def ask_row(member: Member, alike: Sequence[Member], community: Community, to: str) -> Reply:
    """Which line of the unit's sheet somebody is; the last two choices are none of them, and nobody of the unit."""
    shown = alike[: len(NUMBERS) - 2]
    choices = [*(each.id for each in shown), "none", "refuse"]
    about: dict[str, Plain] = {f"choice{number}": each for number, each in zip(NUMBERS, choices, strict=False)}
    lines = member_lines(shown, community).split("\n")
    others = [in_words("members.row_none", community), in_words("members.row_refuse", community)]
    bare = [line[1:] for line in lines]
    return ask(
        "members.ask_row",
        "members.row",
        about | {"member": member.id},
        to=to,
        open_for=REMIND_AFTER,
        urgency=Urgency.NOTICE,
        name=member.name,
        unit=member.unit,
        details=details(member, community),
        lines=numbered([*bare, *others]),
    )


def _moved(moved: Moved, member: Member) -> Replies:
    return [
        say("members.moved_away", to=each, urgency=Urgency.NOTICE, name=member.name, unit=moved.unit, there=member.unit)
        for each in moved.tell
    ]


# --- leaving --------------------------------------------------------------------------------------------------


@router.command("members.leave")
@privately
def leave(message: Message, community: Community, **_slots: Any) -> Replies:
    """「退出报到」: one word, no question; a volunteer they stay."""
    left = community.members.reporting.leave(message.person, message.received_at)
    _begin(message, community)
    return [
        say("members.left", unit=left.member.unit),
        *(
            say("members.left_for_unit", to=each, urgency=Urgency.NOTICE, name=left.member.name, unit=left.member.unit)
            for each in left.tell
        ),
    ]


def _begin(message: Message, community: Community) -> None:
    """Something new: what was asked here before is over."""
    for question in community.questions.open_for(message.person.id, message.received_at):
        if question.kind in ASKED:
            community.questions.close(question, message.received_at)
