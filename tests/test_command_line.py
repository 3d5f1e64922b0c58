"""`python -m bot …` as people type it: in a process of its own."""

import json
import os
import signal
import subprocess
import sys
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from bot.clock import now
from community.parts.working_calendar import unpublished_years

ROOT = Path(__file__).parents[1]
REPORT = {
    "at": "2026-12-01T09:00:00+08:00",
    "group": "天天向善",
    "from": "resident-3-501",
    "name": "居民甲",
    "text": "@小善 3号楼2单元电梯坏了,老人下不了楼",
    "mentions_bot": True,
    "id": "m1",
}


def bot(*arguments: str, feed: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bot", *arguments],
        input=feed,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | environment,
        timeout=60,
        check=False,
    )


def said(result: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    """What was said, but for the next market's draft to its leader."""
    assert result.returncode == 0, result.stderr
    heard = [json.loads(line) for line in result.stdout.splitlines()]
    return [each for each in heard if each.get("to") != "worker-2"]


def lines(*values: dict[str, Any]) -> str:
    return "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values)


def settings(folder: Path, more: str = "") -> Path:
    path = folder / "config.yaml"
    path.write_text(f"database: sqlite:///{folder}/x.db\ndata: {folder}\n{more}", encoding="utf-8")
    return path


def test_simulate_says_what_the_bot_sends_and_what_was_handled() -> None:
    heard = said(bot("simulate", feed=lines(REPORT, {"at": "2026-12-02T10:00:00+08:00"})))
    group, resident, head, *rest = [each for each in heard if "handled" in each or "0001" in each["text"]]
    assert group["group"] == "天天向善"
    assert group["to"] is None
    assert group["mentions"] == ["resident-3-501"]
    assert "0001" in group["text"]
    assert (resident["group"], resident["to"]) == (None, "resident-3-501")
    assert head["to"] == "gridhead-1"
    assert head["at"] == "2026-12-01T09:00:00+08:00"
    assert rest[0] == {"handled": 1}
    assert rest[1]["to"] == "gridhead-1"
    assert rest[1]["at"] == "2026-12-02T08:00:00+08:00"
    assert rest[-1] == {"handled": 2}


def test_simulate_keeps_its_state_and_knows_a_message_again(tmp_path: Path) -> None:
    database = str(tmp_path / "state.db")
    assert len(said(bot("simulate", "--db", database, feed=lines(REPORT)))) == 4
    again = said(bot("simulate", "--db", database, feed=lines(REPORT)))
    assert again == [{"handled": 1}]
    look_up = {"at": "2026-12-01T10:00:00+08:00", "from": "resident-3-501", "text": "查 0001"}
    assert "0001" in said(bot("simulate", "--db", database, feed=lines(look_up)))[0]["text"]


def test_simulate_at_an_account_s_pace() -> None:
    heard = [each for each in said(bot("simulate", "--paced", feed=lines(REPORT))) if "text" in each]
    moments = [datetime.fromisoformat(each["at"]) for each in heard]
    assert [later - earlier for earlier, later in pairwise(moments)] == [timedelta(seconds=3)] * 2


def test_simulate_says_which_line_is_wrong_and_goes_on(tmp_path: Path) -> None:
    wrong = ["not json\n", '{"at": "2026-12-01T09:00:00"}\n', '{"text": "谁说的"}\n', '{"at": 1, "colour": 2}\n']
    script = tmp_path / "script.jsonl"
    script.write_text("".join(wrong) + lines(REPORT), encoding="utf-8")
    result = bot("simulate", str(script))
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.returncode == 1
    assert [each["handled"] for each in answers if "error" in each] == [1, 2, 3, 4]
    assert answers[-1] == {"handled": 5}


def test_a_script_that_is_not_there() -> None:
    result = bot("simulate", "no-such-file.jsonl")
    assert result.returncode == 1
    assert "no-such-file.jsonl" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("channel: {}\n", "config.yaml:3: channel: "),
        ("photo_minutes: five\n", "config.yaml:3: photo_minutes: "),
        ("channels:\n  wechaty:\n    endpoint: 127.0.0.1:8788\n", "XIAOSHAN_WECHATY_TOKEN"),
    ],
)
def test_settings_that_are_wrong(tmp_path: Path, more: str, expected: str) -> None:
    for command in ("check", "run"):
        result = bot(command, "--config", str(settings(tmp_path, more)))
        assert result.returncode == 1
        assert expected in result.stderr
        assert "Traceback" not in result.stderr


def test_check_names_the_line_of_a_community_file(tmp_path: Path) -> None:
    community = tmp_path / "community.yaml"
    community.write_text("nodes:\n  - {id: a, level: county, name: A, parent: a}\n", encoding="utf-8")
    result = bot("check", "--config", str(settings(tmp_path, f"community: {community}\n")))
    assert result.returncode == 1
    assert "第 2 行" in result.stderr


def test_check_is_content_with_the_defaults() -> None:
    result = bot("check")
    assert result.returncode == 0
    assert "18 个节点,38 人,2 个群,3 个工作站,6 条值班,5 种活动,4 支队伍" in result.stdout


def test_check_says_which_years_have_no_official_calendar_yet() -> None:
    expected = [str(year) for year in unpublished_years(now().date())]
    said_years = [line[:4] for line in bot("check").stdout.splitlines() if "放假安排还没公布" in line]
    assert said_years == expected


def test_import_may_be_repeated(tmp_path: Path) -> None:
    config = str(settings(tmp_path))
    first = bot("import", "examples/xingfu/community.yaml", "--config", config)
    assert "新增人员 38" in first.stdout
    assert "没有变化" in bot("import", "examples/xingfu/community.yaml", "--config", config).stdout


def test_an_import_with_an_error_imports_nothing(tmp_path: Path) -> None:
    config = str(settings(tmp_path))
    community = tmp_path / "community.yaml"
    community.write_text("nodes:\n  - {id: a, level: county, name: A}\n  - {id: a, level: county, name: B}\n", "utf-8")
    result = bot("import", str(community), "--config", config)
    assert result.returncode == 1
    assert "第 3 行" in result.stderr
    assert "新增节点 18" in bot("import", "examples/xingfu/community.yaml", "--config", config).stdout


def test_a_database_of_another_version(tmp_path: Path) -> None:
    import sqlite3

    config = str(settings(tmp_path))
    assert bot("migrate", "--config", config).returncode == 0
    with sqlite3.connect(tmp_path / "x.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000'")
    older = bot("run", "--config", config)
    assert older.returncode == 1
    assert "python -m bot migrate" in older.stderr
    with sqlite3.connect(tmp_path / "x.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    for command in ("run", "migrate"):
        newer = bot(command, "--config", config)
        assert newer.returncode == 1
        assert "数据库比程序新" in newer.stderr
    connection.close()


def test_an_invitation(tmp_path: Path) -> None:
    config = str(settings(tmp_path, "community: examples/xingfu/community.yaml\n"))
    made = bot("invite", "gridhead-1", "--config", config)
    code = made.stdout.split("我是 ")[1][:8]
    assert code.isdigit()
    assert "没有nobody这个人" in bot("invite", "nobody", "--config", config).stderr
    stranger = {"at": "2026-11-23T09:00:00+08:00", "from": "phone-of-liu"}
    feed = lines(stranger | {"text": f"我是 {code}"}, stranger | {"text": f"我是 {code}"})
    heard = said(bot("simulate", "--db", str(tmp_path / "x.db"), feed=feed))
    assert heard[0]["text"] == "认识您了,网格长刘建国。以后有事我在这里告诉您。"
    assert "用过了" in heard[2]["text"]


def test_run_starts_stops_cleanly_and_lets_no_second_one_in(tmp_path: Path) -> None:
    config = str(settings(tmp_path, "community: examples/xingfu/community.yaml\nchannels: {chat_room: {port: 0}}\n"))
    for _ in range(2):
        with subprocess.Popen(
            [sys.executable, "-m", "bot", "run", "--config", config],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            assert "http://127.0.0.1:" in process.stdout.readline()
            second = bot("run", "--config", config)
            assert second.returncode == 1
            assert "已有一个小善" in second.stderr
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=20) == 0
            assert "Traceback" not in process.stderr.read()


def test_the_pipe_answers_as_simulate_does(tmp_path: Path) -> None:
    config = str(settings(tmp_path, "community: examples/xingfu/community.yaml\nchannels: {pipe: {}}\n"))
    heard = said(bot("run", "--config", config, feed=lines(REPORT, {"from": "resident-3-501", "text": "查 1"})))
    assert {"handled": 1} in heard
    assert {"handled": 2} in heard
    assert {each["to"] or each["group"] for each in heard if "text" in each} == {
        "天天向善",
        "resident-3-501",
        "gridhead-1",
    }


def test_help_is_in_both_languages() -> None:
    result = bot("--help")
    assert "启动" in result.stdout
    assert "Start" in result.stdout


def test_understand_answers_each_line(tmp_path: Path) -> None:
    asked = [
        {"text": "麻烦帮我约一下下周三下午的律师", "at": "2026-11-18T10:00:00+08:00"},
        {"text": "@小善 三号楼二单元501水管爆了,电话13812345678", "at": "2026-11-18T10:00:00", "where": "mention"},
        {"text": "大家去报名了吗", "where": "group"},
        {"text": "报名 修家电 12月5日-7日", "at": "2026-11-18T10:00:00+08:00"},
        {"text": "救命,着火了", "where": "private"},
    ]
    booking, report, talk, days, alarm = said(bot("understand", feed=lines(*asked)))
    assert booking["command"] == "bookings.book"
    assert booking["when"] == {"start": "2026-11-25", "end": None, "part": "pm"}
    assert (report["command"], report["place"]["node"], report["place"]["room"]) == (
        "grievances.report",
        "building-3",
        "501",
    )
    assert report["category"][0] == "water"
    assert "mobile" in {each["kind"] for each in report["personal"]}
    assert talk["command"] is None
    assert days["when"] == {"start": "2026-12-05", "end": "2026-12-07", "part": None}
    assert alarm["command"] == "alarm"


def test_understand_says_what_is_wrong_with_a_line() -> None:
    heard = said(bot("understand", feed='{"text": 1}\nno json\n{"text": "帮助"}\n'))
    assert ["error" in each for each in heard] == [True, True, False]
