"""The bank of questions of a node: what a file says replaces what was there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from community.quiz_file import QuizEntry
from community.quizzes.outcomes import BankChanges
from storage import quizzes
from storage.database import Store


@dataclass(frozen=True, slots=True)
class Bank:
    """The bank, within one transaction."""

    store: Store

    def take_over(self, node_id: str, entries: Sequence[QuizEntry], now: datetime) -> BankChanges:
        """The file is the bank from now on: what it lacks is not asked any more. The same file changes nothing."""
        known = {each.words: each for each in quizzes.ever_in_bank(self.store, node_id)}
        added = changed = 0
        for entry in entries:
            values = {"topic": entry.topic, "options": list(entry.options), "answer": entry.answer}
            before = known.pop(entry.words, None)
            if before is None:
                quizzes.add_to_bank(self.store, node_id=node_id, words=entry.words, **values)
                added += 1
            elif (before.topic, before.options, before.answer) != (entry.topic, entry.options, entry.answer):
                quizzes.change_bank(self.store, before.id, ended_at=None, **values)
                self._correct(entry)
                changed += 1
            elif before.ended_at is not None:
                quizzes.change_bank(self.store, before.id, ended_at=None)
                added += 1
        gone = [each for each in known.values() if each.ended_at is None]
        for each in gone:
            quizzes.change_bank(self.store, each.id, ended_at=now)
        return BankChanges(added, changed, len(gone), len(entries) - added - changed)

    def _correct(self, entry: QuizEntry) -> None:
        """A question that waits for its turn in a quiz is asked as it is now."""
        for question in quizzes.not_yet_asked(self.store):
            if question.words == entry.words:
                quizzes.change_question(self.store, question.id, options=list(entry.options), answer=entry.answer)
