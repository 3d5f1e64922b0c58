"""Answers to a quiz: 「B」, 「选B」, 「2」, 「我选第二个」, the words of an option; private, and never judged there."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from community import Community
from community.parts.questions import Question
from community.quizzes.answering import ANOTHER
from community.quizzes.outcomes import (
    Answered,
    NoSuchOption,
    Organises,
    OtherQuestion,
    Several,
    Taken,
    TakenBefore,
    TooLate,
)
from community.quizzes.outcomes import Question as QuizQuestion
from handlers.hearing.choices import read_choice
from handlers.hearing.normalise import EMOJI, normalise
from handlers.hearing.numerals import to_int
from handlers.messages import Message, Plain, Replies, Reply, ask, say
from handlers.quizzes.wording import asked_again, letter
from handlers.routing import router

NUMBERS = tuple("123456789")
LONGEST_ANSWER = 80

_BEFORE = (
    r"(?:第\s*(?P<position>\d{1,2}|[一二三四五六七八九十]{1,3})\s*题\s*[,:]?\s*)?"
    r"(?:(?:我|俺)?(?:想|要|就)?(?:选择?|答|猜|回|是|觉得是?|认为是?)?|(?:我的)?答案\s*(?:是|选|为)?)\s*[:,]?\s*"
)
_AFTER = rf"(?:选?项|吧|的|啊|呀|哦|呢|哈|谢谢|[\s.。、,!~)]|{EMOJI})*"
_ANY_LETTER = re.compile("[A-Za-z\u0130\u0131\u017f\u212a]")  # what IGNORECASE takes for one
_LETTER = re.compile(rf"{_BEFORE}[(]?(?P<letter>[a-z]){_AFTER}", re.IGNORECASE)
_WITH_WORDS = re.compile(r"(?:选)?(?P<letter>[a-z])\s*[.、,:)\s]\s*(?P<words>\S.*)", re.IGNORECASE)
_SEVERAL = re.compile(rf"{_BEFORE}[a-f](?:\s*(?:[、,/和或跟]|还是)?\s*[a-f]){{1,5}}{_AFTER}", re.IGNORECASE)
_TOO_MANY = 99
"""An option that no question has: whoever names two is told to name one."""

_MARKS = " .。,、!~吧的啊呀哦呢哈"


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads one text as the answer to whichever question turns out to be meant."""

    text: str

    def __call__(self, question: QuizQuestion) -> int | None:
        found = _LETTER.fullmatch(self.text)
        if found:
            other = found["position"] and to_int(found["position"]) != question.position
            return ANOTHER if other else _number_of(found["letter"])
        if _SEVERAL.fullmatch(self.text):
            return _TOO_MANY
        words = [_plain(each) for each in question.options]
        if _plain(self.text) in words:
            return words.index(_plain(self.text)) + 1
        both = _WITH_WORDS.fullmatch(self.text)
        if both and _number_of(both["letter"]) <= len(words):
            number = _number_of(both["letter"])
            return number if _plain(both["words"]) == words[number - 1] else None
        chosen = read_choice(self.text, NUMBERS[: len(words)], {}) or read_choice(self.text, NUMBERS, {})
        return int(chosen) if chosen else None


def may_be(text: str) -> bool:
    """Whether a normalised text looks like the answer to a quiz."""
    if len(text) > LONGEST_ANSWER:
        return False
    if _ANY_LETTER.search(text) is None:
        return _is_number(text)
    return _is_letter(text) or any(pattern.fullmatch(text) for pattern in (_SEVERAL, _WITH_WORDS)) or _is_number(text)


def goes_on(community: Community, channel: str, group: str, now: datetime) -> bool:
    """Whether a quiz runs in a group."""
    return community.quizzes.answering.goes_on(channel, group)


@router.bare_words(may_be=may_be, goes_on=goes_on)
def take(message: Message, community: Community, owed: Sequence[Question]) -> Replies | None:
    """What is said to an answer. A bare number answers what was asked last, a letter always the quiz."""
    answering, person, channel = community.quizzes.answering, message.person, message.incoming.channel
    if message.incoming.group is not None:
        return _aloud(message, community)
    if len(message.text) > LONGEST_ANSWER:
        return None
    if owed and _is_number(message.text):
        since = answering.open_since(person, channel)
        if since is None or owed[0].asked_at >= since:
            return None
    answered = answering.answer(person, channel, _Reader(message.text), message.received_at)
    return None if answered is None else [_said(answered, message.text)]


@router.answer("quizzes.which", *NUMBERS)
def which(message: Message, community: Community, question: Question, choice: str) -> Reply:
    """The group whose quiz was meant."""
    quiz_id = question.about.get(f"quiz{choice}")
    if quiz_id is None:
        return asked_again(question)
    text = str(question.about["text"])
    answered = community.quizzes.answering.answer_in(quiz_id, message.person, _Reader(text), message.received_at)
    return _said(answered or TooLate(goes_on=True), text)


def _aloud(message: Message, community: Community) -> Replies | None:
    """An answer in the group: it does not count, and is said so once, in private."""
    channel, group = message.incoming.channel, message.incoming.group or ""
    if not goes_on(community, channel, group, message.received_at):
        return None
    told = community.quizzes.answering.remind(message.person, channel, group, message.received_at)
    return [say("quizzes.answer_privately")] if told else []


def _said(answered: Answered, text: str) -> Reply:
    match answered:
        case Taken(question):
            return say("quizzes.taken", position=question.position)
        case TakenBefore(question):
            return say("quizzes.taken_before", position=question.position)
        case NoSuchOption(question):
            return say("quizzes.no_such_option", first=letter(1), last=letter(len(question.options)))
        case OtherQuestion(question):
            return say("quizzes.other_question", position=question.position)
        case Organises():
            return say("quizzes.you_organise")
        case TooLate(goes_on=True):
            return say("quizzes.too_late")
        case TooLate():
            return say("quizzes.over_already")
        case Several(several):
            pairs = list(zip(NUMBERS, several, strict=False))
            about: dict[str, Plain] = {"text": text} | {f"quiz{number}": quiz.id for number, (quiz, _) in pairs}
            choices = " ".join(f"{number}{name}" for number, (_, name) in pairs)
            return ask("quizzes.ask_which", "quizzes.which", about, choices=choices)


def _is_letter(text: str) -> bool:
    return _LETTER.fullmatch(text) is not None


def _is_number(text: str) -> bool:
    return read_choice(text, NUMBERS, {}) is not None


def _number_of(said: str) -> int:
    return ord(said.upper()) - ord("A") + 1


def _plain(words: str) -> str:
    return normalise(words).strip(_MARKS).casefold()
