"""GET requests of the native protocol, and what their answers mean."""

from __future__ import annotations

import pytest

from tui.adapters.native import NativeAdapter
from tui.model.errors import InstrumentError, ProtocolError
from tui.model.events import BookSnapshot, Candle, Side, Ticker, Trade
from tui.model.instrument import Instrument, InstrumentInfo
from tui.model.timeframe import Timeframe

BTC = Instrument("NATIVE", "BTC-USD")
ETH = Instrument("NATIVE", "ETH-USD")
MINUTE = Timeframe.parse("1m")
NOW = 1_764_000_200_000_000_000
BASE = "http://localhost:8080/v1"


def test_candles_are_asked_for_by_their_open_times(adapter: NativeAdapter) -> None:
    request = adapter.candles_request(
        BTC, MINUTE, start=1_764_000_000_000_000_001, end=1_764_000_060_999_999_999, limit=5000
    )

    assert request.url == f"{BASE}/candles"
    assert request.params == {
        "symbol": "BTC-USD",
        "timeframe": "1m",
        "limit": "1000",
        "start": "1764000000001",
        "end": "1764000060999",
    }


def test_candles_are_read_oldest_first_and_the_last_may_be_open(adapter: NativeAdapter) -> None:
    body = b"""{"type":"candle_update","symbol":"BTC-USD","timeframe":"1m","time":1764000100000,
        "candles":[
        {"time":1764000000000,"open":"1","high":"4","low":"1","close":"3","volume":"5"},
        {"time":1764000060000,"open":"3","high":"3","low":"2","close":"2","volume":"1.5",
         "trades":2,"taker_buy_volume":"0.5","quote_volume":"4"}]}"""

    assert adapter.candles_request(BTC, MINUTE).decode(body, NOW) == [
        Candle(
            BTC,
            MINUTE,
            1_764_000_000_000_000_000,
            1.0,
            4.0,
            1.0,
            3.0,
            5.0,
            True,
            1_764_000_100_000_000_000,
            NOW,
        ),
        Candle(
            BTC,
            MINUTE,
            1_764_000_060_000_000_000,
            3.0,
            3.0,
            2.0,
            2.0,
            1.5,
            False,
            1_764_000_100_000_000_000,
            NOW,
            4.0,
            0.5,
            2,
        ),
    ]


def test_trades_are_asked_for_from_an_id(adapter: NativeAdapter) -> None:
    request = adapter.trades_request(BTC, from_id=70, limit=10)

    assert request.url == f"{BASE}/trades"
    assert request.params == {"symbol": "BTC-USD", "limit": "10", "from_id": "70"}
    body = b"""{"type":"trade_update","symbol":"BTC-USD","trades":[
        {"id":70,"price":"1.50","size":"2","side":"sell","time":1764000100000}]}"""
    assert request.decode(body, NOW) == [
        Trade(BTC, 1.5, 2.0, Side.SELL, 1_764_000_100_000_000_000, NOW, 70, "1.50", "2")
    ]


def test_a_book_is_asked_for_whole(adapter: NativeAdapter) -> None:
    request = adapter.book_request(BTC)

    assert (request.url, request.params) == (f"{BASE}/orderbook", {"symbol": "BTC-USD"})
    body = b"""{"type":"orderbook_update","symbol":"BTC-USD","version":9,"time":1764000100000,
        "book":{"bids":{"1.0":"5"},"asks":{"1.1":"6"}}}"""
    assert request.decode(body, NOW) == BookSnapshot(
        BTC, [("1.0", "5")], [("1.1", "6")], 9, 1_764_000_100_000_000_000, NOW
    )


def test_tickers_are_asked_for_by_symbol(adapter: NativeAdapter) -> None:
    request = adapter.tickers_request([BTC, ETH, BTC])

    assert (request.url, request.params) == (f"{BASE}/tickers", {"symbols": "BTC-USD,ETH-USD"})
    body = b'[{"type":"ticker_update","symbol":"ETH-USD","last":"3","volume":"10"}]'
    assert request.decode(body, NOW) == [
        Ticker(instrument=ETH, ts_exchange=0, ts_local=NOW, last=3.0, last_text="3", volume=10.0)
    ]
    assert adapter.tickers_request([]).params == {}


def test_a_listing_may_say_little(adapter: NativeAdapter) -> None:
    request = adapter.instruments_request([ETH])

    assert (request.url, request.params) == (f"{BASE}/symbols", {"symbols": "ETH-USD"})
    body = b"""{"symbols":[{"symbol":"ETH-USD"},
        {"symbol":"BTC-USD","tick_size":"0.50","trading":false,"status":"halted"}]}"""
    assert request.decode(body, NOW) == [
        InstrumentInfo(ETH, "", ""),
        InstrumentInfo(BTC, "", "", "0.50", "", False, "halted"),
    ]


def test_the_clock_is_read_to_the_microsecond(adapter: NativeAdapter) -> None:
    request = adapter.time_request()

    assert (request.url, request.params) == (f"{BASE}/time", {})
    assert request.decode(b'{"time":1764000100000.5}', NOW) == 1_764_000_100_000_500_000


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "truncated"),
        (b"<html>no</html>", "invalid"),
        (b'{"code":"x","message":"y"}', "symbol"),
        (b'{"symbol":"ETH-USD","timeframe":"1m","candles":[]}', r"about 'ETH-USD'"),
        (b'{"symbol":"BTC-USD","timeframe":"5m","candles":[]}', r"candles of '5m'"),
        (b'{"symbol":"BTC-USD","timeframe":"1m","candles":[{}]}', r"candles\[0\]"),
        (b"\xff", "invalid"),
        pytest.param(b"[" * 5000, "Expected `object`", id="nested"),
    ],
)
def test_an_answer_that_is_none_is_told(adapter: NativeAdapter, body: bytes, words: str) -> None:
    with pytest.raises(ProtocolError, match=words):
        adapter.candles_request(BTC, MINUTE).decode(body, NOW)


def test_a_book_without_a_book_is_told(adapter: NativeAdapter) -> None:
    with pytest.raises(ProtocolError, match="without a book"):
        adapter.book_request(BTC).decode(b'{"symbol":"BTC-USD","version":9}', NOW)


def test_a_symbol_that_cannot_be_written_is_not_asked_for(adapter: NativeAdapter) -> None:
    with pytest.raises(InstrumentError, match="not a symbol"):
        adapter.book_request(Instrument("NATIVE", "A B"))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"code":"unknown_symbol","message":"no FOO"}', "no FOO (unknown_symbol)"),
        (b'{"message":"no FOO"}', "no FOO"),
        (b'{"code":"internal"}', "(internal)"),
        (b"{}", ""),
        (b"<html>", ""),
        (b"", ""),
    ],
)
def test_a_refusal_keeps_the_servers_words(adapter: NativeAdapter, body: bytes, said: str) -> None:
    assert adapter.rest_error(400, body) == said
