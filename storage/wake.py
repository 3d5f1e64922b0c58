"""PostgreSQL's LISTEN and NOTIFY: one process tells the others that something waits for them.

Told after the commit and in a transaction of its own, since all that notify wait for one another while they commit.
What is told may be lost with a connection: whoever listens looks by itself too, only less often.
"""

from collections.abc import Callable, Iterable
from threading import Event
from typing import Any

from sqlalchemy import bindparam, func, select

from storage.database import Database, DatabaseUnavailable, Store

TOPIC = "xiaoshan"
LOOK_SECONDS = 1.0
"""How often a listener looks whether it is to end."""

_TELL = select(func.pg_notify(TOPIC, bindparam("word")))


def tell(store: Store, words: Iterable[str]) -> None:
    """Tells every process that listens. Each word is short, and nothing that people wrote."""
    for word in sorted(set(words)):
        store.connection.execute(_TELL, {"word": word})


def listen(database: Database, hear: Callable[[str], None], stopped: Event) -> None:
    """Calls `hear` with each word until `stopped` is set. Raises `DatabaseUnavailable` when the connection is lost."""
    import psycopg  # here, for its 8 MB, which are of no use beside SQLite

    try:
        with psycopg.connect(**_arguments(database), autocommit=True) as connection:
            connection.execute(f"LISTEN {TOPIC}")
            while not stopped.is_set():
                for told in connection.notifies(timeout=LOOK_SECONDS):
                    hear(told.payload)
                    if stopped.is_set():
                        return
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(type(error).__name__) from None


def _arguments(database: Database) -> dict[str, Any]:
    """What SQLAlchemy's own connections are made with."""
    _, arguments = database.engine.dialect.create_connect_args(database.url)
    return dict(arguments)
