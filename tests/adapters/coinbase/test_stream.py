"""Frames of Coinbase Exchange become events; what cannot be understood harms nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.adapters.coinbase import CoinbaseAdapter
from tui.model.events import (
    BookDelta,
    BookSnapshot,
    Gap,
    ParseFailure,
    ServerTime,
    Side,
    Ticker,
    Trade,
)
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription

BTC = Instrument("COINBASE", "BTC-USD")
TRADES = Subscription(BTC, Channel.TRADES)
TIME = "2026-09-30T02:03:12.819699Z"
TIME_NS = 1_790_733_792_819_699_000

MATCH = {
    "type": "match",
    "trade_id": 7,
    "maker_order_id": "m",
    "taker_order_id": "t",
    "side": "sell",
    "size": "0.0003",
    "price": "83420.1",
    "product_id": "BTC-USD",
    "sequence": 136999327700,
    "time": TIME,
}
UPDATE = {
    "type": "l2update",
    "product_id": "BTC-USD",
    "changes": [["buy", "72993.09", "0.01022220"], ["sell", "83461.51", "0.00000000"]],
    "time": TIME,
}
BEAT = {
    "type": "heartbeat",
    "last_trade_id": 7,
    "product_id": "BTC-USD",
    "sequence": 1,
    "time": TIME,
}
TICKER = {
    "type": "ticker",
    "sequence": 1,
    "product_id": "BTC-USD",
    "price": "110",
    "open_24h": "100",
    "volume_24h": "1836.96",
    "low_24h": "90",
    "high_24h": "120",
    "best_bid": "109.9",
    "best_bid_size": "0.2",
    "best_ask": "110.1",
    "best_ask_size": "0.1",
    "side": "sell",
    "time": TIME,
    "trade_id": 7,
}
BOOK = {
    "type": "snapshot",
    "product_id": "BTC-USD",
    "bids": [["83412.11", "0.45054140"]],
    "asks": [["83412.22", "0.12440000"]],
    "time": TIME,
}


@pytest.fixture
def adapter() -> CoinbaseAdapter:
    return CoinbaseAdapter()


def decode(adapter: CoinbaseAdapter, frame: dict[str, Any], **changes: Any) -> list[Any]:
    return list(adapter.decode(json.dumps(frame | changes, separators=(",", ":")).encode(), 5))


def match(adapter: CoinbaseAdapter, trade_id: int) -> list[Any]:
    return decode(adapter, MATCH, trade_id=trade_id)


def beat(adapter: CoinbaseAdapter, last_trade_id: int) -> list[Any]:
    return decode(adapter, BEAT, last_trade_id=last_trade_id)


# -- trades ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("maker", "taker"), [("sell", Side.BUY), ("buy", Side.SELL)])
def test_a_match_names_the_maker_and_a_trade_the_taker(
    adapter: CoinbaseAdapter, maker: str, taker: Side
) -> None:
    assert decode(adapter, MATCH, side=maker) == [
        Trade(BTC, 83420.1, 0.0003, taker, TIME_NS, 5, 7, "83420.1", "0.0003")
    ]


def test_the_last_match_before_the_subscription_is_history(
    adapter: CoinbaseAdapter,
) -> None:
    (trade,) = decode(adapter, MATCH, type="last_match")

    assert trade.from_history


def test_a_trade_that_two_heartbeats_say_was_made_and_that_never_came_is_a_gap(
    adapter: CoinbaseAdapter,
) -> None:
    match(adapter, 7)

    first, second = beat(adapter, 9), beat(adapter, 9)

    assert first == [ServerTime(TIME_NS, 5)]
    assert second == [ServerTime(TIME_NS, 5), Gap("2 trades did not come", 5, TRADES)]


def test_a_trade_may_come_after_the_heartbeat_that_names_it(
    adapter: CoinbaseAdapter,
) -> None:
    match(adapter, 7)
    beat(adapter, 8)
    match(adapter, 8)

    assert beat(adapter, 8) == [ServerTime(TIME_NS, 5)]


def test_a_gap_is_told_once(adapter: CoinbaseAdapter) -> None:
    match(adapter, 7)
    beat(adapter, 9)
    beat(adapter, 9)

    assert beat(adapter, 9) == [ServerTime(TIME_NS, 5)]


def test_heartbeats_without_any_trade_before_them_tell_of_none_missing(
    adapter: CoinbaseAdapter,
) -> None:
    beat(adapter, 9)

    assert beat(adapter, 10) == [ServerTime(TIME_NS, 5)]


def test_trades_that_nobody_wants_any_more_are_not_missed(adapter: CoinbaseAdapter) -> None:
    adapter.subscribe([TRADES])
    match(adapter, 7)
    beat(adapter, 9)

    adapter.unsubscribe([TRADES])

    assert beat(adapter, 12) == [ServerTime(TIME_NS, 5)]


def test_another_connection_counts_trades_anew(adapter: CoinbaseAdapter) -> None:
    match(adapter, 7)
    beat(adapter, 9)

    adapter.connection_lost()

    assert beat(adapter, 12) == [ServerTime(TIME_NS, 5)]


# -- books -------------------------------------------------------------------------------------


def test_changes_of_a_book_are_sorted_by_side(adapter: CoinbaseAdapter) -> None:
    assert decode(adapter, UPDATE) == [
        BookDelta(BTC, [("72993.09", "0.01022220")], [("83461.51", "0.00000000")], 0, 0, TIME_NS, 5)
    ]


def test_a_snapshot_is_a_book_with_or_without_its_time(adapter: CoinbaseAdapter) -> None:
    bids, asks = [("83412.11", "0.45054140")], [("83412.22", "0.12440000")]

    assert decode(adapter, BOOK) == [BookSnapshot(BTC, bids, asks, 0, TIME_NS, 5)]
    assert decode(adapter, BOOK, time="") == [BookSnapshot(BTC, bids, asks, 0, 0, 5)]


NO_NUMBERS = (
    *("0.-10000", "nan", "-1", "1e9", "1_0", "", "\x1b[2J", "٣", "²"),
    *("1.2.3", "1..2", ".5", "5.", ".", " 1", "1 2"),
)


@pytest.mark.parametrize("size", NO_NUMBERS)
def test_a_malformed_change_is_left_out_and_told_and_the_book_asked_for_anew(
    adapter: CoinbaseAdapter, size: str
) -> None:
    changes = [["sell", "2.5", "1"], ["buy", "1.5", size]]

    delta, failure, gap = decode(adapter, UPDATE, changes=changes)

    assert (delta.bids, delta.asks) == ([], [("2.5", "1")])
    assert isinstance(failure, ParseFailure)
    assert failure.message == (
        "a level of a book with a price or a size that is not a number, left out"
        " - at `$.changes[1][2]`"
    )
    assert gap == Gap("a level could not be read", 5, Subscription(BTC, Channel.BOOK))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        *((["buy", "1.5", size], 2) for size in NO_NUMBERS),
        *((["sell", price, "1"], 1) for price in NO_NUMBERS),
        (["sell", "1.5 ", "1e"], 1),
    ],
)
def test_a_malformed_change_that_comes_alone_is_left_out_and_told(
    adapter: CoinbaseAdapter, change: list[str], field: int
) -> None:
    delta, failure, _ = decode(adapter, UPDATE, changes=[change])

    assert (delta.bids, delta.asks) == ([], [])
    assert isinstance(failure, ParseFailure)
    assert failure.message.endswith(f"not a number, left out - at `$.changes[0][{field}]`")


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_a_malformed_level_of_a_snapshot_is_left_out_and_told(
    adapter: CoinbaseAdapter, text: str
) -> None:
    asks = [["106", "2"], [text, "1"], ["107", text]]

    snapshot, failure = decode(adapter, BOOK, bids=[["104", "1"]], asks=asks)

    assert (snapshot.bids, snapshot.asks) == ([("104", "1")], [("106", "2")])
    assert isinstance(failure, ParseFailure)
    assert failure.message == (
        "2 levels of a book with a price or a size that is not a number, left out"
        " - at `$.asks[1][0]`"
    )


@pytest.mark.parametrize("text", ["", "soon", "2026-09-30T02:03:12.81_699Z", "Z"])
def test_what_is_no_time_is_told_whatever_came_before(adapter: CoinbaseAdapter, text: str) -> None:
    decode(adapter, UPDATE)
    for time in (text, "2026-09-30T02:03:12.+19699Z"):
        (failure,) = decode(adapter, UPDATE, time=time)

        assert isinstance(failure, ParseFailure)
        assert failure.message == f"{time!r} is not a time - at `$.time`"


def test_a_change_that_comes_alone_belongs_to_one_side(adapter: CoinbaseAdapter) -> None:
    (bought,) = decode(adapter, UPDATE, changes=[["buy", "1.5", "10"]])
    (sold,) = decode(adapter, UPDATE, changes=[["sell", "2.5", "0.00"]])

    assert (bought.bids, bought.asks) == ([("1.5", "10")], [])
    assert (sold.bids, sold.asks) == ([], [("2.5", "0.00")])


def test_a_snapshot_of_more_than_a_mebibyte_is_read(adapter: CoinbaseAdapter) -> None:
    bids = [[f"{83000 - n / 100:.2f}", "0.45054140"] for n in range(20_000)]
    asks = [[f"{83000.01 + n / 100:.2f}", "0.45054140"] for n in range(20_000)]

    (snapshot,) = decode(adapter, BOOK, bids=bids, asks=asks)

    assert (len(snapshot.bids), len(snapshot.asks)) == (20_000, 20_000)
    assert adapter.stream().max_message_bytes == 16 * 2**20


# -- prices ------------------------------------------------------------------------------------


def test_a_ticker_has_the_best_prices_and_the_days_figures(
    adapter: CoinbaseAdapter,
) -> None:
    assert decode(adapter, TICKER) == [
        Ticker(
            instrument=BTC,
            ts_exchange=TIME_NS,
            ts_local=5,
            last=110.0,
            last_text="110",
            bid="109.9",
            ask="110.1",
            bid_size="0.2",
            ask_size="0.1",
            open=100.0,
            high=120.0,
            low=90.0,
            volume=1836.96,
            change_percent=10.0,
        )
    ]


def test_a_first_ticker_without_a_trade_is_undated(adapter: CoinbaseAdapter) -> None:
    sparse = {name: TICKER[name] for name in TICKER if name not in ("time", "trade_id", "side")}

    (ticker,) = decode(adapter, sparse)

    assert (ticker.last, ticker.ts_exchange) == (110.0, 0)


def test_a_price_is_enough_for_a_ticker(adapter: CoinbaseAdapter) -> None:
    (ticker,) = decode(adapter, {"type": "ticker", "product_id": "BTC-USD", "price": "110"})

    assert ticker == Ticker(instrument=BTC, ts_exchange=0, ts_local=5, last=110.0, last_text="110")


# -- times -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        (TIME, TIME_NS),
        ("2026-09-30T02:03:12Z", 1_790_733_792_000_000_000),
        ("2026-09-30T02:03:12.123Z", 1_790_733_792_123_000_000),
        ("2026-09-30T02:03:12.123456789Z", 1_790_733_792_123_456_789),
        ("0001-01-01T00:00:00.000000Z", 0),
    ],
)
def test_a_time_is_read_to_the_nanosecond(adapter: CoinbaseAdapter, text: str, ns: int) -> None:
    decode(adapter, MATCH)

    assert decode(adapter, MATCH, time=text)[0].ts_exchange == ns


@pytest.mark.parametrize(
    "text", ["2026-09-30", "2026-13-30T02:03:12.819699Z", "2026-09-30T02:03:12.819699+01:00", "x"]
)
def test_what_is_no_time_is_told(adapter: CoinbaseAdapter, text: str) -> None:
    (failure,) = decode(adapter, MATCH, time=text)

    assert isinstance(failure, ParseFailure)


# -- what cannot be understood -----------------------------------------------------------------


def test_types_that_the_venue_adds_are_passed_over(adapter: CoinbaseAdapter) -> None:
    assert decode(adapter, {"type": "rfq_match", "maker": 1}) == []
    assert decode(adapter, {"type": "status", "products": [], "currencies": []}) == []


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (b"", "truncated"),
        (b"<html>", "malformed"),
        (b"[]", "object"),
        (b"{}", "type"),
        (b'{"type":"match","trade_id":"7"}', "trade_id"),
        (b'{"type":"l2update","product_id":"BTC-USD","time":""}', "changes"),
    ],
)
def test_a_frame_that_is_not_what_the_venue_documents_is_named(
    adapter: CoinbaseAdapter, frame: bytes, words: str
) -> None:
    (failure,) = adapter.decode(frame, 5)

    assert isinstance(failure, ParseFailure)
    assert words in failure.message


FRAMES = [json.dumps(frame).encode() for frame in (MATCH, UPDATE, BEAT, TICKER, BOOK)] + [
    b'{"type":"error","message":"Failed to subscribe","reason":"foo is not a valid channel"}',
    b'{"type":"subscriptions","channels":[{"name":"level2_50","product_ids":["BTC-USD"]}]}',
]


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_no_frame_makes_decoding_raise(data: st.DataObject) -> None:
    frame = bytearray(data.draw(st.sampled_from(FRAMES)))
    for _ in range(data.draw(st.integers(0, 4))):
        at = data.draw(st.integers(0, len(frame)))
        frame[at : at + data.draw(st.integers(0, 6))] = data.draw(st.binary(max_size=6))
    adapter = CoinbaseAdapter()
    adapter.subscribe([TRADES])

    for event in adapter.decode(bytes(frame), 1):
        for name in ("price_text", "size_text", "last_text", "bid", "ask"):
            text = getattr(event, name, None)
            assert text is None or all(character in "0123456789." for character in text)
