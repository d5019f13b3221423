"""The real application on the embedded market's TradingView: what that computes is in the chart."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable

import pytest
from server_source import PlainSource

from tui.adapters.base import Adapter
from tui.adapters.tradingview import TradingViewAdapter
from tui.app import TradeTuiApp
from tui.config.settings import Settings
from tui.feed.clock import SystemClock
from tui.launch import Launch, Mode
from tui.model.instrument import Instrument
from tui.model.timeframe import Timeframe
from tui.sim.market import SimMarket
from tui.sim.server import SimServer
from tui.themes import load_themes

BTC = Instrument("TRADINGVIEW", "BINANCE:BTCUSDT")


class OneVenue(PlainSource):
    """TradingView, whose endpoints are the test's own server, with three studies wanted."""

    instruments = (BTC,)

    def __init__(self, endpoints: dict[str, str]) -> None:
        self.clock = SystemClock()
        self._endpoints = endpoints

    async def open(self, venues: object, report: object) -> list[Adapter]:
        wanted = {"studies": "STD;RSI,STD;SMA,STD;EMA"}
        return [TradingViewAdapter(self._endpoints | wanted)]


@pytest.fixture
async def server() -> AsyncIterator[SimServer]:
    market = SimServer(SimMarket(seed=3, start_ns=SystemClock().time_ns(), symbols=("BTCUSDT",)))
    await market.start()
    yield market
    await market.close()


async def until(condition: Callable[[], bool], timeout_s: float = 30.0) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 - the market has no event for "anything changed"
            await asyncio.sleep(0.02)


async def test_two_studies_are_drawn_and_the_refusal_of_a_third_is_said(server: SimServer) -> None:
    launch = Launch(
        mode=Mode.LIVE,
        settings=Settings(grid=1),
        origins={"grid": "command line"},
        themes=load_themes()[0],
        instruments=(BTC,),
        watchlist=(BTC,),
    )
    app = TradeTuiApp(launch, OneVenue(server.tradingview_endpoints), frame_clock=False)

    async with app.run_test(size=(120, 40)) as pilot:

        def refused() -> list[str]:
            return [one.message for one in app.session.errors.records() if "EMA" in one.message]

        def headings() -> str:
            chosen = app.dashboard.chosen
            rows = [chosen.render_line(y).text for y in range(chosen.size.height)]
            return " / ".join(row.split(" ─")[0] for row in rows if "──────" in row)

        held = app.session.market.studies
        await until(lambda: bool(refused()) and len(tuple(held.names(BTC, Timeframe(1, "m")))) == 2)
        app.frame()
        await pilot.pause()

        assert re.fullmatch(r"RSI \d+\.\d+ / SMA [\d,.]+", headings())
        assert refused()[0].startswith(
            "no study STD;EMA of BINANCE:BTCUSDT 1m: no more studies at a time with this account: a "
            "free one shows two"
        )
