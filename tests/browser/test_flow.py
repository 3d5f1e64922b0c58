"""The first grievance in the chat room: the real program in its own process, two people in two tabs."""

import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, FilePayload, Page, ViewportSize, expect

from tests.dialogue import picture

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

ROOT = Path(__file__).parents[2]
GROUP, PRIVATE = '[data-chat="group:天天向善"]', '[data-chat="private"]'
DESKTOP, PHONE = ViewportSize(width=1280, height=800), ViewportSize(width=390, height=844)


@pytest_asyncio.fixture(loop_scope="module")
async def address(tmp_path: Path) -> AsyncIterator[str]:
    """Where the chat room of a program that has just started is."""
    config = tmp_path / "config.yaml"
    config.write_text(
        f"database: sqlite:///{tmp_path}/x.db\ndata: {tmp_path}\n"
        "community: examples/xingfu/community.yaml\nchannels: {chat_room: {port: 0}}\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "bot", "run", "--config", str(config)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        announced = process.stdout.readline()
        yield announced[announced.index("http") :].strip()
        process.terminate()
        assert process.wait(timeout=20) == 0


@asynccontextmanager
async def tab(browser: Browser, address: str, person: str, size: ViewportSize = DESKTOP) -> AsyncIterator[Page]:
    context = await browser.new_context(viewport=size)
    page = await context.new_page()
    await page.goto(f"{address}?as={person}")
    await expect(page.locator("body")).to_have_attribute("data-connection", "open")
    yield page
    await context.close()


async def say(page: Page, chat: str, words: str) -> None:
    box = page.locator(f"{chat} textarea")
    await box.fill(words)
    await box.press("Enter")
    await expect(page.locator(f"{chat} .line.mine").last).to_have_attribute("data-state", "kept")


async def hears(page: Page, chat: str, words: str) -> None:
    await expect(page.locator(f"{chat} .line.bot .bubble").filter(has_text=words).last).to_be_visible()


async def test_a_grievance_between_two_tabs(browser: Browser, address: str, tmp_path: Path) -> None:
    async with (
        tab(browser, address, "resident-3-501") as zhao,
        tab(browser, address, "gridhead-1") as liu,
        tab(browser, address, "gridhead-2", PHONE) as other,
    ):
        await say(zhao, GROUP, "今天天气真好")
        await say(zhao, GROUP, "@小善 3号楼2单元电梯坏了,老人下不了楼")
        await hears(zhao, GROUP, "编号0001")
        await hears(liu, GROUP, "编号0001")
        await hears(zhao, PRIVATE, "0001记下了:3号楼2单元")
        await hears(liu, PRIVATE, "新诉求0001")
        photo = FilePayload(name="电梯.jpg", mimeType="image/jpeg", buffer=picture())
        await zhao.locator(f"{GROUP} .photo-input").set_input_files(photo)
        await hears(liu, PRIVATE, "0001补了照片,一共1张")
        await say(liu, PRIVATE, "接 0001")
        await hears(zhao, PRIVATE, "网格长刘建国接了")
        await expect(liu.locator(f"{PRIVATE} .line.bot img").first).to_be_visible()
        await say(liu, PRIVATE, "办结 0001 电梯公司已修好")
        await hears(zhao, PRIVATE, "0001 电梯办好了吗")
        await say(zhao, PRIVATE, "1")
        await hears(zhao, PRIVATE, "您满意吗")
        await say(zhao, PRIVATE, "1")
        await hears(zhao, PRIVATE, "0001结了")
        await hears(liu, PRIVATE, "满意。结了")
        await expect(other.locator(f"{PRIVATE} .line.bot")).to_have_count(0)
        for page, name in ((zhao, "resident"), (liu, "gridhead"), (other, "phone")):
            wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide <= 0, name
            await page.screenshot(path=tmp_path / f"{name}.png")


async def test_a_newcomer_on_a_phone(browser: Browser, address: str, tmp_path: Path) -> None:
    async with tab(browser, address, "resident-3-501", PHONE) as page:
        await page.goto(address)
        await page.fill("#nickname", "小张")
        await page.click(".newcomer button")
        await page.click('[data-tab="private"]')
        await say(page, PRIVATE, "你好呀")
        await hears(page, PRIVATE, "没太明白")
        await say(page, PRIVATE, "1")
        await hears(page, PRIVATE, "什么事、在哪里")
        await say(page, PRIVATE, "三号楼二单元没水了")
        await hears(page, PRIVATE, "0001记下了:三号楼二单元")
        await page.screenshot(path=tmp_path / "newcomer.png")
