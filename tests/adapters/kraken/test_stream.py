"""Frames of Kraken's second protocol, one by one, and what they mean."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tui.adapters.kraken import KrakenAdapter
from tui.model.events import (
    Ack,
    BookDelta,
    BookSnapshot,
    Candle,
    Event,
    Heartbeat,
    ParseFailure,
    Rejection,
    ServerTime,
    Status,
    Ticker,
    Trade,
    VenueNotice,
)
from tui.model.instrument import Instrument
from tui.model.subscription import Channel, Subscription
from tui.model.timeframe import NS, Timeframe

BTC = Instrument("KRAKEN", "BTC/USD")
MINUTE = Timeframe.parse("1m")
CANDLES = Subscription(BTC, Channel.CANDLES, MINUTE)
NOW = 1_790_000_000 * NS
UPDATE = (
    '{"channel":"book","type":"update","data":[{"symbol":"BTC/USD","bids":[{"price":63381.0,'
    '"qty":0.00000000},{"price":63376.4,"qty":0.00005100}],"asks":[],"checksum":3726153463,'
    '"timestamp":"2026-08-02T03:35:51.660084Z"}]}'
)


def decode(text: str, adapter: KrakenAdapter | None = None) -> list[Event]:
    return (adapter or KrakenAdapter()).decode(text.encode(), NOW)


def ohlc(begin: str, *, sent: str, volume: float = 1.0, kind: str = "update") -> str:
    row = {
        "symbol": "BTC/USD", "open": 1.0, "high": 3.0, "low": 0.5, "close": 2.0, "trades": 4,
        "volume": volume, "vwap": 1.5, "interval_begin": f"2026-09-10T{begin}.000000000Z",
        "interval": 1, "timestamp": "2026-09-10T23:59:59.000000Z",
    }  # fmt: skip
    frame = {"channel": "ohlc", "type": kind, "timestamp": f"2026-09-10T{sent}.5Z", "data": [row]}
    return json.dumps(frame)


def candles(events: list[Event]) -> list[tuple[int, float, bool]]:
    return [
        (one.open_time // (60 * NS) % 60, one.volume, one.closed)
        for one in events
        if isinstance(one, Candle)
    ]


# -- books -----------------------------------------------------------------------------------


def test_a_change_of_a_book_keeps_the_digits_and_their_order() -> None:
    assert decode(UPDATE) == [
        BookDelta(
            BTC,
            [("63381.0", "0.00000000"), ("63376.4", "0.00005100")],
            [],
            0,
            0,
            1_785_641_751_660_084_000,
            NOW,
            3726153463,
        )
    ]


def test_a_shape_seen_before_is_read_the_same_way() -> None:
    adapter = KrakenAdapter()

    assert decode(UPDATE, adapter) == decode(UPDATE, adapter) == decode(UPDATE)


def test_a_snapshot_without_a_time_is_undated() -> None:
    frame = (
        '{"channel":"book","type":"snapshot","data":[{"symbol":"BTC/USD","bids":[],'
        '"asks":[{"price":1.10,"qty":2}],"checksum":7}]}'
    )

    assert decode(frame) == [BookSnapshot(BTC, [], [("1.10", "2")], 0, 0, NOW, 7)]


def test_numbers_without_a_point_and_with_an_exponent_become_plain_digits() -> None:
    frame = UPDATE.replace("63381.0", "63381").replace("0.00005100", "5.1e-05")

    for _ in range(2):
        (delta,) = decode(frame)
        assert isinstance(delta, BookDelta)
        assert delta.bids == [("63381", "0.00000000"), ("63376.4", "0.000051")]


def test_several_books_in_one_frame_are_several_changes() -> None:
    frame = json.loads(UPDATE)
    frame["data"].append({**frame["data"][0], "symbol": "ETH/USD"})

    found = decode(json.dumps(frame))

    assert [str(one.instrument) for one in found if isinstance(one, BookDelta)] == [
        "KRAKEN:BTC/USD",
        "KRAKEN:ETH/USD",
    ]


@pytest.mark.parametrize("wrong", ["-1.5", '"."', '"nan"', "null", "[]", "1e99", '"1_0"', "true"])
def test_a_level_that_is_no_number_is_named(wrong: str) -> None:
    adapter = KrakenAdapter()
    decode(UPDATE, adapter)
    decode(UPDATE.replace("0.00005100", '"1.5"'), adapter)

    (failure,) = decode(UPDATE.replace("0.00005100", wrong), adapter)

    assert isinstance(failure, ParseFailure)
    assert failure.message.endswith("is not a price or a size - at `$.data[0].bids[1].qty`")


def test_a_time_that_is_none_is_named() -> None:
    (failure,) = decode(UPDATE.replace("2026-08-02T03:35:51.660084Z", "2026-13-02T03:35:51Z"))

    assert isinstance(failure, ParseFailure)
    assert "$.data[...].timestamp" in failure.message


# -- candles ---------------------------------------------------------------------------------


def test_a_heartbeat_closes_a_candle_two_seconds_after_its_end() -> None:
    adapter = KrakenAdapter()
    adapter.decode(ohlc("17:32:00", sent="17:32:58").encode(), NOW)

    early = adapter.decode(b'{"channel":"heartbeat"}', NOW + 3 * NS)
    due = adapter.decode(b'{"channel":"heartbeat"}', NOW + 4 * NS)
    later = adapter.decode(b'{"channel":"heartbeat"}', NOW + 5 * NS)

    assert early == [Heartbeat(NOW + 3 * NS)]
    assert isinstance(due[0], Heartbeat)
    assert candles(due) == [(32, 1.0, True)]
    assert later == [Heartbeat(NOW + 5 * NS)]


def test_the_next_row_closes_the_one_before() -> None:
    adapter = KrakenAdapter()
    decode(ohlc("17:32:00", sent="17:32:10", volume=7.0), adapter)

    events = decode(ohlc("17:35:00", sent="17:35:01"), adapter)

    assert candles(events) == [(32, 7.0, True), (35, 1.0, False)]


def test_a_frame_begins_with_its_own_time_and_not_with_that_of_the_candle_it_closes() -> None:
    adapter = KrakenAdapter()
    decode(ohlc("17:32:00", sent="17:32:10"), adapter)

    first, *_ = decode(ohlc("17:35:00", sent="17:35:01"), adapter)

    assert first == ServerTime(1_789_061_701_500_000_000, NOW)


def test_a_lost_connection_closes_no_candle() -> None:
    adapter = KrakenAdapter()
    decode(ohlc("17:32:00", sent="17:32:10"), adapter)

    adapter.connection_lost()

    assert candles(decode(ohlc("17:35:00", sent="17:35:01"), adapter)) == [(35, 1.0, False)]


def test_a_candle_that_was_given_up_is_not_closed_by_the_clock() -> None:
    adapter = KrakenAdapter()
    adapter.subscribe([CANDLES])
    decode(ohlc("17:32:00", sent="17:32:10"), adapter)

    adapter.unsubscribe([CANDLES])

    beat = adapter.decode(b'{"channel":"heartbeat"}', NOW + 600 * NS)
    assert candles(beat) == []


def test_an_interval_that_nobody_asks_for_is_an_error() -> None:
    (failure,) = decode(ohlc("17:32:00", sent="17:32:10").replace('"interval": 1', '"interval": 7'))

    assert isinstance(failure, ParseFailure)
    assert failure.message == "unknown interval 7 - at `$.data[0].interval`"


# -- trades and prices -----------------------------------------------------------------------


def test_streamed_trades_are_news_and_those_of_a_snapshot_history() -> None:
    row = {
        "symbol": "BTC/USD", "side": "buy", "price": 81011.5, "qty": 0.5, "ord_type": "limit",
        "trade_id": 100320028, "timestamp": "2026-05-14T15:06:09.020392Z",
    }  # fmt: skip

    (news,) = decode(json.dumps({"channel": "trade", "type": "update", "data": [row]}))
    _, history = decode(json.dumps({"channel": "trade", "type": "snapshot", "data": [row]}))

    assert isinstance(news, Trade)
    assert isinstance(history, Trade)
    assert (news.from_history, history.from_history) == (False, True)
    assert (news.trade_id, news.price_text, news.aggressor) == (100320028, "81011.5", "buy")


def test_a_ticker_without_a_time_of_its_own_is_undated() -> None:
    row = {
        "symbol": "BTC/USD", "bid": 1.5, "bid_qty": 2.0, "ask": 1.6, "ask_qty": 3.0, "last": 1.55,
        "volume": 10.0, "vwap": 1.5, "low": 1.0, "high": 2.0, "change": -0.1, "change_pct": -6.06,
    }  # fmt: skip

    assert decode(json.dumps({"channel": "ticker", "type": "update", "data": [row]})) == [
        Ticker(
            instrument=BTC,
            ts_exchange=0,
            ts_local=NOW,
            last=1.55,
            last_text="1.55",
            bid="1.5",
            ask="1.6",
            bid_size="2.0",
            ask_size="3.0",
            open=1.6500000000000001,
            high=2.0,
            low=1.0,
            volume=10.0,
            quote_volume=15.0,
            change_percent=-6.06,
        )
    ]


# -- the venue itself ------------------------------------------------------------------------


def test_a_state_other_than_online_is_said_aloud() -> None:
    frame = '{"channel":"status","type":"update","data":[{"system":"cancel_only"}]}'

    assert decode(frame) == [
        Status("KRAKEN", None, "cancel_only", "", 0, NOW),
        VenueNotice("the venue's state is cancel_only", NOW),
    ]


def test_an_emergency_is_said_aloud() -> None:
    state: dict[str, Any] = {"system": "online", "emergency": [{"title": "Matching halted"}]}

    events = decode(json.dumps({"channel": "status", "type": "update", "data": [state]}))

    assert events[1:] == [VenueNotice('emergency: [{"title":"Matching halted"}]', NOW)]


def test_the_state_of_a_pair_is_told() -> None:
    pair = {"symbol": "BTC/USD", "status": "post_only", "qty_increment": 1e-08}
    frame = {"channel": "instrument", "type": "update", "data": {"assets": [], "pairs": [pair]}}

    assert decode(json.dumps(frame)) == [Status("KRAKEN", BTC, "post_only", "", 0, NOW)]


@pytest.mark.parametrize(
    "frame",
    [
        '{"channel":"level3","type":"update","data":[]}',
        "{}",
        "[]",
        "",
        "null",
        '{"channel":7}',
        "\xff",
    ],
)
def test_what_is_not_understood_is_an_error(frame: str) -> None:
    (failure,) = decode(frame)

    assert isinstance(failure, ParseFailure)
    assert failure.message


# -- answers ---------------------------------------------------------------------------------

TIMES = '"time_in":"2026-09-10T17:44:43.105193Z","time_out":"2026-09-10T17:44:43.105248Z"'
TOLD = ServerTime(1_789_062_283_105_248_000, NOW)


def test_a_pong_tells_the_venues_time() -> None:
    assert decode(f'{{"method":"pong","req_id":101,{TIMES}}}') == [TOLD]


def test_a_pong_without_a_time_is_a_sign_of_life() -> None:
    assert decode('{"method":"pong","req_id":101}') == [Heartbeat(NOW)]


def test_an_accepted_pair_acknowledges_its_request() -> None:
    adapter = KrakenAdapter()
    (asked,) = adapter.subscribe([CANDLES])
    result = (
        '{"channel":"ohlc","symbol":"BTC/USD","warnings":["timestamp is deprecated, use x","Slow"]}'
    )

    events = decode(
        f'{{"method":"subscribe","result":{result},"success":true,{TIMES},"req_id":1}}', adapter
    )

    assert asked.request_id == 1
    assert events == [TOLD, Ack(1), VenueNotice("BTC/USD: Slow", NOW)]


def test_a_rejected_pair_is_rejected_while_heartbeats_go_on() -> None:
    adapter = KrakenAdapter()
    book = Subscription(Instrument("KRAKEN", "BTC/XXX"), Channel.BOOK)
    adapter.subscribe([book])
    words = "Currency pair not supported BTC/XXX"
    refusal = (
        f'"error":"{words}","method":"subscribe","success":false,"symbol":"BTC/XXX","req_id":1'
    )

    rejected = decode(f"{{{refusal}}}", adapter)

    assert rejected == [Heartbeat(NOW), Rejection(words, subscription=book), Ack(1)]
    assert decode('{"channel":"heartbeat"}', adapter) == [Heartbeat(NOW)]


def test_a_confirmed_giving_up_is_no_more_than_a_sign_of_life() -> None:
    adapter = KrakenAdapter()
    adapter.unsubscribe([CANDLES])

    result = '"result":{"symbol":"BTC/USD"},"success":true'
    frame = f'{{"method":"unsubscribe",{result},"req_id":1,{TIMES}}}'

    assert decode(frame, adapter) == [TOLD]


def test_an_answer_that_is_malformed_names_the_field() -> None:
    (failure,) = decode('{"method":"subscribe","success":"yes"}')

    assert isinstance(failure, ParseFailure)
    assert "$.success" in failure.message
