"""Any versions of chains, with sign-ups by chat in between: places stay in order, and nothing is taken over twice."""

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.app import open_database
from community import Community
from community.market.outcomes import SignUp, SignUpState
from community.rules import CHINA, Rules
from community.tree import Tree
from handlers.conversation import Response, respond
from handlers.hearing.chain import read_chain
from handlers.messages import Incoming
from storage import chains, market, sign_ups, tree
from storage.database import Database
from tests.conftest import LONG_AGO
from tests.keys import KEYS

CHAINS = Path(__file__).parent / "chains"
TEXTS = {path.stem: path.read_text(encoding="utf-8") for path in sorted(CHAINS.glob("*.txt"))}
GROUP, NOW = "天天向善", datetime(2026, 12, 7, 9, 30, tzinfo=CHINA)
PEOPLE = ("resident-3-501", "resident-1-201", "volunteer-repair", "volunteer-medical", "worker-2")
NAMES = ("王姐", "老李", "许大勇", "邓雅琴", "赵晓梅", "静水流深", "", "王姐")
STALLS = ("政策咨询", "政策咨询", "政策咨询", "缝补", "有奖问答", "", "缝补或者修家电", "跳舞")
COUNTS = ("", "", "", " 2人", "+1", " 7人", " 99人")
TOPICS = ("12月12日雷锋集市志愿者", "集市帮忙")
PLACES = (SignUpState.HELD, SignUpState.OFFERED)

parts = st.tuples(st.sampled_from(NAMES), st.sampled_from(STALLS), st.sampled_from(COUNTS))
entry = parts.map(lambda said: f"{said[0]} {said[1]}{said[2]}".strip())
who = st.sampled_from(PEOPLE)
at = st.integers(0, 12)


@dataclass(slots=True)
class Chat:
    """A group with one market, and what its people write."""

    database: Database
    grown: Tree
    now: datetime = NOW
    written: dict[str, list[str]] = field(default_factory=lambda: {topic: [] for topic in TOPICS})

    def say(self, text: str, person: str, group: str | None = None) -> Response:
        self.now += timedelta(seconds=20)
        incoming = Incoming("pipe", "pipe", str(self.now), group, person, person, text, self.now, self.now)
        with self.database.begin() as store:
            return respond(incoming, Community.open(store, self.grown, Rules(), {"pipe": "pipe"}))

    def rows(self) -> list[SignUp]:
        with self.database.begin() as store:
            return sign_ups.of_event(store, 1)

    def entries(self) -> object:
        with self.database.begin() as store:
            return [(each.topic, each.entries) for each in chains.of_event(store, 1)]

    def post(self, topic: str, person: str, *, cut: bool = False) -> None:
        lines = [f"{number}. {each}" for number, each in enumerate(self.written[topic], start=1)]
        shown = [*lines[: max(1, len(lines) // 2)], "\u2026\u2026"] if cut else lines
        self.say("\n".join([f"#接龙\n{topic}\n", *shown]), person, GROUP)


@pytest.fixture(scope="module")
def opened(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo community with one market on 12 December."""
    path = tmp_path_factory.mktemp("chains") / "market.db"
    shutil.copy(sqlite_template, path)
    with _chat(path) as chat:
        chat.say("发起 雷锋集市 12月12日9点 文化广场", "worker")
        with chat.database.begin() as store:
            community = Community.open(store, chat.grown, Rules(), {"pipe": "pipe"})
            person = community.people.by_id("worker")
            assert person is not None
            community.market.opening.publish(1, person, NOW)
    return path


@contextmanager
def _chat(path: Path) -> Iterator[Chat]:
    """A chat on a database file, closed at the end."""
    database = open_database(f"sqlite:///{path}", KEYS, None, LONG_AGO)
    with database.begin() as store:
        grown = Tree.grow(tree.all_nodes(store), tree.all_roles(store), tree.all_groups(store))
    yield Chat(database, grown)
    database.close()


def _join(chat: Chat, topic: str, person: str, where: int, text: str) -> None:
    chat.written[topic].append(text)
    chat.post(topic, person)


def _leave(chat: Chat, topic: str, person: str, where: int, text: str) -> None:
    if chat.written[topic]:
        chat.written[topic].pop(where % len(chat.written[topic]))
        chat.post(topic, person)


def _edit(chat: Chat, topic: str, person: str, where: int, text: str) -> None:
    if chat.written[topic]:
        chat.written[topic][where % len(chat.written[topic])] = text
        chat.post(topic, person)


def _double(chat: Chat, topic: str, person: str, where: int, text: str) -> None:
    if chat.written[topic]:
        chat.written[topic].append(chat.written[topic][where % len(chat.written[topic])])
        chat.post(topic, person)


def _turn_round(chat: Chat, topic: str, person: str, where: int, text: str) -> None:
    chat.written[topic].reverse()
    chat.post(topic, person)


def _cut_off(chat: Chat, topic: str, person: str, where: int, text: str) -> None:
    chat.post(topic, person, cut=True)


def _many(chat: Chat, topic: str, person: str, where: int, text: str) -> None:
    chat.written[topic] += [text, f"{text} 9点到", "老周 政策咨询", "刘芳 政策咨询 3人"]
    chat.post(topic, person)


def _by_chat(chat: Chat, topic: str, person: str, where: int, text: str) -> None:
    chat.say(f"报名 {STALLS[where % len(STALLS)]}", person)


def _leave_by_chat(chat: Chat, topic: str, person: str, where: int, text: str) -> None:
    chat.say("取消报名", person)


def _answer(chat: Chat, topic: str, person: str, where: int, text: str) -> None:
    chat.say(str(1 + where % 3), person)


def _wait(chat: Chat, topic: str, person: str, where: int, text: str) -> None:
    chat.now += timedelta(minutes=5)


STEPS: Sequence[Callable[[Chat, str, str, int, str], None]] = (
    *(_join, _join, _join, _leave, _leave, _edit, _edit, _double, _turn_round, _cut_off, _many),
    *(_by_chat, _leave_by_chat, _answer, _wait),
)
step = st.tuples(st.sampled_from(STEPS), st.sampled_from(TOPICS), who, at, entry)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(step, min_size=3, max_size=18))
def test_places_stay_in_order_whatever_is_written(
    steps: Sequence[tuple[Callable[..., None], str, str, int, str]], opened: Path, tmp_path: Path
) -> None:
    path = tmp_path / "any.db"
    shutil.copy(opened, path)
    with _chat(path) as chat:
        chat.written[TOPICS[0]] = ["许大勇 政策咨询", "邓雅琴 政策咨询", "王姐 政策咨询", "老李 缝补"]
        chat.post(TOPICS[0], "volunteer-repair")
        for do, topic, person, where, text in steps:
            before = chat.rows()
            do(chat, topic, person, where, text)
            after = chat.rows()
            _check_places(chat, after)
            _check_waiting(before, after)
            if chat.written[topic]:
                chat.post(topic, person)
                once = (chat.rows(), chat.entries())
                chat.post(topic, person)
                assert (chat.rows(), chat.entries()) == once


def _check_places(chat: Chat, rows: Sequence[SignUp]) -> None:
    with chat.database.begin() as store:
        helpers = {each.id: each.helpers for each in market.stalls_of(store, [1])[1]}
    taken = Counter((each.stall_id, each.place) for each in rows if each.state in PLACES)
    assert not [place for place, times in taken.items() if times > 1]
    assert all(1 <= (place or 0) <= helpers[stall] for stall, place in taken)
    stalls_of_one = {(each.person_id, each.stall_id) for each in rows if each.person_id}
    assert len(stalls_of_one) == len({person for person, _ in stalls_of_one})
    heads = Counter((each.person_id, each.companion) for each in rows if each.person_id)
    assert all(times == 1 for times in heads.values())
    assert all(each.place is None for each in rows if each.state is SignUpState.WAITING)


def _check_waiting(before: Sequence[SignUp], after: Sequence[SignUp]) -> None:
    """Whoever still waits waits behind the same people; nobody was passed over."""
    now = {each.id: each for each in after}
    for stall in {each.stall_id for each in before}:
        queue = [each.id for each in before if each.stall_id == stall and each.state is SignUpState.WAITING]
        kept = [each for each in queue if each in now]
        states = [now[each].state is SignUpState.WAITING for each in kept]
        assert states == sorted(states)
        newly = [each for each in after if each.stall_id == stall and each.id not in {row.id for row in before}]
        if any(states):
            assert not [each for each in newly if each.state in PLACES]


SIGNS = ("", "\n", "❤️", "1. ", "王姐", "+1", " 2人", "\u2026", "修家电", "#接龙\n", "(", "「", "12月12日集市")

edit = st.tuples(st.integers(0, 30), st.sampled_from(("drop", "double", "put")), st.sampled_from(SIGNS))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    first=st.sampled_from(sorted(TEXTS)),
    edits=st.lists(edit, max_size=6),
)
def test_no_chain_however_mangled_signs_up_more_than_it_asks_for(
    first: str, edits: Sequence[tuple[int, str, str]], opened: Path, tmp_path: Path
) -> None:
    path = tmp_path / "mangled.db"
    shutil.copy(opened, path)
    text = f"代录 E001\n{TEXTS[first]}"
    with _chat(path) as chat:
        for version in (text, _mangled(text, edits), text):
            chat.say(version, "worker-2")
            rows = chat.rows()
            _check_places(chat, rows)
            asked = _heads(version.partition("\n")[2])
            heads_now = sum(each.signed_at == chat.now for each in rows)
            assert heads_now <= asked


def _heads(text: str) -> int:
    chain = read_chain(text) or read_chain(f"#接龙\n{text}")
    return sum(each.count for each in chain.entries) if chain is not None else 0


def _mangled(text: str, edits: Sequence[tuple[int, str, str]]) -> str:
    head, *lines = text.split("\n")
    for where, kind, sign in edits:
        spot = where % (len(lines) or 1)
        if kind == "put":
            lines[spot : spot + 1] = [line + sign for line in lines[spot : spot + 1]]
        else:
            lines[spot : spot + 1] = [] if kind == "drop" else lines[spot : spot + 1] * 2
    return "\n".join([head, *lines])


def test_sixty_chains() -> None:
    expected = yaml.safe_load((CHAINS / "expected.yaml").read_text(encoding="utf-8"))
    assert len(TEXTS) >= 60
    assert TEXTS.keys() == expected.keys()
