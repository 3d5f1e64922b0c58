"""What only the program knows, sealed: the sign by which it sees that it has the right keys, and its own secrets."""

from sqlalchemy import bindparam, insert, select

from storage.database import Store
from storage.tables import secrets

_VALUE = select(secrets.c.value).where(secrets.c.name == bindparam("secret_name"))
_INSERT = insert(secrets)


def find(store: Store, name: str) -> str | None:
    """A secret, or None where there is none yet. Raises `CannotOpen` where it was sealed with other keys."""
    return store.connection.execute(_VALUE, {"secret_name": name}).scalar_one_or_none()


def add(store: Store, name: str, value: str) -> None:
    """Keeps a secret."""
    store.connection.execute(_INSERT, {"name": name, "value": value})
