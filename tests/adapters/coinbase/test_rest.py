"""Coinbase Exchange's REST requests say what the venue expects, and their bodies become events."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.adapters.base import Adapter
from tui.adapters.coinbase import CoinbaseAdapter
from tui.adapters.registry import load_adapter
from tui.model.errors import ConfigError, InstrumentError, ProtocolError
from tui.model.events import BookSnapshot, Candle, Side, Ticker, Trade
from tui.model.instrument import Instrument, InstrumentInfo
from tui.model.timeframe import NS, Timeframe

BTC = Instrument("COINBASE", "BTC-USD")
ETH = Instrument("COINBASE", "ETH-USD")
MINUTE = Timeframe(1, "m")
NOW = 1_790_733_800 * NS


@pytest.fixture
def adapter() -> CoinbaseAdapter:
    return CoinbaseAdapter()


# -- candles -----------------------------------------------------------------------------------


def test_candles_from_a_moment_on_are_asked_for_within_a_window_of_300(
    adapter: CoinbaseAdapter,
) -> None:
    request = adapter.candles_request(BTC, MINUTE, start=1_790_000_040 * NS)

    assert request.url == "https://api.exchange.coinbase.com/products/BTC-USD/candles"
    assert request.params == {
        "granularity": "60",
        "start": "1790000040",
        "end": "1790017980",  # 299 minutes later: both ends count
    }


def test_candles_up_to_a_moment_are_the_last_of_them(adapter: CoinbaseAdapter) -> None:
    request = adapter.candles_request(BTC, MINUTE, end=1_790_000_040 * NS - 1, limit=10)

    assert (request.params["start"], request.params["end"]) == ("1789999440", "1789999980")


def test_a_window_between_two_moments_does_not_grow(adapter: CoinbaseAdapter) -> None:
    request = adapter.candles_request(
        BTC, MINUTE, start=1_790_000_040 * NS + 1, end=1_790_000_200 * NS
    )

    assert (request.params["start"], request.params["end"]) == ("1790000100", "1790000160")


def test_the_newest_candles_are_asked_for_by_the_venues_time_where_it_is_known(
    adapter: CoinbaseAdapter,
) -> None:
    """Without a window the venue answers from a cache that may be five minutes old."""
    before = adapter.candles_request(BTC, MINUTE)
    adapter.decode(
        b'{"type":"heartbeat","product_id":"BTC-USD","time":"2026-09-30T02:03:13.000000Z"}', 1
    )
    after = adapter.candles_request(BTC, MINUTE, limit=2)
    adapter.connection_lost()
    without = adapter.candles_request(BTC, MINUTE)

    assert before.params == {"granularity": "60"}
    assert after.params == {"granularity": "60", "start": "1790733720", "end": "1790733780"}
    assert without.params == {"granularity": "60"}


def test_a_timeframe_that_the_venue_lacks_is_refused_with_those_it_has(
    adapter: CoinbaseAdapter,
) -> None:
    with pytest.raises(InstrumentError, match=r"no candles of 4h.*1m 5m 15m 1h 6h 1d"):
        adapter.candles_request(BTC, Timeframe(4, "h"))


def test_rows_are_low_high_open_close_and_the_newest_comes_first(
    adapter: CoinbaseAdapter,
) -> None:
    body = b"[[1790733780,1.0,4.0,2.0,3.0,4.25],[1790733660,0.5,3.5,1.5,2.5,1]]"

    older, newest = adapter.candles_request(BTC, MINUTE).decode(body, NOW)

    assert older == Candle(
        BTC,
        MINUTE,
        1_790_733_660 * NS,
        open=1.5,
        high=3.5,
        low=0.5,
        close=2.5,
        volume=1.0,
        closed=True,
        ts_exchange=1_790_733_720 * NS,
        ts_local=NOW,
    )
    assert (newest.open, newest.closed, newest.ts_exchange) == (2.0, False, 0)


def test_the_last_candle_is_closed_when_what_follows_it_was_not_asked_for(
    adapter: CoinbaseAdapter,
) -> None:
    request = adapter.candles_request(BTC, MINUTE, end=1_790_733_720 * NS - 1)

    (candle,) = request.decode(b"[[1790733660,0.5,3.5,1.5,2.5,1]]", 0)

    assert candle.closed


def test_more_candles_than_wanted_are_cut_at_the_old_end(adapter: CoinbaseAdapter) -> None:
    body = b"[[1790733780,1,1,1,1,1],[1790733720,1,1,1,1,1],[1790733660,1,1,1,1,1]]"

    candles = adapter.candles_request(BTC, MINUTE, limit=2).decode(body, NOW)

    assert [candle.open_time // NS for candle in candles] == [1_790_733_720, 1_790_733_780]


# -- trades ------------------------------------------------------------------------------------

ROWS = (
    b'[{"trade_id":9,"side":"sell","size":"0.1","price":"83412.2","time":"2026-09-30T02:03:12.5Z"},'
    b'{"trade_id":8,"side":"buy","size":"0.2","price":"83412.1","time":"2026-09-30T02:03:12.4Z"}]'
)


def test_the_newest_trades_come_oldest_first_with_who_took(
    adapter: CoinbaseAdapter,
) -> None:
    request = adapter.trades_request(BTC, limit=2)

    assert request.params == {"limit": "2"}
    assert request.decode(ROWS, NOW) == [
        Trade(
            BTC, 83412.1, 0.2, Side.SELL, 1_790_733_792_400_000_000, NOW, 8, "83412.1", "0.2", True
        ),
        Trade(
            BTC, 83412.2, 0.1, Side.BUY, 1_790_733_792_500_000_000, NOW, 9, "83412.2", "0.1", True
        ),
    ]


def test_trades_from_an_id_on_are_asked_for_as_those_before_a_later_one(
    adapter: CoinbaseAdapter,
) -> None:
    request = adapter.trades_request(BTC, from_id=9, limit=500)

    assert request.params == {"limit": "500", "after": "509"}
    assert [trade.trade_id for trade in request.decode(ROWS, NOW)] == [9]


# -- books, day figures, products, time --------------------------------------------------------


def test_a_books_levels_come_without_the_number_of_orders(adapter: CoinbaseAdapter) -> None:
    body = (
        b'{"bids":[["83412.11","0.4505",3]],"asks":[["83412.22","0.12",1]],"sequence":136999328000,'
        b'"auction_mode":false,"auction":null,"time":"2026-09-30T02:03:12Z"}'
    )
    request = adapter.book_request(BTC)

    assert request.params == {"level": "2"}
    assert request.decode(body, NOW) == BookSnapshot(
        BTC,
        [("83412.11", "0.4505")],
        [("83412.22", "0.12")],
        136999328000,
        1_790_733_792 * NS,
        NOW,
    )


def test_the_days_figures_of_many_come_in_one_answer_and_older_than_any_stream(
    adapter: CoinbaseAdapter,
) -> None:
    stats = '{"open":"100","high":"120","low":"90","last":"110","volume":"7.5"}'
    body = (
        f'{{"BTC-USD":{{"stats_30day":{{"volume":"1"}},"stats_24hour":{stats}}},'
        f'"ETH-USD":{{}},"LTC-USD":{{"stats_24hour":{stats}}}}}'
    )
    request = adapter.tickers_request([BTC, ETH])

    assert request.url == "https://api.exchange.coinbase.com/products/stats"
    assert request.decode(body.encode(), NOW) == [
        Ticker(
            instrument=BTC,
            ts_exchange=1,
            ts_local=NOW,
            last=110.0,
            last_text="110",
            open=100.0,
            high=120.0,
            low=90.0,
            volume=7.5,
            change_percent=10.0,
        )
    ]


def test_the_days_figures_of_one_are_asked_for_by_themselves(
    adapter: CoinbaseAdapter,
) -> None:
    body = b'{"open":"100","high":"120","low":"90","last":"110","volume":"7.5","volume_30day":"1"}'
    request = adapter.tickers_request([BTC])

    (ticker,) = request.decode(body, NOW)

    assert request.url == "https://api.exchange.coinbase.com/products/BTC-USD/stats"
    assert (ticker.instrument, ticker.last, ticker.ts_exchange) == (BTC, 110.0, 1)


PRODUCT = (
    b'{"id":"BTC-USD","base_currency":"BTC","quote_currency":"USD","quote_increment":"0.01",'
    b'"base_increment":"0.00000001","display_name":"BTC-USD","status":"online"}'
)


def test_one_product_is_asked_for_by_itself_and_several_as_all(
    adapter: CoinbaseAdapter,
) -> None:
    info = InstrumentInfo(BTC, "BTC", "USD", "0.01", "0.00000001", True, "online")
    one, several = adapter.instruments_request([BTC]), adapter.instruments_request([BTC, ETH])

    assert one.url == "https://api.exchange.coinbase.com/products/BTC-USD"
    assert several.url == "https://api.exchange.coinbase.com/products"
    assert one.decode(PRODUCT, NOW) == [info]
    assert several.decode(b"[" + PRODUCT + b"]", NOW) == [info]


@pytest.mark.parametrize(
    ("field", "status"),
    [
        (b'"trading_disabled":true', "trading disabled"),
        (b'"cancel_only":true', "cancel only"),
        (b'"status":"delisted"', "delisted"),
    ],
)
def test_a_product_that_is_not_traded_says_why(
    adapter: CoinbaseAdapter, field: bytes, status: str
) -> None:
    body = PRODUCT[:-1] + b"," + field + b"}"

    (info,) = adapter.instruments_request([BTC]).decode(body, NOW)

    assert (info.is_trading, info.status) == (False, status)


def test_the_venues_clock_is_read(adapter: CoinbaseAdapter) -> None:
    body = b'{"iso":"2026-09-30T02:03:13.123Z","epoch":1790733793.123}'

    assert adapter.time_request().decode(body, NOW) == 1_790_733_793_123_000_000


def test_a_symbol_cannot_change_the_path(adapter: CoinbaseAdapter) -> None:
    hostile = Instrument("COINBASE", "../time?x#" + "A" * 10_000)

    assert adapter.book_request(hostile).url == (
        "https://api.exchange.coinbase.com/products/..%2FTIME%3FX%23" + "A" * 22 + "/book"
    )


def test_a_refusal_is_told_in_the_venues_words(adapter: CoinbaseAdapter) -> None:
    assert adapter.rest_error(404, b'{"message":"NotFound"}') == "NotFound"
    assert adapter.rest_error(502, b"<html>") == ""


@settings(max_examples=100, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=60),
        st.sampled_from([b"[[1,2]]", b"[[]]", b"[{}]", b"{}", b"null", b'{"a":{}}', ROWS, PRODUCT]),
    )
)
def test_no_body_makes_a_request_raise_anything_but_a_protocol_error(body: bytes) -> None:
    adapter = CoinbaseAdapter()
    for request in (
        adapter.candles_request(BTC, MINUTE),
        adapter.trades_request(BTC),
        adapter.book_request(BTC),
        adapter.tickers_request([]),
        adapter.instruments_request(),
        adapter.instruments_request([BTC]),
        adapter.time_request(),
    ):
        with suppress(ProtocolError):
            request.decode(body, 1)
    assert isinstance(adapter.rest_error(400, body), str)


# -- the adapter -------------------------------------------------------------------------------


def test_coinbase_is_installed_with_the_program() -> None:
    assert load_adapter("COINBASE") is CoinbaseAdapter


def test_the_same_protocol_may_be_spoken_on_loopback() -> None:
    adapter: Adapter = CoinbaseAdapter(
        {"stream": "ws://127.0.0.1:8123/", "rest": "http://127.0.0.1:8124"}, venue="SIM"
    )

    assert adapter.stream().url == "ws://127.0.0.1:8123"
    assert adapter.copy().time_request().url == "http://127.0.0.1:8124/time"


def test_a_wrong_endpoint_is_refused_with_a_remedy() -> None:
    with pytest.raises(ConfigError, match=r"must be a ws or wss URL.*wss://ws-feed\.exchange"):
        CoinbaseAdapter({"stream": "https://x"})
