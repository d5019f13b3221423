"""From frames to facts, slice by slice."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from scripted_venue import BOOK, BTC, CANDLES, MINUTE, TICKER, TRADES

from tui.adapters.binance import BinanceAdapter
from tui.feed.clock import ManualClock
from tui.feed.error_log import ErrorLog
from tui.feed.inbox import Inbox
from tui.feed.metrics import Metrics
from tui.feed.rest_client import RestClient
from tui.feed.settings import FeedSettings
from tui.feed.upkeep import Upkeep
from tui.market.market import Market
from tui.model.events import (
    Alert,
    AlertLevel,
    BookSnapshot,
    Candle,
    Event,
    Heartbeat,
    Metric,
    Side,
    Status,
    Ticker,
    Trade,
    VenueNotice,
)
from tui.model.health import ErrorCategory
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import Timeframe
from tui.model.transport import TransportKind
from tui.transports.rest import RestTransport

MINUTE_MS = 60_000
START_MS = 29_000_000 * MINUTE_MS


class Desk:
    """An upkeep without a connection: a test puts frames into the inbox itself."""

    def __init__(self, *wanted: Subscription) -> None:
        self.clock = ManualClock()
        self.market = Market()
        self.metrics = Metrics()
        self.errors = ErrorLog(self.clock)
        self.left: list[str] = []
        self.adapter = BinanceAdapter()
        self.inbox = Inbox(10_000)
        rng = random.Random(1)
        rest = RestClient(
            self.adapter, RestTransport(), clock=self.clock, rng=rng, errors=self.errors
        )
        self.upkeep = Upkeep(
            self.adapter,
            self.market,
            rest,
            clock=self.clock,
            rng=rng,
            errors=self.errors,
            settings=FeedSettings(),
            metrics=self.metrics,
            useful=lambda: None,
            renew=self.left.append,
            fail=lambda cause: None,
        )
        self.upkeep.want(wanted or [TICKER, TRADES, CANDLES])
        self.upkeep.connected(TransportKind.WEBSOCKET)

    def put(self, *frames: object) -> None:
        for frame in frames:
            raw = frame if isinstance(frame, bytes) else json.dumps(frame).encode()
            self.inbox.put(raw, 7)

    def process(self, slice_s: float = 60.0) -> None:
        self.upkeep.intake.process(self.inbox, slice_s)


def ticker(last: str) -> dict[str, Any]:
    return {
        "stream": "btcusdt@ticker",
        "data": {
            "e": "24hrTicker", "E": 1, "s": "BTCUSDT", "p": "1", "P": "1.00", "w": "1", "x": "1",
            "c": last, "Q": "1", "b": "99.0", "B": "1", "a": "101.0", "A": "1", "o": "99",
            "h": "102", "l": "98", "v": "10", "q": "1000", "O": 0, "C": 1, "F": 0, "L": 1, "n": 2,
        },
    }  # fmt: skip


def best(bid: str) -> dict[str, Any]:
    return {
        "stream": "btcusdt@bookTicker",
        "data": {"u": 1, "s": "BTCUSDT", "b": bid, "B": "1", "a": "101.0", "A": "1"},
    }


def trade(number: int) -> dict[str, Any]:
    return {
        "stream": "btcusdt@aggTrade",
        "data": {
            "e": "aggTrade", "E": 1, "s": "BTCUSDT", "a": number, "p": "100.0", "q": "1",
            "f": number, "l": number, "T": 1, "m": False, "M": True,
        },
    }  # fmt: skip


def candle(minute: int, close: str, *, closed: bool, at: int) -> dict[str, Any]:
    start = START_MS + minute * MINUTE_MS
    return {
        "stream": "btcusdt@kline_1m",
        "data": {
            "e": "kline", "E": at, "s": "BTCUSDT",
            "k": {
                "t": start, "T": start + 59_999, "s": "BTCUSDT", "i": "1m", "f": 1, "L": 2,
                "o": "100", "h": "200", "l": "50", "c": close, "v": "1", "n": 3, "x": closed,
                "q": "100", "V": "0.5", "Q": "50", "B": "0",
            },
        },
    }  # fmt: skip


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_of_many_tickers_in_a_slice_the_last_one_counts(desk: Desk) -> None:
    desk.put(*[ticker(f"{price}.0") for price in range(100, 110)])

    desk.process()

    assert desk.market[BTC].last_price == 109.0
    assert desk.market[BTC].ticker_revision == 1
    assert desk.metrics.conflated == 9


def test_best_prices_and_day_figures_do_not_replace_each_other(desk: Desk) -> None:
    desk.put(ticker("100.0"), best("99.5"), best("99.6"))

    desk.process()

    merged = desk.market[BTC].ticker
    assert merged is not None
    assert (merged.last, merged.bid, merged.change_percent) == (100.0, "99.6", 1.0)


def test_every_trade_counts(desk: Desk) -> None:
    desk.put(*[trade(number) for number in range(1, 101)])

    desk.process()

    assert len(desk.market[BTC].tape) == 100


def test_of_an_open_candle_the_last_state_counts_and_every_closed_one_stays(desk: Desk) -> None:
    desk.put(
        candle(0, "101", closed=False, at=1),
        candle(0, "102", closed=True, at=2),
        candle(1, "103", closed=False, at=3),
        candle(1, "104", closed=False, at=4),
        candle(1, "105", closed=True, at=5),
        candle(2, "106", closed=False, at=6),
        candle(2, "107", closed=False, at=7),
    )

    desk.process()

    candles = desk.market[BTC].series(MINUTE).candles
    assert [(one.close, one.closed) for one in candles] == [
        (102.0, True),
        (105.0, True),
        (107.0, False),
    ]


def test_a_slice_ends_in_time_and_leaves_the_rest_for_the_next(desk: Desk) -> None:
    desk.put(*[trade(number) for number in range(1, 4)])

    desk.process(slice_s=0.0)
    assert len(desk.inbox) == 2
    assert len(desk.market[BTC].tape) == 1

    desk.process()
    desk.upkeep.intake.flush()
    assert len(desk.market[BTC].tape) == 3


def test_a_frame_that_nobody_understands_is_a_parse_error_and_the_next_one_counts(
    desk: Desk,
) -> None:
    desk.put(b"\x1b[31m<oops>", trade(1))

    desk.process()

    assert len(desk.market[BTC].tape) == 1
    assert [record.category for record in desk.errors.records()] == [ErrorCategory.PARSE]


def test_data_is_noted_with_its_moment(desk: Desk) -> None:
    desk.put(trade(1))

    desk.process()

    truth = desk.market.truth(TRADES)
    assert (truth.status.value, truth.last_data) == ("live", 7)


def test_a_heartbeat_that_wants_a_reply_gets_one(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk.adapter, "decode", lambda frame, ts: [Heartbeat(ts, reply="~h~1")])
    desk.upkeep.outbox.clear()
    desk.put(b"~h~1")

    desk.process()

    assert len(desk.upkeep.outbox) == 1


@pytest.mark.parametrize(("leaving", "causes"), [(True, 1), (False, 0)])
def test_a_notice_is_logged_and_obeyed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, leaving: bool, causes: int
) -> None:
    notice = VenueNotice("maintenance at noon", 1, reconnect=leaving)
    monkeypatch.setattr(desk.adapter, "decode", lambda frame, ts: [notice])
    desk.put(b"{}")

    desk.process()

    assert desk.errors.records()[0].message == "maintenance at noon"
    assert desk.left == ["the venue announced: maintenance at noon"] * causes


# -- batches ---------------------------------------------------------------------------------

ETH = Instrument("BINANCE", "ETHUSDT")


def eth_trade(number: int) -> dict[str, Any]:
    said = trade(number)
    return {"stream": "ethusdt@aggTrade", "data": {**said["data"], "s": "ETHUSDT"}}


@contextlib.asynccontextmanager
async def running(desk: Desk) -> AsyncIterator[None]:
    task = asyncio.create_task(desk.upkeep.intake.run(desk.inbox))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_after_a_pause_the_first_update_comes_at_once_and_the_next_with_the_batch(
    desk: Desk,
) -> None:
    async with running(desk):
        desk.put(trade(1))
        await desk.clock.advance(0.0)
        assert len(desk.market[BTC].tape) == 1

        desk.put(trade(2))
        await desk.clock.advance(0.05)
        desk.put(trade(3))
        await desk.clock.advance(0.04)
        assert len(desk.market[BTC].tape) == 1

        await desk.clock.advance(0.011)
        assert len(desk.market[BTC].tape) == 3


async def test_what_is_in_focus_does_not_wait(desk: Desk) -> None:
    desk.upkeep.intake.focus(frozenset([BTC]))
    async with running(desk):
        desk.put(trade(1), eth_trade(1))
        await desk.clock.advance(0.0)
        desk.put(trade(2), eth_trade(2))
        await desk.clock.advance(0.0)

        assert (len(desk.market[BTC].tape), len(desk.market[ETH].tape)) == (2, 1)


async def test_a_change_of_focus_leaves_nothing_behind_and_keeps_the_order(desk: Desk) -> None:
    desk.process()
    desk.put(trade(1), trade(2))
    desk.process()
    desk.upkeep.intake.focus(frozenset([BTC]))
    desk.put(trade(3))
    desk.process()

    tape = desk.market[BTC].tape
    assert [one.trade_id for one in tape.newest(9)] == [3, 2, 1]


async def test_what_came_before_the_end_is_still_true(desk: Desk) -> None:
    async with running(desk):
        desk.put(trade(1))
        await desk.clock.advance(0.0)
        desk.put(trade(2))
        await desk.clock.advance(0.0)
        assert len(desk.market[BTC].tape) == 1

    assert len(desk.market[BTC].tape) == 2


async def test_many_changes_of_a_book_are_told_once_a_batch() -> None:
    desk = Desk(BOOK)
    desk.upkeep._books.add_snapshot(BookSnapshot(BTC, [("99", "1")], [("101", "1")], 10, 0, 1))
    desk.put(depth(11, "1"))
    desk.process()
    revision = desk.market[BTC].book_revision

    desk.put(*[depth(number, str(number)) for number in range(12, 22)])
    desk.process()
    assert desk.market[BTC].book.bids.top(1)[0].size == 21.0
    assert desk.market[BTC].book_revision == revision

    desk.upkeep.intake.flush()
    assert desk.market[BTC].book_revision == revision + 1
    assert desk.metrics.applied == 11


def depth(number: int, size: str) -> dict[str, Any]:
    return {
        "stream": "btcusdt@depth@100ms",
        "data": {
            "e": "depthUpdate", "E": 1, "s": "BTCUSDT", "U": number, "u": number,
            "b": [["99", size]], "a": [],
        },
    }  # fmt: skip


# -- what is old -----------------------------------------------------------------------------


def play(desk: Desk, monkeypatch: pytest.MonkeyPatch, *events: Event) -> None:
    """Process one frame for each event."""
    waiting = list(events)
    monkeypatch.setattr(desk.adapter, "decode", lambda frame, ts: [waiting.pop(0)])
    desk.put(*[b"{}"] * len(events))
    desk.process()
    desk.upkeep.intake.flush()


def test_old_news_is_dropped_and_counted(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def at(ts: int, price: float) -> Ticker:
        return Ticker(instrument=BTC, ts_exchange=ts, ts_local=1, last=price, last_text=str(price))

    def sold(number: int) -> Trade:
        return Trade(BTC, 1.0, 1.0, Side.SELL, number, 1, number, "1", "1")

    def state(ts: int, close: float, *, closed: bool = False) -> Candle:
        return Candle(BTC, MINUTE, 60_000_000_000, 1.0, 9.0, 1.0, close, 1.0, closed, ts)

    play(desk, monkeypatch, at(5, 2.0), at(4, 1.0), sold(1), sold(1), state(5, 2.0), state(4, 1.0))
    assert desk.market[BTC].last_price == 2.0
    assert (desk.metrics.applied, desk.metrics.stale) == (3, 3)

    play(desk, monkeypatch, at(3, 1.0), state(6, 3.0, closed=True), state(7, 4.0))
    assert [one.close for one in desk.market[BTC].series(MINUTE).candles] == [3.0]
    assert (desk.metrics.applied, desk.metrics.stale) == (4, 5)


def test_an_open_candle_that_comes_late_does_not_hide_the_next(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Candle(BTC, MINUTE, 60_000_000_000, 1.0, 1.0, 1.0, 1.0, 1.0, False, 5)
    second = msgspec.structs.replace(first, open_time=120_000_000_000, ts_exchange=6)

    play(desk, monkeypatch, second, first)

    assert list(desk.market[BTC].series(MINUTE).candles) == [first, second]


def test_what_a_venue_announces_is_kept(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    metric = Metric("BINANCE", BTC, "volatility", 0.5, 1, 1)
    alert = Alert("BINANCE", None, AlertLevel.INFO, "", "hello", 1, 1)
    status = Status("BINANCE", BTC, "halted", "", 1, 1)

    play(desk, monkeypatch, metric, alert, status)

    assert desk.market.metrics.of("BINANCE", BTC) == [metric]
    assert desk.market.notices.alerts == [alert]
    assert desk.market.notices.status("BINANCE", BTC) == status


def test_one_event_that_finds_a_fault_of_ours_harms_no_other(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.upkeep.want([Subscription(BTC, Channel.CANDLES, Timeframe.parse("2M")), TRADES])
    odd = Trade(BTC, 1.0, 1.0, Side.BUY, 10**30, 1, 1, "1", "1")
    good = Trade(BTC, 1.0, 1.0, Side.BUY, 1, 1, 2, "1", "1")

    play(desk, monkeypatch, odd, good)

    assert len(desk.market[BTC].tape) == 2
    assert desk.errors.records()[0].message.startswith("internal error: ")


def test_a_stream_that_still_catches_up_is_not_live() -> None:
    desk = Desk(TRADES)
    moment = 1_700_000_000_000_000_000
    desk.upkeep.offset.add_round_trip(moment, moment, moment)

    late, current = trade(1), trade(2)
    late["data"]["T"] = (moment - 25_000_000_000) // 1_000_000
    current["data"]["T"] = moment // 1_000_000
    desk.inbox.put(json.dumps(late).encode(), moment)
    desk.process()
    desk.upkeep.intake.flush()
    assert len(desk.market[BTC].tape) == 1
    assert desk.market.truth(TRADES).status.value == "pending"

    desk.inbox.put(json.dumps(current).encode(), moment)
    desk.process()
    desk.upkeep.intake.flush()
    assert desk.market.truth(TRADES).status.value == "live"
