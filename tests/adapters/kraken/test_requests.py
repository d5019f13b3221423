"""What is asked of Kraken in either protocol, and what its answers, one a pair, come to."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tui.adapters.base import Outgoing
from tui.adapters.kraken.requests import DialectV1, DialectV2, Requests
from tui.model.errors import InstrumentError
from tui.model.events import Ack, Rejection
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import Timeframe

BTC, DOGE, ETH = (Instrument("KRAKEN", name) for name in ("BTC/USD", "DOGE/USD", "ETH/BTC"))
BOOKS = [Subscription(one, Channel.BOOK) for one in (BTC, DOGE)]
TRADES = Subscription(BTC, Channel.TRADES)
CANDLES = Subscription(BTC, Channel.CANDLES, Timeframe.parse("4h"))


def current() -> Requests:
    return Requests(DialectV2(lambda: 25))


def old() -> Requests:
    return Requests(DialectV1(lambda: 25))


def texts(messages: list[Outgoing]) -> list[dict[str, Any]]:
    return [json.loads(message.text) for message in messages]


# -- questions -------------------------------------------------------------------------------


def test_pairs_of_one_channel_share_a_message() -> None:
    messages = current().subscribe([*BOOKS, TRADES, CANDLES])

    assert texts(messages) == [
        {
            "method": "subscribe",
            "params": {"channel": "book", "symbol": ["BTC/USD", "DOGE/USD"], "depth": 25},
            "req_id": 1,
        },
        {
            "method": "subscribe",
            "params": {"channel": "trade", "symbol": ["BTC/USD"], "snapshot": False},
            "req_id": 2,
        },
        {
            "method": "subscribe",
            "params": {"channel": "ohlc", "symbol": ["BTC/USD"], "interval": 240},
            "req_id": 3,
        },
    ]
    assert [message.request_id for message in messages] == [1, 2, 3]
    assert messages[0].subscriptions == tuple(BOOKS)


def test_what_is_given_up_is_named_with_its_depth_and_interval() -> None:
    params = [text["params"] for text in texts(current().unsubscribe([BOOKS[0], CANDLES]))]

    assert params == [
        {"channel": "book", "symbol": ["BTC/USD"], "depth": 25},
        {"channel": "ohlc", "symbol": ["BTC/USD"], "interval": 240},
    ]


def test_the_first_protocol_has_its_own_words_and_old_names() -> None:
    messages = old().subscribe([*BOOKS, Subscription(ETH, Channel.TICKER), CANDLES])

    assert texts(messages) == [
        {
            "event": "subscribe",
            "pair": ["XBT/USD", "XDG/USD"],
            "subscription": {"name": "book", "depth": 25},
            "reqid": 1,
        },
        {
            "event": "subscribe",
            "pair": ["ETH/XBT"],
            "subscription": {"name": "ticker"},
            "reqid": 2,
        },
        {
            "event": "subscribe",
            "pair": ["XBT/USD"],
            "subscription": {"name": "ohlc", "interval": 240},
            "reqid": 3,
        },
    ]


def test_many_pairs_are_asked_for_in_several_messages() -> None:
    many = [Subscription(Instrument("KRAKEN", f"A{n}/USD"), Channel.BOOK) for n in range(120)]

    assert [len(message.subscriptions) for message in current().subscribe(many)] == [50, 50, 20]


@pytest.mark.parametrize("symbol", ["BTCUSD", "BTC-USD", "", "BTC/", "A/B/C", "x" * 9000 + "/USD"])
def test_what_cannot_be_a_pair_is_not_asked_for(symbol: str) -> None:
    with pytest.raises(InstrumentError, match="with a slash"):
        current().subscribe([Subscription(Instrument("KRAKEN", symbol), Channel.BOOK)])


@pytest.mark.parametrize(("symbol", "name"), [("XBT/USD", "BTC/USD"), ("ETH/XBT", "ETH/BTC")])
def test_an_old_name_is_answered_with_the_one_of_today(symbol: str, name: str) -> None:
    with pytest.raises(InstrumentError, match=f"write {name}"):
        old().subscribe([Subscription(Instrument("KRAKEN", symbol), Channel.BOOK)])


def test_a_timeframe_that_the_venue_does_not_have_is_not_asked_for() -> None:
    odd = Subscription(BTC, Channel.CANDLES, Timeframe.parse("3m"))

    with pytest.raises(InstrumentError, match="no candles of 3m"):
        current().subscribe([odd])


def test_a_ping_of_each_protocol() -> None:
    assert json.loads(current().ping().text) == {"method": "ping", "req_id": 1}
    assert json.loads(old().ping().text) == {"event": "ping", "reqid": 1}


# -- answers ---------------------------------------------------------------------------------


def test_a_request_is_acknowledged_with_its_last_pair() -> None:
    requests = current()
    requests.subscribe(BOOKS)

    assert requests.accepted(1, "DOGE/USD") == []
    assert requests.accepted(1, "BTC/USD") == [Ack(1)]


def test_a_refused_pair_does_not_hold_up_the_others() -> None:
    requests = current()
    requests.subscribe(BOOKS)
    requests.accepted(1, "BTC/USD")

    events = requests.refused(1, "DOGE/USD", "Currency pair not supported DOGE/USD")

    assert events == [
        Rejection("Currency pair not supported DOGE/USD", subscription=BOOKS[1]),
        Ack(1),
    ]


def test_a_refusal_without_a_pair_is_of_the_whole_request() -> None:
    requests = current()
    requests.subscribe(BOOKS)

    words = "Subscription depth not supported"
    assert requests.refused(1, "", words) == [Rejection(words, request_id=1)]


def test_a_refusal_without_a_number_is_of_the_only_request_for_its_pair() -> None:
    requests = current()
    requests.subscribe([TRADES])

    assert requests.refused(None, "BTC/USD", "no") == [
        Rejection("no", subscription=TRADES),
        Ack(1),
    ]


def test_a_refusal_that_may_be_of_several_requests_blames_none() -> None:
    requests = current()
    requests.subscribe([TRADES, *BOOKS])

    assert requests.refused(None, "BTC/USD", "no") == [Rejection("no")]


def test_what_is_subscribed_already_is_as_good_as_accepted() -> None:
    requests = old()
    requests.subscribe([TRADES])

    assert requests.refused(1, "XBT/USD", "Already subscribed") == [Ack(1)]


def test_a_refused_giving_up_rejects_nothing() -> None:
    requests = current()
    requests.unsubscribe([TRADES])

    events = requests.refused(1, "BTC/USD", "Subscription Not Found")

    assert events == [Rejection("could not be given up: Subscription Not Found")]


def test_answers_of_another_connection_fit_nothing() -> None:
    requests = current()
    requests.subscribe([TRADES])

    requests.forget()

    assert requests.accepted(1, "BTC/USD") == []
    assert requests.subscribe([TRADES])[0].request_id == 2
