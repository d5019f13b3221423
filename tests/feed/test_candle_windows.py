"""Candles of a venue whose answers cover a window of time and leave out what was not traded."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from tui.adapters.base import RestRequest
from tui.adapters.coinbase import CoinbaseAdapter
from tui.feed.candle_history import CandleHistory
from tui.feed.clock import ManualClock
from tui.feed.clock_offset import ClockOffset
from tui.feed.error_log import ErrorLog
from tui.feed.patience import Patience
from tui.feed.settings import FeedSettings
from tui.feed.subscriptions import Subscriptions
from tui.feed.trade_flow import TradeFlow
from tui.market.market import Market
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import Timeframe

BTC = Instrument("COINBASE", "BTC-USD")
MINUTE = Timeframe(1, "m")
CANDLES = Subscription(BTC, Channel.CANDLES, MINUTE)
MINUTE_NS = 60_000_000_000


class Venue:
    """Answers as Coinbase does: at most 300 minutes, newest first, without those nobody traded in."""

    def __init__(self, clock: ManualClock, traded: range) -> None:
        self.traded = traded
        self.asked: list[tuple[int, int]] = []
        self._clock = clock

    async def fetch(self, request: RestRequest[Any], lane: str) -> Any:
        now = self._clock.time_ns() // MINUTE_NS
        first, last = now - 349, now
        if "start" in request.params:
            first, last = (int(request.params[name]) // 60 for name in ("start", "end"))
            assert last - first < 300
        self.asked.append((first - self.traded.start, last - self.traded.start))
        rows = [
            [minute * 60, 1.0, 1.0, 1.0, 1.0, 2.0]
            for minute in range(last, first - 1, -1)
            if minute in self.traded and minute <= now
        ]
        return request.decode(json.dumps(rows).encode(), self._clock.time_ns())


class Desk:
    def __init__(self, *, traded_every: int, history: int) -> None:
        self.clock = ManualClock(1_760_000_010 * 10**9)
        self.market = Market()
        now = self.clock.time_ns() // MINUTE_NS
        self.start = now - 2000
        self.venue = Venue(self.clock, range(self.start, now + 100_000, traded_every))
        adapter = CoinbaseAdapter()
        settings = FeedSettings(history_candles=history)
        subscriptions = Subscriptions(adapter, settings, self.clock, lambda entry: None)
        subscriptions.want([CANDLES])
        self.history = CandleHistory(
            adapter,
            self.market,
            self.venue,  # type: ignore[arg-type]
            subscriptions=subscriptions,
            trades=TradeFlow(self.market, lambda instrument: None),
            offset=ClockOffset(),
            clock=self.clock,
            patience=Patience(self.clock, random.Random(1)),
            errors=ErrorLog(self.clock),
            settings=settings,
        )

    def minutes(self) -> list[int]:
        series = self.market[BTC].series(MINUTE)
        return [candle.open_time // MINUTE_NS - self.start for candle in series.candles]


@pytest.mark.parametrize(("every", "oldest"), [(1, 1001), (7, 966)])
async def test_history_goes_back_as_far_in_time_whether_or_not_there_were_trades(
    every: int, oldest: int
) -> None:
    desk = Desk(traded_every=every, history=1000)

    await desk.history.load(CANDLES)

    assert desk.minutes() == list(range(oldest, 2001, every))


@pytest.mark.parametrize("every", [1, 7])
async def test_a_hole_longer_than_an_answer_is_filled_to_its_end(every: int) -> None:
    desk = Desk(traded_every=every, history=300)
    await desk.history.load(CANDLES)
    await desk.clock.advance(1000 * 60.0)

    await desk.history.load(CANDLES)

    minutes = desk.minutes()
    assert minutes == list(range(minutes[0], 3001, every))
    assert desk.market[BTC].series(MINUTE).holes == []


async def test_a_hole_longer_than_what_is_worth_fetching_is_shown() -> None:
    desk = Desk(traded_every=1, history=300)
    await desk.history.load(CANDLES)
    await desk.clock.advance(5000 * 60.0)

    await desk.history.load(CANDLES)

    ((start, end),) = desk.market[BTC].series(MINUTE).holes
    assert (start // MINUTE_NS - desk.start, end // MINUTE_NS - desk.start) == (3496, 6701)
    assert desk.minutes()[-1] == 7000
