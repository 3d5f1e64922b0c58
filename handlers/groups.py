"""Binding a chat group to a node of the tree."""

from community import Community
from community.refused import Refused
from community.tree import Group
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
