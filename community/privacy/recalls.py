"""A message that was taken back in its chat: nobody shall read it here either."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from community.grievances import Grievances
from community.people import Person
from community.privacy.audit import RECALL, Audit
from community.tree import Tree
from storage import recalls
from storage.audit import Line
from storage.database import Store
from storage.recalls import Case, Recalled

WITHDRAWN = "(已撤回)"
"""Stands where the words were."""

SHORTEST = 4
"""Characters of a quotation that is looked for; a shorter one may be anything."""


@dataclass(frozen=True, slots=True)
class Unsaid:
    """The words are gone. `left`: cases that go on without them, `begun`: those of which somebody has read them
    already; `tell`: who had been told, by the number of the case."""

    left: tuple[int, ...]
    begun: tuple[int, ...]
    tell: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Recalls:
    """What was taken back, within one transaction."""

    store: Store
    tree: Tree
    audit: Audit
    grievances: Grievances

    def concerns(self, channel: str, account: str, external_id: str, sender: str) -> bool:
        """Whether the message that was taken back was one for the bot, of the same sender."""
        return recalls.find(self.store, channel, account, external_id, sender) is not None

    def unsay(
        self, channel: str, account: str, external_id: str, sender: Person, address: str, now: datetime
    ) -> Unsaid:
        """Takes the words of a message out of all that is kept. Nothing, where there is no such message of theirs."""
        found = recalls.find(self.store, channel, account, external_id, address)
        if found is None:
            return Unsaid((), (), ())
        made = recalls.cases(self.store, found, sender.id)
        begun = tuple(each.number for each in made if each.is_begun)
        left = tuple(each.number for each in made if not each.is_begun)
        recalls.blank(self.store, found, sender.id, WITHDRAWN)
        for number in recalls.added_to(self.store, found, sender.id):
            if number not in begun:
                recalls.blank_notes(self.store, number, found, sender.id)
        for number in left:
            recalls.blank_case(self.store, number, WITHDRAWN, self._place(number))
        if not begun:
            self._unquote(found, sender, [*(each.words for each in made), *self._rooms(made)])
        self.audit.note(Line(now, sender.id, RECALL, f"message:{found.id}", ""))
        return Unsaid(left, begun, tuple(self._told(left)))

    def _unquote(self, found: Recalled, sender: Person, words: Sequence[str]) -> None:
        """Takes it out of what others were told, and are about to be told: of what followed from it, whatever it shares
        with it; of what came later, its words and places where they are quoted as they were kept."""
        quotations = list(_quoted(words))
        for said in recalls.said_since(self.store, found):
            text = without_shared(said.text, found.text) if said.at == found.received_at else said.text
            for each in quotations:
                text = text.replace(each, WITHDRAWN)
            if text != said.text:
                recalls.say_instead(self.store, said, text)
        for question_id, remembered in recalls.asked_then(self.store, found, sender.id):
            if without_shared(remembered, found.text) != remembered:
                recalls.unask(self.store, question_id)

    def _rooms(self, made: Sequence[Case]) -> list[str]:
        """Places as they were told, where that is more than the tree says."""
        return [each.place for each in made if each.place != self._place(each.number)]

    def _place(self, number: int) -> str:
        """Where it is, as the tree calls it."""
        node = self.tree.nodes.get(self.grievances.verdicts.cases.existing(number).place_id or "")
        return node.name if node else ""

    def _told(self, numbers: tuple[int, ...]) -> Iterator[tuple[str, int]]:
        cases = self.grievances.verdicts.cases
        for number in numbers:
            for each in cases.at_work(cases.existing(number)):
                yield each, number


def without_shared(text: str, said: str) -> str:
    """A text with whatever it shares with what was said hidden, from `SHORTEST` characters on."""
    kept, at = "", 0
    while at < len(text):
        end = at + SHORTEST
        if text[at:end] not in said or end > len(text):
            kept, at = kept + text[at], at + 1
            continue
        while end < len(text) and text[at : end + 1] in said:
            end += 1
        kept, at = kept + WITHDRAWN, end
    return kept


def _quoted(texts: Sequence[str]) -> Iterator[str]:
    """Words as others were told them: whole, and cut off where a notice had no room. The longest first."""
    for words in dict.fromkeys(" ".join(each.split()) for each in texts):
        if len(words) < SHORTEST:
            continue
        yield words
        yield from (f"{words[:length]}…" for length in (59, 39, 29, 13) if len(words) > length)
