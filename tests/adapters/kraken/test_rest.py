"""Requests to Kraken's REST interface, and what its bodies mean, errors with status 200 among them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tui.adapters.base import RestRequest
from tui.adapters.kraken import KrakenAdapter
from tui.model.errors import InstrumentError, NotOffered, ProtocolError, TransportError
from tui.model.events import BookSnapshot, Side, Ticker, Trade
from tui.model.instrument import Instrument, InstrumentInfo
from tui.model.timeframe import NS, Timeframe

BTC, DOGE, META = (Instrument("KRAKEN", name) for name in ("BTC/USD", "DOGE/USD", "METAx/USD"))
MINUTE = Timeframe.parse("1m")
NOW = 1_762_820_300 * NS
ROWS = [
    [1762820100, "10.0", "12.0", "9.0", "11.0", "10.5", "2.00000000", 5],
    [1762820160, "11.0", "11.0", "11.0", "11.0", "0.0", "0.00000000", 0],
    [1762820220, "11.0", "13.0", "11.0", "12.0", "12.0", "1.00000000", 2],
]
PAIRS = {
    "XXBTZUSD": {
        "altname": "XBTUSD", "wsname": "XBT/USD", "base": "XXBT", "quote": "ZUSD",
        "pair_decimals": 1, "lot_decimals": 8, "tick_size": "0.1", "status": "online",
    },
    "METAxUSD": {
        "altname": "METAxUSD", "wsname": "METAx/USD", "base": "METAx", "quote": "ZUSD",
        "pair_decimals": 5, "lot_decimals": 6, "tick_size": "odd", "status": "cancel_only",
    },
    "XXDGZUSD": {
        "altname": "XDGUSD", "wsname": "XDG/USD", "pair_decimals": 7, "lot_decimals": 0,
        "tick_size": "0.0000001", "status": "online",
    },
    "XBTUSD.d": {"altname": "XBTUSD.d"},
}  # fmt: skip
DAY = {
    "a": ["13.253900", "35", "35.000"], "b": ["13.232900", "185", "185.000"],
    "c": ["13.253900", "3.71672000"], "v": ["26560.8", "72035.0"], "p": ["13.5", "13.7"],
    "t": [640, 1353], "l": ["13.02", "13.01"], "h": ["13.94", "14.21"], "o": "13.804000",
}  # fmt: skip


def good(result: Any) -> bytes:
    return json.dumps({"error": [], "result": result}).encode()


def bad(*errors: str) -> bytes:
    return json.dumps({"error": list(errors)}).encode()


def path_of(request: RestRequest[Any]) -> str:
    return request.url.removeprefix("https://api.kraken.com/0/public/")


# -- candles ---------------------------------------------------------------------------------


def test_the_newest_candles_are_asked_for_by_minutes() -> None:
    request = KrakenAdapter().candles_request(BTC, Timeframe.parse("4h"))

    assert path_of(request) == "OHLC"
    assert request.params == {"pair": "XBTUSD", "interval": "240"}


def test_the_last_row_is_still_open_whatever_our_clock_says() -> None:
    request = KrakenAdapter().candles_request(BTC, MINUTE)

    candles = request.decode(good({"XXBTZUSD": ROWS, "last": 1762820160}), 2 * NOW)

    assert [(one.closed, one.ts_exchange // NS) for one in candles] == [
        (True, 1762820160),
        (True, 1762820220),
        (False, 0),
    ]
    assert [(one.volume, one.quote_volume, one.trades) for one in candles] == [
        (2.0, 21.0, 5),
        (0.0, 0.0, 0),
        (1.0, 12.0, 2),
    ]


def test_candles_from_a_moment_on_include_the_one_that_opens_then() -> None:
    start = 1762820160 * NS
    request = KrakenAdapter().candles_request(BTC, MINUTE, start=start, limit=1)

    candles = request.decode(good({"XXBTZUSD": ROWS, "last": 1762820160}), NOW)

    assert request.params["since"] == "1762820159"
    assert [one.open_time for one in candles] == [start]


def test_candles_before_a_moment_are_the_last_ones_before_it() -> None:
    request = KrakenAdapter().candles_request(BTC, MINUTE, end=1762820219 * NS, limit=1)

    (candle,) = request.decode(good({"XXBTZUSD": ROWS, "last": 1762820160}), NOW)

    assert (candle.open_time, candle.closed) == (1762820160 * NS, True)


def test_a_timeframe_that_the_venue_does_not_have_is_not_asked_for() -> None:
    with pytest.raises(InstrumentError, match="no candles of 2m"):
        KrakenAdapter().candles_request(BTC, Timeframe.parse("2m"))


# -- trades ----------------------------------------------------------------------------------

TRADES = [
    ["10.0", "1.0", 1762795433.9717445, "b", "l", "", 7],
    ["11.0", "2.0", 1762795434, "s", "m", "", 8],
]


def test_trades_of_a_body_are_history_with_all_their_digits() -> None:
    request = KrakenAdapter().trades_request(BTC, limit=2)

    trades = request.decode(good({"XXBTZUSD": TRADES, "last": "1762795434000000000"}), NOW)

    assert request.params == {"pair": "XBTUSD", "count": "2"}
    assert trades[0] == Trade(
        BTC,
        10.0,
        1.0,
        Side.BUY,
        1_762_795_433_971_744_500,
        NOW,
        7,
        "10.0",
        "1.0",
        from_history=True,
    )
    assert (trades[1].aggressor, trades[1].ts_exchange) == (Side.SELL, 1_762_795_434 * NS)


def test_trades_from_an_id_on_are_looked_for_from_the_last_known_trade_before_it() -> None:
    adapter = KrakenAdapter()
    row = (
        '{"symbol":"BTC/USD","side":"buy","price":1.0,"qty":1.0,"trade_id":%d,'
        '"timestamp":"2026-05-14T15:06:%02d.020392Z"}'
    )
    for trade_id in (6, 9):
        frame = f'{{"channel":"trade","type":"update","data":[{row % (trade_id, trade_id)}]}}'
        adapter.decode(frame.encode(), NOW)

    request = adapter.trades_request(BTC, from_id=8, limit=1)
    trades = request.decode(good({"XXBTZUSD": TRADES, "last": "0"}), NOW)

    assert request.params["since"] == "1778771166020391999"
    assert request.params["count"] == "1000"
    assert [trade.trade_id for trade in trades] == [8]


def test_without_a_known_trade_the_newest_are_asked_for() -> None:
    assert "since" not in KrakenAdapter().trades_request(BTC, from_id=8).params


def test_a_fetched_page_tells_where_the_next_begins() -> None:
    adapter = KrakenAdapter()
    adapter.trades_request(BTC).decode(good({"XXBTZUSD": TRADES, "last": "0"}), NOW)

    assert adapter.trades_request(BTC, from_id=9).params["since"] == "1762795433999999999"


def test_trades_of_the_first_protocol_have_no_ids_wherever_they_come_from() -> None:
    adapter = KrakenAdapter({"protocol": "v1"})

    trades = adapter.trades_request(BTC).decode(good({"XXBTZUSD": TRADES, "last": "0"}), NOW)

    assert [trade.trade_id for trade in trades] == [None, None]


# -- books, prices, the clock ----------------------------------------------------------------


def test_a_book_is_found_under_whatever_key() -> None:
    request = KrakenAdapter().book_request(DOGE)
    book = {
        "asks": [["2.0", "0.1", 1762820248]],
        "bids": [["1.0", "0.2", 1762820248], ["0.9", "1", 1]],
    }

    snapshot = request.decode(good({"XXDGZUSD": book}), NOW)

    assert request.params == {"pair": "XDGUSD", "count": "100"}
    assert snapshot == BookSnapshot(
        DOGE, [("1.0", "0.2"), ("0.9", "1")], [("2.0", "0.1")], 0, 0, NOW
    )


def test_day_figures_are_matched_to_the_pairs_that_were_asked_for() -> None:
    request = KrakenAdapter().tickers_request([BTC, DOGE, META])

    tickers = request.decode(good({"XXBTZUSD": DAY, "XDGUSD": DAY, "METAxUSD": DAY}), NOW)

    assert request.params == {"pair": "XBTUSD,XDGUSD,METAxUSD"}
    assert [ticker.instrument for ticker in tickers] == [BTC, DOGE, META]
    assert tickers[0] == Ticker(
        instrument=BTC,
        ts_exchange=1,
        ts_local=NOW,
        last=13.2539,
        last_text="13.253900",
        bid="13.232900",
        ask="13.253900",
        bid_size="185.000",
        ask_size="35.000",
        high=14.21,
        low=13.01,
        volume=72035.0,
        quote_volume=72035.0 * 13.7,
    )


def test_all_day_figures_have_the_names_of_the_list_of_pairs() -> None:
    adapter = KrakenAdapter()
    adapter.instruments_request().decode(good(PAIRS), NOW)

    request = adapter.tickers_request([])
    tickers = request.decode(good({"XXBTZUSD": DAY, "XXDGZUSD": DAY, "UNKNOWN": DAY}), NOW)

    assert request.params == {}
    assert [ticker.instrument for ticker in tickers] == [BTC, DOGE]


def test_the_time_in_whole_seconds_is_not_asked_for() -> None:
    with pytest.raises(NotOffered, match="by its stream"):
        KrakenAdapter().time_request()


# -- pairs -----------------------------------------------------------------------------------


def test_pairs_are_listed_by_their_names_of_today() -> None:
    listed = KrakenAdapter().instruments_request().decode(good(PAIRS), NOW)

    assert listed == [
        InstrumentInfo(BTC, "BTC", "USD", "0.1", "0.00000001", True, "online"),
        InstrumentInfo(META, "METAx", "USD", "0.00001", "0.000001", False, "cancel_only"),
        InstrumentInfo(DOGE, "DOGE", "USD", "0.0000001", "1", True, "online"),
    ]


def test_only_the_named_pairs_are_asked_for() -> None:
    request = KrakenAdapter().instruments_request([BTC, DOGE])

    assert path_of(request) == "AssetPairs"
    assert request.params == {"pair": "XBTUSD,XDGUSD"}


def test_a_listed_pair_is_asked_for_by_the_name_it_was_listed_with() -> None:
    adapter = KrakenAdapter()
    odd = {"KEY": {"altname": "BTCUSDNEW", "wsname": "XBT/USD"}}
    adapter.instruments_request([BTC]).decode(good(odd), NOW)

    assert adapter.book_request(BTC).params["pair"] == "BTCUSDNEW"


def test_a_monster_of_a_symbol_makes_no_monster_of_an_address() -> None:
    request = KrakenAdapter().book_request(Instrument("KRAKEN", "X" * 10_000))

    assert len(request.params["pair"]) == 41


# -- errors ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "status", "fatal", "wait_s"),
    [
        ("EQuery:Unknown asset pair", 400, True, None),
        ("EGeneral:Invalid arguments", 400, True, None),
        ("EAPI:Rate limit exceeded", 429, False, 5.0),
        ("EGeneral:Too many requests", 429, False, 5.0),
        ("EGeneral:Temporary lockout", 429, False, 60.0),
        ("EService: Throttled: 1762820330", 429, False, 30.0),
        ("EService: Throttled: 1762820100", 429, False, 1.0),
        ("EService:Unavailable", 503, False, None),
        ("EService:Busy", 503, False, None),
        ("EGeneral:Internal error", 503, False, None),
    ],
)
def test_an_error_with_status_200_is_what_it_should_have_been(
    words: str, status: int, fatal: bool, wait_s: float | None
) -> None:
    adapter = KrakenAdapter()

    for request in (
        adapter.candles_request(BTC, MINUTE),
        adapter.trades_request(BTC),
        adapter.book_request(BTC),
        adapter.tickers_request([BTC]),
        adapter.instruments_request([BTC]),
    ):
        with pytest.raises(TransportError) as caught:
            request.decode(bad(words), NOW)

        error = caught.value
        assert (error.message, error.status, error.fatal) == (words, status, fatal)
        assert error.retry_after_s == wait_s


def test_the_words_of_a_refused_request_are_the_venues() -> None:
    adapter = KrakenAdapter()

    assert adapter.rest_error(200, bad("EQuery:Unknown asset pair")) == "EQuery:Unknown asset pair"
    assert adapter.rest_error(502, b"<html>Bad gateway</html>") == ""


@pytest.mark.parametrize(
    "result",
    [
        {},
        {"last": 5},
        {"A": ROWS, "B": ROWS, "last": 5},
        {"A": ROWS},
        {"A": [["x"]], "last": 5},
        {"A": [[1, "nan", "1", "1", "1", "1", "1", 1]], "last": 5},
        {"A": [[1e30, "1", "1", "1", "1", "1", "1", 1]], "last": 5},
        7,
    ],
)
def test_a_body_that_is_none_of_this_is_a_protocol_error(result: Any) -> None:
    with pytest.raises(ProtocolError):
        KrakenAdapter().candles_request(BTC, MINUTE).decode(good(result), NOW)
