"""What did not go out, for the workers who look into it: which, why, and once more."""

from community import Community
from community.undelivered import Undelivered
from handlers.messages import Message, Reply, say
from handlers.routing import router
from handlers.speaking.texts import in_words, load

KNOWN_REASONS = frozenset({"uncertain", "unreadable"})


@router.command("undelivered.show")
def show(message: Message, community: Community) -> Reply:
    """What waits to be looked into, the newest first. The words themselves are not shown."""
    waiting = community.undelivered.show(message.person)
    if not waiting:
        return say("undelivered.none")
    lines = "\n".join(in_words("undelivered.line", community, **_values(each, community)) for each in waiting)
    return say("undelivered.some", count=len(waiting), lines=lines)


@router.command("undelivered.resend")
def resend(message: Message, community: Community, number: int) -> Reply:
    """It goes out once more."""
    community.undelivered.resend(message.person, number, message.received_at)
    return say("undelivered.resent", number=number)


@router.command("undelivered.drop")
def drop(message: Message, community: Community, number: int) -> Reply:
    """It is settled in another way."""
    community.undelivered.drop(message.person, number, message.received_at)
    return say("undelivered.dropped", number=number)


def _values(each: Undelivered, community: Community) -> dict[str, object]:
    why = each.why if each.why in KNOWN_REASONS else "refused"
    return {
        "number": each.id,
        "at": each.failed_at,
        "to": _to(each, community),
        "why": load()[f"undelivered.why_{why}"],
    }


def _to(each: Undelivered, community: Community) -> str:
    """The name of the person or the group, or what takes its place."""
    if each.group is not None:
        group = community.tree.groups.get((each.channel, each.group))
        return group.name if group else load()["undelivered.a_group"]
    person = community.people.by_id(each.person_id) if each.person_id else None
    return person.name if person else load()["undelivered.somebody"]
