"""Frames of Coinbase Advanced Trade become events; every frame counts, and none is lost unseen."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tui.adapters.coinbase import CoinbaseAdapter
from tui.model.events import (
    BookDelta,
    BookSnapshot,
    Gap,
    Heartbeat,
    ParseFailure,
    ServerTime,
    Side,
    Ticker,
    Trade,
    VenueNotice,
)
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription

BTC = Instrument("COINBASE", "BTC-USD")
ETH = Instrument("COINBASE", "ETH-USD")
SENT = "2026-09-30T02:03:12.862739917Z"
SENT_NS = 1_790_733_792_862_739_917
TRADED = "2026-09-30T02:03:12.819699Z"
TRADED_NS = 1_790_733_792_819_699_000


@pytest.fixture
def adapter() -> CoinbaseAdapter:
    return CoinbaseAdapter({"protocol": "advanced"})


def decode(
    adapter: CoinbaseAdapter, channel: str, *events: Any, number: int = 0, **changes: Any
) -> list[Any]:
    frame = {
        "channel": channel,
        "client_id": "",
        "timestamp": SENT,
        "sequence_num": number,
        "events": events,
    }
    return list(adapter.decode(json.dumps(frame | changes, separators=(",", ":")).encode(), 5))


def level(side: str, price: str, size: str) -> dict[str, str]:
    return {"side": side, "event_time": TRADED, "price_level": price, "new_quantity": size}


def book(kind: str, *levels: dict[str, str], product: str = "BTC-USD") -> dict[str, Any]:
    return {"type": kind, "product_id": product, "updates": levels}


def trade(number: int, side: str = "SELL") -> dict[str, str]:
    return {
        "product_id": "BTC-USD",
        "trade_id": str(number),
        "price": "83277.26",
        "size": "0.00058346",
        "time": TRADED,
        "side": side,
    }


def beat(adapter: CoinbaseAdapter, number: int) -> list[Any]:
    content = {
        "current_time": "2026-09-30 02:03:12.862 +0000 UTC m=+139651.27",
        "heartbeat_counter": 139651,
    }
    return decode(adapter, "heartbeats", content, number=number)


# -- books -------------------------------------------------------------------------------------


def test_an_offer_is_an_ask(adapter: CoinbaseAdapter) -> None:
    found = decode(
        adapter,
        "l2_data",
        book("snapshot", level("offer", "101", "1.50"), level("bid", "99", "2")),
        book("update", level("offer", "101", "0"), product="ETH-USD"),
    )

    assert found == [
        BookSnapshot(BTC, [("99", "2")], [("101", "1.50")], 0, SENT_NS, 5),
        BookDelta(ETH, [], [("101", "0")], 0, 0, SENT_NS, 5),
    ]


def test_a_snapshot_of_five_megabytes_is_read(adapter: CoinbaseAdapter) -> None:
    levels = [level("bid", f"{83000 - n / 100:.2f}", "0.45054140") for n in range(20_000)]
    levels += [level("offer", f"{83001 + n / 100:.2f}", "0.45054140") for n in range(20_000)]

    (snapshot,) = decode(adapter, "l2_data", book("snapshot", *levels))

    assert (len(snapshot.bids), len(snapshot.asks)) == (20_000, 20_000)
    assert len(json.dumps(levels)) > 4_600_000
    assert adapter.stream().max_message_bytes == 16 * 2**20


@pytest.mark.parametrize(
    "size",
    ["0.-10000", "nan", "-1", "1e9", "1_0", "", "\x1b[2J", "٣", ".", "1.2.3", ".5", "5.", "1 2"],
)
def test_a_malformed_change_makes_its_book_begin_anew(adapter: CoinbaseAdapter, size: str) -> None:
    delta, failure, gap = decode(
        adapter, "l2_data", book("update", level("bid", "1.5", size), level("offer", "2.5", "1"))
    )

    assert (delta.bids, delta.asks) == ([], [("2.5", "1")])
    assert isinstance(failure, ParseFailure)
    assert "$.events[...].updates" in failure.message
    assert gap == Gap("a level could not be read", 5, Subscription(BTC, Channel.BOOK))


def test_a_malformed_level_of_a_snapshot_is_left_out_and_told(adapter: CoinbaseAdapter) -> None:
    snapshot, failure = decode(
        adapter, "l2_data", book("snapshot", level("bid", "1.5", ""), level("offer", "2.5", "1"))
    )

    assert (snapshot.bids, snapshot.asks) == ([], [("2.5", "1")])
    assert failure.message.startswith("a level of a book with a price or a size")


# -- trades and prices -------------------------------------------------------------------------


@pytest.mark.parametrize(("maker", "taker"), [("SELL", Side.BUY), ("BUY", Side.SELL)])
def test_the_side_is_the_makers(adapter: CoinbaseAdapter, maker: str, taker: Side) -> None:
    events = decode(adapter, "market_trades", {"type": "update", "trades": [trade(7, maker)]})

    assert events == [
        ServerTime(SENT_NS, 5),
        Trade(BTC, 83277.26, 0.00058346, taker, TRADED_NS, 5, 7, "83277.26", "0.00058346"),
    ]


def test_a_batch_comes_newest_first_and_is_told_oldest_first(adapter: CoinbaseAdapter) -> None:
    batch = {"type": "update", "trades": [trade(9), trade(8), trade(10)]}

    _, *trades = decode(adapter, "market_trades", batch)

    assert [one.trade_id for one in trades] == [8, 9, 10]


def test_of_the_trades_before_the_subscription_the_newest_shows_the_price(
    adapter: CoinbaseAdapter,
) -> None:
    batch = {"type": "snapshot", "trades": [trade(9), trade(8)]}

    _, only = decode(adapter, "market_trades", batch)

    assert (only.trade_id, only.from_history) == (9, True)


def test_a_ticker_has_the_best_prices_and_the_days_figures(adapter: CoinbaseAdapter) -> None:
    row = {
        "type": "ticker",
        "product_id": "BTC-USD",
        "price": "64281.7",
        "volume_24_h": "3974.5",
        "low_24_h": "63454",
        "high_24_h": "64727.27",
        "price_percent_chg_24_h": "-1.25",
        "best_bid": "64281.7",
        "best_ask": "64281.71",
        "best_bid_quantity": "0.21",
        "best_ask_quantity": "0.02",
    }

    assert decode(adapter, "ticker", {"type": "update", "tickers": [row]}) == [
        Ticker(
            instrument=BTC,
            ts_exchange=SENT_NS,
            ts_local=5,
            last=64281.7,
            last_text="64281.7",
            bid="64281.7",
            ask="64281.71",
            bid_size="0.21",
            ask_size="0.02",
            high=64727.27,
            low=63454.0,
            volume=3974.5,
            change_percent=-1.25,
        )
    ]


# -- the count of frames -----------------------------------------------------------------------


def test_frames_of_all_channels_are_counted_together(adapter: CoinbaseAdapter) -> None:
    beat(adapter, 7)
    listed = decode(adapter, "subscriptions", {"subscriptions": {}}, number=8)
    changed = decode(adapter, "l2_data", book("update"), number=9)

    assert listed == [ServerTime(SENT_NS, 5)]
    assert changed == [BookDelta(BTC, [], [], 0, 0, SENT_NS, 5)]


@pytest.mark.parametrize(
    ("number", "words"), [(9, "a frame is missing"), (12, "4 frames are missing")]
)
def test_a_jump_of_the_count_is_a_gap_of_everything(
    adapter: CoinbaseAdapter, number: int, words: str
) -> None:
    beat(adapter, 7)

    assert beat(adapter, number) == [Gap(words, 5), ServerTime(SENT_NS, 5)]
    assert beat(adapter, number + 1) == [ServerTime(SENT_NS, 5)]


def test_a_frame_that_came_twice_counts_once(adapter: CoinbaseAdapter) -> None:
    beat(adapter, 7)
    decode(adapter, "l2_data", book("update", level("bid", "1", "1")), number=8)

    (failure,) = decode(adapter, "l2_data", book("update", level("bid", "1", "1")), number=8)

    assert isinstance(failure, ParseFailure)
    assert failure.message == "frame 8 came out of its place - at `$.sequence_num`"
    assert beat(adapter, 9) == [ServerTime(SENT_NS, 5)]


def test_a_venue_that_counts_anew_is_connected_to_anew(adapter: CoinbaseAdapter) -> None:
    beat(adapter, 700)
    beat(adapter, 0)
    beat(adapter, 1)

    assert beat(adapter, 2)[1:] == [VenueNotice("frames are counted anew", 5, reconnect=True)]


def test_another_connection_begins_with_any_number(adapter: CoinbaseAdapter) -> None:
    beat(adapter, 7)

    adapter.connection_lost()

    assert beat(adapter, 0) == [ServerTime(SENT_NS, 5)]


def test_frames_of_channels_that_the_venue_adds_count_too(adapter: CoinbaseAdapter) -> None:
    beat(adapter, 7)

    assert decode(adapter, "status", {"products": []}, number=8) == [Heartbeat(5)]
    assert beat(adapter, 9) == [ServerTime(SENT_NS, 5)]


def test_a_book_frame_that_cannot_be_read_is_as_good_as_lost(adapter: CoinbaseAdapter) -> None:
    beat(adapter, 7)

    failure, gap = decode(adapter, "l2_data", {"type": "update", "product_id": 1}, number=8)

    assert "$.events[0].product_id" in failure.message
    assert gap == Gap("a frame could not be read", 5)
    assert beat(adapter, 9) == [ServerTime(SENT_NS, 5)]


def test_a_ticker_that_cannot_be_read_harms_nothing_else(adapter: CoinbaseAdapter) -> None:
    (failure,) = decode(adapter, "ticker", {"tickers": [{"product_id": "BTC-USD"}]})

    assert "price" in failure.message


@pytest.mark.parametrize(
    ("frame", "words"),
    [(b"", "truncated"), (b"<html>", "malformed"), (b"[]", "object"), (b"{}", "channel")],
)
def test_what_is_no_frame_is_told(adapter: CoinbaseAdapter, frame: bytes, words: str) -> None:
    (failure,) = adapter.decode(frame, 5)

    assert isinstance(failure, ParseFailure)
    assert words in failure.message


@pytest.mark.parametrize("time", ["", "soon", "2026-09-30T02:39:53.86_739917Z"])
def test_what_is_no_time_is_told_with_its_field(adapter: CoinbaseAdapter, time: str) -> None:
    failure, gap = decode(
        adapter, "l2_data", book("update", level("bid", "1", "2")), timestamp=time
    )

    assert isinstance(failure, ParseFailure)
    assert failure.message == f"{time!r} is not a time - at `$.timestamp`"
    assert gap == Gap("a frame could not be read", 5)


# -- dollars and USDC --------------------------------------------------------------------------


def books_of(adapter: CoinbaseAdapter, product: str, number: int) -> list[str]:
    events = decode(adapter, "l2_data", book("update", product=product), number=number)
    return [one.instrument.symbol for one in events]


def wish(adapter: CoinbaseAdapter, *products: str) -> None:
    adapter.subscribe(
        [Subscription(Instrument("COINBASE", product), Channel.BOOK) for product in products]
    )


def test_dollars_come_to_whoever_asked_for_usdc(adapter: CoinbaseAdapter) -> None:
    wish(adapter, "BTC-USDC")

    assert books_of(adapter, "BTC-USD", 0) == ["BTC-USDC"]


def test_dollars_come_to_both_that_asked(adapter: CoinbaseAdapter) -> None:
    wish(adapter, "BTC-USDC", "BTC-USD")

    assert books_of(adapter, "BTC-USD", 0) == ["BTC-USD", "BTC-USDC"]


def test_usdc_that_comes_by_its_own_name_does_not_come_twice(adapter: CoinbaseAdapter) -> None:
    wish(adapter, "BTC-USDC", "BTC-USD")

    assert books_of(adapter, "BTC-USDC", 0) == ["BTC-USDC"]
    assert books_of(adapter, "BTC-USD", 1) == ["BTC-USD"]


@pytest.mark.parametrize("channel", ["l2_data", "market_trades", "ticker", "heartbeats"])
def test_a_frame_without_content_is_a_sign_of_life(adapter: CoinbaseAdapter, channel: str) -> None:
    assert decode(adapter, channel) == [ServerTime(SENT_NS, 5)]
