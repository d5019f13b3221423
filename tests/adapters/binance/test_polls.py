"""Where no stream gets through, Binance's REST answers bring the same events."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.adapters.base import POLLED_BOOK, Limits
from tui.adapters.binance import BinanceAdapter
from tui.model.events import BookSnapshot, Candle, ParseFailure, Side, Ticker, Trade
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import MS, Timeframe
from tui.model.transport import EventFrame, PollRequest, TransportKind

BTCUSDT = Instrument("BINANCE", "BTCUSDT")
MINUTE = Timeframe(1, "m")
NOW = 1_760_000_000_000_000_000


@pytest.fixture
def adapter() -> BinanceAdapter:
    return BinanceAdapter()


def polls(adapter: BinanceAdapter, *subscriptions: Subscription) -> dict[str, PollRequest]:
    request = adapter.stream(TransportKind.POLL, subscriptions)
    return {poll.key: poll for poll in request.polls}


def tickers(count: int) -> list[Subscription]:
    return [Subscription(Instrument("BINANCE", f"C{n}"), Channel.TICKER) for n in range(count)]


def rates(requests: dict[str, PollRequest]) -> float:
    return sum(60 / poll.min_interval_s * poll.weight for poll in requests.values())


def trade(trade_id: int) -> str:
    return (
        f'{{"a":{trade_id},"p":"61837.63000000","q":"0.02000000","f":1,"l":2,'
        f'"T":1723161255342,"m":true,"M":true}}'
    )


def row(open_time_ms: int, volume: str = "12.5") -> str:
    return (
        f'[{open_time_ms},"1.0","4.0","0.5","2.0","{volume}",{open_time_ms + 59_999},"25.0",7,'
        '"6.25","12.0","0"]'
    )


def answer(adapter: BinanceAdapter, key: str, body: str) -> list[Any]:
    return list(adapter.decode(EventFrame(body.encode(), key), NOW))


# -- what is asked -----------------------------------------------------------------------------


def test_the_venue_is_reached_by_its_stream_first_and_by_polling_else(
    adapter: BinanceAdapter,
) -> None:
    assert adapter.transports == (TransportKind.WEBSOCKET, TransportKind.POLL)
    assert adapter.stream(TransportKind.POLL).url == "https://api.binance.com"


def test_a_polled_book_needs_no_snapshot_beside_it(adapter: BinanceAdapter) -> None:
    assert adapter.book_policy_by(TransportKind.POLL) == POLLED_BOOK
    assert adapter.book_policy_by(TransportKind.WEBSOCKET) == adapter.book_policy


def test_each_channel_has_a_request_of_its_own_kind(adapter: BinanceAdapter) -> None:
    asked = polls(
        adapter,
        Subscription(BTCUSDT, Channel.TICKER),
        Subscription(BTCUSDT, Channel.TRADES),
        Subscription(BTCUSDT, Channel.BOOK),
        Subscription(BTCUSDT, Channel.CANDLES, MINUTE),
    )

    base = "https://api.binance.com/api/v3"
    assert {key: (poll.url, poll.params, poll.weight) for key, poll in asked.items()} == {
        "ticker@1": (f"{base}/ticker/24hr", {"symbols": '["BTCUSDT"]'}, 2),
        "aggTrade@BTCUSDT": (f"{base}/aggTrades", {"symbol": "BTCUSDT", "limit": "1"}, 4),
        "depth@BTCUSDT": (f"{base}/depth", {"symbol": "BTCUSDT", "limit": "100"}, 5),
        "kline_1m@BTCUSDT": (
            f"{base}/klines",
            {"symbol": "BTCUSDT", "interval": "1m", "limit": "3"},
            2,
        ),
    }


def test_tickers_are_asked_for_in_batches_that_cost_as_little_as_one(
    adapter: BinanceAdapter,
) -> None:
    asked = polls(adapter, *tickers(45))

    assert [poll.weight for poll in asked.values()] == [2, 2, 2]
    assert asked["ticker@3"].params["symbols"] == '["C40","C41","C42","C43","C44"]'


def test_a_subscription_wanted_twice_is_asked_for_once(adapter: BinanceAdapter) -> None:
    book = Subscription(BTCUSDT, Channel.BOOK)

    assert list(polls(adapter, book, book)) == ["depth@BTCUSDT"]


def test_few_polls_may_go_out_every_second(adapter: BinanceAdapter) -> None:
    asked = polls(adapter, Subscription(BTCUSDT, Channel.BOOK), *tickers(20))

    assert [poll.min_interval_s for poll in asked.values()] == [1.0, 1.0]


def test_many_polls_share_half_of_the_venues_budget(adapter: BinanceAdapter) -> None:
    books = [Subscription(one.instrument, Channel.BOOK) for one in tickers(200)]

    asked = polls(adapter, *books)

    assert asked["depth@C0"].min_interval_s == 20.0
    assert rates(asked) == pytest.approx(3000)


def test_the_budget_is_that_of_whoever_speaks_the_protocol(adapter: BinanceAdapter) -> None:
    adapter.limits = Limits(rest_weight=60, rest_window_s=60.0)

    asked = polls(adapter, Subscription(BTCUSDT, Channel.BOOK))

    assert asked["depth@BTCUSDT"].min_interval_s == 10.0


def test_no_list_of_symbols_makes_an_address_too_long(adapter: BinanceAdapter) -> None:
    endless = Subscription(Instrument("BINANCE", "A" * 10_000), Channel.TICKER)

    asked = polls(adapter, endless, *tickers(1000))

    assert max(len(poll.params["symbols"]) for poll in asked.values()) < 250


# -- trades ------------------------------------------------------------------------------------


def test_trades_go_on_from_the_newest_one(adapter: BinanceAdapter) -> None:
    cursor = polls(adapter, Subscription(BTCUSDT, Channel.TRADES))["aggTrade@BTCUSDT"].cursor

    assert cursor is not None
    assert cursor(f"[{trade(7)},{trade(8)}]".encode(), {}) == {"limit": "1000", "fromId": "8"}


def test_an_empty_answer_means_that_ids_began_anew_and_the_newest_trade_is_asked_for(
    adapter: BinanceAdapter,
) -> None:
    cursor = polls(adapter, Subscription(BTCUSDT, Channel.TRADES))["aggTrade@BTCUSDT"].cursor

    assert cursor is not None
    assert cursor(b"[]", {}) == {"limit": "1"}


def test_an_answer_that_is_no_list_of_trades_leaves_the_place(adapter: BinanceAdapter) -> None:
    cursor = polls(adapter, Subscription(BTCUSDT, Channel.TRADES))["aggTrade@BTCUSDT"].cursor

    assert cursor is not None
    assert cursor(b"<html>", {}) == {}


def test_a_polled_trade_is_what_the_stream_would_have_brought(adapter: BinanceAdapter) -> None:
    answer(adapter, "aggTrade@BTCUSDT", f"[{trade(6)}]")

    assert answer(adapter, "aggTrade@BTCUSDT", f"[{trade(7)}]") == [
        Trade(
            BTCUSDT,
            61837.63,
            0.02,
            Side.SELL,
            1_723_161_255_342 * MS,
            NOW,
            7,
            "61837.63000000",
            "0.02000000",
        )
    ]


def test_the_first_answer_is_history(adapter: BinanceAdapter) -> None:
    (first,) = answer(adapter, "aggTrade@BTCUSDT", f"[{trade(7)}]")

    assert first.from_history


def test_the_trade_that_the_next_answer_repeats_comes_once(adapter: BinanceAdapter) -> None:
    first = answer(adapter, "aggTrade@BTCUSDT", f"[{trade(7)}]")
    second = answer(adapter, "aggTrade@BTCUSDT", f"[{trade(7)},{trade(8)},{trade(9)}]")
    third = answer(adapter, "aggTrade@BTCUSDT", f"[{trade(9)}]")

    assert [one.trade_id for one in first + second + third] == [7, 8, 9]


def test_on_another_connection_the_first_answer_is_the_first_again(adapter: BinanceAdapter) -> None:
    answer(adapter, "aggTrade@BTCUSDT", f"[{trade(7)}]")

    adapter.connection_lost()

    assert [one.trade_id for one in answer(adapter, "aggTrade@BTCUSDT", f"[{trade(7)}]")] == [7]


# -- candles, books, tickers -------------------------------------------------------------------


def test_only_the_next_candle_closes_one_whatever_our_clock_says(adapter: BinanceAdapter) -> None:
    opened = 1_700_000_040_000

    candles = answer(adapter, "kline_1m@BTCUSDT", f"[{row(opened)},{row(opened + 60_000)}]")

    assert [(one.open_time, one.closed, one.ts_exchange) for one in candles] == [
        (opened * MS, True, 0),
        ((opened + 60_000) * MS, False, 0),
    ]


def test_a_polled_candle_has_all_that_the_stream_tells(adapter: BinanceAdapter) -> None:
    (candle,) = answer(adapter, "kline_1m@BTCUSDT", f"[{row(1_700_000_040_000)}]")

    assert candle == Candle(
        BTCUSDT,
        MINUTE,
        1_700_000_040_000 * MS,
        open=1.0,
        high=4.0,
        low=0.5,
        close=2.0,
        volume=12.5,
        closed=False,
        ts_exchange=0,
        ts_local=NOW,
        quote_volume=25.0,
        taker_buy_volume=6.25,
        trades=7,
    )


def test_a_month_is_no_minute(adapter: BinanceAdapter) -> None:
    (candle,) = answer(adapter, "kline_1M@BTCUSDT", f"[{row(1_700_000_040_000)}]")

    assert candle.timeframe == Timeframe(1, "M")


def test_a_polled_book_is_whole_and_numbered(adapter: BinanceAdapter) -> None:
    body = '{"lastUpdateId":1027024,"bids":[["4.00","431.0"]],"asks":[["4.01","12.0"]]}'

    assert answer(adapter, "depth@BTCUSDT", body) == [
        BookSnapshot(BTCUSDT, [("4.00", "431.0")], [("4.01", "12.0")], 1027024, 0, NOW)
    ]


def test_one_answer_brings_the_tickers_of_many(adapter: BinanceAdapter) -> None:
    def day(symbol: str, last: str) -> str:
        return (
            f'{{"symbol":"{symbol}","priceChangePercent":"-95.960","lastPrice":"{last}",'
            '"bidPrice":"4.00000000","bidQty":"100.0","askPrice":"4.00000200","askQty":"100.1",'
            '"openPrice":"99.0","highPrice":"100.0","lowPrice":"0.1","volume":"8913.3",'
            '"quoteVolume":"15.3","closeTime":1499869899040}'
        )

    found = answer(adapter, "ticker@1", f"[{day('BTCUSDT', '4.1')},{day('ETHUSDT', '4.2')}]")

    assert all(isinstance(one, Ticker) for one in found)
    assert [(one.instrument.symbol, one.last_text) for one in found] == [
        ("BTCUSDT", "4.1"),
        ("ETHUSDT", "4.2"),
    ]


# -- what cannot be understood -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "body", "words"),
    [
        (
            "depth@BTCUSDT",
            '{"code":-1121,"msg":"Invalid symbol."}',
            "depth@BTCUSDT: .*lastUpdateId",
        ),
        ("aggTrade@BTCUSDT", "[{}]", "aggTrade@BTCUSDT: .*missing"),
        ("kline_1m@BTCUSDT", "[[1,2]]", "kline_1m@BTCUSDT: "),
        ("weather@BTCUSDT", "{}", "an unknown question 'weather@BTCUSDT'"),
    ],
)
def test_an_answer_that_is_not_what_the_venue_documents_is_named(
    adapter: BinanceAdapter, key: str, body: str, words: str
) -> None:
    (failure,) = answer(adapter, key, body)

    assert isinstance(failure, ParseFailure)
    assert re.search(words, failure.message)


def test_times_in_microseconds_are_refused_rather_than_misread(adapter: BinanceAdapter) -> None:
    (failure,) = answer(adapter, "aggTrade@BTCUSDT", f"[{trade(1)}]".replace("342,", "342000,"))

    assert isinstance(failure, ParseFailure)
    assert "T" in failure.message


KEYS = ["aggTrade@BTCUSDT", "depth@BTCUSDT", "kline_1m@BTCUSDT", "ticker@1", "", "@", "kline_@X"]


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(KEYS),
    st.one_of(st.binary(max_size=60), st.sampled_from([b"[]", b"{}", b"null", b"[[]]", b"[1]"])),
)
def test_no_answer_makes_decoding_raise(key: str, body: bytes) -> None:
    adapter = BinanceAdapter()

    assert isinstance(adapter.decode(EventFrame(body, key), 1), list)
