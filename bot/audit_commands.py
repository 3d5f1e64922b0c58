"""The audit log at the command line: whether it is whole, and what is in it."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Annotated

import typer

from bot import app
from bot.commands import ConfigOption, fail, read_settings, tell, told_plainly
from bot.keys import keys_of
from community.privacy import Audit
from community.privacy.audit import Verified
from storage.audit import Entry

cli = typer.Typer(help="谁看过别人的个人信息。/ Who looked at other people's personal data.", no_args_is_help=True)


@cli.command()
def verify(
    expect: Annotated[
        str | None, typer.Option("--expect", help="以前抄下的摘要,查末尾有没有被删 / a digest that you kept before")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """从头核对记录,说出第一处不对的。/ Checks the chain from its beginning; names the first row that does not fit."""
    with told_plainly(), _opened(config) as log:
        found = log.verify(expect)
    if found.broken is not None:
        fail(
            f"记录被动过:第 {found.broken} 条和前面的对不上,前 {found.rows} 条没有问题 / "
            f"the log was changed: row {found.broken} does not fit, the {found.rows} before it do"
        )
    if found.expected is False:
        fail(*_cut_off(found))
    tell(f"记录完整,共 {found.rows} 条 / the log is whole: {found.rows} rows")
    tell(f"最新摘要,请抄在别处 / the newest digest, to be kept elsewhere: {found.head or '-'}")


@cli.command()
def show(
    person: Annotated[str | None, typer.Option("--person", help="谁看的,人的编号 / who looked, by id")] = None,
    subject: Annotated[
        str | None, typer.Option("--subject", help="看了什么,如 grievance:12 / what was looked at")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """谁在什么时候看了什么。/ Who looked at what, and when."""
    with told_plainly(), _opened(config) as log:
        lines = [_line(each) for each in log.find(person, subject)]
    for line in lines or ("没有记录 / nothing",):
        tell(line)


def _cut_off(found: Verified) -> tuple[str, ...]:
    return (
        f"记录少了:现有 {found.rows} 条里没有那个摘要,末尾可能被删 / "
        f"rows are missing: none of the {found.rows} has that digest, the end may have been cut off",
    )


def _line(entry: Entry) -> str:
    line = entry.line
    return (
        f"{entry.id} {line.at.astimezone():%Y-%m-%d %H:%M:%S} {line.actor_id} {line.deed} {line.subject} {line.field}"
    )


@contextmanager
def _opened(config: ConfigOption) -> Iterator[Audit]:
    settings = read_settings(config)
    with (
        closing(app.read_database(settings.database, keys_of(settings))) as database,
        database.begin() as store,
    ):
        yield Audit(store)
