"""Frames of Kraken's first protocol, one by one: the same events, under the names of today."""

from __future__ import annotations

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
    Side,
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
BOOK = Subscription(BTC, Channel.BOOK)
NOW = 1_790_000_000 * NS


def v1() -> KrakenAdapter:
    return KrakenAdapter({"protocol": "v1"})


def decode(text: str, adapter: KrakenAdapter | None = None) -> list[Event]:
    return (adapter or v1()).decode(text.encode(), NOW)


# -- books -----------------------------------------------------------------------------------


def test_a_snapshot_is_the_book_without_a_checksum() -> None:
    frame = (
        '[1234,{"as":[["5541.30000","2.50700000","1534614248.123678"]],'
        '"bs":[["5541.20000","1.52900000","1534614248.765567"]]},"book-25","XBT/USD"]'
    )

    assert decode(frame) == [
        BookSnapshot(BTC, [("5541.20000", "1.52900000")], [("5541.30000", "2.50700000")], 0, 0, NOW)
    ]


def test_a_change_of_one_side_has_the_time_of_its_newest_level() -> None:
    frame = (
        '[1234,{"a":[["5541.30000","2.50700000","1534614248.456738"],'
        '["5542.50000","0.40100000","1534614247.456738"]],"c":"974942666"},"book-25","XBT/USD"]'
    )

    assert decode(frame) == [
        BookDelta(
            BTC,
            [],
            [("5541.30000", "2.50700000"), ("5542.50000", "0.40100000")],
            0,
            0,
            1_534_614_248_456_738_000,
            NOW,
            974942666,
        )
    ]


def test_a_change_in_two_parts_is_one_change_with_the_last_ones_checksum() -> None:
    frame = (
        '[1920,{"a":[["0.042990","364630.28272081","1618678145.920470"]]},'
        '{"b":[["0.042990","0.00000000","1618678145.920708"]],"c":"4105471083"},'
        '"book-1000","SC/EUR"]'
    )

    assert decode(frame) == [
        BookDelta(
            Instrument("KRAKEN", "SC/EUR"),
            [("0.042990", "0.00000000")],
            [("0.042990", "364630.28272081")],
            0,
            0,
            1_618_678_145_920_708_000,
            NOW,
            4105471083,
        )
    ]


def test_a_republished_level_is_applied_and_its_old_time_does_not_count() -> None:
    frame = (
        '[1234,{"b":[["5541.2","0.0","1534614248.000001"],["5500.0","1.0","1534610000.0","r"]],'
        '"c":"1"},"book-25","XBT/USD"]'
    )

    (delta,) = decode(frame)

    assert isinstance(delta, BookDelta)
    assert delta.bids == [("5541.2", "0.0"), ("5500.0", "1.0")]
    assert delta.ts_exchange == 1_534_614_248_000_001_000


@pytest.mark.parametrize(
    "frame",
    [
        '[1,{"a":[["1_0","1.0","1.0"]]},"book-25","XBT/USD"]',
        '[1,{"a":[["1.0","nan","1.0"]]},"book-25","XBT/USD"]',
        '[1,{"a":[["1.0"]]},"book-25","XBT/USD"]',
        '[1,{"a":[["1.0","1.0","soon"]]},"book-25","XBT/USD"]',
        '[1,{"a":[["1.0","1.0","1.0"]],"c":"x"},"book-25","XBT/USD"]',
        '["book-25","XBT/USD"]',
        '[1,"book",{"a":[]}]',
    ],
)
def test_a_malformed_book_names_the_field(frame: str) -> None:
    (failure,) = decode(frame)

    assert isinstance(failure, ParseFailure)
    assert "`$[" in failure.message


# -- trades, prices, candles -----------------------------------------------------------------


def test_trades_have_no_ids_and_name_the_taker() -> None:
    frame = (
        '[321,[["57126.70000","0.02063928","1616333924.737428","b","m",""],'
        '["57126.60000","0.10000000","1616333925.000001","s","l",""]],"trade","XBT/USD"]'
    )

    first, second = decode(frame)

    assert first == Trade(
        BTC,
        57126.7,
        0.02063928,
        Side.BUY,
        1_616_333_924_737_428_000,
        NOW,
        None,
        "57126.70000",
        "0.02063928",
    )
    assert isinstance(second, Trade)
    assert second.aggressor is Side.SELL


TICKER = (
    '[1668,{"a":["13.253900",35,"35.72892241"],"b":["13.232900",185,"185.18432037"],'
    '"c":["13.253900","3.71672000"],"v":["26560.85364463","72035.05488104"],'
    '"p":["13.529003","13.734728"],"t":[640,1353],"l":["13.021800","13.021800"],'
    '"h":["13.942000","14.211200"],"o":["13.804000","13.428300"]},"ticker","WAVES/EUR"]'
)


def test_a_ticker_is_of_the_last_24_hours() -> None:
    _, ticker = decode(TICKER)

    assert isinstance(ticker, Ticker)
    assert (ticker.last_text, ticker.bid, ticker.ask_size) == (
        "13.253900",
        "13.232900",
        "35.72892241",
    )
    assert (ticker.open, ticker.high, ticker.volume) == (13.4283, 14.2112, 72035.05488104)
    assert ticker.change_percent == pytest.approx(-1.2987, abs=1e-4)


def test_a_ticker_has_the_time_that_the_venue_must_have_by_now() -> None:
    adapter = v1()
    decode('[321,[["1.0","1.0","1616333924.5","b","m",""]],"trade","XBT/USD"]', adapter)

    beat, ticker = adapter.decode(TICKER.encode(), NOW + 3 * NS)

    assert beat == Heartbeat(NOW + 3 * NS)
    assert isinstance(ticker, Ticker)
    assert ticker.ts_exchange == 1_616_333_927_500_000_000


def test_a_candle_begins_one_interval_before_the_time_that_it_names() -> None:
    frame = (
        '[343,["1675209613.118218","1675209660.000000","23135.00000","23135.40000","23135.00000",'
        '"23135.40000","23135.13297","0.39012812",7],"ohlc-1","XBT/USD"]'
    )

    assert decode(frame) == [
        ServerTime(1_675_209_613_118_218_000, NOW),
        Candle(
            BTC,
            MINUTE,
            1_675_209_600_000_000_000,
            23135.0,
            23135.4,
            23135.0,
            23135.4,
            0.39012812,
            False,
            1_675_209_613_118_218_000,
            NOW,
            0.39012812 * 23135.13297,
            None,
            7,
        ),
    ]


def test_a_count_of_one_trade_does_not_mean_closed() -> None:
    frame = '[42,["60.5","120.0","1","1","1","1","1","0.5",1],"ohlc-1","XBT/USD"]'

    _, candle = decode(frame)

    assert isinstance(candle, Candle)
    assert (candle.closed, candle.trades) == (False, 1)


def test_an_end_that_is_not_on_the_boundary_is_rounded_down() -> None:
    frame = '[42,["314.7","360.435743","1","1","1","1","1","0.5",2],"ohlc-1","XBT/USD"]'

    _, candle = decode(frame)

    assert isinstance(candle, Candle)
    assert candle.open_time == 300 * NS


def test_a_heartbeat_closes_a_candle_that_is_over() -> None:
    adapter = v1()
    adapter.decode(b'[42,["118.0","120.0","1","1","1","1","1","0.5",2],"ohlc-1","XBT/USD"]', NOW)

    early = adapter.decode(b'{"event":"heartbeat"}', NOW + 3 * NS)
    _, closed = adapter.decode(b'{"event":"heartbeat"}', NOW + 4 * NS)

    assert early == [Heartbeat(NOW + 3 * NS)]
    assert isinstance(closed, Candle)
    assert (closed.open_time, closed.closed) == (60 * NS, True)


# -- events ----------------------------------------------------------------------------------


def test_a_pair_that_is_subscribed_acknowledges_its_request() -> None:
    adapter = v1()
    adapter.subscribe([BOOK])
    frame = (
        '{"channelID":336,"channelName":"book-25","event":"subscriptionStatus","pair":"XBT/USD",'
        '"reqid":1,"status":"subscribed","subscription":{"depth":25,"name":"book"}}'
    )

    assert decode(frame, adapter) == [Heartbeat(NOW), Ack(1)]


def test_a_pair_that_is_refused_is_rejected_in_the_venues_words() -> None:
    adapter = v1()
    adapter.subscribe([BOOK])
    frame = (
        '{"errorMessage":"Subscription depth not supported","event":"subscriptionStatus",'
        '"pair":"XBT/USD","reqid":1,"status":"error","subscription":{"depth":42,"name":"book"}}'
    )

    assert decode(frame, adapter) == [
        Rejection("Subscription depth not supported", subscription=BOOK),
        Ack(1),
    ]


@pytest.mark.parametrize(
    ("frame", "events"),
    [
        ('{"event":"pong","reqid":42}', [Heartbeat(NOW)]),
        (
            '{"event":"error","errorMessage":"Exceeded msg rate","reqid":42}',
            [Rejection("Exceeded msg rate")],
        ),
        (
            '{"connectionID":8628615390848610000,"event":"systemStatus","status":"online",'
            '"version":"1.9.1"}',
            [
                Status(
                    "KRAKEN",
                    None,
                    "online",
                    "version 1.9.1, connection 8628615390848610000",
                    0,
                    NOW,
                )
            ],
        ),
        (
            '{"event":"systemStatus","status":"maintenance"}',
            [
                Status("KRAKEN", None, "maintenance", "", 0, NOW),
                VenueNotice("the venue's state is maintenance", NOW),
            ],
        ),
        (
            '{"event":"subscriptionStatus","pair":"XBT/USD","status":"unsubscribed","reqid":9}',
            [Heartbeat(NOW)],
        ),
    ],
)
def test_events_are_understood(frame: str, events: list[Event]) -> None:
    assert decode(frame) == events


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "[]",
        "{}",
        "7",
        '[0,["5698.4","5700.0","1.5","1.0","0.9"],"spread","XBT/USD"]',
        '{"event":"surprise"}',
        '{"event":"subscriptionStatus","status":"odd"}',
        '[42,["1","2"],"ohlc-1","XBT/USD"]',
        '[42,["60.5","120.0","1","1","1","1","1","0.5",1],"ohlc-7","XBT/USD"]',
    ],
)
def test_what_is_not_understood_is_an_error(frame: str) -> None:
    (failure,) = decode(frame)

    assert isinstance(failure, ParseFailure)
    assert failure.message
