"""A real Wechaty gateway for tests: Node's own server serving a mock of WeChat, driven over a control port.

gateway.contact("zhang", "张阿姨")
gateway.room("xingfu@chatroom", "天天向善", ["zhang"])
gateway.say("zhang", "@小善 帮助", room="xingfu@chatroom", mentions=[BOT])
answers = await eventually(gateway.sent)
"""

import asyncio
import base64
import fcntl
import hashlib
import os
import secrets
import select
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

BOT = "bot"
"""The contact id of the account that the gateway is logged in as; its name is 小善."""

SERVER = Path(__file__).parent / "server"

Value = TypeVar("Value")


async def eventually(condition: Callable[[], Value], seconds: float = 20) -> Value:
    """The first true value of `condition`; fails when there is none in time."""
    clock = asyncio.get_running_loop().time
    deadline = clock() + seconds
    while not (value := condition()):
        assert clock() < deadline, f"not so after {seconds} s"
        await asyncio.sleep(0.02)
    return value


@dataclass(frozen=True, slots=True)
class Sent:
    """What the bot sent: a text with the ids of the people mentioned, or a picture."""

    id: str
    conversation: str
    text: str
    mentions: tuple[str, ...]
    picture: bytes | None
    picture_name: str


class Gateway:
    """A gateway process and its control port. It keeps its ports and token over restarts, but not its contacts."""

    def __init__(self, log: Path) -> None:
        self.port, self._control_port = _free_port(), _free_port()
        self.token = secrets.token_hex(8)
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._client = httpx.Client(base_url=f"http://127.0.0.1:{self._control_port}", trust_env=False, timeout=10)

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self.port}"

    # ── the process ──

    def start(self) -> None:
        """Starts the process, unless it runs, and returns when both its ports answer."""
        if self._process is not None:
            return
        arguments = ["node", "gateway.mjs", self.token, str(self.port), str(self._control_port)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                arguments,
                cwd=SERVER,
                env=os.environ | {"WECHATY_LOG": "silent"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        assert self._process.stdout is not None
        answered, _, _ = select.select([self._process.stdout], [], [], 60)
        if not answered or self._process.stdout.readline() != b"ready\n":
            self.kill()
            pytest.fail(f"the gateway did not start:\n{self._log.read_text()}")

    def kill(self) -> None:
        if self._process is None:
            return
        self._process.kill()
        self._process.communicate()
        self._process = None

    def freeze(self) -> None:
        """The process stands still; its connections stay open."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        self._client.close()
        self.kill()

    # ── people and groups ──

    def contact(self, contact: str, name: str, *, friend: bool = True) -> None:
        self._do("contact", id=contact, name=name, friend=friend)

    def rename(self, contact: str, name: str) -> None:
        self._do("rename", id=contact, name=name)

    def room(self, room: str, topic: str, members: Sequence[str]) -> None:
        """Makes a group with these people and the bot in it. As in WeChat, a room's id has an @ in it."""
        self._do("room", id=room, topic=topic, members=list(members))

    def change_topic(self, room: str, topic: str, by: str) -> None:
        self._do("topic", room=room, topic=topic, by=by)

    def everybody(self) -> dict[str, list[dict[str, Any]]]:
        """The contacts and the rooms there are, as the gateway keeps them."""
        known: dict[str, list[dict[str, Any]]] = self._do("list")
        return known

    # ── what people do ──

    def say(
        self, sender: str, text: str, *, room: str | None = None, mentions: Sequence[str] = (), **more: object
    ) -> str:
        """Says something in a room, or to the bot in private; the message's id. `more` sets its id, type, timestamp."""
        return str(self._do("say", **{"from": sender}, room=room, text=text, mentions=list(mentions), **more)["id"])

    def say_again(self, message: str) -> None:
        """Announces a message once more under its own id, as gateways do."""
        self._do("again", id=message)

    def send_photo(self, sender: str, picture: bytes, *, room: str | None = None, name: str = "photo.jpg") -> str:
        encoded = base64.b64encode(picture).decode()
        return str(self._do("photo", **{"from": sender}, room=room, name=name, base64=encoded)["id"])

    def ask_friendship(self, contact: str, request: str, hello: str = "") -> None:
        self._do("friend", id=request, contact=contact, hello=hello)

    # ── what the bot did ──

    def sent(self, since: int = 0) -> list[Sent]:
        """Everything that the bot sent since the last reset, from the index `since` on."""
        return [_sent(message) for message in self._do("sent", since=since)]

    def accepted(self) -> list[str]:
        """The ids of the friend requests that the bot accepted."""
        return list(self._do("accepted"))

    def listening(self) -> bool:
        """Whether a client reads the event stream."""
        return bool(self._do("listening"))

    # ── faults ──

    def fail(self, conversation: str, error: str | None) -> None:
        """Lets sending to a conversation fail with this text, or work again."""
        self._do("fail", conversation=conversation, error=error)

    def delay(self, payload: str, seconds: float) -> None:
        """Lets the payload of a contact, room or message come late, the first time that it is asked for."""
        self._do("delay", id=payload, milliseconds=round(seconds * 1000))

    def emit_error(self) -> None:
        self._do("error")

    def end_stream(self) -> None:
        self._do("end")

    def logout(self) -> None:
        self._do("logout")

    def login(self) -> None:
        self._do("login")

    def reset(self) -> None:
        """Forgets what was sent and accepted, and every fault; contacts and rooms stay. Logs in if need be."""
        self._do("reset")

    def ask(self, what: str, **arguments: object) -> Any:
        """Does something, and gives all that the control port says of it."""
        return self._do(what, **arguments)

    def _do(self, what: str, **arguments: object) -> Any:
        given = {name: value for name, value in arguments.items() if value is not None}
        response = self._client.post(f"/{what}", json=given)
        assert response.status_code == 200, response.text
        return response.json()


def install_server() -> None:
    """Installs the server's packages, unless they are. One process at a time: the tests run in several."""
    key = hashlib.sha256((SERVER / "package-lock.json").read_bytes()).hexdigest()
    stamp = SERVER / "node_modules" / ".installed-from"
    here = hashlib.sha256(bytes(SERVER)).hexdigest()[:12]
    with (Path(tempfile.gettempdir()) / f"gateway-for-tests-{here}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with suppress(FileNotFoundError):
            if stamp.read_text() == key:
                return
        done = subprocess.run(["npm", "ci"], cwd=SERVER, capture_output=True, text=True, timeout=600)
        if done.returncode:
            pytest.fail(f"npm ci failed:\n{done.stderr}")
        stamp.write_text(key)


def why_no_node() -> str | None:
    """What is missing to run a gateway here, or None."""
    if not shutil.which("node") or not shutil.which("npm"):
        return "Node and npm are not installed"
    version = subprocess.run(["node", "--version"], capture_output=True, text=True).stdout.strip()
    if int(version.removeprefix("v").partition(".")[0] or 0) < 18:
        return f"Node {version} is too old: 18 or later is needed"
    return None


def _sent(message: dict[str, Any]) -> Sent:
    picture = base64.b64decode(message["base64"]) if "base64" in message else None
    return Sent(
        id=message["id"],
        conversation=message["conversation"],
        text=message.get("text", ""),
        mentions=tuple(message.get("mentions", ())),
        picture=picture,
        picture_name=message.get("name", ""),
    )


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
