"""Delivery: what is merged, how fast it may go, what a failure means, and when nothing may be said."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from sqlalchemy import select

from bot.channels import Mention, NotConnected, SendFailed, Throttled, Uncertain, Unreachable
from bot.delivery import (
    CLAIM_LASTS,
    LONGEST_MERGED,
    MOST_MERGED,
    NO_CONNECTION_WAIT,
    UNCERTAIN_FOR,
    WAITS,
    Ledger,
    Parcel,
    Plan,
    first_parcel,
)
from bot.desk import Desk
from bot.pace import DAY, HOUR, MINUTE, Budget, may_send_at
from bot.photos import Photos
from community.parts.notice import may_go_out_at
from community.rules import Rules
from storage import outbox, phone_list
from storage import people as people_rows
from storage.database import Database
from storage.outbox import Draft, Due
from storage.people import Address, Person
from storage.tables import Urgency
from storage.tables import outbox as outbox_table

CHINA = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 12, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SECRET = "0001记下了:3号楼2单元501"

DRAFT = Draft(
    channel="wechaty",
    account="wechaty",
    group=None,
    to="wx-new",
    person_id="new",
    fallback_group="1@chatroom",
    mentions=(),
    text=SECRET,
    photos=(),
    urgency=Urgency.ANSWER,
    created_at=NOW,
    due_at=NOW,
)


# --- merging --------------------------------------------------------------------------------------------------


def due(number: int, text: str = "好", **values: object) -> Due:
    return Due(number, 0, replace(DRAFT, text=text, **values))  # type: ignore[arg-type]


def parcels(dues: Sequence[Due]) -> list[Parcel]:
    """What one recipient is owed, message by message."""
    found = []
    while dues:
        found.append(first_parcel(dues))
        dues = dues[len(found[-1].dues) :]
    return found


def ids(found: Sequence[Parcel]) -> list[list[int]]:
    return [parcel.ids for parcel in found]


def test_a_message_stays_readable() -> None:
    many = [due(number) for number in range(MOST_MERGED * 2 + 1)]
    assert [len(parcel.dues) for parcel in parcels(many)] == [MOST_MERGED, MOST_MERGED, 1]
    long = [due(1, "长" * LONGEST_MERGED), due(2, "短"), due(3, "长" * (LONGEST_MERGED - 2)), due(4)]
    assert ids(parcels(long)) == [[1], [2, 3], [4]]


def test_words_longer_than_any_message_go_alone() -> None:
    assert ids(parcels([due(1), due(2, "长" * 2 * LONGEST_MERGED), due(3)])) == [[1], [2], [3]]


def test_photos_follow_the_words_they_belong_to() -> None:
    assert ids(parcels([due(1), due(2, photos=("a" * 64,)), due(3)])) == [[1, 2], [3]]


def test_a_merged_message_says_and_mentions_everything_once(tmp_path: Path) -> None:
    zhao, qian = ("wx-zhao", "赵晓梅"), ("wx-qian", "钱文斌")
    parcel = first_parcel(
        [
            due(number, text, to=None, group="1@chatroom", mentions=(who,))
            for number, text, who in ((1, "收到", zhao), (2, "好的", qian), (3, "收到", zhao))
        ]
    )
    outgoing = parcel.outgoing(Photos(tmp_path))
    assert outgoing.text == "收到\n好的"
    assert outgoing.mentions == (Mention(*zhao), Mention(*qian))
    assert (outgoing.group, outgoing.to, outgoing.account) == ("1@chatroom", None, "wechaty")


@settings(deadline=None)
@given(some.lists(some.integers(1, 2 * LONGEST_MERGED).map(lambda length: "字" * length), max_size=40))
def test_every_draft_is_in_one_message_in_its_order(texts: list[str]) -> None:
    found = parcels([due(number, text) for number, text in enumerate(texts)])
    assert [number for parcel in found for number in parcel.ids] == list(range(len(texts)))
    for parcel in found:
        assert len(parcel.dues) <= MOST_MERGED
        assert len(parcel.dues) == 1 or len("\n".join(each.draft.text for each in parcel.dues)) <= LONGEST_MERGED


# --- pace -----------------------------------------------------------------------------------------------------

budgets = some.builds(
    Budget,
    at_least_between=some.integers(0, 10).map(lambda seconds: seconds * SECOND),
    jitter=some.integers(0, 5).map(lambda seconds: seconds * SECOND),
    per_minute=some.integers(1, 5),
    per_hour=some.integers(1, 20),
    per_day=some.integers(1, 40),
)


@settings(deadline=None)
@given(budgets, some.lists(some.tuples(some.integers(0, 2000), some.floats(0, 1)), max_size=60))
def test_no_window_ever_holds_more_than_the_budget(budget: Budget, wishes: list[tuple[int, float]]) -> None:
    """Each wish to send comes some seconds after the last message went out."""
    sent: list[datetime] = []
    now = NOW
    for seconds, chance in wishes:
        now += seconds * SECOND
        newest_first = {number: sent[-number] for number in budget.counted if number <= len(sent)}
        may = may_send_at(newest_first, now, budget, chance)
        assert may >= now
        assert may_send_at(newest_first, may, budget, chance) == may
        sent.append(may)
        now = may
    for limit, window in ((budget.per_minute, MINUTE), (budget.per_hour, HOUR), (budget.per_day, DAY)):
        assert all(later - first >= window for first, later in zip(sent, sent[limit:], strict=False))
    assert all(later - first >= budget.at_least_between for first, later in pairwise(sent))


def test_after_a_rest_nobody_waits() -> None:
    assert may_send_at({}, NOW, Budget(), chance=1) == NOW
    assert may_send_at({1: NOW - HOUR}, NOW, Budget(), chance=1) == NOW


def test_chance_spreads_the_gaps() -> None:
    budget = Budget()
    assert may_send_at({1: NOW}, NOW, budget, chance=0) == NOW + budget.at_least_between
    assert may_send_at({1: NOW}, NOW, budget, chance=1) == NOW + budget.at_least_between + budget.jitter


# --- the ledger -----------------------------------------------------------------------------------------------


@pytest.fixture
def desk(sqlite_database: Database) -> Desk:
    """The demo community, with two channels, and a resident and the staff who can be reached on one of them."""
    with sqlite_database.begin() as store:
        people_rows.add(store, Person("new", "新邻居"), Address("wechaty", "wx-new"), NOW)
        for staff in ("worker", "worker-2", "admin"):
            people_rows.replace_addresses(store, f"{staff}-phone", {staff: f"wx-{staff}"})
    return Desk(
        sqlite_database,
        Rules(),
        {"wechaty": "wechaty", "worker-phone": "w", "worker-2-phone": "w2", "admin-phone": "a"},
    )


LEDGER = Ledger("wechaty", "wechaty", Budget())
GAP = Budget().at_least_between


def put(desk: Desk, *drafts: Draft) -> None:
    with desk.transaction() as (store, _):
        for draft in drafts:
            outbox.add(store, draft)


def planned(desk: Desk, now: datetime, ledger: Ledger = LEDGER) -> Plan:
    with desk.transaction() as (store, community):
        return ledger.plan(store, community, now, chance=0)


def next_parcel(desk: Desk, now: datetime) -> Parcel:
    parcel = planned(desk, now).parcel
    assert parcel is not None
    return parcel


def fail(desk: Desk, failure: SendFailed, now: datetime) -> None:
    """The next message fails in this way."""
    parcel = next_parcel(desk, now)
    with desk.transaction() as (store, community):
        LEDGER.note_failure(parcel, failure, store, community, now)


def look_again(desk: Desk, now: datetime) -> datetime | None:
    plan = planned(desk, now)
    assert plan.parcel is None
    return plan.look_again


def texts(desk: Desk, channel: str) -> list[str]:
    with desk.transaction() as (store, _):
        wanted = select(outbox_table.c.text).where(outbox_table.c.channel == channel).order_by(outbox_table.c.id)
        return list(store.connection.execute(wanted).scalars())


def to_be_phoned(desk: Desk) -> list[tuple[str, str]]:
    with desk.transaction() as (store, _):
        return [(each.person_id, each.reason) for each in phone_list.waiting(store)]


def undelivered(desk: Desk) -> list[str]:
    """Why what is on the list was not sent."""
    with desk.transaction() as (store, _):
        return [each.why for each in outbox.undelivered(store)]


def test_without_a_connection_no_try_is_counted(desk: Desk) -> None:
    put(desk, DRAFT)
    now = NOW
    for _ in range(100):
        fail(desk, NotConnected("gone"), now)
        assert look_again(desk, now) == now + NO_CONNECTION_WAIT
        now += NO_CONNECTION_WAIT
    assert [each.attempts for each in next_parcel(desk, now).dues] == [0]
    assert undelivered(desk) == []


def test_after_growing_waits_it_is_on_the_undelivered_list(desk: Desk) -> None:
    put(desk, DRAFT)
    now = NOW
    for wait in WAITS:
        fail(desk, SendFailed("refused"), now)
        assert look_again(desk, now) == now + wait
        now += wait
    assert list(WAITS) == sorted(set(WAITS))
    assert undelivered(desk) == []
    fail(desk, SendFailed("refused"), now)
    assert undelivered(desk) == ["refused"]
    assert to_be_phoned(desk) == [("new", "unreachable")]


def test_who_cannot_be_reached_is_phoned_and_told_so_in_the_group_without_the_words(desk: Desk) -> None:
    put(desk, DRAFT)
    fail(desk, Unreachable("no friend"), NOW)
    assert undelivered(desk) == ["no friend"]
    assert to_be_phoned(desk) == [("new", "unreachable")]
    (hint,) = next_parcel(desk, NOW + GAP).dues
    assert (hint.draft.group, hint.draft.to, hint.draft.mentions) == ("1@chatroom", None, (("wx-new", "新邻居"),))
    assert hint.draft.text == "我没法私下发给您。请加我为好友,再跟我说一声“查”。"
    assert texts(desk, "worker-phone") == ["我私下联系不上新邻居,请打个电话。名单回“待电话”。"]


def test_the_hint_in_the_group_is_given_once_until_somebody_has_phoned(desk: Desk) -> None:
    for number in range(3):
        put(desk, replace(DRAFT, urgency=Urgency.ALARM))
        fail(desk, Unreachable("no friend"), NOW + number * GAP)
    assert len(texts(desk, "wechaty")) == 4
    assert len(texts(desk, "worker-phone")) == 1
    with desk.transaction() as (store, _):
        (callback,) = phone_list.waiting(store)
        phone_list.done(store, callback.id, "worker", NOW)
    put(desk, replace(DRAFT, urgency=Urgency.ALARM))
    fail(desk, Unreachable("no friend"), NOW + 3 * GAP)
    assert len(texts(desk, "wechaty")) == 6


def test_without_a_group_there_is_no_hint(desk: Desk) -> None:
    put(desk, replace(DRAFT, fallback_group=None))
    fail(desk, Unreachable("no friend"), NOW)
    assert to_be_phoned(desk) == [("new", "unreachable")]
    assert look_again(desk, NOW) is None


def test_a_group_that_cannot_be_reached_is_nobody_to_be_phoned(desk: Desk) -> None:
    put(desk, replace(DRAFT, group="1@chatroom", to=None, person_id=None, fallback_group=None))
    fail(desk, Unreachable("not in the group"), NOW)
    assert (undelivered(desk), to_be_phoned(desk)) == (["not in the group"], [])


def test_a_throttled_account_rests_and_the_administrators_are_told(desk: Desk) -> None:
    pause = Budget().pause
    put(desk, DRAFT)
    fail(desk, Throttled("too often", pause), NOW)
    assert look_again(desk, NOW) == NOW + pause
    put(desk, replace(DRAFT, to="wx-other", urgency=Urgency.ALARM))
    assert look_again(desk, NOW + pause - SECOND) == NOW + pause
    assert [each.attempts for each in next_parcel(desk, NOW + pause).dues] == [0]
    (told,) = texts(desk, "admin-phone")
    assert told.startswith("微信说发得太勤了")
    assert undelivered(desk) == []


def test_the_budget_outlives_a_restart(desk: Desk) -> None:
    put(desk, *[replace(DRAFT, to=f"wx-{number}") for number in range(Budget().per_minute + 1)])
    now = NOW
    for _ in range(Budget().per_minute):
        parcel = next_parcel(desk, now)
        with desk.transaction() as (store, _):
            LEDGER.note_sent(parcel, store, now)
        now += Budget().at_least_between
    assert look_again(Desk(desk.database, Rules(), desk.channels), now) == NOW + MINUTE


@pytest.mark.parametrize("last", [Urgency.ALARM, Urgency.ANSWER, Urgency.NOTICE, Urgency.REMINDER])
def test_the_more_urgent_overtakes_however_much_waits(desk: Desk, last: Urgency) -> None:
    announcement = replace(DRAFT, urgency=Urgency.ANNOUNCEMENT)
    urgent = replace(DRAFT, to="wx-other", urgency=last, due_at=NOW + SECOND)
    put(desk, *[replace(announcement, to=f"wx-{number}") for number in range(600)], urgent)
    assert [each.draft.urgency for each in next_parcel(desk, NOW + SECOND).dues] == [last]


# --- claims ---------------------------------------------------------------------------------------------------


def test_what_is_being_sent_is_not_planned_again_until_the_claim_lapses(desk: Desk) -> None:
    put(desk, DRAFT)
    assert next_parcel(desk, NOW).ids == [1]
    other = replace(LEDGER, process="other")
    assert planned(desk, NOW + GAP, other) == Plan(None, NOW + CLAIM_LASTS)
    again = planned(desk, NOW + CLAIM_LASTS, other).parcel
    assert again is not None
    assert again.dues[0].uncertain_since == NOW


def test_what_a_dead_process_was_sending_goes_out_once_more_at_once(desk: Desk) -> None:
    put(desk, DRAFT, replace(DRAFT, to="wx-other"))
    next_parcel(desk, NOW)
    with desk.transaction() as (store, _):
        LEDGER.take_over(store, NOW + SECOND)
    assert sent(desk, NOW + GAP) + sent(desk, NOW + 2 * GAP) == [2, 1]
    assert look_again(desk, NOW + 3 * GAP) is None


def sent(desk: Desk, now: datetime) -> list[int]:
    """The next message goes out, and is noted."""
    parcel = next_parcel(desk, now)
    with desk.transaction() as (store, _):
        LEDGER.note_sent(parcel, store, now)
    return parcel.ids


@pytest.mark.parametrize("late", [UNCERTAIN_FOR, UNCERTAIN_FOR + SECOND])
def test_what_may_have_gone_out_long_ago_is_listed_and_not_sent_again(desk: Desk, late: timedelta) -> None:
    put(desk, DRAFT)
    next_parcel(desk, NOW)
    with desk.transaction() as (store, _):
        LEDGER.take_over(store, NOW + late)
    if late == UNCERTAIN_FOR:
        assert next_parcel(desk, NOW + late).ids == [1]
        return
    assert look_again(desk, NOW + late) is None
    assert undelivered(desk) == ["uncertain"]
    assert texts(desk, "worker-phone") == ["有消息没送到,请看一下。名单回“没送到”。"]
    assert to_be_phoned(desk) == []


def test_a_gateway_that_falls_silent_is_asked_again_for_five_minutes(desk: Desk) -> None:
    put(desk, DRAFT)
    now, tries = NOW, 0
    while planned_at := look_again_or_fail(desk, now):
        now, tries = max(now + GAP, planned_at), tries + 1
    assert undelivered(desk) == ["uncertain"]
    assert NOW + UNCERTAIN_FOR < now <= NOW + 2 * UNCERTAIN_FOR
    assert 2 <= tries <= len(WAITS)


def look_again_or_fail(desk: Desk, now: datetime) -> datetime | None:
    """The gateway is silent; when to look again."""
    plan = planned(desk, now)
    if plan.parcel is not None:
        with desk.transaction() as (store, community):
            LEDGER.note_failure(plan.parcel, Uncertain("silent"), store, community, now)
        plan = planned(desk, now + GAP)
    return plan.look_again


def test_staff_hear_once_that_much_was_not_sent(desk: Desk) -> None:
    put(desk, *[replace(DRAFT, to=f"wx-{number}") for number in range(3)])
    for number in range(3):
        next_parcel(desk, NOW + number * GAP)
    with desk.transaction() as (store, _):
        LEDGER.take_over(store, NOW + HOUR)
    assert look_again(desk, NOW + HOUR) is None
    assert undelivered(desk) == ["uncertain"] * 3
    assert len(texts(desk, "worker-phone")) == 1


def test_words_that_cannot_be_opened_hold_up_nobody(desk: Desk) -> None:
    put(desk, DRAFT, replace(DRAFT, text="second"))
    with desk.transaction() as (store, _):
        store.connection.exec_driver_sql("UPDATE outbox SET text = '~none~AAAA' WHERE id = 1")
    assert next_parcel(desk, NOW).ids == [2]
    assert undelivered(desk) == ["unreadable"]


def test_no_connection_costs_nothing_of_the_budget(desk: Desk) -> None:
    put(desk, DRAFT)
    tries = Budget().per_minute + 1
    for number in range(tries):
        fail(desk, NotConnected("gone"), NOW + number * NO_CONNECTION_WAIT)
    now = NOW + tries * NO_CONNECTION_WAIT
    assert now < NOW + MINUTE
    assert sent(desk, now) == [1]


def test_a_new_account_is_given_a_third(desk: Desk) -> None:
    budget = Budget(new_for=timedelta(days=14))
    ledger = replace(LEDGER, budget=budget)
    put(desk, *[replace(DRAFT, to=f"wx-{number}") for number in range(40)])
    for begin, allowed in ((NOW, 5), (NOW + timedelta(days=14), 15)):
        now, count = begin, 0
        while (parcel := planned(desk, now, ledger).parcel) is not None:
            with desk.transaction() as (store, _):
                ledger.note_sent(parcel, store, now)
            now, count = now + GAP, count + 1
        assert count == allowed


# --- what nobody asked for --------------------------------------------------------------------------------------

GROUP = replace(DRAFT, group="1@chatroom", to=None, person_id=None, fallback_group=None, urgency=Urgency.ANNOUNCEMENT)
MORNING = datetime(2026, 12, 2, 8, tzinfo=CHINA)
FREE = Ledger("wechaty", "wechaty", None)


def said(desk: Desk, now: datetime) -> list[list[int]]:
    """What goes out at once, message by message."""
    found = []
    while (parcel := planned(desk, now, FREE).parcel) is not None:
        with desk.transaction() as (store, _):
            FREE.note_sent(parcel, store, now)
        found.append(parcel.ids)
        now += SECOND
    return found


def test_the_seventh_unasked_message_of_a_day_waits_for_the_morning_and_is_merged(desk: Desk) -> None:
    for number in range(9):
        put(desk, replace(GROUP, text=f"通知{number}"))
        said(desk, NOW + number * MINUTE)
    put(desk, replace(GROUP, text="回答", urgency=Urgency.ANSWER), replace(GROUP, text="呼救", urgency=Urgency.ALARM))
    put(desk, replace(GROUP, group="2@chatroom"))
    assert said(desk, NOW + HOUR) == [[11, 10], [12]]
    assert look_again(desk, NOW + HOUR) == MORNING
    assert said(desk, MORNING) == [[7, 8, 9]]


def test_what_waits_together_is_one_message_and_counts_once(desk: Desk) -> None:
    put(desk, *[replace(GROUP, text=f"通知{number}") for number in range(5)])
    assert said(desk, NOW) == [[1, 2, 3, 4, 5]]
    for number in range(6):
        put(desk, replace(GROUP, text=f"又一条{number}"))
        said(desk, NOW + (number + 1) * MINUTE)
    assert look_again(desk, NOW + HOUR) == MORNING
    assert said(desk, MORNING) == [[11]]


def test_what_is_pointless_by_the_morning_is_recorded_and_not_sent(desk: Desk) -> None:
    put(desk, *[replace(GROUP, text="长" * LONGEST_MERGED)] * 6, replace(GROUP, until=MORNING - HOUR))
    assert len(said(desk, NOW)) == 6
    assert said(desk, MORNING) == []
    assert not_sent(desk) == ["pointless"]
    assert undelivered(desk) == []


def not_sent(desk: Desk) -> list[str]:
    """Why what was withheld did not go out."""
    with desk.transaction() as (store, _):
        wanted = select(outbox_table.c.error).where(outbox_table.c.settled_at.is_not(None)).order_by(outbox_table.c.id)
        return [str(why) for why in store.connection.execute(wanted).scalars()]


def test_what_was_late_anyway_is_not_said_in_the_quiet_hours(desk: Desk) -> None:
    """Such as when the gateway was away from nine to ten in the evening."""
    night = datetime(2026, 12, 1, 22, tzinfo=CHINA)
    put(desk, GROUP, replace(DRAFT, urgency=Urgency.REMINDER), DRAFT)
    assert said(desk, night) == [[3]]
    assert look_again(desk, night) == MORNING
    assert sorted(said(desk, MORNING)) == [[1], [2]]


def mute(desk: Desk, person_id: str) -> None:
    with desk.transaction() as (_, community):
        person = community.people.by_id(person_id)
        assert person is not None
        community.muting.mute(person)


def test_who_wants_peace_hears_no_reminder(desk: Desk) -> None:
    mute(desk, "new")
    put(desk, *[replace(DRAFT, urgency=urgency) for urgency in Urgency])
    assert said(desk, NOW) == [[1, 2, 3]]
    assert not_sent(desk) == ["muted", "muted"]
    assert undelivered(desk) == []


def test_peace_does_not_end_a_duty(desk: Desk) -> None:
    mute(desk, "worker")
    put(desk, *[replace(DRAFT, person_id="worker", urgency=urgency) for urgency in Urgency])
    assert said(desk, NOW) == [[1, 2, 3, 4]]
    assert not_sent(desk) == ["muted"]


# --- quiet hours ----------------------------------------------------------------------------------------------

moments = some.integers(0, 2 * 365 * 24 * 3600).map(lambda seconds: NOW + seconds * SECOND)
times_of_day = some.times().map(lambda moment: moment.replace(second=0, microsecond=0))


def is_quiet(moment: datetime, begin: time, end: time) -> bool:
    """The rule in other words than the program's: is this minute of the day in the quiet part of the clock's circle."""
    now = moment.astimezone(CHINA).time()
    return begin <= now < end if begin <= end else not end <= now < begin


@settings(deadline=None)
@given(moments, times_of_day, times_of_day, some.sampled_from([Urgency.REMINDER, Urgency.ANNOUNCEMENT]))
def test_what_nobody_asked_for_waits_for_the_end_of_the_quiet_hours(
    now: datetime, begin: time, end: time, urgency: Urgency
) -> None:
    goes_out = may_go_out_at(now, urgency, Rules(quiet_from=begin, quiet_to=end))
    assert not is_quiet(goes_out, begin, end)
    assert now <= goes_out < now + timedelta(days=1)
    assert (goes_out == now) is not is_quiet(now, begin, end)


@settings(deadline=None)
@given(moments, some.sampled_from([Urgency.ALARM, Urgency.ANSWER, Urgency.NOTICE]))
def test_alarms_answers_and_notices_are_never_held_back(now: datetime, urgency: Urgency) -> None:
    assert may_go_out_at(now, urgency, Rules()) == now


@settings(deadline=None)
@given(moments, times_of_day)
def test_from_and_to_alike_are_no_quiet_hours(now: datetime, at: time) -> None:
    assert may_go_out_at(now, Urgency.ANNOUNCEMENT, Rules(quiet_from=at, quiet_to=at)) == now


@pytest.mark.parametrize(
    ("now", "goes_out"),
    [
        ("2026-12-01 20:59", "2026-12-01 20:59"),
        ("2026-12-01 21:00", "2026-12-02 08:00"),
        ("2026-12-31 23:30", "2027-01-01 08:00"),
        ("2026-12-02 07:59", "2026-12-02 08:00"),
        ("2026-12-02 08:00", "2026-12-02 08:00"),
    ],
)
def test_quiet_hours_of_the_default(now: str, goes_out: str) -> None:
    moment, expected = (datetime.fromisoformat(each).replace(tzinfo=CHINA) for each in (now, goes_out))
    assert may_go_out_at(moment, Urgency.REMINDER, Rules()) == expected
