"""Binding a chat group to a node of the tree."""

from collections.abc import Mapping

from community import Community
from community.refused import Refused
from community.tree import Ear, Group
from handlers.messages import Message, Reply, say_in_group
from handlers.routing import router


@router.command("groups.bind")
def bind(message: Message, community: Community, words: str = "") -> Reply:
    """「绑定」 or 「绑定 幸福社区」, said by staff in the group itself."""
    incoming = message.incoming
    if incoming.group is None:
        raise Refused("groups.say_it_there")
    group = Group(incoming.channel, incoming.group, incoming.group_name or incoming.group, node_id="")
    node = community.groups.bind(message.person, group, words)
    return say_in_group("groups.bound", node=node.name, bot=community.rules.bot_name)


EARS: Mapping[str, Ear] = {"点名": Ear.MENTION, "口令": Ear.COMMAND, "呼救": Ear.ALARM}


@router.command("groups.listen")
def listen(message: Message, community: Community, ear: str) -> Reply:
    """「只听点名」, 「听口令」, 「听呼救」: what makes the bot react in this group."""
    incoming = message.incoming
    if incoming.group is None:
        raise Refused("groups.say_it_there")
    if message.group is None:
        return say_in_group("groups.unbound")
    community.groups.listen(message.person, message.group, EARS[ear])
    return say_in_group(f"groups.listens_{EARS[ear]}", bot=community.rules.bot_name)
