"""From the wish for a quiz to its end: who may have one, the questions one after the other, who wins."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from community.parts.notice import quiet_ends
from community.people import Person
from community.quizzes.outcomes import Asked, BrokenOff, Closed, Ended, Happened, Planned, Stopped, Wanted
from community.refused import Refused
from community.rules import Rules
from community.tree import Group, Tree
from storage import quizzes, rota
from storage.database import Store
from storage.quizzes import Answer, BankQuestion, Question, Quiz
from storage.tables import QuizState

MOST_QUESTIONS = 20
MOST_WINNERS = 20
LONGEST_PRIZE = 30
PLAN_AHEAD = timedelta(days=90)
LATEST = timedelta(minutes=10)
"""When the bot was away for longer than this, nobody waits for the next question any more."""

START, CLOSE, ASK = "start", "close", "ask"
"""What the scheduler does next with a quiz."""


@dataclass(frozen=True, slots=True)
class Asking:
    """Running quizzes, within one transaction."""

    store: Store
    tree: Tree
    rules: Rules

    # --- who and where ----------------------------------------------------------------------------------------

    def groups_for(self, person: Person, channels: Sequence[str], now: datetime) -> tuple[Group, ...]:
        """The groups on these channels in which a person may run a quiz now."""
        groups = (group for group in self.tree.groups.values() if group.channel in channels)
        return tuple(group for group in groups if self.may_run(person, group.node_id, now))

    def may_run(self, person: Person, node_id: str, now: datetime) -> bool:
        """Workers of the node, and whoever leads an event there today."""
        return self.tree.works_at(person.id, node_id) or self._leads(person, node_id, now) is not None

    def topics(self, node_id: str) -> tuple[str, ...]:
        """What the questions are about that can be asked at a node."""
        return tuple(dict.fromkeys(each.topic for each in self._bank(node_id) if each.topic))

    # --- beginning and ending ---------------------------------------------------------------------------------

    def start(self, wanted: Wanted, person: Person, now: datetime) -> Planned | Asked:
        """A quiz begins, or is planned. Raises `Refused`."""
        self._check(wanted, person, now)
        quizzes.lock_node(self.store, self._top(wanted.group.node_id))
        running = quizzes.open_in(self.store, wanted.group.channel, wanted.group.external_id)
        if running is not None and running.state is QuizState.RUNNING:
            raise Refused("quizzes.runs_already", chat=wanted.group.name)
        if running is not None:
            raise Refused("quizzes.planned_already", chat=wanted.group.name, starts_at=running.starts_at)
        quiz = self._made(wanted, person, self._picked(wanted), now)
        return Planned(quiz, wanted.questions) if wanted.starts_at else self._ask(quiz, now)

    def stop(self, group: Group, person: Person, now: datetime) -> Stopped:
        """The quiz of a group ends here; an open question counts for nobody. Raises `Refused`."""
        found = quizzes.open_in(self.store, group.channel, group.external_id)
        quiz = quizzes.locked(self.store, found.id) if found is not None else None
        if quiz is None or quiz.ended_at is not None:
            raise Refused("quizzes.none_runs", chat=group.name)
        if quiz.started_by != person.id and not self.may_run(person, quiz.node_id, now):
            raise Refused("quizzes.not_for_you")
        question = next((each for each in quizzes.questions_of(self.store, quiz.id) if each.is_open), None)
        if question is not None:
            quizzes.change_question(self.store, question.id, closed_at=now)
        return Stopped(self._finish(quiz, QuizState.CANCELLED, now), question, self._won(quiz))

    def quiz_of(self, group: Group) -> Quiz | None:
        """The quiz that is planned or running in a group."""
        return quizzes.open_in(self.store, group.channel, group.external_id)

    # --- by itself --------------------------------------------------------------------------------------------

    def next_due(self) -> datetime | None:
        """When `run` has something to do next."""
        return quizzes.next_due(self.store)

    def run(self, now: datetime) -> list[Happened]:
        """Asks, closes and ends what is due by now."""
        happened: list[Happened] = []
        for each in quizzes.due(self.store, now):
            quiz = quizzes.locked(self.store, each.id)
            if quiz is not None and quiz.next_at is not None and quiz.next_at <= now:
                happened += self._move_on(quiz, quiz.next_at, now)
        return happened

    def _move_on(self, quiz: Quiz, due_at: datetime, now: datetime) -> list[Happened]:
        late = now - due_at > LATEST
        if quiz.stage == CLOSE:
            return self._close(quiz, now, late=late)
        if late or quiet_ends(now, self.rules) > now:
            return [self._break_off(quiz, now)]
        return [self._ask(quiz, now)]

    def _ask(self, quiz: Quiz, now: datetime) -> Asked:
        """The next question. Whoever comes late to it has the whole time nevertheless."""
        questions = quizzes.questions_of(self.store, quiz.id)
        question = next(each for each in questions if each.asked_at is None)
        quizzes.change_question(self.store, question.id, asked_at=now)
        quiz = self._change(quiz, state=QuizState.RUNNING, stage=CLOSE, next_at=now + self.rules.quiz_open)
        return Asked(quiz, replace(question, asked_at=now), len(questions))

    def _close(self, quiz: Quiz, now: datetime, *, late: bool) -> list[Happened]:
        questions = quizzes.questions_of(self.store, quiz.id)
        question = next(each for each in questions if each.is_open)
        answers = quizzes.answers_to(self.store, question.id)
        if late and not answers:  # probably nobody has even seen it
            quizzes.change_question(self.store, question.id, closed_at=now)
            return [self._break_off(quiz, now)]
        closed = self._result(quiz, question, answers, now)
        if question.position < len(questions):
            self._change(quiz, stage=ASK, next_at=now + self.rules.quiz_pause)
            return [closed]
        ended = self._finish(quiz, QuizState.OVER, now)
        return [closed, Ended(ended, self._won(quiz))]

    def _result(self, quiz: Quiz, question: Question, answers: Sequence[Answer], now: datetime) -> Closed:
        right = [each for each in answers if each.choice == question.answer]
        winners = fastest(right, quizzes.winners_of(self.store, quiz.id), quiz.winners)
        quizzes.change_question(self.store, question.id, closed_at=now)
        for each in winners:
            quizzes.add_prize(
                self.store,
                quiz_id=quiz.id,
                person_id=each.person_id,
                question_id=question.id,
                prize=quiz.prize,
                won_at=now,
            )
        return Closed(quiz, question, len(answers), len(right), winners, self.where(quiz.event_id, quiz.node_id))

    def _break_off(self, quiz: Quiz, now: datetime) -> BrokenOff:
        begun = quiz.state is QuizState.RUNNING
        return BrokenOff(self._finish(quiz, QuizState.OVER if begun else QuizState.CANCELLED, now), begun)

    def _finish(self, quiz: Quiz, state: QuizState, now: datetime) -> Quiz:
        return self._change(quiz, state=state, ended_at=now, next_at=None, stage="")

    def _change(self, quiz: Quiz, **values: Any) -> Quiz:
        quizzes.change(self.store, quiz.id, **values)
        return replace(quiz, **values)

    # --- what it is made of -----------------------------------------------------------------------------------

    def where(self, event_id: int | None, node_id: str) -> str:
        """Where prizes are fetched: where the event is, at the station that has the community's name, at its first one,
        or at the community."""
        place = quizzes.place_of_event(self.store, event_id) if event_id is not None else ""
        node = self.tree.community_of(node_id) or self.tree.nodes[node_id]
        stations = [each.name for each in rota.all_stations(self.store) if each.node_id == node.id]
        return place or min(stations, key=lambda name: node.name not in name, default=node.name)

    def _check(self, wanted: Wanted, person: Person, now: datetime) -> None:
        if not self.may_run(person, wanted.group.node_id, now):
            raise Refused("quizzes.not_for_you")
        if not 1 <= wanted.questions <= MOST_QUESTIONS:
            raise Refused("quizzes.how_many_questions", most=MOST_QUESTIONS)
        if not 1 <= wanted.winners <= MOST_WINNERS:
            raise Refused("quizzes.how_many_winners", most=MOST_WINNERS)
        if len(wanted.prize) > LONGEST_PRIZE:
            raise Refused("quizzes.long_prize", most=LONGEST_PRIZE)
        starts_at = wanted.starts_at or now
        if starts_at < now:
            raise Refused("quizzes.past", starts_at=starts_at)
        if starts_at - now > PLAN_AHEAD:
            raise Refused("quizzes.too_far", starts_at=starts_at, days=PLAN_AHEAD.days)
        ends_at = starts_at + wanted.questions * (self.rules.quiz_open + self.rules.quiz_pause)
        if any(quiet_ends(moment, self.rules) > moment for moment in (starts_at, ends_at)):
            raise Refused("quizzes.quiet", begin=f"{self.rules.quiet_from:%H:%M}", end=f"{self.rules.quiet_to:%H:%M}")

    def _picked(self, wanted: Wanted) -> list[BankQuestion]:
        """The questions that were not used for longest, none of them twice. Raises `Refused`."""
        bank = self._bank(wanted.group.node_id)
        if not bank:
            raise Refused("quizzes.empty_bank")
        topics = "\u3001".join(self.topics(wanted.group.node_id))
        if wanted.topic and wanted.topic not in {each.topic for each in bank}:
            raise Refused("quizzes.no_topic", topic=wanted.topic, topics=topics)
        in_use = quizzes.words_in_use(self.store)
        free = [each for each in bank if wanted.topic in ("", each.topic) and each.words not in in_use]
        unique = list({each.words: each for each in reversed(free)}.values())[::-1]
        if len(unique) < wanted.questions:
            raise Refused("quizzes.too_few", there=len(unique), wanted=wanted.questions)
        return unique[: wanted.questions]

    def _made(self, wanted: Wanted, person: Person, picked: Sequence[BankQuestion], now: datetime) -> Quiz:
        group = wanted.group
        starts_at = wanted.starts_at or now
        quiz_id = quizzes.add(
            self.store,
            node_id=group.node_id,
            event_id=self._leads(person, group.node_id, starts_at),
            topic=wanted.topic,
            channel=group.channel,
            group_external_id=group.external_id,
            started_by=person.id,
            prize=wanted.prize,
            winners=wanted.winners,
            state=QuizState.PLANNED,
            starts_at=starts_at,
            ended_at=None,
            next_at=starts_at,
            stage=START,
        )
        for position, each in enumerate(picked, start=1):
            question = {"words": each.words, "options": list(each.options), "answer": each.answer}
            quizzes.add_question(self.store, quiz_id=quiz_id, position=position, **question)
        quizzes.note_used(self.store, [each.id for each in picked], now)
        quiz = quizzes.by_id(self.store, quiz_id)
        if quiz is None:
            raise LookupError(quiz_id)
        return quiz

    def _bank(self, node_id: str) -> list[BankQuestion]:
        """The questions of a node and of those above it."""
        return quizzes.bank_of(self.store, [node.id for node in self.tree.upwards(node_id)])

    def _top(self, node_id: str) -> str:
        """The node whose lock keeps two groups of one community from taking the same questions."""
        community = self.tree.community_of(node_id)
        return community.id if community else node_id

    def _leads(self, person: Person, node_id: str, now: datetime) -> int | None:
        """The open event that a person leads on that day, where the node is."""
        day = now.astimezone(self.rules.zone).replace(hour=0, minute=0, second=0, microsecond=0)
        led = quizzes.led_between(self.store, person.id, day, day + timedelta(days=1))
        return next(
            (event_id for event_id, at in led if self.tree.lies_in(node_id, at) or self.tree.lies_in(at, node_id)),
            None,
        )

    def _won(self, quiz: Quiz) -> int:
        return len(quizzes.winners_of(self.store, quiz.id))


def fastest(right: Sequence[Answer], won_before: frozenset[str], winners: int) -> tuple[Answer, ...]:
    """Who wins: the first who were right and have not won in this quiz yet. `right` is in the order of time."""
    return tuple([each for each in right if each.person_id not in won_before][:winners])
