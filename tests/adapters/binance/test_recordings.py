"""Real frames, through the adapter and the book synchroniser, give the figures that are known of them."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tui.adapters.binance import BinanceAdapter
from tui.feed.books import BookSync
from tui.market.order_book import OrderBook
from tui.model.events import BookDelta, Event, Ticker, Trade
from tui.model.instrument import Instrument

Best = tuple[tuple[str, str], tuple[str, str]]


def lines(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


class Playback:
    """What came out of a recording.

    Attributes:
        compared, equal: best bid and ask (price and size) of a verified book beside the newest
            bookTicker, wherever the update ids are the same.
    """

    def __init__(self, path: Path) -> None:
        self.adapter = BinanceAdapter()
        self.kinds: Counter[str] = Counter()
        self.books: dict[Instrument, BookSync] = {}
        self.trades: list[Trade] = []
        self.frames = 0
        self.lag_ms: list[float] = []
        self.compared = 0
        self.equal = 0
        self._tickers: dict[Instrument, tuple[int, Best]] = {}
        for line in lines(path):
            self.play(line)

    def play(self, line: dict[str, str]) -> None:
        ts_local = round(float(line["t"]) * 1e9)
        if line["kind"] == "http":
            self.frames += 1
            query = parse_qs(urlsplit(line.get("url", "")).query)
            instrument = Instrument("BINANCE", query.get("symbol", ["BTCUSDT"])[0])
            decode = self.adapter.book_request(instrument).decode
            self.book(instrument).on_snapshot(decode(line["raw"].encode(), ts_local))
        elif line["kind"] == "rx":
            self.frames += 1
            for event in self.adapter.decode(line["raw"].encode(), ts_local):
                self.take(event)

    def take(self, event: Event) -> None:
        self.kinds[type(event).__name__] += 1
        if isinstance(event, BookDelta):
            self.lag_ms.append((event.ts_local - event.ts_exchange) / 1e6)
            sync = self.book(event.instrument)
            sync.on_delta(event)
            sequence, ticker = self._tickers.get(event.instrument, (0, None))
            if sync.is_verified and sequence == event.last_sequence:
                self.compared += 1
                best = (sync.book.bids.top_raw(1)[0], sync.book.asks.top_raw(1)[0])
                self.equal += best == ticker
        elif isinstance(event, Ticker):
            assert event.bid is not None
            assert event.ask is not None
            assert event.bid_size is not None
            assert event.ask_size is not None
            best = ((event.bid, event.bid_size), (event.ask, event.ask_size))
            self._tickers[event.instrument] = (event.sequence, best)
        elif isinstance(event, Trade):
            self.trades.append(event)

    def book(self, instrument: Instrument) -> BookSync:
        if instrument not in self.books:
            self.books[instrument] = BookSync(instrument, self.adapter.book_policy, OrderBook())
        return self.books[instrument]


@pytest.fixture(scope="module")
def btcusdt(shared_recordings: Path) -> Playback:
    return Playback(shared_recordings / "binance_spot_btcusdt.jsonl.gz")


@pytest.fixture(scope="module")
def four_symbols(shared_recordings: Path) -> Playback:
    return Playback(shared_recordings / "binance_spot_4symbols.jsonl.gz")


def test_every_frame_of_btcusdt_is_understood(btcusdt: Playback) -> None:
    assert btcusdt.frames == 41249
    assert btcusdt.kinds == {"Ticker": 28040, "Trade": 9757, "BookDelta": 3451}


def test_the_book_of_btcusdt_bridges_after_two_stale_changes_and_has_no_gap(
    btcusdt: Playback,
) -> None:
    (book,) = btcusdt.books.values()

    assert book.is_verified
    assert (book.stale, book.gaps, book.resyncs) == (2, 0, 0)
    assert book.applied == 3449
    assert book.reason == "sequence"


def test_the_best_prices_of_btcusdt_equal_the_venues_own(btcusdt: Playback) -> None:
    assert (btcusdt.equal, btcusdt.compared) == (560, 560)


def test_no_trade_of_btcusdt_is_missing(btcusdt: Playback) -> None:
    ids = [trade.trade_id for trade in btcusdt.trades]

    assert ids == list(range(3735683259, 3735683259 + 9757))


def test_the_recorders_clock_was_behind_the_venues(btcusdt: Playback) -> None:
    lags = sorted(btcusdt.lag_ms)

    assert -1275 < lags[len(lags) // 2] < -1265


def test_every_frame_of_four_symbols_is_understood(four_symbols: Playback) -> None:
    assert four_symbols.frames == 269
    assert four_symbols.kinds == {"BookDelta": 177, "Ticker": 84, "Trade": 2, "Candle": 2}


def test_four_books_bridge_though_their_snapshots_come_after_the_first_changes(
    four_symbols: Playback,
) -> None:
    books = four_symbols.books.values()

    assert [book.is_verified for book in books] == [True, True, True, True]
    assert sum(book.stale for book in books) == 5
    assert sum(book.gaps + book.resyncs for book in books) == 0


def test_the_best_prices_of_four_symbols_equal_the_venues_own(four_symbols: Playback) -> None:
    assert (four_symbols.equal, four_symbols.compared) == (26, 26)
