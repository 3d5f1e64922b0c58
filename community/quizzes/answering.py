"""Answers, in private and in silence: which quiz is meant, whether it counts. Never whether it is right."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from community.people import Person
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
from community.rules import Rules
from community.tree import Tree
from storage import quizzes
from storage.database import Store
from storage.quizzes import Question, Quiz
from storage.tables import QuizState

STILL_REMEMBERED = timedelta(minutes=10)
"""How long after a quiz an answer is told that it is too late."""

Reader = Callable[[Question], int | None]
"""Which option words choose, counted from 1 and perhaps more than there are; None where they choose none."""

ANOTHER = 0
"""What a `Reader` gives for the option of another question, which the words name."""


@dataclass(frozen=True, slots=True)
class Answering:
    """Taking answers, within one transaction."""

    store: Store
    tree: Tree
    rules: Rules

    def goes_on(self, channel: str, group: str) -> bool:
        """Whether a question of a quiz may be open in a group."""
        quiz = quizzes.open_in(self.store, channel, group)
        return quiz is not None and quiz.state is QuizState.RUNNING

    def open_since(self, person: Person, channel: str) -> datetime | None:
        """Since when a question is open that a person has not answered; None where there is none."""
        found = [question for quiz in self._running(channel) for question in self._to_answer(quiz, person)]
        return max((each.asked_at for each in found if each.asked_at is not None), default=None)

    def answer(self, person: Person, channel: str, read: Reader, now: datetime) -> Answered | None:
        """Takes the answer to the question that is open; None where the words are for something else."""
        running = self._meant(person, self._running(channel))
        if len(running) > 1:
            questions = {quiz.id: self._open_question(quiz) for quiz in running}
            several = [quiz for quiz in running if (each := questions[quiz.id]) is not None and read(each) is not None]
            return Several(tuple((quiz, self._group_name(quiz)) for quiz in several)) if several else None
        if running:
            return self.answer_in(running[0].id, person, read, now)
        ended = quizzes.ended_on(self.store, channel, now - STILL_REMEMBERED)
        return TooLate(goes_on=False) if any(self._reads_any(quiz, read) for quiz in ended) else None

    def answer_in(self, quiz_id: int, person: Person, read: Reader, now: datetime) -> Answered | None:
        """The same, in one quiz."""
        quiz = quizzes.locked(self.store, quiz_id)
        if quiz is None or quiz.state is not QuizState.RUNNING:
            return TooLate(goes_on=False)
        question = self._open_question(quiz)
        if question is None:
            return TooLate(goes_on=True) if self._reads_any(quiz, read) else None
        choice = read(question)
        if choice is None:
            return None
        if quiz.started_by == person.id:
            return Organises()
        if choice == ANOTHER:
            return OtherQuestion(question)
        if choice > len(question.options):
            return NoSuchOption(question)
        if quizzes.has_answered(self.store, question.id, person.id):
            return TakenBefore(question)
        quizzes.add_answer(self.store, question.id, person.id, choice, now)
        return Taken(question)

    def remind(self, person: Person, channel: str, group: str, now: datetime) -> bool:
        """Somebody answered in the group. Whether they are to be told, once a quiz, that it does not count."""
        found = quizzes.open_in(self.store, channel, group)
        quiz = quizzes.locked(self.store, found.id) if found is not None else None
        if quiz is None or quiz.state is not QuizState.RUNNING or quiz.started_by == person.id:
            return False
        return quizzes.remind(self.store, quiz.id, person.id, now)

    def _running(self, channel: str) -> list[Quiz]:
        return [each for each in quizzes.open_on(self.store, channel) if each.state is QuizState.RUNNING]

    def _meant(self, person: Person, running: list[Quiz]) -> list[Quiz]:
        """Of several quizzes the one in which the person takes part and owes an answer, else that of their home."""
        if len(running) < 2:
            return running
        took_part = quizzes.took_part(self.store, [each.id for each in running], person.id)
        if took_part:
            owing = [each for each in running if each.id in took_part and self._to_answer(each, person)]
            return owing if len(owing) == 1 else running
        at_home = [each for each in running if person.node_id and self.tree.lies_in(person.node_id, each.node_id)]
        return at_home if len(at_home) == 1 else running

    def _open_question(self, quiz: Quiz) -> Question | None:
        return next((each for each in quizzes.questions_of(self.store, quiz.id) if each.is_open), None)

    def _to_answer(self, quiz: Quiz, person: Person) -> list[Question]:
        question = self._open_question(quiz)
        if question is None or quizzes.has_answered(self.store, question.id, person.id):
            return []
        return [question]

    def _reads_any(self, quiz: Quiz, read: Reader) -> bool:
        """Whether words choose an option of the question that was asked last."""
        asked = [each for each in quizzes.questions_of(self.store, quiz.id) if each.asked_at is not None]
        return bool(asked) and read(asked[-1]) is not None

    def _group_name(self, quiz: Quiz) -> str:
        group = self.tree.groups.get((quiz.channel, quiz.group))
        return group.name if group else quiz.group
