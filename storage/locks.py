"""Who works on what, where several processes share a PostgreSQL. SQLite has one process, which needs no locks.

They are the server's advisory locks and end with the transaction, however it ends.
"""

import hashlib
from collections.abc import Iterable

from sqlalchemy import ARRAY, BigInteger, bindparam, func, select

from storage.database import Store

_WANTED = func.unnest(bindparam("keys", type_=ARRAY(BigInteger))).column_valued("wanted")
_HOLD = select(func.count(func.pg_advisory_xact_lock(_WANTED)))
_TRY = select(func.pg_try_advisory_xact_lock(bindparam("key", type_=BigInteger)))


def hold(store: Store, names: Iterable[str]) -> None:
    """Waits until nobody else holds any of these, and keeps others waiting until the transaction ends."""
    if store.connection.dialect.name == "postgresql":
        keys = sorted({_key(name) for name in names})  # everybody in one order, or two would wait for each other
        if keys:
            store.connection.execute(_HOLD, {"keys": keys})


def try_hold(store: Store, name: str) -> bool:
    """Whether nobody else holds it; then nobody else gets it until the transaction ends."""
    if store.connection.dialect.name != "postgresql":
        return True
    return bool(store.connection.execute(_TRY, {"key": _key(name)}).scalar_one())


def _key(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest(), signed=True)
