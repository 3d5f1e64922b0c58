"""Cries for help in what people type, and the look-alikes that are none. Words: `phrases/alarms.yaml`."""

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, TypeAlias, get_args

import yaml

from handlers.hearing.categories import Found, Word, WordFinder, flat, word_lists

Kind: TypeAlias = Literal["fire", "gas", "trapped", "fall", "illness", "violence", "lost_elder", "help"]

FILE = Path(__file__).parents[1] / "phrases" / "alarms.yaml"

CERTAIN, UNSURE, NOTHING = 2, 1, 0
WEIGHTS: Mapping[str, int] = {"certain": CERTAIN, "unsure": UNSURE, "not": NOTHING}
LOWERED_BY: Mapping[str, int] = {"silent": 2, "doubt": 1, "past": 1}
"""By how many levels talk of a sort lowers a cry. Two words of a sort lower no more than one."""

LONGEST_ALONE = 40
_FILLING = re.compile(r"[\W_啊呀啦哇呜哪呐吧哦噢嗷嘛诶哎唉]+")


@dataclass(frozen=True, slots=True)
class Alarm:
    """What was cried. Not `certain`: ask before anybody is called."""

    kind: Kind
    certain: bool


def hear_alarm(text: str) -> Alarm | None:
    """The gravest cry for help in a normalised text, or None for talk."""
    lexicon = _load()
    heard = lexicon.cries.find(text)
    alone = lexicon.alone.get(_without_filling(text))
    if not heard and alone is None:
        return None
    said = _longest(lexicon.talk.find(text))
    levels: dict[str, int] = dict.fromkeys(lexicon.kinds, NOTHING)
    for hit in heard:
        level = hit.word.weight if hit.word.weight == CERTAIN else UNSURE - (hit.word.topic in said)
        levels[hit.word.topic] = max(levels[hit.word.topic], level)
    if alone is not None:
        levels[alone] = CERTAIN - (alone in said)
    gravest = max(lexicon.kinds, key=lambda kind: levels[kind])  # of two alike the first in the file
    level = levels[gravest] - _lowered(said)
    return Alarm(gravest, level == CERTAIN) if level > NOTHING else None


def _lowered(said: Set[str]) -> int:
    by = sum(LOWERED_BY.get(sort, 0) for sort in said)
    return min(by, 1 if "silent" in said else 0) if "urgent" in said else by


def _longest(found: Sequence[Found]) -> Set[str]:
    """The sorts of talk, and the kinds of alarm that it speaks against. 紧急通知 is urgent although 通知 is not."""
    return {hit.word.topic for hit in found if not any(hit.is_part_of(other) for other in found)}


def _without_filling(text: str) -> str:
    """The bare cry: 「救命啊!!救命」 is 救命."""
    bare = _FILLING.sub("", text[:LONGEST_ALONE].lower()) if len(text) <= LONGEST_ALONE else ""
    for length in range(1, len(bare) // 2 + 1):
        if bare == bare[:length] * (len(bare) // length):
            return bare[:length]
    return bare


# --- file ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AlarmLexicon:
    """The file, compiled. `kinds`: the gravest first."""

    kinds: Sequence[Kind]
    cries: WordFinder
    talk: WordFinder
    alone: Mapping[str, Kind]


@cache
def _load() -> AlarmLexicon:
    return compile_lexicon(FILE.read_text(encoding="utf-8"))


def compile_lexicon(content: str) -> AlarmLexicon:
    """A lexicon from YAML. Raises `ValueError` that says what is wrong where."""
    data = yaml.safe_load(content)
    lists, alarms = word_lists(data), data["alarms"]
    for kind, given in alarms.items():
        _check(f"alarms.{kind}", {kind}, set(get_args(Kind)))
        _check(f"alarms.{kind}", given.keys(), {*WEIGHTS, "alone", "doubt"})
    _check("talk", data["talk"].keys(), {*LOWERED_BY, "urgent"})
    cries = [
        Word(text, kind, weight)
        for kind, given in alarms.items()
        for key, weight in WEIGHTS.items()
        for text in flat(given.get(key))
    ]
    talk = [Word(text, sort, 1) for sort, words in data["talk"].items() for text in flat(words)]
    talk += [Word(text, kind, 1) for kind, given in alarms.items() for text in flat(given.get("doubt"))]
    alone = {_without_filling(text): kind for kind, given in alarms.items() for text in flat(given.get("alone"))}
    return AlarmLexicon(tuple(alarms), WordFinder(cries, lists), WordFinder(talk, lists), alone)


def _check(where: str, given: Set[str], known: Set[str]) -> None:
    unknown = given - known
    if unknown:
        raise ValueError(f"{where}: 不认识 {', '.join(map(str, unknown))} / unknown")
