"""What every command of the command line has: its settings, its words, and a plain no instead of a traceback."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from bot import app, config
from bot.channels import ChannelStopped
from bot.config import Settings, SettingsError
from bot.keys import KeysRefused
from community.community_file import CommunityFileError
from community.refused import Refused
from handlers.speaking.texts import Texts
from storage.database import DatabaseInUse, DatabaseUnavailable

DEFAULT_CONFIG = Path("config.yaml")
ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", help="设置文件,默认 config.yaml,没有就用演示社区 / settings; default: the demo community"),
]


def read_settings(path: Path | None) -> Settings:
    """The settings of a file, of config.yaml, or of the demo community. Raises `SettingsError`."""
    chosen = path or (DEFAULT_CONFIG if DEFAULT_CONFIG.exists() else None)
    return config.load(chosen, os.environ)


@contextmanager
def told_plainly() -> Iterator[None]:
    """What keeps the program from working is said in plain lines, without a traceback."""
    try:
        yield
    except SettingsError as error:
        fail(*error.lines())
    except CommunityFileError as error:
        fail(str(error))
    except DatabaseInUse as error:
        fail(f"已有一个小善在用 {error} / another process is using this database")
    except DatabaseUnavailable as error:
        fail(f"数据库打不开:{error} / the database cannot be opened")
    except Refused as refused:
        fail(Texts(app.rules_of(config.load(None, {})).zone).render(refused.key, refused.values))
    except (app.StartRefused, ChannelStopped, KeysRefused) as error:
        fail(str(error))
    except OSError as error:
        fail(f"{error.filename or ''}: {error.strerror}")


def fail(*lines: str) -> NoReturn:
    """Says what is wrong, where errors are said, and ends the command."""
    for line in lines:
        typer.echo(line, err=True)
    raise typer.Exit(1)


def tell(line: str) -> None:
    """Says a line."""
    typer.echo(line)
