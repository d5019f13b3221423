"""Real frames of Coinbase Exchange give the figures known of them, and its garbage stops nothing."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tui.adapters.coinbase import CoinbaseAdapter
from tui.feed.books import BookSync
from tui.market.order_book import OrderBook
from tui.model.events import (
    BookDelta,
    BookSnapshot,
    Event,
    ParseFailure,
    ServerTime,
    Side,
    Ticker,
    Trade,
)
from tui.model.instrument import Instrument

YFI = Instrument("COINBASE", "YFI-USD")


class Playback:
    """What came out of the recording of ten products.

    Attributes:
        compared, equal: best bid and ask of a verified book beside each ticker.
    """

    def __init__(self, path: Path) -> None:
        self.adapter = CoinbaseAdapter()
        self.kinds: Counter[str] = Counter()
        self.books: dict[Instrument, BookSync] = {}
        self.trades: list[Trade] = []
        self.compared = self.equal = 0
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for line in map(json.loads, file):
                if line["kind"] == "rx":
                    ts_local = round(line["t"] * 1e9)
                    for event in self.adapter.decode(line["raw"].encode(), ts_local):
                        self.take(event)

    def take(self, event: Event) -> None:
        self.kinds[type(event).__name__] += 1
        if isinstance(event, BookSnapshot):
            policy = self.adapter.book_policy
            book = self.books[event.instrument] = BookSync(event.instrument, policy, OrderBook())
            book.on_snapshot(event)
        elif isinstance(event, BookDelta):
            self.books[event.instrument].on_delta(event)
        elif isinstance(event, Trade):
            self.trades.append(event)
        elif isinstance(event, Ticker):
            book = self.books[event.instrument]
            best = book.book.bids.top_raw(1)[0][0], book.book.asks.top_raw(1)[0][0]
            self.compared += 1
            self.equal += (event.bid, event.ask) == best


@pytest.fixture(scope="module")
def played(shared_recordings: Path) -> Playback:
    return Playback(shared_recordings / "coinbase_exchange_10products.jsonl.gz")


def decoded(path: Path) -> list[list[Any]]:
    adapter = CoinbaseAdapter()
    return [list(adapter.decode(line, 1)) for line in path.read_bytes().splitlines()]


def test_every_frame_of_ten_products_is_understood(played: Playback) -> None:
    assert played.kinds == {"BookDelta": 9719, "BookSnapshot": 10, "Ticker": 107, "Trade": 107}


def test_ten_books_stay_verified(played: Playback) -> None:
    books = played.books.values()

    assert [book.reason for book in books] == ["crossed-check"] * 10
    assert sum(book.resyncs for book in books) == 0


def test_the_best_prices_equal_the_tickers_as_far_as_two_channels_can(played: Playback) -> None:
    assert (played.equal, played.compared) == (100, 107)


def test_no_trade_is_missing(played: Playback) -> None:
    last: dict[Instrument, int | None] = {}
    jumps = 0
    for trade in played.trades:
        known = last.get(trade.instrument)
        assert trade.trade_id is not None
        jumps += known is not None and trade.trade_id != known + 1
        last[trade.instrument] = trade.trade_id

    assert jumps == 0
    assert sum(trade.from_history for trade in played.trades) == 10


def test_a_time_before_all_times_leaves_the_update_undated(recordings: Path) -> None:
    ((delta,), *_) = decoded(recordings / "coinbase_exchange_oddities.jsonl")

    assert (delta.ts_exchange, delta.bids) == (0, [("9202.70", "0.58667860")])


def test_a_size_that_is_no_number_is_told_and_the_rest_of_the_book_stays(recordings: Path) -> None:
    (_, (snapshot, failure), *_) = decoded(recordings / "coinbase_exchange_oddities.jsonl")

    assert snapshot == BookSnapshot(
        YFI, [("40533.24", "0.020416")], [("40584.89", "0.039985")], 0, 0, 1
    )
    assert isinstance(failure, ParseFailure)
    assert failure.message.startswith("a level of a book")
    assert "0.-10000" in failure.raw


def test_old_tickers_lack_sizes_and_are_tickers_all_the_same(recordings: Path) -> None:
    (_, _, (old,), (newer,)) = decoded(recordings / "coinbase_exchange_oddities.jsonl")

    assert (old.bid, old.bid_size, newer.bid_size) == ("4094.99", None, "0.61540890")


def test_frames_of_today_are_understood(recordings: Path) -> None:
    frames = decoded(recordings / "coinbase_exchange_frames.jsonl")
    events = [one for found in frames for one in found]

    assert len(frames) == 12

    assert Counter(type(event).__name__ for event in events) == {
        "Trade": 5,
        "BookDelta": 3,
        "ServerTime": 2,
        "Ticker": 1,
    }


def test_who_took_is_the_opposite_of_who_made(recordings: Path) -> None:
    ((trade,), *_) = decoded(recordings / "coinbase_exchange_frames.jsonl")

    assert trade == Trade(
        Instrument("COINBASE", "BTC-USD"),
        83420.2,
        0.00000008,
        Side.SELL,
        1_790_733_792_819_699_000,
        1,
        1100243481,
        "83420.2",
        "0.00000008",
    )


def test_a_heartbeat_tells_the_venues_time(recordings: Path) -> None:
    beat = decoded(recordings / "coinbase_exchange_frames.jsonl")[4]

    assert beat == [ServerTime(1_790_733_793_000_000_000, 1)]
