"""What somebody has with the bot and may give up, whichever service it belongs to: 「取消」 without saying what."""

from community import Community
from community.parts.questions import Question
from handlers.messages import Message, Plain, Replies, ask, say
from handlers.routing import Affair, as_replies, router

NUMBERS = tuple("123456789")
CIRCLED = "\u2460\u2461\u2462\u2463\u2464\u2465\u2466\u2467\u2468"


def has_others(service: str, message: Message, community: Community) -> bool:
    """Whether somebody has anything that belongs to another service than this."""
    return any(each.of(message, community) for name, each in router.affairs.items() if name != service)


def cancel(message: Message, community: Community) -> Replies:
    """Gives up the only thing there is, else asks which."""
    found = [(service, affair) for service, each in router.affairs.items() for affair in each.of(message, community)][
        : len(NUMBERS)
    ]
    if len(found) == 1:
        service, affair = found[0]
        return as_replies(router.affairs[service].drop(message, community, affair.id))
    lines = "\n".join(f"{sign} {affair.line}" for sign, (_, affair) in zip(CIRCLED, found, strict=False))
    about: dict[str, Plain] = {
        f"affair{number}": f"{service} {affair.id}" for number, (service, affair) in enumerate(found, start=1)
    }
    return [ask("help.which_cancel", "affairs.which", about, count=len(found), lines=lines)]


def listed(message: Message, community: Community) -> Replies:
    """All that somebody has, whichever service it belongs to."""
    lines = [f"\u00b7{affair.line}" for each in router.affairs.values() for affair in each.of(message, community)]
    return [say("help.affairs", lines="\n".join(lines))]


@router.answer("affairs.which", *NUMBERS, stays_open=True, optional=True)
def chosen(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """One of the things that were shown."""
    named = question.about.get(f"affair{choice}")
    if named is None:
        return [ask(question.prompt_key, question.kind, question.about, **question.prompt_values)]
    service, identity = str(named).split()
    return as_replies(router.affairs[service].drop(message, community, int(identity)))


__all__ = ["Affair", "cancel", "has_others", "listed"]
