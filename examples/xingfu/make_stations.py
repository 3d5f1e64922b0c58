"""Writes `stations.jsonl`: two months of the stations of 幸福社区, with the Mid-Autumn and National Day of 2026.

    python -m examples.xingfu.make_stations [FILE]

Made-up neighbours book with the real program, hear what it says and answer; those on duty call, mark and write down.
Made as `make_grievances.py` is: after a change in what is asked, run it again.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import cycle
from pathlib import Path
from random import Random

from bot.channels import pipe
from community.bookings.ledger import Ledger
from community.bookings.steps import OPEN
from community.grievances.steps import State as GrievanceState
from community.parts.questions import Question
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
from storage import bookings, people, rota
from storage.bookings import Booking
from storage.rota import Reception
from storage.tables import BookingState, DutyKind, ReceptionState

HERE = Path(__file__).resolve().parent
SEED = 20260914
FIRST, LAST = date(2026, 9, 14), date(2026, 11, 13)
HORIZON = 9 * DAY
"""How long before a reception somebody thinks of it at the earliest."""

CROWDED = {
    (date(2026, 10, 8), DutyKind.LAWYER): 6,
    (date(2026, 10, 20), DutyKind.CONGRESS_DEPUTY): 3,
    (date(2026, 10, 23), DutyKind.SOCIAL_WORKER): 2,
    (date(2026, 11, 2), DutyKind.LAWYER): 5,
    (date(2026, 11, 5), DutyKind.PARTY_DELEGATE): 5,
    (date(2026, 11, 7), DutyKind.LAWYER): 7,
}
"""Where so many want to go. Elsewhere it is nobody, one or two."""

TITLES = {
    DutyKind.CONGRESS_DEPUTY: "人大代表",
    DutyKind.PARTY_DELEGATE: "党代表",
    DutyKind.CPPCC_MEMBER: "政协委员",
    DutyKind.SECRETARY: "书记",
    DutyKind.LAWYER: "律师",
    DutyKind.SOCIAL_WORKER: "社工",
    DutyKind.MEDIATOR: "调解员",
}
WEEKDAYS = "一二三四五六日"

ONE_LINE = ("约{day}{part}的{title}", "预约 {day}{part}{title}", "约{week}{part}的{title}", "找{title},{week}{part}")
ASKING = ("预约", "约个号", "最近什么时候有{title}", "我想约{title}", "@小善 我想约{title}")
FOR_PARENT = ("替我妈约{day}{part}的{title}", "帮我爸约{week}{part}的{title}")
REASONS = (
    "楼上漏水泡了我家墙,两家说不拢",
    "想问房产过户要交哪些税",
    "我爸的护理补贴批不下来",
    "单位拖着三个月工资没发",
    "孩子转学籍卡住了",
    "离婚以后抚养费怎么要",
    "小区门口那条路什么时候修",
    "老人一个人住,白天想找人照看",
    "借出去的钱要不回来",
    "想提个建议,公交末班车太早",
)
THANKS = ("谢谢", "好的", "好,谢谢")
RECORDS = (
    "已说明办理渠道,下周回访",
    "讲清了要准备的材料",
    "答应向人大反映",
    "建议先协商,再走诉讼",
    "记下诉求,转有关科室",
)
IN_TURN = {
    "bookings.offer": ("1", "2", "", "要"),
    "bookings.helped": ("1", "2", "", "有帮助", "3", "1"),
    "objects": ("我去了", ""),
}
"""What one says after the other, so that nothing is left to chance; "" is silence."""

GRIEVANCES = ("3号楼楼道灯不亮", "门口路面一个大坑", "6号楼楼下垃圾没人清")
TALK = """
今天有人打羽毛球吗,三缺一
谁家有多的纸箱子
约好了啊,周六爬山别迟到
我到了,你们在哪个门
桂花开了,好香
改到下周吧,这周孩子考试
取消了,下雨
收到
1
来
快递放门卫了,谢谢大爷
国庆去哪玩,高速肯定堵
""".strip().splitlines()

STAFF_DAYS: tuple[tuple[date, int, str, str], ...] = (
    (date(2026, 9, 14), 8, "worker", "值班表"),
    (date(2026, 9, 22), 10, "worker", "加接待 梁玉珍 党代表 每周四下午2点到4点 3个号 幸福社区工作站"),
    (date(2026, 9, 23), 9, "worker", "加接待 沈光明 政协委员 每周三下午3点到5点"),
    (date(2026, 9, 28), 11, "deputy-2", "换班 9月30日 沈委员 换 韩代表"),
    (date(2026, 9, 30), 19, "worker", "站点报表"),
    (date(2026, 10, 12), 9, "worker", "接待名单 10月13日"),
    (date(2026, 10, 16), 15, "deputy", "请假 10月20日"),
    (date(2026, 10, 21), 16, "worker", "停接待 10月23日 第二网格服务点"),
    (date(2026, 10, 31), 10, "worker", "加接待 何正平 律师 11月2日下午2点到4点 2个号 幸福社区工作站"),
    (date(2026, 10, 31), 19, "worker", "站点报表"),
    (date(2026, 10, 31), 20, "street", "站点报表 10月"),
    (date(2026, 11, 13), 19, "worker", "9月站点报表"),
    (date(2026, 11, 13), 19, "worker", "10月站点报表"),
    (date(2026, 11, 13), 20, "street", "站点报表 11月"),
    (date(2026, 11, 13), 20, "deputy", "站点报表 10月"),
)

BY_THE_WAY: tuple[tuple[date, int, str, str], ...] = (
    (date(2026, 9, 15), 12, "jumin-2-3", "约2月30日的律师"),
    (date(2026, 9, 16), 20, "jumin-2-3", "约明年9月的律师"),
    (date(2026, 9, 18), 11, "jumin-3-5", "约今天下午的社工"),
    (date(2026, 9, 18), 12, "jumin-4-1", "停接待 10月23日"),
    (date(2026, 9, 18), 13, "jumin-3-5", "来不了了"),
    (date(2026, 9, 21), 12, "jumin-4-1", "不去了"),
    (date(2026, 9, 24), 12, "jumin-4-2", "签到"),
    (date(2026, 9, 28), 9, "jumin-7-2", "约10月1日上午的调解员"),
    (date(2026, 9, 28), 10, "jumin-7-2", "约9月30日下午的政协委员"),
    (date(2026, 9, 28), 20, "jumin-7-2", "取消预约"),
    (date(2026, 10, 2), 10, "jumin-9-5", "值班表"),
    (date(2026, 10, 9), 20, "jumin-9-5", "记录 B001"),
    (date(2026, 10, 28), 20, "jumin-9-5", "我去了"),
)


@dataclass(slots=True)
class Stations(Play):
    """Everybody who comes to the stations, and the bot. `wanted`: the reception that somebody has in mind."""

    wanted: dict[str, int] = field(default_factory=dict)
    in_turn: dict[str, Iterator[str]] = field(default_factory=lambda: {kind: cycle(IN_TURN[kind]) for kind in IN_TURN})

    def asked(self, who: str, question: Question, now: datetime) -> None:
        """Somebody was asked something."""
        Resident(self, who).asked(question, now)

    def told(self, who: str, text: str, now: datetime) -> None:
        """Whoever handles a grievance hears of it."""
        for number in map(int, re.findall(r"(?<!\d)\d{4}(?!\d)", text)):
            if self.once("grievance", who, number, self.grievance_state(number)):
                self.plan(awake(now + 3 * HOUR), self._handles(who, number))

    def grievance_state(self, number: int) -> GrievanceState | None:
        """Where a grievance stands; None where there is none."""
        with self.desk.transaction() as (_, community):
            try:
                return community.grievances.intake.cases.existing(number).state
            except Refused:
                return None

    def _handles(self, who: str, number: int) -> Act:
        def act() -> Iterator[Line]:
            with self.desk.transaction() as (_, community):
                cases = community.grievances.intake.cases
                found = cases.existing(number)
                turn = cases.responsible(found)
            if found.state is GrievanceState.REPORTED and turn and who in turn.ids:
                yield Line(who, f"接 {number:04}")
            elif found.state is GrievanceState.ACCEPTED and found.handler_id == who:
                yield Line(who, f"办结 {number:04} 去现场看过,弄好了")

        return act

    def receptions(self, since: datetime, until: datetime) -> list[Reception]:
        """What is planned between two moments."""
        with self.desk.transaction() as (store, _):
            stations = [each.id for each in rota.all_stations(store)]
            return rota.between(store, stations, since, until)

    def booked(self, reception: Reception) -> list[Booking]:
        """Everything that was booked at a reception and not given up."""
        with self.desk.transaction() as (store, _):
            return bookings.of_reception(store, reception.id)

    def mine(self, who: str, reception: Reception) -> Booking | None:
        """Somebody's open booking at a reception."""
        with self.desk.transaction() as (_, community):
            person = community.people.find(pipe.NAME, who)
        open_ = [each for each in self.booked(reception) if each.state in OPEN]
        return next((each for each in open_ if person and each.resident_id == person.id), None)

    def address(self, person_id: str) -> str:
        """Where somebody writes from."""
        with self.desk.transaction() as (store, _):
            return people.addresses_of(store, person_id)[0].external_id

    def on_duty(self, reception: Reception) -> str:
        """Who speaks for a reception: whoever receives, or the one who works for the station."""
        with self.desk.transaction() as (store, community):
            ledger: Ledger = community.bookings.ledger
            return ledger.on_duty(reception, rota.station(store, reception.station_id))[0]

    def is_on(self, reception: Reception) -> bool:
        """Whether it still takes place."""
        with self.desk.transaction() as (store, _):
            found = rota.by_id(store, reception.id)
        return found is not None and found.state is not ReceptionState.CLOSED


@dataclass(frozen=True, slots=True)
class Resident:
    """Somebody who books, by the channel's id."""

    place: Stations
    who: str

    def asked(self, question: Question, now: datetime) -> None:
        """They answer some time later, unless they forget."""
        draw = Random(f"{SEED}/answer/{question.kind}/{question.id}/{self.who}")
        delay = self._delay(question.kind, draw)
        if delay is not None:
            self.place.plan(awake(now + delay), lambda: self._answers(question, draw))

    def _delay(self, kind: str, draw: Random) -> timedelta | None:
        answers, wait = {
            "bookings.reason": (0.45, draw.randint(1, 4) * MINUTE),
            "bookings.coming": (0.6, draw.choice((4, 15, 50)) * MINUTE),
            "bookings.offer": (1.0, draw.choice((6, 20, 55)) * MINUTE),
            "bookings.helped": (1.0, draw.choice((10, 90, 600)) * MINUTE),
        }.get(kind, (1.0, draw.randint(1, 5) * MINUTE))
        return wait if draw.random() < answers else None

    def _answers(self, question: Question, draw: Random) -> Iterator[Line]:
        found = self.place.open_question(self.who, question.id, self.place.now)
        if found is None or not found[1]:
            return
        text = self._answer(question, draw)
        if text:
            yield from self.place.says(self.who, text)()
        elif question.kind == "bookings.helped":  # no word about that, but they come again
            self.place.plan(awake(self.place.now + 2 * DAY), self.place.says(self.who, "预约"))

    def _answer(self, question: Question, draw: Random) -> str:
        match question.kind:
            case "bookings.choose":
                return self._chosen(question, draw)
            case "bookings.reason":
                return draw.choice((*REASONS, *THANKS))
            case "bookings.coming":
                return draw.choice(("1", "1", "1", "来", "2"))
            case "bookings.offer" | "bookings.helped":
                return next(self.place.in_turn[question.kind])
            case "help.which" | "bookings.which" | "grievances.verdict" | "grievances.rating":
                return "1"
            case _:
                return ""

    def _chosen(self, question: Question, draw: Random) -> str:
        """The number of the reception that they had in mind, else of any that is shown."""
        shown = {name.removeprefix("reception"): each for name, each in question.about.items() if "reception" in name}
        wanted = self.place.wanted.get(self.who)
        return next((number for number, each in shown.items() if each == wanted), draw.choice(sorted(shown)))


@dataclass(frozen=True, slots=True)
class Reaching:
    """What leads to one reception, and what happens there."""

    place: Stations
    reception: Reception
    draw: Random

    @property
    def begins(self) -> datetime:
        """When it begins, here."""
        return self.reception.begins_at.astimezone(CHINA)

    @property
    def crowd(self) -> int:
        """How many want to go where it is crowded; 0 elsewhere."""
        return CROWDED.get((self.begins.date(), self.reception.kind), 0)

    def plan(self, now: datetime) -> None:
        """Whoever wants to come thinks of it; then comes the day."""
        earliest, latest = now + HOUR, self.begins - 4 * HOUR
        for order in range(self.crowd or self.draw.choices((0, 1, 2), (45, 40, 15))[0]):
            some_time = earliest + (latest - earliest) * self.draw.random()
            moment = awake(earliest + order * 7 * MINUTE if self.crowd else some_time)
            if moment < latest:
                self._plan_visit(moment, somebody(self.place, self.draw), order)
        self.place.plan(self.begins - 25 * MINUTE, self._arriving)
        self.place.plan(self.reception.ends_at + 10 * MINUTE, self._marking)

    def _plan_visit(self, moment: datetime, who: str, order: int) -> None:
        text = self._wish(moment, order)

        def books() -> Iterator[Line]:
            self.place.wanted[who] = self.reception.id
            yield from self.place.says(who, text, group=text.startswith("@"))()

        self.place.plan(moment, books)
        self._plan_change(moment, who, order)

    def _wish(self, moment: datetime, order: int) -> str:
        ways: tuple[str, ...] = self.draw.choices((ONE_LINE, ASKING, FOR_PARENT), (55, 35, 10))[0]
        if self.crowd:
            ways = ("候补 {day}{part}{title}",) if order == self.reception.places + 1 else ONE_LINE[:2]
        return self.draw.choice(ways).format(
            day=f"{self.begins.month}月{self.begins.day}日",
            week=week_of(self.begins.date(), moment.date()),
            part="上午" if self.begins.hour < 12 else "下午",
            title=TITLES[self.reception.kind],
        )

    def _plan_change(self, moment: datetime, who: str, order: int) -> None:
        """Some think better of it: in a crowd early, so that whoever waits has something to hope for."""
        early = awake(moment + (self.begins - 6 * HOUR - moment) * (0.3 + 0.5 * self.draw.random()))
        late = self.begins - 70 * MINUTE
        mood = self.draw.random()
        if order < min(3, self.crowd - self.reception.places):
            evening = moment.replace(hour=20, minute=15 + order)
            self.place.plan(evening if order == 0 else early, self._gives_up(who, ("取消", "不去了")))
        elif mood < 0.08:
            self.place.plan(late, self._gives_up(who, ("来不了了", "取消")))
        elif mood < 0.16:
            self.place.plan(early, self._gives_up(who, ("不去了", "取消{code}")))
        elif mood < 0.36:
            self.place.plan(early, self._gives_up(who, ("改到下周", "改期", "{code}改到下周")))
        elif mood < 0.42:
            self.place.plan(early, self._gives_up(who, ("我的预约",)))

    def _gives_up(self, who: str, ways: tuple[str, ...]) -> Act:
        def act() -> Iterator[Line]:
            booking = self.place.mine(who, self.reception)
            if booking is not None:
                self.place.wanted.pop(who, None)
                yield from self.place.says(who, self.draw.choice(ways).format(code=booking.code))()

        return act

    # --- the day --------------------------------------------------------------------------------------------

    def _arriving(self) -> Iterator[Line]:
        """Those who come are there a little before their turn; then they are called and spoken with."""
        held = [each for each in self.place.booked(self.reception) if each.state is BookingState.HELD]
        for booking in held:
            mood = self.draw.random()
            comes = max(booking.starts_at - self.draw.randint(2, 20) * MINUTE, self.place.now)
            if mood < 0.75:
                self.place.plan(comes, self._checks_in(booking))
            if mood < 0.85:
                self.place.plan(booking.starts_at + MINUTE, self._receives(booking, by_staff=mood >= 0.75))
        yield from ()

    def _checks_in(self, booking: Booking) -> Act:
        says = self.draw.choice(("签到", "签到", "我到了", "@小善 签到"))
        return self.place.says(self.place.address(booking.resident_id), says, group=says.startswith("@"))

    def _receives(self, booking: Booking, *, by_staff: bool) -> Act:
        """Called and received. `by_staff`: whoever has no telephone with them is checked in by those on duty."""

        def act() -> Iterator[Line]:
            duty = self.place.on_duty(self.reception)
            if by_staff:
                yield Line(duty, f"签到 {booking.code}")
            there = [each for each in self.place.booked(self.reception) if each.state is BookingState.CAME]
            if all(each.called_at for each in there):
                return
            yield Line(duty, "叫号")
            self.place.plan(self.place.now + 12 * MINUTE, self._writes(duty, booking.code))

        return act

    def _writes(self, duty: str, code: str) -> Act:
        def act() -> Iterator[Line]:
            mood = self.draw.random()
            if mood < 0.12:
                yield Line(duty, f"转诉求 {code} {self.draw.choice(GRIEVANCES)}")
            elif mood < 0.2:
                yield Line(duty, f"转调解 {code}")
            elif mood < 0.8:
                yield Line(duty, f"记录 {code} {self.draw.choice(RECORDS)}")

        return act

    def _marking(self) -> Iterator[Line]:
        """Who did not come is marked; one or another was there all the same."""
        if not self.place.is_on(self.reception):
            return
        duty = self.place.on_duty(self.reception)
        for booking in self.place.booked(self.reception):
            if booking.state is BookingState.HELD and self.draw.random() < 0.9:
                yield Line(duty, f"未到 {booking.code}")
                objects = next(self.place.in_turn["objects"])
                if objects:
                    who = self.place.address(booking.resident_id)
                    self.place.plan(self.place.now + 2 * HOUR, self.place.says(who, objects))
                    self.place.plan(self.place.now + 3 * HOUR, self.place.says(duty, f"签到 {booking.code}"))


# --- the two months -----------------------------------------------------------------------------------------


def plan_months(place: Stations) -> None:
    """Everything that does not follow from what the bot says."""
    draw = Random(SEED)
    place.plan_looks(at(FIRST, 6), at(LAST, 21))
    for day in days(FIRST, LAST):
        place.plan(at(day, 8, 30), think_of_receptions(place, at(day, 8, 30)))
        if draw.random() < 0.4:
            moment, who = at(day, draw.randint(8, 21), draw.randrange(60)), somebody(place, draw)
            place.plan(moment, place.says(who, draw.choice(TALK), group=True))
    for day, hour, who, text in STAFF_DAYS:
        place.plan(at(day, hour, 5), place.says(who, text))
    for day, hour, who, text in BY_THE_WAY:
        name(place, who)
        place.plan(at(day, hour, 41), place.says(who, text))


def think_of_receptions(place: Stations, now: datetime) -> Act:
    """Each reception that has come near is thought of, once."""

    def act() -> Iterator[Line]:
        for reception in place.receptions(now, now + HORIZON):
            if place.once("reception", reception.id):
                seed = f"{SEED}/{reception.kind}/{reception.begins_at:%m%d}"
                Reaching(place, reception, Random(seed)).plan(now)
        yield from ()

    return act


def somebody(place: Stations, draw: Random) -> str:
    """A neighbour."""
    who = f"jumin-{draw.randint(1, 12)}-{draw.randint(1, 6)}"
    name(place, who)
    return who


def name(place: Stations, who: str) -> None:
    """What a neighbour is called in the group."""
    _, building, order = who.split("-")
    place.names[who] = f"{building}栋{('阿芳', '小徐', '王姐', '老顾', '豆豆妈', '阿杰')[int(order) - 1]}"


def week_of(day: date, today: date) -> str:
    """A day as one says it: 周三, 下周三, and further off by its date."""
    weeks = (day - timedelta(days=day.weekday()) - today + timedelta(days=today.weekday())).days // 7
    if weeks > 1:
        return f"{day.month}月{day.day}日"
    return f"{'下' if weeks else '这'}周{WEEKDAYS[day.weekday()]}"


def make(file: Path) -> None:
    """Writes the script."""
    with demo_desk(FIRST) as (desk, folder):
        place = Stations(desk, folder, at(FIRST, 6))
        plan_months(place)
        write(place, at(LAST, 21), file)


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "stations.jsonl")
