"""What is known of one person: all of it in a file, corrected, and forgotten; and that no column is left out."""

import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import JSON, Enum, String, Text, func, select
from typer.testing import CliRunner

from bot.__main__ import cli
from bot.channels import pipe
from bot.delivery import Ledger
from bot.desk import Desk
from bot.jobs import JOBS
from bot.photos import Photos
from bot.simulate import Simulation
from community import Community
from community.privacy.requests import Forgotten, StillOpen
from community.refused import Refused
from community.rules import Rules
from storage.database import Database
from storage.personal import PERSONAL
from storage.sealing import Sealed, SealedJson
from storage.tables import audit, grievances, hours, inbox, metadata, outbox, people, photos
from tests.dialogue import picture
from tests.keys import LINE

START = datetime(2026, 12, 1, 1, tzinfo=UTC)
PERSON, NEIGHBOUR, STRANGER = "resident-3-501", "resident-1-201", "wxid_stranger"
GROUP = "天天向善"
SECRETS = ("紫藤花架", "13800138000", "2单元501", "青花瓷瓶", "量子收音机", "腰椎间盘", "赵晓梅")
"""What this person says and is called, by which it is found wherever it is."""

NOT_PERSONAL = {
    "accounts": {"channel", "account"},
    "announcements": {"kind"},
    "audit": {"deed", "field", "previous", "digest"},
    "booking_events": {"step"},
    "bookings": {"group_external_id", "stage"},
    "certificates": {"number", "lines"},
    "chains": {"channel", "group_external_id", "topic"},
    "event_groups": {"channel", "group_external_id"},
    "event_series": {"id", "name", "place", "words", "on_holiday", "stalls", "bring"},
    "events": {"name", "place", "bring", "code", "stage"},
    "grievance_events": {"step"},
    "grievances": {"category", "group_external_id"},
    "groups": {"channel", "external_id", "name"},
    "hours": {"kind", "what"},
    "leases": {"name", "holder"},
    "members": {"id"},
    "nodes": {"id", "name", "aliases"},
    "outbox": {"channel", "account", "group_external_id", "fallback_group", "photos", "error", "claimed_by"},
    "phone_list": {"reason"},
    "processes": {"id"},
    "quiz_bank": {"topic", "words", "options"},
    "quiz_prizes": {"prize"},
    "quiz_questions": {"words", "options"},
    "quizzes": {"topic", "channel", "group_external_id", "prize", "stage"},
    "receptions": {"bring", "stage"},
    "rotas": {"words", "on_holiday", "bring"},
    "secrets": {"name", "value"},
    "sends": {"channel", "account"},
    "services": {"id", "name", "skill"},
    "sign_up_events": {"step"},
    "sign_ups": {"group_external_id", "stage"},
    "stalls": {"name", "skill"},
    "stations": {"id", "name", "address", "hours"},
    "task_events": {"step"},
    "tasks": {"what", "skill", "group_external_id", "stage"},
    "teams": {"id", "name", "channel", "group_external_id"},
    "units": {"id", "name"},
    "versions": {"name"},
    "wish_events": {"step"},
    "wishes": {"category", "unit", "thing", "group_external_id", "claimed_for", "stage"},
}
"""Words that are ours, the community's, or what a whole group has read without a name."""

LINES = (
    f'{{"from": "{PERSON}", "text": "反映 3号楼2单元501门口的紫藤花架倒了,电话13800138000"}}',
    f'{{"from": "{PERSON}", "text": "补充 0001 青花瓷瓶也碎了"}}',
    f'{{"from": "{PERSON}", "image": "PICTURE"}}',
    '{"from": "gridhead-1", "text": "接 0001"}',
    '{"from": "gridhead-1", "text": "问 0001 紫藤花架几点能修"}',
    f'{{"from": "{PERSON}", "text": "青花瓷瓶收好再来,2单元501"}}',
    '{"from": "gridhead-1", "text": "办结0001 紫藤花架扶好了"}',
    f'{{"from": "{PERSON}", "text": "解决了"}}',
    f'{{"from": "{PERSON}", "text": "满意"}}',
    f'{{"from": "{PERSON}", "text": "许个愿 想要一台量子收音机"}}',
    '{"from": "worker", "text": "退回 W01 量子收音机不合适"}',
    f'{{"from": "{PERSON}", "text": "点单 上门理发 明天上午"}}',
    f'{{"from": "{PERSON}", "text": "2单元501,13800138000"}}',
    f'{{"from": "{PERSON}", "text": "我要当志愿者"}}',
    f'{{"from": "{PERSON}", "text": "赵晓梅"}}',
    f'{{"from": "{PERSON}", "text": "理发"}}',
    f'{{"from": "{PERSON}", "text": "周末"}}',
    f'{{"from": "{PERSON}", "text": "取消T001"}}',
    f'{{"from": "{PERSON}", "group": "{GROUP}", "name": "赵晓梅", "text": "@小善 反映 我腰椎间盘突出,3号楼上不去"}}',
    f'{{"from": "{PERSON}", "text": "撤回 0002"}}',
)


async def lived(database: Database, folder: Path) -> None:
    """The person has told, asked for and given a good deal."""
    (folder / "picture.jpg").write_bytes(picture())
    desk = Desk(database, Rules(), {pipe.NAME: pipe.NAME}, JOBS)
    simulation = Simulation(desk, Photos(folder / "photos"), Ledger(pipe.NAME, pipe.NAME, None), lambda _: None)
    for number, line in enumerate(LINES):
        words = line.replace("PICTURE", str(folder / "picture.jpg"))
        at = (START + timedelta(seconds=20 * number)).isoformat()
        await simulation.play(pipe.parse(words[:-1] + f', "at": "{at}"}}'), number)


@contextmanager
def opened(database: Database) -> Iterator[Community]:
    desk = Desk(database, Rules(), {pipe.NAME: pipe.NAME}, ())
    with desk.transaction() as (_, community):
        yield community


def dump(database: Database) -> str:
    """Everything in all tables but the audit log, opened."""
    with database.begin() as store:
        tables = [table for table in metadata.sorted_tables if table is not audit]
        return "\n".join(str(tuple(row)) for table in tables for row in store.connection.execute(select(table)))


def end_what_is_open(database: Database) -> None:
    """What a person cannot end by themselves in these lines is ended by the grid head."""
    with opened(database) as community:
        for each in community.requests.going_on(PERSON):
            raise AssertionError(f"still open: {each}")


def test_every_column_that_may_be_personal_is_decided_upon() -> None:
    decided = {each.table.name: {*each.owners, *each.named, *each.blank} for each in PERSONAL}
    removed = {each.table.name for each in PERSONAL if each.removed}
    for table in metadata.sorted_tables:
        for column in table.columns:
            names_people = any(key.column.table is people for key in column.foreign_keys)
            is_words = isinstance(column.type, String | Text | JSON | Sealed | SealedJson)
            if table.name in removed or isinstance(column.type, Enum) or not (names_people or is_words):
                continue
            if column.foreign_keys and not names_people:
                continue
            known = decided.get(table.name, set()) | (
                NOT_PERSONAL.get(table.name, set()) if not names_people else set()
            )
            assert column.name in known, f"{table.name}.{column.name}: say in storage/personal.py what becomes of it"


def test_every_table_with_people_in_it_is_known() -> None:
    known = {each.table.name for each in PERSONAL}
    found = {
        table.name
        for table in metadata.sorted_tables
        if any(key.column.table is people for column in table.columns for key in column.foreign_keys)
    }
    assert found <= known


async def test_all_of_it_is_in_the_file(sqlite_database: Database, tmp_path: Path) -> None:
    await lived(sqlite_database, tmp_path)
    with opened(sqlite_database) as community:
        found = community.requests.export(PERSON, "cli:test", START)
    said = json.dumps(found.tables, ensure_ascii=False, default=str)
    assert [secret for secret in SECRETS if secret not in said] == []
    assert {
        "people",
        "addresses",
        "grievances",
        "grievance_events",
        "inbox",
        "outbox",
        "wishes",
        "tasks",
        "volunteers",
    } <= {*found.tables}
    assert len(found.photos) == 1
    with sqlite_database.begin() as store:
        assert store.connection.execute(select(func.count()).where(audit.c.deed == "export")).scalar_one() == 1


async def test_others_are_nameless_in_it(sqlite_database: Database, tmp_path: Path) -> None:
    await lived(sqlite_database, tmp_path)
    with opened(sqlite_database) as community:
        found = community.requests.export("gridhead-1", "cli:test", START)
    said = json.dumps(
        {name: rows for name, rows in found.tables.items() if name not in ("inbox", "outbox")}, default=str
    )
    assert PERSON not in said
    assert "words" not in found.tables["grievances"][0]


async def test_forgotten_everywhere_and_figures_stay(database: Database, tmp_path: Path) -> None:
    await lived(database, tmp_path)
    end_what_is_open(database)
    with database.begin() as store:
        count = store.connection.execute(select(func.count()).select_from(grievances)).scalar_one()
        states = store.connection.execute(select(grievances.c.state, grievances.c.satisfaction)).all()
        sums = store.connection.execute(select(func.sum(hours.c.minutes))).scalar_one()
        sent = store.connection.execute(select(func.count()).where(outbox.c.sent_at.is_not(None))).scalar_one()
        gone = store.connection.execute(select(photos.c.digest)).scalars().all()
    with opened(database) as community:
        outcome = community.requests.delete(PERSON, "cli:test", START + timedelta(hours=1))
    assert isinstance(outcome, Forgotten)
    assert list(outcome.photos) == list(gone)
    left = dump(database)
    assert [secret for secret in (*SECRETS, PERSON) if secret in left] == []
    with database.begin() as store:
        run = store.connection.execute
        assert run(select(func.count()).select_from(grievances)).scalar_one() == count
        assert run(select(grievances.c.state, grievances.c.satisfaction)).all() == states
        assert run(select(func.sum(hours.c.minutes))).scalar_one() == sums
        assert run(select(func.count()).where(outbox.c.sent_at.is_not(None))).scalar_one() == sent
        assert run(select(grievances.c.resident_id).distinct()).scalars().all() == [outcome.alias]
        assert run(select(func.count()).where(inbox.c.sender == PERSON)).scalar_one() == 0
    with pytest.raises(Refused), opened(database) as community:
        community.requests.delete(outcome.alias, "cli:test", START)


async def test_who_comes_back_is_somebody_new(sqlite_database: Database, tmp_path: Path) -> None:
    await lived(sqlite_database, tmp_path)
    with opened(sqlite_database) as community:
        assert isinstance(community.requests.delete(PERSON, "cli:test", START), Forgotten)
    with opened(sqlite_database) as community:
        newcomer = community.people.meet(pipe.NAME, PERSON, "新名字", START)
        assert (newcomer.name, newcomer.node_id) == ("新名字", None)


async def test_staff_and_open_cases_are_refused_with_a_list(sqlite_database: Database, tmp_path: Path) -> None:
    await lived(sqlite_database, tmp_path)
    with opened(sqlite_database) as community:
        kept = community.requests.delete("gridhead-1", "cli:test", START)
    assert isinstance(kept, StillOpen)
    assert {each.kind for each in kept.affairs} >= {"role"}
    desk = Desk(sqlite_database, Rules(), {pipe.NAME: pipe.NAME}, ())
    simulation = Simulation(desk, Photos(tmp_path / "photos"), Ledger(pipe.NAME, pipe.NAME, None), lambda _: None)
    line = f'{{"from": "{PERSON}", "text": "反映 3号楼电梯坏了", "at": "2026-12-02T09:00:00+08:00"}}'
    await simulation.play(pipe.parse(line), 99)
    with opened(sqlite_database) as community:
        kept = community.requests.delete(PERSON, "cli:test", START)
    assert isinstance(kept, StillOpen)
    assert [(each.kind, each.id) for each in kept.affairs] == [("grievance", "3")]


async def test_the_command_line(sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XIAOSHAN_KEYS", LINE)
    await lived(sqlite_database, tmp_path)
    settings, target = tmp_path / "config.yaml", tmp_path / "all.zip"
    settings.write_text(f"database: sqlite:///{sqlite_database.file}\ndata: {tmp_path}\nchannels:\n  chat_room: {{}}\n")
    run, where = CliRunner(), ["--config", str(settings)]
    assert run.invoke(cli, ["person", "export", "nobody", "-o", str(target), *where]).exit_code == 1
    written = run.invoke(cli, ["person", "export", PERSON, "-o", str(target), *where])
    assert written.exit_code == 0, written.output
    assert target.stat().st_mode & 0o077 == 0
    with zipfile.ZipFile(io.BytesIO(target.read_bytes())) as archive:
        names = archive.namelist()
        assert names[0] == "person.json"
        assert len(names) == 2
        assert "紫藤花架" in archive.read("person.json").decode()
    assert run.invoke(cli, ["person", "correct", PERSON, *where]).exit_code == 1
    assert run.invoke(cli, ["person", "correct", PERSON, "--home", "nowhere", *where]).exit_code == 1
    assert run.invoke(cli, ["person", "correct", PERSON, "--address", "wechaty", *where]).exit_code == 1
    assert run.invoke(cli, ["person", "correct", PERSON, "--address", "wechaty=x", *where]).exit_code == 1
    assert run.invoke(cli, ["person", "correct", PERSON, "--name", "赵小梅", *where]).exit_code == 0
    assert run.invoke(cli, ["person", "correct", PERSON, "--address", "pipe=zhao", *where]).exit_code == 0
    with sqlite_database.begin() as store:
        assert store.connection.execute(select(people.c.name).where(people.c.id == PERSON)).scalar_one() == "赵小梅"
    refused = run.invoke(cli, ["person", "delete", "gridhead-1", *where])
    assert refused.exit_code == 1
    assert "网格长" in refused.output
    deleted = run.invoke(cli, ["person", "delete", PERSON, *where])
    assert deleted.exit_code == 0, deleted.output
    assert "30" in deleted.output
    assert list((tmp_path / "photos").rglob("*.jpg")) == []
    assert run.invoke(cli, ["audit", "show", "--subject", f"person:{PERSON}", *where]).output.count("cli:") == 4
    assert run.invoke(cli, ["person", "requests", *where]).exit_code == 0
