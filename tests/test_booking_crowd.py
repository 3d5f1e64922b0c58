"""A crowd at the stations: many people, threads and processes want the same places at the same moment.

In SQLite the desk's one thread does one after the other. In PostgreSQL there are as many writers as there are
processes: what keeps them apart are the locks that the services take, and the database's own constraints.
"""

import asyncio
import multiprocessing
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError

from bot.desk import Desk
from bot.worker import DeskWorker
from community.bookings import Bookings
from community.bookings.outcomes import Booked, Cancelled, CheckedIn, OfferLapsed, Reminded, Waits
from community.bookings.steps import State, Step
from community.grievances import DeadlineClass, Grievances
from community.grievances.intake import Told
from community.grievances.outcomes import Where
from community.people import Person
from community.refused import Refused
from community.rules import CHINA, Rules
from community.tree import Role, RoleHolder, Tree
from storage import bookings, rota, tree
from storage.database import Database, Store
from storage.tables import DutyKind, ReceptionState, grievances, people, stations
from tests.keys import KEYS

NOW = datetime(2026, 12, 1, 9, tzinfo=CHINA)
BEGINS = datetime(2026, 12, 5, 9, tzinfo=CHINA)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
CROWD = 100
THREADS, PROCESSES = 8, 4
PATIENCE = 60
"""Seconds after which those who wait for each other are said to wait for ever."""

RULES = Rules()
DEPUTY = Person("crowd-deputy", "王建华")
TREE = Tree.grow((), (RoleHolder(DEPUTY.id, DEPUTY.name, Role.DEPUTY, "xingfu"),), ())

Outcome = Booked | Waits | Cancelled | CheckedIn | str
"""What came of it; of a refusal its key."""

Act = Callable[[Bookings], Outcome]


# --- the station ----------------------------------------------------------------------------------------------


def somebody(number: int) -> Person:
    return Person(f"crowd-{number:03d}", f"居民{number}")


def open_station(database: Database) -> None:
    """A station, whoever receives there, and the crowd."""
    everybody = [DEPUTY, *(somebody(number) for number in range(2 * CROWD))]
    rows = [{"id": each.id, "name": each.name, "node_id": None, "created_at": NOW} for each in everybody]
    with database.begin() as store:
        store.connection.execute(insert(people), rows)
        station = {"id": "crowd", "node_id": "xingfu", "name": "幸福社区工作站", "address": "", "hours": ""}
        store.connection.execute(insert(stations), station)


def reception(database: Database, places: int, begins_at: datetime = BEGINS) -> int:
    """A new reception. Gives its id."""
    with database.begin() as store:
        return rota.add(
            store,
            station_id="crowd",
            rota_id=None,
            planned_on=begins_at.date(),
            kind=DutyKind.CONGRESS_DEPUTY,
            person_id=DEPUTY.id,
            person_name=DEPUTY.name,
            begins_at=begins_at,
            ends_at=begins_at + 2 * HOUR,
            places=places,
            bring="",
            state=ReceptionState.PLANNED,
            sequence=0,
            changed_at=NOW,
            next_at=None,
            stage="",
        )


def services(store: Store) -> Bookings:
    return Bookings.open(store, TREE, RULES, Grievances.open(store, TREE, RULES))


@contextmanager
def service(database: Database) -> Iterator[Bookings]:
    """The services within one transaction."""
    with database.begin() as store:
        yield services(store)


def tried(database: Database, act: Act) -> Outcome:
    """What comes of something, in a transaction of its own."""
    with service(database) as all_:
        try:
            return act(all_)
        except Refused as refused:
            return refused.key


def booking_by(number: int, reception_id: int, instead_of: int | None = None) -> Act:
    return lambda all_: all_.booking.book(reception_id, somebody(number), NOW, instead_of=instead_of)


def cancelling_by(number: int, booking_id: int) -> Act:
    return lambda all_: all_.booking.cancel(booking_id, somebody(number), NOW + MINUTE)


def accepting_by(number: int, booking_id: int) -> Act:
    return lambda all_: all_.booking.accept(booking_id, somebody(number), NOW + MINUTE)


def filled(database: Database, places: int, waiting: int = 0, first: int = 0) -> tuple[int, list[int]]:
    """A reception that some of the crowd have taken, the next waiting. Gives it and their bookings in order."""
    identity = reception(database, places)
    with service(database) as all_:
        numbers = range(first, first + places + waiting)
        outcomes = [all_.booking.book(identity, somebody(number), NOW) for number in numbers]
    return identity, [each.place.booking.id for each in outcomes]


def booked_at(database: Database, reception_id: int) -> list[bookings.Booking]:
    """Whoever has a place or waits."""
    with database.begin() as store:
        return bookings.of_reception(store, reception_id)


def by_id(database: Database, booking_ids: Sequence[int]) -> list[bookings.Booking]:
    with database.begin() as store:
        found = [bookings.by_id(store, booking_id) for booking_id in booking_ids]
    return [each for each in found if each is not None]


# --- who does it at the same moment ---------------------------------------------------------------------------


def in_threads(database: Database, acts: Sequence[Act]) -> list[Outcome]:
    """Each act in a thread with an engine of its own; all begin together."""
    together = threading.Barrier(len(acts))

    def run(act: Act) -> Outcome:
        with closing(Database(_url(database), KEYS)) as own:
            with own.begin():  # connected, so that nobody loses their time with that
                together.wait(PATIENCE)
            return tried(own, act)

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(run, acts, timeout=PATIENCE))


def claims_in_threads(database: Database, reception_id: int, numbers: Sequence[int]) -> list[Outcome]:
    """Everybody claims a place, shared among so many threads; each claim is a transaction of its own."""
    together = threading.Barrier(THREADS)

    def run(own_numbers: Sequence[int]) -> list[Outcome]:
        with closing(Database(_url(database), KEYS)) as own:
            together.wait(PATIENCE)
            return [tried(own, booking_by(number, reception_id)) for number in own_numbers]

    with ThreadPoolExecutor(THREADS) as threads:
        shares = [numbers[first::THREADS] for first in range(THREADS)]
        return [outcome for share in threads.map(run, shares, timeout=PATIENCE) for outcome in share]


_together: Any = None
"""In a process of `processes`: where they wait for each other."""


def _meet_at(barrier: Any) -> None:
    global _together  # a pool gives its processes nothing else to keep it in
    _together = barrier


def _claim_in_process(url: str, claims: Sequence[tuple[int, int]]) -> list[Outcome]:
    """Some of the crowd claim a place at a reception, each in a transaction of their own."""
    with closing(Database(url, KEYS)) as own:
        with own.begin():
            _together.wait(PATIENCE)
        return [tried(own, booking_by(number, reception_id)) for number, reception_id in claims]


def _cancel_in_process(url: str, cancellations: Sequence[tuple[int, int]]) -> list[Outcome]:
    with closing(Database(url, KEYS)) as own:
        with own.begin():
            _together.wait(PATIENCE)
        return [tried(own, cancelling_by(number, booking_id)) for number, booking_id in cancellations]


@pytest.fixture(scope="module")
def processes() -> Iterator[ProcessPoolExecutor]:
    """Four processes that have nothing of ours in memory, as the program's own would be."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(PROCESSES, context, _meet_at, (context.Barrier(PROCESSES),)) as pool:
        yield pool


def in_processes(
    pool: ProcessPoolExecutor,
    function: Callable[[str, Sequence[tuple[int, int]]], list[Outcome]],
    database: Database,
    shares: Sequence[Sequence[tuple[int, int]]],
) -> list[Outcome]:
    """Each share in a process; all begin together."""
    assert len(shares) == PROCESSES, "they wait for each other, so that none takes two shares"
    done = pool.map(partial(function, _url(database)), shares, timeout=PATIENCE)
    return [outcome for share in done for outcome in share]


def _url(database: Database) -> str:
    return database.url.render_as_string(hide_password=False)


@pytest.fixture
def crowd(postgresql_database: Database) -> Database:
    """The crowd before a station, in PostgreSQL."""
    open_station(postgresql_database)
    return postgresql_database


# --- what must hold -------------------------------------------------------------------------------------------


def check_last_place(database: Database, reception_id: int, places: int, outcomes: Sequence[Outcome]) -> None:
    """One has it; the others wait in the order in which they were served, each having heard how many are ahead."""
    booked = [each for each in outcomes if isinstance(each, Booked)]
    waits = [each for each in outcomes if isinstance(each, Waits)]
    assert (len(booked), len(waits), len(outcomes)) == (1, CROWD - 1, CROWD)
    assert booked[0].place.booking.place == places

    kept = booked_at(database, reception_id)
    held = [each for each in kept if each.state is State.HELD]
    waiting = [each for each in kept if each.state is State.WAITING]
    assert [each.place for each in held] == list(range(1, places + 1))
    assert [each.place for each in waiting] == [None] * (CROWD - 1)
    assert len({each.resident_id for each in kept}) == len(kept) == places - 1 + CROWD

    # `ahead` was counted within the lock: it is the order of the commits.
    served = sorted(waits, key=lambda each: each.ahead)
    assert [each.ahead for each in served] == list(range(CROWD - 1))
    assert [each.place.booking.id for each in served] == [each.id for each in waiting]


def check_places(database: Database, reception_id: int, places: int) -> None:
    """Each place is one person's, and nobody waits while one is free."""
    kept = booked_at(database, reception_id)
    taken = [each.place for each in kept if each.place is not None]
    assert len(set(taken)) == len(taken) <= places
    assert set(taken) <= set(range(1, places + 1))
    assert len(taken) == places or not any(each.state is State.WAITING for each in kept)


# --- the last place -------------------------------------------------------------------------------------------


async def test_the_last_place_goes_to_one_of_a_hundred_at_the_desk(sqlite_database: Database) -> None:
    """Everybody asks at once; the desk's thread does one after the other, each in a transaction of its own."""
    open_station(sqlite_database)
    identity, _ = filled(sqlite_database, 2)
    with sqlite_database.begin() as store:
        rota.change(store, identity, places=3)
    worker = DeskWorker(Desk(sqlite_database, RULES, {"pipe": "pipe"}), after_commit=lambda: None)
    worker.start()

    async def claim(number: int) -> Outcome:
        act = booking_by(number, identity)
        return await worker.call(lambda store, _: act(services(store)))

    outcomes = await asyncio.gather(*(claim(number) for number in range(CROWD, 2 * CROWD)))
    await worker.stop()
    check_last_place(sqlite_database, identity, 3, outcomes)


@pytest.mark.postgresql
def test_the_last_place_goes_to_one_of_a_hundred_in_eight_threads(crowd: Database) -> None:
    identity, _ = filled(crowd, 2)
    with crowd.begin() as store:
        rota.change(store, identity, places=3)
    outcomes = claims_in_threads(crowd, identity, range(CROWD, 2 * CROWD))
    check_last_place(crowd, identity, 3, outcomes)


@pytest.mark.postgresql
def test_the_last_place_goes_to_one_of_a_hundred_in_four_processes(
    crowd: Database, processes: ProcessPoolExecutor
) -> None:
    identity = reception(crowd, 1)
    shares = [[(number, identity) for number in range(first, CROWD, PROCESSES)] for first in range(PROCESSES)]
    outcomes = in_processes(processes, _claim_in_process, crowd, shares)
    check_last_place(crowd, identity, 1, outcomes)


@pytest.mark.parametrize("double", ["place", "person"])
@pytest.mark.parametrize("engine", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def test_the_database_itself_refuses_a_double(request: pytest.FixtureRequest, engine: str, double: str) -> None:
    """Whoever writes past the service gets no place a second time, and no second one for the same person."""
    database: Database = request.getfixturevalue(f"{engine}_database")
    open_station(database)
    identity, (first, _) = filled(database, 2)
    taken: Mapping[str, tuple[int, int | None]] = {"place": (50, 1), "person": (0, None)}
    number, place = taken[double]
    row = {
        "reception_id": identity,
        "resident_id": somebody(number).id,
        "place": place,
        "state": State.HELD,
        "starts_at": BEGINS,
        "booked_at": NOW,
        "changed_at": NOW,
    }
    with pytest.raises(IntegrityError), database.begin() as store:
        bookings.add(store, row)
    assert len(booked_at(database, identity)) == 2

    assert isinstance(tried(database, cancelling_by(0, first)), Cancelled)
    with database.begin() as store:
        bookings.add(store, row)  # what was given up may be had again
    assert len(booked_at(database, identity)) == 2


# --- one person, twice at once --------------------------------------------------------------------------------


@pytest.mark.postgresql
def test_the_same_person_claims_from_all_processes_and_gets_one(
    crowd: Database, processes: ProcessPoolExecutor
) -> None:
    receptions = [reception(crowd, 6, BEGINS + timedelta(days=day)) for day in range(10)]
    shares = [[(number, each) for number, each in enumerate(receptions)]] * PROCESSES
    outcomes = in_processes(processes, _claim_in_process, crowd, shares)
    assert sum(isinstance(each, Booked) for each in outcomes) == len(receptions)
    assert outcomes.count("bookings.booked_already") == (PROCESSES - 1) * len(receptions)
    assert [len(booked_at(crowd, each)) for each in receptions] == [1] * len(receptions)


@pytest.mark.postgresql
def test_nobody_gets_two_places_at_the_same_hour(crowd: Database) -> None:
    """Two receptions, so that not the reception's lock but the person's keeps the claims apart."""
    for number in range(10):
        hour = BEGINS + timedelta(days=number)
        here, there = reception(crowd, 6, hour), reception(crowd, 6, hour)
        outcomes = in_threads(crowd, [booking_by(number, each) for each in (here, there)])
        assert sorted(str(each) if isinstance(each, str) else "booked" for each in outcomes) == [
            "booked",
            "bookings.same_time",
        ]
        assert len(booked_at(crowd, here)) + len(booked_at(crowd, there)) == 1


@pytest.mark.postgresql
def test_nobody_gets_more_than_their_share_of_a_station(crowd: Database) -> None:
    receptions = [reception(crowd, 6, BEGINS + timedelta(days=day)) for day in range(THREADS)]
    outcomes = in_threads(crowd, [booking_by(0, each) for each in receptions])
    assert sum(isinstance(each, Booked) for each in outcomes) == RULES.most_bookings
    assert outcomes.count("bookings.too_many") == THREADS - RULES.most_bookings


@pytest.mark.postgresql
def test_of_two_offers_at_the_same_hour_only_one_is_accepted(crowd: Database) -> None:
    for number in range(5):
        kept = [kept_for(crowd, number, before=CROWD + 2 * number + which) for which in range(2)]
        outcomes = in_threads(crowd, [accepting_by(number, each) for each in kept])
        assert sorted(isinstance(each, Booked) for each in outcomes) == [False, True]
        assert "bookings.same_time" in outcomes
        held = [each for each in by_id(crowd, kept) if each.state is State.HELD]
        assert len(held) == 1


def kept_for(database: Database, number: int, *, before: int) -> int:
    """A place that somebody else had at a reception, and that is now kept for this one."""
    identity = reception(database, 1)
    booked = tried(database, booking_by(before, identity))
    waits = tried(database, booking_by(number, identity))
    assert isinstance(booked, Booked)
    assert isinstance(waits, Waits)
    tried(database, cancelling_by(before, booked.place.booking.id))
    return waits.place.booking.id


# --- moving ---------------------------------------------------------------------------------------------------


@pytest.mark.postgresql
@pytest.mark.parametrize("places", [1, 2])
def test_two_who_move_to_where_the_other_is_do_not_wait_for_each_other(crowd: Database, places: int) -> None:
    """With one place each they only get to wait and keep what they have; with two they change over."""
    for day in range(10):
        receptions = [reception(crowd, places, BEGINS + timedelta(days=day, hours=3 * each)) for each in range(2)]
        two = (2 * day, 2 * day + 1)
        own = [tried(crowd, booking_by(number, each)) for number, each in zip(two, receptions, strict=True)]
        old = [each.place.booking.id for each in own if isinstance(each, Booked)]
        acts = [booking_by(two[0], receptions[1], old[0]), booking_by(two[1], receptions[0], old[1])]
        outcomes = in_threads(crowd, acts)
        wanted: type[Booked | Waits] = Waits if places == 1 else Booked
        assert [type(each) for each in outcomes] == [wanted, wanted]
        states = {each.state for each in by_id(crowd, old)}
        assert states == {State.HELD if places == 1 else State.MOVED}
        for each in receptions:
            check_places(crowd, each, places)


@pytest.mark.postgresql
def test_one_booking_cannot_be_moved_to_two_receptions_at_once(crowd: Database) -> None:
    for number in range(10):
        days = [BEGINS + timedelta(days=number, hours=2 * each) for each in range(3)]
        first, *others = (reception(crowd, 2, day) for day in days)
        booked = tried(crowd, booking_by(number, first))
        assert isinstance(booked, Booked)
        outcomes = in_threads(crowd, [booking_by(number, each, booked.place.booking.id) for each in others])
        assert sorted(isinstance(each, Booked) for each in outcomes) == [False, True]
        assert "bookings.is_moved" in outcomes
        with service(crowd) as all_:
            assert len(all_.booking.mine(somebody(number), NOW)) == 1


# --- giving up ------------------------------------------------------------------------------------------------


@pytest.mark.postgresql
def test_each_place_given_up_is_kept_for_exactly_one_in_their_order(
    crowd: Database, processes: ProcessPoolExecutor
) -> None:
    places = 8
    identity, ids = filled(crowd, places, waiting=CROWD)
    shares = [[(number, ids[number]) for number in (first, first + PROCESSES)] for first in range(PROCESSES)]
    outcomes = in_processes(processes, _cancel_in_process, crowd, shares)
    cancelled = [each for each in outcomes if isinstance(each, Cancelled)]
    assert [len(each.offers) for each in cancelled] == [1] * places
    offered = [each.offers[0].place.booking for each in cancelled]
    assert sorted(each.id for each in offered) == ids[places : 2 * places]
    assert sorted(each.place or 0 for each in offered) == list(range(1, places + 1))
    kept = booked_at(crowd, identity)
    assert [each.state for each in kept] == [State.OFFERED] * places + [State.WAITING] * (CROWD - places)
    check_places(crowd, identity, places)


@pytest.mark.postgresql
def test_claiming_cancelling_declining_and_lapsing_all_at_once(crowd: Database) -> None:
    """Eight threads, each doing something else about the same few places."""
    places = 4
    identity, ids = filled(crowd, places, waiting=40)
    for number in (0, 1):
        tried(crowd, cancelling_by(number, ids[number]))
    later = NOW + RULES.offer_open + 2 * MINUTE
    first_offered, second_offered = ids[places], ids[places + 1]

    def lapse(all_: Bookings) -> Outcome:
        return str(all_.reminders.run(later))

    acts: list[Act] = [
        lapse,
        lapse,
        cancelling_by(2, ids[2]),
        cancelling_by(3, ids[3]),
        lambda all_: all_.booking.decline(first_offered, somebody(places), NOW + MINUTE),
        accepting_by(places + 1, second_offered),
        booking_by(CROWD, identity),
        cancelling_by(places + 5, ids[places + 5]),
    ]
    in_threads(crowd, acts)
    check_places(crowd, identity, places)
    with crowd.begin() as store:
        offers = {each: [event.step for event in bookings.events(store, each)].count(Step.OFFER) for each in ids}
    assert set(offers.values()) <= {0, 1}
    again = [each for each in booked_at(crowd, identity) if each.state is State.WAITING]
    assert all(each.id > max(which for which, times in offers.items() if times) for each in again), "in their order"


@pytest.mark.postgresql
def test_whoever_cancels_while_they_are_checked_in_did_one_of_both(crowd: Database) -> None:
    for number in range(0, 20, 2):
        _, (first, second) = filled(crowd, 1, waiting=1, first=number)
        outcomes = in_threads(crowd, [cancelling_at_the_door(number, first), checking_in(first)])
        done, waited = by_id(crowd, [first, second])
        assert sum(isinstance(each, str) for each in outcomes) == 1
        assert (done.state, waited.state) in ((State.CAME, State.WAITING), (State.CANCELLED, State.OFFERED))
        assert (done.released_at is None) == (done.state is State.CAME)


AT_THE_DOOR = BEGINS - 30 * MINUTE


def cancelling_at_the_door(number: int, booking_id: int) -> Act:
    return lambda all_: all_.booking.cancel(booking_id, somebody(number), AT_THE_DOOR)


def checking_in(booking_id: int) -> Act:
    return lambda all_: all_.day.came(booking_id, DEPUTY, AT_THE_DOOR)


# --- what a crowd makes of the rules --------------------------------------------------------------------------


@pytest.fixture
def quiet(sqlite_database: Database) -> Database:
    """The crowd again, one after the other."""
    open_station(sqlite_database)
    return sqlite_database


def add_places(database: Database, reception_id: int, places: int) -> None:
    with database.begin() as store:
        rota.change(store, reception_id, places=places)


def test_who_has_come_early_does_not_book_the_same_again(quiet: Database) -> None:
    identity, (first,) = filled(quiet, 1)
    add_places(quiet, identity, 2)
    assert isinstance(tried(quiet, checking_in(first)), CheckedIn)
    assert tried(quiet, booking_by(0, identity)) == "bookings.booked_already"


def test_a_place_is_not_kept_beyond_its_time(quiet: Database) -> None:
    _, (first, second) = filled(quiet, 1, waiting=1)
    tried(quiet, cancelling_by(0, first))
    late = NOW + MINUTE + RULES.offer_open + MINUTE
    assert tried(quiet, lambda all_: all_.booking.accept(second, somebody(1), late)) == "bookings.offer_over"


def test_another_hour_of_a_full_reception_is_not_waited_for(quiet: Database) -> None:
    identity, (first, _) = filled(quiet, 2)

    def to_another_hour(all_: Bookings) -> Outcome:
        return all_.booking.book(identity, somebody(0), NOW, hour=BEGINS + HOUR, instead_of=first)

    assert tried(quiet, to_another_hour) == "bookings.booked_already"
    assert [each.state for each in booked_at(quiet, identity)] == [State.HELD] * 2


def test_the_place_that_somebody_moves_to_is_not_offered_to_others(quiet: Database) -> None:
    """Places have been added, and those who wait have not been asked yet."""
    identity, (first, second, third) = filled(quiet, 1, waiting=2)
    add_places(quiet, identity, 3)

    def to_another_hour(all_: Bookings) -> Outcome:
        return all_.booking.book(identity, somebody(0), NOW, hour=BEGINS + 40 * MINUTE, instead_of=first)

    moved = tried(quiet, to_another_hour)
    assert isinstance(moved, Booked)
    assert moved.place.booking.place == 2
    offered = [(each.place.booking.id, each.place.booking.place) for each in moved.offers]
    assert offered == [(second, 1), (third, 3)]
    check_places(quiet, identity, 3)


def test_whoever_waits_for_another_place_keeps_theirs_and_both_count(quiet: Database) -> None:
    full, _ = filled(quiet, 1, first=CROWD)
    own = [tried(quiet, booking_by(0, reception(quiet, 2, BEGINS + timedelta(days=day)))) for day in (1, 2)]
    assert all(isinstance(each, Booked) for each in own)
    first = own[0].place.booking.id if isinstance(own[0], Booked) else 0
    assert tried(quiet, booking_by(0, full, instead_of=first)) == "bookings.too_many"
    with service(quiet) as all_:
        assert len(all_.booking.mine(somebody(0), NOW)) == RULES.most_bookings


def test_of_two_places_kept_at_the_same_hour_one_may_take_either(quiet: Database) -> None:
    one, other = (kept_for(quiet, 0, before=CROWD + which) for which in range(2))
    assert isinstance(tried(quiet, accepting_by(0, other)), Booked)
    assert tried(quiet, accepting_by(0, one)) == "bookings.same_time"


# --- what the scheduler does, in several processes ------------------------------------------------------------


@pytest.mark.postgresql
def test_everybody_is_reminded_once_however_many_processes_look(crowd: Database) -> None:
    identity, ids = filled(crowd, 40)
    evening = datetime(2026, 12, 4, 18, tzinfo=CHINA)
    reminded: list[int] = []

    def remind(all_: Bookings) -> Outcome:
        found = all_.reminders.run(evening)
        reminded.extend(each.place.booking.id for each in found if isinstance(each, Reminded))
        return "done"

    in_threads(crowd, [remind] * PROCESSES)
    assert sorted(reminded) == sorted(ids)
    with crowd.begin() as store:
        steps = [event.step for each in ids for event in bookings.events(store, each)]
    assert steps.count(Step.REMIND) == len(ids)
    assert len(booked_at(crowd, identity)) == len(ids)


@pytest.mark.postgresql
def test_each_offer_lapses_once_and_goes_on_to_one(crowd: Database) -> None:
    places = 6
    identity, ids = filled(crowd, places, waiting=30)
    for number in range(places):
        tried(crowd, cancelling_by(number, ids[number]))
    lapsed: list[OfferLapsed] = []

    def lapse(all_: Bookings) -> Outcome:
        found = all_.reminders.run(NOW + RULES.offer_open + MINUTE)
        lapsed.extend(each for each in found if isinstance(each, OfferLapsed))
        return "done"

    in_threads(crowd, [lapse] * PROCESSES)
    assert sorted(each.place.booking.id for each in lapsed) == ids[places : 2 * places]
    offered = [offer.place.booking.id for each in lapsed for offer in each.offers]
    assert sorted(offered) == ids[2 * places : 3 * places]
    check_places(crowd, identity, places)


# --- the day itself -------------------------------------------------------------------------------------------


def here_now(database: Database, count: int) -> tuple[datetime, list[int]]:
    """So many who are there when the reception begins. Gives that moment and their bookings in order."""
    begins_at = NOW + HOUR
    identity = reception(database, count, begins_at)
    with service(database) as all_:
        booked = [all_.booking.book(identity, somebody(number), NOW) for number in range(count)]
        ids = [each.place.booking.id for each in booked]
        for each in ids:
            all_.day.came(each, DEPUTY, begins_at)
    return begins_at, ids


@pytest.mark.postgresql
def test_two_who_call_at_once_call_two(crowd: Database) -> None:
    now, ids = here_now(crowd, PROCESSES)
    called: list[int] = []

    def call(all_: Bookings) -> Outcome:
        called.append(all_.day.call(DEPUTY, None, None, now).place.booking.id)
        return "done"

    assert in_threads(crowd, [call] * PROCESSES) == ["done"] * PROCESSES
    assert sorted(called) == ids


@pytest.mark.postgresql
def test_one_talk_becomes_one_grievance(crowd: Database) -> None:
    now, (booking_id,) = here_now(crowd, 1)
    told = Told("电梯坏了", Where(node_id="xingfu"), "lift", DeadlineClass.ORDINARY)

    def turn_into_grievance(all_: Bookings) -> Outcome:
        with_tree = with_community(all_.ledger.store)
        with_tree.day.to_grievance(booking_id, DEPUTY, told, now)
        return "done"

    outcomes = in_threads(crowd, [turn_into_grievance] * 2)
    assert sorted(map(str, outcomes)) == ["bookings.grievance_already", "done"]
    with crowd.begin() as store:
        assert store.connection.execute(select(func.count()).select_from(grievances)).scalar_one() == 1


def with_community(store: Store) -> Bookings:
    """The services, who know the nodes of the demo community."""
    grown = Tree.grow(tree.all_nodes(store), tree.all_roles(store), tree.all_groups(store))
    return Bookings.open(store, grown, RULES, Grievances.open(store, grown, RULES))


def test_who_was_there_is_put_right_within_two_weeks(quiet: Database) -> None:
    identity, (first, second) = filled(quiet, 2)
    later = BEGINS + 2 * HOUR + timedelta(days=13)
    assert isinstance(tried(quiet, lambda all_: all_.day.came(first, DEPUTY, later)), CheckedIn)
    too_late = later + timedelta(days=2)
    assert tried(quiet, lambda all_: all_.day.came(second, DEPUTY, too_late)) == "bookings.too_long_ago"
    assert {each.id: each.state for each in booked_at(quiet, identity)} == {first: State.CAME, second: State.HELD}
