"""What is said in a group to nobody, and may yet belong to something that goes on there: a list, 「+1」, an answer."""

from community import Community
from community.tree import Ear, Group
from handlers import phrasebook
from handlers.hearing.normalise import normalise
from handlers.hearing.quotes import OPENS_QUOTATION, number_quoted, quotation, without_quotation
from handlers.messages import Incoming
from handlers.routing import router

LONGEST_ME_TOO = 12
"""Characters of 「我们单元也是」 and the like. Whatever is longer is not looked at."""

LONGEST_BARE_WORDS = 8
"""Characters of 「我选B」 and the like."""


def may_concern(text: str) -> bool:
    """Whether words in a group are worth asking about. Asked of all talk, so it must cost next to nothing."""
    if router.lists is not None and router.lists.may_be(text):
        return True
    if len(text) > LONGEST_ME_TOO and not text.startswith(OPENS_QUOTATION):
        return False
    said = without_quotation(text)
    if len(said) > LONGEST_ME_TOO:
        return False
    said = normalise(said)
    return said in phrasebook.load().me_too or (len(text) <= LONGEST_BARE_WORDS and _answers(said))


def concerns(incoming: Incoming, community: Community) -> bool:
    """Whether words or a photo in a group, said to nobody, belong to something that goes on there now."""
    if incoming.kind == "recall":
        return community.recalls.concerns(incoming.channel, incoming.account, incoming.text, incoming.sender)
    if incoming.photos:
        return is_awaited_photo(incoming, community)
    text, group = incoming.text, community.tree.groups.get((incoming.channel, incoming.group or ""))
    lists = router.lists
    if lists is not None and _may_be_list(text, group) and lists.concerns(incoming, community):
        return True
    if _is_me_too(text) and _is_told_of(incoming, community):
        return True
    return _may_be_bare_words(text) and _goes_on(incoming, community)


def is_awaited_photo(incoming: Incoming, community: Community) -> bool:
    """Whether a photo belongs to what its sender has just reported in the group."""
    person = community.people.find(incoming.channel, incoming.sender)
    group = community.groups.find(incoming.channel, incoming.group or "")
    return person is not None and community.grievances.intake.awaits_photo(person, group, incoming.received_at)


def _may_be_list(text: str, group: Group | None) -> bool:
    """Whether this looks like a chain sign-up, where the bot may listen."""
    lists = router.lists
    return lists is not None and group is not None and group.ear is not Ear.MENTION and lists.may_be(text)


def _is_me_too(text: str) -> bool:
    """Whether it is 「+1」 or 「我家也是」, alone or below a quotation."""
    if len(text) > LONGEST_ME_TOO and not text.startswith(OPENS_QUOTATION):
        return False
    said = without_quotation(text)
    return len(said) <= LONGEST_ME_TOO and normalise(said) in phrasebook.load().me_too


def _is_told_of(incoming: Incoming, community: Community) -> bool:
    """Whether 「+1」 is said of a grievance that was told in the group a moment ago, or in reply to the bot's words
    about one; in reply to a neighbour it may mean anything."""
    if quotation(incoming.text) is not None:
        return number_quoted(incoming.text, community.rules.bot_name) is not None
    group = community.groups.find(incoming.channel, incoming.group or "")
    return group is not None and community.grievances.intake.told_in(group, incoming.received_at) is not None


def _may_be_bare_words(text: str) -> bool:
    """Whether it looks like an answer to what nobody was asked in person, as in a quiz."""
    return len(text) <= LONGEST_BARE_WORDS and _answers(normalise(text))


def _answers(said: str) -> bool:
    return any(each.goes_on is not None and each.may_be(said) for each in router.listening)


def _goes_on(incoming: Incoming, community: Community) -> bool:
    said, group = normalise(incoming.text), incoming.group or ""
    return any(
        each.goes_on(community, incoming.channel, group, incoming.received_at)
        for each in router.listening
        if each.goes_on is not None and each.may_be(said)
    )
