"""A message that its sender took back in the chat: what they and those who had been told hear of it."""

from community import Community
from handlers.messages import Message, Replies, Reply, say

BETWEEN = "\u3001"


def recalled(message: Message, community: Community) -> Replies:
    """The words are taken out; privately once, what became of it. Where nothing came of it nobody is told anything."""
    incoming = message.incoming
    unsaid = community.recalls.unsay(
        incoming.channel, incoming.account, incoming.text, message.person, incoming.sender, message.received_at
    )
    said: list[Reply] = []
    if unsaid.left:
        said.append(say("privacy.recalled", numbers=_numbers(unsaid.left), number=unsaid.left[0]))
    if unsaid.begun:
        said.append(say("privacy.recalled_late", numbers=_numbers(unsaid.begun)))
    return [*said, *(say("privacy.recalled_for_staff", to=each, number=number) for each, number in unsaid.tell)]


def _numbers(numbers: tuple[int, ...]) -> str:
    return BETWEEN.join(f"{each:04}" for each in numbers)
