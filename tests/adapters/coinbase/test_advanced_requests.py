"""Asking Coinbase Advanced Trade, one channel a message, and understanding its answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tui.adapters.coinbase import CoinbaseAdapter
from tui.model.errors import ConfigError
from tui.model.events import Ack, Rejection
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.transport import TransportKind


def wish(product: str, channel: Channel) -> Subscription:
    return Subscription(Instrument("COINBASE", product), channel)


BTC_BOOK = wish("BTC-USD", Channel.BOOK)
BTC_TRADES = wish("BTC-USD", Channel.TRADES)
ETH_BOOK = wish("ETH-USD", Channel.BOOK)
USDC_BOOK = wish("BTC-USDC", Channel.BOOK)


@pytest.fixture
def adapter() -> CoinbaseAdapter:
    return CoinbaseAdapter({"protocol": "advanced"})


def texts(messages: Any) -> list[Any]:
    return [json.loads(message.text) for message in messages]


def listed(adapter: CoinbaseAdapter, number: int, **channels: list[str]) -> list[Any]:
    """What the venue's list of these channels means."""
    frame = {
        "channel": "subscriptions",
        "timestamp": "2026-09-30T02:39:53.78865513Z",
        "sequence_num": number,
        "events": [{"subscriptions": channels}],
    }
    return list(adapter.decode(json.dumps(frame).encode(), 1))[1:]


def refused(adapter: CoinbaseAdapter, message: str) -> list[Any]:
    return list(adapter.decode(json.dumps({"type": "error", "message": message}).encode(), 1))


def test_each_channel_is_asked_for_by_itself_and_heartbeats_first(adapter: CoinbaseAdapter) -> None:
    messages = adapter.subscribe([BTC_BOOK, BTC_TRADES, ETH_BOOK])

    assert texts(messages) == [
        {"type": "subscribe", "channel": "heartbeats"},
        {"type": "subscribe", "product_ids": ["BTC-USD", "ETH-USD"], "channel": "level2"},
        {"type": "subscribe", "product_ids": ["BTC-USD"], "channel": "market_trades"},
    ]
    assert [one.request_id for one in messages] == [None, 1, 2]
    assert messages[1].subscriptions == (BTC_BOOK, ETH_BOOK)


def test_heartbeats_are_asked_for_once_a_connection(adapter: CoinbaseAdapter) -> None:
    adapter.subscribe([BTC_BOOK])
    assert len(adapter.subscribe([ETH_BOOK])) == 1

    adapter.connection_lost()

    assert len(adapter.subscribe([ETH_BOOK])) == 2


def test_what_is_given_up_is_named(adapter: CoinbaseAdapter) -> None:
    adapter.subscribe([BTC_BOOK, ETH_BOOK])

    assert texts(adapter.unsubscribe([ETH_BOOK, BTC_TRADES])) == [
        {"type": "unsubscribe", "product_ids": ["ETH-USD"], "channel": "level2"}
    ]


def test_a_hundred_products_are_two_messages(adapter: CoinbaseAdapter) -> None:
    wishes = [wish(f"A{number}-USD", Channel.BOOK) for number in range(100)]

    _, first, second = adapter.subscribe(wishes)

    assert (len(first.subscriptions), len(second.subscriptions)) == (50, 50)


def test_a_message_is_answered_when_all_of_it_is_listed(adapter: CoinbaseAdapter) -> None:
    adapter.subscribe([BTC_BOOK, ETH_BOOK, BTC_TRADES])

    assert listed(adapter, 0, level2=["BTC-USD"]) == []
    assert listed(adapter, 1, level2=["BTC-USD", "ETH-USD"], heartbeats=["heartbeats"]) == [Ack(1)]
    assert listed(adapter, 2, level2=["BTC-USD", "ETH-USD"], market_trades=["BTC-USD"]) == [Ack(2)]


def test_usdc_may_be_listed_as_dollars(adapter: CoinbaseAdapter) -> None:
    adapter.subscribe([USDC_BOOK])

    assert listed(adapter, 0, level2=["BTC-USD"]) == [Ack(1)]


def test_a_refusal_that_names_a_product_is_of_that_product(adapter: CoinbaseAdapter) -> None:
    adapter.subscribe([BTC_BOOK, ETH_BOOK])

    assert refused(adapter, "ETH-USD is not a valid product") == [
        Rejection("ETH-USD is not a valid product", subscription=ETH_BOOK)
    ]
    assert listed(adapter, 0, level2=["BTC-USD"]) == [Ack(1)]


def test_a_refusal_that_names_nothing_is_of_the_oldest_message(adapter: CoinbaseAdapter) -> None:
    adapter.subscribe([BTC_BOOK, BTC_TRADES])

    assert refused(adapter, "authentication failure") == [
        Rejection("authentication failure", request_id=1)
    ]


def test_a_token_is_shown_in_the_first_message_only() -> None:
    adapter = CoinbaseAdapter({"protocol": "advanced"})
    assert adapter.authentication is not None
    assert adapter.authentication.message is not None

    opening = adapter.authentication.message("a.b.c")
    messages = adapter.subscribe([BTC_BOOK])

    assert texts([opening]) == [{"type": "subscribe", "channel": "heartbeats", "jwt": "a.b.c"}]
    assert [one["channel"] for one in texts(messages)] == ["level2"]
    assert (adapter.authentication.header, adapter.authentication.required) == ("", False)


# -- the choice --------------------------------------------------------------------------------


def test_the_protocol_is_chosen_beside_the_endpoints() -> None:
    exchange, advanced = CoinbaseAdapter(), CoinbaseAdapter({"protocol": "advanced"})

    assert exchange.stream().url == "wss://ws-feed.exchange.coinbase.com"
    assert advanced.stream().url == "wss://advanced-trade-ws.coinbase.com"
    assert exchange.book_policy.name == "crossed-check"
    assert advanced.book_policy.name == "sequence"
    assert exchange.authentication is None


def test_a_copy_speaks_the_same_protocol_to_the_same_hosts() -> None:
    adapter = CoinbaseAdapter({"protocol": "advanced", "stream": "ws://127.0.0.1:9"})

    copy = adapter.copy()

    assert copy.protocol == "advanced"
    assert copy.stream().url == "ws://127.0.0.1:9"


def test_an_unknown_protocol_is_refused_with_those_that_exist() -> None:
    with pytest.raises(ConfigError, match=r"no protocol 'v2'.*'exchange' or 'advanced'"):
        CoinbaseAdapter({"protocol": "v2"})


def test_polls_are_the_same_for_both(adapter: CoinbaseAdapter) -> None:
    (poll,) = adapter.stream(TransportKind.POLL, [BTC_BOOK]).polls

    assert poll.url == "https://api.exchange.coinbase.com/products/BTC-USD/book"
