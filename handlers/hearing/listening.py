"""From a text that is for the bot to the command it means: said outright, with a slip, or only by its signs."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

from handlers.hearing.normalise import variants
from handlers.hearing.phrases import SLOTS, Heard, Phrasebook
from handlers.hearing.places import find_place
from handlers.hearing.politeness import Politeness
from handlers.hearing.signs import Reading, Signs, likely
from handlers.hearing.typos import Typos

REPORT = "grievances.report"
ABOUT_WHAT_WAS_SAID = frozenset(f"grievances.{verb}" for verb in ("look_up", "urge", "withdraw", "join", "leave"))
"""Commands about a grievance that exists: a trouble named beside them is the old one, not a new one."""

LONGEST_GROUP_COMMAND = 500
"""Characters. What is longer is an announcement or a story."""

LONGEST_BY_SOUND = 30
"""Characters of a message whose words are compared with command words by their sound."""

_TO_FULL_WIDTH = 0xFEE0
"""From a letter or digit to the same as wide as a Chinese character."""

_BETWEEN_CHARACTERS = re.compile(r"(?<=[\u4e00-\u9fff])\s+(?=[\u4e00-\u9fff])")

_REFERENCES = {
    "number": re.compile(r"(?<![\dTtWwBb])(\d{3,9})(?!\d|号楼|栋|幢|室|单元|元|人|个|天)"),
    "task": re.compile(r"[Tt]-?(\d{1,6})(?!\d)"),
    "wish": re.compile(r"[Ww]-?(\d{1,6})(?!\d)"),
    "booking": re.compile(r"[Bb]-?(\d{1,6})(?!\d)"),
    "event": re.compile(r"[Ee]-?(\d{1,6})(?!\d)"),
}
_REFERS_TO = {"grievances": "number", "tasks": "task", "wishes": "wish", "bookings": "booking"}
_TAKES_WORDS = frozenset({REPORT, "bookings.book", "bookings.change", "tasks.order", "wishes.make", "market.sign_up"})
_ASKS = re.compile(r"(?:[??]|吗|么|没有|呢)[\s。.!~??]*$")


@dataclass(frozen=True, slots=True)
class Unclear:
    """Two or three readings are as likely as one another: ask, never guess."""

    readings: tuple[Heard, ...]


@dataclass(frozen=True)
class Listener:
    """Everything that is known about how people say things."""

    commands: Phrasebook
    signs: Signs
    politeness: Politeness
    typos: Typos
    in_group_before: Politeness
    trouble: frozenset[str]

    @cached_property
    def heads(self) -> frozenset[str]:
        """First characters, as typed, of what may be a command in a group. All others are refused at once."""
        slips = frozenset().union(*(variants(slip[0]) for slip in self.typos.listed_slips))
        heads = self.commands.heads | slips | self.in_group_before.heads
        return heads | {chr(ord(head) + _TO_FULL_WIDTH) for head in heads if "!" <= head <= "~"}

    @cached_property
    def _openings(self) -> frozenset[str]:
        """The first two characters, as typed, of the same, or one that any may follow."""
        slips = {slip[:2] for slip in self.typos.listed_slips}
        polite = self.in_group_before.openings
        before = {word + head for word in polite if len(word) == 1 for head in self.heads}
        openings = self.commands.openings | slips | {word for word in polite if len(word) > 1} | before
        typed = (product(*(variants(character) for character in opening)) for opening in openings)
        return frozenset("".join(characters) for each in typed for characters in each)

    def may_be_command(self, text: str) -> bool:
        """Whether a text as typed begins like a command in a group. Asked of all talk: it refuses nearly all of it."""
        head = text[0]
        if head not in self.heads:
            return head.isspace()
        if head in self._openings or text[:2] in self._openings:
            return True
        return not "\u4e00" <= text[1:2] <= "\u9fff"  # a blank, a digit or a mark may stand between

    def command(self, text: str) -> Heard | None:
        """The command that a normalised text is, with politeness and slips, said to the bot."""
        forms = list(dict.fromkeys(self.politeness.forms(self.typos.listed(text))))
        if heard := self._outright(forms):
            return heard
        closed = [self.typos.listed(_BETWEEN_CHARACTERS.sub("", form)) for form in forms]
        if closed != forms and (heard := self._outright(closed)):
            return heard
        for form in closed:
            if heard := self._by_sound(form):
                return heard
        return None

    def _outright(self, forms: Sequence[str]) -> Heard | None:
        for with_words in (False, True):  # 预约取消, with whatever politeness, is not 预约 and some words
            for form in forms:
                if heard := self.commands.match(form, spoken_to=True, with_words=with_words):
                    return heard
        return None

    def _by_sound(self, closed: str) -> Heard | None:
        """Without stray spaces, with the first word put right by its sound, then all of them.

        Where all were put right, none may be left over: 水管 sounds like 谁管.
        """
        if len(closed) > LONGEST_BY_SOUND:
            return None
        heard = self.commands.match(self.typos.first_by_sound(closed), spoken_to=True) or self.commands.match(
            self.typos.by_sound(closed), spoken_to=True, with_words=False
        )
        if heard and "words" in heard.arguments:
            length = len(str(heard.arguments["words"]))
            return Heard(heard.command, {**heard.arguments, "words": closed[-length:]})
        return heard

    def group_command(self, text: str) -> Heard | None:
        """The command that a normalised text is, said in a group to nobody in particular: strict, most is talk."""
        if len(text) > LONGEST_GROUP_COMMAND or _ASKS.search(text):
            return None
        for form in self.in_group_before.forms(self.typos.listed(text)):
            if heard := self.commands.match(form, spoken_to=False):
                return heard
        return None

    def guess(self, text: str) -> Heard | Unclear | None:
        """What a normalised text said to the bot probably means, where it is no command outright."""
        readings = likely(self.signs.readings(text))
        troubled = any(word in text for word in self.trouble)
        if not readings:
            return Heard(REPORT, {"words": text}) if troubled else None
        about = [reading for reading in readings if reading.command in ABOUT_WHAT_WAS_SAID]
        if about:
            readings = about[:1]
        elif troubled and all(reading.command != REPORT for reading in readings):
            readings = [Reading(REPORT, readings[0].score), *readings][:3]
        heard = tuple(Heard(reading.command, arguments_of(reading.command, text)) for reading in readings)
        return heard[0] if len(heard) == 1 else Unclear(heard)

    def sounds_like_grievance(self, text: str) -> bool:
        """Whether a normalised text names a trouble, or at least a place."""
        return any(word in text for word in self.trouble) or find_place(text) is not None


def arguments_of(command: str, text: str) -> Mapping[str, object]:
    """What a message that was only guessed at refers to: a number, or its words."""
    arguments: dict[str, object] = {"words": text} if command in _TAKES_WORDS else {}
    name = _REFERS_TO.get(command.partition(".")[0])
    found = _REFERENCES[name].search(text) if name else None
    if found and name and command not in _TAKES_WORDS:
        arguments[name] = SLOTS[name][1](found[1])
    return arguments


def listed_typos(pairs: Iterable[str]) -> dict[str, str]:
    """`抱名=报名` in YAML becomes a mapping."""
    return dict(pair.split("=", 1) for pair in pairs)
