"""The day itself: who is there, who has left, who did not come, and the hours that come of it.

Whoever comes types the four digits shown at the stall, or the leader says who is there. That somebody did not come is
said by people only, never by the clock. An event's end checks out all who are still there.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from community.market.ledger import Ledger
from community.market.outcomes import Board, Event, EventState, SignUp, SignUpPart, SignUpState, Stall
from community.market.signing_up import LONGEST_EVENT, SigningUp, Wish
from community.market.steps import STILL_TO_COME, Step
from community.people import Person
from community.refused import Refused
from community.volunteers import Volunteers
from community.volunteers.hours import Credited
from community.volunteers.teams import longest_named
from storage import check_ins, market, sign_ups

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)

EARLIEST = timedelta(minutes=60)
"""How long before the beginning somebody may check in: stalls have to be set up."""

MARKED_WITHIN = timedelta(days=3)
"""How long after the end leaders may still say who came."""

REMEMBERED = timedelta(days=31)
"""How old a code may be for it to be known as an old one: last month's notice still hangs at the stall."""

LOOKED_AHEAD = timedelta(days=31)

MOST_TRIES, TRIES_WITHIN = 5, timedelta(hours=1)
"""So many wrong codes, then no more in that time: there are but ten thousand."""

TAKES_PLACE = (EventState.OPEN, EventState.OVER)
THERE = (SignUpState.CAME, SignUpState.LEFT)
MAY_COME = (SignUpState.HELD, SignUpState.MISSED, SignUpState.OFFERED, SignUpState.WAITING)
MAY_BE_MISSED = (SignUpState.HELD, SignUpState.CAME)


class Deed(StrEnum):
    """What a leader says of helpers."""

    IN = "in"
    OUT = "out"
    MISS = "miss"


@dataclass(frozen=True, slots=True)
class CheckedIn:
    """Somebody is there. `heads`: with those they brought along. `year`: minutes of this year so far.

    `helps` is false for those who attend a course or a lecture. `is_new` is false where they were there already.
    """

    event: Event
    stall: Stall
    at: datetime
    heads: int
    year: int
    helps: bool
    is_new: bool = True


@dataclass(frozen=True, slots=True)
class NotSignedUp:
    """The code is right, but they have no place. The stalls of the board that miss helpers have room."""

    board: Board


@dataclass(frozen=True, slots=True)
class WrongCode:
    """It is no code of now. `event`: whose it was, where it is an old one."""

    event: Event | None


@dataclass(frozen=True, slots=True)
class Helper:
    """A head at a stall, as people call it; a companion goes by the name of whoever brings them."""

    sign_up: SignUp
    stall: Stall
    name: str


@dataclass(frozen=True, slots=True)
class CheckedOut:
    """Somebody has left. `minutes` is how long they were there, `year` those of this year with these.

    `credited`: what came onto their account; None for companions, for names that nobody knows and for less than a
    minute. Its star is to be told: `router.words_of`.
    """

    helper: Helper
    event: Event
    minutes: int
    year: int
    credited: Credited | None


@dataclass(frozen=True, slots=True)
class Marked:
    """What a leader's word did. `others`: in whose state it changes nothing. `whole`: they count from begin to end."""

    event: Event
    done: tuple[Helper, ...]
    others: tuple[Helper, ...]
    out: tuple[CheckedOut, ...] = ()
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Roll:
    """Everybody at an event, by stall: helpers, and visitors by their number."""

    event: Event
    stalls: tuple[Stall, ...]
    helpers: tuple[Helper, ...]
    visitors: tuple[Helper, ...]

    @property
    def called(self) -> tuple[Helper, ...]:
        """Whose names are called: the helpers, and where the event is one thing only, such as a course, everybody."""
        return (*self.helpers, *self.visitors) if len(self.stalls) == 1 else self.helpers


def opens_at(event: Event) -> datetime:
    """From when on one may check in."""
    return event.begins_at - EARLIEST


def is_on(event: Event, now: datetime) -> bool:
    """Whether one may check in."""
    return event.state is EventState.OPEN and opens_at(event) <= now <= event.ends_at


def minutes_there(came_at: datetime, left_at: datetime, event: Event) -> int:
    """Whole minutes between check-in and check-out: never negative, never more than one could have been there."""
    there = min(left_at - came_at, event.ends_at - opens_at(event))
    return max(there // MINUTE, 0)


@dataclass(frozen=True, slots=True)
class Day:
    """What happens at an event itself, within one transaction."""

    ledger: Ledger
    signing_up: SigningUp
    volunteers: Volunteers

    # --- oneself ----------------------------------------------------------------------------------------------

    def awaited(self, person: Person, group_node: str | None, now: datetime) -> tuple[Board, ...]:
        """The events at which somebody may check in now. Raises `Refused` where there is none."""
        own = self._own_events(person, now)
        found = {each.id: each for each in [*own, *self._around(person, group_node, now)] if is_on(each, now)}
        if found:
            return self.ledger.boards(list(found.values()))
        coming = [each for each in own if each.state is EventState.OPEN and now < opens_at(each)]
        if coming:
            raise _too_early(coming[0])
        raise Refused("market_day.nothing_on")

    def there_already(self, person: Person, now: datetime) -> CheckedIn | None:
        """Where somebody is checked in."""
        own = (self._own_at(each, person) for each in self._own_events(person, now))
        there = next((each for each in own if each is not None and each.state is SignUpState.CAME), None)
        return self._checked_in(there, now, is_new=False) if there is not None else None

    def check_in(
        self, person: Person, group_node: str | None, code: str, now: datetime
    ) -> CheckedIn | NotSignedUp | WrongCode:
        """They are there and have read the code. Raises `Refused`, also for whoever has tried too often."""
        self._check_tries(person, now)
        own = self._own_events(person, now)
        event = _of_code(own, code, now) or _of_code(self._around(person, group_node, now), code, now)
        if event is not None:
            check_ins.forget_tries(self.ledger.store, person.id, now)
            return self._arrive(event, person, now)
        early = next((each for each in own if each.code == code and now < opens_at(each)), None)
        if early is not None and early.state is EventState.OPEN:
            raise _too_early(early)
        return self._wrong(person, group_node, code, now)

    def is_code_for(self, person: Person, code: str, now: datetime) -> bool:
        """Whether this is the code of an event at which somebody has a place that they may check in to now."""
        event = _of_code(self._own_events(person, now), code, now)
        return event is not None and self._own_at(event, person) is not None

    def helps_now(self, person: Person, now: datetime) -> bool:
        """Whether somebody has a place at an event to which they may check in now, or are there."""
        on = (each for each in self._own_events(person, now) if is_on(each, now))
        return any(self._own_at(each, person) is not None for each in on)

    def is_anything_on(self, person: Person, now: datetime) -> bool:
        """Whether there is an event where somebody lives at which helpers check in now."""
        node = self.ledger.tree.community_meant(None, person.node_id)
        return node is not None and any(is_on(each, now) for each in self._around(person, None, now))

    def come_along(self, event_id: int, stall_id: int, person: Person, now: datetime) -> CheckedIn:
        """They had no place, have read the code and help at this stall. Raises `Refused`."""
        event = self.ledger.locked(event_id)
        if not is_on(event, now):
            raise Refused("market.is_over")
        own = self._own_at(event, person)
        if own is not None and own.state is not SignUpState.WAITING:
            arrived = self._arrive(event, person, now)
            if isinstance(arrived, CheckedIn):
                return arrived
        fresh = self.signing_up.come_along(event, stall_id, person, now)
        return self._checked_in(self._come(fresh, person.id, now, now), now)

    def check_out(self, person: Person, now: datetime) -> tuple[CheckedOut, ...]:
        """They leave, and those they brought along. Raises `Refused` where they are nowhere."""
        rows = [each for each in self._rows(person, now) if each.part is SignUpPart.HELPER]
        events = sorted({each.event_id for each in rows if each.state is SignUpState.CAME})
        out = [each for event_id in events for each in self._all_out(self.ledger.locked(event_id), person, now)]
        if out:
            return tuple(out)
        left = next((each for each in rows if each.state is SignUpState.LEFT and not each.companion), None)
        if left is not None and left.left_at is not None and now - left.left_at < DAY:
            raise self._left_already(left)
        if self.there_already(person, now) is not None:
            raise Refused("market_day.need_not_leave")
        raise Refused("market_day.not_in")

    # --- for leaders ------------------------------------------------------------------------------------------

    def meant(self, person: Person, event_id: int | None, now: datetime, *, coming: bool = False) -> list[Event]:
        """The event of which a leader speaks: the one named, else those of today, else the last one of these days.

        `coming`: else the next. Raises `Refused` for those who lead none, and where there is none.
        """
        if event_id is not None:
            return [self._named(person, event_id, now, coming=coming)]
        found = self._led(person, now - MARKED_WITHIN - LONGEST_EVENT, now + LOOKED_AHEAD)
        today = [each for each in found if self._day(each.begins_at) == self._day(now)]
        past = [each for each in found if each.ends_at <= now <= each.ends_at + MARKED_WITHIN]
        meant = today or past[-1:] or (self._next(found, now) if coming else [])
        if meant:
            return meant
        if not found and not self._leads_anything(person):
            raise Refused("market.staff_only")
        raise Refused("market_day.none_today")

    def roll(self, event: Event) -> Roll:
        """Everybody at an event."""
        rows = sign_ups.of_event(self.ledger.store, event.id)
        stalls = self.ledger.stalls(event.id)
        people = tuple(self._helpers(rows, stalls))
        return Roll(
            event,
            stalls,
            tuple(each for each in people if each.sign_up.part is SignUpPart.HELPER),
            tuple(each for each in people if each.sign_up.part is SignUpPart.VISITOR),
        )

    def mark(self, person: Person, event_id: int, deed: Deed, ids: Collection[int] | None, now: datetime) -> Marked:
        """What a leader says of helpers; None: of all for whom it can be said. Raises `Refused`."""
        event = self.ledger.locked(event_id)
        self.ledger.check_runs(person, event)
        self._check_markable(event, now)
        if deed is Deed.MISS and now < event.begins_at:
            raise Refused("market_day.not_begun", event=event.name, begins_at=event.begins_at)
        helpers = self.roll(event).called
        if ids is None:
            states = (SignUpState.HELD,) if deed is Deed.IN else (SignUpState.CAME,)
            ids = {each.sign_up.id for each in helpers if each.sign_up.state in states}
        chosen = [each for each in helpers if each.sign_up.id in ids]
        match deed:
            case Deed.IN:
                return self._mark_in(event, chosen, person, now)
            case Deed.OUT:
                return self._mark_out(event, chosen, person, now)
            case Deed.MISS:
                return self._mark_missed(event, chosen, person, now)

    def check_out_all(self, event: Event, now: datetime, actor_id: str | None = None) -> tuple[CheckedOut, ...]:
        """All who are still there leave, at the event's end at the latest. No actor: the end itself has come."""
        event = self.ledger.locked(event.id)
        there = [each for each in self.roll(event).helpers if each.sign_up.state is SignUpState.CAME]
        return tuple(self._out(each, event, actor_id, now) for each in there)

    def count_numbers(
        self, person: Person, event_id: int, stall_id: int, numbers: Collection[int], now: datetime
    ) -> tuple[int, int]:
        """These numbers were served at a stall. Gives how many are new, and how many there are in all."""
        event = self.ledger.locked(event_id)
        self.ledger.check_runs(person, event)
        self._check_markable(event, now)
        rows = [
            each
            for each in sign_ups.of_event(self.ledger.store, event.id)
            if each.stall_id == stall_id and each.part is SignUpPart.VISITOR
        ]
        came = [each for each in rows if each.state is SignUpState.HELD and each.place in numbers]
        for each in came:
            self.ledger.step(each, Step.CHECK_IN, person.id, now, came_at=min(now, event.ends_at))
        return len(came), len(came) + sum(each.state in THERE for each in rows)

    # --- inside: finding ----------------------------------------------------------------------------------------

    def _rows(self, person: Person, now: datetime) -> list[SignUp]:
        """What somebody has, also at events that are over."""
        return sign_ups.standing_of(self.ledger.store, person.id, now - MARKED_WITHIN)

    def _own_events(self, person: Person, now: datetime) -> list[Event]:
        """Where somebody helps or has a number, the next first."""
        ids = dict.fromkeys(each.event_id for each in self._rows(person, now))
        return [self.ledger.event(each) for each in ids]

    def _around(self, person: Person, group_node: str | None, now: datetime) -> list[Event]:
        """What may be on at the place where somebody lives, or of the group in which they speak."""
        return self._between(person, group_node, now - LONGEST_EVENT, now + LONGEST_EVENT, (EventState.OPEN,))

    def _between(
        self, person: Person, group_node: str | None, since: datetime, until: datetime, states: Collection[EventState]
    ) -> list[Event]:
        node = self.volunteers.register.community_of(person, group_node)
        return market.between(self.ledger.store, self.ledger.nodes_around(node.id), since, until, states)

    def _own_at(self, event: Event, person: Person) -> SignUp | None:
        """Somebody's own place as a helper, or their wish for one; at a course also as one who attends it."""
        rows = [
            each
            for each in sign_ups.of_event(self.ledger.store, event.id)
            if each.person_id == person.id and not each.companion
        ]
        helping = [each for each in rows if each.part is SignUpPart.HELPER]
        attending = rows if self._only_stall(event) is not None else []
        return next(iter([*helping, *attending]), None)

    def _only_stall(self, event: Event) -> Stall | None:
        """The stall of an event that is one thing only, a course or a lecture."""
        stalls = self.ledger.stalls(event.id)
        return stalls[0] if len(stalls) == 1 else None

    def _led(self, person: Person, since: datetime, until: datetime) -> list[Event]:
        store, tree = self.ledger.store, self.ledger.tree
        nodes = [each for each in tree.nodes if tree.works_at(person.id, each)]
        found = [
            *market.between(store, nodes, since, until, TAKES_PLACE),
            *check_ins.led(store, person.id, since, until, TAKES_PLACE),
        ]
        return sorted({each.id: each for each in found}.values(), key=lambda each: (each.begins_at, each.id))

    def _next(self, events: list[Event], now: datetime) -> list[Event]:
        """The next one, with others of its day."""
        ahead = [each for each in events if each.begins_at > now]
        return [each for each in ahead if self._day(each.begins_at) == self._day(ahead[0].begins_at)]

    def _leads_anything(self, person: Person) -> bool:
        """Whether somebody works anywhere, or leads a series."""
        works = any(self.ledger.tree.works_at(person.id, each) for each in self.ledger.tree.nodes)
        return works or any(each.leader_id == person.id for each in market.all_series(self.ledger.store))

    def _named(self, person: Person, event_id: int, now: datetime, *, coming: bool) -> Event:
        event = self.ledger.event(event_id)
        self.ledger.check_runs(person, event)
        if event.state not in TAKES_PLACE:
            raise Refused(f"market.event_{event.state}", name=event.name, begins_at=event.begins_at)
        if not coming:
            self._check_markable(event, now)
        return event

    def _helpers(self, rows: Iterable[SignUp], stalls: Iterable[Stall]) -> Iterator[Helper]:
        rows, at = list(rows), {each.id: each for each in stalls}
        names = self.volunteers.register.names_of({each.person_id for each in rows if each.person_id})
        for each in rows:
            yield Helper(each, at[each.stall_id], names.get(each.person_id or "") or each.name)

    def _day(self, moment: datetime) -> date:
        return moment.astimezone(self.ledger.rules.zone).date()

    # --- inside: codes ------------------------------------------------------------------------------------------

    def _check_tries(self, person: Person, now: datetime) -> None:
        if check_ins.tries(self.ledger.store, person.id, now - TRIES_WITHIN) >= MOST_TRIES:
            raise Refused("market_day.too_many_tries")

    def _wrong(self, person: Person, group_node: str | None, code: str, now: datetime) -> WrongCode:
        """A code that has been one may be named as such: it opens nothing any more."""
        check_ins.forget_tries(self.ledger.store, person.id, now - TRIES_WITHIN)
        check_ins.note_try(self.ledger.store, person.id, now)
        states = (*TAKES_PLACE, EventState.CANCELLED)
        past = self._between(person, group_node, now - REMEMBERED, now + LONGEST_EVENT, states)
        gone = [each for each in past if each.ends_at < now or each.state not in STILL_TO_COME]
        return WrongCode(next((each for each in reversed(gone) if each.code == code), None))

    # --- inside: coming -----------------------------------------------------------------------------------------

    def _arrive(self, event: Event, person: Person, now: datetime) -> CheckedIn | NotSignedUp:
        event = self.ledger.locked(event.id)
        own = self._own_at(event, person)
        if own is not None and own.state is SignUpState.CAME:
            return self._checked_in(own, now, is_new=False)
        if own is not None and own.state is SignUpState.LEFT:
            raise self._left_already(own)
        wanted = own or self._attend(event, person, now)
        placed = self._placed(wanted, person.id, now) if wanted is not None else None
        if placed is None:
            return NotSignedUp(self.ledger.board(event.id))
        came = self._come(placed, person.id, now, now)
        for each in self._companions(came):
            if each.state is SignUpState.HELD:
                self._come(each, person.id, now, now)
        return self._checked_in(came, now)

    def _attend(self, event: Event, person: Person, now: datetime) -> SignUp | None:
        """Whoever comes to a course without a word beforehand attends it, while there is room."""
        stall = self._only_stall(event)
        if stall is None or not self.ledger.free(stall, SignUpPart.VISITOR):
            return None
        signed_up = self.signing_up.sign_up(event.id, person, Wish(stall.id, SignUpPart.VISITOR), now)
        return next((each.sign_up for each in signed_up.held), None)

    def _placed(self, sign_up: SignUp, actor_id: str, now: datetime) -> SignUp | None:
        """A sign-up with its place; of one who waits, where there is one. None: there is none."""
        if sign_up.state is SignUpState.WAITING:
            stall = next(each for each in self.ledger.stalls(sign_up.event_id) if each.id == sign_up.stall_id)
            free = self.ledger.free(stall, sign_up.part)
            if not free:
                return None
            sign_up = self.ledger.step(sign_up, Step.OFFER, actor_id, now, place=free[0], offered_until=now)
        if sign_up.state is SignUpState.OFFERED:
            sign_up = self.ledger.step(sign_up, Step.ACCEPT, actor_id, now, offered_until=None)
        return sign_up

    def _come(self, sign_up: SignUp, actor_id: str, at: datetime, now: datetime) -> SignUp:
        return self.ledger.step(sign_up, Step.CHECK_IN, actor_id, now, came_at=at)

    def _checked_in(self, sign_up: SignUp, now: datetime, *, is_new: bool = True) -> CheckedIn:
        event = self.ledger.event(sign_up.event_id)
        stall = next(each for each in self.ledger.stalls(event.id) if each.id == sign_up.stall_id)
        there = [each for each in self._companions(sign_up) if each.state is SignUpState.CAME]
        year = self._minutes_of_year(sign_up.person_id or "", now)
        helps = sign_up.part is SignUpPart.HELPER
        return CheckedIn(event, stall, sign_up.came_at or now, 1 + len(there), year, helps, is_new)

    def _companions(self, sign_up: SignUp) -> list[SignUp]:
        """Those whom somebody brought along to the same stall."""
        return [
            each
            for each in sign_ups.of_event(self.ledger.store, sign_up.event_id)
            if each.person_id == sign_up.person_id
            and each.stall_id == sign_up.stall_id
            and each.part is sign_up.part
            and each.companion
        ]

    def _minutes_of_year(self, person_id: str, now: datetime) -> int:
        year = self._day(now).year
        entries = self.volunteers.hours.of_person(person_id, date(year, 1, 1), date(year, 12, 31))
        return sum(each.minutes for each in entries)

    # --- inside: leaving ------------------------------------------------------------------------------------------

    def _all_out(self, event: Event, person: Person, now: datetime) -> list[CheckedOut]:
        """Somebody, before those they brought along."""
        there = [
            each
            for each in self.roll(event).helpers
            if each.sign_up.person_id == person.id and each.sign_up.state is SignUpState.CAME
        ]
        there.sort(key=lambda each: each.sign_up.companion)
        return [self._out(each, event, person.id, now) for each in there]

    def _out(self, helper: Helper, event: Event, actor_id: str | None, now: datetime) -> CheckedOut:
        came_at = helper.sign_up.came_at or event.begins_at
        left_at = max(came_at, min(now, event.ends_at))
        self.ledger.step(helper.sign_up, Step.CHECK_OUT, actor_id, now, left_at=left_at)
        minutes = minutes_there(came_at, left_at, event)
        credited = self._credit(helper, event, minutes, now)
        year = self._minutes_of_year(helper.sign_up.person_id or "", now) if credited else 0
        return CheckedOut(helper, event, minutes, year, credited)

    def _credit(self, helper: Helper, event: Event, minutes: int, now: datetime) -> Credited | None:
        person_id = helper.sign_up.person_id
        if person_id is None or helper.sign_up.companion or not minutes:
            return None
        series = market.series(self.ledger.store, event.series_id) if event.series_id else None
        return self.volunteers.hours.credit(
            helper.sign_up.id,
            event,
            person_id,
            minutes,
            self._day(event.begins_at),
            series.name if series else event.name,
            event.name,
            self._team(person_id, helper.stall),
            now,
        )

    def _team(self, person_id: str, stall: Stall) -> str | None:
        """For which team somebody helps: their only one, else the one that the stall names."""
        teams = self.volunteers.teams.of(person_id)
        if len(teams) > 1:
            teams = longest_named(f"{stall.name} {stall.skill}", teams)
        return teams[0].id if len(teams) == 1 else None

    def _left_already(self, sign_up: SignUp) -> Refused:
        left_at = sign_up.left_at or sign_up.changed_at
        event = self.ledger.event(sign_up.event_id)
        return Refused("market_day.left_already", event=event.name, left_at=left_at)

    # --- inside: marking ------------------------------------------------------------------------------------------

    def _check_markable(self, event: Event, now: datetime) -> None:
        if now < opens_at(event):
            raise _too_early(event)
        if now > event.ends_at + MARKED_WITHIN:
            raise Refused("market_day.too_late", event=event.name, days=MARKED_WITHIN.days)

    def _mark_in(self, event: Event, chosen: list[Helper], person: Person, now: datetime) -> Marked:
        """Said after the end they were there from begin to end: that is all that is known."""
        whole = now >= event.ends_at
        done, others = [], []
        for each in chosen:
            may = each.sign_up.state in MAY_COME
            placed = self._placed(each.sign_up, person.id, now) if may else None
            if placed is None:
                others.append(each)
                continue
            came = self._come(placed, person.id, event.begins_at if whole else now, now)
            done.append(Helper(came, each.stall, each.name))
        helped = [each for each in done if whole and each.sign_up.part is SignUpPart.HELPER]
        out = tuple(self._out(each, event, person.id, now) for each in helped)
        return Marked(event, tuple(done), tuple(others), out, whole)

    def _mark_out(self, event: Event, chosen: list[Helper], person: Person, now: datetime) -> Marked:
        """Those who attend a course need not be checked out: they are given no hours."""
        helping = (each for each in chosen if each.sign_up.part is SignUpPart.HELPER)
        there = tuple(each for each in helping if each.sign_up.state is SignUpState.CAME)
        out = tuple(self._out(each, event, person.id, now) for each in there)
        return Marked(event, there, tuple(each for each in chosen if each not in there), out)

    def _mark_missed(self, event: Event, chosen: list[Helper], person: Person, now: datetime) -> Marked:
        missed = tuple(each for each in chosen if each.sign_up.state in MAY_BE_MISSED)
        for each in missed:
            self.ledger.step(each.sign_up, Step.MISS, person.id, now, came_at=None)
        return Marked(event, missed, tuple(each for each in chosen if each not in missed))


def _of_code(events: Iterable[Event], code: str, now: datetime) -> Event | None:
    return next((each for each in events if each.code == code and is_on(each, now)), None)


def _too_early(event: Event) -> Refused:
    return Refused("market_day.too_early", event=event.name, opens_at=opens_at(event))
