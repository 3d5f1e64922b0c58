"""What people can do, under one word each: 量血压, 测血压 and 量个血压 are the same skill. Pure.

Whatever is not in the table is a skill too, under the word that was said.
"""

from collections.abc import Iterable, Mapping

LONGEST = 20
"""Characters of a skill. What is longer tells something."""

MOST = 10
"""Skills of one person."""

SHORTEST_PART = 2
"""Characters from which a skill fits a stall whose name it is part of."""

SAME: Mapping[str, tuple[str, ...]] = {
    "理发": ("剪头发", "剪头", "剃头", "剪发", "美发", "推头", "理头发", "理个发", "剃头发", "推子"),
    "量血压": ("测血压", "血压", "量个血压", "测个血压", "测量血压"),
    "测血糖": ("量血糖", "血糖", "验血糖"),
    "修家电": (
        *("修电器", "家电维修", "修理家电", "维修家电", "修小家电", "小家电维修", "电器维修", "修理电器", "维修电器"),
        *("修电视", "修电视机", "修冰箱", "修洗衣机", "修空调", "修电饭锅", "修电饭煲", "修电扇", "修电风扇", "家电"),
    ),
    "缝补": (
        *("缝纫", "缝衣服", "补衣服", "缝缝补补", "裁缝", "针线", "针线活", "做针线", "改衣服", "改裤脚", "织补"),
    ),
    "政策咨询": ("政策", "讲政策", "政策宣传", "政策解答", "政策讲解", "社保咨询", "医保咨询"),
    "法律咨询": ("法律", "普法", "法律援助", "讲法律", "律师"),
    "磨刀": ("磨剪刀", "磨菜刀", "磨剪子", "磨刀磨剪子"),
    "修自行车": ("修单车", "补胎", "修车", "修电动车", "修电瓶车", "自行车维修"),
    "水电维修": ("修水管", "修水电", "水电", "电工", "水电工", "修电路", "修水龙头", "换灯泡", "修灯", "通下水道"),
    "开锁": ("换锁", "修锁", "配钥匙", "配锁"),
    "修鞋": ("补鞋", "擦鞋"),
    "修伞": ("补伞",),
    "写毛笔字": ("书法", "写春联", "写对联", "毛笔字", "写字", "春联"),
    "照相": ("摄影", "拍照", "摄像", "录像", "拍视频"),
    "教手机": ("手机教学", "教用手机", "智能手机", "教老人用手机", "教智能手机", "用手机", "手机使用"),
    "电脑": ("修电脑", "教电脑", "电脑维修", "计算机"),
    "按摩": ("推拿",),
    "健康咨询": ("义诊", "看病", "医生", "大夫", "医疗", "护士", "护理", "健康讲座"),
    "心理疏导": ("心理咨询", "心理", "心理辅导", "谈心"),
    "陪老人": ("陪聊", "陪老人聊天", "陪伴老人", "看望老人", "照顾老人", "陪护", "陪诊", "陪看病"),
    "跑腿": ("代购", "代买", "买菜", "买药", "代买菜", "送菜", "送药", "代办", "送货"),
    "搬东西": ("搬运", "搬家", "体力活", "出力气", "搬重物", "力气活", "扛东西"),
    "打扫卫生": ("打扫", "保洁", "清洁", "扫地", "清扫", "大扫除", "搞卫生", "做卫生", "捡垃圾"),
    "文艺表演": ("唱歌", "跳舞", "表演", "唱戏", "演出", "乐器", "吹拉弹唱", "广场舞"),
    "辅导作业": ("辅导功课", "教孩子", "课后辅导", "补课", "辅导孩子", "带孩子", "支教"),
    "开车": ("司机", "驾驶", "接送"),
    "急救": ("急救员", "心肺复苏", "红十字"),
    "文明劝导": ("劝导", "交通劝导", "维持秩序", "交通疏导"),
    "巡逻": ("治安巡逻", "巡防", "夜巡", "巡查"),
    "有奖问答": ("问答", "出题"),
    "做饭": ("厨师", "烧饭", "烧菜", "包饺子", "炒菜"),
    "调解": ("调解纠纷", "劝架", "人民调解"),
    "主持": ("主持人", "司仪"),
    "翻译": ("手语", "手语翻译"),
    "英语": ("外语", "教英语"),
}
"""A skill, and other words for it."""

_CANONICAL = {word: skill for skill, words in SAME.items() for word in (skill, *words)}

WORDS = tuple(sorted(_CANONICAL, key=len, reverse=True))
"""Every word for a skill, the longest first."""


def canonical(word: str) -> str:
    """The one word for a skill, however it was said."""
    word = "".join(word.split()).casefold()
    if word in _CANONICAL:
        return _CANONICAL[word]
    part = next((known for known in WORDS if known in word), None)
    return _CANONICAL[part] if part is not None else word


def canonical_all(words: Iterable[str]) -> tuple[str, ...]:
    """Each skill once, in the order in which they were said; at most `MOST`."""
    found = (canonical(word) for word in words)
    return tuple(dict.fromkeys(each for each in found if 0 < len(each) <= LONGEST))[:MOST]


def fits(skill: str, wanted: str) -> bool:
    """Whether somebody with a skill can do what is wanted, which may be the name of a stall."""
    have, want = canonical(skill), canonical(wanted)
    shorter, longer = sorted((have, want), key=len)
    return bool(shorter) and (have == want or (len(shorter) >= SHORTEST_PART and shorter in longer))
