"""Real frames of 346 seconds of BTCUSDT, through inbox, adapter, checks and market."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path
from typing import Any

import pytest

from tui.adapters.binance import BinanceAdapter
from tui.feed.clock import ManualClock
from tui.feed.error_log import ErrorLog
from tui.feed.inbox import Inbox
from tui.feed.metrics import Metrics
from tui.feed.rest_client import RestClient
from tui.feed.settings import FeedSettings
from tui.feed.upkeep import Upkeep
from tui.market.market import Market
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import Timeframe
from tui.model.transport import TransportKind
from tui.transports.rest import RestTransport

BTC = Instrument("BINANCE", "BTCUSDT")
MINUTE = Timeframe.parse("1m")
TRADES = Subscription(BTC, Channel.TRADES)
BOOK = Subscription(BTC, Channel.BOOK)
TICKER = Subscription(BTC, Channel.TICKER)
CANDLES = Subscription(BTC, Channel.CANDLES, MINUTE)


class Replay:
    """The recording played into a feed's intake, time moving as it did then."""

    def __init__(self, recordings: Path) -> None:
        self.clock = ManualClock()
        self.market = Market()
        self.metrics = Metrics()
        self.errors = ErrorLog(self.clock)
        self.adapter = BinanceAdapter(channels=frozenset({Channel.TRADES, Channel.BOOK}))
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
            renew=lambda cause: None,
            fail=lambda cause: None,
        )
        self.inbox = Inbox(100_000)
        self.latencies: list[tuple[float | None, float | None]] = []
        self._path = recordings / "binance_spot_btcusdt.jsonl.gz"

    async def play(self) -> None:
        self.upkeep.want([TRADES, BOOK, TICKER, CANDLES])
        self.upkeep.connected(TransportKind.WEBSOCKET)
        for stream in self.upkeep.subscriptions.streams.values():
            stream.acked = True
        second = 0
        with gzip.open(self._path, "rt", encoding="utf-8") as lines:
            for line in lines:
                record: dict[str, Any] = json.loads(line)
                now = round(record["t"] * 1e9)
                if second == 0:
                    self.clock.set_time(now)
                elif int(record["t"]) != second:
                    self.upkeep.intake.process(self.inbox, slice_s=60.0)
                    await self.clock.advance((now - self.clock.time_ns()) / 1e9)
                    offset = self.upkeep.offset.offset
                    self.latencies.append(self.metrics.latency_ms(offset, self.clock.monotonic()))
                second = int(record["t"])
                raw = record.get("raw", "").encode()
                if record["kind"] == "rx":
                    self.inbox.put(raw, now)
                elif record["kind"] == "http":
                    self.upkeep.intake.process(self.inbox, slice_s=60.0)
                    snapshot = self.adapter.book_request(BTC).decode(raw, now)
                    self.upkeep._books.add_snapshot(snapshot)
        self.upkeep.intake.process(self.inbox, slice_s=60.0)


@pytest.fixture(scope="module")
def played() -> dict[str, Replay]:
    return {}


@pytest.fixture
async def replay(recordings: Path, played: dict[str, Replay]) -> Replay:
    if "btcusdt" not in played:
        made = Replay(recordings)
        await made.play()
        played["btcusdt"] = made
    return played["btcusdt"]


async def test_the_recorders_clock_is_found_to_be_1270_ms_behind(replay: Replay) -> None:
    offset = replay.upkeep.offset.offset

    assert offset is not None
    assert offset / 1e6 == pytest.approx(-1270, abs=15)


async def test_no_latency_is_negative_and_all_are_sane(replay: Replay) -> None:
    known = [(p50, p99) for p50, p99 in replay.latencies if p50 is not None and p99 is not None]

    assert len(known) > 300
    assert all(0.0 <= p50 <= p99 for p50, p99 in known)
    assert max(p50 for p50, _ in known[10:]) < 100.0


async def test_the_book_is_verified_to_the_last_change(replay: Replay) -> None:
    truth = replay.market.truth(BOOK)

    assert (truth.status.value, truth.verified, truth.reason) == ("live", True, "sequence")


async def test_no_trade_is_missing_or_double(replay: Replay) -> None:
    tape = replay.market[BTC].tape
    ids = [trade.trade_id for trade in tape.newest(1000)]

    assert tape.missed == 0
    assert replay.upkeep._trades.sequence(BTC).missing == []
    assert ids == list(range(ids[0], ids[0] - 1000, -1))  # type: ignore[arg-type, operator]


async def test_candles_are_built_minute_by_minute(replay: Replay) -> None:
    candles = replay.market[BTC].series(MINUTE).candles

    assert [candle.open_time // 60_000_000_000 % 60 for candle in candles] == [
        54, 55, 56, 57, 58, 59, 0,
    ]  # fmt: skip
    assert [candle.closed for candle in candles] == [True] * 6 + [False]
    assert sum(candle.trades for candle in candles) == 9757


async def test_the_newest_ticker_stands_for_the_earlier_ones(replay: Replay) -> None:
    assert replay.metrics.conflated > 20_000
    ticker = replay.market[BTC].ticker
    assert ticker is not None
    book = replay.market[BTC].book
    assert ticker.bid is not None
    assert book.bids.best_price == pytest.approx(float(ticker.bid), abs=1.0)


async def test_nothing_of_it_is_an_error(replay: Replay) -> None:
    assert [record.message for record in replay.errors.records()] == []
