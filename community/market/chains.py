"""Chain sign-ups (接龙): what becomes of a new version of one. What a chain says is read elsewhere."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from community.market.ledger import Ledger, places_of
from community.market.outcomes import Board, Head, Offered
from community.market.signing_up import THEIRS, SigningUp, Wish, first_values
from community.market.steps import OPEN, Step
from community.people import Person
from community.refused import Refused
from community.volunteers.register import Register
from storage import bookings, chains, sign_ups
from storage.chains import Chain, Entered
from storage.market import Event, Stall
from storage.sign_ups import SignUp
from storage.tables import EventState, SignUpPart

__all__ = ["Chain", "Chains", "Entered", "TakenOver", "Unclear", "Version", "Written"]

LONGEST_TOPIC = 200
LONGEST_NAME = 60
BEGUN_WITHIN = timedelta(hours=12)
"""How long after its beginning a chain may still be about an event."""

MANY = 3
"""So many entries, and more than half of a chain, do not leave at once: somebody has begun the chain anew."""


class Unclear(StrEnum):
    """Why nobody was signed up for an entry."""

    NOTHING = ""
    STALL = "stall"
    NAME = "name"
    HEADS = "heads"
    ELSEWHERE = "elsewhere"
    TWICE = "twice"


@dataclass(frozen=True, slots=True)
class Written:
    """An entry as it stands in the new version. `stall_id`: the stall it names, None where it names none or several.

    `was`: the same entry in the version before; `changed`: it says something else now. `posted_by` is a person.
    """

    number: int
    text: str
    name: str
    count: int
    rest: str
    posted_by: str | None
    stall_id: int | None
    was: Entered | None = None
    changed: bool = False


@dataclass(frozen=True, slots=True)
class Version:
    """A chain as somebody has posted it. `left` are gone from it; `hidden` are not in it because it was cut off.

    `group`: where those who are signed up by it said so; None where no bot was.
    """

    chain: Chain
    part: SignUpPart
    entries: tuple[Written, ...]
    left: tuple[Entered, ...]
    hidden: tuple[Entered, ...]
    poster: Person
    group: str | None


@dataclass(frozen=True, slots=True)
class Listed:
    """An entry with what came of it."""

    entry: Entered
    rows: tuple[SignUp, ...]


@dataclass(frozen=True, slots=True)
class TakenOver:
    """What came of a version: heads in it now, and how many came and went.

    `unclear` and `doubled` (of one name) are such as were not so before. `removed`: people whom somebody else took
    out, who keep their place until they say so themselves. `kept`: how many are missing all at once and were
    kept all the same.
    """

    chain: Chain
    part: SignUpPart
    board: Board
    heads: int
    added: int
    gone: int
    moved: bool
    listed: tuple[Listed, ...]
    unclear: tuple[Entered, ...]
    doubled: tuple[tuple[Entered, ...], ...]
    removed: tuple[Head, ...]
    kept: int
    offers: tuple[Offered, ...]

    @property
    def changed(self) -> bool:
        """Whether a group would want to know."""
        return bool(self.added or self.gone or self.moved)


@dataclass(frozen=True, slots=True)
class Chains:
    """Everything that is done about chains, within one transaction."""

    ledger: Ledger
    signing_up: SigningUp
    register: Register

    def candidates(self, node_id: str, now: datetime) -> tuple[Board, ...]:
        """The events that a chain may be about, also such for which it is too late."""
        events = self.ledger.events_for(node_id, now - BEGUN_WITHIN, tuple(set(EventState) - {EventState.DRAFT}))
        return self.ledger.boards(events)

    def known(self, events: Collection[Event], channel: str, group: str, topic: str) -> Chain | None:
        """The chain of this topic that was read last in a group."""
        found = chains.in_group(self.ledger.store, [each.id for each in events], channel, group)
        return next((each for each in found if each.topic == topic), None)

    def chain(self, event: Event, channel: str, group: str, topic: str, now: datetime) -> Chain:
        """A chain, as it was read last, under the event's lock; a new one where there is none."""
        self.ledger.locked(event.id)
        found = self.known([event], channel, group, topic)
        return found or chains.add(self.ledger.store, event.id, channel, group, topic, now)

    def existing(self, chain_id: int) -> Chain:
        """Raises `Refused` where there is none."""
        found = chains.by_id(self.ledger.store, chain_id)
        if found is None:
            raise Refused("market.not_found")
        return found

    def check_open(self, event: Event, part: SignUpPart, now: datetime) -> None:
        """Raises `Refused` where it is too late for a chain."""
        if event.state is not EventState.OPEN:
            raise Refused(f"market_chains.event_{event.state}", event=event.name, begins_at=event.begins_at)
        last = event.begins_at if part is SignUpPart.HELPER else event.ends_at
        if last <= now:
            raise Refused("market_chains.too_late", event=event.name, place=event.place)

    def tell_once(self, event: Event, channel: str, group: str, topic: str, now: datetime) -> bool:
        """Whether a group is to be told that no chain is taken for an event: once a day."""
        chain, today = self.chain(event, channel, group, topic, now), now.astimezone(self.ledger.rules.zone).date()
        told = chains.in_group(self.ledger.store, [event.id], channel, group)
        if any(each.told_on == today for each in told):
            return False
        chains.note_told(self.ledger.store, chain.id, today)
        return True

    def take_over(self, version: Version, now: datetime) -> TakenOver:
        """Signs up, changes and gives up what a chain says, in its order. Raises `Refused` where it is too late."""
        event = self.ledger.locked(version.chain.event_id)
        self.check_open(event, version.part, now)
        return _Taking.begin(self, event, _believed(version), now).run()

    def let_go(self, chain_id: int, poster: Person, now: datetime) -> TakenOver:
        """Those who were missing all at once are gone indeed, as its poster says. Raises `Refused`."""
        event = self.ledger.locked(self.existing(chain_id).event_id)
        version = self._as_it_is(self.existing(chain_id), {}, poster)
        self.check_open(event, version.part, now)
        return _Taking.begin(self, event, replace(version, left=version.hidden, hidden=()), now).run()

    def settle(self, chain_id: int, stalls: Mapping[int, int], actor: Person, now: datetime) -> TakenOver:
        """The stalls of entries that named none, by the keys of these. Raises `Refused`."""
        event = self.ledger.locked(self.existing(chain_id).event_id)
        self.ledger.check_runs(actor, event)
        return self.take_over(self._as_it_is(self.existing(chain_id), stalls, actor), now)

    def _as_it_is(self, chain: Chain, stalls: Mapping[int, int], actor: Person) -> Version:
        """A chain as it was read last, with these stalls for what was not clear. Those who are missing are hidden."""
        entries = tuple(_as_it_was(each, stalls.get(each.key)) for each in chain.entries if not each.missing)
        hidden = tuple(each for each in chain.entries if each.missing)
        part = self.part_of(chain) or SignUpPart.HELPER
        return Version(chain, part, entries, (), hidden, actor, chain.group if chain.channel else None)

    def part_of(self, chain: Chain) -> SignUpPart | None:
        """Whether a chain is of helpers or of visitors; None while nobody is signed up by it."""
        found = sign_ups.of_chain(self.ledger.store, chain.id)
        return found[0].part if found else None

    def claim(self, chain_id: int, key: int, person: Person, now: datetime) -> bool:
        """An entry of their name is theirs. False where that cannot be any more. Raises `Refused`."""
        event = self.ledger.locked(self.existing(chain_id).event_id)
        chain = self.existing(chain_id)
        entry = next((each for each in chain.entries if each.key == key), None)
        if entry is None or entry.person_id is not None:
            return False
        bookings.lock_person(self.ledger.store, person.id)
        rows = [each for each in self._open(event) if each.id in entry.sign_ups]
        if not rows or any(each.person_id == person.id and each.part is rows[0].part for each in self._open(event)):
            return False
        adopt(self.ledger, rows, person.id, event, now)
        mine = replace(entry, person_id=person.id)
        written = [mine if each.key == key else each for each in chain.entries]
        chains.write(self.ledger.store, chain.id, written, now)
        return True

    def leave(self, sign_up_id: int, person: Person, now: datetime) -> tuple[Offered, ...]:
        """Somebody took them out of a chain, and they do not come indeed."""
        return self.signing_up.leave(sign_up_id, person, now).offers

    def _open(self, event: Event) -> list[SignUp]:
        return sign_ups.of_event(self.ledger.store, event.id)


def adopt(ledger: Ledger, rows: Sequence[SignUp], person_id: str, event: Event, now: datetime) -> None:
    """What was signed up for a name is a person's from now on."""
    for row in rows:
        changed = ledger.note(row, Step.NAME, person_id, now, person_id=person_id)
        ledger.look_again(changed, event, now)


def _believed(version: Version) -> Version:
    """The version without what nobody can mean: that most of a chain leaves at once. Those stay until it is said."""
    gone = [each for each in version.left if not each.missing]
    before = len(version.left) + len(version.hidden) + sum(each.was is not None for each in version.entries)
    sudden = len(gone) >= MANY and 2 * len(gone) > before
    doubted = tuple(replace(each, missing=True) for each in version.left if sudden or each.missing)
    return replace(version, left=() if sudden else tuple(gone), hidden=(*version.hidden, *doubted))


def _as_it_was(entry: Entered, stall_id: int | None) -> Written:
    """An entry of a chain that stands as it stood, but names this stall."""
    return Written(
        entry.number,
        entry.text,
        entry.name,
        entry.count,
        entry.rest,
        entry.posted_by,
        stall_id,
        was=entry,
        changed=stall_id is not None,
    )


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be done for an entry, in the order of the chain, once everything that is given up is free again.

    `keeps`: what they have and keep. `heads`: how many are to be added at the stall.
    """

    entry: Entered
    keeps: tuple[SignUp, ...] = ()
    stall: Stall | None = None
    heads: int = 0


@dataclass(slots=True)
class _Taking:
    """One version being taken over."""

    chains: Chains
    event: Event
    version: Version
    now: datetime
    stalls: Mapping[int, Stall]
    rows: dict[int, SignUp]
    elsewhere: Sequence[Entered]
    named: Mapping[str, frozenset[str]]
    next_key: int
    people: set[str] = field(default_factory=set)
    linked: set[int] = field(default_factory=set)
    released: int = 0
    switched: int = 0
    removed: list[SignUp] = field(default_factory=list)
    free: dict[int, list[int]] = field(default_factory=dict)
    queued: set[int] = field(default_factory=set)
    new_rows: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def begin(cls, within: Chains, event: Event, version: Version, now: datetime) -> "_Taking":
        store = within.ledger.store
        others = [each for each in chains.of_event(store, event.id) if each.id != version.chain.id]
        rows = sign_ups.of_event(store, event.id)
        return cls(
            within,
            event,
            version,
            now,
            stalls={each.id: each for each in within.ledger.stalls(event.id)},
            rows={each.id: each for each in rows if each.part is version.part},
            elsewhere=[entry for each in others for entry in each.entries],
            named=_named(within, event, rows),
            next_key=1 + max((each.key for each in version.chain.entries), default=0),
        )

    def run(self) -> TakenOver:
        before = {each.key: len(self._rows_of(each)) for each in self.version.chain.entries}
        self.people = {
            each.was.person_id for each in self.version.entries if each.was is not None and each.was.person_id
        } | {each.person_id for each in self.version.hidden if each.person_id}
        self.linked = {row for each in self.version.chain.entries for row in each.sign_ups}
        plans = [self._plan(each) for each in self.version.entries]
        for entry in self.version.left:
            self._leave(entry)
        offers = self.chains.ledger.offer(self.event, self.now) if self.released else ()
        self._count_places()
        joined = [self._carry_out(each) for each in plans]
        found = self._write(joined)
        return self._outcome(found, before, offers)

    # --- what is to be done -----------------------------------------------------------------------------------

    def _plan(self, written: Written) -> _Plan:
        was = written.was
        if was is None:
            return self._plan_new(written, self._key())
        if not written.changed:
            return _Plan(replace(was, number=written.number, missing=False), tuple(self._rows_of(was)))
        return self._plan_changed(written, was)

    def _plan_changed(self, written: Written, was: Entered) -> _Plan:
        if was.unclear:
            self.people.discard(was.person_id or "")
            return self._plan_new(written, was.key)
        if was.name != written.name and self._is_somebody_else(written, was):
            self.people.discard(was.person_id or "")
            self._leave(was)
            return self._plan_new(written, was.key)
        rows = self._rows_of(was)
        entry = replace(_entered(written, was.key), person_id=was.person_id, sign_ups=was.sign_ups)
        if not rows:  # they have given it up elsewhere; only they themselves take it up again
            own = was.person_id == self.version.poster.id
            return self._add(entry, written) if own else _Plan(entry)
        if rows[0].person_id is None and was.name != written.name:
            self._rename(rows, written.name)
        return self._adjust(entry, rows, written, old_count=was.count)

    def _plan_new(self, written: Written, key: int) -> _Plan:
        entry = _entered(written, key)
        person_id = self._who(written)
        name = written.name or (self.version.poster.name if person_id else "")
        entry = replace(entry, name=name)
        if person_id is None:
            if not name:
                return _Plan(replace(entry, unclear=Unclear.NAME))
            if self._is_twice(written):
                return _Plan(replace(entry, unclear=Unclear.TWICE))
            same = self._same_name_elsewhere(name)
            if same is not None:
                return _Plan(replace(entry, sign_ups=same.sign_ups), self._link(same))
            return self._add(entry, written)
        self.people.add(person_id)
        entry = replace(entry, person_id=person_id)
        bookings.lock_person(self.chains.ledger.store, person_id)
        rows = self._rows_of(entry) or self._adopted(name, person_id)
        if not rows:
            return self._add(entry, written)
        own = written.posted_by == person_id == self.version.poster.id
        said = replace(written, was=None, stall_id=written.stall_id if own else None)
        return self._adjust(entry, rows, said, old_count=len(rows))

    def _adjust(self, entry: Entered, rows: list[SignUp], written: Written, *, old_count: int) -> _Plan:
        """They have something already: at another stall now, or with more or fewer heads."""
        most = 1 + self.chains.ledger.rules.most_companions
        heads = min(written.count, most) if written.count != old_count else len(rows)
        if written.was is None:
            heads = max(heads, len(rows))  # who signed up with more before does not lose them
        stall = self.stalls.get(written.stall_id or 0)
        if stall is not None and stall.id != rows[0].stall_id and all(each.state in OPEN for each in rows):
            self._release(rows, Step.SWITCH)
            self.switched += len(rows)
            return _Plan(replace(entry, sign_ups=()), (), stall, heads)
        rows.sort(key=lambda each: each.companion)
        if heads < len(rows):
            self._release([each for each in rows[heads:] if each.state in OPEN], Step.LEAVE)
        at = self.stalls[rows[0].stall_id]
        return _Plan(entry, tuple(rows[:heads]), at, max(heads - len(rows), 0))

    def _add(self, entry: Entered, written: Written) -> _Plan:
        stall = self.stalls.get(written.stall_id or 0)
        if written.count > 1 + self.chains.ledger.rules.most_companions:
            return _Plan(replace(entry, unclear=Unclear.HEADS))
        if entry.person_id and self._helps_elsewhere(entry.person_id):
            return _Plan(replace(entry, unclear=Unclear.ELSEWHERE))
        if stall is None or not places_of(stall, self.version.part):
            return _Plan(replace(entry, unclear=Unclear.STALL))
        return _Plan(replace(entry, sign_ups=()), (), stall, written.count)

    # --- who is meant -----------------------------------------------------------------------------------------

    def _who(self, written: Written) -> str | None:
        """The person whom an entry means: the one volunteer of that name, else whoever wrote it. Nobody twice."""
        named = self.named.get(written.name, frozenset())
        own = written.posted_by
        poster = self.version.poster
        wrote_themselves = own == poster.id and written.name in ("", poster.name)
        found = own if wrote_themselves or len(named) != 1 else next(iter(named))
        return found if found not in self.people else None

    def _is_somebody_else(self, written: Written, was: Entered) -> bool:
        named = self.named.get(written.name, frozenset())
        return len(named) == 1 and was.person_id not in named

    def _is_twice(self, written: Written) -> bool:
        """Whether the only person of that name stands in the chain already."""
        named = self.named.get(written.name, frozenset())
        return len(named) == 1 and named <= self.people

    def _same_name_elsewhere(self, name: str) -> Entered | None:
        """The same name in another chain about the event: one who is in both counts once."""
        return next(
            (
                each
                for each in self.elsewhere
                if each.name == name and not self.linked.intersection(each.sign_ups) and self._rows_by_id(each)
            ),
            None,
        )

    def _adopted(self, name: str, person_id: str) -> list[SignUp]:
        """What was signed up for their name in another chain is theirs."""
        same = self._same_name_elsewhere(name)
        if same is None or same.person_id is not None:
            return []
        rows = self._rows_by_id(same)
        adopt(self.chains.ledger, rows, person_id, self.event, self.now)
        found = [replace(each, person_id=person_id) for each in rows]
        self.rows |= {each.id: each for each in found}
        self.linked |= {each.id for each in found}
        return found

    def _link(self, entry: Entered) -> tuple[SignUp, ...]:
        self.linked |= set(entry.sign_ups)
        return tuple(self._rows_by_id(entry))

    def _helps_elsewhere(self, person_id: str) -> bool:
        if self.version.part is SignUpPart.VISITOR:
            return False
        ledger = self.chains.ledger
        for each in sign_ups.standing_of(ledger.store, person_id, self.now):
            if each.part is SignUpPart.HELPER and each.event_id != self.event.id and each.state in THEIRS:
                other = ledger.event(each.event_id)
                if other.begins_at < self.event.ends_at and other.ends_at > self.event.begins_at:
                    return True
        return False

    # --- what they have ---------------------------------------------------------------------------------------

    def _rows_of(self, entry: Entered) -> list[SignUp]:
        """What an entry stands for and nobody has given up."""
        if entry.person_id is None:
            return self._rows_by_id(entry)
        return [each for each in self.rows.values() if each.person_id == entry.person_id and each.state in THEIRS]

    def _rows_by_id(self, entry: Entered) -> list[SignUp]:
        return [self.rows[each] for each in entry.sign_ups if each in self.rows and self.rows[each].state in THEIRS]

    def _stands_elsewhere(self, entry: Entered, rows: Sequence[SignUp]) -> bool:
        """Whether somebody is still in another chain about the event, or a second time in this one."""
        person_id, ids = rows[0].person_id, {each.id for each in rows}
        return any(
            (person_id is not None and each.person_id == person_id) or ids.intersection(each.sign_ups)
            for each in self.elsewhere
        ) or (entry.person_id is not None and entry.person_id in self.people)

    def _leave(self, entry: Entered) -> None:
        rows = self._rows_of(entry)
        if not rows or self._stands_elsewhere(entry, rows):
            return
        person_id = rows[0].person_id
        if person_id is not None and person_id != self.version.poster.id:
            self.removed.append(min(rows, key=lambda each: each.companion))
            return
        self._release([each for each in rows if each.state in OPEN], Step.LEAVE)

    def _release(self, rows: Sequence[SignUp], step: Step) -> None:
        for each in rows:
            self.chains.ledger.step(each, step, self.version.poster.id, self.now)
            del self.rows[each.id]
        self.released += len(rows)

    def _rename(self, rows: Sequence[SignUp], name: str) -> None:
        for each in rows:
            self.chains.ledger.note(
                each, Step.NAME, self.version.poster.id, self.now, note=each.name, name=name[:LONGEST_NAME] or each.name
            )

    # --- places, in the order of the chain --------------------------------------------------------------------

    def _count_places(self) -> None:
        store, part = self.chains.ledger.store, self.version.part
        waiting = sign_ups.waiting(store, [self.event.id])
        self.queued = {stall_id for stall_id, each in waiting if each is part}
        self.free = {each.id: list(self.chains.ledger.free(each, part)) for each in self.stalls.values()}

    def _carry_out(self, plan: _Plan) -> tuple[_Plan, tuple[int, ...]]:
        """Takes places for what is to be added. Gives where its rows stand among the new ones."""
        if plan.stall is None or not plan.heads:
            return plan, ()
        entry, stall = plan.entry, plan.stall
        wish = Wish(
            stall.id,
            self.version.part,
            group=self.version.group,
            chain_id=self.version.chain.id,
            name=entry.name[:LONGEST_NAME],
        )
        first = 1 + max((each.companion for each in plan.keeps), default=-1)
        begin = len(self.new_rows)
        free = [] if stall.id in self.queued else self.free[stall.id]
        for companion in range(first, first + plan.heads):
            place = free.pop(0) if free else None
            if place is None:
                self.queued.add(stall.id)
            person_id = entry.person_id
            self.new_rows.append(first_values(self.event, stall, person_id, wish, companion, place, self.now))
        return plan, tuple(range(begin, len(self.new_rows)))

    # --- writing ----------------------------------------------------------------------------------------------

    def _write(self, done: Sequence[tuple[_Plan, tuple[int, ...]]]) -> list[Entered]:
        ledger, store = self.chains.ledger, self.chains.ledger.store
        ids = chains.add_sign_ups(store, self.new_rows)
        steps = [Step.WAIT if each["place"] is None else Step.SIGN_UP for each in self.new_rows]
        chains.log_all(store, ids, self.now, self.version.poster.id, steps)
        for row, values in zip(ids, self.new_rows, strict=True):
            if values["person_id"] is not None:
                ledger.look_again(ledger.existing(row), self.event, self.now)
        found = [
            each.entry
            if each.entry.person_id is not None or not positions
            else replace(each.entry, sign_ups=(*each.entry.sign_ups, *(ids[at] for at in positions)))
            for each, positions in done
        ]
        written = [*found, *self.version.hidden]
        chains.write(store, self.version.chain.id, written, self.now)
        return written

    def _outcome(self, entries: list[Entered], before: Mapping[int, int], offers: tuple[Offered, ...]) -> TakenOver:
        ledger = self.chains.ledger
        rows = sign_ups.of_event(ledger.store, self.event.id)
        self.rows = {each.id: each for each in rows if each.part is self.version.part}
        listed = tuple(Listed(each, tuple(self._rows_of(each))) for each in entries)
        kept = {each.key: each for each in self.version.chain.entries}
        new = {each.key for each in entries if _is_new(each, kept.get(each.key))}
        return TakenOver(
            replace(self.version.chain, entries=tuple(entries)),
            self.version.part,
            ledger.board(self.event.id),
            len({row.id for each in listed for row in each.rows}),
            sum(max(len(each.rows) - before.get(each.entry.key, 0), 0) for each in listed),
            self.released - self.switched,
            self.switched > 0,
            listed,
            tuple(each for each in entries if each.unclear and each.key in new),
            tuple(group for group in _doubled(entries) if any(each.key in new for each in group)),
            tuple(ledger.head(each) for each in self.removed),
            sum(each.missing and not kept[each.key].missing for each in self.version.hidden),
            offers,
        )

    def _key(self) -> int:
        self.next_key += 1
        return self.next_key - 1


def _entered(written: Written, key: int) -> Entered:
    return Entered(
        key,
        written.number,
        written.text,
        written.name,
        written.count,
        written.rest,
        written.posted_by,
        person_id=None,
        sign_ups=(),
        unclear=Unclear.NOTHING,
    )


def _named(within: Chains, event: Event, rows: Sequence[SignUp]) -> Mapping[str, frozenset[str]]:
    """Whom a name may mean: the volunteers of the community, and those who have signed up for the event."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    node = within.ledger.tree.community_of(event.node_id)
    for volunteer in within.register.at(node.id) if node is not None else ():
        found[volunteer.name].add(volunteer.person_id)
    names = sign_ups.names_at(within.ledger.store, event.id)
    for row in rows:
        if row.person_id is not None and row.state in THEIRS:
            found[names.get(row.id, "")].add(row.person_id)
    found.pop("", None)
    return {name: frozenset(each) for name, each in found.items()}


def _is_new(entry: Entered, before: Entered | None) -> bool:
    return before is None or (before.unclear, before.name, before.text) != (entry.unclear, entry.name, entry.text)


def _doubled(entries: Sequence[Entered]) -> Iterator[tuple[Entered, ...]]:
    """Entries of one name of whom it is not known that they are different people."""
    by_name: defaultdict[str, list[Entered]] = defaultdict(list)
    for each in entries:
        if each.name and not each.missing and each.unclear != Unclear.TWICE:
            by_name[each.name.casefold()].append(each)
    for same in by_name.values():
        if len(same) > 1 and any(each.person_id is None for each in same):
            yield tuple(same)
