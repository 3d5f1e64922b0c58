"""Chain sign-ups (接龙): a list that is posted again in full by everybody who joins.

WeChat's own form is `#接龙`, a topic, perhaps an example (`例 修家电 张三`), an empty line and entries
(`1. 张阿姨 修家电`). People also type chains by hand, number them as they like and edit what others wrote.
"""

import re
import unicodedata
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from handlers.hearing.normalise import clean
from handlers.hearing.numerals import to_int

LONGEST = 30_000
"""Characters that are read of a chain; what follows makes it `cut_off`."""
MOST_ENTRIES = 500
MOST_LINES = 2_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One numbered entry.

    `text` is all that was typed, its lines joined by a space. `count` is how many places it asks for, the person
    included (2人 and +1 are both 2). `rest` is what is neither name nor count, after the heading that the entry
    stands under. `name` is empty where none was typed. `posted_by` is a channel id.
    """

    number: int
    text: str
    name: str
    count: int
    rest: str
    posted_by: str | None = None


@dataclass(frozen=True, slots=True)
class Chain:
    topic: str
    example: str | None
    entries: tuple[Entry, ...]
    cut_off: bool


@dataclass(frozen=True, slots=True)
class Matched:
    """Which entries of two versions are one, by position: `old_of` each new one the old one, `left` the old ones that
    are gone, `changed` the new ones that say something else now. Old ones that are in none of them were cut off."""

    old_of: Mapping[int, int]
    left: tuple[int, ...]
    changed: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """What a chain has become. `changed` are pairs of before and after; `doubled` are entries of one name.

    `out_of_order` are the entries whose number is not above that of the entry before. These two tell about the
    chain as it is now, whether or not anything changed.
    """

    joined: tuple[Entry, ...]
    left: tuple[Entry, ...]
    changed: tuple[tuple[Entry, Entry], ...]
    doubled: tuple[tuple[Entry, ...], ...]
    out_of_order: tuple[Entry, ...]

    @property
    def nobody_moved(self) -> bool:
        return not (self.joined or self.left or self.changed)


# Headers. WeChat's own may stand alone; one typed by hand needs entries below it.
_HINT = re.compile("接[龙龍]|roup note", re.IGNORECASE)
_HINT_WITHIN = 600  # characters; a topic may stand above
_WECHAT_HEADER = re.compile(r"(?:@\S{1,30}\s+)?[#＃]\s*(?:接[龙龍]|Group Note)[#＃:：\]】]*", re.IGNORECASE)
_HEADER_IN_FRONT = re.compile(
    r"[^\w@]{0,6}(?:请|请大家|大家|本?群|微信|报名|活动|现在|开始)?接[龙龍](?:报名|名单|如下|开始|来了|啦|了|吧)?"
    r"(?=$|[\W_]|[1-9一]\w?)[\s:：,，。!！】\])）」』~～—-]*(?!\s*(?:规则|说明|须知|要求|注意|方法|怎么))"
)
_HEADER_BEHIND = re.compile(r"(?P<topic>.{1,60}?)接[龙龍](?:报名|名单|如下|开始|啦|吧)*[\s:：。!！】\])）」』~～]*$")
_GAME_OR_TALK = re.compile(
    r"(?:成语|词语|诗词|歌词|故事|诗句|单词|英语|歌名|别忘了?|记得|没有?|不|不要|不用|怎么|已经?|[?？])$"
)
_HEADER_WITHIN = 8  # lines; a topic may stand above its header
_QUOTED = re.compile(r"^(?:- ){4,}-|^「[^」\n]{1,30}[:：]", re.MULTILINE)  # a quoted chain is talk about it

_EXAMPLE = re.compile(
    r"\s*(?:[(（【\[]?(?:例如?|示例|范例|格式)[)）】\]]?(?:[:：\s]+)|e\.?g\.?[:：\s]\s*)(?P<example>\S.*)", re.I
)
_BREAKS = str.maketrans(dict.fromkeys("\r\v\f\x1c\x1d\x1e\x85\u2028\u2029", "\n"))
_TRAILING = re.compile(
    r"(?:[(（【\[]?(?:点击|点此|请|请大家)?(?:参与|查看|继续|展开)?(?:全部)?接[龙龍](?:已?(?:结束|截止|完毕))?|(?:展开|查看)全文|全文"
    r"|以上|未完|待续|[-—–_=~*·.。]{3,})[)）】\]]?[。!！~]*"
)
_ENDS_IN_DOTS = re.compile(r"(?:…+|\.{3,}|。{3,})$")
_OPENING = re.compile("[(（【「]")
_CLOSING = re.compile("[)）】」]")

# Numbers in front of entries.
_SIGNS = "①-⑳⑴-⒇⒈-⒛㉑-㉟㊱-㊿❶-❿➀-➉➊-➓⓫-⓴⓵-⓾㈠-㈩㊀-㊉"
_HANZI = "[一二三四五六七八九十百零〇两]{1,5}"
_MARKER = re.compile(
    rf"""\s*(?:
    (?P<keycaps>(?:[0-9]\ufe0f?\u20e3){{1,3}}|🔟)[.、]?
    |(?P<sign>[{_SIGNS}])[.、．]?
    |[(（\[【〔](?P<bracketed>[0-9０-９]{{1,4}}|{_HANZI})[)）\]】〕]
    |(?P<digits>[0-9０-９]{{1,4}})(?![0-9０-９])(?P<stop>[ ]?[.．、)）。,，:：;；]|\s+|)
    |(?P<hanzi>{_HANZI})[.．、)）:：]
    )[ \t\u3000]*""",
    re.VERBOSE,
)
_CLEAR_STOPS = frozenset(".．、)）。")
# What makes 2人, 3号楼, 9:00 or 12月 a quantity and no marker. Not 张: 1张阿姨 is more often a person than a sheet.
_QUANTITY = re.compile(
    r"(?:[人个位口份名楼栋幢座层点月日年元块岁分天周斤套件台度米室]|号(?!\s)|单元|小时|大|#|[-/:：%+~～—_×xX*][0-9０-９]|[-—]|[0-9０-９])"
)
_INLINE = re.compile(rf"[{_SIGNS}]|(?<![0-9.:：/-])(?P<digits>[0-9]{{1,3}})(?:[.、．)）](?![0-9])|(?=[^\W\d_]))")
_FURTHEST_SKIP = 5  # a bare number that skips more belongs to the text


@dataclass(frozen=True, slots=True)
class _Marker:
    number: int
    style: str
    clear: bool
    content: str


@dataclass(slots=True)
class _Draft:
    number: int
    lines: list[str]
    heading: str = ""


def may_be_chain(text: str) -> bool:
    """Whether it is worth reading a text as a chain. Asked of all talk, so it must cost next to nothing."""
    return ("接" in text or "roup" in text) and _HINT.search(text, 0, _HINT_WITHIN) is not None


def read_chain(text: str, posters: Mapping[int, str] | None = None) -> Chain | None:
    """The chain that a message is; None if it is none.

    An ordinary numbered list is none, nor is a quoted chain. Entries without text are left out. `posters` says who
    posted the entry of a number, where the gateway knows; a number that stands twice tells nothing.
    """
    if not _HINT.search(text):
        return None
    too_long = len(text) > LONGEST
    text = clean(text[:LONGEST].replace("\r\n", "\n").translate(_BREAKS))
    headed = None if _QUOTED.search(text) else _behead(text)
    if headed is None:
        return None
    above, body, by_wechat = headed
    reader = _Reader(above)
    lines = _lines(body)
    for line in lines[:MOST_LINES]:
        reader.take(line)
    if not by_wechat and not reader.numbers_seen:
        return None
    return reader.chain(too_long or len(lines) > MOST_LINES, posters or {})


def _behead(text: str) -> tuple[list[str], str, bool] | None:
    """Lines of topic above the header, what follows it, and whether it is WeChat's own."""
    above: list[str] = []
    body = text
    for _ in range(_HEADER_WITHIN):
        line, _, below = body.partition("\n")
        line = line.strip()
        if found := _WECHAT_HEADER.match(line):
            return above, f"{line[found.end() :]}\n{below}", True
        if found := _HEADER_IN_FRONT.match(line):
            return above, f"{line[found.end() :]}\n{below}", False
        if (found := _HEADER_BEHIND.match(line)) and not _GAME_OR_TALK.search(found["topic"]):
            return [*above, found["topic"].strip(" 【[「『(（")], below, False
        marker = _marker(line)
        if not below or (marker is not None and marker.number == 1):
            return None
        above.append(line)
        body = below
    return None


def _lines(body: str) -> list[str]:
    """Lines; a chain that came as one line, typed so or squeezed by a gateway, is broken before its numbers."""
    lines = body.split("\n")
    if sum(1 for line in lines if line.strip()) != 1:
        return lines
    pieces, begin, expected = [], 0, 1
    for found in _INLINE.finditer(body):
        clear = found["digits"] is None or found[0] != found["digits"]
        if _number(found["digits"] or found[0]) != expected or not (clear or _begins_entry(body, found)):
            continue
        pieces.append(body[begin : found.start()])
        begin, expected = found.start(), expected + 1
    head, *entries = [*pieces, body[begin:]]
    topic, example, rest = head.partition(" 例 ")
    return [topic, f"例 {rest}" if example else "", *entries]


def _begins_entry(body: str, found: re.Match[str]) -> bool:
    return (found.start() == 0 or body[found.start() - 1].isspace()) and not _QUANTITY.match(body, found.end())


def _number(written: str) -> int | None:
    """1, 十二, ⑫, 1️⃣2️⃣."""
    if written.isdecimal():
        return int(written)
    if written == "🔟":
        return 10
    if len(written) == 1:
        sign = unicodedata.numeric(written, None)
        return None if sign is None else int(sign)
    return to_int(written.replace("\ufe0f", "").replace("\u20e3", ""))


def _marker(line: str) -> _Marker | None:
    found = _MARKER.match(line)
    if found is None or found.lastgroup is None:
        return None
    style = "digits" if found["digits"] else found.lastgroup
    number = _number(found[style])
    if number is None or number < 1:
        return None
    content = line[found.end() :].strip()
    if style != "digits":
        return _Marker(number, style, clear=True, content=content)
    stop = found["stop"].strip()
    if stop in _CLEAR_STOPS:
        spaced = found.end() > found.end("stop")
        style = "wechat" if stop == "." and spaced else stop
        return _Marker(number, style, clear=spaced or not content[:1].isdecimal(), content=content)
    if (stop and content[:1].isdecimal()) or (not stop and _QUANTITY.match(content)):
        return None
    return _Marker(number, "bare", clear=False, content=content)


@dataclass(slots=True)
class _Reader:
    """Takes line after line, and knows what has been topic, example and entries so far."""

    topic: list[str]
    example: str | None = None
    drafts: list[_Draft] = field(default_factory=list)
    styles: set[str] = field(default_factory=set)
    last: int = 0
    after_gap: bool = False
    bare_end: bool = False

    @property
    def numbers_seen(self) -> bool:
        return bool(self.styles)

    def take(self, line: str) -> None:
        line = line.strip()
        if not line:
            self.after_gap = True
            return
        self.bare_end = False
        marker = _marker(line)
        if marker and self._accepts(marker):
            self._begin(marker, line)
        elif self.example is None and (example := _EXAMPLE.match(line)):
            self.example = example["example"].strip()
            self._were_topic()
        elif self.drafts:
            self.drafts[-1].lines.append(line)
        else:
            self.topic.append(line)
        self.after_gap = False

    def _accepts(self, marker: _Marker) -> bool:
        if marker.clear or marker.number == self.last + 1:
            return True
        return "bare" in self.styles and marker.style == "bare" and marker.number <= self.last + _FURTHEST_SKIP

    def _begin(self, marker: _Marker, line: str) -> None:
        if self._starts_over(marker):
            self._were_topic()
        heading = self._new_heading(marker)
        self.styles.add(marker.style)
        self.last = marker.number
        self.bare_end = marker.style == "bare" and not marker.content
        self.drafts.append(_Draft(marker.number, [marker.content] if marker.content else [], heading))

    def _starts_over(self, marker: _Marker) -> bool:
        """The numbered lines so far were rules in the topic: another style of numbers begins at 1 after a gap."""
        if marker.number != 1 or not self.after_gap or marker.style in self.styles:
            return False
        return marker.style == "wechat" or self.styles <= {"hanzi", "bracketed"}

    def _were_topic(self) -> None:
        self.topic += [" ".join([f"{draft.number}.", *draft.lines]) for draft in self.drafts]
        self.drafts.clear()
        self.styles.clear()
        self.last = 0

    def _new_heading(self, marker: _Marker) -> str:
        """`缝补:` above entries that are numbered from 1 again; then the first entries have theirs as well."""
        if not self.drafts:
            return ""
        before = self.drafts[-1]
        heading = _heading(before.lines[-1]) if marker.number == 1 and before.lines[1:] else ""
        if not heading:
            return before.heading
        before.lines.pop()
        if self.topic and not before.heading:
            for draft in self.drafts:
                draft.heading = _heading(self.topic[-1])
        return heading

    def chain(self, too_long: bool, posters: Mapping[int, str]) -> Chain:
        dotted = self._drop_trailing()
        drafts = [draft for draft in self.drafts if draft.lines]
        cut_off = too_long or dotted or self.bare_end or len(drafts) > MOST_ENTRIES or _unclosed(drafts)
        name_at = _name_in_example(self.example)
        known = _only_once(posters, drafts)
        entries = tuple(_entry(draft, name_at, known.get(draft.number)) for draft in drafts[:MOST_ENTRIES])
        return Chain("\n".join(filter(None, self.topic)), self.example, entries, cut_off)

    def _drop_trailing(self) -> bool:
        """Takes off what is no entry at the end; True if it says that more was there."""
        if not self.drafts:
            return False
        lines = self.drafts[-1].lines
        dotted = False
        while lines:
            dots = _ENDS_IN_DOTS.search(lines[-1])
            dotted = dotted or dots is not None
            line = lines[-1][: dots.start()].rstrip() if dots else lines[-1]
            if line and (len(lines) == 1 or not _TRAILING.fullmatch(line)):
                lines[-1] = line
                break
            lines.pop()
        return dotted


def _heading(line: str) -> str:
    marked = line.endswith((":", "：")) or (line[:1] in "【[" and line[-1:] in "】]")
    return line.strip("【】[]:： ") if marked and len(line) <= 20 else ""


def _unclosed(drafts: Sequence[_Draft]) -> bool:
    if not drafts:
        return False
    line = drafts[-1].lines[-1]
    return len(_OPENING.findall(line)) > len(_CLOSING.findall(line))


def _only_once(posters: Mapping[int, str], drafts: Iterable[_Draft]) -> dict[int, str]:
    if not posters:
        return {}
    times = Counter(draft.number for draft in drafts)
    return {number: poster for number, poster in posters.items() if times[number] == 1}


# Counts.
_HAN = "[\u3400-\u9fff]"
_NUMERAL = "[0-9０-９]{1,3}|[一二两三四五六七八九十]{1,3}|[俩仨]"
_ONE_NUMERAL = f"(?<![0-9０-９])(?<![0-9０-９][.:：-])(?<![第周期拜初一二三四五六七八九十])(?:{_NUMERAL})"
_COMPANION = (
    "(?:孩子|小孩|小朋友|娃|宝宝|孙子|孙女|外孙女?|儿子|女儿|闺女|老人|老伴|爱人|老婆|老公|先生|太太|妈妈?|爸爸?|父母|"
    "爹妈|朋友|邻居|家人|家属|家里人|同学|同事|人)"
)
_COUNTS: Mapping[str, str] = {
    "total": rf"(?:一共|共计?|一家|全家|报)?(?P<total_number>{_ONE_NUMERAL})"
    rf"\s*(?:个?人(?![民工气间行])|个大人|[位名份]|口(?:人|(?=之)|(?!{_HAN})))",
    "times": rf"(?<![A-Za-z0-9])[xX×*＊✕]\s*(?P<times_number>{_NUMERAL})(?![0-9A-Za-z])",
    "mixed": rf"(?P<grown>{_ONE_NUMERAL})个?大人?[,，、和]?\s*(?P<small>{_NUMERAL})个?小孩?",
    "listed": rf"大人?\s*(?P<listed_grown>{_NUMERAL})个?[,，、和]?\s*"
    rf"(?:小孩?|孩子?|儿童)\s*(?P<listed_small>{_NUMERAL})个?",
    "pair": "(?:老?[两俩]口子|老两口|夫妻俩?|夫妇俩?|我们?俩|母女俩?|母子俩?|父子俩?|父女俩?|姐妹俩|兄弟俩|姐弟俩)",
    "plus": rf"[+＋加]\s*(?!86)(?P<plus_number>{_NUMERAL})(?![0-9０-９])[个位]?人?",
    "bring": rf"[带帶](?:着|上|了)?(?P<bring_number>{_NUMERAL})?[个位名]?{_COMPANION}",
    "together": rf"[和与跟同]我?{_COMPANION}(?:一起|一块儿?)?",
}
_COUNT = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in _COUNTS.items()))
_COUNT_HINT = re.compile("[人位名份口xX×*＊✕大俩+＋加带帶和与跟同]|夫[妻妇]|[母父][女子]|老两口|两口子")
_FEW = {"俩": 2, "仨": 3}
_BOTH_PARENTS = re.compile("父母|爹妈")


def _value(numeral: str | None) -> int:
    return 1 if not numeral else _FEW.get(numeral) or to_int(numeral) or 1


_TOTALS: Mapping[str, Callable[[re.Match[str]], int]] = {
    "total": lambda found: _value(found["total_number"]),
    "times": lambda found: _value(found["times_number"]),
    "mixed": lambda found: _value(found["grown"]) + _value(found["small"]),
    "listed": lambda found: _value(found["listed_grown"]) + _value(found["listed_small"]),
    "pair": lambda _: 2,
}
_COMPANIONS: Mapping[str, Callable[[re.Match[str]], int]] = {
    "plus": lambda found: _value(found["plus_number"]),
    "bring": lambda found: 2 if _BOTH_PARENTS.search(found[0]) else _value(found["bring_number"]),
    "together": lambda found: 2 if _BOTH_PARENTS.search(found[0]) else 1,
}


def _counted(text: str) -> tuple[int, str]:
    """How many an entry asks for, and the entry without it. A stated total is taken before companions."""
    if not _COUNT_HINT.search(text):
        return 1, text
    total, companions = 0, 0
    for found in _COUNT.finditer(text):
        name = found.lastgroup or ""
        if name in _TOTALS:
            total = max(total, _TOTALS[name](found))
        else:
            companions += _COMPANIONS[name](found)
    if not total and not companions:
        return 1, text
    without = _COUNT.sub(" ", text)
    if not without.strip():  # +1 alone is 我也去
        companions = 0
    return total or 1 + companions, without


# Names.
SURNAMES = (
    "王李张張刘劉陈陳杨楊赵趙黄黃周吴吳徐孙孫胡朱高林何郭马馬罗羅梁宋郑鄭谢謝韩韓唐冯馮于董萧程曹袁邓鄧许許傅沈曾彭吕呂苏蘇卢盧"
    "蒋蔣蔡贾賈丁魏薛叶葉阎閻余潘杜戴夏钟鍾汪田任姜范方石姚谭譚廖邹鄒熊金陆陸郝孔白崔康毛邱秦江史顾顧侯邵孟龙龍万萬段雷钱錢"
    "汤湯尹黎易武乔喬贺賀赖賴龚龔文庞樊兰殷施陶洪翟安颜倪严牛温芦季俞章鲁葛伍韦申尤毕聂柴焦向柳邢岳齐梅莫庄辛管祝左涂谷祁舒"
    "耿牟卜路詹关苗凌费纪靳盛童欧甄项曲成游阳裴席卫查屈鲍位覃霍翁隋植甘景薄单柏宁柯阮桂闵解强丛苟冉申"
)
_HONORIFICS = (
    "阿姨|叔叔|大叔|师傅|師傅|老师|老師|大爷|大妈|大姐|大哥|大伯|大娘|大嫂|奶奶|爷爷|伯伯|婆婆|医生|醫生|主任|书记|妈妈|爸爸|先生|女士|"
    "太太|律师|护士|妹妹|弟弟|叔|姐|哥|姨|婶|嫂|伯|爷|奶|妈|爸|工|总"
)
_NAME = f"[\u3400-\u9fff]{{1,3}}?(?:{_HONORIFICS})|[老小阿]{_HAN}|(?:欧阳|司徒|上官|诸葛)?[{SURNAMES}]{_HAN}{{1,2}}?"
_NAME_LIKE = re.compile(f"(?:{_NAME})[^\\w\\s]*")
_HAN_NAME = re.compile(_NAME)
_ROLES = (
    "修|维修|缝|补|裁|量血压|测血|血压|理发|剪发|剪头|磨刀|义诊|咨询|政策|宣传|登记|引导|秩序|摄影|拍照|报名|参加|负责|帮忙|免费|搬|"
    "打扫|清洁|后勤|医疗|法律|听力|按摩|推拿|写春联|家电|问答|我要|我来|想|可以|自带|取号|志愿|擦|洗|煮|包饺子|包粽子|做|当|教|配钥匙|"
    "机动|待定|随时|都行|都可以|不限|上午|下午|晚上|全天|中午|早上|周[一二三四五六日天]|星期"
)
_ROLE = re.compile(_ROLES)
_GLUED = re.compile(f"(?P<name>{_NAME})(?P<rest>(?:{_ROLES}).*)")
_NO_NAMES = re.compile(
    "小区|小孩|小时|大家|大人|老人|老伴|老婆|老公|小朋友|高兴|方便|安排|安全|平安|金额|白天|"
    "马上|成功|路过|万一|于是|简单|解决|查看|关注|强烈|支持|同意|文化|管理|向前|水果|石头|毛衣|"
    "毛裤|童装|夏天|田园|路灯|易拉罐|高压锅|电工|手工|木工|义工|社工|钟表|温水壶|单元|安装|卫生|"
    "黄金|任意|任何|任选|方桌|余下|成人|于老人|广场舞|单人|全家"
)
_PLACE = re.compile(
    r"(?:[0-9A-Za-z一二三四五六七八九十]{1,4}(?:号楼|號樓|栋|幢|座|单元|室)|(?<![0-9:：.-])[0-9]{1,3}[-#][0-9]{1,4}(?:-[0-9]{1,4})?)+(?:[0-9]{3,4}室?)?(?![0-9:：-])"
)
_PLACE_HINT = re.compile("[0-9]|号楼|單元|单元|栋|幢|座")
_GAPS = re.compile(r"[\s,，、;；/|()（）【】\[\]。~～]+|(?<![0-9])[-—:：+＋]+|[-—:：+＋]+(?![0-9])")
_LATIN = re.compile(r"[A-Za-z][A-Za-z.'’]*")
_SURNAME_ALONE = re.compile(f"[老小阿{SURNAMES}]")
_SHORT_HAN = re.compile(f"{_HAN}{{1,2}}")
_ANY_WORD = re.compile(r"[^\W_]")
_DIGIT = re.compile("[0-9０-９]")
_PLACE_ENDS = ("楼", "樓", "栋", "幢", "座", "单元", "室")
_NAME_WORDS = re.compile("姓名|名字|昵称|称呼|名称|谁")


def _entry(draft: _Draft, name_at: int | None, posted_by: str | None) -> Entry:
    text = " ".join(draft.lines)
    count, without = _counted(text)
    name, rest = _named(_tokens(without), name_at)
    return Entry(
        draft.number, text, name, count, f"{draft.heading} {rest}".strip() if draft.heading else rest, posted_by
    )


def _tokens(text: str) -> list[str]:
    if _PLACE_HINT.search(text):
        text = _PLACE.sub(r" \g<0> ", text)
    return _whole_names([token for token in _GAPS.split(text) if token])


def _named(tokens: list[str], name_at: int | None) -> tuple[str, str]:
    """The name among the words of an entry, and the other words. `name_at` is where the example has it."""
    if not tokens:
        return "", ""
    scores = [_score(token) for token in tokens]
    best = max(scores)
    if best < 0:
        return "", " ".join(tokens)
    at = name_at if name_at is not None and name_at < len(scores) and scores[name_at] == best else scores.index(best)
    name, before, after = tokens[at], tokens[:at], tokens[at + 1 :]
    glued = _GLUED.fullmatch(name)
    if glued and not _NO_NAMES.fullmatch(glued["name"]):
        name, after = glued["name"], [glued["rest"], *after]
    return name, " ".join([*before, *after])


def _score(token: str) -> int:
    """How much a word looks like a person: -1 emoji, 0 a place, time, phone or role, 1 any word, 2 a name."""
    if not _ANY_WORD.search(token):
        return -1
    if token.isdecimal() or _PLACE.fullmatch(token) or token.endswith(_PLACE_ENDS):
        return 0
    if _NAME_LIKE.fullmatch(token) and not _NO_NAMES.fullmatch(token):
        return 2
    if glued := _GLUED.fullmatch(token):
        return 2 if not _NO_NAMES.fullmatch(glued["name"]) else 1
    return 0 if _ROLE.match(token) or _DIGIT.match(token) else 1


def is_another_name(name: str, other: str) -> bool:
    """Whether two names cannot be one person's: both look like names and have no character in common."""
    both = [_HAN_NAME.fullmatch(each) is not None and not _NO_NAMES.search(each) for each in (name, other)]
    return all(both) and set(name).isdisjoint(other)


def _whole_names(tokens: list[str]) -> list[str]:
    """Words with the names joined that have a space in them: Li Lei, 张 阿姨."""
    whole = tokens[:1]
    for one, other in pairwise(tokens):
        if (_LATIN.fullmatch(one) and _LATIN.fullmatch(other)) or (
            _SURNAME_ALONE.fullmatch(one) and _SHORT_HAN.fullmatch(other)
        ):
            whole[-1] += f" {other}"
        else:
            whole.append(other)
    return whole


def _name_in_example(example: str | None) -> int | None:
    if not example:
        return None
    tokens = _tokens(_counted(example)[1])
    for at, token in enumerate(tokens):
        if _NAME_WORDS.search(token):
            return at
    scores = [_score(token) for token in tokens]
    return scores.index(2) if 2 in scores else None


# Comparing.
_HALF = 0.5
_BLANKS = re.compile(r"\s+")


def compare(before: Chain | None, after: Chain) -> Changes:
    """What has become of a chain since its last version, None being no version.

    Entries are the same if they say the same or were posted by the same person, then if they bear one name, then
    if they stand in one place and are alike. An entry that only moved is no change. What a cut-off text no
    longer shows has not left.
    """
    old = before.entries if before else ()
    matched = match(before, after)
    return Changes(
        joined=tuple(entry for at, entry in enumerate(after.entries) if at not in matched.old_of),
        left=tuple(old[at] for at in matched.left),
        changed=tuple((old[matched.old_of[at]], after.entries[at]) for at in matched.changed),
        doubled=_doubled(after.entries),
        out_of_order=tuple(entry for one, entry in pairwise(after.entries) if entry.number <= one.number),
    )


def match(before: Chain | None, after: Chain) -> Matched:
    """The same as `compare` by position: where an entry stood tells which one it is, also among equal ones."""
    old = before.entries if before else ()
    matching = _match(old, after.entries)
    joined = [at for at in range(len(after.entries)) if at not in matching.old_of]
    shown = matching.last_old() if _is_cut(after, matching, joined) else len(old)
    return Matched(
        old_of=dict(matching.old_of),
        left=tuple(at for at in range(len(old)) if at not in matching.taken and at <= shown),
        changed=tuple(_changed(matching, cut_off=shown < len(old))),
    )


def with_posters(before: Chain | None, after: Chain, poster: str | None) -> Chain:
    """The new version with what is known of who posted what: as before, and the one new entry by `poster`.

    Where several entries are new it stays open who posted them.
    """
    old = before.entries if before else ()
    matching = _match(old, after.entries)
    new = [at for at in range(len(after.entries)) if at not in matching.old_of]
    known = {at: old[old_at].posted_by for at, old_at in matching.old_of.items()}
    if len(new) == 1:
        known[new[0]] = poster
    entries = (
        replace(entry, posted_by=known.get(at)) if entry.posted_by is None else entry
        for at, entry in enumerate(after.entries)
    )
    return replace(after, entries=tuple(entries))


def _same(text: str) -> str:
    """What does not make a difference: width, case, spaces."""
    return _BLANKS.sub("", unicodedata.normalize("NFKC", text)).casefold()


def _alike(one: str, other: str) -> bool:
    """Half of the characters in common, or one the beginning of the other."""
    if one.startswith(other) or other.startswith(one):
        return True
    common = (Counter(one) & Counter(other)).total()
    return 2 * common >= _HALF * (len(one) + len(other))


def _by_poster_and_text(entry: Entry) -> object:
    return entry.posted_by and (entry.posted_by, _same(entry.text))


def _by_poster_and_name(entry: Entry) -> object:
    return entry.posted_by and (entry.posted_by, _same(entry.name))


_WAYS_TO_BE_THE_SAME: Sequence[Callable[[Entry], object]] = (
    _by_poster_and_text,
    lambda entry: _same(entry.text),
    _by_poster_and_name,
    lambda entry: entry.posted_by,
    lambda entry: _same(entry.name),
)


@dataclass(slots=True)
class _Matching:
    """Which entry of the old version each of the new one is, by position."""

    old: Sequence[Entry]
    new: Sequence[Entry]
    old_of: dict[int, int] = field(default_factory=dict)
    taken: set[int] = field(default_factory=set)

    def last_old(self) -> int:
        return max(self.taken, default=-1)

    def left_over(self) -> Iterator[tuple[int, Entry]]:
        return ((at, entry) for at, entry in enumerate(self.new) if at not in self.old_of)

    def by(self, key: Callable[[Entry], object]) -> None:
        waiting: defaultdict[object, deque[int]] = defaultdict(deque)
        for at, entry in enumerate(self.old):
            if at not in self.taken and (value := key(entry)):
                waiting[value].append(at)
        for at, entry in list(self.left_over()):
            candidates = waiting.get(key(entry))
            if candidates and self._may_be(candidates[0], at):
                self._pair(candidates.popleft(), at)

    def by_place(self) -> None:
        """The same number, or the place after an entry that is known, and alike."""
        by_number = {entry.number: at for at, entry in enumerate(self.old) if at not in self.taken}
        for at, entry in list(self.left_over()):
            follower = self.old_of.get(at - 1, -1) + 1
            for old_at in (by_number.get(entry.number, -1), follower):
                if 0 <= old_at < len(self.old) and old_at not in self.taken and self._is_like(old_at, at):
                    self._pair(old_at, at)
                    break

    def _is_like(self, old_at: int, at: int) -> bool:
        return self._may_be(old_at, at) and _alike(_same(self.old[old_at].text), _same(self.new[at].text))

    def _may_be(self, old_at: int, at: int) -> bool:
        posters = {self.old[old_at].posted_by, self.new[at].posted_by} - {None}
        return len(posters) < 2

    def _pair(self, old_at: int, at: int) -> None:
        self.old_of[at] = old_at
        self.taken.add(old_at)


def _match(old: Sequence[Entry], new: Sequence[Entry]) -> _Matching:
    matching = _Matching(old, new)
    for key in _WAYS_TO_BE_THE_SAME:
        if len(matching.old_of) < len(new):
            matching.by(key)
    matching.by_place()
    return matching


def _is_cut(after: Chain, matching: _Matching, joined: Sequence[int]) -> bool:
    """Said by the text itself, or seen: nobody is new, and the last entry is the beginning of what it was."""
    if after.cut_off or joined or not after.entries:
        return after.cut_off
    last = len(after.entries) - 1
    old_at = matching.old_of[last]
    return old_at < len(matching.old) - 1 and _is_stump(matching.old[old_at], after.entries[last])


def _is_stump(old: Entry, new: Entry) -> bool:
    return old.text != new.text and _same(old.text).startswith(_same(new.text))


def _changed(matching: _Matching, *, cut_off: bool) -> Iterator[int]:
    last = len(matching.new) - 1
    for at, old_at in sorted(matching.old_of.items()):
        old, new = matching.old[old_at], matching.new[at]
        if _same(old.text) != _same(new.text) and not (cut_off and at == last and _is_stump(old, new)):
            yield at


def _doubled(entries: Sequence[Entry]) -> tuple[tuple[Entry, ...], ...]:
    by_name: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.name:
            by_name[_same(entry.name)].append(entry)
    return tuple(tuple(same) for same in by_name.values() if len(same) > 1)
