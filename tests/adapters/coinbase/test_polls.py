"""Where no stream gets through, Coinbase's REST answers bring the same events."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tui.adapters.base import POLLED_BOOK
from tui.adapters.coinbase import CoinbaseAdapter
from tui.model.events import BookSnapshot, Candle, ParseFailure, Ticker
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import NS, Timeframe
from tui.model.transport import EventFrame, PollRequest, TransportKind

BTC = Instrument("COINBASE", "BTC-USD")
BASE = "https://api.exchange.coinbase.com/products/BTC-USD"


@pytest.fixture
def adapter() -> CoinbaseAdapter:
    return CoinbaseAdapter()


def polls(adapter: CoinbaseAdapter, *wanted: Subscription) -> dict[str, PollRequest]:
    request = adapter.stream(TransportKind.POLL, wanted)
    return {poll.key: poll for poll in request.polls}


def answer(adapter: CoinbaseAdapter, key: str, body: bytes) -> list[Any]:
    return list(adapter.decode(EventFrame(body, key), 5))


def trades(*numbers: int) -> bytes:
    row = '{{"trade_id":{},"side":"sell","size":"0.1","price":"83412.2","time":"2026-09-30T02:03:12Z"}}'
    return f"[{','.join(row.format(number) for number in numbers)}]".encode()


def test_each_channel_has_an_address_of_its_own(adapter: CoinbaseAdapter) -> None:
    channels = (Channel.TICKER, Channel.TRADES, Channel.BOOK)

    asked = polls(adapter, *(Subscription(BTC, channel) for channel in channels))

    assert {key: (poll.url, poll.params) for key, poll in asked.items()} == {
        "ticker@BTC-USD": (f"{BASE}/ticker", {}),
        "trades@BTC-USD": (f"{BASE}/trades", {"limit": "1"}),
        "book@BTC-USD": (f"{BASE}/book", {"level": "2"}),
    }
    assert [poll.min_interval_s for poll in asked.values()] == [1.0, 1.0, 10.0]


def test_candles_are_asked_for_within_a_window_as_soon_as_the_time_is_known(
    adapter: CoinbaseAdapter,
) -> None:
    asked = polls(adapter, Subscription(BTC, Channel.CANDLES, Timeframe(5, "m")))

    poll = asked["candles_300@BTC-USD"]
    assert (poll.url, poll.params) == (f"{BASE}/candles", {"granularity": "300"})
    assert poll.cursor is not None
    date = "Wed, 30 Sep 2026 02:03:12 GMT"
    assert poll.cursor(b"[]", {"Date": date}) == {"start": "1790733000", "end": "1790733600"}
    assert poll.cursor(b"[]", {"Date": "soon"}) == {}
    assert poll.cursor(b"[]", {}) == {}


def test_of_polled_candles_the_newest_is_open_and_has_no_time(adapter: CoinbaseAdapter) -> None:
    body = b"[[1790733600,10,30,20,25.5,1.25],[1790733300,11,31,21,26.5,2.25]]"

    older, newest = answer(adapter, "candles_300@BTC-USD", body)

    five = Timeframe(5, "m")
    assert older == Candle(BTC, five, 1_790_733_300 * NS, 21.0, 31.0, 11.0, 26.5, 2.25, True, 0, 5)
    assert newest == Candle(
        BTC, five, 1_790_733_600 * NS, 20.0, 30.0, 10.0, 25.5, 1.25, False, 0, 5
    )


def test_many_polls_share_half_of_the_venues_budget(adapter: CoinbaseAdapter) -> None:
    wanted = [Subscription(Instrument("COINBASE", f"C{n}-USD"), Channel.TICKER) for n in range(50)]

    asked = polls(adapter, *wanted)

    assert {poll.min_interval_s for poll in asked.values()} == {10.0}
    assert sum(1 / poll.min_interval_s for poll in asked.values()) == pytest.approx(5.0)


def test_a_polled_book_needs_no_snapshot_beside_it(adapter: CoinbaseAdapter) -> None:
    assert adapter.book_policy_by(TransportKind.POLL) == POLLED_BOOK
    assert adapter.book_policy_by(TransportKind.WEBSOCKET).name == "crossed-check"


def test_trades_go_on_after_the_newest_one(adapter: CoinbaseAdapter) -> None:
    cursor = polls(adapter, Subscription(BTC, Channel.TRADES))["trades@BTC-USD"].cursor

    assert cursor is not None
    assert cursor(trades(9, 8), {}) == {"limit": "1000", "before": "9"}
    assert cursor(b"[]", {}) == {}
    assert cursor(b"<html>", {}) == {}


def test_the_first_trades_are_history_and_the_others_are_not(
    adapter: CoinbaseAdapter,
) -> None:
    first = answer(adapter, "trades@BTC-USD", trades(7))
    second = answer(adapter, "trades@BTC-USD", trades(9, 8))
    adapter.connection_lost()
    third = answer(adapter, "trades@BTC-USD", trades(9))

    found = [(trade.trade_id, trade.from_history) for trade in first + second + third]
    assert found == [(7, True), (8, False), (9, False), (9, True)]


def test_a_polled_ticker_has_prices_and_volume(adapter: CoinbaseAdapter) -> None:
    body = (
        b'{"ask":"110.1","bid":"109.9","volume":"7.5","trade_id":7,"price":"110","size":"0.1",'
        b'"time":"2026-09-30T02:03:12Z","rfq_volume":"1"}'
    )

    assert answer(adapter, "ticker@BTC-USD", body) == [
        Ticker(
            instrument=BTC,
            ts_exchange=1_790_733_792_000_000_000,
            ts_local=5,
            last=110.0,
            last_text="110",
            bid="109.9",
            ask="110.1",
            volume=7.5,
        )
    ]


def test_a_polled_book_is_whole_and_numbered(adapter: CoinbaseAdapter) -> None:
    body = b'{"bids":[["83412.11","0.4505",3]],"asks":[["83412.22","0.12",1]],"sequence":17}'

    assert answer(adapter, "book@BTC-USD", body) == [
        BookSnapshot(BTC, [("83412.11", "0.4505")], [("83412.22", "0.12")], 17, 0, 5)
    ]


@pytest.mark.parametrize(
    ("key", "body", "words"),
    [
        ("book@BTC-USD", b'{"message":"NotFound"}', "book@BTC-USD: .*bids"),
        ("trades@BTC-USD", b"[{}]", "trades@BTC-USD: "),
        ("weather@BTC-USD", b"{}", "an unknown question 'weather@BTC-USD'"),
    ],
)
def test_an_answer_that_is_not_what_the_venue_documents_is_named(
    adapter: CoinbaseAdapter, key: str, body: bytes, words: str
) -> None:
    (failure,) = answer(adapter, key, body)

    assert isinstance(failure, ParseFailure)
    assert re.search(words, failure.message)
