"""A booking in the chat room: the real program in its own process, at a desk and on a phone."""

import re
import unicodedata
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, ViewportSize, expect

from tests.browser import test_flow
from tests.browser.test_flow import DESKTOP, GROUP, PHONE, PRIVATE, hears, say, tab

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

address = test_flow.address
LINE = re.compile(r"(?P<number>[\u2460-\u2464]) (?P<time>\d+月\d+日\(周.\)\d\d:\d\d) (?P<who>[^,]+),剩\d+个")
"""One reception to choose from, as the resident reads it."""

HEADING = re.compile(r"最近的接待\((?P<station>[^)]+)\):")
"""What stands above, with the station where it is the same for all."""


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_a_booking_by_question(browser: Browser, address: str, tmp_path: Path, size: ViewportSize) -> None:
    async with (
        tab(browser, address, "resident-3-501", size) as zhao,
        tab(browser, address, "resident-5-101") as neighbour,
    ):
        await say(zhao, GROUP, "@小善 我想约代表")
        await hears(zhao, GROUP, "好,我私下跟您说")
        await look_into_private(zhao, size)
        station, choices = await lines_of_choices(zhao)
        await fits(zhao)
        await zhao.screenshot(path=tmp_path / "choices.png")

        wanted = choices[1]  # the first may begin while the test runs
        await say(zhao, PRIVATE, wanted["number"])
        await hears(zhao, PRIVATE, f"约好了,B001:{wanted['time']},{station},{wanted['who']}")
        await fits(zhao)
        await zhao.screenshot(path=tmp_path / "booked.png")
        await say(zhao, PRIVATE, "楼上总漏水")
        await hears(zhao, PRIVATE, "B001记下了“")
        await say(zhao, PRIVATE, "我的预约")
        await hears(zhao, PRIVATE, f"B001 {wanted['time']}")
        await fits(zhao)
        await zhao.screenshot(path=tmp_path / "mine.png")

        await expect(neighbour.locator(f"{GROUP} .line.bot")).to_have_count(1)
        await expect(neighbour.locator(f"{PRIVATE} .line")).to_have_count(0)


async def look_into_private(page: Page, size: ViewportSize) -> None:
    """On a phone the private chat is behind its tab, which says that something is new."""
    if size is PHONE:
        await expect(page.locator('[data-tab="private"] .badge')).to_have_text("1")
        await page.click('[data-tab="private"]')
    await hears(page, PRIVATE, "约哪个?回数字")


async def lines_of_choices(page: Page) -> tuple[str, list[re.Match[str]]]:
    """The station and its receptions in the last bubble: one in a line, numbered from 1."""
    text = await page.locator(f"{PRIVATE} .line.bot .bubble").last.inner_text()
    heading, *lines, question = text.split("\n")
    found = [LINE.fullmatch(line) for line in lines]
    choices = [each for each in found if each is not None]
    there = HEADING.fullmatch(heading)
    assert there is not None, text
    assert question == "约哪个?回数字。"
    assert len(choices) == len(lines) >= 2, text
    assert [int(unicodedata.numeric(each["number"])) for each in choices] == list(range(1, len(lines) + 1))
    return there["station"], choices


async def fits(page: Page) -> None:
    """Nothing is wider than the window, and what was said last can be read without scrolling."""
    wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0
    await expect(page.locator(f"{PRIVATE} .line").last).to_be_in_viewport(ratio=1)
