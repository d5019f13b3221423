"""Asking Coinbase Exchange, whose answers carry no id, and understanding its refusals."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tui.adapters.coinbase import CoinbaseAdapter
from tui.model.errors import InstrumentError
from tui.model.events import Ack, Rejection
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import Timeframe


def wish(product: str, channel: Channel) -> Subscription:
    return Subscription(Instrument("COINBASE", product), channel)


BTC_BOOK = wish("BTC-USD", Channel.BOOK)
BTC_TRADES = wish("BTC-USD", Channel.TRADES)
BTC_TICKER = wish("BTC-USD", Channel.TICKER)
ETH_BOOK = wish("ETH-USD", Channel.BOOK)
XXX_BOOK = wish("BTC-XXX", Channel.BOOK)


@pytest.fixture
def adapter() -> CoinbaseAdapter:
    return CoinbaseAdapter()


def asked(message: Any) -> dict[str, list[str]]:
    body = json.loads(message.text)
    return {channel["name"]: channel["product_ids"] for channel in body["channels"]}


def listed(adapter: CoinbaseAdapter, **channels: list[str]) -> list[Any]:
    """What the venue's list of these channels means."""
    frame = {
        "type": "subscriptions",
        "channels": [
            {"name": name, "product_ids": products, "account_ids": None}
            for name, products in channels.items()
        ],
    }
    return list(adapter.decode(json.dumps(frame).encode(), 1))


def refused(adapter: CoinbaseAdapter, reason: str) -> list[Any]:
    frame = {"type": "error", "message": "Failed to subscribe", "reason": reason}
    return list(adapter.decode(json.dumps(frame).encode(), 1))


# -- asking ------------------------------------------------------------------------------------


def test_wishes_go_out_in_one_message_with_the_heartbeats_of_their_products(
    adapter: CoinbaseAdapter,
) -> None:
    (message,) = adapter.subscribe([BTC_BOOK, BTC_TRADES, ETH_BOOK, BTC_TICKER])

    assert json.loads(message.text)["type"] == "subscribe"
    assert asked(message) == {
        "level2_batch": ["BTC-USD", "ETH-USD"],
        "matches": ["BTC-USD"],
        "ticker": ["BTC-USD"],
        "heartbeat": ["BTC-USD", "ETH-USD"],
    }
    assert message.request_id == 1
    assert message.subscriptions == (BTC_BOOK, BTC_TRADES, ETH_BOOK, BTC_TICKER)


def test_a_products_heartbeat_is_asked_for_once(adapter: CoinbaseAdapter) -> None:
    adapter.subscribe([BTC_BOOK])

    (message,) = adapter.subscribe([BTC_TRADES])

    assert asked(message) == {"matches": ["BTC-USD"]}


def test_a_products_heartbeat_goes_with_the_last_that_is_given_up(
    adapter: CoinbaseAdapter,
) -> None:
    adapter.subscribe([BTC_BOOK, BTC_TRADES])

    (first,) = adapter.unsubscribe([BTC_BOOK])
    (second,) = adapter.unsubscribe([BTC_TRADES])

    assert asked(first) == {"level2_batch": ["BTC-USD"]}
    assert asked(second) == {"matches": ["BTC-USD"], "heartbeat": ["BTC-USD"]}


def test_what_was_not_asked_for_is_not_given_up(adapter: CoinbaseAdapter) -> None:
    """A channel without products would give up all of the channel."""
    assert adapter.unsubscribe([BTC_BOOK]) == []


def test_many_wishes_make_several_messages(adapter: CoinbaseAdapter) -> None:
    wanted = [wish(f"C{n}-USD", Channel.TICKER) for n in range(101)]

    messages = adapter.subscribe(wanted)

    assert [len(message.subscriptions) for message in messages] == [100, 1]


def test_another_connection_is_asked_for_everything_again(adapter: CoinbaseAdapter) -> None:
    adapter.subscribe([BTC_BOOK])

    adapter.connection_lost()

    (message,) = adapter.subscribe([BTC_BOOK])
    assert asked(message) == {"level2_batch": ["BTC-USD"], "heartbeat": ["BTC-USD"]}
    assert message.request_id == 2


@pytest.mark.parametrize("symbol", ["BTCUSD", "", "BTC/USD", "A" * 10_000 + "-USD", 'X-"],"'])
def test_what_cannot_be_a_product_is_not_asked_for(adapter: CoinbaseAdapter, symbol: str) -> None:
    with pytest.raises(InstrumentError, match=r"is no product of Coinbase.*like BTC-USD"):
        adapter.subscribe([wish(symbol, Channel.BOOK)])


def test_candles_are_not_streamed(adapter: CoinbaseAdapter) -> None:
    candles = Subscription(BTC_BOOK.instrument, Channel.CANDLES, Timeframe(1, "m"))

    assert Channel.CANDLES not in adapter.channels
    with pytest.raises(InstrumentError, match="does not stream candles"):
        adapter.subscribe([candles])


# -- answers -----------------------------------------------------------------------------------


def test_a_list_with_all_that_was_asked_for_is_the_answer_under_whatever_name(
    adapter: CoinbaseAdapter,
) -> None:
    adapter.subscribe([BTC_BOOK, BTC_TRADES])

    answers = listed(adapter, level2_50=["BTC-USD"], matches=["BTC-USD"], heartbeat=["BTC-USD"])

    assert answers == [Ack(1)]


def test_a_list_that_lacks_something_is_no_answer_yet(adapter: CoinbaseAdapter) -> None:
    adapter.subscribe([BTC_BOOK])
    adapter.subscribe([ETH_BOOK])

    first = listed(adapter, level2_50=["BTC-USD"])
    second = listed(adapter, level2_50=["BTC-USD", "ETH-USD"])

    assert (first, second) == ([Ack(1)], [Ack(2)])


def test_an_answer_is_told_once(adapter: CoinbaseAdapter) -> None:
    adapter.subscribe([BTC_BOOK])
    listed(adapter, level2_50=["BTC-USD"])

    assert listed(adapter, level2_50=["BTC-USD"]) == []


def test_one_bad_product_is_refused_and_the_others_are_acknowledged(
    adapter: CoinbaseAdapter,
) -> None:
    adapter.subscribe([BTC_BOOK, XXX_BOOK])

    refusal = refused(adapter, "BTC-XXX is not a valid product")
    answer = listed(adapter, level2_50=["BTC-USD"])

    assert refusal == [Rejection("BTC-XXX is not a valid product", subscription=XXX_BOOK)]
    assert answer == [Ack(1)]


def test_the_refusal_may_come_after_the_list(adapter: CoinbaseAdapter) -> None:
    adapter.subscribe([BTC_BOOK, XXX_BOOK])

    answer = listed(adapter, level2_50=["BTC-USD"])
    refusal = refused(adapter, "BTC-XXX is not a valid product")

    assert answer == []
    assert refusal == [Rejection("BTC-XXX is not a valid product", subscription=XXX_BOOK)]


def test_a_refusal_that_is_said_once_for_each_channel_is_one(
    adapter: CoinbaseAdapter,
) -> None:
    """The heartbeat of a bad product is refused as well."""
    adapter.subscribe([BTC_BOOK, XXX_BOOK])
    refused(adapter, "BTC-XXX is not a valid product")

    assert refused(adapter, "BTC-XXX is not a valid product") == []
    assert listed(adapter, level2_50=["BTC-USD"]) == [Ack(1)]


def test_a_product_is_not_blamed_for_another_whose_name_it_begins(
    adapter: CoinbaseAdapter,
) -> None:
    adapter.subscribe([BTC_BOOK, wish("BTC-USDX", Channel.BOOK)])

    (rejection,) = refused(adapter, "BTC-USDX is not a valid product")

    assert rejection.subscription == wish("BTC-USDX", Channel.BOOK)


def test_a_channel_that_needs_a_login_is_refused_for_all_who_wait_for_it(
    adapter: CoinbaseAdapter,
) -> None:
    adapter.subscribe([BTC_BOOK, BTC_TRADES, ETH_BOOK])
    words = "level2, level3, and full channels now require authentication."

    rejections = refused(adapter, words)

    assert rejections == [
        Rejection(words, subscription=BTC_BOOK),
        Rejection(words, subscription=ETH_BOOK),
    ] or rejections == [
        Rejection(words, subscription=ETH_BOOK),
        Rejection(words, subscription=BTC_BOOK),
    ]


def test_what_flows_already_is_not_blamed(adapter: CoinbaseAdapter) -> None:
    adapter.subscribe([BTC_BOOK])
    listed(adapter, level2_50=["BTC-USD"])
    adapter.subscribe([BTC_TRADES])

    (rejection,) = refused(adapter, "matches is not a valid channel")

    assert rejection.subscription == BTC_TRADES


def test_a_refusal_that_names_nothing_is_of_the_oldest_request_without_an_answer(
    adapter: CoinbaseAdapter,
) -> None:
    adapter.subscribe([BTC_BOOK])

    assert refused(adapter, "slow down") == [Rejection("slow down", request_id=1)]


def test_a_refusal_of_nothing_is_passed_on(adapter: CoinbaseAdapter) -> None:
    frame = b'{"type":"error","message":"ErrSlowConsume"}'

    assert adapter.decode(frame, 1) == [Rejection("ErrSlowConsume")]


def test_a_refused_product_may_be_asked_for_again_with_its_heartbeat(
    adapter: CoinbaseAdapter,
) -> None:
    adapter.subscribe([XXX_BOOK])
    refused(adapter, "BTC-XXX is not a valid product")

    (message,) = adapter.subscribe([XXX_BOOK])

    assert asked(message) == {"level2_batch": ["BTC-XXX"], "heartbeat": ["BTC-XXX"]}
