"""Accepting in conversation: 「接 T045」, 「接」, 「我去」, several at once; and giving back."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from community import Community
from community.parts.notice import Urgency
from community.parts.questions import Question
from community.refused import Refused
from community.tasks.happened import Claimed
from community.tasks.outcomes import Task
from handlers.answering import privately, refused_privately
from handlers.hearing.personal import mask
from handlers.messages import Message, Plain, Replies, Reply, ask, say, say_in_group
from handlers.routing import as_replies, router
from handlers.speaking.texts import in_words
from handlers.tasks.telling import claimed, declined, for_taker, given_back
from handlers.tasks.wording import CIRCLED, NUMBERS, id_of, public_line

MOST_AT_ONCE = 9
"""Tasks that are claimed with one message."""

TOLD_WITHIN = timedelta(hours=12)
"""How long after a task was told in a group 「我去」 there means it, though nobody spoke to the bot."""

ASKED_WITHIN = timedelta(days=7)

_NUMBER = re.compile(r"t\s*-?\s*(\d{1,6})(?!\d)", re.IGNORECASE)
_BARE = frozenset(
    {"接", "我接", "我接了", "接单", "我来接", "我去", "我去吧", "我能去", "我可以去", "我来吧", "我接单"}
)
_END = " .。,、!~吧啊呀哦了的呢哈"


# --- accepting ------------------------------------------------------------------------------------------------


@router.command("tasks.accept")
@refused_privately
def accept(message: Message, community: Community, task: str = "") -> Replies:
    """The first one has it. Without a number the task that they were asked about last, or that was told here last."""
    if task:
        return accepted(id_of(task), message, community)
    told = _told_here(message, community, message.received_at - ASKED_WITHIN)
    return accepted((told or _asked(message, community))[0].id, message, community)


@router.command("tasks.accept_more")
@refused_privately
def accept_more(message: Message, community: Community, task: str, words: str = "") -> Replies:
    """「接 T045 T046 T047」: what is allowed, and of the rest why not."""
    ids = list(dict.fromkeys(int(each) for each in _NUMBER.findall(message.text)))[:MOST_AT_ONCE]
    if len(ids) < 2:  # the words behind one number are no further numbers
        return accepted(id_of(task), message, community)
    tried = community.tasks.claiming.claim_all(ids, message.person, message.received_at)
    said: list[Reply] = [say_in_group("help.in_private")]
    said += [reply for each in tried.taken for reply in _taken(each, message, community)]
    if tried.refused:
        lines = [_refused_line(number, key, values, community) for number, key, values in tried.refused]
        to, urgency = message.person.id, Urgency.NOTICE  # behind what they have
        said.append(say("tasks_dispatch.several_not", to=to, urgency=urgency, lines="\n".join(lines)))
    return said


def _refused_line(number: str, key: str, values: Mapping[str, object], community: Community) -> str:
    why = in_words(key, community, **values).removeprefix(number)
    return in_words("tasks_dispatch.refused_line", community, number=number, why=why)


def may_be(text: str) -> bool:
    """Whether words in a group may accept what was told there."""
    return text.rstrip(_END) in _BARE


def goes_on(community: Community, channel: str, group: str, now: datetime) -> bool:
    """Whether a task was told in a group and is open still."""
    known = community.groups.find(channel, group)
    if known is None:
        return False
    return bool(community.tasks.dispatch.told_in(channel, group, known.node_id, now - TOLD_WITHIN))


@router.bare_words(may_be=may_be, goes_on=goes_on)
def take_up(message: Message, community: Community, owed: Sequence[Question]) -> Replies | None:
    """「我去」 in a team's group, behind a task."""
    told = _told_here(message, community, message.received_at - TOLD_WITHIN) if may_be(message.text) else []
    return as_replies(accept(message, community, task=told[0].number)) if told else None


def accepted(task_id: int, message: Message, community: Community) -> Replies:
    """It is theirs: address and phone for them alone, and everybody else concerned hears."""
    outcome = community.tasks.claiming.claim(task_id, message.person, message.received_at)
    said: list[Reply] = []
    if (message.incoming.channel, message.incoming.group) not in outcome.groups:
        said.append(say_in_group("help.in_private"))
    return [*said, *_taken(outcome, message, community)]


def _taken(outcome: Claimed, message: Message, community: Community) -> Replies:
    takers = community.tasks.ledger.takers(outcome.task)
    own = for_taker(outcome.task, takers, message.person.id, community)
    return [own, *claimed(outcome, community, message.received_at)]


def _told_here(message: Message, community: Community, since: datetime) -> list[Task]:
    incoming = message.incoming
    if incoming.group is None or message.group is None:
        return []
    return community.tasks.dispatch.told_in(incoming.channel, incoming.group, message.group.node_id, since)


def _asked(message: Message, community: Community) -> list[Task]:
    """What they were asked about and can still have, the newest first. Raises `Refused`."""
    found = community.tasks.claiming.asked(message.person, message.received_at - ASKED_WITHIN)
    if not found:
        raise Refused("tasks_dispatch.nothing_pushed")
    return found


# --- no ---------------------------------------------------------------------------------------------------------


def decline(task_id: int, message: Message, community: Community) -> Replies:
    """No hard feelings: others are asked."""
    outcome = community.tasks.dispatch.decline(task_id, message.person, message.received_at)
    return [say("tasks_dispatch.declined", number=outcome.task.number), *declined(outcome, community)]


# --- giving back ----------------------------------------------------------------------------------------------


@router.command("tasks.give_back")
@privately
def give_back(message: Message, community: Community, task: str = "", words: str = "") -> Replies:
    """「退单 T045 家里有事」. Who was only asked says no by it."""
    if task:
        return _back(id_of(task), words, message, community)
    promised = community.tasks.claiming.promised(message.person)
    if not promised:
        raise Refused("tasks_dispatch.nothing_promised")
    if len(promised) == 1:
        return _back(promised[0].id, words, message, community)
    return [ask_which("tasks_dispatch.given_back_which", "tasks.give_back", promised, {"words": words}, community)]


@router.answer("tasks.give_back", *NUMBERS, stays_open=True, optional=True)
def give_back_which(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """One of several that they promised."""
    task_id = question.about.get(f"task{choice}")
    if task_id is None:
        return [ask(question.prompt_key, question.kind, question.about, **question.prompt_values)]
    return _back(int(task_id), str(question.about["words"]), message, community)


def _back(task_id: int, words: str, message: Message, community: Community) -> Replies:
    claiming = community.tasks.claiming
    if claiming.only_asked(task_id, message.person):
        return decline(task_id, message, community)
    outcome = claiming.give_back(task_id, message.person, mask(words), message.received_at)
    number = outcome.public.task.number
    return [
        say("tasks_dispatch.given_back", number=number),
        *given_back(outcome, community, message.received_at),
    ]


def ask_which(key: str, kind: str, found: Sequence[Task], about: dict[str, Plain], community: Community) -> Reply:
    """Which of several tasks is meant."""
    public = [community.tasks.ledger.public(each) for each in found[: len(NUMBERS)]]
    lines = [
        in_words(
            "tasks_dispatch.task_line",
            community,
            sign=sign,
            number=each.task.number,
            line=public_line(each, community),
        )
        for sign, each in zip(CIRCLED, public, strict=False)
    ]
    about |= {f"task{number}": each.task.id for number, each in zip(NUMBERS, public, strict=False)}
    return ask(key, kind, about, lines="\n".join(lines))
