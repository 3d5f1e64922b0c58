"""The group robot: its refusals are understood, its key stays hidden, its pace is kept."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import respx
import stamina
from hypothesis import given
from hypothesis import strategies as some
from pydantic import SecretStr

from bot.channels import Channel, Mention, NotConnected, Outgoing, SendFailed, Throttled, Uncertain, Unreachable
from bot.channels.webhook import CONNECT_ATTEMPTS, PER_MINUTE, TEXT_BYTES, Rejected, Webhook, cut
from handlers.messages import Incoming

URL = "https://robot.example/send?key=geheim"
MOBILE = "13800000000"


class Clock:
    """Seconds that pass when told."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def outgoing(
    text: str = "有一件新诉求",
    group: str | None = None,
    to: str | None = MOBILE,
    mentions: tuple[Mention, ...] = (),
    photos: tuple[Path, ...] = (),
) -> Outgoing:
    return Outgoing(account="robot", group=group, to=to, text=text, mentions=mentions, photos=photos)


async def hear_nothing(message: Incoming) -> bool:
    raise AssertionError("a robot hears nothing")


@pytest.fixture(autouse=True)
def no_waiting_between_attempts() -> Iterator[None]:
    with stamina.set_testing(True, attempts=CONNECT_ATTEMPTS):
        yield


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def robot() -> Iterator[respx.Route]:
    with respx.mock(assert_all_called=False) as router:
        yield router.post(URL).respond(json={"errcode": 0, "errmsg": "ok"})


@pytest.fixture
async def webhook(robot: respx.Route, clock: Clock) -> AsyncIterator[Webhook]:
    channel = Webhook(SecretStr(URL), clock)
    running = asyncio.create_task(channel.run(hear_nothing))
    await asyncio.sleep(0)  # lets it start
    yield channel
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def failure(webhook: Webhook, message: Outgoing | None = None) -> SendFailed:
    with pytest.raises(SendFailed) as raised:
        await webhook.send(message or outgoing())
    assert raised.value.__context__ is None, "httpx's exception holds the address"
    assert "geheim" not in str(raised.value)
    return raised.value


def body(robot: respx.Route) -> dict[str, object]:
    sent = json.loads(robot.calls.last.request.content)
    assert sent["msgtype"] == "text"
    text: dict[str, object] = sent["text"]
    return text


# What goes wrong


@pytest.mark.parametrize("code", [93000, 93004, 93008, 40001, 40008, 40058, 44004])
async def test_what_will_not_get_better_is_rejected_for_good(webhook: Webhook, robot: respx.Route, code: int) -> None:
    robot.respond(json={"errcode": code, "errmsg": "invalid webhook url, key geheim"})
    fault = await failure(webhook)
    assert isinstance(fault, Rejected)
    assert isinstance(fault, Unreachable), "delivery knows that word: no further tries"
    assert str(code) in str(fault)


async def test_a_robot_removed_from_its_group_says_what_to_do(webhook: Webhook, robot: respx.Route) -> None:
    robot.respond(json={"errcode": 93000})
    assert "请换新地址" in str(await failure(webhook))


@pytest.mark.parametrize("code", [45009, 45033])
async def test_too_often_is_a_pause_of_a_minute(webhook: Webhook, robot: respx.Route, code: int) -> None:
    robot.respond(json={"errcode": code})
    fault = await failure(webhook)
    assert isinstance(fault, Throttled)
    assert fault.pause == timedelta(minutes=1)


async def test_http_429_is_a_pause_too(webhook: Webhook, robot: respx.Route) -> None:
    robot.respond(429)
    assert isinstance(await failure(webhook), Throttled)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(httpx.Response(500), id="500"),
        pytest.param(httpx.Response(502, text="<html>"), id="502"),
        pytest.param(httpx.Response(302, headers={"Location": "/login?key=geheim"}), id="redirect"),
        pytest.param(httpx.Response(200, text="<html>"), id="no JSON"),
        pytest.param(httpx.Response(200, content=b"\xff\xfe\x00"), id="no text"),
        pytest.param(httpx.Response(200, json=[]), id="a list"),
        pytest.param(httpx.Response(200, json={}), id="no errcode"),
        pytest.param(httpx.Response(200, json={"errcode": "0"}), id="errcode of another type"),
        pytest.param(httpx.Response(200, json={"errcode": -1}), id="busy"),
        pytest.param(httpx.Response(200, json={"errcode": 123456}), id="unknown errcode"),
    ],
)
async def test_trouble_that_may_pass_is_tried_again_later(
    webhook: Webhook, robot: respx.Route, answer: httpx.Response
) -> None:
    robot.mock(return_value=answer)
    assert type(await failure(webhook)) is SendFailed
    assert robot.call_count == 1


async def test_http_404_is_rejected(webhook: Webhook, robot: respx.Route) -> None:
    robot.respond(404)
    assert isinstance(await failure(webhook), Rejected)


@pytest.mark.parametrize("refusal", [httpx.ConnectError, httpx.ConnectTimeout])
async def test_no_connection_is_tried_again_and_then_said(
    webhook: Webhook, robot: respx.Route, refusal: type[httpx.TransportError]
) -> None:
    robot.mock(side_effect=refusal("geheim"))
    assert isinstance(await failure(webhook), NotConnected)
    assert robot.call_count == CONNECT_ATTEMPTS


async def test_a_connection_that_comes_back_at_once_is_not_noticed(webhook: Webhook, robot: respx.Route) -> None:
    robot.mock(side_effect=[httpx.ConnectError("refused"), httpx.Response(200, json={"errcode": 0})])
    assert await webhook.send(outgoing()) is None


@pytest.mark.parametrize("loss", [httpx.ReadTimeout, httpx.WriteError, httpx.RemoteProtocolError])
async def test_what_may_have_arrived_is_not_doubled_here(
    webhook: Webhook, robot: respx.Route, loss: type[httpx.TransportError]
) -> None:
    robot.mock(side_effect=loss("geheim"))
    assert type(await failure(webhook)) is Uncertain
    assert robot.call_count == 1


@pytest.mark.parametrize("message", [outgoing(group="room"), outgoing(to=None), outgoing(group="room", to=None)])
async def test_a_robot_has_no_groups(webhook: Webhook, robot: respx.Route, message: Outgoing) -> None:
    assert isinstance(await failure(webhook, message), Rejected)
    assert not robot.called


async def test_nothing_is_sent_before_and_after_it_runs(robot: respx.Route) -> None:
    channel = Webhook(SecretStr(URL))
    assert isinstance(await failure(channel), NotConnected)
    running = asyncio.create_task(channel.run(hear_nothing))
    await asyncio.sleep(0)
    await channel.send(outgoing())
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    assert isinstance(await failure(channel), NotConnected)
    assert robot.call_count == 1


async def test_an_address_that_is_none_is_rejected_without_being_said() -> None:
    channel = Webhook(SecretStr("https://robot.example:geheim/"))
    running = asyncio.create_task(channel.run(hear_nothing))
    await asyncio.sleep(0)
    assert isinstance(await failure(channel), Rejected)
    running.cancel()


# The key


async def test_the_key_is_in_no_log(webhook: Webhook, robot: respx.Route, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        await webhook.send(outgoing())
        robot.mock(side_effect=httpx.ConnectError("refused"))
        await failure(webhook)
    assert "HTTP Request: POST https://robot.example/send?key=***" in caplog.text
    assert "geheim" not in caplog.text
    assert "有一件新诉求" not in caplog.text
    assert MOBILE not in caplog.text


def test_the_key_is_in_no_repr() -> None:
    assert "geheim" not in repr(vars(Webhook(SecretStr(URL))))


# The pace


async def test_the_twenty_first_in_a_minute_waits_for_the_first_to_leave_it(
    webhook: Webhook, robot: respx.Route, clock: Clock
) -> None:
    for _ in range(PER_MINUTE):
        await webhook.send(outgoing())
        clock.now += 1
    fault = await failure(webhook)
    assert isinstance(fault, Throttled)
    assert fault.pause == timedelta(seconds=60 - PER_MINUTE)
    assert robot.call_count == PER_MINUTE
    clock.now += fault.pause.total_seconds()
    await webhook.send(outgoing())
    assert isinstance(await failure(webhook), Throttled)
    assert robot.call_count == PER_MINUTE + 1


async def test_many_at_once_do_not_slip_through(webhook: Webhook, robot: respx.Route) -> None:
    answers = await asyncio.gather(*(webhook.send(outgoing()) for _ in range(30)), return_exceptions=True)
    assert sum(isinstance(answer, Throttled) for answer in answers) == 30 - PER_MINUTE
    assert robot.call_count == PER_MINUTE


# What is sent


async def test_the_words_and_whom_they_are_for(webhook: Webhook, robot: respx.Route) -> None:
    other = Mention("13900000000", "老李")
    await webhook.send(outgoing("电梯坏了", mentions=(other, Mention(MOBILE, "小张"))))
    assert body(robot) == {"content": "电梯坏了", "mentioned_mobile_list": [MOBILE, "13900000000"]}


async def test_photos_are_counted_within_the_limit(webhook: Webhook, robot: respx.Route) -> None:
    await webhook.send(outgoing("楼" * 1000, photos=(Path("a.jpg"), Path("b.jpg"))))
    content = str(body(robot)["content"])
    assert content.endswith("…\n[照片 2 张]")
    assert len(content.encode()) <= TEXT_BYTES


async def test_a_long_text_loses_whole_lines(webhook: Webhook, robot: respx.Route) -> None:
    line = "第三行很长" * 20
    await webhook.send(outgoing("\n".join([line] * 10)))
    assert body(robot)["content"] == "\n".join([line] * 6 + ["…"])


@given(some.text(some.characters(codec="utf-8")), some.integers(8, 200))
def test_a_cut_text_fits_and_is_a_beginning(text: str, limit: int) -> None:
    short = cut(text, limit)
    assert len(short.encode()) <= limit
    assert short == text or (short.endswith("…") and text.startswith(short.removesuffix("…")))


def test_a_webhook_is_a_channel() -> None:
    channel: Channel = Webhook(SecretStr(URL))
    assert channel.name == "webhook"
