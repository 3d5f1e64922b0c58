"""Somebody introduces themselves in a short conversation: what answers, and what is something else."""

import re

from community import Community
from community.volunteers.skills import WORDS
from handlers import phrasebook
from handlers.hearing.alarms import hear_alarm
from handlers.hearing.categories import SURE, categories
from handlers.hearing.normalise import normalise
from handlers.hearing.personal import find_personal
from handlers.hearing.skills import names_skill
from handlers.messages import Message, Replies, say

ASKING = ("?", "吗", "呢")
"""「有工资吗」 asks about this, and tells of no trouble."""

_MARKS = "。.!~ ,"
_SEPARATORS = ",;\uff0c\uff1b\u3002\n "
_IS_ABOUT_ONESELF = re.compile("(?:我|也|还)*(?:会|能|可以|擅长|懂|做过|学过)")


def any_words(message: Message, community: Community) -> str | None:
    """Whatever is said here answers, unless it is plainly something else."""
    return None if something_else(message) or not message.words else message.words


def without_personal(message: Message, words: str | None = None) -> tuple[str, Replies]:
    """What was said without phones and addresses, which nobody asked for, and the word that they were not kept."""
    said = message.words if words is None else words
    found = find_personal(said)
    if not found:
        return normalise(said), []
    kept, begin = "", 0
    for each in found:
        start, end = each.span
        start = max((said.rfind(mark, begin, start) + 1 for mark in _SEPARATORS), default=begin)
        kept += said[begin : max(start, begin)]
        begin = end
    return normalise(kept + said[begin:]), [say("volunteers.no_number_kept")]


def something_else(message: Message) -> bool:
    """A cry for help, 「取消」 and 「返回」, another command, or a trouble: no answer to what was asked here."""
    words = phrasebook.load().words
    said = message.text.rstrip(_MARKS)
    if {said, said.rstrip("吧了")} & {*words["cancel"], *words["back"]}:
        return True
    alarm = hear_alarm(message.text)
    if alarm is not None and alarm.certain:
        return True
    if _tells_of_oneself(message.text):
        return False
    if phrasebook.load().listener.command(message.text) is not None:
        return True
    if message.text.endswith(ASKING) or names_skill(message.text, WORDS):
        return False
    return categories(message.text)[0].score >= SURE


def _tells_of_oneself(text: str) -> bool:
    """「会理发」 and 「理发,量血压」, which elsewhere sign up for a stall."""
    if _IS_ABOUT_ONESELF.match(text):
        return True
    rest = re.sub("|".join(map(re.escape, WORDS)), "", text)
    return re.sub(r"[\W和跟及]", "", rest) == "" and rest != text
