"""What did not go out, at the command line: which, to whom, why; once more, or never."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import typer

from bot import app
from bot.clock import now
from bot.commands import ConfigOption, fail, read_settings, tell, told_plainly
from bot.keys import keys_of
from storage import outbox
from storage.database import Store
from storage.outbox import Undelivered

MOST_LISTED = 1000

cli = typer.Typer(help="没送到的消息。/ What could not be delivered.", invoke_without_command=True)


@cli.callback()
def show(context: typer.Context, config: ConfigOption = None) -> None:
    """列出没送到的消息,不显示内容。/ Lists what could not be delivered, without its words."""
    if context.invoked_subcommand is not None:
        return
    with told_plainly():
        settings = read_settings(config)
        with closing(app.read_database(settings.database, keys_of(settings))) as database, database.begin() as store:
            found = outbox.undelivered(store, MOST_LISTED)
        for line in [_line(each) for each in found] or ["没有没送到的消息 / everything was delivered"]:
            tell(line)


@cli.command()
def resend(number: int, config: ConfigOption = None) -> None:
    """再发一次。/ Sends one once more."""
    with told_plainly(), _opened(config) as store:
        _check(outbox.resend(store, number, now()), number)
        tell(f"{number} 号会再发一次 / number {number} will be sent once more")


@cli.command()
def drop(number: int, config: ConfigOption = None) -> None:
    """不再发了。/ Settles one without sending it."""
    with told_plainly(), _opened(config) as store:
        _check(outbox.drop(store, number, now()), number)
        tell(f"{number} 号不再发了 / number {number} will not be sent")


@contextmanager
def _opened(config: ConfigOption) -> Iterator[Store]:
    """The database, to be written. A SQLite file that the running program holds is refused: say it in the chat."""
    settings = read_settings(config)
    opened = app.open_database(settings.database, keys_of(settings), None, now())
    with closing(opened) as database, database.begin() as store:
        yield store


def _check(found: bool, number: int) -> None:
    if not found:
        fail(f"{number} 号不在名单上 / number {number} is not on the list")


def _line(each: Undelivered) -> str:
    to = f"group {each.group}" if each.group is not None else each.person_id or "?"
    return f"{each.id} {each.failed_at.astimezone():%Y-%m-%d %H:%M:%S} {each.channel} {to}: {each.why}"
