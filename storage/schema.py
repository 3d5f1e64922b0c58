"""Which version of the tables a database has, and how it gets to ours.

Migrations are numbered files (`0001_first.py`), so the newest version is known without loading Alembic,
which would cost a start a third of a second.
"""

from contextlib import closing
from enum import Enum, auto
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from storage import resealing
from storage.database import Database, Store

if TYPE_CHECKING:
    from alembic.config import Config

FIRST_SEALED = "0006"
FOLDER = Path(__file__).with_name("migrations")


class Version(Enum):
    """How a database stands to this program."""

    EMPTY = auto()
    CURRENT = auto()
    OLDER = auto()
    NEWER = auto()


def newest() -> str:
    """The revision this program was written for."""
    return max(path.stem.split("_")[0] for path in (FOLDER / "versions").glob("[0-9]*.py"))


def version_of(database: Database) -> Version:
    """Compares a database with this program. Changes nothing. Raises `DatabaseUnavailable`."""
    with database.begin() as store:
        return version_within(store)


def version_within(store: Store) -> Version:
    """The same as a part of a larger transaction."""
    found = _revision(store.connection)
    if found is None:
        return Version.EMPTY
    if found == newest():
        return Version.CURRENT
    return Version.OLDER if found < newest() else Version.NEWER


def is_sealed(database: Database) -> bool:
    """Whether this database may hold what was sealed with somebody's keys: true from version 0006 on.

    Raises `DatabaseUnavailable`.
    """
    with database.begin() as store:
        return (_revision(store.connection) or "") >= FIRST_SEALED


def migrate(database: Database) -> None:
    """Brings a database to our version in one transaction: all of it happens or nothing.

    Then nothing of what older versions wrote in the open is left behind in its files. Breaking off there does no
    harm: it is done again the next time.
    """
    was_empty = version_of(database) is Version.EMPTY
    with database.begin() as store:
        migrate_within(store)
    if not was_empty:
        scrub(database)


def scrub(database: Database) -> None:
    """Writes the files anew, without the free space in which old rows could still be read. Takes its time."""
    if database.is_sqlite:
        with closing(database.engine.raw_connection()) as raw:  # SQLAlchemy would begin a transaction
            cursor = raw.cursor()
            cursor.execute("VACUUM")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            cursor.close()
        return
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in resealing.TABLES:
            connection.exec_driver_sql(f"VACUUM FULL {table.name}")


def migrate_within(store: Store) -> None:
    """The same as a part of a larger transaction."""
    from alembic import command

    command.upgrade(configuration(store.connection), "head")


def configuration(connection: Connection) -> "Config":
    """Alembic's settings for one connection, without an ini file."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["connection"] = connection
    return config


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
