"""The chat room's page in a real browser: two people, a phone, a lost connection."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

import pytest
import pytest_asyncio
from PIL import Image
from playwright.async_api import Browser, FilePayload, Page, ViewportSize, expect

from bot.channels import Mention, Outgoing
from bot.channels.chat_room import ChatGroup, ChatRoom, Persona
from handlers.messages import Incoming

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

DESKTOP = ViewportSize(width=1280, height=800)
PHONE = ViewportSize(width=390, height=844)
GROUP = "group:g1"
PEOPLE = [
    Persona("wang", "王秀英", "居民"),
    Persona("li", "老李", "居民"),
    Persona("gridhead-1", "刘建国", "网格长(1–4号楼)"),
    *(Persona(f"many-{number}", f"名字很长很长很长很长的邻居{number}", "志愿者(量血压、缝补)") for number in range(40)),
]


def chat_room(port: int = 0) -> ChatRoom:
    return ChatRoom(
        host="127.0.0.1",
        port=port,
        personas=lambda: PEOPLE,
        groups=lambda: [ChatGroup("g1", "天天向善", "幸福社区")],
        clock=lambda: datetime(2026, 12, 2, 4, tzinfo=UTC),
    )


@asynccontextmanager
async def running(room: ChatRoom, received: list[Incoming]) -> AsyncIterator[ChatRoom]:
    async def receive(incoming: Incoming) -> bool:
        received.append(incoming)
        return True

    task = asyncio.create_task(room.run(receive))
    await asyncio.wait_for(room.started.wait(), 5)
    try:
        yield room
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.fixture
def received() -> list[Incoming]:
    return []


@pytest_asyncio.fixture(loop_scope="module")
async def room(received: list[Incoming]) -> AsyncIterator[ChatRoom]:
    async with running(chat_room(), received) as opened:
        yield opened


@asynccontextmanager
async def page_of(browser: Browser, room: ChatRoom, who: str = "", size: ViewportSize = DESKTOP) -> AsyncIterator[Page]:
    """One person's page; whatever it complains about in the console fails the test."""
    context = await browser.new_context(viewport=size)
    page = await context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    await page.goto(room.address + (f"?as={who}" if who else ""))
    if who:
        await expect(page.locator("body")).to_have_attribute("data-connection", "open")
    yield page
    await context.close()
    assert errors == []


async def say(page: Page, chat: str, text: str) -> None:
    entry = page.locator(f'[data-chat="{chat}"] textarea')
    await entry.fill(text)
    await entry.press("Enter")


async def test_two_people_talk_and_the_bot_answers(browser: Browser, room: ChatRoom, received: list[Incoming]) -> None:
    async with page_of(browser, room, "wang") as wang, page_of(browser, room, "li") as li:
        await wang.locator(f'[data-chat="{GROUP}"] .mention').click()
        entry = wang.locator(f'[data-chat="{GROUP}"] textarea')
        await expect(entry).to_have_value("@小善 ")
        await entry.press_sequentially("电梯坏了")
        await entry.press("Shift+Enter")
        await entry.press_sequentially("<b>快来</b>")
        await entry.press("Enter")
        await expect(wang.locator(".line.mine")).to_have_attribute("data-state", "kept")
        heard = li.locator(f'[data-chat="{GROUP}"] .line').last
        await expect(heard.locator(".bubble")).to_have_text("@小善 电梯坏了\n<b>快来</b>", use_inner_text=True)
        await expect(heard.locator(".from b")).to_have_text("王秀英")

        await room.send(Outgoing("chat_room", "g1", None, "收到,编号0001", (Mention("wang", "王秀英"),)))
        for page in (wang, li):
            await expect(page.locator(f'[data-chat="{GROUP}"] .line.bot .bubble')).to_have_text("@王秀英 收到,编号0001")
        await expect(wang.locator(".to-me")).to_have_text("@王秀英")
        await expect(li.locator(".to-me")).to_have_count(0)
    assert [message.mentions_bot for message in received] == [True]


async def test_the_private_chat_stays_private(browser: Browser, room: ChatRoom, received: list[Incoming]) -> None:
    async with page_of(browser, room, "wang") as wang, page_of(browser, room, "li") as li:
        await say(wang, "private", "查 0001")
        await expect(wang.locator('[data-chat="private"] .line.mine')).to_have_attribute("data-state", "kept")
        await room.send(Outgoing("chat_room", None, "wang", "0001 物业维修中"))
        await expect(wang.locator('[data-chat="private"] .line.bot .bubble')).to_have_text("0001 物业维修中")
        await say(wang, GROUP, "早上好")
        await expect(li.locator(".bubble")).to_have_text(["早上好"])
    assert [message.group for message in received] == [None, "g1"]


async def test_choosing_who_you_are(browser: Browser, room: ChatRoom) -> None:
    async with page_of(browser, room) as page:
        await page.fill("#find", "网格长")
        await expect(page.locator("[data-person]:visible")).to_have_count(1)
        await page.click('[data-id="gridhead-1"]')
        await expect(page.locator(".bar .who b")).to_have_text("刘建国")
        await page.click(".switch")
        await page.fill("#nickname", "三栋小张")
        await page.click(".newcomer button")
        await expect(page.locator(".bar .who b")).to_have_text("三栋小张")
        address = page.url
        await page.reload()
        assert page.url == address
        await expect(page.locator(".bar .who b")).to_have_text("三栋小张")
        await page.click('#recent [title="换成刘建国"]')
        await expect(page.locator(".bar .who b")).to_have_text("刘建国")


async def test_a_photo_opens_large(browser: Browser, room: ChatRoom, received: list[Incoming]) -> None:
    drawn = io.BytesIO()
    Image.new("RGB", (64, 48), "#23568f").save(drawn, "PNG")
    photo = FilePayload(name="a.png", mimeType="image/png", buffer=drawn.getvalue())
    async with page_of(browser, room, "wang") as wang, page_of(browser, room, "li") as li:
        await wang.locator(f'[data-chat="{GROUP}"] .photo-input').set_input_files(photo)
        await expect(wang.locator(".line.mine")).to_have_attribute("data-state", "kept")
        await li.locator(".bubble.photo button").click()
        await expect(li.locator("#viewer img")).to_have_js_property("naturalWidth", 64)
        await li.keyboard.press("Escape")
        await expect(li.locator("#viewer")).not_to_be_visible()
    assert received[0].fetch_photo is not None
    assert await received[0].fetch_photo() == drawn.getvalue()


async def test_on_a_phone_one_chat_at_a_time_and_nothing_is_wider(browser: Browser, room: ChatRoom) -> None:
    async with page_of(browser, room, "wang", PHONE) as wang, page_of(browser, room, "", PHONE) as start:
        await room.send(Outgoing("chat_room", None, "wang", "约好了:12月9日(周三)14:00"))
        await expect(wang.locator('[data-tab="private"] .badge')).to_have_text("1")
        await expect(wang.locator('[data-chat="private"]')).not_to_be_visible()
        for words in ("长" * 10_000, "a" * 500, "👍🏽" * 40):
            await say(wang, GROUP, words)
        await expect(wang.locator('.line[data-state="kept"]')).to_have_count(3)
        await wang.click('[data-tab="private"]')
        await expect(wang.locator('[data-chat="private"] .bubble')).to_be_visible()
        await expect(wang.locator('[data-tab="private"] .badge')).not_to_be_visible()
        for page in (wang, start):
            assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


async def test_an_example_fills_the_composer_and_the_private_chat_is_beside_the_group(
    browser: Browser, room: ChatRoom, received: list[Incoming]
) -> None:
    async with page_of(browser, room, "wang") as wang:
        await wang.click('[data-chat="private"] .example >> text=帮助')
        entry = wang.locator('[data-chat="private"] textarea')
        await entry.dispatch_event("keydown", {"key": "Enter", "isComposing": True})
        await expect(entry, "an input method's Enter sends nothing").to_have_value("帮助")
        await expect(wang.locator(f'[data-chat="{GROUP}"]')).to_be_visible()
    assert received == []


async def test_what_was_said_while_the_connection_was_lost_arrives_once(
    browser: Browser, received: list[Incoming]
) -> None:
    async with running(chat_room(), received) as first:
        page_opened = page_of(browser, first, "wang")
        wang = await page_opened.__aenter__()
    await expect(wang.locator("#connection")).to_have_text("重新连接中…")
    await say(wang, GROUP, "有人吗")
    await expect(wang.locator(".line.mine")).to_have_attribute("data-state", "waiting")
    port = int(first.address.rstrip("/").rsplit(":", 1)[1])
    async with running(chat_room(port), received):
        await expect(wang.locator(".line.mine")).to_have_attribute("data-state", "kept")
        await expect(wang.locator("#connection")).not_to_be_visible()
        await page_opened.__aexit__(None, None, None)
    assert [message.text for message in received] == ["有人吗"]
