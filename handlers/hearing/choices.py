"""Answers to a numbered question: 2, ②, 第二个, 选2, 最后一个, or the words of an option."""

import re
from collections.abc import Mapping, Sequence

from handlers.hearing.normalise import EMOJI
from handlers.hearing.numerals import to_int

LONGEST = 20
"""Characters of an answer that chooses. What is longer says something."""

_BEFORE = r"(?:那?就|我?(?:想|要)?(?:选|回|答|约|是|要)|我|要)?\s*"
_AFTER = rf"(?:吧|的|啊|呀|哦|呢|哈|好了|谢谢|[\s.。、,!~)]|{EMOJI})*"
_NUMBERED = re.compile(
    rf"{_BEFORE}[(第]?\s*(?P<number>\d{{1,2}}|[一二三四五六七八九十]{{1,3}}|两(?!个))\s*(?:个|号|项|条|位|种)?{_AFTER}"
)
_PLACED = re.compile(
    rf"{_BEFORE}(?:(?P<first>最上面|最前面|头一|开头)|(?P<last>最后|最下面|末尾|倒数第一)|(?P<middle>中间|当中)|(?P<upper>上面|上边|前面|前边|前)"
    rf"|(?P<lower>下面|下边|后面|后边|后))(?:的?(?:那|这)?(?:一|个)*)?{_AFTER}"
)
_END = " .。,、!~吧啊呀哦了的呢哈"
_THANKS = ("谢谢您", "谢谢你", "谢谢", "多谢")

YES_OR_NO = ("yes", "no")
_YES = (
    "好 好好 行 可以 可 嗯 嗯嗯 是 是是 对 对对 要 需要 同意 没问题 没错 愿意 确定 确认 当然 ok okay yes 中 成 得 好嘞"
    " 好啦 行啊 可以可以"
)
_NO = (
    "不 不用 不要 不行 不可以 不是 不对 不需要 算 算啦 免 没有 不必 不想 不愿意 不同意 不好 不去 no 先不 先不用 用不着"
    " 不啦"
)
_YES_OR_NO_WAYS: Mapping[str, Sequence[str]] = {"yes": _YES.split(), "no": _NO.split()}


def read_choice(
    text: str, options: Sequence[str], ways: Mapping[str, Sequence[str]], *, numbers: bool = True
) -> str | None:
    """The option a normalised text chooses. `ways` are words for each; `numbers`: whether a bare number counts.

    Options called yes and no are also chosen with 好的, 行, 不用了 and the like. 上面那个 is one of two: of three it
    may be any but the last.
    """
    if len(text) > LONGEST:
        return None
    position = _position(text, len(options)) if numbers else None
    if position is not None:
        return options[position - 1] if 1 <= position <= len(options) else None
    known = _YES_OR_NO_WAYS if set(options) == set(YES_OR_NO) else {}
    if not ways and not known:
        return None
    said = _bare(text)
    for option in options:
        if any(said == _bare(way) for way in (*ways.get(option, ()), *known.get(option, ()))):
            return option
    return None


def _position(text: str, count: int) -> int | None:
    """Which option, counted from one; None where the text names no position."""
    numbered = _NUMBERED.fullmatch(text)
    if numbered:
        return to_int(numbered["number"])
    placed = _PLACED.fullmatch(text)
    if placed is None:
        return None
    if placed["first"] or (placed["upper"] and count == len(YES_OR_NO)):
        return 1
    if placed["last"] or (placed["lower"] and count == len(YES_OR_NO)):
        return count
    return (count + 1) // 2 if placed["middle"] and count % 2 else None


def _bare(text: str) -> str:
    text = re.sub(EMOJI, "", text).strip(_END)
    for thanks in _THANKS:
        text = text.removesuffix(thanks)
    return text.strip(_END).casefold()
