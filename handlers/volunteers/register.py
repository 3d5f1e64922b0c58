"""The register in conversation: becoming a volunteer, changing what is kept, leaving, and what staff do with it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from community import Community
from community.parts.notice import Urgency
from community.parts.questions import Question
from community.privacy import Shown
from community.refused import Refused
from community.volunteers.outcomes import Joined, Left, Told
from community.volunteers.register import Volunteer
from community.volunteers.skills import WORDS
from handlers.answering import group_node, privately
from handlers.hearing.free_times import hear_free_times, is_no_time
from handlers.hearing.introductions import (
    LONGEST_NAME,
    Asked,
    Introduction,
    bare_name,
    hear_introduction,
    is_possible_name,
    is_real_name,
    name_in_nickname,
)
from handlers.hearing.normalise import normalise
from handlers.hearing.personal import mask
from handlers.hearing.skills import can_do_nothing, hear_skills
from handlers.introducing import any_words, without_personal
from handlers.messages import Message, Plain, Replies, Reply, ask, say
from handlers.routing import router
from handlers.speaking.free_times import BETWEEN
from handlers.speaking.texts import in_words
from handlers.volunteers.wording import details, entry_line, people_lines, since

NUMBERS = tuple("123456789")
STEPS: tuple[Asked, ...] = ("name", "skills", "free")
"""What is asked, in this order; what has been said already is not."""

ASKED = frozenset(f"volunteers.{kind}" for kind in (*STEPS, "confirm", "team", "person"))
"""Questions that are over as soon as something new is begun."""

IN_A_LIST = 20
"""Volunteers that are listed at once."""

_MORE = re.compile("^(?:加|增加|添加|再加|新增|补充)")


@dataclass(frozen=True, slots=True)
class Draft:
    """What has been said so far by somebody who wants to be a volunteer. `offer`: a name to say 1 to."""

    told: Told
    offer: str
    node_id: str

    @classmethod
    def of(cls, question: Question) -> Self:
        """What a question has kept."""
        about = question.about
        told = Told(
            str(about["name"]),
            tuple(filter(None, str(about["skills"]).split("\n"))),
            tuple(filter(None, str(about["free"]).split("\n"))),
            str(about["inviter"]),
        )
        return cls(told, str(about["offer"]), str(about["node"]))

    def about(self) -> dict[str, Plain]:
        """The same for the next question to keep."""
        told = self.told
        return {
            "name": told.name,
            "skills": "\n".join(told.skills),
            "free": "\n".join(told.free),
            "inviter": told.inviter,
            "offer": self.offer,
            "node": self.node_id,
        }

    def with_(self, heard: Introduction) -> Self:
        """With what was said now: skills are added, the rest replaces."""
        told = self.told
        said = Told(
            heard.name or told.name,
            tuple(dict.fromkeys([*told.skills, *heard.skills])),
            heard.free or told.free,
            heard.inviter or told.inviter,
        )
        return replace(self, told=said)

    def asks(self, step: Asked) -> bool:
        """Whether a step has not been answered yet."""
        return not {"name": self.told.name, "skills": self.told.skills, "free": self.told.free}.get(step, "")


# --- joining ------------------------------------------------------------------------------------------------


@router.command("volunteers.join")
@privately
def join(message: Message, community: Community, **_slots: object) -> Replies:
    """「我要当志愿者」: a short conversation, shorter where much is said at once."""
    known = community.volunteers.register.known(message.person.id)
    if known is not None:
        kept, began = details(known, community), since(known, community)
        return [say("volunteers.kept", name=known.name, details=kept, since=began)]
    _begin(message, community)
    node = community.volunteers.register.community_of(message.person, group_node(message))
    text, noted = without_personal(message)
    draft = Draft(Told(""), name_in_nickname(normalise(message.person.name)), node.id)
    return [*noted, *_next(draft.with_(hear_introduction(text, WORDS)), message, community)]


@router.answer("volunteers.name", "offer", "skip", stays_open=True, otherwise=any_words)
def name_given(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """What they are called. Only a real name counts; an unusual one is asked for once more."""
    draft = Draft.of(question)
    if choice == "offer" and draft.offer:
        return _next(_named(draft, draft.offer), message, community)
    if choice == "skip":
        return _next(_named(draft, draft.offer or _shown_name(message)), message, community)
    text, noted = without_personal(message)
    heard = hear_introduction(text, WORDS, "name")
    draft = draft.with_(heard)
    if not heard.name and draft == Draft.of(question):
        raise Refused("volunteers.name_how")
    if heard.name and not is_real_name(heard.name) and heard.name != draft.offer:
        unsure = replace(_named(draft, ""), offer=heard.name)
        return [*noted, ask("volunteers.name_sure", "volunteers.name", unsure.about(), offer=heard.name)]
    return [*noted, *_next(draft, message, community)]


@router.answer("volunteers.skills", "skip", stays_open=True, otherwise=any_words)
def skills_given(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """What they can do, several at once, also what is on no list."""
    before = Draft.of(question)
    if choice == "skip":
        return _next(before, message, community, after="skills")
    text, noted = without_personal(message)
    heard = hear_introduction(text, WORDS, "skills")
    draft = before.with_(heard)
    if heard.skills or can_do_nothing(text):
        return [*noted, *_next(draft, message, community, after="skills")]
    if draft == before:
        raise Refused("volunteers.skills_how")
    return [*noted, _ask("skills", draft)]


@router.answer("volunteers.free", "skip", stays_open=True, otherwise=any_words)
def free_given(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """When they have time."""
    before = Draft.of(question)
    if choice == "skip":
        return _next(before, message, community, after="free")
    text, noted = without_personal(message)
    draft = before.with_(hear_introduction(text, WORDS, "free"))
    if draft.told.free or is_no_time(text):
        return [*noted, *_next(draft, message, community, after="free")]
    if draft == before:
        raise Refused("volunteers.free_how")
    return [*noted, _ask("free", draft)]


@router.when_back("volunteers.skills")
def back_to_name(message: Message, community: Community, question: Question) -> Replies:
    """The name once more."""
    draft = Draft.of(question)
    asked = _named(replace(draft, offer=draft.told.name or draft.offer), "")
    return [ask("volunteers.ask_name_again", "volunteers.name", asked.about())]


@router.when_back("volunteers.free")
def back_to_skills(message: Message, community: Community, question: Question) -> Replies:
    """The skills once more."""
    draft = Draft.of(question)
    return [_ask("skills", replace(draft, told=replace(draft.told, skills=())))]


def _next(draft: Draft, message: Message, community: Community, after: Asked = "") -> Replies:
    """The next that has not been said; nothing is asked twice. At the end they are in the register."""
    later = STEPS[STEPS.index(after) + 1 :] if after else STEPS
    step = next((each for each in later if draft.asks(each)), None)
    if step is not None:
        return [_ask(step, draft)]
    joined = community.volunteers.register.join(message.person, draft.node_id, draft.told, message.received_at)
    return _joined(joined, community)


def _ask(step: Asked, draft: Draft) -> Reply:
    about = draft.about()
    if step == "skills":
        return ask("volunteers.ask_skills", "volunteers.skills", about)
    if step == "free":
        return ask("volunteers.ask_free", "volunteers.free", about)
    if draft.offer:
        return ask("volunteers.ask_name_or", "volunteers.name", about, offer=draft.offer)
    return ask("volunteers.ask_name", "volunteers.name", about)


def _joined(joined: Joined, community: Community) -> Replies:
    entry = joined.volunteer
    values: dict[str, Any] = {
        "name": entry.name,
        "details": details(entry, community, joined.inviter),
        "since": since(entry, community),
    }
    what = values["details"]
    workers = [
        say("volunteers.new", to=each, urgency=Urgency.NOTICE, name=entry.name, details=what) for each in joined.tell
    ]
    if joined.back:
        return [say("volunteers.joined_back", **values), *workers]
    if entry.confirmed_at is not None:
        return [say("volunteers.joined_confirmed", **values), *workers]
    return [say("volunteers.joined", **values), *workers]


# --- one's own entry ------------------------------------------------------------------------------------------


@router.command("volunteers.rename")
@privately
def rename(message: Message, community: Community, words: str = "") -> Reply:
    """「改名字 王芳」."""
    name = bare_name(normalise(words))
    if not is_possible_name(name):
        raise Refused("volunteers.rename_how")
    changed = community.volunteers.register.change(message.person, message.received_at, name=name)
    return _changed(changed, community)


@router.command("volunteers.skills")
@privately
def change_skills(message: Message, community: Community, words: str = "") -> Replies:
    """「改技能 理发、修家电」; 「加技能 …」 keeps those that are there."""
    text, noted = without_personal(message, words)
    skills = hear_skills(text, WORDS)
    if not skills and not can_do_nothing(text):
        raise Refused("volunteers.change_skills_how")
    register = community.volunteers.register
    kept = register.skills_of(message.person.id) if _MORE.match(message.text) else ()
    changed = register.change(message.person, message.received_at, skills=[*kept, *skills])
    return [*noted, _changed(changed, community)]


@router.command("volunteers.free")
@privately
def change_free(message: Message, community: Community, words: str = "") -> Reply:
    """「改空闲 周末、周三上午」."""
    text = normalise(words)
    free = hear_free_times(text)
    if not free and not is_no_time(text):
        raise Refused("volunteers.change_free_how")
    changed = community.volunteers.register.change(message.person, message.received_at, free=free)
    return _changed(changed, community)


@router.command("volunteers.leave")
@privately
def leave(message: Message, community: Community, **_slots: object) -> Replies:
    """「退出志愿者」: one word, no question, and all of it."""
    left = community.volunteers.register.leave(message.person, message.received_at)
    _begin(message, community)
    names = BETWEEN.join(dict.fromkeys(each.name for each in (*left.teams, *left.led)))
    teams = in_words("volunteers.left_teams", community, teams=names) if names else ""
    return [say("volunteers.left", teams=teams), *_told_of_leaving(left), *on_leaving(left, message, community)]


def on_leaving(left: Left, message: Message, community: Community) -> Replies:
    """What else ends when somebody leaves: where they meant to help, and what they promised to do. Whoever waited
    there hears of it."""
    person, now = message.person, message.received_at
    dropped = [*community.market.signing_up.leave_all(person, now), *community.tasks.claiming.leave_all(person, now)]
    return [said for each in dropped for said in router.words_of(each, community, now)]


def _told_of_leaving(left: Left) -> Replies:
    """Leaders hear of a member less, workers of a team without a leader."""
    led = {each.id for each in left.led}
    return [
        say("volunteers.team_without_leader", to=person_id, urgency=Urgency.NOTICE, name=left.name, team=team.name)
        if team.id in led
        else say(
            "volunteers.team_left_for_leader", to=person_id, urgency=Urgency.NOTICE, name=left.name, team=team.name
        )
        for person_id, team in left.tell
    ]


# --- for staff --------------------------------------------------------------------------------------------------


@router.command("volunteers.confirm")
@privately
def confirm(message: Message, community: Community, words: str = "") -> Replies:
    """「确认志愿者 王芳」; without a name those who wait for it."""
    _begin(message, community)
    name = bare_name(normalise(words))
    found = community.volunteers.register.to_confirm(message.person, group_node(message), name)
    if not found:
        raise Refused("volunteers.nobody_to_confirm")
    if not name:
        return [say("volunteers.to_confirm", lines=people_lines(found, community))]
    if len(found) > 1:
        return [ask_person("volunteers.confirm", found, {}, community)]
    return _confirm(found[0].person_id, message, community)


@router.answer("volunteers.confirm", *NUMBERS, stays_open=True, optional=True)
def confirm_chosen(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """Which of those with one name."""
    person_id = question.about.get(f"person{choice}")
    if person_id is None:
        return [once_more(question)]
    return _confirm(str(person_id), message, community)


def _confirm(person_id: str, message: Message, community: Community) -> Replies:
    confirmed = community.volunteers.register.confirm(person_id, message.person, message.received_at).volunteer
    return [
        say("volunteers.confirmed", name=confirmed.name),
        say("volunteers.confirmed_for_them", to=person_id, urgency=Urgency.NOTICE, name=confirmed.name),
    ]


@router.command("volunteers.list")
@privately
def list_them(message: Message, community: Community, words: str = "") -> Reply:
    """「志愿者名单」, also of a skill, a team or a name."""
    found = community.volunteers.register.listed(message.person, group_node(message), normalise(words))
    if not found:
        raise Refused("volunteers.list_empty")
    shown = found[:IN_A_LIST]
    given = community.volunteers.hours.totals([each.volunteer.person_id for each in shown])
    lines = "\n".join(entry_line(each, given.get(each.volunteer.person_id, 0), community) for each in shown)
    seen = [Shown(f"person:{each.volunteer.person_id}", "volunteer") for each in shown]
    if len(found) > IN_A_LIST:
        return say("volunteers.list_more", count=len(found), shown=len(shown), lines=lines, shows=seen)
    return say("volunteers.list", count=len(found), lines=lines, shows=seen)


# --- shared with the teams ----------------------------------------------------------------------------------------


def ask_person(kind: str, found: Sequence[Volunteer], about: Mapping[str, Plain], community: Community) -> Reply:
    """Which of several with one name."""
    key = "volunteers.which_to_confirm" if kind == "volunteers.confirm" else "volunteers.which_person"
    people = {f"person{number}": each.person_id for number, each in zip(NUMBERS, found, strict=False)}
    return ask(key, kind, {**about, **people}, lines=people_lines(found, community))


def once_more(question: Question) -> Reply:
    """The same question in the same words: what was said does not answer it."""
    return ask(question.prompt_key, question.kind, question.about, **question.prompt_values)


def _begin(message: Message, community: Community) -> None:
    """Something new: what was asked here before is over."""
    for question in community.questions.open_for(message.person.id, message.received_at):
        if question.kind in ASKED:
            community.questions.close(question, message.received_at)


def _named(draft: Draft, name: str) -> Draft:
    return replace(draft, told=replace(draft.told, name=name))


def _shown_name(message: Message) -> str:
    """What the channel calls them, without what is private: for those who do not want to say their name."""
    return mask(message.person.name)[:LONGEST_NAME]


def _changed(entry: Volunteer, community: Community) -> Reply:
    return say("volunteers.changed", name=entry.name, details=details(entry, community))
