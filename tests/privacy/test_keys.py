"""The keys that seal: where they come from, what is refused, and how they are changed, also when that breaks off."""

import base64
import multiprocessing
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, text
from typer.testing import CliRunner, Result

import tests.faults.load  # noqa: F401  # whose fork server has imported the program already
from bot import keys as bot_keys
from bot.__main__ import cli
from bot.config import Settings
from bot.keys import KeysRefused, check_keys, held, keys_of, read_file, write_file
from storage import inbox, resealing, secrets
from storage.database import Database
from storage.inbox import Letter
from storage.sealing import CannotOpen, Keys, KeysUnreadable, new_key
from tests.keys import KEYS, LINE

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
KEY = LINE.partition(":")[2]
ROWS, AT_ONCE = 23, 5
LETTER = Letter(
    channel="pipe",
    account="pipe",
    external_id="m",
    kind="text",
    group=None,
    group_name="",
    sender="resident-3-501",
    sender_name="赵",
    text="我家电话13812345678",
    mentions_bot=False,
    photos=(),
    photo_problem=None,
    sent_at=NOW,
    received_at=NOW,
)

_processes = multiprocessing.get_context("forkserver")


# --- what is no key -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["keys"],
        [":"],
        [f":{KEY}"],
        [f"A:{KEY}"],
        [f"tests {KEY}"],
        ["tests:"],
        ["tests:c2hvcnQ="],
        [f"tests:{KEY}{KEY}"],
        [f"tests:{KEY[:-2]}"],
        [f"tests:{KEY}", f"tests:{KEY}"],
        [f"tests:{KEY}", "and a word"],
    ],
)
def test_what_is_no_key_is_refused_and_not_quoted(lines: list[str], tmp_path: Path) -> None:
    with pytest.raises(KeysUnreadable) as caught:
        Keys.read(lines)
    file = tmp_path / "xiaoshan.keys"
    write_file(file, lines)
    with pytest.raises(KeysRefused) as told:
        read_file(file)
    for each in (str(caught.value), str(told.value)):
        assert KEY[:12] not in each
        assert "c2hvcnQ=" not in each
    assert str(file) in str(told.value)


@pytest.mark.parametrize("content", ["tests:密钥\n".encode(), b"\xff\xfe\x00", b"\0" * 4096])
def test_a_key_file_that_is_something_else(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "xiaoshan.keys"
    file.write_bytes(content)
    file.chmod(0o600)
    with pytest.raises(KeysRefused):
        read_file(file)
    assert file.read_bytes() == content


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_key_file_that_others_can_read_is_refused(mode: int, tmp_path: Path) -> None:
    file = tmp_path / "xiaoshan.keys"
    write_file(file, [LINE])
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(mode)
    with pytest.raises(KeysRefused, match="chmod 600"):
        read_file(file)


def test_a_folder_in_the_place_of_the_key_file(tmp_path: Path) -> None:
    (tmp_path / "xiaoshan.keys").mkdir(mode=0o700)
    with pytest.raises(KeysRefused, match="IsADirectoryError"):
        read_file(tmp_path / "xiaoshan.keys")


def test_sealed_texts_open_only_where_they_were_and_unchanged() -> None:
    sealed = KEYS.seal("电话13812345678", "inbox.text")
    assert KEYS.open(sealed, "inbox.text") == "电话13812345678"
    assert sealed != KEYS.seal("电话13812345678", "inbox.text")
    name, box = sealed[1:].split("~")
    raw = base64.b64decode(box)
    changed = [base64.b64encode(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]).decode() for at in range(len(raw))]
    bad = [
        "",
        "~",
        "电话",
        box,
        f"~{name}~",
        f"~other~{box}",
        f"~{name}~{box}x",
        f"~{name}~AAAA",
        f"~{name}~{box[:-1]}",
    ]
    for each in [*bad, *(f"~{name}~{box}" for box in changed)]:
        with pytest.raises(CannotOpen) as caught:
            KEYS.open(each, "inbox.text")
        assert "138" not in str(caught.value)
    with pytest.raises(CannotOpen):
        KEYS.open(sealed, "outbox.text")
    assert "ciphers" not in repr(KEYS)


@pytest.mark.parametrize("words", ["\ud83d", "\0", "~tests~AAAA", "长" * 100_000])
def test_odd_texts_are_sealed_too(words: str) -> None:
    assert KEYS.open(KEYS.seal(words, "x"), "x") == words


# --- keys and databases ---------------------------------------------------------------------------------------


class Place:
    """A community's folder with its settings, its key file and its database, and the commands that one can type."""

    def __init__(self, folder: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.url, self.folder = url, folder
        self.file = folder / "xiaoshan.keys"
        self.config = folder / "config.yaml"
        self.config.write_text(f"database: {url}\ndata: {folder / 'data'}\n", encoding="utf-8")
        self.settings = Settings(database=url, data=folder / "data")
        self._monkeypatch = monkeypatch
        monkeypatch.delenv("XIAOSHAN_KEYS", raising=False)

    def type(self, *command: str, variable: str | None = None) -> Result:
        """Runs a command, with keys in the environment where some are given."""
        if variable is not None:
            self._monkeypatch.setenv("XIAOSHAN_KEYS", variable)
        result = CliRunner().invoke(cli, [*command, "--config", str(self.config)])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert KEY not in result.output
        return result

    def opened(self) -> Mapping[str, int]:
        """What is sealed with which key of the file. Everything can be opened."""
        keys = read_file(self.file)
        with closing(Database(self.url, keys)) as database:
            found = resealing.tally(database, keys)
            assert not found.unopened
            with database.begin() as store:
                check_keys(store)
        return +found.by_key


@pytest.fixture
def place(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A community that has some letters; its keys are those of the tests, in a file."""
    write_file(tmp_path / "xiaoshan.keys", [LINE])
    with database.begin() as store:
        check_keys(store)
        for number in range(ROWS):
            inbox.add_handled(store, replace(LETTER, external_id=f"m{number}"), NOW)
    database.close()
    return Place(tmp_path, database.url.render_as_string(hide_password=False), monkeypatch)


def test_a_sealed_database_without_its_keys_is_not_given_new_ones(place: Place) -> None:
    place.file.unlink()
    for command in (["run"], ["keys", "check"], ["keys", "rotate"], ["migrate"], ["invite", "worker-1"]):
        result = place.type(*command)
        assert result.exit_code == 1
        assert "找不到密钥文件" in result.output
    assert not place.file.exists()


def test_wrong_keys_are_refused_in_plain_words(place: Place) -> None:
    write_file(place.file, [new_key()])
    for command in (["run"], ["keys", "check"], ["keys", "rotate"], ["migrate"], ["invite", "worker-1"]):
        result = place.type(*command)
        assert result.exit_code == 1
        assert "密钥不对" in result.output
    write_file(place.file, [LINE])
    assert place.type("keys", "check").exit_code == 0


@pytest.mark.parametrize(
    ("variable", "problem"), [("geheim", "第 1 个"), (f"{LINE},{LINE}", "第 2 个"), (",", "第 1 个")]
)
def test_a_variable_that_holds_no_keys(
    variable: str, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(tmp_path, f"sqlite:///{tmp_path}/x.db", monkeypatch)
    result = place.type("keys", "check", variable=variable)
    assert result.exit_code == 1
    assert f"XIAOSHAN_KEYS: {problem}" in result.output
    assert "geheim" not in result.output


@pytest.mark.parametrize("variable", ["", "  "])
def test_an_empty_variable_is_none(variable: str, place: Place) -> None:
    result = place.type("keys", "check", variable=variable)
    assert result.exit_code == 0
    assert f"tests: {2 * ROWS + 1} ← 最新" in result.output


def _start(folder: Path, together: Barrier) -> None:
    os.environ.pop("XIAOSHAN_KEYS", None)  # the fork server may have it
    together.wait()
    keys_of(Settings(database=f"sqlite:///{folder}/x.db", data=folder / "data"))


def test_first_starts_at_once_agree_on_one_key(tmp_path: Path) -> None:
    together = _processes.Barrier(3)
    starts = [_processes.Process(target=_start, args=(tmp_path, together)) for _ in range(3)]
    for each in starts:
        each.start()
    for each in starts:
        each.join(60)
    assert [each.exitcode for each in starts] == [0, 0, 0]
    (file,) = tmp_path.glob("xiaoshan.keys*")
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(read_file(file).ciphers) == 1


# --- another key ----------------------------------------------------------------------------------------------


def test_another_key(place: Place) -> None:
    assert place.type("keys", "rotate").exit_code == 0
    (name,) = read_file(place.file).ciphers
    assert name != "tests"
    assert place.opened() == {name: 2 * ROWS + 1}
    retired = place.file.with_name("xiaoshan.keys.old")
    assert list(read_file(retired).ciphers) == ["tests"]
    checked = place.type("keys", "check")
    assert f"{name}: {2 * ROWS + 1} ← 最新" in checked.output

    assert place.type("keys", "rotate").exit_code == 0
    assert list(read_file(retired).ciphers) == [name, "tests"]
    assert place.file.read_text() not in place.type("keys", "check").output


def test_nothing_of_the_old_key_s_work_is_left_in_the_file(
    sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sqlite_database.begin() as store:
        check_keys(store)
    sqlite_database.close()
    write_file(tmp_path / "xiaoshan.keys", [LINE])
    place = Place(tmp_path, f"sqlite:///{sqlite_database.file}", monkeypatch)
    assert b"~tests~" in (tmp_path / "xingfu.db").read_bytes()
    assert place.type("keys", "rotate").exit_code == 0
    assert b"~tests~" not in b"".join(file.read_bytes() for file in tmp_path.glob("xingfu.db*"))


def test_keys_of_the_environment(place: Place) -> None:
    place.file.unlink()
    alone = place.type("keys", "rotate", variable=LINE)
    assert alone.exit_code == 1
    assert "XIAOSHAN_KEYS=新,旧" in alone.output
    fresh = new_key()
    both = place.type("keys", "rotate", variable=f"{fresh},{LINE}")
    assert both.exit_code == 0
    assert "现在可以从 XIAOSHAN_KEYS 里去掉旧密钥" in both.output
    assert fresh.partition(":")[2] not in both.output
    assert place.type("keys", "check", variable=fresh).exit_code == 0
    assert place.type("keys", "check", variable=LINE).exit_code == 1
    assert not place.file.exists()


def test_a_new_key_is_one() -> None:
    result = CliRunner().invoke(cli, ["keys", "new"])
    assert len(Keys.read(result.output.split()).ciphers) == 1


def test_what_cannot_be_opened_is_named_and_keeps_nothing_else_from_the_new_key(place: Place) -> None:
    with closing(Database(place.url, KEYS)) as database, database.begin() as store:
        store.connection.execute(text("UPDATE inbox SET text = '~tests~AAAA' WHERE external_id = 'm7'"))
        store.connection.execute(text("UPDATE inbox SET text = 'by hand' WHERE external_id = 'm8'"))
    result = place.type("keys", "rotate")
    assert result.exit_code == 0
    assert "打不开 / cannot be opened: inbox.text: 2" in result.output
    (name,) = read_file(place.file).ciphers
    assert f"{name}: {2 * ROWS - 1} ← 最新" in result.output


def test_a_running_bot_keeps_its_keys(
    sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_file(tmp_path / "xiaoshan.keys", [LINE])
    place = Place(tmp_path, f"sqlite:///{sqlite_database.file}", monkeypatch)
    result = place.type("keys", "rotate")
    assert result.exit_code == 1
    assert "已有一个小善在用" in result.output
    assert place.file.read_text() == f"{LINE}\n"


@pytest.mark.postgresql
def test_running_processes_keep_their_keys(
    postgresql_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_file(tmp_path / "xiaoshan.keys", [LINE])
    with postgresql_database.begin() as store:
        store.connection.execute(text("INSERT INTO processes VALUES ('alive', now(), now())"))
    place = Place(tmp_path, postgresql_database.url.render_as_string(hide_password=False), monkeypatch)
    result = place.type("keys", "rotate")
    assert result.exit_code == 1
    assert "还有小善在运行" in result.output
    assert place.file.read_text() == f"{LINE}\n"


def test_messages_that_wait_for_the_database_keep_their_key(place: Place) -> None:
    waiting = place.settings.data / "spool" / "1.spool"
    waiting.parent.mkdir(parents=True)
    waiting.write_text(KEYS.seal("{}", "spool"))
    result = place.type("keys", "rotate")
    assert result.exit_code == 1
    assert "还有消息没存进数据库" in result.output
    assert place.file.read_text() == f"{LINE}\n"


def test_two_changes_at_once(place: Place) -> None:
    with held(place.file):
        result = place.type("keys", "rotate")
    assert result.exit_code == 1
    assert "正在换密钥" in result.output
    assert place.file.read_text() == f"{LINE}\n"


def _rotate_until_killed(config: Path, commits: int) -> None:
    """Changes the keys, a few rows at a time; dies of kill -9 just before it commits so many times and once more."""
    os.environ.pop("XIAOSHAN_KEYS", None)
    resealing.AT_ONCE = AT_ONCE
    left = commits

    def count(_connection: object) -> None:
        nonlocal left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1

    event.listen(Engine, "commit", count)
    cli(["keys", "rotate", "--config", str(config)])


def test_a_change_that_is_killed_again_and_again_loses_nothing(place: Place) -> None:
    names, deaths = set(), 0
    for commits in _patience():
        process = _processes.Process(target=_rotate_until_killed, args=(place.config, commits))
        process.start()
        process.join(60)
        (newest, *_) = names_now = list(read_file(place.file).ciphers)
        names |= set(names_now)
        counts = place.opened()
        assert sum(counts.values()) == 2 * ROWS + 1
        if process.exitcode != -signal.SIGKILL:
            assert process.exitcode == 0
            assert counts == {newest: 2 * ROWS + 1}
            break
        deaths += 1
    assert deaths > 3
    assert len(names) == 2, "a change that was broken off is finished, not begun anew"


def _patience() -> Iterator[int]:
    """How many commits a life may have: 6 are the beginning, the first table has 5 of its own."""
    yield from (3, 6, 7, 9) if os.environ.get("XIAOSHAN_LONG") != "1" else range(40)
    yield 1000


def test_a_change_that_ended_while_the_old_key_was_put_away(place: Place) -> None:
    write_file(place.file, [new_key(), LINE])
    write_file(place.file.with_name("xiaoshan.keys.old"), [LINE])
    assert place.type("keys", "rotate").exit_code == 0
    assert len(place.opened()) == 1
    assert list(read_file(place.file.with_name("xiaoshan.keys.old")).ciphers) == ["tests"]


def test_the_sign_of_the_keys_is_itself_sealed(database: Database) -> None:
    with database.begin() as store:
        check_keys(store)
        assert secrets.find(store, "check") == "xiaoshan"
        stored = store.connection.execute(text("SELECT value FROM secrets WHERE name = 'check'")).scalar_one()
    assert bot_keys.VARIABLE == "XIAOSHAN_KEYS"
    assert stored.startswith("~tests~")
