"""The past of the embedded market, by its venues' protocols: its beginning, and built timeframes."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from tui.adapters.binance import BinanceAdapter
from tui.adapters.coinbase import CoinbaseAdapter
from tui.adapters.kraken import KrakenAdapter
from tui.feed.clock import SystemClock
from tui.feed.error_log import ErrorLog
from tui.feed.settings import FeedSettings
from tui.market.candle_series import CandleSeries
from tui.model.events import Candle
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription, SubscriptionStatus
from tui.model.timeframe import NS, Timeframe
from tui.session import Session
from tui.sim.history import DAYS
from tui.sim.market import SimMarket
from tui.sim.server import SimServer

BINANCE, COINBASE = Instrument("BINANCE", "BTCUSDT"), Instrument("COINBASE", "BTC-USDT")
KRAKEN = Instrument("KRAKEN", "BTC/USDT")
DAY = Timeframe(1, "d")


@asynccontextmanager
async def running(history: int = 100) -> AsyncIterator[Session]:
    """A session with three venues' faces of one market."""
    clock = SystemClock()
    server = SimServer(SimMarket(seed=5, start_ns=clock.time_ns()))
    await server.start()
    tasks: list[asyncio.Task[None]] = []

    def start(name: str, work: Coroutine[Any, Any, None]) -> None:
        tasks.append(asyncio.create_task(work))

    session = Session(
        clock=clock,
        rng=random.Random(1),
        errors=ErrorLog(clock),
        settings=FeedSettings(history_candles=history),
        start=start,
    )
    session.open_feed(BinanceAdapter(server.endpoints))
    session.open_feed(CoinbaseAdapter(server.coinbase_endpoints))
    session.open_feed(KrakenAdapter(server.kraken_endpoints))
    try:
        yield session
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await session.close()
        await server.close()


async def until(condition: Callable[[], bool], timeout_s: float = 30.0) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 - the market has no event for "anything changed"
            await asyncio.sleep(0.02)


def candles(instrument: Instrument, timeframe: Timeframe) -> Subscription:
    return Subscription(instrument, Channel.CANDLES, timeframe)


def is_live(session: Session, subscription: Subscription) -> bool:
    return session.market.truth(subscription).status is SubscriptionStatus.LIVE


def series(session: Session, subscription: Subscription) -> CandleSeries:
    assert subscription.timeframe is not None
    return session.market[subscription.instrument].series(subscription.timeframe)


def figures(candle: Candle) -> tuple[float, ...]:
    return candle.open, candle.high, candle.low, candle.close, round(candle.volume, 6)


async def test_the_first_day_of_the_market_is_reached_without_a_hole() -> None:
    async with running() as session:
        days = candles(BINANCE, DAY)
        session.want([days])
        await until(lambda: is_live(session, days))
        held = series(session, days)
        assert len(held) == 100

        session.look_back({days: 0})
        await until(lambda: held.past.begins)

        assert held.past.note == "beginning of the data"
        assert len(held) == DAYS
        span = 86_400 * NS
        assert list(held.times) == list(range(held.times[0], held.times[-1] + 1, span))
        assert held.holes == []


async def test_built_candles_are_those_that_another_venue_tells() -> None:
    """The market is one: Coinbase's face lacks the timeframes, and Binance's has them."""
    lacking = [Timeframe.parse(name) for name in ("30m", "2h", "12h", "3d", "1w", "1M")]
    assert not set(lacking) & set(CoinbaseAdapter.timeframes)
    built = {one: candles(COINBASE, one) for one in lacking}
    told = {one: candles(BINANCE, one) for one in lacking}
    wanted = [*built.values(), *told.values()]
    async with running() as session:
        session.want(wanted)
        await until(lambda: all(is_live(session, one) for one in wanted))
        now = session.clock.time_ns()
        session.look_back({built[one]: now - 40 * one.seconds * NS for one in lacking})
        await until(lambda: all(len(series(session, one)) > 39 for one in wanted))

        for timeframe in lacking:
            truth = {
                one.open_time: figures(one) for one in series(session, told[timeframe]).candles
            }
            ours = {
                one.open_time: figures(one)
                for one in series(session, built[timeframe]).candles
                if one.closed and one.open_time in truth
            }
            assert len(ours) >= 38
            assert ours == {time: truth[time] for time in ours}


async def test_the_open_candle_of_a_built_timeframe_moves_with_the_trades() -> None:
    weeks = candles(KRAKEN, Timeframe(1, "w"))
    async with running() as session:
        session.want([weeks])
        await until(lambda: is_live(session, weeks))
        held = series(session, weeks)
        newest = held.last
        assert newest is not None
        assert not newest.closed

        await until(lambda: held.last is not None and held.last.volume > newest.volume)

        assert held.last is not None
        assert held.last.open_time == newest.open_time
        assert session.subscriptions("KRAKEN")[0][0] == candles(KRAKEN, DAY)


async def test_a_venue_that_tells_no_more_says_where_its_data_begins() -> None:
    days = candles(KRAKEN, DAY)
    async with running() as session:
        session.want([days])
        await until(lambda: is_live(session, days))

        session.look_back({days: 0})
        await until(lambda: series(session, days).past.begins)

        assert len(series(session, days)) == 720
