"""What every played dialogue must hold: nothing personal in a group, and every look at somebody else's is noted."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import RowMapping, Table, select

from handlers.hearing.normalise import normalise
from handlers.hearing.personal import find_personal
from handlers.speaking.texts import load as load_texts
from storage.database import Database, Store
from storage.tables import addresses, audit, bookings, events, grievances, inbox, outbox, stations, tasks, wishes

PIECE = 10
"""Characters of somebody's words by which a quotation of them is known."""


@dataclass(frozen=True, slots=True)
class Entrusted:
    """Something that somebody told us, in full, and whose it is."""

    subject: str
    words: str
    owners: Collection[str]


@dataclass(slots=True)
class Traces:
    """All that was said, as the database has it."""

    said: dict[str, str] = field(default_factory=dict)
    noted: set[tuple[str, datetime]] = field(default_factory=set)
    public: str = ""

    @classmethod
    def read(cls, store: Store) -> "Traces":
        run = store.connection.execute
        owner = {(row.channel, row.external_id): row.person_id for row in run(select(addresses))}
        found = cls()
        for row in run(select(inbox.c.channel, inbox.c.sender, inbox.c.text)):
            person = owner.get((row.channel, row.sender), row.sender)
            found.said[person] = found.said.get(person, "") + "\n" + normalise(row.text)
        found.noted = {(row.actor_id, row.at) for row in run(select(audit.c.actor_id, audit.c.at))}
        public = [
            *load_texts().values(),
            *run(select(stations.c.address)).scalars(),
            *run(select(events.c.place)).scalars(),
        ]
        found.public = "\n".join(public)
        return found


def unnoted_views(database: Database) -> list[str]:
    """Private messages that tell somebody else's words, places, phones or reasons without a line in the audit log."""
    with database.begin() as store:
        traces, entrusted = Traces.read(store), list(_entrusted(store))
        rows = store.connection.execute(select(outbox).where(outbox.c.person_id.is_not(None))).mappings().all()
    return [why for row in rows for why in _unnoted(row, traces, entrusted)]


def told_to_groups(database: Database) -> list[str]:
    """What groups were told that is personal: phones, numbers of cards, plates, addresses to the room."""
    with database.begin() as store:
        traces = Traces.read(store)
        texts = store.connection.execute(select(outbox.c.text).where(outbox.c.group_external_id.is_not(None)))
        said = list(texts.scalars())
    return [
        f"{text[start:end]} in {text!r}"
        for text in said
        for start, end in (each.span for each in find_personal(text))
        if text[start:end] not in traces.public
    ]


def _entrusted(store: Store) -> Iterator[Entrusted]:
    for row in _rows(store, grievances):
        for name in ("words", "place"):
            if name == "words" or find_personal(row[name]):
                yield Entrusted(f"grievance:{row['number']}", row[name], (row["resident_id"],))
    for row in _rows(store, bookings):
        yield Entrusted(f"booking:{row['id']}", row["reason"], (row["resident_id"],))
    for row in _rows(store, tasks):
        for name in ("words", "address", "phone"):
            yield Entrusted(f"task:{row['id']}", row[name], (row["orderer_id"], row["ordered_by"]))
    for row in _rows(store, wishes):
        words = "" if row["words"][:PIECE] in row["public_words"] else row["words"]
        for each in (words, row["address"]):
            yield Entrusted(f"wish:{row['id']}", each, (row["wisher_id"],))


def _rows(store: Store, table: Table) -> Iterator[RowMapping]:
    yield from store.connection.execute(select(table)).mappings()


def _unnoted(row: RowMapping, traces: Traces, entrusted: Collection[Entrusted]) -> Iterator[str]:
    reader, text = str(row["person_id"]), str(row["text"])
    if (reader, row["created_at"]) in traces.noted:
        return
    own = [traces.said.get(reader, ""), *(normalise(each.words) for each in entrusted if reader in each.owners)]
    for each in entrusted:
        piece = each.words[:PIECE]
        if len(piece) == PIECE and piece in text and not _in_any(piece, own):
            yield f"{reader} read {piece!r} of {each.subject} in {text!r}"
    for start, end in (each.span for each in find_personal(text)):
        if not _in_any(text[start:end], own) and text[start:end] not in traces.public:
            yield f"{reader} read {text[start:end]!r} in {text!r}"


def _in_any(piece: str, texts: Collection[str]) -> bool:
    return any(normalise(piece) in each for each in texts)
