"""config.yaml and the environment → frozen typed settings, or every problem at once with the line at fault.

Secrets come from the environment alone: a settings file is copied, mailed and committed by mistake.
"""

import re
import zoneinfo
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import time
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, get_args
from urllib.parse import parse_qs, urlsplit

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    SecretStr,
    Tag,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

Location = tuple[str | int, ...]
"""The way to a setting from the top of the file: `("channels", "chat_room", "port")`."""

DEMO_COMMUNITY = Path("examples/xingfu/community.yaml")

DEEPEST = 10
"""How many levels a settings file may have; some thousand would exhaust the parser."""

MOST_STARS = 10
"""How many stars a place may give."""

DATABASE_VARIABLE = "XIAOSHAN_DATABASE"
KEYS_VARIABLE = "XIAOSHAN_KEYS"

OTHER_CHANNELS = frozenset({"chat_room", "pipe", "webhook"})

SECRETS: Mapping[Location, str] = {
    ("keys",): KEYS_VARIABLE,
    ("channels", "wechaty", "token"): "XIAOSHAN_WECHATY_TOKEN",
    ("channels", "webhook", "url"): "XIAOSHAN_WEBHOOK_URL",
}
"""Settings that a file may not hold, and the environment variables that hold them."""


# What is wrong ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to put right. `line` counts from 1, None where no line of the file is to blame.

    `path` is the dotted way to the setting, or the name of an environment variable, or empty for the whole file.
    """

    line: int | None
    path: str
    message: str


class SettingsError(Exception):
    """The settings cannot be used. Says all that is wrong with them; never says a secret."""

    def __init__(self, problems: tuple[Problem, ...], file: Path | None = None) -> None:
        self.problems = problems
        self.file = file
        super().__init__("\n".join(self.lines()))

    def lines(self) -> Iterator[str]:
        """One line a problem, `file:line` in front, which editors and terminals make a link of."""
        for problem in self.problems:
            file = str(self.file) if self.file and not _is_variable(problem.path) else ""
            place = f"{file}:{problem.line}" if problem.line else file
            yield ": ".join(part for part in (place, problem.path, problem.message) if part)


def _is_variable(path: str) -> bool:
    return path == DATABASE_VARIABLE or path.startswith(tuple(SECRETS.values()))


def _wrong(kind: str, message: str) -> PydanticCustomError:
    # Braces would be taken for places to fill in.
    return PydanticCustomError(kind, "{message}", {"message": message})


# What each value must look like ------------------------------------------------------------------------------


def _read_time(value: object) -> object:
    if isinstance(value, time):
        return value
    found = re.fullmatch(r"(\d{1,2})[:\uff1a](\d{2})", value.strip()) if isinstance(value, str) else None
    if found and int(found[1]) < 24 and int(found[2]) < 60:
        return time(int(found[1]), int(found[2]))
    raise _wrong("time_of_day", '时间要写成 "21:00" 这样(00:00 到 23:59) / a time of day looks like "21:00"')


def _read_database(value: str) -> str:
    problem = _wrong(
        "database_url",
        "数据库只能是 sqlite:///文件 或 postgresql://用户@主机/库名，密码里的特殊字符写成 %xx / "
        "the database is sqlite:///file or postgresql://user@host/name, odd characters of a password as %xx",
    )
    try:
        parts = urlsplit(value)
        _ = parts.port  # reading it is what checks it
    except ValueError:
        raise problem from None
    named = len(parts.path) > 1
    if parts.scheme == "sqlite" and not parts.netloc and (named or value == "sqlite://"):
        return value
    if parts.scheme in ("postgresql", "postgres", "postgresql+psycopg") and named:
        # A plain postgresql:// would make SQLAlchemy look for another driver than the one we ship.
        return "postgresql+psycopg" + value.removeprefix(parts.scheme)
    raise problem


def _read_timezone(name: str) -> str:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise _wrong("timezone", _unknown_timezone(name)) from None
    return name


def _unknown_timezone(name: str) -> str:
    known = zoneinfo.available_timezones()
    if not known:
        return "这台机器没有时区数据 / this machine has no time zone data: apt install tzdata"
    near = get_close_matches(name, known, n=1) or ["Asia/Shanghai"]
    return f"没有这个时区，是不是想写 {near[0]}？ / no such time zone; did you mean {near[0]}?"


def _read_endpoint(value: str) -> str:
    found = re.fullmatch(r"(?:[\w.-]+|\[[0-9A-Fa-f:]+\]):([0-9]{1,5})", value)
    if found and 1 <= int(found[1]) <= 65535:
        return value
    raise _wrong(
        "endpoint",
        '要写成 "主机：端口",例如 "127.0.0.1:8788" / looks like "host:port", such as "127.0.0.1:8788"',
    )


def _read_channel_name(value: str) -> str:
    if re.fullmatch(r"[a-z][a-z0-9_]{0,19}", value) and value not in OTHER_CHANNELS:
        return value
    raise _wrong(
        "channel_name",
        "名字用小写字母、数字和下划线，最多 20 个，例如 wechaty_2 / "
        "a name has small letters, digits and underscores, 20 at most, such as wechaty_2",
    )


def _read_token(token: SecretStr) -> SecretStr:
    # It travels in an HTTP/2 header, where other characters end the connection without a word of explanation.
    if re.fullmatch(r"[!-~]+", token.get_secret_value()):
        return token
    raise _wrong(
        "token", "令牌里有空格、换行或不是 ASCII 的字符 / the token has blanks, line breaks or characters beyond ASCII"
    )


def _read_webhook_url(url: SecretStr) -> SecretStr:
    if _is_robot_url(url.get_secret_value()):
        return url
    raise _wrong(
        "webhook_url",
        "不是群机器人的地址，它像 https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=… 这样 / "
        "not a group robot's address, which looks like https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=…",
    )


def _is_robot_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port  # reading it is what checks it
    except ValueError:
        return False
    # Without TLS the key would travel in the open, so only to this very machine.
    private = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost"))
    return bool(private and parts.hostname and parse_qs(parts.query).get("key") and re.fullmatch(r"[!-~]+", url))


def _read_public_address(value: str) -> str:
    if _is_public_address(value):
        return value
    raise _wrong(
        "public_address",
        "地址像 https://bot.example.cn 这样，末尾不带斜杠 / "
        "the address looks like https://bot.example.cn, without a slash at the end",
    )


def _is_public_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
        _ = parts.port  # reading it is what checks it
    except ValueError:
        return False
    # Links are made by writing more behind it, and everybody who gets a link reads it.
    bare = not (parts.query or parts.fragment or "@" in parts.netloc or value.endswith(("/", "?", "#")))
    return bool(parts.scheme in ("http", "https") and parts.hostname and bare and re.fullmatch(r"[!-~]+", value))


def _read_mobile(value: str) -> str:
    if re.fullmatch(r"1[0-9]{10}", value):
        return value
    raise _wrong("mobile", "手机号是 1 开头的 11 位数字 / a mobile number is 11 digits and begins with 1")


def _read_star_hours(value: object) -> object:
    hours = list(value) if isinstance(value, list | tuple) else []
    if 0 < len(hours) <= MOST_STARS and all(type(each) is int and 0 < each <= 100_000 for each in hours):
        rising = sorted(set(hours))
        if rising == hours:
            return tuple(hours)
    raise _wrong(
        "star_hours",
        "星级要写成从小到大的小时数，最多 10 个，例如 [100, 300, 600] / "
        "stars are rising numbers of hours, ten at most, such as [100, 300, 600]",
    )


TimeOfDay = Annotated[time, BeforeValidator(_read_time)]
# Strict: `true` is no number, and a number in quotes is more often a slip than a wish.
Port = Annotated[int, Field(strict=True, ge=0, le=65535)]
Hours = Annotated[int, Field(strict=True, ge=1, le=24 * 365)]
Days = Annotated[int, Field(strict=True, ge=1, le=365)]
KeptDays = Annotated[int, Field(strict=True, ge=1, le=3650)]
Minutes = Annotated[int, Field(strict=True, ge=1, le=24 * 60)]
Count = Annotated[int, Field(strict=True, ge=1, le=100_000)]
Seconds = Annotated[float, Field(strict=True, gt=0, le=3600)]
Jitter = Annotated[float, Field(strict=True, ge=0, le=3600)]
Word = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^\S+$")]
ChannelName = Annotated[str, AfterValidator(_read_channel_name)]


# The settings ------------------------------------------------------------------------------------------------


class Section(BaseModel):
    """A part of the settings. A setting that is named and left empty has its default."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, coerce_numbers_to_str=True)

    empty_means: ClassVar[object] = None
    """What an empty setting stands for; None: as if it were not there."""

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """The names of the settings as they are written in the file."""
        return tuple(field.alias or name for name, field in cls.model_fields.items())

    @model_validator(mode="before")
    @classmethod
    def _fill_empty(cls, values: object) -> object:
        if not isinstance(values, dict):
            return values
        known = cls.names()
        filled = {name: cls.empty_means if value is None and name in known else value for name, value in values.items()}
        return {name: value for name, value in filled.items() if value is not None or name not in known}


def _account_named(section: dict[str, Any]) -> str:
    return str(section["name"])


class ChatRoomSettings(Section):
    """The web page that is a group chat. Port 0 takes any free one."""

    host: Word = "127.0.0.1"
    port: Port = 8090


class WechatySettings(Section):
    """A Wechaty gateway. `account` is our own name for the WeChat account behind it.

    `name` is the channel's: addresses, groups and words on their way belong to it, so it is not to be changed later.
    """

    name: ChannelName = "wechaty"
    endpoint: Annotated[str, AfterValidator(_read_endpoint)]
    token: Annotated[SecretStr, AfterValidator(_read_token)]
    account: Word = Field(default_factory=_account_named)

    @property
    def host(self) -> str:
        return self.endpoint.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        return int(self.endpoint.rpartition(":")[2])


class PipeSettings(Section):
    """JSON lines on stdin and stdout. Nothing to set."""


class WebhookSettings(Section):
    """A WeCom group robot. `staff` gives the mobile number of each person who reads there."""

    url: Annotated[SecretStr, AfterValidator(_read_webhook_url)]
    staff: Annotated[Mapping[Word, Annotated[str, AfterValidator(_read_mobile)]], Field(repr=False)] = {}


ONE, SEVERAL = "<one>", "<several>"
Gateways = Annotated[
    Annotated[WechatySettings, Tag(ONE)] | Annotated[tuple[WechatySettings, ...], Tag(SEVERAL)],
    Discriminator(lambda value: SEVERAL if isinstance(value, list | tuple) else ONE),
]
"""One gateway as a section, or several as a list of sections."""


class Channels(Section):
    """The doors that are open. None named: the chat room. One named, even with nothing below it: that one is open."""

    empty_means: ClassVar[object] = {}

    chat_room: ChatRoomSettings | None = None
    wechaty: Gateways | None = None
    pipe: PipeSettings | None = None
    webhook: WebhookSettings | None = None

    @property
    def gateways(self) -> tuple[WechatySettings, ...]:
        """The WeChat accounts, however many."""
        if self.wechaty is None:
            return ()
        return self.wechaty if isinstance(self.wechaty, tuple) else (self.wechaty,)

    @field_validator("wechaty", mode="after")
    @classmethod
    def _tell_apart(cls, value: WechatySettings | tuple[WechatySettings, ...] | None) -> object:
        several = value if isinstance(value, tuple) else ()
        names, accounts = {each.name for each in several}, {each.account for each in several}
        if len(names) == len(accounts) == len(several):
            return value
        raise _wrong(
            "gateways_alike",
            "每个微信号要有自己的 name(和 account) / each gateway needs a name and an account of its own",
        )

    @model_validator(mode="before")
    @classmethod
    def _open_one(cls, values: object) -> object:
        return values if values != {} else {"chat_room": {}}


def _own_address(calendar: dict[str, Any]) -> str:
    """What works on this machine."""
    return f"http://127.0.0.1:{calendar['port']}"


class CalendarSettings(Section):
    """Where calendar files are served. `address` is what people's calendar programs reach it by; links begin with it.

    Calendars keep the address, so port 0, any free one, is for tests.
    """

    host: Word = "127.0.0.1"
    port: Port = 8081
    address: Annotated[str, AfterValidator(_read_public_address)] = Field(default_factory=_own_address)


class StatusSettings(Section):
    """Where figures and signs of life are served, to those who keep the machine."""

    host: Word = "127.0.0.1"
    port: Port = 8082


class BackupSettings(Section):
    """When a backup is made by itself, where to, and how long it is kept. `at` is local time."""

    nightly: bool = True
    folder: Path = Path("backups")
    at: TimeOfDay = time(3, 30)
    keep_days: Days = 30


class Sending(Section):
    """The pace of one account, which WeChat bans for sending fast."""

    seconds_between: Seconds = 3
    jitter_seconds: Jitter = 1.5
    per_minute: Count = 15
    per_hour: Count = 300
    per_day: Count = 2000
    pause_minutes: Minutes = 30
    new_account_days: Annotated[int, Field(ge=0)] = 14


class QuietHours(Section):
    """When nothing but alarms and emergencies is sent. `begin` equal to `end`: never."""

    begin: TimeOfDay = Field(time(21), alias="from")
    end: TimeOfDay = Field(time(8), alias="to")


class Deadlines(Section):
    """How long a grievance may take, by what it is about. Days are working days."""

    accept_hours: Hours = 24
    life_hours: Hours = 2
    utility_hours: Hours = 24
    ordinary_days: Days = 7
    hard_days: Days = 15


class Retention(Section):
    """For how many days what is personal is kept after its end. Numbers and figures stay."""

    grievances: KeptDays = 730
    bookings: KeptDays = 365
    tasks: KeptDays = 365
    wishes: KeptDays = 730
    events: KeptDays = 365
    messages: KeptDays = 90


class Settings(Section):
    """All settings. Relative paths begin where the program was started."""

    database: Annotated[str, AfterValidator(_read_database), Field(repr=False)] = "sqlite:///data/xiaoshan.db"
    data: Path = Path("data")
    keys: SecretStr | None = None
    key_file: Path | None = None
    community: Path | None = None
    timezone: Annotated[str, AfterValidator(_read_timezone), Field(validate_default=True)] = "Asia/Shanghai"
    bot_name: Word = "小善"
    channels: Channels = Channels(chat_room=ChatRoomSettings())
    lease_seconds: Annotated[float, Field(strict=True, ge=1, le=30)] = 15.0
    calendar: CalendarSettings | None = None
    status: StatusSettings | None = None
    backup: BackupSettings = BackupSettings()
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    sending: Sending = Sending()
    quiet_hours: QuietHours = QuietHours()
    deadlines: Deadlines = Deadlines()
    retention: Retention = Retention()
    unasked_per_day: Count = 6
    involve_trade: bool = False
    answered_each: Annotated[int, Field(gt=0)] = 2
    answered_a_minute: Count = 30
    photo_minutes: Minutes = 5
    question_hours: Hours = 24
    quiz_minutes: Minutes = 2
    quiz_pause_seconds: Seconds = 20
    star_hours: Annotated[tuple[int, ...], BeforeValidator(_read_star_hours)] = (100, 300, 600, 1000, 1500)

    @model_validator(mode="before")
    @classmethod
    def _serve_what_is_named(cls, values: object) -> object:
        """Named, even with nothing below it: served. Left out: not served."""
        if not isinstance(values, dict):
            return values
        return values | {name: {} for name in ("calendar", "status") if values.get(name, ...) is None}

    @property
    def keys_path(self) -> Path:
        """Where the keys are that seal the database: beside the data's folder, never in it."""
        return self.key_file or self.data.absolute().parent / "xiaoshan.keys"

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.timezone)


def _sections(section: type[Section], location: Location = ()) -> Iterator[tuple[Location, type[Section]]]:
    yield location, section
    for name, field in section.model_fields.items():
        for kind in _sections_in(field.annotation):
            yield from _sections(kind, (*location, field.alias or name))


def _sections_in(annotation: Any) -> Iterator[type[Section]]:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield annotation
    for part in get_args(annotation):
        yield from _sections_in(part)


SECTIONS: Mapping[Location, type[Section]] = dict(_sections(Settings))


# Reading -----------------------------------------------------------------------------------------------------


def load(path: Path | None, environment: Mapping[str, str]) -> Settings:
    """The settings of the file at `path`; with None the embedded default with its demo community.

    Raises `SettingsError` with every problem that can be seen at once.
    """
    file = _read(path) if path else _File({"community": DEMO_COMMUNITY})
    refused = dict(_written_secrets(file))
    values, variables = _with_environment(file.values, environment)
    settings, faults = _validate(values)
    problems = [*file.problems, *refused.values()]
    # A secret in the wrong place is told once, whatever else is wrong with it.
    problems += [_problem(fault, file, variables) for fault in faults if fault["loc"] not in refused]
    if settings is None or problems:
        raise SettingsError(tuple(sorted(problems, key=lambda problem: problem.line or 0)), path)
    return settings


def _validate(values: object) -> tuple[Settings | None, list[ErrorDetails]]:
    try:
        return Settings.model_validate(values), []
    except ValidationError as error:
        # Handed back and not raised from here: the error holds the values, secrets too.
        faults = error.errors(include_url=False)
        for fault in faults:
            fault["loc"] = tuple(part for part in fault["loc"] if part not in (ONE, SEVERAL))
        # What follows from a wrong value is no fault of its own.
        return None, [fault for fault in faults if fault["type"] != "default_factory_not_called"]


class _Loader(yaml.SafeLoader):
    """YAML without the surprises of its version 1.1: `21:00` is not 1260, `no` is not false, `010` is not 8."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - shared by design, as in its base


_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:~|null|)$"), ["~", "n", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:[Tt]rue|[Ff]alse)$"), list("tTfF"))
# Eighteen digits at most: Python refuses to read a number of thousands.
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"^[-+]?(?:0|[1-9][0-9]{0,17})$"), list("-+0123456789")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9]{1,18}\.[0-9]{1,18}$"), list("-+0123456789")
)


@dataclass(frozen=True, slots=True)
class _File:
    """What a file says, where it says it, and what is wrong with it before anybody asks for its meaning."""

    values: Mapping[str, Any]
    root: yaml.Node | None = None
    problems: tuple[Problem, ...] = ()

    def line(self, location: Location) -> int | None:
        """The line of a setting, or of the nearest one above it that the file has."""
        node, line = self.root, None
        for part in location:
            key, node = _child(node, part)
            if node is None:
                break
            line = (key or node).start_mark.line + 1
        return line


def _child(node: yaml.Node | None, part: str | int) -> tuple[yaml.Node | None, yaml.Node | None]:
    """The key and the value under a name; of names written twice the last, whose value is the one that counts."""
    if isinstance(node, yaml.MappingNode):
        for key, value in reversed(node.value):
            if key.value == str(part):
                return key, value
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return None, node.value[part]
    return None, None


def _read(path: Path) -> _File:
    """Reads the file. What leaves nothing to be checked further is raised at once."""
    try:
        content = path.read_bytes()
    except OSError as error:
        message = "没有这个文件 / there is no such file"
        if not isinstance(error, FileNotFoundError):
            message = f"读不了这个文件 / the file cannot be read: {error.strerror}"
        raise SettingsError((Problem(None, "", message),), path) from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = "文件不是 UTF-8 编码，请另存为 UTF-8 / the file is not UTF-8; save it as UTF-8"
        raise SettingsError((Problem(line, "", message),), path) from None
    return _parse(text, path)


def _parse(text: str, path: Path) -> _File:
    try:
        _refuse_unplain(text, path)
        loader = _Loader(text)
        root = loader.get_single_node()
        values = loader.construct_document(root) if root else None
    except yaml.YAMLError as error:
        problem = _syntax_problem(error, text)
        raise SettingsError((problem,), path) from None
    if root is None or values is None:
        return _File({})
    if not isinstance(values, dict):
        message = '整个文件应该是一行行的 "名字: 值" / the file should be lines of "name: value"'
        raise SettingsError((Problem(root.start_mark.line + 1, "", message),), path)
    return _File(values, root, tuple(_repeated(root, ())))


def _refuse_unplain(text: str, path: Path) -> None:
    """Settings need no tags and no anchors, whose mistakes and loops would have to be told from real settings."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        marked = isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) or getattr(event, "tag", None)
        if marked or depth > DEEPEST:
            message = (
                "这里用不着 YAML 的标签、锚点和很深的嵌套，请写得简单些 / no YAML tags, anchors or deep nesting here"
            )
            line = event.start_mark.line + 1 if event.start_mark else None
            raise SettingsError((Problem(line, "", message),), path)


def _syntax_problem(error: yaml.YAMLError, text: str) -> Problem:
    if isinstance(error, yaml.reader.ReaderError):
        before = text.count("\n", 0, error.position)
        return Problem(before + 1, "", "文件里有不能出现的控制字符 / the file has a control character")
    mark = getattr(error, "problem_mark", None)
    line = mark.line + 1 if mark else None
    detail = str(getattr(error, "problem", "") or "")
    if "'\\t'" in detail:
        return Problem(line, "", "缩进要用空格，不能用 Tab / indent with spaces, not tabs")
    return Problem(
        line,
        "",
        f"YAML 写法有误，请看这一行和上一行的冒号、引号和缩进 / this line or the one above is no YAML: {detail}",
    )


def _repeated(node: yaml.Node, location: Location) -> Iterator[Problem]:
    """Names written twice in one section: YAML would quietly take the last."""
    if not isinstance(node, yaml.MappingNode):
        return
    first: dict[str, int] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            continue
        line = key.start_mark.line + 1
        if key.value in first:
            before = first[key.value]
            message = f"写了两次，上一次在第 {before} 行 / written twice, before this on line {before}"
            yield Problem(line, _dotted((*location, key.value)), message)
        first[key.value] = line
        yield from _repeated(value, (*location, key.value))


def _written_secrets(file: _File) -> Iterator[tuple[Location, Problem]]:
    for general in SECRETS:
        for location in _places(file.values, general):
            variable = _secret_variable(location, file.values)
            yield location, Problem(file.line(location), _dotted(location), _secret_in_file(variable))
    database = file.values.get("database")
    if isinstance(database, str) and _without_password(database) != database:
        location = ("database",)
        yield location, Problem(file.line(location), "database", _secret_in_file(DATABASE_VARIABLE))


def _secret_in_file(variable: str) -> str:
    return (
        f"密钥和密码不写在文件里，请从文件中删去，改设环境变量 {variable} / "
        f"secrets are not kept in the file: remove it and set the environment variable {variable}"
    )


def _places(values: object, location: Location) -> Iterator[Location]:
    """Where a setting stands that is not empty: in each section of a list."""
    if not location:
        if values is not None:
            yield ()
    elif isinstance(values, list):
        for number, value in enumerate(values):
            yield from ((number, *rest) for rest in _places(value, location))
    elif isinstance(values, Mapping):
        first, *others = location
        yield from ((first, *rest) for rest in _places(values.get(first), tuple(others)))


def _at(values: object, location: Location) -> object:
    for part in location:
        if isinstance(values, list) and isinstance(part, int):
            values = values[part]
        else:
            values = values.get(part) if isinstance(values, Mapping) else None
    return values


def _general(location: Location) -> Location:
    """The same without the places in lists."""
    return tuple(part for part in location if not isinstance(part, int))


def _secret_variable(location: Location, values: object) -> str:
    """The environment variable of a secret; in a list each section has one of its own."""
    variable = SECRETS[_general(location)]
    name = _at(values, (*location[:-1], "name")) if _general(location) != location else None
    return f"{variable}_{name.upper()}" if isinstance(name, str) else variable


def _with_environment(
    values: Mapping[str, Any], environment: Mapping[str, str]
) -> tuple[dict[str, Any], dict[Location, str]]:
    """The values with what the environment adds, and which variable each addition came from."""
    variables: dict[Location, str] = {}
    joined: dict[str, Any] = dict(values)
    if database := environment.get(DATABASE_VARIABLE, "").strip():
        joined["database"] = database
        variables["database",] = DATABASE_VARIABLE
    if keys := environment.get(KEYS_VARIABLE, "").strip():
        joined["keys"] = keys
        variables["keys",] = KEYS_VARIABLE
    channels = joined.get("channels")
    joined["channels"] = channels = dict(channels) if isinstance(channels, dict) else channels
    for location, variable in SECRETS.items():
        if location[0] != "channels":
            continue
        _, channel, name = location
        if not isinstance(channels, dict) or channel not in channels:
            continue
        section = channels[channel]
        if isinstance(section, list):
            channels[channel] = section = list(section)
            for number, each in enumerate(section):
                place = (*location[:2], number, str(name))
                used = _set_variable(_secret_variable(place, {"channels": channels}), variable, environment)
                if isinstance(each, dict) and used:
                    section[number] = {**each, name: environment[used].strip()}
                    variables[place] = used
        elif secret := environment.get(variable, "").strip():
            channels[channel] = {**section, name: secret} if isinstance(section, dict) else section or {name: secret}
            variables[location] = variable
    return joined, variables


def _set_variable(own: str, common: str, environment: Mapping[str, str]) -> str | None:
    """The one of a section's own, else the one for all."""
    return next((each for each in (own, common) if environment.get(each, "").strip()), None)


# Saying what is wrong ----------------------------------------------------------------------------------------


MESSAGES: Mapping[str, str] = {
    "missing": "缺少这一项 / this setting is missing",
    "int_type": "应该是整数，不加引号 / should be a whole number, without quotes",
    "int_parsing": "应该是整数 / should be a whole number",
    "int_from_float": "应该是整数，没有小数 / should be a whole number",
    "float_type": "应该是数字，不加引号 / should be a number, without quotes",
    "float_parsing": "应该是数字 / should be a number",
    "finite_number": "应该是数字 / should be a number",
    "bool_type": "只能是 true 或 false / should be true or false",
    "bool_parsing": "只能是 true 或 false / should be true or false",
    "string_type": "应该是文字 / should be text",
    "string_too_short": "不能是空的 / should not be empty",
    "string_too_long": "太长了，最多 {max_length} 个字 / too long: at most {max_length} characters",
    "string_pattern_mismatch": "中间不能有空格 / should have no blanks",
    "path_type": "应该是文件或文件夹的路径 / should be a path",
    "literal_error": "只能是 {expected} 之一 / should be one of {expected}",
    "enum": "只能是 {expected} 之一 / should be one of {expected}",
    "greater_than": "要大于 {gt:g} / should be more than {gt:g}",
    "greater_than_equal": "不能小于 {ge:g} / should be at least {ge:g}",
    "less_than": "要小于 {lt:g} / should be less than {lt:g}",
    "less_than_equal": "不能大于 {le:g} / should be at most {le:g}",
    "model_type": '下面应该是缩进的 "名字: 值" / should hold indented lines of "name: value"',
    "dict_type": '下面应该是缩进的 "名字: 值" / should hold indented lines of "name: value"',
    "mapping_type": '下面应该是缩进的 "名字: 值" / should hold indented lines of "name: value"',
    "invalid_key": "设置的名字应该是文字 / the name of a setting should be text",
}
"""pydantic's kinds of error in words for those who keep a community's settings."""


def _problem(fault: ErrorDetails, file: _File, variables: Mapping[Location, str]) -> Problem:
    location = fault["loc"]
    if location in variables:
        return Problem(None, variables[location], _message(fault))
    if fault["type"] == "missing" and _general(location) in SECRETS:
        variable = _secret_variable(location, file.values)
        message = f"请设环境变量 {variable} / set the environment variable {variable}"
        return Problem(file.line(location), _dotted(location), message)
    return Problem(file.line(location), _dotted(location), _message(fault))


def _message(fault: ErrorDetails) -> str:
    location, kind = fault["loc"], fault["type"]
    if kind == "extra_forbidden":
        return _unknown(location)
    if kind in MESSAGES:
        return MESSAGES[kind].format_map(fault.get("ctx", {}))
    return fault["msg"]


def _unknown(location: Location) -> str:
    """An unknown setting, and what was probably meant: a slip of the pen, or a name under the wrong section."""
    *parent, name = _general(location)
    for place, section in SECTIONS.items():
        if name in section.names():
            return _misplaced(place, name)
    known = SECTIONS[tuple(parent)].names()
    for near in get_close_matches(str(name), known, n=1):
        if (*parent, near) in SECRETS:
            return _secret_in_file(SECRETS[*parent, near])
        return f"不认识的设置，是不是想写 {near}？ / unknown setting; did you mean {near}?"
    choice = "、".join(known) or "(没有 / none)"
    return f"不认识的设置，这里可以写：{choice} / unknown setting; see the names on the left"


def _misplaced(place: Location, name: str | int) -> str:
    if (*place, name) in SECRETS:
        return _secret_in_file(SECRETS[*place, name])
    if where := _dotted(place):
        return f"应该写在 {where} 下面 / belongs under {where}"
    return "应该写在最外层，不缩进 / belongs at the top level, not indented"


def _dotted(location: Location) -> str:
    return ".".join(str(part) for part in location if part != "[key]")


# Showing -----------------------------------------------------------------------------------------------------


def describe(settings: Settings) -> list[str]:
    """The settings as `check` prints them, a line each, without secrets and without mobile numbers."""
    quiet, pace, due = settings.quiet_hours, settings.sending, settings.deadlines
    return [
        f"名字 / name: {settings.bot_name}",
        f"时区 / time zone: {settings.timezone}",
        f"数据库 / database: {_without_password(settings.database)}",
        f"照片 / photos: {settings.data}",
        f"密钥 / keys: {f'******({KEYS_VARIABLE})' if settings.keys else settings.keys_path}",
        f"社区 / community: {settings.community or '(未写 / none)'}",
        *(f"渠道 / channel: {line}" for line in _describe_channels(settings.channels)),
        f"日历 / calendar: {_describe_calendar(settings.calendar)}",
        f"运行状况 / status: {_describe_status(settings.status)}",
        f"备份 / backup: {_describe_backup(settings.backup)}",
        f"发送 / sending: {pace.seconds_between:g}–{pace.seconds_between + pace.jitter_seconds:g} s, "
        f"{pace.per_minute}/min, {pace.per_hour}/h, {pace.per_day}/d; pause {pace.pause_minutes} min",
        f"安静时段 / quiet hours: {quiet.begin:%H:%M}–{quiet.end:%H:%M}"
        if quiet.begin != quiet.end
        else "安静时段 / quiet hours: (没有 / none)",
        f"时限 / deadlines: 接单 accept {due.accept_hours} h, 生命 life {due.life_hours} h, "
        f"水电气暖 utility {due.utility_hours} h, 一般 ordinary {due.ordinary_days} d, 疑难 hard {due.hard_days} d",
        f"照片等 / photos within: {settings.photo_minutes} min; 提问保留 / questions kept: {settings.question_hours} h",
        f"有奖问答 / quiz: 每题 {settings.quiz_minutes} min a question, 隔 {settings.quiz_pause_seconds:g} s between",
        f"星级 / stars from: {', '.join(f'{hours} h' for hours in settings.star_hours)}",
    ]


def _describe_channels(channels: Channels) -> Iterator[str]:
    if room := channels.chat_room:
        yield f"chat_room {room.host}:{room.port}{_caution(room.host)}"
    for gateway in channels.gateways:
        yield f"{gateway.name} {gateway.endpoint}, account {gateway.account}, token ******"
    if channels.pipe:
        yield "pipe"
    if robot := channels.webhook:
        host = urlsplit(robot.url.get_secret_value()).hostname
        yield f"webhook {host}, key ******, {len(robot.staff)} 人 / people"


def _describe_calendar(calendar: CalendarSettings | None) -> str:
    if calendar is None:
        return "(没有 / none)"
    return f"{calendar.host}:{calendar.port}{_caution(calendar.host)} = {calendar.address}"


def _describe_status(status: StatusSettings | None) -> str:
    return f"{status.host}:{status.port}{_caution(status.host)}" if status else "(没有 / none)"


def _describe_backup(backup: BackupSettings) -> str:
    if not backup.nightly:
        return "(不自动做 / none by itself)"
    return f"{backup.folder}, 每天 daily {backup.at:%H:%M}, 留 kept {backup.keep_days} d"


def _caution(host: str) -> str:
    local = host in ("127.0.0.1", "localhost", "::1")
    return "" if local else "(别的机器也打得开 / other machines can open it)"


def _without_password(url: str) -> str:
    """A database URL that may be shown."""
    # Up to the last @, as a password that should have been escaped may hold any character.
    url = re.sub(r"^([\w+]+://[^:/@]*):.*@", r"\1:******@", url, flags=re.DOTALL)
    return re.sub(r"([?&](?:ssl)?password=)[^&]*", r"\1******", url, flags=re.IGNORECASE)
