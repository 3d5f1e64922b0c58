"""A reply with a quotation, as WeChat writes it: 「小善:收到,编号0001。」, a line of dashes, and below it the words.

Only what stands below is what the person says.
"""

import re
from dataclasses import dataclass

OPENS_QUOTATION = "「"
_LINE_BELOW = re.compile(r"」[ \t]*\r?\n[-\u2014\u2500 ]{3,}\r?\n")
_WHO = re.compile(r"「(?P<who>[^:\uff1a\n]{1,40})[:\uff1a]")
_NUMBER = re.compile(r"(?<!\d)\d{4,9}(?![\d:-])")


@dataclass(frozen=True, slots=True)
class Quoted:
    """What was quoted, and of whom by the name that the chat shows."""

    who: str
    said: str


def quotation(text: str) -> Quoted | None:
    """What a message as typed quotes."""
    below = _below(text)
    who = _WHO.match(text) if below is not None else None
    return Quoted(who["who"], text[who.end() : below.start()]) if who is not None and below is not None else None


def without_quotation(text: str) -> str:
    """The words of the person themselves, as typed."""
    below = _below(text)
    return text if below is None else text[below.end() :]


def number_quoted(text: str, bot_name: str) -> int | None:
    """The number of the case that a message is about because it quotes the bot: where that named only one."""
    quoted = quotation(text)
    if quoted is None or bot_name not in quoted.who:
        return None
    numbers = {int(found[0]) for found in _NUMBER.finditer(quoted.said)}
    return numbers.pop() if len(numbers) == 1 else None


def _below(text: str) -> re.Match[str] | None:
    return _LINE_BELOW.search(text) if text.startswith(OPENS_QUOTATION) else None
