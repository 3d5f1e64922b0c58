"""A market in the chat room: numbers, a chain, and the pictures that are drawn, at a desk and on a phone."""

import re
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, ViewportSize, expect

from bot.app import open_database
from bot.clock import now
from community.rules import CHINA
from storage.tables import SignUpPart, SignUpState
from tests.browser.test_booking_flow import fits
from tests.browser.test_flow import DESKTOP, GROUP, PHONE, PRIVATE, ROOT, hears, say, tab
from tests.conftest import XINGFU
from tests.keys import KEYS
from tests.test_market_figures import give, hold, sign_up

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

ELDER, HELPER, WORKER = "elder-5-102", "volunteer-repair", "worker"
IN_FIVE_DAYS = (now().astimezone(CHINA) + timedelta(days=5)).replace(hour=9, minute=0, second=0, microsecond=0)
LAST_WEEK = IN_FIVE_DAYS - timedelta(days=12)
DAY = f"{IN_FIVE_DAYS.month}月{IN_FIVE_DAYS.day}日"


@pytest_asyncio.fixture(loop_scope="module")
async def address(tmp_path: Path) -> AsyncIterator[str]:
    """Where the chat room of a program is that knows of one market, E001 of last week, and makes none by itself."""
    file, database = tmp_path / "community.yaml", f"sqlite:///{tmp_path}/x.db"
    file.write_text(
        re.sub(r"^    when: 每月第一个周末.*\n", "", XINGFU.read_text("utf-8"), flags=re.MULTILINE), "utf-8"
    )
    with_market(database, file)
    config = tmp_path / "config.yaml"
    config.write_text(
        f"database: {database}\ndata: {tmp_path}\ncommunity: {file}\nchannels: {{chat_room: {{port: 0}}}}\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "bot", "run", "--config", str(config)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        announced = process.stdout.readline()
        yield announced[announced.index("http") :].strip()
        process.terminate()
        assert process.wait(timeout=20) == 0


def with_market(url: str, file: Path) -> None:
    """Two helpers and two visitors came; one of each did not."""
    database = open_database(url, KEYS, file, LAST_WEEK - timedelta(days=30))
    with database.begin() as store:
        event = hold(store, LAST_WEEK, ("量血压", "修家电", "缝补"))
        repaired = sign_up(store, event, 1, SignUpState.LEFT, HELPER)
        measured = sign_up(store, event, 0, SignUpState.LEFT, "volunteer-medical")
        sign_up(store, event, 2, SignUpState.MISSED, "volunteer-sewing")
        sign_up(store, event, 0, SignUpState.CAME, ELDER, part=SignUpPart.VISITOR)
        sign_up(store, event, 1, SignUpState.CAME, "resident-3-501", part=SignUpPart.VISITOR)
        sign_up(store, event, 1, SignUpState.MISSED, "resident-1-201", part=SignUpPart.VISITOR)
        give(store, event, HELPER, 120, repaired)
        give(store, event, "volunteer-medical", 120, measured)
    database.close()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_a_market(browser: Browser, address: str, tmp_path: Path, size: ViewportSize) -> None:
    async with (
        tab(browser, address, WORKER, size) as worker,
        tab(browser, address, ELDER, size) as elder,
        tab(browser, address, HELPER, size) as helper,
    ):
        await open_market(worker, size)
        await look_at(elder, GROUP, size)
        await say(elder, GROUP, "@小善 取号 量血压")
        await look_at(elder, PRIVATE, size)
        await hears(elder, PRIVATE, "量血压,09:00那组,第1号")
        await take_another(elder, tmp_path)

        await look_at(helper, GROUP, size)
        await say(helper, GROUP, f"#接龙\n{DAY}雷锋集市志愿者\n例 张三 修家电\n\n1. 许大勇 修家电\n2. 王姐 缝补 2人")
        await helper.screenshot(path=tmp_path / "chain.png")
        await look_at(helper, PRIVATE, size)
        await say(helper, PRIVATE, "我的报名")
        await hears(helper, PRIVATE, "雷锋集市的修家电")

        await say(worker, PRIVATE, "签到码 E002")
        await hears(worker, PRIVATE, "雷锋集市的签到码")
        await sees_picture(worker, 1, tmp_path / "code.png")
        await certify(helper, worker, tmp_path)
        await say(worker, PRIVATE, "集市统计图 E001")
        await hears(worker, PRIVATE, "E001 雷锋集市")
        await sees_picture(worker, 2, tmp_path / "figures.png")


async def open_market(worker: Page, size: ViewportSize) -> None:
    await look_at(worker, PRIVATE, size)
    await say(worker, PRIVATE, f"发起 雷锋集市 {DAY}9点 文化广场")
    await hears(worker, PRIVATE, "E002 雷锋集市")
    await say(worker, PRIVATE, "1")
    await hears(worker, PRIVATE, "发布了,E002 雷锋集市")


async def take_another(elder: Page, tmp_path: Path) -> None:
    """Without a stall the stalls are offered by number; what is to be repaired is asked for."""
    await say(elder, PRIVATE, "取号")
    await hears(elder, PRIVATE, "取哪个摊的号?")
    await fits(elder)
    await elder.screenshot(path=tmp_path / "choices.png")
    await say(elder, PRIVATE, "2")
    await hears(elder, PRIVATE, "要修什么?")
    await say(elder, PRIVATE, "电饭锅")
    await hears(elder, PRIVATE, "修家电,09:00那组,第1号")
    await say(elder, PRIVATE, "我的号")
    await hears(elder, PRIVATE, "·雷锋集市的修家电")
    bubble = elder.locator(f"{PRIVATE} .line.bot .bubble").last
    await expect(bubble).to_contain_text(
        re.compile("雷锋集市的量血压.*第1号,09:00那组.*雷锋集市的修家电.*第1号", re.DOTALL)
    )
    await fits(elder)
    await elder.screenshot(path=tmp_path / "mine.png")


async def certify(helper: Page, worker: Page, tmp_path: Path) -> None:
    await say(helper, PRIVATE, f"开证明 {LAST_WEEK.year}年")  # last week may be last year
    await hears(helper, PRIVATE, "请社区确认")
    await hears(worker, PRIVATE, "许大勇要开志愿证明")
    await say(worker, PRIVATE, "发证明 1")
    await hears(helper, PRIVATE, "您的志愿证明ZY")
    await sees_picture(helper, 1, tmp_path / "certificate.png")


async def sees_picture(page: Page, count: int, screenshot: Path) -> None:
    """The newest of so many pictures is there, has been loaded and is not cut off."""
    pictures = page.locator(f"{PRIVATE} .line.bot img")
    await expect(pictures).to_have_count(count)
    await expect(pictures.last).to_have_js_property("complete", True)
    await pictures.last.scroll_into_view_if_needed()
    assert await pictures.last.evaluate("image => image.naturalWidth") >= 300
    wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0
    await page.screenshot(path=screenshot)


async def look_at(page: Page, chat: str, size: ViewportSize) -> None:
    """On a phone one chat is seen at a time."""
    if size is PHONE:
        await page.click(chat.replace("data-chat", "data-tab"))
