"""Quizzes: nobody hears of an answer too early, a person answers once, and a quiz outlives a bot that was away."""

import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError

from bot.app import open_database
from bot.desk import Desk, InlineDesk
from bot.intake import Intake
from bot.jobs import JOBS
from bot.photos import Photos
from community.people import Person
from community.quiz_file import QuizEntry
from community.quizzes import Quizzes
from community.quizzes.asking import LATEST, fastest
from community.quizzes.bank import Bank
from community.quizzes.outcomes import Asked, BrokenOff, Closed, Ended, Happened, Planned, Taken, TakenBefore, Wanted
from community.refused import Refused
from community.rules import CHINA, Rules
from community.tree import Group, Tree
from handlers.messages import Incoming, say
from handlers.quizzes.answering import _Reader, may_be
from handlers.quizzes.wanted import Request, read_request
from handlers.quizzes.wording import counted, masked, span
from handlers.routing import Listening, router
from storage import quizzes, tree
from storage.database import Database, Store
from storage.quizzes import Answer, Question
from storage.tables import EventState, events, inbox, outbox, quiz_answers
from tests.conftest import LONG_AGO
from tests.dialogue import with_bank, without_rota, without_series
from tests.keys import KEYS

NOW = datetime(2026, 12, 5, 9, tzinfo=CHINA)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
RULES = Rules()
GROUP = "天天向善"
WORKER, OTHER_WORKER = Person("worker", "杨帆"), Person("worker-2", "林小燕")
ZHAO, SUN, TANG = (
    Person("resident-3-501", "赵晓梅"),
    Person("elder-5-102", "孙桂兰"),
    Person("resident-1-201", "唐佳怡"),
)
PATIENCE = 60
"""Seconds after which those who wait for each other are said to wait for ever."""


# --- the services on their own ------------------------------------------------------------------------------------


def services(store: Store) -> Quizzes:
    grown = Tree.grow(tree.all_nodes(store), tree.all_roles(store), tree.all_groups(store))
    return Quizzes.open(store, grown, RULES)


@contextmanager
def service(database: Database) -> Iterator[Quizzes]:
    """The services within one transaction."""
    with database.begin() as store:
        yield services(store)


def group(all_: Quizzes) -> Group:
    return all_.asking.tree.groups["pipe", GROUP]


def started(database: Database, questions: int = 2, winners: int = 3, at: datetime | None = None) -> int:
    """A quiz that the worker starts, now or at a time. Gives its id."""
    with_bank(database)
    with service(database) as all_:
        wanted = Wanted(group(all_), questions, winners, "小礼品", starts_at=at)
        return all_.asking.start(wanted, WORKER, NOW).quiz.id


def first(question: Question) -> int:
    return 1


def right(question: Question) -> int:
    return question.answer


def answer(database: Database, quiz_id: int, person: Person, at: datetime, read: Callable[[Question], int]) -> object:
    with service(database) as all_:
        return all_.answering.answer_in(quiz_id, person, read, at)


def run(database: Database, now: datetime) -> list[Happened]:
    with service(database) as all_:
        return all_.asking.run(now)


# --- what is promised about time ----------------------------------------------------------------------------------


def test_an_answer_before_the_question_is_closed_counts_however_late(database: Database) -> None:
    quiz = started(database)
    assert isinstance(answer(database, quiz, ZHAO, NOW + 5 * MINUTE, right), Taken)
    (closed,) = run(database, NOW + 5 * MINUTE)
    assert isinstance(closed, Closed)
    assert [each.person_id for each in closed.winners] == [ZHAO.id]


def test_nothing_happens_before_its_time_and_nothing_twice(database: Database) -> None:
    started(database)
    assert run(database, NOW + RULES.quiz_open - SECOND) == []
    assert [type(each) for each in run(database, NOW + RULES.quiz_open)] == [Closed]
    assert run(database, NOW + RULES.quiz_open) == []
    with service(database) as all_:
        assert all_.asking.next_due() == NOW + RULES.quiz_open + RULES.quiz_pause


def test_the_next_question_has_its_whole_time_after_a_short_absence(database: Database) -> None:
    started(database)
    run(database, NOW + RULES.quiz_open)
    back = NOW + 9 * MINUTE
    (asked,) = run(database, back)
    assert isinstance(asked, Asked)
    assert (asked.question.position, asked.quiz.next_at) == (2, back + RULES.quiz_open)


def test_a_quiz_ends_when_nobody_waits_for_the_next_question_any_more(database: Database) -> None:
    started(database)
    run(database, NOW + RULES.quiz_open)
    (broken,) = run(database, NOW + RULES.quiz_open + RULES.quiz_pause + LATEST + SECOND)
    assert isinstance(broken, BrokenOff)
    assert broken.begun
    assert run(database, NOW + timedelta(days=1)) == []


def test_a_question_that_nobody_saw_ends_the_quiz_without_its_answer(database: Database) -> None:
    started(database)
    assert [type(each) for each in run(database, NOW + RULES.quiz_open + LATEST + SECOND)] == [BrokenOff]


def test_a_question_that_was_answered_gets_its_result_after_a_long_absence(database: Database) -> None:
    quiz = started(database, questions=1)
    answer(database, quiz, ZHAO, NOW + SECOND, right)
    assert [type(each) for each in run(database, NOW + timedelta(hours=1))] == [Closed, Ended]


@pytest.mark.parametrize(("late", "what"), [(9 * MINUTE, Asked), (11 * MINUTE, BrokenOff)])
def test_a_planned_quiz_begins_late_or_not_at_all(database: Database, late: timedelta, what: type[Happened]) -> None:
    begins = NOW + timedelta(hours=1)
    started(database, at=begins)
    (happened,) = run(database, begins + late)
    assert isinstance(happened, what)
    if isinstance(happened, BrokenOff):
        assert not happened.begun


# --- the bank -----------------------------------------------------------------------------------------------------


def test_what_was_not_asked_for_longest_comes_first(database: Database) -> None:
    with_bank(database)
    asked: list[str] = []
    for number in range(6):
        with service(database) as all_:
            at = NOW + number * timedelta(minutes=10)
            quiz = all_.asking.start(Wanted(group(all_), 4, 3, "小礼品"), WORKER, at).quiz
            asked += [each.words for each in quizzes.questions_of(all_.asking.store, quiz.id)]
            all_.asking.stop(group(all_), WORKER, at + MINUTE)
    assert len(set(asked[:12])) == 12, "all of the bank before any comes again"
    assert asked[12:] == asked[:12]


def test_a_question_that_is_open_in_one_group_is_not_asked_in_another(database: Database) -> None:
    started(database, questions=10)
    with service(database) as all_:
        other = all_.asking.tree.groups["pipe", "志愿者之家"]
        with pytest.raises(Refused) as refused:
            all_.asking.start(Wanted(other, 3, 3, "小礼品"), OTHER_WORKER, NOW)
        assert (refused.value.key, refused.value.values["there"]) == ("quizzes.too_few", 2)
        all_.asking.start(Wanted(other, 2, 3, "小礼品"), OTHER_WORKER, NOW)
        found = [each.words for each in quizzes.questions_of(all_.asking.store, 2)]
        assert not set(found) & {each.words for each in quizzes.questions_of(all_.asking.store, 1)}


def test_a_question_that_is_corrected_is_asked_as_it_is_now(database: Database) -> None:
    with database.begin() as store:
        Bank(store).take_over("xingfu", [QuizEntry("", "题", ("甲", "乙"), 1)], LONG_AGO)
    with service(database) as all_:
        all_.asking.start(Wanted(group(all_), 1, 1, "小礼品", starts_at=NOW + MINUTE), WORKER, NOW)
    with database.begin() as store:
        Bank(store).take_over("xingfu", [QuizEntry("", "题", ("甲", "乙", "丙"), 3)], NOW)
    (asked,) = run(database, NOW + MINUTE)
    assert isinstance(asked, Asked)
    assert (asked.question.options, asked.question.answer) == (("甲", "乙", "丙"), 3)


def test_no_bank_no_quiz(database: Database) -> None:
    with service(database) as all_, pytest.raises(Refused, match=r"quizzes\.empty_bank"):
        all_.asking.start(Wanted(group(all_), 3, 3, "小礼品"), WORKER, NOW)


# --- who may ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("begins", "state", "may"),
    [
        (NOW.replace(hour=15), EventState.OPEN, True),
        (NOW.replace(hour=8), EventState.OPEN, True),
        (NOW + timedelta(days=1), EventState.OPEN, False),
        (NOW - timedelta(days=1), EventState.OPEN, False),
        (NOW.replace(hour=15), EventState.CANCELLED, False),
    ],
)
def test_the_leader_of_an_open_event_may_on_its_day(
    database: Database, begins: datetime, state: EventState, may: bool
) -> None:
    with_bank(database)
    with database.begin() as store:
        event = {"planned_on": date(2026, 12, 5), "node_id": "xingfu", "name": "雷锋集市", "place": "文化广场"}
        event |= {"begins_at": begins, "ends_at": begins + timedelta(hours=2), "leader_id": ZHAO.id, "state": state}
        store.connection.execute(insert(events), event | {"code": "4821", "changed_at": NOW, "bring": "", "stage": ""})
    with service(database) as all_:
        assert all_.asking.may_run(ZHAO, "xingfu", NOW) is may
        assert not all_.asking.may_run(SUN, "xingfu", NOW)
        if not may:
            return
        asked = all_.asking.start(Wanted(group(all_), 1, 3, "小礼品"), ZHAO, NOW)
        assert isinstance(asked, Asked)
        all_.answering.answer_in(asked.quiz.id, SUN, right, NOW + SECOND)
        (closed, _) = all_.asking.run(NOW + RULES.quiz_open)
        assert isinstance(closed, Closed)
        assert closed.where == "文化广场", "prizes are where the event is"


def test_fastest_are_the_first_who_have_not_won() -> None:
    answers = [Answer(name, name, 1, NOW) for name in "甲乙丙丁"]
    assert [each.name for each in fastest(answers, frozenset("乙"), 2)] == ["甲", "丙"]
    assert fastest(answers, frozenset("甲乙丙丁"), 2) == ()


# --- at the same moment -------------------------------------------------------------------------------------------


def in_threads(database: Database, acts: Sequence[Callable[[Quizzes], object]]) -> list[object]:
    """What comes of each act, in a thread with an engine of its own; all begin together. Of a refusal its key."""
    together = threading.Barrier(len(acts))
    url = database.url.render_as_string(hide_password=False)

    def one(act: Callable[[Quizzes], object]) -> object:
        with closing(Database(url, KEYS)) as own:
            together.wait(PATIENCE)
            with own.begin() as store:
                try:
                    return act(services(store))
                except Refused as refused:
                    return refused.key

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(one, acts, timeout=PATIENCE))


def test_of_many_answers_of_one_person_at_once_one_counts(database: Database) -> None:
    quiz = started(database)
    acts = [lambda all_: all_.answering.answer_in(quiz, ZHAO, first, NOW + SECOND)] * 6
    outcomes = in_threads(database, acts)
    assert sorted(type(each).__name__ for each in outcomes) == [Taken.__name__] + [TakenBefore.__name__] * 5
    with database.begin() as store:
        assert store.connection.execute(select(func.count()).select_from(quiz_answers)).scalar_one() == 1


def test_the_database_itself_refuses_a_second_answer(database: Database) -> None:
    quiz = started(database)
    answer(database, quiz, ZHAO, NOW + SECOND, first)
    with pytest.raises(IntegrityError), database.begin() as store:
        question = quizzes.questions_of(store, quiz)[0]
        quizzes.add_answer(store, question.id, ZHAO.id, 2, NOW + MINUTE)


def test_no_answer_slips_in_behind_the_result(database: Database) -> None:
    quiz = started(database, questions=1, winners=20)
    people = [ZHAO, SUN, TANG, OTHER_WORKER]
    acts: list[Callable[[Quizzes], object]] = [
        lambda all_, person=person: all_.answering.answer_in(quiz, person, right, NOW + RULES.quiz_open)  # type: ignore[misc]
        for person in people
    ]
    *taken, happened = in_threads(database, [*acts, lambda all_: all_.asking.run(NOW + RULES.quiz_open)])
    assert isinstance(happened, list)
    closed = happened[0]
    assert len(closed.winners) == sum(isinstance(each, Taken) for each in taken)


def test_two_who_start_at_once_start_one(database: Database) -> None:
    with_bank(database)
    acts: list[Callable[[Quizzes], object]] = [
        lambda all_, person=person: all_.asking.start(Wanted(group(all_), 2, 3, "小礼品"), person, NOW)  # type: ignore[misc]
        for person in (WORKER, OTHER_WORKER)
    ]
    outcomes = in_threads(database, acts)
    assert sorted(each if isinstance(each, str) else "asked" for each in outcomes) == ["asked", "quizzes.runs_already"]


def test_two_jobs_at_once_close_a_question_once(database: Database) -> None:
    started(database)
    happened = in_threads(database, [lambda all_: all_.asking.run(NOW + RULES.quiz_open)] * 3)
    assert sorted(len(each) for each in happened if isinstance(each, list)) == [0, 0, 1]


# --- no answer before its time ------------------------------------------------------------------------------------


@dataclass(slots=True)
class Talk:
    """The whole program under a clock; what it says is read from the outbox."""

    desk: Desk
    clock: datetime = NOW
    _said: int = field(default=0)
    _numbers: int = field(default=0)

    def say(self, who: str, text: str, where: str | None = None) -> list[tuple[str, str]]:
        """What the bot says to it: to whom, and the words."""
        self.clock += SECOND
        self._numbers += 1
        mentions = where is not None and text.startswith("@")
        incoming = Incoming(
            "pipe", "pipe", f"m{self._numbers}", where, who, who, text, self.clock, self.clock, mentions
        )
        self.desk.handle([incoming])
        return self.heard()

    def wait(self, length: timedelta) -> list[tuple[str, str]]:
        """Time passes, and what is due is done when it is due."""
        until = self.clock + length
        while (due := self.desk.next_due()) is not None and due <= until:
            self.clock = max(self.clock, due)
            self.desk.run_jobs(self.clock)
        self.clock = until
        return self.heard()

    def heard(self) -> list[tuple[str, str]]:
        wanted = select(outbox.c.id, outbox.c.group_external_id, outbox.c.to_external_id, outbox.c.text)
        with self.desk.database.begin() as store:
            found = store.connection.execute(wanted.where(outbox.c.id > self._said).order_by(outbox.c.id)).all()
        self._said = found[-1][0] if found else self._said
        return [(row[1] or row[2], row[3]) for row in found]


SAYINGS = (
    *("A", "b", "选C", "D", "E", "AB", "1", "2", "3", "9", "我选第二个", "最后一个", "B. 乙选项", "乙选项", "丙选项"),
    *(
        "领奖名单",
        "领奖",
        "领奖 赵晓梅",
        "我的奖品",
        "停止问答",
        "开始问答",
        "问答 明天9点 1题",
        "帮助",
        "查",
        "人工",
        "取消",
    ),
    *("答案是什么", "第1题答案", "答案是B", "谁答对了", "第2题B", "返回", "几点公布"),
)
WHO = ("resident-3-501", "elder-5-102", "worker", "worker-2", "admin", "stranger")
steps = st.lists(
    st.tuples(st.sampled_from(WHO), st.sampled_from(SAYINGS), st.sampled_from((None, None, GROUP))), max_size=14
)


def bank_with(answer: int) -> list[QuizEntry]:
    options = ("甲选项", "乙选项", "丙选项", "丁选项")
    return [QuizEntry("", f"问题{number}", options, answer) for number in (1, 2, 3)]


def told(folder: Path, template: Path, answer: int, script: Sequence[tuple[str, str, str | None]], at: int) -> object:
    """All that anybody hears while the question at a position is open."""
    path = folder / f"quiz-{answer}.db"
    shutil.copy(template, path)
    database = open_database(f"sqlite:///{path}", KEYS, None, LONG_AGO)
    try:
        without_rota(database)
        without_series(database)
        with database.begin() as store:
            Bank(store).take_over("xingfu", bank_with(answer), LONG_AGO)
        talk = Talk(Desk(database, RULES, {"pipe": "pipe"}, JOBS))
        heard = talk.say("worker", "开始问答 2题", GROUP)
        assert "甲选项" in heard[-1][1], heard
        if at == 2:
            talk.wait(RULES.quiz_open + RULES.quiz_pause)
        return [talk.say(*step) for step in script]
    finally:
        database.close()


@pytest.mark.parametrize("position", [1, 2])
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(script=steps)
def test_what_is_heard_does_not_depend_on_the_answer_before_its_time(
    tmp_path: Path, sqlite_template: Path, position: int, script: list[tuple[str, str, str | None]]
) -> None:
    """Whichever option is right: whatever people say while the question is open, everybody hears the same words."""
    one, other = (told(tmp_path, sqlite_template, answer, script, position) for answer in (2, 3))
    assert one == other


def test_the_answer_is_told_at_the_end(sqlite_database: Database) -> None:
    """Otherwise the test before this one would prove nothing."""
    with sqlite_database.begin() as store:
        Bank(store).take_over("xingfu", bank_with(3), LONG_AGO)
    without_series(sqlite_database)
    talk = Talk(Desk(sqlite_database, RULES, {"pipe": "pipe"}, JOBS))
    talk.say("worker", "开始问答 1题", GROUP)
    talk.say("resident-3-501", "丙选项")
    said = talk.wait(RULES.quiz_open)
    assert said[0] == (GROUP, "第1题答案C(丙选项)。答对最快的一位:赵**。")


def test_no_group_reads_a_name(sqlite_database: Database) -> None:
    with_bank(sqlite_database)
    without_series(sqlite_database)
    talk = Talk(Desk(sqlite_database, RULES, {"pipe": "pipe"}, JOBS))
    said = talk.say("worker", "开始问答 3题", GROUP)
    for _ in range(3):
        for person in ("resident-3-501", "elder-5-102", "resident-1-201", "worker-2"):
            for letter in "ABCD":
                talk.say(person, letter)
        said += talk.wait(RULES.quiz_open + RULES.quiz_pause)
    said += talk.say("worker", "@小善 领奖名单", GROUP)
    in_group = "".join(words for to, words in said if to == GROUP)
    assert in_group
    assert not any(name in in_group for name in ("赵晓梅", "孙桂兰", "唐佳怡", "林小燕"))


# --- the ear ------------------------------------------------------------------------------------------------------


QUESTION = Question(1, 1, 2, "题", ("96110", "打110", "不知道", "12345"), 1, NOW, None)


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        *(("B", 2), ("b", 2), ("b。", 2), ("选B", 2), ("我选B", 2), ("答案是B", 2), ("我觉得是c吧", 3), ("(D)", 4)),
        *(("2", 2), ("第二个", 2), ("我选第二个", 2), ("最后一个", 4), ("选3", 3), ("F", 6), ("9", 9), ("8", 8)),
        *(("96110", 1), ("打110", 2), ("B. 打110", 2), ("B 打110", 2), ("第2题B", 2), ("第二题选D", 4), ("第1题B", 0)),
        *(("AB", 99), ("A和B", 99), ("a还是c", 99), ("B 96110", None), ("好的", None), ("电梯坏了", None)),
    ],
)
def test_what_counts_as_an_answer(text: str, choice: int | None) -> None:
    assert _Reader(text)(QUESTION) == choice


@pytest.mark.parametrize(
    "text", ["好的", "收到", "谢谢", "查 0001", "B栋电梯坏了", "a栋没水", "取消", "1号楼漏水", "", "C" * 90]
)
def test_talk_is_no_answer(text: str) -> None:
    assert not may_be(text)


async def test_a_letter_in_the_group_is_heard_only_while_a_quiz_runs(sqlite_database: Database, tmp_path: Path) -> None:
    with_bank(sqlite_database)
    desk = Desk(sqlite_database, RULES, {"pipe": "pipe"}, JOBS)
    desk.refresh()
    intake = Intake(InlineDesk(desk), RULES, Photos(tmp_path))

    async def heard(number: int, text: str, where: str = GROUP) -> bool:
        incoming = Incoming("pipe", "pipe", f"i{number}", where, ZHAO.id, ZHAO.name, text, NOW, NOW)
        return await intake.receive(incoming)

    assert not await heard(1, "B")
    started(sqlite_database)
    assert await heard(2, "B")
    assert await heard(3, "选2")
    assert not await heard(4, "B", "志愿者之家")
    assert not await heard(5, "大家好")
    with sqlite_database.begin() as store:
        kept = store.connection.execute(select(inbox.c.text).order_by(inbox.c.id)).scalars().all()
        said = store.connection.execute(select(outbox.c.to_external_id, outbox.c.text)).all()
    assert list(kept) == ["B", "选2"], "what is not for the bot is not kept"
    assert [tuple(row) for row in said] == [(ZHAO.id, "群里的不算,请私下回我。")]


def test_bare_words_are_taken_before_commands_where_they_look_like_it_and_else_at_last(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table is for every service: here for one that takes 帮助 at once, and 天气 where nothing else has."""
    asked: list[str] = []

    def take(message: object, community: object, owed: object) -> list[object] | None:
        text = str(getattr(message, "text", ""))
        asked.append(text)
        return [say("quizzes.too_late")] if text in ("帮助", "天气") else None

    listening = Listening(lambda text: text == "帮助", lambda *_: True, take)  # type: ignore[arg-type]
    monkeypatch.setattr(router, "listening", [listening])
    talk = Talk(Desk(sqlite_database, RULES, {"pipe": "pipe"}))
    too_late = [(ZHAO.id, "这题已经截止了。等下一题吧。")]
    assert talk.say(ZHAO.id, "帮助") == too_late
    assert talk.say(ZHAO.id, "天气") == too_late
    assert "没太明白" in talk.say(ZHAO.id, "嘀嘀嗒")[0][1]
    talk.say(ZHAO.id, "查 0001")
    assert asked == ["帮助", "天气", "嘀嘀嗒"], "a command is not offered"


# --- the wish for a quiz ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "request_"),
    [
        ("", Request(3, 3, "", "", None)),
        ("5题", Request(5, 3, "", "", None)),
        ("三题 奖品 洗衣液 两名", Request(3, 2, "洗衣液", "", None)),
        ("3题 奖品洗衣液 3名", Request(3, 3, "洗衣液", "", None)),
        ("十道题,每题前5名,奖品是毛巾", Request(10, 5, "毛巾", "", None)),
        ("反诈 4题", Request(4, 3, "", "反诈", None)),
        ("关于反诈的 4道题", Request(4, 3, "", "反诈", None)),
        ("天文", Request(3, 3, "", "天文", None)),
        ("12月6日9点30 3题", Request(3, 3, "", "", datetime(2026, 12, 6, 9, 30, tzinfo=CHINA))),
        ("天天向善 明天下午3点 反诈", Request(3, 3, "", "反诈", datetime(2026, 12, 6, 15, tzinfo=CHINA))),
        ("现在 99题", Request(99, 3, "", "", None)),
        ("-3题 0名", Request(-3, 0, "", "", None)),
    ],
)
def test_what_is_wanted(words: str, request_: Request) -> None:
    assert read_request(words, NOW, [GROUP], ["反诈", "安全"]) == request_


@pytest.mark.parametrize(
    ("words", "key"),
    [("明天上午", "which_hour"), ("12月6日", "which_hour"), ("奖品 100元", "no_money"), ("奖品 红包", "no_money")],
)
def test_what_is_not_to_be(words: str, key: str) -> None:
    with pytest.raises(Refused) as refused:
        read_request(words, NOW, [GROUP], ["反诈"])
    assert refused.value.key == f"quizzes.{key}"


@given(st.text(max_size=60))
def test_any_words_are_read(words: str) -> None:
    try:
        found = read_request(words, NOW, [GROUP], ["反诈"])
    except Refused as refused:
        assert refused.key in ("quizzes.which_hour", "quizzes.no_money")
    else:
        assert isinstance(found, Request)


@pytest.mark.parametrize(("name", "shown"), [("王芳", "王**"), ("欧阳娜娜", "欧阳**"), ("小李", "小**"), ("A", "A**")])
def test_a_name_in_a_group_is_masked(name: str, shown: str) -> None:
    assert masked(name) == shown


def test_small_numbers_and_spans_in_words() -> None:
    assert [counted(number) for number in (1, 2, 3, 10, 12)] == ["一", "两", "三", "十", "12"]
    assert [span(timedelta(seconds=seconds)) for seconds in (120, 90)] == ["2分钟", "90秒"]


def test_a_planned_quiz_is_an_outcome_of_its_own(database: Database) -> None:
    with_bank(database)
    with service(database) as all_:
        planned = all_.asking.start(Wanted(group(all_), 3, 3, "小礼品", starts_at=NOW + MINUTE), WORKER, NOW)
        assert isinstance(planned, Planned)
        assert all_.asking.next_due() == NOW + MINUTE
