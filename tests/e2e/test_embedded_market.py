"""The real application on the embedded market, over loopback, through faults that users meet."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp.test_utils import unused_port
from server_source import ServerSource
from textual.pilot import Pilot

from tui.app import TradeTuiApp
from tui.feed.clock import SystemClock
from tui.launch import Launch, Mode
from tui.model.health import ConnectionState
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription, SubscriptionStatus
from tui.model.timeframe import Timeframe
from tui.sim.market import SimMarket
from tui.sim.server import SimServer
from tui.themes import load_themes

BTC, ETH, SOL = (Instrument("SIM", symbol) for symbol in ("BTCUSDT", "ETHUSDT", "SOLUSDT"))
MINUTE = Timeframe(1, "m")


@asynccontextmanager
async def running(port: int) -> AsyncIterator[tuple[TradeTuiApp, Pilot[Any]]]:
    source = ServerSource(port, (BTC, ETH, SOL))
    launch = Launch(
        mode=Mode.SIM,
        themes=load_themes()[0],
        instruments=(BTC, ETH),
        watchlist=source.instruments,
    )
    app = TradeTuiApp(launch, source, frame_clock=False)
    async with app.run_test(size=(160, 50)) as pilot:
        yield app, pilot


@pytest.fixture
async def server() -> AsyncIterator[SimServer]:
    market = SimServer(SimMarket(seed=3, start_ns=SystemClock().time_ns()))
    await market.start()
    yield market
    await market.close()


def port_of(server: SimServer) -> int:
    return int(server.url.rpartition(":")[2])


async def until(condition: Callable[[], bool], timeout_s: float = 30.0) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 - the market has no event for "anything changed"
            await asyncio.sleep(0.02)


def statuses(app: TradeTuiApp) -> set[SubscriptionStatus]:
    return {app.session.market.truth(one).status for one in app.dashboard.wanted()}


def all_live(app: TradeTuiApp) -> bool:
    book = app.session.market.truth(
        Subscription(app.dashboard.chosen.instrument or BTC, Channel.BOOK)
    )
    return statuses(app) == {SubscriptionStatus.LIVE} and book.verified


async def test_charts_start_full_and_everything_goes_live(server: SimServer) -> None:
    async with running(port_of(server)) as (app, _pilot):
        await until(lambda: all_live(app))
        app.frame()

        series = app.session.market[BTC].series(MINUTE)
        opens = [candle.open_time for candle in series.candles]
        assert len(series) >= 1000
        assert opens == list(range(opens[0], opens[0] + len(opens) * 60 * 10**9, 60 * 10**9))
        assert app.session.errors.records() == []


async def test_what_is_no_longer_shown_is_unsubscribed(server: SimServer) -> None:
    async with running(port_of(server)) as (app, pilot):
        await until(lambda: all_live(app))
        await pilot.press("j", "j", "enter")
        await until(lambda: all_live(app))
        await until(lambda: "btcusdt@depth@100ms" not in server.streams)

        assert "solusdt@depth@100ms" in server.streams
        of_btc = {stream for stream in server.streams if stream.startswith("btcusdt")}
        assert of_btc == {"btcusdt@ticker"}


async def test_a_switch_back_shows_the_last_known_state_before_anything_arrives(
    server: SimServer,
) -> None:
    async with running(port_of(server)) as (app, pilot):
        await until(lambda: all_live(app))
        await pilot.press("j", "j", "enter")
        await until(lambda: all_live(app))
        server.cut_clients()
        await pilot.press("k", "k", "enter")
        app.frame()

        rows = "".join(app.dashboard.panels[0].render_line(y).text for y in range(30))
        assert "SIM:BTCUSDT" in rows
        assert "loading" not in rows
        assert app.session.market[BTC].last_text[:3] in rows.replace(",", "")


async def test_a_cut_connection_is_told_and_comes_back_verified(server: SimServer) -> None:
    async with running(port_of(server)) as (app, _pilot):
        await until(lambda: all_live(app))
        server.cut_clients()
        await until(lambda: SubscriptionStatus.LIVE not in statuses(app))
        app.frame()
        assert "● live" not in app.dashboard.panels[0].render_line(0).text

        await until(lambda: all_live(app))
        assert app.session.health()[0].reconnects == 1
        tape = app.session.market[BTC].tape
        numbers = [trade.trade_id for trade in tape.newest(1000)][::-1]
        assert numbers == list(range(numbers[0] or 0, (numbers[0] or 0) + len(numbers)))
        assert tape.missed == 0


async def test_a_dead_endpoint_at_the_start_is_a_message_and_a_retry() -> None:
    port = unused_port()
    async with running(port) as (app, pilot):
        await until(lambda: len(app.session.errors) > 0)
        app.frame()
        await pilot.press("e")
        app.frame()
        await pilot.pause()
        log = [app.dashboard.errors.render_line(y).text for y in range(4)]
        assert any("connection" in line and "127.0.0.1" in line for line in log)
        assert app.session.health()[0].state is not ConnectionState.CONNECTED

        late = SimServer(SimMarket(seed=3, start_ns=SystemClock().time_ns()))
        await late.start(port=port)
        try:
            await pilot.press("r")
            await until(lambda: all_live(app))
        finally:
            await late.close()
