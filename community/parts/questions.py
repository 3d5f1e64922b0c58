"""Open questions: asked of one person, answered, dropped or expired."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from community.rules import Rules
from storage import questions
from storage.database import Store
from storage.questions import Question

__all__ = ["Question", "Questions"]


@dataclass(frozen=True, slots=True)
class Questions:
    """What people still owe an answer to, within one transaction."""

    store: Store
    rules: Rules

    def open_for(self, person_id: str, now: datetime) -> list[Question]:
        """The newest first."""
        return questions.open_for(self.store, person_id, now)

    def ask(
        self,
        person_id: str,
        kind: str,
        about: Mapping[str, Any],
        prompt_key: str,
        prompt_values: Mapping[str, Any],
        now: datetime,
        open_for: timedelta | None = None,
    ) -> None:
        """Remembers that this was asked. A question of the same kind about the same is replaced."""
        for earlier in questions.open_for(self.store, person_id, now):
            if earlier.kind == kind and earlier.about == about:
                questions.close(self.store, earlier.id, now)
        questions.add(
            self.store,
            person_id=person_id,
            kind=kind,
            about=about,
            prompt_key=prompt_key,
            prompt_values=prompt_values,
            now=now,
            expires_at=now + (open_for or self.rules.question_open),
        )

    def close(self, question: Question, now: datetime) -> None:
        """It needs no answer any more."""
        questions.close(self.store, question.id, now)
