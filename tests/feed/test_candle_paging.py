"""Candles older than a chart begins with: fetched as somebody looks there, and let go afterwards."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from tui.adapters.base import Adapter, RestRequest
from tui.adapters.binance import BinanceAdapter
from tui.adapters.coinbase import CoinbaseAdapter
from tui.feed import candle_paging
from tui.feed.candle_history import CandleHistory
from tui.feed.candle_paging import CandlePaging
from tui.feed.clock import ManualClock
from tui.feed.clock_offset import ClockOffset
from tui.feed.error_log import ErrorLog
from tui.feed.jobs import Jobs
from tui.feed.patience import Patience
from tui.feed.settings import FeedSettings
from tui.feed.subscriptions import Subscriptions
from tui.feed.timeframes import asked_for, available_timeframes
from tui.feed.trade_flow import TradeFlow
from tui.market.candle_series import Past
from tui.market.market import Market
from tui.model.errors import NotOffered, TransportError
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import Timeframe

BTC = Instrument("BINANCE", "BTCUSDT")
COIN = Instrument("COINBASE", "BTC-USD")
MINUTE = Timeframe(1, "m")
MINUTE_NS = 60_000_000_000
CANDLES = Subscription(BTC, Channel.CANDLES, MINUTE)


class Venue:
    """A venue's REST in memory: candles at these minutes and in these days."""

    def __init__(self, minutes: range) -> None:
        self.minutes = minutes
        self.asked: list[tuple[str, int]] = []
        self.lanes: set[str] = set()
        self.failures: list[TransportError] = []
        self.before_answer: Callable[[], None] = lambda: None
        self.gate = asyncio.Event()
        self.gate.set()

    async def fetch(self, request: RestRequest[Any], lane: str) -> Any:
        await self.gate.wait()
        await asyncio.sleep(0)
        self.lanes.add(lane)
        if self.failures:
            raise self.failures.pop(0)
        self.before_answer()
        rows = self.binance(request) if "interval" in request.params else self.coinbase(request)
        return request.decode(json.dumps(rows).encode(), 2**62)

    def binance(self, request: RestRequest[Any]) -> list[Any]:
        limit = int(request.params["limit"])
        end = int(request.params["endTime"]) // 60_000
        self.asked.append((request.params["interval"], end))
        minutes = [minute for minute in self.minutes if minute <= end][-limit:]
        return [
            [at * 60_000, "1", "1", "1", "1", "2", at * 60_000 + 59_999, "2", 1, "1", "1", "0"]
            for at in minutes
        ]

    def coinbase(self, request: RestRequest[Any]) -> list[Any]:
        span = int(request.params["granularity"])
        first, last = (int(request.params[name]) // span for name in ("start", "end"))
        self.asked.append((str(span), last))
        traded = {minute * 60 // span for minute in self.minutes if minute * 60 // span <= last}
        return [[at * span, 1.0, 1.0, 1.0, 1.0, 2.0] for at in sorted(traded) if at >= first]


class Desk:
    """A feed's paging over a market that holds the venue's newest candles."""

    def __init__(
        self, adapter: Adapter, subscription: Subscription, minutes: range, held: int
    ) -> None:
        self.clock = ManualClock()
        self.market = Market()
        self.venue = Venue(minutes)
        self.subscription = subscription
        self.is_loaded = True
        errors = ErrorLog(self.clock)
        settings = FeedSettings()
        subscriptions = Subscriptions(adapter, settings, self.clock, lambda entry: None)
        patience = Patience(self.clock, random.Random(1))
        history = CandleHistory(
            adapter,
            self.market,
            self.venue,  # type: ignore[arg-type]
            subscriptions=subscriptions,
            trades=TradeFlow(self.market, lambda instrument: None),
            offset=ClockOffset(),
            clock=self.clock,
            patience=patience,
            errors=errors,
            settings=settings,
        )
        self.jobs = Jobs(adapter.venue, errors)
        self.paging = CandlePaging(
            adapter,
            self.market,
            history,
            jobs=self.jobs,
            patience=patience,
            is_loaded=lambda subscription: self.is_loaded,
            send=lambda outgoing: None,
            clock=self.clock,
        )
        self.errors = errors
        newest = Venue(minutes[-held:] if held else minutes[:0])
        rows = newest.minutes
        make = BinanceAdapter().candles_request(BTC, MINUTE).decode
        body = json.dumps(
            [
                [at * 60_000, "1", "1", "1", "1", "2", at * 60_000 + 59_999, "2", 1, "1", "1", "0"]
                for at in rows
            ]
        )
        self.market.merge_candles(subscription.instrument, MINUTE, make(body.encode(), 2**62))

    @property
    def series(self) -> Any:
        return self.market[self.subscription.instrument].series(MINUTE)

    @property
    def minutes(self) -> list[int]:
        return [time // MINUTE_NS for time in self.series.times]

    def want(self, minute: int) -> None:
        self.paging.want({self.subscription: minute * MINUTE_NS})

    async def rest(self) -> None:
        """Let everything that can go on without the clock go on."""
        for _ in range(200):
            await asyncio.sleep(0)


@asynccontextmanager
async def desk(
    *,
    adapter: Adapter | None = None,
    subscription: Subscription = CANDLES,
    minutes: range = range(1000, 6000),
    held: int = 1000,
) -> AsyncIterator[Desk]:
    made = Desk(adapter or BinanceAdapter(), subscription, minutes, held)
    async with asyncio.TaskGroup() as group:
        made.jobs.open(group)
        yield made
        made.jobs.cancel_all()


async def test_older_candles_are_fetched_as_far_as_somebody_looks() -> None:
    async with desk() as made:
        made.want(3500)
        await made.rest()

        assert made.minutes == list(range(3000, 6000))
        assert made.venue.asked == [("1m", 4999), ("1m", 3999)]
        assert made.venue.lanes == {"past"}
        assert made.series.past == Past()


async def test_while_they_are_fetched_the_series_says_so() -> None:
    async with desk() as made:
        made.venue.gate.clear()

        made.want(3500)
        await made.rest()

        assert made.series.past == Past(note="loading older…")


async def test_a_series_that_is_not_live_any_more_is_not_called_loading() -> None:
    async with desk() as made:
        made.venue.gate.clear()
        made.want(3500)
        await made.rest()

        made.is_loaded = False
        made.paging.resume()

        assert made.series.past == Past()


async def test_what_is_there_is_not_fetched() -> None:
    async with desk() as made:
        made.want(5000)
        await made.rest()

        assert made.venue.asked == []


async def test_the_newest_candles_come_first() -> None:
    async with desk() as made:
        made.is_loaded = False
        made.want(3500)
        await made.rest()
        assert made.venue.asked == []

        made.is_loaded = True
        made.paging.resume()
        await made.rest()
        assert made.minutes[0] == 3000


async def test_all_that_there_is_can_be_wanted() -> None:
    async with desk() as made:
        made.paging.want({CANDLES: 0})
        await made.rest()

        assert made.minutes == list(range(1000, 6000))
        assert made.series.past == Past(begins=True, note="beginning of the data")
        asked = len(made.venue.asked)
        made.paging.resume()
        await made.rest()
        assert len(made.venue.asked) == asked


async def test_one_request_at_a_time_however_often_it_is_wanted() -> None:
    async with desk() as made:
        made.venue.gate.clear()
        for minute in (4000, 3900, 3800):
            made.want(minute)
            await made.rest()
        made.venue.gate.set()
        await made.rest()

        assert [at for _, at in made.venue.asked] == [4999, 3999]


async def test_it_ends_when_nobody_wants_it_any_more() -> None:
    async with desk() as made:
        made.venue.gate.clear()
        made.paging.want({CANDLES: 0})
        await made.rest()

        made.want(5500)
        made.venue.gate.set()
        await made.rest()

        assert made.minutes == list(range(5000, 6000))
        assert made.series.past == Past()


async def test_a_failure_is_said_and_tried_again_later() -> None:
    async with desk() as made:
        made.venue.failures = [TransportError("no route to host")]

        made.want(4500)
        await made.rest()
        assert made.series.past == Past(note="no older candles yet: no route to host")

        await made.clock.advance(10.0)
        await made.rest()
        assert made.minutes[0] == 4000
        assert made.series.past == Past()


async def test_a_refusal_is_the_end_and_says_why() -> None:
    async with desk() as made:
        made.venue.failures = [TransportError("too old", status=400, fatal=True)]

        made.want(4500)
        await made.rest()
        made.paging.resume()
        await made.rest()

        assert made.series.past == Past(begins=True, note="no older candles: too old")
        assert made.venue.asked == []


async def test_what_was_refused_is_asked_for_again_when_the_user_wants_it() -> None:
    async with desk() as made:
        made.venue.failures = [TransportError("not now", status=400, fatal=True)]
        made.want(4500)
        await made.rest()

        made.paging.ask_again()
        await made.rest()

        assert made.minutes[0] == 4000
        assert made.series.past == Past()


async def test_a_venue_without_such_a_request_gives_no_older_candles() -> None:
    async with desk() as made:
        made.venue.failures = [NotOffered("BINANCE has no such request")]
        made.want(4500)
        await made.rest()

        assert made.series.past == Past(begins=True, note="the venue gives no older candles")


async def test_candles_of_trades_begin_with_the_trades() -> None:
    candles = Subscription(COIN, Channel.CANDLES, Timeframe(1, "s"))
    async with desk(adapter=CoinbaseAdapter()) as made:
        series = made.market[COIN].series(Timeframe(1, "s"))
        first = made.series.candles[0]
        series.merge([msgspec.structs.replace(first, timeframe=Timeframe(1, "s"))])
        made.paging.want({candles: 0})
        await made.rest()

        assert series.past == Past(begins=True, note="made of trades since then")
        assert made.venue.asked == []


async def test_a_page_for_a_series_that_was_cleared_meanwhile_is_dropped() -> None:
    async with desk() as made:
        made.venue.before_answer = made.series.clear

        made.want(4500)
        await made.rest()

        assert made.minutes == []


async def test_where_nothing_was_traded_for_longer_than_an_answer_it_is_stepped_over() -> None:
    candles = Subscription(COIN, Channel.CANDLES, MINUTE)
    first = 28_000_000
    minutes = range(first, first + 10_001, 10_000)
    async with desk(
        adapter=CoinbaseAdapter(), subscription=candles, minutes=minutes, held=1
    ) as made:
        made.want(first)
        await made.rest()

        assert made.minutes == [first, first + 10_000]
        # Three empty answers, then the days, then the rest of that day.
        assert len(made.venue.asked) < 20


async def test_a_windowed_venue_has_a_beginning_too() -> None:
    candles = Subscription(COIN, Channel.CANDLES, MINUTE)
    first = 28_000_000
    async with desk(
        adapter=CoinbaseAdapter(), subscription=candles, minutes=range(first, first + 900), held=10
    ) as made:
        made.paging.want({candles: 0})
        await made.rest()

        assert made.minutes == list(range(first, first + 900))
        assert made.series.past == Past(begins=True, note="beginning of the data")


async def test_a_series_grows_no_further_than_there_is_room(monkeypatch: Any) -> None:
    monkeypatch.setattr(candle_paging, "MOST", 3000)
    async with desk() as made:
        made.paging.want({CANDLES: 0})
        await made.rest()

        assert len(made.series) == 3000
        assert made.series.past == Past(note="no older ones are kept")


async def test_what_nobody_looks_at_any_more_is_let_go_from_the_old_end() -> None:
    async with desk(minutes=range(1000, 41_000)) as made:
        made.paging.want({CANDLES: 0})
        await made.rest()
        assert len(made.series) == 40_000
        made.series.mark_hole(1000 * MINUTE_NS, 1005 * MINUTE_NS)

        made.want(33_000)
        assert made.minutes[0] == 25_000
        assert (made.series.past, made.series.holes) == (Past(), [])

        made.paging.want({})
        assert made.minutes == list(range(31_000, 41_000))


def test_every_usual_timeframe_is_available_where_something_adds_up_to_it() -> None:
    names = " ".join(map(str, available_timeframes(CoinbaseAdapter.timeframes, {Channel.TRADES})))

    assert names == "1s 1m 3m 5m 15m 30m 1h 2h 4h 6h 8h 12h 1d 3d 1w 1M"


def test_without_trades_there_are_no_seconds() -> None:
    assert available_timeframes([Timeframe(6, "h")], ()) == (
        Timeframe(6, "h"),
        Timeframe(12, "h"),
        Timeframe(1, "d"),
        Timeframe(3, "d"),
        Timeframe(1, "w"),
        Timeframe(1, "M"),
    )


def test_a_venue_with_trades_alone_has_all_of_them() -> None:
    assert len(available_timeframes((), {Channel.TRADES})) == 16
    assert available_timeframes((), ()) == ()


def test_for_a_built_timeframe_its_parts_are_asked_for() -> None:
    offered = CoinbaseAdapter.timeframes

    def asked(name: str) -> str:
        wanted = Subscription(COIN, Channel.CANDLES, Timeframe.parse(name))
        return str(asked_for(offered, wanted).timeframe)

    assert [asked(name) for name in ("3m", "30m", "12h", "1w", "1h", "45s")] == [
        "1m",
        "15m",
        "6h",
        "1d",
        "1h",
        "45s",
    ]
