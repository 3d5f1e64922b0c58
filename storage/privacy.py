"""What we know of one person, over all tables: read, corrected, forgotten; and what they have asked for."""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, bindparam, delete, exists, false, func, insert, or_, select, tuple_, update

from storage.database import Store
from storage.people import Address
from storage.personal import ERASED, PERSONAL, Personal, of
from storage.tables import (
    BookingState,
    GrievanceState,
    Part,
    RequestKind,
    SignUpState,
    TaskState,
    WishState,
    addresses,
    audit,
    bookings,
    certificates,
    chains,
    grievance_people,
    grievances,
    inbox,
    members,
    outbox,
    people,
    person_requests,
    photos,
    pledges,
    questions,
    sign_ups,
    task_claims,
    tasks,
    teams,
    units,
    volunteers,
    wishes,
)

Row = Mapping[str, Any]
SOMEBODY = "*"
"""Stands for the id of another person in what one person is given."""

AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asked about themselves."""

    id: int
    person_id: str
    kind: RequestKind
    asked_at: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True)
class OpenAffair:
    """Something that is still going on with somebody: `grievance` 12, `team` …"""

    kind: str
    id: str


# --- requests -------------------------------------------------------------------------------------------------

_REQUEST = (
    person_requests.c.id,
    person_requests.c.person_id,
    person_requests.c.kind,
    person_requests.c.asked_at,
    person_requests.c.due_at,
)
_OPEN = person_requests.c.done_at.is_(None)
_INSERT_REQUEST = insert(person_requests)
_REQUESTS = select(*_REQUEST).where(_OPEN).order_by(person_requests.c.due_at, person_requests.c.id).limit(AT_ONCE)
_REQUESTS_OF = select(*_REQUEST).where(_OPEN, person_requests.c.person_id == bindparam("person"))
_DUE_DELETIONS = _REQUESTS.where(
    person_requests.c.kind == RequestKind.DELETE, person_requests.c.due_at <= bindparam("now")
)
_NEXT_DELETION = select(func.min(person_requests.c.due_at)).where(_OPEN, person_requests.c.kind == RequestKind.DELETE)
_CLOSE_REQUEST = (
    update(person_requests)
    .where(person_requests.c.id == bindparam("request_id"))
    .values(done_at=bindparam("now"), done_by=bindparam("by"))
)


def add_request(store: Store, person_id: str, kind: RequestKind, now: datetime, due_at: datetime) -> None:
    """Keeps what somebody asked for."""
    values = {"person_id": person_id, "kind": kind, "asked_at": now, "due_at": due_at}
    store.connection.execute(_INSERT_REQUEST, values)


def requests(store: Store) -> list[Request]:
    """All that is still to be done, the most pressing first."""
    return [Request(*row) for row in store.connection.execute(_REQUESTS)]


def requests_of(store: Store, person_id: str) -> list[Request]:
    """What one person is waiting for."""
    return [Request(*row) for row in store.connection.execute(_REQUESTS_OF, {"person": person_id})]


def due_deletions(store: Store, now: datetime) -> list[Request]:
    """Those who are to be forgotten by now."""
    return [Request(*row) for row in store.connection.execute(_DUE_DELETIONS, {"now": now})]


def next_deletion(store: Store) -> datetime | None:
    """When the next one is to be forgotten."""
    return store.connection.execute(_NEXT_DELETION).scalar_one_or_none()


def close_request(store: Store, request_id: int, by: str, now: datetime) -> None:
    """It is done, refused or taken back."""
    store.connection.execute(_CLOSE_REQUEST, {"request_id": request_id, "by": by, "now": now})


# --- what is still going on -------------------------------------------------------------------------------------

_ENDED_CASES = (GrievanceState.CLOSED, GrievanceState.WITHDRAWN, GrievanceState.MERGED)
_GOES_ON: Sequence[tuple[str, Any]] = (
    (
        "grievance",
        select(grievances.c.number).where(
            grievances.c.resident_id == bindparam("person"), grievances.c.state.not_in(_ENDED_CASES)
        ),
    ),
    (
        "handled",
        select(grievances.c.number).where(
            grievances.c.handler_id == bindparam("person"), grievances.c.ended_at.is_(None)
        ),
    ),
    (
        "booking",
        select(bookings.c.id).where(
            bookings.c.resident_id == bindparam("person"),
            bookings.c.state.in_((BookingState.WAITING, BookingState.OFFERED, BookingState.HELD)),
        ),
    ),
    (
        "task",
        select(tasks.c.id).where(
            or_(tasks.c.orderer_id == bindparam("person"), tasks.c.ordered_by == bindparam("person")),
            tasks.c.state.in_((TaskState.ORDERED, TaskState.CLAIMED)),
        ),
    ),
    (
        "claim",
        select(task_claims.c.task_id)
        .join_from(task_claims, tasks, tasks.c.id == task_claims.c.task_id)
        .where(
            task_claims.c.person_id == bindparam("person"),
            task_claims.c.given_back_at.is_(None),
            tasks.c.state.in_((TaskState.ORDERED, TaskState.CLAIMED)),
        ),
    ),
    (
        "wish",
        select(wishes.c.id).where(
            or_(wishes.c.wisher_id == bindparam("person"), wishes.c.claimed_by == bindparam("person")),
            wishes.c.state.in_((WishState.ASKED, WishState.POSTED, WishState.CLAIMED, WishState.DELIVERED)),
        ),
    ),
    (
        "pledge",
        select(pledges.c.wish_id)
        .join_from(pledges, wishes, wishes.c.id == pledges.c.wish_id)
        .where(
            pledges.c.person_id == bindparam("person"),
            pledges.c.withdrawn_at.is_(None),
            wishes.c.state.in_((WishState.POSTED, WishState.CLAIMED, WishState.DELIVERED)),
        ),
    ),
    (
        "team",
        select(teams.c.id).where(teams.c.leader_id == bindparam("person"), teams.c.ended_at.is_(None)),
    ),
    (
        "unit",
        select(units.c.id).where(units.c.contact_id == bindparam("person"), units.c.ended_at.is_(None)),
    ),
    (
        "sign_up",
        select(sign_ups.c.id).where(
            sign_ups.c.person_id == bindparam("person"),
            sign_ups.c.state.in_((SignUpState.WAITING, SignUpState.OFFERED, SignUpState.HELD)),
        ),
    ),
)


def going_on(store: Store, person_id: str) -> list[OpenAffair]:
    """What somebody still has with the community, and what others still expect of them."""
    run = store.connection.execute
    return [
        OpenAffair(kind, str(number))
        for kind, statement in _GOES_ON
        for number in run(statement, {"person": person_id}).scalars()
    ]


# --- reading ----------------------------------------------------------------------------------------------------


def everything_of(store: Store, person_id: str) -> dict[str, list[dict[str, Any]]]:
    """Every row about somebody by its table. Of rows of others, in which they have a part, without the others' words;
    other people are nameless in all of them."""
    known = _known(store, person_id)
    return {
        each.table.name: rows
        for each in PERSONAL
        if (rows := [_for_owner(row, each, known) for row in _rows(store, each, known)])
    }


def photos_of(store: Store, person_id: str) -> list[str]:
    """The digests of their photos."""
    return sorted(set(store.connection.execute(_PHOTOS_OF, {"person": person_id}).scalars()))


_PHOTOS_OF = select(photos.c.digest).where(photos.c.person_id == bindparam("person"))
_ADDRESSES = select(addresses.c.channel, addresses.c.external_id).where(addresses.c.person_id == bindparam("person"))


@dataclass(frozen=True, slots=True)
class _Known:
    """A person's id, and the ids under which channels know them."""

    id: str
    addresses: tuple[Address, ...]


def _known(store: Store, person_id: str) -> _Known:
    rows = store.connection.execute(_ADDRESSES, {"person": person_id})
    return _Known(person_id, tuple(Address(*row) for row in rows))


def _is_at(table: Table, column: str, known: _Known) -> ColumnElement[bool]:
    """Whether a message came from, or goes to, one of their addresses."""
    pairs = [(each.channel, each.external_id) for each in known.addresses]
    return tuple_(table.c.channel, table.c[column]).in_(pairs) if pairs else false()


def _is_theirs(each: Personal, known: _Known) -> ColumnElement[bool]:
    """Whose words these are: the person's own row, a line of its log, or a line that they wrote."""
    table = each.table
    if table is inbox:
        return _is_at(inbox, "sender", known)
    if table is outbox:
        return or_(outbox.c.person_id == known.id, _is_at(outbox, "to_external_id", known))
    conditions: list[ColumnElement[bool]] = [table.c[name] == known.id for name in each.owners]
    if each.part_of is not None:
        parent = next(iter(table.c[each.part_of].foreign_keys)).column
        whose = next(one for one in PERSONAL if one.table is parent.table)
        owned = select(parent).where(or_(*(parent.table.c[name] == known.id for name in whose.owners)))
        conditions += [table.c[each.part_of].in_(owned), table.c.actor_id == known.id]
    return or_(*conditions) if conditions else false()


def _rows(store: Store, each: Personal, known: _Known) -> list[Row]:
    named = [each.table.c[name] == known.id for name in each.named]
    found = select(each.table).where(or_(_is_theirs(each, known), *named))
    if each.table is audit:
        found = select(audit).where(or_(audit.c.actor_id == known.id, audit.c.subject == f"person:{known.id}"))
    return [dict(row) for row in store.connection.execute(found).mappings()]


def _for_owner(row: Row, each: Personal, known: _Known) -> dict[str, Any]:
    people_in = {*each.owners, *each.named} - ({"sender"} if each.table is inbox else set())
    shown = dict(row)
    if each.part_of is None and each.owners and not _owns(row, each, known):
        shown = {name: value for name, value in shown.items() if name not in each.blank}
    return {
        name: SOMEBODY if name in people_in and value not in (None, "", known.id, f"person:{known.id}") else value
        for name, value in shown.items()
    }


def _owns(row: Row, each: Personal, known: _Known) -> bool:
    return each.table in (inbox, outbox) or any(row[name] == known.id for name in each.owners)


# --- correcting and forgetting ----------------------------------------------------------------------------------

_CORRECT = update(people).where(people.c.id == bindparam("person"))
_CORRECT_ADDRESS = update(addresses).where(
    addresses.c.channel == bindparam("at_channel"), addresses.c.person_id == bindparam("person")
)
_ADD_ALIAS = insert(people)
_FORGET_PERSON = delete(people).where(people.c.id == bindparam("person"))
_OTHERS_PHOTO = select(photos.c.id).where(photos.c.digest == bindparam("digest")).limit(1)


def correct(store: Store, person_id: str, **values: Any) -> None:
    """Writes a right name or home."""
    store.connection.execute(_CORRECT, {"person": person_id, **values})


def correct_address(store: Store, person_id: str, channel: str, external_id: str) -> bool:
    """Writes under which id a channel knows them. False where it knows them not at all."""
    values = {"person": person_id, "at_channel": channel, "external_id": external_id}
    return bool(store.connection.execute(_CORRECT_ADDRESS, values).rowcount)


def is_erased(store: Store, person_id: str) -> bool:
    """Whether these are the remains of somebody who was forgotten."""
    found = select(people.c.erased_at).where(people.c.id == person_id)
    return store.connection.execute(found).scalar_one_or_none() is not None


def erase(store: Store, person_id: str, alias: str, words: Sequence[str], now: datetime) -> None:
    """Forgets somebody: what they wrote and what tells who they are is gone, numbers and steps stay under `alias`.

    `words`: the numbers and names by which what others were told of them is known; that is blanked as well.
    """
    known = _known(store, person_id)
    moments = _moments(store, known)
    for statement in _UNDECIDED:
        store.connection.execute(statement, {"person": known.id})
    store.connection.execute(_ADD_ALIAS, {"id": alias, "name": ERASED, "created_at": now, "erased_at": now})
    for each in sorted(PERSONAL, key=lambda one: one.part_of is None):  # logs first, while it is known whose they are
        if each.table in (people, audit, inbox, outbox, chains):
            continue
        _forget_rows(store, each, known, alias, now)
    _forget_in_chains(store, known, alias)
    _forget_messages(store, known, words, moments, alias)
    store.connection.execute(delete(inbox).where(_is_at(inbox, "sender", known)))
    store.connection.execute(_FORGET_PERSON, {"person": person_id})


_UNDECIDED = (
    delete(certificates).where(certificates.c.person_id == bindparam("person"), certificates.c.decided_at.is_(None)),
    delete(grievance_people).where(
        grievance_people.c.person_id == bindparam("person"),
        grievance_people.c.part == Part.JOINED,
        exists().where(grievances.c.number == grievance_people.c.grievance_number, grievances.c.ended_at.is_(None)),
    ),
)
"""What would have them told of something later."""


def _forget_rows(store: Store, each: Personal, known: _Known, alias: str, now: datetime) -> None:
    table, theirs = each.table, _is_theirs(each, known)
    if each.leaves is not None:
        since = table.c[each.leaves]
        store.connection.execute(update(table).where(theirs, since.is_(None)).values({each.leaves: now}))
    if each.removed:
        store.connection.execute(delete(table).where(theirs))
    elif each.blank:
        owners = theirs if each.owners or each.part_of else or_(*(table.c[name] == known.id for name in each.named))
        store.connection.execute(update(table).where(owners).values(**each.blank))
    for name in (*each.owners, *each.named):
        if not (each.removed and name in each.owners):
            store.connection.execute(update(table).where(table.c[name] == known.id).values({name: alias}))


def _forget_in_chains(store: Store, known: _Known, alias: str) -> None:
    """Their entries in lists that were posted in groups."""
    after = 0
    while rows := store.connection.execute(_CHAINS, {"after": after}).all():
        for row in rows:
            entries = [_without(entry, known.id, alias) for entry in row.entries]
            if entries != row.entries:
                store.connection.execute(update(chains).where(chains.c.id == row.id).values(entries=entries))
        after = rows[-1].id


_CHAINS = (
    select(chains.c.id, chains.c.entries).where(chains.c.id > bindparam("after")).order_by(chains.c.id).limit(AT_ONCE)
)


def _without(entry: Row, person_id: str, alias: str) -> Row:
    if person_id not in (entry.get("person_id"), entry.get("posted_by")):
        return entry
    ids = {name: alias if entry.get(name) == person_id else entry.get(name) for name in ("person_id", "posted_by")}
    return {**entry, **ids, "text": ERASED, "name": ERASED, "rest": ""}


_SAID = select(outbox.c.id, outbox.c.text, outbox.c.mentions, outbox.c.created_at)
_SAID = _SAID.where(outbox.c.id > bindparam("after")).order_by(outbox.c.id).limit(AT_ONCE)
_HEARD = select(inbox.c.id, inbox.c.text, inbox.c.received_at)
_HEARD = _HEARD.where(inbox.c.id > bindparam("after")).order_by(inbox.c.id).limit(AT_ONCE)
_ASKED = select(questions.c.id, questions.c.about, questions.c.prompt_values)
_ASKED = _ASKED.where(questions.c.id > bindparam("after")).order_by(questions.c.id).limit(AT_ONCE)


def _moments(store: Store, known: _Known) -> set[datetime]:
    """When something was said by them, or done about what is theirs: what was said and sent then is about them."""
    run = store.connection.execute
    found = set(run(select(inbox.c.received_at).where(_is_at(inbox, "sender", known))).scalars())
    for each in PERSONAL:
        if each.part_of is not None:
            found |= set(run(select(each.table.c.at).where(_is_theirs(each, known))).scalars())
    return found


def _forget_messages(store: Store, known: _Known, words: Sequence[str], moments: Set[datetime], alias: str) -> None:
    """What they were told, and what others said and were told of them: what followed from their messages, and what
    quotes them or names their cases. What has not gone out yet does not go out any more; that it was sent stays."""
    ids = {each.external_id for each in known.addresses}
    theirs = select(outbox.c.id).where(_is_theirs(of(outbox), known))
    gone = set(store.connection.execute(theirs).scalars())
    for row in _stepwise(store, _SAID):
        mentioned = any(pair[0] in ids for pair in row.mentions)
        if row.created_at in moments or mentioned or any(each in row.text for each in words):
            gone.add(row.id)
    run, listed = store.connection.execute, sorted(gone)
    for start in range(0, len(listed), AT_ONCE):
        these = outbox.c.id.in_(listed[start : start + AT_ONCE])
        run(delete(outbox).where(these, outbox.c.sent_at.is_(None), outbox.c.failed_at.is_(None)))
        run(update(outbox).where(these).values(text=ERASED, mentions=[], photos=[], error=None))
    run(update(outbox).where(_is_at(outbox, "to_external_id", known)).values(to_external_id=alias))
    run(update(outbox).where(outbox.c.person_id == known.id).values(person_id=alias))
    for row in _stepwise(store, _HEARD):
        if row.received_at in moments or any(each in row.text for each in words):
            run(update(inbox).where(inbox.c.id == row.id).values(text=ERASED, photos=[]))
    for row in _stepwise(store, _ASKED):
        if any(each in f"{row.about}{row.prompt_values}" for each in (known.id, *words)):
            run(delete(questions).where(questions.c.id == row.id))


def _stepwise(store: Store, statement: Any) -> Iterator[Any]:
    after = 0
    while rows := store.connection.execute(statement, {"after": after}).all():
        yield from rows
        after = rows[-1].id


def still_needed(store: Store, digest: str) -> bool:
    """Whether any row of photos still means this picture."""
    return store.connection.execute(_OTHERS_PHOTO, {"digest": digest}).first() is not None


def all_photos(store: Store) -> frozenset[str]:
    """The digests of every photo that a row means. Some ten thousands in a busy community."""
    return frozenset(store.connection.execute(select(photos.c.digest)).scalars())


def certificates_of_erased(store: Store) -> tuple[str, ...]:
    """The numbers of certificates whose owners were forgotten."""
    found = select(certificates.c.number).join_from(certificates, people, certificates.c.person_id == people.c.id)
    numbers = store.connection.execute(found.where(people.c.erased_at.is_not(None), certificates.c.number.is_not(None)))
    return tuple(numbers.scalars())


def names_of(store: Store, person_id: str) -> list[str]:
    """Every name that they go by, but for those of a single character, which may mean anything."""
    found = [store.connection.execute(each, {"person": person_id}).scalars() for each in _NAMES]
    return sorted({name for names in found for name in names if len(name) > 1 and name != ERASED})


def codes_of(store: Store, person_id: str) -> list[str]:
    """The numbers of their cases, as people are told them: 0012, B012, T045, W05."""
    run, who = store.connection.execute, {"person": person_id}
    return [form.format(number) for form, statement in _CODES for number in run(statement, who).scalars()]


_NAMES = (
    select(people.c.name).where(people.c.id == bindparam("person")),
    select(volunteers.c.name).where(volunteers.c.person_id == bindparam("person")),
    select(members.c.name).where(members.c.person_id == bindparam("person")),
)
_CODES = (
    ("{:04}", select(grievances.c.number).where(grievances.c.resident_id == bindparam("person"))),
    ("B{:03}", select(bookings.c.id).where(bookings.c.resident_id == bindparam("person"))),
    ("T{:03}", select(tasks.c.id).where(tasks.c.orderer_id == bindparam("person"))),
    ("W{:02}", select(wishes.c.id).where(wishes.c.wisher_id == bindparam("person"))),
)
