"""What a neighbour orders: 「想请人上门理发」, 「帮老人买药」, 「陪我妈去医院周四上午」, 「3号楼2单元501,138…」."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import Enum, auto
from functools import cache

from handlers.hearing.behalf import on_behalf_of
from handlers.hearing.personal import find_personal
from handlers.hearing.places import find_place
from handlers.hearing.times import PartOfDay, When, find_when

LONGEST_WHAT = 20
"""Characters of what is ordered, where it is on no menu. All of the words are kept beside it."""

_GAP = "…"
_WIDEST_GAP = 8
_DAY: tuple[int, int] = (8, 21)
"""The hours that 「周四」 means."""

_PARTS: dict[PartOfDay, tuple[int, int]] = {"am": (8, 12), "pm": (12, 18), "eve": (18, 21)}
_MIDNIGHT = timedelta(days=1)

_FAMILY = (
    r"妈妈?|爸爸?|老妈|老爸|母亲|父亲|爸妈|父母|老伴|奶奶|爷爷|姥姥|姥爷|外婆|外公|婆婆|公公|岳父|岳母|老公|老婆|爱人"
    r"|儿子|女儿|孙子|孙女|孩子|小孩|邻居"
)
_WHOM = re.compile(
    rf"(?:帮|替|代|给|陪|教|送|接|照顾|看望|照看)(?P<whom>(?:我|俺|咱)?家?的?(?:{_FAMILY})|(?:独居|孤寡|我家)?老人家?|老爷子|老太太|邻居)"
)
_ELSEWHERE = re.compile(
    r"(?:^|[在住到去是,\u3002\s])(?P<name>(?:(?![在住到去是送])[\u4e00-\u9fff]){2,4}(?:社区|街道|镇|村))(?=的?\s*\d|[,\u3002\s]|$)"
)
_PRONOUN = re.compile("^(?:我们?|咱们?|本|这个|你们?|俺们?|同一?|隔壁)")
_BEFORE = re.compile(
    r"(?:我们?|俺|咱们?|家里|你好|您好|请问|麻烦|劳驾|有没有人?|有人|谁|哪位|能不能|可不可以|可以|能|愿意|想要|想|需要|要|急需|求"
    r"|请|找|叫|派|安排|点单|点个单|点一单|下单|下个单|下一单|帮忙|帮帮|帮|替|代办|代(?!买|取|办|购)|给"
    r"|志愿者|师傅|义工|好心人|热心人|帮手|[个一两几]?位|[一两几]?个|人|来|上门|一下|过来|到家|来我家|[\s,:\u3001\u3002])+"
)
_AFTER = re.compile(r"(?:[\s,\u3002.!~?]|吗|吧|呢|啊|呀|行不行|可以|好吗|行吗|谢谢您?|多谢|麻烦了?|可不|一下|的)+$")
_HASTE = re.compile(r"(?:^|[,\u3002!\s])急+(?=[,\u3002!\s]|$)")
_LABELS = re.compile(
    r"(?:我?的?(?:家庭)?(?:地址|住址|电话|手机号?|联系方式|联系电话|号码|门牌号?)(?:是|:)?|我?家?住在?|家在|请打)"
)
_LEFT_OVER = re.compile(r"[\s,:;\u3001\u3002.!~()]+")
_EMPTY = re.compile(r"[\W\d_]*|帮忙|有事|来人|一件事|个忙|忙|服务|服务菜单|服务项目|服务清单|点单菜单|菜单|任务")


@dataclass(frozen=True, slots=True)
class OrderWords:
    """Lists of words that people who don't code can extend.

    `alike`: each a line of words for one service, … for some words between. `details`: what is added to a service's
    name. `frail`: where nobody goes alone. `with_doctor`: what makes a medical word harmless (陪我去打针).
    """

    alike: tuple[str, ...]
    details: tuple[str, ...]
    frail: tuple[str, ...]
    urgent: tuple[str, ...]
    whenever: tuple[str, ...]
    money: tuple[str, ...]
    dangerous: tuple[str, ...]
    with_doctor: tuple[str, ...]


class Turned(Enum):
    """Why something cannot be ordered of volunteers."""

    MONEY = auto()
    DANGEROUS = auto()


@dataclass(frozen=True, slots=True)
class Offered:
    """A line of the menu, and other words for the skill that it takes."""

    name: str
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Contact:
    """Where and how somebody is found. `building`: its number; `elsewhere`: another community that was named."""

    building: int | None
    address: str
    phone: str
    elsewhere: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was heard. `offered`: which line of the menu; `what`: a few words, empty where nothing is said.

    `two`: nobody should go alone.
    """

    offered: int | None
    what: str
    whom: str
    contact: Contact
    two: bool
    turned: Turned | None


def hear_order(text: str, menu: Sequence[Offered], words: OrderWords, now: datetime) -> Wanted:
    """What a normalised text says of an order, but for when; `now` is in the local zone."""
    offered = find_offered(text, menu, words.alike)
    return Wanted(
        offered=offered,
        what=_detailed(menu[offered].name, text, words.details) if offered is not None else _bare(text, words, now),
        whom=find_whom(text),
        contact=hear_contact(text),
        two=_has(text, words.frail),
        turned=turned_down(text, words),
    )


def find_offered(text: str, menu: Sequence[Offered], alike: Sequence[str]) -> int | None:
    """Which line of the menu a text names: by its name, by words that are alike, by the skill; the longest words."""
    found = [(*_named(text, each, alike), -at) for at, each in enumerate(menu)]
    best = max(found, default=(0, 0, 0))
    return -best[2] if best[0] else None


def _named(text: str, offered: Offered, alike: Sequence[str]) -> tuple[int, int]:
    """How surely, and by how many characters."""
    if offered.name in text:
        return 3, len(offered.name)
    lines = [line.split() for line in alike if any(word in offered.name for word in line.split() if _GAP not in word)]
    said = [_said(word, text) for line in lines for word in line]
    if longest := max(said, default=0):
        return 2, longest
    return 1 if (other := max((len(word) for word in offered.others if word in text), default=0)) else 0, other


def _said(word: str, text: str) -> int:
    """How many characters of a word, which may have a gap, stand in a text."""
    if _GAP not in word:
        return len(word) if word in text else 0
    return len(word) - 1 if _gapped(word).search(text) else 0


@cache
def _gapped(word: str) -> re.Pattern[str]:
    return re.compile(f".{{0,{_WIDEST_GAP}}}?".join(map(re.escape, word.split(_GAP))))


def _has(text: str, words: Sequence[str]) -> bool:
    return any(_said(word, text) for word in words)


def hear_haste(text: str, words: OrderWords) -> tuple[bool, bool]:
    """Whether it is urgent, and whether any time will do. 不着急 is not 着急."""
    rest = text
    for word in words.whenever:
        rest = rest.replace(word, ",")
    return _has(rest, words.urgent) or _HASTE.search(rest) is not None, rest != text


def turned_down(text: str, words: OrderWords) -> Turned | None:
    """Money, and what is dangerous or for doctors, is nothing for volunteers. Going along to the doctor is."""
    if _has(text, words.money):
        return Turned.MONEY
    if _has(text, words.dangerous) and not _has(text, words.with_doctor):
        return Turned.DANGEROUS
    return None


def find_whom(text: str) -> str:
    """For whom, as the speaker calls them; empty where they speak for themselves."""
    found = _WHOM.search(text)
    return found["whom"].removeprefix("\u7684") if found else on_behalf_of(text)


def hear_contact(text: str) -> Contact:
    """Address and phone, as far as they are said."""
    kinds = {"phone": ("mobile", "landline"), "address": ("address",)}
    found = {
        name: [text[slice(*each.span)] for each in find_personal(text) if each.kind in kinds[name]] for name in kinds
    }
    place = find_place(text)
    address = " ".join(found["address"]) or (place.words if place is not None else "")
    elsewhere = _ELSEWHERE.search(text)
    named = elsewhere["name"] if elsewhere and not _PRONOUN.match(elsewhere["name"]) else ""
    return Contact(place.building if place is not None else None, address, " ".join(found["phone"]), named)


def rest_of_contact(text: str) -> str:
    """What an answer to 「地址和电话」 says besides phones: all of it is the address."""
    rest = text
    for each in sorted(find_personal(text), key=lambda each: -each.span[0]):
        if each.kind in ("mobile", "landline"):
            rest = f"{rest[: each.span[0]]} {rest[each.span[1] :]}"
    return " ".join(_LEFT_OVER.sub(" ", _LABELS.sub(" ", rest)).split())


def hear_window(text: str, now: datetime) -> tuple[datetime, datetime | None] | None:
    """From when to when; of an hour alone there is no end. A day means its waking hours."""
    when = find_when(text, now)
    if when is None:
        return None
    if not when.whole_day:
        return when.start, when.end
    first, last = _PARTS[when.part] if when.part else _DAY
    since = _at(when.start, first)
    until = _at(when.end or when.start, last)
    if since.date() == now.date() and until <= now:  # 「今天」, said at night
        return now, datetime.combine(now.date(), time(), now.tzinfo) + _MIDNIGHT
    return since, until


def _at(day: datetime, hour: int) -> datetime:
    return day.replace(hour=hour, minute=0)


def _detailed(name: str, text: str, details: Sequence[str]) -> str:
    """A service with what exactly: 代买代取(买药)."""
    said = next((word for word in details if word in text and word not in name), "")
    return f"{name}({said})" if said else name


def _bare(text: str, words: OrderWords, now: datetime) -> str:
    """What is left of a text without when, where, phones, haste and politeness."""
    rest = text
    for start, end in sorted(_spans(text, find_when(text, now)), reverse=True):
        rest = f"{rest[:start]},{rest[end:]}"
    for word in (*words.urgent, *words.whenever):
        rest = rest.replace(word, ",") if _GAP not in word else rest
    pieces = [_trimmed(piece) for piece in re.split(r"[,;\u3002!?]+", _LABELS.sub(",", rest))]
    best = max((piece for piece in pieces if not _EMPTY.fullmatch(piece)), key=len, default="")
    return best[:LONGEST_WHAT] if len(best) > 1 else ""


def _trimmed(piece: str) -> str:
    before = _BEFORE.match(piece)
    return _AFTER.sub("", piece[before.end() :] if before else piece).strip()


def _spans(text: str, when: When | None) -> list[tuple[int, int]]:
    """What is time or place or personal; of those that overlap the first."""
    found = [each.span for each in find_personal(text)]
    if when is not None:
        found.append(when.span)
    place = find_place(text)
    if place is not None and (at := text.find(place.words)) >= 0:
        found.append((at, at + len(place.words)))
    kept: list[tuple[int, int]] = []
    for span in sorted(found):
        if not kept or span[0] >= kept[-1][1]:
            kept.append(span)
    return kept
