"""A feed's charts of Coinbase Advanced Trade: some candles are streamed, the others built."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec
import pytest
from scripted_venue import QUICK, Bench, ScriptedVenue, until

from tui.adapters.coinbase import CoinbaseAdapter
from tui.model.health import ErrorCategory
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import NS, Timeframe
from tui.sim.market import SimMarket
from tui.sim.server import SimServer

BTC = Instrument("COINBASE", "BTC-USDT")
MINUTE, FIVE_MINUTES = Timeframe(1, "m"), Timeframe(5, "m")
BUILT = Subscription(BTC, Channel.CANDLES, MINUTE)
STREAMED = Subscription(BTC, Channel.CANDLES, FIVE_MINUTES)
END_NS = 1_800_000_300 * NS
"""Here one candle of five minutes ends, and one of a minute."""

Figures = tuple[float, float, float, float, float]


@pytest.fixture
async def server() -> AsyncIterator[SimServer]:
    """A market that moves by hand, six seconds before a candle's end."""
    market = SimMarket(7, END_NS - 6 * NS, regime="busy", symbols=("BTCUSDT",))
    made = SimServer(market, is_driven=False)
    await made.start()
    yield made
    await made.close()


@pytest.fixture
async def desk(server: SimServer) -> AsyncIterator[Bench]:
    stream = server.advanced_endpoints["stream"]
    adapter = CoinbaseAdapter(
        {**server.coinbase_endpoints, "stream": stream, "protocol": "advanced"}
    )
    adapter.limits = msgspec.structs.replace(
        adapter.limits, rest_weight=1000, messages_per_s=1000.0
    )
    made = Bench(ScriptedVenue(), QUICK, adapter)
    yield made
    await made.stop()


def shown(desk: Bench, timeframe: Timeframe, opened: int) -> tuple[Figures, bool] | None:
    """A candle on the chart, and whether it is over."""
    for one in desk.market[BTC].series(timeframe).candles:
        if one.open_time == opened:
            return (one.open, one.high, one.low, one.close, one.volume), one.closed
    return None


def made(server: SimServer, timeframe: Timeframe, opened: int) -> Figures:
    """The candle that the market made."""
    pair = server.market.pair("BTCUSDT")
    ((_, bar),) = pair.ledger.candles(timeframe, opened, opened, 1)
    tick, lot = pair.listing.tick_e8, pair.listing.lot_e8
    prices = [ticks * tick / 1e8 for ticks in (bar.open, bar.high, bar.low, bar.close)]
    return prices[0], prices[1], prices[2], prices[3], bar.volume * lot / 1e8


async def test_streamed_and_built_candles_end_as_the_market_made_them(
    server: SimServer, desk: Bench
) -> None:
    desk.feed.want([STREAMED, BUILT])
    desk.start()
    await until(lambda: [desk.status(one) for one in (STREAMED, BUILT)] == ["live"] * 2)
    assert desk.market.truth(STREAMED).reason == ""
    assert desk.market.truth(BUILT).reason == "from trades"

    for _ in range(12):
        await server.advance(1)

    for timeframe in (MINUTE, FIVE_MINUTES):
        opened = END_NS - timeframe.seconds * NS
        expected = made(server, timeframe, opened)
        await until(
            lambda timeframe=timeframe, opened=opened, expected=expected: (
                shown(desk, timeframe, opened) == (pytest.approx(expected), True)
            )
        )
    await until(lambda: shown(desk, FIVE_MINUTES, END_NS) is not None)
    following = shown(desk, FIVE_MINUTES, END_NS)
    assert following is not None
    assert not following[1]
    assert desk.market[BTC].series(FIVE_MINUTES).holes == []
    # What a candle lacked is nothing to report. Of the connection there may be something: time was
    # moved on by hand, which is seen, and a busy machine may need more than one attempt.
    told = [one for one in desk.errors.records() if one.category is not ErrorCategory.CONNECTION]
    assert told == []
