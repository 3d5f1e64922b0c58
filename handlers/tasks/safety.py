"""Who is never brought together: said by staff, and to staff only."""

from community import Community
from community.refused import Refused
from handlers.answering import group_node, privately
from handlers.hearing.normalise import normalise
from handlers.messages import Message, Replies, say
from handlers.routing import router
from handlers.tasks.telling import given_back
from handlers.tasks.wording import id_of

_BETWEEN = "和跟与、,"
"""What may stand between two names."""


@router.command("tasks.block")
@privately
def block(message: Message, community: Community, task: str, words: str) -> Replies:
    """「拉黑 T045 王芳 原因」: whoever ordered it and this one."""
    name, *reason = normalise(words).split(maxsplit=1)
    said = reason[0] if reason else ""
    outcome = community.tasks.safety.block_at(id_of(task), name, message.person, said, message.received_at)
    one, other = outcome.names
    given = [reply for each in outcome.given_back for reply in given_back(each, community, message.received_at)]
    return [say("tasks_dispatch.blocked", one=one, other=other), *given]


@router.command("tasks.keep_apart")
@privately
def keep_apart(message: Message, community: Community, words: str = "") -> Replies:
    """「不再匹配 王芳 李明 原因」."""
    names = normalise(words).translate(str.maketrans(_BETWEEN, " " * len(_BETWEEN))).split(maxsplit=2)
    if len(names) < 2:  # it takes two
        raise Refused("tasks_dispatch.block_how")
    one, other, *reason = names
    said, node = reason[0] if reason else "", group_node(message)
    outcome = community.tasks.safety.block(one, other, message.person, node, said, message.received_at)
    given = [reply for each in outcome.given_back for reply in given_back(each, community, message.received_at)]
    return [say("tasks_dispatch.blocked", one=outcome.names[0], other=outcome.names[1]), *given]
