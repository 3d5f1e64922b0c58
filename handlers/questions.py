"""Open questions: whether a message answers one, and which."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from community import Community
from community.parts.questions import Question
from handlers.hearing.choices import read_choice
from handlers.hearing.openings import read_opening
from handlers.messages import Message
from handlers.routing import AnswerRoute


@dataclass(frozen=True, slots=True)
class Answered:
    """A question with the option that was chosen, or with words where any will do."""

    question: Question
    value: str


def find_choice(
    text: str,
    open_questions: Sequence[Question],
    routes: Mapping[str, AnswerRoute],
    ways: Mapping[str, Mapping[str, Sequence[str]]],
) -> Answered | None:
    """The question, newest first, that a normalised text answers by choosing one of its options.

    A bare number is for the newest question alone: nobody means an older one by it.
    """
    for question in open_questions:
        route = routes.get(question.kind)
        if route is None or not route.options:
            continue
        chosen = read_choice(text, route.options, ways.get(question.kind, {}), numbers=question is open_questions[0])
        if chosen is not None:
            return Answered(question, chosen)
    return None


def find_opening(
    text: str,
    open_questions: Sequence[Question],
    routes: Mapping[str, AnswerRoute],
    ways: Mapping[str, Mapping[str, Sequence[str]]],
) -> Answered | None:
    """The question that the first words of a normalised text answer: 「没解决,还在漏水」.

    None behind one that takes any words: those are for it.
    """
    for question in open_questions:
        route = routes.get(question.kind)
        if route is None or not route.in_passing:
            if route is not None and not route.options:
                return None
            continue
        alone = sum(each.kind == question.kind for each in open_questions) == 1
        chosen = read_opening(
            text,
            route.options,
            ways.get(question.kind, {}),
            numbers=question is open_questions[0],
            names_its_thing=alone,
        )
        if chosen is not None:
            return Answered(question, chosen)
    return None


def find_otherwise(
    message: Message, community: Community, open_questions: Sequence[Question], routes: Mapping[str, AnswerRoute]
) -> Answered | None:
    """The newest question, where its service makes an answer of words that name none of its options."""
    for question in open_questions[:1]:
        route = routes.get(question.kind)
        read = route.otherwise(message, community) if route is not None and route.otherwise is not None else None
        if read is not None:
            return Answered(question, read)
    return None


def find_free(words: str, open_questions: Sequence[Question], routes: Mapping[str, AnswerRoute]) -> Answered | None:
    """The newest question, where any words will do."""
    for question in open_questions[:1]:
        route = routes.get(question.kind)
        if route is not None and not route.options and words:
            return Answered(question, words)
    return None
