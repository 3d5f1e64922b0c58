"""config.yaml: every mistake is told at once, with its line, in plain words, without a secret."""

import re
from collections.abc import Mapping
from datetime import time
from pathlib import Path

import pytest

from bot.config import (
    DEMO_COMMUNITY,
    MESSAGES,
    SECRETS,
    SECTIONS,
    CalendarSettings,
    Problem,
    Settings,
    SettingsError,
    StatusSettings,
    describe,
    load,
)

EXAMPLE = Path(__file__).parent.parent / "config.example.yaml"
ROBOT = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=geheim-4711"
SECRET_ENVIRONMENT = {
    "XIAOSHAN_WECHATY_TOKEN": "geheim-token",
    "XIAOSHAN_WEBHOOK_URL": ROBOT,
    "XIAOSHAN_DATABASE": "postgresql://bot:geheim-password@db/xiaoshan?sslpassword=geheim-two",
}
ALL_CHANNELS = "channels:\n  chat_room:\n  wechaty: {endpoint: 'gateway:8788'}\n  pipe:\n  webhook:\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.yaml"


def problems(file: Path, content: str | bytes, environment: Mapping[str, str] | None = None) -> list[Problem]:
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(SettingsError) as raised:
        load(file, environment or {})
    assert raised.value.__context__ is None or "geheim" not in str(raised.value.__context__)
    return list(raised.value.problems)


def only(file: Path, content: str | bytes, environment: Mapping[str, str] | None = None) -> Problem:
    (problem,) = problems(file, content, environment)
    return problem


# The file as a whole


def test_a_missing_file_is_said_to_be_missing(file: Path) -> None:
    with pytest.raises(SettingsError, match=r"config\.yaml: 没有这个文件 / there is no such file"):
        load(file, {})


def test_a_folder_is_no_settings_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="读不了这个文件"):
        load(tmp_path, {})


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        pytest.param("bot_name: 小善\ndata: [a\nphoto_minutes: 5\n", 3, "is no YAML", id="open bracket"),
        pytest.param("sending:\n\tper_minute: 5\n", 2, "Tab", id="tab"),
        pytest.param("bot_name: 小善\ndata: 'a\n", 3, "is no YAML", id="open quote"),
        pytest.param("data: a\n---\ndata: b\n", 2, "is no YAML", id="two documents"),
        pytest.param("data: a\nbot_name: \x00\n", 2, "控制字符", id="null byte"),
        pytest.param("# 小善\nbot_name: 小善\n".encode("gbk"), 1, "UTF-8", id="gbk"),
        pytest.param(b"data: a\n" + "bot_name: 小善".encode("gbk"), 2, "UTF-8", id="gbk further down"),
        pytest.param("data: a\n".encode("utf-16"), 1, "UTF-8", id="utf-16"),
        pytest.param("- a\n- b\n", 1, "名字: 值", id="a list"),
        pytest.param("\n\nhello\n", 3, "名字: 值", id="a word"),
        pytest.param("data: a\ncommunity: !!python/name:os.system x\n", 2, "标签", id="tag"),
        pytest.param("data: &a x\n", 1, "锚点", id="anchor"),
        pytest.param("sending: &a\n  per_minute: *a\n", 1, "锚点", id="loop"),
        pytest.param("data: " + "[" * 5000, 1, "嵌套", id="deep"),
        pytest.param("data: " + "{a: " * 5000, 1, "嵌套", id="deep mappings"),
    ],
)
def test_a_file_that_cannot_be_read_names_the_line(file: Path, content: str | bytes, line: int, words: str) -> None:
    problem = only(file, content)
    assert (problem.line, problem.path) == (line, "")
    assert words in problem.message


# Single settings


@pytest.mark.parametrize(
    ("content", "line", "path", "words"),
    [
        ("data: a\ntimezon: UTC\n", 2, "timezon", "不认识的设置，是不是想写 timezone？"),
        ("channels:\n  chat_room:\n    prot: 1\n", 3, "channels.chat_room.prot", "是不是想写 port？"),
        ("channels:\n  wechat: {}\n", 2, "channels.wechat", "是不是想写 wechaty？"),
        ("per_minute: 3\n", 1, "per_minute", "应该写在 sending 下面"),
        ("sending:\n  timezone: UTC\n", 2, "sending.timezone", "应该写在最外层"),
        ("quiet_hours:\n  colour: red\n", 2, "quiet_hours.colour", "这里可以写：from、to"),
        ("quiet_hours:\n  begin: '21:00'\n", 2, "quiet_hours.begin", "这里可以写：from、to"),
        ("channels:\n  pipe: {port: 1}\n", 2, "channels.pipe.port", "应该写在 channels.chat_room 下面"),
        ("unknown:\n", 1, "unknown", "不认识的设置"),
        ("1: 2\n", 1, "1", "文字"),
        ("sending: 5\n", 1, "sending", "名字: 值"),
        ("channels: chat_room\n", 1, "channels", "名字: 值"),
        ("channels: [chat_room]\n", 1, "channels", "名字: 值"),
        ("sending:\n  per_minute: '15'\n", 2, "sending.per_minute", "应该是整数，不加引号"),
        ("sending:\n  per_minute: 1.5\n", 2, "sending.per_minute", "应该是整数"),
        ("sending:\n  per_minute: true\n", 2, "sending.per_minute", "应该是整数"),
        ("sending:\n  per_minute: 0\n", 2, "sending.per_minute", "不能小于 1"),
        ("sending:\n  per_minute: 010\n", 2, "sending.per_minute", "应该是整数"),
        ("sending:\n  per_day: " + "9" * 5000, 2, "sending.per_day", "应该是整数"),
        ("sending:\n  per_day: 99999999999999999\n", 2, "sending.per_day", "不能大于 100000"),
        ("sending:\n  seconds_between: 0\n", 2, "sending.seconds_between", "要大于 0 /"),
        ("sending:\n  seconds_between: .nan\n", 2, "sending.seconds_between", "应该是数字"),
        ("sending:\n  jitter_seconds: -1\n", 2, "sending.jitter_seconds", "不能小于 0"),
        ("channels:\n  chat_room: {port: 65536}\n", 2, "channels.chat_room.port", "不能大于 65535"),
        ("channels:\n  chat_room: {host: a b}\n", 2, "channels.chat_room.host", "不能有空格"),
        ("calendar:\n  adress: https://h\n", 2, "calendar.adress", "是不是想写 address？"),
        ("calendar: {port: 65536}\n", 1, "calendar.port", "不能大于 65535"),
        ("calendar: https://h\n", 1, "calendar", "名字: 值"),
        ("calendar: {host: ''}\n", 1, "calendar.host", "不能是空的"),
        ("address: https://h\n", 1, "address", "应该写在 calendar 下面"),
        ("bot_name: ''\n", 1, "bot_name", "不能是空的"),
        ("bot_name: [a]\n", 1, "bot_name", "应该是文字"),
        ("data: [a]\n", 1, "data", "路径"),
        ("timezone: Asia/Shanghi\n", 1, "timezone", "是不是想写 Asia/Shanghai？"),
        ("timezone: ../../etc/passwd\n", 1, "timezone", "没有这个时区"),
        ("timezone: Asia\n", 1, "timezone", "没有这个时区"),
        ("quiet_hours:\n  from: 24:00\n", 2, "quiet_hours.from", "00:00 到 23:59"),
        ("quiet_hours:\n  from: 21\n", 2, "quiet_hours.from", "00:00 到 23:59"),
        ("quiet_hours:\n  to: 八点\n", 2, "quiet_hours.to", "00:00 到 23:59"),
        ("deadlines:\n  life_hours: 100000\n", 2, "deadlines.life_hours", "不能大于 8760"),
        ("database: mysql://h/x\n", 1, "database", "数据库只能是"),
        ("database: xiaoshan.db\n", 1, "database", "数据库只能是"),
        ("database: sqlite:///\n", 1, "database", "数据库只能是"),
        ("database: postgresql://h\n", 1, "database", "数据库只能是"),
        ("database: 'postgresql://[h/x'\n", 1, "database", "数据库只能是"),
        ("database: {}\n", 1, "database", "应该是文字"),
    ],
)
def test_a_wrong_setting_names_line_way_and_remedy(file: Path, content: str, line: int, path: str, words: str) -> None:
    problem = only(file, content)
    assert (problem.line, problem.path) == (line, path)
    assert words in problem.message
    assert " / " in problem.message


def test_all_problems_come_together_in_the_order_of_the_file(file: Path) -> None:
    content = (
        "timezon: UTC\nsending:\n  per_minute: 0\nchannels:\n  wechaty:\n    endpoint: nowhere\nphoto_minutes: x\n"
    )
    found = [(problem.line, problem.path) for problem in problems(file, content)]
    assert found == [
        (1, "timezon"),
        (3, "sending.per_minute"),
        (5, "channels.wechaty.token"),
        (6, "channels.wechaty.endpoint"),
        (7, "photo_minutes"),
    ]


def test_the_error_prints_one_line_a_problem_with_the_place_in_front(file: Path) -> None:
    file.write_text("timezon: UTC\nphoto_minutes: x\n")
    with pytest.raises(SettingsError) as raised:
        load(file, {})
    first, second = str(raised.value).splitlines()
    assert first.startswith(f"{file}:1: timezon: ")
    assert second.startswith(f"{file}:2: photo_minutes: ")


def test_a_name_written_twice_is_told_with_both_lines(file: Path) -> None:
    problem = only(file, "sending:\n  per_minute: 5\n\n  per_minute: 6\n")
    assert (problem.line, problem.path) == (4, "sending.per_minute")
    assert "上一次在第 2 行" in problem.message


def test_the_second_of_two_sections_is_the_one_that_counts_and_is_blamed(file: Path) -> None:
    found = problems(file, "sending: {}\nsending:\n  per_minute: 0\n")
    assert [(problem.line, problem.path) for problem in found] == [(2, "sending"), (3, "sending.per_minute")]


def test_a_missing_endpoint_is_blamed_on_its_section_or_its_empty_line(file: Path) -> None:
    token = {"XIAOSHAN_WECHATY_TOKEN": "t"}
    assert only(file, "channels:\n  wechaty:\n", token).line == 2
    assert only(file, "channels:\n  wechaty:\n    endpoint:\n", token).line == 3


@pytest.mark.parametrize("endpoint", ["gateway", "gateway:0", "gateway:70000", "http://gateway:1", "a b:1", ":1"])
def test_an_endpoint_is_host_and_port(file: Path, endpoint: str) -> None:
    content = f"channels:\n  wechaty:\n    endpoint: '{endpoint}'\n"
    assert "主机：端口" in only(file, content, {"XIAOSHAN_WECHATY_TOKEN": "t"}).message


@pytest.mark.parametrize(
    "address",
    [
        "https://bot.example.cn/",
        "https://bot.example.cn/calendar/",
        "https://bot.example.cn?",
        "https://bot.example.cn/?a=b",
        "https://bot.example.cn#a",
        "https://name:word@bot.example.cn",
        "https://bot.example.cn:x",
        "https://[bot",
        "https://",
        "ftp://bot.example.cn",
        "bot.example.cn",
        "https://bot example.cn",
        "https://小善.example",
    ],
)
def test_the_public_address_is_a_web_address_that_links_can_begin_with(file: Path, address: str) -> None:
    problem = only(file, f"calendar:\n  address: '{address}'\n")
    assert (problem.line, problem.path) == (2, "calendar.address")
    assert "末尾不带斜杠" in problem.message


@pytest.mark.parametrize("mobile", ["123", "'+8613800000000'", "'138 0000 0000'", "true"])
def test_a_mobile_number_has_eleven_digits(file: Path, mobile: str) -> None:
    problem = only(
        file, f"channels:\n  webhook:\n    staff:\n      worker: {mobile}\n", {"XIAOSHAN_WEBHOOK_URL": ROBOT}
    )
    assert (problem.line, problem.path) == (4, "channels.webhook.staff.worker")


def test_every_kind_of_error_in_the_table_has_both_languages() -> None:
    context = dict.fromkeys(("ge", "gt", "le", "lt", "max_length"), 1) | {"expected": "'a' or 'b'"}
    for kind, message in MESSAGES.items():
        chinese, _, english = message.format_map(context).partition(" / ")
        assert chinese and not chinese.isascii(), kind
        assert english and english.isascii(), kind


# Secrets


def test_a_missing_token_names_the_variable_and_the_line_of_its_section(file: Path) -> None:
    problem = only(
        file, "channels:\n  pipe:\n  wechaty:\n    endpoint: gateway:8788\n", {"XIAOSHAN_WECHATY_TOKEN": " "}
    )
    assert (problem.line, problem.path) == (3, "channels.wechaty.token")
    assert "请设环境变量 XIAOSHAN_WECHATY_TOKEN" in problem.message


@pytest.mark.parametrize("environment", [{}, SECRET_ENVIRONMENT])
@pytest.mark.parametrize(
    ("content", "line", "variable"),
    [
        ("channels:\n  wechaty:\n    endpoint: g:1\n    token: geheim\n", 4, "XIAOSHAN_WECHATY_TOKEN"),
        ("channels:\n  wechaty:\n    endpoint: g:1\n    token: {geheim: geheim}\n", 4, "XIAOSHAN_WECHATY_TOKEN"),
        ("channels:\n  webhook:\n    url: https://geheim/\n", 3, "XIAOSHAN_WEBHOOK_URL"),
        ("database: postgresql://bot:geheim@db/x\n", 1, "XIAOSHAN_DATABASE"),
        ("database: postgresql://bot:1/geheim@db/x\n", 1, "XIAOSHAN_DATABASE"),
        ("database: postgresql://db/x?user=bot&password=geheim\n", 1, "XIAOSHAN_DATABASE"),
    ],
)
def test_a_secret_in_the_file_is_refused_without_being_said(
    file: Path, content: str, line: int, variable: str, environment: dict[str, str]
) -> None:
    problem = only(file, content, environment)
    assert problem.line == line
    assert f"改设环境变量 {variable}" in problem.message
    assert "geheim" not in problem.message


def test_a_mistyped_or_misplaced_secret_is_refused_too(file: Path) -> None:
    content = "channels:\n  wechaty:\n    endpoint: g:1\n    tokn: geheim\ntoken: geheim\n"
    for problem in problems(file, content, SECRET_ENVIRONMENT):
        assert "改设环境变量 XIAOSHAN_WECHATY_TOKEN" in problem.message


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("XIAOSHAN_DATABASE", "mysql://bot:geheim@db/x", "数据库只能是"),
        ("XIAOSHAN_DATABASE", "postgresql://bot:ge#heim@db/x", "数据库只能是"),
        ("XIAOSHAN_WECHATY_TOKEN", "geheim geheim", "令牌里有空格"),
        ("XIAOSHAN_WECHATY_TOKEN", "令牌geheim", "令牌里有空格"),
        ("XIAOSHAN_WEBHOOK_URL", "geheim", "不是群机器人的地址"),
        ("XIAOSHAN_WEBHOOK_URL", "https://[geheim?key=geheim", "不是群机器人的地址"),
        ("XIAOSHAN_WEBHOOK_URL", "https://geheim:x/?key=geheim", "不是群机器人的地址"),
        ("XIAOSHAN_WEBHOOK_URL", "http://qyapi.weixin.qq.com/send?key=geheim", "不是群机器人的地址"),
        ("XIAOSHAN_WEBHOOK_URL", "https://qyapi.weixin.qq.com/send?kee=geheim", "不是群机器人的地址"),
    ],
)
def test_a_bad_variable_is_blamed_by_its_name_and_not_on_the_file(
    file: Path, variable: str, value: str, words: str
) -> None:
    file.write_text(ALL_CHANNELS)
    with pytest.raises(SettingsError) as raised:
        load(file, SECRET_ENVIRONMENT | {variable: value})
    (problem,) = raised.value.problems
    assert (problem.line, problem.path) == (None, variable)
    assert words in problem.message
    assert str(raised.value).startswith(f"{variable}: ")
    assert "geheim" not in str(raised.value)


def test_no_secret_is_shown_by_repr_or_by_check(file: Path) -> None:
    file.write_text(ALL_CHANNELS + "    staff: {worker: 13800000000}\n")
    settings = load(file, SECRET_ENVIRONMENT)
    shown = repr(settings) + str(settings) + "\n".join(describe(settings))
    assert "geheim" not in shown
    assert "13800000000" not in shown
    assert "postgresql+psycopg://bot:******@db/xiaoshan?sslpassword=******" in shown


# What is right


@pytest.mark.parametrize("content", ["", "# 只有注释\n", "---\n", "{}\n", "null\n", "sending:\nchannels:\ntimezone:\n"])
def test_an_empty_file_means_the_defaults(file: Path, content: str) -> None:
    file.write_text(content)
    assert load(file, {}) == Settings()


def test_no_file_means_the_embedded_default_with_the_demo_community() -> None:
    settings = load(None, {})
    assert settings == Settings(community=DEMO_COMMUNITY)
    assert settings.channels.chat_room is not None
    assert settings.channels.wechaty is None


def test_the_environment_goes_before_the_file(file: Path) -> None:
    file.write_text("database: sqlite:///a.db\n")
    assert load(file, {"XIAOSHAN_DATABASE": "sqlite:///b.db"}).database == "sqlite:///b.db"
    assert load(file, {"XIAOSHAN_DATABASE": ""}).database == "sqlite:///a.db"


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_postgresql_is_reached_by_the_driver_that_is_shipped(file: Path, scheme: str) -> None:
    file.write_text(f"database: {scheme}://bot@db:5432/xiaoshan\n")
    assert load(file, {}).database == "postgresql+psycopg://bot@db:5432/xiaoshan"


def test_a_channel_named_with_nothing_below_it_is_open(file: Path) -> None:
    file.write_text("channels:\n  pipe:\n")
    channels = load(file, {}).channels
    assert channels.pipe is not None
    assert channels.chat_room is None


def test_all_channels_with_their_secrets(file: Path) -> None:
    file.write_text(ALL_CHANNELS + "    staff:\n      worker: 13800000000\n      1: '13900000000'\n")
    channels = load(file, SECRET_ENVIRONMENT).channels
    [gateway] = channels.gateways
    assert (gateway.name, gateway.account, gateway.host, gateway.port) == ("wechaty", "wechaty", "gateway", 8788)
    assert gateway.token.get_secret_value() == "geheim-token"
    assert channels.webhook is not None
    assert channels.webhook.url.get_secret_value() == ROBOT
    assert channels.webhook.staff == {"worker": "13800000000", "1": "13900000000"}


SEVERAL = """
channels:
  wechaty:
    - name: east
      endpoint: gateway:8788
    - name: west
      endpoint: gateway:8789
      account: xishan
"""
TOKENS = {"XIAOSHAN_WECHATY_TOKEN": "common-token", "XIAOSHAN_WECHATY_TOKEN_WEST": "west-token"}


def test_several_accounts_each_with_a_name_and_a_token(file: Path) -> None:
    file.write_text(SEVERAL)
    settings = load(file, TOKENS)
    found = [(each.name, each.account, each.port, each.token.get_secret_value()) for each in settings.channels.gateways]
    assert found == [("east", "east", 8788, "common-token"), ("west", "xishan", 8789, "west-token")]
    shown = "\n".join(describe(settings))
    assert "east gateway:8788" in shown
    assert "west gateway:8789" in shown
    assert "token\n" not in shown
    assert "west-token" not in shown + repr(settings)


@pytest.mark.parametrize(
    ("before", "after", "line", "path", "said"),
    [
        ("name: west", "name: east", 3, "channels.wechaty", "name"),
        ("account: xishan", "account: east", 3, "channels.wechaty", "account"),
        ("name: west", "name: webhook", 6, "channels.wechaty.1.name", "wechaty_2"),
        ("name: west", "name: West", 6, "channels.wechaty.1.name", "wechaty_2"),
        ("endpoint: gateway:8789", "endpoint: gateway", 7, "channels.wechaty.1.endpoint", "host:port"),
        ("endpoint: gateway:8789", "endpont: gateway:8789", 7, "channels.wechaty.1.endpont", "endpoint"),
        ("account: xishan", "token: geheim", 8, "channels.wechaty.1.token", "XIAOSHAN_WECHATY_TOKEN_WEST"),
    ],
)
def test_what_is_wrong_with_one_of_several(
    file: Path, before: str, after: str, line: int, path: str, said: str
) -> None:
    file.write_text(SEVERAL.replace(before, after))
    with pytest.raises(SettingsError) as wrong:
        load(file, TOKENS)
    problem = next(each for each in wrong.value.problems if each.path == path)
    assert problem.line == line
    assert said in problem.message
    assert "geheim" not in str(wrong.value)


def test_one_of_several_without_a_token(file: Path) -> None:
    file.write_text(SEVERAL)
    with pytest.raises(SettingsError, match="XIAOSHAN_WECHATY_TOKEN_EAST"):
        load(file, {"XIAOSHAN_WECHATY_TOKEN_WEST": "west-token"})


@pytest.mark.parametrize("written", ["7:30", "07:30", "'07:30'", "07\uff1a30"])
def test_a_time_needs_no_quotes(file: Path, written: str) -> None:
    file.write_text(f"quiet_hours:\n  from: 22:00\n  to: {written}\n")
    quiet = load(file, {}).quiet_hours
    assert (quiet.begin, quiet.end) == (time(22), time(7, 30))


def test_a_byte_order_mark_does_no_harm(file: Path) -> None:
    file.write_bytes("\ufeffbot_name: 小和\n".encode())
    assert load(file, {}).bot_name == "小和"


def test_calendars_are_served_where_their_section_is_named(file: Path) -> None:
    file.write_text("bot_name: 小善\n")
    assert load(file, {}).calendar is None
    file.write_text("calendar:\n")
    assert load(file, {}).calendar == CalendarSettings(host="127.0.0.1", port=8081, address="http://127.0.0.1:8081")


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("{port: 9000}", "http://127.0.0.1:9000"),
        ("{port: 9000, address: }", "http://127.0.0.1:9000"),
        ("{address: 'https://bot.example.cn'}", "https://bot.example.cn"),
        ("{host: 0.0.0.0, address: 'https://bot.example.cn:8443/xiaoshan'}", "https://bot.example.cn:8443/xiaoshan"),
        ("{address: 'http://[::1]:8081'}", "http://[::1]:8081"),
    ],
)
def test_links_begin_with_the_public_address(file: Path, written: str, address: str) -> None:
    file.write_text(f"calendar: {written}\n")
    calendar = load(file, {}).calendar
    assert calendar is not None
    assert calendar.address == address


def test_check_shows_the_calendars_address_and_when_other_machines_reach_it(file: Path) -> None:
    file.write_text("calendar: {host: 0.0.0.0, address: 'https://bot.example.cn'}\n")
    (line,) = (line for line in describe(load(file, {})) if "calendar" in line)
    assert "0.0.0.0:8081" in line
    assert "https://bot.example.cn" in line
    assert "别的机器也打得开" in line
    assert "日历 / calendar: (没有 / none)" in describe(Settings())


def test_check_says_when_the_chat_room_is_open_to_other_machines(file: Path) -> None:
    file.write_text("channels:\n  chat_room: {host: 0.0.0.0}\n")
    assert any("别的机器也打得开" in line for line in describe(load(file, {})))


# The example


def test_the_example_holds_the_defaults() -> None:
    assert load(EXAMPLE, {}) == Settings()


def test_the_example_names_every_setting_and_every_variable() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    secrets = {location[-1] for location in SECRETS}
    names = {name for section in SECTIONS.values() for name in section.names()} - secrets
    assert [name for name in names if f"{name}:" not in text] == []
    assert [variable for variable in SECRETS.values() if variable not in text] == []


def test_the_example_loads_with_every_channel_uncommented(file: Path) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    file.write_text(re.sub(r"(?m)^  # (\s*[a-z_]+:)", r"  \1", text), encoding="utf-8")
    channels = load(file, SECRET_ENVIRONMENT).channels
    assert channels.chat_room and channels.wechaty and channels.pipe and channels.webhook


def test_the_examples_of_calendar_and_status_hold_their_defaults(file: Path) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    file.write_text(re.sub(r"(?m)^# (calendar:|status:|  (?:host|port|address):)", r"\1", text), encoding="utf-8")
    settings = load(file, {})
    assert settings.calendar == CalendarSettings()
    assert settings.status == StatusSettings()
