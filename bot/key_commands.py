"""The keys that seal what people entrust to us: which there are, a new one, and a change of keys."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import typer

from bot import app, spool
from bot.commands import ConfigOption, read_settings, tell, told_plainly
from bot.config import Settings
from bot.keys import VARIABLE, KeysRefused, held, keys_of, read_file, read_lines, write_file
from storage import leases, resealing, schema
from storage.database import Database
from storage.resealing import Tally
from storage.sealing import Keys, new_key

ALIVE_FOR = timedelta(seconds=30)
"""A process that was seen within this time runs."""

RETIRED = ".old"
"""Behind the name of the key file: where keys go that nothing but old backups is sealed with."""

cli = typer.Typer(help="封存个人信息的密钥。/ The keys that seal personal data.", no_args_is_help=True)


@cli.command()
def check(config: ConfigOption = None) -> None:
    """有哪些密钥,各封了多少;不显示密钥本身。/ Which keys, and how much each has sealed; never the keys themselves."""
    with told_plainly():
        settings = read_settings(config)
        keys = keys_of(settings)
        with closing(app.read_database(settings.database, keys)) as database:
            _tell_tally(resealing.tally(database, keys), keys)


@cli.command()
def new() -> None:
    """写出一把新密钥,放进保管密钥的地方。/ Writes a new key, for the place where you keep them."""
    tell(new_key())


@cli.command()
def rotate(config: ConfigOption = None) -> None:
    """换密钥:用新的重新封好一切,旧的退役;断了就再运行一次。/ Change keys; broken off: run it again."""
    with told_plainly():
        settings = read_settings(config)
        if settings.keys is not None:
            _rotate_variable(settings)
        else:
            _rotate_file(settings)


def _rotate_variable(settings: Settings) -> None:
    """The keys are somebody else's to keep: everything is sealed with the first one, the others may go then."""
    keys = keys_of(settings)
    if len(keys.ciphers) == 1:
        raise KeysRefused(
            f"请把新密钥写在最前面:{VARIABLE}=新,旧,再运行一次;新密钥用 python -m bot keys new 生成 / "
            f"put a new key in front ({VARIABLE}=new,old) and run this again; python -m bot keys new makes one"
        )
    with _claimed(settings, keys) as database:
        _refuse_while_messages_wait(settings)
        if _seal_again(database, keys):
            tell(f"现在可以从 {VARIABLE} 里去掉旧密钥;旧备份还要用它 / the old key may go now; old backups need it")


def _rotate_file(settings: Settings) -> None:
    """Two keys in the file are a change that was broken off: that one is finished first."""
    file = settings.keys_path
    with held(file), _claimed(settings, keys_of(settings)) as database:
        _refuse_while_others_run(database)
        _refuse_while_messages_wait(settings)
        lines = read_lines(file)
        if len(lines) == 1:
            lines.insert(0, new_key())
            write_file(file, lines)
        keys = read_file(file)
        database.use_keys(keys)
        if _seal_again(database, keys):
            retired = _retire(file, lines)
            tell(f"旧密钥移到了 {retired},旧备份过期后请删掉 / the old key is there; delete it when old backups expire")


def _retire(file: Path, lines: list[str]) -> Path:
    """Takes all keys but the first out of the file. What was retired before stays."""
    retired = file.with_name(file.name + RETIRED)
    before = read_lines(retired) if retired.exists() else []
    write_file(retired, list(dict.fromkeys([*lines[1:], *before])))
    write_file(file, lines[:1])
    return retired


@contextmanager
def _claimed(settings: Settings, keys: Keys) -> Iterator[Database]:
    """The database of our version, and of these keys; the file for us alone. Raises `DatabaseInUse`, `KeysRefused`."""
    with closing(app.read_database(settings.database, keys)) as database:
        database.claim()
        yield database


def _refuse_while_others_run(database: Database) -> None:
    """They read the key file when they start: they could not open what is sealed anew. SQLite has no others."""
    if database.is_sqlite:
        return
    with database.begin() as store:
        if leases.standing(store, ALIVE_FOR).living:
            raise KeysRefused(
                "还有小善在运行,请先全部停下再换密钥 / there are processes running: stop them all before changing keys"
            )


def _refuse_while_messages_wait(settings: Settings) -> None:
    """What waits for the database in files is sealed with the old key."""
    if any((settings.data / "spool").glob(f"*{spool.SUFFIX}")):
        raise KeysRefused(
            "还有消息没存进数据库,请先启动小善,等它存完再换密钥 / "
            "messages still wait for the database: start the program and let it store them first"
        )


def _seal_again(database: Database, keys: Keys) -> bool:
    """Seals everything with the newest key. Gives whether nothing is left that an older one has sealed."""
    done = resealing.seal_again(database, keys)
    schema.scrub(database)
    found = resealing.tally(database, keys)
    tell(f"重新封了 {done} 行 / rows sealed again: {done}")
    _tell_tally(found, keys)
    left = found.by_key.total() - found.by_key[keys.newest]
    if left:
        tell(f"还有 {left} 处用旧密钥封着,请再运行一次 / {left} texts are still sealed with an older key: run it again")
    return left == 0


def _tell_tally(found: Tally, keys: Keys) -> None:
    for name in keys.ciphers:
        tell(f"{name}: {found.by_key[name]}" + (" ← 最新 / newest" if name == keys.newest else ""))
    for column, count in sorted(found.unopened.items()):
        tell(f"打不开 / cannot be opened: {column}: {count}")
