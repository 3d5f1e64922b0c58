"""Messages that failed three times: which, why, and once more."""

from contextlib import closing

import typer

from bot import app
from bot.clock import now
from bot.commands import ConfigOption, fail, read_settings, tell, told_plainly
from bot.keys import keys_of
from storage import inbox

MOST_SHOWN = 100

cli = typer.Typer(help="出错的消息。/ Messages that could not be handled.", invoke_without_command=True)


@cli.callback()
def parked(context: typer.Context, config: ConfigOption = None) -> None:
    """列出出错的消息和原因,不列内容。/ List messages that failed and why, without their words."""
    if context.invoked_subcommand is not None:
        return
    with told_plainly():
        settings = read_settings(config)
        with closing(app.read_database(settings.database, keys_of(settings))) as database, database.begin() as store:
            waiting = inbox.parked(store, MOST_SHOWN)
        for each in waiting:
            at = each.received_at.astimezone(settings.zone).isoformat(timespec="seconds")
            tell(f"{each.id}  {at}  {each.channel}  {each.attempts}  {each.error or '?'}")
        if not waiting:
            tell("没有出错的消息 / no message is parked")


@cli.command()
def retry(number: int, config: ConfigOption = None) -> None:
    """再试一次;小善在跑就马上试,没跑就下次启动时试。/ Try one again: at once, or at the next start."""
    with told_plainly():
        settings = read_settings(config)
        with closing(app.read_database(settings.database, keys_of(settings))) as database, database.begin() as store:
            found = inbox.unpark(store, number, now())
        if not found:
            fail(f"没有{number}号出错的消息 / no message {number} is parked")
        tell(f"{number}号会再试一次 / message {number} is tried again")
