"""The alert rules and the dashboard speak of metrics that there are, with labels that they have."""

import json
import re
import shutil
import subprocess
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from bot.counts import Counts
from bot.metrics import Figures, Metrics, Moment
from storage.tables import Urgency
from storage.vitals import Waiting

NOON = datetime(2026, 12, 1, 4, tzinfo=UTC)
DEPLOY = Path(__file__).parents[1] / "deploy"
RULES, DASHBOARD = DEPLOY / "alerts.yaml", DEPLOY / "grafana.json"
_NAME = re.compile(r"\b(?:xiaoshan|process)_[a-z_]+\b")
_CHOICE = re.compile(r"\b((?:xiaoshan|process)_[a-z_]+)\{([^}]*)\}")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_OF_SCRAPE = {"job", "instance"}
"""Labels that Prometheus itself gives."""


def everything() -> dict[str, set[str]]:
    """Every sample that can be exported, with its labels."""
    counts = Counts()
    counts.sends["wechaty", "sent"] += 1
    figures = Figures(
        NOON,
        waiting=(Waiting("wechaty", Urgency.ANSWER, 2, NOON),),
        cases={"reported": 3},
        paused=frozenset({("wechaty", "wechaty")}),
        left={("wechaty", "wechaty", "day"): 1},
    )
    moment = Moment(NOON, 1, 2, True, {"wechaty": True}, {"wechaty": 0.0}, {"wechaty": True}, figures)
    exported: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(Metrics(counts, lambda: moment).text().decode()):
        for sample in family.samples:
            exported.setdefault(sample.name, set()).update(sample.labels)
    return exported


EXPORTED = everything()


def rules() -> list[dict[str, Any]]:
    content = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    return [rule for group in content["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    return found


def expressions() -> list[tuple[str, str]]:
    asked = [(rule["alert"], rule["expr"]) for rule in rules()]
    return asked + [(panel["title"], target["expr"]) for panel in panels() for target in panel.get("targets", ())]


@pytest.mark.parametrize(("where", "expression"), expressions())
def test_what_is_asked_for_exists(where: str, expression: str) -> None:
    assert set(_NAME.findall(expression)) <= EXPORTED.keys()
    assert expression.count("(") == expression.count(")")
    for name, chosen in _CHOICE.findall(expression):
        labels = set(re.findall(r"(\w+)\s*(?:=~|!=|!~|=)", chosen))
        assert labels <= EXPORTED[name] | _OF_SCRAPE
    for grouping in re.findall(r"\bby \(([^)]*)\)", expression):
        known = set().union(*(EXPORTED[name] for name in _NAME.findall(expression)))
        assert {label.strip() for label in grouping.split(",")} <= known | _OF_SCRAPE


def test_there_is_an_alert_for_each_thing_that_must_not_go_unseen() -> None:
    asked = " ".join(rule["expr"] for rule in rules())
    for name in (
        "channel_connected",
        "outbox_oldest_seconds",
        "messages_parked",
        "spool_length",
        "database_unavailable_total",
        "last_backup_timestamp_seconds",
        "account_paused",
        "messages_handled_total",
        "undelivered",
        "lease_held",
    ):
        assert f"xiaoshan_{name}" in asked
    assert "process_resident_memory_bytes" in asked


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_every_alert_says_what_to_do(rule: dict[str, Any]) -> None:
    assert rule.keys() <= {"alert", "expr", "for", "labels", "annotations"}
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert all(_CHINESE.search(rule["annotations"][words]) for words in ("summary", "description"))
    named = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))
    assert named <= set().union(*(EXPORTED[name] for name in _NAME.findall(rule["expr"])), _OF_SCRAPE)


def test_alerts_have_names_of_their_own() -> None:
    names = [rule["alert"] for rule in rules()]
    assert len(names) == len(set(names))


def test_every_metric_of_ours_can_be_seen_on_the_dashboard() -> None:
    shown = {name for _, expression in expressions() for name in _NAME.findall(expression)}
    ours = {re.sub(r"_(bucket|sum|count)$", "", name) for name in EXPORTED if name.startswith("xiaoshan_")}
    assert ours <= {re.sub(r"_(bucket|sum|count)$", "", name) for name in shown}


def test_the_dashboard_is_one_that_grafana_loads() -> None:
    board = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    assert board["title"] == "小善"
    assert isinstance(board["schemaVersion"], int)
    assert board["templating"]["list"][0]["type"] == "datasource"
    assert board["time"] == {"from": "now-24h", "to": "now"}
    identities = [panel["id"] for panel in board["panels"]]
    assert len(identities) == len(set(identities))
    for panel in board["panels"]:
        assert panel["type"] in ("row", "stat", "timeseries")
        assert _CHINESE.search(panel["title"])
        for target in panel.get("targets", ()):
            assert target["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    places = [panel["gridPos"] for panel in board["panels"]]
    assert all(place["x"] + place["w"] <= 24 for place in places)
    assert not any(_overlap(first, second) for first, second in combinations(places, 2))


def _overlap(first: dict[str, int], second: dict[str, int]) -> bool:
    beside = first["x"] >= second["x"] + second["w"] or second["x"] >= first["x"] + first["w"]
    apart = first["y"] >= second["y"] + second["h"] or second["y"] >= first["y"] + first["h"]
    return not (beside or apart)


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed (Debian: prometheus)")
def test_prometheus_itself_takes_the_rules() -> None:
    checked = subprocess.run(
        ["promtool", "check", "rules", str(RULES)], capture_output=True, text=True, timeout=60, check=False
    )
    assert checked.returncode == 0, checked.stderr + checked.stdout
