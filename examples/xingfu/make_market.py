"""Writes `market.jsonl`: the markets of 幸福社区 from March to May 2027, with a hundred helpers in March.

    python -m examples.xingfu.make_market [FILE]

Made as `make_stations.py` is: made-up neighbours hear what the real program says, and answer it. They read the codes
for checking in at the stall: 4821 for the first event, then 4822 and so on, as in `tests/dialogue.py`; where a script
is replayed with other codes, whoever types an old one is marked by the leader. The quiz wants `quiz.yaml` imported.
"""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import cycle
from pathlib import Path
from random import Random

from bot.channels import pipe
from community.market.day import Helper, Roll
from community.parts.questions import Question
from examples.xingfu.market_words import (
    ALOUD,
    BY_THE_WAY,
    HELPING,
    IN_TURN,
    ITEMS,
    STAFF,
    TALK,
    THANKS,
    VISITING,
    neighbours,
)
from examples.xingfu.playing import DAY, HOUR, MINUTE, Act, Line, Play, at, awake, days, demo_desk, write
from storage import market, people
from storage.market import Event
from storage.tables import EventState, SignUpState
from tests.dialogue import known_codes, with_bank

HERE = Path(__file__).resolve().parent
SEED = 20270306
FIRST, LAST = date(2027, 2, 20), date(2027, 6, 1)
SECOND = timedelta(seconds=1)
LEADER, WORKER = "worker-2", "worker"
NODE, SERIES = "xingfu", "雷锋集市"

NEIGHBOURS = neighbours(150)
ALIKE = tuple(who for who, name in NEIGHBOURS.items() if list(NEIGHBOURS.values()).count(name) > 1)
RESIDENTS = ("resident-1-201", "resident-3-501", "elder-5-102", "resident-8-301", "resident-9-302", "resident-12-401")
VOLUNTEERS = (
    "volunteer-repair",
    "volunteer-medical",
    "volunteer-hair",
    "volunteer-sewing",
    "volunteer-electrician",
    "volunteer-nurse",
    "volunteer-barber",
    "volunteer-student",
    "volunteer-patrol",
)

PUBLISHED = {date(2027, 3, 6), date(2027, 4, 3), date(2027, 6, 5)}
DROPPED = {date(2027, 3, 7), date(2027, 4, 4), date(2027, 5, 1), date(2027, 6, 6)}
"""A market a month: of the two days of the first weekend one is dropped. 2 May opens by itself."""


@dataclass(frozen=True, slots=True)
class Fair:
    """One market: the day it was planned for and the day it is held, and how many want to help and to be helped.

    `larger`: what its leader asks to be changed once it is open; E is its number. `listed`: helpers who write
    themselves into the chain, from `chained` on. `one_by_one`: those who are there are marked by name to the last.
    """

    planned: date
    held: date
    larger: tuple[str, ...]
    helpers: Mapping[str, int]
    visitors: Mapping[str, int]
    listed: int
    chained: datetime
    one_by_one: bool = False


MARCH = Fair(
    date(2027, 3, 6),
    date(2027, 3, 6),
    (
        "改摊位 E 量血压 18人 60个号",
        "改摊位 E 修家电 20人 30个号",
        "改摊位 E 缝补 16人 30个号",
        "改摊位 E 政策咨询 10人 20个号",
        "改摊位 E 有奖问答 8人",
        "加摊位 E 理发 20人 50个号",
        "加摊位 E 磨刀 10人 24个号",
        "加摊位 E 手机教学 18人",
        "改活动 E 携带 水杯",
    ),
    {"量血压": 23, "修家电": 20, "缝补": 15, "政策咨询": 12, "有奖问答": 9, "理发": 25, "磨刀": 10, "手机教学": 16},
    {"量血压": 24, "修家电": 32, "缝补": 10, "理发": 26, "磨刀": 9, "政策咨询": 4},
    34,
    at(date(2027, 2, 27), 9),
)
APRIL = Fair(
    date(2027, 4, 3),
    date(2027, 4, 10),
    ("改摊位 E 量血压 8人 40个号", "改摊位 E 修家电 8人", "加摊位 E 理发 8人 20个号", "改摊位 E 缝补 6人"),
    {"量血压": 10, "修家电": 8, "缝补": 5, "政策咨询": 3, "有奖问答": 2, "理发": 9},
    {"量血压": 18, "修家电": 12, "缝补": 6, "理发": 23},
    9,
    at(date(2027, 3, 29), 9),
)
MAY = Fair(
    date(2027, 5, 2),
    date(2027, 5, 2),
    ("改摊位 E 修家电 10人 20个号", "加摊位 E 磨刀 6人 20个号"),
    {"量血压": 6, "修家电": 11, "缝补": 3, "政策咨询": 1, "有奖问答": 2, "磨刀": 5},
    {"量血压": 20, "修家电": 21, "缝补": 8, "磨刀": 10},
    8,
    at(date(2027, 4, 25), 9),
    one_by_one=True,
)
FAIRS = (MARCH, APRIL, MAY)
STANDING = 12
"""One of so many of March wants to come each month from then on."""

RAIN = (
    (at(date(2027, 4, 2), 14, 20), "延期 {number} 下大雨"),
    (at(date(2027, 4, 4), 10, 5), "改期 {number} 4月10日9点"),
)
CLEANING = date(2027, 3, 13)
"""A clean-up that is called off."""

ANSWERS: Mapping[str, tuple[float, tuple[int, ...]]] = {
    "market.coming": (0.75, (3, 12, 40, 150, 600)),
    "market.offer": (1.0, (5, 25, 70)),
    "market.lapsed": (1.0, (20,)),
    "market.short": (0.7, (10, 60)),
    "market.standing": (1.0, (15, 300, 900)),
    "volunteers.honour": (0.8, (30,)),
}
"""How likely somebody answers, and after how many minutes; everything else is answered at once."""


@dataclass(slots=True)
class Chain:
    """A chain as the group has it: a line for each entry."""

    topic: str
    entries: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        numbered = (f"{number}. {entry}" for number, entry in enumerate(self.entries, start=1))
        return f"#接龙\n{self.topic}\n例 张三 修家电\n\n" + "\n".join(numbered)


@dataclass(slots=True)
class Square(Play):
    """Everybody on the square, and the bot. `wanted`: the stall that somebody has in mind."""

    wanted: dict[str, str] = field(default_factory=dict)
    items: dict[str, str] = field(default_factory=dict)
    in_turn: dict[str, Iterator[str]] = field(default_factory=lambda: {kind: cycle(IN_TURN[kind]) for kind in IN_TURN})

    def asked(self, who: str, question: Question, now: datetime) -> None:
        """Somebody was asked something. The leader's drafts are looked at by whoever plans the fairs."""
        if question.kind == "market.draft":
            self.plan(now + 20 * MINUTE, self._looks_at_draft(int(str(question.about["event"]))))
            return
        draw = Random(f"{SEED}/{question.kind}/{question.id}/{who}")
        likely, delays = ANSWERS.get(question.kind, (1.0, (1, 2, 4)))
        if draw.random() < likely:
            self.plan(awake(now + draw.choice(delays) * MINUTE), self._answers(who, question, draw))

    def told(self, who: str, text: str, now: datetime) -> None:
        """The leader hands out a prize to some of those who wait for theirs."""
        waiting = re.search("没领:([^;\n]+)", text)
        if who == LEADER and waiting and self.once("prizes", waiting[1]):
            for order, name in enumerate(waiting[1].split("、")[::2]):
                self.plan(now + (order + 1) * 10 * MINUTE, self.says(LEADER, f"领奖 {name}"))

    def _answers(self, who: str, question: Question, draw: Random) -> Act:
        def act() -> Iterator[Line]:
            found = self.open_question(who, question.id, self.now)
            if found is None or not found[1]:
                return
            text = self._answer(who, question, draw)
            if text:
                yield from self.says(who, text)()

        return act

    def _answer(self, who: str, question: Question, draw: Random) -> str:
        kind, about = question.kind, question.about
        if kind in IN_TURN:
            return next(self.in_turn[kind])
        match kind:
            case "market.which_stall" | "market.late_stall":
                return self._numbered(about, "stall", self._stall_id(int(str(about["event"])), self.wanted.get(who)))
            case "market.which_event":
                fair = self.next_fair()
                return self._numbered(about, "event", fair.id if fair else None)
            case "market.item":
                return self.items.get(who) or draw.choice(ITEMS)
            case "market.code":
                event = self.today()
                return event.code if event else ""
            case "market.chain_unclear":
                return "1"
            case "market.new_date":
                return "没定"
            case "market.which_helper" | "market.which_leave" | "market.chain_own" | "market.confirm_cancel":
                return "1"
            case "hours.reason" | "volunteers.reason" | "volunteers.correct":
                return "那天帮着收摊"
            case _:
                return ""

    def _numbered(self, about: Mapping[str, object], name: str, wanted: int | None) -> str:
        """The number under which something is shown; the first where it is not among them."""
        shown = {key.removeprefix(name): each for key, each in about.items() if re.fullmatch(rf"{name}\d+", key)}
        return next((number for number, each in shown.items() if each == wanted), "1")

    def _stall_id(self, event_id: int, name: str | None) -> int | None:
        with self.desk.transaction() as (store, _):
            stalls = market.stalls_of(store, [event_id]).get(event_id, ())
        return next((each.id for each in stalls if each.name == name), None)

    def _looks_at_draft(self, event_id: int) -> Act:
        def act() -> Iterator[Line]:
            event = self.event(event_id)
            if event.planned_on in DROPPED:
                yield Line(LEADER, f"不办 {event.number}")
            elif event.planned_on in PUBLISHED:
                yield Line(LEADER, f"发布 {event.number}")

        return act

    # --- what anybody can see ---------------------------------------------------------------------------------

    def event(self, event_id: int) -> Event:
        """One event."""
        with self.desk.transaction() as (store, _):
            found = market.by_id(store, event_id)
        assert found is not None
        return found

    def events(self, since: datetime, until: datetime, name: str = SERIES) -> list[Event]:
        """The events of this name that begin between two moments."""
        with self.desk.transaction() as (store, _):
            found = market.between(store, [NODE], since, until, tuple(EventState))
        return [each for each in found if each.name == name]

    def planned(self, day: date) -> Event:
        """The market that was planned for a day, whenever it is held."""
        found = self.events(at(day, 0), at(day, 0) + 20 * DAY)
        return next(each for each in found if each.planned_on == day)

    def next_fair(self) -> Event | None:
        """The next market that is open."""
        found = self.events(self.now, self.now + 30 * DAY)
        return next((each for each in found if each.state is EventState.OPEN), None)

    def today(self) -> Event | None:
        """The market of today."""
        found = self.events(self.now - 4 * HOUR, self.now + 4 * HOUR)
        return next((each for each in found if each.state is EventState.OPEN), None)

    def roll(self, event: Event) -> Roll:
        """Everybody at an event, as its leader sees them."""
        with self.desk.transaction() as (_, community):
            return community.market.day.roll(event)

    def address(self, person_id: str) -> str:
        """Where somebody writes from."""
        with self.desk.transaction() as (store, _):
            return people.addresses_of(store, person_id)[0].external_id

    def person_id(self, who: str) -> str | None:
        """Who somebody is to the bot."""
        with self.desk.transaction() as (_, community):
            found = community.people.find(pipe.NAME, who)
        return found.id if found else None

    def name_of(self, who: str) -> str:
        """What somebody is called."""
        if who in NEIGHBOURS:
            return NEIGHBOURS[who]
        with self.desk.transaction() as (_, community):
            found = community.people.find(pipe.NAME, who)
        return found.name if found else who


@dataclass(frozen=True, slots=True)
class Reaching:
    """What leads to one market, and what happens there."""

    square: Square
    fair: Fair
    draw: Random

    def plan(self, since: datetime) -> None:
        """Whoever wants to come thinks of it; then comes the day."""
        cast = [*NEIGHBOURS, *RESIDENTS]
        self.draw.shuffle(cast)
        cast.sort(key=lambda who: who not in ALIKE)
        volunteers = VOLUNTEERS if self.fair is MARCH else ("volunteer-medical", "volunteer-student")
        helpers = [*volunteers, *cast]
        stalls = [name for name, heads in self.fair.helpers.items() for _ in range(heads)]
        self.draw.shuffle(stalls)
        wishes = list(zip(helpers, stalls, strict=False))
        listed = {who for who, _ in self.draw.sample(wishes[len(volunteers) + len(ALIKE) :], self.fair.listed)}
        for order, (who, stall) in enumerate(wishes):
            if who not in listed:
                self._plan_helper(self._some_time(since), who, stall, order)
        self._plan_chain([each for each in wishes if each[0] in listed])
        self._plan_visitors(since, helpers[len(stalls) :] + helpers[len(volunteers) + 8 : len(stalls)])
        self._plan_day()

    def _some_time(self, since: datetime) -> datetime:
        until = at(self.fair.planned, 20) - DAY
        return awake(since + (until - since) * self.draw.random() ** 1.3)

    # --- before -----------------------------------------------------------------------------------------------

    def _plan_helper(self, moment: datetime, who: str, stall: str, order: int) -> None:
        always = self.fair is MARCH and order % STANDING == 3
        text = "每个月都来 {stall}" if always else self.draw.choice(HELPING)
        in_group = self.draw.random() < 0.45 and not always
        if in_group and text not in ALOUD:
            text = f"@小善 {text}"
        self.square.plan(moment, self._wants(who, stall, text.format(stall=stall), group=in_group))
        mood = self.draw.random()
        later = awake(moment + (self.draw.random() * 30 + 4) * HOUR)
        if mood < 0.2:
            self.square.plan(moment + 6 * MINUTE, self.square.says(who, self.draw.choice(THANKS)))
        elif mood < 0.27:
            self.square.plan(later, self._if_before(self.square.says(who, "取消报名")))
        elif mood < 0.33:
            other = self.draw.choice(list(self.fair.helpers))
            self.square.plan(later, self._if_before(self._wants(who, other, f"{other}我来", group=False)))
        elif mood < 0.43:
            self.square.plan(later, self.square.says(who, "我的报名"))

    def _wants(self, who: str, stall: str, text: str, *, group: bool) -> Act:
        def act() -> Iterator[Line]:
            self.square.wanted[who] = stall
            yield from self.square.says(who, text, group=group)()

        return act

    def _if_before(self, act: Act) -> Act:
        """What is of no use once the day has come."""

        def later() -> Iterator[Line]:
            if self.square.now < at(self.fair.planned, 20) - DAY:
                yield from act()

        return later

    def _plan_visitors(self, since: datetime, cast: Sequence[str]) -> None:
        wishes = [name for name, heads in self.fair.visitors.items() for _ in range(heads)]
        self.draw.shuffle(wishes)
        for order, stall in enumerate(wishes):
            who = cast[order % len(cast)]
            moment = self._some_time(since)
            self.square.plan(moment, self._takes_number(who, stall))
            mood = self.draw.random()
            if mood < 0.12:
                later = awake(moment + 20 * HOUR * self.draw.random() + HOUR)
                self.square.plan(later, self._if_before(self.square.says(who, f"取消 {stall} 号")))
            elif mood < 0.25:
                self.square.plan(moment + 4 * MINUTE, self.square.says(who, "我的号"))

    def _takes_number(self, who: str, stall: str) -> Act:
        item = self.draw.choice(ITEMS)
        ways = [each for each in VISITING if stall == "量血压" or "量血压" not in each]
        text = self.draw.choice(ways).format(stall=stall)
        if stall == "修家电" and self.draw.random() < 0.6:
            text = f"取号 修家电 {item}"

        def act() -> Iterator[Line]:
            self.square.wanted[who], self.square.items[who] = stall, item
            yield from self.square.says(who, text, group=text.startswith("@"))()

        return act

    # --- the chain --------------------------------------------------------------------------------------------

    def _plan_chain(self, wishes: Sequence[tuple[str, str]]) -> None:
        """Written over three evenings, some a minute apart; the bot answers with one line in two minutes at most."""
        day = self.fair.planned
        chain = Chain(f"{day.month}月{day.day}日雷锋集市志愿者")
        for order, (who, stall) in enumerate(wishes):
            burst, place = divmod(order, 12)
            moment = self.fair.chained + burst * DAY + place * (50 * SECOND if place % 4 else 9 * MINUTE)
            entry = f"{self.square.name_of(who)} {stall}"
            if order % 11 == 5:
                entry += " 2人"
            if order % 13 == 9:
                entry = self.square.name_of(who)  # the stall is asked for
            self.square.plan(moment, self._writes(chain, who, stall, entry))
        last = self.fair.chained + (len(wishes) - 1) // 12 * DAY + 4 * HOUR
        self._plan_edits(chain, wishes, last)

    def _writes(self, chain: Chain, who: str, stall: str, entry: str) -> Act:
        def act() -> Iterator[Line]:
            self.square.wanted[who] = stall
            chain.entries.append(entry)
            yield from self.square.says(who, str(chain), group=True)()

        return act

    def _plan_edits(self, chain: Chain, wishes: Sequence[tuple[str, str]], moment: datetime) -> None:
        """One leaves, one brings somebody, one writes a neighbour in who has no telephone, one knows an old version."""
        (leaves, _), (brings, stall), (writes, _), (late, _) = wishes[1], wishes[2], wishes[4], wishes[6]

        def leave() -> Iterator[Line]:
            chain.entries = [each for each in chain.entries if self.square.name_of(leaves) not in each]
            yield from self.square.says(leaves, str(chain), group=True)()

        def bring() -> Iterator[Line]:
            name = self.square.name_of(brings)
            chain.entries = [f"{name} {stall} 2人" if name in each else each for each in chain.entries]
            yield from self.square.says(brings, str(chain), group=True)()

        def write_in() -> Iterator[Line]:
            chain.entries += ["马大爷 政策咨询", "胡奶奶 缝补"]
            yield from self.square.says(writes, str(chain), group=True)()

        def forget() -> Iterator[Line]:
            chain.entries = [each for each in chain.entries if self.square.name_of(brings) not in each]
            yield from self.square.says(late, str(chain), group=True)()

        for order, act in enumerate((leave, bring, write_in, forget)):
            self.square.plan(moment + order * 12 * MINUTE, act)

    # --- the day ----------------------------------------------------------------------------------------------

    def _plan_day(self) -> None:
        day = self.fair.held
        self.square.plan(at(day, 7, 50), self._opens_stalls)
        self.square.plan(at(day, 9, 12), self._calls_names)
        if self.fair is not MAY:
            self.square.plan(at(day, 9, 36), lambda: self._quiz())
        self.square.plan(at(day, 10, 20), self._leaving)
        self.square.plan(at(day, 11, 10), self._counts_numbers)
        self.square.plan(at(day, 11, 40), self._last_marks)
        self.square.plan(at(day + DAY, 9, 40), self._corrects)

    def _helpers(self, *states: SignUpState) -> list[Helper]:
        """Those with a place, as the leader's list has them; names that nobody knows and companions among them."""
        return [each for each in self._roll().helpers if each.sign_up.state in states]

    def _roll(self) -> Roll:
        return self.square.roll(self.square.planned(self.fair.planned))

    def _opens_stalls(self) -> Iterator[Line]:
        yield Line(LEADER, "签到码")
        yield Line(LEADER, "活动名单")
        for each in self._helpers(SignUpState.HELD):
            if each.sign_up.person_id and not each.sign_up.companion and self.draw.random() < 0.4:
                moment = at(self.fair.held, 8, 5) + self.draw.randint(0, 75) * MINUTE
                self.square.plan(moment, self._checks_in(self.square.address(each.sign_up.person_id)))

    def _checks_in(self, who: str) -> Act:
        mood = self.draw.random()

        def act() -> Iterator[Line]:
            event = self.square.today()
            if event is None:
                return
            if mood < 0.06:
                yield from self.square.says(who, "签到 1234")()
            ways = ("签到 {code}", "{code}", "签到{code}", "到了")
            way = ways[int(mood * 16) % 4]
            yield from self.square.says(who, way.format(code=event.code))()

        return act

    def _calls_names(self) -> Iterator[Line]:
        """First those who are seen, by name; who is missing at half past; then all the others are there."""
        held = self._helpers(SignUpState.HELD)
        self.draw.shuffle(held)
        own = [each for each in held if not each.sign_up.companion]
        own.sort(key=lambda each: [other.name for other in own].count(each.name) == 1)  # those who are alike first
        missing = own[-max(3, len(own) // 12) :]
        there = [each for each in own if each not in missing]
        seen = there if self.fair.one_by_one else there[: len(there) // 2]
        named = [seen[start : start + 6] for start in range(0, len(seen[:-2] if self.fair.one_by_one else seen), 6)]
        yield from (Line(LEADER, "签到 " + " ".join(each.name for each in group)) for group in named)
        if self.fair.one_by_one:
            return  # those who are missing are asked about when it is over
        yield Line(LEADER, "没来 " + " ".join(each.name for each in missing))
        yield Line(LEADER, "全到")

    def _leaving(self) -> Iterator[Line]:
        """Some say that they go, of some the leader says it; the end checks out the others."""
        helpers = self._helpers(SignUpState.CAME)
        self.draw.shuffle(helpers)
        for each in helpers[: len(helpers) // 3]:
            if each.sign_up.person_id and not each.sign_up.companion:
                who = self.square.address(each.sign_up.person_id)
                moment = at(self.fair.held, 10, 20) + self.draw.randint(1, 38) * MINUTE
                self.square.plan(moment, self.square.says(who, self.draw.choice(("签退", "签退", "我走了", "忙完了"))))
        by_leader = [each.name for each in helpers[-4:] if not each.sign_up.companion]
        if by_leader:
            yield Line(LEADER, "签退 " + " ".join(by_leader))
        if self.fair is APRIL:
            self.square.plan(at(self.fair.held, 10, 55), self.square.says(LEADER, "都走了"))

    def _counts_numbers(self) -> Iterator[Line]:
        for stall in self._roll().stalls:
            numbers = [
                each.sign_up.place or 0
                for each in self._roll().visitors
                if each.stall.id == stall.id and each.sign_up.place
            ]
            if numbers:
                yield Line(LEADER, f"到号 {stall.name} 1-{max(numbers) - self.draw.randint(0, 2)}")

    def _last_marks(self) -> Iterator[Line]:
        """Those of whom the bot asks when it is over: some were there, one was not, one nobody remembers."""
        held = [each for each in self._helpers(SignUpState.HELD) if not each.sign_up.companion]
        if len(held) > 2:
            yield Line(LEADER, "没来 " + held[0].name)
            yield Line(LEADER, "签到 " + " ".join(each.name for each in held[1:-1]))

    def _corrects(self) -> Iterator[Line]:
        """The morning after: what was forgotten, with a reason."""
        event = self.square.planned(self.fair.planned)
        left = [each for each in self._helpers(SignUpState.LEFT) if each.sign_up.person_id]
        mine = [each.name for each in left if not each.sign_up.companion]
        words = ("{name} +0.5 收摊搬桌子", "{name} -0.5 中途走开了", "{number} {name} 2小时 忘了签退", "{name} +1")
        names = self.draw.sample(mine, len(words))
        for order, (name, way) in enumerate(zip(names, words, strict=True)):
            text = f"改时长 {way.format(name=name, number=event.number)}"
            self.square.plan(self.square.now + order * 9 * MINUTE, self.square.says((LEADER, WORKER)[order % 2], text))
        yield from ()

    # --- the quiz ---------------------------------------------------------------------------------------------

    def _quiz(self) -> Iterator[Line]:
        """Three questions of two minutes each. Nobody knows the answers before."""
        begins = self.square.now + 2 * SECOND
        yield Line(LEADER, "开始问答 3题 奖品 洗衣液 3名", group=True)
        players = self.draw.sample(list(NEIGHBOURS), 14 if self.fair is MARCH else 7)
        for question in range(3):
            for who in players:
                if self.draw.random() < 0.8:
                    moment = begins + question * 141 * SECOND + self.draw.randint(8, 110) * SECOND
                    text = self.draw.choice(("{letter}", "选{letter}", "{letter}。", "我选{letter}", "{number}"))
                    order = self.draw.choice((1, 1, 2, 2, 2, 3, 3, 4))
                    said = text.format(letter="ABCD"[order - 1], number=order)
                    self.square.plan(moment, self.square.says(who, said))
        self.square.plan(begins + 40 * SECOND, self.square.says(players[0], "B", group=True))
        self.square.plan(begins + 100 * SECOND, self.square.says(players[1], "C"))
        self.square.plan(begins + 3 * HOUR, self.square.says(LEADER, "领奖名单"))


# --- the months -------------------------------------------------------------------------------------------------


def plan_months(square: Square) -> None:
    """Everything that does not follow from what the bot says."""
    draw = Random(SEED)
    square.names |= NEIGHBOURS
    square.plan_looks(at(FIRST, 6), at(LAST, 21))
    for fair in FAIRS:
        plan_fair(square, fair)
    plan_cleaning(square)
    for moment, text in RAIN:
        square.plan(moment, about_april(square, text))
    for day in days(FIRST, LAST):
        for _ in range(draw.choice((1, 2, 3, 4, 5))):
            who = draw.choice(list(NEIGHBOURS))
            square.plan(
                at(day, draw.randint(7, 21), draw.randrange(60)), square.says(who, draw.choice(TALK), group=True)
            )
    for day, hour, who, text in (*STAFF, *BY_THE_WAY):
        square.plan(at(day, hour, 17), square.says(who, text.removeprefix("群:"), group=text.startswith("群:")))


def plan_fair(square: Square, fair: Fair) -> None:
    """A market is made larger by its leader as soon as it is open; then people think of it."""
    opens = at(fair.planned - 14 * DAY, 10) if fair.planned in PUBLISHED else at(fair.planned - 10 * DAY, 10)

    def enlarge() -> Iterator[Line]:
        number = square.planned(fair.planned).number
        yield from (Line(LEADER, text.replace(" E ", f" {number} ")) for text in fair.larger)
        Reaching(square, fair, Random(f"{SEED}/{fair.planned}")).plan(opens + 30 * MINUTE)

    square.plan(opens, enlarge)


def about_april(square: Square, text: str) -> Act:
    """What is said of the market of April by its number."""

    def act() -> Iterator[Line]:
        yield Line(LEADER, text.format(number=square.planned(APRIL.planned).number))

    return act


def plan_cleaning(square: Square) -> None:
    """A clean-up, with a few who would have come, is called off."""
    draw = Random(f"{SEED}/cleaning")
    opens = at(CLEANING - 4 * DAY, 9)
    square.plan(opens, square.says(WORKER, "发起 清洁日 3月13日8点半到10点半 3号楼前"))

    def publish() -> Iterator[Line]:
        yield Line(WORKER, f"发布 {cleaning().number}")

    def cancel() -> Iterator[Line]:
        yield Line(WORKER, f"取消 {cleaning().number} 下雨")

    def cleaning() -> Event:
        return square.events(at(CLEANING, 0), at(CLEANING + DAY, 0), "清洁日")[0]

    square.plan(opens + 3 * MINUTE, publish)
    for order, who in enumerate(draw.sample(list(NEIGHBOURS), 6)):
        stall = ("扫楼道", "捡垃圾")[order % 2]
        square.plan(opens + (order * 3 + 1) * HOUR, square.says(who, f"报名 {stall}", group=order % 3 == 0))
    square.plan(at(CLEANING - DAY, 16), cancel)


def make(file: Path) -> None:
    """Writes the script."""
    with known_codes(), demo_desk(FIRST) as (desk, folder):
        with_bank(desk.database)
        square = Square(desk, folder, at(FIRST, 6), [{"at": at(FIRST, 6).isoformat()}])
        plan_months(square)
        write(square, at(LAST, 21), file)


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "market.jsonl")
