"""Quizzes with prizes: the bank of questions, the quizzes made of it, what was answered, and who has fetched what."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, func, insert, select, update

from storage.database import Store
from storage.tables import (
    EventState,
    QuizState,
    events,
    nodes,
    people,
    quiz_answers,
    quiz_bank,
    quiz_prizes,
    quiz_questions,
    quiz_reminders,
    quizzes,
)


@dataclass(frozen=True, slots=True)
class BankQuestion:
    """A question that may be asked. `answer` counts the options from 1. `ended_at`: no longer in the bank."""

    id: int
    topic: str
    words: str
    options: tuple[str, ...]
    answer: int
    used_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Quiz:
    """One quiz in one group. `winners` is how many win at each question. `started_by` None: the bot itself.

    `next_at` is when the scheduler has something to do about it, `stage` what.
    """

    id: int
    node_id: str
    event_id: int | None
    topic: str
    channel: str
    group: str
    started_by: str | None
    prize: str
    winners: int
    state: QuizState
    starts_at: datetime
    ended_at: datetime | None
    next_at: datetime | None
    stage: str


@dataclass(frozen=True, slots=True)
class Question:
    """A question of a quiz, open from `asked_at` to `closed_at`. `position` and `answer` count from 1."""

    id: int
    quiz_id: int
    position: int
    words: str
    options: tuple[str, ...]
    answer: int
    asked_at: datetime | None
    closed_at: datetime | None

    @property
    def is_open(self) -> bool:
        return self.asked_at is not None and self.closed_at is None


@dataclass(frozen=True, slots=True)
class Answer:
    """What one person chose."""

    person_id: str
    name: str
    choice: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Prize:
    """What one person won. `fetched_at` None: it is still to be fetched."""

    quiz_id: int
    node_id: str
    event_id: int | None
    topic: str
    started_by: str | None
    person_id: str
    name: str
    prize: str
    won_at: datetime
    fetched_at: datetime | None


_BANK = (
    quiz_bank.c.id,
    quiz_bank.c.topic,
    quiz_bank.c.words,
    quiz_bank.c.options,
    quiz_bank.c.answer,
    quiz_bank.c.used_at,
    quiz_bank.c.ended_at,
)
_BANK_OF = (
    select(*_BANK)
    .where(quiz_bank.c.node_id.in_(bindparam("nodes", expanding=True)), quiz_bank.c.ended_at.is_(None))
    .order_by(quiz_bank.c.used_at.nulls_first(), quiz_bank.c.id)
)
_EVER_IN_BANK = select(*_BANK).where(quiz_bank.c.node_id == bindparam("node")).order_by(quiz_bank.c.id)
_INSERT_IN_BANK = insert(quiz_bank)
_UPDATE_BANK = update(quiz_bank).where(quiz_bank.c.id == bindparam("wanted"))
_USED = (
    update(quiz_bank).where(quiz_bank.c.id.in_(bindparam("wanted", expanding=True))).values(used_at=bindparam("now"))
)
# key_share: rows that only name the node (a case, a booking) need not wait.
_LOCK_NODE = select(nodes.c.id).where(nodes.c.id == bindparam("wanted")).with_for_update(key_share=True)
_QUIZ = tuple(quizzes.c)
_INSERT = insert(quizzes).returning(quizzes.c.id)
_UPDATE = update(quizzes).where(quizzes.c.id == bindparam("wanted"))
_BY_ID = select(*_QUIZ).where(quizzes.c.id == bindparam("wanted"))
_LOCKED = _BY_ID.with_for_update(key_share=True)
_OPEN_IN = select(*_QUIZ).where(
    quizzes.c.channel == bindparam("channel"),
    quizzes.c.group_external_id == bindparam("group"),
    quizzes.c.ended_at.is_(None),
)
_OPEN_ON = (
    select(*_QUIZ)
    .where(quizzes.c.channel == bindparam("channel"), quizzes.c.ended_at.is_(None))
    .order_by(quizzes.c.starts_at, quizzes.c.id)
)
_ENDED_ON = select(*_QUIZ).where(
    quizzes.c.ended_at >= bindparam("since"),
    quizzes.c.channel == bindparam("channel"),
)
_DUE = select(*_QUIZ).where(quizzes.c.next_at <= bindparam("now")).order_by(quizzes.c.next_at, quizzes.c.id).limit(200)
# Said although `min` leaves them out: only then does SQLite use the index, which holds no others.
_NEXT_DUE = select(func.min(quizzes.c.next_at)).where(quizzes.c.next_at.is_not(None))
_QUESTION = tuple(quiz_questions.c)
_INSERT_QUESTION = insert(quiz_questions)
_UPDATE_QUESTION = update(quiz_questions).where(quiz_questions.c.id == bindparam("wanted"))
_QUESTIONS_OF = (
    select(*_QUESTION).where(quiz_questions.c.quiz_id == bindparam("quiz")).order_by(quiz_questions.c.position)
)
_WORDS_IN_USE = select(quiz_questions.c.words).join_from(quiz_questions, quizzes).where(quizzes.c.ended_at.is_(None))
_NOT_YET_ASKED = (
    select(*_QUESTION)
    .join_from(quiz_questions, quizzes)
    .where(quizzes.c.ended_at.is_(None), quiz_questions.c.asked_at.is_(None))
)
_INSERT_ANSWER = insert(quiz_answers)
_CHOSEN = select(quiz_answers.c.choice).where(
    quiz_answers.c.question_id == bindparam("question"), quiz_answers.c.person_id == bindparam("person")
)
_ANSWERS_TO = (
    select(quiz_answers.c.person_id, people.c.name, quiz_answers.c.choice, quiz_answers.c.at)
    .join_from(quiz_answers, people, quiz_answers.c.person_id == people.c.id)
    .where(quiz_answers.c.question_id == bindparam("question"))
    .order_by(quiz_answers.c.at, quiz_answers.c.person_id)
)
_TOOK_PART = (
    select(quiz_questions.c.quiz_id)
    .distinct()
    .join_from(quiz_questions, quiz_answers)
    .where(
        quiz_questions.c.quiz_id.in_(bindparam("quizzes", expanding=True)),
        quiz_answers.c.person_id == bindparam("person"),
    )
)
_INSERT_REMINDER = insert(quiz_reminders)
_REMINDED = select(quiz_reminders.c.at).where(
    quiz_reminders.c.quiz_id == bindparam("quiz"), quiz_reminders.c.person_id == bindparam("person")
)
_PRIZE = (
    quiz_prizes.c.quiz_id,
    quizzes.c.node_id,
    quizzes.c.event_id,
    quizzes.c.topic,
    quizzes.c.started_by,
    quiz_prizes.c.person_id,
    people.c.name,
    quiz_prizes.c.prize,
    quiz_prizes.c.won_at,
    quiz_prizes.c.fetched_at,
)


def _prizes(*conditions: ColumnElement[bool]) -> Select[Any]:
    """Prizes with what is to be known of their quiz, in the order in which they were won."""
    won_by = (quiz_answers.c.question_id == quiz_prizes.c.question_id) & (
        quiz_answers.c.person_id == quiz_prizes.c.person_id
    )
    return (
        select(*_PRIZE)
        .join_from(quiz_prizes, quizzes)
        .join(people, quiz_prizes.c.person_id == people.c.id)
        .join(quiz_answers, won_by)
        .where(*conditions)
        .order_by(quiz_prizes.c.won_at, quiz_prizes.c.quiz_id, quiz_answers.c.at, quiz_answers.c.person_id)
    )


_INSERT_PRIZE = insert(quiz_prizes)
_WINNERS = select(quiz_prizes.c.person_id).where(quiz_prizes.c.quiz_id == bindparam("quiz"))
_PRIZE_OF = _prizes(quiz_prizes.c.quiz_id == bindparam("quiz"), quiz_prizes.c.person_id == bindparam("person"))
_TO_FETCH = _prizes(quiz_prizes.c.fetched_at.is_(None))
_PRIZES_SINCE = _prizes(
    quizzes.c.node_id.in_(bindparam("nodes", expanding=True)), quizzes.c.starts_at >= bindparam("since")
)
_PRIZES_OF_PERSON = _prizes(quiz_prizes.c.person_id == bindparam("person"))
_FETCHED = (
    update(quiz_prizes)
    .where(
        quiz_prizes.c.quiz_id == bindparam("quiz"),
        quiz_prizes.c.person_id == bindparam("person"),
        quiz_prizes.c.fetched_at.is_(None),
    )
    .values(fetched_at=bindparam("now"), given_by=bindparam("giver"))
)
_LED_BETWEEN = (
    select(events.c.id, events.c.node_id)
    .where(
        events.c.leader_id == bindparam("leader"),
        events.c.begins_at >= bindparam("since"),
        events.c.begins_at < bindparam("until"),
        events.c.state == EventState.OPEN,
    )
    .order_by(events.c.begins_at, events.c.id)
)
_PLACE_OF_EVENT = select(events.c.place).where(events.c.id == bindparam("wanted"))


# --- the bank -----------------------------------------------------------------------------------------------------


def bank_of(store: Store, node_ids: Collection[str]) -> list[BankQuestion]:
    """What may be asked at these nodes: what was never asked first, then what was not for longest."""
    return [_bank(row) for row in store.connection.execute(_BANK_OF, {"nodes": list(node_ids)})]


def ever_in_bank(store: Store, node_id: str) -> list[BankQuestion]:
    """Every question that a node has or had."""
    return [_bank(row) for row in store.connection.execute(_EVER_IN_BANK, {"node": node_id})]


def add_to_bank(store: Store, **values: Any) -> None:
    """A new question."""
    store.connection.execute(_INSERT_IN_BANK, values)


def change_bank(store: Store, question_id: int, **values: Any) -> None:
    """Writes columns of a question of the bank."""
    store.connection.execute(_UPDATE_BANK.values(**values), {"wanted": question_id})


def note_used(store: Store, question_ids: Collection[int], now: datetime) -> None:
    """These questions of the bank have been taken for a quiz."""
    store.connection.execute(_USED, {"wanted": list(question_ids), "now": now})


def words_in_use(store: Store) -> frozenset[str]:
    """Questions of quizzes that are not over: asked elsewhere, they would give the answer away."""
    return frozenset(store.connection.execute(_WORDS_IN_USE).scalars())


def not_yet_asked(store: Store) -> list[Question]:
    """Questions that wait for their turn in a quiz."""
    return [_question(row) for row in store.connection.execute(_NOT_YET_ASKED)]


# --- quizzes ------------------------------------------------------------------------------------------------------


def lock_node(store: Store, node_id: str) -> None:
    """Nobody else takes questions from the bank of this node until this transaction ends."""
    store.connection.execute(_LOCK_NODE, {"wanted": node_id})


def add(store: Store, **values: Any) -> int:
    """A new quiz. Gives its id."""
    identity: int = store.connection.execute(_INSERT, values).scalar_one()
    return identity


def by_id(store: Store, quiz_id: int) -> Quiz | None:
    """One quiz."""
    row = store.connection.execute(_BY_ID, {"wanted": quiz_id}).first()
    return _quiz(row) if row else None


def locked(store: Store, quiz_id: int) -> Quiz | None:
    """One quiz, in which nobody else answers or moves on until this transaction ends."""
    row = store.connection.execute(_LOCKED, {"wanted": quiz_id}).first()
    return _quiz(row) if row else None


def change(store: Store, quiz_id: int, **values: Any) -> None:
    """Writes columns."""
    store.connection.execute(_UPDATE.values(**values), {"wanted": quiz_id})


def open_in(store: Store, channel: str, group: str) -> Quiz | None:
    """The quiz that is planned or running in a group."""
    row = store.connection.execute(_OPEN_IN, {"channel": channel, "group": group}).first()
    return _quiz(row) if row else None


def open_on(store: Store, channel: str) -> list[Quiz]:
    """The quizzes that are planned or running in all groups of a channel."""
    return [_quiz(row) for row in store.connection.execute(_OPEN_ON, {"channel": channel})]


def ended_on(store: Store, channel: str, since: datetime) -> list[Quiz]:
    """The quizzes of a channel that have ended since."""
    return [_quiz(row) for row in store.connection.execute(_ENDED_ON, {"channel": channel, "since": since})]


def due(store: Store, now: datetime) -> list[Quiz]:
    """Those about which something is to be done by now."""
    return [_quiz(row) for row in store.connection.execute(_DUE, {"now": now})]


def next_due(store: Store) -> datetime | None:
    """When `due` has something next."""
    return store.connection.execute(_NEXT_DUE).scalar_one_or_none()


# --- questions and answers ----------------------------------------------------------------------------------------


def add_question(store: Store, **values: Any) -> None:
    """A question of a quiz, not yet asked."""
    store.connection.execute(_INSERT_QUESTION, values)


def change_question(store: Store, question_id: int, **values: Any) -> None:
    """Writes columns of a question of a quiz."""
    store.connection.execute(_UPDATE_QUESTION.values(**values), {"wanted": question_id})


def questions_of(store: Store, quiz_id: int) -> list[Question]:
    """The questions of a quiz in their order."""
    return [_question(row) for row in store.connection.execute(_QUESTIONS_OF, {"quiz": quiz_id})]


def add_answer(store: Store, question_id: int, person_id: str, choice: int, now: datetime) -> None:
    """What a person chose. A second one is refused by the key: ask `has_answered` first, under the quiz's lock."""
    values = {"question_id": question_id, "person_id": person_id, "choice": choice, "at": now}
    store.connection.execute(_INSERT_ANSWER, values)


def has_answered(store: Store, question_id: int, person_id: str) -> bool:
    """Whether a person has chosen already."""
    values = {"question": question_id, "person": person_id}
    return store.connection.execute(_CHOSEN, values).first() is not None


def answers_to(store: Store, question_id: int) -> list[Answer]:
    """Everybody's answer, the first first."""
    return [Answer(*tuple(row)) for row in store.connection.execute(_ANSWERS_TO, {"question": question_id})]


def took_part(store: Store, quiz_ids: Sequence[int], person_id: str) -> frozenset[int]:
    """In which of these quizzes a person has answered a question."""
    values = {"quizzes": list(quiz_ids), "person": person_id}
    return frozenset(store.connection.execute(_TOOK_PART, values).scalars())


def remind(store: Store, quiz_id: int, person_id: str, now: datetime) -> bool:
    """Notes that a person was told where to answer. Gives whether that is new."""
    if store.connection.execute(_REMINDED, {"quiz": quiz_id, "person": person_id}).first() is not None:
        return False
    store.connection.execute(_INSERT_REMINDER, {"quiz_id": quiz_id, "person_id": person_id, "at": now})
    return True


# --- prizes -------------------------------------------------------------------------------------------------------


def add_prize(store: Store, **values: Any) -> None:
    """A person wins."""
    store.connection.execute(_INSERT_PRIZE, values)


def winners_of(store: Store, quiz_id: int) -> frozenset[str]:
    """Who has won in a quiz so far."""
    return frozenset(store.connection.execute(_WINNERS, {"quiz": quiz_id}).scalars())


def prize_of(store: Store, quiz_id: int, person_id: str) -> Prize | None:
    """What a person won in a quiz."""
    row = store.connection.execute(_PRIZE_OF, {"quiz": quiz_id, "person": person_id}).first()
    return _prize(row) if row else None


def to_fetch(store: Store) -> list[Prize]:
    """What nobody has fetched yet, the oldest first."""
    return [_prize(row) for row in store.connection.execute(_TO_FETCH)]


def prizes_since(store: Store, node_ids: Collection[str], since: datetime) -> list[Prize]:
    """What was won in the quizzes of these nodes, the oldest first."""
    values = {"nodes": list(node_ids), "since": since}
    return [_prize(row) for row in store.connection.execute(_PRIZES_SINCE, values)]


def prizes_of(store: Store, person_id: str) -> list[Prize]:
    """What a person ever won, the oldest first."""
    return [_prize(row) for row in store.connection.execute(_PRIZES_OF_PERSON, {"person": person_id})]


def note_fetched(store: Store, quiz_id: int, person_id: str, giver_id: str, now: datetime) -> bool:
    """A prize has been handed out. Gives whether that is new."""
    values = {"quiz": quiz_id, "person": person_id, "giver": giver_id, "now": now}
    return bool(store.connection.execute(_FETCHED, values).rowcount)


# --- events -------------------------------------------------------------------------------------------------------


def led_between(store: Store, person_id: str, since: datetime, until: datetime) -> list[tuple[int, str]]:
    """The open events that somebody leads which begin in between: each with its node."""
    values = {"leader": person_id, "since": since, "until": until}
    return [(event_id, node_id) for event_id, node_id in store.connection.execute(_LED_BETWEEN, values)]


def place_of_event(store: Store, event_id: int) -> str:
    """Where an event takes place; empty where nobody has said."""
    return store.connection.execute(_PLACE_OF_EVENT, {"wanted": event_id}).scalar_one_or_none() or ""


def _bank(row: Any) -> BankQuestion:
    identity, topic, words, options, answer, used_at, ended_at = row
    return BankQuestion(identity, topic, words, tuple(options), answer, used_at, ended_at)


def _quiz(row: Any) -> Quiz:
    return Quiz(*row)


def _prize(row: Any) -> Prize:
    return Prize(*row)


def _question(row: Any) -> Question:
    identity, quiz_id, position, words, options, answer, asked_at, closed_at = row
    return Question(identity, quiz_id, position, words, tuple(options), answer, asked_at, closed_at)
