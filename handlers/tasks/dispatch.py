"""Dispatching in conversation: the answers of those who are asked, and 「派 T045 给 王芳」."""

import re
from datetime import datetime

from community import Community
from community.parts.questions import Question
from community.refused import Refused
from community.volunteers.register import Volunteer
from handlers.answering import privately
from handlers.hearing.normalise import normalise
from handlers.messages import Message, Plain, Replies, ask, say
from handlers.routing import Job, router
from handlers.speaking.texts import in_words
from handlers.tasks.claiming import accepted, decline
from handlers.tasks.telling import pushed, told
from handlers.tasks.wording import CIRCLED, NUMBERS, id_of

_NAME = re.compile(r"(?:给|由|让|志愿者|请)?\s*(?P<name>[^\s,。!~]{1,30}?)(?:去|来|吧|办)?[\s,。!~]*")


def look(community: Community, now: datetime) -> Replies:
    """What the scheduler does about tasks."""
    return told(community.tasks.looks.run(now), community, now)


@router.answer("tasks.push", "take", "decline", stays_open=True, optional=True)
def push_answered(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """They were asked whether they take it."""
    task_id = int(question.about["task"])
    if choice == "take":
        return accepted(task_id, message, community)
    return decline(task_id, message, community)


@router.when_dropped("tasks.push")
def push_dropped(message: Message, community: Community, question: Question) -> Replies:
    """「取消」 to it: they do not want it."""
    return decline(int(question.about["task"]), message, community)


# --- by name --------------------------------------------------------------------------------------------------


@router.command("tasks.give")
@privately
def give(message: Message, community: Community, task: str, words: str) -> Replies:
    """「派 T045 给 王芳」: this one is asked; one of several of that name by number."""
    said = _NAME.fullmatch(normalise(words))
    if said is None:
        raise Refused("tasks_dispatch.give_how", number=task)
    found = community.tasks.dispatch.named(id_of(task), said["name"], message.person)
    if len(found) > 1:
        about: dict[str, Plain] = {"task": id_of(task)}
        about |= {f"person{number}": each.person_id for number, each in zip(NUMBERS, found, strict=False)}
        pairs = zip(CIRCLED, found, strict=False)
        lines = "\n".join(_volunteer_line(sign, each, community) for sign, each in pairs)
        return [ask("tasks_dispatch.which_volunteer", "tasks.give", about, lines=lines)]
    return _give(id_of(task), found[0].person_id, message, community)


@router.command("tasks.give_how")
@privately
def give_how(message: Message, community: Community, task: str) -> Replies:
    """「派 T045」: to whom?"""
    raise Refused("tasks_dispatch.give_how", number=task)


@router.answer("tasks.give", *NUMBERS, stays_open=True, optional=True)
def give_which(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """One of several with one name."""
    person_id = question.about.get(f"person{choice}")
    if person_id is None:
        return [ask(question.prompt_key, question.kind, question.about, **question.prompt_values)]
    return _give(int(question.about["task"]), str(person_id), message, community)


def _give(task_id: int, person_id: str, message: Message, community: Community) -> Replies:
    outcome = community.tasks.dispatch.give(task_id, person_id, message.person, message.received_at)
    number = outcome.pushed.public.task.number
    return [say("tasks_dispatch.given", number=number, name=outcome.name), *pushed(outcome.pushed, community)]


def _volunteer_line(sign: str, entry: Volunteer, community: Community) -> str:
    """Which of several this is: by home and skills."""
    person = community.people.by_id(entry.person_id)
    node = community.tree.nodes.get(person.node_id or "") if person else None
    home = node.name if node else in_words("tasks_dispatch.no_home", community)
    about = ",".join((home, *entry.skills[:2]))
    return in_words("tasks_dispatch.volunteer_line", community, number=sign, name=entry.name, about=about)


JOBS = (Job("tasks.look", due=lambda community: community.tasks.looks.next_due(), run=look, reminds=True),)
