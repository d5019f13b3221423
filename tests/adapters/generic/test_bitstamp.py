"""Bitstamp by the guide's example alone: its real frames give verified books and all of its trades."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tui.adapters.generic import DescribedAdapter
from tui.feed.books import BookSync
from tui.market.order_book import OrderBook
from tui.model.errors import NotOffered
from tui.model.events import BookDelta, BookSnapshot, Event, Side, Trade
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import Timeframe

SYMBOLS = [
    "SGBEUR",
    "ETHUSD",
    "XRPEUR",
    "BATEUR",
    "USDTEUR",
    "USDTUSD",
    "XLMGBP",
    "ADAEUR",
    "BATBTC",
    "GALAEUR",
]
ETH = Instrument("BITSTAMP", "ETHUSD")
Make = Callable[[str], DescribedAdapter]


class Playback:
    """What came out of the recording; snapshots are handed over when they arrived."""

    def __init__(self, adapter: DescribedAdapter, path: Path) -> None:
        self.adapter = adapter
        self.kinds: Counter[str] = Counter()
        self.trades: list[Trade] = []
        self.books = {
            symbol: BookSync(Instrument("BITSTAMP", symbol), self.adapter.book_policy, OrderBook())
            for symbol in SYMBOLS
        }
        with gzip.open(path, "rt", encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
        self.asked = [line["raw"] for line in lines if line["kind"] == "tx"]
        # The client was busy with its requests until all snapshots were there, while frames waited:
        # those that are older than the first snapshot came before it.
        bodies = [line for line in lines if line["kind"] == "http"]
        frames = [line for line in lines if line["kind"] == "rx"]
        early = [line for line in frames if age(line["raw"]) < age(bodies[0]["raw"])]
        for line in early:
            self.receive(line)
        for line in bodies:
            self.fetch(line)
        for line in frames:
            if line not in early:
                self.receive(line)

    def receive(self, line: dict[str, str]) -> None:
        for event in self.adapter.decode(line["raw"].encode(), round(float(line["t"]) * 1e9)):
            self.kinds[type(event).__name__] += 1
            self.take(event)

    def fetch(self, line: dict[str, str]) -> None:
        symbol = line["url"].rpartition("/")[2].upper()
        request = self.adapter.book_request(Instrument("BITSTAMP", symbol))
        assert request.url == line["url"] + "/"
        snapshot = request.decode(line["raw"].encode(), round(float(line["t"]) * 1e9))
        self.kinds["fetched"] += 1
        self.take(snapshot)

    def take(self, event: Event | BookSnapshot) -> None:
        if isinstance(event, BookSnapshot):
            self.books[event.instrument.symbol].on_snapshot(event)
        elif isinstance(event, BookDelta):
            self.books[event.instrument.symbol].on_delta(event)
        elif isinstance(event, Trade):
            self.trades.append(event)


def age(raw: str) -> int:
    message = json.loads(raw)
    return int((message.get("data") or message).get("microtimestamp", 0))


@pytest.fixture(scope="module")
def played(described: Make, shared_recordings: Path) -> Playback:
    adapter = described("bitstamp")
    adapter.subscribe(
        [
            Subscription(Instrument("BITSTAMP", symbol), channel)
            for channel in (Channel.BOOK, Channel.TRADES)
            for symbol in SYMBOLS
        ]
    )
    return Playback(adapter, shared_recordings / "bitstamp_generic.jsonl.gz")


def test_every_frame_is_understood(played: Playback) -> None:
    assert played.kinds == {"Ack": 20, "BookDelta": 717, "Trade": 10, "fetched": 10}


def test_all_ten_books_are_verified_by_the_order_of_their_changes(played: Playback) -> None:
    assert [book.reason for book in played.books.values()] == ["order"] * 10
    assert all(book.is_verified for book in played.books.values())


def test_the_changes_that_a_snapshot_holds_already_are_left_out(played: Playback) -> None:
    applied = {symbol: book.applied for symbol, book in played.books.items()}
    stale = {symbol: book.stale for symbol, book in played.books.items()}

    assert applied == {
        "SGBEUR": 0,
        "ETHUSD": 73,
        "XRPEUR": 64,
        "BATEUR": 75,
        "USDTEUR": 89,
        "USDTUSD": 61,
        "XLMGBP": 60,
        "ADAEUR": 57,
        "BATBTC": 111,
        "GALAEUR": 25,
    }
    assert sum(stale.values()) == 102
    assert not any(book.gaps or book.resyncs for book in played.books.values())


def test_no_book_is_crossed_and_the_venues_digits_stay(played: Playback) -> None:
    assert not any(book.book.is_crossed for book in played.books.values())
    assert played.books["BATBTC"].book.bids.top_raw(1)[0][0].startswith("0.0000")


def test_trades_carry_price_size_side_and_time(played: Playback) -> None:
    first = played.trades[0]

    assert (first.instrument, first.price_text, first.size_text) == (ETH, "3805.44", "0.07920000")
    assert (first.aggressor, first.ts_exchange) == (Side.BUY, 1641343699596000000)
    assert [trade.aggressor for trade in played.trades] == [Side.BUY] + [Side.SELL] * 9
    assert all(trade.trade_id is None for trade in played.trades)


def test_trades_happened_inside_the_books_spread_or_at_its_edge(played: Playback) -> None:
    book = played.books["ETHUSD"].book

    assert 3700 < (book.bids.best_price or 0) < (book.asks.best_price or 0) < 3900


def test_the_messages_are_those_that_a_real_client_sent(described: Make, played: Playback) -> None:
    adapter = described("bitstamp")

    sent = adapter.subscribe(
        [
            Subscription(Instrument("BITSTAMP", symbol), channel)
            for channel in (Channel.BOOK, Channel.TRADES)
            for symbol in SYMBOLS
        ]
    )

    assert [json.loads(one.text) for one in sent] == [json.loads(raw) for raw in played.asked]


def test_candles_are_asked_for_in_the_venues_words(described: Make) -> None:
    request = described("bitstamp").candles_request(ETH, Timeframe.parse("1h"), limit=50)

    assert request.url == "https://www.bitstamp.net/api/v2/ohlc/ethusd/"
    assert request.params == {"step": "3600", "limit": "50"}


def test_candles_are_read_oldest_first_the_newest_open(described: Make) -> None:
    request = described("bitstamp").candles_request(ETH, Timeframe.parse("1h"), start=0)
    row = {"high": "12", "low": "9", "open": "10", "close": "11", "volume": "3.5"}
    rows = [row | {"timestamp": "7200"}, row | {"timestamp": "3600"}]
    body = json.dumps({"data": {"pair": "ETH/USD", "ohlc": rows}}).encode()

    older, newer = request.decode(body, 1)

    assert (older.open_time, older.closed) == (3600 * 10**9, True)
    assert (newer.open_time, newer.closed) == (7200 * 10**9, False)
    assert (newer.open, newer.high, newer.low, newer.close, newer.volume) == (10, 12, 9, 11, 3.5)


def test_symbols_come_in_capitals_with_their_steps(described: Make) -> None:
    body = b'[{"url_symbol":"btcusd","base_decimals":8,"counter_decimals":2,"trading":"Enabled"}]'

    (info,) = described("bitstamp").instruments_request().decode(body, 1)

    assert info.instrument == Instrument("BITSTAMP", "BTCUSD")
    assert (info.tick_size, info.size_step) == ("0.01", "0.00000001")


def test_trades_whose_ids_skip_are_not_fetched(described: Make) -> None:
    with pytest.raises(NotOffered):
        described("bitstamp").trades_request(ETH)


def test_the_venues_own_words_of_a_refusal_are_found(described: Make) -> None:
    body = b'{"status": "error", "reason": "Market not found.", "code": "API0005"}'

    assert described("bitstamp").rest_error(404, body) == "Market not found."


def test_a_wish_to_reconnect_is_passed_on(described: Make) -> None:
    frame = b'{"event":"bts:request_reconnect","channel":"","data":""}'

    (notice,) = described("bitstamp").decode(frame, 1)

    assert getattr(notice, "reconnect", False)


def test_a_refused_channel_is_rejected_with_the_venues_words(described: Make) -> None:
    adapter = described("bitstamp")
    subscription = Subscription(Instrument("BITSTAMP", "NOPE"), Channel.TRADES)
    adapter.subscribe([subscription])
    frame = b"""{"event":"bts:error","channel":"live_trades_nope",
        "data":{"code":null,"message":"Bad subscription string."}}"""

    (rejection,) = adapter.decode(frame, 1)

    assert getattr(rejection, "subscription", None) == subscription
    assert getattr(rejection, "reason", "") == "Bad subscription string."
