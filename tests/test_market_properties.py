"""Any order of sign-ups, offers and check-ins, valid or not, keeps every place with one head, and all in order.

The services run on a real database; the clock only goes forward, and the scheduler's work is done when it falls due.
"""

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from bot.app import open_database
from community import Community
from community.market.ledger import places_of
from community.market.opening import Proposal
from community.market.outcomes import SignUp, SignUpPart, SignUpState, Stall
from community.market.signing_up import Wish
from community.market.steps import KEEPS_PLACE, OPEN
from community.people import Person
from community.refused import Refused
from community.rules import CHINA, Rules
from community.tree import Tree
from storage import market, sign_ups, tree
from storage.database import Database
from storage.tables import hours
from tests.conftest import LONG_AGO
from tests.keys import KEYS

PEOPLE = (
    "resident-1-201",
    "resident-3-501",
    "resident-5-101",
    "resident-8-301",
    "volunteer-repair",
    "volunteer-medical",
    "volunteer-hair",
)
LEADER = "worker"
STALLS = (("量血压", 2, 3), ("修家电", 1, 2), ("缝补", 3, 0))
WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 20, 90, 200, 800, 2000))
EXAMPLES = 200 if os.environ.get("XIAOSHAN_LONG") else 30
WAITED = SignUpState.WAITING

person = st.sampled_from(PEOPLE)
stall = st.integers(0, 2)
part = st.sampled_from(SignUpPart)
which = st.integers(0, 5)


class Fair(RuleBasedStateMachine):
    """One event with small stalls, a few people, and whatever they do."""

    template: Path
    folder: Path
    runs = 0

    def __init__(self) -> None:
        super().__init__()
        type(self).runs += 1
        self.path = self.folder / f"{self.runs}.db"
        shutil.copy(self.template, self.path)
        self.database: Database = open_database(f"sqlite:///{self.path}", KEYS, None, LONG_AGO)
        self.now = datetime(2026, 12, 10, 9, 30, tzinfo=CHINA)
        with self.database.begin() as store:
            self.tree = Tree.grow(tree.all_nodes(store), tree.all_roles(store), tree.all_groups(store))

    def teardown(self) -> None:
        self.database.close()
        self.path.unlink()

    @contextmanager
    def community(self) -> Iterator[Community]:
        """One transaction; what is refused is refused before anything is written."""
        before = self.rows()
        try:
            with self.database.begin() as store:
                yield Community.open(store, self.tree, Rules(), {})
        except Refused:
            assert self.rows() == before
        self.in_order(before)

    def rows(self) -> list[SignUp]:
        with self.database.begin() as store:
            return sign_ups.ever_of_events(store, [self.event_id]) if hasattr(self, "event_id") else []

    def in_order(self, before: list[SignUp]) -> None:
        """Whoever got a place had waited longer than everybody who waits still."""
        now = {each.id: each for each in self.rows()}
        waited = [each for each in before if each.state is WAITED and each.released_at is None]
        for got in waited:
            if now[got.id].state not in (SignUpState.OFFERED, SignUpState.HELD):
                continue
            for other in waited:
                same = (other.stall_id, other.part) == (got.stall_id, got.part)
                if same and now[other.id].state is WAITED:
                    assert (got.signed_at, got.id) < (other.signed_at, other.id)

    # --- what happens -----------------------------------------------------------------------------------------

    @initialize()
    def open(self) -> None:
        begins_at = self.now + timedelta(days=2)
        leader = Person(id=LEADER, name="杨帆", node_id="xingfu")
        with self.database.begin() as store:
            community = Community.open(store, self.tree, Rules(), {})
            proposal = Proposal("便民日", begins_at, begins_at + timedelta(hours=2), "广场")
            drafted = community.market.opening.propose(leader, "xingfu", proposal, self.now)
            self.event_id = drafted.board.event.id
            first = drafted.board.counts[0].stall
            for position, (name, helpers, visitors) in enumerate(STALLS):
                values = {"position": position, "name": name, "helpers": helpers, "visitors": visitors}
                if position == 0:
                    market.change_stall(store, first.id, **values)
                else:
                    market.add_stall(store, event_id=self.event_id, item=False, skill="", **values)
            community.market.opening.publish(self.event_id, leader, self.now)

    @rule(who=person, at=stall, as_part=part, heads=st.sampled_from((1, 1, 1, 2, 3, 99)), instead=st.booleans())
    def sign_up(self, *, who: str, at: int, as_part: SignUpPart, heads: int, instead: bool) -> None:
        mine = [each for each in self.rows() if each.person_id == who and each.state in OPEN and not each.companion]
        old = mine[0].id if instead and mine else None
        wish = Wish(self.stalls()[at].id, as_part, heads)
        with self.community() as community:
            community.market.signing_up.sign_up(self.event_id, self.known(who), wish, self.now, instead_of=old)

    @rule(at=stall, heads=st.integers(1, 2), name=st.sampled_from(("王姐", "老李", "张阿姨")))
    def sign_up_name(self, *, at: int, heads: int, name: str) -> None:
        wish = Wish(self.stalls()[at].id, SignUpPart.HELPER, heads, name=name)
        with self.community() as community:
            community.market.signing_up.sign_up_name(self.event_id, wish, self.now)

    @rule(index=which)
    def leave(self, *, index: int) -> None:
        """All heads of one person leave one stall; whoever waits there is offered what became free."""
        before = self.rows()
        mine = [each for each in before if each.state in OPEN and each.person_id]
        if not mine:
            return
        chosen = mine[index % len(mine)]
        gone = [each for each in mine if each.person_id == chosen.person_id and self.same_place(each, chosen)]
        with self.community() as community:
            community.market.signing_up.leave(chosen.id, self.known(str(chosen.person_id)), self.now)
        after = {each.id: each for each in self.rows()}
        if after[chosen.id].state is not SignUpState.CANCELLED:
            return  # it has begun, or is over
        assert all(after[each.id].state is SignUpState.CANCELLED for each in gone)
        freed = sum(each.state in KEEPS_PLACE for each in gone)
        given = sum(each.state is WAITED and after[each.id].state in KEEPS_PLACE for each in before)
        assert given <= freed
        assert self.kept(before, chosen) - freed + given == self.kept(list(after.values()), chosen)

    @rule(index=which, yes=st.booleans())
    def answer(self, *, index: int, yes: bool) -> None:
        offered = [each for each in self.rows() if each.state is SignUpState.OFFERED]
        if offered:
            chosen = offered[index % len(offered)]
            with self.community() as community:
                service = community.market.signing_up
                (service.accept if yes else service.decline)(chosen.id, self.known(str(chosen.person_id)), self.now)

    @rule(who=person, right=st.booleans())
    def check_in(self, *, who: str, right: bool) -> None:
        with self.community() as community:
            code = community.market.ledger.event(self.event_id).code if right else "x"
            community.market.day.check_in(self.known(who), "xingfu", code, self.now)

    @rule(who=person)
    def check_out(self, *, who: str) -> None:
        with self.community() as community:
            community.market.day.check_out(self.known(who), self.now)

    @rule(span=st.sampled_from(WAITS))
    def wait(self, *, span: timedelta) -> None:
        """Time passes, and the scheduler does what falls due, each at its moment."""
        until = self.now + span
        while (due := self.next_due()) is not None and due <= until:
            self.now = max(self.now, due)
            with self.community() as community:
                community.market.calling.run(self.now)
            with self.community() as community:
                community.market.calling.remind(self.now)
        self.now = until

    def next_due(self) -> datetime | None:
        with self.database.begin() as store:
            calling = Community.open(store, self.tree, Rules(), {}).market.calling
            moments = [calling.next_event(), calling.next_sign_up()]
        return min((each for each in moments if each is not None), default=None)

    # --- what must hold ---------------------------------------------------------------------------------------

    @invariant()
    def every_place_has_one_head_and_there_are_no_more_than_there_are(self) -> None:
        stalls = {each.id: each for each in self.stalls()}
        taken = Counter((each.stall_id, each.part, each.place) for each in self.rows() if each.state in KEEPS_PLACE)
        for (stall_id, as_part, place), heads in taken.items():
            assert heads == 1
            assert place is not None
            assert 1 <= place <= places_of(stalls[stall_id], as_part)

    @invariant()
    def no_head_is_in_and_waits(self) -> None:
        heads = Counter(
            (each.stall_id, each.part, each.person_id, each.companion)
            for each in self.rows()
            if each.person_id and each.released_at is None
        )
        assert max(heads.values(), default=1) == 1

    @invariant()
    def nobody_helps_at_two_stalls(self) -> None:
        helping: dict[str, set[int]] = {}
        for each in self.rows():
            if each.part is SignUpPart.HELPER and each.person_id and each.released_at is None:
                helping.setdefault(each.person_id, set()).add(each.stall_id)
        assert all(len(each) == 1 for each in helping.values())

    @invariant()
    def nobody_waits_beside_a_free_place(self) -> None:
        """Unless it is night, or about to begin: then nobody would hear of an offer in time."""
        if not hasattr(self, "event_id"):
            return
        with self.database.begin() as store:
            event = market.by_id(store, self.event_id)
        assert event is not None
        if event.begins_at - self.now < timedelta(hours=14):
            return
        for each in self.stalls():
            for as_part in SignUpPart:
                rows = [row for row in self.rows() if row.stall_id == each.id and row.part is as_part]
                kept = sum(row.state in KEEPS_PLACE for row in rows)
                assert kept == places_of(each, as_part) or not any(row.state is WAITED for row in rows)

    @invariant()
    def hours_are_check_outs_minus_check_ins(self) -> None:
        with self.database.begin() as store:
            given = store.connection.execute(select(hours.c.sign_up_id, hours.c.minutes)).all()
        assert len({sign_up for sign_up, _ in given}) == len(given)
        rows = {each.id: each for each in self.rows()}
        for sign_up, minutes in given:
            row = rows[sign_up]
            assert row.came_at is not None
            assert row.left_at is not None
            assert minutes == (row.left_at - row.came_at) // timedelta(minutes=1) > 0

    @invariant()
    def times_go_forward(self) -> None:
        for each in self.rows():
            moments = [moment for moment in (each.signed_at, each.came_at, each.left_at) if moment is not None]
            assert all(one <= other for one, other in pairwise(moments))

    # --- inside -----------------------------------------------------------------------------------------------

    def stalls(self) -> tuple[Stall, ...]:
        if not hasattr(self, "event_id"):
            return ()
        with self.database.begin() as store:
            return market.stalls_of(store, [self.event_id])[self.event_id]

    def known(self, identity: str) -> Person:
        return Person(id=identity, name=identity, node_id="xingfu")

    def same_place(self, one: SignUp, other: SignUp) -> bool:
        return (one.stall_id, one.part) == (other.stall_id, other.part)

    def kept(self, rows: list[SignUp], chosen: SignUp) -> int:
        return sum(each.state in KEEPS_PLACE for each in rows if self.same_place(each, chosen))


def test_any_order_of_steps(sqlite_template: Path, tmp_path: Path) -> None:
    Fair.template, Fair.folder = sqlite_template, tmp_path
    Fair.TestCase.settings = settings(
        max_examples=EXAMPLES,
        stateful_step_count=40,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    run_state_machine_as_test(Fair, settings=Fair.TestCase.settings)
