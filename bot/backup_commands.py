"""`backup` and `restore` of the command line."""

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from bot.commands import ConfigOption, fail, read_settings, tell, told_plainly

ForceOption = Annotated[
    bool, typer.Option("--force", help="换掉那里已有的数据库,旧的改名留着 / in the place of a database that is there")
]


def register(cli: typer.Typer) -> None:
    """Adds the commands."""
    cli.command()(backup)
    cli.command()(restore)


def backup(
    to: Annotated[
        Path | None, typer.Option("--to", help="备份放在哪个文件夹,默认见设置 / folder of backups; default: settings")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """备份数据库和照片,小善开着也行;不含密钥。/ Back up database and photos, also while running; without the keys."""
    from bot.backups import BackupFailed, Backups
    from bot.clock import now
    from bot.keys import keys_of
    from storage.database import Database

    with told_plainly():
        settings = read_settings(config)
        keys = keys_of(settings)
        with closing(Database(settings.database, keys)) as database:
            try:
                made = Backups(to or settings.backup.folder).make(database, keys, settings.data, now())
            except BackupFailed as failure:
                fail(str(failure))
        tell(
            f"已备份到 {made.folder}:{made.bytes:,} 字节,{sum(made.manifest.rows.values()):,} 行,"
            f"{len(made.manifest.photos)} 张照片 / backed up: bytes, rows, photos"
        )
        tell(_about_keys("XIAOSHAN_KEYS" if settings.keys else str(settings.keys_path)))


def restore(
    folder: Annotated[Path, typer.Argument(metavar="BACKUP", help="哪个备份 / which backup")],
    into: Annotated[
        Path | None,
        typer.Option("--into", help="恢复到这个文件夹,不动设置里的 / into this folder, not where the settings say"),
    ] = None,
    force: ForceOption = False,
    config: ConfigOption = None,
) -> None:
    """从备份恢复,小善要先停下。/ Restore a backup; the program must be stopped."""
    from bot import backups
    from bot.clock import now
    from bot.keys import keys_of
    from storage import schema
    from storage.database import Database

    with told_plainly():
        settings = read_settings(config)
        keys = keys_of(settings)
        url, data = (f"sqlite:///{into / 'xiaoshan.db'}", into) if into else (settings.database, settings.data)
        try:
            found = backups.read(folder, keys)
            with closing(Database(url, keys)) as database:
                aside = backups.restore(found, database, keys, data, now(), force=force)
        except backups.BackupFailed as failure:
            fail(str(failure))
        tell(
            f"已恢复 {found.manifest.made_at.astimezone(settings.zone):%Y-%m-%d %H:%M} 的备份:"
            f"{sum(found.manifest.rows.values()):,} 行,{len(found.manifest.photos)} 张照片 / restored: rows, photos"
        )
        if aside is not None:
            tell(f"原来的数据库在 {aside},用不着了请删掉 / the database that was there; delete it when not needed")
        if found.manifest.version < schema.newest():
            tell("请再运行 python -m bot migrate / it is of an older version: run python -m bot migrate")


def _about_keys(place: str) -> str:
    return (
        f"密钥不在备份里({place}),请另外保管一份:没有它,备份谁也打不开 / the keys are NOT in the backup: "
        "keep a copy elsewhere, without them nobody can open it"
    )
