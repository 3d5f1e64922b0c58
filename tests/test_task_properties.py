"""Any order of what people say and of time that passes: one taker a slot, no address for anybody else, nothing lost.

The whole program runs on a real database, from the message to the outbox: what stands there has been said. In the end
everybody falls silent, and every task still comes to an end.
"""

import os
import shutil
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import delete, select, update

from bot.app import open_database
from bot.desk import Desk
from bot.jobs import JOBS
from community.rules import CHINA, Rules
from community.tasks.doing import KIND, LONGEST_MINUTES
from community.tasks.fit import MOST_CLAIMS
from community.tasks.steps import ENDED, LEGAL, OPEN, Stage, Step
from handlers.messages import Incoming
from storage import inbox, tasks, volunteers
from storage.database import Database
from storage.tables import TaskState, as_read, event_series, hours, outbox, rotas, task_claims
from storage.tables import tasks as tasks_table
from storage.tasks import Claim, Task
from storage.volunteers import Volunteer
from tests.conftest import LONG_AGO
from tests.keys import KEYS

ORDERERS = ("resident-3-501", "elder-5-102")
UNCONFIRMED = "resident-12-401"
TAKERS = ("volunteer-hair", "volunteer-barber", "volunteer-student", UNCONFIRMED)
PEOPLE = (*ORDERERS, *TAKERS, "worker", "resident-9-302")
"""Those who order, those who may do it, one who works there, and one who has no part in it."""

GROUP = "志愿者之家"
NAMES = {"resident-3-501": "赵晓梅", "elder-5-102": "孙桂兰"}
SAYINGS = (
    *("接{task}", "接{task}", "接{task}", "接单", "我去", "接T001 T002 T003", "1", "1", "2", "3", "没空"),
    *(
        "退单{task} 有事",
        "退单",
        "办好了{task}",
        "办好了",
        "办好了{task} 2小时",
        "办好了{task} 99小时",
        "没来{task}",
        "没来",
    ),
    *("满意", "不满意", "{task}", "待接", "我的任务", "谢谢大家"),
)
OF_ORDERERS = ("取消{task}", "改{task} 后天下午", "没来{task}", "办好了{task}", "1", "2", "3", "没来", "说得不清楚")
OF_WHO_HAS_IT = (*["办好了{task}"] * 4, "办好了", "办好了{task} 2小时", "退单{task} 有事", "退单", "1", "2", "3")
OF_STAFF = (
    *("派{task}给曹秀英", "派{task}给贺三喜", "派{task}给没这人", "拉黑{task} 曹秀英 吵架", "不再匹配 孙桂兰 贺三喜"),
    *("{task}两人同行", "{task}一人就行", "待接", "未接任务", "超时任务", "取消{task} 不用了", "接{task}"),
)
WAITS = tuple(timedelta(hours=each) for each in (0.01, 0.5, 1, 3, 12, 26, 80))
SILENCE = timedelta(days=60)
MINUTE = timedelta(minutes=1)
EXAMPLES = 200 if os.environ.get("XIAOSHAN_LONG") else 40
STEPS = 30

who = st.sampled_from(PEOPLE)
taker = st.sampled_from(TAKERS)
orderer = st.sampled_from(ORDERERS)
which = st.integers(0, 5)


@dataclass(frozen=True, slots=True)
class Said:
    """Something in the outbox. No person: in a group."""

    person_id: str | None
    text: str


class Neighbours(RuleBasedStateMachine):
    """A few tasks, a few people, and whatever they say."""

    template: Path
    folder: Path
    runs = 0

    def __init__(self) -> None:
        super().__init__()
        type(self).runs += 1
        self.path = self.folder / f"{self.runs}.db"
        shutil.copy(self.template, self.path)
        self.database: Database = open_database(f"sqlite:///{self.path}", KEYS, None, LONG_AGO)
        jobs = [each for each in JOBS if each.name.startswith("tasks.")]
        self.desk = Desk(self.database, Rules(), {"pipe": "pipe"}, jobs)
        self.now = datetime(2026, 12, 1, 9, tzinfo=CHINA)
        self.messages = 0
        self.read = 0
        self.may_know: dict[int, set[str]] = {}
        with self.database.begin() as store:
            store.connection.execute(delete(rotas))
            store.connection.execute(update(event_series).values(ended_at=LONG_AGO))
            entry = Volunteer(
                UNCONFIRMED, "xingfu", "范守义", ("理发",), ("any",), self.now, None, None, None, False, None
            )
            volunteers.add(store, entry)
        self.desk.refresh()

    def teardown(self) -> None:
        try:
            self.fall_silent()
        finally:
            self.database.close()
            self.path.unlink()

    # --- what happens -----------------------------------------------------------------------------------------

    @initialize(count=st.integers(1, 3))
    def begin(self, count: int) -> None:
        for number in range(count):
            self.order(ORDERERS[number % 2], number % 3, 1 + number % 2, urgent=number == 2)

    @rule(who=orderer, kind=st.integers(0, 3), takers=st.integers(1, 2), urgent=st.booleans())
    def order(self, who: str, kind: int, takers: int, *, urgent: bool) -> None:
        """With a skill or without, with a time or without, at home or not."""
        if len(self.tasks()) > 6:
            return
        begins = self.now + timedelta(hours=(5, 30, 60)[kind % 3])
        with self.database.begin() as store:
            number = tasks.add(
                store,
                {
                    "node_id": "xingfu",
                    "orderer_id": who,
                    "ordered_by": who,
                    "what": "上门理发" if kind % 2 else "遛狗",
                    "words": "",
                    "skill": "理发" if kind % 2 else "",
                    "place_id": "building-3",
                    "at_home": kind != 2,
                    "takers": takers,
                    "urgent": urgent,
                    "from_at": begins if kind else None,
                    "until_at": begins + timedelta(hours=2) if kind else None,
                    "state": TaskState.ORDERED,
                    "ordered_at": self.now,
                    "changed_at": self.now,
                    "next_at": self.now,
                    "stage": Stage.NEXT_ROUND,
                },
            )
            tasks.change(store, number, address=_address(number), phone=_phone(number))
        self.may_know[number] = {who}
        self.knock()

    @rule(who=who, which=which, saying=st.sampled_from(SAYINGS), aloud=st.booleans())
    def anybody_says(self, who: str, which: int, saying: str, *, aloud: bool) -> None:
        self.say(who, which, saying, aloud=aloud)

    @rule(who=taker, which=which, saying=st.sampled_from(SAYINGS[:8]))
    def takers_accept(self, who: str, which: int, saying: str) -> None:
        self.say(who, which, saying)

    @rule(which=which, saying=st.sampled_from(OF_WHO_HAS_IT))
    def who_has_it_says(self, which: int, saying: str) -> None:
        """Whoever has promised one, mostly one that nobody is missing for."""
        states = {each.id: each.state for each in self.tasks()}
        standing = [each for each in self.claims() if each.given_back_at is None and states[each.task_id] in OPEN]
        full = [each for each in standing if states[each.task_id] is TaskState.CLAIMED] or standing
        if full:
            claim = full[which % len(full)]
            self.tell(claim.person_id, saying.format(task=f"T{claim.task_id:03d}"))

    @rule(which=which, saying=st.sampled_from(("1", "2", "3", "1 谢谢", "没来", "没来{task}")))
    def who_is_asked_how_it_was_says(self, which: int, saying: str) -> None:
        done = [each for each in self.tasks() if each.state is TaskState.DONE]
        if done:
            task = done[which % len(done)]
            self.tell(task.orderer_id, saying.format(task=task.number))

    @rule(who=orderer, which=which, saying=st.sampled_from(OF_ORDERERS))
    def orderers_say(self, who: str, which: int, saying: str) -> None:
        self.say(who, which, saying)

    @rule(which=which, saying=st.sampled_from(OF_STAFF), who=st.sampled_from(("worker", "worker", ORDERERS[0])))
    def staff_say(self, which: int, saying: str, who: str) -> None:
        self.say(who, which, saying)

    @rule(who=taker)
    def somebody_leaves(self, who: str) -> None:
        self.say(who, 0, "退出志愿者")

    @rule(wait=st.sampled_from(WAITS))
    def wait(self, wait: timedelta) -> None:
        """The scheduler does what falls due on the way, each at its time."""
        until = self.now + wait
        times = 0
        while (due := self.next_due()) is not None and due <= until:
            self.now = max(self.now, due)
            self.knock()
            times += 1
            assert times < 500, f"{due} stays due"
        self.now = until

    def fall_silent(self) -> None:
        """Nobody says anything any more: whatever was ordered comes to an end, and is said."""
        self.wait(SILENCE)
        self.everything_is_in_order()
        for task in self.tasks():
            assert task.state in ENDED, f"{task.number} is {task.state} for ever"

    # --- what always holds ------------------------------------------------------------------------------------

    @invariant()
    def everything_is_in_order(self) -> None:
        claims = self.claims()
        for task in self.tasks():
            standing = [each for each in claims if each.task_id == task.id and each.given_back_at is None]
            self._claims_are_in_order(task, standing)
            self._is_looked_after(task)
            self._log_leads_to(task)
        self._nobody_has_too_many(claims)
        self._hours_are_given_once(claims)

    def _claims_are_in_order(self, task: Task, standing: list[Claim]) -> None:
        assert len({each.person_id for each in standing}) == len({each.slot for each in standing}) == len(standing)
        assert {each.slot for each in standing} <= {1, 2}
        assert task.orderer_id not in {each.person_id for each in standing}
        if task.state in (TaskState.CLAIMED, TaskState.DONE, TaskState.RATED):
            assert len(standing) == task.takers
        if task.state is TaskState.ORDERED:
            assert len(standing) < task.takers
        if task.at_home:
            assert UNCONFIRMED not in {each.person_id for each in standing}

    def _is_looked_after(self, task: Task) -> None:
        if task.state in ENDED:
            assert (task.next_at, task.stage) == (None, "")
            assert task.ended_at is not None
        else:
            assert task.next_at is not None, "nobody looks at it any more"
            assert task.next_at > self.now - MINUTE or self.next_due() is not None
            assert task.ended_at is None

    def _log_leads_to(self, task: Task) -> None:
        with self.database.begin() as store:
            lines = tasks.lines(store, task.id)
        state = TaskState.ORDERED
        for line in lines:
            state = LEGAL.get(Step(line.step), {}).get(state, state)
        assert state is task.state

    def _nobody_has_too_many(self, claims: list[Claim]) -> None:
        open_ones = {each.id for each in self.tasks() if each.state in OPEN}
        standing = Counter(each.person_id for each in claims if each.task_id in open_ones and not each.given_back_at)
        assert all(count <= MOST_CLAIMS + 1 for count in standing.values())  # NOT_DONE may give one back to them

    def _hours_are_given_once(self, claims: list[Claim]) -> None:
        rated = {each.id for each in self.tasks() if each.state is TaskState.RATED}
        due = Counter(each.person_id for each in claims if each.task_id in rated and each.given_back_at is None)
        with self.database.begin() as store:
            found = store.connection.execute(select(hours.c.person_id, hours.c.minutes).where(hours.c.kind == KIND))
            rows = [(person_id, minutes) for person_id, minutes in found]
        assert Counter(person_id for person_id, _ in rows) == due
        assert all(0 < minutes <= LONGEST_MINUTES for _, minutes in rows)

    # --- what was said ----------------------------------------------------------------------------------------

    def _nothing_private_was_said(self) -> None:
        """Address and phone to the takers alone once nobody is missing; the orderer's name to them and to staff."""
        for task in self.tasks():
            standing = [each for each in self.claims() if each.task_id == task.id and each.given_back_at is None]
            if len(standing) >= task.takers:
                self.may_know[task.id] |= {each.person_id for each in standing}
        for said in self._new():
            for task in self.tasks():
                if _address(task.id) in said.text or _phone(task.id) in said.text:
                    assert said.person_id in self.may_know[task.id], f"{said} must not know {task.number}"
            for orderer_id, name in NAMES.items():
                if name in said.text:
                    theirs = [self.may_know[each.id] for each in self.tasks() if each.orderer_id == orderer_id]
                    assert said.person_id in {"worker", "worker-2", orderer_id}.union(*theirs), f"{said}"

    def _new(self) -> list[Said]:
        columns = (outbox.c.id, outbox.c.person_id, outbox.c.text)
        with self.database.begin() as store:
            rows = store.connection.execute(select(*columns).where(outbox.c.id > self.read).order_by(outbox.c.id)).all()
        self.read = max((row[0] for row in rows), default=self.read)
        return [Said(row[1], row[2]) for row in rows]

    # --- helpers ----------------------------------------------------------------------------------------------

    def say(self, who: str, which: int, saying: str, *, aloud: bool = False) -> None:
        """One message, privately or in the volunteers' group, and whatever is said to it."""
        found = self.tasks()
        number = found[which % len(found)].number if which < 5 else "T999"
        self.tell(who, saying.format(task=number), aloud=aloud)

    def tell(self, who: str, text: str, *, aloud: bool = False) -> None:
        """The same in so many words."""
        self.messages += 1
        self.now += timedelta(seconds=1)
        incoming = Incoming(
            channel="pipe",
            account="pipe",
            external_id=f"m{self.messages}",
            group=GROUP if aloud else None,
            sender=who,
            sender_name=who,
            text=text,
            sent_at=self.now,
            received_at=self.now,
        )
        self.desk.handle([incoming])
        self._nothing_private_was_said()
        assert not self._failed(), f"{who}: {text}"

    def _failed(self) -> bool:
        with self.desk.transaction() as (store, _):
            return inbox.next_leftover(store) is not None

    def knock(self) -> None:
        self.desk.run_jobs(self.now)
        assert not self.desk._resting, "a job failed"
        self._nothing_private_was_said()

    def next_due(self) -> datetime | None:
        with self.database.begin() as store:
            return tasks.next_due(store)

    def tasks(self) -> list[Task]:
        with self.database.begin() as store:
            rows = store.connection.execute(select(*as_read(tasks_table)).order_by(tasks_table.c.id))
            return [Task(*row) for row in rows]

    def claims(self) -> list[Claim]:
        with self.database.begin() as store:
            return [Claim(*row) for row in store.connection.execute(select(*task_claims.c).order_by(task_claims.c.id))]


def _address(number: int) -> str:
    return f"翠竹巷{number}08室"


def _phone(number: int) -> str:
    return f"1390000000{number}"


@pytest.fixture(scope="module")
def played(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> type[Neighbours]:
    """The machine with a place for its databases."""
    Neighbours.template, Neighbours.folder = sqlite_template, tmp_path_factory.mktemp("tasks")
    return Neighbours


def test_any_order_of_steps_keeps_what_is_private_and_loses_nothing(played: type[Neighbours]) -> None:
    run_state_machine_as_test(
        played,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
