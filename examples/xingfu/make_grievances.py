"""Writes `grievances.jsonl`: three weeks of 幸福社区 around the National Day of 2026, for `python -m bot simulate`.

    python -m examples.xingfu.make_grievances [FILE]

Made-up neighbours talk with the real program: they hear what it says and answer, staff read what they are sent and act
some time later, in their hours. What everybody said becomes the script; played again it takes the same course, since
nothing is drawn but from seeds. After a change in routing or in questions, run it again.
"""

import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any

from bot.channels import pipe
from community.grievances import Grievance
from community.grievances.steps import State
from community.parts.questions import Question
from community.parts.working_calendar import is_working_day
from community.refused import Refused
from community.rules import CHINA
from examples.xingfu.playing import (
    DAY,
    HOUR,
    MINUTE,
    Act,
    Line,
    Play,
    at,
    awake,
    days,
    demo_desk,
    write,
)
from handlers import phrasebook
from handlers.hearing.normalise import normalise

HERE = Path(__file__).resolve().parent
SEED = 20260921
FIRST, LAST = date(2026, 9, 21), date(2026, 10, 11)
HOLIDAY = (date(2026, 10, 1), date(2026, 10, 7))

# --- what people say ----------------------------------------------------------------------------------------
# {p} is a place; a sentence without one is asked about.

TROUBLES = """
{p}电梯从昨晚起就停在4楼不动了
{p}的电梯一到5楼就咣当响一声,坐着心慌
{p}电梯里那个关门的按钮按了没反映
{p}电梯门关一半又弹开,来回好几次
等{p}的电梯等了十来分钟,一直显示检修
{p}电梯里的灯一闪一闪的,孩子不敢进
电梯坏了,我妈买菜回来爬了九层
{p}楼道灯不亮,晚上摸黑上楼
{p}三楼到四楼的声控灯怎么跺脚都不亮
{p}门口的路灯灭了快一个星期
{p}后面那条小路没有路灯,下夜班看不见路
{p}路灯白天一直亮着,浪费电
感应灯坏了,进门掏钥匙都看不见
{p}单元门口的灯罩掉了一半,挂在那里晃
{p}垃圾桶满了三天没人清
{p}楼下垃圾堆得老高,苍蝇乱飞
{p}楼梯间有人放了一袋厨余,味道冲鼻子
{p}门前的保洁有几天没来扫了
{p}楼道里堆着旧沙发,好久没人搬
{p}旁边的垃圾房一股臭味,窗户不敢开
{p}装修垃圾倒在绿化带上没人管
垃圾房那边的老鼠都不怕人了
{p}有人从楼上往下扔烟头,晾的衣服烫了个洞
{p}早上没水,一家人脸都没洗
{p}停水了,事先没有通知
{p}厨房下水道堵了,脏水往上返
{p}地下室积水,没过脚面了
{p}水压太小,六楼洗澡水流跟线一样
{p}门口的水管漏水,地上都成小河了
{p}自来水发黄,接一盆底下有沙子
卫生间天花板滴水,楼上说不是他家的事
{p}化粪池好像满了,一楼返味
{p}突然停电,冰箱里的菜要坏了
{p}2单元跳闸,合上去又跳
{p}一开空调就没电,电工说线太细
{p}的配电箱门关不上,里面看得见线
{p}外面有根电线掉下来,离地一人高,孩子在那边玩
{p}有人困在电梯里了,快来人
{p}楼道里有煤气味,好重
{p}井盖不见了,晚上要是有人踩进去怎么办
{p}充电的电动车在冒烟
{p}今天没燃气,中午饭做不了
{p}的燃气表不走字,缴费也缴不进去
{p}楼上半夜打麻将,吵到两点
{p}旁边工地晚上十一点还在施工,吵得睡不着
{p}楼下广场舞音响太大,孩子写不了作业
{p}中午装修电钻一直响,老人没法午休
{p}隔壁空调外机嗡嗡响,像开拖拉机
楼上小孩跳绳,天天咚咚咚
{p}前面消防通道停满了车,救护车进不来
{p}的车位被外来车占了,说了几次不听
{p}楼下有辆没牌的面包车停了两个月没动过
{p}路口车乱停,公交都拐不过去
{p}电瓶车停在楼道里充电,太吓人了
{p}的充电桩坏了一排,扫码没反应
{p}顶楼有人在楼顶搭了个玻璃房
{p}一楼把阳台往外扩了两米,占了大家的路
{p}后面的空地被人圈起来盖棚子
{p}加装电梯的事开了会以后就没下文了
{p}想问维修基金能不能用来修屋顶
{p}屋顶漏雨,一下雨就拿盆接
{p}外墙的墙皮一块块往下掉,砸了辆车
{p}单元门锁坏了,谁都能进
{p}门禁刷卡没反应,天天等别人开门
{p}的对讲机坏了,快递上不来
{p}楼梯扶手松了,老人扶着要摔
{p}监控坏了,前天丢了辆自行车
{p}半夜有人在楼道里撬自行车锁
{p}门口地砖翘起来,昨天绊倒一个阿姨
{p}前面路面一个大坑,下雨看不见
{p}台阶断了一级,轮椅下不来
{p}门口的减速带坏了,螺丝翘着扎轮胎
{p}窗前的大树把光都挡了,能不能修一下
{p}楼下绿化带枯了一大片,没人浇水
{p}有根大树枝断了挂在半空
草长得比小孩高,蚊子一团一团的
{p}有人遛狗不牵绳,扑到我孩子身上
{p}楼下狗屎没人捡,一踩一脚
{p}一户人家养了鸡,四点就打鸣
流浪猫钻进车底下,好几窝了
{p}物业费涨了,也没贴通知
{p}物业电话打了一上午没人接
{p}保安晚上都在睡觉,谁都能进来
{p}快递柜放在出口,推车出不去
{p}健身器材的踏板断了一个
{p}滑梯底下的垫子烂了,露出水泥
低保的材料交了一个月没有消息
老年卡怎么办,跑了两趟都说不是这个窗口
{p}有个独居的老爷子,最近没人给送饭
孩子转学要居住证明,找谁开
我在工地干了三个月没拿到工资
想给我爸申请居家养老,不知道找谁
{p}门口的宣传栏玻璃碎了,扎手
{p}公共晾衣杆锈断了
小区门口的公交站能不能加个座位
{p}网线被剪断了,说是施工弄的
{p}的楼号牌掉了,外卖老找不到
{p}水表井没盖严,小孩爱往里扔石头
{p}垃圾分类的桶撤了一个,厨余没处倒
{p}楼道墙上全是小广告,刚刷的墙
{p}地下车库有股汽油味
{p}车棚顶漏雨,电动车都淋了
{p}楼下烧烤摊的油烟直接进屋
{p}路灯杆歪了,风一大就晃
{p}有人在楼道里抽烟,烟头乱丢
{p}太阳能热水器的管子冻裂过,现在又开始喷水
{p}邻居家漏水把我家墙泡了,两家说不拢
""".strip().splitlines()

TYPOS = (("电梯", "电提"), ("楼道", "搂道"), ("没反映", "没反应"), ("垃圾", "拉圾"), ("物业", "务业"), ("漏水", "露水"))

OUTBREAKS: tuple[tuple[date, int, int, tuple[str, ...]], ...] = (
    (date(2026, 9, 22), 7, 7, ("停水了", "一早就没水", "怎么停水了,没看到通知", "家里没水", "停水,几点来水", "没水了")),
    (date(2026, 9, 24), 8, 3, ("电梯又停了", "电梯停了,老人下不来", "电梯停在一楼不动", "电梯停运了没人修")),
    (date(2026, 9, 28), 18, 10, ("垃圾桶满了没人清", "垃圾好几天没人清", "垃圾桶满得往外掉", "垃圾没人清,臭死了")),
    (date(2026, 10, 2), 19, 12, ("门口路灯不亮", "路灯不亮,一片黑", "门口路灯都不亮了", "路灯又不亮")),
    (date(2026, 10, 5), 20, 5, ("楼上停电了", "停电了", "又停电,一开空调就停电", "停电了要多久")),
    (date(2026, 10, 8), 9, 9, ("单元门锁坏了", "单元门锁不上", "单元门锁坏了两天了")),
)
"""Day, hour, building: the same trouble in the words of several neighbours."""

PRIVATE = (
    "我家老人有高血压,最近没人陪着去拿药,想问有没有人能帮",
    "儿子和儿媳闹离婚,天天吵,想请人来调解一下",
    "邻居欠钱不还,见面就吵,想请社区说说",
    "我爸瘫在床上,护理补贴怎么申请",
    "婆媳两个处不来,想找人劝劝",
)

BEHALF = ("帮我妈反映一下,", "替楼上的老人说一声,", "帮邻居反映,")
NAMELESS = (",别说我名字", ",请匿名")
OPENERS = ("", "", "", "你好,", "麻烦问下,", "那个,", "师傅,", "请问,", "哎,")
TAILS = ("", "", "", "", ",谢谢", ",麻烦看看", ",急", "!", "。", ",什么时候能弄", "😭")

TALK = """
今天菜市场的小油菜两块五一斤
谁家有多的纸箱子,我搬东西用
早上好,降温了多穿点
哈哈哈哈
收到
好的谢谢
这个月的水电费我交过了
有没有拼车去高铁站的
晚上有人打羽毛球吗,三缺一
孩子的作业本忘在活动室了,谁看见了
国庆去哪玩,高速肯定堵
刚包的饺子,送一碗给楼下奶奶
下雨了,收衣服了
谁捡到一串钥匙,上面有个小熊
中秋的月饼太甜了
物业今天在门口发灯笼
明天调休要上班,别忘了
这照片拍得真好
+1
同意
楼上的说得对
我家的猫会开门了
谁知道哪家理发便宜
电梯里碰到老张,他说要搬家了
接孩子的人注意,学校门口修路
今天不用做核酸吧,早就不用了
家里多一张折叠桌,要的来拿
路灯下面那只橘猫又胖了
广场那边今晚有露天电影
查了天气,后天才晴
办结婚证要不要预约
催我吃饭了,先下了
3号楼的桂花开了,好香
几号发退休金呀
有人一起订牛奶吗
我也是刚看到
水果店搬到对面去了
快递放门卫了,谢谢大爷
""".strip().splitlines()

NOTES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("电梯", ("电梯公司换了配件,已恢复", "重启后正常,明天再检一次", "门机调好了")),
    ("灯", ("换了灯泡", "线路接好了,试过了", "报给路灯所,已修")),
    ("水", ("管道疏通了", "换了一段水管,来水了", "阀门修好了")),
    ("电", ("换了空开", "供电所来接好了", "电工查过,线已换")),
    ("垃圾", ("今天清走了,以后每天两次", "加了一个桶", "已清运并消杀")),
    ("吵", ("上门说过了,答应十点以后不吵", "已和施工方说好时间")),
    ("车", ("联系车主挪走了", "划了线,保安每晚巡一次")),
    ("", ("已处理", "去现场看过,弄好了", "协调好了,居民当面看过", "材料已递交,三天内有回音")),
)
WHY_BACK = (
    ("不归我管,是物业的设备", "物业"),
    ("要动用公共收益,需业委会定", "业委会"),
    ("路是市政的", "街道"),
    ("需要社区出面", "社区"),
)
ASKED = ("几点在家", "是哪一层", "能不能拍张照片", "大概从哪天开始的", "留个方便的时间")
ANSWERED = ("下午三点以后都在", "三楼和四楼之间", "上个星期就这样了", "明天上午在家", "周末都行")
ADDED = ("今天又这样了", "刚才物业来看过,说没配件", "隔壁单元也是", "现在更厉害了", "早上好了一会儿又不行了")

ANSWERS = {
    "grievances.confirm": ("1", "1", "1", "对", "对的", "是的", "2"),
    "grievances.change": ("2", "3", "3", "1", "4"),
    "grievances.same": ("1", "1", "1", "一起跟进", "2", "另记一件"),
    "grievances.answer": ANSWERED,
    "grievances.page": ("下一页",),
}
"""What people answer, where it does not depend on more. Everything else is answered 「1」."""

# --- who they are -------------------------------------------------------------------------------------------

NICKNAMES = ("阿芳", "小徐", "王姐", "老顾", "豆豆妈", "清风", "阿杰", "大刘", "静静", "平安是福")
FROM_FILE = {
    1: "resident-1-201",
    3: "resident-3-501",
    5: "resident-5-101",
    8: "resident-8-301",
    9: "resident-9-302",
    12: "resident-12-401",
}
SLOW = {"gridhead-2": 0.10, "gridhead-3": 0.03}
"""How often somebody overlooks a first notice."""

STAFF = frozenset({"gridhead-1", "gridhead-2", "gridhead-3", "worker", "worker-2", "secretary", "street", "county"})
STAFF |= {"property", "owners", "unit", "unit-2"}


@dataclass(slots=True)
class Neighbourhood(Play):
    """Everybody, and the bot."""

    troubles: dict[str, str] = field(default_factory=dict)
    times: Counter[tuple[Any, ...]] = field(default_factory=Counter)

    def asked(self, who: str, question: Question, now: datetime) -> None:
        """Somebody was asked something."""
        Resident(self, who).asked(question, now)

    def told(self, who: str, text: str, now: datetime) -> None:
        """Staff look at each case that they hear of."""
        for number in dict.fromkeys(map(int, re.findall(r"(?<!\d)\d{4}(?!\d)", text))):
            Staff(self, who).told(number, now)

    def case(self, number: int) -> tuple[Grievance, tuple[str, ...]] | None:
        """A grievance and those whose turn it is, as its people could see them."""
        with self.desk.transaction() as (_, community):
            cases = community.grievances.intake.cases
            try:
                found = cases.existing(number)
            except Refused:
                return None
            responsible = cases.responsible(found)
            return found, responsible.ids if responsible else ()


# --- residents ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Resident:
    """Somebody who lives here, by the channel's id."""

    place: Neighbourhood
    who: str

    def says(self, text: str, *, group: bool = False) -> Act:
        """What they will say."""
        return self.place.says(self.who, text, group=group)

    def asked(self, question: Question, now: datetime) -> None:
        """They answer most questions, after a while."""
        number = question.about.get("number", 0)
        draw = Random(f"{SEED}/answer/{question.kind}/{number}/{self.who}")
        self.place.times[(question.kind, number, self.who)] += 1
        times = self.place.times[(question.kind, number, self.who)]
        delay = self._delay(question.kind, times, draw)
        if delay is not None:
            self.place.plan(awake(now + delay), lambda: self._answers(question, draw, times))

    def _delay(self, kind: str, times: int, draw: Random) -> timedelta | None:
        quick = timedelta(seconds=draw.randint(25, 400))
        match kind:
            case "grievances.place" | "grievances.confirm":
                return None if draw.random() < 0.08 else quick
            case "grievances.verdict":
                mood = draw.random()
                if mood < 0.08:
                    return None
                if mood < 0.20 and times == 1:
                    return None
                return draw.choice((20 * MINUTE, HOUR, 3 * HOUR, 9 * HOUR, 26 * HOUR))
            case "grievances.rating":
                return None if draw.random() < 0.07 else quick
            case "grievances.answer":
                return None if draw.random() < 0.1 else draw.choice((30 * MINUTE, 4 * HOUR, 20 * HOUR, 50 * HOUR))
            case "grievances.page":
                return quick if draw.random() < 0.3 else None
            case _:
                return quick

    def _answers(self, question: Question, draw: Random, times: int) -> Iterator[Line]:
        now = self.place.now
        found = self.place.open_question(self.who, question.id, now)
        if found is None:
            return
        text = self._answer(question, draw, times, bare=found[1])
        if text:
            yield Line(self.who, text, False, self.place.names.get(self.who, ""))

    def _answer(self, question: Question, draw: Random, times: int, *, bare: bool) -> str:
        match question.kind:
            case "grievances.place":
                return self._place(question, draw)
            case "grievances.verdict":
                return verdict(question.about["number"], self.place, draw, bare=bare)
            case "grievances.rating":
                mark = draw.choices((0, 1, 2), (65, 25, 10))[0]
                return ("123"[mark]) if bare and draw.random() < 0.6 else ("满意", "还行", "不满意")[mark]
            case "grievances.words" | "grievances.reword":
                return self.place.troubles.get(self.who, f"{building_of(self.who)}号楼门口的椅子断了")
            case "grievances.confirm" if times > 1:
                return "1"
            case kind:
                return draw.choice(ANSWERS.get(kind, ("1",)))

    def _place(self, question: Question, draw: Random) -> str:
        building = building_of(self.who)
        if not question.about.get("again") and draw.random() < 0.07:
            return "13号楼"
        ways = ("{b}号楼", "{b}栋", "{b}", "在{b}号楼{u}单元", "{b}号楼下面", "{b}#{u}单元", "{b}幢门口")
        return draw.choice(ways).format(b=building, u=draw.randint(1, 3))


def verdict(number: int, place: Neighbourhood, draw: Random, *, bare: bool) -> str:
    """Mostly solved; what was opened again is solved then."""
    found = place.case(number)
    again = found is not None and found[0].reopenings > 0
    choice = draw.choices((0, 1, 2), (93, 4, 3) if again else (80, 10, 10))[0]
    if bare and draw.random() < 0.7:
        return "123"[choice]
    return (draw.choice(("解决了", "修好了", "好了")), "没全解决", draw.choice(("没解决", "没修好", "还没好")))[choice]


# --- staff --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Staff:
    """Somebody who handles grievances, by id."""

    place: Neighbourhood
    who: str

    def told(self, number: int, now: datetime) -> None:
        """Something about a case has come: they look at it some time later."""
        if self.who in STAFF and self.place.once("looks", self.who, number, self._stage(number)):
            found = self.place.case(number)
            urgent = found is not None and found[0].deadline_class in ("life", "utility")
            draw = Random(f"{SEED}/look/{self.who}/{number}/{self._stage(number)}")
            urgent |= self.who.startswith("gridhead") and draw.random() < 0.6  # they look on days off as well
            delay = timedelta(minutes=draw.choice((4, 9) if urgent else (6, 20, 45, 90, 200, 400)))
            self.place.plan(on_duty(now + delay, urgent=urgent), lambda: self._looks(number, draw))

    def _stage(self, number: int) -> tuple[Any, ...]:
        found = self.place.case(number)
        if found is None:
            return ()
        grievance, _ = found
        return (
            grievance.state,
            grievance.handler_id,
            grievance.level_id,
            grievance.chases,
            grievance.reopenings,
            grievance.returns,
        )

    def _looks(self, number: int, draw: Random) -> Iterator[Line]:
        found = self.place.case(number)
        if found is None:
            return
        grievance, turn = found
        if grievance.state in (State.REPORTED, State.REOPENED) and (
            self.who in turn or grievance.handler_id == self.who
        ):
            yield from self._takes(grievance, draw)
        elif grievance.state is State.ACCEPTED and grievance.handler_id == self.who:
            self._plans_work(grievance, draw)

    def _takes(self, grievance: Grievance, draw: Random) -> Iterator[Line]:
        if grievance.chases == 0 and draw.random() < SLOW.get(self.who, 0.0):
            return
        number = grievance.number
        way = draw.choice(("接 {:04}", "接{:04}", "接 {:04}", "{:04} 我来", "接单 {:04}"))
        can_give = not grievance.private and not grievance.reopenings and self.who.startswith("gridhead")
        if can_give and draw.random() < 0.2 and self.place.once("gives", number):
            to = "业委会" if draw.random() < 0.15 else "物业"
            yield Line(self.who, draw.choice(("派 {:04} 给 {}", "派{:04}给{}")).format(number, to))
        else:
            yield Line(self.who, way.format(number))
        if not grievance.private and draw.random() < 0.06 and self.place.once("helps", number):
            yield Line(self.who, f"协办 {number:04} 业委会")

    def _plans_work(self, grievance: Grievance, draw: Random) -> None:
        number, now = grievance.number, self.place.now
        plan = draw.random()
        finish = self._finish_at(grievance, now, draw)
        if plan < 0.07 and not grievance.private and self.place.once("returns", number, grievance.returns):
            self.place.plan(on_duty(now + HOUR), lambda: self._returns(number, draw))
        elif plan < 0.12 and self.place.once("asks", number):
            self.place.plan(on_duty(now + HOUR), self._says(f"问 {number:04} {draw.choice(ASKED)}"))
        elif finish is not None and self.place.once("works", number, self.who, grievance.reopenings, grievance.returns):
            self.place.plan(finish, lambda: self._finishes(number, draw))

    def _returns(self, number: int, draw: Random) -> Iterator[Line]:
        reason, owner = draw.choice(WHY_BACK)
        if draw.random() < 0.3:
            yield Line(self.who, f"退回 {number:04}")
        yield Line(self.who, f"退回 {number:04} {reason} 建议 {owner}")

    def _finishes(self, number: int, draw: Random) -> Iterator[Line]:
        found = self.place.case(number)
        if found is None or found[0].handler_id != self.who or found[0].state is not State.ACCEPTED:
            return
        notes = next(notes for word, notes in NOTES if word in found[0].words)
        if draw.random() < 0.04:
            yield Line(self.who, f"办结 {number:04}")
        yield Line(self.who, draw.choice(("办结 {:04} {}", "办结{:04} {}")).format(number, draw.choice(notes)))

    def _finish_at(self, grievance: Grievance, now: datetime, draw: Random) -> datetime | None:
        match grievance.deadline_class:
            case "life":
                return now + draw.randint(15, 80) * MINUTE
            case "utility":
                return on_duty(now + draw.choice((2, 4, 6, 15, 22, 30)) * HOUR, urgent=True)
            case "hard":
                return on_duty(now + 6 * DAY) if draw.random() < 0.3 else None
            case _:
                days = draw.choice((0, 0, 1, 1, 2, 3, 4, 6, 9, None))
                return None if days is None else on_duty(working_days_later(now + draw.randint(1, 5) * HOUR, days))

    def _says(self, text: str) -> Act:
        def act() -> Iterator[Line]:
            yield Line(self.who, text)

        return act


# --- hours --------------------------------------------------------------------------------------------------


def on_duty(moment: datetime, *, urgent: bool = False) -> datetime:
    """Staff act in office hours on working days; what is urgent does not wait, but for the night."""
    local = moment.astimezone(CHINA)
    if urgent:
        return local if time(6) <= local.time() <= time(23) else awake(local)
    while not is_working_day(local.date()) or local.time() > time(17, 45):
        local = at(local.date() + DAY, 8, 30 + local.minute // 2)
    return at(local.date(), 8, 30 + local.minute // 2) if local.time() < time(8, 30) else local


def working_days_later(moment: datetime, days: int) -> datetime:
    """The same hour some working days later."""
    while days:
        moment += DAY
        days -= is_working_day(moment.astimezone(CHINA).date())
    return moment


def building_of(who: str) -> int:
    """Where a resident lives, as their id tells."""
    found = re.search(r"-(\d+)-", who)
    return int(found[1]) if found else 6


# --- the three weeks ----------------------------------------------------------------------------------------


@dataclass(slots=True)
class Weeks:
    """What people mean to do without having been asked."""

    place: Neighbourhood
    draw: Random = field(default_factory=lambda: Random(SEED))

    def plan(self) -> None:
        """Everything that does not follow from what the bot says."""
        self.place.plan_looks(at(FIRST, 6), at(LAST, 21))
        self._plan_reports()
        self._plan_outbreaks()
        self._plan_private()
        self._plan_talk()
        self._plan_staff_days()
        self._plan_mishaps()

    def _plan_reports(self) -> None:
        troubles = [sentence for sentence in TROUBLES for _ in range(2)]
        self.draw.shuffle(troubles)
        for day in days(FIRST, LAST):
            rests = HOLIDAY[0] <= day <= HOLIDAY[1] or day == LAST
            for _ in range(self.draw.randint(6, 8) if rests else self.draw.randint(9, 12)):
                if troubles:
                    hour = self.draw.choices(range(6, 23), (2, 5, 8, 8, 7, 5, 6, 4, 5, 5, 5, 7, 9, 8, 6, 4, 2))[0]
                    self._plan_report(at(day, hour, self.draw.randrange(60)), troubles.pop())

    def _plan_report(self, moment: datetime, trouble: str) -> None:
        building = self.draw.randint(1, 12)
        who = self._somebody(building)
        text = trouble.format(p=self._place(building))
        if self.draw.random() < 0.06:
            text = self._mistyped(text)
        if self.draw.random() < 0.04:
            text = self.draw.choice(BEHALF) + text
        text += self.draw.choice(NAMELESS) if self.draw.random() < 0.03 else self.draw.choice(TAILS)
        self.place.plan(moment, lambda: self._remembers(who, text))
        self._says_report(moment, who, text)

    def _remembers(self, who: str, text: str) -> Iterator[Line]:
        self.place.troubles[who] = text
        return iter(())

    def _says_report(self, moment: datetime, who: str, text: str, *, private: bool = False) -> None:
        way = "private" if private else self.draw.choices(("mention", "command", "private"), (45, 25, 30))[0]
        match way:
            case "mention":
                said = self.draw.choice(("@小善 {}", "@小善 {}", "@小善{}", "{} @小善")).format(text)
            case "command":
                said = self.draw.choice(("反映 {}", "反映 {}", "报修 {}", "投诉 {}")).format(text)
            case _:
                said = self.draw.choice(("{}", "反映 {}")).format(self.draw.choice(OPENERS) + text)
        self.place.plan(moment, self._reports(who, said, group=way != "private"))

    def _reports(self, who: str, said: str, *, group: bool) -> Act:
        """Says it, and with luck comes back to it later."""

        def act() -> Iterator[Line]:
            yield from Resident(self.place, who).says(said, group=group)()
            self._plan_afterwards(who, self.place.now)

        return act

    def _plan_afterwards(self, who: str, now: datetime) -> None:
        number, private = self._newest_of(who)
        resident, draw = Resident(self.place, who), Random(f"{SEED}/after/{number}")
        if number is None:
            return
        if draw.random() < 0.3:
            asks = draw.choice(("查 {:04}", "查{:04}", "查 {:04}", "{:04} 怎么样了", "我那个事怎么样了"))
            group = draw.random() < 0.25 and not private
            asks = f"@小善 {asks}" if group else asks
            wait = awake(now + draw.randint(2, 60) * HOUR)
            self.place.plan(wait, resident.says(asks.format(number), group=group))
        if draw.random() < 0.12:
            first = awake(now + draw.randint(20, 70) * HOUR)
            for days_later in range(draw.choice((1, 1, 2, 3))):
                self.place.plan(first + days_later * DAY, resident.says(f"催 {number:04}"))
            if draw.random() < 0.3:
                self.place.plan(first + 20 * MINUTE, resident.says(f"催 {number:04}"))
        if draw.random() < 0.12:
            adds = f"补充 {number:04} {draw.choice(ADDED)}"
            self.place.plan(awake(now + draw.choice((5 * MINUTE, HOUR, 30 * HOUR))), resident.says(adds))
        if draw.random() < 0.05:
            withdraws = draw.choice(("撤回 {:04}", "撤回 {:04}", "{:04} 不用修了,自己好了"))
            self.place.plan(awake(now + draw.randint(1, 40) * HOUR), resident.says(withdraws.format(number)))
        if draw.random() < 0.06:
            self.place.plan(
                now + 3 * MINUTE, resident.says(f"改类 {number:04} {draw.choice(('物业', '治安', '绿化'))}")
            )

    def _newest_of(self, who: str) -> tuple[int | None, bool]:
        with self.place.desk.transaction() as (_, community):
            person = community.people.find(pipe.NAME, who)
            if person is None:
                return None, False
            try:
                found, *_ = community.grievances.intake.cases.known_to(person, self.place.now)
            except Refused:
                return None, False
            return found.number, found.private

    def _plan_outbreaks(self) -> None:
        """The same trouble in a whole house; some report it, some say 「+1」."""
        for day, hour, building, tellings in OUTBREAKS:
            for order, words in enumerate(tellings):
                moment = at(day, hour) + timedelta(minutes=17 * order + self.draw.randrange(9))
                who = f"jumin-{building}-{order + 1}"
                self._name(who)
                self._says_report(moment, who, f"{building}号楼{words}")
            for order in range(2):
                who = f"jumin-{building}-{9 + order}"
                self._name(who)
                joins = self.draw.choice(("@小善 +1", "@小善 我家也是"))
                moment = at(day, hour) + timedelta(minutes=17 * len(tellings) - 6 + 4 * order)
                self.place.plan(moment, Resident(self.place, who).says(joins, group=True))
            self.place.plan(on_duty(at(day, hour) + 4 * HOUR, urgent=True), self._merges(building))

    def _merges(self, building: int) -> Act:
        """The grid head puts those together that are the same; once they take one apart again."""

        def act() -> Iterator[Line]:
            gridhead = f"gridhead-{(building + 3) // 4}"
            with self.place.desk.transaction() as (_, community):
                person = community.people.by_id(gridhead)
                listed = community.grievances.lists.in_area(person) if person else []
                here = [each for each in listed if each.place_id == f"building-{building}" and not each.private]
            by_category: dict[str, list[Grievance]] = {}
            for each in sorted(here, key=lambda each: each.number):
                by_category.setdefault(each.category, []).append(each)
            same = [each.number for each in max(by_category.values(), key=len, default=[])]
            if same and building == 7:
                yield Line(gridhead, f"合并 {same[0]:04} 到 {same[0]:04}")
            for number in same[1:]:
                yield Line(gridhead, f"合并 {number:04} 到 {same[0]:04}")
            if len(same) > 2:
                yield Line(gridhead, f"拆开 {same[-1]:04}")

        return act

    def _plan_private(self) -> None:
        for order, words in enumerate(PRIVATE):
            moment = at(FIRST + (2 + 4 * order) * DAY, 10 + order, 12)
            self._says_report(moment, self._somebody(order * 2 + 1), words, private=order != 2)

    def _plan_talk(self) -> None:
        for day in days(FIRST, LAST):
            for _ in range(self.draw.randint(14, 20)):
                moment = at(day, self.draw.randint(7, 22), self.draw.randrange(60))
                who = self._somebody(self.draw.randint(1, 12))
                self.place.plan(moment, Resident(self.place, who).says(self.draw.choice(TALK), group=True))

    def _plan_staff_days(self) -> None:
        """Staff look through their lists; at the end they ask for the figures, where those can be asked for."""
        for day in days(FIRST, LAST):
            for who in ("gridhead-1", "gridhead-2", "gridhead-3", "worker", "street"):
                if self.draw.random() < 0.25:
                    asks = self.draw.choice(("我的待办", "超时", "本网格", "搜 电梯", "搜 垃圾"))
                    moment = on_duty(at(day, 9, self.draw.randrange(50)))
                    self.place.plan(moment, Resident(self.place, who).says(asks))
        for order, number in enumerate((3, 11, 40, 77, 120)):
            moment = at(FIRST + (4 + 4 * order) * DAY, 15, 5)
            self.place.plan(moment, Resident(self.place, "worker").says(f"记录 {number:04}"))
        for asks in ("本周报表", "社区报表 9月", "社区报表 10月"):
            if phrasebook.load().listener.command(normalise(asks)) is not None:
                self.place.plan(at(LAST, 20, 30), Resident(self.place, "worker").says(asks))

    def _plan_mishaps(self) -> None:
        """What goes wrong between people and numbers."""
        for days_later, hour, who, text in (
            (1, 9, "jumin-2-3", "查 9999"),
            (1, 10, "jumin-2-3", "接 0001"),
            (2, 11, "jumin-6-2", "查 0002"),
            (3, 10, "volunteer-repair", "办结 0005 我顺手修好了"),
            (4, 9, "gridhead-2", "接 0001"),
            (5, 16, "jumin-11-2", "反映"),
            (5, 17, "jumin-4-2", "在吗"),
            (7, 9, "worker", "派 0010 给 隔壁老王"),
            (8, 19, "jumin-4-7", "撤回 0006"),
            (9, 9, "gridhead-1", "办结 0001"),
            (10, 20, "jumin-8-4", "11号楼"),
            (12, 8, "gridhead-3", "合并 0003 到 0200"),
            (15, 21, "jumin-1-5", "催"),
            (16, 12, "jumin-1-6", "我要找人工"),
        ):
            self._name(who)
            moment = at(FIRST + days_later * DAY, hour, 31)
            self.place.plan(moment, Resident(self.place, who).says(text))
        burst = ("楼道灯不亮", "楼下垃圾没人清", "单元门锁坏了", "水压太小")
        self._name("jumin-2-9")
        for order, words in enumerate(burst):
            moment = at(date(2026, 9, 27), 20) + timedelta(seconds=12 * order)
            self.place.plan(moment, Resident(self.place, "jumin-2-9").says(f"反映 2号楼{words}"))
        told = "@小善 3号楼2单元501漏水,我电话13800001234"
        self._name("jumin-3-4")
        self.place.plan(at(date(2026, 9, 29), 13), Resident(self.place, "jumin-3-4").says(told, group=True))

    def _somebody(self, building: int) -> str:
        if building in FROM_FILE and self.draw.random() < 0.2:
            return FROM_FILE[building]
        who = f"jumin-{building}-{self.draw.randint(1, len(NICKNAMES))}"
        self._name(who)
        return who

    def _name(self, who: str) -> None:
        if who.startswith("jumin"):
            _, building, order = who.split("-")
            self.place.names[who] = f"{building}栋{NICKNAMES[(int(order) - 1) % len(NICKNAMES)]}"

    def _place(self, building: int) -> str:
        named = {3: "电梯楼", 5: "供电局宿舍", 12: "教师楼"}
        if building in named and self.draw.random() < 0.2:
            return named[building]
        ways = ("{b}号楼", "{b}号楼", "{b}号楼{u}单元", "{b}栋", "{b}栋{u}单元", "{b}幢", "{b}号楼{u}单元")
        return self.draw.choice(ways).format(b=building, u=self.draw.randint(1, 3))

    def _mistyped(self, text: str) -> str:
        for right, wrong in TYPOS:
            if right in text:
                return text.replace(right, wrong)
        return text


def make(file: Path) -> None:
    """Writes the script."""
    with demo_desk(FIRST) as (desk, folder):
        place = Neighbourhood(desk, folder, at(FIRST, 6))
        Weeks(place).plan()
        write(place, at(LAST, 21), file)


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "grievances.jsonl")
