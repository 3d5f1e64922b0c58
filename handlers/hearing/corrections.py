"""What somebody says instead of what was read back to them: 「改成2号楼」, 「不是3号楼,是2号楼」, 「是下水道」."""

import re

_NOT_SO = re.compile(r"(?:不对|错了|写错了?|搞错了?|弄错了?|不是[^,。;]*?|不[,。;\s])[,。;\s]+")
_RATHER = re.compile(
    r"(?:要|请|帮我)?(?:改成|改为|改到|换成|改|应该(?:是|在|属于)|应为|其实(?:是|在)|属于|算|是|在)\s*"
)
_END = " 。.,!~的吧啊呀呢类"


def said_instead(text: str) -> tuple[str, bool]:
    """What a normalised text says instead, and whether anything in it shows that it corrects."""
    wrong = _NOT_SO.match(text)
    rest = text[wrong.end() :] if wrong else text
    rather = _RATHER.match(rest)
    rest = rest[rather.end() :] if rather else rest
    return rest.strip(_END), bool(wrong or rather)
