"""Messages that could not be handled, for those who run the place: which, why, and once more."""

from community import Community
from community.parked import MAY_SEE, Parked
from handlers.messages import Message, Reply, say
from handlers.routing import router
from handlers.speaking.texts import in_words


@router.command("parked.show", allowed=MAY_SEE)
def show(message: Message, community: Community) -> Reply:
    """What waits, the newest first. What was said is not shown, only whose it is and what went wrong."""
    waiting = community.parked.newest()
    if not waiting:
        return say("parked.none")
    lines = "\n".join(in_words("parked.line", community, **_values(each)) for each in waiting)
    return say("parked.some", count=len(waiting), lines=lines)


@router.command("parked.retry", allowed=MAY_SEE)
def retry(message: Message, community: Community, number: int) -> Reply:
    """Handled again in a moment: the person gets the answer, and staff hear what became of it."""
    community.parked.try_again(number, message.received_at)
    return say("parked.again", number=number)


def _values(parked: Parked) -> dict[str, object]:
    return {
        "number": parked.id,
        "at": parked.received_at,
        "name": parked.sender_name,
        "tries": parked.attempts,
        "error": parked.error or "?",
    }
