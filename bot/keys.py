"""Where the keys come from that seal what people entrust to us: the environment, or a file that only its owner reads.

Never from the settings, and never kept beside the data, whose copies would then open themselves.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bot.config import Settings
from storage import schema, secrets
from storage.database import Database, Store
from storage.sealing import CannotOpen, Keys, KeysUnreadable, new_key

VARIABLE = "XIAOSHAN_KEYS"
_CHECK, _WORD = "check", "xiaoshan"


class KeysRefused(Exception):
    """There are no keys, or not these. The words say what to do, and never say a key."""


def keys_of(settings: Settings) -> Keys:
    """The keys of this place. A new database gets a new key, in a new file. Raises `KeysRefused`."""
    if settings.keys is not None:
        return _read(settings.keys.get_secret_value().split(","), VARIABLE)
    file = settings.keys_path
    if not file.exists():
        _make(file, settings)
    return read_file(file)


def read_file(file: Path) -> Keys:
    """The keys of a file, a line each, the newest first. Raises `KeysRefused`."""
    return _read(read_lines(file), str(file))


def read_lines(file: Path) -> list[str]:
    """The lines of a key file as they are, without the empty ones. Raises `KeysRefused`."""
    try:
        with file.open(encoding="ascii") as source:
            if os.fstat(source.fileno()).st_mode & 0o077:
                raise KeysRefused(
                    f"{file} 别人也能读,请运行 chmod 600 {file} / others can read this file: chmod 600 {file}"
                )
            return [line for line in source.read().splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise KeysRefused(f"密钥文件 {file} 读不了 / the key file cannot be read: {type(error).__name__}") from None


def write_file(file: Path, lines: Sequence[str]) -> None:
    """Puts these keys in the place of what the file had: all of them or none, for its owner only, and on the disk
    before anything is sealed with them."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.{os.getpid()}.part")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as target:
        target.write("".join(f"{line}\n" for line in lines))
        target.flush()
        os.fsync(target.fileno())
    draft.replace(file)
    _keep_names(file.parent)


@contextmanager
def held(file: Path) -> Iterator[None]:
    """While this lasts nobody else changes the key file. Raises `KeysRefused` where somebody does."""
    with file.with_name(f"{file.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise KeysRefused("正在换密钥,请等它做完 / the keys are being changed: wait until it is done") from None
        yield


def check_keys(store: Store) -> None:
    """Makes sure that these are the keys with which the database was sealed. Raises `KeysRefused`."""
    try:
        word = secrets.find(store, _CHECK)
    except CannotOpen:
        raise KeysRefused(
            "密钥不对:数据库是用别的密钥封的,请放回原来的密钥 / wrong keys: the database was sealed with others"
        ) from None
    if word is None:
        secrets.add(store, _CHECK, _WORD)


def _make(file: Path, settings: Settings) -> None:
    database = Database(settings.database, None)
    try:
        fresh = database.is_missing or not schema.is_sealed(database)
    finally:
        database.close()
    if not fresh:
        raise KeysRefused(
            f"找不到密钥文件 {file},没有它打不开数据库,请从保管处放回来 / "
            f"the key file is missing, and the database cannot be opened without: put it back"
        )
    own = file.with_name(f"{file.name}.{os.getpid()}.new")
    write_file(own, [new_key()])
    try:
        file.hardlink_to(own)  # two first starts at once agree on one key
    except FileExistsError:
        pass
    finally:
        own.unlink()
    _keep_names(file.parent)


def _keep_names(folder: Path) -> None:
    """Waits until the disk has the names of the files in a folder, too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(lines: list[str], place: str) -> Keys:
    try:
        return Keys.read(lines)
    except KeysUnreadable as problem:
        raise KeysRefused(f"{place}: {problem}") from None
