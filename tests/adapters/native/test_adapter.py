"""Where the native adapter connects, what it asks for, and where it resumes."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from tui.adapters.base import Outgoing
from tui.adapters.native import NativeAdapter
from tui.adapters.registry import load_adapter
from tui.model.errors import ConfigError, InstrumentError
from tui.model.events import Gap, Rejection
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import Timeframe
from tui.model.transport import PollRequest, StreamRequest, TransportKind

BTC = Instrument("NATIVE", "BTC-USD")
ETH = Instrument("NATIVE", "ETH-USD")
TICKER = Subscription(BTC, Channel.TICKER)
TRADES = Subscription(BTC, Channel.TRADES)
BOOK = Subscription(BTC, Channel.BOOK)
CANDLES = Subscription(BTC, Channel.CANDLES, Timeframe.parse("15m"))
ETH_TRADES = Subscription(ETH, Channel.TRADES)
UNWRITABLE = Subscription(Instrument("NATIVE", "BTC,USD"), Channel.TICKER)
NOW = 1_764_000_002_000_000_000
SIDES = ["metrics", "alerts", "status"]


def said(messages: list[Outgoing]) -> list[dict[str, Any]]:
    return [json.loads(message.text) for message in messages]


def see(adapter: NativeAdapter, seq: int) -> None:
    """Let a trade at this position arrive."""
    fill = {"price": "1", "size": "1", "side": "buy", "time": 1}
    message = {"type": "trade_update", "symbol": "BTC-USD", "seq": seq, "trades": [fill]}
    adapter.decode(msgspec.json.encode(message), NOW)


def poll(request: StreamRequest) -> PollRequest:
    (found,) = request.polls
    return found


# -- endpoints -------------------------------------------------------------------------------


def test_the_venue_is_installed_with_the_program() -> None:
    assert load_adapter("native") is NativeAdapter


def test_one_address_is_enough() -> None:
    by_rest = NativeAdapter({"rest": "https://example.org/v1/"})
    by_stream = NativeAdapter({"stream": "wss://example.org/v1"})

    for adapter in (by_rest, by_stream):
        assert adapter.stream().url == "wss://example.org/v1/stream"
        assert adapter.time_request().url == "https://example.org/v1/time"


def test_two_addresses_may_differ() -> None:
    adapter = NativeAdapter({"rest": "http://localhost:1", "stream": "ws://localhost:2/feed"})

    assert adapter.stream().url == "ws://localhost:2/feed/stream"
    assert adapter.time_request().url == "http://localhost:1/time"


def test_without_an_address_it_says_what_to_write() -> None:
    with pytest.raises(ConfigError, match=r"no server.*\[venues\.NATIVE\]"):
        NativeAdapter()


@pytest.mark.parametrize(
    ("endpoints", "words"),
    [
        ({"sse": "http://localhost"}, "'sse' is unknown.*stream and rest"),
        ({"rest": "ws://localhost"}, "must be a http or https URL"),
        ({"stream": "localhost:80"}, "must be a ws or wss URL"),
        ({"rest": "http://localhost?x=1"}, "must not have a query"),
    ],
)
def test_a_wrong_address_is_told(endpoints: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        NativeAdapter(endpoints)


# -- requests on a WebSocket -----------------------------------------------------------------


def test_subscriptions_are_asked_for_in_one_message(adapter: NativeAdapter) -> None:
    first, sides = adapter.subscribe([TICKER, TRADES, BOOK, CANDLES])

    assert json.loads(first.text) == {
        "type": "subscribe",
        "id": 1,
        "channels": [
            {"channel": "ticker", "symbol": "BTC-USD"},
            {"channel": "trades", "symbol": "BTC-USD"},
            {"channel": "orderbook", "symbol": "BTC-USD"},
            {"channel": "candles", "symbol": "BTC-USD", "timeframe": "15m"},
        ],
    }
    assert first.request_id == 1
    assert first.subscriptions == (TICKER, TRADES, BOOK, CANDLES)
    assert sides.subscriptions == ()


def test_with_the_first_of_a_symbol_go_its_metrics_alerts_and_status(
    adapter: NativeAdapter,
) -> None:
    _, sides = said(adapter.subscribe([TICKER]))
    assert sides["channels"] == [
        *({"channel": name} for name in SIDES),
        *({"channel": name, "symbol": "BTC-USD"} for name in SIDES),
    ]

    assert len(adapter.subscribe([TRADES])) == 1

    _, sides = said(adapter.subscribe([ETH_TRADES]))
    assert sides["channels"] == [{"channel": name, "symbol": "ETH-USD"} for name in SIDES]


def test_with_the_last_of_a_symbol_go_its_metrics_alerts_and_status(
    adapter: NativeAdapter,
) -> None:
    adapter.subscribe([TICKER, TRADES])

    assert len(adapter.unsubscribe([TICKER])) == 1
    given_up, sides = said(adapter.unsubscribe([TRADES]))
    assert given_up["type"] == sides["type"] == "unsubscribe"
    assert given_up["channels"] == [{"channel": "trades", "symbol": "BTC-USD"}]
    assert sides["channels"] == [{"channel": name, "symbol": "BTC-USD"} for name in SIDES]


def test_a_server_that_refuses_what_goes_with_it_rejects_nothing(adapter: NativeAdapter) -> None:
    _, sides = adapter.subscribe([TICKER])
    refusal = {"type": "error", "id": sides.request_id, "code": "bad_request", "message": "what?"}

    assert adapter.decode(msgspec.json.encode(refusal), NOW) == []


def test_a_server_that_does_not_know_heartbeats_rejects_nothing(adapter: NativeAdapter) -> None:
    heartbeat = adapter.heartbeat()
    assert heartbeat is not None
    assert json.loads(heartbeat.text) == {"type": "heartbeat", "id": 1}
    refusal = {"type": "error", "id": 1, "code": "bad_request", "message": "what?"}

    assert adapter.decode(msgspec.json.encode(refusal), NOW) == []


def test_heartbeats_that_nobody_answers_do_not_pile_up(adapter: NativeAdapter) -> None:
    for _ in range(257):
        adapter.heartbeat()
    refusal = b'{"type":"error","id":%d,"code":"bad_request","message":"what?"}'

    assert adapter.decode(refusal % 257, NOW) == []
    assert adapter.decode(refusal % 1, NOW) == [Rejection("what? (bad_request)", 1)]


def test_requests_stay_within_the_protocols_limits(adapter: NativeAdapter) -> None:
    wanted = [
        Subscription(Instrument("NATIVE", f"{index:064}"), Channel.TICKER) for index in range(250)
    ]

    messages = adapter.subscribe(wanted)

    asked = [message for message in messages if message.subscriptions]
    assert [len(message.subscriptions) for message in asked] == [100, 100, 50]
    assert all(len(message.text) < 65_536 for message in messages)
    assert all(len(message["channels"]) <= 100 for message in said(messages))


def test_every_request_has_an_id_of_its_own(adapter: NativeAdapter) -> None:
    messages = [*adapter.subscribe([TICKER]), *adapter.unsubscribe([TICKER])]
    adapter.connection_lost()
    messages += adapter.subscribe([TICKER])

    ids = [message["id"] for message in said(messages)]
    assert len(set(ids)) == len(ids) == 6


def test_a_symbol_that_cannot_be_written_is_refused(adapter: NativeAdapter) -> None:
    with pytest.raises(InstrumentError, match="'BTC,USD' is not a symbol"):
        adapter.subscribe([UNWRITABLE])


def test_the_token_is_sent_in_a_header_and_as_a_message(adapter: NativeAdapter) -> None:
    authentication = adapter.authentication
    assert authentication is not None
    assert authentication.header == "Authorization"
    assert authentication.prefix == "Bearer "
    assert authentication.message is not None

    message = authentication.message("s3cret")

    assert json.loads(message.text) == {"type": "auth", "id": 1, "token": "s3cret"}
    assert message.request_id == 1
    assert not authentication.required


# -- resuming --------------------------------------------------------------------------------


def test_a_first_connection_resumes_nothing(adapter: NativeAdapter) -> None:
    adapter.connection_lost()

    assert all("since" not in message for message in said(adapter.subscribe([TICKER, TRADES])))


def test_what_was_interrupted_is_asked_for_since_the_last_position(adapter: NativeAdapter) -> None:
    adapter.subscribe([TRADES])
    see(adapter, 700)
    adapter.connection_lost()

    resumed, fresh, sides = said(adapter.subscribe([TRADES, ETH_TRADES]))
    assert resumed["channels"] == [{"channel": "trades", "symbol": "BTC-USD"}]
    assert resumed["since"] == 700
    assert fresh["channels"] == [{"channel": "trades", "symbol": "ETH-USD"}]
    assert "since" not in fresh
    assert sides["since"] == 700


def test_what_is_asked_for_later_resumes_where_the_connection_broke(adapter: NativeAdapter) -> None:
    adapter.subscribe([TICKER, TRADES])
    see(adapter, 700)
    adapter.connection_lost()
    adapter.subscribe([TICKER])
    see(adapter, 900)

    assert said(adapter.subscribe([TRADES]))[0]["since"] == 700


def test_what_is_asked_for_again_on_the_same_connection_resumes_nothing(
    adapter: NativeAdapter,
) -> None:
    adapter.subscribe([TRADES])
    see(adapter, 700)
    adapter.connection_lost()
    adapter.subscribe([TRADES])
    adapter.unsubscribe([TRADES])

    assert "since" not in said(adapter.subscribe([TRADES]))[0]


def test_several_failed_attempts_do_not_forget_what_was_interrupted(adapter: NativeAdapter) -> None:
    adapter.subscribe([TRADES])
    see(adapter, 700)
    for _ in range(3):
        adapter.connection_lost()

    assert said(adapter.subscribe([TRADES]))[0]["since"] == 700


def test_trades_that_were_lost_with_the_connection_are_told(adapter: NativeAdapter) -> None:
    adapter.subscribe([TRADES, TICKER])
    adapter.decode(b'{"type":"price_update","symbol":"BTC-USD","price":"1","seq":700}', NOW)
    adapter.connection_lost()
    adapter.subscribe([TRADES, TICKER])

    late = b"""{"type":"trade_update","symbol":"BTC-USD","seq":900,"prev":800,"trades":
        [{"price":"1","size":"1","side":"buy","time":1}]}"""
    gap, _ = adapter.decode(late, NOW)
    assert isinstance(gap, Gap)
    assert gap.subscription == TRADES


def test_a_copy_resumes_where_the_first_stands(adapter: NativeAdapter) -> None:
    adapter.subscribe([TRADES])
    see(adapter, 700)

    copy = adapter.copy()

    assert said(copy.subscribe([TRADES]))[0]["since"] == 700
    see(adapter, 800)
    assert "since=700#" in copy.stream(TransportKind.SSE, [TRADES]).url


# -- one-way transports ----------------------------------------------------------------------


def test_a_stream_of_events_is_asked_for_by_its_query(adapter: NativeAdapter) -> None:
    slashed = Subscription(Instrument("NATIVE", "BTC/USD&x"), Channel.BOOK)

    url = urlsplit(adapter.stream(TransportKind.SSE, [TRADES, CANDLES, slashed]).url)

    assert (url.scheme, url.netloc, url.path) == ("http", "localhost:8080", "/v1/events")
    assert parse_qs(url.query) == {
        "channels": [
            "trades:BTC-USD,candles.15m:BTC-USD,orderbook:BTC/USD&x,metrics,alerts,status,"
            "metrics:BTC-USD,alerts:BTC-USD,status:BTC-USD,"
            "metrics:BTC/USD&x,alerts:BTC/USD&x,status:BTC/USD&x"
        ]
    }


@pytest.mark.parametrize(
    ("kind", "wait_s", "interval_s"),
    [(TransportKind.LONG_POLL, 25.0, 0.1), (TransportKind.POLL, 0.0, 1.0)],
)
def test_one_poll_asks_for_everything(
    adapter: NativeAdapter, kind: TransportKind, wait_s: float, interval_s: float
) -> None:
    found = poll(adapter.stream(kind, [TRADES]))

    assert found.url == "http://localhost:8080/v1/messages"
    assert found.params == {
        "channels": "trades:BTC-USD,metrics,alerts,status,"
        "metrics:BTC-USD,alerts:BTC-USD,status:BTC-USD"
    }
    assert (found.wait_s, found.min_interval_s) == (wait_s, interval_s)


def test_a_poll_goes_on_from_its_cursor(adapter: NativeAdapter) -> None:
    cursor = poll(adapter.stream(TransportKind.POLL, [TRADES])).cursor
    assert cursor is not None

    assert cursor(b'{"messages":[],"cursor":"a/b 7"}', {}) == {"cursor": "a/b 7"}
    assert cursor(b'{"messages":[]}', {}) == {}
    assert cursor(b"<html>", {}) == {}


def test_a_one_way_transport_resumes_from_the_last_position(adapter: NativeAdapter) -> None:
    see(adapter, 700)

    url = adapter.stream(TransportKind.SSE, [TRADES]).url
    params = poll(adapter.stream(TransportKind.POLL, [TRADES])).params

    assert parse_qs(urlsplit(url).query)["since"] == ["700"]
    assert params["since"] == "700"


ONE_WAY = [TransportKind.SSE, TransportKind.LONG_POLL, TransportKind.POLL]


@pytest.mark.parametrize("kind", ONE_WAY)
def test_the_same_wishes_are_the_same_request(adapter: NativeAdapter, kind: TransportKind) -> None:
    before = adapter.stream(kind, [TRADES])
    adapter.subscribe([TRADES])
    see(adapter, 700)

    assert adapter.stream(kind, [TRADES]) == before


@pytest.mark.parametrize("kind", ONE_WAY)
def test_other_wishes_are_another_request_since_the_last_position(
    adapter: NativeAdapter, kind: TransportKind
) -> None:
    before = adapter.stream(kind, [TRADES])
    see(adapter, 700)
    after = adapter.stream(kind, [TRADES, TICKER])

    assert after != before
    assert "700" in (after.url if kind is TransportKind.SSE else poll(after).params["since"])


@pytest.mark.parametrize("kind", ONE_WAY)
def test_another_connection_is_another_request(adapter: NativeAdapter, kind: TransportKind) -> None:
    before = adapter.stream(kind, [TRADES])
    adapter.connection_lost()

    assert adapter.stream(kind, [TRADES]) != before


@pytest.mark.parametrize("kind", ONE_WAY)
def test_what_is_given_up_and_asked_for_again_is_another_request(
    adapter: NativeAdapter, kind: TransportKind
) -> None:
    before = adapter.stream(kind, [BOOK])
    adapter.unsubscribe([BOOK])
    adapter.subscribe([BOOK])

    assert adapter.stream(kind, [BOOK]) != before


@pytest.mark.parametrize("kind", ONE_WAY)
def test_a_book_that_did_not_fit_is_asked_for_by_another_request(
    adapter: NativeAdapter, kind: TransportKind
) -> None:
    before = adapter.stream(kind, [BOOK])
    adapter.decode(
        b'{"type":"orderbook_update","symbol":"BTC-USD","from_version":1,"version":2,"patch":[]}',
        NOW,
    )

    assert adapter.stream(kind, [BOOK]) != before


def test_another_poll_has_another_name_and_so_no_cursor(adapter: NativeAdapter) -> None:
    before = poll(adapter.stream(TransportKind.POLL, [TRADES]))

    assert poll(adapter.stream(TransportKind.POLL, [TRADES, TICKER])).key != before.key


def test_trades_lost_on_the_way_to_another_transport_are_told(adapter: NativeAdapter) -> None:
    adapter.subscribe([TRADES])
    adapter.decode(b'{"type":"price_update","symbol":"BTC-USD","price":"1","seq":700}', NOW)
    adapter.connection_lost()
    adapter.stream(TransportKind.SSE, [TRADES])

    gap, _ = adapter.decode(
        b"""{"type":"trade_update","symbol":"BTC-USD","seq":900,"prev":800,"trades":
        [{"price":"1","size":"1","side":"buy","time":1}]}""",
        NOW,
    )
    assert isinstance(gap, Gap)


def test_what_came_before_is_not_taken_twice_after_asking_again(adapter: NativeAdapter) -> None:
    adapter.subscribe([TRADES])
    see(adapter, 700)
    adapter.connection_lost()
    adapter.stream(TransportKind.SSE, [TRADES])
    see(adapter, 800)
    adapter.subscribe([TRADES])

    again = b"""{"type":"trade_update","symbol":"BTC-USD","seq":800,"prev":700,"trades":
        [{"price":"1","size":"1","side":"buy","time":1}]}"""
    assert adapter.decode(again, NOW) == []


def test_a_symbol_that_a_query_cannot_hold_is_rejected_and_harms_no_other(
    adapter: NativeAdapter,
) -> None:
    url = adapter.stream(TransportKind.SSE, [TICKER, UNWRITABLE]).url
    adapter.stream(TransportKind.SSE, [TICKER, UNWRITABLE])

    assert "ticker:BTC-USD" in url
    assert "BTC,USD" not in url
    events = adapter.decode(b'{"type":"heartbeat"}', NOW)
    assert [event for event in events if isinstance(event, Rejection)] == [
        Rejection("'BTC,USD' is not a symbol", subscription=UNWRITABLE)
    ]
    assert len(adapter.decode(b'{"type":"heartbeat"}', NOW)) == 1
