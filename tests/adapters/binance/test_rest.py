"""Binance's REST requests say what the venue expects, and their bodies become events."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tui.adapters.binance import BinanceAdapter
from tui.adapters.binance.rest import tickers_weight
from tui.model.errors import InstrumentError, ProtocolError
from tui.model.events import BookSnapshot, Candle, Side, Ticker, Trade
from tui.model.instrument import Instrument, InstrumentInfo
from tui.model.timeframe import MS, NS, Timeframe

BTCUSDT = Instrument("BINANCE", "BTCUSDT")
ETHUSDT = Instrument("BINANCE", "ETHUSDT")
HOUR = Timeframe(1, "h")
NOW = 1_760_000_000 * NS

ROW = (
    '[1499040000000,"0.01634790","0.80000000","0.01575800","0.01577100","148976.11427815",'
    '1499644799999,"2434.19055334",308,"1756.87402397","28.46694368","0"]'
)


@pytest.fixture
def adapter() -> BinanceAdapter:
    return BinanceAdapter()


@pytest.fixture(scope="module")
def routes(shared_recordings: Path) -> dict[str, Any]:
    with gzip.open(shared_recordings / "binance_rest_routes.json.gz") as file:
        found: dict[str, Any] = json.load(file)["routes"]
    return found


def recorded(routes: dict[str, Any], path: str, query: str) -> bytes:
    """The body of the recorded answer to a query."""
    (answer,) = [one for one in routes[path]["GET"] if one["queryString"] == query]
    return json.dumps(answer["data"]).encode()


# -- candles ---------------------------------------------------------------------------------


def test_a_request_for_candles_names_its_window_in_milliseconds(adapter: BinanceAdapter) -> None:
    request = adapter.candles_request(
        BTCUSDT, HOUR, start=1_588_280_400_000 * MS, end=1_591_880_400_000 * MS, limit=1000
    )

    assert request.url == "https://api.binance.com/api/v3/klines"
    assert request.params == {
        "symbol": "BTCUSDT",
        "interval": "1h",
        "limit": "1000",
        "startTime": "1588280400000",
        "endTime": "1591880400000",
    }
    assert request.weight == 2


def test_a_window_between_milliseconds_does_not_grow(adapter: BinanceAdapter) -> None:
    request = adapter.candles_request(BTCUSDT, HOUR, start=1_000_001, end=2_999_999)

    assert (request.params["startTime"], request.params["endTime"]) == ("2", "2")


def test_without_a_window_the_newest_are_asked_for(adapter: BinanceAdapter) -> None:
    request = adapter.candles_request(BTCUSDT, Timeframe(1, "M"), limit=5000)

    assert request.params == {"symbol": "BTCUSDT", "interval": "1M", "limit": "1000"}


def test_a_timeframe_that_the_venue_lacks_is_refused_with_those_it_has(
    adapter: BinanceAdapter,
) -> None:
    with pytest.raises(InstrumentError, match=r"no candles of 7m.*1s 1m 3m"):
        adapter.candles_request(BTCUSDT, Timeframe(7, "m"))


def test_a_row_of_klines_is_a_candle(adapter: BinanceAdapter) -> None:
    request = adapter.candles_request(BTCUSDT, Timeframe(1, "w"))

    assert request.decode(f"[{ROW}]".encode(), NOW) == [
        Candle(
            BTCUSDT,
            Timeframe(1, "w"),
            1_499_040_000_000_000_000,
            open=0.0163479,
            high=0.8,
            low=0.015758,
            close=0.015771,
            volume=148976.11427815,
            closed=True,
            ts_exchange=1_499_644_800_000_000_000,
            ts_local=NOW,
            quote_volume=2434.19055334,
            taker_buy_volume=1756.87402397,
            trades=308,
        )
    ]


def test_the_last_candle_is_open_until_its_end_is_past_beyond_doubt(
    adapter: BinanceAdapter,
) -> None:
    end = 1_499_644_800 * NS
    decode = adapter.candles_request(BTCUSDT, Timeframe(1, "w")).decode

    (during,) = decode(f"[{ROW}]".encode(), end - NS)
    (just_after,) = decode(f"[{ROW}]".encode(), end + NS)
    (long_after,) = decode(f"[{ROW}]".encode(), end + 86_400 * NS)

    assert [during.closed, just_after.closed, long_after.closed] == [False, False, True]
    assert [during.ts_exchange, long_after.ts_exchange] == [0, end]


def test_the_last_candle_is_closed_when_what_follows_it_was_not_asked_for(
    adapter: BinanceAdapter,
) -> None:
    end = 1_499_644_800 * NS

    (whole,) = adapter.candles_request(BTCUSDT, Timeframe(1, "w"), end=end - 1).decode(
        f"[{ROW}]".encode(), 0
    )
    (cut,) = adapter.candles_request(BTCUSDT, Timeframe(1, "w"), end=end - NS).decode(
        f"[{ROW}]".encode(), 0
    )

    assert (whole.closed, cut.closed) == (True, False)


def test_a_symbol_that_is_none_makes_no_address_too_long(adapter: BinanceAdapter) -> None:
    endless = Instrument("BINANCE", "A" * 10_000)

    symbols = adapter.tickers_request([BTCUSDT, endless]).params["symbols"]

    assert symbols == '["BTCUSDT","AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]'
    assert adapter.book_request(endless).params["symbol"] == "A" * 32


def test_a_candle_that_has_a_successor_is_closed_whatever_our_clock_says(
    adapter: BinanceAdapter,
) -> None:
    decode = adapter.candles_request(BTCUSDT, Timeframe(1, "w")).decode

    first, last = decode(f"[{ROW},{ROW}]".encode(), 0)

    assert (first.closed, last.closed) == (True, False)


def test_a_backfill_over_two_pages_has_no_hole_and_no_double(
    adapter: BinanceAdapter, routes: dict[str, Any]
) -> None:
    request = adapter.candles_request(BTCUSDT, HOUR)
    pages = [
        request.decode(recorded(routes, "/api/v3/klines", query), NOW)
        for query in (
            "endTime=1591880400000&interval=1h&limit=1000&startTime=1588280400000&symbol=BTCUSDT",
            "endTime=1593572400000&interval=1h&limit=1000&startTime=1591880400000&symbol=BTCUSDT",
        )
    ]

    assert [len(page) for page in pages] == [1000, 468]
    times = [candle.open_time // NS for page in pages for candle in page]
    # The venue stood still for three hours on 2020-06-28, and has no candles of them.
    before, after = 1_593_306_000, 1_593_320_400
    assert times == [
        *range(1_588_280_400, before + 1, 3600),
        *range(after, 1_593_572_400 + 1, 3600),
    ]
    assert all(candle.closed for page in pages for candle in page)


def test_all_recorded_klines_are_understood(
    adapter: BinanceAdapter, routes: dict[str, Any]
) -> None:
    decode = adapter.candles_request(BTCUSDT, HOUR).decode

    counts = [
        len(decode(json.dumps(answer["data"]).encode(), NOW))
        for answer in routes["/api/v3/klines"]["GET"]
    ]

    assert counts == [24, 60, 1, 365, 372, 1000, 468, 168, 366, 366, 176, 6, 24]


# -- trades, books, tickers ------------------------------------------------------------------


def test_trades_are_asked_for_from_an_id_on(adapter: BinanceAdapter) -> None:
    request = adapter.trades_request(BTCUSDT, from_id=303004096, limit=500)

    assert request.url == "https://api.binance.com/api/v3/aggTrades"
    assert request.params == {"symbol": "BTCUSDT", "limit": "500", "fromId": "303004096"}
    assert request.weight == 4


def test_fetched_trades_say_that_they_are_history(
    adapter: BinanceAdapter, routes: dict[str, Any]
) -> None:
    body = recorded(routes, "/api/v3/aggTrades", "limit=1000&symbol=BTCUSDT")

    trades = adapter.trades_request(BTCUSDT).decode(body, NOW)

    assert len(trades) == 2
    assert trades[0] == Trade(
        BTCUSDT,
        9039.74,
        0.177001,
        Side.SELL,
        1_588_749_117_459_000_000,
        NOW,
        284861205,
        "9039.74000000",
        "0.17700100",
        from_history=True,
    )


def test_a_thousand_recorded_trades_are_without_a_hole(
    adapter: BinanceAdapter, routes: dict[str, Any]
) -> None:
    body = recorded(routes, "/api/v3/aggTrades", "fromId=202790190&limit=1000&symbol=BTCUSDT")

    trades = adapter.trades_request(BTCUSDT, from_id=202790190).decode(body, NOW)

    assert [trade.trade_id for trade in trades] == list(range(202790190, 202791190))


def test_recorded_trades_are_understood_save_those_that_do_not_tell_who_took(
    adapter: BinanceAdapter, routes: dict[str, Any]
) -> None:
    decode = adapter.trades_request(BTCUSDT).decode
    counts, refused = [], 0
    for answer in routes["/api/v3/aggTrades"]["GET"]:
        body = json.dumps(answer["data"]).encode()
        if all("m" in row for row in answer["data"]):
            counts.append(len(decode(body, NOW)))
        else:
            refused += 1
            with pytest.raises(ProtocolError, match="field `m`"):
                decode(body, NOW)

    assert (len(counts), sum(counts), refused) == (19, 1042, 4)


def test_a_row_without_its_maker_is_refused_by_name(
    adapter: BinanceAdapter, routes: dict[str, Any]
) -> None:
    body = recorded(routes, "/api/v3/aggTrades", "limit=3&symbol=BTCUSDT")

    with pytest.raises(ProtocolError, match=r"field `m` - at `\$\[0\]`"):
        adapter.trades_request(BTCUSDT).decode(body, NOW)


def test_a_book_is_asked_for_with_a_thousand_levels(adapter: BinanceAdapter) -> None:
    request = adapter.book_request(BTCUSDT)

    assert request.url == "https://api.binance.com/api/v3/depth"
    assert request.params == {"symbol": "BTCUSDT", "limit": "1000"}
    assert request.weight == 50


def test_a_snapshot_keeps_the_venues_digits(adapter: BinanceAdapter) -> None:
    body = (
        b'{"lastUpdateId":1027024,"bids":[["4.00000000","431.00000000"]],'
        b'"asks":[["4.00000200","12.00000000"]]}'
    )

    assert adapter.book_request(BTCUSDT).decode(body, NOW) == BookSnapshot(
        BTCUSDT,
        [("4.00000000", "431.00000000")],
        [("4.00000200", "12.00000000")],
        1027024,
        0,
        NOW,
    )


@pytest.mark.parametrize(
    ("count", "weight"), [(1, 2), (20, 2), (21, 40), (100, 40), (101, 80), (0, 80)]
)
def test_tickers_weigh_by_the_number_of_symbols(count: int, weight: int) -> None:
    assert tickers_weight(count) == weight


def test_tickers_are_asked_for_by_a_list_without_doubles(adapter: BinanceAdapter) -> None:
    request = adapter.tickers_request([BTCUSDT, ETHUSDT, BTCUSDT])

    assert request.url == "https://api.binance.com/api/v3/ticker/24hr"
    assert request.params == {"symbols": '["BTCUSDT","ETHUSDT"]'}


def test_tickers_of_all_symbols_need_no_list(adapter: BinanceAdapter) -> None:
    request = adapter.tickers_request([])

    assert (request.params, request.weight) == ({}, 80)


def test_recorded_tickers_keep_bid_and_ask_to_the_digit(
    adapter: BinanceAdapter, routes: dict[str, Any]
) -> None:
    body = recorded(routes, "/api/v3/ticker/24hr", "symbols=%5B%22BTCUSDT%22%2C%22ETHUSDT%22%5D")

    tickers = adapter.tickers_request([BTCUSDT, ETHUSDT]).decode(body, NOW)

    assert [ticker.instrument for ticker in tickers] == [BTCUSDT, ETHUSDT]
    assert isinstance(tickers[0], Ticker)
    assert (tickers[0].bid, tickers[0].bid_size) == ("69624.00000000", "0.09810000")
    assert (tickers[0].ask, tickers[0].ask_size) == ("69624.01000000", "8.52891000")
    assert tickers[0].ts_exchange > 1_730_439_000 * NS


# -- symbols and time ------------------------------------------------------------------------

EXCHANGE_INFO = b"""{"timezone":"UTC","serverTime":1565246363776,"rateLimits":[],"symbols":[
 {"symbol":"BTCUSDT","status":"TRADING","baseAsset":"BTC","baseAssetPrecision":8,"quoteAsset":"USDT",
  "filters":[{"filterType":"PRICE_FILTER","minPrice":"0.01","maxPrice":"1000000","tickSize":"0.01000000"},
             {"filterType":"MARKET_LOT_SIZE","stepSize":"0.00000000"},
             {"filterType":"LOT_SIZE","stepSize":"0.00001000"},
             {"filterType":"MAX_NUM_ORDERS","maxNumOrders":200}]},
 {"symbol":"LUNABTC","status":"BREAK","baseAsset":"LUNA","quoteAsset":"BTC","filters":[]}]}"""


def test_what_the_venue_lists_says_steps_and_status(adapter: BinanceAdapter) -> None:
    assert adapter.instruments_request().decode(EXCHANGE_INFO, NOW) == [
        InstrumentInfo(BTCUSDT, "BTC", "USDT", "0.01000000", "0.00001000", True, "TRADING"),
        InstrumentInfo(Instrument("BINANCE", "LUNABTC"), "LUNA", "BTC", "", "", False, "BREAK"),
    ]


def test_all_symbols_or_the_named_ones_are_asked_for(adapter: BinanceAdapter) -> None:
    everything = adapter.instruments_request()
    named = adapter.instruments_request([BTCUSDT])

    assert everything.url == "https://api.binance.com/api/v3/exchangeInfo"
    assert everything.params == {}
    assert named.params == {"symbols": '["BTCUSDT"]'}
    assert (everything.weight, named.weight) == (20, 20)


def test_the_venues_clock_is_read_in_nanoseconds(adapter: BinanceAdapter) -> None:
    request = adapter.time_request()

    assert request.url == "https://api.binance.com/api/v3/time"
    assert request.decode(b'{"serverTime":1499827319559}', NOW) == 1_499_827_319_559_000_000


# -- refusals --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b"", "truncated"),
        (b"<html>", "malformed"),
        (b'{"code":-1121,"msg":"Invalid symbol."}', "array"),
        (b'[[1499040000000,"0.1"]]', r"\$\[0\]"),
        (b"[" + ROW.replace('"0.80000000"', '"inf"').encode() + b"]", r"\$\[0\]\[2\]"),
        (b"[" + ROW.replace("308", "null").encode() + b"]", r"\$\[0\]\[8\]"),
        (b'[[1,"\xff"]]', "utf-8"),
    ],
)
def test_a_body_that_is_not_as_documented_names_the_field(
    adapter: BinanceAdapter, body: bytes, named: str
) -> None:
    with pytest.raises(ProtocolError, match=named) as caught:
        adapter.candles_request(BTCUSDT, HOUR).decode(body, NOW)

    assert len(caught.value.raw) <= 200


def test_a_snapshot_with_a_price_that_is_no_number_is_refused(adapter: BinanceAdapter) -> None:
    body = b'{"lastUpdateId":1,"bids":[["nan","1"]],"asks":[]}'

    with pytest.raises(ProtocolError, match=r"\$\.bids"):
        adapter.book_request(BTCUSDT).decode(body, NOW)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"code":-1121,"msg":"Invalid symbol."}', "Invalid symbol. (code -1121)"),
        (b"<html>403 Forbidden</html>", ""),
        (b"", ""),
        (b'{"code":"x"}', ""),
        (b"\xff", ""),
    ],
)
def test_a_refusal_is_told_in_the_venues_own_words(
    adapter: BinanceAdapter, body: bytes, words: str
) -> None:
    assert adapter.rest_error(400, body) == words
