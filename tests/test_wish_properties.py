"""Any order of what people say about wishes: one claimer each, pledges that add up, and nobody hears whose it is.

Everything goes through the conversation and the jobs, as in life, on a real database; the clock only goes forward.
"""

import os
import shutil
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from bot.app import open_database
from bot.channels import pipe
from bot.desk import Desk
from bot.posting import post, post_answer
from community.rules import CHINA, Rules
from community.wishes.claiming import MOST_CLAIMS
from community.wishes.steps import LEGAL, OPEN, State, Step
from handlers.conversation import respond
from handlers.messages import Incoming
from handlers.wishes import JOBS
from storage import wishes
from storage.database import Database
from storage.tables import as_read, outbox, people, pledges
from storage.tables import wishes as wishes_table
from storage.wishes import Pledge, Wish
from tests.conftest import LONG_AGO
from tests.keys import KEYS

WISHERS = ("elder-5-102", "resident-5-101")
"""They never help anybody: whoever else hears a name of theirs has heard it from us."""

HELPERS = ("resident-3-501", "resident-1-201", "resident-8-301", "volunteer-hair")
STAFF = ("worker", "worker-2")
GROUP = "天天向善"
PHONE = "13812345678"
PHONE_LIST = "名单回“待电话”。"
ADDRESS = "5号楼1单元102"
THINGS = ("收音机", "轮椅", "一双棉鞋", "有人陪我说说话", "理发", "几床被子", "200元的台灯")
AMOUNTS = ("2床", "1床", "半床", "-1床", "0床", "100万床", "7床", "3件", "50元", "钱", "两床", "12床")
ABOUT_NAMES = frozenset({"wishes.thanks", "wishes.givers_thanks"})
EXAMPLES = 150 if os.environ.get("XIAOSHAN_LONG") else 20

which = st.integers(1, 6)
helper = st.sampled_from(HELPERS)
anybody = st.sampled_from((*HELPERS, *WISHERS, *STAFF, "gridhead-1"))
staff = st.sampled_from((*STAFF, *STAFF, HELPERS[0]))


class Wishes(RuleBasedStateMachine):
    """A community with two who wish, four who help, and staff."""

    template: Path
    folder: Path
    runs = 0

    def __init__(self) -> None:
        super().__init__()
        type(self).runs += 1
        self.path = self.folder / f"{self.runs}.db"
        shutil.copy(self.template, self.path)
        self.database: Database = open_database(f"sqlite:///{self.path}", KEYS, None, LONG_AGO)
        self.desk = Desk(self.database, Rules(), {pipe.NAME: pipe.NAME}, JOBS)
        self.now = datetime(2026, 9, 28, 9, 30, tzinfo=CHINA)
        self.said = 0
        self.number = 0
        self.consented: set[str] = set()
        with self.database.begin() as store:
            self.names: dict[str, str] = dict(store.connection.execute(select(people.c.id, people.c.name)).all())
        self.before: dict[int, Wish] = {}
        self.claimers_told: dict[int, set[str]] = {}

    def teardown(self) -> None:
        self.database.close()
        self.path.unlink()

    # --- what happens -----------------------------------------------------------------------------------------

    @initialize()
    def begin(self) -> None:
        """One wish is up, and one that many give to."""
        self.say(WISHERS[0], f"许个愿 我叫{self.names[WISHERS[0]]},想要收音机,电话{PHONE}")
        self.say(STAFF[0], "通过 W01")
        self.say(STAFF[0], "众筹 给孤寡老人过冬 12床被子 到10月20日")
        self.say(STAFF[0], "1")

    @rule(who=st.sampled_from(WISHERS), thing=st.sampled_from(THINGS), for_whom=st.booleans(), group=st.booleans())
    def wish(self, who: str, thing: str, *, for_whom: bool, group: bool) -> None:
        begin = "帮5号楼的李奶奶许个愿," if for_whom else "许愿 "
        mention = "@小善 " if group else ""
        words = f"{mention}{begin}{self.names[who]}想要{thing},住{ADDRESS},电话{PHONE}"
        self.say(who, words, GROUP if group else None)

    @rule(who=staff, number=which, words=st.sampled_from(("", "", " 一位老人想要收音机", f" 想要轮椅,电话{PHONE}")))
    def approve(self, who: str, number: int, words: str) -> None:
        self.say(who, f"通过 W{number:02}{words}")

    @rule(who=staff, number=which, deed=st.sampled_from(("退回", "办不了", "延长", "结束", "名单")))
    def decide(self, who: str, number: int, deed: str) -> None:
        said = f"W{number:02} {deed}" if deed in ("结束", "名单") else f"{deed} W{number:02} 情况不合适"
        self.say(who, said)

    @rule(who=st.sampled_from((*HELPERS, *HELPERS, WISHERS[1])), number=which, group=st.booleans())
    def claim(self, who: str, number: int, *, group: bool) -> None:
        self.say(who, f"认领 W{number:02}", GROUP if group else None)

    @rule(who=anybody, number=which, deed=st.sampled_from(("退", "撤回", "送到", "收到", "没收到", "查")))
    def act(self, who: str, number: int, deed: str) -> None:
        self.say(who, f"{deed} W{number:02}")

    @rule(who=st.sampled_from((*HELPERS, WISHERS[0])), number=st.sampled_from((2, 2, 2, 1, 3)), change=st.booleans())
    def pledge_all(self, who: str, number: int, *, change: bool) -> None:
        self.say(who, f"W{number:02} {'改成' if change else '出'}5床")

    @rule(
        who=st.sampled_from((*HELPERS, *STAFF)),
        number=st.sampled_from((2, 2, 2, 3)),
        deed=st.sampled_from(("出", "出", "改成", "缩到")),
        amount=st.sampled_from(AMOUNTS),
    )
    def pledge(self, who: str, number: int, deed: str, amount: str) -> None:
        self.say(who, f"W{number:02} {deed}{' ' if deed == '缩到' else ''}{amount}")

    @rule(who=helper, number=st.sampled_from((2, 2, 3)))
    def give_nothing(self, who: str, number: int) -> None:
        self.say(who, f"W{number:02} 不出了")

    @rule(who=staff, giver=helper, number=st.sampled_from((2, 2, 2, 3)), amount=st.sampled_from(("", " 1床", " 9床")))
    def tick_off(self, who: str, giver: str, number: int, amount: str) -> None:
        self.say(who, f"W{number:02} 收到 {self.names[giver]}{amount}")

    @rule(who=staff, number=which)
    def crowd(self, who: str, number: int) -> None:
        self.say(who, f"众筹 W{number:02} 8床被子 到{(self.now + timedelta(days=10)).day}号")

    @rule(who=staff, number=st.sampled_from((2, 3)), days=st.sampled_from((-3, 5, 30, 200)))
    def prolong(self, who: str, number: int, days: int) -> None:
        until = self.now + timedelta(days=days)
        self.say(who, f"W{number:02} 延到 {until.year}年{until.month}月{until.day}日")

    @rule(who=anybody, words=st.sampled_from(("1", "1", "2", "写", "不写", "好", "收到", "没有", ADDRESS, "取消")))
    def answer(self, who: str, words: str) -> None:
        """Whatever they were asked, if it is about a wish: what else there is to answer is not ours."""
        kinds = self.open_questions(who)
        if not kinds or not kinds[0].startswith("wishes."):
            return
        if (words == "1" and kinds[0] in ABOUT_NAMES) or (words == "写" and ABOUT_NAMES.intersection(kinds)):
            self.consented.add(who)
        self.say(who, words)

    @rule(steps=st.lists(st.tuples(which, helper, st.integers(0, 4)), min_size=2, max_size=12))
    def go_on(self, steps: Sequence[tuple[int, str, int]]) -> None:
        """What comes next for wishes that are still open, mostly as it should."""
        for which_one, who, deed in steps:
            found = [each for each in self.wishes() if each.state in OPEN]
            wish = found[which_one % len(found)] if found else None
            if wish is not None and wish.state in (State.CLAIMED, State.DELIVERED):
                self._bring(wish, deed)
            elif wish is not None:
                self._help(wish, who, deed)
            self.everything_is_in_order()
            self.nobody_hears_whose_it_is()

    def _help(self, wish: Wish, who: str, deed: int) -> None:
        if wish.state is State.ASKED:
            self.say(STAFF[1], f"通过 {wish.code} 一位老人想要收音机")
        elif wish.goal is None:
            self.say(who, f"认领 {wish.code}")
        elif deed < 2:
            self.say(who, f"{wish.code} 出{deed + 3}床")
            self.answer(who, "写" if deed else "不写")
        else:
            given = [each for each in self.pledges() if each.wish_id == wish.id and not each.withdrawn_at]
            for each in given[:deed]:
                self.say(STAFF[0], f"{wish.code} 收到 {self.names[each.person_id]}")

    def _bring(self, wish: Wish, deed: int) -> None:
        claimer = str(wish.claimed_by)
        if wish.state is State.DELIVERED:
            self.say(wish.wisher_id, f"{'没收到' if deed == 0 else '收到'} {wish.code}")
        elif deed and self.newest_question(wish.wisher_id) == "wishes.place":
            self.answer(wish.wisher_id, str(1 + deed % 2))
            self.answer(wish.wisher_id, ADDRESS)
        elif deed == 3 and self.newest_question(claimer) in ABOUT_NAMES:
            self.answer(claimer, "1")
        else:
            self.say(claimer, f"{'退' if deed == 0 else '送到'} {wish.code}")

    @rule(who=anybody, words=st.sampled_from(("心愿墙", "我的心愿", "待审心愿", "认领", "下一页")))
    def look(self, who: str, words: str) -> None:
        self.say(who, words)

    @rule(wait=st.sampled_from([timedelta(hours=each) for each in (0.01, 0.1, 1, 12, 26, 80, 200, 400)]))
    def wait(self, wait: timedelta) -> None:
        """The scheduler does what falls due on the way, each at its time."""
        until, times = self.now + wait, 0
        while (due := self.desk.next_due()) is not None and due <= until:
            self.now = max(self.now, due)
            self.run_jobs()
            self.nobody_hears_whose_it_is()
            times += 1
            assert times < 500, f"{due} stays due"
        self.now = until

    # --- what always holds ------------------------------------------------------------------------------------

    @invariant()
    def everything_is_in_order(self) -> None:
        found, given = self.wishes(), self.pledges()
        for wish in found:
            self._columns_fit(wish)
            self._pledges_add_up(wish, [each for each in given if each.wish_id == wish.id])
            self._log_tells_the_same(wish)
        for who in self.names:
            held = [each for each in found if each.claimed_by == who and each.state is State.CLAIMED]
            assert len(held) <= MOST_CLAIMS + 1, "one more where what was brought has come back"
        self._steps_are_legal(found)

    @invariant()
    def nobody_hears_whose_it_is(self) -> None:
        for row in self.new_messages():
            self._is_discreet(row)

    def _columns_fit(self, wish: Wish) -> None:
        assert (wish.ended_at is None) == (wish.state in OPEN)
        assert (wish.next_at is None) == (wish.state not in OPEN)
        if wish.next_at is not None:
            assert wish.next_at > self.now
        if wish.state in (State.CLAIMED, State.DELIVERED):
            assert wish.claimed_by is not None
            assert wish.claimed_by != wish.wisher_id
            assert wish.goal is None
        if wish.state in (State.ASKED, State.POSTED):
            assert wish.claimed_by is None
            assert not wish.address
        for told in (wish.words, wish.for_whom, wish.public_words):
            assert PHONE not in told
            assert ADDRESS not in told
            assert not any(self.names[each] in told for each in WISHERS)
        assert "200" not in wish.words

    def _pledges_add_up(self, wish: Wish, given: Sequence[Pledge]) -> None:
        if wish.goal is None:
            assert not given
            return
        standing = [each for each in given if each.withdrawn_at is None]
        there = sum(each.amount for each in standing if each.delivered_at is not None)
        assert sum(each.amount for each in standing) <= wish.goal
        assert not any(each.withdrawn_at and each.delivered_at for each in given)
        assert (there == wish.goal) == (wish.state is State.FULFILLED)
        assert 0 <= wish.told_quarter <= 4

    def _log_tells_the_same(self, wish: Wish) -> None:
        with self.database.begin() as store:
            log = wishes.events(store, wish.id)
        state = State.ASKED
        for event in log:
            state = LEGAL.get(Step(event.step), {}).get(state, state)
        assert state is wish.state
        told = [event.note for event in log if event.step == Step.TELL]
        assert told == sorted(set(told)), "each quarter once"
        times = [event.at for event in log if event.step == Step.TELL]
        assert all(later - earlier >= Rules().rolling_every for earlier, later in pairwise(times))

    def _steps_are_legal(self, found: Sequence[Wish]) -> None:
        for wish in found:
            earlier = self.before.get(wish.id)
            if earlier is not None and earlier.state not in OPEN:
                assert wish.state is earlier.state, "what has ended stays so"
        self.before = {each.id: each for each in found}

    def _is_discreet(self, row: Any) -> None:
        """A message tells a wisher's name to nobody but themselves, and an address to nobody but a claimer."""
        text, reader = row.text, row.person_id
        assert PHONE not in text
        if text.endswith(PHONE_LIST):
            return  # that somebody was not understood says nothing of a wish
        for wisher in WISHERS:
            assert self.names[wisher] not in text or reader == wisher
            assert wisher not in text
        if reader is None:
            assert ADDRESS not in text
            named = [each for each in HELPERS if self.names[each] in text]
            assert set(named) <= self.consented, text
        elif ADDRESS in text:
            assert reader in WISHERS or reader in HELPERS
            assert any(each.address == ADDRESS and each.claimed_by == reader for each in self.wishes())

    # --- help -------------------------------------------------------------------------------------------------

    def say(self, who: str, text: str, group: str | None = None) -> None:
        """A message and what comes of it; a mistake of ours is not swallowed, as the desk would."""
        self.now += timedelta(seconds=1)
        self.number += 1
        incoming = Incoming(
            channel=pipe.NAME,
            account=pipe.NAME,
            external_id=str(self.number),
            group=group,
            sender=who,
            sender_name=self.names[who],
            text=text,
            sent_at=self.now,
            received_at=self.now,
            mentions_bot="@" in text,
        )
        with self.desk.transaction() as (_, community):
            response = respond(incoming, community)
            for reply in response.replies:
                post_answer(reply, incoming, response.person, community)
        self.run_jobs()

    def run_jobs(self) -> None:
        for job in JOBS:
            with self.desk.transaction() as (_, community):
                due = job.due(community)
                if due is None or due > self.now:
                    continue
                for reply in job.run(community, self.now):
                    post(reply, community, self.now)
                following = job.due(community)
                assert following is None or following > self.now, "what was done is due no more"

    def newest_question(self, who: str) -> str:
        """The kind of question that somebody was asked last and owes an answer to; empty where there is none."""
        return next(iter(self.open_questions(who)), "")

    def open_questions(self, who: str) -> list[str]:
        with self.desk.transaction() as (_, community):
            return [each.kind for each in community.questions.open_for(who, self.now)]

    def wishes(self) -> list[Wish]:
        with self.database.begin() as store:
            return [
                Wish(*row)
                for row in store.connection.execute(select(*as_read(wishes_table)).order_by(wishes_table.c.id))
            ]

    def pledges(self) -> list[Pledge]:
        with self.database.begin() as store:
            return [Pledge(*row) for row in store.connection.execute(select(pledges).order_by(pledges.c.id))]

    def new_messages(self) -> Sequence[Any]:
        with self.database.begin() as store:
            found = store.connection.execute(select(outbox).where(outbox.c.id > self.said).order_by(outbox.c.id)).all()
        self.said = found[-1].id if found else self.said
        return found


@pytest.fixture(scope="module")
def played(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> type[Wishes]:
    """The machine with a place for its databases."""
    Wishes.template, Wishes.folder = sqlite_template, tmp_path_factory.mktemp("wishes")
    return Wishes


def test_any_order_of_steps_keeps_wishes_in_order_and_private(played: type[Wishes]) -> None:
    run_state_machine_as_test(
        played,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
