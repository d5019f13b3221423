"""Frames of Binance's streams become events, or failures that name the field."""

from __future__ import annotations

import pytest

from tui.adapters.binance import BinanceAdapter
from tui.model.events import (
    Ack,
    BookDelta,
    BookSnapshot,
    Candle,
    Event,
    ParseFailure,
    Rejection,
    Side,
    Ticker,
    Trade,
    VenueNotice,
)
from tui.model.instrument import Instrument
from tui.model.timeframe import Timeframe

BNBBTC = Instrument("BINANCE", "BNBBTC")
BNBUSDT = Instrument("BINANCE", "BNBUSDT")
NOW = 1_672_515_782_200_000_000

TRADE = (
    '{"e":"trade","E":1672515782136,"s":"BNBBTC","t":12345,"p":"0.001","q":"100",'
    '"T":1672515782135,"m":true,"M":true}'
)
AGG_TRADE = (
    '{"e":"aggTrade","E":1672515782136,"s":"BNBBTC","a":777,"p":"0.001","q":"100","f":100,"l":105,'
    '"T":1672515782135,"m":false,"M":true}'
)
KLINE = (
    '{"e":"kline","E":1672515782136,"s":"BNBBTC","k":{"t":1672515780000,"T":1672515839999,'
    '"s":"BNBBTC","i":"1m","f":100,"L":200,"o":"0.0010","c":"0.0020","h":"0.0025","l":"0.0015",'
    '"v":"1000","n":100,"x":false,"q":"1.0000","V":"500","Q":"0.500","B":"123456"}}'
)
EMPTY_KLINE = (
    '{"e":"kline","E":1682244928001,"s":"BNBBTC","k":{"t":1682244927000,"T":1682244927999,'
    '"s":"BNBBTC","i":"1s","f":-1,"L":-1,"o":"1870.76000000","c":"1870.76000000",'
    '"h":"1870.76000000","l":"1870.76000000","v":"0.00000000","n":0,"x":true,"q":"0.00000000",'
    '"V":"0.00000000","Q":"0.00000000"}}'
)
MINI_TICKER = (
    '{"e":"24hrMiniTicker","E":1672515782136,"s":"BNBBTC","c":"0.0025","o":"0.0010","h":"0.0026",'
    '"l":"0.0009","v":"10000","q":"18"}'
)
TICKER = (
    '{"e":"24hrTicker","E":1672515782136,"s":"BNBBTC","p":"-0.0015","P":"-2.50","w":"0.0018",'
    '"x":"0.0009","c":"0.0025","Q":"10","b":"0.0024","B":"10.5","a":"0.0026","A":"100","o":"0.0010",'
    '"h":"0.0027","l":"0.0009","v":"10000","q":"18","O":0,"C":86400000,"F":0,"L":18150,"n":18151}'
)
BOOK_TICKER = (
    '{"u":400900217,"s":"BNBUSDT","b":"25.35190000","B":"31.21000000","a":"25.36520000",'
    '"A":"40.66000000"}'
)
DEPTH = (
    '{"e":"depthUpdate","E":1672515782136,"s":"BNBBTC","U":157,"u":160,"b":[["0.0024","10"]],'
    '"a":[["0.0026","0.00000000"]]}'
)
PARTIAL_DEPTH = '{"lastUpdateId":160,"bids":[["0.0024","10"]],"asks":[["0.0026","100"]]}'


def wrap(stream: str, payload: str) -> bytes:
    return f'{{"stream":"{stream}","data":{payload}}}'.encode()


def decode(frame: bytes | str) -> list[Event]:
    raw = frame.encode() if isinstance(frame, str) else frame
    return BinanceAdapter().decode(raw, NOW)


EXPECTED_TRADE = Trade(
    BNBBTC,
    0.001,
    100.0,
    Side.SELL,
    1_672_515_782_135_000_000,
    NOW,
    12345,
    "0.001",
    "100",
)


def test_a_trade_whose_buyer_was_the_maker_was_a_sale() -> None:
    assert decode(wrap("bnbbtc@trade", TRADE)) == [EXPECTED_TRADE]


def test_a_raw_trade_means_the_same_as_a_wrapped_one() -> None:
    assert decode(TRADE) == [EXPECTED_TRADE]


@pytest.mark.parametrize("frame", [wrap("bnbbtc@aggTrade", AGG_TRADE), AGG_TRADE])
def test_an_aggregate_trade_carries_its_aggregate_id(frame: bytes | str) -> None:
    assert decode(frame) == [
        Trade(
            BNBBTC,
            0.001,
            100.0,
            Side.BUY,
            1_672_515_782_135_000_000,
            NOW,
            777,
            "0.001",
            "100",
        )
    ]


@pytest.mark.parametrize("frame", [wrap("bnbbtc@kline_1m", KLINE), KLINE])
def test_an_unfinished_kline_is_an_open_candle(frame: bytes | str) -> None:
    assert decode(frame) == [
        Candle(
            BNBBTC,
            Timeframe(1, "m"),
            1_672_515_780_000_000_000,
            open=0.001,
            high=0.0025,
            low=0.0015,
            close=0.002,
            volume=1000.0,
            closed=False,
            ts_exchange=1_672_515_782_136_000_000,
            ts_local=NOW,
            quote_volume=1.0,
            taker_buy_volume=500.0,
            trades=100,
        )
    ]


def test_a_kline_without_trades_and_without_the_unused_field_is_a_closed_flat_candle() -> None:
    (candle,) = decode(wrap("bnbbtc@kline_1s", EMPTY_KLINE))

    assert isinstance(candle, Candle)
    assert (candle.closed, candle.trades, candle.volume) == (True, 0, 0.0)
    assert candle.open == candle.high == candle.low == candle.close == 1870.76


def test_minute_and_month_are_told_apart() -> None:
    month = KLINE.replace('"i":"1m"', '"i":"1M"')

    (candle,) = decode(wrap("bnbbtc@kline_1M", month))

    assert isinstance(candle, Candle)
    assert candle.timeframe == Timeframe(1, "M")


@pytest.mark.parametrize("frame", [wrap("bnbbtc@miniTicker", MINI_TICKER), MINI_TICKER])
def test_a_mini_ticker_says_nothing_of_bid_and_ask(frame: bytes | str) -> None:
    assert decode(frame) == [
        Ticker(
            instrument=BNBBTC,
            ts_exchange=1_672_515_782_136_000_000,
            ts_local=NOW,
            last=0.0025,
            last_text="0.0025",
            open=0.001,
            high=0.0026,
            low=0.0009,
            volume=10000.0,
            quote_volume=18.0,
            change_percent=150.0,
        )
    ]


def test_the_mini_tickers_of_the_whole_venue_come_in_one_frame() -> None:
    other = MINI_TICKER.replace("BNBBTC", "ETHBTC")

    events = decode(wrap("!miniTicker@arr", f"[{MINI_TICKER},{other}]"))

    assert [event.instrument.symbol for event in events if isinstance(event, Ticker)] == [
        "BNBBTC",
        "ETHBTC",
    ]


def test_a_mini_ticker_of_a_symbol_that_never_traded_has_no_change() -> None:
    never = MINI_TICKER.replace('"c":"0.0025","o":"0.0010"', '"c":"0.0","o":"0.0"')

    (ticker,) = decode(wrap("bnbbtc@miniTicker", never))

    assert isinstance(ticker, Ticker)
    assert ticker.change_percent is None


@pytest.mark.parametrize("frame", [wrap("bnbbtc@ticker", TICKER), TICKER])
def test_a_ticker_keeps_the_venues_digits_of_bid_and_ask(frame: bytes | str) -> None:
    assert decode(frame) == [
        Ticker(
            instrument=BNBBTC,
            ts_exchange=1_672_515_782_136_000_000,
            ts_local=NOW,
            last=0.0025,
            last_text="0.0025",
            bid="0.0024",
            ask="0.0026",
            bid_size="10.5",
            ask_size="100",
            open=0.001,
            high=0.0027,
            low=0.0009,
            volume=10000.0,
            quote_volume=18.0,
            change_percent=-2.5,
        )
    ]


@pytest.mark.parametrize("frame", [wrap("bnbusdt@bookTicker", BOOK_TICKER), BOOK_TICKER])
def test_a_book_ticker_is_known_without_an_event_type(frame: bytes | str) -> None:
    assert decode(frame) == [
        Ticker(
            instrument=BNBUSDT,
            ts_exchange=0,
            ts_local=NOW,
            bid="25.35190000",
            ask="25.36520000",
            bid_size="31.21000000",
            ask_size="40.66000000",
            sequence=400900217,
        )
    ]


@pytest.mark.parametrize(
    "frame", [wrap("bnbbtc@depth@100ms", DEPTH), wrap("bnbbtc@depth", DEPTH), DEPTH]
)
def test_a_depth_update_covers_its_update_ids_and_keeps_the_digits(frame: bytes | str) -> None:
    assert decode(frame) == [
        BookDelta(
            BNBBTC,
            [("0.0024", "10")],
            [("0.0026", "0.00000000")],
            157,
            160,
            1_672_515_782_136_000_000,
            NOW,
        )
    ]


@pytest.mark.parametrize("kind", ["depth5", "depth10@100ms", "depth20"])
def test_partial_depth_takes_its_symbol_from_the_streams_name(kind: str) -> None:
    assert decode(wrap(f"bnbbtc@{kind}", PARTIAL_DEPTH)) == [
        BookSnapshot(BNBBTC, [("0.0024", "10")], [("0.0026", "100")], 160, 0, NOW)
    ]


def test_a_frame_is_understood_whatever_the_order_of_its_fields() -> None:
    turned = f'{{"data": {TRADE}, "stream": "bnbbtc@trade"}}'

    assert decode(turned) == [EXPECTED_TRADE]


def test_the_venues_name_is_the_adapters() -> None:
    (trade,) = BinanceAdapter(venue="SIM").decode(wrap("bnbbtc@trade", TRADE), NOW)

    assert isinstance(trade, Trade)
    assert trade.instrument == Instrument("SIM", "BNBBTC")


@pytest.mark.parametrize("symbol", ["币安人生USDT", "ẞUSDT"])
def test_a_symbol_that_is_not_ascii_keeps_the_venues_spelling(symbol: str) -> None:
    (trade,) = decode(wrap(f"{symbol.lower()}@trade", TRADE.replace("BNBBTC", symbol)))

    assert isinstance(trade, Trade)
    assert trade.instrument.symbol == symbol


# -- answers ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "frame",
    [
        '{"result":null,"id":7}',
        '{"id":7,"result":null}',
        '{"result":["btcusdt@aggTrade"],"id":7}',
        '{"result":true,"id":7}',
    ],
)
def test_a_result_is_an_ack_even_when_it_is_null(frame: str) -> None:
    assert decode(frame) == [Ack(7)]


def test_an_answer_without_an_id_belongs_to_nothing() -> None:
    (failure,) = decode('{"result":null,"id":null}')

    assert isinstance(failure, ParseFailure)
    assert "$.id" in failure.message


@pytest.mark.parametrize(
    ("frame", "rejection"),
    [
        (
            '{"error":{"code":2,"msg":"Invalid request: invalid stream"},"id":2}',
            Rejection("Invalid request: invalid stream (code 2)", 2),
        ),
        (
            '{"error":{"code":4,"msg":"Too many subscriptions"},"id":19}',
            Rejection("Too many subscriptions (code 4)", 19),
        ),
        (
            '{"code":2,"msg":"Invalid request: missing field `method` at line 1 column 73"}',
            Rejection("Invalid request: missing field `method` at line 1 column 73 (code 2)"),
        ),
        ('{"code":3,"msg":"Invalid JSON","id":null}', Rejection("Invalid JSON (code 3)")),
    ],
)
def test_errors_are_rejections_nested_or_flat(frame: str, rejection: Rejection) -> None:
    assert decode(frame) == [rejection]


@pytest.mark.parametrize(
    "frame",
    [
        '{"e":"serverShutdown","E":1770123456789}',
        '{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1770123456789}}',
    ],
)
def test_a_shutdown_asks_for_a_new_connection(frame: str) -> None:
    assert decode(frame) == [
        VenueNotice("the venue is about to close this connection", NOW, reconnect=True)
    ]


# -- what is not understood ------------------------------------------------------------------


@pytest.mark.parametrize(
    "frame",
    [
        '{"e":"avgPrice","E":1693907033000,"s":"BTCUSDT","i":"5m","w":"25776.86","T":1693907032213}',
        '{"e":"blockTrade","E":1,"s":"BNBBTC","t":582,"p":"0.052","q":"5838","T":1,"m":true}',
        '{"stream":"bazusd@referencePrice","data":{"e":"referencePrice","s":"BAZUSD","r":null}}',
        '{"stream":"!ticker_4h@arr","data":[{"e":"4hTicker","E":1,"s":"BTCUSDT"}]}',
        '{"stream":"btcusdt@ticker_4h","data":{"e":"4hTicker","E":1,"s":"BTCUSDT"}}',
    ],
)
def test_documented_events_that_are_of_no_use_are_passed_over(frame: str) -> None:
    assert decode(frame) == []


@pytest.mark.parametrize(
    ("frame", "named"),
    [
        ('{"e":"liquidation","s":"BNBBTC"}', "'liquidation'"),
        ('{"stream":"bnbbtc@liquidations","data":{"e":"liquidation"}}', "'bnbbtc@liquidations'"),
        ('{"stream":"bnbbtc@kline_1d@+08:00","data":{"e":"kline"}}', "'bnbbtc@kline_1d@+08:00'"),
        (wrap("bnbbtc@trade", TRADE.replace('"p":"0.001"', '"p":0.001')), "$.data.p"),
        (wrap("bnbbtc@trade", TRADE.replace('"p":"0.001"', '"p":"nan"')), "$.data.p"),
        (wrap("bnbbtc@trade", TRADE.replace('"q":"100"', '"q":" 100"')), "$.data.q"),
        (wrap("bnbbtc@trade", TRADE.replace('"q":"100"', '"q":"100\\n"')), "$.data.q"),
        (wrap("bnbbtc@trade", TRADE.replace('"q":"100"', '"q":"1_00"')), "$.data.q"),
        (wrap("bnbbtc@trade", TRADE.replace('"q":"100"', f'"q":"{"9" * 400}"')), "$.data.q"),
        (wrap("bnbbtc@trade", TRADE.replace('"t":12345', '"t":"12345"')), "$.data.t"),
        (wrap("bnbbtc@trade", TRADE.replace('"m":true', '"m":1')), "$.data.m"),
        (wrap("bnbbtc@trade", TRADE.replace("1672515782135", "-1")), "$.data.T"),
        (wrap("bnbbtc@trade", TRADE.replace("1672515782135", "9" * 30)), "$.data.T"),
        (wrap("bnbbtc@trade", TRADE.replace('"t":12345,', "")), "`t`"),
        (wrap("ethusdt@trade", TRADE), "'BNBBTC'"),
        (wrap("ethusdt@depth", DEPTH), "'BNBBTC'"),
        (wrap("@trade", TRADE), "'@trade'"),
        (wrap("bnbbtc@trade", AGG_TRADE), "aggTrade"),
        (wrap("bnbbtc@kline_1m", KLINE.replace('"i":"1m"', '"i":"7m"')), "'7m'"),
        (wrap("bnbbtc@depth", DEPTH.replace('"10"', '"nan"')), "$.data.b"),
        (wrap("bnbbtc@depth", DEPTH.replace('"0.00000000"', '"-1"')), "$.data.a"),
        (wrap("bnbbtc@depth", DEPTH.replace('["0.0024","10"]', '["0.0024"]')), "$.data.b[0]"),
        (wrap("bnbbtc@depth", DEPTH.replace('"U":157', '"U":161')), "at `U`"),
        (DEPTH.replace('"10"', '"ten"'), "$.b"),
        (wrap("bnbbtc@depth5", PARTIAL_DEPTH.replace('"100"', '"1e2"')), "$.data.asks"),
        (PARTIAL_DEPTH, "neither data nor an answer"),
        ('{"stream":"bnbbtc@trade"}', "`data`"),
        ('{"stream":17,"data":{}}', "$.stream"),
        ('{"stream":"nothing","data":17}', "Expected `object`"),
        ('{"error":"busy","id":1}', "$.error"),
        ('{"result":null,"id":"abc"}', "$.id"),
        ("[]", "Expected `object`"),
        ("null", "Expected `object`"),
        ("{}", "neither data nor an answer"),
        ("hello", "malformed"),
        ("", "truncated"),
        (b"\xff\xfe\x00", "malformed"),
        (b'{"stream":"\xff@trade","data":{}}', "utf-8"),
    ],
)
def test_what_cannot_be_understood_names_what_was_wrong(frame: bytes | str, named: str) -> None:
    (failure,) = decode(frame)

    assert isinstance(failure, ParseFailure)
    assert named in failure.message
    assert failure.ts_local == NOW
    assert len(failure.raw) <= 200


def test_endless_nesting_is_a_failure() -> None:
    (failure,) = decode('{"e":' + "[" * 100_000)

    assert isinstance(failure, ParseFailure)
    assert len(failure.message) < 200


def test_a_bad_level_is_found_after_sound_frames_of_the_same_stream() -> None:
    adapter = BinanceAdapter()
    assert isinstance(adapter.decode(wrap("bnbbtc@depth", DEPTH), NOW)[0], BookDelta)

    (failure,) = adapter.decode(wrap("bnbbtc@depth", DEPTH.replace('"10"', '"1e9"')), NOW)

    assert isinstance(failure, ParseFailure)
    assert "$.data.b" in failure.message


def test_a_failure_does_not_spoil_the_frames_after_it() -> None:
    adapter = BinanceAdapter()
    adapter.decode(wrap("bnbbtc@trade", TRADE), NOW)
    adapter.decode(wrap("bnbbtc@trade", TRADE.replace('"p":"0.001"', '"p":[]')), NOW)

    assert adapter.decode(wrap("bnbbtc@trade", TRADE), NOW) == [EXPECTED_TRADE]


def test_endless_invented_stream_names_do_not_fill_the_memory() -> None:
    adapter = BinanceAdapter()

    for number in range(5000):
        symbol = f"coin{number}"
        payload = TRADE.replace("BNBBTC", symbol.upper())
        (trade,) = adapter.decode(wrap(f"{symbol}@trade", payload), NOW)
        assert isinstance(trade, Trade)

    assert len(adapter._decoder._readers) <= 4096
