"""Which one is meant by a message that names no number, and asking where several may be."""

import re
from collections.abc import Sequence

from community import Community
from community.grievances import Grievance
from community.grievances.meant import Hint, meant
from community.parts.questions import Question
from handlers import phrasebook
from handlers.grievances.intake import whereabouts
from handlers.grievances.wording import PLACE, title
from handlers.hearing import categories
from handlers.messages import Message, Plain, Reply, ask
from handlers.speaking.texts import load, shorten

CHOICES = ("1", "2", "3", "4")
"""Options of the question: more nobody reads. Others are named by their number."""

WHICH = frozenset({"grievances.which", "grievances.sure"})
"""Kinds of questions which one is meant."""

A_LINE = 2
"""Choices on a line, where there are more than so many."""

LONGEST_NAME = 10
"""Characters of 「电梯那个」 and the like, said instead of a choice."""

_NUMBER = re.compile(r"\D{0,2}(?P<number>\d{3,9})\D{0,3}")
_SAID_OF_ANY = re.compile(
    "反映|投诉|报修|诉求|登记|问题|情况|事情|进度|结果|怎么|什么|时候|现在|已经|自己|修好|解决|处理|办好|没有|不用|还没|催"
)


def hint(message: Message, community: Community) -> Hint:
    """What a message says of the one that is meant."""
    guess = categories.categories(message.text)[0]
    named = guess.score > 0 and guess.name != categories.OTHER
    where = whereabouts(message.text, community, message)
    return Hint(guess.name if named else None, where, _SAID_OF_ANY.sub(" ", message.text))


def let_choose(deed: str, found: Sequence[Grievance], message: Message, community: Community) -> Reply:
    """Several may be meant: the newest few to choose from."""
    forget(message, community)
    shown = found[: len(CHOICES)]
    lines = [f"{place}{_name(each, message, community)}" for place, each in enumerate(shown, start=1)]
    size = 1 if len(lines) <= A_LINE else A_LINE
    rows = [" ".join(lines[start : start + size]) for start in range(0, len(lines), size)]
    about: dict[str, Plain] = {"deed": deed}
    about |= {choice: each.number for choice, each in zip(CHOICES, shown, strict=False)}
    return ask(f"grievances.choose_{deed}", "grievances.which", about, choices="\n".join(rows))


def forget(message: Message, community: Community) -> None:
    """What was asked so before needs no answer any more: only the last such question is meant by one."""
    for question in community.questions.open_for(message.person.id, message.received_at):
        if question.kind in WHICH:
            community.questions.close(question, message.received_at)


def read_name(message: Message, _community: Community) -> str | None:
    """The number of a case, or what it is about, said instead of the number of the choice."""
    if _NUMBER.fullmatch(message.text):
        return message.text
    listener = phrasebook.load().listener
    if len(message.text) > LONGEST_NAME or listener.command(message.text) or listener.guess(message.text):
        return None
    return message.text if categories.categories(message.text)[0].score > 0 else None


def chosen(question: Question, choice: str, message: Message, community: Community) -> list[Grievance]:
    """Those that an answer may mean: one, or several still."""
    about = question.about
    if choice in about:
        return [_existing(about[choice], message, community)]
    listed = [_existing(about[each], message, community) for each in CHOICES if each in about]
    number = _NUMBER.fullmatch(choice)
    if number is not None:
        return [each for each in listed if each.number == int(number["number"])] or listed
    return meant(listed, hint(message, community), community.tree)


def _existing(number: int, message: Message, community: Community) -> Grievance:
    return community.grievances.verdicts.known(number, message.person)


def _name(grievance: Grievance, message: Message, community: Community) -> str:
    """What it is about, its number, where it is, and how it stands."""
    progress = community.grievances.verdicts.progress(grievance, message.person)
    place = shorten(place_shown(grievance, community, own=progress.knows_place), PLACE // 4)
    state = load()[f"grievances.state_{grievance.state}"]
    return f"{title(grievance.category)}({grievance.number:04},{place},{state})"


def place_shown(grievance: Grievance, community: Community, *, own: bool) -> str:
    """Where it is; for those who are not to know a neighbour's door, roughly."""
    if own:
        return grievance.place
    node = community.tree.nodes.get(grievance.place_id or grievance.community_id)
    return node.name if node else ""
