"""Whether two short texts tell of the same thing: by the pairs of characters that they share."""

ALIKE = 0.25
"""Share of the shorter text's pairs that stand in the longer one too. Place and category are the same already."""

_IDLE = str.maketrans("", "", " ,，.。!！?？、:：;；~～0123456789号楼栋单元的了吗呢啊吧我们家")


def alike(one: str, other: str) -> bool:
    """Rather too often than too seldom: the resident is asked, nothing is decided."""
    first, second = _pairs(one), _pairs(other)
    if not first or not second:
        return True
    shorter = min(len(first), len(second))
    return len(first & second) / shorter >= ALIKE


def in_common(one: str, other: str) -> int:
    """How many pairs of characters two texts share, idle ones left out."""
    return len(_pairs(one) & _pairs(other))


def _pairs(text: str) -> frozenset[str]:
    text = text.translate(_IDLE)
    return frozenset(text[index : index + 2] for index in range(len(text) - 1))
