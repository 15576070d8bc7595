"""The builder in real Chromium. With LONGHAUL_WRITE_PICTURES=1 the picture of the documentation is made on the way."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sample_configs import sample
from tests.support.server import LoopbackServer, Reply
from tests.tui.web.support import ESCAPES, PATIENCE, serving, until_gone

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

playwright = pytest.importorskip("playwright.async_api", reason="playwright is not installed: there is no browser")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: there is no browser"),
]
PICTURE = Path(__file__).parents[3] / "docs" / "browser.png"
NAME = "builder.test"
"""Leads to this machine in the browser of the tests, which is no secure context then."""


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    arguments = ["--no-sandbox", f"--host-resolver-rules=MAP {NAME} 127.0.0.1"]
    async with playwright.async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        await browser.close()


class Window:
    """A tab of a browser, what was drawn in it, and whom it has asked for something."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.drawn = ""
        self._news = asyncio.Event()
        self.asked: set[str] = set()
        self.loads = 0
        self.complaints: list[str] = []
        page.on("websocket", lambda socket: socket.on("framereceived", self._take))
        page.on("request", lambda request: self.asked.add("/".join(request.url.split("/")[:3])))
        page.on("domcontentloaded", lambda _: self._loaded())
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda line: self.complaints.extend([line.text] * (line.type == "error")))

    def _take(self, payload: str | bytes) -> None:
        if isinstance(payload, bytes):
            self.drawn += ESCAPES.sub("", payload.decode())
            self._news.set()

    def _loaded(self) -> None:
        self.loads += 1

    async def wait(self, words: str) -> None:
        """Wait until words have been drawn since the last key."""
        async with asyncio.timeout(PATIENCE):
            while words not in self.drawn:
                self._news.clear()
                await self._news.wait()

    async def press(self, *keys: str) -> None:
        self.drawn = ""
        for key in keys:
            await self.page.keyboard.press(key)

    async def open(self, url: str) -> None:
        await self.page.goto(url)
        await self.wait("API Endpoint URL")
        await self.page.wait_for_selector(".-connected textarea:focus", state="attached")


async def window(browser: Browser) -> Window:
    context = await browser.new_context(
        viewport={"width": 1160, "height": 680}, permissions=["clipboard-read", "clipboard-write"]
    )
    return Window(await context.new_page())


async def test_the_builder_tests_a_stream_and_the_page_asks_no_other_host(browser: Browser, tmp_path: Path) -> None:
    with serving("--demo", "--serve", folder=tmp_path) as server:
        tab = await window(browser)
        await tab.open(server.url)
        await tab.press("F5")
        await tab.wait("1,000 records in")
        await tab.wait("@example.com")
        if os.environ.get("LONGHAUL_WRITE_PICTURES"):
            await tab.page.wait_for_timeout(1_000)
            await tab.page.screenshot(path=PICTURE)
        await tab.press("ArrowDown", "y")
        await tab.wait("Copied the")
        assert "@example.com" in await tab.page.evaluate("navigator.clipboard.readText()")

        await tab.page.evaluate("document.activeElement.blur()")
        await tab.press("F5")  # not to load the page again
        await tab.wait("1,000 records in")
        await tab.press("Control+b")
        await tab.wait("HTTP Method")
        await tab.press("Alt+PageDown")
        await tab.wait("Status Mapping")
        assert tab.loads == 1
        assert tab.asked == {server.origin}
        assert tab.complaints == []

        before = server.builders()
        tab.drawn = ""
        await tab.page.reload()
        await tab.wait("API Endpoint URL")
        await until_gone(*before)
        assert len(server.builders()) == 1
        await tab.press("Alt+q")
        await tab.page.wait_for_selector("#ended", state="visible")
        tab.drawn = ""
        await tab.page.keyboard.press("Enter")
        await tab.wait("API Endpoint URL")


async def test_texts_are_pasted_into_fields_and_copied_out_of_them(browser: Browser, tmp_path: Path) -> None:
    manifest = tmp_path / "contacts.yaml"
    manifest.write_text(sample("sendgrid_contacts").path.read_text(encoding="utf-8"), encoding="utf-8")
    with serving("--serve", manifest.name, folder=tmp_path) as server:
        tab = await window(browser)
        await tab.open(server.url)
        assert await tab.page.title() == "contacts.yaml · Longhaul"
        await tab.page.evaluate("navigator.clipboard.writeText('/größe')")
        await tab.press("End", "Control+v")
        await tab.wait("Unsaved")
        await tab.press("Control+s")
        await tab.wait("Saved contacts.yaml")
        assert "contacts/exports/größe" in manifest.read_text(encoding="utf-8")
        await tab.page.evaluate("navigator.clipboard.writeText('')")
        await tab.press("Shift+Home", "Control+c")
        async with asyncio.timeout(PATIENCE):
            while not (copied := await tab.page.evaluate("navigator.clipboard.readText()")):
                await tab.page.wait_for_timeout(50)
        assert copied == "{{ config['api_url'] }}/v3/marketing/contacts/exports/größe"
        assert tab.loads == 1


async def test_with_a_token_only_its_page_opens_a_builder(
    browser: Browser, server: LoopbackServer, tmp_path: Path
) -> None:
    server.on("/", Reply("<title>Elsewhere</title>", headers={"Content-Type": "text/html"}))
    with serving("--demo", "--serve", "--host", "0.0.0.0", folder=tmp_path) as serve:
        tab = await window(browser)
        for query in ("", "/?token=wrong"):
            refused = await tab.page.goto(serve.origin + query)
            assert refused is not None
            assert refused.status == 403
        await tab.open(serve.url)
        assert "token" not in tab.page.url
        before = serve.builders()
        tab.drawn = ""
        await tab.page.reload()
        await tab.wait("API Endpoint URL")
        await until_gone(*before)

        # Another page of the same machine: the browser sends it the cookie, since ports make no other site of it.
        page = await tab.page.context.new_page()
        await page.goto(server.url("/"))
        address = re.sub("^http", "ws", serve.origin) + "/ws"
        opened = """address => new Promise(done => {
            const socket = new WebSocket(address);
            socket.onopen = () => done("opened");
            socket.onerror = () => done("refused");
        })"""
        assert await page.evaluate(opened, address) == "refused"
        assert await tab.page.evaluate(opened, address) == "opened"


async def test_copying_works_without_a_secure_context(browser: Browser, tmp_path: Path) -> None:
    with serving("--demo", "--serve", "--host", "0.0.0.0", folder=tmp_path) as server:
        tab = await window(browser)
        await tab.open(server.url.replace("127.0.0.1", NAME))
        assert not await tab.page.evaluate("isSecureContext")
        await tab.press("F5")
        await tab.wait("1,000 records in")
        await tab.press("ArrowDown", "y")
        await tab.wait("Copied the")
        secure = await tab.page.context.new_page()
        await secure.goto(server.url)
        assert "@example.com" in await secure.evaluate("navigator.clipboard.readText()")
