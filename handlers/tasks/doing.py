"""Doing in conversation: 「办好了」, whether it is done, how it was, 「没来」."""

from community import Community
from community.parts.questions import Question
from community.refused import Refused
from community.tasks.doing import BAD
from community.tasks.outcomes import TaskState
from handlers import phrasebook
from handlers.answering import privately
from handlers.hearing.amounts import read_minutes
from handlers.hearing.choices import read_choice
from handlers.hearing.normalise import normalise
from handlers.hearing.personal import mask
from handlers.messages import Message, Plain, Replies, Reply, ask, say
from handlers.routing import router
from handlers.speaking.amounts import in_hours
from handlers.speaking.texts import shorten
from handlers.tasks.claiming import ask_which
from handlers.tasks.telling import done as told_done
from handlers.tasks.telling import given_back, not_come, rated
from handlers.tasks.wording import BETWEEN, NUMBERS, id_of

RATINGS = {"good": 1, "fair": 2, "bad": 3}
LONGEST_WORDS = 120
"""Characters of what an orderer says that are passed on."""

_MARKS = " ,.。,、!~:"


# --- done -----------------------------------------------------------------------------------------------------


@router.command("tasks.done", takes_photos=True)
@privately
def done(message: Message, community: Community, task: str = "", **_slots: object) -> Replies:
    """「办好了」, with a photo or without: the orderer is asked."""
    return _say_done(task, message, community)


@router.command("tasks.done_more", takes_photos=True)
@privately
def done_more(message: Message, community: Community, task: str = "", **_slots: object) -> Replies:
    """「办好了 1小时」 「办好了 T045 一个半小时」."""
    return _say_done(task, message, community)


def _say_done(task: str, message: Message, community: Community) -> Replies:
    minutes = read_minutes(message.text)
    if task:
        return _done(id_of(task), minutes, message, community)
    promised = community.tasks.claiming.promised(message.person)
    if not promised:
        expected = community.tasks.doing.expected(message.person, message.received_at)
        promised = [each for each in expected if each.state is TaskState.CLAIMED]
    if not promised:
        raise Refused("tasks_dispatch.nothing_promised")
    ready = [each for each in promised if each.state is TaskState.CLAIMED] or promised
    if len(ready) == 1:
        return _done(ready[0].id, minutes, message, community)
    about: dict[str, Plain] = {"minutes": minutes}
    return [ask_which("tasks_dispatch.done_which", "tasks.done", ready, about, community)]


@router.answer("tasks.done", *NUMBERS, stays_open=True, optional=True)
def done_which(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """One of several that they promised."""
    task_id = question.about.get(f"task{choice}")
    if task_id is None:
        return [ask(question.prompt_key, question.kind, question.about, **question.prompt_values)]
    minutes = question.about["minutes"]
    return _done(int(task_id), int(minutes) if minutes is not None else None, message, community)


@router.answer("tasks.overdue", "done", "later", "cannot", stays_open=True, in_passing=True)
def overdue_answered(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """They were asked whether it is done."""
    task_id, now = int(question.about["task"]), message.received_at
    if choice == "done":
        return _done(task_id, read_minutes(message.text), message, community)
    if choice == "cannot":
        outcome = community.tasks.claiming.give_back(task_id, message.person, "", now)
        number = outcome.public.task.number
        return [say("tasks_dispatch.given_back", number=number), *given_back(outcome, community, now)]
    later = community.tasks.claiming.not_yet(task_id, message.person, now)
    if isinstance(later, list):
        return [reply for each in later for reply in given_back(each, community, now)]
    return [say("tasks_dispatch.not_yet_urgent" if later.urgent else "tasks_dispatch.not_yet", number=later.number)]


def _done(task_id: int, minutes: int | None, message: Message, community: Community) -> Replies:
    outcome = community.tasks.doing.done(task_id, message.person, minutes, message.received_at)
    task = outcome.takers.task
    own = all(each.person_id != message.person.id for each in outcome.takers.claims)
    asked, *others = told_done(outcome, community, own=own)
    asked = _with_photos(asked, message)
    if own:
        return [say("tasks_dispatch.done_by_orderer", number=task.number), asked, *others]
    return [say("tasks_dispatch.done", number=task.number, span=in_hours(outcome.minutes)), asked, *others]


def _with_photos(asked: Reply, message: Message) -> Reply:
    """What was done, for the one who wanted it done."""
    return Reply(asked.key, asked.values, asked.to, asked.urgency, asked.fallback_group, message.photos, asked.question)


@router.photos_behind
def photo_behind(message: Message, community: Community) -> Replies | None:
    """A photo that follows 「办好了」."""
    if message.in_group:
        return None
    outcome = community.tasks.doing.just_done(message.person, message.received_at)
    if outcome is None:
        return None
    task, pictures = outcome.takers.task, message.photos
    return [
        say("tasks_dispatch.photo_taken", number=task.number),
        say("tasks_dispatch.photo_of", to=outcome.ear, pictures=pictures, number=task.number, what=task.what),
    ]


# --- rated ----------------------------------------------------------------------------------------------------


@router.answer("tasks.rating", *RATINGS, "absent", stays_open=True, in_passing=True)
def rating_given(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """1 2 3, with a word or without; or nobody was there."""
    task_id = int(question.about["task"])
    if choice == "absent":
        return _not_come(task_id, message, community)
    words = _behind_the_choice(message)
    now = message.received_at
    outcome = community.tasks.doing.rate(task_id, message.person, RATINGS[choice], words, now)
    return [_thanks(outcome.takers.names, task_id, RATINGS[choice], words), *rated(outcome, community, now)]


def _thanks(names: tuple[str, ...], task_id: int, rating: int, words: str) -> Reply:
    about: dict[str, Plain] = {"task": task_id}
    if rating == BAD:
        if words:
            return say("tasks_dispatch.rated_badly_with_words")
        return ask("tasks_dispatch.rated_badly", "tasks.words", about)
    who = BETWEEN.join(names)
    if words:
        return say("tasks_dispatch.rated_with_words", names=who)
    return ask("tasks_dispatch.rated", "tasks.words", about, names=who)


def _behind_the_choice(message: Message) -> str:
    """「1 谢谢曹阿姨」: what is said besides the number or the word."""
    ways = phrasebook.load().answers["tasks.rating"]
    if read_choice(message.text, (*RATINGS, "absent"), ways) is not None:
        return ""
    said = message.words.strip()
    opening = max((each for each in _openings() if normalise(said).startswith(each)), key=len, default="")
    return shorten(mask(said[len(opening) :].strip(_MARKS)), LONGEST_WORDS)


def _openings() -> list[str]:
    """The numbers and words that an answer may begin with."""
    ways = phrasebook.load().answers["tasks.rating"]
    return ["1", "2", "3", *(way for option in RATINGS for way in ways[option])]


def _any_words(message: Message, community: Community) -> str | None:
    """What an orderer says about it; a command is none of it."""
    if not message.words or phrasebook.load().listener.command(message.text) is not None:
        return None
    return message.words


@router.answer("tasks.words", optional=True, otherwise=_any_words)
def words_given(message: Message, community: Community, question: Question, words: str) -> Replies:
    """A word about it: to those who did it, or, where it was not good, to the workers."""
    task_id = int(question.about["task"])
    if message.text.rstrip(_MARKS) in phrasebook.load().words["nothing_to_add"]:
        return [say("tasks_dispatch.no_more_words")]
    said = shorten(mask(words), LONGEST_WORDS)
    outcome = community.tasks.doing.add_words(task_id, message.person, said, message.received_at)
    task, takers = outcome.takers.task, outcome.takers
    if outcome.rating == BAD:
        told = [
            say("tasks_dispatch.words_for_workers", to=each, number=task.number, words=said) for each in outcome.workers
        ]
        return [say("tasks_dispatch.bad_words_taken"), *told]
    told = [
        say("tasks_dispatch.you_were_thanked", to=each.person_id, number=task.number, what=task.what, words=said)
        for each in takers.claims
    ]
    return [say("tasks_dispatch.words_taken", names=BETWEEN.join(takers.names)), *told]


# --- nobody came ----------------------------------------------------------------------------------------------


@router.command("tasks.not_come")
@privately
def nobody_came(message: Message, community: Community, task: str = "") -> Replies:
    """「没来」 「T045 没来」: people look at it."""
    return _not_come(id_of(task) if task else None, message, community)


def _not_come(task_id: int | None, message: Message, community: Community) -> Replies:
    outcome = community.tasks.doing.not_come(task_id, message.person, message.received_at)
    number = outcome.takers.task.number
    return [say("tasks_dispatch.not_come", number=number), *not_come(outcome, community)]
