"""The ways of saying things, read from `phrases/*.yaml`."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from handlers.hearing.phrases import Phrasebook

FOLDER = Path(__file__).with_name("phrases")


@dataclass(frozen=True)
class Phrases:
    """All of it: commands said to the bot, those that work in a group unasked, answers, and word lists."""

    names: frozenset[str]
    commands: Phrasebook
    group_commands: Phrasebook
    answers: Mapping[str, Mapping[str, tuple[str, ...]]]
    words: Mapping[str, tuple[str, ...]]


@cache
def load() -> Phrases:
    """Reads every file. Raises `ValueError` where a phrase has a slot that does not exist."""
    commands: dict[str, list[str]] = {}
    only_when_addressed: set[str] = set()
    answers: dict[str, Mapping[str, tuple[str, ...]]] = {}
    words: dict[str, tuple[str, ...]] = {}
    for file in sorted(FOLDER.glob("*.yaml")):
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        commands |= content.get("commands", {})
        only_when_addressed |= set(content.get("only_when_addressed", ()))
        for kind, options in content.get("answers", {}).items():
            answers[kind] = {option: tuple(map(str, ways)) for option, ways in options.items()}
        words |= {name: tuple(map(str, listed)) for name, listed in content.get("words", {}).items()}
    in_groups = {name: ways for name, ways in commands.items() if name not in only_when_addressed}
    return Phrases(frozenset(commands), Phrasebook(commands), Phrasebook(in_groups), answers, words)
