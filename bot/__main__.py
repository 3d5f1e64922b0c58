"""The command line."""

import asyncio
import json
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer

from bot import (
    app,
    audit_commands,
    backup_commands,
    drawings,
    key_commands,
    logs,
    parked_commands,
    person_commands,
    process,
    undelivered_commands,
)
from bot.channels import pipe
from bot.clock import now
from bot.commands import ConfigOption, read_settings, tell, told_plainly
from bot.config import Settings, describe
from bot.delivery import Ledger
from bot.desk import Desk
from bot.jobs import JOBS
from bot.keys import check_keys, keys_of
from bot.operators import operator
from bot.photos import Photos, write_durably
from bot.simulate import Simulation
from bot.understand import Understanding
from community import Community, importing, quiz_file
from community.community_file_stations import check_overlaps
from community.parts.working_calendar import unpublished_years
from community.people import People
from community.quizzes.bank import Bank
from community.tree import Tree
from community.volunteers.certificates import read_number
from storage import schema
from storage import tree as tree_rows
from storage.database import Database, DatabaseInUse
from storage.schema import Version
from storage.sealing import Keys, new_key

cli = typer.Typer(
    help="小善:住在小区群里的小帮手。/ 小善, a neighbour who lives in the neighbourhood's chat groups.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
cli.add_typer(key_commands.cli, name="keys")
cli.add_typer(audit_commands.cli, name="audit")
cli.add_typer(person_commands.cli, name="person")
cli.add_typer(undelivered_commands.cli, name="undelivered")
cli.add_typer(parked_commands.cli, name="parked")


@cli.command()
def run(config: ConfigOption = None) -> None:
    """启动,直到 Ctrl-C。/ Start, until Ctrl-C."""
    with told_plainly():
        settings = read_settings(config)
        logs.configure(settings.log_level, process.name())
        asyncio.run(app.run(settings, tell))


@cli.command()
def migrate(config: ConfigOption = None) -> None:
    """把数据库升到这个版本。/ Bring the database to this version."""
    with told_plainly():
        settings = read_settings(config)
        with closing(Database(settings.database, keys_of(settings))) as database:
            database.claim()
            if schema.version_of(database) is Version.NEWER:
                raise app.StartRefused("数据库比程序新,请更新程序 / the database is newer than this program")
            with database.begin() as store:
                schema.migrate_within(store)
                check_keys(store)
            schema.scrub(database)
        tell(f"数据库已是 {schema.newest()} 版 / the database is at version {schema.newest()}")


@cli.command()
def check(config: ConfigOption = None) -> None:
    """检查设置和社区文件,说出第几行有错。/ Check settings and community file; names the line at fault."""
    with told_plainly():
        settings = read_settings(config)
        for line in describe(settings):
            tell(line)
        for year in unpublished_years(now().astimezone(settings.zone).date()):
            tell(f"{year}年的放假安排还没公布,先按周末和法定节日算 / the calendar of {year} is not out yet")
        if settings.community is None:
            tell("没有写 community:第一次启动前用 python -m bot import 导入社区 / no community file: import one first")
        else:
            file = importing.load(settings.community)
            check_overlaps(file, now().astimezone(settings.zone).date())
            counts = f"{len(file.nodes)} 个节点,{len(file.people)} 人,{len(file.groups)} 个群"
            counts += f",{len(file.stations)} 个工作站,{len(file.rota)} 条值班"
            counts += f",{len(file.events)} 种活动,{len(file.teams)} 支队伍"
            tell(f"社区文件没有错 / the community file is sound: {counts}")


@cli.command("import")
def import_(file: Path, config: ConfigOption = None) -> None:
    """导入社区(.yaml 或 .xlsx);可以重复。/ Import a community; may be repeated."""
    with told_plainly():
        community = importing.load(file)
        settings = read_settings(config)
        database = app.open_database(settings.database, keys_of(settings), None, now())
        with database.begin() as store:
            changes = importing.import_community(store, community, now(), settings.zone)
        database.close()
        for line in changes.lines() or ("没有变化 / nothing has changed",):
            tell(line)


@cli.command("quiz-import")
def quiz_import(
    file: Path,
    community: Annotated[
        str | None,
        typer.Option("--community", help="哪个社区的题库,只有一个社区就不用写 / whose bank; not needed for one"),
    ] = None,
    config: ConfigOption = None,
) -> None:
    """导入有奖问答的题库(.yaml 或 .xlsx);可以重复。/ Import the questions for quizzes; may be repeated."""
    with told_plainly():
        entries = quiz_file.load(file)
        settings = read_settings(config)
        opened = app.open_database(settings.database, keys_of(settings), settings.community, now())
        with closing(opened) as database, database.begin() as store:
            tree = Tree.grow(tree_rows.all_nodes(store), (), ())
            node = tree.node_called(community) if community else tree.only_community()
            if node is None:
                raise app.StartRefused("请用 --community 写明社区的编号或名称 / name the community with --community")
            changes = Bank(store).take_over(node.id, entries, now())
        tell(
            f"{node.name}的题库:新增 {changes.added} 题,改了 {changes.changed} 题,停用 {changes.ended} 题,"
            f"没变 {changes.same} 题 / added, changed, ended, unchanged"
        )


@cli.command()
def invite(person: str, config: ConfigOption = None) -> None:
    """给一个人邀请码,让他私聊小善认领身份。/ A code with which a person tells the bot who they are."""
    with told_plainly():
        settings = read_settings(config)
        database = app.open_database(settings.database, keys_of(settings), settings.community, now())
        with database.begin() as store:
            code = People(store, app.rules_of(settings)).invite(person, now())
        database.close()
        tell(f"请 {person} 私聊小善发“我是 {code}”,7天内有效,只能用一次。/ valid for 7 days, once.")


@cli.command()
def certificate(
    number: str,
    output: Annotated[
        Path | None, typer.Option("--output", help="写到哪个文件,默认 ‹编号›.pdf / where to; default: ‹number›.pdf")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """把开好的志愿证明写成 PDF,打印盖章用。/ Write an issued certificate of hours as PDF, to print and seal."""
    with told_plainly():
        wanted = read_number(number) or number
        pdf = _certificate(read_settings(config), wanted)
        path = output or Path(f"{wanted}.pdf")
        write_durably(path, pdf)
        tell(f"{wanted} → {path}")


def _certificate(settings: Settings, number: str) -> bytes:
    """From the database; while the program runs on it, the one that was kept when it was sent."""
    try:
        database = app.open_database(settings.database, keys_of(settings), settings.community, now())
    except DatabaseInUse:
        kept = drawings.kept_pdf(number, Photos(settings.data / "photos"))
        if kept is None:
            raise
        return kept.read_bytes()
    with closing(database), database.begin() as store:
        tree = Tree.grow(tree_rows.all_nodes(store), (), ())
        community = Community.open(store, tree, app.rules_of(settings), {})
        community.audit.viewed(operator(), f"certificate:{number}", "name", now())
        return drawings.certificate(community, number)()[".pdf"]


@cli.command("market-report")
def market_report(
    output: Annotated[Path, typer.Option("--output", "-o", help="写到哪个 .xlsx / which .xlsx to write")],
    month: Annotated[
        str | None, typer.Option("--month", help="哪个月,如 2026-11,默认本月 / default: this month")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", help="到哪个月,默认同一个月 / the last month")] = None,
    community: Annotated[
        str | None, typer.Option("--community", help="哪个社区,只有一个社区就不用写 / not needed for one community")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """把活动统计写成 .xlsx,里面有志愿者姓名。/ Write the figures of events as .xlsx, with helpers' names."""
    from bot.market_report import read_months, report_file  # a workbook's library is slow to load

    with told_plainly():
        settings = read_settings(config)
        today = now().astimezone(settings.zone).date()
        period = read_months(month, until, today)
        with closing(app.read_database(settings.database, keys_of(settings))) as database:
            file = report_file(database, app.rules_of(settings), community, period, now())
        write_durably(output, file)
        tell(f"{period.first} – {period.last} → {output}")


@cli.command("members-import")
def members_import(
    file: Path,
    unit: Annotated[str, typer.Option("--unit", help="哪个共建单位,编号或名称 / which unit, by id or name")],
    config: ConfigOption = None,
) -> None:
    """导入一个单位的双报到名单(.xlsx);可以重复。/ Import a unit's list of members; may be repeated."""
    from bot.members_import import import_list  # a workbook's library is slow to load

    with told_plainly():
        settings = read_settings(config)
        opened = app.open_database(settings.database, keys_of(settings), settings.community, now())
        with closing(opened) as database:
            lines = import_list(database, app.rules_of(settings), file, unit, now())
        for line in lines:
            tell(line)


@cli.command("members-report")
def members_report(
    output: Annotated[Path, typer.Option("--output", "-o", help="写到哪个 .xlsx / which .xlsx to write")],
    year: Annotated[int | None, typer.Option("--year", help="哪一年,默认今年 / default: this year")] = None,
    config: ConfigOption = None,
) -> None:
    """把各单位的双报告写成 .xlsx,里面有党员姓名。/ Write the report on units as .xlsx, with members' names."""
    from bot.members_report import report_file  # a workbook's library is slow to load

    with told_plainly():
        settings = read_settings(config)
        with closing(app.read_database(settings.database, keys_of(settings))) as database:
            file = report_file(database, app.rules_of(settings), year, now())
        write_durably(output, file)
        tell(f"{output}")


@cli.command()
def simulate(
    script: Annotated[
        Path | None, typer.Argument(help="JSON 行;- 或不写:标准输入 / JSON lines; - or none: stdin")
    ] = None,
    db: Annotated[Path | None, typer.Option("--db", help="保留状态的数据库 / database that keeps state")] = None,
    paced: Annotated[bool, typer.Option("--paced", help="按账号的节奏发 / at an account's pace")] = False,
    config: ConfigOption = None,
) -> None:
    """按脚本的时钟跑整个程序。/ Drive the whole program under a script's clock."""
    with told_plainly(), TemporaryDirectory() as fresh:
        settings = read_settings(config)
        path = db or Path(fresh) / "simulate.db"
        with _source(script) as lines:
            begins_at, script_lines = _beginning(lines)
            keys = keys_of(settings) if db else Keys.read([new_key()])
            bad = _simulate(settings, path, keys, begins_at, script_lines, paced=paced)
        if bad:
            raise typer.Exit(1)


def _simulate(
    settings: Settings, path: Path, keys: Keys, begins_at: datetime, lines: Iterator[tuple[int, str]], *, paced: bool
) -> int:
    """Plays a script; a new database has the community as of its beginning. Gives the number of bad lines."""
    with closing(app.open_database(f"sqlite:///{path}", keys, settings.community, begins_at)) as database:
        desk = Desk(database, app.rules_of(settings), {pipe.NAME: pipe.NAME}, JOBS)
        budget = app.budget_of(settings) if paced else None
        photos = Photos(path.with_suffix(".photos"))
        simulation = Simulation(desk, photos, Ledger(pipe.NAME, pipe.NAME, budget), _write)
        return asyncio.run(simulation.run(lines))


def _beginning(lines: Iterator[tuple[int, str]]) -> tuple[datetime, Iterator[tuple[int, str]]]:
    """The time that a script's first line tells, else now; and all of its lines."""
    first = next(lines, None)
    if first is None:
        return now(), iter(())
    try:
        at = pipe.parse(first[1]).at
    except pipe.BadLine:
        at = None
    return at or now(), chain([first], lines)


@cli.command()
def understand(
    script: Annotated[
        Path | None, typer.Argument(help="JSON 行;- 或不写:标准输入 / JSON lines; - or none: stdin")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """听懂了什么:一行 JSON 进,一行出。/ What was understood: a JSON line in, a JSON line out."""
    with told_plainly():
        settings = read_settings(config)
        tree = (
            Tree.grow(importing.load(settings.community).nodes, (), ()) if settings.community else Tree.grow((), (), ())
        )
        understanding = Understanding(tree, settings.bot_name, settings.zone, now)
        with _source(script) as lines:
            for _, text in lines:
                _write(understanding.read(text))


@contextmanager
def _source(script: Path | None) -> Iterator[Iterator[tuple[int, str]]]:
    if script is None or str(script) == "-":
        yield pipe.numbered(sys.stdin)
    else:
        with script.open(encoding="utf-8") as file:
            yield pipe.numbered(file)


def _write(value: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


backup_commands.register(cli)


def main() -> None:
    """Runs the command that was typed. Typer would take over what is said of a crash; its command does not."""
    logs.configure()
    typer.main.get_command(cli)()


if __name__ == "__main__":
    main()
