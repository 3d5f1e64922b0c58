"""What comes of things that are done with quizzes."""

from dataclasses import dataclass
from datetime import datetime

from community.tree import Group
from storage.quizzes import Answer, Prize, Question, Quiz

__all__ = ["Answer", "Prize", "Question", "Quiz"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A quiz that somebody wants. `starts_at` None: now."""

    group: Group
    questions: int
    winners: int
    prize: str
    topic: str = ""
    starts_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    """A quiz is planned, with so many questions."""

    quiz: Quiz
    questions: int


@dataclass(frozen=True, slots=True)
class Asked:
    """A question is open now, of so many."""

    quiz: Quiz
    question: Question
    questions: int


@dataclass(frozen=True, slots=True)
class Closed:
    """A question is over. `winners`: who was fastest and had not won before, of `right` who were right."""

    quiz: Quiz
    question: Question
    answered: int
    right: int
    winners: tuple[Answer, ...]
    where: str


@dataclass(frozen=True, slots=True)
class Ended:
    """A quiz has come to its end. `won`: how many have won something."""

    quiz: Quiz
    won: int


@dataclass(frozen=True, slots=True)
class BrokenOff:
    """A quiz does not go on, since the bot was away when it should have. `begun`: some of it took place."""

    quiz: Quiz
    begun: bool


@dataclass(frozen=True, slots=True)
class Stopped:
    """Somebody has ended a quiz. `question`: the one that was open, which counts for nobody."""

    quiz: Quiz
    question: Question | None
    won: int


@dataclass(frozen=True, slots=True)
class Taken:
    """An answer is noted. It is not said whether it is right."""

    question: Question


@dataclass(frozen=True, slots=True)
class TakenBefore:
    """The first answer counts, and there is one."""

    question: Question


@dataclass(frozen=True, slots=True)
class NoSuchOption:
    """The question has no option of that number."""

    question: Question


@dataclass(frozen=True, slots=True)
class OtherQuestion:
    """The words name another question than the one that is open."""

    question: Question


@dataclass(frozen=True, slots=True)
class Organises:
    """Whoever started a quiz could have seen its answers: theirs do not count."""


@dataclass(frozen=True, slots=True)
class TooLate:
    """No question is open. `goes_on`: another one comes."""

    goes_on: bool


@dataclass(frozen=True, slots=True)
class Several:
    """Quizzes run in several groups, and it is not clear which one is meant."""

    quizzes: tuple[tuple[Quiz, str], ...]


Answered = Taken | TakenBefore | NoSuchOption | OtherQuestion | Organises | TooLate | Several
Happened = Asked | Closed | Ended | BrokenOff


@dataclass(frozen=True, slots=True)
class Fetched:
    """A prize has been handed out."""

    prize: Prize


@dataclass(frozen=True, slots=True)
class WhichPrize:
    """Several people of that name have something to fetch."""

    prizes: tuple[Prize, ...]


@dataclass(frozen=True, slots=True)
class BankChanges:
    """What an import changed in the bank."""

    added: int
    changed: int
    ended: int
    same: int
