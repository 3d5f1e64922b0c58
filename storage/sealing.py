"""What people entrust to us is sealed before it reaches the database: AES-256-GCM, with keys that are kept elsewhere.

A sealed text is `~‹key›~‹base64 of nonce and ciphertext›`. The name of its column is authenticated with it, so that it
cannot be moved into another one. Whatever is written is sealed with the newest key; older ones still open.
"""

import base64
import binascii
import json
import os
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Dialect, String, Text
from sqlalchemy.types import JSON, TypeDecorator, TypeEngine, UserDefinedType

KEY_BYTES, NONCE_BYTES = 32, 12
_MARK = "~"
_SEALED = re.compile(r"~(?P<key>[0-9a-z]{1,16})~(?P<box>[A-Za-z0-9+/=]+)", re.ASCII)
_KEY = re.compile(r"(?P<id>[0-9a-z]{1,16}):(?P<key>[A-Za-z0-9+/=]+)", re.ASCII)


class KeysUnreadable(Exception):
    """What should be keys is none. Says which line, never what is in it."""


class CannotOpen(Exception):
    """A sealed text whose key we do not have, or that somebody has changed. Never says what is in it."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys by their short names, the newest first; that one seals."""

    ciphers: Mapping[str, AESGCM] = field(repr=False)

    @classmethod
    def read(cls, lines: Sequence[str]) -> "Keys":
        """From lines `name:base64`, the newest first. Raises `KeysUnreadable`."""
        ciphers: dict[str, AESGCM] = {}
        for number, line in enumerate(lines, start=1):
            found = _KEY.fullmatch(line.strip())
            key = _bytes(found["key"]) if found else b""
            if found is None or len(key) != KEY_BYTES or found["id"] in ciphers:
                raise KeysUnreadable(f"第 {number} 个密钥不对 / key number {number} is none, or there twice")
            ciphers[found["id"]] = AESGCM(key)
        if not ciphers:
            raise KeysUnreadable("没有密钥 / there is no key")
        return cls(ciphers)

    @property
    def newest(self) -> str:
        """The name of the key that seals."""
        return next(iter(self.ciphers))

    def seal(self, text: str, column: str) -> str:
        """The text as it may be stored in a column."""
        name = self.newest
        nonce = os.urandom(NONCE_BYTES)
        box = nonce + self.ciphers[name].encrypt(nonce, text.encode("utf-8", "surrogatepass"), column.encode())
        return f"{_MARK}{name}{_MARK}{base64.b64encode(box).decode('ascii')}"

    def open(self, sealed: str, column: str) -> str:
        """The text again. Raises `CannotOpen`."""
        found = _SEALED.fullmatch(sealed)
        cipher = self.ciphers.get(found["key"]) if found else None
        if found is None or cipher is None:
            raise CannotOpen(f"{column}: no key opens this")
        try:
            box = base64.b64decode(found["box"], validate=True)
            return cipher.decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], column.encode()).decode(
                "utf-8", "surrogatepass"
            )
        except (InvalidTag, ValueError):
            raise CannotOpen(f"{column}: changed, or sealed elsewhere") from None

    def is_sealed_newly(self, stored: str) -> bool:
        """Whether a stored text is sealed with the newest key."""
        return stored.startswith(f"{_MARK}{self.newest}{_MARK}")


def new_key() -> str:
    """A line for the place where keys are kept: `name:base64`."""
    return f"{secrets.token_hex(4)}:{base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode('ascii')}"


def key_named_in(stored: str) -> str:
    """The name of the key of a sealed text; empty where this is none."""
    found = _SEALED.fullmatch(stored)
    return found["key"] if found else ""


def _bytes(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return b""


# --- columns ----------------------------------------------------------------------------------------------------


def keys_of(dialect: Dialect) -> Keys:
    """The keys of the database that a statement is for. Raises `KeysUnreadable` where it was opened without."""
    keys: Keys | None = getattr(dialect, "xiaoshan_keys", None)
    if keys is None:
        raise KeysUnreadable("没有密钥 / this database was opened without keys")
    return keys


def give_keys(dialect: Dialect, keys: Keys | None) -> None:
    """From now on the sealed columns of this database use these keys."""
    dialect.xiaoshan_keys = keys  # type: ignore[attr-defined]  # the one thing that a column type sees of its database


class Sealed(TypeDecorator[str]):
    """A text that is stored sealed. Nothing can be searched in it; an empty one is stored empty.

    `length`: how long the column once was in SQLite, which does not mind.
    """

    impl = Text
    cache_ok = True

    def __init__(self, column: str, length: int | None = None) -> None:
        super().__init__()
        self.column, self.length = column, length

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """As PostgreSQL enforces lengths, there is none; SQLite's tables keep the word that they were made with."""
        if dialect.name == "sqlite" and self.length is not None:
            return String(self.length)
        return Text()

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return keys_of(dialect).seal(value, self.column) if value else value

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        return keys_of(dialect).open(value, self.column) if value else value


class _Json(UserDefinedType[str]):
    """A column that SQLite was told to call JSON, and that holds any text."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "JSON"


class SealedJson(TypeDecorator[Any]):
    """A small structure that is stored sealed."""

    impl = JSON
    cache_ok = True

    def __init__(self, column: str) -> None:
        super().__init__()
        self.column = column

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Text; SQLite's tables keep the word that they were made with."""
        return _Json() if dialect.name == "sqlite" else Text()

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        if value is None:
            return None
        return keys_of(dialect).seal(json.dumps(value, ensure_ascii=False, separators=(",", ":")), self.column)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(keys_of(dialect).open(value, self.column))
