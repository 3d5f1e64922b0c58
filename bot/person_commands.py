"""What is known of one person, at the command line: all of it in a file, a correction, and forgetting it."""

import io
import json
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from bot import app
from bot.clock import now
from bot.commands import ConfigOption, fail, read_settings, tell, told_plainly
from bot.config import Settings
from bot.keys import keys_of
from bot.operators import operator
from bot.photos import MARK, Photos, write_durably
from community import Community
from community.privacy.requests import Exported, Forgotten, StillOpen
from community.tree import Tree
from handlers.privacy import affair_lines
from storage import tree as tree_rows

BACKUPS_EXPIRE = 30
"""Days for which a backup is kept: see the setting `backup`."""

cli = typer.Typer(help="一个人的全部信息。/ All that is known of one person.", no_args_is_help=True)


@cli.command()
def requests(config: ConfigOption = None) -> None:
    """谁在等:要导出的、要删除的。/ Who waits for a file of all, and who is to be forgotten."""
    with told_plainly(), _opened(read_settings(config)) as community:
        waiting = community.requests.waiting()
        lines = [f"{each.due_at.astimezone():%Y-%m-%d %H:%M} {each.kind} {each.person_id}" for each in waiting]
    for line in lines or ("没有 / nobody",):
        tell(line)


@cli.command()
def export(
    person: str,
    output: Annotated[Path, typer.Option("--output", "-o", help="写到哪个 .zip / which .zip to write")],
    config: ConfigOption = None,
) -> None:
    """把一个人的全部信息写成 .zip(JSON 和照片)。/ Write all that is known of a person as .zip: JSON and photos."""
    with told_plainly():
        settings = read_settings(config)
        with _opened(settings) as community:
            found = community.requests.export(person, operator(), now())
        write_durably(output, zipped(found, Photos(settings.data / "photos")))
        output.chmod(0o600)
        tell(f"{person} → {output},请核对身份后只交给本人 / hand it to that person alone")


@cli.command()
def correct(
    person: str,
    name: Annotated[str | None, typer.Option("--name", help="正确的称呼 / the right name")] = None,
    home: Annotated[str | None, typer.Option("--home", help="家在哪个节点,写编号 / home, by the node's id")] = None,
    address: Annotated[
        str | None, typer.Option("--address", help="渠道=号,如 wechaty=wxid_x / channel=id under which it knows them")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """改正一个人的称呼、住处或渠道号。/ Correct a person's name, home or address."""
    with told_plainly():
        if name is None and home is None and address is None:
            fail("请写 --name、--home 或 --address / give --name, --home or --address")
        channel, mark, external_id = (address or "").partition("=")
        if address is not None and not (channel and mark and external_id):
            fail("--address 要写成 渠道=号 / --address is channel=id")
        with _opened(read_settings(config)) as community:
            community.requests.correct(person, operator(), now(), name=name, node_id=home)
            if external_id:
                community.requests.correct_address(person, operator(), now(), channel, external_id)
        tell(f"{person}:改好了 / corrected")


@cli.command()
def delete(person: str, config: ConfigOption = None) -> None:
    """删除一个人的信息;编号、次数、时长合计留下。/ Forget a person; numbers, counts and sums of hours stay."""
    with told_plainly():
        settings = read_settings(config)
        with _opened(settings) as community:
            outcome = community.requests.delete(person, operator(), now())
            lines = affair_lines(outcome.affairs, community) if isinstance(outcome, StillOpen) else ""
        if isinstance(outcome, StillOpen):
            fail("还不能删,这些还没办完,请找经办人办结或取消 / still open, see to these first:", lines)
        _remove(outcome, Photos(settings.data / "photos"))
        tell(f"{person} → {outcome.alias}:已删除,照片删了 {len(outcome.photos)} 张 / forgotten, with so many photos")
        tell(
            f"备份里的 {BACKUPS_EXPIRE} 天后过期;社区文件里有这个人的,请也去掉 / "
            "backups expire by then; take the person out of the community file as well"
        )


def zipped(found: Exported, photos: Photos) -> bytes:
    """One file: `person.json`, and the pictures under `photos/`."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        words = json.dumps(found.tables, ensure_ascii=False, indent=1, default=_plain)
        archive.writestr("person.json", words)
        for path in _paths(found.photos, photos):
            archive.write(path, f"photos/{path.name}")
    return target.getvalue()


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime | date) else str(value)


def _paths(digests: Iterable[str], photos: Photos) -> list[Path]:
    paths = (photos.path(each) for each in digests if MARK not in each)
    return [path for path in paths if path.is_file()]


def _remove(forgotten: Forgotten, photos: Photos) -> None:
    for path in _paths(forgotten.photos, photos):
        path.unlink(missing_ok=True)


@contextmanager
def _opened(settings: Settings) -> Iterator[Community]:
    """The community in one transaction, also while the program runs."""
    with closing(app.read_database(settings.database, keys_of(settings))) as database, database.begin() as store:
        tree = Tree.grow(tree_rows.all_nodes(store), tree_rows.all_roles(store), tree_rows.all_groups(store))
        yield Community.open(store, tree, app.rules_of(settings), {})
