"""What went wrong, in words that staff and operators may read: where, and why, without what a person wrote."""

import traceback

from handlers.hearing.personal import mask
from handlers.messages import Incoming

LONGEST = 160
"""Characters of an error's own words that are kept."""

SHORTEST_QUOTE = 2
HIDDEN = "…"


def place_of(error: BaseException) -> str:
    """What went wrong and in which line. Without the error's own words, which may hold what a person wrote."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else "?"
    return f"{type(error).__name__} {place}"


def last_line(error: BaseException, incoming: Incoming) -> str:
    """The last line of the traceback, and where. What the message says is not in it, nor anything personal."""
    own = str(error).partition("\n")[0][:LONGEST]
    for said in (incoming.text, incoming.sender_name, incoming.group_name, incoming.sender, incoming.group or ""):
        own = without_quotes(own, said)
    own = mask(own).strip()
    return f"{place_of(error)}: {own}" if own.strip(f" {HIDDEN}") else place_of(error)


def without_quotes(words: str, said: str) -> str:
    """The words, with whatever they share with what was said hidden: all of two characters and more.

    Plain Latin letters may stay: they are names in our program, unless the whole is what was said.
    """
    kept: list[str] = []
    at = 0
    while at < len(words):
        length = _shared(words, at, said)
        if length >= SHORTEST_QUOTE and not _is_ours(words[at : at + length], said):
            kept.append(HIDDEN)
            at += length
        else:
            kept.append(words[at])
            at += 1
    return "".join(kept)


def _shared(words: str, at: int, said: str) -> int:
    """How many characters from here on are also in what was said, in this order."""
    length = 0
    while at + length < len(words) and words[at : at + length + 1] in said:
        length += 1
    return length


def _is_ours(piece: str, said: str) -> bool:
    return piece.isascii() and not any(sign.isdigit() for sign in piece) and piece != said
