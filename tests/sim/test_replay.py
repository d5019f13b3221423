"""A replay watched by a real feed: what the market knows is what was recorded, wherever one seeks."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from tui.adapters.binance import BinanceAdapter
from tui.feed.error_log import ErrorLog
from tui.feed.feed import Feed
from tui.feed.settings import FeedSettings
from tui.market.market import InstrumentState, Market
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import Timeframe
from tui.model.transport import TransportKind
from tui.recording.player import PlayerState
from tui.sim.replay import Replay, open_replay
from tui.transports.rest import RestTransport
from tui.transports.websocket import WebSocketTransport

BTCUSDT = Instrument("BINANCE", "BTCUSDT")
MINUTE = Timeframe(1, "m")
BOOK = Subscription(BTCUSDT, Channel.BOOK)
CANDLES = Subscription(BTCUSDT, Channel.CANDLES, MINUTE)
WANTED = [
    BOOK,
    CANDLES,
    Subscription(BTCUSDT, Channel.TRADES),
    Subscription(BTCUSDT, Channel.TICKER),
]


class Watch:
    """A feed that watches a replay, and what it reports."""

    def __init__(self, replay: Replay, feed: Feed, market: Market, errors: ErrorLog) -> None:
        self.replay = replay
        self.feed = feed
        self.market = market
        self.errors = errors

    @property
    def state(self) -> InstrumentState:
        return self.market[BTCUSDT]

    def seek(self, position_s: float) -> None:
        self.replay.player.seek(position_s)
        self.feed.restart("moved to another moment")

    async def until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while True:
                if is_so():
                    return
                await asyncio.sleep(0.01)

    def is_settled(self) -> bool:
        return self.market.truth(BOOK).verified and len(self.state.series(MINUTE)) > 0

    def tops(self) -> tuple[str, str, str, str]:
        [bid], [ask] = self.state.book.bids.top_raw(1), self.state.book.asks.top_raw(1)
        return (*bid, *ask)

    def candles(self) -> list[tuple[float, float, float, float, int]]:
        return [
            (candle.open, candle.high, candle.low, candle.close, candle.trades)
            for candle in self.state.series(MINUTE).candles
        ]


@asynccontextmanager
async def watching(replay: Replay) -> AsyncIterator[Watch]:
    endpoints = await replay.start()
    market, errors, rest = Market(), ErrorLog(replay.clock), RestTransport()
    feed = Feed(
        BinanceAdapter(endpoints, channels=replay.channels),
        market,
        transports={TransportKind.WEBSOCKET: WebSocketTransport()},
        rest=rest,
        clock=replay.clock,
        rng=random.Random(1),
        errors=errors,
        # Its clock may stand still, and then no batch would ever be due.
        settings=FeedSettings(flush_interval_s=0.0),
    )
    feed.want(WANTED)
    task = asyncio.create_task(feed.run())
    try:
        yield Watch(replay, feed, market, errors)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await rest.close()
        await replay.close()


async def test_as_fast_as_possible_nothing_is_lost(recordings: Path) -> None:
    replay = open_replay(recordings / "binance_spot_btcusdt.jsonl.gz", speed=math.inf)

    async with watching(replay) as watch:
        await watch.until(lambda: replay.player.state is PlayerState.ENDED)
        await watch.until(lambda: watch.feed.health().messages_in >= 41_249)
        await watch.until(lambda: watch.feed.health().queue_length == 0)
        await watch.until(watch.is_settled)

        assert watch.feed.health().dropped == 0
        assert watch.errors.records() == []
        assert watch.tops() == ("61685.99000000", "1.00870000", "61686.00000000", "2.29327000")
        assert watch.state.last_text == "61685.99000000"
        assert watch.state.tape.missed == 0
        assert watch.candles() == [
            (61837.63, 61855.37, 61824.0, 61828.0, 875),
            (61828.0, 61860.8, 61780.0, 61782.25, 1255),
            (61782.25, 61782.26, 61723.99, 61727.66, 1011),
            (61727.66, 61735.99, 61651.01, 61652.01, 2069),
            (61652.0, 61745.27, 61583.22, 61717.63, 3216),
            (61717.64, 61743.5, 61666.17, 61685.99, 1312),
            (61686.0, 61686.0, 61685.99, 61685.99, 19),
        ]


async def test_a_seek_in_a_pause_shows_that_moment(recordings: Path) -> None:
    replay = open_replay(recordings / "binance_spot_btcusdt.jsonl.gz", speed=1.0)

    async with watching(replay) as watch:
        await watch.until(watch.is_settled)
        replay.player.pause()
        watch.seek(100.0)
        await watch.until(watch.is_settled)
        await watch.until(lambda: watch.state.last_text == "61780.00000000")

        assert watch.market.truth(BOOK).verified
        assert watch.tops() == ("61780.00000000", "1.57596000", "61780.01000000", "3.08638000")
        assert watch.candles() == [
            (61837.63, 61855.37, 61824.0, 61828.0, 875),
            (61828.0, 61860.8, 61780.0, 61780.0, 1183),
        ]


async def test_after_a_seek_the_stream_joins_the_history_without_a_double(recordings: Path) -> None:
    replay = open_replay(recordings / "binance_spot_btcusdt.jsonl.gz", speed=100.0)

    async with watching(replay) as watch:
        await watch.until(watch.is_settled)
        watch.seek(150.0)
        await watch.until(lambda: replay.player.position_s > 250.0)
        replay.player.pause()
        await watch.until(watch.is_settled)

        assert [row[4] for row in watch.candles()][:4] == [875, 1255, 1011, 2069]
        assert watch.state.tape.missed == 0
