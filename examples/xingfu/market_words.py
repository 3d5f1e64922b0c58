"""What the made-up neighbours of `make_market.py` are called, and what they say."""

from collections.abc import Mapping
from datetime import date
from random import Random

SURNAMES = (
    "王李张刘陈杨黄吴赵周徐孙马朱胡林郭何高罗郑梁谢宋唐许邓冯韩曹曾彭萧蔡潘田"
    "董袁于余叶蒋杜苏魏程吕丁沈任姚卢傅钟姜崔谭廖范"
)
GIVEN = (
    *("桂花", "建华", "秀兰", "国强", "玉芬", "志明", "淑珍", "海燕", "丽娟", "文军", "春梅", "爱国", "小红", "美玲"),
    *("大伟", "翠萍", "金凤", "永强", "雪梅", "德福", "素珍", "慧敏", "立军", "月娥", "佳琪", "子涵", "思远", "晓东"),
)


def neighbours(count: int) -> Mapping[str, str]:
    """Made-up people by the id of their chat, with what they are called in the group; two of them alike."""
    draw = Random(20270220)
    names: list[str] = []
    while len(names) < count - 1:
        name = draw.choice(SURNAMES) + draw.choice(GIVEN)
        if name not in names:
            names.append(name)
    names.insert(40, names[20])
    return {f"jumin-{order % 12 + 1}-{order // 12 + 1}": name for order, name in enumerate(names)}


HELPING = (
    *(
        "报名 {stall}",
        "报名 {stall}",
        "报名{stall}",
        "我来{stall}",
        "{stall}我来",
        "我也报 {stall}",
        "报名 {stall} 2人",
    ),
    *("我和邻居一起,{stall}", "报名   {stall}。", "报名 {stall} 谢谢", "报名", "这个月集市我来", "{stall}还要人吗"),
)
ALOUD = ("报名 {stall}", "报名{stall}", "报名   {stall}。")
"""What is heard in a group also where the bot is not spoken to."""

VISITING = (
    *("取号 {stall}", "取号 {stall}", "取号{stall}", "取个{stall}的号", "拿个{stall}号", "取号   {stall}。"),
    *("@小善 取号 {stall}", "报名量血压", "取号"),
)
ITEMS = ("电饭锅", "收音机", "台灯", "电风扇", "吹风机", "豆浆机", "电热毯", "闹钟", "电熨斗", "充电台灯")
THANKS = ("谢谢", "好的", "好,谢谢", "收到", "谢谢小善", "嗯")

IN_TURN: Mapping[str, tuple[str, ...]] = {
    "market.coming": ("1", "来", "1", "1", "一定来", "1", "2", "1", "准时到", "1", "1", "来不了"),
    "market.offer": ("1", "要", "2", "", "1", "我来"),
    "market.lapsed": ("还要", ""),
    "market.short": ("1", "2", "", "来"),
    "market.standing": ("1", "来", "2", "1", "", "照旧"),
    "market.switch": ("1", "2"),
    "market.which_part": ("2",),
    "market.chain_removed": ("1", "2"),
    "market.chain_gone": ("2",),
    "volunteers.honour": ("1", "2", ""),
}
"""What one says after the other, so that nothing is left to chance; "" is silence."""

TALK = """
今天有人打羽毛球吗,三缺一
谁家有多的纸箱子
桂花巷那边修路,绕一下
快递放门卫了,谢谢大爷
收到
1
来
好的
这天说变就变
有人捡到一串钥匙吗,挂着小熊的
谁会修水龙头,滴滴答答一晚上
明天降温,老人多穿点
我到了,你们在哪个门
孩子发烧,社区医院几点开门
楼下新开的包子铺不错
物业费在哪交来着
周末爬山,约不约
猫跑了,橘色的,看见说一声
谁有小学三年级的语文书借一下
有人拼车去县城吗
今晚广场舞照旧,七点
下雨了,收衣服
小区门口堵死了
上次集市理的发真精神
集市那天人真多
雷锋精神好样的
志愿者辛苦了
谁家炖肉这么香
团购鸡蛋,一板三十个,要的接龙
#接龙\\n团购土鸡蛋\\n\\n1. 王姐 2板\\n2. 老李 1板
""".strip().splitlines()
TALK = [each.replace("\\n", "\n") for each in TALK]

STAFF: tuple[tuple[date, int, str, str], ...] = (
    (date(2027, 2, 20), 13, "volunteer-repair", "改技能 修家电"),
    (date(2027, 2, 20), 14, "volunteer-electrician", "改技能 修家电"),
    (date(2027, 2, 20), 15, "volunteer-medical", "改技能 量血压"),
    (date(2027, 2, 20), 16, "volunteer-nurse", "改技能 量血压"),
    (date(2027, 2, 20), 17, "volunteer-hair", "改技能 理发"),
    (date(2027, 2, 20), 18, "volunteer-barber", "改技能 理发"),
    (date(2027, 2, 20), 19, "volunteer-sewing", "改技能 缝补"),
    (date(2027, 3, 5), 15, "worker-2", "活动名单"),
    (date(2027, 3, 7), 11, "worker", "集市统计 3月"),
    (date(2027, 3, 7), 12, "worker-2", "我的时长"),
    (date(2027, 3, 31), 20, "worker", "集市统计 3月"),
    (date(2027, 3, 31), 20, "worker", "群:@小善 集市统计 3月"),
    (date(2027, 4, 30), 20, "worker", "集市统计 4月"),
    (date(2027, 5, 6), 10, "volunteer-repair", "开证明"),
    (date(2027, 5, 6), 11, "volunteer-repair", "开证明"),
    (date(2027, 5, 6), 15, "worker", "待发证明"),
    (date(2027, 5, 6), 16, "worker", "发证明"),
    (date(2027, 5, 7), 9, "jumin-2-1", "核验 ZY2027-0001"),
    (date(2027, 5, 7), 10, "jumin-2-1", "核验 ZY2027-0009"),
    (date(2027, 5, 31), 20, "worker", "集市统计 5月"),
    (date(2027, 5, 31), 20, "worker", "集市统计 3月到5月"),
    (date(2027, 5, 31), 20, "worker", "群:@小善 集市统计 3月到5月"),
    (date(2027, 5, 31), 20, "worker", "集市统计图 3月到5月"),
)

BY_THE_WAY: tuple[tuple[date, int, str, str], ...] = (
    (date(2027, 2, 20), 8, "jumin-3-1", "报名 修家电"),
    (date(2027, 2, 22), 12, "jumin-3-2", "报名 广场舞"),
    (date(2027, 2, 22), 13, "jumin-3-3", "报名 修家电 99人"),
    (date(2027, 2, 23), 12, "jumin-3-4", "取号 有奖问答"),
    (date(2027, 2, 23), 14, "jumin-4-1", "发起 雷锋集市 3月20日9点 文化广场"),
    (date(2027, 2, 24), 14, "jumin-4-2", "群:@小善 集市什么时候"),
    (date(2027, 2, 25), 9, "jumin-4-3", "延期 集市"),
    (date(2027, 2, 28), 9, "jumin-4-4", "最近有什么活动"),
    (date(2027, 2, 28), 16, "elder-5-102", "报明 缝补"),
    (date(2027, 3, 1), 8, "elder-5-102", "取号 量血丫"),
    (date(2027, 3, 1), 9, "elder-5-102", "取 号 量 血 压"),
    (date(2027, 3, 1), 21, "jumin-4-5", "我要当志愿者"),
    (date(2027, 3, 2), 10, "jumin-5-1", "取号 遛狗"),
    (date(2027, 3, 5), 21, "jumin-5-2", "报名 修家电"),
    (date(2027, 3, 6), 9, "jumin-5-3", "全到"),
    (date(2027, 3, 6), 14, "jumin-5-4", "报名 缝补"),
    (date(2027, 3, 10), 9, "jumin-5-5", "我的时长"),
    (date(2027, 3, 20), 9, "jumin-6-1", "还是上次那个摊"),
    (date(2027, 4, 2), 19, "jumin-6-2", "集市还办吗"),
    (date(2027, 4, 5), 19, "jumin-6-3", "群:@小善 集市改到哪天了"),
    (date(2027, 4, 12), 19, "jumin-6-4", "我的奖品"),
    (date(2027, 4, 20), 19, "volunteer-hair", "上光荣榜"),
    (date(2027, 4, 20), 20, "volunteer-repair", "上光荣榜"),
    (date(2027, 5, 3), 19, "volunteer-medical", "我的时长"),
)
