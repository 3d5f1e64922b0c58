"""Whether a message in a group is for the bot. Asked of every message, so it must cost next to nothing."""

import re

from handlers.hearing.listening import Listener
from handlers.hearing.normalise import clean, normalise
from handlers.hearing.quotes import OPENS_QUOTATION, without_quotation

_MARKS = " \u2005\n\t,:!?~\u3001\u3002\uff0c\uff1a\uff01\uff1f\uff5e"
_AT_SIGNS = "@\uff20"


def is_for_bot(text: str, *, bot_name: str, mentions_bot: bool, listener: Listener | None) -> bool:
    """A mention, the bot's name in front, or a message that is a command.

    A command may follow the name at once (小善查0123); other words may not (小善良的人). `listener` is None
    where the group wants the bot to react only when spoken to.
    """
    if mentions_bot:
        return True
    if text.startswith(OPENS_QUOTATION):
        text = without_quotation(text)
    if not text:
        return False
    head = text[0]
    if (head == bot_name[0] or head in _AT_SIGNS) and _calls_by_name(text, bot_name):
        return True
    if listener is None:
        return False
    if head == bot_name[0] and text.startswith(bot_name):
        return listener.command(normalise(text[len(bot_name) :])) is not None
    if not listener.may_be_command(text):
        return False
    return listener.group_command(normalise(text)) is not None


def without_address(text: str, bot_name: str) -> str:
    """The text without quotation, control characters, mention and name, otherwise as typed."""
    text = clean(without_quotation(text))
    mention = re.search(rf"[{_AT_SIGNS}]{re.escape(bot_name)}", text)
    if mention:
        text = text[: mention.start()] + text[mention.end() :]
    text = text.lstrip(_MARKS).rstrip()
    return text[len(bot_name) :].lstrip(_MARKS) if _calls_by_name(text, bot_name) else text


def _calls_by_name(text: str, bot_name: str) -> bool:
    if text[:1] in _AT_SIGNS:
        return text.startswith(bot_name, 1)
    after = text[len(bot_name) :][:1]
    return text.startswith(bot_name) and (not after or after in _MARKS)
