"""The examples of how to run the program: what must hold of them, by their own linters where these are here."""

import configparser
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
UNITS = ("xiaoshan.service", "xiaoshan@.service")
SECRET = re.compile(r"(?im)^[^#\n]*(?:password|token|keys?)\w*\s*[:=]\s*['\"]?(?!/run/|\./|\[|secrets|$)[\w+/=]{6,}")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    return found


def test_compose_has_two_bots_alike_a_database_and_a_gateway(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert set(services) == {"postgres", "bot-a", "bot-b", "gateway"}
    assert services["bot-a"] == services["bot-b"]


def test_every_service_comes_back_by_itself(compose: dict[str, Any]) -> None:
    assert {each["restart"] for each in compose["services"].values()} == {"unless-stopped"}


def test_whether_a_bot_works_is_asked_of_ready_on_this_machine(compose: dict[str, Any]) -> None:
    asked = " ".join(compose["services"]["bot-a"]["healthcheck"]["test"])
    assert "http://127.0.0.1:8082/ready" in asked
    assert compose["services"]["bot-a"]["depends_on"]["postgres"]["condition"] == "service_healthy"
    assert compose["services"]["postgres"]["healthcheck"]["test"]


def test_a_bot_may_do_little(compose: dict[str, Any]) -> None:
    bot = compose["services"]["bot-a"]
    assert bot["read_only"] is True
    assert bot["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in bot["security_opt"]
    assert "USER xiaoshan" in (DEPLOY / "Dockerfile").read_text(encoding="utf-8")


def test_no_port_is_open_to_other_machines(compose: dict[str, Any]) -> None:
    ports = [port for each in compose["services"].values() for port in each.get("ports", [])]
    assert [port for port in ports if not str(port).startswith("127.0.0.1:")] == []
    assert all(each.get("network_mode") != "host" for each in compose["services"].values())


def test_a_bot_that_is_stopped_has_time_to_finish(compose: dict[str, Any]) -> None:
    assert compose["services"]["bot-a"]["stop_grace_period"] == "30s"


def test_volumes_and_secrets_that_are_used_are_there(compose: dict[str, Any]) -> None:
    services = compose["services"].values()
    mounted = [str(volume).partition(":")[0] for each in services for volume in each.get("volumes", [])]
    assert {name for name in mounted if not name.startswith(".")} == set(compose["volumes"])
    assert {name for each in services for name in each.get("secrets", [])} == set(compose["secrets"])


@pytest.mark.parametrize("name", ["compose.yaml", "Dockerfile", *UNITS])
def test_no_secret_is_written_into_an_example(name: str) -> None:
    assert SECRET.findall((DEPLOY / name).read_text(encoding="utf-8")) == []


def test_the_image_has_all_that_the_program_imports() -> None:
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    for folder in ("bot", "handlers", "community", "storage", "examples"):
        assert f"COPY {folder} ./{folder}" in text
    assert "--require-hashes" in text


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_restarts_finishes_and_may_do_little(name: str) -> None:
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(DEPLOY / name, encoding="utf-8")
    service = unit["Service"]
    assert service["Restart"] == "always"
    assert service["KillSignal"] == "SIGTERM"
    assert service["EnvironmentFile"].startswith("/etc/")
    assert service["User"] != "root"
    assert (service["ProtectSystem"], service["NoNewPrivileges"]) == ("strict", "true")
    assert "Environment" not in service


@pytest.mark.parametrize("name", UNITS)
def test_systemd_takes_a_unit(name: str, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    text = (DEPLOY / name).read_text(encoding="utf-8")
    copy = tmp_path / name
    copy.write_text(text.replace("/opt/xiaoshan/.venv/bin/python", sys.executable), encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(copy)], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_docker_takes_the_compose_file() -> None:
    if shutil.which("docker") is None:
        pytest.skip("docker is not installed")
    if subprocess.run(["docker", "compose", "version"], capture_output=True).returncode:
        pytest.skip("docker has no compose here")
    done = subprocess.run(
        ["docker", "compose", "-f", str(DEPLOY / "compose.yaml"), "config", "--no-env-resolution", "-q"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
