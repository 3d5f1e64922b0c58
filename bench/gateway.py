"""From a message in WeChat to the answer that the gateway has accepted: the whole program, at rest, through Node's
own gateway.

The program runs as its users start it, in a process of its own, on SQLite (synchronous=FULL, on the project's
disk). The gateway is the real server of `tests/gateway/`, whose puppet notes on one clock when it announces a
message and when it is handed an answer. One message at a time, the next after a rest. The account's pace is out of
the way by settings: no seconds between two sends, limits that are not reached.
"""

import asyncio
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from subprocess import DEVNULL, Popen
from typing import Any

from bench import program
from bench.figures import ROOT, Figure, Skipped, work_folder
from bench.keys import LINE
from tests.gateway.gateway import BOT, Gateway, eventually, install_server, why_no_node

ROUNDS, MESSAGES = 5, 60
REST = 0.05
"""Seconds between an answer and the next message: the notes of what was sent are written by then."""

PATIENCE = 10.0
ROOM, STAFF, ADMIN = "xingfu@chatroom", "liu", "admin"
SPEAKERS = tuple(f"resident-{number}" for number in range((ROUNDS + 1) * MESSAGES))
"""So many that nobody reports twice: whoever reports much within a minute is answered later, and all at once."""

COMMUNITY = ROOT / "examples" / "xingfu" / "community.yaml"
PEOPLE = {STAFF: "gridhead-1", ADMIN: "admin"}
SENDING = "sending: {seconds_between: 0.001, jitter_seconds: 0, per_minute: 10000, per_hour: 100000, per_day: 100000}\n"
SAID = {"a question in private": (None, "帮助"), "a report in the group": (ROOM, "@小善 反映 3号楼2单元{words}")}


def measure() -> Iterator[Figure | Skipped]:
    """Milliseconds from the event until the answer is accepted: the median of rounds, and the hundredth's worst."""
    if (reason := why_no_node()) is not None:
        yield Skipped("event to answer through the gateway", reason)
        return
    install_server()
    with work_folder() as name, _gateway(Path(name)) as gateway, _program(Path(name), gateway):
        _bind(gateway)
        for what, (room, text) in SAID.items():
            rounds = [_round(gateway, room, text, number) for number in range(ROUNDS + 1)][1:]  # the first warms up
            every = [seconds for taken in rounds for seconds in taken]
            half = median(median(taken) for taken in rounds)
            note = "account's pace out of the way by settings; one at a time, at rest"
            yield Figure(f"{what}, event to answer, p50", half, "ms", MESSAGES, ROUNDS, None, "≤ 10", note)
            worst = quantiles(every, n=100)[-1]
            yield Figure(f"{what}, event to answer, p99", worst, "ms", len(every), 1, None, "≤ 50", note)


def _round(gateway: Gateway, room: str | None, text: str, number: int) -> list[float]:
    """Milliseconds of each message: until the first word comes back to where it was said."""
    taken = []
    for each in range(MESSAGES):
        gateway.reset()
        speaker = SPEAKERS[(number * MESSAGES + each) % len(SPEAKERS)]
        words = text.format(words=_unheard_of(number * MESSAGES + each))
        begun = gateway.ask("say", **{"from": speaker}, room=room, text=words, mentions=[BOT] if room else [])
        taken.append(_accepted(gateway, room or speaker)["at"] - begun["at"])
        time.sleep(REST)
    return taken


def _accepted(gateway: Gateway, conversation: str) -> dict[str, Any]:
    """The first answer in a conversation. Raises `TimeoutError`."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        for sent in gateway.ask("sent"):
            if sent["conversation"] == conversation:
                return dict(sent)
        time.sleep(0.01)
    raise TimeoutError(f"no answer in {conversation}")


def _unheard_of(number: int) -> str:
    """Words that nobody has used before: nothing has to be asked back."""
    return "".join(chr(0x8278 + (number * 7919 + place * 104729) % 3000) for place in range(8))


@contextmanager
def _gateway(folder: Path) -> Iterator[Gateway]:
    gateway = Gateway(folder / "gateway.log")
    gateway.start()
    try:
        everybody = [*PEOPLE, *SPEAKERS]
        for contact in everybody:
            gateway.contact(contact, f"微信{contact}")
        gateway.room(ROOM, "天天向善", everybody)
        yield gateway
    finally:
        gateway.close()


@contextmanager
def _program(folder: Path, gateway: Gateway) -> Iterator[None]:
    """`python -m bot run`, logged in."""
    (folder / "community.yaml").write_text(_with_wechat_ids(COMMUNITY.read_text(encoding="utf-8")), encoding="utf-8")
    config = folder / "config.yaml"
    config.write_text(
        f"database: sqlite:///{folder}/bench.db\ndata: {folder}\ncommunity: {folder}/community.yaml\n{SENDING}"
        f"channels:\n  wechaty:\n    endpoint: {gateway.endpoint}\n",
        encoding="utf-8",
    )
    environment = program.environment() | {"XIAOSHAN_WECHATY_TOKEN": gateway.token, "XIAOSHAN_KEYS": LINE}
    command = [sys.executable, "-m", "bot", "run", "--config", str(config)]
    with Popen(command, cwd=ROOT, env=environment, stdout=DEVNULL, stderr=DEVNULL) as process:
        try:
            asyncio.run(eventually(gateway.listening, program.PATIENCE))
            yield
        finally:
            process.terminate()


def _bind(gateway: Gateway) -> None:
    gateway.say(ADMIN, "@小善\u2005绑定", room=ROOM, mentions=[BOT])
    _accepted(gateway, ROOM)


def _with_wechat_ids(community: str) -> str:
    """The demo community in which some people have an account of WeChat."""
    for contact, person in PEOPLE.items():
        entry = rf"^( +)- id: {person}(?=\s)"
        added = rf"\g<0>\n\1  addresses: {{wechaty: {contact}}}"
        community = re.sub(entry, added, community, count=1, flags=re.MULTILINE)
    return community
