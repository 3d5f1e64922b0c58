"""Whose figures somebody wants: the part of the tree that a worker means without naming it."""

from community.people import Person
from community.tree import Level, Node, Tree

ABOVE_COMMUNITIES = frozenset({Level.COUNTY, Level.STREET})


def area_of(tree: Tree, person: Person, group_node: str | None) -> Node | None:
    """The group's community; said privately that of their home or their office, or all of a street or county.

    None for whoever does not work there.
    """
    if group_node is not None:
        meant = [tree.community_of(group_node)]
    else:
        held = [each.node_id for each in tree.roles_of(person.id)]
        above = [tree.nodes[each] for each in held if tree.nodes[each].level in ABOVE_COMMUNITIES]
        meant = [*(tree.community_of(each) for each in (person.node_id, *held)), *above]
    return next((each for each in meant if each is not None and tree.works_at(person.id, each.id)), None)


def communities_in(tree: Tree, area: Node) -> list[str]:
    """The communities of an area, by id; a community's own is itself."""
    return [each.id for each in tree.nodes.values() if each.level is Level.COMMUNITY and tree.lies_in(each.id, area.id)]
