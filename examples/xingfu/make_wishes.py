"""Writes `wishes.jsonl`: the first quarter of 2027 in 幸福社区, three hundred tasks and a hundred and twenty wishes.

    python -m examples.xingfu.make_wishes [FILE]

Made-up neighbours order and wish with the real program; volunteers hear of it and take it or not; staff look at it.
Made as `make_grievances.py` is: after a change in what is asked, run it again.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from random import Random

from bot.channels import pipe
from community.parts.questions import Question
from community.parts.working_calendar import is_working_day
from community.rules import CHINA
from examples.xingfu.playing import DAY, HOUR, MINUTE, Act, Line, Play, at, awake, days, demo_desk, write
from storage import people, tasks, wishes
from storage.tables import TaskState, WishState
from storage.tasks import Task
from storage.wishes import Wish

HERE = Path(__file__).resolve().parent
SEED = 20270101
FIRST, LAST = date(2027, 1, 1), date(2027, 3, 31)
TASKS, WISHES = 306, 124
"""How often somebody asks. A few of them are refused or ask for the same again."""

MOST_REVIEWED = 2
"""Wishes that the community's worker looks at on one day."""

SURNAMES = "王李张刘陈杨黄赵周吴徐孙马朱胡郭何林高罗"
VOLUNTEER_GIVEN = ("建芳", "志明", "秀云")
RESIDENT_GIVEN = ("桂香", "玉珍", "福生", "春梅", "来喜", "金凤")
FILE_PEOPLE = {
    "resident-1-201": "唐佳怡",
    "resident-8-301": "魏国栋",
    "resident-9-302": "薛梦琪",
    "buildinghead-3": "宋长河",
    "buildinghead-9": "董淑芬",
    "unit": "彭亮(县供电所)",
    "unit-2": "姚思远(县医院)",
}

SKILLS = (
    ("理发", "跑腿"),
    ("教手机", "跑腿"),
    ("陪老人", "打扫卫生"),
    ("量血压", "陪老人"),
    ("修家电", "水电维修"),
    ("打扫卫生", "搬东西"),
    ("水电维修", "搬东西"),
    ("跑腿", "陪老人"),
    ("理发", "教手机"),
    ("量血压", "修家电"),
)
FREE = ("周末有空", "随时有空", "随时有空", "随时有空", "随时有空", "随时有空")
ORDERS = (
    "想请人上门理发",
    "想请人上门理发",
    "帮老人买药",
    "帮我买菜",
    "代取快递",
    "教我用手机",
    "教我妈用微信",
    "陪我去医院看病",
    "陪老人去医院看病",
    "想请人上门量血压",
    "想请人上门量血压",
    "请人来修洗衣机",
    "请人来修电饭锅",
    "请人上门换灯泡",
    "请师傅修水龙头",
    "想请人打扫卫生",
    "请人帮忙搬柜子",
    "想请人来陪聊",
)
WORDS = ("手艺真好", "很热心,谢谢", "来得准时", "讲得很耐心")
COMPLAINTS = ("来晚了一个小时", "没弄干净", "说好的没带工具")
REASONS = ("临时加班", "孩子发烧", "家里有事", "")

WISHED = (
    "想要一台收音机",
    "想要一把轮椅",
    "想要一副老花镜",
    "想要一床被子",
    "想要一个台灯",
    "想要一件棉衣",
    "想要一双防滑鞋",
    "想要一根拐杖",
    "想要一台血压计",
    "想要一个书包",
    "想要一套彩笔",
    "想要一本字典",
    "想要一口炒锅",
    "想要一个保温杯",
    "想要一箱牛奶",
    "想要一盏小夜灯",
    "想要一条毛毯",
    "想要一个放大镜",
    "想有人陪着下棋",
    "想有人教写毛笔字",
    "想拍一张全家福",
    "想要一把雨伞",
    "想要一个暖水袋",
    "想要一顶帽子",
)
FOR_ANOTHER = ("替我妈许个愿 {wish}", "帮我爸许个愿 {wish}", "替邻居许个愿 {wish}")
WISH_REASONS = ("社区活动室就有,可以来借", "这一样上个月刚发过", "请先问家里人")
UNMET_REASONS = ("一直没有人有这样东西", "学校已经发了")
MONEY = ("许愿 想要500块钱", "许愿 帮我交电费")

CROWDS = (
    (date(2027, 1, 6), "众筹 给独居老人过冬 20床被子 到1月31日", "床", 20),
    (date(2027, 1, 20), "众筹 陪独居老人说话 40小时 到2月20日", "小时", 40),
    (date(2027, 2, 17), "众筹 给孩子们添书 30本书 到3月10日", "本", 30),
    (date(2027, 3, 3), "众筹 给活动室添凳子 12把凳子 到3月20日", "把", 12),
    (date(2027, 3, 15), "众筹 给清洁队添雨衣 16件雨衣 到4月10日", "件", 16),
)
FALLS_SHORT = 12
"""The crowd wish that nobody much cares for, by its goal."""

BY_THE_WAY = (
    (date(2027, 1, 12), "worker", "未接任务"),
    (date(2027, 1, 26), "worker", "待审心愿"),
    (date(2027, 2, 2), "worker", "超时任务"),
    (date(2027, 2, 23), "worker", "任务 理发队"),
    (date(2027, 3, 2), "zhi-4", "待接"),
    (date(2027, 3, 9), "zhi-9", "我的任务"),
    (date(2027, 3, 11), "jumin-4", "心愿墙"),
    (date(2027, 3, 30), "worker", "未接任务"),
    (date(2027, 3, 30), "worker", "待审心愿"),
)


def volunteer_names() -> dict[str, str]:
    """Those who register in the first week."""
    names = [surname + given for given in VOLUNTEER_GIVEN for surname in SURNAMES]
    return {f"zhi-{number}": name for number, name in enumerate(names, start=1)}


def resident_names() -> dict[str, str]:
    """Those who order and wish."""
    names = [surname + given for given in RESIDENT_GIVEN for surname in SURNAMES]
    return {f"jumin-{number}": name for number, name in enumerate(names, start=1)}


VOLUNTEERS, RESIDENTS = volunteer_names(), resident_names()


def contact(who: str) -> tuple[str, str]:
    """Where somebody lives, and their telephone: nobody else has either."""
    number = int(who.split("-")[1])
    home = f"{number % 12 + 1}号楼{number % 3 + 1}单元{number // 12 % 6 + 1}0{number // 36 % 4 + 1}"
    return home, f"138{41570000 + number * 37}"


@dataclass(slots=True)
class Quarter(Play):
    """Everybody who asks and helps, and the bot. `reviews`: how many wishes are looked at on which day."""

    reviews: dict[date, int] = field(default_factory=dict)

    # --- what people make of what they hear -----------------------------------------------------------------------

    def asked(self, who: str, question: Question, now: datetime) -> None:
        """Somebody was asked something: they answer some time later, or never."""
        draw = Random(f"{SEED}/{question.kind}/{question.about}/{who}/{question.id}")
        match question.kind:
            case "tasks.push":
                self._pushed(who, question, draw)
            case "wishes.address":
                self._later(who, question, draw, contact(who)[0] if who in RESIDENTS else "3号楼2单元501")
            case _:
                text = answer_to(question.kind, draw)
                if text:
                    self._later(who, question, draw, text)

    def told(self, who: str, text: str, now: datetime) -> None:
        """Whoever promised something does it; staff look after what they hear of."""
        for number in re.findall(r"T(\d{3,})(?:归您了|齐了,您和)", text):
            self._promised(who, int(number), now)
        for number in re.findall(r"W(\d{2,})归您了", text):
            self._plan_delivery(who, int(number), now)
        if who == "worker":
            self._staff_told(text, now)
        for number in re.findall(r"T(\d{3,}) \S+的时间过了", text):
            self._another_time(who, int(number), now)

    def _later(self, who: str, question: Question, draw: Random, text: str) -> None:
        """An answer, unless meanwhile something else was asked, so that a bare number would answer that."""

        def act() -> Iterator[Line]:
            found = self.open_question(who, question.id, self.now)
            if found is not None and found[1]:
                yield from self.says(who, text)()

        self.plan(awake(self.now + draw.choice((3, 12, 40, 150)) * MINUTE), act)

    # --- tasks ----------------------------------------------------------------------------------------------------

    def _pushed(self, who: str, question: Question, draw: Random) -> None:
        number = int(question.about["task"])
        given = question.prompt_key.endswith("push_given")
        mood = draw.random()
        if not given and nobody_cares(number):
            return
        if given or mood < 0.75:
            text = draw.choice((f"接 T{number:03}", f"接T{number:03}", f"T{number:03} 我去"))
            self.plan(awake(self.now + draw.choice((2, 6, 12, 22)) * MINUTE), self._accepts(who, number, text))
        elif mood < 0.88:
            self._later(who, question, draw, "2")

    def _accepts(self, who: str, number: int, text: str) -> Act:
        def act() -> Iterator[Line]:
            if self.task(number).state is TaskState.ORDERED or Random(f"{SEED}/late/{number}/{who}").random() < 0.5:
                yield from self.says(who, text)()

        return act

    def _promised(self, who: str, number: int, now: datetime) -> None:
        task = self.task(number)
        draw = Random(f"{SEED}/promise/{number}/{who}/{now:%m%d}")
        mood = draw.random()
        if mood < 0.07:
            moment = awake(now + (max(task.from_at - now, 2 * HOUR) if task.from_at else 3 * HOUR) * 0.5)
            reason = draw.choice(REASONS)
            self.plan(moment, self._if_mine(who, number, f"退单T{number:03} {reason}".strip()))
        elif mood < 0.9:
            ends = task.until_at or (now + draw.randint(3, 20) * HOUR)
            moment = awake(max(ends, now) + draw.choice((5, 20, 45)) * MINUTE)
            text = draw.choice(("T{0} 办好了", "办好了 T{0}", "T{0} 办好了", "办好了 T{0} 50分钟")).format(
                f"{number:03}"
            )
            self.plan(moment, self._if_mine(who, number, text))

    def _if_mine(self, who: str, number: int, text: str) -> Act:
        """What one says as long as one has promised it."""

        def act() -> Iterator[Line]:
            if self.task(number).state is TaskState.CLAIMED and who in self.takers(number):
                yield from self.says(who, text)()

        return act

    def _another_time(self, who: str, number: int, now: datetime) -> None:
        draw = Random(f"{SEED}/over/{number}/{now:%m%d}")
        mood = draw.random()
        later = now.astimezone(CHINA) + 2 * DAY
        text = f"改T{number:03} {later.month}月{later.day}日下午" if mood < 0.4 else f"取消T{number:03}"
        if who in RESIDENTS and mood < 0.7:
            self.plan(awake(now + 3 * HOUR), self._if_open(who, number, text))

    def _if_open(self, who: str, number: int, text: str) -> Act:
        def act() -> Iterator[Line]:
            if self.task(number).ended_at is None and self.task(number).state is not TaskState.DONE:
                yield from self.says(who, text)()

        return act

    # --- staff ----------------------------------------------------------------------------------------------------

    def _staff_told(self, text: str, now: datetime) -> None:
        for number in re.findall(r"新心愿W(\d+)", text):
            self._plan_review(int(number), now)
        for found in re.finditer(r"T(\d+) [^\n]*(?:还没有人接|一直没有人接)", text):
            self._looks_for_somebody(int(found[1]), now)
        for number in re.findall(r"W(\d+)说送到了", text):
            self.plan(office(now + 3 * HOUR), self.says("worker", f"收到 W{int(number):02}"))
        for number in re.findall(r"W(\d+)一个月没人认领", text):
            draw = Random(f"{SEED}/unclaimed/{number}")
            said = (f"延长 W{int(number):02}", f"办不了 W{int(number):02} {draw.choice(UNMET_REASONS)}")
            self.plan(office(now + 2 * HOUR), self.says("worker", draw.choice(said)))
        for found in re.finditer(r"W(\d+)到日子了,要\d+\S+?,认了(\d+)(\S+?),", text):
            self._closes(int(found[1]), int(found[2]), found[3], now)

    def _looks_for_somebody(self, number: int, now: datetime) -> None:
        draw = Random(f"{SEED}/worker/{number}/{now:%m%d}")
        mood = draw.random()
        if mood < 0.35:
            text = f"派T{number:03} 给 {draw.choice(sorted(VOLUNTEERS.values()))}"
            self.plan(office(now + HOUR), self._if_open("worker", number, text))
        elif mood < 0.45:
            self.plan(office(now + 4 * HOUR), self._if_open("worker", number, f"取消T{number:03} 实在找不到会的人"))

    def _plan_review(self, number: int, now: datetime) -> None:
        """On the next working day on which there is time for it."""
        moment = office(now + 2 * HOUR)
        while self.reviews.get(moment.date(), 0) >= MOST_REVIEWED:
            moment = office(at(moment.date() + DAY, 9, 40))
        self.reviews[moment.date()] = self.reviews.get(moment.date(), 0) + 1
        draw = Random(f"{SEED}/review/{number}")
        mood, text = draw.random(), f"通过 W{number:02}"
        if mood < 0.08:
            text = f"退回 W{number:02} {draw.choice(WISH_REASONS)}"
        elif not self.wish(number).public_words:
            text = f"通过 W{number:02} 一位居民有个小心愿"

        def act() -> Iterator[Line]:
            if self.wish(number).state is WishState.ASKED:
                yield from self.says("worker", text)()
                self._plan_claim(number)

        self.plan(moment + self.reviews[moment.date()] * 7 * MINUTE, act)

    # --- wishes ---------------------------------------------------------------------------------------------------

    def _plan_claim(self, number: int) -> None:
        """Somebody has what is wished for, sooner or later; sometimes two at once, or nobody."""
        draw = Random(f"{SEED}/claim/{number}/{self.now:%m%d}")
        helpers = [*VOLUNTEERS, *FILE_PEOPLE]
        if draw.random() < 0.1:
            return
        moment = awake(self.now + draw.choice((1, 5, 20, 48, 120, 200)) * HOUR)
        for each in draw.sample(helpers, draw.choice((1, 1, 1, 2))):
            text = f"认领 W{number:02} 我们单位" if each.startswith("unit") else f"认领 W{number:02}"
            group = each.startswith(("resident", "building")) and draw.random() < 0.5
            self.plan(moment, self._claims(each, number, text, group=group))
            moment += 4 * MINUTE

    def _claims(self, who: str, number: int, text: str, *, group: bool) -> Act:
        def act() -> Iterator[Line]:
            if self.wish(number).state in (WishState.POSTED, WishState.CLAIMED):
                yield from self.says(who, text, group=group)()

        return act

    def _plan_delivery(self, who: str, number: int, now: datetime) -> None:
        draw = Random(f"{SEED}/bring/{number}/{who}")
        mood, code = draw.random(), f"W{number:02}"
        moment = awake(now + draw.randint(20, 140) * HOUR)
        text = draw.choice((f"送到 {code}", f"{code} 完成", f"{code} 送到了"))
        if mood < 0.07:
            text = f"退 {code} 临时出差"
        elif mood < 0.13:
            return  # forgotten; after two weeks somebody else may

        def act() -> Iterator[Line]:
            if self.wish(number).state is WishState.CLAIMED and self.claimer(number) == who:
                yield from self.says(who, text)()
                if text.startswith("退"):
                    self._plan_claim(number)

        self.plan(moment, act)

    def plan_crowd(self, day: date, text: str, unit: str, goal: int) -> None:
        """A crowd wish: proposed, posted, pledged for day by day, and brought."""
        draw = Random(f"{SEED}/crowd/{day}")
        self.plan(at(day, 10, 5), self.says("worker", text))

        def begins() -> Iterator[Line]:
            found = next((each for each in self.posted() if each.goal == goal and each.unit == unit), None)
            if found is None:
                return
            moment = self.now
            givers = draw.sample([*VOLUNTEERS, *FILE_PEOPLE], 14)
            for each in givers[: 3 if goal == FALLS_SHORT else 14]:
                moment = awake(moment + draw.randint(8, 40) * HOUR)
                amount = draw.randint(1, max(2, goal // 5))
                self.plan(moment, self._pledges(each, found.code, amount, unit))
                if draw.random() < 0.12:
                    self.plan(awake(moment + 30 * HOUR), self.says(each, f"{found.code} 不出了"))
                elif draw.random() < 0.85:
                    name = (VOLUNTEERS | FILE_PEOPLE)[each]
                    self.plan(office(moment + 72 * HOUR), self._ticks_off(found.id, each, name))
            yield from ()

        self.plan(at(day, 16, 30), begins)

    def _pledges(self, who: str, code: str, amount: int, unit: str) -> Act:
        def act() -> Iterator[Line]:
            if self.wish(int(code[1:])).state is WishState.POSTED:
                yield from self.says(who, f"{code} 出{amount}{unit}")()

        return act

    def _ticks_off(self, number: int, who: str, name: str) -> Act:
        def act() -> Iterator[Line]:
            person = self.person_id(who)
            with self.desk.transaction() as (store, _):
                standing = [each for each in wishes.pledges_of(store, number) if each.person_id == person]
            missing = any(each.withdrawn_at is None and each.delivered_at is None for each in standing)
            if missing and self.wish(number).state is WishState.POSTED:
                yield from self.says("worker", f"W{number:02} 收到 {name}")()

        return act

    def _closes(self, number: int, pledged: int, unit: str, now: datetime) -> None:
        code = f"W{number:02}"
        later = now.astimezone(CHINA) + 14 * DAY
        text = f"{code} 延到 {later.month}月{later.day}日" if self.once("prolonged", code) else f"{code} 结束"
        if self.wish(number).goal == FALLS_SHORT:
            text = f"{code} 结束"
        elif "延到" not in text and pledged > 0:
            text = f"{code} 缩到 {pledged}{unit}" if self.once("shrunk", code) else text
        self.plan(office(now + 2 * HOUR), self.says("worker", text))

    # --- how things stand -----------------------------------------------------------------------------------------

    def task(self, number: int) -> Task:
        """A task that there is."""
        with self.desk.transaction() as (_, community):
            return community.tasks.ledger.existing(number)

    def takers(self, number: int) -> list[str]:
        """Those who have promised a task."""
        with self.desk.transaction() as (store, _):
            claims = tasks.claims(store, [number])
            return [people.addresses_of(store, each.person_id)[0].external_id for each in claims]

    def wish(self, number: int) -> Wish:
        """A wish that there is."""
        with self.desk.transaction() as (_, community):
            return community.wishes.ledger.existing(number)

    def posted(self) -> list[Wish]:
        """Every wish that is posted."""
        with self.desk.transaction() as (store, _):
            return wishes.in_state(store, ["xingfu"], WishState.POSTED, 200)

    def claimer(self, number: int) -> str:
        """Who has claimed a wish; nobody: the empty string."""
        claimed_by = self.wish(number).claimed_by
        if claimed_by is None:
            return ""
        with self.desk.transaction() as (store, _):
            return people.addresses_of(store, claimed_by)[0].external_id

    def person_id(self, who: str) -> str:
        """Somebody's id."""
        with self.desk.transaction() as (_, community):
            person = community.people.find(pipe.NAME, who)
        return person.id if person else ""


def nobody_cares(number: int) -> bool:
    """Whether a task is one of those that nobody wants."""
    return Random(f"{SEED}/task/{number}").random() < 0.08


def answer_to(kind: str, draw: Random) -> str:
    """What one says to a question; nothing: silence."""
    choices: dict[str, tuple[tuple[str, ...], tuple[int, ...]]] = {
        "tasks.overdue": (("1", "2", "3", ""), (60, 12, 8, 20)),
        "tasks.rating": (
            ("1", f"1 {draw.choice(WORDS)}", "2", "3", "没来", ""),
            (60, 14, 8, 4, 3, 11),
        ),
        "tasks.words": ((draw.choice(WORDS), ""), (15, 85)),
        "tasks.contact": (("无",), (1,)),
        "tasks.when": (("随时",), (1,)),
        "wishes.place": (("1", "2", ""), (65, 25, 10)),
        "wishes.received": (("1", "收到了", "2", ""), (60, 20, 5, 15)),
        "wishes.thanks": (("1", "2", ""), (25, 35, 40)),
        "wishes.givers_thanks": (("1", "2", ""), (25, 35, 40)),
        "wishes.post_crowd": (("1",), (1,)),
        "wishes.rest": (("1",), (1,)),
        "volunteers.free": (("跳过",), (1,)),
        "volunteers.skills": (("跳过",), (1,)),
    }
    texts, weights = choices.get(kind, (("",), (1,)))
    return draw.choices(texts, weights)[0]


def office(moment: datetime) -> datetime:
    """When the community's worker is there: from half past nine to half past five on working days."""
    local = moment.astimezone(CHINA)
    if local.hour >= 17:
        local = at(local.date() + DAY, 9, 30 + local.minute % 20)
    while not is_working_day(local.date()):
        local = at(local.date() + DAY, 9, 30 + local.minute % 20)
    return max(local, at(local.date(), 9, 30))


# --- the quarter ------------------------------------------------------------------------------------------------------


def plan_quarter(place: Quarter) -> None:
    """Everything that does not follow from what the bot says."""
    place.plan_looks(at(FIRST, 6), at(LAST, 21))
    place.names |= VOLUNTEERS | RESIDENTS
    plan_volunteers(place)
    plan_orders(place, Random(f"{SEED}/orders"))
    plan_wishes(place, Random(f"{SEED}/wishes"))
    for crowd in CROWDS:
        place.plan_crowd(*crowd)
    for day, who, text in BY_THE_WAY:
        place.plan(at(day, 11, 17), place.says(who, text))


def plan_volunteers(place: Quarter) -> None:
    """In the first days of the year they register, and are confirmed on the first working day."""
    draw = Random(f"{SEED}/volunteers")
    for number, (who, name) in enumerate(VOLUNTEERS.items()):
        skills, free = "、".join(SKILLS[number % len(SKILLS)]), draw.choice(FREE)
        moment = at(FIRST + (number % 3) * DAY, 9 + number % 10, number % 50)
        place.plan(moment, place.says(who, f"我要当志愿者,我叫{name},会{skills},{free}"))
        place.plan(at(date(2027, 1, 4), 9, 0) + number * MINUTE, place.says("worker", f"确认志愿者 {name}"))


def plan_orders(place: Quarter, draw: Random) -> None:
    """From the second week on, every day a few."""
    span = list(days(date(2027, 1, 5), LAST))
    for order in range(TASKS):
        day = span[order * len(span) // TASKS]
        hour = draw.choice((8, 9, 9, 10, 11, 14, 15, 16, 18, 19, 20))
        moment = at(day, hour, draw.randrange(60))
        who = draw.choice(sorted(RESIDENTS))
        home, phone = contact(who)
        text = f"{draw.choice(ORDERS)},{wanted(moment, draw)},{home},{phone}"
        place.plan(moment, place.says(who, text))
        if draw.random() < 0.04:
            place.plan(awake(moment + 5 * HOUR), cancels(place, who))


def wanted(moment: datetime, draw: Random) -> str:
    """When they want it."""
    then = moment + draw.randint(1, 5) * DAY
    part = draw.choice(("上午", "下午"))
    return draw.choice(
        ("随时", f"{then.month}月{then.day}日{part}", f"{then.month}月{then.day}日{part}", f"明天{part}")
    )


def cancels(place: Quarter, who: str) -> Act:
    """Somebody calls off what they ordered last."""

    def act() -> Iterator[Line]:
        person = place.person_id(who)
        with place.desk.transaction() as (store, _):
            found = tasks.ordered_by(store, person, place.now - DAY)
        if found and found[0].state in (TaskState.ORDERED, TaskState.CLAIMED):
            yield from place.says(who, f"取消{found[0].number}")()

    return act


def plan_wishes(place: Quarter, draw: Random) -> None:
    """Every day one or two; now and then one takes theirs back, or wants money."""
    span = list(days(date(2027, 1, 4), date(2027, 3, 30)))
    for order in range(WISHES):
        moment = at(span[order * len(span) // WISHES], draw.randint(8, 20), draw.randrange(60))
        who, wish = draw.choice(sorted(RESIDENTS)), draw.choice(WISHED)
        text = draw.choice((f"许愿 {wish}", f"许个愿 {wish}", *FOR_ANOTHER)).format(wish=wish)
        if draw.random() < 0.1:
            text += f",我电话{contact(who)[1]}"
        place.plan(moment, place.says(who, text))
        if order % 30 == 11:
            place.plan(awake(moment + 20 * MINUTE), withdraws(place, who))
        if order % 50 == 7:
            place.plan(moment - HOUR, place.says(draw.choice(sorted(RESIDENTS)), draw.choice(MONEY)))


def withdraws(place: Quarter, who: str) -> Act:
    """Somebody thinks better of a wish."""

    def act() -> Iterator[Line]:
        person = place.person_id(who)
        with place.desk.transaction() as (store, _):
            found = wishes.of_wisher(store, person, 1)
        if found and found[0].state in (WishState.ASKED, WishState.POSTED):
            yield from place.says(who, f"撤回 {found[0].code}")()

    return act


def make(file: Path) -> None:
    """Writes the script."""
    with demo_desk(FIRST) as (desk, folder):
        place = Quarter(desk, folder, at(FIRST, 6))
        plan_quarter(place)
        write(place, at(LAST, 21), file)


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "wishes.jsonl")
