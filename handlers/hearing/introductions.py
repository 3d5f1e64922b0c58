"""How somebody introduces themselves as a volunteer: name, skills, free times, and who brought them.

「我叫王芳,会理发,周末有空,是李梅介绍的」: each part may be said at once, in any order, or alone as an answer.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from handlers.hearing.free_times import hear_free_times, without_free_times
from handlers.hearing.normalise import EMOJI
from handlers.hearing.skills import hear_skills, names_skill

Asked = Literal["", "name", "skills", "free"]

LONGEST_NAME = 20
"""Characters of a name, which may be one with a dot in the middle."""

_COMPOUND = (
    "欧阳司马上官诸葛夏侯东方皇甫尉迟公孙慕容令狐司徒司空端木南宫长孙宇文轩辕独孤西门百里呼延"
    "澹台公冶太史申屠钟离闻人东郭第五万俟赫连拓跋"
)
COMPOUND = frozenset(_COMPOUND[at : at + 2] for at in range(0, len(_COMPOUND), 2))
SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖"
    "石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常汤康易乔赖文施洪辛柯庄翁凌舒焦俞包申尚"
    "章鲁葛柴路岳齐牛梅温芦倪季聂祝耿詹关苗凤阮童柳单翟华裴左费骆毕纪霍涂卓游管甄娄祁欧窦宫饶柏解房符盛冉戚鲍管蒲占滕冷屈"
    "简艾牟尤蔺匡宁宗鞠揭农桂车全佟米卜邢安项时傅皮卞元穆萧狄臧伏成茅庞阎席麻强娄危颜刁骆盛虞支咎裘缪干应宣贲郁杭诸钮嵇滑"
    "荣荀羊惠储靳井糜巫乌焉巴弓牧隗山谷仇栾暴甘厉戎祖景束龙印宿怀从鄂索咸籍卓屠蒙池阴胥苍双莘党翟贡劳逄姬扶堵宰郦雍却璩桑濮寿通"
    "边扈燕冀郏浦尚晏瞿阎充慕连茹习宦鱼容古慎戈庾终暨居衡步都满弘国寇广禄阙东殴沃利蔚越夔隆师巩厍晁勾敖融訾辛阚那空毋沙养鞠须丰"
    "巢蒯相查后荆红竺权逯盖益桓仉佘仝原晋楚帅缑亢况琴商赏伯佴墨哈谯笪肇谌展竹迟折计豆代岑岚"
)
"""First characters of names. Names of other peoples do not begin with one: those are asked for twice."""

_HAN = "[\u4e00-\u9fff\u3400-\u4dbf\U00020000-\U0002ebef]"
_NAME = rf"{_HAN}{{2,4}}?|{_HAN}{{1,10}}(?:[·•.]{_HAN}{{1,10}}){{1,3}}"
_END = "(?:就行|就好|就可以|好了|吧|啊|呀|哈|谢谢|了)*"
_EXPLICIT = re.compile(
    r"(?:我(?:的名字|的姓名|本名|真名|大名)?(?:就)?(?:叫做?|名叫|是)|(?:你|您)?叫我"
    r"|(?:名字|姓名|本名|真名|大名)(?:是|叫)?[: ]*"
    rf"|(?:本人|我)姓{_HAN}[, ]*(?:名|叫)|^叫|^改成|^是)\s*"
    rf"(?P<name>{_NAME}){_END}(?=[,。;、! ]|$|我?(?:也|还)?(?:会|可以|能|想)|今年|家住|住在)"
)
_TITLE = re.compile(
    "(?:阿姨|大姨|姨|叔叔?|大叔|大爷|爷爷|大伯|伯伯|伯母|大妈|大娘|妈妈?|爸爸?|奶奶?|婆婆|外婆|嫂子?|大嫂|婶|大姐|姐姐?|大哥|哥哥?|弟弟|妹妹?"
    "|先生|女士|小姐|同志|师傅|老师|医生|大夫|护士|主任|书记|老板|宝宝|家长)$"
)
_TRADE = re.compile("[师员生士工长人民]$")
_NO_NAME = re.compile(
    "不(?:想|要|说|愿|告诉|行|用|会|懂|知道)|没有|随便|匿名|保密|什么|怎么|哪|谁|吗|呢$|你|您|我|报名|志愿|有空"
)
_INVITED = re.compile(
    rf"(?:介绍人|推荐人|引荐人)[是:叫 ]*(?P<after>{_HAN}{{2,4}})"
    rf"|(?P<before>{_HAN}{{2,12}}?)(?:阿姨|大姐|姐|叔叔?|老师|师傅|书记)?"
    "(?:介绍|推荐|引荐|动员|(?:叫|喊|让|带|拉|请|约)(?:我|俺))(?:我|来|过来|参加|加入|当|志愿者|的)*"
)
_HOUSE = re.compile(r"^(?:[\d#\-—_.、 ]|号楼|栋|幢|座|单元|室|楼|号|[A-Za-z]\d)+")
_CLAUSE = re.compile(r"[,;。!\n]+")
_ABILITY = re.compile("(?:我|也|还|都|平时|以前|略)*(?:会|能|可以|擅长|拿手|懂|做过|学过|干过|当过|以前是|退休前是)")
_OPENING = re.compile(
    "(?:你好|您好)?(?:我|俺|也)*(?:想|要|来|愿意|能|可以|申请|报名|打算)*(?:当|做|成为|加入|参加|注册|申请|登记|报名)+(?:一名|一个|个|社区)?的?"
    "(?:志愿者|义工|志愿服务队?|志愿队)(?:队伍|队)?[了吧啊呀]?"
)


@dataclass(frozen=True, slots=True)
class Introduction:
    """What was said; empty where it was not."""

    name: str = ""
    skills: tuple[str, ...] = ()
    free: tuple[str, ...] = ()
    inviter: str = ""


def hear_introduction(text: str, known_skills: Collection[str], asked: Asked = "") -> Introduction:
    """The parts of an introduction in a normalised text. `asked`: what words that show nothing else answer."""
    inviter, text = _inviter(_OPENING.sub("", text, count=1))
    name, text = _explicit_name(text, known_skills)
    clauses = [each.strip() for each in _CLAUSE.split(text) if each.strip()]
    if asked == "name" and not name and clauses and is_possible_name(bare_name(clauses[0])):
        name = bare_name(clauses.pop(0))
    skills: list[str] = []
    for clause in clauses:
        rest = without_free_times(clause)
        if asked == "skills" or _ABILITY.match(rest) or names_skill(rest, known_skills):
            skills += hear_skills(rest, known_skills)
    free = hear_free_times(text)
    return Introduction(name, tuple(dict.fromkeys(skills)), free, inviter)


def is_real_name(name: str) -> bool:
    """Whether it is one that nobody need ask about: 王芳, 欧阳修文."""
    if not re.fullmatch(f"{_HAN}{{2,4}}", name) or _TITLE.search(name) or _NO_NAME.search(name):
        return False
    return name[:2] in COMPOUND if len(name) > 3 else name[0] in SURNAMES or name[:2] in COMPOUND


def is_possible_name(name: str) -> bool:
    """Whether it may be the name of somebody of another people or country; no 王阿姨, no emoji, no number."""
    if not 2 <= len(name) <= LONGEST_NAME or _TITLE.search(name) or _NO_NAME.search(name):
        return False
    return re.fullmatch(rf"{_HAN}+(?:[·•.]{_HAN}+)*|[A-Za-z][A-Za-z.' -]+", name) is not None


def name_in_nickname(nickname: str) -> str:
    """The real name in what somebody is called in a group, 「3-501王芳🌸」; empty where there is none."""
    bare = re.sub(EMOJI, "", _HOUSE.sub("", nickname)).strip(" ()-~!")
    return bare if is_real_name(bare) else ""


def bare_name(said: str) -> str:
    """A name without the courtesies around it."""
    said = re.sub(EMOJI, "", said)
    return re.sub(f"^(?:我|就|是|叫|姓名|名字|[: ])+|{_END}$", "", said.strip(" 。.,!~")).strip()


def _explicit_name(text: str, known_skills: Collection[str]) -> tuple[str, str]:
    """The name behind 「我叫」 or 「我是」, and the text without it. 「我是电工」 is a skill."""
    for found in _EXPLICIT.finditer(text):
        name = found["name"]
        says_is = found[0].startswith(("我是", "是", "我就是"))
        if says_is and (not is_real_name(name) or _TRADE.search(name) or names_skill(name, known_skills)):
            continue
        if is_possible_name(name):
            return name, f"{text[: found.start()]},{text[found.end() :]}"
    return "", text


def _inviter(text: str) -> tuple[str, str]:
    """Who brought them, and the text without it."""
    found = _INVITED.search(text)
    if found is None:
        return "", text
    said = found["after"] or found["before"]
    lengths = (2, 3, 4) if found["after"] else (4, 3, 2)
    ends = [said[:length] if found["after"] else said[-length:] for length in lengths if length <= len(said)]
    name = next((each for each in (reversed(ends) if found["after"] else ends) if is_real_name(each)), "")
    return name, f"{text[: found.start()]},{text[found.end() :]}"
