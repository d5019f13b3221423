"""Frames of the native protocol become events, or failures that name the field."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tui.adapters.native import NativeAdapter
from tui.model.events import (
    Ack,
    Alert,
    AlertLevel,
    Candle,
    Event,
    Gap,
    Heartbeat,
    Metric,
    ParseFailure,
    Rejection,
    ServerTime,
    Side,
    Status,
    Ticker,
    Trade,
    VenueNotice,
)
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import Timeframe
from tui.model.transport import EventFrame

BTC = Instrument("NATIVE", "BTC-USD")
MINUTE = Timeframe.parse("1m")
NOW = 1_764_000_002_000_000_000
T = 1_764_000_001_000
TS = 1_764_000_001_000_000_000


def decode(adapter: NativeAdapter, *messages: dict[str, Any]) -> list[Event]:
    """The events of one frame."""
    frame = msgspec.json.encode(messages[0] if len(messages) == 1 else messages)
    return adapter.decode(frame, NOW)


def trade(seq: int | None = None, prev: int | None = None, **fields: Any) -> dict[str, Any]:
    fill = {"price": "10.50", "size": "0.20", "side": "buy", "time": T} | fields
    return {"type": "trade_update", "symbol": "BTC-USD", "trades": [fill], "seq": seq, "prev": prev}


def ticker(**fields: Any) -> dict[str, Any]:
    return {"type": "ticker_update", "symbol": "BTC-USD", "time": T} | fields


def candle(**fields: Any) -> dict[str, Any]:
    bar = {"time": 1_764_000_000_000, "open": "1", "high": "3", "low": "0.5", "close": "2"}
    return {
        "type": "candle_update",
        "symbol": "BTC-USD",
        "timeframe": "1m",
        "time": T,
        "candles": [bar | {"volume": "7"} | fields],
    }


# -- data ------------------------------------------------------------------------------------


def test_a_trade_keeps_its_digits(adapter: NativeAdapter) -> None:
    assert decode(adapter, trade(id=7, side="sell", time=1_764_000_001_000.25)) == [
        Trade(BTC, 10.5, 0.2, Side.SELL, TS + 250_000, NOW, 7, "10.50", "0.20")
    ]


def test_a_trade_without_an_id_has_none(adapter: NativeAdapter) -> None:
    (event,) = decode(adapter, trade())

    assert isinstance(event, Trade)
    assert event.trade_id is None


def test_times_are_exact_to_the_microsecond(adapter: NativeAdapter) -> None:
    frame = b'{"type":"pong","time":1764000001000.123}'

    assert adapter.decode(frame, NOW) == [ServerTime(1_764_000_001_000_123_000, NOW)]


def test_a_price_is_a_ticker_that_says_no_more(adapter: NativeAdapter) -> None:
    message = {"type": "price_update", "symbol": "BTC-USD", "price": "10.50", "time": T}

    assert decode(adapter, message) == [
        Ticker(instrument=BTC, ts_exchange=TS, ts_local=NOW, last=10.5, last_text="10.50")
    ]


def test_a_ticker_may_say_anything_of_its_figures(adapter: NativeAdapter) -> None:
    assert decode(adapter, ticker(bid="1.10", bid_size="5", change_percent="-2.5")) == [
        Ticker(
            instrument=BTC,
            ts_exchange=TS,
            ts_local=NOW,
            bid="1.10",
            bid_size="5",
            change_percent=-2.5,
        )
    ]


def test_a_candle_is_open_until_it_is_said_to_be_closed(adapter: NativeAdapter) -> None:
    expected = Candle(
        BTC, MINUTE, 1_764_000_000_000_000_000, 1.0, 3.0, 0.5, 2.0, 7.0, False, TS, NOW
    )

    assert decode(adapter, candle()) == [expected]
    assert decode(adapter, candle(closed=True)) == [msgspec.structs.replace(expected, closed=True)]


def test_all_candles_but_the_last_of_a_message_are_closed(adapter: NativeAdapter) -> None:
    message = candle()
    message["candles"] += [message["candles"][0] | {"time": 1_764_000_060_000}]

    closed = [event.closed for event in decode(adapter, message) if isinstance(event, Candle)]
    assert closed == [True, False]


def test_a_candle_that_opens_between_its_times_is_refused(adapter: NativeAdapter) -> None:
    (event,) = decode(adapter, candle(time=1_764_000_030_000))

    assert isinstance(event, ParseFailure)
    assert event.message == (
        "1764000030000 is no time at which candles of 1m open - at `$.candles[0].time`"
    )


def test_figures_become_one_metric_each(adapter: NativeAdapter) -> None:
    message = {"type": "metrics", "time": T, "values": {"spread": 0.5, "queue": 3, "lag": None}}

    assert decode(adapter, message) == [
        Metric("NATIVE", None, "spread", 0.5, TS, NOW),
        Metric("NATIVE", None, "queue", 3.0, TS, NOW),
        Metric("NATIVE", None, "lag", None, TS, NOW),
    ]


def test_an_alert_has_a_level(adapter: NativeAdapter) -> None:
    message = {"type": "alert", "symbol": "BTC-USD", "time": T, "text": "hot", "key": "vol"}

    assert decode(adapter, message | {"level": "critical"}) == [
        Alert("NATIVE", BTC, AlertLevel.CRITICAL, "vol", "hot", TS, NOW)
    ]
    assert decode(adapter, message) == [
        Alert("NATIVE", BTC, AlertLevel.INFO, "vol", "hot", TS, NOW)
    ]


def test_an_unknown_level_is_a_warning(adapter: NativeAdapter) -> None:
    (event,) = decode(adapter, {"type": "alert", "level": "doom", "text": "hot"})

    assert isinstance(event, Alert)
    assert event.level is AlertLevel.WARNING


def test_a_status_without_a_request_is_the_venues_own(adapter: NativeAdapter) -> None:
    message = {"type": "status", "symbol": "BTC-USD", "status": "halted", "text": "why", "time": T}

    assert decode(adapter, message) == [Status("NATIVE", BTC, "halted", "why", TS, NOW)]


def test_a_server_that_is_closing_is_left(adapter: NativeAdapter) -> None:
    assert decode(adapter, {"type": "status", "status": "closing", "text": "deploy"}) == [
        VenueNotice("deploy", NOW, reconnect=True)
    ]


# -- answers ---------------------------------------------------------------------------------


def test_a_status_with_an_id_acknowledges_a_request(adapter: NativeAdapter) -> None:
    assert decode(adapter, {"type": "status", "id": 3, "status": "subscribed"}) == [Ack(3)]


def test_the_acknowledgement_of_a_query_says_nothing_of_the_market(adapter: NativeAdapter) -> None:
    assert decode(adapter, {"type": "status", "status": "subscribed"}) == []


def test_an_error_about_one_channel_rejects_that_one(adapter: NativeAdapter) -> None:
    topic = {"channel": "candles", "symbol": "BTC-USD", "timeframe": "1m"}
    message = {
        "type": "error",
        "id": 3,
        "channel": topic,
        "code": "unknown_symbol",
        "message": "no",
    }

    assert decode(adapter, message) == [
        Rejection("no (unknown_symbol)", None, Subscription(BTC, Channel.CANDLES, MINUTE))
    ]


def test_an_error_about_a_book_names_it_as_it_was_asked_for(adapter: NativeAdapter) -> None:
    topic = {"channel": "orderbook", "symbol": "BTC-USD", "depth": 50}
    message = {"type": "error", "channel": topic, "code": "forbidden", "message": "no"}

    assert decode(adapter, message) == [
        Rejection("no (forbidden)", None, Subscription(BTC, Channel.BOOK))
    ]


def test_an_error_about_a_request_rejects_that(adapter: NativeAdapter) -> None:
    assert decode(adapter, {"type": "error", "id": 3, "code": "bad_request", "message": "no"}) == [
        Rejection("no (bad_request)", 3)
    ]


@pytest.mark.parametrize("code", ["rate_limited", "unavailable", "internal"])
def test_a_refusal_of_a_moment_rejects_nothing(adapter: NativeAdapter, code: str) -> None:
    topic = {"channel": "trades", "symbol": "BTC-USD"}
    message = {"type": "error", "id": 3, "code": code, "message": "later"}

    assert decode(adapter, message) == [VenueNotice(f"later ({code})", NOW)]
    assert decode(adapter, message | {"channel": topic}) == [VenueNotice(f"later ({code})", NOW)]


def test_an_error_about_nothing_in_particular_is_a_notice(adapter: NativeAdapter) -> None:
    assert decode(adapter, {"type": "error", "code": "internal", "message": "oops"}) == [
        VenueNotice("oops (internal)", NOW)
    ]


def test_a_server_without_metrics_alerts_and_status_is_no_worse(adapter: NativeAdapter) -> None:
    topic = {"channel": "alerts", "symbol": "BTC-USD"}
    message = {"type": "error", "channel": topic, "code": "unknown_channel", "message": "none here"}

    assert decode(adapter, message) == []


def test_a_heartbeat_with_an_id_is_answered(adapter: NativeAdapter) -> None:
    assert decode(adapter, {"type": "heartbeat", "id": 9}) == [
        Heartbeat(NOW, '{"type":"pong","id":9}')
    ]


def test_a_heartbeat_tells_the_time(adapter: NativeAdapter) -> None:
    assert decode(adapter, {"type": "heartbeat", "time": T}) == [
        ServerTime(TS, NOW),
        Heartbeat(NOW),
    ]


# -- frames ----------------------------------------------------------------------------------


def test_a_frame_may_hold_several_messages(adapter: NativeAdapter) -> None:
    events = decode(adapter, ticker(last="1"), trade(id=1), {"type": "heartbeat"})

    assert [type(event) for event in events] == [Ticker, Trade, Heartbeat]


def test_a_broken_message_does_not_spoil_the_others(adapter: NativeAdapter) -> None:
    first, failure, last = decode(adapter, trade(id=1), trade(price="ten"), trade(id=2))

    assert isinstance(first, Trade)
    assert isinstance(last, Trade)
    assert isinstance(failure, ParseFailure)
    assert "`$.trades[0].price`" in failure.message


def test_the_answer_of_a_poll_is_read_message_by_message(adapter: NativeAdapter) -> None:
    body = msgspec.json.encode({"messages": [trade(id=1), ticker(last=5)], "cursor": "12"})

    found, failure = adapter.decode(EventFrame(body, "messages"), NOW)
    assert isinstance(found, Trade)
    assert isinstance(failure, ParseFailure)
    assert "`$.last`" in failure.message


def test_a_poll_without_news_has_no_events(adapter: NativeAdapter) -> None:
    assert adapter.decode(EventFrame(b'{"messages":[],"cursor":"12"}', "messages"), NOW) == []


def test_an_event_of_a_stream_is_read_by_its_data(adapter: NativeAdapter) -> None:
    frame = EventFrame(msgspec.json.encode(trade(id=1)), "trade_update")

    assert [type(event) for event in adapter.decode(frame, NOW)] == [Trade]


def test_unknown_fields_are_ignored(adapter: NativeAdapter) -> None:
    assert decode(adapter, ticker(last="1", mood="good")) == decode(adapter, ticker(last="1"))


def test_an_unknown_type_is_named_once(adapter: NativeAdapter) -> None:
    (event,) = decode(adapter, {"type": "funding_update", "rate": "0.1"})

    assert event == ParseFailure(
        "messages of the unknown type 'funding_update' are ignored", "", NOW
    )
    assert decode(adapter, {"type": "funding_update", "rate": "0.2"}) == []


def test_a_server_cannot_fill_the_error_log_with_unknown_types(adapter: NativeAdapter) -> None:
    events = [event for n in range(100) for event in decode(adapter, {"type": f"new_{n}"})]

    assert len(events) == 64


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (b"", "truncated"),
        (b"<html>", "invalid character"),
        (b"[1]", "Expected `object`"),
        (b"7", "Expected `object | array`"),
        (b"null", "Expected `object | array`"),
        (b"{}", "type"),
        (b'{"type":7}', "type"),
        (b"\xff\xfe", "invalid"),
        (b'{"type":"trade_update","symbol":"A","trades":{}}', "`$.trades`"),
        (b'{"type":"trade_update","symbol":"","trades":[]}', "`$.symbol`"),
        (b'{"type":"trade_update","symbol":"A\\u001b[2J","trades":[]}', "not a symbol"),
        (b'{"type":"ticker_update","symbol":"A","bid":1.5}', "`$.bid`"),
        (b'{"type":"ticker_update","symbol":"A","bid":"-1"}', "`$.bid`"),
        (b'{"type":"ticker_update","symbol":"A","time":1e300}', "`$.time`"),
        (b'{"type":"candle_update","symbol":"A","timeframe":"1y","candles":[]}', "`$.timeframe`"),
        (b'{"type":"status","id":-1}', "`$.id`"),
        pytest.param(b"[" * 5000, "recursion depth", id="nested"),
    ],
)
def test_garbage_becomes_a_failure(adapter: NativeAdapter, frame: bytes, words: str) -> None:
    (event,) = adapter.decode(frame, NOW)

    assert isinstance(event, ParseFailure)
    assert words in event.message


# -- positions -------------------------------------------------------------------------------


def test_what_was_seen_before_is_ignored(adapter: NativeAdapter) -> None:
    decode(adapter, trade(seq=5))

    assert decode(adapter, trade(seq=5)) == []
    assert decode(adapter, trade(seq=4)) == []
    assert len(decode(adapter, trade(seq=6))) == 1


@pytest.mark.parametrize(
    "message",
    [
        ticker(last="1"),
        candle(),
        {"type": "price_update", "symbol": "BTC-USD", "price": "1"},
        {"type": "metrics", "values": {"spread": 1}},
        {"type": "alert", "text": "hot"},
        {"type": "status", "status": "open"},
    ],
)
def test_old_news_of_any_kind_is_ignored(adapter: NativeAdapter, message: dict[str, Any]) -> None:
    assert len(decode(adapter, message | {"seq": 5})) == 1

    assert decode(adapter, message | {"seq": 5}) == []
    assert len(decode(adapter, message | {"seq": 6})) == 1


@pytest.mark.parametrize(
    ("one", "message"),
    [
        (Subscription(BTC, Channel.TRADES), trade()),
        (Subscription(BTC, Channel.CANDLES, MINUTE), candle()),
    ],
)
def test_what_passed_while_nobody_asked_is_not_missing(
    adapter: NativeAdapter, one: Subscription, message: dict[str, Any]
) -> None:
    decode(adapter, message | {"seq": 5, "prev": 0})
    adapter.unsubscribe([one])
    adapter.subscribe([one])

    assert len(decode(adapter, message | {"seq": 50, "prev": 40})) == 1


def test_channels_do_not_stand_in_each_others_way(adapter: NativeAdapter) -> None:
    decode(adapter, trade(seq=9))

    assert len(decode(adapter, ticker(seq=7, last="1"))) == 1


def test_a_snapshot_is_taken_whatever_its_position(adapter: NativeAdapter) -> None:
    decode(adapter, ticker(seq=9, last="1"))

    assert len(decode(adapter, ticker(seq=9, last="1", snapshot=True))) == 1


def test_what_a_snapshot_holds_is_old(adapter: NativeAdapter) -> None:
    decode(adapter, ticker(seq=9, last="1", snapshot=True))

    assert (
        decode(adapter, {"type": "price_update", "symbol": "BTC-USD", "price": "2", "seq": 8}) == []
    )


def test_a_hole_among_trades_without_ids_is_told(adapter: NativeAdapter) -> None:
    decode(adapter, trade(seq=5, prev=0))

    assert len(decode(adapter, trade(seq=8, prev=5))) == 1
    gap, late = decode(adapter, trade(seq=12, prev=10))
    assert gap == Gap("trades were missed", NOW, Subscription(BTC, Channel.TRADES))
    assert isinstance(late, Trade)


def test_where_trades_have_ids_those_tell_of_holes(adapter: NativeAdapter) -> None:
    decode(adapter, trade(seq=5, prev=0, id=1))

    assert [type(event) for event in decode(adapter, trade(seq=12, prev=10, id=4))] == [Trade]


def test_a_hole_among_candles_is_told(adapter: NativeAdapter) -> None:
    decode(adapter, candle() | {"seq": 5, "prev": 1})

    gap, _ = decode(adapter, candle() | {"seq": 9, "prev": 7})
    assert gap == Gap("candles were missed", NOW, Subscription(BTC, Channel.CANDLES, MINUTE))


def test_a_hole_among_alerts_is_a_notice(adapter: NativeAdapter) -> None:
    decode(adapter, {"type": "alert", "text": "a", "seq": 5, "prev": 1})

    notice, _ = decode(adapter, {"type": "alert", "text": "b", "seq": 9, "prev": 7})
    assert notice == VenueNotice("alerts were missed", NOW)


def test_the_first_message_of_a_channel_has_no_hole_before_it(adapter: NativeAdapter) -> None:
    assert [type(event) for event in decode(adapter, trade(seq=12, prev=10))] == [Trade]


def test_positions_outlive_a_connection(adapter: NativeAdapter) -> None:
    decode(adapter, trade(seq=5))
    adapter.connection_lost()

    assert decode(adapter, trade(seq=5)) == []


def test_a_server_that_counts_anew_is_heard_all_the_same(adapter: NativeAdapter) -> None:
    decode(adapter, ticker(seq=900, last="1"), trade(seq=901))
    adapter.connection_lost()

    assert len(decode(adapter, ticker(seq=3, last="1", snapshot=True), trade(seq=4))) == 2
