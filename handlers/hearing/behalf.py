"""For whom somebody speaks: 「帮我妈反映」, 「替5号楼的老人」, 「给我爸约个律师」."""

import re

_ON_BEHALF = re.compile(
    r"(?:帮|替|代(?!表)|给(?=.{1,8}(?:约|挂号|报名)))(?P<whom>我?(?:妈妈?|爸爸?|父母|老伴|奶奶|爷爷|姥姥|姥爷|外婆|外公|邻居|孩子|婆婆|公公|老公|老婆|爱人)"
    r"|\S{0,6}的?老人|\S{0,6}(?:大爷|大妈|阿姨|叔叔|奶奶|爷爷))"
)


def on_behalf_of(text: str) -> str:
    """The other person as the speaker calls them; empty where they speak for themselves."""
    found = _ON_BEHALF.search(text)
    return found["whom"] if found else ""


def relation(whom: str) -> str:
    """For whom somebody booked, as others call them: 我妈 is 妈妈."""
    whom = whom.removeprefix("我")
    return whom * 2 if len(whom) == 1 else whom
