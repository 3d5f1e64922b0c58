"""The ways of saying things, read from `phrases/*.yaml`."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from handlers.hearing.listening import Listener, listed_typos
from handlers.hearing.phrases import Phrasebook
from handlers.hearing.politeness import Politeness
from handlers.hearing.signs import Signs
from handlers.hearing.typos import Typos

FOLDER = Path(__file__).with_name("phrases")
POLITE_IN_GROUP = ("我要", "我想", "我来", "请", "麻烦", "你好", "您好")
"""What may stand before a command in a group, where nobody spoke to the bot. 「能报名吗」 is asked of neighbours."""


@dataclass(frozen=True)
class Phrases:
    """All of it: how commands are said, how questions are answered, and lists of words.

    `me_too`: what one says in a group to follow what was just told there.
    """

    names: frozenset[str]
    me_too: frozenset[str]
    listener: Listener
    answers: Mapping[str, Mapping[str, tuple[str, ...]]]
    words: Mapping[str, tuple[str, ...]]


@cache
def load() -> Phrases:
    """Reads every file. Raises `ValueError` where a phrase has a slot that does not exist."""
    commands: dict[str, list[str]] = {}
    signs: dict[str, list[str]] = {}
    only_when_addressed: set[str] = set()
    answers: dict[str, Mapping[str, tuple[str, ...]]] = {}
    words: dict[str, tuple[str, ...]] = {}
    for file in sorted(FOLDER.glob("*.yaml")):
        content = yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader)
        commands |= {name: [str(way) for way in ways] for name, ways in content.get("commands", {}).items()}
        signs |= content.get("signs", {})
        only_when_addressed |= set(content.get("only_when_addressed", ()))
        for kind, options in content.get("answers", {}).items():
            answers[kind] = {option: tuple(map(str, ways)) for option, ways in options.items()}
        words |= {name: tuple(map(str, listed)) for name, listed in content.get("words", {}).items()}
    vocabulary = {"stall": words["stalls"], "whom": words["whom"], "ear": words["ears"]}
    book = Phrasebook(commands, vocabulary, only_when_addressed)
    listener = Listener(
        commands=book,
        signs=Signs(signs),
        politeness=Politeness(words["polite_before"], words["polite_after"]),
        typos=Typos(book.command_words, listed_typos(words["typos"])),
        in_group_before=Politeness(POLITE_IN_GROUP, ()),
        trouble=frozenset(words["trouble"]),
    )
    me_too = frozenset(way.lstrip("~") for way in commands["grievances.join"] if "{" not in way)
    return Phrases(frozenset(commands), me_too, listener, answers, words)
