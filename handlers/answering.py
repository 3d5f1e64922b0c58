"""Where an answer goes that several services give alike."""

from functools import wraps
from typing import Any

from community import Community
from community.refused import Refused
from handlers.messages import Chat, Message, Replies, say, say_in_group
from handlers.routing import CommandHandler, as_replies


def group_node(message: Message) -> str | None:
    """The node of the group in which something was said."""
    return message.group.node_id if message.group else None


def refused_privately(handler: CommandHandler) -> CommandHandler:
    """A refusal of what was asked in a group is for the one who asked; the group hears that there is an answer."""

    @wraps(handler)
    def answer(message: Message, community: Community, **slots: Any) -> Replies:
        try:
            return as_replies(handler(message, community, **slots))
        except Refused as refused:
            if not message.in_group:
                raise
            return [say_in_group("help.in_private"), say(refused.key, **refused.values)]

    return answer


def privately(handler: CommandHandler) -> CommandHandler:
    """What is asked in a group is answered in private, also with a refusal; and the group hears that it is."""
    kind = refused_privately(handler)

    @wraps(handler)
    def answer(message: Message, community: Community, **slots: Any) -> Replies:
        said = as_replies(kind(message, community, **slots))
        if any(each.to is Chat.GROUP for each in said):
            return said
        return [say_in_group("help.in_private"), *said]

    return answer
