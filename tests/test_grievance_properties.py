"""Any order of valid and invalid steps by several people leaves every grievance in a legal state that its log tells.

The services run on a real database; the clock only goes forward, over nights, weekends and the holidays.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import insert

from bot.app import open_database
from community import Community
from community.grievances import DeadlineClass, Grievance, Outcome, log
from community.grievances.intake import Told
from community.grievances.meant import Hint
from community.grievances.outcomes import Where
from community.grievances.steps import ENDED, LEGAL, UNHANDLED, Satisfaction, State, Step
from community.people import Person
from community.refused import Refused
from community.rules import CHINA, Rules
from community.tree import STAFF, Tree
from handlers.speaking.texts import load
from storage import grievances, tree
from storage.database import Database
from storage.tables import Part, nodes, roles
from tests.conftest import LONG_AGO
from tests.keys import KEYS

RESIDENTS = ("resident-3-501", "resident-1-201", "resident-5-101", "gridhead-1", "worker", "property")
STAFF_IDS = ("gridhead-1", "gridhead-2", "worker", "worker-2", "street", "county", "property", "owners", "lawyer")
EVERYBODY = tuple(dict.fromkeys((*RESIDENTS, *STAFF_IDS, "secretary", "admin", "volunteer-repair")))
WANTED = ("物业", "业委会", "街道", "网格长", "社区", "律师", "刘建国", "没有这个人")
PLACES = (Where(), Where("3号楼", 3), Where("5号楼2单元501", 5), Where("99号楼", 99))
CATEGORIES = ("lift", "noise", "water", "mediation")
WORDS = ("电梯坏了", "电梯又坏了", "太吵了")
WAITS = tuple(timedelta(hours=hours) for hours in (0.02, 1, 7, 30, 80, 200))

HANDLER, RESIDENT, FOLLOWER, ON_TURN = "its handler", "its resident", "somebody who joined", "whose turn it is"

reporter = st.sampled_from(RESIDENTS)
resident = st.just(RESIDENT) | st.sampled_from((RESIDENT, FOLLOWER, *EVERYBODY))
staff = st.sampled_from((HANDLER, ON_TURN)) | st.sampled_from((HANDLER, ON_TURN, *STAFF_IDS))
person = st.sampled_from((HANDLER, RESIDENT, FOLLOWER, ON_TURN)) | st.sampled_from(EVERYBODY)
any_case = st.integers(0, 9)
"""Which of the grievances so far; the last is a number that is none."""


EXAMPLES = 300 if os.environ.get("XIAOSHAN_LONG") else 40


class Neighbourhood(RuleBasedStateMachine):
    """Some people, some grievances, and whatever they do."""

    template: Path
    folder: Path
    runs = 0

    def __init__(self) -> None:
        super().__init__()
        type(self).runs += 1
        path = self.folder / f"{self.runs}.db"
        shutil.copy(self.template, path)
        self.path = path
        self.database: Database = open_database(f"sqlite:///{path}", KEYS, None, LONG_AGO)
        _add_community_beside(self.database)
        self.defaults = Rules()
        self.now = datetime(2026, 9, 28, 9, 30, tzinfo=CHINA)  # before the National Day week
        self.numbers: list[int] = []
        self.gone: set[str] = set()

    def teardown(self) -> None:
        self.database.close()
        self.path.unlink()

    # --- what happens -----------------------------------------------------------------------------------------

    @initialize(private=st.booleans(), accepted=st.booleans(), finished=st.booleans())
    def begin(self, *, private: bool, accepted: bool, finished: bool) -> None:
        self.report_of("resident-3-501", PLACES[1], "lift", "电梯坏了", DeadlineClass.ORDINARY, private=False)
        self.report_of("resident-1-201", PLACES[1], "lift", "太吵了", DeadlineClass.UTILITY, private=private)
        self.report_of("gridhead-1", PLACES[0], "lift", "电梯坏了", DeadlineClass.HARD, private=False)
        if accepted:
            self.accept(0, ON_TURN)
            self.accept(1, ON_TURN)
        if finished:
            self.finish(0, ON_TURN, "修好了")

    @rule(
        who=reporter,
        place=st.sampled_from(PLACES),
        category=st.sampled_from(CATEGORIES),
        words=st.sampled_from(WORDS),
        kind=st.sampled_from(DeadlineClass),
        private=st.booleans(),
    )
    def report(self, who: str, place: Where, category: str, words: str, kind: DeadlineClass, *, private: bool) -> None:
        if len(self.numbers) < 5:
            self.report_of(who, place, category, words, kind, private=private)

    def report_of(
        self, who: str, place: Where, category: str, words: str, kind: DeadlineClass, *, private: bool
    ) -> None:
        told = Told(words, place, category, kind, private=private)
        with self.community() as community:
            group = next(iter(community.tree.groups.values()), None)
            outcome = community.grievances.intake.report(self.person(who), group, told, (), self.now)
            self.numbers.append(outcome.grievance.number)

    @rule(which=any_case, who=resident, place=st.sampled_from(PLACES), insist=st.booleans())
    def locate(self, which: int, who: str, place: Where, *, insist: bool) -> None:
        self.try_(
            which,
            who,
            lambda all_, number, someone: all_.intake.locate(
                number, someone, place, self.now, more="在门口", insist=insist
            ),
        )

    @rule(which=any_case, who=resident)
    def confirm(self, which: int, who: str) -> None:
        self.try_(which, who, lambda all_, number, someone: all_.intake.confirm(number, someone, self.now))

    @rule(which=any_case, who=resident)
    def drop(self, which: int, who: str) -> None:
        self.try_(which, who, lambda all_, number, someone: all_.intake.withdraw_draft(number, someone, self.now))

    @rule(which=any_case, earlier=any_case, who=resident)
    def join_instead(self, which: int, earlier: int, who: str) -> None:
        self.try_(
            which,
            who,
            lambda all_, number, someone: all_.intake.join_instead(number, self.number(earlier), someone, self.now),
        )

    @rule(which=any_case, who=person)
    def join(self, which: int, who: str) -> None:
        self.try_(which, who, lambda all_, number, someone: all_.intake.join(number, someone, self.now))

    @rule(which=any_case, who=person, words=st.sampled_from(("", "又坏了")))
    def add(self, which: int, who: str, words: str) -> None:
        self.try_(which, who, lambda all_, number, someone: all_.intake.add(number, someone, words, (), self.now))

    @rule(
        which=any_case,
        who=person,
        category=st.sampled_from(CATEGORIES),
        kind=st.sampled_from(DeadlineClass),
        private=st.booleans(),
    )
    def classify(self, which: int, who: str, category: str, kind: DeadlineClass, *, private: bool) -> None:
        self.try_(
            which,
            who,
            lambda all_, number, someone: all_.intake.classify(
                number, someone, category, kind, self.now, private=private
            ),
        )

    @rule(which=any_case, who=staff)
    def accept(self, which: int, who: str) -> None:
        self.try_(which, who, lambda all_, number, someone: all_.handling.accept(number, someone, self.now))

    @rule(which=any_case, who=staff, wanted=st.sampled_from(WANTED))
    def assign(self, which: int, who: str, wanted: str) -> None:
        self.try_(which, who, lambda all_, number, someone: all_.handling.assign(number, someone, wanted, self.now))

    @rule(which=any_case, who=staff, wanted=st.sampled_from(WANTED))
    def help(self, which: int, who: str, wanted: str) -> None:
        self.try_(which, who, lambda all_, number, someone: all_.handling.help(number, someone, wanted, self.now))

    @rule(which=any_case, who=staff, proposed=st.sampled_from((*WANTED, "")), reason=st.sampled_from(("", "不归我管")))
    def give_back(self, which: int, who: str, proposed: str, reason: str) -> None:
        self.try_(
            which,
            who,
            lambda all_, number, someone: all_.handling.give_back(number, someone, reason, proposed, self.now),
        )

    @rule(
        which=any_case,
        who=staff,
        wanted=st.sampled_from(("光明社区", "幸福社区", "哪里")),
        reason=st.sampled_from(("", "住那边")),
    )
    def move(self, which: int, who: str, wanted: str, reason: str) -> None:
        self.try_(
            which, who, lambda all_, number, someone: all_.handling.move(number, someone, wanted, reason, self.now)
        )

    @rule(which=any_case, who=staff)
    def ask(self, which: int, who: str) -> None:
        self.try_(which, who, lambda all_, number, someone: all_.handling.ask(number, someone, "几点在家", self.now))

    @rule(which=any_case, who=resident)
    def answer(self, which: int, who: str) -> None:
        self.try_(which, who, lambda all_, number, someone: all_.verdicts.answer(number, someone, "六点", self.now))

    @rule(which=any_case, who=staff, note=st.sampled_from(("修好了", "")))
    def finish(self, which: int, who: str, note: str) -> None:
        self.try_(which, who, lambda all_, number, someone: all_.handling.finish(number, someone, note, self.now))

    @rule(which=any_case, into=any_case, who=staff)
    def merge(self, which: int, into: int, who: str) -> None:
        self.try_(
            which, who, lambda all_, number, someone: all_.handling.merge(number, self.number(into), someone, self.now)
        )

    @rule(which=any_case, who=staff)
    def split(self, which: int, who: str) -> None:
        self.try_(which, who, lambda all_, number, someone: all_.handling.split(number, someone, self.now))

    @rule(which=any_case, who=person, verdict=st.sampled_from((Step.SOLVED, Step.PARTLY, Step.UNSOLVED)))
    def judge(self, which: int, who: str, verdict: Step) -> None:
        self.try_(which, who, lambda all_, number, someone: all_.verdicts.judge(number, someone, verdict, self.now))

    @rule(which=any_case, who=resident)
    def take_back(self, which: int, who: str) -> None:
        self.try_(which, who, lambda all_, number, someone: all_.verdicts.take_back(number, someone, self.now))

    @rule(which=any_case, who=person, mark=st.sampled_from(Satisfaction))
    def rate(self, which: int, who: str, mark: Satisfaction) -> None:
        before, actor = self.cases().get(self.number(which)), self.who(which, who)
        if self.try_(which, who, lambda all_, number, someone: all_.verdicts.rate(number, someone, mark, self.now)):
            assert before is not None
            assert actor.id == before.resident_id != before.handler_id

    @rule(which=any_case, who=person, mark=st.sampled_from(Satisfaction))
    def rate_joined(self, which: int, who: str, mark: Satisfaction) -> None:
        before, actor = self.cases().get(self.number(which)), self.who(which, who)
        if self.try_(
            which, who, lambda all_, number, someone: all_.verdicts.rate_joined(number, someone, mark, self.now)
        ):
            assert before is not None
            assert before.state is State.CLOSED
            assert actor.id not in (before.resident_id, before.handler_id)

    @rule(which=any_case, who=resident)
    def withdraw(self, which: int, who: str) -> None:
        self.try_(which, who, lambda all_, number, someone: all_.verdicts.withdraw(number, someone, self.now))

    @rule(which=any_case, who=person | resident)
    def urge(self, which: int, who: str) -> None:
        self.try_(which, who, lambda all_, number, someone: all_.verdicts.urge(number, someone, self.now))

    @rule(which=any_case, who=resident | person)
    def stop_following(self, which: int, who: str) -> None:
        actor = self.who(which, who)
        if self.try_(which, who, lambda all_, number, someone: all_.verdicts.leave(number, someone, self.now)):
            with self.community() as community:
                cases = community.grievances.intake.cases
                assert actor.id not in cases.followers(cases.goes_on_in(cases.existing(self.number(which))))

    @rule(who=person, category=st.none() | st.sampled_from(CATEGORIES), where=st.sampled_from(PLACES))
    def say_no_number(self, who: str, category: str | None, where: Where) -> None:
        """Whatever is meant without a number, they have told of it themselves or follow it."""
        someone, hint = self.who(0, who), Hint(category, where, WORDS[0])
        with self.community() as community:
            verdicts, cases = community.grievances.verdicts, community.grievances.intake.cases
            for ask in (verdicts.to_look_up, verdicts.to_urge, verdicts.to_withdraw, verdicts.to_leave):
                try:
                    found = ask(someone, hint, self.now)
                except Refused as refused:
                    assert refused.key == "grievances.none_yet"
                else:
                    assert found
                    assert all(someone.id in cases.followers(each) for each in found)

    @rule(which=any_case, who=staff, line=st.integers(0, 6), hours=st.integers(-5, 60))
    def correct(self, which: int, who: str, line: int, hours: int) -> None:
        moment = self.now - timedelta(hours=hours)
        self.try_(
            which, who, lambda all_, number, someone: all_.handling.correct(number, line, someone, moment, self.now)
        )

    @rule(who=st.sampled_from(STAFF_IDS))
    def leave(self, who: str) -> None:
        """Their roles are gone from the tree."""
        if len(self.gone) < 2 and len(self.numbers) > 3:
            self.gone.add(who)

    @rule(wait=st.sampled_from(WAITS))
    def wait(self, wait: timedelta) -> None:
        """The scheduler does what falls due on the way, each at its time."""
        until = self.now + wait
        times = 0
        while True:
            with self.community() as community:
                due = community.grievances.chasing.next_chase()
                if due is None or due > until:
                    break
                self.now = max(self.now, due)
                told = [(type(each), each.grievance.number) for each in community.grievances.chasing.chase(self.now)]
                assert len(set(told)) == len(told), "nobody is told the same twice"
                following = community.grievances.chasing.next_chase()
                assert following is None or following > self.now, "what was done is due no more"
            times += 1
            assert times < 300
        self.now = until

    # --- what always holds ------------------------------------------------------------------------------------

    @invariant()
    def everything_is_in_order(self) -> None:
        cases = self.cases()
        with self.community() as community:
            for case in cases.values():
                self._the_log_tells_the_same(case, community)
                self._the_state_is_legal(case)
                self._somebody_has_it(case, community)
                if case.private:
                    self._strangers_hear_nothing(case, community)
            for who in EVERYBODY:
                self._lists_hold_no_secrets(self.person(who), community)

    def _the_log_tells_the_same(self, case: Grievance, community: Community) -> None:
        told = log.replay(grievances.events(community.grievances.intake.cases.store, case.number))
        assert (told.state, told.handler_id) == (case.state, case.handler_id)
        assert (told.deadline_class, told.reported_at) == (case.deadline_class, case.reported_at)
        assert (told.contacted_at, told.handled_at) == (case.contacted_at, case.handled_at)
        assert told.ended_at == case.ended_at
        if case.level_id is not None:
            clocks = log.deadlines(told, self.defaults)
            assert (clocks.respond_by, clocks.resolve_by) == (case.respond_by, case.resolve_by)

    def _the_state_is_legal(self, case: Grievance) -> None:
        assert (case.ended_at is not None) == (case.state in ENDED)
        assert (case.merged_into is not None) == (case.state is State.MERGED)
        assert case.level_id is not None or case.state in (State.DRAFT, State.WITHDRAWN)
        assert (case.chase_at is None) == (case.state in ENDED), "nobody can lose a case"
        assert case.handler_id != case.resident_id, "nobody handles their own"
        assert case.handler_id is not None or case.state not in (State.ACCEPTED, State.ASKED, State.HANDLED)
        assert case.outcome is not Outcome.SOLVED or case.state is State.CLOSED

    def _somebody_has_it(self, case: Grievance, community: Community) -> None:
        cases = community.grievances.intake.cases
        at_work = cases.at_work(case)
        assert at_work or case.state not in UNHANDLED
        assert not self.gone & set(at_work)
        worked = {each.person_id for each in cases.parts(case) if each.part is not Part.JOINED} - self.gone
        assert not set(cases.raters(case)) & {*worked, case.handler_id, case.resident_id}
        if case.merged_into is None:
            assert case.households == len(cases.followers(case))

    def _strangers_hear_nothing(self, case: Grievance, community: Community) -> None:
        cases = community.grievances.intake.cases
        known = {case.handler_id, *cases.at_work(case), *cases.followers(case)}
        known |= {each.person_id for each in cases.parts(case)}
        for who in set(EVERYBODY) - known:
            for look in (community.grievances.verdicts.look_up, community.grievances.lists.record):
                with pytest.raises(Refused) as refused:
                    look(case.number, self.person(who))
                assert refused.value.key == "grievances.not_found"

    def _lists_hold_no_secrets(self, someone: Person, community: Community) -> None:
        lists, cases = community.grievances.lists, community.grievances.intake.cases
        looks: list[Callable[[], list[Grievance]]] = [
            lambda: lists.mine(someone),
            lambda: lists.overdue(someone, self.now),
            lambda: lists.in_area(someone),
            lambda: lists.search(someone, "坏"),
        ]
        for look in looks:
            try:
                listed = look()
            except Refused as refused:
                assert refused.key == "grievances.staff_only"
            else:
                assert all(someone.id in cases.at_work(each) for each in listed if each.private)

    # --- help -------------------------------------------------------------------------------------------------

    @contextmanager
    def community(self) -> Iterator[Community]:
        with self.database.begin() as store:
            held = [each for each in tree.all_roles(store) if each.person_id not in self.gone or each.role not in STAFF]
            grown = Tree.grow(tree.all_nodes(store), held, tree.all_groups(store))
            yield Community.open(store, grown, self.defaults, {})

    def try_(self, which: int, who: str, act: Callable[[Any, int, Person], object]) -> bool:
        """Does something that may be refused, and only that. Whatever was refused has changed nothing."""
        before, number, someone = self.cases(), self.number(which), self.who(which, who)
        with self.community() as community:
            try:
                act(community.grievances, number, someone)
            except Refused as refused:
                _has_words(refused)
                done = False
            else:
                done = True
        after = self.cases()
        if not done:
            assert after == before
        for number, case in after.items():
            earlier = before.get(number)
            if earlier is not None and earlier.state is not case.state:
                assert any(moves.get(earlier.state) is case.state for moves in LEGAL.values()) or (
                    earlier.state in (State.ACCEPTED, State.ASKED, State.REOPENED)  # whose handler had left
                )
        return done

    def cases(self) -> dict[int, Grievance]:
        with self.database.begin() as store:
            found = ((number, grievances.by_number(store, number)) for number in self.numbers)
            return {number: each for number, each in found if each is not None}

    def number(self, which: int) -> int:
        return self.numbers[which % len(self.numbers)] if which < 9 else 9999

    def who(self, which: int, who: str) -> Person:
        """A person by name, or by what they have to do with a grievance."""
        case = self.cases().get(self.number(which))
        if who not in (HANDLER, RESIDENT, FOLLOWER, ON_TURN):
            return self.person(who)
        with self.community() as community:
            cases = community.grievances.intake.cases
            people: tuple[str | None, ...] = ()
            if case is not None:
                people = {
                    HANDLER: (cases.handler(case), *cases.at_work(case)),
                    RESIDENT: (case.resident_id,),
                    FOLLOWER: cases.followers(case)[1:],
                    ON_TURN: cases.at_work(case),
                }[who]
        return self.person(next((each for each in people if each), RESIDENTS[0]))

    def person(self, who: str) -> Person:
        return Person(id=who, name=who, node_id="xingfu")


def _add_community_beside(database: Database) -> None:
    with database.begin() as store:
        beside = {
            "id": "guangming",
            "parent_id": "heshun-street",
            "level": "community",
            "name": "光明社区",
            "aliases": [],
        }
        store.connection.execute(insert(nodes), beside)
        worker = {"person_id": "lawyer", "role": "community_worker", "node_id": "guangming"}
        store.connection.execute(insert(roles), worker)


def _has_words(refused: Refused) -> None:
    assert refused.key in load(), refused.key
    load()[refused.key].format_map(
        {name: value if isinstance(value, int) else "x" for name, value in refused.values.items()}
    )


@pytest.fixture(scope="module")
def played(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> type[Neighbourhood]:
    """The machine with a place for its databases."""
    Neighbourhood.template, Neighbourhood.folder = sqlite_template, tmp_path_factory.mktemp("neighbourhood")
    return Neighbourhood


def test_any_order_of_steps_leaves_legal_states_that_the_log_tells(played: type[Neighbourhood]) -> None:
    run_state_machine_as_test(
        played,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
