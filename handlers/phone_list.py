"""The list of people to be phoned, for the workers who phone."""

from community import Community
from community.privacy import Shown
from handlers.messages import Message, Reply, say
from handlers.routing import router
from handlers.speaking.texts import load


@router.command("phone_list.show")
def show(message: Message, community: Community) -> Reply:
    """Who waits for a call."""
    waiting = community.phone_list.show(message.person)
    if not waiting:
        return say("phone_list.empty")
    lines = "\n".join(f"{each.id} {each.name}:{load()[f'phone_list.why_{each.reason}']}" for each in waiting)
    seen = [Shown(f"person:{each.person_id}", "name") for each in waiting]
    return say("phone_list.waiting", count=len(waiting), lines=lines, shows=seen)


@router.command("phone_list.phoned")
def phoned(message: Message, community: Community, number: int) -> Reply:
    """The worker has spoken with them."""
    community.phone_list.phoned(message.person, number, message.received_at)
    return say("phone_list.done", number=number)
