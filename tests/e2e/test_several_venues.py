"""The real application on several venues at once: each has a connection of its own, and fails alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp.test_utils import unused_port
from server_source import PlainSource
from textual.pilot import Pilot

from tui.adapters.base import Adapter
from tui.adapters.binance import BinanceAdapter
from tui.adapters.coinbase import CoinbaseAdapter
from tui.adapters.kraken import KrakenAdapter
from tui.adapters.native import NativeAdapter
from tui.adapters.tradingview import TradingViewAdapter
from tui.app import TradeTuiApp
from tui.feed.clock import SystemClock
from tui.launch import Launch, Mode
from tui.model.health import ConnectionState
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription, SubscriptionStatus
from tui.screens.compare import CompareScreen
from tui.sim.market import SimMarket
from tui.sim.server import SimServer
from tui.themes import load_themes
from tui.widgets.line_widget import LineWidget

AT_BINANCE, AT_NATIVE = Instrument("BINANCE", "BTCUSDT"), Instrument("NATIVE", "BTCUSDT")
AT_COINBASE, AT_KRAKEN = Instrument("COINBASE", "BTC-USDT"), Instrument("KRAKEN", "BTC/USDT")
APPLE = Instrument("TRADINGVIEW", "NASDAQ:AAPL")


class Venues(PlainSource):
    """Live data of several venues, whose endpoints are the test's own servers."""

    def __init__(self, *shown: tuple[Instrument, Adapter]) -> None:
        self.clock = SystemClock()
        self.instruments = tuple(instrument for instrument, _ in shown)
        self._adapters = [adapter for _, adapter in shown]

    async def open(self, venues: Collection[str], report: object) -> list[Adapter]:
        return [adapter for adapter in self._adapters if adapter.venue in venues]


def binance_and_native(binance: dict[str, str], native: dict[str, str]) -> Venues:
    return Venues((AT_BINANCE, BinanceAdapter(binance)), (AT_NATIVE, NativeAdapter(native)))


@asynccontextmanager
async def running(
    source: Venues, *, comparing: bool = True
) -> AsyncIterator[tuple[TradeTuiApp, Pilot[Any]]]:
    launch = Launch(
        mode=Mode.LIVE,
        themes=load_themes()[0],
        instruments=source.instruments,
        watchlist=source.instruments,
        comparing=comparing,
    )
    app = TradeTuiApp(launch, source, frame_clock=False)
    async with app.run_test(size=(160, 40)) as pilot:
        yield app, pilot


@pytest.fixture
async def server() -> AsyncIterator[SimServer]:
    market = SimServer(SimMarket(seed=3, start_ns=SystemClock().time_ns()))
    await market.start()
    yield market
    await market.close()


async def until(condition: Callable[[], bool], timeout_s: float = 30.0) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 - the market has no event for "anything changed"
            await asyncio.sleep(0.02)


def is_live(app: TradeTuiApp, instrument: Instrument) -> bool:
    wanted = [one for one in app.session._share(instrument.venue) if one.instrument == instrument]
    return bool(wanted) and all(
        app.session.market.truth(one).status is SubscriptionStatus.LIVE for one in wanted
    )


def states(app: TradeTuiApp) -> dict[str, ConnectionState]:
    return {feed.venue: feed.state for feed in app.session.health()}


async def look(app: TradeTuiApp, pilot: Pilot[Any], selector: str) -> str:
    app.frame()
    await pilot.pause()
    widget = app.screen.query_one(selector, LineWidget)
    widget.draw()  # without waiting for its next look, a quarter of a second later
    return "\n".join(widget.render_line(y).text for y in range(widget.size.height))


async def test_the_same_market_by_two_protocols_is_the_same(server: SimServer) -> None:
    async with running(binance_and_native(server.endpoints, server.native_endpoints)) as (
        app,
        pilot,
    ):
        await until(lambda: is_live(app, AT_BINANCE) and is_live(app, AT_NATIVE))

        assert isinstance(app.screen, CompareScreen)
        table = (await look(app, pilot, "#quotes")).splitlines()
        assert "● verified" in table[1]
        assert "● verified" in table[2]
        assert " Joined book AB" in await look(app, pilot, "#joined")
        assert app.session.errors.records() == []


async def test_a_venue_that_is_down_leaves_the_other_untouched(server: SimServer) -> None:
    nobody = f"127.0.0.1:{unused_port()}"
    dead = {"stream": f"ws://{nobody}", "rest": f"http://{nobody}"}

    async with running(binance_and_native(dead, server.native_endpoints)) as (app, pilot):
        await until(lambda: is_live(app, AT_NATIVE) and len(app.session.errors) > 0)

        assert states(app)["NATIVE"] is ConnectionState.CONNECTED
        assert states(app)["BINANCE"] is not ConnectionState.CONNECTED
        assert app.session.market.truth(Subscription(AT_NATIVE, Channel.BOOK)).verified
        assert {record.venue for record in app.session.errors.records()} == {"BINANCE"}
        table = (await look(app, pilot, "#quotes")).splitlines()
        assert "● verified" not in table[1]
        assert "● verified" in table[2]
        assert table[3].startswith(" bid B, ask B: apart")
        assert "without A" in await look(app, pilot, "#joined")


async def test_of_a_comparison_of_three_venues_the_one_that_dies_goes_alone(
    server: SimServer,
) -> None:
    other = SimServer(SimMarket(seed=3, start_ns=SystemClock().time_ns()))
    await other.start()
    source = Venues(
        (AT_COINBASE, CoinbaseAdapter(server.coinbase_endpoints)),
        (AT_KRAKEN, KrakenAdapter(other.kraken_endpoints)),
        (AT_BINANCE, BinanceAdapter(server.endpoints)),
    )
    async with running(source) as (app, pilot):
        await until(lambda: all(is_live(app, one) for one in source.instruments))
        table = (await look(app, pilot, "#quotes")).splitlines()
        assert [line.split("●")[-1].split("·")[-1].strip() for line in table[1:4]] == [
            "crossed-check",
            "checksum",
            "sequence",
        ]
        assert " Joined book ABC" in await look(app, pilot, "#joined")

        await other.close()
        await until(lambda: states(app)["KRAKEN"] is not ConnectionState.CONNECTED)

        assert is_live(app, AT_COINBASE)
        assert is_live(app, AT_BINANCE)
        table = (await look(app, pilot, "#quotes")).splitlines()
        assert ["● verified" in line for line in table[1:4]] == [True, False, True]
        assert "B" not in table[4].partition(":")[0]
        joined = await look(app, pilot, "#joined")
        assert "without B" in joined
        assert {feed.venue: feed.reconnects for feed in app.session.health()}["COINBASE"] == 0


async def test_a_venue_opens_with_the_first_symbol_that_is_named(server: SimServer) -> None:
    source = Venues(
        (AT_BINANCE, BinanceAdapter(server.endpoints)),
        (AT_NATIVE, NativeAdapter(server.native_endpoints)),
    )
    source.instruments = (AT_BINANCE,)
    async with running(source, comparing=False) as (app, pilot):
        await until(lambda: is_live(app, AT_BINANCE))
        assert list(states(app)) == ["BINANCE"]
        assert "NATIVE" in app.openable_venues()

        await pilot.press("slash", *"native:btcusdt", "enter")
        await until(lambda: is_live(app, AT_NATIVE))

        assert app.dashboard.chosen.instrument == AT_NATIVE
        assert "NATIVE" not in app.openable_venues()
        assert app.session.errors.records() == []


async def test_every_venue_runs_beside_the_others(server: SimServer) -> None:
    source = Venues(
        (AT_BINANCE, BinanceAdapter(server.endpoints)),
        (AT_COINBASE, CoinbaseAdapter(server.coinbase_endpoints)),
        (AT_KRAKEN, KrakenAdapter(server.kraken_endpoints)),
        (APPLE, TradingViewAdapter(server.tradingview_endpoints)),
        (AT_NATIVE, NativeAdapter(server.native_endpoints)),
    )
    async with running(source, comparing=False) as (app, _):
        market = app.session.market
        tickers = [Subscription(one, Channel.TICKER) for one in source.instruments]
        await until(
            lambda: all(market.truth(one).status is SubscriptionStatus.LIVE for one in tickers)
        )

        assert set(states(app).values()) == {ConnectionState.CONNECTED}
        # Who knows of the present agrees on the price; whoever is late is not asked.
        known = [market[one].last_price or 0.0 for one in source.instruments if one != APPLE]
        assert max(known) / min(known) < 1.001
        assert market.truth(tickers[3]).reason == "15m late, unofficial"
        (notice,) = app.session.errors.records()
        assert notice.venue == "TRADINGVIEW"
        assert notice.message.startswith("TradingView publishes no interface")
