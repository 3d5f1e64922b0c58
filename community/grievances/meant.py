"""Which of somebody's grievances is meant by a message that names no number: by what it is about, and where."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from community.grievances.outcomes import Where
from community.parts.alike import in_common
from community.tree import Tree
from storage.grievances import Grievance


@dataclass(frozen=True, slots=True)
class Hint:
    """What a message says of the one it means, as far as the ear could tell. `category`: None where it names none."""

    category: str | None = None
    where: Where = field(default_factory=Where)
    words: str = ""


def meant(known: Sequence[Grievance], hint: Hint, tree: Tree) -> list[Grievance]:
    """Those that fit best, in their order. All of them where nothing was named, or nothing of what was named fits.

    Words only decide between those that are about the same thing: nearly everything is said of any of them.
    """
    named = _best(known, [_named(each, hint, tree) for each in known])
    if named == list(known) and not any(_named(each, hint, tree) for each in known):
        return named
    return _best(named, [in_common(each.words, hint.words) for each in named])


def _best(known: Sequence[Grievance], points: Sequence[int]) -> list[Grievance]:
    most = max(points, default=0)
    return [each for each, earned in zip(known, points, strict=True) if earned == most]


def _named(grievance: Grievance, hint: Hint, tree: Tree) -> int:
    return (hint.category == grievance.category) + _is_there(grievance, hint.where, tree)


def _is_there(grievance: Grievance, where: Where, tree: Tree) -> bool:
    if grievance.place_id is None:
        return False
    if where.node_id is not None:
        return tree.lies_in(grievance.place_id, where.node_id)
    node = tree.nodes.get(grievance.place_id)
    return where.building is not None and node is not None and node.building_number == where.building
