"""From a key and its values to words. The words are in `texts/*.yaml`, which people who don't code can edit."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml

from community import Community
from community.tree import RoleHolder

FOLDER = Path(__file__).parents[1] / "texts"
WEEKDAYS = "一二三四五六日"


@cache
def load() -> Mapping[str, str]:
    """Every text by its key, `‹file›.‹name›`."""
    found = {}
    for file in sorted(FOLDER.glob("*.yaml")):
        for name, words in yaml.safe_load(file.read_text(encoding="utf-8")).items():
            found[f"{file.stem}.{name}"] = str(words).strip()
    return found


@dataclass(frozen=True, slots=True)
class Words:
    """A text within a text: a line that depends on the case, rendered where its value stands."""

    key: str
    values: Mapping[str, object]


def worded(key: str, **values: object) -> Words:
    """A text as a value of another."""
    return Words(key, values)


@dataclass(frozen=True)
class Texts:
    """Renders texts for one place: its time zone and the names that roles have there."""

    zone: ZoneInfo

    def render(self, key: str, values: Mapping[str, object]) -> str:
        """The words for a key. Raises `KeyError` for a text or value that does not exist: a mistake of ours."""
        shown = {name: self._show(value) for name, value in values.items()}
        return load()[key].format_map(shown)

    def _show(self, value: object) -> object:
        if isinstance(value, datetime):
            local = value.astimezone(self.zone)
            return f"{day(local)}{local:%H:%M}"
        if isinstance(value, date):
            return day(value)
        if isinstance(value, RoleHolder):
            return f"{load()[f'roles.{value.role}']}{value.name}"
        if isinstance(value, Words):
            return self.render(value.key, value.values)
        return value


def in_words(key: str, community: Community, **values: object) -> str:
    """A piece of what is said or written, as words."""
    return Texts(community.rules.zone).render(key, values)


def day(value: date) -> str:
    """A day with its weekday: 12月5日(周六)."""
    return f"{value.month}月{value.day}日(周{WEEKDAYS[value.weekday()]})"


def moment(value: datetime) -> str:
    """A day and hour in little room, for lists: 12-05周六 09:30."""
    return f"{value:%m-%d}周{WEEKDAYS[value.weekday()]} {value:%H:%M}"


def shorten(words: str, at_most: int) -> str:
    """Words for a preview, on one line."""
    words = " ".join(words.split())
    return words if len(words) <= at_most else words[: at_most - 1] + "…"
