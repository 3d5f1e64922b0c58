"""Secrets are said nowhere: not in logs, errors, settings or the list of processes; and nothing runs what it reads."""

import ast
import inspect
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from PIL import Image, PngImagePlugin
from pydantic import BaseModel

from bot import config
from bot.__main__ import cli
from bot.photos import Photos
from bot.web import is_loopback
from storage.sealing import new_key

ROOT = Path(__file__).parents[2]
CODE = ("bot", "handlers", "community", "storage", "tests", "bench", "examples")
KEY = new_key()
SECRETS = {
    "XIAOSHAN_KEYS": KEY,
    "XIAOSHAN_WECHATY_TOKEN": "geheimtoken4711",
    "XIAOSHAN_WEBHOOK_URL": "http://127.0.0.1:9/send?key=geheimkey4712",
    "XIAOSHAN_DATABASE": "postgresql://bot:geheimword4713@127.0.0.1:9/xiaoshan",
}
TRACES = (KEY.partition(":")[2], "geheimtoken4711", "geheimkey4712", "geheimword4713")
CHANNELS = "channels:\n  wechaty:\n    endpoint: 127.0.0.1:9\n  webhook:\n"


def environment(**changes: str) -> dict[str, str]:
    """What a started program gets: all secrets, unless said otherwise; an empty one is none."""
    return {name: value for name, value in (os.environ | SECRETS | changes).items() if value}


def start(folder: Path, *command: str, **changes: str) -> "subprocess.Popen[str]":
    """Starts the program with a gateway, a robot and a database that are not there."""
    file = folder / "config.yaml"
    file.write_text(f"data: {folder / 'data'}\n{CHANNELS}", encoding="utf-8")
    return subprocess.Popen(
        [sys.executable, "-m", "bot", *command, "--config", str(file)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
        env=environment(**changes),
    )


def said_by(process: "subprocess.Popen[str]") -> str:
    """All that it says until its end."""
    return process.communicate(timeout=60)[0]


@pytest.mark.parametrize(
    ("command", "changes"),
    [
        (["check"], {}),
        (["run"], {}),
        (["run"], {"XIAOSHAN_KEYS": f"{KEY}x", "XIAOSHAN_DATABASE": ""}),
        (
            ["run"],
            {
                "XIAOSHAN_WECHATY_TOKEN": "geheimtoken4711 with a blank",
                "XIAOSHAN_DATABASE": "mysql://bot:geheimword4713@127.0.0.1/x",
                "XIAOSHAN_WEBHOOK_URL": "geheimkey4712",
            },
        ),
    ],
)
def test_no_command_says_a_secret(command: list[str], changes: dict[str, str], tmp_path: Path) -> None:
    said = said_by(start(tmp_path, *command, **changes))
    assert said
    assert "Traceback" not in said
    assert [trace for trace in TRACES if trace in said] == []


def test_a_running_program_has_no_secret_in_its_log_or_among_the_processes(tmp_path: Path) -> None:
    """Its gateway is not there, and its token therefore on its way again and again."""
    process = start(tmp_path, "run", XIAOSHAN_DATABASE=f"sqlite:///{tmp_path}/x.db")
    assert process.stdout is not None
    first = next(line for line in process.stdout if '"event"' in line or "wechaty" in line)
    shown = Path(f"/proc/{process.pid}/cmdline").read_text(encoding="utf-8")
    process.terminate()
    said = first + said_by(process)
    assert [trace for trace in TRACES if trace in said + shown] == []
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert [path.name for path in files for trace in TRACES if trace.encode() in path.read_bytes()] == []


def test_no_argument_takes_a_secret() -> None:
    for name in _parameters(typer.main.get_command(cli)):
        assert not {"token", "password", "secret", "key", "keys", "url"} & set(name.lower().split("_")), name


def _parameters(command: object) -> Iterator[str]:
    for parameter in getattr(command, "params", []):
        yield parameter.name
    for each in getattr(command, "commands", {}).values():
        yield from _parameters(each)


def test_every_port_is_this_machine_s_own_unless_somebody_says_otherwise() -> None:
    sections = [
        each
        for _, each in inspect.getmembers(config, inspect.isclass)
        if issubclass(each, BaseModel) and {"host", "port"} <= each.model_fields.keys()
    ]
    assert len(sections) >= 2
    for each in sections:
        assert is_loopback(each.model_fields["host"].default), each


# --- what cameras and programs write into pictures --------------------------------------------------------------


def test_a_png_loses_its_texts(tmp_path: Path) -> None:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Comment", "GEHEIM shot at home")
    texts.add_itxt("Location", "GEHEIM +22.5431+114.0579/", zip=False)
    Image.new("RGB", (64, 48), "red").save(tmp_path / "sent.png", pnginfo=texts)
    photos = Photos(tmp_path / "photos")
    kept = photos.path(photos.keep((tmp_path / "sent.png").read_bytes())).read_bytes()
    assert b"GEHEIM" in (tmp_path / "sent.png").read_bytes()
    assert b"GEHEIM" not in kept
    assert b"Exif" not in kept


def test_a_jpeg_loses_place_thumbnail_and_comment(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010E] = "GEHEIM description"
    exif.get_ifd(0x8825)[29] = "GEHEIM gps"
    source = tmp_path / "sent.jpg"
    Image.new("RGB", (64, 48), "red").save(source, exif=exif, comment=b"GEHEIM comment", xmp=b"GEHEIM xmp")
    photos = Photos(tmp_path / "photos")
    kept = photos.path(photos.keep(source.read_bytes() + b"GEHEIM behind the picture")).read_bytes()
    assert b"GEHEIM" in source.read_bytes()
    assert b"GEHEIM" not in kept


# --- what must not be in the code -------------------------------------------------------------------------------

RUNS_TEXT = frozenset({"eval", "exec", "__import__"})
RUNS_A_SHELL = frozenset({"os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput"})
MODULES = frozenset({"pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle", "jsonpickle"})
UNSAFE_YAML = frozenset({"yaml.load", "yaml.load_all", "yaml.unsafe_load", "yaml.full_load", "yaml.unsafe_load_all"})


def test_nothing_of_ours_runs_what_it_reads() -> None:
    files = [file for folder in CODE for file in (ROOT / folder).rglob("*.py") if not _is_foreign(file)]
    assert len(files) > 300
    found = [f"{file}:{line}: {what}" for file in files for line, what in _dangers(file)]
    assert found == []


def _is_foreign(file: Path) -> bool:
    return any(part.startswith(".") or part == "node_modules" for part in file.relative_to(ROOT).parts)


def _dangers(file: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = {each.name for each in node.names} | {getattr(node, "module", None) or ""}
            for name in names & MODULES:
                yield node.lineno, name
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            keywords = {each.arg: ast.unparse(each.value) for each in node.keywords}
            if called in RUNS_TEXT | RUNS_A_SHELL or keywords.get("shell", "False") != "False":
                yield node.lineno, called
            loaders = [*map(ast.unparse, node.args[1:2]), keywords.get("Loader", "")]
            if called in UNSAFE_YAML and not any(each.endswith("SafeLoader") for each in loaders):
                yield node.lineno, called


def test_ruff_watches_over_security_and_complexity() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["ruff"]["lint"]
    assert "S" in settings["select"]
    assert [rule for rule in settings["ignore"] if rule.startswith("S")] == ["S101", "S311"]
    spared = [where for where, rules in settings["per-file-ignores"].items() if any(r.startswith("S") for r in rules)]
    assert sorted(spared) == ["bench/**", "tests/**"]
