"""`tradetui check-feed` against a server on loopback: what it shows, and when it is satisfied."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import WSMsgType, web

from tui.check_feed import check_feed
from tui.cli import main
from tui.config import Settings, load_settings
from tui.model.errors import ConfigError

FEED = """
[feeds.desk]
stream = "ws://127.0.0.1:PORT/ws"
rest = "http://127.0.0.1:PORT"
symbols = ["GOLD"]
subscribe = '{"ask": "{channel}"}'

[feeds.desk.headers]
X-Key = { env = "DESK_KEY", prefix = "Key " }

[feeds.desk.channels]
trades = "trades.{symbol}"
book = "book.{symbol}"

[feeds.desk.messages.trade]
kind = "trade"
when = { "/kind" = "deal" }
symbol = "/market"
price = "/price"
size = "/size"
side = "/side"
time = "/at"

[feeds.desk.messages.book]
kind = "book_snapshot"
when = { "/kind" = "book" }
symbol = "/market"
bids = "/bids"
asks = "/asks"

[feeds.desk.requests.ticker]
url = "/ticker"
symbol = "/market"
last = "/last"
"""
DEAL = {"kind": "deal", "market": "GOLD", "price": 1.50, "size": "3", "side": "Buy"}
BOOK = {"kind": "book", "market": "GOLD", "bids": [["1.4", "2"]], "asks": {"1.6": "5"}}
SECRET = "sesame-4711"


class Desk:
    """Serves the feed; `frames` follow the first request."""

    def __init__(self) -> None:
        # What is long past would not count as live.
        self.now = time.time_ns() // 10**6
        self.frames: list[str] = [json.dumps(BOOK), json.dumps(DEAL | {"at": self.now})]
        self.keys: list[str | None] = []
        self.asked: list[Any] = []
        self.port = 0

    async def serve_socket(self, request: web.Request) -> web.WebSocketResponse:
        self.keys.append(request.headers.get("X-Key"))
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                break
            self.asked.append(json.loads(message.data))
            frames, self.frames = self.frames, []
            for frame in frames:
                await socket.send_str(frame)
        return socket

    async def serve_ticker(self, request: web.Request) -> web.Response:
        self.keys.append(request.headers.get("X-Key"))
        return web.json_response({"market": "GOLD", "last": "1.5"})


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    desk = Desk()
    application = web.Application()
    application.router.add_get("/ws", desk.serve_socket)
    application.router.add_get("/ticker", desk.serve_ticker)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    desk.port = int(site.name.rpartition(":")[2])
    yield desk
    await runner.cleanup()


def settings(tmp_path: Path, port: int, text: str = FEED) -> Settings:
    file = tmp_path / "config.toml"
    file.write_text(text.replace("PORT", str(port)))
    return load_settings(file).settings


async def check(
    desk: Desk, tmp_path: Path, text: str = FEED, seconds: float = 1.0
) -> tuple[bool, str]:
    lines: list[str] = []
    is_good = await check_feed(
        "desk",
        None,
        settings(tmp_path, desk.port, text),
        write=lines.append,
        seconds=seconds,
        linger_s=0.0,
        environment={"DESK_KEY": SECRET},
    )
    return is_good, "\n".join(lines)


async def test_a_feed_that_is_understood_is_shown_in_plain_words(
    desk: Desk, tmp_path: Path
) -> None:
    is_good, shown = await check(desk, tmp_path)

    assert is_good, shown
    assert '> {"ask": "trades.GOLD"}' in shown
    assert '> {"ask": "book.GOLD"}' in shown
    assert '< {"kind": "deal"' in shown
    moment = datetime.fromtimestamp(desk.now // 1000, UTC)
    at = f"{moment:%Y-%m-%d %H:%M:%S}.{desk.now % 1000:03} UTC"
    assert f"trade GOLD: buy 3 at 1.5, {at}" in shown
    assert "book GOLD: 1 bids (2 at 1.4), 1 asks (5 at 1.6), number none" in shown
    assert "book: live (snapshot)" in shown
    assert shown.endswith("everything that came was understood")


async def test_it_ends_as_soon_as_everything_came(desk: Desk, tmp_path: Path) -> None:
    async with asyncio.timeout(5):
        is_good, shown = await check(desk, tmp_path, seconds=300.0)

    assert is_good, shown


async def test_headers_come_from_the_environment_and_are_never_shown(
    desk: Desk, tmp_path: Path
) -> None:
    desk.frames.append(json.dumps(DEAL | {"at": desk.now, "you_said": SECRET}))

    _, shown = await check(desk, tmp_path)

    assert set(desk.keys) == {f"Key {SECRET}"}
    assert len(desk.keys) >= 2
    assert SECRET not in shown


async def test_a_path_that_matches_nothing_is_named(desk: Desk, tmp_path: Path) -> None:
    is_good, shown = await check(desk, tmp_path, FEED.replace('"/price"', '"/prize"'), 0.4)

    assert not is_good
    assert "! messages.trade.price: '/prize' matched nothing, 1 times" in shown
    assert "NOT UNDERSTOOD: messages.trade.price: there is nothing at /prize" in shown


async def test_an_optional_path_that_matches_nothing_is_named_too(
    desk: Desk, tmp_path: Path
) -> None:
    is_good, shown = await check(
        desk, tmp_path, FEED.replace('last = "/last"', 'last = "/last"\nbid = "/bidd"')
    )

    assert not is_good
    assert "! requests.ticker.bid: '/bidd' matched nothing" in shown


async def test_a_frame_that_fits_no_rule_is_shown_with_what_it_has(
    desk: Desk, tmp_path: Path
) -> None:
    desk.frames.insert(0, '{"kind": "greeting"}')

    is_good, shown = await check(desk, tmp_path)

    assert not is_good
    assert "NOT UNDERSTOOD: messages: none fits: /kind is 'greeting'" in shown


async def test_a_rule_that_no_message_fits_is_named_without_blame(
    desk: Desk, tmp_path: Path
) -> None:
    more = (
        '[feeds.desk.messages.bye]\nkind = "notice"\nwhen = { "/kind" = "bye" }\nreason = "/why"\n'
    )

    is_good, shown = await check(desk, tmp_path, FEED + more)

    assert is_good, shown
    assert "messages.bye: none came" in shown


async def test_a_time_that_is_far_from_now_raises_the_question_of_its_unit(
    desk: Desk, tmp_path: Path
) -> None:
    desk.frames = [json.dumps(DEAL | {"at": 86_400_000})]

    _, shown = await check(desk, tmp_path, seconds=0.3)

    assert "more than a day from now: is its time_unit right?" in shown


async def test_what_outsiders_send_cannot_write_on_the_terminal(desk: Desk, tmp_path: Path) -> None:
    desk.frames.append('{"kind": "\x1b[2J\\u001b[31m"}')

    _, shown = await check(desk, tmp_path)

    assert "\x1b" not in shown


async def test_a_silent_server_ends_the_check_in_time(desk: Desk, tmp_path: Path) -> None:
    desk.frames = []

    async with asyncio.timeout(5):
        is_good, shown = await check(desk, tmp_path, FEED.partition("[feeds.desk.requests")[0], 0.3)

    assert not is_good
    assert shown.endswith("nothing came")


async def test_a_server_that_is_not_there_ends_the_check_in_time(
    desk: Desk, tmp_path: Path
) -> None:
    port, desk.port = desk.port, 1

    async with asyncio.timeout(5):
        is_good, shown = await check(desk, tmp_path, seconds=0.3)

    assert port
    assert not is_good
    assert "cannot connect to 127.0.0.1" in shown


async def test_an_unknown_feed_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no feed 'dsek' \(did you mean DESK\?\)"):
        await check_feed("dsek", None, settings(tmp_path, 1), write=print)


async def test_a_missing_variable_is_named_and_nothing_is_contacted(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"feeds\.desk\.headers\.X-Key: .* DESK_KEY is not set"):
        await check_feed("desk", None, settings(tmp_path, 1), write=print, environment={})


def test_the_command_ends_with_2_where_there_is_no_such_feed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "config.toml"
    file.write_text(FEED.replace("PORT", "1"))

    assert main(["check-feed", "nope", "--config", str(file)]) == 2
    assert "there is no feed 'nope'" in capsys.readouterr().err


def test_the_command_ends_with_1_where_nothing_comes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESK_KEY", SECRET)
    file = tmp_path / "config.toml"
    file.write_text(FEED.replace("PORT", "1"))

    assert main(["check-feed", "DESK", "GOLD", "--seconds", "1", "--config", str(file)]) == 1
    assert "nothing came" in capsys.readouterr().out
