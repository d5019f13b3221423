"""The program in a real browser, without a window: it comes up, keys work, candles move.

Needs Chromium and the extra `web`; `make browser` gets the latter.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import websockets
from pseudo_terminal import children_of, is_running

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

pytestmark = [
    pytest.mark.xdist_group("terminal"),
    pytest.mark.skipif(
        CHROMIUM is None or find_spec("textual_serve") is None,
        reason="needs chromium and textual-serve",
    ),
]
PATIENCE_S = 90.0
DRAWN = 40_000  # bytes of a picture with charts on it; an empty page has a quarter of that


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        return port


def start(words: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


async def get(url: str) -> Any:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return await answer.json(content_type=None) if "json" in url else await answer.text()


async def wait_for(url: str) -> Any:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with suppress(aiohttp.ClientError):
                if found := await get(url):
                    return found
            await asyncio.sleep(0.2)


class Page:
    """A page of the browser, by its debugging protocol."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._number = 0

    async def call(self, method: str, **parameters: Any) -> Any:
        self._number += 1
        number = self._number
        call = {"id": number, "method": method, "params": parameters}
        await self._connection.send(json.dumps(call))
        while True:
            message = json.loads(await self._connection.recv())
            if message.get("id") == number:
                return message["result"]

    async def picture(self, **clip: float) -> bytes:
        options = {"clip": {**clip, "scale": 1}} if clip else {}
        return base64.b64decode((await self.call("Page.captureScreenshot", **options))["data"])

    async def wait_for_change(self, clip: dict[str, float], before: bytes = b"") -> None:
        before = before or await self.picture(**clip)
        while await self.picture(**clip) == before:  # noqa: ASYNC110
            await asyncio.sleep(0.5)

    async def wait_until_drawn(self) -> None:
        while len(await self.picture()) < DRAWN:  # noqa: ASYNC110
            await asyncio.sleep(0.5)

    async def resize(self, width: int, height: int) -> None:
        await self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    async def click(self, x: int, y: int) -> None:
        for kind in ("mousePressed", "mouseReleased"):
            await self.call(
                "Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1
            )

    async def press(self, key: str) -> None:
        await self.call("Input.dispatchKeyEvent", type="keyDown", key=key, text=key)
        await self.call("Input.dispatchKeyEvent", type="keyUp", key=key)


class Browser:
    """A browser without a window, with a page on what is served."""

    def __init__(self, server: int, port: int, debugging: int) -> None:
        self.server = server
        self._address = f"http://127.0.0.1:{port}/"
        self._debugging = f"http://127.0.0.1:{debugging}/json"
        self._open: list[tuple[str, Any]] = []

    async def first_page(self) -> Page:
        pages = await wait_for(self._debugging)
        return await self._connect(next(page for page in pages if page["type"] == "page"))

    async def another_page(self) -> Page:
        async with (
            aiohttp.ClientSession() as session,
            session.put(f"{self._debugging}/new?{self._address}") as answer,
        ):
            return await self._connect(await answer.json(content_type=None))

    async def _connect(self, page: dict[str, str]) -> Page:
        connection = await websockets.connect(page["webSocketDebuggerUrl"], max_size=None)
        self._open.append((page["id"], connection))
        return Page(connection)

    async def close_page(self, number: int) -> None:
        async with aiohttp.ClientSession() as session:
            await session.get(f"{self._debugging}/close/{self._open[number][0]}")

    async def leave(self) -> None:
        for _, connection in self._open:
            await connection.close()

    def runs(self) -> set[int]:
        """The programs of the visitors."""
        return children_of(self.server)


@asynccontextmanager
async def browsing(home: Path) -> AsyncIterator[Browser]:
    port, debugging = free_port(), free_port()
    environment = {**os.environ, "HOME": str(home), "XDG_STATE_HOME": str(home / "state")}
    server = start(
        [sys.executable, "-m", "tui", "serve-web", "--port", str(port), "--", "--seed", "7"],
        environment,
    )
    browser = None
    try:
        await wait_for(f"http://127.0.0.1:{port}/")
        browser = start(
            [
                str(CHROMIUM),
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                f"--remote-debugging-port={debugging}",
                f"--user-data-dir={home / 'browser'}",
                "--window-size=1400,900",
                f"http://127.0.0.1:{port}/",
            ],
            environment,
        )
        shown = Browser(server.pid, port, debugging)
        yield shown
        await shown.leave()
    finally:
        for process in (browser, server):
            if process is not None:
                process.terminate()
                process.wait(20)


async def test_it_comes_up_keys_work_and_candles_move(tmp_path: Path) -> None:
    chart = {"x": 0.0, "y": 60.0, "width": 500.0, "height": 240.0}
    title_of_book = {"x": 1050.0, "y": 165.0, "width": 330.0, "height": 10.0}
    async with browsing(tmp_path) as browser, asyncio.timeout(PATIENCE_S):
        page = await browser.first_page()
        await page.wait_until_drawn()

        await page.wait_for_change(chart)

        await page.click(700, 250)
        before = await page.picture(**title_of_book)
        await page.press("b")
        await page.wait_for_change(title_of_book, before)


async def test_each_page_has_a_program_of_its_own_which_ends_with_it_or_with_the_server(
    tmp_path: Path,
) -> None:
    chart = {"x": 0.0, "y": 60.0, "width": 500.0, "height": 240.0}
    async with browsing(tmp_path) as browser, asyncio.timeout(PATIENCE_S):
        first = await browser.first_page()
        await first.wait_until_drawn()
        second = await browser.another_page()
        await second.wait_until_drawn()
        assert len(browser.runs()) == 2

        await first.resize(900, 600)
        await first.wait_until_drawn()
        await first.wait_for_change(chart)
        await browser.close_page(1)

        while len(browser.runs()) > 1:  # noqa: ASYNC110
            await asyncio.sleep(0.2)
        await first.wait_for_change(chart)

        [left] = browser.runs()
        os.kill(browser.server, signal.SIGKILL)
        while is_running(left):  # noqa: ASYNC110
            await asyncio.sleep(0.2)
