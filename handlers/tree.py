"""Who answers for a place: 「我的网格长是谁」."""

from community import Community
from community.refused import Refused
from handlers.hearing.normalise import normalise
from handlers.hearing.places import find_place
from handlers.messages import Message, Reply, say
from handlers.routing import router


@router.command("tree.who")
def who(message: Message, community: Community, words: str = "") -> Reply:
    """The grid head of a building, or of one's own."""
    place = find_place(normalise(words or message.text))
    home = community.tree.community_of(message.group.node_id if message.group else message.person.node_id)
    area = home or community.tree.only_community()
    node_id = message.person.node_id
    if place is not None:
        node = community.tree.building(area.id, place.building) if area else None
        if node is None:
            raise Refused("tree.no_such_building", building=place.building)
        node_id = node.id
    responsible = community.tree.responsible(node_id)
    if responsible is None:
        raise Refused("tree.which_building")
    return say("tree.answers_for", node=responsible.node.name, holder=responsible.people[0])
