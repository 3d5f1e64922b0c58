"""What happens by itself around an event: it opens, calls for helpers, begins, ends and thanks; and who is reminded.

Each stage is done once and in its order. What has lost its use while the program was away is passed over.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from community.market.day import Day
from community.market.ledger import Ledger
from community.market.opening import Opening
from community.market.outcomes import Board, Count, Head, Offered, Published
from community.market.signing_up import SigningUp
from community.market.steps import EventStage, Stage, Step, next_stage
from community.parts.notice import quiet_ends
from community.people import Person
from community.refused import Refused
from community.tree import Level
from community.volunteers import Volunteers
from community.volunteers.hours import StarReached
from storage import market, questions, sign_ups
from storage.market import Event
from storage.sign_ups import SignUp
from storage.tables import EventState, SignUpPart, SignUpState

LATELY = timedelta(days=1)
"""What was opened so short a time ago need not be called again."""

SOON = timedelta(hours=2)
"""For an event that begins sooner nobody is called any more."""

STILL_NEWS = timedelta(days=3)
"""Nobody is thanked later than this."""

ASKED_EACH = 3
"""So many volunteers are asked for each helper who is missing."""

TALKS = frozenset({EventStage.PUBLISH, EventStage.CALL, EventStage.CALL_AGAIN, EventStage.SHORT, EventStage.THANK})
"""Stages that wait for the end of the quiet hours: until then the event may be cancelled."""

WAITS = frozenset({SignUpState.WAITING, SignUpState.OFFERED})
CAME = frozenset({SignUpState.CAME, SignUpState.LEFT})


@dataclass(frozen=True, slots=True)
class Called:
    """Everybody is told of an event; `again`: that it is near."""

    board: Board
    again: bool


@dataclass(frozen=True, slots=True)
class Short:
    """A stall lacks helpers a day before. `ask`: volunteers who can do it, by id."""

    board: Board
    count: Count
    ask: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WaitedInVain:
    """The event begins, and somebody still waits."""

    head: Head


@dataclass(frozen=True, slots=True)
class NotOpened:
    """A draft whose day has come. Nobody has seen it but those who are told."""

    event: Event
    tell: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unmarked:
    """An event is over, and of some helpers nobody has said whether they came."""

    event: Event
    names: tuple[str, ...]
    tell: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Thanks:
    """To one helper: minutes of this time, and in all. No minutes: they are not on the account."""

    person_id: str
    minutes: int
    total: int


@dataclass(frozen=True, slots=True)
class Thanked:
    """An event is over. `helpers` and `visitors`: how many came, whoever they are."""

    event: Event
    thanks: tuple[Thanks, ...]
    helpers: int
    visitors: int


Happened = Published | Called | Short | WaitedInVain | NotOpened | Unmarked | Thanked | StarReached


@dataclass(frozen=True, slots=True)
class Reminded:
    """Somebody is reminded of an event, once for all they have signed up for. `said`: they have said that they come."""

    person_id: str
    heads: tuple[Head, ...]
    said: bool


@dataclass(frozen=True, slots=True)
class OfferLapsed:
    """Somebody did not answer in time. `heads`: so many places. `open`: one may still sign up for the event."""

    head: Head
    heads: int
    open: bool


Due = Reminded | OfferLapsed | Offered


@dataclass(frozen=True, slots=True)
class Calling:
    """Run by the scheduler: the rows say what is due."""

    ledger: Ledger
    opening: Opening
    signing_up: SigningUp
    day: Day
    volunteers: Volunteers

    # --- events ---------------------------------------------------------------------------------------------------

    def next_event(self) -> datetime | None:
        """When `run` has something to do next."""
        return market.next_due(self.ledger.store)

    def run(self, now: datetime) -> list[Happened]:
        """What is due about events by now.

        Of several who do this at once one waits for the other, and finds it done.
        """
        happened: list[Happened] = []
        for due in market.due(self.ledger.store, now):
            event = self.ledger.locked(due.id)
            while event.next_at is not None and event.next_at <= now:
                happened += self._one(event, now)
                event = self.ledger.event(event.id)
        return happened

    def _one(self, event: Event, now: datetime) -> Sequence[Happened]:
        """Does one stage, or puts it off to the morning, and notes the next."""
        due, stage = event.next_at or now, EventStage(event.stage)
        morning = quiet_ends(now, self.ledger.rules)
        if stage in TALKS and now < morning and (stage is EventStage.THANK or morning < event.begins_at):
            market.change(self.ledger.store, event.id, next_at=morning)
            return ()
        if event.state is EventState.DRAFT:
            return (self._open(event, now),)
        next_at, following = next_stage(event, due, self.ledger.rules)
        market.change(self.ledger.store, event.id, next_at=next_at, stage=following)
        overtaken = next_at is not None and next_at <= now and following is not EventStage.SHORT
        match stage:
            case EventStage.CALL | EventStage.CALL_AGAIN:
                again = stage is EventStage.CALL_AGAIN
                return () if overtaken else self._call(event, due, now, again=again)
            case EventStage.SHORT:
                return self._short(event, now)
            case EventStage.BEGIN:
                return self._waited_in_vain(event, now)
            case EventStage.END:
                return self._end(event, now)
            case EventStage.THANK:
                return self._thank(event, now) if now - due <= STILL_NEWS else ()
            case _:
                return ()

    def _open(self, event: Event, now: datetime) -> Happened:
        if event.begins_at <= now:
            return NotOpened(
                self.ledger.change_event(event, now, state=EventState.CANCELLED), self.ledger.runners(event)
            )
        return self.opening.publish(event.id, None, now)

    def _call(self, event: Event, due: datetime, now: datetime, *, again: bool) -> Sequence[Called]:
        lately = event.opened_at is not None and due - event.opened_at < LATELY
        if lately or event.begins_at < now + SOON:
            return ()
        return (Called(self.ledger.board(event.id), again),)

    def _short(self, event: Event, now: datetime) -> list[Short]:
        """For each stall that lacks helpers some who could: those first who were not asked for longest."""
        if event.begins_at < now + SOON:
            return []
        board = self.ledger.board(event.id)
        found = []
        ever = sign_ups.ever_of_events(self.ledger.store, [event.id])
        left_out = {each.person_id for each in ever if each.part is SignUpPart.HELPER}
        left_out |= {event.leader_id}
        for count in sorted(board.missing, key=lambda each: -each.helpers.left):
            ask = self._who_could(event, count, left_out, now)[: ASKED_EACH * count.helpers.left]
            left_out |= set(ask)
            if ask:
                found.append(Short(board, count, tuple(ask)))
        return found

    def _who_could(self, event: Event, count: Count, left_out: set[str | None], now: datetime) -> list[str]:
        skill = count.stall.skill or count.stall.name
        able = [
            each.person_id
            for node_id in self._communities(event.node_id)
            for each in self.volunteers.register.with_skill(node_id, skill)
            if each.person_id not in left_out and not self._is_busy(each.person_id, event, now)
        ]
        last = questions.last_asked_for_help(self.ledger.store, able)
        return sorted(dict.fromkeys(able), key=lambda each: (each in last, last.get(each, now)))

    def _communities(self, node_id: str) -> list[str]:
        """The community of a node; above the communities all below it."""
        tree = self.ledger.tree
        if (community := tree.community_of(node_id)) is not None:
            return [community.id]
        below = (each for each in tree.nodes.values() if each.level is Level.COMMUNITY)
        return [each.id for each in below if tree.lies_in(each.id, node_id)]

    def _is_busy(self, person_id: str, event: Event, now: datetime) -> bool:
        """Whether somebody helps elsewhere at that time."""
        for each in sign_ups.standing_of(self.ledger.store, person_id, now):
            other = self.ledger.event(each.event_id)
            at_once = other.begins_at < event.ends_at and other.ends_at > event.begins_at
            if each.part is SignUpPart.HELPER and at_once:
                return True
        return False

    def _waited_in_vain(self, event: Event, now: datetime) -> list[WaitedInVain]:
        """Whoever waits gets nothing any more; each hears of it once, where that is of use still."""
        heads: dict[tuple[str, int, SignUpPart], Head] = {}
        for each in sign_ups.of_event(self.ledger.store, event.id):
            if each.state in WAITS:
                lapsed = self.ledger.step(each, Step.LAPSE, None, now)
                if each.person_id is not None:
                    heads.setdefault((each.person_id, each.stall_id, each.part), self.ledger.head(lapsed))
        return [WaitedInVain(each) for each in heads.values()] if now - event.ends_at < LATELY else []

    def _end(self, event: Event, now: datetime) -> list[Happened]:
        happened: list[Happened] = [*self._waited_in_vain(event, now)]
        out = self.day.check_out_all(event, now)
        happened += [each.credited.star for each in out if each.credited and each.credited.star]
        values = {"state": EventState.OVER, "sequence": event.sequence + 1, "changed_at": now}
        market.change(self.ledger.store, event.id, **values)
        unmarked = [each for each in sign_ups.of_event(self.ledger.store, event.id) if _is_unmarked(each)]
        if unmarked:
            names = sign_ups.names_at(self.ledger.store, event.id)
            called = tuple(dict.fromkeys(each.name or names.get(each.id, "") for each in unmarked))
            happened.append(Unmarked(event, called, self.ledger.runners(event)))
        return happened

    def _thank(self, event: Event, now: datetime) -> list[Thanked]:
        came = [each for each in sign_ups.of_event(self.ledger.store, event.id) if each.state in CAME]
        helpers = [each for each in came if each.part is SignUpPart.HELPER]
        if not came:
            return []
        minutes: dict[str, int] = {}
        for entry in self.volunteers.hours.of_event(event.id):
            minutes[entry.person_id] = minutes.get(entry.person_id, 0) + entry.minutes
        known = [each for each in helpers if each.person_id is not None and not each.companion]
        totals = self.volunteers.hours.totals([each.person_id for each in known if each.person_id])
        thanks = {}
        for each in known:
            self.ledger.step(each, Step.THANK, None, now)
            person_id = each.person_id or ""
            thanks[person_id] = Thanks(person_id, minutes.get(person_id, 0), totals.get(person_id, 0))
        return [Thanked(event, tuple(thanks.values()), len(helpers), len(came) - len(helpers))]

    # --- sign-ups ---------------------------------------------------------------------------------------------------

    def next_sign_up(self) -> datetime | None:
        """When `remind` has something to do next."""
        return sign_ups.next_due(self.ledger.store)

    def remind(self, now: datetime) -> list[Due]:
        """Reminders, and offers that nobody answered, that are due by now."""
        event_ids = {each.event_id for each in sign_ups.due(self.ledger.store, now)}
        events = {each: self.ledger.locked(each) for each in sorted(event_ids)}
        happened: list[Due] = []
        done: set[int] = set()
        for each in sign_ups.due(self.ledger.store, now):
            if each.event_id not in events or each.id in done:
                continue
            event = events[each.event_id]
            same = self._same(each)
            done |= {one.id for one in same}
            if each.stage == Stage.OFFER and each.state is SignUpState.OFFERED:
                happened += self._lapse(same, event, now)
            elif each.state is SignUpState.HELD:
                happened += self._remind(same, event, now)
            else:
                self.ledger.look_again(each, event, now)
        return happened

    def _same(self, sign_up: SignUp) -> list[SignUp]:
        """What is done at once with this one: a person's reminders of one event, their places at one stall."""
        rows = sign_ups.of_event(self.ledger.store, sign_up.event_id)
        mine = [each for each in rows if sign_up.person_id is not None and each.person_id == sign_up.person_id]
        if sign_up.state is SignUpState.HELD:
            return [each for each in mine if each.state is SignUpState.HELD and not each.companion] or [sign_up]
        at_stall = [each for each in mine if (each.stall_id, each.part) == (sign_up.stall_id, sign_up.part)]
        return [
            each for each in at_stall if each.state is sign_up.state and each.offered_until == sign_up.offered_until
        ] or [sign_up]

    def _remind(self, rows: Sequence[SignUp], event: Event, now: datetime) -> list[Reminded]:
        morning = quiet_ends(now, self.ledger.rules)
        if now < morning < event.begins_at and event.state is EventState.OPEN:
            for each in rows:
                sign_ups.change(self.ledger.store, each.id, next_at=morning)
            return []
        is_morning = any(each.stage == Stage.MORNING for each in rows)
        looked = [self.ledger.look_again(each, event, now) for each in rows]
        person_id = rows[0].person_id
        if event.state is not EventState.OPEN or event.begins_at <= now:
            for each in looked:
                self.ledger.log(each, Step.TOO_LATE, None, now)
            return []
        if person_id is None:
            return []
        for each in looked:
            self.ledger.close_questions(each, now)
            self.ledger.log(each, Step.REMIND, None, now)
        said = is_morning and all(each.coming for each in looked)
        return [Reminded(person_id, tuple(self.ledger.head(each) for each in looked), said)]

    def _lapse(self, rows: Sequence[SignUp], event: Event, now: datetime) -> list[Due]:
        lapsed = [self.ledger.head(self.ledger.step(each, Step.LAPSE, None, now)) for each in rows]
        is_open = event.state is EventState.OPEN and now < event.begins_at
        return [OfferLapsed(lapsed[0], len(lapsed), is_open), *self.ledger.offer(event, now)]

    # --- answers ------------------------------------------------------------------------------------------------------

    def of_person(self, event_id: int, person: Person, now: datetime) -> list[SignUp]:
        """What somebody has open at an event, companions left out. Raises `Refused` where there is nothing."""
        found = [each for each in self.ledger.open_of(person, now) if each.event_id == event_id and not each.companion]
        if not found:
            raise Refused("market.not_signed_up")
        return found

    def say_coming(self, event_id: int, person: Person, now: datetime) -> list[Head]:
        """They come: what they hold they keep, what is kept for them is theirs. Raises `Refused`."""
        self.ledger.locked(event_id)
        heads = []
        for each in self.of_person(event_id, person, now):
            if each.state is SignUpState.HELD:
                heads.append(self.signing_up.say_coming(each.id, person, now))
            elif each.state is SignUpState.OFFERED:
                heads.append(self.signing_up.accept(each.id, person, now))
            else:
                heads.append(self.ledger.head(each))
        return heads

    def still_short(self, event_id: int, stall_id: int) -> bool:
        """Whether a stall still lacks helpers. Raises `Refused` for one that was taken back."""
        return self.ledger.board(event_id).count(stall_id).helpers.left > 0


def _is_unmarked(sign_up: SignUp) -> bool:
    """Whether it is a helper of whom nobody has said anything; companions come and stay away with their own."""
    return sign_up.state is SignUpState.HELD and sign_up.part is SignUpPart.HELPER and not sign_up.companion
