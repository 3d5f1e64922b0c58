"""Saying who one is."""

from community import Community
from community.people import Address
from handlers.messages import Message, Reply, say
from handlers.routing import router


@router.command("people.introduce")
def introduce(message: Message, community: Community, code: str) -> Reply:
    """A code from `python -m bot invite` makes this account the person it was made for."""
    address = Address(message.incoming.channel, message.incoming.sender)
    person = community.people.introduce(address, code, message.received_at)
    roles = community.tree.roles_of(person.id)
    return say("people.introduced", holder=roles[0] if roles else person.name)
